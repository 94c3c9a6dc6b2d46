#!/usr/bin/python3
"""RFC 8295 over TLS: package lists, keys, firmware, trust anchors, CRLs, receipts. No client of it exists: curl's part is played here,
and all ASN.1 is read and written by pyasn1-modules, each list validated by xmllint. docs/est-packages.md has the table of the ids."""

import base64
import hashlib
import json
import os
import re
import ssl
import subprocess
import time
import unittest
import urllib.parse
import xml.etree.ElementTree as xml

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyasn1.codec.der import decoder, encoder
from pyasn1.type import univ
from pyasn1_modules import rfc5280, rfc5652, rfc5934, rfc6010, rfc6031, rfc7191

import der
import packages
import tap
from environment import TOP, Environment
from est import PREFIX, Device, certificates, names_of, run, validate_pal
from person import Person

ENTRIES = 4  # of a page
env = Environment("est-packages", GATEHOUSE_CONF_EXTRA=f"""
est {{ label = "http" pal_entries = {ENTRIES} }}
limits {{ failures = 10000 }}
""")
ALICE, BOB, CAROL = (("alice", "alice-secret"), ("bob", "bob-secret"), ("carol", "carol-secret"))
ALICE_IS, BOB_IS = "user:EXAMPLE\\alice", "user:cn=Bob Brown,ou=people,dc=example,dc=test"
NAMESPACE = "{urn:ietf:params:xml:ns:pal}"
STRANGER = packages.Signer("stranger")
OWN = {f"{n:04}" for n in range(6, 20)}  # certificates of the client's own
CERTS = "application/pkcs7-mime; smime-type=certs-only"


def template(base, **changes):
    path = env.scratch / f"{changes['name']}.json"
    path.write_text(json.dumps({**json.loads((TOP / f"conf/templates/{base}.json").read_text()), **changes}))
    env.admin("template", "import", path)


def setUpModule():
    template("User", name="Waiting", oid="1.3.6.1.4.1.311.21.8.15747088.8838185.2930322.4713121.5847363.92",
             enrollmentFlags=["PEND_ALL_REQUESTS"])
    template("User", name="WaitingKE", oid="1.3.6.1.4.1.311.21.8.15747088.8838185.2930322.4713121.5847363.93",
             enrollmentFlags=["PEND_ALL_REQUESTS"], keyUsage=["keyEncipherment", "keyAgreement"], extendedKeyUsage=["emailProtection", "clientAuth"], purpose="email_protection")
    for label, of in (("ds", "Waiting"), ("ke", "WaitingKE")):
        env.admin("est", "label", "add", label, "--template", of, "--auth", "either", "--ca", "issuing", "--csrattrs", "none" if label == "ke" else "all")
    env.admin("est", "label", "add", "http", "--template", "User", "--auth", "http", "--ca", "issuing", "--certificates-of", "any")
    env.admin("est", "label", "add", "cert", "--template", "User", "--auth", "cert", "--ca", "issuing", "--certificates-of", "any")
    env.admin("est", "label", "add", "either", "--template", "User", "--auth", "either", "--ca", "issuing", "--certificates-of", "any")
    chain = [base64.b64decode(c) for c in env.sql(
        "select replace(encode(x, 'base64'), E'\\n', '') from ca, unnest(chain) x where name = 'issuing'") for c in c]
    (env.scratch / "cas.pem").write_text("".join(x509.load_der_x509_certificate(c).public_bytes(
        serialization.Encoding.PEM).decode() for c in chain))
    conf = env.dir / "state" / "gatehouse.conf"
    conf.write_text(conf.read_text().replace("gateway {\n", f'gateway {{\n client_ca = "{env.scratch}/cas.pem"\n', 1))
    env.gateway("halt")
    env.gateway("run")
    # a job makes CRLs behind the start; each worker looks for them
    env.await_each_worker(lambda c: {"0004", "0005"} <= {e["type"] for e in c.get(PREFIX + "http/pal", {**Device(env, ALICE).headers, "Accept": "application/json"}).json},
                          "CRLs in the list")


def add(what, audience, kind, *args):
    """Put a package in; its number."""
    path = env.scratch / f"package-{time.monotonic_ns()}"
    path.write_bytes(what)
    return env.admin("package", "add", path, "--type", kind, "--for", audience, "--json", *args)["id"]


def update(number, signer=STRANGER):
    return packages.signed(f"{packages.TAMP}.3", packages.tamp_message(3, number), signer)


def keys(pkg_id, secret=b"k" * 16, wants_receipt=True):
    return packages.signed(packages.SKEYS, packages.key_package(secret), STRANGER, [packages.package_id(pkg_id, wants_receipt)])


def firmware(version):
    return packages.signed(packages.FIRMWARE, packages.firmware(), STRANGER, [packages.firmware_id(version=version)])


class Case(unittest.TestCase):
    def setUp(self):
        self.alice, self.bob = Device(env, ALICE), Device(env, BOB)
        self.put_in = []

    def tearDown(self):
        for package in self.put_in:
            env.admin("package", "remove", package, "--yes")
        env.sql("delete from package_delivery")

    def add(self, *args):
        self.put_in.append(add(*args))
        return self.put_in[-1]

    def get(self, who, path, **headers):
        return who.client.get(PREFIX + path, {**who.headers, **{k.replace("_", "-"): v for k, v in headers.items()}})

    def refused(self, reply, status, text=None):
        self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(reply.headers["content-type"], "text/plain; charset=utf-8")
        self.assertEqual(int(reply.headers["content-length"]), len(reply.body))
        if text is not None:
            self.assertIn(text, reply.body.decode())

    def fetch(self, who, path, media):
        """DER of a package."""
        reply = self.get(who, path)
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.headers["content-type"], media)
        self.assertEqual(reply.headers["content-transfer-encoding"], "base64")
        self.assertEqual(int(reply.headers["content-length"]), len(reply.body))
        return base64.b64decode(reply.body)

    def page(self, who, path="http/pal"):
        """Entries of one page, read from XML that the schema allows and compared with the JSON of the same."""
        reply = self.get(who, path, Accept="application/xml")
        self.assertEqual((reply.status, reply.headers["content-type"], reply.headers["vary"]), (200, "application/xml", "Accept"), reply.body)
        validate_pal(reply.body)
        root = xml.fromstring(reply.body)
        self.assertEqual((root.tag, root.attrib), (NAMESPACE + "pal", {}))
        found = []
        for message in root:
            self.assertEqual(message.tag, NAMESPACE + "message")
            names = [e.tag.removeprefix(NAMESPACE) for e in message]
            self.assertIn(names, (["type", "size", "info"], ["type", "date", "size", "info"]))
            entry = {n: e.text for n, e in zip(names, message)}
            info, = message[-1]
            entry["size"] = int(entry["size"])
            entry["info"] = {info.tag.removeprefix(NAMESPACE): info.text if len(info) == 0 else
                             {e.tag.removeprefix(NAMESPACE): int(e.text) if e.tag.endswith("serial") else e.text for e in info}}
            found.append(entry)
        reply = self.get(who, path, Accept="application/json")
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, "application/json"))
        self.assertEqual([re.sub("pal/[0-9a-f]+-", "pal/", json.dumps(e)) for e in reply.json],
                         [re.sub("pal/[0-9a-f]+-", "pal/", json.dumps(e)) for e in found])
        return found

    def pages(self, who, label="http", between=lambda n: None):
        """Each page of a list, to its end."""
        path, found = label + "/pal", []
        while True:
            found.append(self.page(who, path))
            between(len(found))
            if not found[-1] or found[-1][-1]["type"] != "0001":
                return found
            self.assertGreater(len(found[-1]), 1)
            self.assertEqual((found[-1][-1]["size"], "date" in found[-1][-1]), (0, False))
            path = found[-1][-1]["info"]["uri"].split(PREFIX)[1]
            self.assertLess(len(found), 50)

    def entries(self, who, label="http"):
        return [e for p in self.pages(who, label) for e in p if e["type"] != "0001"]

    def types(self, who, label="http"):
        return [e["type"] for e in self.entries(who, label)]

    def signer(self, who):
        """Whoever enrolls, with his certificate."""
        reply = who.enroll("http/simpleenroll")
        self.assertEqual(reply.status, 200, reply.body)
        key = serialization.load_pem_private_key(open(who.key.path, "rb").read(), None)
        return packages.Signer(key=key, cert=x509.load_der_x509_certificate(certificates(reply)[0]))

    def give(self, who, path, what, kind="application/cms", encoded=True):
        return who.post(path, base64.b64encode(what) if encoded else what, kind=kind)


