"""One running Gatehouse with its servers for a test program: tests/servers/gateway.sh in a folder of
its own under /tmp, on free ports. Everything it starts is stopped and removed at the end."""

import atexit
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import postgres

TOP = Path(__file__).resolve().parents[2]
SERVERS = TOP / "tests" / "servers"
BUILD = Path(os.environ.get("BUILD", "build"))
BUILD = BUILD if BUILD.is_absolute() else TOP / BUILD


PATIENCE = 90.0  # seconds to wait for what must come, however busy the machine is; not what it may take


def wait_for(condition, what, seconds=PATIENCE, step=None):
    """Wait until condition() is true and return its value. Looking costs others their processor time, and what has
    not come for long is looked for more rarely, unless the caller says how often."""
    begin = time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        waited = time.monotonic() - begin
        if waited > seconds:
            raise AssertionError(f"after {seconds:g} s still not: {what}")
        time.sleep(step or min(0.05 + waited / 20, 0.25))


def free_port():
    """A port on which nobody listens, as tests/servers/free-port.sh finds it."""
    out = subprocess.run(["bash", "-c", '. "$1" && free_port', "-", str(SERVERS / "free-port.sh")], check=True,
                         stdout=subprocess.PIPE).stdout
    return int(out)


def read_shell_variables(path):
    """The assignments of a file that shells read, as a shell reads them."""
    script = 'set -a; . "$1"; env -0'
    out = subprocess.run(["env", "-i", "bash", "-c", script, "-", str(path)], check=True,
                         stdout=subprocess.PIPE).stdout
    pairs = (item.split("=", 1) for item in out.decode().split("\0") if item)
    return {k: v for k, v in pairs if k not in ("PWD", "SHLVL", "_", "OLDPWD")}


