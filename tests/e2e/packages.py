#!/usr/bin/python3
"""Packages of RFC 8295 and answers to them, built and read with the ASN.1 of others: pyasn1-modules (RFC 4108, 5652, 5934,
6031, 6032, 7191). As a program: packages.py DIR writes good and bad ones, for test_package_form and the fuzzers."""

import datetime
import hashlib
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyasn1.codec.ber import encoder as ber_encoder
from pyasn1.codec.der import decoder, encoder
from pyasn1.type import namedtype, tag, univ
from pyasn1_modules import rfc3274, rfc4108, rfc5280, rfc5652, rfc5914, rfc5934, rfc6031, rfc6032, rfc7191

ECDSA_SHA256, SHA256 = "1.2.840.10045.4.3.2", "2.16.840.1.101.3.4.2.1"
DATE = datetime.datetime(2026, 1, 1)
TAMP = "2.16.840.1.101.2.1.2.77"


class Signer:
    def __init__(self, name="signer", key=None, cert=None):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.cert = cert or (x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
                             .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
                             .not_valid_before(DATE).not_valid_after(DATE + datetime.timedelta(days=20000))
                             .sign(self.key, hashes.SHA256()))

    @property
    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self):
        return self.cert.public_bytes(serialization.Encoding.DER)


def algorithm(oid):
    a = rfc5280.AlgorithmIdentifier()
    a["algorithm"] = univ.ObjectIdentifier(oid)
    return a


def attribute(oid, *values):
    a = rfc5652.Attribute()
    a["attrType"] = univ.ObjectIdentifier(oid)
    for i, v in enumerate(values):
        a["attrValues"][i] = univ.Any(v)
    return a


def content_info(oid, content):
    c = rfc5652.ContentInfo()
    c["contentType"] = univ.ObjectIdentifier(oid)
    c["content"] = univ.Any(content)
    return encoder.encode(c)


def signed_data(oid, content, signer, attributes=(), version=3, with_cert=True, signers=1, unsigned=(), plain=False):
    """SignedData, DER. plain: without signed attributes."""
    s = rfc5652.SignedData()
    s["version"] = version
    s["digestAlgorithms"][0] = algorithm(SHA256)
    s["encapContentInfo"]["eContentType"] = univ.ObjectIdentifier(oid)
    s["encapContentInfo"]["eContent"] = univ.OctetString(content).subtype(
        explicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatSimple, 0))
    if with_cert:
        choice = rfc5652.CertificateChoices()
        choice["certificate"] = decoder.decode(signer.der, asn1Spec=rfc5280.Certificate())[0]
        s["certificates"][0] = choice
    for i in range(signers):
        s["signerInfos"][i] = signer_info(oid, content, signer, attributes, unsigned, plain)
    return encoder.encode(s)


def signer_info(oid, content, signer, attributes, unsigned, plain):
    info = rfc5652.SignerInfo()
    info["version"] = 1
    cert = decoder.decode(signer.der, asn1Spec=rfc5280.Certificate())[0]
    info["sid"]["issuerAndSerialNumber"]["issuer"] = cert["tbsCertificate"]["issuer"]
    info["sid"]["issuerAndSerialNumber"]["serialNumber"] = cert["tbsCertificate"]["serialNumber"]
    info["digestAlgorithm"] = algorithm(SHA256)
    info["signatureAlgorithm"] = algorithm(ECDSA_SHA256)
    what = content
    if not plain:
        digest = hashlib.sha256(content).digest()
        every = [attribute("1.2.840.113549.1.9.3", encoder.encode(univ.ObjectIdentifier(oid))),
                 attribute("1.2.840.113549.1.9.4", encoder.encode(univ.OctetString(digest))), *attributes]
        signed = rfc5652.SignedAttributes()
        for i, a in enumerate(every):
            signed[i] = a
            info["signedAttrs"][i] = a
        what = encoder.encode(signed)
    for i, a in enumerate(unsigned):
        info["unsignedAttrs"][i] = a
    info["signature"] = signer.key.sign(what, ec.ECDSA(hashes.SHA256()))
    return info


