#!/usr/bin/env python3
"""make bench ONLY=enroll: enrollments per second beside cfssl and step-ca, on this machine, in one run.

servers.py says what each does for a request. For each number of connections there are some rounds; in each the servers
are measured one after the other, every second round in the opposite order, so that a change of the machine's mood
meets all. A row is the median of its rounds. The load generator runs on the same cores. A peer that is not available
has a row that says why. Prints a table and writes var/bench/.

BENCH_SECONDS      length of one measurement, 6 when not set
BENCH_ROUNDS       measurements for each row, 3 when not set
BENCH_CONNECTIONS  numbers of connections, "1 8 32 256" when not set
BENCH_ALGORITHMS   keys of the CA, "P-256 RSA-2048" when not set
BENCH_PEERS        "cfssl step-ca" when not set; may be empty
"""

import os
import statistics

from measure import SECONDS, cpu_us, errors_of, fdatasync_us, machine, memory_kb, postmaster, write_out
from peers import Missing
from servers import Cfssl, Gatehouse, StepCa

from environment import Environment

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CONNECTIONS = [int(c) for c in os.environ.get("BENCH_CONNECTIONS", "1 8 32 256").split()]
ALGORITHMS = os.environ.get("BENCH_ALGORITHMS", "P-256 RSA-2048").split()
PEERS = {"cfssl": Cfssl, "step-ca": StepCa}
WANTED = os.environ.get("BENCH_PEERS", " ".join(PEERS)).split()
FRESH = ", a new TLS connection for each"
FRESH_CONNECTIONS = 8

TABLE_HEAD = ("| what | CA | c | per s | p50 ms | p99 ms | errors | CPU us each | PostgreSQL CPU us each | fdatasync us |\n"
              "|---|---|---|---|---|---|---|---|---|---|")
TABLE_ROW = ("| {what} | {ca} | {c} | {per_s:.0f} | {p50_ms:.2f} | {p99_ms:.2f} | {errors:.0f} | {cpu_us:.0f} | "
             "{pg_cpu_us:.0f} | {fdatasync_us:.0f} |")
TABLE_MISSING = "| {what} | {ca} | | not available: {why} | | | | | | |"


def measure_once(server, env, connections, is_fresh):
    """One measurement, with the CPU time of the server's processes and of PostgreSQL's."""
    run, pids = server.load(connections, SECONDS, is_fresh=is_fresh), [server.pid, postmaster(env)]
    disk, before = fdatasync_us(env.dir), [cpu_us(p) for p in pids]
    r = run()
    spent = [cpu_us(p) - b for p, b in zip(pids, before)]
    good = r["requests"] - r["status"]
    cpu, pg = (us / max(good, 1) for us in spent)
    return {"per_s": good * 1e6 / r["us"], "p50_ms": r["p50"] / 1000, "p99_ms": r["p99"] / 1000, "errors": errors_of(r),
            "cpu_us": cpu, "pg_cpu_us": pg, "fdatasync_us": disk}


def measure(servers, env, algorithm, connections, is_fresh=False):
    """A row for each server: the medians of its rounds. The rounds stay in the row, for the JSON."""
    rounds = {s: [] for s in servers}
    for number in range(ROUNDS):
        for s in servers if number % 2 == 0 else reversed(servers):
            rounds[s].append(measure_once(s, env, connections, is_fresh))
    rows = []
    for s, made in rounds.items():
        row = {"what": s.name + (FRESH if is_fresh else ""), "ca": algorithm, "c": connections, "rounds": made,
               **{key: statistics.median(r[key] for r in made) for key in made[0]}}
        print(TABLE_ROW.format(**row), flush=True)
        rows.append(row)
    return rows


def start_peers(env, algorithm):
    """The peers that are available, and the rows of the others."""
    found, missing = [], []
    for name in WANTED:
        folder = env.scratch / name
        folder.mkdir(mode=0o700)
        try:
            found.append(PEERS[name](env, folder, algorithm))
        except Missing as why:
            missing.append({"what": PEERS[name].name, "ca": algorithm, "why": str(why)})
            print(TABLE_MISSING.format(**missing[-1]), flush=True)
    return found, missing


def bench(algorithm):
    """Rows, and a note."""
    env = Environment("bench", GATEHOUSE_KEY_ALG=algorithm)
    ours, peers = Gatehouse(env, env.scratch), []
    try:
        peers, rows = start_peers(env, algorithm)
        servers = [*peers, ours]
        for s in servers:
            s.load(8, 2)()  # warm-up
        warm = memory_kb(ours.pid)
        for c in CONNECTIONS:
            rows += measure(servers, env, algorithm, c)
        rows += measure([s for s in servers if s.url.startswith("https:")], env, algorithm, FRESH_CONNECTIONS,
                        is_fresh=True)
        count = env.count("select count(*) from certificate")
        note = (f"{algorithm}: memory of the gateway (PSS) {warm // 1024} MB after the warm-up, "
                f"{memory_kb(ours.pid) // 1024} MB after {count} certificates")
    finally:
        for p in peers:
            p.stop()
        env.remove()
    return rows, note


def ratios(rows):
    """A line for each row of ours that has peers beside it."""
    at = {}
    for r in rows:
        if "c" in r:
            is_fresh = r["what"].endswith(FRESH)
            at.setdefault((r["ca"], r["c"], is_fresh), {})[r["what"].removesuffix(FRESH)] = r["per_s"]
    for (ca, c, is_fresh), rate in at.items():
        ours = rate.pop(Gatehouse.name)
        if rate:
            yield (f"{ca}, c = {c}{FRESH if is_fresh else ''}: "
                   + ", ".join(f"{ours / peer:.2f} x {name}" for name, peer in rate.items() if peer > 0))


def main():
    if unknown := set(WANTED) - set(PEERS):
        raise SystemExit(f"BENCH_PEERS: {' '.join(unknown)} is none of: {' '.join(PEERS)}")
    title = machine(f"medians of {ROUNDS} rounds of {SECONDS} s")
    print(f"{title}\n{TABLE_HEAD}")
    rows, notes = [], []
    for algorithm in ALGORITHMS:
        some, note = bench(algorithm)
        rows += some
        notes.append(note)
    notes += ratios(rows)
    print("\n".join(notes))
    lines = ((TABLE_MISSING if "why" in r else TABLE_ROW).format(**r) for r in rows)
    write_out("", "\n".join([title, "", TABLE_HEAD, *lines, "", *(f"- {n}" for n in notes)]), rows)


if __name__ == "__main__":
    main()
