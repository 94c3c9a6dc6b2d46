#!/usr/bin/python3
"""EST (RFC 7030, 8951) on real parts: curl and strongSwan enroll against Kore over TLS. docs/est.md has the table of the ids.
The system's python3, for pyasn1-modules."""

import base64
import concurrent.futures
import email
import hashlib
import json
import os
import subprocess
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

import client
import der
import key_package
import packages
import tap
from client import Client
from environment import TOP, Environment, wait_for
from est import PREFIX, Device, certificates, names_of, replaced, run, validate_pal

env = Environment("est", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="""
est { label = "users" retry_after = 17 }
limits { failures = 10000 }
roles { officer_groups = "pki-officers" }
""")
ALICE, BOB = ("alice", "alice-secret"), ("bob", "bob-secret")
ALICE_NAME = "user:EXAMPLE\\alice"  # as requests record her
CERTS = "application/pkcs7-mime; smime-type=certs-only"
CAFILE, URL = env.var["GATEHOUSE_CAFILE"], env.var["GATEHOUSE_URL"]


def label(action, *args, **kw):
    return env.admin("est", "label", action, *args, **kw)


def template(base, **changes):
    body = json.loads((TOP / f"conf/templates/{base}.json").read_text())
    path = env.scratch / f"{changes.get('name', base)}.json"
    path.write_text(json.dumps({**body, **changes}))
    env.admin("template", "import", path)


def requests():
    return env.count("select count(*) from request")


def x509_ski(cert):
    return x509.load_der_x509_certificate(cert).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def restart():
    env.gateway("halt")
    env.gateway("run")


def setUpModule():
    template("WebServer", name="Waiting", oid="1.3.6.1.4.1.311.21.8.15747088.8838185.2930322.4713121.5847363.91")
    label("add", "users", "--template", "User", "--auth", "either", "--ca", "issuing")
    label("add", "cert", "--template", "User", "--auth", "cert", "--ca", "issuing", "--certificates-of", "users")
    label("add", "http", "--template", "User", "--auth", "http", "--ca", "issuing")
    label("add", "both", "--template", "User", "--auth", "both", "--ca", "issuing", "--certificates-of", "users")
    label("add", "ca:1.x", "--template", "User", "--auth", "http", "--ca", "issuing")
    label("add", "waiting", "--template", "Waiting", "--auth", "http", "--ca", "issuing")
    for name, more in (("renew", ("--renewal-days", "36500")), ("early", ()), ("rekey", ("--renewal-days", "36500", "--renewal-key", "new"))):
        label("add", name, "--template", "User", "--auth", "either", "--ca", "issuing", "--certificates-of", "renew", *more)
    label("add", "externals", "--template", "User", "--auth", "http", "--ca", "issuing", "--group", "externals")
    chain = [base64.b64decode(c) for c in env.sql(
        "select replace(encode(x, 'base64'), E'\\n', '') from ca, unnest(chain) x where name = 'issuing'") for c in c]
    (env.scratch / "cas.pem").write_text("".join(client.to_pem(c) for c in chain))
    conf = env.dir / "state" / "gatehouse.conf"
    conf.write_text(conf.read_text().replace("gateway {\n", f'gateway {{\n client_ca = "{env.scratch}/cas.pem"\n', 1))
    restart()


class Case(unittest.TestCase):
    def setUp(self):
        self.alice, self.bob = Device(env, ALICE), Device(env, BOB)

    def certificate(self, reply):
        """The one certificate of an answer."""
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.headers["content-type"], CERTS)
        self.whole(reply)
        found = certificates(reply)
        self.assertEqual(len(found), 1)
        return found[0]

    def whole(self, reply):
        """E-023: what clients need of an answer with base64 in it."""
        self.assertEqual(reply.headers["content-transfer-encoding"], "base64")
        self.assertEqual(int(reply.headers["content-length"]), len(reply.body))
        self.assertNotIn("transfer-encoding", reply.headers)

    def refused(self, reply, status, text=None):
        self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(reply.headers["content-type"], "text/plain; charset=utf-8")
        self.assertEqual(int(reply.headers["content-length"]), len(reply.body))
        self.assertNotIn("transfer-encoding", reply.headers)
        if text is not None:
            self.assertIn(text, reply.body.decode())


