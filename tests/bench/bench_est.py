#!/usr/bin/env python3
"""make bench ONLY=est: certificates per second by EST, for clients with a client certificate, on this machine.

simpleenroll over connections that stay and with a new one for each, each request for a new key: chain of the client certificate, its
revocation, its user in the directory, template, signature by the signer, one commit. Full CMC: the same PKCS#10 in a message that the
certificate signs, answered by a PKIResponse, signed in turn. Beside it full handshakes with a client certificate: ours,
and `openssl s_server` with the same certificate and key. The load generator (bench_est.c) runs on the same cores.

BENCH_SECONDS      length of one measurement, 6 when not set
BENCH_ROUNDS       measurements for each row, 3 when not set; a row is their median
BENCH_CONNECTIONS  numbers of clients, "1 8 32" when not set
BENCH_ALGORITHMS   keys of the CA, "P-256 RSA-2048" when not set
"""

import json
import os
import statistics
import subprocess

from measure import SECONDS, TOP, cpu_us, fdatasync_us, free_port, machine, postmaster, write_out

import client
import der
from environment import Environment, wait_for

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CONNECTIONS = [int(c) for c in os.environ.get("BENCH_CONNECTIONS", "1 8 32").split()]
ALGORITHMS = os.environ.get("BENCH_ALGORITHMS", "P-256 RSA-2048").split()
LOAD = TOP / os.environ.get("BUILD", "build") / "tests/bench/bench_est"
PATH = "/.well-known/est/bench/"
TABLE_HEAD = ("| what | CA | c | per s | p50 ms | p99 ms | errors | CPU us each | PostgreSQL CPU us each |\n"
              "|---|---|---|---|---|---|---|---|---|")
TABLE_ROW = ("| {what} | {ca} | {c} | {per_s:.0f} | {p50_ms:.2f} | {p99_ms:.2f} | {errors:.0f} | {cpu_us:.0f} | "
             "{pg_cpu_us:.0f} |")


class Bench:
    """A gateway with a label, and alice with a client certificate of it."""

    def __init__(self, algorithm):
        self.env = env = Environment("bench-est", GATEHOUSE_KEY_ALG=algorithm)
        env.admin("est", "label", "add", "bench", "--template", "User", "--ca", "issuing", "--auth", "cert", "--certificates-of", "people")
        self.cas = env.scratch / "cas.pem"
        self.cas.write_text(env.admin("ca", "export", "issuing") + env.admin("ca", "export", "root"))
        conf = env.dir / "state" / "gatehouse.conf"
        conf.write_text(conf.read_text().replace("gateway {\n", f'gateway {{\n client_ca = "{self.cas}"\n', 1))
        env.gateway("halt")
        env.gateway("run")
        self.key = der.Key(env.scratch, "ec:P-256")
        reply = client.Client(env).enroll(der.csr(self.key))
        self.cert = env.scratch / "alice.pem"
        self.cert.write_text("".join(client.to_pem(c) for c in reply.certificates()[:2]))

    def load(self, port, cafile, clients, mode, seconds=SECONDS):
        done = subprocess.run([LOAD, "localhost", str(port), cafile, self.cert, self.key.path,
                               PATH + ("fullcmc" if mode == "cmc" else "simpleenroll"), "x", str(clients), str(seconds),
                               mode], stdout=subprocess.PIPE)
        assert done.returncode == 0, "bench_est failed"
        return json.loads(done.stdout)


def row(what, algorithm, clients, pids, run):
    made = []
    for _ in range(ROUNDS):
        before = [cpu_us(p) for p in pids]
        r = run()
        spent = [cpu_us(p) - b for p, b in zip(pids, before)] + [0]
        good = max(r["requests"] - r["status"], 1)
        made.append({"per_s": good * 1e6 / r["us"], "p50_ms": r["p50"] / 1000, "p99_ms": r["p99"] / 1000,
                     "errors": r["status"] + r["errors"], "cpu_us": spent[0] / good, "pg_cpu_us": spent[1] / good})
    found = {"what": what, "ca": algorithm, "c": clients, "rounds": made,
             **{k: statistics.median(m[k] for m in made) for k in made[0]}}
    print(TABLE_ROW.format(**found), flush=True)
    return found


def s_server(env, bench):
    """`openssl s_server` with the gateway's certificate, on a free port."""
    port, tls = free_port(), env.dir / "state" / "tls"
    process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", tls / "server.crt", "-key",
                                tls / "server.key", "-CAfile", bench.cas, "-verify", "3", "-www", "-quiet"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers():
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    wait_for(answers, "openssl s_server")
    return process, port


def bench(algorithm):
    made = Bench(algorithm)
    env, rows = made.env, []
    try:
        pids = [env.gateway_pid(), postmaster(env)]
        port, cafile = env.var["GATEHOUSE_URL"].rsplit(":", 1)[1], env.var["GATEHOUSE_CAFILE"]
        made.load(port, cafile, 8, "kept", 2)
        # as autovacuum does it within a minute: plans of a table that was empty read all of it
        env.psql("analyze", "postgres")
        for c in CONNECTIONS:
            for mode, what in (("kept", "simpleenroll"), ("fresh", "simpleenroll, a new TLS connection for each"), ("cmc", "fullcmc")):
                rows.append(row(what, algorithm, c, pids, lambda c=c, mode=mode: made.load(port, cafile, c, mode)))
        other, other_port = s_server(env, made)
        try:
            for name, pid, at in (("full handshakes", pids[0], port), ("full handshakes, openssl s_server", other.pid, other_port)):
                rows.append(row(name, algorithm, 8, [pid], lambda at=at: made.load(at, cafile, 8, "handshake")))
        finally:
            other.terminate()
            other.wait()
        note = f"{algorithm}: fdatasync {fdatasync_us(env.dir):.0f} us"
    finally:
        env.remove()
    return rows, note


def main():
    title = machine(f"medians of {ROUNDS} rounds of {SECONDS} s")
    print(f"{title}\n{TABLE_HEAD}")
    rows, notes = [], []
    for algorithm in ALGORITHMS:
        some, note = bench(algorithm)
        rows += some
        notes.append(note)
    print("\n".join(notes))
    write_out("est-", "\n".join([title, "", TABLE_HEAD, *(TABLE_ROW.format(**r) for r in rows), "", *(f"- {n}" for n in notes)]), rows)


if __name__ == "__main__":
    main()
