#!/usr/bin/env python3
"""Certificates from elsewhere: put in by command and REST in every form, found and told of like ours, and without any right."""

import atexit
import base64
import concurrent.futures
import datetime
import functools
import hashlib
import html
import json
import os
import pty
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import time as clock
import unittest
import urllib.parse
from pathlib import Path

import client
import der
import ocsp
import tap
from client import Client
from environment import BUILD, CHEAP_BCRYPT, Environment, read_shell_variables, wait_for
from mail_server import Certificates, Exim
from person import Person
from plain_browser import PlainBrowser
from tls_endpoints import Dovecot, OpenSSL, Postgres, Scripted

TARGETS = Path(tempfile.mkdtemp(prefix="gatehouse-targets-", dir="/tmp")) / "list"
TARGETS.parent.chmod(0o755)
os.umask(0o022)  # a list in which others may write is refused
atexit.register(shutil.rmtree, TARGETS.parent)
env = Environment("foreign", GATEHOUSE_PRELOAD=f"{CHEAP_BCRYPT}:{BUILD / 'tests/servers/recv_crash.so'}", GATEHOUSE_CONF_EXTRA=f"""
roles {{ officer_groups = "pki-officers" }}
limits {{ failures = 1000 }}
scan {{ targets = "{TARGETS}" rate = 1000 timeout = 60 }}
jobs {{ scan = 0 }}
""", PGPASSWORD="which the process of a scan does not get")
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


def read_to_end(terminal):
    """What was written to a terminal that nobody has open any more."""
    out = b""
    while True:
        try:
            out += os.read(terminal, 4096)
        except OSError:
            return out


P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def other_signature(cert):
    """(r, n - s) is an ECDSA signature as (r, s) is."""
    tbs, algorithm, signature = ocsp.members(ocsp.read(cert)[1])
    r, s = (int.from_bytes(ocsp.read(v)[1], "big") for v in ocsp.members(ocsp.read(ocsp.read(signature)[1][1:])[1]))
    return der.seq(tbs, algorithm, der.bits(der.seq(der.integer(r), der.integer(P256_ORDER - s))))


def issuer_of(cert):
    return ocsp.members(ocsp.read(ocsp.members(ocsp.read(cert)[1])[0])[1])[3]


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


    def test_each_form(self):
        one, two, three = (certificate(f"form{i}.elsewhere.test") for i in range(3))
        chain = self.file("chain.pem", pem(one) + pem(two))
        p7 = der.openssl("crl2pkcs7", "-nocrl", "-certfile", str(chain), "-outform", "DER")
        for content, present in ((one, 0), (base64.b64encode(two).decode(), 0), (p7, 2), (der.pem(p7, "PKCS7"), 2), (one + two, 2),
                                 ("\ufeffheader\r\n" + pem(one).replace("\n", "\r\n"), 1)):
            answer = self.put(content)
            self.assertEqual((answer["present"], answer["refused"]), (present, 0), answer)
        alone = self.file("three.pem", pem(three))
        for name, more in (("new", []), ("old", ["-legacy", "-certpbe", "PBE-SHA1-RC2-40"])):
            p12 = der.openssl("pkcs12", "-export", "-in", str(alone), "-inkey", KEY.path, "-certfile", str(chain), "-passout", "pass:sesame", *more)
            path, password = self.file(f"{name}.p12", p12), self.file("password", "sesame\n")
            answer = env.admin("cert", "import", path, "--password-file", password, "--json")
            self.assertEqual((answer["stored"] + answer["present"], answer["refused"], answer["private_keys"]), (3, 0, 1), answer)
            self.assertIn("private keys passed over: 1;", env.admin("cert", "import", path, "-p", password))
        wrong = self.put(p12, password="wrong")
        self.assertIn("password", wrong["entries"][0]["reason"])
        data = der.oid("1.2.840.113549.1.7.1")
        mac = der.seq(der.seq(der.seq(der.oid("2.16.840.1.101.3.4.2.1"), der.tlv(5)), der.octets(bytes(32))), der.octets(bytes(8)), der.integer(1 << 31))
        endless = self.put(der.seq(der.integer(3), der.seq(data, der.context(0, der.octets(der.seq()))), mac), password="x")
        self.assertIn("more than 1000000 rounds", endless["entries"][0]["reason"])
        self.assertEqual((wrong["stored"], wrong["refused"]), (0, 1))
        key = subprocess.run(["openssl", "pkey", "-in", KEY.path, "-outform", "DER"], stdout=subprocess.PIPE, check=True).stdout
        secret = key[-100:].hex()[20:60]
        self.assertEqual(env.count(f"select count(*) from certificate where encode(der, 'hex') like '%{secret}%'"), 0)

    def test_garbage_is_told_by_line_and_hides_nothing(self):
        good, bad = [certificate(f"among{i}.test") for i in range(2)], "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n"
        answer = self.put(pem(good[0]) + "garbage\n" + bad + pem(good[1]) + der.pem(b"\x30\x03\x02\x01\x01", "CERTIFICATE"), name="mixed.pem")
        self.assertEqual([(e["result"], e["file"]) for e in answer["entries"]],
                         [(r, "mixed.pem") for r in ("stored", "refused", "stored", "refused")])
        self.assertEqual(answer["entries"][1]["line"], len(pem(good[0]).splitlines()) + 2)
        for content in ("nothing", "AAAA", base64.b64encode(good[0][:-1]).decode(), "-----BEGIN CERTIFICATE-----"):
            answer = self.put(content)
            self.assertEqual((answer["refused"], answer["stored"]), (1, 0), content)
        self.expect(olga.post(IMPORT, {"content": "\0"}), 400, "bad_json")
        self.expect(olga.post(IMPORT, {"content": pem(good[0]), "metadata": {"Nonsense": "1"}}), 400, "metadata")
        self.expect(olga.post(IMPORT, {"content": "", "passwort": "x"}), 422, "validation")
        self.expect(olga.post(IMPORT, {"content": "x" * (256 * 1024)}), 413)
        p7 = der.seq(der.oid("1.2.840.113549.1.7.2"), der.context(0, der.seq(
            der.integer(1), der.set_(), der.seq(der.oid("1.2.840.113549.1.7.1")), der.context(0, good[0] + b"\x30\0" * 100000), der.set_())))
        done = env.admin("cert", "import", self.file("many.p7b", p7), "--json", check=False)
        told = json.loads(done.stdout)
        self.assertEqual((done.returncode, told["present"], told["refused"]), (1, 1, 10000))
        self.assertEqual(told["entries"][0]["reason"], "there are more than 10000 certificates in it")
        many = 501 * pem(b"\0\0\0")
        self.assertIn("501 certificates", self.put(many)["entries"][0]["reason"])

    def test_a_folder_and_a_list(self):
        folder = env.scratch / "folder"
        (folder / "below").mkdir(parents=True)
        certs = [certificate(f"listed{i}.test") for i in range(4)]
        (folder / "a.pem").write_text(pem(certs[0]))
        (folder / "below" / "b.der").write_bytes(certs[1])
        (folder / "readme").write_text("no certificate")
        (folder / "link").symlink_to("/etc/passwd")
        (folder / ".hidden.pem").write_text(pem(certificate("hidden in a folder")))
        os.mkfifo(folder / "fifo")
        done = env.admin("cert", "import", folder, "--json", check=False)
        self.assertEqual(done.returncode, 1)
        answer = json.loads(done.stdout)
        self.assertEqual((answer["stored"], answer["refused"], answer["passed_over"], len(answer["entries"])), (2, 1, 3, 3), answer)
        self.assertIn("links, hidden and special files passed over: 3", env.admin("cert", "import", folder, check=False).stdout.decode())
        (env.scratch / "list.csv").write_text(
            "\ufefffile,certificate,Department,Cost-Center\r\nfolder/a.pem,,IT,\r\n," + base64.b64encode(certs[2]).decode() + ',"Sales, Süd",17\r\n'
            f'"folder/none.pem",,IT,\r\n,{base64.b64encode(certs[3]).decode()},,many\r\n,,IT,\r\na,b,c,d,e\r\n"x\r\n')
        with (env.scratch / "list.csv").open("ab") as f:  # a NUL, and a line of 100 MB, which takes no room on the disk
            f.write(b"folder/a.pem\0,,IT,\r\n")
            f.truncate(f.tell() + (100 << 20))
            f.seek(0, os.SEEK_END)
            f.write(b"\r\nfolder/a.pem,,IT,\r\n")
        answer = json.loads(env.admin("cert", "import", "--csv", "list.csv", "--json", check=False).stdout)
        self.assertEqual([e["result"] for e in answer["entries"]], ["present", "stored"] + ["refused"] * 7 + ["present"], answer)
        self.assertEqual([e["file"] for e in answer["entries"][6:9]], ["list.csv:8", "list.csv:9", "list.csv:10"])
        self.assertIn("too long", answer["entries"][8]["reason"])
        unread = env.admin("cert", "import", "--csv", folder, check=False)  # its first read fails
        self.assertEqual((unread.returncode, unread.stdout), (2, b""))
        self.assertIn(b"Is a directory", unread.stderr)
        number = answer["entries"][1]["id"]
        self.assertEqual(self.expect(olga.get(f"/pki/certificate/{number}/metadata"), 200), {"Department": "Sales, Süd", "Cost-Center": 17})
        page = olga.get("/pki/certificates?query=" + urllib.parse.quote('Department -startswith "Sales," AND State -eq "foreign"')).json
        self.assertEqual([e["id"] for e in page["entries"]], [number])
        self.expect(olga.send("PUT", f"/pki/certificate/{number}/metadata?merge=yes", {"Department": "IT"}), 200)

    def test_a_folder_of_many_files_and_garbage(self):
        """Whoever waits at a terminal is told how far it is; each line that was refused is told, and nothing else with --quiet."""
        folder = env.scratch / "many"
        folder.mkdir()
        cert = pem(certificate("in many files"))
        for i in range(1020):
            (folder / f"{i:04}.pem").write_text(cert)
        garbage = {"broken.pem": cert[:200], "cut.der": certificate("cut")[:-1], "empty": b"", "noise": os.urandom(500), "a\n\x1b[31mname": b"x",
                   "nested.der": b"\x30\x80" * 10**6, "nested.p7b": b"\x30\x80" + der.oid("1.2.840.113549.1.7.2") + b"\x24\x80" * 10**6,
                   "nul.pem": pem(b"\0").replace("AA==", "\0"), "long.pem": pem(b"").replace("\n", "\n" + "A" * 10**7, 1)}
        for name, content in garbage.items():
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        answer = env.admin("cert", "import", folder, "--quiet", "--json", check=False)
        self.assertEqual(answer.returncode, 1)
        told = json.loads(answer.stdout)
        self.assertEqual((told["stored"], told["present"], told["refused"]), (1, 1019, len(garbage)))
        self.assertEqual({e["result"] for e in told["entries"]}, {"refused"})
        self.assertEqual(len({e["file"] for e in told["entries"]}), len(garbage))
        parent, child = pty.openpty()
        done = subprocess.run([BUILD / "gatehouse", "cert", "import", folder, "--quiet", "-c", env.dir / "state" / "gatehouse.conf"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=child)
        os.close(child)
        self.assertEqual(read_to_end(parent).decode().splitlines(), ["500 files: 0 stored, 500 already there, 0 refused", "1000 files: 0 stored, 1000 already there, 0 refused"])
        os.close(parent)
        self.assertEqual((done.returncode, b"\x1b" in done.stdout), (1, False))
        self.assertIn(f"0 stored, 1020 already there, {len(garbage)} refused", done.stdout.decode())
        # what is wrong with all of them is said once
        wrong = env.admin("cert", "import", folder, "--metadata", "Nope=1", check=False)
        self.assertEqual((wrong.returncode, wrong.stdout), (1, b""))
        self.assertEqual(len(wrong.stderr.splitlines()), 1, wrong.stderr)

    def test_the_same_at_the_same_moment_is_one(self):
        certs = [certificate(f"race{i}.test", serial=7000 + i) for i in range(5)]
        content = "".join(map(pem, certs))
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: Person("olga", olga.password, env).post(IMPORT, {"content": content}).json, range(6)))
        self.assertEqual(sum(a["stored"] for a in answers), 5)
        self.assertEqual(sum(a["present"] for a in answers), 25)
        self.assertEqual(len({e["id"] for a in answers for e in a["entries"]}), 5)


