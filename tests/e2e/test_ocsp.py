#!/usr/bin/env python3
"""The OCSP responder as relying parties see it: openssl, GnuTLS and curl against two nodes on one database."""

import base64
import email.utils
import http.client
import os
import socket
import subprocess
import time
import unittest
import urllib.parse

import client
import der
import ocsp
import tap
from client import Client
from environment import PATIENCE, Environment, wait_for

env = Environment("ocsp", GATEHOUSE_CONF_EXTRA="""
database { timeout_ms = 2000 }
gateway { request_timeout = 8 }
ocsp { archive_cutoff = 400 max_age = 77 }
jobs { ocsp_signer = 0 }
""")
SOON = 20.0     # the documents say a second; the rest is for a busy machine
HTTP = env.var["GATEHOUSE_HTTP_URL"]
KEY = der.Key(env.scratch, "ec:P-256")
MALFORMED, TRY_LATER, UNAUTHORIZED = 1, 3, 6
TYPE = {"Content-Type": "application/ocsp-request"}


def ca_certificate(name):
    return bytes.fromhex(env.sql(f"SELECT encode(chain[1], 'hex') FROM ca WHERE name = '{name}'")[0][0])


ISSUING, ROOT = ca_certificate("issuing"), ca_certificate("root")
for label, cert in (("issuing", ISSUING), ("root", ROOT)):
    (env.scratch / f"{label}.pem").write_text(client.to_pem(cert))
(env.scratch / "chain.pem").write_text(client.to_pem(ISSUING) + client.to_pem(ROOT))


def new_certificate():
    reply = Client(env).enroll(der.csr(KEY))
    assert reply.status == 200, reply.body
    return reply.certificates()[0]


def hexadecimal(cert):
    return f"{ocsp.serial_of(cert):032x}"


def revoke(cert, reason=1, removed="NULL"):
    """As another node does it: two rows in the database, and the trigger's notification."""
    env.sql(f"""
        WITH c AS (UPDATE certificate SET status = {20 if removed != 'NULL' else 21}, version = version + 1
            WHERE serial = decode('{hexadecimal(cert)}', 'hex') RETURNING *)
        INSERT INTO revocation (certificate_id, ca_id, serial, revoked_at, reason, removed_at, not_after, revoked_by)
        SELECT id, ca_id, serial, now(), {reason}, {removed}, not_after, 'test' FROM c
        ON CONFLICT (certificate_id) DO UPDATE SET reason = {reason}, removed_at = {removed}, changed_at = now()""")


def ask(method, path, body=None, headers=None, url=HTTP):
    where = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
    connection.request(method, path, body, headers or {})
    reply = connection.getresponse()
    raw = reply.read()
    connection.close()
    return reply, raw


def post(raw, url=HTTP):
    reply, answer = ask("POST", "/ocsp", raw, TYPE, url)
    assert reply.status == 200, (reply.status, answer)
    assert reply.getheader("content-type") == "application/ocsp-response"
    return answer


def get_path(raw):
    return "/ocsp/" + urllib.parse.quote(base64.b64encode(raw).decode(), safe="")


