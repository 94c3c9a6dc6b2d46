#!/usr/bin/env python3
"""make check-install: the packages on a stranger's machine, a fresh Debian 12 that systemd has booted.

	check_install.py [WORD...]	only the tests whose name contains a word; KEEP=1 keeps the machines' files

Needs root, systemd-nspawn, debootstrap and what make deb has built. Machines live in a network namespace of their own."""

import os
import re
import shlex
import subprocess
import sys
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests" / "install"), str(TOP / "tests" / "e2e")]
import tap  # noqa: E402
from machine import Machine, Shell, wait_for  # noqa: E402
from pages import blocks  # noqa: E402

DEB = TOP / "build" / "deb"
PACKAGES = ("gatehouse-client", "gatehouse-signer", "gatehouse")
# What a machine may want to install: what our packages depend on, and what the documents tell to install.
WANTED = ["kore", "ca-certificates", "libconfuse2", "libcrypt1", "libcurl4", "libjansson4", "libldap-2.5-0", "libpq5",
          "libssl3", "postgresql", "curl", "openssl", "git", "make"]
WANTED += [line.split()[0] for line in (TOP / "conf/packages.txt").read_text().splitlines()
           if line and not line.startswith("#") and {"build", "run", "demo"} & set(line.split()[1:])]
SIGNER_KEY = "/etc/gatehouse/signer.key"
HEALTH = "curl --silent --show-error --insecure https://localhost:8443"


def deb(name, folder=DEB):
    found = [p for p in folder.glob(f"{name}_*.deb")]
    if len(found) != 1:
        sys.exit(f"{folder}: {len(found)} packages {name}; make deb")
    return found[0]


def isolate():
    """Again, in namespaces of our own: all that is started ends with this process, and no port of the host is touched."""
    if os.geteuid() != 0:
        sys.exit("check-install: needs root, for systemd-nspawn")
    if os.environ.get("CHECK_INSTALL_BASE"):
        return
    base = subprocess.run([TOP / "tests/install/base.sh", *WANTED], check=True, stdout=subprocess.PIPE)
    os.environ["CHECK_INSTALL_BASE"] = base.stdout.decode().strip()
    os.execvp("unshare", ["unshare", "--net", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
                          'ip link set lo up && exec "$@"', "sh", sys.executable, "-B", *sys.argv])


