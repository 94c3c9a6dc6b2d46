#!/usr/bin/env python3
"""The audit trail: seals, what verification finds after tampering by the database's superuser, export, pages for auditors,
and that nothing is issued when no audit row can be written. The hashes are computed here again, from docs/audit.md."""

import base64
import hashlib
import json
import signal
import struct
import subprocess
import time
import unittest

import der
import postgres
import tap
from client import Client
from environment import BUILD, Environment, wait_for

# No job runs by itself: all rows of the trail are those of the tests.
env = Environment("audit", GATEHOUSE_CONF_EXTRA="""
jobs { audit_seal = 0 crl = 0 ocsp_signer = 0 server_certificate = 0 expiry_notices = 0 retention = 0 key_requests = 0 }
""")
GOOD = der.csr(der.Key(env.scratch, "ec:P-256"))
TABLES = ("audit", "audit_leaf", "audit_seal")


def add_rows(n, detail="x"):
    env.sql("insert into audit (event, outcome, actor, actor_kind, app, address, request_id, object, detail) "
            f"select 'test.row', 'success', 'tester', 3, '', '', null, 'row ' || g, '{detail}' "
            f"from generate_series(1, {n}) g")


def seal():
    return env.admin("job", "run", "audit-seal", "--json")


def started():
    return env.count("select count(*) from audit where event = 'gateway.started'")


def wait_started(before):
    """The row of a start is written a moment after the gateway is ready."""
    wait_for(lambda: started() > before, "the start of the gateway is recorded")


def verify(*args):
    """Exit status and the JSON of audit verify."""
    done = env.admin("audit", "verify", "--json", *args, check=False)
    assert done.returncode in (0, 1) and done.stdout, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


# --- the format, from the document -----------------------------------------------------------------------

def text(s):
    return b"\xff\xff\xff\xff" if s is None else struct.pack(">I", len(s.encode())) + s.encode()


def micros(t):
    date, fraction = t.rstrip("Z").split(".")
    import calendar
    return calendar.timegm(time.strptime(date, "%Y-%m-%dT%H:%M:%S")) * 1000000 + int(fraction)


def leaf(row):
    data = struct.pack(">BQQ", 1, row["id"], micros(row["time"]))
    data += text(row["event"]) + text(row["outcome"]) + text(row["actor"]) + struct.pack(">I", row["actor_kind"])
    for name in ("app", "address", "request_id", "object", "detail"):
        data += text(row[name])
    return hashlib.sha256(b"\0" + data).digest()


