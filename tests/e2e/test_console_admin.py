#!/usr/bin/python3
"""The console for those who administer: each page and each form for whom the REST API has it, and for nobody else; what the API refuses, the page
refuses. In Chromium each page, in one mode, has no findings of axe-core. The system's python3, for Selenium."""

import base64
import html
import json
import re
import unittest
import urllib.parse

from cryptography import x509
from selenium.webdriver.common.keys import Keys as Key

import browser
import der
import kra_client as kra
import packages
import tap
from client import Client
from console_admin_pages import ADMIN, AGENTS, OFFICERS, PAGES, STAFF
from environment import Environment, wait_for
from person import Person
from plain_browser import PlainBrowser, links

env = Environment("console-admin", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="limits { failures = 1000 }")
var = env.var
PASSWORDS = {"alice": "alice-secret", "admin": var["GATEHOUSE_ADMIN_PASSWORD"], "olga": var["GATEHOUSE_OFFICER_PASSWORD"],
             "otto": var["GATEHOUSE_AUDITOR_PASSWORD"], "anna": var["GATEHOUSE_AGENT_PASSWORD"], "bert": var["GATEHOUSE_AGENT2_PASSWORD"]}
PEOPLE = {name: Person(name, password, env) for name, password in PASSWORDS.items()}
admin = PEOPLE["admin"]
EVIL = '<script>alert(1)</script>"\u202e'
KEY = der.Key(env.scratch, "ec:P-256")
browsers = {}
# What is served where: endpoint 1 is this gateway, and behind 2 there is nobody.
PLACE = f"localhost:{urllib.parse.urlsplit(var['GATEHOUSE_URL']).port}"
env.admin("scan", "--targets", "-", "--quiet", "--parallel", 1, stdin=f"{PLACE}\n127.0.0.1:1 starttls=imap\n".encode())


def as_(who):
    """A browser in which who is logged in."""
    if who not in browsers:
        browsers[who] = PlainBrowser(env)
        browsers[who].log_in(who, PASSWORDS[who])
    return browsers[who]


def counts(run):
    return run["changed"], run["same"], run["refused"]


def token(who):
    as_(who).get("/")
    return as_(who).form("/logout").fields["csrf"]


class Case(unittest.TestCase):
    def setUp(self):
        self.begin = env.count("select max(id) from audit")

    def events(self, *names):
        """What the trail says since the test began, of these events: (event, object, actor)."""
        wanted = ", ".join(f"'{n}'" for n in names)
        return [tuple(r) for r in env.sql(f"select event, object, actor from audit where id > {self.begin} and event in ({wanted}) order by id")]

    def page(self, who, path, status=200):
        reply = as_(who).get(path)
        self.assertEqual(reply.status, status, (who, path, reply.body))
        return as_(who).text

    def expect(self, reply, status):
        self.assertEqual(reply.status, status, reply.body)
        return reply

    def asked_again(self, who, path, so_far=lambda: None, **fields):
        """A form that does nothing before it was asked again: the page that asks, and its form once more. so_far looks in between."""
        self.expect(as_(who).submit(path, **fields), 200)
        self.assertIn('name="confirmed" value="yes"', as_(who).text)
        so_far()
        return as_(who).submit(path)


# Package 1 stays; the others are of its tests.
MAKER = packages.Signer("maker of firmware")
(env.scratch / "first.fw").write_bytes(packages.signed(packages.FIRMWARE, packages.firmware(), MAKER, [packages.firmware_id(version=1)]))
env.admin("package", "add", env.scratch / "first.fw", "--type", "firmware", "--for", "all")
env.admin("metadata", "add", "Place", "--type", "MultipleChoice", "--option", "here", "--option", "there", "--hint", "where it stands")
env.admin("metadata", "add", "Floor", "--type", "Integer")
env.admin("metadata", "add", "Kept", "--type", "String", "--explicit-update")
env.admin("metadata", "apply", "--query", 'Template -eq "None"', "--set", "Place=here", "--dry-run")  # run 1, which stays
env.admin("view", "add", "web", "--group", "web-admins", "--template", "WebServer")


