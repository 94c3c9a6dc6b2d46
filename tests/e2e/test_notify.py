#!/usr/bin/python3
"""What happened is sent: by SMTP to a real mail server, and to servers that fail in every way; at least once, each message to
each address for itself, and nothing else waits for it."""

import email
import email.policy
import json
import os
import re
import signal
import ssl
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import der
import tap
from environment import TOP, Environment, read_shell_variables, wait_for
from mail_server import Certificates, Exim, FaultyServer
from person import Person
from webhook_receiver import Receiver

made = tempfile.TemporaryDirectory(prefix="gatehouse-notify-mail-", dir="/tmp")
MAIL = Path(made.name)
MAIL.chmod(0o755)
TLS = Certificates(MAIL / "tls")
EXIM = Exim(MAIL / "exim", TLS)
(MAIL / "password").write_text(EXIM.PASSWORD + "\n")
(MAIL / "password").chmod(0o600)


def notify(url, user=EXIM.USER, **options):
    lines = {"smtp_url": url, "smtp_user": user, "smtp_password_file": MAIL / "password" if user else "",
             "ca_file": TLS.ca, "from": "pki@example.test", "from_name": "Zertifikate & Schlüssel",
             "url": "https://pki.example.test", **options}
    text = "\n".join(f'{k} = {v if isinstance(v, int) else chr(34) + str(v) + chr(34)}' for k, v in lines.items())
    return f"notify {{\n{text}\n}}\n"


JOBS = """
jobs { crl = 0 ocsp_signer = 0 server_certificate = 0 expiry_notices = 0 ca_notices = 0 audit_seal = 0 key_requests = 0
       notifications = 0 retention = 0 notify = 1 }
database { timeout_ms = 5000 }
roles { agent_groups = "pki-agents" }
"""
env = Environment("notify", GATEHOUSE_WORKERS="1",
                  GATEHOUSE_CONF_EXTRA=JOBS + notify(f"smtp://localhost:{EXIM.starttls}", timeout=5, retry_first=1))
CONF = env.dir / "state" / "gatehouse.conf"
ORIGINAL = CONF.read_text()


def entry_id(uid):
    var = read_shell_variables(env.dir / "state" / "slapd" / "env")
    out = subprocess.run(["ldapsearch", "-x", "-LLL", "-H", var["LDAP_URI"], "-D", var["LDAP_BIND_DN"], "-w",
                          var["LDAP_BIND_PASSWORD"], "-b", var["LDAP_BASE"], f"(uid={uid})", "entryUUID"],
                         check=True, stdout=subprocess.PIPE, env={**os.environ, "LDAPTLS_CACERT": var["LDAP_CAFILE"]})
    return re.search(r"entryUUID: (\S+)", out.stdout.decode()).group(1)


ALICE = entry_id("alice")
KEY = der.Key(env.scratch, "ec:P-256")


def happen(event, recipient="alice", audience="requester", object="request 1", facts="{}", rid=None):
    """A row as a trigger writes it; its id."""
    rid = entry_id(recipient) if rid is None and recipient else rid or ""
    quoted = [x.replace("'", "''") for x in (event, audience, recipient, rid, object, facts)]
    return env.count("insert into notification (event, audience, recipient, recipient_id, object, facts) values "
                     f"('{quoted[0]}', '{quoted[1]}', '{quoted[2]}', '{quoted[3]}', '{quoted[4]}', '{quoted[5]}') returning id")


def plain_part(raw):
    return email.message_from_bytes(raw, policy=email.policy.default).get_body(("plain",)).get_content()


def deliveries(notification):
    return env.sql("select state, address, attempts, coalesce(last_error, '') from delivery "
                   f"where notification_id = {notification} order by id")


def mails(event):
    return [m for m in EXIM.messages() if event in m.get_body(("plain",)).get_content()]


