#!/usr/bin/env python3
"""An enemy who owns the database, against a running gateway: what he writes grants nothing, is told everywhere, and is not
laundered by what the administrator does next."""

import json
import subprocess
import unittest

import der
import tap
from client import Client
from environment import BUILD, Environment, wait_for

# One thread in each worker: each connection to the database remembers for itself how far it was.
env = Environment("hostile", GATEHOUSE_CONF_EXTRA="""
gateway { threads = 1 }
jobs { audit_seal = 0 }
limits { failures = 1000 }
""")
KEY = der.Key(env.scratch, "ec:P-256")
GOOD = der.csr(KEY)
AUDITOR, PASSWORD = env.var["GATEHOUSE_AUDITOR_USER"], env.var["GATEHOUSE_AUDITOR_PASSWORD"]
TABLES = ("admin_user", "application", "ca", "ca_certificate", "metadata_field", "template", "row_seal", "grant_head")


def keep(schema="kept"):
    env.psql(f"drop schema if exists {schema} cascade; create schema {schema};" +
          "".join(f"create table {schema}.{t} as table {t};" for t in TABLES), "postgres")


def put_back(schema="kept"):
    env.psql("set session_replication_role = replica;" +
          "".join(f"delete from {t}; insert into {t} overriding system value select * from {schema}.{t};"
                  for t in TABLES) + "update catalog_generation set n = n + 1; notify gatehouse_catalog;", "postgres")


def readyz(client=None):
    try:
        reply = (client or Client(env)).get("/readyz")
    except OSError:
        return None  # not listening
    return reply.status, reply.json["configuration"]


def all_workers(wanted):
    env.await_each_worker(lambda client: readyz(client) == wanted, f"/readyz says {wanted}")


class Hostile(unittest.TestCase):
    def setUp(self):
        keep()

    def tearDown(self):
        put_back()
        all_workers((200, "loaded"))

    def status(self):
        done = env.admin("db", "status", check=False)
        return done.returncode, done.stderr.decode()

    def test_template_that_was_changed(self):
        env.psql("update template set body = jsonb_set(body, '{subject}', '{\"cn\": \"supplied\"}') where active")
        all_workers((200, "refused"))
        self.assertGreater(env.metric("gatehouse_configuration_refused"), 0)
        reply = Client(env).enroll(GOOD)  # the last good configuration goes on
        self.assertEqual(reply.status, 200, reply.body)
        code, text = self.status()
        self.assertEqual(code, 1)
        self.assertRegex(text, r"template \d+ \(\w+\) was changed without Gatehouse")
        self.assertGreater(env.count("select count(*) from audit where event = 'grant.refused' and "
                                     "detail like 'template % was changed%'"), 0)
        done = env.admin("audit", "verify", "--json", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual([f["kind"] for f in json.loads(done.stdout)["findings"]], ["grants_wrong"])
        # nobody starts with it, and no change of the administrator makes it good
        env.gateway("halt")
        done = env.admin("app", "disable", "demo", check=False)
        self.assertIn(b"was changed", done.stderr)
        shown = env.admin("db", "reseal", "--dry-run", check=False)
        self.assertEqual(shown.returncode, 1)
        self.assertIn(b"changed  template", shown.stdout)
        done = env.admin("db", "reseal", check=False)  # no terminal to say yes on
        self.assertNotEqual(done.returncode, 0)
        with open(env.scratch / "run.log", "w") as log:
            gateway = subprocess.Popen([BUILD / "gatehouse", "run", "-c", env.dir / "state" / "gatehouse.conf"],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_for(lambda: readyz() == (503, "refused"), "a new gateway does not take it")
            self.assertEqual(Client(env).enroll(GOOD).status, 503)
        finally:
            gateway.terminate()
            gateway.wait()
            put_back()
            env.gateway("run")

    def test_administrator_that_was_added(self):
        hash_of = env.psql(f"select hash from admin_user where name = '{AUDITOR}'")
        self.assertEqual(self.page(AUDITOR), 200)
        env.psql(f"insert into admin_user (name, hash, roles, enabled) values ('eve', '{hash_of}', 7, true)")
        self.assertEqual(self.page("eve"), 503)
        self.assertEqual(self.page(AUDITOR), 503)
        env.await_log("(eve) was added without Gatehouse")
        self.assertRegex(self.status()[1], r"admin_user \d+ \(eve\) was added without Gatehouse")
        env.psql("delete from admin_user where name = 'eve'")
        self.assertEqual(self.page(AUDITOR), 200)

    def page(self, user, client=None):
        head = Client(env, user=user, password=PASSWORD).headers()
        return (client or Client(env)).request("GET", "/pki/audit?limit=1", headers=head).status

    def test_everything_set_back(self):
        """The whole set with its seals: found by who has seen a newer one, and by the audit trail."""
        env.admin("user", "disable", AUDITOR)
        # each worker has seen it
        env.await_each_worker(lambda client: self.page(AUDITOR, client) in (401, 403), "the auditor is refused")
        keep("disabled")
        put_back()
        self.assertEqual(self.page(AUDITOR), 503)
        env.await_log("went back from revision")
        done = env.admin("audit", "verify", "--json", check=False)
        self.assertEqual([f["kind"] for f in json.loads(done.stdout)["findings"]], ["grants_wrong"])
        self.assertIn("db restored", self.status()[1])
        put_back("disabled")
        env.admin("user", "enable", AUDITOR)
        keep()

    def test_update_from_a_version_without_seals(self):
        def without_seals():
            env.psql("delete from grant_head; delete from row_seal; update request set mac = null")

        without_seals()
        # he pretends: the trail says that the rows were sealed
        done = env.admin("db", "migrate", "--yes")
        self.assertIn("0 rows sealed", done)
        self.assertIn("not sealed", self.status()[1])
        without_seals()
        env.psql("set session_replication_role = replica; delete from audit where event like 'grant.%'", "postgres")
        done = env.admin("db", "migrate", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"--yes", done.stderr)
        self.assertIn(b"added    admin_user", done.stderr)
        self.assertIn("not sealed", self.status()[1])
        self.assertRegex(env.admin("db", "migrate", "--yes"), r"0 migrations applied, [1-9]\d* rows sealed")
        self.assertEqual(self.status()[0], 0)
        env.gateway("halt")
        env.gateway("run")
        keep()


if __name__ == "__main__":
    env.wait_ready()
    tap.main()