class Paths(Case):
    def test_E001_E002_with_a_label_and_without(self):
        for path in ("", "users/", "USERS/", "ca:1.x/", "ca%3A1.x/"):
            with self.subTest(path):
                self.assertEqual(self.alice.get(path + "cacerts").status, 200)
                self.certificate(self.alice.enroll(path + "simpleenroll"))

    def test_E002_without_a_label_there_may_be_none(self):
        conf = env.dir / "state" / "gatehouse.conf"
        was = conf.read_text()
        conf.write_text(was.replace('est { label = "users"', "est {"))
        restart()
        try:
            self.refused(self.alice.get("cacerts"), 404, "A label is needed here")
            self.refused(self.alice.enroll("simpleenroll"), 404)
            self.assertEqual(self.alice.get("users/cacerts").status, 200)
        finally:
            conf.write_text(was)
            restart()

    def test_E003_names_of_operations_are_no_labels(self):
        for name in ("cacerts", "simpleenroll", "SimpleReenroll", "fullcmc", "serverkeygen", "csrattrs", "pal", "eecerts",
                     "crls", "symmetrickeys", "firmware", "tamp", "return"):
            done = label("add", name, "--template", "User", check=False)
            self.assertEqual(done.returncode, 2, name)
            self.assertIn(b"operation of EST", done.stderr)

    def test_command_says_what_it_did_and_what_is_missing(self):
        said = label("add", "told", "--template", "User", "--ca", "issuing")
        self.addCleanup(label, "remove", "told", "--yes")
        self.assertEqual(said, "label told is served from now on\n")
        self.assertEqual(label("set", "told", "--disable", "--json"), {"name": "told"})
        for args, word in ((("add", "x", "--template", "Nothing"), b'no template "Nothing": see `gatehouse template list`'),
                           (("add", "x", "--template", "User", "--ca", "none"), b'no CA "none": see `gatehouse ca list`'),
                           (("show", "none"), b'no label "none": see `gatehouse est label list`'),
                           (("drop", "told"), b'"drop" is none of add, set, remove, list, show'),
                           (("remove",), b"needs the name of the label"), (("list", "told"), b"list takes no name")):
            with self.subTest(args):
                done = label(*args, check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(word, done.stderr)

    def test_E003_names_that_no_path_can_have(self):
        for name in ("", ".", "..", "a/b", "a b", "ä", "x" * 81, "a\nb", "%2f"):
            done = label("add", name, "--template", "User", check=False)
            self.assertNotEqual(done.returncode, 0, name)

    def test_E004_no_such_path(self):
        for path in ("none/cacerts", "nothing", "users/nothing", "users/cacerts/more", "a/b/cacerts", "users/", "users",
                     "cacerts/cacerts", "", "/cacerts", "../est/cacerts", "users/../cacerts", "users%2Fcacerts",
                     "%2e%2e/cacerts", "./cacerts", "%00/cacerts", "users%00/cacerts", "%/cacerts", "%zz/cacerts",
                     "%252e/cacerts", "x" * 81 + "/cacerts", "us%ers/cacerts", "%C3%BC/cacerts"):
            with self.subTest(path):
                self.refused(self.alice.get(path), 404)
                self.refused(self.alice.post(path.replace("cacerts", "simpleenroll"), b"AA=="), 404)

    def test_E004_a_label_that_was_disabled_is_gone(self):
        label("add", "gone", "--template", "User", "--auth", "http", "--ca", "issuing")
        env.await_catalog()
        self.certificate(self.alice.enroll("gone/simpleenroll"))
        label("set", "gone", "--disable")
        env.await_catalog()
        self.refused(self.alice.get("gone/cacerts"), 404)
        self.refused(self.alice.enroll("gone/simpleenroll"), 404)
        label("set", "gone", "--enable")
        env.await_catalog()
        self.assertEqual(self.alice.get("gone/cacerts").status, 200)
        label("remove", "gone", "--yes")
        env.await_catalog()
        self.refused(self.alice.get("gone/cacerts"), 404)

    def test_E005_methods(self):
        for path, allow, methods in (("cacerts", "GET, HEAD", ("POST", "PUT", "DELETE")),
                                     ("users/simpleenroll", "GET, HEAD, POST", ("PUT", "DELETE")), ("users/serverkeygen", "POST", ("GET", "HEAD", "PUT", "DELETE"))):
            for method in methods:
                reply = self.alice.client.request(method, PREFIX + path, None, self.alice.headers)
                self.assertEqual((reply.status, reply.headers["allow"]), (405, allow), method)
                self.assertEqual(reply.headers["content-type"], "text/plain; charset=utf-8")

    def test_E007_keep_alive(self):
        self.alice.client.keep()
        for _ in range(3):
            self.assertEqual(self.alice.get("cacerts").status, 200)
            self.certificate(self.alice.enroll("simpleenroll"))

    def test_E010_nothing_redirects(self):
        for path in ("", "users", "users/", "cacerts/", "simpleenroll/"):
            self.assertNotIn(self.alice.get(path).status // 100, (3,), path)


class Bodies(Case):
    def test_E020_transfer_encoding_is_ignored(self):
        for value in ("base64", "binary", "8bit", "quoted-printable", "; garbage"):
            self.certificate(self.alice.enroll("simpleenroll", Content_Transfer_Encoding=value))

    def test_E021_white_space_anywhere(self):
        text = base64.b64encode(self.alice.csr()).decode()
        lines64 = "\n".join(text[i:i + 64] for i in range(0, len(text), 64)) + "\n"
        crlf76 = "\r\n".join(text[i:i + 76] for i in range(0, len(text), 76)) + "\r\n"
        for body in (text, lines64, crlf76, " \t\r\n" + text + "\n \t", " ".join(text)):
            self.certificate(self.alice.post("simpleenroll", body.encode()))

    def test_E022_not_base64(self):
        good = base64.b64encode(self.alice.csr())
        for body in (b"!" + good, good + b"=AAAA", good[:-4] + b"*===", b"\0" + good, good.replace(b"A", b"-", 1),
                     self.alice.csr(), der.pem(self.alice.csr()).encode(), b"\xff\xfe", b"====", b" \r\n"):
            self.refused(self.alice.post("simpleenroll", body), 400)

    def test_E022_pem_and_binary_are_told(self):
        csr = self.alice.csr()
        self.refused(self.alice.post("simpleenroll", der.pem(csr).encode()), 400, "sed /^-----/d")
        self.refused(self.alice.post("simpleenroll", csr), 400, "binary")
        inner = "".join(line + "\n" for line in der.pem(csr).splitlines() if not line.startswith("-----"))
        self.certificate(self.alice.post("simpleenroll", inner.encode()))

    def test_E022_not_a_request(self):
        csr = self.alice.csr()
        for body in (csr[:-1], csr + b"\0", b"\x30\x80\0\0", b"\x30\0", b"\x05\0", b"\x30\x84\xff\xff\xff\xff"):
            self.refused(self.alice.post("simpleenroll", base64.b64encode(body)), 400)
        self.refused(self.alice.enroll("simpleenroll", self.alice.csr(version=1)), 400)

    def test_E008_types(self):
        for kind in ("application/pkcs10", "Application/PKCS10", "application/pkcs10; charset=utf-8",
                     "application/pkcs10;a=b; c=\"d\""):
            self.certificate(self.alice.enroll("simpleenroll", **{"Content-Type": kind}))
        for kind in (None, "", "text/plain", "application/json", "application/pkcs10x", "application/x-pkcs10",
                     "application/pkcs7-mime", "multipart/form-data; boundary=x"):
            self.refused(self.alice.post("simpleenroll", base64.b64encode(self.alice.csr()), kind=kind), 415)

    def test_E009_sizes(self):
        self.refused(self.alice.post("simpleenroll", b"A" * (128 * 1024 + 1)), 413)
        self.refused(self.alice.post("simpleenroll", b""), 400, "The body is empty")
        reply = run("curl", "-sS", "--noproxy", "*", "--cacert", CAFILE, "-u", ":".join(ALICE), "-X", "POST", "-w",
                    "\n%{http_code} %{content_type}", f"{URL}{PREFIX}simpleenroll").stdout.decode()
        self.assertTrue(reply.endswith("411 text/plain; charset=utf-8"), reply)
        self.assertEqual(self.alice.get("cacerts", X_More="x" * 40000).status, 431)


class CaCerts(Case):
    def ca_path(self, name="issuing"):
        return [base64.b64decode(r[0]) for r in env.sql(
            f"select replace(encode(x, 'base64'), E'\\n', '') from ca, unnest(chain) with ordinality as u(x, n) "
            f"where name = '{name}' order by n")]

    def test_E070_E071_form_and_path(self):
        reply = Device(env).get("cacerts")
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, "application/pkcs7-mime"))
        self.whole(reply)
        self.assertEqual(certificates(reply), self.ca_path())
        raw = base64.b64decode(reply.body)
        # ContentInfo { signedData, [0] SignedData { version 1, {}, { data }, [0] certificates, {} } }
        text = der.openssl("asn1parse", "-inform", "DER", stdin=raw).decode()
        self.assertIn(":pkcs7-signedData", text.splitlines()[1])
        self.assertTrue(raw.endswith(b"\x31\x00"))  # no signerInfos
        self.assertEqual(reply.body.count(b"\n"), 1)
        self.assertTrue(reply.body.endswith(b"\n"))

    def test_E040_without_credentials_and_with_wrong_ones(self):
        self.assertEqual(Device(env, ("alice", "wrong")).get("cacerts").status, 200)

    def test_E024_lines(self):
        def lines(label, **headers):
            return max(len(x) for x in self.alice.get(f"{label}/cacerts", **headers).body.split(b"\r\n"))
        self.assertGreater(lines("users"), 64)
        self.assertGreater(lines("users", User_Agent="curl/7.88.1"), 64)
        self.assertEqual(lines("users", User_Agent="libest 3.2.0p"), 64)
        label("add", "lines", "--template", "User", "--wrap", "64", "--auth", "http", "--ca", "issuing")
        label("add", "line", "--template", "User", "--wrap", "none", "--auth", "http", "--ca", "issuing")
        env.await_catalog()
        self.assertEqual(lines("lines"), 64)
        self.assertEqual(max(map(len, self.alice.enroll("lines/simpleenroll").body.split(b"\r\n"))), 64)
        self.assertGreater(lines("line", User_Agent="libest 3.2.0p"), 64)
        self.assertGreater(len(self.alice.enroll("users/simpleenroll", User_Agent="libest 3.2.0p").body.split(b"\r\n")[0]), 64)

    def test_E072_E073_rollover(self):
        env.admin("ca", "create", "old-root", "--root", "--subject", "CN=Rolling Root", "--years", "10", "--no-urls")
        env.admin("ca", "create", "rolling", "--parent", "old-root", "--subject", "CN=Rolling", "--years", "5", "--no-urls")
        label("add", "rolling", "--template", "User", "--auth", "http", "--ca", "rolling")
        env.await_catalog()
        old_leaf = self.certificate(self.alice.enroll("rolling/simpleenroll"))
        old_issuing, old_root = self.ca_path("rolling")
        self.assertEqual(certificates(self.alice.get("rolling/cacerts")), [old_issuing, old_root])
        env.admin("ca", "renew", "old-root", "--new-key", "--years", "12")
        env.admin("ca", "renew", "rolling", "--new-key")
        env.await_catalog()
        found = certificates(self.alice.get("rolling/cacerts"))
        new_issuing, new_root = self.ca_path("rolling")
        self.assertEqual(len(found), len(set(found)))
        self.assertEqual(found[-1], new_root)       # of the latest end: the one to trust
        self.assertTrue({old_issuing, old_root, new_issuing, new_root} <= set(found))
        self.assertEqual(len(found), 6)             # and OldWithNew, NewWithOld
        self.assertEqual(found, certificates(self.alice.get("rolling/cacerts")))
        new_leaf = self.certificate(Device(env, ALICE).enroll("rolling/simpleenroll"))
        others = env.scratch / "others.pem"
        others.write_text("".join(client.to_pem(c) for c in found if c not in (old_root, new_root)))
        # rules choose among all that issue
        label("add", "by-rule", "--template", "User", "--auth", "http")
        env.await_catalog()
        self.assertTrue({*found, *self.ca_path()} <= set(certificates(self.alice.get("by-rule/cacerts"))))
        for leaf, root in ((new_leaf, old_root), (old_leaf, new_root), (new_leaf, new_root), (old_leaf, old_root)):
            for name, cert in (("leaf", leaf), ("root", root)):
                (env.scratch / f"{name}.pem").write_text(client.to_pem(cert))
            run("openssl", "verify", "-x509_strict", "-CAfile", env.scratch / "root.pem", "-untrusted", others,
                env.scratch / "leaf.pem")