class RealServer(unittest.TestCase):
    def setUp(self):
        if CONF.read_text() != ORIGINAL:  # of a test with another server
            CONF.write_text(ORIGINAL)
            env.gateway("halt")
            env.gateway("run")
        env.wait_ready()

    def test_delivered_with_tls_and_log_in(self):
        n = happen("key.recovery-requested", audience="owner", object="key 1234", facts='{"requester": "bob", "required": 2}')
        wait_for(lambda: mails("key.recovery-requested"), "the mail is in the maildir")
        mail = mails("key.recovery-requested")[0]
        self.assertEqual(mail["Envelope-To"], "alice@example.test")
        self.assertEqual(mail["Return-Path"].strip("<>"), "pki@example.test")
        self.assertEqual(mail["From"].addresses[0].display_name, "Zertifikate & Schlüssel")
        self.assertEqual(mail["Auto-Submitted"], "auto-generated")
        uuid = env.sql(f"select uuid from delivery where notification_id = {n}")[0][0]
        self.assertEqual(mail["Message-ID"], f"<{uuid}@example.test>")
        self.assertIn("Requester: bob", mail.get_body(("plain",)).get_content())
        wait_for(lambda: deliveries(n)[0][0] == "sent", "it is marked")
        self.assertIn("A=plain:gatehouse", (EXIM.dir / "log" / "mainlog").read_text())

    def test_refused_mailbox_is_dead_and_blocks_nobody(self):
        env.sql("update delivery set state = 'sent' where state = 'waiting'")
        bad = happen("bad.mailbox")
        wait_for(lambda: mails("bad.mailbox"), "queued and sent")
        env.sql(f"update delivery set state = 'waiting', address = 'nobody@example.test', next_at = now() where notification_id = {bad}")
        good = happen("good.mailbox")
        wait_for(lambda: mails("good.mailbox"), "the other one is sent")
        wait_for(lambda: deliveries(bad)[0][0] == "dead", "dead at once")
        self.assertIn("RCPT TO: 550 no such mailbox", deliveries(bad)[0][3])
        self.assertEqual(deliveries(good)[0][0], "sent")


class Tests(unittest.TestCase):
    """Somebody asks for a message to see whether it arrives."""
    EVENT = "because of test,"

    def setUp(self):
        RealServer.setUp(self)
        env.sql("delete from notification")
        env.sql("delete from key_count")
        self.admin = Person("admin", env.var["GATEHOUSE_ADMIN_PASSWORD"], env)
        self.seen = len(mails(self.EVENT))

    def contact(self, who, address):
        env.admin("user", "contact", who, "--email", address)
        self.addCleanup(env.admin, "user", "contact", who, "--email", "")

    def await_mails(self, *addresses):
        wait_for(lambda: len(mails(self.EVENT)) >= self.seen + len(addresses), "they arrive")
        self.assertEqual(sorted(m["Envelope-To"] for m in mails(self.EVENT)[self.seen:]), sorted(addresses))

    def test_to_who_asks_and_to_administrators(self):
        reply = self.admin.post("/pki/messages/test", {})
        self.assertEqual((reply.status, "no address" in reply.json["message"]), (409, True), reply.body)
        self.assertEqual(env.admin("notify", "queue-test", check=False).returncode, 1)
        self.contact("admin", "alice@example.test")
        self.assertEqual(self.admin.post("/pki/messages/test", {"to": "nobody@example.test"}).status, 422)
        reply = self.admin.post("/pki/messages/test", {})
        self.assertEqual((reply.status, reply.json), (202, {"recipients": 1}))
        self.await_mails("alice@example.test")
        rows = env.sql("select object, actor, detail from audit where event = 'notification.tested' order by id desc limit 1")
        self.assertEqual(rows, [["notify", "admin", "to the caller"]])
        reply = self.admin.post("/pki/messages/test", {"to": "administrators"})
        self.assertEqual((reply.status, reply.json), (202, {"recipients": 1}))
        self.await_mails("alice@example.test", "alice@example.test")
        self.assertEqual(env.admin("notify", "queue-test", "--json"), {"recipients": 1})
        self.await_mails(*3 * ["alice@example.test"])
        row = self.admin.get("/pki/messages?order=newest&limit=1").json["entries"][0]
        self.assertEqual((row["event"], row["object"], row["address"]), ("test", "notify", "alice@example.test"))

    def test_ten_an_hour(self):
        self.contact("admin", "alice@example.test")
        env.sql("insert into key_count (caller, since, made) values ('notify-test', now(), 9)")
        self.assertEqual(self.admin.post("/pki/messages/test", {}).status, 202)
        reply = self.admin.post("/pki/messages/test", {})
        self.assertEqual(reply.status, 429)
        self.assertGreater(int(reply.headers["retry-after"]), 3000)
        self.assertEqual(env.count("select count(*) from notification where event = 'test'"), 1)


