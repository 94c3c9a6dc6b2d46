#!/usr/bin/env python3
"""Revocation through every door of a running gateway: REST, Keyfactor's Revoke, the command. Who may, what may follow
what, and what wrong input gets."""

import base64
import concurrent.futures
import datetime
import hashlib
import json
import subprocess
import unittest
import urllib.parse
import urllib.request

import client
import der
import ocsp
import tap
from client import Client
from environment import Environment, wait_for
from person import Person

env = Environment("revocation", GATEHOUSE_CONF_EXTRA='roles {\n officer_groups = "pki-officers"\n}')
KEY = der.Key(env.scratch, "ec:P-256")
REVOKE = "/CMSApi/Certificates/3/Revoke"


class Caller(Person):
    def __init__(self, user, password):
        super().__init__(user, password, env)

    def put(self, number, value, **headers):
        return self.send("PUT", f"/pki/certificate/{number}/status", value, **headers)


var = env.var
officer = Caller(var["GATEHOUSE_OFFICER_USER"], var["GATEHOUSE_OFFICER_PASSWORD"])
admin = Caller(var["GATEHOUSE_ADMIN_USER"], var["GATEHOUSE_ADMIN_PASSWORD"])
auditor = Caller(var["GATEHOUSE_AUDITOR_USER"], var["GATEHOUSE_AUDITOR_PASSWORD"])
alice = Caller(var["GATEHOUSE_USER"], var["GATEHOUSE_PASSWORD"])
bob = Caller("bob", "bob-secret")
# officer by her group; her password is checked faster than a local administrator's
carol = Caller("carol", "carol-secret")


def issue():
    """A new certificate of alice: the answer of CertEnroll."""
    reply = Client(env).enroll(der.csr(KEY), flags=1)
    assert reply.status == 200, reply.body
    return reply.json


def now(days=0.0):
    t = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


class Case(unittest.TestCase):
    def setUp(self):
        self.answer = issue()
        self.number = self.answer["CMSID"]

    def expect(self, reply, status):
        self.assertEqual(reply.status, status, reply.body)
        return reply.json

    def row(self):
        return env.sql("select c.status, c.version, coalesce(r.reason, -1), r.removed_at is not null from "
                       f"certificate c left join revocation r on r.certificate_id = c.id where c.id = {self.number}")[0]

    def events(self, event):
        return env.count(f"select count(*) from audit where event = '{event}' and object = "
                         f"'{self.answer['SerialNumber']}'")


