"""An EST server that is not ours, and behaves as others do (notes of RFC 8951's authors and of libest): base64 wrapped at 76 with CRLF,
no Content-Transfer-Encoding, a new connection for each call, Digest. It can lie, wait and stop in each place. The
openssl command signs."""

import base64
import functools
import hashlib
import http.server
import pathlib
import re
import ssl
import subprocess
import threading

import der


def openssl(*words, data=None):
    done = subprocess.run(["openssl", *map(str, words)], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@functools.cache
def tls_key():
    """One for all servers of a program: it takes longer to make than most of its tests take."""
    return openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")


class Authority:
    """A root, and what it signs."""

    def __init__(self, folder, name):
        self.key, self.cert = folder / f"{name}.key", folder / f"{name}.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-out",
                self.cert, "-subj", f"/CN={name}", "-days", 30, "-addext", "keyUsage=critical,keyCertSign")

    def sign(self, csr, days=10, server=False, usage=None):
        """csr: DER."""
        extensions = self.cert.parent / "server.ext"
        extensions.write_text(f"extendedKeyUsage={usage}\n" if usage else "subjectAltName=DNS:localhost\n")
        words = ["-extfile", extensions] if server or usage else ["-copy_extensions", "copy"]
        return openssl("x509", "-req", "-inform", "DER", "-CA", self.cert, "-CAkey", self.key, "-days", days, "-outform", "DER",
                       *words, data=csr)

    def sign_between(self, csr, begin, end):
        """begin and end: YYYYMMDDHHMMSSZ."""
        folder = self.cert.parent / "ca"
        folder.mkdir(exist_ok=True)
        (folder / "index").write_text("")
        (folder / "conf").write_text(f"[ca]\ndefault_ca=x\n[x]\ndatabase={folder}/index\nnew_certs_dir={folder}\nrand_serial=yes\n"
                                     "default_md=sha256\npolicy=p\ncopy_extensions=copy\n[p]\ncommonName=supplied\n")
        request = folder / "request.pem"
        request.write_bytes(openssl("req", "-inform", "DER", data=csr))
        pem = openssl("ca", "-batch", "-config", folder / "conf", "-cert", self.cert, "-keyfile", self.key, "-in", request,
                      "-startdate", begin, "-enddate", end, "-notext")
        return openssl("x509", "-outform", "DER", data=pem)

    def fingerprint(self):
        text = openssl("x509", "-in", self.cert, "-noout", "-fingerprint", "-sha256").decode()
        return text.strip().split("=")[1]


class KeyGenerator:
    """Makes keys, and signs them (RFC 5958, RFC 7030, 4.4.2): key and certificate of an authority."""

    def __init__(self, folder, authority, usage="1.3.6.1.5.5.7.3.32"):
        self.folder, self.key, self.cert = folder, folder / "kga.key", folder / "kga.pem"
        csr = openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-subj", "/CN=maker of keys", "-outform", "DER")
        self.cert.write_bytes(openssl("x509", "-inform", "DER", data=authority.sign(csr, usage=usage)))

    def signed(self, *keys, content_type="2.16.840.1.101.2.1.2.78.5"):
        """SignedData of an AsymmetricKeyPackage with these keys."""
        (self.folder / "package").write_bytes(der.seq(*keys))
        info = openssl("cms", "-sign", "-binary", "-nodetach", "-econtent_type", content_type, "-signer", self.cert, "-inkey", self.key,
                       "-md", "sha256", "-outform", "DER", "-in", self.folder / "package")
        return info[info.index(b"\xa0", 13) + 4:]

    def enveloped(self, signed, *recipient):
        """In BER; recipient: options of `openssl cms -encrypt`, which says id-data where it should say id-signedData."""
        (self.folder / "signed").write_bytes(signed)
        info = openssl("cms", "-encrypt", "-binary", "-stream", "-aes256", "-outform", "DER", "-in", self.folder / "signed", *recipient)
        return info.replace(der.oid("1.2.840.113549.1.7.1"), der.oid("1.2.840.113549.1.7.2"))


def certs_only(*ders):
    pems = b"".join(openssl("x509", "-inform", "DER", data=d) for d in ders)
    path = pathlib.Path("/dev/stdin")
    return openssl("crl2pkcs7", "-nocrl", "-certfile", path, "-outform", "DER", data=pems)


