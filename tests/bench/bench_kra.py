#!/usr/bin/env python3
"""make bench ONLY=kra: keys archived, recovered and made per second, on this machine, in one run.

An archival is POST /pki/keyrequest/archive of a wrapped P-256 key. A recovery is POST /pki/keyrequest/recovery by an agent who
needs nobody else (kra.approvals = 1): request, approval and the wrapped key in one call, two commits. A key that the KRA makes
(POST /pki/keyrequest/generate) is archived and given out in one call; a PKCS#12 comes from CertEnroll, with its certificate.
Beside them `openssl genpkey` and `openssl pkcs12 -export` alone, one process for each key or file, and as many at once as there
are processors: what is left is ours. Kept-alive TLS, Basic (login cached). The load generator runs on the same cores. Prints a
table and writes var/bench/.

BENCH_SECONDS      length of one measurement, 6 when not set
BENCH_CONNECTIONS  numbers of connections, "1 8 32" when not set
BENCH_ALGORITHMS   keys of the KRA, "P-256 RSA-3072" when not set
"""

import base64
import concurrent.futures
import hmac
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from measure import SECONDS, cpu_us, errors_of, machine, postmaster, wrk, write_out
from servers import Gatehouse

import client
import der
import kra_client as kra
from cryptography import x509
from environment import Environment
from person import Person

CONNECTIONS = [int(c) for c in os.environ.get("BENCH_CONNECTIONS", "1 8 32").split()]
ALGORITHMS = os.environ.get("BENCH_ALGORITHMS", "P-256 RSA-3072").split()
BODIES = 100
KEYS = {"P-256": ("EC", "ec_paramgen_curve:P-256", {"key_type": "EC", "key_size": 256}),
        "RSA-2048": ("RSA", "rsa_keygen_bits:2048", {"key_type": "RSA", "key_size": 2048})}
PKCS12 = "openssl pkcs12 -export, 200000 rounds"
TABLE_HEAD = ("| what | keys of the KRA | c | per s | p50 ms | p99 ms | errors | CPU us each | of it the KRA | PostgreSQL CPU us each |\n"
              "|---|---|---|---|---|---|---|---|---|---|")
TABLE_ROW = ("| {what} | {kra} | {c} | {per_s:.0f} | {p50_ms:.2f} | {p99_ms:.2f} | {errors} | {cpu_us:.0f} | {kra_cpu_us} | "
             "{pg_cpu_us} |")


class Work:
    """Calls of one kind."""

    def __init__(self, what, path, who, bodies, **headers):
        self.what, self.path, self.bodies = what, path, list(bodies)
        self.headers = {"Content-Type": "application/json", "Authorization": who.basic, **headers}
        reply = who.client.request("POST", path, self.bodies[0], self.headers)
        assert reply.status < 300, (what, reply.status, reply.body)

    def write(self, folder):
        for n in (1, 2):  # threads of wrk
            half = self.bodies[n - 1::2] or self.bodies
            (folder / f"bodies.{n}").write_bytes(b"".join(b"\t" + b + b"\n" for b in half))
        return folder / "bodies"


class Pkcs12(Work):
    """Each call has a Timestamp of its own, and a signature: a repeated one would get the recorded answer."""

    def __init__(self, env, name, wish):
        self.ours, self.request = Gatehouse(env, env.scratch), {"Flags": 0, "TemplateName": "User", "Pkcs12Password": "correct horse battery",
                                                               "KeyType": wish["key_type"], "KeyLength": wish["key_size"]}
        self.secret, self.number = env.var["GATEHOUSE_APP_SECRET"].encode(), 0
        who = Person(env.var["GATEHOUSE_USER"], env.var["GATEHOUSE_PASSWORD"], env)
        line = self.line()
        super().__init__(f"Pkcs12, {name}", "/CMSApi/CertEnroll/3/Pkcs12", who, [line.partition(b"\t")[2]],
                         **self.ours.headers, **{"X-CSS-CMS-Signature": line.partition(b"\t")[0].decode()})
        del self.headers["X-CSS-CMS-Signature"]

    def line(self):
        self.number += 1
        stamp = client.now(fmt="%Y-%m-%dT%H:%M:%S")
        body = json.dumps({"Timestamp": f"{stamp}.{self.number:09d}Z", "Request": self.request}).encode()
        return base64.b64encode(hmac.digest(self.secret, body, "sha1")) + b"\t" + body

    def write(self, folder):
        for n in (1, 2):
            (folder / f"bodies.{n}").write_bytes(b"".join(self.line() + b"\n" for _ in range(500 * SECONDS)))
        return folder / "bodies"


def encode(value):
    return json.dumps(value).encode()


def archivals(transport):
    for _ in range(BODIES):
        key = kra.make_key("P-256")
        yield encode({"kind": "private_key", "public_key": kra.b64(kra.spki(key.public_key())),
                      **kra.wrapped_secret(transport, kra.pkcs8(key))})


def archived(person, bodies):
    for body in bodies:
        reply = person.post("/pki/keyrequest/archive", body)
        assert reply.status == 201, reply.body
        yield reply.json["key_id"]