class OnMachine(unittest.TestCase):
    """The tests of a class share a machine and run in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.m = Machine(os.environ["CHECK_INSTALL_BASE"], cls.__name__.lower())
        cls.addClassCleanup(cls.m.end)
        cls.m.boot()

    def run(self, result=None):
        """A step that failed makes the later ones fail at once."""
        before = len(result.failures)
        super().run(result)
        if len(result.failures) > before:
            type(self).failed = type(self).failed or self.id()

    failed = None

    def setUp(self):
        if self.failed:
            self.fail(f"after {self.failed}")

    def install(self, *names):
        for name in names:
            self.m.copy(deb(name), "/root")
        return self.m.run("apt-get install --yes --no-install-recommends " + " ".join(f"./{deb(n).name}" for n in names)).text

    def is_active(self, unit="gatehouse"):
        return self.m.output(f"systemctl is-active {unit}") == "active"

    def ready(self):
        return self.m.output(f"{HEALTH}/readyz")

    def main_pid(self, unit="gatehouse"):
        return self.m.output(f"systemctl show --property MainPID --value {unit}")


class Client(OnMachine):
    def test_client_alone(self):
        self.install("gatehouse-client")
        version = self.m.output("gatehouse --version")
        self.assertRegex(version, r"^gatehouse \d+\.\d+\.\d+$")
        self.assertIn("--csr", self.m.run("gatehouse enroll --help").text)
        refused = self.m.run("gatehouse enroll --url https://localhost:1 --app-key AA== --user x --password-file /dev/null "
                             "--app-secret s --template User --out-dir /root/out", check=False)
        self.assertIn(refused.returncode, (1, 2), refused.text)
        self.assertNotIn("gatehouse.conf", refused.text)
        # nothing of a server
        self.assertEqual(self.m.output("getent passwd gatehouse gatehouse-signer"), "")
        self.assertFalse((self.m.root / "etc/gatehouse").exists())
        # both completions are where the shells look
        self.assertIn("_gatehouse", self.m.output(
            ". /usr/share/bash-completion/completions/gatehouse && complete -p gatehouse"))
        self.assertTrue((self.m.root / "usr/share/zsh/vendor-completions/_gatehouse").exists())


class Packages(OnMachine):
    """Installed, configured by hand, started, upgraded, removed, purged."""

    def table(self):
        """Owners and modes of the files that are there, and what conf/gatehouse.tmpfiles says of each."""
        wrong = []
        for line in (TOP / "conf/gatehouse.tmpfiles").read_text().splitlines():
            if not line or line.startswith("#"):
                continue
            _, pattern, mode, user, group, _ = line.split()
            for found in self.m.output(f"stat --format '%n %04a %U %G' {pattern} 2>/dev/null").splitlines():
                if found.split()[1:] != [mode, user, group]:
                    wrong.append(f"{found}, not {mode} {user} {group}")
        return wrong

    def clusters(self):
        return self.m.output("pg_lsclusters --no-header; md5sum /etc/postgresql-common/* /etc/postgresql/*/*/*.conf; "
                             "cd /; runuser -u postgres -- psql -Atc 'SELECT rolname FROM pg_roles ORDER BY 1'")

    def test_1_installation_touches_nothing_of_the_host(self):
        self.m.run("apt-get install --yes postgresql curl")
        before = self.clusters()
        self.assertIn("online", before)
        count = int(self.m.output("dpkg-query -W | wc -l"))
        self.install(*PACKAGES)
        self.assertEqual(self.clusters(), before)
        self.assertLess(int(self.m.output("dpkg-query -W | wc -l")) - count, 60)
        self.assertEqual(self.m.output("command -v gcc cc clang"), "")    # Debian's kore recommends a compiler
        for user in ("gatehouse", "gatehouse-signer", "gatehouse-kra"):
            self.assertRegex(self.m.output(f"getent passwd {user}"), "/nonexistent:/usr/sbin/nologin$")
        self.assertEqual(self.table(), [])

    def test_2_services_wait_for_their_configuration(self):
        for unit in ("gatehouse", "gatehouse-signer"):
            self.assertEqual(self.m.output(f"systemctl is-enabled {unit}"), "enabled")
            self.m.run(f"systemctl start {unit}")
            self.assertEqual(self.m.output(f"systemctl is-active {unit}"), "inactive")
            self.m.run(f"systemd-analyze verify --man=no {unit}.service")
        # whoever wants a KRA enables it
        self.assertEqual(self.m.run("systemctl is-enabled gatehouse-kra", check=False).text.strip(), "disabled")
        self.m.run("systemd-analyze verify --man=no gatehouse-kra.service")
        self.assertEqual(self.m.output("systemctl --failed --quiet --no-legend"), "")

    def configure(self):
        """As an administrator without our set-up command: files of root's, modes as they come."""
        sample = (self.m.root / "usr/share/gatehouse/gatehouse.conf.sample").read_text()
        for old, new in (('conninfo = "host=/run/postgresql dbname=gatehouse"',
                          'conninfo = "host=localhost dbname=gatehouse user=gatehouse passfile=/etc/gatehouse/pgpass"'),
                         ('# bind_dn = ""', 'bind_dn = "gatehouse@example.com"'),
                         ('# password_file = ""', 'password_file = "/etc/gatehouse/ldap.password"')):
            self.assertEqual(sample.count(old), 1, old)
            sample = sample.replace(old, new)
        self.m.write("/etc/gatehouse/gatehouse.conf", sample, 0o600)
        self.m.write("/etc/gatehouse/ldap.password", "Secret1\n", 0o600)
        self.m.write("/etc/gatehouse/pgpass", "localhost:*:*:*:Secret2\n", 0o600)
        self.certificate("first")
        self.m.run("cd /; runuser -u postgres -- psql -qc \"CREATE ROLE gatehouse LOGIN PASSWORD 'Secret2'\" && "
                   "runuser -u postgres -- createdb --owner gatehouse gatehouse")

    def certificate(self, name):
        self.m.run(f"""umask 077; cd /etc/gatehouse/tls && rm -f new.* &&
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -days 30 \
                -addext subjectAltName=DNS:localhost -keyout new.key -out new.pem 2>/dev/null &&
            mv new.key server.key && mv new.pem server.pem""")

    def subject(self):
        return self.m.output("openssl s_client -connect localhost:8443 </dev/null 2>/dev/null | "
                             "openssl x509 -noout -subject")

    def test_3_start_with_files_as_root_wrote_them(self):
        self.configure()
        self.m.run("gatehouse init --base-url http://pki.example.com --templates /usr/share/gatehouse/templates")
        self.m.run("gatehouse conf check")
        self.m.run("systemctl start gatehouse")   # ready when it returns
        self.assertTrue(self.is_active("gatehouse-signer"))
        self.assertEqual(self.m.run(f"{HEALTH}/healthz -o /dev/null -w '%{{http_code}}'").text, "200")
        self.assertEqual(self.table(), [])
        wait_for(lambda: '"database":"up"' in self.ready() and '"signer":"up"' in self.ready(), "database and signer")
        self.assertEqual(self.m.output("systemctl --failed --quiet --no-legend"), "")
        self.assertIn("ready: https://", self.m.journal("gatehouse"))

    def test_4_as_many_workers_as_cores(self):
        workers = self.m.output("pgrep --count --full '^kore .wrk'")
        self.assertEqual(int(workers), min(len(os.sched_getaffinity(0)), 8))

    def test_5_users_and_bounds(self):
        for unit, user in (("gatehouse", "gatehouse"), ("gatehouse-signer", "gatehouse-signer")):
            pid = self.main_pid(unit)
            self.assertEqual(self.m.output(f"ps -o user:32= -p {pid}"), user)
            limits = self.m.output(f"systemctl show --property TasksMax,MemoryMax {unit}")
            self.assertNotIn("infinity", limits)
        # the gateway's unit does not see the signer's key, even as root
        inside = f"nsenter --target {self.main_pid()} --mount --"
        self.assertEqual(self.m.output(f"{inside} cat {SIGNER_KEY} | wc -c"), "0")
        self.assertEqual(self.m.run(f"{inside} cat /etc/gatehouse/gateway.secret | wc -c").text.strip(), "65")

    def test_6_certificate_is_replaced_under_the_running_service(self):
        self.assertIn("first", self.subject())
        pid = self.main_pid()
        self.certificate("second")
        self.m.run("systemd-tmpfiles --create gatehouse.conf")
        wait_for(lambda: "second" in self.subject(), "the new certificate")
        self.assertEqual(self.main_pid(), pid)
        self.assertEqual(self.table(), [])

    def test_7_starts_without_database_and_finds_it_later(self):
        self.m.run("systemctl stop postgresql")
        for _ in range(6):                        # more often than systemd's limit of starts
            self.m.run("systemctl restart gatehouse")
        self.assertTrue(self.is_active())
        wait_for(lambda: '"database":"down"' in self.ready(), "database down")
        self.m.run("systemctl start postgresql")
        wait_for(lambda: '"database":"up"' in self.ready(), "database up")

    def test_8_never_gives_up(self):
        self.m.run("mv /etc/gatehouse/tls/server.key /root/kept.key")
        self.assertNotEqual(self.m.run("systemctl restart gatehouse", check=False).returncode, 0)
        wait_for(lambda: int(self.m.output("systemctl show --property NRestarts --value gatehouse")) > 5, "six more starts")
        self.assertIn("server.key", self.m.journal("gatehouse"))
        self.m.run("mv /root/kept.key /etc/gatehouse/tls/server.key")
        wait_for(self.is_active, "the service")

    def upgrade(self):
        """The same packages under a higher version number, as an upgrade."""
        self.count = getattr(self, "count", 0) + 1
        out = self.m.dir / f"upgrade{self.count}"
        out.mkdir()
        for name in PACKAGES:
            tree = self.m.dir / "tree"
            subprocess.run(["dpkg-deb", "-R", deb(name), tree], check=True)
            control = tree / "DEBIAN/control"
            version = re.search(r"(?m)^Version: (.*)$", control.read_text()).group(1)
            control.write_text(control.read_text().replace(version, f"{version}+{self.count}"))
            subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, out / f"{name}_{version}+{self.count}_all.deb"],
                           check=True, stdout=subprocess.DEVNULL)
            subprocess.run(["rm", "-rf", tree], check=True)
        for file in out.iterdir():
            self.m.copy(file, f"/root/{out.name}")
        return self.m.run(f"apt-get install --yes /root/{out.name}/*.deb").text

    def test_90_upgrade_restarts_both(self):
        before = self.main_pid(), self.main_pid("gatehouse-signer")
        self.upgrade()
        wait_for(self.is_active, "the service")
        after = self.main_pid(), self.main_pid("gatehouse-signer")
        self.assertTrue(set(before).isdisjoint(after), f"{before} {after}")
        self.assertEqual(self.table(), [])
        # a database that is not as the new version needs it: what runs goes on
        self.m.run("runuser -u postgres -- psql -qc 'ALTER TABLE schema_migration RENAME TO away' gatehouse")
        self.count = 1
        self.assertIn("gatehouse db migrate", self.upgrade())
        self.assertEqual((self.main_pid(), self.main_pid("gatehouse-signer")), after)
        self.m.run("runuser -u postgres -- psql -qc 'ALTER TABLE away RENAME TO schema_migration' gatehouse")

    def test_91_remove_and_purge_keep_secrets(self):
        files = self.m.output("find /etc/gatehouse -type f -exec sha256sum {} + | sort")
        self.assertIn(SIGNER_KEY, files)
        self.m.run("apt-get remove --yes 'gatehouse*'")
        self.assertEqual(self.m.output("pgrep --list-full --full 'gatehouse|kore'"), "")
        said = self.m.run("apt-get purge --yes 'gatehouse*'").text
        self.assertIn("/etc/gatehouse is kept", said)
        self.assertEqual(self.m.output("find /etc/gatehouse -type f -exec sha256sum {} + | sort"), files)
        self.assertIn("gatehouse", self.m.output("cd /; runuser -u postgres -- psql -Atc 'SELECT datname FROM pg_database'"))
        self.assertEqual(self.m.output("systemctl --failed --quiet --no-legend"), "")
        self.assertEqual(self.m.output("systemctl list-unit-files --quiet --no-legend 'gatehouse*'"), "")

    def test_92_installed_again_it_runs_on(self):
        self.install(*PACKAGES)
        wait_for(self.is_active, "the service")
        wait_for(lambda: '"database":"up"' in self.ready(), "database up")


