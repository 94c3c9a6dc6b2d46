#!/usr/bin/env python3
"""Pages: what everybody sees, errors for people and for programs, static files, headers."""

import json
import re
import unittest
from html.parser import HTMLParser

import tap
from client import Client
from environment import Environment

env = Environment("pages")
HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
CSP = ("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
       "frame-ancestors 'none'")


def get(path, method="GET", **headers):
    return Client(env).request(method, path, headers={**HTML, **headers})


class Page(HTMLParser):
    """A page as python3's own parser reads it: its elements in their order, and its text."""

    VOID = {"meta", "link", "img", "input", "br", "hr"}

    def __init__(self, reply):
        super().__init__()
        self.elements, self.open, self.text = [], [], ""
        self.feed(reply.body.decode())
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        last = self.open.pop() if self.open else None
        assert last == tag, f"</{tag}> where <{last}> is open"

    def handle_data(self, data):
        self.text += data

    def all(self, tag, **attributes):
        return [a for t, a in self.elements if t == tag and all(a.get(k) == v for k, v in attributes.items())]


class Pages(unittest.TestCase):
    def test_home_has_what_everybody_may_fetch(self):
        reply = get("/")
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.headers["content-type"], "text/html; charset=utf-8")
        page = Page(reply)
        self.assertEqual(page.all("html")[0]["lang"], "en")
        env.await_crl("issuing")
        links = [a["href"] for a in page.all("a")]
        for path in ("/ca/issuing.cer", "/ca/issuing.pem", "/ca/issuing.p7c", "/crl/issuing.crl", "/ca/root.cer"):
            self.assertIn(path, links)
            self.assertEqual(get(path).status, 200, path)

    def test_headers(self):
        for path in ("/", "/csr/none"):
            headers = get(path).headers
            self.assertEqual(headers["content-security-policy"], CSP)
            self.assertEqual(headers["referrer-policy"], "no-referrer")
            self.assertEqual(headers["cache-control"], "no-store")
            self.assertEqual(headers["x-content-type-options"], "nosniff")
            self.assertIn("camera=()", headers["permissions-policy"])
            self.assertTrue(headers["strict-transport-security"].startswith("max-age=31536000"))
            self.assertNotIn("set-cookie", headers)

    def test_language(self):
        for path, accept, language, text in (
                ("/", "de-AT,en;q=0.5", "de", "Zertifizierungsstellen"), ("/", "fr", "en", "Certification authorities"),
                ("/?lang=de", "en", "de", "Sperrliste"), ("/?lang=xx", "de", "de", "Sperrliste"),
                ("/?x=1&lang=en", "de", "en", "Revocation list"), ("/?lang=", "de", "de", "Sperrliste")):
            page = Page(get(path, **{"Accept-Language": accept}))
            self.assertEqual(page.all("html")[0]["lang"], language, path)
            self.assertIn(text, page.text)
        self.assertEqual(sorted(a["href"] for a in page.all("a") if "hreflang" in a), ["/?lang=de", "/?lang=en"])

    def test_errors_are_pages_for_people_and_json_for_programs(self):
        for method, path, status in (("GET", "/csr/none", 404), ("POST", "/", 405), ("GET", "/static/none.css", 404),
                                     ("GET", "/static/..%2Fstyle.css", 404)):
            reply = get(path, method)
            self.assertEqual(reply.status, status, path)
            self.assertEqual(reply.headers["content-type"], "text/html; charset=utf-8")
            self.assertIn(reply.headers["x-request-id"], Page(reply).text)
            for accept in ("application/json", "*/*"):
                reply = get(path, method, Accept=accept)
                self.assertEqual(reply.status, status, path)
                self.assertEqual(json.loads(reply.body)["request_id"], reply.headers["x-request-id"])
                if status == 405:
                    self.assertEqual(reply.headers["allow"], "GET, HEAD")

    def test_static_files(self):
        page = Page(get("/"))
        files = [a["href"] for a in page.all("link")] + [a["src"] for a in page.all("img")]
        self.assertTrue(files)
        for path in files:
            self.assertRegex(path, r"^/static/[a-z.]+\?v=[0-9a-f]{16}$")
            reply = get(path)
            self.assertEqual(reply.status, 200, path)
            self.assertEqual(reply.headers["cache-control"], "public, max-age=31536000, immutable")
            again = get(path, **{"If-None-Match": reply.headers["etag"]})
            self.assertEqual((again.status, again.body), (304, b""))
            other = get(re.sub(r"\?.*", "", path))
            self.assertEqual((other.status, other.body), (200, reply.body))
            self.assertEqual(other.headers["cache-control"], "public, max-age=300")


if __name__ == "__main__":
    tap.main()