class SimpleEnroll(Case):
    def test_E080_one_certificate_for_the_key(self):
        cert = self.certificate(self.alice.enroll("simpleenroll"))
        self.assertIn("CN=alice", client.subject(cert).replace("Alice", "alice"))
        self.assertEqual(der.openssl("x509", "-inform", "DER", "-pubkey", "-noout", stdin=cert),
                         der.openssl("pkey", "-in", self.alice.key.path, "-pubout"))
        row = env.sql("select protocol, requester, requester_kind, label, cert_only from request order by id desc limit 1")
        self.assertEqual(row, [["6", "EXAMPLE\\alice", "1", "users", "t"]])
        detail = env.sql("select detail from audit where event = 'enroll.issued' order by id desc limit 1")[0][0]
        self.assertTrue(detail.startswith("User; label users"), detail)

    def test_E081_proof_of_possession(self):
        before = requests()
        self.refused(self.alice.enroll("simpleenroll", self.alice.csr(bad_signature=True)), 400, "signature")
        self.refused(self.alice.enroll("simpleenroll", self.alice.csr(digest="sha1")), 400)
        usage, text = der.extension("keyUsage", der.tlv(3, b"\x03\x80")), der.attribute("challengePassword", der.utf8("x"))
        for twice in ({"extensions": [usage, usage]}, {"attributes": [text, text]}):
            self.refused(self.alice.enroll("simpleenroll", der.csr(self.alice.key, **twice)), 400)
        self.assertEqual(requests(), before)

    def test_E090_signed_by_a_key_that_asks_not_to_sign(self):
        """The signature is proof all the same; a wrong one is none; which KeyUsage there is, the template says."""
        key = der.Key(env.scratch, "rsa:2048")
        usage = der.extension("2.5.29.15", der.tlv(3, b"\x05\x20"))  # keyEncipherment alone
        host = f"usage{requests()}.example.test"
        more = [der.extension("subjectAltName", der.san(dns=[host])), usage]
        self.assertEqual(self.alice.enroll("waiting/simpleenroll", der.csr(key, [("CN", host)], extensions=more)).status, 202)
        self.refused(self.alice.enroll("waiting/simpleenroll", der.csr(key, [("CN", host)], extensions=more, bad_signature=True)), 400)

    def test_E088_never_the_opposite_of_what_was_asked(self):
        """RFC 5272, 3.1. Each rule: test_C031_which_extensions in tests/enroll/test_cmc_failures.c."""
        def asks(*extension):
            return self.alice.enroll("simpleenroll", der.csr(self.alice.key, extensions=[der.extension(*extension)]))
        issued = env.count("select count(*) from certificate")
        agree, sign_and_agree = der.tlv(3, b"\x03\x08"), der.tlv(3, b"\x03\x88")
        for extension, text in ((("keyUsage", agree), "none of the key usages"),
                                (("extKeyUsage", der.seq(der.oid("1.3.6.1.5.5.7.3.3"))), "none of the extended key usages"),
                                (("basicConstraints", der.seq(der.boolean(True))), "no certificates of CAs"),
                                (("1.2.3.4", der.tlv(5), True), "no extension 1.2.3.4")):
            self.refused(asks(*extension), 403, text)
        self.assertEqual(env.count("select count(*) from certificate"), issued)
        # what is narrowed or left out
        for extension in (("keyUsage", sign_and_agree), ("1.2.3.4", der.tlv(5)), ("basicConstraints", der.seq())):
            cert = x509.load_der_x509_certificate(self.certificate(asks(*extension)))
            usage = cert.extensions.get_extension_for_class(x509.KeyUsage).value
            self.assertEqual((usage.digital_signature, usage.key_agreement), (True, False))
            self.assertNotIn("1.2.3.4", [e.oid.dotted_string for e in cert.extensions])

    def test_E082_a_denial_says_why(self):
        weak = Device(env, ALICE, key=der.Key(env.scratch, "ec:P-521"))
        self.refused(weak.enroll("simpleenroll"), 403)
        self.refused(self.alice.enroll("externals/simpleenroll"), 403)
        self.certificate(self.bob.enroll("externals/simpleenroll"))
        # the next call is looked at anew
        label("set", "externals", "--any-group")
        env.await_catalog()
        self.certificate(self.alice.enroll("externals/simpleenroll"))

    def test_a_template_that_is_not_there(self):
        done = label("add", "nothing", "--template", "Nothing", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'"Nothing"', done.stderr)


class Callers(Case):
    def test_E041_E042_E043_modes(self):
        cert = self.certificate(self.alice.enroll("users/simpleenroll"))
        nobody = Device(env)
        by_cert = Device(env, chain=[cert], key=self.alice.key)
        by_both = Device(env, ALICE, chain=[cert], key=self.alice.key)
        of_two = Device(env, BOB, chain=[cert], key=self.alice.key)
        for name, device, answers in (
                ("nobody", nobody, {"cert": 403, "http": 401, "users": 401, "both": 401}),
                ("wrong", Device(env, ("alice", "wrong")), {"cert": 403, "http": 401, "users": 401, "both": 401}),
                ("no name", Device(env, ("", "")), {"http": 401, "users": 401}),
                ("password", self.alice, {"cert": 403, "http": 200, "users": 200, "both": 403}),
                ("certificate", by_cert, {"cert": 200, "http": 401, "users": 200, "both": 401}),
                ("both", by_both, {"cert": 200, "http": 200, "users": 200, "both": 200}),
                ("of two", of_two, {"cert": 200, "http": 200, "both": 403})):
            for where, status in answers.items():
                with self.subTest(f"{name} at {where}"):
                    reply = device.enroll(f"{where}/simpleenroll", device.csr())
                    self.assertEqual(reply.status, status, reply.body)
                    if status == 401:
                        self.assertIn('Basic realm="Gatehouse"', reply.challenges[0])
                    if status != 200:
                        self.refused(reply, status)

    def test_E089_certificates_of_people_where_it_is_said(self):
        """One that came by CertEnroll; and the other way round, one of EST is none of people."""
        cert = Client(env).enroll(der.csr(self.alice.key)).certificates()[0]
        self.assertEqual(env.sql("select label from request order by id desc limit 1"), [['']])
        device = Device(env, chain=[cert], key=self.alice.key)
        for of, status in (("", 403), ("any,users", 403), ("people", 200)):
            label("set", "early", "--certificates-of", of, "--auth", "cert")
            env.await_catalog()
            self.assertEqual(device.enroll("early/simpleenroll", device.csr()).status, status, of)
        by_est = Device(env, chain=[self.certificate(self.alice.enroll("users/simpleenroll"))], key=self.alice.key)
        self.refused(by_est.enroll("early/simpleenroll"), 403, "not issued by this label")
        label("set", "early", "--certificates-of", "renew", "--auth", "either")
        env.await_catalog()

    def test_E044_an_ra_asks_for_no_account(self):
        """Of an officer, say, whom other doors would take it for: by UPN, mail address or SID. A common name is no account."""
        base = json.loads((TOP / "conf/templates/WebServer.json").read_text())
        more = {"approval": False, "purpose": "client_auth", "sid": "never", "acknowledge": ["ESC1", "ESC16", "ESC17", "NAMES", "ROLE"],
                "acknowledgeReason": "names of a test"}
        template("WebServer", name="Site", oid=base["oid"] + ".18", extendedKeyUsage=["clientAuth"], **more)
        template("WebServer", name="SiteRa", oid=base["oid"] + ".19", extendedKeyUsage=["clientAuth", "1.3.6.1.5.5.7.3.28"], **more)
        label("add", "site-ras", "--template", "SiteRa", "--auth", "http", "--ca", "issuing")
        for name, of in (("site", "Site"), ("site-users", "User")):
            label("add", name, "--template", of, "--ca", "issuing", "--ra", "yes", "--certificates-of", "site-ras")
        env.await_catalog()
        host, upn, sid = "site.example.test", "olga@example.test", b"S-1-5-21-1111111111-2222222222-3333333333-500"
        names = [("CN", host)], [der.extension("subjectAltName", der.san(dns=[host]))]
        ra = Device(env, chain=[self.certificate(self.alice.enroll("site-ras/simpleenroll", der.csr(self.alice.key, *names)))], key=self.alice.key)

        def ask(path, san, name=host, more=()):
            return ra.enroll(path, der.csr(ra.key, [("CN", name)], [der.extension("subjectAltName", san), *more]))
        issued = env.count("select count(*) from certificate")
        for san in (der.san(dns=[host], upn=[upn]), der.san(upn=[upn]), der.san(dns=[host], email=[upn])):
            self.refused(ask("site/simpleenroll", san), 403)
        self.assertEqual(env.count("select count(*) from certificate"), issued)
        sids = [der.extension("ntdsSid", der.seq(der.context(0, der.oid("1.3.6.1.4.1.311.25.2.1"), der.context(0, der.octets(sid)))))]
        cert = self.certificate(ask("site/simpleenroll", der.san(dns=[host]), "olga", more=sids))
        self.assertNotIn(sid, cert)
        for path in ("/pki/certificates", "/pki/audit"):
            self.assertEqual(Device(env, chain=[cert], key=ra.key).client.get(path).status, 401, path)
        # names of the directory are those of who asks, whatever the request names
        cert = self.certificate(ask("site-users/simpleenroll", der.san(upn=[upn]), "olga", more=sids))
        for word in (b"olga", sid):
            self.assertNotIn(word, cert)
        self.assertEqual(env.sql("select requester_kind, requester from request order by id desc limit 1"), [["1", "EXAMPLE\\alice"]])

    def test_E033_revoked_and_on_hold(self):
        cert = self.certificate(self.alice.enroll("users/simpleenroll"))
        device = Device(env, chain=[cert], key=self.alice.key)
        self.certificate(device.enroll("cert/simpleenroll"))
        serial = env.sql("select encode(serial, 'hex') from certificate where sha256 = "
                         f"sha256(decode('{cert.hex()}', 'hex'))")[0][0]
        env.admin("cert", "revoke", serial, "--reason", "keyCompromise", "--yes")
        for where in ("cert", "users"):
            self.assertIn(device.enroll(f"{where}/simpleenroll").status, (401, 403))
        # with the password of the same label, the key that is lost is not given its certificate again
        again = self.certificate(self.alice.enroll("users/simpleenroll"))
        self.assertNotEqual(again, cert)