class OnPage(OnMachine):
    def tried(self, page, instead=None):
        """Run the blocks of a page; the first one, a reader's own values, may be replaced. What they printed."""
        shell, printed = Shell(self.m, self.folder), []
        todo = blocks(TOP / page)
        if instead:
            todo[0].text = instead
        for block in todo:
            if "skip" in block.options:
                continue
            text, status = shell.run(block.text)
            self.assertEqual(status, 0, f"{block.where}\n{block.text}\n{text[-3000:]}")
            self.assertRegex(text, block.options.get("says", "(?s).*"), block.where)
            printed.append(text)
        shell.close()
        return "\n".join(printed)

    def unpack_tree(self, folder):
        target = self.m.root / folder.lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        subprocess.run(f"git ls-files -z | tar -c --null -T - -f - | tar -x -C {shlex.quote(str(target))} -f -",
                       shell=True, check=True, cwd=TOP)


class Readme(OnPage):
    folder = "/root/gatehouse"

    def test_1_every_block(self):
        self.m.run("apt-get install --yes --no-install-recommends git make")
        self.unpack_tree(self.folder)
        for name in PACKAGES:
            self.m.copy(deb(name), f"{self.folder}/build/deb")
        self.tried("README.md")

    def test_2_the_host_is_as_it_was(self):
        """What make demo changed for the time of its installations."""
        self.m.run("cmp /usr/share/postgresql-common/createcluster.conf /etc/postgresql-common/createcluster.conf")
        self.assertEqual(self.m.output("ls /usr/sbin/policy-rc.d 2>/dev/null"), "")


