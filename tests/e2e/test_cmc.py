#!/usr/bin/python3
"""Full CMC over EST, with codecs that others wrote: messages are made and read by pyasn1-modules (RFC 6402), signed and verified by `openssl cms`.
docs/cmc.md has the table of the ids. The system's python3, for pyasn1-modules."""

import base64
import hashlib
import hmac
import json
import os
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

from pyasn1.codec.der.decoder import decode
from pyasn1.codec.der.encoder import encode
from pyasn1.type import char, namedtype, univ
from pyasn1_modules import rfc2986, rfc5280, rfc5652, rfc6402

import client
import der
import tap
from environment import TOP, Environment, other_clock
from est import Device, certificates, replaced, run

env = Environment("cmc", GATEHOUSE_CONF_EXTRA="""
est { label = "users" retry_after = 17 }
limits { failures = 10000 }
revocation { owner = "own" }
roles { officer_groups = "pki-officers" }
""")
ALICE, BOB = ("alice", "alice-secret"), ("bob", "bob-secret")
TYPE = "application/pkcs7-mime; smime-type=CMC-request"
FULL, CERTS = "application/pkcs7-mime; smime-type=CMC-response", "application/pkcs7-mime; smime-type=certs-only"
SUCCESS, FAILED, PENDING, CONFIRM_REQUIRED = 0, 2, 3, 5
BAD_ALG, BAD_MESSAGE_CHECK, BAD_REQUEST, BAD_TIME, BAD_CERT_ID, UNSUPPORTED_EXT, BAD_IDENTITY, POP_REQUIRED, POP_FAILED = 0, 1, 2, 3, 4, 5, 7, 8, 9
KEY_ID = b"key of the device..."


def template(base, **changes):
    body = json.loads((TOP / f"conf/templates/{base}.json").read_text())
    path = env.scratch / f"{changes.get('name', base)}.json"
    path.write_text(json.dumps({**body, **changes}))
    env.admin("template", "import", path)


def setUpModule():
    template("WebServer", name="Waiting", oid="1.3.6.1.4.1.311.21.8.15747088.8838185.2930322.4713121.5847363.92")
    template("WebServer", name="Device", oid="1.3.6.1.4.1.311.21.8.15747088.8838185.2930322.4713121.5847363.93", approval=False, sid="never",
             extendedKeyUsage=["clientAuth", "serverAuth"], purpose="client_auth",
             acknowledge=["ESC1", "ESC16", "ESC17", "NAMES"], acknowledgeReason="names of a test")
    template("User", name="Ra", oid="1.3.6.1.4.1.311.21.8.15747088.8838185.2930322.4713121.5847363.94",
             extendedKeyUsage=["clientAuth", "1.3.6.1.5.5.7.3.28"], acknowledge=["ROLE"], acknowledgeReason="an RA of a test")
    env.admin("est", "label", "add", "ras", "--template", "Ra", "--auth", "http", "--ca", "issuing", "--cmc", "caller")
    env.admin("est", "label", "add", "sent", "--template", "User", "--auth", "http", "--ca", "issuing", "--cmc", "message", "--ra", "yes",
              "--certificates-of", "any")
    env.admin("est", "label", "add", "devices", "--template", "Device", "--auth", "http", "--ca", "issuing", "--cmc", "caller")
    env.admin("est", "label", "add", "named", "--template", "Device", "--auth", "http", "--ca", "issuing", "--cmc", "message", "--ra", "yes",
              "--cmc-ra-pop", "yes", "--certificates-of", "any")
    for name, cmc in (("users", "caller"), ("open", "message"), ("off", "none")):
        env.admin("est", "label", "add", name, "--template", "User", "--auth", "http", "--ca", "issuing", "--cmc", cmc, "--certificates-of", "any")
    env.admin("est", "label", "add", "waiting", "--template", "Waiting", "--auth", "http", "--ca", "issuing", "--cmc", "caller",
              "--certificates-of", "users")
    env.admin("est", "label", "add", "own", "--template", "User", "--auth", "http", "--ca", "issuing", "--cmc", "message")
    env.admin("est", "label", "add", "old", "--template", "User", "--auth", "http", "--ca", "issuing", "--cmc", "message", "--cmc-legacy", "yes")
    env.admin("est", "label", "add", "confirmed", "--template", "User", "--auth", "http", "--ca", "issuing", "--cmc-confirm", "yes")
    env.admin("est", "label", "add", "sealed", "--template", "User", "--auth", "http", "--ca", "issuing", "--cmc", "message", "--cmc-encrypt", "yes",
              "--ra", "yes", "--certificates-of", "any")
    env.admin("est", "label", "add", "linked", "--template", "User", "--auth", "http", "--ca", "issuing", "--linking", "required")
    chain = [base64.b64decode(c) for c in env.sql(
        "select replace(encode(x, 'base64'), E'\\n', '') from ca, unnest(chain) x where name = 'issuing'") for c in c]
    (env.scratch / "cas.pem").write_text("".join(client.to_pem(c) for c in chain))


class OtherStatusInfo(univ.Choice):
    """Without extendedFailInfo, which makes the one of pyasn1-modules ambiguous, so that it cannot be decoded."""
    componentType = namedtype.NamedTypes(
        namedtype.NamedType("failInfo", rfc6402.CMCFailInfo()), namedtype.NamedType("pendInfo", rfc6402.PendInfo()))


class BodyList(univ.SequenceOf):
    componentType = rfc6402.BodyPartReference()


class CMCStatusInfoV2(univ.Sequence):
    componentType = namedtype.NamedTypes(
        namedtype.NamedType("cMCStatus", rfc6402.CMCStatus()), namedtype.NamedType("bodyList", BodyList()),
        namedtype.OptionalNamedType("statusString", char.UTF8String()), namedtype.OptionalNamedType("otherInfo", OtherStatusInfo()))


# --- messages ---------------------------------------------------------------------------------------------------------------------

def control(number, oid, value):
    c = rfc6402.TaggedAttribute()
    c["bodyPartID"], c["attrType"] = number, oid
    c["attrValues"].append(univ.Any(encode(value)))
    return c


def pkcs10(number, csr):
    r = rfc6402.TaggedRequest()
    r["tcr"]["bodyPartID"] = number
    r["tcr"]["certificationRequest"] = decode(csr, asn1Spec=rfc2986.CertificationRequest())[0]
    return r


class Message:
    """A PKIData; numbers of its parts are 1, 2, ... raw: bytes in its place, which others made."""

    def __init__(self):
        self.data, self.last, self.raw = rfc6402.PKIData(), 0, None
        for part in ("controlSequence", "reqSequence", "cmsSequence", "otherMsgSequence"):
            self.data[part].clear()

    def number(self):
        self.last += 1
        return self.last

    def control(self, oid, value):
        self.data["controlSequence"].append(control(self.number(), oid, value))
        return self.last

    def request(self, csr):
        self.data["reqSequence"].append(pkcs10(self.number(), csr))
        return self.last

    def inside(self, raw):
        t = rfc6402.TaggedContentInfo()
        t["bodyPartID"], t["contentInfo"] = self.number(), decode(raw, asn1Spec=rfc5652.ContentInfo())[0]
        self.data["cmsSequence"].append(t)
        return self.last

    def batch(self, *numbers):
        ids = rfc6402.BodyPartList()
        ids.extend(numbers)
        return self.control(rfc6402.id_cmc_batchRequests, ids)

    def prove(self, name, secret):
        """identification and identityProofV2 (RFC 5272, 6.2)."""
        over = encode(self.data["reqSequence"])
        key = hashlib.sha256(secret.encode() + name.encode()).digest()
        proof = rfc6402.IdentifyProofV2()
        proof["proofAlgID"]["algorithm"] = univ.ObjectIdentifier("2.16.840.1.101.3.4.2.1")
        proof["macAlgId"]["algorithm"] = univ.ObjectIdentifier("1.2.840.113549.2.9")
        proof["witness"] = hmac.new(key, over, "sha256").digest()
        self.control(rfc6402.id_cmc_identification, char.UTF8String(name))
        return self.control(rfc6402.id_cmc_identityProofV2, proof)

    def sign(self, key, cert=None, *options, before=()):
        """By openssl (behind another command: before): with the certificate, or by the key alone, named by its subjectKeyIdentifier."""
        data, signer = env.scratch / "pki-data.der", env.scratch / "signer.pem"
        data.write_bytes(self.raw or encode(self.data))
        if cert is None:
            conf = env.scratch / "ski.conf"
            conf.write_text(f"[req]\ndistinguished_name=d\nx509_extensions=x\n[d]\n[x]\nsubjectKeyIdentifier={KEY_ID.hex()}\n")
            run("openssl", "req", "-x509", "-new", "-key", key.path, "-subj", "/CN=nobody", "-config", conf, "-out", signer)
            options = ("-keyid", "-nocerts", *options)
        else:
            signer.write_text(client.to_pem(cert))
        return run(*before, "openssl", "cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-econtent_type", rfc6402.id_cct_PKIData,
                   "-in", data, "-signer", signer, "-inkey", key.path, "-outform", "DER", *options).stdout


