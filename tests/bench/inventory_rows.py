"""A Gatehouse with many certificates, kept between runs: what bench_inventory.py measures. INVENTORY_ROWS of them lie in
INVENTORY_DIR, var/bench/inventory-ROWS when not set, and take about 2 kB each with their requests."""

import os
import time
from pathlib import Path

from measure import OUT

import environment

ROWS = int(os.environ.get("INVENTORY_ROWS", "10000000"))
DIR = Path(os.environ.get("INVENTORY_DIR", OUT / f"inventory-{ROWS}"))
STEP = 500_000
BASE = 1_000_000  # ids begin here
DAYS = 730  # over which the certificates were issued; each tenth second one, when there are ten million
TABLES = ("certificate", "request", "revocation")
# one in 10 has an emailAddress before its common name; one in 50 is revoked, of these one in 100 is on hold; one in 20000 has the template Rare
CERTIFICATES = """
INSERT INTO certificate (id, ca_id, serial, request_id, subject, sans, requester, template, status, not_before, not_after, sha1,
    sha256, spki_sha256, der, metadata)
  SELECT i, CASE WHEN i % 5 = 0 THEN root.id ELSE issuing.id END, substring(h for 16), i,
    CASE WHEN i % 10 = 9 THEN 'emailAddress=admin' || i || '@d' || i % 500 || '.example.com, ' ELSE '' END || 'CN=host' || i || '.d' || i % 500 || '.example.com,OU=Unit ' || i % 100 || ',O=Example Ltd,C=DE',
    ARRAY['dns:host' || i || '.d' || i % 500 || '.example.com', 'dns:alias' || i % 3000000 || '.example.com'],
    'EXAMPLE\\user' || i % 5000, CASE WHEN i % 20000 = 7 THEN 'Rare' WHEN i % 4 = 1 THEN 'User' ELSE 'WebServer' END,
    CASE WHEN i % 50 = 3 THEN 21 ELSE 20 END, t, t + make_interval(days => CASE WHEN i % 4 = 1 THEN 365 ELSE 730 END),
    substring(sha256(h) for 20), sha256(h), sha256(sha256(h)), decode(repeat(md5(i::text), 32), 'hex'),
    jsonb_build_object('Department', 'D' || i % 50, 'Cost-Center', i % 900, 'Stage', (ARRAY['production', 'test'])[1 + i % 2])
  FROM (SELECT i, sha256(i::text::bytea) AS h, date_trunc('second', now()) - make_interval(days => {days})
      + (i - {base}) * interval '{step} seconds' AS t FROM generate_series({first}::bigint, {last}::bigint) i) x,
    (SELECT id FROM ca WHERE name = 'root') root, (SELECT id FROM ca WHERE name = 'issuing') issuing;
INSERT INTO revocation (certificate_id, ca_id, serial, revoked_at, reason, not_after, changed_at, revoked_by)
  SELECT id, ca_id, serial, not_before + interval '1 day', CASE WHEN id % 5000 = 3 THEN 6 ELSE 4 END, not_after,
    not_before + interval '1 day', 'EXAMPLE\\olga' FROM certificate WHERE status = 21 AND id BETWEEN {first} AND {last};
INSERT INTO request (id, certificate_id, protocol, app_id, app_name, requester, requester_dn, requester_kind, address, cert_only,
    disposition, status_code, message, submitted_at, template)
  SELECT id, id, 1, 1, 'demo', requester, 'cn=user,dc=example,dc=com', 1, '127.0.0.1', true, 20, 0, '', not_before, template
  FROM certificate WHERE id BETWEEN {first} AND {last};
"""
END = """
SELECT setval('certificate_id_seq', {last}), setval('request_id_seq', {last});
SELECT certificate_recount();

"""


class Inventory(environment.Environment):
    """Its folder is kept; only what runs is stopped at the end."""

    def __init__(self):
        self.variables, self.dir = {"GATEHOUSE_PRELOAD": ""}, DIR
        self.scratch = self.dir / "scratch"
        self.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.dir.chmod(0o711)
        environment.atexit.register(self.remove)
        self.script("gateway.sh", "start", self.dir / "state")
        self.var = environment.read_shell_variables(self.dir / "state" / "env")
        if not (self.dir / "filled").exists():
            self.fill()

    def remove(self):
        self.script("gateway.sh", "stop", self.dir / "state", check=False)

    def superuser(self, script):
        return self.psql(script, "postgres")

    def indexes(self):
        """Statements that make those which can be left away while rows come in."""
        rows = self.superuser("SELECT indexname || E'\\t' || indexdef FROM pg_indexes WHERE tablename IN ('certificate', 'request', "
                              "'revocation') AND indexname NOT IN (SELECT conname FROM pg_constraint)")
        return [line.split("\t") for line in rows.splitlines()]

    def fill(self):
        begin = time.monotonic()
        self.gateway("halt")
        self.superuser("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET max_wal_size = '4GB'; SELECT pg_reload_conf()")
        indexes = self.indexes()
        self.superuser("TRUNCATE certificate, revocation;" + "".join(f"DROP INDEX {name};" for name, _ in indexes))
        for first in range(BASE, BASE + ROWS, STEP):
            last = min(first + STEP, BASE + ROWS) - 1
            self.without_triggers(CERTIFICATES.format(first=first, last=last, base=BASE, days=DAYS, step=DAYS * 86400 / ROWS))
            print(f"# {last + 1 - BASE} rows after {time.monotonic() - begin:.0f} s", flush=True)
        for name, definition in indexes:
            self.superuser(f"SET maintenance_work_mem = '1GB'; SET max_parallel_maintenance_workers = 0; {definition}")
            print(f"# {name} after {time.monotonic() - begin:.0f} s", flush=True)
        self.superuser(END.format(last=BASE + ROWS))
        self.superuser("ALTER SYSTEM RESET ALL; SELECT pg_reload_conf()")
        for table in TABLES:
            self.superuser(f"VACUUM ANALYZE {table}")
        self.superuser("CHECKPOINT")
        os.sync()
        self.gateway("run")
        (self.dir / "filled").touch()
        print(f"# {ROWS} certificates in {time.monotonic() - begin:.0f} s", flush=True)
