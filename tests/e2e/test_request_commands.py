#!/usr/bin/env python3
"""`gatehouse request submit`, and list, show, approve, deny, cancel and `profile` with --url: the same verbs from another machine."""

import base64
import json
import os
import signal
import unittest

import der
import tap
from command_user import CommandUser
from environment import Environment

env = Environment("request-commands", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="""
roles { officer_groups = "pki-officers" }
limits { failures = 1000 }
""")
var = env.var
alice = CommandUser(env, var["GATEHOUSE_USER"], var["GATEHOUSE_PASSWORD"])
bob = CommandUser(env, "bob", "bob-secret")
anna = CommandUser(env, var["GATEHOUSE_AGENT_USER"], var["GATEHOUSE_AGENT_PASSWORD"])
bert = CommandUser(env, var["GATEHOUSE_AGENT2_USER"], var["GATEHOUSE_AGENT2_PASSWORD"])
carol = CommandUser(env, "carol", "carol-secret")  # officer
URL = ("--url", var["GATEHOUSE_URL"])


class Submit(unittest.TestCase):
    def test_new_key(self):
        made = alice.json("request", "submit", "User", "--out-key", "new.key", "--out", "new.pem")
        self.assertEqual(made["status"], "issued")
        self.assertEqual((alice.dir / "new.key").stat().st_mode & 0o777, 0o600)
        of_key = der.openssl("pkey", "-in", str(alice.dir / "new.key"), "-pubout")
        of_cert = der.openssl("x509", "-in", str(alice.dir / "new.pem"), "-noout", "-pubkey")
        self.assertEqual(of_key, of_cert)
        # neither is written over
        self.assertIn("is there already", alice.run("request", "submit", "User", "--out-key", "new.key").stderr.decode())
        before = env.count("select count(*) from request")
        done = alice.run("request", "submit", "User", "--out-key", "other.key", "--out", "new.pem")
        self.assertIn("choose another --out", done.stderr.decode())
        self.assertEqual(env.count("select count(*) from request"), before)
        shown = alice.json("request", "show", made["id"], *URL)
        self.assertEqual((shown["state"], shown["template"], shown["certificate_id"]), ("issued", "User", made["certificate"]["id"]))

    def test_pending_and_decided_from_afar(self):
        def pending(host):
            return alice.json("request", "submit", "WebServer", "--out-key", f"{host}.key", "--subject", f"CN={host}", "--san", f"dns:{host}", status=3)

        one, two, three = (pending(f"{n}.example.test")["id"] for n in ("one", "two", "three"))
        self.assertEqual([r["id"] for r in carol.json("request", "list", "--state", "pending", "--oldest-first", *URL)], [one, two, three])
        self.assertEqual(carol.json("request", "list", "--limit", "1", *URL)[0]["id"], three)
        self.assertEqual(bob.json("request", "list", *URL), [])
        approved = carol.json("request", "approve", one, "--comment", "ticket 4711", *URL)
        self.assertEqual(approved["state"], "issued")
        self.assertEqual(carol.json("request", "deny", two, *URL)["state"], "denied")
        self.assertEqual(alice.json("request", "cancel", three, *URL)["state"], "canceled")
        done = carol.run("request", "approve", one, *URL)
        self.assertEqual(done.returncode, 1)
        self.assertIn("alice", env.sql(f"select requester from request where id = {one}")[0][0])
        self.assertEqual(alice.run("request", "approve", two, *URL).returncode, 1)
        # in the database it is the same request
        self.assertEqual(env.admin("request", "show", one, "--json")["state"], "issued")

    def test_no_answer_and_again(self):
        """The gateway is stopped while the request is on its way: the same key and the same request get the one certificate."""
        before = env.count("select count(*) from certificate where requester ilike '%alice'")
        pids = env.workers()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            done = alice.run("request", "submit", "User", "--out-key", "again.key", "--timeout", "2", "--retry", "0")
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("--repeat again.key.repeat", done.stderr.decode())
        made = alice.json("request", "submit", "User", "--repeat", "again.key.repeat", "--out", "again.pem")
        again = alice.json("request", "submit", "User", "--repeat", "again.key.repeat")
        self.assertEqual((made["status"], made["id"], made["certificate"]), ("issued", again["id"], again["certificate"]))
        self.assertEqual(env.count("select count(*) from certificate where requester ilike '%alice'"), before + 1)
        self.assertEqual(der.openssl("pkey", "-in", str(alice.dir / "again.key"), "-pubout"),
                         der.openssl("x509", "-in", str(alice.dir / "again.pem"), "-noout", "-pubkey"))
        # another profile, another body under that key, no such file
        self.assertEqual(alice.run("request", "submit", "WebServer", "--repeat", "again.key.repeat").returncode, 2)
        saved = json.loads((alice.dir / "again.key.repeat").read_text())
        other = base64.b64encode(der.csr(der.Key(env.scratch, "ec:P-256"))).decode()
        (alice.dir / "else.repeat").write_text(json.dumps({**saved, "body": {"pkcs10": other}}))
        done = alice.run("request", "submit", "User", "--repeat", "else.repeat")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Idempotency-Key", done.stderr.decode())
        self.assertEqual(alice.run("request", "submit", "User", "--repeat", "again.key").returncode, 2)

    def test_key_archived_with_the_certificate(self):
        """The template demands it: what went in comes out, and there is no certificate without."""
        spec = json.loads(env.sql("select body from template where name = 'User' and active")[0][0])
        del spec["displayName"]
        (env.scratch / "Mail.json").write_text(json.dumps({**spec, "name": "Mail", "oid": spec["oid"] + ".1", "archival": "required"}))
        env.admin("template", "import", env.scratch / "Mail.json")
        names = env.sql("select array_to_string(templates, ',') from application where name = 'demo'")[0][0].split(",") + ["Mail"]
        env.admin("app", "set", "demo", *[x for name in names for x in ("--template", name)])
        env.await_catalog()
        done = alice.run("request", "submit", "Mail", "--out-key", "bare.key")
        self.assertEqual(done.returncode, 1)
        self.assertIn("key", done.stderr.decode())
        made = alice.json("request", "submit", "Mail", "--out-key", "mail.key", "--archive", "--out", "mail.pem")
        self.assertEqual(made["status"], "issued")
        key = (alice.dir / "mail.key").read_bytes()
        (alice.dir / "mail.key").unlink()
        asked = alice.key("recover", "--certificate", made["certificate_id"])
        self.assertEqual(asked["key_id"], made["key_id"])
        for agent in (anna, bert):
            agent.key("approve", asked["id"], "--yes")
        alice.key("retrieve", asked["id"], "--out", "mail.key")
        self.assertEqual((alice.dir / "mail.key").read_bytes(), key)
        # a profile that archives nothing says so
        self.assertEqual(alice.run("request", "submit", "User", "--out-key", "not.key", "--archive").returncode, 1)
        self.assertEqual(alice.run("request", "submit", "Mail", "--csr", "x", "--archive").returncode, 2)

    def test_denied_and_wrong(self):
        (alice.dir / "weak.csr").write_bytes(der.csr(der.Key(env.scratch, "rsa:1024")))
        done = alice.run("request", "submit", "User", "--csr", "weak.csr")
        self.assertEqual(done.returncode, 1)
        self.assertIn("key", done.stderr.decode())
        done = alice.run("request", "submit", "No/such profile?", "--csr", "weak.csr")
        self.assertEqual(done.returncode, 1)
        self.assertIn("metadata \"x\"", alice.run("request", "submit", "User", "--csr", "weak.csr", "--metadata", "x").stderr.decode())
        for wrong in (("--csr", "weak.csr", "--out-key", "x.key"), (), ("--csr", "weak.csr", "--subject", "CN=x"), ("--out-key", "x.key", "--key-type", "DSA")):
            self.assertEqual(alice.run("request", "submit", "User", *wrong).returncode, 2)

    def test_renewal_with_the_old_certificate(self):
        cas = env.scratch / "client-ca.pem"
        cas.write_text(env.admin("ca", "export", "issuing") + env.admin("ca", "export", "root"))
        conf = env.dir / "state" / "gatehouse.conf"
        conf.write_text(conf.read_text().replace("gateway {\n", f'gateway {{\n client_ca = "{cas}"\n', 1))
        env.gateway("halt")
        env.gateway("run")
        made = alice.json("request", "submit", "User", "--out-key", "old.key", "--out", "old.pem")
        login = ("--cert", "old.pem", "--key", "old.key")
        done = alice.run("request", "submit", "User", "--out-key", "next.key", "--renew", made["certificate"]["id"], "--json", login=login)
        # not in its window: the gateway knew who asked, by the certificate alone
        self.assertEqual(done.returncode, 1)
        self.assertIn("renew", done.stderr.decode())
        done = alice.run("request", "list", *URL, "--json", login=login)
        self.assertIn(made["id"], [r["id"] for r in json.loads(done.stdout)])
        # the same as PKCS#12
        alice.file("p12.password", "of the file\n")
        der.openssl("pkcs12", "-export", "-in", str(alice.dir / "old.pem"), "-inkey", str(alice.dir / "old.key"), "-out", str(alice.dir / "old.p12"),
                    "-passout", f"file:{alice.dir}/p12.password")
        done = alice.run("request", "list", *URL, "--json", login=("--cert", "old.p12", "--key-password-file", "p12.password"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(made["id"], [r["id"] for r in json.loads(done.stdout)])


class Profiles(unittest.TestCase):
    def test_list_and_show(self):
        self.assertEqual({p["name"] for p in alice.json("profile", "list", *URL)},
                         {"Computer", "SmartcardLogon", "SMIME", "User", "WebServer"})
        here = env.admin("profile", "show", "User", "--json")
        there = alice.json("profile", "show", "User", *URL)
        for name in ("inputs", "outputs", "approval"):
            self.assertEqual(here[name], there[name])
        done = alice.run("profile", "show", "User", *URL)
        self.assertIn("extended_key_usage", done.stdout.decode())
        self.assertEqual(alice.run("profile", "show", "Nothing", *URL).returncode, 1)
        self.assertEqual(alice.run("profile", "list", "--app", "x", *URL).returncode, 2)


if __name__ == "__main__":
    tap.main()