class Pending(Case):
    """E-083: 202 until an officer has decided."""

    def host(self):
        return f"h{requests()}.example.test"

    def ask(self, device, host, **more):
        return device.enroll("waiting/simpleenroll", device.csr([("CN", host)], dns=[host], **more))

    def pending(self, reply):
        self.assertEqual((reply.status, reply.headers["retry-after"]), (202, "17"), reply.body)
        self.assertEqual(reply.headers["content-type"], "text/plain; charset=utf-8")
        return env.count("select max(id) from request where disposition = 9")

    def test_E083_poll_and_restart(self):
        host = self.host()
        request = self.pending(self.ask(self.alice, host))
        before = requests()
        attribute = der.attribute("1.2.840.113549.1.9.2", der.utf8("linked"))
        self.pending(self.ask(self.alice, host))
        self.pending(self.ask(self.alice, host, attributes=[attribute]))  # signed anew
        restart()
        self.pending(self.ask(self.alice, host))
        self.assertEqual(requests(), before)
        # others have their own: another user with this key, another name, another key
        self.pending(Device(env, BOB, key=self.alice.key).enroll("waiting/simpleenroll",
                                                                   self.alice.csr([("CN", host)], dns=[host])))
        self.pending(self.ask(self.alice, "other." + host))
        self.pending(self.ask(Device(env, ALICE), host))
        self.assertEqual(requests(), before + 3)
        env.admin("request", "approve", request, "--comment", "mine", "--yes", check=False)
        self.approve(request)
        first = self.certificate(self.ask(self.alice, host))
        self.assertEqual(self.certificate(self.ask(self.alice, host)), first)
        self.assertEqual(requests(), before + 3)

    def test_E083_on_another_node(self):
        """Asked here, approved, fetched there; and denied here, told there."""
        other = env.second_node()
        try:
            there = Device(env, ALICE, key=self.alice.key, url=other["GATEHOUSE_URL"])
            host, bad = self.host(), "bad." + self.host()
            request = self.pending(self.ask(self.alice, host))
            self.pending(self.ask(there, host))
            self.approve(request)
            cert = self.certificate(self.ask(there, host))
            self.assertEqual(self.certificate(self.ask(self.alice, host)), cert)
            env.admin("request", "deny", self.pending(self.ask(there, bad)), "--comment", "not yours")
            self.refused(self.ask(self.alice, bad), 403, "not yours")
            self.refused(self.ask(there, bad), 403, "not yours")
        finally:
            env.gateway("halt2")

    def approve(self, request):
        env.admin("request", "approve", request, check=False)
        self.assertEqual(env.count(f"select disposition from request where id = {request}"), 20)

    def test_E083_denied(self):
        host = self.host()
        request = self.pending(self.ask(self.alice, host))
        env.admin("request", "deny", request, "--comment", "not yours")
        before = requests()
        self.refused(self.ask(self.alice, host), 403, "not yours")
        self.refused(self.ask(self.alice, host), 403)
        self.assertEqual(requests(), before)

    def test_E083_at_once_from_many(self):
        host = self.host()
        csr = self.alice.csr([("CN", host)], dns=[host])
        before = requests()
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            devices = [Device(env, ALICE, key=self.alice.key) for _ in range(6)]
            for reply in pool.map(lambda d: d.enroll("waiting/simpleenroll", csr), devices):
                self.assertEqual(reply.status, 202, reply.body)
        self.assertEqual(requests(), before + 1)

    def test_E083_a_label_with_requests_that_wait_stays(self):
        self.pending(self.ask(self.alice, self.host()))
        done = label("remove", "waiting", "--yes", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"pending requests", done.stderr)

    def test_an_answer_that_was_lost_is_given_again(self):
        csr = self.alice.csr()
        first, before = self.certificate(self.alice.enroll("users/simpleenroll", csr)), requests()
        self.assertEqual(self.certificate(self.alice.enroll("users/simpleenroll", csr)), first)
        self.assertEqual(requests(), before)


