"""A CertEnroll server for tests of the client: answers as it is told, remembers what it was sent. Certificates are
made by openssl."""

import base64
import hashlib
import hmac
import http.server
import json
import ssl
import subprocess
import threading
from pathlib import Path

SECRET = b"fake-secret"
HASHES = {20: "sha1", 32: "sha256", 64: "sha512"}


def openssl(*args, data=None):
    return subprocess.run(["openssl", *map(str, args)], input=data, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


class Pki:
    """Root, issuing CA and a TLS certificate for localhost in one folder."""

    def __init__(self, folder):
        self.dir = Path(folder)
        self.dir.mkdir(exist_ok=True)
        ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
        self.make("root", "/CN=Fake Root", ca)
        self.make("ca", "/CN=Fake Issuing", ca, "root")
        self.make("other", "/CN=Other Root", ca)
        self.make("tls", "/CN=localhost", "subjectAltName=DNS:localhost\n", "root")
        self.make("wrongname", "/CN=elsewhere", "subjectAltName=DNS:elsewhere\n", "root")

    def path(self, name):
        return str(self.dir / name)

    def make(self, name, subject, extensions, issuer=None):
        key, csr, crt, ext = (self.path(name + s) for s in (".key", ".csr", ".crt", ".ext"))
        Path(ext).write_text(extensions)
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
                "-keyout", key, "-out", csr)
        sign = ["-signkey", key] if issuer is None else ["-CA", self.path(issuer + ".crt"), "-CAkey",
                                                        self.path(issuer + ".key"), "-CAcreateserial"]
        openssl("x509", "-req", "-in", csr, *sign, "-days", "5", "-extfile", ext, "-out", crt)

    def issue(self, csr_der, cert_only=False):
        """Base64 as the gateway sends it: the certificate, or a PKCS#7 with its chain."""
        leaf = self.path("leaf.crt")
        ext = self.dir / "leaf.ext"
        ext.write_text("basicConstraints=CA:FALSE\nsubjectAltName=otherName:1.3.6.1.4.1.311.20.2.3;UTF8:"
                       "alice@example.com,email:alice@example.com\n")
        csr = openssl("req", "-inform", "DER", data=csr_der)
        openssl("x509", "-req", "-CA", self.path("ca.crt"), "-CAkey", self.path("ca.key"), "-CAcreateserial",
                "-days", "2", "-extfile", ext, "-out", leaf, data=csr)
        if cert_only:
            der = openssl("x509", "-in", leaf, "-outform", "DER")
        else:
            files = [a for name in ("leaf", "ca", "root") for a in ("-certfile", self.path(name + ".crt"))]
            der = openssl("crl2pkcs7", "-nocrl", *files, "-outform", "DER")
        return base64.b64encode(der).decode()


class Call:
    def __init__(self, handler, body):
        self.method, self.path, self.body = handler.command, handler.path, body
        self.headers = handler.headers
        self.signature = handler.headers.get("X-CSS-CMS-Signature", "")

    def is_signed(self):
        mac = base64.b64decode(self.signature)
        return len(mac) in HASHES and hmac.compare_digest(mac, hmac.new(SECRET, self.body, HASHES[len(mac)]).digest())

    def request(self):
        o = json.loads(self.body)
        return o.get("Request", o)


class Gateway:
    """with Gateway(pki) as g: g.script holds functions of a call, one for each call, the last one repeated."""

    def __init__(self, pki, cert="tls"):
        self.pki, self.calls, self.script, self.issued = pki, [], [], {}
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def handle_call(self):
                call = Call(self, self.rfile.read(int(self.headers.get("Content-Length", "0"))))
                gateway.calls.append(call)
                step = gateway.script.pop(0) if len(gateway.script) > 1 else gateway.script[0]
                answer = step(call)
                if answer is None:  # drop the connection without a word
                    self.close_connection = True
                    self.connection.close()
                    return
                status, body, headers = (*answer, {})[:3]
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_GET = handle_call

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki.path(cert + ".crt"), pki.path(cert + ".key"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    # ---- steps ----
    def issue(self, call):
        """The same body gets the same certificate, as the real one answers a replay."""
        if not call.is_signed():
            return 403, {"Message": "signature"}
        name = hashlib.sha256(call.body).hexdigest()
        if name not in self.issued:
            request = call.request()
            self.issued[name] = self.pki.issue(base64.b64decode(request["Pkcs10Request"]), request["Flags"] & 1)
        return 200, self.answer(self.issued[name])

    @staticmethod
    def answer(certificates, disposition="Issued", request_id=17, message=""):
        return {"CMSID": 5 if certificates else 0, "CMSRequestId": request_id, "Certificates": certificates,
                "RequestDisposition": disposition, "DispositionMessage": message}

    def pending(self, call):
        self.kept = base64.b64decode(call.request()["Pkcs10Request"])
        return 200, self.answer("", "Pending")

    def still_pending(self, call):
        return 200, self.answer("", "Pending")

    def decided(self, call):
        if not call.is_signed():
            return 403, {"Message": "signature"}
        return 200, self.answer(self.pki.issue(self.kept))


def busy(call):
    return 503, {"Message": "busy"}, {"Retry-After": "1"}


def drop(call):
    return None