def confirmation(leaf, other_serial=None):
    """A message with confirmCertAcceptance."""
    v, tbs, m = rfc5652.IssuerAndSerialNumber(), decode(leaf, asn1Spec=rfc5280.Certificate())[0]["tbsCertificate"], Message()
    v["issuer"], v["serialNumber"] = tbs["issuer"], other_serial or tbs["serialNumber"]
    m.control(rfc6402.id_cmc_confirmCertAcceptance, v)
    return m


class Answer:
    """A PKIResponse whose signature openssl has verified up to the root."""

    def __init__(self, reply):
        raw = base64.b64decode(reply.body)
        info = decode(raw, asn1Spec=rfc5652.ContentInfo())[0]
        signed = decode(info["content"], asn1Spec=rfc5652.SignedData())[0]
        assert signed["encapContentInfo"]["eContentType"] == rfc6402.id_cct_PKIResponse
        path = env.scratch / "response.der"
        path.write_bytes(raw)
        content = run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", path, "-CAfile", env.scratch / "cas.pem", "-purpose", "any").stdout
        self.data, rest = decode(content, asn1Spec=rfc6402.PKIResponse())
        assert not rest and encode(self.data) == content
        self.certificates = [encode(c["certificate"]) for c in signed["certificates"]]
        self.controls = {}
        for c in self.data["controlSequence"]:
            self.controls.setdefault(c["attrType"], []).append(bytes(c["attrValues"][0]))

    def statuses(self):
        for raw in self.controls.get(rfc6402.id_cmc_statusInfoV2, ()):
            s = decode(raw, asn1Spec=CMCStatusInfoV2())[0]
            bodies = [int(b["bodyPartID"]) for b in s["bodyList"]]
            other = s["otherInfo"] if s["otherInfo"].isValue else None
            yield (int(s["cMCStatus"]), int(other["failInfo"]) if other is not None and other.getName() == "failInfo" else None, bodies,
                   bytes(other["pendInfo"]["pendToken"]) if other is not None and other.getName() == "pendInfo" else None)

    def value(self, oid, spec):
        return decode(self.controls[oid][0], asn1Spec=spec)[0]


class Case(unittest.TestCase):
    def setUp(self):
        self.alice, self.bob = Device(env, ALICE), Device(env, BOB)
        self.nobody = Device(env)

    def csr(self, device, **more):
        return der.csr(device.key, extensions=[der.extension("2.5.29.14", der.octets(KEY_ID))], **more)

    def send(self, device, message, where="users/", kind=TYPE):
        return device.post(where + "fullcmc", base64.b64encode(message), kind=kind)

    def full(self, reply, status):
        self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(reply.headers["content-type"], FULL)
        self.assertEqual(reply.headers["content-transfer-encoding"], "base64")
        self.assertEqual(int(reply.headers["content-length"]), len(reply.body))
        return Answer(reply)

    def failed(self, reply, status, fail, bodies=None):
        state, info, which, _ = next(self.full(reply, status).statuses())
        self.assertEqual((state, info), (FAILED, fail))
        if bodies is not None:
            self.assertEqual(which, bodies)

    def enroll(self, device):
        """A first certificate, by the key of the request; the leaf."""
        m = Message()
        m.request(self.csr(device))
        reply = self.send(device, m.sign(device.key))
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, CERTS), reply.body)
        return certificates(reply)[0]

    def own(self, device, changed=False):
        m = Message()
        m.request(self.csr(device))
        raw = m.sign(device.key)
        return raw[:-1] + bytes([raw[-1] ^ 1]) if changed else raw

    def ra(self):
        """A certificate of bob's, with id-kp-cmcRA."""
        return certificates(self.send(self.bob, self.own(self.bob), where="ras/"))[0]


class Messages(Case):
    def test_C009_certificates_alone(self):
        leaf = self.enroll(self.alice)
        self.assertIn("alice", run("openssl", "x509", "-inform", "DER", "-noout", "-subject", stdin=leaf).stdout.decode().lower())

    def test_C004_C020_C4_C5_C6_C25_full_response(self):
        m = Message()
        m.control(rfc6402.id_cmc_transactionId, univ.Integer(1 << 100))
        m.control(rfc6402.id_cmc_senderNonce, univ.OctetString(b"nonce of alice"))
        m.control(rfc6402.id_cmc_dataReturn, univ.OctetString(b"mine"))
        number = m.request(self.csr(self.alice))
        signed = m.sign(self.alice.key)
        answer = self.full(self.send(self.alice, signed), 200)
        self.assertEqual(list(answer.statuses()), [(SUCCESS, None, [number], None)])
        self.assertEqual(int(answer.value(rfc6402.id_cmc_transactionId, univ.Integer())), 1 << 100)
        self.assertEqual(bytes(answer.value(rfc6402.id_cmc_recipientNonce, univ.OctetString())), b"nonce of alice")
        self.assertEqual(bytes(answer.value(rfc6402.id_cmc_dataReturn, univ.OctetString())), b"mine")
        self.assertEqual(len(bytes(answer.value(rfc6402.id_cmc_senderNonce, univ.OctetString()))), 16)
        # once more: the same certificate; the same nonce in another message: none
        again = self.full(self.send(self.alice, signed), 200)
        self.assertEqual(sorted(again.certificates), sorted(answer.certificates))
        other = Message()
        other.control(rfc6402.id_cmc_senderNonce, univ.OctetString(b"nonce of alice"))
        other.request(self.csr(self.alice))
        other.number()
        self.failed(self.send(self.alice, other.sign(self.alice.key)), 409, BAD_REQUEST)

    def test_C18_metadata(self):
        fields = env.scratch / "fields.json"
        fields.write_text(json.dumps([{"name": "Room", "type": 2}]))
        env.admin("metadata", "set", fields)
        env.await_catalog()

        def send(text):
            m = Message()
            m.control(rfc6402.id_cmc_regInfo, univ.OctetString(text))
            m.request(self.csr(self.alice))
            return self.send(self.alice, m.sign(self.alice.key))
        self.assertEqual(send(b'{"room": 417}').status, 200)
        self.assertEqual(env.sql("select metadata->>'Room' from request order by id desc limit 1"), [["417"]])
        reply = send(b'{"Room": "in the cellar"}')
        self.failed(reply, reply.status, BAD_REQUEST, [2])
        self.assertIn(b"Room", base64.b64decode(reply.body))

    def test_C010_signer_has_its_usage_and_is_one(self):
        for _ in range(2):
            answer = self.full(self.send(self.alice, Message().sign(self.alice.key, self.enroll(self.alice))), 400)
        signers = [c for c in answer.certificates if b"CMC of" in c]
        self.assertEqual(len(signers), 1)
        text = run("openssl", "x509", "-inform", "DER", "-noout", "-text", stdin=signers[0]).stdout.decode()
        self.assertRegex(text, r"Extended Key Usage:\s+(CMC Certificate Authority|1\.3\.6\.1\.5\.5\.7\.3\.27)")
        self.assertEqual(env.count("select count(*) from cmc_signer"), 1)
        self.assertEqual(env.count("select count(*) from audit where event = 'cmc.signer-issued'"), 1)
        # one that is revoked signs no more
        serial = env.sql("select hex_upper(c.serial) from certificate c join cmc_signer s on s.cert = c.der")[0][0]
        env.admin("cert", "revoke", serial, "--reason", "superseded", "--yes")
        self.full(self.send(self.alice, Message().sign(self.alice.key, self.enroll(self.alice))), 400)
        self.assertEqual(env.count("select count(*) from cmc_signer"), 2)

    def test_C031_for_the_opposite_of_what_was_asked(self):
        m = Message()
        number = m.request(der.csr(self.alice.key, extensions=[
            der.extension("2.5.29.14", der.octets(KEY_ID)), der.extension("2.5.29.37", der.seq(der.oid("1.3.6.1.5.5.7.3.3")))]))
        self.failed(self.send(self.alice, m.sign(self.alice.key)), 403, UNSUPPORTED_EXT, [number])

    def test_C021_numbers_of_32_bits(self):
        m = Message()
        m.last = (1 << 32) - 2
        number = m.request(self.csr(self.alice, bad_signature=True))
        self.failed(self.send(self.alice, m.sign(self.alice.key)), 400, POP_FAILED, [number])

    def test_C031_time_of_the_signature(self):
        m = Message()
        m.request(self.csr(self.alice))
        late = m.sign(self.alice.key, before=["env"] + [f"{k}={v}" for k, v in other_clock("+2d").items()])
        self.failed(self.send(self.alice, late), 403, BAD_TIME, [0])

    def test_C035_indefinite_lengths(self):
        m = Message()
        m.request(self.csr(self.alice))
        signed = m.sign(self.alice.key, None, "-stream", "-indef")
        self.assertEqual(signed[1], 0x80)
        self.assertEqual(self.send(self.alice, signed).status, 200)

    def test_C005_encrypted(self):
        """For the certificate that any response brings, by openssl; alone, and with a signature around it."""
        leaf = self.enroll(self.alice)
        answer = self.full(self.send(self.alice, Message().sign(self.alice.key, leaf)), 400)
        recipient, signer = env.scratch / "recipient.pem", env.scratch / "signer.pem"
        recipient.write_text(client.to_pem(next(c for c in answer.certificates if b"CMC of" in c)))
        self.assertIn(b"Key Agreement", run("openssl", "x509", "-in", recipient, "-noout", "-text").stdout)
        plain, sealed = env.scratch / "plain.der", env.scratch / "sealed.der"

        def seal(*options):
            sealed.write_bytes(run("openssl", "cms", "-encrypt", "-binary", "-in", plain, "-recip", recipient, "-outform", "DER", *options).stdout)
            return sealed.read_bytes()
        m = Message()
        m.control(rfc6402.id_cmc_senderNonce, univ.OctetString(b"in an envelope"))
        number = m.request(self.csr(self.alice))
        plain.write_bytes(m.sign(self.alice.key, leaf))
        strong = ("-aes256", "-keyopt", "ecdh_kdf_md:sha256")
        answer = self.full(self.send(self.nobody, seal(*strong), where="open/"), 200)
        self.assertEqual(list(answer.statuses()), [(SUCCESS, None, [number], None)])
        signer.write_text(client.to_pem(leaf))
        around = run("openssl", "cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-econtent_type", "1.2.840.113549.1.7.3",
                     "-in", sealed, "-signer", signer, "-inkey", self.alice.key.path, "-outform", "DER").stdout
        again = self.full(self.send(self.nobody, around, where="open/"), 200)
        self.assertEqual(sorted(again.certificates), sorted(answer.certificates))
        self.assertEqual(self.send(self.nobody, seal("-stream", "-indef", *strong), where="open/").status, 200)
        # changed, for another, and by algorithms that are not taken
        broken = bytearray(seal(*strong))
        broken[-40] ^= 1
        self.failed(self.send(self.nobody, bytes(broken), where="open/"), 403, BAD_MESSAGE_CHECK, [0])
        self.failed(self.send(self.nobody, seal("-aes256"), where="open/"), 400, BAD_ALG, [0])  # the KDF of openssl is SHA-1
        recipient.write_text(client.to_pem(leaf))
        self.failed(self.send(self.nobody, seal(*strong), where="open/"), 403, BAD_MESSAGE_CHECK, [0])

    def test_C005_encrypted_answer(self):
        """Encrypted by openssl, and opened by it: with the key of the certificate that signed."""
        alice = Device(env, ALICE, key=der.Key(env.scratch, "rsa:2048"))
        leaf = self.enroll(alice)
        recipient, mine, plain = env.scratch / "recipient.pem", env.scratch / "mine.pem", env.scratch / "plain.der"
        answer = self.full(self.send(alice, Message().sign(alice.key, leaf)), 400)
        recipient.write_text(client.to_pem(next(c for c in answer.certificates if b"CMC of" in c)))
        mine.write_text(client.to_pem(leaf))
        m = Message()
        number = m.request(self.csr(alice))
        plain.write_bytes(m.sign(alice.key, leaf))
        sealed = run("openssl", "cms", "-encrypt", "-binary", "-in", plain, "-recip", recipient, "-outform", "DER", "-aes256",
                     "-keyopt", "ecdh_kdf_md:sha256").stdout
        reply = self.send(self.nobody, sealed, where="sealed/")
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, FULL), reply.body)
        raw = base64.b64decode(reply.body)
        self.assertNotIn(b"lice", raw)

        def statuses(raw):
            opened = run("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-recip", mine, "-inkey", alice.key.path, stdin=raw).stdout
            signed = der.seq(der.oid("1.2.840.113549.1.7.2"), der.context(0, opened))
            return list(Answer(SimpleNamespace(body=base64.b64encode(signed))).statuses())
        self.assertEqual(statuses(raw), [(SUCCESS, None, [number], None)])
        # by an RA that reads neither
        sent = Message()
        inside = sent.inside(sealed)
        batch = sent.batch(inside)
        answer = self.full(self.send(self.nobody, sent.sign(self.bob.key, self.ra()), where="sealed/"), 200)
        self.assertEqual(list(answer.statuses()), [(SUCCESS, None, [batch], None)])
        self.assertEqual(statuses(encode(answer.data["cmsSequence"][0]["contentInfo"])), [(SUCCESS, None, [number], None)])
        # what came in the clear is answered so
        self.assertEqual(self.send(self.nobody, plain.read_bytes(), where="sealed/").headers["content-type"], CERTS)

    def test_C035_two_signatures(self):
        leaf, other = self.enroll(self.alice), self.enroll(self.bob)
        also = env.scratch / "also.pem"

        def sign(device, cert):
            m = Message()
            m.request(self.csr(self.nobody))
            also.write_text(client.to_pem(cert))
            return m.sign(self.alice.key, leaf, "-signer", also, "-inkey", device.key.path)
        self.failed(self.send(self.nobody, sign(self.bob, other), where="open/"), 403, BAD_IDENTITY, [0])
        second = Device(env, ALICE)
        reply = self.send(self.nobody, sign(second, self.enroll(second)), where="open/")
        self.assertEqual(reply.status, 200)
        self.assertIsNone(replaced(env, certificates(reply)[0]))  # which of the two, is not said


