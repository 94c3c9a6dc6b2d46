#!/usr/bin/env python3
"""A device's life with `gatehouse est` and our own server: the box, a password for once, the certificate, renewals, a
root that is replaced, and its end."""

import json
import os
import re
import subprocess
import unittest

import der
import tap
from environment import TOP, Environment

env = Environment("est-device", GATEHOUSE_CONF_EXTRA="""
est { label = "printers" retry_after = 1 }
""")
GATEHOUSE = TOP / os.environ.get("BUILD", "build") / "gatehouse"


def openssl(*words, **kw):
    return der.openssl(*map(str, words), **kw).decode()


def fingerprint():
    return openssl("x509", "-noout", "-fingerprint", "-sha256", stdin=env.admin("ca", "export", "root").encode()).strip().split("=")[1]


def setUpModule():
    template = json.loads((TOP / "conf/templates/WebServer.json").read_text())
    for name, last, approval in (("Printer", 93, False), ("Waiting", 94, True)):
        template.update(name=name, oid=f"1.3.6.1.4.1.311.21.8.15747088.8838185.2930322.4713121.5847363.{last}", approval=approval,
                        extendedKeyUsage=["clientAuth", "serverAuth"], purpose="client_auth", sid="never",
                        acknowledge=["ESC1", "ESC16", "ESC17", "NAMES"], acknowledgeReason="names of a test")
        path = env.scratch / f"{name}.json"
        path.write_text(json.dumps(template))
        env.admin("template", "import", path)
    env.admin("est", "label", "add", "printers", "--template", "Printer", "--ca", "issuing", "--auth", "either", "--linking", "if-present",
              "--renewal-days", 9999)
    env.admin("est", "label", "add", "waiting", "--template", "Waiting", "--ca", "issuing", "--auth", "http")
    env.await_catalog()
    own_tls()


