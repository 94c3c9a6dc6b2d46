#!/usr/bin/python3
"""No statement looks at a whole large table, or sorts it, for a page of it. PostgreSQL itself writes down how it ran each
statement (auto_explain) while commands, requests and jobs run against 200,000 certificates, 250,000 requests, 500,000
audit rows, 200,000 archived keys with 250,000 key requests, and 100,000 notifications."""

import base64
import hashlib
import itertools
import json
import re
import time
import unittest
import urllib.parse

import der
import kra_client as kra
import ocsp
import tap
from client import Client
from cryptography import x509
from environment import Environment

CERTS, REVOKED, HELD = 200_000, 124_000, 300
env = Environment("queries", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="""
jobs { requests = 0 request_expiry_days = 0 audit_seal = 0 crl = 0 expiry_notices = 0 retention = 0 notifications = 0 expiry_days = "7 30" retention_days = 30 }
database { timeout_ms = 20000 }
""")
GOOD = der.csr(der.Key(env.scratch, "ec:P-256"))
LARGE = {"certificate", "request", "audit", "revocation", "audit_leaf", "expiry_notice", "replay", "archived_key", "key_request",
         "notification"}
# rows that one step of one statement may look at: a page of the command has 1000
STEP_MAX = 12_000
STEP_MIN = 16  # and to find one
WINDOW_MAX = 16_001  # that one statement of a search looks through


def superuser(sql):
    return env.psql(sql, "postgres")


