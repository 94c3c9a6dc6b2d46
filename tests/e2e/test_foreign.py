#!/usr/bin/env python3
"""Certificates from elsewhere: put in by command and REST in every form, found and told of like ours, and without any right."""

import base64
import hashlib
import json
import subprocess
import unittest
import urllib.parse

import client
import der
import ocsp
import tap
from client import Client
from environment import Environment, wait_for
from person import Person

env = Environment("foreign", GATEHOUSE_CONF_EXTRA="""
roles { officer_groups = "pki-officers" }
limits { failures = 1000 }
""")
KEY, OTHER = der.Key(env.scratch, "ec:P-256"), der.Key(env.scratch, "ec:P-256")
var = env.var
olga = Person("olga", (env.dir / "state" / "officer.password").read_text().strip(), env)
admin = Person(var["GATEHOUSE_ADMIN_USER"], var["GATEHOUSE_ADMIN_PASSWORD"], env)
auditor = Person(var["GATEHOUSE_AUDITOR_USER"], var["GATEHOUSE_AUDITOR_PASSWORD"], env)
alice = Person("alice", "alice-secret", env)
IMPORT = "/pki/certificates/import"
serials = iter(range(1000, 10**6))


def time(text):
    return der.tlv(0x17 if len(text) == 13 else 0x18, text.encode())


def certificate(subject="www.elsewhere.test", issuer=(("CN", "Foreign CA"),), serial=None, key=KEY, signer=KEY, extensions=(),
                dates=("250101000000Z", "400101000000Z"), digest="sha256", algorithm=None, names=None):
    """DER. subject: a common name, pairs, or bytes. serial: a number, or the content of the INTEGER."""
    serial = next(serials) if serial is None else serial
    number = der.tlv(2, serial) if isinstance(serial, bytes) else der.integer(serial)
    pairs = [("CN", subject)] if isinstance(subject, str) else subject
    whole = pairs if isinstance(pairs, bytes) else der.name(pairs)
    alg = algorithm or der.seq(der.oid(der.SIGNATURES[signer.kind, digest]), der.tlv(5) if signer.kind == "rsa" else b"")
    if names is not None:
        extensions = [*extensions, der.extension("subjectAltName", names)]
    tbs = der.seq(der.context(0, der.integer(2)), number, alg, der.name(issuer) if not isinstance(issuer, bytes) else issuer,
                  der.seq(*map(time, dates)), whole, key.spki, der.context(3, der.seq(*extensions)) if extensions else b"")
    return der.seq(tbs, alg, der.bits(signer.sign(tbs, digest)))


def pem(cert):
    return der.pem(cert, "CERTIFICATE")


def key_id(value):
    return der.extension("2.5.29.35", der.seq(der.tlv(0x80, value)))


class Case(unittest.TestCase):
    def expect(self, reply, status, code=None):
        self.assertEqual(reply.status, status, reply.body)
        if code is not None:
            self.assertEqual(reply.json["code"], code, reply.body)
        return reply.json

    def put(self, content, who=olga, **more):
        """By REST; PEM text, or DER."""
        text = content if isinstance(content, str) else base64.b64encode(content).decode()
        return self.expect(who.post(IMPORT, {"content": text, **more}), 200)

    def stored(self, content, **more):
        """Its number."""
        answer = self.put(content, **more)
        self.assertEqual((answer["stored"], answer["refused"]), (1, 0), answer)
        return answer["entries"][0]["id"]

    def file(self, name, content):
        path = env.scratch / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


