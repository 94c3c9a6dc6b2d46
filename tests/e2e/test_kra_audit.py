#!/usr/bin/python3
"""Each event of keys, key requests and requests in the audit trail, successes too: by whom, about what, and sealed. Each test
carries the event's name. And that neither the trail, nor the log, nor a notification has a secret in it."""

import json
import os
import unittest

from cryptography import x509

import der
import kra_client as kra
import tap
from environment import Environment, wait_for
from person import Person

env = Environment("kra-audit", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="""
limits { failures = 10000 }
roles { officer_groups = "pki-officers" }
""")
var = env.var
alice, bob = Person(var["GATEHOUSE_USER"], var["GATEHOUSE_PASSWORD"], env), Person("bob", "bob-secret", env)
carol = Person("carol", "carol-secret", env)  # officer
anna = Person(var["GATEHOUSE_AGENT_USER"], var["GATEHOUSE_AGENT_PASSWORD"], env)
bert = Person(var["GATEHOUSE_AGENT2_USER"], var["GATEHOUSE_AGENT2_PASSWORD"], env)
PKCS8_KEY = der.Key(env.scratch, "ec:P-256")
ALICE = "EXAMPLE\\alice"
SECRETS = []  # bytes and texts that must be nowhere


def transport():
    """As it is now: one of the tests renews it."""
    return x509.load_der_x509_certificate(
        alice.get("/pki/config/kra/cert/transport", Accept="application/pkix-cert").body).public_key()


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.last = env.count("select coalesce(max(id), 0) from audit")

    def expect(self, reply, status):
        self.assertEqual(reply.status, status, reply.body)
        return reply.json

    def rows(self, event):
        return env.sql("select outcome, actor, object, coalesce(detail, ''), request_id is not null, address from audit "
                       f"where id > {self.last} and event = '{event}' order by id")

    def audited(self, event, actor, object_, outcome="success", detail="", times=1):
        """So many rows since the test began, all of this kind; detail is a part of each."""
        rows = wait_for(lambda: len(r := self.rows(event)) >= times and r, event)
        if event.startswith("key."):
            self.logged(event)
        self.assertEqual([r[:3] for r in rows], [[outcome, actor, object_]] * times)
        for row in rows:
            self.assertIn(detail, row[3])
            if not actor.endswith(HOST):
                self.assertEqual(row[4:], ["t", "127.0.0.1"])
        return rows

    def logged(self, event):
        """The line of the call has the event, and the request id of the row."""
        number = env.sql(f"select request_id from audit where event = '{event}' order by id desc limit 1")[0][0]
        line = wait_for(lambda: next((x for x in env.log().splitlines() if number in x and event in x), None), f"{event} in the log")
        self.assertIn(f'"event":"{event}"', line)

    def archive(self, who=alice, **more):
        secret = os.urandom(32)
        body = {"kind": "symmetric_key", **kra.wrapped_secret(transport(), secret), **more}
        SECRETS.extend((secret, body["session_key"]["value"], body["secret"]["value"]))
        return self.expect(who.post("/pki/keyrequest/archive", body), 201)["key_id"]

    def request(self, key_id, who=alice, **more):
        return self.expect(who.post("/pki/keyrequest/recovery", {"key_id": key_id, **more}), 201)["id"]

    def retrieve(self, key_id, request, who=alice):
        receiver = kra.Receiver(transport())
        reply = who.post(f"/pki/key/{key_id}", {"request": request, **receiver.body})
        SECRETS.extend((receiver.key, receiver.body["session_key"]["value"], (reply.json or {}).get("value", "-" * 40)))
        return reply


HOST = "@" + os.uname().nodename


class Keys(Case):
    def test_key_archived(self):
        key_id = self.archive(client_id="one")
        self.audited("key.archived", ALICE, f"key {key_id}", detail="request ")

    def test_key_archive_refused(self):
        body = {"kind": "symmetric_key", "client_id": "two", "owner": "bob", **kra.wrapped_secret(transport(), bytes(32))}
        self.expect(alice.post("/pki/keyrequest/archive", body), 403)
        self.audited("key.archive-refused", ALICE, "bob", "failure", "agent")

    def generate(self, who=alice, **more):
        receiver = kra.Receiver(transport())
        SECRETS.extend((receiver.key, receiver.body["session_key"]["value"]))
        reply = who.post("/pki/keyrequest/generate", {"key_type": "EC", "key_size": 256, **receiver.body, **more})
        return reply

    def test_key_generated(self):
        made = self.expect(self.generate(archive=True), 207)
        self.audited("key.generated", ALICE, f"key {made['key_id']}")

    def test_key_generate_refused(self):
        self.expect(self.generate(owner="bob"), 403)
        self.audited("key.generate-refused", ALICE, "bob", "failure", "agent")

    def test_key_deactivated_and_key_activated(self):
        key_id = self.archive()
        path = f"/pki/key/{key_id}/status"
        for status, event in (("inactive", "key.deactivated"), ("active", "key.activated")):
            self.expect(anna.send("PUT", path, {"status": status, "comment": "ticket 7"}, If_Match="*"), 200)
            self.audited(event, "anna", f"key {key_id}", detail="ticket 7")

    def test_key_change_refused(self):
        key_id = self.archive()
        self.expect(anna.send("PUT", f"/pki/key/{key_id}/status", {"status": "active"}, If_Match="*"), 409)
        self.audited("key.change-refused", "anna", key_id, "failure", "already")
        self.expect(alice.send("PUT", f"/pki/key/{key_id}/status", {"status": "inactive"}, If_Match="*"), 403)
        self.audited("access.denied", ALICE, "pki.key.change", "failure")


