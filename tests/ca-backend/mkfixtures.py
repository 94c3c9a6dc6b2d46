#!/usr/bin/env python3
"""Make certification requests for test_pkcs10: mkfixtures.py DIR fills DIR/good and DIR/bad.

Names in bad/ begin with the verdict: "csr-" is refused by the parser, "weak-" and "signature-" are
well-formed and refused by the check. Each is a good request with one thing wrong."""

import random
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import der  # noqa: E402

OS_VERSION, CSP, CLIENT_INFO = "1.3.6.1.4.1.311.13.2.3", "1.3.6.1.4.1.311.13.2.2", "1.3.6.1.4.1.311.21.20"
TEMPLATE_V2 = "1.3.6.1.4.1.311.21.7"
RSA_ENCRYPTION, EC_PUBLIC_KEY, P256 = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1", "1.2.840.10045.3.1.7"


def bmp(text):
    return der.tlv(0x1E, text.encode("utf-16-be"))


def template(value):
    return der.extension("msTemplateName", value)


def rsa_spki(n, e=65537):
    return der.seq(der.seq(der.oid(RSA_ENCRYPTION), der.tlv(5)),
                   der.bits(der.seq(der.integer(n), der.integer(e))))


def ec_spki(point, curve=P256):
    return der.seq(der.seq(der.oid(EC_PUBLIC_KEY), der.oid(curve)), der.bits(point))


def point_of(key):
    """x and y of a P-256 key: the last 64 bytes of its SubjectPublicKeyInfo."""
    return key.spki[-64:-32], key.spki[-32:]


def is_prime(n, rounds=20):
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for _ in range(rounds):
        x = pow(random.randrange(2, n - 1), d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def primorial(count):
    product, found, candidate = 1, 0, 2
    while found < count:
        if all(candidate % d for d in range(2, int(candidate ** 0.5) + 1)):
            product, found = product * candidate, found + 1
        candidate += 1
    return product


def roca_prime(bits):
    """k * M + (65537^a mod M), the shape of the faulty library (CVE-2017-15361); M of 126 primes for RSA-2048."""
    m = primorial(126)
    while True:
        k = random.getrandbits(bits - m.bit_length() + 1) | 1 << (bits - m.bit_length())
        p = k * m + pow(65537, random.getrandbits(200), m)
        if p.bit_length() == bits and p % 65537 != 1 and is_prime(p):
            return p


class NumberKey:
    """An RSA key of given primes, usable as der.Key."""
    kind = "rsa"
    sign = der.Key.sign

    def __init__(self, folder, p, q, e=65537):
        d = pow(e, -1, (p - 1) * (q - 1))
        raw = der.seq(*(der.integer(v) for v in (0, p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))))
        self.path = tempfile.mkstemp(suffix=".key", dir=folder)[1]
        text = der.pem(raw, "RSA PRIVATE KEY")
        Path(self.path).write_text(text)
        self.spki = rsa_spki(p * q, e)


def req(key, *options):
    return der.openssl("req", "-new", "-key", key.path, "-subj", "/CN=whatever", "-outform", "DER", *options)


def windows_attributes():
    return [
        der.attribute(OS_VERSION, der.ia5("10.0.19045.2")),
        der.attribute(CLIENT_INFO, der.seq(der.integer(9), der.utf8("pc1"), der.utf8("DOM\\u"), der.utf8("x.exe"))),
        der.attribute(CSP, der.seq(der.integer(1), bmp("Microsoft Software Key Storage Provider"), der.bits(b""))),
        der.attribute("enrollNameValue", der.seq(bmp("a"), bmp("b")), der.seq(bmp("c"), bmp("d"))),
    ]


