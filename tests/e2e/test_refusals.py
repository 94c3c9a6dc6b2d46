#!/usr/bin/env python3
"""What bad input gets: status, code and message in the API's own form, one audit row where an
authenticated caller was refused, one log line with the cause, and nothing half done."""

import base64
import json
import re
import unittest

import client
import der
import tap
from client import Client
from environment import Environment, wait_for

env = Environment("refusals", GATEHOUSE_CONF_EXTRA="limits { failures = 100 }")
RSA = der.Key(env.scratch, "rsa:2048")
EC = der.Key(env.scratch, "ec:P-256")
PATH = "/CMSApi/CertEnroll/3/Pkcs10"
GOOD = der.csr(EC)


def counts():
    """Requests, and the certificates made for them; the gateway makes others for itself."""
    return tuple(env.count(f"select count(*) from {t}") for t in ("request", "certificate where request_id > 0"))


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.alice = Client(env)
        self.counts = counts()

    def refused(self, reply, status, hresult=None, audits=None, denied=False):
        """The reply refuses in the form of this API and nothing was issued. audits: its audit rows."""
        self.assertEqual(reply.status, status, reply.body[:400])
        self.assertTrue(reply.headers["content-type"].startswith("application/json"), reply.headers)
        answer = reply.json
        if denied:
            self.assertEqual(answer["RequestDisposition"], "Denied")
            self.assertTrue(answer["DispositionMessage"])
            self.assertEqual(answer["Certificates"], "")
            self.assertEqual(answer["CMSID"], 0)
        else:
            self.assertTrue(answer["Message"])
        if hresult is not None:
            self.assertIn(f"{hresult:08X}", reply.body.decode().upper().replace("0X", ""))
        for word in ("psql", "SELECT ", "libpq", ".c:", "errno", str(env.dir)):
            self.assertNotIn(word, reply.body.decode())
        requests, certificates = counts()
        self.assertEqual(certificates, self.counts[1], "a certificate was made")
        if not denied:
            self.assertEqual(requests, self.counts[0], "a request was recorded")
        if audits is not None:
            rows = f"select count(*) from audit where request_id = '{reply.headers['x-request-id']}'"
            self.assertEqual(env.count(rows), audits, "audit rows")
        self.assert_logged_once(reply)
        return answer

    def assert_logged_once(self, reply):
        """One line for the request, with the cause."""
        def lines():
            mine = [json.loads(x) for x in env.log().splitlines()
                    if reply.headers["x-request-id"] in x and x.startswith("{") and x.endswith("}")]
            return [x for x in mine if x["msg"] == "request"]
        wait_for(lines, "a log line with the request id")
        self.assertEqual([x["status"] for x in lines()], [str(reply.status)])
        self.assertTrue(lines()[0]["cause"] and lines()[0]["code"], lines())


class Application(Case):
    def test_key_missing(self):
        self.refused(self.alice.enroll(GOOD, X_CSS_CMS_AppKey=None), 403)

    def test_key_unknown(self):
        for key in ("AAAA", base64.b64encode(b"x" * 16).decode(), "no base64!", "=", "A" * 3000):
            with self.subTest(key=key[:20]):
                self.refused(self.alice.enroll(GOOD, X_CSS_CMS_AppKey=key), 403)

    def test_application_disabled(self):
        env.admin("app", "disable", env.var["GATEHOUSE_APP"])
        try:
            env.await_catalog()
            for _ in range(6):
                self.refused(self.alice.enroll(GOOD), 403)
        finally:
            env.admin("app", "enable", env.var["GATEHOUSE_APP"])
            env.await_catalog()
        for _ in range(6):
            self.assertEqual(self.alice.enroll(GOOD).status, 200)

    def test_signature_missing(self):
        self.refused(self.alice.enroll(GOOD, X_CSS_CMS_Signature=None), 403)

    def test_signature_wrong(self):
        for signature in ("", "AAAA", base64.b64encode(bytes(20)).decode(), "!!!", "A" * 2000):
            if signature == "":
                continue  # an empty header is Kore's to refuse: test_connections.py
            with self.subTest(signature=signature[:20]):
                self.refused(self.alice.enroll(GOOD, X_CSS_CMS_Signature=signature), 403)

    def test_signature_of_another_body(self):
        other = self.alice.signature(b'{"other":"body"}')
        self.refused(self.alice.enroll(GOOD, X_CSS_CMS_Signature=other), 403)

    def test_signature_is_checked_before_the_body_is_parsed(self):
        self.refused(self.alice.call(PATH, "{ no json", X_CSS_CMS_Signature="AAAA"), 403)

    def test_signature_with_another_secret(self):
        self.refused(Client(env, secret=b"another secret").enroll(GOOD), 403)

    def test_changed_byte(self):
        body = json.dumps({"Timestamp": client.now(), "Request": {
            "TemplateName": "User", "Pkcs10Request": der.b64(GOOD)}})
        headers = self.alice.headers(body.encode())
        changed = body.replace('"TemplateName": "User"', '"TemplateName": "User" ').encode()
        self.assertNotEqual(changed, body.encode())
        self.refused(self.alice.request("POST", PATH, changed, headers), 403)


