#!/usr/bin/python3
"""docs/backup.md, each step as it stands there: the secret files, dump and point-in-time recovery, and what must follow.
Only paths are replaced, and systemctl is a function that starts and stops the servers of the test."""

import json
import os
import re
import shutil
import subprocess
import unittest

import der
import kra_client as kra
import tap
from client import Client
from environment import BUILD, SERVERS, TOP, Environment, read_shell_variables, wait_for

env = Environment("restore", GATEHOUSE_KRA="P-256")
alice, anna, bert = kra.callers(env)
GOOD = der.csr(der.Key(env.scratch, "ec:P-256"))
STATE, BACKUP = env.dir / "state", env.dir / "backup"
DATA = STATE / "postgres" / "data"
for folder in (STATE, STATE / "postgres"):
    folder.chmod(0o711)  # pg_dump and pg_basebackup run as the PostgreSQL user
PAGE = (TOP / "docs" / "backup.md").read_text()
STEPS = dict(re.findall(r"<!-- step: (\S+) -->\n```sh\n(.*?)```", PAGE, re.S))
PATHS = (("/etc/postgresql/15/main", DATA), ("/var/lib/postgresql/15/main", DATA), ("/var/backups", BACKUP),
         ("/etc/gatehouse", STATE))
PRELUDE = f"""
set -eu
systemctl()
{{
	case "$1 $2" in
	'stop gatehouse') '{SERVERS}/gateway.sh' halt '{STATE}' ;;
	'start gatehouse') '{SERVERS}/gateway.sh' run '{STATE}' ;;
	'try-restart gatehouse-kra') ;; # one of the gateway, which starts anew with it
	*) '{SERVERS}/postgres.sh' "$1" '{STATE}/postgres' ;;
	esac
}}
[ "$(id -u)" = 0 ] || {{
	runuser() {{ shift 3; "$@"; }}
	chown() {{ :; }}
	install() {{ while [ $# -gt 0 ]; do case $1 in -d) ;; -m | -o) shift ;; *) mkdir -p "$1" ;; esac; shift; done; }}
}}
"""


def step(name, **replace):
    """A block of the page; its output."""
    text = STEPS[name]
    for old, new in (*replace.items(), *PATHS):
        text = text.replace(old, str(new))
    db = read_shell_variables(STATE / "postgres" / "env")
    done = subprocess.run(["bash", "-c", PRELUDE + text], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, cwd=env.dir,
                          env={**os.environ, "PGHOST": db["PGSOCKETDIR"], "PGUSER": "postgres", "BUILD": str(BUILD),
                               "GATEHOUSE_CONF": str(STATE / "gatehouse.conf"),
                               "PATH": f"{BUILD}:{os.environ['PATH']}"})
    if done.returncode != 0:
        raise AssertionError(f"step {name}: {done.stdout.decode(errors='replace')}")
    return done.stdout.decode()


def enroll():
    """A new certificate, once the gateway has noticed that the database was exchanged."""
    reply = None

    def issued():
        nonlocal reply
        reply = Client(env).enroll(GOOD)
        return reply.status == 200
    wait_for(issued, "an enrollment succeeds")
    return reply.json


def serial(answer):
    return env.sql(f"select hex_upper(serial) from certificate where id = {answer['CMSID']}")[0][0]


def crl():
    """Number, and serials with their reasons, of the newest complete CRL."""
    text = der.openssl("crl", "-noout", "-text", stdin=env.admin("crl", "export", "issuing").encode()).decode()
    number = int(re.search(r"CRL Number: *\n *(\S+)", text).group(1), 0)
    return number, re.findall(r"Serial Number: ([0-9A-F]+)", text)


def keep():
    """What relying parties and the log host have."""
    kept = BACKUP / "gatehouse-kept"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    (kept / "issuing.crl").write_text(env.admin("crl", "export", "issuing"))
    shutil.copy(STATE / "gateway.log", kept / "gateway.log")