class WithServer(unittest.TestCase):
    """Another mail server: the gateway is started anew with it."""

    def setUp(self):
        self.servers = []
        env.sql("delete from notification")

    def tearDown(self):
        for s in self.servers:
            s.close()

    def use(self, server, scheme="smtp", host="localhost", user="", **options):
        self.servers.append(server)
        text = CONF.read_text()
        begin = text.index("notify {\n")
        CONF.write_text(text[:begin] + notify(f"{scheme}://{host}:{server.port}", user=user, **{
            "timeout": 3, "retry_first": 1, **options}))
        env.gateway("halt")
        env.gateway("run")
        env.wait_ready()
        return server

    def plain(self, script=None, **options):
        return self.use(FaultyServer(script), smtp_tls="none", **options)

    def with_tls(self, certificate, implicit=False, script=None, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        return self.use(FaultyServer(script, tls=context, implicit=implicit), "smtps" if implicit else "smtp", **options)

    def await_error(self, n, text):
        wait_for(lambda: deliveries(n) and text in deliveries(n)[0][3], f"error {text}: {deliveries(n)}")

    def await_state(self, n, state):
        wait_for(lambda: deliveries(n) and deliveries(n)[0][0] == state, f"{state}: {deliveries(n)}")


class Faults(WithServer):
    def test_delayed_recipient_waits_alone(self):
        def script(server, verb):
            last = server.commands[-1]
            return b"451 4.7.1 greylisted\r\n" if verb == "RCPT" and "bob" in last and len(server.taken) < 3 else None
        server = self.plain(script)
        bob = happen("x.one", "bob")
        self.await_error(bob, "RCPT TO: 451 4.7.1 greylisted")
        for i in range(3):
            self.await_state(happen(f"x.alice{i}"), "sent")
        self.await_state(bob, "sent")
        self.assertEqual(len(server.taken), 4)

    def test_one_connection_for_many(self):
        server = self.plain()
        env.sql("update job set wanted = false where name = 'notify'")
        with env.session("begin; lock table notification in exclusive mode"):
            pass
        ids = [happen(f"x.many{i}", rid=ALICE) for i in range(8)]
        for n in ids:
            self.await_state(n, "sent")
        self.assertLess(server.connections, 4)

    def test_content_refused_is_dead(self):
        self.plain(lambda server, verb: b"554 5.7.1 spam\r\n" if verb == "CONTENT" else None)
        n = happen("x.spam")
        self.await_state(n, "dead")
        self.assertIn("content: 554 5.7.1 spam", deliveries(n)[0][3])
        self.assertEqual(env.admin("notify", "list", "--state", "dead", "--json")[0]["notification"], n)
        wait_for(lambda: env.metric('gatehouse_deliveries{channel="mail",state="dead"}') == 1, "the metric")
        self.assertGreaterEqual(env.metric('gatehouse_deliveries_ended{channel="mail",state="dead"}'), 1)
        doctor = env.admin("doctor", "--json", check=False).stdout.decode()
        self.assertIn("1 messages were given up", doctor)

    def test_closed_in_data_is_tried_again(self):
        def script(server, verb):
            if verb == "CONTENT" and server.connections == 1:
                raise EOFError
        server = self.plain(script)
        n = happen("x.closed")
        self.await_state(n, "sent")
        self.assertEqual((len(server.taken), deliveries(n)[0][2]), (1, "2"))

    def test_half_an_answer(self):
        def script(server, verb):
            if verb == "EHLO" and server.connections == 1:
                return b"250-te"
        server = self.plain(script)
        n = happen("x.half")
        self.await_error(n, "EHLO: ")
        self.await_state(n, "sent")
        self.assertEqual(len(server.taken), 1)

    def test_endless_answer(self):
        def script(server, verb):
            if verb == "EHLO" and server.connections == 1:
                return b"250-" + b"x" * (8 << 20) + b"\r\n" + b"250-more\r\n" * 100000
        self.plain(script)
        n = happen("x.endless")
        self.await_error(n, "EHLO: ")
        self.await_state(n, "sent")

    def test_silent_server(self):
        def script(server, verb):
            if verb == "MAIL" and server.connections == 1:
                server.release.wait()
        self.plain(script)
        n = happen("x.silent")
        self.await_error(n, "MAIL FROM: ")
        self.await_state(n, "sent")

    def test_sender_refused_is_no_end(self):
        def script(server, verb):
            if verb == "MAIL" and server.connections < 3:
                return b"550 5.7.1 not you\r\n"
        self.plain(script)
        n = happen("x.sender")
        self.await_error(n, "MAIL FROM: 550 5.7.1 not you")
        self.await_state(n, "sent")

    def test_server_away_costs_one_attempt(self):
        server = self.plain()
        server.refuse()
        ids = [happen(f"x.away{i}", rid=ALICE) for i in range(20)]
        wait_for(lambda: env.count("select count(*) from delivery where last_error like 'connect: %'") == 20, "all wait")
        self.assertLess(env.count("select sum(attempts) from delivery"), 10)
        self.assertEqual(env.count("select count(*) from delivery where state = 'waiting'"), len(ids))

    def test_dead_after_days(self):
        self.plain().refuse()
        n = happen("x.days")
        wait_for(lambda: deliveries(n), "queued")
        env.sql(f"update delivery set since = now() - interval '4 days', next_at = now() where notification_id = {n}")
        self.await_state(n, "dead")
        env.admin("notify", "retry", "--all")
        self.await_state(n, "waiting")

    def test_flood_is_bounded(self):
        server = self.plain(messages_per_hour=3)
        for i in range(6):
            happen(f"x.flood{i}", rid=ALICE)
        wait_for(lambda: env.count("select count(*) from delivery where last_error like 'more than notify.messages_per_hour%'"
                                   " and next_at > now() + interval '5 minutes'") == 3, "the rest waits")
        self.assertEqual(len(server.taken), 3)
        other = happen("x.flood", "bob")
        self.await_state(other, "sent")

    def asked(self, user, n):
        """n requests that wait for an officer; they are made at once."""
        person = Person(user, f"{user}-secret", env)
        for i in range(n):
            host = f"{user}{i}.example.test"
            request = der.csr(KEY, subject=[("CN", host)], extensions=[der.extension("subjectAltName", der.san(dns=[host]))])
            reply = person.post("/pki/request/WebServer", {"pkcs10": der.b64(request)})
            self.assertEqual((reply.status, reply.json["status"]), (201, "pending"), reply.body)

    def test_many_requests_of_one_keep_nobody_waiting(self):
        """One requester asks more than an officer gets mails in an hour; another one asks behind him, and is told of."""
        env.admin("user", "contact", "olga", "--email", "olga@example.test", "--language", "de")
        server = self.plain(messages_per_hour=6, requester_per_hour=3)
        env.sql("update notification set state = 'queued' where state = 'waiting'")
        wait_for(lambda: time.time() % 3600 < 3570, "the hour does not end meanwhile")
        self.asked("alice", 12)
        told = "select count(*) from notification where event = 'enroll.pending' and audience = 'officers' and facts->>'requester' ilike '%{}'"
        of_officer = (told + " and id in (select notification_id from delivery where address = 'olga@example.test' {})").format
        wait_for(lambda: env.count(told.format("alice") + " and state = 'queued'") == 12, "all are looked at")
        self.assertEqual(env.count(of_officer("alice", "")), 4)
        self.assertEqual(env.count(told.format("alice") + " and error like '%many requests%'"), 8)
        self.asked("bob", 1)
        wait_for(lambda: env.count(of_officer("bob", "and state = 'sent'")) == 1, "bob's request is told")
        self.assertEqual(env.count(of_officer("alice", "and state = 'sent'")), 4)
        said = [m for m in server.taken if "viele Anträge" in plain_part(m)]
        self.assertEqual(len(said), 1)
        # a reminder of what waits: the same
        env.sql("update notification set state = 'queued' where state = 'waiting'")
        numbers = [r[0] for r in env.sql("select id from request where disposition = 9 and requester ilike '%alice' order by id")]
        for number in numbers:
            happen("request.reminder", "", "officers", f"request {number}", json.dumps({"request": int(number)}))
        wait_for(lambda: env.count("select count(*) from notification where event = 'request.reminder' and state = 'queued'") == 12, "reminded")
        self.assertEqual(env.count("select count(*) from delivery d join notification n on n.id = d.notification_id "
                                   "where n.event = 'request.reminder' and d.address = 'olga@example.test'"), 4)

    def test_too_old(self):
        self.plain()
        n = happen("x.old")
        env.sql(f"update notification set state = 'waiting', created_at = now() - interval '4 days' where id = {n}")
        wait_for(lambda: env.sql(f"select state from notification where id = {n}")[0][0] in ("failed", "queued"), "looked at")

    def test_header_injection_by_name(self):
        server = self.plain()
        n = happen("x.inject", object="a\r\nBcc: eve@example.test\r\n\r\nbody", facts='{"subject": "CN=x\\r\\nBcc: eve@example.test"}')
        self.await_state(n, "sent")
        head = server.taken[0].partition(b"\r\n\r\n")[0]
        self.assertNotIn(b"\r\nBcc", head)
        self.assertEqual([c for c in server.commands if "eve" in c], [])


class Tls(WithServer):
    def test_starttls_is_required(self):
        self.use(FaultyServer())
        n = happen("x.plain")
        self.await_error(n, "STARTTLS")
        self.assertEqual([c for c in self.servers[0].commands if c.startswith("MAIL")], [])

    def test_wrong_name(self):
        self.with_tls(TLS.server("other", san="DNS:other.example.test"))
        n = happen("x.name")
        self.await_error(n, "STARTTLS: SSL: no alternative certificate subject name matches")

    def test_expired(self):
        self.with_tls(TLS.server("old", days=-1), implicit=True)
        n = happen("x.expired")
        self.await_error(n, "certificate has expired")

    def test_untrusted(self):
        other = Certificates(MAIL / "othertls")
        self.with_tls(other.server("untrusted"))
        n = happen("x.untrusted")
        self.await_error(n, "unable to get local issuer certificate")

    def test_log_in_refused(self):
        server = self.with_tls(TLS.server("auth"), user=EXIM.USER,
                               script=lambda s, verb: b"535 5.7.8 no\r\n" if verb == "AUTH" else None)
        n = happen("x.auth")
        self.await_error(n, "AUTH: 535 5.7.8 no")
        self.assertEqual([c for c in server.commands if c.startswith("MAIL")], [])
        self.assertNotIn(EXIM.PASSWORD, env.log())

    def test_smtps(self):
        server = self.with_tls(TLS.server("implicit"), implicit=True)
        n = happen("x.smtps")
        self.await_state(n, "sent")
        self.assertEqual(len(server.taken), 1)


class Crashes(WithServer):
    def test_killed_before_delivery(self):
        """Committed, and the gateway dies: delivered when it is back."""
        server = self.plain()
        os.kill(env.gateway_pid(), signal.SIGSTOP)
        n = happen("x.killed")
        for pid in env.workers():
            os.kill(pid, signal.SIGKILL)
        os.kill(env.gateway_pid(), signal.SIGCONT)
        env.gateway("halt")
        env.gateway("run")
        self.await_state(n, "sent")
        self.assertEqual(len(server.taken), 1)

    def test_killed_between_250_and_mark(self):
        """The server has it, we do not know: sent again with the same Message-ID."""
        def script(server, verb):
            if verb == "CONTENT" and server.connections == 1:
                for pid in env.workers():
                    os.kill(pid, signal.SIGKILL)
        server = self.plain(script)
        n = happen("x.twice")
        wait_for(lambda: len(server.taken) == 1, "taken once")
        self.assertEqual(deliveries(n)[0][0], "waiting")
        env.sql("update delivery set next_at = now()")  # the lease
        self.await_state(n, "sent")
        ids = [re.search(rb"Message-ID: (\S+)", m).group(1) for m in server.taken]
        self.assertEqual((len(ids), len(set(ids))), (2, 1))

    def test_database_away_while_sending(self):
        def script(server, verb):
            if verb == "RCPT" and server.connections == 1:
                env.postgres("kill")
        server = self.plain(script)
        n = happen("x.db")
        wait_for(lambda: len(server.taken) == 1, "taken")
        env.postgres("start")
        env.sql("update delivery set next_at = now()")
        self.await_state(n, "sent")

    def test_two_nodes_send_each_once(self):
        server = self.plain()
        env.second_node()
        self.addCleanup(env.gateway, "halt2")
        ids = [happen(f"x.nodes{i}", rid=ALICE) for i in range(40)]
        for n in ids:
            self.await_state(n, "sent")
        # the second node knows the other server
        seen = [re.search(rb"Message-ID: (\S+)", m).group(1).decode() for m in server.taken]
        wait_for(lambda: len(seen) + len(mails("x.nodes")) == 40, "all have arrived")
        seen += [m["Message-ID"] for m in mails("x.nodes")]
        self.assertEqual(len(set(seen)), 40)

    def test_slow_server_delays_no_crl(self):
        def script(server, verb):
            if verb == "MAIL":
                server.release.wait()
        self.plain(script, timeout=300)
        happen("x.slow")
        wait_for(lambda: any(c.startswith("MAIL") for c in self.servers[0].commands), "it hangs")
        begin = env.sql("select now()")[0][0]
        env.admin("job", "run", "crl", "--background")
        wait_for(lambda: env.count(f"select count(*) from job where name = 'crl' and not wanted and finished_at > '{begin}'"), "the job crl ran")
        self.assertEqual(env.count("select count(*) from job where name = 'notify' and started_at > coalesce(finished_at, '-infinity')"), 1)
        self.servers[0].release.set()


class Command(WithServer):
    def test_tells_each_step(self):
        self.with_tls(TLS.server("steps"), user=EXIM.USER)
        text = env.admin("notify", "test", "alice@example.test")
        for line in ("> STARTTLS", "> AUTH ...", "> MAIL FROM:<pki@example.test>", "> RCPT TO:<alice@example.test>",
                     "< 250 2.0.0 taken", "the mail server has taken a mail to alice@example.test"):
            self.assertIn(line, text)
        self.assertNotIn(EXIM.PASSWORD, text)
        done = env.admin("notify", "test", "no address", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"no address of e-mail", done.stderr)

    def test_refused(self):
        self.plain(lambda s, verb: b"550 no\r\n" if verb == "RCPT" else None)
        done = env.admin("notify", "test", "alice@example.test", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"RCPT TO: 550 no", done.stderr)

    def test_list_show_retry(self):
        self.plain(lambda s, verb: b"550 no\r\n" if verb == "RCPT" else None)
        n = happen("x.shown")
        self.await_state(n, "dead")
        row = env.admin("notify", "list", "--address", "alice@example.test", "--json")[0]
        self.assertEqual((row["state"], row["event"], row["attempts"]), ("dead", "x.shown", 1))
        shown = env.admin("notify", "show", str(row["id"]), "--json")
        self.assertEqual((shown["last_error"], shown["event"]), ("RCPT TO: 550 no", "x.shown"))
        self.assertEqual(env.admin("notify", "retry", str(row["id"]), "--json"), {"retried": 1})
        self.assertEqual(env.admin("notify", "retry", "999999", check=False).returncode, 1)


class Webhooks(WithServer):
    CERTIFICATE = TLS.server("hook")

    def hook(self, name, receiver, *more):
        self.servers.append(receiver)
        out = env.admin("notify", "webhook", "add", name, "--url", f"https://localhost:{receiver.port}/in?x=1", "--event", "h.*",
                        "--json", *more)
        self.addCleanup(env.admin, "notify", "webhook", "remove", name, "--yes")
        return out["secret"]

    def state(self, n, name):
        rows = env.sql(f"select state, coalesce(last_error, '') from delivery where notification_id = {n} and address = '{name}'")
        return tuple(rows[0]) if rows else ("", "")

    def test_signed_call(self):
        self.plain(webhook_allow="127.0.0.0/8 ::1")
        receiver = Receiver(self.CERTIFICATE)
        secret = self.hook("signed", receiver)
        n = happen("h.signed", facts='{"requester": "Jürgen <x>"}')
        wait_for(lambda: self.state(n, "signed")[0] == "sent", "it is called")
        path, headers, body = receiver.calls[0]
        said = json.loads(body)
        self.assertEqual(path, "/in?x=1")
        self.assertEqual((said["event"], said["object"], said["facts"]), ("h.signed", "request 1", {"requester": "Jürgen <x>"}))
        self.assertEqual(headers["Gatehouse-Delivery"], said["id"])
        self.assertEqual(headers["Gatehouse-Event"], "h.signed")
        self.verify_as_documented(secret, headers["Gatehouse-Signature"], body)
        self.assertEqual(len(receiver.calls), 1)
        self.assertEqual(self.state(happen("other.event"), "signed"), ("", ""))

    def verify_as_documented(self, secret, signature, body):
        """The examples of docs/notifications.md, as a reader copies them."""
        page = (TOP / "docs" / "notifications.md").read_text()
        python = re.search(r"```python\n(.*?)```", page, re.S).group(1)
        shell = re.search(r"```sh\n(.*?)```", page, re.S).group(1)
        scope = {}
        exec(python, scope)
        self.assertTrue(scope["is_genuine"](secret, signature, body))
        self.assertFalse(scope["is_genuine"](secret, signature, body + b" "))
        self.assertFalse(scope["is_genuine"]("0" * 64, signature, body))
        self.assertFalse(scope["is_genuine"](secret, signature.replace("t=1", "t=2"), body))
        file = env.scratch / "body"
        for content, good in ((body, True), (body + b" ", False)):
            file.write_bytes(content)
            done = subprocess.run(["sh", "-c", shell], env={**os.environ, "SECRET": secret, "SIGNATURE": signature,
                                                            "BODY": str(file)}, stdout=subprocess.PIPE)
            self.assertEqual(done.returncode == 0, good, done.stdout)

    def test_only_2xx_and_no_redirects(self):
        self.plain(webhook_allow="127.0.0.0/8 ::1")
        target = Receiver(self.CERTIFICATE)
        self.servers.append(target)
        receiver = Receiver(self.CERTIFICATE, 302, [("Location", f"https://localhost:{target.port}/")])
        self.hook("moved", receiver)
        n = happen("h.moved")
        wait_for(lambda: "status 302: redirects are not followed" in self.state(n, "moved")[1], "not followed")
        self.assertEqual(target.calls, [])
        receiver.status, receiver.headers = 204, []
        wait_for(lambda: self.state(n, "moved")[0] == "sent", "sent later")
        ids = {c[1]["Gatehouse-Delivery"] for c in receiver.calls}
        self.assertEqual(len(ids), 1)

    def test_private_addresses_are_refused(self):
        self.plain()
        receiver = Receiver(self.CERTIFICATE)
        self.hook("inside", receiver)
        n = happen("h.inside")
        wait_for(lambda: "not public" in self.state(n, "inside")[1], "refused")
        self.assertEqual(receiver.calls, [])
        done = env.admin("notify", "webhook", "test", "inside", check=False)
        self.assertIn(b"not public", done.stderr)

    def test_one_that_never_answers_holds_up_no_other(self):
        self.plain(webhook_allow="127.0.0.0/8 ::1", timeout=2)
        silent, good = Receiver(self.CERTIFICATE), Receiver(self.CERTIFICATE)
        silent.is_silent = True
        self.hook("silent", silent)
        self.hook("good", good)
        ids = [happen(f"h.silent{i}", rid=ALICE) for i in range(5)]
        for n in ids:
            wait_for(lambda n=n: self.state(n, "good")[0] == "sent", "the other one is called")
        self.assertLess(len(silent.calls), 5)
        wait_for(lambda: "timed out" in self.state(ids[0], "silent")[1].lower(), "it waits")

    def queue_mails(self, n):
        env.sql("with n as (insert into notification (event, audience, recipient, recipient_id, object, facts, state) select "
                f"'x.many', 'requester', '', '', 'request ' || i, '{{}}', 'queued' from generate_series(1, {n}) i returning id) "
                "insert into delivery (notification_id, channel, address) select id, 'mail', 'alice@example.test' from n")

    def test_mail_that_cannot_be_sent_holds_up_no_webhook(self):
        """The password of the mail server is not there, which is no matter of webhooks."""
        (MAIL / "gone").write_text("x\n")
        (MAIL / "gone").chmod(0o600)
        self.plain(webhook_allow="127.0.0.0/8 ::1", user=EXIM.USER, smtp_password_file=MAIL / "gone")
        (MAIL / "gone").unlink()
        receiver = Receiver(self.CERTIFICATE)
        self.queue_mails(100)  # each run takes one of them
        self.hook("apart", receiver)
        n = happen("h.apart")
        wait_for(lambda: self.state(n, "apart")[0] == "sent", "it is called")
        wait_for(lambda: env.count("select failures from job where name = 'notify'") > 0, "the job has failed")

    def test_long_queue_of_mails_holds_up_no_webhook(self):
        """A mail server that takes its time for each of many mails."""
        def script(server, verb):
            if verb == "RCPT":
                server.release.wait(1)
        self.plain(script, webhook_allow="127.0.0.0/8 ::1", messages_per_hour=0)
        receiver = Receiver(self.CERTIFICATE)
        self.queue_mails(600)
        self.hook("patient", receiver)
        n = happen("h.patient")
        wait_for(lambda: self.state(n, "patient")[0] == "sent", "it is called", 240)
        self.assertGreater(env.count("select count(*) from delivery where channel = 'mail' and state = 'waiting'"), 100)

    def test_huge_answer(self):
        self.plain(webhook_allow="127.0.0.0/8 ::1")
        receiver = Receiver(self.CERTIFICATE, body=b"x" * (4 << 20))
        self.hook("huge", receiver)
        n = happen("h.huge")
        wait_for(lambda: self.state(n, "huge")[0] == "sent", "the status counts")

    def test_certificate_is_verified(self):
        self.plain(webhook_allow="127.0.0.0/8 ::1")
        receiver = Receiver(TLS.server("wronghook", san="DNS:other.example.test"))
        self.hook("wrong", receiver)
        n = happen("h.wrong")
        wait_for(lambda: "certificate subject name" in self.state(n, "wrong")[1], "refused")
        self.assertEqual(receiver.calls, [])

    def test_database_cannot_redirect(self):
        self.plain(webhook_allow="127.0.0.0/8 ::1")
        receiver, eve = Receiver(self.CERTIFICATE), Receiver(self.CERTIFICATE)
        self.servers.append(eve)
        self.hook("moved2", receiver)
        url = env.sql("select url from webhook where name = 'moved2'")[0][0]
        self.addCleanup(env.sql, f"update webhook set url = '{url}' where name = 'moved2'")
        env.sql(f"update webhook set url = 'https://localhost:{eve.port}/' where name = 'moved2'")
        n = happen("h.redirect")
        wait_for(lambda: "was changed in the database" in self.state(n, "moved2")[1], "it is not called")
        self.assertEqual((eve.calls, receiver.calls), ([], []))
        # it stops itself alone: the job, mails and other webhooks go on
        other = Receiver(self.CERTIFICATE)
        self.servers.append(other)
        env.sql(f"update webhook set url = '{url}' where name = 'moved2'")
        self.hook("beside", other)
        self.addCleanup(env.sql, f"update webhook set url = '{url}' where name = 'moved2'")
        env.sql(f"update webhook set url = 'https://localhost:{eve.port}/' where name = 'moved2'")
        mail = happen("h.beside", "bob")
        wait_for(lambda: self.state(mail, "beside")[0] == "sent" and
                 env.count(f"select count(*) from delivery where notification_id = {mail} and channel = 'mail' and state = 'sent'") == 1, "the others")
        self.assertIn("was changed in the database", self.state(mail, "moved2")[1])
        self.assertEqual([w.get("damaged") for w in env.admin("notify", "webhook", "list", "--json") if w["name"] in ("moved2", "beside")], [True, None])
        self.assertIn(b"was changed in the database", env.admin("notify", "webhook", "test", "moved2", check=False).stderr)
        listed = env.admin("notify", "list", "--address", "moved2", "--json")
        self.assertTrue(all("was changed in the database" in d["last_error"] for d in listed if d["state"] == "waiting"))
        # told once, not with each run
        wait_for(lambda: env.count("select count(*) from audit where event = 'grant.refused' and detail like '%moved2%'") > 0, "audited")
        before = env.count("select count(*) from audit where event = 'grant.refused'")
        runs = env.sql("select finished_at from job where name = 'notify'")
        wait_for(lambda: env.sql("select finished_at from job where name = 'notify'") != runs, "another run")
        self.assertEqual(env.count("select count(*) from audit where event = 'grant.refused'"), before)
        # one that was written into the database is never called
        env.sql("insert into webhook (name, url, events, secret_sealed, enabled) select 'eves', url, events, secret_sealed, true from webhook where name = 'moved2'")
        again = happen("h.again")
        wait_for(lambda: self.state(again, "beside")[0] == "sent", "the genuine one")
        env.sql("delete from webhook where name = 'eves'")
        env.sql(f"update webhook set url = '{url}' where name = 'moved2'")
        wait_for(lambda: receiver.calls, "the right one is called")
        self.assertEqual(eve.calls, [])

    def test_mails_go_on_where_no_webhook_can_be_believed(self):
        """A row was changed, and its MAC too: which of them is right cannot be known."""
        self.plain(webhook_allow="127.0.0.0/8 ::1")
        receiver = Receiver(self.CERTIFICATE)
        self.hook("unbelievable", receiver)
        mac = env.sql("select key, encode(mac, 'hex') from row_seal where tbl = 'webhook' order by key desc limit 1")[0]
        self.addCleanup(env.sql, f"update row_seal set mac = decode('{mac[1]}', 'hex') where tbl = 'webhook' and key = {mac[0]}")
        back = "update webhook set enabled = true where name = 'unbelievable'"
        self.addCleanup(env.sql, back)
        env.sql("update webhook set enabled = false where name = 'unbelievable'")
        env.sql(f"update row_seal set mac = sha256('x') where tbl = 'webhook' and key = {mac[0]}")
        n = happen("h.mails", "bob")
        self.await_state(n, "sent")
        self.assertEqual(receiver.calls, [])
        env.sql(f"update row_seal set mac = decode('{mac[1]}', 'hex') where tbl = 'webhook' and key = {mac[0]}")
        env.sql(back)
        n = happen("h.back")
        wait_for(lambda: self.state(n, "unbelievable")[0] == "sent", "it is called again")

    def test_a_secret_that_cannot_be_unsealed(self):
        """As after `gatehouse db reseal` under another gateway secret: it waits, says what to do, and dies in the end."""
        self.plain(webhook_allow="127.0.0.0/8 ::1")
        receiver = Receiver(self.CERTIFICATE)
        self.hook("sealed", receiver)
        env.sql("update webhook set secret_sealed = 'AAAA' where name = 'sealed'")
        env.admin("db", "reseal", "--yes")
        n, mail = happen("h.sealed"), happen("x.mail", "bob")
        wait_for(lambda: "cannot be unsealed" in self.state(n, "sealed")[1], "it waits")
        self.await_state(mail, "sent")
        env.sql(f"update delivery set since = now() - interval '4 days', next_at = now() where notification_id = {n}")
        wait_for(lambda: self.state(n, "sealed")[0] == "dead", "given up")
        self.assertEqual(receiver.calls, [])
        env.admin("notify", "webhook", "set", "sealed", "--new-secret")
        env.admin("notify", "retry", "--all")
        wait_for(lambda: self.state(n, "sealed")[0] == "sent", "with a new one it is called")

    def test_set_and_list(self):
        self.plain(webhook_allow="127.0.0.0/8 ::1")
        receiver = Receiver(self.CERTIFICATE)
        secret = self.hook("changed", receiver)
        self.assertNotIn(secret, json.dumps(env.admin("notify", "webhook", "list", "--json")))
        self.assertEqual(env.count("select count(*) from webhook where position('" + secret + "' in webhook::text) > 0"), 0)
        env.admin("notify", "webhook", "test", "changed")
        self.assertEqual(json.loads(receiver.calls[0][2])["event"], "test")
        again = env.admin("notify", "webhook", "set", "changed", "--new-secret", "--json")["secret"]
        self.assertNotEqual(again, secret)
        env.admin("notify", "webhook", "set", "changed", "--disable")
        n = happen("h.off")
        wait_for(lambda: env.sql(f"select state from notification where id = {n}")[0][0] != "waiting", "looked at")
        self.assertEqual(self.state(n, "changed"), ("", ""))
        for args in (["--url", "http://x", "--event", "a"], ["--url", "https://u@x", "--event", "a"], ["--url", "https://x"]):
            self.assertNotEqual(env.admin("notify", "webhook", "add", "bad", *args, check=False).returncode, 0)
        rows = env.sql("select event from audit where event like 'webhook.%' and object = 'changed' order by id")
        self.assertEqual([r[0] for r in rows], ["webhook.created", "webhook.changed", "webhook.changed"])


if __name__ == "__main__":
    tap.main()