class Issuers(Case):
    def test_serial_numbers_are_unique_for_an_issuer_only(self):
        """Two issuers with one name, appliances that sign themselves as each other does, and an issuer that gave a number twice."""
        two = [certificate("a.test", serial=5, extensions=[key_id(bytes([n]) * 20)]) for n in (1, 2)]
        selves = [certificate("localhost", [("CN", "localhost")], serial=0, key=k, signer=k) for k in (KEY, OTHER)]
        twice = [certificate(f"twice{n}.test", serial=6) for n in (1, 2)]
        numbers = [self.stored(c) for c in two + selves + twice]
        self.assertEqual(len(set(numbers)), 6)
        self.assertEqual([self.put(c)["entries"][0]["id"] for c in two + selves + twice], numbers)
        self.assertEqual(env.count(f"select count(distinct ca_id) from certificate where id = any ('{{{','.join(map(str, numbers))}}}')"), 6)

    def test_what_is_ours_is_ours_by_its_signature(self):
        answer = Client(env).enroll(der.csr(KEY)).certificates()
        leaf, issuing, root = answer
        known = env.count(f"select id from certificate where sha256 = '\\x{hashlib.sha256(leaf).hexdigest()}'")
        self.assertEqual([(e["result"], e["id"]) for e in self.put(leaf)["entries"]], [("present", known)])
        self.assertIn(self.put(root)["entries"][0]["result"], ("present", "refused"))
        written = self.put(other_signature(leaf))["entries"][0]
        self.assertEqual(written["result"], "refused")
        # lost, as in a restore; with the triggers, which count it
        env.psql(f"delete from certificate where id = {known}", "postgres")
        lost = self.put(leaf)["entries"][0]
        self.assertEqual((lost["result"], lost["id"]), ("refused", None))
        self.assertIn("an import does not make it known", lost["reason"])
        self.assertEqual(env.count(f"select count(*) from certificate where sha256 = '\\x{hashlib.sha256(leaf).hexdigest()}'"), 0)
        # another CA with the name of ours
        self.stored(certificate("named.test", issuer_of(leaf)))

    def test_ours_is_meant_where_both_fit(self):
        answer = Client(env).enroll(der.csr(KEY), flags=1).json
        issuer = issuer_of(base64.b64decode(answer["Certificates"]))
        foreign = self.stored(certificate("twin.test", issuer, serial=int(answer["SerialNumber"], 16)))
        for query in (f"serial={answer['SerialNumber']}", f"serial={answer['SerialNumber']}&issuer=" + urllib.parse.quote(answer["IssuerDN"])):
            self.assertEqual(self.expect(olga.get("/pki/certificate?" + query), 200)["id"], answer["CMSID"])
        self.assertEqual(env.admin("cert", "show", answer["SerialNumber"], "--json")["id"], answer["CMSID"])
        env.admin("cert", "revoke", answer["SerialNumber"], "--yes")
        self.assertEqual(olga.get(f"/pki/certificate/{answer['CMSID']}").json["status"], "revoked")
        self.assertEqual(olga.get(f"/pki/certificate/{foreign}").json["status"], "foreign")


