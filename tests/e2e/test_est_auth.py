#!/usr/bin/env python3
"""Who calls an EST operation: certificates of clients, local EST users by Basic and Digest, one-time passwords, and CSRs that are linked to
their TLS connection."""

import base64
import concurrent.futures
import hashlib
import json
import re
import ssl
import subprocess
import threading
import unittest

import client
import der
import tap
from client import Client
from environment import TOP, Environment
from est import PREFIX, Device, certificates, names_of, run

env = Environment("est-auth", GATEHOUSE_CONF_EXTRA="""
est { label = "devices" }
limits { failures = 1000 }
""")
CAFILE, URL = env.var["GATEHOUSE_CAFILE"], env.var["GATEHOUSE_URL"]
PASSWORD = "a-long-password"
ENROLL = PREFIX + "simpleenroll"


def openssl(*args, **kw):
    return der.openssl(*map(str, args), **kw).decode()


def make_ca(name, subject, eku=None):
    key, cert = env.scratch / f"{name}.key", env.scratch / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-days", 30,
            "-subj", subject, *(("-addext", f"extendedKeyUsage={eku}") if eku else ()))
    return key, cert


def make_leaf(ca, subject, extensions="extendedKeyUsage=clientAuth", days=10):
    """A key, and its certificate by a CA of make_ca: DER."""
    key = der.Key(env.scratch, "ec:P-256")
    name = openssl("rand", "-hex", 8).strip()
    csr, ext, out = (env.scratch / f"{name}.{x}" for x in ("csr", "ext", "crt"))
    openssl("req", "-new", "-key", key.path, "-subj", subject, "-out", csr)
    ext.write_text(extensions + "\n")
    openssl("x509", "-req", "-in", csr, "-CA", ca[1], "-CAkey", ca[0], "-CAcreateserial", "-days", days, "-extfile", ext, "-out", out)
    return key, ssl.PEM_cert_to_DER_cert(out.read_text())


def label(action, *args, **kw):
    return env.admin("est", "label", action, *args, **kw)


def add_user(name, *args, password=PASSWORD):
    env.admin("est", "user", "add", name, "--password-file", "-", *args, stdin=password.encode() + b"\n")


def setUpModule():
    template = json.loads((TOP / "conf/templates/WebServer.json").read_text())
    template.update(name="Device", oid="1.3.6.1.4.1.311.21.8.15747088.8838185.2930322.4713121.5847363.92", approval=False,
                    extendedKeyUsage=["clientAuth", "serverAuth"], purpose="client_auth", sid="never", acknowledge=["ESC1", "ESC16", "ESC17", "NAMES"],
                    acknowledgeReason="names of a test")
    path = env.scratch / "Device.json"
    path.write_text(json.dumps(template))
    env.admin("template", "import", path)
    for name, auth in (("devices", "either"), ("cert", "cert"), ("http", "http"), ("both", "both")):
        label("add", name, "--template", "Device", "--ca", "issuing", "--auth", auth, "--certificates-of", "devices")
    env.await_catalog()


class Case(unittest.TestCase):
    serial = 0

    def device(self, password=None, **kw):
        return Device(env, password, **kw)

    def host(self):
        Case.serial += 1
        return f"device-{Case.serial}.example.test"

    def csr(self, device, host=None, **more):
        host = host or self.host()
        return device.csr((("CN", host),), (host,), **more)

    def enroll(self, device, path="simpleenroll", csr=None, **headers):
        return device.enroll(path, csr or self.csr(device), **headers)

    def issued(self, reply):
        self.assertEqual(reply.status, 200, reply.body)
        return certificates(reply)[0]

    def refused(self, reply, status, text=None):
        self.assertEqual(reply.status, status, reply.body)
        if text is not None:
            self.assertIn(text, reply.body.decode())

    def user(self, *args, name=None, password=PASSWORD):
        name = name or self.host()
        add_user(name, *args, password=password)
        env.await_catalog()
        self.addCleanup(env.admin, "est", "user", "remove", name, check=False)
        return name, password

    def requester(self):
        return env.sql("select requester_kind, requester from request order by id desc limit 1")[0]