class List(Case):
    def test_X010_X012_X013_X019_what_everybody_has(self):
        first, *rest = self.entries(self.alice)
        self.assertEqual(first["type"], "0002")
        self.assertTrue(first["info"]["uri"].startswith("https://") and first["info"]["uri"].endswith(PREFIX + "http/cacerts"), first)
        reply = self.alice.get("http/cacerts")
        self.assertEqual(first["size"], len(base64.b64decode(reply.body)))
        self.assertEqual({e["type"] for e in rest} - OWN, {"0004", "0005"})

    def test_X011_dates_are_of_each_client_and_package(self):
        one, two = self.add(firmware(1), "all", "firmware"), self.add(firmware(2), "all", "firmware")
        mine = lambda who: [e for e in self.entries(who) if e["type"] == "0026"]
        self.assertEqual(["date" in e for e in mine(self.alice)], [False, False])
        before = int(time.time())
        self.get(self.alice, f"http/firmware/{two}")
        found = mine(self.alice)
        self.assertEqual([e["info"]["uri"].rsplit("/", 1)[1] for e in found], [str(one), str(two)])
        self.assertNotIn("date", found[0])
        date = found[1]["date"]
        self.assertRegex(date, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(len(date), 20)
        self.assertTrue(before - 2 <= time.mktime(time.strptime(date, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone <= time.time() + 2)
        self.assertEqual(["date" in e for e in mine(self.bob)], [False, False])
        other = Device(env, ALICE, url=env.var["GATEHOUSE_URL"])
        self.assertEqual([e.get("date") for e in mine(other)], [None, date])
        self.assertEqual(env.count("select count(*) from audit where event = 'package.delivered' and object = $$package/%d$$" % two), 1)

    def test_X011_asking_is_no_download(self):
        one = self.add(firmware(1), "all", "firmware")
        reply = self.alice.client.request("HEAD", f"{PREFIX}http/firmware/{one}", None, self.alice.headers)
        self.assertEqual(reply.status, 200)
        self.assertNotIn("date", [e for e in self.entries(self.alice) if e["type"] == "0026"][0])

    def test_X014_X015_negotiation(self):
        for accept, kind in ((None, "xml"), ("*/*", "xml"), ("application/*", "xml"), ("application/json", "json"), ("application/xml;q=0.5, application/json", "json"),
                             ("application/json;q=0.5, */*;q=0.1", "json"), ("application/json;q=0.3, application/xml;q=0.4", "xml"), ("text/html, */*;q=0.1", "xml"),
                             ("application/json;q=0, */*", "xml")):
            with self.subTest(accept):
                reply = self.get(self.alice, "http/pal", **({"Accept": accept} if accept else {}))
                self.assertEqual((reply.status, reply.headers["content-type"]), (200, f"application/{kind}"))
        for accept in ("text/html", "application/xml;q=0", "image/*"):
            with self.subTest(accept):
                self.refused(self.get(self.alice, "http/pal", Accept=accept), 406, "application/json")

    def test_X016_pages(self):
        base = len(self.entries(self.alice))
        for total in (ENTRIES, ENTRIES + 1, 2 * ENTRIES - 2, 2 * ENTRIES - 1, 2 * ENTRIES, 3 * ENTRIES):
            while len(self.put_in) + base < total:
                self.add(firmware(len(self.put_in)), "all", "firmware")
            found = self.pages(self.alice)
            self.assertEqual(sum(len(p) for p in found) - (len(found) - 1), total)
            self.assertTrue(all(len(p) == ENTRIES for p in found[:-1]), [len(p) for p in found])
            self.assertLessEqual(len(found[-1]), ENTRIES)
            uris = [e["info"]["uri"] for p in found for e in p]
            self.assertEqual(len(set(uris)), len(uris))

    def test_X016_what_is_fetched_between_pages_moves_nothing(self):
        every = [self.add(firmware(n), "all", "firmware") for n in range(8)]
        listed = []

        def fetch_all(number):
            for package in every:
                self.get(self.alice, f"http/firmware/{package}")

        for page in self.pages(self.alice, between=fetch_all):
            listed += [int(e["info"]["uri"].rsplit("/", 1)[1]) for e in page if e["type"] == "0026"]
        self.assertEqual(listed, every)

    def test_X016_no_such_page(self):
        for place in ("x", "1-", "-1", "1-2-3", "g-1", "11111111111111111-1", "1-FF", "ffffffffffffffff-1"):
            with self.subTest(place):
                self.refused(self.get(self.alice, f"http/pal/{place}"), 404)
        reply = self.get(self.alice, "http/pal/7fffffffffffffff-ffffffffffffffff", Accept="application/json")
        self.assertEqual((reply.status, reply.json), (200, []))

    def test_X017_X018_order(self):
        self.add(firmware(1), "all", "firmware", "--answer")
        self.add(update(1), "all", "tamp-update")
        self.add(keys(b"order"), "all", "symmetric-keys")
        self.add(STRANGER.der, "all", "ee-certificate")
        own = self.types(self.alice)
        self.assertEqual(own[0], "0002")
        self.assertEqual(own[-7:], ["0026", "0027", "0030", "0031", "0024", "0025", "0003"])
        self.get(self.alice, "http/firmware")
        self.assertEqual(self.types(self.alice)[-7:], ["0030", "0031", "0024", "0025", "0003", "0026", "0027"])

    def test_X013_the_schema_refuses(self):
        """What page() relies on: pal.xsd is no schema that takes everything."""
        good = "<type>0026</type><date>2026-01-01T00:00:00Z</date><size>7</size><info><uri>https://a/</uri></info>"
        iasn = "<iasn><issuer>CN=a</issuer><serial>{}</serial></iasn>"
        info = lambda inside: good.replace("<uri>https://a/</uri>", inside)
        for is_good, inside in (
                (True, good), (True, good.replace("<date>2026-01-01T00:00:00Z</date>", "")), (True, info("<dn>CN=a</dn>")), (True, info("<ski>0A1B</ski>")),
                (True, info(iasn.format(1))), (True, info(f"<dn>{'a' * 1024}</dn>")), (True, good.replace("2026-01-01", "2013-05-23")),
                (False, good.replace("0026", "26")), (False, good.replace("0026", "00a6")), (False, good.replace("00Z", "00.5Z")), (False, good.replace("00Z", "00+00:00")),
                (False, good.replace("2026-01-01", "2013-05-22")), (False, good.replace(">7<", ">-1<")), (False, good.replace("<size>7</size>", "")),
                (False, good.replace("<type>0026</type>", "") + "<type>0026</type>"), (False, info("<uri>https://a/</uri><dn>CN=a</dn>")), (False, info("")),
                (False, info(iasn.format(0))), (False, info(iasn.format(-1))), (False, info(f"<uri>{'a' * 1025}</uri>")), (False, info(f"<dn>{'a' * 1025}</dn>")),
                (False, good.replace("<type>", '<type a="b">')), (False, good + "<more/>")):
            with self.subTest(inside[:80]):
                text = f'<pal xmlns="{NAMESPACE[1:-1]}"><message>{inside}</message></pal>'
                done = subprocess.run(["xmllint", "--noout", "--schema", TOP / "docs/pal.xsd", "-"], input=text.encode(), stderr=subprocess.PIPE)
                self.assertEqual(done.returncode == 0, is_good, done.stderr)

    def test_X020_each_type_of_package(self):
        """One of each kind, whose URI gives it, and behind it what asks for the answer."""
        sent = {"0024": (keys(b"x-20"), "symmetric-keys"), "0026": (firmware(20), "firmware", "--answer")}
        for which, (first, word) in {1: ("0028", "status-query"), 3: ("0030", "update"), 5: ("0032", "apex-update"), 7: ("0034", "community-update"),
                                     10: ("0036", "sequence-adjust")}.items():
            sent[first] = (packages.signed(f"{packages.TAMP}.{which}", packages.tamp_message(which, 2000 + which), STRANGER), f"tamp-{word}")
        sent["0003"] = (STRANGER.der, "ee-certificate")
        for what, kind, *args in sent.values():
            self.add(what, ALICE_IS, kind, *args)
        found = [e for e in self.entries(self.alice) if e["type"] == "0003" or e["type"] >= "0024"]
        self.assertEqual([e["type"] for e in found], [t for first in sent for t in ((first, f"{int(first) + 1:04}") if first != "0003" else (first,))])
        for entry in found:
            path = entry["info"]["uri"].split(PREFIX)[1]
            if entry["type"] not in sent:
                self.assertEqual((entry["size"], path.rsplit("/", 1)[1]), (0, "return"))
                continue
            got = self.get(self.alice, path)
            if entry["type"] != "0003":
                self.assertEqual((base64.b64decode(got.body), entry["size"]), (sent[entry["type"]][0], len(sent[entry["type"]][0])))

    def test_X010_names_that_are_no_text(self):
        """Nothing of a name that somebody chose stands in a list."""
        self.add(firmware(1), "all", "firmware", "--name", '</uri> & "x"')
        self.assertEqual(self.types(self.alice)[-1], "0026")

    def test_X002_without_credentials(self):
        for path in ("pal", "symmetrickeys", "firmware", "tamp"):
            with self.subTest(path):
                self.refused(Device(env).get(f"http/{path}"), 401)
                self.refused(Device(env).get(f"cert/{path}"), 403)
                self.refused(Device(env, ("alice", "wrong")).client.get(f"{PREFIX}http/{path}", Device(env, ("alice", "wrong")).headers), 401)


class Outcomes(Case):
    """X-017, X-020 (0006 to 0019), X-060: certificates of the client's own, and GET of what became of his requests."""

    def setUp(self):
        super().setUp()
        env.sql("delete from request where label in ('ds', 'ke')")

    def own(self, who, label):
        return [e for e in self.entries(who, label) if e["type"] in OWN]

    def waits(self, who, label, operation="simpleenroll"):
        self.assertEqual(who.enroll(f"{label}/{operation}").status, 202)
        return env.count("select max(id) from request where disposition = 9")

    def decide(self, request, verb):
        env.admin("request", verb, request, *(("--comment", "not yours") if verb == "deny" else ()), check=False)

    def test_X020_X060_success(self):
        for label, first in (("ds", 6), ("ke", 13)):
            with self.subTest(label):
                start, = self.own(self.alice, label)
                self.assertEqual((start["type"], start["size"]), (f"{first + (label == 'ke'):04}", 0))
                self.assertTrue(start["info"]["uri"].endswith(f"{label}/{'simpleenroll' if label == 'ke' else 'csrattrs'}"))
                self.refused(self.get(self.alice, f"{label}/simpleenroll"), 404)
                request = self.waits(self.alice, label)
                self.assertEqual(self.own(self.alice, label), [])
                reply = self.get(self.alice, f"{label}/simpleenroll")
                self.assertEqual(reply.status, 202)
                self.assertIn("retry-after", reply.headers)
                self.decide(request, "approve")
                ready, = self.own(self.alice, label)
                self.assertEqual((ready["type"], "date" in ready), (f"{first + 2:04}", False))
                self.assertTrue(ready["info"]["uri"].endswith(f"{label}/simpleenroll"))
                reply = self.get(self.alice, f"{label}/simpleenroll")
                self.assertEqual((reply.status, reply.headers["content-type"]), (200, CERTS))
                self.assertEqual(ready["size"], len(base64.b64decode(reply.body)))
                self.assertEqual(certificates(self.alice.enroll(f"{label}/simpleenroll")), certificates(reply))
                self.assertIn("date", self.own(self.alice, label)[0])

    def test_X006_X060_nobody_elses(self):
        request = self.waits(self.alice, "ds")
        for who in (self.bob, Device(env, BOB, key=self.alice.key)):
            self.refused(self.get(who, "ds/simpleenroll"), 404)
        self.decide(request, "approve")
        self.assertEqual([e["type"] for e in self.own(self.bob, "ds")], ["0006"])
        self.refused(self.get(self.bob, "ds/simpleenroll"), 404)
        self.refused(self.get(self.alice, "ke/simpleenroll"), 404)
        self.refused(self.get(self.alice, "ds/simplereenroll"), 404)
        self.refused(Device(env).get("ds/simpleenroll"), 401)
        env.sql(f"update request set requester_id = 'another' where id = {request}")
        self.refused(self.get(self.alice, "ds/simpleenroll"), 404)
        self.assertEqual([e["type"] for e in self.own(self.alice, "ds")], ["0006"])

    def test_X060_another_of_the_name_pushes_nothing_out(self):
        request = self.waits(self.alice, "ds")
        env.sql("insert into request select (jsonb_populate_record(null::request, to_jsonb(r) || jsonb_build_object('id', nextval('request_id_seq'), "
                f"'requester_id', 'another', 'poll_key', null))).* from request r, generate_series(1, 250) where r.id = {request}")
        self.assertEqual(self.get(self.alice, "ds/simpleenroll").status, 202)
        env.sql("delete from request where requester_id = 'another'")
        self.decide(request, "deny")

    def test_X060_failure(self):
        for label, types in (("ds", ["0006", "0009"]), ("ke", ["0014", "0016"])):
            with self.subTest(label):
                self.decide(self.waits(self.alice, label), "deny")
                self.assertEqual([e["type"] for e in self.own(self.alice, label)], types)
                size = self.own(self.alice, label)[-1]["size"]
                reply = self.get(self.alice, f"{label}/simpleenroll")
                self.refused(reply, 403, "not yours")
                self.assertEqual(size, len(reply.body))
                self.assertIn("date", self.own(self.alice, label)[-1])

    def test_X020_X060_revoked_is_no_outcome(self):
        self.decide(self.waits(self.alice, "ds"), "approve")
        cert = x509.load_der_x509_certificate(certificates(self.get(self.alice, "ds/simpleenroll"))[0])
        env.admin("cert", "revoke", format(cert.serial_number, "x"), "--yes")
        self.refused(self.get(self.alice, "ds/simpleenroll"), 404)
        self.assertEqual([e["type"] for e in self.own(self.alice, "ds")], ["0006"])

    def test_X017_X020_renewal(self):
        for label, start in (("ds", 6), ("ke", 13)):
            with self.subTest(label):
                self.renewal(label, *(f"{start + n:04}" for n in (2, 4, 5, 6)))

    def renewal(self, label, done, again, again_done, again_failed):
        self.decide(self.waits(self.alice, label), "approve")
        cert = certificates(self.get(self.alice, f"{label}/simpleenroll"))[0]
        device = Device(env, chain=[cert], key=self.alice.key)
        self.assertEqual([e["type"] for e in self.own(device, label)], [done])
        env.admin("est", "label", "set", label, "--renewal-days", "400")
        env.await_catalog()
        self.addCleanup(lambda: (env.admin("est", "label", "set", label, "--renewal-days", "0"), env.await_catalog()))
        leaf = x509.load_der_x509_certificate(cert)
        for who in (device, self.alice):
            due, _ = self.own(who, label)
            self.assertEqual((due["type"], due["size"], due["info"]["iasn"]["serial"]), (again, 0, leaf.serial_number))
            self.assertEqual(due["info"]["iasn"]["issuer"], leaf.issuer.rfc4514_string())
        subject, san = names_of(cert)
        ask = lambda key: device.enroll(f"{label}/simplereenroll", der.csr(key, subject=subject, extensions=[der.extension("subjectAltName", san)] if san else []))
        self.assertEqual(ask(device.key).status, 202)
        self.assertEqual([e["type"] for e in self.own(device, label)], [done])
        self.decide(env.count("select max(id) from request where disposition = 9"), "deny")
        failed = next(e for e in self.own(device, label) if e["type"] == again_failed)
        self.assertTrue(failed["info"]["uri"].endswith(f"{label}/simplereenroll"))
        reply = self.get(device, f"{label}/simplereenroll")
        self.refused(reply, 403, "not yours")
        self.assertEqual(failed["size"], len(reply.body))
        self.assertEqual(ask(der.Key(env.scratch, "ec:P-256")).status, 202)
        self.decide(env.count("select max(id) from request where disposition = 9"), "approve")
        self.assertEqual([e["type"] for e in self.own(device, label)][:1], [again_done])
        reply = self.get(device, f"{label}/simplereenroll")
        self.assertEqual(reply.status, 200)
        self.assertNotEqual(certificates(reply)[0], cert)


class Packages(Case):
    def test_X001_X005_nothing_waits(self):
        for path in ("symmetrickeys", "firmware", "tamp", "eecerts", "firmware/1", "symmetrickeys/99999999"):
            with self.subTest(path):
                self.refused(self.get(self.alice, f"http/{path}"), 404)

    def test_X002_X003_X004_X070_X071_keys(self):
        secret = bytes(range(16))
        number = self.add(keys(b"k-1", secret), ALICE_IS, "symmetric-keys")
        for path in ("http/symmetrickeys", f"http/symmetrickeys/{number}", "symmetrickeys"):
            raw = self.fetch(self.alice, path, "application/cms; encapsulatingContent=signedData; innerContent=sKeyPackage")
            info, rest = decoder.decode(raw, asn1Spec=rfc5652.ContentInfo())
            self.assertEqual((str(info["contentType"]), rest), (packages.SIGNED, b""))
            signed = decoder.decode(info["content"], asn1Spec=rfc5652.SignedData())[0]
            package = decoder.decode(signed["encapContentInfo"]["eContent"], asn1Spec=rfc6031.SymmetricKeyPackage())[0]
            self.assertEqual(bytes(package["sKeys"][0]["sKey"]), secret)
        entry = [e for e in self.entries(self.alice) if e["type"] == "0024"][0]
        self.assertEqual(entry["size"], len(raw))
        for path in (env.dir / "state").rglob("*.log"):
            self.assertNotIn(base64.b64encode(secret)[:16], path.read_bytes())

    def test_X070_plain_keys_over_tls_that_is_as_strong(self):
        weak = Device(env, ALICE)
        weak.client.context.maximum_version = ssl.TLSVersion.TLSv1_2
        weak.client.context.set_ciphers("ECDHE+AES128")
        short, long = (self.add(keys(name, b"k" * n), ALICE_IS, "symmetric-keys") for name, n in ((b"s-16", 16), (b"s-32", 32)))
        hidden = self.add(packages.signed(packages.ENVELOPED, packages.enveloped_data(), STRANGER, [packages.package_id(b"s-h")]), ALICE_IS, "symmetric-keys")
        self.refused(self.get(weak, f"http/symmetrickeys/{long}"), 403, "A key of 256 bits is not sent over a connection of 128")
        self.assertEqual(env.count(f"select count(*) from package_delivery where object = 'package/{long}'"), 0)
        for who, number in ((weak, short), (weak, hidden), (self.alice, long)):
            self.assertEqual(self.get(who, f"http/symmetrickeys/{number}").status, 200)

    def test_X072_encrypted_key_packages(self):
        """Each form of RFC 6032, as it was put in."""
        for name in ("encrypted-package", "encrypted-data", "encrypted-data-hint", "auth-enveloped", "signed-auth-enveloped"):
            with self.subTest(name):
                _, _, what, media, _ = next(p for p in packages.good_packages(STRANGER) if p[:2] == ("symmetric-keys", name))
                number = self.add(what, ALICE_IS, "symmetric-keys")
                self.assertEqual(self.fetch(self.alice, f"http/symmetrickeys/{number}", media), what)

    def test_X002_X078_firmware(self):
        for name, args in (("signed", ()), ("signed-encrypted-compressed", ()), ("compressed", ("--id", "0a")), ("bare", ())):
            with self.subTest(name):
                _, _, what, media, _ = next(p for p in packages.good_packages(STRANGER) if p[:2] == ("firmware", name))
                number = self.add(what, "all", "firmware", *args)
                self.assertEqual(self.fetch(self.alice, f"http/firmware/{number}", media), what)
                env.admin("package", "remove", self.put_in.pop(), "--yes")

    def test_X079_trust_anchors(self):
        for which, word in ((1, "status-query"), (3, "update"), (10, "sequence-adjust")):
            with self.subTest(word):
                what = packages.signed(f"{packages.TAMP}.{which}", packages.tamp_message(which, 5), STRANGER)
                self.add(what, "all", f"tamp-{word}")
                self.assertEqual(self.fetch(self.alice, f"http/tamp/{self.put_in[-1]}", f"application/tamp-{word}"), what)

    def test_X005_the_oldest_that_was_not_fetched(self):
        """Then the newest."""
        sent = [firmware(n) for n in (1, 2, 3)]
        for what in sent:
            self.add(what, "all", "firmware")
        got = [base64.b64decode(self.get(self.alice, "http/firmware").body) for _ in range(4)]
        self.assertEqual(got, [*sent, sent[-1]])

    def test_X006_hostile_client(self):
        """By no number, path, label or method does bob get what is alice's, nor learn that it is there."""
        theirs = {"symmetrickeys": self.add(keys(b"hers"), ALICE_IS, "symmetric-keys"), "firmware": self.add(firmware(7), ALICE_IS, "firmware"),
                  "tamp": self.add(update(7), ALICE_IS, "tamp-update"), "eecerts": self.add(STRANGER.der, ALICE_IS, "ee-certificate")}
        nothing = self.get(self.bob, "http/firmware/99999999")
        for operation in theirs:
            for number in theirs.values():
                for path in (f"http/{operation}/{number}", f"{operation}/{number}", f"either/{operation}/{number}", f"http/{operation}/0{number}", f"http/{operation}/{number}/",
                             f"http/{operation}/{number}?user=alice", f"http/{operation}//{number}", f"http/{operation}/../{operation}/{number}", f"http/{operation}/%2e/{number}",
                             f"http/{operation}/{number}%00", f"http/{operation}/+{number}", f"http/{operation}/-{number}"):
                    with self.subTest(path):
                        reply = self.get(self.bob, path, X_Forwarded_User="alice", From="alice")
                        self.assertIn(reply.status, (400, 404), reply.body)
                        if "?" not in path and reply.status == 404 and path.endswith(f"/{number}") and path.startswith("http/firmware"):
                            self.assertIn(reply.body, (nothing.body, b"There is no such path.\n", reply.body))
            self.refused(self.get(self.bob, f"http/{operation}"), 404)
            self.refused(self.get(Device(env), f"http/eecerts/{theirs['eecerts']}"), 404)
        for kind in ("0024", "0026", "0030", "0003", "0025"):
            self.assertNotIn(kind, self.types(self.bob))
            self.assertEqual(self.types(self.alice).count(kind), 1)
        self.assertEqual(env.count("select count(*) from package_delivery"), 0)

    def test_X006_groups(self):
        number = self.add(firmware(8), "group:pki-users", "firmware")
        self.assertEqual(self.get(self.alice, f"http/firmware/{number}").status, 200)
        other = self.add(firmware(9), "group:no-such-group", "firmware")
        self.refused(self.get(self.alice, f"http/firmware/{other}"), 404)

    def test_expired_and_removed(self):
        number = self.add(firmware(1), "all", "firmware")
        self.assertEqual(self.get(self.alice, f"http/firmware/{number}").status, 200)
        env.admin("package", "remove", self.put_in.pop(), "--yes")
        self.refused(self.get(self.alice, f"http/firmware/{number}"), 404)

    def test_altered_past_gatehouse(self):
        """Found before anything is served."""
        number = self.add(firmware(1), BOB_IS, "firmware")
        env.sql(f"create table was as select id, audience from package where id = {number}; update package set audience = 'all' where id = {number}")
        try:
            self.refused(self.get(self.alice, f"http/firmware/{number}"), 503)
            self.refused(self.get(self.alice, "http/pal"), 503)
        finally:
            env.sql("update package set audience = was.audience from was where was.id = package.id; drop table was")
        env.sql(f"update package_content set content = content || '\\x00' where package_id = {number}")
        self.refused(self.get(self.bob, f"http/firmware/{number}"), 503)
        self.assertEqual(env.count("select count(*) from package_delivery"), 0)

    def test_X002_eecerts(self):
        one, two = self.add(STRANGER.der, "all", "ee-certificate"), self.add(packages.Signer("second").pem, ALICE_IS, "ee-certificate")
        anybody = Device(env)
        reply = anybody.get("cert/eecerts")
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, CERTS))
        self.assertEqual(certificates(reply), [STRANGER.der])
        self.assertEqual(len(certificates(self.get(self.alice, "http/eecerts"))), 2)
        self.assertEqual(len(certificates(self.get(self.alice, f"http/eecerts/{two}"))), 1)
        self.assertEqual(certificates(anybody.get(f"http/eecerts/{one}")), [STRANGER.der])
        self.refused(anybody.get(f"http/eecerts/{two}"), 404)

    def test_X020_crls(self):
        """The CRLs of the CA of the label and of those above it, as openssl reads them; also for nobody."""
        for ca in ("root", "issuing"):
            env.await_crl(ca)
        reply = Device(env).get("http/crls")
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, "application/pkcs7-mime; smime-type=crls-only"))
        raw = base64.b64decode(reply.body)
        text = der.openssl("pkcs7", "-inform", "DER", "-print_certs", "-text", "-noout", stdin=raw).decode()
        self.assertEqual(text.count("Certificate Revocation List"), 2, text)
        self.assertNotIn("Public Key Algorithm", text)
        signed = decoder.decode(decoder.decode(raw, asn1Spec=rfc5652.ContentInfo())[0]["content"], asn1Spec=rfc5652.SignedData())[0]
        self.assertEqual((len(signed["signerInfos"]), signed["certificates"].isValue, len(signed["crls"])), (0, False, 2))
        entries = [e for e in self.entries(self.alice) if e["type"] in ("0004", "0005")]
        self.assertEqual(sorted(e["type"] for e in entries), ["0004", "0005"])
        for entry in entries:
            one = self.get(self.alice, entry["info"]["uri"].split(PREFIX)[1])
            self.assertEqual(len(base64.b64decode(one.body)), entry["size"])
        self.assertTrue(all("date" in e for e in self.entries(self.alice) if e["type"] in ("0004", "0005")))


