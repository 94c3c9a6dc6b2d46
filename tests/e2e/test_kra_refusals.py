#!/usr/bin/python3
"""What the routes of the KRA refuse, and that a call which comes again does nothing twice."""

import concurrent.futures
import unittest

from cryptography import x509

import kra_client as kra
import tap
from environment import Environment
from person import Person

OPEN_MAX = 6
env = Environment("kra-refusals", GATEHOUSE_KRA="RSA-3072", GATEHOUSE_CONF_EXTRA=f"""
limits {{ failures = 10000 }}
kra {{ open_requests = {OPEN_MAX} }}
""")
var = env.var
ARCHIVE, RECOVERY = "/pki/keyrequest/archive", "/pki/keyrequest/recovery"


def who(name):
    """A caller with a connection of his own."""
    users = {"alice": ("GATEHOUSE_USER", "GATEHOUSE_PASSWORD"), "anna": ("GATEHOUSE_AGENT_USER", "GATEHOUSE_AGENT_PASSWORD"),
             "bert": ("GATEHOUSE_AGENT2_USER", "GATEHOUSE_AGENT2_PASSWORD")}
    return Person(*(var[v] for v in users[name]), env) if name in users else Person(name, f"{name}-secret", env)


alice, bob, anna, bert = (who(name) for name in ("alice", "bob", "anna", "bert"))
TRANSPORT = x509.load_der_x509_certificate(
    alice.get("/pki/config/kra/cert/transport", Accept="application/pkix-cert").body).public_key()


class Case(unittest.TestCase):
    def expect(self, reply, status):
        self.assertEqual(reply.status, status, reply.body)
        return reply.json

    @staticmethod
    def body(key, **more):
        return {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())),
                **kra.wrapped_secret(TRANSPORT, kra.pkcs8(key)), **more}

    def archive(self, key, person=alice, **more):
        return self.expect(person.post(ARCHIVE, self.body(key, **more)), 201)["key_id"]

    def ask(self, key_id, person=alice, **more):
        made = self.expect(person.post(RECOVERY, {"key_id": key_id, **more}), 201)
        self.addCleanup(person.decide, made["id"], "canceled")
        return made["id"]

    def approved(self, key_id, person=alice):
        request = self.ask(key_id, person)
        for agent in (anna, bert):
            self.expect(agent.decide(request, "approved"), 200)
        return request

    def count(self, table, where="true"):
        return env.count(f"select count(*) from {table} where {where}")


class Again(Case):
    """Idempotency-Key."""

    def test_archival(self):
        key = kra.make_key("P-256")
        body = self.body(key, client_id="again")
        before = self.count("archived_key"), self.count("audit", "event = 'key.archived'")
        first = self.expect(alice.post(ARCHIVE, body, Idempotency_Key="a-1"), 201)
        reply = alice.post(ARCHIVE, body, Idempotency_Key="a-1")
        self.assertEqual(self.expect(reply, 201), first)
        self.assertEqual(reply.headers["location"], first["links"]["request"])
        self.assertEqual((self.count("archived_key"), self.count("audit", "event = 'key.archived'")), tuple(n + 1 for n in before))
        # for something else, by somebody else, without one, with another one
        self.assertIn("Idempotency-Key", self.expect(alice.post(ARCHIVE, self.body(key), Idempotency_Key="a-1"), 409)["message"])
        self.assertNotEqual(self.expect(bob.post(ARCHIVE, body, Idempotency_Key="a-1"), 201)["key_id"], first["key_id"])
        self.assertIn("client id", self.expect(alice.post(ARCHIVE, body), 409)["message"])
        self.assertIn("client id", self.expect(alice.post(ARCHIVE, body, Idempotency_Key="a-2"), 409)["message"])
        for bad in ("", "x" * 256, "\x7f"):
            self.expect(alice.post(ARCHIVE, body, Idempotency_Key=bad), 400)

    def test_refused_ones_are_not_remembered(self):
        body = self.body(kra.make_key("P-256"))
        broken = {**body, "secret": {**body["secret"], "value": kra.b64(bytes(200))}}
        for _ in range(2):
            self.expect(alice.post(ARCHIVE, broken, Idempotency_Key="a-3"), 422)
        self.expect(alice.post(ARCHIVE, body, Idempotency_Key="a-3"), 201)

    def test_eight_at_the_same_moment(self):
        body = self.body(kra.make_key("P-256"), client_id="race")
        before = self.count("archived_key")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: who("alice").post(ARCHIVE, body, Idempotency_Key="a-4"), range(8)))
        self.assertEqual({r.status for r in replies}, {201}, [r.body for r in replies])
        self.assertEqual(len({r.json["key_id"] for r in replies}), 1)
        self.assertEqual(self.count("archived_key"), before + 1)

    def test_recovery(self):
        key_id, other = self.archive(kra.make_key("P-256")), self.archive(kra.make_key("P-256"))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: who("alice").post(RECOVERY, {"key_id": key_id}, Idempotency_Key="r-1"), range(8)))
        self.assertEqual({r.status for r in replies}, {201}, [r.body for r in replies])
        ids = {r.json["id"] for r in replies}
        self.assertEqual(len(ids), 1)
        request = ids.pop()
        self.addCleanup(alice.decide, request, "canceled")
        self.expect(alice.post(RECOVERY, {"key_id": other}, Idempotency_Key="r-1"), 409)
        self.expect(anna.decide(request, "approved"), 200)
        seen = self.expect(alice.post(RECOVERY, {"key_id": key_id}, Idempotency_Key="r-1"), 201)
        self.assertEqual((seen["id"], seen["state"], seen["missing"]), (request, "pending", 1))
        self.expect(anna.decide(request, "rejected"), 200)
        seen = self.expect(alice.post(RECOVERY, {"key_id": key_id}, Idempotency_Key="r-1"), 201)
        self.assertEqual((seen["id"], seen["state"]), (request, "rejected"))
        # another's key of the same text is another key
        made = self.expect(anna.post(RECOVERY, {"key_id": key_id}, Idempotency_Key="r-1"), 201)
        self.addCleanup(anna.decide, made["id"], "canceled")
        self.assertNotEqual(made["id"], request)


class Limit(Case):
    def test_open_requests_of_one_requester(self):
        key_id = self.archive(kra.make_key("P-256"), bob)
        requests = [self.ask(key_id, bob) for _ in range(OPEN_MAX)]
        for _ in range(2):
            reply = bob.post(RECOVERY, {"key_id": key_id})
            self.assertEqual(self.expect(reply, 409)["code"], "conflict")
            self.assertIn(f"{OPEN_MAX} requests", reply.json["message"])
        self.assertGreaterEqual(self.count("audit", "event = 'key.recovery-refused' and actor like '%bob'"), 2)
        self.ask(key_id, anna)  # others are not concerned
        # what has ended counts no more: canceled, rejected, expired
        self.expect(bob.decide(requests[0], "canceled"), 200)
        self.ask(key_id, bob)
        self.expect(bob.post(RECOVERY, {"key_id": key_id}), 409)
        self.expect(anna.decide(requests[1], "rejected"), 200)
        self.ask(key_id, bob)
        self.expect(bob.post(RECOVERY, {"key_id": key_id}), 409)
        env.psql(f"update key_request set expires_at = now() - interval '1 s' where id = {requests[2]}")
        self.ask(key_id, bob)
        self.expect(bob.post(RECOVERY, {"key_id": key_id}), 409)


if __name__ == "__main__":
    tap.main()
