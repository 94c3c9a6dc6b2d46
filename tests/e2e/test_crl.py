#!/usr/bin/env python3
"""CRLs of running gateways: made by themselves, served on both ports of both nodes, enough for `openssl verify`."""

import base64
import http.client
import os
import signal
import socket
import ssl
import subprocess
import threading
import unittest
import urllib.parse

import client
import der
import tap
from client import Client
from environment import Environment, wait_for

env = Environment("crl", GATEHOUSE_CONF_EXTRA="crl { delta_interval = 120\n min_interval = 1 }\njobs { crl = 1 }")
node2 = env.second_node()
KEY = der.Key(env.scratch, "ec:P-256")


def fetch(url, path, method="GET", headers=None):
    where = urllib.parse.urlsplit(url)
    if where.scheme == "https":
        context = ssl.create_default_context(cafile=env.var["GATEHOUSE_CAFILE"])
        connection = http.client.HTTPSConnection(where.hostname, where.port, timeout=60, context=context)
    else:
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
    connection.request(method, path, headers=headers or {})
    answer = connection.getresponse()
    reply = client.Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    connection.close()
    return reply


def crl(name, url=None):
    reply = fetch(url or env.var["GATEHOUSE_HTTP_URL"], f"/crl/{name}")
    return reply.body if reply.status == 200 else None


def text_of(raw):
    return der.openssl("crl", "-inform", "DER", "-noout", "-text", stdin=raw).decode()


def number_of(raw):
    return int(der.openssl("crl", "-inform", "DER", "-noout", "-crlnumber", stdin=raw).decode().split("=")[1], 16)


def enroll():
    reply = Client(env).enroll(der.csr(KEY, subject=[("CN", "x")]))
    assert reply.status == 200, reply.body
    return reply.certificates()


def enroll_sharded():
    """From a CA of its own with three shards: the certificate's chain, and the number of its shard."""
    for name in ("sharded.key", "sharded.secret"):
        if not (env.scratch / name).exists():
            (env.scratch / name).write_text(os.urandom(16).hex())
    who = Client(env, app_key=base64.b64encode((env.scratch / "sharded.key").read_bytes()).decode(),
                 secret=(env.scratch / "sharded.secret").read_bytes())
    if not env.count("select count(*) from ca where name = 'sharded'"):
        env.admin("ca", "create", "sharded", "--parent", "root", "--subject", "CN=Sharded CA", "--base-url",
                  env.var["GATEHOUSE_HTTP_URL"], "--shards", 3)
        env.admin("app", "create", "sharded", "--ca", "sharded", "--template", "User", "--key-file",
                  env.scratch / "sharded.key", "--secret-file", env.scratch / "sharded.secret")
        wait_for(lambda: crl("sharded-s2.crl"), "the CRLs of the shards")
    reply = who.enroll(der.csr(der.Key(env.scratch, "ec:P-256"), subject=[("CN", "x")]))
    assert reply.status == 200, reply.body
    chain = reply.certificates()
    return chain, env.count(f"select shard from certificate where serial = decode('{serial_of(chain[0])}', 'hex')")


def serial_of(cert):
    return der.openssl("x509", "-inform", "DER", "-noout", "-serial", stdin=cert).decode().strip().split("=")[1]


def revoke(cert, reason="keyCompromise"):
    env.admin("cert", "revoke", serial_of(cert), "--reason", reason, "--yes")


