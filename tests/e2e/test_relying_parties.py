#!/usr/bin/env python3
"""Relying parties that know nothing of us: openssl verify, openssl ocsp, GnuTLS ocsptool and Java's PKIX validator
check certificates by CRL and OCSP, over the URLs in the certificates, on two nodes with one database."""

import base64
import json
import subprocess
import time
import unittest
import urllib.request
from pathlib import Path

import der
import ocsp
import tap
from client import Client, to_pem
from environment import BUILD, Environment, wait_for

env = Environment("relying", GATEHOUSE_CONF_EXTRA="""
crl { delta_interval = 3600 }
""")
SECOND = env.second_node()
HERE = Path(__file__).resolve().parent
KEY = der.Key(env.scratch, "ec:P-256")


def run(*args, check=True, **kw):
    done = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, **kw)
    text = done.stdout.decode(errors="replace")
    if check and done.returncode != 0:
        raise AssertionError(f"{args}: {text}")
    return text


def gatehouse(*args, check=True):
    return run(BUILD / "gatehouse", *args, "-c", env.var["GATEHOUSE_CONF"], check=check)


def fetch(url):
    with urllib.request.urlopen(url, timeout=60) as reply:
        return reply.read()


def save(name, data):
    path = env.scratch / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


class Certificate:
    """One enrolled certificate and its chain as files."""

    def __init__(self, name, user=None):
        reply = Client(env).enroll(der.csr(KEY))
        assert reply.status == 200, reply.body
        self.id = reply.json["CMSID"] if "CMSID" in reply.json else reply.json["CertificateId"]
        self.chain = reply.certificates()
        self.leaf = save(f"{name}.pem", to_pem(self.chain[0]))
        self.issuer = save(f"{name}.issuer.pem", to_pem(self.chain[1]))
        self.root = save(f"{name}.root.pem", to_pem(self.chain[-1]))
        text = run("openssl", "x509", "-in", self.leaf, "-noout", "-ext",
                   "crlDistributionPoints,authorityInfoAccess")
        urls = [w.removeprefix("URI:") for w in text.split() if w.startswith("URI:")]
        self.crl_url = next(u for u in urls if "/crl/" in u)
        self.ocsp_url = next(u for u in urls if u.endswith("/ocsp"))
        self.issuer_url = next(u for u in urls if "/ca/" in u)

    def openssl_ocsp(self, url=None, *options):
        # the digest of the CertID has to be named before the certificate
        return run("openssl", "ocsp", "-issuer", self.issuer, *options, "-cert", self.leaf, "-CAfile",
                   self.root, "-url", url or self.ocsp_url)

    def java(self, how):
        return run("java", HERE / "Validate.java", how, self.root, self.leaf, self.issuer).strip()

    def verify(self, *crls, options=()):
        files = [x for c in crls for x in ("-CRLfile", c)]
        return run("openssl", "verify", "-crl_check_all", *options, "-CAfile", self.root, "-untrusted",
                   self.issuer, *files, self.leaf, check=False)


def put_status(cert, body, var=None, user=("olga", "officer.password")):
    """PUT /pki/certificate/{id}/status as a local officer."""
    password = (env.dir / "state" / user[1]).read_text().strip()
    client = Client(env)
    auth = base64.b64encode(f"{user[0]}:{password}".encode()).decode()
    reply = client.request("PUT", f"/pki/certificate/{cert.id}/status", json.dumps(body),
                           {"Authorization": "Basic " + auth, "Content-Type": "application/json"})
    assert reply.status == 200, (reply.status, reply.body)
    return reply


def crl_files():
    """The complete CRLs of both CAs as PEM, fetched over plain HTTP."""
    files = []
    for name in ("root", "issuing"):
        crl = save(f"{name}.crl", fetch(f"{env.var['GATEHOUSE_HTTP_URL']}/crl/{name}.crl"))
        pem = env.scratch / f"{name}.crl.pem"
        run("openssl", "crl", "-inform", "DER", "-in", crl, "-out", pem)
        files.append(pem)
    return files