class Rights(Case):
    def test_each_page_for_whom_the_api_answers(self):
        """Role by page."""
        for _, path, who_may, api in PAGES:
            for who in PASSWORDS:
                with self.subTest(path=path, who=who):
                    status = as_(who).get(path).status
                    self.assertEqual(status, 200 if who in who_may else 403)
                    self.assertEqual(status, PEOPLE[who].get(api).status)
                    # nobody is shown the way to what he may not see
                    if path.count("/") == 2:
                        self.assertEqual(f'href="{path}"' in self.page(who, "/console"), who in who_may)
            self.assertEqual(PlainBrowser(env).send("GET", path).status, 303)

    def forms(self):
        """Path, fields, who may: none of them changes anything, since nothing has this name."""
        yield "/console/jobs/none/run", {}, ADMIN
        yield "/console/cas/none/unlock", {"password": "x" * 12}, ADMIN
        yield "/console/cas/none/lock", {"confirmed": "yes"}, ADMIN
        yield "/console/cas/none/status", {"enabled": "no", "confirmed": "yes"}, ADMIN
        yield "/console/cas/none/password", {"current_password": "x" * 12}, ADMIN
        yield "/console/labels/none/status", {"enabled": "no", "confirmed": "yes"}, ADMIN
        yield "/console/messages/999999/retry", {}, ADMIN
        yield "/console/messages/test", {"to": "administrators"}, ADMIN  # nothing is sent here
        yield "/console/packages", {"kind": "firmware", "audience": "all"}, OFFICERS
        yield "/console/metadata-runs", {"query": "Id -eq"}, OFFICERS
        yield "/console/metadata-runs/file", {}, OFFICERS
        yield "/console/metadata-runs/999999/cancel", {}, OFFICERS
        yield "/console/packages/999999/remove", {}, OFFICERS
        yield "/console/users/none/status", {"enabled": "no", "confirmed": "yes"}, ADMIN
        yield "/console/views", {"rule": "a/b", "group": "g", "template": "User"}, ADMIN
        yield "/console/views/none/remove", {}, ADMIN
        yield "/console/users/none/roles", {"roles": "officer", "confirmed": "yes"}, ADMIN
        yield "/console/sessions/none/end", {"confirmed": "yes"}, ADMIN
        yield "/console/sessions/end", {}, ADMIN
        yield "/console/archive/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/status", {"status": "inactive", "version": "1"}, AGENTS
        yield "/console/applications", {"application": "a/b"}, ADMIN
        yield "/console/applications/none/rotate", {"confirmed": "yes"}, ADMIN
        yield "/console/applications/none/status", {"enabled": "no", "confirmed": "yes"}, ADMIN

    def test_each_form_for_whom_the_api_takes_it(self):
        """Role by form; and nobody's page can send it for him."""
        for path, fields, who_may in self.forms():
            for who in PASSWORDS:
                with self.subTest(path=path, who=who):
                    sent = {"csrf": token(who), **fields}
                    status = as_(who).send("POST", path, sent).status
                    self.assertEqual(status == 403, who not in who_may, status)
                    self.assertNotIn(status, (200, 303, 500))
                    for other in ("", "x", token("alice" if who != "alice" else "olga")):
                        self.assertEqual(as_(who).send("POST", path, {**sent, "csrf": other}).status, 403)
                    self.assertEqual(as_(who).send("POST", path, sent, site="cross-site").status, 403)
                    self.assertEqual(as_(who).send("POST", path, sent, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": None}).status, 403)
            if path.count("/") > 2:
                self.assertIn(as_("admin").send("GET", path).status, (404, 405))


class Jobs(Case):
    def test_api_tells_what_the_command_tells(self):
        entries = self.expect(admin.get("/pki/jobs"), 200).json["entries"]
        self.assertEqual([j["name"] for j in entries], [j["name"] for j in env.admin("job", "list", "--json")])
        self.assertEqual(self.expect(admin.get("/pki/jobs"), 200).headers["cache-control"], "no-store")

    def finished(self, name):
        return next(j["finished"] for j in admin.get("/pki/jobs").json["entries"] if j["name"] == name)

    def test_run_over_rest(self):
        before = self.finished("retention")
        reply = self.expect(admin.post("/pki/jobs/retention/run", {}), 202)
        self.assertEqual(reply.json, {"name": "retention", "wanted": True})
        wait_for(lambda: self.finished("retention") not in (None, before), "the job ran")
        self.assertEqual(self.events("job.wanted"), [("job.wanted", "retention", "admin")])
        self.assertEqual(env.admin("audit", "verify", check=False).returncode, 0)

    def test_who_may_not_and_what_is_not_there(self):
        for who in set(PASSWORDS) - ADMIN:
            self.expect(PEOPLE[who].post("/pki/jobs/retention/run", {}), 403)
        for name in ("none", "retention%00", "..", "retention@elsewhere", "a" * 90):
            self.expect(admin.post(f"/pki/jobs/{name}/run", {}), 404)
        self.assertEqual(self.events("job.wanted"), [])

    def test_page_runs_it(self):
        text = self.page("admin", "/console/jobs")
        for j in admin.get("/pki/jobs").json["entries"]:
            self.assertIn(j["name"], text)
        before = self.finished("sessions")
        self.expect(as_("admin").submit("/console/jobs/sessions/run"), 200)
        self.assertEqual(as_("admin").path, "/console/jobs")
        wait_for(lambda: self.finished("sessions") not in (None, before), "the job ran")
        self.assertEqual(self.events("job.wanted"), [("job.wanted", "sessions", "admin")])
        for who in STAFF - ADMIN:
            self.assertNotIn('/run"', self.page(who, "/console/jobs"))

    def test_states_and_hostile_rows(self):
        env.sql("insert into job (name, started_at, finished_at, outcome, node, detail) values ('server-certificate@a<b>', now(), now(), 'failure', $$%s$$, $$%s$$)" % (EVIL, EVIL))
        env.sql("update job set failures = 3 where name = 'server-certificate@a<b>'")
        text = self.page("olga", "/console/jobs")
        self.assertNotIn("<script>", text)
        self.assertIn("server-certificate@a&lt;b&gt;", text)
        self.assertIn("failed", text)
        env.without_triggers("delete from job where name = 'server-certificate@a<b>'")


class Cas(Case):
    PASSWORD = "correct horse battery 1"

    @classmethod
    def tearDownClass(cls):
        assert admin.send("DELETE", f"/api/v1/certificate-authorities/spare/password/remove", {"current_password": cls.PASSWORD}).status == 200

    @classmethod
    def setUpClass(cls):
        env.admin("ca", "create", "spare", "--parent", "root", "--subject", "CN=Spare <b>CA</b>", "--max-validity", "30", "--base-url", "http://pki.example")
        env.await_catalog()
        reply = admin.post("/api/v1/certificate-authorities/spare/password/set", {"password": cls.PASSWORD, "password_confirmation": cls.PASSWORD})
        assert reply.status == 200, reply.body

    def status(self):
        return admin.get("/api/v1/certificate-authorities/spare/password/status").json

    def test_api_tells_what_the_command_tells(self):
        rows = self.expect(PEOPLE["otto"].get("/pki/authorities?limit=1000"), 200).json["entries"]
        for row in rows:    # only the signer of a running node knows
            key = row.pop("key")
            self.assertEqual((key["protection"], key["token"]), (row["protection"], None), row["name"])
        self.assertEqual(rows, env.admin("ca", "list", "--json"))
        env.await_crl("issuing")
        for name in ("root", "issuing", "spare"):
            ca, shown = self.expect(admin.get(f"/pki/authorities/{name}"), 200).json, env.admin("ca", "show", name, "--json")
            for member in ("id", "name", "slug", "state", "protection", "parent", "subject", "cdp", "policy", "crl_shards"):
                self.assertEqual(ca[member], shown[member], member)
            self.assertEqual(len(ca["chain"]), 1 if name == "root" else 2)
            self.assertEqual(ca["chain"][-1]["name"], "root")
            self.assertNotIn("sealed", ca)
        self.assertEqual({c["number"] for c in admin.get("/pki/authorities/issuing").json["crls"]},
                         {c["number"] for c in env.admin("crl", "list", "--ca", "issuing", "--json")})
        for name in ("none", "0", "..", "root%2Fx"):
            self.expect(admin.get(f"/pki/authorities/{name}"), 404)

    def test_tree_and_page(self):
        text = self.page("olga", "/console/cas")
        self.assertLess(text.index("/console/cas/root"), text.index("/console/cas/issuing"))
        self.assertIn('<li class="level1"><a href="/console/cas/issuing">', text)
        self.assertIn(r"CN=Spare \&lt;b\&gt;CA", text)
        text = self.page("olga", "/console/cas/spare")
        for part in (r"CN=Spare \&lt;b\&gt;CA", "max_validity_days", "Gatehouse Root CA", "http://pki.example"):
            self.assertIn(part, text)
        self.assertNotIn('action="/console/cas/', text)
        self.page("olga", "/console/cas/none", 404)

    def usable(self):
        """As the list and the CA itself tell it."""
        listed = {r["name"]: r["key"] for r in admin.get("/pki/authorities?limit=1000").json["entries"]}["spare"]
        self.assertEqual(listed, admin.get("/pki/authorities/spare").json["key"])
        return listed["usable"]

    def test_unlock_and_lock(self):
        b = as_("admin")
        admin.post("/api/v1/certificate-authorities/spare/password/lock", {})
        self.assertIs(self.usable(), False)
        self.assertIn("– key locked", self.page("olga", "/console/cas"))
        self.assertIn("waits for its password", self.page("olga", "/console"))
        self.assertIn("key locked", self.page("admin", "/console/cas/spare"))
        self.assertEqual(b.submit("/console/cas/spare/unlock", password="wrong horse battery 1").status, 422)
        self.assertIn('aria-invalid="true"', b.text)
        self.assertNotIn("wrong horse", b.text)
        self.assertEqual(b.submit("/console/cas/spare/unlock", password="").status, 422)
        self.assertEqual(b.submit("/console/cas/spare/unlock", password=self.PASSWORD).status, 200)
        self.assertEqual(b.path, "/console/cas/spare")
        self.assertIn("key unlocked", b.text)
        self.assertNotIn(self.PASSWORD, b.text)
        self.assertIsNotNone(self.status()["unlocked_until"])
        self.assertIs(self.usable(), True)
        self.assertEqual(self.asked_again("admin", "/console/cas/spare/lock").status, 200)
        self.assertIn("key locked", b.text)
        self.assertIsNone(self.status()["unlocked_until"])
        events = [e for e, in env.sql(f"select event || ':' || outcome from audit where id > {self.begin} and event like 'ca.password%' order by id")]
        self.assertEqual(len([e for e in events if e.startswith("ca.password.unlock") and e.endswith("success")]), 1, events)
        self.assertNotIn(self.PASSWORD, env.log())

    def test_password_is_changed_by_who_knows_it(self):
        other, b = "another horse battery 2", as_("admin")
        for current, new, again, wrong in (("wrong horse battery 1", other, other, "current_password"), ("", other, other, "current_password"),
                                           (self.PASSWORD, "short", "short", "new_password"), (self.PASSWORD, other, other + "x", "new_password_confirmation")):
            self.page("admin", "/console/cas/spare")
            reply = b.submit("/console/cas/spare/password", current_password=current, new_password=new, new_password_confirmation=again)
            self.expect(reply, 422)
            self.assertIn(f'href="#{wrong}"', b.text)
            self.assertNotIn(other, b.text)
        for current, new in ((self.PASSWORD, other), (other, self.PASSWORD)):
            self.page("admin", "/console/cas/spare")
            self.expect(b.submit("/console/cas/spare/password", current_password=current, new_password=new, new_password_confirmation=new), 200)
        self.assertNotIn(other, env.log())

    def state(self):
        return admin.get("/pki/authorities/spare").json["state"]

    def test_disabled_and_enabled(self):
        path = "/pki/authorities/spare/status"
        for who in set(PASSWORDS) - ADMIN:
            self.expect(PEOPLE[who].send("PUT", path, {"enabled": False}), 403)
        self.expect(admin.send("PUT", path, {"enabled": "no"}), 422)
        self.expect(admin.send("PUT", "/pki/authorities/none/status", {"enabled": False}), 404)
        self.expect(admin.send("PUT", path, {"enabled": True}), 409)
        self.assertEqual(self.expect(admin.send("PUT", path, {"enabled": False}), 200).json, {"name": "spare", "enabled": False})
        self.expect(admin.send("PUT", path, {"enabled": False}), 409)
        self.assertEqual(self.state(), "disabled")
        text = self.page("admin", "/console/cas/spare")
        self.assertIn("gatehouse ca set spare", text)
        self.expect(as_("admin").submit("/console/cas/spare/status"), 200)
        self.assertEqual(self.state(), "active")
        self.page("admin", "/console/cas/spare")
        self.expect(as_("admin").submit("/console/cas/spare/status"), 200)
        self.assertIn("Certificates that there are stay valid", as_("admin").text)
        self.assertEqual(self.state(), "active")     # it was asked, and nothing was done
        self.expect(as_("admin").submit("/console/cas/spare/status"), 200)
        self.assertEqual(self.state(), "disabled")
        self.expect(admin.send("PUT", path, {"enabled": True}), 200)
        self.assertEqual([e[:2] for e in self.events("ca.disabled", "ca.enabled")], 2 * [("ca.disabled", "spare"), ("ca.enabled", "spare")])
        self.assertNotIn("gatehouse ca set", self.page("olga", "/console/cas/spare"))

    def test_unlocking_what_has_no_password(self):
        sent = {"csrf": token("admin"), "password": "x" * 12}
        self.assertEqual(as_("admin").send("POST", "/console/cas/root/unlock", sent).status, 409)
        self.assertEqual(as_("admin").send("POST", "/console/cas/none/unlock", sent).status, 404)


class Templates(Case):
    UNSAFE = {"name": "Odd \u00fc <b>", "schemaVersion": 2, "oid": "1.3.6.1.4.1.99999.7", "purpose": "server_auth", "requester": "any", "nameFlags": ["ENROLLEE_SUPPLIES_SUBJECT"], "keyTypes": [{"type": "EC", "curves": ["P-256"]}],
              "validity": "30d", "keyUsage": ["digitalSignature"], "extendedKeyUsage": ["serverAuth"], "enrollGroups": ["*"],
              "subject": {"allow": ["CN"], "commonName": "dns"}, "san": {"types": ["dns"], "require": ["dns"]}}

    def test_api_tells_what_the_command_tells(self):
        rows = self.expect(PEOPLE["otto"].get("/pki/templates?limit=1000"), 200).json["entries"]
        self.assertEqual(rows, env.admin("template", "list", "--json"))
        pages, after = [], 0
        while after is not None:
            page = admin.get(f"/pki/templates?limit=2&after={after}").json
            pages, after = pages + page["entries"], page["next"]
        self.assertEqual(pages, rows)
        for query in ("limit=0", "after=-1", "order=x", "name=User"):
            self.expect(admin.get(f"/pki/templates?{query}"), 422)
        one = self.expect(admin.get("/pki/templates/user"), 200).json
        self.assertEqual(one["body"], env.admin("template", "show", "User", "--json")["body"])
        self.assertEqual((one["form"]["name"], one["findings"], one["error"]), ("User", [], None))
        for name in ("none", "%00", "%ff", "User%2F"):
            self.expect(admin.get(f"/pki/templates/{name}"), 404)

    def put(self, template):
        file = env.scratch / "odd.json"
        file.write_text(json.dumps(template))
        env.admin("template", "import", file)

    def test_findings(self):
        """What is acknowledged is told; what a rule refuses by now is told, too, and its name is any text."""
        self.put({**self.UNSAFE, "acknowledge": ["ESC17"], "acknowledgeReason": "a laboratory <i>"})
        path = "/templates/Odd%20%C3%BC%20%3Cb%3E"
        one = self.expect(admin.get("/pki" + path), 200).json
        self.assertEqual([(f["rule"], f["acknowledged"]) for f in one["findings"]], [("ESC17", True)])
        text = self.page("otto", "/console" + path)
        for part in ("ESC17", "a laboratory &lt;i&gt;", "Odd \u00fc &lt;b&gt;", "acknowledged", "server_auth"):
            self.assertIn(part, text)
        self.assertIn("/console/templates/Odd%20%C3%BC%20%3Cb%3E", self.page("otto", "/console/templates"))

    def test_page_is_readable(self):
        text = self.page("olga", "/console/templates/WebServer")
        for part in ("serverAuth", "an officer must agree", "TLS servers.", "365", "RSA 2048 4096", "It matches none.", "&quot;ENROLLEE_SUPPLIES_SUBJECT&quot;"):
            self.assertIn(part, text)
        self.page("olga", "/console/templates/none", 404)


class Applications(Case):
    def may_call(self, key, secret):
        """Does a call with them get a certificate?"""
        reply = Client(env, app_key=key, secret=secret.encode(), digest="sha256").enroll(der.csr(KEY, subject=[("CN", "alice")]))
        return reply.status == 200

    def app(self, name):
        return next((a for a in admin.get("/pki/applications?limit=1000").json["entries"] if a["name"] == name), None)

    def secrets_stay_where_they_were_told(self, *secrets):
        trail = json.dumps(env.sql(f"select event, object, detail from audit where id > {self.begin}"))
        for place in (env.log(), trail, admin.get("/pki/applications?limit=1000").body.decode(), self.page("admin", "/console/applications")):
            for secret in secrets:
                self.assertNotIn(secret, place)

    def test_over_rest(self):
        wish = {"name": "mdm \u00fc", "templates": ["User", "webserver"], "ca": "issuing", "groups": [], "min_hash": "SHA256", "signature_required": True}
        made = self.expect(admin.post("/pki/applications", wish), 201)
        self.assertEqual(made.headers["cache-control"], "no-store")
        key, secret = made.json["key"], made.json["secret"]
        self.assertEqual(env.admin("app", "show", "mdm \u00fc", "--json")["id"], made.json["id"])
        env.await_catalog()
        self.assertTrue(self.may_call(key, secret))
        path = "/pki/applications/mdm%20%C3%BC"
        other = self.expect(admin.post(path + "/rotate", {}), 200).json
        self.assertEqual(set(other), {"name", "secret"})
        env.await_catalog()
        self.assertFalse(self.may_call(key, secret))
        self.assertTrue(self.may_call(key, other["secret"]))
        third = self.expect(admin.post(path + "/rotate", {"new_key": True}), 200).json
        env.await_catalog()
        self.assertFalse(self.may_call(key, third["secret"]))
        self.assertTrue(self.may_call(third["key"], third["secret"]))
        for enabled in (False, True):
            self.assertEqual(self.expect(admin.send("PUT", path + "/status", {"enabled": enabled}), 200).json, {"name": "mdm \u00fc", "enabled": enabled})
            env.await_catalog()
            self.assertEqual(self.may_call(third["key"], third["secret"]), enabled)
        self.assertEqual([e[:2] for e in self.events("app.created", "app.changed", "app.enabled", "app.disabled")],
                         [(f"app.{e}", "mdm \u00fc") for e in ("created", "changed", "changed", "disabled", "enabled")])
        self.secrets_stay_where_they_were_told(secret, other["secret"], third["secret"])

    def test_bad_input(self):
        good = {"name": "bad", "templates": ["User"]}
        for more, member in (({"name": ""}, "name"), ({"name": "a/b"}, "name"), ({"name": " a"}, "name"), ({"name": "a\u0007"}, "name"), ({"name": "x" * 65}, "name"),
                             ({"name": 7}, "name"), ({"templates": []}, "templates"), ({"templates": ["none"]}, "templates"), ({"templates": "User"}, "templates"),
                             ({"templates": [7]}, "templates"), ({"templates": ["User"] * 101}, "templates"), ({"ca": "none"}, "ca"), ({"groups": [""]}, "groups"), ({"min_hash": "MD5"}, "min_hash"),
                             ({"signature_required": "no"}, "signature_required"), ({"service_identity": "alice"}, "service_identity")):
            with self.subTest(**more):
                self.assertEqual(list(self.expect(admin.post("/pki/applications", {**good, **more}), 422).json["errors"]), [member])
        self.expect(admin.post("/pki/applications", {}), 422)
        self.expect(admin.post("/pki/applications", b"[]"), 400)
        existing = env.admin("app", "list", "--json")[0]["name"]
        self.expect(admin.post("/pki/applications", {**good, "name": existing.upper()}), 409)
        self.expect(admin.post("/pki/applications/none/rotate", {}), 404)
        self.expect(admin.post(f"/pki/applications/{existing}/rotate", {"new_key": "yes"}), 422)
        self.expect(admin.send("PUT", f"/pki/applications/{existing}/status", {}), 422)
        self.expect(admin.send("PUT", "/pki/applications/none/status", {"enabled": True}), 404)
        self.assertEqual(self.events("app.created", "app.changed", "app.disabled"), [])
        self.assertIsNone(self.app("bad"))

    def test_who_may_not(self):
        for who in set(PASSWORDS) - ADMIN:
            self.expect(PEOPLE[who].post("/pki/applications", {"name": "mine", "templates": ["User"]}), 403)
            self.expect(PEOPLE[who].get("/pki/applications"), 403)
        self.assertIsNone(self.app("mine"))

    def test_no_role_speaks_for_others(self):
        """Whoever has the secret of an application with a service identity enrolls as that person."""
        env.admin("app", "create", "robot", "--template", "User", "--service-identity", "alice")
        for new_key in (False, True):
            self.expect(admin.post("/pki/applications/robot/rotate", {"new_key": new_key}), 403)
        self.page("admin", "/console/applications")
        self.expect(self.asked_again("admin", "/console/applications/robot/rotate"), 403)
        self.assertEqual(self.events("app.changed"), [])
        env.admin("app", "rotate", "robot")
        self.assertEqual([e for e, _, _ in self.events("app.changed")], ["app.changed"])

    def told(self, text, label):
        """What the page shows once."""
        return text.split(label, 1)[1].split("<code>", 1)[1].split("</code>")[0]

    def test_pages(self):
        b = as_("admin")
        self.page("admin", "/console/applications")
        reply = b.submit("/console/applications", application="shop", templates="User", ca="issuing", groups=" pki-officers \r\n\r\n*", min_hash="SHA256", signature_required="yes")
        self.expect(reply, 200)
        self.assertEqual(reply.headers["cache-control"], "no-store")
        self.assertEqual(b.path, "/console/applications")
        key, secret = self.told(b.text, "X-CSS-CMS-AppKey"), self.told(b.text, "HMAC")
        app = self.app("shop")
        self.assertEqual((app["templates"], app["ca"], app["groups"], app["min_hash"], app["signature_required"]), (["User"], "issuing", ["pki-officers", "*"], "SHA256", True))
        self.secrets_stay_where_they_were_told(secret)
        self.page("admin", "/console/applications")
        self.expect(self.asked_again("admin", "/console/applications/shop/rotate"), 200)
        self.assertNotEqual(self.told(b.text, "HMAC"), secret)
        self.assertNotIn("AppKey", b.text)
        self.page("admin", "/console/applications")
        self.expect(self.asked_again("admin", "/console/applications/shop/status"), 200)
        self.assertFalse(self.app("shop")["enabled"])
        self.expect(b.submit("/console/applications/shop/status"), 200)
        self.assertTrue(self.app("shop")["enabled"])
        # what is wrong is shown, and what was typed comes back as text
        for fields, status in (({"application": "shop", "templates": "User"}, 409), ({"application": "x", "templates": "none"}, 422), ({"application": EVIL + "/", "groups": EVIL}, 422)):
            self.page("admin", "/console/applications")
            reply = b.submit("/console/applications", **fields)
            self.assertEqual(reply.status, status, reply.body)
            self.assertNotIn("<script>", b.text)
        self.assertIn('aria-invalid="true"', b.text)


class Archived(Case):
    """A key of alice's is in the archive."""
    def setUp(self):
        super().setUp()
        alice = PEOPLE["alice"]
        transport = x509.load_der_x509_certificate(alice.get("/pki/config/kra/cert/transport", Accept="application/pkix-cert").body).public_key()
        key = kra.make_key("P-256")
        body = {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())), **kra.wrapped_secret(transport, kra.pkcs8(key))}
        self.key_id = self.expect(alice.post("/pki/keyrequest/archive", body), 201).json["key_id"]

    def ask(self, **more):
        return self.expect(PEOPLE["alice"].post("/pki/keyrequest/recovery", {"key_id": self.key_id, **more}), 201).json["id"]

    def state(self, number):
        return PEOPLE["alice"].get(f"/pki/keyrequest/{number}").json["state"]

    def decide(self, who, number, status, **fields):
        self.page(who, f"/console/keys/{number}")
        return as_(who).submit(f"/console/keys/{number}/status", status=status, **fields)


