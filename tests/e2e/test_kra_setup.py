#!/usr/bin/python3
"""A gateway gets its key recovery authority: the steps of docs/kra.md as they stand there, on a gateway that had none; and
one whose keys lie in a PKCS#11 token (SoftHSM2)."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

STORE = tempfile.TemporaryDirectory(prefix="gatehouse-kra-token-", dir="/tmp")
HERE = Path(STORE.name)
MODULE = next(Path("/usr/lib").rglob("libsofthsm2.so"), None)
assert MODULE is not None, "no libsofthsm2.so: install softhsm2"
os.environ["SOFTHSM2_CONF"] = str(HERE / "softhsm2.conf")

import der  # noqa: E402
import kra_client as kra  # noqa: E402
import tap  # noqa: E402
from client import Client  # noqa: E402
from environment import BUILD, SERVERS, TOP, Environment, wait_for  # noqa: E402

PAGE = (TOP / "docs" / "kra.md").read_text()
STEPS = dict(re.findall(r"<!-- step: (\S+) -->\n```sh\n(.*?)```", PAGE, re.S))


def state(env):
    """Status and member kra of /readyz, of one worker."""
    reply = Client(env).get("/readyz")
    return reply.status, json.loads(reply.body)["kra"]


def await_state(env, wanted):
    env.await_each_worker(lambda client: json.loads(client.get("/readyz").body)["kra"] == wanted, f"the KRA is {wanted}")


class Steps(unittest.TestCase):
    """In the order of the page."""
    tried = set()

    @classmethod
    def setUpClass(cls):
        cls.env = Environment("kra-setup")
        cls.state = cls.env.dir / "state"
        cls.paths = (("/etc/gatehouse", cls.state), ("/run/gatehouse-kra", cls.state / "kra"),
                     ("/var/backups/gatehouse-secrets", cls.env.scratch),
                     ('user = "gatehouse-kra"', f'key_file = "{cls.state}/kra.key"'))
        (cls.env.scratch / "password").write_text("correct horse\n")

    def step(self, name, **replace):
        """What a reader does, with the paths of this gateway and passwords from a file."""
        self.tried.add(name)
        text = STEPS[name]
        for old, new in (*replace.items(), *self.paths):
            text = text.replace(old, str(new))
        prelude = f"""set -eu
