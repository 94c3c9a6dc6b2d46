#!/usr/bin/env python3
"""Background jobs: when they run and who runs them, what stops them and what they must not stop; expiry notices and the
removal of certificates that ended long ago."""

import datetime
import json
import os
import re
import signal
import subprocess
import time
import unittest
import urllib.parse
import urllib.request

import der
import tap
from client import Client
from environment import TOP, Environment, free_port, wait_for
from person import Person
from syslog_server import SyslogServer

collector = SyslogServer()
env = Environment("jobs", GATEHOUSE_CONF_EXTRA=f"""
syslog {{ {collector.options} timeout = 2 }}
""" + """
jobs { syslog = 0 audit_seal = 1 expiry_notices = 0 retention = 0 key_requests = 0 expiry_days = "7 30 1 14" retention_days = 30 }
database { timeout_ms = 3000 }
""")
GOOD = der.csr(der.Key(env.scratch, "ec:P-256"))
LOCK = "1734894446, hashtext('%s')"


def job(name):
    return next(j for j in env.admin("job", "list", "--json") if j["name"] == name)


def add_row():
    env.sql("insert into audit (event, outcome, actor, actor_kind, app, address) "
            "values ('test.row', 'success', 'tester', 3, '', '')")


def unsealed():
    return env.count("select count(*) from audit where id not in (select audit_id from audit_leaf)")


def is_sealed():
    return unsealed() == 0


