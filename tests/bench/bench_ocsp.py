#!/usr/bin/env python3
"""OCSP answers per second beside `openssl ocsp` and `cfssl ocspserve`, on this machine, in one run.

Ours: from the cache (POST, GET, POST over TLS), and signed on demand (each request has a nonce of its own).
cfssl ocspserve serves the same answers, signed beforehand (it cannot sign), by POST only (Debian's answers 400 to each
GET); openssl ocsp signs each answer, in one process, about certificates of a CA of its own with as many rows. All by
plain HTTP unless the row says TLS; the load generator runs on the same cores. Prints a table and writes var/bench/.

BENCH_SECONDS      length of one measurement, 6 when not set
"""

import base64
import http.client
import os
import socket
import subprocess
import urllib.parse
from pathlib import Path

from measure import SECONDS, cpu_us, errors_of, free_port, machine, postmaster, wrk, write_out

import client
import der
import ocsp
from environment import Environment, wait_for

CERTS = 200
CONNECTIONS = [8, 32, 256]
TABLE_HEAD = ("| what | c | per s | p50 ms | p99 ms | errors | CPU us each |\n|---|---|---|---|---|---|---|")
TABLE_ROW = "| {what} | {c} | {per_s:.0f} | {p50_ms:.2f} | {p99_ms:.2f} | {errors} | {cpu_us:.1f} |"


def run_wrk(folder, url, requests, method, connections, nonce=False):
    return wrk(folder, url, "ocsp.lua", connections, SECONDS, BENCH_REQUESTS=str(requests), BENCH_METHOD=method,
               BENCH_NONCE=str(int(nonce)))


def measure(what, connections, pids, run):
    before = sum(cpu_us(p) for p in pids)
    r = run()
    spent = sum(cpu_us(p) for p in pids) - before
    good = max(r["requests"] - r["status"], 1)
    row = {"what": what, "c": connections, "per_s": good * 1e6 / r["us"], "p50_ms": r["p50"] / 1000,
           "p99_ms": r["p99"] / 1000, "cpu_us": spent / good,
           "errors": errors_of(r)}
    print(TABLE_ROW.format(**row), flush=True)
    return row


class Requests:
    """Files for wrk about the certificates of one issuer."""

    def __init__(self, folder, name, issuer, serials):
        ids = [ocsp.cert_id(issuer, s) for s in serials]
        self.ids = ids
        self.post, self.get, self.nonce = (folder / f"{name}.{k}" for k in ("post", "get", "nonce"))
        plain = [ocsp.request(i) for i in ids]
        self.post.write_text("".join(r.hex() + "\n" for r in plain))
        self.get.write_text("".join("/ocsp/" + urllib.parse.quote(base64.b64encode(r).decode(), safe="") + "\n"
                                    for r in plain))
        self.nonce.write_text("".join(ocsp.request(i, nonce=bytes(16)).hex() + "\n" for i in ids))