class Keys(Archived):
    def test_two_agents_agree(self):
        number = self.ask(comment="new laptop <b>")
        for who, sees in (("alice", True), ("anna", True), ("otto", True), ("admin", True), ("olga", False)):
            with self.subTest(who=who):
                self.assertEqual(PEOPLE[who].get(f"/pki/keyrequest/{number}").status, 200 if sees else 404)
                text = self.page(who, f"/console/keys/{number}", 200 if sees else 404)
                self.assertEqual('value="approved"' in text, who == "anna")
                self.assertEqual('value="canceled"' in text, who == "alice")
                self.assertEqual("new laptop &lt;b&gt;" in text, sees)
                self.assertEqual(f"/console/keys/{number}\"" in self.page(who, "/console/keys"), sees)
        self.expect(self.decide("anna", number, "approved", comment="by phone"), 200)
        self.assertIn("1 of 2 agents", as_("anna").text)
        self.assertIn("by phone", as_("anna").text)
        self.assertEqual(self.state(number), "pending")
        self.expect(self.decide("anna", number, "approved"), 409)  # once
        self.expect(self.decide("bert", number, "approved"), 200)
        self.assertEqual(self.state(number), "approved")
        self.assertIn(f"gatehouse key retrieve {number}", self.page("alice", f"/console/keys/{number}"))
        self.assertEqual([(e, a) for e, _, a in self.events("key.recovery-approved")], [("key.recovery-approved", "anna"), ("key.recovery-approved", "bert")])

    def test_rejected_and_taken_back(self):
        first, second = self.ask(), self.ask()
        self.expect(self.decide("anna", first, "rejected", comment="who?"), 200)
        self.assertEqual(self.state(first), "rejected")
        self.expect(self.decide("alice", second, "canceled"), 200)
        self.assertEqual(self.state(second), "canceled")
        text = self.page("anna", "/console/keys?state=rejected")
        self.assertIn(f"/console/keys/{first}\"", text)
        self.assertNotIn(f"/console/keys/{second}\"", text)
        self.page("anna", "/console/keys?state=x", 422)
        self.page("anna", "/console/keys?who=x", 422)

    def test_what_changed_meanwhile_is_not_decided(self):
        number = self.ask()
        self.page("anna", f"/console/keys/{number}")
        form = as_("anna").form(f"/console/keys/{number}/status")
        self.expect(PEOPLE["bert"].decide(number, "approved"), 200)
        for fields, status in (({}, 412), ({"version": ""}, 428), ({"version": "x"}, 428)):
            self.assertEqual(as_("anna").send("POST", form.action, {**form.fields, "status": "approved", **fields}).status, status)
        self.assertEqual(as_("anna").send("POST", form.action, {**form.fields, "status": "none"}).status, 422)
        self.assertEqual(self.state(number), "pending")

    def test_by_nobody_else(self):
        number = self.ask()
        for who, status in (("alice", 403), ("olga", 404), ("admin", 403), ("otto", 403)):
            with self.subTest(who=who):
                self.assertEqual(as_(who).send("POST", f"/console/keys/{number}/status", {"csrf": token(who), "status": "approved", "version": "1"}).status, status)
        self.page("anna", f"/console/keys/{number}")
        form = as_("anna").form(f"/console/keys/{number}/status")
        for more in ({"csrf": ""}, {"csrf": token("bert")}):
            self.assertEqual(as_("anna").send("POST", form.action, {**form.fields, "status": "approved", **more}).status, 403)
        self.assertEqual(as_("anna").send("POST", form.action, {**form.fields, "status": "approved"}, site="cross-site").status, 403)
        self.assertEqual(self.state(number), "pending")

    def test_page_of_one_in_a_browser(self):
        number = self.ask()
        b = browser.of(env)
        b.open("/login?lang=de").fill(user="anna", password=PASSWORDS["anna"]).click("main button")
        b.mode("phone", dark=True).open(f"/console/keys/{number}").screenshot(browser.BUILD / "screenshots" / "admin-console-key.png")
        self.assertEqual(b.axe(), [])
        b.mode("phone", javascript=False).fill(comment="ja").click("button[value=approved]")
        self.assertEqual(b.path, f"/console/keys/{number}")
        b.close()
        self.assertEqual(PEOPLE["alice"].get(f"/pki/keyrequest/{number}").json["approved"], 1)


