#!/usr/bin/python3
"""The key recovery authority over REST: a client that others wrote (Python's cryptography) wraps and unwraps, agents
agree, openssl and Java read the PKCS#12; what bad input gets; and that no key is in the clear outside the KRA."""

import base64
import concurrent.futures
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import textwrap
import time
import unittest
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import der
import kra_client as kra
import person
import tap
from client import Client
from environment import TOP, Environment, wait_for
from memory_search import maps, search, search_everywhere

env = Environment("kra-rest", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="""
limits { failures = 10000 }
roles { officer_groups = "pki-officers" }
""")


class Person(person.Person):
    def __init__(self, user, password, of=env):
        super().__init__(user, password, of)


var = env.var
alice = Person(var["GATEHOUSE_USER"], var["GATEHOUSE_PASSWORD"])
bob = Person("bob", "bob-secret")
officer = Person("carol", "carol-secret")  # no agent
anna = Person(var["GATEHOUSE_AGENT_USER"], var["GATEHOUSE_AGENT_PASSWORD"])
bert = Person(var["GATEHOUSE_AGENT2_USER"], var["GATEHOUSE_AGENT2_PASSWORD"])
auditor = Person(var["GATEHOUSE_AUDITOR_USER"], var["GATEHOUSE_AUDITOR_PASSWORD"])

TRANSPORT = "/pki/config/kra/cert/transport"
ARCHIVE = "/pki/keyrequest/archive"
RECOVERY = "/pki/keyrequest/recovery"


def transport_key(who=None):
    return x509.load_der_x509_certificate((who or alice).get(TRANSPORT, Accept="application/pkix-cert").body).public_key()


def inside(element):
    """The content of a DER element."""
    n, at = element[1], 2
    if n & 0x80:
        at += n & 0x7f
        n = int.from_bytes(element[2:at], "big")
    return element[at:at + n]


def tagged(tag, content):
    n = len(content)
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes((tag,)) + (size if n < 128 else bytes((0x80 + len(size),)) + size) + content


def kra_pid():
    return next(pid for pid, line in env.processes("gatehouse-signer") if "--role kra" in line)


class Case(unittest.TestCase):
    def expect(self, reply, status):
        self.assertEqual(reply.status, status, reply.body)
        return reply.json

    def archive(self, key, who=alice, algorithm="AES-256-GCM", **more):
        body = {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())),
                **kra.wrapped_secret(transport_key(), kra.pkcs8(key), algorithm), **more}
        return self.expect(who.post(ARCHIVE, body), 201)["key_id"]

    def request(self, key_id, who=alice, **more):
        return self.expect(who.post(RECOVERY, {"key_id": key_id, **more}), 201)["id"]

    def approved(self, key_id, who=alice):
        request = self.request(key_id, who)
        for agent in (anna, bert):
            self.expect(agent.decide(request, "approved"), 200)
        return request

    def retrieve(self, key_id, request, who=alice, algorithm="AES-256-GCM"):
        receiver = kra.Receiver(transport_key(), algorithm)
        return receiver.open(self.expect(who.post(f"/pki/key/{key_id}", {"request": request, **receiver.body}), 200))

    def events(self, name, outcome="success"):
        return env.count(f"select count(*) from audit where event = '{name}' and outcome = '{outcome}'")


class Transport(Case):
    def test_three_forms(self):
        reply = alice.get(TRANSPORT)
        entries = self.expect(reply, 200)["entries"]
        self.assertEqual([e["is_current"] for e in entries], [True])
        raw = alice.get(TRANSPORT, Accept="application/pkix-cert")
        self.assertEqual((raw.status, raw.headers["content-type"]), (200, "application/pkix-cert"))
        cert = x509.load_der_x509_certificate(raw.body)
        self.assertEqual(base64.b64decode(entries[0]["public_key"]), kra.spki(cert.public_key()))
        self.assertEqual(entries[0]["algorithm"], "ECDH-ES+A256KW")
        pem = alice.get(TRANSPORT, Accept="application/x-pem-file")
        self.assertEqual(x509.load_pem_x509_certificate(pem.body), cert)
        self.assertEqual(entries[0]["pem"].encode(), pem.body)
        self.assertEqual(alice.get(TRANSPORT + "?format=der").body, raw.body)
        self.assertEqual(self.expect(alice.get(TRANSPORT + "?format=text"), 422)["errors"].keys(), {"format"})
        again = alice.get(TRANSPORT, If_None_Match=reply.headers["etag"])
        self.assertEqual((again.status, again.body), (304, b""))
        self.assertEqual(alice.get(TRANSPORT, Accept="application/pkix-cert", If_None_Match=reply.headers["etag"]).status, 200)
        self.assertEqual(Client(env).get(TRANSPORT).status, 401)

    def test_info_and_each_algorithm_of_it(self):
        info = self.expect(alice.get("/pki/info"), 200)["kra"]
        self.assertFalse(info["allows_legacy"])
        self.assertEqual((info["approvals"], info["request_seconds"]), (2, 86400))
        self.assertEqual(info["transport"], TRANSPORT)
        for algorithm in info["secret_algorithms"]:
            with self.subTest(algorithm=algorithm):
                secret = os.urandom(32)
                body = {"kind": "symmetric_key", "algorithm": "AES", **kra.wrapped_secret(transport_key(), secret, algorithm)}
                key_id = self.expect(alice.post(ARCHIVE, body), 201)["key_id"]
                self.assertEqual(self.retrieve(key_id, self.approved(key_id), algorithm=algorithm), secret)

    def test_what_comes_back_is_not_archived(self):
        """Who sees an answer and the wrapped session key of its question does not have the KRA archive it as his own."""
        info = self.expect(alice.get("/pki/info"), 200)["kra"]
        secret = os.urandom(32)
        key_id = self.expect(alice.post(ARCHIVE, {"kind": "symmetric_key", **kra.wrapped_secret(transport_key(), secret)}), 201)["key_id"]
        for use, status in (("-RELEASE", 422), ("", 201)):
            with self.subTest(use=use):
                receiver = kra.Receiver(transport_key(), use=use)
                session_key = receiver.body["session_key"]
                self.assertEqual(session_key["algorithm"] in info["release_key_algorithms"], use != "")
                released = self.expect(alice.post(f"/pki/key/{key_id}", {"request": self.approved(key_id), **receiver.body}), 200)
                self.assertEqual(receiver.open(released), secret)
                for name in {session_key["algorithm"], session_key["algorithm"].removesuffix(use)}:
                    stolen = {"kind": "symmetric_key", "session_key": {**session_key, "algorithm": name},
                              "secret": {"algorithm": receiver.algorithm, "iv": released["iv"], "value": released["value"]}}
                    self.expect(bob.post(ARCHIVE, stolen), status)