class Transport(Case):
    def test_C001_what_is_taken(self):
        m = Message()
        m.request(self.csr(self.alice))
        signed = m.sign(self.alice.key)
        self.assertEqual(self.alice.client.request("PUT", "/.well-known/est/users/fullcmc", signed).status, 405)
        self.assertEqual(self.send(self.alice, signed, kind="application/pkcs10").status, 415)
        self.assertEqual(self.send(self.alice, signed, where="off/").status, 404)
        self.assertEqual(self.send(self.alice, signed, where="linked/").status, 404)
        self.assertEqual(self.alice.post("users/fullcmc", b"{", kind=TYPE).status, 400)
        self.failed(self.send(self.alice, b"no cms"), 400, BAD_REQUEST, [0])
        self.failed(self.send(self.alice, self.csr(self.alice)), 400, BAD_REQUEST, [0])
        self.assertEqual(self.send(self.alice, signed, where="", kind="Application/PKCS7-MIME").status, 200)

    def test_C002_status_and_body(self):
        m = Message()
        m.request(self.csr(self.alice))
        signed = bytearray(m.sign(self.alice.key))
        signed[-1] ^= 1
        self.failed(self.send(self.alice, bytes(signed)), 403, BAD_MESSAGE_CHECK, [0])
        self.assertEqual(self.send(self.nobody, bytes(signed)).status, 401)
        self.failed(self.send(self.nobody, m.sign(self.nobody.key), where="open/"), 403, BAD_MESSAGE_CHECK, [0])

    def test_C003_waits_for_an_officer(self):
        m = Message()
        m.control(rfc6402.id_cmc_senderNonce, univ.OctetString(b"waiting"))
        csr = der.csr(self.alice.key, subject=[("CN", "web.example.test")], extensions=[
            der.extension("2.5.29.14", der.octets(KEY_ID)), der.extension("subjectAltName", der.san(dns=["web.example.test"]))])
        m.request(csr)
        reply = self.send(self.alice, m.sign(self.alice.key), where="waiting/")
        self.assertEqual(reply.headers["retry-after"], "17")
        state, _, _, token = next(self.full(reply, 202).statuses())
        self.assertEqual(state, PENDING)
        leaf = self.enroll(self.alice)
        poll = Message()
        number = poll.control(rfc6402.id_cmc_queryPending, univ.OctetString(token))
        state, _, bodies, again = next(self.full(self.send(self.alice, poll.sign(self.alice.key, leaf), where="waiting/"), 202).statuses())
        self.assertEqual((state, bodies, again), (PENDING, [number], token))
        self.failed(self.send(self.bob, poll.sign(self.bob.key, self.enroll(self.bob)), where="waiting/"), 400, BAD_REQUEST, [number])
        # on a gateway that has begun anew
        env.gateway("halt")
        env.gateway("run")
        request = env.count("select max(id) from request where disposition = 9")
        env.admin("request", "approve", str(request))
        alice = Device(env, ALICE, key=self.alice.key)
        answer = self.full(self.send(alice, poll.sign(self.alice.key, leaf), where="waiting/"), 200)
        self.assertEqual(next(answer.statuses())[0], SUCCESS)
        server = next(c for c in answer.certificates if b"web.example.test" in c)
        # a certificate for servers is no log-in
        m = Message()
        m.request(self.csr(alice))
        self.failed(self.send(Device(env), m.sign(alice.key, server), where="open/"), 403, BAD_IDENTITY, [0])
        # and by GET, for whoever asked
        reply = alice.get("waiting/fullcmc", **alice.headers)
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, CERTS))
        self.assertIn(certificates(reply)[0], answer.certificates)
        self.assertEqual(Device(env, BOB).get("waiting/fullcmc", **Device(env, BOB).headers).status, 404)


