"""A CertEnroll client over http.client that lets a test get every detail wrong."""

import base64
import datetime
import hashlib
import hmac
import http.client
import json
import ssl
import subprocess
import urllib.parse
from dataclasses import dataclass, field

import der


def now(offset=0.0, fmt="%Y-%m-%dT%H:%M:%S.%fZ"):
    t = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset)
    return t.strftime(fmt)


@dataclass
class Reply:
    status: int
    headers: dict
    body: bytes
    cookies: list = field(default_factory=list)  # lines of Set-Cookie
    challenges: list = field(default_factory=list)  # lines of WWW-Authenticate

    @property
    def json(self):
        return json.loads(self.body)

    def certificates(self):
        """Certificates of the answer, DER, in the order in which they stand there."""
        raw = base64.b64decode(self.json["Certificates"])
        return pkcs7_certificates(raw)


def pkcs7_certificates(raw):
    text = der.openssl("pkcs7", "-inform", "DER", "-print_certs", stdin=raw).decode()
    out, lines = [], None
    for line in text.splitlines():
        if line == "-----BEGIN CERTIFICATE-----":
            lines = []
        elif line == "-----END CERTIFICATE-----":
            out.append(base64.b64decode("".join(lines)))
            lines = None
        elif lines is not None:
            lines.append(line)
    return out


def certificate_text(cert):
    return der.openssl("x509", "-inform", "DER", "-noout", "-text", "-nameopt", "RFC2253",
                       "-certopt", "ext_parse", stdin=cert).decode(errors="replace")


def subject(cert):
    line = der.openssl("x509", "-inform", "DER", "-noout", "-subject", "-nameopt", "RFC2253,-esc_msb",
                       stdin=cert).decode()
    return line.strip().removeprefix("subject=")


def to_pem(cert):
    return der.openssl("x509", "-inform", "DER", stdin=cert).decode()


def verify_chain(folder, chain):
    """openssl verify of leaf, issuers, root; raises when it does not hold."""
    leaf, root, others = folder / "leaf.pem", folder / "root.pem", folder / "others.pem"
    leaf.write_text(to_pem(chain[0]))
    root.write_text(to_pem(chain[-1]))
    others.write_text("".join(to_pem(c) for c in chain[1:-1]))
    done = subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", root, "-untrusted", others,
                           leaf], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode()


@dataclass
class Client:
    """Requests to one gateway as one user of one application."""

    env: object
    user: str = None
    password: str = None
    app_key: str = None
    secret: bytes = None
    timeout: float = 60.0
    digest: str = "sha1"
    extra: dict = field(default_factory=dict)
    connection: object = None
    url: str = None

    def __post_init__(self):
        var = self.env.var
        self.user = var["GATEHOUSE_USER"] if self.user is None else self.user
        self.password = var["GATEHOUSE_PASSWORD"] if self.password is None else self.password
        self.app_key = var["GATEHOUSE_APP_KEY"] if self.app_key is None else self.app_key
        self.secret = var["GATEHOUSE_APP_SECRET"].encode() if self.secret is None else self.secret
        url = urllib.parse.urlsplit(self.url or var["GATEHOUSE_URL"])
        self.host, self.port = url.hostname, url.port
        self.context = ssl.create_default_context(cafile=var["GATEHOUSE_CAFILE"])

    def connect(self):
        return http.client.HTTPSConnection(self.host, self.port, timeout=self.timeout,
                                           context=self.context)

    def keep(self):
        """Use one kept-alive connection from now on."""
        self.connection = self.connect()
        return self

    def request(self, method, path, body=None, headers=None):
        connection = self.connection or self.connect()
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            reply = Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read(),
                          answer.headers.get_all("Set-Cookie", []), answer.headers.get_all("WWW-Authenticate", []))
        except Exception:
            connection.close()
            raise
        if self.connection is None:
            connection.close()
        return reply

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def signature(self, body):
        return base64.b64encode(hmac.new(self.secret, body, getattr(hashlib, self.digest)).digest()).decode()

    def headers(self, body=b"", **change):
        """Headers of a signed call. change: name with _ for -, None leaves one out."""
        h = {
            "Authorization": "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode(),
            "X-CSS-CMS-AppKey": self.app_key,
            "X-CSS-CMS-Signature": self.signature(body),
            "Content-Type": "application/json",
        }
        h.update(self.extra)
        for k, v in change.items():
            name = k.replace("_", "-")
            for have in [n for n in h if n.lower() == name.lower()]:
                del h[have]
            if v is not None:
                h[name] = v
        return h

    def call(self, path, body, method="POST", **change):
        """Sign and send raw bytes."""
        body = body if isinstance(body, bytes) else body.encode()
        return self.request(method, path, body=body, headers=self.headers(body, **change))

    def enroll(self, csr, template=None, version=3, path=None, timestamp=None, flags=0, metadata=None,
               token=None, **change):
        """Pkcs10 with a DER or text CSR."""
        text = der.b64(csr) if isinstance(csr, bytes) else csr
        request = {"Flags": flags, "TemplateName": template or self.env.var["GATEHOUSE_TEMPLATE"],
                   "Pkcs10Request": text}
        if metadata is not None:
            request["MetadataList"] = metadata
        body = request
        if version == 3:
            body = {"Timestamp": timestamp or now(), "Request": request}
        if token is not None:
            change["X_CSS_CMS_Token"] = token
        return self.call(path or f"/CMSApi/CertEnroll/{version}/Pkcs10", json.dumps(body), **change)
