"""Somebody with a password, by Basic over REST."""

import base64
import json

from client import Client


class Person:
    def __init__(self, user, password, of):
        self.user, self.password = user, password
        self.basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.client = Client(of)

    def send(self, method, path, value=None, **headers):
        head = {"Authorization": self.basic, **{k.replace("_", "-"): v for k, v in headers.items()}}
        body = None
        if value is not None:
            head.setdefault("Content-Type", "application/json")
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.client.request(method, path, body, head)

    def get(self, path, **headers):
        return self.send("GET", path, **headers)

    def post(self, path, value, **headers):
        return self.send("POST", path, value, **headers)

    def decide(self, request, status, **more):
        """On a key request, as he sees it now."""
        etag = self.get(f"/pki/keyrequest/{request}/status").headers.get("etag", "*")
        return self.send("PUT", f"/pki/keyrequest/{request}/status", {"status": status, **more}, If_Match=etag)
