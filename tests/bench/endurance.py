#!/usr/bin/env python3
"""make bench ONLY=endurance: a million enrollments, and what grows with them.

One row for about each tenth of them: p50 and p99, memory of each process (PSS), and the bytes that
PostgreSQL keeps for each certificate (tables of an enrollment with their indexes, without WAL).
Prints a table and writes var/bench/.

BENCH_ENROLLMENTS  how many, 1000000 when not set
BENCH_CLIENTS      connections, 32 when not set
"""

import datetime
import os
from pathlib import Path

from bench import TOP, certificate_requests, machine, memory_kb, postmaster, run_ours, tree
from environment import Environment

TOTAL = int(os.environ.get("BENCH_ENROLLMENTS", "1000000"))
CLIENTS = int(os.environ.get("BENCH_CLIENTS", "32"))
SECONDS_MAX = 60                # of one run of wrk: its bodies are prepared on disk
TABLES = ("request", "certificate", "replay", "audit")
HEAD = ("| certificates | per s | p50 ms | p99 ms | errors | bytes each | memory MB: processes of the gateway; PostgreSQL |\n"
        "|---|---|---|---|---|---|---|")


def memory_by_process(env):
    """Name and PSS of each process of the gateway and the signer, the largest first."""
    found = []
    for pid in tree(env.gateway_pid()):
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        kb = sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
        found.append((kb, name))
    found.sort(reverse=True)
    return ", ".join(f"{name} {kb / 1024:.1f}" for kb, name in found)


def stored_bytes(env):
    return env.count("select " + " + ".join(f"pg_total_relation_size('{t}')" for t in TABLES))


def seconds_for(count, per_second):
    return max(2, min(SECONDS_MAX, round(count / max(per_second, 1))))


def run(env, folder, csrs):
    rows, rate, count, empty = [], 500, 0, stored_bytes(env)
    while count < TOTAL:
        step = min(max(TOTAL // 10, 1), TOTAL - count)
        result = run_ours(env, folder, csrs, CLIENTS, seconds_for(step, rate))()
        rate = result["requests"] * 1e6 / result["us"]
        count = env.count("select count(*) from certificate where request_id > 0")
        errors = sum(result[k] for k in ("status", "connect", "read", "write", "timeout"))
        row = (f"| {count} | {rate:.0f} | {result['p50'] / 1000:.2f} | {result['p99'] / 1000:.2f} | {errors} | "
               f"{(stored_bytes(env) - empty) / max(count, 1):.0f} | {memory_by_process(env)}; "
               f"{memory_kb(postmaster(env)) // 1024} |")
        print(row, flush=True)
        rows.append(row)
    return rows


def main():
    out = TOP / "var" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    env = Environment("endurance", GATEHOUSE_KEY_ALG="P-256")
    title = machine(f"c = {CLIENTS}")
    print(f"{title}\n{HEAD}")
    try:
        rows = run(env, env.scratch, certificate_requests(env.scratch))
    finally:
        env.remove()
    name = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    (out / f"endurance-{name}.md").write_text("\n".join([title, "", HEAD, *rows]) + "\n")
    print(f"written to var/bench/endurance-{name}.md")


if __name__ == "__main__":
    main()
