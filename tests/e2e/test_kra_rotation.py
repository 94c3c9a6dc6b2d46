#!/usr/bin/python3
"""Another storage key for the KRA: all archived keys come under it while keys are archived and recovered; whatever is killed
or locked meanwhile; and what somebody who can write the database makes of it."""

import concurrent.futures
import json
import os
import signal
import subprocess
import time
import unittest

import kra_client as kra
import postgres
import tap
from environment import BUILD, Environment, stop_processes, wait_for

MANY = 1000
env = Environment("kra-rotation", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="""
limits { failures = 10000 }
jobs { kra_rotate = 0 audit_seal = 0 }
""")
alice, anna, bert = kra.callers(env)
HELD = "select 1 from pg_locks where locktype = 'advisory' and granted and classid = 1734894446 and objid::bigint = " \
       "hashtext('kra-rotate')::bigint & 4294967295"


def kra_pid():
    return next(pid for pid, line in env.processes("gatehouse-signer") if "--role kra" in line)


def storage(state=None):
    keys = [k for k in env.admin("kra", "show", "--json") if k["kind"] == "storage" and state in (None, k["state"])]
    return keys if state is None else keys[0] if keys else None


def await_kra(state):
    env.await_each_worker(lambda c: json.loads(c.get("/readyz").body)["kra"] == state, f"the KRA is {state}")


def events(name):
    return env.count(f"select count(*) from audit where event = '{name}' and outcome = 'success'")


def run_job(check=True):
    return env.admin("job", "run", "kra-rotate", check=check)


