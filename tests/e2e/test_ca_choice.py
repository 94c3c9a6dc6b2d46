#!/usr/bin/env python3
"""Which CA serves a request, on real parts: rules by group, network, mail and template, CAs for some people only, locked and
disabled ones, through each door."""

import base64
import http.client
import ipaddress
import json
import os
import secrets
import socket
import struct
import subprocess
import unittest

from cryptography import x509
from cryptography.x509.oid import NameOID

import der
import tap
from ca_password import Passwords
from client import Client, now
from environment import BUILD, TOP, Environment, wait_for
from person import Person

env = Environment("choice", GATEHOUSE_KRA="P-256", GATEHOUSE_FIRST_PASSWORD_BY_API="false",
                  GATEHOUSE_CONF_EXTRA="""
limits { failures = 10000 }
gateway { proxies = "127.0.0.9" }
""")
KEY = der.Key(env.scratch, "ec:P-256")
CSR = der.csr(KEY, subject=[("CN", "x")])
WEB = der.csr(KEY, subject=[("CN", "shop.example.test")],
              extensions=[der.extension("subjectAltName", der.san(dns=["shop.example.test"]))])
PASSWORD = "a password of a CA"
UNKNOWN = "There is no certification authority of this name or number for you."


def rule(action, *args):
    env.admin("ca", "rule", action, *args)


def rules():
    return env.admin("ca", "rule", "list", "--json")


def ca_id(name):
    return env.count(f"select id from ca where name = '{name}'")


def setUpModule():
    env.admin("app", "set", "demo", "--ca-by-rule")
    for name in ("second", "guarded"):
        env.admin("ca", "create", name, "--parent", "root", "--subject", f"CN={name}", "--days", "50", "--no-urls")
    path = env.scratch / "guarded.password"
    path.write_text(PASSWORD + "\n")
    env.admin("ca", "password", "set", "guarded", "--password-file", path)
    template = json.loads((TOP / "conf/templates/WebServer.json").read_text())
    path = env.scratch / "WebServer.json"
    path.write_text(json.dumps(template))
    env.admin("template", "import", path)
    env.await_catalog()


def steered():
    """Rules that the doctor warns of."""
    return {f["what"].split()[1] for f in json.loads(env.admin("doctor", "--json", check=False).stdout) if f["code"] == "ca-rule"}


class Case(unittest.TestCase):
    def setUp(self):
        self.alice, self.bob = Client(env), Client(env, user="bob", password="bob-secret")
        self.person = {n: Person(n, f"{n}-secret", env) for n in ("alice", "bob")}
        self.addCleanup(self.clear)

    def clear(self):
        for r in rules():
            rule("delete", r["name"])
        for name in ("issuing", "second", "guarded"):
            env.admin("ca", "set", name, "--allow-anybody")
        env.await_catalog()

    def add(self, name, ca, *options, priority=100):
        rule("add", name, "--ca", ca, "--priority", priority, *options)

    def rest(self, who, template="User", csr=CSR, **more):
        """POST /pki/request/TEMPLATE in JSON; headers by upper case."""
        head = {k: more.pop(k) for k in list(more) if k[0].isupper()}
        return self.person[who].post(f"/pki/request/{template}",
                                     {"pkcs10": base64.b64encode(csr).decode(), **more}, **head)

    def issued_by(self, who, name, by, **more):
        """Over REST: the CA and the rule, in the answer, the request and the trail."""
        reply = self.rest(who, **more)
        self.assertEqual(reply.status, 201, reply.body)
        said = reply.json
        self.assertEqual((said["status"], said["ca"], said["ca_rule"]), ("issued", name, by))
        row = env.sql(f"select ca_name, ca_rule, (select name from ca where id = c.ca_id) from request r "
                      f"join certificate c on c.id = r.certificate_id where r.id = {said['id']}")[0]
        self.assertEqual(row, [name, by or "", name])
        detail = env.sql(f"select detail from audit where event = 'enroll.issued' and "
                         f"object = '{said['certificate']['serial']}'")[0][0]
        self.assertEqual(detail, f"User; CA {name} by rule {by}" if by else f"User; CA {name}, which was asked for")
        return said

    def issuer(self, reply):
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.json["RequestDisposition"], "Issued", reply.body)
        return reply.json["IssuerDN"]