def root(leaves):
    """RFC 6962, 2.1, as it is written there."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + root(leaves[:k]) + root(leaves[k:])).digest()


def head(number, rows, max_id, tree, previous, sealed_at):
    return hashlib.sha256(b"gatehouse audit head\n" + struct.pack(">QIQ", number, rows, max_id) + tree + previous +
                          struct.pack(">Q", sealed_at)).digest()


def export(*args):
    return [json.loads(line) for line in env.admin("audit", "export", *args).splitlines()]


def seals():
    names = ("id", "rows", "max_id", "root", "previous", "head", "signature", "key_id", "sealed_at")
    rows = env.sql("select id, rows, max_id, encode(root, 'hex'), encode(previous, 'hex'), encode(head, 'hex'), "
                   "encode(signature, 'hex'), encode(key_id, 'hex'), extract(epoch from sealed_at)::bigint "
                   "from audit_seal order by id")
    out = []
    for row in rows:
        s = dict(zip(names, row))
        for n in ("id", "rows", "max_id", "sealed_at"):
            s[n] = int(s[n])
        for n in ("root", "previous", "head", "signature", "key_id"):
            s[n] = bytes.fromhex(s[n])
        out.append(s)
    return out


class Sealed(unittest.TestCase):
    """Three seals, put back as they were after each test."""

    @classmethod
    def setUpClass(cls):
        wait_started(0)
        seal()
        add_rows(12000, "päß\t'' \"")
        env.sql("select nextval(pg_get_serial_sequence('audit', 'id'))")  # a number that no row has
        cls.gap = env.count("select last_value from audit_id_seq")
        add_rows(40)
        seal()
        add_rows(30)
        seal()
        cls.max_id = env.count("select max(id) from audit")
        env.without_triggers("".join(f"drop table if exists copy_{t}; create table copy_{t} as select * from {t};" for t in TABLES))
        cls.rows = {r["id"]: r for r in export()}

    @classmethod
    def tearDownClass(cls):
        env.without_triggers("".join(f"drop table copy_{t};" for t in TABLES))

    def tearDown(self):
        self.put_back()
        code, result = verify()
        self.assertEqual((code, result["findings"]), (0, []))

    @staticmethod
    def put_back():
        env.without_triggers("begin;" + "".join(f"delete from {t}; insert into {t} overriding system value select * from copy_{t};"
                                     for t in reversed(TABLES)) + "commit;")

    def findings(self, *args):
        code, result = verify(*args)
        self.assertEqual(code, 1)
        self.assertFalse(result["intact"])
        return [(f["kind"], f["row"]) for f in result["findings"]]

    def test_untouched_is_intact(self):
        code, result = verify()
        self.assertEqual(code, 0)
        self.assertTrue(result["intact"])
        self.assertGreaterEqual(result["seals"], 4)
        self.assertEqual(result["rows"], len(self.rows))
        self.assertEqual(result["unsealed"], 0)
        code, none = verify("--from", str(result["last_seal"] + 1))
        self.assertEqual((code, none["seals"], none["head"]), (0, 0, result["head"]))
        code, none = verify("--from", str(result["last_seal"] + 2))
        self.assertEqual((code, none["intact"], none["head"]), (1, False, None))
        self.assertEqual([(f["kind"], f["seal"]) for f in none["findings"]],
                         [("seal_missing", result["last_seal"] + 2)])
        code, late = verify("--from", str(result["last_seal"]))
        self.assertEqual((code, late["seals"], late["head"]), (0, 1, result["head"]))
        self.assertIn("intact", env.admin("audit", "verify"))

    def test_document_gives_the_same_hashes(self):
        previous = b"\0" * 32
        by_seal = {}
        for r in sorted(self.rows.values(), key=lambda r: r["id"]):
            by_seal.setdefault(r["seal"], []).append(r)
        pem = env.scratch / "audit.pem"
        pem.write_text(env.admin("audit", "key"))
        spki = der.openssl("pkey", "-pubin", "-in", pem, "-outform", "DER")
        for s in seals():
            rows = by_seal[s["id"]]
            self.assertEqual(len(rows), s["rows"])
            self.assertEqual(root([leaf(r) for r in rows]), s["root"])
            self.assertEqual(s["previous"], previous)
            self.assertEqual(head(s["id"], s["rows"], s["max_id"], s["root"], previous, s["sealed_at"]), s["head"])
            self.assertEqual(hashlib.sha256(spki).digest(), s["key_id"])
            (env.scratch / "signed").write_bytes(b"gatehouse audit head 1\n" + struct.pack(">Q", s["id"]) + s["head"])
            (env.scratch / "signature").write_bytes(s["signature"])
            der.openssl("pkeyutl", "-verify", "-pubin", "-inkey", pem, "-rawin", "-in", env.scratch / "signed",
                        "-sigfile", env.scratch / "signature")
            previous = s["head"]

    def test_changed(self):
        for column, value in (("actor", "'nobody'"), ("detail", "null"), ("outcome", "'failure'"),
                              ("at", "at + interval '1 microsecond'"), ("at", "'infinity'"),
                              ("request_id", "''"), ("actor_kind", "1")):
            with self.subTest(column=column, value=value):
                env.without_triggers(f"update audit set {column} = {value} where id = 5000")
                self.assertEqual(self.findings(), [("row_changed", 5000)])
                self.put_back()

    def test_moved_bytes_between_fields(self):
        env.without_triggers("update audit set object = 'row', detail = ' 7' || detail where id = 6000")
        self.assertEqual(self.findings(), [("row_changed", 6000)])

    def test_removed(self):
        env.without_triggers("delete from audit where id in (5000, 11000)")
        self.assertEqual(self.findings(), [("row_removed", 5000), ("row_removed", 11000)])

    def test_reordered(self):
        others = ", ".join(["at", "event", "outcome", "actor", "actor_kind", "app", "address", "request_id", "object",
                            "detail"])
        env.without_triggers("delete from audit where id in (5000, 5007); "
                  f"insert into audit (id, {others}) overriding system value select 10007 - id, {others} "
                  "from copy_audit where id in (5000, 5007)")
        code, result = verify()
        self.assertEqual(code, 1)
        self.assertEqual([(f["kind"], f["row"], f["other"]) for f in result["findings"]],
                         [("row_moved", 5000, 5007), ("row_moved", 5007, 5000)])
        self.assertIn("the order was changed: row 5000 holds what was row 5007", env.admin("audit", "verify",
                                                                                         check=False).stdout.decode())

    def test_inserted(self):
        env.without_triggers(f"insert into audit (id, at, event, outcome, actor, actor_kind, app, address) overriding system value "
                  f"values ({self.gap}, now() - interval '1 day', 'enroll.issued', 'success', 'alice', 1, '', '')")
        self.assertEqual(self.findings(), [("row_inserted", self.gap)])
        add_rows(1)
        seal()
        self.assertEqual(self.findings(), [("row_inserted", self.gap)])

    def test_leaf_changed(self):
        env.without_triggers("update audit_leaf set hash = sha256('x') where audit_id = 5000")
        self.assertEqual(self.findings(), [("leaf_wrong", 5000)])

    def test_leaves_out_of_order(self):
        env.without_triggers("drop index audit_leaf_seal;"
                  "update audit_leaf set position = case audit_id when 5000 then (select position from copy_audit_leaf "
                  "where audit_id = 5001) else (select position from copy_audit_leaf where audit_id = 5000) end "
                  "where audit_id in (5000, 5001); create unique index audit_leaf_seal on audit_leaf (seal_id, position)")
        kinds = self.findings()
        self.assertEqual({k for k, _ in kinds}, {"leaf_wrong"})
        self.assertIn(("leaf_wrong", 5000), kinds)

    def test_row_and_leaf_changed(self):
        forged = dict(self.rows[5000], actor="mallory")
        env.without_triggers("update audit set actor = 'mallory' where id = 5000;"
                  f"update audit_leaf set hash = '\\x{leaf(forged).hex()}' where audit_id = 5000")
        _, result = verify()
        self.assertEqual([(f["kind"], f["seal"]) for f in result["findings"]],
                         [("leaf_wrong", self.rows[5000]["seal"])])

    def test_row_and_leaf_removed(self):
        env.without_triggers("delete from audit where id = 5000; delete from audit_leaf where audit_id = 5000")
        _, result = verify()
        self.assertEqual({f["kind"] for f in result["findings"]}, {"leaf_wrong"})
        self.assertIn("between rows 4999 and 5001", result["findings"][0]["text"])

    def test_all_hashes_made_anew(self):
        """Whoever can do all but sign."""
        number = self.rows[5000]["seal"]
        forged = dict(self.rows[5000], actor="mallory")
        rows = sorted((r for r in self.rows.values() if r["seal"] == number), key=lambda r: r["id"])
        s = next(s for s in seals() if s["id"] == number)
        tree = root([leaf(forged if r["id"] == 5000 else r) for r in rows])
        new = head(number, s["rows"], s["max_id"], tree, s["previous"], s["sealed_at"])
        env.without_triggers("update audit set actor = 'mallory' where id = 5000;"
                  f"update audit_leaf set hash = '\\x{leaf(forged).hex()}' where audit_id = 5000;"
                  f"update audit_seal set root = '\\x{tree.hex()}', head = '\\x{new.hex()}' where id = {number}")
        _, result = verify()
        self.assertEqual([(f["kind"], f["seal"]) for f in result["findings"]],
                         [("seal_wrong", number), ("seal_wrong", number + 1)])

    def test_seal_changed(self):
        env.without_triggers("update audit_seal set sealed_at = sealed_at + interval '1 second' where id = 2")
        _, result = verify()
        self.assertEqual([(f["kind"], f["seal"]) for f in result["findings"]], [("seal_wrong", 2)])
        env.without_triggers("update audit_seal set signature = '\\x00' where id = 3")
        _, result = verify()
        self.assertEqual([(f["kind"], f["seal"]) for f in result["findings"]], [("seal_wrong", 2), ("seal_wrong", 3)])

    def test_seal_removed(self):
        env.without_triggers("delete from audit_seal where id = 2")
        _, result = verify()
        self.assertEqual([(f["kind"], f["seal"]) for f in result["findings"]], [("seal_missing", 2)])

    def test_last_seals_removed(self):
        last = seals()[-1]["id"]
        env.without_triggers("delete from audit_seal where id > 2")
        _, result = verify()
        self.assertEqual([(f["kind"], f["seal"]) for f in result["findings"]], [("seal_missing", 3)])
        self.assertIn(f"seals 3 to {last} were removed", result["findings"][0]["text"])

    def test_very_many(self):
        """In one seal rows that are gone, in another one hashes; more of each than are held in memory."""
        by_seal = {}
        for r in self.rows.values():
            by_seal.setdefault(r["seal"], []).append(r["id"])
        rows, hashes = sorted((sorted(ids) for ids in by_seal.values()), key=len)[-2:]
        env.without_triggers(f"delete from audit where id between {rows[100]} and {rows[499]};"
                  f"update audit set actor = 'x' where id = {rows[1000]};"
                  f"update audit_leaf set hash = sha256('x') where audit_id between {hashes[100]} and {hashes[499]}")
        found = self.findings()
        self.assertEqual({r for k, r in found if k == "row_removed"}, set(rows[100:500]))
        self.assertEqual([r for k, r in found if k == "row_changed"], [rows[1000]])
        self.assertEqual({r for k, r in found if k == "leaf_wrong"}, set(hashes[100:500]), "rows are right there")
        self.assertEqual(len(found), 801)

    def test_end_cut_off(self):
        pinned = verify()[1]["head"]
        older = seals()[-2]["head"].hex()
        last = seals()[-1]["id"]
        self.assertEqual(verify("--expect-head", pinned)[0], 0)
        env.without_triggers(f"delete from audit where id in (select audit_id from audit_leaf where seal_id = {last});"
                  f"delete from audit_leaf where seal_id = {last}; delete from audit_seal where id = {last}")
        self.assertEqual(verify()[0], 0)         # nothing inside the database can tell
        self.assertEqual(self.findings("--expect-head", pinned), [("head_missing", None)])
        self.assertEqual(verify("--expect-head", older.upper())[0], 0)

    def test_other_key(self):
        pem = env.scratch / "other.pem"
        pem.write_bytes(der.openssl("pkey", "-pubout", stdin=der.openssl("genpkey", "-algorithm", "ed25519")))
        self.assertEqual({k for k, _ in self.findings("--public-key", pem)}, {"seal_wrong"})
        mine = env.scratch / "mine.pem"
        mine.write_text(env.admin("audit", "key"))
        self.assertEqual(verify("-k", pem, "-k", mine)[0], 0)
        for bad in ("", "zz", "00", "0" * 63, "0" * 66):
            self.assertEqual(env.admin("audit", "verify", "--expect-head", bad, check=False).returncode, 2, bad)
        for bad in ("/nonexistent", __file__):
            self.assertEqual(env.admin("audit", "verify", "-k", bad, check=False).returncode, 2)

    def test_append_only_for_the_gateway(self):
        for table, column in (("audit", "actor"), ("audit_leaf", "hash"), ("audit_seal", "rows")):
            for sql in (f"delete from {table}", f"truncate {table}", f"update {table} set {column} = {column}"):
                with self.subTest(sql=sql), self.assertRaises(postgres.Error):
                    env.sql(sql)


class Sealing(unittest.TestCase):
    def test_rows_committed_late(self):
        """A number drawn before the seal, a commit after it."""
        seal()
        session = env.session("begin; insert into audit (event, outcome, actor, actor_kind, app, address) values "
                              "('test.late', 'success', 'late', 3, '', '') returning id")
        late = int(session.said[0])
        add_rows(5)
        seal()
        self.assertGreater(seals()[-1]["max_id"], late)
        session.commit()
        code, result = verify()
        self.assertEqual((code, result["unsealed"]), (0, 1))
        seal()
        code, result = verify()
        self.assertEqual((code, result["unsealed"]), (0, 0))
        self.assertEqual(export("--from", str(late), "--to", str(late))[0]["seal"], seals()[-1]["id"])

    def test_many_sealers(self):
        add_rows(25000)
        command = [str(BUILD / "gatehouse"), "job", "run", "audit-seal", "-c", str(env.dir / "state" / "gatehouse.conf")]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
        answers = [(p.communicate(), p.returncode) for p in running]
        self.assertIn(0, [code for _, code in answers])
        for (_, err), code in answers:
            self.assertTrue(code == 0 or b"runs at this moment" in err, err)
        code, result = verify()
        self.assertEqual((code, result["unsealed"]), (0, 0))

    def test_killed_sealer(self):
        command = [str(BUILD / "gatehouse"), "job", "run", "audit-seal", "-c", str(env.dir / "state" / "gatehouse.conf")]
        killed = 0
        for i in range(12):
            add_rows(15000)
            p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.03 + 0.05 * i)  # the blow falls at another moment each time
            p.send_signal(signal.SIGKILL)
            killed += p.wait() == -signal.SIGKILL
            code, result = verify()
            self.assertEqual(code, 0, result)
        # the first one at the least, whatever the machine: no program has ended after 30 ms
        self.assertGreaterEqual(killed, 1)
        wait_for(lambda: env.admin("job", "run", "audit-seal", check=False).returncode == 0, "the lock is free")
        code, result = verify()
        self.assertEqual((code, result["unsealed"]), (0, 0))
        self.assertEqual(env.count("select count(*) from audit"), env.count("select count(*) from audit_leaf"))

    def test_signer_away(self):
        add_rows(3)
        before = len(seals())
        env.gateway("halt")
        try:
            done = env.admin("job", "run", "audit-seal", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(len(seals()), before)
            job = next(j for j in env.admin("job", "list", "--json") if j["name"] == "audit-seal")
            self.assertEqual((job["outcome"], job["failures"]), ("failure", 1))
        finally:
            starts = started()
            env.gateway("run")
        wait_started(starts)
        seal()
        self.assertEqual(len(seals()), before + 1)
        self.assertEqual(verify()[1]["unsealed"], 0)


class Events(unittest.TestCase):
    def events(self, start):
        return [r[0] for r in env.sql(f"select event from audit where id > {start} order by id")]

    def test_start_and_stop(self):
        wait_started(0)
        start = env.count("select max(id) from audit")
        env.gateway("halt")
        self.assertEqual(self.events(start), ["gateway.stopped"])
        env.gateway("run")
        wait_for(lambda: self.events(start) == ["gateway.stopped", "gateway.started"], "it is recorded")

    def test_roles_of_users(self):
        self.assertEqual(env.sql("select detail from audit where event = 'user.created' and object = 'otto'"),
                         [["roles: auditor"]])


class Export(unittest.TestCase):
    def test_lines(self):
        rows = export()
        self.assertEqual([r["id"] for r in rows], [int(r[0]) for r in env.sql("select id from audit order by id")])
        ids = [r["id"] for r in rows]
        part = export("--from", str(ids[3]), "--to", str(ids[9]))
        self.assertEqual([r["id"] for r in part], ids[3:10])
        self.assertEqual(export("--from", str(ids[-1] + 1)), [])
        for bad in ("0", "-1", "x", "99999999999999999999"):
            self.assertEqual(env.admin("audit", "export", "--from", bad, check=False).returncode, 2)


class Pages(unittest.TestCase):
    """GET /pki/audit."""

    def get(self, query="", user="otto", password=None):
        if password is None:
            password = (env.dir / "state" / "auditor.password").read_text().strip()
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        return Client(env).get("/pki/audit" + query, {"Authorization": "Basic " + basic} if user else {})

    def test_auditors_only(self):
        state = env.dir / "state"
        self.assertEqual(self.get().status, 200)
        self.assertEqual(self.get(user=None).status, 401)
        self.assertEqual(self.get(password="wrong").status, 401)
        for user, password in (("olga", (state / "officer.password").read_text().strip()),
                               (env.var["GATEHOUSE_USER"], env.var["GATEHOUSE_PASSWORD"])):
            reply = self.get(user=user, password=password)
            self.assertEqual(reply.status, 403, user)
            self.assertNotIn("entries", reply.json)
            self.assertIn("the role auditor", reply.json["message"])
            row = env.sql("select event, outcome, object, actor from audit where event = 'access.denied' order by id desc limit 1")[0]
            self.assertEqual(row[:3], ["access.denied", "failure", "pki.audit"])
            self.assertTrue(row[3].endswith(user), row)

    def test_pages_hold_every_row_once(self):
        add_rows(2500)
        for order in ("oldest", "newest"):
            got, after = [], 0
            while after is not None:
                page = self.get(f"?limit=1000&order={order}&after={after}").json
                self.assertLessEqual(len(page["entries"]), 1000)
                got += [e["id"] for e in page["entries"]]
                after = page["next"]
            want = [int(r[0]) for r in env.sql("select id from audit order by id")]
            self.assertEqual(got, want if order == "oldest" else want[::-1])

    def test_filters(self):
        env.sql("insert into audit (event, outcome, actor, actor_kind, app, address) values "
                "('test.filter', 'failure', 'Frieda', 3, '', '')")
        for query in ("event=test.filter", "actor=frieda", "event=test.filter&outcome=failure",
                      "actor=Fr%69eda&order=newest"):
            entries = self.get("?" + query).json["entries"]
            self.assertEqual([e["actor"] for e in entries], ["Frieda"], query)
        self.assertEqual(self.get("?event=test.filter&outcome=success").json, {"entries": [], "next": None})
        self.assertEqual(self.get("?actor=%25").json["entries"], [])

    def test_bad_parameters(self):
        for query, field in (("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("limit=", "limit"),
                             ("after=-1", "after"), ("after=1e3", "after"), ("after=99999999999999999999", "after"),
                             ("order=up", "order"), ("outcome=maybe", "outcome"), ("event=", "event"),
                             ("event=a&event=b", "event"), ("actor=%ff", "actor"), ("actor=%0", "actor"),
                             ("event=" + "x" * 300, "event"), ("evnt=auth.failed", "evnt")):
            reply = self.get("?" + query)
            self.assertEqual((reply.status, list(reply.json.get("errors", {}))), (422, [field]), query)


class Unwritable(unittest.TestCase):
    """If the audit cannot be written, nothing is issued."""

    def refused(self):
        alice = Client(env)
        before = env.count("select count(*) from certificate"), env.count("select count(*) from request")
        reply = alice.enroll(GOOD)
        self.assertIn(reply.status, (500, 503))
        self.assertNotIn(b"BEGIN CERTIFICATE", reply.body)
        self.assertFalse(reply.json.get("Certificates"))
        pending = alice.enroll(der.csr(der.Key(env.scratch, "ec:P-256"), subject=[("CN", "a.example.test")]),
                               template="WebServer")
        self.assertIn(pending.status, (500, 503))
        self.assertEqual((env.count("select count(*) from certificate"), env.count("select count(*) from request")),
                         before)

    def commands_change_nothing(self):
        for args in (("app", "disable", "other"), ("user", "disable", "olga"),
                     ("template", "import", env.scratch / "changed.json")):
            done = env.admin(*args, check=False)
            self.assertNotEqual(done.returncode, 0, args)
        self.assertEqual(env.count("select count(*) from application where not enabled"), 0)
        self.assertEqual(env.count("select count(*) from admin_user where not enabled"), 0)

    def setUp(self):
        body = env.admin("template", "show", "User", "--json")
        body = body.get("body", body)
        body["displayName"] = "changed"
        (env.scratch / "changed.json").write_text(json.dumps(body))

    def test_no_right_to_insert(self):
        env.without_triggers("revoke insert on audit from gatehouse")
        try:
            self.refused()
            self.commands_change_nothing()
        finally:
            env.without_triggers("grant insert on audit to gatehouse")
        self.assertEqual(Client(env).enroll(GOOD).status, 200)

    def test_insert_fails(self):
        env.without_triggers("create function broken() returns trigger language plpgsql as $$ begin raise exception 'disk'; end $$;"
                  "create trigger broken before insert on audit for each row execute function broken();")
        try:
            self.refused()
            self.commands_change_nothing()
        finally:
            env.without_triggers("drop trigger broken on audit; drop function broken();")
        self.assertEqual(Client(env).enroll(GOOD).status, 200)


if __name__ == "__main__":
    tap.main()