def fill():
    """What is rare is spread over the whole table, as in life; der is short, nobody reads it here."""
    superuser(f"""
SET session_replication_role = replica;
INSERT INTO certificate (id, ca_id, serial, request_id, subject, sans, requester, template, status, not_before, not_after,
    sha1, sha256, spki_sha256, der, metadata)
  SELECT i, (SELECT id FROM ca WHERE name = 'issuing'), decode(lpad(to_hex(i), 32, '0'), 'hex'), i,
    CASE i % 10 WHEN 1 THEN 'emailAddress=m' || i || '@example.com, CN=Mr ' || i || ', O=Example'
      WHEN 2 THEN 'CN=ad' || i || ', CN=Users, DC=example' WHEN 3 THEN 'emailAddress=m' || i || '@example.com, CN=adm' || i || ', CN=Users, DC=example'
      ELSE CASE i % 50000 WHEN 4 THEN 'O=o, ' ELSE '' END || 'CN=user' || i % 5000 || CASE i % 50000 WHEN 4 THEN ', CN=a + CN=b, CN=c' ELSE '' END END,
    ARRAY['dns:host' || i || '.example.com', 'dns:alias' || i || '.example.com'],
    'EXAMPLE\\user' || i % 5000, CASE WHEN i % 20000 = 7 THEN 'Rare' ELSE 'User' END,
    CASE WHEN i % {CERTS} < {REVOKED} THEN 21 ELSE 20 END,
    t - interval '300 days' + (i - 1000000) * interval '1 minute', t - interval '20 days' + (i - 1000000) * interval '3 minutes',
    substring(sha256(i::text::bytea) for 20), sha256(i::text::bytea), sha256(i::text::bytea), '\\x3000',
    CASE WHEN i % 10 > 0 THEN jsonb_build_object('Cost-Center', i / 10 % 200, 'Department', 'Dept ' || i / 10 % 40) END
  FROM (SELECT date_trunc('second', now()) AS t, 1000000 + (g * 7919) % {CERTS} AS i FROM generate_series(0, {CERTS} - 1) g) x
  ORDER BY i;
INSERT INTO revocation (certificate_id, ca_id, serial, revoked_at, reason, not_after, changed_at, revoked_by)
  SELECT id, ca_id, serial, now() - interval '1 day', CASE WHEN id % ({REVOKED} / {HELD}) = 3 THEN 6 ELSE 4 END, not_after,
    now() - interval '1 day', 'test' FROM certificate WHERE status = 21;
INSERT INTO request (id, certificate_id, protocol, app_id, app_name, requester, requester_dn, requester_kind, address,
    cert_only, disposition, status_code, message, submitted_at)
  SELECT 1000000 + g, 1000000 + g, 1, 1, 'demo', 'EXAMPLE\\user' || g % 5000, '', 1, '', true,
    CASE WHEN g % 25000 = 5 THEN 31 WHEN g % 50000 = 6 THEN 9 WHEN g % 90000 = 7 THEN 30 ELSE 20 END, 0, '', now()
  FROM generate_series(1, 250000) g;
INSERT INTO audit (event, outcome, actor, actor_kind, app, address, object)
  SELECT CASE WHEN g % 100000 = 9 THEN 'app.created' WHEN g % 40 = 0 THEN 'auth.failed' ELSE 'enroll.issued' END,
    CASE WHEN g % 100000 = 11 OR g % 40 = 0 THEN 'failure' ELSE 'success' END, 'EXAMPLE\\user' || g % 5000, 1, 'demo', '', 'x'
  FROM generate_series(1, 500000) g;
UPDATE request SET template = CASE WHEN id % 50000 = 9 THEN 'Rare' ELSE 'User' END,
  metadata = CASE WHEN id % 50000 = 11 THEN '{{"CostCenter":"4711"}}'::jsonb END,
  submitted_at = now() - (1250001 - id) * interval '1 minute';
INSERT INTO archived_key (id, uuid, kind, algorithm, bits, owner, owner_name, owner_dn, owner_id, owner_kind, client_id, policy,
    spki_sha256, certificate_id, stored, storage_key, state, created_at, created_by)
  OVERRIDING SYSTEM VALUE
  SELECT g, gen_random_uuid(), 1, 'P-256', 256, 'id-' || g % 5000, 'EXAMPLE\\user' || g % 5000, '', 'id-' || g % 5000, 1,
    CASE WHEN g % 3 = 0 THEN 'client' || g % 7001 ELSE '' END, '', sha256(g::text::bytea), 1000000 + g, '\\x00', '\\x00',
    CASE WHEN g % 20000 = 7 THEN 'inactive' ELSE 'active' END, now() - (200001 - g) * interval '1 minute', 'test'
  FROM generate_series(1, 200000) g;
INSERT INTO key_request (id, type, state, key_id, requester, requester_dn, requester_id, requester_kind, required,
    requester_counts, is_signed, approvals, mark, expires_at, created_at)
  OVERRIDING SYSTEM VALUE
  SELECT g, CASE WHEN g % 5 > 0 THEN 'archival' ELSE 'recovery' END, CASE WHEN g % 5 > 0 THEN 'complete' ELSE
      coalesce((ARRAY['pending', 'rejected', 'expired', 'canceled', 'failed', 'approved', 'pending'])[g / 5 % 5000], 'complete') END,
    1 + g % 200000, 'EXAMPLE\\user' || g % 5000, '', 'id-' || g % 5000, 1, 2, false, false, 0, sha256(g::text::bytea),
    CASE WHEN g / 5 % 5000 = 7 THEN now() - interval '1 hour' ELSE now() + interval '1 day' END,
    now() - (250001 - g) * interval '1 minute' FROM generate_series(1, 250000) g;
INSERT INTO notification (event, audience, recipient, recipient_id, object, facts, created_at)
  SELECT 'key.recovered', 'owner', 'EXAMPLE\\user' || g % 5000, 'id', 'key x', '{{}}', now() - g * interval '2 minutes'
  FROM generate_series(1, 100000) g;
SELECT setval('certificate_id_seq', 2000000), setval('request_id_seq', 2000000), setval('archived_key_id_seq', 2000000),
  setval('key_request_id_seq', 2000000);
ANALYZE;
ALTER ROLE gatehouse SET session_preload_libraries = 'auto_explain';
ALTER ROLE gatehouse SET auto_explain.log_min_duration = 0;
ALTER ROLE gatehouse SET auto_explain.log_analyze = on;
ALTER ROLE gatehouse SET auto_explain.log_timing = off;
ALTER ROLE gatehouse SET auto_explain.log_nested_statements = off;
ALTER ROLE gatehouse SET auto_explain.log_format = json;
""")


