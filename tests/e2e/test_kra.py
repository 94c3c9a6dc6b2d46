#!/usr/bin/python3
"""The key recovery authority as a process beside the gateway: started, watched, stopped; what /readyz and the doctor say
of it. Certificates are issued whatever becomes of it."""

import datetime
import hashlib
import json
import os
import signal
import ssl
import subprocess
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

import der
import tap
from client import Client
from environment import BUILD, Environment, wait_for

env = Environment("kra", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="jobs { kra_transport = 0 } kra { unlock_seconds = 4 }")
GOOD = der.csr(der.Key(env.scratch, "ec:P-256"))


def readiness():
    reply = Client(env).get("/readyz")
    return reply.status, json.loads(reply.body)


def await_kra(state):
    env.await_each_worker(lambda client: json.loads(client.get("/readyz").body)["kra"] == state, f"the KRA is {state}")


def processes(role):
    """Pids of the signers of this role."""
    return [pid for pid, line in env.processes("gatehouse-signer") if ("--role kra" in line) == (role == "kra")]


class Process(unittest.TestCase):
    def setUp(self):
        env.wait_ready()

    def test_runs_beside_the_signer(self):
        self.assertEqual((len(processes("ca")), len(processes("kra"))), (1, 1))
        await_kra("up")
        self.assertEqual(readiness()[1]["status"], "ready")
        self.assertGreater(env.metric("gatehouse_kra_duration_seconds_count"), 0)

    def test_killed_is_seen_and_started_again(self):
        await_kra("up")
        before = processes("kra")
        os.kill(before[0], signal.SIGKILL)
        env.await_log("the KRA ended; starting it again")
        wait_for(lambda: (now := processes("kra")) and now != before, "another KRA")
        await_kra("up")
        self.assertEqual(len(processes("ca")), 1)

    def test_away_concerns_no_certificate(self):
        """A KRA that hangs: /readyz says so and stays 200, enrollments go on."""
        await_kra("up")
        pid = processes("kra")[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_for(lambda: readiness()[1]["kra"] in ("down", "no answer"), "/readyz tells that the KRA is away")
            self.assertEqual(readiness()[0], 200)
            self.assertEqual(Client(env).enroll(GOOD).status, 200)
        finally:
            os.kill(pid, signal.SIGCONT)
        await_kra("up")

    def test_ends_with_the_gateway(self):
        pids = processes("kra") + processes("ca")
        env.gateway("halt")
        try:
            wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "signer and KRA have ended")
        finally:
            env.gateway("run")
        await_kra("up")

    def test_its_lines_have_its_name(self):
        """One supervisor's output has the lines of all: those of the KRA are told apart."""
        env.await_log('"program":"kra","msg":"signer is ready"')

    def refused(self, said):
        """The gateway does not start, and says why."""
        self.assertNotEqual(env.script("gateway.sh", "run", env.dir / "state", check=False).returncode, 0)
        self.assertIn(said, env.log())

    def test_key_file_that_is_none(self):
        key = env.dir / "state" / "kra.key"
        env.gateway("halt")
        try:
            key.chmod(0o640)
            self.refused("chmod 600")
            self.refused("the KRA does not start")
            key.chmod(0o600)
            key.rename(key.with_suffix(".away"))
            self.refused("kra.key_file")
            (env.scratch / "short").write_text("abcd\n")
            (env.scratch / "short").rename(key)
            key.chmod(0o600)
            self.refused("kra.key")
        finally:
            key.with_suffix(".away").rename(key)
            env.gateway("run")
        await_kra("up")