class Rest(Case):
    def test_revoke(self):
        reply = officer.put(self.number, {"status": "revoked", "reason": "keyCompromise", "invalidity_date": now(0),
                                      "comment": "lost with the laptop, Grüße"})
        body = self.expect(reply, 200)
        self.assertEqual((body["status"], body["reason"], body["reason_code"], body["version"]),
                         ("revoked", "keyCompromise", 1, 2))
        self.assertEqual(body["comment"], "lost with the laptop, Grüße")
        self.assertEqual(body["revoked_by"], "olga")
        self.assertEqual(reply.headers["etag"], '"v2"')
        self.assertEqual(self.row(), ["21", "2", "1", "f"])
        self.assertEqual(self.events("cert.revoked"), 1)
        again = officer.get(f"/pki/certificate/{self.number}/status")
        self.assertEqual((again.json, again.headers["etag"]), (body, '"v2"'))

    def test_final_is_final(self):
        self.expect(officer.put(self.number, {"status": "revoked"}), 200)
        for value in ({"status": "valid"}, {"status": "hold"}, {"status": "revoked", "reason": 1}):
            body = self.expect(officer.put(self.number, value), 409)
            self.assertEqual(body["code"], "conflict")
            self.assertIn("final", body["message"])
        self.assertEqual(self.row(), ["21", "2", "0", "f"])
        self.assertEqual(self.events("cert.revoke-refused"), 3)

    def test_hold_and_back_and_revoked(self):
        self.expect(officer.put(self.number, {"status": "valid"}), 409)
        self.assertEqual(self.expect(officer.put(self.number, {"status": "hold"}), 200)["status"], "hold")
        self.expect(officer.put(self.number, {"status": "hold"}), 409)
        body = self.expect(officer.put(self.number, {"status": "valid", "reason": "removeFromCRL"}), 200)
        self.assertEqual(body["status"], "valid")
        self.assertIsNotNone(body["removed_at"])
        self.assertEqual(self.row(), ["20", "3", "6", "t"])
        held = self.expect(officer.put(self.number, {"status": "revoked", "reason": 6}), 200)
        self.assertEqual((held["status"], held["version"]), ("hold", 4))
        body = self.expect(officer.put(self.number, {"status": "revoked", "reason": "superseded"}), 200)
        self.assertEqual(body["revoked_at"], held["revoked_at"], "a hold that is made final keeps its date")
        self.assertEqual(self.row(), ["21", "5", "4", "f"])
        self.assertEqual([self.events(f"cert.{e}") for e in ("held", "unheld", "revoked")], [2, 1, 1])

    def test_all_reasons(self):
        for number, name in ((0, "unspecified"), (1, "keyCompromise"), (2, "cACompromise"),
                             (3, "Affiliation_Changed"), (4, "superseded"), (5, "CessationOfOperation"),
                             (9, "privilege_withdrawn"), (10, "aACompromise")):
            for value in (number, str(number), name):
                with self.subTest(reason=value):
                    body = self.expect(carol.put(issue()["CMSID"], {"status": "revoked", "reason": value}), 200)
                    self.assertEqual(body["reason_code"], number)

    def test_if_match(self):
        self.expect(officer.put(self.number, {"status": "hold"}, If_Match='"v1"'), 200)
        for stale in ('"v1"', 'W/"v2"', '"v22"', "v2", '"v1", "v3"'):
            body = self.expect(officer.put(self.number, {"status": "revoked"}, If_Match=stale), 412)
            self.assertEqual(body["code"], "precondition")
        self.assertEqual(self.row(), ["21", "2", "6", "f"])
        self.expect(officer.put(self.number, {"status": "valid"}, If_Match="*"), 200)
        self.expect(officer.put(self.number, {"status": "revoked"}, If_Match='"v9", "v3"'), 200)

    def test_two_officers_one_decision(self):
        def revoke(n):
            return officer.put(self.number, {"status": "revoked", "reason": 1 + n % 5}, If_Match='"v1"').status
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            codes = sorted(pool.map(revoke, range(8)))
        self.assertEqual(codes, [200] + [412] * 7)
        self.assertEqual(env.count(f"select count(*) from revocation where certificate_id = {self.number}"), 1)
        self.assertEqual(self.events("cert.revoked"), 1)

    def test_by_serial_and_issuer_or_thumbprint(self):
        serial, issuer = self.answer["SerialNumber"], self.answer["IssuerDN"]
        colons = ":".join(serial[i:i + 2] for i in range(0, len(serial), 2)).lower()
        backwards = ",".join(reversed(issuer.lower().split(", ")))
        for query in ({"serial": serial, "issuer": issuer}, {"serial": "0x00" + serial.lower(), "issuer": backwards},
                      {"serial": colons}, {"thumbprint": self.answer["Thumbprint"].lower()}):
            path = "/pki/certificate?" + urllib.parse.urlencode(query)
            body = self.expect(carol.get(path), 200)
            self.assertEqual((body["id"], body["status"], body["issuer"]), (self.number, "valid", issuer))
            path = "/pki/certificate/status?" + urllib.parse.urlencode(query)
            self.assertEqual(self.expect(carol.get(path), 200)["version"], 1)
        self.expect(carol.get(f"/pki/certificate?serial={serial}&issuer=CN%3Dother"), 404)
        body = self.expect(officer.send("PUT", path, {"status": "revoked", "reason": 4}), 200)
        self.assertEqual((body["id"], body["reason"]), (self.number, "superseded"))
        sha256 = carol.get(f"/pki/certificate/{self.number}").json["sha256"]
        self.assertEqual(self.expect(carol.get(f"/pki/certificate/status?thumbprint={sha256}"), 200)["id"], self.number)

    def test_certificate_in_three_forms(self):
        path = f"/pki/certificate/{self.number}"
        raw = base64.b64decode(self.answer["Certificates"])
        reply = officer.get(path)
        body = self.expect(reply, 200)
        self.assertEqual(reply.headers["etag"], '"v1"')
        self.assertEqual(body["pem"], client.to_pem(raw))
        self.assertEqual((body["thumbprint"], body["ca"]), (self.answer["Thumbprint"], "issuing"))
        self.assertNotIn("der", body)
        for reply in (officer.get(path, Accept="application/pkix-cert"), officer.get(path + "?format=der")):
            self.assertEqual((reply.status, reply.headers["content-type"], reply.body),
                             (200, "application/pkix-cert", raw))
        for reply in (officer.get(path, Accept="application/x-pem-file"), officer.get(path + "?format=pem")):
            self.assertEqual((reply.headers["content-type"], reply.body.decode()),
                             ("application/x-pem-file", client.to_pem(raw)))
        self.assertEqual(self.expect(officer.get(path + "?format=text"), 422)["errors"].keys(), {"format"})

    def test_wrong_input(self):
        wrong = (
            ({}, "status"), ({"status": "gone"}, "status"), ({"status": 3}, "status"), ({"status": ""}, "status"),
            ({"status": "revoked", "reason": 7}, "reason"), ({"status": "revoked", "reason": 11}, "reason"),
            ({"status": "revoked", "reason": -1}, "reason"), ({"status": "revoked", "reason": "stolen"}, "reason"),
            ({"status": "revoked", "reason": 8}, "reason"), ({"status": "revoked", "reason": []}, "reason"),
            ({"status": "valid", "reason": 1}, "reason"), ({"status": "hold", "reason": 1}, "reason"),
            ({"status": "revoked", "reason": 1.5}, "reason"), ({"status": "revoked", "reson": 1}, "reson"),
            ({"status": "revoked", "invalidity_date": "yesterday"}, "invalidity_date"),
            ({"status": "revoked", "invalidity_date": 5}, "invalidity_date"),
            ({"status": "revoked", "invalidity_date": now(1)}, "invalidity_date"),
            ({"status": "revoked", "invalidity_date": now(-5)}, "invalidity_date"),
            ({"status": "revoked", "comment": "x" * 1025}, "comment"),
            ({"status": "revoked", "comment": "a\nb"}, "comment"), ({"status": "revoked", "comment": {}}, "comment"),
        )
        for value, field in wrong:
            with self.subTest(value=str(value)[:60]):
                body = self.expect(carol.put(self.number, value), 422)
                self.assertEqual((body["code"], list(body["errors"])), ("validation", [field]), body)
        body = self.expect(carol.put(self.number, {"reason": "x", "comment": 1}), 422)
        self.assertEqual(body["errors"].keys(), {"status", "reason", "comment"})
        self.expect(carol.put(self.number, b"{"), 400)
        self.expect(carol.put(self.number, b"[]"), 400)
        self.expect(carol.put(self.number, b'{"status":"revoked"}', Content_Type="text/plain"), 415)
        for query, field in (("", "serial"), ("?serial=xyz", "serial"), ("?thumbprint=", "thumbprint"),
                             ("?thumbprint=1g", "thumbprint"), ("?issuer=CN%3Da&thumbprint=11", "issuer"),
                             ("?serial=1&thumbprint=11", "serial")):
            with self.subTest(query=query):
                body = self.expect(carol.get("/pki/certificate" + query), 422)
                self.assertIn(field, body["errors"])
        self.expect(carol.get("/pki/certificate?serial=1&serial=2"), 400)
        self.assertEqual(self.row(), ["20", "1", "-1", "f"])
        # the longest that is allowed
        self.expect(carol.put(self.number, {"status": "revoked", "comment": "ü" * 1024}), 200)

    def test_unknown(self):
        for path in ("/pki/certificate/999999999", "/pki/certificate/999999999/status",
                     "/pki/certificate?serial=01", "/pki/certificate?thumbprint=" + "0" * 40):
            self.assertEqual(self.expect(officer.get(path), 404)["code"], "not_found")
        self.expect(officer.put(999999999, {"status": "revoked"}), 404)
        self.assertEqual(self.expect(officer.get("/pki/certificate/0/status"), 404)["code"], "not_found")
        self.expect(officer.send("DELETE", f"/pki/certificate/{self.number}/status"), 405)


