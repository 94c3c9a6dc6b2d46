#!/usr/bin/env python3
"""The samples of docs/client-guide.md, and the commands of docs/inventory.md, docs/metadata.md and docs/keyfactor-api.md, as they stand
there, against a running gateway."""

import os
import re
import subprocess
import sys
import unittest

import der
import tap
from environment import BUILD, TOP, Environment

sys.path.insert(0, str(TOP / "tests" / "install"))
import pages  # noqa: E402

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


class Pages(unittest.TestCase):
    """Block by block, as a reader pastes them: each ends well."""

    @classmethod
    def setUpClass(cls):
        cls.folder = env.scratch / "pages"
        cls.folder.mkdir()
        # the lines to paste first, without those that find a demo
        block = next(b.text for b in pages.blocks(TOP / "docs/pki-rest.md") if "alice()" in b.text)
        cls.before = "\n".join(["set -e", *(line for line in block.splitlines() if "demo.env" not in line and "PATH=" not in line)])
        for name in ("partner", "appliances/printer", "wrong/one"):
            cls.certificate(name)
        cls.write("pass", "pkcs12-password")
        der.openssl("pkcs12", "-export", "-in", str(cls.folder / "partner.pem"), "-inkey", str(cls.folder / "partner.key"), "-passout",
                    f"file:{cls.folder}/pass", "-out", str(cls.folder / "keystore.p12"))
        cls.write("servers.csv", "file,Department\npartner.pem,IT\n")
        cls.write("targets", env.var["GATEHOUSE_URL"].removeprefix("https://") + "\n")
        cls.certificate_id = env.count("select max(id) from certificate")
        cls.write("owners.csv", f"id,Department\n{cls.certificate_id},Operations\n")

    @classmethod
    def write(cls, name, text):
        (cls.folder / name).write_text(text)

    @classmethod
    def certificate(cls, name):
        file = cls.folder / name
        file.parent.mkdir(exist_ok=True)
        key = cls.folder / f"{file.name}.key"
        der.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key), "-out", f"{file}.pem",
                    "-subj", f"/CN={file.name}", "-days", "30")

    def paste(self, page, values):
        """values: what stands in the page for what is here, the longest first."""
        for block in pages.blocks(TOP / "docs" / page):
            if "skip" in block.options:
                continue
            text = block.text
            for word, here in values:
                text = text.replace(word, here)
            done = subprocess.run(["bash", "-c", self.before + "\n" + text], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, env={**os.environ, **env.var, "GATEHOUSE_CONF": str(env.dir / "state/gatehouse.conf"),
                                                                 "PATH": f"{BUILD}:{os.environ['PATH']}"})
            said = done.stdout.decode()
            self.assertEqual(done.returncode, 0, f"{block.where}: {text}\n{said}")
            self.assertNotIn('"code":"', said, f"{block.where}: {text}")  # an error of REST, which curl takes for an answer
            self.assertRegex(said, block.options.get("says", "^"), block.where)

    def test_inventory(self):
        self.paste("inventory.md", [("/etc/gatehouse/targets", "targets"), ("scan show 7", "scan show 1")])

    def test_keyfactor(self):
        der.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(self.folder / "alice.key"),
                    "-out", str(self.folder / "alice.csr"), "-subj", "/CN=alice")
        self.paste("keyfactor-api.md", [('"CMSID":12', f'"CMSID":{self.certificate_id}')])

    def test_metadata(self):
        last = str(self.certificate_id)
        self.paste("metadata.md", [("certificate/12", "certificate/" + last), ("show 12", "show " + last), ("set 12", "set " + last), ("history 12", "history " + last),
                                   ("--remove Stage\n", "--remove Stage --yes\n"), ("cancel 7", "cancel 1 || true"),  # there is no terminal, and it is done
                                   ('olga -X PUT "$url/pki/metadata-runs/7/status"', "true"), ("metadata-runs/7", "metadata-runs/1")])


if __name__ == "__main__":
    tap.main()
