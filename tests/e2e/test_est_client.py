#!/usr/bin/python3
"""`gatehouse est` against an EST server that is not ours: what it sends, what it believes, and what is in the folder
after each way to end badly."""

import base64
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import unittest

import tap
import der
import packages
from other_est_server import Authority, KeyGenerator, OtherEstServer, openssl

TOP = pathlib.Path(__file__).resolve().parents[2]
GATEHOUSE = TOP / os.environ.get("BUILD", "build") / "gatehouse"


def public(path, kind):
    words = ["x509", "-noout", "-pubkey"] if kind == "cert" else ["pkey", "-pubout"]
    return openssl(*words, "-in", path)


def openssl_time(offset):
    return subprocess.run(["date", "-u", "-d", offset, "+%Y%m%d%H%M%SZ"], stdout=subprocess.PIPE).stdout.decode().strip()


class Case(unittest.TestCase):
    version = ssl.TLSVersion.TLSv1_2

    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="est-client-"))
        self.addCleanup(shutil.rmtree, self.scratch)
        self.other = OtherEstServer(self.scratch, self.version)
        self.addCleanup(self.other.close)
        self.dir = self.scratch / "device"
        (self.scratch / "password").write_text(OtherEstServer.PASSWORD + "\n")

    def run_est(self, *words, expect=0, **more):
        env = {"PATH": os.environ["PATH"], "no_proxy": "*", "HOME": str(self.scratch)}
        done = subprocess.run([GATEHOUSE, "est", *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=env, timeout=60, **more)
        self.assertEqual(done.returncode, expect, done.stdout.decode() + done.stderr.decode())
        self.assertNotIn(OtherEstServer.PASSWORD.encode(), done.stdout + done.stderr)
        self.assertNotIn(b"\x1b", done.stdout + done.stderr)
        return done.stdout.decode() if expect in (0, 3) else done.stderr.decode()

    def enroll(self, *words, fingerprint=None, **more):
        return self.run_est("enroll", "--url", self.other.url, "--dir", self.dir, "--user", OtherEstServer.USER,
                            "--password-file", self.scratch / "password", "--subject", "CN=printer-7", "--san",
                            "dns:printer-7.example", "--fingerprint", fingerprint or self.other.ca.fingerprint(), *words, **more)

    def assert_whole(self, folder=None):
        """Key and certificate in use fit, and its chain holds."""
        current = (folder or self.dir) / "current"
        self.assertEqual(public(current / "key.pem", "key"), public(current / "cert.pem", "cert"))
        openssl("verify", "-CAfile", (folder or self.dir) / "ca.pem", current / "cert.pem")
        self.assertEqual((current / "key.pem").stat().st_mode & 0o777, 0o600)
        return os.readlink(current)

    def posts(self):
        return [s for s in self.other.seen if s[0] == "POST"]


class Enrollment(Case):
    def test_bootstrap_by_fingerprint(self):
        shown = json.loads(self.enroll("--json"))
        self.assertEqual(shown["subject"], "CN=printer-7")
        self.assertEqual(self.assert_whole(), "1")
        self.assertFalse((self.dir / "next").exists())
        # the first call, to whom nobody had looked yet, held no password
        self.assertNotIn("Authorization", self.other.seen[0][2])
        text = openssl("x509", "-in", self.dir / "current/cert.pem", "-noout", "-text").decode()
        self.assertIn("DNS:printer-7.example", text)

    def test_another_root_gets_nothing(self):
        wrong = Authority(self.scratch, "wrong").fingerprint()
        said = self.enroll(fingerprint=wrong, expect=1)
        self.assertIn(self.other.ca.fingerprint(), said)
        self.assertEqual(self.posts(), [])
        self.assertTrue(all("Authorization" not in s[2] for s in self.other.seen))
        self.assertFalse((self.dir / "current").exists())

    def test_a_root_beside_the_right_one_is_not_believed(self):
        mine = Authority(self.scratch, "somebody-else")
        self.other.extra_cas = [openssl("x509", "-in", mine.cert, "-outform", "DER")]
        self.enroll()
        self.assertEqual((self.dir / "ca.pem").read_text().count("BEGIN"), 1)
        openssl("verify", "-CAfile", self.dir / "ca.pem", self.other.ca.cert)

    def test_a_server_in_between_with_the_right_root_in_its_answer(self):
        """It can pass on the public root, and has no certificate of it."""
        real = OtherEstServer(pathlib.Path(tempfile.mkdtemp(dir=self.scratch)))
        self.addCleanup(real.close)
        self.other.extra_cas = [real.root_der()]
        said = self.enroll(fingerprint=real.ca.fingerprint(), expect=1)
        self.assertIn("not trusted", said)
        self.assertEqual(self.posts(), [])

    def test_tls_of_another_authority(self):
        """--cacert is for TLS, the fingerprint for the CA certificates."""
        mine = Authority(self.scratch, "of-tls")
        self.assertIn("not trusted", self.enroll("--cacert", mine.cert, expect=1))
        self.enroll("--cacert", self.other.ca.cert)
        self.assertEqual(json.loads((self.dir / "est.json").read_text())["cacert"], str(self.other.ca.cert))
        self.run_est("reenroll", "--dir", self.dir, "--now")

    # RFC 9908, 5.2: P-384 and challengePassword; RFC 8951, 4, and RFC 7030 have the same as OLD; RSA-4096
    EC = "MDIGCSqGSIb3DQEJBzASBgcqhkjOPQIBMQcGBSuBBAAiBgcrBgEBAQEWBggqhkjOPQQDAw=="
    OLD = "MEEGCSqGSIb3DQEJBzASBgcqhkjOPQIBMQcGBSuBBAAiMBYGCSqGSIb3DQEJDjEJBgcrBgEBAQEWBggqhkjOPQQDAw=="
    RSA = "MCkGCSqGSIb3DQEJBzARBgkqhkiG9w0BAQExBAICEAAGCSqGSIb3DQEBCw=="

    def test_E111_csrattrs_are_shown(self):
        self.other.pages = {"/csrattrs": self.EC.encode()}
        words = ("csrattrs", "--url", self.other.url, "--cacert", self.other.ca.cert, "--json")
        rows = json.loads(self.run_est(*words))
        self.assertEqual([(r["name"], r["values"]) for r in rows],
                         [("challengePassword", []), ("id-ecPublicKey", ["secp384r1"]), ("1.3.6.1.1.1.1.22", []),
                          ("ecdsa-with-SHA384", [])])
        self.other.pages = {"/csrattrs": self.OLD.encode()}
        self.assertEqual([(r["name"], r["values"]) for r in json.loads(self.run_est(*words))],
                         [("challengePassword", []), ("id-ecPublicKey", ["secp384r1"]), ("Extension Request", ["1.3.6.1.1.1.1.22"]),
                          ("ecdsa-with-SHA384", [])])
        self.other.pages = {}
        self.assertEqual(json.loads(self.run_est(*words)), [])
        for body in (b"MAA=", b""):
            self.other.pages = {"/csrattrs": body}
            self.run_est(*words, expect=0 if body else 1)
        for der in (b"\x30\x03\x06\x01", b"\x30\x80\0\0", b"\x30\x02\x05\0", b"\x30\x00\x00", b"\x30\x04\x30\x02\x06\x00"):
            self.other.pages = {"/csrattrs": base64.b64encode(der)}
            self.assertIn("cannot be read", self.run_est(*words, expect=1))

    def test_csrattrs_are_kept_to(self):
        for attrs, bits in ((self.EC, "384 bit"), (self.RSA, "4096 bit")):
            self.other.pages = {"/csrattrs": attrs.encode()}
            self.dir = self.scratch / bits
            self.enroll()
            self.assert_whole()
            text = openssl("req", "-inform", "DER", "-noout", "-text", data=base64.b64decode(self.posts()[-1][3])).decode()
            self.assertIn(bits, text)
            self.assertIn("challengePassword", text)
        self.dir = self.scratch / "mine"
        self.enroll("--key-type", "P-256")
        self.assertIn("256 bit", openssl("x509", "-in", self.dir / "current/cert.pem", "-noout", "-text").decode())

    def test_digest(self):
        self.other.digest = True
        self.enroll("--digest")
        self.assert_whole()
        self.assertTrue(all("Basic" not in s[2].get("Authorization", "") for s in self.other.seen))

    def test_pending_is_taken_up_with_the_same_key(self):
        self.other.pending = 2
        self.enroll(expect=3)
        key = (self.dir / "next/key.pem").read_bytes()
        self.assertFalse((self.dir / "current").exists())
        self.enroll("--wait", "30", "--poll", "1")
        self.assert_whole()
        self.assertEqual((self.dir / "current/key.pem").read_bytes(), key)
        asked = [openssl("req", "-inform", "DER", "-noout", "-pubkey", data=base64.b64decode(s[3])) for s in self.posts()]
        self.assertGreaterEqual(len(asked), 3)
        self.assertEqual(set(asked), {public(self.dir / "current/key.pem", "key")})

    def test_a_refusal_is_told_and_harmless_on_a_terminal(self):
        self.other.status = 400
        self.assertIn("not you", self.enroll(expect=1))
        self.assertFalse((self.dir / "next").exists())
        self.other.status = 0
        self.enroll()
        self.assert_whole()

    def test_a_busy_server_keeps_the_key(self):
        self.other.status = 503
        self.enroll(expect=1)
        key = (self.dir / "next/key.pem").read_bytes()
        for self.other.status in (500, 502, 504, 302):  # it may have a certificate for this key
            self.enroll(expect=1)
            self.assertEqual((self.dir / "next/key.pem").read_bytes(), key)
        self.other.status = 0
        self.enroll()
        self.assertEqual((self.dir / "current/key.pem").read_bytes(), key)

    def test_a_certificate_for_another_key_is_refused(self):
        self.other.wrong_key = True
        self.assertIn("not for our key", self.enroll(expect=1))
        self.assertFalse((self.dir / "current").exists())

    def test_the_certificate_of_an_answer_is_the_one_for_our_key(self):
        self.other.beside = [self.other.root_der()]
        self.enroll()
        self.assert_whole()
        self.run_est("reenroll", "--dir", self.dir, "--now")
        self.assertEqual(self.assert_whole(), "2")

    def test_a_certificate_of_another_ca_is_refused(self):
        self.other.signer = Authority(self.scratch, "elsewhere")
        self.assertIn("does not chain", self.enroll(expect=1))
        self.assertFalse((self.dir / "current").exists())

    def test_garbage_and_other_encodings(self):
        for raw in (b"", b"!", b"MAA=", b"MIIB" * 100, b"\x30\x80", b"x" * (33 << 20)):
            with self.subTest(raw[:8]):
                self.other.raw = raw
                self.enroll(expect=1)
                self.assertFalse((self.dir / "ca.pem").exists())
        self.other.raw = self.other.root_der()  # DER, and no PKCS#7
        self.enroll(expect=1)

    def test_enrolled_already(self):
        self.enroll()
        self.assertIn("reenroll", self.enroll(expect=1))

    def test_options(self):
        self.assertIn("--dir", self.run_est("enroll", "--url", self.other.url, expect=2))
        self.assertIn("64 hex", self.enroll(fingerprint="4A:1B", expect=2))
        self.assertIn("--label", self.enroll("--label", "a/b", expect=2))

    def test_the_label_is_in_the_path(self):
        self.enroll("--label", "ca:1")
        self.assertEqual({s[1] for s in self.other.seen},
                         {"/.well-known/est/ca%3A1/" + op for op in ("cacerts", "csrattrs", "simpleenroll")})

    def test_link_of_tls_1_2(self):
        self.enroll("--link")
        _, _, _, body, binding = self.posts()[-1]
        text = openssl("req", "-inform", "DER", "-noout", "-text", "-verify", data=base64.b64decode(body)).decode()
        self.assertIn(base64.b64encode(binding).decode(), text)

    def test_link_with_digest_is_that_of_the_connection_that_counts(self):
        self.other.digest = True
        self.enroll("--link", "--digest")
        body, binding = self.posts()[-1][3:]
        text = openssl("req", "-inform", "DER", "-noout", "-text", data=base64.b64decode(body)).decode()
        self.assertIn(base64.b64encode(binding).decode(), text)

    def test_cacerts(self):
        out = self.scratch / "ca.pem"
        self.run_est("cacerts", "--url", self.other.url, "--fingerprint", self.other.ca.fingerprint().replace(":", "").lower(),
                     "--out", out)
        self.assertEqual(openssl("x509", "-in", out, "-outform", "DER"), self.other.root_der())
        self.assertIn("is there", self.run_est("cacerts", "--url", self.other.url, "--cacert", out, "--out", out, expect=1))
        self.assertIn("not trusted", self.run_est("cacerts", "--url", self.other.url, expect=1))


class TheirKey(Case):
    def get(self, *words, **more):
        return self.run_est("serverkeygen", "--url", self.other.url, "--dir", self.dir, "--user", OtherEstServer.USER,
                            "--password-file", self.scratch / "password", "--subject", "CN=sensor-3",
                            "--fingerprint", self.other.ca.fingerprint(), *words, **more)

    def test_key_and_certificate_come_together(self):
        self.get()
        self.assert_whole()
        self.assertEqual(public(self.dir / "current/key.pem", "key"), public(self.scratch / "made.key", "key"))

    def test_pending(self):
        self.other.pending = 1
        self.get(expect=3)
        asked = (self.dir / "next/key.pem").read_bytes()
        self.get()
        self.assert_whole()
        self.assertNotEqual((self.dir / "current/key.pem").read_bytes(), asked)

    def test_the_certificate_is_the_one_for_the_key(self):
        self.other.beside = [self.other.root_der()]
        self.get()
        self.assert_whole()

    def protect(self, how, *recipient, maker=None):
        """how: what the maker signs of a key in DER."""
        maker = maker or KeyGenerator(self.scratch, self.other.ca)
        self.other.protect = lambda key: maker.enveloped(how(maker, key), *recipient)

    def kek(self):
        (self.scratch / "kek").write_text("hex:" + "07" * 32 + "\n")
        return "--decrypt-key", self.scratch / "kek", "--decrypt-id", "0A1B"

    def asked(self):
        """The PKCS#10 that was sent last, as text."""
        return openssl("req", "-inform", "DER", "-noout", "-text", "-verify", data=base64.b64decode(self.posts()[-1][3])).decode()

    KEK = "-secretkey", "07" * 32, "-secretkeyid", "0A1B"

    def test_E104_E106_for_a_symmetric_key(self):
        self.protect(lambda maker, key: maker.signed(key), *self.KEK)
        self.get(*self.kek())
        self.assert_whole()
        self.assertEqual(public(self.dir / "current/key.pem", "key"), public(self.scratch / "made.key", "key"))
        body = base64.b64decode(self.posts()[-1][3])
        self.assertIn(der.attribute("1.2.840.113549.1.9.16.2.37", der.octets(b"\x0a\x1b")), body)
        self.assertIn(der.seq(der.oid("2.16.840.1.101.3.4.1.45")), body)
        self.assertIn("S/MIME Capabilities", self.asked())

    def test_E104_E107_for_a_private_key(self):
        for kind, options in (("rsa:2048", ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256")),
                              ("ec:P-256", ("-keyopt", "ecdh_kdf_md:sha256"))):
            with self.subTest((kind, options)):
                own = der.Key(self.scratch, kind)
                cert, both = self.scratch / "own.pem", self.scratch / "both.pem"
                openssl("req", "-x509", "-new", "-key", own.path, "-subj", "/CN=own", "-days", "2", "-out", cert)
                both.write_bytes(pathlib.Path(own.path).read_bytes() + cert.read_bytes())
                self.protect(lambda maker, key: maker.signed(key), "-keyid", "-recip", cert, *options)
                shutil.rmtree(self.dir, ignore_errors=True)
                self.get("--decrypt-key", *((both,) if kind.startswith("rsa") else (own.path, "--decrypt-certificate", cert)))
                self.assert_whole()

    def test_version_2_with_the_public_key(self):
        def version_2(maker, key):
            return maker.signed(der.seq(der.integer(1), key[key.index(b"\x30", 4):], der.tlv(0x81, b"\0\4" + b"\1" * 64)))

        self.protect(version_2, *self.KEK)
        self.get(*self.kek())
        self.assert_whole()

    def refused(self, text):
        self.assertIn(text, self.get(*self.kek(), expect=1))
        self.assertFalse((self.dir / "current").exists())

    def test_E104_what_is_not_believed(self):
        self.refused("no protected key")  # it is plain
        self.protect(lambda maker, key: maker.signed(key), "-secretkey", "08" * 32, "-secretkeyid", "0A1B")
        self.refused("not encrypted for")
        other = KeyGenerator(self.scratch, self.other.ca, usage="serverAuth")
        self.protect(lambda maker, key: maker.signed(key), *self.KEK, maker=other)
        self.refused("may not make keys")

    def test_options(self):
        self.kek()
        for words, text in ((("--decrypt-id", "0A"), "--decrypt-key is missing"), (("--decrypt-key", self.scratch / "kek"), "--decrypt-id is needed"),
                            (("--decrypt-key", self.scratch / "kek", "--decrypt-id", "0"), "--decrypt-id is needed"),
                            (("--decrypt-key", self.scratch / "password", "--decrypt-id", "0A"), "16, 24 or 32 bytes"),
                            (("--decrypt-key", self.other.ca.cert), "needs its certificate")):
            self.assertIn(text, self.get(*words, expect=2))
        self.assertEqual(self.other.seen, [])

    def test_X074_no_pkcs12(self):
        (self.scratch / "p12").write_text("password of it\n")
        for words, text in ((("--pkcs12-password-file", self.scratch / "p12"), "--pkcs12 is missing"),
                            (("--pkcs12", self.scratch / "made.p12", "--decrypt-key", self.scratch / "p12"), "one of them")):
            self.assertIn(text, self.get(*words, expect=2))
        words = ("--pkcs12", self.scratch / "made.p12", "--pkcs12-password-file", self.scratch / "p12")
        self.assertIn("no PKCS#12", self.get(*words, expect=1))
        self.assertEqual(self.other.seen[-1][2]["Accept"], "application/pkcs12")
        self.assertFalse((self.scratch / "made.p12").exists() or (self.dir / "current").exists())

    def test_parts_that_cannot_be_read(self):
        good = b"--estServer\r\nContent-Type: application/pkcs8\r\n\r\nMAA=\r\n"
        for raw in (b"", b"--estServer--", b"--estServer\r\n", good, good + b"--estServer--", good * 9,
                    good + b"--estServer\r\nContent-Type: application/pkcs7-mime\r\n\r\n" + b"--estServer--"):
            with self.subTest(raw[:60]):
                self.other.raw_key = raw
                self.get(expect=1)
                self.assertFalse((self.dir / "current").exists())


class Packages(Case):
    SERIAL = 2 ** 159 - 1

    def setUp(self):
        super().setUp()
        self.enroll()

    def pal(self, **more):
        return self.run_est("pal", "--dir", self.dir, "--json", **more)

    def entry(self, kind, **info):
        return {"type": kind, "size": 12, "info": info}

    def test_pages_are_followed(self):
        self.other.pages = {
            "/pal": json.dumps([self.entry("0002", uri="https://h/.well-known/est/cacerts"),
                                self.entry("0001", uri=self.other.url + "/.well-known/est/pal/2")]).encode(),
            "/pal/2": json.dumps([{**self.entry("0010", iasn={"issuer": 'CN=x " 12345678901234567890', "serial": self.SERIAL}),
                                   "date": "2026-01-02T03:04:05Z"}]).encode()}
        rows = json.loads(self.pal())
        self.assertEqual([r["type"] for r in rows], ["0002", "0010"])
        self.assertEqual(rows[1]["info"], f'CN=x " 12345678901234567890, serial {self.SERIAL}')
        self.assertEqual(rows[1]["date"], "2026-01-02T03:04:05Z")

    def test_a_list_without_end(self):
        self.other.pages = {"/pal": json.dumps([self.entry("0001", uri="/.well-known/est/pal")]).encode()}
        self.assertIn("does not end", self.pal(expect=1))

    def test_no_list(self):
        for body in (b"", b"{}", b"[", b"<pal/>", b'["' + b"1" * 100):
            self.other.pages = {"/pal": body}
            self.assertIn("cannot be read", self.pal(expect=1))

    def test_fetch(self):
        out = self.scratch / "firmware.cms"
        self.other.pages = {"/firmware/7": base64.encodebytes(b"\x30\x03abc")}
        words = ("--dir", self.dir, "--out", out)
        self.run_est("fetch", "firmware/7", *words)
        self.assertEqual(out.read_bytes(), b"\x30\x03abc")
        self.assertEqual(out.stat().st_mode & 0o777, 0o600)
        self.run_est("fetch", "firmware/7", *words, expect=1)
        large = b"\x30\x82" + bytes(3 << 20)
        self.other.pages["/firmware/9"] = base64.encodebytes(large)
        self.run_est("fetch", "firmware/9", *words, "--force")
        self.assertEqual(out.read_bytes(), large)
        self.run_est("fetch", "firmware/8", *words, "--force", expect=1)
        for path in ("../firmware", "/firmware", "a b", "firmware?x"):
            self.assertIn("WHAT", self.run_est("fetch", path, *words, expect=2))


    def fetch_keys(self, what, *words, **more):
        """Output, and what was answered: path, content type of CMS, and content, whose signature is right and by the device."""
        self.other.pages["/symmetrickeys"] = base64.encodebytes(what)
        self.other.seen.clear()
        out = self.run_est("fetch", "symmetrickeys", "--dir", self.dir, "--out", self.scratch / "keys", "--force", "--json", *words, **more)
        answers = []
        for method, path, headers, body, _ in self.other.seen:
            if method == "POST":
                (self.scratch / "answer").write_bytes(base64.b64decode(body))
                verify = ("cms", "-verify", "-inform", "DER", "-in", self.scratch / "answer", "-certfile", self.dir / "current/cert.pem", "-nointern", "-noverify")
                self.assertTrue(headers["Content-Type"].startswith("application/cms; encapsulatingContent=signedData; innerContent=keyPackage"))
                answers.append((path.removeprefix("/.well-known/est"), headers["Content-Type"].rsplit("keyPackage")[-1], openssl(*verify, "-binary")))
        return out, answers

    def test_X075_X076_receipts(self):
        maker = packages.Signer("maker of keys")
        keys, quiet = (packages.signed(packages.SKEYS, packages.key_package(b"k" * 16), maker, [packages.package_id(b"r-1", wanted)]) for wanted in (True, False))
        subject = "CN=printer-7"
        out, answers = self.fetch_keys(keys)
        self.assertTrue(json.loads(out)["receipt"])
        self.assertEqual((self.scratch / "keys").read_bytes(), keys)
        self.assertEqual(answers, [("/symmetrickeys/return", "Receipt", packages.key_receipt(b"r-1", subject))])
        for what, words in ((quiet, ()), (keys, ("--no-receipt",)), (b"\x30\x03abc", ("--no-receipt",))):
            out, answers = self.fetch_keys(what, *words)
            self.assertEqual((json.loads(out)["receipt"], answers), (False, []))
            self.assertEqual((self.scratch / "keys").read_bytes(), what)
        (self.scratch / "keys").unlink()
        altered = keys.replace(b"k" * 16, b"K" * 16)
        for what, pkg_id, code, text in ((b"\x30\x03abc", None, 1, "ContentInfo"), (altered, b"r-1", 16, "signature of the package is wrong"),
                                         (packages.signed(packages.FIRMWARE, packages.firmware(), maker, [packages.package_id(b"r-2")]), b"r-2", 1, "must hold a SymmetricKeyPackage")):
            said, answers = self.fetch_keys(what, expect=1)
            self.assertIn(text, said)
            self.assertEqual(answers, [("/symmetrickeys/return", "Error", packages.key_error(pkg_id, code, subject))])
            self.assertFalse((self.scratch / "keys").exists())
        self.other.status = 403
        said, _ = self.fetch_keys(keys, expect=1)
        self.assertIn("the file is there; its receipt was not sent", said)
        self.assertEqual((self.scratch / "keys").read_bytes(), keys)
        self.assertIn("the server was not told", self.fetch_keys(altered, expect=1)[0])


class EnrollmentTls13(Case):
    version = ssl.TLSVersion.TLSv1_3

    def test_link_is_an_exporter(self):
        self.enroll("--link")
        body = self.posts()[-1][3]
        text = openssl("req", "-inform", "DER", "-noout", "-text", "-verify", data=base64.b64decode(body)).decode()
        value = [line for line in text.splitlines() if "challengePassword" in line][0].split(":", 1)[1]
        self.assertEqual(len(base64.b64decode(value)), 32)


class Renewal(Case):
    def setUp(self):
        super().setUp()
        self.enroll()
        self.other.seen.clear()

    def renew(self, *words, **more):
        return self.run_est("reenroll", "--dir", self.dir, *words, **more)

    def test_not_due(self):
        self.assertEqual(json.loads(self.renew("--json"))["state"], "not due")
        self.assertEqual(self.other.seen, [])

    def test_due(self):
        old = (self.dir / "current/key.pem").read_bytes()
        self.renew("--within", "11")
        self.assertEqual(self.assert_whole(), "2")
        self.assertNotEqual((self.dir / "current/key.pem").read_bytes(), old)
        names = [openssl("x509", "-in", self.dir / n / "cert.pem", "-noout", "-subject", "-ext", "subjectAltName") for n in "12"]
        self.assertEqual(names[0], names[1])
        self.assertIn("simplereenroll", self.posts()[-1][1])
        self.assertNotIn("Authorization", self.posts()[-1][2])

    def test_the_last_third_is_due(self):
        for from_, to, state in (("-7 days", "3 days", "issued"), ("-6 days", "4 days", "not due")):
            with self.subTest(from_):
                self.other.validity = [openssl_time(from_), openssl_time(to)]
                self.renew("--now")
                self.assertEqual(json.loads(self.renew("--json"))["state"], state)

    def test_same_key(self):
        old = (self.dir / "current/key.pem").read_bytes()
        self.renew("--now", "--same-key")
        self.assertEqual((self.dir / "current/key.pem").read_bytes(), old)
        self.assertEqual(self.assert_whole(), "2")

    def test_two_pairs_are_kept(self):
        for i in range(3):
            self.renew("--now")
        self.assertEqual(sorted(p.name for p in self.dir.iterdir()), ["3", "4", "ca.pem", "current", "est.json"])

    def test_hook(self):
        self.renew("--now", "--hook", "cp -r $GATEHOUSE_EST_DIR/current/cert.pem $GATEHOUSE_EST_DIR/seen.pem")
        self.assertEqual((self.dir / "seen.pem").read_bytes(), (self.dir / "current/cert.pem").read_bytes())
        self.assertIn("hook failed (exit code 7)", self.renew("--now", "--hook", "exit 7", expect=2))
        self.assertEqual(self.assert_whole(), "3")

    def test_a_refusal_changes_nothing(self):
        for status in (400, 403, 404, 503):
            self.other.status = status
            self.renew("--now", expect=1)
            self.assertEqual(self.assert_whole(), "1")

    def test_a_folder_that_others_may_change(self):
        """A link in place of an old pair would have all files removed that it leads to."""
        theirs = self.scratch / "theirs"
        theirs.mkdir()
        (theirs / "file").write_text("x")
        for mode, text in ((0o777, "others may write"), (0o770, "others may write")):
            with self.subTest(oct(mode)):
                self.dir.chmod(mode)
                self.assertIn(text, self.renew("--now", expect=2))
        self.dir.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(self.dir, 65534, 65534)
            (self.dir / "next").symlink_to(theirs)
            self.assertIn("another user", self.renew("--now", expect=2))
        self.assertTrue((theirs / "file").exists())
        self.assertEqual(os.readlink(self.dir / "current"), "1")

    def test_one_at_a_time(self):
        hook = subprocess.Popen([GATEHOUSE, "est", "reenroll", "--dir", self.dir, "--now", "--hook", "echo on; read x"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        while b"on" not in hook.stdout.readline():
            pass
        self.assertIn("another process", self.renew("--now", expect=1))
        hook.communicate(b"\n")
        self.assertEqual(self.assert_whole(), "2")

    def test_death_in_each_place_leaves_a_whole_pair(self):
        """Killed by the signal that nothing can catch, at each system call that changes the folder."""
        calls = ["mkdir", "rename", "symlink", "fsync", "unlink", "openat"]
        deaths = 0
        for call in calls:
            for when in range(1, 200 if call == "openat" else 40):
                if call == "openat" and when % 9:
                    continue
                done = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                                       f"inject={call}:signal=KILL:when={when}", GATEHOUSE, "est", "reenroll", "--dir",
                                       self.dir, "--now"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                self.assert_whole()
                if done.returncode == 0:
                    break
                deaths += 1
        self.assertGreater(deaths, 20)
        self.renew("--now")
        self.assert_whole()
        self.assertEqual(len(list(self.dir.glob("[0-9]*"))), 2)

    def test_between_the_two_renames(self):
        """The new pair is there, and the link still points to the old one: the next call takes it into use."""
        self.renew("--now")
        (self.dir / "current").unlink()
        (self.dir / "current").symlink_to("1")
        self.assertEqual(json.loads(self.renew("--json"))["state"], "not due")
        self.assertEqual(self.assert_whole(), "2")


if __name__ == "__main__":
    tap.main()
