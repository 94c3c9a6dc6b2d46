"""`gatehouse run` with everything around it down: TLS, certificate reload, limits, sandbox, supervision."""

import atexit
import fcntl
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import warnings
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "e2e"))
import tap  # noqa: E402
from environment import BUILD, free_port, wait_for  # noqa: E402

POST = "/CMSApi/CertEnroll/3/Pkcs10"
BODY_MAX = 65536


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Pki:
    """A CA for servers, one for clients, and one that nobody trusts."""

    def __init__(self, dir):
        self.dir = dir
        for ca in ("server-ca", "client-ca", "other-ca"):
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    f"/CN={ca}", "-days", 30, "-keyout", dir / f"{ca}.key", "-out", dir / f"{ca}.pem")
        self.make("ec", "server-ca", "ec:P-256")
        self.make("ec2", "server-ca", "ec:P-256")
        self.make("rsa", "server-ca", "rsa")
        self.make("alice", "client-ca", "ec:P-256", "clientAuth")
        self.make("mallory", "other-ca", "ec:P-256", "clientAuth")
        self.make("server-as-client", "client-ca", "ec:P-256", "serverAuth")

    def make(self, name, ca, kind, usage="serverAuth"):
        key = ["rsa:2048"] if kind == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        at = self.dir / name
        at.with_suffix(".ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n"
                                          f"extendedKeyUsage={usage}\n")
        openssl("req", "-newkey", *key, "-nodes", "-subj", f"/CN={name}", "-keyout", at.with_suffix(".key"),
                "-out", at.with_suffix(".csr"))
        openssl("x509", "-req", "-in", at.with_suffix(".csr"), "-CA", self.dir / f"{ca}.pem", "-CAkey",
                self.dir / f"{ca}.key", "-CAcreateserial", "-days", 20, "-extfile", at.with_suffix(".ext"),
                "-out", at.with_suffix(".pem"))

    def file(self, name):
        return self.dir / name


