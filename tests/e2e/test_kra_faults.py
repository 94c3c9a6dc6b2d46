#!/usr/bin/python3
"""Something dies or hangs at each step of an archival, an approval and a retrieval: gateway workers, the KRA, the database and
its connections, before and behind each statement. After each fault: what was promised is there, nothing was given out without
its audit row, and no request goes back to a state that it has left."""

import concurrent.futures
import contextlib
import json
import os
import signal
import threading
import unittest
import urllib.parse

from cryptography import x509

import kra_client as kra
import tap
from environment import Environment, stop_processes, wait_for
from person import Person

env = Environment("kra-faults", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="""
database { timeout_ms = 3000 }
signer { timeout_ms = 2000 }
kra { timeout_ms = 2000 }
limits { failures = 10000 }
jobs { crl = 0 ocsp_signer = 0 server_certificate = 0 expiry_notices = 0 audit_seal = 0 key_requests = 0 kra_transport = 0 retention = 0 }
""")
var = env.var
ALLOWED = {("pending", "approved"), ("approved", "complete"), ("pending", "rejected"), ("approved", "rejected"),
           ("pending", "canceled"), ("approved", "canceled"), ("pending", "expired"), ("approved", "expired"),
           ("approved", "failed")}


# where a statement can be held: at its insert into one of these
PLACES = ("archived_key", "audit", "notification")


def hold(place):
    return f"begin; select pg_advisory_xact_lock({PLACES.index(place)})"


def person(name):
    """A caller of his own for each call: connections die here."""
    if name == "anna":
        return Person(var["GATEHOUSE_AGENT_USER"], var["GATEHOUSE_AGENT_PASSWORD"], env)
    if name == "bert":
        return Person(var["GATEHOUSE_AGENT2_USER"], var["GATEHOUSE_AGENT2_PASSWORD"], env)
    return Person(var["GATEHOUSE_USER"], var["GATEHOUSE_PASSWORD"], env)


TRANSPORT = x509.load_der_x509_certificate(
    person("alice").get("/pki/config/kra/cert/transport", Accept="application/pkix-cert").body).public_key()


def watch_states():
    """Each change of state of a key request, as the database makes it."""
    env.sql("""CREATE TABLE test_history (id bigserial, request bigint, old text, new text);
        CREATE FUNCTION test_note() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO test_history (request, old, new) VALUES (NEW.id, OLD.state, NEW.state); RETURN NULL; END $$;
        CREATE TRIGGER test_note AFTER UPDATE ON key_request FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION test_note();
        CREATE FUNCTION test_wait() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::int); RETURN NEW; END $$""")
    for number, table in enumerate(PLACES):
        env.sql(f"CREATE TRIGGER test_wait BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION test_wait({number})")


def kra_pid():
    return next(pid for pid, line in env.processes("gatehouse-signer") if "--role kra" in line)


def ask(method, *args, **headers):
    """The reply, or None: the connection was lost."""
    try:
        return method(*args, **headers)
    except OSError:
        return None
    except Exception as e:  # http.client's, of half an answer
        if type(e).__module__ != "http.client":
            raise
        return None


def until(call, status):
    """Asks until it is answered so, as a client does who is told to come again."""
    def good():
        reply = ask(call)
        return reply if reply is not None and reply.status in status else None
    return wait_for(good, f"status {status}")


# --- what goes wrong ---------------------------------------------------------------------------------------

def kill_workers():
    for pid in env.workers():
        os.kill(pid, signal.SIGKILL)


def kill_kra():
    os.kill(kra_pid(), signal.SIGKILL)


def kill_database():
    env.postgres("kill")
    env.postgres("start")


def end_connections():
    env.psql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'gatehouse' and wait_event_type = 'Lock'",
             "postgres")


FAULTS = (kill_workers, kill_kra, kill_database, end_connections)


