#!/usr/bin/env python3
"""Who is who: a client certificate belongs to the entry that asked for it or whose SID it has, whatever names people
write into their entries or are given later. Against OpenLDAP and against Active Directory (Samba)."""

import base64
import json
import os
import subprocess
import unittest

import client
import der
import tap
from client import Client
from domain import Domain
from environment import TOP, Environment
from plain_browser import PlainBrowser as Browser

ROLES = 'roles {\n officer_groups = "pki-officers"\n}\n'
domain = Domain()
try:
    company = Environment("names", GATEHOUSE_CONF_EXTRA=ROLES + "directory {\n cache_seconds = 0\n}\n"
                          'gateway {\n client_name = "mail"\n}\nlimits {\n failures = 1000\n}\n')
    active = Environment("names-ad", GATEHOUSE_DIRECTORY_ENV=str(domain.directory_env()),
                         GATEHOUSE_CONF_EXTRA=ROLES + "directory {\n cache_seconds = 0\n}\nlimits {\n failures = 1000\n}\n")
except BaseException:
    domain.remove()
    raise


def run(*args, stdin=None, **env):
    done = subprocess.run(list(map(str, args)), input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, **env})
    assert done.returncode == 0, done.stdout
    return done.stdout


def sid_of(found):
    """objectSid in LDIF as text (MS-DTYP 2.4.2)."""
    raw = base64.b64decode(next(x for x in found.splitlines() if x.startswith("objectSid:: "))[12:])
    subs = (int.from_bytes(raw[8 + 4 * i:12 + 4 * i], "little") for i in range(raw[1]))
    return "-".join(["S-1", str(int.from_bytes(raw[2:8], "big")), *map(str, subs)])


class ForeignCa:
    """Another CA than ours whose client certificates are accepted."""

    def __init__(self, env):
        self.dir = env.scratch / "foreign"
        self.dir.mkdir()
        self.cert, self.key = self.dir / "ca.crt", self.dir / "ca.key"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", "/CN=Another company", "-keyout", self.key, "-out", self.cert)

    def issue(self, csr, san, sid=None, uri=None):
        """PEM of a certificate with these names."""
        if uri is not None:
            san += f"\nURI.1 = {uri}"
        (self.dir / "csr").write_bytes(csr)
        text = f"basicConstraints = CA:FALSE\nextendedKeyUsage = clientAuth\nsubjectAltName = @names\n"
        if sid is not None:
            text += "1.3.6.1.4.1.311.25.2 = ASN1:SEQUENCE:names_of_sid\n"
        text += f"[names]\n{san}\n[names_of_sid]\nname = IMPLICIT:0,SEQUENCE:sid\n[sid]\ntype = OID:1.3.6.1.4.1.311.25.2.1\n"
        text += f"value = EXPLICIT:0,FORMAT:ASCII,OCTETSTRING:{sid}\n"
        (self.dir / "ext").write_text(text)
        return run("openssl", "x509", "-req", "-inform", "DER", "-in", self.dir / "csr", "-CA", self.cert, "-CAkey", self.key,
                   "-CAcreateserial", "-days", "30", "-extfile", self.dir / "ext", stdin="")


class Case(unittest.TestCase):
    env = None
    app = {}                             # another application than the usual one

    @classmethod
    def set_up(cls, template):
        """Trust our own CA and a foreign one for log-in."""
        env = cls.env
        cls.key = der.Key(env.scratch, "ec:P-256")
        cls.foreign = ForeignCa(env)
        cls.template = template
        _, *issuers = cls.enroll_as(*cls.somebody)
        cas = env.scratch / "cas.pem"
        cas.write_text("".join(client.to_pem(c) for c in issuers) + cls.foreign.cert.read_text())
        cls.conf = env.dir / "state" / "gatehouse.conf"
        cls.conf.write_text(cls.conf.read_text().replace("gateway {\n", f'gateway {{\n client_ca = "{cas}"\n', 1))
        cls.restart()

    @classmethod
    def restart(cls):
        cls.env.gateway("halt")
        cls.env.gateway("run")

    @classmethod
    def enroll_as(cls, user, password):
        """Chain of a new certificate; raises when there is none."""
        reply = Client(cls.env, user=user, password=password, **cls.app).enroll(der.csr(cls.key), template=cls.template)
        assert reply.status == 200, reply.body
        return reply.certificates()

    def me(self, *chain):
        """A client that shows this certificate, DER or PEM."""
        path = self.env.scratch / "me.pem"
        path.write_text("".join(c if isinstance(c, str) else client.to_pem(c) for c in chain))
        who = Client(self.env)
        who.context.load_cert_chain(path, self.key.path)
        return who

    def other_certificate(self):
        """Id of a certificate of somebody else, whose status only officers may change."""
        if not hasattr(type(self), "other"):
            leaf, *_ = type(self).enroll_as(*self.somebody)
            type(self).other = int(self.env.sql("select max(id) from certificate where request_id > 0")[0][0])
        return type(self).other

    def log_in(self, *chain):
        """Status of a question that needs a caller."""
        return self.me(*chain).get(f"/pki/certificate/{self.other_certificate()}/status").status

    def change(self, *chain):
        """Status of a change that only an officer may make; it changes nothing for good."""
        body = json.dumps({"status": "hold"}).encode()
        reply = self.me(*chain).request("PUT", f"/pki/certificate/{self.other_certificate()}/status", body,
                                        {"Content-Type": "application/json"})
        self.assertIn(reply.status, (200, 401, 403), reply.body)
        if reply.status == 200:
            self.env.admin("cert", "unrevoke", self.other_certificate())
        return reply.status


