#!/usr/bin/python3
"""From a request to the mail about it: what happens is written, people are found, words are made and sent to a real mail server. The
mails are read by Python's e-mail parser and by html5lib, whatever somebody wrote into the values."""

import json
import tempfile
import unittest
from pathlib import Path

import html5lib

import der
import tap
from client import Client
from environment import Environment, wait_for
from mail_server import Certificates, Exim

made = tempfile.TemporaryDirectory(prefix="gatehouse-mails-", dir="/tmp")
MAIL = Path(made.name)
MAIL.chmod(0o755)
TLS = Certificates(MAIL / "tls")
EXIM = Exim(MAIL / "exim", TLS)
(MAIL / "password").write_text(EXIM.PASSWORD + "\n")
(MAIL / "password").chmod(0o600)
URL = "https://pki.example.test"
env = Environment("mails", GATEHOUSE_CONF_EXTRA=f"""
jobs {{ crl = 0 ocsp_signer = 0 server_certificate = 0 expiry_notices = 0 ca_notices = 0 audit_seal = 0 key_requests = 0
       notifications = 0 retention = 0 notify = 1 expiry_days = "30" ca_expiry_days = "90" }}
roles {{ officer_groups = "externals" admin_groups = "ring-a" }}
notify {{ smtp_url = "smtps://localhost:{EXIM.smtps}" smtp_user = "{EXIM.USER}" smtp_password_file = "{MAIL / 'password'}"
         ca_file = "{TLS.ca}" from = "pki@example.test" url = "{URL}" messages_per_hour = 0 address_per_day = 0 }}
""")
KEY = der.Key(env.scratch, "ec:P-256")
EVIL = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\r\nBcc: eve@example.test\r\n\r\n.\r\n\u202e\"'&<a href=https://evil.example>"
HEADERS = {"return-path", "envelope-to", "received", "date", "from", "to", "subject", "message-id", "mime-version", "content-type",
           "auto-submitted", "x-auto-response-suppress"}


