#!/usr/bin/env python3
"""Requests that wait for an officer, and changes of templates, applications and the server certificate while the
gateway runs."""

import base64
import json
import os
import signal
import ssl
import subprocess
import unittest

import client
import der
import tap
from client import Client
from environment import BUILD, TOP, Environment, wait_for

env = Environment("requests", GATEHOUSE_CONF_EXTRA="certenroll { token_seconds = 15 }")
KEY = der.Key(env.scratch, "ec:P-256")
STATE = "/CMSApi/CertEnroll/3/Requests/"


def web_csr(host):
    return der.csr(KEY, subject=[("CN", host)],
                   extensions=[der.extension("subjectAltName", der.san(dns=[host]))])


class Case(unittest.TestCase):
    def setUp(self):
        self.alice = Client(env)

    def pending(self, host="shop.example.test", who=None):
        reply = (who or self.alice).enroll(web_csr(host), template="WebServer")
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.json["RequestDisposition"], "Pending")
        self.assertEqual(reply.json["DispositionMessage"], "Taken Under Submission")
        self.assertEqual(reply.json["CMSID"], 0)
        self.assertEqual(reply.json["Certificates"], "")
        self.assertGreater(reply.json["CMSRequestId"], 0)
        return reply.json["CMSRequestId"]

    def state(self, number, who=None):
        return (who or self.alice).call(STATE + str(number), b"", "GET")

    def decide(self, verb, number):
        return env.admin("request", verb, number, "--comment", "looked at", check=False)


class NamesOfCas(Case):
    """RFC 5280, 7.1: whoever has the name of a CA in a certificate can pass for the issuer of its CRLs."""

    def setUp(self):
        super().setUp()
        template = read_template("WebServer")
        del template["subject"]["commonName"]
        import_template(template)
        self.addCleanup(import_template, read_template("WebServer"))
        env.await_catalog()

    def ask(self, cn):
        san = der.extension("subjectAltName", der.san(dns=["shop.example.test"]))
        return self.alice.enroll(der.csr(KEY, subject=[("CN", cn)], extensions=[san]), template="WebServer")

    def test_nobody_gets_the_name_of_a_ca(self):
        own = "Gatehouse Issuing CA"
        for cn in (own, own.upper(), " Gatehouse  Issuing CA", der.tlv(0x13, own.encode()),
                   der.tlv(0x1E, own.encode("utf-16-be")), "\uff27atehouse Issuing CA", "gatehouse root ca"):
            with self.subTest(cn=cn):
                reply = self.ask(cn)
                self.assertEqual(reply.status, 403, reply.body)
                self.assertIn("the subject is the name of a certification authority", reply.body.decode())
        self.assertEqual(self.ask("Gatehouse Issuing CA 2").json["RequestDisposition"], "Pending")


