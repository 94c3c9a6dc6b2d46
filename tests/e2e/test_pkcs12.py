#!/usr/bin/python3
"""CertEnroll Pkcs12: the key is made in the KRA, the answer read by openssl, Java and NSS; names and keys by the
template; what is repeated, and what bad input, a dead KRA or a lost database gets."""

import base64
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import time
import unittest
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

import client
import kra_client as kra
import tap
from client import Client
from environment import TOP, Environment, wait_for
from memory_search import maps, search, search_everywhere
from person import Person

env = Environment("pkcs12", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="limits { failures = 10000 }")
var = env.var
alice = Person(var["GATEHOUSE_USER"], var["GATEHOUSE_PASSWORD"], env)
anna = Person(var["GATEHOUSE_AGENT_USER"], var["GATEHOUSE_AGENT_PASSWORD"], env)
bert = Person(var["GATEHOUSE_AGENT2_USER"], var["GATEHOUSE_AGENT2_PASSWORD"], env)

PASSWORD = "correct horse battery"
PATH = "/CMSApi/CertEnroll/3/Pkcs12"


def read_template(name, **change):
    return {**json.loads((TOP / "conf/templates" / f"{name}.json").read_text()), **change}


def import_template(template):
    path = env.scratch / f"{template['name']}.json"
    path.write_text(json.dumps(template))
    env.admin("template", "import", path)


def setUpModule():
    import_template(read_template("WebServer", approval=False, enrollGroups=["*"], acknowledge=["ESC17"], acknowledgeReason="names of a test",
                                  subject={"allow": ["CN", "O", "OU", "L", "ST", "C"], "require": ["CN"]},
                                  san={"types": ["dns", "ip"], "dns": ["*.example.test"]}))
    import_template(read_template("SMIME", archival="required", keyTypes=[{"type": "EC", "curves": ["P-384", "P-256"]}]))
    env.await_catalog()


def issued():
    """Certificates for users: the gateway makes some for itself."""
    return env.count("select count(*) from request where disposition = 20")


def kra_pid():
    return next(pid for pid, line in env.processes("gatehouse-signer") if "--role kra" in line)


def body(password=PASSWORD, template="User", timestamp=None, **request):
    return json.dumps({"Timestamp": timestamp or client.now(),
                       "Request": {"Flags": 0, "TemplateName": template, "Pkcs12Password": password, **request}})


class Case(unittest.TestCase):
    def setUp(self):
        self.alice = Client(env)

    def post(self, sent, path=PATH, who=None, **change):
        return (who or self.alice).call(path, sent, **change)

    def expect(self, reply, status):
        self.assertEqual(reply.status, status, reply.body)
        return reply.json

    def issued(self, sent=None, **more):
        said = self.expect(self.post(sent if sent is not None else body(**more)), 200)
        self.assertEqual(said["RequestDisposition"], "Issued", said)
        return said

    def open(self, said, password=PASSWORD):
        """Key, certificate, its issuers."""
        key, cert, chain = pkcs12.load_key_and_certificates(base64.b64decode(said["Pkcs12Blob"]), password.encode())
        self.assertEqual(kra.spki(key.public_key()), kra.spki(cert.public_key()))
        return key, cert, chain

    def refused(self, sent, status, word, **change):
        said = self.expect(self.post(sent, **change), status)
        self.assertIn(word, said["Message"])
        self.assertEqual(said.get("Pkcs12Blob", ""), "")


