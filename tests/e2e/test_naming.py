#!/usr/bin/env python3
"""A requester names what rules allow: by nested groups and by the list of owners, over CertEnroll and REST; attackers who edit
their own entries, smuggle names in, or own the database; rules that change while a request waits."""

import base64
import json
import subprocess
import time
import unittest

from cryptography import x509

import client
import der
import tap
from client import Client
from environment import TOP, Environment, wait_for
from person import Person
from plain_browser import Forms, PlainBrowser

env = Environment("naming", GATEHOUSE_CONF_EXTRA="""
roles { officer_groups = "pki-officers" }
limits { failures = 10000 }
""")
KEY = der.Key(env.scratch, "ec:P-256")
BOB_DN = "user:cn=Bob Brown,ou=people,dc=example,dc=test"
RULES = {"byGroup": [{"group": "web-admins", "dns": [".shop.example"], "ip": ["10.1.0.0/16"], "email": ["ops@shop.example"]},
                     {"group": "pki-users", "dns": ["*.staff.example"]},
                     {"group": "externals", "dns": [".partner.example"]}],
         "owners": True}


def template(name, otherwise, **more):
    t = json.loads((TOP / "conf/templates/WebServer.json").read_text())
    del t["approval"], t["subject"]["commonName"], t["purpose"], t["san"]["require"]
    oid = t["oid"].rsplit(".", 1)[0] + f".{1000 + len(name) + ord(name[0])}"
    t |= {"name": name, "oid": oid, "naming": RULES | {"otherwise": otherwise}} | more
    t["subject"]["allow"].append("E")
    t["san"] |= {"types": ["dns", "ip", "email", "uri", "upn"], "wildcards": True}
    path = env.scratch / f"{name}.json"
    path.write_text(json.dumps(t))
    env.admin("template", "import", path)


def setUpModule():
    template("Named", "approval")
    template("Strict", "deny")
    names = [t["name"] for t in env.admin("template", "list", "--json") if t["active"]]
    env.admin("app", "set", "demo", *[x for name in names for x in ("--template", name)])
    env.admin("name", "add", "dns", "bob.example", ".bobs.example", "--user", BOB_DN.removeprefix("user:"))
    env.admin("name", "add", "dns", "www.group.example", "--group", "contractors", "--comment", "ticket 4711")
    env.await_catalog()


def csr(*dns, subject=(("O", "Example"),), **san):
    extensions = [der.extension("subjectAltName", der.san(dns=dns, **san))] if dns or san else []
    return der.csr(KEY, subject=subject, extensions=extensions)


class Case(unittest.TestCase):
    def setUp(self):
        self.alice = Person("alice", "alice-secret", env)
        self.bob = Person("bob", "bob-secret", env)
        self.olga = Person("olga", env.var["GATEHOUSE_OFFICER_PASSWORD"], env)

    def certenroll(self, who, request, name):
        """State and message over CertEnroll."""
        reply = Client(env, user=who.user, password=f"{who.user}-secret").enroll(request, template=name)
        if reply.status == 403:
            return "Denied", reply.body.decode()
        self.assertEqual(reply.status, 200, reply.body)
        if reply.json["RequestDisposition"] == "Issued":
            self.names = client.certificate_text(reply.certificates()[0])
        self.number = reply.json["CMSRequestId"]
        return reply.json["RequestDisposition"], reply.json["DispositionMessage"]

    def rest(self, who, request, name):
        """The same over REST."""
        reply = who.post(f"/pki/request/{name}", {"pkcs10": base64.b64encode(request).decode()})
        if reply.status == 403:
            return "Denied", reply.json["message"]
        self.assertIn(reply.status, (200, 201, 202), reply.body)
        self.number = reply.json["id"]
        return reply.json["status"].capitalize(), reply.json["message"]

    def csr(self, who, request, name):
        """The same by the CSR form's JSON."""
        members = {"csr_data": der.pem(request), "template": name}
        found = x509.load_der_x509_csr(request).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        if found:
            members["common_name"] = found[0].value
        reply = who.post("/csr/process", members)
        if reply.status in (403, 422):
            return "Denied", reply.json["message"]
        self.assertIn(reply.status, (200, 201, 202), reply.body)
        return {201: "Issued", 202: "Pending"}[reply.status], reply.json["message"]

    def ask(self, who, request, name, state, *said):
        for door in (self.certenroll, self.csr, self.rest):
            with self.subTest(door=door.__name__):
                got, message = door(who, request, name)
                self.assertEqual(got, state, message)
                for text in said:
                    self.assertIn(text, message)

    def issued(self, who, request, name="Strict"):
        self.ask(who, request, name, "Issued")

    def denied(self, who, request, *said, name="Strict"):
        self.ask(who, request, name, "Denied", "no rule allows", *said)

    def waits(self, who, request, *said):
        self.ask(who, request, "Named", "Pending", "Taken Under Submission: no rule allows", *said)