class Gateway:
    """One `gatehouse run` with its configuration."""

    def __init__(self, pki, name, user="", **gateway):
        self.pki = pki
        self.dir = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=pki.dir))
        self.dir.chmod(0o711)
        self.port = free_port()
        self.process = None
        for f in ("gateway.secret", "signer.key"):
            (self.dir / f).write_text(os.urandom(32).hex() + "\n")
            (self.dir / f).chmod(0o600)
        if user:
            shutil.chown(self.dir / "gateway.secret", user)
        self.install("ec")
        self.options = {"port": self.port, "workers": 2, "certificate": self.dir / "tls.pem",
                        "key": self.dir / "tls.key", "client_ca": pki.file("client-ca.pem"),
                        "run_dir": self.dir / "run", "secret_file": self.dir / "gateway.secret",
                        "module": self.module(), "request_timeout": 2, "body_max": BODY_MAX, "max_connections": 64,
                        "log_level": "debug", "user": user, **gateway}
        self.conf = self.dir / "gatehouse.conf"
        self.write_conf()

    def module(self):
        """A copy that another user can reach, too."""
        copy = self.dir / "gatehouse.so"
        shutil.copy(BUILD / "gatehouse.so", copy)
        copy.chmod(0o644)
        return copy

    def write_conf(self, extra=""):
        def value(v):
            return str(v) if isinstance(v, int) else f'"{v}"'
        lines = "\n".join(f"\t{k} = {value(v)}" for k, v in self.options.items())
        self.conf.write_text(f"""gateway {{\n{lines}\n}}
database {{\n\tconninfo = "host={self.dir}/no-database connect_timeout=2"\n\ttimeout_ms = 500\n}}
signer {{\n\tsocket = "{self.dir}/signer/signer.sock"\n\tkey_file = "{self.dir}/signer.key"
\tprogram = "{BUILD}/gatehouse-signer"\n}}
directory {{\n\ttype = "openldap"\n\turis = "ldaps://127.0.0.1:1"\n\tbase = "dc=example"
\tca_file = "{self.pki.file("server-ca.pem")}"\n}}
{extra}""")
        self.conf.chmod(0o644)

    def install(self, name):
        """Replace certificate and key as an administrator would: each file at once."""
        for suffix in ("key", "pem"):
            new = self.dir / f"new.{suffix}"
            shutil.copy(self.pki.file(f"{name}.{suffix}"), new)
            new.chmod(0o600)
            new.rename(self.dir / f"tls.{suffix}")

    # --- process -----------------------------------------------------------------------------------
    def command(self, *args):
        return subprocess.run([str(BUILD / "gatehouse"), "run", *map(str, args)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)

    def start(self, out=None):
        """out: descriptor of the log, instead of a file that is read here."""
        self.out = open(self.dir / "log", "ab")
        self.before = (self.dir / "log").stat().st_size
        begin = time.monotonic()
        self.process = subprocess.Popen([str(BUILD / "gatehouse"), "run", "-c", str(self.conf)],
                                        stdin=subprocess.DEVNULL, stdout=out or self.out, stderr=out or self.out)
        atexit.register(self.kill)
        wait_for(lambda: self.process.poll() is not None or (self.is_up() if out else
                 f"ready: https://127.0.0.1:{self.port}" in self.log()), "ready line")
        self.started_in = time.monotonic() - begin
        assert self.process.poll() is None, self.log()
        return self

    def log(self):
        return (self.dir / "log").read_text(errors="replace")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
        if self.process:
            self.out.close()

    def tree(self, pid=None):
        """Every process below the supervisor: {pid: command line}."""
        found, todo = {}, [pid or self.process.pid]
        while todo:
            p = todo.pop()
            try:
                found[p] = Path(f"/proc/{p}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                for task in Path(f"/proc/{p}/task").iterdir():
                    todo += map(int, (task / "children").read_text().split())
            except OSError:
                found.pop(p, None)
        return found

    def pids(self, word):
        return [p for p, line in self.tree().items() if word in line]

    def workers(self):
        return self.pids("[wrk")

    # --- client ------------------------------------------------------------------------------------
    def context(self, client=None, version=None):
        context = ssl.create_default_context(cafile=str(self.pki.file("server-ca.pem")))
        if client:
            context.load_cert_chain(self.pki.file(f"{client}.pem"), self.pki.file(f"{client}.key"))
        if version:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                context.minimum_version = context.maximum_version = version
        return context

    def tcp(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def tls(self, context=None, **kw):
        return (context or self.context()).wrap_socket(self.tcp(), server_hostname="localhost", **kw)

    def connect(self, context=None):
        return http.client.HTTPSConnection("localhost", self.port, timeout=60, context=context or self.context())

    def get(self, path="/healthz", method="GET", body=None, headers={}, context=None, connection=None):
        c = connection or self.connect(context)
        c.request(method, path, body=body, headers=headers)
        reply = c.getresponse()
        reply.body = reply.read()
        if not connection:
            c.close()
        return reply

    def is_up(self):
        try:
            return self.get().status == 200
        except (OSError, http.client.HTTPException):
            return False

    def subject(self, context=None):
        with self.tls(context) as s:
            return dict(x[0] for x in s.getpeercert()["subject"])["commonName"]


def processes_gone(pids):
    return not [p for p in pids if Path(f"/proc/{p}").exists() and
                "State:\tZ" not in Path(f"/proc/{p}/status").read_text()]


def read_all(s):
    out = b""
    try:
        while part := s.recv(65536):
            out += part
    except (OSError, ssl.SSLError):
        pass
    return out


pki = gateway = None


class Serving(unittest.TestCase):
    def setUp(self):
        self.g = gateway

    def tearDown(self):
        self.assertTrue(self.g.is_up())
        self.assertIsNone(self.g.process.poll())


class Tls(Serving):
    def test_versions(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertEqual(self.g.get(context=self.g.context(version=version)).status, 200)
        old = self.g.context(version=ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")
        with self.assertRaises(ssl.SSLError):
            self.g.tls(old)

    def test_only_forward_secret_aead_ciphers(self):
        for cipher, good in (("ECDHE-ECDSA-AES128-GCM-SHA256", True), ("ECDHE-ECDSA-AES256-SHA", False)):
            context = self.g.context(version=ssl.TLSVersion.TLSv1_2)
            context.set_ciphers(cipher)
            if good:
                self.g.tls(context).close()
            else:
                with self.assertRaises(ssl.SSLError):
                    self.g.tls(context)

    def test_no_plain_text(self):
        for _ in range(10):
            with self.g.tcp() as s:
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertNotIn(b"HTTP/", read_all(s))

    def test_session_resumption_on_every_worker(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.g.context(version=version)
            with self.g.tls(context) as s:
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                s.recv(4096)
                session = s.session
            reused = []
            for _ in range(8):
                with self.g.tls(context, session=session) as s:
                    reused.append(s.session_reused)
            self.assertEqual(reused, [True] * 8, version)

    def logged(self, client, version, resume=False):
        """The line in the log of a request."""
        context, session = self.g.context(client, version), None
        for _ in range(2 if resume else 1):
            mark = os.urandom(8).hex()
            with self.g.tls(context, session=session) as s:
                s.sendall(f"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {mark}\r\n\r\n".encode())
                self.assertIn(b" 200 ", s.recv(4096)[:20])
                self.assertEqual(s.session_reused, session is not None)
                session = s.session
        find = lambda: [x for x in self.g.log().splitlines() if mark in x]
        wait_for(find, "log line")
        return json.loads(find()[0])

    def verified(self, client, version, resume=False):
        line = self.logged(client, version, resume)
        self.assertEqual(line["tls"], {ssl.TLSVersion.TLSv1_2: "TLSv1.2", ssl.TLSVersion.TLSv1_3: "TLSv1.3"}[version])
        self.assertEqual(line["resumed"], "yes" if resume else "no")
        return line["client_cert"]

    def test_client_certificates(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for client, result in ((None, "none"), ("alice", "verified"), ("mallory", "unverified"),
                                   ("server-as-client", "unverified")):
                with self.subTest(version=version, client=client):
                    self.assertEqual(self.verified(client, version), result)

    def test_client_certificate_of_a_resumed_session(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertEqual(self.verified("alice", version, resume=True), "verified")
            self.assertEqual(self.verified("mallory", version, resume=True), "unverified")


class Reload(Serving):
    def tearDown(self):
        self.g.install("ec")
        wait_for(lambda: all(self.g.subject() == "ec" for _ in range(6)), "first certificate again")
        super().tearDown()

    def test_sighup_and_kept_connections(self):
        stop, count, errors = threading.Event(), [0], []

        def load():
            kept = self.g.connect()
            try:
                while not stop.is_set():
                    assert self.g.get(connection=kept).status == 200
                    assert self.g.get(POST, "POST", b"{}", connection=kept).status == 503
                    count[0] += 1
            except Exception as e:
                errors.append(repr(e))
            kept.close()
        threads = [threading.Thread(target=load) for _ in range(4)]
        for t in threads:
            t.start()
        for name in ("rsa", "ec2", "rsa", "ec"):
            before = count[0]
            self.g.install(name)
            self.g.process.send_signal(signal.SIGHUP)
            # both workers
            wait_for(lambda: all(self.g.subject() == name for _ in range(6)), f"certificate {name}")
            wait_for(lambda: count[0] > before + 20, "requests go on")
        stop.set()
        for t in threads:
            t.join()
        self.assertEqual(errors, [])

    def test_rsa_with_both_versions(self):
        self.g.install("rsa")
        wait_for(lambda: all(self.g.subject() == "rsa" for _ in range(6)), "noticed without a signal")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertEqual(self.g.get(context=self.g.context(version=version)).status, 200)

    def test_pair_that_does_not_fit(self):
        before = self.g.log().count("the old certificate stays in use")
        shutil.copy(self.g.pki.file("rsa.key"), self.g.dir / "tls.key")
        self.g.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.g.log().count("the old certificate stays in use") > before, "log line")
        for _ in range(6):
            self.assertEqual(self.g.subject(), "ec")


class Http(Serving):
    def test_headers_of_every_reply(self):
        for path, method in (("/healthz", "GET"), ("/nowhere", "GET"), (POST, "GET"), (POST, "POST")):
            reply = self.g.get(path, method, b"{}" if method == "POST" else None)
            self.assertRegex(reply.headers["X-Request-Id"], "^[0-9a-f]{32}$")
            self.assertEqual(reply.headers["Cache-Control"], "no-store")
            self.assertIn("max-age=", reply.headers["Strict-Transport-Security"])
            self.assertTrue(reply.headers["X-CSS-CMS-API-Version"])
            self.assertTrue(reply.headers["X-Keyfactor-Product-Version"])
            self.assertEqual(reply.headers["Server"], "gatehouse")
            json.loads(reply.body)

    def test_request_id_of_the_client(self):
        for given, taken in (("abc-1.2_Z", True), ("x" * 32, True), ("x" * 33, False), ("a b", False), ("<a>", False)):
            reply = self.g.get(headers={"X-Request-Id": given})
            self.assertEqual(reply.headers["X-Request-Id"] == given, taken, given)

    def test_methods(self):
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"):
            reply = self.g.get(POST, method, b"" if method in ("PUT", "PATCH") else None)
            self.assertEqual((method, reply.status), (method, 405))
            self.assertEqual(reply.headers["Allow"], "POST")
            self.assertEqual(reply.body == b"", method == "HEAD")
        head = self.g.get(method="HEAD")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertGreater(int(head.headers["Content-Length"]), 0)

    def answer_to(self, raw):
        """Status, headers (lower case) and body of the one answer to these bytes."""
        with self.g.tls() as s:
            s.settimeout(60)
            s.sendall(raw)
            answer = read_all(s)
        head, _, body = answer.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, v in (x.split(":", 1) for x in lines[1:])}
        self.assertEqual(int(headers["content-length"]), len(body), answer)
        return int(lines[0].split()[1]), headers, body

    def test_refusals_are_answers_as_all_others(self):
        """What is refused before there is a request: with JSON, a request id, and the end of the connection."""
        host = b"\r\nHost: localhost\r\n"
        for raw, status in (
                (b"GARBAGE /healthz HTTP/1.1" + host, 501), (b"CONNECT localhost:443 HTTP/1.1" + host, 501),
                (b"GET /healthz HTTP/9.9" + host, 505), (b"GET /healthz" + host, 400), (b"\x00\xff\xfe" + host, 400),
                (b"GET /healthz HTTP/1.1\r\n", 400), (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n", 400),
                (b"GET /healthz HTTP/1.1\nHost: localhost\n", 400), (b"GET /a b HTTP/1.1" + host, 400),
                (b"GET /\xc3\xa4 HTTP/1.1" + host, 400), (b"GET /healthz HTTP/1.1" + host + b" folded: x\r\n", 400),
                (b"GET /healthz HTTP/1.1" + host + b"A : b\r\n", 400),
                (b"GET /healthz HTTP/1.1" + host + b"A: b\x00\r\n", 400),
                (b"GET /" + b"a" * 9000 + b" HTTP/1.1" + host, 414),
                (b"GET /healthz HTTP/1.1" + host + b"X: y\r\n" * 200, 431),
                (b"GET /healthz HTTP/1.1" + host + b"X: " + b"y" * 40000 + b"\r\n", 431),
                (b"POST " + POST.encode() + b" HTTP/1.1" + host + b"Expect: tea\r\nContent-Length: 2\r\n", 417),
                (b"POST " + POST.encode() + b" HTTP/1.1" + host + b"Transfer-Encoding: gzip\r\n", 501)):
            with self.subTest(raw=raw[:60]):
                found, headers, body = self.answer_to(raw + b"\r\n")
                self.assertEqual(found, status)
                self.assertRegex(headers["x-request-id"], "^[0-9a-f]{32}$")
                self.assertEqual(headers["content-type"].split(";")[0], "application/json")
                self.assertEqual(headers["connection"], "close")
                self.assertTrue(json.loads(body))

    def test_legal_requests_are_served(self):
        one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n"
        for lines in (b"X-Certificateformat:\r\n", b"X: a\tb\r\n", b"X: \xc3\xa4\xff\r\n", b"X:\t y \t\r\n",
                      b"".join(b"X-%d: y\r\n" % i for i in range(90)), b"Content-Length: 0\r\n",
                      b"Expect: 100-continue\r\n", b"x-a!#$%&'*+.^_`|~: y\r\n"):
            with self.subTest(lines=lines[:40]):
                self.assertEqual(self.answer_to(one % lines)[0], 200)
        for raw, status, kept in ((b"GET /healthz HTTP/1.0\r\n\r\n", 200, "close"),
                                  (b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n", 200, "close"),
                                  (b"\r\nGET /healthz HTTP/1.1\r\nHost:\r\nConnection: x,close\r\n\r\n", 200, "close"),
                                  # "/", a page that needs the database, which is not here
                                  (b"GET http://localhost HTTP/1.0\r\n\r\n", 503, "close"),
                                  (b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404, "close")):
            with self.subTest(raw=raw):
                found, headers, _ = self.answer_to(raw)
                self.assertEqual((found, headers["connection"]), (status, kept))

    def test_chunked_body(self):
        head = f"POST {POST} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        for chunks, status in ((b"2\r\n{}\r\n0\r\n\r\n", 503), (b"1;a=b\r\n{\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n", 503),
                               (b"x\r\n", 400), (b"2\n{}\n0\n\n", 400),
                               (b"FFFFFFFFFFFF\r\n", 413), (b"10001\r\n" + b"x" * 0x10001, 413)):
            with self.subTest(chunks=chunks[:20]):
                self.assertEqual(self.answer_to(head.encode() + chunks)[0], status)

    def test_body_is_asked_for(self):
        """Expect: 100-continue, as old .NET clients and curl send it."""
        head = f"POST {POST} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
        with self.g.tls() as s:
            s.settimeout(60)
            s.sendall((head % 2).encode())
            self.assertEqual(s.recv(4096), b"HTTP/1.1 100 Continue\r\n\r\n")
            s.sendall(b"{}")
            self.assertIn(b"HTTP/1.1 503 ", s.recv(4096))
        with self.g.tls() as s:     # refused before it is sent
            s.settimeout(60)
            s.sendall((head % (BODY_MAX + 1)).encode())
            self.assertIn(b"HTTP/1.1 413 ", read_all(s))

    def test_absolute_form(self):
        with self.g.tls() as s:
            s.sendall(b"GET https://localhost/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            self.assertIn(b" 200 ", read_all(s)[:20])

    def test_body_sizes(self):
        for size, status in ((BODY_MAX, 503), (BODY_MAX + 1, 413), (2 * BODY_MAX, 413)):
            reply = self.g.get(POST, "POST", b"x" * size)
            self.assertEqual((size, reply.status), (size, status))
            self.assertIn("Message", json.loads(reply.body))
        with self.g.tls() as s:  # refused before it is sent
            s.sendall(f"POST {POST} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {2 * BODY_MAX + 1}\r\n\r\n".encode())
            self.assertIn(b" 413 ", read_all(s)[:20])

    def test_doubled_headers(self):
        for name in ("Authorization", "X-CSS-CMS-AppKey", "X-CSS-CMS-Signature", "X-CSS-CMS-Token"):
            with self.g.tls() as s:
                s.sendall(f"POST {POST} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n"
                          f"{name}: a\r\n{name.lower()}: b\r\n\r\n{{}}".encode())
                self.assertIn(b" 400 ", read_all(s)[:20])

    def answers_to(self, raw):
        """Status codes of all answers to these bytes."""
        with self.g.tls() as s:
            s.settimeout(60)
            s.sendall(raw)
            return re.findall(rb"HTTP/1\.1 (\d+) ", read_all(s))

    def test_where_a_request_ends_is_beyond_doubt(self):
        hidden = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        for method, path, head, body in (
                ("GET", "/healthz", f"Content-Length: {len(hidden)}", hidden),
                ("HEAD", "/healthz", f"Content-Length: {len(hidden)}", hidden),
                ("GET", "/healthz", "Transfer-Encoding: chunked", b"0\r\n\r\n" + hidden),
                ("DELETE", "/healthz", "Content-Length: 2\r\nContent-Length: 2", b"{}"),
                ("DELETE", "/healthz", "Content-Length: +2", b"{}"),
                ("POST", POST, "Content-Length: +2", b"{}"),
                ("POST", POST, "Content-Length: 2\r\nTransfer-Encoding: chunked", b"{}"),
                ("POST", POST, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
                ("POST", POST, "Content-Length: 2\r\nContent-Length: 2", b"{}"),
                ("POST", POST, "Content-Length: 2\r\ncontent-length: 5", b"{}")):
            with self.subTest(method=method, head=head):
                raw = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n".encode() + body
                self.assertEqual(self.answers_to(raw), [b"400"])
        for head, body in (("Content-Length: 1000000", hidden), ("Content-Length: 2", b"{}" + hidden),
                           ("Transfer-Encoding: chunked", b"0\r\n\r\n" + hidden)):
            raw = f"DELETE /healthz HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n".encode() + body
            self.assertEqual(self.answers_to(raw), [b"405"])

    def test_body_of_a_delete(self):
        """As of any other method: received where the path wants one, and what follows is the next request."""
        path = "/api/v1/certificate-authorities/root/password/remove"
        body = json.dumps({"password": "x" * 5000}).encode()
        one = f"DELETE {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" \
            f"Content-Length: {len(body)}\r\n\r\n"
        one = one.encode() + body
        last = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        self.assertEqual(self.answers_to(one * 2 + last), [b"503", b"503", b"200"])
        with self.g.tls() as s:     # goes away in the middle
            s.sendall(one[:-5])
        self.assertEqual(self.g.get().status, 200)

    def test_answer_to_a_body_that_is_refused_is_read(self):
        """The client sends all of it first, and reads then: the answer must not be lost with the connection."""
        for _ in range(10):
            reply = self.g.get("/nowhere", "POST", b"x" * 500000)
            self.assertEqual(reply.status, 404)

    def test_more_body_than_declared_is_bounded(self):
        with self.g.tls() as s:
            s.sendall(f"POST {POST} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}x".encode())
            begin = time.monotonic()
            with self.assertRaises(OSError):
                while time.monotonic() < begin + 30:
                    s.send(b"x" * 1024)
                    time.sleep(0.01)    # a sender that has no end, and not one that fills all buffers

    def test_header_lines(self):
        for n, status in ((15, b"200"), (40, b"200"), (98, b"200"), (99, b"431"), (500, b"431")):
            raw = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + "X: y\r\n" * n + "\r\n"
            self.assertEqual(self.answers_to(raw.encode()), [status])

    def test_requests_one_after_another_in_one_packet(self):
        one = b"%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
        post = f"POST {POST} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}".encode()
        last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") % b"GET /readyz"
        raw = one % b"GET /healthz" + post + one % b"GET /nowhere" + post + one % b"GET /healthz" + last
        self.assertEqual(self.answers_to(raw), [b"200", b"503", b"404", b"503", b"200", b"503"])
        self.assertEqual(self.answers_to(one % b"GET /healthz" * 300 + last), [b"200"] * 300 + [b"503"])

    def test_nothing_works_without_the_database_but_says_so(self):
        reply = self.g.get(POST, "POST", b"{}")
        self.assertEqual(reply.status, 503)
        self.assertTrue(reply.headers["Retry-After"])
        ready = self.g.get("/readyz")
        self.assertEqual(ready.status, 503)
        wanted = {"database": "down", "directory": "unreachable", "signer": "up"}   # once each was asked
        wait_for(lambda: wanted.items() <= json.loads(self.g.get("/readyz").body).items(), "each is told")

    def test_metrics_of_all_workers(self):
        def total():
            text = self.g.get("/metrics").body.decode()
            lines = [x for x in text.splitlines() if x.startswith('gatehouse_requests_total{route="healthz"')]
            return sum(float(x.rsplit(" ", 1)[1]) for x in lines)
        before = total()
        for _ in range(20):
            self.g.get()
        wait_for(lambda: total() >= before + 20, "all are counted")
        self.assertIn("gatehouse_workers 2\n", self.g.get("/metrics").body.decode())

    def test_log_line(self):
        mark = os.urandom(8).hex()
        self.g.get(POST, "POST", b"{}", headers={"X-Request-Id": mark})
        wait_for(lambda: mark in self.g.log(), "log line")
        lines = [json.loads(x) for x in self.g.log().splitlines() if mark in x]
        self.assertEqual(len(lines), 1)
        self.assertEqual((lines[0]["route"], lines[0]["status"], lines[0]["address"], lines[0]["code"]),
                         ("certenroll.pkcs10", "503", "127.0.0.1", "not_loaded"))
        self.assertTrue(lines[0]["cause"])


class Slow(Serving):
    def is_closed(self, s):
        """By the server: request_timeout is 2 s, and a machine may be busy."""
        s.settimeout(30)
        try:
            while s.recv(65536):
                pass
        except TimeoutError:
            self.fail("a silent connection may stay for ever")
        except OSError:
            pass

    def trickle(self, s, byte=b"x", seconds=30):
        """One byte at a time until the other side has had enough."""
        s.settimeout(0.1)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                s.send(byte)
                if s.recv(100) == b"":
                    return
            except TimeoutError:
                continue
            except OSError:
                return
        self.fail("a slow client may go on for ever")

    def test_silent_connection(self):
        with self.g.tcp() as s:
            self.is_closed(s)

    def test_silent_after_the_handshake(self):
        with self.g.tls() as s:
            self.is_closed(s)

    def test_slow_handshake(self):
        with self.g.tcp() as s:
            s.sendall(b"\x16\x03\x01\x20\x00\x01\x00\x1f\xfc\x03\x03")
            self.trickle(s, b"\x00")

    def test_slow_header(self):
        with self.g.tls() as s:
            s.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
            self.trickle(s)

    def test_slow_body(self):
        with self.g.tls() as s:
            s.sendall(f"POST {POST} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n".encode())
            self.trickle(s)

    def test_idle_kept_connection_is_not_sent_anything(self):
        c = self.g.connect()
        self.assertEqual(self.g.get(connection=c).status, 200)
        c.sock.settimeout(4)  # longer than the time for a header
        with self.assertRaises(TimeoutError):
            c.sock.recv(1)
        self.assertEqual(self.g.get(connection=c).status, 200)
        c.close()

    def test_more_connections_than_allowed(self):
        held = []
        for _ in range(200):
            held.append(socket.create_connection(("127.0.0.1", self.g.port), timeout=2))
        wait_for(self.g.is_up, "service while they are timed out", 60)
        for s in held:
            s.close()

    def test_clients_that_go_away(self):
        for n in range(30):
            s = self.g.tls()
            s.sendall(f"POST {POST} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}".encode()[:40 + n * 3])
            s.close()
            self.g.tcp().close()


class Processes(Serving):
    def test_sandbox_of_every_thread(self):
        self.assertEqual(len(self.g.workers()), 2)
        for pid in self.g.workers():
            tasks = list(Path(f"/proc/{pid}/task").iterdir())
            self.assertGreater(len(tasks), 4)
            for task in tasks:
                status = (task / "status").read_text()
                self.assertRegex(status, r"(?m)^Seccomp:\s+2$")
                self.assertRegex(status, r"(?m)^NoNewPrivs:\s+1$")

    def test_no_memory_becomes_executable(self):
        """A filter of its own for that, in every thread, beside the list of system calls; in the signer, too."""
        def filters(pid):
            return {int(re.search(r"(?m)^Seccomp_filters:\s+(\d+)$", (t / "status").read_text()).group(1))
                    for t in Path(f"/proc/{pid}/task").iterdir()}
        for pid in self.g.workers():
            self.assertEqual(filters(pid), {2})
            self.assertNotRegex(Path(f"/proc/{pid}/maps").read_text(), r"(?m)^\S+ .wx")
        for pid in self.g.pids("gatehouse-signer"):
            self.assertEqual(filters(pid), {2})

    def test_worker_is_replaced(self):
        before = set(self.g.workers())
        for victim in before:
            os.kill(victim, signal.SIGKILL)
        wait_for(lambda: len(set(self.g.workers()) - before) == 2, "two new workers")
        wait_for(self.g.is_up, "service")
        self.assertEqual({self.g.subject() for _ in range(6)}, {"ec"})
        wait_for(lambda: "gatehouse_workers 2\n" in self.g.get("/metrics").body.decode(), "figures of both")

    def test_signer_is_replaced_at_once(self):
        before = self.g.pids("gatehouse-signer")
        self.assertEqual(len(before), 1)
        os.kill(before[0], signal.SIGKILL)
        wait_for(lambda: self.g.pids("gatehouse-signer") not in ([], before), "new signer")
        wait_for(lambda: json.loads(self.g.get("/readyz").body)["signer"] == "up", "signer answers")

    def test_nothing_in_the_run_directory_is_for_others(self):
        for path in [self.g.dir / "run", *(self.g.dir / "run").rglob("*")]:
            self.assertEqual(path.lstat().st_mode & 0o077, 0, path)

    def test_start_is_quick(self):
        # less than any deadline of what is down; half a second on an idle machine
        self.assertLess(self.g.started_in, 10)


class Quotas(unittest.TestCase):
    """Many connections, on a gateway of their own with small limits: 2 workers, so each limit counts twice."""

    @classmethod
    def setUpClass(cls):
        cls.http_port = free_port()
        cls.g = Gateway(pki, "quotas", http_port=cls.http_port, max_connections=64, http_max_connections=32,
                        max_per_address=24, proxies="127.0.0.9", request_timeout=20).start()

    @classmethod
    def tearDownClass(cls):
        cls.g.kill()

    def connect(self, source, port=None):
        s = socket.create_connection(("127.0.0.1", port or self.g.port), timeout=20, source_address=(source, 0))
        self.addCleanup(s.close)
        return s

    def plain(self, s, path="/healthz"):
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return s.recv(4096)

    def serves_at_once(self, times=30):
        for _ in range(times):
            begin = time.monotonic()
            self.assertEqual(self.g.get().status, 200)
            s = self.connect("127.0.0.1", self.http_port)
            self.assertIn(b" 200 ", self.plain(s)[:20])
            s.close()
            self.assertLess(time.monotonic() - begin, 10)   # request_timeout is 20: before any of the others has ended

    def open_ones(self, connections):
        """Those that the server has not closed."""
        found = []
        for s in connections:
            s.setblocking(False)
            try:
                if s.recv(1) != b"":
                    found.append(s)
            except BlockingIOError:
                found.append(s)
            except OSError:
                pass
        return found

    def test_idle_connections_to_one_port_leave_the_other(self):
        held = [self.connect(f"127.0.1.{i % 200 + 1}", self.http_port) for i in range(400)]
        self.serves_at_once()
        wait_for(lambda: len(self.open_ones(held)) <= 64, "the oldest have given way")

    def test_idle_connections_to_https_leave_room(self):
        held = [self.connect(f"127.0.2.{i % 200 + 1}") for i in range(400)]
        self.serves_at_once()
        wait_for(lambda: len(self.open_ones(held)) <= 128, "the oldest have given way")

    def test_cap_of_one_address(self):
        others = [self.connect(f"127.0.3.{i + 1}", self.http_port) for i in range(8)]
        for s in others:
            self.assertIn(b" 200 ", self.plain(s))
        held = [self.connect("127.0.4.1", self.http_port) for _ in range(300)]
        wait_for(lambda: len(self.open_ones(held)) <= 48, "no more than the cap")
        for s in others:    # kept alive, and not pushed out
            s.setblocking(True)
            self.assertIn(b" 200 ", self.plain(s))

    def test_silent_ones_do_not_push_out_those_that_are_served(self):
        kept = [self.connect(f"127.0.5.{i + 1}", self.http_port) for i in range(8)]
        for s in kept:
            self.assertIn(b" 200 ", self.plain(s))
        for i in range(300):
            self.connect(f"127.0.6.{i % 200 + 1}", self.http_port)
        for s in kept:
            self.assertIn(b" 200 ", self.plain(s))

    def header(self, address="192.0.2.7", command=0x21, extra=b""):
        body = socket.inet_aton(address) + socket.inet_aton("192.0.2.1") + b"\x30\x39\x01\xbb" + extra
        return b"\r\n\r\n\x00\r\nQUIT\n" + bytes([command, 0x11]) + len(body).to_bytes(2, "big") + body

    def logged_address(self, send, tls):
        """What the log says about the client of a request, after send(socket) has sent what comes first."""
        mark = os.urandom(8).hex()
        with self.connect("127.0.0.9", self.g.port if tls else self.http_port) as s:
            send(s)
            if tls:
                s = self.g.context().wrap_socket(s, server_hostname="localhost")
            s.sendall(f"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {mark}\r\n\r\n".encode())
            self.assertIn(b" 200 ", s.recv(4096)[:20])
            s.close()
        wait_for(lambda: mark in self.g.log(), "log line")
        return [json.loads(x) for x in self.g.log().splitlines() if mark in x][0]["address"]

    def test_proxy_header_names_the_client(self):
        def in_pieces(s):
            for byte in self.header(extra=b"\x04\x00\x03abc"):
                s.sendall(bytes([byte]))
                time.sleep(0.002)
        for tls in (False, True):
            self.assertEqual(self.logged_address(lambda s: s.sendall(self.header()), tls), "192.0.2.7")
            self.assertEqual(self.logged_address(in_pieces, tls), "192.0.2.7")
            self.assertEqual(self.logged_address(lambda s: s.sendall(self.header(command=0x20)), tls), "127.0.0.9")

    def test_proxy_header_comes_from_named_addresses_only(self):
        for source, first in (("127.0.0.9", b""), ("127.0.0.9", b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n"),
                              ("127.0.0.9", self.header(command=0x31)), ("127.0.0.9", self.header()[:14] + b"\xff\xff"),
                              ("127.0.0.8", self.header())):
            s = self.connect(source, self.http_port)
            s.sendall(first + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            self.assertNotIn(b" 200 ", read_all(s)[:20])

    def test_proxys_clients_are_not_local_and_have_caps_of_their_own(self):
        with self.connect("127.0.0.9", self.http_port) as s:
            s.sendall(self.header())
            self.assertIn(b" 403 ", self.plain(s, "/metrics")[:20])
        one, many = self.connect("127.0.0.9", self.http_port), []
        one.sendall(self.header("198.51.100.1"))
        self.assertIn(b" 200 ", self.plain(one))
        for _ in range(150):
            many.append(self.connect("127.0.0.9", self.http_port))
            many[-1].sendall(self.header("198.51.100.2"))
        wait_for(lambda: len(self.open_ones(many)) <= 48, "no more than the cap")
        self.assertIn(b" 200 ", self.plain(one))

    def test_bodies_are_refused_before_they_come(self):
        """By what the path takes, not by what the server could hold."""
        for path, length in (("/certificates/3/revoke", 16385), (POST, 131073), ("/healthz", 1), ("/nowhere", 1)):
            with self.g.tls() as s:
                s.settimeout(60)
                s.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode())
                answer = read_all(s)
                self.assertRegex(answer[:20], rb"HTTP/1\.1 4(13|05|04) ", path)
                self.assertIn(b"onnection: close", answer)

    def test_memory_of_bodies_grows_with_what_has_come(self):
        def resident():
            return sum(int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{p}/status").read_text()).group(1))
                       for p in self.g.workers())
        head = f"POST {POST} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\n{{".encode()
        self.g.get()
        before = resident()
        for i in range(100):
            s = self.g.context().wrap_socket(self.connect(f"127.0.7.{i + 1}"), server_hostname="localhost")
            self.addCleanup(s.close)
            s.sendall(head)
        self.assertEqual(self.g.get().status, 200)
        self.assertLess(resident() - before, 100 * 64, "kB: an announced body takes no memory")


class Ends(unittest.TestCase):
    """Each with a gateway of its own."""

    def setUp(self):
        self.g = Gateway(pki, "ends")

    def tearDown(self):
        self.g.kill()

    def test_sigterm_ends_all(self):
        self.g.start()
        pids = list(self.g.tree())
        self.assertEqual(len(pids), 5)  # supervisor, signer, Kore, two workers
        self.g.process.terminate()
        self.assertEqual(self.g.process.wait(60), 0)    # not killed
        wait_for(lambda: processes_gone(pids), "end of all processes")

    def dropped(self):
        text = self.g.get("/metrics").body.decode()
        return int(re.search(r"^gatehouse_log_lines_dropped_total (\d+)$", text, re.M)[1])

    def ask_often(self, n, connection=None):
        """Calls that are logged, each answered in time."""
        c = connection or self.g.connect()
        for _ in range(n):
            self.assertEqual(self.g.get(POST, "POST", b"{}", connection=c).status, 503)

    def test_a_log_that_nobody_reads_stops_nothing(self):
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        with self.assertRaises(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4095 + b"\n")
        os.set_blocking(writer, True)
        self.g.start(writer)
        self.ask_often(1500)
        wait_for(lambda: self.dropped() > 0, "lines are dropped")
        # the supervisor and the signer have lines to write, too
        self.g.install("rsa")
        wait_for(lambda: all(self.g.subject() == "rsa" for _ in range(6)), "reload")
        before = self.g.pids("gatehouse-signer")
        os.kill(before[0], signal.SIGKILL)
        wait_for(lambda: self.g.pids("gatehouse-signer") not in ([], before), "new signer")
        # somebody reads again: the count is told, and lines come
        text = bytearray()
        thread = threading.Thread(target=lambda: [text.extend(part) for part in iter(lambda: os.read(reader, 65536), b"")],
                                  daemon=True)
        thread.start()
        wait_for(lambda: b"log lines were dropped" in text, "the count")
        mark = os.urandom(8).hex()
        self.g.get(POST, "POST", b"{}", headers={"X-Request-Id": mark})
        wait_for(lambda: mark.encode() in text, "a new line")
        for line in text.replace(b"x" * 4095, b"{}").splitlines():
            if not line.startswith(b"ready: "):
                json.loads(line)
        pids = list(self.g.tree())
        self.g.process.terminate()
        self.assertEqual(self.g.process.wait(60), 0)
        os.close(writer)
        thread.join(10)
        os.close(reader)
        self.assertIn(b"signer stops", text)
        wait_for(lambda: processes_gone(pids), "end of all processes")

    def test_sigterm_ends_all_when_nobody_reads_the_log(self):
        reader, writer = os.pipe()
        self.g.start(writer)
        self.ask_often(1500)
        wait_for(lambda: self.dropped() > 0, "lines are dropped")
        pids = list(self.g.tree())
        self.g.process.terminate()
        self.assertEqual(self.g.process.wait(60), 0)    # not killed
        wait_for(lambda: processes_gone(pids), "end of all processes")
        os.close(reader)
        os.close(writer)

    def test_last_lines_of_a_worker_that_crashes(self):
        """Nobody reads when it happens, so the line is in the worker's queue still."""
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        self.g.start(writer)
        mark = os.urandom(8).hex()
        c = self.g.connect()
        self.g.get(POST, "POST", b"{}", headers={"X-Request-Id": mark}, connection=c)
        self.ask_often(20, c)  # a line is written after its answer: the marked one is there when the next is answered
        before = self.g.workers()
        for pid in before:
            os.kill(pid, signal.SIGSEGV)
        text = bytearray()
        thread = threading.Thread(target=lambda: [text.extend(part) for part in iter(lambda: os.read(reader, 65536), b"")],
                                  daemon=True)
        thread.start()
        wait_for(lambda: mark.encode() in text, "its last line")
        wait_for(lambda: set(self.g.workers()).isdisjoint(before) and len(self.g.workers()) == 2, "new workers")
        for pid in before:
            wait_for(lambda: b'"a worker died; this one takes its place","pid":"%d"' % pid in text, "who died")
        self.g.process.terminate()
        self.g.process.wait(60)
        os.close(writer)
        thread.join(10)
        os.close(reader)

    def test_memory_of_connections_is_given_back(self):
        self.g.kill()
        self.g = Gateway(pki, "memory", workers=1, max_connections=2048, max_per_address=0, request_timeout=60)
        self.g.start()

        def resident():
            return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.g.workers()[0]}/status").read_text()).group(1))
        context = self.g.context()
        self.g.get(context=context)
        before = resident()
        held = [self.g.tls(context) for _ in range(800)]
        grown = resident() - before
        self.assertGreater(grown, 4000, "kB")
        for s in held:
            s.close()
        wait_for(lambda: resident() - before < grown / 3, "memory given back")
        self.assertTrue(self.g.is_up())

    def test_sigkill_of_the_supervisor_ends_all_and_a_start_follows(self):
        self.g.start()
        pids = list(self.g.tree())
        self.g.process.kill()
        self.g.process.wait()
        second = Gateway(pki, "second")
        second.options["port"] = second.port = self.g.port
        second.write_conf()
        second.start()
        self.assertTrue(second.is_up())
        wait_for(lambda: processes_gone(pids), "end of all processes")
        second.kill()

    def test_end_of_kore_ends_all_with_an_error(self):
        self.g.start()
        pids = list(self.g.tree())
        os.kill(self.g.pids("kore [parent]")[0], signal.SIGKILL)
        self.assertEqual(self.g.process.wait(60), 1)
        wait_for(lambda: processes_gone(pids), "end of all processes")
        self.assertIn("Kore ended", self.g.log())

    def test_other_user(self):
        self.g.kill()
        self.g = Gateway(pki, "user", user="nobody")
        self.g.start()
        uid = int(subprocess.check_output(["id", "-u", "nobody"]))
        for pid in self.g.pids("kore ["):
            status = Path(f"/proc/{pid}/status").read_text()
            self.assertRegex(status, rf"(?m)^Uid:\s+{uid}\s+{uid}\s+{uid}\s+{uid}$")
            self.assertRegex(status, r"(?m)^Cap(Prm|Eff|Amb):\s+0+$")
        # the key is readable for root alone, and is read again nevertheless
        self.g.install("rsa")
        wait_for(lambda: all(self.g.subject() == "rsa" for _ in range(6)), "reload")
        wait_for(lambda: json.loads(self.g.get("/readyz").body)["signer"] == "up", "signer lets this user in")

    def test_low_port_with_other_user(self):
        self.g.kill()
        self.g = Gateway(pki, "low", user="nobody")
        self.g.options["port"] = self.g.port = next(p for p in range(600, 1023) if not self.in_use(p))
        self.g.write_conf()
        self.g.start()
        self.assertTrue(self.g.is_up())
        for pid in self.g.workers():
            status = Path(f"/proc/{pid}/status").read_text()
            for kind in ("Inh", "Prm", "Eff", "Amb"):
                self.assertRegex(status, rf"(?m)^Cap{kind}:\s+0+$")

    def in_use(self, port):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return False
            except OSError:
                return True


    def test_workers_by_default(self):
        del self.g.options["workers"]
        self.g.write_conf()
        self.g.start()
        self.assertTrue(self.g.is_up())
        self.assertEqual(len(self.g.workers()), min(len(os.sched_getaffinity(0)), 8))

    def test_the_service_manager_is_told(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(self.g.dir / "notify"))
            manager.settimeout(60)
            os.environ["NOTIFY_SOCKET"] = str(self.g.dir / "notify")
            try:
                self.g.start()
            finally:
                del os.environ["NOTIFY_SOCKET"]
            self.assertEqual(manager.recv(100), b"READY=1")
            self.assertTrue(self.g.is_up())
            self.g.process.terminate()
            self.assertEqual(manager.recv(100), b"STOPPING=1")
            self.assertEqual(self.g.process.wait(60), 0)


class BadConfiguration(unittest.TestCase):
    def setUp(self):
        self.g = Gateway(pki, "bad")

    def refused(self, word, status=2, options=("--check",)):
        done = self.g.command("-c", self.g.conf, *options)
        text = done.stdout.decode()
        self.assertEqual(done.returncode, status, text)
        self.assertIn(word, text)
        return text

    def test_syntax_names_file_and_line(self):
        self.g.write_conf("nonsense { }\n")
        line = self.g.conf.read_text().splitlines().index("nonsense { }") + 1
        for options in ((), ("--check",)):
            self.refused(f"{self.g.conf}:{line}", options=options)

    def test_values(self):
        for option, value, word in (
                ("certificate", "/nonexistent.pem", "/nonexistent.pem"), ("key", pki.file("rsa.key"), "is not the key"),
                ("client_ca", pki.file("rsa.key"), "no PEM certificate"), ("module", "/nonexistent.so", "gateway.module"),
                ("secret_file", "/nonexistent", "/nonexistent"), ("user", "no-such-user", "gateway.user"),
                ("listen", "localhost", "gateway.listen"), ("run_dir", "/tmp/a b", "gateway.run_dir"),
                ("run_dir", "relative", "gateway.run_dir")):
            with self.subTest(option=option):
                kept = self.g.options.get(option)
                self.g.options[option] = value
                self.g.write_conf()
                self.refused(word)
                if kept is None:
                    del self.g.options[option]
                else:
                    self.g.options[option] = kept

    def test_no_such_file(self):
        done = self.g.command("-c", self.g.dir / "none.conf")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"none.conf", done.stdout)

    def test_port_in_use(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", self.g.port))
            s.listen()
            self.refused(str(self.g.port), status=1)

    def test_database_down_is_told_by_check(self):
        self.refused("database", status=1)


if __name__ == "__main__":
    top = Path(tempfile.mkdtemp(prefix="gatehouse-kore-", dir="/tmp"))
    atexit.register(lambda: os.environ.get("KEEP") or shutil.rmtree(top, ignore_errors=True))
    top.chmod(0o711)
    pki = Pki(top)
    pki.file("client-ca.pem").chmod(0o644)
    pki.file("server-ca.pem").chmod(0o644)
    gateway = Gateway(pki, "main").start()
    tap.main()
