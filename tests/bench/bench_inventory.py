#!/usr/bin/env python3
"""make bench ONLY=inventory: pages of the inventory among ten million certificates, and what these cost an enrollment.

The certificates are made once, in ten to twenty minutes, and kept (inventory_rows.py: INVENTORY_ROWS, INVENTORY_DIR). Each query
is asked INVENTORY_CALLS times (200) over one kept-alive TLS connection as an officer, its value another one each time, for a page
of 100: the first one, and one behind 100 pages of 1000. Enrollments are measured in rounds of BENCH_SECONDS with eight
connections, in turn with a Gatehouse that has an empty database, by one person and by another one each time (people.py), beside a
change of all metadata, and with indexes of metadata, which are made and dropped again. Prints tables and writes them to var/bench/.
"""

import os
import statistics
import time
import urllib.parse

import inventory_rows
from inventory_rows import BASE, ROWS
from inventory_enroll import HEAD, Loads, Run, compare
from measure import fdatasync_us, machine, write_out

from environment import Environment
from person import Person

CALLS = int(os.environ.get("INVENTORY_CALLS", "200"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
DEEP = 100  # pages of 1000 before a deep one


THIRTY_DAYS = "NotAfter -ge %TODAY% AND NotAfter -lt %TODAY+30%"


class Case:
    """query: with {i}, the number of a certificate, {m}, that of one with an emailAddress before its common name, {d} and {e}, what
    their domains are called by, {v} and {c}, a department and a cost centre that there are, {w} and {x}, its department and another one, and {n}, another number for each call."""

    def __init__(self, what, query=None, more="", is_deep=True):
        self.what, self.query, self.more, self.is_deep = what, query, more, is_deep

    def path(self, n, limit=100, page=None):
        i = BASE + n * 7919 % (ROWS // 10 * 10)
        mail = i - i % 10 + 9
        path = f"/pki/certificates?limit={limit}{self.more}" + (f"&page={page}" if page else "")
        if self.query is None:
            return path
        cost = n * 37 % 890
        return path + "&query=" + urllib.parse.quote(self.query.format(i=i, d=i % 500, m=mail, e=mail % 500, v=n % 50, c=cost, c10=cost + 10, w=cost % 50,
                                                                      x=(cost + 1) % 50, n=n))


def cases(env):
    serial, thumbprint = env.sql(f"select encode(serial, 'hex'), encode(sha1, 'hex') from certificate where id = {BASE + 77}")[0]
    yield Case("all, order_by=id")
    for by in ("id&order=desc", "not_after", "not_after&order=desc", "subject", "requester", "serial", "template"):
        yield Case(f"all, order_by={by}", None, f"&order_by={by}")
    yield Case("Serial -eq", f'Serial -eq "{serial}"', is_deep=False)
    yield Case("Thumbprint -eq", f'Thumbprint -eq "{thumbprint}"', is_deep=False)
    yield Case("CN -eq", 'CN -eq "host{i}.d{d}.example.com"', is_deep=False)
    yield Case("CN -eq, behind an emailAddress as one in ten", 'CN -eq "host{m}.d{e}.example.com"', is_deep=False)
    yield Case("CN -startswith", 'CN -startswith "host{i}.D"', is_deep=False)
    yield Case("CN -startswith, behind an emailAddress", 'CN -startswith "host{m}.D"', is_deep=False)
    yield Case("DNS -eq", 'DNS -eq "alias{n}.example.com"', is_deep=False)
    yield Case("SAN -eq", 'SAN -eq "ALIAS{n}.example.com"', is_deep=False)
    yield Case("Requester -eq, 2000 of 10 M", 'Requester -eq "EXAMPLE\\user{n}"', is_deep=False)
    yield Case("Template -eq, 500 of 10 M", 'Template -eq "Rare"', is_deep=False)
    yield Case("Template -eq, three of four", 'Template -eq "WebServer"')
    yield Case("State -eq revoked, one of 50", 'State -eq "revoked"')
    yield Case("State -eq hold, one of 5000", 'State -eq "hold"', is_deep=False)
    yield Case("NotAfter of 30 days", THIRTY_DAYS)
    yield Case("NotAfter of 30 days, one department of 50", f'{THIRTY_DAYS} AND Department -eq "D{{v}}"', is_deep=False)
    yield Case("NotAfter of 30 days, a department that none has", f'{THIRTY_DAYS} AND Department -eq "nobody"', is_deep=False)
    yield Case("Department -eq, one of 50", 'Department -eq "D7"')
    yield Case("Template -eq AND State -eq", 'Template -eq "User" AND State -eq "active"')
    yield Case("no index: Cost-Center -eq, one of 900", "Cost-Center -eq 7", is_deep=False)
    yield Case("no index: CN -contains, none", 'CN -contains "nowhere"', is_deep=False)


def officer(env, is_kept=True):
    """On a connection that stays, or a new one for each call."""
    who = Person("olga", env.var["GATEHOUSE_OFFICER_PASSWORD"], env)
    if is_kept:
        who.client.keep()
    return who


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


# --- metadata that has indexes ---------------------------------------------------------------------
FIELDS = ("Department", "Cost-Center", "Stage")


def index(env, field, is_on=True):
    """Makes the index of a field, or drops it; how it went, as a line."""
    begin = time.monotonic()
    env.admin("metadata", "set", field, "--indexed" if is_on else "--no-indexed")
    env.await_catalog()
    size = env.count(f"select coalesce(sum(pg_relation_size(indexrelid) >> 20), 0) from pg_index where indrelid = 'certificate'::regclass and "
                     f"pg_get_indexdef(indexrelid) like '%{field}%'")
    return f"Index of {field}: {time.monotonic() - begin:.0f} s, {size} MB"


def indexed_cases():
    """The fields of FIELDS have indexes."""
    for query, what in (('Department -eq "D{v}"', "one of 50"), ("Cost-Center -eq {c}", "one of 900"), ("Cost-Center -ge {c} AND Cost-Center -lt {c10}", "10 of 900"),
                        ('Department -eq "nobody"', "none"), ('Department -startswith "D1"', "11 of 50")):
        yield Case(f"indexed: {query.split(' AND')[0].rpartition(' ')[0]}, {what}", query)
    for field in ("Department", "Cost-Center&order=desc"):
        yield Case(f"indexed: all, order_by={field}", None, f"&order_by={field}")
    for value in ("D{v}", "nobody"):
        yield Case(f"indexed: NotAfter of 30 days, Department -eq {value[0]}...", f'{THIRTY_DAYS} AND Department -eq "{value}"', is_deep=False)
    yield Case("indexed: Cost-Center -eq AND Department -eq, all that have the first", 'Cost-Center -eq {c} AND Department -eq "D{w}"', is_deep=False)
    yield Case("indexed: Cost-Center -eq AND Department -eq, none has both", 'Cost-Center -eq {c} AND Department -eq "D{x}"', is_deep=False)


# --- enrollments -----------------------------------------------------------------------------------
def enrollments(kept, empty):
    """Beside the certificates and in an empty database, then with indexes of metadata there, and beside a long change."""
    here, there = Loads(kept), Loads(empty)
    yield compare("one person", here.one, there.one, ROUNDS)
    yield compare("another person each time", here.many, there.many, ROUNDS)
    yield compare("the same, beside a change of all metadata; compared with none", Run(officer(kept, False), here.many), here.many, ROUNDS)
    for n, field in enumerate(FIELDS):
        print(index(kept, field), flush=True)
        if n != 1:
            yield compare(f"another person each time, {n + 1} indexed", here.many, there.many, ROUNDS)


def cell(ms):
    return "" if ms is None else f"{ms:.1f}"


def page_row(row):
    print(line := f"| {row['what']} | " + " | ".join(map(cell, row["first"] + row["deep"])) + " |", flush=True)
    return row, line


def main():
    kept = inventory_rows.Inventory()
    for field in FIELDS:
        index(kept, field, False)
    head = machine(f"{ROWS} certificates, {CALLS} calls each, fdatasync {fdatasync_us(kept.dir):.0f} us")
    table = ["", "| query | first page p50 ms | p99 ms | deep page p50 ms | p99 ms |", "|---|---|---|---|---|"]
    who = officer(kept)
    pages = [page_row(measure(who, case)) for case in cases(kept)] + [page_row(statistics_row(who))]
    loads = list(enrollments(kept, Environment("bench-inventory")))
    who = officer(kept)  # the connection was idle for long
    pages += [page_row(measure(who, case)) for case in indexed_cases()]
    for field in FIELDS:
        index(kept, field, False)
    lines = [head, *table, *(line for _, line in pages), "", *HEAD, *(line for _, line in loads)]
    print("\n".join(lines))
    write_out("inventory-", "\n".join(lines), [row for row, _ in pages + loads])


if __name__ == "__main__":
    main()
