"""Path validation by programs that know nothing of us: each is given one anchor, a leaf, and other certificates."""

import os
import subprocess
from pathlib import Path

import client
from environment import BUILD

HERE = Path(__file__).resolve().parent


def run(*args, **kw):
    return subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, **kw)


def save(path, certs):
    path.write_text("".join(client.to_pem(c) for c in certs))
    return path


class Verifiers:
    """Certificates are DER; others: in path order, from the leaf's issuer on."""

    def __init__(self, folder):
        self.folder = folder
        self.go_program = folder / "verify-go"
        environment = dict(os.environ, GO111MODULE="off", GOPROXY="off", GOFLAGS="", GOTOOLCHAIN="local",
                           GOCACHE=str(BUILD / "go-cache"), CGO_ENABLED="0")
        done = run("go", "build", "-o", self.go_program, HERE / "verify.go", env=environment)
        assert done.returncode == 0, done.stdout.decode()

    def all(self, root, others, leaf):
        """Name of each program: "" when it takes the path, else what it says."""
        anchor = save(self.folder / "v.root.pem", [root])
        path = save(self.folder / "v.leaf.pem", [leaf])
        rest = [save(self.folder / f"v.{i}.pem", [c]) for i, c in enumerate(others)]
        chain = save(self.folder / "v.chain.pem", [leaf, *others])
        together = save(self.folder / "v.others.pem", others)
        said = {
            "openssl": run("openssl", "verify", "-x509_strict", "-no-CApath", "-CAfile", anchor, "-untrusted",
                           together, path),
            "go": run(self.go_program, anchor, path, *rest),
            "gnutls": run("certtool", "--verify", "--load-ca-certificate", anchor, "--infile", chain),
            "strongswan": run("pki", "--verify", "--in", path, "--cacert", anchor,
                              *(w for r in rest for w in ("--cacert", r))),
        }
        ok = {"openssl": ": OK", "go": "valid\n", "gnutls": "Chain verification output: Verified.",
              "strongswan": "certificate trusted"}
        return {name: "" if ok[name] in done.stdout.decode() else done.stdout.decode() or "nothing"
                for name, done in said.items()}