class Case(unittest.TestCase):
    pool = concurrent.futures.ThreadPoolExecutor(16)

    def tearDown(self):
        env.wait_ready()

    def archive(self, client_id, secret):
        body = {"kind": "symmetric_key", "client_id": client_id, **kra.wrapped_secret(TRANSPORT, secret)}
        return ask(person("alice").post, "/pki/keyrequest/archive", body)

    def new_key(self, client_id):
        secret = os.urandom(32)
        reply = until(lambda: self.archive(client_id, secret), (201, 409))
        if reply.status == 201:
            return reply.json["key_id"], secret
        # an answer was lost
        path = "/pki/keys?" + urllib.parse.urlencode({"client_id": client_id})
        return until(lambda: ask(person("alice").get, path), (200,)).json["entries"][0]["id"], secret

    def new_request(self, key_id):
        return until(lambda: ask(person("alice").post, "/pki/keyrequest/recovery", {"key_id": key_id}), (201,)).json["id"]

    def decide(self, who, request, status="approved"):
        return ask(person(who).send, "PUT", f"/pki/keyrequest/{request}/status", {"status": status}, If_Match="*")

    def approved(self, key_id):
        request = self.new_request(key_id)
        for agent in ("anna", "bert"):
            until(lambda: self.decide(agent, request), (200, 409))
        return request

    def retrieve(self, key_id, request):
        """The reply, and the secret when it is there."""
        receiver = kra.Receiver(TRANSPORT)
        reply = ask(person("alice").post, f"/pki/key/{key_id}", {"request": request, **receiver.body})
        return reply, receiver.open(reply.json) if reply is not None and reply.status == 200 else None

    def interrupted(self, lock, call, fault):
        """call waits for what a session holds; then the fault comes, and the session lets go. What call has got."""
        with env.session(lock):
            future = self.pool.submit(call)
            wait_for(lambda: env.count("select count(*) from pg_stat_activity where usename = 'gatehouse' "
                                       "and wait_event_type = 'Lock'") > 0 or future.done(), "the statement waits", 20, 0.01)
            fault()
        answer = future.result()
        env.wait_ready()
        # a statement whose client has died still ends, in one way or the other
        wait_for(lambda: env.count("select count(*) from pg_stat_activity where usename = 'gatehouse' and state = 'active' "
                                   "and pid <> pg_backend_pid()") == 0, "no statement runs")
        return answer

    def one(self, sql):
        return env.sql(sql)[0]

    def check_request(self, request):
        """Row, approvals, audit and notifications say the same; and the states were left in the right order."""
        state, approvals, releases = self.one(f"select state, approvals, releases from key_request where id = {request}")
        audit = "select count(*) from audit where event in ({}) and detail ~ '^request {}(,|:|$)'"
        told = ("select count(*) from notification where audience = 'owner' and event in ({}) and "
                f"facts->>'request' = '{request}'")
        given = "'key.recovered', 'key.recovered-again'"
        self.assertEqual(env.count(f"select count(*) from key_approval where request_id = {request}"), int(approvals))
        self.assertEqual(env.count(audit.format("'key.recovery-approved'", request)), int(approvals))
        self.assertEqual(env.count(audit.format(given, request)), int(releases))
        self.assertEqual(env.count(told.format(given)), int(releases))
        self.assertEqual(env.count(told.format("'key.recovery-approved'")), int(state in ("approved", "complete")))
        self.assertEqual(state == "complete", int(releases) > 0)
        steps = [tuple(r) for r in env.sql(f"select old, new from test_history where request = {request} order by id")]
        self.assertLessEqual(set(steps), ALLOWED, steps)
        self.assertEqual([new for _, new in steps[:-1]], [old for old, _ in steps[1:]])
        return state, int(releases)


