#!/usr/bin/python3
"""What happened is sent: by SMTP to a real mail server, and to servers that fail in every way; at least once, each message to
each address for itself, and nothing else waits for it."""

import os
import re
import signal
import ssl
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import tap
from environment import Environment, read_shell_variables, stop_processes, wait_for
from mail_server import Certificates, Exim, FaultyServer

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


def entry_id(uid):
    var = read_shell_variables(env.dir / "state" / "slapd" / "env")
    out = subprocess.run(["ldapsearch", "-x", "-LLL", "-H", var["LDAP_URI"], "-D", var["LDAP_BIND_DN"], "-w",
                          var["LDAP_BIND_PASSWORD"], "-b", var["LDAP_BASE"], f"(uid={uid})", "entryUUID"],
                         check=True, stdout=subprocess.PIPE, env={**os.environ, "LDAPTLS_CACERT": var["LDAP_CAFILE"]})
    return re.search(r"entryUUID: (\S+)", out.stdout.decode()).group(1)


def happen(event, recipient="alice", audience="requester", object="request 1", facts="{}", rid=None):
    """A row as a trigger writes it; its id."""
    rid = entry_id(recipient) if rid is None and recipient else rid or ""
    quoted = [x.replace("'", "''") for x in (event, audience, recipient, rid, object, facts)]
    return env.count("insert into notification (event, audience, recipient, recipient_id, object, facts) values "
                     f"('{quoted[0]}', '{quoted[1]}', '{quoted[2]}', '{quoted[3]}', '{quoted[4]}', '{quoted[5]}') returning id")


def deliveries(notification):
    return env.sql("select state, address, attempts, coalesce(last_error, '') from delivery "
                   f"where notification_id = {notification} order by id")


def mails(event):
    return [m for m in EXIM.messages() if event in m.get_body(("plain",)).get_content()]


class RealServer(unittest.TestCase):
    def setUp(self):
        env.wait_ready()

    def test_delivered_with_tls_and_log_in(self):
        n = happen("key.recovery-requested", audience="owner", object="key 1234", facts='{"requester": "bob", "required": 2}')
        wait_for(lambda: mails("key.recovery-requested"), "the mail is in the maildir", 30)
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


if __name__ == "__main__":
    tap.main()