class Restore(unittest.TestCase):
    def history(self, backup):
        """Before the backup, after it, and what was given out by then."""
        self.old = enroll()
        self.old_serial = serial(self.old)
        self.key = kra.make_key("P-256")
        self.key_id = alice.archive(self.key)
        self.recovery = alice.approved(self.key_id, anna)
        self.shelve(f"a{self.old['CMSID']}")
        backup()
        self.shelve(f"lost{self.old['CMSID']}")
        self.assertEqual(bert.decide(self.recovery, "rejected").status, 200)
        self.lost_key_id = alice.archive(kra.make_key("P-256"))
        self.lost = enroll()
        self.lost_serial = serial(self.lost)
        self.lost_revoked = enroll()
        self.lost_revoked_serial = serial(self.lost_revoked)
        env.admin("cert", "revoke", self.old["CMSID"], "--reason", "keyCompromise", "--yes")
        env.admin("cert", "revoke", self.lost_revoked["CMSID"], "--reason", "superseded", "--yes")
        self.revoked_at = env.sql(f"select extract(epoch from date_trunc('second', revoked_at)) from revocation where "
                                  f"certificate_id = {self.old['CMSID']}")[0][0]
        env.admin("crl", "issue")
        self.number, listed = crl()
        self.assertIn(self.old_serial, listed)
        self.assertIn(self.lost_revoked_serial, listed)
        keep()

    def shelve(self, value):
        """A value of a field that has an index."""
        if env.count("select count(*) from metadata_field where name = 'Shelf'") == 0:
            env.admin("metadata", "add", "Shelf", "--type", "String")
            env.admin("metadata", "set", "Shelf", "--indexed")
        env.admin("cert", "metadata", "set", self.old["CMSID"], f"Shelf={value}")

    def check_metadata(self):
        """Values, history, the index and the counters are those of the backup, and go on."""
        number, value = self.old["CMSID"], f"a{self.old['CMSID']}"
        self.assertEqual(env.sql("select indisvalid::text, pg_get_userbyid(relowner) = current_user from pg_index join pg_class on pg_class.oid = indexrelid "
                                 "where relname ~ '^certificate_metadata_[0-9]+_text$'"), [["true", "t"]])
        self.assertEqual(env.sql(f"select new #>> '{{}}' from metadata_change where certificate_id = {number}"), [[value]])
        for query in (f'Shelf -eq "{value}"', f'Shelf -startswith "{value}" AND Id -eq {number}'):
            self.assertEqual([c["id"] for c in env.admin("cert", "search", query, "--order-by", "Shelf", "--json")], [number])
        self.assertEqual(env.admin("cert", "search", f'Shelf -eq "lost{number}"', "--json"), [])
        self.assertEqual([f for f in json.loads(env.admin("doctor", "--json", check=False).stdout) if f["code"] == "metadata-index"], [])
        env.admin("db", "counters")
        self.shelve(f"later{number}")
        self.assertEqual([c["id"] for c in env.admin("cert", "search", f'Shelf -eq "later{number}"', "--json")], [number])
        self.assertEqual(len(env.admin("cert", "metadata", "history", number, "--json")), 2)
        env.admin("db", "counters")
        env.admin("metadata", "set", "Shelf", "--no-indexed")
        env.admin("metadata", "set", "Shelf", "--indexed")

    def after(self):
        """The steps that follow each restore, and what they promise."""
        for name in ("gateway.secret", "signer.key", "kra.key"):
            (STATE / name).unlink()
        step("secrets-restore")
        step("check")
        self.assertEqual(env.count(f"select count(*) from certificate where id = {self.lost['CMSID']}"), 0)
        out = step("restored")
        self.assertRegex(out, rf"{self.old_serial} .*keyCompromise .*valid .* yes ")
        self.assertRegex(out, rf"{self.lost_revoked_serial} .*superseded .*unknown .* yes ")
        self.assertRegex(out, rf"{self.lost_serial} .*issued .*unknown .* no ")
        self.assertIn("1 open recoveries of keys have ended", out)
        env.wait_ready()
        self.check_keys()
        self.check_metadata()
        number, listed = crl()
        self.assertGreater(number, self.number + 1000000)
        self.assertIn(self.old_serial, listed)
        self.assertIn(self.lost_revoked_serial, listed)
        self.assertEqual(env.sql("select extract(epoch from date_trunc('second', revoked_at)), reason from revocation "
                                 f"where certificate_id = {self.old['CMSID']}")[0], [self.revoked_at, "1"])
        answer = enroll()
        self.assertGreater(answer["CMSID"], self.lost_revoked["CMSID"] + 900000)
        self.assertGreater(answer["CMSRequestId"], self.lost_revoked["CMSRequestId"] + 900000)
        self.assertIn("intact", step("verify").lower())

    def check_keys(self):
        """What was archived before the backup can be recovered; what was rejected after it cannot be approved now."""
        env.await_each_worker(lambda client: json.loads(client.get("/readyz").body)["kra"] == "up", "the KRA is up")
        self.assertEqual(alice.must(200, "GET", f"/pki/keyrequest/{self.recovery}")["state"], "expired")
        self.assertEqual(bert.decide(self.recovery, "approved").status, 409)
        self.assertEqual(env.count("select count(*) from audit where event = 'key.recovery-expired' and detail like "
                                   f"'request {self.recovery}: the database was restored%'"), 1)
        self.assertEqual(alice.recover(self.key_id, anna, bert), kra.pkcs8(self.key))
        self.assertEqual(alice.send("GET", f"/pki/key/{self.lost_key_id}").status, 404)
        lost = self.lost_key_id.replace("-", "")
        self.assertIn(lost, (BACKUP / "gatehouse-kept" / "gateway.log").read_text())

    def test_0_crl_of_another_ca(self):
        """A CA whose CRL has the serial number of another CA's certificate revokes nothing there."""
        victim = enroll()
        key, cert, list_ = (env.scratch / f"other.{end}" for end in ("key", "pem", "crl"))
        der.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                    "-out", cert, "-subj", "/CN=Other CA", "-days", "30", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        env.admin("ca", "import", "other", "--key", key, "--cert", cert, "--no-urls")
        (env.scratch / "index").write_text(f"R\t400101000000Z\t260101000000Z\t{serial(victim)}\tunknown\t/CN=x\n")
        (env.scratch / "crl.conf").write_text(f"[ca]\ndefault_ca=x\n[x]\ndatabase={env.scratch}/index\n"
                                              "default_md=sha256\ndefault_crl_days=9\n")
        der.openssl("ca", "-gencrl", "-config", env.scratch / "crl.conf", "-cert", cert, "-keyfile", key, "-out", list_)
        found = env.admin("db", "restored", "--yes", "--json", "--margin", "1", "--revoke", "--crl", list_)["forgotten"]
        self.assertEqual([(f["serial"], f["ca"], f["here"]) for f in found], [(serial(victim), "other", "unknown")])
        self.assertEqual(env.sql(f"select status from certificate where id = {victim['CMSID']}")[0][0], "20")

    def test_1_dump(self):
        step("secrets")
        self.history(lambda: step("dump"))
        step("dump-restore")
        self.after()
        again = env.admin("db", "restored", "--yes", "--json", "--margin", "5", "--revoke-unknown", "--log",
                          BACKUP / "gatehouse-kept" / "gateway.log")
        self.assertEqual([(f["serial"], f["here"], f["revoked"]) for f in again["forgotten"]],
                         [(self.lost_serial, "unknown", True)])
        env.admin("crl", "issue")
        self.assertIn(self.lost_serial, crl()[1])

    def test_2_point_in_time(self):
        step("secrets")
        hba = DATA / "pg_hba.conf"
        if "replication" not in hba.read_text():  # as Debian has it
            with hba.open("a") as f:
                f.write("local replication all trust\n")
        step("archive")
        env.wait_ready()
        target = []

        def backup():
            step("base")
            target.append(env.sql("select clock_timestamp() + interval '1 ms'")[0][0])
            wait_for(lambda: env.sql(f"select clock_timestamp() > '{target[0]}'::timestamptz + interval '1 s'")[0][0] == "t",
                     "a second has passed")

        self.history(backup)
        env.sql("drop table revocation cascade")  # what it is all for
        step("base-restore", **{"2026-05-05 14:30:00+00": target[0]})
        wait_for(lambda: env.sql("select pg_is_in_recovery()")[0][0] == "f", "the database is recovered")
        self.after()

    def test_3_steps_are_all_tried(self):
        with open(__file__) as f:
            tried = set(re.findall(r'step\("([a-z-]+)"', f.read()))
        self.assertEqual(tried, set(STEPS))


if __name__ == "__main__":
    env.wait_ready()
    tap.main()
