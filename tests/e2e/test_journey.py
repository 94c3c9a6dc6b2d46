#!/usr/bin/python3
"""The whole way of a certificate in a browser, as the two people go it: a server administrator uploads a CSR and sends it, an officer
follows the link of his mail, logs in and approves, the administrator follows his own mail and downloads the certificate. In Chromium, with
JavaScript on and off, on a desktop and on a phone; the mails come through Exim. And what others try with their browsers. The system's python3, for Selenium."""

import base64
import html
import http.server
import json
import re
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

import browser
import der
import tap
from client import Client
from environment import Environment, free_port, wait_for
from mail_server import Certificates, Exim

made = tempfile.TemporaryDirectory(prefix="gatehouse-journey-", dir="/tmp")
MAIL = Path(made.name)
MAIL.chmod(0o755)
TLS = Certificates(MAIL / "tls")
EXIM = Exim(MAIL / "exim", TLS)
(MAIL / "password").write_text(EXIM.PASSWORD + "\n")
(MAIL / "password").chmod(0o600)
PORT = free_port()
env = Environment("journey", GATEHOUSE_PORT=str(PORT), GATEHOUSE_CONF_EXTRA=f"""
jobs {{ notify = 1 }}
notify {{ smtp_url = "smtps://localhost:{EXIM.smtps}" smtp_user = "{EXIM.USER}" smtp_password_file = "{MAIL / 'password'}"
         ca_file = "{TLS.ca}" from = "pki@example.test" url = "https://localhost:{PORT}" }}
""")
PASSWORDS = {"alice": "alice-secret", "olga": env.var["GATEHOUSE_OFFICER_PASSWORD"]}
MODES = {"with_scripts_on_a_desktop": {"size": "desktop", "javascript": True},
         "without_scripts_on_a_desktop": {"size": "desktop", "javascript": False},
         "with_scripts_on_a_phone": {"size": "phone", "javascript": True},
         "without_scripts_on_a_phone": {"size": "phone", "javascript": False}}


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout.decode()


class Walk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = browser.of(env)

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()

    def log_in(self, who):
        """Where a page has led to the log-in; it goes back there."""
        self.assertTrue(self.browser.path.startswith("/login"), self.browser.path)
        self.browser.fill(user=who, password=PASSWORDS[who]).click("main button[type=submit]")


class Journey(Walk):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        env.admin("user", "contact", "olga", "--email", "olga@example.test")

    def csr(self, host):
        """As openssl makes it: the file, and the key."""
        key, file = env.scratch / f"{host}.key", env.scratch / f"{host}.csr"
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key), "-out", str(file),
                "-subj", f"/C=DE/O=Example/CN={host}", "-addext", f"subjectAltName=DNS:{host}")
        return file, key

    def log_out(self):
        self.browser.click("header form button")
        self.assertEqual(self.browser.all("header form"), [])

    def mail(self, to, request, subject):
        """The link of the mail about the request, from its text part."""
        def arrived():
            for m in EXIM.messages():
                text = m.get_body(("plain",)).get_content()
                found = re.search(rf"https://localhost:{PORT}(/requests/{request})$", text, re.M)
                if m["Envelope-To"] == to and found and subject in m["Subject"]:
                    return found[1]
            return None
        return wait_for(arrived, f"a mail to {to}: {subject}")

    def ask(self, host, file):
        b = self.browser.open("/csr/upload")
        self.log_in("alice")
        self.assertEqual(b.path, "/csr/upload")
        self.assertNotIn("root", [o.get_attribute("value") for o in b.all("select[name=ca_id] option")])
        b.fill(csr_file=file, common_name=host, purpose_category="server_auth", email="ops@example.test")
        b.click("main button[type=submit]")
        shown = b.text()
        for text in (host, f"dns:{host}", "EC 256 P-256", "issuing", "WebServer"):
            self.assertIn(text, shown)
        self.assertEqual(env.count("select count(*) from request where email is not null"), self.before)
        b.click("main form[action='/csr/process'] button[type=submit]")
        found = re.fullmatch(r"/requests/(\d+)", b.path)
        self.assertTrue(found, b.path + b.text())
        self.assertEqual(b.text("main .lead"), "Waiting for a decision")
        self.assertEqual(b.all("main form[action$='/approve']"), [])
        self.log_out()
        return found[1]

    def approve(self, number, host):
        b = self.browser.open(self.mail("olga@example.test", number, "waits for an officer"))
        self.log_in("olga")
        self.assertEqual(b.path, f"/requests/{number}")
        self.assertIn(host, b.text("main table"))
        b.fill(comment="known host").click("main form[action$='/approve'] button[type=submit]")
        self.assertEqual(b.path, f"/requests/{number}")
        self.assertEqual(env.sql(f"select disposition, resolved_by from request where id = {number}"), [["20", "olga"]])
        self.assertIn("known host", b.text())
        self.log_out()

    def fetch(self, number, key):
        b = self.browser.open(self.mail("ops@example.test", number, "approved"))
        self.log_in("alice")
        self.assertEqual(b.path, f"/requests/{number}")
        files = [b.download(lambda a=a: a.click()) for a in b.all("main section[aria-labelledby=download] a")]
        self.assertEqual([f.suffix for f in files], [".pem", ".pem", ".cer", ".p7b"])
        public = openssl("pkey", "-in", str(key), "-pubout")
        for f, form in ((files[0], "PEM"), (files[1], "PEM"), (files[2], "DER")):
            self.assertEqual(openssl("x509", "-in", str(f), "-inform", form, "-noout", "-pubkey"), public)
        chain = openssl("pkcs7", "-in", str(files[3]), "-inform", "DER", "-print_certs")
        self.assertEqual(chain.count("BEGIN CERTIFICATE"), files[1].read_text().count("BEGIN CERTIFICATE"))
        root = env.scratch / "root.pem"
        root.write_text(files[1].read_text()[files[1].read_text().rindex("-----BEGIN"):])
        self.assertIn("OK", openssl("verify", "-CAfile", str(root), "-untrusted", str(files[1]), str(files[0])))
        self.log_out()

    def go(self, size, javascript):
        host = f"{size}{'-js' if javascript else ''}.example.test"
        self.before = env.count("select count(*) from request where email is not null")
        self.browser.mode(size, javascript=javascript).driver.delete_all_cookies()
        file, key = self.csr(host)
        number = self.ask(host, file)
        self.approve(number, host)
        self.fetch(number, key)
        self.assertEqual([m for m in self.browser.console() if "Refused" in m], [])


