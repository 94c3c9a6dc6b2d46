#!/usr/bin/env python3
"""Two PostgreSQL servers with synchronous replication; the primary is killed, frozen, or vanishes from the network, and
the standby takes over. Nothing that was answered is missing there, everything goes on within a bounded time: requests,
LISTEN connections, jobs, the command."""
# needs: root (a network namespace of its own, and packets dropped in it)

import atexit
import os
import shutil
import subprocess
import sys
import time
import unittest
from pathlib import Path

if __name__ == "__main__" and "GATEHOUSE_OWN_NETWORK" not in os.environ:
    os.environ["GATEHOUSE_OWN_NETWORK"] = "1"
    # xfrm policies drop packets without a word, and count for loopback only when they are told to
    os.execvp("unshare", ["unshare", "-n", "sh", "-ec", "ip link set lo up; "
                          "echo 0 >/proc/sys/net/ipv4/conf/lo/disable_policy; exec \"$@\"", "sh", sys.executable, "-B", *sys.argv])

import der
import ocsp
import tap
from client import Client
from environment import Environment, wait_for
from load import Load

TIMEOUT, CONNECT = 2.0, 1.0     # seconds
SLACK = 30.0                    # a busy machine; what is not bounded at all waits for minutes
# A frozen primary costs a statement its deadline, then a connection its share.
RECOVERY = TIMEOUT + CONNECT + SLACK

env = Environment("failover", GATEHOUSE_CONF_EXTRA=f"""
database {{ timeout_ms = {int(TIMEOUT * 1000)} }}
jobs {{ audit_seal = 1 }}
limits {{ failures = 10000 }}
""")
GOOD = der.csr(der.Key(env.scratch, "ec:P-256"))


