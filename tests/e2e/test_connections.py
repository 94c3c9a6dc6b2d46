#!/usr/bin/env python3
"""The HTTP and TLS side: methods, sizes, slow and broken connections, health, metrics, and what the
processes may do."""

import json
import os
import re
import socket
import ssl
import struct
import time
import unittest
import warnings

import client
import der
import tap
from client import Client
from environment import Environment, wait_for

env = Environment("connections", GATEHOUSE_CONF_EXTRA="""
gateway { request_timeout = 2 body_max = 65536 max_connections = 256 }
""")
GOOD = der.csr(der.Key(env.scratch, "ec:P-256"))
PATH = "/CMSApi/CertEnroll/3/Pkcs10"


class Case(unittest.TestCase):
    def setUp(self):
        self.alice = Client(env)

    def tcp(self):
        return socket.create_connection((self.alice.host, self.alice.port), timeout=60)

    def tls(self):
        return self.alice.context.wrap_socket(self.tcp(), server_hostname="localhost")

    def send_raw(self, raw):
        """Everything the server says to these bytes until it closes."""
        with self.tls() as s:
            s.settimeout(2)     # a kept-alive connection stays open after the answer
            try:
                s.sendall(raw)
            except OSError:
                pass            # closed before all was sent
            return read_all(s)

    def still_serves(self):
        """An answer, and soon; the bound leaves time for a busy machine."""
        reply = Client(env, timeout=60).enroll(GOOD)
        self.assertEqual(reply.status, 200, reply.body)


def read_all(s):
    out = b""
    try:
        while True:
            part = s.recv(65536)
            if not part:
                return out
            out += part
    except OSError:
        return out


class Methods(Case):
    def test_wrong_method(self):
        for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
            with self.subTest(method=method):
                reply = self.alice.call(PATH, b"", method)
                self.assertEqual(reply.status, 405, reply.body)
                if method in ("GET", "PUT", "DELETE"):
                    self.assertEqual(reply.headers["allow"].replace(" ", ""), "POST")

    def test_head(self):
        reply = self.alice.request("HEAD", "/healthz")
        self.assertIn(reply.status, (200, 405))
        self.assertEqual(reply.body, b"")
        self.still_serves()

    def test_unknown_path(self):
        for path in ("/x", "/CMSApi", "/CMSApi/CertEnroll/4/Pkcs10", "/CMSApi/CertEnroll/0/Pkcs10", PATH + "x",
                     "/CMSApi/CertEnroll/3/Pkcs10/1", "/..%2f..%2fetc/passwd", "/%00", "//x", PATH + "/../Pkcs10",
                     "/" + "a" * 2000):
            with self.subTest(path=path[:40]):
                reply = self.alice.call(path, b"{}")
                self.assertIn(reply.status, (400, 404, 414), reply.body)

    def test_version_headers_and_request_id(self):
        reply = self.alice.enroll(GOOD)
        self.assertRegex(reply.headers["x-request-id"], r"^[0-9a-f]{32}$")
        self.assertIn("x-css-cms-api-version", reply.headers)
        self.assertIn("x-keyfactor-product-version", reply.headers)
        self.assertNotIn("kore", reply.headers.get("server", "").lower())
        env.await_log(reply.headers["x-request-id"])