systemctl()
{{
	[ "$1 $2" != 'restart gatehouse' ] || {{ '{SERVERS}/gateway.sh' halt '{self.state}' && '{SERVERS}/gateway.sh' run '{self.state}'; }}
}}
"""
        done = subprocess.run(["bash", "-c", prelude + text], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd=self.env.dir,
                              env={**os.environ, "BUILD": str(BUILD), "GATEHOUSE_CONF": str(self.state / "gatehouse.conf"),
                                   "PATH": f"{BUILD}:{os.environ['PATH']}"})
        if done.returncode != 0:
            raise AssertionError(f"step {name}: {done.stdout.decode(errors='replace')}")
        return done.stdout.decode()

    def test_1_without_one_nothing_is_there(self):
        self.env.wait_ready()
        self.assertEqual(state(self.env), (200, "absent"))
        self.assertEqual(len(self.env.processes("gatehouse-signer")), 1)
        self.assertEqual(self.env.admin("kra", "show", "--json"), [])
        for args in (("init", "--ca", "issuing"), ("renew", "--ca", "issuing"), ("password", "lock")):
            done = self.env.admin("kra", *args, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(b"kra.socket", done.stderr)
        finding, = [f for f in json.loads(self.env.admin("doctor", "--json", check=False).stdout) if f["code"] == "kra"]
        self.assertEqual(finding["state"], "ok")

    def test_2_each_step(self):
        self.step("configure")
        # a KRA that is named and has no key file yet is told by who starts it
        done = self.env.admin("run", "--check", check=False)
        self.assertIn(b"kra.key_file", done.stderr)
        out = self.step("init", **{"--password": f"--password-file {self.env.scratch / 'password'}"})
        self.assertIn("keep a copy", out)
        self.assertEqual((self.state / "kra.key").stat().st_mode & 0o777, 0o600)
        self.assertRegex(out, r"storage +current +RSA-3072 ")
        self.assertRegex(out, r"transport +current +RSA-3072 +- +\d+ ")
        self.step("start")
        self.env.wait_ready()
        await_state(self.env, "locked")
        out = self.step("check", **{"gatehouse doctor": "gatehouse doctor --quiet || true"})
        self.assertIn("locked", out)
        self.assertEqual((self.env.scratch / "kra.key").read_text(), (self.state / "kra.key").read_text())
        self.step("agents", **{"--role agent": f"--role agent --password-file {self.env.scratch / 'password'}"})
        self.assertEqual(self.env.count("select count(*) from admin_user where name in ('anna', 'bert')"), 2)
        self.env.admin("kra", "password", "unlock", "--password-file", self.env.scratch / "password")
        await_state(self.env, "up")

    def test_3_all_steps_are_tried(self):
        self.assertEqual(set(STEPS), self.tried)

    def test_4_without_keys(self):
        """Configured, and its rows are gone or were never made."""
        rows = self.env.sql("select id, state from kra_key")
        self.env.psql("update kra_key set state = 'retired'")
        try:
            await_state(self.env, "empty")
            self.assertEqual(state(self.env)[0], 200)
        finally:
            for row, before in rows:
                self.env.psql(f"update kra_key set state = '{before}' where id = {row}")
        wait_for(lambda: state(self.env)[1] in ("up", "locked"), "the keys are back")

    def test_5_another_node_has_its_own(self):
        """The same key file: the second node's KRA opens the same records, and is unlocked by itself."""
        var = self.env.second_node()
        try:
            def kra():
                return json.loads(Client(self.env, url=var["GATEHOUSE_URL"]).get("/readyz").body)["kra"]
            wait_for(lambda: kra() == "locked", "the second node's KRA is locked")
            self.env.command("kra", "password", "unlock", "--password-file", self.env.scratch / "password", "-c",
                             var["GATEHOUSE_CONF"])
            wait_for(lambda: kra() == "up", "the second node's KRA is unlocked")
        finally:
            self.env.gateway("halt2")

    def test_6_policy_of_recovery(self):
        """As the page shows one."""
        text = re.search(r'^    (\{"name": "hr".*?\}\]\})$', PAGE, re.S | re.M).group(1)
        file = self.env.scratch / "hr.json"
        for revision in (1, 2):
            file.write_text(text)
            answer = self.env.admin("kra", "policy", file, "--json")
            self.assertEqual(answer, {"name": "hr", "revision": revision, "required": 2, "agents": 3})
        file.write_text(text.replace("required", "needed"))
        done = self.env.admin("kra", "policy", file, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'"needed" is unknown', done.stderr)
        self.assertEqual(self.env.sql("select name, revision from kra_policy"), [["hr", "2"]])