class CrossSite(Case):
    """A page of another site makes a browser send what it remembers for us: Basic credentials, a client certificate."""

    def page(self, method, path, value, **headers):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        head = {"Authorization": carol.basic, **{k.replace("_", "-"): v for k, v in headers.items()}}
        return carol.client.request(method, path, body, head)

    def test_foreign_page(self):
        host = f"{carol.client.host}:{carol.client.port}"
        revoke = {"Lookup": {"Type": "CMSID", "CMSID": self.number}, "Details": {"Reason": 4}}
        foreign = (
            # as fetch() in mode no-cors sends them: a string, a form, a Blob without a type
            {"Content_Type": "text/plain;charset=UTF-8", "Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"},
            {"Content_Type": "application/x-www-form-urlencoded", "Origin": "https://evil.example"},
            {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site", "Origin": f"https://intranet.{host}"},
            {"Content_Type": "application/json", "Origin": "https://evil.example"},
            {"Content_Type": "application/json", "Origin": f"http://{host}"},
            {"Content_Type": "application/json", "Origin": f"https://{carol.client.host}"})
        for head in foreign:
            for method, path, value in (("POST", REVOKE, revoke), ("PUT", f"/pki/certificate/{self.number}/status",
                                                                   {"status": "revoked"})):
                with self.subTest(head=head, path=path):
                    self.assertEqual(self.page(method, path, value, **head).status, 403)
        # a form of a browser that names no page
        self.assertEqual(self.page("POST", REVOKE, revoke, Content_Type="text/plain").status, 415)
        self.assertEqual(self.row(), ["20", "1", "-1", "f"])
        self.assertEqual(self.events("cert.revoke-refused"), 0)

    def test_own_page_and_no_page(self):
        origin = f"https://{carol.client.host}:{carol.client.port}"
        path = f"/pki/certificate/{self.number}/status"
        self.expect(self.page("PUT", path, {"status": "hold"}, Content_Type="application/json", Origin=origin,
                              Sec_Fetch_Site="same-origin"), 200)
        self.expect(self.page("PUT", path, {"status": "valid"}, Content_Type="application/json", Origin=origin), 200)
        reply = self.page("POST", REVOKE, {"Lookup": {"Type": "CMSID", "CMSID": self.number}, "Details": {"Reason": 4}})
        self.assertEqual(reply.status, 200, reply.body)

    def test_preflight_permits_nothing(self):
        reply = carol.client.request("OPTIONS", REVOKE, None, {"Origin": "https://evil.example",
                                     "Access-Control-Request-Method": "POST"})
        self.assertGreaterEqual(reply.status, 400)
        self.assertFalse([name for name in reply.headers if name.startswith("access-control-")])


class Who(Case):
    def test_strangers_and_other_roles_may_not(self):
        env.admin("user", "create", "adam", "--role", "admin", "--password-file", env.dir / "state" / "admin.password")
        adam = Caller("adam", var["GATEHOUSE_ADMIN_PASSWORD"])
        for n, who in enumerate((bob, adam, auditor)):
            self.expect(who.put(self.number, {"status": "revoked"}), 403)
            self.assertEqual(self.events("cert.revoke-refused"), n + 1)
        # no right, no hint: neither the version nor the state is told
        self.expect(bob.put(self.number, {"status": "revoked"}, If_Match='"v7"'), 403)
        self.assertEqual(self.row(), ["20", "1", "-1", "f"])

    def test_nobody(self):
        reply = Client(env).request("PUT", f"/pki/certificate/{self.number}/status", b'{"status":"revoked"}',
                                    {"Content-Type": "application/json"})
        self.assertEqual(reply.status, 401)
        self.assertIn("www-authenticate", reply.headers)
        wrong = Caller(var["GATEHOUSE_OFFICER_USER"], "wrong")
        self.expect(wrong.put(self.number, {"status": "revoked"}), 401)

    def test_owner(self):
        for value in ({"status": "hold"}, {"status": "revoked", "reason": 6}, {"status": "revoked", "reason": 2},
                      {"status": "revoked", "reason": 9}, {"status": "revoked", "reason": 10}):
            self.expect(alice.put(self.number, value), 403)
        self.expect(officer.put(self.number, {"status": "hold"}), 200)
        self.expect(alice.put(self.number, {"status": "valid"}), 403)
        body = self.expect(alice.put(self.number, {"status": "revoked", "reason": "keyCompromise"}), 200)
        self.assertEqual(body["revoked_by"], env.sql(f"select requester from certificate where id = {self.number}")[0][0])

    def test_what_a_stranger_sees(self):
        self.expect(officer.put(self.number, {"status": "hold", "comment": "private"}), 200)
        for path in (f"/pki/certificate/{self.number}", f"/pki/certificate/{self.number}/status"):
            body = self.expect(bob.get(path), 200)
            self.assertEqual(body["status"], "hold")
            self.assertEqual(set(body) & {"requester", "metadata", "comment", "revoked_by", "request_id"}, set())
            for who in (alice, officer, auditor, admin):
                self.assertEqual(self.expect(who.get(path), 200)["comment"], "private")

    def test_owner_by_policy(self):
        conf = env.dir / "state" / "gatehouse.conf"
        before = conf.read_text()
        conf.write_text(before + 'revocation {\n owner = "none"\n require_if_match = true\n}\n')
        env.gateway("halt")
        try:
            env.gateway("run")
            self.expect(alice.put(self.number, {"status": "revoked"}, If_Match='"v1"'), 403)
            body = self.expect(officer.put(self.number, {"status": "revoked"}), 428)
            self.assertEqual(body["code"], "precondition_required")
            self.assertIn("If-Match", body["message"])
            self.expect(officer.put(self.number, {"status": "revoked"}, If_Match='"v1"'), 200)
        finally:
            env.gateway("halt")
            conf.write_text(before)
            env.gateway("run")


class Keyfactor(Case):
    """Bodies as the known clients write them."""

    def revoke(self, lookup, details, who=carol, path=REVOKE, **headers):
        text = json.dumps({"Lookup": lookup, "Details": details})
        return who.send("POST", path, text.encode(), **{"Content_Type": "application/json", **headers})

    def serial(self):
        return {"Type": "Serial", "SerialNumber": self.answer["SerialNumber"],
                "IssuerDN": self.answer["IssuerDN"].replace(", ", ",")}

    def test_as_the_vault_plugin_does(self):
        serial = self.answer["SerialNumber"].lower()
        body = (b'{\n  "Lookup": {\n    "Type": "Serial",\n    "SerialNumber": "%s",\n    "IssuerDN": "%s"\n  },\n'
                b'  "Details": {\n    "Reason": 4,\n    "EffectiveDate": "2020-5-5",\n    "Comment": ""\n  }\n}'
                % (serial.encode(), self.answer["IssuerDN"].replace(", ", ",").encode()))
        reply = carol.send("POST", "/CMSAPI/Certificates/3/Revoke", body, Content_Type="application/json")
        self.assertEqual(self.expect(reply, 200), {"RevokedIds": [self.number]})
        self.assertEqual(self.row(), ["21", "2", "4", "f"])
        # that day lies before the certificate was: it says nothing
        self.assertEqual(env.sql(f"select invalidity_date from revocation where certificate_id = {self.number}"), [[""]])
        body = self.expect(carol.send("POST", REVOKE, body, Content_Type="application/json"), 409)
        self.assertEqual(body.keys(), {"Message", "ErrorCode"})

    def test_thumbprint_any_case_and_prefix(self):
        lookup = {"type": "thumbprint", "thumbPrint ": self.answer["Thumbprint"].lower()}
        reply = self.revoke(lookup, {"reason": "6", "comment": None, "effectivedate": now(0)},
                            path="/certificates/3/revoke/")
        self.expect(reply, 200)
        self.assertEqual(self.row(), ["21", "2", "6", "f"])
        self.expect(self.revoke({"Type": "CMSID", "CMSID": self.number}, {"Reason": -1}), 200)
        self.assertEqual(self.row(), ["20", "3", "6", "t"])

    def test_signed_by_an_application_for_its_user(self):
        body = json.dumps({"Lookup": self.serial(), "Details": {"Reason": 1, "Comment": "mine"}})
        self.assertEqual(Client(env).call(REVOKE, body, X_CSS_CMS_Signature="AAAA").status, 403)
        self.assertEqual(Client(env).call(REVOKE, body, X_CSS_CMS_AppKey="AAAA").status, 403)
        stranger = Client(env, user="bob", password="bob-secret")
        self.assertEqual(stranger.call(REVOKE, body).status, 403)
        self.assertEqual(Client(env).call(REVOKE, body).status, 200)
        self.assertEqual(self.row(), ["21", "2", "1", "f"])
        self.assertEqual(env.sql("select app from audit where event = 'cert.revoked' and object = "
                                 f"'{self.answer['SerialNumber']}'"), [["demo"]])

    def test_effective_date(self):
        self.expect(self.revoke(self.serial(), {"Reason": 4, "EffectiveDate": now(2)}), 400)
        self.expect(self.revoke(self.serial(), {"Reason": 4, "EffectiveDate": "2020-13-1"}), 400)
        self.expect(self.revoke(self.serial(), {"Reason": 4, "EffectiveDate": now(0)}), 200)
        self.assertNotEqual(env.sql(f"select invalidity_date from revocation where certificate_id = {self.number}"),
                            [[""]])

    def test_wrong_input(self):
        good = {"Reason": 4}
        for lookup, details, status in (
                ({}, good, 400), ({"Type": "Name"}, good, 400), ({"Type": "Serial", "SerialNumber": "1"}, good, 400),
                ({"Type": "Serial", "IssuerDN": "CN=a"}, good, 400), ({"Type": "Thumbprint"}, good, 400),
                ({"Type": "Thumbprint", "Thumbprint": "xy"}, good, 400), ({"Type": "CMSID", "CMSID": "x"}, good, 400),
                ({"Type": "Thumbprint", "Thumbprint": "00" * 20}, good, 404),
                ({"Type": "CMSID", "CMSID": 99999999}, good, 404), ("x", good, 400),
                ({"Type": "Serial", "SerialNumber": self.answer["SerialNumber"], "IssuerDN": "CN=other"}, good, 404),
                (self.serial(), {"Reason": 11}, 400), (self.serial(), {"Reason": "stolen"}, 400),
                (self.serial(), {"Reason": {}}, 400), (self.serial(), {"Reason": 8}, 409), (self.serial(), None, 400),
                (self.serial(), {"Reason": 4, "Comment": "x" * 1025}, 400),
                (self.serial(), {"Reason": 4, "Comment": 5}, 400)):
            with self.subTest(lookup=str(lookup)[:60], details=str(details)[:40]):
                body = self.expect(self.revoke(lookup, details), status)
                self.assertIn("Message", body)
        self.assertEqual(carol.send("POST", REVOKE, b"{", Content_Type="application/json").status, 400)
        self.assertEqual(self.row(), ["20", "1", "-1", "f"])


class Command(Case):
    def run_command(self, *args, status=0):
        done = env.admin("cert", *args, check=False)
        self.assertEqual(done.returncode, status, done.stderr.decode() + done.stdout.decode())
        return done

    def test_hold_unrevoke_revoke(self):
        self.run_command("revoke", self.number, "--hold", "--comment", "laptop missing")
        row = env.admin("cert", "show", self.number, "--json")
        self.assertEqual((row["status"], row["reason"], row["comment"]), ("hold", "certificateHold", "laptop missing"))
        self.run_command("unrevoke", self.answer["SerialNumber"])
        self.run_command("unrevoke", self.number, status=1)
        self.run_command("revoke", self.number, status=2)      # no terminal to ask on, and no --yes
        row = env.admin("cert", "revoke", self.answer["Thumbprint"], "--reason", "Key_Compromise", "--yes", "--json",
                        "--invalidity-date", now(0))
        self.assertEqual((row["status"], row["reason"], row["version"]), ("revoked", "keyCompromise", 4))
        self.assertIn(b"final", self.run_command("revoke", self.number, "--yes", status=1).stderr)
        for state in ("revoked", "valid", "hold"):
            ids = [r["id"] for r in env.admin("cert", "list", "--status", state, "--limit", "0", "--json")]
            self.assertEqual(self.number in ids, state == "revoked")
        self.assertIn("@", env.sql("select actor from audit where event = 'cert.revoked' and object = "
                                   f"'{self.answer['SerialNumber']}'")[0][0])

    def test_issuer_and_wrong_words(self):
        for words in (("--reason", "7"), ("--reason", "removeFromCRL"), ("--hold", "--reason", "1"),
                      ("--comment", "x" * 1025), ("--invalidity-date", "soon")):
            self.run_command("revoke", self.number, "--yes", *words, status=2)
        self.run_command("list", "--status", "gone", status=2)
        bad = self.run_command("revoke", self.number, "--yes", "--reason", "none", status=2)
        self.assertIn(b"0 to 6, 9 and 10", bad.stderr)
        self.run_command("revoke", self.answer["SerialNumber"], "--issuer", "CN=other", "--yes", status=1)
        self.run_command("revoke", "999999999", "--yes", status=1)
        self.assertEqual(self.row()[0], "20")
        self.run_command("revoke", self.answer["SerialNumber"], "--issuer", self.answer["IssuerDN"], "--yes")
        self.assertEqual(self.row()[0], "21")


class RelyingParties(Case):
    """A change through the API is seen by OCSP on every node soon, and by the next CRL."""

    def setUp(self):
        super().setUp()
        self.leaf = base64.b64decode(self.answer["Certificates"])
        issuer = bytes.fromhex(env.sql("select encode(chain[1], 'hex') from ca where name = 'issuing'")[0][0])
        self.ask = ocsp.request(ocsp.cert_id(issuer, ocsp.serial_of(self.leaf)))

    def test_ocsp_on_two_nodes(self):
        second = env.second_node()
        self.addCleanup(env.gateway, "halt2")

        def await_status(wanted, seconds):
            for node, url in (("", None), ("2", second["GATEHOUSE_URL"])):
                env.await_each_worker(lambda c: ocsp.says(c, self.ask) == [wanted], f"{wanted} on node {node}", seconds,
                                      node=node, url=url)
        await_status("good", 20)
        for status, wanted in (("hold", "revoked"), ("valid", "good"), ("revoked", "revoked")):
            self.expect(officer.put(self.number, {"status": status}), 200)
            # each worker has a cache of its own; the documents say a second, the rest is for a busy machine
            await_status(wanted, 5)

    def test_next_crl(self):
        def listed():
            raw = urllib.request.urlopen(var["GATEHOUSE_HTTP_URL"] + "/crl/issuing.crl", timeout=60).read()
            return self.answer["SerialNumber"] in der.openssl("crl", "-inform", "DER", "-noout", "-text", stdin=raw).decode()
        for status, wanted in (("hold", True), ("valid", False), ("revoked", True)):
            self.expect(officer.put(self.number, {"status": status}), 200)
            env.admin("crl", "issue", "--ca", "issuing")
            wait_for(lambda: listed() == wanted, f"{status} in the CRL")


P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def other_signature(cert):
    """(r, n - s) is an ECDSA signature as (r, s) is."""
    tbs, algorithm, signature = ocsp.members(ocsp.read(cert)[1])
    r, s = (int.from_bytes(ocsp.read(v)[1], "big") for v in ocsp.members(ocsp.read(ocsp.read(signature)[1][1:])[1]))
    return der.seq(tbs, algorithm, der.bits(der.seq(der.integer(r), der.integer(P256_ORDER - s))))


class Elsewhere(Case):
    def test_a_revoked_client_certificate_opens_nothing(self):
        conf = env.dir / "state" / "gatehouse.conf"
        before = conf.read_text()
        leaf, *issuers = Client(env).enroll(der.csr(KEY)).certificates()
        files = {}
        for name, certs in (("cas", issuers), ("chain", [leaf, *issuers])):
            files[name] = env.scratch / f"{name}.pem"
            files[name].write_text("".join(client.to_pem(c) for c in certs))
        thumbprint = hashlib.sha256(leaf).hexdigest()
        conf.write_text(before.replace("gateway {\n", f'gateway {{\n client_ca = "{files["cas"]}"\n', 1))
        env.gateway("halt")
        try:
            env.gateway("run")
            me = Client(env)
            me.context.load_cert_chain(files["chain"], KEY.path)
            path = f"/pki/certificate/status?thumbprint={thumbprint}"
            self.assertEqual(Client(env).get(path).status, 401)
            self.assertEqual(self.expect(me.get(path), 200)["status"], "valid")
            for status, code in (("hold", 401), ("valid", 200), ("revoked", 401)):
                self.expect(officer.send("PUT", path, {"status": status}), 200)
                self.assertEqual(me.get(path).status, code, status)
            files["chain"].write_text("".join(client.to_pem(c) for c in (other_signature(leaf), *issuers)))
            again = Client(env)
            again.context.load_cert_chain(files["chain"], KEY.path)
            self.assertEqual(again.get(path).status, 401, "the same certificate, its signature written otherwise")
            self.assertEqual(env.count("select count(*) from audit where event = 'auth.failed' and detail like "
                                       "'%client certificate is revoked%'"), 3)
        finally:
            env.gateway("halt")
            conf.write_text(before)
            env.gateway("run")

    def test_an_intermediate_that_is_revoked_logs_nobody_in(self):
        conf = env.dir / "state" / "gatehouse.conf"
        before = conf.read_text()
        leaf, issuer, *rest = Client(env).enroll(der.csr(KEY)).certificates()
        files = {}
        for name, certs in (("cas", [issuer, *rest]), ("chain", [leaf, issuer, *rest])):
            files[name] = env.scratch / f"{name}.pem"
            files[name].write_text("".join(client.to_pem(c) for c in certs))
        conf.write_text(before.replace("gateway {\n", f'gateway {{\n client_ca = "{files["cas"]}"\n', 1))
        env.gateway("halt")
        try:
            env.gateway("run")
            me = Client(env)
            me.context.load_cert_chain(files["chain"], KEY.path)
            path = f"/pki/certificate/status?thumbprint={hashlib.sha256(leaf).hexdigest()}"
            ca = f"/pki/certificate/status?thumbprint={hashlib.sha256(issuer).hexdigest()}"
            routes = (path, "/pki/requests", "/pki/profiles", "/pki/keys")
            for status, code in (("hold", 401), ("valid", 200), ("revoked", 401)):
                self.expect(officer.send("PUT", ca, {"status": status}), 200)
                self.assertEqual(me.get(path).status, code, status)
                for route in routes:
                    self.assertEqual(me.get(route).status == 401, code == 401, (status, route))
                reply = me.request("POST", "/CMSApi/CertEnroll/3/Pkcs10", b"{}", {
                    k: v for k, v in me.headers(b"{}").items() if k != "Authorization"})
                self.assertEqual(reply.status == 401, code == 401, (status, reply.body))
            self.assertGreater(env.count("select count(*) from audit where event = 'auth.failed' and detail like "
                                         "'%a CA above the client certificate is revoked%'"), 2)
            # the certificate itself is as it was, and its owner has his password
            self.assertEqual(self.expect(officer.get(path), 200)["status"], "valid")
            # the key of the CA is certified anew
            env.admin("ca", "renew", "issuing")
            wait_for(lambda: me.get(path).status == 200, "with the CA's next certificate it counts again")
        finally:
            env.gateway("halt")
            conf.write_text(before)
            env.gateway("run")

    def test_the_change_is_announced(self):
        listen = subprocess.Popen(["psql", "-XAtq", "-d", var["GATEHOUSE_DB"]], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        listen.stdin.write("listen gatehouse_status;\nselect 'ready';\n")
        listen.stdin.flush()
        self.assertEqual(listen.stdout.readline(), "ready\n")
        self.expect(officer.put(self.number, {"status": "revoked"}), 200)
        out, _ = listen.communicate("select 1;\n", timeout=30)
        self.assertEqual(out.count("gatehouse_status"), 1)
        self.assertIn(self.answer["SerialNumber"], out)

    def test_metrics(self):
        def count(reason):
            text = Client(env).get("/metrics").body.decode()
            lines = [x for x in text.splitlines() if x.startswith("gatehouse_certificates_revoked_total{") and
                     f'"{reason}"' in x]
            return int(lines[0].rsplit(" ", 1)[1]) if lines else 0
        before = count("superseded")
        self.expect(officer.put(self.number, {"status": "revoked", "reason": 4}), 200)
        self.assertEqual(count("superseded"), before + 1)

    def test_survives_a_restart_of_the_database(self):
        env.postgres("restart")
        wait_for(lambda: officer.put(self.number, {"status": "revoked"}).status in (200, 409), "revoked", step=0.2)
        self.assertEqual(self.row(), ["21", "2", "0", "f"])
        self.assertEqual(self.events("cert.revoked"), 1)


if __name__ == "__main__":
    tap.main()