class OtherEstServer:
    USER, PASSWORD, REALM, NONCE = "printer-7", "once only", "est", "3ab"

    def __init__(self, folder, version=ssl.TLSVersion.TLSv1_2):
        self.folder, self.ca = folder, Authority(folder, "other-root")
        self.seen, self.pending, self.status, self.extra_cas, self.signer = [], 0, 0, [], self.ca
        self.raw = self.raw_key = None
        self.protect = None  # what becomes of a key in DER that it makes
        self.beside = []     # certificates that come with the one of an answer, before it
        self.pages = {}  # path below /.well-known/est -> body
        self.digest, self.wrong_key, self.validity = False, False, None
        (folder / "tls.key").write_bytes(tls_key())
        csr = openssl("req", "-new", "-key", folder / "tls.key", "-subj", "/CN=localhost", "-outform", "DER")
        (folder / "tls.pem").write_bytes(openssl("x509", "-inform", "DER", data=self.ca.sign(csr, server=True)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "tls.pem", folder / "tls.key")
        context.load_verify_locations(self.ca.cert)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.maximum_version = version
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients that went away
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def root_der(self):
        return openssl("x509", "-in", self.ca.cert, "-outform", "DER")

    def handler(self):
        other = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def send(self, status, body=b"", kind="application/pkcs7-mime", **headers):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            def send_der(self, data):
                text = base64.encodebytes(data).replace(b"\n", b"\r\n")
                self.send(200, other.raw if other.raw is not None else text)

            def send_key(self, csr):
                """As libest: a preamble, wrapped base64, PKCS#8."""
                key = other.folder / "made.key"
                openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
                subject = openssl("req", "-inform", "DER", "-noout", "-subject", "-nameopt", "compat", data=csr).decode()
                made = openssl("req", "-new", "-key", key, "-subj", subject.strip().removeprefix("subject="), "-outform", "DER")
                pkcs8 = openssl("pkcs8", "-topk8", "-nocrypt", "-in", key, "-outform", "DER")
                body = b"This is a preamble.\r\n"
                kind = b"application/pkcs8"
                if other.protect is not None:
                    kind, pkcs8 = b"application/pkcs7-mime; smime-type=server-generated-key", other.protect(pkcs8)
                for kind, data in ((kind, pkcs8), (b"application/pkcs7-mime; smime-type=certs-only",
                                                  certs_only(*other.beside, other.signer.sign(made)))):
                    body += b"--estServer\r\nContent-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                    body += base64.encodebytes(data).replace(b"\n", b"\r\n")
                body += b"--estServer--\r\nand more\r\n"
                self.send(200, other.raw_key if other.raw_key is not None else body, "multipart/mixed ; boundary=estServer")

            def do_GET(self):
                other.seen.append(("GET", self.path, dict(self.headers), b"", None))
                page = other.pages.get(self.path.removeprefix("/.well-known/est"))
                if page is not None:
                    return self.send(200, page, "application/json")
                if not self.path.endswith("/cacerts"):
                    return self.send(404, b"no such thing", "text/plain")
                self.send_der(certs_only(other.root_der(), *other.extra_cas))

            def authenticated(self):
                given = self.headers.get("Authorization", "")
                if self.connection.getpeercert():
                    return True
                if other.digest:
                    p = dict(re.findall(r'(\w+)="?([^",]*)"?', given))
                    h = lambda *w: hashlib.sha256(":".join(w).encode()).hexdigest()
                    wanted = h(h(other.USER, other.REALM, other.PASSWORD), other.NONCE, p.get("nc", ""), p.get("cnonce", ""),
                               "auth", h("POST", self.path))
                    return p.get("response") == wanted
                return given == "Basic " + base64.b64encode(f"{other.USER}:{other.PASSWORD}".encode()).decode()

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                binding = None
                if self.connection.version() == "TLSv1.2":
                    binding = self.connection.get_channel_binding("tls-unique")
                other.seen.append(("POST", self.path, dict(self.headers), body, binding))
                if not self.authenticated():
                    kind = f'Digest realm="{other.REALM}", nonce="{other.NONCE}", algorithm=SHA-256, qop="auth"'
                    return self.send(401, b"who?", "text/plain",
                                     WWW_Authenticate=kind if other.digest else 'Basic realm="est"')
                if other.status:
                    return self.send(other.status, b"not you,\x1b[31m printer\n", "text/plain")
                if other.pending:
                    other.pending -= 1
                    return self.send(202, b"", "text/plain", Retry_After="1")
                if self.path.endswith("/return"):
                    return self.send(204)
                csr = base64.b64decode(body)
                if self.path.endswith("/serverkeygen"):
                    return self.send_key(csr)
                if other.wrong_key:
                    csr = openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=x", "-outform", "DER")
                cert = other.signer.sign_between(csr, *other.validity) if other.validity else other.signer.sign(csr)
                self.send_der(certs_only(*other.beside, cert))

        return Handler