class Steered(Case):
    """Rules that a caller can steer himself: told where they are made, listed, and by the doctor."""

    def said(self, *args):
        log = env.scratch / "said"
        with open(log, "wb") as err:
            done = subprocess.run([str(BUILD / "gatehouse"), "ca", "rule", *args, "-c", str(env.dir / "state" / "gatehouse.conf")],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err)
        self.assertEqual(done.returncode, 0, log.read_text())
        return log.read_text()

    def test_told(self):
        self.assertIn("warning: this rule goes by the tenant", self.said("add", "by-tenant", "--ca", "second", "--tenant", "acme"))
        self.assertIn("where they may edit it in the directory", self.said("add", "by-mail", "--ca", "second", "--email-domain", "acme.example"))
        for name, *more in (("by-group", "--tenant", "acme", "--group", "pki-users"), ("by-network", "--network", "10.0.0.0/8"), ("any",)):
            self.assertEqual(self.said("add", name, "--ca", "second", *more), "")
        self.assertEqual({r["name"]: r.get("steered_by") for r in rules()},
                         {"by-tenant": "tenant", "by-mail": "mail", "by-group": None, "by-network": None, "any": None})
        self.assertIn("CALLER CHOOSES", env.admin("ca", "rule", "list"))
        env.await_catalog()
        self.assertEqual(steered(), {"by-tenant", "by-mail"})
        self.assertEqual(self.said("set", "by-tenant", "--group", "pki-users"), "")
        self.assertIn("warning", self.said("set", "by-tenant", "--group", ""))
        # a CA for some people only keeps the others out by itself
        env.admin("ca", "set", "second", "--allow-group", "pki-users")
        self.assertEqual(steered(), set())


