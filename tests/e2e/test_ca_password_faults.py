#!/usr/bin/env python3
"""SIGKILL at random moments while the password of a CA key is changed, set and removed: afterwards exactly one of the
old and the new state is in force as a whole, it is the one that the answer told, and the CA signs."""

import concurrent.futures
import http.client
import os
import random
import signal
import threading
import time
import unittest

import der
import postgres
import tap
from ca_password import Passwords, events, last_audit, reset
from client import Client
from environment import Environment, wait_for

env = Environment("ca-password-faults", GATEHOUSE_CONF_EXTRA="""
ca { password_attempts = 5 }
limits { failures = 10000 }
""")
KEY = der.Key(env.scratch, "ec:P-256")
GOOD = der.csr(KEY)
admin = Passwords(env, timeout=60)
ROUNDS = int(os.environ.get("ROUNDS", "2"))
OLD, NEW = "the old one 17", "the new one 18"
SEED = int(os.environ.get("SEED", str(time.time_ns() % 1000000)))
print(f"# SEED={SEED}", flush=True)
random.seed(SEED)


def checkpointer():
    """Its pid, which changes when PostgreSQL has come up again; None while nobody is let in."""
    superuser = env.var["GATEHOUSE_DB"].replace("user=gatehouse", "user=postgres")
    try:
        return postgres.query(superuser, "select pid from pg_stat_activity where backend_type = 'checkpointer'")
    except postgres.Error:
        return None


def kill_backend(pid):
    """One backend killed, and PostgreSQL's restart of all others over: until the server has noticed, it still serves."""
    before = checkpointer()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: checkpointer() not in (None, [], before), "PostgreSQL has recovered")


class Killed(unittest.TestCase):
    def setUp(self):
        env.wait_ready()
        reset(env, admin)
        self.longest = 0.0

    def tearDown(self):
        env.wait_ready()
        reset(env, admin)

    # --- what is killed --------------------------------------------------------------------------------
    def kill_worker(self):
        for pid in env.workers():
            os.kill(pid, signal.SIGKILL)

    def kill_signer(self):
        for pid, _ in env.processes("gatehouse-signer"):
            os.kill(pid, signal.SIGKILL)

    def kill_backend(self):
        """The backend at work for the change, if there is one; its death restarts all of PostgreSQL."""
        try:
            rows = env.sql("select pid from pg_stat_activity where usename = current_user and pid <> pg_backend_pid() "
                           "order by xact_start is null, state = 'idle', query ilike 'listen%' limit 1")
        except Exception:
            return
        for pid, in rows:
            kill_backend(int(pid))

    # --- one round ------------------------------------------------------------------------------------
    def served(self):
        """Up again, also for what the API needs."""
        def up():
            try:
                return env.ready() and admin.status().status == 200
            except OSError:
                return False
        wait_for(up, "the API answers", step=0.1)

    def during(self, call, kill, longest):
        """The answer to call(), None when it was lost; kill() at some moment of it."""
        answer = []

        def run():
            try:
                answer.append(call())
            except (OSError, http.client.HTTPException):
                pass
        thread = threading.Thread(target=run)
        thread.start()
        time.sleep(random.uniform(0, longest))
        kill()
        thread.join(90)
        self.assertFalse(thread.is_alive())
        self.served()
        return answer[0] if answer else None

    def opens(self, password):
        self.served()
        reply = None

        def told():
            nonlocal reply
            reply = admin.unlock(password)
            return reply.status != 503
        wait_for(told, "a password is looked at", step=0.5)
        self.assertIn(reply.status, (200, 401), reply.body)
        return reply.status == 200

    def signs(self):
        wait_for(lambda: Client(env).enroll(GOOD).status == 200, "the CA signs")

    def measure(self):
        """How long an undisturbed change takes, so that the blow falls at all of its steps."""
        begin = time.monotonic()
        self.assertEqual(admin.change(OLD, NEW).status, 200)
        self.assertEqual(admin.change(NEW, OLD).status, 200)
        return (time.monotonic() - begin) / 2 * 1.2

    def change_under(self, kill):
        self.assertEqual(admin.set(OLD).status, 200)
        longest = self.measure()
        now, other, outcomes = OLD, NEW, []
        for _ in range(ROUNDS):
            since = last_audit(env)
            reply = self.during(lambda: admin.change(now, other), kill, longest)
            works = self.opens(now), self.opens(other)
            self.assertEqual(sorted(works), [False, True], "not exactly one password works")
            changed = works[1]
            outcomes.append((reply.status if reply else 0, changed))
            self.assertEqual(len([e for e in events(env, since, "ca.password.changed") if e[1] == "success"]),
                             int(changed), "the audit trail tells something else")
            if reply is not None and reply.status == 200:
                self.assertTrue(changed)
            if reply is not None and reply.status != 200:
                self.assertIn(reply.status, (502, 503), reply.body)
                if b"not known" not in reply.body:
                    self.assertFalse(changed, reply.body)
            # the state that is in force is whole: hash, protection and record belong together
            self.assertTrue(self.opens(other if changed else now))
            self.signs()
            if changed:
                now, other = other, now
        print(f"#   (status, changed): {outcomes}", flush=True)

    def protect_under(self, kill):
        """set and remove in turn."""
        is_set, longest, outcomes = False, 0.9, []
        for _ in range(ROUNDS):
            reply = self.during(lambda: admin.remove(OLD) if is_set else admin.set(OLD), kill, longest)
            status = admin.status()
            self.assertEqual(status.status, 200)
            now = status.json["requires_private_key_password"]
            outcomes.append((reply.status if reply else 0, now != is_set))
            if reply is not None and reply.status == 200:
                self.assertNotEqual(now, is_set)
            self.assertEqual(env.sql("select protection, (select count(*) from ca_password p where p.ca_id = ca.id) "
                                     "from ca where name = 'issuing'"), [["password", "1"] if now else ["system", "0"]])
            if now:
                self.assertTrue(self.opens(OLD))
            self.signs()
            is_set = now
        print(f"#   (status, changed): {outcomes}", flush=True)

    def test_worker(self):
        self.change_under(self.kill_worker)

    def test_signer(self):
        self.change_under(self.kill_signer)

    def test_database_backend(self):
        self.change_under(self.kill_backend)

    def test_set_and_remove_worker(self):
        self.protect_under(self.kill_worker)

    def test_set_and_remove_database_backend(self):
        self.protect_under(self.kill_backend)

    def test_a_failed_attempt_is_told_only_when_it_is_counted(self):
        """The count is what the callers were told, or more: never less."""
        self.assertEqual(admin.set(OLD).status, 200)
        for _ in range(ROUNDS):
            env.sql("update ca_password set attempts = 0, lockouts = 0, locked_until = null")
            told = 0
            for kill in (self.kill_backend, self.kill_worker):
                reply = self.during(lambda: admin.unlock("not it at all"), kill, 0.7)
                told += reply is not None and reply.status == 401
                counted = env.count("select attempts from ca_password")
                self.assertGreaterEqual(counted, told)
                self.assertLessEqual(counted, 2)


