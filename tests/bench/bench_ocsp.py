#!/usr/bin/env python3
"""OCSP answers per second beside `openssl ocsp` and `cfssl ocspserve`, on this machine, in one run.

Ours: from the cache (POST, GET, POST over TLS), and signed on demand (each request has a nonce of its own).
cfssl ocspserve serves the same answers, signed beforehand (it cannot sign), by POST only (Debian's answers 400 to each
GET); openssl ocsp signs each answer,
in one process, about certificates of a CA of its own with as many rows. All by plain HTTP unless the row says TLS;
the load generator runs on the same cores. Prints a table and writes var/bench/.

BENCH_SECONDS      length of one measurement, 10 when not set
"""

import base64
import datetime
import http.client
import json
import os
import socket
import subprocess
import sys
import urllib.parse
from pathlib import Path

import bench
from environment import Environment, wait_for

import client
import der
import ocsp

CERTS = 200
CONNECTIONS = [8, 32, 256]
TABLE_HEAD = ("| what | c | per s | p50 ms | p99 ms | errors | CPU us each |\n|---|---|---|---|---|---|---|")
TABLE_ROW = "| {what} | {c} | {per_s:.0f} | {p50_ms:.2f} | {p99_ms:.2f} | {errors} | {cpu_us:.1f} |"


def wrk(folder, url, requests, method, connections, nonce=False):
    result = folder / "result.json"
    result.unlink(missing_ok=True)
    done = subprocess.run(["wrk", "-t", str(min(connections, 2)), "-c", str(connections), "-d",
                           f"{bench.SECONDS}s", "--timeout", "10s", "-s", str(bench.TOP / "tests/bench/ocsp.lua"), url],
                          env={**os.environ, "BENCH_REQUESTS": str(requests), "BENCH_METHOD": method,
                               "BENCH_NONCE": "1" if nonce else "0", "BENCH_RESULT": str(result)},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if not result.exists():
        sys.exit(f"wrk: {done.stdout.decode()}")
    return json.loads(result.read_text())


def measure(what, connections, pids, run):
    before = sum(bench.cpu_us(p) for p in pids)
    r = run()
    spent = sum(bench.cpu_us(p) for p in pids) - before
    good = max(r["requests"] - r["status"], 1)
    row = {"what": what, "c": connections, "per_s": good * 1e6 / r["us"], "p50_ms": r["p50"] / 1000,
           "p99_ms": r["p99"] / 1000, "cpu_us": spent / good,
           "errors": sum(r[k] for k in ("status", "connect", "read", "write", "timeout"))}
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
        self.port = bench.free_port()
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
        self.port = bench.free_port()
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
    gateway = [env.gateway_pid(), bench.postmaster(env)]
    try:
        for c in CONNECTIONS:
            rows.append(measure("cfssl ocspserve, POST", c, [cfssl.process.pid],
                                lambda: wrk(folder, pre, requests.post, "POST", c)))
            rows.append(measure("Gatehouse from cache, GET", c, gateway,
                                lambda: wrk(folder, url, requests.get, "GET", c)))
            rows.append(measure("Gatehouse from cache, POST", c, gateway,
                                lambda: wrk(folder, url, requests.post, "POST", c)))
            rows.append(measure("Gatehouse from cache, POST, TLS", c, gateway,
                                lambda: wrk(folder, tls, requests.post, "POST", c)))
            peer = openssl.start()
            rows.append(measure("openssl ocsp, signs each, POST", c, [openssl.process.pid],
                                lambda: wrk(folder, peer, theirs.nonce, "POST", c, True)))
            rows.append(measure("Gatehouse signs each, POST with nonce", c, gateway,
                                lambda: wrk(folder, url, requests.nonce, "POST", c, True)))
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
    out = bench.TOP / "var" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    print(bench.machine())
    print(TABLE_HEAD)
    rows = run(Environment("bench-ocsp"))
    notes = [f"- {n}" for n in ratios(rows)]
    print("\n".join(notes))
    name = datetime.datetime.now().strftime("%Y%m%d-%H%M%S-ocsp")
    (out / f"{name}.md").write_text("\n".join([bench.machine(), "", TABLE_HEAD, *(TABLE_ROW.format(**r) for r in rows), "",
                                               *notes]) + "\n")
    (out / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n")
    print(f"written to var/bench/{name}.md")


if __name__ == "__main__":
    main()