def start_job():
    """The job in a process that can be killed."""
    return subprocess.Popen([str(BUILD / "gatehouse"), "job", "run", "kra-rotate", "-c", str(env.dir / "state" / "gatehouse.conf")],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def rotate(*args, **kw):
    return env.admin("kra", "rotate", *args, **kw)


def waits_for_lock():
    """A statement of the gateway's user waits for a lock."""
    return env.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and usename = 'gatehouse'") > 0


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        env.wait_ready()
        await_kra("up")

    def tearDown(self):
        """Each test leaves one storage key, and every key can be recovered under it."""
        self.assertEqual([k["state"] for k in storage()], ["current"])
        self.assertEqual(env.count("select count(*) from archived_key k where not exists (select from kra_key s where "
                                   "s.spki_sha256 = k.storage_key and s.spki_sha256 = substr(k.stored, 6, 32) and "
                                   "s.state = 'current')"), 0)

    def check_recovery(self, secrets):
        for key_id, secret in secrets:
            self.assertEqual(alice.recover(key_id, anna, bert), secret if isinstance(secret, bytes) else kra.pkcs8(secret))


def archive_some(n=3):
    """(id, secret), of each kind."""
    made = [os.urandom(32), kra.make_key("P-256"), kra.make_key("RSA-2048")][:n]
    return [(alice.archive(secret), secret) for secret in made]


class Rotation(Case):
    def test_all_keys_come_under_the_new_one(self):
        """With more than a thousand keys, and people who archive and recover meanwhile."""
        kept = archive_some()
        transport = alice.transport()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            people = [kra.callers(env)[0] for _ in range(8)]
            list(pool.map(lambda i: people[i % 8].archive(os.urandom(32), transport), range(MANY)))
        before = storage("current")
        self.assertGreaterEqual(before["keys"], MANY)
        rotate_quietly()
        self.assertEqual([(k["state"], k["keys"]) for k in storage()], [("current", before["keys"]), ("next", 0)])
        plan = env.admin("job", "run", "kra-rotate", "--dry-run")
        self.assertIn("would take the next storage key into use", plan)
        self.assertIn(f"would put {before['keys']} keys under it", plan)
        self.assertEqual(storage("current"), before)
        began = time.monotonic()
        job = start_job()
        during = []
        while job.poll() is None:
            during += archive_some(2)
            self.check_recovery(during[-2:])
        seconds = time.monotonic() - began
        self.assertEqual(job.returncode, 0, job.stdout.read())
        print(f"# {before['keys']} keys in {seconds:.1f} s")
        after = storage("current")
        self.assertNotEqual(after["id"], before["id"])
        self.assertEqual(after["keys"], before["keys"] + len(during))
        self.check_recovery(kept + during)
        # the old record is gone, and with it what it opens
        self.assertEqual(env.sql(f"select state, length(sealed) from kra_key where encode(spki_sha256, 'hex') = '{before['id']}'"),
                         [["retired", "0"]])
        moved = env.count("select sum(substring(detail from '^(\\d+) keys')::int) from audit where event = 'kra.rewrapped' "
                          f"and object = '{after['id']}'")
        self.assertIn(moved, range(before["keys"], after["keys"] + 1))
        for event, key in (("kra.storage-made", after), ("kra.storage-rotated", after), ("kra.storage-retired", before)):
            self.assertEqual(env.count(f"select count(*) from audit where event = '{event}' and object = '{key['id']}'"), 1)
        self.assertIn("all keys are under the current storage key", run_job())

    def test_gateway_does_it(self):
        """What kra rotate asks for, some gateway does; how far it is, is seen meanwhile."""
        kept = archive_some()
        before = storage("current")
        with env.session("begin; select 1 from archived_key where id = (select max(id) from archived_key) for update"):
            rotate()
            wait_for(waits_for_lock, "the job waits for the row")
            self.assertEqual(storage("old")["id"], before["id"])
            self.assertIn(b"runs at this moment", run_job(check=False).stderr)
            # the statement that waits ends at database.timeout_ms, and so does the run
            wait_for(lambda: env.metric("gatehouse_kra_rotation_keys") == storage("old")["keys"] > 0, "the gauge tells what is left")
        env.admin("job", "run", "kra-rotate", "--background")
        wait_for(lambda: len(storage()) == 1, "the job has ended")
        self.check_recovery(kept)
        row, = [j for j in env.admin("job", "list", "--json") if j["name"] == "kra-rotate"]
        self.assertRegex(row["detail"], r"\d+ keys are under the new storage key, 1 old storage keys retired")

    def test_key_that_is_kept_for_a_repeated_call(self):
        """It is not put under the new key: the old one stays until it is gone."""
        transport = alice.transport()
        receiver = kra.Receiver(transport)
        body = {"key_type": "EC", "key_size": 256, **receiver.body}
        made = alice.send("POST", "/pki/keyrequest/generate", body, Idempotency_Key="once")
        self.assertEqual(made.status, 207, made.body)
        self.assertEqual(env.count("select count(*) from kept_key"), 1)
        rotate_quietly()
        self.assertIn("the old one stays until 1 keys are kept no more", run_job())
        self.assertEqual(storage("old")["keys"], 0)
        again = alice.send("POST", "/pki/keyrequest/generate", body, Idempotency_Key="once")
        self.assertEqual(again.status, made.status, again.body)
        env.psql("update kept_key set forget_at = now() - interval '1 second'")
        env.admin("job", "run", "key-requests")
        self.assertIn("1 old storage keys retired", run_job())

    def test_on_two_nodes(self):
        """The other node archives and recovers meanwhile, and takes the new key by itself."""
        var = env.second_node()
        try:
            here = kra.callers(env)
            there = kra.callers(env, url=var["GATEHOUSE_URL"])
            kept = archive_some()
            with env.session("begin; select 1 from archived_key where id = (select max(id) from archived_key) for update"):
                rotate_quietly()
                job = start_job()
                wait_for(waits_for_lock, "the job waits")
                secrets = [(who[0].archive(secret), secret) for who in (here, there) for secret in (os.urandom(32),)]
                self.assertEqual(env.count("select count(*) from archived_key k join kra_key s on s.spki_sha256 = k.storage_key "
                                           "where s.state = 'current' and k.id > (select max(id) - 2 from archived_key)"), 2)
                for who in (here, there):
                    for key_id, secret in secrets:
                        self.assertEqual(who[0].recover(key_id, *who[1:]), secret)
            job.wait(60)
            run_job()
            for key_id, secret in [*secrets, *kept]:
                for who in (here, there):
                    self.assertEqual(who[0].recover(key_id, *who[1:]), secret if isinstance(secret, bytes) else kra.pkcs8(secret))
        finally:
            env.gateway("halt2")

    def test_another_kind_of_key(self):
        kept = archive_some()
        for kind in ("RSA-3072", "P-384", "P-256"):
            rotate_quietly("--key-alg", kind)
            run_job()
            self.assertEqual(storage("current")["key"], kind)
            self.check_recovery(kept)

    def test_refused(self):
        before = storage("current")["id"]
        for args, said in ((("--key-alg", "Ed25519"), b"P-384"), (("--password", "--no-password"), b"exclude"),
                           (("--key-uri", "pkcs11:object=x", "--password"), b"PIN")):
            with self.subTest(args):
                self.assertIn(said, rotate(*args, check=False).stderr)
        key = env.dir / "state" / "kra.key"
        kept = key.read_text()
        try:
            key.write_text("ab" * 32 + "\n")
            self.assertIn(b"is kra.key_file the right one?", rotate(check=False).stderr)
        finally:
            key.write_text(kept)
        self.assertEqual([(k["state"], k["id"]) for k in storage()], [("current", before)])

    def test_next_key_that_is_replaced(self):
        """One that is not in use yet, as when its token is lost: another one takes its place."""
        rotate_quietly()
        first = storage("next")["id"]
        rotate_quietly("--key-alg", "P-384")
        self.assertEqual([k["state"] for k in storage()], ["current", "next"])
        self.assertEqual(env.sql(f"select state, length(sealed) from kra_key where encode(spki_sha256, 'hex') = '{first}'"),
                         [["retired", "0"]])
        run_job()
        self.assertEqual(storage("current")["key"], "P-384")
        rotate_quietly("--key-alg", "P-256")
        run_job()


def rotate_quietly(*args):
    """A next key, which no gateway takes into use by itself."""
    with env.session("select pg_advisory_lock(1734894446, hashtext('kra-rotate'))"):
        rotate(*args)
        env.psql("update job set wanted = false where name = 'kra-rotate'")


class Killed(Case):
    """At each step, and then gone on with: no key is lost, none stays behind."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        transport = alice.transport()
        for _ in range(max(0, 250 - env.count("select count(*) from archived_key"))):
            alice.archive(os.urandom(32), transport)

    def setUp(self):
        self.kept = archive_some()
        rotate_quietly()
        self.next = storage("next")["id"]

    def held_at(self, lock, *, moved):
        """A job that waits for this lock, held by the session that is returned."""
        session = env.session("begin; " + lock)
        self.addCleanup(session.close)
        job = start_job()
        self.addCleanup(job.wait)
        self.addCleanup(job.kill)
        wait_for(waits_for_lock, "the job waits")
        self.assertEqual(env.count(f"select count(*) from archived_key where encode(storage_key, 'hex') = '{self.next}'"), moved)
        return session, job

    def kill(self, job):
        job.kill()
        job.wait()
        wait_for(lambda: not env.sql(HELD), "its lock is free")

    def go_on(self):
        self.check_recovery(self.kept)
        run_job()
        self.assertEqual(storage("current")["id"], self.next)
        self.check_recovery(self.kept)

    def test_before_the_next_key_is_used(self):
        session, job = self.held_at("select 1 from kra_key where state = 'next' for update", moved=0)
        self.kill(job)
        session.close()
        self.assertEqual(storage("next")["id"], self.next)
        self.go_on()

    def test_before_a_secret_is_rewrapped(self):
        pid = kra_pid()
        stop_processes([pid])
        try:
            job = start_job()
            wait_for(lambda: env.sql(HELD), "the job has begun")
            self.kill(job)
        finally:
            os.kill(pid, signal.SIGCONT)
        await_kra("up")
        self.go_on()

    ROW = "select 1 from archived_key where id = (select id from archived_key order by id offset 150 limit 1) for update"

    def test_before_a_page_is_stored(self):
        session, job = self.held_at(self.ROW, moved=100)
        row, = [j for j in env.admin("job", "list", "--json") if j["name"] == "kra-rotate"]
        self.assertEqual(row["detail"], "100 keys are under the new storage key")
        self.kill(job)
        session.close()
        self.assertEqual(sorted(k["state"] for k in storage()), ["current", "old"])
        # what is under the old key, and what is under the new one
        self.go_on()

    def test_database_session_is_ended(self):
        session, job = self.held_at(self.ROW, moved=100)
        env.psql("select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and usename = 'gatehouse'",
                 "postgres")
        self.assertNotEqual(job.wait(60), 0)
        session.close()
        self.go_on()

    def test_kra_is_killed(self):
        session, job = self.held_at(self.ROW, moved=100)
        pid = kra_pid()
        os.kill(pid, signal.SIGKILL)
        session.close()
        job.wait(60)
        wait_for(lambda: any("--role kra" in line and p != pid for p, line in env.processes("gatehouse-signer")), "another KRA")
        await_kra("up")
        self.go_on()

    def test_before_the_old_key_is_retired(self):
        """As somebody who stores a secret under it at this moment holds it."""
        session, job = self.held_at("select 1 from kra_key where state = 'current' for key share",
                                    moved=env.count("select count(*) from archived_key"))
        self.kill(job)
        session.close()
        self.assertEqual(storage("old")["keys"], 0)
        self.go_on()

    def test_worker_is_killed(self):
        session = env.session("begin; " + self.ROW)
        self.addCleanup(session.close)
        env.admin("job", "run", "kra-rotate", "--background")
        wait_for(waits_for_lock, "the job waits")
        node = env.sql("select node from job where name = 'kra-rotate'")[0][0]
        os.kill(int(node.rsplit(" ", 1)[1]), signal.SIGKILL)
        wait_for(lambda: not env.sql(HELD), "its lock is free")
        session.close()
        env.wait_ready()
        self.go_on()

    def test_database_is_killed(self):
        session, job = self.held_at(self.ROW, moved=100)
        env.postgres("kill")
        job.wait(60)
        env.postgres("start")
        env.wait_ready()
        self.go_on()

    def test_one_that_was_archived_at_the_last_moment(self):
        """Under the old key, and its commit comes when all others are under the new one: the job waits for it."""
        columns = "kind, algorithm, bits, owner, owner_name, owner_dn, owner_id, owner_kind, client_id, policy, stored, " \
                  "storage_key, created_by"
        session, job = self.held_at(f"insert into archived_key (uuid, {columns}) select gen_random_uuid(), {columns} from "
                                    "archived_key order by id desc limit 1",
                                    moved=env.count("select count(*) from archived_key"))
        session.commit()
        self.assertEqual(job.wait(60), 0)
        self.go_on()
        # nothing comes under a key that is retired
        with self.assertRaises(postgres.Error):
            env.sql("update archived_key set stored = substr(stored, 1, 5) || (select spki_sha256 from kra_key where state = "
                    "'retired' limit 1) || substr(stored, 38)")

    def test_key_that_is_changed_meanwhile(self):
        """What was stored stays as somebody else made it: here it is gone."""
        row = env.count("select max(id) from archived_key where kind = 2")
        session, job = self.held_at(f"delete from archived_key where id = {row}", moved=env.count(
            "select count(*) / 100 * 100 from archived_key"))
        session.commit()
        self.assertEqual(job.wait(60), 0)
        self.assertEqual(env.count(f"select count(*) from archived_key where id = {row}"), 0)
        self.kept = [k for k in self.kept if isinstance(k[1], bytes) is False]
        self.go_on()


class Locked(Case):
    def password(self, action, *lines, check=True):
        for i, line in enumerate(lines):
            (env.scratch / f"password{i}").write_text(line + "\n")
        files = [x for i, n in enumerate(("--password-file", "--new-password-file")[:len(lines)])
                 for x in (n, env.scratch / f"password{i}")]
        return env.admin("kra", "password", action, *files, check=check)

    def test_old_key_is_locked(self):
        kept = archive_some()
        self.password("set", "correct horse")
        try:
            await_kra("locked")
            self.assertIn(b"--no-password", rotate(check=False).stderr)
            (env.scratch / "new").write_text("battery staple\n")
            rotate_quietly("--password-file", env.scratch / "new")
            done = run_job(check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"gatehouse kra password unlock", done.stderr)
            # the next key is in use, and needs no password for that
            kept += archive_some(1)
            self.assertEqual((storage("current")["keys"], storage("old")["keys"] > 0), (1, True))
            # each password opens its key
            self.password("unlock", "correct horse")
            self.assertEqual([storage(s)["kra"] for s in ("old", "current")], ["up", "locked"])
            run_job()
            self.assertIn(b"wrong", self.password("unlock", "correct horse", check=False).stderr)
            self.password("unlock", "battery staple")
            self.check_recovery(kept)
        finally:
            self.password("remove", "battery staple")
        await_kra("up")


class Hostile(Case):
    """Somebody who can write the database."""

    def test_rows_that_are_said_to_be_done(self):
        """Under which key a secret lies, it says itself."""
        kept = archive_some()
        rotate_quietly()
        env.psql("update archived_key set storage_key = (select spki_sha256 from kra_key where state = 'next')")
        run_job()
        self.check_recovery(kept)

    def test_keys_that_change_places(self):
        """Nothing is put back under a key that was replaced, not by the job and not by a worker."""
        kept = archive_some()
        sealed = env.sql("select encode(sealed, 'hex') from kra_key where state = 'current' and kind = 'storage'")[0][0]
        rotate_quietly()
        run_job()
        old = env.count("select max(id) from kra_key where state = 'retired'")
        new = env.count("select id from kra_key where state = 'current' and kind = 'storage'")
        env.psql(f"update kra_key set state = 'old' where id = {new};"
                 f"update kra_key set state = 'current', sealed = decode('{sealed}', 'hex') where id = {old}")
        try:
            done = run_job(check=False)
            self.assertEqual(done.returncode, 1)
            env.await_log("a secret is put under a storage key that was made later")
            self.check_recovery(kept)
        finally:
            env.psql(f"update kra_key set state = 'retired', sealed = '' where id = {old};"
                     f"update kra_key set state = 'current' where id = {new}")

    def test_key_that_is_taken_away(self):
        """Nothing opens what lies under it; that is found."""
        def finding():
            done = env.admin("doctor", "--json", check=False)
            return next(f for f in json.loads(done.stdout) if f["code"] == "kra-stored")
        kept = archive_some()
        self.assertEqual(finding()["state"], "ok")
        row, sealed = env.sql("select id, encode(sealed, 'hex') from kra_key where state = 'current' and kind = 'storage'")[0]
        env.psql(f"update kra_key set state = 'retired', sealed = '' where id = {row}")
        try:
            self.assertEqual(finding()["state"], "error")
            self.assertRegex(finding()["what"], r"\d+ archived keys lie under a storage key of which there is no row")
        finally:
            env.psql(f"update kra_key set state = 'current', sealed = decode('{sealed}', 'hex') where id = {row}")
        self.check_recovery(kept)

    def test_secret_that_was_altered(self):
        """It keeps no other key away, its storage key stays, and both are said."""
        kept = archive_some()
        bad = env.count("select max(id) from archived_key")
        stored = env.sql(f"select encode(stored, 'hex') from archived_key where id = {bad}")[0][0]
        env.psql(f"update archived_key set stored = set_byte(stored, 150, get_byte(stored, 150) # 1) where id = {bad}")
        rotate_quietly()
        done = run_job(check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"1 keys cannot be opened, " + kept[-1][0].encode(), done.stderr)
        self.assertEqual(storage("old")["keys"], 1)
        self.check_recovery(kept[:-1])
        env.psql(f"update archived_key set stored = decode('{stored}', 'hex') where id = {bad}")
        run_job()
        self.check_recovery(kept)


if __name__ == "__main__":
    tap.main()
