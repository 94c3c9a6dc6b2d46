"""EST as clients speak it: a device with its key, and what it says over TLS. curl and strongSwan are in the tests themselves."""

import base64
import os
import subprocess
import tempfile

from cryptography import x509

import client
import der
from client import Client
from environment import TOP

PREFIX = "/.well-known/est/"


class Device:
    """One key, and who it says it is: a password, a client certificate (DER chain with its key), or both."""

    def __init__(self, env, password=None, chain=None, key=None, url=None):
        self.env = env
        self.key = key or der.Key(env.scratch, "ec:P-256")
        self.headers = {}
        if password is not None:
            self.headers["Authorization"] = "Basic " + base64.b64encode(":".join(password).encode()).decode()
        self.client = Client(env, url=url)
        self.chain = chain
        if chain is not None:
            fd, path = tempfile.mkstemp(suffix=".pem", dir=env.scratch)
            with os.fdopen(fd, "w") as f:
                f.write("".join(client.to_pem(c) for c in chain))
            self.client.context.load_cert_chain(path, self.key.path)

    def csr(self, subject=(("CN", "device"),), dns=(), **more):
        extensions = [der.extension("subjectAltName", der.san(dns=dns))] if dns else []
        return der.csr(self.key, subject=subject, extensions=extensions, **more)

    def get(self, path, **headers):
        return self.client.get(PREFIX + path, {k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, path, body, kind="application/pkcs10", **headers):
        head = {**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}
        if kind is not None:
            head["Content-Type"] = kind
        return self.client.request("POST", PREFIX + path, body, head)

    def enroll(self, path, csr=None, **headers):
        return self.post(path, base64.b64encode(csr or self.csr()), **headers)


def names_of(cert):
    """Subject (pairs for der.csr) and SAN extension (DER, or None) of a certificate, as they are written in it."""
    parsed = x509.load_der_x509_certificate(cert)
    pairs = [(a.oid.dotted_string, der.tlv(a._type.value, a.value.encode())) for rdn in parsed.subject.rdns for a in rdn]
    try:
        san = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.public_bytes()
    except x509.ExtensionNotFound:
        san = None
    return pairs, san


def certificates(reply):
    """Of a certs-only answer, in their order."""
    return client.pkcs7_certificates(base64.b64decode(reply.body))


def replaced(env, cert):
    """The certificate (DER) that this one took the place of, as its request says; None: none."""
    rows = env.sql("select encode(o.der, 'hex') from certificate c join request q on q.id = c.request_id join certificate o on o.id = q.follows "
                   f"where c.sha256 = sha256(decode('{cert.hex()}', 'hex'))")
    return bytes.fromhex(rows[0][0]) if rows else None


def validate_pal(text):
    """A package list as the schema of RFC 8295 allows it (docs/pal.xsd)."""
    run("xmllint", "--noout", "--schema", TOP / "docs/pal.xsd", "-", stdin=text)


def run(*args, stdin=None, check=True, env=None):
    """Output of a program of somebody else."""
    done = subprocess.run([str(a) for a in args], input=stdin, stdin=None if stdin else subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **(env or {})})
    if check and done.returncode != 0:
        raise AssertionError(f"{args}: {done.stderr.decode(errors='replace')}")
    return done
