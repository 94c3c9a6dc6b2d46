#!/usr/bin/python3
"""Keys that the KRA makes, over REST: unwrapped by a client that others wrote (Python's cryptography), archived and
recovered, for persons and tokens; a repeated call gives the same key, never a second one; bad input, and a KRA or
database that goes away."""

import base64
import concurrent.futures
import os
import signal
import time
import unittest
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

import der
import kra_client as kra
import tap
from client import Client
from environment import Environment, wait_for
from memory_search import search_everywhere
from person import Person

env = Environment("kra-generate", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="limits { failures = 10000 }")
var = env.var
alice = Person(var["GATEHOUSE_USER"], var["GATEHOUSE_PASSWORD"], env)
bob = Person("bob", "bob-secret", env)
anna = Person(var["GATEHOUSE_AGENT_USER"], var["GATEHOUSE_AGENT_PASSWORD"], env)
bert = Person(var["GATEHOUSE_AGENT2_USER"], var["GATEHOUSE_AGENT2_PASSWORD"], env)
auditor = Person(var["GATEHOUSE_AUDITOR_USER"], var["GATEHOUSE_AUDITOR_PASSWORD"], env)

GENERATE = "/pki/keyrequest/generate"
TOKEN = "/pki/keyrequest/generate/token"


def transport_key():
    return x509.load_der_x509_certificate(
        alice.get("/pki/config/kra/cert/transport", Accept="application/pkix-cert").body).public_key()


def kra_pid():
    return next(pid for pid, line in env.processes("gatehouse-signer") if "--role kra" in line)


class Case(unittest.TestCase):
    def expect(self, reply, status):
        self.assertEqual(reply.status, status, reply.body)
        return reply.json

    def wish(self, key_type="EC", key_size=256, algorithm="AES-256-GCM", **more):
        """Receiver and body."""
        receiver = kra.Receiver(transport_key(), algorithm)
        body = {"key_type": key_type, **receiver.body, **more}
        if key_size:
            body["key_size"] = key_size
        return receiver, body

    def rows(self, event):
        return env.count(f"select count(*) from audit where event = '{event}'")

    def recovered(self, key_id, who=alice):
        made = self.expect(who.post("/pki/keyrequest/recovery", {"key_id": key_id}), 201)
        for agent in (anna, bert):
            self.expect(agent.decide(made["id"], "approved"), 200)
        receiver = kra.Receiver(transport_key())
        return receiver.open(self.expect(who.post(f"/pki/key/{key_id}", {"request": made["id"], **receiver.body}), 200))


class Kinds(Case):
    def test_private_keys(self):
        for key_type, size, of in (("EC", 256, ec.EllipticCurvePrivateKey), ("EC", 384, ec.EllipticCurvePrivateKey),
                                   ("Ed25519", None, ed25519.Ed25519PrivateKey), ("RSA", 2048, rsa.RSAPrivateKey)):
            with self.subTest(key_type=key_type, size=size):
                receiver, body = self.wish(key_type, size, "AES-256-KWP")
                reply = alice.post(GENERATE, body)
                made = self.expect(reply, 207)
                key = serialization.load_der_private_key(receiver.open(made["released"]), None)
                self.assertIsInstance(key, of)
                self.assertEqual(kra.b64(kra.spki(key.public_key())), made["public_key"])
                self.assertEqual((made["type"], made["state"], made["kind"], made["bits"]),
                                 ("generation", "complete", "private_key", size or 256))
                self.assertEqual(made["links"], {"request": reply.headers["location"], "key": f"/pki/key/{made['key_id']}"})
                self.assertEqual(reply.headers["cache-control"], "no-store")
                self.assertEqual(self.recovered(made["key_id"]), receiver.open(made["released"]))
                row = self.expect(alice.get(made["links"]["request"]), 200)
                self.assertEqual((row["type"], row["state"], row["key_id"]), ("generation", "complete", made["key_id"]))

    def test_symmetric_keys(self):
        for size in (128, 192, 256):
            receiver, body = self.wish("AES", size)
            made = self.expect(alice.post(GENERATE, body), 207)
            self.assertEqual(len(receiver.open(made["released"])) * 8, size)
            self.assertEqual((made["kind"], made["algorithm"], made["bits"]), ("symmetric_key", "AES", size))
            self.assertNotIn("public_key", made)
            self.assertEqual(self.recovered(made["key_id"]), receiver.open(made["released"]))

    def test_archived_and_not_given_out(self):
        made = self.expect(alice.post(GENERATE, {"key_type": "EC", "key_size": 256, "client_id": "server 7"}), 201)
        self.assertNotIn("released", made)
        key = serialization.load_der_private_key(self.recovered(made["key_id"]), None)
        self.assertEqual(kra.b64(kra.spki(key.public_key())), made["public_key"])
        self.expect(alice.post(GENERATE, {"key_type": "EC", "key_size": 256, "client_id": "server 7"}), 409)

    def test_given_out_and_not_archived(self):
        before = env.count("select count(*) from archived_key")
        receiver, body = self.wish(archive=False)
        made = self.expect(alice.post(GENERATE, body), 207)
        serialization.load_der_private_key(receiver.open(made["released"]), None)
        self.assertNotIn("key_id", made)
        self.assertEqual(list(made["links"]), ["request"])
        row = self.expect(alice.get(made["links"]["request"]), 200)
        self.assertEqual((row["state"], row["key_id"]), ("complete", None))
        self.expect(bob.get(made["links"]["request"]), 404)
        self.expect(anna.decide(made["id"], "approved"), 404)
        self.assertEqual(env.count("select count(*) from archived_key"), before)
        self.assertIn(made["id"], [r["id"] for r in self.expect(
            alice.get("/pki/keyrequests?type=generation&limit=1000"), 200)["entries"]])
        self.assertEqual(env.count("select count(*) from kept_key where forget_at < now() + interval '1 h'"),
                         env.count("select count(*) from kept_key"))