class Identity(Case):
    def test_C034_renewed_by_its_certificate_alone(self):
        leaf = self.enroll(self.alice)
        new = Device(env)
        m = Message()
        m.request(der.csr(new.key))
        reply = self.send(self.nobody, m.sign(self.alice.key, leaf), where="open/")
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, CERTS), reply.body)
        self.assertEqual(env.sql("select requester from request order by id desc limit 1")[0][0].lower().split("\\")[-1], "alice")
        self.assertEqual(replaced(env, certificates(reply)[0]), leaf)
        self.assertIsNone(replaced(env, leaf))
        # not where the label wants the caller, not with another's call
        self.assertEqual(self.send(self.nobody, m.sign(self.alice.key, leaf)).status, 401)
        m.number()
        self.failed(self.send(self.bob, m.sign(self.alice.key, leaf)), 403, BAD_IDENTITY)
        # not at a label that it was not issued by
        m.number()
        self.failed(self.send(self.nobody, m.sign(self.alice.key, leaf), where="own/"), 403, BAD_IDENTITY, [0])
        # and not when it is revoked
        serial = run("openssl", "x509", "-inform", "DER", "-noout", "-serial", stdin=leaf).stdout.decode().strip().partition("=")[2]
        env.admin("cert", "revoke", serial, "--reason", "superseded", "--yes")
        self.failed(self.send(self.nobody, m.sign(self.alice.key, leaf), where="open/"), 403, BAD_IDENTITY)

    def test_C28_an_ra_sends_on(self):
        self.assertEqual(self.send(self.bob, self.own(self.bob), where="ras/").status, 200)
        ra = certificates(self.send(self.bob, self.own(self.bob), where="ras/"))[0]
        leaf, stranger = self.enroll(self.alice), Device(env)
        renewal = Message()
        renewal.request(der.csr(Device(env).key))
        m = Message()
        inside = [m.inside(renewal.sign(self.alice.key, leaf)), m.inside(self.own(stranger)), m.inside(self.own(stranger, changed=True))]
        number = m.batch(*inside)
        answer = self.full(self.send(self.nobody, m.sign(self.bob.key, ra), where="sent/"), 200)
        self.assertEqual(list(answer.statuses()), [(SUCCESS, None, [number], None)])
        order = [int(n) for n in answer.value(rfc6402.id_cmc_batchResponses, rfc6402.BodyPartList())]
        kinds = {int(c["bodyPartID"]): decode(c["contentInfo"]["content"], asn1Spec=rfc5652.SignedData())[0]["encapContentInfo"]["eContentType"]
                 for c in answer.data["cmsSequence"]}
        self.assertEqual([kinds[n] for n in order], [rfc5652.id_data, rfc5652.id_data, rfc6402.id_cct_PKIResponse])
        rows = env.sql("select requester from request order by id desc limit 2")
        self.assertEqual([r[0].lower().split("\\")[-1] for r in rows], ["bob", "alice"])
        follows = env.sql("select coalesce(encode(o.der, 'hex'), '') from request q left join certificate o on o.id = q.follows order by q.id desc limit 2")
        self.assertEqual([f[0] for f in follows], ["", leaf.hex()])
        self.assertTrue(any("by RA" in r[0] for r in env.sql("select detail from audit where detail is not null and actor not like 'job@%' order by id desc limit 5")))
        # not where the label has no RAs, and not by who is none
        self.failed(self.send(self.nobody, m.sign(self.bob.key, ra), where="open/"), 403, BAD_IDENTITY, [number])
        self.failed(self.send(self.nobody, m.sign(self.alice.key, leaf), where="sent/"), 403, BAD_IDENTITY, [number])

    def test_C8_C31_C32_an_ra_changes_what_it_sends_on(self):
        """The names of a device that has none, a usage, and a control that nobody knows; all structures are those of pyasn1-modules."""
        ra, stranger = self.ra(), Device(env)
        asked = Message()
        request = asked.request(self.csr(stranger))
        unknown = asked.control(univ.ObjectIdentifier("1.3.6.1.4.1.99999.1"), univ.Null(""))
        m = Message()
        inside = m.inside(asked.sign(stranger.key))
        m.batch(inside)
        san = rfc5280.Extension()
        san["extnID"], san["extnValue"] = rfc5280.id_ce_subjectAltName, der.san(dns=["p9.example.test"])

        def change(name, target):
            v = rfc6402.ModCertTemplate()
            v["pkiDataReference"].append(inside)
            v["certReferences"].append(target)
            v["certTemplate"]["subject"]["rdnSequence"] = decode(der.name([("CN", name)]), asn1Spec=rfc5280.RDNSequence())[0]
            return m.control(rfc6402.id_cmc_modCertTemplate, v)
        change("p9.example.test", request)
        v = rfc6402.AddExtensions()
        v["pkiDataReference"] = inside
        v["certReferences"].append(request)
        v["extensions"].append(san)
        m.control(rfc6402.id_cmc_addExtensions, v)
        v, reference, path = rfc6402.ControlsProcessed(), rfc6402.BodyPartReference(), rfc6402.BodyPartPath()
        path.extend((inside, unknown))
        reference["bodyPartPath"] = path
        v["bodyList"].append(reference)
        m.control(rfc6402.id_cmc_controlProcessed, v)
        answer = self.full(self.send(self.nobody, m.sign(self.bob.key, ra), where="named/"), 200)
        self.assertEqual([s[0] for s in answer.statuses()], [SUCCESS])
        made = decode(answer.data["cmsSequence"][0]["contentInfo"]["content"], asn1Spec=rfc5652.SignedData())[0]
        leaf = next(c for c in (encode(c["certificate"]) for c in made["certificates"]) if b"p9.example.test" in c)
        text = run("openssl", "x509", "-inform", "DER", "-noout", "-subject", "-ext", "subjectAltName", stdin=leaf).stdout.decode()
        self.assertIn("CN = p9.example.test", text)
        self.assertIn("DNS:p9.example.test", text)
        self.assertIn("changed by an RA", "".join(r[0] for r in env.sql("select detail from audit where detail is not null and actor not like 'job@%' order by id desc limit 3")))
        # of a request that is not there; and by who is no RA
        wrong = change("p9.example.test", request + 7)
        self.failed(self.send(self.nobody, m.sign(self.bob.key, ra), where="named/"), 400, BAD_REQUEST, [wrong])
        self.failed(self.send(self.nobody, m.sign(self.alice.key, self.enroll(self.alice)), where="named/"), 403, BAD_IDENTITY)

    def test_C11_an_ra_vouches_for_a_key(self):
        """A key that does not sign, in a request of the RA's own; no challenge comes back."""
        ra, key, host = self.ra(), der.Key(env.scratch, "rsa:2048"), "p10.example.test"
        template = der.seq(der.context(5, der.name([("CN", host)])), der.context(6, key.spki[4:]),
                           der.context(9, der.extension("subjectAltName", der.san(dns=[host]))))
        request = der.context(1, der.seq(der.integer(1), template), der.context(2, b"\x81\x01\x01"))

        def send(*ids):
            witness, other = rfc6402.LraPopWitness(), rfc6402.BodyPartPath()
            witness["pkiDataBodyid"] = 0
            witness["bodyIds"].extend(ids)
            other.append(1)
            controls = [encode(control(2, rfc6402.id_cmc_lraPOPWitness, witness)), encode(control(3, rfc6402.id_cmc_raIdentityWitness, other))]
            m = Message()
            m.data = univ.Any(der.seq(der.seq(*controls), der.seq(request), der.seq(), der.seq()))
            return self.send(self.nobody, m.sign(self.bob.key, ra), where="named/")
        self.failed(send(4), 400, BAD_REQUEST, [2])
        reply = send(1)
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, CERTS), reply.body)
        self.assertIn(host.encode(), certificates(reply)[0])
        detail = env.sql("select detail from audit where detail like '%possession%' order by id desc limit 1")[0][0]
        self.assertRegex(detail, "for another, by RA .*; an RA has seen possession of the key")

    def test_C28_two_layers(self):
        """An RA in front of another one; one that is none has nothing to send on, on whatever layer."""
        self.assertEqual(self.send(self.bob, self.own(self.bob), where="ras/").status, 200)
        ra = certificates(self.send(self.bob, self.own(self.bob), where="ras/"))[0]
        leaf = self.enroll(self.alice)

        def layers(inner, outer):
            """Who signs the message with the request of a stranger in it, and the one around that."""
            within, around = Message(), Message()
            within.batch(within.inside(self.own(Device(env))))
            number = around.batch(around.inside(within.sign(*inner)))
            answer = self.full(self.send(self.nobody, around.sign(*outer), where="sent/"), 200)
            self.assertEqual(list(answer.statuses()), [(SUCCESS, None, [number], None)])
            return Answer(SimpleNamespace(body=base64.b64encode(encode(answer.data["cmsSequence"][0]["contentInfo"]))))
        by_ra, by_alice = (self.bob.key, ra), (self.alice.key, leaf)
        issued = "select count(*) from certificate"
        before = env.count(issued)
        inner = layers(by_ra, by_ra)
        self.assertEqual([s[0] for s in inner.statuses()], [SUCCESS])
        self.assertEqual(env.count(issued), before + 1)
        inner = layers(by_alice, by_ra)
        self.assertEqual([s[1] for s in inner.statuses()], [BAD_IDENTITY])
        self.assertEqual(env.count(issued), before + 1)

    def test_C031_a_row_given_to_another_past_the_gateway(self):
        leaf = self.enroll(self.bob)
        serial = run("openssl", "x509", "-inform", "DER", "-noout", "-serial", stdin=leaf).stdout.decode().strip().partition("=")[2]
        dn = env.sql("select requester_dn from request where requester ilike '%alice'")
        if not dn:
            self.enroll(self.alice)
            dn = env.sql("select requester_dn from request where requester ilike '%alice'")
        for entry in ("requester_id", "''"):
            with self.subTest(entry):
                env.without_triggers(
                    f"update certificate set requester = 'alice' where hex_upper(serial) = '{serial}';"
                    f"update request set requester = 'alice', requester_dn = '{dn[0][0]}', requester_id = {entry} "
                    f"where id = (select request_id from certificate where hex_upper(serial) = '{serial}');")
                m = Message()
                m.request(self.csr(self.nobody))
                self.failed(self.send(self.nobody, m.sign(self.bob.key, leaf), where="open/"), 403, BAD_IDENTITY, [0])

    def test_C031_a_device_that_calls_and_signs_by_one_certificate(self):
        """Of an EST user: the call is of a device that is known by its key, the message of whoever asked for the certificate."""
        env.admin("est", "label", "add", "certs", "--template", "Device", "--auth", "cert", "--ca", "issuing", "--cmc", "caller",
                  "--certificates-of", "devices", "--renewal-days", "365")
        env.admin("est", "user", "add", "printer-2", "--password-file", "-", stdin=b"a-long-password\n")
        env.await_catalog()

        def csr(device):
            return der.csr(device.key, subject=[("CN", "printer.example.test")], extensions=[
                der.extension("2.5.29.14", der.octets(KEY_ID)), der.extension("subjectAltName", der.san(dns=["printer.example.test"]))])

        def first():
            device = Device(env, ("printer-2", "a-long-password"))
            leaf = certificates(device.post("devices/simpleenroll", base64.b64encode(csr(device))))[0]
            return Device(env, chain=[leaf], key=device.key), leaf
        (one, leaf), (other, others) = first(), first()
        m = Message()
        m.request(csr(one))
        self.failed(self.send(one, m.sign(other.key, others), where="certs/"), 403, BAD_IDENTITY, [0])
        reply = self.send(one, m.sign(one.key, leaf), where="certs/")
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, CERTS), reply.body)
        env.admin("est", "user", "remove", "printer-2")
        env.await_catalog()
        m.number()
        self.failed(self.send(self.nobody, m.sign(one.key, leaf), where="open/"), 403, BAD_IDENTITY, [0])

    def test_C034_C36_names_are_kept_unless_their_change_is_asked_for(self):
        env.admin("est", "label", "add", "renewal", "--template", "Device", "--auth", "http", "--ca", "issuing", "--cmc", "message", "--renewal-days", "365",
                  "--certificates-of", "devices")
        env.admin("est", "user", "add", "printer-3", "--password-file", "-", stdin=b"a-long-password\n")
        env.await_catalog()
        device = Device(env, ("printer-3", "a-long-password"))

        def csr(host, *attributes):
            san = der.attribute("extensionRequest", der.seq(der.extension("subjectAltName", der.san(dns=[host]))))
            return der.csr(device.key, subject=[("CN", host)], attributes=sorted([san, *attributes]))  # as pyasn1 sorts them
        leaf = certificates(device.post("devices/simpleenroll", base64.b64encode(csr("p3.example.test"))))[0]

        def renew(host, change=None):
            m = Message()
            m.request(csr(host, *([der.attribute("1.3.6.1.5.5.7.7.36", change)] if change else [])))
            return self.send(self.nobody, m.sign(device.key, leaf), where="renewal/")
        self.assertIn(b"p3.example.test", certificates(renew("p3.example.test"))[0])
        self.failed(renew("p4.example.test"), 403, BAD_IDENTITY, [1])
        change = der.seq(der.name([("CN", "p4.example.test")]), der.san(dns=["p4.example.test"]))
        self.failed(renew("p4.example.test", change), 403, BAD_IDENTITY, [1])
        changed = certificates(renew("p3.example.test", change))[0]
        self.assertIn(b"p4.example.test", changed)
        self.assertNotIn(b"p3.example.test", changed)
        self.assertEqual(replaced(env, changed), leaf)
        # past the rules of the template it does not go either
        self.failed(renew("p3.example.test", der.seq(der.name([("CN", "p4.example.test")]), der.san(email=["root@example.test"]))), 403, BAD_REQUEST, [1])
        env.admin("est", "user", "remove", "printer-3")

    def test_C031_own_key_proves_nothing(self):
        m = Message()
        m.request(self.csr(self.nobody))
        self.failed(self.send(self.nobody, m.sign(self.nobody.key), where="open/"), 403, BAD_IDENTITY)

    def test_C2_C036_shared_secret(self):
        secret = env.admin("cmc", "secret", "add", "alice@device", "--for", "alice", "--json")["secret"]
        m = Message()
        m.request(self.csr(self.nobody))
        m.prove("alice@device", secret)
        reply = self.send(self.nobody, m.sign(self.nobody.key), where="open/")
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, CERTS), reply.body)
        self.assertEqual(env.sql("select requester from request order by id desc limit 1")[0][0].lower().split("\\")[-1], "alice")
        wrong = Message()
        wrong.request(self.csr(self.nobody))
        number = wrong.prove("alice@device", secret + "x")
        self.failed(self.send(self.nobody, wrong.sign(self.nobody.key), where="open/"), 403, BAD_IDENTITY, [number])
        self.assertEqual([s["name"] for s in env.admin("cmc", "secret", "list", "--json")], ["alice@device"])
        env.admin("cmc", "secret", "remove", "alice@device")
        m.number()
        self.failed(self.send(self.nobody, m.sign(self.nobody.key), where="open/"), 403, BAD_IDENTITY)
        self.assertNotIn(secret, json.dumps(env.sql("select audit::text from audit")))

    def test_C3_first_version(self):
        """SHA-1 where the label says so, and nowhere else."""
        secret = env.admin("cmc", "secret", "add", "old one", "--for", "alice", "--json")["secret"]
        m = Message()
        m.request(self.csr(self.nobody))
        key = hashlib.sha1(secret.encode()).digest()
        m.control(rfc6402.id_cmc_identification, char.UTF8String("old one"))
        m.control(rfc6402.id_cmc_identityProof, univ.OctetString(hmac.new(key, encode(m.data["reqSequence"]), "sha1").digest()))
        m.control(rfc6402.id_cmc_dataReturn, univ.OctetString(b"x"))
        signed = m.sign(self.nobody.key)
        self.failed(self.send(self.nobody, signed, where="open/"), 400, BAD_REQUEST, [3])
        answer = self.full(self.send(self.nobody, signed, where="old/"), 200)
        status = decode(answer.controls[rfc6402.id_cmc_statusInfo][0], asn1Spec=rfc6402.CMCStatusInfo())[0]
        self.assertEqual((int(status["cMCStatus"]), [int(b) for b in status["bodyList"]]), (SUCCESS, [1]))
        self.assertEqual(next(answer.statuses())[:3], (SUCCESS, None, [1]))
        self.assertEqual(env.sql("select requester from request order by id desc limit 1")[0][0].lower().split("\\")[-1], "alice")
        env.admin("cmc", "secret", "remove", "old one")

    def test_C2_good_once(self):
        secret = env.admin("cmc", "secret", "add", "once", "--for", "alice", "--one-time", "--label", "open", "--json")["secret"]
        m = Message()
        m.request(self.csr(self.nobody))
        m.prove("once", secret)
        signed = m.sign(self.nobody.key)
        self.failed(self.send(self.bob, signed, where="users/"), 403, BAD_IDENTITY)
        first = self.send(self.nobody, signed, where="open/")
        self.assertEqual(first.status, 200)
        self.assertEqual(certificates(self.send(self.nobody, signed, where="open/")), certificates(first))
        other = Message()
        other.request(self.csr(self.nobody))
        other.control(rfc6402.id_cmc_senderNonce, univ.OctetString(b"2"))
        other.prove("once", secret)
        self.failed(self.send(self.nobody, other.sign(self.nobody.key), where="open/"), 403, BAD_IDENTITY)
        env.admin("cmc", "secret", "remove", "once")
        # once is one certificate: also of one message
        secret = env.admin("cmc", "secret", "add", "once", "--for", "alice", "--one-time", "--json")["secret"]
        two = Message()
        two.request(self.csr(self.nobody))
        two.request(self.csr(self.nobody))
        two.prove("once", secret)
        self.failed(self.send(self.nobody, two.sign(self.nobody.key), where="open/"), 400, BAD_REQUEST, [0])
        self.assertEqual(env.count("select count(*) from cmc_secret_use"), 0)
        env.admin("cmc", "secret", "remove", "once")

    def test_one_time_password_of_an_est_user(self):
        """It is for one request, and only simpleenroll counts those."""
        env.admin("est", "user", "add", "printer-1", "--one-time", "--password-file", "-", stdin=b"a-long-password\n")
        env.await_catalog()
        for _ in range(2):
            printer = Device(env, ("printer-1", "a-long-password"))
            m = Message()
            m.request(der.csr(printer.key, subject=[("CN", "printer.example.test")], extensions=[
                der.extension("2.5.29.14", der.octets(KEY_ID)), der.extension("subjectAltName", der.san(dns=["printer.example.test"]))]))
            reply = self.send(printer, m.sign(printer.key), where="devices/")
            self.assertEqual((reply.status, reply.headers["content-type"]), (403, "text/plain; charset=utf-8"))
        env.admin("est", "user", "remove", "printer-1")


