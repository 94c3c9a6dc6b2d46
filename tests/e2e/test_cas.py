#!/usr/bin/env python3
"""CAs under a running gateway: policies refuse with a denial, states, renewal while it works, certificates over HTTP."""

import base64
import datetime
import http.client
import json
import secrets
import threading
import unittest
from urllib.parse import urlsplit

import ca_password
import client
import der
import tap
from client import Client
from environment import Environment, wait_for
from verifiers import Verifiers

env = Environment("cas", GATEHOUSE_FIRST_PASSWORD_BY_API="false", GATEHOUSE_CONF_EXTRA="limits { failures = 10000 }")
KEY = der.Key(env.scratch, "ec:P-256")
CSR = der.csr(KEY, subject=[("CN", "alice")])


def fetch(path, headers=None):
    where = urlsplit(env.var["GATEHOUSE_HTTP_URL"])
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
    connection.request("GET", path, headers=headers or {})
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply, body


def field(cert, name):
    return der.openssl("x509", "-inform", "DER", "-noout", f"-{name}", stdin=cert).decode().strip()


def lifetime(cert):
    times = [datetime.datetime.strptime(field(cert, d).split("=")[1], "%b %d %H:%M:%S %Y %Z")
             for d in ("startdate", "enddate")]
    return times[1] - times[0]


class Case(unittest.TestCase):
    def setUp(self):
        self.alice = Client(env)

    def set(self, *options, ca="issuing"):
        env.admin("ca", "set", ca, *options)

    def enroll_until(self, wanted, what, who=None, **kw):
        """Once all workers have heard of a change. The signer is told a moment after that."""
        env.await_catalog()
        reply = None

        def as_wanted():
            nonlocal reply
            reply = (who or self.alice).enroll(CSR, **kw)
            return wanted(reply)
        try:
            wait_for(as_wanted, what)
        except AssertionError as e:
            raise AssertionError(f"{e}: {reply.status} {reply.body!r}") from None
        return reply

    def application(self, name):
        """A client of an application of its own, for the CA of the same name."""
        key, secret = secrets.token_hex(32), secrets.token_hex(32)
        for suffix, value in (("key", key), ("secret", secret)):
            path = env.scratch / f"{name}.{suffix}"
            path.write_text(value + "\n")
            path.chmod(0o600)
        env.admin("app", "create", name, "--ca", name, "--template", "User", "--key-file",
                  env.scratch / f"{name}.key", "--secret-file", env.scratch / f"{name}.secret")
        env.await_catalog()
        return Client(env, app_key=base64.b64encode(key.encode()).decode(), secret=secret.encode())

    def issued(self, who=None, **kw):
        return self.enroll_until(lambda r: r.status == 200 and r.json["RequestDisposition"] == "Issued",
                                 "issued", who, **kw)

    def denied(self, word, who=None, **kw):
        reply = self.enroll_until(lambda r: b"Denied" in r.body and word.encode() in r.body, f"denied: {word}",
                                  who, **kw)
        self.assertEqual(reply.json["RequestDisposition"], "Denied", reply.body)
        self.assertEqual(reply.json["ErrorCode"], "0x80094800")
        self.assertEqual(reply.json["Certificates"], "")
        number = reply.json["CMSRequestId"]
        row = env.sql(f"select disposition, message, certificate_id from request where id = {number}")[0]
        self.assertEqual(row[0], "31")
        self.assertIn(word, row[1])
        self.assertEqual(row[2], "")
        return reply


class Policy(Case):
    def test_limits_of_extended_key_usage_and_key_deny_with_the_reason(self):
        self.issued()
        self.set("--allow-eku", "OCSPSigning")
        self.denied("extended key usage")
        self.set("--allow-eku", "any", "--allow-key", "RSA")
        self.denied("keys of this kind")
        self.set("--allow-key", "any", "--allow-extension", "1.2.3.4")
        self.denied("extension")
        self.set("--allow-extension", "any")
        self.issued()

    def test_longest_validity_cuts(self):
        self.set("--max-validity", "5")
        reply = self.enroll_until(
            lambda r: r.status == 200 and lifetime(r.certificates()[0]) <= datetime.timedelta(days=5), "cut")
        client.verify_chain(env.scratch, reply.certificates())
        self.assertGreater(lifetime(reply.certificates()[0]), datetime.timedelta(days=4))
        self.set("--max-validity", "0")

    def test_approval_required_leaves_pending_until_an_officer_says_yes(self):
        self.set("--approval-required")
        reply = self.enroll_until(lambda r: r.status == 200 and r.json["RequestDisposition"] == "Pending", "pending")
        self.assertEqual(reply.json["DispositionMessage"], "Taken Under Submission")
        number = reply.json["CMSRequestId"]
        env.admin("request", "approve", number, "--comment", "yes")
        state = self.alice.call(f"/CMSApi/CertEnroll/3/Requests/{number}", b"", "GET")
        self.assertEqual(state.json["RequestDisposition"], "Issued")
        client.verify_chain(env.scratch, state.certificates())
        self.set("--no-approval-required")
        self.issued()

    def test_name_constraints_deny(self):
        env.admin("ca", "create", "narrow", "--parent", "root", "--subject", "CN=Narrow", "--days", "100", "--no-urls",
                  "--permit-email", "elsewhere.test")
        env.admin("ca", "create", "fitting", "--parent", "root", "--subject", "CN=Fitting", "--days", "100", "--no-urls",
                  "--permit-email", "example.test", "--exclude-dns", "bad.test")
        who = {n: self.application(n) for n in ("narrow", "fitting")}
        self.denied("name constraints", who["narrow"], template="User")
        chain = self.issued(who["fitting"], template="User").certificates()
        client.verify_chain(env.scratch, chain)
        self.assertEqual(client.subject(chain[1]), "CN=Fitting")


    def test_name_constraints_above_the_ca_deny(self):
        # the certificate of the issuing CA itself has none
        env.admin("ca", "create", "top", "--root", "--subject", "CN=Top", "--path-len", "2", "--no-urls")
        for name, domain in (("east", "elsewhere.test"), ("west", "example.test")):
            env.admin("ca", "create", name, "--parent", "top", "--path-len", "1", "--subject", f"CN={name}", "--days",
                      "100", "--no-urls", "--permit-email", domain)
            env.admin("ca", "create", f"{name}-users", "--parent", name, "--subject", f"CN={name} users", "--days", "50",
                      "--no-urls")
        who = {n: self.application(n) for n in ("east-users", "west-users")}
        self.denied("name constraints of a CA of the chain", who["east-users"], template="User")
        client.verify_chain(env.scratch, self.issued(who["west-users"], template="User").certificates())