class Answer(Case):
    def test_members_and_content(self):
        reply = self.post(body())
        said = self.expect(reply, 200)
        self.assertEqual(list(said), ["SerialNumber", "IssuerDN", "Thumbprint", "CMSID", "CMSRequestId", "Pkcs12Blob",
                                      "RequestDisposition", "DispositionMessage"])
        self.assertEqual(reply.headers["cache-control"], "no-store")
        self.assertNotIn(b"\n", reply.body)
        key, cert, chain = self.open(said)
        self.assertIsInstance(key, rsa.RSAPrivateKey)
        self.assertEqual(key.key_size, 2048)
        self.assertEqual(f"{cert.serial_number:032X}", said["SerialNumber"])
        self.assertIn("alice", cert.subject.rfc4514_string().lower())
        self.assertEqual(len(chain), 2)
        rows = env.sql(f"select r.disposition, c.id, r.csr is not null from request r join certificate c on c.request_id = r.id "
                       f"where r.id = {said['CMSRequestId']}")
        self.assertEqual(rows, [["20", str(said["CMSID"]), "t"]])
        self.assertEqual(env.count(f"select count(*) from archived_key where certificate_id = {said['CMSID']}"), 0)
        status = self.alice.call(f"/CMSApi/CertEnroll/3/Requests/{said['CMSRequestId']}", b"", "GET")
        self.assertEqual(self.expect(status, 200)["RequestDisposition"], "Issued")
        self.assertEqual(len(self.open(self.issued(Flags=1))[2]), 0)

    def test_versions_and_spellings(self):
        for path in ("/cmsapi/certenroll/3/pkcs12", "/CertEnroll/3/PKCS12"):
            self.assertEqual(self.expect(self.post(body(), path), 200)["RequestDisposition"], "Issued")
        token = self.expect(self.alice.call("/CMSApi/CertEnroll/1/Token", b"{}"), 200)["Token"]
        for version in (1, 2):
            bare = json.dumps({"TemplateName": "User", "Pkcs12Password": PASSWORD})
            said = self.expect(self.post(bare, f"/CMSApi/CertEnroll/{version}/Pkcs12", X_CSS_CMS_Token=token), 200)
            self.open(said)
        self.assertEqual(self.post(bare, "/CMSApi/CertEnroll/2/Pkcs12").status, 403)

    def test_powershell(self):
        """The function of a public script, byte for byte as PowerShell 5.1 sends it: CRLF, any order, lower case, names
        nested where they do not belong, no signature."""
        env.admin("app", "set", "demo", "--no-signature")
        try:
            env.await_catalog()
            text = ("{\r\n    \"Request\":  {\r\n                    \"Pkcs12Password\":  \"Pa\\u0027ss\\u003cword\\u0026 12\",\r\n"
                    "                    \"Flags\":  \"0\",\r\n"
                    "                    \"SubjectNameAttributes\":  {\r\n                                                  "
                    "\"CN\":  \"$SN_CN\",\r\n                                                  \"L\":  \"M\xfcnchen\",\r\n"
                    "                                                  \"SubjectAltNameElements\":  [\r\n\r\n"
                    "                                                                             ],\r\n"
                    "                                                  \"metadataList\":  null\r\n"
                    "                                              },\r\n                    \"TemplateName\":  \"WebServer\"\r\n"
                    "                },\r\n    \"timestamp\":  \"" + client.now(fmt="%Y-%m-%dT%H:%M:%S") + "\"\r\n}").encode("latin-1")
            reply = self.post(text, "/cmsapi/CertEnroll/3/Pkcs12", X_CSS_CMS_Signature=None, X_CSS_CMS_AppKey=None,
                              x_css_cms_appkey=self.alice.app_key, Content_Type="application/json")
            said = self.expect(reply, 200)
            _, cert, _ = self.open(said, "Pa'ss<word& 12")
            self.assertEqual(cert.subject.rfc4514_string(), "CN=$SN_CN,L=München")
        finally:
            env.admin("app", "set", "demo", "--signature")
            env.await_catalog()