class Quickstart(OnPage):
    """A page from the first block to the last, with a directory at another address."""
    folder = "/root/reader"

    def reader_has(self, ca, password, user_password):
        for name in PACKAGES:
            self.m.copy(deb(name), self.folder)
        self.m.write(f"{self.folder}/directory-ca.pem", Path(ca).read_text())
        self.m.write(f"{self.folder}/directory.password", Path(password).read_text(), 0o600)
        self.m.write(f"{self.folder}/user.password", user_password + "\n", 0o600)

    def server(self, script, address=()):
        """One of tests/servers, outside the machine, in its network; its variables."""
        where = self.m.dir / script
        subprocess.run(["bash", TOP / f"tests/servers/{script}.sh", "start", where, *address], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env={**os.environ, "SAMBA_CACHE": str(TOP / "var/samba")})
        self.addClassCleanup(subprocess.run, ["bash", TOP / f"tests/servers/{script}.sh", "stop", where], check=True)
        text = subprocess.run(["bash", "-c", f"set -a; . {where}/env; env -0"], check=True, stdout=subprocess.PIPE)
        return dict(v.split("=", 1) for v in text.stdout.decode().split("\0") if "=" in v)

    def promised(self, text):
        self.assertRegex(text, r"(?m) 0 errors$")
        self.assertRegex(text, r"password .* \(shown this once\)")
        self.assertRegex(text, r"(?m)^first/cert.pem: revoked$")
        self.m.run(f"cd {self.folder} && openssl verify -CAfile root.pem -untrusted first/chain.pem first/cert.pem")
        # and on a machine that is started again
        self.m.run("systemctl restart gatehouse-signer gatehouse && gatehouse doctor")
        self.assertEqual(self.m.output("systemctl --failed --quiet --no-legend"), "")


