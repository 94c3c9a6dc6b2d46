#!/usr/bin/env python3
"""make bench ONLY=endurance: a million enrollments, and what grows with them.

A row for about each tenth of them: p50 and p99, the memory of each process, and what PostgreSQL keeps for each
certificate: rows, TOAST and indexes of the tables of an enrollment, and the WAL that was written. Prints two tables
and writes var/bench/. Memory is PSS in MB, and of it what is anonymous (heap, stacks): that part is the process's own,
the rest are files and memory shared with others.

BENCH_ENROLLMENTS  how many, 1000000 when not set
BENCH_CLIENTS      connections, 32 when not set
"""

import os
import re
from pathlib import Path

from measure import errors_of, machine, memory_kb, postmaster, pss_kb, tree, write_out
from servers import Gatehouse

from environment import Environment

TOTAL = int(os.environ.get("BENCH_ENROLLMENTS", "1000000"))
CLIENTS = int(os.environ.get("BENCH_CLIENTS", "32"))
STEPS = 10
SECONDS_MAX = 300  # of one run of wrk: its bodies are prepared on disk
TABLES = ("request", "certificate", "replay", "audit")
# Bytes of the tables' main part with its maps, of what is out of line with its index, of the indexes.
SIZES = """select sum(pg_table_size(c.oid) - out_of_line), sum(out_of_line), sum(pg_indexes_size(c.oid))
from pg_class c, lateral (select coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) as out_of_line) t
where relnamespace = 'public'::regnamespace and relname in ({})"""


# --- memory --------------------------------------------------------------------------------------
def processes(env):
    """Name and pid of each process of the gateway: kore [wrk 1], gatehouse-signer."""
    for pid in tree(env.gateway_pid()):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode(errors="replace").split("\0")
        except OSError:
            continue
        title = re.match(r"kore \[.*\]", words[0])
        yield (title.group() if title else Path(words[0]).name), pid


def memory(env):
    """Process -> (PSS, anonymous part of it), kB. PostgreSQL's shared buffers fill and stay, so they stand apart."""
    found = {name: (pss_kb(pid), pss_kb(pid, "Pss_Anon")) for name, pid in sorted(processes(env))}
    pg = postmaster(env)
    found["PostgreSQL"] = (memory_kb(pg), memory_kb(pg, "Pss_Anon"))
    return found


# --- disk ----------------------------------------------------------------------------------------
class Stored:
    """Bytes since it was made: rows, TOAST, indexes, WAL."""

    def __init__(self, env, tables=TABLES):
        self.env, self.tables = env, tables
        self.lsn = env.sql("select pg_current_wal_lsn()")[0][0]
        self.empty = self.sizes()

    def sizes(self):
        names = ", ".join(f"'{t}'" for t in self.tables)
        sizes = [int(n) for n in self.env.sql(SIZES.format(names))[0]]
        return [*sizes, self.env.count(f"select pg_wal_lsn_diff(pg_current_wal_lsn(), '{self.lsn}')::bigint")]

    def each(self, count):
        return [(now - then) / max(count, 1) for now, then in zip(self.sizes(), self.empty)]


# --- the run -------------------------------------------------------------------------------------
HEAD = ("| certificates | per s | p50 ms | p99 ms | errors | rows | TOAST | indexes | WAL | {} |\n"
        "|---|---|---|---|---|---|---|---|---|{}|")


def head(names):
    return HEAD.format(" | ".join(names), "---|" * (len(names) - 1) + "---")


def print_row(count, rate, result, stored, found):
    cells = [f"{count}", f"{rate:.0f}", f"{result['p50'] / 1000:.1f}", f"{result['p99'] / 1000:.1f}",
             f"{errors_of(result)}", *(f"{n:.0f}" for n in stored.each(count)),
             *(f"{pss / 1024:.1f} ({anon / 1024:.1f})" for pss, anon in found.values())]
    row = "| " + " | ".join(cells) + " |"
    print(row, flush=True)
    return row


def run(env):
    gatehouse, stored = Gatehouse(env, env.scratch), Stored(env)
    apart = {t: Stored(env, (t,)) for t in TABLES}
    rate = gatehouse.load(CLIENTS, 2)()["requests"] / 2  # warm-up; it is counted
    lines = [head(memory(env))]
    print(lines[0])
    count = 0
    while count < TOTAL:
        step = min(TOTAL // STEPS, TOTAL - count) + 1
        seconds = max(2, min(SECONDS_MAX, round(step / rate)))
        result = gatehouse.load(CLIENTS, seconds, int(max(2 * step, 3 * rate * seconds)))()
        rate = result["requests"] * 1e6 / result["us"]
        count = env.count("select count(*) from certificate where request_id > 0")
        lines.append(print_row(count, rate, result, stored, memory(env)))
    for table, of_it in apart.items():
        rows, toast, indexes, _ = of_it.each(count)
        lines.append(f"- {table}: {rows:.0f} bytes of rows, {toast:.0f} of TOAST, {indexes:.0f} of indexes")
    print("\n".join(lines[-len(TABLES):]))
    return lines


def main():
    env = Environment("endurance", GATEHOUSE_KEY_ALG="P-256")
    title = machine(f"c = {CLIENTS}; bytes for each certificate; PSS (anonymous part) in MB")
    print(title)
    try:
        lines = run(env)
    finally:
        env.remove()
    write_out("endurance-", "\n".join([title, "", *lines]))


if __name__ == "__main__":
    main()