class Names(Case):
    def test_supplied(self):
        said = self.issued(template="WebServer",
                           SubjectNameAttributes={"CN": "shop.example.test", "OU": ["Shops", "Web"], "c": "DE", "O": "Example", "ST": "", "x": 1},
                           SubjectAltNameElements=[{"key": "dns", "value": "shop.example.test"}, {"Key": "DNS", "Value": "www.example.test"},
                                                   {"key": "ip4", "value": "192.0.2.7"}, {"key": "ip6", "value": "2001:db8::7"}])
        _, cert, _ = self.open(said)
        self.assertEqual(cert.subject.rfc4514_string(), "CN=shop.example.test,OU=Web,OU=Shops,O=Example,C=DE")
        san = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual(san.get_values_for_type(x509.DNSName), ["shop.example.test", "www.example.test"])
        self.assertEqual([str(a) for a in san.get_values_for_type(x509.IPAddress)], ["192.0.2.7", "2001:db8::7"])
        _, cert, _ = self.open(self.issued(template="WebServer", SubjectNameAttributes={"CN": "a"},
                                           SubjectAltNameElements={"dns": ["a.example.test", "b.example.test"]}))
        self.assertEqual(len(cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value), 2)

    def test_the_template_disposes(self):
        """Names from the directory stay what they are, and what the template does not permit is denied and recorded."""
        _, cert, _ = self.open(self.issued(SubjectNameAttributes={"CN": "Mallory"}, SubjectAltNameElements=[{"key": "dns", "value": "evil"}]))
        self.assertNotIn("Mallory", cert.subject.rfc4514_string())
        self.assertNotIn(b"evil", cert.public_bytes(serialization.Encoding.DER))
        for wrong in ({"SubjectAltNameElements": [{"key": "dns", "value": "www.example.org"}]}, {"SubjectNameAttributes": {"O": "x"}},
                      {"SubjectAltNameElements": [{"key": "upn", "value": "root@example.test"}]}):
            sent = body(template="WebServer", **{"SubjectNameAttributes": {"CN": "x"}, **wrong})
            said = self.expect(self.post(sent), 403)
            self.assertEqual((said["RequestDisposition"], said["Pkcs12Blob"]), ("Denied", ""))
            self.assertEqual(env.sql(f"select disposition from request where id = {said['CMSRequestId']}"), [["31"]])
            self.assertEqual(self.expect(self.post(sent), 403), said)

    def test_malformed(self):
        for wrong, word in (({"SubjectNameAttributes": []}, "SubjectNameAttributes"), ({"SubjectNameAttributes": {"CN": 7}}, "CN"),
                            ({"SubjectNameAttributes": {"C": "Germany"}}, "C of"), ({"SubjectNameAttributes": {"CN": "a\nb"}}, "CN"),
                            ({"SubjectNameAttributes": {"CN": "x" * 65}}, "CN"), ({"SubjectNameAttributes": {"CN": "a", "cn": "b"}}, "twice"),
                            ({"SubjectAltNameElements": "dns"}, "SubjectAltNameElements"), ({"SubjectAltNameElements": ["a"]}, "SubjectAltNameElements"),
                            ({"SubjectAltNameElements": [{"key": "sid", "value": "S-1-5"}]}, "key"),
                            ({"SubjectAltNameElements": [{"key": "ip", "value": "300.1.1.1"}]}, "cannot be"),
                            ({"SubjectAltNameElements": [{"key": "dns", "value": "ümlaut.example.test"}]}, "cannot be"),
                            ({"SubjectAltNameElements": [{"key": "dns"}]}, "no text"),
                            ({"SubjectAltNameElements": {"dns": ["a.example.test"] * 201}}, "more than")):
            with self.subTest(wrong=str(wrong)[:60]):
                self.refused(body(template="WebServer", **wrong), 400, word)


class Keys(Case):
    def test_by_the_request(self):
        for key_type, length, of, size in (("RSA", 3072, rsa.RSAPrivateKey, 3072), ("rsa", None, rsa.RSAPrivateKey, 2048),
                                           ("EC", 384, ec.EllipticCurvePrivateKey, 384), ("ECC", None, ec.EllipticCurvePrivateKey, 256)):
            request = {"KeyType": key_type, **({"KeyLength": length} if length else {})}
            key, _, _ = self.open(self.issued(**request))
            self.assertIsInstance(key, of)
            self.assertEqual(key.key_size, size)

    def test_what_the_template_does_not_take(self):
        for request, code in (({"KeyType": "Ed25519"}, "0x80094811"), ({"KeyType": "RSA", "KeyLength": 1024}, "0x80094811"),
                              ({"KeyLength": "521"}, "0x80094811")):
            said = self.expect(self.post(body(**request)), 403)
            self.assertEqual((said["RequestDisposition"], said["ErrorCode"]), ("Denied", code))
        for request in ({"KeyType": "DSA"}, {"KeyType": 1}, {"KeyLength": "long"}, {"KeyLength": 0}):
            self.refused(body(**request), 400, "Key")

    def test_nobody_waits(self):
        import_template(read_template("CodeSigning", approval=True, enrollGroups=["*"]))
        env.await_catalog()
        said = self.expect(self.post(body(template="CodeSigning")), 403)
        self.assertIn("make the key yourself", said["Message"])
        self.assertEqual(env.count("select count(*) from request where disposition = 9"), 0)