class Whose(Case):
    def test_agents_for_others(self):
        receiver, body = self.wish(owner="bob", comment="for his new phone")
        for who in (alice, auditor):
            self.expect(who.post(GENERATE, body), 403)
        self.assertEqual(self.expect(anna.post(GENERATE, {**body, "owner": "nobody-of-this-name"}), 422)["errors"].keys(), {"owner"})
        made = self.expect(anna.post(GENERATE, body), 207)
        self.assertEqual(self.expect(bob.get(made["links"]["key"]), 200)["owner"], "EXAMPLE\\bob")
        self.expect(alice.get(made["links"]["key"]), 404)
        self.assertEqual(env.psql("select detail from audit where event = 'key.generated' order by id desc limit 1"),
                         f"P-256, archived, for EXAMPLE\\bob, request {made['id']}")

    def test_token(self):
        cuid = "40906145C76224192D2B"
        receiver, body = self.wish("RSA", 2048, cuid=cuid, userid="bob")
        made = self.expect(anna.post(TOKEN, body), 207)
        key = serialization.load_der_private_key(receiver.open(made["released"]), None)
        self.assertEqual(key.key_size, 2048)
        self.assertEqual([k["id"] for k in self.expect(anna.get(f"/pki/keys?client_id={cuid}"), 200)["entries"]], [made["key_id"]])
        self.assertIn(f"token {cuid}", env.psql("select detail from audit where event = 'key.generated' order by id desc limit 1"))
        # another key of the same token has a name of its own
        self.expect(anna.post(TOKEN, self.wish(cuid=cuid, userid="bob")[1]), 409)
        self.expect(anna.post(TOKEN, self.wish(cuid=cuid, userid="bob", client_id=cuid + " signing")[1]), 207)
        self.expect(anna.post(TOKEN, self.wish(cuid=cuid, userid="bob", archive=False)[1]), 207)
        self.expect(bob.post(TOKEN, self.wish(cuid=cuid, userid="bob", archive=False)[1]), 207)
        self.expect(alice.post(TOKEN, self.wish(cuid=cuid, userid="bob")[1]), 403)

    def test_policy(self):
        self.expect(alice.post(GENERATE, self.wish(policy="none of this name")[1]), 422)