class Rules(Case):
    def test_several_cas_and_no_rule(self):
        reply = self.alice.enroll(CSR)
        self.assertEqual((reply.status, reply.json["ErrorCode"]), (503, "0x80094006"), reply.body)
        self.assertEqual(self.rest("alice").json["code"], "ca_unavailable")

    def test_by_group_and_the_rest(self):
        # nested: bob is in it by a group of groups
        self.add("out", "second", "--group", "CN=Externals, OU=groups,DC=example,DC=test", priority=10)
        self.add("rest", "issuing", priority=1000)
        env.await_catalog()
        self.issued_by("alice", "issuing", "rest")
        self.issued_by("bob", "second", "out")
        self.assertIn("Issuing", self.issuer(self.alice.enroll(CSR)))
        self.assertEqual(self.issuer(self.bob.enroll(CSR)), "CN=second")
        listed = {t["TemplateName"]: t["CA"] for t in
                  self.bob.call("/CMSApi/CertEnroll/3/Templates", b"", "GET").json}
        self.assertEqual(listed["User"], "second")
        self.assertEqual(self.person["bob"].get("/pki/profile/User").json["ca"], "second")
        self.assertEqual(self.person["alice"].get("/pki/profile/User").json["ca"], "issuing")

    def test_each_criterion_steers(self):
        for option, holds, misses in (("--network", "127.0.0.0/8 ::1", "10.0.0.0/8"),
                                      ("--email-domain", "EXAMPLE.test", ".example.test"),
                                      ("--template", "user", "WebServer"),
                                      ("--purpose", "client_auth", "server_auth"),
                                      ("--group", "web-admins", "pki-officers"),
                                      ("--tenant", "North", "south")):
            with self.subTest(option):
                self.add("rest", "issuing", priority=1000)
                self.add("it", "second", option, holds, priority=5)
                env.await_catalog()
                self.issued_by("alice", "second", "it", tenant="north")
                rule("set", "it", option, misses)
                env.await_catalog()
                self.issued_by("alice", "issuing", "rest", tenant="north")
                rule("set", "it", option, "")
                env.await_catalog()
                self.issued_by("alice", "second", "it", tenant="north")
                self.clear()

    def test_tie_names_both(self):
        self.add("one", "second")
        self.add("two", "issuing")
        env.await_catalog()
        said = self.rest("alice").json
        self.assertEqual(said["code"], "ca_unavailable")
        self.assertIn("The rules one and two have the same priority", said["message"])

    def test_no_rule_holds(self):
        self.add("web", "second", "--template", "WebServer")
        env.await_catalog()
        reply = self.rest("alice")
        self.assertEqual((reply.status, reply.json["code"]), (403, "denied"))
        self.assertIn("No rule", reply.json["message"])
        self.assertEqual(env.sql(f"select disposition from request where id = {reply.json['id']}"), [["31"]])
        self.assertIn("No rule", self.alice.enroll(CSR).json["Message"])

    def test_repeated_call_has_the_same_choice(self):
        self.add("one", "second")
        env.await_catalog()
        key = secrets.token_hex(8)
        first = self.rest("alice", Idempotency_Key=key).json
        rule("set", "one", "--ca", "issuing")
        env.await_catalog()
        again = self.rest("alice", Idempotency_Key=key).json
        self.assertEqual((again["id"], again["ca"], again["ca_rule"]), (first["id"], "second", "one"))
        self.issued_by("alice", "issuing", "one")

    def test_rule_follows_the_name_to_a_new_key(self):
        env.admin("ca", "create", "third", "--parent", "root", "--subject", "CN=third", "--days", "50", "--no-urls")
        self.add("one", "third")
        env.await_catalog()
        self.issued_by("alice", "third", "one")
        old = ca_id("third")
        env.admin("ca", "renew", "third", "--new-key")
        self.assertNotEqual(ca_id("third"), old)
        env.await_catalog()
        self.issued_by("alice", "third", "one")
        env.admin("ca", "disable", "third")

    def test_pending_request_keeps_its_ca(self):
        self.add("one", "second")
        env.await_catalog()
        reply = self.rest("alice", "WebServer", WEB)
        self.assertEqual(reply.status, 201, reply.body)
        self.assertEqual((reply.json["status"], reply.json["ca"], reply.json["ca_rule"]), ("pending", "second", "one"))
        number = reply.json["id"]
        rule("set", "one", "--ca", "issuing")
        env.await_catalog()
        env.admin("request", "approve", number)
        row = env.sql(f"select ca_name, ca_rule, (select name from ca where id = c.ca_id) from request r "
                      f"join certificate c on c.id = r.certificate_id where r.id = {number}")[0]
        self.assertEqual(row, ["second", "one", "second"])
        # for whom the CA is now, counts now
        rule("set", "one", "--ca", "second")
        env.await_catalog()
        number = self.rest("alice", "WebServer", WEB).json["id"]
        env.admin("ca", "set", "second", "--allow-group", "contractors")
        env.await_catalog()
        env.admin("request", "approve", number, check=False)
        self.assertEqual(env.sql(f"select disposition from request where id = {number}"), [["31"]])