def good(folder, ec, rsa):
    san = der.extension("subjectAltName", der.san(dns=["a.example"], email=["a@b"], upn=["u@r"], ip=["1.2.3.4"],
                                                  other=[("1.2.3.4", "x")]))
    usage = der.extension("keyUsage", bytes([3, 2, 5, 0xA0]), critical=True)
    x, y = point_of(ec)
    yield "p256", der.csr(ec)
    yield "p384", der.csr(der.Key(folder, "ec:P-384"), digest="sha384")
    yield "p521", der.csr(der.Key(folder, "ec:P-521"))
    yield "ed25519", der.csr(der.Key(folder, "ed25519"))
    yield "rsa2048", der.csr(rsa)
    yield "rsa2048-sha512", der.csr(rsa, digest="sha512")
    yield "rsa3072", der.csr(der.Key(folder, "rsa:3072"))
    yield "rsa-pss", req(rsa, "-sha256", "-sigopt", "rsa_padding_mode:pss")
    yield "ec-compressed", der.csr(ec, spki=ec_spki(bytes([2 | y[-1] & 1]) + x))
    yield "empty-subject", der.csr(ec, subject=())
    yield "empty-extensions", der.csr(ec, attributes=[der.attribute("extensionRequest", der.seq())])
    yield "extensions", der.csr(ec, extensions=[san, usage])
    yield "extensions-ms", der.csr(ec, attributes=[der.attribute("msExtensions", der.seq(san, usage))])
    yield "windows", der.csr(rsa, extensions=[template(bmp("User"))], attributes=windows_attributes())
    yield "template-utf8", der.csr(ec, extensions=[template(der.seq(der.utf8("Tür")))])
    yield "template-v2", der.csr(ec, extensions=[der.extension(
        TEMPLATE_V2, der.seq(der.oid("1.3.6.1.4.1.311.21.8.1.2"), der.integer(100), der.integer(4294967295)))])
    yield "template-v2-bare", der.csr(ec, extensions=[der.extension(TEMPLATE_V2, der.seq(der.oid("1.2.3.4")))])
    yield "challenge-password", der.csr(ec, attributes=[der.attribute("challengePassword", der.utf8("x"))])


def malformed(ec, rsa):
    """What the parser refuses."""
    base = der.csr(ec)
    usage = der.extension("keyUsage", bytes([3, 2, 5, 0xA0]))
    password = der.attribute("challengePassword", der.utf8("x"))
    x, y = point_of(ec)
    yield "empty", b""
    yield "text", b"-----BEGIN CERTIFICATE REQUEST-----"
    yield "trailing", base + b"\0"
    yield "truncated", base[:-1]
    yield "indefinite-length", b"\x30\x80" + base[4 if base[1] == 0x82 else 3:] + b"\0\0"
    yield "long-length", b"\x30\x84\0\0" + (len(base) - 4 if base[1] == 0x82 else len(base) - 3).to_bytes(
        2, "big") + base[4 if base[1] == 0x82 else 3:]
    yield "version-2", der.csr(ec, version=1)
    yield "attribute-twice", der.csr(ec, attributes=[password, password])
    yield "attribute-empty", der.csr(ec, attributes=[der.attribute("challengePassword")])
    yield "os-version-two-values", der.csr(ec, attributes=[der.attribute(OS_VERSION, der.ia5("1"), der.ia5("2"))])
    yield "csp-two-values", der.csr(ec, attributes=[der.attribute(CSP, der.seq(), der.seq(der.integer(1)))])
    yield "extensions-two-values", der.csr(ec, attributes=[
        der.attribute("extensionRequest", der.seq(usage), der.seq())])
    yield "extensions-both-forms", der.csr(ec, extensions=[usage], attributes=[
        der.attribute("msExtensions", der.seq(usage))])
    yield "extensions-no-sequence", der.csr(ec, attributes=[der.attribute("extensionRequest", der.utf8("x"))])
    yield "extensions-garbage", der.csr(ec, attributes=[der.attribute("extensionRequest", der.seq(der.integer(1)))])
    yield "extension-twice", der.csr(ec, extensions=[usage, usage])
    yield "extension-not-der", der.csr(ec, extensions=[der.extension("keyUsage", b"\x03\x05\x05")])
    yield "extension-trailing", der.csr(ec, extensions=[der.extension("keyUsage", bytes([3, 2, 5, 0xA0, 0]))])
    yield "template-no-string", der.csr(ec, extensions=[template(der.integer(5))])
    yield "template-nul", der.csr(ec, extensions=[template(der.utf8("User\0Admin"))])
    yield "template-too-long", der.csr(ec, extensions=[template(der.utf8("a" * 300))])
    yield "template-v2-no-oid", der.csr(ec, extensions=[der.extension(TEMPLATE_V2, der.seq(der.integer(1)))])
    yield "template-v2-negative", der.csr(ec, extensions=[
        der.extension(TEMPLATE_V2, der.seq(der.oid("1.2.3"), der.tlv(2, b"\xff")))])
    yield "point-off-curve", der.csr(ec, spki=ec_spki(b"\4" + x + bytes([*y[:-1], y[-1] ^ 1])))
    yield "curve-unknown", der.csr(ec, spki=ec_spki(b"\4" + x + y, "1.2.3.4"))
    yield "many-attributes", der.csr(ec, attributes=[der.attribute(f"1.2.3.{n}", der.tlv(5)) for n in range(33)])
    yield "many-extensions", der.csr(ec, extensions=[der.extension(f"1.2.3.{n}", der.tlv(5)) for n in range(65)])
    yield "oversized", der.csr(rsa, extensions=[der.extension("1.2.3", der.octets(bytes(65536)))])