class Answers(Case):
    def answer_of(self, number):
        return env.sql(f"select answer, answer_code, is_signed from package_delivery where object = 'package/{number}'")

    def test_X076_X077_key_receipt(self):
        number = self.add(keys(b"r-1"), ALICE_IS, "symmetric-keys")
        signer = self.signer(self.alice)
        receipt = packages.signed(packages.KEY_RECEIPT, packages.key_receipt(b"r-1"), signer)
        self.refused(self.give(self.alice, "http/symmetrickeys/return", receipt), 404, "not fetched")
        self.get(self.alice, "http/symmetrickeys")
        self.assertIn("0025", self.types(self.alice))
        self.refused(self.give(self.bob, "http/symmetrickeys/return", packages.signed(packages.KEY_RECEIPT, packages.key_receipt(b"r-1"), self.signer(self.bob))), 403)
        for encoded in (True, False, True):
            reply = self.give(self.alice, "http/symmetrickeys/return", receipt, encoded=encoded)
            self.assertEqual((reply.status, reply.body), (204, b""))
        self.assertEqual([list(map(str, r)) for r in self.answer_of(number)], [["receipt", "0", "t"]])
        self.assertNotIn("0025", self.types(self.alice))
        self.assertIn("0024", self.types(self.alice))
        self.assertEqual(env.count(f"select count(*) from audit where event = 'package.answered' and object = 'package/{number}'"), 1)

    def test_X076_our_own_client(self):
        program, where = TOP / os.environ.get("BUILD", "build") / "gatehouse", env.scratch / "own-client"
        (env.scratch / "alices").write_text(ALICE[1] + "\n")
        est = lambda *words: json.loads(run(program, "est", *words, "--json", "--dir", where, env={"no_proxy": "*"}).stdout)
        est("enroll", "--url", env.var["GATEHOUSE_URL"], "--label", "either", "--cacert", env.var["GATEHOUSE_CAFILE"], "--user", ALICE[0], "--password-file",
            env.scratch / "alices", "--subject", "CN=device")
        for name, words, sent in ((b"o-1", (), True), (b"o-2", ("--no-receipt",), False)):
            what = keys(name)
            number = self.add(what, ALICE_IS, "symmetric-keys")
            out = env.scratch / f"own-{number}"
            self.assertEqual(est("fetch", f"symmetrickeys/{number}", "--out", out, *words)["receipt"], sent)
            self.assertEqual(out.read_bytes(), what)
            row, = env.admin("package", "status", number, "--json")
            self.assertEqual((row["downloads"], row["answer"], row.get("signed")), (1, "receipt", True) if sent else (1, None, None))

    def test_X001_X076_receipts_that_are_none(self):
        self.add(keys(b"r-2"), ALICE_IS, "symmetric-keys")
        self.get(self.alice, "http/symmetrickeys")
        signer, content = self.signer(self.alice), packages.key_receipt(b"r-2")
        good = packages.signed(packages.KEY_RECEIPT, content, signer)
        where = "http/symmetrickeys/return"
        for name, what, status in (("unsigned", packages.content_info(packages.KEY_RECEIPT, content), 400), ("unknown", packages.signed(packages.KEY_RECEIPT, packages.key_receipt(b"r-3"), signer), 404),
                                   ("longer", packages.signed(packages.KEY_RECEIPT, packages.key_receipt(b"r-2\0"), signer), 404),
                                   ("stranger", packages.signed(packages.KEY_RECEIPT, content, STRANGER), 403), ("bob's", packages.signed(packages.KEY_RECEIPT, content, self.signer(self.bob)), 403),
                                   ("no certificate", packages.signed(packages.KEY_RECEIPT, content, signer, with_cert=False), 403), ("altered", good.replace(b"r-2", b"r-9"), None),
                                   ("firmware", packages.signed(packages.FIRMWARE_RECEIPT, packages.firmware_receipt(), signer), 400), ("two", packages.signed(packages.KEY_RECEIPT, content, signer, signers=2), 400),
                                   ("nothing", b"\x30\x00", 400), ("text", b"hello", 400), ("cut", good[:-2], 400), ("more", good + b"\0", 400)):
            with self.subTest(name):
                reply = self.give(self.alice, where, what)
                if status is None:
                    self.assertIn(reply.status, (400, 401, 403))
                else:
                    self.refused(reply, status)
        self.refused(self.give(self.alice, where, b"\x30" * 300_000), 413)
        self.refused(self.give(self.alice, where, good, kind="application/pkcs10"), 415)
        self.refused(self.give(self.alice, where, good, kind="application/json"), 415)
        self.refused(self.give(Device(env), where, good), 401)
        self.assertEqual(env.count("select count(*) from package_delivery where answer is not null"), 0)

    def test_X076_key_error_may_be_unsigned(self):
        number = self.add(keys(b"e-1"), ALICE_IS, "symmetric-keys")
        self.get(self.alice, "http/symmetrickeys")
        error = packages.content_info(packages.KEY_ERROR, packages.key_error(b"e-1", 17))
        self.assertEqual(self.give(self.alice, "http/symmetrickeys/return", error, kind="application/cms; innerContent=keyPackageError").status, 204)
        self.assertEqual([list(map(str, r)) for r in self.answer_of(number)], [["error", "17", "f"]])
        nameless = packages.content_info(packages.KEY_ERROR, packages.key_error(None, 61))
        self.assertEqual(self.give(self.alice, "http/symmetrickeys/return", nameless).status, 204)
        later = packages.signed(packages.KEY_RECEIPT, packages.key_receipt(b"e-1"), self.signer(self.alice))
        self.assertEqual(self.give(self.alice, "http/symmetrickeys/return", later).status, 204)
        self.assertEqual([list(map(str, r)) for r in self.answer_of(number)], [["receipt", "0", "t"]])

    def test_X077_X078_firmware(self):
        number = self.add(firmware(3), "all", "firmware", "--answer")
        self.get(self.alice, "http/firmware")
        self.get(self.bob, "http/firmware")
        where, signer = "http/firmware/return", self.signer(self.alice)
        self.refused(self.give(self.alice, where, packages.signed(packages.FIRMWARE_RECEIPT, packages.firmware_receipt(version=4), signer)), 404)
        self.refused(self.give(self.alice, where, packages.content_info(packages.FIRMWARE_ERROR, packages.firmware_error(99))), 400)
        error = packages.content_info(packages.FIRMWARE_ERROR, packages.firmware_error(33, version=3))
        self.assertEqual(self.give(self.bob, where, error).status, 204)
        receipt = packages.signed(packages.FIRMWARE_RECEIPT, packages.firmware_receipt(), signer)
        self.assertEqual(self.give(self.alice, where, receipt).status, 204)
        rows = env.sql(f"select client_name, answer, answer_code from package_delivery where object = 'package/{number}' order by answer")
        self.assertEqual([(r[0].split("\\")[-1], r[1], str(r[2])) for r in rows], [("bob", "error", "33"), ("alice", "receipt", "0")])

    def test_X080_trust_anchors(self):
        number = self.add(update(7), "all", "tamp-update")
        self.add(packages.signed(f"{packages.TAMP}.10", packages.tamp_message(10, 8), STRANGER), "all", "tamp-sequence-adjust")
        for _ in range(2):
            self.get(self.alice, "http/tamp")
        where, signer, of = "http/tamp/return", self.signer(self.alice), f"{packages.TAMP}."
        confirm = packages.signed(of + "4", packages.tamp_answer(4, 7), signer)
        kind = "application/tamp-update-confirm"
        self.refused(self.give(self.alice, where, confirm, kind="application/tamp-error"), 400)
        self.refused(self.give(self.alice, where, confirm, kind="application/tamp-update"), 400)
        self.refused(self.give(self.alice, where, confirm, kind="application/tamp-x"), 415)
        self.refused(self.give(self.alice, where, confirm, kind="application/cms"), 415)
        self.refused(self.give(self.alice, where, packages.signed(of + "4", packages.tamp_answer(4, 8), signer), kind=kind), 404)
        self.refused(self.give(self.alice, where, packages.signed(of + "4", packages.tamp_answer(4, 7), STRANGER), kind=kind), 403)
        self.assertEqual(self.give(self.alice, where, confirm, kind=kind).status, 204)
        self.assertEqual([list(map(str, r)) for r in self.answer_of(number)], [["confirmed", "0", "t"]])
        error = packages.signed(of + "9", packages.tamp_answer(9, 7, 21), signer)
        self.assertEqual(self.give(self.alice, where, error, kind="application/tamp-error").status, 204)
        self.assertEqual([list(map(str, r)) for r in self.answer_of(number)], [["error", "21", "t"]])
        adjusted = packages.content_info(of + "11", packages.tamp_answer(11, 8))
        self.assertEqual(self.give(self.alice, where, adjusted, kind="application/tamp-sequence-adjust-confirm").status, 204)

    def test_X077_revoked_signer(self):
        self.add(keys(b"v-1"), ALICE_IS, "symmetric-keys")
        self.get(self.alice, "http/symmetrickeys")
        signer = self.signer(self.alice)
        env.admin("cert", "revoke", format(signer.cert.serial_number, "x"), "--yes")
        receipt = packages.signed(packages.KEY_RECEIPT, packages.key_receipt(b"v-1"), signer)
        self.refused(self.give(self.alice, "http/symmetrickeys/return", receipt), 403)

    def test_status(self):
        number = self.add(keys(b"s-1"), ALICE_IS, "symmetric-keys")
        self.assertEqual(env.admin("package", "status", number, "--json"), [])
        self.get(self.alice, "http/symmetrickeys")
        row, = env.admin("package", "status", number, "--json")
        self.assertEqual((row["client"].split("\\")[-1], row["downloads"], row["answer"]), ("alice", 1, None))
        self.give(self.alice, "http/symmetrickeys/return", packages.content_info(packages.KEY_ERROR, packages.key_error(b"s-1", 17)))
        row, = env.admin("package", "status", "--client", row["client"], "--json")
        self.assertEqual((row["object"], row["answer"], row["answer_code"], row["signed"]), (f"package/{number}", "error", 17, False))

    def test_records_are_removed_when_their_time_is_over(self):
        """Job est-records: of packages that are gone, of signers that ended."""
        stays, goes = self.add(keys(b"r-1"), ALICE_IS, "symmetric-keys"), self.add(keys(b"r-2"), BOB_IS, "symmetric-keys")
        for who in (self.alice, self.bob):
            self.get(who, "http/symmetrickeys")
        env.admin("package", "remove", self.put_in.pop(), "--yes")

        def rows():
            return [n for n in (stays, goes) if env.count(f"select count(*) from package_delivery where object = 'package/{n}'")]
        env.sql("update package_delivery set first_at = first_at - interval '390 days', last_at = last_at - interval '390 days'")
        env.admin("job", "run", "est-records")
        self.assertEqual(rows(), [stays, goes])
        env.sql("update package_delivery set last_at = last_at - interval '11 days'")
        for table in ("cmc_signer", "key_signer", "package_signer"):
            env.sql(f"insert into {table} (ca_id, cert, sealed, not_before, not_after) select min(id), '', '', now() - interval '97 days', "
                    f"now() - make_interval(days => d) from ca, (values (6), (8)) v (d) group by d")
        env.sql("insert into key_count values ('x', now() - interval '61 minutes', 1), ('y', now() - interval '59 minutes', 1)")
        said = env.admin("job", "run", "est-records", "--dry-run")
        self.assertRegex(said, r"would remove \d+ deliveries")
        self.assertIn("would remove 3 keys of signers", said)
        env.admin("job", "run", "est-records")
        self.assertEqual(rows(), [stays])
        for table in ("cmc_signer", "key_signer", "package_signer"):
            self.assertEqual(env.count(f"select count(*) from {table} where cert = ''"), 1, table)
            env.sql(f"delete from {table} where cert = ''")
        self.assertEqual(env.sql("select caller from key_count where caller in ('x', 'y')"), [["y"]])
        self.assertNotIn("would", env.admin("job", "run", "est-records", "--dry-run"))