class Foreign(http.server.BaseHTTPRequestHandler):
    """A page of another site, whose form is sent to the gateway as soon as it is shown."""
    action = ""

    def do_GET(self):
        body = f"""<!DOCTYPE html><title>foreign</title><form method="post" action="{html.escape(self.action)}">
<input name="comment" value="x"><input name="version" value="1"></form><script>document.forms[0].submit()</script>""".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Hostile(Walk):
    EVIL = "</title></textarea>\"'><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"

    def pending(self, host, **more):
        """A request of alice, by curl's way."""
        csr = der.csr(der.Key(env.scratch, "ec:P-256"), subject=[("O", self.EVIL[:64]), ("CN", host)],
                      extensions=[der.extension("subjectAltName", der.san(dns=[host]))])
        body = {"csr_data": der.pem(csr), "common_name": host, "template": "WebServer", **more}
        basic = base64.b64encode(b"alice:alice-secret").decode()
        reply = Client(env).request("POST", "/csr/process", json.dumps(body).encode(),
                                    {"Authorization": f"Basic {basic}", "Content-Type": "application/json"})
        self.assertEqual(reply.status, 202, reply.body)
        return reply.json["id"]

    def is_clean(self, text):
        b = self.browser
        self.assertNotIn("owned", b.driver.title)
        self.assertEqual(b.all("script, main img, [onerror]"), [])
        self.assertIn(text, b.text())

    def test_script_in_each_field_is_text(self):
        b = self.browser.mode()
        b.driver.delete_all_cookies()
        number = self.pending("evil.example.test", tenant_id=self.EVIL, metadata={"Department": self.EVIL})
        b.open(f"/requests/{number}")
        self.log_in("olga")
        self.is_clean(self.EVIL)
        self.is_clean(self.EVIL[:64])
        b.fill(comment=self.EVIL).click("main button[formaction$='/reject']")
        self.is_clean(self.EVIL)
        b.driver.delete_all_cookies()
        b.open(f"/requests/{number}")
        self.log_in("alice")
        self.is_clean(self.EVIL)
        b.open("/csr/upload").fill(csr_data=self.EVIL, common_name=self.EVIL, sans=self.EVIL, tenant_id=self.EVIL,
                                   **{"metadata.Department": self.EVIL}).click("main button[type=submit]")
        self.assertEqual(b.one("[name=common_name]").get_attribute("value"), self.EVIL)
        self.assertEqual(b.one("[name='metadata.Department']").get_attribute("value"), self.EVIL)
        self.assertEqual((b.all("script, main img, [onerror]"), "owned" in b.driver.title), ([], False))

    def test_page_of_another_site_approves_nothing(self):
        b = self.browser.mode()
        b.driver.delete_all_cookies()
        number = self.pending("csrf.example.test")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Foreign)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        b.open(f"/requests/{number}")
        self.log_in("olga")
        for verb in ("approve", "reject", "cancel"):
            Foreign.action = f"https://localhost:{PORT}/requests/{number}/{verb}"
            b.driver.get(f"http://127.0.0.1:{server.server_port}/")
            wait_for(lambda: b.path.endswith(verb) and b.all("main"), "the answer of the gateway")
            self.assertNotIn("Approved", b.text())
        self.assertEqual(env.sql(f"select disposition from request where id = {number}"), [["9"]])
        # she is logged in all the while
        b.open(f"/requests/{number}")
        self.assertTrue(b.all("main form[action$='/approve']"))


for name, mode in MODES.items():
    setattr(Journey, f"test_{name}", lambda self, mode=mode: self.go(**mode))

if __name__ == "__main__":
    tap.main()
