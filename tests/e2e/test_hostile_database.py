#!/usr/bin/env python3
"""An enemy who owns the database, against a running gateway: what he writes grants nothing, is told everywhere, and is not
laundered by what the administrator does next."""

import json
import subprocess
import unittest

from cryptography import x509

import der
import kra_client as kra
import tap
from client import Client
from environment import BUILD, Environment, wait_for

# One thread in each worker: each connection to the database remembers for itself how far it was.
env = Environment("hostile", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="""
gateway { threads = 1 }
jobs { audit_seal = 0 }
limits { failures = 1000 }
""")
KEY = der.Key(env.scratch, "ec:P-256")
GOOD = der.csr(KEY)
AUDITOR, PASSWORD = env.var["GATEHOUSE_AUDITOR_USER"], env.var["GATEHOUSE_AUDITOR_PASSWORD"]
TABLES = ("admin_user", "application", "ca", "ca_certificate", "ca_rule", "est_label", "metadata_field", "name_owner", "template", "row_seal", "grant_head")


def keep(schema="kept"):
    env.psql(f"drop schema if exists {schema} cascade; create schema {schema};" +
          "".join(f"create table {schema}.{t} as table {t};" for t in TABLES), "postgres")


def put_back(schema="kept"):
    env.psql("set session_replication_role = replica;" +
          "".join(f"delete from {t}; insert into {t} overriding system value select * from {schema}.{t};"
                  for t in TABLES) + "update catalog_generation set n = n + 1; notify gatehouse_catalog;", "postgres")


def readyz(client=None):
    try:
        reply = (client or Client(env)).get("/readyz")
    except OSError:
        return None  # not listening
    return reply.status, reply.json["configuration"]


def all_workers(wanted):
    env.await_each_worker(lambda client: readyz(client) == wanted, f"/readyz says {wanted}")


