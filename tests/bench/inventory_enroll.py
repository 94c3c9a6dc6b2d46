"""What enrollments cost beside many certificates: the same load there and in an empty database, in turn."""

import statistics
import time

import people
from inventory_rows import BASE, ROWS
from measure import SECONDS, cpu_us, fdatasync_us, postmaster
from servers import Gatehouse

HEAD = ["| enrollments, c = 8 | per s | compared with | ratio | PostgreSQL CPU us each | compared with | WAL kB each | compared with | fdatasync us |",
        "|---|---|---|---|---|---|---|---|---|"]


def wal_kb(env):
    return env.count("select (pg_current_wal_lsn() - '0/0')::bigint / 1024")


def once(env, load):
    """One measurement of a load that was prepared."""
    disk, pid = fdatasync_us(env.dir), postmaster(env)
    wal, cpu = wal_kb(env), cpu_us(pid)
    r = load()
    done = max(r["requests"] - r["status"], 1)
    return {"per_s": done * 1e6 / r["us"], "pg_us": (cpu_us(pid) - cpu) / done, "wal_kb": (wal_kb(env) - wal) / done, "disk_us": disk}


class Loads:
    """By one person, or another one each time; those are logged in before it is measured."""

    def __init__(self, env):
        self.env, self.people = env, people.People(env, ROWS, BASE)

    def one(self):
        return once(self.env, Gatehouse(self.env, self.env.scratch).load(8, SECONDS))

    def many(self):
        by_people = people.ByPeople(self.env, self.env.scratch, self.people)
        by_people.load(8, 3)()
        return once(self.env, by_people.load(8, SECONDS))


class Run:
    """A load beside a change of all metadata by query, which ends with it."""

    def __init__(self, who, load):
        self.who, self.load, self.n = who, load, int(time.time())

    def __call__(self):
        self.n += 1
        run = self.who.post("/pki/metadata-runs", {"query": "Id -gt 0", "values": {"Ticket": f"OPS-{self.n}"}})
        assert run.status in (201, 202), run.body
        try:
            return self.load()
        finally:
            self.who.send("PUT", f"/pki/metadata-runs/{run.json['id']}/status", {"status": "cancelled"})


def compare(what, load, other, rounds):
    """Medians of both, each second round in the opposite order, and the line of the table."""
    results = ([], [])
    for n in range(rounds):
        for found, run in ((results[0], load), (results[1], other))[::-1 if n % 2 else 1]:
            found.append(run())
    a, b = ({k: statistics.median(r[k] for r in found) for k in found[0]} for found in results)
    line = (f"| {what} | {a['per_s']:.0f} | {b['per_s']:.0f} | {a['per_s'] / b['per_s']:.2f} | {a['pg_us']:.0f} | {b['pg_us']:.0f} | "
            f"{a['wal_kb']:.1f} | {b['wal_kb']:.1f} | {a['disk_us']:.0f}, {b['disk_us']:.0f} |")
    print(line, flush=True)
    return {"what": what, "load": a, "other": b}, line
