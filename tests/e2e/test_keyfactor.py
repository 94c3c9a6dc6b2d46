#!/usr/bin/python3
"""KeyfactorAPI (docs/keyfactor-api.md): the calls of the vendor's clients as they send them, and worse ones: who may, what is
answered while others have to agree, and what bad input gets."""

import base64
import datetime
import hashlib
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import unittest
import urllib.parse
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, pkcs12

import client
import der
import tap
from client import Client
from environment import TOP, Environment
from person import Person

env = Environment("keyfactor", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="""
keyfactor { prefixes = "/Command/API" }
notify { owner_field = "Owner-Mail" }
roles { officer_groups = "pki-officers" }
limits { failures = 10000 }
""")
KEY = der.Key(env.scratch, "ec:P-256")
CSR = der.csr(KEY)
alice, bob, carol = (Person(n, f"{n}-secret", env) for n in ("alice", "bob", "carol"))  # carol is an officer
olga = Person("olga", (env.dir / "state" / "officer.password").read_text().strip(), env)
otto = Person(env.var["GATEHOUSE_AUDITOR_USER"], env.var["GATEHOUSE_AUDITOR_PASSWORD"], env)
anna = Person(env.var["GATEHOUSE_AGENT_USER"], env.var["GATEHOUSE_AGENT_PASSWORD"], env)
bert = Person(env.var["GATEHOUSE_AGENT2_USER"], env.var["GATEHOUSE_AGENT2_PASSWORD"], env)
admin = Person(env.var["GATEHOUSE_ADMIN_USER"], env.var["GATEHOUSE_ADMIN_PASSWORD"], env)
quoted = urllib.parse.quote


def web_csr(host):
    return der.csr(KEY, subject=[("CN", host)], extensions=[der.extension("subjectAltName", der.san(dns=[host]))])


def pem(csr):
    return "-----BEGIN CERTIFICATE REQUEST-----\n" + base64.encodebytes(csr).decode() + "-----END CERTIFICATE REQUEST-----\n"


def import_template(name, **change):
    path = env.scratch / f"{name}.json"
    path.write_text(json.dumps({**json.loads((TOP / f"conf/templates/{name}.json").read_text()), **change}))
    env.admin("template", "import", path)
    env.await_catalog()