def own_tls():
    """The gateway's TLS certificate is one of its own CA, as `gatehouse setup` makes it."""
    env.admin("est", "user", "add", "tls", "--password-file", "-", stdin=b"a-long-password\n")
    env.await_catalog()
    done = subprocess.run([GATEHOUSE, "est", "enroll", "--url", env.var["GATEHOUSE_URL"], "--cacert", env.var["GATEHOUSE_CAFILE"],
                           "--user", "tls", "--dir", env.scratch / "tls", "--subject", "CN=localhost", "--san", "dns:localhost"],
                          env={"PATH": os.environ["PATH"], "no_proxy": "*", "GATEHOUSE_PASSWORD": "a-long-password"},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode()
    tls = env.dir / "state" / "tls"
    (tls / "server.crt").write_bytes((env.scratch / "tls/current/cert.pem").read_bytes())
    (tls / "server.key").write_bytes((env.scratch / "tls/current/key.pem").read_bytes())
    with open(env.var["GATEHOUSE_CAFILE"], "a") as f:  # what waits for the gateway looks here
        f.write(env.admin("ca", "export", "root"))
    env.gateway("halt")
    env.gateway("run")


class Life(unittest.TestCase):
    number = 0

    def setUp(self):
        Life.number += 1
        self.name = f"printer-{Life.number}"
        self.dir, self.password = env.scratch / self.name, env.scratch / f"{self.name}.password"
        said = env.admin("est", "user", "add", self.name, "--one-time", "--generate", "--json")
        self.password.write_text(said["password"] + "\n")
        env.await_catalog()

    def est(self, *words, expect=0):
        done = subprocess.run([GATEHOUSE, "est", *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"], "no_proxy": "*"}, timeout=120)
        self.assertEqual(done.returncode, expect, done.stdout.decode() + done.stderr.decode())
        return done.stdout.decode() if expect in (0, 3) else done.stderr.decode()

    def enroll(self, *words, **more):
        return self.est("enroll", "--url", env.var["GATEHOUSE_URL"], "--dir", self.dir, "--user", self.name, "--password-file",
                        self.password, "--fingerprint", fingerprint(), "--subject", f"CN={self.name}.example.test", "--san",
                        f"dns:{self.name}.example.test", *words, **more)

    def renew(self, *words, **more):
        return self.est("reenroll", "--dir", self.dir, "--now", *words, **more)

    def serial(self):
        text = openssl("x509", "-in", self.dir / "current/cert.pem", "-noout", "-serial")
        openssl("verify", "-CAfile", self.dir / "ca.pem", "-untrusted", self.dir / "current/chain.pem", self.dir / "current/cert.pem")
        self.assertEqual(openssl("x509", "-in", self.dir / "current/cert.pem", "-noout", "-pubkey"),
                         openssl("pkey", "-in", self.dir / "current/key.pem", "-pubout"))
        return text.strip().split("=")[1]

    def test_box_to_renewal(self):
        env.admin("est", "label", "set", "printers", "--renewal-days", 364)
        self.addCleanup(env.admin, "est", "label", "set", "printers", "--renewal-days", 9999)
        env.await_catalog()
        self.enroll()
        first = self.serial()
        self.assertIn("not due", self.est("reenroll", "--dir", self.dir))
        self.assertIn("too early", self.renew(expect=1))
        self.assertIn("not due", self.est("reenroll", "--dir", self.dir, "--within", "9999"))
        self.assertFalse((self.dir / "next").exists())
        env.admin("est", "label", "set", "printers", "--renewal-days", 9999)
        env.await_catalog()
        self.renew()
        second = self.serial()
        self.renew("--same-key")
        self.assertEqual(len({first, second, self.serial()}), 3)

    def test_walk_through(self):
        """The blocks of docs/est.md, one after the other; commands of the administrator get the configuration of this environment."""
        blocks = re.findall(r"^```sh\n(.*?)^```$", (TOP / "docs/est.md").read_text(), re.M | re.S)
        self.assertEqual(len(blocks), 4)
        folder, bin_ = env.scratch / "walk", env.scratch / "walk-bin"
        folder.mkdir(mode=0o700)
        bin_.mkdir()
        (bin_ / "gatehouse").write_text(f"""#!/bin/sh
case "$1 $2" in
"est enroll"|"est reenroll") exec {GATEHOUSE} "$@" ;;
*) exec {GATEHOUSE} "$@" --config {env.dir}/state/gatehouse.conf ;;
esac
""")
        (bin_ / "gatehouse").chmod(0o755)

        def run(text, ok=True):
            done = subprocess.run(["bash", "-euc", "umask 077\n" + text], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=120,
                                  env={"PATH": f"{bin_}:{os.environ['PATH']}", "no_proxy": "*", "URL": env.var["GATEHOUSE_URL"]})
            self.assertEqual(done.returncode == 0, ok, done.stdout.decode())
            return done.stdout.decode()
        for block in blocks:
            run(block)
            env.await_catalog()
        self.assertIn("revoked", run("gatehouse est reenroll --dir est --now", ok=False))
        self.assertEqual(env.count("select count(*) from certificate c join request r on r.id = c.request_id where r.label = 'shop'"), 2)

    def test_the_password_is_for_once(self):
        self.enroll()
        self.dir = env.scratch / f"{self.name}-again"
        self.enroll(expect=1)
        self.assertFalse((self.dir / "current").exists())

    def test_digest_and_link(self):
        self.enroll("--digest", "--link")
        self.serial()
        self.renew("--link")
        self.serial()

    def test_the_end(self):
        self.enroll()
        env.admin("cert", "revoke", self.serial(), "--reason", "cessationOfOperation", "--yes")
        before = self.serial()
        self.assertIn("revoked", self.renew(expect=1))
        self.assertEqual(self.serial(), before)

    def test_waits_for_an_officer(self):
        self.enroll("--label", "waiting", expect=3)
        key = (self.dir / "next/key.pem").read_bytes()
        request = env.sql("select max(id) from request where label = 'waiting'")[0][0]
        env.admin("request", "approve", request)
        self.enroll("--label", "waiting", "--wait", "20")
        self.assertEqual((self.dir / "current/key.pem").read_bytes(), key)
        self.serial()

    def test_z_root_with_a_new_key(self):
        """Last: all others know the root by its fingerprint."""
        self.enroll()
        before, old = fingerprint(), (self.dir / "ca.pem").read_text()
        env.admin("ca", "renew", "root", "--new-key")
        env.await_catalog()
        self.renew()
        self.serial()
        # another one, which was told of the old root, is led to the new one
        self.assertNotEqual(fingerprint(), before)
        out = self.dir / "told.pem"
        self.est("cacerts", "--url", env.var["GATEHOUSE_URL"], "--fingerprint", before, "--out", out)
        self.assertIn(env.admin("ca", "export", "root"), out.read_text())
        found = re.findall("-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n", old)
        new = (self.dir / "ca.pem").read_text()
        self.assertTrue(all(c in new for c in found))
        self.assertGreater(new.count("BEGIN"), len(found))


if __name__ == "__main__":
    tap.main()
