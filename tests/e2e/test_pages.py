#!/usr/bin/python3
"""Pages: what everybody sees, errors for people and for programs, static files, headers. In Chromium each page, in each mode, has no findings of
axe-core; pictures of them go to build/screenshots. The system's python3, for Selenium."""

import json
import re
import unittest
from html.parser import HTMLParser

import yaml
from selenium.webdriver.common.keys import Keys

import browser
import der
import tap
from client import Client
from environment import BUILD, Environment

# A wrong password too often shuts an address out.
env = Environment("pages", GATEHOUSE_CONF_EXTRA="limits { failures = 1000 }")
KEY = der.Key(env.scratch, "ec:P-256")
HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
CSP = ("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
       "frame-ancestors 'none'")


def web_csr():
    return der.csr(KEY, subject=[("CN", "shop.example.test")],
                   extensions=[der.extension("subjectAltName", der.san(dns=["shop.example.test", "www.example.test"]))])


def documented_pages():
    """Paths of docs/openapi.yaml whose GET answers with a page."""
    found = set()
    document = yaml.safe_load((browser.TOP / "docs" / "openapi.yaml").read_text())
    for path, item in document["paths"].items():
        answer = item.get("get", {}).get("responses", {}).get("200", {})
        if "$ref" in answer:
            answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        if "text/html" in answer.get("content", {}):
            found.add(path)
    return found


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
            self.assertEqual(headers["referrer-policy"], "same-origin")
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
        kept = get("/?lang=de").headers["set-cookie"]
        self.assertEqual(kept, "__Host-language=de; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000")
        for value, language in (("de", "de"), ("fr", "en"), ("<b>", "en"), ("de; __Host-language=de", "en")):
            page = Page(get("/", Cookie=f"x=y; __Host-language={value}", **{"Accept-Language": "en"}))
            self.assertEqual(page.all("html")[0]["lang"], language, value)
        page = Page(get("/?lang=en", Cookie="__Host-language=de"))
        self.assertEqual(page.all("html")[0]["lang"], "en")
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


def upload(b):
    b.open("/csr/upload")


def upload_wrong(b):
    upload(b)
    b.fill(csr_data="no request", validity_days="0").click("main button")


def preview(b):
    upload(b)
    b.fill(csr_data=der.pem(web_csr()), common_name="shop.example.test", purpose_category="server_auth").click("main button")


# Each page: its name in build/screenshots; its path in docs/openapi.yaml; where that is, or how to come there; who looks at it (None: nobody is
# logged in). {pending} and {issued} are requests of alice.
PAGES = [
    ("home", "/", "/", None),
    ("home-german", "/", "/?lang=de", None),
    ("error", "/", "/csr/none?lang=en", None),
    ("home-user", "/", "/", "alice"),
    ("login", "/login", "/login", None),
    ("account", "/login", "/login", "alice"),
    ("csr-upload", "/csr/upload", upload, "alice"),
    ("csr-wrong", "/csr/upload", upload_wrong, "alice"),
    ("csr-preview", "/csr/upload", preview, "alice"),
    ("requests", "/requests", "/requests", "alice"),
    ("requests-filtered", "/requests", "/requests?status=canceled", "alice"),
    ("request-issued", "/requests/{id}", "/requests/{issued}", "alice"),
    ("request-pending", "/requests/{id}", "/requests/{pending}", "alice"),
    ("request-none", "/requests/{id}", "/requests/999999", "alice"),
    ("requests-officer", "/requests", "/requests", "olga"),
    ("request-officer", "/requests/{id}", "/requests/{pending}", "olga"),
    ("request-officer-german", "/requests/{id}", "/requests/{pending}?lang=de", "olga"),
]
PASSWORDS = {"alice": "alice-secret", "olga": env.var["GATEHOUSE_OFFICER_PASSWORD"]}
# What the browser says about an answer with an error, which is a page of ours.
EXPECTED = "the server responded with a status of"