class Case(unittest.TestCase):
    """Requests as the vendor's Go client (keyfactor-go-client v3.0.0) sends them."""
    GO = {"User-Agent": "Go-http-client/1.1", "X-Keyfactor-Api-Version": "1", "X-Keyfactor-Requested-With": "APIClient", "Accept": "application/json",
          "Content-Type": "application/json"}

    def call(self, method, path, body=None, status=200, who=alice, **headers):
        """The client sends the JSON of its payload with each call, null with a GET."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        reply = who.client.request(method, "/KeyfactorAPI/" + path, raw, {**self.GO, "Authorization": who.basic, **{k.replace("_", "-"): v for k, v in headers.items()}})
        self.assertEqual(reply.status, status, reply.body)
        return json.loads(reply.body) if reply.body else None

    def enroll(self, who=alice, csr=CSR, template="User", metadata=None, status=200, **more):
        body = {"CSR": pem(csr), "Timestamp": "2026-11-30T09:00:00Z", "Template": template, "CertificateAuthority": "issuing", "IncludeChain": True, "SANs": None,
                "Metadata": metadata, **more}
        return self.call("POST", "Enrollment/CSR", body, status, who, x_certificateformat="PEM")

    def issued(self, **more):
        info = self.enroll(**more)["CertificateInformation"]
        self.assertEqual(info["RequestDisposition"], "ISSUED", info)
        return info

    def certificates(self):
        return env.count("select count(*) from certificate where request_id > 0")


class Inventory(Case):
    def test_as_the_go_client_calls(self):
        self.assertIn("GET /Certificates", self.call("GET", "Status/Endpoints"))
        self.assertIn("issuing", [ca["LogicalName"] for ca in self.call("GET", "CertificateAuthority")])
        template = next(t for t in self.call("GET", "Templates/") if t["CommonName"] == "User")
        self.assertEqual(self.call("GET", f"Templates/{template['Id']}"), template)
        fields = self.call("GET", "MetadataFields")
        self.assertLessEqual({"Department", "Cost-Center"}, {f["Name"] for f in fields})
        for f in fields:  # which are decoded strictly
            self.assertTrue(all(isinstance(f[k], int) for k in ("Id", "DataType", "Enrollment", "DisplayOrder")) and
                            all(isinstance(f[k], str) for k in ("Name", "Description", "Hint", "Validation", "Message", "Options", "DefaultValue")), f)
        made = self.enroll(metadata={"Department": "IT"})
        info = made["CertificateInformation"]
        self.assertEqual((info["RequestDisposition"], made["Metadata"]), ("ISSUED", {"Department": "IT"}))
        self.assertGreaterEqual(len(info["Certificates"]), 2)
        chain = [ssl.PEM_cert_to_DER_cert(c) for c in info["Certificates"]]
        client.verify_chain(env.scratch, chain)
        self.assertEqual(hashlib.sha1(chain[0]).hexdigest().upper(), info["Thumbprint"])
        one = self.call("GET", f"Certificates/{info['KeyfactorID']}?includeLocations=true&includeMetadata=true")
        self.assertEqual(base64.b64decode(one["ContentBytes"]), chain[0])
        self.assertEqual((one["SerialNumber"], one["CertState"], one["KeyTypeString"], one["KeySizeInBits"], one["Metadata"], one["TemplateId"]),
                         (info["SerialNumber"], 1, "ECC", 256, {"Department": "IT"}, template["Id"]))
        self.assertRegex(one["NotAfter"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        usage = x509.load_der_x509_certificate(chain[0]).extensions.get_extension_for_class(x509.KeyUsage).value
        self.assertEqual([one["DetailedKeyUsage"][n] for n in ("DigitalSignature", "KeyEncipherment", "KeyCertSign")],
                         [usage.digital_signature, usage.key_encipherment, usage.key_cert_sign])
        points = x509.load_der_x509_certificate(chain[0]).extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        self.assertEqual([p["Url"] for p in one["CRLDistributionPoints"]], [n.value for p in points for n in p.full_name])
        self.assertEqual(one["IssuedEmail"], "alice@example.test")
        for query in (f'Thumbprint -eq "{info["Thumbprint"]}"', f'CertRequestId -eq {info["KeyfactorRequestId"]}'):
            found = self.call("GET", f"Certificates?includeMetadata=true&pq.queryString={quoted(query)}")
            self.assertEqual(found, [one])
        found = self.call("GET", "Certificates?pq.queryString=" + quoted(f'IssuedCN -eq "{one["IssuedCN"]}"') + "&pq.sortAscending=1")
        self.assertEqual(found[0]["Id"], one["Id"])
        content = self.call("POST", "Certificates/Download", {"CertID": one["Id"], "IncludeChain": True, "ChainOrder": "EndEntityFirst"},
                            x_certificateformat="P7B")["Content"]
        self.assertEqual(client.pkcs7_certificates(base64.b64decode(content)), chain)
        everything = {f["Name"]: "" for f in fields}
        self.assertIsNone(self.call("PUT", "Certificates/Metadata", {"Id": one["Id"], "Metadata": {**everything, "Department": "HR"}, "CollectionId": 0}, 204, olga))
        self.assertEqual(self.call("GET", f"Certificates/{one['Id']}?includeMetadata=true")["Metadata"], {"Department": "HR"})
        for value, same in (("hr", True), ("IT", False), ("", False)):
            self.assertIs(self.call("GET", f"Certificates/Metadata/Compare?certificateId={one['Id']}&metadataFieldName=department&value={value}"), same)
        revoke = {"CertificateIds": [one["Id"]], "Reason": 4, "Comment": "replaced", "EffectiveDate": client.now(fmt="%Y-%m-%dT%H:%M:%SZ")}
        self.assertEqual(self.call("POST", "Certificates/Revoke", revoke), {"RevokedIds": [one["Id"]]})
        one = self.call("GET", f"Certificates/{one['Id']}")
        self.assertEqual((one["CertState"], one["RevocationReason"], one["RevocationComment"]), (2, 4, "replaced"))
        self.assertIn("final", self.call("POST", "Certificates/Revoke", revoke, 400)["FailedOperations"][0]["Reason"])
        query = quoted(f'Id -eq {one["Id"]}')
        self.assertEqual(self.call("GET", "Certificates?QueryString=" + query), [])
        self.assertEqual([c["Id"] for c in self.call("GET", "Certificates?includerevoked=true&querystring=" + query)], [one["Id"]])

    def test_pending(self):
        info = self.enroll(csr=web_csr("kf.example.test"), template="WebServer")["CertificateInformation"]
        self.assertEqual((info["RequestDisposition"], info["KeyfactorID"], info["Certificates"]), ("PENDING", 0, []))
        beside = {"dns": ["KF.example.test"], "ip4": None, "uri": []}  # some clients send what is in it once more
        self.enroll(csr=web_csr("kf.example.test"), template="WebServer", SANs=beside)
        self.assertIn("SANs", self.enroll(csr=web_csr("kf.example.test"), template="WebServer", SANs={"dns": ["kf.example.test", "other.example.test"]}, status=400)["Message"])
        self.assertEqual(olga.get(f"/pki/request/{info['KeyfactorRequestId']}").json["status"], "pending")

    def test_pages(self):
        every = [c["Id"] for c in self.call("GET", "Certificates?pq.returnLimit=200&pq.includeRevoked=true&pq.includeExpired=true", who=olga)]
        found = []
        for page in (1, 2, 3):
            found += [c["Id"] for c in self.call("GET", f"Certificates?PageReturned={page}&ReturnLimit=3&IncludeRevoked=true&IncludeExpired=true", who=olga)]
        self.assertEqual(found, every[:9])
        for field, member in (("NotAfter", "NotAfter"), ("RequesterName", "RequesterName"), ("SerialNumber", "SerialNumber"), ("TemplateName", "TemplateName")):
            for down in (0, 1):
                values = [c[member].lower() for c in self.call("GET", f"Certificates?ReturnLimit=20&SortField={field}&SortAscending={down}", who=olga)]
                self.assertEqual(values, sorted(values, reverse=bool(down)))
        self.assertEqual(self.call("GET", "Certificates?SortField=Id", status=400)["Message"], "Invalid sort field: Id.")
        for wrong in ("ReturnLimit=0", "ReturnLimit=x", "PageReturned=101", "IncludeRevoked=maybe", "QueryString=%FF", "QueryString=Nope%20-eq%201",
                      "QueryString=Id%20-eq%201)%20OR%20(Id%20-eq%202", "SortField=requester%27", "SortField=Department"):
            with self.subTest(wrong):
                self.assertTrue(self.call("GET", "Certificates?" + wrong, status=400)["Message"])

    def test_rights(self):
        """Ids that are guessed show what REST shows: nothing that is private, and nothing is changed."""
        info = self.enroll(metadata={"Department": "IT"})["CertificateInformation"]
        number = info["KeyfactorID"]
        self.assertEqual(self.call("GET", f"Certificates?pq.queryString=Id%20-eq%20{number}", who=bob), [])
        seen = self.call("GET", f"Certificates/{number}?includeMetadata=true", who=bob)
        self.assertEqual((seen["RequesterName"], seen["Metadata"], seen["CertRequestId"]), ("", {}, 0))
        self.call("PUT", "Certificates/Metadata", {"Id": number, "Metadata": {"Department": "X"}}, 403, bob)
        self.call("PUT", "Certificates/Metadata", {"Id": number, "Metadata": {"Department": "X"}}, 403, alice)
        self.call("GET", f"Certificates/Metadata/Compare?certificateId={number}&metadataFieldName=Department&value=IT", status=403, who=bob)
        self.assertIn("officer", self.call("POST", "Certificates/Revoke", {"CertificateIds": [number], "Reason": 1, "Comment": "x"}, 400, bob)["FailedOperations"][0]["Reason"])
        self.assertEqual(olga.get(f"/pki/certificate/{number}").json["status"], "valid")
        self.call("GET", "Certificates/999999", status=404)
        self.call("GET", "Certificates", status=401, who=Person("alice", "wrong", env))
        self.assertIn("www-authenticate", Client(env).request("GET", "/keyfactorapi/Status/Endpoints").headers)
        self.assertIn("Message", self.call("GET", "Nothing", status=404))
        self.call("POST", "Certificates/Revoke", {}, 403, Origin="https://evil.example")
        self.enroll(olga, status=401)

    def test_fields_that_are_not_for_the_api(self):
        env.admin("metadata", "add", "Inner", "--type", "String", "--no-api")
        env.await_catalog()
        try:
            for name in ("Inner", "inner"):
                self.assertIn("not defined", self.enroll(metadata={name: "secret"}, status=400)["Message"])
            request = alice.post("/pki/request/User", {"pkcs10": base64.b64encode(CSR).decode(), "metadata": {"Inner": "secret"}}).json["id"]
            number = int(env.sql(f"select certificate_id from request where id = {request}")[0][0])
            for query in ("Inner -eq \"secret\"", f"Id -eq {number} AND Metadata.inner -startswith \"s\"", "Innr -ne NULL"):
                said = self.call("GET", "Certificates?QueryString=" + urllib.parse.quote(query), status=400)["Message"]
                self.assertIn("there is no field", said)
                self.assertNotIn("did you mean", said)
            self.assertNotIn("Inner", self.call("GET", f"Certificates/{number}?includeMetadata=true")["Metadata"])
            self.assertNotIn("Inner", {f["Name"] for f in self.call("GET", "MetadataFields")})
            self.call("GET", "MetadataFields/Inner", status=404)
            self.call("PUT", "Certificates/Metadata", {"Id": number, "Metadata": {"Inner": ""}}, 400, olga)
            self.call("GET", f"Certificates/Metadata/Compare?certificateId={number}&metadataFieldName=Inner&value=secret", status=400)
        finally:
            env.admin("metadata", "remove", "Inner", "--yes")
            env.await_catalog()

    def test_bad_bodies(self):
        before = self.certificates()
        for more, status in (({"SANs": {"dns": ["evil.example"]}}, 400), ({"SANs": {}, "Template": "none"}, 403), ({"Template": ""}, 400), ({"Template": 7}, 400),
                             ({"CSR": "x"}, 400), ({"CSR": None}, 400), ({"IncludeChain": "yes"}, 400), ({"IncludeChain": 1}, 400), ({"Metadata": []}, 400), ({"Metadata": {"Nope": 1}}, 400), ({"CertificateAuthority": "none"}, 403)):
            with self.subTest(more):
                self.assertTrue(self.enroll(status=status, **more)["Message"])
        for path, method in (("Enrollment/CSR", "POST"), ("Certificates/Revoke", "POST"), ("Certificates/Download", "POST"), ("Certificates/Metadata", "PUT")):
            for body, status in ((b"[", 400), (b"[]", 400), (b"{}", 400), (b'{"a":1,"a":2}', 400), (b" " * (128 * 1024 + 1), 413)):
                with self.subTest(path=path, body=body[:20]):
                    self.assertTrue(self.call(method, path, body, status)["Message"])
            self.call(method, path, b"x", 415, Content_Type="text/plain")
        for ids in ("x", [], ["x"], [0], [-1], [2**70], list(range(1, 102))):
            self.call("POST", "Certificates/Revoke", {"CertificateIds": ids, "Reason": 0, "Comment": "x"}, 400, olga)
        for body in ({"Thumbprint": "' OR 1=1 --"}, {"SerialNumber": "zz"}, {"CertID": "x"}, {"CertID": 1, "ChainOrder": "RootFirst"}):
            self.call("POST", "Certificates/Download", body, 400)
        self.call("POST", "Certificates/Download", {"CertID": 1}, 400, x_certificateformat="PFX")
        self.assertEqual(self.certificates(), before)


class Prefix(Case):
    def test_another_prefix(self):
        for path, status in (("/Command/API/Status/Endpoints", 200), ("/command/api/Certificates/", 200), ("/Command/API/Nothing", 404),
                             ("/Command/Status/Endpoints", 404), ("/Certificates", 404)):
            with self.subTest(path):
                reply = alice.get(path)
                self.assertEqual(reply.status, status, reply.body)
        self.assertIn("ErrorCode", alice.get("/Command/API/Nothing").json)
        # what holds of the path holds of it there
        reply = Client(env).request("GET", "/Command/API/Certificates", None, {"Authorization": alice.basic, "Sec-Fetch-Site": "cross-site"})
        self.assertEqual(reply.status, 403, reply.body)
        self.assertIn("www-authenticate", Client(env).request("GET", "/Command/API/Certificates").headers)


class Workflow(Case):
    """Requests that wait, through the approvals of docs/approval.md."""

    @classmethod
    def setUpClass(cls):
        import_template("WebServer", approvals=2)

    @classmethod
    def tearDownClass(cls):
        import_template("WebServer")

    def pending(self, host="flow.example.test", who=alice, **more):
        info = self.enroll(who, web_csr(host), "WebServer", **more)["CertificateInformation"]
        self.assertEqual((info["RequestDisposition"], info["KeyfactorID"]), ("PENDING", 0))
        return info["KeyfactorRequestId"]

    def listed(self, who=alice, which="Pending", **more):
        query = "&".join(f"{k.replace('_', '.')}={quoted(str(v))}" for k, v in {"pagedQuery_returnLimit": 1000, **more}.items())
        return {r["Id"]: r for r in self.call("GET", f"Workflow/Certificates/{which}?{query}", who=who)}

    def approve(self, who, *ids, status=200):
        return self.call("POST", "Workflow/Certificates/Approve", list(ids), status, who)

    def deny(self, who, *ids, comment="no"):
        return self.call("POST", "Workflow/Certificates/Deny", {"Comment": comment, "CertificateRequestIds": list(ids)}, who=who)

    def results(self, said):
        return {kind: [(r["KeyfactorRequestId"], r["Comment"]) for r in said[kind]] for kind in ("Successes", "Denials", "Failures")}

    def state(self, number):
        return olga.get(f"/pki/request/{number}").json

    def test_two_of_two(self):
        number = self.pending(metadata={"Department": "IT"})
        row = self.listed(olga)[number]
        self.assertEqual({k: row[k] for k in row if k != "SubmissionDate"},
                         {"Id": number, "CARequestId": str(number), "CommonName": "flow.example.test", "DistinguishedName": "CN=flow.example.test",
                          "CertificateAuthority": row["CertificateAuthority"], "Template": "WebServer", "Requester": row["Requester"], "State": 5,
                          "StateString": "Pending", "Metadata": {"Department": "IT"}})
        self.assertTrue(row["Requester"].endswith("alice"), row)
        self.assertRegex(row["SubmissionDate"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(self.call("GET", f"Workflow/Certificates/{number}", who=olga)["KeyLength"], "256")
        first = self.results(self.approve(olga, number))
        self.assertEqual(first, {"Successes": [(number, "Approved by 1 of 2: it still waits for others.")], "Denials": [], "Failures": []})
        again = self.results(self.approve(olga, number))  # one person is one
        self.assertEqual([i for i, _ in again["Failures"]], [number])
        self.assertEqual((self.state(number)["status"], self.state(number)["approved"]), ("pending", 1))
        self.assertEqual([i for i, _ in self.results(self.approve(carol, number))["Successes"]], [number])
        self.assertEqual(self.state(number)["status"], "issued")
        found = self.call("GET", f"Certificates?pq.queryString={quoted(f'CertRequestId -eq {number}')}")
        self.assertEqual([c["CertRequestId"] for c in found], [number])
        self.assertNotIn(number, self.listed(olga))
        self.assertIn("pending", self.results(self.approve(carol, number))["Failures"][0][1])

    def test_nobody_decides_on_his_own(self):
        own = self.pending("own.example.test", carol)
        for said in (self.approve(carol, own), self.deny(carol, own)):
            self.assertEqual([i for i, _ in self.results(said)["Denials"]], [own], said)
        self.assertEqual((self.state(own)["status"], self.state(own)["approved"]), ("pending", 0))

    def test_who_may(self):
        """Role and route and object: others' requests are not there, one's own are not decided on, roles that do not decide do not."""
        number = self.pending("who.example.test")
        for who, sees, decides in ((alice, True, "Denials"), (bob, False, "Failures"), (otto, False, "Failures"), (olga, True, None)):
            with self.subTest(who.user):
                self.assertEqual(number in self.listed(who), sees)
                self.call("GET", f"Workflow/Certificates/{number}", who=who, status=200 if sees else 404)
                if decides is not None:
                    for said in (self.approve(who, number), self.deny(who, number)):
                        self.assertEqual([i for i, _ in self.results(said)[decides]], [number], said)
                        self.assertEqual(said["Successes"], [])
                self.assertEqual((self.state(number)["status"], self.state(number)["approved"]), ("pending", 0))
        for path in ("Approve", "Deny"):
            self.call("POST", "Workflow/Certificates/" + path, [number], 401, Person("olga", "wrong", env))
            self.call("POST", "Workflow/Certificates/" + path, [number], 403, olga, Origin="https://evil.example")

    def test_denied(self):
        number, other = self.pending("no.example.test"), self.pending("no2.example.test")
        said = self.results(self.deny(olga, number, 999999, other, comment="not ours"))
        self.assertEqual([i for i, _ in said["Successes"]], [number, other])
        self.assertEqual([i for i, _ in said["Failures"]], [999999])
        row = self.listed(alice, "Denied")[number]
        self.assertEqual((row["State"], row["StateString"]), (3, "Denied"))
        self.assertIn("not ours", self.call("GET", f"Workflow/Certificates/{number}")["DenialComment"])
        self.assertEqual([i for i, _ in self.results(self.approve(olga, number))["Failures"]], [number])
        self.assertEqual(self.call("GET", "Workflow/Certificates/ExternalValidation?pagedQuery.returnLimit=1000"), [])

    def test_lists(self):
        mine = [self.pending(f"list{i}.example.test") for i in range(3)]
        listed = [n for n in self.listed(alice) if n in mine]
        self.assertEqual(listed, mine)
        self.assertEqual([n for n in self.listed(alice, pq_SortAscending=1, pq_SortField="SubmissionDate") if n in mine], mine[::-1])
        pages = [list(self.listed(alice, pagedQuery_returnLimit=1, PageReturned=p)) for p in (1, 2)]
        self.assertEqual([p for page in pages for p in page], list(self.listed(alice))[:2])
        for query, found in (('Template -eq "WebServer" AND SubmissionDate -ge "2026-01-01T00:00:00Z"', True), ('Template -eq "User"', False),
                             ('SubmissionDate -le 2001-01-01', False), ('template -EQ WebServer', True)):
            self.assertEqual(mine[0] in self.listed(alice, QueryString=query), found, query)
        for wrong in ("x", "Template", "Template -eq", 'Template -eq "', 'Template -eq "a" AND', 'Template -eq "a" OR Template -eq "b"', 'Nope -eq "a"',
                      'Template -eq "a" AND Template -eq "b"', 'Requester -ne "a"', 'SubmissionDate -ge "never"', 'Requester -eq "' + "x" * 300 + '"'):
            with self.subTest(wrong):
                self.assertTrue(self.call("GET", "Workflow/Certificates/Pending?QueryString=" + quoted(wrong), status=400)["Message"])
        for wrong in ("ReturnLimit=1001", "SortField=Requester", "PageReturned=0"):
            self.call("GET", "Workflow/Certificates/Pending?" + wrong, status=400)

    def test_bad_bodies(self):
        for ids in ({}, [], ["x"], [0], [-1], [2**70], [1.5], None, list(range(1, 102)), [[1]], {"Ids": [1]}):
            self.assertTrue(self.call("POST", "Workflow/Certificates/Approve", ids, 400, olga)["Message"])
            self.assertTrue(self.call("POST", "Workflow/Certificates/Deny", {"CertificateRequestIds": ids}, 400, olga)["Message"])
        for path in ("Approve", "Deny"):
            for raw in (b"", b"[", b"[1", b'"' + b"x" * 200 + b'"', b'{"CertificateRequestIds":[1],"certificaterequestids":[2]}'):
                self.call("POST", "Workflow/Certificates/" + path, raw, 400, olga)
        self.call("POST", "Workflow/Certificates/Deny", {"Comment": 7, "CertificateRequestIds": [1]}, 400, olga)
        number = self.pending("bad.example.test")
        said = self.results(self.deny(olga, number, comment="a\nb"))
        self.assertIn("control characters", said["Failures"][0][1])
        self.assertEqual(self.state(number)["status"], "pending")


class Renew(Case):
    def renew(self, status=200, who=alice, **body):
        return self.call("POST", "Enrollment/Renew", {"Timestamp": client.now(), **body}, status, who)

    def due(self, **more):
        """A certificate that may be renewed."""
        info = self.issued(**more)
        env.sql(f"update certificate set not_after = now() + interval '1 day' where id = {info['KeyfactorID']}")
        return info

    def test_the_key_stays(self):
        old = self.due(metadata={"Department": "IT"})
        new = self.renew(CertificateId=old["KeyfactorID"])
        self.assertEqual((new["RequestDisposition"], new["Password"]), ("ISSUED", ""))
        env.sql(f"update certificate set not_after = now() + interval '1 day' where id = {new['KeyfactorId']}")
        by_print = self.renew(Thumbprint=new["Thumbprint"], CertificateAuthority="host\\issuing", Template="User")
        for info in (new, by_print):
            one = self.call("GET", f"Certificates/{info['KeyfactorId']}?includeMetadata=true")
            self.assertEqual((one["Metadata"], one["TemplateName"], one["Thumbprint"]), ({"Department": "IT"}, "User", info["Thumbprint"]))
            self.assertNotEqual(info["SerialNumber"], old["SerialNumber"])
        keys = [x509.load_pem_x509_certificate(info["Certificates"][0].encode()).public_key().public_numbers() for info in (old, new)]
        self.assertEqual(*keys)
        renewed = env.sql(f"select detail from audit where object = '{new['SerialNumber']}'")
        self.assertEqual(renewed, [[f"User, renews certificate {old['KeyfactorID']}"]])

    def test_who_may(self):
        old = self.due()["KeyfactorID"]
        before = self.certificates()
        for who, status in ((bob, 404), (olga, 401), (carol, 404)):
            self.assertTrue(self.renew(status, who, CertificateId=old)["Message"])
        self.assertEqual(self.certificates(), before)

    def test_what_cannot_be_renewed(self):
        early = self.issued()["KeyfactorID"]
        self.assertIn("can be renewed from", self.renew(409, CertificateId=early)["Message"])
        old = self.due()["KeyfactorID"]
        before = self.certificates()
        self.assertIn("of the profile User", self.renew(409, CertificateId=old, Template="WebServer")["Message"])
        self.call("POST", "Certificates/Revoke", {"CertificateIds": [old], "Reason": 1, "Comment": "x"})
        self.assertIn("revoked", self.renew(409, CertificateId=old)["Message"])
        for status, body in ((400, {}), (400, {"CertificateId": "x"}), (404, {"CertificateId": 999999}), (400, {"Thumbprint": "' OR 1=1 --"}),
                             (400, {"CertificateId": old, "Template": 7}), (400, {"CertificateId": old, "Template": "x" * 200})):
            with self.subTest(body):
                self.renew(status, **body)
        self.assertEqual(self.certificates(), before)


class Keys(Case):
    PASSWORD = "a password of fourteen"

    def pfx(self, status=200, who=alice, template="User", password=PASSWORD, headers=(), **more):
        body = {"CustomFriendlyName": "", "Password": password, "PopulateMissingValuesFromAD": False, "Subject": "CN=alice", "IncludeChain": True,
                "CertificateAuthority": "host\\issuing", "Timestamp": client.now(), "Template": template, **more}
        return self.call("POST", "Enrollment/PFX", body, status, who, **{"x_certificateformat": "PFX", **dict(headers)})

    def open(self, said, password=PASSWORD):
        blob = said["PFX"] if "PFX" in said else said["CertificateInformation"]["Pkcs12Blob"]
        return pkcs12.load_pkcs12(base64.b64decode(blob), password.encode())


class Pfx(Keys):
    """The key is made by the KRA; what is asked is told to CertEnroll's Pkcs12 (test_pkcs12.py)."""
    @classmethod
    def setUpClass(cls):
        import_template("WebServer", approval=False, enrollGroups=["*"], acknowledge=["ESC17"], acknowledgeReason="names of a test",
                        subject={"allow": ["CN", "O", "OU", "C"], "require": ["CN"]}, san={"types": ["dns", "ip"], "dns": ["*.example.test"], "ip": ["192.0.2.0/24"]})
        import_template("SMIME", archival="required", keyTypes=[{"type": "EC", "curves": ["P-384", "P-256"]}])

    @classmethod
    def tearDownClass(cls):
        import_template("WebServer")

    def test_the_key_and_its_certificate(self):
        said = self.pfx(Metadata={"Department": "IT"}, CustomFriendlyName="laptop of älice")
        info, p12 = said["CertificateInformation"], self.open(said)
        self.assertEqual((info["RequestDisposition"], said["Metadata"]), ("ISSUED", {"Department": "IT"}))
        self.assertEqual(p12.key.public_key().public_numbers(), p12.cert.certificate.public_key().public_numbers())
        self.assertEqual(p12.cert.friendly_name.decode(), "laptop of älice")
        self.assertGreaterEqual(len(p12.additional_certs), 1)
        data, encrypted = (bytes.fromhex("06092a864886f70d0107") + bytes((n,)) for n in (1, 6))
        parts = base64.b64decode(info["Pkcs12Blob"]).split(data, 2)  # of the whole, and of the key, which comes first
        self.assertEqual([encrypted in part for part in parts], [False, False, True])
        one = self.call("GET", f"Certificates/{info['KeyfactorId']}?includeMetadata=true")
        self.assertEqual((one["Thumbprint"], one["Metadata"]), (p12.cert.certificate.fingerprint(hashes.SHA1()).hex().upper(), {"Department": "IT"}))
        for raw in (self.PASSWORD.encode(), p12.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())[-24:]):
            self.assertNotIn(raw.hex(), env.psql("select coalesce(string_agg(t::text, ''), '') from archived_key t"))

    def test_the_same_call_gets_the_same_key(self):
        when, before = client.now(), self.certificates()
        first, second = (self.pfx(Timestamp=when) for _ in range(2))
        self.assertEqual(self.open(first).key.private_numbers(), self.open(second).key.private_numbers())
        self.assertEqual(self.certificates(), before + 1)
        other = self.pfx(Timestamp=when, CustomFriendlyName="other")
        self.assertNotEqual(self.open(first).key.private_numbers(), self.open(other).key.private_numbers())
        without = [self.pfx(Timestamp=None) for _ in range(2)]
        self.assertNotEqual(*(w["CertificateInformation"]["SerialNumber"] for w in without))

    def test_names_and_keys(self):
        said = self.pfx(template="WebServer", Subject='CN=kf.example.test, OU=a, OU=b, O="Keys, Inc.", C=DE', SANs={"dns": ["kf.example.test"], "ip4": ["192.0.2.7"], "ip6": None},
                        KeyType="ECC", Curve="P-256/prime256v1/secp256r1", IncludeChain=False)
        p12 = self.open(said)
        subject = p12.cert.certificate.subject
        self.assertEqual([a.value for a in subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)], ["Keys, Inc."])
        self.assertEqual({a.value for a in subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)}, {"a", "b"})
        names = p12.cert.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual((names.get_values_for_type(x509.DNSName), [str(a) for a in names.get_values_for_type(x509.IPAddress)]), (["kf.example.test"], ["192.0.2.7"]))
        self.assertEqual((p12.key.curve.name, p12.additional_certs), ("secp256r1", []))
        self.assertIn("192.0.2", self.pfx(403, template="WebServer", Subject="CN=kf.example.test", SANs={"ip4": ["198.51.100.1"]})["Message"] + "192.0.2")

    def test_renewal(self):
        old = self.issued()["KeyfactorID"]
        self.assertIn("can be renewed from", self.pfx(409, RenewalCertificateId=old)["Message"])
        env.sql(f"update certificate set not_after = now() + interval '1 day' where id = {old}")
        self.pfx(404, bob, RenewalCertificateId=old)
        info = self.pfx(RenewalCertificateId=str(old))["CertificateInformation"]  # one client sends it as text
        self.assertIn(f"User, renews certificate {old}", env.sql(f"select detail from audit where object = '{info['SerialNumber']}'")[0][0])

    def archived(self, certificate):
        # no key is had without agents
        self.assertIs(certificate["HasPrivateKey"], False)
        self.assertIs(certificate["ArchivedKey"], certificate["KeyRecoverable"])
        return certificate["ArchivedKey"]

    def test_who_is_told_of_an_archived_key(self):
        info = self.pfx(template="SMIME")["CertificateInformation"]
        number, key = info["KeyfactorId"], env.sql(f"select uuid from archived_key where certificate_id = {info['KeyfactorId']}")[0][0]
        without = self.pfx()["CertificateInformation"]["KeyfactorId"]
        query = "Certificates?pq.queryString=" + quoted(f"Id -eq {number} OR Id -eq {without}")
        both = [(number, True), (without, False)]
        knows_not = [(n, False) for n, _ in both]
        for who, said in ((alice, both), (anna, both), (otto, both), (bob, knows_not), (carol, knows_not), (olga, knows_not)):
            with self.subTest(who.user):
                self.assertEqual([(n, self.archived(self.call("GET", f"Certificates/{n}", who=who))) for n, _ in both], said)
                self.assertEqual(sorted((c["Id"], self.archived(c)) for c in self.call("GET", query, who=who)), [s for s in said if who not in (anna, bob)])
                reply = who.client.request("GET", f"/pki/certificate/{number}", None, {"Authorization": who.basic})
                self.assertEqual(json.loads(reply.body)["archived_key"], key if said is both else None)
        shown = [env.admin("cert", "show", str(n), "--json")["archived_key"] for n, _ in both]
        self.assertEqual(shown, [key, None])
        # not by the number, but by the public key, of who has it; and not while it cannot be recovered
        env.sql(f"update archived_key set certificate_id = null where uuid = '{key}'")
        self.assertEqual(self.archived(self.call("GET", f"Certificates/{number}")), True)
        env.sql(f"update archived_key set state = 'inactive' where uuid = '{key}'")
        self.assertEqual(self.archived(self.call("GET", f"Certificates/{number}")), False)

    def test_archived_as_the_template_says(self):
        info = self.pfx(template="SMIME")["CertificateInformation"]
        self.assertEqual(env.count(f"select count(*) from archived_key where certificate_id = {info['KeyfactorId']} and length(stored) > 0"), 1)
        one = self.call("GET", f"Certificates/{info['KeyfactorId']}")
        self.assertEqual(self.archived(one), True)
        env.sql(f"update certificate set not_after = now() + interval '1 day' where id = {info['KeyfactorId']}")
        self.assertIn("archived", self.call("POST", "Enrollment/Renew", {"CertificateId": one["Id"]}, 409)["Message"])

    def test_bad_bodies(self):
        before = self.certificates()
        for more, status in (({"password": "short"}, 400), ({"password": ""}, 400), ({"password": None}, 400), ({"password": 7}, 400), ({"password": "x" * 300}, 400),
                             ({"password": "with\ncontrol characters"}, 400), ({"template": "none"}, 403), ({"template": ""}, 400), ({"template": "x" * 300}, 400),
                             ({"CertificateAuthority": "none"}, 403), ({"Subject": "CN"}, 400), ({"Subject": "SERIALNUMBER=1"}, 400), ({"Subject": 'O="a'}, 400),
                             ({"Subject": 7}, 400), ({"Subject": "CN=" + "x" * 5000}, 400), ({"SANs": ["a"]}, 400), ({"SANs": {"dns": "a"}}, 400), ({"SANs": {"dns": [7]}}, 400),
                             ({"SANs": {"registeredid": ["1.2"]}}, 400), ({"SANs": {"ip4": ["nope"]}}, 400), ({"Metadata": []}, 400), ({"Metadata": {"Nope": 1}}, 400),
                             ({"KeyType": "DSA"}, 400), ({"KeyLength": "x"}, 400), ({"Curve": "P-224"}, 400), ({"Timestamp": "x"}, 400),
                             ({"Timestamp": "2001-01-01T00:00:00Z"}, 403), ({"RenewalCertificateId": "x"}, 400), ({"RenewalCertificateId": -1}, 400),
                             ({"RenewalCertificateId": 999999}, 404), ({"CustomFriendlyName": "a\nb"}, 400), ({"CustomFriendlyName": "x" * 256}, 400),
                             ({"Stores": [{"StoreId": "1"}]}, 400), ({"Stores": "1"}, 400), ({"IncludeChain": "yes"}, 400), ({"IncludeChain": []}, 400), ({"headers": {"x_certificateformat": "Zip"}}, 400)):
            with self.subTest(more):
                self.assertTrue(self.pfx(status, **more)["Message"])
        for raw, status in ((b"[", 400), (b"[]", 400), (b"{}", 400), (b'{"Password":"a","password":"b"}', 400), (b" " * (128 * 1024 + 1), 413)):
            self.call("POST", "Enrollment/PFX", raw, status)
        self.pfx(401, olga)
        self.pfx(403, headers={"Origin": "https://evil.example"})
        self.assertEqual(self.certificates(), before)