def signed(oid, content, signer, attributes=(), **how):
    return content_info("1.2.840.113549.1.7.2", signed_data(oid, content, signer, attributes, **how))


# --- keys ------------------------------------------------------------------------------------------------------------

def key_package(*keys, attributes=(), key_attributes=()):
    p = rfc6031.SymmetricKeyPackage()
    for i, (oid, value) in enumerate(attributes):
        p["sKeyPkgAttrs"][i]["attrType"] = univ.ObjectIdentifier(oid)
        p["sKeyPkgAttrs"][i]["attrValues"][0] = univ.Any(value)
    for i, k in enumerate(keys):
        for j, (oid, value) in enumerate(key_attributes):
            p["sKeys"][i]["sKeyAttrs"][j]["attrType"] = univ.ObjectIdentifier(oid)
            p["sKeys"][i]["sKeyAttrs"][j]["attrValues"][0] = univ.Any(value)
        if k is not None:
            p["sKeys"][i]["sKey"] = k
    return encoder.encode(p)


SKEYS = "1.2.840.113549.1.9.16.1.25"


def entity(name="CN=client"):
    e = rfc7191.SIREntityName()
    e["sirenType"] = univ.ObjectIdentifier("2.16.840.1.101.2.1.16.0")
    subject = x509.Name.from_rfc4514_string(name).public_bytes()
    e["sirenValue"] = univ.OctetString(subject)
    return e


def package_id(pkg_id, wants_receipt=True):
    """The signed attribute that names a key package."""
    a = rfc7191.KeyPkgIdentifierAndReceiptReq()
    a["pkgID"] = pkg_id
    if wants_receipt:
        a["receiptReq"]["receiptsTo"][0] = entity("CN=server")
    return attribute("2.16.840.1.101.2.1.5.65", encoder.encode(a))


def key_receipt(pkg_id, by="CN=client"):
    r = rfc7191.KeyPackageReceipt()
    r["receiptOf"]["pkgID"] = pkg_id
    r["receivedBy"] = entity(by)
    return encoder.encode(r)


def explicit(number, content):
    return univ.Any(content).subtype(explicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatConstructed, number))


def key_error(pkg_id, code, by="CN=client"):
    """Put together here: [0] of errorOf is explicit, since KeyPkgIdentifier is a CHOICE, which pyasn1-modules misses."""
    parts = b""
    if pkg_id is not None:
        inside = encoder.encode(univ.OctetString(pkg_id))
        parts += bytes([0xa0, len(inside)]) + inside
    parts += encoder.encode(entity(by)) + encoder.encode(univ.Enumerated(code))
    return bytes([0x30, len(parts)]) + parts if len(parts) < 128 else bytes([0x30, 0x81, len(parts)]) + parts


KEY_RECEIPT, KEY_ERROR = "2.16.840.1.101.2.1.2.78.3", "2.16.840.1.101.2.1.2.78.6"


def encrypted_info(info, inner, octets=b"\x5a" * 48, cipher=42):
    info["contentType"] = univ.ObjectIdentifier(inner)
    info["contentEncryptionAlgorithm"] = algorithm(f"2.16.840.1.101.3.4.1.{cipher}")
    info["encryptedContent"] = univ.OctetString(octets).subtype(
        implicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatSimple, 0))


SIGNED = "1.2.840.113549.1.7.2"


def enveloped_data(inner=SIGNED):
    e = rfc5652.EnvelopedData()
    fill_enveloped(e, inner)
    return encoder.encode(e)


def fill_enveloped(e, inner):
    e["version"] = 2
    add_recipient(e)
    encrypted_info(e["encryptedContentInfo"], inner)


def add_recipient(e):
    k = e["recipientInfos"][0]["kekri"]
    k["version"] = 4
    k["kekid"]["keyIdentifier"] = b"kek-1"
    k["keyEncryptionAlgorithm"] = algorithm("2.16.840.1.101.3.4.1.45")
    k["encryptedKey"] = b"\x11" * 40


