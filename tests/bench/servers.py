"""The servers that bench.py measures: Gatehouse, cfssl from Debian, and step-ca, which peers.py builds.

Each is started when it is made, on a free port of this machine. Requests are unique where the server refuses a repeated
one, and they are made beforehand."""

import base64
import hmac
import json
import re
import socket
import subprocess
from pathlib import Path

import peers
from measure import free_port, wrk, wrk_threads

import client
import der
from environment import wait_for

CSRS = 64
RATE_MAX = 8000  # prepared requests for each second; more than this machine can do
CFSSL_SCHEMA = """
create table certificates (serial_number bytea not null, authority_key_identifier bytea not null,
	ca_label bytea, status bytea not null, reason int, expiry timestamptz, revoked_at timestamptz,
	pem bytea not null, primary key (serial_number, authority_key_identifier));
"""


def certificate_requests(folder, **csr):
    return [der.csr(der.Key(folder, "ec:P-256"), **csr) for _ in range(CSRS)]


class Server:
    """What all have in common. A subclass sets name, folder, url, path and pid, that of its first process."""

    signed = False  # each request has a signature in a header of its own
    repeats = False  # requests are sent again when there are no more
    rate_max = RATE_MAX
    headers = {"Content-Type": "application/json"}
    log = process = None

    def lines(self, total):
        """Lines for enroll.lua; total of them, or fewer when they may be sent again."""
        raise NotImplementedError

    def load(self, connections, seconds, total=None, is_fresh=False):
        """A run of wrk, prepared: a function that makes it. total: how many requests are prepared. is_fresh: the server
        hangs up after each, and wrk resumes no session."""
        prefix, threads = self.folder / "bodies", wrk_threads(connections)
        files = [open(f"{prefix}.{t + 1}", "wb") for t in range(threads)]
        for i, line in enumerate(self.lines(total or self.rate_max * seconds)):
            files[i % threads].write(line)
        for f in files:
            f.close()
        headers = {**self.headers, "Connection": "close"} if is_fresh else self.headers
        return lambda: wrk(self.folder, self.url, "enroll.lua", connections, seconds, BENCH_BODIES=str(prefix),
                           BENCH_PATH=self.path, BENCH_HEADERS="\n".join(f"{k}: {v}" for k, v in headers.items()),
                           BENCH_SIGNED=str(int(self.signed)), BENCH_REPEAT=str(int(self.repeats)))

    def start(self, *command):
        """Start it, its output into a file, and wait until it accepts connections."""
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([str(c) for c in command], stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL)
        self.pid = self.process.pid
        wait_for(self.accepts, f"{self.name} accepts connections")

    def accepts(self):
        assert self.process.poll() is None, (self.folder / "log").read_text(errors="replace")
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.log.close()


class Gatehouse(Server):
    """The whole path: kept-alive TLS, HMAC-SHA1, Basic (login cached), template, directory attributes (cached),
    signature by the signer process, one commit of request, certificate, metadata, replay mark and audit row, PKCS#7
    answer."""

    name = "Gatehouse"
    signed = True
    path = "/CMSApi/CertEnroll/3/Pkcs10"

    def __init__(self, env, folder):
        self.env, self.folder, self.pid = env, folder, env.gateway_pid()
        self.url = env.var["GATEHOUSE_URL"]
        self.csrs = [der.b64(c) for c in certificate_requests(folder)]
        basic = f"{env.var['GATEHOUSE_USER']}:{env.var['GATEHOUSE_PASSWORD']}".encode()
        self.headers = {**Server.headers, "X-CSS-CMS-AppKey": env.var["GATEHOUSE_APP_KEY"],
                        "Authorization": "Basic " + base64.b64encode(basic).decode()}

    def lines(self, total):
        """A new Timestamp for each, hence a new signature."""
        secret, template = self.env.var["GATEHOUSE_APP_SECRET"].encode(), self.env.var["GATEHOUSE_TEMPLATE"]
        stamp = client.now(fmt="%Y-%m-%dT%H:%M:%S")
        for i in range(total):
            body = (f'{{"Timestamp":"{stamp}.{i:09d}Z","Request":{{"Flags":0,"TemplateName":"{template}",'
                    f'"Pkcs10Request":"{self.csrs[i % CSRS]}",'
                    f'"MetadataList":{{"Department":"D{i % 50}","Cost-Center":{i % 900}}}}}}}').encode()
            yield base64.b64encode(hmac.digest(secret, body, "sha1")) + b"\t" + body + b"\n"


# --- peers ---------------------------------------------------------------------------------------
def database(env, name, schema=""):
    """A database in Gatehouse's PostgreSQL for a peer; the folder of the socket."""
    host = re.search(r"host='?([^ ']+)", env.var["GATEHOUSE_DB"]).group(1)
    psql = ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-h", host]
    subprocess.run([*psql, "-U", "postgres", "-d", "postgres", "-c", f'create database "{name}" owner gatehouse'],
                   check=True)
    subprocess.run([*psql, "-U", "gatehouse", "-d", name, "-c", schema], check=True)
    return host