class Steps(Case):
    """A statement is held in its middle; what it did so far is not committed. Then the fault comes."""

    def each(self, step, *places):
        for place in places:
            for fault in FAULTS:
                with self.subTest(place=place, fault=fault.__name__):
                    step(place, fault)

    def test_archival(self):
        def step(place, fault):
            client_id, secret = f"{place} {fault.__name__}", os.urandom(32)
            reply = self.interrupted(hold(place), lambda: self.archive(client_id, secret), fault)
            rows = env.sql(f"select uuid from archived_key where client_id = '{client_id}'")
            self.assertLessEqual(len(rows), 1)
            if reply is not None and reply.status == 201:
                self.assertEqual([[reply.json["key_id"]]], rows)
            for other in ("key_request r join archived_key k on k.id = r.key_id where k.client_id = '{}'",
                          "audit where event = 'key.archived' and object in "
                          "(select 'key ' || uuid from archived_key where client_id = '{}')"):
                self.assertEqual(env.count("select count(*) from " + other.format(client_id)), len(rows))
            # whoever was not answered asks again, and has it then, or is told that it is there
            until(lambda: self.archive(client_id, secret), (409,) if rows else (201,))
            key_id = self.one(f"select uuid from archived_key where client_id = '{client_id}'")[0]
            self.assertEqual(self.retrieve(key_id, self.approved(key_id))[1], secret)
        self.each(step, "archived_key", "audit")

    def test_request(self):
        key_id, _ = self.new_key("requested")

        def step(place, fault):
            last = env.count("select max(id) from key_request")
            reply = self.interrupted(hold(place), lambda: ask(
                person("alice").post, "/pki/keyrequest/recovery", {"key_id": key_id}), fault)
            made = [int(r[0]) for r in env.sql(f"select id from key_request where id > {last}")]
            self.assertLessEqual(len(made), 1)
            if reply is not None and reply.status == 201:
                self.assertEqual(made, [reply.json["id"]])
            for request in made:
                self.assertEqual(self.check_request(request), ("pending", 0))
        self.each(step, "notification")

    def test_approval(self):
        key_id, _ = self.new_key("approved")

        def step(place, fault):
            request = self.new_request(key_id)
            until(lambda: self.decide("anna", request), (200,))
            lock = hold(place) if place in PLACES else f"begin; select 1 from key_request where id = {request} for update"
            reply = self.interrupted(lock, lambda: self.decide("bert", request), fault)
            state, _ = self.check_request(request)
            if reply is not None and reply.status == 200:
                self.assertEqual(state, "approved")
            # what counted is told so, what did not can be done again
            until(lambda: self.decide("bert", request), (409,) if state == "approved" else (200,))
            self.assertEqual(self.check_request(request), ("approved", 0))
        self.each(step, "before", "audit")

    def test_retrieval(self):
        key_id, secret = self.new_key("retrieved")

        def step(place, fault):
            request = self.approved(key_id)
            lock = hold(place) if place in PLACES else f"begin; select 1 from key_request where id = {request} for update"
            reply, got = self.interrupted(lock, lambda: self.retrieve(key_id, request), fault)
            state, releases = self.check_request(request)
            if got is not None:
                self.assertEqual((got, state, releases), (secret, "complete", 1))

            # the one retrieval is not lost
            def again():
                reply, got = self.retrieve(key_id, request)
                return reply if got == secret else None
            reply = until(again, (200,))
            self.assertEqual(reply.json["is_repeated"], releases > 0)
            self.assertEqual(self.check_request(request), ("complete", releases + 1))
        self.each(step, "before", "audit")

    def test_client_is_gone_before_the_answer(self):
        """The one retrieval is not lost: it is made and audited, and can be repeated."""
        key_id, secret = self.new_key("gone")
        request, receiver, alice = self.approved(key_id), kra.Receiver(TRANSPORT), person("alice").client.keep()
        with env.session(f"begin; select 1 from key_request where id = {request} for update"):
            body = json.dumps({"request": request, **receiver.body}).encode()
            alice.connection.request("POST", f"/pki/key/{key_id}", body, {"Authorization": person("alice").basic,
                                                                         "Content-Type": "application/json"})
            wait_for(lambda: env.count("select count(*) from pg_stat_activity where usename = 'gatehouse' "
                                       "and wait_event_type = 'Lock'") > 0, "the statement waits", 20, 0.01)
            alice.connection.close()
        wait_for(lambda: self.one(f"select state from key_request where id = {request}") == ["complete"], "it is given out")
        self.assertEqual(self.check_request(request), ("complete", 1))
        reply, got = self.retrieve(key_id, request)
        self.assertEqual((got, reply.json["is_repeated"]), (secret, True))
        self.assertEqual(self.check_request(request), ("complete", 2))

    def test_kra_stands_still(self):
        """It has been asked, and has not answered: nothing is written yet."""
        key_id, secret = self.new_key("still")
        for fault in (kill_workers, kill_kra, kill_database):
            with self.subTest(fault=fault.__name__):
                request, pid, client_id = self.approved(key_id), kra_pid(), "still " + fault.__name__
                stop_processes([pid])
                try:
                    calls = [self.pool.submit(self.retrieve, key_id, request),
                             self.pool.submit(self.archive, client_id, bytes(32))]
                    wait_for(lambda: env.metric("gatehouse_pool_busy_threads") >= 2 or all(c.done() for c in calls),
                             "both are asked", 20, 0.01)
                    fault()
                finally:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGCONT)
                (reply, got), archived = [c.result() for c in calls]
                env.wait_ready()
                state, releases = self.check_request(request)
                self.assertEqual(got is not None, reply is not None and reply.status == 200)
                self.assertLessEqual(int(got is not None), releases)
                rows = env.count(f"select count(*) from archived_key where client_id = '{client_id}'")
                if archived is not None and archived.status == 201:
                    self.assertEqual(rows, 1)
                wait_for(lambda: self.retrieve(key_id, request)[1] == secret, "the key")
                self.check_request(request)

    def test_database_stands_still(self):
        """Frozen in the middle: callers are told to come again, and what was under way is done once, or not at all."""
        key_id, secret = self.new_key("frozen")
        request, pending = self.approved(key_id), self.new_request(key_id)
        env.postgres("freeze")
        try:
            calls = [self.pool.submit(self.retrieve, key_id, request), self.pool.submit(self.decide, "anna", pending),
                     self.pool.submit(self.archive, "frozen too", bytes(32))]
            (reply, got), decided, archived = [c.result() for c in calls]
            # what the KRA should have stands in the database: nobody is told to make keys anew
            found = json.loads(env.admin("status", "--json", check=False).stdout)["findings"]
            self.assertEqual([f["state"] for f in found if f["code"] == "kra"], ["ok"], found)
        finally:
            env.postgres("thaw")
        self.assertIsNone(got)
        for r in (reply, decided, archived):
            self.assertEqual(r.status, 503, r.body)
            self.assertIn("retry-after", r.headers)
        env.wait_ready()
        for r in (request, pending):
            self.check_request(r)
        wait_for(lambda: self.retrieve(key_id, request)[1] == secret, "the key")
        self.check_request(request)


