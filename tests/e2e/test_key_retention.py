#!/usr/bin/python3
"""How long archived keys are kept: for ever by default; by rules, after the end of their certificates or when they were made
inactive; never while somebody asks for them. And certificates stay as long as their keys."""

import datetime
import hashlib
import subprocess
import threading
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

import kra_client as kra
import tap
from environment import BUILD, Environment, wait_for

env = Environment("key-retention", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="limits { failures = 10000 }\nkra { repeat = 60 }")
alice, anna, bert = kra.callers(env)
CONF = env.dir / "state" / "gatehouse.conf"
RULES = env.dir / "state" / "rules.conf"
RULES.write_text(CONF.read_text() + "\nkra { retention_days = 30\n inactive_days = 60 }\njobs { retention_days = 10 }\n")
RULES.chmod(0o600)


def certificate(key, days, says=None):
    """A row of the inventory: a certificate of this key that ended so many days ago; `says`: what its row says instead. Its id."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old")])
    cert = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(
        x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=days + 365)).not_valid_after(
            now - datetime.timedelta(days=days)).sign(kra.make_key("P-256"), hashes.SHA256())
    der, spki = cert.public_bytes(serialization.Encoding.DER), kra.spki(key.public_key())
    end = f"to_timestamp({int(now.timestamp()) - 86400 * (days if says is None else says)})"
    return env.count("insert into certificate (ca_id, serial, request_id, subject, sans, requester, status, not_before, not_after, "
                     f"sha1, sha256, spki_sha256, der) select ca_id, decode('{cert.serial_number:040x}', 'hex'), request_id, "
                     f"'CN=old', sans, requester, 20, not_before, {end}, '\\x{hashlib.sha1(der).hexdigest()}', "
                     f"'\\x{hashlib.sha256(der).hexdigest()}', '\\x{hashlib.sha256(spki).hexdigest()}', '\\x{der.hex()}' "
                     "from certificate order by id limit 1 returning id")


def run_job(*args, name="key-retention", check=True, conf=RULES):
    return env.command("job", "run", name, *args, "-c", conf, check=check)


class Case(unittest.TestCase):
    def setUp(self):
        env.wait_ready()

    def state(self, key_id):
        return alice.must(200, "GET", f"/pki/key/{key_id}")["state"]

    def make(self, *ends):
        """A key with certificates that ended so many days ago, and its id."""
        key = kra.make_key("P-256")
        key_id = alice.archive(key)
        for days in ends:
            certificate(key, days)
        return key, key_id

    def deactivate(self, key_id, days):
        etag = anna.send("GET", f"/pki/key/{key_id}").headers["etag"]
        anna.must(200, "PUT", f"/pki/key/{key_id}/status", {"status": "inactive"}, If_Match=etag)
        env.psql(f"update archived_key set state_at = now() - interval '{days} days' where uuid = '{key_id}'")

    def check_destroyed(self, key_id, reason):
        self.assertEqual(self.state(key_id), "destroyed")
        self.assertEqual(env.sql(f"select length(stored) from archived_key where uuid = '{key_id}'"), [["0"]])
        rows = env.sql(f"select outcome, detail from audit where event = 'key.destroyed' and object = 'key {key_id}'")
        self.assertEqual([r[0] for r in rows], ["success"])
        self.assertIn(reason, rows[0][1])
        # nothing brings it back
        self.assertEqual(alice.send("POST", "/pki/keyrequest/recovery", {"key_id": key_id}).status, 409)
        reply = anna.send("PUT", f"/pki/key/{key_id}/status", {"status": "active"}, If_Match="*")
        self.assertEqual((reply.status, reply.json["message"]), (409, "The key was destroyed."))


class Rules(Case):
    def test_for_ever_by_default(self):
        _, key_id = self.make(3650)
        self.assertIn("kept for ever", run_job(conf=CONF))
        self.assertIn("nothing is due", run_job("--dry-run", conf=CONF))
        self.assertEqual(self.state(key_id), "active")
        run_job()

    def test_after_the_end_of_the_last_certificate(self):
        (_, gone), (_, kept), (_, both), (_, none) = self.make(31), self.make(29), self.make(100, 5), self.make()
        self.assertIn("would destroy 1 archived keys", run_job("--dry-run"))
        self.assertEqual(self.state(gone), "active")
        self.assertIn("1 keys destroyed, 0 are asked for", run_job())
        self.check_destroyed(gone, "its certificate ended 20")
        self.assertEqual([self.state(k) for k in (kept, both, none)], ["active"] * 3)
        self.assertIn("0 keys destroyed", run_job())
        # its client id is free, and the request that archived it is still told of
        requests = alice.must(200, "GET", f"/pki/keyrequests?key_id={gone}")["entries"]
        self.assertEqual([(r["type"], r["state"], r["key_id"]) for r in requests], [("archival", "complete", gone)])

    def test_after_it_was_made_inactive(self):
        (_, gone), (_, kept), (_, again) = self.make(), self.make(), self.make()
        self.deactivate(gone, 61)
        self.deactivate(kept, 59)
        self.deactivate(again, 61)
        anna.must(200, "PUT", f"/pki/key/{again}/status", {"status": "active"}, If_Match="*")
        self.assertIn("1 keys destroyed", run_job())
        self.check_destroyed(gone, "inactive for more than 60 days")
        self.assertEqual([self.state(k) for k in (kept, again)], ["inactive", "active"])

    def test_many(self):
        """More than one window of rows."""
        _, key_id = self.make(40)
        env.psql("select setval('archived_key_id_seq', (select max(id) + 12000 from archived_key))")
        _, other = self.make(40)
        self.assertIn("2 keys destroyed", run_job())
        self.check_destroyed(key_id, "ended")
        self.check_destroyed(other, "ended")


class AskedFor(Case):
    def test_open_request_keeps_it(self):
        key, key_id = self.make(40)
        request = alice.approved(key_id, anna)
        self.assertIn("would leave 1, which are asked for", run_job("--dry-run"))
        self.assertIn("0 keys destroyed, 1 are asked for", run_job())
        self.assertEqual(bert.decide(request, "approved").status, 200)
        self.assertIn("1 are asked for", run_job())
        self.assertEqual(alice.retrieve(key_id, request), kra.pkcs8(key))
        # an answer may have been lost
        self.assertIn("1 are asked for", run_job())
        self.assertEqual(alice.retrieve(key_id, request), kra.pkcs8(key))
        env.psql(f"update key_request set released_at = now() - interval '61 seconds' where id = {request}")
        self.assertIn("1 keys destroyed", run_job())
        self.check_destroyed(key_id, "ended")
        reply = alice.send("POST", f"/pki/key/{key_id}", {"request": request, **kra.Receiver(alice.transport()).body})
        self.assertEqual(reply.status, 409)

    def test_request_that_was_ended_does_not(self):
        _, key_id = self.make(40)
        request = alice.approved(key_id)
        self.assertEqual(anna.decide(request, "rejected").status, 200)
        self.assertIn("1 keys destroyed", run_job())
        self.check_destroyed(key_id, "ended")

    def test_asked_for_at_the_same_time(self):
        """Who asks comes before the end or behind it: there is no open request for a key that is gone."""
        _, key_id = self.make(40)
        row = env.count(f"select id from archived_key where uuid = '{key_id}'")
        with env.session(f"begin; select 1 from archived_key where id = {row} for key share; insert into key_request (type, state, "
                         "key_id, requester, requester_dn, requester_id, requester_kind, required, requester_counts, is_signed, "
                         f"approvals, mark, expires_at) values ('recovery', 'pending', {row}, 'o', '', '', 1, 2, false, false, 0, "
                         "sha256('once'), now() + interval '1 hour')") as session:
            job = subprocess.Popen([str(BUILD / "gatehouse"), "job", "run", "key-retention", "-c", str(RULES)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            wait_for(self.waits, "the job waits")
            session.commit()
        self.assertIn(b"0 keys destroyed, 1 are asked for", job.communicate(timeout=60)[0])
        self.assertEqual(self.state(key_id), "active")
        env.psql(f"update key_request set state = 'rejected' where key_id = {row} and type = 'recovery'")
        replies = []
        with env.session(f"begin; update archived_key set state = 'destroyed', stored = '' where id = {row}; "
                         f"select 1 from archived_key where id = {row} for update") as session:
            thread = threading.Thread(target=lambda: replies.append(alice.send("POST", "/pki/keyrequest/recovery",
                                                                               {"key_id": key_id})))
            thread.start()
            wait_for(self.waits, "the request waits")
            session.commit()
        thread.join(60)
        self.assertEqual(replies[0].status, 409, replies[0].body)
        self.assertEqual(env.count(f"select count(*) from key_request where key_id = {row} and type = 'recovery'"), 1)

    @staticmethod
    def waits():
        return env.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and usename = 'gatehouse'") > 0


class Hostile(Case):
    """Rows that lie do not make Gatehouse destroy a key, and give the audit trail no false reason."""

    def check_kept(self, key_id):
        done = run_job(check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"1 archived keys are kept: a certificate is not what its row says", done.stderr)
        self.assertEqual(self.state(key_id), "active")
        self.assertEqual(env.count(f"select count(*) from audit where event = 'key.destroyed' and object = 'key {key_id}'"), 0)

    def test_end_that_was_moved(self):
        key, key_id = self.make()
        row = certificate(key, 5, says=100)
        self.check_kept(key_id)
        env.psql(f"delete from certificate where id = {row}")
        run_job()

    def test_certificate_of_another_key(self):
        key, key_id = self.make()
        row = certificate(kra.make_key("P-256"), 100)
        env.psql(f"update archived_key set certificate_id = {row} where uuid = '{key_id}'")
        self.check_kept(key_id)
        env.psql(f"update archived_key set certificate_id = null where uuid = '{key_id}'")
        run_job()


class Certificates(Case):
    def test_they_stay_as_long_as_their_keys(self):
        """A PKCS#12 is made with them."""
        key, key_id = self.make()
        by_key, other = certificate(key, 20), certificate(kra.make_key("P-256"), 20)
        run_job(name="retention")
        self.assertEqual(env.sql(f"select id from certificate where id in ({by_key}, {other})"), [[str(by_key)]])
        self.assertIn("nothing is due", run_job("--dry-run", name="retention"))
        # by its certificate, however its key is known
        env.psql(f"update certificate set spki_sha256 = sha256('x') where id = {by_key};"
                 f"update archived_key set certificate_id = {by_key} where uuid = '{key_id}'")
        run_job(name="retention")
        self.assertEqual(env.count(f"select count(*) from certificate where id = {by_key}"), 1)
        self.deactivate(key_id, 61)
        self.assertIn("1 keys destroyed", run_job())
        self.assertIn("would remove 1", run_job("--dry-run", name="retention"))
        self.assertIn("1 certificates removed", run_job(name="retention"))
        self.assertEqual(self.state(key_id), "destroyed")


if __name__ == "__main__":
    tap.main()
