#!/usr/bin/env python3
"""The best proof there is: a certificate enrolled for a user of Active Directory (Samba) logs on to the domain
with PKINIT (RFC 4556), and one for another user's name cannot be had."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import client
import der
import tap
from client import Client
from environment import SERVERS, TOP, Environment, read_shell_variables


class Domain:
    """Samba as domain controller; trusts our CAs for log-on after trust()."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="gatehouse-ad-", dir="/tmp"))
        self.dir.chmod(0o755)
        self.state = self.dir / "dc"
        self.run("start")
        self.var = read_shell_variables(self.state / "env")

    def run(self, verb, check=True, **variables):
        # Provisioned once for all runs, in the tree's own var/.
        cache = TOP / "var" / "samba"
        cache.mkdir(parents=True, exist_ok=True)
        done = subprocess.run([str(SERVERS / "samba.sh"), verb, str(self.state)],
                              env={**os.environ, "SAMBA_CACHE": str(cache), **variables},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if check and done.returncode != 0:
            raise RuntimeError(f"samba.sh {verb}: {done.stdout.decode(errors='replace')}")

    def trust(self, pem):
        anchors = self.dir / "anchors.pem"
        anchors.write_text(pem)
        self.run("stop")
        self.run("start", PKINIT_ANCHORS=str(anchors))

    def directory_env(self):
        """The variables that gateway.sh wants of a directory."""
        v = self.var
        pairs = {"LDAP_TYPE": "ad", "LDAP_URI": v["AD_URI"], "LDAP_CAFILE": v["AD_CAFILE"],
                 "LDAP_BIND_DN": v["AD_BIND_DN"], "LDAP_PASSWORD_FILE": v["AD_PASSWORD_FILE"],
                 "LDAP_BASE": v["AD_BASE"], "LDAP_DOMAIN": v["AD_DOMAIN"], "LDAP_REALM": v["AD_REALM"],
                 "LDAP_USER": v["AD_USER"], "LDAP_PASSWORD": v["AD_PASSWORD"]}
        path = self.dir / "directory.env"
        path.write_text("".join(f"{k}='{p}'\n" for k, p in pairs.items()))
        return path

    def hide_sid(self, account):
        """The gateway's account may not read objectSid of this one any more."""
        conf = str(self.state / "dc" / "etc" / "smb.conf")
        reader = subprocess.run(["samba-tool", "user", "show", "svc-gw", "--attributes=objectSid", "-s", conf], check=True,
                                stdout=subprocess.PIPE).stdout.decode().split("objectSid: ")[1].split()[0]
        # schemaIDGUID of objectSid (MS-ADA3)
        ace = f"(OD;;RP;bf9679e8-0de6-11d0-a285-00aa003049e2;;{reader})"
        subprocess.run(["samba-tool", "dsacl", "set", f"--objectdn={account}", f"--sddl={ace}", "-s", conf,
                        "-H", str(self.state / "dc" / "private" / "sam.ldb")], check=True,
                       stdout=subprocess.DEVNULL)

    def remove(self):
        self.run("clean", check=False)
        shutil.rmtree(self.dir, ignore_errors=True)


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
    done = subprocess.run(["kinit", "-X", f"X509_user_identity=FILE:{cert},{key}",
                           "-X", f"X509_anchors=FILE:{env.scratch}/anchors.pem", principal], **run)
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
        env.wait_ready()

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
