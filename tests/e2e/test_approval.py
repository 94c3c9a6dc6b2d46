#!/usr/bin/env python3
"""docs/approval.md: requests that several officers must agree to, and what they become."""

import concurrent.futures
import hashlib
import json
import os
import pty
import re
import signal
import ssl
import subprocess
import threading
import unittest

import der
import tap
from client import Client
from environment import BUILD, TOP, Environment, wait_for
from person import Person
from plain_browser import PlainBrowser

env = Environment("approval", GATEHOUSE_CONF_EXTRA="""
rest { application = "demo" }
roles { officer_groups = "pki-officers" }
limits { failures = 1000 }
jobs { requests = 0 }
""")
KEY = der.Key(env.scratch, "ec:P-256")


def officer(name):
    """A local administrator who is an officer."""
    password = env.scratch / f"{name}.password"
    password.write_text(f"{name}-of-approval\n")
    env.admin("user", "create", name, "--role", "officer", "--password-file", password)
    return Person(name, f"{name}-of-approval", env)


alice, bob, carol = (Person(n, f"{n}-secret", env) for n in ("alice", "bob", "carol"))
olga = Person("olga", (env.dir / "state" / "officer.password").read_text().strip(), env)


def csr(host):
    return der.csr(KEY, subject=[("CN", host)], extensions=[der.extension("subjectAltName", der.san(dns=[host]))])


def import_template(**changes):
    template = json.loads((TOP / "conf/templates/WebServer.json").read_text())
    path = env.scratch / "WebServer.json"
    path.write_text(json.dumps({**template, **changes}))
    env.admin("template", "import", path)
    env.await_catalog()


class Case(unittest.TestCase):
    approvals = 1

    @classmethod
    def setUpClass(cls):
        import_template(approvals=cls.approvals)

    def expect(self, reply, status, code=None):
        self.assertEqual(reply.status, status, reply.body)
        if code is not None:
            self.assertEqual(reply.json["code"], code, reply.body)
        return reply

    def ask(self, host="shop.example.test", who=alice):
        reply = self.expect(who.post("/pki/request/WebServer", {"pkcs10": der.b64(csr(host))}), 201)
        self.assertEqual(reply.json["status"], "pending")
        return reply.json["id"]

    def decide(self, who, number, status="approved", etag=None, **more):
        etag = etag or who.get(f"/pki/request/{number}/status").headers["etag"]
        return who.send("PUT", f"/pki/request/{number}/status", {"status": status, **more}, If_Match=etag)

    def state(self, number, who=olga):
        return self.expect(who.get(f"/pki/request/{number}"), 200).json

    def rows(self, number):
        return env.count(f"select count(*) from request_approval where request_id = {number}")

    def issued(self, number):
        return env.count(f"select count(*) from certificate where request_id = {number}")