class Again(Case):
    def test_the_same_key(self):
        for archive in (True, False):
            receiver, body = self.wish(archive=archive)
            mark = str(uuid.uuid4())
            first = self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 207)
            noted = self.rows("key.generated-again")
            again = self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 207)
            self.assertEqual(receiver.open(first["released"]), receiver.open(again["released"]))
            self.assertEqual((first["released"]["is_repeated"], again["released"]["is_repeated"]), (False, True))
            self.assertEqual((first["id"], first.get("key_id"), first["public_key"], first["links"]),
                             (again["id"], again.get("key_id"), again["public_key"], again["links"]))
            self.assertEqual(self.rows("key.generated-again"), noted + 1)
            # not with another content, nor by another, nor when it is to be forgotten
            self.expect(alice.post(GENERATE, {**body, "comment": "x"}, Idempotency_Key=mark), 409)
            other = self.expect(bob.post(GENERATE, body, Idempotency_Key=mark), 207)
            self.assertNotEqual(other["public_key"], first["public_key"])
            env.psql("update kept_key set forget_at = now() - interval '1 s'")
            said = self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 409)["message"]
            self.assertEqual("ask for its recovery" in said, archive)
            env.admin("job", "run", "key-requests")
            self.assertEqual(env.count("select count(*) from kept_key"), 0)
            self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 409)

    def test_not_when_it_was_made_inactive(self):
        receiver, body = self.wish()
        mark = str(uuid.uuid4())
        made = self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 207)
        self.expect(anna.send("PUT", f"/pki/key/{made['key_id']}/status", {"status": "inactive"}, If_Match="*"), 200)
        self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 409)

    def test_who_writes_the_database_does_not_keep_it_longer(self):
        receiver, body = self.wish()
        mark = str(uuid.uuid4())
        self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 207)
        env.psql("update kept_key set forget_at = forget_at + interval '1 day'")
        self.assertEqual(self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 502)["code"], "signer_refused")
        env.psql("delete from kept_key")

    def test_who_writes_the_database_does_not_get_it(self):
        """Bob's key in the row of alice's call: her call does not give it to her."""
        marks = [str(uuid.uuid4()) for _ in range(2)]
        _, body = self.wish()
        self.expect(alice.post(GENERATE, body, Idempotency_Key=marks[0]), 207)
        self.expect(bob.post(GENERATE, self.wish()[1], Idempotency_Key=marks[1]), 207)
        columns = "uuid, kind, algorithm, bits, owner, client_id, policy, spki, stored, storage_key, forget_at"
        env.psql(f"with b as (delete from kept_key where mark = (select mark from key_request where requester = 'EXAMPLE\\bob' "
                 f"order by id desc limit 1) returning *) update kept_key k set ({columns}) = (select {columns} from b) "
                 "where mark = (select mark from key_request where requester = 'EXAMPLE\\alice' order by id desc limit 1)")
        said = self.expect(alice.post(GENERATE, body, Idempotency_Key=marks[0]), 503)
        self.assertEqual(said["code"], "seal")
        env.psql("delete from kept_key")

    def test_what_was_not_given_out(self):
        mark = str(uuid.uuid4())
        body = {"key_type": "EC", "key_size": 256}
        first = self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 201)
        self.assertEqual(self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 201), first)

    def test_eight_at_once_make_one(self):
        receiver, body = self.wish("RSA", 2048)
        mark, keys = str(uuid.uuid4()), env.count("select count(*) from archived_key")
        people = [Person(alice.user, var["GATEHOUSE_PASSWORD"], env) for _ in range(8)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda who: who.post(GENERATE, body, Idempotency_Key=mark), people))
        self.assertTrue({r.status for r in replies} <= {207, 503}, [r.body for r in replies])
        made = {receiver.open(r.json["released"]) for r in replies if r.status == 207}
        self.assertEqual(len(made), 1)
        self.assertEqual(env.count("select count(*) from archived_key"), keys + 1)

    def test_client_is_gone_before_the_answer(self):
        receiver, body = self.wish("RSA", 2048)
        mark, requests = str(uuid.uuid4()), env.count("select count(*) from key_request")
        gone = Person(alice.user, var["GATEHOUSE_PASSWORD"], env)
        pid = kra_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            gone.client.timeout = 0.5
            with self.assertRaises(OSError):
                gone.post(GENERATE, body, Idempotency_Key=mark)
        finally:
            os.kill(pid, signal.SIGCONT)
        wait_for(lambda: env.count("select count(*) from key_request") == requests + 1, "the key is stored")
        made = self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 207)
        self.assertTrue(made["released"]["is_repeated"])
        serialization.load_der_private_key(receiver.open(made["released"]), None)