class Token(unittest.TestCase):
    """Storage key: RSA; transport key: P-256."""

    @classmethod
    def setUpClass(cls):
        (HERE / "softhsm2.conf").write_text(f"directories.tokendir = {HERE}/tokens\nobjectstore.backend = file\n")
        (HERE / "tokens").mkdir()
        (HERE / "pin").write_text("4711\n")
        (HERE / "pin").chmod(0o600)
        cls.run_tool("softhsm2-util", "--init-token", "--free", "--label", "kra", "--pin", "4711", "--so-pin", "47114711")
        for label, kind, usage, number in (("storage", "rsa:3072", "--usage-decrypt", "01"),
                                           ("transport", "EC:prime256v1", "--usage-derive", "02")):
            cls.run_tool("pkcs11-tool", "--module", MODULE, "--token-label", "kra", "--login", "--pin", "4711",
                         "--keypairgen", "--key-type", kind, "--label", label, "--id", number, usage)
        uris = "--key-uri pkcs11:token=kra;object=storage;type=private --transport-key-uri pkcs11:token=kra;object=transport"
        cls.env = Environment("kra-token", GATEHOUSE_KRA="P-256", GATEHOUSE_KRA_OPTIONS=uris, GATEHOUSE_CONF_EXTRA=
                              f'kra {{ pkcs11_module = "{MODULE}"\n pkcs11_pin_file = "{HERE}/pin" }}')

    @staticmethod
    def run_tool(*args):
        subprocess.run([str(a) for a in args], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)

    def test_its_keys_are_those_of_the_token(self):
        await_state(self.env, "up")
        self.assertEqual([(k["kind"], k["key"], k["kra"]) for k in self.env.admin("kra", "show", "--json")],
                         [("storage", "RSA-3072", "up"), ("transport", "P-256", "up")])

    def test_goes_away_and_comes_back(self):
        await_state(self.env, "up")
        (HERE / "tokens").rename(HERE / "gone")
        # a session that is open goes on with what it has read
        pid = next(pid for pid, line in self.env.processes("gatehouse-signer") if "--role kra" in line)
        os.kill(pid, 9)
        try:
            await_state(self.env, "token")
            self.assertEqual(state(self.env)[0], 200)
            self.assertEqual(Client(self.env).enroll(der.csr(der.Key(self.env.scratch, "ec:P-256"))).status, 200)
        finally:
            (HERE / "gone").rename(HERE / "tokens")
        env = self.env
        env.await_each_worker(lambda client: json.loads(client.get("/readyz").body)["kra"] == "up", "the token is back")

    def test_says_which_key_is_missing(self):
        done = self.env.admin("kra", "renew", "--ca", "issuing", "--key-uri", "pkcs11:token=kra;object=nobody", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"no token with this key", done.stderr)

    def test_job_leaves_a_key_in_a_token_to_a_person(self):
        """One that is made here would silently be in the database."""
        key, = [k for k in self.env.admin("kra", "show", "--json") if k["kind"] == "transport"]
        self.env.admin("job", "run", "kra-transport")
        self.env.admin("cert", "revoke", key["certificate_id"], "--reason", "superseded", "--yes")
        done = self.env.admin("job", "run", "kra-transport", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"--key-uri", done.stderr + done.stdout)

    def test_out_of_the_token_and_back(self):
        """Another storage key, in memory; then one in the token. What is archived goes along."""
        alice, anna, bert = kra.callers(self.env)
        secrets = {alice.archive(secret): secret for secret in (os.urandom(32), os.urandom(16))}
        self.run_tool("pkcs11-tool", "--module", MODULE, "--token-label", "kra", "--login", "--pin", "4711", "--keypairgen",
                      "--key-type", "rsa:3072", "--label", "storage2", "--id", "03", "--usage-decrypt")
        for args in (("--key-alg", "P-384"), ("--key-uri", "pkcs11:token=kra;object=storage2;type=private")):
            self.env.admin("kra", "rotate", *args)
            wait_for(lambda: sum(k["kind"] == "storage" for k in self.env.admin("kra", "show", "--json")) == 1, "the job has ended")
            storage, = [k for k in self.env.admin("kra", "show", "--json") if k["kind"] == "storage"]
            self.assertEqual((storage["key"], storage["keys"], storage["kra"]),
                             ("P-384" if "P-384" in args else "RSA-3072", len(secrets), "up"))
            for key_id, secret in secrets.items():
                self.assertEqual(alice.recover(key_id, anna, bert), secret)

    def test_key_in_a_token_has_no_password(self):
        (self.env.scratch / "password").write_text("correct horse\n")
        done = self.env.admin("kra", "password", "set", "--password-file", self.env.scratch / "password", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"token", done.stderr)


if __name__ == "__main__":
    tap.main()
