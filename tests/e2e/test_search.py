#!/usr/bin/env python3
"""The inventory as a file of any length: whole, or seen to be cut, whoever reads slowly, goes away or dies in the middle."""

import base64
import csv
import io
import json
import socket
import ssl
import struct
import subprocess
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
from plain_browser import Forms, PlainBrowser, links

ROWS, FIRST = 30_000, 5_000_000
env = Environment("search", GATEHOUSE_CONF_EXTRA="""
gateway { request_timeout = 300 }
roles { officer_groups = "pki-officers" }
directory { cache_seconds = 0 bind_cache_seconds = 0 }
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
browsers = {}


def at_console(who):
    """A browser in which who is logged in."""
    if who not in browsers:
        browsers[who] = PlainBrowser(env)
        browsers[who].log_in(who.user, who.password)
    return browsers[who]


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

    def test_console_has_the_same_file(self):
        b, rows = at_console(olga), 2000  # more than are read at once
        query = urllib.parse.quote(f"Id -ge {FIRST} AND Id -lt {FIRST + rows}")
        page = f"/console/certificates?query={query}&order_by=not_after&order=asc&show_serial=yes"
        self.assertEqual(b.get(page).status, 200)
        for (form, kind), path in zip((("csv", "text/csv"), ("jsonl", "application/x-ndjson")), links(b.text, "/console/certificates/file?"), strict=True):
            file = b.get(path)
            self.assertEqual(file.status, 200, file.body[:300])
            self.assertEqual(file.headers["transfer-encoding"], "chunked")
            self.assertTrue(file.headers["content-type"].startswith(kind))
            self.assertEqual((file.headers["cache-control"], file.headers["content-disposition"]), ("no-store", f'attachment; filename="certificates.{form}"'))
            api = self.get(f"format={form}&order_by=not_after&fields=id,subject,status,template,not_after,ca,requester,serial&query={query}")
            self.assertEqual(file.body.count(b"\n"), rows + (form == "csv"))
            self.assertTrue(file.body == api.body)  # no difference of 1 MB is printed
            self.assertEqual(olga.get(path, Accept="application/json").status, 401)  # it takes the session, and no password
            self.assertEqual(b.send("GET", path, site="cross-site").headers["location"].partition("?")[0], "/login")
        for more, status in (("", 422), ("format=json", 422), ("format=csv&fields=what", 422), ("format=csv&page=x", 422), ("format=csv&format=csv", 400),
                             ("format=jsonl&query=Id%20-eq", 400)):
            self.assertEqual(b.get("/console/certificates/file?" + more).status, status, more)
        b = at_console(alice)
        self.assertEqual(b.get("/console/certificates/file?format=jsonl").body, self.get("format=jsonl", alice).body)

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
        threads = [threading.Thread(target=lambda: done.append(Reader().begin().rest().count(b"\n"))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            self.assertEqual(enroll(alice).status, 201)
        for thread in threads:
            thread.join()
        self.assertEqual(env.count("select count(*) from pg_stat_activity where state = 'idle in transaction'"), 0)
        for reader in readers:
            self.assertEqual(reader.rest().count(b"\n"), ROWS)
            self.assertEqual(reader.logged()["client"], "answered")
            reader.close()
        self.assertEqual(done, [ROWS, ROWS])
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
            reply = self.get("query=" + urllib.parse.quote('CN -contains "x"'), status=503)  # and says what to do
            self.assertIn("Join it with AND", reply.json["message"])
        self.assertNotEqual(reader.logged()["code"], "")
        self.assertEqual(len(ids(self.get(f"format=jsonl&query={ALL}").body)), ROWS)


class Saved(unittest.TestCase):
    """Searches that people keep by name."""

    @classmethod
    def setUpClass(cls):
        for who in (alice, alice, bob):
            assert enroll(who).status == 201

    def setUp(self):
        env.psql("delete from saved_search")

    def put(self, name, who=alice, status=201, etag=None, **body):
        reply = who.send("PUT", "/pki/searches/" + urllib.parse.quote(name), {"query": "Id -ne 0", **body}, **({"If_Match": etag} if etag else {}))
        self.assertEqual(reply.status, status, reply.body)
        return reply

    def names(self, who):
        reply = who.get("/pki/searches")
        self.assertEqual(reply.status, 200, reply.body)
        return [(e["name"], e["mine"], e["shared"]) for e in reply.json["entries"]]

    def events(self):
        return [tuple(r) for r in env.sql("select event, object from audit where event like 'search.%' order by id desc limit 3")][::-1]

    def test_from_the_first_to_removal(self):
        etag = self.put("My-certs", query='State -eq "active"', description="what I have", order_by="not_after", order="desc", fields="id,not_after").headers["etag"]
        reply = alice.get("/pki/searches/my-CERTS")
        self.assertEqual((reply.status, reply.headers["etag"]), (200, etag))
        self.assertEqual({k: reply.json[k] for k in ("name", "query", "description", "order_by", "order", "fields", "shared", "mine", "version")},
                         {"name": "My-certs", "query": 'State -eq "active"', "description": "what I have", "order_by": "not_after", "order": "desc",
                          "fields": "id,not_after", "shared": False, "mine": True, "version": 1})
        self.put("My-certs", status=428)
        self.put("My-certs", status=412, etag='"v7"')
        new = self.put("My-certs", status=200, etag=etag, query="Id -gt 1").headers["etag"]
        self.assertEqual(alice.get("/pki/searches/My-certs").json["order_by"], None)
        self.assertEqual(alice.send("DELETE", "/pki/searches/My-certs", If_Match=etag).status, 412)
        self.assertEqual(alice.send("DELETE", "/pki/searches/My-certs", If_Match=new).status, 204)
        self.assertEqual(alice.send("DELETE", "/pki/searches/My-certs").status, 404)
        self.assertEqual(alice.get("/pki/searches/My-certs").status, 404)
        self.put("My-certs", status=412, etag=new)
        self.assertEqual(self.events(), [("search.saved", "My-certs")] * 2 + [("search.removed", "My-certs")])

    def test_whose_it_is(self):
        self.put("one", alice)
        self.put("all", olga, shared=True)
        self.put("alices", alice, status=403, shared=True)  # who has no role keeps his own
        self.assertEqual(self.names(alice), [("all", False, True), ("one", True, False)])
        self.assertEqual(self.names(bob), [("all", False, True)])
        self.assertEqual(bob.get("/pki/searches/one").status, 404)
        self.put("all", alice, status=403)  # it is another's
        for who in (alice, bob):
            self.assertEqual(who.send("DELETE", "/pki/searches/all").status, 403)
        self.put("one", bob)  # each has his own names
        self.put("ALL", admin, status=200, etag="*", query="Id -gt 5", shared=True)
        self.assertEqual(olga.get("/pki/searches/all").json["query"], "Id -gt 5")
        self.assertEqual(olga.get("/pki/searches/all").json["mine"], True)
        self.assertEqual(Client(env).get("/pki/searches").status, 401)
        self.put("one", olga, status=201, shared=True)
        self.assertTrue(alice.get("/pki/searches/one").json["mine"])  # one's own comes first
        self.assertEqual(alice.send("PUT", "/pki/searches/x", {"query": "Id -ne 0"}, Sec_Fetch_Site="cross-site").status, 403)

    def test_what_is_wrong_with_it(self):
        for member, value in (("query", "Id -eq"), ("query", "Departmnt -eq 1"), ("query", ""), ("order_by", "comment"), ("order", "up"), ("fields", "id,what"),
                              ("shared", "yes"), ("description", "x" * 501), ("query", "x" * 9000)):
            reply = self.put("wrong", status=422, **{member: value})
            self.assertIn(member, reply.json["errors"], value[:20])
        for name, status in (("-x", 422), ("x" * 65, 422), ("a@b", 422), ("a;b", 404), ("a b", 404), ("../x", 404)):
            self.put(name, status=status)
        self.assertEqual(env.count("select count(*) from saved_search"), 0)
        self.assertEqual(alice.get("/pki/searches?owner=bob").status, 422)

    def test_search_by_it(self):
        mine = alice.get("/pki/certificates?order_by=id&order=desc&fields=id,requester").json["entries"]
        self.put("mine", olga, query="Requester -eq %ME%", order="desc", order_by="id", fields="id,requester", shared=True)
        reply = alice.get("/pki/certificates?saved=mine")
        self.assertEqual(reply.json["entries"], mine)
        self.assertEqual(olga.get("/pki/certificates?saved=MINE").json["entries"], [])
        self.assertEqual(list(alice.get("/pki/certificates?saved=mine&fields=subject").json["entries"][0]), ["subject"])  # the call's own words count
        self.assertEqual([e["id"] for e in alice.get("/pki/certificates?saved=mine&order=asc").json["entries"]], [e["id"] for e in mine][::-1])
        self.assertEqual(ids(alice.get("/pki/certificates?saved=mine&format=jsonl").body), [e["id"] for e in mine])
        self.assertEqual(alice.get("/pki/certificates?saved=mine&query=Id%20-eq%201").status, 422)
        self.assertEqual(alice.get("/pki/certificates?saved=none").status, 404)
        self.assertEqual(len(alice.get("/pki/certificates?saved=mine&limit=1").json["entries"]), 1)
        if len(mine) > 1:
            page = alice.get("/pki/certificates?saved=mine&limit=1").json["next"]
            self.assertEqual(alice.get(f"/pki/certificates?saved=mine&limit=1&page={page}").json["entries"], mine[1:2])

    # --- in the console ----------------------------------------------------------------------------

    def save(self, who, status=303, at="/console/certificates?query=Id%20-gt%200", **fields):
        """By the form of the search page, as it stands there; at None: of the page that he has."""
        b = at_console(who)
        if at is not None:
            self.assertEqual(b.get(at).status, 200)
        reply = b.submit("/console/searches", follow=False, **fields)
        self.assertEqual(reply.status, status, reply.body[:2000])
        return reply

    @staticmethod
    def shown(who):
        """Names of the searches that the page has."""
        b = at_console(who)
        b.get("/console/certificates")
        return [urllib.parse.parse_qs(urllib.parse.urlsplit(x).query)["saved"][0] for x in links(b.text, "/console/certificates?saved=")]

    def test_console_saves_what_is_searched(self):
        b = at_console(alice)
        b.get("/console/certificates?" + urllib.parse.urlencode({"query": 'State -eq "active" AND Id -gt 0', "order_by": "id", "order": "asc", "show_serial": "yes"}))
        found = links(b.text, "/console/certificates/")
        self.save(alice, at=None, search_name="Mine.active", description='<b>"what" I have')
        self.assertEqual(b.reply.headers["location"], "/console/certificates?saved=Mine.active")
        row = alice.get("/pki/searches/mine.active").json
        self.assertEqual({k: row[k] for k in ("name", "query", "description", "order_by", "order", "fields", "shared", "version")},
                         {"name": "Mine.active", "query": 'State -eq "active" AND Id -gt 0', "description": '<b>"what" I have', "order_by": "id", "order": "asc",
                          "fields": "id,subject,status,template,not_after,ca,requester,serial", "shared": False, "version": 1})
        b.follow()
        self.assertEqual(links(b.text, "/console/certificates/"), found)  # the same rows and files
        self.assertEqual(b.form("/console/searches").fields["description"], '<b>"what" I have')
        self.assertNotIn("<b>", b.text)
        # the opened one is changed: first what is searched, then what is saved
        search = next(f for f in Forms(b.text).forms if "query" in f.fields and f.method == "GET")
        b.get(search.action + "?" + urllib.parse.urlencode({**search.fields, "query": "Id -gt 1"}))
        self.save(alice, at=None)
        self.assertEqual([alice.get("/pki/searches/mine.active").json[k] for k in ("query", "version")], ["Id -gt 1", 2])
        b.follow()
        self.save(alice, at=None, search_name="another")  # its hidden version is none of that
        self.assertEqual(self.shown(alice), ["another", "Mine.active"])
        b.submit("/console/searches/another/remove")
        self.assertEqual((b.reply.status, self.shown(alice)), (200, ["Mine.active"]))
        self.assertEqual(self.events()[-2:], [("search.saved", "another"), ("search.removed", "another")])

    def test_metadata_as_columns_and_order(self):
        """Of an answer, a file, a saved search and the page; also when the index is gone."""
        env.admin("metadata", "add", "Rack", "--type", "Integer")
        self.addCleanup(env.admin, "metadata", "remove", "Rack", "--yes")
        env.admin("metadata", "set", "Rack", "--indexed")
        env.await_catalog()
        mine = [enroll(alice).json["certificate"]["id"] for _ in range(3)]
        for number, rack in zip(mine, (7, -3, None)):
            if rack is not None:
                self.assertEqual(olga.send("PUT", f"/pki/certificate/{number}/metadata?merge=yes", {"Rack": rack}).status, 200)
        query = " OR ".join(f"Id -eq {n}" for n in mine)
        asked = urllib.parse.urlencode({"query": query, "order_by": "Metadata.RACK", "order": "desc", "fields": "metadata.rack,id"})
        rows = [{"Metadata.Rack": 7, "id": mine[0]}, {"Metadata.Rack": -3, "id": mine[1]}, {"Metadata.Rack": None, "id": mine[2]}]
        self.assertEqual(alice.get("/pki/certificates?" + asked).json["entries"], rows)
        self.assertEqual(alice.get(f"/pki/certificates?format=csv&{asked}").body.decode(), "Metadata.Rack,id\r\n" + "".join(f"{'' if r['Metadata.Rack'] is None else r['Metadata.Rack']},{r['id']}\r\n" for r in rows))
        for wrong in ("Metadata.None", "Metadata.", "id,Metadata.Rack,metadata.rack", "Metadata." + "x" * 70):
            self.assertEqual(alice.get(f"/pki/certificates?fields={wrong}").status, 422, wrong)
            self.assertNotEqual(env.admin("cert", "search", query, "--fields", wrong, check=False).returncode, 0)
        self.assertEqual(env.admin("cert", "search", query, "--fields", "Metadata.rack,id", "--order-by", "rack", "--desc", "--json"), rows)
        # the page
        b, column = at_console(alice), "show_m" + env.sql("select id from metadata_field where name = 'Rack'")[0][0]
        b.get("/console/certificates?" + urllib.parse.urlencode({"query": query, "order_by": "Metadata.Rack", "order": "desc", column: "yes"}))
        found = links(b.text, "/console/certificates/")
        self.assertEqual([x for x in found if x.rpartition("/")[2].isdigit()], [f"/console/certificates/{n}" for n in mine])
        self.assertIn('<option value="Metadata.Rack" selected', b.text)
        file = alice.get("/pki/certificates?" + next(x for x in found if "format%3Dcsv" in x or "format=" in x).partition("?")[2]).body.decode()
        self.assertTrue(file.startswith("id,subject,status,template,not_after,ca,requester,Metadata.Rack\r\n"), file)
        self.save(alice, at=None, search_name="racks")
        self.assertEqual({k: alice.get("/pki/searches/racks").json[k] for k in ("order_by", "order", "fields")},
                         {"order_by": "Metadata.Rack", "order": "desc", "fields": "id,subject,status,template,not_after,ca,requester,Metadata.Rack"})
        self.assertEqual(b.follow().status, 200)
        self.assertEqual(links(b.text, "/console/certificates/"), found)
        self.assertRegex(b.text, f'name="{column}" value="yes" checked')
        self.assertIn('<option value="Metadata.Rack" selected', b.text)
        self.assertEqual(env.admin("cert", "search", "--saved", "racks", "--json", check=False).returncode, 1)  # it is alice's own
        # without the index it is no order: that is said, and another one may be taken
        env.admin("metadata", "set", "Rack", "--no-indexed")
        env.await_catalog()
        self.assertEqual(b.get("/console/certificates?saved=racks").status, 422)
        self.assertRegex(b.text, r'<select id="order_by"[^>]*aria-invalid="true"')
        self.assertRegex(b.text, f'name="{column}" value="yes" checked')
        self.assertNotIn('<option value="Metadata.Rack"', b.text)
        search = next(f for f in Forms(b.text).forms if "query" in f.fields and f.method == "GET")
        self.assertEqual(b.get(search.action + "?" + urllib.parse.urlencode({**search.fields, "order_by": "id", column: "yes"})).status, 200)

    def test_console_refuses_beside_the_field(self):
        self.put("there")
        for fields, status, about in (({"search_name": ""}, 422, "search_name"), ({"search_name": "a b"}, 422, "search_name"), ({"search_name": "x" * 300}, 422, "search_name"), ({"search_name": "THERE"}, 428, "search_name"),
                                      ({"search_name": "n", "description": "x" * 501}, 422, "description"), ({"search_name": "n", "query": "Id -eq"}, 422, "query")):
            with self.subTest(**fields):
                self.save(alice, status, **fields)
                text = at_console(alice).text
                self.assertIn(f'<a href="#{about}">', text)
                self.assertRegex(text, f'<input id="{about}"[^>]* aria-invalid="true"')
                self.assertEqual(at_console(alice).form("/console/searches").fields["search_name"], fields["search_name"])  # what was typed is not lost
        self.assertEqual(env.count("select count(*) from saved_search"), 1)
        self.assertEqual(at_console(alice).get("/console/certificates?saved=none").status, 404)
        self.assertNotIn('action="/console/searches"', at_console(alice).get("/console/certificates").body.decode())  # of all there is nothing to save

    def test_console_overwrites_nothing_unseen(self):
        etag = self.put("race").headers["etag"]
        b = at_console(alice)
        b.get("/console/certificates?saved=race")
        seen = b.form("/console/searches").fields
        etag = self.put("race", status=200, etag=etag, query="Id -gt 7").headers["etag"]
        self.save(alice, 412, at=None)
        self.assertEqual(b.submit("/console/searches").status, 412)  # sending it again does not help
        self.assertEqual(b.send("POST", "/console/searches/race/remove", {"csrf": seen["csrf"], "version": seen["version"]}).status, 412)
        self.assertEqual(b.send("POST", "/console/searches/race/remove", {"csrf": seen["csrf"]}).status, 428)
        self.assertEqual(alice.get("/pki/searches/race").json["query"], "Id -gt 7")
        self.assertEqual(alice.send("DELETE", "/pki/searches/race", If_Match=etag).status, 204)
        self.assertEqual(b.send("POST", "/console/searches", seen).status, 412)  # it is not made anew, either

    def test_console_tells_whose_they_are(self):
        self.put("private")
        self.save(alice, search_name="both")
        self.save(olga, search_name="both", shared="yes")
        self.save(olga, search_name="all", shared="yes")
        self.assertEqual(self.shown(alice), ["all", "both", "private"])
        self.assertEqual(self.shown(bob), ["all", "both"])
        self.assertEqual(self.shown(admin), ["all", "both"])
        self.assertEqual(at_console(bob).get("/console/certificates?saved=private").status, 404)
        b = at_console(alice)
        b.get("/console/certificates?saved=all")
        self.assertEqual(b.form("/console/searches").fields["search_name"], "")  # it is not his to replace
        self.assertNotIn("/console/searches/all/remove", b.text)
        self.assertNotIn('name="shared"', b.text)
        self.save(alice, 403, search_name="mine", shared="yes")
        self.assertIn('<a href="#shared">', b.text)
        self.save(alice, 403, search_name="all")
        self.assertIn('<a href="#search_name">', b.text)
        csrf = b.form("/console/searches").fields["csrf"]
        self.assertEqual(b.send("POST", "/console/searches/all/remove", {"csrf": csrf, "version": '"v1"'}).status, 403)
        # administrators change those of others; the form keeps what they are
        at_console(admin).get("/console/certificates?saved=all")
        self.save(admin, at=None, description="by the house", shared="yes")
        row = olga.get("/pki/searches/all").json
        self.assertEqual([row[k] for k in ("mine", "shared", "description", "version")], [True, True, "by the house", 2])
        at_console(admin).get("/console/certificates")
        at_console(admin).submit("/console/searches/all/remove")
        self.assertEqual(self.shown(bob), ["both"])

    def test_console_is_not_for_foreign_pages(self):
        self.put("mine")
        b = at_console(alice)
        b.get("/console/certificates?saved=mine")
        fields, remove = b.form("/console/searches").fields, b.form("/console/searches/mine/remove").fields
        for path, sent in (("/console/searches", {**fields, "query": "Id -gt 9"}), ("/console/searches/mine/remove", remove)):
            self.assertEqual(b.send("POST", path, {**sent, "csrf": "x"}).status, 403)
            self.assertEqual(b.send("POST", path, {k: v for k, v in sent.items() if k != "csrf"}).status, 403)
            self.assertEqual(b.send("POST", path, sent, site="same-site").status, 403)
            self.assertIn(b.send("POST", path, sent, site="cross-site").status, (303, 401, 403))
            self.assertIn(alice.send("POST", path, urllib.parse.urlencode(sent).encode(), Content_Type="application/x-www-form-urlencoded").status, (401, 403))
        self.assertEqual([alice.get("/pki/searches/mine").json[k] for k in ("query", "version")], ["Id -ne 0", 1])

    def test_no_more_than_a_bounded_number(self):
        env.psql("insert into saved_search (name, owner, owner_kind, owner_id, is_shared, query, changed_by) select 'n' || i, s.owner, s.owner_kind, "
                 "s.owner_id, false, 'x', 'x' from generate_series(1, 199) i, saved_search s" if self.put("first") else "")
        self.put("last", status=409)

    def test_command(self):
        env.admin("search", "save", "old", "NotAfter -lt %TODAY%", "--description", "gone", "--fields", "id", "--desc")
        self.assertEqual(alice.get("/pki/searches/old").json["query"], "NotAfter -lt %TODAY%")
        self.assertNotEqual(env.admin("search", "save", "old", "Id -eq 1", check=False).returncode, 0)
        env.admin("search", "save", "old", f"Id -lt {FIRST}", "--replace", "--fields", "id", "--desc", "--order-by", "id")
        self.put("private", alice)
        self.assertEqual([(e["name"], e["shared"]) for e in env.admin("search", "list", "--json")], [("old", True), ("private", False)])
        self.assertEqual(env.admin("search", "show", "OLD", "--json")["version"], 2)
        found = env.admin("cert", "search", "--saved", "old", "--json")
        self.assertEqual(found, olga.get("/pki/certificates?saved=old&limit=50").json["entries"])
        for wrong in (["search", "save", "bad", "What -eq 1"], ["search", "show", "private"], ["cert", "search", "--saved", "x"], ["cert", "search"],
                      ["cert", "search", "Id -eq 1", "--saved", "old"]):
            self.assertNotEqual(env.admin(*wrong, check=False).returncode, 0, wrong)
        env.admin("search", "remove", "private", "--owner", alice.get("/pki/searches/private").json["owner"], "--yes")
        env.admin("search", "remove", "old", "--yes")
        self.assertEqual(env.count("select count(*) from saved_search"), 0)


class Shown(unittest.TestCase):
    """Certificates of others that rules show to a group, and nothing more. docs/inventory.md, "Who sees what"."""
    GROUP = "cn=viewers,ou=pki,dc=example,dc=test"
    ALICE = "cn=Alice Adams,ou=people,dc=example,dc=test"
    NOBODY = "cn=Gina Green,ou=people,dc=example,dc=test"
    erin = person("erin", "erin-secret")

    @classmethod
    def ldap(cls, tool, text):
        subprocess.run([tool, "-x", "-H", env.var["GATEHOUSE_LDAP_URI"], "-D", "cn=gatehouse,ou=services,dc=example,dc=test", "-y",
                        str(env.scratch / "service.password")], check=True, stdout=subprocess.DEVNULL, input=f"dn: {cls.GROUP}\n{text}\n".encode(),
                       env={"LDAPTLS_CACERT": str(env.dir / "state/slapd/ca.crt"), "PATH": "/usr/bin:/bin"})

    @classmethod
    def setUpClass(cls):
        password = env.scratch / "service.password"  # as a file without a line break
        password.touch(0o600)
        password.write_text((env.dir / "state/slapd/service.password").read_text().strip())
        if env.count(f"select count(*) from certificate where id >= {FIRST}") == 0:
            fill()
        cls.ldap("ldapadd", f"objectClass: groupOfNames\ncn: viewers\nmember: {cls.ALICE}\nmember: {cls.NOBODY}")
        env.admin("metadata", "add", "Team", "--type", "String")
        env.await_catalog()
        reply = enroll(bob)
        assert reply.status == 201, reply.body
        cls.cert = reply.json["certificate"]["id"]
        env.without_triggers(f"update certificate set metadata = '{{\"Team\": \"Web \\\"1\\\"\"}}' where id = {cls.cert}")

    def rule(self, *by, name="one", group=None):
        env.admin("view", "add", name, "--group", group or self.GROUP, *by)
        self.addCleanup(lambda: (env.admin("view", "remove", name, check=False), env.await_catalog()))
        env.await_catalog()

    def finds(self, who, more=""):
        reply = who.get(f"/pki/certificates?query=Id%20-eq%20{self.cert}{more}")
        self.assertEqual(reply.status, 200, reply.body)
        return reply

    def sees(self, who):
        """What each way to see the certificate says."""
        page = self.finds(who, "&count=estimate").json
        sight = [len(page["entries"]), page["count"], len(ids(self.finds(who, "&format=jsonl").body))]
        one = who.get(f"/pki/certificate/{self.cert}")
        self.assertEqual(one.status, 200, one.body)
        sight += [int("requester" in one.json and "metadata" in one.json)]
        sight += [int(who.get(f"/pki/certificate/{self.cert}/metadata{path}").status == 200) for path in ("", "/history")]
        listed = who.get(f"/KeyfactorAPI/Certificates?pq.queryString={urllib.parse.quote(f'CertId -eq {self.cert}')}")
        self.assertEqual(listed.status, 200, listed.body)
        sight += [len(listed.json), int(bool(who.get(f"/KeyfactorAPI/Certificates/{self.cert}?includeMetadata=true").json.get("Metadata")))]
        self.assertEqual(len(set(sight)), 1, sight)
        return sight[0] == 1

    def test_member_sees_and_changes_nothing(self):
        self.assertFalse(self.sees(alice))
        self.rule("--metadata", 'Team=web "1"')
        self.assertEqual([self.sees(who) for who in (alice, self.erin, bob, olga)], [True, False, True, True])
        status = bob.get(f"/pki/certificate/{self.cert}/status")
        for method, path, body, header in (("PUT", "status", {"status": "revoked", "reason": "superseded"}, {"If_Match": status.headers["etag"]}),
                                           ("PUT", "metadata?merge=yes", {"Team": "x"}, {})):
            reply = alice.send(method, f"/pki/certificate/{self.cert}/{path}", body, **header)
            self.assertEqual(reply.status, 403, reply.body)
        reply = alice.post(f"/pki/request/User?renew={self.cert}", {"pkcs10": base64.b64encode(CSR).decode()})
        self.assertIn(reply.status, (403, 404, 422), reply.body)
        self.assertEqual(env.sql(f"select status from certificate where id = {self.cert}"), [["20"]])
        self.assertEqual(alice.get("/pki/certificates/statistics").status, 403)
        env.admin("view", "remove", "one")
        env.await_catalog()
        self.assertFalse(self.sees(alice))
        self.assertEqual(env.sql("select event, object from audit where event like 'view.rule-%' order by id desc limit 2")[::-1],
                         [["view.rule-added", "one"], ["view.rule-removed", "one"]])

    def test_who_leaves_the_group_sees_no_more(self):
        self.rule("--metadata", 'Team=web "1"')
        self.assertTrue(self.sees(alice))
        self.ldap("ldapmodify", f"changetype: modify\ndelete: member\nmember: {self.ALICE}")
        try:
            self.assertFalse(self.sees(alice))
        finally:
            self.ldap("ldapmodify", f"changetype: modify\nadd: member\nmember: {self.ALICE}")
        self.assertTrue(self.sees(alice))

    def test_by_template_and_ca(self):
        """Page by page through all that others have, each row once, and no foreign one."""
        for by in (("--template", "user"), ("--ca", "ISSUING")):
            with self.subTest(by):
                self.rule(*by, name="wide")
                all_of = env.count("select count(*) from certificate where " +
                                   ("lower(template) = 'user'" if by[0] == "--template" else "ca_id = (select id from ca where name = 'issuing')"))
                self.assertEqual(alice.get("/pki/certificates?count=exact&limit=1").json["count"], all_of)
                some = urllib.parse.quote(f"Id -ge {FIRST + ROWS - 3000}")
                found = ids(alice.get(f"/pki/certificates?format=jsonl&fields=id&order_by=not_after&query={some}").body)
                self.assertEqual((len(found), len(set(found))), (3000, 3000))
                few = alice.get(f"/pki/certificates?limit=5&fields=id&order_by=id&query={urllib.parse.quote(f'Id -ge {FIRST}')}").json
                self.assertEqual([e["id"] for e in few["entries"]], [FIRST + i for i in range(5)])
                env.admin("view", "remove", "wide")
                env.await_catalog()

    def test_writer_of_the_database_gains_nothing(self):
        env.psql(f"insert into view_rule (id, name, \"group\", field, value) values (77, 'evil', '{self.GROUP}', 'Team', 'web \"1\"')")
        try:
            env.await_log("(evil) was added without Gatehouse")
            self.assertFalse(self.sees(alice))
        finally:
            env.psql("delete from view_rule where name = 'evil'")
        env.await_catalog()

    def test_command(self):
        self.rule("--template", "User")
        row, = env.admin("view", "list", "--json")
        self.assertEqual({k: row[k] for k in ("name", "group", "template", "ca", "field", "value")},
                         {"name": "one", "group": self.GROUP, "template": "User", "ca": None, "field": None, "value": None})
        for wrong in (["one", "-g", "g", "-t", "User"], ["x", "-g", "g"], ["x", "-t", "User"], ["x", "-g", "g", "-t", "User", "--ca", "issuing"],
                      ["x", "-g", "g", "-t", "Usr"], ["x", "-g", "g", "--ca", "none"], ["x", "-g", "g", "-m", "Team"], ["x", "-g", "g", "-m", "None=1"],
                      ["x", "-g", "g", "-m", 'Team -eq "a" OR Team=b'], ["x", "-g", "", "-t", "User"]):
            self.assertNotEqual(env.admin("view", "add", *wrong, check=False).returncode, 0, wrong)
        self.assertNotEqual(env.admin("view", "remove", "x", check=False).returncode, 0)
        self.assertEqual(env.count("select count(*) from view_rule"), 1)


if __name__ == "__main__":
    tap.main()
