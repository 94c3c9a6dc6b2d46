#!/usr/bin/env python3
"""Connections that end in every way, at any byte, while others are served: no worker may end, and every answer
to the others must be right."""

import base64
import http.client
import json
import os
import random
import re
import signal
import socket
import ssl
import struct
import subprocess
import threading
import unittest
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from cryptography import x509

import der
import kra_client as kra
import tap
from client import Client, now as client_now
from environment import BUILD, TOP, Environment, wait_for
from person import Person
from plain_browser import PlainBrowser

# needs: sanitizers
# A gateway whose module is built with AddressSanitizer: `make check ONLY='build-sanitizers'` makes it.
MODULE = BUILD / "sanitized" / "gatehouse.so"
if not MODULE.exists():
    raise SystemExit(f"{MODULE} is not there: make check ONLY='build-sanitizers'")
LOG = Path(os.environ.get("TMPDIR", "/tmp")) / f"asan-churn-{os.getpid()}"
env = Environment("churn", GATEHOUSE_KRA="P-256", GATEHOUSE_MODULE=str(MODULE), PATH=f"{TOP}/tests/servers/asan:{os.environ['PATH']}",
                  ASAN_LOG=str(LOG), # shorter than the test, and longer than a client of a slow machine needs between two requests
                  GATEHOUSE_CONF_EXTRA="gateway { request_timeout = 10 }\nlimits { failures = 10000 }\nkra { open_requests = 0 }")
GARBAGE_RECORD = b"\x17\x03\x03\x00\x40" + os.urandom(64)
ENROLL = "/CMSApi/CertEnroll/3/Pkcs10"
ENDINGS = ("fin", "rst", "close", "close_notify", "garbage", "truncated", "silence")
CONNECTIONS = int(os.environ.get("CHURN_CONNECTIONS", 500))  # of one round; all there are: 100000
MALFORMED = base64.b64decode("MAMKAQE=")
silent = []                      # connections that say nothing more


def findings():
    """What AddressSanitizer has to say, of any worker."""
    return "".join(f.read_text(errors="replace")[:3000] for f in LOG.parent.glob(LOG.name + ".*"))


def accepts():
    try:
        return Client(env, timeout=5).get("/healthz").status == 200
    except OSError:
        return False


class RawTls:
    """TLS whose records the test holds in its hand: several, and broken ones, can go out in one packet."""

    def __init__(self):
        where = urlsplit(env.var["GATEHOUSE_URL"])
        context = ssl.create_default_context(cafile=env.var["GATEHOUSE_CAFILE"])
        self.socket = socket.create_connection((where.hostname, where.port), timeout=60)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush()
                self.incoming.write(self.socket.recv(65536))
        self.flush()

    def flush(self):
        self.socket.sendall(self.outgoing.read())

    def records(self, data):
        """Application data, encrypted and not yet sent."""
        self.tls.write(data)
        return self.outgoing.read()

    def close_notify(self):
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass            # it would wait for the server's
        return self.outgoing.read()

    def close(self):
        self.socket.close()


class Workers(unittest.TestCase):
    def setUp(self):
        self.before = env.workers()

    def still_serve(self, requests=400):
        for _ in range(requests):
            self.assertEqual(Client(env).get("/healthz").status, 200)
        self.assertEqual(env.workers(), self.before)
        self.assertEqual(findings(), "")

    def test_sanitizer_is_there(self):
        self.assertTrue(self.before)
        for pid in self.before:
            self.assertIn("libclang_rt.asan", Path(f"/proc/{pid}/maps").read_text())
            self.assertIn("Seccomp:\t2", Path(f"/proc/{pid}/status").read_text())

    def test_body_of_a_delete_that_breaks_off(self):
        head = (b"DELETE /api/v1/certificate-authorities/root/password/remove HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Length: 100\r\n\r\n")
        for _ in range(10):
            for ending in (lambda c: GARBAGE_RECORD, RawTls.close_notify):
                c = RawTls()
                c.socket.sendall(c.records(head) + ending(c))
                try:
                    c.socket.recv(1)
                except OSError:
                    pass
                c.close()
        self.still_serve()

    def test_base64_with_bits_left_over(self):
        where = urlsplit(env.var["GATEHOUSE_HTTP_URL"])
        for path in ("00", "01", "MAB", "MAA", "%30%30", "A", "MAB=", "=", "0" * 1000 + "B"):
            connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
            connection.request("GET", "/ocsp/" + path)
            reply = connection.getresponse()
            self.assertEqual((reply.status, reply.read()), (200, MALFORMED), path)
            connection.close()
        self.still_serve(4)