class Recover(Keys):
    @classmethod
    def setUpClass(cls):
        import_template("SMIME", archival="required", keyTypes=[{"type": "EC", "curves": ["P-384", "P-256"]}])

    def recover(self, status=200, who=alice, password=Keys.PASSWORD, **more):
        return self.call("POST", "Certificates/Recover", {"Password": password, "IncludeChain": True, **more}, status, who, x_certificateformat="PFX")

    def requests(self):
        return env.count("select count(*) from key_request where type = 'recovery'")

    def agree(self, who, text):
        number = int(re.search(r"Key request (\d+) waits", text)[1])
        self.assertEqual(who.decide(number, "approved").status, 200)

    def test_two_agents(self):
        made = self.pfx(template="SMIME")
        number, before = made["CertificateInformation"]["KeyfactorId"], self.requests()
        for _ in range(2):  # a second call asks for nothing more
            said = self.recover(409, CertID=number)["Message"]
            self.assertIn("0 of 2 agents", said)
        self.assertEqual(self.requests(), before + 1)
        self.agree(anna, said)
        self.assertIn("1 of 2 agents", self.recover(409, CertID=number)["Message"])
        self.agree(bert, said)
        back = self.recover(CertID=number, password="another password of mine")
        self.assertEqual(back["FileName"][-4:], ".pfx")
        p12 = self.open(back, "another password of mine")
        self.assertEqual(p12.key.private_numbers(), self.open(made).key.private_numbers())
        self.assertGreaterEqual(len(p12.additional_certs), 1)
        again = self.recover(Thumbprint=made["CertificateInformation"]["Thumbprint"])  # for kra.repeat seconds
        self.assertEqual(self.open(again).key.private_numbers(), p12.key.private_numbers())
        self.assertEqual(self.requests(), before + 1)
        self.assertEqual(env.count("select count(*) from audit a join archived_key k on a.object = 'key ' || k.uuid "
                                   f"where k.certificate_id = {number} and a.event in ('key.recovered', 'key.recovered-again') and a.actor like '%alice'"), 2)

    def test_who_may(self):
        number = self.pfx(template="SMIME")["CertificateInformation"]["KeyfactorId"]
        before = self.requests()
        for who, status in ((bob, 404), (carol, 404), (otto, 404)):
            self.recover(status, who, CertID=number)
        self.recover(401, Person("alice", "wrong", env), CertID=number)
        self.call("POST", "Certificates/Recover", {"CertID": number, "Password": self.PASSWORD}, 403, Origin="https://evil.example")
        self.assertEqual(self.requests(), before)
        # an agent asks as anybody does, and his own word does not count
        said = self.recover(409, anna, CertID=number)["Message"]
        with self.assertRaises(AssertionError):
            self.agree(anna, said)
        self.assertIn("0 of 2", self.recover(409, anna, CertID=number)["Message"])
        self.assertIn("0 of 2", self.recover(409, CertID=number)["Message"])  # and hers is not his
        self.agree(anna, self.recover(409, CertID=number)["Message"])
        self.agree(bert, self.recover(409, CertID=number)["Message"])
        self.recover(409, anna, CertID=number)
        self.recover(CertID=number)

    def test_what_is_not_archived(self):
        for number in (self.issued()["KeyfactorID"], self.pfx()["CertificateInformation"]["KeyfactorId"]):
            self.assertIn("not archived", self.recover(404, CertID=number)["Message"])

    def test_bad_bodies(self):
        before = self.requests()
        for status, more in ((400, {}), (400, {"CertID": "x"}), (404, {"CertID": 999999}), (400, {"Thumbprint": "'"}), (400, {"CertID": 1, "password": "short"}),
                             (400, {"CertID": 1, "password": None}), (400, {"CertID": 1, "password": 7}), (400, {"CertID": 1, "password": "x" * 256}),
                             (400, {"CertID": 1, "password": "a\nb" * 10})):
            with self.subTest(more):
                self.assertTrue(self.recover(status, **more)["Message"])
        self.call("POST", "Certificates/Recover", {"CertID": 1, "Password": self.PASSWORD}, 400, x_certificateformat="PEM")
        self.assertEqual(self.requests(), before)


