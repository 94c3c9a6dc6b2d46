#!/usr/bin/env python3
"""Log-ins of browsers: who gets in, what a session is worth, and what ends it. docs/sessions.md"""

import os
import re
import signal
import socket
import subprocess
import time
import unittest
import urllib.parse

import tap
from client import Client
from environment import COUNT_BCRYPT, Environment, read_shell_variables, wait_for
from person import Person
from plain_browser import PlainBrowser as Browser

env = Environment("sessions", GATEHOUSE_PRELOAD=str(COUNT_BCRYPT), GATEHOUSE_CONF_EXTRA="""
directory { cache_seconds = 2 bind_cache_seconds = 2 }
roles { officer_groups = "pki-officers" }
limits { failures = 1000 }
""")
ADMIN = env.var["GATEHOUSE_ADMIN_USER"], env.var["GATEHOUSE_ADMIN_PASSWORD"]
ALICE = "alice", "alice-secret"


def logged_in(who=ALICE, **more):
    browser = Browser(env, **more)
    browser.log_in(*who)
    assert browser.cookie, browser.text[:1000]
    return browser


def audit(event, detail="%"):
    return env.count(f"select count(*) from audit where event = '{event}' and coalesce(detail, '') like '{detail}'")


class LogIn(unittest.TestCase):
    def test_user_and_administrator(self):
        for who, name in ((ALICE, "EXAMPLE\\alice"), (("alice@example.test", "alice-secret"), "EXAMPLE\\alice"), (ADMIN, ADMIN[0])):
            browser = Browser(env)
            self.assertFalse(browser.is_logged_in())
            before = audit("login.succeeded", "by password")
            reply = browser.log_in(*who, follow=False)
            self.assertEqual((reply.status, reply.headers["location"]), (303, "/"))
            self.assertRegex(browser.cookie, "^[0-9a-f]{64}$")
            self.assertEqual(audit("login.succeeded", "by password"), before + 1)
            self.assertIn(name, browser.get("/login").body.decode())
            self.assertTrue(browser.is_logged_in())

    def test_wrong_password_is_told_on_the_page(self):
        for user in ("alice", ADMIN[0], "nobody"):
            browser = Browser(env)
            before = audit("auth.failed")
            reply = browser.log_in(user, "wrong <secret>")
            self.assertEqual(reply.status, 401)
            self.assertNotIn("www-authenticate", reply.headers)
            self.assertIn("User name or password is wrong.", browser.text)
            self.assertEqual(browser.form("/login").fields["user"], user)
            self.assertNotIn("secret&gt;", browser.text)
            self.assertIsNone(browser.cookie)
            self.assertEqual(audit("auth.failed"), before + 1)
            self.assertEqual(browser.submit("/login", user=user, password="").status, 401)

    def test_log_out(self):
        browser, other = logged_in(), logged_in()
        stolen, before = browser.cookie, audit("logout")
        self.assertEqual(browser.submit("/logout", follow=False).headers["location"], "/")
        self.assertIsNone(browser.cookie)
        self.assertEqual(audit("logout"), before + 1)
        browser.cookies["__Host-gatehouse"] = stolen
        self.assertFalse(browser.is_logged_in())
        self.assertTrue(other.is_logged_in())
        third = logged_in()
        third.get("/login")
        third.submit("/logout")  # the last form: everywhere
        self.assertFalse(other.is_logged_in())

    def test_next(self):
        browser = Browser(env)
        browser.get("/login?next=%2Fstatic%2Fstyle.css%3Fx%3D1%26y")
        reply = browser.submit("/login", follow=False, user=ALICE[0], password=ALICE[1])
        self.assertEqual(reply.headers["location"], "/static/style.css?x=1&y")
        # logged in: at once
        self.assertEqual(browser.send("GET", "/login?next=/static/style.css").headers["location"], "/static/style.css")

    def test_api_knows_no_cookie(self):
        browser = logged_in(ADMIN)
        for path in ("/pki/audit", "/pki/requests", "/pki/profiles", "/pki/keys"):
            reply = browser.send("GET", path, headers={"X-CSRF-Token": browser.form("/logout").fields["csrf"]
                                                       if path == "/pki/audit" else None})
            self.assertEqual(reply.status, 401, path)