class Keys(unittest.TestCase):
    """kra init has run (tests/servers/gateway.sh); what it made, and what changes it."""

    def setUp(self):
        env.wait_ready()

    def keys(self):
        return env.admin("kra", "show", "--json")

    def of(self, kind, state="current"):
        return [k for k in self.keys() if (k["kind"], k["state"]) == (kind, state)]

    def refused(self, *args, stdin=None):
        done = env.admin("kra", *args, check=False, stdin=stdin)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr.decode()

    def openssl(self, *args, stdin):
        return subprocess.run(["openssl", *args], input=stdin, check=True, stdout=subprocess.PIPE).stdout.decode()

    def certificate(self, key):
        """Checked as a client does: chain, usage, and that the key is the one that the KRA holds."""
        pem = env.admin("cert", "export", key["certificate_id"]).encode()
        (env.scratch / "transport.pem").write_bytes(pem)
        (env.scratch / "root.pem").write_text(env.admin("ca", "export", "root"))
        (env.scratch / "issuing.pem").write_text(env.admin("ca", "export", "issuing"))
        done = subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "issuing.pem",
                               "transport.pem"], cwd=env.scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        spki = ssl.PEM_cert_to_DER_cert(self.openssl("x509", "-pubkey", "-noout", stdin=pem).replace("PUBLIC KEY", "CERTIFICATE"))
        self.assertEqual(hashlib.sha256(spki).hexdigest(), key["id"])
        return self.openssl("x509", "-noout", "-subject", "-text", stdin=pem)

    def test_init_made_two_keys_and_a_certificate(self):
        await_kra("up")
        storage, = self.of("storage")
        transport, = self.of("transport")
        self.assertEqual((storage["key"], storage["kra"]), ("P-256", "up"))
        self.assertEqual((transport["key"], transport["kra"]), ("P-256", "up"))
        text = self.certificate(transport)
        self.assertIn("CN = issuing KRA transport", text)
        self.assertRegex(text, r"X509v3 Key Usage: critical\s+Key Agreement\n")
        self.assertIn("CRL Distribution Points", text)
        self.assertEqual(env.count("select count(*) from audit where event = 'kra.created' and outcome = 'success'"), 1)
        # sealed for the KRA: neither key lies in the clear
        self.assertEqual(env.count("select count(*) from kra_key where sealed is null or position('\\x3081'::bytea in sealed) = 1"), 0)

    def test_second_init_is_refused(self):
        before = self.keys()
        self.assertIn("kra show", self.refused("init", "--ca", "issuing"))
        self.assertEqual(self.keys(), before)

    def test_what_init_does_not_take(self):
        for args, said in ((("--key-alg", "Ed25519"), "P-384"), (("--key-alg", "RSA-2048"), "RSA-3072"),
                           (("--days", "0"), "--days"), (("--days", "4000"), "--days"),
                           (("--key-uri", "pkcs11:object=x", "--password"), "PIN")):
            with self.subTest(args):
                self.assertIn(said, self.refused("init", "--ca", "issuing", *args))
        self.assertIn("--ca", self.refused("init"))
        self.assertIn("nobody", self.refused("renew", "--ca", "nobody"))

    def test_renewal_keeps_the_key_before(self):
        before, = self.of("transport")
        old = len(self.of("transport", "old"))
        renewed = env.count("select count(*) from audit where event = 'kra.transport-renewed'")
        env.admin("kra", "renew", "--ca", "issuing", "--key-alg", "RSA-3072", "--days", "30")
        after, = self.of("transport")
        self.assertNotEqual(after["id"], before["id"])
        self.assertEqual((after["key"], after["kra"]), ("RSA-3072", "up"))
        self.assertRegex(self.certificate(after), r"X509v3 Key Usage: critical\s+Key Encipherment\n")
        kept = self.of("transport", "old")
        self.assertEqual(len(kept), old + 1)
        self.assertIn((before["id"], "up"), [(k["id"], k["kra"]) for k in kept])
        self.assertEqual(env.count("select count(*) from audit where event = 'kra.transport-renewed'"), renewed + 1)
        await_kra("up")

    def test_job_renews_it(self):
        """Nothing while it is not due; a new one of the same kind when its certificate was revoked."""
        before, = self.of("transport")
        env.admin("job", "run", "kra-transport")
        self.assertEqual(self.of("transport"), [before])
        env.admin("cert", "revoke", before["certificate_id"], "--reason", "superseded", "--yes")
        self.assertIn("would make a new transport key", env.admin("job", "run", "kra-transport", "--dry-run"))
        self.assertEqual(self.of("transport"), [before])
        self.assertIn("a new transport key, certified by CA issuing", env.admin("job", "run", "kra-transport"))
        after, = self.of("transport")
        self.assertNotEqual(after["id"], before["id"])
        self.assertEqual((after["key"], after["kra"]), (before["key"], "up"))
        self.certificate(after)

    def test_job_retires_what_has_ended(self):
        """An old transport key at the end of its certificate: its record is gone, and what is wrapped for it is refused."""
        env.admin("kra", "renew", "--ca", "issuing", "--days", "30")
        old = self.of("transport", "old")
        self.assertGreaterEqual(len(old), 1)
        env.admin("job", "run", "kra-transport")
        self.assertEqual(self.of("transport", "old"), old)
        env.psql("update kra_key set not_after = now() - interval '1 second' where kind = 'transport' and state = 'old'")
        self.assertIn("would retire", env.admin("job", "run", "kra-transport", "--dry-run"))
        self.assertEqual(len(self.of("transport", "old")), len(old))
        self.assertIn(f"{len(old)} old transport keys retired", env.admin("job", "run", "kra-transport"))
        self.assertEqual(self.of("transport", "old"), [])
        self.assertEqual(len(self.of("transport")), 1)
        self.assertEqual(env.count("select count(*) from kra_key where state = 'retired' and sealed <> ''"), 0)
        for key in old:
            self.assertEqual(env.count(f"select count(*) from audit where event = 'kra.transport-retired' and object = '{key['id']}'"),
                             1)
        await_kra("up")

    def test_renewals_at_once(self):
        """Each is a whole one, or refused: never two current keys, never none."""
        before = len(self.keys())
        calls = [subprocess.Popen([str(BUILD / "gatehouse"), "kra", "renew", "--ca", "issuing", "--key-alg", "P-256", "-c",
                                   str(env.dir / "state" / "gatehouse.conf")], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) for _ in range(4)]
        done = [c.wait(60) == 0 for c in calls]
        self.assertGreaterEqual(sum(done), 1)
        self.assertEqual(len(self.keys()), before + sum(done))
        self.assertEqual(len(self.of("transport")), 1)

    def test_keys_are_there_again_after_a_restart(self):
        pid = processes("kra")[0]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: (now := processes("kra")) and now != [pid], "another KRA")
        await_kra("up")
        self.assertEqual({k["kra"] for k in self.keys()}, {"up"})

    def test_another_key_file_is_told(self):
        """Records that were sealed under another key are refused, and everybody is told."""
        key = env.dir / "state" / "kra.key"
        kept = key.read_text()
        try:
            key.write_text("ab" * 32 + "\n")
            os.kill(processes("kra")[0], signal.SIGKILL)
            await_kra("refused")
            self.assertEqual(readiness()[0], 200)
            self.assertEqual({k["kra"] for k in self.keys()}, {"refused"})
            finding = next(f for f in json.loads(env.admin("doctor", "--json", check=False).stdout) if f["code"] == "kra")
            self.assertEqual(finding["state"], "error")
            self.assertIn("kra.key_file", finding["todo"])
        finally:
            key.write_text(kept)
            os.kill(processes("kra")[0], signal.SIGKILL)
        await_kra("up")

    def test_password(self):
        """Set, locked, wrong, unlocked, locked again, changed, removed."""
        events = "select count(*) from audit where event like 'kra.password.%' and outcome = '{}'"
        good, bad = (env.count(events.format(o)) for o in ("success", "failure"))

        def password(action, *lines, **kw):
            for i, line in enumerate(lines):
                (env.scratch / f"password{i}").write_text(line + "\n")
            files = [x for i, n in enumerate(("--password-file", "--new-password-file")[:len(lines)])
                     for x in (n, env.scratch / f"password{i}")]
            return env.admin("kra", "password", action, *files, **kw)

        self.assertIn(b"8 to 255", password("set", "short", check=False).stderr)
        self.assertIn(b"no password", password("unlock", "there is none", check=False).stderr)
        password("set", "correct horse")
        await_kra("locked")
        self.assertEqual(readiness()[0], 200)
        self.assertEqual([k["kra"] for k in self.of("storage")], ["locked"])
        self.assertEqual([k["kra"] for k in self.of("transport")], ["up"])
        self.assertIn(b"already", password("set", "another one", check=False).stderr)
        self.assertIn(b"wrong", password("unlock", "wrong horse", check=False).stderr)
        await_kra("locked")
        password("unlock", "correct horse")
        await_kra("up")
        password("lock")
        await_kra("locked")
        self.assertIn(b"wrong", password("change", "wrong horse", "battery staple", check=False).stderr)
        password("change", "correct horse", "battery staple")
        self.assertIn(b"wrong", password("unlock", "correct horse", check=False).stderr)
        password("unlock", "battery staple")
        # locked after a restart
        os.kill(processes("kra")[0], signal.SIGKILL)
        await_kra("locked")
        password("remove", "battery staple")
        await_kra("up")
        self.assertEqual(env.count(events.format("success")), good + 6)
        self.assertEqual(env.count(events.format("failure")), bad + 3)

    def test_wrong_passwords_lock_out(self):
        """As those of CA keys: counted for all nodes, whatever they were for, until the time is over or it is right."""
        def password(action, *lines):
            for i, line in enumerate(lines):
                (env.scratch / f"password{i}").write_text(line + "\n")
            files = [x for i, n in enumerate(("--password-file", "--new-password-file")[:len(lines)])
                     for x in (n, env.scratch / f"password{i}")]
            return env.admin("kra", "password", action, *files, check=False)

        def tries():
            return env.sql("select attempts, lockouts, locked_until is not null from kra_key where kind = 'storage' and "
                           "state = 'current'")[0]
        self.assertEqual(password("set", "correct horse").returncode, 0)
        try:
            self.assertIn(b"wrong", password("unlock", "wrong horse").stderr)
            self.assertIn(b"wrong", password("change", "wrong horse", "battery staple").stderr)
            self.assertEqual(tries(), ["2", "0", "f"])
            self.assertEqual(password("unlock", "correct horse").returncode, 0)
            self.assertEqual(tries(), ["0", "0", "f"])
            for _ in range(3):
                self.assertIn(b"wrong", password("remove", "wrong horse").stderr)
            self.assertEqual(tries(), ["3", "1", "t"])
            # the right one is not looked at, and nothing is counted
            self.assertIn(b"too many", password("unlock", "correct horse").stderr)
            self.assertEqual(tries(), ["3", "1", "t"])
            self.assertEqual(env.count("select count(*) from audit where event = 'kra.password.locked-out'"), 1)
            env.psql("update kra_key set locked_until = now() - interval '1 second' where kind = 'storage'")
            # the next lockout takes twice as long
            for _ in range(3):
                self.assertIn(b"wrong", password("unlock", "wrong horse").stderr)
            self.assertEqual(env.count("select round(extract(epoch from locked_until - now()) / 60) from kra_key where "
                                       "kind = 'storage' and state = 'current'"), 10)
            # eight at the same time are eight
            env.psql("update kra_key set locked_until = null, attempts = 0 where kind = 'storage'")
            (env.scratch / "wrong").write_text("wrong horse\n")
            calls = [subprocess.Popen([str(BUILD / "gatehouse"), "kra", "password", "unlock", "--password-file",
                                       str(env.scratch / "wrong"), "-c", str(env.dir / "state" / "gatehouse.conf")],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(8)]
            said = [c.communicate(timeout=60)[1] for c in calls]
            self.assertEqual((sum(b"password is wrong" in s for s in said), sum(b"too many" in s for s in said)), (3, 5), said)
        finally:
            env.psql("update kra_key set locked_until = null, attempts = 0, lockouts = 0 where kind = 'storage'")
            password("remove", "correct horse")
        await_kra("up")

    def test_unlocked_for_kra_unlock_seconds(self):
        (env.scratch / "password0").write_text("correct horse\n")
        env.admin("kra", "password", "set", "--password-file", env.scratch / "password0")
        try:
            env.admin("kra", "password", "unlock", "--seconds", "10000", "--password-file", env.scratch / "password0")
            await_kra("up")
            await_kra("locked")
        finally:
            env.admin("kra", "password", "remove", "--password-file", env.scratch / "password0")
        await_kra("up")


class Doctor(unittest.TestCase):
    def findings(self):
        done = env.admin("doctor", "--json", check=False)
        return {f["code"]: f for f in json.loads(done.stdout)}

    def test_names_it(self):
        await_kra("up")
        found = self.findings()
        self.assertEqual((found["kra"]["state"], found["kra-key"]["state"]), ("ok", "ok"), found)

    def test_names_that_the_storage_key_is_locked(self):
        (env.scratch / "lock").write_text("correct horse\n")
        env.admin("kra", "password", "set", "--password-file", env.scratch / "lock")
        try:
            await_kra("locked")
            found = self.findings()["kra"]
            self.assertEqual(found["state"], "warning")
            self.assertIn("kra password unlock", found["todo"])
        finally:
            env.admin("kra", "password", "remove", "--password-file", env.scratch / "lock")
        await_kra("up")

    def test_counts_the_agents(self):
        self.assertEqual(self.findings()["kra-agents"]["state"], "ok")
        env.admin("user", "disable", "bert")
        try:
            found = self.findings()["kra-agents"]
            self.assertEqual(found["state"], "warning")
            self.assertRegex(found["what"], "1 agents, and 2 must agree")
            self.assertIn("--role agent", found["todo"])
        finally:
            env.admin("user", "enable", "bert")
        with_group = env.scratch / "group.conf"
        with_group.write_text((env.dir / "state" / "gatehouse.conf").read_text() + '\nroles { agent_groups = "nobody" }\n')
        done = env.command("doctor", "--json", "-c", with_group, check=False)
        self.assertEqual([f["state"] for f in json.loads(done.stdout) if f["code"] == "kra-agents"], ["ok"])

    def transport_certificate(self, begin, end):
        """One that begins and ends so many days from now."""
        now, key = datetime.datetime.now(datetime.timezone.utc), ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
        return x509.CertificateBuilder(name, name, key.public_key(), 1, now + datetime.timedelta(begin),
                                       now + datetime.timedelta(end)).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def test_tells_that_the_transport_certificate_ends(self):
        self.assertEqual(self.findings()["kra-transport"]["state"], "ok")
        row, kept = env.sql("select id, encode(certificate, 'hex') from kra_key where kind = 'transport' and state = 'current'")[0]
        try:
            for begin, end, state in ((-100, 30, "ok"), (-100, 10, "warning"), (-100, -1, "error")):
                der_form = self.transport_certificate(begin, end).hex()
                env.sql(f"update kra_key set certificate = decode('{der_form}', 'hex') where id = {row}")
                found = self.findings()["kra-transport"]
                self.assertEqual(found["state"], state, found)
        finally:
            env.sql(f"update kra_key set certificate = decode('{kept}', 'hex') where id = {row}")
        self.assertIn("kra renew", found["todo"])

    def test_tells_of_a_storage_key_before(self):
        self.assertNotIn("kra-storage", self.findings())
        env.sql("insert into kra_key (kind, spki_sha256, spki, sealed, state, created_by) select kind, sha256(spki_sha256), spki, sealed, "
                "'old', 'test' from kra_key where kind = 'storage' and state = 'current'")
        try:
            self.assertEqual(self.findings()["kra-storage"]["state"], "warning")
        finally:
            env.sql("delete from kra_key where created_by = 'test'")

    def test_names_a_key_file_that_others_read(self):
        key = env.dir / "state" / "kra.key"
        key.chmod(0o644)
        try:
            self.assertEqual(self.findings()["kra-key"]["state"], "error")
        finally:
            key.chmod(0o600)


if __name__ == "__main__":
    tap.main()