class AtEachStep(Killed):
    """The steps of the transaction are held up by triggers, so that the blow falls at a known one of them."""

    STEPS = ("key", "hash", "audit", "commit")

    @classmethod
    def setUpClass(cls):
        env.sql("""
            create table test_pause (step text, seconds float8, fails boolean);
            create function test_pause() returns trigger language plpgsql as $$
            declare p test_pause;
            begin
                select * into p from test_pause where step = tg_argv[0];
                if found then
                    perform pg_sleep(p.seconds);
                    if p.fails then raise exception 'refused by the test'; end if;
                end if;
                return new;
            end $$;
            create trigger test_pause before update on ca for each row execute function test_pause('key');
            create trigger test_pause before update on ca_password for each row execute function test_pause('hash');
            create trigger test_pause before insert on audit for each row when (new.event = 'ca.password.changed')
                execute function test_pause('audit');
            create constraint trigger test_pause_commit after update on ca deferrable initially deferred
                for each row execute function test_pause('commit');
        """)

    @classmethod
    def tearDownClass(cls):
        env.sql("drop function test_pause() cascade; drop table test_pause")

    def setUp(self):
        super().setUp()
        self.assertEqual(admin.set(OLD).status, 200)

    def tearDown(self):
        wait_for(self.unpaused, "the database takes a statement", step=0.2)
        super().tearDown()

    def unpaused(self):
        try:
            env.sql("delete from test_pause")
            return True
        except Exception:
            return False

    def pause(self, step, seconds, fails=False):
        env.sql(f"insert into test_pause values ('{step}', {seconds}, {fails})")

    def sleeper(self):
        """The backend that sleeps in our trigger."""
        rows = env.sql("select pid from pg_stat_activity where wait_event = 'PgSleep'")
        return int(rows[0][0]) if rows else None

    def exactly(self, password):
        for p in (OLD, NEW):
            self.assertEqual(self.opens(p), p == password, p)
        self.assertTrue(self.opens(password))
        self.signs()

    def blow(self, step, kill):
        """What works after kill(pid of the backend) while the change is at a step."""
        with self.subTest(step=step):
            self.pause(step, 2.5)
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                job = pool.submit(lambda: admin.change(OLD, NEW))
                kill(wait_for(self.sleeper, f"the change is at step {step}", step=0.02))
                try:
                    reply = job.result(90)
                except (OSError, http.client.HTTPException):
                    reply = None
            wait_for(self.unpaused, "the database takes a statement", step=0.2)
            wait_for(lambda: self.sleeper() is None, "nobody is in the transaction any more")
            self.served()
            return reply

    def test_worker_at_each_step(self):
        """Until COMMIT is sent the old one stays; a COMMIT that is at work is finished by the server."""
        for step in self.STEPS:
            reply = self.blow(step, lambda pid: self.kill_worker())
            self.assertIsNone(reply, step)
            self.exactly(NEW if step == "commit" else OLD)
            if step == "commit":
                self.assertEqual(admin.change(NEW, OLD).status, 200)

    def test_backend_at_each_step(self):
        for step in ("hash", "commit"):
            reply = self.blow(step, kill_backend)
            self.assertEqual(reply.status, 503, step)
            self.assertNotIn(b"not known", reply.body)
            self.exactly(OLD)

    def test_signer_at_each_step(self):
        """The new record is made: the signer is not needed any more, and learns of it later."""
        for step in ("key", "commit"):
            reply = self.blow(step, lambda pid: self.kill_signer())
            self.assertEqual(reply.status, 200, reply.body)
            self.exactly(NEW)
            self.assertEqual(admin.change(NEW, OLD).status, 200)

    def test_commit_that_is_late_is_found_out(self):
        """The answer to COMMIT misses the deadline of 5 s, and the commit happens: 200. It does not: 503, and why."""
        self.pause("commit", 7)
        self.assertEqual(admin.change(OLD, NEW).status, 200)
        self.unpaused()
        self.exactly(NEW)
        self.pause("commit", 7, fails=True)
        reply = admin.change(NEW, OLD)
        self.assertEqual(reply.status, 503)
        self.assertIn(b"nothing was changed", reply.body)
        self.unpaused()
        self.exactly(NEW)


# the base's tests are not repeated
for name in [n for n in dir(Killed) if n.startswith("test_")]:
    setattr(AtEachStep, name, None)


if __name__ == "__main__":
    tap.main()