class Mails(unittest.TestCase):
    def setUp(self):
        env.wait_ready()
        self.alice = Client(env)
        self.seen = {m["Message-ID"] for m in EXIM.messages()}

    def mails(self, n):
        """The next n mails, by address."""
        def arrived():
            new = [m for m in EXIM.messages() if m["Message-ID"] not in self.seen]
            return new if len(new) >= n else None
        new = wait_for(arrived, f"{n} mails")
        wait_for(lambda: not env.count("select count(*) from notification where state = 'waiting'") and
                 not env.count("select count(*) from delivery where state = 'waiting'"), "all is sent")
        new = [m for m in EXIM.messages() if m["Message-ID"] not in self.seen]
        self.assertEqual(len(new), n, [m["Subject"] for m in new])
        self.seen |= {m["Message-ID"] for m in new}
        for m in new:
            self.check(m)
        return {m["Envelope-To"]: m for m in new}

    def check(self, mail):
        """One mail, with a text and an HTML part, in which nothing runs or leads elsewhere."""
        self.assertLessEqual({k.lower() for k in mail.keys()}, HEADERS)
        self.assertEqual(len(mail.get_all("To")), 1)
        parts = [p.get_content_type() for p in mail.walk()]
        self.assertEqual(parts, ["multipart/alternative", "text/plain", "text/html"])
        root = html5lib.parse(mail.get_body(("html",)).get_content(), treebuilder="etree", namespaceHTMLElements=False)
        self.assertLessEqual({e.tag for e in root.iter()}, {"html", "head", "meta", "title", "body", "p", "table", "tbody", "tr", "th", "td", "a",
                                                            "br", "hr"})
        for e in root.iter():
            self.assertFalse([a for a in e.attrib if a.startswith("on")])
            if e.tag == "a":
                self.assertTrue(e.attrib["href"].startswith(URL + "/requests/"), e.attrib)
        text, shown = mail.get_body(("plain",)).get_content(), " ".join(root.itertext())
        for line in text.splitlines():
            for word in line.split(): # both parts say the same
                self.assertTrue(word.rstrip(":") in shown or word == "--", (word, shown))

    def pending(self, host):
        csr = der.csr(KEY, subject=[("CN", host)], extensions=[der.extension("subjectAltName", der.san(dns=[host]))])
        reply = self.alice.enroll(csr, template="WebServer")
        self.assertEqual(reply.json["RequestDisposition"], "Pending", reply.body)
        return reply.json["CMSRequestId"]

    @staticmethod
    def text(mail):
        return mail.get_body(("plain",)).get_content()

    def test_request_and_approval(self):
        number = self.pending("shop.example.test")
        mail = self.mails(1)["bob@example.test"]  # the officer
        self.assertEqual(mail["Subject"], f"Request {number} waits for an officer")
        self.assertIn(f"{URL}/requests/{number}", self.text(mail))
        self.assertIn("Template: WebServer", self.text(mail))
        env.admin("request", "approve", number, "--comment", "looked at")
        mail = self.mails(1)["alice@example.test"]
        self.assertEqual(mail["Subject"], f"Request {number} was approved")
        self.assertIn("Hello Alice Adams,", self.text(mail))
        self.assertIn("CN=shop.example.test", self.text(mail))

    def test_denied_with_words_of_an_officer(self):
        number = self.pending("no.example.test")
        self.mails(1)
        env.admin("request", "deny", number, "--comment", EVIL.replace("\r\n", " "))
        mail = self.mails(1)["alice@example.test"]
        self.assertIn("<script>", self.text(mail))

    def test_revoked(self):
        reply = self.alice.enroll(der.csr(KEY))
        serial = env.sql(f"select hex_upper(serial) from certificate where id = {reply.json['CMSID']}")[0][0]
        env.admin("cert", "revoke", serial, "--reason", "keyCompromise", "--comment", EVIL.replace("\r\n", " "), "--yes")
        mail = self.mails(1)["alice@example.test"]
        self.assertEqual(mail["Subject"], f"Certificate {serial} was revoked")
        self.assertIn("Reason: the key is compromised", self.text(mail))

    def test_expiring(self):
        reply = self.alice.enroll(der.csr(KEY))
        env.without_triggers("update certificate set not_before = now() - interval '300 days', not_after = now() + interval '20 days' "
                             f"where id = {reply.json['CMSID']}")
        env.admin("job", "run", "expiry-notices")
        mail = self.mails(1)["alice@example.test"]
        self.assertIn(" UTC", mail["Subject"])
        self.assertIn("30 days or fewer", self.text(mail))

    def test_ca_ends(self):
        [[number, begins, ends]] = env.sql("select id, not_before, not_after from ca where name = 'issuing'")
        self.addCleanup(env.sql, f"update ca set not_before = '{begins}', not_after = '{ends}' where id = {number}")
        env.sql(f"update ca set not_before = now() - interval '1 year', not_after = now() + interval '60 days' where id = {number}")
        env.admin("job", "run", "ca-notices")
        self.assertIn("CA issuing expires on", self.mails(1)["erin@example.test"]["Subject"])

    def test_hostile_values_of_each_event(self):
        """In each fact, name and language; to somebody whom we know and to a stranger."""
        events = env.admin("notify", "preview", "--json")
        rid = env.sql("select requester_id from request where requester_id <> '' limit 1")
        rid = rid[0][0] if rid else None
        if rid is None:
            self.alice.enroll(der.csr(KEY))
            rid = env.sql("select requester_id from request limit 1")[0][0]
        facts = {name: EVIL for name in ("subject", "serial", "template", "requester", "owner", "application", "ca", "key", "kind", "purpose",
                                         "client_id", "submitted_at", "not_after", "next_update", "reason", "revoked_at", "revoked_by", "message",
                                         "comment", "agents", "resolved_by", "resolution", "metadata", EVIL)}
        for i, event in enumerate(events):
            quoted = json.dumps({**facts, "request": i + 1}).replace("'", "''")
            for audience, recipient, entry in (("requester", "x", rid), ("address", f"web{i}@example.test", "")):
                env.sql("insert into notification (event, audience, recipient, recipient_id, recipient_kind, language, object, facts) values "
                        f"('{event}', '{audience}', '{recipient}', '{entry}', 1, $l${EVIL[:30]}$l$, $o${EVIL}$o$, '{quoted}')")
        mails = self.mails(2 * len(events))
        self.assertEqual(len(mails), len(events) + 1)
        self.assertNotIn("eve@example.test", {m["Envelope-To"] for m in EXIM.messages()})
        for address, mail in mails.items():
            if address.startswith("web"):
                self.assertNotIn("metadata", self.text(mail))


if __name__ == "__main__":
    tap.main()