class Guessing(Case):
    def test_C2_guesses_are_slowed_down(self):
        conf = env.dir / "state" / "gatehouse.conf"
        was = conf.read_text()
        env.admin("cmc", "secret", "add", "guessed", "--for", "alice")
        conf.write_text(was.replace("failures = 10000", "failures = 1"))
        env.gateway("halt")
        env.gateway("run")
        try:
            seen = []
            while 429 not in seen and len(seen) < 40:
                m = Message()
                m.request(self.csr(self.nobody))
                m.prove("guessed", f"secret {len(seen)}")
                seen.append(self.send(self.nobody, m.sign(self.nobody.key), where="open/").status)
            self.assertEqual(seen[0], 403)
            self.assertEqual(seen[-1], 429)
        finally:
            conf.write_text(was)
            env.gateway("halt")
            env.gateway("run")
            env.admin("cmc", "secret", "remove", "guessed")


class Acts(Case):
    def certificate(self, leaf):
        return decode(leaf, asn1Spec=rfc5280.Certificate())[0]["tbsCertificate"]

    def test_C15_C16_C17_get_and_revoke(self):
        env.admin("crl", "issue")
        leaf = self.enroll(self.alice)
        tbs = self.certificate(leaf)
        revoke = Message()
        v = rfc6402.RevokeRequest()
        v["issuerName"], v["serialNumber"], v["reason"] = tbs["issuer"], tbs["serialNumber"], "superseded"
        v["comment"] = "by CMC"
        number = revoke.control(rfc6402.id_cmc_revokeRequest, v)
        crl = rfc6402.GetCRL()
        crl["issuerName"] = tbs["issuer"]
        revoke.control(rfc6402.id_cmc_getCRL, crl)
        self.failed(self.send(self.bob, revoke.sign(self.bob.key, self.enroll(self.bob))), 200, BAD_IDENTITY, [number])
        answer = self.full(self.send(self.alice, revoke.sign(self.alice.key, leaf)), 200)
        self.assertEqual([s[0] for s in answer.statuses()], [SUCCESS])
        self.assertEqual(env.sql("select reason, comment from revocation order by changed_at desc limit 1"), [["4", "by CMC"]])
        self.failed(self.send(self.alice, revoke.sign(self.alice.key, leaf)), 403, BAD_IDENTITY, [0])

    def unconfirmed(self):
        """The certificate, and the message that asked for it."""
        m = Message()
        m.request(self.csr(self.alice))
        m = m.sign(self.alice.key)
        answer = self.full(self.send(self.alice, m, where="confirmed/"), 200)
        self.assertEqual([s[0] for s in answer.statuses()], [CONFIRM_REQUIRED])
        leaf = bytes.fromhex(env.sql("select encode(der, 'hex') from certificate where template = 'User' order by id desc limit 1")[0][0])
        self.assertIn(leaf, answer.certificates)
        return leaf, m

    def confirm(self, leaf, device, cert, other_serial=None):
        return self.send(device, confirmation(leaf, other_serial).sign(device.key, cert))

    def test_C24_confirmed_or_revoked(self):
        count = "select count(*) from audit where event = 'cert.confirmed'"
        leaf, asked = self.unconfirmed()
        before = env.count(count)
        self.failed(self.confirm(leaf, self.bob, self.enroll(self.bob)), 403, BAD_IDENTITY, [1])
        self.failed(self.confirm(leaf, self.alice, leaf, other_serial=4711), 404, BAD_CERT_ID, [1])
        for _ in "once", "and once more":
            self.assertEqual([s[0] for s in self.full(self.confirm(leaf, self.alice, leaf), 200).statuses()], [SUCCESS])
        self.assertEqual(env.count(count), before + 1)
        # the recorded answer demands nothing any more
        reply = self.send(self.alice, asked, where="confirmed/")
        self.assertEqual((reply.status, reply.headers["content-type"], certificates(reply)[0]), (200, CERTS, leaf))
        late, _ = self.unconfirmed()
        waits, _ = self.unconfirmed()
        env.sql("update certificate set confirm_by = now() - interval '1 second' where sha256 = decode('%s', 'hex')" % hashlib.sha256(late).hexdigest())
        self.failed(self.confirm(late, self.alice, leaf), 409, BAD_REQUEST, [1])
        env.admin("job", "run", "confirmations")
        state = "select c.status, r.reason, r.comment from certificate c left join revocation r on r.certificate_id = c.id where c.sha256 = decode('%s', 'hex')"
        self.assertEqual(env.sql(state % hashlib.sha256(late).hexdigest()), [["21", "5", "its client did not confirm it in time"]])
        for c in leaf, waits:
            self.assertEqual(env.sql(state % hashlib.sha256(c).hexdigest())[0][0], "20")
        self.failed(self.confirm(late, self.alice, leaf), 409, BAD_REQUEST, [1])

    def test_C24_C28_in_the_batch_of_an_ra(self):
        """The RA brings what the client signed; it confirms nothing itself, and nobody does for another."""
        ra, by = self.ra(), "sent/"
        first, other = self.unconfirmed()[0], self.unconfirmed()[0]
        confirmed = "select encode(c.sha256, 'hex') from certificate c where confirm_by is null and sha256 in (decode('%s', 'hex'), decode('%s', 'hex'))" % tuple(
            hashlib.sha256(c).hexdigest() for c in (first, other))
        self.failed(self.send(self.nobody, confirmation(first).sign(self.bob.key, ra), where=by), 403, BAD_IDENTITY, [1])
        m = Message()
        inside = [m.inside(confirmation(other).sign(self.bob.key, ra)), m.inside(confirmation(first).sign(self.alice.key, first))]
        number = m.batch(*inside)
        for _ in "once", "and once more":
            answer = self.full(self.send(self.nobody, m.sign(self.bob.key, ra), where=by), 200)
            self.assertEqual(list(answer.statuses()), [(SUCCESS, None, [number], None)])
            parts = {int(c["bodyPartID"]): Answer(SimpleNamespace(body=base64.b64encode(encode(c["contentInfo"])))) for c in answer.data["cmsSequence"]}
            order = [int(n) for n in answer.value(rfc6402.id_cmc_batchResponses, rfc6402.BodyPartList())]
            self.assertEqual([next(parts[n].statuses())[:2] for n in order], [(FAILED, BAD_IDENTITY), (SUCCESS, None)])
            self.assertEqual(env.sql(confirmed), [[hashlib.sha256(first).hexdigest()]])

    def test_C24_after_the_database_was_restored(self):
        """Nobody knows what was confirmed after the backup: nothing is revoked for want of it."""
        over, waits = self.unconfirmed()[0], self.unconfirmed()[0]
        env.sql("update certificate set confirm_by = now() - interval '1 second' where sha256 = decode('%s', 'hex')" % hashlib.sha256(over).hexdigest())
        env.admin("db", "restored", "--yes", "--json", "--margin", "1")
        self.assertEqual(env.count("select count(*) from certificate where confirm_by is not null"), 0)
        env.admin("job", "run", "confirmations")
        for leaf in over, waits:
            self.assertEqual(env.sql("select status, version from certificate where sha256 = decode('%s', 'hex')" % hashlib.sha256(leaf).hexdigest()), [["20", "1"]])
            self.assertEqual([s[0] for s in self.full(self.confirm(leaf, self.alice, leaf), 200).statuses()], [SUCCESS])

    def test_C24_after_an_officer(self):
        env.admin("est", "label", "add", "later", "--template", "Waiting", "--auth", "http", "--ca", "issuing", "--cmc-confirm", "yes",
                  "--certificates-of", "users")
        m = Message()
        m.request(der.csr(self.alice.key, subject=[("CN", "later.example.test")], extensions=[
            der.extension("2.5.29.14", der.octets(KEY_ID)), der.extension("subjectAltName", der.san(dns=["later.example.test"]))]))
        token = next(self.full(self.send(self.alice, m.sign(self.alice.key), where="later/"), 202).statuses())[3]
        env.admin("request", "approve", str(env.count("select max(id) from request where disposition = 9")))
        poll, leaf = Message(), self.enroll(self.alice)
        poll.control(rfc6402.id_cmc_queryPending, univ.OctetString(token))
        poll = poll.sign(self.alice.key, leaf)
        answer = self.full(self.send(self.alice, poll, where="later/"), 200)
        self.assertEqual([s[0] for s in answer.statuses()], [CONFIRM_REQUIRED])
        made = next(c for c in answer.certificates if b"later.example.test" in c)
        self.full(self.confirm(made, self.alice, leaf), 200)
        self.assertEqual(next(self.full(self.send(self.alice, poll, where="later/"), 200).statuses())[0], SUCCESS)


