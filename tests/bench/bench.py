#!/usr/bin/env python3
"""make bench: enrollments per second beside cfssl, on this machine, in one run.

Ours is the whole path: kept-alive TLS, HMAC-SHA1, Basic (login cached), template, directory attributes
(cached), signature by the signer process, one commit of request, certificate, metadata and audit row,
PKCS#7 answer. The peer is `cfssl serve` with PostgreSQL: plain HTTP, no user, no directory, signature,
one INSERT.

Every request is unique (a new Timestamp, hence a new signature) and signed beforehand. The load
generator runs on the same cores. Prints a table and writes var/bench/.

BENCH_SECONDS      length of one measurement, 10 when not set
BENCH_CONNECTIONS  numbers of connections, "1 8 32 256" when not set
BENCH_ALGORITHMS   keys of the CA, "P-256 RSA-2048" when not set
"""

import base64
import datetime
import hmac
import json
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "e2e"))
import client  # noqa: E402
import der  # noqa: E402
from environment import Environment, wait_for  # noqa: E402

SECONDS = int(os.environ.get("BENCH_SECONDS", "10"))
CONNECTIONS = [int(c) for c in os.environ.get("BENCH_CONNECTIONS", "1 8 32 256").split()]
ALGORITHMS = os.environ.get("BENCH_ALGORITHMS", "P-256 RSA-2048").split()
RATE_MAX = 8000                 # prepared requests for each second; more than this machine can do
CSRS = 64
OURS, PEER = "Gatehouse", "cfssl + PostgreSQL"
FRESH = "Gatehouse, a new TLS connection for each"
TICK = os.sysconf("SC_CLK_TCK")
CFSSL_SCHEMA = """
create table certificates (serial_number bytea not null, authority_key_identifier bytea not null,
	ca_label bytea, status bytea not null, reason int, expiry timestamptz, revoked_at timestamptz,
	pem bytea not null, primary key (serial_number, authority_key_identifier));
"""


# --- requests ------------------------------------------------------------------------------------
def certificate_requests(folder):
    return [der.csr(der.Key(folder, "ec:P-256")) for _ in range(CSRS)]


def write_ours(env, csrs, prefix, threads, total):
    secret = env.var["GATEHOUSE_APP_SECRET"].encode()
    template = env.var["GATEHOUSE_TEMPLATE"]
    texts = [der.b64(c) for c in csrs]
    stamp = client.now(fmt="%Y-%m-%dT%H:%M:%S")
    for t in range(threads):
        with open(f"{prefix}.{t + 1}", "wb") as f:
            for i in range(t, total, threads):
                body = (f'{{"Timestamp":"{stamp}.{i:09d}Z","Request":{{"Flags":0,'
                        f'"TemplateName":"{template}","Pkcs10Request":"{texts[i % CSRS]}",'
                        f'"MetadataList":{{"Department":"D{i % 50}","Cost-Center":{i % 900}}}}}}}')
                body = body.encode()
                f.write(base64.b64encode(hmac.digest(secret, body, "sha1")) + b"\t" + body + b"\n")


def write_cfssl(csrs, prefix, threads, total):
    bodies = [json.dumps({"certificate_request": der.pem(c)}) for c in csrs]
    for t in range(threads):
        with open(f"{prefix}.{t + 1}", "w") as f:
            for i in range(t, total, threads):
                f.write("\t" + bodies[i % CSRS] + "\n")


# --- measuring -----------------------------------------------------------------------------------
def tree(pid):
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