class Kept(Case):
    """Owners, and what is never deleted."""

    def test_owner(self):
        number = self.issued()["KeyfactorID"]
        self.assertIn("not defined", self.call("PUT", f"Certificates/{number}/Owner", {"NewRoleName": "x"}, 400, olga)["Message"])
        env.admin("metadata", "add", "Owner-Mail", "--type", "Email")
        env.await_catalog()
        try:
            self.assertIsNone(self.call("PUT", f"Certificates/{number}/Owner", {"NewRoleName": "team@example.test"}, 204, olga))
            self.assertEqual(self.call("GET", f"Certificates/{number}?includeMetadata=true")["Metadata"], {"Owner-Mail": "team@example.test"})
            for status, who, body in ((403, alice, {"NewRoleName": "a@b.example"}), (403, bob, {"NewRoleName": "a@b.example"}), (400, olga, {}), (400, olga, {"NewRoleId": 3}),
                                      (400, olga, {"NewRoleName": 3}), (400, olga, {"NewRoleName": "no address"})):
                self.call("PUT", f"Certificates/{number}/Owner", body, status, who)
            self.call("PUT", "Certificates/999999/Owner", {"NewRoleName": "a@b.example"}, 404, olga)
            self.call("PUT", f"Certificates/{number}/Owner", {"NewRoleName": "a@b.example"}, 403, olga, Origin="https://evil.example")
            self.assertEqual(self.call("GET", f"Certificates/{number}?includeMetadata=true")["Metadata"], {"Owner-Mail": "team@example.test"})
        finally:
            env.admin("metadata", "remove", "Owner-Mail", "--yes")
            env.await_catalog()

    def test_ours_are_never_deleted(self):
        number, before = self.issued()["KeyfactorID"], self.certificates()
        for who in (alice, olga, admin):
            self.call("DELETE", f"Certificates/{number}", None, 403 if who is alice else 409, who)
        self.call("DELETE", "Certificates/999999", None, 404, olga)
        self.call("DELETE", "Certificates", [number], 403, alice)
        said = self.call("DELETE", "Certificates", [number, 999999], 400, olga)
        self.assertEqual(([f["Id"] for f in said["FailedOperations"]], said["SucceededIds"]), ([number, 999999], []))
        for raw in (b"", b"[]", b"{}", b"[0]", b'["x"]', b"[1.5]", b"null", json.dumps(list(range(1, 102))).encode()):
            self.call("DELETE", "Certificates", raw, 400, olga)
        self.assertEqual(self.certificates(), before)


