"""A real Active Directory (Samba) for a test program: tests/servers/samba.sh in a folder of its own under /tmp."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from environment import SERVERS, TOP, read_shell_variables


class Domain:
    """Samba as domain controller; trusts our CAs for log-on after trust()."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="gatehouse-ad-", dir="/tmp"))
        self.dir.chmod(0o755)
        self.state = self.dir / "dc"
        self.run("start")
        self.var = read_shell_variables(self.state / "env")

    def run(self, verb, check=True, **variables):
        # Provisioned once for all runs, in the tree's own var/.
        cache = TOP / "var" / "samba"
        cache.mkdir(parents=True, exist_ok=True)
        done = subprocess.run([str(SERVERS / "samba.sh"), verb, str(self.state)],
                              env={**os.environ, "SAMBA_CACHE": str(cache), **variables},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if check and done.returncode != 0:
            raise RuntimeError(f"samba.sh {verb}: {done.stdout.decode(errors='replace')}")

    def trust(self, pem):
        anchors = self.dir / "anchors.pem"
        anchors.write_text(pem)
        self.run("stop")
        self.run("start", PKINIT_ANCHORS=str(anchors))

    def directory_env(self):
        """The variables that gateway.sh wants of a directory."""
        v = self.var
        pairs = {"LDAP_TYPE": "ad", "LDAP_URI": v["AD_URI"], "LDAP_CAFILE": v["AD_CAFILE"],
                 "LDAP_BIND_DN": v["AD_BIND_DN"], "LDAP_PASSWORD_FILE": v["AD_PASSWORD_FILE"],
                 "LDAP_BASE": v["AD_BASE"], "LDAP_DOMAIN": v["AD_DOMAIN"], "LDAP_REALM": v["AD_REALM"],
                 "LDAP_USER": v["AD_USER"], "LDAP_PASSWORD": v["AD_PASSWORD"]}
        path = self.dir / "directory.env"
        path.write_text("".join(f"{k}='{p}'\n" for k, p in pairs.items()))
        return path

    def hide_sid(self, account):
        """The gateway's account may not read objectSid of this one any more."""
        conf = str(self.state / "dc" / "etc" / "smb.conf")
        reader = subprocess.run(["samba-tool", "user", "show", "svc-gw", "--attributes=objectSid", "-s", conf], check=True,
                                stdout=subprocess.PIPE).stdout.decode().split("objectSid: ")[1].split()[0]
        # schemaIDGUID of objectSid (MS-ADA3)
        ace = f"(OD;;RP;bf9679e8-0de6-11d0-a285-00aa003049e2;;{reader})"
        subprocess.run(["samba-tool", "dsacl", "set", f"--objectdn={account}", f"--sddl={ace}", "-s", conf,
                        "-H", str(self.state / "dc" / "private" / "sam.ldb")], check=True,
                       stdout=subprocess.DEVNULL)

    def remove(self):
        self.run("clean", check=False)
        shutil.rmtree(self.dir, ignore_errors=True)
