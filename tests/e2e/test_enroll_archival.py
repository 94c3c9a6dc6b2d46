#!/usr/bin/env python3
"""A private key that is archived with its certificate: Python's cryptography and Bouncy Castle wrap it, agents recover it. No
certificate without the key that its template demands, no key without certificate, whatever dies in between."""

import base64
import concurrent.futures
import json
import os
import signal
import socket
import ssl
import subprocess
import unittest
import urllib.parse
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import kra_client as kra
import tap
from client import Client
from environment import TOP, Environment, stop_processes, wait_for
from memory_search import search_everywhere
from person import Person

env = Environment("archival", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="""
limits { failures = 10000 }
roles { officer_groups = "pki-officers" }
database { timeout_ms = 2000 }
signer { timeout_ms = 3000 }
kra { timeout_ms = 3000 }
""")
var = env.var
TRANSPORT = "/pki/config/kra/cert/transport"


class Caller(Person):
    """By Basic, without an application key."""

    def submit(self, profile, body, query="", **headers):
        return self.post(f"/pki/request/{profile}{query}", body, **headers)

    def decide(self, path, status, **more):
        """On what he sees now: a request, a key request, or a key."""
        etag = self.get(path).headers.get("etag", "*")
        return self.send("PUT", path, {"status": status, **more}, If_Match=etag)


alice, bob = Caller("alice", "alice-secret", env), Caller("bob", "bob-secret", env)
olga = Caller("olga", (env.dir / "state" / "officer.password").read_text().strip(), env)
anna = Caller(var["GATEHOUSE_AGENT_USER"], var["GATEHOUSE_AGENT_PASSWORD"], env)
bert = Caller(var["GATEHOUSE_AGENT2_USER"], var["GATEHOUSE_AGENT2_PASSWORD"], env)


def transport_der():
    return alice.get(TRANSPORT, Accept="application/pkix-cert").body


def transport_key():
    return x509.load_der_x509_certificate(transport_der()).public_key()


def csr_of(key):
    return x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256()).public_bytes(
        serialization.Encoding.DER)


def body_of(key, archived=None, algorithm="AES-256-GCM"):
    """A PKCS#10 and a private key, which is that of the request if nothing else is said."""
    return {"pkcs10": kra.b64(csr_of(key)),
            "archival": kra.wrapped_secret(transport_key(), kra.pkcs8(archived or key), algorithm)}


def make_profiles():
    """Profiles of rest.application that archive keys, made of User."""
    body = json.loads(env.sql("select body from template where name = 'User' and active")[0][0])
    del body["displayName"]
    oid = body["oid"]
    kinds = {"Kept": {"archival": "required"}, "KeptIfSent": {"archival": "optional"},
             "KeptLater": {"archival": "required", "approval": True},
             "KeptWhenUnlocked": {"archival": "required", "caLocked": "pending"},
             "KeptWithPolicy": {"archival": "required", "recovery_policy": "hr"},
             "KeptWithNoPolicy": {"archival": "required", "recovery_policy": "not there"}}
    for n, (name, members) in enumerate(kinds.items()):
        file = env.scratch / f"{name}.json"
        file.write_text(json.dumps({**body, "name": name, "oid": f"{oid}.{n + 1}", **members}))
        env.admin("template", "import", file)
    app = env.sql("select name, array_to_string(templates, ',') from application where enabled order by id limit 1")[0]
    names = app[1].split(",") + list(kinds)
    env.admin("app", "set", app[0], *[x for name in names for x in ("--template", name)])
    file = env.scratch / "hr.json"
    file.write_text(json.dumps({"name": "hr", "required": 1, "requester_counts": False, "signed": False,
                                "agents": [{"id": "anna", "name": "anna"}]}))
    env.admin("kra", "policy", file)
    env.await_catalog()


make_profiles()