class Recoveries(Case):
    def setUp(self):
        self.key_id = self.archive()
        super().setUp()

    def test_key_recovery_requested(self):
        request = self.request(self.key_id, comment="new laptop")
        self.audited("key.recovery-requested", ALICE, f"key {self.key_id}", detail=f"request {request}: new laptop")

    def test_key_recovery_refused(self):
        self.expect(bob.post("/pki/keyrequest/recovery", {"key_id": self.key_id}), 404)
        self.audited("key.recovery-refused", "EXAMPLE\\bob", self.key_id, "failure")

    def test_key_recovery_approved(self):
        request = self.request(self.key_id)
        for n, agent in ((1, anna), (2, bert)):
            self.expect(agent.decide(request, "approved", comment="he called"), 200)
            rows = self.rows("key.recovery-approved")
            self.assertEqual([r[1] for r in rows], ["anna", "bert"][:n])
            self.assertEqual(rows[-1][3], f"request {request}, approval {n} of 2: he called")

    def test_key_recovery_rejected(self):
        request = self.request(self.key_id)
        self.expect(bert.decide(request, "rejected", comment="no"), 200)
        self.audited("key.recovery-rejected", "bert", f"key {self.key_id}", detail=f"request {request}: no")

    def test_key_recovery_canceled(self):
        request = self.request(self.key_id)
        self.expect(alice.decide(request, "canceled"), 200)
        self.audited("key.recovery-canceled", ALICE, f"key {self.key_id}", detail=f"request {request}")

    def test_key_recovery_expired(self):
        request = self.request(self.key_id)
        env.sql(f"update key_request set expires_at = now() - interval '1 s' where id = {request}")
        env.admin("job", "run", "key-requests")
        rows = wait_for(lambda: self.rows("key.recovery-expired"), "key.recovery-expired")
        self.assertEqual([r[0] for r in rows] + [r[2] for r in rows], ["success", f"key {self.key_id}"])
        self.assertTrue(rows[0][1].endswith(HOST), rows)

    def test_key_decision_refused(self):
        request = self.request(self.key_id, anna)
        self.expect(anna.decide(request, "approved"), 403)
        self.expect(alice.decide(request, "rejected"), 403)
        rows = self.rows("key.decision-refused")
        self.assertEqual([r[:3] for r in rows], [["failure", who, f"key request {request}"] for who in ("anna", ALICE)])

    def test_key_retrieval_refused(self):
        request = self.request(self.key_id)
        self.expect(self.retrieve(self.key_id, request), 409)
        self.audited("key.retrieval-refused", ALICE, f"key request {request}", "failure", "0 of 2")
        self.expect(self.retrieve(self.key_id, request, bert), 403)
        self.assertEqual(len(self.rows("key.retrieval-refused")), 2)

    def test_key_recovered_and_key_recovered_again(self):
        request = self.request(self.key_id)
        for agent in (anna, bert):
            self.expect(agent.decide(request, "approved"), 200)
        self.expect(self.retrieve(self.key_id, request), 200)
        self.audited("key.recovered", ALICE, f"key {self.key_id}", detail=f"request {request}")
        self.assertEqual(self.rows("key.recovered-again"), [])
        for n in (1, 2):
            self.expect(self.retrieve(self.key_id, request), 200)
            self.audited("key.recovered-again", ALICE, f"key {self.key_id}", detail=f"request {request}", times=n)

    def test_key_recovery_failed(self):
        request = self.request(self.key_id)
        for agent in (anna, bert):
            self.expect(agent.decide(request, "approved"), 200)
        env.sql(f"update archived_key set stored = stored || '\\x00' where uuid = '{self.key_id}'")
        self.assertGreaterEqual(self.retrieve(self.key_id, request).status, 500)
        self.assertEqual([r[:3] for r in self.rows("key.recovery-failed")], [["failure", ALICE, f"key {self.key_id}"]])