class Reenroll(Case):
    """E-084 to E-089: another certificate for the names of the one that is shown."""

    def setUp(self):
        super().setUp()
        self.cert = self.certificate(self.alice.enroll("renew/simpleenroll"))
        self.device = Device(env, chain=[self.cert], key=self.alice.key)
        self.subject, self.san = names_of(self.cert)

    def csr(self, device=None, subject=None, san=0, **more):
        san = self.san if san == 0 else san
        return der.csr((device or self.device).key, subject=subject or self.subject,
                       extensions=[der.extension("subjectAltName", san)] if san else [], **more)

    def ask(self, where="renew", **more):
        return self.device.enroll(f"{where}/simplereenroll", self.csr(**more))

    def test_E084_E086_same_names_same_key(self):
        cert = self.certificate(self.ask())
        self.assertNotEqual(cert, self.cert)
        self.assertEqual(names_of(cert), names_of(self.cert))
        # the same once more is the answer that was lost; with the new certificate it is the next renewal
        self.assertEqual(self.certificate(self.ask()), cert)
        next_one = self.certificate(Device(env, chain=[cert], key=self.alice.key).enroll("renew/simplereenroll", self.csr()))
        self.assertNotEqual(next_one, cert)
        self.assertEqual([replaced(env, c) for c in (self.cert, cert, next_one)], [None, self.cert, cert])

    def test_E084_other_names(self):
        upper = [(o, v.replace(b"lice", b"LICE")) for o, v in self.subject]
        self.certificate(self.ask(subject=upper))                     # RFC 5280, 7.1
        names = x509_names(self.san)
        self.assertGreater(len(names), 1)
        self.certificate(self.ask(san=der.seq(*reversed(names))))
        for why, change in (("subject", {"subject": self.subject[:-1]}), ("subject", {"subject": [*self.subject, ("OU", "x")]}),
                            ("subject", {"subject": [("CN", "somebody")]}),
                            ("SubjectAltName", {"san": None}), ("SubjectAltName", {"san": der.seq(*names[:-1])}),
                            ("SubjectAltName", {"san": der.seq(*names, names[0])}),
                            ("SubjectAltName", {"san": der.seq(*names[:-1], der.tlv(0x82, b"x.example.test"))})):
            with self.subTest(why):
                self.refused(self.ask(**change), 403, why)

    def test_E084_without_a_certificate(self):
        self.refused(self.alice.enroll("renew/simplereenroll", self.csr()), 403, "Show the certificate")
        self.assertEqual(Device(env).enroll("renew/simplereenroll", self.csr()).status, 401)

    def test_E085_change_of_names_is_for_the_template_to_allow(self):
        # names of this template are the directory's, whatever is asked for; the request's own must be right
        change = der.attribute("1.3.6.1.5.5.7.7.36", der.seq(der.name([("CN", "other")])))
        cert = self.certificate(self.ask(attributes=[change]))
        self.assertEqual(names_of(cert), names_of(self.cert))
        self.refused(self.ask(subject=[("CN", "other")], attributes=[change]), 403, "subject")
        for bad in (der.seq(), der.octets(b""), der.seq(der.integer(1)), der.seq(der.name([("CN", "x")]), der.integer(1)),
                    der.seq(der.context(1))):
            self.refused(self.ask(attributes=[der.attribute("1.3.6.1.5.5.7.7.36", bad)]), 400, "ChangeSubjectName")

    def test_E085_other_names_of_the_request(self):
        """Where the template takes names of requests, these are the ones that are certified."""
        def ask(change):
            host = f"change{requests()}.example.test"
            csr = self.alice.csr([("CN", host)], dns=[host], attributes=[der.attribute("1.3.6.1.5.5.7.7.36", change)])
            self.assertEqual(self.alice.enroll("waiting/simpleenroll", csr).status, 202)
            request = env.count("select max(id) from request where disposition = 9")
            env.admin("request", "approve", request)
            return names_of(self.certificate(self.alice.enroll("waiting/simpleenroll", csr)))
        san = der.san(dns=["new.example.test"])
        for change in (der.seq(der.name([("CN", "new.example.test")]), san),
                       der.seq(der.name([("CN", "new.example.test")]), b"\xa1" + san[1:])):
            self.assertEqual(ask(change), ([("2.5.4.3", der.tlv(0x13, b"new.example.test"))], san))
        self.assertEqual(ask(der.seq(san)), ([], san))  # without subject

    def test_E086_new_key(self):
        new = Device(env, chain=None)
        csr = self.csr(device=new)
        cert = self.certificate(self.device.enroll("rekey/simplereenroll", csr))
        self.assertEqual(der.openssl("x509", "-inform", "DER", "-pubkey", "-noout", stdin=cert),
                         der.openssl("pkey", "-in", new.key.path, "-pubout"))
        self.refused(self.ask("rekey"), 403, "make a new one")

    def test_E087_another_certificate_of_the_same_names(self):
        """Where the old one cannot log in, say. And one of other names renews nothing."""
        second = Device(env, ALICE)
        cert = self.certificate(second.enroll("renew/simpleenroll"))
        self.assertEqual(names_of(cert), names_of(self.cert))
        for_old_key = der.csr(self.alice.key, subject=self.subject, extensions=[der.extension("subjectAltName", self.san)])
        other = Device(env, chain=[cert], key=second.key)
        self.assertEqual(replaced(env, self.certificate(other.enroll("renew/simplereenroll", for_old_key))), cert)  # the one that was shown
        # who asks for a first one shows who he is, and renews nothing
        self.assertIsNone(replaced(env, self.certificate(other.enroll("renew/simpleenroll"))))
        bob = self.certificate(self.bob.enroll("renew/simpleenroll"))
        self.refused(Device(env, chain=[bob], key=self.bob.key).enroll("renew/simplereenroll", for_old_key), 403, "subject")

    def once(self, name, template, *more):
        label("add", name, "--template", template, "--auth", "either", "--ca", "issuing", "--certificates-of", "renew", "--renewal-days", "36500",
              "--renewals", "once", *more)
        env.await_catalog()

    def others(self, cert, n):
        """Devices that show a certificate of alice, each with a CSR for a key of its own."""
        subject, san = names_of(cert)
        return [(Device(env, chain=[cert], key=self.alice.key),
                 der.csr(der.Key(env.scratch, "ec:P-256"), subject=subject, extensions=[der.extension("subjectAltName", san)])) for _ in range(n)]

    def test_E086_renewed_once(self):
        self.once("once", "User", "--serverkeygen", "yes")
        cert = self.certificate(self.ask("once"))
        env.sql("update request set resolved_at = resolved_at - interval '1 day' where label = 'once'")
        self.assertEqual(self.certificate(self.ask("once")), cert)  # the answer was lost, and is the only one
        (thief, csr), = self.others(self.cert, 1)
        for operation in ("simplereenroll", "simpleenroll", "serverkeygen"):
            self.refused(thief.enroll(f"once/{operation}", csr), 403, "renewed already")
        # where nobody counts it goes on, and so does the new one, of which many keys come at once
        self.certificate(thief.enroll("renew/simplereenroll", csr))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            statuses = sorted(pool.map(lambda o: o[0].enroll("once/simplereenroll", o[1]).status, self.others(cert, 4)))
        self.assertEqual(statuses, [200, 403, 403, 403])

    def twin_of(self, cert):
        """The same certificate with the signature (r, n - s) in place of (r, s), which is as good, and other bytes."""
        r, s = decode_dss_signature(x509.load_der_x509_certificate(cert).signature)
        tbs = x509.load_der_x509_certificate(cert).tbs_certificate_bytes
        at = cert.index(tbs) + len(tbs)
        n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
        return der.seq(tbs, cert[at:at + 2 + cert[at + 1]], der.bits(encode_dss_signature(r, n - s)))

    def test_E086_renewed_once_whatever_its_signature(self):
        self.once("once-twin", "User")
        (thief, csr), (_, other) = self.others(self.cert, 2)
        self.certificate(self.ask("once-twin"))
        twin = Device(env, chain=[self.twin_of(self.cert)], key=self.alice.key)
        self.assertEqual(replaced(env, self.certificate(twin.enroll("renew/simplereenroll", csr))), self.cert)   # it is recognized
        self.refused(twin.enroll("once-twin/simplereenroll", csr), 403, "renewed already")
        self.refused(twin.enroll("once-twin/simpleenroll", other), 403, "renewed already")

    def test_E086_renewed_once_begins_nothing_else(self):
        """The copy of a key makes no line of its own, beside which the device goes on."""
        self.once("once-only", "User", "--serverkeygen", "yes")
        (thief, csr), = self.others(self.cert, 1)
        for operation in ("simpleenroll", "serverkeygen"):
            self.refused(thief.enroll(f"once-only/{operation}", csr), 403, "use simplereenroll")
        self.certificate(self.alice.enroll("once-only/simpleenroll"))   # by a password, as ever
        self.certificate(self.ask("once-only"))

    def test_E086_renewed_once_while_it_waits(self):
        base = json.loads((TOP / "conf/templates/WebServer.json").read_text())
        template("WebServer", name="Asked", oid=base["oid"] + ".8", extendedKeyUsage=["clientAuth"], purpose="client_auth", sid="never",
                 acknowledge=["ESC1", "ESC16", "NAMES"], acknowledgeReason="names of a test")
        self.once("once-asked", "Asked")
        host = "once.example.test"
        csr = self.alice.csr([("CN", host)], dns=[host])
        self.assertEqual(self.alice.enroll("once-asked/simpleenroll", csr).status, 202)
        env.admin("request", "approve", env.count("select max(id) from request"))
        cert = self.certificate(self.alice.enroll("once-asked/simpleenroll", csr))
        (one, first), (two, second) = self.others(cert, 2)
        for _ in range(2):
            self.assertEqual(one.enroll("once-asked/simplereenroll", first).status, 202)
        self.refused(two.enroll("once-asked/simplereenroll", second), 403, "renewed already")
        env.admin("request", "deny", env.count("select max(id) from request where disposition = 9"), "--comment", "not yet")
        self.assertEqual(two.enroll("once-asked/simplereenroll", second).status, 202)
        env.admin("request", "approve", env.count("select max(id) from request where disposition = 9"))
        self.assertEqual(replaced(env, self.certificate(two.enroll("once-asked/simplereenroll", second))), cert)

    def test_E086_too_early(self):
        self.refused(self.ask("early"), 403, "too early")

    def test_E033_revoked_between(self):
        serial = env.sql(f"select encode(serial, 'hex') from certificate where sha256 = sha256(decode('{self.cert.hex()}', 'hex'))")[0][0]
        env.admin("cert", "revoke", serial, "--reason", "keyCompromise", "--yes")
        self.refused(self.ask(), 403, "revoked")

    def test_E034_of_another_ca(self):
        foreign, cert = env.scratch / "foreign.pem", env.scratch / "foreign-leaf.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", env.scratch / "foreign.key",
            "-out", foreign, "-subj", "/CN=issuing", "-days", "2")
        run("openssl", "x509", "-req", "-CA", foreign, "-CAkey", env.scratch / "foreign.key", "-out", cert, "-in", self.pem_csr(), "-days", "1")
        other = Device(env, chain=[der.openssl("x509", "-in", str(cert), "-outform", "DER")], key=self.alice.key)
        self.assertEqual(other.enroll("renew/simplereenroll", self.csr()).status, 401)

    def pem_csr(self):
        path = env.scratch / "foreign.csr"
        path.write_text(der.pem(self.csr()))
        return path


def x509_names(san):
    """The GeneralNames of a SAN, DER each."""
    out, rest = [], memoryview(san)
    rest = rest[2:] if rest[1] < 0x80 else rest[2 + (rest[1] & 0x7F):]
    while rest:
        size = rest[1] if rest[1] < 0x80 else None
        assert size is not None
        out.append(bytes(rest[:2 + size]))
        rest = rest[2 + size:]
    return out


class CsrAttrs(Case):
    """E-110 to E-118."""

    def asked(self, where):
        reply = Device(env).get(f"{where}/csrattrs")
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, "application/csrattrs"), reply.body)
        self.whole(reply)
        return base64.b64decode(reply.body)

    def test_E110_E112_E113_E115_E116_by_the_template(self):
        # WebServer: RSA first, a DNS name in the SAN
        raw = self.asked("waiting")
        # E-116: the list, and the template beside it; E-113: extensions are demanded once, and in one form
        self.assertIn(der.seq(der.oid("1.2.840.113549.1.1.1"), der.set_(der.integer(2048))), raw)
        for oid, times in (("1.2.840.113549.1.9.16.2.61", 1), ("1.2.840.113549.1.9.16.2.62", 1), ("extensionRequest", 0), ("2.5.29.17", 1)):
            self.assertEqual(raw.count(der.oid(oid)), times, oid)
        self.assertTrue(raw.endswith(der.set_(der.seq(der.seq(der.oid("2.5.29.17"))))[-5:]))
        label("add", "list", "--template", "User", "--auth", "http", "--ca", "issuing", "--csrattrs", "list")
        label("add", "silent", "--template", "User", "--auth", "http", "--ca", "issuing", "--csrattrs", "none")
        env.await_catalog()
        self.assertEqual(self.asked("list"), der.seq(
            der.seq(der.oid("1.2.840.113549.1.1.1"), der.set_(der.integer(2048))), der.oid("1.2.840.113549.1.1.11")))
        reply = Device(env).get("silent/csrattrs")
        self.assertEqual((reply.status, reply.body), (204, b""))

    def test_E112_linking(self):
        label("add", "linked", "--template", "User", "--auth", "http", "--ca", "issuing", "--linking", "required")
        env.await_catalog()
        self.assertIn(der.oid("challengePassword"), self.asked("linked"))
        self.assertNotIn(der.oid("challengePassword"), self.asked("users"))

    def test_E118_what_is_told_is_enforced(self):
        other = Device(env, ALICE, key=der.Key(env.scratch, "ec:P-521"))
        self.refused(other.enroll("users/simpleenroll"), 403)