class Attackers(unittest.TestCase):
    def refused(self, cookie):
        browser = Browser(env)
        browser.cookies["__Host-gatehouse"] = cookie
        self.assertFalse(browser.is_logged_in(), cookie)
        reply = browser.send("POST", "/logout", {"csrf": "0" * 64})
        self.assertEqual((reply.status, reply.headers["location"]), (303, "/login"), cookie)

    def test_cookies_that_are_none(self):
        real = logged_in()
        cookie = real.cookie
        last = "0" if cookie[-1] != "0" else "1"
        for other in ("", "0" * 64, "f" * 64, cookie[:-1] + last, cookie[:-1], cookie + "0", cookie.upper() if cookie.upper() != cookie
                      else "A" * 64, "../../etc/passwd", "'; drop table session; --", "x" * 4000, cookie + "; __Host-gatehouse=" + cookie):
            self.refused(other)
        self.assertTrue(real.is_logged_in())
        # the id of the row, which a reader of the database has
        self.refused(env.sql("select encode(id, 'hex') from session order by created_at desc limit 1")[0][0])

    def test_an_id_from_before_is_never_logged_in(self):
        """Session fixation: whatever cookie was there, the log-in makes another one."""
        browser, planted = Browser(env), "ab" * 32
        browser.cookies["__Host-gatehouse"] = planted
        browser.log_in(*ALICE)
        self.assertNotEqual(browser.cookie, planted)
        self.refused(planted)

    def test_log_in_while_logged_in(self):
        browser, before = logged_in(), audit("session.ended", "another log-in here")
        first = browser.cookie
        browser.send("GET", "/login", headers={"Cookie": None})
        browser.cookies["__Host-gatehouse"] = first
        browser.submit("/login", user=ADMIN[0], password=ADMIN[1])
        self.assertIn(ADMIN[0], browser.get("/login").body.decode())
        self.assertEqual(audit("session.ended", "another log-in here"), before + 1)
        self.refused(first)

    def test_tokens(self):
        browser, other = logged_in(), logged_in()
        token = browser.get("/login") and browser.form("/logout").fields["csrf"]
        others = other.get("/login") and other.form("/logout").fields["csrf"]
        before = audit("access.denied")
        for wrong in (None, "", "0" * 64, others, token[:-1], token + "0", token.upper()):
            reply = browser.send("POST", "/logout", {} if wrong is None else {"csrf": wrong})
            self.assertEqual(reply.status, 403, wrong)
        self.assertEqual(audit("access.denied"), before + 7)
        # as a header, which no form can send
        self.assertTrue(browser.is_logged_in())
        self.assertEqual(browser.send("POST", "/logout", {}, headers={"X-CSRF-Token": token}).status, 303)
        self.assertFalse(browser.is_logged_in())

    def test_log_in_form_of_somebody_else(self):
        """Log-in CSRF: an attacker's form, with the attacker's own token, in the victim's browser."""
        attacker, victim = Browser(env), Browser(env)
        attacker.get("/login")
        fields = {**attacker.form("/login").fields, "user": ALICE[0], "password": ALICE[1]}
        before = env.count("select count(*) from session")
        self.assertEqual(victim.send("POST", "/login", fields).status, 403)
        victim.get("/login")
        for csrf in (fields["csrf"], "", "0" * 64):
            self.assertEqual(victim.send("POST", "/login", {**fields, "csrf": csrf}).status, 403)
            self.assertEqual(victim.send("POST", "/login/certificate", {"csrf": csrf}).status, 403)
        self.assertEqual(env.count("select count(*) from session"), before)

    def test_pages_of_other_sites(self):
        browser = logged_in()
        browser.get("/login")
        token = browser.form("/logout").fields["csrf"]
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
                        {"Origin": "null"}, {"Sec-Fetch-Site": None, "Origin": "https://evil.example"}):
            for path, fields in (("/logout", {"csrf": token}), ("/login", {"user": "alice", "password": "alice-secret"})):
                cookies = "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
                self.assertEqual(browser.send("POST", path, fields, headers={**headers, "Cookie": cookies}).status, 403)
        self.assertTrue(browser.is_logged_in())

    def test_where_to_go_next(self):
        for where in ("//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "javascript:alert(1)", "", "evil",
                      "/\t/evil.example", "/%0d%0aSet-Cookie:%20x=y", "/a\r\nLocation: https://evil.example", "/\x00", "/ä", "/" + "a" * 2000, "\t//evil.example"):
            browser = Browser(env)
            browser.send("GET", "/login")
            form = browser.form("/login").fields
            reply = browser.send("POST", "/login", {**form, "user": ALICE[0], "password": ALICE[1], "next": where})
            if where.startswith("/%0d"):  # the form's value is no longer encoded: a path like others
                self.assertEqual(reply.headers["location"], where)
                continue
            self.assertEqual((reply.status, reply.headers["location"]), (303, "/"), where)
            self.assertNotIn("x", browser.cookies)
        for query in ("next=%2F%2Fevil.example", "next=/%5Cevil.example", "next=%2F%0D%0ALocation:x", "next=/%00", "next=/%zz", "next=%2Fa%09b", "next=/%2Fevil.example"):
            browser = Browser(env)
            browser.get("/login?" + query)
            self.assertEqual(browser.form("/login").fields["next"], "/", query)

    def test_link_from_a_mail(self):
        """The cookie is SameSite=Strict: a link from elsewhere comes without, and the browser goes on by itself."""
        browser = logged_in()
        browser.get("/login?next=%2Fstatic%2Fstyle.css", site="cross-site")
        self.assertEqual(browser.reply.headers["refresh"], "0; url=/static/style.css")
        self.assertEqual(browser.send("GET", "/static/style.css").status, 200)
        browser.get("/login?next=%2Fstatic%2Fstyle.css")
        self.assertNotIn("refresh", browser.reply.headers)

    def test_too_many_failures(self):
        """The limits of the API hold, in one count with it."""
        conf = env.dir / "state" / "gatehouse.conf"
        before = conf.read_text()
        conf.write_text(before.replace("failures = 1000", "failures = 3"))
        env.gateway("halt")
        env.gateway("run")
        try:
            browser = Browser(env)
            self.assertEqual(browser.log_in("bob", "wrong").status, 401)
            self.assertEqual(Person("bob", "wrong", env).get("/pki/profiles").status, 401)
            self.assertEqual(browser.log_in("EXAMPLE\\bob", "wrong").status, 401)
            reply = browser.log_in("bob", "bob-secret")
            self.assertEqual(reply.status, 429)
            self.assertEqual(browser.form("/login").fields["user"], "bob")
            self.assertGreater(int(reply.headers["retry-after"]), 100)
            self.assertIn("Too many attempts", browser.text)
            self.assertEqual(Person("bob", "bob-secret", env).get("/pki/profiles").status, 429)
            self.assertEqual(browser.log_in(*ALICE, follow=False).status, 303)
        finally:
            conf.write_text(before)
            env.gateway("halt")
            env.gateway("run")

    def test_cost_tells_nothing(self):
        """A refusal costs the same for an administrator, a user, and a name that nobody has."""
        browser = Browser(env)
        browser.get("/login")
        form = browser.form("/login").fields
        for user in (ADMIN[0], "alice", "nobody-at-all"):
            with self.subTest(user):
                wrong = {**form, "user": user, "password": "wrong"}
                costs = env.comparisons(lambda: self.assertEqual(browser.send("POST", "/login", wrong).status, 401))
                self.assertEqual(costs, [12])

    def test_nothing_of_it_is_in_the_log(self):
        browser = logged_in(("bob", "bob-secret"))
        browser.get("/login")
        token = browser.form("/logout").fields["csrf"]
        Browser(env).log_in("bob", "a-wrong-password")
        browser.submit("/logout")
        env.await_log("login.password")
        for secret in (browser.cookie or "none", token, "bob-secret", "a-wrong-password"):
            if secret != "none":
                self.assertNotIn(secret, env.log())

    def test_names_are_shown_as_text(self):
        name = "<script>alert(1)</script>\"'>"
        browser = Browser(env)
        browser.log_in(name, "x")
        self.assertNotIn("<script>", browser.text)
        self.assertEqual(browser.form("/login").fields["user"], name)