class Case(unittest.TestCase):
    def expect(self, reply, status, code=None):
        self.assertEqual(reply.status, status, reply.body)
        if code is not None:
            self.assertEqual(reply.json["code"], code, reply.body)
        return reply.json

    def recover(self, key_id, agents=(anna, bert)):
        made = self.expect(alice.send("POST", "/pki/keyrequest/recovery", {"key_id": key_id}), 201)
        for agent in agents:
            self.expect(agent.decide(f"/pki/keyrequest/{made['id']}/status", "approved"), 200)
        receiver = kra.Receiver(transport_key())
        return receiver.open(self.expect(alice.send("POST", f"/pki/key/{key_id}", {"request": made["id"], **receiver.body}), 200))

    def rows(self):
        return [env.count(f"select count(*) from {t}") for t in ("request", "certificate where request_id > 0", "archived_key",
                                                                "key_request where type = 'archival'")]

    def whole(self):
        """No certificate of a template that demands its key without it, no active key without its certificate."""
        self.assertEqual(env.count(
            "select count(*) from certificate c where c.template like 'Kept%' and c.template <> 'KeptIfSent' and not exists "
            "(select from archived_key k where k.certificate_id = c.id and k.spki_sha256 = c.spki_sha256)"), 0)
        self.assertEqual(env.count(
            "select count(*) from archived_key k where k.request_id is not null and case when k.state = 'pending' "
            "then not exists (select from request r where r.id = k.request_id and r.disposition = 9) "
            "else not exists (select from certificate c where c.id = k.certificate_id and c.request_id = k.request_id) end"), 0)


class Profiles(Case):
    def test_the_form_says_what_to_send(self):
        form = self.expect(alice.get("/pki/profile/KeptWithPolicy"), 200)["inputs"]
        self.assertEqual(form["archival"], {"type": "wrapped_key", "required": True, "recovery_policy": "hr",
                                            "transport": TRANSPORT, "algorithms": "/pki/info"})
        self.assertEqual(form["crmf"], {"type": "crmf", "required": False, "in_place_of": "pkcs10"})
        self.assertFalse(self.expect(alice.get("/pki/profile/KeptIfSent"), 200)["inputs"]["archival"]["required"])
        self.assertNotIn("archival", self.expect(alice.get("/pki/profile/User"), 200)["inputs"])
        # what it names is there
        self.expect(alice.get(form["archival"]["transport"]), 200)
        self.assertTrue(self.expect(alice.get(form["archival"]["algorithms"]), 200)["kra"]["secret_algorithms"])