class MetadataAll(Case):
    """Values of several certificates in one call: in transactions of their own, and each is told of."""

    def put(self, changes, status=204, who=olga, **which):
        named = [{"MetadataName": n, "Value": v, "OverwriteExisting": o} for n, (v, o) in changes.items()] if isinstance(changes, dict) else changes
        return self.call("PUT", "Certificates/Metadata/All", {"Metadata": named, **which}, status, who)

    def values(self, *ids):
        return [self.call("GET", f"Certificates/{n}?includeMetadata=true")["Metadata"] for n in ids]

    def test_by_ids(self):
        ids = [self.issued(metadata=m)["KeyfactorID"] for m in ({"Department": "IT"}, None)]
        self.assertIsNone(self.put({"Department": ("HR", False), "Cost-Center": ("12345", False)}, CertificateIds=ids))
        self.assertEqual(self.values(*ids), [{"Department": "IT", "Cost-Center": "12345"}, {"Department": "HR", "Cost-Center": "12345"}])
        self.assertIsNone(self.put({"department": ("Sales", True), "Cost-Center": ("54321", None)}, CertificateIds=ids))
        self.assertEqual(self.values(*ids), [{"Department": "Sales", "Cost-Center": "12345"}] * 2)
        self.assertIsNone(self.put({"Department": (None, True), "Cost-Center": ("", True)}, CertificateIds=ids, Query=None))
        self.assertEqual(self.values(*ids), [{}, {}])

    def test_what_fails_does_not_keep_the_others(self):
        one = self.issued()["KeyfactorID"]
        said = self.put({"Department": ("HR", True)}, 400, CertificateIds=[999999, one])
        self.assertEqual(([f["Id"] for f in said["FailedOperations"]], said["SucceededIds"]), ([999999], [one]))
        self.assertEqual(self.values(one), [{"Department": "HR"}])

    def test_by_query(self):
        name = "all" + os.urandom(4).hex()
        ids = [self.issued(metadata={"Department": name})["KeyfactorID"] for _ in range(3)]
        self.call("POST", "Certificates/Revoke", {"CertificateIds": ids[:1], "Reason": 4, "Comment": "x"})
        self.assertIsNone(self.put({"Cost-Center": ("11111", True)}, Query=f'Department -eq "{name}"'))
        self.assertEqual([v["Cost-Center"] for v in self.values(*ids)], ["11111"] * 3)
        self.assertIsNone(self.put({"Cost-Center": ("22222", True)}, Query=f'Department -eq "{name}" AND Cost-Center -eq "0"'))
        self.assertEqual([v["Cost-Center"] for v in self.values(*ids)], ["11111"] * 3)

    def test_who_may_and_bad_bodies(self):
        ids = [self.issued(metadata={"Department": "IT"})["KeyfactorID"]]
        for who in (alice, bob, otto, anna):
            said = self.put({"Department": ("HR", True)}, 400, who, CertificateIds=ids)
            self.assertEqual((len(said["FailedOperations"]), said["SucceededIds"]), (1, []))
        self.put({"Department": ("HR", True)}, 401, Person("olga", "wrong", env), CertificateIds=ids)
        self.call("PUT", "Certificates/Metadata/All", {}, 403, olga, Origin="https://evil.example")
        good = {"Department": ("HR", True)}
        for wrong in (True, 0, 1.5, "1", {}, {"0": ids[0]}):  # a list that is none is not "all that the query finds"
            self.put(good, 400, CertificateIds=wrong, Query=f"Id -eq {ids[0]}")
        for changes, which in ((good, {}), (good, {"CertificateIds": []}), (good, {"Query": " "}), (good, {"CertificateIds": ids, "Query": "Id -eq 1"}), ({}, {"CertificateIds": ids}),
                               (good, {"CertificateIds": ["x"]}), (good, {"CertificateIds": list(range(1, 102))}), (good, {"Query": "Nope -eq 1"}),
                               (good, {"Query": "Id -eq 1) OR (Id -ne 1"}), ({"Nope": ("x", True)}, {"CertificateIds": ids}), ([7], {"CertificateIds": ids}),
                               ([{"Value": "x"}], {"CertificateIds": ids}), ({"Department": ("x", 1)}, {"CertificateIds": ids}), ("x", {"CertificateIds": ids}),
                               ({"Department": ("x", True), "department": ("y", True)}, {"CertificateIds": ids}), ({"Department": ([], True)}, {"CertificateIds": ids}),
                               ([{"MetadataName": "Department", "Value": "x"}] * 257, {"CertificateIds": ids})):
            with self.subTest((changes, which)):
                self.assertTrue(self.put(changes, 400, **which)["Message"])
        self.assertEqual(self.values(*ids), [{"Department": "IT"}])