class BadInput(Case):
    def test_wrong_members(self):
        receiver, good = self.wish()
        wrong = (
            ({"key_type": "DSA"}, "key_type"), ({"key_type": None}, "key_type"), ({"key_size": 1024}, "key_size"),
            ({"key_size": None}, "key_size"), ({"key_size": 2**40}, "key_size"), ({"key_size": "256"}, "key_size"),
            ({"key_type": "Ed25519"}, "key_size"), ({"archive": "yes"}, "archive"), ({"archive": 0}, "archive"),
            ({"format": "pkcs12"}, "format"), ({"algorithm": None}, "algorithm"), ({"session_key": None}, "session_key.value"),
            ({"client_id": ""}, "client_id"), ({"password": {}}, "password"), ({"extra": 1}, "extra"),
            ({"transport_key": "00"}, "transport_key"), ({"comment": "a\nb"}, "comment"), ({"cuid": "1"}, "cuid"),
        )
        requests = env.count("select count(*) from key_request")
        for change, field in wrong:
            with self.subTest(change=change):
                body = {k: v for k, v in {**good, **change}.items() if v is not None}
                self.assertIn(field, self.expect(alice.post(GENERATE, body), 422)["errors"])
        self.assertEqual(self.expect(alice.post(GENERATE, {"key_type": "AES", "key_size": 128, "archive": False}), 422)["errors"].keys(),
                         {"session_key"})
        for change, field in (({"userid": None}, "userid"), ({"cuid": None}, "cuid"), ({"cuid": "x" * 65}, "cuid"), ({"cuid": "a\nb", "client_id": "c"}, "cuid"), ({"owner": "bob"}, "owner")):
            body = {k: v for k, v in {**good, "cuid": "1", "userid": "alice", **change}.items() if v is not None}
            self.assertIn(field, self.expect(alice.post(TOKEN, body), 422)["errors"])
        for body in (b"{", b"[]", b"\xff", b'{"key_type":"EC","key_type":"RSA"}'):
            self.assertIn(alice.post(GENERATE, body).status, (400, 422), body)
        self.expect(alice.post(GENERATE, {**good, "comment": "x" * 20000}), 413)
        self.expect(alice.post(GENERATE, b"a=b", Content_Type="text/plain"), 415)
        self.expect(alice.post(GENERATE, good, Idempotency_Key="x" * 256), 400)
        self.expect(alice.post(GENERATE, good, Origin="https://evil.example"), 403)
        # what the KRA does not open or know
        self.expect(alice.post(GENERATE, {**good, "algorithm": "AES-256-CBC"}), 422)
        self.expect(alice.post(GENERATE, {**good, "session_key": {**good["session_key"], "value": kra.b64(bytes(40))}}), 422)
        self.expect(alice.post(GENERATE, {**good, "transport_key": "0" * 63 + "1"}), 422)
        self.assertEqual(env.count("select count(*) from key_request"), requests)


class Away(Case):
    def test_killed_in_mid_call(self):
        (receiver, body), later = self.wish("RSA", 4096), self.wish()[1]
        mark, keys = str(uuid.uuid4()), env.count("select count(*) from archived_key")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            call = pool.submit(alice.post, GENERATE, body, Idempotency_Key=mark)
            time.sleep(0.3)
            os.kill(kra_pid(), signal.SIGKILL)
            reply = call.result()
        self.assertIn(reply.status, (207, 503), reply.body)
        if reply.status == 503:
            self.assertIn("retry-after", reply.headers)
        # /readyz may not have noticed yet that it was away
        wait_for(lambda: bob.post(GENERATE, later).status == 207, "the KRA is back")
        made = self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 207)
        serialization.load_der_private_key(receiver.open(made["released"]), None)
        self.assertEqual(env.count("select count(*) from archived_key"), keys + 2)

    def test_database_is_gone_between_key_and_commit(self):
        receiver, body = self.wish("RSA", 2048)
        mark, keys = str(uuid.uuid4()), env.count("select count(*) from archived_key")
        pid = kra_pid()
        os.kill(pid, signal.SIGSTOP)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            try:
                call = pool.submit(alice.post, GENERATE, body, Idempotency_Key=mark)
                wait_for(lambda: env.is_asked(pid), "the gateway waits for the KRA")
                env.postgres("stop")
            finally:
                os.kill(pid, signal.SIGCONT)
            reply = call.result()
        env.postgres("start")
        env.wait_ready()
        self.assertEqual((reply.status, reply.json["code"]), (503, "db_down"), reply.body)
        self.assertEqual(env.count("select count(*) from archived_key"), keys)
        made = self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 207)
        self.assertFalse(made["released"]["is_repeated"])
        self.assertEqual(env.count("select count(*) from archived_key"), keys + 1)

    def test_locked(self):
        (env.scratch / "kra.password").write_text("correct horse battery\n")
        receiver, body = self.wish()
        mark = str(uuid.uuid4())
        first = self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 207)
        env.admin("kra", "password", "set", "--password-file", env.scratch / "kra.password")
        env.admin("kra", "password", "lock")
        try:
            # what is archived needs the public half of the storage key only; what is to be repeated, both
            self.expect(alice.post(GENERATE, self.wish()[1]), 207)
            for again in (mark, str(uuid.uuid4())):
                self.assertEqual(self.expect(alice.post(GENERATE, body, Idempotency_Key=again), 503)["code"], "ca_locked")
        finally:
            env.admin("kra", "password", "unlock", "--password-file", env.scratch / "kra.password")
        again = self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 207)
        self.assertEqual(receiver.open(first["released"]), receiver.open(again["released"]))