class QuickstartAd(Quickstart):
    def test_page(self):
        ad = self.server("samba", ["127.0.0.10"])
        self.m.write("/etc/hosts", "127.0.0.1 localhost pki.corp.example\n127.0.0.10 dc1.ad.test\n")
        self.reader_has(ad["AD_CAFILE"], ad["AD_PASSWORD_FILE"], ad["AD_PASSWORD"])
        self.promised(self.tried("docs/quickstart-ad.md", "DC=dc1.ad.test\nACCOUNT=svc-gw@ad.test\n"
                                 f"SOMEBODY={ad['AD_USER']}\nNAME=pki.corp.example"))


class QuickstartOpenldap(Quickstart):
    def test_page(self):
        slapd = self.server("slapd")
        self.m.write("/etc/hosts", "127.0.0.1 localhost pki.example.com\n")
        self.reader_has(slapd["LDAP_CAFILE"], slapd["LDAP_PASSWORD_FILE"], slapd["LDAP_PASSWORD"])
        self.promised(self.tried("docs/quickstart-openldap.md", f"SERVER={slapd['LDAP_URI'].removeprefix('ldaps://')}\n"
                                 f"ACCOUNT='{slapd['LDAP_BIND_DN']}'\nSOMEBODY={slapd['LDAP_USER']}\nNAME=pki.example.com"))


if __name__ == "__main__":
    isolate()
    tap.main()