class Users(Case):
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
                                ["est.user.changed", "disabled"], ["est.user.changed", "enabled"], ["est.user.removed", "lasting, for the label printers"]])

    def test_nobody_gets_the_number_of_who_is_gone(self):
        """Certificates go back to an EST user by his number; a sequence can be set back past Gatehouse."""
        self.add("gone")
        was = env.count("select id from est_user where name = 'gone'")
        env.admin("est", "user", "remove", "gone")
        env.sql(f"select setval(pg_get_serial_sequence('est_user', 'id'), {was % 2**40 + 1}, false)")
        self.add("next")
        self.assertNotEqual(env.count("select id from est_user where name = 'next'"), was)
        self.assertGreater(env.count("select id from est_user where name = 'next'"), 2**20)
        env.admin("est", "user", "remove", "next")

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

    def test_E030_E031_E045_older_protocols_and_weak_suites(self):
        host = Client(env)
        for args in (("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), ("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
                     ("-tls1_2", "-cipher", "aNULL:eNULL:@SECLEVEL=0"), ("-tls1_2", "-cipher", "AES128-SHA"), ("-tls1_2", "-cipher", "SRP:@SECLEVEL=0", "-srpuser", "device", "-srppass", "pass:x"),
                     ("-tls1_2",), ("-tls1_3",)):
            done = run("openssl", "s_client", "-connect", f"{host.host}:{host.port}", "-CAfile", CAFILE, *args, check=False)
            self.assertEqual(done.returncode == 0, len(args) == 1, args)
            if "-srpuser" in args:  # it was asked for, and the server refused it
                self.assertIn(b"handshake failure", done.stderr)

    def s_client(self, *args, **kw):
        host = Client(env)
        return run("openssl", "s_client", "-connect", f"{host.host}:{host.port}", *args, check=False, **kw)

    def test_E032_the_server_says_who_it_is(self):
        """By a certificate with its name, to who trusts its CA."""
        trusts, name = ("-verify_return_error", "-CAfile", CAFILE), Client(env).host
        kind = "-verify_ip" if name[0].isdigit() else "-verify_hostname"
        self.assertEqual(self.s_client(*trusts, "-x509_strict", "-purpose", "sslserver", kind, name).returncode, 0)
        self.assertNotEqual(self.s_client(*trusts, "-verify_hostname", "another.example.test").returncode, 0)
        self.assertNotEqual(self.s_client("-verify_return_error", "-CAfile", self.stranger[1], "-no-CApath").returncode, 0)

    def test_E037_no_renegotiation(self):
        host = Client(env)
        p = subprocess.Popen(["openssl", "s_client", "-connect", f"{host.host}:{host.port}", "-CAfile", CAFILE, "-tls1_2"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            p.stdin.write(b"R\n")
            p.stdin.flush()  # and stays open: its end would end the connection
            watchdog = threading.Timer(20, p.kill)
            watchdog.start()
            said = p.stdout.read()
            watchdog.cancel()
        finally:
            p.stdin.close()
            p.kill()
            p.wait()
            p.stdout.close()
        self.assertIn(b"RENEGOTIATING", said)
        self.assertIn(b"no renegotiation", said)

    def test_E038_trusted_ca_keys_is_passed_over(self):
        for version in ("-tls1_2", "-tls1_3"):
            done = self.s_client("-CAfile", CAFILE, version, "-serverinfo", "3", "-msg")
            self.assertEqual(done.returncode, 0, done.stderr)
            hello = done.stdout.split(b"ClientHello\n")[1].split(b"<<<")[0]
            self.assertIn(b"00030000", hello.replace(b" ", b"").replace(b"\n", b""))  # it was sent
            self.assertIn(b"Verify return code: 0 (ok)", done.stdout)

    def test_E036_handshake_ends_without_or_with_a_strangers_certificate(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for with_cert in (False, True):
                self.assertEqual(self.get(version, with_cert).status, 200, (version, with_cert))


class Passwords(Case):
    def test_E041_basic_by_a_local_user(self):
        who = self.user()
        self.issued(self.enroll(self.device(who)))
        self.assertEqual(self.requester(), ["4", who[0]])
        self.refused(self.enroll(self.device((who[0], "another-password"))), 401)
        self.refused(self.enroll(self.device((who[0].upper(), PASSWORD))), 401)
        self.refused(self.enroll(self.device(("nobody-of-ours", PASSWORD))), 401)
        self.assertEqual(env.count(f"select count(*) from audit where event = 'auth.failed' and actor = '{who[0]}'"), 2)

    def test_E041_basic_by_a_directory_user(self):
        """And he needs an entry, since he has one."""
        self.issued(self.enroll(self.device(("alice", "alice-secret"))))
        self.assertEqual(self.requester(), ["1", "EXAMPLE\\alice"])

    def test_E042_challenge(self):
        reply = self.device().post("simpleenroll", b"AA==")
        self.refused(reply, 401)
        self.assertRegex(reply.challenges[1],
                         r'^Digest realm="Gatehouse", qop="auth", algorithm=SHA-256, nonce="[0-9a-f]{80}", charset=UTF-8$')
        self.assertEqual(reply.body, b"")
        self.assertEqual([reply.challenges[0], *reply.challenges[2:]], ['Basic realm="Gatehouse", charset="UTF-8"'])

    def test_E042_empty_name_is_refused(self):
        self.refused(self.enroll(self.device(("", PASSWORD))), 401)

    def test_a_name_in_another_case_goes_to_nobody(self):
        """Least of all to the directory, whose user it may be."""
        self.user(name="ALICE")
        for name in ("alice", "Alice"):
            for password in (PASSWORD, "alice-secret"):
                self.refused(self.enroll(self.device((name, password))), 401)
        self.refused(Digest(self, ("alice", PASSWORD)).enroll(), 401)
        self.issued(self.enroll(self.device(("ALICE", PASSWORD))))
        self.assertEqual(self.requester(), ["4", "ALICE"])

    def test_same_name_as_a_directory_user_or_an_administrator(self):
        """The local user has his own password and is nobody else: no directory entry, no role, no other door."""
        for name, theirs in (("alice", "alice-secret"), ("olga", env.var["GATEHOUSE_OFFICER_PASSWORD"])):
            self.user(name=name)
            self.issued(self.enroll(self.device((name, PASSWORD))))
            self.assertEqual(self.requester(), ["4", name])
            self.assertEqual(env.sql("select requester_dn from request order by id desc limit 1")[0], [""])
            self.refused(self.enroll(self.device((name, theirs))), 401)
            basic = self.device((name, PASSWORD)).headers
            for path in ("/pki/requests", "/pki/certificates", "/api/v1/audit"):
                self.assertIn(Client(env).get(path, basic).status, (401, 404), path)
            env.admin("est", "user", "remove", name)
            env.await_catalog()
        self.issued(self.enroll(self.device(("alice", "alice-secret"))))

    def test_disabled_expired_or_of_another_label(self):
        who = self.user("--label", "http")
        self.refused(self.enroll(self.device(who)), 403, "this label")
        self.issued(self.enroll(self.device(who), "http/simpleenroll"))
        env.admin("est", "user", "disable", who[0])
        env.await_catalog()
        self.refused(self.enroll(self.device(who), "http/simpleenroll"), 403)
        self.refused(self.enroll(self.device((who[0], "another-password")), "http/simpleenroll"), 401)
        env.admin("est", "user", "enable", who[0])
        env.await_catalog()
        self.issued(self.enroll(self.device(who), "http/simpleenroll"))
        env.admin("est", "user", "passwd", who[0], "--password-file", "-", stdin=b"the-new-password\n")
        env.await_catalog()
        self.refused(self.enroll(self.device(who), "http/simpleenroll"), 401)
        self.issued(self.enroll(self.device((who[0], "the-new-password")), "http/simpleenroll"))

    def test_E046_guessing_is_slowed_down(self):
        who = self.user()
        conf = env.dir / "state" / "gatehouse.conf"
        was = conf.read_text()
        conf.write_text(was.replace("failures = 1000", "failures = 3"))
        env.gateway("halt")
        env.gateway("run")
        try:
            for _ in range(3):
                self.refused(self.enroll(self.device((who[0], "another-password"))), 401)
            reply = self.enroll(self.device(who))
            self.refused(reply, 429)
            self.assertGreater(int(reply.headers["retry-after"]), 0)
            reply = Digest(self, who).enroll()
            self.refused(reply, 429)
        finally:
            conf.write_text(was)
            env.gateway("halt")
            env.gateway("run")


class Digest:
    """A client of RFC 7616 that lets a test get every detail wrong."""

    def __init__(self, case, who, url=None):
        self.case, self.who = case, who
        self.device = Device(env, url=url)
        self.nonce = None

    def challenge(self):
        self.nonce = re.search(r'algorithm=SHA-256, nonce="([0-9a-f]+)"', self.device.post("simpleenroll", b"AA==").challenges[1])[1]

    def header(self, nc=1, nonce=None, uri=ENROLL, target=None, method="POST", algorithm="SHA-256", password=None):
        name, own = self.who
        h = hashlib.sha256 if algorithm == "SHA-256" else hashlib.md5

        def of(*parts):
            return h(":".join(parts).encode()).hexdigest()
        nonce = nonce or self.nonce
        response = of(of(name, "Gatehouse", password or own), nonce, f"{nc:08x}", "c", "auth", of(method, uri))
        return (f'Digest username="{name}", realm="Gatehouse", nonce="{nonce}", uri="{target or uri}", algorithm={algorithm}, qop=auth, '
                f'nc={nc:08x}, cnonce="c", response="{response}"')

    def enroll(self, csr=None, path="simpleenroll", **kw):
        if self.nonce is None:
            self.challenge()
        return self.device.post(path, base64.b64encode(csr or self.case.csr(self.device)), Authorization=self.header(**kw))


class Digests(Case):
    def test_E042_curl(self):
        """curl --digest and --anyauth, and --basic."""
        who = self.user()
        device = self.device()
        for way in ("--digest", "--anyauth", "--basic"):
            body = env.scratch / "csr.b64"
            body.write_bytes(base64.b64encode(self.csr(device)))
            done = run("curl", "-s", way, "-u", ":".join(who), "--cacert", CAFILE, "-H", "Content-Type: application/pkcs10",
                       "--data-binary", f"@{body}", "-o", env.scratch / "out", "-w", "%{http_code}", URL + ENROLL)
            self.assertEqual(done.stdout, b"200", (way, (env.scratch / "out").read_bytes()))
            self.assertEqual(self.requester(), ["4", who[0]])
        done = run("curl", "-s", "--digest", "-u", f"{who[0]}:wrong-password", "--cacert", CAFILE, "-H", "Content-Type: application/pkcs10",
                   "--data-binary", f"@{body}", "-o", "/dev/null", "-w", "%{http_code}", URL + ENROLL)
        self.assertEqual(done.stdout, b"401")

    def test_each_count_once(self):
        d = Digest(self, self.user())
        self.issued(d.enroll(nc=1))
        self.issued(d.enroll(nc=2))
        for nc in (2, 1):
            reply = d.enroll(nc=nc)
            self.refused(reply, 401)
            self.assertIn("stale=true", reply.challenges[1])
        self.issued(d.enroll(nc=10))
        self.refused(d.enroll(nc=9), 401)
        self.issued(d.enroll(nc=11))

    def test_a_call_is_good_for_its_uri_and_method(self):
        d = Digest(self, self.user())
        self.refused(d.enroll(uri=PREFIX + "http/simpleenroll"), 401)
        self.refused(d.enroll(uri=ENROLL, path="http/simpleenroll"), 401)
        self.refused(d.enroll(uri=ENROLL + "?x"), 401)
        self.refused(d.enroll(method="GET"), 401)
        self.refused(d.enroll(password="another-password"), 401)
        self.issued(d.enroll())

    def test_nonces_of_others(self):
        d = Digest(self, self.user())
        d.challenge()
        forged = d.nonce[:-1] + ("0" if d.nonce[-1] != "0" else "1")
        for nonce in (forged, "0" * 80, "x", d.nonce.upper()):
            reply = d.enroll(nonce=nonce)
            self.refused(reply, 401)
            self.assertNotIn("stale", reply.challenges[1])
        self.issued(d.enroll())

    def test_md5_is_for_who_configures_it(self):
        who = self.user()
        d = Digest(self, who)
        self.refused(d.enroll(algorithm="MD5"), 401)
        conf = env.dir / "state" / "gatehouse.conf"
        was = conf.read_text()
        try:
            for setting, md5, sha256 in (("md5", 200, 200), ("none", 401, 401)):
                conf.write_text(was.replace('est { label = "devices"', f'est {{ label = "devices" digest = "{setting}"'))
                env.gateway("halt")
                env.gateway("run")
                self.assertEqual(d.enroll(algorithm="MD5", nc=20 if setting == "md5" else 30).status, md5, setting)
                self.assertEqual(d.enroll(nc=21 if setting == "md5" else 31).status, sha256, setting)
                self.issued(self.enroll(self.device(who)))
        finally:
            conf.write_text(was)
            env.gateway("halt")
            env.gateway("run")

    def test_users_of_the_directory_have_no_digest(self):
        self.refused(Digest(self, ("alice", "alice-secret")).enroll(), 401)

    def test_nonces_and_counts_hold_on_each_node(self):
        other = env.second_node()
        try:
            who = self.user()
            env.await_catalog(other)
            here, there = Digest(self, who), Digest(self, who, other["GATEHOUSE_URL"])
            here.challenge()
            there.nonce = here.nonce
            self.issued(there.enroll(nc=1))
            self.assertIn("stale=true", here.enroll(nc=1).challenges[1])
            self.issued(here.enroll(nc=2))
        finally:
            env.gateway("halt2")


class OneTime(Case):
    def test_for_one_certificate(self):
        who = self.user("--one-time")
        device = self.device(who)
        csr = self.csr(device, "once.example.test")
        first = self.issued(self.enroll(device, csr=csr))
        self.refused(self.enroll(device), 403, "used for another request")
        self.refused(self.enroll(self.device(who)), 403, "used for another request")
        # an answer that was lost is given again, and nothing else
        self.assertEqual(self.issued(self.enroll(device, csr=csr)), first)
        env.admin("est", "user", "passwd", who[0], "--password-file", "-", stdin=b"the-new-password\n")
        env.await_catalog()
        self.issued(self.enroll(self.device((who[0], "the-new-password"))))

    def test_what_is_refused_uses_up_nothing(self):
        who = self.user("--one-time")
        device = self.device(who)
        self.refused(self.enroll(self.device((who[0], "another-password"))), 401)
        self.refused(device.post("simpleenroll", b"AA=="), 400)
        self.refused(self.enroll(device, csr=device.csr((("CN", "x"),))), 403)
        self.refused(self.enroll(device, csr=self.csr(device, bad_signature=True)), 400)
        self.issued(self.enroll(device))

    def test_of_many_calls_on_two_nodes_one_is_answered(self):
        other = env.second_node()
        try:
            who = self.user("--one-time")
            env.await_catalog(other)
            devices = [self.device(who, url=url) for url in (None, other["GATEHOUSE_URL"]) * 4]
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                replies = list(pool.map(self.enroll, devices))
            self.assertEqual(sorted(r.status for r in replies), [200] + [403] * 7, [r.body for r in replies])
            self.assertEqual(env.count(f"select count(*) from certificate c join request r on r.id = c.request_id where r.requester = '{who[0]}'"), 1)
        finally:
            env.gateway("halt2")

    def test_remembered_for_as_long_as_there_is_the_user(self):
        who = self.user("--one-time")
        self.issued(self.enroll(self.device(who)))
        env.sql("update replay set created_at = now() - interval '30 days'")
        self.user()  # a change of the configuration wakes who removes old marks
        env.gateway("halt")
        env.gateway("run")
        self.refused(self.enroll(self.device(who)), 403, "used for another request")

    def test_for_no_other_operation(self):
        """Whose handler does not use it up."""
        who = self.user("--one-time")
        self.refused(self.device(who).post("fullcmc", b"AA==", kind="application/pkcs7-mime; smime-type=CMC-request"), 403, "one-time password")
        self.issued(self.enroll(self.device(who)))

    def test_its_time_ends(self):
        who = self.user("--one-time", "--hours", "1")
        soon = [p for p in env.sql(f"select expires - extract(epoch from now())::bigint from est_user where name = '{who[0]}'")]
        self.assertLessEqual(int(soon[0][0]), 3600)


class Certificates(Case):
    def enrolled(self, who=None):
        """A device with its certificate by one of our CAs."""
        device = self.device(who or self.user())
        self.cert = self.issued(self.enroll(device))
        return Device(env, chain=[self.cert], key=device.key)

    def revoke(self, reason="cessationOfOperation"):
        env.admin("cert", "revoke", hashlib.sha256(self.cert).hexdigest(), "--reason", reason, "--yes")

    def test_E033_our_own(self):
        device = self.enrolled()
        self.issued(self.enroll(device, "cert/simpleenroll"))
        kind, name = self.requester()
        self.assertEqual(kind, "5")
        self.assertIn("CN=device-", name)

    def test_E089_of_the_own_label_unless_told_otherwise(self):
        """Also what is renewed, and what the database says is not asked."""
        label("add", "phones", "--template", "Device", "--ca", "issuing", "--auth", "either", "--renewal-days", 9999)
        label("add", "routers", "--template", "Device", "--ca", "issuing", "--auth", "cert")
        env.await_catalog()
        self.cert = self.issued(self.enroll(phone := self.device(self.user()), "phones/simpleenroll"))
        phone = Device(env, chain=[self.cert], key=phone.key)
        names, san = names_of(self.cert)
        again = der.csr(phone.key, subject=names, extensions=[der.extension("subjectAltName", san)])
        renewed = Device(env, chain=[self.issued(phone.enroll("phones/simplereenroll", again))], key=phone.key)
        for device in (phone, renewed):
            self.refused(self.enroll(device, "routers/simpleenroll"), 403, "not issued by this label")
            for path in ("pal", "serverkeygen", "simplereenroll"):
                reply = device.get("routers/" + path) if path == "pal" else self.enroll(device, "routers/" + path)
                self.refused(reply, 403, "not issued by this label")
            # it helps nobody, and hinders nobody who has a password
            self.refused(self.enroll(device, "devices/simpleenroll"), 401)
        env.without_triggers("update request set label = 'routers' where label = 'phones';")
        for device in (phone, renewed):
            self.refused(self.enroll(device, "routers/simpleenroll"), 403)
        env.without_triggers("update request set label = 'phones' where label = 'routers';")
        for listed, status in (("devices", 403), ("devices,PHONES", 200), ("people", 403), ("any", 200), ("", 403)):
            label("set", "routers", "--certificates-of", listed)
            env.await_catalog()
            self.assertEqual(self.enroll(renewed, "routers/simpleenroll").status, status, listed)
        self.assertEqual(label("add", "any", "--template", "Device", check=False).returncode, 2)

    def test_a_user_that_is_gone_takes_his_certificates_along(self):
        """Also those that were renewed by them, and on every path."""
        label("add", "gone", "--template", "Device", "--ca", "issuing", "--auth", "either", "--renewal-days", 9999)
        who = self.user()
        device = self.device(who)
        self.cert = self.issued(self.enroll(device, "gone/simpleenroll"))
        device = Device(env, chain=[self.cert], key=device.key)
        names, san = names_of(self.cert)
        csr = der.csr(device.key, subject=names, extensions=[der.extension("subjectAltName", san)])
        renewed = Device(env, chain=[self.issued(device.enroll("gone/simplereenroll", csr))], key=device.key)
        self.issued(self.enroll(renewed, "gone/simpleenroll"))
        env.admin("est", "user", "disable", who[0])
        env.await_catalog()
        for one in (device, renewed):
            self.refused(one.enroll("gone/simplereenroll", csr), 403, "disabled")
            self.refused(self.enroll(one, "gone/simpleenroll"), 403, "disabled")
            self.refused(one.get("gone/pal"), 403, "disabled")
        env.admin("est", "user", "enable", who[0])
        env.await_catalog()
        self.issued(renewed.enroll("gone/simplereenroll", csr))
        env.admin("est", "user", "remove", who[0])
        env.admin("est", "user", "add", who[0], "--generate")  # another one of his name
        env.await_catalog()
        for one in (device, renewed):
            self.refused(one.enroll("gone/simplereenroll", csr), 403, "gone")
        env.without_triggers("update request set est_user = null, requester_kind = 3, requester_id = '' where requester_kind in (4, 5);")
        self.refused(renewed.enroll("gone/simplereenroll", csr), 403)

    def test_E033_revoked_on_every_path(self):
        who = self.user()
        device = self.enrolled(who)
        self.revoke()
        device.headers.update(self.device(who).headers)
        for path in ("cert/simpleenroll", "simpleenroll", "both/simpleenroll"):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                device.client.context.maximum_version = version
                self.refused(self.enroll(device, path), 403, "revoked")
        self.assertEqual(env.count("select count(*) from audit where event = 'auth.failed' and detail like '%revoked or on hold%'"), 6)
        # it is a password that counts there, and not the certificate
        self.issued(self.enroll(device, "http/simpleenroll"))

    def test_E043_no_certificate_or_a_strangers(self):
        stranger = make_leaf(make_ca("stranger", "/CN=stranger"), "/CN=device")
        for device in (self.device(), Device(env, chain=[stranger[1]], key=stranger[0])):
            self.refused(self.enroll(device, "cert/simpleenroll"), 403)
            reply = self.enroll(device, "simpleenroll")
            self.refused(reply, 401)
            self.assertEqual([c.split()[0] for c in reply.challenges], ["Basic", "Digest"])
            self.assertEqual(device.get("cert/cacerts").status, 200)
        device.headers.update(self.device(self.user()).headers)
        self.issued(self.enroll(device, "simpleenroll"))

    def test_E034_manufacturers_of_one_name(self):
        maker, rogue = make_ca("maker", "/O=Maker/CN=Devices"), make_ca("rogue", "/O=Maker/CN=Devices")
        label("add", "maker", "--template", "Device", "--ca", "issuing", "--anchors", maker[1])
        label("add", "makers", "--template", "Device", "--ca", "issuing", "--anchors", self.both(rogue, maker))
        self.assertEqual(label("show", "maker", "--json")["anchors"], ["CN=Devices,O=Maker"])
        env.await_catalog()
        good, bad = (Device(env, chain=[c], key=k) for k, c in (make_leaf(ca, "/CN=device/serialNumber=7") for ca in (maker, rogue)))
        self.issued(self.enroll(good, "maker/simpleenroll"))
        self.assertEqual(self.requester()[0], "5")
        self.refused(self.enroll(bad, "maker/simpleenroll"), 403)
        ids = []
        for device in (good, bad):
            self.issued(self.enroll(device, "makers/simpleenroll"))
            ids.append(env.sql("select requester_id from request order by id desc limit 1")[0][0])
        self.assertNotEqual(*ids)
        self.refused(self.enroll(good, "cert/simpleenroll"), 403)
        label("set", "maker", "--anchors", "")
        env.await_catalog()
        self.refused(self.enroll(good, "maker/simpleenroll"), 403)

    def both(self, *cas):
        path = env.scratch / "both.pem"
        path.write_text("".join(ca[1].read_text() for ca in cas))
        return path

    def test_E034_what_a_manufacturer_writes_makes_nobody_a_user(self):
        maker = make_ca("names", "/CN=Names")
        label("add", "names", "--template", "Device", "--ca", "issuing", "--anchors", maker[1])
        env.await_catalog()
        key, cert = make_leaf(maker, "/CN=alice", "subjectAltName=otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@example.test")
        self.issued(self.enroll(Device(env, chain=[cert], key=key), "names/simpleenroll"))
        self.assertEqual(env.sql("select requester_kind, requester, requester_dn from request order by id desc limit 1"), [["5", "CN=alice", ""]])

    def test_E034_for_servers_or_expired(self):
        maker = make_ca("purposes", "/CN=Purposes")
        label("add", "purposes", "--template", "Device", "--ca", "issuing", "--anchors", maker[1])
        env.await_catalog()
        for extensions, days, status in (("extendedKeyUsage=serverAuth", 10, 403), ("extendedKeyUsage=clientAuth", -1, 403),
                                         ("keyUsage=digitalSignature", 10, 200)):
            key, cert = make_leaf(maker, "/CN=device", extensions, days)
            self.assertEqual(self.enroll(Device(env, chain=[cert], key=key), "purposes/simpleenroll").status, status, extensions)

    def test_E035_resumed_connections_have_the_chain(self):
        root, sub = make_ca("root", "/CN=Root"), None
        key, sub_cert = make_leaf(root, "/CN=Factory", "basicConstraints=critical,CA:TRUE")
        pem = env.scratch / "factory.pem"
        pem.write_text(client.to_pem(sub_cert))
        sub = (key.path, pem)
        label("add", "chains", "--template", "Device", "--ca", "issuing", "--anchors", root[1])
        env.await_catalog()
        key, cert = make_leaf(sub, "/CN=device")
        device = Device(env, chain=[cert, sub_cert], key=key)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            device.client.context.minimum_version = ssl.TLSVersion.TLSv1_2
            device.client.context.maximum_version = version
            session = None
            for resumed in (False, True, True):
                reply, session, was = self.over(device, session, "chains/simpleenroll")
                self.assertEqual((reply, was), (200, resumed))

    def over(self, device, session, path, attributes=None):
        """One call over a connection of its own: status, session for the next one, was it resumed."""
        import http.client
        import socket
        c = device.client
        with socket.create_connection((c.host, c.port)) as raw, \
                c.context.wrap_socket(raw, server_hostname=c.host, session=session) as tls:
            was = tls.session_reused
            body = base64.b64encode(self.csr(device, attributes=attributes(tls) if attributes else ()))
            tls.sendall((f"POST {PREFIX}{path} HTTP/1.1\r\nHost: {c.host}:{c.port}\r\nContent-Type: application/pkcs10\r\n"
                         + "".join(f"{k}: {v}\r\n" for k, v in device.headers.items())
                         + f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
            reply = http.client.HTTPResponse(tls)
            reply.begin()
            self.last = reply.read().decode(errors="replace")
            return reply.status, tls.session, was

    def test_E041_both_are_one(self):
        maker = make_ca("bothmaker", "/CN=Both")
        label("set", "both", "--anchors", maker[1])
        who, other = self.user(name="SN-4711"), self.user()
        key, cert = make_leaf(maker, "/CN=device/serialNumber=SN-4711")
        for password, status in ((who, 200), (other, 403), ((who[0], "another-password"), 401), (None, 401)):
            self.assertEqual(self.enroll(Device(env, password, chain=[cert], key=key), "both/simpleenroll").status, status, password)
        self.refused(self.enroll(self.device(who), "both/simpleenroll"), 403)

    def test_E044_E047_ra(self):
        """A certificate of ours with id-kp-cmcRA, where the label says that there are RAs."""
        self.assertEqual(label("add", "ra", "--template", "Device", "--ra", "perhaps", check=False).returncode, 2)
        of = ("--certificates-of", "devices,for-ras")
        label("add", "ra", "--template", "Device", "--ca", "issuing", "--linking", "required", "--ra", "yes", *of)
        label("add", "no-ra", "--template", "Device", "--ca", "issuing", "--linking", "required", *of)
        label("add", "others-ra", "--template", "Device", "--ca", "issuing", "--ra", "yes", "--serverkeygen", "yes", "--certificates-of", "devices")
        env.await_catalog()
        template = json.loads((env.scratch / "Device.json").read_text())
        template.update(name="Ra", oid=template["oid"] + ".1", extendedKeyUsage=["clientAuth", "1.3.6.1.5.5.7.3.28"],
                        acknowledge=[*template["acknowledge"], "ROLE"])
        (env.scratch / "Ra.json").write_text(json.dumps(template))
        env.admin("template", "import", env.scratch / "Ra.json")
        label("add", "for-ras", "--template", "Ra", "--ca", "issuing", "--auth", "http")
        env.await_catalog()
        device = self.device(self.user())
        ra = Device(env, chain=[self.issued(self.enroll(device, "for-ras/simpleenroll"))], key=device.key)
        plain = self.enrolled()
        of_device = [der.attribute("challengePassword", der.tlv(0x13, b"AAAA"))]
        self.issued(self.enroll(ra, "ra/simpleenroll", self.csr(ra, attributes=of_device)))
        self.refused(self.enroll(ra, "no-ra/simpleenroll", self.csr(ra, attributes=of_device)), 400, "linked")
        self.refused(self.enroll(plain, "ra/simpleenroll", self.csr(plain, attributes=of_device)), 400, "linked")
        # E-047: an RA of one label is none at others, whose template and CA are not for it
        for path in ("others-ra/simpleenroll", "others-ra/serverkeygen", "others-ra/simplereenroll"):
            self.refused(self.enroll(ra, path, self.csr(ra, attributes=of_device)), 403, "not issued by this label")

    # --- linking ---------------------------------------------------------------------------------
    def test_E060_E063_tls_unique_full_and_resumed(self):
        label("add", "linked", "--template", "Device", "--ca", "issuing", "--auth", "http", "--linking", "required")
        env.await_catalog()
        device = self.device(self.user())
        device.client.context.maximum_version = ssl.TLSVersion.TLSv1_2

        def right(tls):
            return [der.attribute("challengePassword", der.tlv(0x13, base64.b64encode(tls.get_channel_binding("tls-unique"))))]

        def wrong(tls):
            value = bytearray(tls.get_channel_binding("tls-unique"))
            value[0] ^= 1
            return [der.attribute("challengePassword", der.tlv(0x13, base64.b64encode(bytes(value))))]

        def none(tls):
            return []
        for attributes, linked, plain in ((right, 200, 200), (wrong, 400, 400), (none, 400, 200)):
            for where, expected in (("linked", linked), ("http", plain)):
                session = None
                for resumed in (False, True):
                    status, session, was = self.over(device, session, f"{where}/simpleenroll", attributes)
                    self.assertEqual((status, was), (expected, resumed), (where, attributes.__name__, self.last))

    def test_E060_bouncy_castle_links_with_tls_unique(self):
        """Its EST client, linked and not. It takes the first challenge, Basic."""
        label("add", "castle", "--template", "Device", "--ca", "issuing", "--auth", "http", "--linking", "required")
        who = self.user()
        paths = ":".join(f"/usr/share/java/{j}.jar" for j in ("bcprov", "bcpkix", "bcutil", "bctls"))
        out = env.scratch / "java"
        run("javac", "-cp", paths, "-d", out, TOP / "tests/e2e/EstLinked.java")
        host = f"localhost:{Client(env).port}"
        for way, text in (("linked", b"CN=castle.example.test"), ("plain", b"")):
            done = run("java", "-cp", f"{paths}:{out}", "EstLinked", CAFILE, host, "castle", *who, "castle.example.test", way, check=False)
            self.assertEqual(done.stdout.strip(), text, done.stderr[-2000:])
            self.assertIn(b"" if way == "linked" else b"400", done.stderr)

    def test_E064_tls_exporter_full_and_resumed(self):
        """By openssl s_client, which tells the exporter's value."""
        label("add", "exported", "--template", "Device", "--ca", "issuing", "--auth", "http", "--linking", "required")
        env.await_catalog()
        device = self.device(self.user())
        kept = env.scratch / "session.pem"
        for first, more in ((True, ["-sess_out", kept]), (False, ["-sess_in", kept])):
            for alter, linked, plain in ((0, 200, 200), (1, 400, 400), (None, 400, 200)):  # None: without the value
                for where, status in (("exported", linked), ("http", plain)):
                    with self.subTest(where=where, alter=alter, first=first):
                        said = self.s_client(device, where, alter, more)
                        self.assertIn(f"HTTP/1.1 {status} ", said)
                        self.assertIn("New, TLSv1.3" if first else "Reused, TLSv1.3", said)

    def s_client(self, device, where, alter, more):
        c = device.client
        p = subprocess.Popen(["openssl", "s_client", "-connect", f"{c.host}:{c.port}", "-tls1_3", "-CAfile", CAFILE, "-ign_eof", "-keymatexport",
                              "EXPORTER-Channel-Binding", "-keymatexportlen", "32", *map(str, more)], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        said = ""
        while not (found := re.search(r"Keying material: ([0-9A-F]{64})\n", said)):
            line = p.stdout.readline().decode(errors="replace")
            self.assertTrue(line, said)
            said += line
        value = bytearray.fromhex(found[1])
        value[0] ^= alter or 0
        linked = [der.attribute("challengePassword", der.tlv(0x13, base64.b64encode(bytes(value))))]
        csr = self.csr(device, attributes=linked if alter is not None else [])
        body = base64.b64encode(csr)
        head = (f"POST {PREFIX}{where}/simpleenroll HTTP/1.1\r\nHost: {c.host}:{c.port}\r\nContent-Type: application/pkcs10\r\n"
                f"Authorization: {device.headers['Authorization']}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n")
        rest = p.communicate(head.encode() + body, timeout=60)[0]
        return said + rest.decode(errors="replace")


def key_hash(cert):
    """SHA-256 of the public key of a certificate, PEM file or DER."""
    pem = cert.read_text() if hasattr(cert, "read_text") else client.to_pem(cert)
    spki = der.openssl("pkey", "-pubin", "-outform", "DER", stdin=der.openssl("x509", "-noout", "-pubkey", stdin=pem.encode()))
    return hashlib.sha256(spki).hexdigest()


class Devices(Case):
    """The device table: gatehouse est device, and --devices of a label."""

    @classmethod
    def setUpClass(cls):
        cls.maker, cls.rival = make_ca("maker-d", "/O=Maker/CN=Factory"), make_ca("rival-d", "/O=Maker/CN=Factory")
        both = env.scratch / "two-makers.pem"
        both.write_text(cls.maker[1].read_text() + cls.rival[1].read_text())
        more = ("--template", "Device", "--ca", "issuing", "--auth", "either", "--renewal-days", 9999)
        label("add", "listed", *more, "--anchors", cls.maker[1], "--devices", "required")
        label("add", "listed-too", *more, "--anchors", cls.maker[1], "--devices", "required", "--certificates-of", "any")
        label("add", "either-or", *more, "--anchors", cls.maker[1], "--devices", "preferred")
        label("add", "two", *more, "--anchors", both, "--devices", "required")

    def listed(self, action, *args, **kw):
        done = env.admin("est", "device", action, *args, **kw)
        env.await_catalog()
        return done

    def factory(self, serial, ca=None, subject="/CN=device"):
        key, cert = make_leaf(ca or self.maker, f"{subject}/serialNumber={serial}")
        return Device(env, chain=[cert], key=key)

    def names(self, cert):
        names, san = names_of(cert)
        return [v[2:].decode() for _, v in names], san

    def test_names_come_from_the_table(self):
        self.refused(self.enroll(self.factory("D-1"), "listed/simpleenroll"), 403, "listed devices")
        self.listed("add", "D-1", "--subject", "CN=one.example.test", "--san", "dns:one.example.test ip:192.0.2.7", "--labels", "listed either-or")
        device = self.factory("d-1")  # caseIgnoreMatch
        cert = self.issued(self.enroll(device, "listed/simpleenroll", csr=device.csr((("CN", "anything"),))))
        self.assertEqual(self.names(cert), (["one.example.test"], der.san(dns=["one.example.test"], ip=["192.0.2.7"])))
        self.refused(self.enroll(device, "listed-too/simpleenroll"), 403, "not listed for this label")
        self.issued(self.enroll(device, "either-or/simpleenroll"))
        # its names change at the next renewal
        self.listed("set", "D-1", "--subject", "CN=uno.example.test", "--san", "dns:uno.example.test")
        mine = Device(env, chain=[cert], key=device.key)
        names, san = names_of(cert)
        again = der.csr(mine.key, subject=names, extensions=[der.extension("subjectAltName", san)])
        renewed = self.issued(mine.enroll("listed/simplereenroll", again))
        self.assertEqual(self.names(renewed)[0], ["uno.example.test"])
        # disabled, removed: on every path, also with what was renewed
        newest = Device(env, chain=[renewed], key=device.key)
        for args, text in ((("set", "D-1", "--disable"), "disabled"), (("remove", "D-1", "--yes"), "not listed any more")):
            self.listed(*args)
            for one in (mine, newest):
                for path in ("listed/simpleenroll", "listed/simplereenroll", "listed/serverkeygen"):
                    self.refused(one.enroll(path, again), 403, text)
                self.refused(one.get("listed/pal"), 403, text)
                self.refused(one.post("listed/fullcmc", b"AA==", kind="application/pkcs7-mime; smime-type=CMC-request"), 403, text)
            self.refused(self.enroll(device, "listed/simpleenroll"), 403)
        self.listed("add", "D-1", "--labels", "listed")  # another row: what the first one had is over
        self.refused(newest.enroll("listed/simplereenroll", again), 403, "not listed any more")
        self.issued(self.enroll(device, "listed/simpleenroll"))

    def test_serial_numbers_of_others(self):
        self.listed("add", "D-2")
        self.listed("add", "D-3")
        device = self.factory("D-2")
        host = self.host()

        def csr(serial):
            return der.csr(device.key, subject=[("CN", host), ("2.5.4.5", der.tlv(0x13, serial))],
                           extensions=[der.extension("subjectAltName", der.san(dns=[host]))])
        self.refused(self.enroll(device, "listed/simpleenroll", csr(b"D-3")), 403, "not that of the device")
        unlisted = self.factory("D-none")
        self.refused(self.enroll(unlisted, "either-or/simpleenroll", csr(b" d-3 ")), 403)
        # twice, and by the attribute that asks for other names
        number = ("2.5.4.5", der.tlv(0x13, b"D-3"))
        san = [der.extension("subjectAltName", der.san(dns=[host]))]
        twice = der.csr(unlisted.key, subject=[("CN", host), number, ("2.5.4.5", der.tlv(0x13, b"x"))], extensions=san)
        self.refused(self.enroll(unlisted, "either-or/simpleenroll", twice), 403, "twice")
        change = der.attribute("1.3.6.1.5.5.7.7.36", der.seq(der.name([("CN", host), number]), der.san(dns=[host])))
        for who, path, text in ((unlisted, "either-or", "a listed device"), (device, "listed", "not that of the device")):
            wish = der.csr(who.key, subject=[("CN", host)], extensions=san, attributes=[change])
            self.refused(self.enroll(who, path + "/simpleenroll", wish), 403, text)
        self.issued(self.enroll(unlisted, "either-or/simpleenroll"))

    def test_two_manufacturers_with_one_serial_number(self):
        self.listed("add", "D-4", "--subject", "CN=four.example.test", "--san", "dns:four.example.test")
        ours, theirs = self.factory("D-4"), self.factory("D-4", self.rival)
        self.refused(self.enroll(theirs, "listed/simpleenroll"), 401)
        self.issued(self.enroll(ours, "listed/simpleenroll"))
        for one in (ours, theirs):  # listed without a manufacturer, and there are two
            self.refused(self.enroll(one, "two/simpleenroll"), 403, "listed devices")
        self.listed("add", "D-4", "--anchor", key_hash(self.rival[1]), "--subject", "CN=rival.example.test", "--san", "dns:rival.example.test")
        self.assertEqual(self.names(self.issued(self.enroll(theirs, "two/simpleenroll")))[0], ["rival.example.test"])
        self.refused(self.enroll(ours, "two/simpleenroll"), 403)
        self.listed("set", "D-4", "--spki", "00" * 32)
        self.refused(self.enroll(ours, "listed/simpleenroll"), 403, "another key")

    def test_its_time_and_its_user(self):
        who, other = self.user(), self.user()
        self.listed("add", "D-5", "--user", who[0], "--subject", "CN=five.example.test", "--san", "dns:five.example.test", "--expires", "2099-01-01")
        device = self.device(who)
        self.refused(self.enroll(self.device(other), "listed/simpleenroll"), 403, "listed devices")
        self.refused(self.enroll(self.device(("alice", "alice-secret")), "listed/simpleenroll"), 403, "listed devices")
        cert = self.issued(self.enroll(device, "listed/simpleenroll"))
        self.assertEqual(self.names(cert)[0], ["five.example.test"])
        mine = Device(env, chain=[cert], key=device.key)
        self.listed("set", "D-5", "--expires", "2020-01-01")
        for one in (mine, device):
            self.refused(self.enroll(one, "listed/simpleenroll"), 403, "time that is over")
        self.assertEqual(self.listed("add", "D-6", "--user", who[0], check=False).returncode, 1)

    def test_rows_are_not_the_databases(self):
        self.listed("add", "D-7", "--disable")
        for attack, undo in (("update est_device set enabled = true where serial = 'd-7'", "update est_device set enabled = false where serial = 'd-7'"),
                             ("insert into est_device (serial, anchor, enabled) values ('evil', '', true)", "delete from est_device where serial = 'evil'")):
            env.sql(attack)
            done = env.admin("est", "device", "list", check=False)
            env.sql(undo)
            self.assertNotEqual(done.returncode, 0, attack)
            self.assertIn(b"est_device", done.stderr)
        # nor is the device of a certificate
        self.listed("add", "D-8")
        device = self.factory("D-8")
        mine = Device(env, chain=[self.issued(self.enroll(device, "listed/simpleenroll"))], key=device.key)
        self.issued(self.enroll(mine, "listed/simpleenroll"))
        env.without_triggers("update request set device = device + 1 where device is not null;")
        self.refused(self.enroll(mine, "listed/simpleenroll"), 403)
        env.without_triggers("update request set device = device - 1 where device is not null;")

    def imported(self, text, *args, check=True):
        path = env.scratch / "devices.csv"
        path.write_bytes(text.encode())
        return env.admin("est", "device", "import", path, *args, *(("--json",) if check else ()), check=check)

    def test_import(self):
        table = "\ufeffserial,subject,san,labels,expires,note\r\nI-1,\"CN=i1.example.test,O=Ex\",dns:i1.example.test,listed,2099-12-31,\"says \"\"hi\"\"\"\r\n\r\nI-2,,,,,\r\n"
        added = [{"serial": s, "anchor": "", "change": "added"} for s in ("i-1", "i-2")]
        self.assertEqual(self.imported(table, "--dry-run"), added)
        self.assertEqual(env.count("select count(*) from est_device where serial like 'i-%'"), 0)
        self.assertEqual(self.imported(table), added)
        self.assertEqual(self.imported(table), [])
        changed = table.replace("I-2,,,,,", "i-2,CN=i2.example.test,,,,new").replace("2099-12-31", "2098-12-31")
        self.assertEqual([c["change"] for c in self.imported(changed)], ["expires", "subject, note"])
        row = env.admin("est", "device", "show", "I-1", "--json")
        self.assertEqual([row[k] for k in ("subject", "labels", "expires", "note", "enabled")],
                         ["CN=i1.example.test,O=Ex", "listed", "2098-12-31T00:00:00Z", 'says "hi"', True])
        self.assertEqual(env.count("select count(*) from audit where event = 'est.device.changed' and object like 'i-%'"), 2)
        self.assertIn("i-2", self.listed("list"))

    def test_import_of_wrong_lines(self):
        table = ("serial,san,anchor,expires\nW-1,,,\n,,,\nW-2,dns:x.example.test,,\nW-3,,xyz,\nW-4,,,soon\nW-5,\"x,,\nW-1,,,\nW-6,,\n"
                 "W-\u00fc,,,\n")
        done = self.imported(table, check=False)
        self.assertNotEqual(done.returncode, 0)
        said = done.stderr.decode()
        for number, text in ((3, "serial"), (4, "subject"), (5, "anchor"), (6, "expires"), (7, "quote"), (8, "twice"), (9, "fields"), (10, "serial")):
            self.assertRegex(said, f"devices.csv:{number}: .*{text}")
        self.assertNotIn(":2:", said)
        self.assertEqual(env.count("select count(*) from est_device where serial like 'w-%'"), 0)
        self.assertEqual(self.imported(table, "--skip-errors", check=False).returncode, 1)
        self.assertEqual(env.count("select count(*) from est_device where serial like 'w-%'"), 1)
        for header in ("subject\nx\n", "serial,color\n", "serial,serial\n"):
            self.assertIn(b":1: ", self.imported(header, check=False).stderr)
        for args in (("add", "x", "--dry-run"), ("set", "x", "--enable", "--disable"), ("list", "x"), ("show",)):
            self.assertEqual(env.admin("est", "device", *args, check=False).returncode, 2, args)
        for args in (("show", "none"), ("set", "none", "--disable"), ("remove", "none", "--yes")):
            self.assertIn(b"no device", env.admin("est", "device", *args, check=False).stderr)


if __name__ == "__main__":
    tap.main()
