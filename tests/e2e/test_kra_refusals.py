#!/usr/bin/python3
"""What the routes of the KRA refuse, and that a call which comes again does nothing twice."""

import base64
import concurrent.futures
import json
import os
import statistics
import subprocess
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import client
import der
import kra_client as kra
import tap
from client import Client
from environment import BUILD, Environment
from person import Person

OPEN_MAX = 6
env = Environment("kra-refusals", GATEHOUSE_KRA="RSA-3072", GATEHOUSE_CONF_EXTRA=f"""
limits {{ failures = 10000 }}
kra {{
 open_requests = {OPEN_MAX}
 allow_legacy_wrapping = true
}}
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
        own = self.body(kra.make_key("P-256"))
        self.assertNotEqual(self.expect(bob.post(ARCHIVE, own, Idempotency_Key="a-1"), 201)["key_id"], first["key_id"])
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

class Legacy(Case):
    """RSA PKCS#1 v1.5 and AES-CBC, where they are allowed: what was altered gets one answer, in one class of time, so that
    neither Bleichenbacher nor Vaudenay has an oracle."""
    ROUNDS = 1000

    @staticmethod
    def legacy_body(key, wrapped=None):
        session, iv = os.urandom(32), os.urandom(16)
        plain = kra.pkcs8(key)
        n = 16 - len(plain) % 16
        cbc = Cipher(algorithms.AES(session), modes.CBC(iv)).encryptor()
        cipher = cbc.update(plain + bytes((n,)) * n) + cbc.finalize()
        return {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())),
                "session_key": {"algorithm": "RSA1_5", "value": kra.b64(TRANSPORT.encrypt(session, padding.PKCS1v15()))},
                "secret": {"algorithm": "AES-256-CBC", "iv": kra.b64(iv), "value": kra.b64(cipher)}}

    def wrongs(self, good):
        """Kinds of wrong: in turn, so that a slow moment of the machine hits all of them."""
        numbers = TRANSPORT.public_numbers()

        def raw(part):
            return bytearray(base64.b64decode(good[part]["value"]))

        def put(part, value):
            return {**good, part: {**good[part], "value": kra.b64(bytes(value))}}

        def flipped(part, at):
            value = raw(part)
            value[at % len(value)] ^= 1 << (at % 8)
            return put(part, value)

        def encrypted(block):
            return put("session_key", pow(int.from_bytes(block, "big"), numbers.e, numbers.n).to_bytes(len(block), "big"))

        size = len(raw("session_key"))
        fill = bytes((7,)) * (size - 35)
        i = 0
        while True:
            i += 1
            yield "padding of the key", encrypted(bytes((0, 2)) + fill + bytes((1,)) + os.urandom(32))  # no 0 octet before the key
            yield "no padding of the key", encrypted(bytes((0, 3)) + fill + bytes(1) + os.urandom(32))
            yield "shorter key", encrypted(bytes((0, 2)) + fill + bytes((7, 7, 0)) + os.urandom(30))
            yield "another key", encrypted(bytes((0, 2)) + fill + bytes(1) + os.urandom(32))
            yield "altered key", flipped("session_key", 1 + i * 7)
            yield "padding of the secret", flipped("secret", -17)  # its last octet, of the last block
            yield "altered secret", flipped("secret", i * 5)
            yield "last block", flipped("secret", -1 - i % 16)

    def test_one_answer_in_one_class_of_time(self):
        key = kra.make_key("P-256")
        good = self.legacy_body(key)
        rows = self.count("archived_key")
        said, times = set(), {}
        alice.client.keep()
        self.addCleanup(setattr, alice.client, "connection", None)
        alice.post(ARCHIVE, good, Idempotency_Key="warm")
        for _, (kind, body) in zip(range(self.ROUNDS), self.wrongs(good)):
            start = time.perf_counter()
            reply = alice.post(ARCHIVE, body)
            times.setdefault(kind, []).append(time.perf_counter() - start)
            answer = dict(reply.json)
            answer.pop("request_id")
            said.add((reply.status, json.dumps(answer, sort_keys=True)))
        self.assertEqual(len(said), 1, said)
        self.assertEqual({status for status, _ in said}, {422})
        # what others do on the machine only adds: a tenth of them met nobody
        least = {kind: statistics.quantiles(taken, n=10)[0] for kind, taken in times.items()}
        self.assertLess(max(least.values()), 1.5 * min(least.values()), least)
        self.assertEqual(self.count("archived_key"), rows + 1)


class Signed(Case):
    """Approvals that are CMS signatures: a bad one is refused at once, and the request stays as it was."""

    @classmethod
    def setUpClass(cls):
        agents = []
        cls.signer = {}
        for name in ("anna", "bert"):
            key, cert = env.scratch / f"{name}.key", env.scratch / f"{name}.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                            "-out", cert, "-days", "1", "-subj", f"/CN={name}"], check=True, stderr=subprocess.DEVNULL)
            der_of = subprocess.run(["openssl", "x509", "-in", cert, "-outform", "DER"], check=True, stdout=subprocess.PIPE).stdout
            agents.append({"id": var["GATEHOUSE_AGENT_USER" if name == "anna" else "GATEHOUSE_AGENT2_USER"], "name": name,
                           "certificate": kra.b64(der_of)})
            cls.signer[name] = (key, cert)
        cls.agents = agents
        cls.set_policy("signed-here", agents)

    @staticmethod
    def set_policy(name, agents, check=True):
        spec = env.scratch / "policy.json"
        spec.write_text(json.dumps({"name": name, "required": 2, "signed": True, "agents": agents}))
        return env.admin("kra", "policy", spec, check=check)

    def sign(self, name, text):
        key, cert = self.signer[name]
        return kra.b64(subprocess.run(["openssl", "cms", "-sign", "-binary", "-signer", cert, "-inkey", key, "-md", "sha256",
                                       "-outform", "DER"], input=text.encode(), check=True, stdout=subprocess.PIPE).stdout)

    def text(self, request):
        r = self.expect(anna.get(f"/pki/keyrequest/{request}"), 200)
        return (f"gatehouse key recovery 1\nkey: {r['key_id']}\nrequest: {request}\nrequester: {r['requester_id'] or r['requester']}\n"
                f"wrapping: {r['wrapping_sha256']}\nuntil: {r['expires_at']}\n")

    def test_bad_ones(self):
        key, receiver = kra.make_key("P-256"), kra.Receiver(TRANSPORT)
        key_id = self.archive(key, policy="signed-here")
        self.expect(alice.post(RECOVERY, {"key_id": key_id}), 422)
        request, other = (self.ask(key_id, **r.body) for r in (receiver, kra.Receiver(TRANSPORT)))
        good, of_other = self.text(request), self.text(other)
        bad = {"none": None, "no CMS": kra.b64(b"no CMS"), "of another request": self.sign("anna", of_other),
               "of another text": self.sign("anna", good.replace("until: 2", "until: 3")), "of another agent": self.sign("bert", good),
               "cut": kra.b64(base64.b64decode(self.sign("anna", good))[:-1]),
               "too long": kra.b64(base64.b64decode(self.sign("anna", good)) + bytes(9000))}
        for what, signature in bad.items():
            with self.subTest(what=what):
                reply = anna.decide(request, "approved", **({"signature": signature} if signature else {}))
                self.expect(reply, 422)
                seen = self.expect(anna.get(f"/pki/keyrequest/{request}"), 200)
                self.assertEqual((seen["state"], seen["approved"], seen["version"]), ("pending", 0, 1))
        self.assertGreaterEqual(self.count("audit", f"event = 'key.decision-refused' and object = 'key request {request}'"), 5)
        self.expect(anna.decide(request, "approved", signature=self.sign("anna", good)), 200)
        self.expect(anna.decide(request, "approved", signature=self.sign("anna", good)), 409)
        self.assertEqual(self.expect(bert.decide(request, "approved", signature=self.sign("bert", good)), 200)["state"], "approved")
        released = self.expect(alice.post(f"/pki/key/{key_id}", {"request": request}), 200)
        self.assertEqual(receiver.open(released), kra.pkcs8(key))

    def test_agents_who_cannot_be_told_apart(self):
        anna_, bert_ = self.agents
        for agents in ([anna_, {**bert_, "certificate": anna_["certificate"]}], [anna_, {**bert_, "id": anna_["id"].upper()}],
                       [anna_, {**bert_, "certificate": kra.b64(b"none")}]):
            done = self.set_policy("twins", agents, check=False)
            self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.count("kra_policy", "name = 'twins'"), 0)


class PolicyOnly(Case):
    """kra.sealed_policy_only: the KRA itself takes nothing without a policy."""

    @classmethod
    def setUpClass(cls):
        cls.env = Environment("kra-policy-only", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="kra { sealed_policy_only = true }")
        cls.alice = Person(cls.env.var["GATEHOUSE_USER"], cls.env.var["GATEHOUSE_PASSWORD"], cls.env)
        cert = cls.alice.get("/pki/config/kra/cert/transport", Accept="application/pkix-cert").body
        cls.transport = x509.load_der_x509_certificate(cert).public_key()
        spec = cls.env.scratch / "policy.json"
        spec.write_text(json.dumps({"name": "hr", "required": 2, "agents": [{"id": "anna"}, {"id": "bert"}]}))
        cls.env.admin("kra", "policy", spec)

    def test_archival_and_generation(self):
        key = kra.make_key("P-256")
        body = {"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())), **kra.wrapped_secret(self.transport, kra.pkcs8(key))}
        self.assertIn("name one", self.expect(self.alice.post(ARCHIVE, body), 422)["message"])
        self.expect(self.alice.post(ARCHIVE, {**body, "policy": "none"}), 422)
        self.expect(self.alice.post("/pki/keyrequest/generate", {"key_type": "EC", "key_size": 256}), 422)
        self.assertEqual(self.env.count("select count(*) from archived_key"), 0)
        # a row that the KRA has not sealed is no policy
        self.env.psql("insert into kra_policy (name, revision, sealed, body, changed_by) select 'weak', 1, sealed, body, 'x' from kra_policy")
        self.assertIn(self.alice.post(ARCHIVE, {**body, "policy": "weak"}).status, (502, 503))
        self.assertEqual(self.env.count("select count(*) from archived_key"), 0)
        self.expect(self.alice.post(ARCHIVE, {**body, "policy": "hr"}), 201)
        self.expect(self.alice.post("/pki/keyrequest/generate", {"key_type": "EC", "key_size": 256, "policy": "hr"}), 201)


FOREIGN = ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost"}, {"Sec_Fetch_Site": "cross-site"},
           {"Sec_Fetch_Site": "same-site"}, {"Origin": "https://evil.example", "Sec_Fetch_Site": "same-origin"})
# what a page sends without asking first (Fetch, 2.2.2), and a body that says nothing of itself
SIMPLE = (None, "", "text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
          "text/plain; application/json")


class CrossSite(Case):
    """Each changing route below /pki, as a browser calls it that a foreign page uses: it adds the password or the client
    certificate of its user. Nothing happens, whatever state the object is in."""

    @classmethod
    def setUpClass(cls):
        cls.client_certificate()

    @classmethod
    def client_certificate(cls):
        key = der.Key(env.scratch, "ec:P-256")
        leaf, *issuers = Client(env).enroll(der.csr(key)).certificates()
        chain, cas = env.scratch / "chain.pem", env.scratch / "cas.pem"
        chain.write_text("".join(client.to_pem(c) for c in (leaf, *issuers)))
        cas.write_text("".join(client.to_pem(c) for c in issuers))
        conf = env.dir / "state" / "gatehouse.conf"
        conf.write_text(conf.read_text().replace("gateway {\n", f'gateway {{\n client_ca = "{cas}"\n', 1))
        env.gateway("halt")
        env.gateway("run")
        cls.browser = Client(env)
        cls.browser.context.load_cert_chain(chain, key.path)

    def routes(self):
        """Each in each state that the object can be in."""
        table = subprocess.run([BUILD / "tests/docs/print_routes"], check=True, stdout=subprocess.PIPE).stdout.decode()
        changing = [line.split()[:2] for line in table.splitlines() if line.split()[0] in ("post", "put", "delete")]
        pki = [(method.upper(), pattern) for method, pattern in changing if pattern.startswith("/pki/")]
        self.assertGreater(len(pki), 8)
        key_id = self.archive(kra.make_key("P-256"))
        requests = {"pending": self.ask(key_id), "approved": self.approved(key_id)}
        complete = self.approved(key_id)
        receiver = kra.Receiver(TRANSPORT)
        self.expect(alice.post(f"/pki/key/{key_id}", {"request": complete, **receiver.body}), 200)
        requests["complete"] = complete
        cert = env.count("select max(id) from certificate where requester like '%alice'")
        for method, pattern in pki:
            path = pattern.replace("{profile}", "User").replace("{kid}", key_id).replace("{name}", "CostCenter")
            bodies = [{"status": "rejected"}, {"status": "inactive"}, {"status": "revoked"}, {"key_id": key_id}]
            if "keyrequest/{id}" in path:
                for request in requests.values():
                    yield method, path.replace("{id}", str(request)), {"status": "rejected"}
            elif pattern == "/pki/key/{kid}":
                for request in requests.values():
                    yield method, path, {"request": request, **receiver.body}
            else:
                path = path.replace("{id}", str(cert)) + (f"?serial=01" if pattern == "/pki/certificate/status" else "")
                for body in bodies:
                    yield method, path, body

    def world(self):
        asked = "(select * from certificate where request_id <> 0)"  # the gateway makes some for itself, in the background
        tables = ("archived_key", "key_request", "key_approval", "request", asked, "revocation")
        return [env.psql(f"select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {t} t") for t in tables]

    def callers(self):
        yield "anna", lambda *args, **kw: anna.send(*args, **kw)
        yield "alice", lambda *args, **kw: alice.send(*args, **kw)
        yield "certificate", self.with_certificate

    def with_certificate(self, method, path, value, **headers):
        head = {k.replace("_", "-"): v for k, v in headers.items()}
        head.setdefault("Content-Type", "application/json")
        return self.browser.request(method, path, value, head)

    def test_each_changing_route(self):
        routes = list(self.routes())
        self.assertEqual(self.with_certificate("GET", "/pki/info", None).status, 200)
        before = self.world()
        for method, path, body in routes:
            raw = json.dumps(body).encode()
            for name, send in self.callers():
                for head in FOREIGN:
                    reply = send(method, path, raw, If_Match="*", **head)
                    self.assertEqual((reply.status, reply.json["code"]), (403, "cross_site"), (method, path, name, head, reply.body))
                    self.assertFalse({h for h in reply.headers if h.startswith("access-control-")})
        self.assertEqual(self.world(), before)

    def test_types_that_need_no_preflight(self):
        """From a browser that tells nothing of the page."""
        routes = list(self.routes())
        before = self.world()
        for method, path, body in routes:
            raw = json.dumps(body).encode()
            for kind in SIMPLE:
                head = {"Authorization": anna.basic, "If-Match": "*"}
                if kind is not None:
                    head["Content-Type"] = kind
                reply = anna.client.request(method, path, raw, head)
                self.assertEqual((reply.status, reply.json["code"]), (415, "unsupported_media"), (method, path, kind, reply.body))
        self.assertEqual(self.world(), before)

    def test_preflight_is_never_permitted(self):
        for method, path, _ in self.routes():
            reply = anna.client.request("OPTIONS", path, None, {
                "Origin": "https://evil.example", "Access-Control-Request-Method": method,
                "Access-Control-Request-Headers": "content-type,if-match"})
            self.assertGreaterEqual(reply.status, 400)
            self.assertFalse({h for h in reply.headers if h.startswith("access-control-")}, reply.headers)

    def test_get_changes_nothing(self):
        """A picture or a link: nothing but the trail says that it was there."""
        routes = list(self.routes())
        before = self.world()
        for _, path, body in routes:
            for _, send in self.callers():
                reply = send("GET", path + ("&" if "?" in path else "?") + f"request={body.get('request', 1)}", None,
                             Origin="https://evil.example", Sec_Fetch_Site="cross-site")
                self.assertNotIn(b'"value"', reply.body)
        self.assertEqual(self.world(), before)


if __name__ == "__main__":
    tap.main()
