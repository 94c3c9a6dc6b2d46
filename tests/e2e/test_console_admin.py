#!/usr/bin/python3
"""The console for those who administer: each page and each form for whom the REST API has it, and for nobody else; what the API refuses, the page
refuses. In Chromium each page, in one mode, has no findings of axe-core. The system's python3, for Selenium."""

import json
import unittest

import browser
import tap
from console_admin_pages import ADMIN, PAGES, STAFF
from environment import Environment, wait_for
from person import Person
from plain_browser import PlainBrowser

env = Environment("console-admin", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="limits { failures = 1000 }")
var = env.var
PASSWORDS = {"alice": "alice-secret", "admin": var["GATEHOUSE_ADMIN_PASSWORD"], "olga": var["GATEHOUSE_OFFICER_PASSWORD"],
             "otto": var["GATEHOUSE_AUDITOR_PASSWORD"], "anna": var["GATEHOUSE_AGENT_PASSWORD"], "bert": var["GATEHOUSE_AGENT2_PASSWORD"]}
PEOPLE = {name: Person(name, password, env) for name, password in PASSWORDS.items()}
admin = PEOPLE["admin"]
EVIL = '<script>alert(1)</script>"\u202e'
browsers = {}


def as_(who):
    """A browser in which who is logged in."""
    if who not in browsers:
        browsers[who] = PlainBrowser(env)
        browsers[who].log_in(who, PASSWORDS[who])
    return browsers[who]


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
        yield "/console/cas/none/lock", {}, ADMIN

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
        rows = self.expect(PEOPLE["otto"].get("/pki/authorities"), 200).json["entries"]
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

    def test_unlock_and_lock(self):
        b = as_("admin")
        admin.post("/api/v1/certificate-authorities/spare/password/lock", {})
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
        self.assertEqual(b.submit("/console/cas/spare/lock").status, 200)
        self.assertIn("key locked", b.text)
        self.assertIsNone(self.status()["unlocked_until"])
        events = [e for e, in env.sql(f"select event || ':' || outcome from audit where id > {self.begin} and event like 'ca.password%' order by id")]
        self.assertEqual(len([e for e in events if e.startswith("ca.password.unlock") and e.endswith("success")]), 1, events)
        self.assertNotIn(self.PASSWORD, env.log())

    def test_unlocking_what_has_no_password(self):
        sent = {"csrf": token("admin"), "password": "x" * 12}
        self.assertEqual(as_("admin").send("POST", "/console/cas/root/unlock", sent).status, 409)
        self.assertEqual(as_("admin").send("POST", "/console/cas/none/unlock", sent).status, 404)


class InBrowser(Case):
    # one mode for each page, in turn
    def test_axe_finds_nothing(self):
        b = browser.of(env)
        shots = browser.BUILD / "screenshots"
        shots.mkdir(exist_ok=True)
        b.open("/login?lang=en").fill(user="admin", password=PASSWORDS["admin"]).click("main button")
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
        b.close()


if __name__ == "__main__":
    tap.main()
