"""DER written by hand, so that a test can say exactly what is wrong with a request, and enough of a
reader to look at the answers. Keys and signatures come from the openssl command."""

import base64
import os
import subprocess
import tempfile

OIDS = {
    "CN": "2.5.4.3", "O": "2.5.4.10", "OU": "2.5.4.11", "C": "2.5.4.6",
    "extensionRequest": "1.2.840.113549.1.9.14", "challengePassword": "1.2.840.113549.1.9.7",
    "subjectAltName": "2.5.29.17", "keyUsage": "2.5.29.15", "basicConstraints": "2.5.29.19",
    "extKeyUsage": "2.5.29.37", "upn": "1.3.6.1.4.1.311.20.2.3",
    "msTemplateName": "1.3.6.1.4.1.311.20.2", "ntdsSid": "1.3.6.1.4.1.311.25.2",
    "msExtensions": "1.3.6.1.4.1.311.2.1.14", "enrollNameValue": "1.3.6.1.4.1.311.13.2.1",
}


def tlv(tag, *content):
    body = b"".join(content)
    n = len(body)
    if n < 0x80:
        return bytes([tag, n]) + body
    length = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def seq(*c): return tlv(0x30, *c)
def set_(*c): return tlv(0x31, *c)
def octets(b): return tlv(0x04, b)
def bits(b): return tlv(0x03, b"\0" + b)
def utf8(s): return tlv(0x0C, s.encode())
def ia5(s): return tlv(0x16, s.encode())
def boolean(v): return tlv(0x01, b"\xff" if v else b"\0")
def context(n, *c): return tlv(0xA0 | n, *c)


def integer(v):
    return tlv(0x02, v.to_bytes(v.bit_length() // 8 + 1, "big"))


def oid(name):
    arcs = [int(a) for a in OIDS.get(name, name).split(".")]
    out = bytearray()
    for a in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        chunk = [a & 0x7F]
        while a > 0x7F:
            a >>= 7
            chunk.append(0x80 | a & 0x7F)
        out += bytes(reversed(chunk))
    return tlv(0x06, bytes(out))


def name(pairs):
    """Values are UTF8Strings, or bytes: the whole value, DER."""
    return seq(*(set_(seq(oid(k), v if isinstance(v, bytes) else utf8(v))) for k, v in pairs))


def extension(o, value, critical=False):
    return seq(oid(o), boolean(True) if critical else b"", octets(value))


def attribute(o, *values):
    return seq(oid(o), set_(*values))


def san(dns=(), email=(), upn=(), other=(), ip=()):
    """subjectAltName value; other: pairs of OID and UTF8String text."""
    names = [tlv(0x82, d.encode()) for d in dns]
    names += [tlv(0x81, e.encode()) for e in email]
    names += [context(0, oid(o), context(0, utf8(v)))
              for o, v in [("upn", u) for u in upn] + list(other)]
    names += [tlv(0x87, bytes(int(x) for x in i.split("."))) for i in ip]
    return seq(*names)


SIGNATURES = {
    ("rsa", "sha256"): "1.2.840.113549.1.1.11", ("rsa", "sha1"): "1.2.840.113549.1.1.5",
    ("rsa", "md5"): "1.2.840.113549.1.1.4", ("rsa", "sha512"): "1.2.840.113549.1.1.13",
    ("ec", "sha256"): "1.2.840.10045.4.3.2", ("ec", "sha1"): "1.2.840.10045.4.1",
    ("ec", "sha384"): "1.2.840.10045.4.3.3", ("ed25519", "sha256"): "1.3.101.112",
}


class Key:
    """A private key in a file of its own, made by openssl. spec: rsa:2048, rsa:2048:3, ec:P-256, ed25519."""

    def __init__(self, folder, spec):
        kind, *rest = spec.split(":")
        self.kind, self.spec = kind, spec
        fd, self.path = tempfile.mkstemp(suffix=".key", dir=folder)
        os.close(fd)
        options = []
        if kind == "rsa":
            options = ["-pkeyopt", "rsa_keygen_bits:" + rest[0]]
            if len(rest) > 1:
                options += ["-pkeyopt", "rsa_keygen_pubexp:" + rest[1]]
        elif kind == "ec":
            options = ["-pkeyopt", "ec_paramgen_curve:" + rest[0]]
        openssl("genpkey", "-algorithm", kind.upper(), *options, "-out", self.path)
        self.spki = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")

    def sign(self, data, digest):
        if self.kind == "ed25519":
            with tempfile.NamedTemporaryFile() as f:
                f.write(data)
                f.flush()
                return openssl("pkeyutl", "-sign", "-rawin", "-in", f.name, "-inkey", self.path)
        return openssl("dgst", "-" + digest, "-sign", self.path, stdin=data)


def openssl(*args, stdin=b""):
    return subprocess.run(["openssl", *args], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=True).stdout


def csr(key, subject=(("CN", "whatever"),), extensions=(), attributes=(), version=0, digest="sha256",
        spki=None, bad_signature=False, trailing=b""):
    """A certification request (RFC 2986), DER."""
    attributes = list(attributes)
    if extensions:
        attributes.append(attribute("extensionRequest", seq(*extensions)))
    info = seq(integer(version), name(subject), spki or key.spki, context(0, *attributes))
    algorithm = seq(oid(SIGNATURES[key.kind, digest]), tlv(0x05) if key.kind == "rsa" else b"")
    signature = bytearray(key.sign(info, digest))
    if bad_signature:
        # Inside the value: for ECDSA the outer structure stays valid DER.
        signature[-1] ^= 1
    return seq(info, algorithm, bits(bytes(signature))) + trailing


def b64(der):
    return base64.b64encode(der).decode()


def pem(der, label="CERTIFICATE REQUEST", eol="\n", width=64):
    text = b64(der)
    lines = [text[i:i + width] for i in range(0, len(text), width)]
    return eol.join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"]) + eol