class UnderLoad(Case):
    """Whole lives of keys, by several clients at once, while everything dies again and again."""
    CLIENTS, FAULTS = 4, (kill_workers, kill_kra, kill_database, kill_workers)

    def live(self, number):
        """Until it is told to stop; what it was promised."""
        promised = []
        while not self.stop.is_set():
            key_id, secret = self.new_key(f"load {number} {len(promised)}")
            request, got = self.approved(key_id), 0
            wait_for(lambda: self.retrieve(key_id, request)[1] == secret, "the key")
            got += 1
            promised.append((key_id, request, secret, got))
            self.done.release()
        return promised

    def test_nothing_promised_is_lost(self):
        self.stop, self.done = threading.Event(), threading.Semaphore(0)
        clients = [self.pool.submit(self.live, n) for n in range(self.CLIENTS)]
        try:
            for fault in self.FAULTS:
                for _ in range(self.CLIENTS):
                    self.assertTrue(self.done.acquire(timeout=60), "lives go on")
                fault()
        finally:
            self.stop.set()
        promised = [p for c in clients for p in c.result(timeout=120)]
        print(f"# {len(promised)} lives", flush=True)
        self.assertGreaterEqual(len(promised), self.CLIENTS * len(self.FAULTS))
        for key_id, request, secret, got in promised:
            state, releases = self.check_request(request)
            self.assertGreaterEqual(releases, got)
            self.assertEqual(state, "complete")
        self.assertEqual(env.count("select count(*) from archived_key where client_id like 'load %'"),
                         env.count("select count(distinct client_id) from archived_key where client_id like 'load %'"))
        env.admin("job", "run", "audit-seal")
        self.assertEqual(env.admin("audit", "verify", check=False).returncode, 0)


if __name__ == "__main__":
    watch_states()
    tap.main()