def verify(chain, names, *options):
    """Last line of `openssl verify` with these CRLs, as served."""
    folder = env.scratch
    (folder / "leaf.pem").write_text(client.to_pem(chain[0]))
    (folder / "issuing.pem").write_text(client.to_pem(chain[1]))
    (folder / "root.pem").write_text(client.to_pem(chain[2]))
    files = []
    for name in names:
        raw = crl(name)
        assert raw is not None, name
        (folder / name).write_bytes(der.openssl("crl", "-inform", "DER", stdin=raw))
        files += ["-CRLfile", folder / name]
    done = subprocess.run(["openssl", "verify", *options, "-CAfile", folder / "root.pem", "-untrusted",
                           folder / "issuing.pem", *files, folder / "leaf.pem"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.stdout.decode()


def of(client, name):
    """A CRL as the worker of this client has it."""
    reply = client.get(f"/crl/{name}")
    return reply.body if reply.status == 200 else None


def wait_served(condition, name, what):
    """Wait until condition(CRL) is true in every worker of both nodes: each looks for a newer one once a second."""
    for node, var in (("", env.var), ("2", node2)):
        env.await_each_worker(lambda client: condition(of(client, name)), what, node=node,
                              url=var["GATEHOUSE_URL"])


def lists(serial):
    return lambda raw: raw is not None and serial in text_of(raw)


def wait_newest(ca):
    for node, var in (("", env.var), ("2", node2)):
        env.await_crl(ca, node=node, var=var)


class Crl(unittest.TestCase):
    def setUp(self):
        for name in ("issuing.crl", "root.crl", "issuing-delta.crl"):
            wait_for(lambda: crl(name), f"/crl/{name} is served")

    def test_made_without_being_asked(self):
        text = text_of(crl("issuing.crl"))
        self.assertIn("Issuing CA", text)
        self.assertIn("X509v3 Freshest CRL", text)
        self.assertIn(f"{env.var['GATEHOUSE_HTTP_URL']}/crl/issuing-delta.crl", text)
        self.assertIn("Delta CRL Indicator: critical", text_of(crl("issuing-delta.crl")))

    def test_certificates_name_the_url(self):
        text = client.certificate_text(enroll()[0])
        self.assertIn(f"URI:{env.var['GATEHOUSE_HTTP_URL']}/crl/issuing.crl", text)

    def test_revoked_reaches_openssl(self):
        good, bad = enroll(), enroll()
        deltas = ("-crl_check_all", "-extended_crl", "-use_deltas")
        names = ("root.crl", "issuing.crl", "issuing-delta.crl")
        self.assertIn(": OK", verify(bad, names, *deltas))
        wait_newest("issuing")
        before = number_of(crl("issuing.crl"))
        revoke(bad[0])
        wait_served(lists(serial_of(bad[0])), "issuing-delta.crl", "the delta CRL has it")
        self.assertIn("certificate revoked", verify(bad, names, *deltas))
        self.assertIn(": OK", verify(good, names, *deltas))
        self.assertEqual(number_of(crl("issuing.crl")), before)  # the complete one was not made anew
        # now a complete one
        env.admin("crl", "issue", "--ca", "issuing")
        wait_served(lists(serial_of(bad[0])), "issuing.crl", "the complete CRL has it")
        self.assertIn("certificate revoked", verify(bad, names[:2], "-crl_check_all"))
        self.assertIn(": OK", verify(good, names[:2], "-crl_check_all"))

    def test_shards(self):
        chain, shard = enroll_sharded()
        text = client.certificate_text(chain[0])
        self.assertIn(f"URI:{env.var['GATEHOUSE_HTTP_URL']}/crl/sharded-s{shard}.crl", text)
        names = ("root.crl", f"sharded-s{shard}.crl")
        self.assertIn(": OK", verify(chain, names, "-crl_check_all"))
        self.assertIn("different CRL scope", verify(chain, ("root.crl", f"sharded-s{(shard + 1) % 3}.crl"),
                                                    "-crl_check_all"))
        revoke(chain[0])
        wait_served(lists(serial_of(chain[0])), names[1], "the CRL of the shard has it")
        self.assertIn("certificate revoked", verify(chain, names, "-crl_check_all"))
        self.assertIn("Issuing Distribution Point: critical", text_of(crl(names[1])))

    def test_headers(self):
        wait_newest("root")
        for url in (env.var["GATEHOUSE_HTTP_URL"], env.var["GATEHOUSE_URL"], node2["GATEHOUSE_URL"]):
            get = fetch(url, "/crl/root.crl")
            self.assertEqual(get.status, 200)
            self.assertEqual(get.headers["content-type"], "application/pkix-crl")
            age = int(get.headers["cache-control"].removeprefix("public, max-age="))
            self.assertTrue(0 < age <= 86400)
            head = fetch(url, "/crl/root.crl", "HEAD")
            self.assertEqual((head.status, head.body), (200, b""))
            for name in ("content-length", "etag", "last-modified", "expires", "content-type"):
                self.assertEqual(head.headers[name], get.headers[name], name)
            self.assertEqual(int(get.headers["content-length"]), len(get.body))
            for condition in ({"If-None-Match": get.headers["etag"]},
                              {"If-Modified-Since": get.headers["last-modified"]}):
                again = fetch(url, "/crl/root.crl", headers=condition)
                self.assertEqual((again.status, again.body), (304, b""))
                self.assertEqual(again.headers["etag"], get.headers["etag"])
        self.assertEqual(fetch(url, "/crl/root.crl", headers={"If-None-Match": '"other"'}).status, 200)
        pem = fetch(url, "/crl/root.pem")
        self.assertEqual(der.openssl("crl", "-outform", "DER", stdin=pem.body), get.body)

    def test_what_there_is_not(self):
        for path in ("/crl/nobody.crl", "/crl/root", "/crl/issuing-s1.crl", "/crl/", "/crl", "/crl/a/b.crl"):
            reply = fetch(env.var["GATEHOUSE_HTTP_URL"], path)
            self.assertEqual(reply.status, 404, path)
        self.assertIn("There is no such CRL", fetch(env.var["GATEHOUSE_URL"], "/crl/nobody.crl").json["message"])
        self.assertEqual(fetch(env.var["GATEHOUSE_URL"], "/crl/root.crl", "DELETE").status, 405)

    def test_command(self):
        rows = env.admin("crl", "list", "--json")
        self.assertIn(("issuing", True), [(r["ca"], r["delta"]) for r in rows])
        before = env.admin("crl", "show", "root", "--json")["number"]
        self.assertEqual(env.admin("crl", "issue", "--ca", "ROOT", "--json"), {"made": 1})
        after = env.admin("crl", "show", "root", "--json")["number"]
        self.assertGreater(after, before)
        self.assertIn("number ", env.admin("crl", "issue", "--ca", "issuing", "--delta"))
        pem = env.admin("crl", "export", "root")
        raw = env.command("crl", "export", "root", "--der", "-c", env.dir / "state" / "gatehouse.conf",
                          check=False).stdout
        self.assertEqual(der.openssl("crl", "-outform", "DER", stdin=pem.encode()), raw)
        self.assertEqual(number_of(raw), after)
        self.assertGreater(len(env.admin("crl", "list", "--all", "--ca", "root", "--json")), 1)
        for wrong, status in ((("show", "nobody"), 1), (("show", "root", "--delta", "--shard", "1"), 2),
                              (("show", "root", "--shard", "x"), 2), (("export", "root", "--shard", "1"), 1),
                              (("issue", "--ca", "nobody"), 1)):
            self.assertEqual(env.admin("crl", *wrong, check=False).returncode, status, wrong)

    def test_complete_and_delta_never_share_a_second(self):
        # RFC 5280, 5.2.3: of one time they would need one number and one content
        for _ in range(2):
            env.admin("crl", "issue", "--ca", "issuing")
        same = "select 1 from crl group by ca_id, coalesce(shard, -1), this_update having count(*) > 1"
        self.assertEqual(env.count(f"select count(*) from ({same}) as twice"), 0)
        complete, delta = crl("issuing.crl"), crl("issuing-delta.crl")
        times = [der.openssl("crl", "-inform", "DER", "-noout", "-lastupdate", stdin=c) for c in (complete, delta)]
        self.assertNotEqual(*times)
        self.assertNotEqual(number_of(complete), number_of(delta))

    def test_locked_key(self):
        """The CRL of a locked CA stays, the others go on, and an unlocked one is made again."""
        password = env.scratch / "ca.password"
        password.write_text("correct horse battery staple\n")
        env.admin("ca", "password", "set", "root", "--password-file", password)
        env.admin("ca", "password", "lock", "root")
        try:
            wait_newest("root")
            before = number_of(crl("root.crl"))
            done = env.admin("crl", "issue", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("locked", done.stderr.decode())
            self.assertIn("issuing: number", done.stdout.decode())
            self.assertEqual(number_of(crl("root.crl")), before)
            env.sql("update crl set this_update = this_update - interval '1 day' where ca_id = "
                    "(select id from ca where name = 'root')")
            wait_for(lambda: env.count("select count(*) from job where name = 'crl' and outcome = 'failure' and "
                                       "detail like 'root: %'"), "the job says so")
            self.assertGreater(env.count("select count(*) from audit where event = 'crl.failed' and object = 'root'"), 0)
            env.admin("ca", "password", "unlock", "root", "--password-file", password)
            wait_for(lambda: number_of(crl("root.crl")) > before, "the CRL of the unlocked CA")
        finally:
            env.admin("ca", "password", "remove", "root", "--password-file", password)

    def test_slow_clients_cost_no_copies(self):
        env.sql("insert into revocation (certificate_id, ca_id, serial, revoked_at, reason, not_after, revoked_by) "
                "select -i, (select id from ca where name = 'issuing'), substr(sha256(i::text::bytea), 1, 16), now(), 1, "
                "now() + interval '1 year', 'test' from generate_series(1, 400000) as i")
        env.admin("crl", "issue", "--ca", "issuing")
        wait_served(lambda raw: raw is not None and len(raw) > 16_000_000, "issuing.crl", "the large CRL")
        big = crl("issuing.crl")
        rss = self.memory()
        where = urllib.parse.urlsplit(env.var["GATEHOUSE_HTTP_URL"])
        slow = []
        for _ in range(50):
            s = socket.create_connection((where.hostname, where.port), timeout=60)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
            s.sendall(b"GET /crl/issuing.crl HTTP/1.1\r\nHost: x\r\n\r\n")
            slow.append(s)
        heads = [s.recv(2048) for s in slow]
        self.assertTrue(all(h.startswith(b"HTTP/1.1 200") for h in heads))
        grown = self.memory() - rss
        # others are served meanwhile, and the same bytes
        self.assertEqual(fetch(env.var["GATEHOUSE_HTTP_URL"], "/crl/root.crl").status, 200)
        self.assertEqual(crl("issuing.crl"), big)
        # a new CRL does not take the old one from those who are still being sent it
        env.admin("crl", "issue", "--ca", "issuing")
        wait_for(lambda: crl("issuing.crl") != big, "the next large CRL")
        head, body = heads[0].split(b"\r\n\r\n", 1)
        parts = [body]
        while sum(map(len, parts)) < len(big):
            parts.append(slow[0].recv(1 << 20))
            self.assertTrue(parts[-1], "the connection ended early")
        self.assertEqual(b"".join(parts), big)
        for s in slow:
            s.close()
        print(f"# {len(big)} bytes to 50 slow clients: workers grew by {grown} KiB")
        env.await_crl("issuing")
        self.slow_clients_of_pem(where, crl("issuing.crl"))
        # two workers may each have loaded it once; 50 copies would be a gigabyte
        self.assertLess(grown, 4 * len(big) // 1024)
        env.sql("delete from revocation where certificate_id < 0")

    def slow_clients_of_pem(self, where, big):
        """PEM is made while it is sent: it is nowhere as a whole."""
        length = len(ssl.DER_cert_to_PEM_cert(big)) - 2 * (len("CERTIFICATE") - len("X509 CRL"))
        head = fetch(env.var["GATEHOUSE_HTTP_URL"], "/crl/issuing.pem", method="HEAD")
        self.assertEqual(int(head.headers["content-length"]), length)
        rss, slow = self.memory(), []
        for i in range(50):
            s = socket.create_connection((where.hostname, where.port), timeout=60)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
            s.sendall(b"GET /crl/issuing.pem HTTP/1.%d\r\nHost: x\r\n\r\n" % (i % 2))
            slow.append(s)
        parts = [s.recv(2048) for s in slow]
        self.assertTrue(all(p.startswith(b"HTTP/1.1 200") for p in parts))
        grown = self.memory() - rss
        print(f"# {length} bytes of PEM to 50 slow clients: workers grew by {grown} KiB")
        self.assertLess(grown, 50 * 128)        # a piece of 16 KiB each, and room for the machine's doings
        self.assertEqual(fetch(env.var["GATEHOUSE_HTTP_URL"], "/crl/root.pem").status, 200)
        for s in slow[2:]:
            s.close()           # in the middle of it
        for s, part in zip(slow[:2], parts):
            body = part.split(b"\r\n\r\n", 1)[1]
            pieces = [body]
            while sum(map(len, pieces)) < length:
                pieces.append(s.recv(1 << 20))
                self.assertTrue(pieces[-1], "the connection ended early")
            pem = b"".join(pieces)
            self.assertTrue(pem.startswith(b"-----BEGIN X509 CRL-----\n") and pem.endswith(b"\n-----END X509 CRL-----\n"))
            self.assertEqual(base64.b64decode(b"".join(pem.split(b"\n")[1:-2])), big)
            s.close()

    @staticmethod
    def memory():
        total = 0
        for pid, _ in env.processes("kore"):
            with open(f"/proc/{pid}/status") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
        return total

    def test_one_issuer_of_two_nodes(self):
        """Two nodes, four workers: each number once, and no more CRLs than there is reason for."""
        self.assertEqual(env.count("select count(*) - count(distinct (ca_id, coalesce(shard, -1), number)) from crl"), 0)
        complete = "select count(*) from crl where not is_delta"
        before = env.count(complete)
        for _ in range(3):
            last = env.sql("select finished_at from job where name = 'crl'")
            wait_for(lambda: env.sql("select finished_at from job where name = 'crl'") != last, "the job has looked again")
        self.assertEqual(env.count(complete), before)

    def test_killed_worker(self):
        """A worker that dies while it serves and makes CRLs costs neither."""
        before = number_of(crl("issuing.crl"))
        stop = threading.Event()
        failures = []

        def issue():
            while not stop.is_set():
                done = env.admin("crl", "issue", "--ca", "issuing", check=False)
                if done.returncode != 0:
                    failures.append(done.stderr.decode())

        thread = threading.Thread(target=issue)
        thread.start()
        try:
            for _ in range(3):
                old = env.workers()
                os.kill(max(old), signal.SIGKILL)
                wait_for(lambda: len(env.workers()) == len(old) and env.workers() != old, "a new worker")
        finally:
            stop.set()
            thread.join()
        env.await_each_worker(lambda client: client.get("/readyz").status == 200, "all are ready")
        wait_newest("issuing")
        raw = crl("issuing.crl")
        self.assertGreater(number_of(raw), before)
        self.assertIn("verify OK", self.check_signature(raw))
        self.assertEqual(failures, [])

    @staticmethod
    def check_signature(raw):
        chain = enroll()
        (env.scratch / "issuer.pem").write_text(client.to_pem(chain[1]))
        (env.scratch / "check.crl").write_bytes(raw)
        done = subprocess.run(["openssl", "crl", "-inform", "DER", "-in", env.scratch / "check.crl", "-noout", "-CAfile",
                               env.scratch / "issuer.pem"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.stdout.decode()


if __name__ == "__main__":
    tap.main()
