"""Private keys that are encrypted for a device (RFC 7030, 4.4.2; RFC 5958), opened and looked at by others: `openssl cms` decrypts and
verifies, pyasn1-modules reads. It needs the Python of Debian."""

from pyasn1.codec.der import decoder, encoder
from pyasn1_modules import rfc5652, rfc5958, rfc6032, rfc7191

import der
from est import run

SYMMETRIC, ASYMMETRIC = "1.2.840.113549.1.9.16.2.37", "1.2.840.113549.1.9.16.2.54"
CONTENT_TYPE, CAPABILITIES = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.15"
NIST_AES = "2.16.840.1.101.3.4.1."
CBC = {128: NIST_AES + "2", 192: NIST_AES + "22", 256: NIST_AES + "42"}
WRAP = {128: NIST_AES + "5", 192: NIST_AES + "25", 256: NIST_AES + "45"}
RSA, OAEP, MGF1 = ("1.2.840.113549.1.1." + n for n in "178")
SHA256 = "2.16.840.1.101.3.4.2.1"
ECDH = {256: "1.3.132.1.11.1", 384: "1.3.132.1.11.2"}
A_KEYS = "2.16.840.1.101.2.1.2.78.5"
KGA = "1.3.6.1.5.5.7.3.32"


def algorithm(oid, *params):
    return der.seq(der.oid(oid), *params)


def oaep(sha=SHA256):
    return algorithm(OAEP, der.seq(der.context(0, algorithm(sha)), der.context(1, algorithm(MGF1, algorithm(sha)))))


def capabilities(*algorithms):
    """The attribute; each is an OID, or DER of a SMIMECapability."""
    return der.attribute(CAPABILITIES, der.seq(*(a if isinstance(a, bytes) else algorithm(a) for a in algorithms)))


def wish(oid, identifier, *algorithms):
    """Attributes of a PKCS#10 that wants its key encrypted."""
    return [der.attribute(oid, der.octets(identifier)), *([capabilities(*algorithms)] if algorithms else [])]


def parsed(data, spec):
    value, rest = decoder.decode(data, asn1Spec=spec)
    assert rest == b"", rest
    assert encoder.encode(value) == data, "not DER"
    return value


def enveloped(data):
    """(EnvelopedData, its one RecipientInfo) of a ContentInfo."""
    info = parsed(data, rfc5652.ContentInfo())
    assert info["contentType"] == rfc5652.id_envelopedData, info["contentType"]
    inner = parsed(bytes(info["content"]), rfc5652.EnvelopedData())
    assert len(inner["recipientInfos"]) == 1
    assert inner["encryptedContentInfo"]["contentType"] == rfc5652.id_signedData
    return inner, inner["recipientInfos"][0]


def unpacked(data):
    """EncryptedKeyPackage (RFC 6032) of a ContentInfo as ContentInfo of its EnvelopedData: `openssl cms` knows that one."""
    info = parsed(data, rfc5652.ContentInfo())
    assert info["contentType"] == rfc6032.id_ct_KP_encryptedKeyPkg, info["contentType"]
    package = parsed(bytes(info["content"]), rfc6032.EncryptedKeyPackage())
    assert package.getName() == "enveloped"
    content = encoder.encode(package["enveloped"])
    assert content[:1] == b"\xa0"
    return der.seq(der.oid(str(rfc5652.id_envelopedData)), der.context(0, b"\x30" + content[1:]))


def decrypt(data, *how):
    """The SignedData, as `openssl cms` finds it."""
    return run("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", *how, stdin=data).stdout


def identifier(signed):
    """pkgID of a SignedData, whose signer wants a receipt (RFC 7191, 3)."""
    attributes = {str(a["attrType"]): a["attrValues"] for a in parsed(signed, rfc5652.SignedData())["signerInfos"][0]["signedAttrs"]}
    (value,) = attributes[str(rfc7191.id_aa_KP_keyPkgIdAndReceiptReq)]
    found = parsed(bytes(value), rfc7191.KeyPkgIdentifierAndReceiptReq())
    assert len(found["receiptReq"]["receiptsTo"]) == 1
    return bytes(found["pkgID"])


def verify(signed, folder, ca_file):
    """(PrivateKeyInfo, its certificate, the signer's certificate as text): signed by one who may say that he made the key."""
    signed_data = parsed(signed, rfc5652.SignedData())
    assert str(signed_data["encapContentInfo"]["eContentType"]) == A_KEYS
    package = parsed(bytes(signed_data["encapContentInfo"]["eContent"]), rfc5958.AsymmetricKeyPackage())
    assert len(package) == 1
    attributes = {str(a["attrType"]): a["attrValues"] for a in package[0]["attributes"]}
    assert list(attributes) == ["2.5.4.36"]
    wrapped = folder / "signed.der"
    wrapped.write_bytes(der.seq(der.oid("1.2.840.113549.1.7.2"), der.context(0, signed)))
    signer = folder / "signer.pem"
    done = run("openssl", "cms", "-verify", "-inform", "DER", "-in", wrapped, "-CAfile", ca_file, "-purpose", "any", "-signer", signer, "-out",
               folder / "package.der", "-binary")
    assert done.returncode == 0
    assert (folder / "package.der").read_bytes() == bytes(signed_data["encapContentInfo"]["eContent"])
    text = run("openssl", "x509", "-in", signer, "-noout", "-text").stdout.decode()
    return encoder.encode(package[0]), bytes(attributes["2.5.4.36"][0]), text