class Others(Case):
    """Whoever has to read it."""

    def file(self, password, **more):
        said = self.issued(password=password, **more)
        path = env.scratch / "answer.p12"
        path.write_bytes(base64.b64decode(said["Pkcs12Blob"]))
        return path

    def tool(self, *args, password):
        done = subprocess.run([str(a) for a in args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, "P12": password, "LC_ALL": "C.UTF-8"})
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout.decode()

    def test_openssl(self):
        for password in (PASSWORD, "Schlüssel-für-Zoë-ключ", "x" * 255):
            path = self.file(password)
            out = self.tool("openssl", "pkcs12", "-in", path, "-nodes", "-info", "-passin", "env:P12", password=password)
            self.assertEqual(out.count("BEGIN CERTIFICATE"), 3)
            self.assertEqual(out.count("BEGIN PRIVATE KEY"), 1)
            for part in ("AES-256-CBC", "hmacWithSHA256", "MAC: sha256, Iteration 200000"):
                self.assertIn(part, out)

    def test_java(self):
        out = self.tool("keytool", "-list", "-v", "-storetype", "PKCS12", "-keystore", self.file(PASSWORD), "-storepass:env", "P12",
                        password=PASSWORD)
        self.assertIn("PrivateKeyEntry", out)
        self.assertIn("Certificate chain length: 3", out)

    def test_nss(self):
        nss = env.scratch / "nss"
        nss.mkdir()
        self.tool("certutil", "-N", "-d", f"sql:{nss}", "--empty-password", password="")
        for password in (PASSWORD, "Zoë braucht ein Passwort"):
            self.tool("pk12util", "-i", self.file(password), "-d", f"sql:{nss}", "-W", password, password=password)
        self.assertIn("rsa", self.tool("certutil", "-K", "-d", f"sql:{nss}", password=""))


