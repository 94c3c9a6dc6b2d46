#!/usr/bin/env python3
"""The inventory as a file of any length: whole, or seen to be cut, whoever reads slowly, goes away or dies in the middle."""

import base64
import csv
import io
import json
import socket
import ssl
import struct
import threading
import time
import unittest
import urllib.parse
from http.client import HTTPResponse, IncompleteRead

import der
import tap
from client import Client
from environment import Environment, wait_for
from person import Person

ROWS, FIRST = 30_000, 5_000_000
env = Environment("search", GATEHOUSE_CONF_EXTRA="""
gateway { request_timeout = 300 }
roles { officer_groups = "pki-officers" }
limits { failures = 1000 }
jobs { requests = 0 request_expiry_days = 0 crl = 0 expiry_notices = 0 retention = 0 }
""")
ALL = urllib.parse.quote(f"Id -ge {FIRST}")
CSR = der.csr(der.Key(env.scratch, "ec:P-256"))


def person(user, password):
    return Person(user, password, env)


alice, bob = person("alice", "alice-secret"), person("bob", "bob-secret")
olga = person("olga", (env.dir / "state" / "officer.password").read_text().strip())
admin = person(env.var["GATEHOUSE_ADMIN_USER"], env.var["GATEHOUSE_ADMIN_PASSWORD"])


def enroll(who):
    return who.post("/pki/request/User", {"pkcs10": base64.b64encode(CSR).decode()})


def fill():
    """Names of 150 letters, so that nothing of it fits into the buffers on the way."""
    env.without_triggers(f"""
INSERT INTO certificate (id, ca_id, serial, request_id, subject, sans, requester, template, status, not_before, not_after,
    sha1, sha256, spki_sha256, der)
  SELECT {FIRST} + i, (SELECT id FROM ca WHERE name = 'issuing'), decode(lpad(to_hex({FIRST} + i), 32, '0'), 'hex'), {FIRST} + i,
    CASE i WHEN 17 THEN '=cmd|'' /C calc''!A0' ELSE 'CN=' || repeat('long', 40) || i END, '{{}}', 'EXAMPLE\\bulk' || i % 100, 'User', 20,
    now(), now() + i * interval '1 minute',
    substring(sha256(i::text::bytea) for 20), sha256(i::text::bytea), sha256(i::text::bytea), '\\x3000'
  FROM generate_series(0, {ROWS} - 1) i;
ANALYZE certificate;""")


class Reader:
    """A client that reads when it likes."""

    def __init__(self, query=f"format=jsonl&query={ALL}", who=olga, version="1.1"):
        url = urllib.parse.urlsplit(env.var["GATEHOUSE_URL"])
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        raw.settimeout(60)
        raw.connect((url.hostname, url.port))
        context = ssl.create_default_context(cafile=env.var["GATEHOUSE_CAFILE"])
        self.sock = context.wrap_socket(raw, server_hostname=url.hostname)
        self.id = f"reader-{id(self)}-{time.monotonic_ns()}"[:32]
        self.sock.sendall(f"GET /pki/certificates?{query} HTTP/{version}\r\nHost: {url.hostname}\r\nX-Request-Id: {self.id}\r\n"
                          f"Authorization: {who.basic}\r\n\r\n".encode())
        self.answer = HTTPResponse(self.sock)

    def begin(self):
        self.answer.begin()
        assert self.answer.status == 200, self.answer.read()
        return self

    def rest(self):
        return self.answer.read()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.answer.close()
        self.sock.close()

    def logged(self):
        """Its line in the log, once it has ended."""
        def line():
            return next((x for x in map(json.loads, filter(lambda x: x.startswith("{"), env.log().splitlines()))
                         if x.get("request_id") == self.id and x.get("msg") == "request"), None)
        wait_for(line, "the end of an export in the log")
        return line()


def ids(body):
    return [json.loads(line)["id"] for line in body.decode().splitlines()]