class ServerKeygen(Case):
    """E-100 to E-108."""

    def parts(self, reply):
        self.assertEqual(reply.status, 200, reply.body)
        kind = reply.headers["content-type"]
        self.assertTrue(kind.startswith("multipart/mixed; boundary="), kind)
        self.assertEqual(int(reply.headers["content-length"]), len(reply.body))
        message = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + reply.body)
        key, certs = message.get_payload()
        self.assertEqual((key.get_content_type(), certs["content-type"]), ("application/pkcs8", CERTS))
        for part in (key, certs):
            self.assertEqual(part["content-transfer-encoding"], "base64")
        found = client.pkcs7_certificates(certs.get_payload(decode=True))
        self.assertEqual(len(found), 1)
        return key.get_payload(decode=True), found[0]

    def test_E100_not_unless_the_label_says_so(self):
        self.refused(self.alice.enroll("users/serverkeygen"), 404)

    def test_E101_E102_E103_key_and_certificate(self):
        label("add", "keygen", "--template", "User", "--auth", "http", "--ca", "issuing", "--serverkeygen", "yes")
        env.await_catalog()
        keys, identifiers = set(), set()
        for more in ({}, {"bad_signature": True}):
            key, cert = self.parts(self.alice.enroll("keygen/serverkeygen", self.alice.csr(**more)))
            identifiers.add(x509_ski(cert))
            path = env.scratch / "made.key"
            path.write_bytes(key)
            # PrivateKeyInfo, not PKCS#1
            self.assertIn("INTEGER           :00", der.openssl("asn1parse", "-inform", "DER", stdin=key).decode().splitlines()[1])
            public = der.openssl("pkey", "-inform", "DER", "-in", str(path), "-pubout")
            self.assertEqual(der.openssl("x509", "-inform", "DER", "-pubkey", "-noout", stdin=cert), public)
            self.assertNotEqual(public, der.openssl("pkey", "-in", self.alice.key.path, "-pubout"))
            keys.add(public)
        self.assertEqual((len(keys), len(identifiers)), (2, 2))
        # E-108: no static SKI, and nothing of the key in the log
        log = env.log()
        self.assertNotIn(base64.b64encode(key).decode()[:64], log)
        self.assertEqual(env.count("select count(*) from request where label = 'keygen' and disposition = 20"), 2)

    def protected(self, reply):
        """EnvelopedData and certificate of an answer."""
        self.assertEqual(reply.status, 200, reply.body)
        message = email.message_from_bytes(b"Content-Type: " + reply.headers["content-type"].encode() + b"\r\n\r\n" + reply.body)
        key, certs = message.get_payload()
        self.assertEqual((key["content-type"], certs["content-type"]),
                         ("application/pkcs7-mime; smime-type=server-generated-key", CERTS))
        return key.get_payload(decode=True), client.pkcs7_certificates(certs.get_payload(decode=True))[0]

    def opened(self, reply, *how):
        """What is inside is the key of the certificate, from who may make keys; the EnvelopedData, read."""
        data, cert = self.protected(reply)
        key, inner_cert, signer = key_package.verify(key_package.decrypt(data, *how), env.scratch, env.scratch / "cas.pem")
        self.assertEqual(inner_cert, cert)
        self.assertEqual(der.openssl("pkey", "-inform", "DER", "-pubout", stdin=key),
                         der.openssl("x509", "-inform", "DER", "-pubkey", "-noout", stdin=cert))
        self.assertIn("Key generation of", signer)
        self.assertRegex(signer, r"Extended Key Usage: ?\s+(1\.3\.6\.1\.5\.5\.7\.3\.32|.*Key Generation)")
        return key_package.enveloped(data)

    def keygen(self, name, *more):
        label("add", name, "--template", "User", "--auth", "either", "--ca", "issuing", "--serverkeygen", "yes", *more)
        env.await_catalog()

    def test_E104_E106_for_a_symmetric_key(self):
        self.keygen("kek")
        K = key_package
        for size in (16, 24, 32):
            kek = bytes(range(size))
            env.admin("est", "key", "add", f"alice-{size}", "--for", ALICE_NAME, "--secret-file", "-", "--id", f"0A{size:02X}",
                      stdin=f"hex:{kek.hex()}\n".encode())
            csr = self.alice.csr(attributes=K.wish(K.SYMMETRIC, bytes([10, size]), K.CBC[256], K.CBC[128], K.WRAP[8 * size]))
            data, recipient = self.opened(self.alice.enroll("kek/serverkeygen", csr), "-secretkey", kek.hex(), "-secretkeyid", f"0A{size:02X}")
            kekri = recipient["kekri"]
            self.assertEqual((int(kekri["version"]), bytes(kekri["kekid"]["keyIdentifier"])), (4, bytes([10, size])))
            self.assertEqual(str(kekri["keyEncryptionAlgorithm"]["algorithm"]), K.WRAP[8 * size])
            self.assertEqual(str(data["encryptedContentInfo"]["contentEncryptionAlgorithm"]["algorithm"]), K.CBC[256])
        # the same identifier is nobody else's
        other = self.bob.csr(attributes=K.wish(K.SYMMETRIC, b"\x0a\x10", K.CBC[256], K.WRAP[128]))
        self.refused(self.bob.enroll("kek/serverkeygen", other), 400, "not known")
        listed = env.admin("est", "key", "list", "--json")
        self.assertEqual({(k["name"], k["audience"], k["kind"], k["secret_sealed"]) for k in listed if k["name"].startswith("alice-")},
                         {(f"alice-{n}", ALICE_NAME, "symmetric", None) for n in (16, 24, 32)})
        env.admin("est", "key", "remove", "alice-16")
        csr = self.alice.csr(attributes=K.wish(K.SYMMETRIC, b"\x0a\x10", K.CBC[256], K.WRAP[128]))
        self.refused(self.alice.enroll("kek/serverkeygen", csr), 400, "not known")
        self.assertEqual(env.count("select count(distinct event) from audit where event in ('est.key.added', 'est.key.removed', 'est.key-signer-issued')"), 3)

    def test_E104_E107_for_an_asymmetric_key(self):
        self.keygen("transport")
        K = key_package
        for kind, size, algorithms, expected in (("rsa", 2048, (), K.RSA), ("rsa", 2048, (K.oaep(),), K.OAEP), ("rsa", 2048, (K.OAEP,), K.OAEP),
                                                 ("ec", "P-256", (), K.ECDH[256]), ("ec", "P-384", (K.ECDH[384], K.WRAP[256]), K.ECDH[384])):
            with self.subTest((kind, expected)):
                own = der.Key(env.scratch, f"{kind}:{size}")
                cert = env.scratch / "own.pem"
                run("openssl", "req", "-x509", "-new", "-key", own.path, "-subj", "/CN=own", "-days", "2", "-out", cert)
                env.admin("est", "key", "add", "own", "--for", ALICE_NAME, "--certificate", cert)
                ski = bytes.fromhex(env.admin("est", "key", "list", "--json")[-1]["identifier"])
                csr = self.alice.csr(attributes=K.wish(K.ASYMMETRIC, ski, *algorithms, K.CBC[256]))
                _, recipient = self.opened(self.alice.enroll("transport/serverkeygen", csr), "-inkey", own.path, "-recip", cert)
                if kind == "rsa":
                    found, rid = recipient["ktri"], recipient["ktri"]["rid"]["subjectKeyIdentifier"]
                else:
                    found = recipient["kari"]
                    rid = found["recipientEncryptedKeys"][0]["rid"]["rKeyId"]["subjectKeyIdentifier"]
                self.assertEqual(bytes(rid), ski)
                self.assertEqual(str(found["keyEncryptionAlgorithm"]["algorithm"]), expected)
                self.refused(self.bob.enroll("transport/serverkeygen", self.bob.csr(attributes=K.wish(K.ASYMMETRIC, ski, K.CBC[256]))), 400,
                             "not known")
                env.admin("est", "key", "remove", "own")

    def test_E107_for_the_certificate_of_the_connection(self):
        self.keygen("shown")
        K = key_package
        own = der.Key(env.scratch, "rsa:2048")
        first = Device(env, ALICE, key=own)
        cert = self.certificate(first.enroll("shown/simpleenroll"))
        ski = x509_ski(cert)
        device = Device(env, chain=[cert], key=own)
        csr = device.csr(attributes=K.wish(K.ASYMMETRIC, ski, K.oaep(), K.CBC[256]))
        path = env.scratch / "shown.pem"
        path.write_text(client.to_pem(cert))
        self.opened(device.enroll("shown/serverkeygen", csr), "-inkey", own.path, "-recip", path)
        # who shows none: one that she got herself, by this label
        self.opened(self.alice.enroll("shown/serverkeygen", csr), "-inkey", own.path, "-recip", path)
        self.refused(self.bob.enroll("shown/serverkeygen", csr), 400, "not known")

    def test_X073_encrypted_key_package(self):
        """RFC 8295, 8.1: one message, with the certificate inside."""
        self.keygen("packaged")
        K = key_package
        env.admin("est", "key", "add", "package-kek", "--for", ALICE_NAME, "--secret-file", "-", "--id", "0E", stdin=b"hex:" + b"5c" * 32 + b"\n")
        asks = der.attribute(K.CONTENT_TYPE, der.oid("2.16.840.1.101.2.1.2.78.2"))
        self.refused(self.alice.enroll("packaged/serverkeygen", self.alice.csr(attributes=[asks])), 400, "EncryptedKeyPackage")
        reply = self.alice.enroll("packaged/serverkeygen", self.alice.csr(attributes=[*K.wish(K.SYMMETRIC, b"\x0e", K.CBC[256], K.WRAP[256]), asks]))
        self.assertEqual(reply.status, 200, reply.body)
        self.whole(reply)
        self.assertEqual(reply.headers["content-type"],
                         'application/cms; encapsulatingContent="encryptedKeyPkg, signedData"; innerContent=aKeyPackage')
        signed = K.decrypt(K.unpacked(base64.b64decode(reply.body)), "-secretkey", "5c" * 32, "-secretkeyid", "0E")
        key, cert, _ = K.verify(signed, env.scratch, env.scratch / "cas.pem")
        self.assertEqual(der.openssl("pkey", "-inform", "DER", "-pubout", stdin=key),
                         der.openssl("x509", "-inform", "DER", "-pubkey", "-noout", stdin=cert))

    def signer(self, device):
        key = serialization.load_pem_private_key(open(device.key.path, "rb").read(), None)
        return packages.Signer(key=key, cert=x509.load_der_x509_certificate(self.certificate(device.enroll("users/simpleenroll"))))

    def entries(self, device, name):
        validate_pal(device.client.get(f"{PREFIX}{name}/pal", device.headers).body)
        reply = device.client.get(f"{PREFIX}{name}/pal", {**device.headers, "Accept": "application/json"})
        self.assertEqual(reply.status, 200, reply.body)
        return {e["type"]: e["info"]["uri"].split(PREFIX)[1] for e in reply.json if "uri" in e["info"]}

    def give(self, device, what):
        return device.post("receipts/serverkeygen/return", base64.b64encode(what), kind="application/cms")

    def test_X020_X075_X076_X077_receipts_for_keys(self):
        """RFC 8295, 8.2: by who got the key, for that key."""
        self.keygen("receipts")
        env.sql("delete from package_delivery")  # of the other tests
        K = key_package
        env.admin("est", "key", "add", "receipt-kek", "--for", ALICE_NAME, "--secret-file", "-", "--id", "0F", stdin=b"hex:" + b"5d" * 32 + b"\n")
        self.assertEqual(self.entries(self.alice, "receipts").get("0020"), "receipts/serverkeygen")
        self.assertNotIn("0020", self.entries(self.alice, "users"))
        self.parts(self.alice.enroll("receipts/serverkeygen"))
        self.assertEqual({"0020", "0023"} & set(self.entries(self.alice, "receipts")), set())  # a plain key has no identifier
        csr = self.alice.csr(attributes=K.wish(K.SYMMETRIC, b"\x0f", K.CBC[256], K.WRAP[256]))
        data, cert = self.protected(self.alice.enroll("receipts/serverkeygen", csr))
        number = K.identifier(K.decrypt(data, "-secretkey", "5d" * 32, "-secretkeyid", "0F"))
        self.assertEqual(number, hashlib.sha256(cert).digest())
        self.assertEqual(self.entries(self.alice, "receipts")["0023"], "receipts/serverkeygen/return")
        self.assertNotIn("0023", self.entries(self.bob, "receipts"))

        receipt, signer = packages.key_receipt(number), self.signer(self.alice)
        good = packages.signed(packages.KEY_RECEIPT, receipt, signer)
        for name, what, status in (("unsigned", packages.content_info(packages.KEY_RECEIPT, receipt), 400), ("cut", good[:-1], 400),
                                   ("another key", packages.signed(packages.KEY_RECEIPT, packages.key_receipt(bytes(32)), signer), 404),
                                   ("shorter", packages.signed(packages.KEY_RECEIPT, packages.key_receipt(number[:31]), signer), 404),
                                   ("nameless", packages.signed(packages.KEY_RECEIPT, packages.key_receipt(b""), signer), 404),
                                   ("bob's", packages.signed(packages.KEY_RECEIPT, receipt, self.signer(self.bob)), 403),
                                   ("of firmware", packages.signed(packages.FIRMWARE_RECEIPT, packages.firmware_receipt(), signer), 400)):
            with self.subTest(name):
                self.refused(self.give(self.alice, what), status)
        # bob did not get it
        self.refused(self.give(self.bob, packages.signed(packages.KEY_RECEIPT, receipt, self.signer(self.bob))), 404)
        # nor is it a package
        self.refused(self.alice.post("receipts/symmetrickeys/return", base64.b64encode(good), kind="application/cms"), 404)
        self.refused(self.alice.post("receipts/serverkeygen/return", base64.b64encode(good), kind="application/pkcs10"), 415)
        self.refused(Device(env).post("receipts/serverkeygen/return", base64.b64encode(good), kind="application/cms"), 401)
        self.assertIn("0023", self.entries(self.alice, "receipts"))

        def status():
            (found,) = [d for d in env.admin("package", "status", "--client", "EXAMPLE\\alice", "--json") if d["object"] == f"key/{number.hex()}"]
            return found["answer"], found["answer_code"], found["signed"]

        self.assertEqual(status(), (None, None, None))
        for what, expected in ((packages.content_info(packages.KEY_ERROR, packages.key_error(number, 17)), ("error", 17, False)),
                               (good, ("receipt", 0, True)), (good, ("receipt", 0, True))):
            reply = self.give(self.alice, what)
            self.assertEqual((reply.status, reply.body), (204, b""))
            self.assertEqual(status(), expected)
        self.assertNotIn("0023", self.entries(self.alice, "receipts"))
        self.assertEqual(env.count(f"select count(*) from audit where event = 'package.answered' and object = 'key/{number.hex()}'"), 2)

    def test_X074_pkcs12(self):
        """RFC 8295, 8.3: under the password that was registered for this client, and no other."""
        self.keygen("pkcs12")
        kind, password = "application/pkcs12", "correct horse b\u00e4ttery"
        made = env.count("select count(*) from key_request")
        self.refused(self.alice.enroll("pkcs12/serverkeygen", Accept=kind), 406, "--password-file")
        for text in (b"too short\n", b"x" * 129 + b"\n", b"not UTF-8 \xff\xfe\xfd\xfc\xfb\n"):
            with self.assertRaises(Exception):
                env.admin("est", "key", "add", "p12", "--for", ALICE_NAME, "--password-file", "-", stdin=text)
        env.admin("est", "key", "add", "p12", "--for", ALICE_NAME, "--password-file", "-", stdin=password.encode() + b"\n")
        self.assertEqual([k["kind"] for k in env.admin("est", "key", "list", "--json") if k["name"] == "p12"], ["password"])
        self.refused(self.bob.enroll("pkcs12/serverkeygen", self.bob.csr(), Accept=kind), 406)
        csr = self.alice.csr(attributes=key_package.wish(key_package.SYMMETRIC, b"\x0a", key_package.CBC[256], key_package.WRAP[256]))
        self.refused(self.alice.enroll("pkcs12/serverkeygen", csr, Accept=kind), 400, "without a key identifier")
        self.assertEqual(env.count("select count(*) from key_request"), made)
        reply = self.alice.enroll("pkcs12/serverkeygen", Accept=kind)
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, kind), reply.body)
        self.whole(reply)
        path = env.scratch / "made.p12"
        path.write_bytes(base64.b64decode(reply.body))
        words = ("openssl", "pkcs12", "-in", path, "-passin", f"pass:{password}")
        text = run(*words, "-info", "-noout").stderr.decode()
        self.assertIn("PBES2, PBKDF2, AES-256-CBC", text)
        key, cert = run(*words, "-nocerts", "-nodes").stdout, run(*words, "-nokeys").stdout
        self.assertEqual(cert.count(b"BEGIN CERTIFICATE"), 1)
        self.assertEqual(der.openssl("pkey", "-pubout", stdin=key), der.openssl("x509", "-pubkey", "-noout", stdin=cert))
        self.assertNotEqual(run("openssl", "pkcs12", "-in", path, "-passin", "pass:alice-secret", "-noout", check=False).returncode, 0)
        self.our_client_takes_it(password)
        # who takes anything gets what everybody gets
        for accept in ("*/*", "application/*, multipart/mixed", "multipart/mixed, application/pkcs12;q=0.5"):
            self.parts(self.alice.enroll("pkcs12/serverkeygen", Accept=accept))

    def our_client_takes_it(self, password):
        login, right, wrong = (env.scratch / f"p12-{name}" for name in ("login", "right", "wrong"))
        for path, text in ((login, ALICE[1]), (right, password), (wrong, "another password")):
            path.write_text(text + "\n")
        est = lambda name, file, given, **how: run(TOP / os.environ.get("BUILD", "build") / "gatehouse", "est", "serverkeygen", "--url", URL, "--label", "pkcs12", "--cacert",
            CAFILE, "--user", ALICE[0], "--password-file", login, "--subject", "CN=device", "--dir", env.scratch / f"p12-{name}-device", "--pkcs12", file,
            "--pkcs12-password-file", given, env={"no_proxy": "*"}, **how)
        kept, unopened = env.scratch / "kept.p12", env.scratch / "unopened.p12"
        est("good", kept, right)
        self.assertEqual(kept.stat().st_mode & 0o777, 0o600)
        key = run("openssl", "pkcs12", "-in", kept, "-passin", f"pass:{password}", "-nocerts", "-nodes").stdout
        current = env.scratch / "p12-good-device" / "current"
        self.assertEqual(len({der.openssl("pkey", "-pubout", stdin=key), der.openssl("pkey", "-pubout", "-in", str(current / "key.pem")),
                              der.openssl("x509", "-pubkey", "-noout", "-in", str(current / "cert.pem"))}), 1)
        before = kept.read_bytes()
        done = est("again", kept, right, check=False)
        self.assertEqual((done.returncode, b"is there already" in done.stderr, kept.read_bytes()), (1, True, before))
        done = est("bad", unopened, wrong, check=False)
        self.assertIn("does not open with this password", done.stderr.decode())
        self.assertFalse((env.scratch / "p12-bad-device" / "current").exists())
        run("openssl", "pkcs12", "-in", unopened, "-passin", f"pass:{password}", "-noout")

    def test_E104_our_own_client(self):
        self.keygen("own")
        kek, password, folder = env.scratch / "kek", env.scratch / "password", env.scratch / "own-device"
        kek.write_text("hex:" + "5b" * 32 + "\n")
        password.write_text(ALICE[1] + "\n")
        env.admin("est", "key", "add", "own-kek", "--for", ALICE_NAME, "--secret-file", kek, "--id", "0C")
        words = (TOP / os.environ.get("BUILD", "build") / "gatehouse", "est", "serverkeygen", "--url", URL, "--label", "own", "--cacert", CAFILE, "--user", ALICE[0], "--password-file",
                 password, "--subject", "CN=device", "--dir", folder, "--decrypt-key", kek, "--decrypt-id")
        done = run(*words, "0D", check=False, env={"no_proxy": "*"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("not known", done.stderr.decode())
        run(*words, "0C", env={"no_proxy": "*"})
        self.assertEqual(der.openssl("pkey", "-in", str(folder / "current/key.pem"), "-pubout"),
                         der.openssl("x509", "-in", str(folder / "current/cert.pem"), "-pubkey", "-noout"))

    def test_E105_what_cannot_be_encrypted(self):
        self.keygen("keygen2")
        K = key_package
        env.admin("est", "key", "add", "known", "--for", ALICE_NAME, "--secret-file", "-", stdin=b"hex:" + b"5a" * 16 + b"\n")
        made = env.count("select count(*) from key_request")
        for attributes, text in ((K.wish(K.SYMMETRIC, b"1234", K.CBC[256], K.WRAP[256]), "not known"),
                                 (K.wish(K.ASYMMETRIC, b"known", K.CBC[256]), "not known"),
                                 (K.wish(K.SYMMETRIC, b"known"), "SMIMECapabilities is missing"),
                                 (K.wish(K.SYMMETRIC, b"known", K.CBC[256], K.WRAP[256]), "no AES key wrap"),
                                 ([*K.wish(K.SYMMETRIC, b"known", K.CBC[256], K.WRAP[128]), der.attribute(K.ASYMMETRIC, der.octets(b"known"))],
                                  "one key")):
            with self.subTest(text):
                self.refused(self.alice.enroll("keygen2/serverkeygen", self.alice.csr(attributes=attributes)), 400, text)
        self.assertEqual(env.count("select count(*) from key_request"), made)

    def test_E046_E108_keys_of_one_caller(self):
        self.keygen("few", "--keys-per-hour", "2")
        for _ in range(2):
            self.parts(self.alice.enroll("few/serverkeygen"))
        made = env.count("select count(*) from audit where event = 'key.generated'")
        reply = self.alice.enroll("few/serverkeygen")
        self.refused(reply, 429, "Enough keys")
        self.assertTrue(3500 < int(reply.headers["retry-after"]) <= 3600, reply.headers)
        self.assertEqual(env.count("select count(*) from audit where event = 'key.generated'"), made)
        self.parts(self.bob.enroll("few/serverkeygen", self.bob.csr()))
        env.sql("update key_count set since = since - interval '1 hour'")
        self.parts(self.alice.enroll("few/serverkeygen"))

    def test_E044_E101_an_ra_asks_for_listed_devices(self):
        base = json.loads((TOP / "conf/templates/WebServer.json").read_text())
        more = {"approval": False, "extendedKeyUsage": ["clientAuth", "1.3.6.1.5.5.7.3.28"], "purpose": "client_auth", "sid": "never",
                "acknowledge": ["ESC1", "ESC16", "ESC17", "NAMES", "ROLE"], "acknowledgeReason": "names of a test"}
        template("WebServer", name="Ra", oid=base["oid"] + ".7", **more)
        label("add", "for-ras", "--template", "Ra", "--auth", "http", "--ca", "issuing")
        label("add", "ra-keys", "--template", "Ra", "--ca", "issuing", "--ra", "yes", "--devices", "required", "--serverkeygen", "yes", "--renewals", "once",
              "--certificates-of", "for-ras")
        env.admin("est", "device", "add", "SN-RA-1", "--labels", "ra-keys", "--subject", "CN=listed.example.test", "--san",
                  "dns:listed.example.test")
        env.await_catalog()
        host = "ra.example.test"
        ra = Device(env, chain=[self.certificate(self.alice.enroll("for-ras/simpleenroll", self.alice.csr([("CN", host)], dns=[host])))],
                    key=self.alice.key)

        def ask(serial):
            return ra.enroll("ra-keys/serverkeygen", ra.csr([("CN", host), ("2.5.4.5", der.tlv(0x13, serial))], dns=[host]))
        made = env.count("select count(*) from audit where event = 'key.generated'")
        self.refused(ask(b"SN-RA-2"), 403, "listed devices")
        self.assertEqual(env.count("select count(*) from audit where event = 'key.generated'"), made)
        _, cert = self.parts(ask(b"SN-RA-1"))
        self.assertEqual(names_of(cert)[1], der.san(dns=["listed.example.test"]))
        self.assertEqual(env.sql("select d.serial from request r join est_device d on d.id = r.device order by r.id desc limit 1"), [["sn-ra-1"]])

    def test_E108_what_is_refused_makes_no_key(self):
        label("add", "keygen3", "--template", "User", "--auth", "http", "--ca", "issuing", "--serverkeygen", "yes", "--group", "externals")
        env.await_catalog()
        self.refused(self.alice.enroll("keygen3/serverkeygen"), 403)
        self.refused(Device(env, ("alice", "wrong")).enroll("keygen3/serverkeygen"), 401)


class OtherClients(Case):
    """Programs of others, each as its manual says."""

    def test_curl(self):
        (env.scratch / "csr.b64").write_bytes(base64.b64encode(self.alice.csr()))
        out = env.scratch / "out.b64"
        run("curl", "-sSf", "--noproxy", "*", "--cacert", CAFILE, "-u", ":".join(ALICE), "-H", "Content-Type: application/pkcs10",
            "--data-binary", f"@{env.scratch}/csr.b64", "-o", out, f"{URL}{PREFIX}users/simpleenroll")
        cert = client.pkcs7_certificates(base64.b64decode(out.read_bytes()))[0]
        self.assertEqual(der.openssl("x509", "-inform", "DER", "-pubkey", "-noout", stdin=cert),
                         der.openssl("pkey", "-in", self.alice.key.path, "-pubout"))
        run("curl", "-sSf", "--noproxy", "*", "--cacert", CAFILE, "-o", out, f"{URL}{PREFIX}cacerts")
        self.assertEqual(len(client.pkcs7_certificates(base64.b64decode(out.read_bytes()))), len(certificates(self.alice.get("cacerts"))))

    def strongswan(self, *args, **kw):
        return run("pki", *args, "--url", URL, "--cacert", CAFILE, **kw)

    def test_strongswan(self):
        self.strongswan("--estca", "--caout", env.scratch / "swan", "--outform", "pem")
        got = {der.openssl("x509", "-in", str(p), "-outform", "DER") for p in env.scratch.glob("swan*.pem")}
        self.assertEqual(got, set(certificates(self.alice.get("cacerts"))))
        cas = [a for p in env.scratch.glob("swan*.pem") for a in ("--cacert", p)]
        csr = env.scratch / "swan.csr"
        csr.write_bytes(self.alice.csr())
        done = self.strongswan("--est", "--in", csr, *cas, "--userpass", ":".join(ALICE), "--outform", "der")
        self.assertEqual(der.openssl("x509", "-inform", "DER", "-pubkey", "-noout", stdin=done.stdout),
                         der.openssl("pkey", "-in", self.alice.key.path, "-pubout"))
        # by the certificate, with a new key: simplereenroll
        cert, new = env.scratch / "swan-leaf.pem", Device(env)
        cert.write_text(client.to_pem(done.stdout))
        subject, san = names_of(done.stdout)
        csr.write_bytes(der.csr(new.key, subject=subject, extensions=[der.extension("subjectAltName", san)]))
        label("set", "users", "--renewal-days", "36500")
        env.await_catalog()
        done = self.strongswan("--est", "--in", csr, *cas, "--cert", cert, "--key", self.alice.key.path, "--outform", "der")
        self.assertEqual(der.openssl("x509", "-inform", "DER", "-pubkey", "-noout", stdin=done.stdout),
                         der.openssl("pkey", "-in", new.key.path, "-pubout"))
        done = self.strongswan("--est", "--in", csr, *cas, "--userpass", "alice:wrong", check=False)
        self.assertNotEqual(done.returncode, 0)

    def test_E043_a_foreign_page(self):
        reply = self.alice.enroll("users/simpleenroll", Origin="https://evil.example", Sec_Fetch_Site="cross-site")
        self.refused(reply, 403)


if __name__ == "__main__":
    tap.main()