def works(env):
    """What is measured of one gateway."""
    alice = Person(env.var["GATEHOUSE_USER"], env.var["GATEHOUSE_PASSWORD"], env)
    carol = Person("carol", "carol-secret", env)
    transport = x509.load_der_x509_certificate(
        alice.get("/pki/config/kra/cert/transport", Accept="application/pkix-cert").body).public_key()
    bodies = list(archivals(transport))
    yield Work("archival, P-256", "/pki/keyrequest/archive", alice, bodies)
    yield Work("recovery, P-256", "/pki/keyrequest/recovery", carol,
               (encode({"key_id": key_id, **kra.Receiver(transport).body}) for key_id in archived(alice, bodies)))
    for name, (_, _, wish) in KEYS.items():
        yield Work(f"generated and archived, {name}", "/pki/keyrequest/generate", alice,
                   (encode({**wish, "archive": True, **kra.Receiver(transport).body}) for _ in range(BODIES)))
    for name, (_, _, wish) in KEYS.items():
        yield Pkcs12(env, name, wish)


def measure(env, algorithm, work, connections):
    folder = env.scratch
    prefix = work.write(folder)
    kra_pid = next(pid for pid, line in env.processes("gatehouse-signer") if "--role kra" in line)
    pids = {"cpu_us": env.gateway_pid(), "kra_cpu_us": kra_pid, "pg_cpu_us": postmaster(env)}
    before = {name: cpu_us(pid) for name, pid in pids.items()}
    r = wrk(folder, env.var["GATEHOUSE_URL"], "enroll.lua", connections, SECONDS, BENCH_BODIES=str(prefix), BENCH_PATH=work.path,
            BENCH_REPEAT="1", BENCH_SIGNED=str(int(isinstance(work, Pkcs12))), BENCH_HEADERS="\n".join(f"{k}: {v}" for k, v in work.headers.items()))
    spent = {name: cpu_us(pid) - before[name] for name, pid in pids.items()}
    good = max(r["requests"] - r["status"], 1)
    return {"what": work.what, "kra": algorithm, "c": connections, "per_s": good * 1e6 / r["us"], "p50_ms": r["p50"] / 1000,
            "p99_ms": r["p99"] / 1000, "errors": errors_of(r), "cpu_us": spent["cpu_us"] / good,
            "kra_cpu_us": f"{spent['kra_cpu_us'] / good:.0f}", "pg_cpu_us": f"{spent['pg_cpu_us'] / good:.0f}"}


class OpenSsl:
    """A command of openssl, one process for each run."""

    def __init__(self, what, *command):
        self.what, self.command = what, ["openssl", *command]

    def run(self):
        """Its seconds."""
        begin = time.monotonic()
        subprocess.run(self.command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.monotonic() - begin


def openssls(folder):
    for name, (algorithm, option, _) in KEYS.items():
        yield OpenSsl(f"openssl genpkey, {name}", "genpkey", "-algorithm", algorithm, "-pkeyopt", option)
    key, cert = der.Key(folder, "ec:P-256"), folder / "cert.pem"
    der.openssl("req", "-x509", "-key", key.path, "-subj", "/CN=x", "-out", cert)
    yield OpenSsl(PKCS12, "pkcs12", "-export", "-inkey", key.path, "-in", cert, "-iter", "200000", "-passout", "pass:x")


def measure_openssl(peer, connections):
    at_once = min(connections, os.cpu_count())
    begin, cpu = time.monotonic(), os.times()

    def until_end(_):
        times = []
        while time.monotonic() < begin + SECONDS:
            times.append(peer.run())
        return times
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        times = sorted(t for some in pool.map(until_end, range(at_once)) for t in some)
    spent, after = time.monotonic() - begin, os.times()
    used = after.children_user + after.children_system - cpu.children_user - cpu.children_system
    return {"what": peer.what, "kra": "", "c": at_once, "per_s": len(times) / spent, "p50_ms": statistics.median(times) * 1000,
            "p99_ms": times[int(len(times) * 0.99)] * 1000, "errors": 0, "cpu_us": used * 1e6 / len(times), "kra_cpu_us": "",
            "pg_cpu_us": ""}


def show(row):
    print(TABLE_ROW.format(**row), flush=True)
    return row


def bench(algorithm):
    env = Environment("bench-kra", GATEHOUSE_KRA=algorithm, GATEHOUSE_CONF_EXTRA="""
kra { approvals = 1 }
roles { agent_groups = "pki-officers" }
""")
    try:
        for work in works(env):
            for c in CONNECTIONS:
                yield show(measure(env, algorithm, work, c))
    finally:
        env.remove()


def ratios(rows):
    """What a key from the KRA costs beside the key alone, and a PKCS#12 beside key and PKCS#12 alone."""
    alone = {r["what"]: r["cpu_us"] for r in rows if not r["kra"]}
    for r in rows:
        key = alone.get("openssl genpkey, " + r["what"].rpartition(" ")[2])
        if r["kra"] and key and not r["what"].startswith(("archival", "recovery")):
            is_file = r["what"].startswith("Pkcs12")
            yield (f"{r['what']}, KRA {r['kra']}, c = {r['c']}: {r['cpu_us'] / (key + alone[PKCS12] * is_file):.2f} x the CPU time of "
                   f"openssl genpkey{' and openssl pkcs12' if is_file else ''}")


def main():
    title = machine(f"{SECONDS} s each")
    print(f"{title}\n{TABLE_HEAD}")
    with tempfile.TemporaryDirectory() as folder:
        rows = [show(measure_openssl(peer, c)) for peer in openssls(Path(folder)) for c in (1, os.cpu_count())]
    for algorithm in ALGORITHMS:
        rows += bench(algorithm)
    notes = [f"- {n}" for n in ratios(rows)]
    print("\n".join(notes))
    write_out("kra-", "\n".join([title, "", TABLE_HEAD, *(TABLE_ROW.format(**r) for r in rows), "", *notes]), rows)


if __name__ == "__main__":
    main()