def encrypted_data(inner):
    e = rfc5652.EncryptedData()
    e["version"] = 0
    encrypted_info(e["encryptedContentInfo"], inner)
    return encoder.encode(e)


def key_hint(*values):
    """Which key decrypts (RFC 6032, 3)."""
    return attribute("2.16.840.1.101.2.1.5.66", *(encoder.encode(univ.OctetString(v)) for v in values))


def encrypted_key_package(how, inner=SIGNED, attributes=(), version=None):
    """attributes: the unprotected ones, or those that are authenticated."""
    p = rfc6032.EncryptedKeyPackage()
    if how == "enveloped":
        fill_enveloped(p["enveloped"], inner)
    elif how == "auth-enveloped":
        e = p["authEnveloped"]
        e["version"] = 0
        add_recipient(e)
        encrypted_info(e["authEncryptedContentInfo"], inner, cipher=46)  # GCM
        for i, a in enumerate(attributes):
            e["authAttrs"][i] = a
        e["mac"] = b"\x22" * 16
    else:
        e = p["encrypted"]
        e["version"] = version if version is not None else 2 if attributes else 0
        encrypted_info(e["encryptedContentInfo"], inner)
        for i, a in enumerate(attributes):
            e["unprotectedAttrs"][i] = a
    return encoder.encode(p)


def content_type(oid):
    return attribute("1.2.840.113549.1.9.3", encoder.encode(univ.ObjectIdentifier(oid)))


# --- firmware --------------------------------------------------------------------------------------------------------

FIRMWARE, FIRMWARE_RECEIPT, FIRMWARE_ERROR = ("1.2.840.113549.1.9.16.1.%d" % n for n in (16, 17, 18))
HW_TYPE = "1.3.6.1.4.1.55555.1.7"


def firmware_name(target, oid="1.3.6.1.4.1.55555.2.1", version=3, legacy=None):
    if legacy is not None:
        target["legacy"] = legacy
    else:
        target["preferred"]["fwPkgID"] = univ.ObjectIdentifier(oid)
        target["preferred"]["verNum"] = version


def firmware_id(**name):
    i = rfc4108.FirmwarePackageIdentifier()
    firmware_name(i["name"], **name)
    return attribute("1.2.840.113549.1.9.16.2.35", encoder.encode(i))


def firmware(data=b"firmware image " * 20):
    return encoder.encode(rfc4108.FirmwarePkgData(data))


def compressed(inner, content):
    c = rfc3274.CompressedData()
    c["version"] = 0
    c["compressionAlgorithm"] = algorithm("1.2.840.113549.1.9.16.3.8")
    c["encapContentInfo"]["eContentType"] = univ.ObjectIdentifier(inner)
    c["encapContentInfo"]["eContent"] = univ.OctetString(content).subtype(
        explicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatSimple, 0))
    return encoder.encode(c)


COMPRESSED, ENCRYPTED, ENVELOPED, ENCRYPTED_KEYS = ("1.2.840.113549.1.9.16.1.9", "1.2.840.113549.1.7.6",
                                                    "1.2.840.113549.1.7.3", "2.16.840.1.101.2.1.2.78.2")


def firmware_receipt(serial=b"SN-0001", **name):
    r = rfc4108.FirmwarePackageLoadReceipt()
    r["hwType"] = univ.ObjectIdentifier(HW_TYPE)
    r["hwSerialNum"] = serial
    firmware_name(r["fwPkgName"], **name)
    return encoder.encode(r)


def firmware_error(code, vendor=None, serial=b"SN-0001", **name):
    r = rfc4108.FirmwarePackageLoadError()
    r["hwType"] = univ.ObjectIdentifier(HW_TYPE)
    r["hwSerialNum"] = serial
    r["errorCode"] = code
    if vendor is not None:
        r["vendorErrorCode"] = vendor
    if name:
        firmware_name(r["fwPkgName"], **name)
    return encoder.encode(r)


# --- TAMP ------------------------------------------------------------------------------------------------------------

def tamp_reference(target, number, uri="urn:all"):
    target["target"]["uri"] = uri
    target["seqNum"] = number