class Catalog(Case):
    def test_cas_templates_and_context(self):
        cas = self.call("GET", "CertificateAuthority")
        one = next(c for c in cas if c["LogicalName"] == "issuing")
        self.assertEqual(self.call("GET", f"CertificateAuthority/{one['Id']}"), one)
        self.assertEqual((one["AllowedEnrollmentTypes"], one["Standalone"], one["AllowedRequesters"]), (3, True, []))
        self.call("GET", "CertificateAuthority/999999", status=404)
        templates = {t["CommonName"]: t for t in self.call("GET", "Templates")}
        user = templates["User"]
        self.assertEqual((user["KeyType"], user["KeySize"], user["KeyRetention"], user["AllowedEnrollmentTypes"], user["RequiresApproval"]), ("RSA", "2048", "None", 3, False))
        self.assertEqual((templates["WebServer"]["AllowedEnrollmentTypes"], templates["WebServer"]["RequiresApproval"]), (2, True))
        self.assertIn("Department", [f["Name"] for f in self.call("GET", "MetadataFields") if f["Id"] in {m["MetadataId"] for m in user["MetadataFields"]}])
        mine = {t["Name"]: t for t in self.call("GET", "Enrollment/CSR/Context/My")["Templates"]}
        self.assertEqual((mine["User"]["Id"], [c["Name"] for c in mine["User"]["CAs"]]), (user["Id"], ["issuing"]))
        self.assertEqual(set(mine), {p["name"] for p in alice.get("/pki/profiles").json["entries"] if p["may_enroll"]})
        self.assertEqual(self.call("GET", "Enrollment/CSR/Context/My", who=otto)["Templates"], [])

    def test_lists_are_searched_sorted_and_in_pages(self):
        def names(path, member, query="", **more):
            return [row[member] for row in self.call("GET", f"{path}?" + "&".join(f"{k}={quoted(str(v))}" for k, v in {"QueryString": query, **more}.items()))]
        every = names("Templates", "CommonName")
        self.assertEqual(names("Templates", "CommonName", SortField="shortname"), sorted(every, key=str.lower))
        self.assertEqual(names("Templates", "CommonName", SortField="CommonName", SortAscending=1), sorted(every, key=str.lower, reverse=True))
        pages = [names("Templates", "CommonName", ReturnLimit=2, PageReturned=p) for p in range(1, len(every) // 2 + 3)]
        self.assertEqual([n for page in pages for n in page], every)
        self.assertEqual((pages[0], pages[-1]), (every[:2], []))
        for query, found in (('ShortName -eq "user"', {"User"}), ('CommonName -ne "User"', set(every) - {"User"}), ("FriendlyName -contains web AND CommonName -startswith Web", {"WebServer"}),
                             ('AllowedEnrollmentType -eq "3"', set(every)), ('IsDefaultTemplate -eq "false"', set(every)), ("IsDefaultTemplate -eq true", set()),
                             ('RequiresApproval -eq "true" AND CommonName -endswith "server"', {"WebServer"}), ("CommonName -notcontains e", {n for n in every if "e" not in n.lower()}), ("", set(every))):
            with self.subTest(query):
                self.assertEqual(set(names("Templates", "CommonName", query)), found)
        self.assertNotIn("WebServer", names("Templates", "CommonName", "AllowedEnrollmentType -eq 1"))
        self.assertEqual(names("MetadataFields", "Name", 'Name -eq "department"'), ["Department"])
        orders = names("MetadataFields", "Id", SortField="Id", SortAscending=1)
        self.assertEqual(orders, sorted(orders, reverse=True))
        self.assertEqual(names("CertificateAuthority", "LogicalName", "LogicalName -eq issuing"), ["issuing"])
        for path in ("Templates", "MetadataFields", "CertificateAuthority"):
            for wrong in ("QueryString=x", "QueryString=Nope%20-eq%201", "QueryString=Id%20-lt%201", "QueryString=Id%20-eq%201%20OR%20Id%20-eq%202", "SortField=Nope", "ReturnLimit=0",
                          "ReturnLimit=1001", "PageReturned=0", "PageReturned=99999999999", "SortAscending=2", "SortField=%FF", f"SortField={'x' * 59}%C3%BC"):
                with self.subTest(path=path, wrong=wrong):
                    self.assertTrue(self.call("GET", f"{path}?{wrong}", status=400)["Message"])


class Import(Case):
    """By the import of the inventory (docs/inventory.md)."""

    def other(self, name, *extensions):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        day = datetime.datetime(2026, 1, 1)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(day).not_valid_after(day + datetime.timedelta(days=3000)))
        for e in extensions:
            builder = builder.add_extension(e, False)
        return key, builder.sign(key, hashes.SHA256())

    def put(self, content, status=200, who=olga, **more):
        text = content if isinstance(content, str) else base64.b64encode(content).decode()
        return self.call("POST", "Certificates/Import", {"Certificate": text, "Password": "", "Metadata": {}, "StoreIds": [], "StoreTypes": [], "Schedule": None, **more}, status, who)

    def test_one_and_again(self):
        _, cert = self.other("kf elsewhere")
        said = self.put(cert.public_bytes(Encoding.DER), Metadata={"Department": "IT"})
        self.assertEqual((said["ImportStatus"], said["JobStatus"], said["InvalidKeystores"]), (1, 1, []))
        self.assertEqual(said["Thumbprint"], cert.fingerprint(hashes.SHA1()).hex().upper())
        one = self.call("GET", f"Certificates/{said['CertificateId']}?includeMetadata=true", who=olga)
        self.assertEqual((one["IssuedCN"], one["Metadata"], one["Thumbprint"]), ("kf elsewhere", {"Department": "IT"}, cert.fingerprint(hashes.SHA1()).hex().upper()))
        again = self.put(cert.public_bytes(Encoding.PEM).decode())
        self.assertEqual((again["ImportStatus"], again["CertificateId"]), (2, said["CertificateId"]))
        self.call("DELETE", f"Certificates/{one['Id']}", None, 403)
        self.assertIsNone(self.call("DELETE", f"Certificates/{one['Id']}", None, 204, olga))
        self.call("GET", f"Certificates/{one['Id']}", None, 404, olga)
        several = [self.put(self.other(f"kf several {i}")[1].public_bytes(Encoding.DER))["CertificateId"] for i in range(2)]
        self.assertIsNone(self.call("DELETE", "Certificates?collectionId=0", several, 204, olga))
        for number in several:
            self.call("GET", f"Certificates/{number}", None, 404, olga)

    def test_where_its_crls_are(self):
        """Addresses alone, and not any number; what is none, or cannot be read, does not keep the rest."""
        name = x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "crl")]))
        relative = x509.DistributionPoint(None, x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "crl")]), None, None)
        good = x509.UniformResourceIdentifier("ldap://a.example/cn=a?b")
        odd = [x509.UniformResourceIdentifier._init_without_validation(v) for v in ("http://a b/", "http://x/" + "y" * 2049)]
        points = [x509.DistributionPoint([name, good, *odd], None, None, None), relative, x509.DistributionPoint(None, None, None, [name])]
        many = [x509.DistributionPoint([x509.UniformResourceIdentifier(f"http://{n}.example/")], None, None, None) for n in range(40)]
        octets = der.seq(der.seq(der.tlv(0xA0, der.tlv(0xA0, der.tlv(0x86, b"http://\xff\x00/") + der.tlv(0x86, b"") + der.tlv(0x86, b"http://c/")))))
        cases = ((x509.CRLDistributionPoints(points), [(1, good.value, "")]), (x509.CRLDistributionPoints(many), [(n + 1, f"http://{n}.example/", "") for n in range(20)]),
                 (x509.UnrecognizedExtension(x509.ExtensionOID.CRL_DISTRIBUTION_POINTS, octets), [(1, "http://c/", "")]),
                 (x509.UnrecognizedExtension(x509.ExtensionOID.CRL_DISTRIBUTION_POINTS, b"no DER"), []))
        for n, (extension, said) in enumerate(cases):
            with self.subTest(n):
                number = self.put(self.other(f"kf crl {n}", extension)[1].public_bytes(Encoding.DER))["CertificateId"]
                one = self.call("GET", f"Certificates/{number}", who=olga)
                self.assertEqual([(p["Id"], p["Url"], p["UrlHash"]) for p in one["CRLDistributionPoints"]], said)
                self.call("DELETE", f"Certificates/{number}", None, 204, olga)

    def test_pkcs12_without_its_key(self):
        key, cert = self.other("kf in a p12")
        p12 = pkcs12.serialize_key_and_certificates(b"x", key, cert, None, BestAvailableEncryption(b"secret"))
        kept = env.count("select count(*) from archived_key")
        said = self.put(p12, Password="secret")
        self.assertEqual((said["ImportStatus"], said["PrivateKeys"]), (1, 1))
        self.assertEqual(env.count("select count(*) from archived_key"), kept)
        for wrong in ("wrong", "", None, "secret" * 43):
            self.assertIn("password", self.put(p12, 400, Password=wrong)["Message"].lower())

    def test_who_may(self):
        _, cert = self.other("kf not this one")
        der_ = cert.public_bytes(Encoding.DER)
        before = env.count("select count(*) from certificate")
        for who, status in ((alice, 403), (bob, 403), (otto, 403), (anna, 403), (Person("olga", "wrong", env), 401)):
            self.put(der_, status, who)
        self.call("POST", "Certificates/Import", {"Certificate": base64.b64encode(der_).decode()}, 403, olga, Origin="https://evil.example")
        for status, content, more in ((400, "", {}), (400, "x", {}), (400, base64.b64encode(b"nothing").decode(), {}), (400, der_, {"Metadata": {"Nope": 1}}),
                                      (400, der_, {"Metadata": []}), (400, der_, {"StoreIds": ["a"]}), (400, der_, {"Password": 7})):
            with self.subTest(more):
                self.assertTrue(self.put(content, status, **more)["Message"])
        self.assertEqual(env.count("select count(*) from certificate"), before)


class Rights(Keys):
    """Who gets what: each call that there is, by each role, about a certificate and a request of alice. What is said of the certificate to others is
    what REST says; nothing is changed but by who may."""
    # by owner, another, officer, auditor, agent, administrator, wrong password; 400: it was let in, and the body is wrong on purpose
    EXPECTED = {"GET /Status/Endpoints": "200 200 200 200 200 200 401",
                "GET /Certificates": "200 200 200 200 200 200 401",
                "GET /Certificates/{id}": "200 200 200 200 200 200 401",
                "POST /Certificates/Download": "200 200 200 200 200 200 401",
                "POST /Certificates/Revoke": "400 400 400 400 400 400 401",
                "PUT /Certificates/Metadata": "403 403 204 403 403 204 401",
                "GET /Certificates/Metadata/Compare": "200 403 200 200 403 200 401",
                "GET /MetadataFields": "200 200 200 200 200 200 401",
                "GET /MetadataFields/{name}": "200 200 200 200 200 200 401",
                "GET /MetadataFields/{id}/InUse": "403 403 200 200 403 200 401",
                "POST /MetadataFields": "403 403 403 403 403 400 401",
                "PUT /MetadataFields": "403 403 403 403 403 404 401",
                "DELETE /MetadataFields": "403 403 403 403 403 400 401",
                "DELETE /MetadataFields/{id}": "403 403 403 403 403 404 401",
                "GET /Templates": "200 200 200 200 200 200 401",
                "GET /Templates/{id}": "200 200 200 200 200 200 401",
                "GET /CertificateAuthority": "200 200 200 200 200 200 401",
                "GET /CertificateAuthority/{id}": "200 200 200 200 200 200 401",
                "POST /Certificates/Recover": "409 404 404 404 409 404 401",
                "POST /Certificates/Import": "403 403 400 403 403 400 401",
                "PUT /Certificates/{id}/Owner": "400 400 400 400 400 400 401",
                "GET /Enrollment/CSR/Context/My": "200 200 200 200 200 200 401",
                "POST /Enrollment/CSR": "200 200 401 401 401 401 401",
                "POST /Enrollment/PFX": "200 200 401 401 401 401 401",
                "POST /Enrollment/Renew": "409 404 401 401 401 401 401",
                "GET /Workflow/Certificates/Pending": "200 200 200 200 200 200 401",
                "GET /Workflow/Certificates/Denied": "200 200 200 200 200 200 401",
                "GET /Workflow/Certificates/ExternalValidation": "200 200 200 200 200 200 401",
                "GET /Workflow/Certificates/{id}": "200 404 200 404 404 200 401",
                "POST /Workflow/Certificates/Approve": "200 200 200 200 200 200 401",
                "POST /Workflow/Certificates/Deny": "200 200 200 200 200 200 401",
                "DELETE /Certificates/{id}": "403 403 409 403 403 409 401",
                "DELETE /Certificates": "403 403 400 403 403 400 401",
                "PUT /Certificates/Metadata/All": "400 400 204 400 400 204 401"}

    def calls(self, cert, request, archived):
        t = self.call("GET", "Templates")[0]["Id"]
        ca = self.call("GET", "CertificateAuthority")[0]["Id"]
        csr = {"CSR": pem(CSR), "Template": "User", "Timestamp": client.now()}
        return {
            "GET /Status/Endpoints": ("Status/Endpoints", None), "GET /Certificates": ("Certificates", None), "GET /Certificates/{id}": (f"Certificates/{cert}", None),
            "POST /Certificates/Download": ("Certificates/Download", {"CertID": cert}),
            "POST /Certificates/Revoke": ("Certificates/Revoke", {"CertificateIds": [cert], "Reason": 99, "Comment": "x"}),
            "PUT /Certificates/Metadata": ("Certificates/Metadata", {"Id": cert, "Metadata": {"Department": "IT"}}),
            "GET /Certificates/Metadata/Compare": (f"Certificates/Metadata/Compare?certificateId={cert}&metadataFieldName=Department&value=IT", None),
            "GET /MetadataFields": ("MetadataFields", None), "GET /MetadataFields/{name}": ("MetadataFields/Department", None),
            "GET /MetadataFields/{id}/InUse": ("MetadataFields/Department/InUse", None), "POST /MetadataFields": ("MetadataFields", {}),
            "PUT /MetadataFields": ("MetadataFields", {}), "DELETE /MetadataFields": ("MetadataFields", []), "DELETE /MetadataFields/{id}": ("MetadataFields/Nope", None),
            "GET /Templates": ("Templates", None), "GET /Templates/{id}": (f"Templates/{t}", None), "GET /CertificateAuthority": ("CertificateAuthority", None),
            "GET /CertificateAuthority/{id}": (f"CertificateAuthority/{ca}", None),
            "POST /Certificates/Recover": ("Certificates/Recover", {"CertID": archived, "Password": self.PASSWORD}),
            "POST /Certificates/Import": ("Certificates/Import", {"Certificate": "bm8="}),
            "PUT /Certificates/{id}/Owner": (f"Certificates/{cert}/Owner", {"NewRoleName": "a@b.example"}),
            "GET /Enrollment/CSR/Context/My": ("Enrollment/CSR/Context/My", None), "POST /Enrollment/CSR": ("Enrollment/CSR", csr),
            "POST /Enrollment/PFX": ("Enrollment/PFX", {"Template": "User", "Password": self.PASSWORD}), "POST /Enrollment/Renew": ("Enrollment/Renew", {"CertificateId": cert}),
            "GET /Workflow/Certificates/Pending": ("Workflow/Certificates/Pending", None), "GET /Workflow/Certificates/Denied": ("Workflow/Certificates/Denied", None),
            "GET /Workflow/Certificates/ExternalValidation": ("Workflow/Certificates/ExternalValidation", None),
            "GET /Workflow/Certificates/{id}": (f"Workflow/Certificates/{request}", None),
            "POST /Workflow/Certificates/Approve": ("Workflow/Certificates/Approve", [999999]),
            "POST /Workflow/Certificates/Deny": ("Workflow/Certificates/Deny", {"CertificateRequestIds": [999999]}),
            "DELETE /Certificates/{id}": (f"Certificates/{cert}", None), "DELETE /Certificates": ("Certificates", [cert]),
            "PUT /Certificates/Metadata/All": ("Certificates/Metadata/All", {"CertificateIds": [cert], "Metadata": [{"MetadataName": "Department", "Value": "HR", "OverwriteExisting": True}]})}

    def test_role_by_route_by_object(self):
        import_template("SMIME", archival="required", keyTypes=[{"type": "EC", "curves": ["P-384", "P-256"]}])
        cert, archived = self.issued()["KeyfactorID"], self.pfx(template="SMIME")["CertificateInformation"]["KeyfactorId"]
        request = self.enroll(csr=web_csr("rights.example.test"), template="WebServer")["CertificateInformation"]["KeyfactorRequestId"]
        calls = self.calls(cert, request, archived)
        self.assertLessEqual(set(self.call("GET", "Status/Endpoints")), set(calls))
        found = {}
        for name, (path, body) in calls.items():
            raw = json.dumps(body).encode()
            found[name] = " ".join(str(who.client.request(name.split()[0], "/KeyfactorAPI/" + path, raw, {**self.GO, "Authorization": who.basic}).status)
                                   for who in (alice, bob, olga, otto, anna, admin, Person("alice", "wrong", env)))
        self.assertEqual(found, self.EXPECTED)
        self.assertEqual(olga.get(f"/pki/certificate/{cert}").json["status"], "valid")
        self.assertEqual(olga.get(f"/pki/request/{request}").json["status"], "pending")
        seen = {who.user: (cert in {c["Id"] for c in self.call("GET", "Certificates?ReturnLimit=200", who=who)},
                           request in {r["Id"] for r in self.call("GET", "Workflow/Certificates/Pending?ReturnLimit=1000", who=who)}) for who in (alice, bob, olga, otto, anna)}
        self.assertEqual(seen, {"alice": (True, True), "bob": (False, False), "olga": (True, True), otto.user: (True, False), anna.user: (False, False)})