def other_clock(offset):
    """Variables for a program whose clock is so far from ours. By the library: the command faketime fails where a killed process has
    left its semaphore in /dev/shm and the number of the process comes again, which a whole check does."""
    library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")[0]
    return {"LD_PRELOAD": library, "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def stop_processes(pids):
    """SIGSTOP, until each thread has stopped: kill returns before that, and meanwhile they go on answering."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: all(state == "T" for pid in pids for state in thread_states(pid)), f"{pids} have stopped", step=0.01)


def thread_states(pid):
    return [stat.read_text().rpartition(")")[2].split()[0] for stat in Path(f"/proc/{pid}/task").glob("*/stat")]


class Session:
    """A database session that holds what it did, until it is closed: locks, or a transaction that it can commit."""

    def __init__(self, env, script):
        self.psql = subprocess.Popen(["psql", "-XAtq", "-d", env.var["GATEHOUSE_DB"]], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE)
        self.said = []
        self.psql.stdin.write((script + "; select 'held';\n").encode())
        self.psql.stdin.flush()
        while (line := self.psql.stdout.readline().decode().strip()) != "held":
            assert self.psql.poll() is None, self.said
            self.said.append(line)

    def commit(self):
        self.psql.communicate(b"commit;\n")
        assert self.psql.returncode == 0

    def close(self):
        self.psql.kill()
        self.psql.communicate()

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()


# On a busy machine slapd answers late, and a gateway that has ceased to wait for it refuses a log-in. What a program configures
# itself comes behind this and counts.
LATE_DIRECTORY = "directory { connect_ms = 30000 operation_ms = 30000 }\n"
CHEAP_BCRYPT = BUILD / "tests" / "servers" / "cheap_bcrypt.so"
COUNT_BCRYPT = BUILD / "tests" / "servers" / "count_bcrypt.so"


class Environment:
    """Passwords are hashed at the least cost, unless GATEHOUSE_PRELOAD says otherwise (tests/README.md, "Cheap bcrypt")."""

    def __init__(self, name, **variables):
        self.dir = Path(tempfile.mkdtemp(prefix=f"gatehouse-{name}-", dir="/tmp"))
        # the PostgreSQL user has to reach its folder
        self.dir.chmod(0o711)
        self.scratch = self.dir / "scratch"
        self.scratch.mkdir(mode=0o700)
        self.variables = {"GATEHOUSE_PRELOAD": str(CHEAP_BCRYPT) if CHEAP_BCRYPT.exists() else "", **variables,
                          "GATEHOUSE_CONF_EXTRA": LATE_DIRECTORY + variables.get("GATEHOUSE_CONF_EXTRA", "")}
        atexit.register(self.remove)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda n, frame: sys.exit(128 + n))
        self.script("gateway.sh", "start", self.dir / "state")
        self.var = read_shell_variables(self.dir / "state" / "env")
        self.await_start()

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
        if verb in ("run", "run2"):
            self.await_start(verb.removeprefix("run"))

    def second_node(self):
        """Start a second node on the same database; its variables."""
        self.gateway("run2")
        return read_shell_variables(self.dir / "state" / "env2")

    def await_start(self, node=""):
        """Wait until the audit trail says that a node has started. The worker with the jobs writes this row, a second after the node
        is ready or later: a test that counts rows, seals them or takes the database away must not come before it."""
        pids = "|".join(str(pid) for pid, _ in self.processes("kore", node))
        row = f"select 1 from audit where event = 'gateway.started' and detail ~ ', pid ({pids})$'"
        wait_for(lambda: self.sql(row), "the start of the gateway is in the audit trail")

    def gateway_pid(self, node=""):
        return int((self.dir / "state" / f"gateway{node}.pid").read_text())

    def processes(self, program, node=""):
        """Processes under the gateway whose program file has this name, as (pid, command line)."""
        found, todo = [], [self.gateway_pid(node)]
        while todo:
            pid = todo.pop()
            try:
                for task in Path(f"/proc/{pid}/task").iterdir():
                    todo += [int(c) for c in (task / "children").read_text().split()]
                # a program that was built anew meanwhile is still this one
                if os.path.basename(os.readlink(f"/proc/{pid}/exe")).removesuffix(" (deleted)") == program:
                    found.append((pid, Path(f"/proc/{pid}/cmdline").read_bytes()
                                  .replace(b"\0", b" ").decode(errors="replace").strip()))
            except OSError:
                continue  # ended in between
        return found

    def workers(self, node=""):
        """Pids. Kore names its processes; its parent and keymgr are none."""
        return {pid for pid, line in self.processes("kore", node) if "[wrk" in line or "worker" in line}

    def worker_of(self, sock, node=""):
        """The worker that has the other end of a connection on which it has answered."""
        ends = [f"{port:04X}" for port in (sock.getpeername()[1], sock.getsockname()[1])]
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        inodes = {f"socket:[{r[9]}]" for r in rows if [r[1].split(":")[1], r[2].split(":")[1]] == ends}
        for pid in self.workers(node):
            for fd in Path(f"/proc/{pid}/fd").iterdir():
                try:
                    if os.readlink(fd) in inodes:
                        return pid
                except OSError:
                    continue  # closed in between
        return None

    def of_each_worker(self, ask, node="", url=None):
        """What ask(client) says of each worker, in no order. Which worker takes a connection is chance: so many are made,
        and held, that each has one."""
        from client import Client
        answers, held, wanted = {}, [], self.workers(node)
        try:
            for _ in range(100):
                held.append(Client(self, url=url).keep())
                answer = ask(held[-1])
                answers[self.worker_of(held[-1].connection.sock, node)] = answer
                if wanted <= answers.keys():
                    return [answers[pid] for pid in wanted]
            raise ConnectionError(f"not each worker of {wanted} takes a connection, only {set(answers)}")
        finally:
            for c in held:
                c.connection.close()

    def await_each_worker(self, wanted, what, seconds=PATIENCE, **of):
        """Wait until wanted(client) is true of each worker."""
        def all_of_them():
            try:
                return all(self.of_each_worker(wanted, **of))
            except OSError:
                return False  # a worker that has just ended
        wait_for(all_of_them, what, seconds)

    def await_catalog(self, var=None):
        """Wait until all workers of a node work with what is configured now."""
        generation = self.count("select n from catalog_generation")
        wait_for(lambda: self.metric("gatehouse_catalog_generation", var) >= generation, f"generation {generation} in use")

    def await_crl(self, ca, delta=False, node="", var=None, seconds=PATIENCE):
        """Wait until each worker of a node serves the newest CRL; each looks for a newer one once a second."""
        kind = ["--delta"] if delta else []
        path = f"/crl/{ca}-delta.crl" if delta else f"/crl/{ca}.crl"

        def serves_newest(client):
            served = client.get(path).body
            return served == self.admin("crl", "export", ca, "--der", *kind, check=False).stdout
        self.await_each_worker(serves_newest, f"{path} is the newest", seconds, node=node,
                               url=var and var["GATEHOUSE_URL"])

    def metric(self, name, var=None):
        """One value of /metrics, which are those of all workers of a node."""
        from client import Client
        text = Client(self, url=var and var["GATEHOUSE_URL"]).get("/metrics").body.decode()
        return float(next(x for x in text.splitlines() if x.startswith(name + " ")).rsplit(" ", 1)[1])

    def log(self):
        """All lines; one that is just being written is none yet."""
        text = (self.dir / "state" / "gateway.log").read_text(errors="replace")
        return text[:text.rfind("\n") + 1]

    def await_log(self, text):
        """The log is written by a thread of its own, a little after the answer."""
        wait_for(lambda: text in self.log(), f"{text} in the log")

    def comparisons(self, act):
        """The costs of the password hashes that were compared while act() ran, of a gateway that has COUNT_BCRYPT."""
        def costs():
            return re.findall(r"bcrypt \$2b\$(\d\d)\$", self.log())
        before = len(costs())
        act()
        # what the log gets in order: all before this answer is in it when the answer is
        marker = f"/marker-{time.monotonic_ns()}"
        from client import Client
        Client(self).get(marker)
        self.await_log(marker)
        return [int(cost) for cost in costs()[before:]]

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
        return postgres.query(self.var["GATEHOUSE_DB"], query)

    def count(self, query):
        return int(self.sql(query)[0][0])

    def psql(self, script, user="gatehouse"):
        """Output of statements as one of the database's users."""
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d",
                               self.var["GATEHOUSE_DB"].replace("user=gatehouse", f"user={user}")],
                              input=script.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout.decode()
        return done.stdout.decode().strip()

    def without_triggers(self, script):
        """Statements as the superuser, with triggers switched off: what no role of the gateway may do."""
        return self.psql("set session_replication_role = replica;\n" + script, "postgres")

    def session(self, script):
        return Session(self, script)

    def command(self, *args, check=True, stdin=None):
        """The gatehouse command; its standard output, as JSON when --json is among the arguments."""
        done = subprocess.run([str(BUILD / "gatehouse"), *map(str, args)], input=stdin,
                              stdin=None if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, cwd=self.scratch,
                              env={**os.environ, "LD_PRELOAD": self.variables["GATEHOUSE_PRELOAD"]})
        if not check:
            return done
        if done.returncode != 0:
            raise AssertionError(f"gatehouse {' '.join(map(str, args))}: status {done.returncode}: "
                                 f"{done.stderr.decode(errors='replace')}")
        return json.loads(done.stdout) if "--json" in args else done.stdout.decode()

    def admin(self, *args, **kw):
        return self.command(*args, "-c", self.dir / "state" / "gatehouse.conf", **kw)

    @staticmethod
    def is_asked(pid):
        """Something lies in a Unix socket of a process, unread."""
        out = subprocess.run(["ss", "-xnpH"], check=True, stdout=subprocess.PIPE).stdout.decode()
        return any(f"pid={pid}," in line and int(line.split()[2]) > 0 for line in out.splitlines())

    def ready(self):
        from client import Client
        try:
            return Client(self).get("/readyz").status == 200
        except OSError:
            return False

    def wait_ready(self):
        wait_for(self.ready, "/readyz says 200")