class Issued(Case):
    def test_each_form_comes_back(self):
        for kind in ("P-256", "RSA-2048"):
            for algorithm in ("AES-256-GCM", "AES-256-KWP"):
                with self.subTest(kind=kind, algorithm=algorithm):
                    key, before = kra.make_key(kind), self.rows()
                    made = self.expect(alice.submit("Kept", body_of(key, algorithm=algorithm)), 201)
                    self.assertEqual(made["status"], "issued")
                    self.assertEqual(made["links"]["key"], "/pki/key/" + made["key_id"])
                    self.assertEqual(self.rows(), [n + 1 for n in before])
                    self.assertEqual(self.recover(made["key_id"]), kra.pkcs8(key))
        self.whole()

    def test_the_rows(self):
        key = kra.make_key("P-256")
        made = self.expect(alice.submit("Kept", body_of(key)), 201)
        shown = self.expect(alice.get(made["links"]["key"]), 200)
        self.assertEqual((shown["state"], shown["certificate_id"], shown["owner"], shown["policy"]),
                         ("active", made["certificate"]["id"], "EXAMPLE\\alice", None))
        seen = self.expect(alice.get(made["links"]["request"]), 200)
        self.assertEqual((seen["key_id"], seen["links"]["key"]), (made["key_id"], made["links"]["key"]))
        found = self.expect(anna.get(f"/pki/keys?certificate_id={made['certificate']['id']}"), 200)["entries"]
        self.assertEqual([k["id"] for k in found], [made["key_id"]])
        self.assertEqual(env.sql(f"select event, outcome, actor from audit where object = 'key {made['key_id']}'"),
                         [["key.archived", "success", "EXAMPLE\\alice"]])
        # nobody else sees it
        self.expect(bob.get(made["links"]["key"]), 404)

    def test_policy_of_the_template(self):
        made = self.expect(alice.submit("KeptWithPolicy", body_of(kra.make_key("P-256"))), 201)
        self.assertEqual(self.expect(alice.get(made["links"]["key"]), 200)["policy"], "hr")
        # one of its own cannot be named
        body = body_of(kra.make_key("P-256"))
        for member in ("policy", "owner", "client_id", "kind", "public_key"):
            said = self.expect(alice.submit("KeptWithPolicy", {**body, "archival": {**body["archival"], member: "x"}}), 422)
            self.assertEqual(list(said["errors"]), ["archival." + member])
        self.whole()

    def test_policy_that_is_not_there(self):
        before = self.rows()
        said = self.expect(alice.submit("KeptWithNoPolicy", body_of(kra.make_key("P-256"))), 503)
        self.assertIn("policy of recovery \"not there\" is not there", said["message"])
        self.assertEqual(self.rows(), before)
        found = {f["what"].split()[1]: f["state"] for f in json.loads(env.admin("doctor", "--json", check=False).stdout)
                 if f["code"] == "archival"}
        self.assertEqual(found, {"Kept": "ok", "KeptIfSent": "ok", "KeptLater": "ok", "KeptWhenUnlocked": "ok", "KeptWithPolicy": "ok",
                                 "KeptWithNoPolicy": "error"})

    def test_optional(self):
        key = kra.make_key("P-256")
        self.assertNotIn("key_id", self.expect(alice.submit("KeptIfSent", {"pkcs10": kra.b64(csr_of(key))}), 201))
        made = self.expect(alice.submit("KeptIfSent", body_of(key)), 201)
        self.assertEqual(self.recover(made["key_id"]), kra.pkcs8(key))

    def test_wrapped_for_a_transport_key_that_was_renewed(self):
        key = kra.make_key("P-256")
        before = alice.get(TRANSPORT).json["entries"][0]["id"]
        body = body_of(key)
        env.admin("kra", "renew", "--ca", "issuing")
        self.expect(alice.submit("Kept", body), 422)
        made = self.expect(alice.submit("Kept", {**body, "archival": {**body["archival"], "transport_key": before}}), 201)
        self.assertEqual(self.recover(made["key_id"]), kra.pkcs8(key))

    def test_renewal(self):
        key = kra.make_key("P-256")
        first = self.expect(alice.submit("Kept", body_of(key)), 201)
        old = first["certificate"]["id"]
        before = self.rows()
        query = f"?renew={old}"
        env.sql(f"update certificate set not_after = now() + interval '1 day' where id = {old}")
        self.expect(alice.submit("Kept", {"pkcs10": kra.b64(csr_of(key))}, query), 403, "archived_key_required")
        # the same key again, and a new one: each certificate has its own
        for renewed in (key, kra.make_key("RSA-2048")):
            made = self.expect(alice.submit("Kept", body_of(renewed), query), 201)
            self.assertNotEqual(made["key_id"], first["key_id"])
            self.assertEqual(self.recover(made["key_id"]), kra.pkcs8(renewed))
        self.assertEqual(self.rows(), [before[0] + 3, before[1] + 2, before[2] + 2, before[3] + 2])
        self.whole()


