#!/usr/bin/env python3
"""Log-ins of browsers: who gets in, what a session is worth, and what ends it. docs/sessions.md"""

import re
import unittest

import tap
from plain_browser import PlainBrowser as Browser
from client import Client
from environment import Environment, wait_for

env = Environment("sessions", GATEHOUSE_CONF_EXTRA="""
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


tap.main()
