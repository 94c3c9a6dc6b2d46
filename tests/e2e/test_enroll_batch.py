#!/usr/bin/env python3
"""Enrollments that are taken together: what one of them meets, the others do not notice; nothing is answered that was
not committed, and nothing is signed twice for one signed request, whatever dies in the middle."""

import base64
import contextlib
import json
import os
import signal
import socket
import threading
import time
import unittest

import client
import der
import tap
from client import Client
from environment import Environment, stop_processes, wait_for

BATCH = 16
QUEUE = 320
env = Environment("batch", GATEHOUSE_WORKERS="1", GATEHOUSE_CONF_EXTRA=f"""
# deadlines are longer than a busy machine needs for some hundred connections and the calls on them
gateway {{ threads = 3 queue = {QUEUE} request_timeout = 120 queue_timeout = 120 }}
database {{ timeout_ms = 60000 }}
signer {{ timeout_ms = 10000 }}
directory {{ cache_seconds = 60 bind_cache_seconds = 60 operation_ms = 25000 }}
limits {{ failures = 10000 }}
""")
KEY = der.Key(env.scratch, "ec:P-256")
GOOD = der.b64(der.csr(KEY))
PKCS10 = "/CMSApi/CertEnroll/3/Pkcs10"
numbers = iter(range(10**9))


def request_body(template="User", csr=GOOD, **more):
    """A signed body like no other."""
    stamp = client.now(fmt="%Y-%m-%dT%H:%M:%S") + f".{next(numbers):09d}Z"
    return json.dumps({"Timestamp": stamp, "Request":
                       {"Flags": 0, "TemplateName": template, "Pkcs10Request": csr, **more}}).encode()


def waiting():
    return env.metric("gatehouse_pool_queue_length")


class Call:
    """A call on a connection that stands already, in a thread of its own."""

    def __init__(self, body, who=None, path=PKCS10, timeout=120, **change):
        self.who = who or Client(env)
        self.who.timeout = timeout
        self.who.keep()
        self.who.connection.connect()
        self.body, self.path, self.change = body, path, change
        self.id = f"batch-{next(numbers)}"
        self.reply = self.error = None
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        try:
            self.reply = self.who.call(self.path, self.body, X_Request_Id=self.id, **self.change)
            self.at = time.monotonic()
        except OSError as e:
            self.error = e

    def start(self):
        self.thread.start()
        return self

    def end(self):
        self.thread.join(150)
        self.who.connection.close()
        if self.reply is None:
            raise AssertionError(f"no answer: {self.error!r}")
        return self.reply


def warm(*users):
    """The directory's answers about these users are in the cache."""
    for user in users:
        reply = Client(env, user=user, password=f"{user}-secret").call(PKCS10, request_body())
        if reply.status != 200:
            raise AssertionError(reply.body)


@contextlib.contextmanager
def database_frozen():
    """In the block calls are taken in and none is answered: the first is at work, the others wait for it together."""
    env.postgres("freeze")
    try:
        first = Call(request_body()).start()
        wait_for(lambda: env.metric("gatehouse_pool_busy_threads") == 1 and waiting() == 0, "the first is at work")
        yield first
    finally:
        env.postgres("thaw")
    first.end()


def start_all(calls):
    for call in calls:
        call.start()
    wait_for(lambda: waiting() >= len(calls), f"{len(calls)} calls wait")


def together(calls):
    """Their answers, when all have been taken in before the first is answered."""
    with database_frozen():
        start_all(calls)
    return [call.end() for call in calls]


def recorded(reply):
    """The serial number that was answered, if it is in the database under the answered number."""
    j = reply.json
    rows = env.sql("select upper(encode(c.serial, 'hex')) from request r join certificate c on c.id = r.certificate_id "
                   f"where r.id = {int(j['CMSRequestId'])} and r.disposition = 20")
    return j["SerialNumber"] if rows == [[j["SerialNumber"]]] else None


def recorded_together(where="true"):
    """The most that one statement recorded: rows of one transaction bear one time."""
    return env.count("select coalesce(max(n), 0) from (select count(*) n from replay where created_at in "
                     f"(select created_at from replay where {where}) group by created_at) x")