class Writer(unittest.TestCase):
    """Who can write the database: tests/integration/test_session.c has each column."""

    def test_rows_that_he_changes_or_makes(self):
        before = audit("session.ended", "%written past Gatehouse")
        attacks = ("update session set roles = 7, name = 'EXAMPLE\\alice' where id = {id}",
                   "update session set ends_at = ends_at + interval '1 year' where id = {id}",
                   "update session set used_at = used_at + interval '1 minute' where id = {id}",
                   # the administrator's row under the id of the own cookie
                   "delete from session where id = {id}; update session set id = {id} where name = '" + ADMIN[0] + "' and "
                   "id = (select id from session where name = '" + ADMIN[0] + "' order by created_at desc limit 1)")
        for attack in attacks:
            logged_in(ADMIN)
            browser = logged_in(("erin", "erin-secret"))
            row = env.sql("select encode(id, 'hex') from session where name like '%erin' order by created_at desc, id limit 1")[0][0]
            env.sql("delete from session where name like '%erin' and encode(id, 'hex') <> '" + row + "'")
            self.assertTrue(browser.is_logged_in())
            env.psql(attack.format(id=f"decode('{row}', 'hex')"))
            self.assertFalse(browser.is_logged_in(), attack)
        self.assertEqual(audit("session.ended", "%written past Gatehouse"), before + len(attacks))

    def test_a_row_that_he_puts_back(self):
        browser = logged_in(("erin", "erin-secret"))
        env.psql("drop table if exists kept; create table kept as table session")
        stolen = browser.cookie
        browser.get("/login")
        browser.submit("/logout", everywhere="")
        env.psql("insert into session overriding system value select * from kept on conflict do nothing; drop table kept")
        browser.cookies["__Host-gatehouse"] = stolen
        self.assertFalse(browser.is_logged_in())
        self.assertGreater(audit("session.ended", "its row was put back%"), 0)


