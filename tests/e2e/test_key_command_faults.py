#!/usr/bin/env python3
"""What `gatehouse key` does with a gateway that lies or is none, at a terminal, with full disks and wrong files: no key goes to
somebody else, nothing is written over, no secret is shown, and each message says what to do."""

import base64
import datetime
import json
import os
import pty
import resource
import select
import signal
import subprocess
import termios
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

import kra_client as kra
import tap
from command_user import CommandUser
from environment import BUILD, Environment, free_port
from lying_gateway import LyingGateway

env = Environment("key-faults", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="limits { failures = 10000 }")
var = env.var
alice = CommandUser(env, var["GATEHOUSE_USER"], var["GATEHOUSE_PASSWORD"])
anna = CommandUser(env, var["GATEHOUSE_AGENT_USER"], var["GATEHOUSE_AGENT_PASSWORD"])
bert = CommandUser(env, var["GATEHOUSE_AGENT2_USER"], var["GATEHOUSE_AGENT2_PASSWORD"])
TRANSPORT = "/pki/config/kra/cert/transport"


def pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def openssl(*args, **more):
    return subprocess.run(["openssl", *map(str, args)], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more).stdout


def make_signer(user):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
            f"/CN={user.user}", "-keyout", "sign.key", "-out", "sign.crt", cwd=user.dir)
    return base64.b64encode(openssl("x509", "-in", "sign.crt", "-outform", "DER", cwd=user.dir)).decode()


agents = [{"id": u.user, "name": u.user, "certificate": make_signer(u)} for u in (anna, bert)]
(env.scratch / "policy.json").write_text(json.dumps({"name": "signed", "required": 2, "requester_counts": False, "signed": True, "agents": agents}))
env.admin("kra", "policy", env.scratch / "policy.json")
SIGN = ("--signer", "sign.crt", "--signer-key", "sign.key")


def archived(policy=True, name="key.pem"):
    key = kra.make_key("P-256")
    alice.file(name, pem(key))
    return key, alice.key("archive", "--in", name, *(("--policy", "signed") if policy else ()))["key_id"]


