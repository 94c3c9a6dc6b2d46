#!/usr/bin/env python3
"""make bench ONLY=inventory: pages of the inventory among ten million certificates, and what these cost an enrollment.

The certificates are made once, in ten to twenty minutes, and kept (inventory_rows.py: INVENTORY_ROWS, INVENTORY_DIR). Each query
is asked INVENTORY_CALLS times (200) over one kept-alive TLS connection as an officer, its value another one each time, for a page
of 100: the first one, and one behind 100 pages of 1000. Enrollments are measured in rounds of BENCH_SECONDS with eight
connections, in turn with a Gatehouse that has an empty database. Prints tables and writes them to var/bench/.
"""

import itertools
import os
import statistics
import time
import urllib.parse

import inventory_rows
from inventory_rows import BASE, ROWS
from measure import SECONDS, machine, write_out
from servers import Gatehouse

from environment import Environment
from person import Person

CALLS = int(os.environ.get("INVENTORY_CALLS", "200"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
DEEP = 100  # pages of 1000 before a deep one


class Case:
    """query: with {i}, the number of a certificate, and {n}, another number for each call."""

    def __init__(self, what, query=None, more="", is_deep=True):
        self.what, self.query, self.more, self.is_deep = what, query, more, is_deep

    def path(self, n, limit=100, page=None):
        i = BASE + n * 7919 % ROWS
        path = f"/pki/certificates?limit={limit}{self.more}" + (f"&page={page}" if page else "")
        return path + ("&query=" + urllib.parse.quote(self.query.format(i=i, n=n)) if self.query else "")


def cases(env):
    serial, thumbprint = env.sql(f"select encode(serial, 'hex'), encode(sha1, 'hex') from certificate where id = {BASE + 77}")[0]
    yield Case("all, order_by=id")
    for by in ("id&order=desc", "not_after", "not_after&order=desc", "subject", "requester", "serial", "template"):
        yield Case(f"all, order_by={by}", None, f"&order_by={by}")
    yield Case("Serial -eq", f'Serial -eq "{serial}"', is_deep=False)
    yield Case("Thumbprint -eq", f'Thumbprint -eq "{thumbprint}"', is_deep=False)
    yield Case("CN -eq", 'CN -eq "host{i}.d1.example.com" OR CN -eq "host{i}.d7.example.com"', is_deep=False)
    yield Case("CN -startswith, about 100", 'CN -startswith "host{i}"', is_deep=False)
    yield Case("DNS -eq", 'DNS -eq "alias{n}.example.com"', is_deep=False)
    yield Case("SAN -eq", 'SAN -eq "ALIAS{n}.example.com"', is_deep=False)
    yield Case("Requester -eq, 2000 of 10 M", 'Requester -eq "EXAMPLE\\user{n}"', is_deep=False)
    yield Case("Template -eq, 500 of 10 M", 'Template -eq "Rare"', is_deep=False)
    yield Case("Template -eq, three of four", 'Template -eq "WebServer"')
    yield Case("State -eq revoked, one of 50", 'State -eq "revoked"')
    yield Case("State -eq hold, one of 5000", 'State -eq "hold"', is_deep=False)
    yield Case("NotAfter of 30 days", 'NotAfter -ge %TODAY% AND NotAfter -lt %TODAY+30%')
    yield Case("NotAfter of 30 days, one department of 50", 'NotAfter -ge %TODAY% AND NotAfter -lt %TODAY+30% AND Department -eq "D{n}"',
               is_deep=False)
    yield Case("Department -eq, one of 50", 'Department -eq "D7"')
    yield Case("Template -eq AND State -eq", 'Template -eq "User" AND State -eq "active"')
    yield Case("no index: Cost-Center -eq, one of 900", "Cost-Center -eq 7", is_deep=False)
    yield Case("no index: CN -contains, none", 'CN -contains "nowhere"', is_deep=False)


def get(who, path):
    reply = who.get(path)
    assert reply.status == 200, (path, reply.body[:300])
    return reply.json


def times(who, paths):
    """p50 and p99 of these calls, in ms."""
    took, until = [], time.monotonic() + 20
    for path in paths:
        begin = time.perf_counter()
        get(who, path)
        took.append((time.perf_counter() - begin) * 1000)
        if time.monotonic() > until:
            break
    took.sort()
    return statistics.median(took), took[min(len(took) - 1, len(took) * 99 // 100)]


def deep_page(who, case):
    token = None
    for _ in range(DEEP):
        token = get(who, case.path(1, 1000, token))["next"]
        if token is None:
            return None
    return token


def measure(who, case):
    get(who, case.path(1))
    first = times(who, [case.path(n) for n in range(2, CALLS + 2)])
    token = deep_page(who, case) if case.is_deep else None
    deep = times(who, [case.path(1, page=token)] * CALLS) if token else (None, None)
    return {"what": case.what, "first": first, "deep": deep}


def statistics_row(who):
    get(who, "/pki/certificates/statistics")
    return {"what": "GET /pki/certificates/statistics", "first": times(who, ["/pki/certificates/statistics"] * CALLS), "deep": (None, None)}


def enrollments(kept, empty):
    """Per second, in rounds in turn; each second round in the opposite order."""
    rates = {"kept": [], "empty": []}
    for n in range(ROUNDS):
        for name, env in sorted({"kept": kept, "empty": empty}.items(), reverse=n % 2 == 1):
            r = Gatehouse(env, env.scratch).load(8, SECONDS)()
            rates[name].append(r["requests"] * 1e6 / r["us"])
    return {name: statistics.median(v) for name, v in rates.items()}


def cell(ms):
    return "" if ms is None else f"{ms:.1f}"


def main():
    kept = inventory_rows.Inventory()
    head = machine(f"{ROWS} certificates, {CALLS} calls each")
    who = Person("olga", kept.var["GATEHOUSE_OFFICER_PASSWORD"], kept)
    who.client.keep()
    lines = [head, "", "| query | first page p50 ms | p99 ms | deep page p50 ms | p99 ms |", "|---|---|---|---|---|"]
    rows = []
    for row in itertools.chain((measure(who, case) for case in cases(kept)), [statistics_row(who)]):
        rows.append(row)
        lines.append(f"| {row['what']} | " + " | ".join(map(cell, row["first"] + row["deep"])) + " |")
        print(lines[-1], flush=True)
    rates = enrollments(kept, Environment("bench-inventory"))
    rows.append(rates)
    lines += ["", f"Enrollments, c = 8: {rates['kept']:.0f} per s beside {ROWS} certificates, {rates['empty']:.0f} per s in an empty database: "
              f"{rates['kept'] / rates['empty']:.2f}"]
    print("\n".join(lines))
    write_out("inventory-", "\n".join(lines), rows)


if __name__ == "__main__":
    main()
