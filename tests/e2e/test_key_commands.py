#!/usr/bin/env python3
"""`gatehouse key ...` on the machines of owners and agents: archive, recover, approve (recorded and signed), retrieve, by
commands alone; and that neither a taken-over worker nor who can write the database gets a key whose policy wants signatures."""

import base64
import datetime
import hashlib
import json
import os
import re
import subprocess
import unittest
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

import kra_client as kra
import tap
from command_user import CommandUser
from environment import BUILD, TOP, Environment, wait_for
from lying_gateway import LyingGateway

env = Environment("key-commands", GATEHOUSE_KRA=os.environ.get("GATEHOUSE_KRA", "P-256"), GATEHOUSE_CONF_EXTRA="""
limits { failures = 10000 }
""")
var = env.var


def Machine(user, password):
    return CommandUser(env, user, password)


alice = Machine(var["GATEHOUSE_USER"], var["GATEHOUSE_PASSWORD"])
bob = Machine("bob", "bob-secret")
anna = Machine(var["GATEHOUSE_AGENT_USER"], var["GATEHOUSE_AGENT_PASSWORD"])
bert = Machine(var["GATEHOUSE_AGENT2_USER"], var["GATEHOUSE_AGENT2_PASSWORD"])


def pem(key, password=None):
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def openssl(*args, **more):
    return subprocess.run(["openssl", *map(str, args)], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more).stdout