class Runner(unittest.TestCase):
    def setUp(self):
        env.wait_ready()
        wait_for(is_sealed, "all is sealed")

    @staticmethod
    def await_looks(times):
        """Wait until the gateway has looked for what is due, told by the job that is due each second."""
        for _ in range(times):
            last = job("audit-seal")["started"]
            wait_for(lambda: job("audit-seal")["started"] != last, "another look")

    def test_dashboard_in_a_real_prometheus(self):
        """Each panel shows something, or says what it means that it shows nothing; each rule can be evaluated."""
        self.issue()
        olga = Person(env.var["GATEHOUSE_OFFICER_USER"], env.var["GATEHOUSE_OFFICER_PASSWORD"], env)
        last = env.count("select max(id) from certificate where template = 'User'")
        self.assertEqual(olga.send("PUT", f"/pki/certificate/{last}/status", {"status": "revoked"}).status, 200)
        folder, at = env.scratch / "prometheus", f"127.0.0.1:{free_port()}"
        folder.mkdir()
        (folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(TOP / "conf/prometheus/gatehouse.rules.yml")],
            "scrape_configs": [{"job_name": "gatehouse", "scheme": "https", "tls_config": {"ca_file": env.var["GATEHOUSE_CAFILE"]},
                                "static_configs": [{"targets": [env.var["GATEHOUSE_URL"].removeprefix("https://")]}]}]}))

        def ask(what, **parameters):
            try:
                with urllib.request.urlopen(f"http://{at}/api/v1/{what}?{urllib.parse.urlencode(parameters)}", timeout=20) as reply:
                    return json.load(reply)["data"]
            except OSError:
                return None             # it has just been started, or is slow

        def complete():
            """Those leave panels whose queries, one of them at least, find something."""
            panels[:] = [p for p in panels if not any((ask("query", query=t["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")) or {}).get("result")
                                                      for t in p["targets"])]
            return not panels
        panels = [p for p in json.loads((TOP / "conf/grafana/gatehouse.json").read_text())["panels"]
                  if p["type"] != "row" and "noValue" not in p["fieldConfig"]["defaults"]]
        self.assertGreater(len(panels), 20)
        with open(folder / "log", "wb") as log:
            prometheus = subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                                           f"--web.listen-address={at}"], stdout=log, stderr=log)
        try:
            wait_for(complete, "data in each panel")
            wait_for(lambda: {r["health"] for g in (ask("rules") or {"groups": []})["groups"] for r in g["rules"]} == {"ok"}, "each rule was evaluated")
        finally:
            prometheus.terminate()
            prometheus.wait()
            self.assertEqual([p["title"] for p in panels], [], (folder / "log").read_text()[-2000:])

    def issue(self):
        reply = Client(env).enroll(GOOD)
        self.assertEqual((reply.status, reply.json["RequestDisposition"]), (200, "Issued"))

    def test_by_interval(self):
        add_row()
        wait_for(is_sealed, "the gateway seals by itself")
        # the seal is committed a moment before the job's own row
        wait_for(lambda: (j := job("audit-seal"))["outcome"] == "success" and j["failures"] == 0, "the run is recorded")
        state = job("audit-seal")
        self.assertEqual(state["interval"], 1)
        self.assertIn(" pid ", state["node"])

    def test_on_demand_only(self):
        before = job("retention")["started"]
        self.await_looks(3)
        self.assertEqual(job("retention")["started"], before)

    def test_in_background(self):
        env.sql("update job set finished_at = now() - interval '1 hour', started_at = now() - interval '1 hour' "
                "where name = 'retention'")
        env.admin("job", "run", "retention", "--background")
        wait_for(lambda: env.count("select count(*) from job where name = 'retention' and not wanted and "
                                   "finished_at > now() - interval '1 minute'"), "it ran")
        self.assertEqual(job("retention")["outcome"], "success")

    def test_locked_elsewhere(self):
        """A node that runs a job keeps others from it, and from nothing else; its death frees the job."""
        with env.session("select pg_advisory_lock(" + LOCK % "audit-seal" + ")"):
            add_row()
            self.issue()
            for _ in range(2):
                env.admin("job", "run", "expiry-notices", "--background")
                wait_for(lambda: job("expiry-notices")["wanted"] is False, "another job runs meanwhile")
            self.assertGreater(unsealed(), 0)
            done = env.admin("job", "run", "audit-seal", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"runs at this moment", done.stderr)
        wait_for(is_sealed, "the lock went with its holder")

    def test_a_run_under_way_has_not_failed(self):
        """One that died has: until its next run ends, whoever watches is told so."""
        env.admin("job", "run", "retention")
        env.sql("update job set started_at = clock_timestamp(), failures = failures + 1 where name = 'retention'")
        with env.session("select pg_advisory_lock(" + LOCK % "retention" + ")"):
            self.assertEqual(job("retention")["failures"], 0)
            self.assertEqual(self.gauges()['gatehouse_job_failures{name="retention"}'], 0)
        wait_for(lambda: job("retention")["failures"] == 1, "the lock went with its holder")
        env.admin("job", "run", "retention")
        self.assertEqual(job("retention")["failures"], 0)

    def gauges(self):
        """The gauges of /metrics that come from the database, once they were read anew."""
        begin = time.time()

        def read():
            lines = Client(env).get("/metrics").body.decode().splitlines()
            values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
            return values if float(values.get("gatehouse_state_timestamp_seconds", 0)) > begin else None
        return {k: float(v) for k, v in wait_for(read, "the gauges are read anew").items()}

    def test_gauges(self):
        values = self.gauges()
        # no other one is due before the end of this program
        crl = next(c for c in env.admin("crl", "list", "--json") if c["slug"] == "issuing")
        ends = datetime.datetime.fromisoformat(crl["next_update"].replace("Z", "+00:00")).timestamp()
        self.assertEqual(values['gatehouse_crl_next_update_timestamp_seconds{ca="issuing",kind="complete"}'], ends)
        self.assertEqual(values['gatehouse_job_failures{name="retention"}'], 0)
        made = datetime.datetime.fromisoformat(crl["this_update"].replace("Z", "+00:00")).timestamp()
        self.assertEqual(values['gatehouse_crl_this_update_timestamp_seconds{ca="issuing",kind="complete"}'], made)
        self.assertEqual(values['gatehouse_ca_key_usable{ca="issuing"}'], 1)
        self.assertLess(values['gatehouse_ocsp_signer_not_before_timestamp_seconds{ca="issuing"}'], time.time())
        self.assertGreater(values['gatehouse_ca_not_after_timestamp_seconds{ca="root"}'], time.time() + 86400)
        self.assertGreater(values['gatehouse_ocsp_signer_not_after_timestamp_seconds{ca="issuing"}'], time.time())
        text = Client(env).get("/metrics").body
        # what the alerts and the dashboard ask for; this house has no KRA and no list of endpoints, and nobody has verified its trail
        shown = set(re.findall(r"^# TYPE (gatehouse_\w+)", text.decode(), re.M))
        asked = "".join((TOP / "conf" / f).read_text() for f in ("prometheus/gatehouse.rules.yml", "grafana/gatehouse.json"))
        asked = {re.sub("_(bucket|sum|count)$", "", n) for n in re.findall(r"\bgatehouse_[a-z_]+", asked)}
        self.assertEqual(asked - shown, {"gatehouse_kra_transport_not_after_timestamp_seconds", "gatehouse_endpoints",
                                         "gatehouse_audit_findings"})
        done = subprocess.run(["promtool", "check", "metrics"], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        self.assertEqual((done.returncode, done.stdout), (0, b""))

    def status(self, *args, state=None):
        """What `gatehouse status` prints; state: its exit code."""
        done = env.admin("status", *args, check=False)
        self.assertEqual(done.returncode, state, done)
        self.assertEqual(done.stderr, b"")
        return json.loads(done.stdout) if "--json" in args else done.stdout.decode()

    def test_status(self):
        """All parts on one screen."""
        wait_for(lambda: all(j["failures"] == 0 and j["finished"] for j in env.admin("job", "list", "--json") if j["interval"]),
                 "each job has run")
        found = self.status("--json", state=0)
        self.assertEqual({f["state"] for f in found["findings"]}, {"ok"})
        self.assertEqual({f["code"].split("-")[0] for f in found["findings"]} - {"catalog", "notify"},
                         {"database", "signer", "gateway", "workers", "ca", "crl", "ocsp", "audit", "syslog", "requests", "certificates",
                          "node", "job", "server", "kra", "directory"})
        crl = next(c for c in env.admin("crl", "list", "--json") if c["slug"] == "issuing")
        made = datetime.datetime.fromisoformat(crl["this_update"].replace("Z", "+00:00")).timestamp()
        self.assertLess(abs(time.time() - made - found["values"]["crl_age_issuing_complete"]), 60)
        self.assertGreater(found["values"]["ocsp_signer_left_issuing"], 86400)
        self.assertEqual(found["values"]["workers"], len(env.workers()))
        screen = self.status(state=0).splitlines()
        self.assertTrue(screen[0].startswith("GATEHOUSE OK - "), screen)
        self.assertLess(len(screen), 40)
        self.assertRegex(self.status("--check", state=0), r"\AGATEHOUSE OK - .* \|( '[a-z0-9_]+'=\d+s?;[0-9:]*;[0-9:]*)+\n\Z")

    def test_status_of_what_is_wrong(self):
        """A CA whose CRL has ended, a node that is away, and one that was taken away; a certificate that ends."""
        env.without_triggers("""update crl set next_update = now() - interval '1 minute' where ca_id = (select id from ca where slug = 'root');
            insert into job (name, started_at, finished_at) values
              ('server-certificate@away', now() - interval '1 day', now() - interval '1 day'),
              ('server-certificate@gone', now() - interval '9 days', now() - interval '9 days')""")
        try:
            with env.session("select pg_advisory_lock(" + LOCK % "crl" + ")"):  # or the job mends it meanwhile
                found = self.status("--json", state=2)
                text = self.status("--check", state=2)
            wrong = [(f["code"], f["state"], f["what"]) for f in found["findings"] if f["state"] != "ok"]
            self.assertEqual([w[:2] for w in wrong], [("crl", "error"), ("node", "warning")], wrong)
            self.assertRegex(wrong[0][2], "the complete CRL of root ended [0-9]+ (seconds|minutes) ago")
            self.assertIn("away was last seen 24 hours ago", wrong[1][2])
            self.assertIn("\nCRITICAL crl: ", text)
            self.assertIn("\nWARNING node: away", text)
            self.assertNotIn("gone", text)
        finally:
            env.without_triggers("delete from job where name in ('server-certificate@away', 'server-certificate@gone');"
                                 "update crl set next_update = now() + interval '1 day' where ca_id = (select id from ca where slug = 'root')")
        self.assertEqual(env.command("status", "-c", "/nowhere", check=False).returncode, 3)
        for args in (["--check", "--json"], ["--timeout", "0"], ["--nonsense"]):
            self.assertEqual(env.admin("status", *args, check=False).returncode, 3, args)

    def test_status_of_jobs(self):
        """One that is at work has not failed; those that have never run are one line."""
        def told():
            return [f["what"] for f in json.loads(env.admin("status", "--json", check=False).stdout)["findings"] if f["code"] == "job" and f["state"] != "ok"]
        with env.session("select " + ", ".join("pg_advisory_lock(%s)" % (LOCK % name) for name in ("crl", "ocsp-signer"))):
            try:
                env.without_triggers("update job set started_at = clock_timestamp(), failures = 1 where name = 'crl'")
                self.assertEqual(told(), [])
                env.without_triggers("update job set failures = 2 where name = 'crl'")
                self.assertEqual(told(), ["the last run of crl failed"])
                env.without_triggers("delete from job where name in ('crl', 'ocsp-signer')")
                self.assertEqual(told(), ["never run: crl, ocsp-signer"])
            finally:
                env.without_triggers("update job set finished_at = clock_timestamp(), failures = 0 where name = 'crl'")
        wait_for(lambda: told() == [], "both have run")

    def test_failing_job(self):
        env.without_triggers("create function broken() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;"
                  "create trigger broken before insert on audit_seal execute function broken()")
        try:
            add_row()
            wait_for(lambda: job("audit-seal")["failures"] >= 2, "it is tried again")
            self.assertEqual(job("audit-seal")["outcome"], "failure")
            values = self.gauges()
            self.assertGreaterEqual(values['gatehouse_job_failures{name="audit-seal"}'], 2)
            self.assertGreater(values["gatehouse_audit_unsealed_age_seconds"], 0)
            self.issue()
            env.admin("job", "run", "expiry-notices", "--background")
            wait_for(lambda: job("expiry-notices")["wanted"] is False, "another job runs meanwhile")
            self.assertEqual(env.admin("job", "run", "audit-seal", check=False).returncode, 1)
        finally:
            env.without_triggers("drop trigger broken on audit_seal; drop function broken()")
        wait_for(is_sealed, "it works again")
        # the seal is committed a moment before the job's own row
        wait_for(lambda: job("audit-seal")["failures"] == 0, "the run is recorded")

    def test_once_in_all_workers_of_two_nodes(self):
        env.second_node()
        try:
            env.sql("create table runs (at timestamptz default clock_timestamp())")
            env.sql("create function count_run() returns trigger language plpgsql as "
                    "$$ begin insert into runs default values; return null; end $$")
            env.sql("create trigger count_run after update of started_at on job for each row "
                    "when (new.name = 'retention') execute function count_run()")
            for _ in range(6):
                env.admin("job", "run", "retention", "--background")
                wait_for(lambda: job("retention")["wanted"] is False, "it ran")
            self.await_looks(4)
            self.assertEqual(env.count("select count(*) from runs"), 6)
        finally:
            env.sql("drop table runs; drop function count_run cascade")
            env.gateway("halt2")

    def test_stop_while_a_job_hangs(self):
        with env.session("begin; lock table audit_leaf in access exclusive mode"):
            add_row()
            wait_for(lambda: env.count("select count(*) from pg_locks where not granted"), "the job waits")
            env.gateway("halt")                  # fails where it has to be killed
        env.gateway("run")
        wait_for(is_sealed, "the next one goes on")

    def test_killed_worker(self):
        with env.session("begin; lock table audit_leaf in access exclusive mode"):
            add_row()
            wait_for(lambda: env.count("select count(*) from pg_locks where not granted"), "the job waits")
            # a slow job holds up no request
            self.issue()
            pid = int(env.sql("select split_part(node, ' pid ', 2) from job where name = 'audit-seal'")[0][0])
            self.assertIn(pid, [p for p, _ in env.processes("kore")])
            os.kill(pid, signal.SIGKILL)
        wait_for(is_sealed, "another worker goes on")
        self.assertEqual(env.admin("audit", "verify", check=False).returncode, 0)

    def test_database_away(self):
        before = env.log().count("background jobs wait")
        env.postgres("kill")
        wait_for(lambda: env.log().count("background jobs wait") > before, "the jobs have noticed")
        env.postgres("start")
        env.wait_ready()
        add_row()
        wait_for(is_sealed, "it goes on")

    def test_command(self):
        names = [j["name"] for j in env.admin("job", "list", "--json")]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual({"audit-seal", "expiry-notices", "retention"}, set(names))
        self.assertIn("audit-seal", env.admin("job", "list"))
        self.assertEqual(env.admin("job", "run", "nothing", check=False).returncode, 2)
        answer = env.admin("job", "run", "retention", "--json")
        self.assertEqual((answer["name"], answer["outcome"]), ("retention", "success"))


class Syslog(unittest.TestCase):
    """The audit trail at rsyslog, over TLS. The job is run on demand only, here and by the gateway."""
    def setUp(self):
        env.wait_ready()

    @staticmethod
    def run_job(*options, check=True):
        return env.admin("job", "run", "syslog", *options, check=check)

    def add(self, detail="", n=1):
        """Rows that are sealed; their ids."""
        rows = env.sql(f"insert into audit (event, outcome, actor, actor_kind, app, address, detail) select 'test.row', 'failure', "
                       f"'tester', 3, '', '', $${detail}$$ from generate_series(1, {n}) returning id")
        wait_for(is_sealed, "all is sealed")
        return [int(r[0]) for r in rows]

    def await_rows(self, ids):
        wait_for(lambda: set(ids) <= {m["id"] for m in collector.messages()}, "the collector has them")

    def test_1_from_the_first_run_on(self):
        """By the gateway itself, in its sandbox; rows from before stay."""
        old = self.add()
        with collector:
            self.run_job()
            new = self.add('a "quoted] text\\ \n<109>1 \u00fc', 3)
            self.run_job("--background")
            self.await_rows(new)
            found = [m for m in collector.messages() if m["id"] in new]
        self.assertFalse({m["id"] for m in collector.messages()} & set(old))
        self.assertEqual([m["id"] for m in found], new)
        for m in found:
            self.assertEqual((m["pri"], m["app"], m["msgid"], m["detail"]),
                             (108, "gatehouse", "test.row", 'a "quoted] text\\ ?<109>1 \u00fc'))
            row = env.sql(f"select seal_id, position from audit_leaf where audit_id = {m['id']}")[0]
            self.assertEqual([m["seal"], m["position"]], row)
        # as rsyslog has read it, not only as it came
        self.assertIn("test.row|gatehouse|[gatehouse@32473 id=", collector.parsed())
        wait_for(lambda: job("syslog")["outcome"] == "success", "the run is recorded")

    def test_2_collector_away(self):
        """Nothing is lost while it is away or hangs, in the order of the trail, also more than one page."""
        ids = self.add(n=1203)
        failed = self.run_job(check=False)
        self.assertEqual(failed.returncode, 1)
        self.assertIn(b"cannot connect", failed.stderr)
        self.assertIn("would send", self.run_job("--dry-run"))
        env.without_triggers("update audit_seal set sealed_at = sealed_at - interval '1 hour'")
        try:
            found = env.admin("status", "--json", check=False)
        finally:
            env.without_triggers("update audit_seal set sealed_at = sealed_at + interval '1 hour'")
        self.assertEqual(found.returncode, 1, found)
        self.assertIn(("syslog", "warning"), [(f["code"], f["state"]) for f in json.loads(found.stdout)["findings"]])
        with collector.silent():
            self.assertIn(b"no answer in time", self.run_job(check=False).stderr)
        more = self.add()
        with collector:
            self.run_job()
            self.await_rows(ids + more)
            seen = [m["id"] for m in collector.messages() if m["id"] in {*ids, *more}]
            self.assertEqual(seen, ids + more)
            self.assertNotIn("would send", self.run_job("--dry-run"))
            self.assertEqual(env.admin("status", "--json")["values"]["syslog_oldest"], 0)

    def test_3_killed_in_between(self):
        """A collector that dies has confirmed nothing: rows may come twice, none is missing."""
        ids = self.add(n=50)
        with collector.dying():
            failed = self.run_job(check=False)
            self.assertEqual(failed.returncode, 1, failed)
        with collector:
            self.run_job()
            self.await_rows(ids)

    def test_4_only_to_the_right_one(self):
        """Another name, another CA, no TLS at all, and a collector that asks for a certificate."""
        ids = self.add()
        for changed, why in (({"name": "other.test"}, b"hostname mismatch"), ({"is_trusted": False}, b"self-signed|unable to get"),
                             ({"tls": False}, b"TLS: |end of the stream|sending|not known")):
            with self.subTest(**changed), collector.like(**changed):
                failed = self.run_job(check=False)
                self.assertEqual(failed.returncode, 1, failed)
                self.assertRegex(failed.stderr, why)
        self.assertFalse(set(ids) & {m["id"] for m in collector.messages()})
        with collector.like(asks=True):
            own = env.scratch / "with-certificate.conf"
            for certificate, code in ((collector.other, 1), (collector.client, 0)):
                own.write_text((env.dir / "state" / "gatehouse.conf").read_text() +
                               f'\nsyslog {{ certificate = "{certificate}" key = "{certificate}" }}\n')
                done = env.command("job", "run", "syslog", "-c", own, check=False)
                self.assertEqual(done.returncode, code, done)
            self.await_rows(ids)

    def test_5_configuration(self):
        own = env.scratch / "wrong.conf"
        for options, why in (('host = "a b"', b"syslog.host"), ('host = "a:6514/"', b"syslog.host"), ('key = "/k"', b"need each other"),
                             ('sd_id = "gatehouse"', b"syslog.sd_id"), ('facility = 24', b"facility")):
            own.write_text((env.dir / "state" / "gatehouse.conf").read_text() + f"\nsyslog {{ {options} }}\n")
            done = env.command("job", "list", "-c", own, check=False)
            self.assertEqual(done.returncode, 2, done)
            self.assertIn(why, done.stderr)

    def test_6_receipt(self):
        """Only an end inside of TLS, behind ours, says that all was read; and all of it within the time."""
        with collector:
            self.run_job()
        ids = self.add(n=5)
        for what, why in ((collector.without_close_notify(), b"not known whether all was read: "),
                          (collector.with_more_behind(), b"bytes behind the end"),
                          (collector.ending_first(), b"ended the stream before us"),
                          (collector.dripping(60), b"no answer in time")):
            begun = time.monotonic()
            with self.subTest(why), what:
                failed = self.run_job(check=False)
                self.assertLess(time.monotonic() - begun, 30)   # syslog.timeout is 2; of a busy machine
                self.assertEqual(failed.returncode, 1, failed)
                self.assertIn(why, failed.stderr)
        with collector:
            self.run_job()
            self.await_rows(ids)

    def test_7_not_as_sealed(self):
        """What somebody changed behind the seal does not go out as if it were right, nor does it go out unseen."""
        with collector:
            self.run_job()
            ids = self.add(n=6)
            seal, first = env.sql(f"select seal_id, position from audit_leaf where audit_id = {ids[0]}")[0]
            seal, first = int(seal), int(first)
            rows = int(env.sql(f"select rows from audit_seal where id = {seal}")[0][0])
            self.assertEqual(env.count(f"select count(*) from audit_leaf where seal_id = {seal} and audit_id between {ids[0]} and {ids[5]}"), 6)
            gone = f"select audit_id from audit_leaf where seal_id = {seal} and (position = {first + 2} or position >= {first + 5})"
            env.without_triggers(f"update audit set outcome = 'success', actor = 'nobody' where id = {ids[0]};"
                                 f"delete from audit where id = {ids[1]} or id in ({gone});"
                                 f"delete from audit_leaf where audit_id in ({gone});")
            self.assertRegex(self.run_job(), "4 of them are not as they were sealed")
            self.add()
            self.run_job()
            wait_for(lambda: any(int(m["seal"]) > seal for m in collector.messages()), "the next seal")
        found = [m for m in collector.messages() if int(m["seal"]) == seal and int(m["position"]) >= first]
        self.assertEqual([(m["msgid"], m["outcome"], m["id"], int(m["position"]) - first) for m in found],
                         [("audit.row-changed", "failure", ids[0], 0), ("audit.row-missing", "failure", ids[1], 1),
                          ("audit.leaf-missing", "failure", 0, 2), ("test.row", "failure", ids[3], 3), ("test.row", "failure", ids[4], 4),
                          ("audit.leaf-missing", "failure", 0, 5)])
        self.assertEqual({int(m["rows"]) for m in found}, {rows})
        self.assertNotIn("nobody", [m.get("actor") for m in found])
        self.assertEqual(found[-1]["detail"], f"positions {first + 5} to {rows - 1} were sealed, and are gone")

    def test_8_seals_and_cursor(self):
        """A seal that is gone, a cursor that is gone, and one that points behind the trail."""
        with collector:
            self.run_job()
            seals = []
            for _ in range(2):
                ids = self.add()
                seals.append(int(env.sql(f"select seal_id from audit_leaf where audit_id = {ids[0]}")[0][0]))
            env.without_triggers(f"delete from audit where id in (select audit_id from audit_leaf where seal_id = {seals[0]});"
                                 f"delete from audit_leaf where seal_id = {seals[0]}; delete from audit_seal where id = {seals[0]}")
            self.run_job()
            self.await_rows(ids)
            self.assertIn(("audit.seal-missing", seals[0]), [(m["msgid"], int(m["seal"])) for m in collector.messages()])
            # made anew, it tells
            begun = "select count(*) from audit where event = 'syslog.begun'"
            n = env.count(begun)
            env.sql("delete from syslog_cursor")
            self.run_job("--dry-run")
            self.assertEqual(env.count(begun), n)
            self.run_job()
            self.assertEqual(env.count(begun), n + 1)
            wait_for(is_sealed, "all is sealed")
            self.run_job()
            self.await_rows([int(env.sql("select max(id) from audit where event = 'syslog.begun'")[0][0])])
            # behind the trail
            self.add()
            env.sql("update syslog_cursor set seal_id = seal_id + 1000")
            failed = self.run_job(check=False)
            env.sql("update syslog_cursor set seal_id = seal_id - 1000")
            self.assertEqual(failed.returncode, 1, failed)
            self.assertIn(b"was sent, and is gone", failed.stderr)
            self.run_job()


class Ageing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        env.wait_ready()
        reply = Client(env).enroll(GOOD)
        cls.base = reply.json["CMSID"]
        cls.request = reply.json["CMSRequestId"]

    def tearDown(self):
        env.without_triggers(f"delete from expiry_notice; delete from revocation; delete from certificate where id > {self.base};")

    def certificate(self, ends, lifetime="300 days", status=20, request=None):
        """A row like a real one that ends in so long, and began `lifetime` before that; its id."""
        return env.count(
            "insert into certificate (ca_id, serial, request_id, subject, sans, requester, status, not_before, not_after, "
            "sha1, sha256, spki_sha256, der) select ca_id, decode(md5(random()::text), 'hex'), "
            f"{request if request is not None else 'request_id'}, subject, sans, requester, {status}, "
            f"now() + interval '{ends}' - interval '{lifetime}', now() + interval '{ends}', sha1, sha256, spki_sha256, "
            f"der from certificate where id = {self.base} returning id")

    def notices(self):
        return [(int(a), int(b)) for a, b in
                env.sql("select certificate_id, days from expiry_notice order by id")]

    def test_one_notice_for_each_number_of_days(self):
        far, near = self.certificate("30 days 1 hour"), self.certificate("29 days 23 hours")
        week, day, ended = self.certificate("6 days"), self.certificate("2 hours"), self.certificate("-1 hour")
        revoked = self.certificate("5 days", status=21)
        env.admin("job", "run", "expiry-notices")
        self.assertEqual(sorted(self.notices()), sorted([(near, 30), (week, 7), (day, 1)]))
        env.admin("job", "run", "expiry-notices")
        self.assertEqual(len(self.notices()), 3)
        env.without_triggers(f"update certificate set not_after = now() + interval '13 days' where id = {near}")
        env.admin("job", "run", "expiry-notices")
        self.assertIn((near, 14), self.notices())
        self.assertEqual(len(self.notices()), 4)
        for none in (far, ended, revoked):
            self.assertNotIn(none, [i for i, _ in self.notices()])

    def test_short_lives_get_no_notice_at_birth(self):
        short = self.certificate("9 days", lifetime="10 days")
        env.admin("job", "run", "expiry-notices")
        self.assertEqual(self.notices(), [])
        env.without_triggers(f"update certificate set not_after = not_after - interval '3 days', "
                  f"not_before = not_before - interval '3 days' where id = {short}")
        env.admin("job", "run", "expiry-notices")
        self.assertEqual(self.notices(), [(short, 7)])

    def test_more_than_a_page(self):
        env.sql("insert into certificate (ca_id, serial, request_id, subject, sans, requester, status, not_before, "
                "not_after, sha1, sha256, spki_sha256, der) select ca_id, decode(md5(g::text), 'hex'), request_id, "
                "subject, sans, requester, 20, now() - interval '1 year', date_trunc('day', now()) + interval '3 days', "
                f"sha1, sha256, spki_sha256, der from certificate, generate_series(1, 4500) g where id = {self.base}")
        answer = env.admin("job", "run", "expiry-notices", "--json")
        self.assertIn("4500 new notices", answer["detail"])
        self.assertEqual(env.count("select count(*) from expiry_notice where days = 7"), 4500)

    def test_retention(self):
        kept = self.certificate("-29 days")
        old = [self.certificate("-31 days") for _ in range(3)]
        env.sql("select nextval('certificate_id_seq')")
        old.append(self.certificate("-40 days", status=21, request=self.request))
        env.sql(f"insert into revocation (certificate_id, ca_id, serial, revoked_at, reason, not_after, revoked_by) "
                f"select id, ca_id, serial, now(), 1, not_after, 'olga' from certificate where id in ({old[3]}, {kept})")
        env.sql(f"insert into expiry_notice (certificate_id, days) values ({old[0]}, 7), ({kept}, 7)")
        env.sql(f"insert into metadata_change (certificate_id, actor, actor_kind, field) values ({old[1]}, 'olga', 1, 'Stage'), ({kept}, 'olga', 1, 'Stage')")
        requests = env.count("select count(*) from request")
        start = env.count("select max(id) from audit")
        answer = env.admin("job", "run", "retention", "--json")
        self.assertEqual(answer["detail"], "4 certificates removed")
        self.assertEqual(env.sql("select certificate_id from metadata_change"), [[str(kept)]])
        self.assertEqual(env.sql(f"select id from certificate where id > {self.base}"), [[str(kept)]])
        self.assertEqual(env.sql("select certificate_id from revocation"), [[str(kept)]])
        self.assertEqual(self.notices(), [(kept, 7)])
        self.assertEqual(env.count("select count(*) from request"), requests)
        rows = [json.loads(line) for line in env.admin("audit", "export", "--from", start + 1).splitlines()]
        rows = [r for r in rows if r["event"] == "cert.removed"]
        self.assertEqual(len(rows), 1)
        self.assertEqual(rows[0]["object"], f"certificates {old[0]}-{old[2]},{old[3]}")
        self.assertIn("4 certificates that ended from", rows[0]["detail"])
        env.admin("job", "run", "retention")
        self.assertEqual(env.count(f"select count(*) from audit where event = 'cert.removed' and id > {start}"), 1)

    def test_key_requests(self):
        env.sql("insert into archived_key (uuid, kind, algorithm, bits, owner, owner_name, owner_dn, owner_id, owner_kind, "
                "client_id, policy, stored, storage_key, created_by) values ('0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0', 2, "
                "'AES', 256, 'o', 'o', '', '', 1, '', '', '', 'k', 'o')")
        states = [("pending", "-1 second"), ("approved", "-1 hour"), ("pending", "1 hour"), ("rejected", "-1 hour"),
                  ("complete", "-1 hour")]
        for state, expires in states:
            env.sql("insert into key_request (type, state, key_id, requester, requester_dn, requester_id, requester_kind, "
                    "required, requester_counts, is_signed, approvals, mark, expires_at) select 'recovery', "
                    f"'{state}', id, 'o', '', '', 1, 2, false, false, 0, sha256(random()::text::bytea), "
                    f"now() + interval '{expires}' from archived_key")
        self.assertIn("would end 2 requests", env.admin("job", "run", "key-requests", "--dry-run"))
        answer = env.admin("job", "run", "key-requests", "--json")
        self.assertEqual(answer["detail"], "2 requests for keys have expired, 0 keys are kept no more")
        self.assertEqual(env.sql("select state from key_request order by id"),
                         [["expired"], ["expired"], ["pending"], ["rejected"], ["complete"]])
        self.assertEqual(env.count("select count(*) from audit where event = 'key.recovery-expired'"), 2)
        answer = env.admin("job", "run", "key-requests", "--json")
        self.assertEqual(answer["detail"], "0 requests for keys have expired, 0 keys are kept no more")

    def test_retention_in_pages(self):
        start = env.count("select max(id) from audit")
        env.sql("insert into certificate (ca_id, serial, request_id, subject, sans, requester, status, not_before, "
                "not_after, sha1, sha256, spki_sha256, der) select ca_id, decode(md5(g::text), 'hex'), request_id, "
                "subject, sans, requester, 20, now() - interval '2 years', now() - interval '1 year', sha1, sha256, "
                f"spki_sha256, der from certificate, generate_series(1, 2500) g where id = {self.base}")
        answer = env.admin("job", "run", "retention", "--json")
        self.assertEqual(answer["detail"], "2500 certificates removed")
        self.assertEqual(env.sql("select left(detail, 5) from audit where event = 'cert.removed' and "
                                 f"id > {start} order by id"), [["1000 "], ["1000 "], ["500 c"]])

    def test_request_whose_certificate_is_gone(self):
        reply = Client(env).enroll(GOOD)
        env.without_triggers(f"update certificate set not_after = now() - interval '31 days' where id = {reply.json['CMSID']}")
        env.admin("job", "run", "retention")
        gone = Client(env).call(f"/CMSApi/CertEnroll/3/Requests/{reply.json['CMSRequestId']}", b"", "GET")
        self.assertEqual(gone.status, 404)
        self.assertIn(b"removed", gone.body)
        self.assertEqual(env.admin("request", "show", reply.json["CMSRequestId"], "--json")["state"], "issued")

    def test_nothing_is_removed_without_its_audit_row(self):
        old = self.certificate("-31 days")
        env.without_triggers("revoke insert on audit from gatehouse")
        try:
            self.assertEqual(env.admin("job", "run", "retention", check=False).returncode, 1)
        finally:
            env.without_triggers("grant insert on audit to gatehouse")
        self.assertEqual(env.count(f"select count(*) from certificate where id = {old}"), 1)


if __name__ == "__main__":
    tap.main()