class Sdk(Keys):
    """Requests as the vendor's generated SDK (keyfactor-go-client-sdk v25.0.2) sends them: what it says of itself, no body with a GET, a line end behind
    each other one, members in the order of their names. Answers as it reads them: it takes no other kind of value than its description names."""
    GO = {"User-Agent": "OpenAPI-Generator/1.0.0/go", "Accept": "application/json", "x-keyfactor-api-version": "1", "x-keyfactor-requested-with": "APIClient"}

    def call(self, method, path, body=None, status=200, who=alice, **headers):
        raw, head = None, {**self.GO, "Authorization": who.basic, **{k.replace("_", "-"): v for k, v in headers.items()}}
        if body is not None:
            raw, head["Content-Type"] = json.dumps(body, sort_keys=True, separators=(",", ":")).encode() + b"\n", "application/json"
        reply = who.client.request(method, "/Command/API/" + path, raw, head)
        self.assertEqual(reply.status, status, reply.body)
        return json.loads(reply.body) if reply.body else None

    def order(self, template="User", csr=CSR, metadata=None):
        body = {"CSR": pem(csr), "CertificateAuthority": "issuing", "IncludeChain": True, "Metadata": metadata or {"Department": "IT"}, "Template": template, "Timestamp": client.now()}
        return self.call("POST", "Enrollment/CSR", body, x_certificateformat="PEM")["CertificateInformation"]

    def test_lists(self):
        self.assertTrue(all(isinstance(p, str) for p in self.call("GET", "Status/Endpoints")))
        for path, numbers in (("CertificateAuthority", ("AllowedEnrollmentTypes", "KeyRetention")), ("Templates", ("AllowedEnrollmentTypes", "KeyRetention"))):
            for one in self.call("GET", path):
                self.assertEqual([type(one[n]) for n in numbers], [int] * len(numbers), path)
                self.assertEqual(self.call("GET", f"{path}/{one['Id']}"), one)
        for prefix in ("", "sq."):  # of v25 and v2
            query = f"Templates?{prefix}QueryString=ShortName+-eq+%22User%22&{prefix}ReturnLimit=1&{prefix}SortAscending=1&{prefix}SortField=CommonName"
            self.assertEqual([t["CommonName"] for t in self.call("GET", query)], ["User"])
        self.assertIn("User", [t["Name"] for t in self.call("GET", "Enrollment/CSR/Context/My")["Templates"]])

    def test_a_template_keeps_keys_in_numbers_for_it_and_in_words_for_the_other(self):
        import_template("SMIME", archival="required", keyTypes=[{"type": "EC", "curves": ["P-384", "P-256"]}])
        for said, case, agent in (({"User": 0, "SMIME": 1}, self, "OpenAPI-Generator/1.0.0/go"), ({"User": 0, "SMIME": 1}, self, "python-httpx/0.23.3"),
                                  ({"User": "None", "SMIME": "Indefinite"}, Keys(), "Go-http-client/1.1"), ({"User": "None", "SMIME": "Indefinite"}, Keys(), "")):
            kept = {t["CommonName"]: t["KeyRetention"] for t in case.call("GET", "Templates", User_Agent=agent)}
            self.assertEqual({n: kept[n] for n in said}, said)

    def test_metadata_fields(self):
        body = {"DataType": 5, "Description": "where it stands", "DisplayOrder": 7, "Hint": "north or south", "Name": "Cabinet", "Options": "north,south"}
        made = self.call("POST", "MetadataFields", body, who=admin)
        self.assertEqual({k: made[k] for k in body}, body)
        env.await_catalog()
        number = made["Id"]
        for path in (f"MetadataFields/{number}", "MetadataFields/cabinet"):
            self.assertEqual(self.call("GET", path, who=admin), made)
        change = {"DataType": 5, "Description": "where it hangs", "DisplayOrder": 8, "Id": number, "Name": "Cabinet", "Options": "north,south,east"}
        changed = self.call("PUT", "MetadataFields", change, who=admin)
        self.assertEqual({k: changed[k] for k in change}, change)
        env.await_catalog()
        self.assertIs(self.call("GET", f"MetadataFields/{number}/InUse", who=admin), False)
        self.assertIsNone(self.call("DELETE", f"MetadataFields/{number}?force=false", status=204, who=admin))
        again = self.call("POST", "MetadataFields", {"DataType": 1, "Description": "", "Name": "Row"}, who=admin)["Id"]
        env.await_catalog()
        self.assertIsNone(self.call("DELETE", "MetadataFields", [again], 204, admin))
        env.await_catalog()
        self.assertNotIn("Row", [f["Name"] for f in self.call("GET", "MetadataFields")])

    def test_certificates(self):
        made = self.order()
        number = made["KeyfactorID"]
        one = self.call("GET", f"Certificates/{number}?includeLocations=true&includeMetadata=true")
        self.assertEqual((one["Thumbprint"], one["Metadata"]), (made["Thumbprint"], {"Department": "IT"}))
        query = f"PageReturned=1&QueryString=Thumbprint+-eq+%22{made['Thumbprint']}%22&ReturnLimit=10&SortAscending=0&SortField=NotAfter&includeMetadata=true"
        self.assertEqual([c["Id"] for c in self.call("GET", "Certificates?" + query)], [number])
        file = self.call("POST", "Certificates/Download", {"CertID": number, "ChainOrder": "EndEntityFirst", "IncludeChain": True}, x_certificateformat="P7B")
        self.assertEqual(client.pkcs7_certificates(base64.b64decode(file["Content"]))[0], base64.b64decode(one["ContentBytes"]))
        self.assertIsNone(self.call("PUT", "Certificates/Metadata", {"Id": number, "Metadata": {"Department": "HR"}}, 204, olga))
        change = {"CertificateIds": [number], "Metadata": [{"MetadataName": "Department", "OverwriteExisting": True, "Value": "HR"}]}
        self.assertIsNone(self.call("PUT", "Certificates/Metadata/All", change, 204, olga))
        self.assertIs(self.call("GET", f"Certificates/Metadata/Compare?certificateId={number}&metadataFieldName=Department&value=HR"), True)
        renewal = {"CertificateAuthority": "issuing", "CertificateId": number, "Template": "User", "Timestamp": client.now()}
        self.assertIn("can be renewed from", self.call("POST", "Enrollment/Renew", renewal, 409)["Message"])
        env.sql(f"update certificate set not_after = now() + interval '1 day' where id = {number}")
        self.assertEqual(self.call("POST", "Enrollment/Renew", renewal)["RequestDisposition"], "ISSUED")
        revoke = {"CertificateIds": [number], "Comment": "replaced", "EffectiveDate": client.now(), "Reason": 4}
        self.assertEqual(self.call("POST", "Certificates/Revoke", revoke, who=olga), {"RevokedIds": [number]})
        self.assertIn("Revoke it", self.call("DELETE", f"Certificates/{number}", status=409, who=olga)["Message"])

    def test_imported_and_deleted(self):
        cert = Import.other(None, "sdk elsewhere")[1]
        body = {"Certificate": base64.b64encode(cert.public_bytes(Encoding.DER)).decode(), "Metadata": {"Department": "IT"}, "Schedule": client.now()}
        for status in (1, 2):
            said = self.call("POST", "Certificates/Import", body, who=olga)
            self.assertEqual((said["ImportStatus"], said["JobStatus"], said["InvalidKeystores"]), (status, 1, []))
        found = self.call("GET", "Certificates?QueryString=IssuedCN+-eq+%22sdk+elsewhere%22", who=olga)
        self.assertEqual([c["Id"] for c in found], [said["CertificateId"]])
        self.assertIsNone(self.call("DELETE", f"Certificates/{found[0]['Id']}", status=204, who=olga))
        again = self.call("POST", "Certificates/Import", body, who=olga)["CertificateId"]
        self.assertIsNone(self.call("DELETE", "Certificates", [again], 204, olga))

    def test_workflow(self):
        numbers = []
        for what in ("Approve", "Deny"):
            number = self.order("WebServer", web_csr(f"{what.lower()}.sdk.example.test"))["KeyfactorRequestId"]
            self.assertIn(number, [r["Id"] for r in self.call("GET", "Workflow/Certificates/Pending?ReturnLimit=50", who=olga)])
            self.assertEqual(self.call("GET", f"Workflow/Certificates/{number}", who=olga)["StateString"], "Pending")
            body = [number] if what == "Approve" else {"CertificateRequestIds": [number], "Comment": "not that one"}
            said = self.call("POST", "Workflow/Certificates/" + what, body, who=olga)
            self.assertEqual(([r["KeyfactorRequestId"] for r in said["Successes"]], said["Failures"], said["Denials"]), ([number], [], []))
            numbers.append(number)
        denied = [r["Id"] for r in self.call("GET", "Workflow/Certificates/Denied", who=olga)]
        self.assertEqual([n in denied for n in numbers], [False, True])
        self.assertEqual(self.call("GET", "Workflow/Certificates/ExternalValidation", who=olga), [])

    def test_keys(self):
        import_template("SMIME", archival="required", keyTypes=[{"type": "EC", "curves": ["P-384", "P-256"]}])
        for version in ("1", "2"):
            body = {"CertificateAuthority": "issuing", "IncludeChain": True, "Password": self.PASSWORD, "Subject": "CN=alice", "Template": "SMIME", "Timestamp": client.now()}
            made = self.call("POST", "Enrollment/PFX", body, x_certificateformat="PFX", x_keyfactor_api_version=version)
            self.assertIsNotNone(self.open(made).key)
        body = {"CertID": made["CertificateInformation"]["KeyfactorId"], "IncludeChain": True, "Password": self.PASSWORD}
        number = int(re.search(r"Key request (\d+) waits", self.call("POST", "Certificates/Recover", body, 409, x_certificateformat="PFX")["Message"])[1])
        for agent in (anna, bert):
            self.assertEqual(agent.decide(number, "approved").status, 200)
        self.assertIsNotNone(self.open(self.call("POST", "Certificates/Recover", body, x_certificateformat="PFX")).key)