class Legacy(Case):
    """For old clients, by configuration."""

    def test_3des(self):
        old = Environment("pkcs12-legacy", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="""
kra { allow_legacy_wrapping = true }
certenroll { pkcs12_legacy = true
pkcs12_password_min = 4 }
""")
        said = self.expect(self.post(body(password="1234", timestamp=client.now()), who=Client(old)), 200)
        path = env.scratch / "old.p12"
        path.write_bytes(base64.b64decode(said["Pkcs12Blob"]))
        out = subprocess.run(["openssl", "pkcs12", "-in", path, "-nodes", "-info", "-passin", "pass:1234"], check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode()
        for part in ("pbeWithSHA1And3-KeyTripleDES-CBC", "MAC: sha1", "BEGIN PRIVATE KEY"):
            self.assertIn(part, out)
        self.assertEqual(self.post(body(password="123"), who=Client(old)).status, 400)


class WithoutKra(Case):
    def test_there_is_none(self):
        bare = Environment("pkcs12-bare")
        said = self.expect(self.post(body(), who=Client(bare)), 404)
        self.assertIn("no key recovery authority", said["Message"])


class Archived(Case):
    def test_recovered_by_its_certificate(self):
        said = self.issued(template="SMIME")
        key, cert, _ = self.open(said)
        self.assertIsInstance(key, ec.EllipticCurvePrivateKey)
        rows = env.sql(f"select state, owner_name, request_id, kind from archived_key where certificate_id = {said['CMSID']}")
        self.assertEqual(rows, [["active", "EXAMPLE\\alice", str(said["CMSRequestId"]), "1"]])
        made = self.expect(alice.post("/pki/keyrequest/recovery", {"thumbprint": said["Thumbprint"]}), 201)
        for agent in (anna, bert):
            self.expect(agent.decide(made["id"], "approved"), 200)
        transport = x509.load_der_x509_certificate(
            alice.get("/pki/config/kra/cert/transport", Accept="application/pkix-cert").body).public_key()
        receiver = kra.Receiver(transport)
        released = self.expect(alice.post(f"/pki/key/{made['key_id']}", {"request": made["id"], **receiver.body}), 200)
        self.assertEqual(receiver.open(released), kra.pkcs8(key))
        requests = self.expect(anna.get(f"/pki/keyrequests?key_id={made['key_id']}&type=generation"), 200)["entries"]
        self.assertEqual([r["state"] for r in requests], ["complete"])
        self.assertEqual(env.count(f"select count(*) from audit where event = 'key.generated' and object = 'key {made['key_id']}'"), 1)


class Again(Case):
    def test_the_same_key_without_another_certificate(self):
        for template in ("User", "SMIME"):
            sent = body(template=template)
            before = issued()
            noted = env.count("select count(*) from audit where event = 'key.generated-again'")
            first, again = self.issued(sent), self.issued(sent)
            self.assertEqual(env.count("select count(*) from audit where event = 'key.generated-again'"), noted + 1)
            self.assertEqual(kra.pkcs8(self.open(first)[0]), kra.pkcs8(self.open(again)[0]))
            self.assertEqual({**first, "Pkcs12Blob": ""}, {**again, "Pkcs12Blob": ""})
            self.assertEqual(issued(), before + 1)
            bob = Client(env, user="bob", password="bob-secret")
            self.assertEqual(self.post(sent, who=bob).status, 403)
            env.psql("update kept_key set forget_at = now() - interval '1 s'")
            said = self.issued(sent)
            self.assertEqual((said["Pkcs12Blob"], said["SerialNumber"]), ("", first["SerialNumber"]))
            self.assertIn("no longer kept", said["DispositionMessage"])

    def test_eight_at_once(self):
        sent = body(KeyType="EC")
        before = issued()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: self.post(sent, who=Client(env)), range(8)))
        self.assertEqual({r.status for r in replies}, {200}, [r.body for r in replies])
        self.assertEqual(len({kra.pkcs8(self.open(r.json)[0]) for r in replies}), 1)
        self.assertEqual(issued(), before + 1)

    def test_client_is_gone_before_the_answer(self):
        sent = body()
        before = issued()
        pid = kra_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            with self.assertRaises(OSError):
                self.post(sent, who=Client(env, timeout=0.5))
        finally:
            os.kill(pid, signal.SIGCONT)
        wait_for(lambda: issued() == before + 1, "the certificate is recorded")
        self.open(self.issued(sent))
        self.assertEqual(issued(), before + 1)


class BadInput(Case):
    def test_passwords(self):
        for password, word in (("", "less than 12"), ("x" * 11, "less than 12"), ("x" * 256, "at most 255"), ("a\tb" * 5, "control"),
                               (None, "not a string"), (123456789012, "not a string"), (["x" * 12], "not a string")):
            self.refused(body(password=password), 400, word)
        self.open(self.issued(password="ü" * 12), "ü" * 12)
        request = json.loads(body())
        del request["Request"]["Pkcs12Password"]
        self.refused(json.dumps(request), 400, "missing")
        self.refused(json.dumps({**request, "Request": {**request["Request"], "Pkcs12Password": PASSWORD, "PKCS12PASSWORD": PASSWORD}}), 400, "twice")

    def test_bodies(self):
        for sent in (b"", b"{", b"[]", b"null", b"\x00", b'{"Timestamp":"x"}', body()[:-2].encode(), b'{"Request":{}}'):
            self.assertEqual(self.post(sent).status, 400, sent)
        self.assertEqual(self.post(body(x="y" * 70000)).status, 413)
        self.assertEqual(self.post(body(timestamp=client.now(-400))).status, 403)
        self.assertEqual(self.post(body(template="None")).status, 403)
        self.assertEqual(self.post(body(MetadataList={"Nothing": "x"})).status, 400)
        self.assertEqual(self.post(body(), X_CSS_CMS_Signature="AAAA").status, 403)
        self.assertEqual(self.post(body(), Authorization="Basic " + base64.b64encode(b"alice:wrong").decode()).status, 401)
        self.assertEqual(self.alice.call(PATH, b"", "GET").status, 405)