class Archive(Archived):
    def test_who_sees_which(self):
        number = self.ask()
        PEOPLE["anna"].decide(number, "approved")
        for who, sees in (("alice", True), ("anna", True), ("otto", True), ("olga", False)):
            with self.subTest(who=who):
                self.assertEqual(PEOPLE[who].get(f"/pki/key/{self.key_id}").status, 200 if sees else 404)
                text = self.page(who, f"/console/archive/{self.key_id}", 200 if sees else 404)
                self.assertEqual(f'/console/archive/{self.key_id}"' in self.page(who, "/console/archive"), sees)
                self.assertEqual(f'/console/keys/{number}"' in text and ">anna<" in text, sees)
                self.assertEqual('value="inactive"' in text, who == "anna")
        for key in ("none", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", self.key_id + "x", "%00"):
            self.page("anna", f"/console/archive/{key}", 404)

    def test_filters_and_pages(self):
        link = f'/console/archive/{self.key_id}"'
        day = PEOPLE["anna"].get(f"/pki/key/{self.key_id}").json["created_at"][:10]
        for query, found in (("state=active", True), ("state=inactive", False), ("state=&owner=&certificate_id=", True), ("owner=nobody", False), (f"created_from={day}", True), (f"created_to={day}", False)):
            with self.subTest(query):
                self.assertEqual(link in self.page("anna", "/console/archive?" + query), found)
        for query in ("state=x", "certificate_id=x", "created_from=x", "who=x", "after=x"):
            self.page("anna", "/console/archive?" + query, 422)
        alice = PEOPLE["alice"].get("/pki/keys").json["entries"][0]["owner"]
        row = int(env.psql(f"select max(id) from archived_key").strip())
        env.without_triggers("insert into archived_key overriding system value select (r).* from (select jsonb_populate_record(k, jsonb_build_object('id', k.id + n, 'uuid', gen_random_uuid())) as r "
                             f"from archived_key k, generate_series(1, 60) n where k.id = {row}) x")
        self.addCleanup(env.without_triggers, f"delete from archived_key where id > {row}")
        found, path = [], f"/console/archive?owner={urllib.parse.quote(alice)}&state=active"
        while path is not None:
            text = self.page("anna", path)
            found += re.findall(r'/console/archive/([0-9a-f-]{36})"', text)
            path = next((html.unescape(p) for p in re.findall(r'href="(/console/archive\?after=[^"]*)"', text)), None)
        self.assertEqual(len(found), len(set(found)))
        self.assertEqual(found, [e["id"] for e in PEOPLE["anna"].get(f"/pki/keys?limit=1000&order=newest&state=active&owner={urllib.parse.quote(alice)}").json["entries"]])
        self.assertGreater(len(found), 60)

    def test_agents_make_it_inactive(self):
        path = f"/console/archive/{self.key_id}"
        self.page("anna", path)
        form = as_("anna").form(path + "/status")
        self.expect(as_("anna").submit(path + "/status", status="inactive", comment="left"), 200)
        self.assertEqual(as_("anna").path, path)
        self.assertEqual(PEOPLE["anna"].get(f"/pki/key/{self.key_id}").json["state"], "inactive")
        self.assertEqual([e[1:] for e in self.events("key.deactivated")], [(f"key {self.key_id}", "anna")])
        for fields, status in (({}, 412), ({"version": ""}, 428), ({"status": "gone"}, 422)):
            version = {"version": str(PEOPLE["anna"].get(f"/pki/key/{self.key_id}").json["version"])} if "status" in fields else {}
            self.assertEqual(as_("anna").send("POST", form.action, {**form.fields, "status": "active", **version, **fields}).status, status)
        self.page("anna", path)
        self.expect(as_("anna").submit(path + "/status", status="active"), 200)
        self.assertEqual(PEOPLE["anna"].get(f"/pki/key/{self.key_id}").json["state"], "active")

    def test_from_its_certificate(self):
        asked = PEOPLE["alice"].post("/pki/request/User", {"pkcs10": base64.b64encode(der.csr(KEY)).decode()})
        cert = self.expect(asked, 201).json["certificate"]["id"]
        env.without_triggers(f"update archived_key set certificate_id = {cert} where uuid = '{self.key_id}'")
        link = f"/console/archive?certificate_id={cert}"
        for who in ("anna", "olga"):
            links = [urllib.parse.unquote(path) for path in re.findall('href="([^"]*)"', self.page(who, f"/console/certificates/{cert}"))]
            self.assertEqual(link in links, who == "anna")
        self.assertIn(f'/console/archive/{self.key_id}"', self.page("anna", link))

    def test_page_of_one_in_a_browser(self):
        b = browser.of(env)
        b.open("/login?lang=de").fill(user="anna", password=PASSWORDS["anna"]).click("main button")
        self.ask()
        b.mode("phone", dark=True).open(f"/console/archive/{self.key_id}").screenshot(browser.BUILD / "screenshots" / "admin-console-archived-key.png")
        self.assertEqual(b.axe(), [])
        self.assertFalse(b.is_too_wide())
        b.close()


class Lists(Case):
    def test_labels(self):
        env.admin("est", "label", "add", "floor", "--template", "User", "--ca", "issuing")
        rows = self.expect(PEOPLE["olga"].get("/pki/labels"), 200).json["entries"]
        self.assertEqual([{"name": r["name"], "enabled": r["enabled"], **r["settings"]} for r in rows], env.admin("est", "label", "list", "--json"))
        text = self.page("olga", "/console/labels")
        for part in ("floor", '<code>--template</code> <a href="/console/templates/User">User</a>', 'href="/console/cas/issuing"', "<code>--ca</code>"):
            self.assertIn(part, text)

    def test_labels_are_switched_off_and_on(self):
        env.admin("est", "label", "add", "door", "--template", "User", "--ca", "issuing")
        path = "/pki/labels/door/status"
        for who in set(PASSWORDS) - ADMIN:
            self.expect(PEOPLE[who].send("PUT", path, {"enabled": False}), 403)
        for body in ({}, {"enabled": 1}):
            self.expect(admin.send("PUT", path, body), 422)
        self.expect(admin.send("PUT", "/pki/labels/none/status", {"enabled": False}), 404)
        before = env.admin("est", "label", "show", "door", "--json")
        self.expect(admin.send("PUT", path, {"enabled": False}), 200)
        self.assertEqual(env.admin("est", "label", "show", "door", "--json"), {**before, "enabled": False})
        self.page("admin", "/console/labels")
        self.expect(as_("admin").submit("/console/labels/door/status"), 200)
        self.assertEqual(env.admin("est", "label", "show", "door", "--json"), before)
        self.assertNotIn("/status", self.page("olga", "/console/labels"))

    def message(self, state):
        env.sql("insert into notification (event, audience, recipient, recipient_id, object, facts, state) select 'cert.expiry', 'owner', 'x', '', 'request 17', '{}', 'queued'")
        number = env.sql("insert into delivery (notification_id, channel, address, state, last_error) select max(id), 'mail', $$%s$$, '%s', $$%s$$ from notification returning id" % (EVIL, state, EVIL))[0][0]
        return int(number)

    def test_messages_are_tried_again(self):
        number, sent = self.message("dead"), self.message("sent")
        self.assertEqual([m["id"] for m in self.expect(PEOPLE["otto"].get("/pki/messages?state=dead"), 200).json["entries"]], [number])
        shown = self.page("olga", "/console/messages?state=sent")
        self.assertIn('href="/requests/17"', shown)
        self.assertIn(" UTC</time>", shown)
        self.expect(admin.get("/pki/messages?state=x"), 422)
        text = self.page("admin", "/console/messages")
        self.assertNotIn("<script>", text)
        self.assertIn(f"/console/messages/{number}/retry", text)
        self.assertNotIn(f"/console/messages/{sent}/retry", text)
        self.assertNotIn("/retry", self.page("olga", "/console/messages"))
        for who in set(PASSWORDS) - ADMIN:
            self.expect(PEOPLE[who].post(f"/pki/messages/{number}/retry", {}), 403)
        self.page("admin", "/console/messages")
        self.expect(as_("admin").submit(f"/console/messages/{number}/retry"), 200)
        self.assertEqual(self.events("notification.retried"), [("notification.retried", str(number), "admin")])
        self.expect(admin.post(f"/pki/messages/{sent}/retry", {}), 409)
        self.expect(admin.post("/pki/messages/999999/retry", {}), 404)
        self.assertEqual(len(self.events("notification.retried")), 1)


    def test_messages_by_state_and_address_and_page(self):
        env.sql("insert into notification (event, audience, recipient, recipient_id, object, facts, state) values "
                "('crl.overdue', 'administrators', '', '', 'CA issuing', '{}', 'queued')")
        env.sql("insert into delivery (notification_id, channel, address, state) select max(id), 'webhook', 'hook-' || g, 'waiting' "
                "from notification, generate_series(1, 60) g group by g order by g")
        entries = self.expect(PEOPLE["otto"].get("/pki/messages?address=HOOK-7"), 200).json["entries"]
        self.assertEqual([(m["address"], m["event"], m["object"]) for m in entries], [("hook-7", "crl.overdue", "CA issuing")])
        self.expect(admin.get("/pki/messages?address="), 422)
        found = as_("otto").get("/console/messages?address=hook-7&state=waiting")
        self.assertIn("hook-7", found.body.decode())
        self.assertIn('href="/console/cas/issuing"', found.body.decode())
        self.assertNotIn("hook-8", found.body.decode())
        self.assertIn("no such message", self.page("otto", "/console/messages?address=hook-7&state=sent"))
        first = self.page("otto", "/console/messages?state=waiting")
        older = re.search(r'href="(/console/messages\?[^"]*after=[^"]*)"', first).group(1).replace("&amp;", "&")
        self.assertIn("state=", older)
        self.assertIn("hook-1<", self.page("otto", older))
        self.assertNotIn("hook-1<", first)
        self.assertEqual(as_("otto").get("/console/messages?state=x").status, 422)
        env.sql("update delivery set state = 'sent' where channel = 'webhook'")

    def test_what_a_test_message_lacks_is_said(self):
        """No mail server is set here: e2e-test_notify sends them."""
        self.expect(admin.post("/pki/messages/test", {"to": "eve@example.test"}), 422)
        self.expect(admin.post("/pki/messages/test", {"to": ["caller"]}), 422)
        self.assertIn("smtp_url", self.expect(admin.post("/pki/messages/test", {}), 409).json["message"])
        for who in set(PASSWORDS) - ADMIN:
            self.expect(PEOPLE[who].post("/pki/messages/test", {}), 403)
        self.page("admin", "/console/messages")
        reply = as_("admin").submit("/console/messages/test", to="administrators")
        self.assertEqual(reply.status, 409)
        self.assertIn("smtp_url", as_("admin").text)
        self.assertEqual(self.events("notification.tested"), [])
        self.assertNotIn("/console/messages/test", self.page("olga", "/console/messages"))


class Waiting(Case):
    def test_requests_that_wait_beside_a_certificate(self):
        def ask(profile, key):
            csr = der.csr(key, subject=[("CN", "www.example.test")], extensions=[der.extension("subjectAltName", der.san(dns=["www.example.test"]))])
            return PEOPLE["alice"].post(f"/pki/request/{profile}", {"pkcs10": base64.b64encode(csr).decode()})
        key = der.Key(env.scratch, "ec:P-256")
        number = self.expect(ask("User", key), 201).json["certificate"]["id"]
        other, same = (self.expect(ask("WebServer", k), 201).json["id"] for k in (KEY, key))
        spki = admin.get(f"/pki/certificate/{number}").json["spki_sha256"]
        olga = PEOPLE["olga"]
        found = self.expect(olga.get(f"/pki/requests?status=pending&spki_sha256={spki}"), 200).json["entries"]
        self.assertEqual([r["id"] for r in found], [same])
        for bad in ("spki_sha256=00", "spki_sha256=" + "x" * 64, "replaces=x", "replaces=0"):
            self.expect(olga.get(f"/pki/requests?{bad}"), 422)
        self.assertEqual(self.expect(olga.get(f"/pki/requests?replaces={number}"), 200).json["entries"], [])
        env.sql(f"update request set follows = {number} where id = {other}")
        found = self.expect(olga.get(f"/pki/requests?replaces={number}"), 200).json["entries"]
        self.assertEqual([(r["id"], r["replaces"]) for r in found], [(other, number)])
        text = self.page("olga", f"/console/certificates/{number}")
        self.assertIn(f'href="/requests/{other}">Request {other}</a> for the renewal of this certificate', text)
        self.assertIn(f'href="/requests/{same}">Request {same}</a> for the same key', text)
        self.assertIn(f"/requests/{other}", self.page("alice", f"/console/certificates/{number}"))
        self.assertNotIn(f"/requests/{other}", self.page("anna", f"/console/certificates/{number}"))   # nor over REST
        for request in (other, same):
            env.admin("request", "deny", request, "--comment", "a test")
        self.assertNotIn("Requests that wait", self.page("olga", f"/console/certificates/{number}"))

    def test_state_of_the_trail(self):
        env.admin("job", "run", "audit-seal")
        text = self.page("otto", "/console/audit")
        self.assertIn("<code>audit-seal</code>", text)
        self.assertIn("gatehouse audit verify", text)
        self.assertIn(" UTC</time>", text)


class Verification(Case):
    """Of the audit trail, in the background."""
    def setUp(self):
        super().setUp()
        env.admin("job", "run", "audit-seal")
        self.row = env.count("select max(audit_id) from audit_leaf")

    def checks(self):
        return self.expect(PEOPLE["otto"].get("/pki/audit/verify"), 200).json

    def wait_idle(self):
        wait_for(lambda: self.checks()["running"] is None and not any(
            j["wanted"] or j["running"] for j in admin.get("/pki/jobs").json["entries"] if j["name"] == "audit-verify"), "none is under way")

    def verified(self, ask):
        """What a verification says that begins now."""
        self.wait_idle()
        begun = env.count("select coalesce(max(id), 0) from audit_check")
        ask()
        wait_for(lambda: env.count(f"select count(*) from audit_check where id > {begun} and ended_at is not null") > 0, "it has ended")
        return self.checks()["last"]

    def over_rest(self):
        reply = self.expect(PEOPLE["otto"].post("/pki/audit/verify", {}), 202)
        self.assertEqual(reply.json, {"name": "audit-verify", "wanted": True})

    def by_form(self):
        self.page("otto", "/console/audit")
        self.expect(as_("otto").submit("/console/audit/verify"), 200)

    def found(self, check):
        return [(f["kind"], f["row"]) for f in check["findings"]]

    def test_what_is_as_it_was(self):
        check = self.verified(self.over_rest)
        self.assertEqual((check["intact"], check["finding_count"], check["findings"]), (True, 0, []))
        self.assertGreaterEqual(check["rows"], env.count(f"select count(*) from audit_leaf where audit_id <= {self.row}"))
        self.assertEqual(check["head"], env.sql(f"select upper(encode(head, 'hex')) from audit_seal where id = {check['last_seal']}")[0][0])
        text = self.page("otto", "/console/audit")
        self.assertIn(check["head"], text)
        self.assertIn('class="outcome success">intact</span>', text)
        self.assertEqual(env.sql(f"select outcome, actor from audit where event = 'job.wanted' and object = 'audit-verify' and id > {self.begin}"), [["success", "otto"]])
        wait_for(lambda: env.count(f"select count(*) from audit where event = 'audit.verified' and outcome = 'success' and id > {self.begin}") > 0, "it is recorded")

    def change(self, detail):
        env.without_triggers(f"update audit set detail = {detail} where id = {self.row}")

    def test_a_row_that_was_changed(self):
        before = env.sql(f"select quote_nullable(detail) from audit where id = {self.row}")[0][0]
        self.addCleanup(self.verified, self.over_rest)  # so that others find it well
        self.addCleanup(self.change, before)
        self.change("'<b>forged</b>'")
        self.assertEqual(self.found(self.verified(self.by_form)), [("row_changed", self.row)])
        text = self.page("otto", "/console/audit")
        self.assertIn(f"row {self.row} was changed", text)
        self.assertIn('class="outcome failure">NOT INTACT</span>', text)
        status = self.expect(PEOPLE["olga"].get("/pki/status"), 200).json
        self.assertIn("the audit trail is not what was sealed; findings: 1", [f["what"] for f in status["findings"]])
        self.assertEqual(status["state"], "CRITICAL")
        wait_for(lambda: "gatehouse_audit_findings 1\n" in Client(env).get("/metrics").body.decode(), "the metric tells it", 60)
        self.assertEqual(env.sql(f"select outcome from audit where event = 'audit.verified' and id > {self.begin} order by id desc limit 1"), [["failure"]])
        self.change(before)
        self.assertEqual(self.found(self.verified(lambda: env.admin("job", "run", "audit-verify"))), [])
        self.assertIn('class="outcome success">intact</span>', self.page("otto", "/console/audit"))

    def test_one_that_was_left_in_the_middle_goes_on(self):
        """A gateway that ends leaves it where it stood; what it had found stays."""
        self.wait_idle()
        env.sql("""insert into audit_check (last_seal, seals, rows, findings, found) values (1, 1, 7, 1, '[{"text": "row 5 was changed"}]')""")
        env.admin("job", "run", "audit-verify")
        check = self.checks()["last"]
        self.assertEqual((check["finding_count"], check["findings"][0]["text"]), (1, "row 5 was changed"))
        self.assertEqual(check["seals"], check["last_seal"])
        self.assertTrue(self.verified(self.over_rest)["intact"])

    def test_who_may_not(self):
        for who in set(PASSWORDS) - {"otto", "admin"}:  # who is an auditor, too, here
            self.expect(PEOPLE[who].get("/pki/audit/verify"), 403)
            self.expect(PEOPLE[who].post("/pki/audit/verify", {}), 403)
            self.assertEqual(as_(who).send("POST", "/console/audit/verify", {"csrf": token(who)}).status, 403)
        self.expect(PEOPLE["otto"].send("POST", "/pki/audit/verify", {}, Sec_Fetch_Site="cross-site"), 403)
        sent = {"csrf": token("otto")}
        self.assertEqual(as_("otto").send("POST", "/console/audit/verify", {"csrf": token("olga")}).status, 403)
        self.assertEqual(as_("otto").send("POST", "/console/audit/verify", sent, site="cross-site").status, 403)
        self.assertEqual(self.events("job.wanted"), [])
        self.expect(PEOPLE["admin"].post("/pki/jobs/audit-verify/run", {}), 202)  # administrators run jobs


class Packages(Case):
    @staticmethod
    def firmware(version):
        return packages.signed(packages.FIRMWARE, packages.firmware(), MAKER, [packages.firmware_id(version=version)])

    def numbers(self):
        return [p["id"] for p in PEOPLE["otto"].get("/pki/packages").json["entries"]]

    def tearDown(self):
        for number in self.numbers():
            if number != 1:
                PEOPLE["olga"].send("DELETE", f"/pki/package/{number}")

    def put(self, what, called="router.fw", **fields):
        self.page("olga", "/console/packages")
        fields = {"kind": "firmware", "audience": "all", **fields}
        return as_("olga").submit("/console/packages", files={"file": (called, what)}, **fields)

    def test_put_in_shown_and_removed(self):
        b, what = as_("olga"), self.firmware(7)
        self.expect(self.put(what, package="router <b>", until="2099-01-31", answer="yes"), 200)
        number = self.numbers()[-1]
        path = f"/console/packages/{number}"
        self.assertEqual(b.path, path)
        for part in ("router &lt;b&gt;", "2099-01-31T00:00:00Z", "innerContent=firmwarePackage", "Nobody has fetched it yet."):
            self.assertIn(part, b.text)
        shown = PEOPLE["otto"].get(f"/pki/package/{number}").json
        self.assertEqual((shown["kind"], shown["audience"], shown["wants_receipt"], shown["size"], shown["expires_at"]), ("firmware", "all", True, len(what), "2099-01-31T00:00:00Z"))
        for who in STAFF:
            self.assertEqual("/remove" in self.page(who, path), who in OFFICERS)
            self.assertEqual('name="file"' in self.page(who, "/console/packages"), who in OFFICERS)
            self.assertIn(f'<a href="{path}">router &lt;b&gt;</a>', as_(who).text)
            self.page(who, path + "/remove", 200 if who in OFFICERS else 403)
        self.assertIn(number, self.numbers())  # it was asked only
        self.page("olga", path + "/remove")
        self.expect(b.submit(path + "/remove"), 200)
        self.assertEqual(b.path, "/console/packages")
        self.assertNotIn(number, self.numbers())
        self.page("olga", path, 404)
        self.page("olga", path + "/remove", 404)
        self.assertEqual(self.events("package.added", "package.removed"), [("package.added", f"package/{number}", "olga"), ("package.removed", f"package/{number}", "olga")])

    def test_named_as_its_file(self):
        self.expect(self.put(self.firmware(8), called="r\u00fcckw\u00e4rts.fw"), 200)
        self.assertEqual(PEOPLE["otto"].get(f"/pki/package/{self.numbers()[-1]}").json["name"], "r\u00fcckw\u00e4rts.fw")

    def test_what_is_wrong_stands_beside_its_field(self):
        good, before = self.firmware(9), self.numbers()
        for status, field, what, fields in (
                (400, "file", b"", {}), (400, "file", b"x" * 100, {}), (400, "file", good[:-1], {}), (400, "file", good, {"kind": "tamp-update"}),
                (422, "kind", good, {"kind": "none"}), (422, "kind", good, {"kind": ""}), (400, "audience", good, {"audience": "nobody"}), (422, "audience", good, {"audience": ""}),
                (422, "until", good, {"until": "soon"}), (422, "answer", good, {"answer": "perhaps"}), (400, "until", good, {"until": "2020-01-01"}), (400, "package", good, {"package": "x" * 151}),
                (400, "reference", good, {"reference": "0a"}), (400, "answer", packages.content_info(packages.FIRMWARE, packages.firmware()), {"answer": "yes"}), (409, "file", self.firmware(1), {})):
            with self.subTest(field=field, **fields):
                self.expect(self.put(what, **{"package": EVIL, **fields}), status)
                text = as_("olga").text
                self.assertIn(f'href="#{field}"', text)
                self.assertRegex(text, f'name="{field}"[^>]*aria-invalid="true"')
                self.assertNotIn("<script>alert", text)
                self.assertIn('value="' + html.escape(fields.get("package", EVIL))[:8], text)  # what was typed comes back as text
        self.page("olga", "/console/packages")
        self.assertEqual(as_("olga").submit("/console/packages", kind="firmware", audience="all").status, 400)  # without a file
        self.assertEqual(self.put(good + b"x" * (300 * 1024)).status, 413)
        self.assertEqual(self.put(good, kind="\u00e4" * 20000).status, 413)  # a field that would fill its question
        self.assertEqual(self.numbers(), before)
        self.assertEqual(self.events("package.added"), [])

    def test_by_nobody_else(self):
        """Role by form; each with a file that an officer could put in."""
        what, before = {"file": ("x", self.firmware(10))}, self.numbers()
        for who in set(PASSWORDS) - OFFICERS:
            sent = {"csrf": token(who), "kind": "firmware", "audience": "all"}
            self.assertEqual(as_(who).send("POST", "/console/packages", sent, files=what).status, 403)
            self.assertEqual(as_(who).send("POST", "/console/packages/1/remove", {"csrf": sent["csrf"]}).status, 403)
        for other in ("", "x", token("otto")):
            sent = {"csrf": other, "kind": "firmware", "audience": "all"}
            self.assertEqual(as_("olga").send("POST", "/console/packages", sent, files=what).status, 403)
            self.assertEqual(as_("olga").send("POST", "/console/packages/1/remove", {"csrf": other}).status, 403)
        sent["csrf"] = token("olga")
        self.assertEqual(as_("olga").send("POST", "/console/packages", sent, files=what, site="cross-site").status, 403)
        self.assertEqual(as_("olga").send("POST", "/console/packages/1/remove", sent, site="cross-site").status, 403)
        self.assertEqual(self.numbers(), before)

    def test_who_got_it_and_answered(self):
        """Pages of clients, the newest first; of this package alone."""
        rows = "select 'c' || n, 'package/1', $$%s$$ || n, n %% 9 + 1, case when n = 120 then 'error' end, case when n = 120 then 17 end, n = 120, case when n = 120 then now() end from generate_series(1, 120) n" % EVIL
        env.sql("insert into package_delivery (client, object, client_name, downloads, answer, answer_code, is_signed, answered_at) " + rows)
        env.sql("insert into package_delivery (client, object, client_name) values ('c', 'package/11', 'somebody else')")
        text = self.page("otto", "/console/packages/1")
        self.assertNotIn("<script>", text)
        self.assertRegex(text, "error 17 .signed")
        seen, path = [], "/console/packages/1"
        while path:
            text = self.page("otto", path)
            self.assertNotIn("somebody else", text)
            seen += re.findall(r'<th scope="row">&lt;script&gt;.*?(\d+)</th>', text)
            more = re.search(r'href="(/console/packages/1\?after=[^"]+)"', text)
            path = html.unescape(more.group(1)) if more else None
        self.assertEqual(seen, [str(n) for n in range(120, 0, -1)])
        env.sql("delete from package_delivery where object in ('package/1', 'package/11')")
        for query in ("after=x", "who=x"):
            self.page("otto", f"/console/packages/1?{query}", 422)
            self.page("otto", f"/console/packages?{query}", 422)

    def test_in_a_browser(self):
        file = env.scratch / "b.fw"
        file.write_bytes(self.firmware(11))
        b = browser.of(env)
        b.open("/login?lang=de").fill(user="olga", password=PASSWORDS["olga"]).click("main button")
        b.mode("phone", dark=True).open("/console/packages")
        self.assertEqual(b.axe(), [])
        self.assertFalse(b.is_too_wide())
        b.mode("phone", javascript=False).fill(file=file, kind="firmware", audience="all").click("form[action='/console/packages'] button")
        number = self.numbers()[-1]
        self.assertEqual(b.path, f"/console/packages/{number}")
        b.mode("desktop").open(f"/console/packages/{number}/remove")
        self.assertEqual(b.axe(), [])
        b.click("button.danger").close()
        self.assertNotIn(number, self.numbers())


class Runs(Case):
    """Orders that change the metadata of many certificates: tried first, watched, stopped."""
    RUNS = "/console/metadata-runs"

    @classmethod
    def setUpClass(cls):
        env.await_catalog()
        cls.mine = [Client(env).enroll(der.csr(KEY, subject=[("CN", "alice")])).json["CMSID"] for _ in range(3)]
        cls.query = " OR ".join(f"Id -eq {n}" for n in cls.mine)

    def run_of(self, path=None):
        return PEOPLE["otto"].get("/pki/metadata-runs/" + (path or as_("olga").path).rpartition("/")[2]).json

    def ended(self, path):
        wait_for(lambda: self.run_of(path)["state"] != "running", "the end of a run")
        return self.run_of(path)

    def order(self, status=200, files=None, **fields):
        self.page("olga", self.RUNS + "/new")
        reply = as_("olga").submit(self.RUNS + ("/file" if files else ""), files=files, **fields)
        self.expect(reply, status)
        return as_("olga").path

    def values(self):
        return [PEOPLE["olga"].get(f"/pki/certificate/{n}/metadata").json for n in self.mine]

    def setUp(self):
        super().setUp()
        for n in self.mine:
            PEOPLE["olga"].send("PUT", f"/pki/certificate/{n}/metadata?merge=yes&overwrite=yes", {"Place": "here", "Floor": None, "Kept": None})

    def test_tried_then_done(self):
        search = "/console/certificates?query=" + urllib.parse.quote(self.query)
        for who in STAFF:
            self.assertEqual("/console/metadata-runs/new?query=" in self.page(who, search), who in OFFICERS)
        self.page("olga", search)
        self.expect(as_("olga").get(links(as_("olga").text, self.RUNS + "/new?query=")[0]), 200)
        self.assertEqual(as_("olga").form(self.RUNS).fields["query"], self.query)
        self.expect(as_("olga").submit(self.RUNS, **{"m-Place": "there", "m-Floor": "7"}), 200)
        path = as_("olga").path
        self.assertRegex(path, "^/console/metadata-runs/[0-9]+$")
        self.ended(path)
        text = self.page("olga", path)
        for part in ("100 %", "Place: here → there", "Floor: – → 7", "tried only", html.escape(self.query)):
            self.assertIn(part, text)
        self.assertEqual(self.values(), [{"Place": "here"}] * 3)
        for who in PASSWORDS:
            self.page(who, self.RUNS + "/new", 200 if who in OFFICERS else 403)
        for who in STAFF:  # auditors read
            self.assertEqual(self.RUNS + "/new" in self.page(who, self.RUNS), who in OFFICERS)
            self.assertEqual('name="do"' in self.page(who, path), who in OFFICERS)
        self.page("olga", path)
        self.expect(as_("olga").submit(self.RUNS), 200)
        done = as_("olga").path
        self.assertNotEqual(done, path)
        run = self.ended(done)
        self.assertEqual((run["dry_run"], run["query"], run["values"], run["changed"], run["actor"]), (False, self.query, {"Place": "there", "Floor": "7"}, 3, "olga"))
        self.assertEqual(self.values(), [{"Place": "there", "Floor": 7}] * 3)
        text = self.page("otto", self.RUNS)
        self.assertLess(text.index(f'href="{done}"'), text.index(f'href="{path}"'))
        self.assertEqual(self.events("metadata.run-started", "cert.metadata-changed")[-5:-3], [(e, o, "olga") for e, o in (
            ("metadata.run-started", f"metadata run {path.rpartition('/')[2]}"), ("metadata.run-started", f"metadata run {done.rpartition('/')[2]}"))])

    def test_values_are_taken_away_and_guarded_ones_kept(self):
        PEOPLE["olga"].send("PUT", f"/pki/certificate/{self.mine[0]}/metadata?merge=yes", {"Kept": "a"})
        path = self.order(query=self.query, do="yes", **{"x-Place": "yes", "m-Kept": "b"})
        self.assertEqual(counts(self.ended(path)), (2, 0, 1))
        self.assertEqual(self.values(), [{"Place": "here", "Kept": "a"}] + [{"Kept": "b"}] * 2)
        text = self.page("olga", path + "?outcome=refused")
        self.assertIn(f'href="/console/certificates/{self.mine[0]}"', text)
        self.assertNotIn("Kept: – → b", text)
        self.assertIn("is taken away", text)
        path = self.order(query=self.query, do="yes", overwrite="yes", **{"m-Kept": "c"})
        self.assertEqual(counts(self.ended(path)), (3, 0, 0))

    def test_from_a_file(self):
        lines = f"id,Place\n{self.mine[0]},there\n999999,there\n{self.mine[1]},nowhere\n".encode()
        path = self.order(files={"file": ("a.csv", lines)})
        self.assertEqual(counts(self.ended(path)), (1, 0, 2))
        text = self.page("olga", path)
        for part in ("Send the file again", "Place: here → there", "999999"):
            self.assertIn(part, text)
        self.assertNotIn('name="do"', text)
        self.assertEqual(self.values(), [{"Place": "here"}] * 3)
        path = self.order(files={"file": ("a.csv", lines)}, do="yes")
        self.assertEqual(counts(self.ended(path)), (1, 0, 2))
        self.assertEqual([v["Place"] for v in self.values()], ["there", "here", "here"])

    def test_what_is_wrong_stands_beside_its_field(self):
        before = len(PEOPLE["otto"].get("/pki/metadata-runs?limit=1000").json["entries"])
        for status, field, fields in ((400, "query", {"query": 'Departmnt -eq "a"', "m-Place": "here"}), (422, "query", {"query": "", "m-Place": "here"}),
                                      (400, "m-Place", {"m-Place": EVIL}), (400, "m-Floor", {"m-Floor": "1e400"}), (400, "", {}),
                                      (400, "", {"m-Place": "here", "x-Place": "yes"}), (400, "", {"m-None": "x"})):
            with self.subTest(**fields):
                self.order(status, **{"query": self.query, **fields})
                text = as_("olga").text
                self.assertIn('role="alert"', text)
                if field:
                    self.assertRegex(text, f'name="{field}"[^>]*aria-invalid="true"')
                self.assertNotIn("<script>alert", text)
                self.assertIn(html.escape(fields.get("query", self.query)), text)  # what was typed comes back
        for what in (b"", b"\xff\xfe", b"id,None\n1,2\n", b"id,Place\n", b'id,Place\n1,"a'):
            self.order(400 if what != b'id,Place\n1,"a' else 200, files={"file": ("a.csv", what)})
        self.assertEqual(len(PEOPLE["otto"].get("/pki/metadata-runs?limit=1000").json["entries"]), before + 1)
        for query in ("after=x", "who=x"):
            self.page("otto", f"{self.RUNS}?{query}", 422)
            self.page("otto", f"{self.RUNS}/1?{query}", 422)
        self.page("otto", self.RUNS + "/1?outcome=perhaps", 422)
        self.page("olga", self.RUNS + "/new?who=x", 422)
        self.page("otto", self.RUNS + "/999999", 404)

    def test_stopped(self):
        """At work while somebody else holds its certificate: it says so, and ends by the button; what it did not change stays."""
        lock = env.session(f"begin; update certificate set metadata = metadata where id = {self.mine[0]};")
        path = self.order(query=self.query, do="yes", **{"m-Floor": "9"})
        wait_for(lambda: env.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%FOR UPDATE OF c%'") > 0, "it waits")
        text = self.page("otto", path)
        self.assertIn("at work, 0 %", text)
        self.assertIn('class="live often" id="part-run"', text)
        self.assertNotIn("/cancel", text)  # an auditor looks on
        self.page("olga", path)
        self.expect(as_("olga").submit(path + "/cancel"), 200)
        self.assertEqual((as_("olga").path, self.run_of(path)["state"]), (path, "cancelled"))
        self.assertIn("stopped, 0 %", as_("olga").text)
        self.assertNotIn("often", as_("olga").text)
        self.assertEqual(as_("olga").send("POST", path + "/cancel", {"csrf": token("olga")}).status, 409)
        lock.commit()
        self.assertEqual(self.values(), [{"Place": "here"}] * 3)
        self.assertEqual([e[0] for e in self.events("metadata.run-started", "metadata.run-ended")], ["metadata.run-started", "metadata.run-ended"])

    def test_in_a_browser(self):
        """The form on a phone without a script, and a script that follows the run."""
        b = browser.of(env)
        b.open("/login?lang=de").fill(user="olga", password=PASSWORDS["olga"]).click("main button")
        b.mode("phone", dark=True).open(f"{self.RUNS}/new?query=" + urllib.parse.quote(self.query)).screenshot(browser.BUILD / "screenshots" / "admin-console-run-new.png")
        self.assertEqual(b.axe(), [])
        self.assertFalse(b.is_too_wide())
        lock = env.session(f"begin; update certificate set metadata = metadata where id = {self.mine[0]};")
        path = self.order(query=self.query, do="yes", **{"m-Floor": "5"})
        b.mode("desktop").open(path)
        state = lambda: b.driver.execute_script("return document.querySelector('#part-run p').textContent")
        self.assertIn("arbeitet, 0 %", state())
        lock.commit()
        wait_for(lambda: "fertig, 100 %" in state(), "the page says that it has ended", 60)
        self.assertEqual(b.all("#part-run form"), [])
        b.close()


    def test_hostile_rows_are_text(self):
        number = env.sql("insert into metadata_run (actor, actor_kind, query, given, overwrites, is_dry, place, last, changed, state, problem) values "
                         "($$%s$$, 1, $$%s$$, jsonb_build_object($$%s$$, $$%s$$), false, false, 500, 2000, 41, 'failed', $$%s$$) returning id" % ((EVIL,) * 5))[0][0]
        env.sql("insert into metadata_run_item (run_id, n, key, outcome, detail, changes) values (%s, 1, jsonb_build_object('serial', $$%s$$), 'refused', $$%s$$, "
                "jsonb_build_array(jsonb_build_object('field', $$%s$$, 'old', $$%s$$, 'new', 1)))" % (number, *(EVIL,) * 4))
        for path in (self.RUNS, f"{self.RUNS}/{number}"):
            text = self.page("olga", path)
            self.assertIn("25 %", text)
            self.assertNotIn("<script>alert", text)
            self.assertNotIn("\u202e", text)


class People(Case):
    def setUp(self):
        super().setUp()
        self.name = f"zora-{self.begin}"
        env.admin("user", "create", self.name, "--role", "admin", "--role", "officer", "--password-file", "-", stdin=b"zora-secret")
        self.zora = Person(self.name, "zora-secret", env)
        self.path = f"/pki/users/{self.name}"
        self.addCleanup(env.admin, "user", "disable", self.name)
        self.begin = env.count("select max(id) from audit")

    def roles(self, name):
        return next(u["roles"] for u in admin.get("/pki/users").json["entries"] if u["name"] == name)

    def put(self, who, path, body):
        return who.send("PUT", path, body)

    def test_api_tells_what_the_command_tells(self):
        self.assertEqual(self.expect(admin.get("/pki/users"), 200).json["entries"], env.admin("user", "list", "--json"))
        self.assertNotIn("$2", admin.get("/pki/users").body.decode())

    def test_rights_are_taken_away_and_not_given(self):
        for who in set(PASSWORDS) - ADMIN:
            self.expect(self.put(PEOPLE[who], self.path + "/roles", {"roles": ["officer"]}), 403)
        self.expect(self.zora.get("/pki/users"), 200)
        reply = self.expect(self.put(admin, self.path + "/roles", {"roles": ["officer"]}), 200)
        self.assertEqual(reply.json, {"name": self.name, "roles": ["officer"]})
        self.expect(self.zora.get("/pki/users"), 403)
        self.expect(self.zora.get("/pki/jobs"), 200)
        for roles in (["admin"], ["officer", "admin"], ["officer", "agent"], ["auditor"]):
            self.assertIn("gatehouse user", self.expect(self.put(admin, self.path + "/roles", {"roles": roles}), 403).json["message"])
        self.expect(self.put(admin, self.path + "/status", {"enabled": True}), 403)
        self.expect(self.put(admin, self.path + "/status", {"enabled": False}), 200)
        self.expect(self.zora.get("/pki/info"), 403)
        self.expect(self.put(admin, self.path + "/status", {"enabled": True}), 403)
        self.assertEqual(env.sql(f"select detail from audit where event = 'user.changed' and id > {self.begin} order by id"), [["roles: officer"], ["disabled"]])
        # the command gives
        env.admin("user", "roles", self.name, "--role", "auditor", "--role", "agent")
        env.admin("user", "enable", self.name)
        self.assertEqual(self.roles(self.name), ["auditor", "agent"])
        self.expect(self.zora.get("/pki/audit"), 200)

    def test_bad_input(self):
        for body in ({}, {"roles": []}, {"roles": "officer"}, {"roles": ["none"]}, {"roles": [7]}, {"roles": None}):
            self.assertEqual(list(self.expect(self.put(admin, self.path + "/roles", body), 422).json["errors"]), ["roles"])
        self.expect(self.put(admin, self.path + "/status", {"enabled": "no"}), 422)
        for name in ("none", "%00"):
            for what, body in (("roles", {"roles": ["officer"]}), ("status", {"enabled": False})):
                self.expect(self.put(admin, f"/pki/users/{name}/{what}", body), 404)
        self.assertEqual(self.events("user.changed"), [])

    def test_nobody_shuts_himself_out(self):
        self.expect(self.put(admin, "/pki/users/ADMIN/status", {"enabled": False}), 409)
        self.expect(self.put(admin, "/pki/users/ADMIN/roles", {"roles": ["admin"]}), 409)
        self.expect(self.put(self.zora, self.path + "/roles", {"roles": ["officer"]}), 409)
        self.assertEqual(self.events("user.changed"), [])

    def test_page(self):
        text = self.page("admin", "/console/users")
        for part in (self.name, "gatehouse user create", "Administrator"):
            self.assertIn(part, text)
        self.assertNotIn('action="/console/users/admin/', text)
        b, path = as_("admin"), f"/console/users/{self.name}"
        before = self.roles(self.name)
        self.assertGreater(len(before), 1)
        self.page("admin", "/console/users")
        self.expect(b.submit(path + "/roles"), 422)
        self.assertIn('role="alert"', b.text)
        for roles, status, part in (("agent", 403, "gatehouse user"), ("officer", 200, self.name)):
            self.page("admin", "/console/users")
            self.assertEqual(self.roles(self.name), before)
            self.expect(self.asked_again("admin", path + "/roles", roles=roles), status)
            self.assertIn(part, b.text)
        self.assertEqual(self.roles(self.name), ["officer"])
        self.expect(self.asked_again("admin", path + "/status"), 200)
        self.expect(self.zora.get("/pki/info"), 403)
        self.assertNotIn(path + "/status", b.text)


class Sessions(Case):
    """Of alice, who is nobody else's browser here."""

    def setUp(self):
        super().setUp()
        browsers.pop("alice", None)
        self.first, self.second = PlainBrowser(env), PlainBrowser(env)
        self.first.log_in("alice", PASSWORDS["alice"])
        self.name = next(r["name"] for r in admin.get("/pki/sessions?limit=1000").json["entries"] if r["name"].endswith("alice"))
        self.expect(admin.send("DELETE", self.user, {}), 200)  # those of other tests
        for b in (self.first, self.second):
            b.log_in("alice", PASSWORDS["alice"])
        self.addCleanup(browsers.pop, "alice", None)

    @property
    def user(self):
        return "/pki/sessions?user=" + urllib.parse.quote(self.name)

    def of_alice(self):
        return self.expect(admin.get(self.user), 200).json["entries"]

    def test_over_rest(self):
        rows = self.of_alice()
        self.assertEqual(rows, env.admin("session", "list", "--user", self.name, "--json"))
        self.assertEqual([len(rows), {r["kind"] for r in rows}], [2, {"directory"}])
        self.expect(admin.send("DELETE", f"/pki/sessions/{rows[0]['session']}", {}), 204)
        self.assertEqual([b.is_logged_in() for b in (self.first, self.second)].count(False), 1)
        self.expect(admin.send("DELETE", f"/pki/sessions/{rows[0]['session']}", {}), 404)
        self.assertEqual(self.expect(admin.send("DELETE", self.user.upper().replace("/PKI/SESSIONS?USER", "/pki/sessions?user"), {}), 200).json, {"ended": 1})
        self.assertEqual(self.of_alice(), [])
        ended = env.sql(f"select actor, detail, request_id is not null from audit where event = 'session.ended' and id > {self.begin}")
        self.assertEqual([tuple(r) for r in ended if "administrator" in r[1]][-2:], [("admin", "by an administrator", "t")] * 2)

    def test_by_pages(self):
        """None is missing, whoever logs in or out meanwhile."""
        def walk(more, meanwhile=lambda: None):
            seen, after = [], 0
            while after is not None:
                page = self.expect(admin.get(f"{self.user}&limit=2&after={after}{more}"), 200).json
                seen += [r["session"] for r in page["entries"]]
                after = page["next"]
                meanwhile()
            return seen
        extra = [PlainBrowser(env) for _ in range(3)]
        for b in extra:
            b.log_in("alice", PASSWORDS["alice"])
        all_of_them = [r["session"] for r in self.of_alice()]
        self.assertEqual(len(all_of_them), 5)
        for more in ("", "&order=newest"):
            self.assertEqual(walk(more), all_of_them)
        self.assertEqual(walk("&order=oldest"), all_of_them[::-1])
        newest = iter([lambda: self.expect(admin.send("DELETE", f"/pki/sessions/{all_of_them[1]}", {}), 204)])
        self.assertEqual(walk("", lambda: next(newest, lambda: None)()), all_of_them)
        self.assertEqual([r["session"] for r in env.admin("session", "list", "--user", self.name, "--limit", 3, "--json")],
                         [all_of_them[0], *all_of_them[2:4]])
        self.assertEqual(len(env.admin("session", "list", "--user", self.name, "--limit", 0, "--json")), 4)
        # the page
        env.sql(f"insert into session select decode(md5(n::text) || md5(n::text), 'hex'), kind, name, dn, directory_id, roles, method, certificate, mark, "
                f"address, created_at, ends_at, used_at, mac from session, generate_series(1, 120) n where substr(encode(id, 'hex'), 1, 16) = '{all_of_them[0]}' returning 1")
        text = self.page("admin", "/console/sessions?user=" + urllib.parse.quote(self.name))
        self.assertEqual(text.count('<th scope="row">'), 100)
        (link,) = re.findall(r'href="(/console/sessions\?[^"]*after=[^"]*)"', text)
        self.assertEqual(self.page("admin", html.unescape(link)).count('<th scope="row">'), 24)

    def test_bad_input_and_who_may_not(self):
        for path in ("/pki/sessions", "/pki/sessions?user=", "/pki/sessions?user=a&user=b", "/pki/sessions?all=yes", "/pki/sessions?user=a&x=1"):
            self.assertIn(admin.send("DELETE", path, {}).status, (400, 422))
        for path in ("/pki/sessions?limit=0", "/pki/sessions?limit=1001", "/pki/sessions?after=x", "/pki/sessions?order=up"):
            self.expect(admin.get(path), 422)
        for handle in ("0123", "%25", "..", "x" * 16):
            self.expect(admin.send("DELETE", f"/pki/sessions/{handle}", {}), 404)
        one = self.of_alice()[0]["session"]
        for who in set(PASSWORDS) - ADMIN:
            self.expect(PEOPLE[who].get("/pki/sessions"), 403)
            self.expect(PEOPLE[who].send("DELETE", f"/pki/sessions/{one}", {}), 403)
            self.expect(PEOPLE[who].send("DELETE", self.user, {}), 403)
        self.assertEqual(len(self.of_alice()), 2)

    def test_page(self):
        b, query = as_("admin"), "?user=" + urllib.parse.quote(self.name)
        text = self.page("admin", "/console/sessions")
        self.assertIn("this one", text)  # nobody ends the log-in that he looks with
        self.assertNotIn("/console/sessions/end", text)
        one = self.of_alice()[0]["session"]
        self.expect(self.asked_again("admin", f"/console/sessions/{one}/end", so_far=lambda: self.assertEqual(len(self.of_alice()), 2)), 200)
        self.assertEqual(len(self.of_alice()), 1)
        self.page("admin", "/console/sessions" + query)
        self.expect(self.asked_again("admin", "/console/sessions/end", so_far=lambda: self.assertEqual(len(self.of_alice()), 1)), 200)
        self.assertEqual(self.of_alice(), [])
        self.assertFalse(self.first.is_logged_in() or self.second.is_logged_in())
        self.assertNotIn("<script>", self.page("admin", "/console/sessions?user=" + urllib.parse.quote(EVIL)))


class Views(Case):
    """Rules that show certificates to groups. What a member then sees: e2e-test_search, Shown."""
    RULE = {"name": "own", "group": "cn=Web <b>,dc=example", "template": "WebServer"}

    def tearDown(self):
        for rule in env.admin("view", "list", "--json"):
            if rule["name"] != "web":
                env.admin("view", "remove", rule["name"])

    def test_over_rest(self):
        made = self.expect(admin.post("/pki/view-rules", self.RULE), 201)
        self.assertEqual(made.headers["location"], "/pki/view-rules/own")
        rule = {**self.RULE, "ca": None, "field": None, "value": None}
        self.assertEqual(made.json, rule)
        one = self.expect(admin.get("/pki/view-rules/OWN"), 200).json
        self.assertEqual({k: one[k] for k in rule}, rule)
        self.assertEqual(admin.get("/pki/view-rules").json["entries"], env.admin("view", "list", "--json"))
        self.assertEqual([e["name"] for e in admin.get("/pki/view-rules?limit=1&order=newest").json["entries"]], ["own"])
        self.expect(admin.send("DELETE", "/pki/view-rules/own"), 204)
        for method in ("GET", "DELETE"):
            self.expect(admin.send(method, "/pki/view-rules/own"), 404)
        self.assertEqual(self.events("view.rule-added", "view.rule-removed"), [("view.rule-added", "own", "admin"), ("view.rule-removed", "own", "admin")])

    def test_bad_input(self):
        for more, member in (({"name": ""}, "name"), ({"name": "a/b"}, "name"), ({"name": "a b"}, "name"), ({"name": "x" * 65}, "name"), ({"name": 7}, "name"), ({"name": None}, "name"),
                             ({"group": ""}, "group"), ({"group": "g" * 1025}, "group"), ({"group": "a\u0007"}, "group"), ({"group": None}, "group"), ({"template": "none"}, "template"),
                             ({"template": ["User"]}, "template"), ({"template": None, "ca": "none"}, "ca"), ({"template": None, "field": "None", "value": "x"}, "field"),
                             ({"template": None, "field": 'Id -ge 0 OR Department', "value": "x"}, "field"), ({"id": 1}, "id")):
            with self.subTest(**more):
                self.assertEqual(list(self.expect(admin.post("/pki/view-rules", {**self.RULE, **more}), 422).json["errors"]), [member])
        for more in ({"ca": "issuing"}, {"template": None}, {"template": None, "field": "Department"}, {"template": None, "value": "x"}, {"value": "x"}):
            self.expect(admin.post("/pki/view-rules", {**self.RULE, **more}), 422)
        self.expect(admin.post("/pki/view-rules", b"[]"), 400)
        self.expect(admin.post("/pki/view-rules", {**self.RULE, "name": "WEB"}), 409)
        self.expect(admin.get("/pki/view-rules?group=x"), 422)
        self.assertEqual(self.events("view.rule-added"), [])
        self.assertEqual([r["name"] for r in env.admin("view", "list", "--json")], ["web"])

    def test_who_may_not(self):
        for who in set(PASSWORDS) - ADMIN:
            for method, path, body in (("POST", "", self.RULE), ("DELETE", "/web", None), ("GET", "/web", None), ("GET", "", None)):
                self.expect(PEOPLE[who].send(method, "/pki/view-rules" + path, body), 403)
        self.expect(admin.send("POST", "/pki/view-rules", self.RULE, Origin="https://evil.example"), 403)
        self.expect(admin.send("DELETE", "/pki/view-rules/web", Origin="https://evil.example"), 403)
        self.assertEqual(self.events("view.rule-added", "view.rule-removed"), [])

    def test_no_more_than_count_for_one_person(self):
        for n in range(32):
            self.expect(admin.post("/pki/view-rules", {"name": f"r{n}", "group": "many", "template": "User"}), 201)
        env.await_catalog()
        self.assertEqual(list(self.expect(admin.post("/pki/view-rules", {"name": "more", "group": "MANY", "template": "User"}), 422).json["errors"]), ["group"])

    def test_pages(self):
        b = as_("admin")
        for fields in ({"template": "User"}, {"ca": "issuing"}, {"field": "Department", "value": '"it" <b>'}):
            self.page("admin", "/console/views")
            self.expect(b.submit("/console/views", rule="mine", group="g <i>", **fields), 200)
            self.assertEqual(b.path, "/console/views")
            self.assertIn("g &lt;i&gt;", b.text)
            one = admin.get("/pki/view-rules/mine").json
            self.assertEqual({k: one[k] for k in ("template", "ca", "field", "value") if one[k] is not None}, fields)
            self.page("admin", "/console/views/mine")  # asks
            self.expect(b.submit("/console/views/mine/remove"), 200)
            self.assertEqual(b.path, "/console/views")
            self.page("admin", "/console/views/mine", 404)
        for fields, status in (({"rule": "web", "template": "User"}, 409), ({"rule": EVIL, "template": "User"}, 422), ({"rule": "two", "template": "User", "ca": "issuing"}, 422), ({"rule": "none"}, 422)):
            self.page("admin", "/console/views")
            reply = b.submit("/console/views", **{"group": EVIL, **fields})
            self.assertEqual(reply.status, status, reply.body)
            self.assertNotIn("<script>", b.text)
            self.assertIn("&lt;script&gt;", b.text)  # what was typed comes back as text
        self.assertEqual(len(self.events("view.rule-added")), 3)

class Endpoints(Case):
    def test_list_and_one(self):
        text = self.page("olga", "/console/endpoints?failing=&host=")
        for part in (f'<a href="/console/endpoints/1">{PLACE}</a>', "127.0.0.1:1</a>", "imap", "Connection refused"):
            self.assertIn(part, text)
        text = self.page("olga", "/console/endpoints?failing=yes")
        self.assertNotIn(PLACE, text)
        self.assertIn('href="/console/endpoints/2"', text)
        self.assertIn('href="/console/endpoints/1"', self.page("olga", "/console/endpoints?host=LOCALHOST"))
        self.assertIn("There is none.", self.page("olga", "/console/endpoints?host=elsewhere"))
        self.assertIn("It has not served any certificate yet.", self.page("otto", "/console/endpoints/2"))
        for query in ("failing=x", "who=x", "after=x", "host=" + "x" * 300):
            self.page("olga", f"/console/endpoints?{query}", 422)
        self.page("olga", "/console/endpoints/999999", 404)

    def test_from_certificate_to_endpoint_and_back(self):
        number = PEOPLE["olga"].get("/pki/endpoint/1").json["certificate_id"]
        self.assertEqual(self.page("olga", "/console/endpoints/1").count(f'href="/console/certificates/{number}"'), 2)
        self.assertIn('href="/console/endpoints/1"', self.page("olga", f"/console/certificates/{number}"))
        self.assertNotIn("/console/endpoints/1", self.page("alice", f"/console/certificates/{number}"))

    def test_pages(self):
        env.sql("insert into scan_endpoint (host, port, start, sni, error) select 'many.test', n, 'tls', '', 'x' from generate_series(1, 120) n")
        seen, path = [], "/console/endpoints?host=many.test"
        while path:
            text = self.page("olga", path)
            seen += re.findall(r">many\.test:(\d+)</a>", text)
            more = re.search(r'href="(/console/endpoints\?after=[^"]+)"', text)
            path = html.unescape(more.group(1)) if more else None
        self.assertEqual(seen, [str(n) for n in range(1, 121)])
        env.sql("delete from scan_endpoint where host = 'many.test'")


class InBrowser(Case):
    @classmethod
    def setUpClass(cls):
        cls.browser = browser.of(env)
        cls.browser.open("/login?lang=en").fill(user="admin", password=PASSWORDS["admin"]).click("main button")

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()

    # one mode for each page, in turn
    def test_axe_finds_nothing(self):
        b = self.browser
        shots = browser.BUILD / "screenshots"
        b.console()
        areas = "|".join(json.loads((browser.TOP / "conf" / "languages" / "en.json").read_text()))
        for i, (_, path, who_may, _) in enumerate(PAGES):
            if "admin" not in who_may:
                continue
            mode = browser.MODES[i % len(browser.MODES)]
            with self.subTest(path=path, **mode):
                b.mode(**mode).open(path + f"?lang={'de' if i % 2 else 'en'}")
                b.screenshot(shots / f"admin{path.replace('/', '-')}.png")
                self.assertEqual(b.axe(), [])
                self.assertEqual(b.console(), [])
                self.assertFalse(b.is_too_wide())
                self.assertNotRegex(b.text("html"), rf"\b(?:{areas})\.[a-z_0-9]+\b")

    def test_asked_again(self):
        """Without scripts: the page that asks does nothing, its button does."""
        def enabled():
            return env.admin("est", "label", "show", "gate", "--json")["enabled"]
        env.admin("est", "label", "add", "gate", "--template", "User", "--ca", "issuing", "--auth", "cert", "--renewal-days", "30")
        self.addCleanup(env.admin, "est", "label", "remove", "gate", "--yes")
        b, form = self.browser, "form[action='/console/labels/gate/status'] button"
        for mode, lang in (("phone", "de"), ("desktop", "en")):
            b.mode(mode, dark=mode == "phone", javascript=False).open(f"/console/labels?lang={lang}")
            b.screenshot(browser.BUILD / "screenshots" / f"admin-console-label-{mode}.png")
            self.assertFalse(b.is_too_wide())
            b.follow(b.one(form), "the form")
            b.one("input[name='confirmed']")
            b.screenshot(browser.BUILD / "screenshots" / f"admin-console-confirm-{mode}.png")
            self.assertFalse(b.is_too_wide())
            self.assertTrue(enabled())
            b.follow(b.one("main a.button"), "back")
            self.assertTrue(enabled())
        b.follow(b.one(form), "the form")
        b.follow(b.one("main form button"), "the second form")
        self.assertFalse(enabled())
        b.mode("desktop").open("/console/cas/issuing")
        b.follow(b.one("form[action='/console/cas/issuing/status'] button"), "the form of a CA")
        self.assertEqual(b.axe(), [])

    def test_ways_beside_the_content_or_behind_one_line(self):
        """Without scripts, by the keyboard."""
        def shown():
            return [a for a in self.browser.all(".ways a") if a.is_displayed()]
        b = self.browser.mode("desktop", javascript=False).open("/console/cas/issuing")
        wide = shown()
        self.assertGreaterEqual(len(wide), len([p for _, p, who, _ in PAGES if "admin" in who and p.count("/") == 2]))
        self.assertEqual(len({a.location["x"] for a in wide}), 1)
        self.assertLess(wide[0].location["x"], b.one("h1").location["x"])
        self.assertEqual([(a.text, a.get_attribute("aria-current")) for a in wide if a.get_attribute("aria-current")], [("CAs", "true")])
        b.mode("phone", javascript=False).open("/console")
        height = b.one(".ways").size["height"]
        self.assertLess(height, b.one("h1").size["height"] * 3)
        b.one(".ways summary").send_keys(Key.ENTER)
        self.assertGreater(b.one(".ways").size["height"], height * 3)
        self.assertEqual(len(shown()), len(wide))
        self.assertFalse(b.is_too_wide())
        b.follow(b.one(".ways .narrow a[href='/console/users']"), "People")
        self.assertEqual(b.path, "/console/users")
        b.mode()


if __name__ == "__main__":
    tap.main()