class Rules(Case):
    def test_by_group(self):
        self.issued(self.alice, csr("a.shop.example", "*.shop.example", ip=["10.1.2.3"], email=["ops@shop.example"]))
        self.assertEqual(self.certenroll(self.alice, csr("b.SHOP.example"), "Strict")[0], "Issued")
        self.assertIn("DNS:b.SHOP.example", self.names)

    def test_by_nested_group(self):
        """Bob is in staff, that is in pki-users; and in contractors, that is in externals."""
        self.issued(self.bob, csr("x.staff.example"))
        self.issued(self.bob, csr("a.b.partner.example"))
        self.denied(self.alice, csr("a.b.partner.example"), "dns:a.b.partner.example")

    def test_not_of_another_group(self):
        self.denied(self.bob, csr("a.shop.example"), "dns:a.shop.example")
        self.denied(self.bob, csr(ip=["10.1.2.3"]), "ip:10.1.2.3")
        self.denied(self.alice, csr(email=["Ops@shop.example"]), "email:Ops@shop.example")

    def test_a_german_page_says_which(self):
        browser = PlainBrowser(env)
        browser.send("GET", "/login")
        fields = Forms(browser.reply.body.decode()).forms[0].fields
        self.assertEqual(browser.send("POST", "/login", fields | {"user": "bob", "password": "bob-secret"}).status, 303)
        browser.send("GET", "/csr/upload")
        form = next(f.fields for f in Forms(browser.reply.body.decode()).forms if f.action == "/csr/upload")
        form |= {"csr_data": der.pem(csr("bank.example")), "template": "Strict"}
        page = browser.send("POST", "/csr/upload", form, headers={"Accept-Language": "de"})
        self.assertEqual(page.status, 422)
        self.assertIn("Keine Regel erlaubt Ihnen: dns:bank.example.", page.body.decode())

    def test_by_owner(self):
        self.issued(self.bob, csr("bob.example", "x.y.bobs.example"))
        self.issued(self.bob, csr("www.group.example"))
        self.denied(self.alice, csr("bob.example"), "dns:bob.example")
        self.denied(self.bob, csr("*.bob.example"), "dns:*.bob.example")
        self.denied(self.bob, csr("bobs.example"), "dns:bobs.example")

    def test_uri_and_upn_are_nobodys(self):
        for name in ("Named", "Strict"):
            self.denied(self.alice, csr("a.shop.example", upn=["administrator@example.test"]), "upn:administrator@example.test",
                        name=name)

    def test_common_name(self):
        self.issued(self.alice, csr(subject=[("CN", "www.shop.example")]))
        self.issued(self.alice, csr(subject=[("CN", "The web server of Alice")]))
        for cn in ("bank.example", "bank.example.", " bank.example", "192.0.2.1", "0x0a000001", "https://bank.example/",
                   "b\u00fccher.example", "bank\u3002example", "boss@bank.example", "localhost", "*.example"):
            with self.subTest(cn=cn):
                self.assertEqual(self.certenroll(self.alice, csr(subject=[("CN", cn)]), "Strict")[0], "Denied")

    def test_other_string_types(self):
        for tag, text in ((0x13, b"bank.example"), (0x16, b"bank.example"), (0x14, b"bank.example"),
                          (0x1E, "bank.example".encode("utf-16-be")), (0x1C, "bank.example".encode("utf-32-be"))):
            with self.subTest(tag=tag):
                self.denied(self.alice, csr(subject=[("CN", der.tlv(tag, text))]), "CN=bank.example")

    def test_hundred_names_with_one_of_another(self):
        mine = [f"h{i}.shop.example" for i in range(99)]
        self.issued(self.alice, csr(*mine, "h99.shop.example"))
        self.denied(self.alice, csr(*mine[:50], "bank.example", *mine[50:]), "no rule allows dns:bank.example")

    def test_the_command_says_the_same(self):
        done = env.admin("name", "test", "--template", "Named", "--user", "bob", "dns:bob.example", "dns:x.staff.example",
                         "dns:www.group.example", "dns:bank.example", "upn:a@b.example", "--json", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual([(a["verdict"], a["why"]) for a in json.loads(done.stdout)],
                         [("allowed", "bob.example of " + BOB_DN), ("allowed", "rule of the template for group pki-users"),
                          ("allowed", "www.group.example of group:contractors"), ("approval", "no rule and no owner allows it"),
                          ("denied", "no rule and no owner allows it")])


class Approval(Case):
    def pending(self, *dns):
        self.assertEqual(self.certenroll(self.bob, csr(*dns), "Named")[0], "Pending")
        return self.number

    def shown(self, number):
        return env.admin("request", "show", number, "--json")

    def test_waits_and_tells_the_names(self):
        self.waits(self.bob, csr("bob.example", "bank.example", ip=["192.0.2.1"]), "no rule allows dns:bank.example, ip:192.0.2.1")
        seen = self.olga.get(f"/pki/request/{self.number}").json
        self.assertIn("dns:bank.example", seen["message"])
        self.assertEqual(env.count("select count(*) from audit where event = 'enroll.pending' and "
                                   "detail like '%no rule allows dns:bank.example, ip:192.0.2.1%'"), 3)

    def test_more_names_than_fit(self):
        self.waits(self.bob, csr(*[f"{'x' * 50}{i}.bank.example" for i in range(100)]), "...")

    def test_the_officer_answers_for_them(self):
        number = self.pending("bank.example")
        env.admin("request", "approve", number, "--comment", "called him")
        self.assertEqual(self.shown(number)["state"], "issued")
        self.assertEqual(env.count("select count(*) from audit where event = 'request.approved' and "
                                   "detail = 'called him  Names that no rule allows: dns:bank.example'"), 1)

    def test_rule_removed_while_it_waits(self):
        """A template that asks an officer anyway. Where naming denies, it denies at the approval, too."""
        template("Officer", "deny", approval=True)
        self.addCleanup(env.admin, "name", "add", "dns", "bob.example", "--user", BOB_DN.removeprefix("user:"))
        names = [t["name"] for t in env.admin("template", "list", "--json") if t["active"]]
        env.admin("app", "set", "demo", *[x for name in names for x in ("--template", name)])
        env.await_catalog()
        state, message = self.certenroll(self.bob, csr("bob.example"), "Officer")
        self.assertEqual((state, message), ("Pending", "Taken Under Submission"))
        number = self.number
        env.admin("name", "remove", "dns", "bob.example", "--user", BOB_DN.removeprefix("user:"))
        env.await_catalog()
        env.admin("request", "approve", number, check=False)
        seen = self.shown(number)
        self.assertEqual(seen["state"], "denied")
        self.assertIn("no rule allows dns:bob.example", seen["message"])

    def test_rule_added_while_it_waits(self):
        number = self.pending("late.example")
        env.admin("name", "add", "dns", "late.example", "--user", BOB_DN.removeprefix("user:"))
        self.addCleanup(env.admin, "name", "remove", "dns", "late.example", "--user", BOB_DN.removeprefix("user:"))
        env.admin("request", "approve", number)
        self.assertEqual(env.count(f"select count(*) from audit where event = 'request.approved' and object = '{number}' and "
                                   "detail like '%no rule%'"), 0)


class Attackers(Case):
    def edit(self, cn, password, *lines):
        subprocess.run(["ldapmodify", "-x", "-H", env.var["GATEHOUSE_LDAP_URI"], "-D", f"cn={cn},ou=people,dc=example,dc=test",
                        "-w", password], check=True, stdout=subprocess.DEVNULL,
                       env={"LDAPTLS_CACERT": str(env.dir / "state/slapd/ca.crt"), "PATH": "/usr/bin:/bin"},
                       input=f"dn: cn={cn},ou=people,dc=example,dc=test\nchangetype: modify\n".encode() +
                       "\n".join(lines).encode() + b"\n")

    def test_who_edits_his_entry_gains_nothing(self):
        """Erin writes into her entry all that others have: mail, uid and UPN of Bob, and names of groups."""
        erin = Person("erin", "erin-secret", env)
        for text in ("bob@example.test", "contractors", "web-admins", BOB_DN, "cn=Bob Brown,ou=people,dc=example,dc=test"):
            with self.subTest(text=text):
                self.edit("Erin Ellis", "erin-secret", "add: uid", f"uid: {text}", "-", "replace: mail", f"mail: {text}")
                env.gateway("halt")
                env.gateway("run")
                try:
                    for name in ("bob.example", "www.group.example", "a.shop.example"):
                        reply = Client(env, user="erin", password="erin-secret").enroll(csr(name), template="Strict")
                        self.assertIn(reply.status, (401, 403), reply.body)
                finally:
                    self.edit("Erin Ellis", "erin-secret", "delete: uid", f"uid: {text}", "-", "replace: mail",
                              "mail: erin@example.test")
        env.gateway("halt")
        env.gateway("run")
        self.issued(erin, csr("x.staff.example"))

    def test_row_written_past_gatehouse(self):
        env.psql("create table kept as table name_owner; "
                 "update name_owner set patterns = patterns || array['bank.example'], comments = comments || array[''] "
                 "where owner = 'group:contractors'", "postgres")

        def refused(client_):
            return client_.get("/readyz").json["configuration"] == "refused"
        try:
            env.await_each_worker(refused, "the list is refused")
            self.denied(self.bob, csr("bank.example"), "dns:bank.example")
            self.issued(self.bob, csr("www.group.example"))  # the last good list goes on
            done = env.admin("name", "add", "dns", "more.example", "--group", "contractors", check=False)
            self.assertIn(b"was changed without Gatehouse", done.stderr)
        finally:
            env.psql("set session_replication_role = replica; delete from name_owner; insert into name_owner overriding "
                     "system value select * from kept; drop table kept; update catalog_generation set n = n + 1; "
                     "notify gatehouse_catalog", "postgres")
            env.await_each_worker(lambda c: not refused(c), "the list is good again")


class Many(Case):
    def test_hundred_thousand(self):
        """The longest list that is taken: how long it takes, and that it is searched."""
        path = env.scratch / "many.csv"
        with path.open("w") as f:
            for i in range(99_000):
                f.write(f"dns,h{i}.many.example,group:g{i // 100},\n")
            for i in range(900):
                f.write(f"ip,10.200.{i // 250}.{i % 250},group:contractors,ours\n")
        begin = time.monotonic()
        done = env.admin("name", "import", path, "--json")
        imported = time.monotonic()
        self.assertEqual(done["changed"], 99_900)
        env.await_catalog()
        used = time.monotonic()
        print(f"# 100000 names: import {imported - begin:.1f} s, in use after {used - imported:.1f} s more")
        self.issued(self.bob, csr(ip=["10.200.3.9"]))
        self.denied(self.bob, csr("h7.many.example"), "dns:h7.many.example")
        for n in (1, 100):
            times = []
            for i in range(21):
                request = csr(ip=[f"10.200.{i % 3}.{k}" for k in range(n)])
                begin = time.monotonic()
                self.assertEqual(self.certenroll(self.bob, request, "Strict")[0], "Issued")
                times.append(time.monotonic() - begin)
            print(f"# a request with {n} names: {sorted(times)[10] * 1000:.1f} ms")
            self.assertLess(sorted(times)[10], 1.0)
        with path.open("w") as f:
            for i in range(1000):
                f.write(f"dns,more{i}.many.example,group:x,\n")
        done = env.admin("name", "import", path, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"more than 100000 are not taken", done.stderr)


if __name__ == "__main__":
    tap.main()