class Caching(Case):
    def test_the_list_has_a_tag_that_changes_with_it(self):
        reply, _ = fetch("/pki/cas")
        tag = reply.headers["ETag"]
        self.assertEqual(reply.headers["Cache-Control"], "public, max-age=60")
        reply, body = fetch("/pki/cas", {"If-None-Match": tag})
        self.assertEqual((reply.status, body, reply.headers["ETag"]), (304, b"", tag))
        reply, body = fetch("/pki/cas", {"If-None-Match": '"other"'})
        self.assertEqual(reply.status, 200)
        self.assertIn("issuing", {c["name"] for c in json.loads(body)["entries"]})
        env.admin("ca", "disable", "issuing")
        try:
            wait_for(lambda: fetch("/pki/cas", {"If-None-Match": tag})[0].status == 200, "a list that changed")
        finally:
            env.admin("ca", "enable", "issuing")


class States(Case):
    def test_disabled_is_503_and_enabled_issues_again(self):
        self.issued()
        before = env.count("select count(*) from certificate where request_id > 0")
        env.admin("ca", "disable", "issuing")
        reply = self.enroll_until(lambda r: r.status == 503, "503")
        self.assertIn("retry-after", reply.headers)
        count = env.count("select count(*) from certificate where request_id > 0")
        for _ in range(3):
            self.assertEqual(self.alice.enroll(CSR).status, 503)
        self.assertEqual(env.count("select count(*) from certificate where request_id > 0"), count)
        self.assertGreaterEqual(count, before)
        _, body = fetch("/pki/cas")
        states = {c["name"]: c["state"] for c in json.loads(body)["entries"]}
        self.assertEqual(states["issuing"], "disabled")
        env.admin("ca", "enable", "issuing")
        self.issued()

    def test_given_up_before_it_had_a_certificate(self):
        env.admin("ca", "csr", "given-up", "--subject", "CN=Given Up", "--no-urls")
        env.admin("ca", "retire", "given-up", "--yes")
        # what is created after it is known: so is this
        env.admin("ca", "create", "later", "--root", "--subject", "CN=Later", "--no-urls")
        env.await_catalog()
        self.assertIn(b'"later"', fetch("/pki/cas")[1])
        self.assertNotIn("left out of the catalog", env.log())
        self.assertNotIn(b"given-up", fetch("/pki/cas")[1])


class FirstPassword(Case):
    """As the signer is started by default: the API cannot lock an owner out of a key that has no password."""

    def test_the_first_password_is_set_on_the_server(self):
        env.admin("ca", "create", "guarded", "--parent", "root", "--subject", "CN=Guarded", "--days", "50", "--no-urls")
        admin = ca_password.Passwords(env)
        env.await_catalog()
        reply = admin.set("first password", ca="guarded")
        self.assertEqual(reply.status, 403, reply.body)
        self.assertIn("gatehouse ca password set", reply.json["message"])
        self.assertFalse(admin.status(ca="guarded").json["requires_private_key_password"])
        path = env.scratch / "first.password"
        path.write_text("first password\n")
        env.admin("ca", "password", "set", "guarded", "--password-file", path)
        self.assertTrue(admin.status(ca="guarded").json["requires_private_key_password"])
        self.assertEqual(admin.change("first password", "second password", ca="guarded").status, 200)
        wait_for(lambda: admin.unlock("second password", ca="guarded").status == 200, "unlocked")
        self.assertEqual(admin.remove("second password", ca="guarded").status, 200)
        self.assertEqual(admin.set("first password", ca="guarded").status, 403)