def weak(folder, ec, rsa):
    x, y = point_of(ec)
    n = int.from_bytes(rsa.spki[-261:-5], "big")
    random.seed(2017)
    yield "rsa1024", der.csr(der.Key(folder, "rsa:1024"))
    yield "rsa-exponent-3", der.csr(der.Key(folder, "rsa:2048:3"))
    yield "rsa-exponent-even", der.csr(rsa, spki=rsa_spki(n, 65538))
    yield "rsa-exponent-large", der.csr(rsa, spki=rsa_spki(n, (1 << 300) + 1))
    yield "rsa-modulus-even", der.csr(rsa, spki=rsa_spki(n - 1))
    yield "rsa-small-factor", der.csr(rsa, spki=rsa_spki(n // 167 // 2 * 2 * 167 + 167))
    yield "rsa16392", der.csr(rsa, spki=rsa_spki((1 << 16391) + 12345))
    yield "rsa-roca", der.csr(NumberKey(folder, roca_prime(1024), roca_prime(1024)))
    yield "rsa-sha1", der.csr(rsa, digest="sha1")
    yield "rsa-md5", der.csr(rsa, digest="md5")
    yield "rsa-pss-sha1", req(rsa, "-sha1", "-sigopt", "rsa_padding_mode:pss")
    yield "ec-sha1", der.csr(ec, digest="sha1")
    yield "secp256k1", der.csr(der.Key(folder, "ec:secp256k1"))
    yield "p224", der.csr(der.Key(folder, "ec:P-224"))
    yield "ec-infinity", der.csr(ec, spki=ec_spki(b"\0"))
    yield "ec-hybrid", der.csr(ec, spki=ec_spki(bytes([6 | y[-1] & 1]) + x + y))
    explicit = der.Key(folder, "ec:P-256")
    der.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt",
                "ec_param_enc:explicit", "-out", explicit.path)
    yield "ec-explicit", req(explicit, "-sha256")
    x448 = der.Key(folder, "ed448")
    yield "ed448", req(x448)


def forged(folder, ec, rsa):
    yield "ec", der.csr(ec, bad_signature=True)
    yield "rsa", der.csr(rsa, bad_signature=True)
    yield "ed25519", der.csr(der.Key(folder, "ed25519"), bad_signature=True)
    yield "other-key", der.csr(ec, spki=der.Key(folder, "ec:P-256").spki)
    yield "other-kind", der.csr(rsa, spki=ec.spki)
    a = der.csr(ec, subject=(("CN", "alice"),))
    yield "other-content", a.replace(b"alice", b"admin")


def write(folder, prefix, requests):
    for name, data in requests:
        (folder / f"{prefix}{name}.der").write_bytes(data)


def main():
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    (out / "good").mkdir(parents=True)
    (out / "bad").mkdir()
    with tempfile.TemporaryDirectory() as folder:
        ec, rsa = der.Key(folder, "ec:P-256"), der.Key(folder, "rsa:2048")
        write(out / "good", "", good(folder, ec, rsa))
        write(out / "bad", "csr-", malformed(ec, rsa))
        write(out / "bad", "weak-", weak(folder, ec, rsa))
        write(out / "bad", "signature-", forged(folder, ec, rsa))
    (out / "done").touch()


main()