class Recorded(unittest.TestCase):
    """Approvals by log-in: kra.approvals of them."""

    def archived(self, key, *more, name="key.pem"):
        alice.file(name, pem(key))
        return alice.key("archive", "--in", name, *more)["key_id"]

    def approve(self, request):
        for agent in (anna, bert):
            agent.key("approve", request, "--yes")

    def test_agents_are_not_shown_somebody_else(self):
        """Who writes the database shows another requester while an agent looks, and puts the right one back when he agrees."""
        request = alice.key("recover", self.archived(kra.make_key("P-256"), name="shown.pem"))["id"]
        right = env.sql(f"select requester, requester_id, comment from key_request where id = {request}")[0]
        for change in ("requester = 'EXAMPLE\\bob'", "requester_id = ''", "comment = 'he called me'", "required = 1"):
            with self.subTest(change=change):
                env.without_triggers(f"update key_request set {change} where id = {request}")
                self.assertTrue(anna.key("show", request)["altered"])
                self.assertIn("not as it was recorded", anna.refused("approve", request, "--yes")[1])
                env.without_triggers(f"update key_request set requester = '{right[0]}', requester_id = '{right[1]}', comment = null, required = 2 "
                                     f"where id = {request}")
        self.assertNotIn("altered", anna.key("show", request))
        anna.key("approve", request, "--yes")
        alice.key("cancel", request)

    def test_each_form_of_a_private_key(self):
        for kind in ("P-256", "RSA-2048"):
            key = kra.make_key(kind)
            forms = {"pkcs8.pem": pem(key), "locked.pem": pem(key, b"secret of the key"), "pkcs8.der": kra.pkcs8(key),
                     "traditional.pem": key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                                                          serialization.NoEncryption())}
            alice.file("key.password", "secret of the key\n")
            for name, data in forms.items():
                with self.subTest(kind=kind, name=name):
                    alice.file(name, data)
                    more = ("--in-password-file", "key.password") if name == "locked.pem" else ()
                    key_id = alice.key("archive", "--in", name, *more)["key_id"]
                    request = alice.key("recover", key_id)["id"]
                    self.approve(request)
                    got = alice.key("retrieve", request)
                    self.assertEqual((got["file"], got["kind"]), (f"{key_id}.pem", "private_key"))
                    path = alice.dir / got["file"]
                    self.assertEqual(path.stat().st_mode & 0o777, 0o600)
                    self.assertEqual(kra.pkcs8(serialization.load_pem_private_key(path.read_bytes(), None)), kra.pkcs8(key))
                    self.assertFalse((alice.dir / f"{key_id}.ticket").exists())

    def test_other_secrets(self):
        octets = os.urandom(32)
        alice.file("raw.key", octets)
        alice.file("phrase", "Grüße, ganz geheim\n")
        for kind, name, secret in (("symmetric_key", "raw.key", octets), ("passphrase", "phrase", "Grüße, ganz geheim".encode())):
            with self.subTest(kind=kind):
                key_id = alice.key("archive", "--kind", kind, "--in", name, "--client-id", f"the {kind}")["key_id"]
                self.assertEqual(alice.key("list", "--client-id", f"the {kind}")[0]["id"], key_id)
                request = alice.key("recover", key_id, "--comment", "lost it")["id"]
                self.approve(request)
                # standard output has the secret and nothing else
                done = alice.run("key", "retrieve", request, "--out", "-")
                self.assertEqual((done.returncode, done.stdout), (0, secret), done.stderr)

    def test_pkcs12_with_a_made_password(self):
        key = kra.make_key("P-256")
        certificate = self.enroll(key)
        key_id = self.archived(key, "--certificate", certificate)
        asked = alice.key("recover", "--certificate", certificate, "--p12", "--p12-generate", "--name", "mail of Alice")
        self.assertEqual(asked["key_id"], key_id)
        self.approve(asked["id"])
        got = alice.key("retrieve", asked["id"], "--out", "mail.p12")
        password = (alice.dir / got["password_file"]).read_text().strip()
        self.assertGreaterEqual(len(password), 20)
        for name in ("mail.p12", "mail.p12.password"):
            self.assertEqual((alice.dir / name).stat().st_mode & 0o777, 0o600)
        bag = pkcs12.load_pkcs12((alice.dir / "mail.p12").read_bytes(), password.encode())
        self.assertEqual(kra.pkcs8(bag.key), kra.pkcs8(key))
        self.assertEqual(bag.cert.friendly_name, b"mail of Alice")
        self.assertGreaterEqual(len(bag.additional_certs), 1)

    def test_pkcs12_with_a_password_of_mine(self):
        key = kra.make_key("P-256")
        self.archived(key, "--certificate", certificate := self.enroll(key))
        alice.file("p12.password", "a password of mine\n")
        request = alice.key("recover", "--certificate", certificate, "--p12", "--p12-password-file", "p12.password")["id"]
        self.assertNotIn("a password of mine", (alice.dir / f"{alice.key('show', request)['key_id']}.ticket").read_text())
        self.approve(request)
        got = alice.key("retrieve", request, "--out", "mine.p12")
        self.assertNotIn("password_file", got)
        self.assertEqual(kra.pkcs8(pkcs12.load_pkcs12((alice.dir / "mine.p12").read_bytes(), b"a password of mine").key), kra.pkcs8(key))

    def enroll(self, key):
        """Id of a certificate for this key."""
        alice.file("enroll.pem", pem(key))
        done = alice.run("enroll", "--template", var["GATEHOUSE_TEMPLATE"], "--key", "enroll.pem", "--out-dir", "enrolled", "--force",
                         "--json", env={"GATEHOUSE_APP_KEY": var["GATEHOUSE_APP_KEY"], "GATEHOUSE_APP_SECRET": var["GATEHOUSE_APP_SECRET"]})
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["certificate_id"]

    def test_inactive(self):
        key_id = self.archived(kra.make_key("P-256"), name="inactive.pem")
        self.assertEqual(alice.refused("disable", key_id)[0], 1)
        self.assertEqual(anna.key("disable", key_id)["state"], "inactive")
        self.assertIn("not active", alice.refused("recover", key_id)[1])
        self.assertFalse((alice.dir / f"{key_id}.ticket").exists())
        self.assertEqual(alice.key("list", "--state", "inactive")[-1]["id"], key_id)
        self.assertEqual(anna.key("enable", key_id)["state"], "active")
        alice.key("cancel", alice.key("recover", key_id)["id"])
        self.assertEqual(anna.refused("enable", "x")[0], 2)

    def test_agent_alone(self):
        """One approval is enough, and it may be the requester's own: the key is here with the one call."""
        policy = env.scratch / "alone.json"
        policy.write_text(json.dumps({"name": "alone", "required": 1, "requester_counts": True, "signed": False, "agents": [{"id": "anna", "name": "anna"}]}))
        env.admin("kra", "policy", policy)
        key = kra.make_key("P-256")
        key_id = self.archived(key, "--policy", "alone", name="alone.pem")
        got = anna.key("recover", key_id, "--out", "at-once.pem")
        self.assertEqual((got["state"], got["released"], got["file"]), ("complete", True, "at-once.pem"))
        self.assertNotIn("ticket", got)
        self.assertFalse((anna.dir / f"{key_id}.ticket").exists())
        self.assertEqual((anna.dir / "at-once.pem").read_bytes(), pem(key))
        done = anna.run("key", "recover", key_id, "--out", "-")
        self.assertEqual((done.returncode, done.stdout), (0, pem(key)), done.stderr)
        self.assertEqual(anna.refused("recover", key_id, "--out", "-", "--json")[0], 2)

    def test_states_and_their_exit_codes(self):
        key_id = self.archived(kra.make_key("P-256"))
        asked = alice.key("recover", key_id)
        self.assertEqual((asked["state"], asked["missing"]), ("pending", 2))
        done = alice.run("key", "retrieve", asked["id"], "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["state"]), (3, "pending"))
        # a second one would lose the key of the first
        code, said = alice.refused("recover", key_id)
        self.assertIn("of a recovery that has not ended", said)
        self.assertEqual(env.count(f"select count(*) from key_request where type = 'recovery' and key_id = "
                                   f"(select id from archived_key where uuid = '{key_id}')"), 1)
        self.assertIn("agent", alice.refused("approve", asked["id"], "--yes")[1])
        self.assertEqual(anna.key("requests", "--state", "pending", "--key-id", key_id)[0]["id"], asked["id"])
        self.assertEqual(anna.key("approve", asked["id"], "--yes", "--comment", "he called")["missing"], 1)
        self.assertIn("already", anna.refused("approve", asked["id"], "--yes")[1])
        self.assertEqual(bert.key("reject", asked["id"], "--comment", "no")["state"], "rejected")
        self.assertEqual(alice.refused("retrieve", asked["id"])[0], 1)
        other = alice.key("recover", key_id, "--ticket", "second.ticket")["id"]
        self.assertEqual(alice.key("cancel", other)["state"], "canceled")
        self.assertEqual(alice.key("show", key_id)["state"], "active")
        self.assertEqual(bob.refused("show", key_id)[0], 1)

    def test_wrapped_by_the_command_sent_by_a_script(self):
        key = kra.make_key("P-256")
        alice.file("mine.pem", pem(key))
        (alice.dir / "transport.der").write_bytes(alice.call("GET", "/pki/config/kra/cert/transport", Accept="application/pkix-cert").body)
        # without a gateway
        done = alice.run("key", "wrap", "--transport", "transport.der", "--in", "mine.pem", "--client-id", "scripted", login=(),
                         env={"GATEHOUSE_URL": ""})
        self.assertEqual(done.returncode, 0, done.stderr)
        body = json.loads(done.stdout)
        made = alice.call("POST", "/pki/keyrequest/archive", body)
        self.assertEqual(made.status, 201, made.body)
        key_id = made.json["key_id"]
        done = alice.run("key", "wrap", "--transport", "transport.der", "--receive", "wrapped", "--ticket", f"{key_id}.ticket", login=())
        asked = alice.call("POST", "/pki/keyrequest/recovery", {"key_id": key_id, **json.loads(done.stdout)})
        self.assertEqual(asked.status, 201, asked.body)
        self.approve(asked.json["id"])
        alice.key("retrieve", asked.json["id"], "--out", "scripted.pem")
        self.assertEqual(pem(key), (alice.dir / "scripted.pem").read_bytes())

    def test_wrapped_as_documented(self):
        """What others (Python's cryptography) unwrap with the private key of a transport certificate; each kind of it."""
        for name, new in (("rsa", ("rsa:3072",)), ("p256", ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")),
                          ("p384", ("ec", "-pkeyopt", "ec_paramgen_curve:P-384"))):
            with self.subTest(kind=name):
                openssl("req", "-x509", "-newkey", *new, "-nodes", "-days", "9", "-subj", "/CN=transport", "-keyout", f"{name}.key", "-out",
                        f"{name}.crt", cwd=alice.dir)
                openssl("x509", "-in", f"{name}.crt", "-outform", "DER", "-out", f"{name}.der", cwd=alice.dir)
                holder = serialization.load_pem_private_key((alice.dir / f"{name}.key").read_bytes(), None)
                key = kra.make_key("P-256")
                alice.file("wrapped.pem", pem(key))
                for file in (f"{name}.crt", f"{name}.der"):
                    body = json.loads(alice.run("key", "wrap", "--transport", file, "--in", "wrapped.pem", login=()).stdout)
                    self.assertEqual(base64.b64decode(body["public_key"]), kra.spki(key.public_key()))
                    self.assertEqual(body["transport_key"], hashlib.sha256(kra.spki(holder.public_key())).hexdigest())
                    session = kra.unwrap_session_key(holder, body["session_key"])
                    self.assertEqual(kra.unwrap(body["secret"]["algorithm"], session, body["secret"]), kra.pkcs8(key))
                done = alice.run("key", "wrap", "--transport", file, "--receive", "wrapped", "--ticket", f"{name}.ticket", login=())
                body, ticket = json.loads(done.stdout), json.loads((alice.dir / f"{name}.ticket").read_text())
                self.assertEqual(base64.b64decode(ticket["session_key"]), kra.unwrap_session_key(holder, body["session_key"], "-RELEASE"))

    def test_transport_key_of_another_kind(self):
        """It is renewed as RSA: the command wraps for the new one; what was kept of the old one is good until it ends."""
        (alice.dir / "old.der").write_bytes(alice.call("GET", "/pki/config/kra/cert/transport", Accept="application/pkix-cert").body)
        env.admin("kra", "renew", "--ca", "issuing", "--key-alg", "RSA-3072")
        key = kra.make_key("P-256")
        alice.file("renewed.pem", pem(key))

        def wrapped():
            return json.loads(alice.run("key", "wrap", "--in", "renewed.pem").stdout)["session_key"]["algorithm"]

        wait_for(lambda: wrapped() == "RSA-OAEP-256", "the gateway names the new key")
        for more in ((), ("--transport", "old.der")):
            key_id = alice.key("archive", "--in", "renewed.pem", *more)["key_id"]
            request = alice.key("recover", key_id, *more)["id"]
            self.approve(request)
            alice.key("retrieve", request, "--out", f"{key_id}.again")
            self.assertEqual((alice.dir / f"{key_id}.again").read_bytes(), pem(key))

    def test_asked_for_by_a_script_without_a_wrapping(self):
        key = kra.make_key("P-256")
        key_id = self.archived(key, name="plain.pem")
        request = alice.call("POST", "/pki/keyrequest/recovery", {"key_id": key_id}).json["id"]
        self.approve(request)
        alice.file("out.password", "for the file\n")
        alice.key("retrieve", request, "--out", "locked-out.pem", "--out-password-file", "out.password")
        got = serialization.load_pem_private_key((alice.dir / "locked-out.pem").read_bytes(), b"for the file")
        self.assertEqual(kra.pkcs8(got), kra.pkcs8(key))


class Generated(unittest.TestCase):
    """Keys that the KRA makes."""

    def test_each_type(self):
        for kind, name in (("P-256", "secp256r1"), ("RSA-2048", 2048), ("Ed25519", None), ("AES-256", 32)):
            with self.subTest(kind=kind):
                out = f"made-{kind}"
                made = alice.key("generate", "--type", kind, "--client-id", f"made {kind}", "--out", out)
                data = (alice.dir / out).read_bytes()
                self.assertEqual((alice.dir / out).stat().st_mode & 0o777, 0o600)
                if kind == "AES-256":
                    self.assertEqual(len(data), name)
                else:
                    key = serialization.load_pem_private_key(data, None)
                    self.assertEqual(kra.b64(kra.spki(key.public_key())), made["public_key"])
                self.assertEqual(alice.key("show", made["key_id"])["client_id"], f"made {kind}")

    def test_archived_only_and_not_archived(self):
        made = alice.key("generate", "--type", "AES-128", "--archive-only")
        self.assertNotIn("file", made)
        self.assertEqual(alice.key("show", made["key_id"])["state"], "active")
        rows = env.count("select count(*) from archived_key where state = 'active'")
        alice.key("generate", "--no-archive", "--out", "mine-alone.pem")
        self.assertEqual(env.count("select count(*) from archived_key where state = 'active'"), rows)
        self.assertEqual(alice.refused("generate", "--out", "mine-alone.pem")[0], 1)

    def test_of_a_token(self):
        made = anna.key("generate", "--cuid", "40906145C76224192D2B", "--userid", "alice", "--out", "of-a-card.pem")
        self.assertEqual(anna.key("show", made["key_id"])["owner"], "EXAMPLE\\alice")

    def test_no_answer_and_again(self):
        """The answer is lost: the same question gets the same key."""
        gateway = LyingGateway(env)
        self.addCleanup(gateway.close)
        gateway.loses = 1
        rows = env.count("select count(*) from archived_key")
        done = alice.run("key", "generate", "--client-id", "lost answer", "--out", "second.pem", "--json", env={"GATEHOUSE_URL": gateway.url})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Trying again", done.stderr.decode())
        self.assertEqual(env.count("select count(*) from archived_key"), rows + 1)
        key = serialization.load_pem_private_key((alice.dir / "second.pem").read_bytes(), None)
        self.assertEqual(kra.b64(kra.spki(key.public_key())), json.loads(done.stdout)["public_key"])


class Signed(unittest.TestCase):
    """Approvals by signature: 2 of 3."""

    @classmethod
    def setUpClass(cls):
        cls.agents = {"anna": anna, "bert": bert}
        env.scratch.joinpath("cleo.password").write_text("cleo-secret-of-hers\n")
        env.scratch.joinpath("cleo.password").chmod(0o600)
        env.admin("user", "create", "cleo", "--role", "agent", "--password-file", env.scratch / "cleo.password")
        cls.agents["cleo"] = Machine("cleo", "cleo-secret-of-hers")
        listed = []
        for name, agent in cls.agents.items():
            kind = ("rsa:2048",) if name == "bert" else ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
            openssl("req", "-x509", "-newkey", *kind, "-nodes", "-days", "30", "-subj", f"/CN={name}", "-keyout", "sign.key",
                    "-out", "sign.crt", cwd=agent.dir)
            der = openssl("x509", "-in", "sign.crt", "-outform", "DER", cwd=agent.dir)
            listed.append({"id": name, "name": name, "certificate": base64.b64encode(der).decode()})
        policy = env.scratch / "signed.json"
        policy.write_text(json.dumps({"name": "signed", "required": 2, "requester_counts": False, "signed": True, "agents": listed}))
        env.admin("kra", "policy", policy)

    def archived(self, key, name="signed.pem"):
        alice.file(name, pem(key))
        return alice.key("archive", "--in", name, "--policy", "signed")["key_id"]

    @staticmethod
    def wrapping(asked):
        return ("--wrapping", asked["wrapping_sha256"], "--yes")

    def test_complete_recovery_by_commands(self):
        key = kra.make_key("P-256")
        key_id = self.archived(key)
        asked = alice.key("recover", key_id, "--comment", "new laptop")
        self.assertEqual(asked["missing"], 2)
        anna.key("approve", asked["id"], "--signer", "sign.crt", "--signer-key", "sign.key", *self.wrapping(asked))
        self.assertEqual(alice.run("key", "retrieve", asked["id"]).returncode, 3)
        # a PKCS#12 under a password; RSA
        bert.file("p12.password", "bert's own\n")
        openssl("pkcs12", "-export", "-in", "sign.crt", "-inkey", "sign.key", "-out", "sign.p12", "-passout", "file:p12.password", cwd=bert.dir)
        self.assertEqual(bert.key("approve", asked["id"], "--signer", "sign.p12", "--signer-password-file", "p12.password",
                                  *self.wrapping(asked))["state"], "approved")
        alice.key("retrieve", asked["id"], "--out", "recovered.pem")
        self.assertEqual((alice.dir / "recovered.pem").read_bytes(), pem(key))

    def test_steps_of_the_page(self):
        """docs/key-commands.md from an agent's key to his approval, as it stands there."""
        page = (TOP / "docs/key-commands.md").read_text()
        steps = dict(re.findall(r"<!-- step: (\S+) -->\n```sh\n(.*?)```", page, re.S))
        self.assertEqual(list(steps), ["agent", "policy", "approve"])
        desk = env.scratch / "page"
        desk.mkdir()
        (desk / "password").write_text("of the key\n")

        def step(name, replace=(), **variables):
            text = steps[name]
            for old, new in replace:
                self.assertIn(old, text)
                text = text.replace(old, new)
            done = subprocess.run(["bash", "-euc", text], cwd=desk, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  env={"PATH": f"{desk}:{os.environ['PATH']}", "GATEHOUSE_URL": var["GATEHOUSE_URL"], "no_proxy": "*",
                                       "GATEHOUSE_CAFILE": var["GATEHOUSE_CAFILE"], "GATEHOUSE_CONF": str(env.dir / "state/gatehouse.conf"), **variables})
            self.assertEqual(done.returncode, 0, done.stdout.decode())

        (desk / "gatehouse").symlink_to(BUILD / "gatehouse")
        for name in ("anna", "bert"):
            step("agent", [("anna", name), ("-out ", "-passout file:password -out ")])
        step("policy", [('"name": "signed"', '"name": "page"')])
        key = kra.make_key("P-256")
        alice.file("page.pem", pem(key))
        asked = alice.key("recover", alice.key("archive", "--in", "page.pem", "--policy", "page")["key_id"])
        for agent in (anna, bert):
            step("approve", [("anna", agent.user), ("gatehouse key approve", "gatehouse key approve --yes --signer-password-file password --wrapping "
                                                   + asked["wrapping_sha256"])], request=str(asked["id"]), GATEHOUSE_PASSWORD=agent.password)
        alice.key("retrieve", asked["id"], "--out", "page.got")
        self.assertEqual((alice.dir / "page.got").read_bytes(), pem(key))

    def test_key_in_a_token(self):
        """SoftHSM2 in place of the agent's smart card."""
        cleo = self.agents["cleo"]
        module = next(Path("/usr/lib").rglob("libsofthsm2.so"))
        conf = cleo.file("softhsm2.conf", f"directories.tokendir = {cleo.dir}/tokens\nobjectstore.backend = file\n")
        (cleo.dir / "tokens").mkdir()
        there = {**os.environ, "SOFTHSM2_CONF": str(conf)}

        def tool(*args):
            return subprocess.run([str(a) for a in args], check=True, env=there, cwd=cleo.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE).stdout

        tool("softhsm2-util", "--init-token", "--free", "--label", "cleo", "--pin", "4711", "--so-pin", "47114711")
        tool("pkcs11-tool", "--module", module, "--token-label", "cleo", "--login", "--pin", "4711", "--keypairgen", "--key-type", "EC:prime256v1",
             "--label", "sign", "--usage-sign")
        public = serialization.load_der_public_key(tool("pkcs11-tool", "--module", module, "--token-label", "cleo", "--read-object", "--type", "pubkey",
                                                        "--label", "sign"))
        now = datetime.datetime.now(datetime.timezone.utc)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Cleo with a card")])
        cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(public).serial_number(7)
                .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
                .sign(kra.make_key("P-256"), hashes.SHA256()))
        cleo.file("card.crt", cert.public_bytes(serialization.Encoding.PEM))
        policy = env.scratch / "card.json"
        policy.write_text(json.dumps({"name": "card", "required": 1, "requester_counts": False, "signed": True, "agents": [
            {"id": "cleo", "name": "cleo", "certificate": base64.b64encode(cert.public_bytes(serialization.Encoding.DER)).decode()}]}))
        env.admin("kra", "policy", policy)
        key = kra.make_key("P-256")
        alice.file("card.pem", pem(key))
        asked = alice.key("recover", alice.key("archive", "--in", "card.pem", "--policy", "card")["key_id"])
        cleo.file("pin", "4711\n")
        cleo.file("wrong.pin", "4712\n")
        sign = ("approve", asked["id"], "--signer", "card.crt", "--signer-key", "pkcs11:token=cleo;object=sign;type=private", "--pkcs11-module", module,
                *self.wrapping(asked))
        code, said = cleo.refused(*sign, "--signer-password-file", "wrong.pin", env={"SOFTHSM2_CONF": str(conf)})
        self.assertEqual(code, 2, said)
        self.assertIn("or the PIN is wrong", said)
        self.assertNotIn("4712", said)
        done = cleo.run("key", *sign, "--signer-password-file", "pin", env={"SOFTHSM2_CONF": str(conf)})
        self.assertEqual(done.returncode, 0, done.stderr)
        alice.key("retrieve", asked["id"], "--out", "of-the-card.pem")
        self.assertEqual((alice.dir / "of-the-card.pem").read_bytes(), pem(key))

    def test_what_is_not_signed(self):
        asked = alice.key("recover", self.archived(kra.make_key("P-256")))
        files = ("--signer", "sign.crt", "--signer-key", "sign.key")
        # without a certificate; unseen; another wrapping; too few digits; another one's key
        self.assertIn("--signer", anna.refused("approve", asked["id"], *self.wrapping(asked))[1])
        self.assertIn("--wrapping", anna.refused("approve", asked["id"], *files, "--yes")[1])
        other = ("0" if asked["wrapping_sha256"][0] != "0" else "1") + asked["wrapping_sha256"][1:]
        self.assertIn("somebody else would get the key", anna.refused("approve", asked["id"], *files, "--yes", "--wrapping", other)[1])
        self.assertIn("16 digits", anna.refused("approve", asked["id"], *files, "--yes", "--wrapping", asked["wrapping_sha256"][:8])[1])
        anna.file("other.key", pem(kra.make_key("P-256")))
        self.assertIn("does not belong", anna.refused("approve", asked["id"], "--signer", "sign.crt", "--signer-key", "other.key", *self.wrapping(asked))[1])
        self.assertEqual(alice.key("show", asked["id"])["approved"], 0)
        # as it is read aloud
        spaced = " ".join(asked["wrapping_sha256"][i:i + 4].upper() for i in range(0, 24, 4))
        self.assertEqual(anna.key("approve", asked["id"], *files, "--yes", "--wrapping", spaced)["approved"], 1)
        alice.key("cancel", asked["id"])

    def test_a_taken_over_worker_and_a_database_writer_get_nothing(self):
        key = kra.make_key("P-256")
        key_id = self.archived(key)
        asked = alice.key("recover", key_id)
        ours = kra.Receiver(self.transport())
        # bob's own wrapping in alice's request, as who writes rows or answers as the gateway could put it there
        release = env.sql(f"select encode(wrapping, 'hex'), encode(wrapping_sha256, 'hex') from key_request where id = {asked['id']}")[0]
        forged = bob.call("POST", "/pki/keyrequest/recovery", {"key_id": self.bobs_key(), **ours.body}).json["id"]
        env.without_triggers(f"update key_request k set wrapping = f.wrapping, wrapping_sha256 = f.wrapping_sha256 from key_request f "
                             f"where k.id = {asked['id']} and f.id = {forged}")
        files = ("--signer", "sign.crt", "--signer-key", "sign.key")
        for agent in self.agents.values():
            self.assertIn("not as it was recorded", agent.refused("approve", asked["id"], *files, *self.wrapping(asked))[1])
        # the ticket does not fit either
        env.without_triggers(f"update key_request set state = 'approved', approvals = 2 where id = {asked['id']}")
        self.assertIn("another wrapping", alice.refused("retrieve", asked["id"])[1])
        # approvals that were counted in the database are none for the KRA
        reply = alice.call("POST", f"/pki/key/{key_id}", {"request": asked["id"]})
        self.assertNotIn(reply.status, (200, 207), reply.body)
        # nor are approvals that agents gave for something else
        env.without_triggers(f"update key_request set wrapping = '\\x{release[0]}', wrapping_sha256 = '\\x{release[1]}', state = 'pending', "
                             f"approvals = 0, resolved_at = null, resolved_by = null, resolution = null where id = {asked['id']}")
        for name in ("anna", "bert"):
            self.agents[name].key("approve", asked["id"], *files, *self.wrapping(asked))
        env.without_triggers(f"update key_request set wrapping = f.wrapping, wrapping_sha256 = f.wrapping_sha256 from (select * from "
                             f"key_request where id = {forged}) f where key_request.id = {asked['id']}")
        reply = alice.call("POST", f"/pki/key/{key_id}", {"request": asked["id"]})
        self.assertNotIn(reply.status, (200, 207), reply.body)
        # and with what was approved the owner gets it
        env.without_triggers(f"update key_request set wrapping = '\\x{release[0]}', wrapping_sha256 = '\\x{release[1]}', state = 'approved', "
                             f"resolved_at = null, resolved_by = null, resolution = null where id = {asked['id']}")
        alice.key("retrieve", asked["id"], "--out", "at-last.pem")
        self.assertEqual((alice.dir / "at-last.pem").read_bytes(), pem(key))

    def transport(self):
        return serialization.load_der_public_key(base64.b64decode(alice.call("GET", "/pki/config/kra/cert/transport").json["entries"][0]["public_key"]))

    def bobs_key(self):
        bob.file("bob.pem", pem(kra.make_key("P-256")))
        return bob.key("archive", "--in", "bob.pem")["key_id"]


if __name__ == "__main__":
    tap.main()