def tamp_message(which, number=1):
    """which: last arc of the content type."""
    if which == 1:
        m = rfc5934.TAMPStatusQuery()
        tamp_reference(m["query"], number)
    elif which == 3:
        m = rfc5934.TAMPUpdate()
        tamp_reference(m["msgRef"], number)
        key = ec.derive_private_key(7, ec.SECP256R1()).public_key()
        spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        remove = m["updates"].componentType.componentType["remove"].asn1Object
        m["updates"][0]["remove"] = decoder.decode(b"\xa2" + spki[1:], asn1Spec=remove)[0]
    elif which == 5:
        m = rfc5934.TAMPApexUpdate()
        tamp_reference(m["msgRef"], number)
        m["clearTrustAnchors"], m["clearCommunities"] = False, True
        m["apexTA"] = trust_anchor(8)
    elif which == 7:
        m = rfc5934.TAMPCommunityUpdate()
        tamp_reference(m["msgRef"], number)
        m["updates"]["add"][0] = univ.ObjectIdentifier("1.3.6.1.4.1.55555.9")
    elif which == 10:
        m = rfc5934.SequenceNumberAdjust()
        tamp_reference(m["msgRef"], number)
    else:
        raise ValueError(which)
    return encoder.encode(m)


def trust_anchor(secret):
    choice = rfc5914.TrustAnchorChoice()
    choice["certificate"] = decoder.decode(Signer("root", ec.derive_private_key(secret, ec.SECP256R1())).der, asn1Spec=rfc5280.Certificate())[0]
    return choice


def tamp_answer(which, number=1, code=0):
    if which == 9:
        m = rfc5934.TAMPError()
        m["msgType"] = univ.ObjectIdentifier(f"{TAMP}.3")
        m["status"] = code
        if number is not None:
            tamp_reference(m["msgRef"], number)
    elif which == 4:
        m = rfc5934.TAMPUpdateConfirm()
        tamp_reference(m["update"], number)
        m["confirm"]["terseConfirm"][0] = code
    elif which == 11:
        m = rfc5934.SequenceNumberAdjustConfirm()
        tamp_reference(m["adjust"], number)
        m["status"] = code
    elif which == 2:
        m = rfc5934.TAMPStatusResponse()
        tamp_reference(m["query"], number)
        m["response"]["terseResponse"]["taKeyIds"][0] = b"\x01" * 20
    else:
        raise ValueError(which)
    return encoder.encode(m)


# --- fixtures --------------------------------------------------------------------------------------------------------

def indefinite(der):
    """BER of a ContentInfo: outermost length and that of [0] indefinite."""
    inside = der[2 + (der[1] & 0x7f if der[1] & 0x80 else 0):]
    oid_len = 2 + inside[1]
    content = inside[oid_len:]
    content = content[2 + (content[1] & 0x7f if content[1] & 0x80 else 0):]
    return b"\x30\x80" + inside[:oid_len] + b"\xa0\x80" + content + b"\0\0\0\0"