def ask(url, raw):
    where = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
    connection.request("POST", "/ocsp", raw, {"Content-Type": "application/ocsp-request"})
    answer = connection.getresponse().read()
    connection.close()
    return answer


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Cfssl:
    """The answers of ours, from its memory."""

    def __init__(self, folder, answers):
        (folder / "responses").write_text("".join(base64.b64encode(a).decode() + "\n" for a in answers))
        self.port = free_port()
        self.process = subprocess.Popen(["cfssl", "ocspserve", "-loglevel", "4", "-address", "127.0.0.1", "-port",
                                         str(self.port), "-responses", folder / "responses"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: is_open(self.port), "cfssl ocspserve answers")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class OpenSsl:
    """A CA of its own with CERTS valid certificates in index.txt."""

    def __init__(self, folder):
        openssl = ["openssl"]
        run = dict(check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run([*openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                        "/CN=peer", "-days", "30", "-keyout", "peer.key", "-out", "peer.pem"], **run)
        self.folder, self.process = folder, None
        self.issuer = subprocess.run([*openssl, "x509", "-in", folder / "peer.pem", "-outform", "DER"], check=True,
                                     stdout=subprocess.PIPE).stdout
        self.serials = [int.from_bytes(os.urandom(16), "big") >> 1 for _ in range(CERTS)]
        (folder / "index.txt").write_text("".join(f"V\t991231000000Z\t\t{s:032X}\tunknown\t/CN={s}\n"
                                                  for s in self.serials))

    def start(self):
        """Anew for each measurement: it does not survive a client that goes away in the middle."""
        self.stop()
        self.port = free_port()
        self.process = subprocess.Popen(["openssl", "ocsp", "-index", "index.txt", "-port", str(self.port), "-rsigner",
                                         "peer.pem", "-rkey", "peer.key", "-CA", "peer.pem", "-ndays", "1", "-ignore_err"],
                                        cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        # a connection without a request would be its end: look for the listening socket instead
        wait_for(lambda: f":{self.port:04X} " in Path("/proc/net/tcp6").read_text() + Path("/proc/net/tcp").read_text(),
                 "openssl ocsp listens")
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def issue(env, folder):
    one = client.Client(env).keep()
    csr = der.csr(der.Key(folder, "ec:P-256"))
    return [ocsp.serial_of(one.enroll(csr).certificates()[0]) for _ in range(CERTS)]


def run(env):
    folder, rows = env.scratch, []
    issuer = bytes.fromhex(env.sql("SELECT encode(chain[1], 'hex') FROM ca WHERE name = 'issuing'")[0][0])
    requests = Requests(folder, "ours", issuer, issue(env, folder))
    url, tls = env.var["GATEHOUSE_HTTP_URL"], env.var["GATEHOUSE_URL"]
    answers = [ask(url, ocsp.request(i)) for i in requests.ids]
    cfssl, openssl = Cfssl(folder, answers), OpenSsl(folder)
    theirs = Requests(folder, "theirs", openssl.issuer, openssl.serials)
    pre = f"http://127.0.0.1:{cfssl.port}"
    gateway = [env.gateway_pid(), postmaster(env)]
    try:
        for c in CONNECTIONS:
            rows.append(measure("cfssl ocspserve, POST", c, [cfssl.process.pid],
                                lambda: run_wrk(folder, pre, requests.post, "POST", c)))
            rows.append(measure("Gatehouse from cache, GET", c, gateway,
                                lambda: run_wrk(folder, url, requests.get, "GET", c)))
            rows.append(measure("Gatehouse from cache, POST", c, gateway,
                                lambda: run_wrk(folder, url, requests.post, "POST", c)))
            rows.append(measure("Gatehouse from cache, POST, TLS", c, gateway,
                                lambda: run_wrk(folder, tls, requests.post, "POST", c)))
            peer = openssl.start()
            rows.append(measure("openssl ocsp, signs each, POST", c, [openssl.process.pid],
                                lambda: run_wrk(folder, peer, theirs.nonce, "POST", c, True)))
            rows.append(measure("Gatehouse signs each, POST with nonce", c, gateway,
                                lambda: run_wrk(folder, url, requests.nonce, "POST", c, True)))
    finally:
        cfssl.stop()
        openssl.stop()
    return rows


def ratios(rows):
    at = {(r["what"], r["c"]): r for r in rows}
    for c in CONNECTIONS:
        ours, pre = at["Gatehouse from cache, POST", c], at["cfssl ocspserve, POST", c]
        signs, peer = at["Gatehouse signs each, POST with nonce", c], at["openssl ocsp, signs each, POST", c]
        yield (f"c = {c}: from cache {ours['per_s'] / pre['per_s']:.1f} x cfssl ocspserve ({pre['cpu_us'] / ours['cpu_us']:.1f} "
               f"x for each CPU second); signed {signs['per_s'] / peer['per_s']:.1f} x openssl ocsp "
               f"({peer['cpu_us'] / signs['cpu_us']:.1f} x)")


def main():
    title = machine(f"{SECONDS} s each")
    print(f"{title}\n{TABLE_HEAD}")
    rows = run(Environment("bench-ocsp"))
    notes = [f"- {n}" for n in ratios(rows)]
    print("\n".join(notes))
    write_out("ocsp-", "\n".join([title, "", TABLE_HEAD, *(TABLE_ROW.format(**r) for r in rows), "", *notes]), rows)


if __name__ == "__main__":
    main()