def openssl_ocsp(*args, url=HTTP):
    """Asks and verifies; what openssl says."""
    done = subprocess.run(["openssl", "ocsp", "-issuer", "issuing.pem", *args, "-url", url + "/ocsp", "-CAfile",
                           "root.pem", "-resp_text"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          cwd=env.scratch)
    return done.stdout.decode(errors="replace")


def save(cert, name):
    (env.scratch / name).write_text(client.to_pem(cert))
    return name


def await_status(raw, status, what, seconds=PATIENCE, node="", url=None):
    """Wait until each worker of a node says so. It has the answer in its cache then."""
    env.await_each_worker(lambda c: ocsp.says(c, raw) == [status], what, seconds, node=node, url=url)


class RelyingParties(unittest.TestCase):
    def test_openssl_with_and_without_nonce(self):
        name = save(new_certificate(), "good.pem")
        out = openssl_ocsp("-cert", name, "-nonce")
        self.assertIn("Response verify OK", out)
        self.assertIn(f"{name}: good", out)
        self.assertNotIn("WARNING", out)  # the nonce came back
        out = openssl_ocsp("-no_nonce", "-cert", name)
        self.assertIn("Response verify OK", out)
        self.assertIn(f"{name}: good", out)
        self.assertIn("OCSP No Check", out)
        self.assertIn("OCSP Signing", out)

    def test_revocation_time_is_that_of_the_crl(self):
        cert = new_certificate()
        revoke(cert, 1)
        second = env.sql(f"""UPDATE revocation SET revoked_at = date_trunc('second', revoked_at) - interval '0.1 s'
            WHERE serial = decode('{hexadecimal(cert)}', 'hex')
            RETURNING to_char(revoked_at AT TIME ZONE 'UTC', 'FMDD HH24:MI:SS YYYY')""")[0][0]
        text = ocsp.text(post(ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(cert)))))
        self.assertRegex(text, "Revocation Time: [A-Z][a-z][a-z] +" + second + " GMT")

    def test_openssl_sha256_and_several_certificates(self):
        names = [save(new_certificate(), f"several{i}.pem") for i in range(3)]
        revoked = new_certificate()
        revoke(revoked, 1)
        names.append(save(revoked, "several3.pem"))
        args = ["-sha256"]
        for name in names:
            args += ["-cert", name]
        out = openssl_ocsp(*args)
        self.assertIn("Response verify OK", out)
        for name in names[:3]:
            self.assertIn(f"{name}: good", out)
        self.assertIn(f"{names[3]}: revoked", out)
        self.assertIn("Reason: keyCompromise", out)
        self.assertIn("Hash Algorithm: sha256", out)

    def test_gnutls(self):
        for status, cert in (("good", new_certificate()), ("revoked", new_certificate())):
            if status == "revoked":
                revoke(cert, 4)
            save(cert, "gnutls.pem")
            save(ISSUING, "issuing.pem")
            done = subprocess.run(["ocsptool", "--ask=" + HTTP + "/ocsp", "--nonce", "--load-cert", "gnutls.pem",
                                   "--load-issuer", "issuing.pem", "--load-trust", "chain.pem"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=env.scratch)
            out = done.stdout.decode(errors="replace")
            self.assertIn(f"Certificate Status: {status}", out)
            self.assertIn("Verifying OCSP Response: Success", out)

    def test_over_tls(self):
        raw = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(new_certificate())))
        for _ in range(3):
            reply = Client(env).request("POST", "/ocsp", raw, TYPE)
            self.assertEqual(reply.status, 200)
            self.assertEqual(ocsp.statuses(reply.body), ["good"])