def delta_file(name):
    crl = save(f"{name}-delta.crl", fetch(f"{env.var['GATEHOUSE_HTTP_URL']}/crl/{name}-delta.crl"))
    pem = env.scratch / f"{name}-delta.crl.pem"
    run("openssl", "crl", "-inform", "DER", "-in", crl, "-out", pem)
    return pem


class RelyingParties(unittest.TestCase):
    def test_1_good(self):
        cert = Certificate("good")
        gatehouse("crl", "issue")
        self.assertIn(": good", cert.openssl_ocsp())
        self.assertIn(": good", cert.openssl_ocsp(None, "-sha256"))
        self.assertIn(": good", cert.openssl_ocsp(SECOND["GATEHOUSE_HTTP_URL"] + "/ocsp"))
        self.assertIn(": OK", cert.verify(*crl_files()))
        self.assertEqual(cert.java("ocsp"), "valid")
        wait_for(lambda: cert.java("crl") == "valid", "Java has the new CRL")
        answer = run("ocsptool", "--ask=" + cert.ocsp_url, "--load-issuer", cert.issuer,
                     "--load-cert", cert.leaf, "--load-trust", cert.issuer)
        self.assertIn("Certificate Status: good", answer)
        self.assertIn("Success", answer)

    def test_2_issuer_is_found_by_its_url(self):
        cert = Certificate("aia")
        self.assertEqual(fetch(cert.issuer_url), cert.chain[1])

    def test_3_revocation_reaches_both_nodes_soon(self):
        cert = Certificate("revoked")
        urls = [env.var["GATEHOUSE_HTTP_URL"] + "/ocsp", SECOND["GATEHOUSE_HTTP_URL"] + "/ocsp"]
        raw = ocsp.request(ocsp.cert_id(cert.chain[1], ocsp.serial_of(cert.chain[0])))

        def await_status(status, seconds):
            for node, var in (("", env.var), ("2", SECOND)):
                env.await_each_worker(lambda c: ocsp.says(c, raw) == [status], f"{status} on node {node}", seconds, node=node,
                                      url=var["GATEHOUSE_URL"])
        await_status("good", 20)    # answers are in all caches from here on
        for url in urls:
            self.assertIn(": good", cert.openssl_ocsp(url, "-no_nonce"))
        put_status(cert, {"status": "revoked", "reason": "keyCompromise"})
        begin = time.monotonic()
        await_status("revoked", 5)  # the documents say a second; the rest is for a busy machine
        print(f"# revoked everywhere after {time.monotonic() - begin:.2f} s", flush=True)
        for url in urls:
            self.assertIn(": revoked", cert.openssl_ocsp(url, "-no_nonce"))
        self.assertIn("Reason: keyCompromise", cert.openssl_ocsp())
        self.assertEqual(cert.java("ocsp"), "revoked KEY_COMPROMISE")
        self.assertIn("Certificate Status: revoked", run(
            "ocsptool", "--ask=" + cert.ocsp_url, "--load-issuer", cert.issuer, "--load-cert", cert.leaf,
            "--load-trust", cert.issuer, check=False))

    def test_4_complete_and_delta_crl(self):
        gatehouse("crl", "issue")
        for ca in ("root", "issuing"):
            env.await_crl(ca)
        base = crl_files()
        cert = Certificate("delta")
        put_status(cert, {"status": "revoked", "reason": "superseded"})
        self.assertIn(": OK", cert.verify(*base))
        gatehouse("crl", "issue", "--delta")
        # each worker looks for a newer CRL once a second
        wait_for(lambda: "certificate revoked" in cert.verify(
            *base, delta_file("root"), delta_file("issuing"), options=("-use_deltas", "-extended_crl")),
                 "revoked by the delta CRL")
        gatehouse("crl", "issue")
        wait_for(lambda: "certificate revoked" in cert.verify(*crl_files()), "revoked in the CRL")
        wait_for(lambda: cert.java("crl") == "revoked SUPERSEDED", "Java sees it, too")

    def test_5_hold_and_back(self):
        cert = Certificate("hold")
        put_status(cert, {"status": "revoked", "reason": "certificateHold"})
        wait_for(lambda: "certificateHold" in cert.openssl_ocsp(), "on hold")
        gatehouse("crl", "issue")
        # a worker looks for a newer CRL once a second
        wait_for(lambda: "certificate revoked" in cert.verify(*crl_files()), "hold in the CRL")
        put_status(cert, {"status": "valid"})
        wait_for(lambda: ": good" in cert.openssl_ocsp(), "valid again")
        gatehouse("crl", "issue")
        wait_for(lambda: ": OK" in cert.verify(*crl_files()), "the CRL without the hold")
        wait_for(lambda: cert.java("crl") == "valid", "Java has the new CRL")

    def test_6_a_renewed_root(self):
        old = Certificate("before")
        gatehouse("ca", "renew", "root", "--new-key")
        run_all = gatehouse("ca", "export", "root", "--all")
        bundle = save("root.all.pem", run_all)
        new_root = save("root.new.pem", gatehouse("ca", "export", "root"))
        # trust in the new root only: OldWithNew leads from it to the old key
        self.assertIn(": OK", run("openssl", "verify", "-CAfile", new_root, "-untrusted", bundle, "-untrusted",
                                  old.issuer, old.leaf, check=False))


