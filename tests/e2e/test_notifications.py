#!/usr/bin/python3
"""Who is to be told of what: rows that are written in the transaction of each step, whatever stands in other rows, and none
beside a step that was not taken."""

import json
import os
import re
import signal
import subprocess
import unittest

import der
import tap
from client import Client
from environment import BUILD, TOP, Environment, read_shell_variables, wait_for

env = Environment("notifications", GATEHOUSE_CONF_EXTRA="""
jobs { crl = 0 ocsp_signer = 0 server_certificate = 0 expiry_notices = 0 ca_notices = 0 audit_seal = 0 key_requests = 0
       notifications = 0 retention = 0 notify = 0 expiry_days = "30 7 1" ca_expiry_days = "90 30 1" }
database { timeout_ms = 5000 }
directory { connect_ms = 3000 operation_ms = 3000 }
limits { failures = 10000 }
roles { officer_groups = "pki-users" admin_groups = "ring-a" agent_groups = "externals;ring-b" }
notify { smtp_url = "smtp://127.0.0.1:9" smtp_tls = "none" from = "pki@example.test" url = "https://pki.example.test"
         owner_field = "Owner" address_per_day = 3 retry_first = 3600 retry_max = 3600 }
""")
KEY = der.Key(env.scratch, "ec:P-256")


def web_csr(host):
    return der.csr(KEY, subject=[("CN", host)], extensions=[der.extension("subjectAltName", der.san(dns=[host]))])


class Case(unittest.TestCase):
    def setUp(self):
        env.wait_ready()
        self.alice = Client(env)
        self.last = env.count("select coalesce(max(id), 0) from notification")

    def told(self):
        """(event, audience, recipient) of the rows since the last look."""
        rows = env.sql(f"select event, audience, recipient, id from notification where id > {self.last} order by id")
        self.last = int(rows[-1][3]) if rows else self.last
        return [tuple(r[:3]) for r in rows]

    def facts(self, event):
        return json.loads(env.sql(f"select facts from notification where event = '{event}' order by id desc limit 1")[0][0])

    def issued(self):
        reply = self.alice.enroll(der.csr(KEY))
        self.assertEqual((reply.status, reply.json["RequestDisposition"]), (200, "Issued"), reply.body)
        return reply.json["CMSID"], reply.json["CMSRequestId"]

    def pending(self, host="shop.example.test"):
        reply = self.alice.enroll(web_csr(host), template="WebServer")
        self.assertEqual((reply.status, reply.json["RequestDisposition"]), (200, "Pending"), reply.body)
        return reply.json["CMSRequestId"]

    def decide(self, verb, number):
        return env.admin("request", verb, number, "--comment", "looked at", check=False)

    def requester(self, number):
        return env.sql(f"select requester from request where id = {number}")[0][0]