def issuing_ca(folder, algorithm):
    """root.pem, ca.pem and ca.key: a root, and an issuing CA with a key of the algorithm."""
    root, ca = der.Key(folder, "ec:P-256"), der.Key(folder, "rsa:2048" if algorithm == "RSA-2048" else "ec:P-256")
    (folder / "ext").write_text("basicConstraints = critical, CA:TRUE, pathlen:0\nkeyUsage = critical, keyCertSign\n"
                                "subjectKeyIdentifier = hash\n")
    der.openssl("req", "-x509", "-key", root.path, "-subj", "/CN=root", "-days", "3650", "-out", folder / "root.pem")
    request = der.openssl("req", "-new", "-key", ca.path, "-subj", "/CN=issuing")
    der.openssl("x509", "-req", "-CA", folder / "root.pem", "-CAkey", root.path, "-days", "3650", "-extfile",
                folder / "ext", "-set_serial", "2", "-out", folder / "ca.pem", stdin=request)
    (folder / "ca.key").write_bytes(Path(ca.path).read_bytes())


class Cfssl(Server):
    """cfssl of Debian with PostgreSQL: plain HTTP, no user, signature, one INSERT."""

    name, path, repeats = "cfssl", "/api/v1/cfssl/sign", True

    def __init__(self, env, folder, algorithm):
        self.folder, self.port = folder, free_port()
        self.csrs = certificate_requests(folder)
        self.url = f"http://127.0.0.1:{self.port}"
        source = f"host={database(env, 'cfssl', CFSSL_SCHEMA)} dbname=cfssl user=gatehouse sslmode=disable"
        (folder / "db.json").write_text(json.dumps({"driver": "postgres", "data_source": source}))
        (folder / "config.json").write_text(json.dumps({"signing": {"default": {
            "usages": ["digital signature", "client auth"], "expiry": "8760h"}}}))
        issuing_ca(folder, algorithm)
        self.start("cfssl", "serve", "-loglevel", "4", "-address", "127.0.0.1", "-port", self.port, "-ca",
                   folder / "ca.pem", "-ca-key", folder / "ca.key", "-config", folder / "config.json", "-db-config",
                   folder / "db.json")

    def lines(self, total):
        return [f"\t{json.dumps({'certificate_request': der.pem(c)})}\n".encode() for c in self.csrs]


class StepCa(Server):
    """step-ca with PostgreSQL: kept-alive TLS; a JWK provisioner's one-time token for each call; as `step ca init` sets
    it up, but for the database and the lifetime. Two transactions for each: the token's mark, the certificate."""

    name, path = "step-ca", "/1.0/sign"
    rate_max = 4000  # each token is a signature
    provisioner = "bench"

    def __init__(self, env, folder, algorithm):
        program = peers.step_ca()
        self.tokens = peers.step_tokens()
        self.folder, self.port = folder, free_port()
        self.csrs = [json.dumps(der.pem(c)) for c in certificate_requests(folder)]
        self.url = f"https://127.0.0.1:{self.port}"
        self.key = der.Key(folder, "ec:P-256")
        issuing_ca(folder, algorithm)
        (folder / "ca.json").write_text(json.dumps(self.config(database(env, "step"))))
        self.start(program, folder / "ca.json")

    def config(self, host):
        x, y = (base64.urlsafe_b64encode(n).decode().rstrip("=") for n in (self.key.spki[-64:-32], self.key.spki[-32:]))
        jwk = {"use": "sig", "kty": "EC", "kid": self.provisioner, "crv": "P-256", "alg": "ES256", "x": x, "y": y}
        claims = {"maxTLSCertDuration": "8760h", "defaultTLSCertDuration": "8760h"}
        provisioner = {"type": "JWK", "name": self.provisioner, "key": jwk, "claims": claims}
        return {"root": f"{self.folder}/root.pem", "crt": f"{self.folder}/ca.pem", "key": f"{self.folder}/ca.key",
                "address": f"127.0.0.1:{self.port}", "dnsNames": ["127.0.0.1"], "logger": {"format": "text"},
                "db": {"type": "postgresql", "dataSource": f"postgresql:///step?host={host}&user=gatehouse"},
                "authority": {"provisioners": [provisioner]}}

    def lines(self, total):
        tokens = subprocess.run([self.tokens, self.key.path, self.provisioner, "https://127.0.0.1/1.0/sign", "whatever",
                                 str(total)], check=True, stdout=subprocess.PIPE).stdout.decode().split()
        return (f'\t{{"csr":{self.csrs[i % CSRS]},"ott":"{t}"}}\n'.encode() for i, t in enumerate(tokens))