class Archive(Case):
    def test_each_kind_goes_in_and_comes_out(self):
        for kind in ("P-256", "RSA-2048"):
            for algorithm in ("AES-256-GCM", "AES-256-KWP"):
                with self.subTest(kind=kind, algorithm=algorithm):
                    key = kra.make_key(kind)
                    key_id = self.archive(key, algorithm=algorithm)
                    self.assertEqual(self.retrieve(key_id, self.approved(key_id), algorithm=algorithm), kra.pkcs8(key))
        body = {"kind": "passphrase", "client_id": "disk of laptop 7",
                **kra.wrapped_secret(transport_key(), "Grüße, ganz geheim".encode(), "AES-256-KWP")}
        key_id = self.expect(alice.post(ARCHIVE, body), 201)["key_id"]
        self.assertEqual(self.retrieve(key_id, self.approved(key_id)).decode(), "Grüße, ganz geheim")

    def test_answer_and_row(self):
        key = kra.make_key("P-256")
        body = {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())), "client_id": "c1",
                **kra.wrapped_secret(transport_key(), kra.pkcs8(key))}
        before = self.events("key.archived")
        reply = alice.post(ARCHIVE, body)
        made = self.expect(reply, 201)
        self.assertEqual(reply.headers["location"], f"/pki/keyrequest/{made['id']}")
        self.assertEqual(made["links"], {"request": reply.headers["location"], "key": f"/pki/key/{made['key_id']}"})
        shown = alice.get(made["links"]["key"])
        row = self.expect(shown, 200)
        self.assertEqual((row["kind"], row["algorithm"], row["bits"], row["client_id"], row["state"], row["version"]),
                         ("private_key", "P-256", 256, "c1", "active", 1))
        self.assertEqual((row["owner"], shown.headers["etag"]), ("EXAMPLE\\alice", '"v1"'))
        self.assertEqual(self.expect(alice.get(made["links"]["request"]), 200)["state"], "complete")
        self.assertEqual(self.events("key.archived"), before + 1)
        # the same client id of the same owner
        self.assertEqual(self.expect(alice.post(ARCHIVE, body), 409)["code"], "conflict")

    def test_for_somebody_else(self):
        key = kra.make_key("P-256")
        body = {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())), "owner": "bob",
                **kra.wrapped_secret(transport_key(), kra.pkcs8(key))}
        for who in (alice, officer, auditor):
            self.expect(who.post(ARCHIVE, body), 403)
        # who is there is not for everybody to try out
        self.expect(alice.post(ARCHIVE, {**body, "owner": "nobody-of-this-name"}), 403)
        self.assertEqual(self.expect(anna.post(ARCHIVE, {**body, "owner": "nobody-of-this-name"}), 422)["errors"].keys(), {"owner"})
        key_id = self.expect(anna.post(ARCHIVE, body), 201)["key_id"]
        self.assertEqual(self.expect(bob.get(f"/pki/key/{key_id}"), 200)["owner"], "EXAMPLE\\bob")
        self.expect(alice.get(f"/pki/key/{key_id}"), 404)
        self.expect(alice.post(RECOVERY, {"key_id": key_id}), 404)

    def test_key_must_belong(self):
        key, other = kra.make_key("P-256"), kra.make_key("P-256")
        body = {"kind": "private_key", "public_key": kra.b64(kra.spki(other.public_key())),
                **kra.wrapped_secret(transport_key(), kra.pkcs8(key))}
        self.assertIn("does not belong", self.expect(alice.post(ARCHIVE, body), 422)["message"])

    def test_wrong_members(self):
        key = kra.make_key("P-256")
        good = {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())),
                **kra.wrapped_secret(transport_key(), kra.pkcs8(key))}
        wrong = (
            ({"kind": "certificate"}, "kind"), ({"kind": None}, "kind"), ({"public_key": "!"}, "public_key"),
            ({"public_key": None}, "public_key"), ({"certificate_id": "1"}, "certificate_id"), ({"extra": 1}, "extra"),
            ({"transport_key": "00"}, "transport_key"), ({"session_key": "x"}, "session_key"), ({"secret": []}, "secret"),
            ({"client_id": "x" * 256}, "client_id"), ({"kind": "passphrase"}, "public_key"),
            ({"secret": {**good["secret"], "value": good["secret"]["value"].rstrip("=") + "\n"}}, "secret.value"),
            ({"secret": {**good["secret"], "value": kra.b64(bytes(20000))}}, "secret.value"),
            ({"secret": {**good["secret"], "iv": kra.b64(bytes(17))}}, "secret.iv"),
            ({"secret": {**good["secret"], "tag": ""}}, "secret.tag"),
            ({"session_key": {**good["session_key"], "value": kra.b64(bytes(3000))}}, "session_key.value"),
        )
        for change, field in wrong:
            with self.subTest(change=str(change)[:60]):
                body = {k: v for k, v in {**good, **change}.items() if v is not None}
                self.assertIn(field, self.expect(alice.post(ARCHIVE, body), 422)["errors"])
        self.expect(alice.post(ARCHIVE, b"{"), 400)
        self.expect(alice.post(ARCHIVE, b"x=1", Content_Type="application/x-www-form-urlencoded"), 415)
        self.expect(alice.post(ARCHIVE, {**good, "client_id": "x" * 70000}), 413)
        unknown = {**good, "transport_key": "0" * 63 + "1"}
        self.expect(alice.post(ARCHIVE, unknown), 422)
        self.expect(alice.post(ARCHIVE, {**good, "policy": "none of this name"}), 422)