def peaks():
    """The most memory that each worker ever had, in bytes."""
    return {pid: 1024 * int(next(line for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM")).split()[1]) for pid in env.workers()}


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        fill()
        for who in (alice, bob):
            assert enroll(who).status == 201

    def get(self, more, who=olga, status=200, **headers):
        reply = who.get("/pki/certificates?" + more, **headers)
        self.assertEqual(reply.status, status, reply.body[:300])
        return reply

    def test_all_of_them(self):
        reply = self.get(f"format=jsonl&query={ALL}")
        self.assertEqual(reply.headers["transfer-encoding"], "chunked")
        self.assertEqual(reply.headers["content-type"], "application/x-ndjson")
        self.assertEqual(ids(reply.body), list(range(FIRST, FIRST + ROWS)))
        page = self.get(f"limit=3&query={ALL}").json["entries"]
        self.assertEqual([json.loads(line) for line in reply.body.decode().splitlines()[:3]], page)
        reply = self.get(f"format=csv&order_by=not_after&order=desc&fields=subject,id&query={ALL}")
        rows = list(csv.reader(io.StringIO(reply.body.decode(), newline="")))
        self.assertEqual(rows[0], ["subject", "id"])
        self.assertEqual([int(r[1]) for r in rows[1:]], list(range(FIRST + ROWS - 1, FIRST - 1, -1)))
        self.assertEqual(rows[-18][0], "'=cmd|' /C calc'!A0")  # no formula for a spreadsheet
        self.assertIn("attachment", reply.headers["content-disposition"])

    def test_as_long_as_asked(self):
        for limit in (1, 249, 250, 251, 777):
            self.assertEqual(ids(self.get(f"format=jsonl&limit={limit}&query={ALL}").body), list(range(FIRST, FIRST + limit)))
        reply = self.get(f"format=csv&fields=id&query=Id%20-eq%20{FIRST}")
        self.assertEqual(reply.body, f"id\r\n{FIRST}\r\n".encode())
        self.assertEqual(reply.headers["content-length"], str(len(reply.body)))  # what is short has a length
        self.assertEqual(self.get("format=jsonl&query=Id%20-eq%201%20AND%20Id%20-eq%202").body, b"")
        reply = olga.send("HEAD", f"/pki/certificates?format=csv&query={ALL}")
        self.assertEqual((reply.status, reply.body), (200, b""))

    def test_the_form_is_chosen(self):
        query = f"limit=2&query={ALL}"
        for accept, kind in (("text/csv", "text/csv"), ("application/x-ndjson", "application/x-ndjson"), ("application/jsonl", "application/x-ndjson"),
                             ("application/json", "application/json"), ("*/*", "application/json")):
            reply = self.get(query, Accept=accept)
            self.assertTrue(reply.headers["content-type"].startswith(kind), accept)
            self.assertEqual(reply.headers["vary"], "Accept")
        self.assertTrue(self.get(query + "&format=json", Accept="text/csv").headers["content-type"].startswith("application/json"))
        for more in ("format=xml", "format=csv&count=exact", "format=csv&page=x", "format=jsonl&limit=0", "format=csv&fields=what"):
            self.get(more, status=422, Accept="application/json")
        self.get("format=csv&query=Id%20-eq", status=400)

    def test_everyone_gets_what_is_his(self):
        mine = ids(self.get("format=jsonl", alice).body)
        self.assertEqual(mine, [e["id"] for e in self.get("limit=1000&order_by=id", alice).json["entries"]])
        self.assertTrue(mine and max(mine) < FIRST)
        self.assertEqual(Client(env).get("/pki/certificates?format=csv").status, 401)
        self.assertEqual(olga.get("/pki/certificates?format=csv", Sec_Fetch_Site="cross-site").status, 403)

    def test_old_client_sees_the_end(self):
        reader = Reader(version="1.0").begin()
        self.assertEqual(len(ids(reader.rest())), ROWS)
        reader.close()

    def test_slow_readers_hold_nobody_up(self):
        """More of them than there are threads; what they have not taken is neither made nor kept."""
        readers = [Reader().begin() for _ in range(9)]
        wait_for(lambda: env.metric("gatehouse_pool_busy_threads") == 0, "no thread at work")
        before = peaks()
        done = []
        threads = [threading.Thread(target=lambda: done.append(ids(Reader().begin().rest()))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            self.assertEqual(enroll(alice).status, 201)
        for thread in threads:
            thread.join()
        self.assertEqual(env.count("select count(*) from pg_stat_activity where state = 'idle in transaction'"), 0)
        for reader in readers:
            self.assertEqual(len(ids(reader.rest())), ROWS)
            self.assertEqual(reader.logged()["client"], "answered")
            reader.close()
        self.assertEqual([len(found) for found in done], [ROWS, ROWS])
        for pid, peak in peaks().items():  # 11 times 18 MB went through
            self.assertLess(peak - before[pid], 40_000_000)

    def test_client_goes_away(self):
        for leave in (Reader.reset, Reader.close):
            reader = Reader().begin()
            reader.answer.read(1000)
            leave(reader)
            self.assertEqual(reader.logged()["client"], "gone")
        for leave in (Reader.reset, Reader.close):  # before the answer has begun
            leave(Reader())
        self.assertEqual(enroll(bob).status, 201)

    def test_statement_ends_with_its_client(self):
        reader = Reader().begin()
        with env.session("begin; lock table certificate in access exclusive mode"):
            while len(reader.answer.read(65536)) and not self.waiting():
                pass
            reader.reset()
            line = reader.logged()
            wait_for(lambda: not self.waiting(), "the server has stopped it")
        self.assertEqual(line["client"], "gone")
        self.assertIn("nobody wants its answer", line["cause"])

    @staticmethod
    def waiting():
        return env.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%certificate%'")

    def test_database_dies_in_the_middle(self):
        reader = Reader().begin()
        env.postgres("kill")
        try:
            with self.assertRaises(IncompleteRead):
                reader.rest()
            self.assertEqual(reader.logged()["code"], "db_down")
        finally:
            env.postgres("start")
            env.wait_ready()
        # connections that were lost between two pages are made anew
        reader = Reader().begin()
        env.psql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'gatehouse' and pid <> pg_backend_pid()", "postgres")
        self.assertEqual(len(ids(reader.rest())), ROWS)

    def test_mistake_in_the_middle(self):
        reader = Reader(version="1.1").begin()
        with env.session("begin; lock table certificate in access exclusive mode"):
            with self.assertRaises(IncompleteRead):
                reader.rest()
        self.assertNotEqual(reader.logged()["code"], "")
        self.assertEqual(len(ids(self.get(f"format=jsonl&query={ALL}").body)), ROWS)


if __name__ == "__main__":
    tap.main()