class Rest(Case):
    """Officers over REST."""

    def setUp(self):
        super().setUp()
        of = lambda who: Person(env.var[f"GATEHOUSE_{who}_USER"], env.var[f"GATEHOUSE_{who}_PASSWORD"], env)
        self.officer, self.auditor = of("OFFICER"), of("AUDITOR")

    def put(self, what, who=None, kind="application/octet-stream", **params):
        params = {"type": "firmware", "for": "all", "name": "a file", **params}
        return (who or self.officer).post("/pki/packages?" + urllib.parse.urlencode({k: v for k, v in params.items() if v is not None}), what, Content_Type=kind)

    def test_rest_put_in_list_show_remove(self):
        what = firmware(1)
        reply = self.put(what, answer="yes", until="2099-01-31", **{"for": ALICE_IS})
        self.assertEqual(reply.status, 201, reply.body)
        number = reply.json["id"]
        self.assertEqual((reply.json, reply.headers["location"]), ({"id": number, "signature": "correct", "plain_keys": False}, f"/pki/package/{number}"))
        shown = self.auditor.get(f"/pki/package/{number}").json
        self.assertEqual(shown, env.admin("package", "show", number, "--json"))
        self.assertEqual((shown["expires_at"], shown["wants_receipt"], shown["audience"]), ("2099-01-31T00:00:00Z", True, ALICE_IS))
        self.assertEqual(self.auditor.get("/pki/packages").json, {"entries": env.admin("package", "list", "--json"), "next": None})
        self.assertEqual(base64.b64decode(self.get(self.alice, f"http/firmware/{number}").body), what)
        row, = self.auditor.get(f"/pki/package/{number}/deliveries").json["entries"]
        self.assertEqual((row["object"], row["downloads"], row["answer"]), (f"package/{number}", 1, None))
        self.assertEqual([row], env.admin("package", "status", number, "--json"))
        self.assertEqual(self.officer.send("DELETE", f"/pki/package/{number}").status, 204)
        self.assertEqual(self.officer.send("DELETE", f"/pki/package/{number}").status, 404)
        self.assertEqual(self.auditor.get(f"/pki/package/{number}").status, 404)
        self.refused(self.get(self.alice, f"http/firmware/{number}"), 404)
        self.assertEqual(self.auditor.get(f"/pki/package/{number}/deliveries").json["entries"], [row])
        self.assertEqual(env.sql(f"select event, actor from audit where object = 'package/{number}' and event <> 'package.delivered' order by id"),
                         [["package.added", "olga"], ["package.removed", "olga"]])

    def test_rest_rights(self):
        number = self.add(firmware(1), "all", "firmware")
        paths = ("/pki/packages", "/pki/packages/deliveries", f"/pki/package/{number}", f"/pki/package/{number}/deliveries")
        for who, status in ((self.auditor, 200), (self.officer, 200), (Person(*ALICE, env), 403), (Person("alice", "wrong", env), 401)):
            for path in paths:
                self.assertEqual(who.get(path).status, status, path)
        for who, status in ((self.auditor, 403), (Person(*ALICE, env), 403)):
            self.assertEqual(self.put(firmware(2), who).status, status)
            self.assertEqual(who.send("DELETE", f"/pki/package/{number}").status, status)
        self.assertEqual(len(env.admin("package", "list", "--json")), 1)

    def test_rest_refuses(self):
        good = firmware(1)
        for name, reply, status in (
                ("not of its type", self.put(good, type="tamp-update"), 400), ("cut", self.put(good[:-1]), 400), ("nothing", self.put(b""), 400),
                ("altered", self.put(good[:-1] + bytes([good[-1] ^ 1])), 400), ("no such type", self.put(good, type="x"), 422),
                ("for whom", self.put(good, **{"for": "nobody"}), 400), ("no audience", self.put(good, **{"for": None}), 422), ("no name", self.put(good, name=None), 422),
                ("over already", self.put(good, until="2020-01-01"), 400), ("id", self.put(good, id="0a"), 400), ("unknown parameter", self.put(good, secret="x"), 422),
                ("json", self.put(good, kind="application/json"), 415), ("form", self.put(good, kind="application/x-www-form-urlencoded"), 415),
                ("too large", self.put(bytes(300_000)), 413)):
            with self.subTest(name):
                self.assertEqual(reply.status, status, reply.body)
                self.assertIn("code", reply.json)
        self.assertEqual(env.admin("package", "list", "--json"), [])
        reply = self.put(good)
        self.put_in.append(reply.json["id"])
        self.assertEqual(self.put(good).status, 409)

    def test_rest_pages(self):
        every = [self.add(firmware(n), "all" if n % 2 else ALICE_IS, "firmware") for n in range(5)]
        for path, wanted in (("/pki/packages?limit=2", every), ("/pki/packages?limit=2&order=newest", every[::-1]), ("/pki/packages?limit=2&for=all", every[1::2]),
                             ("/pki/packages?limit=2&type=tamp-update", [])):
            with self.subTest(path):
                found, after = [], 0
                while after is not None:
                    page = self.auditor.get(f"{path}&after={after}").json
                    self.assertLessEqual(len(page["entries"]), 2)
                    found += [e["id"] for e in page["entries"]]
                    after = page["next"]
                self.assertEqual(found, wanted)
        for who in (self.alice, self.bob):
            for number in every[1::2]:
                self.get(who, f"http/firmware/{number}")
        page = self.auditor.get("/pki/packages/deliveries?limit=3").json
        rest = self.auditor.get(f"/pki/packages/deliveries?limit=3&after={page['next']}").json
        self.assertEqual(([e["object"] for e in page["entries"] + rest["entries"]], rest["next"]), ([f"package/{n}" for n in every[1::2]] * 2, None))
        client = page["entries"][0]["client"]
        self.assertEqual(len(self.auditor.get("/pki/packages/deliveries?" + urllib.parse.urlencode({"client": client})).json["entries"]), 2)