class TwoOfTwo(Case):
    approvals = 2

    def test_the_last_one_issues(self):
        number = self.ask("two.example.test")
        state = self.state(number)
        self.assertEqual((state["required"], state["approved"], state["approvals"]), (2, 0, []))
        first = self.expect(self.decide(olga, number, comment="ticket 4711"), 200)
        self.assertEqual((first.json["status"], first.json["required"], first.json["approved"]), ("pending", 2, 1))
        self.assertEqual(first.headers["etag"], '"v2"')
        self.assertEqual(self.issued(number), 0)
        # the requester sees who has agreed
        seen = self.state(number, alice)["approvals"]
        self.assertEqual([(a["name"], a["comment"]) for a in seen], [("olga", "ticket 4711")])
        last = self.expect(self.decide(carol, number), 200).json
        self.assertEqual((last["status"], last["approved"], len(last["approvals"])), ("issued", 2, 2))
        self.assertNotIn("required", last)
        self.assertEqual(self.issued(number), 1)
        events = env.sql(f"select event, actor, detail from audit where object ~ '^request {number}( |$)' order by id")
        self.assertEqual([e[0] for e in events], ["request.agreed", "request.approved"])
        self.assertEqual(events[0][1:], ["olga", "approval 1 of 2: ticket 4711"])

    def test_nobody_twice_by_any_name(self):
        number = self.ask("twice.example.test")
        self.expect(self.decide(carol, number), 200)
        self.expect(self.decide(carol, number), 409, "conflict")
        # local administrators of the name of the officer, and of that of the requester
        for who, status in ((officer("Carol@elsewhere"), 409), (officer("ALICE@elsewhere"), 403)):
            reply = self.expect(self.decide(who, number), status)
        self.assertIn("own request", reply.json["message"])
        own = self.ask("own.example.test", carol)
        self.expect(self.decide(carol, own), 403, "forbidden")
        self.assertEqual((self.rows(number), self.rows(own), self.issued(number)), (1, 0, 0))
        self.expect(self.decide(olga, number), 200)
        self.assertEqual(self.issued(number), 1)

    def test_one_denial_is_enough(self):
        number = self.ask("denied.example.test")
        self.expect(self.decide(olga, number), 200)
        self.assertEqual(self.expect(self.decide(carol, number, "rejected"), 200).json["status"], "denied")
        self.expect(self.decide(olga, number), 409)
        self.assertEqual(self.issued(number), 0)

    def test_by_command(self):
        number = self.ask("command.example.test")
        done = env.admin("request", "approve", number, "--comment", "seen", "--json")
        self.assertEqual((done["state"], done["message"]), ("pending", "Approved by 1 of 2 officers"))
        shown = env.admin("request", "show", number, "--json")
        self.assertEqual((shown["required"], shown["approved"], shown["approvals"][0]["comment"]), (2, 1, "seen"))
        again = env.admin("request", "approve", number, check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn(b"already", again.stderr)
        self.expect(self.decide(olga, number), 200)
        self.assertEqual(env.admin("request", "show", number, "--json")["state"], "issued")

    def test_two_at_once(self):
        """Each approves what he saw; who was slower reads it again."""
        for n in range(4):
            number = self.ask(f"race{n}.example.test")
            barrier = threading.Barrier(2)

            def one(who):
                barrier.wait()
                return self.decide(who, number, etag='"v1"').status
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                self.assertEqual(sorted(pool.map(one, (olga, carol))), [200, 412])
            state = self.state(number)
            self.assertEqual((state["status"], state["approved"], state["version"]), ("pending", 1, 2))
            slower = carol if state["approvals"][0]["name"] == "olga" else olga
            self.expect(self.decide(slower, number), 200)
            self.assertEqual(self.issued(number), 1)

    def test_a_template_that_wants_more_meanwhile(self):
        number = self.ask("more.example.test")
        self.expect(self.decide(olga, number), 200)
        import_template(approvals=3)
        try:
            self.assertEqual(self.expect(self.decide(carol, number), 200).json["status"], "pending")
            import_template(approvals=2)
            done = env.admin("request", "approve", number, "--json")
            self.assertEqual((done["state"], self.rows(number)), ("issued", 3))
        finally:
            import_template(approvals=2)

    def test_killed_before_the_commit(self):
        """Whatever is killed when: what is counted is what is there, and who was not answered asks again."""
        number = self.ask("killed.example.test")
        with env.session(f"begin; select id from request where id = {number} for update"):
            pool = concurrent.futures.ThreadPoolExecutor(1)
            asked = pool.submit(self.decide, olga, number, etag='"v1"')
            wait_for(lambda: env.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'request_approval'"),
                     "the approval waits")
            for pid in env.workers():
                os.kill(pid, signal.SIGKILL)
            with self.assertRaises(OSError):
                asked.result()
        pool.shutdown()
        env.gateway("halt")
        env.gateway("run")
        env.wait_ready()
        wait_for(lambda: not env.count("select count(*) from pg_stat_activity where query ~ 'request_approval' and state = 'active' "
                                       "and pid <> pg_backend_pid()"), "its statement has ended")
        for who in (olga, carol):
            who.client = Person(who.user, "", env).client
        state = self.state(number)
        self.assertEqual(state["approved"], self.rows(number))
        self.assertEqual(self.decide(olga, number).status, 409 if state["approved"] else 200)
        self.expect(self.decide(carol, number), 200)
        self.assertEqual((self.rows(number), self.issued(number)), (2, 1))


class Password(Case):
    """A CA whose password needs no officer."""
    RIGHT, WRONG = "Korrekt-Pferd-Batterie", "wrong-horse-battery"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set(cls.RIGHT)
        cls.addClassCleanup(env.admin, "ca", "approval-password", "remove", "issuing", check=False)

    @staticmethod
    def set(password):
        env.admin("ca", "approval-password", "set", "issuing", "--password-file", "-", stdin=(password + "\n").encode())
        env.await_catalog()

    def setUp(self):
        env.psql("delete from approval_attempt")

    CSR = der.b64(csr("password.example.test"))

    def send(self, password, who=alice, status=201, **more):
        body = {"pkcs10": self.CSR, **({} if password is None else {"approval_password": password})}
        return self.expect(who.post("/pki/request/WebServer", body, **more), status)

    def became(self, *args, **more):
        return self.send(*args, **more).json["status"]

    def audited(self, event):
        return env.sql(f"select outcome, actor, coalesce(detail, '') from audit where event = 'ca.approval-password.{event}' order by id desc limit 1")[0]

    def test_right_wrong_and_missing(self):
        made = self.send(self.RIGHT).json
        self.assertEqual(made["status"], "issued")
        self.assertEqual(self.audited("accepted")[0], "success")
        self.assertEqual(env.sql(f"select detail from audit where event = 'enroll.issued' and object = '{made['certificate']['serial']}'"),
                         [["approved by the approval password of the CA"]])
        # the answer does not tell a wrong one from none, but for numbers
        answers = [self.send(p).json for p in (self.WRONG, None, "")]
        self.assertEqual({a["status"] for a in answers}, {"pending"})
        self.assertEqual({(a["message"], tuple(sorted(a))) for a in answers}, {("Taken Under Submission", tuple(sorted(answers[0])))})
        self.assertEqual(self.audited("failed")[::2], ["failure", "wrong password; 2 attempts remain"])
        self.assertEqual(env.count("select sum(attempts) from approval_attempt"), 1)
        # the right one ends the count
        self.assertEqual(self.became(self.RIGHT), "issued")
        self.assertEqual(env.count("select count(*) from approval_attempt"), 0)

    def test_locked_out_alone(self):
        """Three wrong ones lock out who sent them, and nobody else; without a password he asks as before."""
        for _ in range(3):
            self.assertEqual(self.became(self.WRONG), "pending")
        before = env.count("select count(*) from request")
        for password in (self.RIGHT, self.WRONG):
            reply = self.expect(alice.post("/pki/request/WebServer", {"pkcs10": der.b64(csr("x.example.test")), "approval_password": password}),
                                423, "locked")
            self.assertIn(int(reply.headers["retry-after"]), range(1, 302))
        self.assertEqual(env.count("select count(*) from request"), before)
        self.assertEqual(self.became(None), "pending")
        self.assertEqual(self.became(self.RIGHT, who=bob), "issued")
        status = env.admin("ca", "approval-password", "status", "issuing", "--json")
        self.assertEqual((status["has_password"], status["locked_out"]), (True, 1))
        # the next lockout is longer
        env.psql("update approval_attempt set locked_until = now() - interval '1 s'")
        for _ in range(3):
            self.became(self.WRONG)
        reply = self.send(self.RIGHT, status=423)
        self.assertGreater(int(reply.headers["retry-after"]), 300)

    def test_many_accounts_have_one_try_each(self):
        env.psql("insert into approval_attempt (ca_id, requester, attempts, lockouts) select id, '1:mallory' || n, 1, 0 "
                 "from ca, generate_series(1, 30) n where name = 'issuing'")
        self.assertEqual(self.became(self.RIGHT, who=bob), "issued")
        self.assertEqual(self.became(self.WRONG), "pending")
        self.send(self.WRONG, status=423)

    def test_at_once(self):
        """Eight wrong ones of one person at once: three are looked at."""
        before = env.count("select count(*) from audit where event = 'ca.approval-password.failed'")
        barrier = threading.Barrier(8)

        def one(_):
            who = Person("alice", "alice-secret", env)
            barrier.wait()
            body = {"pkcs10": der.b64(csr("race.example.test")), "approval_password": self.WRONG}
            return who.post("/pki/request/WebServer", body).status
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(one, range(8)))
        self.assertLessEqual(statuses.count(201), 3)
        self.assertLessEqual(set(statuses), {201, 423, 503})
        self.assertLessEqual(env.count("select count(*) from audit where event = 'ca.approval-password.failed'") - before, 3)

    def test_right_ones_at_once(self):
        """After a wrong one: that one of them ends the count is no failure of the others."""
        self.became(self.WRONG)
        barrier = threading.Barrier(4)

        def one(_):
            who = Person("alice", "alice-secret", env)
            barrier.wait()
            return who.post("/pki/request/WebServer", {"pkcs10": self.CSR, "approval_password": self.RIGHT}).status
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(one, range(4)))
        self.assertLessEqual(set(statuses), {201, 503})
        self.assertIn(201, statuses)

    def test_one_at_a_time(self):
        """While one of his is being checked, the next one is told so at once and keeps no worker; others are let in."""
        self.became(self.WRONG)
        [[ca, who]] = env.sql("select ca_id, requester from approval_attempt")
        with env.session("begin; select pg_advisory_xact_lock(hashtextextended("
                         f"concat('gatehouse approval password ', {ca}, ' ', '{who}'), 0))") as other:
            self.assertIn("retry-after", self.send(self.RIGHT, status=503).headers)
            self.assertEqual(env.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"), 0)
            self.assertEqual(self.became(self.RIGHT, who=bob), "issued")
            self.assertEqual(self.became(None), "pending")
            other.commit()
        self.assertEqual(self.became(self.RIGHT), "issued")

    def test_changed_and_removed_meanwhile(self):
        self.set("another-password-1")
        self.assertEqual(self.became(self.RIGHT), "pending")
        self.assertEqual(self.became("another-password-1"), "issued")
        env.admin("ca", "approval-password", "remove", "issuing")
        env.await_catalog()
        # none is right then, and each counts as before
        self.assertEqual(self.became("another-password-1", who=bob), "pending")
        self.assertEqual(env.count("select count(*) from approval_attempt where requester ~ '^1:'"), 1)
        self.assertNotEqual(env.admin("ca", "approval-password", "remove", "issuing", check=False).returncode, 0)
        self.set(self.RIGHT)

    def test_not_for_several_officers(self):
        import_template(approvals=2)
        try:
            self.assertEqual(self.became(self.RIGHT), "pending")
        finally:
            import_template()
        self.assertEqual(env.count("select count(*) from approval_attempt"), 0)

    def test_repeated_call_is_not_looked_at_again(self):
        key = {"Idempotency_Key": "approval-1"}
        first = self.send(self.WRONG, **key).json
        self.assertEqual(self.send(self.WRONG, **key).json["id"], first["id"])
        self.assertEqual(env.count("select attempts from approval_attempt"), 1)
        self.send(self.RIGHT, status=409, **key)
        # what is kept of the call tells nobody who reads the database whether a guess is right
        body = json.dumps({"pkcs10": self.CSR, "approval_password": self.WRONG}).encode()
        kept = {c for c, in env.sql("select encode(content, 'hex') from replay where content is not null")}
        part = b"j" + (32).to_bytes(4, "big") + hashlib.sha256(body).digest() + (0).to_bytes(4, "big")
        self.assertNotIn(hashlib.sha256(part).hexdigest(), kept)

    def test_nobody_sees_it(self):
        secrets = ("$2b$", self.RIGHT)
        shown = env.admin("ca", "show", "issuing", "--json")
        self.assertIs(shown["policy"]["approval_password"], True)
        told = json.dumps(shown) + env.admin("ca", "show", "issuing") + env.admin("ca", "set", "issuing", "--max-validity", "900")
        told += env.psql("select string_agg(detail, ' ') from audit") + env.log() + alice.get("/pki/cas").body.decode()
        env.admin("ca", "set", "issuing", "--max-validity", "0")
        env.await_catalog()
        for secret in secrets:
            self.assertNotIn(secret, told)
        self.assertEqual(self.became(self.RIGHT), "issued")  # a change of the policy keeps it
        for wrong in ("short", "x" * 256):
            done = env.admin("ca", "approval-password", "set", "issuing", "--password-file", "-", stdin=wrong.encode(), check=False)
            self.assertIn(b"12 to 255", done.stderr)
        done = env.admin("ca", "approval-password", "set", "nobody", "--password-file", "-", stdin=b"long-enough-password", check=False)
        self.assertIn(b"There is no CA", done.stderr)

    def test_written_into_the_database(self):
        """By somebody who knows a password and its hash: the catalog does not take it."""
        hash_of = env.psql("select policy->>'approval_password' from ca where name = 'issuing'")
        self.set("another-password-2")
        kept = env.psql("select policy from ca where name = 'issuing'")
        env.psql(f"update ca set policy = jsonb_set(policy, '{{approval_password}}', '\"{hash_of}\"') where name = 'issuing'")
        try:
            env.await_log("was changed without Gatehouse")
            self.assertNotEqual(alice.post("/pki/request/WebServer", {"pkcs10": der.b64(csr("x.example.test")),
                                                                     "approval_password": self.RIGHT}).json.get("status"), "issued")
        finally:
            env.psql(f"update ca set policy = '{kept}' where name = 'issuing'")
            self.set(self.RIGHT)


class Time(Case):
    """Requests that nobody decides. Days pass by writing another time and sealing it, as an administrator could."""

    def ask_days_ago(self, days):
        number = self.ask("old.example.test")
        env.psql(f"update request set submitted_at = submitted_at - interval '{days} days' where id = {number}")
        env.admin("db", "reseal", "--yes")
        return number

    def notified(self, event, number):
        return env.sql(f"select audience, recipient from notification where event = '{event}' and object = 'request {number}' order by id")

    def test_expired(self):
        number = self.ask_days_ago(31)
        # from the moment on, also before the job
        self.assertIn("has expired", self.expect(self.decide(olga, number), 409).json["message"])
        self.assertIn("would end", env.admin("job", "run", "requests", "--dry-run"))
        env.admin("job", "run", "requests")
        state = self.state(number, alice)
        self.assertEqual((state["status"], state["status_code"]), ("expired", "0x800705b4"))
        self.assertIn("within 30 days", state["message"])
        self.assertNotIn("required", state)
        for status in ("approved", "rejected", "canceled"):
            self.expect(self.decide(olga, number, status), 409)
        self.assertEqual(env.sql(f"select event, outcome from audit where object = 'request {number}' and event like 'request.%'"),
                         [["request.expired", "success"]])
        self.assertEqual([a for a, _ in self.notified("request.expired", number)], ["requester"])
        self.assertIn(number, [e["id"] for e in alice.get("/pki/requests?status=expired").json["entries"]])
        self.assertIn(number, [e["id"] for e in env.admin("request", "list", "--state", "expired", "--json")])
        self.assertEqual(self.issued(number), 0)

    def test_over_certenroll(self):
        """Its clients know no such state."""
        made = Client(env).enroll(csr("old.example.test"), template="WebServer").json["CMSRequestId"]
        env.psql(f"update request set submitted_at = submitted_at - interval '40 days' where id = {made}")
        env.admin("job", "run", "requests")
        reply = Client(env).call(f"/CMSApi/CertEnroll/3/Requests/{made}", b"", "GET").json
        self.assertEqual((reply["RequestDisposition"], reply["ErrorCode"], reply["Certificates"]), ("Denied", "0x800705B4", ""))

    def test_reminded_again_and_again(self):
        number = self.ask_days_ago(4)
        for _ in range(2):
            env.admin("job", "run", "requests")
            self.assertEqual(self.notified("request.reminder", number), [["officers", ""]])
        env.without_triggers(f"update request set reminded_at = now() - interval '3 days' where id = {number}")
        env.admin("job", "run", "requests")
        self.assertEqual(len(self.notified("request.reminder", number)), 2)
        self.expect(self.decide(olga, number), 200)  # a reminder changes nothing that is sealed
        env.without_triggers(f"update request set reminded_at = now() - interval '9 days' where id = {number}")
        env.admin("job", "run", "requests")
        self.assertEqual(len(self.notified("request.reminder", number)), 2)

    def test_the_end_meets_an_approval(self):
        number = self.ask("meets.example.test")
        end = env.session(f"begin; update request set disposition = 33, version = version + 1, mac = null where id = {number}")
        with end, concurrent.futures.ThreadPoolExecutor(1) as pool:
            asked = pool.submit(self.decide, olga, number, etag='"v1"')
            wait_for(lambda: env.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'UPDATE request r'"),
                     "the approval waits")
            end.commit()
            self.assertIn(asked.result().status, (409, 412))
        self.assertEqual((self.issued(number), self.rows(number)), (0, 0))

    def test_counted(self):
        self.ask("counted.example.test")
        wait_for(lambda: "gatehouse_requests_pending " in Client(env).get("/metrics").body.decode(), "the gauges are read")
        wait_for(lambda: env.metric("gatehouse_requests_pending") > 0 and env.metric("gatehouse_requests_oldest_seconds") >= 0, "the gauge")


class Pages(Case):
    """The same in a browser without scripts."""
    approvals = 2

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people, cls.forms = {}, {}
        for who in (alice, bob, carol, olga):
            cls.people[who.user] = PlainBrowser(env)
            cls.people[who.user].log_in(who.user, who.password)

    def get(self, user, path, status=200):
        reply = self.people[user].get(path)
        self.assertEqual(reply.status, status, reply.body.decode()[:2000])
        return self.people[user].text

    def send(self, user, number, verb, status=303, **fields):
        """With the form as it stood on the page that he has got last."""
        browser, action = self.people[user], f"/requests/{number}/{'cancel' if verb == 'cancel' else 'approve'}"
        if browser.path == f"/requests/{number}":
            self.forms[user, action] = browser.form(action).fields
        reply = browser.send("POST", f"/requests/{number}/{verb}", {**self.forms[user, action], **fields})
        self.assertEqual(reply.status, status, reply.body.decode()[:2000])
        return reply

    def test_whole_way(self):
        number = self.ask("page.example.test")
        self.assertIn(f'href="/requests/{number}"', self.get("alice", "/requests"))
        self.assertIn("0 of 2 have approved", self.get("olga", "/requests"))
        page = self.get("olga", f"/requests/{number}")
        for text in ("dns:page.example.test", "X509v3 Extended Key Usage", "Added by the policy", "Nobody has approved yet."):
            self.assertIn(text, page)
        self.assertNotIn("format=pem", page)
        reply = self.send("olga", number, "approve", comment="ticket <4711>")
        self.assertEqual(reply.headers["location"], f"/requests/{number}")
        # the requester sees who agreed, escaped, and neither the difference nor the buttons of officers
        page = self.get("alice", f"/requests/{number}")
        self.assertIn("1 of 2 officers have approved.", page)
        self.assertIn("ticket &lt;4711&gt;", page)
        for text in ("What it would become", f"/requests/{number}/approve", "<4711>"):
            self.assertNotIn(text, page)
        self.get("carol", f"/requests/{number}")
        self.send("carol", number, "approve")
        page = self.get("alice", f"/requests/{number}")
        self.assertIn("Issued", page)
        for browser in ("alice", "olga"):  # decided: read-only
            page = self.get(browser, f"/requests/{number}")
            self.assertNotIn("<form method=\"post\" action=\"/requests", page)

    def test_another_was_faster(self):
        """An officer decides on what he saw."""
        number = self.ask("faster.example.test")
        self.get("olga", f"/requests/{number}")
        self.expect(self.decide(carol, number), 200)
        reply = self.send("olga", number, "approve", status=409)
        self.assertIn("has changed", reply.body.decode())
        self.assertEqual(self.rows(number), 1)
        self.get("carol", f"/requests/{number}")
        self.assertIn("already", self.send("carol", number, "approve", status=409).body.decode())
        self.get("olga", f"/requests/{number}")
        self.send("olga", number, "reject", comment="no")
        self.assertEqual(self.state(number)["status"], "denied")
        self.send("olga", number, "reject", status=409)

    def test_what_was_shown(self):
        """The template is another one between an officer's look and his click."""
        number = self.ask("shown.example.test")
        self.get("olga", f"/requests/{number}")
        self.addCleanup(import_template, approvals=self.approvals)
        import_template(approvals=self.approvals, extendedKeyUsage=["serverAuth", "clientAuth"])
        self.assertIn("what it would become, has changed", self.send("olga", number, "approve", status=409).body.decode())
        self.send("olga", number, "approve", status=409, shown="")
        self.assertEqual(self.rows(number), 0)
        for officer in ("olga", "carol"):
            self.assertIn("Web Client", self.get(officer, f"/requests/{number}"))
            self.send(officer, number, "approve")
        self.assertEqual(self.issued(number), 1)

    def test_what_is_anothers_is_not_there(self):
        number = self.ask("mine.example.test")
        seen = []
        for path in (f"/requests/{number}", "/requests/999999999", f"/requests/{number}/certificate", "/requests/999999999/certificate"):
            seen.append(re.sub("[0-9a-f]{32}|/requests[0-9/a-z]*", "", self.get("bob", path, 404)))
        self.assertEqual(len(set(seen)), 1)
        self.assertNotIn(f"/requests/{number}", self.get("bob", "/requests"))
        browser = self.people["bob"]
        browser.get("/login")
        token = browser.form("/logout").fields["csrf"]
        for verb, status in (("approve", 403), ("reject", 403), ("cancel", 404)):
            reply = browser.send("POST", f"/requests/{number}/{verb}", {"csrf": token, "version": "1"})
            self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(self.state(number)["status"], "pending")

    def test_forged_and_incomplete_forms(self):
        number = self.ask("forms.example.test")
        self.get("olga", f"/requests/{number}")
        self.send("olga", number, "approve", status=403, csrf="0" * 64)
        for version in ("", "x", "1 ", "99999999999"):
            self.send("olga", number, "approve", status=428, version=version)
        for comment in ("x" * 1025, "a\x07b"):
            reply = self.send("olga", number, "approve", status=422, comment=comment)
            self.assertIn('aria-invalid="true"', reply.body.decode())
        # without a log-in: to the log-in, and a form nowhere
        stranger = PlainBrowser(env)
        self.assertEqual(stranger.send("GET", f"/requests/{number}").headers["location"], f"/login?next=/requests/{number}")
        self.assertIn(stranger.send("POST", f"/requests/{number}/approve", {"version": "1"}).status, (303, 401, 403))
        self.assertEqual((self.state(number)["status"], self.rows(number)), ("pending", 0))

    def test_ones_own(self):
        number = self.ask("carols.example.test", carol)
        page = self.get("carol", f"/requests/{number}")
        self.assertIn("another officer must decide", page)
        self.assertNotIn(f"/requests/{number}/approve", page)
        self.send("carol", number, "cancel")
        self.assertEqual(self.state(number)["status"], "canceled")

    def test_list(self):
        numbers = [self.ask("many.example.test") for _ in range(3)]
        made = self.expect(bob.post("/pki/request/User", {"pkcs10": der.b64(der.csr(KEY))}), 201).json["id"]
        page = self.get("bob", "/requests?status=issued&profile=&requester=")
        self.assertIn(f'href="/requests/{made}"', page)
        page = self.get("olga", "/requests?status=all&requester=EXAMPLE%5Cbob&profile=User")
        self.assertIn(f'href="/requests/{made}"', page)
        self.assertNotIn(f'href="/requests/{numbers[0]}"', page)
        env.psql("insert into request (protocol, http_request_id, app_id, app_name, requester, requester_dn, requester_kind, address, template, disposition, "
                 "status_code, message, submitted_at, cert_only) select 4, '', 0, '', 'nobody', '', 1, '', 'User', 31, 0, '', now(), false from generate_series(1, 120)")
        path, seen = "/requests?status=denied&requester=nobody", []
        while path:
            page = self.get("olga", path)
            seen += re.findall(r'<a href="/requests/(\d+)"', page)
            found = re.search(r'class="button" href="(/requests\?after=[^"]*)"', page)
            path = found and found.group(1).replace("&amp;", "&")
        self.assertEqual((len(seen), len(set(seen))), (120, 120))
        for query in ("status=open", "after=x", "owner=alice", "profile=" + "x" * 256, "status=all&status=all"):
            self.get("olga", "/requests?" + query, 422)
        reply = self.people["olga"].send("GET", "/requests", headers={"Accept-Language": "de"})
        self.assertIn("Wartet auf eine Entscheidung", reply.body.decode())

    def test_downloads(self):
        number = self.expect(alice.post("/pki/request/User", {"pkcs10": der.b64(der.csr(KEY))}), 201).json["id"]
        browser, kinds = self.people["alice"], {}
        for query, kind, name in (("", "application/x-pem-file", "certificate-{}.pem"), ("?format=pem&chain=yes", "application/x-pem-file", "certificate-{}-chain.pem"),
                                  ("?format=der", "application/pkix-cert", "certificate-{}.cer"), ("?format=p7b", "application/pkcs7-mime", "certificate-{}.p7b"),
                                  ("?format=p7b&chain=yes", "application/pkcs7-mime", "certificate-{}-chain.p7b")):
            reply = browser.get(f"/requests/{number}/certificate{query}")
            self.assertEqual(reply.status, 200, reply.body)
            self.assertTrue(reply.headers["content-type"].startswith(kind), reply.headers)
            self.assertEqual(reply.headers["content-disposition"], f'attachment; filename="{name.format(number)}"')
            kinds[query] = reply.body
        leaf = kinds["?format=der"]
        self.assertEqual(ssl.PEM_cert_to_DER_cert(kinds[""].decode()), leaf)
        self.assertEqual(kinds["?format=pem&chain=yes"].count(b"BEGIN CERTIFICATE"), 3)
        for query, n in (("?format=p7b", 1), ("?format=p7b&chain=yes", 3)):
            path = env.scratch / "download.p7b"
            path.write_bytes(kinds[query])
            self.assertEqual(der.openssl("pkcs7", "-inform", "DER", "-in", str(path), "-print_certs").count(b"BEGIN CERTIFICATE"), n)
        for query in ("?format=pfx", "?format=der&chain=yes", "?chain=1", "?x=1"):
            self.assertEqual(browser.get(f"/requests/{number}/certificate{query}").status, 422)
        waiting = self.ask("waiting.example.test")
        self.assertEqual(browser.get(f"/requests/{waiting}/certificate").status, 404)


class Preview(Case):
    """What a request would become, before anybody decides."""

    def preview(self, number):
        return env.admin("request", "preview", number, "--json")

    def test_asked_beside_the_certificate(self):
        asked = der.csr(KEY, subject=[("CN", "diff.example.test")], extensions=[
            der.extension("subjectAltName", der.san(dns=["diff.example.test"])),
            der.extension("basicConstraints", der.tlv(0x30, der.tlv(0x01, b"\xff")), critical=True)])
        number = self.expect(alice.post("/pki/request/WebServer", {"pkcs10": der.b64(asked)}), 201).json["id"]
        trail = "select count(*) from audit where actor not like 'job@%'"
        before = env.count(trail), env.count("select max(version) from request")
        seen = self.preview(number)
        self.assertEqual((seen["refused"], seen["ca"], seen["required"]), (None, "issuing", 1))
        rows = {(r["name"], r["label"]): r for r in seen["rows"]}
        self.assertEqual(rows["subject", None]["state"], "same")
        self.assertEqual(rows["extension", "X509v3 Basic Constraints"]["state"], "dropped")
        self.assertEqual(rows["extension", "X509v3 Extended Key Usage"]["state"], "added")
        self.assertEqual((env.count(trail), env.count("select max(version) from request")), before)
        text = env.admin("request", "preview", number)
        self.assertIn("critical, CA:TRUE", text)
        # it becomes what was shown
        self.expect(self.decide(olga, number), 200)
        made = env.sql(f"select to_char(not_after at time zone 'UTC', 'YYYY-MM-DD') from certificate where request_id = {number}")[0][0]
        self.assertEqual(seen["not_after"][:10], made)
        self.assertIn(b"not pending", env.admin("request", "preview", number, check=False).stderr)

    def test_what_the_policy_refuses(self):
        number = self.ask("refused.example.test")
        import_template(keyTypes=[{"type": "RSA", "minSize": 3072, "maxSize": 4096}])
        try:
            seen = self.preview(number)
        finally:
            import_template()
        self.assertIn("key", seen["refused"])
        self.assertEqual({r["state"] for r in seen["rows"]}, {"asked"})

    def test_what_was_changed_in_the_database(self):
        number = self.ask("forged.example.test")
        env.psql(f"update request set template = 'User' where id = {number}")
        seen = self.preview(number)
        self.assertEqual(seen["code"], "seal")
        self.assertIn("Deny it", seen["refused"])


class Shown(Case):
    """What is approved is what was seen, over REST and by the command."""
    OTHER = {"extendedKeyUsage": ["serverAuth", "clientAuth"]}

    def setUp(self):
        self.addCleanup(import_template)

    def seen(self, number, who=olga):
        return self.expect(who.get(f"/pki/request/{number}?preview=true"), 200).json

    def at_terminal(self, number, answer, meanwhile=lambda: None, remote=()):
        """Exit code and output of `request approve` where somebody types the answer."""
        main, side = pty.openpty()
        args = [str(BUILD / "gatehouse"), "request", "approve", str(number), *map(str, remote or ("-c", env.dir / "state" / "gatehouse.conf"))]
        shown = b""
        with subprocess.Popen(args, stdin=side, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=env.scratch,
                              env={**os.environ, "no_proxy": "*"}) as done:
            os.close(side)
            while b"[y/N]" not in shown:
                data = os.read(done.stdout.fileno(), 4096)
                if not data:
                    break
                shown += data
            else:
                meanwhile()
                os.write(main, answer)
            shown += done.stdout.read()
        os.close(main)
        return done.returncode, shown.decode()

    def test_over_rest(self):
        number = self.ask("rest-shown.example.test")
        preview = self.seen(number)["preview"]
        self.assertEqual((preview["ca"], preview["refused"], preview["required"]), ("issuing", None, 1))
        import_template(**self.OTHER)
        self.expect(self.decide(olga, number, shown=preview["shown"]), 412, "precondition")
        self.expect(self.decide(olga, number, shown="0" * 64), 412)
        self.expect(self.decide(olga, number, shown="x"), 422)
        self.assertEqual(self.issued(number), 0)
        again = self.seen(number)["preview"]
        self.assertNotEqual(again["shown"], preview["shown"])
        self.assertEqual(self.expect(self.decide(olga, number, shown=again["shown"]), 200).json["status"], "issued")
        self.assertNotIn("preview", self.seen(number))

    def test_for_officers_only(self):
        number = self.ask("not-shown.example.test")
        self.expect(alice.get(f"/pki/request/{number}?preview=true"), 403, "forbidden")
        self.expect(bob.get(f"/pki/request/{number}?preview=true"), 404)
        self.expect(olga.get(f"/pki/request/{number}?preview=1"), 400)
        self.assertNotIn("preview", self.state(number))

    def test_with_the_digest(self):
        number = self.ask("digest.example.test")
        shown = env.admin("request", "preview", number, "--json")["shown"]
        self.assertEqual(shown, self.seen(number)["preview"]["shown"])
        import_template(**self.OTHER)
        done = env.admin("request", "approve", number, "--shown", shown, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"would become has changed", done.stderr)
        import_template()
        self.assertEqual(env.admin("request", "approve", number, "--shown", shown, "--json")["state"], "issued")

    def test_at_a_terminal(self):
        password = env.scratch / "olga.password"
        password.write_text(olga.password + "\n")
        far = ("--url", env.var["GATEHOUSE_URL"], "--cacert", env.var["GATEHOUSE_CAFILE"], "--user", "olga", "--password-file", password)
        for remote in ((), far):
            with self.subTest(remote=remote):
                number = self.ask("terminal.example.test")
                code, said = self.at_terminal(number, b"n\n", remote=remote)
                self.assertEqual(code, 1)
                self.assertIn("TLS Web Server Authentication", said)
                self.assertIn("not confirmed, nothing was changed", said)
                code, said = self.at_terminal(number, b"y\n", lambda: import_template(**self.OTHER), remote)
                self.assertEqual(code, 1, said)
                self.assertIn("would become has changed", said)
                self.assertEqual(self.issued(number), 0)
                code, said = self.at_terminal(number, b"yes\n", remote=remote)
                self.assertEqual((code, self.issued(number)), (0, 1), said)
                self.assertIn("TLS Web Client Authentication", said)
                import_template()
        number = self.ask("sure.example.test")
        code, said = self.at_terminal(number, b"", remote=(*far, "--yes"))
        self.assertEqual((code, self.issued(number)), (0, 1), said)
        self.assertNotIn("[y/N]", said)


class TwoNodes(Case):
    """On one database: each node counts what the other one has recorded."""
    approvals = 2

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = env.second_node()["GATEHOUSE_URL"]
        env.await_catalog({"GATEHOUSE_URL": cls.second})

    def there(self, who):
        person = Person(who.user, who.password, env)
        person.client = Client(env, url=self.second)
        return person

    def test_one_after_the_other(self):
        number = self.ask("nodes.example.test")
        self.expect(self.decide(olga, number), 200)
        self.expect(self.decide(self.there(olga), number), 409, "conflict")
        self.assertEqual(self.expect(self.decide(self.there(carol), number), 200).json["status"], "issued")
        self.assertEqual((self.rows(number), self.issued(number)), (2, 1))

    def test_at_once(self):
        """Both give the last approval, or the first: one of them, and one certificate. Many times: what one reads
        between two steps of the other was taken for a forgery once."""
        for before in (0, 1, 1, 1, 1, 1, 1, 1):
            number = self.ask("nodes-race.example.test")
            if before:
                env.admin("request", "approve", number)
            barrier = threading.Barrier(2)

            def one(who):
                barrier.wait()
                return self.decide(who, number, etag=f'"v{1 + before}"').status
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                self.assertEqual(sorted(pool.map(one, (olga, self.there(carol)))), [200, 412])
            self.assertEqual((self.rows(number), self.issued(number)), (1 + before, before))

    def test_wrong_passwords_count_on_both(self):
        body = {"pkcs10": der.b64(csr("nodes.example.test")), "approval_password": "a-wrong-password"}
        import_template()
        try:
            env.await_catalog({"GATEHOUSE_URL": self.second})
            env.psql("delete from approval_attempt")
            statuses = [who.post("/pki/request/WebServer", body).status for who in (alice, self.there(alice)) * 2]
            self.assertEqual(statuses, [201, 201, 201, 423])
        finally:
            import_template(approvals=2)


class Hostile(Case):
    """He writes the database."""
    approvals = 2

    def refused(self, number, who=carol):
        reply = self.expect(self.decide(who, number), 503, "seal")
        self.assertIn("past Gatehouse", reply.json["message"])
        self.assertEqual(self.issued(number), 0)
        self.assertGreater(env.count(f"select count(*) from audit where event = 'enroll.refused' and object = 'request {number}' "
                                     "and detail like 'seal%'"), 0)
        # it can still be denied
        self.assertEqual(self.expect(self.decide(who, number, "rejected"), 200).json["status"], "denied")

    def approved(self, host):
        number = self.ask(host)
        self.expect(self.decide(olga, number), 200)
        return number

    def test_written_by_him(self):
        number = self.ask("forged.example.test")
        env.psql(f"insert into request_approval values ({number}, 1, 3, 'olga', '', '', null, now(), decode(repeat('00', 32), 'hex'));"
                 f"update request set approvals = 1, version = 2 where id = {number}")
        self.refused(number)

    def test_of_another_request(self):
        given, number = self.approved("given.example.test"), self.ask("copied.example.test")
        env.psql(f"insert into request_approval select {number}, number, officer_kind, officer, officer_dn, officer_id, comment, at, mac "
                 f"from request_approval where request_id = {given}; update request set approvals = 1 where id = {number}")
        self.refused(number)

    def test_once_more_as_the_second(self):
        number = self.approved("again.example.test")
        env.psql(f"insert into request_approval select {number}, 2, officer_kind, officer, officer_dn, officer_id, comment, at, mac "
                 f"from request_approval where request_id = {number}; update request set approvals = 2 where id = {number}")
        self.refused(number)

    def test_turned_into_another_officers(self):
        for change in ("officer = 'otto'", "officer_kind = 1", "officer_id = 'x'", "comment = 'x'", "at = now() + '1 s'"):
            with self.subTest(change=change):
                number = self.approved("turned.example.test")
                env.psql(f"update request_approval set {change} where request_id = {number}")
                self.refused(number)

    def test_deleted(self):
        number = self.approved("deleted.example.test")
        env.psql(f"delete from request_approval where request_id = {number}")
        self.refused(number)

    def test_deleted_and_not_counted(self):
        """Then more officers are needed, never fewer."""
        number = self.approved("forgotten.example.test")
        env.psql(f"delete from request_approval where request_id = {number}; update request set approvals = 0 where id = {number}")
        self.assertEqual(self.expect(self.decide(carol, number), 200).json["status"], "pending")
        self.expect(self.decide(olga, number), 200)
        self.assertEqual(self.issued(number), 1)

    def test_the_request_was_changed_after_an_approval(self):
        number = self.approved("changed.example.test")
        env.psql(f"update request set requester = 'EXAMPLE\\\\bob' where id = {number}")
        self.refused(number)


if __name__ == "__main__":
    env.wait_ready()
    tap.main()
