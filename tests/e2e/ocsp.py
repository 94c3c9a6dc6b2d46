"""OCSP requests as a test wants them, wrong ones too, and enough of the answers to judge them."""

import hashlib
import subprocess

import der

ALGORITHM = {"sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1", "sha512": "2.16.840.1.101.3.4.2.3"}
NONCE = "1.3.6.1.5.5.7.48.1.2"


def read(raw, at=0):
    """One element: tag, content, position behind it."""
    tag, n = raw[at], raw[at + 1]
    at += 2
    if n >= 0x80:
        size = n & 0x7F
        n = int.from_bytes(raw[at:at + size], "big")
        at += size
    return tag, raw[at:at + n], at + n


def members(content):
    """Elements of a constructed one, whole."""
    out, at = [], 0
    while at < len(content):
        end = read(content, at)[2]
        out.append(content[at:end])
        at = end
    return out


def issuer_parts(cert):
    """DER of the subject's name, and the bits of the key."""
    tbs = members(read(cert)[1])[0]
    fields = members(read(tbs)[1])
    if fields[0][0] == 0xA0:
        fields = fields[1:]
    name, spki = fields[4], fields[5]
    bits = read(members(read(spki)[1])[1])[1][1:]
    return name, bits


def cert_id(issuer, serial, digest="sha1", parameters=True, name=None):
    own_name, key = issuer_parts(issuer)
    algorithm = der.seq(der.oid(ALGORITHM[digest]), der.tlv(0x05) if parameters else b"")
    h = getattr(hashlib, digest)
    return der.seq(algorithm, der.octets(h(name or own_name).digest()), der.octets(h(key).digest()),
                   der.integer(serial))


def nonce_extension(value):
    return der.extension(NONCE, der.octets(value))


def request(*ids, nonce=None, extensions=(), single=b"", behind=b""):
    extensions = list(extensions) + ([nonce_extension(nonce)] if nonce is not None else [])
    tail = der.context(2, der.seq(*extensions)) if extensions else b""
    return der.seq(der.seq(der.seq(*(der.seq(i, single) for i in ids)), tail), behind)


def status(response):
    """responseStatus: 0 is successful."""
    return members(read(response)[1])[0][-1]


def text(response):
    done = subprocess.run(["openssl", "ocsp", "-respin", "/dev/stdin", "-noverify", "-resp_text"], input=response,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.stdout.decode(errors="replace")


def statuses(response):
    """"good", "revoked" ... in the order of the answer; none when it is an error."""
    outer = members(read(response)[1])
    if len(outer) < 2:
        return []
    basic = read(members(read(read(outer[1])[1])[1])[1])[1]  # [0] { type, OCTET STRING { BasicOCSPResponse } }
    data = members(read(members(read(basic)[1])[0])[1])
    singles = next(m for m in data if m[0] == 0x30)
    names = {0x80: "good", 0xA1: "revoked", 0x82: "unknown"}
    return [names[members(read(s)[1])[1][0]] for s in members(read(singles)[1])]


def says(client, raw):
    """Statuses in the answer to this client."""
    return statuses(client.request("POST", "/ocsp", raw, {"Content-Type": "application/ocsp-request"}).body)


def serial_of(cert):
    out = der.openssl("x509", "-inform", "DER", "-noout", "-serial", stdin=cert).decode()
    return int(out.split("=")[1], 16)