class Classic(Case):
    """Certificates/3/Import of Keyfactor's Classic API is the same import."""

    def call(self, content, status=200, who=olga, path="/CMSApi/Certificates/3/Import", headers=None, **more):
        text = content if isinstance(content, str) else base64.b64encode(content).decode()
        reply = who.post(path, {"Content": text, **more}, **headers or {})
        self.assertEqual(reply.status, status, reply.body)
        return reply.json

    def metadata(self, number):
        return self.expect(olga.get(f"/pki/certificate/{number}/metadata"), 200)

    def test_each_form_with_metadata(self):
        one, two, three, four = (certificate(f"classic{i}.elsewhere.test") for i in range(4))
        answer = self.call(pem(one), Metadata={"department": "IT", "Cost-Center": "17"})
        number = answer["CMSID"]
        self.assertEqual((answer["Stored"], answer["Present"], answer["Refused"], answer["Entries"][0]["result"]), (1, 0, 0, "stored"))
        self.assertEqual(self.metadata(number), {"Department": "IT", "Cost-Center": 17})
        self.assertEqual(env.sql(f"select status, ca_id < 0 from certificate where id = {number}"), [["12", "t"]])
        self.assertEqual(env.sql(f"select actor from audit where event = 'cert.imported' and object = 'certificate {number}'"), [["olga"]])
        # there already: its metadata stay
        again = self.call(one, Metadata={"Department": "HR"})
        self.assertEqual((again["CMSID"], again["Stored"], again["Present"]), (number, 0, 1))
        self.assertEqual(self.metadata(number)["Department"], "IT")
        lookup = {"Lookup": {"Type": "Thumbprint", "Thumbprint": hashlib.sha1(one).hexdigest()}}
        self.assertEqual(self.expect(olga.post("/CMSApi/Certificates/3/Contents", lookup), 200), {"CMSID": number, "Content": base64.b64encode(one).decode()})
        self.assertEqual(self.expect(olga.post("/CMSApi/Metadata/3/Get", {**lookup, "Metadata": {"Department": ""}}), 200), {"Department": "IT"})
        # as a list of pairs, in another case, and the other name of the content
        pairs = [{"MetadataFieldTypeName": "Department", "Value": "Classic"}, {"MetadataFieldTypeName": "Cost-Center", "Value": None}]
        reply = admin.post("/cmsapi/certificates/3/IMPORT", {"certificate": base64.b64encode(pem(two).encode()).decode(), "metadatalist": pairs, "Unknown": 1})
        self.assertEqual(self.metadata(self.expect(reply, 200)["CMSID"]), {"Department": "Classic"})
        chain, alone = self.file("classic.pem", pem(two) + pem(three)), self.file("classic4.pem", pem(four))
        p7 = der.openssl("crl2pkcs7", "-nocrl", "-certfile", str(chain), "-outform", "DER")
        answer = self.call(p7)
        self.assertEqual((answer["Stored"], answer["Present"]), (1, 1))
        p12 = der.openssl("pkcs12", "-export", "-in", str(alone), "-inkey", KEY.path, "-certfile", str(chain), "-passout", "pass:sesame")
        answer = self.call(p12, Password="sesame", Metadata=None)
        self.assertEqual((answer["Stored"], answer["Present"], answer["PrivateKeys"]), (1, 2, 1))
        self.assertEqual(env.count("select count(*) from archived_key"), 0)
        self.assertEqual(self.expect(olga.get(f"/pki/certificate/{answer['CMSID']}"), 200)["subject"], "CN=classic3.elsewhere.test")

    def test_garbage_and_who_may(self):
        good = certificate("classic refused")
        p12 = der.openssl("pkcs12", "-export", "-in", str(self.file("good.pem", pem(good))), "-inkey", KEY.path, "-passout", "pass:sesame")
        before = env.count("select count(*) from certificate")
        for content, more, says in (("", {}, "Content is missing"), ("nothing", {}, "no certificate in it"), (good[:-1], {}, "cut off"), (p12, {"Password": "wrong"}, "password"),
                                    (p12, {}, "password"), (good, {"Password": 7}, "Password"), (p12, {"Password": "sesame" * 43}, "at most 255"), (good, {"Metadata": 7}, "Metadata"), (good, {"Metadata": {"Nope": 1}}, "Nope"),
                                    (good, {"Metadata": {"Cost-Center": "many"}}, "Cost-Center"), (good, {"Metadata": {"Department": "a", "department": "b"}}, "Department"),
                                    (good, {"Metadata": [7]}, "MetadataFieldTypeName"), (good, {"Metadata": [{"Value": 1}]}, "MetadataFieldTypeName"),
                                    (good, {"Metadata": 2 * [{"MetadataFieldTypeName": "Department", "Value": "x"}]}, "MetadataFieldTypeName"),
                                    (good, {"Metadata": {"Department": {}}}, "Department"), (501 * pem(b"\0\0\0"), {}, "501 certificates")):
            with self.subTest(says=says, more=more):
                self.assertIn(says.lower(), self.call(content, 400, **more)["Message"].lower())
        for raw in (b"", b"{", b"[]", b'{"Content":"a","content":"b"}', b'{"Content":["a"]}', b'{"Content":"\xff"}'):
            self.expect(olga.post("/CMSApi/Certificates/3/Import", raw), 400)
        for who, status in ((alice, 403), (auditor, 403), (Person("olga", "wrong", env), 401)):
            self.call(good, status, who)
        self.call(good, 403, headers={"Origin": "https://evil.example"})
        self.assertEqual(olga.get("/CMSApi/Certificates/3/Import").status, 405)
        self.assertEqual(env.count("select count(*) from certificate"), before)

    def test_what_is_ours_and_fields_that_are_not_for_the_api(self):
        leaf = Client(env).enroll(der.csr(KEY)).certificates()[0]
        answer = self.call(leaf)
        self.assertEqual((answer["Present"], answer["Stored"]), (1, 0))
        env.admin("metadata", "add", "Hidden", "--type", "String", "--no-api")
        env.await_catalog()
        try:
            self.assertIn("Hidden", self.call(certificate("hidden"), 400, Metadata={"Hidden": "x"})["Message"])
        finally:
            env.admin("metadata", "remove", "Hidden", "--yes")
            env.await_catalog()