class Oracle(Case):
    """What was altered gets one answer, whatever was altered and however."""

    def answer(self, body):
        reply = alice.post(ARCHIVE, body)
        value = dict(reply.json)
        value.pop("request_id")
        return reply.status, json.dumps(value, sort_keys=True)

    def test_a_thousand_altered_ciphertexts(self):
        key = kra.make_key("P-256")
        good = {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())),
                **kra.wrapped_secret(transport_key(), kra.pkcs8(key))}
        rows = env.count("select count(*) from archived_key")
        answers, times = {}, {"session_key": [], "secret": []}
        alice.client.keep()
        for i in range(1000):
            part = ("session_key", "secret")[i % 2]
            raw = bytearray(base64.b64decode(good[part]["value"]))
            raw[(i * 7) % len(raw)] ^= 1 << (i % 8)
            start = time.perf_counter()
            said = self.answer({**good, part: {**good[part], "value": kra.b64(bytes(raw))}})
            times[part].append(time.perf_counter() - start)
            answers.setdefault(said, 0)
            answers[said] += 1
        alice.client.connection = None
        self.assertEqual({status for status, _ in answers}, {422}, answers)
        texts = {json.loads(text)["message"] for _, text in answers}
        self.assertEqual(texts, {"The wrapped key cannot be opened with the key that it names.",
                                 "The wrapped secret cannot be opened with its session key."})
        for part, taken in times.items():
            # the same work, whichever octet was altered; what others do on the machine only adds to it
            by_place = [statistics.quantiles(taken[i::4], n=10)[0] for i in range(4)]
            self.assertLess(max(by_place), 2 * min(by_place), (part, by_place))
        self.assertEqual(env.count("select count(*) from archived_key"), rows)
        # the good one is still good
        self.expect(alice.post(ARCHIVE, good), 201)

    def test_truncated_and_of_another_key(self):
        key = kra.make_key("P-256")
        good = {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())),
                **kra.wrapped_secret(transport_key(), kra.pkcs8(key))}
        raw = base64.b64decode(good["secret"]["value"])
        said = set()
        for n in (1, 15, 16, 17, len(raw) // 2, len(raw) - 1):
            said.add(self.answer({**good, "secret": {**good["secret"], "value": kra.b64(raw[:n])}}))
        # another session key; another mode; without its IV
        other = kra.wrap_session_key(transport_key(), os.urandom(32))
        said.add(self.answer({**good, "session_key": other}))
        said.add(self.answer({**good, "secret": {"algorithm": "AES-256-KWP", "value": good["secret"]["value"]}}))
        said.add(self.answer({**good, "secret": {"algorithm": "AES-256-GCM", "value": good["secret"]["value"]}}))
        self.assertEqual(len(said), 1, said)
        stranger = kra.wrap_session_key(ec.generate_private_key(ec.SECP256R1()).public_key(), os.urandom(32))
        self.assertEqual(self.answer({**good, "session_key": stranger})[0], 422)
        for name in ("RSA-OAEP", "RSA1_5", "none", "ECDH-ES"):
            self.assertEqual(self.answer({**good, "session_key": {**good["session_key"], "algorithm": name}})[0], 422)
        for name in ("AES-256-CBC", "DES", "AES-192-GCM"):
            self.assertEqual(self.answer({**good, "secret": {**good["secret"], "algorithm": name}})[0], 422)


class Recovery(Case):
    @classmethod
    def setUpClass(cls):
        cls.key = kra.make_key("P-256")
        cls.key_id = Case.archive(cls("run"), cls.key)

    def run(self, *args, **kw):
        return super().run(*args, **kw)

    def status(self, request, who=anna):
        return self.expect(who.get(f"/pki/keyrequest/{request}/status"), 200)

    def test_two_of_them(self):
        made = self.expect(alice.post(RECOVERY, {"key_id": self.key_id, "comment": "new laptop"}), 201)
        self.assertEqual((made["state"], made["required"], made["missing"]), ("pending", 2, 2))
        request = made["id"]
        self.assertIn(request, [r["id"] for r in self.expect(bert.get("/pki/keyrequests?state=pending&type=recovery"), 200)["entries"]])
        seen = self.expect(anna.decide(request, "approved", comment="he called me"), 200)
        self.assertEqual((seen["state"], seen["approved"], seen["missing"]), ("pending", 1, 1))
        self.assertEqual([(a["agent"], a["comment"]) for a in seen["approvals"]], [("anna", "he called me")])
        self.expect(alice.post(f"/pki/key/{self.key_id}", {"request": request, **kra.Receiver(transport_key()).body}), 409)
        self.assertEqual(self.expect(bert.decide(request, "approved"), 200)["state"], "approved")
        before = [self.events(e) for e in ("key.recovered", "key.recovered-again")]
        self.assertEqual(self.retrieve(self.key_id, request), kra.pkcs8(self.key))
        self.assertEqual(self.status(request, alice)["state"], "complete")
        # an answer can be lost: the same requester again, and both are in the trail
        self.assertEqual(self.retrieve(self.key_id, request), kra.pkcs8(self.key))
        self.assertEqual([self.events(e) for e in ("key.recovered", "key.recovered-again")], [n + 1 for n in before])

    def test_by_nobody_else(self):
        request = self.approved(self.key_id)
        for who in (bob, anna, bert, officer, auditor):
            receiver = kra.Receiver(transport_key())
            self.assertIn(who.post(f"/pki/key/{self.key_id}", {"request": request, **receiver.body}).status, (403, 404), who.user)
        # a request for one key does not open another
        other = self.archive(kra.make_key("P-256"))
        self.expect(alice.post(f"/pki/key/{other}", {"request": request, **kra.Receiver(transport_key()).body}), 404)
        self.expect(alice.post(f"/pki/key/{self.key_id}", {"request": 999999, **kra.Receiver(transport_key()).body}), 404)
        self.assertEqual(self.retrieve(self.key_id, request), kra.pkcs8(self.key))

    def test_by_himself_with_another_log_in(self):
        """The local user of the same account name, who is an agent."""
        erin = Person("erin", "erin-secret")
        key_id = self.archive(kra.make_key("P-256"), who=erin)
        request = self.request(key_id, erin)
        password = env.scratch / "local-erin"
        password.write_text("secret-of-local-erin\n")
        password.chmod(0o600)
        env.admin("user", "create", "erin", "--role", "agent", "--password-file", password)
        local = Person("erin", "secret-of-local-erin", env)
        self.assertIn("Nobody approves his own request", self.expect(local.decide(request, "approved"), 403)["message"])
        self.expect(anna.decide(request, "approved"), 200)

    def test_who_decides(self):
        request = self.request(self.key_id)
        for who in (officer, auditor, alice):
            self.assertEqual(who.decide(request, "approved").status, 404 if who is officer else 403, who.user)
        self.expect(bob.decide(request, "approved"), 404)
        self.expect(anna.decide(request, "approved"), 200)
        self.assertIn("already", self.expect(anna.decide(request, "approved"), 409)["message"])
        self.expect(anna.decide(request, "canceled"), 403)
        self.assertEqual(self.expect(alice.decide(request, "canceled"), 200)["state"], "canceled")
        self.expect(bert.decide(request, "approved"), 409)

    def test_requester_does_not_count(self):
        request = self.request(self.key_id, anna)
        self.expect(anna.decide(request, "approved"), 403)
        self.assertEqual(self.status(request)["approved"], 0)

    def test_rejected_is_final(self):
        request = self.request(self.key_id)
        self.assertEqual(self.expect(anna.decide(request, "rejected", comment="ask your manager"), 200)["resolution"],
                         "ask your manager")
        self.expect(bert.decide(request, "approved"), 409)
        self.expect(alice.post(f"/pki/key/{self.key_id}", {"request": request, **kra.Receiver(transport_key()).body}), 409)

    def test_expired(self):
        request = self.request(self.key_id)
        self.expect(anna.decide(request, "approved"), 200)
        env.psql(f"update key_request set expires_at = now() - interval '1 s' where id = {request}")
        self.expect(bert.decide(request, "approved"), 409)
        self.assertEqual(self.status(request)["state"], "expired")
        approved = self.approved(self.key_id)
        env.psql(f"update key_request set expires_at = now() - interval '1 s' where id = {approved}")
        self.expect(alice.post(f"/pki/key/{self.key_id}", {"request": approved, **kra.Receiver(transport_key()).body}), 409)

    def test_again_only_for_a_while(self):
        request = self.approved(self.key_id)
        self.assertEqual(self.retrieve(self.key_id, request), kra.pkcs8(self.key))
        env.psql(f"update key_request set released_at = released_at - interval '601 s' where id = {request}")
        self.expect(alice.post(f"/pki/key/{self.key_id}", {"request": request, **kra.Receiver(transport_key()).body}), 409)

    def test_if_match(self):
        request = self.request(self.key_id)
        path = f"/pki/keyrequest/{request}/status"
        body = self.expect(anna.send("PUT", path, {"status": "approved"}), 428)
        self.assertEqual(body["code"], "precondition_required")
        for stale in ('"v9"', 'W/"v1"', "v1"):
            self.expect(anna.send("PUT", path, {"status": "approved"}, If_Match=stale), 412)
        self.assertEqual(self.status(request)["approved"], 0)
        self.expect(anna.send("PUT", path, {"status": "approved"}, If_Match='"v1"'), 200)
        self.expect(bert.send("PUT", path, {"status": "rejected"}, If_Match='"v1"'), 412)

    def test_race_of_eight(self):
        request = self.request(self.key_id)
        path = f"/pki/keyrequest/{request}/status"
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            codes = sorted(pool.map(lambda who: who.send("PUT", path, {"status": "approved"}, If_Match="*").status,
                                    (anna, bert) * 4))
        self.assertEqual(codes.count(200), 2, codes)
        self.assertEqual(set(codes), {200, 409}, codes)
        self.assertEqual(self.status(request)["state"], "approved")
        self.assertEqual(env.count(f"select count(*) from key_approval where request_id = {request}"), 2)

    def test_wrong_members(self):
        for body, field in (({}, "key_id"), ({"key_id": "x"}, "key_id"), ({"key_id": self.key_id, "certificate_id": 1}, "key_id"),
                            ({"issuer": "CN=x"}, "issuer"), ({"key_id": self.key_id, "comment": "a\nb"}, "comment"),
                            ({"key_id": self.key_id, "format": "zip"}, "format"), ({"key_id": self.key_id, "algorithm": "AES-256-GCM"}, "format"),
                            ({"key_id": self.key_id, "reson": "x"}, "reson")):
            with self.subTest(body=body):
                self.assertIn(field, self.expect(alice.post(RECOVERY, body), 422)["errors"])
        self.expect(alice.post(RECOVERY, {"key_id": "00000000-0000-4000-8000-000000000000"}), 404)
        self.expect(alice.post(RECOVERY, {"certificate_id": 999999}), 404)
        request = self.approved(self.key_id)
        path = f"/pki/key/{self.key_id}"
        receiver = kra.Receiver(transport_key()).body
        for change, field in (({"format": "pkcs12"}, "algorithm"), ({"request": "1"}, "request"), ({"request": None}, "request"),
                              ({"password": {"algorithm": "AES-256-GCM", "value": "QUJD"}}, "password"), ({"pin": 1}, "pin")):
            with self.subTest(change=change):
                body = {k: v for k, v in {"request": request, **receiver, **change}.items() if v is not None}
                self.assertIn(field, self.expect(alice.post(path, body), 422)["errors"])
        self.expect(alice.post(path, {"request": request, **receiver, "algorithm": "AES-256-CBC"}), 422)
        # none of this has used it up
        self.assertEqual(self.retrieve(self.key_id, request), kra.pkcs8(self.key))


class Keys(Case):
    def test_lists_and_state(self):
        ids = [self.archive(kra.make_key("P-256"), bob, client_id=f"list-{n}") for n in range(3)]
        page = self.expect(bob.get("/pki/keys?limit=2&state=active"), 200)
        rest = self.expect(bob.get(f"/pki/keys?limit=100&state=active&after={page['next']}"), 200)
        own = [k["id"] for k in page["entries"] + rest["entries"]]
        self.assertTrue(set(ids) <= set(own))
        self.assertIsNone(rest["next"])
        self.assertEqual({k["owner"] for k in page["entries"] + rest["entries"]}, {"EXAMPLE\\bob"})
        found = self.expect(anna.get("/pki/keys?client_id=list-1"), 200)["entries"]
        self.assertEqual([k["id"] for k in found], [ids[1]])
        self.assertNotIn(ids[1], [k["id"] for k in self.expect(alice.get("/pki/keys?limit=1000"), 200)["entries"]])
        self.assertIn(ids[1], [k["id"] for k in self.expect(auditor.get("/pki/keys?owner=EXAMPLE%5Cbob&limit=1000"), 200)["entries"]])
        self.assertEqual(self.expect(bob.get("/pki/keys?limit=0&state=gone&after=x&created_from=now&ower=x"), 422)["errors"].keys(),
                         {"limit", "state", "after", "created_from", "ower"})
        path = f"/pki/key/{ids[0]}/status"
        for who in (bob, officer, auditor):
            self.expect(who.send("PUT", path, {"status": "inactive"}, If_Match='"v1"'), 403)
        self.expect(anna.send("PUT", path, {"status": "inactive"}), 428)
        reply = anna.send("PUT", path, {"status": "inactive", "comment": "he has left"}, If_Match='"v1"')
        self.assertEqual((self.expect(reply, 200)["state"], reply.headers["etag"]), ("inactive", '"v2"'))
        self.expect(anna.send("PUT", path, {"status": "active"}, If_Match='"v1"'), 412)
        self.assertEqual(self.expect(anna.send("PUT", path, {"status": "gone"}, If_Match='"v2"'), 422)["errors"].keys(), {"status"})
        self.expect(bob.post(RECOVERY, {"key_id": ids[0]}), 409)
        self.expect(anna.send("PUT", path, {"status": "active"}, If_Match='"v2"'), 200)
        self.request(ids[0], bob)


class Pkcs12(Case):
    def test_others_read_it(self):
        key, released, cert = self.recover_as("Schlüssel mit Umlaut 7")
        self.read_with_openssl(released, "Schlüssel mit Umlaut 7", key)
        # Java takes only ASCII for the password of a PBES2
        key, released, cert = self.recover_as("correct horse battery")
        self.read_with_openssl(released, "correct horse battery", key)
        self.read_with_java(released, "correct horse battery")

    def recover_as(self, password):
        file = der.Key(env.scratch, "ec:P-256")
        answer = Client(env).enroll(der.csr(file), flags=1)
        self.assertEqual(answer.status, 200, answer.body)
        key = serialization.load_pem_private_key(Path(file.path).read_bytes(), None)
        key_id = self.archive(key, certificate_id=answer.json["CMSID"])
        made = self.expect(alice.post(RECOVERY, {"thumbprint": answer.json["Thumbprint"]}), 201)
        self.assertEqual(made["key_id"], key_id)
        for agent in (anna, bert):
            self.expect(agent.decide(made["id"], "approved"), 200)
        body = {"request": made["id"], **kra.pkcs12_body(transport_key(), password, friendly_name="Alice's key")}
        released = self.expect(alice.post(f"/pki/key/{key_id}", body), 200)
        self.assertEqual(released["format"], "pkcs12")
        p12 = env.scratch / "alice.p12"
        p12.write_bytes(base64.b64decode(released["value"]))
        return key, p12, base64.b64decode(answer.json["Certificates"])

    def run_tool(self, *args, password):
        done = subprocess.run([str(a) for a in args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, "P12": password, "LC_ALL": "C.UTF-8"})
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout.decode()

    def read_with_openssl(self, p12, password, key):
        out = self.run_tool("openssl", "pkcs12", "-in", p12, "-nodes", "-info", "-passin", "env:P12", password=password)
        pem = out[out.index("-----BEGIN PRIVATE KEY"):]
        self.assertEqual(kra.pkcs8(serialization.load_pem_private_key(pem.encode(), None)), kra.pkcs8(key))
        self.assertEqual(out.count("BEGIN CERTIFICATE"), 3)
        self.assertIn("friendlyName: Alice's key", out)
        for part in ("AES-256-CBC", "hmacWithSHA256", "MAC: sha256, Iteration 200000"):
            self.assertIn(part, out)

    def read_with_java(self, p12, password):
        out = self.run_tool("keytool", "-list", "-v", "-storetype", "PKCS12", "-keystore", p12, "-storepass:env", "P12",
                            password=password)
        for part in ("PrivateKeyEntry", "alice's key", "Certificate chain length: 3"):
            self.assertIn(part, out)

    def test_wrong_password_and_no_certificate(self):
        key_id = self.archive(kra.make_key("P-256"))
        request = self.approved(key_id)
        body = {"request": request, **kra.pkcs12_body(transport_key(), "correct horse battery")}
        self.expect(alice.post(f"/pki/key/{key_id}", body), 422)
        self.expect(alice.post(f"/pki/key/{key_id}", {**body, "format": "pkcs12-legacy"}), 422)
        self.assertIn("password.value", self.expect(alice.post(
            f"/pki/key/{key_id}", {"request": request, **kra.pkcs12_body(transport_key(), "x" * 2000)}), 422)["errors"])


class OneAgent(Case):
    """A KRA whose transport key is RSA, and where one agent is enough."""

    @classmethod
    def setUpClass(cls):
        cls.env = Environment("kra-rest-one", GATEHOUSE_KRA="RSA-3072", GATEHOUSE_CONF_EXTRA="kra { approvals = 1 }")
        cls.alice = Person(cls.env.var["GATEHOUSE_USER"], cls.env.var["GATEHOUSE_PASSWORD"], cls.env)
        cls.anna = Person(cls.env.var["GATEHOUSE_AGENT_USER"], cls.env.var["GATEHOUSE_AGENT_PASSWORD"], cls.env)
        cls.transport = transport_key(cls.alice)

    def archive_for_alice(self, key):
        body = {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())),
                **kra.wrapped_secret(self.transport, kra.pkcs8(key), "AES-256-KWP")}
        self.assertEqual(body["session_key"]["algorithm"], "RSA-OAEP-256")
        return self.expect(self.alice.post(ARCHIVE, body), 201)["key_id"]

    def test_agent_gets_it_in_one_call(self):
        for kind in ("P-256", "RSA-2048"):
            key, receiver = kra.make_key(kind), kra.Receiver(self.transport)
            key_id = self.archive_for_alice(key)
            reply = self.anna.post(RECOVERY, {"key_id": key_id, "comment": "he has left", **receiver.body})
            made = self.expect(reply, 207)
            self.assertEqual((made["state"], made["missing"], reply.headers["location"]), ("complete", 0, made["links"]["request"]))
            self.assertEqual(receiver.open(made["released"]), kra.pkcs8(key))
            seen = self.anna.get(made["links"]["request"])
            self.assertEqual((seen.json["state"], seen.json["version"]), ("complete", made["version"]))
            self.assertIsNotNone(seen.json["released_at"])

    def cms_options(self, key):
        """PKIArchiveOptions around what openssl enveloped."""
        (env.scratch / "key.der").write_bytes(kra.pkcs8(key))
        (env.scratch / "transport.pem").write_bytes(self.alice.get(TRANSPORT, Accept="application/x-pem-file").body)
        info = subprocess.run(["openssl", "cms", "-encrypt", "-binary", "-in", env.scratch / "key.der", "-outform", "DER",
                               "-aes-256-gcm", "-recip", env.scratch / "transport.pem", "-keyopt", "rsa_padding_mode:oaep",
                               "-keyopt", "rsa_oaep_md:sha256", "-keyopt", "rsa_mgf1_md:sha256"], check=True,
                              stdout=subprocess.PIPE).stdout
        content = inside(inside(info)[2 + inside(info)[1]:])  # behind the type of the ContentInfo
        return tagged(0xa0, tagged(0xa0, inside(content)))

    def test_pki_archive_options(self):
        for kind in ("P-256", "RSA-2048"):
            key, receiver = kra.make_key(kind), kra.Receiver(self.transport)
            options = self.cms_options(key)
            body = {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())),
                    "pki_archive_options": kra.b64(options)}
            key_id = self.expect(self.alice.post(ARCHIVE, body), 201)["key_id"]
            made = self.expect(self.anna.post(RECOVERY, {"key_id": key_id, **receiver.body}), 207)
            self.assertEqual(receiver.open(made["released"]), kra.pkcs8(key))
            altered = bytearray(options)
            altered[-20] ^= 1
            self.expect(self.alice.post(ARCHIVE, {**body, "pki_archive_options": kra.b64(bytes(altered))}), 422)
            self.expect(self.alice.post(ARCHIVE, {**body, "pki_archive_options": kra.b64(options[:-1])}), 422)
            self.assertEqual(self.expect(self.alice.post(ARCHIVE, {**body, "secret": {}}), 422)["errors"].keys(), {"secret"})
            wrong = {"kind": "passphrase", "pki_archive_options": kra.b64(options)}
            self.assertEqual(self.expect(self.alice.post(ARCHIVE, wrong), 422)["errors"].keys(), {"pki_archive_options"})

    def test_transport_key_is_renewed(self):
        before = self.expect(self.alice.get(TRANSPORT), 200)["entries"]
        key = kra.make_key("P-256")
        body = {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())),
                **kra.wrapped_secret(transport_key(self.alice), kra.pkcs8(key))}
        self.env.admin("kra", "renew", "--ca", "issuing", "--key-alg", "RSA-3072")
        entries = self.expect(self.alice.get(TRANSPORT), 200)["entries"]
        self.assertEqual([e["is_current"] for e in entries], [True] + [False] * len(before))
        self.assertEqual(entries[1]["id"], before[0]["id"])
        pem = self.alice.get(TRANSPORT, Accept="application/x-pem-file").body
        self.assertEqual(pem.decode(), "".join(e["pem"] for e in entries))
        # who names the key that he wrapped for is not disturbed; who does not, is told
        self.expect(self.alice.post(ARCHIVE, body), 422)
        self.expect(self.alice.post(ARCHIVE, {**body, "transport_key": before[0]["id"]}), 201)
        type(self).transport = transport_key(self.alice)
        self.archive_for_alice(kra.make_key("P-256"))

    def test_example_of_the_page(self):
        """docs/pki-rest.md, as somebody pastes it."""
        page = (TOP / "docs" / "pki-rest.md").read_text()
        program = textwrap.dedent(re.search(r"\n(    import base64, json.*?)\n\n    alice", page, re.S).group(1))
        key = kra.make_key("P-256")
        (env.scratch / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                                serialization.NoEncryption()))
        (env.scratch / "transport.der").write_bytes(self.alice.get(TRANSPORT, Accept="application/pkix-cert").body)
        body = subprocess.run([sys.executable, "-c", program], cwd=env.scratch, check=True, stdout=subprocess.PIPE).stdout
        key_id = self.expect(self.alice.post(ARCHIVE, body), 201)["key_id"]
        receiver = kra.Receiver(self.transport)
        made = self.expect(self.anna.post(RECOVERY, {"key_id": key_id, **receiver.body}), 207)
        self.assertEqual(receiver.open(made["released"]), kra.pkcs8(key))

    def test_owner_still_needs_an_agent(self):
        key, receiver = kra.make_key("P-256"), kra.Receiver(self.transport)
        key_id = self.archive_for_alice(key)
        made = self.expect(self.alice.post(RECOVERY, {"key_id": key_id, **receiver.body}), 201)
        self.assertEqual((made["state"], made["missing"]), ("pending", 1))
        self.expect(self.anna.decide(made["id"], "approved"), 200)
        # what it is wrapped in was named with the request: nothing else will do
        path = f"/pki/key/{key_id}"
        self.expect(self.alice.post(path, {"request": made["id"], **kra.Receiver(self.transport).body}), 422)
        released = self.expect(self.alice.post(path, {"request": made["id"]}), 200)
        self.assertEqual(receiver.open(released), kra.pkcs8(key))

    def test_without_a_wrapping_the_agent_asks_twice(self):
        key, receiver = kra.make_key("P-256"), kra.Receiver(self.transport, "AES-128-KWP")
        key_id = self.archive_for_alice(key)
        made = self.expect(self.anna.post(RECOVERY, {"key_id": key_id}), 201)
        self.assertEqual(made["state"], "approved")
        released = self.expect(self.anna.post(f"/pki/key/{key_id}", {"request": made["id"], **receiver.body}), 200)
        self.assertEqual(receiver.open(released), kra.pkcs8(key))

    def test_a_failed_release_tells_of_the_request(self):
        """A wrapping that cannot be opened: the request is there, and can be used with another one."""
        key_id = self.archive_for_alice(kra.make_key("P-256"))
        receiver = kra.Receiver(self.transport)
        body = {**receiver.body, "session_key": {**receiver.body["session_key"], "value": kra.b64(bytes(384))}}
        reply = self.anna.post(RECOVERY, {"key_id": key_id, **body})
        said = self.expect(reply, 422)
        self.assertEqual(said["links"]["key"], f"/pki/key/{key_id}")
        self.assertEqual(self.expect(self.anna.get(said["links"]["request"]), 200)["state"], "approved")