class Log:
    """Plans in the server's log since it was made."""

    def __init__(self):
        self.path = env.dir / "state" / "postgres" / "log"
        self.begin = self.path.stat().st_size

    def plans(self):
        with open(self.path, errors="replace") as f:
            f.seek(self.begin)
            text = f.read()
        found = re.split(r"^\S+ \S+ \S+ \[\d+\] [^\n]*LOG:  duration: [\d.]+ ms  plan:\n", text, flags=re.M)[1:]
        # the object ends at the first brace in the first column (behind the tab of a continued line); the last one, of what
        # runs in the background, may be half written
        return [json.loads(m[0]) for p in found if (m := re.match(r"\t\{.*?^\t\}", p, re.S | re.M))]


def steps(plan):
    yield plan
    for p in plan.get("Plans", []):
        yield from steps(p)


def looked_at(step):
    n = step.get("Actual Rows", 0) + step.get("Rows Removed by Filter", 0) + step.get("Rows Removed by Index Recheck", 0)
    return n * step.get("Actual Loops", 1)


def too_much(plan, but, most, scanned):
    """What is wrong with a plan, as text."""
    for step in steps(plan["Plan"]):
        kind, table = step["Node Type"], step.get("Relation Name")
        if table in but:
            continue
        if kind == "Seq Scan" and table in LARGE and looked_at(step) > scanned: # smaller ones have one page
            yield f"Seq Scan on {table}"
        elif (table in LARGE or "Sort" in kind or "Bitmap" in kind) and looked_at(step) > most:
            yield f"{kind} {table or ''} looks at {looked_at(step)} rows"