class Renewal(Case):
    def certificates(self, path):
        def once():
            reply, body = fetch(path)
            return body if reply.status == 200 else None
        env.await_catalog()
        return wait_for(once, path)

    def test_same_key_then_new_key_under_load(self):
        stamp = client.now()
        first = self.issued(timestamp=None).certificates()
        recorded = self.alice.enroll(CSR, timestamp=stamp)
        old_cer = self.certificates("/ca/issuing.cer")
        etag = fetch("/ca/issuing.cer")[0].getheader("etag")

        failures, stop = [], threading.Event()

        def load():
            who = Client(env).keep()
            while not stop.is_set():
                reply = who.enroll(CSR)
                if reply.status != 200 or reply.json["RequestDisposition"] != "Issued":
                    failures.append((reply.status, reply.body))

        threads = [threading.Thread(target=load) for _ in range(4)]
        for t in threads:
            t.start()
        try:
            env.admin("ca", "renew", "issuing", "--years", "9")
            self.assertNotEqual(self.certificates("/ca/issuing.cer"), old_cer)
            self.assertEqual(fetch("/ca/issuing.cer", {"If-None-Match": etag})[0].status, 200)
            new = env.admin("ca", "renew", "issuing", "--new-key", "--json")
            self.assertEqual((new["slug"], new["superseded"]), ("issuing-2", "issuing@1"))
            self.certificates("/ca/issuing-2.cer")
            self.enroll_until(lambda r: r.status == 200 and
                              r.certificates()[1] == self.certificates("/ca/issuing-2.cer"), "issued by the new key")
        finally:
            stop.set()
            for t in threads:
                t.join()
        self.assertEqual(failures, [])
        client.verify_chain(env.scratch, self.issued().certificates())
        client.verify_chain(env.scratch, first)
        # the answer that was recorded under the old key comes with its issuer, not with the one of the same name
        again = self.alice.enroll(CSR, timestamp=stamp)
        self.assertEqual(again.certificates()[0], recorded.certificates()[0])
        client.verify_chain(env.scratch, again.certificates())
        # old and new issuer certificate are both served
        old, new = self.certificates("/ca/issuing.cer"), self.certificates("/ca/issuing-2.cer")
        self.assertNotEqual(field(old, "pubkey"), field(new, "pubkey"))
        self.assertEqual(field(old, "subject"), field(new, "subject"))
        self.assertIn(old_cer, client.pkcs7_certificates(self.certificates("/ca/issuing.p7c")))
        _, body = fetch("/pki/cas")
        states = {c["name"]: (c["slug"], c["state"]) for c in json.loads(body)["entries"]}
        self.assertEqual(states["issuing"], ("issuing-2", "active"))
        self.assertEqual(states["issuing@1"], ("issuing", "superseded"))

    def test_root_with_a_new_key(self):
        old_root = self.certificates("/ca/root.cer")
        leaf = self.issued().certificates()
        env.admin("ca", "renew", "root", "--new-key")
        new_root = self.certificates("/ca/root-2.cer")
        bundle = client.pkcs7_certificates(self.certificates("/ca/root-2.p7c"))
        self.assertEqual(len(bundle), 3)
        env.admin("ca", "create", "young", "--parent", "root", "--subject", "CN=Young", "--days", "50", "--no-urls")
        young = self.application("young")
        new_leaf = self.issued(young, template="User").certificates()
        # only one root is trusted; the bundle of the CA's address completes the path
        cross = {field(c, "pubkey"): c for c in bundle if c != new_root}
        old_with_new, new_with_old = cross[field(old_root, "pubkey")], cross[field(new_root, "pubkey")]
        self.verify(new_root, leaf[1:-1] + [old_with_new], leaf[0])
        self.verify(old_root, new_leaf[1:-1] + [new_with_old], new_leaf[0])
        for root in (old_root, new_root):
            self.assertNotIn(b"pathlen", der.openssl("x509", "-inform", "DER", "-noout", "-text", stdin=root))
        # each is revoked by the key that signed it
        self.assert_says_where_it_is_revoked(old_with_new, "root-2")
        self.assert_says_where_it_is_revoked(new_with_old, "root")
        self.verify(new_root, new_leaf[1:-1], new_leaf[0])
        # one who starts at the old key's address gets OldWithNew there
        old_bundle = client.pkcs7_certificates(self.certificates("/ca/root.p7c"))
        self.assertIn(old_root, old_bundle)
        self.assertIn(old_with_new, old_bundle)

    def verify(self, root, others, leaf):
        """Other programs count self-issued certificates, too: RFC 5280, 6.1.4 (l) says that they do not count."""
        for who, says in Verifiers(env.scratch).all(root, others, leaf).items():
            with self.subTest(program=who):
                self.assertFalse(says, says)

    def assert_says_where_it_is_revoked(self, cert, slug):
        text = der.openssl("x509", "-inform", "DER", "-noout", "-ext", "crlDistributionPoints,authorityInfoAccess",
                           stdin=cert).decode()
        for url in (f"/crl/{slug}.crl", f"/ca/{slug}.cer", "/ocsp"):
            self.assertIn(url, text)


if __name__ == "__main__":
    tap.main()