class Requests(Case):
    def test_what_is_issued_at_once_is_not_told(self):
        self.issued()
        self.assertEqual(self.told(), [])

    def test_pending_is_for_officers(self):
        number = self.pending()
        self.assertEqual(self.told(), [("enroll.pending", "officers", "")])
        facts = self.facts("enroll.pending")
        self.assertEqual((facts["request"], facts["template"], facts["requester"]),
                         (number, "WebServer", self.requester(number)))
        self.assertEqual(env.sql("select object, state from notification order by id desc limit 1"),
                         [[f"request {number}", "waiting"]])

    def test_end_is_for_the_requester(self):
        for verb, event, code in (("approve", "request.approved", 20), ("deny", "request.denied", 31)):
            with self.subTest(verb=verb):
                number = self.pending(f"{verb}.example.test")
                self.told()
                self.assertEqual(self.decide(verb, number).returncode, 0)
                self.assertEqual(self.told(), [(event, "requester", self.requester(number))])
                facts = self.facts(event)
                self.assertEqual(facts["request"], number)
                self.assertEqual("serial" in facts, code == 20)
                self.assertEqual(env.sql("select n.recipient_id = r.requester_id, n.recipient_kind from notification n, "
                                         f"request r where r.id = {number} order by n.id desc limit 1"), [["t", "1"]])

    def test_canceled_and_expired(self):
        for code, event in ((32, "request.canceled"), (33, "request.expired"), (30, "enroll.failed")):
            with self.subTest(code=code):
                number = self.pending(f"end{code}.example.test")
                self.told()
                env.sql(f"update request set disposition = {code}, resolved_at = now() where id = {number}")
                self.assertEqual(self.told(), [(event, "requester", self.requester(number))])
                # it has ended: nothing is told again
                env.sql(f"update request set disposition = disposition, message = 'x' where id = {number}")
                self.assertEqual(self.told(), [])

    def test_no_row_beside_a_step_that_was_not_taken(self):
        number = self.pending("twice.example.test")
        self.told()
        both = [subprocess.Popen([BUILD / "gatehouse", "request", "approve", str(number), "-c", env.var["GATEHOUSE_CONF"]],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL) for _ in range(4)]
        self.assertEqual(sorted(p.wait() for p in both).count(0), 1)
        self.assertEqual([e for e, *_ in self.told()], ["request.approved"])
        number = self.pending("rolled.example.test")
        self.told()
        env.sql(f"begin; update request set disposition = 31 where id = {number}; rollback")
        self.assertEqual(self.told(), [])

    def test_killed_between_step_and_row(self):
        """Whoever dies between the two has done neither."""
        env.sql("CREATE FUNCTION test_wait() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN NEW; END $$; "
                "CREATE TRIGGER test_wait BEFORE INSERT ON notification FOR EACH ROW EXECUTE FUNCTION test_wait()")
        self.addCleanup(env.sql, "DROP TRIGGER test_wait ON notification; DROP FUNCTION test_wait")
        number = self.pending("killed.example.test")
        self.told()
        with env.session("begin; select pg_advisory_xact_lock(77)"):
            officer = subprocess.Popen([BUILD / "gatehouse", "request", "deny", str(number), "-c", env.var["GATEHOUSE_CONF"]],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
            wait_for(lambda: env.count("select count(*) from pg_locks where locktype = 'advisory' and not granted"), "it waits")
            self.assertEqual(env.count(f"select disposition from request where id = {number}"), 9)
            os.kill(officer.pid, signal.SIGKILL)
            officer.wait()
            env.psql("select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and "
                     "usename = 'gatehouse'", "postgres")
        self.assertEqual(self.told(), [])
        self.assertEqual(env.count(f"select disposition from request where id = {number}"), 9)
        self.assertEqual(self.decide("deny", number).returncode, 0)
        self.assertEqual([e for e, *_ in self.told()], ["request.denied"])


class Addresses(Case):
    """Of those who gave one with the request; no door of the tests here asks for it, so rows are copied."""

    def copy(self, disposition, email="null", more="null"):
        columns = ("protocol, app_id, app_name, requester, requester_dn, requester_kind, address, template, template_id, csr, "
                   "csr_spki_sha256, cert_only, status_code, message, submitted_at, certificate_id")
        return env.count(f"insert into request ({columns}, disposition, email, tells, language) select {columns}, {disposition}, "
                         f"{email}, {more}, 'de' from request where id = {self.number} returning id")

    def setUp(self):
        super().setUp()
        self.number = self.issued()[1]

    def test_pending_and_its_end(self):
        number = self.copy(9, "'web@example.test'")
        self.assertEqual(self.told(), [("enroll.pending", "officers", ""), ("enroll.pending", "address", "web@example.test")])
        self.assertEqual(env.sql("select language from notification order by id desc limit 2"), [["de"], [""]])
        env.sql(f"update request set disposition = 31 where id = {number}")
        self.assertEqual(self.told(), [("request.denied", "requester", self.requester(number)),
                                       ("request.denied", "address", "web@example.test")])

    def test_issued_at_once(self):
        self.copy(20)
        self.assertEqual(self.told(), [])
        self.copy(20, "'web@example.test'")
        self.assertEqual(self.told(), [("enroll.issued", "address", "web@example.test")])
        self.assertIn("serial", self.facts("enroll.issued"))

    def test_what_is_no_address_keeps_nobody_from_a_certificate(self):
        for address in ("''", f"'{'x' * 5000}@example.test'"):
            self.copy(20, address)
            self.assertEqual(self.told(), [])

    def test_conditions_are_all_that_an_enrollment_pays(self):
        """What is issued without address starts no function: the database counts its calls."""
        triggers = env.sql("explain (analyze, format json) insert into request select nextval('request_id_seq'), protocol, null, "
                           "app_id, app_name, requester, requester_dn, requester_kind, address, template, template_id, csr, "
                           "csr_spki_sha256, cert_only, 20, status_code, message, submitted_at from request where id = "
                           f"{self.number}")
        plan = json.loads("\n".join(r[0] for r in triggers))
        self.assertEqual(plan[0]["Triggers"], [])


class Templates(Case):
    """Groups that a template names. Rows are changed past Gatehouse where it would refuse them."""

    def notify(self, value):
        env.without_triggers("update template set body = body || jsonb_build_object('notify', "
                             f"'{json.dumps(value)}'::jsonb) where name = 'WebServer' and active")
        self.addCleanup(env.without_triggers, "update template set body = body - 'notify' where name = 'WebServer'")

    def groups(self):
        return [(e, r) for e, audience, r in self.told() if audience == "group"]

    def step(self):
        env.sql("insert into request select nextval('request_id_seq') id, protocol, null, app_id, app_name, requester, requester_dn, "
                "requester_kind, address, template, template_id, csr, csr_spki_sha256, cert_only, 9, status_code, message, "
                f"submitted_at from request where id = {self.number}")

    def test_groups(self):
        self.number = self.pending()
        self.told()
        self.notify({"groups": ["web-admins", "cn=all,dc=x"], "events": ["enroll.pending", "cert.revoked"]})
        self.step()
        self.assertEqual(sorted(self.groups()), [("enroll.pending", "cn=all,dc=x"), ("enroll.pending", "web-admins")])
        self.notify({"groups": ["web-admins"]})
        self.step()
        self.assertEqual(self.groups(), [])

    def test_groups_hear_of_what_is_issued_at_once(self):
        """By a template as it is imported, through the whole way."""
        own = json.loads((TOP / "conf/templates/User.json").read_text())
        for notify, told in (({"groups": ["staff"], "events": ["enroll.issued"]}, [("enroll.issued", "group", "staff")]),
                             ({"groups": ["staff"]}, [])):
            with self.subTest(notify=notify):
                file = env.scratch / "told.json"
                file.write_text(json.dumps({**own, "notify": notify}))
                env.admin("template", "import", file)
                env.await_catalog()
                self.issued()
                self.assertEqual(self.told(), told)
        file.write_text(json.dumps(own))
        env.admin("template", "import", file)
        env.await_catalog()

    def test_what_makes_no_sense_keeps_nobody_from_a_certificate(self):
        self.number = self.pending()
        self.told()
        for value in (None, 7, "x", [], {"groups": 7, "events": 7}, {"groups": {"a": "b"}, "events": ["enroll.pending"]},
                      {"groups": [""], "events": ["enroll.pending"]}, {"groups": ["y" * 5000], "events": ["enroll.pending"]},
                      {"groups": [None], "events": {"enroll.pending": 1}}, {"events": ["enroll.pending"]}):
            with self.subTest(value=value):
                self.notify(value)
                self.step()
                self.assertEqual(self.told(), [("enroll.pending", "officers", "")])


class Certificates(Case):
    @classmethod
    def setUpClass(cls):
        env.wait_ready()
        reply = Client(env).enroll(der.csr(KEY))
        cls.base, cls.request = reply.json["CMSID"], reply.json["CMSRequestId"]
        cls.name = env.sql(f"select requester from request where id = {cls.request}")[0][0]

    def tearDown(self):
        env.without_triggers("delete from expiry_notice; delete from certificate where id > "
                             f"{self.base} and octet_length(serial) = 15")

    def certificates(self, n, ends, request=None):
        """Rows like a real one that end in so long."""
        env.sql("insert into certificate (ca_id, serial, request_id, subject, sans, requester, template, status, not_before, "
                "not_after, sha1, sha256, spki_sha256, der) select ca_id, substr(sha256(random()::text::bytea), 1, 15), "
                f"{self.request if request is None else request}, subject, sans, requester, template, 20, "
                f"now() - interval '300 days', now() + interval '{ends}', sha1, sha256, spki_sha256, der from certificate, "
                f"generate_series(1, {n}) where id = {self.base}")

    def test_revoked_held_and_released(self):
        number, _ = self.issued()
        serial = env.sql(f"select hex_upper(serial) from certificate where id = {number}")[0][0]
        for args, event in ((("revoke", serial, "--reason", "certificateHold", "--yes"), "cert.held"), (("unrevoke", serial), "cert.unheld"),
                            (("revoke", serial, "--reason", "keyCompromise", "--comment", "lost", "--yes"), "cert.revoked")):
            with self.subTest(event=event):
                env.admin("cert", *args)
                self.assertEqual(self.told(), [(event, "requester", self.name)])
                self.assertEqual(self.facts(event)["serial"], serial)
        self.assertEqual(self.facts("cert.revoked")["comment"], "lost")
        self.assertEqual(self.facts("cert.revoked")["reason"], 1)

    def test_own_certificates_are_nobody_s(self):
        self.certificates(1, "5 days", request=0)
        env.admin("job", "run", "expiry-notices")
        env.sql(f"insert into revocation (certificate_id, ca_id, serial, revoked_at, reason, not_after, revoked_by) select id, "
                "ca_id, serial, now(), 1, not_after, 'x' from certificate where request_id = 0 order by id desc limit 1")
        self.assertEqual(self.told(), [])
        env.without_triggers("delete from revocation where revoked_by = 'x'")

    def test_many_revoked_by_one_statement(self):
        self.certificates(3, "5 days")
        revoke = ("insert into revocation (certificate_id, ca_id, serial, revoked_at, reason, not_after, revoked_by) "
                  "select id, ca_id, serial, now(), {}, not_after, 'x' from certificate where id > {} and octet_length(serial) = 15")
        env.sql(revoke.format("case when id % 3 = 0 then 6 else 1 end", self.base))
        facts = [(event, json.loads(f)["certificate_id"], json.loads(f)["revoked_by"]) for event, f in env.sql(
            f"select event, facts from notification where id > {self.last} order by id")]
        numbers = [int(row[0]) for row in env.sql(f"select id from certificate where id > {self.base} and octet_length(serial) = 15")]
        self.assertEqual(sorted(facts), sorted(("cert.held" if n % 3 == 0 else "cert.revoked", n, "x") for n in numbers))
        self.told()
        env.without_triggers("delete from revocation where revoked_by = 'x'")

    def test_expiring_once_for_each_number_of_days(self):
        self.certificates(1, "29 days")
        number = env.count("select max(id) from certificate")
        for _ in range(2):
            env.admin("job", "run", "expiry-notices")
        self.assertEqual(self.told(), [("cert.expiring", "requester", self.name)])
        facts = self.facts("cert.expiring")
        self.assertEqual((facts["certificate_id"], facts["days"]), (number, 30))
        env.without_triggers(f"update certificate set not_after = now() + interval '6 days' where id = {number}")
        for _ in range(2):
            env.admin("job", "run", "expiry-notices")
        self.assertEqual(self.told(), [("cert.expiring", "requester", self.name)])
        self.assertEqual(self.facts("cert.expiring")["days"], 7)

    def test_ten_thousand_by_two_runs_at_once(self):
        """As two nodes do it: the job's lock keeps one away, and where it did not, each notice is there once."""
        self.certificates(10000, "20 days")
        command = [BUILD / "gatehouse", "job", "run", "expiry-notices", "-c", env.var["GATEHOUSE_CONF"]]
        both = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
                for _ in range(2)]
        self.assertIn(0, [p.wait() for p in both])
        env.admin("job", "run", "expiry-notices")
        self.assertEqual(env.sql("select count(*), count(distinct object) from notification where event = 'cert.expiring' "
                                 f"and id > {self.last}"), [["10000", "10000"]])
        self.told()
        env.sql("insert into expiry_notice (certificate_id, days) select certificate_id, days from expiry_notice "
                "on conflict do nothing")
        self.assertEqual(self.told(), [])