class Requests(Case):
    def submit(self, profile, subject=(), who=alice, dns=None):
        extensions = [der.extension("subjectAltName", der.san(dns=[dns]))] if dns else []
        csr = der.csr(PKCS8_KEY, subject=list(subject) or [("CN", "x")], extensions=extensions)
        return who.post(f"/pki/request/{profile}", {"pkcs10": kra.b64(csr)})

    def pending(self):
        host = "audit.example.test"
        return self.expect(self.submit("WebServer", [("CN", host)], dns=host), 201)["id"]

    def decide(self, who, number, status, **more):
        path = f"/pki/request/{number}/status"
        return who.send("PUT", path, {"status": status, **more}, If_Match=who.get(path).headers["etag"])

    def test_enroll_issued_and_enroll_pending(self):
        made = self.expect(self.submit("User"), 201)
        self.audited("enroll.issued", ALICE, made["certificate"]["serial"])
        self.pending()
        self.audited("enroll.pending", ALICE, "WebServer")

    def test_enroll_denied(self):
        host = "elsewhere.test"
        self.assertIn(self.submit("WebServer", [("CN", "audit.example.test")], dns="*." + host).status, (400, 403))
        rows = self.rows("enroll.denied") + self.rows("enroll.refused")
        self.assertEqual([r[:3] for r in rows], [["failure", ALICE, "WebServer"]])

    def test_enroll_refused(self):
        number = self.pending()
        self.expect(self.decide(carol, number, "rejected"), 200)
        self.expect(self.decide(carol, number, "approved"), 409)
        self.audited("enroll.refused", "EXAMPLE\\carol", f"request {number}", "failure")

    def test_request_approved(self):
        number = self.pending()
        self.expect(self.decide(carol, number, "approved", comment="ticket 9"), 200)
        serial = env.sql(f"select hex_upper(serial) from certificate where request_id = {number}")[0][0]
        self.audited("request.approved", "EXAMPLE\\carol", f"request {number} {serial}", detail="ticket 9")

    def test_request_denied(self):
        number = self.pending()
        self.expect(self.decide(carol, number, "rejected", comment="not ours"), 200)
        self.audited("request.denied", "EXAMPLE\\carol", f"request {number}", detail="not ours")

    def test_request_canceled(self):
        number = self.pending()
        self.expect(self.decide(alice, number, "canceled"), 200)
        self.audited("request.canceled", ALICE, f"request {number}")

    def test_auth_failed(self):
        self.expect(Person("alice", "wrong-" + "password", env).get("/pki/keys"), 401)
        self.assertEqual(len(self.rows("auth.failed")), 1)

    def test_access_denied(self):
        self.expect(alice.get("/pki/audit"), 403)
        self.audited("access.denied", ALICE, "pki.audit", "failure")


class Authority(Case):
    """What the command does to the KRA."""

    def test_kra_created(self):
        self.last = 0
        self.assertGreaterEqual(len(self.rows("kra.created")), 1)

    def test_kra_policy_set(self):
        spec = env.scratch / "policy.json"
        spec.write_text(json.dumps({"name": "audited", "required": 1, "agents": [{"id": "anna", "name": "anna"}]}))
        env.admin("kra", "policy", spec)
        rows = self.rows("kra.policy-set")
        self.assertEqual([(r[0], "audited" in r[2]) for r in rows], [("success", True)])

    def test_kra_transport_renewed(self):
        env.admin("kra", "renew", "--ca", "issuing")
        self.assertEqual([r[0] for r in self.rows("kra.transport-renewed")], ["success"])

    def test_kra_password(self):
        good, wrong = env.scratch / "good", env.scratch / "wrong"
        good.write_text("correct horse battery\n")
        wrong.write_text("incorrect horse battery\n")
        SECRETS.extend(("correct horse battery", "incorrect horse battery"))
        env.admin("kra", "password", "set", "--password-file", good)
        env.admin("kra", "password", "lock")
        env.admin("kra", "password", "unlock", "--password-file", wrong, check=False)
        env.admin("kra", "password", "unlock", "--password-file", good)
        env.admin("kra", "password", "remove", "--password-file", good)
        rows = env.sql(f"select event, outcome from audit where id > {self.last} and event like 'kra.password.%' order by id")
        self.assertEqual(rows, [["kra.password.set", "success"], ["kra.password.lock", "success"], ["kra.password.unlock", "failure"],
                                ["kra.password.unlock", "success"], ["kra.password.remove", "success"]])


class Zlast(Case):
    """Runs behind the others: over all that they did."""

    def test_trail_is_sealed_and_right(self):
        env.admin("job", "run", "audit-seal")
        self.assertEqual(env.admin("audit", "verify", check=False).returncode, 0)
        self.assertEqual(env.count("select count(*) from audit a where (event like 'key.%' or event like 'kra.%') and not exists "
                                   "(select from audit_leaf where audit_id = a.id)"), 0)

    def test_no_secret_in_trail_log_and_notifications(self):
        self.assertGreater(len(SECRETS), 40)
        texts = {"trail": env.admin("audit", "export"), "notifications": json.dumps(env.admin("notification", "list", "--limit", "0", "--json")),
                 "log": env.log()}
        for name, text in texts.items():
            self.assertIn("key", text, name)
            for secret in SECRETS:
                forms = [secret] if isinstance(secret, str) else [kra.b64(secret), secret.hex(), secret.hex().upper()]
                for form in forms:
                    self.assertNotIn(form, text, name)


if __name__ == "__main__":
    tap.main()