class Ends(unittest.TestCase):
    def test_local_administrator(self):
        def add(name, *roles):
            env.admin("user", "create", name, *(x for r in roles for x in ("--role", r)), "--password-file", "-", stdin=b"first-secret")
            return name, "first-secret"
        one = add("rosa", "officer", "auditor")
        browser = logged_in(one)
        env.admin("user", "passwd", "rosa", "--password-file", "-", stdin=b"second-secret")
        self.assertFalse(browser.is_logged_in())
        self.assertGreater(audit("session.ended", "the password was changed"), 0)
        browser = logged_in(("rosa", "second-secret"))
        env.admin("user", "disable", "rosa")
        self.assertFalse(browser.is_logged_in())
        env.admin("user", "enable", "rosa")
        self.assertFalse(browser.is_logged_in())  # it has ended for good

    def change(self, text):
        env.slapd("stop")
        done = subprocess.run(["/usr/sbin/slapmodify", "-f", env.dir / "state" / "slapd" / "slapd.conf"], input=text.encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        env.slapd("start")
        self.assertEqual(done.returncode, 0, done.stdout)

    def ends(self, browser, what, reason):
        """While the directory starts again a page may say 503 for once, which ends nothing."""
        before = audit("session.ended", reason)
        wait_for(lambda: not browser.is_logged_in() and audit("session.ended", reason) > before, what)
        self.assertEqual(audit("session.ended", reason), before + 1)

    def test_directory_user(self):
        dn = "cn=Carol Clark,ou=people,dc=example,dc=test"
        carol = "carol", "carol-secret"
        browser = logged_in(carol)
        self.assertIn("You decide requests", browser.get("/login").body.decode())
        self.change(f"dn: cn=pki-officers,ou=groups,dc=example,dc=test\nchangetype: modify\nreplace: member\n"
                    "member: cn=Frank Ford,ou=people,dc=example,dc=test\n")
        try:
            self.ends(browser, "a role is lost", "a role was taken away")
            browser = logged_in(carol)
            # another worker may still have the groups in its cache
            wait_for(lambda: "You decide requests" not in browser.get("/login").body.decode(), "the role is lost everywhere")
        finally:
            self.change(f"dn: cn=pki-officers,ou=groups,dc=example,dc=test\nchangetype: modify\nreplace: member\nmember: {dn}\n")
        wait_for(lambda: "You decide requests" in browser.get("/login").body.decode(), "what is gained holds at once")
        self.change(f"dn: {dn}\nchangetype: modify\nadd: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n")
        try:
            self.ends(browser, "a locked account", "entry is disabled")
        finally:
            self.change(f"dn: {dn}\nchangetype: modify\ndelete: pwdAccountLockedTime\n")
        self.assertFalse(browser.is_logged_in())

    def test_new_password_in_the_directory(self):
        """pwdChangedTime of the overlay ppolicy; old and new password, in both orders of log-in and cache."""
        slapd = read_shell_variables(env.dir / "state" / "slapd" / "env")
        dn = "cn=Bob Brown,ou=people,dc=example,dc=test"

        def set_password(old, new):
            done = subprocess.run(["ldappasswd", "-x", "-H", slapd["LDAP_URI"], "-D", dn, "-w", old, "-s", new],
                                  env={**os.environ, "LDAPTLS_CACERT": slapd["LDAP_CAFILE"]}, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
            self.assertEqual(done.returncode, 0, done.stdout)
        browser = logged_in(("bob", "bob-secret"))
        self.assertTrue(browser.is_logged_in())
        set_password("bob-secret", "bob-second")
        try:
            # what is remembered of the old one opens nothing
            self.assertEqual(Browser(env).log_in("bob", "bob-secret").status, 401)
            new = logged_in(("bob", "bob-second"))
            self.ends(browser, "a session of the old password", "the password was changed")
            # pwdChangedTime has whole seconds
            end = time.monotonic() + 1.2
            wait_for(lambda: self.assertTrue(new.is_logged_in()) or time.monotonic() > end, "another second")
        finally:
            set_password("bob-second", "bob-secret")
        self.ends(new, "a session of the second password", "the password was changed")

    def test_another_entry_with_the_name(self):
        browser = logged_in(("erin", "erin-secret"))
        dn = "cn=Erin Ellis,ou=people,dc=example,dc=test"
        out = subprocess.run(["/usr/sbin/slapcat", "-f", env.dir / "state" / "slapd" / "slapd.conf", "-a", "(uid=erin)"], check=True,
                             stdout=subprocess.PIPE).stdout.decode()
        self.assertIn(dn, out)
        self.change(f"dn: {dn}\nchangetype: modify\nreplace: entryUUID\nentryUUID: 00000000-0000-4000-8000-000000000001\n")
        self.ends(browser, "another entry", "another entry has the name now")

    def test_entry_that_is_gone(self):
        """Under the name of the log-in there is none any more."""
        dn = "cn=Erin Ellis,ou=people,dc=example,dc=test"
        browser = logged_in(("erin", "erin-secret"))
        self.change(f"dn: {dn}\nchangetype: modify\nreplace: uid\nuid: erin-old\n")
        try:
            self.ends(browser, "an entry that is gone", "no entry for%")
        finally:
            self.change(f"dn: {dn}\nchangetype: modify\nreplace: uid\nuid: erin\n")
        self.assertFalse(browser.is_logged_in())

    def test_limits(self):
        conf = env.dir / "state" / "gatehouse.conf"
        before = conf.read_text()
        for limits, reason in (("session_idle = 5", "it was not used for too long"), ("session_seconds = 10", "it has reached its absolute limit")):
            conf.write_text(before + f"pages {{ {limits} }}\n")
            env.gateway("halt")
            env.gateway("run")
            browser, used = logged_in(), logged_in()
            begin = time.monotonic()
            wait_for(lambda: used.is_logged_in() and time.monotonic() > begin + 6 if "idle" in limits else
                     not used.is_logged_in(), limits, 15, 0.5)
            self.assertFalse(browser.is_logged_in())
            self.assertGreater(audit("session.ended", reason), 0)
        conf.write_text(before)
        env.gateway("halt")
        env.gateway("run")

    def test_the_oldest_makes_room_and_a_thousand_leave_no_more(self):
        first = logged_in(("juergen", "juergen-secret"))
        browser = Browser(env)
        browser.client.keep()
        for _ in range(1000):
            browser.cookies.pop("__Host-gatehouse", None)
            browser.send("GET", "/login")
            self.assertEqual(browser.submit("/login", follow=False, user="juergen", password="juergen-secret").status, 303)
        self.assertFalse(first.is_logged_in())
        self.assertTrue(browser.is_logged_in())
        self.assertEqual(env.count("select count(*) from session where name like '%juergen'"), 10)


class Commands(unittest.TestCase):
    def test_list_and_end(self):
        browser, other = logged_in(ADMIN), logged_in(ADMIN)
        rows = env.admin("session", "list", "--user", ADMIN[0].upper(), "--json")
        self.assertGreaterEqual(len(rows), 2)
        self.assertEqual({r["kind"] for r in rows}, {"local"})
        self.assertEqual({r["method"] for r in rows}, {"password"})
        self.assertIn(rows[0]["session"], env.admin("session", "list"))
        self.assertEqual(env.admin("session", "end", rows[0]["session"], "--json"), {"ended": 1})
        self.assertEqual([browser.is_logged_in(), other.is_logged_in()].count(False), 1)
        self.assertEqual(env.admin("session", "end", rows[0]["session"], check=False).returncode, 1)
        self.assertEqual(env.admin("session", "end", check=False).returncode, 2)
        self.assertEqual(env.admin("session", "end", "0123", check=False).returncode, 2)
        env.admin("session", "end", "--user", ADMIN[0])
        self.assertFalse(browser.is_logged_in() or other.is_logged_in())
        left = logged_in()
        env.admin("session", "end", "--all")
        self.assertFalse(left.is_logged_in())
        self.assertEqual(env.admin("session", "list", "--json"), [])

    def test_metrics_and_job(self):
        def counted(result):
            text = Client(env).get("/metrics").body.decode()
            return int(re.search(rf'^gatehouse_logins_total{{result="{result}"}} (\d+)$', text, re.M).group(1))
        before = {r: counted(r) for r in ("succeeded", "failed")}
        logged_in()
        Browser(env).log_in("alice", "wrong")
        self.assertEqual({r: counted(r) - n for r, n in before.items()}, {"succeeded": 1, "failed": 1})
        wait_for(lambda: env.metric("gatehouse_sessions") >= 1, "the gauge")
        env.sql("update session set ends_at = now() - interval '1 day'")
        n = env.count("select count(*) from session")
        self.assertIn(f"would remove {n} sessions", env.admin("job", "run", "sessions", "--dry-run"))
        env.admin("job", "run", "sessions")
        self.assertEqual(env.count("select count(*) from session"), 0)


class Faults(unittest.TestCase):
    def test_two_nodes(self):
        second = env.second_node()
        browser = logged_in()
        there = Browser(env, url=second["GATEHOUSE_URL"])
        there.cookies = browser.cookies
        self.assertTrue(there.is_logged_in())
        there.get("/login")
        self.assertEqual(there.submit("/logout", follow=False).status, 303)
        browser.cookies = dict(there.cookies)
        self.assertFalse(browser.is_logged_in())

    def test_database_down_ends_nothing(self):
        browser = logged_in()
        env.postgres("freeze")
        try:
            self.assertEqual(browser.get("/").status, 503)
            self.assertIn("<h1>", browser.text)
            self.assertEqual(Browser(env).send("POST", "/login", {}).status, 403)
        finally:
            env.postgres("thaw")
        wait_for(lambda: browser.get("/").status == 200, "the database is back")
        self.assertTrue(browser.is_logged_in())

    def test_directory_down_ends_nothing(self):
        browser = logged_in()
        env.slapd("stop")
        try:
            wait_for(lambda: browser.get("/").status == 503, "what is cached is too old")
            browser.send("GET", "/login", headers={"Cookie": None})
        finally:
            env.slapd("start")
        wait_for(lambda: browser.get("/").status == 200, "the directory is back")
        self.assertTrue(browser.is_logged_in())

    def test_workers_that_are_killed(self):
        browser = logged_in()
        old = env.workers()
        for pid in old:
            os.kill(pid, signal.SIGKILL)

        def is_there():
            try:
                return not old & env.workers() and browser.is_logged_in()
            except OSError:
                return False
        wait_for(is_there, "other workers know the session")

    def test_requests_that_are_cut(self):
        before = env.count("select count(*) from session")
        browser = Browser(env)
        browser.get("/login")
        body = urllib.parse.urlencode({**browser.form("/login").fields, "user": ALICE[0], "password": ALICE[1]})
        head = (f"POST /login HTTP/1.1\r\nHost: {browser.client.host}:{browser.client.port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                f"Cookie: {'; '.join(f'{k}={v}' for k, v in browser.cookies.items())}\r\nContent-Length: {len(body)}\r\n\r\n")
        whole = (head + body).encode()
        for n in range(1, len(whole), max(1, len(whole) // 40)):
            with browser.client.context.wrap_socket(socket.create_connection((browser.client.host, browser.client.port)),
                                                    server_hostname=browser.client.host) as s:
                s.sendall(whole[:n])
        self.assertEqual(env.count("select count(*) from session"), before)
        # cut where it declares more than a password: one byte less is another password
        short = whole[:-1].replace(f"Content-Length: {len(body)}".encode(), f"Content-Length: {len(body) - 1}".encode())
        with browser.client.context.wrap_socket(socket.create_connection((browser.client.host, browser.client.port)),
                                                server_hostname=browser.client.host) as s:
            s.sendall(short)
            self.assertIn(b" 401 ", s.recv(100))
        self.assertTrue(logged_in().is_logged_in())


class Curl(unittest.TestCase):
    def test_curl_has_the_same_opinion_of_the_cookies(self):
        jar, page = env.scratch / "jar", env.scratch / "page"

        def curl(*args):
            done = subprocess.run(["curl", "-sS", "--cacert", env.var["GATEHOUSE_CAFILE"], "-b", jar, "-c", jar, "-H", "Accept: text/html",
                                   "-o", page, "-w", "%{http_code} %{redirect_url}", *args], check=True, stdout=subprocess.PIPE)
            return done.stdout.decode().split()
        url = env.var["GATEHOUSE_URL"]
        self.assertEqual(curl(url + "/login"), ["200"])
        csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.read_text()).group(1)
        self.assertEqual(curl("-d", f"csrf={csrf}", "-d", "user=alice", "--data-urlencode", "password=alice-secret", url + "/login"),
                         ["303", url + "/"])
        lines = [x for x in jar.read_text().splitlines() if "__Host-gatehouse" in x]
        self.assertEqual(len(lines), 2)
        self.assertTrue(all(x.startswith("#HttpOnly_") and "\tTRUE\t" in x for x in lines), lines)
        self.assertEqual(curl(url + "/"), ["200"])
        self.assertIn("EXAMPLE\\alice", page.read_text())


tap.main()