class Authorities(Case):
    def run_job(self):
        env.admin("job", "run", "ca-notices")
        return self.told()

    def test_ca(self):
        [[number, begins, ends]] = env.sql("select id, not_before, not_after from ca where name = 'issuing'")
        self.addCleanup(env.sql, f"update ca set not_before = '{begins}', not_after = '{ends}' where id = {number}")
        env.sql(f"update ca set not_before = now() - interval '1 year' where id = {number}")
        self.assertEqual(self.run_job(), [])
        for left, days in (("80 days", 90), ("40 days", 0), ("29 days", 30), ("2 days", 0), ("2 hours", 1)):
            with self.subTest(left=left):
                at = env.sql(f"update ca set not_after = now() + interval '{left}' where id = {number} returning not_after")[0][0]
                self.assertEqual(self.run_job(), [("ca.expiring", "administrators", "")])
                facts = self.facts("ca.expiring")
                self.assertEqual((facts["ca"], facts["days"]), ("issuing", days or {"40 days": 90, "2 days": 30}[left]))
                self.assertEqual(self.run_job(), [])
                env.sql(f"update ca set not_after = '{at}'::timestamptz + interval '1 second' where id = {number}")
                self.assertEqual(len(self.run_job()), 1)

    def test_crl(self):
        env.admin("job", "run", "crl")
        self.assertEqual(self.run_job(), [])
        for left, event in (("1 hour", "crl.expiring"), ("-1 minute", "crl.overdue")):
            with self.subTest(event=event):
                env.without_triggers(f"update crl set next_update = now() + interval '{left}' where ca_id = "
                                     "(select id from ca where name = 'issuing')")
                self.assertIn("would tell administrators of 1", env.admin("job", "run", "ca-notices", "--dry-run"))
                self.assertEqual(self.run_job(), [(event, "administrators", "")])
                self.assertEqual(self.run_job(), [])
        env.admin("crl", "issue", "--ca", "issuing")
        self.assertEqual(self.run_job(), [])