class Statuses(unittest.TestCase):
    def test_never_issued_is_unknown(self):
        self.assertEqual(ocsp.statuses(post(ocsp.request(ocsp.cert_id(ISSUING, 0x1234)))), ["unknown"])
        for serial in (0, 2 ** 159 - 1, 2 ** 160 - 1, 2 ** 200):
            self.assertEqual(ocsp.statuses(post(ocsp.request(ocsp.cert_id(ISSUING, serial)))), ["unknown"], serial)
        negative = ocsp.request(ocsp.cert_id(ISSUING, 0x11)).replace(b"\x02\x01\x11", b"\x02\x01\x91")
        self.assertEqual(ocsp.statuses(post(negative)), ["unknown"])

    def test_serial_with_zeros_in_front(self):
        cert = new_certificate()
        short = f"{ocsp.serial_of(cert) >> 16:032x}"
        env.sql(f"UPDATE certificate SET serial = decode('{short}', 'hex') "
                f"WHERE serial = decode('{hexadecimal(cert)}', 'hex')")
        self.assertEqual(ocsp.statuses(post(ocsp.request(ocsp.cert_id(ISSUING, int(short, 16))))), ["good"])
        raw = ocsp.request(ocsp.cert_id(ISSUING, int(short, 16)), ocsp.cert_id(ISSUING, 3))
        self.assertEqual(ocsp.statuses(post(raw)), ["good", "unknown"])

    def test_foreign_issuer_is_unauthorized(self):
        raw = ocsp.request(ocsp.cert_id(ISSUING, 5, name=der.name([("CN", "Somebody else")])))
        self.assertEqual(ocsp.status(post(raw)), UNAUTHORIZED)
        self.assertEqual(ocsp.status(post(ocsp.request(ocsp.cert_id(ISSUING, 5, "sha512")))), UNAUTHORIZED)

    def test_one_of_ours_beside_others(self):
        mine = ocsp.cert_id(ISSUING, ocsp.serial_of(new_certificate()))
        other_ca = ocsp.cert_id(ROOT, ocsp.serial_of(ISSUING))
        foreign = ocsp.cert_id(ISSUING, 5, name=der.name([("CN", "Somebody else")]))
        self.assertEqual(ocsp.statuses(post(ocsp.request(foreign, mine, other_ca))), ["unknown", "good", "unknown"])

    def test_each_ca_answers_with_its_own_signer(self):
        post(ocsp.request(ocsp.cert_id(ROOT, 77)))
        post(ocsp.request(ocsp.cert_id(ISSUING, 77)))
        self.assertEqual(env.count("SELECT count(DISTINCT ca_id) FROM ocsp_signer"), 2)
        made, recorded = env.sql("SELECT (SELECT count(*) FROM certificate WHERE subject LIKE '% OCSP'), (SELECT count(*) "
                                 "FROM audit WHERE event = 'ocsp.signer-issued' AND outcome = 'success')")[0]
        self.assertGreaterEqual(int(made), 2)
        self.assertEqual(made, recorded)
        ours, others = (self.key_id(ocsp.request(ocsp.cert_id(ca, 77))) for ca in (ISSUING, ROOT))
        self.assertNotEqual(ours, others)

    def key_id(self, raw):
        return ocsp.text(post(raw)).split("X509v3 Subject Key Identifier:")[1].split()[0]

    def test_reason_time_and_archive_cutoff(self):
        cert = new_certificate()
        revoke(cert, 3)
        out = ocsp.text(post(ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(cert)))))
        self.assertIn("Cert Status: revoked", out)
        self.assertIn("Revocation Reason: affiliationChanged", out)
        self.assertIn("Archive Cutoff", out)
        cert = new_certificate()
        revoke(cert, 0)
        out = ocsp.text(post(ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(cert)))))
        self.assertIn("Cert Status: revoked", out)
        self.assertNotIn("Revocation Reason", out)

    def test_hold_and_back(self):
        cert = new_certificate()
        raw = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(cert)))
        await_status(raw, "good", "valid")
        revoke(cert, 6)
        await_status(raw, "revoked", "on hold", SOON)
        self.assertIn("certificateHold", ocsp.text(post(raw)))
        revoke(cert, 6, removed="now()")
        await_status(raw, "good", "lifted", SOON)

    def test_nonce_comes_back_and_is_bounded(self):
        one = ocsp.cert_id(ISSUING, ocsp.serial_of(new_certificate()))
        for n in (1, 16, 32, 128):
            nonce = os.urandom(n)
            answer = post(ocsp.request(one, nonce=nonce))
            self.assertIn(der.octets(nonce), answer)
        for wrong in (b"", os.urandom(129)):
            self.assertEqual(ocsp.status(post(ocsp.request(one, nonce=wrong))), MALFORMED)
        bare = der.extension(ocsp.NONCE, b"\x01\x02")
        self.assertEqual(ocsp.status(post(ocsp.request(one, extensions=[bare]))), MALFORMED)
        self.assertEqual(ocsp.status(post(ocsp.request(one, extensions=[ocsp.nonce_extension(b"a")] * 2))), MALFORMED)

    def test_unknown_extensions(self):
        one = ocsp.cert_id(ISSUING, ocsp.serial_of(new_certificate()))
        harmless, critical = der.extension("1.2.3.4", b"x"), der.extension("1.2.3.4", b"x", critical=True)
        self.assertEqual(ocsp.statuses(post(ocsp.request(one, extensions=[harmless]))), ["good"])
        self.assertEqual(ocsp.status(post(ocsp.request(one, extensions=[critical]))), MALFORMED)
        self.assertEqual(ocsp.status(post(ocsp.request(one, single=der.context(0, der.seq(critical))))), MALFORMED)
        self.assertEqual(ocsp.statuses(post(ocsp.request(one, single=der.context(0, der.seq(harmless))))), ["good"])