class Bodies(Case):
    def test_oversized(self):
        for size in (65537, 300000):
            with self.subTest(size=size):
                try:
                    self.assertEqual(self.alice.call(PATH, b"x" * size).status, 413)
                except OSError:
                    pass  # closed before all was sent: allowed, as long as nothing else suffers
        self.still_serves()

    def test_declared_length_beyond_all_sense(self):
        for length in ("1000000000", "99999999999999999999", "-1", "12abc", "0x10"):
            with self.subTest(length=length):
                answer = self.send_raw(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n"
                                       f"Content-Length: {length}\r\n\r\n".encode())
                self.assertRegex(answer, rb"^(HTTP/1\.1 4\d\d |$)")
        self.still_serves()

    def test_just_below_the_limit(self):
        body = json.dumps({"Timestamp": client.now(), "Request": {
            "TemplateName": "User", "Pkcs10Request": der.b64(GOOD)}, "Padding": ""})
        body = body.replace('"Padding": ""', '"Padding": "%s"' % ("x" * (65000 - len(body))))
        self.assertEqual(self.alice.call(PATH, body).status, 200)

    def test_chunked_and_empty_header(self):
        answer = self.send_raw(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode())
        self.assertRegex(answer, rb"^(HTTP/1\.1 4\d\d |$)")
        answer = self.send_raw(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nX-CSS-CMS-Signature:\r\n"
                               "Content-Length: 2\r\n\r\n{}".encode())
        self.assertRegex(answer, rb"^(HTTP/1\.1 4\d\d |$)")
        self.still_serves()

    def test_expect_100_continue(self):
        body = json.dumps({"Timestamp": client.now(), "Request": {
            "TemplateName": "User", "Pkcs10Request": der.b64(GOOD)}}).encode()
        reply = self.alice.call(PATH, body, Expect="100-continue")
        self.assertEqual(reply.status, 200, reply.body)

    def test_many_and_long_headers(self):
        for lines in (["X-%d: y" % i for i in range(500)], ["X-Long: " + "y" * 100000]):
            with self.subTest(lines=len(lines)):
                answer = self.send_raw(("GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + "\r\n".join(lines) +
                                        "\r\n\r\n").encode())
                self.assertRegex(answer, rb"^(HTTP/1\.1 \d\d\d |$)")
        self.still_serves()

    def test_two_signatures_do_not_add_up(self):
        body = b"{}"
        head = "".join(f"{k}: {v}\r\n" for k, v in self.alice.headers(body, X_CSS_CMS_Signature="AAAA").items())
        good = self.alice.signature(body)
        answer = self.send_raw((f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n{head}X-CSS-CMS-Signature: {good}\r\n"
                                f"Content-Length: 2\r\n\r\n").encode() + body)
        self.assertRegex(answer, rb"^(HTTP/1\.1 4\d\d |$)")


