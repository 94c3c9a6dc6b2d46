#!/usr/bin/env python3
"""Enrollment over REST from the profile to the certificate, with Python, curl and openssl as clients: what is repeated, decided
by several at once, sent wrongly, or another's."""

import base64
import concurrent.futures
import csv
import datetime
import hashlib
import io
import ipaddress
import itertools
import json
import re
import socket
import ssl
import subprocess
import threading
import unittest
import urllib.parse
from collections import Counter
from pathlib import Path
from random import Random

import client
import der
import naive_query as naive
import tap
from client import Client
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from environment import Environment

env = Environment("pki_rest", GATEHOUSE_CONF_EXTRA="""
roles { officer_groups = "pki-officers" }
limits { failures = 1000 }
""")
KEY = der.Key(env.scratch, "ec:P-256")
CSR = der.csr(KEY)
CAFILE = env.var["GATEHOUSE_CAFILE"]


def web_csr(host, *more, subject=()):
    """subject: parts behind the common name, which is then not the first in the text of the name."""
    return der.csr(KEY, subject=[("CN", host), *subject],
                   extensions=[der.extension("subjectAltName", der.san(dns=[host, *more]))])


class Person:
    """A caller by Basic, without an application key."""

    def __init__(self, user, password):
        self.user, self.password = user, password
        self.basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.client = Client(env)

    def call(self, method, path, body=None, **headers):
        head = {"Authorization": self.basic}
        if isinstance(body, dict):
            body, head["Content-Type"] = json.dumps(body).encode(), "application/json"
        head |= {k.replace("_", "-"): v for k, v in headers.items()}
        return self.client.request(method, path, body, head)

    def get(self, path, **headers):
        return self.call("GET", path, **headers)

    def submit(self, csr=CSR, profile="User", metadata=None, **headers):
        body = {"pkcs10": base64.b64encode(csr).decode()}
        if metadata is not None:
            body["metadata"] = metadata
        return self.call("POST", f"/pki/request/{profile}", body, **headers)

    def decide(self, number, status, etag='"v1"', comment=None):
        body = {"status": status}
        if comment is not None:
            body["comment"] = comment
        head = {"If_Match": etag} if etag is not None else {}
        return self.call("PUT", f"/pki/request/{number}/status", body, **head)


alice, bob, carol = Person("alice", "alice-secret"), Person("bob", "bob-secret"), Person("carol", "carol-secret")
olga = Person("olga", (env.dir / "state" / "officer.password").read_text().strip())
otto = Person(env.var["GATEHOUSE_AUDITOR_USER"], env.var["GATEHOUSE_AUDITOR_PASSWORD"])
admin = Person(env.var["GATEHOUSE_ADMIN_USER"], env.var["GATEHOUSE_ADMIN_PASSWORD"])


class Case(unittest.TestCase):
    def expect(self, reply, status, code=None):
        self.assertEqual(reply.status, status, reply.body)
        if code is not None:
            self.assertEqual(reply.json["code"], code, reply.body)
        return reply

    def pending(self, host="rest.example.test", who=alice):
        reply = self.expect(who.submit(web_csr(host), "WebServer"), 201)
        self.assertEqual(reply.json["status"], "pending")
        return reply.json["id"]

    def requests(self):
        return env.count("select count(*) from request")

    def certificates(self):
        return env.count("select count(*) from certificate where request_id > 0")


class Profiles(Case):
    def test_the_caller_sees_what_is_for_him(self):
        names = [e["name"] for e in self.expect(alice.get("/pki/profiles"), 200).json["entries"]]
        self.assertIn("User", names)
        self.assertEqual(names, sorted(names, key=str.lower))
        seen = {e["name"]: e["may_enroll"] for e in self.expect(olga.get("/pki/profiles"), 200).json["entries"]}
        self.assertTrue(set(names) <= set(seen))
        self.assertFalse(any(seen.values()))
        for name in names:
            self.expect(alice.get("/pki/profile/" + name), 200)
        for name in set(seen) - set(names):
            self.expect(alice.get("/pki/profile/" + name), 404)

    def test_pages(self):
        whole = [e["name"] for e in olga.get("/pki/profiles").json["entries"]]
        found, after = [], ""
        while after is not None:
            reply = self.expect(olga.get("/pki/profiles?limit=2" + (f"&after={urllib.parse.quote(after)}" if after else "")), 200)
            found += [e["name"] for e in reply.json["entries"]]
            after = reply.json["next"]
        self.assertEqual(found, whole)

    def test_a_form_is_enough_to_make_a_request(self):
        form = self.expect(alice.get("/pki/profile/WebServer"), 200).json
        pkcs10 = form["inputs"]["pkcs10"]
        self.assertEqual((pkcs10["subject"]["from"], pkcs10["san"]["from"]), ("request", "request"))
        self.assertTrue(form["approval"])
        rule = next(k for k in pkcs10["keys"] if k["type"] == "EC")
        key = der.Key(env.scratch, "ec:" + rule["curves"][0])
        names = {n: ["form.example.test"] for n in pkcs10["san"]["required"]}
        csr = der.csr(key, subject=[(a, "form.example.test") for a in pkcs10["subject"]["required"]],
                      extensions=[der.extension("subjectAltName", der.san(**names))])
        reply = self.expect(alice.submit(csr, form["name"]), 201)
        self.assertEqual(reply.json["status"], "pending")

    def test_command_shows_the_same(self):
        form = olga.get("/pki/profile/User").json
        for name in ("link", "may_enroll"):
            del form[name]
        self.assertEqual(env.admin("profile", "show", "User", "--json"), form)
        shown = env.admin("profile", "show", "User", check=False)
        self.assertIn(b"outputs:", shown.stdout)
        self.assertEqual(len(env.admin("profile", "list", "--json")), len(olga.get("/pki/profiles").json["entries"]))
        self.assertEqual([p["name"] for p in env.admin("profile", "list", "--app", "other", "--json")], ["User"])
        self.assertNotEqual(env.admin("profile", "show", "Nothing", check=False).returncode, 0)


class Submit(Case):
    def test_issued_at_once(self):
        reply = self.expect(alice.submit(), 201)
        answer = reply.json
        self.assertEqual(answer["status"], "issued")
        self.assertEqual(reply.headers["location"], f"/pki/request/{answer['id']}")
        self.assertEqual(answer["links"]["request"], reply.headers["location"])
        cert = self.expect(alice.get(answer["links"]["certificate"]), 200).json
        self.assertEqual((cert["id"], cert["serial"]), (answer["certificate"]["id"], answer["certificate"]["serial"]))
        row = self.expect(alice.get(answer["links"]["request"]), 200).json
        self.assertEqual((row["status"], row["profile"], row["certificate_id"], row["application"]),
                         ("issued", "User", cert["id"], "demo"))
        self.assertEqual(base64.b64decode(row["pkcs10"]), CSR)

    def test_each_form_of_the_request(self):
        text = base64.b64encode(CSR).decode()
        pem = f"-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n"
        for body in (CSR, text.encode(), pem.encode()):
            self.expect(alice.call("POST", "/pki/request/User", body, Content_Type="application/pkcs10"), 201)
        self.expect(alice.call("POST", "/pki/request/user", {"pkcs10": pem, "metadata": None}), 201)

    def test_curl_and_openssl(self):
        folder = env.scratch
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=x", "-keyout", folder / "curl.key", "-outform", "DER", "-out", folder / "curl.csr"],
                       check=True, stderr=subprocess.DEVNULL)
        curl = ["curl", "-sS", "--fail-with-body", "--cacert", CAFILE, "-u", "alice:alice-secret"]
        url = env.var["GATEHOUSE_URL"]
        done = subprocess.run([*curl, "-H", "Content-Type: application/pkcs10", "--data-binary", f"@{folder}/curl.csr",
                               url + "/pki/request/User"], check=True, stdout=subprocess.PIPE)
        link = json.loads(done.stdout)["links"]["certificate"]
        for accept, read in (("application/pkix-cert", ["x509", "-inform", "DER"]), ("application/x-pem-file", ["x509"])):
            cert = subprocess.run([*curl, "-H", f"Accept: {accept}", url + link], check=True, stdout=subprocess.PIPE).stdout
            self.assertIn(b"BEGIN CERTIFICATE", der.openssl(*read, stdin=cert))
        p7 = subprocess.run([*curl, "-H", "Accept: application/pkcs7-mime", url + link], check=True,
                            stdout=subprocess.PIPE).stdout
        client.verify_chain(folder, client.pkcs7_certificates(p7))
        self.assertEqual(client.pkcs7_certificates(p7)[0],
                         der.openssl("x509", "-outform", "DER", stdin=subprocess.run(
                             [*curl, url + link + "?format=pem"], check=True, stdout=subprocess.PIPE).stdout))
        again = subprocess.run([*curl, url + link + "?format=pkcs7"], check=True, stdout=subprocess.PIPE).stdout
        self.assertEqual(again, p7)

    def test_metadata(self):
        form = alice.get("/pki/profile/User").json["inputs"]["metadata"]["fields"]
        self.assertTrue(form)
        self.expect(alice.submit(metadata={"no-such-field": "x"}), 400, "metadata")
        name = next(f["name"] for f in form if f["type"] == "String" and "regex" not in f)
        reply = self.expect(alice.submit(metadata={name: "rest value"}), 201)
        self.assertEqual(alice.get(reply.json["links"]["request"]).json["metadata"][name], "rest value")
        found = self.expect(olga.get("/pki/requests?limit=1000&metadata=" + urllib.parse.quote(json.dumps({name: "rest value"}))), 200)
        self.assertEqual([e["id"] for e in found.json["entries"]], [reply.json["id"]])

    def test_denied_is_recorded(self):
        before = self.certificates()
        weak = der.csr(der.Key(env.scratch, "ec:P-521"))
        reply = self.expect(alice.submit(weak, "WebServer"), 403)
        self.assertIn(reply.json["code"], ("key_type", "key_length"))
        row = self.expect(alice.get(reply.json["links"]["request"]), 200).json
        self.assertEqual(row["status"], "denied")
        self.assertNotIn("certificate", row["links"])
        unknown = self.expect(alice.submit(profile="Nothing"), 403, "template_unknown")
        self.assertEqual(alice.get(unknown.json["links"]["status"]).json["status"], "denied")
        self.assertEqual(self.certificates(), before)

    def test_wrong_bodies(self):
        before = self.requests()
        path, text = "/pki/request/User", base64.b64encode(CSR).decode()
        for body, kind, status in (
                (b"", "application/json", 400), (b"{", "application/json", 400), (b"[]", "application/json", 400),
                (b"{}", "application/json", 422), (b'{"pkcs10":5}', "application/json", 422),
                (json.dumps({"pkcs10": text, "metdata": {}}).encode(), "application/json", 422),
                (json.dumps({"pkcs10": text, "metadata": []}).encode(), "application/json", 422),
                (json.dumps({"pkcs10": text[:-40]}).encode(), "application/json", 400),
                (json.dumps({"pkcs10": "%%%"}).encode(), "application/json", 400),
                (CSR[:-1], "application/pkcs10", 400), (CSR + b"\0", "application/pkcs10", 400),
                (b"M\0II", "application/pkcs10", 400), (b"\x30", "application/pkcs10", 400),
                (CSR, "application/octet-stream", 415), (text.encode(), "text/plain", 415), (CSR, "application/pkcs10x", 415),
                (b"pkcs10=" + text.encode(), "application/x-www-form-urlencoded", 415),
                (b"{" + b" " * 200_000 + b"}", "application/json", 413)):
            with self.subTest(body=body[:60], kind=kind):
                self.expect(alice.call("POST", path, body, Content_Type=kind), status)
        forged = bytearray(CSR)
        forged[-3] ^= 1
        self.expect(alice.submit(bytes(forged)), 400)
        self.assertEqual(self.requests(), before)

    def test_half_sent_body_leaves_nothing(self):
        before = self.requests()
        url = urllib.parse.urlsplit(env.var["GATEHOUSE_URL"])
        context = ssl.create_default_context(cafile=CAFILE)
        head = (f"POST /pki/request/User HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: {alice.basic}\r\n"
                f"Content-Type: application/pkcs10\r\nContent-Length: {len(CSR)}\r\n\r\n").encode()
        with context.wrap_socket(socket.create_connection((url.hostname, url.port)), server_hostname=url.hostname) as s:
            s.sendall(head + CSR[:100])
        self.expect(alice.submit(), 201)
        self.assertEqual(self.requests(), before + 1)

    def test_local_administrator_is_nobody_in_the_directory(self):
        for who in (olga, admin):
            self.expect(who.submit(), 401)

    def test_application_with_its_key(self):
        other = Client(env, app_key=base64.b64encode((env.dir / "state" / "app2.key").read_bytes().strip()).decode(),
                       secret=(env.dir / "state" / "app2.secret").read_bytes().strip())
        body = json.dumps({"pkcs10": base64.b64encode(CSR).decode()})
        reply = self.expect(other.call("/pki/request/User", body), 201)
        self.assertEqual(alice.get(reply.json["links"]["request"]).json["application"], "other")
        self.expect(other.call("/pki/request/WebServer", body), 403, "template_unknown")
        self.expect(other.call("/pki/request/User", body, X_CSS_CMS_Signature="AAAA"), 403, "signature")
        # what came through another application is not this one's to see
        mine = self.expect(alice.submit(), 201)
        self.expect(other.call(mine.json["links"]["request"], b"", "GET"), 404)


