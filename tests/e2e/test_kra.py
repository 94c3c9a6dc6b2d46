#!/usr/bin/env python3
"""The key recovery authority as a process beside the gateway: started, watched, stopped; what /readyz and the doctor say
of it. Certificates are issued whatever becomes of it."""

import json
import os
import signal
import unittest

import der
import tap
from client import Client
from environment import Environment, wait_for

env = Environment("kra", GATEHOUSE_KRA="P-256")
GOOD = der.csr(der.Key(env.scratch, "ec:P-256"))


def readiness():
    reply = Client(env).get("/readyz")
    return reply.status, json.loads(reply.body)


def await_kra(state):
    env.await_each_worker(lambda client: json.loads(client.get("/readyz").body)["kra"] == state, f"the KRA is {state}")


def processes(role):
    """Pids of the signers of this role."""
    return [pid for pid, line in env.processes("gatehouse-signer") if ("--role kra" in line) == (role == "kra")]


class Process(unittest.TestCase):
    def setUp(self):
        env.wait_ready()

    def test_runs_beside_the_signer(self):
        self.assertEqual((len(processes("ca")), len(processes("kra"))), (1, 1))
        await_kra("up")
        self.assertEqual(readiness()[1]["status"], "ready")
        self.assertGreater(env.metric("gatehouse_kra_duration_seconds_count"), 0)

    def test_killed_is_seen_and_started_again(self):
        await_kra("up")
        before = processes("kra")
        os.kill(before[0], signal.SIGKILL)
        env.await_log("the KRA ended; starting it again")
        wait_for(lambda: (now := processes("kra")) and now != before, "another KRA")
        await_kra("up")
        self.assertEqual(len(processes("ca")), 1)

    def test_away_concerns_no_certificate(self):
        """A KRA that hangs: /readyz says so and stays 200, enrollments go on."""
        await_kra("up")
        pid = processes("kra")[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_for(lambda: readiness()[1]["kra"] in ("down", "no answer"), "/readyz tells that the KRA is away", 30)
            self.assertEqual(readiness()[0], 200)
            self.assertEqual(Client(env).enroll(GOOD).status, 200)
        finally:
            os.kill(pid, signal.SIGCONT)
        await_kra("up")

    def test_ends_with_the_gateway(self):
        pids = processes("kra") + processes("ca")
        env.gateway("halt")
        try:
            wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "signer and KRA have ended")
        finally:
            env.gateway("run")
        await_kra("up")

    def test_its_lines_have_its_name(self):
        """One supervisor's output has the lines of all: those of the KRA are told apart."""
        self.assertIn('"program":"kra","msg":"signer is ready"', env.log())

    def refused(self, said):
        """The gateway does not start, and says why."""
        self.assertNotEqual(env.script("gateway.sh", "run", env.dir / "state", check=False).returncode, 0)
        self.assertIn(said, env.log())

    def test_key_file_that_is_none(self):
        key = env.dir / "state" / "kra.key"
        env.gateway("halt")
        try:
            key.chmod(0o640)
            self.refused("chmod 600")
            self.refused("the KRA does not start")
            key.chmod(0o600)
            key.rename(key.with_suffix(".away"))
            self.refused("kra.key_file")
            (env.scratch / "short").write_text("abcd\n")
            (env.scratch / "short").rename(key)
            key.chmod(0o600)
            self.refused("kra.key")
        finally:
            key.with_suffix(".away").rename(key)
            env.gateway("run")
        await_kra("up")


class Doctor(unittest.TestCase):
    def findings(self):
        done = env.admin("doctor", "--json", check=False)
        return {f["code"]: f for f in json.loads(done.stdout)}

    def test_names_it(self):
        await_kra("up")
        found = self.findings()
        self.assertEqual((found["kra"]["state"], found["kra-key"]["state"]), ("ok", "ok"), found)

    def test_names_a_key_file_that_others_read(self):
        key = env.dir / "state" / "kra.key"
        key.chmod(0o644)
        try:
            self.assertEqual(self.findings()["kra-key"]["state"], "error")
        finally:
            key.chmod(0o600)


if __name__ == "__main__":
    tap.main()