def good_packages(s):
    """(type, name, DER, Content-Type, reference)"""
    keys = key_package(b"k" * 16)
    cms = "application/cms"
    keys_id = [package_id(b"id-1")]
    inner = "innerContent=sKeyPackage"
    yield "symmetric-keys", "plain", content_info(SKEYS, keys), f"{cms}; {inner}", b""
    yield ("symmetric-keys", "signed", signed(SKEYS, keys, s, keys_id),
           f"{cms}; encapsulatingContent=signedData; {inner}", b"id-1")
    yield ("symmetric-keys", "signed-ber", indefinite(signed(SKEYS, keys, s, keys_id)),
           f"{cms}; encapsulatingContent=signedData; {inner}", b"id-1")
    yield ("symmetric-keys", "enveloped", content_info(ENVELOPED, enveloped_data()),
           f'{cms}; encapsulatingContent="envelopedData, signedData"; {inner}', b"")
    yield ("symmetric-keys", "signed-enveloped", signed(ENVELOPED, enveloped_data(), s, [package_id(b"\0\1", False)]),
           f'{cms}; encapsulatingContent="signedData, envelopedData, signedData"; {inner}', b"\0\1")
    yield ("symmetric-keys", "encrypted-package", content_info(ENCRYPTED_KEYS, encrypted_key_package("enveloped")),
           f'{cms}; encapsulatingContent="encryptedKeyPkg, signedData"; {inner}', b"")
    yield ("symmetric-keys", "encrypted-data", content_info(ENCRYPTED_KEYS, encrypted_key_package("encrypted", SKEYS)),
           f"{cms}; encapsulatingContent=encryptedKeyPkg; {inner}", b"")
    yield ("symmetric-keys", "encrypted-data-hint", content_info(ENCRYPTED_KEYS, encrypted_key_package("encrypted", SIGNED, [key_hint(b"kek-1")])),
           f'{cms}; encapsulatingContent="encryptedKeyPkg, signedData"; {inner}', b"")
    authenticated = encrypted_key_package("auth-enveloped", SIGNED, [content_type(SIGNED)])
    yield ("symmetric-keys", "auth-enveloped", content_info(ENCRYPTED_KEYS, authenticated),
           f'{cms}; encapsulatingContent="encryptedKeyPkg, signedData"; {inner}', b"")
    yield ("symmetric-keys", "signed-auth-enveloped", signed(ENCRYPTED_KEYS, authenticated, s, keys_id),
           f'{cms}; encapsulatingContent="signedData, encryptedKeyPkg, signedData"; {inner}', b"id-1")
    inner = "innerContent=firmwarePackage"
    preferred, legacy = firmware_receipt()[-17:], b"\x04\x02v1"
    yield "firmware", "bare", content_info(FIRMWARE, firmware()), f"{cms}; {inner}", b""
    yield ("firmware", "signed", signed(FIRMWARE, firmware(), s, [firmware_id()]),
           f"{cms}; encapsulatingContent=signedData; {inner}", preferred)
    yield ("firmware", "signed-legacy", signed(FIRMWARE, firmware(), s, [firmware_id(legacy=b"v1")]),
           f"{cms}; encapsulatingContent=signedData; {inner}", legacy)
    yield ("firmware", "compressed", content_info(COMPRESSED, compressed(FIRMWARE, firmware())),
           f"{cms}; encapsulatingContent=compressedData; {inner}", b"")
    yield ("firmware", "encrypted", content_info(ENCRYPTED, encrypted_data(FIRMWARE)),
           f"{cms}; encapsulatingContent=encryptedData; {inner}", b"")
    yield ("firmware", "signed-encrypted-compressed", signed(ENCRYPTED, encrypted_data(COMPRESSED), s, [firmware_id()]),
           f'{cms}; encapsulatingContent="signedData, encryptedData, compressedData"; {inner}', preferred)
    for which, word in (1, "status-query"), (3, "update"), (10, "sequence-adjust"):
        message = tamp_message(which, 2**63 - 1)
        reference = tamp_message(1, 2**63 - 1)[2:]
        yield f"tamp-{word}", "signed", signed(f"{TAMP}.{which}", message, s), f"application/tamp-{word}", reference
    certs = "application/pkcs7-mime; smime-type=certs-only"
    yield "ee-certificate", "der", s.der, certs, b""
    yield "ee-certificate", "pem", s.pem, certs, b""


def shortened(der, part):
    """The same without a part, whose bytes are there once: lengths of what it is in follow."""
    at = der.index(part)

    def copy(begin, end):
        if at >= end or at + len(part) <= begin or begin == at:
            return b"" if begin == at and end == at + len(part) else der[begin:end]
        head = 2 + (der[begin + 1] & 0x7f if der[begin + 1] & 0x80 else 0)
        inside, p = b"", begin + head
        while p < end:
            n = der[p + 1]
            size = 2 + n if n < 0x80 else 2 + (n & 0x7f) + int.from_bytes(der[p + 2:p + 2 + (n & 0x7f)], "big")
            inside += copy(p, p + size)
            p += size
        n = len(inside)
        length = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else b"\x82" + n.to_bytes(2, "big")
        return der[begin:begin + 1] + length + inside

    return copy(0, len(der))