class Renewal(Case):
    def renew(self, number, who=alice, profile="User", **headers):
        body = {"pkcs10": base64.b64encode(CSR).decode()}
        return who.call("POST", f"/pki/request/{profile}?renew={number}", body, **headers)

    def issued(self, who=alice):
        return self.expect(who.submit(), 201).json["certificate"]["id"]

    def end(self, number, when):
        env.sql(f"update certificate set not_after = now() + interval '{when}' where id = {number}")

    def test_within_the_window(self):
        old = self.issued()
        early = self.expect(self.renew(old), 409, "conflict")
        self.assertIn("can be renewed from", early.json["message"])
        self.end(old, "1 day")
        reply = self.expect(self.renew(old, Idempotency_Key="renew"), 201).json
        self.assertEqual(reply["status"], "issued")
        self.assertEqual(self.expect(self.renew(old, Idempotency_Key="renew"), 201).json["id"], reply["id"])
        self.expect(alice.submit(Idempotency_Key="renew"), 409)
        self.assertEqual(env.sql(f"select detail from audit where object = '{reply['certificate']['serial']}'"),
                         [[f"User, renews certificate {old}"]])
        self.assertEqual(alice.get(f"/pki/certificate/{old}/status").json["status"], "valid")

    def test_not_his_not_this_profile_not_valid(self):
        old = self.issued()
        self.end(old, "1 day")
        before = self.certificates()
        for who in (bob, carol):
            self.expect(self.renew(old, who), 404)
        self.expect(self.renew(999999999), 404)
        other = next(e["name"] for e in alice.get("/pki/profiles").json["entries"] if e["name"] != "User")
        self.assertIn("of the profile User", self.expect(self.renew(old, profile=other), 409).json["message"])
        for query in ("renew=0", "renew=x", "renew=1&renew=2", "renews=1"):
            self.expect(alice.call("POST", "/pki/request/User?" + query, {"pkcs10": base64.b64encode(CSR).decode()}), 422)
        env.admin("cert", "revoke", old, "--hold", "--yes")
        self.assertIn("on hold", self.expect(self.renew(old), 409).json["message"])
        env.admin("cert", "unrevoke", old)
        self.end(old, "-1 second")
        self.assertIn("has ended", self.expect(self.renew(old), 409).json["message"])
        env.admin("cert", "revoke", old, "--yes")
        self.assertIn("revoked", self.expect(self.renew(old), 409).json["message"])
        self.assertEqual(self.certificates(), before)

    def test_a_name_that_was_given_anew_renews_nothing(self):
        old = self.issued()
        self.end(old, "1 day")
        number = env.sql(f"select request_id from certificate where id = {old}")[0][0]
        env.sql(f"update request set requester_id = '00000000-0000-4000-8000-000000000001' where id = {number}")
        self.expect(self.renew(old), 404)


class Crmf(Case):
    """Requests of RFC 4211, which Bouncy Castle makes."""

    @classmethod
    def setUpClass(cls):
        cls.folder = env.scratch / "crmf"
        cls.folder.mkdir()
        jars = ":".join(f"/usr/share/java/{name}.jar" for name in ("bcprov", "bcpkix", "bcutil"))
        made = Path(__file__).resolve().parents[1] / "ca-backend" / "MakeCrmf.java"
        subprocess.run(["java", "-cp", jars, made, cls.folder], check=True)
        cls.spki = (cls.folder / "key.spki").read_bytes()

    def ask(self, name, profile="User", **more):
        body = {"crmf": base64.b64encode((self.folder / f"{name}.crmf").read_bytes()).decode()} | more
        return alice.call("POST", f"/pki/request/{profile}", body)

    def check_certificate(self, link):
        pem = self.expect(alice.get(link), 200).json["pem"].encode()
        public = der.openssl("x509", "-pubkey", "-noout", stdin=pem)
        self.assertEqual(der.openssl("pkey", "-pubin", "-outform", "DER", stdin=public), self.spki)

    def test_issued(self):
        for name in ("good-plain", "good-ber", "good-ignored", "good-empty-subject"):
            reply = self.expect(self.ask(name), 201)
            self.assertEqual(reply.json["status"], "issued")
            self.check_certificate(reply.json["links"]["certificate"])
            row = self.expect(alice.get(reply.json["links"]["request"]), 200).json
            self.assertIsNone(row["pkcs10"])
            if name != "good-ber":
                self.assertEqual(base64.b64decode(row["crmf"]), (self.folder / f"{name}.crmf").read_bytes())

    def test_approved(self):
        reply = self.expect(self.ask("good-web", "WebServer"), 201)
        self.assertEqual(reply.json["status"], "pending")
        done = self.expect(olga.decide(reply.json["id"], "approved"), 200)
        self.assertEqual(done.json["status"], "issued", done.body)
        self.check_certificate(done.json["links"]["certificate"])

    def test_refused(self):
        before = self.requests()
        names = sorted(p.stem for p in self.folder.glob("*.crmf") if not p.stem.startswith("good-"))
        self.assertGreater(len(names), 10)
        for name in names:
            code = {"csr": "csr", "weak": "csr_weak", "signature": "csr_signature"}[name.partition("-")[0]]
            self.expect(self.ask(name), 400, code)
        self.expect(self.ask("good-plain", pkcs10=base64.b64encode(CSR).decode()), 422)
        self.assertEqual(self.requests(), before)
        # a decision of the policy, and recorded as one
        self.expect(self.ask("good-archive"), 403, "archived_key_unexpected")
        self.assertEqual(self.requests(), before + 1)


class NoKra(Case):
    """The template archives keys, and this gateway has no key recovery authority."""

    def test_nothing_is_issued_with_a_key(self):
        body = json.loads(env.sql("select body from template where name = 'User' and active")[0][0])
        file = env.scratch / "User.json"
        before = self.requests(), self.certificates()
        try:
            file.write_text(json.dumps({**body, "archival": "optional"}))
            env.admin("template", "import", file)
            env.await_catalog()
            wrapped = {"session_key": {"algorithm": "RSA-OAEP-256", "value": "AAAA"},
                       "secret": {"algorithm": "AES-256-GCM", "iv": "AAAAAAAAAAAAAAAA", "value": "AAAA"}}
            reply = alice.call("POST", "/pki/request/User", {"pkcs10": base64.b64encode(CSR).decode(), "archival": wrapped})
            self.expect(reply, 503, "ca_unavailable")
            self.assertIn("retry-after", reply.headers)
            self.assertEqual((self.requests(), self.certificates()), before)
            self.expect(alice.submit(), 201)
        finally:
            file.write_text(json.dumps(body))
            env.admin("template", "import", file)
            env.await_catalog()


