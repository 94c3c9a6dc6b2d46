#!/usr/bin/env python3
"""A gateway with a CA whose key lies in a PKCS#11 token (SoftHSM2) that goes away and comes back."""

import base64
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

STORE = tempfile.TemporaryDirectory(prefix="gatehouse-hsm-", dir="/tmp")
HERE = Path(STORE.name)
MODULE = next(Path("/usr/lib").rglob("libsofthsm2.so"), None)
assert MODULE is not None, "no libsofthsm2.so: install softhsm2"
os.environ["SOFTHSM2_CONF"] = str(HERE / "softhsm2.conf")
(HERE / "softhsm2.conf").write_text(f"directories.tokendir = {HERE}/tokens\nobjectstore.backend = file\n")
(HERE / "tokens").mkdir()
(HERE / "pin").write_text("4711\n")
(HERE / "pin").chmod(0o600)

import der  # noqa: E402
import tap  # noqa: E402
from client import Client, verify_chain  # noqa: E402
from environment import Environment, wait_for  # noqa: E402
from person import Person  # noqa: E402
from plain_browser import PlainBrowser  # noqa: E402


def run(*args):
    subprocess.run([str(a) for a in args], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                   stderr=subprocess.STDOUT)


def make_key(label):
    run("pkcs11-tool", "--module", MODULE, "--token-label", "gatehouse", "--login", "--pin", "4711", "--keypairgen",
        "--key-type", "EC:prime256v1", "--label", label, "--usage-sign")


run("softhsm2-util", "--init-token", "--free", "--label", "gatehouse", "--pin", "4711", "--so-pin", "47114711")
make_key("issuing")

env = Environment("hsm", GATEHOUSE_CONF_EXTRA=f'signer {{ pkcs11_module = "{MODULE}" '
                                              f'pkcs11_pin_file = "{HERE}/pin" }}')
KEY = der.Key(env.scratch, "ec:P-256")
GOOD = der.csr(KEY)
env.admin("ca", "create", "hsm", "--parent", "root", "--subject", "CN=HSM CA,O=Corp", "--no-urls",
          "--key-uri", "pkcs11:token=gatehouse;object=issuing;type=private")
for name in ("key", "secret"):
    (env.scratch / name).write_text("text:" + os.urandom(20).hex())
env.admin("app", "create", "hsm-app", "--ca", "hsm", "--template", "User", "--key-file", env.scratch / "key",
          "--secret-file", env.scratch / "secret")


auditor = Person("otto", env.var["GATEHOUSE_AUDITOR_PASSWORD"], env)
browser = PlainBrowser(env)
browser.log_in("otto", env.var["GATEHOUSE_AUDITOR_PASSWORD"])


def away():
    (HERE / "tokens").rename(HERE / "gone")


def back():
    (HERE / "gone").rename(HERE / "tokens")


def ready():
    reply = Client(env).get("/readyz")
    return reply.status, json.loads(reply.body)


def wait_for_tokens(state):
    wait_for(lambda: ready()[1]["tokens"] == state, f"tokens are {state}")


class Hsm(unittest.TestCase):
    def setUp(self):
        self.software = Client(env)
        key, secret = ((env.scratch / name).read_bytes().removeprefix(b"text:") for name in ("key", "secret"))
        self.hsm = Client(env, app_key=base64.b64encode(key).decode(), secret=secret)

    def tearDown(self):
        if (HERE / "gone").exists():
            back()

    def signs(self):
        reply = self.hsm.enroll(GOOD, template="User")
        return reply if reply.status == 200 else None

    def test_1_enrolls(self):
        wait_for(self.signs, "the gateway knows the CA")
        reply = self.hsm.enroll(GOOD, template="User")
        self.assertEqual(reply.status, 200, reply.body)
        chain = reply.certificates()
        self.assertEqual(len(chain), 3)
        verify_chain(env.scratch, chain)
        self.assertEqual(ready()[1]["tokens"], "up")

    def test_2_goes_away_and_comes_back(self):
        wait_for(self.signs, "the gateway knows the CA")
        away()
        reply = self.hsm.enroll(GOOD, template="User")
        self.assertEqual(reply.status, 503, reply.body)
        wait_for_tokens("down")
        status, state = ready()
        self.assertEqual((status, state["status"], state["signer"]), (200, "ready", "up"))
        self.assertEqual(self.software.enroll(GOOD).status, 200)
        back()
        wait_for(self.signs, "the CA signs again")
        wait_for_tokens("up")

    def key(self, name):
        """As the list of CAs and the CA itself tell it."""
        rows = {r["name"]: r["key"] for r in auditor.get("/pki/authorities?limit=1000").json["entries"]}
        one = auditor.get(f"/pki/authorities/{name}").json["key"]
        return one if one == rows[name] else None

    def page(self, path):
        reply = browser.get(path)
        self.assertEqual(reply.status, 200, reply.body)
        return browser.text

    def test_2_is_told_per_ca(self):
        there = {"protection": "pkcs11", "token": "gatehouse", "usable": True}
        wait_for(lambda: self.key("hsm") == there, "the key in the token is told")
        self.assertIn("key ready in its token (<span lang=\"en\">gatehouse</span>)", self.page("/console/cas"))
        away()
        wait_for(lambda: self.key("hsm") == {**there, "usable": False}, "the key is told as away")
        self.assertEqual(self.key("root"), {"protection": "system", "token": None, "usable": True})
        self.assertIn("key out of reach in its token (<span lang=\"en\">gatehouse</span>)", self.page("/console/cas"))
        self.assertIn("its token is out of reach (<span lang=\"en\">gatehouse</span>)", self.page("/console"))
        text = self.page("/console/cas/hsm")
        self.assertIn("until it is back", text)
        self.assertNotIn(str(MODULE), text)
        self.assertNotIn(str(HERE), text)
        self.assertIn("the key of CA hsm cannot be used", auditor.get("/pki/status").body.decode())
        # nobody else is told
        alice = Person("alice", "alice-secret", env)
        for path in ("/pki/authorities", "/pki/authorities/hsm"):
            self.assertEqual(alice.get(path).status, 403)
        for path in ("/pki/cas", "/readyz"):
            self.assertNotIn(b"token=gatehouse", alice.get(path).body)
            self.assertNotIn(b'"gatehouse"', alice.get(path).body)
        back()
        wait_for(lambda: self.key("hsm") == there, "the key is told as there again")

    def test_3_is_away_at_the_start(self):
        env.gateway("halt")
        away()
        env.gateway("run")
        env.wait_ready()
        wait_for_tokens("down")
        self.assertEqual(self.software.enroll(GOOD).status, 200)
        self.assertEqual(self.hsm.enroll(GOOD, template="User").status, 503)
        back()
        wait_for(self.signs, "the CA signs again")
        wait_for_tokens("up")

    def test_4_says_which_key_is_missing(self):
        done = env.admin("ca", "create", "other", "--parent", "root", "--subject", "CN=Other", "--no-urls",
                         "--key-uri", "pkcs11:token=gatehouse;object=nobody", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"no token with this key", done.stderr)
        done = env.admin("ca", "create", "other", "--parent", "root", "--subject", "CN=Other", "--no-urls",
                         "--key-uri", "pkcs11:token=gatehouse;object=issuing?pin-value=4711", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"PIN", done.stderr)


if __name__ == "__main__":
    tap.main()
