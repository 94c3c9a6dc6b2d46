"""step-ca, which Debian does not have: built when the benchmark runs, of a fixed version, from the Go module proxy into
var/bench/peers/. Nothing of it is in this tree. Missing, when Go or the proxy is not there, says why."""

import os
import re
import shutil
import subprocess

from measure import OUT, TOP

FOLDER = OUT / "peers"
BUILD_SECONDS = 1200
GO_MIN = (1, 25)
STEP_CA, STEP_CA_VERSION = "github.com/smallstep/certificates/cmd/step-ca", "v0.30.2"


class Missing(Exception):
    """A peer is not available; the text says why."""


def go_version():
    """(1, 26), or () without Go."""
    if not shutil.which("go"):
        return ()
    said = subprocess.run(["go", "version"], check=True, stdout=subprocess.PIPE).stdout.decode()
    return tuple(map(int, re.search(r"go(\d+)\.(\d+)", said).groups()))


def go(what, *args, **variables):
    if (version := go_version()) < GO_MIN:
        raise Missing(f"Go {'.'.join(map(str, GO_MIN))} or newer is needed, not {'.'.join(map(str, version)) or 'none'}")
    print(f"building {what}", flush=True)
    try:
        done = subprocess.run(["nice", "go", *map(str, args)], cwd=FOLDER, timeout=BUILD_SECONDS,
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