def bad_packages(s):
    """(type, name, DER)"""
    keys = key_package(b"k" * 16)
    other = ("1.2.3.4", encoder.encode(univ.Null("")))
    signed_keys = signed(SKEYS, keys, s, [package_id(b"id-1")])
    yield "symmetric-keys", "empty", b""
    yield "symmetric-keys", "text", b"no CMS"
    yield "symmetric-keys", "no-content-info", keys
    yield "symmetric-keys", "trailing", content_info(SKEYS, keys) + b"\0"
    yield "symmetric-keys", "cut", signed_keys[:-1]
    yield "symmetric-keys", "no-key", content_info(SKEYS, b"\x30\x02\x30\x00")
    yield "symmetric-keys", "empty-key", content_info(SKEYS, b"\x30\x04\x30\x02\x30\x00")
    yield "symmetric-keys", "version", content_info(SKEYS, b"\x30\x0a\x02\x01\x02\x30\x05\x30\x03\x04\x01k")
    yield ("symmetric-keys", "attribute-twice",
           content_info(SKEYS, key_package(b"k", attributes=[other], key_attributes=[other])))
    yield "symmetric-keys", "unsigned-inside", content_info(ENVELOPED, enveloped_data("1.2.840.113549.1.7.1"))
    yield "symmetric-keys", "firmware", content_info(FIRMWARE, firmware())
    yield "symmetric-keys", "no-signature", signed(SKEYS, keys, s, signers=0)
    yield "symmetric-keys", "only-encrypted-data", content_info(ENCRYPTED, encrypted_data(SKEYS))
    package = lambda *how, **more: content_info(ENCRYPTED_KEYS, encrypted_key_package(*how, **more))
    authenticated = package("auth-enveloped", SIGNED, [content_type(SIGNED)])
    mac = b"\x04\x10" + b"\x22" * 16
    yield "symmetric-keys", "only-auth-enveloped-data", content_info("1.2.840.113549.1.9.16.1.23", b"\x30" + encrypted_key_package("auth-enveloped", SIGNED, [content_type(SIGNED)])[1:])
    yield "symmetric-keys", "auth-enveloped-firmware", package("auth-enveloped", FIRMWARE, [content_type(FIRMWARE)])
    yield "symmetric-keys", "auth-enveloped-no-attributes", package("auth-enveloped", SIGNED)
    yield "symmetric-keys", "auth-enveloped-no-mac", shortened(authenticated, mac)
    yield "symmetric-keys", "enveloped-with-mac", authenticated.replace(b"\xa1\x81", b"\xa0\x81", 1)
    yield "symmetric-keys", "encrypted-data-version", package("encrypted", SIGNED, [key_hint(b"kek-1")], version=0)
    yield "symmetric-keys", "encrypted-data-version-2", package("encrypted", SIGNED, version=2)
    yield "symmetric-keys", "encrypted-data-two-hints", package("encrypted", SIGNED, [key_hint(b"kek-1", b"kek-2")])
    yield "symmetric-keys", "encrypted-data-hint-twice", package("encrypted", SIGNED, [key_hint(b"kek-1"), key_hint(b"kek-2")])
    yield "symmetric-keys", "encrypted-data-odd-hint", package("encrypted", SIGNED, [attribute("2.16.840.1.101.2.1.5.66", encoder.encode(univ.Integer(1)))])
    yield "symmetric-keys", "encrypted-data-firmware", package("encrypted", FIRMWARE)
    yield "symmetric-keys", "encrypted-package-choice", content_info(ENCRYPTED_KEYS, b"\xa2" + encrypted_key_package("enveloped")[1:])
    often = signed_data(SKEYS, keys, s)
    for _ in range(3):
        often = signed_data(SIGNED, often, s)
    yield "symmetric-keys", "signed-too-often", content_info(SIGNED, often)
    deep = b"\x05\x00"
    for _ in range(40):
        deep = b"\x30\x80" + deep + b"\0\0"
    yield "symmetric-keys", "deep", deep
    yield "firmware", "unnamed", signed(FIRMWARE, firmware(), s)
    yield "firmware", "version", signed(FIRMWARE, firmware(), s, [firmware_id()], version=1)
    yield "firmware", "two-signers", signed(FIRMWARE, firmware(), s, [firmware_id()], signers=2)
    yield "firmware", "no-signed-attributes", signed(FIRMWARE, firmware(), s, plain=True)
    yield "firmware", "no-octets", content_info(FIRMWARE, b"\x05\x00")
    yield "firmware", "compressed-keys", content_info(COMPRESSED, compressed(SKEYS, keys))
    yield "firmware", "encrypted-keys", content_info(ENCRYPTED, encrypted_data(SKEYS))
    yield "firmware", "keys", content_info(SKEYS, keys)
    yield "firmware", "signed-twice", signed(SIGNED, signed_data(FIRMWARE, firmware(), s, [firmware_id()]), s)
    yield "firmware", "altered", signed(FIRMWARE, firmware(), s, [firmware_id()]).replace(b"firmware image", b"firmware imagf", 1)
    update = tamp_message(3)
    yield "tamp-update", "unsigned", content_info(f"{TAMP}.3", update)
    yield "tamp-update", "two-signers", signed(f"{TAMP}.3", update, s, signers=2)
    yield "tamp-update", "status-query", signed(f"{TAMP}.1", tamp_message(1), s)
    yield "tamp-update", "other-inside", signed(f"{TAMP}.3", tamp_message(1), s)
    yield "tamp-update", "answer", signed(f"{TAMP}.4", tamp_answer(4), s)
    yield "tamp-status-query", "negative", signed(f"{TAMP}.1", tamp_message(1, 127).replace(b"\x02\x01\x7f", b"\x02\x01\x80"), s)
    yield "ee-certificate", "two", s.pem * 2
    yield "ee-certificate", "trailing", s.der + b"\0"
    yield "ee-certificate", "cms", signed_keys


