#!/usr/bin/env python3
"""Who calls an EST operation: certificates of clients in the handshake, local EST users, Basic and Digest."""

import json
import ssl
import unittest

import der
import tap
from client import Client
from environment import Environment

env = Environment("est-auth")


def openssl(*args):
    return der.openssl(*map(str, args)).decode()


def make_ca(name, subject):
    key, cert = env.scratch / f"{name}.key", env.scratch / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-days", 30,
            "-subj", subject)
    return key, cert


class Users(unittest.TestCase):
    """gatehouse est user"""

    def add(self, name, *args, **kw):
        return env.admin("est", "user", "add", name, "--password-file", "-", *args, stdin=b"a-long-password\n", **kw)

    def test_add_list_passwd_disable_remove(self):
        self.add("printer-17", "--label", "printers")
        made = env.admin("est", "user", "add", "printer-18", "--generate", "--one-time", "--hours", "2", "--json")
        self.assertRegex(made["password"], r"^([a-z2-9]{5}-){3}[a-z2-9]{5}$")
        users = {u["name"]: u for u in env.admin("est", "user", "list", "--json")}
        self.assertEqual([users["printer-17"][k] for k in ("label", "one_time", "expires", "enabled")], ["printers", False, None, True])
        self.assertEqual([users["printer-18"][k] for k in ("label", "one_time", "enabled")], [None, True, True])
        self.assertEqual(env.count("select round((expires - extract(epoch from now())) / 3600) from est_user where name = 'printer-18'"), 2)
        env.admin("est", "user", "passwd", "printer-17", "--generate")
        env.admin("est", "user", "disable", "printer-17")
        self.assertIn("printer-17", env.admin("est", "user", "list"))
        env.admin("est", "user", "enable", "printer-17")
        env.admin("est", "user", "remove", "printer-17")
        env.admin("est", "user", "remove", "printer-18")
        self.assertEqual(env.admin("est", "user", "list", "--json"), [])
        rows = env.sql("select event, detail from audit where object = 'printer-17' order by id")
        self.assertEqual(rows, [["est.user.created", "lasting, for the label printers"], ["est.user.changed", "password"],
                                ["est.user.changed", "disabled"], ["est.user.changed", "enabled"], ["est.user.removed", ""]])

    def test_one_time_passwords_end_after_a_week(self):
        self.add("once", "--one-time")
        self.assertEqual(env.count("select round((expires - extract(epoch from now())) / 3600) from est_user where name = 'once'"), 24 * 7)
        env.admin("est", "user", "remove", "once")

    def test_passwords_are_nowhere(self):
        made = env.admin("est", "user", "add", "secretive", "--generate", "--json")["password"]
        dump = json.dumps(env.sql("select est_user::text from est_user union all select audit::text from audit"))
        self.assertNotIn(made, dump)
        self.assertNotIn(made, json.dumps(env.admin("est", "user", "list", "--json")))
        env.admin("est", "user", "remove", "secretive")

    def test_what_is_refused(self):
        self.add("taken")
        self.assertIn(b"already", self.add("Taken", check=False).stderr)
        for args in (("add", "a:b", "--generate"), ("add", "x", "--generate", "--password-file", "-"), ("add", "x", "--generate", "--days", "0"),
                     ("add", "x", "--generate", "--days", "1", "--hours", "1"), ("list", "x"), ("remove",), ("passwd", "taken", "--one-time"),
                     ("disable", "taken", "--generate"), ("make", "x")):
            self.assertEqual(env.admin("est", "user", *args, check=False).returncode, 2, args)
        short = env.admin("est", "user", "add", "short", "--password-file", "-", stdin=b"elevenchars\n", check=False)
        self.assertIn(b"12 to 255 bytes", short.stderr)
        self.assertIn(b"no EST user", env.admin("est", "user", "remove", "nobody", check=False).stderr)
        env.admin("est", "user", "remove", "taken")

    def test_row_of_another_is_refused(self):
        """Who writes the database makes no EST user, and enables none."""
        self.add("sealed")
        env.admin("est", "user", "disable", "sealed")
        for attack, undo in (("update est_user set enabled = true where name = 'sealed'", "update est_user set enabled = false where name = 'sealed'"),
                             ("update est_user set label = 'x' where name = 'sealed'", "update est_user set label = null where name = 'sealed'"),
                             ("insert into est_user (name, secret_sealed, one_time, enabled) select 'eve', secret_sealed, false, true from est_user",
                              "delete from est_user where name = 'eve'")):
            env.sql(attack)
            done = env.admin("est", "user", "list", check=False)
            env.sql(undo)
            self.assertNotEqual(done.returncode, 0, attack)
            self.assertIn(b"est_user", done.stderr)
        self.assertEqual(len(env.admin("est", "user", "list", "--json")), 1)
        env.admin("est", "user", "remove", "sealed")


class Handshake(unittest.TestCase):
    """E-036: a certificate is asked for and never demanded, and one that nobody knows ends no handshake."""

    @classmethod
    def setUpClass(cls):
        cls.stranger = make_ca("stranger", "/CN=device of a stranger")
        _, cas = make_ca("manufacturer", "/O=Example Devices/CN=manufacturer")
        conf = env.dir / "state" / "gatehouse.conf"
        cls.before = conf.read_text()
        conf.write_text(cls.before.replace("gateway {\n", f'gateway {{\n client_ca = "{cas}"\n', 1))
        env.gateway("halt")
        env.gateway("run")

    @classmethod
    def tearDownClass(cls):
        (env.dir / "state" / "gatehouse.conf").write_text(cls.before)
        env.gateway("halt")
        env.gateway("run")

    def get(self, version, with_cert):
        client = Client(env)
        client.context.minimum_version = client.context.maximum_version = version
        if with_cert:
            client.context.load_cert_chain(self.stranger[1], self.stranger[0])
        return client.get("/healthz")

    def test_E036_handshake_ends_without_or_with_a_strangers_certificate(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for with_cert in (False, True):
                self.assertEqual(self.get(version, with_cert).status, 200, (version, with_cert))


if __name__ == "__main__":
    tap.main()