class OurClient(Case):
    """gatehouse est cmc."""

    def setUp(self):
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(dir=env.scratch))
        self.password = self.file("password", ALICE[1])
        self.as_alice = ("--user", ALICE[0], "--password-file", self.password)

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text + "\n")
        return path

    def cmc(self, action, *args, status=0, label="open", form=("--json",)):
        server = () if action == "show" else ("--url", env.var["GATEHOUSE_URL"], "--cacert", env.var["GATEHOUSE_CAFILE"], "--label", label)
        done = run(TOP / os.environ.get("BUILD", "build") / "gatehouse", "est", "cmc", action, *args, *server, *form, check=False,
                   env={"no_proxy": "*"})
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        return json.loads(done.stdout) if form else done.stdout.decode()

    def key(self):
        return der.Key(self.folder, "ec:P-256").path

    def is_for(self, cert, key):
        self.assertEqual(der.openssl("x509", "-in", str(cert), "-pubkey", "-noout"), der.openssl("pkey", "-in", str(key), "-pubout"))

    def test_C2_C17_C034_a_life_by_shared_secret(self):
        secret = self.file("secret", env.admin("cmc", "secret", "add", "gw-3", "--for", "alice", "--json")["secret"])
        by_secret, key, new = ("--identity", "gw-3", "--secret-file", secret), self.key(), self.key()
        first, second, message = (self.folder / n for n in ("first.pem", "second.pem", "message"))
        said = self.cmc("enroll", "--request-key", key, "--subject", "CN=gw-3", *by_secret, "--out", first, "--message", message)
        self.assertEqual((said["response"], said["signed"], [s["status"] for s in said["statuses"]]), ("full", True, ["success"]))
        self.is_for(first, key)
        # what was sent gets its answer again, as a message of any program
        answer = self.folder / "answer"
        again = self.cmc("send", "--in", message, "--out", answer)
        self.assertEqual(again["certificates"], said["certificates"])
        self.assertEqual(self.cmc("show", "--in", answer), again)
        self.cmc("renew", "--signer", first, "--signer-key", key, "--request-key", new, "--out", second)
        self.is_for(second, new)
        wrong = self.file("wrong", "another secret of the test")
        said = self.cmc("revoke", "--certificate", second, "--identity", "gw-3", "--secret-file", wrong, status=1)
        self.assertEqual([(s["status"], s["failure"]) for s in said["statuses"]], [("failed", "badIdentity")])
        text = self.cmc("revoke", "--certificate", second, "--identity", "gw-3", "--secret-file", wrong, status=1, form=())
        self.assertIn("failed, badIdentity: it is not proven who asks, or he may not. ", text)
        self.cmc("revoke", "--certificate", second, *by_secret, "--reason", "superseded", "--comment", "by our client")
        self.assertEqual(env.sql("select reason, comment from revocation order by changed_at desc limit 1"), [["4", "by our client"]])
        # signed by the one that is to be revoked
        self.cmc("revoke", "--certificate", first, "--signer", first, "--signer-key", key, "--reason", "keyCompromise")
        self.assertEqual(env.sql("select reason from revocation order by changed_at desc limit 1"), [["1"]])
        env.admin("cmc", "secret", "remove", "gw-3")

    def test_C003_C24_pending_and_confirmed(self):
        key, mine, cert, got = self.key(), self.key(), self.folder / "mine.pem", self.folder / "got.pem"
        self.cmc("enroll", "--request-key", mine, "--subject", "CN=alice", *self.as_alice, "--out", cert, label="users")
        said = self.cmc("enroll", "--request-key", key, "--subject", "CN=cmc.example.test", "--san", "dns:cmc.example.test", *self.as_alice,
                        label="waiting", status=3)
        token, = [s["token"] for s in said["statuses"] if s["status"] == "pending"]
        asks = ("--token", token, "--signer", cert, "--signer-key", mine, *self.as_alice)
        self.assertEqual(self.cmc("poll", *asks, label="waiting", status=3)["statuses"][0]["token"], token)
        env.admin("request", "approve", env.count("select max(id) from request where disposition = 9"))
        self.cmc("poll", *asks, "--request-key", key, "--out", got, label="waiting")
        self.is_for(got, key)
        said = self.cmc("enroll", "--request-key", mine, "--subject", "CN=alice", *self.as_alice, "--out", cert, "--force", label="confirmed")
        self.assertEqual(said["statuses"][0]["status"], "confirmRequired")
        said = self.cmc("confirm", "--certificate", cert, "--signer", cert, "--signer-key", mine, *self.as_alice, label="users")
        self.assertEqual(said["statuses"][0]["status"], "success")

    def test_what_is_missing(self):
        for action, args in (("enroll", ()), ("enroll", ("--csr", "x")), ("renew", ()), ("poll", ("--signer", "x")), ("poll", ("--token", "00")),
                             ("revoke", ("--certificate", "x")), ("confirm", ("--signer", "x")), ("send", ()), ("show", ()), ("ask", ()),
                             ("revoke", ("--certificate", "x", "--signer", "x", "--identity", "x"))):
            self.cmc(action, *args, status=2, form=())