class Case(unittest.TestCase):
    def setUp(self):
        env.wait_ready()
        warm("alice", "bob")

    def check_marks(self):
        """One request for each mark, one certificate for each serial number, and no certificate that nobody asked for."""
        self.assertEqual(env.sql("select request_id from replay group by 1 having count(*) > 1"), [])
        self.assertEqual(env.sql("select serial from certificate group by 1 having count(*) > 1"), [])
        self.assertEqual(env.count("select count(*) from certificate where request_id > 0"),
                         env.count("select count(*) from request where disposition = 20"))

    def check_trail(self, calls):
        """One line in the log and, if it was a call of somebody we know, one audit row for each."""
        for call in calls:
            wait_for(lambda: any(call.id in line and '"msg":"request"' in line for line in env.log().splitlines()), f"{call.id} in the log")
        log = [json.loads(line) for line in env.log().splitlines() if '"msg":"request"' in line]
        for call in calls:
            lines = [line for line in log if line.get("request_id") == call.id]
            self.assertEqual([int(line["status"]) for line in lines], [call.reply.status], lines)
            self.assertEqual(env.count(f"select count(*) from audit where request_id = '{call.id}'"),
                             0 if call.reply.status >= 500 else 1, call.reply.body)


class Members(Case):
    def setUp(self):
        # what the directory says is remembered for a minute: that begins now
        env.gateway("halt")
        env.gateway("run")
        super().setUp()

    def test_what_one_meets_the_others_do_not_notice(self):
        bob = dict(user="bob", password="bob-secret")
        old, twin = request_body(), request_body()
        before = Client(env).call(PKCS10, old)
        token = Client(env).call("/CMSApi/CertEnroll/2/Token", "{}").json["Token"]
        bare = json.dumps(json.loads(request_body())["Request"]).encode()
        web = der.b64(der.csr(KEY, subject=[("CN", "shop.example.test")], extensions=[
            der.extension("subjectAltName", der.san(dns=["shop.example.test"]))]))
        stale = json.dumps({"Timestamp": client.now(-3600), "Request": json.loads(bare)}).encode()
        kinds = {
            "good": Call(request_body()),
            "of another user": Call(request_body(), Client(env, **bob)),
            "certificate only": Call(json.dumps({"Timestamp": client.now(), "Request":
                                                 {**json.loads(bare), "Flags": 1}}).encode()),
            "version 2": Call(bare, path="/CMSApi/CertEnroll/2/Pkcs10", X_CSS_CMS_Token=token),
            "pending": Call(request_body("WebServer", web)),
            "denied": Call(request_body("NoSuchTemplate")),
            "no JSON": Call(b"{"),
            "no CSR": Call(request_body(csr="AAAA")),
            "too late": Call(stale),
            "wrong signature": Call(request_body(), X_CSS_CMS_Signature="AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            "recorded": Call(old),
            "recorded for another": Call(old, Client(env, **bob)),
            "twin": Call(twin),
            "twin again": Call(twin),
            "twin once more": Call(twin),
        }
        replies = dict(zip(kinds, together(list(kinds.values()))))
        status = {k: r.status for k, r in replies.items()}
        self.assertEqual(status, {
            **dict.fromkeys(kinds, 200), "denied": 403, "no JSON": 400, "no CSR": 400, "too late": 403,
            "wrong signature": 403, "recorded for another": 403}, {k: r.body[:200] for k, r in replies.items()})
        self.assertEqual(replies["recorded"].json["SerialNumber"], before.json["SerialNumber"])
        self.assertEqual(len({replies[k].json["SerialNumber"] for k in kinds if k.startswith("twin")}), 1)
        self.assertEqual(replies["pending"].json["RequestDisposition"], "Pending")
        self.assertEqual(replies["denied"].json["RequestDisposition"], "Denied")
        self.assertGreater(replies["denied"].json["CMSRequestId"], 0)
        for kind in ("good", "of another user", "certificate only", "version 2", "recorded", "twin"):
            self.assertIsNotNone(recorded(replies[kind]), kind)
        self.assertEqual(client.subject(replies["of another user"].certificates()[0]).split(",")[0], "emailAddress=bob@example.test")
        self.assertEqual(client.subject(replies["good"].certificates()[0]).split(",")[0], "emailAddress=alice@example.test")
        # good, bob's, certificate only, version 2, pending, denied, and one of the twins
        good = int(replies["good"].json["CMSRequestId"])
        self.assertEqual(recorded_together(f"request_id = {good}"), 7)
        self.check_marks()
        self.check_trail([c for k, c in kinds.items() if not k.startswith(("recorded", "twin"))])
        self.assertEqual(env.count("select count(*) from audit where event = 'enroll.issued' and request_id = "
                                   f"any('{{{','.join(c.id for k, c in kinds.items() if k.startswith('twin'))}}}')"), 1)

    def test_order_of_arrival(self):
        """256 clients: whoever came a whole batch later is not served before."""
        calls = [Call(request_body()) for _ in range(256)]
        with database_frozen():
            for i in range(0, len(calls), BATCH):
                for call in calls[i:i + BATCH]:
                    call.start()
                wait_for(lambda: waiting() >= min(i + BATCH, len(calls)), f"{i + BATCH} calls wait")
        for call in calls:
            self.assertEqual(call.end().status, 200, call.reply.body)
        numbers = [int(call.reply.json["CMSRequestId"]) for call in calls]
        for i in range(BATCH, len(calls), BATCH):
            self.assertLess(max(numbers[:i]), min(numbers[i + BATCH:], default=max(numbers) + 1))
        self.check_marks()

    def test_what_waits_is_bounded(self):
        calls = [Call(request_body()) for _ in range(QUEUE + 30)]
        with database_frozen():
            for call in calls:
                call.start()
            wait_for(lambda: sum(c.reply is not None for c in calls) >= 30, "those beyond the bound are answered")
            refused = [c.reply for c in calls if c.reply is not None]
            self.assertEqual(len(refused), 30)
            for reply in refused:
                self.assertEqual(reply.status, 503)
                self.assertIn("retry-after", reply.headers)
        self.assertEqual(sum(c.end().status == 200 for c in calls), QUEUE)
        self.check_marks()

    def test_client_gone_in_the_middle(self):
        gone, stay = [Call(request_body()) for _ in range(6)], [Call(request_body()) for _ in range(6)]
        before = env.count("select count(*) from request")
        with database_frozen():
            start_all([c for pair in zip(gone, stay) for c in pair])
            for call in gone:
                call.who.connection.sock.shutdown(socket.SHUT_RDWR)
        for call in stay:
            self.assertIsNotNone(recorded(call.end()))
        for call in gone:
            call.thread.join(30)
            self.assertIsNone(call.reply)
            wait_for(lambda: any(call.id in line and '"msg":"request"' in line for line in env.log().splitlines()), f"{call.id} in the log")
        # theirs are recorded, too, and the same call again gets the answer
        self.assertEqual(env.count("select count(*) from request"), before + 13)
        for call in gone:
            reply = Client(env).call(PKCS10, call.body)
            self.assertIsNotNone(recorded(reply))
        self.assertEqual(env.count("select count(*) from request"), before + 13)
        self.check_marks()

    def test_slow_template_holds_nobody_else(self):
        """What an RSA-4096 key has to sign leaves its batch: the others are recorded together and without it."""
        with contextlib.suppress(AssertionError):   # there since another run of this test
            env.admin("ca", "create", "slow", "--parent", "root", "--subject", "CN=Slow CA", "--key-alg", "RSA-4096", "--no-urls")
        key, secret = os.urandom(20).hex(), os.urandom(20).hex()
        for name, text in (("key", key), ("secret", secret)):
            (env.scratch / name).write_text(f"text:{text}")
        env.admin("app", "create", "slow", "--ca", "slow", "--template", "User", "--key-file", env.scratch / "key",
                  "--secret-file", env.scratch / "secret")
        env.await_catalog()

        def slow_client():
            return Client(env, app_key=base64.b64encode(key.encode()).decode(), secret=secret.encode())
        calls = [Call(request_body(), slow_client() if i % 4 == 0 else None) for i in range(BATCH)]
        replies = together(calls)
        self.assertEqual([r.status for r in replies], [200] * BATCH, [r.body[:200] for r in replies])
        slow, fast = ([int(r.json["CMSRequestId"]) for i, r in enumerate(replies) if (i % 4 == 0) == s] for s in (True, False))
        self.assertEqual(recorded_together(f"request_id = {fast[0]}"), len(fast))
        for number in slow:
            self.assertEqual(recorded_together(f"request_id = {number}"), 1)
        self.check_marks()
        self.check_trail(calls)

    def test_slow_directory_holds_nobody_else(self):
        """carol and dave are not in the cache, and all threads that may wait do so: alice is served."""
        slow = [Call(request_body(), Client(env, user=u, password="x")) for u in ("carol", "dave", "nobody", "none")]
        env.slapd("pause")
        try:
            for call in slow:
                call.start()
            wait_for(lambda: env.metric("gatehouse_pool_busy_threads") >= 2, "they wait for the directory")
            for _ in range(5):
                self.assertEqual(Client(env, timeout=60).call(PKCS10, request_body()).status, 200)
            self.assertEqual([c.reply.body for c in slow if c.reply is not None], [])
        finally:
            env.slapd("resume")
        for call in slow:
            self.assertIn(call.end().status, (401, 403, 503))


@contextlib.contextmanager
def other_configuration(text):
    """In the block the gateway runs with these settings beside its own."""
    conf = env.dir / "state" / "gatehouse.conf"
    kept = conf.read_text()
    env.gateway("halt")
    conf.write_text(f"{kept}\n{text}\n")
    try:
        env.gateway("run")
        yield
    finally:
        env.gateway("halt")
        conf.write_text(kept)
        env.gateway("run")


class Alone(Case):
    def test_one_client_waits_for_no_timer(self):
        """Of a hundred calls, one after the other, the fastest tells: it waited neither for a batch to fill nor for the next
        turn of a clock, of which the shortest ticks each 100 ms."""
        alice, fastest = Client(env).keep(), 1e9
        for _ in range(100):
            begin = time.monotonic()
            self.assertEqual(alice.call(PKCS10, request_body()).status, 200)
            fastest = min(fastest, time.monotonic() - begin)
        self.assertLess(fastest, 0.05)


class Bound(Case):
    QUEUE = 40

    def test_what_leaves_its_batch_is_bounded(self):
        """The directory hangs: whom it would have to be asked about waits in the queue, as far as there is room."""
        with other_configuration(f"gateway {{ queue = {self.QUEUE} }}"):
            warm("alice")
            slow = [Call(request_body(), Client(env, user="carol", password="x")) for _ in range(self.QUEUE + 30)]
            env.slapd("pause")
            try:
                for i in range(0, len(slow), 10):
                    for call in slow[i:i + 10]:
                        call.start()
                    # they have left the list, or are refused
                    wait_for(lambda: waiting() + sum(c.reply is not None for c in slow[:i + 10]) >= i + 8, "ten more")
                    self.assertLessEqual(waiting(), self.QUEUE)
                # two are at work
                wait_for(lambda: sum(c.reply is not None for c in slow) >= 28, "those beyond the bound are answered")
                for reply in [c.reply for c in slow if c.reply is not None]:
                    self.assertEqual(reply.status, 503, reply.body)
                    self.assertIn("retry-after", reply.headers)
                self.assertEqual(Client(env, timeout=60).call(PKCS10, request_body()).status, 200)
            finally:
                env.slapd("resume")
            for call in slow:
                self.assertIn(call.end().status, (401, 503))


class Deadline(Case):
    SECONDS = 6

    def test_deadline_of_one(self):
        """Who has waited for too long is told so and not signed; who came later and is in time is served."""
        with other_configuration(f"gateway {{ queue_timeout = {self.SECONDS} }}"):
            warm("alice")
            early, later = [Call(request_body()) for _ in range(3)], [Call(request_body()) for _ in range(3)]
            before = env.count("select count(*) from request")
            with database_frozen() as at_work:
                start_all(early)
                came = time.monotonic()
                wait_for(lambda: time.monotonic() > came + self.SECONDS, "the deadline of the early ones")
                for call in later:
                    call.start()
                wait_for(lambda: waiting() == 6, "all wait")
            # the one that was at work had asked for its mark, and is not signed either
            for call in [at_work, *early]:
                self.assertEqual(call.end().status, 503, call.reply.body)
                self.assertIn("retry-after", call.reply.headers)
            for call in later:
                self.assertIsNotNone(recorded(call.end()))
            self.assertEqual(env.count("select count(*) from request"), before + len(later))
            self.check_trail([at_work, *early, *later])
            for call in [at_work, *early]:
                self.assertIsNotNone(recorded(Client(env).call(PKCS10, call.body)), "the same call again")
            self.check_marks()


class Proxy:
    """Before PostgreSQL's socket. When armed, it passes the next statement that records on, waits for the server's
    answer, and hangs up instead of passing it back."""

    def __init__(self):
        conninfo = env.var["GATEHOUSE_DB"]
        where = dict(part.split("=", 1) for part in conninfo.split())
        self.server = f"{where['host'].strip(chr(39))}/.s.PGSQL.{where.get('port', '5432')}"
        self.dir = env.dir / "p"
        self.dir.mkdir(mode=0o755)
        self.conninfo = conninfo.replace(where["host"], str(self.dir))
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(self.dir / os.path.basename(self.server)))
        self.socket.listen(64)
        self.armed, self.lost, self.lock = 0, 0, threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            here, _ = self.socket.accept()
            there = socket.socket(socket.AF_UNIX)
            try:
                there.connect(self.server)
            except OSError:
                here.close()
                continue
            state = {"loses": False}
            threading.Thread(target=self.pump, args=(here, there, state, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(there, here, state, False), daemon=True).start()

    def is_to_lose(self, data):
        with self.lock:
            if self.armed == 0 or data[:1] != b"B" or b"record_request" not in data[:64]:
                return False
            self.armed -= 1
            return True

    def pump(self, source, target, state, is_question):
        try:
            while data := source.recv(1 << 20):
                if is_question:
                    state["loses"] = state["loses"] or self.is_to_lose(data)
                elif state["loses"]:
                    with self.lock:
                        self.lost += 1
                    break
                target.sendall(data)
        except OSError:
            pass
        for s in (source, target):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)