class Idempotency(Case):
    def test_repeated(self):
        before = self.certificates()
        first = self.expect(alice.submit(Idempotency_Key="one"), 201)
        again = self.expect(alice.submit(Idempotency_Key="one"), 201)
        self.assertEqual(first.json, again.json)
        self.assertEqual(first.headers["location"], again.headers["location"])
        self.assertEqual(self.certificates(), before + 1)
        self.expect(alice.submit(web_csr("other.example.test"), Idempotency_Key="one"), 409, "conflict")
        self.expect(alice.call("POST", "/pki/request/User", CSR, Content_Type="application/pkcs10", Idempotency_Key="one"), 409)
        # the key is hers: another's is another one, as is that of another profile
        self.assertNotEqual(self.expect(bob.submit(Idempotency_Key="one"), 201).json["id"], first.json["id"])
        self.assertNotEqual(self.expect(alice.submit(web_csr("k.example.test"), "WebServer", Idempotency_Key="one"), 201).json["id"],
                            first.json["id"])
        self.assertNotEqual(self.expect(alice.submit(), 201).json["id"], self.expect(alice.submit(), 201).json["id"])

    def test_pending_and_denied(self):
        csr = web_csr("idem.example.test")
        first = self.expect(alice.submit(csr, "WebServer", Idempotency_Key="p"), 201).json
        self.expect(olga.decide(first["id"], "approved"), 200)
        again = self.expect(alice.submit(csr, "WebServer", Idempotency_Key="p"), 201).json
        self.assertEqual((again["id"], again["status"]), (first["id"], "issued"))
        self.assertIn("certificate", again["links"])
        denied = [self.expect(alice.submit(profile="Nothing", Idempotency_Key="d"), 403).json for _ in range(2)]
        self.assertEqual(denied[0]["id"], denied[1]["id"])
        self.assertEqual(denied[0]["message"], denied[1]["message"])

    def test_at_once(self):
        before = self.certificates()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: Person("alice", "alice-secret").submit(Idempotency_Key="race"), range(8)))
        self.assertEqual([r.status for r in replies], [201] * 8, [r.body for r in replies])
        self.assertEqual(len({r.json["id"] for r in replies}), 1)
        self.assertEqual(self.certificates(), before + 1)

    def test_at_once_with_different_bodies(self):
        csrs = [web_csr(f"race{i}.example.test") for i in range(8)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda c: Person("alice", "alice-secret").submit(c, "WebServer", Idempotency_Key="mixed"), csrs))
        self.assertEqual(sorted(r.status for r in replies), [201] + [409] * 7, [r.body for r in replies])

    def test_lost_answer(self):
        """The client is gone before the answer; the same call again gets what was recorded."""
        before = self.certificates()
        url = urllib.parse.urlsplit(env.var["GATEHOUSE_URL"])
        context = ssl.create_default_context(cafile=CAFILE)
        body = json.dumps({"pkcs10": base64.b64encode(CSR).decode()}).encode()
        head = (f"POST /pki/request/User HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: {alice.basic}\r\n"
                f"Content-Type: application/json\r\nIdempotency-Key: lost\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        with context.wrap_socket(socket.create_connection((url.hostname, url.port)), server_hostname=url.hostname) as s:
            s.sendall(head + body)
        reply = self.expect(alice.submit(Idempotency_Key="lost"), 201)
        self.assertEqual(reply.json["status"], "issued")
        self.assertEqual(self.certificates(), before + 1)

    def test_wrong_keys(self):
        before = self.requests()
        for key in ("", "x" * 256, "a\tb"):
            with self.subTest(key=key[:10]):
                self.expect(alice.submit(Idempotency_Key=key), 400)
        self.assertEqual(self.requests(), before)


class Decisions(Case):
    def test_approved(self):
        number = self.pending("approved.example.test")
        status = self.expect(olga.get(f"/pki/request/{number}/status"), 200)
        self.assertEqual((status.json["status"], status.headers["etag"]), ("pending", '"v1"'))
        done = self.expect(olga.decide(number, "approved", status.headers["etag"], "ticket 4711"), 200)
        self.assertEqual((done.json["status"], done.headers["etag"], done.json["resolved_by"]), ("issued", '"v2"', "olga"))
        cert = self.expect(alice.get(done.json["links"]["certificate"]), 200).json
        self.assertIn("approved.example.test", " ".join(cert["sans"]))
        self.assertEqual(env.admin("request", "show", number, "--json")["state"], "issued")

    def test_rejected_and_canceled(self):
        number = self.pending("rejected.example.test")
        done = self.expect(olga.decide(number, "rejected", comment="not ours"), 200).json
        self.assertEqual(done["status"], "denied")
        self.assertIn("not ours", done["message"])
        mine = self.pending("canceled.example.test")
        done = self.expect(alice.decide(mine, "canceled", comment="asked twice"), 200).json
        self.assertEqual((done["status"], done["status_code"]), ("canceled", "0x800704c7"))
        self.assertEqual(env.sql(f"select event from audit where object = 'request {mine}'"), [["request.canceled"]])
        self.assertEqual([r["id"] for r in env.admin("request", "list", "--state", "canceled", "--json")][:1], [mine])
        by_command = self.pending("by-command.example.test")
        self.assertEqual(env.admin("request", "cancel", by_command, check=False).returncode, 0)
        for n in (number, mine, by_command):
            for status in ("approved", "rejected", "canceled"):
                self.expect(olga.decide(n, status, '"v2"'), 409)
                self.expect(olga.decide(n, status, '"v1"'), 412)

    def test_who_may(self):
        number = self.pending("who.example.test")
        for who, status in ((alice, 403), (bob, 404), (otto, 404)):
            self.expect(who.decide(number, "approved"), status)
        for who in (bob, otto):
            self.expect(who.decide(number, "canceled"), 404)
            self.expect(who.get(f"/pki/request/{number}"), 404)
            self.expect(who.get(f"/pki/request/{number}/status"), 404)
        self.expect(alice.get("/pki/request/999999999"), 404)
        # an officer does not decide on his own
        own = self.pending("own.example.test", carol)
        self.expect(carol.decide(own, "approved"), 403, "forbidden")
        self.expect(carol.decide(own, "canceled"), 200)
        self.assertEqual(olga.get(f"/pki/request/{number}/status").json["status"], "pending")

    def test_preconditions(self):
        number = self.pending("match.example.test")
        self.expect(olga.decide(number, "approved", None), 428, "precondition_required")
        for etag in ('"v2"', 'W/"v1"', "v1", '""'):
            self.expect(olga.decide(number, "approved", etag), 412, "precondition")
        for body in ({}, {"status": "issued"}, {"status": "approved", "coment": "x"}, {"status": "approved", "comment": "a\nb"},
                     {"status": "approved", "comment": "x" * 1025}, {"status": 1}):
            self.expect(olga.call("PUT", f"/pki/request/{number}/status", body, If_Match='"v1"'), 422)
        self.assertEqual(olga.get(f"/pki/request/{number}/status").json["status"], "pending")
        self.expect(olga.decide(number, "rejected", '"v7", "v1"'), 200)

    def test_eight_officers_at_once(self):
        before = self.certificates()
        number = self.pending("eight.example.test")
        barrier = threading.Barrier(8)

        def one(i):
            who = Person(olga.user, olga.password)
            barrier.wait()
            return who.decide(number, ("approved", "rejected", "canceled")[i % 3]).status
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = sorted(pool.map(one, range(8)))
        self.assertEqual(statuses, [200] + [412] * 7)
        state = olga.get(f"/pki/request/{number}/status").json
        self.assertEqual(state["version"], 2)
        self.assertEqual(self.certificates() - before, 1 if state["status"] == "issued" else 0)

    def test_approval_resolves_the_application_of_the_request(self):
        number = self.pending("door.example.test")
        env.admin("app", "disable", "demo")
        try:
            env.await_catalog()
            self.expect(olga.decide(number, "approved"), 409)
        finally:
            env.admin("app", "enable", "demo")
            env.await_catalog()
        self.expect(olga.decide(number, "approved"), 200)


class Lists(Case):
    def ids(self, who, query):
        return [e["id"] for e in self.expect(who.get("/pki/requests?" + query), 200).json["entries"]]

    def walk(self, who, query):
        found, after = [], None
        for _ in range(500):
            reply = self.expect(who.get(f"/pki/requests?{query}" + (f"&after={after}" if after else "")), 200).json
            found += [e["id"] for e in reply["entries"]]
            after = reply["next"]
            if after is None:
                return found
        raise AssertionError("no end")

    def test_filters(self):
        mine, his = self.pending("list.example.test"), self.pending("list2.example.test", bob)
        issued = self.expect(bob.submit(), 201).json["id"]
        self.assertEqual(self.ids(bob, "status=pending"), [n for n in self.ids(olga, "status=pending&limit=1000") if n == his or n in self.ids(bob, "")])
        self.assertIn(mine, self.ids(olga, "status=pending&limit=1000"))
        self.assertNotIn(mine, self.ids(bob, "limit=1000"))
        self.assertIn(issued, self.ids(bob, "profile=user&limit=1000"))
        self.assertNotIn(his, self.ids(bob, "profile=user&limit=1000"))
        name = olga.get(f"/pki/request/{his}").json["requester"]
        found = self.ids(olga, "limit=1000&requester=" + urllib.parse.quote(name))
        self.assertIn(his, found)
        self.assertNotIn(mine, found)
        at = olga.get(f"/pki/request/{his}").json["submitted_at"]
        self.assertIn(his, self.ids(olga, f"limit=1000&submitted_from={at}&submitted_to={at}"))
        self.assertEqual(self.ids(olga, "submitted_from=2099-01-01"), [])
        self.assertEqual(self.ids(otto, ""), [])
        self.assertEqual(self.ids(bob, "limit=1000&order=newest"), self.ids(bob, "limit=1000")[::-1])

    def test_wrong_parameters(self):
        for query in ("limit=0", "limit=1001", "after=x", "status=open", "order=up", "profile=", "owner=alice",
                      "metadata=%5B%5D", "metadata=x", "submitted_from=yesterday", "limit=1&limit=2", "requester=%FF"):
            with self.subTest(query=query):
                self.expect(olga.get("/pki/requests?" + query), 422, "validation")

    def test_pages_while_rows_come(self):
        for _ in range(7):
            self.expect(alice.submit(), 201)
        before = self.walk(olga, "limit=1000")
        stop = threading.Event()

        def submit():
            who = Person("bob", "bob-secret")
            while not stop.is_set():
                who.submit()
        thread = threading.Thread(target=submit)
        thread.start()
        try:
            for order in ("oldest", "newest"):
                found = self.walk(olga, f"limit=3&order={order}")
                self.assertEqual(len(found), len(set(found)))
                self.assertTrue(set(before) <= set(found))
                self.assertEqual(found, sorted(found, reverse=order == "newest"))
        finally:
            stop.set()
            thread.join()


def elsewhere(n):
    """A certificate that none of our CAs has made."""
    oid, now = x509.NameOID, datetime.datetime.now(datetime.timezone.utc)
    parts = ((oid.COUNTRY_NAME, "DE"), (oid.STATE_OR_PROVINCE_NAME, "Berlin"), (oid.LOCALITY_NAME, 'A, "B"'), (oid.ORGANIZATION_NAME, "Else + Where"))[:2 * n]
    name = x509.Name([x509.NameAttribute(*part) for part in (*parts, (oid.ORGANIZATIONAL_UNIT_NAME, f"unit {n % 2}"), (oid.COMMON_NAME, f"Elsewhere {n}"))])
    upn = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), der.tlv(12, b"alice@example.test"))
    names = (x509.DNSName("inv1.example.test"), x509.IPAddress(ipaddress.ip_address("192.0.2.7")), x509.RFC822Name("bob@example.test"),
             x509.UniformResourceIdentifier("https://example.test/x"), upn, x509.IPAddress(ipaddress.ip_address("2001:db8::1")))[:3 * n]
    key = (lambda: ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate, lambda: rsa.generate_private_key(65537, 2048))[n]()
    cert = x509.CertificateBuilder(name, name, key.public_key(), 77 + n, now - datetime.timedelta(99), now + datetime.timedelta(9 * n - 9.5))
    if names:
        cert = cert.add_extension(x509.SubjectAlternativeName(names), False)
    return cert.sign(key, None if n == 1 else hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


LONG_CN = "a-name-of-more-than-sixty-characters." * 2
# Subjects in the order of DER, the last part first in text; a list is one RDN. What the indexes of common names must not miss.
NAMES = [[("CN", "Mail First"), ("Mail", "mail@example.test")],
         [("DC", "test"), ("CN", "Users"), ("CN", "Alice")],
         [("DC", "test"), ("CN", "Users"), ("CN", "Alice"), ("Mail", "alice@example.test")],
         [("CN", "fourth"), ("CN", "third"), ("CN", "Users"), ("CN", "Alice-2"), ("Mail", "alice@example.test")],
         [("O", "of more"), [("CN", "Side"), ("OU", "by side")]],
         [[("OU", "by side"), ("CN", "Side by")], ("Mail", "side@example.test")],
         [("O", "o"), [("CN", "one "), ("CN", "two + CN=three"), ("OU", "u")]],
         [("CN", "behind"), ("O", "CN=in a value"), ("OU", "x, CN=also")],
         [("O", "CN=CN="), ("CN", "CN=CN=x"), ("OU", "y")],
         [("CN", "J\u00f6rg \u010cern\u00fd"), ("Mail", "j@example.test")], [("CN", "J\u00d6RG\u042f")],
         [("CN", " #odd\\;<\"\u042f\u0446"), ("CN", "#1"), ("Mail", "odd@example.test")],
         [("CN", "two\nlines\x7f")], [("CN", "\n\t"), ("CN", "\\0A"), ("Mail", "odd@example.test")],
         [("CN", LONG_CN), ("Mail", "l@example.test")], [("CN", LONG_CN.upper() + "x")], [("CN", LONG_CN[:60]), ("OU", "cut")]]
# Subjects and metadata of letters that change their number or their neighbours, of both directions, and of numbers and days at the borders.
ODD = [([("CN", "\u0130stanbul \u03a3\u0391\u03a3"), ("OU", "Stra\u00dfe")], {"Department": "STRA\u1e9eE \u0130 I", "Cost-Center": 2**63 - 1, "Since": "9999-12-31"}),
       ([("CN", "i\u0307stanbul \u03c3\u03b1\u03c2")], {"Department": "\u202eIT\U00010400", "Cost-Center": -2**63, "Since": "0001-01-01"}),
       ([("CN", "e\u0301\u200d\U0001f600")], {"Department": "x" * 198 + "\u0130\u00df\u212a", "Cost-Center": 2**53 + 1, "Since": "2024-02-29"})]


def named(n, subject):
    """A certificate of somebody else with that name."""
    oids = {"CN": x509.NameOID.COMMON_NAME, "O": x509.NameOID.ORGANIZATION_NAME, "OU": x509.NameOID.ORGANIZATIONAL_UNIT_NAME,
            "DC": x509.NameOID.DOMAIN_COMPONENT, "Mail": x509.NameOID.EMAIL_ADDRESS}
    name = x509.Name([x509.RelativeDistinguishedName([x509.NameAttribute(oids[kind], value, _validate=False) for kind, value in (rdn if isinstance(rdn, list) else [rdn])])
                      for rdn in subject])
    now, key = datetime.datetime.now(datetime.timezone.utc), ec.generate_private_key(ec.SECP256R1())
    cert = x509.CertificateBuilder(name, name, key.public_key(), 1000 + n, now, now + datetime.timedelta(50))
    return cert.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


class Inventory(Case):
    @classmethod
    def setUpClass(cls):
        env.admin("metadata", "add", "Since", "--type", "Date")
        env.admin("metadata", "add", "Managed", "--type", "Boolean")
        env.await_catalog()
        for n, (who, metadata) in enumerate(((alice, {"Department": "IT", "Cost-Center": 7, "Since": "2026-02-28"}), (alice, {"Department": "it", "Stage": "test", "Managed": True}),
                                             (bob, {"Department": "100%_x", "Cost-Center": -3, "Since": naive.day_after(naive.now()[:10], 1), "Managed": False}), (bob, {"Stage": "production"}),
                                             (carol, None))):
            assert who is carol or who.submit(metadata=metadata).status == 201  # who has no mail gets no user's certificate
            names, subject = [f"Alt{i}.inv{n}.example.test" for i in range(n)], [("O", "Example, Ltd")] * (n % 2)
            number = who.submit(web_csr(f"inv{n}.example.test", *names, subject=subject), "WebServer", metadata).json["id"]
            assert olga.decide(number, "approved").status == 200
        assert alice.submit(der.csr(der.Key(env.scratch, "rsa:2048"))).status == 201
        for n in range(3):  # without a template, more than a page of them; the first has ended
            assert olga.call("POST", "/pki/certificates/import", {"content": elsewhere(n), "metadata": {"Department": "IT"} if n else {}}).status == 200
        assert olga.call("POST", "/pki/certificates/import", {"content": "".join(named(n, name) for n, name in enumerate(NAMES))}).status == 200
        for n, (name, metadata) in enumerate(ODD):
            assert olga.call("POST", "/pki/certificates/import", {"content": named(100 + n, name), "metadata": metadata}).status == 200
        cls.all = cls.entries(olga, None)
        cls.serve()
        cls.add_unshown()

    @classmethod
    def serve(cls):
        """As scans would have it: two places serve one certificate, one has served another before."""
        for n, (host, now, before) in enumerate((("www.example.test", 0, 1), ("192.0.2.7", 0, None), ("2001:db8::1", -1, 0))):
            number = env.sql(f"insert into scan_endpoint (host, port, start, sni) values ('{host}', {443 + n}, 'tls', '') returning id")[0][0]
            for at, is_current in ((now, True), (before, False)):
                if at is not None:
                    env.psql("insert into scan_sighting (endpoint_id, certificate_id, is_current, chain, verify) "
                             f"values ({number}, {cls.all[at]['id']}, {str(is_current).lower()}, '{{}}', 'ok')")

    @classmethod
    def add_unshown(cls):
        """What a list does not show of a certificate."""
        more = {int(i): (request, bytes.fromhex(der_hex)) for i, request, der_hex in env.sql("select id, nullif(request_id, 0), encode(der, 'hex') from certificate")}
        places = env.sql("select certificate_id, case when host like '%:%' then '[' || host || ']' else host end || ':' || port from scan_sighting s join scan_endpoint e on e.id = endpoint_id where is_current")
        cls.certs = []
        for e in cls.all:
            request, cert = more[e["id"]]
            kind, size = cls.key_of(cert)
            cls.certs.append({**e, "request": int(request) if request else None, "key_type": kind, "key_size": size, "sha256": hashlib.sha256(cert).hexdigest(),
                              "locations": [place for number, place in places if int(number) == e["id"]]})
        assert {("RSA", 2048), ("EC", 256), ("Ed25519", None)} <= {(c["key_type"], c["key_size"]) for c in cls.certs}

    @staticmethod
    def key_of(cert):
        """As OpenSSL has it."""
        text = client.certificate_text(cert)
        kind = re.search(r"Public Key Algorithm: (\S+)", text)[1]
        size = re.search(r"Public-Key: \((\d+) bit\)", text)
        return {"rsaEncryption": "RSA", "id-ecPublicKey": "EC"}.get(kind, kind.title()), int(size[1]) if size else None

    @staticmethod
    def entries(who, query, more="limit=1000&order_by=id"):
        path = "/pki/certificates?" + more + ("" if query is None else "&query=" + urllib.parse.quote(query))
        reply = who.get(path)
        assert reply.status == 200, (query, reply.body)
        return reply.json["entries"]

    def ids(self, query, who=olga):
        """Of those that were there: a job may make one for the gateway meanwhile."""
        return [e["id"] for e in self.entries(who, query) if e["id"] <= self.all[-1]["id"]]

    def test_everyone_sees_what_is_his(self):
        for who in (olga, otto, admin):
            self.assertEqual([e["id"] for e in self.entries(who, None)][:len(self.all)], [e["id"] for e in self.all])
        for who, name in ((alice, "alice"), (bob, "bob")):
            mine = self.entries(who, None)
            self.assertTrue(mine)
            self.assertEqual({e["requester"].rpartition("\\")[2] for e in mine}, {name})
            self.assertEqual(mine, [e for e in self.all if e["requester"] == mine[0]["requester"]])
            self.assertEqual(self.ids("Requester -eq %ME%", who), [e["id"] for e in mine])
        self.assertEqual(self.ids(f'Requester -eq "{self.entries(bob, None)[0]["requester"]}"', alice), [])
        self.assertEqual(self.ids("Requester -eq %ME%"), [])
        self.assertEqual(Client(env).request("GET", "/pki/certificates").status, 401)

    def test_a_foreign_page_starts_no_search(self):
        for path in ("/pki/certificates", "/pki/certificates/statistics", "/KeyfactorAPI/Certificates"):
            for site, status in (("cross-site", 403), ("same-site", 200), ("same-origin", 200)):
                self.assertEqual(olga.call("GET", path, Sec_Fetch_Site=site).status, status, (path, site))

    def test_each_field_by_hand(self):
        one = next(e for e in self.all if e["subject"] == "CN=inv0.example.test")
        for query in (f"Id -eq {one['id']}", f'Serial -eq "{one["serial"]}"', f'Serial -eq "{one["serial"]}" AND Issuer -eq "{one["issuer"]}"', f'CN -startswith "inv0" AND KeyType -eq "EC" AND KeySizeInBits -eq 256', f'SerialNumber -eq "{one["serial"].lower()}"',
                      f'Thumbprint -eq "{one["thumbprint"]}"', 'CN -eq "INV0.example.test"', 'DNS -eq "inv0.example.test"',
                      'SAN -startswith "inv0."', 'Subject -eq "cn=inv0.example.test"', 'CN -endswith "0.example.test" AND Template -eq "webserver"',
                      f'CN -startswith "inv" AND Department -eq "IT" AND Cost-Center -eq 7 AND Requester -eq "{one["requester"]}"',
                      'CN -startswith "inv0" AND CA -eq "issuing" AND IssuerDN -contains "Issuing CA" AND State -eq "active"',
                      f'CN -startswith "inv0" AND NotAfter -eq "{one["not_after"][:10]}" AND NotBefore -le %TODAY% AND NotAfter -gt "%TODAY+30%"',
                      f'CN -startswith "inv0" AND NotAfter -eq "{one["not_after"]}"'):
            with self.subTest(query):
                self.assertEqual(self.ids(query), [one["id"]])
        for query in ('DNS -contains "%"', 'CN -contains "_"', 'Department -eq "100_%x"'):
            self.assertEqual(self.ids(query), [])  # no wildcards
        self.assertEqual(len(self.ids('Department -contains "0%_"')), 2)
        self.assertEqual(self.ids('CN -eq "x\' OR 1=1 --"'), [])

    def values(self):
        """Of each field: what it may be compared with, and by which operators."""
        had = {f: sorted({v.strip() if isinstance(v, str) else v for c in self.certs for v in naive.had(f, c)}) for f in (*naive.PARTS, *naive.NAMES, *naive.COLUMNS, "Location", "Thumbprint")}
        texts, days = ["", "%", "_", "\\", "example", "test", "a", "x' OR 1=1 --"], ["%TODAY%", "%TODAY-99%", "%TODAY+9%", "%TODAY-1%", "%TODAY+365%", "2026-02-28"]
        values = {f: (had[f] + [v.swapcase()[:5] for v in had[f][:3]] + texts, naive.TEXTS) for f in (*naive.PARTS, *naive.NAMES, "Subject", "CA", "Issuer", "Requester", "Template", "KeyType", "Location")}
        values |= {f: (had[f] + [v[:10] for v in had[f]] + days, naive.NUMBERS) for f in naive.TIMES}
        values |= {f: (had[f] + [0, -1, 2**40], naive.NUMBERS) for f in ("Id", "RequestId", "KeySize")}
        odd = [metadata for _, metadata in ODD]
        values |= {"Serial": (had["Serial"], naive.TEXTS), "Thumbprint": (had["Thumbprint"], naive.EQUAL), "State": (["active", "expired", "revoked", "hold", "foreign"], naive.EQUAL),
                   "Department": (["IT", "i", "100%_x", "%", "", "x" * 198, "\u00df", "\u0131"] + [c for m in odd for c in (m["Department"], m["Department"].swapcase())], naive.TEXTS), "Stage": (["test", "production", "t"], naive.TEXTS), "Cost-Center": ([7, -3, 0, 2**53] + [m["Cost-Center"] for m in odd], naive.NUMBERS),
                   "Since": (days + ["2026-03-01"] + [m["Since"] for m in odd], naive.NUMBERS), "Managed": ([True, False], naive.EQUAL)}
        return values

    def assert_found(self, asked):
        """By the database and by hand; if a day ends meanwhile, once more."""
        while True:
            today = naive.now()[:10]
            found = self.ids(naive.written(asked))
            if naive.now()[:10] == today:
                break
        expected = [c["id"] for c in self.certs if naive.holds(asked, c, today)]
        self.assertEqual(found, expected, naive.written(asked))
        return len(found)

    def test_names_like_a_naive_evaluator(self):
        """Every name and subject that there is, its beginnings, and others that begin with it."""
        for field in ("CN", "Subject"):
            for value in sorted({v.strip() for c in self.certs for v in naive.had(field, c)}):
                values = {value, value.upper(), value.lower(), value[:-1].strip(), value[:4].strip(), value + "-"}
                if value in ("Alice", "CN=Alice, CN=Users, DC=test"):
                    self.assertGreater(self.assert_found((field, "-eq", value)), 0)
                for op, v in itertools.product(("-eq", "-startswith"), values):
                    self.assert_found((field, op, v))

    def test_like_a_naive_evaluator(self):
        self.compare(12, self.values(), 500)

    def compare(self, seed, values, trees):
        """Each field with each of its operators and with NULL, then random trees of random tests."""
        random = Random(seed)

        def test(field, op=None):
            value = random.choice(values[field][0])
            return field, op or random.choice(values[field][1]), value

        def tree(depth):
            if depth == 0 or random.random() < 0.2:
                field = random.choice(list(values))
                return (field, random.choice(naive.EQUAL), None) if field != "State" and random.random() < 0.1 else test(field)
            return random.choice(("AND", "OR")), tree(depth - 1), tree(depth - 1)
        for field, (_, ops) in values.items():
            for op in ops:
                self.assert_found(test(field, op))
            if field != "State":
                found = [self.assert_found((field, op, None)) for op in naive.EQUAL]
                self.assertEqual(sum(found), len(self.certs), field)
        sizes = Counter(self.assert_found(tree(random.randrange(4))) for _ in range(trees))
        self.assertGreater(len(sizes), 10)
        self.assertLess(max(sizes.values()), trees / 2, sizes)  # most trees tell certificates apart

    def page(self, more, status=200, who=olga, query='CN -contains "example" OR Template -eq "User"'):
        return self.expect(who.get(f"/pki/certificates?{more}&query=" + urllib.parse.quote(query)), status).json

    def walk(self, more, way, begin, **of):
        """Pages from one on; all of their ids, and the last page."""
        found, reply = [], begin
        while reply[way] is not None:
            reply = self.page(f"{more}&page={reply[way]}", **of)
            ids = [e["id"] for e in reply["entries"]]
            found = found + ids if way == "next" else ids + found
        return found, reply

    ORDERED = {"id": lambda e: 0, "template": lambda e: (e["template"] or "").lower(), "not_after": lambda e: e["not_after"], "subject": lambda e: naive.lower(e["subject"])[:200],
               "requester": lambda e: e["requester"].lower(), "serial": lambda e: e["serial"]}

    def test_pages_both_ways_in_each_order(self):
        """Of what no index finds, of what one finds, of all, and of one's own."""
        for who, query in ((olga, 'CN -contains "example" OR Template -eq "User"'), (olga, 'Template -eq "WebServer"'), (olga, "Id -ne 0"),
                           (alice, "Id -ne 0"), (olga, 'State -eq "foreign" OR Template -eq "User"')):
            for by, key in self.ORDERED.items():
                self.walk_both_ways(who, query, by, key)

    def walk_both_ways(self, who, query, by, key):
        for order in ("asc", "desc"):
            with self.subTest(own=who is alice, query=query, by=by, order=order):
                of = {"who": who, "query": query}
                wanted = sorted((e for e in self.entries(who, query)), key=lambda e: (key(e), e["id"]), reverse=order == "desc")
                wanted, more = [e["id"] for e in wanted], f"limit=3&order={order}&order_by={by}"
                first = self.page(more, **of)
                self.assertIsNone(first["previous"])
                there, last = self.walk(more, "next", first, **of)
                self.assertEqual([e["id"] for e in first["entries"]] + there, wanted)
                back, begin = self.walk(more, "previous", last, **of)
                self.assertEqual(back + [e["id"] for e in last["entries"]], wanted)
                self.assertIsNone(begin["previous"])

    BY_FIELD = {"Department": lambda e: naive.lower((e["metadata"] or {}).get("Department", ""))[:200], "Cost-Center": lambda e: (e["metadata"] or {}).get("Cost-Center", -10**20)}

    def test_the_same_by_indexes_of_metadata(self):
        fields = ("Department", "Stage", "Cost-Center", "Since", "Managed")
        for field in fields:
            self.page(f"order_by={field}", 422)
            env.admin("metadata", "set", field, "--indexed")
            self.addCleanup(env.admin, "metadata", "set", field, "--no-indexed")
        env.await_catalog()
        values = self.values()
        self.compare(13, {f: values[f] for f in (*fields, "Template", "Id", "NotAfter")}, 150)
        for who, query in ((olga, "Id -ne 0"), (alice, "Id -ne 0"), (olga, 'Department -eq "IT"'), (olga, 'Department -startswith "i" OR Cost-Center -lt 0'),
                           (olga, "Cost-Center -ge -3 AND Cost-Center -lt 8"), (olga, "Cost-Center -eq NULL"), (olga, 'Cost-Center -gt -5 AND Template -eq "WebServer"')):
            for by, key in self.BY_FIELD.items():
                self.walk_both_ways(who, query, by, key)
            self.walk_both_ways(who, query, "id", lambda e: 0)
        found = self.entries(olga, "Cost-Center -ge -3", "limit=1000")
        self.assertEqual(found, sorted(found, key=lambda e: (self.BY_FIELD["Cost-Center"](e), e["id"])))

    def test_an_index_that_is_not_as_it_should_be(self):
        """A remnant of a command that was killed, one that somebody dropped, and what REST leaves alone."""
        def told():
            return [f["what"] for f in json.loads(env.admin("doctor", "--json", check=False).stdout) if f["code"] == "metadata-index"]
        name = "Odd-" + "x" * 60
        env.admin("metadata", "add", name, "--type", "String")
        number = env.sql(f"select id from metadata_field where name = '{name}'")[0][0]
        index = f"certificate_metadata_{number}_text"
        self.assertEqual(told(), [])
        env.psql(f"create index {index} on certificate (id); update pg_index set indisvalid = false where indexrelid = '{index}'::regclass", "postgres")
        self.assertIn("belongs to no metadata field", told()[0])
        env.admin("metadata", "set", name, "--indexed")
        self.assertIn(f"'{name}'", env.sql(f"select indexdef from pg_indexes where indexname = '{index}'")[0][0])
        self.assertEqual(told(), [])
        env.await_catalog()
        shown = self.expect(admin.get(f"/pki/metadata/{name}"), 200).json
        self.assertTrue(shown["indexed"])
        self.expect(admin.call("DELETE", f"/pki/metadata/{name}"), 409, "conflict")
        self.expect(admin.call("PUT", f"/pki/metadata/{name}", {"type": "Integer"}), 409, "conflict")
        self.assertTrue(self.expect(admin.call("PUT", f"/pki/metadata/{name}", {"type": "Email"}), 200).json["indexed"])
        self.assertEqual(admin.call("PUT", "/pki/metadata/Plain", {"type": "String", "indexed": True}).status // 100, 4)
        # no value is too long or of a wrong kind for an index
        env.admin("metadata", "set", "Cost-Center", "--indexed")
        for value in ('"' + "\U0001f600 Ä" * 20000 + '"', "9" * 5000, "1e-4000", "true", "[1]", '"text"', "null"):
            for field in (name, "Cost-Center"):
                env.psql(f"update certificate set metadata = '{{\"{field}\": {value}}}' where id = {self.all[0]['id']}", "postgres")
        env.psql(f"update certificate set metadata = null where id = {self.all[0]['id']}", "postgres")
        env.admin("metadata", "set", "Cost-Center", "--no-indexed")
        env.psql(f"drop index {index}", "postgres")
        self.assertIn("has none", told()[0])
        self.assertEqual(self.page("limit=5", query=f'{name} -eq "a"')["entries"], [])
        env.admin("metadata", "remove", name, "--yes")
        self.assertEqual(told(), [])
        self.assertEqual(env.count("select count(*) from pg_class where relname like 'certificate_metadata_%_text'"), 0)

    def test_an_order_follows_what_bounds_the_query(self):
        found = self.entries(olga, 'NotAfter -gt %TODAY%', "limit=1000")
        self.assertEqual(found, sorted(found, key=lambda e: (e["not_after"], e["id"])))

    def test_a_page_is_of_its_query(self):
        """Order, direction, query and caller are those that it was made for."""
        token = self.page("limit=2")["next"]
        for more, of in (("limit=2&order=desc", {}), ("limit=2&order_by=subject", {}), ("limit=2", {"query": "Id -ne 0"}), ("limit=2", {"who": otto})):
            self.assertIn("page", self.page(f"{more}&page={token}", 400, **of)["message"])
        for wrong in ("x", "", token[:-3], token[:-4] + "AAAA", "12", "%ff"):
            self.assertIn(olga.get(f"/pki/certificates?limit=2&page={wrong}").status, (400, 422))
        self.page(f"limit=5&page={token}")  # another length, and the same place

    def test_fields_and_count(self):
        query = 'CN -startswith "inv"'
        whole = self.page("limit=2", query=query)["entries"]
        reply = self.page("limit=2&fields=subject,id,ca&count=exact", query=query)
        self.assertEqual([list(e.items()) for e in reply["entries"]], [[(n, e[n]) for n in ("subject", "id", "ca")] for e in whole])
        self.assertEqual(reply["count"], len(self.ids(query)))
        self.assertEqual(self.page("limit=1&count=exact", who=bob, query="Id -ne 0")["count"], len(self.entries(bob, None)))
        self.assertGreater(self.page("limit=1&count=estimate", query="Id -ne 0")["count"], 0)
        for query in ("Id -ne 0", f'Requester -eq "{self.all[0]["requester"]}"', 'CN -contains "inv"'):  # of one's own no estimate, which others' rows are in
            self.assertEqual(self.page("limit=1&count=estimate", who=bob, query=query)["count"], len(self.entries(bob, query)), query)
        self.assertNotIn("count", self.page("limit=1"))
        for more in ("fields=subject,what", "fields=", "fields=id,id", "count=all", "order_by=comment", "after=3", "filter=x"):
            self.page(more, 422)

    def test_command(self):
        query = 'CN -startswith "inv"'
        found = env.admin("cert", "search", query, "--json", "--order-by", "subject", "--desc")
        self.assertEqual(found, self.entries(olga, query, "order_by=subject&order=desc"))
        lines = env.admin("cert", "search", query, "--jsonl", "--limit", "0", "--fields", "id,sans").splitlines()
        self.assertEqual([json.loads(line) for line in lines], self.entries(olga, query, "order_by=id&fields=id,sans"))
        table = list(csv.DictReader(io.StringIO(env.admin("cert", "search", query, "--csv", "--limit", "3"), newline="")))
        self.assertEqual([(int(r["id"]), r["sans"].split("; "), r["subject"]) for r in table],
                         [(e["id"], e["sans"], e["subject"]) for e in self.entries(olga, query)[:3]])
        self.assertIn("inv0.example.test", env.admin("cert", "search", query))
        for wrong, code in (([query, "--fields", "what"], 2), ([query, "--order-by", "what"], 1), ([query, "--csv", "--json"], 2), (["What -eq 1"], 1)):
            done = env.admin("cert", "search", *wrong, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(b"column 1", done.stderr)

    def test_a_mistake_has_its_column(self):
        for query, said in (("Departmnt -eq \"IT\"", 'column 1: there is no field "Departmnt", did you mean "Department"?'),
                            ("Id -eq 1 AND Id = 2", "column 17: expected an operator"), ("", "column 1: expected the name of a field"),
                            ("Id -eq 1" + " OR Id -eq 1" * 40, "more than 40 tests"), ("(" * 100, "too many brackets")):
            with self.subTest(query[:40]):
                answer = self.page("limit=1", 400, query=query)
                self.assertIn(said, answer["message"])
                self.assertEqual(answer["message"], "query: " + answer["errors"]["query"][0])


class MetadataFields(Case):
    NEW = {"type": "multiplechoice", "options": ["low", "high"], "default": "low", "hint": "how bad", "description": "of an outage", "display_order": 3,
           "allow_api": False, "explicit_update": True, "owner_sets": True, "indexed": False}

    def define(self, name, body, status, code=None, who=admin):
        return self.expect(who.call("PUT", "/pki/metadata/" + name, body), status, code).json

    def test_from_definition_to_removal(self):
        made = self.define("Impact", self.NEW, 201)
        self.assertEqual(made, {**self.NEW, "name": "Impact", "type": "MultipleChoice", "required": False, "regex": None, "message": None})
        env.await_catalog()
        for who in (alice, olga, otto, admin):
            self.assertEqual(self.expect(who.get("/pki/metadata/IMPACT"), 200).json, made)
            names = [f["name"] for f in self.expect(who.get("/pki/metadata"), 200).json["entries"]]
            self.assertEqual(names[-1], "Impact")  # the others have order 0
        self.assertEqual(env.admin("metadata", "show", "impact", "--json"), made)
        number = self.expect(alice.submit(), 201).json["id"]
        self.assertEqual(alice.get(f"/pki/request/{number}").json["metadata"]["Impact"], "low")
        env.admin("metadata", "set", "Impact", "--no-explicit-update", "--api", "--order", "0", "--option", "low", "--option", "mid", "--description", "")
        env.await_catalog()
        self.assertEqual(admin.get("/pki/metadata/Impact").json,
                         {**made, "options": ["low", "mid"], "description": None, "display_order": 0, "allow_api": True, "explicit_update": False})
        self.define("impact", {"type": 1, "name": "IMPACT"}, 200)
        env.await_catalog()
        self.assertEqual(admin.get("/pki/metadata/Impact").json["type"], "String")
        self.expect(admin.call("DELETE", "/pki/metadata/impact"), 204)
        self.expect(admin.call("DELETE", "/pki/metadata/impact"), 404, "not_found")
        env.await_catalog()
        self.expect(alice.get("/pki/metadata/Impact"), 404, "not_found")
        self.assertEqual(self.expect(alice.submit(metadata={"Impact": "low"}), 400).json["code"], "metadata")
        self.assertEqual(env.sql("select event from audit where object ilike 'impact' and event like 'metadata%' order by id"),
                         [["metadata_field.set"]] * 3 + [["metadata_field.removed"]])

    def test_only_administrators_write(self):
        for who in (alice, olga, otto):
            self.define("Impact", self.NEW, 403, "forbidden", who)
            self.expect(who.call("DELETE", "/pki/metadata/Department"), 403, "forbidden")
        self.expect(Client(env).request("GET", "/pki/metadata"), 401)
        self.expect(admin.call("PUT", "/pki/metadata/Impact", self.NEW, Origin="https://evil.example"), 403, "cross_site")

    def test_wrong_definitions(self):
        for body, wrong in (({}, "type"), ({"type": "Text"}, "type"), ({"type": 8}, "type"), ({"type": 5}, "options"), ({"type": 1, "regex": "("}, "regex"),
                            ({"type": 1, "regex": "(a)\\2"}, "regex"), ({"type": 2, "default": "x"}, "default"), ({"type": 1, "colour": "red"}, "body"),
                            ({"type": 1, "name": "other"}, "name"), ({"type": 1, "id": 7}, "id"), ({"type": 1, "display_order": "x"}, "display_order"),
                            ({"type": 1, "hint": "x" * 401}, "hint"), ({"type": 5, "options": ["x"] * 257}, "options")):
            with self.subTest(body=body):
                self.assertIn(wrong, self.define("Impact", body, 422, "validation")["errors"])
        self.define("a.b", {"type": 1}, 422)
        self.expect(admin.call("PUT", "/pki/metadata/Impact", b"[1", Content_Type="application/json"), 400)
        self.expect(admin.call("PUT", "/pki/metadata/Impact", b"x", Content_Type="text/plain"), 415)
        self.expect(admin.call("PUT", "/pki/metadata/Impact", b" " * (128 * 1024 + 1), Content_Type="application/json"), 413)
        self.expect(admin.get("/pki/metadata/Impact"), 404)


class MetadataValues(Case):
    @classmethod
    def setUpClass(cls):
        env.admin("metadata", "add", "CaseNo", "--type", "String", "--owner", "--regex", "^[A-Z]+-[0-9]+$")
        env.admin("metadata", "add", "Until", "--type", "Date", "--explicit-update")
        env.await_catalog()
        cls.number = alice.submit(metadata={"Department": "IT", "Cost-Center": 7}).json["certificate"]["id"]
        cls.path = f"/pki/certificate/{cls.number}/metadata"

    @classmethod
    def tearDownClass(cls):
        for name in ("CaseNo", "Until"):
            env.admin("metadata", "remove", name, "--yes")
        env.await_catalog()

    def setUp(self):
        reply = self.expect(olga.get(self.path), 200)
        now = reply.json
        if now != {"Department": "IT", "Cost-Center": 7}:
            self.put({"Department": "IT", "Cost-Center": 7}, reply.headers["etag"], more="?overwrite=yes")

    def put(self, body, etag=None, who=olga, status=200, code=None, more=""):
        return self.expect(who.call("PUT", self.path + more, body, **({"If_Match": etag} if etag is not None else {})), status, code)

    def merge(self, body, who=olga, status=200, code=None, etag=None, more=""):
        return self.put(body, etag, who, status, code, "?merge=yes" + more)

    def etag(self):
        return olga.get(self.path).headers["etag"]

    def history(self):
        return self.expect(olga.get(self.path + "/history?order=newest"), 200).json["entries"]

    def test_read_change_and_history(self):
        for who in (alice, olga, otto, admin):
            self.assertEqual(self.expect(who.get(self.path), 200).json, {"Department": "IT", "Cost-Center": 7})
        before, audited = self.history(), env.count("select count(*) from audit where event = 'cert.metadata-changed'")
        etag = self.etag()
        reply = self.merge({"department": "HR", "Until": "2027-1-2", "Cost-Center": None}, etag=etag)
        self.assertEqual(reply.json, {"Department": "HR", "Until": "2027-01-02"})
        self.assertNotEqual(reply.headers["etag"], etag)
        self.assertEqual(reply.headers["etag"], self.etag())
        new = self.history()[:len(self.history()) - len(before)]
        self.assertEqual(sorted((h["field"], h["old"], h["new"]) for h in new), [("Cost-Center", 7, None), ("Department", "IT", "HR"), ("Until", None, "2027-01-02")])
        self.assertEqual({h["actor"].rpartition("\\")[2] for h in new}, {"olga"})
        serial = olga.get(f"/pki/certificate/{self.number}").json["serial"]
        self.assertEqual(env.sql("select object, detail, outcome from audit where event = 'cert.metadata-changed' order by id desc limit 1"),
                         [[serial, "Department, Until, Cost-Center", "success"]])
        self.assertEqual(self.merge({"Department": "HR"}).headers["etag"], reply.headers["etag"])  # nothing changes: no row
        self.assertEqual(env.count("select count(*) from audit where event = 'cert.metadata-changed'"), audited + 1)
        self.assertEqual([e["id"] for e in Inventory.entries(olga, f'Id -eq {self.number} AND Department -eq "hr" AND Until -lt "2027-02-01"')], [self.number])
        self.merge({"Until": "2028-01-01"}, status=400, code="metadata")
        self.assertEqual(self.merge({"Until": "2028-01-01"}, more="&overwrite=yes").json["Until"], "2028-01-01")
        page = olga.get(self.path + "/history?limit=1").json
        self.assertEqual(len(page["entries"]), 1)
        self.assertNotIn(page["entries"][0], olga.get(self.path + f"/history?after={page['next']}").json["entries"])

    def test_by_command(self):
        self.assertEqual(env.admin("cert", "metadata", "set", str(self.number), "CaseNo=AB-1", "Cost-Center=", "--json"), {"Department": "IT", "CaseNo": "AB-1"})
        self.assertEqual(env.admin("cert", "metadata", "show", str(self.number), "--json"), {"Department": "IT", "CaseNo": "AB-1"})
        self.assertEqual(env.admin("cert", "metadata", "history", str(self.number), "--json")[-1]["field"], "Cost-Center")
        self.assertIn(b"pattern", env.admin("cert", "metadata", "set", str(self.number), "CaseNo=x", check=False).stderr)
        before = env.count(f"select count(*) from metadata_change where certificate_id = {self.number}")
        env.sql(f"insert into metadata_change (certificate_id, actor, actor_kind, field) select {self.number}, 'many', 1, 'Stage' from generate_series(1, 2001)")
        self.assertEqual(len(env.admin("cert", "metadata", "history", str(self.number), "--json")), before + 2001)
        env.sql("delete from metadata_change where actor = 'many'")

    def test_replacing_needs_what_was_read(self):
        self.put({}, status=428)
        etag = self.etag()
        self.put({"Department": "HR"}, etag='"0123"', status=412, code="precondition")
        self.put({"Department": "HR"}, etag="W/" + etag, status=412)
        self.assertEqual(self.put({"Department": "HR"}, etag=etag).json, {"Department": "HR"})
        self.put({"Department": "IT"}, etag=etag, status=412)

    def test_race(self):
        """Of sixteen who replace what they all read, one does; of sixteen who merge, all do."""
        def race(work):
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                return list(pool.map(work, range(16)))
        etag, path, before = self.etag(), self.path, len(self.history())

        def each():
            return Person("olga", olga.password)
        replies = race(lambda n: each().call("PUT", path, {"Department": f"D{n}"}, If_Match=etag).status)
        self.assertEqual(sorted(replies), [200] + [412] * 15)
        self.assertEqual(len(self.history()), before + 2)
        replies = race(lambda n: each().call("PUT", path + "?merge=yes", {"Department": f"E{n}"}).status)
        self.assertTrue(set(replies) <= {200, 412}, replies)
        done = replies.count(200)
        self.assertGreater(done, 0)
        self.assertEqual(len(self.history()), before + 2 + done)
        chain = [(h["old"], h["new"]) for h in self.history()[:done]]
        self.assertTrue(all(newer[0] == older[1] for newer, older in zip(chain, chain[1:])), chain)  # none was lost

    def test_rights(self):
        """Others' certificates by guessed ids; fields that are not the owner's."""
        refused = env.count("select count(*) from audit where event = 'cert.metadata-refused'")
        self.expect(bob.get(self.path), 403, "forbidden")
        self.expect(bob.get(self.path + "/history"), 403, "forbidden")
        self.merge({"CaseNo": "AB-1"}, bob, 403, "forbidden")
        self.merge({"CaseNo": "AB-1"}, otto, 403, "forbidden")  # who reads
        self.assertEqual(self.merge({"CaseNo": "AB-1"}, alice).json["CaseNo"], "AB-1")
        self.merge({"Department": "HR"}, alice, 403, "forbidden")
        self.merge({"CaseNo": "AB-2", "Department": "HR"}, alice, 403, "forbidden")
        self.assertEqual(self.put({}, self.etag(), alice).json, {"Department": "IT", "Cost-Center": 7})
        self.assertEqual(env.count("select count(*) from audit where event = 'cert.metadata-refused'"), refused + 4)
        self.expect(Client(env).request("GET", self.path), 401)
        for who in (alice, olga):
            self.expect(who.get("/pki/certificate/999999/metadata"), 404)
            self.expect(who.call("PUT", "/pki/certificate/999999/metadata?merge=yes", {}), 404)
        self.merge({"CaseNo": "AB-1"}, olga, 200)
        self.expect(alice.call("PUT", self.path + "?merge=yes", {}, Origin="https://evil.example"), 403, "cross_site")

    def test_hostile_values(self):
        etag = self.etag()
        for body, status in (({"CaseNo": "ab"}, 400), ({"Nope": 1}, 400), ({"Department": "a\x00b"}, 400), ({"Department": "a\x07"}, 400),
                             ({"Department": "a\nb"}, 400), ({"Department": ["x"]}, 400), ({"Department": {"$gt": ""}}, 400), ({"Cost-Center": "1 OR 1=1"}, 400),
                             ({"Cost-Center": 2**70}, 400), ({"Department": "x" * 401}, 400), ({f"f{n}": 1 for n in range(200)}, 400),
                             (b'{"Department":"a","Department":"b"}', 400), (b'{"Department":"a"', 400), (b"[]", 400), (b" " * (128 * 1024 + 1), 413)):
            with self.subTest(body=str(body)[:60]):
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                reply = olga.call("PUT", self.path + "?merge=yes", raw, Content_Type="application/json")
                self.assertEqual(reply.status, status, reply.body)
                self.assertEqual(self.etag(), etag)
        for value in ("'; DROP TABLE certificate; --", '"}, "x": {"a": 1', "\\u0000", "%s%n$1", "\u202e\U0001f600"):
            self.assertEqual(self.merge({"Department": value}).json["Department"], value)
            self.assertEqual(self.history()[0]["new"], value)
        self.merge({}, status=422, more="&force=yes")
        self.merge({}, status=422, more="&overwrite=maybe")
        self.expect(olga.call("PUT", self.path + "?merge=yes", b"x", Content_Type="text/plain"), 415)


class Statistics(Case):
    maxDiff = None
    def counted(self, more=""):
        return self.expect(olga.get("/pki/certificates/statistics" + more), 200).json

    def scanned(self):
        """The same from the rows."""
        rows = env.sql("select case when c.status <> 21 then case when c.not_after < now() then 'expired' else 'active' end when exists "
                       "(select from revocation h where h.certificate_id = c.id and h.reason = 6) then 'hold' else 'revoked' end, ca.name, "
                       "coalesce(c.template, ''), date_trunc('week', c.not_after at time zone 'UTC')::date, coalesce(left(c.metadata->>'Department', 200), ''), "
                       "(c.not_before at time zone 'UTC')::date "
                       "from certificate c left join ca on ca.id = ca_id")
        week = env.sql("select date_trunc('week', now() at time zone 'UTC')::date")[0][0]
        first, today = env.sql("select (now() at time zone 'UTC')::date - 29, (now() at time zone 'UTC')::date")[0]
        states, cas, templates, _, values, _ = (Counter(r[i] for r in rows) for i in range(6))
        del cas[""]  # from elsewhere
        days = Counter(r[5] for r in rows if r[1] != "")
        weeks = Counter(r[3] for r in rows if r[0] in ("active", "expired") and r[3] >= week)
        return {"total": len(rows), "by_state": {s: states[s] for s in ("active", "expired", "revoked", "hold")}, "by_ca": dict(cas),
                "by_template": {t or None: n for t, n in templates.items()}, "by_expiry_week": dict(weeks),
                "by_issue_day": {d: n for d, n in days.items() if first <= d <= today}, "by_metadata": {v: n for v, n in values.items() if v}}

    def assert_counted(self):
        found, wanted = self.counted("?metadata=department"), self.scanned()
        for name, key in (("by_ca", "ca"), ("by_template", "template"), ("by_expiry_week", "begins"), ("by_issue_day", "day"), ("by_metadata", "value")):
            found[name] = {row[key]: row["count"] for row in found[name]}
        found["by_ca"].pop(None)  # issuers elsewhere
        self.assertEqual({k: found[k] for k in wanted}, wanted)
        self.assertEqual(sum(row["count"] for row in found["by_key"]), found["total"])
        return found

    def test_counters_are_right_after_each_change(self):
        """Issued, put on hold, released, revoked, expired, changed, removed, counted anew; with changes that wait and without."""
        certs = []
        for _ in range(4):
            number = alice.submit(metadata={"Department": "Counted"}).json["id"]
            certs.append(env.sql(f"select certificate_id from request where id = {number}")[0][0])
        self.assertEqual(self.assert_counted()["by_metadata"]["Counted"], 4)
        self.assertIn("EC P-256", {row["key"] for row in self.counted()["by_key"]})

        def change(cert, status, reason=None):
            etag = olga.get(f"/pki/certificate/{cert}/status").headers["etag"]
            body = {"status": status, **({"reason": reason} if reason else {})}
            self.expect(olga.call("PUT", f"/pki/certificate/{cert}/status", body, If_Match=etag), 200)
            self.assert_counted()
        change(certs[0], "hold")
        self.assertGreaterEqual(self.counted()["by_state"]["hold"], 1)
        change(certs[0], "valid")
        change(certs[0], "revoked", "keyCompromise")
        env.admin("job", "run", "inventory")
        self.assertEqual(env.count("select count(*) from certificate_change"), 0)
        before = self.assert_counted()
        for sql in (f"update certificate set not_after = now() - interval '1 second' where id = {certs[1]}",
                    f"update certificate set not_after = now() - interval '30 days' where id = {certs[2]}",
                    f"update certificate set not_before = now() - interval '3 days' where id = {certs[0]}",
                    f"update certificate set not_before = now() - interval '31 days' where id = {certs[3]}",
                    f"update certificate set metadata = '{{\"Department\": \"Moved\"}}' where id = {certs[3]}",
                    *(f"update certificate set metadata = '{v}' where id = {certs[1]}" for v in ("[1]", '"Department"', "null"))):  # no objects
            env.sql(sql)
            self.assert_counted()
        env.admin("job", "run", "inventory")
        env.sql("select certificate_recount()")
        self.assert_counted()
        env.sql(f"delete from certificate where id in ({certs[1]}, {certs[2]}, {certs[3]})")
        self.assertEqual(self.assert_counted()["total"], before["total"] - 3)
        env.admin("job", "run", "inventory")
        self.assert_counted()
        env.sql("select certificate_recount()")
        self.assert_counted()

    def test_counters_are_compared_and_repaired(self):
        self.assertEqual(env.admin("db", "counters", "--json")["different"], 0)
        self.assertIn("ok", env.admin("db", "counters"))
        for n, sql in enumerate(("update certificate_count set n = n + 7 where n > 0 and ctid = (select min(ctid) from certificate_count where n > 0)", "delete from certificate_issued_count",
                                 "insert into certificate_metadata_count values ('Depart''ment', 'x', 3)",
                                 "insert into certificate_change (n, ca_id, template, key, revoked, ends) values (-2, 1, 'None', 'RSA 1', false, '2020-01-01')",
                                 "set session_replication_role = replica; update certificate set metadata = '{\"Department\": \"Unseen\"}' where id = (select max(id) from certificate)")):
            env.psql(sql, "postgres")
            done = env.admin("db", "counters", "--json", check=False)
            self.assertEqual(done.returncode, 1, (sql, done.stderr))
            wrong = json.loads(done.stdout)
            self.assertGreater(wrong["different"], 0)
            self.assertFalse(wrong["repaired"])
            kinds = {d["counter"] for d in wrong["differences"]}
            self.assertEqual(kinds, {("kind", "issued", "metadata", "kind", "metadata")[n]}, sql)
            repaired = env.admin("db", "counters", "--repair", "--json")
            self.assertEqual((repaired["different"], repaired["repaired"]), (wrong["different"], True))
            self.assertEqual(env.admin("db", "counters", "--json")["different"], 0)
            env.admin("job", "run", "inventory")
            self.assertEqual(env.admin("db", "counters", "--json")["different"], 0)
        self.assertEqual(env.count("select count(*) from audit where event = 'inventory.recounted'"), 5)

    def test_who_sees_statistics(self):
        for who in (olga, otto, admin):
            self.expect(who.get("/pki/certificates/statistics"), 200)
        for who in (alice, bob):
            self.expect(who.get("/pki/certificates/statistics"), 403)
        self.assertIsNone(self.counted()["by_metadata"])
        for more in ("?metadata=What", "?metadata=", "?by=ca"):
            self.expect(olga.get("/pki/certificates/statistics" + more), 422, "validation")


class KeyfactorWithoutKra(Case):
    def test_keys_are_not_made(self):
        reply = self.expect(alice.call("POST", "/KeyfactorAPI/Enrollment/PFX", {"Template": "User", "Password": "a password of fourteen"}), 501)
        self.assertIn("no key recovery authority", reply.json["Message"])


class CrossSite(Case):
    """A page of another site makes a browser send what it remembers for us: Basic credentials, a client certificate."""

    def test_foreign_page(self):
        number = self.pending("foreign.example.test")
        before = self.requests()
        host = f"{alice.client.host}:{alice.client.port}"
        for head in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"},
                     {"Sec_Fetch_Site": "same-site", "Origin": f"https://intranet.{host}"}):
            with self.subTest(head=head):
                self.expect(alice.submit(**head), 403, "cross_site")
                self.expect(alice.call("POST", "/pki/request/User", CSR, Content_Type="application/pkcs10", **head), 403, "cross_site")
                self.expect(carol.call("PUT", f"/pki/request/{number}/status", {"status": "approved"}, If_Match='"v1"', **head),
                            403, "cross_site")
        # what a form or fetch() without a preflight can send
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            self.expect(alice.call("POST", "/pki/request/User", CSR, Content_Type=kind), 415)
        self.assertEqual(self.requests(), before)
        self.assertEqual(olga.get(f"/pki/request/{number}/status").json["version"], 1)

    def test_own_page(self):
        origin = f"https://{alice.client.host}:{alice.client.port}"
        self.expect(alice.submit(Origin=origin, Sec_Fetch_Site="same-origin"), 201)

    def test_preflight_permits_nothing(self):
        reply = alice.client.request("OPTIONS", "/pki/request/User", None,
                                     {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
        self.assertGreaterEqual(reply.status, 400)
        self.assertFalse([name for name in reply.headers if name.startswith("access-control-")])


if __name__ == "__main__":
    tap.main()
