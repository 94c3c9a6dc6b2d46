#!/usr/bin/env python3
"""The samples of docs/client-guide.md, as they stand there, against a running gateway."""

import os
import re
import subprocess
import unittest

import der
import tap
from environment import TOP, Environment

env = Environment("guide")
PAGE = (TOP / "docs/client-guide.md").read_text()
VARIABLES = {k: env.var["GATEHOUSE_" + k] for k in ("URL", "CAFILE", "APP_KEY", "APP_SECRET", "USER", "PASSWORD",
                                                    "TEMPLATE")}


def sample(language):
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    assert len(found) == 1, f"{len(found)} blocks of {language}"
    return found[0]


class Samples(unittest.TestCase):
    def run_sample(self, name, file, command):
        folder = env.scratch / name
        folder.mkdir(exist_ok=True)
        (folder / file).write_text(sample(name))
        variables = {"GATEHOUSE_" + k: v for k, v in VARIABLES.items()}
        path = {"PATH": os.environ["PATH"], "HOME": str(folder), "no_proxy": "*"}
        before = env.count("select count(*) from request")
        done = subprocess.run([*command, file], cwd=folder, env=path | variables, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        self.assertEqual(env.count("select count(*) from request"), before + 1)
        return folder

    def check_chain(self, folder):
        text = der.openssl("x509", "-in", str(folder / "chain.pem"), "-noout", "-text").decode()
        self.assertIn("alice@example.test", text)
        self.assertNotIn("ignored", text)
        pems = (folder / "chain.pem").read_text().split("-----BEGIN CERTIFICATE-----")
        self.assertGreaterEqual(len(pems), 3)
        root = folder / "root.pem"
        root.write_text(env.admin("ca", "export", "root"))
        der.openssl("verify", "-CAfile", str(root), "-untrusted", str(folder / "chain.pem"), str(folder / "chain.pem"))

    def test_curl(self):
        folder = self.run_sample("sh", "enroll.sh", ["bash"])
        self.check_chain(folder)
        self.assertEqual((folder / "key.pem").stat().st_mode & 0o077, 0)

    def test_python(self):
        folder = self.run_sample("python", "enroll.py", ["python3"])
        self.check_chain(folder)
        self.assertEqual((folder / "key.pem").stat().st_mode & 0o077, 0)

    def test_java(self):
        folder = env.scratch / "java"
        folder.mkdir(exist_ok=True)
        (folder / "request.der").write_bytes(der.csr(der.Key(env.scratch, "ec:P-256")))
        self.check_chain(self.run_sample("java", "Enroll.java", ["java"]))


if __name__ == "__main__":
    tap.main()