class Recipients(Case):
    """Who hears: rows of delivery. No mail server is there; each waits for it."""
    STAFF = {"alice@example.test", "bob@example.test", "erin@example.test", "bobops@example.test", "juergen@example.test"}

    def tell(self, *rows, event="request.approved", obj="request 7", facts=None):
        """Rows (audience, recipient, id, kind) of one event, as a trigger writes them."""
        facts = json.dumps(facts or {"request": 7, "requester": "nobody"}).replace("'", "''")
        values = ", ".join(f"('{event}', '{a}', '{r}', '{i}', {k}, '{obj}', '{facts}')" for a, r, i, k in rows)
        return [int(r[0]) for r in env.sql("insert into notification (event, audience, recipient, recipient_id, recipient_kind, "
                                           f"object, facts) values {values} returning id")]

    def heard(self, ids):
        """By row, the addresses in their order."""
        env.admin("job", "run", "notify")
        return [[r[0] for r in env.sql(f"select address from delivery where notification_id = {i} order by id")] for i in ids]

    def setUp(self):
        super().setUp()
        env.sql("truncate notification cascade")
        var = read_shell_variables(env.dir / "state" / "slapd" / "env")
        self.ids = {}
        for uid in ("alice", "bob", "carol", "dave"):
            out = subprocess.run(["ldapsearch", "-x", "-LLL", "-H", var["LDAP_URI"], "-D", var["LDAP_BIND_DN"], "-w",
                                  var["LDAP_BIND_PASSWORD"], "-b", var["LDAP_BASE"], f"(uid={uid})", "entryUUID"], check=True,
                                 stdout=subprocess.PIPE, env={**os.environ, "LDAPTLS_CACERT": var["LDAP_CAFILE"]})
            self.ids[uid] = re.search(r"entryUUID: (\S+)", out.stdout.decode()).group(1)

    def test_audiences(self):
        """audience, recipient, id -> who hears. Disabled people and those without address never do."""
        alice, dave, carol = self.ids["alice"], self.ids["dave"], self.ids["carol"]
        for audience, recipient, rid, told in (
                ("requester", "alice", alice, {"alice@example.test"}),
                ("owner", "alice", alice, {"alice@example.test"}),
                ("agent", "alice", alice, {"alice@example.test"}),
                ("requester", "another name", alice, {"alice@example.test"}),
                ("requester", "alice", "", set()),  # names are given anew
                ("requester", "alice", "00000000-0000-4000-8000-000000000000", set()),
                ("requester", "alice", "*)(uid=*", set()),
                ("requester", "dave", dave, set()), ("requester", "carol", carol, set()),
                ("officers", "", "", self.STAFF),
                ("administrators", "", "", {"erin@example.test"}),  # of a ring
                ("agents", "", "", {"bob@example.test", "erin@example.test"}),  # uniqueMember, and two groups
                ("group", "staff", "", self.STAFF), ("group", "pki-users", "", self.STAFF),
                ("group", "cn=staff,ou=groups,dc=example,dc=test", "", self.STAFF),
                ("group", "CN=Web-Admins, OU=groups, DC=example, DC=test", "", {"alice@example.test"}),
                ("group", "*", "", set()), ("group", "nothing", "", set()), ("group", "staff)(cn=*", "", set()),
                ("group", "cn=Alice Adams,ou=people,dc=example,dc=test", "", set()),
                ("address", "web@example.test", "", {"web@example.test"}),
                ("address", "x@example.test\r\nBcc: y@example.test", "", set()), ("address", "no address", "", set())):
            with self.subTest(audience=audience, recipient=recipient):
                ids = self.tell((audience, recipient, rid, 1 if rid else "null"))
                self.assertEqual(set(self.heard(ids)[0]), told)
                self.assertEqual(env.sql(f"select state from notification where id = {ids[0]}"), [["queued" if told else "failed"]])

    def test_one_person_one_mail(self):
        """Owner, agent, officer, in a group, and by the address that he gave: the first row tells him."""
        alice = self.ids["alice"]
        rows = (("owner", "alice", alice, 1), ("agent", "alice", alice, 1), ("address", "Alice@Example.test", "", "null"),
                ("group", "web-admins", "", "null"), ("officers", "", "", "null"))
        heard = self.heard(self.tell(*rows))
        self.assertEqual(heard[0], ["alice@example.test"])
        self.assertEqual(heard[1:4], [[], [], []])
        self.assertEqual(set(heard[4]), self.STAFF - {"alice@example.test"})
        # in any order, since either of two nodes may be first; and another event is another event
        ids = self.tell(*rows)
        env.sql(f"update notification set state = 'failed' where id in ({ids[0]}, {ids[2]})")
        self.assertEqual(sum(self.heard(ids), []).count("alice@example.test"), 0)
        self.assertEqual(self.heard(self.tell(*rows, obj="request 8"))[0], ["alice@example.test"])

    def test_address_in_a_request_is_not_flooded(self):
        """At most notify.address_per_day to it, and for one requester to all of them."""
        told = [self.heard(self.tell(("address", "victim@example.test", "", "null"), obj=f"request {n}",
                                     facts={"request": n, "requester": f"user{n}"}))[0] for n in range(5)]
        self.assertEqual([len(t) for t in told], [1, 1, 1, 0, 0])
        told = [self.heard(self.tell(("address", f"victim{n}@example.test", "", "null"), obj=f"request {n}",
                                     facts={"request": n, "requester": "mallory"}))[0] for n in range(5)]
        self.assertEqual([len(t) for t in told], [1, 1, 1, 0, 0])
        # people of the directory are not strangers
        told = [self.heard(self.tell(("requester", "alice", self.ids["alice"], 1), obj=f"request {n}",
                                     facts={"request": n, "requester": "mallory"}))[0] for n in range(5)]
        self.assertEqual([len(t) for t in told], [1] * 5)

    def test_owners_in_metadata_are_not_flooded(self):
        """Nobody writes to any number of people by naming each one as the owner of another certificate."""
        number, request = self.issued()
        told = []
        for n in range(5):
            env.without_triggers("update certificate set metadata = jsonb_build_object('Owner', "
                                 f"'stranger{n}@example.test') where id = {number}")
            told += self.heard(self.tell(("requester", "alice", self.ids["alice"], 1), event="cert.revoked", obj=f"certificate {n}",
                                         facts={"certificate_id": number, "request": request, "requester": "mallory"}))
        self.assertEqual([len(t) for t in told], [2, 2, 2, 1, 1])
        # both ways together
        self.assertEqual(self.heard(self.tell(("address", "stranger9@example.test", "", "null"), obj="request 9",
                                              facts={"request": 9, "requester": "Mallory"})), [[]])

    def test_one_mailbox_is_one_address(self):
        """Quotes and other letters of the domain make no other mailbox, and are not counted as one."""
        forms = ("victim@b\u00fccher.example", "Victim@xn--bcher-kva.example", "victim@B\u00dcCHER.example", "victim@XN--BCHER-KVA.example",
                 '"victim"@xn--bcher-kva.example', '"vi\\ctim"@xn--bcher-kva.example')
        told = [self.heard(self.tell(("address", form, "", "null"), obj=f"request {n}", facts={"request": n, "requester": f"user{n}"}))[0]
                for n, form in enumerate(forms)]
        self.assertEqual([[a.lower() for a in t] for t in told], [["victim@xn--bcher-kva.example"]] * 3 + [[]] * 3)

    def test_who_cannot_be_looked_up_holds_up_nobody(self):
        """A group that is in another directory: the server refers to it, and we do not go there."""
        var = read_shell_variables(env.dir / "state" / "slapd" / "env")
        away = f"cn=away,ou=pki,{var['LDAP_BASE']}"
        call = ["-x", "-M", "-H", var["LDAP_URI"], "-D", var["LDAP_BIND_DN"], "-w", var["LDAP_BIND_PASSWORD"]]
        options = {"check": True, "env": {**os.environ, "LDAPTLS_CACERT": var["LDAP_CAFILE"]}, "stdout": subprocess.DEVNULL}
        subprocess.run(["ldapadd", *call], input=f"dn: {away}\nobjectClass: referral\nobjectClass: extensibleObject\ncn: away\n"
                       f"ref: ldap://other.example.test/{away}\n".encode(), **options)
        self.addCleanup(subprocess.run, ["ldapdelete", *call, away], **options)
        before = self.tell(("group", away, "", "null"))
        after = self.tell(("requester", "alice", self.ids["alice"], 1), obj="request 8")
        self.assertEqual(self.heard(before + after), [[], ["alice@example.test"]])
        self.assertEqual(env.sql(f"select state from notification where id = {before[0]}"), [["waiting"]])

    def test_owner_in_the_metadata(self):
        number, request = self.issued()
        for table, row, facts in (("certificate", number, {"certificate_id": number, "request": request}), ("request", request, {"request": request})):
            for value, told in (("team@example.test", ["alice@example.test", "team@example.test"]), ("alice@example.test", ["alice@example.test"]),
                                ("no address", ["alice@example.test"]), ("a@example.test\nBcc: b@example.test", ["alice@example.test"])):
                with self.subTest(table=table, value=value):
                    env.without_triggers(f"update {table} set metadata = jsonb_build_object('Owner', {value!r}, 'Secret', 'cost centre') "
                                         f"where id = {row}".replace("'a@example.test\\n", "E'a@example.test\\n"))
                    ids = self.tell(("requester", "alice", self.ids["alice"], 1), event="cert.revoked", obj=f"certificate {number}", facts=facts)
                    self.assertEqual(self.heard(ids)[0], told)

    def test_language_of_the_recipient(self):
        alice = self.ids["alice"]
        ids = self.tell(("requester", "alice", alice, 1))
        env.sql(f"update notification set language = 'de' where id = {ids[0]}")
        self.heard(ids)
        self.assertEqual(env.sql(f"select language from delivery where notification_id = {ids[0]}"), [["de"]])
        ldap_set("Alice Adams", "alice-secret", "preferredLanguage", "en-gb, de;q=0.5")
        self.addCleanup(ldap_set, "Alice Adams", "alice-secret", "preferredLanguage", None)
        ids = self.tell(("requester", "alice", alice, 1))
        env.sql(f"update notification set language = 'de' where id = {ids[0]}")
        self.heard(ids)
        self.assertEqual(env.sql(f"select language from delivery where notification_id = {ids[0]}"), [["en-gb"]])

    def test_local_administrators(self):
        """By role, and by name where one of them asked; nobody puts in an address past Gatehouse."""
        self.addCleanup(env.sql, "delete from admin_contact")
        env.admin("user", "contact", "olga", "--email", "olga@example.test", "--language", "de")
        env.admin("user", "contact", "admin", "--email", "admin@example.test")
        self.assertEqual(set(self.heard(self.tell(("officers", "", "", "null")))[0]), self.STAFF | {"olga@example.test", "admin@example.test"})
        ids = self.tell(("administrators", "", "", "null"))
        self.assertEqual(set(self.heard(ids)[0]), {"erin@example.test", "admin@example.test"})
        ids = self.tell(("requester", "OLGA", "", 2))
        self.assertEqual(self.heard(ids)[0], ["olga@example.test"])
        self.assertEqual(env.sql(f"select name, language from delivery where notification_id = {ids[0]}"), [["olga", "de"]])
        self.assertEqual(self.heard(self.tell(("requester", "olga", "", 1)))[0], [])  # a directory user of her name
        self.assertEqual(env.count("select count(*) from audit where event = 'user.changed' and detail = 'address of e-mail'"), 2)
        for change in ("set email = 'eve@example.test'", "set language = 'xx'", "set mac = '\\x00'"):
            env.without_triggers(f"create table kept as table admin_contact; update admin_contact {change} where email like 'olga%'")
            self.assertEqual(self.heard(self.tell(("requester", "olga", "", 2)))[0], [])
            env.without_triggers("delete from admin_contact; insert into admin_contact table kept; drop table kept")
        env.admin("user", "disable", "olga")
        self.assertEqual(self.heard(self.tell(("requester", "olga", "", 2)))[0], [])
        env.admin("user", "enable", "olga")
        self.assertEqual(self.heard(self.tell(("requester", "olga", "", 2)))[0], ["olga@example.test"])
        env.admin("user", "contact", "olga", "--email", "")
        env.admin("user", "contact", "admin", "--email", "")
        self.assertEqual(self.heard(self.tell(("requester", "olga", "", 2)))[0], [])
        for bad in (("nobody", "--email", "a@example.test"), ("olga", "--email", "no address"), ("olga",),
                    ("olga", "--email", "a@example.test", "--language", "fr")):
            self.assertNotEqual(env.admin("user", "contact", *bad, check=False).returncode, 0)

    def test_directory_is_away(self):
        ids = self.tell(("officers", "", "", "null"), ("address", "web@example.test", "", "null"))
        env.slapd("pause")
        try:
            self.heard(ids)
        finally:
            env.slapd("resume")
        self.assertEqual(env.sql(f"select state from notification where id = {ids[0]}"), [["waiting"]])
        self.assertEqual(set(self.heard(ids)[0]), self.STAFF)


def ldap_set(cn, password, attribute, value):
    var = read_shell_variables(env.dir / "state" / "slapd" / "env")
    change = f"replace: {attribute}\n{attribute}: {value}\n" if value else f"delete: {attribute}\n"
    subprocess.run(["ldapmodify", "-x", "-H", var["LDAP_URI"], "-D", f"cn={cn},ou=people,dc=example,dc=test", "-w", password],
                   input=f"dn: cn={cn},ou=people,dc=example,dc=test\nchangetype: modify\n{change}".encode(), check=True,
                   stdout=subprocess.PIPE, env={**os.environ, "LDAPTLS_CACERT": var["LDAP_CAFILE"]})


if __name__ == "__main__":
    tap.main()
