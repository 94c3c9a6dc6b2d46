#!/usr/bin/env python3
"""Metadata of many certificates by one order: by query and from a file; killed, raced, cancelled, refused."""

import base64
import json
import os
import signal
import subprocess
import threading
import unittest
from random import Random

import der
import tap
from client import Client
from environment import BUILD, Environment, wait_for

env = Environment("metadata_runs", GATEHOUSE_CONF_EXTRA="""
roles { officer_groups = "pki-officers" }
limits { failures = 1000 }
jobs { retention = 0 expiry_notices = 0 }
""")
CSR = der.csr(der.Key(env.scratch, "ec:P-256"))


class Person:
    def __init__(self, user, password):
        self.basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.client = Client(env)

    def call(self, method, path, body=None, **headers):
        head = {"Authorization": self.basic, "Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        return self.client.request(method, path, body, head)

    def get(self, path):
        return self.call("GET", path)


alice = Person("alice", "alice-secret")
olga = Person("olga", (env.dir / "state" / "officer.password").read_text().strip())
otto = Person(env.var["GATEHOUSE_AUDITOR_USER"], env.var["GATEHOUSE_AUDITOR_PASSWORD"])
admin = Person(env.var["GATEHOUSE_ADMIN_USER"], env.var["GATEHOUSE_ADMIN_PASSWORD"])


def apply(*args, check=True):
    return env.admin("metadata", "apply", *args, "--json", check=check)


def outcomes(result):
    return [(i["n"], i["outcome"], i["detail"]) for i in result["items"]]


def counts(run):
    return run["changed"], run["same"], run["refused"]


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        env.wait_ready()
        if env.count("select count(*) from metadata_field where name = 'Phase'") == 0:
            env.admin("metadata", "add", "Phase", "--type", "String", "--regex", "^[a-z-]+$")
            env.admin("metadata", "add", "Owner", "--type", "Email", "--explicit-update")
            env.admin("metadata", "add", "Until", "--type", "Date")
            env.admin("metadata", "add", "Crate", "--type", "String", "--regex", "^[0-9]+$", "--message", "\u00c4" * 120)
            env.await_catalog()
        reply = alice.call("POST", "/pki/request/User", {"pkcs10": base64.b64encode(CSR).decode()})
        assert reply.status == 201, reply.body
        cls.base = reply.json["certificate"]["id"]

    def tearDown(self):
        env.without_triggers("delete from metadata_change; delete from metadata_run;")
        env.sql("delete from certificate where requester like 'many%'")  # and the counters follow

    def certificates(self, n, metadata=None, who="many"):
        """Rows like a real one; their ids."""
        values = "null" if metadata is None else f"'{json.dumps(metadata)}'"
        rows = env.sql("insert into certificate (ca_id, serial, request_id, subject, sans, requester, status, not_before, not_after, sha1, sha256, spki_sha256, "
                       f"der, metadata) select ca_id, decode(md5(random()::text || g), 'hex'), request_id, subject, sans, '{who}', 20, not_before, not_after, "
                       f"decode(md5(random()::text || g) || '00000000', 'hex'), sha256, spki_sha256, der, {values} from certificate, generate_series(1, {n}) g "
                       f"where id = {self.base} returning id")
        return sorted(int(r[0]) for r in rows)

    def values(self, number):
        return json.loads(env.sql(f"select coalesce(metadata, '{{}}') from certificate where id = {number}")[0][0])

    def written(self, run):
        """How often certificates were changed by a run, and are told of in history and trail."""
        return (env.count("select count(*) from metadata_change"), env.count(f"select count(*) from audit where event = 'cert.metadata-changed' and detail like '%(run {run})'"))


class ByQuery(Case):
    def test_dry_first(self):
        ids = self.certificates(3)
        has, same = self.certificates(1, {"Phase": "old", "Owner": "a@example.test"})[0], self.certificates(1, {"Phase": "new", "Owner": "b@example.test"})[0]
        order = ("--query", 'Requester -eq "many"', "--set", "Phase=new", "--set", "Owner=b@example.test")
        dry = apply(*order, "--dry-run")
        self.assertEqual(counts(dry["run"]), (3, 1, 1))
        self.assertEqual((dry["run"]["state"], dry["run"]["dry_run"]), ("done", True))
        self.assertEqual([o[:2] for o in outcomes(dry)], [(i, "changed") for i in ids] + [(has, "refused")])
        self.assertIn('"Owner" has a value', dry["items"][-1]["detail"])
        self.assertEqual({(c["field"], c["old"], c["new"]) for c in dry["items"][0]["changes"]}, {("Phase", None, "new"), ("Owner", None, "b@example.test")})
        self.assertEqual([self.values(i) for i in ids], [{}] * 3)
        self.assertEqual(self.written(dry["run"]["id"]), (0, 0))
        self.assertNotEqual(apply(*order, check=False).returncode, 0)  # there is nobody to ask
        self.assertEqual(self.values(ids[0]), {})
        done = apply(*order, "--yes")
        self.assertEqual(counts(done["run"]), (3, 1, 1))
        for i in (*ids, same):
            self.assertEqual(self.values(i), {"Phase": "new", "Owner": "b@example.test"})
        self.assertEqual(self.values(has)["Phase"], "old")
        self.assertEqual(self.written(done["run"]["id"]), (6, 3))
        self.assertEqual(counts(apply(*order, "--yes", "--overwrite")["run"]), (1, 4, 0))
        again = apply(*order[:2], "--remove", "Owner", "--overwrite", "--yes")
        self.assertEqual(counts(again["run"]), (5, 0, 0))
        self.assertEqual(self.values(has), {"Phase": "new"})
        runs = env.admin("metadata", "runs", "--json")
        self.assertEqual([r["state"] for r in runs], ["done"] * 5)
        self.assertEqual(env.admin("metadata", "runs", str(again["run"]["id"]), "--json")["run"], again["run"])
        self.assertEqual(env.sql("select event, outcome from audit where object = 'metadata run %d' order by id" % done["run"]["id"]),
                         [["metadata.run-started", "success"], ["metadata.run-ended", "success"]])

    def test_what_somebody_wrote_past_us_holds_up_nothing(self):
        first, second = self.certificates(2)
        env.sql(f"update certificate set metadata = '5' where id = {first}")
        done = apply("--query", 'Requester -eq "many"', "--set", "Phase=new", "--yes")
        self.assertEqual(counts(done["run"]), (2, 0, 0))
        self.assertEqual(self.values(first), {"Phase": "new"})
        self.assertEqual(self.values(second), {"Phase": "new"})

    def test_wrong_orders(self):
        for args, said in ((("--query", "Phasee -eq 1", "--set", "Phase=a"), b"column 1"), (("--query", "Id -gt 0", "--set", "Nope=a"), b"not defined"),
                           (("--query", "Id -gt 0", "--set", "Phase=A1"), b"pattern"), (("--query", "Id -gt 0"), b"say what"), (("--set", "Phase=a"), b"--query"),
                           (("--query", "Id -gt 0", "--set", "Until=soon"), b"no date"), (("--query", "Id -gt 0", "--set", "Phase=a", "--remove", "Phase"), b"twice")):
            with self.subTest(args=args):
                done = apply(*args, "--yes", check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(said, done.stderr)
        self.assertEqual(env.count("select count(*) from metadata_run"), 0)

    def test_what_comes_later_is_not_changed(self):
        ids = self.certificates(2)
        env.sql("insert into metadata_run (actor, actor_kind, query, given, overwrites, is_dry, last) values ('olga', 1, 'Requester -eq \"many\"', "
                f"'{{\"Phase\": \"x\"}}', false, false, {ids[-1]})")
        later = self.certificates(1)[0]
        env.admin("job", "run", "metadata", "--background")
        wait_for(lambda: env.count("select count(*) from metadata_run where state = 'done'") == 1, "the run is done")
        self.assertEqual([self.values(i) for i in (*ids, later)], [{"Phase": "x"}] * 2 + [{}])


class Interrupted(Case):
    N = 3000

    def order(self):
        return subprocess.Popen([str(BUILD / "gatehouse"), "metadata", "apply", "--query", 'Requester -eq "many"', "--set", "Phase=done", "--yes", "-c",
                                 str(env.dir / "state" / "gatehouse.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def place(self):
        return env.count("select coalesce(max(changed), 0) from metadata_run")

    def state(self):
        return env.sql("select state from metadata_run order by id desc limit 1")

    def check_once(self):
        """All were changed, each once."""
        run = env.sql("select id, changed, same, refused from metadata_run")
        self.assertEqual(run[0][1:], [str(self.N), "0", "0"])
        self.assertEqual(self.written(run[0][0]), (self.N, self.N))
        self.assertEqual(env.count("select count(distinct certificate_id) from metadata_change"), self.N)
        self.assertEqual(env.count("select count(*) from certificate where requester = 'many' and metadata = '{\"Phase\": \"done\"}'"), self.N)

    def test_command_and_workers_killed(self):
        self.certificates(self.N)
        command = self.order()
        wait_for(lambda: self.place() > 0, "it has begun", step=0.01)
        command.kill()
        command.wait()
        for _ in range(3):
            before = self.place()
            wait_for(lambda: self.place() > before or self.state() == [["done"]], "a gateway goes on")
            for pid in env.workers():
                os.kill(pid, signal.SIGKILL)
            env.wait_ready()
            env.admin("job", "run", "metadata", "--background")  # at once, and not ten seconds later
        wait_for(lambda: self.state() == [["done"]], "it is done")
        self.check_once()

    def test_several_at_it(self):
        """Two commands and the gateway work off the same runs: each certificate is changed once by each."""
        self.certificates(self.N)
        commands = [self.order() for _ in range(2)]
        for c in commands:
            self.assertEqual(c.wait(), 0)
        rows = env.sql("select id, changed, same from metadata_run order by id")
        self.assertEqual([r[1:] for r in rows], [[str(self.N), "0"], ["0", str(self.N)]])
        self.assertEqual(self.written(rows[0][0]), (self.N, self.N))

    def test_cancelled(self):
        self.certificates(self.N)
        command = self.order()
        wait_for(lambda: self.place() > 0, "it has begun", step=0.01)
        number = env.count("select max(id) from metadata_run")
        env.admin("metadata", "cancel", str(number))
        self.assertEqual(command.wait(), 1)
        self.assertEqual(env.admin("metadata", "cancel", str(number), check=False).returncode, 1)
        changed = env.count("select changed from metadata_run")
        self.assertLess(changed, self.N)
        self.assertEqual(self.written(number), (changed, changed))
        self.assertEqual(env.sql("select outcome, detail from audit where event = 'metadata.run-ended' order by id desc limit 1")[0][0], "failure")

    def test_changed_meanwhile(self):
        """What another changes between reading and writing is kept, and decided anew."""
        ids = self.certificates(5)
        lock = env.session("begin; update certificate set metadata = '{\"Department\": \"IT\"}' where id = %d;" % ids[2])
        command = self.order()
        wait_for(lambda: env.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%FOR UPDATE OF c%'") > 0, "it waits")
        self.assertEqual(self.place(), 0)
        lock.commit()
        self.assertEqual(command.wait(), 0)
        self.assertEqual([self.values(i) for i in ids], [{"Phase": "done"}] * 2 + [{"Department": "IT", "Phase": "done"}] + [{"Phase": "done"}] * 2)
        self.assertEqual(self.place(), 5)
        self.assertEqual(env.count("select count(*) from metadata_change"), 5)


class AtOnce(Case):
    """Runs, single changes, removals, and a definition that comes, changes its type and goes, all at the same moment."""

    def setUp(self):
        env.admin("metadata", "add", "Crane", "--type", "String")
        env.await_catalog()
        self.ids = self.certificates(400, {"Phase": "old"})
        self.wrong, self.is_over = [], threading.Event()

    def tearDown(self):
        env.admin("metadata", "remove", "Crane", "--yes", check=False)
        super().tearDown()

    def change(self, seed):
        who, random = Person("olga", (env.dir / "state" / "officer.password").read_text().strip()), Random(seed)
        while not self.is_over.is_set():
            field, value = random.choice((("Phase", "x"), ("Phase", "y"), ("Phase", None), ("Until", "2027-01-0%d" % random.randint(1, 9)), ("Crane", "7"), ("Crane", None)))
            reply = who.call("PUT", f"/pki/certificate/{random.choice(self.ids)}/metadata?merge=yes", {field: value})
            if reply.status not in (200, 400, 404, 412, 503):  # no such field, or certificate, any more; others were quicker, again and again; too slow
                self.wrong.append((reply.status, reply.body))

    def define(self):
        who = Person(env.var["GATEHOUSE_ADMIN_USER"], env.var["GATEHOUSE_ADMIN_PASSWORD"])
        while not self.is_over.is_set():
            for method, body in (("PUT", {"type": "Integer"}), ("DELETE", None), ("PUT", {"type": "String"})):
                reply = who.call(method, "/pki/metadata/Crane", body)
                if reply.status not in (200, 201, 204, 503):
                    self.wrong.append((reply.status, reply.body))

    def remove(self):
        for number in self.ids[::8]:
            env.sql(f"delete from certificate where id = {number}")

    def replayed(self):
        """What the history makes of the certificates, each change of what the one before has left."""
        values = {i: {"Phase": "old"} for i in self.ids}
        for number, field, old, new in env.sql("select certificate_id, field, coalesce(old, 'null'), coalesce(new, 'null') from metadata_change order by id"):
            of = values[int(number)]
            self.assertEqual(of.pop(field, None), json.loads(old), (number, field))
            if json.loads(new) is not None:
                of[field] = json.loads(new)
        return values

    def test_nothing_is_lost(self):
        threads = [threading.Thread(target=self.change, args=(n,)) for n in range(3)] + [threading.Thread(target=self.define), threading.Thread(target=self.remove)]
        for thread in threads:
            thread.start()
        try:
            for n in range(2):
                orders = [{"query": 'Requester -eq "many"', "values": {"Phase": f"by-query-{'ab'[n]}"}}, "id,Crane,Phase\n" + "".join(f"{i},{i},by-line\n" for i in self.ids)]
                for o in orders:
                    is_file = isinstance(o, str)
                    reply = olga.call("POST", "/pki/metadata-runs?overwrite=yes" if is_file else "/pki/metadata-runs", o.encode() if is_file else o,
                                      Content_Type="text/csv" if is_file else "application/json")
                    if reply.status == 201:
                        wait_for(lambda path=reply.headers["location"]: olga.get(path).json["state"] != "running", "the run has ended", seconds=120)
                    else:
                        self.assertEqual((is_file, reply.status), (True, 400), reply.body)  # Crane is not there
        finally:
            self.is_over.set()
            for thread in threads:
                thread.join()
        self.assertEqual(self.wrong, [])
        values = {int(i): json.loads(v) for i, v in env.sql("select id, coalesce(metadata, '{}') from certificate where requester = 'many'")}
        self.assertEqual(sorted(values), sorted(set(self.ids) - set(self.ids[::8])))
        replayed = self.replayed()
        self.assertEqual(values, {i: replayed[i] for i in values})
        for run, changed, state in env.sql("select id, changed, state from metadata_run"):
            self.assertEqual((env.count(f"select count(*) from audit where event = 'cert.metadata-changed' and detail like '%(run {run})'"), state), (int(changed), "done"))
        self.assertEqual(env.admin("db", "counters", "--json")["different"], 0)


class Indexes(Case):
    """The index of a field while it is made: its command waits for a transaction that began earlier, as in the middle of a build."""

    def setUp(self):
        env.admin("metadata", "add", "Shelf", "--type", "String")
        env.await_catalog()
        self.number = env.count("select id from metadata_field where name = 'Shelf'")
        self.before = None
        self.hold()

    def hold(self):
        self.before = env.session(f"begin; update certificate set metadata = metadata where id = {self.base};")

    def let_go(self):
        if self.before is not None:
            self.before.commit()
        self.before = None

    def tearDown(self):
        self.let_go()
        env.admin("metadata", "remove", "Shelf", "--yes", check=False)
        self.assertEqual(self.indexes(), [])
        super().tearDown()

    def indexes(self):
        """Name, and whether it is whole."""
        return env.sql("select relname, indisvalid::text from pg_class join pg_index on indexrelid = pg_class.oid where relname like 'certificate_metadata_%' "
                       "and relname ~ '[0-9]' order by 1")

    def told(self):
        return [(f["what"], f["todo"]) for f in json.loads(env.admin("doctor", "--json", check=False).stdout) if f["code"] == "metadata-index"]

    def is_indexed(self):
        return admin.get("/pki/metadata/Shelf").json["indexed"]

    def waits(self, what):
        wait_for(lambda: env.count(f"select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '{what} INDEX CONCURRENTLY%'") > 0, f"{what} waits")

    def begin(self, *options):
        """In mid-build."""
        command = subprocess.Popen([str(BUILD / "gatehouse"), "metadata", "set", "Shelf", *(options or ["--indexed"]), "-c", str(env.dir / "state" / "gatehouse.conf")],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        self.waits("CREATE")
        self.assertEqual(self.indexes(), [[f"certificate_metadata_{self.number}_text", "false"]])
        return command

    def end(self, command, status):
        error = command.communicate()[1].decode()
        self.assertEqual(command.returncode, status, error)
        return error

    def test_others_go_on_meanwhile(self):
        command = self.begin()
        reply = alice.call("POST", "/pki/request/User", {"pkcs10": base64.b64encode(CSR).decode(), "metadata": {"Shelf": "b7"}})
        self.assertEqual(reply.status, 201, reply.body)
        found = lambda: [e["id"] for e in olga.get("/pki/certificates?query=Shelf%20-eq%20%22B7%22").json["entries"]]
        self.assertEqual(found(), [reply.json["certificate"]["id"]])
        self.assertFalse(self.is_indexed())
        self.assertEqual(olga.get("/pki/certificates?order_by=Shelf").status, 422)
        for other in ("--indexed", "--no-indexed"):  # one at a time
            second = env.admin("metadata", "set", "Shelf", other, check=False)
            self.assertEqual(second.returncode, 1)
            self.assertIn(b"another command", second.stderr)
        self.let_go()
        self.end(command, 0)
        env.await_catalog()
        self.assertEqual((self.indexes()[0][1], self.is_indexed(), self.told()), ("true", True, []))
        self.assertEqual(found(), [reply.json["certificate"]["id"]])

    def test_interrupted(self):
        command = self.begin()
        command.send_signal(signal.SIGINT)
        self.waits("DROP")
        self.let_go()
        self.assertIn("interrupted", self.end(command, 1))
        self.assertEqual((self.indexes(), self.is_indexed(), self.told()), ([], False, []))

    def test_interrupted_twice(self):
        """It ends at once, and leaves a remnant, of which it tells."""
        command = self.begin()
        command.send_signal(signal.SIGINT)
        self.waits("DROP")
        command.send_signal(signal.SIGINT)
        self.assertIn("--no-indexed", self.end(command, 1))
        self.assertEqual([i[1] for i in self.indexes()], ["false"])
        what, todo = self.told()[0]
        self.assertIn("belongs to no metadata field", what)
        self.assertIn("metadata set Shelf --no-indexed", todo)
        self.let_go()
        env.admin("metadata", "set", "Shelf", "--no-indexed")
        self.assertEqual((self.indexes(), self.told()), ([], []))

    def test_killed(self):
        """Whatever PostgreSQL makes of it, the next call makes it whole."""
        command = self.begin()
        command.kill()
        command.wait()
        self.assertFalse(self.is_indexed())
        self.assertEqual(len(self.told()), 1)
        self.let_go()
        env.admin("metadata", "set", "Shelf", "--indexed")
        env.await_catalog()
        self.assertEqual((self.indexes()[0][1], self.is_indexed(), self.told()), ("true", True, []))

    def test_failing(self):
        for how in ("pg_cancel_backend", "pg_terminate_backend"):
            with self.subTest(how=how):
                command = self.begin()
                env.psql(f"select {how}(pid) from pg_stat_activity where query like 'CREATE INDEX CONCURRENTLY%'", "postgres")
                self.waits("DROP")
                self.let_go()
                self.assertNotEqual(self.end(command, 1), "")
                self.assertEqual((self.indexes(), self.is_indexed(), self.told()), ([], False, []))
                self.hold()

    def test_by_another_role(self):
        """One that does not own the schema uses the index, and is told who makes it; nothing is half done."""
        env.psql("create role app login; grant usage on schema public to app; grant all on all tables in schema public to app; grant all on all sequences in schema public "
                 "to app; grant execute on all functions in schema public to app", "postgres")
        conf = env.dir / "state" / "app.conf"
        conf.write_text((env.dir / "state" / "gatehouse.conf").read_text().replace(" user=gatehouse", " user=app"))
        conf.chmod(0o640)
        by_app = lambda *args: env.command("metadata", *args, "-c", conf, check=False)
        self.let_go()
        for args, expected in ((("set", "Shelf", "--indexed"), []), (None, [["true"]]), (("set", "Shelf", "--no-indexed"), [["true"]]), (("remove", "Shelf", "--yes"), [["true"]])):
            if args is None:
                env.admin("metadata", "set", "Shelf", "--indexed")
            else:
                done = by_app(*args)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(b"role that owns the schema", done.stderr)
            self.assertEqual([i[1:] for i in self.indexes()], expected)
        env.await_catalog()
        self.assertTrue(self.is_indexed())
        self.assertEqual(env.command("cert", "search", 'Shelf -eq "x"', "--order-by", "Shelf", "--json", "-c", conf), [])
        env.admin("metadata", "set", "Shelf", "--no-indexed")
        self.assertEqual(by_app("remove", "Shelf", "--yes").returncode, 0)

    def test_definition_changed_meanwhile(self):
        for method, body in (("PUT", {"type": "Integer"}), ("DELETE", None)):
            with self.subTest(method=method):
                command = self.begin()
                reply = admin.call(method, "/pki/metadata/Shelf", body)
                self.assertIn(reply.status, (200, 204), reply.body)
                self.let_go()
                self.assertIn("changed meanwhile", self.end(command, 1))
                self.assertEqual((self.indexes(), self.told()), ([], []))
                self.hold()
                env.admin("metadata", "set", "Shelf", "--type", "String", check=False)
        self.assertEqual(admin.get("/pki/metadata/Shelf").status, 404)


class FromFile(Case):
    def load(self, text, *args, check=True):
        return env.admin("metadata", "import", "-", "--json", *args, check=check, stdin=text if isinstance(text, bytes) else text.encode())

    def keys(self, number):
        return env.sql(f"select hex_upper(c.serial), ca.subject, hex_upper(sha1), hex_upper(sha256) from certificate c join ca on ca.id = ca_id where c.id = {number}")[0]

    def test_each_line_is_reported(self):
        a, b, c, d = self.certificates(4)
        self.certificates(1, {"Phase": "old"})
        serial, issuer, sha1, _ = self.keys(b)
        text = ("\ufeffid,Serial,issuer,thumbprint,phase,Metadata.Until,Cost-Center\r\n"
                f"{a},,,,one,2027-1-2,\r\n"          # line 2
                f',{serial.lower()},"{issuer}",,"two",,7\r\n'
                "\r\n"                                # 4: blank
                f"{c},,,,THREE,,\r\n"                  # 5: pattern
                f"{a},,,,four,,\r\n"                   # 6: again
                "999999,,,,five,,\r\n"                 # 7: nobody's
                ",zz,,,six,,\r\n,,,,seven,,\r\n"       # 8, 9: no number, no key
                f"{c},,,,eight\r\n"                    # 10: too few
                f'{c},,,,"ni"ne,,\r\n'                 # 11: quote
                f",,,{sha1},ten,,\r\n"                 # 12: as line 3
                f",{serial},CN=other,,eleven,,\r\n"    # 13: another issuer
                f"{d},,,,,,\n"                         # 14: nothing
                f"x,,,,y,,\n")                         # 15
        dry = self.load(text, "--dry-run")
        want = {2: "changed", 3: "changed", 5: "refused", 6: "refused", 7: "refused", 8: "refused", 9: "refused", 10: "refused", 11: "refused", 12: "refused",
                13: "refused", 14: "same", 15: "refused"}
        self.assertEqual({n: o for n, o, _ in outcomes(dry)}, want)
        self.assertEqual((self.values(a), self.written(dry["run"]["id"])), ({}, (0, 0)))
        done = self.load(text, "--yes")
        self.assertEqual({n: o for n, o, _ in outcomes(done)}, want)
        said = {n: d for n, _, d in outcomes(done)}
        for n, word in ((5, "pattern"), (6, "line 2"), (7, "no such"), (9, "names no"), (10, "columns"), (11, "quote"), (12, "line 3"), (13, "no such"), (15, "number")):
            self.assertIn(word, said[n], n)
        self.assertEqual([self.values(i) for i in (a, b, c, d)], [{"Phase": "one", "Until": "2027-01-02"}, {"Phase": "two", "Cost-Center": 7}, {}, {}])
        self.assertEqual(counts(done["run"]), (2, 1, 10))
        self.assertEqual(counts(self.load(f"id,Phase,Until\n{a},,\n", "--yes", "--remove-empty")["run"]), (1, 0, 0))
        self.assertEqual(self.values(a), {})

    def test_garbage(self):
        a = self.certificates(1)[0]
        for text, said in (("", b"no lines"), ("id,Phase\n", b"no lines"), ("id,Nope\n1,2\n", b'"Nope"'), ("Phase\nx\n", b"none of the columns"), ("id\n1\n", b"no metadata field"),
                           ("id,Phase,phase\n1,a,b\n", b"twice"), (b"\xff\xfe\n", b"UTF-8"), ('id,"Phase\n1,a\n', b"quote"), ("id," + "x" * 9000 + "\n1,2\n", b"too long")):
            with self.subTest(text=text[:20]):
                done = self.load(text, "--yes", check=False) if text else env.admin("metadata", "import", "/dev/null", "--yes", check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(said, done.stderr)
        rows = [b"id,Phase", b"\xff\xfe,a", b"1;2", b"\x00\x01", b"x" * 9000, b"%d,last" % a, b"'; DROP TABLE certificate; --,x", b"99999999999999999999,x"]
        done = self.load(b"\n".join(rows), "--yes")
        self.assertEqual([o for _, o, _ in outcomes(done)], ["refused"] * 4 + ["changed"] + ["refused"] * 2)
        self.assertEqual(self.values(a), {"Phase": "last"})

    def test_more_than_a_step(self):
        ids = self.certificates(250)
        done = self.load("id,Phase\n" + "".join(f"{i},p\n" for i in ids), "--yes")
        self.assertEqual(counts(done["run"]), (250, 0, 0))
        self.assertEqual(self.written(done["run"]["id"]), (250, 250))


class History(Case):
    def test_it_does_not_grow_without_bound(self):
        """Of each field by itself: who may change one does not wash away what was done to others."""
        number = self.certificates(1)[0]
        env.admin("cert", "metadata", "set", str(number), "Until=2027-01-01")
        env.sql(f"insert into metadata_change (certificate_id, actor, actor_kind, field, new) select {number}, 'owner', 1, 'Phase', to_jsonb(g::text) from generate_series(1, 500) g")
        env.admin("cert", "metadata", "set", str(number), "Phase=a")
        rows = env.admin("cert", "metadata", "history", str(number), "--json")
        self.assertEqual([r["field"] for r in rows], ["Until"] + ["Phase"] * 200)
        self.assertEqual([r["new"] for r in rows[-2:]], ["500", "a"])
        env.admin("cert", "metadata", "set", str(number), "Phase=b")
        self.assertEqual(len(env.admin("cert", "metadata", "history", str(number), "--json")), 201)


class OverRest(Case):
    PATH = "/pki/metadata-runs"

    def expect(self, reply, status):
        self.assertEqual(reply.status, status, reply.body)
        return reply

    def order(self, body, status=201, who=olga, more="", **headers):
        return self.expect(who.call("POST", self.PATH + more, body, **headers), status)

    def done(self, reply):
        path = reply.headers["location"]
        wait_for(lambda: olga.get(path).json["state"] != "running", "the run has ended")
        return olga.get(path).json, olga.get(path + "/items").json["entries"]

    def test_by_query(self):
        ids, has = self.certificates(2), self.certificates(1, {"Owner": "a@example.test"})[0]
        body = {"query": 'Requester -eq "many"', "values": {"owner": "b@example.test", "Until": None}, "dry_run": True}
        run, items = self.done(self.order(body))
        self.assertEqual((counts(run), run["state"], run["query"]), ((2, 0, 1), "done", body["query"]))
        self.assertEqual([self.values(i) for i in ids], [{}, {}])
        run, items = self.done(self.order({**body, "dry_run": False}))
        self.assertEqual([(i["certificate_id"], i["outcome"]) for i in items], [(i, "changed") for i in ids] + [(has, "refused")])
        self.assertEqual(env.sql(f"select actor, address <> '' from audit where object = 'metadata run {run['id']}' and event = 'metadata.run-started'")[0][0].rpartition("\\")[2], "olga")
        self.assertEqual({a.rpartition("\\")[2] for a, in env.sql("select actor from metadata_change")}, {"olga"})
        path = f"{self.PATH}/{run['id']}"
        page = olga.get(path + "/items?limit=1").json
        self.assertEqual(olga.get(path + f"/items?limit=2&after={page['next']}").json["entries"], items[1:])
        self.assertEqual(olga.get(path + "/items?outcome=refused").json["entries"], items[2:])
        self.assertEqual(olga.get(self.PATH + "?order=newest&limit=1").json["entries"], [run])
        self.expect(olga.call("PUT", path + "/status", {"status": "cancelled"}), 409)
        run, _ = self.done(self.order({**body, "dry_run": False, "overwrite": True}))
        self.assertEqual(counts(run), (1, 2, 0))

    def test_from_a_file(self):
        a, b = self.certificates(2)
        csv = f"id,Phase,Until\n{a},one,2027-01-02\n{b},,\nx,y,z\n".encode()
        run, items = self.done(self.order(csv, more="?dry_run=yes", Content_Type="text/csv"))
        self.assertEqual((counts(run), self.values(a)), ((1, 1, 1), {}))
        run, items = self.done(self.order(csv, Content_Type="text/csv; charset=utf-8"))
        self.assertEqual([(i["n"], i["outcome"], i["key"]) for i in items], [(2, "changed", {"id": str(a)}), (3, "same", {"id": str(b)}), (4, "refused", None)])
        self.assertEqual(self.values(a), {"Phase": "one", "Until": "2027-01-02"})
        run, _ = self.done(self.order(csv.replace(b"one,2027-01-02", b","), more="?remove_empty=yes", Content_Type="text/csv"))
        self.assertEqual((counts(run), self.values(a)), ((1, 1, 1), {}))
        # what is too long of the reason is cut, here in the middle of a letter
        run, items = self.done(self.order(f"id,Crate\n{a},x\n{b},7\n".encode(), Content_Type="text/csv"))
        self.assertEqual(([i["outcome"] for i in items], items[0]["detail"][:30]), (["refused", "changed"], 'metadata field "Crate": ' + "\u00c4" * 6))
        for text in (b"", b"id,Nope\n1,2\n", b"\x00", b"\xff\n", b"id,Phase", b"a,b\nc,d"):
            self.order(text, 400, Content_Type="text/csv")
        self.order(csv, 422, more="?dry=yes", Content_Type="text/csv")
        self.order(csv, 415, Content_Type="text/plain")
        self.order(csv, 415, Content_Type="application/octet-stream")
        self.order(b"x" * 300000, 413, Content_Type="text/csv")

    def test_wrong_orders(self):
        good = {"query": "Id -gt 0", "values": {"Phase": "a"}}
        for body, status in (({}, 422), ({**good, "query": ""}, 422), ({**good, "query": 1}, 422), ({**good, "values": {}}, 400), ({**good, "values": []}, 422),
                             ({**good, "values": {"Phase": "A"}}, 400), ({**good, "values": {"Nope": "a"}}, 400), ({**good, "values": {"Phase": {"a": 1}}}, 400),
                             ({**good, "values": {"Phase": "a", "phase": "b"}}, 400), ({**good, "dry": True}, 422), ({**good, "dry_run": "yes"}, 422),
                             ({**good, "query": "Id -gt 0; DROP TABLE certificate"}, 400), ({**good, "query": "x" * 8193}, 422), (b"[]", 400), (b"{", 400)):
            with self.subTest(body=body):
                self.order(body, status)
        wrong = self.order({**good, "query": "Id -gt 0 x"}, 400).json
        self.assertIn("query: column 10", wrong["message"])
        self.assertRegex(wrong["errors"]["query"][0], "^column 10: ")
        self.assertEqual(env.count("select count(*) from metadata_run"), 0)

    def test_rights(self):
        good = {"query": 'Requester -eq "many"', "values": {"Phase": "a"}}
        for who in (alice, otto):
            self.order(good, 403, who)
            self.order(b"id,Phase\n1,a\n", 403, who, Content_Type="text/csv")
        number = self.done(self.order(good))[0]["id"]
        for path in (self.PATH, f"{self.PATH}/{number}", f"{self.PATH}/{number}/items"):
            for who, status in ((alice, 403), (otto, 200), (admin, 200), (olga, 200)):
                self.expect(who.get(path), status)
            self.expect(Client(env).request("GET", path), 401)
        for who in (alice, otto):
            self.expect(who.call("PUT", f"{self.PATH}/{number}/status", {"status": "cancelled"}), 403)
        for path in ("/999999", "/999999/items", "/0", "/x"):
            self.expect(olga.get(self.PATH + path), 404)
        self.expect(olga.call("PUT", self.PATH + "/999999/status", {"status": "cancelled"}), 404)
        self.expect(olga.call("PUT", f"{self.PATH}/{number}/status", {"status": "done"}), 422)
        self.order(good, 403, Origin="https://evil.example")
        self.expect(olga.call("PUT", f"{self.PATH}/{number}/status", {"status": "cancelled"}, Origin="https://evil.example"), 403)
        self.expect(olga.get(f"{self.PATH}/{number}/items?order=newest"), 422)

    def test_cancelled(self):
        self.certificates(3000)
        path = self.order({"query": 'Requester -eq "many"', "values": {"Phase": "a"}}).headers["location"]
        self.assertEqual(self.expect(olga.call("PUT", path + "/status", {"status": "cancelled"}), 200).json["state"], "cancelled")
        changed = olga.get(path).json["changed"]
        self.assertLess(changed, 3000)
        self.assertEqual(env.count("select count(*) from metadata_change"), changed)


class Classic(Case):
    """Keyfactor's Classic API: Metadata/3 and Certificates/3/Contents, as its documented clients write them, and worse."""

    def setUp(self):
        self.number = self.certificates(1, {"Phase": "old", "Owner": "a@example.test"})[0]
        env.sql(f"update certificate set request_id = (select request_id from certificate where id = {self.base}) where id = {self.number}")
        self.serial, self.issuer, self.sha1, _ = FromFile.keys(self, self.number)

    def call(self, what, body, status=200, who=olga, **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        reply = who.call("POST", "/CMSApi/" + what, raw, **headers)
        self.assertEqual(reply.status, status, reply.body)
        return json.loads(reply.body) if reply.body else None

    def lookup(self):
        return {"Type": "Thumbprint", "Thumbprint": self.sha1}

    def test_get_and_set(self):
        spaced = self.issuer.replace(",", ", ")
        for lookup in (self.lookup(), {"Type": "Serial", "SerialNumber": self.serial.lower(), "IssuerDN": spaced}, {"type": "cmsid", "cmsid": self.number}):
            got = self.call("Metadata/3/Get", {"Lookup": lookup, "Security": {"Flags": 0}, "Metadata ": {"phase": None, "Until": ""}})
            self.assertEqual(got, {"phase": "old", "Until": None})
        self.assertIsNone(self.call("Metadata/3/Set", {"Lookup": self.lookup(), "Security": {"Flags": 3}, "Metadata": {"Phase": "new", "Until": "1/2/2027"}}))
        self.assertEqual(self.values(self.number), {"Phase": "new", "Owner": "a@example.test", "Until": "2027-01-02"})
        self.assertEqual(env.count("select count(*) from metadata_change"), 2)
        self.call("Metadata/3/Set", {"Lookup": self.lookup(), "Metadata": {"Owner": "b@example.test"}}, 400)
        self.call("Metadata/3/Set", {"Lookup": self.lookup(), "Security": {"Flags": 8}, "Metadata": {"Owner": "b@example.test", "Until": ""}})
        self.assertEqual(self.values(self.number), {"Phase": "new", "Owner": "b@example.test"})
        self.assertEqual(self.call("Metadata/3/Get", {"Lookup": self.lookup()})["Owner"], "b@example.test")
        env.sql(f"update certificate set not_after = now() - interval '1 hour' where id = {self.number}")
        for what in ("Get", "Set"):
            self.call("Metadata/3/" + what, {"Lookup": self.lookup(), "Security": {"Flags": 2}, "Metadata": {"Phase": "x"}}, 409)
            self.call("Metadata/3/" + what, {"Lookup": self.lookup(), "Security": {"Flags": 1}, "Metadata": {"Phase": "x"}})
        env.sql(f"update certificate set status = 21 where id = {self.number}")
        for what in ("Get", "Set"):
            self.call("Metadata/3/" + what, {"Lookup": self.lookup(), "Security": {"Flags": 1}, "Metadata": {"Phase": "y"}}, 409)
        self.assertEqual(self.values(self.number)["Phase"], "x")

    def test_of_a_foreign_certificate_no_state_is_known(self):
        env.sql(f"update certificate set status = 12, ca_id = -1 where id = {self.number}")
        for what in ("Get", "Set"):
            self.call("Metadata/3/" + what, {"Lookup": self.lookup(), "Security": {"Flags": 4}, "Metadata": {"Phase": "x"}}, 409)
        self.assertEqual(self.values(self.number)["Phase"], "old")
        for what in ("Get", "Set"):
            self.call("Metadata/3/" + what, {"Lookup": self.lookup(), "Security": {"Flags": 3}, "Metadata": {"Phase": "x"}})
        self.assertEqual(self.values(self.number)["Phase"], "x")

    def test_definitions(self):
        one = self.call("Metadata/3/GetDefinition", {"Lookup": {"ignored": True}, "Metadata": {"phase": ""}})
        self.assertEqual((one["Name"], one["Validation"], one["Required"], one["AllowAPI"], one["ExplicitUpdate"], one["DataType"], one["Options"]),
                         ("Phase", "^[a-z-]+$", False, True, False, 1, ""))
        two = self.call("Metadata/3/GetDefinition", {"Metadata": {"Phase": None, "Owner": None}}, who=alice)
        self.assertEqual((set(two), two["Owner"]["ExplicitUpdate"], two["Phase"]), ({"Phase", "Owner"}, True, one))
        self.assertGreater(set(self.call("Metadata/3/GetDefinition", {})), {"Phase", "Owner", "Stage"})

    def test_contents(self):
        for who in (alice, olga):
            got = self.call("Certificates/3/Contents", {"Lookup": self.lookup()}, who=who)
            self.assertEqual((got["CMSID"], base64.b64decode(got["Content"])), (self.number, bytes.fromhex(env.sql(f"select encode(der, 'hex') from certificate where id = {self.number}")[0][0])))
        self.call("Certificates/3/Contents", {"Lookup": {"Type": "CMSID", "CMSID": 999999}}, 404)

    def test_refused(self):
        good = {"Lookup": self.lookup(), "Metadata": {"Phase": "new"}}
        for change, status in (({"Lookup": None}, 400), ({"Lookup": {}}, 400), ({"Lookup": {"Type": "Name"}}, 400), ({"Lookup": {"Type": "Serial", "SerialNumber": "01"}}, 400),
                               ({"Lookup": {"Type": "Thumbprint", "Thumbprint": "'; --"}}, 400), ({"Lookup": {"Type": "Thumbprint", "Thumbprint": "00" * 20}}, 404),
                               ({"Security": {"Flags": 16}}, 400), ({"Security": {"Flags": "x"}}, 400), ({"Metadata": []}, 400), ({"Metadata": {"Nope": 1}}, 400)):
            for what in ("Get", "Set"):
                with self.subTest(change=change, what=what):
                    self.assertIn("Message", self.call("Metadata/3/" + what, {**good, **change}, status))
        for body in ({"Phase": "NEW"}, {"Phase": {"a": 1}}, {}, {"Phase": "a", "phase": "b"}):
            self.call("Metadata/3/Set", {**good, "Metadata": body}, 400)
        for raw in (b"{", b"[]", b"", b"\xff"):
            for what in ("Metadata/3/Get", "Metadata/3/Set", "Metadata/3/GetDefinition", "Certificates/3/Contents"):
                self.call(what, raw, 400)
        self.assertEqual(self.values(self.number)["Phase"], "old")
        self.call("Metadata/3/Set", good, 403, alice)  # an owner, of a field that is not his
        self.call("Metadata/3/Set", good, 403, otto)
        self.call("Metadata/3/Get", good, who=otto)
        self.call("Metadata/3/Get", {**good, "Lookup": {"Type": "CMSID", "CMSID": self.nobodys()}}, 403, alice)
        self.call("Metadata/3/Set", good, 403, Origin="https://evil.example")
        self.assertEqual(Client(env).request("POST", "/CMSApi/Metadata/3/Get", b"{}").status, 401)
        self.assertEqual(olga.get("/CMSApi/Metadata/3/Get").status, 405)

    def nobodys(self):
        number = self.certificates(1)[0]
        env.sql(f"update certificate set request_id = 0 where id = {number}")
        return number

    def test_fields_that_are_not_for_the_api(self):
        env.admin("metadata", "add", "Secret", "--type", "String", "--no-api")
        env.await_catalog()
        try:
            for what in ("Get", "Set", "GetDefinition"):
                self.call("Metadata/3/" + what, {"Lookup": self.lookup(), "Metadata": {"Secret": "x"}}, 400)
            self.assertNotIn("Secret", self.call("Metadata/3/GetDefinition", {}))
            self.assertNotIn("Secret", self.call("Metadata/3/Get", {"Lookup": self.lookup()}))
        finally:
            env.admin("metadata", "remove", "Secret", "--yes")
            env.await_catalog()


class KeyfactorFields(Case):
    """MetadataFields of KeyfactorAPI, as the vendor's generated Go client writes them, and worse."""
    NEW = {"Name": "Tier", "Description": "how near to money", "DataType": 5, "Hint": "ask", "Enrollment": 1, "Message": None, "Options": "gold, silver,bronze", "DefaultValue": "silver",
           "DisplayOrder": 4, "CaseSensitive": False, "ExemptFromActionedCount": True}

    def tearDown(self):
        super().tearDown()
        for f in env.admin("metadata", "list", "--json"):
            if f["name"] in ("Tier", "2024", "Rank"):
                env.admin("metadata", "remove", f["name"], "--yes")
        env.await_catalog()

    def call(self, method, path, body=None, status=200, who=admin, **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        reply = who.call(method, "/KeyfactorAPI/MetadataFields" + path, raw, X_Keyfactor_Requested_With="APIClient", **headers)
        self.assertEqual(reply.status, status, reply.body)
        return json.loads(reply.body) if reply.body else None

    def add(self, **change):
        made = self.call("POST", "", {**self.NEW, **change})
        env.await_catalog()
        return made

    def test_from_definition_to_removal(self):
        made = self.add()
        number = made["Id"]
        self.assertEqual({k: made[k] for k in ("Name", "DataType", "Enrollment", "Options", "DefaultValue", "DisplayOrder", "Hint", "Description", "AllowAPI", "ExplicitUpdate")},
                         {"Name": "Tier", "DataType": 5, "Enrollment": 1, "Options": "gold,silver,bronze", "DefaultValue": "silver", "DisplayOrder": 4, "Hint": "ask",
                          "Description": "how near to money", "AllowAPI": True, "ExplicitUpdate": False})
        for path in ("/Tier", "/tier", f"/{number}"):
            self.assertEqual(self.call("GET", path, who=alice), made)
        env.admin("metadata", "set", "Tier", "--owner", "--explicit-update")
        env.await_catalog()
        changed = self.call("PUT", "", {**self.NEW, "Id": number, "Enrollment": 0, "Options": "gold", "DefaultValue": ""})
        self.assertEqual((changed["Id"], changed["Options"], changed["Enrollment"], changed["DefaultValue"], changed["ExplicitUpdate"]), (number, "gold", 0, "", True))
        self.assertTrue(env.admin("metadata", "show", "Tier", "--json")["owner_sets"])  # which they have no word for
        env.await_catalog()
        self.assertIs(self.call("GET", f"/{number}/InUse"), False)
        self.certificates(1, {"Tier": "gold"})
        self.assertIs(self.call("GET", f"/{number}/InUse"), True)
        self.call("DELETE", f"/{number}", None, 409)
        self.call("DELETE", "?force=false", [number], 409)
        self.call("DELETE", f"/{number}?force=true", None, 204)
        env.await_catalog()
        self.call("GET", "/Tier", status=404)
        self.assertEqual([r[0] for r in env.sql("select event from audit where object = 'Tier' order by id desc limit 4")],
                         ["metadata_field.removed", "metadata_field.set", "metadata_field.set", "metadata_field.set"])

    def test_several_go_together(self):
        a, b = self.add()["Id"], self.add(Name="2024", DataType=1, Options=None, DefaultValue=None, Enrollment=0)["Id"]
        self.assertEqual(self.call("GET", "/2024")["Id"], b)  # a name of digits
        self.call("DELETE", "", [a, 999999], 404)
        self.call("DELETE", "", [a, a], 400)
        self.assertEqual(self.call("GET", "/Tier")["Id"], a)
        self.call("DELETE", "", [a, b], 204)
        env.await_catalog()
        self.call("GET", "/Tier", status=404)

    def test_wrong_ones(self):
        for change in ({"Name": None}, {"Name": ""}, {"Name": "a b"}, {"Name": "x" * 65}, {"Name": "x" * 5000}, {"DataType": 8}, {"DataType": "String"}, {"DataType": None}, {"Enrollment": 2}, {"Options": ""},
                       {"Options": ",".join("x" * 3 for _ in range(257))}, {"DefaultValue": "tin"}, {"Validation": "("}, {"DataType": 1, "Options": None, "Validation": "(a)\\1"},
                       {"AllowAPI": "yes"}, {"Hint": 7}, {"Hint": "x" * 401}, {"DisplayOrder": -1}):
            with self.subTest(change=str(change)[:60]):
                self.assertIn("Message", self.call("POST", "", {**self.NEW, **change}, 400))
        made = self.add()
        for again in ("Tier", "TIER"):
            self.assertIn("already", self.call("POST", "", {**self.NEW, "Name": again}, 412)["Message"])
        self.call("PUT", "", {**self.NEW, "Id": made["Id"], "Name": "Rank"}, 400)
        self.call("PUT", "", {**self.NEW, "Id": 999999}, 404)
        self.call("PUT", "", self.NEW, 404)
        for body in (b"[]", b"{}", b"null", b"", b"[\"x\"]", b"[1.5]", json.dumps(list(range(1, 300))).encode()):
            self.call("DELETE", "", body, 404 if body in (b"[\"x\"]", b"[1.5]") else 400)
        for path in ("/999999", "/Nope", "/Nope/InUse"):
            self.call("DELETE" if "InUse" not in path else "GET", path, status=404)
        self.call("DELETE", f"/{made['Id']}?force=perhaps", status=400)
        self.assertEqual(self.call("GET", "/Tier"), made)

    def test_rights(self):
        made = self.add()
        hidden = env.count("select id from metadata_field where name = 'Tier'")
        for who in (alice, otto, olga):
            for method, path, body in (("POST", "", {**self.NEW, "Name": "Rank"}), ("PUT", "", {**self.NEW, "Id": made["Id"]}), ("DELETE", "", [made["Id"]]), ("DELETE", "/Tier", None)):
                self.call(method, path, body, 403, who)
        self.call("GET", "/Tier/InUse", status=403, who=alice)
        for who in (otto, olga):
            self.assertIs(self.call("GET", "/Tier/InUse", who=who), False)
        for method, path, body in (("POST", "", self.NEW), ("PUT", "", {**self.NEW, "Id": made["Id"]}), ("DELETE", "", [made["Id"]]), ("DELETE", "/Tier", None)):
            self.call(method, path, body, 403, Origin="https://evil.example")
        self.assertEqual(self.call("GET", "/Tier"), made)
        env.admin("metadata", "set", "Tier", "--no-api")  # is not there for them then
        env.await_catalog()
        self.call("PUT", "", {**self.NEW, "Id": hidden}, 404)
        self.call("DELETE", "/Tier", status=404)
        self.call("DELETE", "", [hidden], 404)
        self.call("POST", "", self.NEW, 412)


if __name__ == "__main__":
    tap.main()