class Slow(Case):
    def closed_within(self, s, seconds):
        begin = time.monotonic()
        s.settimeout(seconds + 5)
        # silently, or with 408 (RFC 9110, 15.5.9)
        self.assertRegex(read_all(s), rb"^(HTTP/1\.1 408 |$)")
        self.assertLess(time.monotonic() - begin, seconds)

    def test_empty_connections(self):
        for _ in range(50):
            self.tcp().close()
            self.tls().close()
        self.still_serves()

    def test_silent_connections_do_not_stop_others(self):
        silent = [self.tcp() for _ in range(60)] + [self.tls() for _ in range(20)]
        try:
            self.still_serves()
        finally:
            for s in silent:
                s.close()

    def test_silent_after_tls_is_closed(self):
        with self.tls() as s:
            self.closed_within(s, 15)

    def test_silent_before_tls_is_closed(self):
        with self.tcp() as s:
            self.closed_within(s, 30)

    def test_slow_header(self):
        with self.tls() as s:
            begin = time.monotonic()
            s.sendall(b"POST ")
            self.trickle(s, b"X" * 4000)
            self.assertLess(time.monotonic() - begin, 20)
        self.still_serves()

    def test_slow_body(self):
        with self.tls() as s:
            begin = time.monotonic()
            s.sendall(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n{{".encode())
            self.trickle(s, b" " * 4000)
            self.assertLess(time.monotonic() - begin, 20)
        self.still_serves()

    def trickle(self, s, data):
        """A byte now and then until the server has had enough."""
        s.settimeout(0.2)
        for i in range(len(data)):
            try:
                s.sendall(data[i:i + 1])
                if s.recv(1) in (b"", b"H"):
                    return
            except (socket.timeout, ssl.SSLWantReadError):
                continue
            except (ConnectionError, ssl.SSLError, OSError):
                return
        self.fail("the server let a slow client go on for ever")

    def test_more_connections_than_allowed(self):
        held = []
        try:
            for _ in range(700):
                try:
                    held.append(self.tcp())
                except OSError:
                    break
        finally:
            for s in held:
                s.close()
        wait_for(env.ready, "service again")
        self.still_serves()


class Tls(Case):
    def test_versions(self):
        for version, good in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True),
                              (ssl.TLSVersion.TLSv1_1, False)):
            with self.subTest(version=version), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                context = ssl.create_default_context(cafile=env.var["GATEHOUSE_CAFILE"])
                if not good:
                    context.set_ciphers("ALL:@SECLEVEL=0")
                context.minimum_version = context.maximum_version = version
                try:
                    with context.wrap_socket(self.tcp(), server_hostname="localhost") as s:
                        self.assertTrue(good, s.version())
                except ssl.SSLError:
                    self.assertFalse(good)

    def test_no_tls(self):
        with self.tcp() as s:
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertNotIn(b"200", read_all(s)[:20])
        self.still_serves()

    def test_garbage(self):
        for _ in range(20):
            with self.tcp() as s:
                s.sendall(b"\x16\x03\x01" + os.urandom(200))
        self.still_serves()

    def test_keep_alive(self):
        kept = Client(env).keep()
        for _ in range(100):
            self.assertEqual(kept.enroll(GOOD).status, 200)
        for _ in range(20):
            self.assertEqual(kept.enroll("no csr").status, 400)
        self.assertEqual(kept.enroll(GOOD).status, 200)

    def test_pipelined_requests(self):
        one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with self.tls() as s:
            s.sendall(one * 2)
            s.settimeout(5)
            first = s.recv(65536)
        self.assertTrue(first.startswith(b"HTTP/1.1 200"))
        self.still_serves()


class Health(Case):
    def test_healthz_and_readyz(self):
        self.assertEqual(self.alice.get("/healthz").status, 200)
        reply = self.alice.get("/readyz")
        self.assertEqual(reply.status, 200)
        for part in (b"database", b"signer", b"directory"):
            self.assertIn(part, reply.body)

    def test_metrics(self):
        for _ in range(3):
            self.assertEqual(self.alice.enroll(GOOD).status, 200)
        reply = self.alice.get("/metrics")
        self.assertEqual(reply.status, 200)
        self.assertTrue(reply.headers["content-type"].startswith("text/plain"))
        lines = reply.body.decode().splitlines()
        for line in lines:
            self.assertRegex(line, r'^(#.*|[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^}]*\})? [-+0-9.eEinfNa]+)?$')
        issued = [n for n in lines if re.match(r'gatehouse_\w*issued\w*\{.*template="User"', n)]
        self.assertTrue(issued, lines)
        self.assertGreaterEqual(sum(float(n.rsplit(" ", 1)[1]) for n in issued), 3)


class Processes(Case):
    def all(self):
        return [p for name in ("gatehouse", "kore", "gatehouse-signer") for p, _ in env.processes(name)]

    def test_workers_are_in_a_seccomp_sandbox(self):
        modes = {}
        for pid, line in env.processes("kore"):
            with open(f"/proc/{pid}/status") as f:
                modes[line] = re.search(r"^Seccomp:\s*(\d)", f.read(), re.M).group(1)
        workers = {k: v for k, v in modes.items() if "wrk" in k or "worker" in k}
        self.assertTrue(workers, modes)
        self.assertEqual(set(workers.values()), {"2"}, modes)

    def test_signer_is_in_a_seccomp_sandbox_and_has_no_network(self):
        signers = env.processes("gatehouse-signer")
        self.assertTrue(signers)
        for pid, _ in signers:
            with open(f"/proc/{pid}/status") as f:
                self.assertRegex(f.read(), r"(?m)^Seccomp:\s*2")
            self.assertEqual(listening_sockets(pid), [])

    def test_everything_listens_on_loopback_only(self):
        addresses = [a for pid in self.all() for a in listening_sockets(pid)]
        self.assertTrue(addresses)
        self.assertEqual({a.split(":")[0] for a in addresses}, {"127.0.0.1"})

    def test_no_secret_in_command_lines_or_environment_of_logs(self):
        secrets = [env.var["GATEHOUSE_APP_SECRET"], env.var["GATEHOUSE_ADMIN_PASSWORD"], "alice-secret"]
        for secret in secrets:
            self.assertNotIn(secret, env.log())
            for pid in self.all():
                with open(f"/proc/{pid}/cmdline") as f:
                    self.assertNotIn(secret, f.read())

    def test_secrets_are_not_in_a_database_dump(self):
        import subprocess
        dump = subprocess.run(["pg_dump", "-d", env.var["GATEHOUSE_DB"]], stdout=subprocess.PIPE,
                              check=True).stdout.decode(errors="replace")
        self.assertIn("certificate", dump)
        secret = env.var["GATEHOUSE_APP_SECRET"]
        import base64
        for form in (secret, secret.encode().hex(), base64.b64encode(secret.encode()).decode().rstrip("="),
                     env.var["GATEHOUSE_ADMIN_PASSWORD"], env.var["GATEHOUSE_APP_KEY"].rstrip("=")):
            self.assertNotIn(form, dump)
        self.assertNotIn("PRIVATE KEY", dump)


def listening_sockets(pid):
    """IPv4 and IPv6 addresses on which a process listens."""
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            m = re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            continue
        if m:
            inodes.add(m.group(1))
    found = []
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}") as f:
            for fields in (line.split() for line in f.readlines()[1:]):
                if fields[3] == "0A" and fields[9] in inodes:
                    host, port = fields[1].split(":")
                    if table == "tcp":
                        host = socket.inet_ntoa(struct.pack("<L", int(host, 16)))
                    found.append(f"{host}:{int(port, 16)}")
    return found


if __name__ == "__main__":
    tap.main()