class Freshness(Case):
    def test_outside_the_window(self):
        for offset in (-320, -86400, 320, 3600):
            with self.subTest(offset=offset):
                self.refused(self.alice.enroll(GOOD, timestamp=client.now(offset)), 403)

    def test_unreadable(self):
        for stamp in ("", "yesterday", "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "1700000000", None,
                      1700000000, [], {"a": 1}, "2024-01-02T03:04:05+99:99"):
            with self.subTest(stamp=stamp):
                body = json.dumps({"Timestamp": stamp, "Request": {
                    "TemplateName": "User", "Pkcs10Request": der.b64(GOOD)}})
                self.refused(self.alice.call(PATH, body), 400)

    def test_missing(self):
        body = json.dumps({"Request": {"TemplateName": "User", "Pkcs10Request": der.b64(GOOD)}})
        self.refused(self.alice.call(PATH, body), 400)

    def test_twice(self):
        stamp = client.now()
        body = ('{"Timestamp":"%s","timestamp":"%s","Request":{"TemplateName":"User","Pkcs10Request":"%s"}}'
                % (stamp, stamp, der.b64(GOOD)))
        self.refused(self.alice.call(PATH, body), 400)


class Token(Case):
    def token(self, who):
        reply = who.call("/CMSApi/CertEnroll/2/Token", "{}")
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json["Token"]

    def test_missing(self):
        for version in (1, 2):
            with self.subTest(version=version):
                self.refused(self.alice.enroll(GOOD, version=version), 403)

    def test_forged(self):
        good = self.token(self.alice)
        flipped = good[:8] + ("A" if good[8] != "A" else "B") + good[9:]
        for token in ("x", "AAAA", flipped, good[:-6], good + "AAAA", "." * 50):
            with self.subTest(token=token[:20]):
                self.refused(self.alice.enroll(GOOD, version=2, token=token), 403)

    def test_of_another_user(self):
        bob = Client(env, user="bob", password="bob-secret")
        self.refused(bob.enroll(GOOD, version=2, token=self.token(self.alice)), 403)

    def test_of_another_application(self):
        other = Client(env, app_key=env.var["GATEHOUSE_APP2_KEY"],
                       secret=env.var["GATEHOUSE_APP2_SECRET"].encode())
        self.refused(self.alice.enroll(GOOD, version=2, token=self.token(other)), 403)

    def test_envelope_and_version_must_fit(self):
        """A bare request is no version 3 body, and the other way round."""
        bare = json.dumps({"TemplateName": "User", "Pkcs10Request": der.b64(GOOD)})
        self.refused(self.alice.call(PATH, bare), 400)