class Server:
    """One PostgreSQL on a loopback address of its own."""

    def __init__(self, directory, address):
        self.dir, self.address = Path(directory), address

    def script(self, verb):
        env.script("postgres.sh", verb, self.dir)

    def conninfo(self, user="gatehouse"):
        return f"host={self.address} dbname=gatehouse user={user} connect_timeout=5"

    def sql(self, query, user="postgres"):
        return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.conninfo(user), "-c", query],
                              check=True, stdout=subprocess.PIPE).stdout.decode().strip()

    def listen(self):
        """Own address, and replication from the others."""
        conf = self.dir / "data" / "postgresql.conf"
        lines = [line for line in conf.read_text().splitlines() if not line.startswith("listen_addresses")]
        conf.write_text("\n".join(lines + [f"listen_addresses = '{self.address}'", "hot_standby = on", ""]))
        hba = self.dir / "data" / "pg_hba.conf"
        hba.write_text("local all all trust\nhost all all 127.0.0.0/8 trust\nhost replication all 127.0.0.0/8 trust\n")

    def follow(self, primary):
        """Begin anew as the synchronous standby of another server."""
        data = self.dir / "data"
        shutil.rmtree(data, ignore_errors=True)
        self.dir.mkdir(exist_ok=True)
        subprocess.run(["pg_basebackup", "-D", data, "-R", "-X", "stream", "-c", "fast", "-d",
                        f"host={primary.address} user=postgres"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["chown", "-R", "postgres:", data], check=True)
        (self.dir / "ready").touch()
        self.listen()
        self.script("start")
        primary.sql("alter system set synchronous_standby_names = '*'")
        primary.sql("select pg_reload_conf()")
        wait_for(lambda: primary.sql("select sync_state from pg_stat_replication") == "sync", "replication")

    def count(self):
        return int(self.sql("select count(*) from certificate where request_id > 0"))


ONE, TWO = Server(env.dir / "state" / "postgres", "127.0.0.2"), Server(env.dir / "standby", "127.0.0.3")


def network(verb, server, check=True):
    subprocess.run(["ip", "xfrm", "policy", verb, "dir", "in", "dst", f"{server.address}/32",
                    *(["action", "block"] if verb == "add" else [])], check=check, stderr=subprocess.DEVNULL)


def clean_up():
    for s in (ONE, TWO):
        if s.dir.exists():
            for verb in ("thaw", "stop"):
                env.script("postgres.sh", verb, s.dir, check=False)


def set_up():
    """From the one server on its socket to two on TCP."""
    env.gateway("halt")
    ONE.listen()
    ONE.script("restart")
    TWO.follow(ONE)
    with open(env.dir / "state" / "gatehouse.conf", "a") as f:
        f.write(f'database {{ conninfo = "host={ONE.address},{TWO.address} dbname=gatehouse user=gatehouse '
                f'target_session_attrs=read-write connect_timeout={int(CONNECT)}" }}\n')
    env.gateway("run")


class Failover(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.other = Client(env, app_key=env.var["GATEHOUSE_APP2_KEY"], secret=env.var["GATEHOUSE_APP2_SECRET"].encode())

    primary, standby = ONE, TWO      # what they are at the start of a test

    def setUp(self):
        self.conf = env.dir / "state" / "gatehouse.conf"
        env.wait_ready()

    def repair(self):
        """What was the primary follows the one that took over."""
        network("delete", self.primary, check=False)
        self.primary.script("kill")
        self.primary.follow(self.standby)
        Failover.primary, Failover.standby = self.standby, self.primary

    def timed(self, what, seconds, function, *args):
        begin = time.monotonic()
        value = function(*args)
        took = time.monotonic() - begin
        print(f"# {self._testMethodName}: {what}: {took:.2f} s", flush=True)
        self.assertLess(took, seconds, what)
        return value

    def fail_over(self, fault):
        """Fault and promotion in the middle of a load."""
        self.addCleanup(self.repair)
        with Load(env, GOOD, 6) as load:
            wait_for(lambda: load.answered() > 20, "the load is going")
            fault()
            self.standby.sql("select pg_promote()")
            promoted, before = time.monotonic(), load.answered()
            # six clients, so that some were answered by all threads of all workers
            wait_for(lambda: load.answered() > before + 30, "clients are served again", RECOVERY + 20)
        env.var["GATEHOUSE_DB"] = self.standby.conninfo()
        load.check(self)
        good = [t for t in load.good_at if t > promoted]
        print(f"# {self._testMethodName}: served again {good[0] - promoted:.2f} s after the promotion, "
              f"{len(load.serials)} answered, {load.status}", flush=True)
        self.assertLess(good[0] - promoted, RECOVERY)

    def command(self, *args):
        return env.command(*args, "-c", self.conf)

    def check_everything_goes_on(self):
        # each thread of each worker finds out for itself
        wait_for(lambda: all(Client(env).enroll(GOOD).status == 200 for _ in range(12)), "all enrollments succeed")
        certificate = Client(env).enroll(GOOD)
        self.assertEqual(certificate.status, 200, certificate.body)
        # LISTEN for the configuration: both workers refuse the application
        self.timed("command", CONNECT + SLACK, self.command, "app", "disable", "other")
        self.timed("configuration", RECOVERY, wait_for, lambda: all(
            self.other.enroll(GOOD).status in (401, 403) for _ in range(6)), "a disabled application is refused", RECOVERY)
        self.command("app", "enable", "other")
        self.timed("configuration", RECOVERY, wait_for, lambda: all(
            self.other.enroll(GOOD).status == 200 for _ in range(6)), "and let in again", RECOVERY)
        # LISTEN for revocations: both workers forget the answer that they had
        serial = certificate.json["SerialNumber"]
        ask = ocsp.request(ocsp.cert_id(self.issuer(), int(serial, 16)))
        wait_for(lambda: self.statuses(ask) == {("good",)}, "good")
        self.command("cert", "revoke", serial, "--reason", "superseded", "--yes")
        self.timed("revocation", RECOVERY, wait_for, lambda: self.statuses(ask) == {("revoked",)}, "revoked", RECOVERY)
        ended = self.standby.sql("select extract(epoch from max(finished_at)) from job")
        self.timed("jobs", RECOVERY + 5, wait_for, lambda: self.standby.sql(
            f"select count(*) from job where name = 'audit-seal' and outcome = 'success' and "
            f"extract(epoch from finished_at) > {ended or 0}") != "0", "the next job", RECOVERY + 5)

    def issuer(self):
        return subprocess.run(["openssl", "x509", "-outform", "DER"], check=True, stdout=subprocess.PIPE,
                              input=self.command("ca", "export", "issuing").encode()).stdout

    def statuses(self, request):
        out = set()
        for _ in range(6):
            reply = Client(env).request("POST", "/ocsp", request, {"Content-Type": "application/ocsp-request"})
            out.add(tuple(ocsp.statuses(reply.body)))
        return out

    def check_start_and_command(self):
        """The first host is silent: a start and a command cost its share once."""
        env.gateway("halt")
        self.timed("start", CONNECT * 2 + SLACK + 3, env.gateway, "run")
        self.timed("command", CONNECT + SLACK, self.command, "cert", "list", "--limit", "1")
        self.timed("enrollment", SLACK, Client(env).enroll, GOOD)

    def test_1_frozen(self):
        self.assertIs(self.primary, ONE)
        self.fail_over(lambda: self.primary.script("freeze"))
        self.check_everything_goes_on()
        self.check_start_and_command()
        # It comes back and takes itself for the primary: the gateway does not go there. A new process may, and is
        # told nothing, since no standby confirms.
        self.primary.script("thaw")
        before, recorded = self.primary.count(), self.standby.count()
        for _ in range(20):
            self.assertEqual(Client(env).enroll(GOOD).status, 200)
        self.assertEqual(self.standby.count(), recorded + 20)
        self.assertEqual(self.primary.count(), before)
        done = env.admin("app", "disable", "other", check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.conf = env.scratch / "standby.conf"
        self.conf.write_text((env.dir / "state" / "gatehouse.conf").read_text() +
                             f'database {{ conninfo = "{self.standby.conninfo()}" }}\n')
        self.check_everything_goes_on()

    def test_2_killed(self):
        self.fail_over(lambda: self.primary.script("kill"))
        self.check_everything_goes_on()

    def test_3_network_gone(self):
        self.assertIs(self.primary, ONE)
        self.fail_over(lambda: network("add", self.primary))
        self.check_everything_goes_on()
        self.check_start_and_command()

    def test_4_silent_standby_holds_nobody_up(self):
        """The second host does not answer: reads go on, writes wait for it, and none is answered."""
        self.standby.script("freeze")
        try:
            self.assertEqual(Client(env).enroll(GOOD).status, 503)
            self.timed("command", SLACK, env.admin, "cert", "list", "--limit", "1")
        finally:
            self.standby.script("thaw")
        wait_for(lambda: Client(env).enroll(GOOD).status == 200, "an enrollment succeeds")

    def test_5_cancelled_wait_is_no_answer(self):
        """PostgreSQL commits with a warning and no error when somebody cancels the wait for the standby."""
        self.standby.script("freeze")
        try:
            with Load(env, GOOD, 1, pause=0.05) as load:
                for _ in range(10):
                    wait_for(lambda: self.primary.sql(
                        "select count(pg_cancel_backend(pid)) from pg_stat_activity where wait_event = 'SyncRep'")
                        != "0", "a commit waits")
            self.assertEqual(load.serials, [], load.status)
        finally:
            self.standby.script("thaw")
        wait_for(lambda: Client(env).enroll(GOOD).status == 200, "an enrollment succeeds")


if __name__ == "__main__":
    atexit.register(clean_up)
    set_up()
    tap.main()
