#!/usr/bin/env python3
"""Failed log-ins: whom they lock out and whom not, what their cost tells, and what a right password costs the second
time."""

import base64
import http.client
import json
import time
import unittest

import der
import tap
from client import Client
from environment import COUNT_BCRYPT, Environment, wait_for

FAILURES = 5
env = Environment("logins", GATEHOUSE_PRELOAD=str(COUNT_BCRYPT), GATEHOUSE_WORKERS="1", GATEHOUSE_CONF_EXTRA=f"limits {{ failures = {FAILURES} }}")
CSR = der.csr(der.Key(env.scratch, "ec:P-256"))
AUDIT = "/pki/audit"
last = 10


def address():
    """A source address that no test has used: the whole of 127.0.0.0/8 is this machine."""
    global last
    last += 1
    return f"127.0.{last // 250}.{last % 250 + 1}"


class From(Client):
    """A client with a source address."""

    def at(self, source):
        self.source = source
        return self

    def connect(self):
        return http.client.HTTPSConnection(self.host, self.port, timeout=self.timeout, context=self.context,
                                           source_address=(self.source, 0))


def ask(user, password, source):
    """Status of a question that only auditors may ask."""
    who = From(env, user=user, password=password).at(source).keep()
    head = {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
    return who.request("GET", AUDIT, headers=head).status


def enroll(user, password, source):
    return From(env, user=user, password=password).at(source).enroll(CSR).status


class Lock(unittest.TestCase):
    def test_from_one_address_only_there(self):
        here, there = address(), address()
        for _ in range(FAILURES):
            self.assertEqual(enroll("alice", "wrong", here), 401)
        self.assertEqual(enroll("alice", "alice-secret", here), 429)
        self.assertEqual(enroll("EXAMPLE\\alice", "alice-secret", here), 429)
        self.assertEqual(enroll("alice", "alice-secret", there), 200)
        # nor anybody else from here
        self.assertEqual(enroll("bob", "bob-secret", here), 200)

    def test_from_everywhere_slow_but_not_where_he_has_been(self):
        known = address()
        self.assertEqual(enroll("erin@example.test", "erin-secret", known), 403)  # no UPN: but logged in
        for _ in range(5 * FAILURES):
            self.assertEqual(enroll("erin", "wrong", address()), 401)
        self.assertEqual(enroll("erin", "erin-secret", address()), 429)
        self.assertEqual(enroll("erin@example.test", "erin-secret", known), 403)

    def test_an_address_and_who_is_known_there(self):
        here = address()
        self.assertEqual(enroll("carol", "carol-secret", here), 403)  # no mail: but logged in
        for n in range(5 * FAILURES):
            self.assertEqual(enroll(f"guess{n}", "x", here), 401)
        self.assertEqual(enroll("alice", "alice-secret", here), 429)
        self.assertEqual(enroll("carol", "carol-secret", here), 403)

    def test_a_disabled_application_blocks_no_address(self):
        here = address()
        env.admin("app", "disable", env.var["GATEHOUSE_APP"])
        try:
            wait_for(lambda: enroll("alice", "alice-secret", here) == 403, "the application is off")
            for _ in range(6 * FAILURES):
                self.assertEqual(enroll("alice", "alice-secret", here), 403)
        finally:
            env.admin("app", "enable", env.var["GATEHOUSE_APP"])
        seen = []
        wait_for(lambda: seen.append(enroll("alice", "alice-secret", here)) or seen[-1] != 403, "the application is on")
        self.assertEqual(seen[-1], 200)


class Command(unittest.TestCase):
    """gatehouse limiter: look, and lift."""

    def rows(self, **wanted):
        found = env.admin("limiter", "list", "--json")
        return [r for r in found if all(r[k] == v for k, v in wanted.items())]

    def test_list_and_clear(self):
        here, there = address(), address()
        cleared = "select count(*) from audit where event = 'limiter.cleared' and actor_kind = 3"
        before = env.count(cleared)
        for source in (here, there):
            for _ in range(FAILURES):
                self.assertEqual(enroll("juergen", "wrong", source), 401)
            self.assertEqual(enroll("juergen", "juergen-secret", source), 429)
        row, = self.rows(user="example\\juergen", address=here)
        self.assertEqual(row["failures"], FAILURES)
        self.assertGreater(row["seconds_left"], 200)
        self.assertTrue(row["node"])
        row, = self.rows(user=None, address=here)
        self.assertEqual((row["failures"], row["seconds_left"]), (FAILURES, 0))
        row, = self.rows(user="example\\juergen", address=None)
        self.assertEqual(row["failures"], 2 * FAILURES)
        self.assertIn("juergen", env.admin("limiter", "list"))
        done = env.admin("limiter", "clear", "--user", "Juergen", "--address", here, "--json")
        self.assertEqual(done, {"cleared": 1, "nodes": 1})
        self.assertEqual(enroll("juergen", "juergen-secret", there), 429)
        self.assertEqual(enroll("juergen", "juergen-secret", here), 200)
        env.admin("limiter", "clear", "--user", "juergen")
        self.assertEqual(enroll("juergen", "juergen-secret", there), 200)
        self.assertEqual(self.rows(user="example\\juergen"), [])
        self.assertEqual(env.count(cleared), before + 2)

    def test_an_address(self):
        here = address()
        for n in range(5 * FAILURES):
            self.assertEqual(enroll(f"more{n}", "x", here), 401)
        self.assertEqual(enroll("alice", "alice-secret", here), 429)
        env.admin("limiter", "clear", "--address", here)
        self.assertEqual(enroll("alice", "alice-secret", here), 200)

    def test_who_can_only_write_to_the_database_lifts_nothing(self):
        here = address()
        for _ in range(FAILURES):
            self.assertEqual(enroll("alice", "wrong", here), 401)
        now = int(time.time())
        for question in ({}, {"id": "a" * 32, "clear": True, "at": now}, {"id": "a" * 32, "clear": True, "at": now,
                                                                          "mac": "00" * 32}):
            env.sql(f"notify gatehouse_limiter, '{json.dumps(question)}'")
        env.sql("notify gatehouse_limiter, 'no json'")
        wait_for(lambda: env.log().count("question about the limiter refused") >= 4, "all four were refused")
        self.assertEqual(enroll("alice", "alice-secret", here), 429)

    def test_wrong_words(self):
        for args in ((), ("--all", "--user", "a"), ("--user", "x" * 100), ("--nothing",)):
            self.assertEqual(env.admin("limiter", "clear", *args, check=False).returncode, 2, args)

    def test_no_gateway(self):
        env.gateway("halt")
        try:
            done = env.admin("limiter", "list", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"no gateway answers", done.stderr)
        finally:
            env.gateway("run")


class Administrators(unittest.TestCase):
    def test_the_cost_of_a_refusal_tells_no_name(self):
        self.assertEqual(env.sql("select distinct left(hash, 7) from admin_user"), [["$2b$12$"]])
        for name in (env.var["GATEHOUSE_ADMIN_USER"], "nobody-here", "bob", "OLGA", "dave"):
            with self.subTest(name):
                costs = env.comparisons(lambda: self.assertEqual(ask(name, "wrong-password", address()), 401))
                self.assertEqual(costs, [12])

    def test_a_right_password_is_checked_once(self):
        here, user, password = address(), env.var["GATEHOUSE_AUDITOR_USER"], env.var["GATEHOUSE_AUDITOR_PASSWORD"]
        ask(user, password, here)
        for _ in range(9):
            self.assertEqual(env.comparisons(lambda: self.assertEqual(ask(user, password, here), 200)), [])
        self.assertEqual(env.comparisons(lambda: self.assertEqual(ask(user, "wrong-password", here), 401)), [12])

    def test_what_is_remembered_ends_with_the_account(self):
        secret = env.scratch / "hugo.password"
        secret.write_text("first-secret\n")
        env.admin("user", "create", "hugo", "--role", "auditor", "--password-file", secret)
        here = address()
        for _ in range(2):
            self.assertEqual(ask("HUGO", "first-secret", here), 200)
        secret.write_text("second-secret\n")
        env.admin("user", "passwd", "hugo", "--password-file", secret)
        self.assertEqual(ask("hugo", "first-secret", here), 401)
        for _ in range(2):
            self.assertEqual(ask("hugo", "second-secret", here), 200)
        env.admin("user", "disable", "hugo")
        self.assertEqual(ask("hugo", "second-secret", here), 403)

    def test_one_count_however_the_name_is_folded(self):
        here, user = address(), env.var["GATEHOUSE_OFFICER_USER"]
        for spelled in (user, user.upper(), user.title(), user, user.upper()):
            self.assertEqual(ask(spelled, "wrong-password", here), 401)
        for spelled in (user, user.upper()):
            self.assertEqual(ask(spelled, env.var["GATEHOUSE_OFFICER_PASSWORD"], here), 429)
        # not one of our administrators, whatever a database takes for the same letter
        self.assertEqual(ask("adm\u0130n", env.var["GATEHOUSE_ADMIN_PASSWORD"], here), 401)


if __name__ == "__main__":
    tap.main()