class BouncyCastle(Case):
    """org.bouncycastle.asn1.cmc and its CMS as client."""

    def java(self, *args):
        jars = ":".join(f"/usr/share/java/{name}.jar" for name in ("bcprov", "bcpkix", "bcutil"))
        return run("java", "-cp", jars, Path(__file__).resolve().parent / "Cmc.java", *args).stdout.decode()

    def read(self, reply):
        path = env.scratch / "answer.der"
        path.write_bytes(base64.b64decode(reply.body))
        return self.java("read", path).splitlines()

    def test_C011_C023_crmf_and_responses(self):
        made = env.scratch / "made.der"
        self.java("make", self.alice.key.path, KEY_ID.hex(), made)
        message = made.read_bytes()
        self.assertEqual(message[1], 0x80)
        reply = self.send(self.alice, message)
        self.assertEqual(reply.status, 200, reply.body)
        lines = self.read(reply)
        self.assertEqual(lines[0], "signature true")
        self.assertTrue(lines[1].startswith("status 0 of "), lines)
        self.assertIn("1.3.6.1.5.5.7.7.5 4711", lines)
        lines = self.read(self.send(self.alice, b"no cms"))
        self.assertEqual([lines[0], lines[1][:12], lines[1][-6:]], ["signature true", "status 2 of ", "info 2"])

    def test_C9_C10_a_key_that_does_not_sign(self):
        """Bouncy Castle answers the challenge; whose it is says a certificate of ours."""
        leaf, key = self.enroll(self.alice), der.Key(env.scratch, "rsa:2048")
        spki = key.spki[4:]  # without tag and length
        template = der.seq(der.context(5, der.name([("CN", "for encryption")])), der.context(6, spki),
                           der.context(9, der.extension("2.5.29.14", der.octets(b"of the key"))))
        request = der.context(1, der.seq(der.integer(1), template), der.context(2, b"\x81\x01\x01"))

        def send(request, *controls):
            m = Message()
            m.data = univ.Any(der.seq(der.seq(*controls), der.seq(request), der.seq(), der.seq()))
            return self.send(self.nobody, m.sign(self.alice.key, leaf), where="open/")
        reply = send(request)
        self.failed(reply, 400, POP_REQUIRED, [1])
        vouched = der.seq(der.integer(3), der.oid("1.3.6.1.5.5.7.7.11"), der.set_(der.seq(der.integer(0), der.seq(der.integer(1)))))
        self.failed(send(request, vouched), 403, POP_FAILED, [3])
        path = env.scratch / "challenge.der"
        path.write_bytes(base64.b64decode(reply.body))
        given, answer = (bytes.fromhex(line) for line in self.java("pop", key.path, path).split())
        self.assertEqual(given, request)

        def control(value):
            return der.seq(der.integer(2), der.oid("1.3.6.1.5.5.7.7.10"), der.set_(value))
        self.failed(send(given, control(answer[:-1] + bytes([answer[-1] ^ 1]))), 400, POP_FAILED, [1])
        reply = send(given, control(answer))
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, CERTS), reply.body)
        cert = env.scratch / "for-encryption.der"
        cert.write_bytes(certificates(reply)[0])
        self.assertEqual(run("openssl", "x509", "-inform", "DER", "-in", cert, "-noout", "-pubkey").stdout, run("openssl", "pkey", "-in", key.path, "-pubout").stdout)