def memory_kb(pid):
    total = 0
    for p in tree(pid):
        try:
            for line in Path(f"/proc/{p}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            continue
    return total


def fdatasync_us(folder):
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as f:
        for _ in range(300):
            f.write(b"x" * 8192)
            f.flush()
            begin = time.perf_counter()
            os.fdatasync(f.fileno())
            times.append((time.perf_counter() - begin) * 1e6)
    return statistics.median(times)


def wrk(folder, url, path, headers, prefix, signed, connections, seconds):
    result = folder / "result.json"
    result.unlink(missing_ok=True)
    threads = min(connections, 2)
    done = subprocess.run(["wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s",
                           "--timeout", "10s", "-s", str(TOP / "tests/bench/enroll.lua"), url],
                          env={**os.environ, "BENCH_BODIES": str(prefix), "BENCH_PATH": path,
                               "BENCH_HEADERS": "\n".join(f"{k}: {v}" for k, v in headers.items()),
                               "BENCH_SIGNED": "1" if signed else "0", "BENCH_RESULT": str(result)},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if not result.exists():
        sys.exit(f"wrk: {done.stdout.decode()}")
    return json.loads(result.read_text())


def measure(what, algorithm, connections, run, pids):
    """One row of the table: run() with the CPU time of pids (ours or the peer's, and PostgreSQL's)."""
    before = [cpu_us(p) for p in pids]
    r = run()
    spent = [cpu_us(p) - b for p, b in zip(pids, before)]
    errors = r["status"] + r["connect"] + r["read"] + r["write"] + r["timeout"]
    good = max(r["requests"] - r["status"], 1)
    row = {"what": what, "ca": algorithm, "c": connections, "per_s": good * 1e6 / r["us"],
           "p50_ms": r["p50"] / 1000, "p99_ms": r["p99"] / 1000, "errors": errors,
           "cpu_us": spent[0] / good, "pg_cpu_us": spent[1] / good}
    print(TABLE_ROW.format(**row), flush=True)
    return row


TABLE_HEAD = ("| what | CA | c | per s | p50 ms | p99 ms | errors | CPU us each | PostgreSQL CPU us each |\n"
              "|---|---|---|---|---|---|---|---|---|")
TABLE_ROW = ("| {what} | {ca} | {c} | {per_s:.0f} | {p50_ms:.2f} | {p99_ms:.2f} | {errors} | {cpu_us:.0f} | "
             "{pg_cpu_us:.0f} |")


# --- the two servers -----------------------------------------------------------------------------
class Cfssl:
    def __init__(self, env, folder, algorithm):
        self.folder, self.env = folder, env
        host = re.search(r"host='?([^ ']+)", env.var["GATEHOUSE_DB"]).group(1)
        postgres = ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-h", host, "-U", "postgres"]
        subprocess.run([*postgres, "-d", "postgres", "-c", "create database cfssl owner gatehouse"],
                       check=True)
        subprocess.run([*postgres[:-1], "gatehouse", "-d", "cfssl", "-c", CFSSL_SCHEMA], check=True)
        (folder / "db.json").write_text(json.dumps({"driver": "postgres", "data_source":
                                        f"host={host} dbname=cfssl user=gatehouse sslmode=disable"}))
        (folder / "config.json").write_text(json.dumps({"signing": {"default": {
            "usages": ["digital signature", "client auth"], "expiry": "8760h"}}}))
        key = {"algo": "ecdsa", "size": 256} if algorithm == "P-256" else {"algo": "rsa", "size": 2048}
        made = subprocess.run(["cfssl", "gencert", "-loglevel", "4", "-initca", "-"], check=True,
                              input=json.dumps({"CN": "cfssl", "key": key}).encode(), stdout=subprocess.PIPE)
        made = json.loads(made.stdout)
        (folder / "ca.pem").write_text(made["cert"])
        (folder / "ca-key.pem").write_text(made["key"])
        self.port = free_port()
        self.log = open(folder / "cfssl.log", "wb")
        self.process = subprocess.Popen(
            ["cfssl", "serve", "-loglevel", "4", "-address", "127.0.0.1", "-port", str(self.port),
             "-ca", folder / "ca.pem", "-ca-key", folder / "ca-key.pem",
             "-config", folder / "config.json", "-db-config", folder / "db.json"],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        wait_for(self.answers, "cfssl answers")

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def postmaster(env):
    return int((env.dir / "state/postgres/data/postmaster.pid").read_text().split()[0])


def run_ours(env, folder, csrs, connections, seconds, is_fresh=False):
    prefix = folder / "ours"
    write_ours(env, csrs, prefix, min(connections, 2), RATE_MAX * seconds)
    basic = f"{env.var['GATEHOUSE_USER']}:{env.var['GATEHOUSE_PASSWORD']}".encode()
    headers = {"Content-Type": "application/json", "X-CSS-CMS-AppKey": env.var["GATEHOUSE_APP_KEY"],
               "Authorization": "Basic " + base64.b64encode(basic).decode()}
    if is_fresh:                # the server hangs up, and wrk resumes no session
        headers["Connection"] = "close"
    return lambda: wrk(folder, env.var["GATEHOUSE_URL"], "/CMSApi/CertEnroll/3/Pkcs10", headers, prefix, True,
                       connections, seconds)


def run_cfssl(cfssl, folder, csrs, connections, seconds):
    prefix = folder / "cfssl"
    write_cfssl(csrs, prefix, min(connections, 2), RATE_MAX * seconds)
    return lambda: wrk(folder, f"http://127.0.0.1:{cfssl.port}", "/api/v1/cfssl/sign",
                       {"Content-Type": "application/json"}, prefix, False, connections, seconds)


def bench(algorithm):
    env = Environment("bench", GATEHOUSE_KEY_ALG=algorithm)
    folder = env.scratch
    csrs = certificate_requests(folder)
    cfssl = Cfssl(env, folder, algorithm)
    rows, extra = [], {"fdatasync_us": fdatasync_us(env.dir)}
    try:
        # warm up both
        run_ours(env, folder, csrs, 8, 2)()
        run_cfssl(cfssl, folder, csrs, 8, 2)()
        extra["memory_kb_before"] = memory_kb(env.gateway_pid())
        for c in CONNECTIONS:
            # in turn, so that a change of the machine's mood meets both
            peer = run_cfssl(cfssl, folder, csrs, c, SECONDS)
            rows.append(measure(PEER, algorithm, c, peer, [cfssl.process.pid, postmaster(env)]))
            ours = run_ours(env, folder, csrs, c, SECONDS)
            rows.append(measure(OURS, algorithm, c, ours, [env.gateway_pid(), postmaster(env)]))
        fresh = run_ours(env, folder, csrs, 8, SECONDS, is_fresh=True)
        rows.append(measure(FRESH, algorithm, 8, fresh, [env.gateway_pid(), postmaster(env)]))
        extra["memory_kb_after"] = memory_kb(env.gateway_pid())
        extra["certificates"] = env.count("select count(*) from certificate")
    finally:
        cfssl.stop()
        env.remove()
    return rows, extra


def machine(each=f"{SECONDS} s each"):
    model = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]
    commit = subprocess.run(["git", "-C", TOP, "describe", "--always", "--dirty"],
                            stdout=subprocess.PIPE).stdout.decode().strip()
    return (f"commit {commit}, {datetime.date.today()}, {os.cpu_count()} cores of "
            f"{model[0] if model else '?'}, {platform.freedesktop_os_release()['PRETTY_NAME']}, {each}")


def ratios(rows):
    at = {(r["what"], r["ca"], r["c"]): r["per_s"] for r in rows}
    lines = []
    for (what, ca, c), rate in at.items():
        if what == OURS:
            lines.append(f"{ca}, c = {c}: {rate / at[PEER, ca, c]:.2f} x cfssl")
    return lines


def main():
    out = TOP / "var" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    print(machine())
    print(TABLE_HEAD)
    rows, notes = [], []
    for algorithm in ALGORITHMS:
        some, extra = bench(algorithm)
        rows += some
        notes.append(f"{algorithm}: fdatasync {extra['fdatasync_us']:.0f} us; memory of the gateway (PSS) "
                     f"{extra['memory_kb_before'] // 1024} MB after the warm-up, "
                     f"{extra['memory_kb_after'] // 1024} MB after {extra['certificates']} certificates")
    notes += ratios(rows)
    print("\n".join(notes))
    text = "\n".join([machine(), "", TABLE_HEAD, *(TABLE_ROW.format(**r) for r in rows), "",
                      *(f"- {n}" for n in notes)])
    name = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    (out / f"{name}.md").write_text(text + "\n")
    (out / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n")
    print(f"written to var/bench/{name}.md")


if __name__ == "__main__":
    main()