class Removed(Case):
    """Put in by mistake, and taken out again."""

    def traces(self, number):
        return [env.count(f"select count(*) from {table} where {column} = {number}") for table, column in
                (("certificate", "id"), ("metadata_change", "certificate_id"), ("scan_sighting", "certificate_id"), ("expiry_notice", "certificate_id"))]

    def counted(self, value):
        """The statistics say what there is; how many have the value. Those of other tests may end meanwhile."""
        found = []

        def agrees():
            s = self.expect(olga.get("/pki/certificates/statistics?metadata=Department"), 200)
            found[:] = [{v["value"]: v["count"] for v in s["by_metadata"]}.get(value, 0), s["foreign"]]
            return found == [env.count(f"select count(*) from certificate where {w}") for w in (f"metadata ->> 'Department' = '{value}'", "status = 12")]
        wait_for(agrees, "the counters are right")
        return found[0]

    def test_nothing_of_it_is_left_and_the_trail_says_what_it_was(self):
        cert, other = certificate("mistake.test", key=OTHER), certificate("behind it")
        number, leaf = self.stored(cert, metadata={"Department": "Mistake"}), self.stored(other)
        self.expect(olga.send("PUT", f"/pki/certificate/{number}/metadata?merge=yes", {"Cost-Center": 7}), 200)
        env.psql("insert into scan_endpoint (host, port, start, sni) values ('mistake.test', 443, 'tls', '')")
        endpoint = env.count("select id from scan_endpoint where host = 'mistake.test'")
        env.psql(f"insert into scan_sighting (endpoint_id, certificate_id, is_current, chain, verify) values ({endpoint}, {leaf}, false, '{{{number},7}}', 'ok'), "
                 f"({endpoint}, {number}, true, '{{{number}}}', 'ok')")
        env.psql(f"insert into expiry_notice (certificate_id, days) values ({number}, 3)")
        self.assertEqual(self.traces(number), [1, 1, 1, 1])
        self.assertEqual(self.counted("Mistake"), 1)
        self.assertEqual(olga.send("DELETE", f"/pki/certificate/{number}").status, 204)
        self.assertEqual(self.traces(number), [0, 0, 0, 0])
        self.assertEqual(self.counted("Mistake"), 0)
        shown = self.expect(olga.get(f"/pki/endpoint/{endpoint}"), 200)
        self.assertEqual((shown["certificate_id"], [(h["certificate_id"], h["chain"]) for h in shown["history"]]), (None, [(leaf, [0, 7])]))
        self.assertIn(endpoint, [e["id"] for e in self.expect(olga.get("/pki/endpoints?host=mistake.test"), 200)["entries"]])
        (actor, detail), = env.sql(f"select actor, detail from audit where event = 'cert.removed' and object = 'certificate {number}'")
        self.assertEqual(actor, "olga")
        for part in ("CN=mistake.test", "CN=Foreign CA", hashlib.sha256(cert).hexdigest().upper()):
            self.assertIn(part, detail)
        for path in (f"/pki/certificate/{number}", f"/pki/certificate/{number}/metadata"):
            self.assertEqual(olga.get(path).status, 404)
        self.assertEqual(olga.send("DELETE", f"/pki/certificate/{number}").status, 404)
        self.assertEqual(self.expect(olga.get("/pki/certificates?query=" + urllib.parse.quote('CN -eq "mistake.test"')), 200)["entries"], [])
        # the same once more is a new one
        self.assertGreater(self.stored(cert), number)

    def test_by_command(self):
        numbers = [self.stored(certificate(f"removed{i}.test")) for i in range(3)]
        ours = Client(env).enroll(der.csr(KEY)).json["CMSID"]
        done = env.admin("cert", "remove", *numbers[:2], ours, 10**9, "--yes", "--json", check=False)
        self.assertEqual(done.returncode, 1)
        rows = json.loads(done.stdout)
        self.assertEqual([(r["result"], r["id"], r["subject"]) for r in rows], [("removed", numbers[0], "CN=removed0.test"), ("removed", numbers[1], "CN=removed1.test"),
                                                                              ("refused", ours, None), ("refused", 10**9, None)])
        self.assertIn("Revoke it", rows[2]["reason"])
        self.assertIn("no certificate", rows[3]["reason"])
        self.assertEqual(env.count(f"select status from certificate where id = {ours}"), 20)
        for wrong in ((), ("x",), ("0",), (numbers[2], "-1"), ("9" * 30,), (numbers[2],)):
            done = env.admin("cert", "remove", *wrong, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("CN=removed2.test", env.admin("cert", "remove", numbers[2], "--yes"))
        self.assertEqual(env.count(f"select count(*) from certificate where id = any ('{{{','.join(map(str, numbers))}}}')"), 0)
        self.assertEqual(env.count(f"select count(*) from audit where event = 'cert.removed' and object = 'certificate {numbers[2]}'"), 1)

    def test_who_may_and_what_is_ours(self):
        number, ours = self.stored(certificate("stays.test")), Client(env).enroll(der.csr(KEY)).json["CMSID"]
        path = f"/pki/certificate/{number}"
        for who, status in ((alice, 403), (auditor, 403), (Person("olga", "wrong", env), 401)):
            self.assertEqual(who.send("DELETE", path).status, status, who.user)
            self.assertEqual(who.send("DELETE", f"/KeyfactorAPI/Certificates/{number}").status, status, who.user)
        self.expect(olga.send("DELETE", path, Origin="https://evil.example"), 403, "cross_site")
        for who in (olga, admin, alice):
            self.assertEqual(who.send("DELETE", f"/pki/certificate/{ours}").status, 403 if who is alice else 409)
        self.assertIn("Revoke it", olga.send("DELETE", f"/KeyfactorAPI/Certificates/{ours}").json["Message"])
        self.assertEqual(env.sql(f"select id, status from certificate where id in ({number}, {ours}) order by status"), [[str(number), "12"], [str(ours), "20"]])
        reply = admin.send("DELETE", f"/KeyfactorAPI/Certificates/{number}")
        self.assertEqual((reply.status, reply.body), (204, b""))
        self.assertEqual(admin.send("DELETE", f"/KeyfactorAPI/Certificates/{number}").status, 404)

    def test_twice_at_the_same_moment_and_beside_changes(self):
        """One of the two removes it, and no history is left of a change that came between."""
        number = self.stored(certificate("race.test"))
        people = [Person("olga", olga.password, env) for _ in range(6)]

        def act(i):
            if i % 2:
                return people[i].send("DELETE", f"/pki/certificate/{number}").status
            return people[i].send("PUT", f"/pki/certificate/{number}/metadata?merge=yes", {"Cost-Center": i + 1}).status
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            statuses = list(pool.map(act, range(6)))
        self.assertEqual(sorted(statuses[1::2]), [204, 404, 404])
        self.assertLessEqual(set(statuses[::2]), {200, 404, 412})
        self.assertEqual(self.traces(number), [0, 0, 0, 0])
        self.assertEqual(env.count(f"select count(*) from audit where event = 'cert.removed' and object = 'certificate {number}'"), 1)

    def test_in_the_console(self):
        number, ours = self.stored(certificate("console.test")), Client(env).enroll(der.csr(KEY)).json["CMSID"]
        page = f"/console/certificates/{number}"
        browser, other = PlainBrowser(env), PlainBrowser(env)
        browser.log_in("olga", olga.password)
        other.log_in("alice", "alice-secret")
        browser.get(page)
        self.assertIn(f'href="{page}/remove"', browser.text)
        other.get(page)
        self.assertNotIn("/remove", other.text)
        self.assertEqual(other.get(page + "/remove").status, 403)
        browser.get(f"/console/certificates/{ours}")
        self.assertNotIn(f"{ours}/remove", browser.text)
        self.assertEqual(browser.get(f"/console/certificates/{ours}/remove").status, 409)
        self.assertEqual(browser.get(page + "/remove", headers={"Accept-Language": "de"}).status, 200)
        self.assertIn("aus dem Bestand entfernen?", browser.text)
        self.assertIn("CN=console.test", browser.text)
        self.assertEqual(self.traces(number)[0], 1)
        self.assertEqual(browser.send("POST", page + "/remove", {}).status, 403)
        browser.get(page + "/remove")
        self.assertEqual(browser.submit(page + "/remove").status, 200)
        self.assertEqual(self.traces(number)[0], 0)
        self.assertEqual(browser.get(page).status, 404)
        self.assertEqual(browser.get(page + "/remove").status, 404)


class Odd(Case):
    """Taken or refused in words, shown, and never a crash."""

    def check(self, cert, taken=True, says=None):
        entry = self.put(cert)["entries"][0]
        self.assertEqual(entry["result"], "stored" if taken else "refused", (entry, cert.hex()[:1000]))
        if says is not None:
            self.assertIn(says, entry["reason"])
        if taken:
            self.assertEqual(olga.get(f"/pki/certificate/{entry['id']}?format=der").body, cert)
            self.assertEqual(self.expect(olga.get(f"/pki/certificate/{entry['id']}"), 200)["status"], "foreign")
            page = olga.get("/pki/certificates?query=" + urllib.parse.quote(f'Id -eq {entry["id"]} AND State -eq "foreign"')).json
            self.assertEqual([e["id"] for e in page["entries"]], [entry["id"]])
            self.assertEqual(env.admin("cert", "show", entry["id"], check=False).returncode, 0)
        return entry

    def test_serial_numbers(self):
        for content, taken in ((b"\0", True), (b"\x80", True), (b"\x80" + b"\xff" * 19, True), (b"\xff" * 20, False), (b"\1" * 32, True), (b"\1" * 33, False), (b"", False)):
            self.check(certificate(serial=content), taken)

    def test_times(self):
        for dates, taken in ((("500101000000Z", "691231235959Z"), True), (("19000101000000Z", "99991231235959Z"), True),
                             (("00010101000000Z", "20200101000000Z"), True), (("00000101000000Z", "20200101000000Z"), False),
                             (("250101000000Z", "250230000000Z"), False), (("nonsense", "250101000000Z"), False)):
            self.check(certificate("times.test", dates=dates), taken)

    def test_names(self):
        raw = [der.tlv(0x1e, "Größe".encode("utf-16-be")), der.tlv(0x14, b"Gr\xf6\xdfe"), der.tlv(0x0c, b"a\0b"), der.tlv(0x1c, b"\0\0\0a"), der.tlv(0x13, b"\x1b[2J")]
        for value in raw:
            self.check(certificate([("CN", value)], extensions=[der.extension("subjectAltName", der.seq(
                der.context(0, der.oid("upn"), der.context(0, value))))]))
        self.check(certificate(der.seq()))
        for value in (der.tlv(0x0c, b"\xff\xfe"), der.tlv(0x1e, b"\xd8\0"), der.tlv(0x1e, b"a"), der.tlv(0x1a, b"visible")):
            self.check(certificate([("CN", value)]), False)
        self.check(certificate([("O", "x" * 5000)]), True, "beginnings")

    def test_alternative_names(self):
        self.check(certificate("many.test", names=der.san(dns=[f"n{i}.test" for i in range(2001)])), True, "first 2000")
        entry = self.check(certificate("long.test", names=der.san(dns=["a" * 3000])), True, "beginnings")
        self.assertEqual(env.sql(f"select length(sans[1]) from certificate where id = {entry['id']}"), [["1000"]])
        self.check(certificate("too.test", names=der.san(dns=[f"name{i}.elsewhere.test" for i in range(5500)])), False, "131072")
        path = self.file("huge.der", certificate("huge.test", names=der.san(dns=[f"name{i}.elsewhere.test" for i in range(30000)])))
        self.assertIn(b"131072", env.admin("cert", "import", path, check=False).stdout)
        self.check(certificate("nul.test", names=der.seq(der.tlv(0x82, b"a\0b.test"), der.tlv(0x87, b"abc"), der.tlv(0x82, b"\xff"))))
        self.check(certificate("broken.test", names=b"\x30\x05\x82\xffab"), True, "cannot be read")
        self.check(certificate("twice.test", extensions=[der.extension("subjectAltName", der.san(dns=[n])) for n in ("a.test", "b.test")]))

    def test_algorithms(self):
        rsa = der.Key(env.scratch, "rsa:1024")
        self.check(certificate("md5.test", key=rsa, signer=rsa, digest="md5"))
        self.check(certificate("unknown.test", algorithm=der.seq(der.oid("1.2.3.4.5"))))
        strange = der.Key(env.scratch, "ec:P-256")
        strange.spki = der.seq(der.seq(der.oid("1.2.3.4.6")), der.bits(b"key"))
        self.check(certificate("key.test", key=strange))


class Counted(Case):
    def test_statistics_and_expiry(self):
        # certificates that the gateway makes for itself, at its start
        wait_for(lambda: env.count("select count(distinct ca_id) from ocsp_signer") == 2, "each CA has its OCSP signer")
        before = self.expect(olga.get("/pki/certificates/statistics"), 200)
        soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)).strftime("%y%m%d%H%M%SZ")
        number = self.stored(certificate("soon.test", [("CN", "Counting CA")], dates=("200101000000Z", soon)))
        old = self.stored(certificate("old.test", [("CN", "Counting CA")], dates=("200101000000Z", "210101000000Z")))
        now = self.expect(olga.get("/pki/certificates/statistics"), 200)
        for path, more in ((("total",), 2), (("foreign",), 2), (("by_state", "active"), 1), (("by_state", "expired"), 1)):
            values = [functools.reduce(lambda v, k: v[k], path, x) for x in (before, now)]
            self.assertEqual(values[1] - values[0], more, path)
        self.assertIn({"ca": None, "issuer": "CN=Counting CA", "count": 2}, now["by_ca"])
        env.admin("job", "run", "inventory")
        self.assertEqual(self.expect(olga.get("/pki/certificates/statistics"), 200)["foreign"], now["foreign"])
        env.admin("job", "run", "expiry-notices")
        told = env.sql(f"select distinct audience from notification where event = 'cert.expiring' and object = 'certificate {number}'")
        self.assertEqual(told, [["officers"]])
        self.assertEqual(env.count(f"select count(*) from expiry_notice where certificate_id = {old}"), 0)