class Secrecy(Case):
    def test_no_key_leaves_the_kra(self):
        keys = [kra.make_key("P-256"), kra.make_key("RSA-2048")]
        for key in keys:
            key_id = self.archive(key)
            self.assertEqual(self.retrieve(key_id, self.approved(key_id)), kra.pkcs8(key))
        secrets = [kra.secret_bytes(key) for key in keys]
        needles = [form for s in secrets for form in (s, s.hex().encode(), s.hex().upper().encode(), base64.b64encode(s)[4:36])]
        looked = search_everywhere(env, needles)
        self.assertGreater(looked, 50 << 20)
        # nor is what is wrapped in a log
        receiver = kra.Receiver(transport_key())
        released = self.expect(alice.post(f"/pki/key/{key_id}", {"request": self.approved(key_id), **receiver.body}), 200)
        env.await_log("/pki/key/" + key_id)
        for text in (released["value"], receiver.body["session_key"]["value"], receiver.body["session_key"]["ephemeral"]):
            self.assertNotIn(text[:60], env.log())

    def test_the_search_finds(self):
        """What is in the clear in a process is found in this way."""
        secret = os.urandom(32)
        child = subprocess.Popen(["sleep", "60"], env={"SECRET": secret.hex()})
        try:
            wait_for(lambda: Path(f"/proc/{child.pid}/environ").read_bytes(), "the process runs")
            with self.assertRaises(AssertionError):
                search(Path(f"/proc/{child.pid}/mem"), [secret.hex().encode()], maps(child.pid))
        finally:
            child.kill()
            child.wait()