class User(Case):
    def test_none(self):
        reply = self.alice.enroll(GOOD, Authorization=None)
        self.refused(reply, 401)
        self.assertTrue(reply.headers["www-authenticate"].startswith("Basic realm="))

    def test_wrong_password_and_unknown_user_get_one_answer(self):
        wrong = Client(env, user="bob", password="wrong").enroll(GOOD)
        unknown = Client(env, user="nobody-here", password="wrong").enroll(GOOD)
        self.refused(wrong, 401)
        self.refused(unknown, 401)
        strip = lambda r: re.sub(rb"[0-9a-f]{32}", b"", r.body)  # noqa: E731
        self.assertEqual(strip(wrong), strip(unknown))
        self.assertIn("www-authenticate", wrong.headers)

    def test_empty_password(self):
        self.refused(Client(env, user="carol", password="").enroll(GOOD), 401)

    def test_disabled_locked_expired(self):
        for user in ("dave", "frank", "gina"):
            with self.subTest(user=user):
                reply = Client(env, user=user, password=user + "-secret").enroll(GOOD)
                self.assertIn(reply.status, (401, 403) if user == "frank" else (403,), reply.body)

    def test_not_unique(self):
        self.refused(Client(env, user="twin@example.test", password="twin1-secret").enroll(GOOD), 401)

    def test_filter_characters(self):
        for user in ("*", "alice*", "al(ice", "alice)(uid=*", "a\\2a", "alice\0", "ali\u00efce", "x" * 600):
            with self.subTest(user=user[:20]):
                reply = Client(env, user=user, password="alice-secret").enroll(GOOD)
                self.assertIn(reply.status, (400, 401), reply.body)
                self.assertEqual(counts(), self.counts)

    def test_malformed_authorization(self):
        for value in ("Basic", "Basic !!!", "Basic " + base64.b64encode(b"nocolon").decode(),
                      "Bearer abc", "Negotiate YII", "Basic " + "A" * 5000):
            with self.subTest(value=value[:20]):
                self.refused(self.alice.enroll(GOOD, Authorization=value), 401)

    def test_user_without_permission_is_denied_and_recorded(self):
        reply = self.alice.enroll(GOOD, template="CodeSigning")
        self.refused(reply, 403, 0x80094012, audits=1, denied=True)


class Template(Case):
    def test_unknown(self):
        for template in ("NoSuchTemplate", "User'; drop table requests; --", "U" * 300, "../User", "User\u0000x"):
            with self.subTest(template=template[:20]):
                reply = self.alice.enroll(GOOD, template=template)
                self.assertIn(reply.status, (400, 403), reply.body)
                self.assertEqual(counts()[1], self.counts[1])
        self.refused(self.alice.enroll(GOOD, template="NoSuchTemplate"), 403, 0x80094800, denied=True)

    def test_not_of_this_application(self):
        other = Client(env, app_key=env.var["GATEHOUSE_APP2_KEY"],
                       secret=env.var["GATEHOUSE_APP2_SECRET"].encode())
        self.refused(other.enroll(GOOD, template="WebServer"), 403, 0x80094800, audits=1, denied=True)

    def test_missing_or_of_another_type(self):
        for value in (None, 7, [], {}, ""):
            with self.subTest(value=value):
                body = json.dumps({"Timestamp": client.now(), "Request": {
                    "TemplateName": value, "Pkcs10Request": der.b64(GOOD)}})
                reply = self.alice.call(PATH, body)
                self.assertIn(reply.status, (400, 403), reply.body)
                self.assertEqual(counts()[1], self.counts[1])

    def test_machine_template_for_a_user(self):
        self.refused(self.alice.enroll(GOOD, template="Computer"), 403, denied=True)

    def test_csr_names_another_template(self):
        name = der.extension("msTemplateName", der.tlv(0x1E, "WebServer".encode("utf-16-be")))
        self.refused(self.alice.enroll(der.csr(EC, extensions=[name]), template="User"), 403, 0x80094802,
                     denied=True)

    def test_key_type_and_size(self):
        small_ok = der.Key(env.scratch, "ed25519")
        self.refused(self.alice.enroll(der.csr(small_ok)), 403, denied=True)