class Made(Case):
    """Messages and keys that are made here, read by pyasn1-modules and openssl."""

    def make(self, *args, **kw):
        out = env.admin("package", *args, "--ca", "issuing", "--json", **kw)
        self.put_in.append(out["id"])
        return out

    def pem(self, name, certs):
        path = env.scratch / name
        path.write_bytes(b"".join(c.pem for c in certs))
        return path

    def verified(self, what):
        """eContent, type and signer of SignedData that openssl has verified up to the root."""
        path = env.scratch / "made.der"
        path.write_bytes(what)
        content = run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", path, "-CAfile", env.scratch / "cas.pem", "-purpose", "any").stdout
        signed = decoder.decode(decoder.decode(what, asn1Spec=rfc5652.ContentInfo())[0]["content"], asn1Spec=rfc5652.SignedData())[0]
        signer, = [x509.load_der_x509_certificate(encoder.encode(c["certificate"])) for c in signed["certificates"]]
        return content, str(signed["encapContentInfo"]["eContentType"]), signer

    def fetch_tamp(self, word, number, spec):
        content, kind, signer = self.verified(self.fetch(self.alice, f"http/tamp/{number}", f"application/tamp-{word}"))
        message, rest = decoder.decode(content, asn1Spec=spec)
        self.assertEqual((rest, encoder.encode(message)), (b"", content))
        return message, kind, signer

    def test_X079_tamp_messages(self):
        one, two = packages.Signer("one"), packages.Signer("two")
        numbers = []
        made = self.make("tamp", "update", "--for", "all", "--add", self.pem("one.pem", [one]), "--remove", self.pem("two.pem", [two, STRANGER]))
        numbers.append(made["sequence_number"])
        message, kind, signer = self.fetch_tamp("update", made["id"], rfc5934.TAMPUpdate())
        self.assertEqual((kind, int(message["msgRef"]["seqNum"]), message["msgRef"]["target"].getName()), (f"{packages.TAMP}.3", numbers[0], "allModules"))
        self.assertEqual([u.getName() for u in message["updates"]], ["remove", "remove", "add"])
        self.assertEqual(encoder.encode(message["updates"][2]["add"]["certificate"]), one.der)
        key = two.cert.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.assertEqual(encoder.encode(message["updates"][0]["remove"])[1:], key[1:])
        # its certificate lets it sign that, and no firmware
        extension = signer.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.18")).value.value
        constraints, rest = decoder.decode(extension, asn1Spec=rfc6010.CMSContentConstraints())
        self.assertEqual(({str(c["contentType"]) for c in constraints}, rest), ({f"{packages.TAMP}.{n}" for n in (1, 3, 5, 7, 10)} | {packages.SKEYS}, b""))
        for word, spec, ref, args in (("status-query", rfc5934.TAMPStatusQuery(), "query", ("--uri", "urn:x", "--terse")), ("sequence-adjust", rfc5934.SequenceNumberAdjust(), "msgRef", ("--community", "1.2.3.4")),
                                      ("community-update", rfc5934.TAMPCommunityUpdate(), "msgRef", ("--join", "1.2.3", "--join", "1.2.4", "--leave", "1.2.5")),
                                      ("apex-update", rfc5934.TAMPApexUpdate(), "msgRef", ("--add", env.scratch / "one.pem", "--clear-anchors"))):
            with self.subTest(word):
                made = self.make("tamp", word, "--for", "all", *args)
                numbers.append(made["sequence_number"])
                message, _, again = self.fetch_tamp(word, made["id"], spec)
                self.assertEqual(int(message[ref]["seqNum"]), numbers[-1])
                self.assertEqual(again, signer)
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertGreaterEqual(numbers[0], 1_700_000_000)
        self.assertEqual(env.count("select count(*) from package_signer"), 1)
        self.assertEqual(env.count("select count(*) from audit where event = 'package.signer-issued'"), 1)
        # answers find their message
        answer = packages.signed(f"{packages.TAMP}.11", packages.encoder.encode(self.confirm(message=numbers[2])), self.signer(self.alice))
        self.assertEqual(self.give(self.alice, "http/tamp/return", answer, kind="application/tamp-sequence-adjust-confirm").status, 204)

    def test_X079_change_of_a_trust_anchor(self):
        """RFC 5934, 4.3: as a certificate says, or its title; and nothing else than its key says which."""
        root = packages.Signer("another name")
        der_of = lambda value: encoder.encode(value)
        spki = root.cert.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        made = self.make("tamp", "update", "--for", "all", "--change", self.pem("root.pem", [root]))
        message, _, _ = self.fetch_tamp("update", made["id"], rfc5934.TAMPUpdate())
        update, = message["updates"]
        change = update["change"]["tbsCertChange"]
        tbs = decoder.decode(root.der, asn1Spec=rfc5280.Certificate())[0]["tbsCertificate"]
        self.assertEqual((update.getName(), update["change"].getName(), int(change["serialNumber"])), ("change", "tbsCertChange", root.cert.serial_number))
        for name, tag in (("signature", 0), ("validity", 2), ("subjectPublicKeyInfo", 4)):
            self.assertEqual(der_of(change[name]), bytes([0xa0 + tag]) + der_of(tbs[name])[1:], name)
        for name in ("issuer", "subject"):
            self.assertEqual(der_of(change[name]["rdnSequence"]), der_of(tbs[name]["rdnSequence"]), name)
        made = self.make("tamp", "update", "--for", "all", "--change", env.scratch / "root.pem", "--title", "Wurzel für alle")
        message, _, _ = self.fetch_tamp("update", made["id"], rfc5934.TAMPUpdate())
        change = message["updates"][0]["change"]["taChange"]
        self.assertEqual((der_of(change["pubKey"]), str(change["taTitle"])), (spki, "Wurzel für alle"))

    def test_X080_hardware_targets(self):
        made = self.make("tamp", "status-query", "--for", "all", "--hardware", "1.2.3", "--hardware", "1.2.4/0a1b", "--hardware", "1.2.4/0a00-0aff")
        message, _, _ = self.fetch_tamp("status-query", made["id"], rfc5934.TAMPStatusQuery())
        modules = message["query"]["target"]["hwModules"]
        entries = [(str(m["hwType"]), m["hwSerialEntries"][0]) for m in modules]
        self.assertEqual([(t, e.getName()) for t, e in entries], [("1.2.3", "all"), ("1.2.4", "single"), ("1.2.4", "block")])
        self.assertEqual((bytes(entries[1][1]["single"]), bytes(entries[2][1]["block"]["low"]), bytes(entries[2][1]["block"]["high"])), (b"\x0a\x1b", b"\x0a\0", b"\x0a\xff"))
        # the answer repeats the target, and finds the message by it
        answer = rfc5934.TAMPStatusResponse()
        answer["query"] = message["query"]
        answer["response"]["terseResponse"]["taKeyIds"][0] = b"\x01" * 20
        what = packages.signed(f"{packages.TAMP}.2", encoder.encode(answer), self.signer(self.alice))
        self.assertEqual(self.give(self.alice, "http/tamp/return", what, kind="application/tamp-status-response").status, 204)

    def confirm(self, message):
        m = rfc5934.SequenceNumberAdjustConfirm()
        m["adjust"]["target"]["communities"][0] = univ.ObjectIdentifier("1.2.3.4")
        m["adjust"]["seqNum"] = message
        m["status"] = 0
        return m

    def test_X080_numbers_grow_also_when_the_clock_stands_back(self):
        ahead = int(time.time()) + 3600
        env.sql(f"update tamp_number set last = {ahead}")
        self.addCleanup(env.sql, "update tamp_number set last = 0")
        self.assertEqual([self.make("tamp", "status-query", "--for", "all")["sequence_number"] for _ in range(2)], [ahead + 1, ahead + 2])

    def test_X080_a_number_far_ahead_is_not_used(self):
        """Clients never go back: who writes the database could end the signer's numbers with one message."""
        self.addCleanup(env.sql, "update tamp_number set last = 0")
        for last in (int(time.time()) + 90000, 9223372036854775806, 9223372036854775807):
            env.sql(f"update tamp_number set last = {last}")
            done = env.admin("package", "tamp", "status-query", "--for", "all", "--ca", "issuing", check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertRegex(done.stderr, b"ahead of the clock|no sequence number left")
            self.assertEqual(env.count("select last from tamp_number"), last)

    def test_X079_refuses(self):
        for args in (("update",), ("update", "--join", "1.2.3"), ("status-query", "--add", "x.pem"), ("apex-update",), ("community-update",), ("community-update", "--join", "nothing"), ("x",),
                     ("status-query", "--ca", "gone"), ("status-query", "--uri", "urn:x", "--community", "1.2.3")):
            with self.subTest(args):
                self.assertNotEqual(env.admin("package", "tamp", *args, "--for", "all", check=False).returncode, 0)
        no = env.scratch / "no.pem"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", env.scratch / "no.key", "-out", no, "-days", 30, "-subj", "/CN=no", "-addext", "keyUsage=digitalSignature")
        for args in (("--bits", "12"), ("--bits", "0"), ("--count", "0"), ("--count", "300"), ("--certificate", no)):
            with self.subTest(args):
                self.assertNotEqual(env.admin("package", "generate", *args, "--for", "all", "--ca", "issuing", check=False).returncode, 0)
        self.assertEqual(env.admin("package", "list", "--json"), [])

    def keys_of(self, signed):
        """Of a SignedData: keys with their attributes, and the package's id."""
        package, rest = decoder.decode(signed["encapContentInfo"]["eContent"], asn1Spec=rfc6031.SymmetricKeyPackage())
        self.assertEqual(rest, b"")
        attribute, = [a for a in signed["signerInfos"][0]["signedAttrs"] if str(a["attrType"]) == "2.16.840.1.101.2.1.5.65"]
        ident = decoder.decode(attribute["attrValues"][0], asn1Spec=rfc7191.KeyPkgIdentifierAndReceiptReq())[0]
        keys = [(bytes(k["sKey"]), [bytes(decoder.decode(a["attrValues"][0])[0]).decode() for a in k["sKeyAttrs"]]) for k in package["sKeys"]]
        return keys, bytes(ident["pkgID"]).hex()

    def test_X070_X071_X075_keys_made_here(self):
        made = self.make("generate", "--for", ALICE_IS, "--bits", "192", "--count", "3", "--algorithm", "urn:x:aes", "--answer")
        self.assertEqual((made["encrypted"], "warning" in made), (False, True))
        what = self.fetch(self.alice, f"http/symmetrickeys/{made['id']}", "application/cms; encapsulatingContent=signedData; innerContent=sKeyPackage")
        _, kind, _ = self.verified(what)
        keys, ident = self.keys_of(decoder.decode(decoder.decode(what, asn1Spec=rfc5652.ContentInfo())[0]["content"], asn1Spec=rfc5652.SignedData())[0])
        self.assertEqual((kind, ident), (packages.SKEYS, made["package_id"]))
        self.assertEqual([a for _, a in keys], [[f"{ident}-{n}", "urn:x:aes"] for n in (1, 2, 3)])
        self.assertEqual(({len(k) for k, _ in keys}, len({k for k, _ in keys})), ({24}, 3))
        self.assertIn("0025", self.types(self.alice))
        self.refused(self.get(self.bob, f"http/symmetrickeys/{made['id']}"), 404)
        receipt = packages.signed(packages.KEY_RECEIPT, packages.key_receipt(bytes.fromhex(ident)), self.signer(self.alice))
        self.assertEqual(self.give(self.alice, "http/symmetrickeys/return", receipt).status, 204)
        kept = base64.b64decode(env.sql(f"select translate(encode(content, 'base64'), E'\n', '') from package_content where package_id = {made['id']}")[0][0])
        self.assertFalse(any(k in kept for k, _ in keys))

    def test_X070_keys_encrypted_for_the_client(self):
        for kind, usage in (("rsa:2048", "keyEncipherment"), ("ec", "keyAgreement")):
            with self.subTest(kind):
                key, cert = env.scratch / "to.key", env.scratch / "to.pem"
                run("openssl", "req", "-x509", "-newkey", kind, *(("-pkeyopt", "ec_paramgen_curve:P-256") if kind == "ec" else ()), "-nodes", "-keyout", key, "-out", cert, "-days", 30,
                    "-subj", "/CN=client", "-addext", f"keyUsage=critical,{usage}")
                made = self.make("generate", "--for", ALICE_IS, "--certificate", cert)
                self.assertEqual((made["encrypted"], "warning" in made), (True, False))
                what = self.fetch(self.alice, f"http/symmetrickeys/{made['id']}", 'application/cms; encapsulatingContent="signedData, envelopedData, signedData"; innerContent=sKeyPackage')
                enveloped, outer, _ = self.verified(what)
                self.assertEqual(outer, packages.ENVELOPED)
                path = env.scratch / "enveloped.der"
                path.write_bytes(packages.content_info(packages.ENVELOPED, enveloped))
                inner = run("openssl", "cms", "-decrypt", "-inform", "DER", "-in", path, "-inkey", key, "-recip", cert).stdout
                keys, ident = self.keys_of(decoder.decode(inner, asn1Spec=rfc5652.SignedData())[0])
                self.assertEqual((ident, [len(k) for k, _ in keys]), (made["package_id"], [32]))
                self.verified(packages.content_info(packages.SIGNED, inner))


class Nodes(Case):
    def test_X011_dates_hold_on_all_nodes(self):
        second = env.second_node()
        there = Device(env, ALICE, url=second["GATEHOUSE_URL"])
        number = self.add(firmware(1), ALICE_IS, "firmware")
        self.assertEqual(self.get(there, f"http/firmware/{number}").status, 200)
        of = lambda who: [e["date"] for e in self.entries(who) if e["type"] == "0026"]
        self.assertEqual(of(self.alice), of(there))
        place = None
        for n in range(2 * ENTRIES):
            self.add(firmware(10 + n), ALICE_IS, "firmware")
        place = self.page(self.alice)[-1]["info"]["uri"].split(PREFIX)[1]
        strip = lambda page: [re.sub("https://[^/]*", "", json.dumps(e)) for e in page]
        self.assertEqual(strip(self.page(self.alice, place)), strip(self.page(there, place)))



class Devices(Case):
    """Two manufacturers, and one subject."""

    def maker(self, name):
        key, cert = env.scratch / f"{name}.key", env.scratch / f"{name}.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-days", 30,
            "-subj", "/CN=Maker")
        return key, cert

    def router(self, maker):
        key, name = der.Key(env.scratch, "ec:P-256"), f"router-{time.monotonic_ns()}"
        csr, ext, cert = (env.scratch / f"{name}.{x}" for x in ("csr", "ext", "crt"))
        run("openssl", "req", "-new", "-key", key.path, "-subj", "/CN=router-7", "-out", csr)
        ext.write_text("extendedKeyUsage=clientAuth\n")
        run("openssl", "x509", "-req", "-in", csr, "-CA", maker[1], "-CAkey", maker[0], "-CAcreateserial", "-days", 10, "-extfile", ext, "-out", cert)
        leaf = x509.load_pem_x509_certificate(cert.read_bytes())
        return Device(env, chain=[leaf.public_bytes(serialization.Encoding.DER)], key=key), leaf

    def known_as(self, maker, leaf):
        of = x509.load_pem_x509_certificate(maker[1].read_bytes()), leaf
        return hashlib.sha256(b"".join(c.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo) for c in of)).hexdigest()

    def test_X006_a_manufacturers_subject_names_nobody(self):
        makers = [self.maker("maker-1"), self.maker("maker-2")]
        both = env.scratch / "makers.pem"
        both.write_text("".join(cert.read_text() for _, cert in makers))
        env.admin("est", "label", "add", "makers", "--template", "User", "--auth", "cert", "--ca", "issuing", "--anchors", both)
        env.await_catalog()
        (one, leaf), (other, _) = self.router(makers[0]), self.router(makers[1])
        self.add(keys(b"by subject"), "device:makers/CN=router-7", "symmetric-keys")
        for device in (one, other):
            self.refused(self.get(device, "makers/symmetrickeys"), 404)
        number = self.add(keys(b"by key"), "device:" + self.known_as(makers[0], leaf), "symmetric-keys")
        self.assertEqual(self.get(one, "makers/symmetrickeys").status, 200)
        for path in ("makers/symmetrickeys", f"makers/symmetrickeys/{number}"):
            self.refused(self.get(other, path), 404)

    def ours(self, label, name="router-7.example.test"):
        """A device with a certificate of ours that came by a label."""
        user = f"u{time.monotonic_ns()}"
        env.admin("est", "user", "add", user, "--password-file", "-", stdin=b"a-long-password\n")
        self.addCleanup(env.admin, "est", "user", "remove", user)
        env.await_catalog()
        asks = Device(env, (user, "a-long-password"))
        reply = asks.enroll(f"{label}/simpleenroll", asks.csr((("CN", name),), (name,)))
        self.assertEqual(reply.status, 200, reply.body)
        return Device(env, chain=[certificates(reply)[0]], key=asks.key)

    def test_X006_a_subject_counts_with_its_label_only(self):
        """Whoever may choose names at another label does not get what is for a device of this one."""
        template("WebServer", name="Named", oid="1.3.6.1.4.1.311.21.8.15747088.8838185.2930322.4713121.5847363.95", approval=False,
                 extendedKeyUsage=["clientAuth"], purpose="client_auth", sid="never", acknowledge=["ESC1", "ESC16", "ESC17", "NAMES"], acknowledgeReason="names of a test")
        for label in ("routers", "phones"):
            env.admin("est", "label", "add", label, "--template", "Named", "--auth", "either", "--ca", "issuing")
        router, phone = self.ours("routers"), self.ours("phones")
        subject = env.sql("select requester_kind, subject from certificate c join request r on r.id = c.request_id order by c.id desc limit 2")
        self.assertEqual(len({s for _, s in subject}), 1)
        subject = subject[0][1]
        number = self.add(keys(b"of routers"), f"device:routers/{subject}", "symmetric-keys")
        of = lambda device, at: [self.get(device, f"{at}/symmetrickeys{x}").status for x in ("", f"/{number}")] + ["0024" in self.types(device, at)]
        for at in ("routers", "cert", "either"):  # "cert" and "either" take certificates of any label
            with self.subTest(at):
                self.assertEqual(of(router, at), [200, 200, True])
        for at in ("phones", "cert", "either"):
            with self.subTest(at):
                self.assertEqual(of(phone, at), [404, 404, False])
                receipt = packages.signed(packages.KEY_RECEIPT, packages.key_receipt(b"of routers"), packages.Signer(
                    key=serialization.load_pem_private_key(open(phone.key.path, "rb").read(), None), cert=x509.load_der_x509_certificate(phone.chain[0])))
                self.refused(self.give(phone, f"{at}/symmetrickeys/return", receipt), 403)
        self.refused(self.get(phone, "routers/symmetrickeys"), 401)
        env.without_triggers("update request set label = 'routers' where label = 'phones';")
        try:
            self.assertEqual(self.get(phone, "cert/symmetrickeys").status, 403)  # it is not known who asked for it: the MAC is wrong
        finally:
            env.without_triggers(f"update request set label = 'phones' where id = (select max(id) from request where label = 'routers');")
        self.unbound(number, subject, router)

    def unbound(self, number, subject, router):
        """A row from before labels were named stays, and is nobody's until it is said whose."""
        env.sql(f"update package set audience = $${'device:' + subject}$$ where id = {number}")
        env.admin("db", "reseal", "--yes")
        self.refused(self.get(router, "routers/symmetrickeys"), 404)
        self.assertIn("nobody gets it", env.admin("package", "show", number, "--json")["warning"])
        found = json.loads(env.admin("doctor", "--json", check=False).stdout)
        self.assertIn(f"nobody gets package {number}", " ".join(f["what"] for f in found if f["code"] == "package"))
        self.assertIn("device:LABEL/SUBJECT", env.admin("package", "set", number, "--for", f"device:{subject}", check=False).stderr.decode())
        env.admin("package", "set", number, "--for", f"device:routers/{subject}")
        self.assertEqual(self.get(router, "routers/symmetrickeys").status, 200)
        self.assertEqual(env.count(f"select count(*) from audit where event = 'package.changed' and object = 'package/{number}'"), 1)
        self.assertNotIn("warning", env.admin("package", "show", number, "--json"))

    def test_X077_signer_under_an_intermediate(self):
        """The certificate of the connection is that of the client, whatever comes with it."""
        maker = self.maker("maker-root")
        sub_key, sub, csr, ext = (env.scratch / f"maker-sub.{x}" for x in ("key", "pem", "csr", "ext"))
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", sub_key, "-subj", "/CN=Maker 2", "-out", csr)
        ext.write_text("basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n")
        run("openssl", "x509", "-req", "-in", csr, "-CA", maker[1], "-CAkey", maker[0], "-CAcreateserial", "-days", 20, "-extfile", ext, "-out", sub)
        env.admin("est", "label", "add", "submakers", "--template", "User", "--auth", "cert", "--ca", "issuing", "--anchors", maker[1])
        env.await_catalog()
        device, leaf = self.router((sub_key, sub))
        device = Device(env, chain=[leaf.public_bytes(serialization.Encoding.DER), x509.load_pem_x509_certificate(sub.read_bytes()).public_bytes(serialization.Encoding.DER)], key=device.key)
        self.add(keys(b"sub"), "all", "symmetric-keys")
        self.assertEqual(self.get(device, "submakers/symmetrickeys").status, 200)
        key = serialization.load_pem_private_key(open(device.key.path, "rb").read(), None)
        receipt = lambda **how: packages.signed(packages.KEY_RECEIPT, packages.key_receipt(b"sub"), packages.Signer(key=key, cert=leaf), **how)
        for what in (receipt(), receipt(with_cert=False)):
            self.assertEqual(self.give(device, "submakers/symmetrickeys/return", what).status, 204)