class Approval(Case):
    def test_pending_makes_no_certificate(self):
        before = env.count("select count(*) from certificate where request_id > 0")
        number = self.pending()
        self.assertEqual(self.state(number).json["RequestDisposition"], "Pending")
        self.assertEqual(env.count("select count(*) from certificate where request_id > 0"), before)
        ids = [r["id"] for r in env.admin("request", "list", "--state", "pending", "--json")]
        self.assertIn(number, ids)

    def test_approved_is_issued_and_can_be_fetched(self):
        number = self.pending("approved.example.test")
        done = self.decide("approve", number)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        reply = self.state(number)
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.json["RequestDisposition"], "Issued")
        chain = reply.certificates()
        client.verify_chain(env.scratch, chain)
        text = client.certificate_text(chain[0])
        self.assertIn("approved.example.test", text)
        self.assertIn(KEY.spki, chain[0])

    def test_denied_stays_denied(self):
        number = self.pending("denied.example.test")
        self.assertEqual(self.decide("deny", number).returncode, 0)
        reply = self.state(number)
        # 200: the question was answered; 403 is for the call that was refused
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.json["RequestDisposition"], "Denied")
        self.assertEqual(reply.json["Certificates"], "")
        self.assertNotEqual(self.decide("approve", number).returncode, 0)
        self.assertEqual(self.state(number).json["RequestDisposition"], "Denied")

    def test_two_officers_one_decision(self):
        number = self.pending("twice.example.test")
        before = env.count("select count(*) from certificate where request_id > 0")
        both = [subprocess.Popen([BUILD / "gatehouse", "request", "approve", str(number), "-c",
                                  env.var["GATEHOUSE_CONF"]], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL) for _ in range(4)]
        codes = sorted(p.wait() for p in both)
        self.assertEqual(codes.count(0), 1, codes)
        self.assertEqual(env.count("select count(*) from certificate where request_id > 0"), before + 1)

    def test_unknown_request(self):
        for number in ("999999", "0", "-1", "x"):
            self.assertNotEqual(self.decide("approve", number).returncode, 0)

    def test_another_user_does_not_see_it(self):
        number = self.pending("mine.example.test")
        self.assertEqual(self.state(number, Client(env, user="bob", password="bob-secret")).status, 404)

    def test_each_step_has_its_audit_row(self):
        begin = env.count("select max(id) from audit")

        def events():  # the jobs of the gateway write rows of their own
            return [event for event, in env.sql(f"select event from audit where id > {begin} and "
                                                "event ~ '^(enroll|request)' order by id")]
        number = self.pending("audited.example.test")
        self.assertEqual(events(), ["enroll.pending"])
        self.decide("approve", number)
        self.assertEqual(events(), ["enroll.pending", "request.approved"])

    def test_approval_runs_the_policy_again(self):
        number = self.pending("policy.example.test")
        template = read_template("WebServer")
        template["keyTypes"] = [{"type": "RSA", "minSize": 3072, "maxSize": 4096}]
        import_template(template)
        try:
            done = self.decide("approve", number)
            self.assertNotEqual(done.returncode, 0, done.stdout.decode())
            self.assertNotEqual(self.state(number).json["RequestDisposition"], "Issued")
        finally:
            import_template(read_template("WebServer"))
            env.await_catalog()

    def test_resending_the_signed_request_tells_the_state(self):
        body = json.dumps({"Timestamp": client.now(), "Request": {
            "TemplateName": "WebServer", "Pkcs10Request": der.b64(web_csr("again.example.test"))}})
        first = self.alice.call("/CMSApi/CertEnroll/3/Pkcs10", body)
        again = self.alice.call("/CMSApi/CertEnroll/3/Pkcs10", body)
        self.assertEqual(first.json["RequestDisposition"], "Pending")
        self.assertEqual(first.json["CMSRequestId"], again.json["CMSRequestId"])


def read_template(name):
    return json.loads((TOP / "conf/templates" / f"{name}.json").read_text())


def import_template(template, check=True):
    path = env.scratch / f"{template['name']}.json"
    path.write_text(json.dumps(template))
    return env.admin("template", "import", path, check=check)


