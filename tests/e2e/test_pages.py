#!/usr/bin/python3
"""Pages: what everybody sees, errors for people and for programs, static files, headers. In Chromium each page, in each mode, has no findings of
axe-core; pictures of them go to build/screenshots. The system's python3, for Selenium."""

import html
import json
import re
import unittest
import urllib.parse
from html.parser import HTMLParser

import yaml
from selenium.webdriver.common.keys import Keys

import browser
import console_admin_pages
import der
import tap
from client import Client
from environment import BUILD, Environment, wait_for
from person import Person
from plain_browser import PlainBrowser

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


def console(query="", **more):
    """The address of the search."""
    return "/console/certificates?" + urllib.parse.urlencode({**({"query": query} if query else {}), **more})


class Console(unittest.TestCase):
    """/console shows what the REST API answers to the same caller."""

    @classmethod
    def setUpClass(cls):
        cls.own, cls.other = [Client(env, user=name, password=f"{name}-secret").enroll(der.csr(KEY, subject=[("CN", name)])) for name in ("alice", "bob")]
        cls.browsers = {}
        # certificates that jobs make at the start come between no two questions
        wait_for(lambda: env.count("select count(distinct ca_id) from ocsp_signer") == 2, "OCSP signers of both CAs")

    def as_(self, who):
        """A browser in which who is logged in."""
        if who not in self.browsers:
            self.browsers[who] = PlainBrowser(env)
            self.browsers[who].log_in(who, {**PASSWORDS, "bob": "bob-secret"}[who])
        return self.browsers[who]

    def rows(self, who, query="", **more):
        reply = self.as_(who).get(console(query, **more))
        self.assertEqual(reply.status, 200, reply.body)
        return Page(reply).all("th", scope="row"), reply

    def api(self, who, query, limit=50):
        reply = Person(who, {**PASSWORDS, "bob": "bob-secret"}[who], env).get(f"/pki/certificates?limit={limit}&order=desc&query=" + urllib.parse.quote(query))
        return reply.json["entries"]

    def test_everybody_sees_what_the_api_gives_him(self):
        for who in ("alice", "bob", "olga"):
            for query in ('Template -eq "User"', 'Requester -contains "alice"', 'State -eq "revoked"', 'CN -eq "bob"', "Id -gt 0"):
                with self.subTest(who=who, query=query):
                    self.assertEqual(len(self.rows(who, query)[0]), len(self.api(who, query)))
        self.assertEqual(self.rows("bob", 'Requester -contains "alice"')[0], [])
        self.assertGreater(len(self.rows("olga", 'Requester -contains "alice"')[0]), 0)

    def test_nobody_is_led_to_the_log_in(self):
        reply = get("/console/certificates?query=a")
        self.assertEqual((reply.status, reply.headers["location"]), (303, "/login?next=/console/certificates%3Fquery%3Da"))

    def test_filters_write_the_query(self):
        for fields, query in (({}, ""), ({"template": "User"}, 'Template -eq "User"'),
                              ({"state": "active", "ca": "issuing"}, 'CA -eq "issuing" AND State -eq "active"'),
                              ({"expires": "30"}, 'NotAfter -ge "%TODAY%" AND NotAfter -le "%TODAY+30%"'),
                              ({"expires": "31"}, ""), ({"state": "foreign"}, 'State -eq "foreign"'),
                              ({"key_type": "EC", "size_from": "256", "size_to": "384"}, 'KeyType -eq "EC" AND KeySize -ge "256" AND KeySize -le "384"'),
                              ({"template": 'a" OR Id -gt "0'}, 'Template -eq "a"" OR Id -gt ""0"')):
            with self.subTest(**fields):
                rows, reply = self.rows("olga", write="yes", **fields)
                self.assertEqual(Page(reply).all("input", id="query")[0]["value"], query)
                self.assertEqual(len(rows), len(self.api("olga", query or "Id -gt 0")))

    def test_templates_are_chosen_by_who_may_read_them(self):
        """One that is not known any more, and was asked for, stays chosen."""
        reply = self.rows("olga", write="yes", template="Gone <b>")[1]
        templates = [t["name"] for t in Person("olga", PASSWORDS["olga"], env).get("/pki/templates").json["entries"]]
        self.assertGreater(len(templates), 1)
        options = [o["value"] for o in Page(reply).all("option")]
        self.assertEqual(sorted(o for o in options if o in templates), sorted(templates))
        self.assertIn("Gone <b>", [o["value"] for o in Page(reply).all("option") if "selected" in o])
        alice = Page(self.rows("alice", write="yes", template="User")[1])
        self.assertEqual([i["value"] for i in alice.all("input", id="template")], ["User"])
        self.assertEqual([o["value"] for o in alice.all("option") if o["value"] in templates], [])

    def test_metadata_are_filters_by_their_type(self):
        self.addCleanup(env.await_catalog)
        for name, kind in (("Review", "Date"), ("Managed", "Boolean"), ("CN", "String")):
            env.admin("metadata", "add", name, "--type", kind)
            self.addCleanup(env.admin, "metadata", "remove", name, "--yes")
        env.await_catalog()
        param = {name: f"m{number}" for number, name in env.sql("select id, name from metadata_field")}
        form = Page(self.as_("olga").get(console()))
        for name, kind in (("Department", "text"), ("Cost-Center", "number"), ("Review", "date")):
            self.assertEqual({i["type"] for i in form.all("input") if i.get("name", "").partition("_")[0] == param[name]}, {kind}, name)
        self.assertEqual({param["Stage"], param["Managed"]} - {s["name"] for s in form.all("select")}, set())
        for filters, query in (({"Department": 'a" OR Id -gt "0'}, 'Department -contains "a"" OR Id -gt ""0"'), ({"Stage": "test"}, 'Stage -eq "test"'), ({"Managed": "no"}, 'Managed -eq "false"'),
                               ({"Cost-Center_from": "-3", "Cost-Center_to": "7"}, 'Cost-Center -ge "-3" AND Cost-Center -le "7"'), ({"Review_to": "2026-01-01"}, 'Review -le "2026-01-01"'),
                               ({"CN": "x"}, 'Metadata.CN -contains "x"')):
            with self.subTest(**filters):
                fields = {param[name.partition("_")[0]] + name[len(name.partition("_")[0]):]: value for name, value in filters.items()}
                rows, reply = self.rows("olga", write="yes", **fields)
                page = Page(reply)
                self.assertEqual(page.all("input", id="query")[0]["value"], query)
                self.assertEqual(len(rows), len(self.api("olga", query)))
                for name, value in fields.items():  # what was chosen stands in the form
                    there = [i["value"] for i in page.all("input", id=name)] + [o["value"] for o in page.all("option") if "selected" in o]
                    self.assertIn(value, there)
        for name, status in ((param["Review"] + "_from", 400), (param["Cost-Center"] + "_to", 400), (param["Managed"], 400), ("m999999", 422), (param["Stage"] + "_x", 422)):
            self.assertEqual(self.as_("olga").get(console(write="yes", **{name: "x"})).status, status, name)

    def test_a_wrong_query_is_shown_at_its_place(self):
        for query, before, rest in (('CN -eq "a" AND Departmnt -eq "b"', 'CN -eq "a" AND ', 'Departmnt -eq "b"'), ('CN -eq "\u00fc" x', 'CN -eq "\u00fc" ', "x"),
                                    ("CN", "CN", "(end)"), ('<script>alert(1)</script>', "", "<script>alert(1)</script>")):
            with self.subTest(query=query):
                reply = self.as_("olga").get(console(query))
                self.assertEqual(reply.status, 400, reply.body)
                page = Page(reply)
                self.assertEqual(page.all("input", id="query")[0]["aria-invalid"], "true")
                self.assertIn(f"{before}<mark>{rest}", html.unescape(reply.body.decode()))
                self.assertEqual(page.all("script"), [])
        for more, status in (({"page": "x"}, 400), ({"order_by": "x"}, 422), ({"order": "x"}, 422)):
            self.assertEqual(self.as_("olga").get(console(**more)).status, status, more)
        self.assertEqual(self.as_("olga").get("/console/certificates?filter=x").status, 422)

    def test_an_address_that_is_wrong_says_where(self):
        """On a page of its own: no form of the page is to blame."""
        for path in ("/requests?", "/console/certificates?", "/console/certificates/file?format=csv&", "/console/keys?", "/console/archive?", "/console/mine?"):
            with self.subTest(path=path):
                reply = self.as_("olga").get(f"{path}blup=1")
                self.assertEqual(reply.status, 422)
                self.assertIn("blup: There is no such parameter.", reply.body.decode())
        reply = self.as_("olga").get(console(order="x"))
        self.assertEqual((reply.status, "order: " in reply.body.decode()), (422, True))
        reply = self.as_("olga").get("/console/certificates?write=yes&template=" + '"' * 7000)  # twice as many in the query
        self.assertEqual((reply.status, "Shorten it." in reply.body.decode()), (413, True))

    def test_pages_go_on(self):
        for _ in range(51):
            Client(env).enroll(der.csr(KEY, subject=[("CN", "alice")]))
        rows, reply = self.rows("alice", 'Requester -contains "alice"', template="a&b=\"")
        self.assertEqual(len(rows), 50)
        following = [a["href"] for a in Page(reply).all("a") if a["href"].startswith("/console/certificates?page=")]
        self.assertEqual(len(following), 1)
        rest = Page(self.as_("alice").get(following[0]))
        self.assertGreater(len(rest.all("th", scope="row")), 0)
        self.assertEqual(rest.all("input", id="template")[0]["value"], 'a&b="')
        back = [a["href"] for a in rest.all("a") if a["href"].startswith("/console/certificates?page=")]
        self.assertEqual(len(Page(self.as_("alice").get(back[0])).all("th", scope="row")), 50)
        self.assertEqual(self.as_("olga").get(following[0]).status, 400)  # a page of another's

    def test_columns_to_choose(self):
        number = self.number()
        self.change_metadata("olga", number, **{"m-Department": "<i>Columns"})
        api = self.api("olga", f"Id -eq {number}")[0]
        plain = Page(self.rows("olga", f"Id -eq {number}")[1])
        department = env.count("select id from metadata_field where name = 'Department'")
        texts = {"show_serial": api["serial"], "show_metadata": "Department: <i>Columns", "show_begins": api["not_before"][:10], "show_issuer": api["issuer"],
                 "show_names": api["sans"][0], f"show_m{department}": "<i>Columns"}
        for column, text in texts.items():
            reply = self.rows("olga", f"Id -eq {number}", **{column: "yes"})[1]
            page = Page(reply)
            self.assertEqual([i["name"] for i in page.all("input", type="checkbox") if "checked" in i], [column])
            self.assertEqual(len(page.all("td")), len(plain.all("td")) + 1)
            self.assertIn(text, page.text)
            self.assertEqual(len(page.all("input", type="hidden", name=column)), 2)  # of the filters, and of what is saved

    def test_hostile_rows_are_text(self):
        evil = '<script>alert(1)</script>"\u202e\u0007'
        number = env.sql("select max(id) from certificate")[0][0]
        env.sql("update certificate set subject = 'CN=' || $$%s$$, template = $$%s$$, sans = array['dns:' || repeat('a', 65000)] where id = %s" % (evil, evil, number))
        rows, reply = self.rows("olga", f"Id -eq {number}")
        page = Page(reply)
        self.assertEqual((len(rows), page.all("script")), (1, []))
        self.assertIn('<script>alert(1)</script>"\ufffd\ufffd', page.text)
        env.sql(f"update certificate set subject = '' where id = {number}")
        rows, reply = self.rows("olga", f"Id -eq {number}")
        self.assertEqual(len(rows), 1)


    # --- overview and audit trail ----------------------------------------------------------------------

    def test_overview_counts_what_the_caller_sees(self):
        for who in ("alice", "bob", "olga"):
            page = Page(self.as_(who).get("/console"))
            queries = [urllib.parse.unquote(a["href"].partition("?query=")[2]) for a in page.all("a") if "?query=" in a.get("href", "")]
            values = [int(m["value"]) for m in page.all("meter")]
            self.assertEqual((len(queries), len(values)), (42, 42) if who == "olga" else (12, 12))
            for query, value in (*zip(queries[:12], values), (queries[-1], values[-1])):
                with self.subTest(who=who, query=query):
                    self.assertEqual(len(self.api(who, query + " AND Id -gt 0", 1000)), value)
            self.assertEqual("ready" in page.text, who == "olga")
        self.assertEqual(get("/console").status, 303)

    def test_overview_tells_of_requests_and_crls(self):
        env.await_crl("issuing")
        Client(env).enroll(web_csr(), template="WebServer")
        text = Page(self.as_("olga").get("/console")).text
        self.assertRegex(text, r"Requests that wait: [1-9]")
        self.assertIn("holds until", text)
        self.assertNotIn("out of date", text)

    def test_overview_tells_how_the_house_is(self):
        status = Person("olga", PASSWORDS["olga"], env).get("/pki/status").json
        told = json.loads(env.admin("status", "--json", check=False).stdout)
        codes = {f["code"] for f in status["findings"]}
        self.assertLessEqual({"signer", "ca-certificate", "ca-key", "crl", "audit", "requests", "certificates", "job", "notify"}, codes)
        self.assertLessEqual(codes, {f["code"] for f in told["findings"]})
        self.assertLessEqual(set(status["values"]), set(told["values"]))
        self.assertNotIn("part-house", self.as_("alice").get("/console").body.decode())
        wait_for(lambda: env.count("select count(*) from job where name = 'expiry-notices' and failures = 0") == 1, "a job that has run")
        env.sql("update job set failures = 3 where name = 'expiry-notices'")
        try:
            status = Person("otto", PASSWORDS["otto"], env).get("/pki/status").json
            self.assertEqual(status["state"], "CRITICAL")
            self.assertIn("job: expiry-notices failed 3 times in a row", status["summary"])
            self.assertIn("expiry-notices failed 3 times in a row", Page(self.as_("olga").get("/console")).text)
        finally:
            env.sql("update job set failures = 0 where name = 'expiry-notices'")
        for who in ("alice", "bob"):
            self.assertEqual(Person(who, f"{who}-secret", env).get("/pki/status").status, 403)
        self.assertEqual(Client(env).request("GET", "/pki/status").status, 401)

    def test_one_script_on_one_page(self):
        """It is a file of ours; elsewhere none may run."""
        for path, has_script in (("/console", True), ("/console/certificates", False), ("/", False)):
            reply = self.as_("olga").get(path)
            found = Page(reply).all("script")
            self.assertEqual(reply.headers["content-security-policy"], CSP + ("; script-src 'self'; connect-src 'self'" if has_script else ""))
            self.assertEqual(len(found), int(has_script))
            for script in found:
                self.assertRegex(script["src"], r"^/static/console\.js\?v=[0-9a-f]{16}$")
                self.assertIn(b"defer></script>\n</head>", reply.body)
                file = get(script["src"])
                self.assertEqual((file.status, file.headers["content-type"]), (200, "text/javascript; charset=utf-8"))

    def test_audit_is_for_auditors(self):
        for who in ("alice", "olga"):
            self.assertEqual(self.as_(who).get("/console/audit").status, 403)
            self.assertNotIn("/console/audit", self.as_(who).get("/console").body.decode())
        otto = self.as_("otto")
        self.assertIn("/console/audit", otto.get("/console").body.decode())
        page = Page(otto.get("/console/audit?event=login.succeeded&actor=&outcome=success"))
        self.assertGreater(len(page.all("th", scope="row")), 0)
        evil = "<script>alert(1)</script>\u202e"
        Person(evil, "x", env).get("/pki/certificates")
        reply = otto.get("/console/audit?event=auth.failed")
        self.assertEqual(Page(reply).all("script"), [])
        self.assertEqual(otto.get("/console/audit?outcome=x").status, 422)
        self.assertEqual(otto.get("/console/audit?who=x").status, 422)

    # --- one certificate ---------------------------------------------------------------------------

    def number(self, who="alice"):
        """A new certificate of his: its number."""
        reply = Client(env, user=who, password=f"{who}-secret").enroll(der.csr(KEY, subject=[("CN", who)]))
        return reply.json["CMSID"]

    def at(self, number, more=""):
        return f"/console/certificates/{number}{more}"

    def state(self, number):
        return Person("olga", PASSWORDS["olga"], env).get(f"/pki/certificate/{number}/status").json

    def test_a_page_has_what_the_api_tells_of_it(self):
        number = self.number()
        for who, reads_all in (("alice", True), ("olga", True), ("bob", False)):
            with self.subTest(who=who):
                api = Person(who, {**PASSWORDS, "bob": "bob-secret"}[who], env).get(f"/pki/certificate/{number}").json
                page = Page(self.as_(who).get(self.at(number)))
                for name in ("serial", "sha256", "thumbprint", "spki_sha256", "subject", "template"):
                    self.assertIn(api[name], page.text, name)
                self.assertTrue(page.all("time", datetime=api["not_after"]))
                self.assertIn(api["not_after"].replace("T", " ").replace("Z", " UTC"), page.text)
                self.assertEqual("requester" in api, reads_all)
                self.assertEqual("EXAMPLE\\alice" in page.text, reads_all or who == "alice")
                self.assertIn("Extended Key Usage", page.text)
                self.assertIn("EC P-256", page.text)
                self.assertIn("Gatehouse Root CA", page.text)
                self.assertEqual(bool([a for a in page.all("a") if "to=revoked" in a["href"]]), who != "bob")
                self.assertEqual(bool([a for a in page.all("a") if "to=hold" in a["href"]]), who == "olga")
        for path, status in ((self.at(999999), 404), (self.at("0"), 404), (self.at("x"), 404), (self.at(number, "/file?format=json"), 422),
                             (self.at(number, "/file"), 422), (self.at(999999, "/file?format=pem"), 404), (self.at(number, "/status"), 422),
                             (self.at(number, "/status?to=deleted"), 422), (self.at(number, "/status?to=valid"), 403), (self.at(999999, "/status?to=hold"), 404)):
            self.assertEqual(self.as_("olga").get(path).status, status, path)
        self.assertEqual(self.as_("bob").get(self.at(number, "/status?to=revoked")).status, 403)

    def test_files_are_those_of_the_api(self):
        number = self.number()
        for name, suffix in (("pem", "pem"), ("der", "cer"), ("pkcs7", "p7b")):
            reply = self.as_("alice").get(self.at(number, f"/file?format={name}"))
            api = Person("alice", "alice-secret", env).get(f"/pki/certificate/{number}?format={name}")
            self.assertEqual((reply.status, reply.headers["content-type"], reply.body), (200, api.headers["content-type"], api.body))
            self.assertEqual(reply.headers["content-disposition"], f'attachment; filename="certificate-{number}.{suffix}"')

    def test_hold_release_and_revoke(self):
        olga, number = self.as_("olga"), self.number()
        begin = env.count("select max(id) from audit")
        for to, fields, status, reason in (("hold", {"comment": "lost?"}, "hold", "certificateHold"), ("valid", {}, "valid", "certificateHold"),
                                           ("revoked", {"reason": "keyCompromise", "invalidity_date": "", "comment": "<b>"}, "revoked", "keyCompromise")):
            olga.get(self.at(number, f"/status?to={to}"))
            self.assertEqual(olga.submit(self.at(number, "/status"), **fields).status, 200)
            self.assertEqual(olga.path, self.at(number))
            state = self.state(number)
            self.assertEqual((state["status"], state["reason"]), (status, reason))
        self.assertIn("&lt;b&gt;", olga.text)
        self.assertNotIn("to=revoked", olga.text)
        events = [e for e, in env.sql(f"select event from audit where id > {begin} and event ~ '^cert.(held|unheld|revoked)' order by id")]
        self.assertEqual(events, ["cert.held", "cert.unheld", "cert.revoked"])

    def test_an_owner_revokes_his_own(self):
        alice, number = self.as_("alice"), self.number()
        alice.get(self.at(number, "/status?to=revoked"))
        form = alice.form(self.at(number, "/status"))
        for fields in ({"reason": "privilegeWithdrawn"}, {"to": "hold"}):
            self.assertEqual(alice.send("POST", form.action, {**form.fields, **fields}).status, 403)
        self.assertEqual(alice.get(self.at(number, "/status?to=hold")).status, 403)
        alice.get(self.at(number, "/status?to=revoked"))
        self.assertEqual(alice.submit(self.at(number, "/status"), reason="superseded").status, 200)
        self.assertEqual(self.state(number)["reason"], "superseded")

    def test_what_changed_meanwhile_is_not_overwritten(self):
        olga, number = self.as_("olga"), self.number()
        olga.get(self.at(number, "/status?to=revoked"))
        form = olga.form(self.at(number, "/status"))
        reply = Person("olga", PASSWORDS["olga"], env).send("PUT", f"/pki/certificate/{number}/status", {"status": "hold"}, If_Match="*")
        self.assertEqual(reply.status, 200, reply.body)
        for fields, status, said in (({}, 412, "changed"), ({"version": ""}, 428, ""), ({"version": "1x"}, 428, ""), ({"to": "deleted"}, 400, ""), ({"to": "hold", "version": "2"}, 409, "on hold already"),
                                     ({"version": "2", "reason": "removeFromCRL"}, 422, "reason"), ({"version": "2", "invalidity_date": "soon"}, 422, "invalidity"),
                                     ({"version": "2", "comment": "a\u0007"}, 422, "comment"), ({"version": "2", "invalidity_date": "2999-01-01"}, 422, "future")):
            with self.subTest(**fields):
                reply = olga.send("POST", form.action, {**form.fields, "reason": "superseded", **fields})
                self.assertEqual(reply.status, status, reply.body)
                self.assertIn(said, olga.text)
        self.assertEqual(self.state(number)["status"], "hold")

    def test_nobody_is_made_to_revoke(self):
        olga, number = self.as_("olga"), self.number()
        olga.get(self.at(number, "/status?to=revoked"))
        form = olga.form(self.at(number, "/status"))
        self.assertEqual(olga.send("POST", form.action, form.fields, site="cross-site").status, 403)
        self.assertEqual(olga.send("POST", form.action, form.fields, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": None}).status, 403)
        for token in ("", "x", self.as_("alice").get(self.at(number)) and self.as_("alice").form("/logout").fields["csrf"]):
            self.assertEqual(olga.send("POST", form.action, {**form.fields, "csrf": token}).status, 403)
        self.assertEqual(olga.send("GET", form.action + "?to=revoked&version=1&reason=superseded").status, 422)
        # who has no right to it: neither by the page nor by its form
        bob = self.as_("bob")
        bob.get("/")
        mine = {**form.fields, "csrf": bob.form("/logout").fields["csrf"], "reason": "superseded"}
        self.assertEqual(bob.send("POST", form.action, mine).status, 403)
        self.assertEqual(self.state(number)["status"], "valid")

    # --- one's own, and renewal --------------------------------------------------------------------

    def test_my_certificates(self):
        number, other = self.number(), self.number("bob")
        for who, mine in (("alice", number), ("bob", other)):
            page = Page(self.as_(who).get("/console/mine"))
            links = [a["href"] for a in page.all("a")]
            theirs = other if mine == number else number
            self.assertIn(self.at(mine), links)
            self.assertFalse([x for x in links if x.startswith(self.at(theirs))])
            self.assertLessEqual({self.at(mine, "/file?format=pkcs7"), self.at(mine, "/renew"), self.at(mine, "/status?to=revoked")}, set(links))
        self.assertEqual(Page(self.as_("olga").get("/console/mine")).all("th", scope="row"), [])
        self.assertEqual(self.as_("olga").get("/console/mine?query=x").status, 422)
        self.assertEqual(get("/console/mine").status, 303)

    def test_renewal_by_a_form(self):
        alice, number = self.as_("alice"), self.number()
        Person("olga", PASSWORDS["olga"], env).send("PUT", f"/pki/certificate/{number}/metadata?merge=yes", {"Department": "IT", "Cost-Center": 7})
        self.assertIn(self.at(number, "/renew"), [a["href"] for a in Page(alice.get(self.at(number))).all("a")])
        for csr, status in (("", 422), ("<b>no request", 400)):
            alice.get(self.at(number, "/renew"))
            reply = alice.submit(self.at(number, "/renew"), csr_data=csr)
            self.assertEqual(reply.status, status, reply.body)
            self.assertTrue(Page(reply).all("div", role="alert"))
            self.assertIn(html.escape(csr), alice.text)
        alice.get(self.at(number, "/renew"))
        csr = der.pem(der.csr(KEY, subject=[("CN", "alice")]))
        reply = alice.submit(self.at(number, "/renew"), csr_data=csr)
        # the template says from when on it is renewed
        env.sql(f"update certificate set not_after = now() + interval '1 day' where id = {number}")
        first = reply.status
        alice.get(self.at(number, "/renew"))
        self.assertEqual(alice.submit(self.at(number, "/renew"), csr_data=csr).status, 200)
        self.assertIn(first, (200, 409))
        request = int(re.fullmatch(r"/requests/(\d+)", alice.path).group(1))
        made = env.sql(f"select certificate_id from request where id = {request}")[0][0]
        self.assertEqual(self.metadata(made).json, {"Department": "IT", "Cost-Center": 7})
        # each page tells of the other, as the API does
        olga_rest = Person("olga", PASSWORDS["olga"], env)
        self.assertEqual(olga_rest.get(f"/pki/certificate/{made}").json["replaces"], number)
        self.assertIn(int(made), olga_rest.get(f"/pki/certificate/{number}").json["replaced_by"])
        self.assertNotIn("replaces", Person("bob", "bob-secret", env).get(f"/pki/certificate/{made}").json)
        for at, other, says in ((number, made, "renewed from it"), (made, number, "it was renewed from this one")):
            text = alice.get(self.at(at)).body.decode()
            self.assertRegex(text, rf'href="/console/certificates/{other}">{other}</a>.*?{says}')
        # nobody else, and nothing that has ended
        form = alice.form("/logout")
        for who in ("bob", "olga", "otto"):
            self.assertEqual(self.as_(who).get(self.at(number, "/renew")).status, 403, who)
            self.as_(who).get("/")
            mine = {"csr_data": csr, "csrf": self.as_(who).form("/logout").fields["csrf"]}
            self.assertEqual(self.as_(who).send("POST", self.at(number, "/renew"), mine).status, 403)
        for fields, more in (({"csrf": "x"}, {}), ({}, {"site": "cross-site"})):
            self.assertEqual(alice.send("POST", self.at(number, "/renew"), {**form.fields, "csr_data": csr, **fields}, **more).status, 403)
        env.sql(f"update certificate set not_after = now() - interval '1 day' where id = {number}")
        self.assertEqual(alice.get(self.at(number, "/renew")).status, 403)

    def test_what_belongs_to_a_certificate(self):
        number = self.number()
        links = lambda who: {a["href"] for a in Page(self.as_(who).get(self.at(number))).all("a")}
        serial = Person("olga", PASSWORDS["olga"], env).get(f"/pki/certificate/{number}").json["serial"]
        encoded = "".join(f"%{c:02X}" for c in serial.encode())
        self.assertIn(f"/console/audit?object={encoded}", links("otto"))
        self.assertNotIn(f"/console/audit?object={encoded}", links("olga"))
        rows = Page(self.as_("otto").get(f"/console/audit?object={serial}"))
        self.assertEqual(len(rows.all("th", scope="row")), env.count(f"select count(*) from audit where object = '{serial}'"))
        self.assertIn("enroll.issued", rows.text)
        self.assertIn("same subject and requester", Page(self.as_("olga").get(self.at(number))).text)
        same = [x for x in links("olga") if x.startswith("/console/certificates?query=")]
        self.assertIn(len(same), (2, 3))  # by subject, by requester; and those that the page has no room for, as other tests make some
        for link in same:
            self.assertIn(self.at(number), [a["href"] for a in Page(self.as_("olga").get(link)).all("a")])
        self.assertIn("certificate-%d" % number, self.as_("alice").get(self.at(number, "/file?format=pem")).headers["content-disposition"])

    # --- its metadata ------------------------------------------------------------------------------

    @classmethod
    def define(cls, **fields):
        """Metadata fields, besides those of all tests."""
        admin = Person("admin", env.var["GATEHOUSE_ADMIN_PASSWORD"], env)
        for name, value in fields.items():
            reply = admin.send("PUT", f"/pki/metadata/{name}", value)
            assert reply.status in (200, 201), reply.body
        env.await_catalog()

    def metadata(self, number):
        return Person("olga", PASSWORDS["olga"], env).get(f"/pki/certificate/{number}/metadata")

    def change_metadata(self, who, number, **fields):
        browser = self.as_(who)
        self.assertEqual(browser.get(self.at(number, "/metadata")).status, 200)
        return browser.submit(self.at(number, "/metadata"), **fields)

    def test_metadata_are_changed_by_a_form(self):
        number = self.number()
        self.define(Notes={"type": "BigText"}, Audited={"type": "Boolean"}, Since={"type": "Date"}, Contact={"type": "Email"})
        begin = env.count("select max(id) from audit")
        reply = self.change_metadata("olga", number, **{"m-Department": "<b>IT</b>", "m-Stage": "test", "m-Cost-Center": "7", "m-Notes": "one\r\ntwo",
                                                        "m-Audited": "false", "m-Since": "2026-01-02", "m-Contact": "a@example.com"})
        self.assertEqual((reply.status, self.as_("olga").path), (200, self.at(number, "/metadata")))
        values = {"Department": "<b>IT</b>", "Stage": "test", "Cost-Center": 7, "Notes": "one\r\ntwo", "Audited": False, "Since": "2026-01-02", "Contact": "a@example.com"}
        self.assertEqual(self.metadata(number).json, values)
        page = Page(reply)
        self.assertEqual(page.all("input", id="m-Since")[0]["type"], "date")
        self.assertEqual([o["value"] for o in page.all("option") if "selected" in o], ["test", "false"])
        self.assertEqual(len(page.all("th", scope="row")), 7)
        self.assertIn("who pays", page.text)
        self.assertIn("<b>IT</b>", page.text)
        # what is not there has no value, what is left alone has no row
        self.assertEqual(self.change_metadata("olga", number, **{"m-Department": "", "m-Stage": "production", "m-Audited": "false", "m-Notes": "one\ntwo"}).status, 200)
        self.assertEqual(self.metadata(number).json, {k: v for k, v in {**values, "Stage": "production"}.items() if k != "Department"})
        history = Person("olga", PASSWORDS["olga"], env).get(f"/pki/certificate/{number}/metadata/history?order=newest&limit=2").json["entries"]
        self.assertEqual({h["field"]: (h["old"], h["new"]) for h in history}, {"Department": ("<b>IT</b>", None), "Stage": ("test", "production")})
        self.assertEqual(env.sql(f"select event, actor from audit where id > {begin} and event like 'cert.metadata%' order by id"), [["cert.metadata-changed", "olga"]] * 2)

    def test_wrong_metadata_stand_beside_their_field(self):
        number = self.number()
        for field, value, said in (("Ticket", "<b>", "Ticket is like OPS-123."), ("Cost-Center", "seven", "Cost-Center"), ("Stage", "none", "Stage")):
            with self.subTest(field=field):
                reply = self.change_metadata("olga", number, **{"m-" + field: value, "m-Department": "kept"})
                self.assertEqual(reply.status, 400, reply.body)
                page = Page(reply)
                self.assertEqual([e[1].get("id") for e in page.elements if e[1].get("aria-invalid")], ["m-" + field])
                self.assertIn(said, page.text)
                self.assertEqual(page.all("input", id="m-Department")[0]["value"], "kept")
        self.assertEqual(self.metadata(number).json, {})

    def test_metadata_that_changed_meanwhile(self):
        olga, number = self.as_("olga"), self.number()
        olga.get(self.at(number, "/metadata"))
        form = olga.form(self.at(number, "/metadata"))
        Person("olga", PASSWORDS["olga"], env).send("PUT", f"/pki/certificate/{number}/metadata?merge=yes", {"Department": "Sales"})
        typed = {**form.fields, "m-Department": "IT", "m-Stage": "test"}
        reply = olga.send("POST", form.action, typed)
        self.assertEqual(reply.status, 412, reply.body)
        self.assertIn("Meanwhile it is: Sales", olga.text)
        self.assertEqual(Page(reply).all("input", id="m-Department")[0]["value"], "IT")
        self.assertEqual(self.metadata(number).json, {"Department": "Sales"})
        again = olga.form(form.action).fields
        self.assertNotEqual(again["version"], form.fields["version"])
        self.assertEqual(olga.send("POST", form.action, {**typed, "version": again["version"]}).status, 303)
        self.assertEqual(self.metadata(number).json, {"Department": "IT", "Stage": "test"})
        self.assertEqual(olga.send("POST", form.action, {**typed, "version": ""}).status, 428)

    def test_who_changes_which_metadata(self):
        number = self.number()
        self.define(Mine={"type": "String", "owner_sets": True}, Guarded={"type": "String", "explicit_update": True})
        self.change_metadata("olga", number, **{"m-Guarded": "a", "m-Department": "IT"})
        self.assertEqual(self.change_metadata("olga", number, **{"m-Guarded": "b"}).status, 400)
        self.assertEqual(self.change_metadata("olga", number, **{"m-Guarded": "b", "overwrite": "yes"}).status, 200)
        alice = self.as_("alice")
        self.assertEqual(self.change_metadata("alice", number, **{"m-Mine": "x"}).status, 200)
        self.assertEqual([k for k in alice.form(self.at(number, "/metadata")).fields if k.startswith("m-")], ["m-Mine"])
        self.assertEqual(self.change_metadata("alice", number, **{"m-Department": "mine"}).status, 403)
        self.assertEqual(self.metadata(number).json, {"Guarded": "b", "Department": "IT", "Mine": "x"})
        form = alice.get(self.at(number, "/metadata")) and alice.form(self.at(number, "/metadata"))
        self.assertEqual(alice.send("POST", form.action, {**form.fields, "csrf": "x"}).status, 403)
        self.assertEqual(alice.send("POST", form.action, form.fields, site="cross-site").status, 403)
        # others do not read them, and auditors do not change them
        bob, otto = self.as_("bob"), self.as_("otto")
        self.assertEqual(bob.get(self.at(number, "/metadata")).status, 403)
        bob.get("/")
        begin = env.count("select max(id) from audit")
        self.assertEqual(bob.send("POST", form.action, {**form.fields, "m-Mine": "y", "csrf": bob.form("/logout").fields["csrf"]}).status, 403)
        self.assertEqual(env.sql(f"select event, actor from audit where id > {begin} and event like 'cert.metadata%'"), [["cert.metadata-refused", "EXAMPLE\\bob"]])
        self.assertNotIn("/metadata", bob.get(self.at(number)).body.decode())
        otto.get(self.at(number, "/metadata"))
        self.assertEqual((otto.reply.status, "m-" in otto.text, "Guarded" in otto.text), (200, False, True))
        self.assertEqual(self.metadata(number).json, {"Guarded": "b", "Department": "IT", "Mine": "x"})

    def test_hostile_certificate_is_text(self):
        number = self.number()
        evil = '<script>alert(1)</script>"\u202e'
        env.sql("update certificate set subject = $$%s$$, template = $$%s$$, metadata = jsonb_build_object($$%s$$, $$%s$$), "
                "sans = array['uri:javascript:alert(1)'] || array(select 'dns:' || $$%s$$ || i from generate_series(1, 1500) i) where id = %s" % (evil, evil, evil, evil, evil, number))
        for path in ("", "/status?to=hold"):
            reply = self.as_("olga").get(self.at(number, path))
            page = Page(reply)
            self.assertEqual((reply.status, page.all("script")), (200, []))
            self.assertIn('<script>alert(1)</script>"\ufffd', page.text)
            self.assertFalse([a for a in page.all("a") if "javascript" in a["href"]])


def upload(b):
    b.open("/csr/upload")


def upload_wrong(b):
    upload(b)
    b.fill(csr_data="no request", validity_days="0").click("main button")


def saved_search(b):
    """Opened, with the form that replaces it."""
    Person("olga", PASSWORDS["olga"], env).send("PUT", "/pki/searches/ending", {"query": "NotAfter -lt %TODAY+400%", "order_by": "not_after", "shared": True,
                                                                               "description": "what to renew"})  # refused where it is there already
    b.open("/console/certificates?saved=ending")


def removal(b):
    """Of a certificate from elsewhere, which is put in first."""
    cert = der.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=Elsewhere", "-days", "30")
    answer = Person("olga", PASSWORDS["olga"], env).post("/pki/certificates/import", {"content": cert.decode()}).json
    b.open(f"/console/certificates/{answer['entries'][0]['id']}/remove")


def preview(b):
    upload(b)
    b.fill(csr_data=der.pem(web_csr()), common_name="shop.example.test", purpose_category="server_auth").click("main button")


FILTERED = "/console/certificates?show_m1=yes&show_metadata=yes&show_serial=yes&write=yes&state=active&expires=365&template=User&ca=issuing"
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
    ("console", "/console", "/console", "olga"),
    ("audit", "/console/audit", "/console/audit?event=enroll.issued", "otto"),
    ("certificates", "/console/certificates", "/console/certificates", "alice"),
    ("certificates-officer", "/console/certificates", FILTERED + "&lang=de", "olga"),
    ("certificates-saved", "/console/certificates", saved_search, "olga"),
    ("certificate", "/console/certificates/{id}", "/console/certificates/{certificate}", "alice"),
    ("certificate-officer", "/console/certificates/{id}", "/console/certificates/{certificate}?lang=de", "olga"),
    ("certificate-revoke", "/console/certificates/{id}/status", "/console/certificates/{certificate}/status?to=revoked", "olga"),
    ("certificate-remove", "/console/certificates/{id}/remove", removal, "olga"),
    ("certificate-renew", "/console/certificates/{id}/renew", "/console/certificates/{certificate}/renew", "alice"),
    ("mine", "/console/mine", "/console/mine", "alice"),
    ("certificate-metadata", "/console/certificates/{id}/metadata", "/console/certificates/{certificate}/metadata", "olga"),
    ("certificates-wrong", "/console/certificates", "/console/certificates?query=CN%20-eq%20%22a%22%20AND%20Departmnt%20-eq%20%22b%22&lang=en", "olga"),
]
PASSWORDS = {"alice": "alice-secret", "olga": env.var["GATEHOUSE_OFFICER_PASSWORD"], "otto": env.var["GATEHOUSE_AUDITOR_PASSWORD"]}
# What the browser says about an answer with an error, which is a page of ours.
EXPECTED = "the server responded with a status of"


class InBrowser(unittest.TestCase):
    who = None

    @classmethod
    def setUpClass(cls):
        env.await_crl("issuing")
        cls.browser = browser.of(env)
        issued = Client(env).enroll(der.csr(KEY, subject=[("CN", "alice")])).json
        numbers = {"pending": Client(env).enroll(web_csr(), template="WebServer").json["CMSRequestId"],
                   "issued": issued["CMSRequestId"], "certificate": issued["CMSID"]}
        documented = documented_pages()
        cls.pages = [(name, at if callable(at) else at.format(**numbers), who) for name, path, at, who in PAGES if path in documented]
        cls.shots = BUILD / "screenshots"

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
        self.assertEqual(documented_pages() - {path for _, path, _, _ in PAGES} - console_admin_pages.PATHS, set())

    def test_axe_finds_nothing(self):
        b = self.browser
        b.mode().open("/").console()
        light, dark, phone_light, phone_dark = browser.MODES
        for i, (name, at, who) in enumerate(self.pages):
            self.is_used_by(who)
            # each page in both sizes and both colours; all four ways would cost twice as much and find what its neighbours find
            for mode in ((light, phone_dark), (dark, phone_light))[i % 2]:
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
        for size in browser.SIZES:
            self.browser.mode(size).open("/").driver.execute_script("document.querySelector('main').style.minWidth = '2000px'")
            self.assertTrue(self.browser.is_too_wide(), size)

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

    def test_plots_and_their_tables(self):
        """The script draws what the tables say, and follows; without it the tables are open."""
        self.is_used_by("olga")
        b = self.browser.mode(javascript=False).open("/console")
        self.assertEqual((len(b.all("svg")), len(b.all("details.figures[open]"))), (0, 2))
        b = self.browser.mode().open("/console")
        wait_for(lambda: len(b.all("svg.columns")) == 2, "two plots")
        self.assertEqual(len(b.all("details.figures[open]")), 0)
        self.assertEqual(len(b.all("#part-days svg rect")), 30)
        # by one question: the script may replace what another one has found; a certificate begins some minutes before it is
        # made, which may be yesterday
        count = lambda: b.driver.execute_script("return [...document.querySelectorAll('#part-days meter')].slice(-2).map(m => m.value)")
        days = count()
        for title, n in zip(b.all("#part-days svg rect title")[-2:], days):
            self.assertIn(f": {int(n)}", title.get_attribute("textContent"))
        b.one("#part-days summary").click()
        Client(env).enroll(der.csr(KEY, subject=[("CN", "alice")]))
        b.driver.execute_script("document.activeElement.blur(); document.dispatchEvent(new Event('visibilitychange'))")
        wait_for(lambda: sum(count()) > sum(days), "the new number")
        self.assertEqual((len(b.all("#part-days details[open]")), len(b.all("svg.columns"))), (1, 2))
        self.assertEqual([m for m in b.console() if b.url in m and EXPECTED not in m], [])

    def test_no_foreign_script_runs(self):
        self.is_used_by("olga")
        b = self.browser.mode().open("/console")
        b.driver.execute_script("const s = document.createElement('script'); s.textContent = 'document.title = \"owned\"';"
                                "document.body.append(s); const t = document.createElement('script');"
                                "t.src = 'https://elsewhere.example/x.js'; document.body.append(t);")
        self.assertNotEqual(b.driver.title, "owned")
        refused = " ".join(b.console())
        self.assertIn("inline script", refused)
        self.assertIn("elsewhere.example", refused)

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