class Churn(unittest.TestCase):
    """Requests for every route, cut anywhere, ended in each way, while others are served."""

    def setUp(self):
        self.before = env.workers()
        self.random = random.Random(7)

    def requests(self):
        """A whole request for each row of the route table, and some that belong to none."""
        for method, path in self.routes({"v": "3", "v12": "1", "id": "1", "name": "issuing", "rest": "MAMKAQE="}):
            yield self.request(method, path)
        for path in ("/crl/issuing.crl", "/crl/issuing.pem", "/ca/issuing.cer"):
            yield self.request("GET", path)
        ocsp = b"\x30\x1e" + os.urandom(30)
        yield self.request("POST", "/ocsp", ocsp, "application/ocsp-request")
        head = f"POST {ENROLL} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
        yield head + b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\nA: b\r\n\r\n"
        yield head + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"
        yield head + b"Content-Length: 2\r\n\r\n{}" + self.request("GET", "/healthz") * 3
        yield b"BREW /pot HTTP/9.9\r\n\r\n"

    @staticmethod
    def routes(values):
        """Method and path of each row; what stands for the braces by their names."""
        table = subprocess.run([BUILD / "tests/docs/print_routes"], check=True, stdout=subprocess.PIPE).stdout.decode()
        for method, pattern, *_ in (line.split() for line in table.splitlines()):
            yield method.upper(), re.sub(r"\{(\w+)\}", lambda m: values.get(m.group(1), m.group(1)), pattern)

    def request(self, method, path, body=b'{"password": "correct horse battery"}', kind="application/json"):
        text = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        if method in ("GET", "HEAD"):
            return (text + "\r\n").encode()
        auth = base64.b64encode(b"alice:wrong").decode() if self.random.random() < 0.05 else None
        text += f"Authorization: Basic {auth}\r\n" if auth else ""
        return (text + f"Content-Length: {len(body)}\r\n\r\n").encode() + body

    def cuts(self, raw):
        at = raw.find(b"\r\n\r\n") + 4
        fixed = {0, 1, at - 1, at, at + 1, len(raw) - 1, len(raw)}
        return {k for k in fixed if 0 <= k <= len(raw)} | {self.random.randrange(len(raw)) for _ in range(2)}

    def end_plain(self, part, ending):
        where = urlsplit(env.var["GATEHOUSE_HTTP_URL"])
        s = socket.create_connection((where.hostname, where.port), timeout=60)
        s.sendall(part)
        self.end_socket(s, ending)

    def end_tls(self, part, ending):
        c = RawTls()
        data = c.records(part) if part else b""
        if ending == "close_notify":
            data += c.close_notify()
        elif ending == "garbage":
            data += GARBAGE_RECORD
        elif ending == "truncated" and data:
            data = data[:-1]
        c.socket.sendall(data)
        self.end_socket(c.socket, ending)

    def end_socket(self, s, ending):
        if ending == "silence":
            silent.append(s)
            return
        if ending == "rst":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif ending == "fin":
            s.shutdown(socket.SHUT_WR)
            s.settimeout(0.02)
            try:
                s.recv(100)
            except OSError:
                pass
        s.close()

    def key_requests(self):
        """Of each route of the KRA, by who may, about a key request in each state."""
        var = env.var
        alice, anna, bert = (Person(var[f"GATEHOUSE_{n}USER"], var[f"GATEHOUSE_{n}PASSWORD"], env) for n in ("", "AGENT_", "AGENT2_"))
        transport = x509.load_der_x509_certificate(
            alice.get("/pki/config/kra/cert/transport", Accept="application/pkix-cert").body).public_key()
        key, receiver = kra.make_key("P-256"), kra.Receiver(transport)
        archive = {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())), **kra.wrapped_secret(transport, kra.pkcs8(key))}
        key_id = alice.post("/pki/keyrequest/archive", archive).json["key_id"]

        def asked():
            return alice.post("/pki/keyrequest/recovery", {"key_id": key_id}).json["id"]

        def approved():
            request = asked()
            for agent in (anna, bert):
                self.assertEqual(agent.decide(request, "approved").status, 200)
            return request

        states = {"pending": asked(), "approved": approved(), "complete": approved(), "rejected": asked(), "canceled": asked(), "expired": asked()}
        self.assertEqual(alice.post(f"/pki/key/{key_id}", {"request": states["complete"], **receiver.body}).status, 200)
        self.assertEqual(anna.decide(states["rejected"], "rejected").status, 200)
        self.assertEqual(alice.decide(states["canceled"], "canceled").status, 200)
        env.psql(f"update key_request set expires_at = now() - interval '1 s' where id = {states['expired']}")
        for state, request in states.items():
            self.assertEqual(alice.get(f"/pki/keyrequest/{request}/status").json["state"], state)
            for who, method, path, body in (
                    (alice, "GET", f"/pki/keyrequest/{request}", None), (anna, "GET", f"/pki/keyrequest/{request}/status", None),
                    (anna, "PUT", f"/pki/keyrequest/{request}/status", {"status": "approved"}),
                    (bert, "PUT", f"/pki/keyrequest/{request}/status", {"status": "approved", "signature": kra.b64(os.urandom(300))}),
                    (alice, "POST", f"/pki/key/{key_id}", {"request": request, **receiver.body}),
                    (anna, "POST", f"/pki/key/{key_id}", {"request": request, **receiver.body})):
                yield self.authorized(who, method, path, body)
        yield self.authorized(alice, "POST", "/pki/keyrequest/archive", archive)
        yield self.authorized(alice, "POST", "/pki/keyrequest/archive", {**archive, "secret": {**archive["secret"], "value": "AAAA"}})
        yield self.authorized(alice, "POST", "/pki/keyrequest/recovery", {"key_id": key_id, **receiver.body})
        yield self.authorized(alice, "POST", "/pki/keyrequest/generate", {"key_type": "EC", "key_size": 256, **receiver.body})
        yield self.authorized(anna, "PUT", f"/pki/key/{key_id}/status", {"status": "active"})
        for path in ("/pki/keys", "/pki/keyrequests?state=pending", f"/pki/key/{key_id}", "/pki/info", "/pki/config/kra/cert/transport"):
            yield self.authorized(anna, "GET", path, None)

    def house_requests(self):
        """Each route of REST, KeyfactorAPI and the console, called by those who may at least look; those of the classic API
        by an application. What would change the house is refused late: nothing has that version."""
        olga, admin, alice, browsers, last = self.house_people()
        values = {"id": last, "name": "root", "profile": "User", "kid": "00000000-0000-4000-8000-000000000000"}
        for method, path in self.routes(values):
            if path.startswith("/console"):
                yield from (self.in_browser(browser, method, path) for browser in browsers)
            elif path.startswith(("/pki", "/keyfactorapi")) and method != "DELETE":
                value = None if method in ("GET", "HEAD") else {"status": "revoked"}
                yield from (self.authorized(who, method, path, value, '"v999"') for who in (olga, admin, alice))
            elif path.startswith(("/certificates/3", "/metadata/3")):
                yield self.classic("/CMSApi" + path, {"Lookup": {"Type": "CMSID", "CMSID": int(last)}})
        yield from self.house_changes(olga, admin, alice, last)
        yield from self.house_forms(*browsers)

    @staticmethod
    def house_people():
        """An officer, an administrator and a user; browsers of the first two; and the last certificate."""
        olga, admin, alice = (Person(env.var[f"GATEHOUSE_{n}USER"], env.var[f"GATEHOUSE_{n}PASSWORD"], env) for n in ("OFFICER_", "ADMIN_", ""))
        browsers = PlainBrowser(env), PlainBrowser(env)
        for browser, who in zip(browsers, (olga, admin)):
            browser.log_in(who.user, who.password)
        return olga, admin, alice, browsers, env.sql("select max(id) from certificate")[0][0]

    def house_changes(self, olga, admin, alice, last):
        """And those that do much."""
        pem = der.openssl("x509", "-inform", "DER", stdin=bytes.fromhex(env.sql(f"select encode(der, 'hex') from certificate where id = {last}")[0][0])).decode()
        csr = base64.b64encode(der.csr(der.Key(env.scratch, "ec:P-256"))).decode()
        yield self.authorized(admin, "POST", "/pki/certificates/import", {"content": base64.b64encode(pem.encode() * 50 + b"garbage").decode()})
        yield self.authorized(olga, "POST", "/pki/metadata-runs", {"query": "Id -gt 0", "values": {"Department": "IT"}, "dry_run": True})
        yield self.authorized(olga, "POST", "/pki/metadata-runs", {"query": f"Id -eq {last}", "values": {"Department": "IT"}})
        for path in ("/pki/metadata-runs", "/pki/metadata-runs/1", "/pki/metadata-runs/1/items", "/pki/endpoints?failing=yes", "/pki/searches"):
            yield self.authorized(olga, "GET", path, None)
        yield self.authorized(olga, "PUT", "/pki/metadata-runs/1/status", {"status": "canceled"})
        yield self.authorized(admin, "POST", "/pki/messages/test", {"to": "administrators"})
        yield self.authorized(olga, "PUT", "/pki/searches/churn", {"query": 'Subject -contains "a" OR Id -gt 3'})
        yield self.authorized(olga, "PUT", f"/pki/certificate/{last}/metadata", {"Department": "IT"})
        yield self.authorized(alice, "POST", "/keyfactorapi/enrollment/csr", {"CSR": csr, "Template": "User"})
        yield self.authorized(olga, "POST", "/keyfactorapi/certificates/download", {"CertID": int(last), "IncludeChain": True})
        yield self.authorized(olga, "PUT", "/keyfactorapi/certificates/metadata", {"Id": int(last), "Metadata": {"Department": "IT"}})
        yield self.classic("/CMSApi/Metadata/3/Set", {"Lookup": {"Type": "CMSID", "CMSID": int(last)}, "Metadata": {"Department": "IT"}})
        for query in ("count=exact&limit=1000", "format=jsonl", "format=csv&order_by=not_after", "query=Subject%20-contains%20%22a%22", "query=Id%20-eq"):
            yield self.authorized(olga, "GET", "/pki/certificates?" + query, None)

    def house_forms(self, officer, administrator):
        """Pages that are followed by a long answer, and forms that are complete."""
        for path in ("/console", "/console/endpoints", "/console/metadata-runs/1", "/console/certificates/file?format=csv", "/console/certificates/file?format=jsonl"):
            yield self.in_browser(officer, "GET", path)
        for path in ("/console/metadata-runs", "/console/searches"):
            yield self.in_browser(officer, "POST", path)
        yield self.in_browser(administrator, "POST", "/console/messages/test")

    @staticmethod
    def in_browser(browser, method, path):
        url = env.var["GATEHOUSE_URL"]
        text = f"{method} {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nAccept: text/html\r\nCookie: __Host-gatehouse={browser.cookie}\r\n"
        if method in ("GET", "HEAD"):
            return (text + "\r\n").encode()
        body = urlencode({"csrf": browser.form("/logout").fields["csrf"], "version": "999", "query": "Id -gt 0", "search_name": "x"})
        return (f"{text}Origin: {url}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}").encode()

    @staticmethod
    def classic(path, value):
        body = json.dumps({"Timestamp": client_now(), **value}).encode()
        head = {"Host": "localhost", "Content-Length": len(body), **Client(env).headers(body)}
        return f"POST {path} HTTP/1.1\r\n".encode() + "".join(f"{n}: {v}\r\n" for n, v in head.items()).encode() + b"\r\n" + body

    @staticmethod
    def authorized(who, method, path, value, match="*"):
        text = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {who.basic}\r\nIf-Match: {match}\r\n"
        if value is None:
            return (text + "\r\n").encode()
        body = json.dumps(value).encode()
        return (text + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body

    def break_off(self, requests=None):
        """Some hundred connections, in an order that is the same each time."""
        cases = [(raw, k, ending, tls) for raw in requests or self.requests() for k in self.cuts(raw)
                 for tls in (False, True) for ending in ENDINGS if tls or ending in ("fin", "rst", "close", "silence")]
        self.random.shuffle(cases)
        self.end_each(cases[:CONNECTIONS])

    def end_each(self, cases):
        for raw, k, ending, tls in cases:
            try:
                (self.end_tls if tls else self.end_plain)(raw[:k], ending)
            except (OSError, ssl.SSLError):
                pass        # closed from the other side
            while len(silent) > 100:
                silent.pop(0).close()

    def serve_others(self, stop, count, errors):
        """Every answer must be there and be the right one."""
        client, where = Client(env).keep(), urlsplit(env.var["GATEHOUSE_HTTP_URL"])
        csr = der.csr(der.Key(env.scratch, "ec:P-256"))
        ask = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
        try:
            while not stop.is_set():
                reply = client.enroll(csr)
                assert reply.status == 200 and reply.certificates(), reply
                assert client.get("/nothing").status == 404
                ask.request("GET", "/ocsp/00")
                reply = ask.getresponse()
                assert (reply.status, reply.read()) == (200, MALFORMED), reply.status
                count[0] += 1
        except Exception as e:
            errors.append(repr(e))

    def while_others_are_served(self, work, others=1):
        stop, count, errors = threading.Event(), [0], []
        threads = [threading.Thread(target=self.serve_others, args=(stop, count, errors)) for _ in range(others)]
        for t in threads:
            t.start()
        try:
            work()
        finally:
            stop.set()
            for t in threads:
                t.join()
            while silent:
                silent.pop().close()
        self.assertEqual(errors, [])
        self.assertGreater(count[0], 5)
        self.assertEqual(env.workers(), self.before)
        self.assertEqual(findings(), "")

    def nothing_is_held(self):
        """By who has gone away: no connection to the database is in the middle of anything, each thread is free."""
        wait_for(lambda: env.count("select count(*) from pg_stat_activity where usename = 'gatehouse' and pid <> pg_backend_pid() "
                                   "and state <> 'idle'") == 0, "no statement at work")
        wait_for(lambda: env.metric("gatehouse_pool_busy_threads") == 0, "no thread at work")

    def test_key_calls_that_end_while_others_are_served(self):
        requests = list(self.key_requests())
        signers = {pid for pid, line in env.processes("gatehouse-signer")}
        self.while_others_are_served(lambda: self.break_off(requests) or self.break_off(requests))
        self.assertEqual({pid for pid, line in env.processes("gatehouse-signer")}, signers)
        # nothing was given out without its row, and what had ended stays so
        self.assertEqual(env.count("select count(*) from key_request r where r.releases <> (select count(*) from audit a where "
                                   "a.event like 'key.recovered%' and a.detail ~ ('^request ' || r.id || '(:|$)'))"), 0)
        self.assertEqual(env.count("select count(*) from key_request where state in ('rejected', 'canceled') and releases > 0"), 0)

    def test_house_calls_that_end_while_others_are_served(self):
        requests = list(self.house_requests())
        self.while_others_are_served(lambda: self.break_off(requests))
        self.nothing_is_held()

    def test_whole_house_calls_that_nobody_waits_for(self):
        """What does much has come to its end or its first line when the client goes away, in each way."""
        olga, admin, alice, browsers, last = self.house_people()
        calls = [*self.house_changes(olga, admin, alice, last), *self.house_forms(*browsers)]
        cases = [(raw, len(raw), ending, True) for raw in calls for ending in ENDINGS]
        self.random.shuffle(cases)
        self.while_others_are_served(lambda: self.end_each(cases))
        self.nothing_is_held()

    def test_ends_of_every_kind_while_others_are_served(self):
        def work():
            for _ in range(3):
                self.break_off()
                os.kill(env.gateway_pid(), signal.SIGHUP)   # TLS is exchanged in the middle of it
        self.while_others_are_served(work, others=2)

    def read_a_little(self, requests, times):
        """Of the answer to each, (request, whether by TLS), in each way; in the middle of it TLS is exchanged."""
        cases = [(raw, tls, ending) for raw, tls in requests for ending in ("fin", "rst", "close", "silence")] * times
        self.random.shuffle(cases)
        for i, (raw, tls, ending) in enumerate(cases):
            where = urlsplit(env.var["GATEHOUSE_HTTP_URL"])
            if tls:
                c = RawTls()
                c.socket.sendall(c.records(raw * self.random.choice((1, 2))))
                s = c.socket
            else:
                s = socket.create_connection((where.hostname, where.port), timeout=60)
                s.sendall(raw * self.random.choice((1, 2)))
            for _ in range(self.random.randrange(5)):
                self.assertTrue(s.recv(self.random.choice((1, 4096, 1 << 20))))
            self.end_socket(s, ending)
            if i == len(cases) // 2:
                os.kill(env.gateway_pid(), signal.SIGHUP)

    def test_answers_that_nobody_reads_to_the_end(self):
        """In the middle of a stream (PEM) and of a shared body (DER), also while TLS is exchanged."""
        env.sql("insert into revocation (certificate_id, ca_id, serial, revoked_at, reason, not_after, revoked_by) "
                "select -i, (select id from ca where name = 'issuing'), substr(sha256(i::text::bytea), 1, 16), now(), 1, "
                "now() + interval '1 year', 'test' from generate_series(1, 100000) as i")
        env.admin("crl", "issue", "--ca", "issuing")
        env.await_crl("issuing")
        self.read_a_little([(self.request("GET", f"/crl/issuing.{suffix}"), tls) for suffix in ("pem", "crl") for tls in (False, True)], 12)
        self.assertEqual(Client(env).get("/crl/issuing.pem").status, 200)
        while silent:
            silent.pop().close()
        env.sql("delete from revocation where certificate_id < 0")
        self.assertEqual(env.workers(), self.before)
        self.assertEqual(findings(), "")

    def test_files_that_nobody_reads_to_the_end(self):
        """Exports: rows enough that none fits into the buffers on the way, each file of several pages."""
        env.without_triggers("insert into certificate (id, ca_id, serial, request_id, subject, sans, requester, template, status, not_before, not_after, sha1, "
                             "sha256, spki_sha256, der) select -i, c.id, int8send(i), -i, 'CN=' || repeat('long', 200) || i, '{}', 'bulk', 'User', 20, now(), "
                             "now() + interval '1 day', substring(sha256(i::text::bytea) for 20), sha256(i::text::bytea), sha256(i::text::bytea), '\\x3000' "
                             "from generate_series(1, 10000) i, ca c where c.name = 'issuing'")
        olga = Person(env.var["GATEHOUSE_OFFICER_USER"], env.var["GATEHOUSE_OFFICER_PASSWORD"], env)
        browser = PlainBrowser(env)
        browser.log_in(olga.user, olga.password)
        asked = [self.authorized(olga, "GET", f"/pki/certificates?{form}&query=Id%20-lt%200", None) for form in ("format=jsonl", "format=csv&order_by=not_after")]
        asked.append(self.in_browser(browser, "GET", "/console/certificates/file?format=csv&query=Id%20-lt%200"))
        try:
            self.while_others_are_served(lambda: self.read_a_little([(raw, True) for raw in asked], 3))
            self.nothing_is_held()
        finally:
            env.without_triggers("delete from certificate where id < 0")

    def test_worker_that_ends_says_close(self):
        """What is at work is answered, with Connection: close; and nothing that ends then is freed twice."""
        for _ in range(30):
            c = RawTls()
            c.socket.sendall(c.records(self.request("GET", "/healthz")[:-2]))
            silent.append(c.socket)
        env.postgres("freeze")
        try:
            waiting = Client(env).keep()
            body = json.dumps({"Timestamp": client_now(), "Request": {
                "TemplateName": "User", "Pkcs10Request": der.b64(der.csr(der.Key(env.scratch, "ec:P-256")))}}).encode()
            waiting.connection.request("POST", ENROLL, body, waiting.headers(body))
            wait_for(lambda: env.metric("gatehouse_pool_busy_threads") > 0, "the request is at work")
            halt = threading.Thread(target=env.gateway, args=("halt",))
            halt.start()
            wait_for(lambda: not accepts(), "no new connections")
        finally:
            env.postgres("thaw")
        reply = waiting.connection.getresponse()
        self.assertIn(reply.status, (200, 503))
        self.assertEqual(reply.getheader("Connection"), "close")
        halt.join()
        self.assertEqual(findings(), "")
        env.gateway("run")
        env.wait_ready()


if __name__ == "__main__":
    tap.main()
