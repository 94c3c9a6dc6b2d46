#!/usr/bin/env python3
"""The port without TLS serves what relying parties fetch, and nothing that needs a secret."""

import http.client
import unittest
from urllib.parse import urlsplit

import tap
from environment import Environment

env = Environment("plain")


def ask(method, path, headers=None, body=None):
    where = urlsplit(env.var["GATEHOUSE_HTTP_URL"])
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
    connection.request(method, path, body, headers or {})
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    return reply, text


class PlainHttp(unittest.TestCase):
    def test_health_is_served_without_hsts(self):
        for path in ("/healthz", "/readyz"):
            reply, _ = ask("GET", path)
            self.assertEqual(reply.status, 200, path)
            self.assertIsNone(reply.getheader("strict-transport-security"))

    def test_calls_with_credentials_are_refused_before_they_are_looked_at(self):
        reply, text = ask("POST", "/CertEnroll/3/Pkcs10", {"Authorization": "Basic YTpi"}, "{}")
        self.assertEqual(reply.status, 403)
        self.assertIn("HTTPS only", text)
        self.assertIsNone(reply.getheader("www-authenticate"))

    def test_E006_nothing_of_est(self):
        for method, path in (("GET", "cacerts"), ("POST", "simpleenroll"), ("POST", "printers/fullcmc"), ("GET", "pal")):
            reply, text = ask(method, "/.well-known/est/" + path)
            self.assertEqual(reply.status, 403, path)
            self.assertIn("HTTPS only", text)

    def test_unknown_paths(self):
        self.assertEqual(ask("GET", "/nothing")[0].status, 404)


if __name__ == "__main__":
    tap.main()