class Http(unittest.TestCase):
    def test_headers_of_rfc_5019(self):
        raw = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(new_certificate())))
        for round_ in range(4):  # made, then from the cache, on either worker
            reply, answer = ask("GET", get_path(raw))
            self.assertEqual(reply.status, 200)
            self.assertEqual(reply.getheader("content-type"), "application/ocsp-response")
            self.assertEqual(reply.getheader("cache-control"), "max-age=77, public, no-transform, must-revalidate")
            self.assertEqual(int(reply.getheader("content-length")), len(answer))
            stamp = {h: email.utils.parsedate_to_datetime(reply.getheader(h)).timestamp()
                     for h in ("date", "last-modified", "expires")}
            self.assertAlmostEqual(stamp["date"], time.time(), delta=30)
            self.assertEqual(stamp["expires"] - stamp["last-modified"], 43200)
            tag = reply.getheader("etag")
            self.assertRegex(tag, '^"[0-9a-f]{40}"$')
        seen = {200: 0, 304: 0}
        while seen[304] == 0 and seen[200] < 100:  # the two workers have an answer each, and one may take all calls
            reply, answer = ask("GET", get_path(raw), headers={"If-None-Match": tag})
            seen[reply.status] += 1
            tag = reply.getheader("etag")
            self.assertEqual(answer == b"", reply.status == 304)
        self.assertEqual(seen[304], 1)
        reply, answer = ask("HEAD", get_path(raw))
        self.assertEqual((reply.status, answer), (200, b""))

    def test_spellings_of_get(self):
        raw = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(new_certificate()), "sha256"))
        plain = base64.b64encode(raw).decode()
        for path in (plain, plain.rstrip("="), urllib.parse.quote(plain, safe=""), urllib.parse.quote(plain),
                     base64.urlsafe_b64encode(raw).decode()):
            reply, answer = ask("GET", "/ocsp/" + path)
            self.assertEqual(reply.status, 200, path)
            self.assertEqual(ocsp.statuses(answer), ["good"], path)
        out = subprocess.run(["curl", "-sS", "--noproxy", "*", HTTP + "/ocsp/" + plain], check=True,
                             stdout=subprocess.PIPE).stdout
        self.assertEqual(ocsp.statuses(out), ["good"])

    def test_wrong_gets(self):
        for path in ("/ocsp/", "/ocsp/!!!!", "/ocsp/%zz", "/ocsp/QUJD", "/ocsp/QQ==QQ==", "/ocsp/" + "A" * 1500):
            reply, answer = ask("GET", path)
            if path == "/ocsp/":
                self.assertIn(reply.status, (404, 405))
            else:
                self.assertEqual((reply.status, ocsp.status(answer)), (200, MALFORMED), path)
            self.assertIsNone(reply.getheader("etag"))

    def test_empty_extensions_of_bouncycastle(self):
        # BouncyCastle 1.72 sends [2] { Extensions } with nothing in it
        entry = der.seq(ocsp.cert_id(ISSUING, 1))
        raw = der.seq(der.seq(der.seq(entry), der.context(2, der.seq())))
        self.assertEqual(ocsp.status(post(raw)), 0)

    def test_wrong_posts(self):
        one = ocsp.cert_id(ISSUING, 1)
        good = ocsp.request(one)
        wrong = [b"", b"\0", b"hello", good[:-1], good + b"\0", b"\x30\x80" + good[2:] + b"\0\0", os.urandom(300),
                 der.seq(), der.seq(der.seq(der.seq())), ocsp.request(*[one] * 33), b"\x30" * 5000]
        for raw in wrong:
            self.assertEqual(ocsp.status(post(raw)), MALFORMED, raw[:20])
        self.assertEqual(len(ocsp.statuses(post(ocsp.request(*[one] * 32)))), 32)
        for n in range(len(good)):
            changed = good[:n] + bytes([good[n] ^ 0xFF]) + good[n + 1:]
            self.assertIn(ocsp.status(post(changed)), (0, MALFORMED, UNAUTHORIZED))

    def test_type_and_size(self):
        reply, _ = ask("POST", "/ocsp", b"x", {"Content-Type": "text/plain"})
        self.assertEqual(reply.status, 415)
        reply, _ = ask("POST", "/ocsp", b"\x30" * 20000, TYPE)
        self.assertEqual(reply.status, 413)
        reply, _ = ask("PUT", "/ocsp", b"x", TYPE)
        self.assertEqual(reply.status, 405)
        self.assertEqual(reply.getheader("allow"), "POST")

    def test_connections_that_bring_nothing(self):
        where = urllib.parse.urlsplit(HTTP)
        raw = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(new_certificate())))
        head = (f"POST /ocsp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ocsp-request\r\n"
                f"Content-Length: {len(raw)}\r\n\r\n").encode()
        open_ = []
        for sent in (b"", b"P", head[:40], head, head + raw[:10]) * 20:
            s = socket.create_connection((where.hostname, where.port), timeout=60)
            s.sendall(sent)
            open_.append(s)
        for _ in range(10):
            begin = time.monotonic()
            self.assertEqual(ocsp.statuses(post(raw)), ["good"])
            self.assertLess(time.monotonic() - begin, 6)     # before any of the others has ended
        for s in open_[:50]:
            s.close()
        for s in open_[50:]:  # half-sent ones end by the gateway's clock
            while s.recv(4096):
                pass
            s.close()
        slow = socket.create_connection((where.hostname, where.port), timeout=60)
        for i in range(0, len(head + raw), 20):
            slow.sendall((head + raw)[i:i + 20])
            time.sleep(0.02)    # each part a packet of its own
        self.assertTrue(slow.recv(4096).startswith(b"HTTP/1.1 200"))
        slow.close()

    def test_keep_alive_and_http_1_0(self):
        where = urllib.parse.urlsplit(HTTP)
        raw = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(new_certificate())))
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
        for _ in range(20):
            connection.request("POST", "/ocsp", raw, TYPE)
            self.assertEqual(ocsp.statuses(connection.getresponse().read()), ["good"])
            connection.request("GET", get_path(raw))
            self.assertEqual(ocsp.statuses(connection.getresponse().read()), ["good"])
        connection.close()
        for extra, version in (("", "1.0"), ("Connection: close\r\n", "1.1")):
            s = socket.create_connection((where.hostname, where.port), timeout=60)
            s.sendall(f"GET {get_path(raw)} HTTP/{version}\r\nHost: x\r\n{extra}\r\n".encode())
            got = b""
            while part := s.recv(4096):
                got += part
            self.assertEqual(ocsp.statuses(got.split(b"\r\n\r\n", 1)[1]), ["good"])
            s.close()


