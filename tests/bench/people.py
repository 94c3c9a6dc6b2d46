"""People in the directory of a Gatehouse, so that each enrollment is by somebody else. Their names stand among those of
inventory_rows.py, at random: what an index has in the order of names is written all over it."""

import base64
import os
import random
import struct
import subprocess

from environment import read_shell_variables
from servers import Gatehouse

PEOPLE = 2000  # the gateway keeps 4096 log-ins
FOLDER = "ou=bench,ou=pki,dc=example,dc=test"  # the gateway's account may write there
PERSON = """dn: cn={cn},{folder}
objectClass: inetOrgPerson
objectClass: testAccount
uid: {user}
cn: {cn}
sn: {cn}
sAMAccountName: {user}
userPassword: {user}-secret
userAccountControl: 512
mail: {mail}
userPrincipalName: {user}@example.test
objectSid:: {sid}
objectGUID:: {guid}

"""


class People:
    def __init__(self, env, rows, base):
        at = random.Random(1)
        self.names = []
        text = f"dn: {FOLDER}\nobjectClass: organizationalUnit\nou: bench\n\n"
        for n in range(PEOPLE):
            i = base + at.randrange(rows)
            user = f"user{n * 5000 // PEOPLE}"
            sid = struct.pack("<BB6s5L", 1, 5, b"\0\0\0\0\0\5", 21, 1, 2, 3, 100000 + n)
            text += PERSON.format(cn=f"host{i}.{n}", folder=FOLDER, user=user, mail=f"admin{i}@d{i % 500}.example.com",
                                  sid=base64.b64encode(sid).decode(), guid=base64.b64encode(struct.pack("<4L", 7, 7, 7, n)).decode())
            self.names.append(user)
        var = read_shell_variables(env.dir / "state" / "slapd" / "env")
        done = subprocess.run(["ldapadd", "-c", "-x", "-H", var["LDAP_URI"], "-D", var["LDAP_BIND_DN"], "-w", var["LDAP_BIND_PASSWORD"]],
                              input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              env={**os.environ, "LDAPTLS_CACERT": var["LDAP_CAFILE"]})
        assert done.returncode in (0, 68), done.stderr.decode()[-2000:]  # they are there already

    def authorization(self, n):
        """Of somebody: the same one for the same number."""
        user = self.names[n * 1049 % PEOPLE]
        return "Basic " + base64.b64encode(f"{user}:{user}-secret".encode()).decode()


class ByPeople(Gatehouse):
    """Each request by another person."""

    name = "Gatehouse, by many people"

    def __init__(self, env, folder, people):
        super().__init__(env, folder)
        self.people = people

    def lines(self, total):
        for i, line in enumerate(super().lines(total)):
            yield line.rstrip(b"\n") + b"\t" + self.people.authorization(i).encode() + b"\n"