class Away(Case):
    def nothing_is_left(self, sent):
        rows = ("request", "certificate", "kept_key", "archived_key")
        before = [env.count(f"select count(*) from {t}") for t in rows]
        reply = self.post(sent)
        self.assertEqual(reply.status, 503, reply.body)
        self.assertIn("retry-after", reply.headers)
        self.assertEqual([env.count(f"select count(*) from {t}") for t in rows], before)
        return reply.json["Message"]

    def test_killed_in_mid_call(self):
        sent = body(KeyType="RSA", KeyLength=4096)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            call = pool.submit(self.post, sent)
            time.sleep(0.3)
            os.kill(kra_pid(), signal.SIGKILL)
            reply = call.result()
        self.assertIn(reply.status, (200, 503), reply.body)
        # /readyz may not have noticed yet that it was away
        wait_for(lambda: self.post(sent).status == 200, "the KRA is back")
        key, cert, _ = self.open(self.issued(sent))
        self.assertEqual(key.key_size, 4096)

    def test_workers_die_between_key_and_commit(self):
        sent = body()
        before = issued()
        pid = kra_pid()
        os.kill(pid, signal.SIGSTOP)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            try:
                call = pool.submit(self.post, sent)
                wait_for(lambda: env.is_asked(pid), "the gateway waits for the KRA")
                for worker in env.workers():
                    os.kill(int(worker), signal.SIGKILL)
                with self.assertRaises(OSError):
                    call.result()
            finally:
                os.kill(pid, signal.SIGCONT)
        env.wait_ready()
        self.assertEqual(issued(), before)
        self.open(self.issued(sent))
        self.assertEqual(issued(), before + 1)

    def test_locked(self):
        (env.scratch / "kra.password").write_text("correct horse battery\n")
        sent = body(template="SMIME")
        env.admin("kra", "password", "set", "--password-file", env.scratch / "kra.password")
        env.admin("kra", "password", "lock")
        try:
            self.assertIn("key recovery authority are locked", self.nothing_is_left(sent))
        finally:
            env.admin("kra", "password", "unlock", "--password-file", env.scratch / "kra.password")
        self.open(self.issued(sent))

    def test_locked_ca(self):
        (env.scratch / "ca.password").write_text("correct horse battery\n")
        import_template(read_template("User", caLocked="pending"))
        env.await_catalog()
        env.admin("ca", "password", "set", "issuing", "--password-file", env.scratch / "ca.password")
        env.admin("ca", "password", "lock", "issuing")
        try:
            self.nothing_is_left(body())
        finally:
            env.admin("ca", "password", "unlock", "issuing", "--password-file", env.scratch / "ca.password")
        self.open(self.issued())

    def test_database_is_gone_between_key_and_commit(self):
        sent = body()
        before = issued()
        pid = kra_pid()
        os.kill(pid, signal.SIGSTOP)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            try:
                call = pool.submit(self.post, sent)
                wait_for(lambda: env.is_asked(pid), "the gateway waits for the KRA")
                env.postgres("stop")
            finally:
                os.kill(pid, signal.SIGCONT)
            reply = call.result()
        env.postgres("start")
        env.wait_ready()
        self.assertEqual(reply.status, 503, reply.body)
        self.assertEqual(issued(), before)
        self.open(self.issued(sent))
        self.assertEqual(issued(), before + 1)


class Secrecy(Case):
    def test_no_key_and_no_password(self):
        secrets, passwords = [], []
        for key_type in ("EC", "RSA"):
            password = "only " + os.urandom(12).hex()
            sent = body(password=password, KeyType=key_type, template="User")
            key, _, _ = self.open(self.issued(sent), password)
            self.open(self.issued(sent), password)
            self.refused(body(password=password, KeyType=key_type, KeyLength=1), 403, "")
            secrets.append(kra.secret_bytes(key))
            passwords.append(password.encode())
        needles = [form for s in secrets for form in (s, s.hex().encode(), s.hex().upper().encode(), base64.b64encode(s)[4:36])]
        needles += passwords + [p.decode().encode("utf-16-be") for p in passwords]
        # what the connection was received in is wiped with its next use or end
        self.assertGreater(search_everywhere(env, needles), 50 << 20)
        search(Path(f"/proc/{kra_pid()}/mem"), [p for p in passwords], maps(kra_pid()))


if __name__ == "__main__":
    tap.main()