MAIL = env.dir / "mail"
MAIL.mkdir()
MAIL.chmod(0o755)
CERTS = Certificates(MAIL / "tls")


def dialogue(*steps):
    """Steps: bytes that are sent, or the number of lines that are read before the next."""
    def script(server, connection):
        lines = connection.makefile("rb")
        for step in steps:
            if isinstance(step, bytes):
                connection.sendall(step)
            else:
                server.heard += [lines.readline() for _ in range(step)]
        if server.tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*server.tls)
            context.wrap_socket(connection, server_side=True).recv(1)
        else:
            server.release.wait()  # an end before all was read would be a reset, which overtakes what was sent
    return script


def handshake(kind, body):
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def records(data, step=16384):
    return b"".join(b"\x16\x03\x03" + len(data[i:i + step]).to_bytes(2, "big") + data[i:i + step] for i in range(0, len(data), step))


def serves(*certs, step=16384):
    """A server of TLS 1.2, up to its certificates, whatever they are."""
    chain = b"".join(len(c).to_bytes(3, "big") + c for c in certs)
    hello = b"\x03\x03" + bytes(32) + b"\0" + b"\xc0\x2b" + b"\0"  # a random number, no session, ECDHE-ECDSA-AES128-GCM-SHA256
    return dialogue(records(handshake(2, hello) + handshake(11, len(chain).to_bytes(3, "big") + chain), step))


def scripted(script, tls=None):
    server = Scripted(script)
    server.tls = tls
    return server