class OpenLdap(Case):
    """Names come from mail addresses, which people may write themselves."""

    env = company
    somebody = ("bob", "bob-secret")

    @classmethod
    def setUpClass(cls):
        # as where no SID is at hand: our own records must do
        template = json.loads((TOP / "conf/templates/SMIME.json").read_text())
        template.update(name="Mail", oid="1.3.6.1.4.1.55555.7.1", sid="never", acknowledge=["ESC16"],
                        acknowledgeReason="a directory without SIDs", extendedKeyUsage=["clientAuth", "emailProtection"],
                        keyTypes=[{"type": "EC", "curves": ["P-256"]}])
        template.pop("approval", None)
        path = company.scratch / "mail.json"
        path.write_text(json.dumps(template))
        company.admin("template", "import", path)
        for name in ("key", "secret"):
            (company.scratch / name).write_text(f"the {name} of mails\n")
        company.admin("app", "create", "mails", "--ca", "issuing", "--template", "Mail", "--key-file",
                      company.scratch / "key", "--secret-file", company.scratch / "secret")
        cls.app = {"app_key": base64.b64encode(b"the key of mails").decode(), "secret": b"the secret of mails"}
        company.await_catalog()
        cls.set_up("Mail")

    def ldap(self, program, cn, password, *args, stdin=None):
        return run(program, "-x", "-H", company.var["GATEHOUSE_LDAP_URI"], "-D", f"cn={cn},ou=people,dc=example,dc=test",
                   "-w", password, *args, stdin=stdin, LDAPTLS_CACERT=str(company.dir / "state" / "slapd" / "ca.crt"))

    def edit(self, cn, password, *lines):
        """Somebody changes his own entry."""
        self.ldap("ldapmodify", cn, password, stdin=f"dn: cn={cn},ou=people,dc=example,dc=test\nchangetype: modify\n" +
                  "\n".join(lines) + "\n")

    def test_own_certificate(self):
        chain = self.enroll_as("alice", "alice-secret")
        self.assertEqual(self.log_in(*chain), 200)
        self.assertEqual(self.change(*chain), 403)

    def test_a_taken_mail_address_makes_no_officer(self):
        """erin writes the officer's address into her entry, enrolls, and takes it out again."""
        self.edit("Erin Ellis", "erin-secret", "replace: mail", "mail: carol@example.test")
        try:
            chain = self.enroll_as("erin", "erin-secret")
        finally:
            self.edit("Erin Ellis", "erin-secret", "replace: mail", "mail: erin@example.test")
        self.edit("Carol Clark", "carol-secret", "replace: mail", "mail: carol@example.test")
        try:
            self.assertEqual(self.log_in(*chain), 401)
            self.assertEqual(self.change(*chain), 401)
            own = self.enroll_as("carol", "carol-secret")
            self.assertEqual(self.change(*own), 200)
            # both have it: neither gets a certificate, nor in by one
            self.edit("Erin Ellis", "erin-secret", "replace: mail", "mail: carol@example.test")
            for user in ("erin", "carol"):
                reply = Client(company, user=user, password=f"{user}-secret", **self.app).enroll(der.csr(self.key), template="Mail")
                self.assertEqual(reply.status, 403, reply.body)
            self.assertEqual(self.change(*own), 401)
            self.assertEqual(self.change(*chain), 401)
            self.edit("Erin Ellis", "erin-secret", "replace: mail", "mail: erin@example.test")
            self.assertEqual(self.change(*own), 200)
        finally:
            self.edit("Carol Clark", "carol-secret", "delete: mail")

    def test_foreign_certificate(self):
        """Only a SID binds it; by configuration the name does, and gives no role."""
        self.edit("Carol Clark", "carol-secret", "replace: mail", "mail: carol@example.test")
        try:
            named = self.foreign.issue(der.csr(self.key), "email.1 = carol@example.test")
            sid = sid_of(self.ldap("ldapsearch", "Carol Clark", "carol-secret", "-LLL", "-s", "base", "-b",
                                   "cn=Carol Clark,ou=people,dc=example,dc=test", "objectSid"))
            bound = self.foreign.issue(der.csr(self.key), "email.1 = carol@example.test", sid=sid)
            self.assertEqual(self.log_in(named), 401)
            self.assertEqual(self.change(bound), 200)
            before = self.conf.read_text()
            self.conf.write_text(before.replace("gateway {\n", 'gateway {\n client_mapping = "name"\n', 1))
            self.restart()
            try:
                self.assertEqual(self.log_in(named), 200)
                self.assertEqual(self.change(named), 403)
                self.assertEqual(self.change(bound), 200)
            finally:
                self.conf.write_text(before)
                self.restart()
        finally:
            self.edit("Carol Clark", "carol-secret", "delete: mail")

    def test_old_requests_belong_to_the_entry_and_not_to_the_name(self):
        """uid and principal name move from one to the other: what was alice's stays hers."""
        reply = Client(company, **self.app).enroll(der.csr(self.key), template="Mail")
        number, mine = reply.json["CMSRequestId"], reply.json["CMSID"]
        path = f"/CMSApi/CertEnroll/3/Requests/{number}"
        self.assertEqual(Client(company, **self.app).call(path, b"", method="GET").status, 200)
        self.edit("Alice Adams", "alice-secret", "replace: uid", "uid: alice2")
        try:
            self.edit("Erin Ellis", "erin-secret", "replace: uid", "uid: alice")
            try:
                thief = Client(company, user="alice", password="erin-secret", **self.app)
                self.assertEqual(thief.call(path, b"", method="GET").status, 404)
                body = json.dumps({"status": "revoked"}).encode()
                head = {"Authorization": thief.headers()["Authorization"], "Content-Type": "application/json"}
                self.assertEqual(thief.request("PUT", f"/pki/certificate/{mine}/status", body, head).status, 403)
                she = Client(company, user="alice2", password="alice-secret", **self.app)
                self.assertEqual(she.call(path, b"", method="GET").status, 200)
                head["Authorization"] = she.headers()["Authorization"]
                self.assertEqual(she.request("PUT", f"/pki/certificate/{mine}/status", body, head).status, 200)
            finally:
                self.edit("Erin Ellis", "erin-secret", "replace: uid", "uid: erin")
        finally:
            self.edit("Alice Adams", "alice-secret", "replace: uid", "uid: alice")


