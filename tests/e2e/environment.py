"""One running Gatehouse with its servers for a test program: tests/servers/gateway.sh in a folder of
its own under /tmp, on free ports. Everything it starts is stopped and removed at the end."""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SERVERS = TOP / "tests" / "servers"
BUILD = Path(os.environ.get("BUILD", "build"))
BUILD = BUILD if BUILD.is_absolute() else TOP / BUILD


def wait_for(condition, what, seconds=20.0, step=0.05):
    """Wait until condition() is true and return its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds:g} s still not: {what}")
        time.sleep(step)


def read_shell_variables(path):
    """The assignments of a file that shells read, as a shell reads them."""
    script = 'set -a; . "$1"; env -0'
    out = subprocess.run(["env", "-i", "bash", "-c", script, "-", str(path)], check=True,
                         stdout=subprocess.PIPE).stdout
    pairs = (item.split("=", 1) for item in out.decode().split("\0") if item)
    return {k: v for k, v in pairs if k not in ("PWD", "SHLVL", "_", "OLDPWD")}


class Environment:
    def __init__(self, name, **variables):
        self.dir = Path(tempfile.mkdtemp(prefix=f"gatehouse-{name}-", dir="/tmp"))
        # the PostgreSQL user has to reach its folder
        self.dir.chmod(0o711)
        self.scratch = self.dir / "scratch"
        self.scratch.mkdir(mode=0o700)
        self.variables = variables
        atexit.register(self.remove)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda n, frame: sys.exit(128 + n))
        self.script("gateway.sh", "start", self.dir / "state")
        self.var = read_shell_variables(self.dir / "state" / "env")

    # --- servers ---------------------------------------------------------------------------------
    def script(self, name, *args, check=True):
        done = subprocess.run([str(SERVERS / name), *map(str, args)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, "BUILD": str(BUILD), **self.variables})
        if check and done.returncode != 0:
            raise RuntimeError(f"{name} {args[0]}: {done.stdout.decode(errors='replace')}")
        return done

    def postgres(self, verb):
        self.script("postgres.sh", verb, self.dir / "state" / "postgres")

    def slapd(self, verb):
        self.script("slapd.sh", verb, self.dir / "state" / "slapd")

    def gateway(self, verb):
        self.script("gateway.sh", verb, self.dir / "state")

    def second_node(self):
        """Start a second node on the same database; its variables."""
        self.gateway("run2")
        return read_shell_variables(self.dir / "state" / "env2")

    def gateway_pid(self):
        return int((self.dir / "state" / "gateway.pid").read_text())

    def processes(self, program):
        """Processes under the gateway whose program file has this name, as (pid, command line)."""
        found, todo = [], [self.gateway_pid()]
        while todo:
            pid = todo.pop()
            try:
                for task in Path(f"/proc/{pid}/task").iterdir():
                    todo += [int(c) for c in (task / "children").read_text().split()]
                if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == program:
                    found.append((pid, Path(f"/proc/{pid}/cmdline").read_bytes()
                                  .replace(b"\0", b" ").decode(errors="replace").strip()))
            except OSError:
                continue  # ended in between
        return found

    def log(self):
        return (self.dir / "state" / "gateway.log").read_text(errors="replace")

    def await_log(self, text):
        """The log is written by a thread of its own, a little after the answer."""
        wait_for(lambda: text in self.log(), f"{text} in the log")

    def remove(self):
        state = self.dir / "state"
        if state.is_dir():
            for verb, server in (("thaw", "postgres"), ("resume", "slapd")):
                if (state / server).is_dir():
                    self.script(f"{server}.sh", verb, state / server, check=False)
            done = self.script("gateway.sh", "stop", state, check=False)
            if done.returncode != 0:
                print("# stop:", done.stdout.decode(errors="replace"))
        if os.environ.get("KEEP"):
            print(f"# kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    # --- looking inside ----------------------------------------------------------------------------
    def sql(self, query):
        """Rows of a query, as lists of strings."""
        out = subprocess.run(["psql", "-XAtq", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-d",
                              self.var["GATEHOUSE_DB"], "-c", query], check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout.decode()
        return [line.split("\x1f") for line in out.splitlines()]

    def count(self, query):
        return int(self.sql(query)[0][0])

    def command(self, *args, check=True, stdin=None):
        """The gatehouse command; its standard output, as JSON when --json is among the arguments."""
        done = subprocess.run([str(BUILD / "gatehouse"), *map(str, args)], input=stdin,
                              stdin=None if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, cwd=self.scratch)
        if not check:
            return done
        if done.returncode != 0:
            raise AssertionError(f"gatehouse {' '.join(map(str, args))}: status {done.returncode}: "
                                 f"{done.stderr.decode(errors='replace')}")
        return json.loads(done.stdout) if "--json" in args else done.stdout.decode()

    def admin(self, *args, **kw):
        return self.command(*args, "-c", self.dir / "state" / "gatehouse.conf", **kw)

    def ready(self):
        from client import Client
        try:
            return Client(self).get("/readyz").status == 200
        except OSError:
            return False

    def wait_ready(self, seconds=20.0):
        wait_for(self.ready, "/readyz says 200", seconds)