class Cache(unittest.TestCase):
    def test_hits_are_counted_and_not_logged(self):
        raw = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(new_certificate())))
        for _ in range(6):
            post(raw)
        lines, hits = len(env.log().splitlines()), env.metric('gatehouse_ocsp_answers_total{answer="cached"}')
        for _ in range(50):
            post(raw)
        self.assertGreater(env.metric('gatehouse_ocsp_answers_total{answer="cached"}'), hits + 40)
        # what is logged late, and /metrics itself; not fifty lines
        self.assertLess(len(env.log().splitlines()), lines + 40)
        wait_for(lambda: env.metric("gatehouse_ocsp_cache_entries") > 0, "the gauge of the cache")

    def test_nonces_and_lists_are_not_kept(self):
        a, b = (ocsp.cert_id(ISSUING, ocsp.serial_of(new_certificate())) for _ in range(2))
        hits = env.metric('gatehouse_ocsp_answers_total{answer="cached"}')
        for raw in (ocsp.request(a, nonce=b"0123456789abcdef"), ocsp.request(a, b)):
            for _ in range(6):
                post(raw)
        self.assertEqual(env.metric('gatehouse_ocsp_answers_total{answer="cached"}'), hits)

    def test_revocation_reaches_both_nodes_soon(self):
        second = env.second_node()
        self.addCleanup(env.gateway, "halt2")
        nodes = {"": None, "2": second["GATEHOUSE_URL"]}
        for _ in range(5):
            cert = new_certificate()
            raw = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(cert)))
            for node, url in nodes.items():
                await_status(raw, "good", f"good on node {node}", node=node, url=url)
            revoke(cert, 1)
            begin = time.monotonic()
            for node, url in nodes.items():
                await_status(raw, "revoked", f"revoked on node {node}", SOON, node=node, url=url)
            print(f"# revoked everywhere after {time.monotonic() - begin:.2f} s", flush=True)

    def test_database_away(self):
        cert, hidden = new_certificate(), new_certificate()
        raw = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(cert)))
        unseen = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(hidden)))
        for away, back in (("stop", "start"), ("freeze", "thaw")):
            again = env.log().count("listening for revocations again")
            await_status(raw, "good", "in the cache")
            env.postgres(away)
            try:
                for _ in range(5):
                    self.assertEqual(env.of_each_worker(lambda c: ocsp.says(c, raw)), [["good"]] * 2)
                self.assertEqual(ocsp.status(post(unseen)), TRY_LATER)
            finally:
                env.postgres(back)
            env.wait_ready()
            if away == "stop":
                # and have emptied what they had
                wait_for(lambda: env.log().count("listening for revocations again") >= again + 2, "both workers listen again")
        revoke(cert, 1)
        await_status(raw, "revoked", "heard of it")
        await_status(unseen, "good", "answered again")

    def test_missed_while_not_listening(self):
        cert, other = new_certificate(), new_certificate()
        raw, told = (ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(c))) for c in (cert, other))
        await_status(raw, "good", "in the cache")
        await_status(told, "good", "in the cache")
        env.sql("ALTER TABLE revocation DISABLE TRIGGER revocation_changed")
        try:
            revoke(cert, 1)
        finally:
            env.sql("ALTER TABLE revocation ENABLE TRIGGER revocation_changed")
        revoke(other, 1)
        await_status(told, "revoked", "what was said later is heard")
        await_status(raw, "good", "nobody said it: the test sees the cache")
        env.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN gatehouse_status%'"
                " OR query LIKE 'SELECT 1%'")
        await_status(raw, "revoked", "emptied after the loss")

    def test_signer_restarted(self):
        cert = new_certificate()
        for pid, _ in env.processes("gatehouse-signer"):
            os.kill(pid, 9)
        raw = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(cert)), nonce=b"0123456789abcdef")
        await_status(raw, "good", "signed again")


