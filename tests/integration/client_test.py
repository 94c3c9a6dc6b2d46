#!/usr/bin/env python3
"""`gatehouse enroll`: what it sends, what it believes, and what it leaves on disk."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "e2e"))
sys.dont_write_bytecode = True

import fake_gateway
import tap
from fake_gateway import SECRET, Gateway, Pki, busy, openssl

BUILD = Path(os.environ.get("BUILD", "build"))
GATEHOUSE = str((BUILD if BUILD.is_absolute() else TOP / BUILD) / "gatehouse")
ISSUED, FAILED, USAGE, PENDING = 0, 1, 2, 3


def setUpModule():
    global folder, pki
    folder = tempfile.mkdtemp(prefix="gatehouse-client.")
    pki = Pki(folder + "/pki")


def tearDownModule():
    shutil.rmtree(folder)


class Client(unittest.TestCase):
    cert = "tls"

    def setUp(self):
        self.out = Path(tempfile.mkdtemp(dir=folder))
        self.gateway = Gateway(pki, self.cert).__enter__()
        self.addCleanup(self.gateway.__exit__)
        self.gateway.script = [self.gateway.issue]

    def arguments(self, *args):
        return [GATEHOUSE, "enroll", "--url", self.gateway.url, "--template", "User", "--out-dir", str(self.out),
                "--app-key", "text:app", "--user", "alice", "--cacert", pki.path("root.crt"), *map(str, args)]

    def environment(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith("GATEHOUSE_") and "proxy" not in k.lower()}
        return env | {"GATEHOUSE_APP_SECRET": SECRET.decode(), "GATEHOUSE_PASSWORD": "secret pass"}

    def enroll(self, *args, expect=ISSUED):
        p = subprocess.run(self.arguments(*args), env=self.environment(), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(p.returncode, expect, p.stdout + p.stderr)
        return p.stdout.decode(), p.stderr.decode()

    def read(self, name):
        return (self.out / name).read_bytes()

    def assert_cert_is_for(self, key, cert):
        mine = openssl("pkey", "-in", key, "-pubout")
        self.assertEqual(mine, openssl("x509", "-in", cert, "-noout", "-pubkey"))


class Sending(Client):
    def test_writes_key_certificate_and_chain(self):
        out, _ = self.enroll("--json")
        o = json.loads(out)
        self.assertEqual(o["disposition"], "Issued")
        self.assertIn("upn:alice@example.com", o["san"])
        self.assertEqual(o["checked"], "key and chain")
        self.assertEqual(self.out.joinpath("key.pem").stat().st_mode & 0o777, 0o600)
        self.assert_cert_is_for(self.out / "key.pem", self.out / "cert.pem")
        openssl("verify", "-CAfile", self.out / "chain.pem", self.out / "cert.pem")
        self.assertEqual(sorted(p.name for p in self.out.iterdir()), ["cert.pem", "chain.pem", "key.pem"])

    def test_sends_what_was_asked_for(self):
        self.enroll("--subject", "CN=Alice,O=Example", "--san", "dns:a.example", "--san", "upn:alice@x",
                    "--metadata", "Owner=it", "--hash", "sha1")
        call = self.gateway.calls[0]
        self.assertEqual(call.path, "/CMSApi/CertEnroll/3/Pkcs10")
        self.assertEqual(call.headers["X-CSS-CMS-AppKey"], "YXBw")
        self.assertEqual(call.headers["Authorization"], "Basic YWxpY2U6c2VjcmV0IHBhc3M=")
        self.assertEqual(len(call.signature), 28)
        request = call.request()
        self.assertEqual(request["MetadataList"], {"Owner": "it"})
        text = openssl("req", "-inform", "DER", "-noout", "-text", "-verify",
                       data=fake_gateway.base64.b64decode(request["Pkcs10Request"])).decode()
        for word in ("O = Example, CN = Alice", "DNS:a.example", "othername: UPN::alice@x"):
            self.assertIn(word, text)

    def test_every_key_type(self):
        for kind in ("RSA-2048", "P-384", "Ed25519"):
            with self.subTest(kind):
                self.enroll("--key-type", kind, "--force")
                self.assert_cert_is_for(self.out / "key.pem", self.out / "cert.pem")
        self.enroll("--key-type", "RSA-1024", "--force", expect=USAGE)

    def test_token_comes_before_version_2(self):
        self.gateway.script = [lambda c: (200, {"Token": "abc", "Expires": "x"}), self.gateway.issue]
        self.enroll("--api-version", "2")
        token, enroll = self.gateway.calls
        self.assertEqual((token.path, token.body), ("/CMSApi/CertEnroll/2/Token", b"{}"))
        self.assertEqual(enroll.headers["X-CSS-CMS-Token"], "abc")
        self.assertNotIn(b"Timestamp", enroll.body)

    def test_no_token_no_request(self):
        self.gateway.script = [lambda c: (403, {"Message": "no tokens here"})]
        _, err = self.enroll("--api-version", "1", expect=FAILED)
        self.assertIn("no tokens here", err)
        self.assertEqual(len(self.gateway.calls), 1)

    def test_own_prefix_replaces_the_usual_one(self):
        self.gateway.script = [lambda c: (404, {"Message": "no"})]
        args = self.arguments()
        args[3] += "/pki/"
        subprocess.run(args, env=self.environment(), stderr=subprocess.DEVNULL)
        self.assertEqual(self.gateway.calls[0].path, "/pki/CertEnroll/3/Pkcs10")

    def test_csr_of_somebody_else(self):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", self.out / "my.key", "-out", self.out / "my.csr",
                "-subj", "/CN=x")
        self.enroll("--csr", self.out / "my.csr")
        self.assert_cert_is_for(self.out / "my.key", self.out / "cert.pem")
        self.assertFalse((self.out / "key.pem").exists())

    def test_certificate_without_chain(self):
        out, _ = self.enroll("--cert-only")
        self.assertRegex(out, r"checked: +key\n")
        self.assertFalse((self.out / "chain.pem").exists())


class Repeating(Client):
    def assert_one_request(self, times):
        self.assertEqual(len(self.gateway.calls), times)
        self.assertEqual(len({(c.body, c.signature) for c in self.gateway.calls}), 1)
        self.assertEqual(len(self.gateway.issued), 1)

    def test_busy_gateway_gets_the_same_bytes(self):
        self.gateway.script = [busy, busy, self.gateway.issue]
        _, err = self.enroll()
        self.assertIn("busy", err)
        self.assert_one_request(3)

    def test_lost_answer_is_found_again(self):
        def issue_and_drop(call):
            self.gateway.issue(call)

        self.gateway.script = [issue_and_drop, self.gateway.issue]
        self.enroll()
        self.assert_one_request(2)
        self.assert_cert_is_for(self.out / "key.pem", self.out / "cert.pem")

    def test_gives_up_in_time_and_keeps_the_key(self):
        self.gateway.script = [busy]
        _, err = self.enroll("--retry", "2", expect=FAILED)     # in time: enroll() waits a minute and no longer
        self.assertIn("busy (503", err)
        self.assertIn("try again in 1 s", err)
        self.assertTrue((self.out / "key.pem").exists())

    def test_refusals_are_not_repeated(self):
        for status in (400, 401, 403, 429, 500):
            with self.subTest(status):
                self.gateway.calls.clear()
                self.gateway.script = [lambda c: (status, {"Message": f"says {status}"})]
                _, err = self.enroll("--force", expect=FAILED)
                self.assertIn(f"says {status}", err)
                self.assertEqual(len(self.gateway.calls), 1)


class Pending(Client):
    def test_pending_and_fetched_later(self):
        self.gateway.script = [self.gateway.pending]
        out, err = self.enroll("--json", expect=PENDING)
        self.assertEqual(json.loads(out)["request_id"], 17)
        self.assertIn("--request-id 17", err)
        self.gateway.script = [self.gateway.decided]
        self.enroll("--request-id", "17")
        call = self.gateway.calls[-1]
        self.assertEqual((call.method, call.path, call.body), ("GET", "/CMSApi/CertEnroll/3/Requests/17", b""))
        self.assert_cert_is_for(self.out / "key.pem", self.out / "cert.pem")

    def test_pending_tells_the_number_without_json(self):
        self.gateway.script = [self.gateway.pending]
        out, _ = self.enroll(expect=PENDING)
        self.assertIn(["request_id:", "17"], [line.split() for line in out.splitlines()])

    def test_waits_for_the_officer(self):
        g = self.gateway
        g.script = [g.pending, g.still_pending, busy, g.still_pending, g.decided]
        self.enroll("--wait", "30", "--poll", "1")
        self.assertEqual(len(g.calls), 5)

    def test_waits_no_longer_than_told(self):
        g = self.gateway
        g.script = [g.pending, g.still_pending]
        self.enroll("--wait", "2", "--poll", "1", expect=PENDING)   # enroll() waits a minute and no longer

    def test_denied_later(self):
        g = self.gateway
        g.script = [g.pending, lambda c: (403, g.answer("", "Denied", message="not our device"))]
        out, err = self.enroll("--wait", "--poll", "1", "--json", expect=FAILED)
        self.assertEqual(json.loads(out)["disposition"], "Denied")
        self.assertIn("not our device", err)


class Believing(Client):
    def test_certificate_for_another_key(self):
        other = openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=x",
                        "-outform", "DER")
        self.gateway.script = [lambda c: (200, self.gateway.answer(pki.issue(other)))]
        _, err = self.enroll(expect=FAILED)
        self.assertIn("another key", err)
        self.assertFalse((self.out / "cert.pem").exists())

    def test_root_must_be_the_given_one(self):
        _, err = self.enroll("--trust-root", pki.path("other.crt"), expect=FAILED)
        self.assertIn("chain", err)
        self.assertFalse((self.out / "cert.pem").exists())
        out, _ = self.enroll("--trust-root", pki.path("root.crt"), "--force")
        self.assertIn("to the trusted root", out)

    def test_server_that_is_not_trusted_learns_nothing(self):
        args = self.arguments("--retry", "0")
        args[args.index("--cacert") + 1] = pki.path("other.crt")
        p = subprocess.run(args, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(p.returncode, FAILED)
        self.assertIn(b"not trusted", p.stderr)
        self.assertEqual(self.gateway.calls, [])

    def test_nonsense_answers(self):
        for body in (b"<html>", b"[]", b"", b"{\"RequestDisposition\":\"Issued\",\"Certificates\":\"AAAA\"}",
                     b"x" * 3000000):
            with self.subTest(body[:20]):
                self.gateway.script = [lambda c: (200, body)]
                self.enroll("--force", expect=FAILED)
                self.assertFalse((self.out / "cert.pem").exists())

    def test_redirect_is_not_followed(self):
        with Gateway(pki) as second:
            second.script = [second.issue]
            self.gateway.script = [lambda c: (307, {"Message": "moved"}, {"Location": second.url + c.path})]
            self.enroll(expect=FAILED)
            self.assertEqual(second.calls, [])


class WrongName(Client):
    cert = "wrongname"

    def test_server_of_another_name_learns_nothing(self):
        _, err = self.enroll("--retry", "0", expect=FAILED)
        self.assertIn("not trusted", err)
        self.assertEqual(self.gateway.calls, [])


class Files(Client):
    def test_key_is_on_disk_before_the_request(self):
        seen = []

        def look(call):
            seen.append((self.out / "key.pem").read_bytes())
            return self.gateway.issue(call)

        self.gateway.script = [look]
        self.enroll()
        self.assertEqual(seen, [self.read("key.pem")])

    def test_killed_client_loses_nothing(self):
        def kill_and_issue(call):
            os.kill(client.pid, signal.SIGKILL)
            return self.gateway.pending(call)

        self.gateway.script = [kill_and_issue]
        client = subprocess.Popen(self.arguments(), env=self.environment(), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        self.assertEqual(client.wait(30), -signal.SIGKILL)
        self.gateway.script = [self.gateway.decided]
        self.enroll("--request-id", "17")
        self.assert_cert_is_for(self.out / "key.pem", self.out / "cert.pem")

    def test_output_folder_is_made_when_missing(self):
        self.out = self.out / "new"
        self.enroll()
        self.assertEqual(self.out.stat().st_mode & 0o777, 0o700)
        self.assert_cert_is_for(self.out / "key.pem", self.out / "cert.pem")

    def test_output_folder_that_cannot_be_made(self):
        self.out = self.out / "no" / "such"
        _, err = self.enroll(expect=USAGE)
        self.assertIn("cannot make", err)
        self.assertEqual(self.gateway.calls, [])

    def test_nothing_is_overwritten_unasked(self):
        for name in ("key.pem", "cert.pem", "chain.pem"):
            with self.subTest(name):
                shutil.rmtree(self.out)
                self.out.mkdir()
                (self.out / name).write_text("precious")
                _, err = self.enroll(expect=USAGE)
                self.assertIn(name, err)
                self.assertEqual(self.read(name), b"precious")
                self.assertEqual(self.gateway.calls, [])
                self.enroll("--force")
                self.assertNotEqual(self.read(name), b"precious")
                self.gateway.calls.clear()

    def test_password_of_key_and_pkcs12(self):
        (self.out / "pw").write_text("key pass\n")
        (self.out / "pw12").write_text("bag pass\n")
        self.enroll("--key-password-file", self.out / "pw", "--out-p12", self.out / "a.p12", "--p12-password-file",
                    self.out / "pw12")
        self.assertIn(b"BEGIN ENCRYPTED PRIVATE KEY", self.read("key.pem"))
        openssl("pkey", "-in", self.out / "key.pem", "-passin", "pass:key pass", "-noout")
        bag = openssl("pkcs12", "-in", self.out / "a.p12", "-passin", "pass:bag pass", "-nodes")
        self.assertEqual(bag.count(b"BEGIN CERTIFICATE"), 3)
        self.assertEqual(self.out.joinpath("a.p12").stat().st_mode & 0o777, 0o600)
        self.enroll("--key", self.out / "key.pem", "--force", expect=USAGE)
        self.enroll("--key", self.out / "key.pem", "--key-password-file", self.out / "pw", "--force")

    def test_wrong_options_reach_nobody(self):
        for args in (["--url", "http://localhost"], ["--url", "https://"], ["--url", "https://a@b"],
                     ["--key", "/nonexistent"], ["--csr", "/nonexistent"], ["--hash", "md5"], ["--api-version", "4"],
                     ["--san", "alice"], ["--subject", "Alice"], ["--metadata", "x"], ["--request-id", "0"],
                     ["--trust-root", "/dev/null"], ["--app-key", "!!"], ["--key", "a", "--csr", "b"]):
            with self.subTest(args):
                _, err = self.enroll(*args, "--force", expect=USAGE)
                self.assertNotEqual(err, "")
        self.assertEqual(self.gateway.calls, [])


class Prompt(Client):
    """The password is asked for on the terminal, and not shown."""

    def on_terminal(self, typed):
        """Run with a terminal and no password; returns its exit code and all that was shown."""
        pid, fd = pty.fork()
        if pid == 0:
            env = self.environment()
            del env["GATEHOUSE_PASSWORD"]
            os.execve(GATEHOUSE, self.arguments(), env)
        shown = b""
        while b"password: " not in shown:
            shown += os.read(fd, 1000)
        os.write(fd, typed)
        try:
            while part := os.read(fd, 1000):
                shown += part
        except OSError:  # Linux says EIO at the end of a terminal
            pass
        os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown

    def test_password_is_asked_for_without_echo(self):
        code, shown = self.on_terminal(b"typed secret\n")
        self.assertEqual(code, ISSUED, shown)
        self.assertNotIn(b"typed", shown)
        self.assertEqual(self.gateway.calls[0].headers["Authorization"], "Basic YWxpY2U6dHlwZWQgc2VjcmV0")

    def test_interrupt_sends_nothing(self):
        code, _ = self.on_terminal(b"half\x03")
        self.assertNotEqual(code, ISSUED)
        self.assertEqual(self.gateway.calls, [])

    def test_empty_password_is_refused(self):
        code, shown = self.on_terminal(b"\n")
        self.assertEqual(code, USAGE)
        self.assertIn(b"empty password", shown)
        self.assertEqual(self.gateway.calls, [])


if __name__ == "__main__":
    tap.main()
