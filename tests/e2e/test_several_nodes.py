#!/usr/bin/env python3
"""docs/several-nodes.md with Debian's HAProxy: the configuration as it stands there, but for addresses and paths,
before two nodes on one database."""

import os
import re
import shutil
import signal
import subprocess
import unittest

import der
import tap
from client import Client
from environment import TOP, Environment, free_port, stop_processes, wait_for

PAGE = (TOP / "docs/several-nodes.md").read_text()
PROXY = "127.0.0.2"  # HAProxy's address towards the nodes: the tests themselves speak to them without a PROXY header
HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"


def port_of(url):
    return url.rsplit(":", 1)[1]


def block(language):
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    assert len(found) == 1, f"{len(found)} blocks of {language}"
    return found[0]


env = Environment("nodes", GATEHOUSE_CONF_EXTRA=block("conf").replace("192.0.2.10", PROXY))
KEY = der.Key(env.scratch, "ec:P-256")


class Nodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        second = env.second_node()
        cls.tls, cls.plain = free_port(), free_port()
        cls.names = [("192.0.2.10:443", f"127.0.0.1:{cls.tls}"), ("192.0.2.10:80", f"127.0.0.1:{cls.plain}"),
                     ("192.0.2.11:8443", f"127.0.0.1:{port_of(env.var['GATEHOUSE_URL'])}"),
                     ("192.0.2.12:8443", f"127.0.0.1:{port_of(second['GATEHOUSE_URL'])}"),
                     ("192.0.2.11:8080", f"127.0.0.1:{port_of(env.var['GATEHOUSE_HTTP_URL'])}"),
                     ("192.0.2.12:8080", f"127.0.0.1:{port_of(second['GATEHOUSE_HTTP_URL'])}"),
                     ("/etc/haproxy/gatehouse-ca.pem", env.var["GATEHOUSE_CAFILE"]),
                     ("https://pki.example.com", f"https://localhost:{cls.tls}"),
                     ("http://pki.example.com", f"http://localhost:{cls.plain}"),
                     ("pki.example.com", "localhost"), ("/etc/haproxy/haproxy.cfg", str(env.scratch / "haproxy.cfg"))]
        servers = block("haproxy").replace("default-server ", f"default-server source {PROXY} ")
        (env.scratch / "haproxy.cfg").write_text(cls.here(servers))
        cls.commands = cls.here(block("sh")).splitlines()
        assert cls.commands[0].startswith("haproxy -c") and cls.commands[1].startswith("systemctl reload")
        cls.shell(cls.commands[0])
        with open(env.scratch / "haproxy.log", "wb") as log:
            cls.haproxy = subprocess.Popen([HAPROXY, "-db", "-f", env.scratch / "haproxy.cfg"],
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        cls.addClassCleanup(cls.stop_haproxy)
        env.var["GATEHOUSE_URL"] = f"https://localhost:{cls.tls}"
        env.wait_ready()

    @classmethod
    def stop_haproxy(cls):
        cls.haproxy.terminate()
        cls.haproxy.wait()
        print("# " + (env.scratch / "haproxy.log").read_text().replace("\n", "\n# "))

    @classmethod
    def here(cls, text):
        for there, here in cls.names:
            text = text.replace(there, here)
        return text

    @staticmethod
    def shell(line):
        path = os.environ["PATH"] + ":/usr/sbin"
        done = subprocess.run(["bash", "-c", line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env={**os.environ, "PATH": path, "no_proxy": "*"})
        assert done.returncode == 0, f"{line}: {done.stdout.decode()}"
        return done.stdout.decode()

    @staticmethod
    def log():
        return (env.scratch / "haproxy.log").read_text()

    def is_up(self):
        """The first node, as HAProxy last said; it begins with both."""
        text = self.log()
        return text.rfind("nodes/pki1 is UP") >= text.rfind("nodes/pki1 is DOWN")

    def enroll(self):
        reply = Client(env).enroll(der.csr(KEY))
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json["CMSID"]

    def test_commands_of_the_page(self):
        self.assertIn('"ready"', self.shell(self.commands[2]))
        self.assertIn("issuing", self.shell(self.commands[3]))

    def test_the_client_keeps_its_address(self):
        self.enroll()
        rows = env.sql("select address from audit where event = 'enroll.issued' order by id desc limit 1")
        self.assertEqual(rows, [["127.0.0.1"]])

    def test_a_lost_node_is_left_out(self):
        """Killed without a word: a moment later all requests go to the other one."""
        ids = [self.enroll() for _ in range(6)]
        self.assertEqual(len(set(ids)), 6)
        os.kill(env.gateway_pid(), signal.SIGKILL)
        try:
            env.gateway("halt")

            def served():
                try:
                    return all(Client(env, timeout=5).get("/readyz").status == 200 for _ in range(4))
                except OSError:
                    return False
            wait_for(served, "only the second node is asked")
            ids = [self.enroll() for _ in range(6)]
            self.assertEqual(len(set(ids)), 6)
        finally:
            env.gateway("run")

    def test_a_node_that_is_not_ready_gets_no_requests(self):
        """Its signer is frozen: /readyz says 503, HAProxy asks the other one."""
        signers = [pid for pid, _ in env.processes("gatehouse-signer")]
        self.assertTrue(signers)
        wait_for(self.is_up, "the last case is over for HAProxy, too")
        stop_processes(signers)
        try:
            wait_for(lambda: not self.is_up(), "HAProxy leaves the node out")
            for _ in range(6):
                self.enroll()
        finally:
            for pid in signers:
                os.kill(pid, signal.SIGCONT)
        wait_for(self.is_up, "it is back")

    def test_a_node_that_is_stopped_loses_no_request(self):
        """systemctl stop: what it began is answered, what comes later goes elsewhere."""
        env.gateway("halt")
        try:
            wait_for(lambda: all(Client(env, timeout=5).get("/readyz").status == 200 for _ in range(4)),
                     "the node is left out")
            self.enroll()
        finally:
            env.gateway("run")


if __name__ == "__main__":
    tap.main()
