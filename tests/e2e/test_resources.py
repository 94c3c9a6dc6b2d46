#!/usr/bin/env python3
"""The database answers, but nothing can be recorded: disk full, read-only, no file descriptors. Or it was not there at the
start. Clients are told when to come back, /readyz says why, and all goes on by itself."""
# needs: root (it mounts a small file system in a namespace of its own)

import json
import os
import subprocess
import sys
import unittest

if __name__ == "__main__" and "GATEHOUSE_OWN_MOUNTS" not in os.environ:
    os.environ["GATEHOUSE_OWN_MOUNTS"] = "1"
    os.execvp("unshare", ["unshare", "-n", "-m", "sh", "-ec", "ip link set lo up; exec \"$@\"", "sh", sys.executable,
                          "-B", *sys.argv])

import der
import tap
from client import Client
from environment import Environment, wait_for

env = Environment("resources", GATEHOUSE_WORKERS="1", GATEHOUSE_CONF_EXTRA="""
database { timeout_ms = 2000 }
limits { failures = 10000 }
""")
GOOD = der.csr(der.Key(env.scratch, "ec:P-256"))
HOLD = 15                       # seconds that a cause stays when nobody enrolls


def superuser(*statements):
    env.psql("set default_transaction_read_only = off;\n" + ";\n".join(statements) + ";", "postgres")


class Resources(unittest.TestCase):
    def setUp(self):
        env.wait_ready()
        self.client = Client(env).keep()
        self.assertEqual(self.client.enroll(GOOD).status, 200)

    def state(self):
        reply = self.client.get("/readyz")
        return reply.status, json.loads(reply.body)["database"]

    def assert_told(self, cause):
        """503 with a hint for the client; the cause for the operator."""
        reply = self.client.enroll(GOOD)
        self.assertEqual(reply.status, 503, reply.body)
        self.assertIn("retry-after", reply.headers)
        wait_for(lambda: self.state() == (503, cause), cause)

    @staticmethod
    def wrong():
        """What `gatehouse status` finds that is not well."""
        found = json.loads(env.admin("status", "--json", check=False).stdout)["findings"]
        return [(f["code"], f["what"]) for f in found if f["state"] != "ok"]

    def assert_goes_on(self):
        wait_for(lambda: self.client.enroll(GOOD).status == 200, "an enrollment succeeds")
        wait_for(lambda: self.state() == (200, "up"), "ready")

    def test_disk_full(self):
        small = env.dir / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m,mode=0711", "tmpfs", small], check=True)
        try:
            (small / "space").mkdir()
            subprocess.run(["chown", "-R", "postgres:", small], check=True)
            superuser(f"CREATE TABLESPACE small LOCATION '{small}/space'",
                      *(f"ALTER TABLE {t} SET TABLESPACE small" for t in ("request", "certificate", "replay", "audit")))
            self.assertEqual(self.client.enroll(GOOD).status, 200)
            before = env.count("SELECT count(*) FROM certificate WHERE request_id > 0")
            with open(small / "ballast", "wb") as f, self.assertRaises(OSError):
                while True:
                    f.write(b"x" * 65536)
                    f.flush()
            answered = 0
            # there is room in pages that are begun
            while (reply := self.client.enroll(GOOD)).status == 200 and answered < 500:
                answered += 1
            self.assertEqual(reply.status, 503, reply.body)
            self.assert_told("disk full")
            self.assertEqual(env.count("SELECT count(*) FROM certificate WHERE request_id > 0"), before + answered)
            (small / "ballast").unlink()
            self.assert_goes_on()
        finally:
            (small / "ballast").unlink(missing_ok=True)
            superuser(*(f"ALTER TABLE {t} SET TABLESPACE pg_default" for t in ("request", "certificate", "replay", "audit")),
                      "DROP TABLESPACE small")
            subprocess.run(["umount", small], check=True)

    def test_read_only(self):
        superuser("ALTER DATABASE gatehouse SET default_transaction_read_only = on",
                  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gatehouse'")
        try:
            wait_for(lambda: self.state() == (503, "read-only"), "found without an enrollment")
            self.assert_told("read-only")
            wait_for(lambda: ("ready", "a worker is not ready: database: read-only") in self.wrong(), "the status says so, too")
        finally:
            superuser("ALTER DATABASE gatehouse RESET default_transaction_read_only",
                      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gatehouse'")
        self.assert_goes_on()

    def test_no_connection_for_the_pool(self):
        """Those of readiness and of the listeners stay; the pool's are closed and cannot be made again."""
        superuser("ALTER ROLE gatehouse CONNECTION LIMIT 1",
                  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gatehouse' AND "
                  "query !~ 'clock_timestamp|LISTEN|SELECT 1'")
        try:
            wait_for(lambda: self.client.enroll(GOOD).status == 503, "no connection")
            self.assert_told("no connection")
        finally:
            superuser("ALTER ROLE gatehouse CONNECTION LIMIT -1")
        self.assert_goes_on()

    def test_cause_ends_by_itself(self):
        """Nobody enrolls, since the load balancer has taken the node out: it comes back."""
        superuser("CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE disk_full; END $$",
                  "CREATE TRIGGER no_room BEFORE INSERT ON replay FOR EACH ROW EXECUTE FUNCTION no_room()")
        try:
            self.assert_told("disk full")
        finally:
            superuser("DROP TRIGGER no_room ON replay", "DROP FUNCTION no_room()")
        wait_for(lambda: self.state() == (200, "up"), "ready without an enrollment", HOLD + 30)


if __name__ == "__main__":
    tap.main()