class Retrying:
    """Clients that send each signed request again until it is answered with a certificate."""

    def __init__(self, count):
        self.stop = threading.Event()
        self.answers, self.other, self.lock = {}, [], threading.Lock()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(count)]

    def until_good(self, who, body):
        while True:
            try:
                reply = who.call(PKCS10, body)
            except (OSError, client.http.client.HTTPException):
                who.keep()
                continue
            if reply.status == 200:
                return reply.json["SerialNumber"]
            if reply.status != 503:
                with self.lock:
                    self.other.append(reply.body)
                return None

    def run(self):
        who = Client(env).keep()
        while not self.stop.is_set():
            body = request_body()
            serial = self.until_good(who, body)
            with self.lock:
                self.answers[body] = serial

    def answered(self):
        with self.lock:
            return len(self.answers)

    def more(self, n=60):
        begin = self.answered()
        wait_for(lambda: self.answered() > begin + n, "clients are served")

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *exc):
        self.stop.set()
        for t in self.threads:
            t.join(60)


class Faults(Case):
    def check_load(self, load, requests_before):
        """As many requests as were signed by clients, each answered with what is recorded."""
        self.assertEqual(load.other, [])
        serials = list(load.answers.values())
        self.assertEqual(len(set(serials)), len(serials))
        known = {row[0] for row in env.sql("select upper(encode(serial, 'hex')) from certificate")}
        self.assertEqual(set(serials) - known, set(), "answered, but not in the database")
        self.assertEqual(env.count("select count(*) from request") - requests_before, len(serials))
        self.assertGreater(recorded_together(), 1, "nothing was recorded together")
        self.check_marks()

    def load(self, fault, count=24):
        before = env.count("select count(*) from request")
        with Retrying(count) as load:
            load.more()
            fault()
            load.more()
        self.check_load(load, before)

    def test_signer_killed_in_mid_batch(self):
        def pids():
            return [pid for pid, _ in env.processes("gatehouse-signer")]
        old = pids()
        calls = [Call(request_body()) for _ in range(BATCH)]
        stop_processes(old)
        try:
            for call in calls:
                call.start()
            wait_for(lambda: env.metric("gatehouse_pool_busy_threads") == 1 and waiting() > 0, "a batch waits for the signer")
        finally:
            for pid in old:
                os.kill(pid, signal.SIGKILL)
        for call in calls:
            reply = call.end()
            self.assertIn(reply.status, (200, 503), reply.body)
            if reply.status == 200:
                self.assertIsNotNone(recorded(reply))
        wait_for(lambda: pids() and not set(pids()) & set(old), "a new signer")
        for call in calls:
            wait_for(lambda: Client(env).call(PKCS10, call.body).status == 200, "the call again succeeds")
        self.check_marks()

    def test_signer_killed_under_load(self):
        def fault():
            for pid, _ in env.processes("gatehouse-signer"):
                os.kill(pid, signal.SIGKILL)
        self.load(fault)

    def test_database_killed_under_load(self):
        def fault():
            env.postgres("kill")
            env.postgres("start")
        for _ in range(2):
            self.load(fault)

    def test_connections_ended_under_load(self):
        def fault():
            for _ in range(10):
                env.sql("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() "
                        "and usename = current_user")
                time.sleep(0.05)
        self.load(fault)

    def test_lost_answer_is_cleared_up_for_each_member(self):
        proxy = Proxy()
        with other_configuration(f'database {{ conninfo = "{proxy.conninfo}" }}'):
            warm("alice")
            before = env.count("select count(*) from request")
            calls = [Call(request_body()) for _ in range(BATCH)]
            with database_frozen():
                start_all(calls)
                # the first one's statement, and that of the batch
                proxy.armed = 2
            replies = [call.end() for call in calls]
            self.assertEqual(proxy.lost, 2)
            self.assertEqual([r.status for r in replies], [200] * BATCH)
            for reply in replies:
                self.assertIsNotNone(recorded(reply))
            self.assertEqual(len({r.json["SerialNumber"] for r in replies}), BATCH)
            self.assertEqual(env.count("select count(*) from request"), before + BATCH + 1)
            self.check_marks()
            self.check_trail(calls)


if __name__ == "__main__":
    tap.main()
