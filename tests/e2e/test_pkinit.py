#!/usr/bin/env python3
"""The best proof there is: a certificate enrolled for a user of Active Directory (Samba) logs on to the domain
with PKINIT (RFC 4556), and one for another user's name cannot be had."""

import os
import subprocess
import unittest
from pathlib import Path

import client
import der
import tap
from client import Client
from domain import Domain
from environment import Environment


domain = Domain()
try:
    # RSA: the KDC of Samba 4.17 cannot verify ECDSA and says "Decrypt integrity check failed".
    env = Environment("ad", GATEHOUSE_DIRECTORY_ENV=str(domain.directory_env()),
                      GATEHOUSE_KEY_ALG="RSA-2048")
except BaseException:
    domain.remove()
    raise


def kinit(cert, key, principal):
    """Log on with a certificate; (status, output, principal of the ticket)."""
    cache = env.scratch / "ccache"
    cache.unlink(missing_ok=True)
    run = {"env": {**os.environ, "KRB5_CONFIG": domain.var["KRB5_CONFIG"], "KRB5CCNAME": f"FILE:{cache}",
                   "LC_ALL": "C"},
           "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    for _ in range(4):  # one time in 256 the two do not agree on the secret of Diffie-Hellman, which begins with a zero octet then
        done = subprocess.run(["kinit", "-X", f"X509_user_identity=FILE:{cert},{key}",
                               "-X", f"X509_anchors=FILE:{env.scratch}/anchors.pem", principal], **run)
        if done.returncode == 0:
            break
    ticket = subprocess.run(["klist"], **run).stdout.decode() if done.returncode == 0 else ""
    return done.returncode, done.stdout.decode(), ticket


class LogOn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.key = der.Key(env.scratch, "rsa:2048")
        chain = Client(env).enroll(der.csr(cls.key), template="SmartcardLogon").certificates()
        ours = "".join(client.to_pem(c) for c in chain[1:])
        domain.trust(ours)
        # kinit verifies the KDC's certificate and its own
        (env.scratch / "anchors.pem").write_text(ours + Path(domain.var["AD_CAFILE"]).read_text())
        env.await_each_worker(lambda c: c.get("/readyz").status == 200, "all workers have the directory again")

    def enroll(self, csr, who=None):
        reply = (who or Client(env)).enroll(csr, template="SmartcardLogon")
        self.assertEqual(reply.status, 200, reply.body)
        chain = reply.certificates()
        path = env.scratch / "logon.crt"
        path.write_text("".join(client.to_pem(c) for c in chain[:2]))
        return path, chain[0]

    def test_certificate_logs_on(self):
        path, cert = self.enroll(der.csr(self.key))
        self.assertIn("alice@ad.test", client.certificate_text(cert).lower())
        status, output, ticket = kinit(path, self.key.path, "alice@AD.TEST")
        self.assertEqual(status, 0, output)
        self.assertIn("alice@AD.TEST", ticket)
        self.assertIn("krbtgt/AD.TEST@AD.TEST", ticket)

    def test_certificate_has_the_sid_extension(self):
        _, cert = self.enroll(der.csr(self.key))
        self.assertIn(domain.var["AD_SID_ALICE"].encode(), cert)

    def test_another_name_cannot_be_had(self):
        forged = der.csr(self.key, subject=[("CN", "Administrator")], extensions=[
            der.extension("subjectAltName", der.san(upn=["administrator@ad.test"])),
            der.extension("ntdsSid", der.seq(der.context(0, der.oid("1.3.6.1.4.1.311.25.2.1"),
                          der.context(0, der.octets(b"S-1-5-21-1-2-3-500")))))])
        path, cert = self.enroll(forged)
        text = client.certificate_text(cert)
        self.assertNotIn("dministrator", text)
        self.assertIn("alice@ad.test", text.lower())
        self.assertNotIn(b"-500", cert)
        status, output, _ = kinit(path, self.key.path, "administrator@AD.TEST")
        self.assertNotEqual(status, 0, output)
        status, output, _ = kinit(path, self.key.path, "alice@AD.TEST")
        self.assertEqual(status, 0, output)

    def test_certificate_of_one_user_does_not_log_on_another(self):
        carol = Client(env, user="carol", password="Carol.Secret1")
        path, _ = self.enroll(der.csr(self.key), carol)
        self.assertEqual(kinit(path, self.key.path, "carol@AD.TEST")[0], 0)
        status, output, _ = kinit(path, self.key.path, "alice@AD.TEST")
        self.assertNotEqual(status, 0, output)

    def test_missing_upn(self):
        bob = Client(env, user="bob", password="Bob.Secret1")
        reply = bob.enroll(der.csr(self.key), template="SmartcardLogon")
        self.assertEqual(reply.status, 403, reply.body)
        self.assertIn("8009480D", reply.body.decode().upper())

    def test_disabled_and_expired_accounts(self):
        for user in ("dave", "gina"):
            with self.subTest(user=user):
                reply = Client(env, user=user, password=f"{user.title()}.Secret1").enroll(der.csr(self.key))
                self.assertIn(reply.status, (401, 403), reply.body)

    def test_computer(self):
        web = Client(env, user="WEB01$", password="Web01.Secret1")
        reply = web.enroll(der.csr(self.key), template="Computer")
        self.assertEqual(reply.status, 200, reply.body)
        self.assertIn("web01.ad.test", client.certificate_text(reply.certificates()[0]))

    def test_computer_whose_sid_may_not_be_read(self):
        """The template only wants the SID "if present". Nothing of this account is used by a later test."""
        domain.hide_sid("CN=WEB01,CN=Computers," + domain.var["AD_BASE"])
        env.gateway("halt")  # what it has read before
        env.gateway("run")
        env.wait_ready()
        reply = Client(env, user="WEB01$", password="Web01.Secret1").enroll(der.csr(self.key), template="Computer")
        self.assertEqual(reply.status, 403, reply.body)
        self.assertIn("80094821", reply.body.decode())

    def test_domain_spelling(self):
        for user in ("ADTEST\\alice", "alice@ad.test"):
            with self.subTest(user=user):
                self.enroll(der.csr(self.key), Client(env, user=user))


if __name__ == "__main__":
    try:
        tap.main()
    finally:
        env.remove()
        domain.remove()