class InBrowser(unittest.TestCase):
    who = None

    @classmethod
    def setUpClass(cls):
        env.await_crl("issuing")
        cls.browser = browser.of(env)
        numbers = {"pending": Client(env).enroll(web_csr(), template="WebServer").json["CMSRequestId"],
                   "issued": Client(env).enroll(der.csr(KEY, subject=[("CN", "alice")])).json["CMSRequestId"]}
        documented = documented_pages()
        cls.pages = [(name, at if callable(at) else at.format(**numbers), who) for name, path, at, who in PAGES if path in documented]
        cls.shots = BUILD / "screenshots"
        cls.shots.mkdir(exist_ok=True)

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()

    def is_used_by(self, who):
        """Log in as who, if somebody else is."""
        if who == self.__class__.who:
            return
        self.browser.mode().driver.delete_all_cookies()
        if who is not None:
            self.browser.open("/login?lang=en").fill(user=who, password=PASSWORDS[who]).click("main button")
            self.assertEqual(self.browser.path, "/", self.browser.text("html"))
        self.__class__.who = who

    def setUp(self):
        self.is_used_by(None)

    def visit(self, at):
        if callable(at):
            at(self.browser)
        else:
            self.browser.open(at)

    def test_all_pages_are_in_the_list(self):
        self.assertLessEqual({"/", "/login"}, documented_pages())
        self.assertEqual(documented_pages() - {path for _, path, _, _ in PAGES}, set())

    def test_axe_finds_nothing(self):
        b = self.browser
        b.mode().open("/").console()
        for name, at, who in self.pages:
            self.is_used_by(who)
            for mode in browser.MODES:
                with self.subTest(page=name, **mode):
                    b.mode(**mode)
                    self.visit(at)
                    b.screenshot(self.shots / f"{name}-{mode['size']}-{'dark' if mode['dark'] else 'light'}.png")
                    self.assertEqual(b.axe(), [])
                    self.assertEqual([m for m in b.console() if EXPECTED not in m], [])

    def test_no_page_scrolls_sideways(self):
        # 320 pixels: WCAG 2.2, 1.4.10
        for name, at, who in self.pages:
            self.is_used_by(who)
            for size in browser.SIZES:
                with self.subTest(page=name, size=size):
                    self.browser.mode(size)
                    self.visit(at)
                    self.assertFalse(self.browser.is_too_wide())

    def test_axe_would_find_something(self):
        b = self.browser.mode().open("/")
        b.driver.execute_script("document.querySelector('main').innerHTML = '<img src=\"/static/icon.svg\"><input>'")
        self.assertTrue(any(f.startswith("image-alt") for f in b.axe()))
        self.assertTrue(any(f.startswith("label") for f in b.axe()))

    def test_no_text_is_missing(self):
        areas = "|".join(json.loads((browser.TOP / "conf" / "languages" / "en.json").read_text()))
        for name, at, who in self.pages:
            self.is_used_by(who)
            self.browser.mode()
            self.visit(at)
            text = self.browser.text("html")
            self.assertEqual(re.findall(rf"\b(?:{areas})\.[a-z_0-9]+\b", text), [], name)

    def test_skip_link_is_first_and_seen(self):
        for javascript in (True, False):
            b = self.browser.mode(javascript=javascript).open("/")
            b.one("body").send_keys(Keys.TAB)
            skip = b.driver.switch_to.active_element
            self.assertEqual(skip.text, "Skip to the content")
            self.assertGreaterEqual(skip.location["y"], 0)
            self.assertEqual(skip.value_of_css_property("outline-style"), "solid")
            skip.send_keys(Keys.ENTER)
            self.assertEqual(b.driver.switch_to.active_element.get_attribute("id"), "main")

    def test_without_scripts(self):
        b = self.browser.mode(javascript=False).open("/")
        self.assertEqual(b.link("Deutsch").path, "/?lang=de")
        self.assertEqual(b.one("html").get_attribute("lang"), "de")
        file = b.download(lambda: b.one("a[href='/ca/issuing.cer']").click())
        self.assertEqual(file.read_bytes(), get("/ca/issuing.cer").body)

    def test_what_was_typed_comes_back_as_text(self):
        for evil in ('"><script>document.title="owned"</script>', "'><img src=x onerror=\"document.title='owned'\">",
                     "</title></textarea><svg onload=\"document.title='owned'\">", "javascript:alert(1)", "\u202eadmin"):
            b = self.browser.mode().open("/login").fill(user=evil, password="x").click("main button")
            self.assertEqual(b.one("#user").get_attribute("value"), evil.replace("\u202e", "\ufffd"))
            self.assertNotIn("owned", b.driver.title)
            self.assertEqual(b.all("script, svg, img[onerror]"), [])
            self.assertTrue(b.all("[role=alert]"))

    def test_no_script_runs(self):
        b = self.browser.mode().open("/")
        b.driver.execute_script("const s = document.createElement('script'); s.textContent = 'document.title = \"owned\"';"
                                "document.body.append(s); const i = document.createElement('img');"
                                "i.src = 'https://elsewhere.example/x'; document.body.append(i);")
        self.assertNotEqual(b.driver.title, "owned")
        refused = " ".join(b.console())
        self.assertIn("script", refused)
        self.assertIn("elsewhere.example", refused)


if __name__ == "__main__":
    tap.main()
