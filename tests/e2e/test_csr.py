#!/usr/bin/env python3
"""A certificate for a request of one's own: POST /csr/process as scripts and forms send it, with curl and openssl as clients."""

import base64
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import unittest
import urllib.parse
from pathlib import Path

import client
import der
import tap
from client import Client
from environment import Environment, wait_for
from plain_browser import Forms
from plain_browser import PlainBrowser as Browser

env = Environment("csr", GATEHOUSE_CONF_EXTRA="""
limits { failures = 1000 }
""")
KEY = der.Key(env.scratch, "ec:P-256")
CAFILE = env.var["GATEHOUSE_CAFILE"]
URL = env.var["GATEHOUSE_URL"]


def web_csr(host, key=KEY, **more):
    return der.csr(key, subject=[("C", "DE"), ("O", "Example"), ("CN", host)],
                   extensions=[der.extension("subjectAltName", der.san(dns=[host]))], **more)


def user_csr(name="alice"):
    return der.csr(KEY, subject=[("CN", name)])


class Person:
    def __init__(self, user, password, url=None):
        self.basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.user, self.password = user, password
        self.client = Client(env, url=url)

    def send(self, body, kind="application/json", **headers):
        head = {"Authorization": self.basic, "Content-Type": kind} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.client.request("POST", "/csr/process", body, head)

    def ask(self, csr=None, headers=None, **members):
        """JSON; csr: DER."""
        if csr is not None:
            members["csr_data"] = der.pem(csr)
        return self.send(json.dumps(members).encode(), **(headers or {}))

    def get(self, path):
        return self.client.get(path, {"Authorization": self.basic})


alice, bob = Person("alice", "alice-secret"), Person("bob", "bob-secret")


def issued():
    return env.count("select count(*) from certificate where request_id <> 0")


def requests():
    return env.count("select count(*) from request")


class Case(unittest.TestCase):
    def expect(self, reply, status, field=None):
        self.assertEqual(reply.status, status, reply.body)
        if reply.status < 500 and reply.headers["content-type"].startswith("application/json"):
            self.assertEqual(reply.json.get("success", False), status in (201, 202), reply.body)
        if field is not None:
            self.assertIn(field, reply.json["errors"], reply.body)
            self.assertEqual(status, 422)
        return reply

    def curl(self, *args):
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--cacert", CAFILE, "-u", "alice:alice-secret", "-w", "%{stderr}%{http_code}",
                               *map(str, args), URL + "/csr/process"], capture_output=True)
        return int(done.stderr), json.loads(done.stdout)