class Refused(Case):
    def test_demanded_and_missing_over_each_way(self):
        key, before = kra.make_key("P-256"), self.rows()
        csr = csr_of(key)
        said = self.expect(alice.submit("Kept", {"pkcs10": kra.b64(csr)}), 403, "archived_key_required")
        self.assertIn("demands that the private key is archived", said["message"])
        self.expect(alice.submit("Kept", csr, Content_Type="application/pkcs10"), 403, "archived_key_required")
        certenroll = Client(env)
        for version in (1, 2, 3):
            token = certenroll.call(f"/CMSApi/CertEnroll/{version}/Token", "{}").json["Token"] if version < 3 else None
            reply = certenroll.enroll(csr, template="Kept", version=version, token=token)
            self.assertIn("80094804", reply.body.decode().upper())
        # said before anybody asks an officer
        self.expect(alice.submit("KeptLater", {"pkcs10": kra.b64(csr)}), 403, "archived_key_required")
        self.assertEqual(self.rows()[1:], before[1:])

    def test_sent_where_none_is_kept(self):
        before = self.rows()
        said = self.expect(alice.submit("User", body_of(kra.make_key("P-256"))), 403, "archived_key_unexpected")
        self.assertIn("ask again without the key", said["message"])
        self.assertEqual(self.rows()[1:], before[1:])

    def test_another_key(self):
        """Refused before anything is signed, and nobody's key is kept."""
        before = self.rows()
        key = kra.make_key("P-256")
        for other in (kra.make_key("P-256"), kra.make_key("RSA-2048"), ec.generate_private_key(ec.SECP384R1())):
            self.expect(alice.submit("Kept", body_of(key, other)), 422, "validation")
        self.assertEqual(self.rows(), before)
        self.assertGreater(env.count("select count(*) from audit where event = 'key.archive-refused'"), 2)
        self.expect(alice.submit("Kept", body_of(key)), 201)

    def test_damaged(self):
        before = self.rows()
        key = kra.make_key("P-256")
        good = body_of(key)
        archival = good["archival"]

        def altered(part, raw):
            return {**good, "archival": {**archival, part: {**archival[part], "value": kra.b64(raw)}}}
        for part in ("session_key", "secret"):
            raw = base64.b64decode(archival[part]["value"])
            for n in (1, len(raw) // 2, len(raw) - 1):
                self.expect(alice.submit("Kept", altered(part, raw[:n])), 422)
            self.expect(alice.submit("Kept", altered(part, raw[:-1] + bytes((raw[-1] ^ 1,)))), 422)
            self.expect(alice.submit("Kept", altered(part, raw + bytes(20000))), 422)
        self.expect(alice.submit("Kept", altered("secret", bytes(150000))), 413)
        for wrong, field in (({}, "archival.session_key.value"), ([], "archival"), ("x", "archival"), ({"secret": 1}, "archival.secret"),
                             ({**archival, "transport_key": "00"}, "archival.transport_key"),
                             ({"pki_archive_options": "?"}, "archival.pki_archive_options"),
                             ({"pki_archive_options": "AAAA", "secret": {}}, "archival.secret")):
            said = self.expect(alice.submit("Kept", {**good, "archival": wrong}), 422)
            self.assertIn(field, said["errors"], wrong)
        self.expect(alice.submit("Kept", {**good, "archival": {"pki_archive_options": "AAAA"}}), 422)
        self.expect(alice.submit("Kept", {**good, "archival": {**archival, "transport_key": "0" * 63 + "1"}}), 422)
        self.assertEqual(self.rows(), before)

    def test_what_another_has_wrapped(self):
        """Somebody has seen the body on its way: he gets no certificate for the key, and is not its owner."""
        body = body_of(kra.make_key("P-256"))
        self.expect(alice.submit("Kept", body), 201)
        before = self.rows()
        said = self.expect(bob.submit("Kept", body), 409, "conflict")
        self.assertIn("archived for somebody else", said["message"])
        public = x509.load_der_x509_csr(base64.b64decode(body["pkcs10"])).public_key()
        archive = {"kind": "private_key", "public_key": kra.b64(kra.spki(public)), **body["archival"]}
        self.expect(bob.post("/pki/keyrequest/archive", archive), 409, "conflict")
        # who cannot have it opened is not told
        secret = base64.b64decode(body["archival"]["secret"]["value"])
        archive["secret"] = {**archive["secret"], "value": kra.b64(secret[:-1] + bytes((secret[-1] ^ 1,)))}
        self.expect(bob.post("/pki/keyrequest/archive", archive), 422)
        self.assertEqual(self.rows(), before)
        # the owner may again; whom an agent has made an owner, may
        self.expect(alice.submit("Kept", body), 201)
        archive = {"kind": "private_key", "public_key": kra.b64(kra.spki(public)), **body["archival"]}
        self.expect(anna.post("/pki/keyrequest/archive", {**archive, "owner": "bob"}), 201)
        self.expect(bob.submit("Kept", body), 201)

    def test_null_is_absent(self):
        self.expect(alice.submit("User", {"pkcs10": kra.b64(csr_of(kra.make_key("P-256"))), "archival": None}), 201)


class Crmf(Case):
    """What Bouncy Castle makes."""

    @classmethod
    def setUpClass(cls):
        cls.folder = env.scratch / "crmf"
        cls.folder.mkdir()
        (cls.folder / "transport.der").write_bytes(transport_der())
        jars = ":".join(f"/usr/share/java/{name}.jar" for name in ("bcprov", "bcpkix", "bcutil"))
        made = Path(__file__).resolve().parent / "ArchiveCrmf.java"
        subprocess.run(["java", "-cp", jars, made, cls.folder / "transport.der", cls.folder], check=True)

    def raw(self, name):
        return (self.folder / f"{name}.crmf").read_bytes()

    def ask(self, name, profile="Kept", **more):
        return alice.submit(profile, {"crmf": kra.b64(self.raw(name)), **more})

    def key(self, name):
        return serialization.load_der_private_key((self.folder / f"{name}.p8").read_bytes(), None)

    def test_issued(self):
        for name in ("ec", "rsa"):
            made = self.expect(self.ask(name), 201)
            self.assertEqual(made["status"], "issued")
            recovered = serialization.load_der_private_key(self.recover(made["key_id"]), None)
            self.assertEqual(kra.pkcs8(recovered), kra.pkcs8(self.key(name)))
            self.not_kept(name, made["links"]["request"])
        self.whole()

    def not_kept(self, name, link):
        """What the key was wrapped in is nowhere: nobody gives it to the KRA once more, under another policy."""
        shown = base64.b64decode(self.expect(olga.get(link), 200)["crmf"])
        raw = self.raw(name)
        self.assertLess(len(shown), len(raw) - 300)
        at = raw.index(bytes.fromhex("060960864801650304012e"))  # AES-256-GCM of the content
        needle = raw[at + 40:at + 72]
        self.assertNotIn(needle, shown)
        self.assertEqual(env.count(f"select count(*) from request where position('\\x{needle.hex()}'::bytea in csr) > 0"), 0)
        self.assertNotIn(kra.b64(raw)[200:260], env.log())
        # what is recorded asks for nothing when somebody sends it
        self.expect(alice.submit("User", {"crmf": kra.b64(shown)}), 400, "csr_signature")

    def test_approved_and_denied(self):
        made = self.expect(self.ask("ec", "KeptLater"), 201)
        self.assertEqual(made["status"], "pending")
        self.not_kept("ec", made["links"]["request"])
        done = self.expect(olga.decide(made["links"]["status"], "approved"), 200)
        self.assertEqual(done["status"], "issued")
        self.assertEqual(serialization.load_der_private_key(self.recover(made["key_id"]), None).private_numbers(),
                         self.key("ec").private_numbers())
        said = self.expect(self.ask("ec", "User"), 403, "archived_key_unexpected")
        self.not_kept("ec", said["links"]["request"])

    def test_refused(self):
        before = self.rows()
        self.expect(self.ask("other-key"), 422, "validation")
        for name in ("proof-by-key", "proof-verified"):
            said = self.expect(self.ask(name), 400, "csr_signature")
            self.assertIn("must be a signature", said["message"])
        self.expect(self.ask("altered"), 400, "csr_signature")
        self.assertIn("24576 bytes", self.expect(self.ask("huge"), 400, "csr")["message"])
        said = self.expect(self.ask("ec", archival=body_of(kra.make_key("P-256"))["archival"]), 400, "csr")
        self.assertIn("send it once", said["message"])
        self.assertEqual(self.rows(), before)


class Pending(Case):
    def later(self, key=None):
        key = key or kra.make_key("P-256")
        made = self.expect(alice.submit("KeptLater", body_of(key)), 201)
        self.assertEqual(made["status"], "pending")
        return key, made

    def test_waits(self):
        _, made = self.later()
        self.assertEqual(self.expect(alice.get(made["links"]["key"]), 200)["state"], "pending")
        self.assertIn(made["key_id"], [k["id"] for k in self.expect(anna.get("/pki/keys?state=pending&limit=1000"), 200)["entries"]])
        for who in (alice, anna):
            said = self.expect(who.send("POST", "/pki/keyrequest/recovery", {"key_id": made["key_id"]}), 409)
            self.assertIn("waits for the decision", said["message"])
        for status in ("active", "inactive"):
            said = self.expect(anna.decide(made["links"]["key"] + "/status", status), 409)
            self.assertIn("waits for the decision", said["message"])
        self.expect(bob.get(made["links"]["key"]), 404)
        self.whole()

    def test_approved_while_the_kra_is_away(self):
        key, made = self.later()
        pid = kra_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            done = self.expect(olga.decide(made["links"]["status"], "approved"), 200)
            self.assertEqual((done["status"], done["key_id"]), ("issued", made["key_id"]))
        finally:
            os.kill(pid, signal.SIGCONT)
        shown = self.expect(alice.get(made["links"]["key"]), 200)
        self.assertEqual((shown["state"], shown["certificate_id"]), ("active", done["certificate_id"]))
        self.assertEqual(self.recover(made["key_id"]), kra.pkcs8(key))
        self.whole()

    def test_ca_key_is_locked(self):
        """The key waits with a request that waits for the CA."""
        (env.scratch / "ca.password").write_text("correct horse battery\n")
        password = ("--password-file", env.scratch / "ca.password")
        env.admin("ca", "password", "set", "issuing", *password)
        env.admin("ca", "password", "lock", "issuing")
        key = kra.make_key("P-256")
        body = body_of(key)
        try:
            def pending():
                reply = alice.submit("KeptWhenUnlocked", body, Idempotency_Key="locked")
                return reply if reply.status == 201 and reply.json["status"] == "pending" else None
            made = wait_for(pending, "the request is taken under submission").json
            self.assertEqual(self.expect(alice.get(made["links"]["key"]), 200)["state"], "pending")
        finally:
            env.admin("ca", "password", "unlock", "issuing", *password)
        done = self.expect(olga.decide(made["links"]["status"], "approved"), 200)
        self.assertEqual((done["status"], done["key_id"]), ("issued", made["key_id"]))
        self.assertEqual(self.recover(made["key_id"]), kra.pkcs8(key))
        self.whole()

    def test_rejected_and_canceled(self):
        for who, status in ((olga, "rejected"), (alice, "canceled"), (olga, "canceled")):
            _, made = self.later()
            self.expect(who.decide(made["links"]["status"], status), 200)
            self.expect(alice.get(made["links"]["key"]), 404)
            self.assertEqual(env.count(f"select count(*) from audit where event = 'key.discarded' and object = 'key {made['key_id']}'"), 1)
        self.whole()

    def test_race_of_decisions(self):
        _, made = self.later()
        path = made["links"]["status"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            codes = list(pool.map(lambda n: olga.send("PUT", path, {"status": ("approved", "rejected")[n % 2]}, If_Match='"v1"').status,
                                  range(8)))
        self.assertEqual(codes.count(200), 1, codes)
        self.whole()

    def test_denied_when_the_template_archives_no_more(self):
        file = env.scratch / "KeptLater.json"
        body = json.loads(file.read_text())
        _, made = self.later()
        try:
            file.write_text(json.dumps({**body, "archival": "none"}))
            env.admin("template", "import", file)
            env.await_catalog()
            done = self.expect(olga.decide(made["links"]["status"], "approved"), 200)
            self.assertEqual((done["status"], done["status_code"]), ("denied", "0x80094810"))
        finally:
            file.write_text(json.dumps(body))
            env.admin("template", "import", file)
            env.await_catalog()
        self.whole()

    def test_not_issued_when_the_key_was_taken_away(self):
        _, made = self.later()
        env.sql(f"delete from archived_key where uuid = '{made['key_id']}'")
        done = self.expect(olga.decide(made["links"]["status"], "approved"), 200)
        self.assertEqual((done["status"], done["status_code"]), ("denied", "0x80094804"))
        self.whole()


class Repeated(Case):
    def test_same_key_and_body(self):
        before = self.rows()
        body = body_of(kra.make_key("P-256"))
        first = self.expect(alice.submit("Kept", body, Idempotency_Key="archival-1"), 201)
        for _ in range(2):
            again = self.expect(alice.submit("Kept", body, Idempotency_Key="archival-1"), 201)
            self.assertEqual((again["id"], again["key_id"], again["links"], again["certificate"]),
                             (first["id"], first["key_id"], first["links"], first["certificate"]))
        self.assertEqual(self.rows(), [n + 1 for n in before])
        self.expect(alice.submit("Kept", body_of(kra.make_key("P-256")), Idempotency_Key="archival-1"), 409)

    def test_race(self):
        before = self.rows()
        body = body_of(kra.make_key("P-256"))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            made = [self.expect(r, 201) for r in pool.map(
                lambda n: Caller("alice", "alice-secret", env).submit("Kept", body, Idempotency_Key="archival-race"), range(8))]
        self.assertEqual(len({(m["id"], m["key_id"], m["certificate"]["serial"]) for m in made}), 1)
        self.assertEqual(self.rows(), [n + 1 for n in before])

    def test_client_gone_before_the_answer(self):
        body = json.dumps(body_of(kra.make_key("P-256"))).encode()
        before = self.rows()
        address = urllib.parse.urlsplit(var["GATEHOUSE_URL"])
        context = ssl.create_default_context(cafile=var["GATEHOUSE_CAFILE"])
        with socket.create_connection((address.hostname, address.port)) as raw, \
                context.wrap_socket(raw, server_hostname=address.hostname) as tls:
            tls.sendall((f"POST /pki/request/Kept HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: {alice.basic}\r\n"
                         f"Content-Type: application/json\r\nIdempotency-Key: gone\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body)
        again = self.expect(alice.submit("Kept", body, Idempotency_Key="gone"), 201)
        self.assertEqual(again["status"], "issued")
        self.assertEqual(self.rows(), [n + 1 for n in before])
        self.whole()


class Secrecy(Case):
    def test_no_key_leaves_the_kra(self):
        """Neither of an issued nor of a pending request: memory of the processes, database with its WAL, logs."""
        keys = [kra.make_key("P-256"), kra.make_key("RSA-2048")]
        for key in keys:
            self.expect(alice.submit("Kept", body_of(key)), 201)
            made = self.expect(alice.submit("KeptLater", body_of(key)), 201)
            self.expect(olga.decide(made["links"]["status"], "approved"), 200)
            self.assertEqual(self.recover(made["key_id"]), kra.pkcs8(key))
        secrets = [kra.secret_bytes(key) for key in keys]
        needles = [form for s in secrets for form in (s, s.hex().encode(), s.hex().upper().encode(), base64.b64encode(s)[4:36])]
        self.assertGreater(search_everywhere(env, needles), 50 << 20)


def kra_pid():
    return next(pid for pid, line in env.processes("gatehouse-signer") if "--role kra" in line)


def signer_pids():
    return [pid for pid, line in env.processes("gatehouse-signer") if "--role kra" not in line]


def is_asked(socket_path):
    """Somebody waits for a process that was stopped: there is something to read on its socket."""
    out = subprocess.run(["ss", "-Hxa"], check=True, stdout=subprocess.PIPE).stdout.decode()
    return any(row[2] != "0" for row in map(str.split, out.splitlines()) if row[4].endswith(socket_path))


class Killed(Case):
    """Something dies between the steps. The call is answered 503 or 201, and a retry ends in one certificate with its key."""

    def setUp(self):
        env.wait_ready()

    def attempt(self, prepare, fault, mark):
        """A call, and the fault in the middle of it; then the same call until it succeeds."""
        body, before = body_of(kra.make_key("P-256")), self.rows()
        prepare()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            call = pool.submit(Caller("alice", "alice-secret", env).submit, "Kept", body, Idempotency_Key=mark)
            fault()
            reply = call.result()
        self.assertIn(reply.status, (201, 503), reply.body)
        if reply.status == 503:
            self.assertIn("retry-after", reply.headers)
            self.whole()

        def again():
            r = alice.submit("Kept", body, Idempotency_Key=mark)
            return r if r.status == 201 else None
        made = wait_for(again, "the retry succeeds").json
        self.assertEqual(made["status"], "issued")
        self.assertEqual(self.rows(), [n + 1 for n in before])
        self.whole()
        return reply

    def test_kra_in_mid_call(self):
        def fault():
            wait_for(lambda: is_asked("kra/kra.sock"), "the call is at the KRA")
            os.kill(pid, signal.SIGKILL)
        for n in range(2):
            pid = kra_pid()
            self.attempt(lambda: stop_processes([pid]), fault, f"kra-{n}")
            env.await_each_worker(lambda c: json.loads(c.get("/readyz").body)["kra"] == "up", "the KRA is back")

    def test_kra_away(self):
        pid = kra_pid()
        before = self.rows()
        os.kill(pid, signal.SIGSTOP)
        try:
            reply = alice.submit("Kept", self.body, Idempotency_Key="away")
            said = self.expect(reply, 503)
            self.assertIn("key recovery authority", said["message"])
            self.assertIn("retry-after", reply.headers)
            # all else is issued
            self.expect(alice.submit("User", {"pkcs10": kra.b64(csr_of(kra.make_key("P-256")))}), 201)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertEqual(self.rows()[2:], before[2:])
        self.expect(alice.submit("Kept", self.body, Idempotency_Key="away"), 201)

    @classmethod
    def setUpClass(cls):
        cls.body = body_of(kra.make_key("P-256"))

    def test_signer_after_the_key_was_archived(self):
        def fault():
            wait_for(lambda: is_asked("signer/signer.sock"), "the KRA has answered, and the call is at the signer")
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
        pids = signer_pids()
        self.attempt(lambda: stop_processes(pids), fault, "signer")

    def test_database_before_the_commit(self):
        """It is held at its commit, and killed there."""
        def fault():
            wait_for(lambda: env.count("select count(*) from pg_locks where not granted and relation = 'audit'::regclass"),
                     "the statement waits")
            env.postgres("kill")
            env.postgres("start")
        held = []
        self.attempt(lambda: held.append(env.session("begin; lock table audit in share mode")), fault, "database")
        held[0].close()


if __name__ == "__main__":
    tap.main()