class Queries(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.log = Log()

    def assert_plans(self, at_least=1, but=(), most=STEP_MAX, scanned=100, about=""):
        plans = [p for p in self.log.plans() if about in p["Query Text"]]
        self.assertGreaterEqual(len(plans), at_least)
        wrong = [f"{', '.join(bad)}: {p['Query Text'][:600]}" for p in plans if (bad := list(too_much(p, but, most, scanned)))]
        self.assertFalse(wrong, "\n".join(wrong[:5]))

    def rows(self, *args, limit=50):
        return env.admin(*args, "--limit", limit, "--json")

    def in_both_orders(self, noun, filters, expected):
        for order in ((), ("--oldest-first",)):
            for f in filters:
                with self.subTest(filter=f, order=order):
                    self.log = Log()
                    rows = self.rows(noun, "list", *f, *order)
                    self.assertEqual(len(rows) > 0, expected(f), f)
                    self.assert_plans()

    CERT_FILTERS = [("--status", "valid"), ("--status", "revoked"), ("--status", "hold"), ("--template", "Rare"),
                    ("--template", "user"), ("--template", "none"), ("--requester", "EXAMPLE\\USER17"),
                    ("--requester", "nobody"), ("--serial", f"{1000005:032x}"), ("--serial", "00"),
                    ("--expires-before", "now"), ("--expires-after", "now"), ("--expires-after", "2099-01-01")]

    def test_certificates(self):
        self.in_both_orders("cert", [(), *self.CERT_FILTERS], lambda f: not {"none", "nobody", "00", "2099-01-01"} & set(f))

    def test_certificates_with_two_filters(self):
        kinds = [[f for f in self.CERT_FILTERS if f[0] == k] for k in ("--status", "--template", "--requester")]
        for a, b in itertools.combinations(kinds, 2):
            for f in itertools.product(a, b):
                with self.subTest(filter=f):
                    self.log = Log()
                    self.rows("cert", "list", *f[0], *f[1])
                    self.assert_plans()

    def test_search_with_two_wide_tests(self):
        """Of two that each find half of the table one index is asked, window by window."""
        for query in ('Template -eq "User" AND State -eq "revoked"', 'State -eq "revoked" AND NotAfter -gt %TODAY%', 'Template -eq "Rare" AND State -eq "revoked"'):
            for order in ("id", "subject"):
                with self.subTest(query, order=order):
                    self.log = Log()
                    self.assertTrue(self.rows("cert", "search", query, "--order-by", order))
                    # nearly every row is one: a scan ends where the window is full
                    self.assert_plans(most=WINDOW_MAX, scanned=WINDOW_MAX)

    def test_a_window_is_read_once(self):
        """And only as far as the page needs it."""
        def read():
            return [sum(looked_at(s) for s in steps(p["Plan"]) if s.get("Relation Name") == "certificate") for p in self.log.plans()
                    if p["Query Text"].startswith("WITH w AS")]

        self.assertEqual(self.rows("cert", "search", 'Subject -contains "nowhere"'), [])
        self.assertEqual(read()[:3], [500, 1000, 2000])
        self.log = Log()
        self.assertEqual(len(self.rows("cert", "search", 'Subject -contains "user"', limit=50)), 50)
        self.assertLess(read()[0], 250)  # of 500: two of three are one, and those that are shown are looked up again

    def test_own_certificates_of_one_who_has_many(self):
        """Whose a certificate is, its request says: it is looked up for each that is shown, and not all of them are read for a page."""
        self.assertEqual(Client(env).enroll(GOOD).status, 200)
        columns = {"request": ("requester", "requester_dn", "requester_id", "requester_kind"), "certificate": ("requester",)}

        def give(values, join=""):
            superuser("SET session_replication_role = replica;" + "".join(
                f"UPDATE {table} t SET {', '.join(f'{c} = {values[c]}' for c in of)} {join} WHERE t.id % 50 = 7 AND t.id < 2000000; ANALYZE {table};"
                for table, of in columns.items()))

        self.addCleanup(give, {"requester": "'EXAMPLE\\user' || t.id % 5000", "requester_dn": "''", "requester_id": "''", "requester_kind": "1"})
        give({c: f"b.{c}" for c in columns["request"]}, "FROM (SELECT * FROM request ORDER BY id DESC LIMIT 1) b")
        login = base64.b64encode(f"{env.var['GATEHOUSE_USER']}:{env.var['GATEHOUSE_PASSWORD']}".encode()).decode()
        for more in ("", "&query=" + urllib.parse.quote('Subject -contains "user"')):
            with self.subTest(more):
                self.log = Log()
                reply = Client(env).get("/pki/certificates?limit=50" + more, headers={"Authorization": "Basic " + login})
                self.assertEqual((reply.status, len(reply.json["entries"])), (200, 50), reply.body[:300])
                self.assert_plans(most=1000)

    def assert_marks_asked_for_once(self, about):
        """And not for each row that is compared with them."""
        plans = [p for p in self.log.plans() if about in p["Query Text"]]
        self.assertTrue(plans)
        for step in (s for p in plans for s in steps(p["Plan"])):
            for condition in ("Index Cond", "Recheck Cond", "Filter"):
                self.assertNotIn("certificate_marks(", step.get(condition, ""))

    def test_marks(self):
        """What only one has, among the first million and among the next: a row is read where one is found. The marks of each million
        stand together."""
        self.assertEqual(env.sql("select distinct id >> 20, certificate_mark(id, 'x') >> 40 from certificate where id >= 1000000 order by 1"),
                         [["0", "0"], ["1", "1"]])
        for i in (1000005, 1199999):
            sha256 = hashlib.sha256(str(i).encode()).hexdigest()
            for query in (f'Thumbprint -eq "{sha256[:40]}"', f'Thumbprint -eq "{sha256.upper()}"', f'DNS -eq "HOST{i}.example.com"',
                          f'SAN -eq "alias{i}.example.com"'):
                with self.subTest(query):
                    self.log = Log()
                    self.assertEqual([r["id"] for r in self.rows("cert", "search", query)], [i])
                    self.assert_plans(most=STEP_MIN, about="certificate_mark(")
                    self.assert_marks_asked_for_once("WITH m AS")
            for key in (sha256, sha256[:40]):
                with self.subTest(key):
                    self.log = Log()
                    self.assertEqual(env.admin("cert", "show", key, "--json")["id"], i)
                    self.assert_plans(most=STEP_MIN, about="certificate_mark(")
                    self.assert_marks_asked_for_once("id = $1::bigint OR serial")
        self.log = Log()
        self.assertEqual(self.rows("cert", "search", f'Thumbprint -eq "{"0" * 40}"'), [])
        self.assert_plans(most=STEP_MIN, about="certificate_mark(")

    def test_search_by_common_name(self):
        """One that begins the subject, one behind an address, the first or second of several, and among more of them."""
        for query, found in (('CN -eq "MR 1000001"', 1), ('CN -startswith "Mr 10000"', 10), ('CN -eq "ad1000002"', 1), ('CN -eq "adm1000003"', 1),
                             ('CN -startswith "ad100000"', 1), ('CN -eq "user4"', 40), ('CN -eq "User14"', 40), ('CN -eq "B"', 4), ('CN -eq "ad"', 0),
                             ('Subject -eq "CN=user14"', 40), ('Subject -startswith "emailAddress=m1000001@"', 1)):
            for order in ("id", "subject"):
                with self.subTest(query, order=order):
                    self.log = Log()
                    self.assertEqual(len(self.rows("cert", "search", query, "--order-by", order)), found)
                    self.assert_plans(most=100, scanned=0, but=LARGE - {"certificate"})
        self.log = Log()
        self.assertEqual(len(self.rows("cert", "search", 'CN -eq "users"')), 50)
        self.assert_plans(most=20_000, scanned=20_000)  # each row of a step is one

    def test_search_by_indexed_metadata(self):
        """Each value that there is, a beginning and limits, the order by it, and what has none: no more rows than a page needs."""
        for field in ("Cost-Center", "Department"):
            env.admin("metadata", "set", field, "--indexed")
            self.addCleanup(env.admin, "metadata", "set", field, "--no-indexed")
        for query, found in (("Cost-Center -eq 12", 900), ("Cost-Center -eq 999", 0), ("Cost-Center -eq NULL", 20_000), ("Cost-Center -ge 150", 45_000),
                             ("Cost-Center -gt 17 AND Cost-Center -le 20", 2_700), ('Department -eq "dept 7"', 4_500), ('Department -startswith "dept 3"', 49_500),
                             ('Department -eq "dept 7" AND Template -eq "User"', 4_500), ("Cost-Center -ne NULL", 180_000)):
            for order in ((), ("--order-by", "Department" if "Dep" in query else "Cost-Center", "--desc")):
                with self.subTest(query, order=order):
                    self.log = Log()
                    self.assertEqual(len(self.rows("cert", "search", query, *order, limit=1000)), min(found, 1000))
                    self.assert_plans(but=LARGE - {"certificate"}, most=5_000, scanned=0)

    def test_two_indexes_of_which_one_bounds_the_order(self):
        """One in 40, in 200 and none, by index or along the times: all of them, in order, and no more rows than needed."""
        for field in ("Cost-Center", "Department"):
            env.admin("metadata", "set", field, "--indexed")
            self.addCleanup(env.admin, "metadata", "set", field, "--no-indexed")
        for query, where in (('Department -eq "dept 7"', "metadata->>'Department' = 'Dept 7'"), ("Cost-Center -eq 100", "metadata->>'Cost-Center' = '100'"),
                             ("Cost-Center -eq 999", "false")):  # 100: none is among the first 500 that end, today or at all, also behind other tests
            for order in ((), ("--desc",)):
                with self.subTest(query, order=order):
                    self.log = Log()
                    self.rows("cert", "search", f"NotAfter -ge %TODAY% AND {query}", *order, limit=50)
                    self.assertEqual(any("WITH m AS" in p["Query Text"] for p in self.log.plans()), "Cost" in query)
                    self.assert_plans(but=LARGE - {"certificate"}, most=8_000, scanned=0)
                    found = self.rows("cert", "search", f"NotAfter -ge %TODAY% AND {query}", *order, limit=0)
                    expected = env.sql(f"select id from certificate where not_after >= current_date and {where} order by not_after, id")
                    ids = [int(i) for i, in expected]
                    self.assertEqual([r["id"] for r in found], ids[::-1] if order else ids)

    def test_pages_cost_the_same(self):
        """124,000 revoked ones: 44 s when each page began anew."""
        begin = time.monotonic()
        rows = env.admin("cert", "list", "--status", "revoked", "--limit", "0", "--json")
        print(f"# {len(rows)} rows in {time.monotonic() - begin:.1f} s", flush=True)
        self.assertEqual(len(rows), int(superuser(
            "SELECT count(*) FROM revocation JOIN certificate ON id = certificate_id WHERE reason <> 6 AND status = 21")))
        self.assertEqual([r["id"] for r in rows], sorted((r["id"] for r in rows), reverse=True))
        self.assert_plans(at_least=120)

    def test_pages_by_expiry_have_each_row_once(self):
        env.sql(f"UPDATE certificate SET not_after = date_trunc('second', now()) + interval '4000 days' "
                f"WHERE id BETWEEN 1100000 AND 1102499")
        expected = [int(r[0]) for r in env.sql("SELECT id FROM certificate WHERE not_after >= now() + interval '395 days' "
                                               "ORDER BY not_after, id")]
        self.assertGreater(len(expected), 3000)
        day = env.sql("SELECT to_char((now() + interval '395 days') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")[0][0]
        for order in ((), ("--oldest-first",)):
            rows = env.admin("cert", "list", "--expires-after", day, "--limit", "0", "--json", *order)
            ids = [r["id"] for r in rows]
            self.assertEqual(ids, expected if order else expected[::-1])
        self.assert_plans(at_least=6)

    def test_requests(self):
        filters = [(), ("--requester", "example\\user17"), ("--requester", "nobody")]
        filters += [("--state", s) for s in ("pending", "issued", "denied", "failed", "revoked")]
        self.in_both_orders("request", filters, lambda f: not {"nobody", "revoked"} & set(f))
        self.in_both_orders("request", [("--state", s, "--requester", "example\\user17") for s in ("pending", "issued", "denied")],
                            lambda f: "issued" in f)

    def test_other_lists(self):
        for noun in ("ca", "template", "app", "user", "metadata", "job"):
            env.admin(noun, "list", "--json")
        self.in_both_orders("audit", [()], lambda f: True)
        self.in_both_orders("notification", [(), ("--recipient", "EXAMPLE\\USER17"), ("--recipient", "nobody")],
                            lambda f: "nobody" not in f)
        self.assert_plans()

    def audit(self, **query):
        var = env.var
        login = base64.b64encode(f"{var['GATEHOUSE_AUDITOR_USER']}:{var['GATEHOUSE_AUDITOR_PASSWORD']}".encode()).decode()
        path = "/pki/audit?" + "&".join(f"{k}={v}" for k, v in query.items())
        begin = time.monotonic()
        reply = Client(env).get(path, headers={"Authorization": "Basic " + login})
        self.assertEqual(reply.status, 200, reply.body)
        # for the two that never meet; below a tenth of a second on an idle machine
        self.assertLess(time.monotonic() - begin, 10, path)
        return reply.json["entries"]

    def rest_requests(self, who="officer", **query):
        return self.page(who, "/pki/requests", **query)["entries"]

    def test_rest_requests(self):
        rare = {"status": ("pending", "issued", "denied", "failed", "canceled"), "requester": ("EXAMPLE\\user17", "nobody"),
                "profile": ("Nothing",), "submitted_from": ("2099-01-01",), "metadata": ('{"a":"b"}',)}
        for order in ("oldest", "newest"):
            for name, values in {"limit": (50,), **rare}.items():
                for v in values:
                    with self.subTest(order=order, name=name, value=v):
                        self.log = Log()
                        found = self.rest_requests(**{"order": order, "limit": 50, name: v})
                        self.assertEqual(len(found) == 0, v in ("canceled", "nobody", "Nothing", "2099-01-01", '{"a":"b"}'), v)
                        self.assert_plans()
            self.log = Log()
            self.assertEqual(self.rest_requests("user", order=order), [])
            self.rest_requests(order=order, status="pending", requester="EXAMPLE\\user17")
            self.assert_plans()

    def test_rest_requests_by_what_has_no_index(self):
        """Looked for window by window: each page is short, and the pages together have all that there is."""
        for order in ("oldest", "newest"):
            for query in ({"profile": "rare"}, {"metadata": '{"CostCenter":"4711"}'}, {"status": "pending", "profile": "user"},
                          {"submitted_from": "2020-01-01", "metadata": '{"CostCenter":"4711"}'}):
                with self.subTest(order=order, query=query):
                    found, after = 0, None
                    for _ in range(20):
                        self.log = Log()
                        page = self.page("officer", "/pki/requests", order=order, limit=50, **query, **({"after": after} if after else {}))
                        self.assert_plans()
                        found, after = found + len(page["entries"]), page["next"]
                        if after is None:
                            break
                    self.assertEqual((found, after), (5, None))

    def page(self, who, path, **query):
        if who == "officer":
            login = f"olga:{(env.dir / 'state' / 'officer.password').read_text().strip()}"
        elif who == "agent":
            login = f"{env.var['GATEHOUSE_AGENT_USER']}:{env.var['GATEHOUSE_AGENT_PASSWORD']}"
        else:
            login = "bob:bob-secret"
        begin = time.monotonic()
        reply = Client(env).get(path + "?" + urllib.parse.urlencode(query),
                                headers={"Authorization": "Basic " + base64.b64encode(login.encode()).decode()})
        self.assertEqual(reply.status, 200, reply.body)
        self.assertLess(time.monotonic() - begin, 10, (path, query))
        return reply.json

    def in_pages(self, path, filters, empty):
        """Each filter alone and with the state; in both orders; from the start and from the middle."""
        for order in ("oldest", "newest"):
            for query in filters:
                with self.subTest(path=path, order=order, query=query):
                    self.log = Log()
                    found = self.page("agent", path, order=order, limit=50, **query)["entries"]
                    self.assertEqual(len(found) == 0, any(v in empty for v in query.values()), query)
                    numbers = [e.get("row", e["id"]) for e in found]
                    self.assertEqual(numbers, sorted(numbers, reverse=order == "newest"))
                    self.page("agent", path, order=order, limit=50, after=100000, **query)
                    self.assert_plans()

    def test_keys(self):
        filters = [{}, {"owner": "EXAMPLE\\USER17"}, {"owner": "id-17"}, {"owner": "nobody"}, {"client_id": "client3"},
                   {"client_id": "nothing"}, {"state": "active"}, {"state": "inactive"}, {"state": "pending"}, {"certificate_id": 1000005},
                   {"certificate_id": 999}, {"created_from": "2020-01-01"}, {"created_from": "2098-01-01"},
                   {"created_to": "2099-01-01T00:00:00Z"}, {"created_to": "2001-01-01"}]
        filters += [{"state": "inactive", "owner": "EXAMPLE\\user7"}, {"state": "active", "owner": "id-17"},
                    {"owner": "id-17", "created_from": "2020-01-01"}]
        self.in_pages("/pki/keys", filters, ("nobody", "nothing", 999, "2001-01-01", "2098-01-01", "pending"))

    def test_key_requests(self):
        key_id = env.sql("SELECT uuid FROM archived_key WHERE id = 500")[0][0]
        filters = [{}, {"key_id": key_id}, {"key_id": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"}, {"requester": "EXAMPLE\\USER17"},
                   {"requester": "nobody"}, {"created_from": "2020-01-01"}, {"created_from": "2098-01-01"},
                   {"created_to": "2099-01-01"}, {"created_to": "2001-01-01"}]
        filters += [{"type": t} for t in ("archival", "recovery", "generation")]
        states = ("pending", "approved", "complete", "rejected", "canceled", "expired", "failed")
        filters += [{"state": s} for s in states] + [{"state": s, "type": "recovery"} for s in states]
        filters += [{"state": "pending", "requester": "EXAMPLE\\user5"}, {"type": "recovery", "requester": "EXAMPLE\\user5"}]
        self.in_pages("/pki/keyrequests", filters, ("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "nobody", "2001-01-01", "2098-01-01", "generation"))

    def test_keys_of_ones_own(self):
        basic = {"Authorization": "Basic " + base64.b64encode(b"bob:bob-secret").decode()}
        cert = Client(env).get("/pki/config/kra/cert/transport", headers=basic | {"Accept": "application/pkix-cert"}).body
        body = {"kind": "symmetric_key", **kra.wrapped_secret(x509.load_der_x509_certificate(cert).public_key(), bytes(32))}
        made = Client(env).request("POST", "/pki/keyrequest/archive", json.dumps(body).encode(),
                                   basic | {"Content-Type": "application/json"})
        self.assertEqual(made.status, 201, made.body)
        superuser("""SET session_replication_role = replica;
            UPDATE archived_key k SET owner = b.owner, owner_id = b.owner_id, owner_name = b.owner_name, owner_kind = b.owner_kind
              FROM (SELECT * FROM archived_key WHERE id > 2000000 ORDER BY id DESC LIMIT 1) b WHERE k.id % 5000 = 18;
            ANALYZE archived_key""")
        self.assertEqual(len(self.page("user", "/pki/keyrequests", limit=100)["entries"]), 51)  # of them, and what made the last
        for order in ("oldest", "newest"):
            self.log = Log()
            self.assertEqual(len(self.page("user", "/pki/keys", order=order, limit=40)["entries"]), 40)
            self.assertEqual(self.page("user", "/pki/keys", order=order, state="inactive")["entries"], [])
            self.assertEqual(len(self.page("user", "/pki/keyrequests", order=order, limit=40)["entries"]), 40)
            self.assertEqual(self.page("user", "/pki/keyrequests", order=order, state="failed")["entries"], [])
            self.assert_plans(at_least=4)

    def test_audit_pages(self):
        rare = {"actor": ("EXAMPLE%5Cuser17", "nobody"), "event": ("app.created", "no.such", "auth.failed"),
                "outcome": ("success", "failure")}
        for order in ("oldest", "newest"):
            self.audit(order=order, limit=50)
            for name, values in rare.items():
                for v in values:
                    with self.subTest(order=order, name=name, value=v):
                        self.log = Log()
                        found = self.audit(order=order, limit=50, **{name: v})
                        self.assertEqual(len(found) == 0, v in ("nobody", "no.such"), v)
                        self.assert_plans()
            with self.subTest(order=order, name="two that never meet"):
                # each is frequent: looked for window by window, and no more than that
                self.assertEqual(self.audit(order=order, limit=50, actor="EXAMPLE%5Cuser17", event="app.created"), [])

    def test_one_certificate(self):
        for key in ("1000005", f"{1000005:032x}", "0" * 40, "0" * 64):
            env.admin("cert", "show", key, check=False)
        self.assert_plans()

    def test_life_of_a_certificate(self):
        reply = Client(env).enroll(GOOD)
        self.assertEqual(reply.status, 200, reply.body)
        serial = reply.json["SerialNumber"]
        env.admin("cert", "revoke", serial, "--hold", "--yes")
        env.admin("cert", "unrevoke", serial)
        env.admin("cert", "revoke", serial, "--reason", "superseded", "--yes")
        issuer = der.openssl("x509", "-outform", "DER", stdin=env.admin("ca", "export", "issuing").encode())
        ask = ocsp.request(ocsp.cert_id(issuer, int(serial, 16)))
        reply = Client(env).request("POST", "/ocsp", ask, {"Content-Type": "application/ocsp-request"})
        self.assertEqual(ocsp.statuses(reply.body), ["revoked"])
        self.assert_plans(at_least=5)

    def test_jobs(self):
        """A complete CRL holds all that is revoked: only its stream reads it all, and once. Housekeeping goes page by page."""
        # a seal looks for rows that were committed late among the last 100,000
        most = {"audit-seal": 110_000, "audit-verify": 110_000}  # the same for rows without a seal, 50,000 at a time
        for job in [j["name"] for j in env.admin("job", "list", "--json") if "@" not in j["name"]]:
            with self.subTest(job=job):
                self.log = Log()
                done = env.admin("job", "run", job, check=False)
                print(f"# {job}: {done.stdout.decode().strip()[:100]}", flush=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assert_plans(at_least=0, but=("revocation",) if job == "crl" else (),
                                  most=most.get(job, STEP_MAX))


if __name__ == "__main__":
    env.gateway("halt")
    fill()
    env.gateway("run")
    tap.main()