class Jss(Case):
    """org.mozilla.jss.pkix.cmc, the codec of Dogtag: its PKIData is served, and it reads what comes back."""

    def java(self, *args):
        jars = ":".join(f"/usr/share/java/{name}.jar" for name in ("jss", "slf4j-api", "slf4j-nop", "commons-lang3"))
        return run("java", "-cp", jars, Path(__file__).resolve().parent / "Jss.java", *args).stdout.decode()

    def made(self, *args):
        self.java(*args, env.scratch / "jss.der")
        m = Message()
        m.raw = (env.scratch / "jss.der").read_bytes()
        return m

    def test_C011_C2_C17_secret_statuses_and_revocation(self):
        secret = env.admin("cmc", "secret", "add", "of JSS", "--for", "alice", "--json")["secret"]
        csr, cert, seen = env.scratch / "jss.csr", env.scratch / "jss.cert", []

        def send(message, **more):
            reply = self.send(self.nobody, message, **more)
            self.assertEqual(reply.headers["content-type"], FULL, reply.body)
            seen.append(env.scratch / f"jss-{len(seen)}.der")
            seen[-1].write_bytes(base64.b64decode(reply.body))
            return reply

        csr.write_bytes(self.csr(self.nobody))
        signed = self.made("make", csr, "of JSS", secret).sign(self.nobody.key)
        answer = self.full(send(signed, where="open/"), 200)
        self.assertEqual(bytes(answer.value(rfc6402.id_cmc_dataReturn, univ.OctetString())), b"of JSS")
        leaf = next(c for c in answer.certificates if b"CMC of" not in c and b"lice" in c)
        # nobody signs it: the passphrase proves whose it is (RFC 5272, 6.11)
        cert.write_bytes(leaf)
        revoke = self.made("revoke", cert, "of JSS", secret).raw
        unsigned = der.seq(der.oid("1.2.840.113549.1.7.2"), der.context(0, der.seq(
            der.integer(3), der.set_(), der.seq(der.oid(str(rfc6402.id_cct_PKIData)), der.context(0, der.octets(revoke))), der.set_())))
        self.full(send(unsigned, where="open/"), 200)
        self.assertEqual(env.sql("select reason, comment from revocation order by changed_at desc limit 1"), [["4", "by JSS"]])
        env.admin("cmc", "secret", "remove", "of JSS")
        self.failed(send(signed, where="old/"), 403, BAD_IDENTITY)
        lines = self.java("read", *seen).splitlines()
        heads = [line for line in lines if line.startswith("type ")]
        self.assertEqual(len(heads), 3)
        for head in heads:
            self.assertRegex(head, r"^type \{1 3 6 1 5 5 7 12 3\} signers 1 certificates [1-4] same true$")
        self.assertEqual([line for line in lines if "status" in line or "transaction" in line],
                         ["status 0 of 1", "transaction 4712", "status 0 of 1", "status 2 of 1 fail 7", "first status 2 of 1 fail 7", "transaction 4712"])


class Nodes(Case):
    """Two nodes on one database: what one promises, the other keeps."""

    @classmethod
    def setUpClass(cls):
        cls.there_url = env.second_node()["GATEHOUSE_URL"]

    def there(self, who=None, key=None):
        return Device(env, who, key=key, url=self.there_url)

    def message(self, number, *controls):
        """With a request, and another than that of any other number."""
        m = Message()
        m.last = 100 * number
        for oid, value in controls:
            m.control(oid, value)
        m.request(self.csr(self.nobody))
        return m

    def test_C003_pending_is_asked_for_at_the_other(self):
        csr = der.csr(self.alice.key, subject=[("CN", "two.example.test")], extensions=[
            der.extension("2.5.29.14", der.octets(KEY_ID)), der.extension("subjectAltName", der.san(dns=["two.example.test"]))])
        m = Message()
        m.control(rfc6402.id_cmc_transactionId, univ.Integer(2 ** 70))
        m.request(csr)
        there = self.there(ALICE, self.alice.key)
        leaf = self.enroll(there)
        answer = self.full(self.send(self.alice, m.sign(self.alice.key), where="waiting/"), 202)
        token = next(answer.statuses())[3]
        request = env.count("select max(id) from request where disposition = 9")
        # the same message there is the same request
        again = self.full(self.send(there, m.sign(self.alice.key), where="waiting/"), 202)
        self.assertEqual((next(again.statuses())[3], env.count("select max(id) from request where disposition = 9")), (token, request))
        self.assertEqual(int(again.value(rfc6402.id_cmc_transactionId, univ.Integer())), 2 ** 70)
        poll = Message()
        poll.control(rfc6402.id_cmc_queryPending, univ.OctetString(token))
        poll.control(rfc6402.id_cmc_transactionId, univ.Integer(2 ** 70))
        asked = poll.sign(self.alice.key, leaf)
        self.assertEqual(next(self.full(self.send(there, asked, where="waiting/"), 202).statuses())[0], PENDING)
        env.admin("request", "approve", str(request))
        made = [self.full(self.send(device, asked, where="waiting/"), 200) for device in (there, self.alice)]
        one, other = ([c for c in a.certificates if b"two.example.test" in c] for a in made)
        self.assertEqual((len(one), one), (1, other))
        self.assertEqual(int(made[0].value(rfc6402.id_cmc_transactionId, univ.Integer())), 2 ** 70)

    def test_C24_confirmed_at_both(self):
        """Eight times at the same moment, while the job runs: one confirmation. Behind the time, at none."""
        def unconfirmed():
            m = Message()
            m.request(self.csr(self.alice))
            answer = self.full(self.send(self.alice, m.sign(self.alice.key), where="confirmed/"), 200)
            self.assertEqual(next(answer.statuses())[0], CONFIRM_REQUIRED)
            (leaf,) = [c for c in answer.certificates if self.alice.key.spki in c]
            return leaf, confirmation(leaf).sign(self.alice.key, leaf)

        def state(leaf):
            return env.sql("select status, version, confirm_by is null from certificate where sha256 = decode('%s', 'hex')" % hashlib.sha256(leaf).hexdigest())
        count = "select count(*) from audit where event = 'cert.confirmed'"
        (leaf, asked), before = unconfirmed(), env.count(count)
        with ThreadPoolExecutor(9) as pool:
            job = pool.submit(env.admin, "job", "run", "confirmations")
            replies = list(pool.map(lambda n: self.send(self.there(ALICE) if n % 2 else Device(env, ALICE), asked), range(8)))
            job.result()
        self.assertEqual([next(self.full(r, 200).statuses())[0] for r in replies], 8 * [SUCCESS])
        self.assertEqual((state(leaf), env.count(count)), ([["20", "2", "t"]], before + 1))
        leaf, asked = unconfirmed()
        env.sql("update certificate set confirm_by = now() where sha256 = decode('%s', 'hex')" % hashlib.sha256(leaf).hexdigest())
        with ThreadPoolExecutor(5) as pool:
            job = pool.submit(env.admin, "job", "run", "confirmations")
            replies = list(pool.map(lambda n: self.send(self.there(ALICE) if n % 2 else Device(env, ALICE), asked), range(4)))
            job.result()
        for reply in replies:  # too late, or revoked meanwhile: it signs nothing any more
            self.assertEqual(next(self.full(reply, reply.status).statuses())[0], FAILED)
            self.assertIn(reply.status, (403, 409))
        self.assertEqual((state(leaf)[0][0], env.count(count)), ("21", before + 1))

    def test_C020_nonce_is_remembered_at_the_other(self):
        nonce = (rfc6402.id_cmc_senderNonce, univ.OctetString(b"of two nodes"))
        there = self.there(ALICE)
        m = self.message(1, nonce).sign(self.nobody.key)
        first, again = (self.full(self.send(device, m), 200) for device in (self.alice, there))
        of = lambda a: sorted(c for c in a.certificates if b"CMC of" not in c)
        self.assertEqual(of(first), of(again))
        self.failed(self.send(there, self.message(2, nonce).sign(self.nobody.key)), 409, BAD_REQUEST)

    def test_C2_good_once_at_both(self):
        """Eight messages at the same moment: one certificate. Its message gets it at both, no other does at any."""
        secret = env.admin("cmc", "secret", "add", "two nodes", "--for", "alice", "--one-time", "--json")["secret"]
        before = env.count("select count(*) from certificate")
        signed = []
        for n in range(8):
            m = self.message(n)
            m.prove("two nodes", secret)
            signed.append(m.sign(self.nobody.key))
        devices = [(self.there() if n % 2 else Device(env)) for n in range(8)]
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda n: self.send(devices[n], signed[n], where="open/"), range(8)))
        good = [n for n, r in enumerate(replies) if r.status == 200]
        self.assertEqual((len(good), sorted(r.status for r in replies)), (1, [200] + 7 * [403]))
        self.assertEqual(env.count("select count(*) from certificate"), before + 1)
        for device in (Device(env), self.there()):
            self.assertEqual(certificates(self.send(device, signed[good[0]], where="open/")), certificates(replies[good[0]]))
            self.failed(self.send(device, signed[(good[0] + 1) % 8], where="open/"), 403, BAD_IDENTITY)
        self.assertEqual(env.count("select count(*) from certificate"), before + 1)
        env.admin("cmc", "secret", "remove", "two nodes")


if __name__ == "__main__":
    tap.main()
