#!/usr/bin/env python3
"""Connections that end in every way, at any byte, while others are served: no worker may end, and every answer
to the others must be right."""

import base64
import http.client
import json
import os
import random
import signal
import socket
import ssl
import struct
import subprocess
import threading
import unittest
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

import der
import kra_client as kra
import tap
from client import Client, now as client_now
from environment import BUILD, TOP, Environment, wait_for
from person import Person

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
CONNECTIONS = 500                # of one round
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
        table = subprocess.run([BUILD / "tests/docs/print_routes"], check=True, stdout=subprocess.PIPE).stdout.decode()
        for method, pattern, *_ in (line.split() for line in table.splitlines()):
            path = pattern.replace("{v}", "3").replace("{v12}", "1").replace("{id}", "1").replace("{name}", "issuing")
            yield self.request(method.upper(), path.replace("{rest}", "MAMKAQE="))
        for path in ("/crl/issuing.crl", "/crl/issuing.pem", "/ca/issuing.cer"):
            yield self.request("GET", path)
        ocsp = b"\x30\x1e" + os.urandom(30)
        yield self.request("POST", "/ocsp", ocsp, "application/ocsp-request")
        head = f"POST {ENROLL} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
        yield head + b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\nA: b\r\n\r\n"
        yield head + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"
        yield head + b"Content-Length: 2\r\n\r\n{}" + self.request("GET", "/healthz") * 3
        yield b"BREW /pot HTTP/9.9\r\n\r\n"

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

    @staticmethod
    def authorized(who, method, path, value):
        text = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {who.basic}\r\nIf-Match: *\r\n"
        if value is None:
            return (text + "\r\n").encode()
        body = json.dumps(value).encode()
        return (text + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body

    def break_off(self, requests=None):
        """Some hundred connections, in an order that is the same each time."""
        cases = [(raw, k, ending, tls) for raw in requests or self.requests() for k in self.cuts(raw)
                 for tls in (False, True) for ending in ENDINGS if tls or ending in ("fin", "rst", "close", "silence")]
        self.random.shuffle(cases)
        for raw, k, ending, tls in cases[:CONNECTIONS]:
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

    def test_key_calls_that_end_while_others_are_served(self):
        requests = list(self.key_requests())
        signers = {pid for pid, line in env.processes("gatehouse-signer")}
        stop, count, errors = threading.Event(), [0], []
        other = threading.Thread(target=self.serve_others, args=(stop, count, errors))
        other.start()
        try:
            for _ in range(2):
                self.break_off(requests)
        finally:
            stop.set()
            other.join()
            while silent:
                silent.pop().close()
        self.assertEqual(errors, [])
        self.assertGreater(count[0], 5)
        self.assertEqual({pid for pid, line in env.processes("gatehouse-signer")}, signers)
        self.assertEqual(env.workers(), self.before)
        self.assertEqual(findings(), "")
        # nothing was given out without its row, and what had ended stays so
        self.assertEqual(env.count("select count(*) from key_request r where r.releases <> (select count(*) from audit a where "
                                   "a.event like 'key.recovered%' and a.detail ~ ('^request ' || r.id || '(:|$)'))"), 0)
        self.assertEqual(env.count("select count(*) from key_request where state in ('rejected', 'canceled') and releases > 0"), 0)

    def test_ends_of_every_kind_while_others_are_served(self):
        stop, count, errors = threading.Event(), [0], []
        others = [threading.Thread(target=self.serve_others, args=(stop, count, errors)) for _ in range(2)]
        for t in others:
            t.start()
        try:
            for _ in range(3):
                self.break_off()
                os.kill(env.gateway_pid(), signal.SIGHUP)   # TLS is exchanged in the middle of it
        finally:
            stop.set()
            for t in others:
                t.join()
            while silent:
                silent.pop().close()
        self.assertEqual(errors, [])
        self.assertGreater(count[0], 5)
        self.assertEqual(env.workers(), self.before)
        self.assertEqual(findings(), "")

    def test_answers_that_nobody_reads_to_the_end(self):
        """In the middle of a stream (PEM) and of a shared body (DER), also while TLS is exchanged."""
        env.sql("insert into revocation (certificate_id, ca_id, serial, revoked_at, reason, not_after, revoked_by) "
                "select -i, (select id from ca where name = 'issuing'), substr(sha256(i::text::bytea), 1, 16), now(), 1, "
                "now() + interval '1 year', 'test' from generate_series(1, 100000) as i")
        env.admin("crl", "issue", "--ca", "issuing")
        env.await_crl("issuing")
        cases = [(suffix, tls, ending) for suffix in ("pem", "crl") for tls in (False, True)
                 for ending in ("fin", "rst", "close", "silence")] * 12
        self.random.shuffle(cases)
        for i, (suffix, tls, ending) in enumerate(cases):
            raw = self.request("GET", f"/crl/issuing.{suffix}") * self.random.choice((1, 2))
            where = urlsplit(env.var["GATEHOUSE_HTTP_URL"])
            if tls:
                c = RawTls()
                c.socket.sendall(c.records(raw))
                s = c.socket
            else:
                s = socket.create_connection((where.hostname, where.port), timeout=60)
                s.sendall(raw)
            for _ in range(self.random.randrange(5)):
                self.assertTrue(s.recv(self.random.choice((1, 4096, 1 << 20))))
            self.end_socket(s, ending)
            if i == len(cases) // 2:
                os.kill(env.gateway_pid(), signal.SIGHUP)
        self.assertEqual(Client(env).get("/crl/issuing.pem").status, 200)
        while silent:
            silent.pop().close()
        env.sql("delete from revocation where certificate_id < 0")
        self.assertEqual(env.workers(), self.before)
        self.assertEqual(findings(), "")

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