class TakenOver(unittest.TestCase):
    """A worker that was taken over, between persons who work as docs/key-commands.md says, and the KRA."""

    def setUp(self):
        self.gateway = LyingGateway(env)
        self.addCleanup(self.gateway.close)
        self.there = {"GATEHOUSE_URL": self.gateway.url}

    def run_there(self, user, *args):
        return user.run("key", *args, "--json", env=self.there)

    def test_another_wrapping_in_the_request(self):
        """The worker puts a wrapping of its own into the request, and tells alice that all is well."""
        key, key_id = archived()
        evil = kra.Receiver(self.transport())

        def alter(method, path, value, is_question):
            if is_question and path == "/pki/keyrequest/recovery":
                value.update(evil.body)
                value.pop("transport_key")
            return value

        self.gateway.alter = alter
        asked = json.loads(self.run_there(alice, "recover", key_id).stdout)
        for agent in (anna, bert):
            done = self.run_there(agent, "approve", asked["id"], *SIGN, "--wrapping", asked["wrapping_sha256"], "--yes")
            self.assertEqual(done.returncode, 1)
            self.assertIn("somebody else would get the key", done.stderr.decode())

        # the worker shows the agents what alice told them: then they sign that, which opens nothing for the worker
        def show(method, path, value, is_question):
            if not is_question and path.startswith("/pki/keyrequest/"):
                value["wrapping_sha256"] = asked["wrapping_sha256"]
            return value

        self.gateway.alter = show
        for agent in (anna, bert):
            self.run_there(agent, "approve", asked["id"], *SIGN, "--wrapping", asked["wrapping_sha256"], "--yes")
        # and counts them itself
        env.without_triggers(f"update key_request set state = 'approved', approvals = 2 where id = {asked['id']}")
        reply = alice.call("POST", f"/pki/key/{key_id}", {"request": asked["id"]})
        self.assertGreaterEqual(reply.status, 400, reply.body)
        self.assertNotIn(b'"value"', reply.body)
        (alice.dir / f"{key_id}.ticket").unlink()
        self.assertIsNotNone(key)

    def test_another_key_in_the_signature(self):
        """The agents are told of a key of no importance; the request is for another one."""
        _, wanted = archived()
        _, shown = archived()
        asked = alice.key("recover", wanted)

        def alter(method, path, value, is_question):
            if not is_question and path.startswith("/pki/keyrequest/"):
                value["key_id"] = shown
            return value

        self.gateway.alter = alter
        for agent in (anna, bert):
            self.run_there(agent, "approve", asked["id"], *SIGN, "--wrapping", asked["wrapping_sha256"], "--yes")
        env.without_triggers(f"update key_request set state = 'approved', approvals = 2 where id = {asked['id']}")
        self.assertEqual(alice.run("key", "retrieve", asked["id"]).returncode, 1)
        self.assertFalse((alice.dir / f"{wanted}.pem").exists())

    def test_another_request_than_the_one_that_was_named(self):
        _, key_id = archived()
        asked = alice.key("recover", key_id)

        def alter(method, path, value, is_question):
            if not is_question and path.startswith("/pki/keyrequest/"):
                value["id"] = asked["id"] + 1
            return value

        self.gateway.alter = alter
        done = self.run_there(anna, "approve", asked["id"], *SIGN, "--wrapping", asked["wrapping_sha256"], "--yes")
        self.assertIn("something else than was asked", done.stderr.decode())
        self.assertNotIn("PUT", [method for method, _, _ in self.gateway.seen])

    def test_a_transport_key_of_its_own(self):
        """Whoever keeps the transport certificate in a file wraps for nobody else; a lie that is none of a key is seen."""
        evil = kra.make_key("P-256").public_key()

        def alter(method, path, value, is_question):
            if path == TRANSPORT:
                value["entries"][0]["public_key"] = base64.b64encode(kra.spki(evil)).decode()
            return value

        self.gateway.alter = alter
        alice.file("mine.pem", pem(kra.make_key("P-256")))
        done = self.run_there(alice, "archive", "--in", "mine.pem")
        self.assertIn("has not the id that it names", done.stderr.decode())
        # as the administrator hands it out
        shown = [k for k in env.admin("kra", "show", "--json") if k["kind"] == "transport"][0]
        alice.file("transport.pem", env.admin("cert", "export", shown["certificate_id"]))
        done = self.run_there(alice, "archive", "--in", "mine.pem", "--transport", "transport.pem")
        self.assertEqual(done.returncode, 0, done.stderr)
        sent = json.loads(next(body for method, path, body in self.gateway.seen if method == "POST"))
        self.assertEqual(sent["transport_key"], alice.call("GET", TRANSPORT).json["entries"][0]["id"])

    def test_a_key_whose_id_is_a_path(self):
        """Files of the requester are named after ids: nothing is written elsewhere."""
        _, key_id = archived(policy=False)

        def alter(method, path, value, is_question):
            if not is_question and path.startswith("/pki/keys"):
                value.update(entries=[{"id": "../escaped", "kind": "private_key"}], next=None)
            if not is_question and path.startswith("/pki/keyrequest/"):
                value["key_id"] = "../escaped"
            return value

        self.gateway.alter = alter
        request = alice.key("recover", key_id)["id"]
        for command in (("recover", "--certificate", "1"), ("retrieve", request), ("approve", request, "--yes")):
            done = self.run_there(alice, *command)
            self.assertIn(done.returncode, (1, 3), command)
        self.assertFalse(list(env.scratch.glob("escaped*")))
        alice.key("cancel", request)

    def test_links_and_ids_with_escapes(self):
        """What the gateway says is shown, and does nothing to the terminal."""
        bad = "\x1b]0;mine\x07 \x9b2J"

        def alter(method, path, value, is_question):
            return value if is_question or method != "POST" else {"key_id": bad, "links": {"request": bad}, "id": "none"}

        self.gateway.alter = alter
        _, key_id = archived(policy=False, name="escapes.pem")
        for command in (("recover", key_id), ("generate", "--type", "P-256", "--out", "escapes.key")):
            done = self.run_there(alice, *command)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(b"mine", done.stderr)
            self.assertNotIn(b"\x1b", done.stderr)
            self.assertNotIn(b"\xc2\x9b", done.stderr)

    def test_what_comes_back_is_not_what_was_asked_for(self):
        _, key_id = archived(policy=False)
        asked = alice.key("recover", key_id)
        for agent in (anna, bert):
            agent.key("approve", asked["id"], "--yes")

        def alter(method, path, value, is_question):
            if not is_question and path.startswith("/pki/key/") and "value" in value:
                value["value"] = base64.b64encode(os.urandom(200)).decode()
            return value

        self.gateway.alter = alter
        done = self.run_there(alice, "retrieve", asked["id"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("not wrapped under our session key", done.stderr.decode())
        self.assertFalse((alice.dir / f"{key_id}.pem").exists())
        # the ticket is still there, and the real gateway gives the key again
        self.assertTrue(alice.key("retrieve", asked["id"])["is_repeated"])

    def transport(self):
        return serialization.load_der_public_key(base64.b64decode(alice.call("GET", TRANSPORT).json["entries"][0]["public_key"]))


class NoGateway(unittest.TestCase):
    ANSWERS = {
        "nothing": b"", "noise": os.urandom(300), "html": b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<html>busy</html>",
        "html with 200": b"HTTP/1.1 200 OK\r\n\r\n<html>log in</html>", "a list": b"HTTP/1.1 200 OK\r\n\r\n[1, 2]",
        "half": b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"entries":[', "an empty object": b"HTTP/1.1 200 OK\r\n\r\n{}",
        "huge": b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * (3 << 20), "elsewhere": b"HTTP/1.1 302 Found\r\nLocation: https://localhost:1/\r\n\r\n{}",
        "deep": b"HTTP/1.1 200 OK\r\n\r\n" + b'{"a":' * 100000,
        "escapes": b'HTTP/1.1 409 Conflict\r\n\r\n{"message":"\\u001b]0;mine\\u0007 \\u009b2J","errors":{"\\u001b[2J":["\\u001b[31m"]}}',
    }

    def test_each_answer_to_each_command(self):
        gateway = LyingGateway(env)
        self.addCleanup(gateway.close)
        key_id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
        alice.file("any.pem", pem(kra.make_key("P-256")))
        alice.file("transport.pem", alice.call("GET", TRANSPORT, Accept="application/x-pem-file").body)
        commands = (("list",), ("requests",), ("show", "1"), ("show", key_id), ("archive", "--in", "any.pem"),
                    ("archive", "--in", "any.pem", "--transport", "transport.pem"), ("recover", key_id, "--transport", "transport.pem"),
                    ("retrieve", "1"), ("approve", "1", "--yes"), ("reject", "1"), ("cancel", "1"))
        for name, answer in self.ANSWERS.items():
            gateway.answer = answer
            for command in commands:
                with self.subTest(answer=name, command=command):
                    done = alice.run("key", *command, "--timeout", "10", env={"GATEHOUSE_URL": gateway.url})
                    said = done.stderr + done.stdout
                    self.assertEqual(done.returncode, 1, said)
                    self.assertTrue(0 < len(done.stderr) < 2000, said)
                    self.assertNotIn(b"\x1b", said)
                    self.assertNotIn(b"\xc2\x9b", said)
        self.assertFalse(list(alice.dir.glob(f"{key_id}*")))

    def test_not_there(self):
        done = alice.run("key", "list", env={"GATEHOUSE_URL": f"https://localhost:{free_port()}"})
        self.assertIn("no answer", done.stderr.decode())
        self.assertEqual(done.returncode, 1)
        for url in ("http://localhost:1", "localhost", "https://", "ftp://x", "https://u:p@localhost/"):
            done = alice.run("key", "list", env={"GATEHOUSE_URL": url})
            self.assertEqual(done.returncode, 2, url)
            self.assertIn("https://HOST", done.stderr.decode())
        self.assertIn("--url", alice.run("key", "list", env={"GATEHOUSE_URL": ""}).stderr.decode())

    def test_not_trusted(self):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=other",
                "-keyout", "other.key", "-out", "other.crt", cwd=alice.dir)
        done = alice.run("key", "list", "--cacert", "other.crt")
        self.assertEqual(done.returncode, 1)
        self.assertIn("not trusted", done.stderr.decode())
        self.assertIn("--cacert", done.stderr.decode())

    def test_client_certificates(self):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "30", "-subj", "/CN=me",
                "-keyout", "tls.key", "-out", "tls.crt", "-passout", "pass:of the key", cwd=alice.dir)
        alice.file("wrong", "not it\n")
        alice.file("right", "of the key\n")
        for password, said in (("wrong", "cannot be used"), ("right", "required")):
            done = alice.run("key", "list", "--cert", "tls.crt", "--key", "tls.key", "--key-password-file", password, login=())
            self.assertIn(said, done.stderr.decode(), password)
        self.assertEqual(alice.run("key", "list", "--cert", "nothing.crt", login=()).returncode, 2)
        self.assertIn("who calls", alice.run("key", "list", login=()).stderr.decode())

    def test_wrong_password(self):
        alice.file("wrong", "not it\n")
        done = alice.run("key", "list", login=("--user", "alice", "--password-file", "wrong"))
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("not it", done.stderr.decode())


class Away(unittest.TestCase):
    """The gateway or its KRA is there, and does not answer."""

    def test_gateway_stops_while_it_is_asked(self):
        key, key_id = archived(policy=False)
        for pid in (pids := env.workers()):
            os.kill(pid, signal.SIGSTOP)
        try:
            code, said = alice.refused("recover", key_id, "--timeout", "2")
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        self.assertEqual(code, 1)
        # before anything was wrapped: nothing is left
        self.assertIn("no answer", said)
        self.assertFalse((alice.dir / f"{key_id}.ticket").exists())
        asked = alice.key("recover", key_id)
        for agent in (anna, bert):
            agent.key("approve", asked["id"], "--yes")
        alice.key("retrieve", asked["id"], "--out", "stopped.pem")
        self.assertEqual((alice.dir / "stopped.pem").read_bytes(), pem(key))

    def test_answer_to_an_archival_is_lost(self):
        gateway = LyingGateway(env)
        self.addCleanup(gateway.close)
        gateway.loses = 1
        alice.file("once.pem", pem(kra.make_key("P-256")))
        done = alice.run("key", "archive", "--in", "once.pem", "--client-id", "once", env={"GATEHOUSE_URL": gateway.url})
        self.assertEqual(done.returncode, 1)
        self.assertIn("perhaps the key is archived: see `key list`", done.stderr.decode())
        self.assertEqual(len(alice.key("list", "--client-id", "once")), 1)
        # asking again makes no second one of that name
        self.assertEqual(alice.refused("archive", "--in", "once.pem", "--client-id", "once")[0], 1)

    def test_answer_to_a_recovery_is_lost(self):
        key, key_id = archived(policy=False)
        gateway = LyingGateway(env)
        self.addCleanup(gateway.close)
        gateway.loses = 1
        done = alice.run("key", "recover", key_id, env={"GATEHOUSE_URL": gateway.url})
        self.assertEqual(done.returncode, 1)
        self.assertIn("perhaps the request was made: see `key requests`", done.stderr.decode())
        # it was, and the ticket is the one of it
        request = alice.key("requests", "--key-id", key_id, "--state", "pending")[0]["id"]
        for agent in (anna, bert):
            agent.key("approve", request, "--yes")
        gateway.loses = 1
        done = alice.run("key", "retrieve", request, "--out", "lost.pem", env={"GATEHOUSE_URL": gateway.url})
        self.assertEqual(done.returncode, 1)
        self.assertFalse((alice.dir / "lost.pem").exists())
        self.assertTrue(alice.key("retrieve", request, "--out", "lost.pem")["is_repeated"])
        self.assertEqual((alice.dir / "lost.pem").read_bytes(), pem(key))

    def test_locked(self):
        key, key_id = archived(policy=False)
        asked = alice.key("recover", key_id)
        for agent in (anna, bert):
            agent.key("approve", asked["id"], "--yes")
        (env.scratch / "kra.password").write_text("correct horse battery\n")
        (env.scratch / "kra.password").chmod(0o600)
        env.admin("kra", "password", "set", "--password-file", env.scratch / "kra.password")
        env.admin("kra", "password", "lock")
        try:
            code, said = alice.refused("retrieve", asked["id"], "--out", "locked-away.pem")
            self.assertEqual(code, 1)
            self.assertIn("locked", said)
            # archiving goes on
            archived(policy=False, name="meanwhile.pem")
        finally:
            env.admin("kra", "password", "unlock", "--password-file", env.scratch / "kra.password")
        self.assertFalse(alice.key("retrieve", asked["id"], "--out", "locked-away.pem")["is_repeated"])
        self.assertEqual((alice.dir / "locked-away.pem").read_bytes(), pem(key))


class Terminal(unittest.TestCase):
    """At a real terminal."""

    def at_terminal(self, user, args, *typed, login=None):
        """What it showed, and its exit code. typed: pairs of what must be shown, and bytes. The terminal is as it was."""
        variables = {"PATH": os.environ["PATH"], "GATEHOUSE_URL": var["GATEHOUSE_URL"], "GATEHOUSE_CAFILE": var["GATEHOUSE_CAFILE"], "no_proxy": "*"}
        args = [str(BUILD / "gatehouse"), "key", *map(str, args), *(login if login is not None else ("--user", user.user))]
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(user.dir)
            os.execve(args[0], args, variables)
        before, shown, typed, end = termios.tcgetattr(fd), b"", list(typed), time.monotonic() + 60
        while time.monotonic() < end:
            if not select.select([fd], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(fd, 4096)
            except OSError:
                break
            if not data:
                break
            shown += data
            if typed and typed[0][0].encode() in shown and shown.rstrip().endswith(b":"):
                if "password" in typed[0][0] or "passphrase" in typed[0][0]:
                    self.assertFalse(termios.tcgetattr(fd)[3] & termios.ECHO)
                os.write(fd, typed.pop(0)[1])
                after, shown_before = b"", shown
                shown = after
                self.shown += shown_before
        self.shown += shown
        self.assertEqual(typed, [], self.shown)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self.restored = None
        try:
            self.restored = termios.tcgetattr(fd)[3] == before[3]
        except termios.error:
            pass
        os.close(fd)
        return self.shown.decode(errors="replace"), code

    def setUp(self):
        self.shown = b""

    def login(self, user):
        return (f"password of {user.user}", user.password.encode() + b"\n")

    def test_password_without_echo(self):
        shown, code = self.at_terminal(alice, ("list", "--client-id", "none of it"), self.login(alice))
        self.assertEqual(code, 0, shown)
        self.assertIn("(none)", shown)
        self.assertNotIn(alice.password, shown)

    def test_interrupted(self):
        shown, code = self.at_terminal(alice, ("list",), ("password of alice", b"half of\x03"))
        self.assertEqual(code, 2, shown)
        self.assertIn("no password was read", shown)
        self.assertTrue(self.restored)

    def test_passphrase_is_asked_for_twice(self):
        args = ("archive", "--kind", "passphrase", "--client-id", "typed")
        shown, code = self.at_terminal(alice, args, self.login(alice), ("passphrase", b"one thing\n"), ("once more", b"another\n"))
        self.assertEqual(code, 2, shown)
        self.assertIn("differ", shown)
        self.shown = b""
        shown, code = self.at_terminal(alice, args, self.login(alice), ("passphrase", b"my disk\n"), ("once more", b"my disk\n"))
        self.assertEqual(code, 0, shown)
        self.assertNotIn("my disk", shown)

    def test_agent_is_shown_what_he_signs(self):
        _, key_id = archived()
        asked = alice.key("recover", key_id, "--comment", "new laptop")
        args = ("approve", asked["id"], *SIGN)
        shown, code = self.at_terminal(anna, args, self.login(anna), ("Type yes to sign", b"no\n"))
        self.assertEqual(code, 2, shown)
        self.assertEqual(alice.key("show", asked["id"])["approved"], 0)
        for word in (key_id, "EXAMPLE\\alice", "new laptop", asked["wrapping_sha256"][:4] + " " + asked["wrapping_sha256"][4:8], "CN=anna"):
            self.assertIn(word, shown)
        self.shown = b""
        shown, code = self.at_terminal(anna, args, self.login(anna), ("Type yes to sign", b"yes\n"))
        self.assertEqual(code, 0, shown)
        self.assertEqual(alice.key("show", asked["id"])["approved"], 1)

    def test_secret_is_not_shown(self):
        alice.file("phrase", "do not show me\n")
        key_id = alice.key("archive", "--kind", "passphrase", "--in", "phrase")["key_id"]
        asked = alice.key("recover", key_id)
        for agent in (anna, bert):
            agent.key("approve", asked["id"], "--yes")
        shown, code = self.at_terminal(alice, ("retrieve", asked["id"], "--out", "-"), self.login(alice))
        self.assertEqual(code, 2, shown)
        self.assertIn("--terminal", shown)
        self.shown = b""
        shown, code = self.at_terminal(alice, ("retrieve", asked["id"], "--out", "-", "--terminal"), self.login(alice))
        self.assertEqual((code, "do not show me" in shown), (0, True), shown)

    def test_no_terminal(self):
        done = alice.run("key", "list", login=("--user", "alice"), start_new_session=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no terminal", done.stderr.decode())
        self.assertIn("password file", done.stderr.decode())
        _, key_id = archived(policy=False)
        asked = alice.key("recover", key_id)
        done = anna.run("key", "approve", asked["id"], start_new_session=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--yes", done.stderr.decode())


class Files(unittest.TestCase):
    def approved(self, *more):
        key, key_id = archived(policy=False)
        asked = alice.key("recover", key_id, *more)
        for agent in (anna, bert):
            agent.key("approve", asked["id"], "--yes")
        return key, key_id, asked["id"]

    def test_nothing_is_written_over(self):
        _, key_id, request = self.approved()
        alice.file("there.pem", "mine")
        self.assertIn("is there already", alice.refused("retrieve", request, "--out", "there.pem")[1])
        (alice.dir / "dangling").symlink_to("nowhere")
        self.assertEqual(alice.refused("retrieve", request, "--out", "no/such/folder/x.pem")[0], 2)
        self.assertEqual((alice.dir / "there.pem").read_text(), "mine")
        # nothing was given out by that
        self.assertFalse(alice.key("retrieve", request, "--out", "free.pem")["is_repeated"])

    def test_full_disk(self):
        _, key_id, request = self.approved()

        def no_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

        code, said = alice.refused("retrieve", request, preexec_fn=no_room)
        self.assertEqual(code, 2)
        self.assertIn("the same command gets it again", said)
        self.assertFalse((alice.dir / f"{key_id}.pem").exists())
        self.assertTrue(alice.key("retrieve", request)["is_repeated"])
        _, key_id = archived(policy=False)
        before = env.count("select count(*) from key_request")
        code, said = alice.refused("recover", key_id, preexec_fn=no_room)
        self.assertEqual(env.count("select count(*) from key_request"), before)
        _, key_id, request = self.approved()
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([str(BUILD / "gatehouse"), "key", "retrieve", str(request), "--out", "-", "--user", "alice", "--password-file", "password"],
                                  cwd=alice.dir, env={"GATEHOUSE_URL": var["GATEHOUSE_URL"], "GATEHOUSE_CAFILE": var["GATEHOUSE_CAFILE"]},
                                  stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 2)
        self.assertTrue((alice.dir / f"{key_id}.ticket").exists())

    def test_tickets(self):
        key, key_id, request = self.approved()
        ticket = alice.dir / f"{key_id}.ticket"
        self.assertEqual(ticket.stat().st_mode & 0o777, 0o600)
        ticket.chmod(0o644)
        self.assertIn("chmod 600", alice.refused("retrieve", request)[1])
        ticket.chmod(0o600)
        good = ticket.read_text()
        for bad in ("", "{}", "[]", "no JSON", good[:60], good.replace("wrapped", "other"), json.dumps({**json.loads(good), "session_key": "AAAA"}),
                    json.dumps({**json.loads(good), "wrapping_sha256": "z" * 64})):
            ticket.write_text(bad)
            self.assertEqual(alice.refused("retrieve", request)[0], 2, bad)
        ticket.write_text(good.replace(json.loads(good)["wrapping_sha256"], "0" * 64))
        self.assertIn("another wrapping", alice.refused("retrieve", request)[1])
        ticket.unlink()
        self.assertIn("No such file", alice.refused("retrieve", request)[1])
        ticket.write_text(good)
        ticket.chmod(0o600)
        alice.key("retrieve", request, "--out", f"{key_id}.got")
        self.assertEqual((alice.dir / f"{key_id}.got").read_bytes(), pem(key))

    def test_wrong_files_of_the_agent(self):
        _, key_id = archived()
        asked = alice.key("recover", key_id)

        def said(*signer):
            code, text = anna.refused("approve", asked["id"], *signer, "--wrapping", asked["wrapping_sha256"], "--yes")
            self.assertIn(code, (1, 2), text)
            return text

        openssl("pkcs12", "-export", "-in", "sign.crt", "-inkey", "sign.key", "-out", "sign.p12", "-passout", "pass:right", cwd=anna.dir)
        openssl("pkey", "-in", "sign.key", "-aes256", "-passout", "pass:right", "-out", "locked.key", cwd=anna.dir)
        anna.file("wrong", "not it\n")
        anna.file("right", "right\n")
        for files in (("--signer", "sign.p12"), ("--signer", "sign.crt", "--signer-key", "locked.key")):
            text = said(*files, "--signer-password-file", "wrong")
            self.assertIn("password is wrong", text)
            self.assertNotIn("not it", text)
        self.assertIn("no certificate in PEM, and no PKCS#12", said("--signer", "locked.key", "--signer-password-file", "right"))
        self.old_certificate()
        self.assertIn("has ended", said("--signer", "old.crt", "--signer-key", "sign.key"))
        # another certificate than the one of the policy, with the same key and name
        openssl("req", "-x509", "-key", "sign.key", "-days", "9", "-subj", "/CN=anna", "-out", "new.crt", cwd=anna.dir)
        self.assertIn("signed", said("--signer", "new.crt", "--signer-key", "sign.key"))
        # that of another agent
        anna.file("bert.key", (bert.dir / "sign.key").read_bytes())
        anna.file("bert.crt", (bert.dir / "sign.crt").read_bytes())
        said("--signer", "bert.crt", "--signer-key", "bert.key")
        self.assertEqual(alice.key("show", asked["id"])["approved"], 0)
        self.assertIn("no PIN in the URI", said("--signer", "sign.crt", "--signer-key", "pkcs11:object=x?pin-value=1", "--pkcs11-module", "x.so"))
        self.assertIn("--pkcs11-module", said("--signer", "sign.crt", "--signer-key", "pkcs11:object=x"))
        anna.key("approve", asked["id"], "--signer", "sign.crt", "--signer-key", "locked.key", "--signer-password-file", "right", "--wrapping",
                 asked["wrapping_sha256"], "--yes")

    @staticmethod
    def old_certificate():
        key = serialization.load_pem_private_key((anna.dir / "sign.key").read_bytes(), None)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "anna")])
        cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
                .not_valid_before(datetime.datetime(2020, 1, 1)).not_valid_after(datetime.datetime(2021, 1, 1)).sign(key, hashes.SHA256()))
        anna.file("old.crt", cert.public_bytes(serialization.Encoding.PEM))

    def test_wrong_keys_to_archive(self):
        alice.file("text", "no key")
        alice.file("empty", "")
        alice.file("short", "1234567")
        alice.file("big", bytes(17000))
        for name, kind in (("text", "private_key"), ("empty", "private_key"), ("empty", "symmetric_key"), ("big", "symmetric_key"), ("nothing", "private_key")):
            self.assertEqual(alice.refused("archive", "--in", name, "--kind", kind)[0], 2, (name, kind))
        self.assertEqual(alice.refused("archive", "--in", "short", "--kind", "symmetric_key")[0], 1)
        locked = kra.make_key("P-256").private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                     serialization.BestAvailableEncryption(b"right"))
        alice.file("locked.pem", locked)
        alice.file("wrong", "not it\n")
        self.assertIn("password is wrong", alice.refused("archive", "--in", "locked.pem", "--in-password-file", "wrong")[1])
        der = subprocess.run(["openssl", "pkey", "-in", "locked.pem", "-passin", "pass:right", "-pubout"], cwd=alice.dir, check=True, capture_output=True).stdout
        alice.file("public.pem", der)
        self.assertIn("no private key", alice.refused("archive", "--in", "public.pem")[1])
        self.old_transport()
        alice.file("key.pem", pem(kra.make_key("P-256")))
        self.assertIn("has ended", alice.refused("archive", "--in", "key.pem", "--transport", "old.crt")[1])
        self.assertIn("no certificate", alice.refused("archive", "--in", "key.pem", "--transport", "text")[1])

    def old_transport(self):
        self.old_certificate()
        alice.file("old.crt", (anna.dir / "old.crt").read_bytes())

    def test_no_secret_on_the_command_line(self):
        for args in (("--user", "alice:alice-secret"),):
            done = alice.run("key", "list", login=args)
            self.assertEqual(done.returncode, 2)
            self.assertIn("--password-file", done.stderr.decode())
        for option in ("--password", "--p12-password", "--signer-password", "--in-password"):
            for verb in ("archive", "recover", "approve", "retrieve"):
                self.assertEqual(alice.run("key", verb, option, "x").returncode, 2)


if __name__ == "__main__":
    tap.main()