class Signers(unittest.TestCase):
    def certificate(self, raw, client=None):
        answer = client.request("POST", "/ocsp", raw, TYPE).body if client else post(raw)
        return ocsp.text(answer).split("X509v3 Subject Key Identifier:")[1].split()[0]

    def test_revoked_signer_is_replaced(self):
        raw = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(new_certificate())))
        before = {self.certificate(raw) for _ in range(6)}
        self.assertEqual(len(before), 1)
        env.sql("""WITH c AS (UPDATE certificate SET status = 21 WHERE sha256 IN (SELECT sha256(cert) FROM ocsp_signer)
                       AND ca_id = (SELECT id FROM ca WHERE name = 'issuing') RETURNING *)
                   INSERT INTO revocation (certificate_id, ca_id, serial, revoked_at, reason, not_after, revoked_by)
                   SELECT id, ca_id, serial, now(), 1, not_after, 'test' FROM c""")
        env.await_each_worker(lambda c: self.certificate(raw, c) not in before, "another signer answers")
        out = openssl_ocsp("-cert", save(new_certificate(), "after.pem"))
        self.assertIn("Response verify OK", out)

    def test_expired_signer_is_replaced_and_answers_end_with_it(self):
        ca = "(SELECT id FROM ca WHERE name = 'issuing')"
        env.gateway("halt")
        env.sql(f"UPDATE ocsp_signer SET not_after = now() + interval '100 seconds' WHERE ca_id = {ca}")
        env.gateway("run")
        raw = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(new_certificate())))
        reply, _ = ask("GET", get_path(raw))
        left = email.utils.parsedate_to_datetime(reply.getheader("expires")).timestamp() - time.time()
        self.assertLess(left, 101)
        self.assertLessEqual(int(reply.getheader("cache-control").split("=")[1].split(",")[0]), 77)
        env.gateway("halt")
        env.sql(f"UPDATE ocsp_signer SET not_after = now() + interval '10 seconds' WHERE ca_id = {ca}")
        count = env.count(f"SELECT count(*) FROM ocsp_signer WHERE ca_id = {ca}")
        env.gateway("run")
        self.assertEqual(ocsp.statuses(post(raw)), ["good"])
        self.assertEqual(env.count(f"SELECT count(*) FROM ocsp_signer WHERE ca_id = {ca}"), count + 1)

    def test_job_renews_before_the_end(self):
        signers = "SELECT count(*) FROM ocsp_signer WHERE not_after > now() + interval '13 days'"
        env.admin("job", "run", "ocsp-signer")
        self.assertEqual(env.count("SELECT count(DISTINCT ca_id) FROM ocsp_signer WHERE not_after > now()"), 2)
        count = env.count(signers)
        env.admin("job", "run", "ocsp-signer")
        self.assertEqual(env.count(signers), count)  # two thirds of its life: nothing to do
        env.sql("UPDATE ocsp_signer SET not_after = now() + interval '4 days'")
        env.admin("job", "run", "ocsp-signer")
        self.assertEqual(env.count(signers), 2)
        env.sql("UPDATE ocsp_signer SET not_after = now() - interval '8 days' WHERE not_after < now() + interval '5 days'")
        env.admin("job", "run", "ocsp-signer")
        self.assertEqual(env.count("SELECT count(*) FROM ocsp_signer"), 2)  # old keys are gone
        env.gateway("halt")  # or it would use the ones that it knows for a minute
        env.gateway("run")
        raw = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(new_certificate())))
        self.assertEqual(ocsp.statuses(post(raw)), ["good"])

    def test_disabled_ca_still_answers_and_retired_does_not(self):
        raw = ocsp.request(ocsp.cert_id(ISSUING, ocsp.serial_of(new_certificate())))
        try:
            for state, wanted in (("disabled", 0), ("superseded", 0), ("retired", UNAUTHORIZED)):
                env.sql(f"UPDATE ca SET state = '{state}' WHERE name = 'issuing'")
                env.admin("db", "reseal", "--yes")
                env.await_catalog()
                wait_for(lambda: ocsp.status(post(ocsp.request(ocsp.cert_id(ISSUING, 9)))) == wanted, state)
        finally:
            env.sql("UPDATE ca SET state = 'active' WHERE name = 'issuing'")
            env.admin("db", "reseal", "--yes")
        env.await_catalog()
        wait_for(lambda: ocsp.status(post(raw)) == 0, "active again")


if __name__ == "__main__":
    env.wait_ready()
    tap.main()