class Import(Case):
    def test_one_pem_file_from_end_to_end(self):
        cert = certificate("one.elsewhere.test", names=der.san(dns=["one.elsewhere.test"]))
        path = self.file("one.pem", "Bag Attributes: none\n" + pem(cert))
        answer = env.admin("cert", "import", path, "--json")
        self.assertEqual((answer["stored"], answer["present"], answer["refused"]), (1, 0, 0), answer)
        entry = answer["entries"][0]
        self.assertEqual((entry["result"], entry["line"], entry["subject"]), ("stored", 2, "CN=one.elsewhere.test"))
        again = env.admin("cert", "import", path, "--json")
        self.assertEqual((again["stored"], again["present"], again["entries"][0]["id"]), (0, 1, entry["id"]))
        self.assertEqual(env.sql(f"select status, ca_id < 0, requester, request_id from certificate where id = {entry['id']}"),
                         [["12", "t", "", "0"]])
        self.assertEqual(env.count(f"select count(*) from audit where event = 'cert.imported' and object = 'certificate {entry['id']}'"), 1)
        for query in ('DNS -eq "one.elsewhere.test" AND State -eq "foreign"', 'Issuer -contains "Foreign CA" AND CN -startswith "one"',
                      'State -eq "active" AND CN -eq "one.elsewhere.test"', f'Thumbprint -eq "{hashlib.sha256(cert).hexdigest()}"'):
            page = self.expect(olga.get("/pki/certificates?query=" + urllib.parse.quote(query)), 200)
            self.assertEqual([(e["id"], e["status"], e["ca"], e["issuer"]) for e in page["entries"]],
                             [(entry["id"], "foreign", None, "CN=Foreign CA")], query)
        shown = self.expect(olga.get(f"/pki/certificate/{entry['id']}"), 200)
        self.assertEqual((shown["status"], shown["pem"], shown["issuer"]), ("foreign", pem(cert), "CN=Foreign CA"))
        self.assertEqual(olga.get(f"/pki/certificate/{entry['id']}?format=der").body, cert)
        self.assertEqual(client.pkcs7_certificates(olga.get(f"/pki/certificate/{entry['id']}?format=pkcs7").body), [cert])
        self.assertEqual(env.admin("cert", "export", entry["id"]), pem(cert))
        self.assertIn("one.elsewhere.test", env.admin("cert", "show", entry["id"]))
        self.assertIn(entry["id"], [row["id"] for row in env.admin("cert", "list", "--status", "foreign", "--limit", 0, "--json")])
        self.assertEqual(self.expect(alice.get("/pki/certificates?query=" + urllib.parse.quote('State -eq "foreign"')), 200)["entries"], [])


class NoRight(Case):
    def test_nobody_is_logged_in(self):
        conf = env.dir / "state" / "gatehouse.conf"
        before = conf.read_text()
        root = certificate([("CN", "Foreign CA")], extensions=[der.extension("basicConstraints", der.seq(der.boolean(True)), True)])
        leaf = certificate([("CN", "alice")], names=der.san(upn=["alice@example.test"]))
        files = {name: self.file(name, pem(c)) for name, c in (("root.pem", root), ("leaf.pem", leaf))}
        conf.write_text(before.replace("gateway {\n", f'gateway {{\n client_ca = "{files["root.pem"]}"\n', 1))
        env.gateway("halt")
        try:
            env.gateway("run")
            me = Client(env)
            me.context.load_cert_chain(files["leaf.pem"], KEY.path)
            seen = me.get("/pki/profiles").status
            number = self.stored(leaf)
            self.assertEqual(me.get("/pki/profiles").status, seen)
            # not even where a row says that she asked for it
            env.sql(f"update certificate set requester = 'EXAMPLE\\alice' where id = {number}")
            self.assertEqual(me.get("/pki/profiles").status, seen)
            self.assertEqual(seen, 401)
        finally:
            env.gateway("halt")
            conf.write_text(before)
            env.gateway("run")

    def test_nothing_is_said_or_changed_for_another_issuer(self):
        number = self.stored(certificate())
        for status in ("revoked", "hold", "valid"):
            reply = olga.send("PUT", f"/pki/certificate/{number}/status", {"status": status})
            self.assertIn("issued elsewhere", self.expect(reply, 409, "conflict")["message"])
        done = env.admin("cert", "revoke", number, "--yes", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"issued elsewhere", done.stderr)
        body = {"Lookup": {"Type": "CMSID", "CMSID": number}, "Details": {"Reason": 4, "Comment": ""}}
        self.assertEqual(olga.post("/CMSApi/Certificates/3/Revoke", body).status, 409)
        self.assertEqual(olga.post("/KeyfactorAPI/Certificates/Revoke", {"CertificateIds": [number], "Reason": 4, "Comment": ""}).status, 400)
        self.assertEqual(env.sql(f"select status, version from certificate where id = {number}"), [["12", "1"]])
        self.assertEqual(env.count(f"select count(*) from revocation where certificate_id = {number}"), 0)
        with self.assertRaises(AssertionError):
            env.psql(f"insert into revocation (certificate_id, ca_id, serial, revoked_at, reason, not_after, revoked_by) "
                     f"select id, ca_id, serial, now(), 1, not_after, '' from certificate where id = {number}")
        with self.assertRaises(AssertionError):
            env.psql(f"update certificate set status = 20 where id = {number}")

    def test_who_may_import(self):
        content = {"content": pem(certificate())}
        for who, status in ((alice, 403), (auditor, 403), (admin, 200), (olga, 200)):
            self.assertEqual(who.post(IMPORT, content).status, status, who.user)
        self.assertEqual(Client(env).request("POST", IMPORT, b"{}", {"Content-Type": "application/json"}).status, 401)
        self.expect(olga.post(IMPORT, content, Origin="https://evil.example"), 403, "cross_site")


if __name__ == "__main__":
    tap.main()