class Vault(Case):
    """Requests as the vendor's secrets engine for HashiCorp Vault (1.4) sends them: written by hand, with the ends of the CSR's lines as they are, and
    one of them closed too early. Its revocation looks at the status alone."""
    GO = {"User-Agent": "Go-http-client/1.1", "Content-Type": "application/json", "X-Keyfactor-Requested-With": "APIClient"}

    def test_each_call(self):
        import_template("WebServer", approval=False, enrollGroups=["*"], acknowledge=["ESC17"], acknowledgeReason="names of a test")
        try:
            body = ('{"CSR": "' + pem(web_csr("vault.example.test")) + '", "CertificateAuthority":"issuing", "IncludeChain": true, "Metadata": {"Department":"IT"}, '
                    '"Timestamp": "2026-11-30T19:24:47","Template": "WebServer", "SANs": {"dns": ["vault.example.test"]}}')
            made = self.call("POST", "Enrollment/CSR", body.encode(), x_certificateformat="PEM")["CertificateInformation"]
            self.assertGreaterEqual(len(made["Certificates"]), 2)
            self.enroll(csr=web_csr("vault.example.test"), template="WebServer", SANs={"dns": ["vault.example.test"], "ip": ["192.0.2.7"]}, status=400)
        finally:
            import_template("WebServer")
        number = made["KeyfactorID"]
        found = self.call("GET", "Certificates?pq.queryString=CA%20-eq%20%22issuing%20%22&ReturnLimit=1", b"")
        self.assertEqual([c["CertificateAuthorityName"] for c in found], ["issuing"])
        content = self.call("POST", "Certificates/Download", f'{{"CertID": {number}, "IncludeChain": true, "ChainOrder": "endentityfirst" }}'.encode(), x_certificateformat="P7B")
        self.assertEqual(client.pkcs7_certificates(base64.b64decode(content["Content"])), [ssl.PEM_cert_to_DER_cert(c) for c in made["Certificates"]])
        order = (f'{{\n\t\t"CertificateIds": [\n\t\t  {number}\n\t\t],\n\t\t"Reason": 0,\n\t\t"Comment": "via \\"}}\\" HashiCorp Vault",\n\t\t"EffectiveDate": "{client.now()}"}},'
                 '\n\t\t"CollectionId": 0\n\t  }')
        self.assertEqual(self.call("POST", "Certificates/Revoke", order.encode()), {"RevokedIds": [number]})
        self.assertEqual(self.call("GET", f"Certificates/{number}", b"")["RevocationComment"], 'via "}" HashiCorp Vault')
        for raw in (order[1:], order[:40], '"' + order, "[" + order):
            self.call("POST", "Certificates/Revoke", raw.encode(), 400)


class Forward:
    """The client takes no port in the name of its server: 443 of this machine is the gateway meanwhile."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 443))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                ours = self.listener.accept()[0]
            except OSError:
                return
            theirs = socket.create_connection((alice.client.host, alice.client.port))
            for a, b in ((ours, theirs), (theirs, ours)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    def pump(self, a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)  # the port is free once accept has returned
        self.listener.close()


class GoProgram(Case):
    """A program of the vendor's modules, where they can be had."""

    def build(self, name, seconds=120):
        """None: there is no Go here, or no way to the modules."""
        program = env.scratch / name
        try:
            subprocess.run(["go", "build", "-o", program, "."], cwd=Path(__file__).parent / name, check=True, capture_output=True, timeout=seconds)
        except (OSError, subprocess.SubprocessError) as e:
            print("# the vendor's client cannot be built:", str(getattr(e, "stderr", None) or e)[-200:].replace("\n", " "))
            return None
        return program

    def start(self, program, **more):
        path = Path(env.var["GATEHOUSE_CAFILE"])
        variables = {"KEYFACTOR_HOSTNAME": "localhost", "KEYFACTOR_API_PATH": "Command/API", "KEYFACTOR_CA_CERT": str(path), "ALICE": "alice-secret", "OLGA": olga.password,
                     "CSR": pem(CSR), "HOME": str(env.scratch), **more}
        return subprocess.Popen([program], env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def agree(self, row):
        """On the key request that a call is told to wait for."""
        number = int(re.search(r"Key request (\d+) waits: 0 of 2", row["error"])[1])
        for agent in (anna, bert):
            self.assertEqual(agent.decide(number, "approved").status, 200)

    def run_calls(self, running, answers):
        """What is said of each call. answers: what is done before the program goes on behind one of them."""
        said = {}
        for line in running.stdout:
            row = json.loads(line)
            said[row["call"]] = row
            if row["call"] in answers:
                answers[row["call"]](row)
                running.stdin.write("\n")
                running.stdin.flush()
        return said


class GoClient(GoProgram):
    """The vendor's own client; what it sends is in the tests above in any case."""
    CALLS = ("NewKeyfactorClient", "GetCAList", "GetTemplates", "GetTemplate", "GetAllMetadataFields", "EnrollCSR", "GetCertificateContext id",
             "GetCertificateContext thumbprint", "GetCertificateContext request", "ListCertificates", "DownloadCertificate", "UpdateMetadata", "RevokeCert",
             "EnrollCSR pending", "ListPendingCertificates", "ListDeniedCertificates", "ListExternalValidationPendingCertificates", "EnrollPFX", "EnrollPFXV2",
             "RecoverCertificate")

    def test_each_call(self):
        import_template("SMIME", archival="required", keyTypes=[{"type": "EC", "curves": ["P-384", "P-256"]}])
        program = self.build("keyfactor_go")
        try:
            forward = Forward()
        except OSError as e:
            program = print("# port 443 is not free here:", e)
        if program is None:
            return
        with forward, self.start(program, WEB_CSR=pem(web_csr("go.example.test"))) as running:
            said = self.run_calls(running, {"RecoverCertificate pending": self.agree})
        self.assertEqual(running.returncode, 0)
        self.assertEqual({c: said[c]["error"] for c in self.CALLS if said[c]["error"]}, {})
        self.assertIn("final", said["RevokeCert again"]["error"])
        self.assertEqual(said["RecoverCertificate"]["value"][:2], [True, True])
        made = said["EnrollCSR"]["value"]["CertificateInformation"]
        self.assertEqual(said["GetCertificateContext id"]["value"]["Metadata"], {"Department": "IT"})
        for by in ("thumbprint", "request"):
            self.assertEqual(said["GetCertificateContext " + by]["value"]["Id"], made["KeyfactorID"])
        self.assertEqual([c["Id"] for c in said["ListCertificates"]["value"]], [made["KeyfactorID"]])
        waits = said["EnrollCSR pending"]["value"]["CertificateInformation"]
        self.assertEqual((waits["RequestDisposition"], waits["KeyfactorRequestId"] in [r["Id"] for r in said["ListPendingCertificates"]["value"]]), ("PENDING", True))
        self.assertEqual(said["GetCAList"]["value"][-1]["AllowedEnrollmentTypes"] & 2, 2)



class GoSdk(GoProgram):
    """The vendor's generated SDKs, by GATEHOUSE_KEYFACTOR_SDK=1: each takes half a minute of a processor to build, and what they send is in Sdk."""
    REFUSED = {"Enrollment/Renew early": "can be renewed from", "Certificates delete ours": "Revoke it", "Certificates/Recover pending": "0 of 2"}

    def due(self, _):
        env.sql("update certificate set not_after = now() + interval '1 day' where id = (select max(id) from certificate where requester like '%alice')")

    def each_call(self, name):
        if not os.environ.get("GATEHOUSE_KEYFACTOR_SDK"):
            return
        import_template("SMIME", archival="required", keyTypes=[{"type": "EC", "curves": ["P-384", "P-256"]}])
        env.admin("metadata", "add", "Owner-Mail", "--type", "Email")
        env.await_catalog()
        cert = base64.b64encode(Import.other(None, name)[1].public_bytes(Encoding.DER)).decode()
        program = self.build(name, 570)
        self.assertIsNotNone(program)
        try:
            with Forward(), self.start(program, ADMIN_USER=admin.user, ADMIN=admin.password, FOREIGN=cert, FOREIGN_CN=name,
                                       **{f"WEB_CSR_{n}": pem(web_csr(f"{n.lower()}.go.example.test")) for n in ("Approve", "Deny")}) as running:
                said = self.run_calls(running, {"Enrollment/Renew early": self.due, "Certificates/Recover pending": self.agree})
        finally:
            env.admin("metadata", "remove", "Owner-Mail", "--yes")
            env.await_catalog()
        self.assertEqual(running.returncode, 0)
        self.assertGreater(len(said), 30)
        for call, row in said.items():
            with self.subTest(call):
                self.assertIn(self.REFUSED[call], row["error"]) if call in self.REFUSED else self.assertIsNone(row["error"])

    def test_each_call(self):
        self.each_call("keyfactor_sdk")

    def test_each_call_of_the_older_one(self):
        self.each_call("keyfactor_sdk2")


if __name__ == "__main__":
    tap.main()