class Load(Case):
    def test_others_are_served_while_the_kra_makes_keys(self):
        """It is stopped: who has keys made waits, and nobody else does."""
        people = [Person(alice.user, var["GATEHOUSE_PASSWORD"], env) for _ in range(8)]
        bodies = [self.wish("RSA", 2048, archive=False)[1] for _ in people]
        file, pid = der.Key(env.scratch, "ec:P-256"), kra_pid()
        self.expect(bob.get("/pki/keys"), 200)
        with concurrent.futures.ThreadPoolExecutor(len(people)) as pool:
            os.kill(pid, signal.SIGSTOP)
            try:
                calls = [pool.submit(who.post, GENERATE, body) for who, body in zip(people, bodies)]
                for _ in range(8):
                    self.expect(bob.get("/pki/keys"), 200)
                    self.expect(Client(env).enroll(der.csr(file)), 200)
                # nobody has a key by now; on a busy machine somebody's deadline is over
                self.assertLessEqual({c.result().status for c in calls if c.done()}, {503})
            finally:
                os.kill(pid, signal.SIGCONT)
            replies = [c.result() for c in calls]
        for reply in replies:
            self.assertIn(reply.status, (207, 503), reply.body)
            if reply.status == 503:
                self.assertIn("retry-after", reply.headers)
        wait_for(lambda: alice.post(GENERATE, bodies[0]).status == 207, "keys are made again")

    def test_long_keys_of_one_owner(self):
        """What is refused leaves nothing."""
        people = [Person(bert.user, var["GATEHOUSE_AGENT2_PASSWORD"], env) for _ in range(6)]
        requests = env.count("select count(*) from key_request")
        bodies = [self.wish("RSA", 4096, archive=False)[1] for _ in people]
        with concurrent.futures.ThreadPoolExecutor(len(people)) as pool:
            replies = list(pool.map(lambda pair: pair[0].post(GENERATE, pair[1]), zip(people, bodies)))
        made = [r for r in replies if r.status == 207]
        for reply in replies:
            if reply.status != 207:
                self.assertEqual(reply.status, 503, reply.body)
                self.assertIn("retry-after", reply.headers)
            if reply.json.get("code") == "busy":
                self.assertIn("Too many RSA keys", reply.json["message"])
        self.assertEqual(env.count("select count(*) from key_request"), requests + len(made))


class Secrecy(Case):
    def test_no_key_leaves_the_kra(self):
        secrets = []
        for key_type, size in (("EC", 256), ("RSA", 2048), ("AES", 256)):
            receiver, body = self.wish(key_type, size)
            mark = str(uuid.uuid4())
            self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 207)
            secret = receiver.open(self.expect(alice.post(GENERATE, body, Idempotency_Key=mark), 207)["released"])
            if key_type != "AES":
                secret = kra.secret_bytes(serialization.load_der_private_key(secret, None))
            secrets.append(secret)
        needles = [form for s in secrets for form in (s, s.hex().encode(), s.hex().upper().encode(), base64.b64encode(s)[4:36])]
        self.assertGreater(search_everywhere(env, needles), 50 << 20)


if __name__ == "__main__":
    tap.main()