class Reload(Case):
    """On all workers, without a restart."""

    def days(self):
        reply = self.alice.enroll(der.csr(KEY), flags=1)
        self.assertEqual(reply.status, 200, reply.body)
        cert = base64.b64decode(reply.json["Certificates"])
        for days in (20, 100, 400):
            done = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-checkend", str(days * 86400)],
                                  input=cert, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if done.returncode != 0:
                return days
        return 1000

    def test_template(self):
        self.assertEqual(self.days(), 400)
        template = read_template("User")
        template.update(validity="10d", renewalOverlap="1d")
        import_template(template)
        try:
            env.await_catalog()
            self.assertEqual({self.days() for _ in range(8)}, {20})
        finally:
            import_template(read_template("User"))
            env.await_catalog()
        self.assertEqual({self.days() for _ in range(8)}, {400})

    def test_unsafe_template_is_refused_and_the_old_one_works(self):
        template = read_template("User")
        template["nameFlags"] = ["ENROLLEE_SUPPLIES_SUBJECT", "ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME"]
        done = import_template(template, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"ESC1", done.stderr)
        self.assertEqual(self.days(), 400)

    def test_broken_template_names_the_member(self):
        template = read_template("User")
        template["keyTypes"][0]["minSize"] = "big"
        done = import_template(template, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"keyTypes[0].minSize", done.stderr)

    def test_new_application(self):
        made = env.admin("app", "create", "late", "--template", "User", "--ca", "issuing", "--key", "text:late-key",
                         "--secret", "text:late-secret", "--json")
        self.assertTrue(made)
        late = Client(env, app_key=base64.b64encode(b"late-key").decode(), secret=b"late-secret")
        env.await_catalog()
        self.assertEqual({late.enroll(der.csr(KEY)).status for _ in range(8)}, {200})

    def test_application_that_needs_no_signature_and_no_user(self):
        env.admin("app", "create", "robot", "--template", "User", "--ca", "issuing", "--key", "text:robot-key",
                  "--secret", "text:robot-secret", "--no-signature", "--service-identity", "bob")
        robot = Client(env, app_key=base64.b64encode(b"robot-key").decode(), secret=b"robot-secret")

        def enroll():
            return robot.enroll(der.csr(KEY), Authorization=None, X_CSS_CMS_Signature=None)
        env.await_catalog()
        self.assertEqual({enroll().status for _ in range(8)}, {200})
        self.assertIn("bob@example.test", client.certificate_text(enroll().certificates()[0]))
        # what is sent must still be right
        wrong = robot.enroll(der.csr(KEY), Authorization=None, X_CSS_CMS_Signature="AAAA")
        self.assertEqual(wrong.status, 403, wrong.body)

    def test_application_that_demands_a_stronger_hash(self):
        env.admin("app", "create", "strict", "--template", "User", "--ca", "issuing", "--key", "text:strict-key",
                  "--secret", "text:strict-secret", "--min-hash", "SHA256")
        key = base64.b64encode(b"strict-key").decode()
        strong = Client(env, app_key=key, secret=b"strict-secret", digest="sha256")
        env.await_catalog()
        self.assertEqual({strong.enroll(der.csr(KEY)).status for _ in range(8)}, {200})
        weak = Client(env, app_key=key, secret=b"strict-secret", digest="sha1").enroll(der.csr(KEY))
        self.assertEqual(weak.status, 403, weak.body)

    def test_application_for_a_group(self):
        env.admin("app", "create", "grouped", "--template", "User", "--ca", "issuing", "--key", "text:group-key",
                  "--secret", "text:group-secret", "--group", "web-admins")
        key = base64.b64encode(b"group-key").decode()
        alice = Client(env, app_key=key, secret=b"group-secret")
        env.await_catalog()
        self.assertEqual({alice.enroll(der.csr(KEY)).status for _ in range(8)}, {200})
        bob = Client(env, user="bob", password="bob-secret", app_key=key, secret=b"group-secret")
        self.assertEqual(bob.enroll(der.csr(KEY)).status, 403)


class ServerCertificate(Case):
    def served(self):
        pem = ssl.get_server_certificate((self.alice.host, self.alice.port))
        return ssl.PEM_cert_to_DER_cert(pem)

    def new_certificate(self):
        """Another key and certificate from the same web CA, put in place as an administrator does."""
        tls = env.dir / "state" / "tls"
        for args in (["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout",
                      tls / "new.key", "-out", tls / "new.csr"],
                     ["x509", "-req", "-in", tls / "new.csr", "-CA", tls / "ca.crt", "-CAkey", tls / "ca.key",
                      "-CAcreateserial", "-days", "30", "-extfile", tls / "server.ext", "-out", tls / "new.crt"]):
            subprocess.run(["openssl", *args], check=True, stderr=subprocess.DEVNULL)
        os.replace(tls / "new.key", tls / "server.key")
        os.replace(tls / "new.crt", tls / "server.crt")
        os.kill(env.gateway_pid(), signal.SIGHUP)

    def test_reload_drops_no_connection(self):
        kept = Client(env).keep()
        self.assertEqual(kept.enroll(der.csr(KEY)).status, 200)
        socket_before = kept.connection.sock
        old = self.served()
        self.new_certificate()
        env.await_each_worker(lambda c: c.get("/healthz").status == 200 and c.connection.sock.getpeercert(True) != old,
                              "all workers serve the new one")
        self.assertEqual(kept.enroll(der.csr(KEY)).status, 200)
        self.assertIs(kept.connection.sock, socket_before, "the old connection was closed")
        self.assertEqual(Client(env).enroll(der.csr(KEY)).status, 200)


class Token(Case):
    def test_expired(self):
        reply = self.alice.call("/CMSApi/CertEnroll/2/Token", "{}")
        self.assertEqual(reply.status, 200, reply.body)
        token = reply.json["Token"]
        self.assertEqual(self.alice.enroll(der.csr(KEY), version=2, token=token).status, 200)
        wait_for(lambda: self.alice.enroll(der.csr(KEY), version=2, token=token).status == 403,
                 "the token expires", 60, step=0.5)


if __name__ == "__main__":
    tap.main()