class Proxy(Case):
    """Behind a proxy, the address of the client counts, as the header of PROXY v2 has it."""

    SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"

    def ask(self, client):
        """POST /pki/request/User by a connection of the proxy's, for a client at this address."""
        address = ipaddress.ip_address(client)
        ports = struct.pack("!HH", 4711, 443)
        addresses = address.packed + (b"\xc0\0\2\1" if address.version == 4 else bytes(15) + b"\1") + ports
        family = 0x11 if address.version == 4 else 0x21
        sock = socket.create_connection((self.alice.host, self.alice.port), timeout=60, source_address=("127.0.0.9", 0))
        with sock:
            sock.sendall(self.SIGNATURE + bytes([0x21, family]) + struct.pack("!H", len(addresses)) + addresses)
            with self.alice.context.wrap_socket(sock, server_hostname="localhost") as tls:
                body = json.dumps({"pkcs10": der.b64(CSR)}).encode()
                tls.sendall(b"POST /pki/request/User HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                            b"Authorization: " + self.person["alice"].basic.encode() + b"\r\n"
                            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                answer = http.client.HTTPResponse(tls)
                answer.begin()
                return json.loads(answer.read())

    def test_address_of_the_client_chooses(self):
        self.add("plant", "second", "--network", "192.0.2.0/24 2001:db8:8::/48", priority=1)
        self.add("rest", "issuing", priority=9)
        env.await_catalog()
        for client, by in (("192.0.2.7", "plant"), ("192.0.3.7", "rest"), ("2001:db8:8::7", "plant"),
                           ("::ffff:192.0.2.8", "plant"), ("2001:db8:9::7", "rest")):
            with self.subTest(client):
                said = self.ask(client)
                self.assertEqual(said.get("ca_rule"), by, said)
        self.issued_by("alice", "issuing", "rest")  # without a proxy: 127.0.0.1


class Unusable(Case):
    def state(self):
        return Passwords(env).status(ca="guarded").json["unlocked_until"]

    def test_locked_disabled_and_root_are_passed_over(self):
        self.add("one", "guarded", priority=1)
        self.add("two", "second", priority=2)
        self.add("three", "issuing", priority=3)
        env.await_catalog()
        self.assertIsNone(self.state())
        self.issued_by("alice", "second", "two")
        env.admin("ca", "disable", "second")
        self.addCleanup(env.admin, "ca", "enable", "second")
        env.await_catalog()
        self.issued_by("alice", "issuing", "three")
        wait_for(lambda: Passwords(env).unlock(PASSWORD, ca="guarded").status == 200, "unlocked")
        self.issued_by("alice", "guarded", "one")
        self.assertEqual(self.issuer(self.alice.enroll(CSR)), "CN=guarded")
        self.assertEqual(Passwords(env).raw("POST", "lock", ca="guarded").status, 200)
        self.issued_by("alice", "issuing", "three")
        rule("delete", "three")
        env.await_catalog()
        reply = self.rest("alice")
        self.assertEqual((reply.status, reply.json["code"]), (503, "ca_locked"))
        self.assertIn("rule one: its CA guarded is locked; two: its CA second is disabled", reply.json["message"])
        self.assertIn("retry-after", reply.headers)

    def test_no_rule_for_a_root(self):
        done = env.admin("ca", "rule", "add", "x", "--ca", "root", check=False)
        self.assertIn(b"is a root", done.stderr)
        self.assertEqual(self.rest("alice", ca="root").json["message"], UNKNOWN)


class Permitted(Case):
    """A CA for some people only: not by any door."""

    def setUp(self):
        super().setUp()
        self.add("rest", "issuing")
        env.admin("ca", "set", "second", "--allow-group", "web-admins")
        env.await_catalog()

    def denied(self, reply, word):
        self.assertEqual(reply.status, 403, reply.body)
        self.assertIn(word, reply.body.decode())

    def test_asked_for_over_rest(self):
        self.issued_by("alice", "second", None, ca="second")
        self.issued_by("alice", "second", None, ca=str(ca_id("second")))
        answers = set()
        for name in ("second", str(ca_id("second")), "nothing", "4711", "root", "second@1"):
            reply = self.rest("bob", ca=name)
            self.assertEqual((reply.status, reply.json["code"]), (403, "denied"), reply.body)
            answers.add(reply.json["message"])
        self.assertEqual(answers, {UNKNOWN})
        self.assertGreater(env.count("select count(*) from audit where event = 'enroll.denied' and actor like '%bob' and "
                                     "detail like 'CA second, which was asked for, is not for this requester%'"), 0)

    def test_by_rule(self):
        self.add("best", "second", priority=1)
        env.await_catalog()
        self.issued_by("alice", "second", "best")
        self.issued_by("bob", "issuing", "rest")
        rule("delete", "rest")
        env.await_catalog()
        self.denied(self.rest("bob"), "rule best: its CA is not for this requester")
        self.denied(self.bob.enroll(CSR), "rule best: its CA is not for this requester")

    def test_by_an_application_that_names_it(self):
        key, secret = secrets.token_hex(16), secrets.token_hex(16)
        env.admin("app", "create", "named", "--ca", "second", "--template", "User", "--key", f"text:{key}",
                  "--secret", f"text:{secret}")
        self.addCleanup(env.admin, "app", "delete", "named", "--yes")
        env.await_catalog()
        of = {"app_key": base64.b64encode(key.encode()).decode(), "secret": secret.encode()}
        alice, bob = Client(env, **of), Client(env, user="bob", password="bob-secret", **of)
        word = "The certification authority that serves here is not for you."
        self.assertEqual(self.issuer(alice.enroll(CSR)), "CN=second")
        self.denied(bob.enroll(CSR), word)
        pkcs12 = json.dumps({"Timestamp": now(), "Request": {"Flags": 0, "TemplateName": "User",
                                                             "Pkcs12Password": "correct horse battery"}})
        self.denied(bob.call("/CMSApi/CertEnroll/3/Pkcs12", pkcs12), word)
        self.denied(bob.call("/pki/request/User", json.dumps({"pkcs10": der.b64(CSR)})), word)
        # what cannot be got is not listed
        templates = "/CMSApi/CertEnroll/3/Templates"
        self.assertEqual([t["CA"] for t in alice.call(templates, b"", "GET").json], ["second"])
        self.assertEqual(bob.call(templates, b"", "GET").json, [])
        self.assertEqual(bob.call("/pki/profiles", b"", "GET").json["entries"], [])
        # and no other CA through it
        self.denied(alice.call("/pki/request/User", json.dumps({"pkcs10": der.b64(CSR), "ca": "issuing"})), UNKNOWN)
        self.assertEqual(alice.call("/pki/request/User", json.dumps({"pkcs10": der.b64(CSR), "ca": "second"})).status,
                         201)

    def test_pkcs12_goes_by_rule(self):
        self.add("best", "second", priority=1)
        env.await_catalog()
        for who, issuer in ((self.alice, "CN=second"), (self.bob, "Issuing")):
            sent = json.dumps({"Timestamp": now(), "Request": {"Flags": 0, "TemplateName": "User",
                                                               "Pkcs12Password": "correct horse battery"}})
            reply = who.call("/CMSApi/CertEnroll/3/Pkcs12", sent)
            self.assertIn(issuer, self.issuer(reply))


class CaTemplate(Case):
    """What a CA takes, and a CSR that is made so."""

    MEMBERS = ["id", "name", "common_name", "organization", "country", "requires_manual_approval", "max_validity_days",
               "allowed_key_sizes", "allowed_extensions"]

    def get(self, who, ca, **headers):
        return self.person[who].get(f"/csr/ca-template/{ca}", **headers)

    def test_from_the_policy(self):
        said = self.get("alice", "second").json
        self.assertEqual(list(said), self.MEMBERS)
        self.assertEqual((said["id"], said["name"], said["common_name"]), (ca_id("second"), "second", "second"))
        self.assertEqual((said["organization"], said["country"], said["requires_manual_approval"]), (None, None, False))
        self.assertIn(said["max_validity_days"], (49, 50))  # the CA ends before 3650 days
        self.assertEqual(self.get("alice", "issuing").json["max_validity_days"] <= 3650, True)
        self.assertEqual(said["allowed_key_sizes"], [256, 384, 521, 2048, 3072, 4096])
        self.assertEqual(said["allowed_extensions"], ["server_auth", "client_auth", "email_protection", "code_signing"])
        env.admin("ca", "set", "second", "--max-validity", "30", "--approval-required", "--allow-key", "RSA:3072",
                  "--allow-key", "Ed25519", "--allow-eku", "clientAuth", "--allow-eku", "1.2.3.4")
        self.addCleanup(env.admin, "ca", "set", "second", "--max-validity", "0", "--no-approval-required", "--allow-key",
                        "any", "--allow-eku", "any")
        env.await_catalog()
        said = self.get("alice", ca_id("second")).json
        self.assertEqual([said[m] for m in self.MEMBERS[5:]], [True, 30, [3072, 4096, 256], ["client_auth", "1.2.3.4"]])

    def test_only_for_who_may_use_it(self):
        env.admin("ca", "set", "second", "--allow-group", "web-admins")
        env.admin("ca", "disable", "guarded")
        self.addCleanup(env.admin, "ca", "enable", "guarded")
        env.await_catalog()
        self.assertEqual(self.get("alice", "second").status, 200)
        answers = set()
        for name in ("second", ca_id("second"), "nothing", 4711, "root", "guarded"):
            reply = self.get("bob", name)
            self.assertEqual(reply.status, 404, reply.body)
            answers.add(reply.json["message"])
        self.assertEqual(answers, {UNKNOWN})
        officer = Person(env.var["GATEHOUSE_OFFICER_USER"], env.var["GATEHOUSE_OFFICER_PASSWORD"], env)
        self.assertEqual(officer.get("/csr/ca-template/second").status, 200)
        self.assertEqual(Client(env).get("/csr/ca-template/issuing").status, 401)
        self.assertEqual(self.get("bob", "issuing?format=xml").status, 422)

    def text(self, ca):
        reply = self.get("alice", ca, Accept="text/plain, application/json;q=0.5")
        self.assertTrue(reply.headers["content-type"].startswith("text/plain"), reply.headers)
        self.assertEqual(self.get("alice", f"{ca}?format=openssl").body, reply.body)
        self.assertEqual(self.get("alice", ca, Accept="*/*").headers["content-type"].split(";")[0], "application/json")
        return reply.body.decode()

    def make(self, ca, **variables):
        """The command of its first lines, run as it stands there; the CSR in PEM."""
        folder = env.scratch / f"cnf-{secrets.token_hex(4)}"
        folder.mkdir()
        text = self.text(ca)
        (folder / "ca.cnf").write_text(text)
        line = next(x for x in text.splitlines() if "openssl req" in x).removeprefix("# ")
        words = [w for w in line.split() if not w.startswith("CN=")]
        done = subprocess.run(words, cwd=folder, env={"PATH": os.environ["PATH"], **variables}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn(b"ENCRYPTED", (folder / "host.key").read_bytes())
        return (folder / "host.csr").read_text()

    def enroll(self, ca, csr):
        """A web server's certificate, which an officer agrees to."""
        reply = self.person["alice"].post("/pki/request/WebServer", {"pkcs10": csr, "ca": ca})
        self.assertEqual((reply.status, reply.json.get("status")), (201, "pending"), reply.body)
        env.admin("request", "approve", reply.json["id"])
        der_of = env.sql(f"select encode(der, 'hex') from certificate where request_id = {reply.json['id']}")[0][0]
        return der.openssl("x509", "-inform", "DER", "-noout", "-text", stdin=bytes.fromhex(der_of)).decode()

    def test_openssl_makes_a_csr_that_is_signed(self):
        text = self.enroll("second", self.make("second", CN="shop.example.test"))
        for word in ("Issuer: CN = second", "CN = shop.example.test", "DNS:shop.example.test", "(2048 bit)",
                     "TLS Web Server Authentication"):
            self.assertIn(word, text)
        self.assertIn("DNS:b.example.test", self.make_text("second", CN="a.example.test",
                                                           SAN="DNS:a.example.test,DNS:b.example.test"))
        self.assertIn("host.example.com", self.make_text("second"))

    def make_text(self, ca, **variables):
        return der.openssl("req", "-noout", "-text", stdin=self.make(ca, **variables).encode()).decode()

    def test_openssl_for_a_ca_of_one_kind(self):
        env.admin("ca", "create", "odd", "--parent", "root", "--subject",
                  'CN=odd,O=A "B" \\# $HOME `x` \\; \\\\n [ x ],C=DE', "--days", "50", "--no-urls", "--allow-key", "EC",
                  "--allow-eku", "serverAuth")
        self.addCleanup(env.admin, "ca", "disable", "odd")
        env.await_catalog()
        text = self.make_text("odd", CN="shop.example.test")
        self.assertIn("prime256v1", text)
        name = 'A "B" # $HOME `x` ; \\n [ x ]'
        self.assertEqual(self.get("alice", "odd").json["organization"], name)
        csr = x509.load_pem_x509_csr(self.make("odd", CN="shop.example.test").encode())
        self.assertEqual(csr.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value, name)
        self.assertIn("(256 bit)", self.enroll("odd", self.make("odd", CN="shop.example.test", O="Example")))
        env.admin("ca", "set", "odd", "--allow-key", "Ed25519", "--allow-eku", "codeSigning")
        env.await_catalog()
        text = self.make_text("odd", CN="somebody")
        self.assertIn("ED25519", text)
        self.assertIn("Code Signing", text)
        self.assertNotIn("DNS:", text)


class Command(Case):
    def trial(self, *args, ok=True):
        done = env.admin("ca", "rule", "test", "--json", *args, check=False)
        self.assertEqual(done.returncode, 0 if ok else 1, done.stderr)
        return json.loads(done.stdout)

    def test_test_says_why(self):
        self.add("net", "issuing", "--network", "10.8.0.0/16", priority=1)
        self.add("locked", "guarded", "--group", "contractors", priority=2)
        self.add("rest", "second", priority=9)
        said = self.trial("--user", "bob", "--address", "10.9.0.1", "--template", "User")
        self.assertEqual([(s["rule"], s["misses"], s["why"]) for s in said["steps"]],
                         [("net", "network", None), ("locked", None, "is locked"), ("rest", None, None)])
        self.assertEqual((said["ca"], said["rule"]), ("second", "rest"))
        self.assertEqual(self.trial("--address", "::ffff:10.8.0.1")["ca"], "issuing")
        self.assertEqual(self.trial("--group", "contractors")["steps"][1]["why"], "is locked")
        self.assertEqual(self.trial("--app", "other")["ca"], "issuing")  # it names one
        self.assertEqual(self.trial("--ca", "root", ok=False)["code"], "denied")
        text = env.admin("ca", "rule", "test", "--user", "bob")
        self.assertIn("locked: holds, CA guarded is locked", text)
        self.assertTrue(text.endswith("CA second, by rule rest\n"), text)

    def test_what_is_wrong_is_said(self):
        self.add("one", "second")
        for args, word in ((("add", "one", "--ca", "second"), b"rule of this name already"),
                           (("add", "two"), b"--ca is needed"),
                           (("add", "two", "--ca", "nothing"), b'no CA "nothing"'),
                           (("add", "two", "--ca", "second", "--template", "nothing"), b'no template "nothing"'),
                           (("add", "two", "--ca", "second", "--purpose", "x"), b"purpose of a rule is"),
                           (("add", "two", "--ca", "second", "--network", "x"), b"network of a rule is"),
                           (("add", "two", "--ca", "second", "--email-domain", "a@b"), b"email_domain of a rule is"),
                           (("add", "two", "--ca", "second", "--priority", "1000001"), b"priority of a rule is"),
                           (("set", "one"), b"nothing to change"), (("set", "one", "--ca", ""), b'no CA ""'),
                           (("set", "two", "--ca", "second"), b'no rule "two"'), (("delete", "two"), b'no rule "two"'),
                           (("test", "--address", "x"), b"is no address"), (("list", "one"), b"takes no name"),
                           (("drop", "one"), b"none of add"), (("add", "--ca", "second"), b"needs the name")):
            with self.subTest(args):
                done = env.admin("ca", "rule", *args, check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(word, done.stderr)
        self.assertEqual([r["name"] for r in rules()], ["one"])


if __name__ == "__main__":
    tap.main()
