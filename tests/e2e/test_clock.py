#!/usr/bin/env python3
"""Clocks: what nodes share bears the database's time, and a node whose clock is away from it issues nothing. The database
runs under libfaketime, two hours behind or ahead of the node."""

import json
import unittest

import der
import tap
from client import Client
from environment import Environment, other_clock, wait_for

# No job runs by itself: it would write into the trail that is sealed here.
env = Environment("clock", GATEHOUSE_CONF_EXTRA="""
jobs { audit_seal = 0 crl = 0 ocsp_signer = 0 server_certificate = 0 expiry_notices = 0 retention = 0 }
""")
GOOD = der.csr(der.Key(env.scratch, "ec:P-256"))


def database_clock(offset):
    """Restart the database with its clock so far from ours; "" sets it right."""
    env.postgres("stop")
    if offset:
        env.variables.update(other_clock(offset))
    env.postgres("start")
    for name in other_clock(""):
        env.variables.pop(name, None)


def readyz(client=None):
    reply = (client or Client(env)).get("/readyz")
    return reply.status, reply.json


def all_workers(status, clock):
    """Each worker looks for itself."""
    def as_told(client):
        code, state = readyz(client)
        return (code, state.get("clock"), state["database"]) == (status, clock, "up")
    env.await_each_worker(as_told, f"/readyz says {status} and {clock}")


def skew():
    return env.metric("gatehouse_clock_skew_seconds")


class Clocks(unittest.TestCase):
    def tearDown(self):
        database_clock("")
        all_workers(200, "right")

    def test_right_clocks(self):
        status, state = readyz()
        self.assertEqual((status, state["clock"]), (200, "right"))
        # it is what a round trip to the database cannot hide: on a busy machine now and then a second
        wait_for(lambda: abs(readyz()[1]["clock_skew_ms"]) < 1000, "the clocks agree")
        wait_for(lambda: abs(skew()) < 1, "the clocks agree in /metrics")

    def wrong(self, offset, sign, word):
        database_clock(offset)
        all_workers(503, "wrong")
        state = readyz()[1]
        self.assertEqual(state["status"], "not ready")
        self.assertAlmostEqual(sign * state["clock_skew_ms"] / 1000, 7200, delta=60)
        self.assertAlmostEqual(sign * skew(), 7200, delta=60)
        before = env.count("select count(*) from certificate")
        reply = Client(env).enroll(GOOD)
        self.assertEqual(reply.status, 503, reply.body)
        self.assertIn(b"clock of this server", reply.body)
        self.assertEqual(env.count("select count(*) from certificate"), before)
        env.await_log(word)
        env.await_log("database.clock_skew")

    def test_node_ahead_issues_nothing(self):
        self.wrong("-2h", 1, "ahead of that of the database")

    def test_node_behind_issues_nothing(self):
        self.wrong("+2h", -1, "behind that of the database")

    def test_the_doctor_has_the_limit_of_the_gateway(self):
        """45 seconds: beyond database.clock_skew, which is 30."""
        database_clock("-45s")
        all_workers(503, "wrong")
        done = env.admin("doctor", "--json", check=False)
        found = {x["code"]: x for x in json.loads(done.stdout)}
        self.assertEqual(found["database-clock"]["state"], "error", found["database-clock"])
        self.assertNotEqual(done.returncode, 0)

    def test_seals_bear_the_time_of_their_rows(self):
        """A seal with the node's time made rows that were committed a moment later look like inserted ones."""
        database_clock("-2h")
        late = env.session("begin; insert into audit (event, outcome, actor, actor_kind, app, address) values "
                           "('test.late', 'success', 'tester', 3, '', '')")
        env.sql("insert into audit (event, outcome, actor, actor_kind, app, address) values "
                "('test.row', 'success', 'tester', 3, '', '')")
        env.admin("job", "run", "audit-seal", "--json")
        late.commit()
        done = env.admin("audit", "verify", "--json", check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        env.admin("job", "run", "audit-seal", "--json")
        self.assertEqual(env.count("select count(*) from audit a where event = 'test.late' and not exists "
                                   "(select from audit_leaf where audit_id = a.id)"), 0)
        verified = json.loads(env.admin("audit", "verify", "--json", check=False).stdout)
        self.assertEqual(verified["unsealed"], 0, env.sql("select * from audit a where not exists "
                                                          "(select from audit_leaf where audit_id = a.id)"))


if __name__ == "__main__":
    tap.main()