def answers():
    """(reader, name, DER); names of bad ones begin with "bad"."""
    yield "key-receipt", "good", key_receipt(b"id-1")
    yield "key-receipt", "bad-error", key_error(b"id-1", 17)
    yield "key-receipt", "bad-version", b"\x30\x03\x02\x01\x01"
    yield "key-error", "good", key_error(b"id-1", 17)
    yield "key-error", "good-unnamed", key_error(None, 61)
    yield "key-error", "bad-code", key_error(b"id-1", 0)
    yield "firmware-receipt", "good", firmware_receipt(legacy=b"v1")
    yield "firmware-receipt", "bad-error", firmware_error(15)
    yield "firmware-error", "good", firmware_error(15, legacy=b"v1")
    yield "firmware-error", "good-vendor", firmware_error(99, 4711)
    yield "firmware-error", "bad-vendor", firmware_error(99)
    yield "tamp-error", "good", tamp_answer(9, 7, 21)
    yield "tamp-error", "good-unnamed", tamp_answer(9, None, 1)
    yield "tamp-update-confirm", "good", tamp_answer(4, 7, 24)
    yield "tamp-update-confirm", "bad-error", tamp_answer(9, 7, 24)
    yield "tamp-sequence-adjust-confirm", "good", tamp_answer(11, 7, 0)
    yield "tamp-status-response", "good", tamp_answer(2, 7)
    yield "tamp-status-response", "bad-confirm", tamp_answer(11, 7)


def main():
    folder, s = Path(sys.argv[1]), Signer()
    for kind, name, der, media, reference in good_packages(s):
        (folder / f"good.{kind}.{name}").write_bytes(der)
        (folder / f"says.{kind}.{name}").write_text(f"{media}\n{reference.hex().upper()}")
    for kind, name, der in bad_packages(s):
        (folder / f"bad.{kind}.{name}").write_bytes(der)
    (folder / "bare.firmware.without-certificate").write_bytes(
        signed(FIRMWARE, firmware(), s, [firmware_id()], with_cert=False))
    for kind, name, der in answers():
        (folder / f"answer.{kind}.{name}").write_bytes(der)
    (folder / "done").touch()


if __name__ == "__main__":
    main()
