#!/usr/bin/env python3
"""Connections that end in every way, at any byte, while others are served: no worker may end, and every answer
to the others must be right."""

import base64
import http.client
import os
import socket
import ssl
import unittest
from urllib.parse import urlsplit

import tap
from client import Client
from environment import Environment

env = Environment("churn")
GARBAGE_RECORD = b"\x17\x03\x03\x00\x40" + os.urandom(64)


class RawTls:
    """TLS whose records the test holds in its hand: several, and broken ones, can go out in one packet."""

    def __init__(self):
        where = urlsplit(env.var["GATEHOUSE_URL"])
        context = ssl.create_default_context(cafile=env.var["GATEHOUSE_CAFILE"])
        self.socket = socket.create_connection((where.hostname, where.port), timeout=10)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush()
                self.incoming.write(self.socket.recv(65536))
        self.flush()

    def flush(self):
        self.socket.sendall(self.outgoing.read())

    def records(self, data):
        """Application data, encrypted and not yet sent."""
        self.tls.write(data)
        return self.outgoing.read()

    def close_notify(self):
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass            # it would wait for the server's
        return self.outgoing.read()

    def close(self):
        self.socket.close()


class Workers(unittest.TestCase):
    def setUp(self):
        self.before = self.workers()

    def workers(self):
        return sorted(pid for pid, line in env.processes("kore") if "wrk" in line or "worker" in line)

    def still_serve(self, requests=400):
        for _ in range(requests):
            self.assertEqual(Client(env).get("/healthz").status, 200)
        self.assertEqual(self.workers(), self.before)

    def test_body_of_a_delete_that_breaks_off(self):
        head = (b"DELETE /api/v1/certificate-authorities/root/password/remove HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Length: 100\r\n\r\n")
        for _ in range(10):
            for ending in (lambda c: GARBAGE_RECORD, RawTls.close_notify):
                c = RawTls()
                c.socket.sendall(c.records(head) + ending(c))
                try:
                    c.socket.recv(1)
                except OSError:
                    pass
                c.close()
        self.still_serve()

    def test_base64_with_bits_left_over(self):
        where = urlsplit(env.var["GATEHOUSE_HTTP_URL"])
        for path in ("00", "01", "MAB", "MAA", "%30%30", "A", "MAB=", "=", "0" * 1000 + "B"):
            connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
            connection.request("GET", "/ocsp/" + path)
            reply = connection.getresponse()
            self.assertEqual((reply.status, reply.read()), (200, base64.b64decode("MAMKAQE=")), path)
            connection.close()
        self.still_serve(4)


if __name__ == "__main__":
    tap.main()