class Ways(Case):
    """The same in each type of body."""

    def test_json(self):
        answer = self.expect(alice.ask(user_csr(), common_name="ALICE", purpose_category="client_auth"), 201).json
        self.assertEqual(answer["template"], "User")
        chain = [answer["certificate"]["pem"], *answer["certificate"]["chain"]]
        ders = [der.openssl("x509", "-outform", "DER", stdin=c.encode()) for c in chain]
        client.verify_chain(env.scratch, ders)
        self.assertEqual(answer["csr"]["common_name"], "alice")
        self.assertEqual([answer["csr"][k] for k in ("key_type", "key_size", "curve")], ["EC", 256, "P-256"])
        self.assertEqual(alice.get(answer["links"]["request"]).json["status"], "issued")
        self.assertEqual(bob.get(answer["links"]["request"]).status, 404)

    def test_names_of_the_request(self):
        answer = self.expect(alice.ask(web_csr("www.example.test"), common_name="www.example.test", template="WebServer",
                                       sans=["www.EXAMPLE.test"]), 202).json
        self.assertEqual([answer["csr"][k] for k in ("organization", "country", "sans")], ["Example", "DE", ["dns:www.example.test"]])
        self.assertEqual(answer["status"], "pending")
        self.assertEqual(answer["links"]["page"], f"/requests/{answer['id']}")

    def test_urlencoded(self):
        body = urllib.parse.urlencode({"csr_data": der.pem(user_csr()), "common_name": "alice", "template": "User", "email": "",
                                       "validity_days": "30"})
        answer = self.expect(alice.send(body, "application/x-www-form-urlencoded"), 201).json
        row = env.sql(f"select protocol, validity, email is null, template from request where id = {answer['id']}")
        self.assertEqual(row, [["5", "2592000", "t", "User"]])
        days = env.count(f"select round(extract(epoch from not_after - now()) / 86400) from certificate where id = {answer['certificate']['id']}")
        self.assertEqual(days, 30)

    def test_curl_uploads_pem_der_and_base64(self):
        path = env.scratch / "a b.csr"
        for content in (der.pem(user_csr()).encode(), user_csr(), base64.b64encode(user_csr())):
            path.write_bytes(content)
            for field in ("csr_file", "csr_data"):
                status, answer = self.curl("-F", f"{field}=@{path}", "-F", "common_name=alice", "-F", "template=User")
                self.assertEqual(status, 201, answer)

    def test_openssl_makes_it_and_curl_sends_it(self):
        csr, key = env.scratch / "www.csr", env.scratch / "www.key"
        subprocess.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", csr, "-subj", "/CN=www.example.test",
                        "-addext", "subjectAltName=DNS:www.example.test"], check=True, capture_output=True)
        status, answer = self.curl("-F", f"csr_file=@{csr}", "-F", "common_name=www.example.test", "-F", "purpose_category=server_auth",
                                   "-F", "email=admin@example.test", "-F", "tenant_id=north")
        self.assertEqual((status, answer["template"], answer["csr"]["key_size"]), (202, "WebServer", 2048), answer)
        row = env.sql(f"select purpose, tenant, email from request where id = {answer['id']}")
        self.assertEqual(row, [["server_auth", "north", "admin@example.test"]])
        view = alice.get(answer["links"]["request"]).json
        self.assertEqual([view[k] for k in ("purpose", "tenant", "email", "validity")], ["server_auth", "north", "admin@example.test", None])

    def test_officer_approves(self):
        made = self.expect(alice.ask(web_csr("ok.example.test"), common_name="ok.example.test", template="WebServer", ca_id="issuing"), 202).json
        env.admin("request", "approve", str(made["id"]))
        done = alice.get(made["links"]["request"]).json
        self.assertEqual((done["status"], done["ca"]), ("issued", "issuing"))


class Password(Case):
    """The approval password of the CA, through this door."""
    RIGHT = "open sesame, open sesame"

    @classmethod
    def setUpClass(cls):
        env.admin("ca", "approval-password", "set", "issuing", "--password-file", "-", stdin=(cls.RIGHT + "\n").encode())
        cls.addClassCleanup(env.admin, "ca", "approval-password", "remove", "issuing")
        env.await_catalog()

    def ask(self, host, password, status):
        more = {} if password is None else {"approval_password": password}
        return self.expect(alice.ask(web_csr(host), common_name=host, template="WebServer", **more), status).json

    def test_right_one_issues_at_once(self):
        answer = self.ask("right.example.test", self.RIGHT, 201)
        self.assertIn("BEGIN CERTIFICATE", answer["certificate"]["pem"])

    def test_wrong_and_missing_are_one_answer(self):
        env.psql("delete from approval_attempt")
        wrong, missing = self.ask("same.example.test", "x" * 20, 202), self.ask("same.example.test", None, 202)
        self.assertEqual(wrong.keys(), missing.keys())
        self.assertEqual((wrong["status"], wrong["message"]), (missing["status"], missing["message"]))

    def test_too_many_are_423(self):
        env.psql("delete from approval_attempt")
        self.addCleanup(env.psql, "delete from approval_attempt")
        for _ in range(3):
            self.ask("guess.example.test", "y" * 20, 202)
        reply = alice.ask(web_csr("guess.example.test"), common_name="guess.example.test", template="WebServer", approval_password=self.RIGHT)
        self.assertEqual(reply.status, 423, reply.body)
        self.assertGreater(int(reply.headers["retry-after"]), 0)


class ByRule(Case):
    def test_answer_and_audit_row_say_which_rule(self):
        env.admin("app", "set", "demo", "--ca-by-rule")
        self.addCleanup(env.await_catalog)
        self.addCleanup(env.admin, "app", "set", "demo", "--ca", "issuing")
        env.admin("ca", "rule", "add", "servers of the north", "--ca", "issuing", "--priority", "10", "--purpose", "server_auth", "--tenant", "north")
        self.addCleanup(env.admin, "ca", "rule", "delete", "servers of the north")
        env.await_catalog()
        answer = self.expect(alice.ask(web_csr("rule.example.test"), common_name="rule.example.test", purpose_category="server_auth",
                                       tenant_id="north"), 202).json
        self.assertEqual((answer["ca"], answer["ca_rule"]), ("issuing", "servers of the north"))
        detail = env.sql("select detail from audit where event = 'enroll.pending' order by id desc limit 1")
        self.assertIn("servers of the north", detail[0][0])
        reply = alice.ask(web_csr("rule.example.test"), common_name="rule.example.test", purpose_category="server_auth", tenant_id="south")
        self.assertEqual(reply.status, 403, reply.body)