class Scan(Case):
    def scan(self, *lines, options=(), check=True):
        return env.admin("scan", "--targets", "-", "--json", "--rate", 1000, *options, stdin="\n".join(lines).encode() + b"\n", check=check)

    def endpoint(self, port):
        rows = [e for e in env.admin("scan", "list", "--limit", 0, "--json") if e["port"] == port]
        self.assertEqual(len(rows), 1, rows)
        return self.expect(olga.get(f"/pki/endpoint/{rows[0]['id']}"), 200)

    def test_what_is_served_where_and_since_when(self):
        crt, key = CERTS.server("first")
        server = OpenSSL(crt, key, "-cert_chain", str(CERTS.ca))
        line = f"127.0.0.1:{server.port} sni=localhost  # the first"
        self.assertEqual(self.scan("# a comment", "", line), {"targets": 1, "served": 1, "failed": 0, "changed": 1, "ended_process": 0})
        seen = self.endpoint(server.port)
        self.assertEqual((seen["endpoint"], seen["sni"], seen["starttls"], seen["error"], len(seen["chain"])),
                         (f"127.0.0.1:{server.port}", "localhost", None, None, 1))
        self.assertEqual(seen["verify"], "self-signed certificate in certificate chain")
        number = seen["certificate_id"]
        shown = self.expect(olga.get(f"/pki/certificate/{number}"), 200)
        self.assertEqual((shown["status"], shown["subject"]), ("foreign", "CN=first"))
        self.assertEqual([(x["endpoint"], x["sni"], x["current"]) for x in shown["locations"]], [(seen["endpoint"], "localhost", True)])
        self.assertNotIn("locations", self.expect(alice.get(f"/pki/certificate/{number}"), 200))
        for query in (f'Location -eq "127.0.0.1:{server.port}"', f'Location -endswith ":{server.port}" AND State -eq "foreign"'):
            self.assertEqual([e["id"] for e in olga.get("/pki/certificates?query=" + urllib.parse.quote(query)).json["entries"]], [number])
        # again, and with another certificate
        self.assertEqual(self.scan(line)["changed"], 0)
        self.assertEqual(len(self.endpoint(server.port)["history"]), 1)
        server.stop()
        server = OpenSSL(*CERTS.server("second"), port=server.port)
        self.assertEqual(self.scan(line)["changed"], 1)
        server.stop()
        self.assertEqual(self.scan(line), {"targets": 1, "served": 0, "failed": 1, "changed": 0, "ended_process": 0})
        seen = self.endpoint(server.port)
        self.assertEqual([h["subject"] for h in seen["history"]], ["CN=second", "CN=first"])
        self.assertEqual((seen["subject"], seen["error"]), ("CN=second", "Connection refused"))
        self.assertEqual([x["current"] for x in olga.get(f"/pki/certificate/{number}").json["locations"]], [False])
        self.assertIn(seen["id"], [e["id"] for e in self.expect(olga.get("/pki/endpoints?failing=yes&limit=1000"), 200)["entries"]])
        self.assertIn("CN=first", env.admin("scan", "show", seen["id"]))
        self.assertEqual(env.count(f"select count(*) from audit where event = 'endpoint.changed' and object = '{seen['endpoint']}'"), 2)
        for who, status in ((alice, 403), (auditor, 200), (admin, 200)):
            self.assertEqual(who.get("/pki/endpoints").status, status)
            self.assertEqual(who.get(f"/pki/endpoint/{seen['id']}").status, status)
        self.expect(olga.get("/pki/endpoint/999999"), 404)

    def test_what_there_is_no_room_for_is_said(self):
        """A chain of 12, and an endpoint that changed its certificate a hundred times."""
        extra = [certificate(f"extra{i}.test") for i in range(11)]
        server = OpenSSL(*CERTS.server("long-chain"), "-cert_chain", str(self.file("long.pem", "".join(map(pem, extra)))))
        line = f"127.0.0.1:{server.port}"
        self.scan(line)
        self.scan(line)
        seen = self.endpoint(server.port)
        self.assertEqual([len(seen["chain"]), seen["chain_more"], seen["history"][0]["chain_more"], seen["history_more"]], [7, 4, 4, False])
        browser = PlainBrowser(env)
        browser.log_in("olga", olga.password)
        browser.get(f"/console/endpoints/{seen['id']}")
        self.assertIn("(and behind these: 4)", browser.text)
        ends = f"(select not_after from certificate where id = {seen['certificate_id']})"
        env.sql(f"insert into scan_sighting (endpoint_id, certificate_id, is_current, chain, verify, not_after) select {seen['id']}, {seen['certificate_id']}, false, '{{}}', 'ok', {ends} "
                "from generate_series(1, 100)")
        seen = self.endpoint(server.port)
        self.assertEqual([len(seen["history"]), seen["history_more"]], [100, True])
        browser.get(f"/console/endpoints/{seen['id']}")
        self.assertIn("these are the last 100", browser.text)
        # its certificate, and others of the same key
        env.sql(f"with e as (insert into scan_endpoint (host, port, start, sni) select 'many.test', n, 'tls', '' from generate_series(1, 101) n returning id) "
                f"insert into scan_sighting (endpoint_id, certificate_id, is_current, chain, verify, not_after) select id, {seen['certificate_id']}, true, '{{}}', 'ok', {ends} from e")
        shown = self.expect(olga.get(f"/pki/certificate/{seen['certificate_id']}"), 200)
        self.assertEqual([len(shown["locations"]), shown["locations_more"], shown["replaced_by_more"]], [100, True, False])
        browser.get(f"/console/certificates/{seen['certificate_id']}")
        self.assertIn("There are others: 100 stand here", browser.text)
        self.put("".join(pem(certificate(f"relative{i}.test")) for i in range(25)))
        number = self.stored(certificate("of-many.test"))
        browser.get(f"/console/certificates/{number}")
        (link,) = re.findall(r'href="(/console/certificates\?query=[^"]*)">Search for all', browser.text)
        self.assertIn("There are more than stand here", browser.text)
        browser.get(html.unescape(link))
        self.assertIn("relative24.test", browser.text)
        server.stop()

    def test_a_chain_forgets_what_is_removed(self):
        """By hand, and when it has ended long ago; by an index, not by all that was ever seen."""
        ends = "250101000000Z"
        extra = [certificate("by-hand.test"), certificate("long-ago.test", dates=("240101000000Z", ends))]
        server = OpenSSL(*CERTS.server("forgetful"), "-cert_chain", str(self.file("forget.pem", "".join(map(pem, extra)))))
        line = f"127.0.0.1:{server.port}"
        self.scan(line)
        by_hand, ago = self.endpoint(server.port)["chain"]
        plan = env.psql("set enable_seqscan = off; explain update scan_sighting set chain = array_replace(chain, 7::bigint, 0) "
                        "where certificate_id <> 7 and chain @> array[7::bigint]")
        self.assertIn("scan_sighting_chain", plan)
        self.assertEqual(olga.send("DELETE", f"/pki/certificate/{by_hand}").status, 204)
        self.assertEqual(self.endpoint(server.port)["chain"], [0, ago])
        # two that go in one step, one of them being the server's own
        conf = env.dir / "state" / "gatehouse.conf"
        before = conf.read_text()
        conf.write_text(before.replace("jobs {", "jobs { retention_days = 60", 1))
        try:
            env.admin("job", "run", "retention")
        finally:
            conf.write_text(before)
        self.assertEqual(env.count(f"select count(*) from certificate where id = {ago}"), 0)
        self.assertEqual(self.endpoint(server.port)["chain"], [0, 0])
        server.stop()

    def test_what_is_removed_meanwhile_is_not_written_down_as_seen(self):
        server = OpenSSL(*CERTS.server("removed-meanwhile"), "-cert_chain", str(CERTS.ca))
        line = f"127.0.0.1:{server.port}"
        self.scan(line)
        number = self.endpoint(server.port)["certificate_id"]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            with env.session(f"begin; delete from certificate where id = {number}; delete from scan_sighting where certificate_id = {number}") as removal:
                scan = pool.submit(self.scan, line)
                wait_for(lambda: scan.done() or env.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'scan_endpoint'"),
                         "the scan has found it, and waits", 60)
                removal.commit()
            scan.result()
        self.assertEqual(env.count(f"select count(*) from scan_sighting where certificate_id = {number}"), 0)
        # the next one puts it in again
        self.assertEqual(self.scan(line)["changed"], 1)
        self.assertGreater(self.endpoint(server.port)["certificate_id"], number)
        server.stop()

    def test_our_own_gateway_is_seen_as_ours(self):
        port = urllib.parse.urlsplit(var["GATEHOUSE_URL"]).port
        self.scan(f"localhost:{port}")
        seen = self.endpoint(port)
        self.assertEqual(seen["error"], None)
        self.assertIn(olga.get(f"/pki/certificate/{seen['certificate_id']}").json["status"], ("valid", "foreign"))

    def test_starttls_of_real_servers(self):
        exim = Exim(MAIL / "exim", CERTS)
        dovecot = Dovecot(MAIL / "dovecot", *CERTS.server("dovecot"))
        postgres = Postgres(MAIL / "postgres", *CERTS.server("database"))
        slapd = urllib.parse.urlsplit(read_shell_variables(env.dir / "state" / "slapd" / "env")["LDAP_URI_PLAIN"]).port
        try:
            ports = {"smtp": exim.starttls, "imap": dovecot.port, "postgres": postgres.port, "ldap": slapd}
            answer = self.scan(*(f"127.0.0.1:{port} starttls={how}" for how, port in ports.items()), f"127.0.0.1:{exim.smtps}")
            self.assertEqual((answer["served"], answer["failed"]), (5, 0), env.admin("scan", "list", "--limit", 0))
            self.assertEqual({how: self.endpoint(port)["subject"] for how, port in ports.items()},
                             {"smtp": "CN=exim", "imap": "CN=dovecot", "postgres": "CN=database", "ldap": "CN=localhost"})
        finally:
            exim.stop()
            dovecot.stop()
            postgres.stop()

    def test_starttls_of_a_talkative_imap(self):
        """Untagged answers at each place where RFC 9051 allows them."""
        tls = CERTS.server("imap")
        good = scripted(dialogue(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n* 0 EXISTS\r\n", 1, b"* CAPABILITY IMAP4rev1\r\na OK go\r\n"), tls)
        self.assertEqual(self.scan(f"localhost:{good.port} starttls=imap")["served"], 1)
        self.assertEqual(good.heard, [b"a STARTTLS\r\n"])
        self.assertEqual(self.endpoint(good.port)["subject"], "CN=imap")

    def test_hostile_endpoints(self):
        """Each gets its line, in its time, and the others are scanned."""
        flood = b"x" * 65536

        def pour(server, connection):
            for _ in range(256):
                connection.sendall(flood)

        def drip(server, connection):
            while not server.release.wait(0.2):
                connection.sendall(b"\x16")

        def forever(some):
            def script(server, connection):
                while not server.release.is_set():
                    connection.sendall(some * (65536 // len(some)))
            return script

        def extended(size):
            return certificate("extended.test", extensions=[der.extension("1.2.3.4", bytes(size))])
        small = certificate("small.test")
        # each may have issued each, by its name; they differ in their serial numbers
        crossing = certificate([("CN", "Crossed")], [("CN", "Crossed")], serial=b"\1\0\0\0")
        crossed = [crossing.replace(b"\2\4\1\0\0\0", b"\2\4\1" + i.to_bytes(3, "big"), 1) for i in range(200)]
        tls = CERTS.server("behind")
        silent = lambda server, connection: server.release.wait()
        cases = [
            (silent, "", "no answer in time"), (lambda *a: None, "", ""), (pour, "", "TLS: "), (drip, "", ""),
            (dialogue(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "", "TLS: "),
            (dialogue(b"\x16\x03\x03\xff\xff" + flood), "", "TLS: "), (dialogue(b"\x15\x03\x03\0\2\2\x28"), "", "TLS: "),
            (silent, "smtp", "no answer in time"), (pour, "smtp", "too long"), (dialogue(b"421 busy\r\n"), "smtp", "refuses"),
            (dialogue(b"220 hi\r\n", 1, b"250-test\r\n250 SIZE\r\n"), "smtp", "does not offer it"),
            (dialogue(b"220 hi\r\n", 1, b"250-a\r\n" * 200), "smtp", "too many lines"),
            (dialogue(b"220 hi\r\n", 1, b"250 STARTTLS\r\n", 1, b"454 no\r\n"), "smtp", "refuses"),
            (dialogue(b"220 hi\r\n250 early\r\n", 1), "smtp", "between its answer and TLS"),
            (dialogue(b"220 hi\r\n", 1, b"250 STARTTLS\r\n", 1, b"220 go\r\n250 injected\r\n"), "smtp", "between its answer and TLS"),
            (dialogue(b"* OK hi\r\n", 1, b"a OK go\r\n* injected\r\n"), "imap", "between its answer and TLS"),
            (dialogue(b"* BYE\r\n"), "imap", "no IMAP"), (dialogue(b"* OK\r\n", 1, b"a NO\r\n"), "imap", "refuses"),
            (dialogue(b"N"), "postgres", "has no TLS"), (dialogue(b"SE"), "postgres", "between its answer and TLS"), (dialogue(b"?"), "postgres", "no PostgreSQL"),
            (dialogue(b"\x30\x84\xff\xff\xff\xff"), "ldap", "no LDAP"), (dialogue(b"HTTP/1.1"), "ldap", "no LDAP"),
            (dialogue(bytes.fromhex("300c020101780707010204000400")), "ldap", "refuses"),
            (dialogue(bytes.fromhex("300c02010178070a010004000400") + b"more"), "ldap", "between its answer and TLS"),
            (dialogue(b"\x30\x82\x3f\xf0" + b"\x30\x80" * 0x1ff8), "ldap", "refuses"), (forever(b"\x30\x82\x3f\xf8"), "ldap", "refuses"),
            (forever(b"220-" + b"x" * 400 + b"\r\n"), "smtp", "too many lines"), (forever(b"* OK" + b"x" * 500 + b"\r\n"), "imap", "too many lines"),
            (forever(b"x"), "imap", "too long"), (forever(b"S"), "postgres", "between its answer and TLS"),
            (dialogue(b"220 hi\r\n", 1, b"250 STARTTLS\r\n", 1, b"501 \x1b[31m\0\r\n"), "smtp", "refuses"),
            (serves(*[small] * 10000), "", "excessive message size"), (serves(extended(1 << 20)), "", "excessive message size"),
            (serves(extended(200 << 10)), "", "certificates of at most 131072"), (serves(b"\x30\x80" * 30000), "", "TLS: "), (serves(b""), "", "TLS: "),
            (serves(), "", "TLS: "), (serves(small + b"more"), "", "TLS: "), (serves(b"\x30\x82\xff\xff" + bytes(50)), "", "TLS: "),
            (dialogue(records(b"\x0b\xff\xff\xff")), "", "TLS: "), (forever(b"\x16\x03\x03\0\0"), "", "TLS: "),
            (forever(b"\x15\x03\x03\0\2\1\x5a"), "", "too many warn alerts"), (forever(b"\x14\x03\x03\0\1\1"), "", "TLS: "),
            (forever(records(b"\0\0\0\0")), "", "it sends too much"),
        ]
        servers = [(scripted(script), how, wanted) for script, how, wanted in cases]
        odd = {name: scripted(serves(*certs, step=step)) for name, certs, step in (
            ("crossed", [certificate("under.test", [("CN", "Crossed")]), *crossed], 16384), ("bytes", [small], 1),
            ("names", [certificate([("CN", "evil\x1b[31m\n\0")], names=der.san(dns=["a\x1b[2Jb\nc"]))], 16384))}
        good = OpenSSL(*CERTS.server("good"))
        answer = self.scan(*(f"127.0.0.1:{s.port}" + (f" starttls={how}" if how else "") for s, how, _ in servers), *(f"127.0.0.1:{s.port}" for s in odd.values()),
                           f"127.0.0.1:{good.port}", options=("--timeout", 5, "--parallel", 32))
        self.assertEqual((answer["served"], answer["failed"], answer["ended_process"]), (1 + len(odd), len(servers), 0))
        found = {name: self.endpoint(s.port) for name, s in odd.items()}
        self.assertEqual((found["crossed"]["subject"], len(found["crossed"]["chain"]), found["crossed"]["chain_more"]), ("CN=under.test", 7, 193))
        self.assertEqual((found["bytes"]["subject"], found["names"]["subject"]), ("CN=small.test", "CN=evil\\1B[31m\\0A\\00"))
        self.assertNotIn("\x1b", env.admin("scan", "list", "--limit", 0))
        for server in odd.values():
            server.stop()
        errors = {e["port"]: e["error"] for e in env.admin("scan", "list", "--limit", 0, "--json")}
        for server, how, wanted in servers:
            self.assertIn(wanted, errors[server.port], (how, wanted))
            server.stop()
        good.stop()

    def test_what_ends_the_process_that_asks_ends_no_scan(self):
        """By what it sends, as a mistake of a parser would let it: it is named, and all others are asked."""
        bad = [scripted(dialogue(b"crash-by-test: " + how)) for how in (b"abort", b"memory", b"abort")]
        good = [OpenSSL(*CERTS.server(f"survivor{i}")) for i in range(2)]
        silent = scripted(lambda server, connection: server.release.wait())
        order = [good[0], *bad[:2], silent, bad[2], good[1]]
        ended = "what it sends has ended the process that asks, "
        for parallel in (1, 8):
            answer = self.scan(*(f"127.0.0.1:{s.port}" for s in order), options=("--parallel", parallel, "--timeout", 2))
            self.assertEqual([answer[k] for k in ("targets", "served", "failed", "ended_process")], [6, 2, 4, 3])
        for s in bad:
            seen = self.endpoint(s.port)
            self.assertEqual((seen["ended_process"], seen["error"]), (True, ended + "as in the last scan"))
            trail = env.sql(f"select outcome, detail from audit where event = 'endpoint.ended_process' and object = '{seen['endpoint']}' order by id")
            self.assertEqual(trail, [["failure", ended + "twice"], ["failure", ended + "as in the last scan"]])
            # twice by the first scan; by the second one last, and alone at once
            self.assertEqual(s.connections, 3)
        self.assertEqual([self.endpoint(s.port)["ended_process"] for s in (silent, *good)], [False] * 3)
        # mended
        bad[0].script = lambda *a: None
        self.assertEqual(self.scan(f"127.0.0.1:{bad[0].port}")["ended_process"], 0)
        self.assertIs(self.endpoint(bad[0].port)["ended_process"], False)
        for s in (*order,):
            s.stop()

    def test_odd_certificates_are_served(self):
        """A client certificate is wanted, an old protocol is spoken, names do not fit: the certificate is there all the same."""
        crt, key = CERTS.server("wanted")
        servers = [OpenSSL(crt, key, "-Verify", "1"), OpenSSL(crt, key, "-tls1_2"),
                   OpenSSL(crt, key, "-tls1", "-cipher", "ALL:@SECLEVEL=0"), OpenSSL(*CERTS.server("ended", days=-1)),
                   OpenSSL(self.file("negative.pem", pem(certificate("negative.test", serial=b"\x80"))), KEY.path)]
        answer = self.scan(*(f"127.0.0.1:{s.port}" for s in servers))
        self.assertEqual((answer["served"], answer["failed"]), (5, 0), env.admin("scan", "list", "--limit", 0))
        for s in servers:
            s.stop()

    def test_nothing_that_is_not_on_the_list(self):
        for line, says in (("10.0.0.0/8", "more than 4096"), ("0.0.0.0/0", "no network"), ("192.0.2.1/28", "first address"), ("2001:db8::/64", "more than"),
                           ("a b", "neither starttls"), ("host:0", "HOST"), ("host:99999", "HOST"), ("host:x", "HOST"), ("-o", "neither a name"),
                           ("$(id)", "neither a name"), ("host starttls=ftp", "neither starttls"), ("host sni=a/b", "neither starttls"),
                           ("[::1", "HOST"), ("x" * 300, "neither a name")):
            done = self.scan("localhost", line, check=False)
            self.assertNotEqual(done.returncode, 0, line)
            self.assertIn("line 2", done.stderr.decode(), line)
            self.assertIn(says, done.stderr.decode(), line)
        self.assertEqual(env.admin("scan", check=False).returncode, 2)
        self.assertEqual(env.admin("scan", "--targets", "-", "--rate", 0, check=False).returncode, 2)
        server = scripted(lambda *a: None)
        answer = self.scan(f"127.0.0.0/30:{server.port}")
        self.assertEqual(answer["targets"], 4)
        self.assertEqual(server.connections, 1)
        server.stop()

    def test_an_address_with_colons(self):
        self.assertIn("[::1]:1 Connection refused", env.admin("scan", "--targets", "-", stdin=b"[::1]:1\n"))
        self.assertEqual([e["endpoint"] for e in olga.get("/pki/endpoints?host=::1").json["entries"]], ["[::1]:1"])
        number = self.stored(certificate("six.test"))
        env.sql(f"insert into scan_sighting (endpoint_id, certificate_id, is_current, chain, verify, not_after) "
                f"select e.id, c.id, true, '{{}}', 'ok', c.not_after from scan_endpoint e, certificate c where host = '::1' and c.id = {number}")
        page = olga.get("/pki/certificates?query=" + urllib.parse.quote('Location -eq "[::1]:1"')).json
        self.assertEqual([e["id"] for e in page["entries"]], [number])
        self.assertEqual(olga.get(f"/pki/certificate/{number}").json["locations"][0]["endpoint"], "[::1]:1")


class ScanJob(Case):
    """The same as a job: asked by a process that the supervisor starts."""

    def job(self):
        return next(j for j in env.admin("job", "list", "--json") if j["name"] == "scan")

    def begin(self, *lines):
        TARGETS.write_text("\n".join(lines) + "\n")
        env.admin("job", "run", "scan", "--background")
        wait_for(lambda: self.job()["wanted"] is False, "the job begins")

    def run_job(self, *lines):
        self.begin(*lines)
        wait_for(lambda: self.job()["running"] is False, "the job ends", 60)
        return self.job()

    @staticmethod
    def probers():
        return [pid for pid, line in env.processes("gatehouse") if "probe" in line]

    def test_what_it_finds(self):
        server, other = OpenSSL(*CERTS.server("by-job")), OpenSSL(*CERTS.server("by-job-too"))
        lines = f"127.0.0.1:{server.port}", "# and", f"127.0.0.1:{other.port}", "127.0.0.1:1"
        TARGETS.write_text("\n".join(lines))
        self.assertIn("would ask 3 targets", env.admin("job", "run", "scan", "--dry-run"))
        self.assertIn("ok", env.admin("conf", "check"))
        done = self.run_job(*lines)
        self.assertEqual((done["outcome"], done["detail"]), ("success", "3 targets: 2 serve a certificate, 1 do not; 2 changed"))
        found = {e["port"]: e for e in env.admin("scan", "list", "--limit", 0, "--json")}
        self.assertEqual([found[p]["subject"] for p in (server.port, other.port, 1)], ["CN=by-job", "CN=by-job-too", None])
        self.assertIn("0 changed", env.admin("job", "run", "scan"))
        values = json.loads(env.admin("status", "--json", check=False).stdout)["values"]
        for state, count in (("all", "scan_endpoint"), ("failing", "scan_endpoint where error is not null"),
                             ("ended", "scan_sighting where is_current and not_after < now()"), ("revoked", "scan_sighting where false")):
            self.assertEqual(values[f"endpoints_{state}"], env.count(f"select count(*) from {count}"), state)
        self.assertGreater(values["endpoints_failing"], 0)
        self.assertEqual(env.count("select count(*) from scan_sighting s join certificate c on c.id = certificate_id where s.is_current and s.not_after is distinct from c.not_after"), 0)
        browser = PlainBrowser(env)
        browser.log_in("olga", olga.password)
        self.assertIn(f"Without certificate: {values['endpoints_failing']}", html.unescape(browser.get("/console").body.decode()))
        wait_for(lambda: not self.probers(), "its process has ended")
        server.stop()
        other.stop()

    def test_no_faster_than_the_rate(self):
        """Of the configuration. Until a moment no more connections have come than it allows; how much later they come is the machine's."""
        came = []
        server = scripted(lambda *a: came.append(clock.monotonic()))
        TARGETS.write_text("".join(f"127.0.0.1:{server.port} sni=paced{i}.test\n" for i in range(9)))
        conf = env.dir / "state" / "gatehouse.conf"
        before = conf.read_text()
        self.assertIn(" rate = 1000 ", before)
        conf.write_text(before.replace(" rate = 1000 ", " rate = 4 "))
        try:
            begun = clock.monotonic()
            self.assertIn("9 targets: 0 serve a certificate, 9 do not", env.admin("job", "run", "scan"))
        finally:
            conf.write_text(before)
        wait_for(lambda: len(came) == 9, "each was asked")
        for i, when in enumerate(sorted(came)):
            self.assertGreaterEqual(when - begun, i / 4, i)
        server.stop()

    def test_bad_lists(self):
        for lines, says in ((["localhost", "a b"], "line 2"), (["10.0.0.0/8"], "more than 4096")):
            done = self.run_job(*lines)
            self.assertEqual(done["outcome"], "failure")
            self.assertIn(says, done["detail"])
            checked = env.admin("conf", "check", check=False)
            self.assertNotEqual(checked.returncode, 0)
            self.assertIn(says, checked.stderr.decode())
            self.assertIn("scan.targets", checked.stderr.decode())
        for mode, says in ((0o664, "others may write in it (mode 664): `chmod go-w` it"), (0o646, "others may write")):
            TARGETS.write_text("localhost\n")
            TARGETS.chmod(mode)
            self.assertIn(says, env.admin("conf", "check", check=False).stderr.decode())
            self.assertIn(says, env.admin("job", "run", "scan", check=False).stderr.decode())
            refused = env.admin("scan", "--targets", TARGETS, check=False)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn(says, refused.stderr.decode())
        self.assertEqual(env.count("select count(*) from scan_endpoint where host = 'localhost' and port = 443"), 0)
        TARGETS.unlink()
        self.assertIn("No such file", env.admin("conf", "check", check=False).stderr.decode())
        self.assertNotEqual(env.admin("job", "run", "scan", "--dry-run", check=False).returncode, 0)

    def test_its_process_dies_and_its_gateway_stops(self):
        server = OpenSSL(*CERTS.server("quick"))
        slow = scripted(lambda s, connection: s.release.wait())
        lines = f"127.0.0.1:{server.port}", f"127.0.0.1:{slow.port}"
        self.begin(*lines)
        wait_for(lambda: "1 of 2 asked" in (self.job()["detail"] or ""), "it tells how far it is")
        self.assertIs(self.job()["running"], True)
        taken = env.admin("job", "run", "scan", check=False)
        self.assertIn(b"runs at this moment", taken.stderr)
        (prober,) = self.probers()
        status = Path(f"/proc/{prober}/status").read_text()
        self.assertIn("Seccomp:\t2", status)
        self.assertIn("NoNewPrivs:\t1", status)
        self.assertNotIn("PASSWORD", Path(f"/proc/{prober}/environ").read_bytes().decode(errors="replace"))
        # another one asks it alone, and a third one does not
        os.kill(prober, signal.SIGKILL)
        wait_for(lambda: slow.connections == 2, "the endpoint is asked again")
        wait_for(lambda: len(self.probers()) == 1 and self.probers() != [prober], "by another process")
        os.kill(self.probers()[0], signal.SIGKILL)
        wait_for(lambda: self.job()["running"] is False, "the job ends")
        self.assertEqual((self.job()["outcome"], slow.connections), ("success", 2))
        self.assertIn("2 targets: 1 serve a certificate, 1 do not; 1 changed; 1 ended the process that asks", self.job()["detail"])
        gauge = 'gatehouse_endpoints{state="ended_process"} ' + str(env.count("select count(*) from scan_endpoint where ended_process"))
        wait_for(lambda: gauge in Client(env).get("/metrics").body.decode(), "the gauge", 60)
        # again, and the gateway ends in the middle
        env.admin("job", "run", "scan", "--background")
        wait_for(lambda: slow.connections == 3, "the endpoint is asked again")
        env.gateway("halt")                      # fails where it has to be killed
        env.gateway("run")
        self.assertEqual(self.job()["failures"], 1)
        # that was no fault of the endpoint
        self.assertEqual(env.count(f"select count(*) from audit where event = 'endpoint.ended_process' and object = '127.0.0.1:{slow.port}'"), 1)
        slow.stop()
        TARGETS.write_text(lines[0] + "\n")
        self.assertIn("1 serve a certificate", env.admin("job", "run", "scan"))
        self.assertEqual(self.job()["failures"], 0)
        server.stop()

    def test_its_process_does_not_outlive_who_waits_for_it(self):
        """One that a server has taken over would not end by itself."""
        slow = scripted(lambda s, connection: s.release.wait())
        self.begin(f"127.0.0.1:{slow.port}")
        wait_for(lambda: slow.connections == 1, "the endpoint is asked")
        (prober,) = self.probers()
        os.kill(prober, signal.SIGSTOP)
        TARGETS.write_text("")                   # for the run that follows
        for worker in env.workers():
            os.kill(worker, signal.SIGKILL)
        wait_for(lambda: prober not in self.probers(), "the process of a job is ended")
        wait_for(lambda: env.admin("job", "run", "scan", check=False).returncode == 0, "the job goes on")
        slow.stop()


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

    def test_a_ca_of_ours_that_is_imported_is_not_revoked(self):
        """A CA above ours, which another made, may stand in the inventory: who logs in by certificate does not notice."""
        leaf, *issuers = Client(env).enroll(der.csr(KEY)).certificates()
        chain, cas = self.file("own.pem", "".join(map(pem, (leaf, *issuers)))), self.file("cas.pem", "".join(map(pem, issuers)))
        conf = env.dir / "state" / "gatehouse.conf"
        before = conf.read_text()
        conf.write_text(before.replace("gateway {\n", f'gateway {{\n client_ca = "{cas}"\n', 1))
        env.gateway("halt")
        try:
            env.gateway("run")
            me = Client(env)
            me.context.load_cert_chain(chain, KEY.path)
            self.assertEqual(me.get("/pki/profiles").status, 200)
            number = self.stored(certificate("above.test"))
            env.sql(f"update certificate set sha256 = '\\x{hashlib.sha256(issuers[-1]).hexdigest()}' where id = {number}")
            self.assertEqual(me.get("/pki/profiles").status, 200)
        finally:
            env.gateway("halt")
            conf.write_text(before)
            env.gateway("run")

    def test_keys_are_for_our_certificates(self):
        number = self.stored(certificate())
        reply = alice.post("/pki/keyrequest/recovery", {"certificate_id": number})
        self.assertNotEqual(reply.status // 100, 2, reply.body)

    def test_nothing_is_said_or_changed_for_another_issuer(self):
        number = self.stored(certificate())
        browser = PlainBrowser(env)
        browser.log_in("olga", olga.password)
        self.assertEqual(browser.get(f"/console/certificates/{number}").status, 200)
        self.assertIn("CN=www.elsewhere.test", browser.text)
        self.assertNotIn("to=revoked", browser.text)
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