class Away(Case):
    """The KRA is killed, stopped, or locked: callers are told to come again, and nothing half-done is left."""

    def body(self):
        key = kra.make_key("P-256")
        return {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())),
                **kra.wrapped_secret(transport_key(), kra.pkcs8(key))}

    def test_killed_in_mid_call(self):
        key = kra.make_key("P-256")
        key_id = self.archive(key)
        request = self.approved(key_id)
        good, later, receiver = self.body(), self.body(), kra.Receiver(transport_key())
        rows = env.count("select count(*) from archived_key")
        pid = kra_pid()
        os.kill(pid, signal.SIGSTOP)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            calls = [pool.submit(Person(alice.user, var["GATEHOUSE_PASSWORD"]).post, ARCHIVE, good),
                     pool.submit(Person(alice.user, var["GATEHOUSE_PASSWORD"]).post, f"/pki/key/{key_id}",
                                 {"request": request, **receiver.body})]
            time.sleep(0.5)
            os.kill(pid, signal.SIGKILL)
            replies = [c.result() for c in calls]
        made = 0
        for reply in replies:
            # the supervisor starts it again: who asked once more was answered
            self.assertIn(reply.status, (200, 201, 503), reply.body)
            made += reply.status == 201
            if reply.status == 503:
                self.assertIn("key recovery authority", reply.json["message"])
                self.assertIn("retry-after", reply.headers)
        self.assertEqual(env.count("select count(*) from archived_key"), rows + made)
        # /readyz may not have noticed yet that it was away
        wait_for(lambda: alice.post(ARCHIVE, later).status == 201, "the KRA is back")
        self.assertEqual(self.retrieve(key_id, request), kra.pkcs8(key))

    def test_locked(self):
        (env.scratch / "kra.password").write_text("correct horse battery\n")
        good = self.body()
        key_id = self.archive(kra.make_key("P-256"))
        request = self.approved(key_id)
        receiver = kra.Receiver(transport_key())
        env.admin("kra", "password", "set", "--password-file", env.scratch / "kra.password")
        env.admin("kra", "password", "lock")
        try:
            # what is archived needs the public half of the storage key only
            self.expect(alice.post(ARCHIVE, good), 201)
            reply = alice.post(f"/pki/key/{key_id}", {"request": request, **receiver.body})
            self.assertEqual(self.expect(reply, 503)["code"], "ca_locked")
            self.assertIn("key recovery authority", reply.json["message"])
        finally:
            env.admin("kra", "password", "unlock", "--password-file", env.scratch / "kra.password")
        self.expect(alice.post(f"/pki/key/{key_id}", {"request": request, **receiver.body}), 200)