class BadInput(Case):
    """The paragraph of the issue, line by line. Nothing is issued, and nothing but denials recorded."""

    def setUp(self):
        self.issued = issued()

    def tearDown(self):
        self.assertEqual(issued(), self.issued)

    def ask(self, csr=None, **members):
        return alice.ask(user_csr() if csr is None else csr, **{"common_name": "alice", "template": "User"} | members)

    def test_private_keys_are_neither_stored_nor_logged(self):
        secret = base64.b64encode(der.openssl("pkey", "-in", KEY.path, "-outform", "DER"))
        text = f"-----BEGIN PRIVATE KEY-----\n{secret.decode()}\n-----END PRIVATE KEY-----\n"
        for data in (text, secret.decode(), der.pem(user_csr()) + text):
            reply = self.expect(alice.ask(csr_data=data, common_name="alice", template="User"), 422, "csr_data")
            self.assertIn("private key", reply.json["errors"]["csr_data"][0])
            self.assertNotIn(secret[40:80], reply.body)
        body = urllib.parse.urlencode({"csr_data": text})
        self.expect(alice.send(body, "application/x-www-form-urlencoded"), 422, "csr_data")
        state = env.dir / "state"
        for log in state.glob("*.log"):
            self.assertNotIn(secret[40:80], log.read_bytes())
        dump = subprocess.run(["pg_dump", "-d", env.var["GATEHOUSE_DB"]], capture_output=True, check=True).stdout
        self.assertNotIn(secret[40:80], dump)

    def test_what_is_no_request(self):
        good = der.pem(user_csr())
        for data in (good + good, good[:-40], "hello", base64.b64encode(os.urandom(300)).decode(), "A" * 200000,
                     client.to_pem(der.openssl("x509", "-in", CAFILE, "-outform", "DER"))):
            self.expect(alice.ask(csr_data=data, common_name="alice", template="User"), 422, "csr_data")
        part = b'--b\r\nContent-Disposition: form-data; name="csr_file"; filename="x"\r\n\r\n'
        for data in (b"\0" * 100, os.urandom(2000), user_csr()[:-1], b"\x30\x82\xff\xff" + b"x" * 100):
            self.expect(alice.send(part + data + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"), 422, "csr_data")
        self.assertEqual(alice.send(b" " * (256 * 1024 + 1)).status, 413)

    def test_names_that_do_not_match(self):
        self.expect(self.ask(common_name="bob"), 422, "common_name")
        self.expect(self.ask(common_name=None), 422, "common_name")
        self.expect(self.ask(common_name="a" * 65), 422, "common_name")
        self.expect(self.ask(sans=["dns:other.example.test"]), 422, "sans")

    def test_keys_and_names_that_the_template_refuses(self):
        before = requests()
        reply = self.expect(self.ask(der.csr(der.Key(env.scratch, "ec:P-521"), subject=[("CN", "alice")])), 422, "csr_data")
        self.assertEqual(env.sql(f"select disposition from request where id = {reply.json['id']}"), [["31"]])
        self.assertEqual(reply.json["links"]["request"], f"/pki/request/{reply.json['id']}")
        self.assertEqual(requests(), before + 1)
        self.expect(self.ask(der.csr(der.Key(env.scratch, "rsa:1024"), subject=[("CN", "alice")])), 422, "csr_data")
        self.expect(self.ask(der.csr(KEY, subject=[("CN", "alice")], bad_signature=True)), 422, "csr_data")
        self.expect(self.ask(web_csr("x.example.test", key=KEY), common_name="x.example.test", template="WebServer",
                             validity_days=4000), 422, "validity_days")
        # a name of another type than the template allows
        mail = der.csr(KEY, subject=[("CN", "a.example.test")],
                       extensions=[der.extension("subjectAltName", der.san(dns=["a.example.test"], email=["a@example.test"]))])
        self.expect(self.ask(mail, common_name="a.example.test", template="WebServer"), 422, "csr_data")

    def test_ca_that_is_not_there_or_not_for_him(self):
        answers = {json.dumps(self.expect(self.ask(ca_id=c), 422, "ca_id").json["errors"]) for c in ("none", 9999, "root", "<b>")}
        self.assertEqual(len(answers), 1, answers)

    def test_header_injection_and_markup(self):
        for text in ("a@b.test\r\nBcc: c@d.test", "a@b.test\nX: y", "\"a\"@b.test", "<a@b.test>", "a@b.test, c@d.test", "a@b.test\u0000"):
            self.expect(self.ask(email=text), 400 if "\0" in text else 422, None if "\0" in text else "email")
        for field in ("common_name", "tenant_id", "ca_id", "template", "language"):
            self.expect(self.ask(**{field: "x\r\nSet-Cookie: a=b"}), 422, field)
        script = "<script>alert(1)</script>"
        for field in ("common_name", "email", "ca_id", "purpose_category", "language"):
            reply = self.expect(self.ask(**{field: script}), 422, field)
            self.assertTrue(reply.headers["content-type"].startswith("application/json"))
        self.expect(self.ask(metadata={script: script}), 422, "metadata")
        self.expect(self.ask(**{script: "x"}), 422, script)

    def test_bodies_that_are_none(self):
        self.assertEqual(alice.send(b"{").status, 400)
        self.assertEqual(alice.send(b"[]").status, 400)
        self.assertEqual(alice.send(b"x", "text/plain").status, 415)
        self.assertEqual(alice.send(b"a=%", "application/x-www-form-urlencoded").status, 400)
        self.assertEqual(alice.send(b"--b\r\n", "multipart/form-data; boundary=b").status, 400)
        self.assertEqual(alice.send(b"x", "multipart/form-data").status, 400)
        self.assertEqual(alice.send(b"a=b", "application/x-www-form-urlencoded", Origin="https://evil.example").status, 403)
        self.assertEqual(alice.send(b"a=b", "application/x-www-form-urlencoded", Sec_Fetch_Site="cross-site").status, 403)
        self.assertEqual(Person("alice", "wrong").ask(user_csr()).status, 401)


class Pages(Case):
    """With a browser without a script: upload, look, change, send."""

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser(env)
        cls.browser.send("GET", "/login")
        fields = Forms(cls.browser.reply.body.decode()).forms[0].fields
        cls.browser.send("POST", "/login", fields | {"user": "alice", "password": "alice-secret"})
        assert cls.browser.reply.status == 303, cls.browser.reply.body

    def form(self, action="/csr/upload"):
        text = self.browser.reply.body.decode()
        return next(f for f in Forms(text).forms if f.action == action).fields

    def filled(self, **more):
        self.assertEqual(self.browser.send("GET", "/csr/upload").status, 200, self.browser.reply.body)
        return self.form() | {"csr_data": der.pem(web_csr("page.example.test")), "common_name": "page.example.test",
                              "purpose_category": "server_auth"} | more

    def test_who_is_not_logged_in_goes_to_the_log_in(self):
        stranger = Browser(env)
        self.assertEqual(stranger.send("GET", "/csr/upload").status, 303)
        self.assertTrue(stranger.reply.headers["location"].startswith("/login"))

    def test_upload_look_send_reload(self):
        before = requests()
        self.browser.send("POST", "/csr/upload", self.filled(email="alice@example.test"))
        page = self.browser.reply.body.decode()
        self.assertEqual(self.browser.reply.status, 200, page)
        for text in ("dns:page.example.test", "EC 256 P-256", "issuing", "WebServer", "approval_password"):
            self.assertIn(text, page)
        self.assertEqual(requests(), before)
        fields = self.form("/csr/process")
        for _ in range(2):
            self.assertEqual(self.browser.send("POST", "/csr/process", fields).status, 303, self.browser.reply.body)
            location = self.browser.reply.headers["location"]
            self.assertEqual(requests(), before + 1)
        page = self.browser.send("GET", location)
        self.assertEqual(page.status, 200, page.body)
        for text in ("WebServer", "alice@example.test"):
            self.assertIn(text, page.body.decode())
        number = int(location.removeprefix("/requests/"))
        self.assertEqual(env.sql(f"select disposition, email, protocol, language from request where id = {number}"), [["9", "alice@example.test", "5", "en"]])

    def test_back_keeps_what_was_typed(self):
        self.browser.send("POST", "/csr/upload", self.filled(tenant_id="north & south"))
        fields = self.form("/csr/process") | {"action": "change", "approval_password": "TOPSECRET"}
        self.assertEqual(self.browser.send("POST", "/csr/upload", fields).status, 200)
        page = self.browser.reply.body.decode()
        self.assertIn("north &amp; south", page)
        self.assertIn("BEGIN CERTIFICATE REQUEST", page)
        self.assertNotIn("TOPSECRET", page)
        self.assertNotIn('class="error"', page)

    def test_what_is_wrong_stands_at_its_field(self):
        script = "<script>alert(1)</script>"
        self.browser.send("POST", "/csr/upload", self.filled(common_name=script, email="x\r\nBcc: y", ca_id="none", sans=script))
        page = self.browser.reply.body.decode()
        self.assertEqual(self.browser.reply.status, 422)
        self.assertNotIn("<script", page)
        self.assertIn("&lt;script&gt;", page)
        self.assertIn("another common name", page)
        self.assertGreaterEqual(page.count('class="error"'), 3)
        # found by the policy: the CA is told at its field, too
        self.browser.send("POST", "/csr/upload", self.filled(ca_id="none"))
        self.assertEqual(self.browser.reply.status, 422)
        self.assertIn("no certification authority of this name", self.browser.reply.body.decode())

    def test_metadata_is_told_at_its_field(self):
        script = "<script>alert(1)</script>"
        self.browser.send("POST", "/csr/upload", self.filled(**{"metadata.Ticket": "ops", "metadata.Department": script}))
        page = self.browser.reply.body.decode()
        self.assertEqual(self.browser.reply.status, 422, page)
        self.assertRegex(page, r'<p class="error">\s*Ticket is like OPS-123.\s*</p>')
        self.assertRegex(page, r'name="metadata.Ticket" type="text" value="ops" aria-describedby="metadata.Ticket-notes" aria-invalid="true"')
        self.assertEqual(page.count("aria-invalid"), 1)
        self.assertNotIn("<script", page)
        self.browser.send("POST", "/csr/upload", self.filled(**{"metadata.Ticket": "OPS-1", "metadata.Department": script}))
        self.assertEqual(self.browser.reply.status, 200)
        self.browser.send("POST", "/csr/process", self.form("/csr/process"))
        number = int(self.browser.reply.headers["location"].removeprefix("/requests/"))
        self.assertEqual(json.loads(env.sql(f"select metadata from request where id = {number}")[0][0]), {"Ticket": "OPS-1", "Department": script})
        page = self.browser.send("GET", f"/requests/{number}").body.decode()
        self.assertIn("&lt;script&gt;", page)
        self.assertNotIn("<script", page)

    def german(self, field, **more):
        """What the German page says at a field; the English details that it marks as such are left out."""
        self.browser.send("POST", "/csr/upload", self.filled(**more), headers={"Accept-Language": "de"})
        page = self.browser.reply.body.decode()
        self.assertEqual(self.browser.reply.status, 422, page)
        self.assertIn('<html lang="de">', page)
        notes = re.search(rf'<div id="{re.escape(field)}-notes">(.*?)</div>', page, re.DOTALL).group(1)
        errors = [re.sub(r'<span lang="en">.*?</span>', "", e).strip() for e in re.findall(r'<p class="error">(.*?)</p>', notes, re.DOTALL)]
        # the summary above says the same
        for e in errors:
            self.assertIn(e, page[:page.index('<div class="field">')])
        return " ".join(errors)

    def test_german_pages_say_it_in_german(self):
        pem = der.pem(web_csr("page.example.test"))
        small, odd = der.Key(env.scratch, "rsa:1024"), der.Key(env.scratch, "ec:P-521")
        for field, text, more in (
                ("csr_data", "ein privater Schlüssel, kein Zertifikatsantrag. Er wurde nicht gespeichert",
                 {"csr_data": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}),
                ("csr_data", "ein Zertifikat, kein Zertifikatsantrag", {"csr_data": Path(CAFILE).read_text()}),
                ("csr_data", "kein Zertifikatsantrag: weder PEM", {"csr_data": "Guten Tag!"}),
                ("csr_data", "ist abgeschnitten", {"csr_data": pem[:-40]}),
                ("csr_data", "mehrere Zertifikatsanträge", {"csr_data": pem + pem}),
                ("csr_data", "Diese Angabe ist nötig", {"csr_data": ""}),
                ("csr_data", "ist zu schwach", {"csr_data": der.pem(web_csr("page.example.test", small))}),
                ("csr_data", "Schlüssel dieser Art nicht an", {"csr_data": der.pem(web_csr("page.example.test", odd))}),
                ("csr_data", "Unterschrift des Zertifikatsantrags passt nicht", {"csr_data": der.pem(web_csr("page.example.test", bad_signature=True))}),
                ("csr_data", "nimmt einen Namen in diesem Zertifikatsantrag nicht an",
                 {"csr_data": der.pem(web_csr("Alice Adams")), "common_name": "Alice Adams"}),
                ("common_name", "hat einen anderen Common Name", {"common_name": "other.example.test"}),
                ("common_name", "Diese Angabe ist nötig", {"common_name": ""}),
                ("common_name", "höchstens 64 Zeichen", {"common_name": "a" * 65}),
                ("common_name", "eine Zeile Text ohne Steuerzeichen", {"common_name": "a\r\nb"}),
                ("validity_days", "Zertifikate dieser Vorlage gelten höchstens 365 Tage", {"validity_days": "4000"}),
                ("validity_days", "von 1 bis 36500", {"validity_days": "x"}),
                ("sans", "hat den Namen other.example.test nicht", {"sans": "other.example.test"}),
                ("email", "genau eine E-Mail-Adresse", {"email": "alice"}),
                ("ca_id", "gibt es für Sie nicht", {"ca_id": "none"}),
                ("purpose_category", "ist nicht für diesen Zweck", {"template": "User"}),
                ("template", "Vorlage gibt es hier nicht", {"template": "Nothing", "purpose_category": ""}),
                ("metadata.Cost-Center", "eine ganze Zahl", {"metadata.Cost-Center": "many"}),
                ("metadata.Stage", "eine der Möglichkeiten", {"metadata.Stage": "none"})):
            with self.subTest(text):
                self.assertIn(text, self.german(field, **more))

    def test_a_required_field_is_named_in_german(self):
        usual = Path(__file__).resolve().parents[1] / "servers" / "metadata.json"
        fields = json.loads(usual.read_text())
        fields[0]["required"] = True
        stricter = env.scratch / "metadata.json"
        stricter.write_text(json.dumps(fields))

        def is_required():
            return "(nötig)" in self.browser.send("GET", "/csr/upload", headers={"Accept-Language": "de"}).body.decode()

        env.admin("metadata", "set", stricter)
        try:
            wait_for(is_required, "the field is required")
            self.assertIn("Diese Angabe ist nötig", self.german("metadata.Department"))
        finally:
            env.admin("metadata", "set", usual)
            wait_for(lambda: not is_required(), "the field is not required")

    def test_error_pages_are_german_too(self):
        for path, text in (("/requests/999999999", "Das gibt es nicht, oder es gehört Ihnen nicht"), ("/csr/none", "Das gibt es nicht")):
            page = self.browser.send("GET", path, headers={"Accept-Language": "de"}).body.decode()
            self.assertIn(text, page)

    def test_what_is_forbidden_is_a_page(self):
        fields = self.filled()
        fields.pop("csrf")
        for language, heading, text in (("de", "Das dürfen Sie nicht", "Dieses Formular gehört nicht zu Ihrer jetzigen Anmeldung oder ist zu alt."),
                                        ("en", "You may not", "This form is not of your present log-in, or is too old.")):
            page = self.browser.send("POST", "/csr/upload", fields, headers={"Accept-Language": language})
            said = page.body.decode()
            self.assertEqual((page.status, page.headers["content-type"]), (403, "text/html; charset=utf-8"))
            self.assertIn(f"<h1>{heading}", said)
            self.assertRegex(said, f'<p class="lead">\\s*{text}')
            self.assertIn(f"<code>{page.headers['x-request-id']}</code>", said)
            self.assertNotIn('lang="en">', said.partition("<main")[2].partition("</main>")[0])
            self.assertIn("default-src 'none'", page.headers["content-security-policy"])
        # whoever was logged in still is
        self.assertIn('action="/logout"', self.browser.send("GET", "/csr/upload").body.decode())
        said = self.browser.send("POST", "/csr/upload", fields, headers={"Accept": "application/json"})
        self.assertEqual((said.status, said.json["request_id"]), (403, said.headers["x-request-id"]))

    def test_a_key_is_not_shown_again(self):
        text = "-----BEGIN PRIVATE KEY-----\nTOPSECRET\n-----END PRIVATE KEY-----\n"
        self.browser.send("POST", "/csr/upload", self.filled(csr_data=text))
        page = self.browser.reply.body.decode()
        self.assertEqual(self.browser.reply.status, 422)
        self.assertIn("private key", page)
        self.assertNotIn("TOPSECRET", page)

    def test_without_the_token_of_the_session_nothing_is_done(self):
        before = requests()
        for path in ("/csr/upload", "/csr/process"):
            fields = self.filled()
            fields.pop("csrf")
            self.assertEqual(self.browser.send("POST", path, fields).status, 403)
            self.assertEqual(self.browser.send("POST", path, self.filled(), site="cross-site").status, 403)
        self.assertEqual(requests(), before)

    def test_roots_are_not_offered(self):
        self.browser.send("GET", "/csr/upload")
        page = self.browser.reply.body.decode()
        self.assertIn('<option value="issuing"', page)
        self.assertNotIn('<option value="root"', page)
        self.assertIn("server_auth", page)


class OnceMore(Case):
    def test_the_same_form_is_the_same_request(self):
        csr, before = user_csr(), issued()
        fields = {"csr_data": der.pem(csr), "common_name": "alice", "template": "User", "form_token": os.urandom(8).hex()}
        body = urllib.parse.urlencode(fields)
        first = self.expect(alice.send(body, "application/x-www-form-urlencoded"), 201).json
        again = self.expect(alice.send(body, "application/x-www-form-urlencoded"), 201).json
        self.assertEqual(again, first)
        # another way of writing the same
        self.assertEqual(self.expect(alice.ask(**fields), 201).json["id"], first["id"])
        self.expect(alice.ask(**fields | {"email": "a@b.test"}), 409)
        self.assertEqual(issued(), before + 1)
        # a token is one person's
        fields["csr_data"], fields["common_name"] = der.pem(user_csr("bob")), "bob"
        self.assertNotEqual(self.expect(bob.ask(**fields), 201).json["id"], first["id"])

    def test_idempotency_key_on_two_nodes_at_once(self):
        second = Person("alice", "alice-secret", env.second_node()["GATEHOUSE_URL"])
        try:
            for _ in range(5):
                csr, before, head = user_csr(), issued(), {"Idempotency_Key": os.urandom(8).hex()}
                with concurrent.futures.ThreadPoolExecutor(8) as pool:
                    calls = [pool.submit(Person("alice", "alice-secret", who.client.url).ask, csr, head, common_name="alice", template="User")
                             for who in (alice, second) * 4]
                    numbers = {self.expect(c.result(), 201).json["certificate"]["serial"] for c in calls}
                self.assertEqual(len(numbers), 1)
                self.assertEqual(issued(), before + 1)
        finally:
            env.gateway("halt2")

    def test_killed_between_signature_and_commit(self):
        """The row that would be written is locked by another session; the worker is killed while it waits for it."""
        csr, head = user_csr(), {"Idempotency_Key": "killed"}
        before = issued()
        with env.session("begin; lock table replay in access exclusive mode") as lock:
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                call = pool.submit(alice.ask, csr, head, common_name="alice", template="User")
                wait_for(lambda: env.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") > 0, "somebody waits")
                for pid in env.workers():
                    os.kill(pid, signal.SIGKILL)
                with self.assertRaises(Exception):
                    call.result()
            lock.commit()
        wait_for(lambda: env.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") == 0, "nobody waits")
        wait_for(lambda: Client(env).get("/readyz").status == 200, "the gateway is back")
        first = self.expect(alice.ask(csr, head, common_name="alice", template="User"), 201).json
        self.assertEqual(self.expect(alice.ask(csr, head, common_name="alice", template="User"), 201).json["id"], first["id"])
        self.assertEqual(issued(), before + 1)


if __name__ == "__main__":
    tap.main()