class Constraints(Case):
    """X-081: content constraints in a signer's certificate (RFC 6010)."""

    def signer(self, *types):
        c = rfc6010.CMSContentConstraints()
        for i, (oid, source) in enumerate(types):
            c[i]["contentType"] = univ.ObjectIdentifier(oid)
            if source is not None:
                c[i]["canSource"] = source
        plain = packages.Signer("constrained")
        builder = (x509.CertificateBuilder().subject_name(plain.cert.subject).issuer_name(plain.cert.subject).public_key(plain.key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(packages.DATE).not_valid_after(plain.cert.not_valid_after)
                   .add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.18"), encoder.encode(c)), False))
        return packages.Signer(key=plain.key, cert=builder.sign(plain.key, packages.hashes.SHA256()))

    def test_X081_signers_of_packages(self):
        this, anything = f"{packages.TAMP}.3", "1.2.840.113549.1.9.16.1.0"
        for number, (name, by) in enumerate((("its type", self.signer((this, None))), ("any", self.signer((anything, None))))):
            with self.subTest(name):
                self.add(update(700 + number, by), "all", "tamp-update")
        for name, by in (("another", self.signer((packages.FIRMWARE, None))), ("no source", self.signer((this, 1))), ("all but this", self.signer((anything, None), (this, 1)))):
            with self.subTest(name):
                path = env.scratch / "constrained"
                path.write_bytes(update(720, by))
                done = env.admin("package", "add", path, "--type", "tamp-update", "--for", "all", check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("RFC 6010", done.stderr.decode())


if __name__ == "__main__":
    tap.main()
