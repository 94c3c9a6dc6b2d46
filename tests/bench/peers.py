"""The peers that are built when the benchmark runs: step-ca and Vault, of fixed versions, from the Go module proxy into
var/bench/peers/. Nothing of them is in this tree. Missing, when Go or the proxy is not there, says why."""

import os
import re
import shutil
import subprocess

from measure import OUT, TOP

FOLDER = OUT / "peers"
BUILD_SECONDS = 2400
GO_MIN = (1, 25)
STEP_CA, STEP_CA_VERSION = "github.com/smallstep/certificates/cmd/step-ca", "v0.30.2"
VAULT, VAULT_VERSION = "github.com/hashicorp/vault", "v1.21.4"

# Vault's own go.mod has replacements, which `go install` of another module does not allow. So this module stands around
# its command. `minimal` is Vault's own build without storage and plugins of other vendors; PKI and Raft are in it.
VAULT_GO_MOD = f"""module vault

go 1.25.3

require {VAULT} {VAULT_VERSION}

replace github.com/99designs/keyring => github.com/Jeffail/keyring v1.2.3

replace github.com/ma314smith/signedxml v1.1.1 => github.com/moov-io/signedxml v1.1.1
"""
VAULT_MAIN = f"""package main

import (
	"os"

	"{VAULT}/command"
)

func main() {{ os.Exit(command.Run(os.Args[1:])) }}
"""


class Missing(Exception):
    """A peer is not available; the text says why."""


def go_version():
    """(1, 26), or () without Go."""
    if not shutil.which("go"):
        return ()
    said = subprocess.run(["go", "version"], check=True, stdout=subprocess.PIPE).stdout.decode()
    return tuple(map(int, re.search(r"go(\d+)\.(\d+)", said).groups()))


def go(what, *args, folder=None, **variables):
    if (version := go_version()) < GO_MIN:
        raise Missing(f"Go {'.'.join(map(str, GO_MIN))} or newer is needed, not {'.'.join(map(str, version)) or 'none'}")
    print(f"building {what}", flush=True)
    try:
        done = subprocess.run(["nice", "go", *map(str, args)], cwd=folder or FOLDER, timeout=BUILD_SECONDS,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", **variables})
    except subprocess.TimeoutExpired:
        raise Missing(f"not built after {BUILD_SECONDS} s") from None
    if done.returncode != 0:
        lines = [line for line in done.stdout.decode(errors="replace").splitlines() if "go: downloading" not in line]
        raise Missing(" ".join(lines[:2]).replace("|", "/")[-200:] or "the build failed")


def step_ca():
    program = FOLDER / f"step-ca-{STEP_CA_VERSION}"
    if not program.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        go(program.name, "install", f"{STEP_CA}@{STEP_CA_VERSION}", GOBIN=str(FOLDER))
        (FOLDER / "step-ca").rename(program)
    return program


def step_tokens():
    """The program that makes step-ca's one-time tokens."""
    source, program = TOP / "tests" / "bench" / "step_tokens.go", FOLDER / "step_tokens"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        go("step_tokens", "build", "-o", program, source)
    return program


def vault():
    program = FOLDER / f"vault-{VAULT_VERSION}"
    if not program.exists():
        source = FOLDER / "vault"
        source.mkdir(parents=True, exist_ok=True)
        (source / "go.mod").write_text(VAULT_GO_MOD)
        (source / "main.go").write_text(VAULT_MAIN)
        go(f"{program.name} (10 to 30 minutes on two cores)", "build", "-mod=mod", "-tags", "minimal", "-ldflags",
           "-s -w", "-o", program, ".", folder=source)
    return program
