"""What bench.py, bench_ocsp.py and endurance.py measure with: processor time and memory of processes, the disk, wrk."""

import datetime
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
OUT = TOP / "var" / "bench"
SECONDS = int(os.environ.get("BENCH_SECONDS", "6"))  # of one measurement
sys.path.insert(0, str(TOP / "tests" / "e2e"))
TICK = os.sysconf("SC_CLK_TCK")


# --- processes -----------------------------------------------------------------------------------
def tree(pid):
    """A process and all below it."""
    found, todo = [], [pid]
    while todo:
        p = todo.pop()
        try:
            for task in Path(f"/proc/{p}/task").iterdir():
                todo += [int(c) for c in (task / "children").read_text().split()]
            found.append(p)
        except OSError:
            continue
    return found


def cpu_us(pid):
    """CPU time of a process and all below it, also of children that ended."""
    ticks = 0
    for p in tree(pid):
        try:
            fields = Path(f"/proc/{p}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += sum(int(x) for x in fields[11:15])
    return ticks * 1_000_000 // TICK


def pss_kb(pid, field="Pss"):
    """A field of one process's smaps_rollup: Pss, Pss_Anon, Pss_Shmem; 0 when the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(field + ":"))


def memory_kb(pid, field="Pss"):
    return sum(pss_kb(p, field) for p in tree(pid))


def postmaster(env):
    return int((env.dir / "state/postgres/data/postmaster.pid").read_text().split()[0])


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# --- the machine ---------------------------------------------------------------------------------
def fdatasync_us(folder, count=100):
    """The median of count writes of 8 kB."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as f:
        for _ in range(count):
            f.write(b"x" * 8192)
            f.flush()
            begin = time.perf_counter()
            os.fdatasync(f.fileno())
            times.append((time.perf_counter() - begin) * 1e6)
    return statistics.median(times)


def machine(each):
    model = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]
    commit = subprocess.run(["git", "-C", TOP, "describe", "--always", "--dirty"],
                            stdout=subprocess.PIPE).stdout.decode().strip()
    return (f"commit {commit}, {datetime.date.today()}, {os.cpu_count()} cores of "
            f"{model[0] if model else '?'}, {platform.freedesktop_os_release()['PRETTY_NAME']}, load before "
            f"{os.getloadavg()[0]:.1f}, {each}")


# --- the load generator --------------------------------------------------------------------------
def wrk(folder, url, script, connections, seconds, **variables):
    """What a script writes at the end of its run. variables: its environment, in capitals."""
    result = folder / "result.json"
    result.unlink(missing_ok=True)
    done = subprocess.run(["wrk", "-t", str(wrk_threads(connections)), "-c", str(connections), "-d", f"{seconds}s",
                           "--timeout", "10s", "-s", str(TOP / "tests/bench" / script), url],
                          env={**os.environ, **variables, "BENCH_RESULT": str(result)},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if not result.exists():
        sys.exit(f"wrk: {done.stdout.decode()}")
    return json.loads(result.read_text())


def wrk_threads(connections):
    return min(connections, 2)


def errors_of(result):
    return sum(result[k] for k in ("status", "connect", "read", "write", "timeout"))


# --- what stays ----------------------------------------------------------------------------------
def write_out(name, text, rows=None):
    """NAME-TIME.md in var/bench/, and the rows as JSON."""
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{name}{datetime.datetime.now():%Y%m%d-%H%M%S}.md"
    path.write_text(text + "\n")
    if rows is not None:
        path.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    print(f"written to var/bench/{path.name}")