class ForgedCrls(unittest.TestCase):
    """Why no end entity is certified without keyUsage: with the name of its CA it signs CRLs that Java and OpenSSL take.
    The certificates are made with OpenSSL, since our signer makes neither of them; the second one shows that the keyUsage
    alone is enough."""

    def setUp(self):
        self.dir = env.scratch / "forged"
        self.dir.mkdir(exist_ok=True)
        (self.dir / "index.txt").write_text("")
        (self.dir / "ca.cnf").write_text(f"[ca]\ndefault_ca = d\n[d]\ndatabase = {self.dir}/index.txt\n"
                                         "default_md = sha256\ndefault_crl_days = 1\ncrl_extensions = x\n"
                                         "[x]\nauthorityKeyIdentifier = keyid\n")
        self.root = self.certificate("root", "/CN=Some CA", "basicConstraints=critical,CA:TRUE",
                                     "keyUsage=critical,keyCertSign,cRLSign")
        self.victim = self.certificate("victim", "/CN=revoked", "keyUsage=critical,digitalSignature", by="root")

    def certificate(self, name, subject, *extensions, by=None):
        path, signer = self.dir / f"{name}.pem", ()
        if by is not None:
            signer = ("-CA", self.dir / f"{by}.pem", "-CAkey", self.dir / f"{by}.key")
        added = [w for e in ("subjectKeyIdentifier=hash", *extensions) for w in ("-addext", e)]
        config = self.dir / "req.cnf"
        config.write_text("[req]\ndistinguished_name = dn\n[dn]\n")
        key = self.dir / f"{name}.key"
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        run("openssl", "req", "-config", config, "-new", "-x509", "-days", "5", "-key", key, "-subj", subject, *added,
            *signer, "-out", path)
        return path

    def forge(self, name, *extensions):
        """What Java and OpenSSL say to a CRL that an end entity with the CA's name signed."""
        other = self.certificate(name, "/CN=Some CA", *extensions, by="root")
        crl = self.dir / f"{name}.crl.pem"
        run("openssl", "ca", "-config", self.dir / "ca.cnf", "-gencrl", "-cert", other, "-keyfile",
            self.dir / f"{name}.key", "-out", crl)
        return (run("java", HERE / "ValidateCrl.java", self.root, self.victim, crl, other).strip(),
                run("openssl", "verify", "-crl_check", "-extended_crl", "-CAfile", self.root, "-untrusted", other,
                    "-CRLfile", crl, self.victim, check=False))

    def test_key_usage_stands_against_them(self):
        java, openssl = self.forge("free")
        self.assertEqual(java, "valid")
        self.assertIn(": OK", openssl)
        self.assertNotIn("error", openssl)
        java, openssl = self.forge("bound", "keyUsage=critical,digitalSignature")
        self.assertIn("failed", java)
        # the program goes on after that error of the library
        self.assertIn("[CRL path] error 26 at 0 depth lookup: unsuitable certificate purpose", openssl)


if __name__ == "__main__":
    tap.main()