class ActiveDirectory(Case):
    env = active
    somebody = ("alice", "Alice.Secret1")

    @classmethod
    def setUpClass(cls):
        cls.set_up("SmartcardLogon")

    def edit(self, cn, *lines):
        """As the domain's administrator."""
        dn = f"CN={cn},CN=Users,DC=ad,DC=test"
        run("ldapmodify", "-x", "-H", domain.var["AD_URI"], "-D", "CN=Administrator,CN=Users,DC=ad,DC=test", "-w",
            "Passw0rd.Test1", stdin=f"dn: {dn}\nchangetype: modify\n" + "\n".join(lines) + "\n",
            LDAPTLS_CACERT=domain.var["AD_CAFILE"])

    def principal(self, cn, name):
        self.edit(cn, "replace: userPrincipalName", f"userPrincipalName: {name}")

    def test_own_certificate(self):
        chain = self.enroll_as("carol", "Carol.Secret1")
        self.assertEqual(self.change(*chain), 200)
        self.assertEqual(self.change(*self.enroll_as("alice", "Alice.Secret1")), 403)

    def test_a_principal_name_that_is_given_away(self):
        """alice leaves, her name goes to carol, an officer: alice's certificate opens nothing more."""
        chain = self.enroll_as("alice", "Alice.Secret1")
        self.assertEqual(self.log_in(*chain), 200)
        # the account name, too, since it implies a principal name, which the domain protects
        self.edit("Alice Test", "replace: sAMAccountName", "sAMAccountName: alice.old")
        self.principal("Alice Test", "alice.old@ad.test")
        try:
            self.principal("Carol Test", "alice@ad.test")
            self.assertEqual(self.log_in(*chain), 401)
            self.assertEqual(self.change(*chain), 401)
            self.assertEqual(self.change(*self.enroll_as("carol", "Carol.Secret1")), 200)
        finally:
            self.principal("Carol Test", "carol@ad.test")
            self.principal("Alice Test", "alice@ad.test")
            self.edit("Alice Test", "replace: sAMAccountName", "sAMAccountName: alice")
        self.assertEqual(self.log_in(*chain), 200)

    def set_password(self, cn, password):
        text = base64.b64encode(f'"{password}"'.encode("utf-16-le")).decode()
        self.edit(cn, "replace: unicodePwd", f"unicodePwd:: {text}")

    def ended(self, reason):
        return active.count(f"select count(*) from audit where event = 'session.ended' and detail = '{reason}'")

    def test_browser_by_password(self):
        """A session ends with the password (pwdLastSet) and with the account."""
        browser, before = Browser(active), self.ended("the password was changed")
        browser.log_in(f"{domain.var['AD_DOMAIN']}\\alice", "Alice.Secret1")
        self.assertTrue(browser.is_logged_in())
        self.set_password("Alice Test", "Alice.Secret2")
        try:
            self.assertFalse(browser.is_logged_in())
            self.assertEqual(self.ended("the password was changed"), before + 1)
            # (the domain itself takes the password before for an hour: docs/sessions.md)
            self.assertEqual(Browser(active).log_in("alice", "Alice.Secret0").status, 401)
            browser.log_in("alice@ad.test", "Alice.Secret2")
            self.assertTrue(browser.is_logged_in())
        finally:
            self.set_password("Alice Test", "Alice.Secret1")
        self.assertFalse(browser.is_logged_in())
        browser.log_in("alice", "Alice.Secret1")
        self.edit("Alice Test", "replace: userAccountControl", "userAccountControl: 514")
        try:
            self.assertFalse(browser.is_logged_in())
            self.assertEqual(browser.log_in("alice", "Alice.Secret1").status, 403)
            self.assertIn("This account is disabled", browser.text)
        finally:
            self.edit("Alice Test", "replace: userAccountControl", "userAccountControl: 512")

    def test_browser_by_certificate(self):
        """The certificate is needed with each request, as it was at the log-in: the cookie alone opens nothing."""
        mine, another = self.enroll_as("carol", "Carol.Secret1"), self.enroll_as("carol", "Carol.Secret1")
        browser = Browser(active, context=self.me(*mine).context)
        browser.get("/login?next=%2Flogin")
        self.assertIn("Log in with this certificate", browser.text)
        self.assertEqual(browser.submit("/login/certificate", follow=False).status, 303)
        self.assertTrue(browser.is_logged_in())
        self.assertIn(f"{domain.var['AD_DOMAIN']}\\carol", browser.get("/login").body.decode())
        without, other = Browser(active), Browser(active, context=self.me(*another).context)
        alice = Browser(active, context=self.me(*self.enroll_as("alice", "Alice.Secret1")).context)
        self.assertNotIn("/login/certificate", without.get("/login").body.decode())
        for thief in (without, other, alice):
            thief.cookies = {**browser.cookies}
            self.assertFalse(thief.is_logged_in())
        self.assertTrue(browser.is_logged_in())  # a thief ends nothing either
        number = active.count("select min(id) from (select id from certificate where request_id > 0 order by id desc limit 3) c")
        active.admin("cert", "revoke", number, "--reason", "keyCompromise", "--yes")
        self.assertFalse(browser.is_logged_in())
        self.assertEqual(self.ended("client certificate is revoked or on hold"), 1)
        browser.get("/login")
        self.assertEqual(browser.submit("/login/certificate").status, 401)

    def test_foreign_certificate(self):
        upn = "otherName.1 = 1.3.6.1.4.1.311.20.2.3;UTF8:carol@ad.test"
        carol = run("ldapsearch", "-x", "-LLL", "-H", domain.var["AD_URI"], "-D", domain.var["AD_BIND_DN"], "-w",
                    domain.var["AD_BIND_PASSWORD"], "-b", domain.var["AD_BASE"], "(sAMAccountName=carol)", "objectSid",
                    LDAPTLS_CACERT=domain.var["AD_CAFILE"])
        sid = sid_of(carol)
        csr = der.csr(self.key)
        alice = domain.var["AD_SID_ALICE"]
        tag = "tag:microsoft.com,2022-09-14:sid:"
        self.assertNotEqual(sid, alice)
        for issued, expected in (({}, 401), ({"sid": sid}, 200), ({"uri": tag + sid}, 200), ({"sid": alice}, 401),
                                 ({"uri": tag + alice}, 401), ({"sid": sid, "uri": tag + alice}, 401),
                                 ({"sid": alice, "uri": tag + sid}, 401)):
            with self.subTest(issued=issued):
                self.assertEqual(self.change(self.foreign.issue(csr, upn, **issued)), expected)


if __name__ == "__main__":
    try:
        tap.main()
    finally:
        company.remove()
        active.remove()
        domain.remove()