class Told(Case):
    def test_owner_and_agents(self):
        key_id = self.archive(kra.make_key("P-256"))
        request = self.request(key_id, comment="new laptop")
        rows = [n for n in env.admin("notification", "list", "--oldest-first", "--limit", "0", "--json")
                if n["facts"]["request"] == request]
        self.assertEqual([(n["event"], n["audience"], n["recipient"], n["object"], n["state"]) for n in rows],
                         [("key.recovery-requested", "owner", "EXAMPLE\\alice", f"key {key_id}", "waiting"),
                          ("key.recovery-requested", "agents", None, f"key {key_id}", "waiting")])
        self.assertEqual((rows[0]["facts"]["comment"], rows[0]["facts"]["requester"]), ("new laptop", "EXAMPLE\\alice"))
        self.expect(bert.decide(request, "rejected"), 200)
        # jobs end requests meanwhile, and tell of them
        mine = env.admin("notification", "list", "--recipient", "example\\ALICE", "--limit", "0", "--json")
        newest = next(n for n in mine if n["object"] == f"key {key_id}")
        self.assertEqual((newest["event"], newest["facts"]["resolved_by"]), ("key.recovery-rejected", "bert"))
        self.assertEqual({n["recipient"] for n in mine}, {"EXAMPLE\\alice"})
        self.assertEqual(len(env.admin("notification", "list", "--limit", "2", "--json")), 2)
        lines = [line for line in env.admin("notification", "list", "--limit", "0").splitlines() if key_id in line]
        self.assertIn("key.recovery-rejected", lines[0])

    def test_gauges(self):
        self.request(self.archive(kra.make_key("P-256")))
        for name, sql in (('gatehouse_key_requests_open{state="pending"}', "key_request where state = 'pending' and expires_at > now()"),
                          ("gatehouse_notifications_waiting", "notification where state = 'waiting'")):
            self.assertGreater(env.count("select count(*) from " + sql), 0)
            # jobs end requests meanwhile
            wait_for(lambda: f"{name} {env.count('select count(*) from ' + sql)}\n" in Client(env).get("/metrics").body.decode(), name)
        end = env.count("select extract(epoch from not_after)::bigint from kra_key where kind = 'transport' and state = 'current'")
        self.assertEqual(env.metric("gatehouse_kra_transport_not_after_timestamp_seconds"), end)

    def test_events_are_counted(self):
        """Of both workers together; nothing else happens meanwhile, but that the job ends requests."""
        def counters():
            text = Client(env).get("/metrics").body.decode()
            return {k: int(v) for k, v in re.findall(r'^gatehouse_key_events_total\{event="(\w+)"\} (\d+)$', text, re.M)}
        before = counters()
        key_id = self.archive(kra.make_key("P-256"))
        request = self.request(key_id)
        self.expect(anna.decide(request, "approved"), 200)
        self.expect(anna.decide(request, "approved"), 409)
        self.expect(bert.decide(request, "approved"), 200)
        for _ in range(2):
            self.retrieve(key_id, request)
        self.expect(anna.decide(self.request(key_id), "rejected"), 200)
        self.expect(alice.decide(self.request(key_id), "canceled"), 200)
        after = counters()
        self.assertEqual({k: after[k] - before[k] for k in after if after[k] != before[k] and k != "expired"},
                         {"archived": 1, "requested": 3, "approved": 2, "rejected": 1, "canceled": 1, "refused": 1,
                          "released": 1, "released_again": 1})


class CrossSite(Case):
    def test_foreign_page(self):
        key_id = self.archive(kra.make_key("P-256"))
        request = self.request(key_id)
        for headers in ({"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}, {"Origin": "null"}):
            for method, path, body in (("POST", RECOVERY, {"key_id": key_id}), ("POST", ARCHIVE, {}),
                                       ("PUT", f"/pki/keyrequest/{request}/status", {"status": "approved"}),
                                       ("POST", f"/pki/key/{key_id}", {"request": request})):
                reply = anna.send(method, path, body, If_Match="*", **headers)
                self.assertEqual((reply.status, reply.json["code"]), (403, "cross_site"), reply.body)
        # a GET gives nothing out and changes nothing
        self.assertNotIn("value", self.expect(alice.get(f"/pki/key/{key_id}?request={request}"), 200))


if __name__ == "__main__":
    tap.main()