class Hostile(unittest.TestCase):
    def setUp(self):
        keep()

    def tearDown(self):
        put_back()
        all_workers((200, "loaded"))

    def status(self):
        done = env.admin("db", "status", check=False)
        return done.returncode, done.stderr.decode()

    def test_template_that_was_changed(self):
        env.psql("update template set body = jsonb_set(body, '{subject}', '{\"cn\": \"supplied\"}') where active")
        all_workers((200, "refused"))
        self.assertGreater(env.metric("gatehouse_configuration_refused"), 0)
        reply = Client(env).enroll(GOOD)  # the last good configuration goes on
        self.assertEqual(reply.status, 200, reply.body)
        code, text = self.status()
        self.assertEqual(code, 1)
        self.assertRegex(text, r"template \d+ \(\w+\) was changed without Gatehouse")
        self.assertGreater(env.count("select count(*) from audit where event = 'grant.refused' and "
                                     "detail like 'template % was changed%'"), 0)
        done = env.admin("audit", "verify", "--json", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual([f["kind"] for f in json.loads(done.stdout)["findings"]], ["grants_wrong"])
        # nobody starts with it, and no change of the administrator makes it good
        env.gateway("halt")
        done = env.admin("app", "disable", "demo", check=False)
        self.assertIn(b"was changed", done.stderr)
        shown = env.admin("db", "reseal", "--dry-run", check=False)
        self.assertEqual(shown.returncode, 1)
        self.assertIn(b"changed  template", shown.stdout)
        done = env.admin("db", "reseal", check=False)  # no terminal to say yes on
        self.assertNotEqual(done.returncode, 0)
        with open(env.scratch / "run.log", "w") as log:
            gateway = subprocess.Popen([BUILD / "gatehouse", "run", "-c", env.dir / "state" / "gatehouse.conf"],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_for(lambda: readyz() == (503, "refused"), "a new gateway does not take it")
            self.assertEqual(Client(env).enroll(GOOD).status, 503)
        finally:
            gateway.terminate()
            gateway.wait()
            put_back()
            env.gateway("run")

    def test_rule_that_was_added_or_changed(self):
        """Whoever can write the database cannot send requests to another CA."""
        env.admin("ca", "rule", "add", "usual", "--ca", "issuing", "--priority", "50")
        self.addCleanup(env.admin, "ca", "rule", "delete", "usual")
        env.await_catalog()
        keep()
        for attack, what in (("insert into ca_rule (name, priority, ca) values ('evil', 0, 'issuing')",
                              r"ca_rule \d+ \(evil\) was added"),
                             ("update ca_rule set priority = 7", r"ca_rule \d+ \(usual\) was changed"),
                             ("update ca set policy = policy || '{\"groups\": [\"evil\"]}' where name = 'issuing'",
                              r"ca \d+ \(issuing\) was changed")):
            with self.subTest(attack):
                env.psql(attack)
                all_workers((200, "refused"))
                self.assertEqual(Client(env).enroll(GOOD).status, 200)  # the last good configuration goes on
                self.assertRegex(self.status()[1], what + " without Gatehouse")
                self.assertIn(b"without Gatehouse", env.admin("ca", "rule", "test", check=False).stderr)
                put_back()
                all_workers((200, "loaded"))

    def test_administrator_that_was_added(self):
        hash_of = env.psql(f"select hash from admin_user where name = '{AUDITOR}'")
        self.assertEqual(self.page(AUDITOR), 200)
        env.psql(f"insert into admin_user (name, hash, roles, enabled) values ('eve', '{hash_of}', 7, true)")
        self.assertEqual(self.page("eve"), 503)
        self.assertEqual(self.page(AUDITOR), 503)
        env.await_log("(eve) was added without Gatehouse")
        self.assertRegex(self.status()[1], r"admin_user \d+ \(eve\) was added without Gatehouse")
        env.psql("delete from admin_user where name = 'eve'")
        self.assertEqual(self.page(AUDITOR), 200)

    def page(self, user, client=None):
        head = Client(env, user=user, password=PASSWORD).headers()
        return (client or Client(env)).request("GET", "/pki/audit?limit=1", headers=head).status

    def test_everything_set_back(self):
        """The whole set with its seals: found by who has seen a newer one, and by the audit trail."""
        env.admin("user", "disable", AUDITOR)
        # each worker has seen it
        env.await_each_worker(lambda client: self.page(AUDITOR, client) in (401, 403), "the auditor is refused")
        keep("disabled")
        put_back()
        self.assertEqual(self.page(AUDITOR), 503)
        env.await_log("went back from revision")
        done = env.admin("audit", "verify", "--json", check=False)
        self.assertEqual([f["kind"] for f in json.loads(done.stdout)["findings"]], ["grants_wrong"])
        self.assertIn("db restored", self.status()[1])
        put_back("disabled")
        env.admin("user", "enable", AUDITOR)
        keep()

    def test_update_from_a_version_without_seals(self):
        def without_seals():
            env.psql("delete from grant_head; delete from row_seal; update request set mac = null")

        without_seals()
        # he pretends: the trail says that the rows were sealed
        done = env.admin("db", "migrate", "--yes")
        self.assertIn("0 rows sealed", done)
        self.assertIn("not sealed", self.status()[1])
        without_seals()
        env.psql("set session_replication_role = replica; delete from audit where event like 'grant.%'", "postgres")
        done = env.admin("db", "migrate", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"--yes", done.stderr)
        self.assertIn(b"added    admin_user", done.stderr)
        self.assertIn("not sealed", self.status()[1])
        self.assertRegex(env.admin("db", "migrate", "--yes"), r"0 migrations applied, [1-9]\d* rows sealed")
        self.assertEqual(self.status()[0], 0)
        env.gateway("halt")
        env.gateway("run")
        keep()


class HostileKeys(unittest.TestCase):
    """He logs in as an agent, too, who may ask for anybody's key and needs two others."""

    def call(self, user, method, path, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        prefix = {"anna": "GATEHOUSE_AGENT_", "bert": "GATEHOUSE_AGENT2_", "alice": "GATEHOUSE_"}[user]
        client = Client(env, user=env.var[prefix + "USER"], password=env.var[prefix + "PASSWORD"])
        head = {"Authorization": client.headers()["Authorization"], **headers}
        if data is not None:
            head["Content-Type"] = "application/json"
        return client.request(method, path, data, head)

    def setUp(self):
        cert = self.call("alice", "GET", "/pki/config/kra/cert/transport", Accept="application/pkix-cert")
        self.transport = x509.load_der_x509_certificate(cert.body).public_key()
        self.key = kra.make_key("P-256")
        body = {"kind": "private_key", "public_key": kra.b64(kra.spki(self.key.public_key())),
                **kra.wrapped_secret(self.transport, kra.pkcs8(self.key))}
        reply = self.call("alice", "POST", "/pki/keyrequest/archive", body)
        self.assertEqual(reply.status, 201, reply.body)
        self.key_id = reply.json["key_id"]

    def ask(self, user):
        reply = self.call(user, "POST", "/pki/keyrequest/recovery", {"key_id": self.key_id})
        self.assertEqual((reply.status, reply.json["state"]), (201, "pending"), reply.body)
        return reply.json["id"]

    def retrieve(self, user, request):
        receiver = kra.Receiver(self.transport)
        return self.call(user, "POST", f"/pki/key/{self.key_id}", {"request": request, **receiver.body}), receiver

    def approve(self, user, request):
        return self.call(user, "PUT", f"/pki/keyrequest/{request}/status", {"status": "approved"}, **{"If-Match": "*"})

    def refused(self, user, request):
        before = env.count("select count(*) from audit where event = 'key.retrieval-refused'")
        reply, _ = self.retrieve(user, request)
        self.assertEqual((reply.status, reply.json["code"]), (503, "seal"), reply.body)
        self.assertIn("past Gatehouse", reply.json["message"])
        self.assertEqual(env.count("select count(*) from audit where event = 'key.retrieval-refused'"), before + 1)
        self.assertEqual(self.call(user, "GET", f"/pki/keyrequest/{request}/status").json["state"], "failed")
        self.assertEqual(env.count(f"select count(*) from audit where event = 'key.recovered' and detail like 'request {request}%'"), 0)

    def test_approvals_that_he_writes(self):
        request = self.ask("anna")
        env.psql(f"insert into key_approval (request_id, agent_id, agent) values ({request}, 'bert', 'bert'), ({request}, 'carl', 'carl');"
                 f"update key_request set state = 'approved', approvals = 2 where id = {request}")
        self.refused("anna", request)

    def test_approvals_of_another_request(self):
        given = self.ask("alice")
        for agent in ("anna", "bert"):
            self.assertEqual(self.approve(agent, given).status, 200)
        request = self.ask("anna")
        env.psql(f"insert into key_approval select {request}, agent_id, agent, comment, signature, at, mac from key_approval "
                 f"where request_id = {given}; update key_request set state = 'approved', approvals = 2 where id = {request}")
        self.refused("anna", request)
        # what was agreed to is given to who asked for it
        reply, receiver = self.retrieve("alice", given)
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(receiver.open(reply.json), kra.pkcs8(self.key))

    def test_request_of_another(self):
        request = self.ask("alice")
        for agent in ("anna", "bert"):
            self.assertEqual(self.approve(agent, request).status, 200)
        env.psql(f"update key_request r set requester = a.name, requester_dn = '', requester_id = '', requester_kind = k.requester_kind "
                 f"from admin_user a, key_request k where a.name = 'anna' and r.id = {request} and k.id = {self.ask('anna')}")
        self.refused("anna", request)

    def test_fewer_approvals_needed(self):
        request = self.ask("anna")
        env.psql(f"update key_request set required = 1, requester_counts = true where id = {request}")
        reply = self.approve("bert", request)
        self.assertEqual((reply.status, reply.json["code"]), (503, "seal"), reply.body)
        self.assertEqual(env.count(f"select count(*) from key_approval where request_id = {request}"), 0)
        self.assertGreater(env.count("select count(*) from audit where event = 'key.decision-refused' and "
                                     f"object = 'key request {request}'"), 0)
        # it stays, for somebody to reject it
        reply = self.call("bert", "PUT", f"/pki/keyrequest/{request}/status", {"status": "rejected"}, **{"If-Match": "*"})
        self.assertEqual((reply.status, reply.json["state"]), (200, "rejected"), reply.body)


if __name__ == "__main__":
    env.wait_ready()
    tap.main()