class Csr(Case):
    def bad(self, csr, hresult=0x8007000D, status=400):
        self.refused(self.alice.enroll(csr), status, hresult, audits=1)

    def test_not_base64(self):
        for text in ("", "***", "-----BEGIN CERTIFICATE REQUEST-----", "AAAA=AAAA", "ÄÖÜ",
                     "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
            with self.subTest(text=text[:20]):
                self.assertEqual(self.alice.enroll(text).status, 400)
                self.assertEqual(counts(), self.counts)

    def test_of_another_json_type(self):
        for value in (None, 5, ["x"], {"a": "b"}, True):
            with self.subTest(value=value):
                body = json.dumps({"Timestamp": client.now(), "Request": {
                    "TemplateName": "User", "Pkcs10Request": value}})
                self.assertEqual(self.alice.call(PATH, body).status, 400)
                self.assertEqual(counts(), self.counts)

    def test_not_der(self):
        for raw in (b"\0", b"hello", b"\x30\x80\0\0", GOOD[:-1], GOOD[:50], b"\x30\x84\xff\xff\xff\xff",
                    b"\x30" * 3000, GOOD[1:]):
            with self.subTest(raw=raw[:10]):
                self.assertEqual(self.alice.enroll(raw).status, 400)
                self.assertEqual(counts(), self.counts)

    def test_trailing_bytes(self):
        self.bad(der.csr(EC, trailing=b"\0"))

    def test_two_requests(self):
        text = der.pem(GOOD) + der.pem(GOOD)
        self.refused(self.alice.enroll(text), 400, 0x8007000D)

    def test_not_der_but_ber(self):
        # the outer length in a longer form than needed
        ber = b"\x30\x83" + len(GOOD[3:]).to_bytes(3, "big") + GOOD[3:]
        self.assertEqual(GOOD[1], 0x81)
        self.bad(ber)

    def test_duplicate_attribute(self):
        twice = der.attribute("challengePassword", der.utf8("x"))
        self.bad(der.csr(EC, attributes=[twice, twice]))

    def test_duplicate_extension(self):
        usage = der.extension("keyUsage", bytes([3, 2, 5, 0xA0]))
        self.bad(der.csr(EC, extensions=[usage, usage]))

    def test_two_extension_requests(self):
        usage = der.extension("keyUsage", bytes([3, 2, 5, 0xA0]))
        both = [der.attribute(o, der.seq(usage)) for o in ("extensionRequest", "msExtensions")]
        self.bad(der.csr(EC, attributes=both))

    def test_version(self):
        self.bad(der.csr(EC, version=1))
        self.bad(der.csr(EC, version=2))

    def test_signature(self):
        for key in (EC, RSA):
            with self.subTest(key=key.spec):
                        self.bad(der.csr(key, bad_signature=True), 0x80090006)

    def test_signed_by_another_key(self):
        self.bad(der.csr(EC, spki=der.Key(env.scratch, "ec:P-256").spki), 0x80090006)

    def test_weak_keys(self):
        for spec in ("rsa:1024", "rsa:2048:3", "ec:P-224", "ec:secp256k1"):
            with self.subTest(key=spec):
                        self.bad(der.csr(der.Key(env.scratch, spec)), 0x80094016)

    def test_weak_hashes(self):
        for key, digest in ((RSA, "sha1"), (RSA, "md5"), (EC, "sha1")):
            with self.subTest(key=key.spec, digest=digest):
                        self.bad(der.csr(key, digest=digest), 0x80094016)

    def test_key_of_the_ca(self):
        """The public key of the issuing CA, with a signature that cannot be right."""
        reply = self.alice.enroll(GOOD)
        issuer = reply.certificates()[1]
        spki = der.openssl("x509", "-inform", "DER", "-noout", "-pubkey", stdin=issuer)
        spki = der.openssl("pkey", "-pubin", "-outform", "DER", stdin=spki)
        self.counts = counts()
        self.assertEqual(self.alice.enroll(der.csr(EC, spki=spki)).status, 400)
        self.assertEqual(counts(), self.counts)


class Directory(Case):
    """Attributes that the template needs and the entry lacks: the exact HRESULT each."""

    def test_mail(self):
        carol = Client(env, user="carol", password="carol-secret")
        self.refused(carol.enroll(GOOD, template="SMIME"), 403, 0x80094812, audits=1, denied=True)

    def test_upn(self):
        erin = Client(env, user="erin", password="erin-secret")
        self.refused(erin.enroll(GOOD, template="User"), 403, 0x8009480D, audits=1, denied=True)

    def test_dns_host_name(self):
        kiosk = Client(env, user="KIOSK1$", password="kiosk1-secret")
        self.refused(kiosk.enroll(GOOD, template="Computer"), 403, 0x8009480F, audits=1, denied=True)

    def test_computer_with_all_it_needs(self):
        web = Client(env, user="WEB01$", password="web01-secret")
        reply = web.enroll(GOOD, template="Computer")
        self.assertEqual(reply.status, 200, reply.body)
        self.assertIn("web01.example.test", client.certificate_text(reply.certificates()[0]))


class Metadata(Case):
    def bad(self, metadata):
        answer = self.refused(self.alice.enroll(GOOD, metadata=metadata), 400)
        return answer["Message"]

    def test_unknown_field(self):
        self.assertIn("Colour", self.bad({"Colour": "red"}))

    def test_wrong_type(self):
        self.assertIn("Cost-Center", self.bad({"Cost-Center": "many"}))
        self.assertIn("Cost-Center", self.bad({"Cost-Center": {"a": 1}}))

    def test_not_an_option(self):
        self.assertIn("Stage", self.bad({"Stage": "nowhere"}))

    def test_regex(self):
        self.assertIn("Ticket", self.bad({"Ticket": "not a ticket"}))

    def test_wrong_container(self):
        for value in ("x", 5, ["x"], [{"Value": "x"}], [{"MetadataFieldTypeName": 5, "Value": "x"}]):
            with self.subTest(value=value):
                self.bad(value)

    def test_same_field_twice(self):
        self.bad([{"MetadataFieldTypeName": "Department", "Value": "a"},
                  {"MetadataFieldTypeName": "department", "Value": "b"}])


class Envelope(Case):
    def test_json(self):
        for body in ("", "{", "[]", "null", '"x"', "7", "{}", '{"Timestamp":"x"}{}', "{'a':1}", "\xef\xbb\xbf",
                     "[" * 20000, '{"Request":null,"Timestamp":"%s"}' % client.now(),
                     '{"Request":[],"Timestamp":"%s"}' % client.now(), "\0", '{"a":"\\u0000"}'):
            with self.subTest(body=body[:30]):
                reply = self.alice.call(PATH, body)
                self.assertEqual(reply.status, 400, reply.body)
                self.assertEqual(counts(), self.counts)

    def test_duplicate_members(self):
        body = json.dumps({"Timestamp": client.now(), "Request": {"TemplateName": "User",
                                                                   "Pkcs10Request": der.b64(GOOD)}})
        for change in (('"Request"', '"request": {}, "Request"'),
                       ('"TemplateName"', '"templatename": "WebServer", "TemplateName"')):
            with self.subTest(change=change):
                self.refused(self.alice.call(PATH, body.replace(*change)), 400)

    def test_flags(self):
        for flags in ("x", [], {}, 1.5, "1x"):
            with self.subTest(flags=flags):
                self.refused(self.alice.enroll(GOOD, flags=flags), 400)


class Requests(Case):
    def test_state_of_an_unknown_or_foreign_request(self):
        mine = self.alice.enroll(GOOD)
        self.counts = counts()
        bob = Client(env, user="bob", password="bob-secret")
        path = "/CMSApi/CertEnroll/3/Requests/"
        self.refused(bob.call(path + str(mine.json["CMSRequestId"]), b"", "GET"), 404)
        for what in ("999999999", "99999999999999999999999", "0", "-1", "abc", "1%00", ""):
            with self.subTest(id=what):
                self.assertEqual(self.alice.call(path + what, b"", "GET").status, 404)


class Zlimits(Case):
    """Last, since it locks a user out here."""

    def test_failed_logins_are_limited_per_user(self):
        eve = Client(env, user="erin", password="guess")
        seen = [eve.enroll(GOOD).status for _ in range(200)]
        self.assertIn(429, seen)
        self.assertEqual(set(seen), {401, 429})
        self.assertEqual(counts(), self.counts)


if __name__ == "__main__":
    tap.main()
