#!/usr/bin/env python3
"""Every shape of request that real clients of CertEnroll send, through TLS to a running gateway."""

import base64
import datetime
import hashlib
import json
import os
import subprocess
import threading
import unittest

import client
import der
import tap
from client import Client
from environment import TOP, Environment, wait_for

env = Environment("enroll")
RSA = der.Key(env.scratch, "rsa:2048")
EC = der.Key(env.scratch, "ec:P-256")
# Names that the CSR asks for and that no template here may let through.
FORGED = der.csr(EC, subject=[("CN", "Mallory Forged"), ("O", "Evil Inc")], extensions=[
    der.extension("subjectAltName", der.san(dns=["forged.example.org"], email=["root@example.org"],
                                            upn=["administrator@example.test"])),
    der.extension("basicConstraints", der.seq(der.boolean(True)), critical=True),
    der.extension("extKeyUsage", der.seq(der.oid("1.3.6.1.5.5.7.3.9"))),
    der.extension("ntdsSid", der.octets(b"S-1-5-21-1-2-3-500")),
])


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.alice = Client(env)

    def issued(self, reply, who="alice"):
        """The reply is a good one; returns its certificates."""
        self.assertEqual(reply.status, 200, reply.body[:600])
        answer = reply.json
        self.assertEqual(answer["RequestDisposition"], "Issued")
        self.assertGreater(answer["CMSID"], 0)
        self.assertGreater(answer["CMSRequestId"], 0)
        chain = reply.certificates() if b"Certificates" in reply.body else []
        self.assertEqual(hashlib.sha1(chain[0]).hexdigest().upper(), answer["Thumbprint"])
        self.assertIn(who, client.certificate_text(chain[0]))
        return chain


class Log(Case):
    def test_one_line_for_each_enrollment_says_all(self):
        reply = self.alice.enroll(FORGED)
        chain, serial = self.issued(reply), reply.json["SerialNumber"]
        self.assertTrue(chain)
        def mine():
            return [json.loads(x) for x in env.log().splitlines() if serial in x or reply.headers["x-request-id"] in x]
        wait_for(lambda: {x["program"] for x in mine()} == {"gateway", "signer"}, "both have written")
        gateway = [x for x in mine() if x["program"] == "gateway"]
        signer = [x for x in mine() if x["program"] == "signer"]
        self.assertEqual((len(gateway), len(signer)), (1, 1), mine())
        line = gateway[0]
        self.assertEqual((line["msg"], line["event"], line["serial"], line["status"], line["template"]),
                         ("request", "certificate issued", serial, "200", "User"))
        self.assertEqual(line["cms_request_id"], str(reply.json["CMSRequestId"]))
        self.assertIn("alice", line["requester"])
        self.assertEqual(signer[0]["serial"], serial)
        self.assertIn("CN=Alice Adams", signer[0]["subject"])
        self.assertLess(sum(len(json.dumps(x)) for x in mine()), 900)


class Names(Case):
    def test_names_come_from_the_directory_and_not_from_the_csr(self):
        chain = self.issued(self.alice.enroll(FORGED))
        text = client.certificate_text(chain[0])
        self.assertIn("alice@example.test", text)
        self.assertIn("alice", client.subject(chain[0]))
        for forged in ("Mallory", "Evil", "forged", "administrator", "root@", "CA:TRUE", "-500",
                       "OCSP Signing"):
            self.assertNotIn(forged, text)

    def test_two_users_get_their_own_names(self):
        bob = Client(env, user="bob", password="bob-secret")
        text = client.certificate_text(self.issued(bob.enroll(FORGED), "bob")[0])
        self.assertIn("bob@example.test", text)
        self.assertNotIn("alice", text)

    def test_non_ascii_names_survive(self):
        juergen = Client(env, user="juergen", password="juergen-secret")
        chain = self.issued(juergen.enroll(der.csr(EC)), "juergen")
        self.assertIn("Jürgen Müller", client.subject(chain[0]))

    def test_names_that_need_escaping(self):
        ops = Client(env, user="bobops", password="bobops-secret")
        chain = self.issued(ops.enroll(der.csr(EC)), "bobops")
        self.assertIn("Bob\\, the (Ops)*", client.subject(chain[0]))

    def test_user_name_spellings(self):
        for user in ("alice", "ALICE", "EXAMPLE\\alice", "alice@example.test"):
            with self.subTest(user=user):
                self.issued(Client(env, user=user).enroll(der.csr(EC)))

    def test_database_has_what_was_answered(self):
        reply = self.alice.enroll(der.csr(RSA))
        chain = self.issued(reply)
        shown = env.admin("cert", "show", reply.json["SerialNumber"], "--json")
        self.assertEqual(base64.b64decode(shown["der"]), chain[0])


class Chain(Case):
    def test_pkcs7_is_leaf_issuer_root_and_verifies(self):
        chain = self.issued(self.alice.enroll(der.csr(RSA)))
        self.assertEqual(len(chain), 3)
        client.verify_chain(env.scratch, chain)
        for cert, issuer in zip(chain, chain[1:]):
            line = der.openssl("x509", "-inform", "DER", "-noout", "-issuer", "-nameopt", "RFC2253",
                               stdin=cert).decode().strip().removeprefix("issuer=")
            self.assertEqual(line, client.subject(issuer))

    def test_cert_only(self):
        for flags in (1, "1", 3):
            with self.subTest(flags=flags):
                reply = self.alice.enroll(der.csr(EC), flags=flags)
                self.assertEqual(reply.status, 200, reply.body)
                raw = base64.b64decode(reply.json["Certificates"])
                self.assertEqual(hashlib.sha1(raw).hexdigest().upper(), reply.json["Thumbprint"])

    def test_form_of_the_answer(self):
        reply = self.alice.enroll(der.csr(RSA))
        self.issued(reply)
        text = reply.body.decode()
        self.assertEqual(text.strip().count("\n"), 0)
        self.assertIn('"Certificates":"', text)
        self.assertNotIn("\\/", text)
        self.assertNotRegex(text, r"\\u00(2[bB]|2[fF])")
        self.assertTrue(reply.headers["content-type"].startswith("application/json"))
        lines = reply.json["Certificates"].split("\r\n")
        self.assertEqual(lines[-1], "")
        self.assertTrue(all(len(n) == 64 for n in lines[:-2]) and 0 < len(lines[-2]) <= 64)
        self.assertRegex(reply.json["SerialNumber"], r"^[0-9A-F]{32}$")
        self.assertRegex(reply.json["Thumbprint"], r"^[0-9A-F]{40}$")
        self.assertRegex(reply.json["IssuerDN"], r"^CN=[^,]+(, [A-Z]+=[^,]+)*$")
        self.assertEqual(reply.json["DispositionMessage"], "")
        self.assertEqual(set(reply.json), {"SerialNumber", "IssuerDN", "Thumbprint", "CMSID",
                         "CMSRequestId", "Certificates", "RequestDisposition", "DispositionMessage"})

    def test_keys_of_the_template(self):
        for spec in ("rsa:2048", "rsa:3072", "ec:P-256"):
            with self.subTest(key=spec):
                key = der.Key(env.scratch, spec)
                chain = self.issued(self.alice.enroll(der.csr(key)))
                self.assertIn(key.spki, chain[0])

    def test_validity_lies_around_now_and_inside_the_issuer(self):
        def dates(cert):
            out = der.openssl("x509", "-inform", "DER", "-noout", "-dates", stdin=cert).decode()
            return [datetime.datetime.strptime(line.split("=")[1], "%b %d %H:%M:%S %Y GMT")
                    for line in out.splitlines()]
        chain = self.issued(self.alice.enroll(der.csr(EC)))
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        before, after = dates(chain[0])
        self.assertLessEqual(before, now)
        self.assertGreater(before, now - datetime.timedelta(hours=1))
        self.assertGreater(after, now)
        self.assertLessEqual(after, dates(chain[1])[1])


class Scripts(Case):
    def run_script(self, wrap):
        folder = env.scratch / f"script{wrap}"
        folder.mkdir()
        done = subprocess.run([str(TOP / "tests/e2e/script_client.sh"), folder, str(wrap)],
                              env={**os.environ, **env.var}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        chain = client.pkcs7_certificates((folder / "chain.p7b").read_bytes())
        self.assertEqual(len(chain), 3)
        client.verify_chain(folder, chain)
        public = der.openssl("pkey", "-in", str(folder / "key.pem"), "-pubout", "-outform", "DER")
        self.assertIn(public, chain[0])
        self.assertIn("alice@example.test", client.certificate_text(chain[0]))
        self.assertNotIn("made up", client.certificate_text(chain[0]))

    def test_bash_script_with_wrapped_base64(self):
        self.run_script(76)

    def test_bash_script_with_one_line(self):
        self.run_script(0)

    def test_bash_script_fails_on_a_refusal(self):
        folder = env.scratch / "refused"
        folder.mkdir()
        done = subprocess.run([str(TOP / "tests/e2e/script_client.sh"), folder, "0"],
                              env={**os.environ, **env.var, "GATEHOUSE_APP_SECRET": "wrong"},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse((folder / "chain.p7b").exists())

    def powershell_body(self, csr_text, order):
        """ConvertTo-Json of Windows PowerShell 5.1: indented, CRLF, quotes and brackets as \\u00xx."""
        text = csr_text.replace("\r\n", "\\r\\n").replace("'", "\\u0027").replace("<", "\\u003c")
        stamp = f'    "timestamp":  "{client.now(fmt="%Y-%m-%dT%H:%M:%S")}"'
        request = ('    "Request":  {\r\n                    "Flags":  0,\r\n'
                   f'                    "TemplateName":  "{env.var["GATEHOUSE_TEMPLATE"]}",\r\n'
                   '                    "Comment":  "it\\u0027s \\u003cnew\\u003e",\r\n'
                   f'                    "Pkcs10Request":  "{text}"\r\n                }}')
        parts = [stamp, request] if order == "stamp" else [request, stamp]
        return "{\r\n" + ",\r\n".join(parts) + "\r\n}"

    def test_powershell_shape(self):
        csr = "    " + der.pem(der.csr(RSA), "NEW CERTIFICATE REQUEST", eol="\r\n")
        for order in ("stamp", "request"):
            with self.subTest(first=order):
                body = self.powershell_body(csr, order).encode()
                headers = {k.lower(): v for k, v in self.alice.headers(body).items()}
                reply = self.alice.request("POST", "/cmsapi/certenroll/3/pkcs10", body, headers)
                self.issued(reply)

    def test_powershell_latin1_body(self):
        request = {"Flags": 0, "TemplateName": env.var["GATEHOUSE_TEMPLATE"], "Note": "Jürgen",
                   "Pkcs10Request": der.b64(der.csr(EC))}
        body = json.dumps({"timestamp": client.now(), "Request": request},
                          ensure_ascii=False).encode("latin-1")
        self.issued(self.alice.call("/CMSApi/CertEnroll/3/Pkcs10", body))


class Spellings(Case):
    def test_armours(self):
        raw = der.csr(RSA)
        pem = der.pem(raw)
        shapes = {
            "bare": der.b64(raw),
            "bare, LF": pem.split("-----")[2].strip(),
            "bare, CRLF": pem.split("-----")[2].strip().replace("\n", "\r\n"),
            "without padding": der.b64(raw).rstrip("="),
            "PEM": pem,
            "PEM, CRLF": der.pem(raw, eol="\r\n"),
            "PEM, new": der.pem(raw, "NEW CERTIFICATE REQUEST"),
            "PEM, blanks for line ends": pem.replace("\n", " "),
            "PEM, white space around": "\r\n  \t" + pem + "  \n\n",
            "PEM, one long line": der.pem(raw, width=100000),
        }
        for what, text in shapes.items():
            with self.subTest(shape=what):
                self.issued(self.alice.enroll(text))

    def test_raw_control_characters_in_a_string(self):
        raw = der.csr(RSA)
        for eol in ("\n", "\r\n", "\n\t"):
            with self.subTest(eol=eol):
                text = der.pem(raw, eol=eol)
                body = ('{"Timestamp":"%s","Request":{"Flags":0,"TemplateName":"%s","Pkcs10Request":"%s"}}'
                        % (client.now(), env.var["GATEHOUSE_TEMPLATE"], text))
                self.issued(self.alice.call("/CMSApi/CertEnroll/3/Pkcs10", body))

    def test_timestamps(self):
        zone = datetime.timezone(datetime.timedelta(hours=2))
        local = datetime.datetime.now(zone).strftime("%Y-%m-%dT%H:%M:%S")
        shapes = [client.now(fmt="%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
                  client.now(fmt="%Y-%m-%dT%H:%M:%S.000000"), client.now(fmt="%Y-%m-%dT%H:%M:%S"),
                  client.now(fmt="%Y-%m-%dT%H:%M:%SZ"), local + "+02:00", local + ".123456789+02:00",
                  client.now(fmt="%Y-%m-%dT%H:%M:%S.%fZ"), client.now(fmt="%m/%d/%Y %H:%M:%S")]
        for stamp in shapes:
            with self.subTest(stamp=stamp):
                self.issued(self.alice.enroll(der.csr(EC), timestamp=stamp))

    def test_window_accepts_clocks_that_are_off(self):
        for offset in (-280, 280):
            with self.subTest(offset=offset):
                self.issued(self.alice.enroll(der.csr(EC), timestamp=client.now(offset)))

    def test_paths(self):
        for path in ("/CMSApi/CertEnroll/3/Pkcs10", "/cmsapi/certenroll/3/pkcs10",
                     "/CMSAPI/CERTENROLL/3/PKCS10", "/CertEnroll/3/Pkcs10", "/certenroll/3/Pkcs10/"):
            with self.subTest(path=path):
                self.issued(self.alice.enroll(der.csr(EC), path=path))

    def test_member_names_in_any_case_and_trimmed(self):
        body = json.dumps({"TIMESTAMP": client.now(), "rEquest": {
            "flags": 0, "templatename": env.var["GATEHOUSE_TEMPLATE"].lower(), "Unknown": [1, {"a": None}],
            "PKCS10REQUEST ": der.b64(der.csr(EC))}})
        self.issued(self.alice.call("/CMSApi/CertEnroll/3/Pkcs10", body))

    def test_flags_absent_or_null(self):
        for extra in ({}, {"Flags": None, "MetadataList": None}, {"Flags": "0"}):
            with self.subTest(extra=extra):
                request = {"TemplateName": env.var["GATEHOUSE_TEMPLATE"],
                           "Pkcs10Request": der.b64(der.csr(EC)), **extra}
                body = json.dumps({"Timestamp": client.now(), "Request": request})
                self.issued(self.alice.call("/CMSApi/CertEnroll/3/Pkcs10", body))

    def test_application_key_without_padding(self):
        key = env.var["GATEHOUSE_APP_KEY"].rstrip("=")
        self.issued(self.alice.enroll(der.csr(EC), X_CSS_CMS_AppKey=key))

    def test_stronger_hashes_in_the_same_header(self):
        for digest in ("sha256", "sha512"):
            with self.subTest(digest=digest):
                self.issued(Client(env, digest=digest).enroll(der.csr(EC)))

    def test_metadata_forms(self):
        forms = [{"Department": "Research", "Cost-Center": 4711},
                 [{"MetadataFieldTypeName": "Department", "Value": "Research"},
                  {"MetadataFieldTypeName": "Cost-Center", "Value": "4711"}],
                 {"department": "Research", "cost-center": "4711"}]
        for form in forms:
            with self.subTest(form=form):
                reply = self.alice.enroll(der.csr(EC), metadata=form)
                self.issued(reply)
                shown = env.admin("cert", "show", reply.json["SerialNumber"], "--json")
                self.assertEqual(shown["metadata"], {"Department": "Research", "Cost-Center": 4711})
        for form in ({}, [], None):
            with self.subTest(form=form):
                self.issued(self.alice.enroll(der.csr(EC), metadata=form))


class Versions(Case):
    def token(self, version, who=None):
        reply = (who or self.alice).call(f"/CMSApi/CertEnroll/{version}/Token", "{}")
        self.assertEqual(reply.status, 200, reply.body)
        expires = datetime.datetime.strptime(reply.json["Expires"][:19], "%Y-%m-%dT%H:%M:%S")
        left = expires - datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        self.assertGreater(left.total_seconds(), 200)
        self.assertLessEqual(left.total_seconds(), 301)
        return reply.json["Token"]

    def test_versions_1_and_2_with_a_token(self):
        for version in (1, 2):
            with self.subTest(version=version):
                token = self.token(version)
                self.issued(self.alice.enroll(der.csr(EC), version=version, token=token))

    def test_templates(self):
        for version in (1, 2, 3):
            for method in ("GET", "POST"):
                with self.subTest(version=version, method=method):
                    body = b"" if method == "GET" else b"{}"
                    reply = self.alice.call(f"/CMSApi/CertEnroll/{version}/Templates", body, method)
                    self.assertEqual(reply.status, 200, reply.body)
                    names = [t["TemplateName"] for t in reply.json]
                    self.assertIn(env.var["GATEHOUSE_TEMPLATE"], names)
                    for t in reply.json:
                        self.assertLessEqual({"TemplateName", "KeyType", "KeySize", "ValidityPeriod",
                                              "CA"}, set(t))

    def test_request_state(self):
        reply = self.alice.enroll(der.csr(EC))
        chain = self.issued(reply)
        path = f"/CMSApi/CertEnroll/3/Requests/{reply.json['CMSRequestId']}"
        again = self.alice.call(path, b"", "GET")
        self.assertEqual(again.status, 200, again.body)
        self.assertEqual(again.json["SerialNumber"], reply.json["SerialNumber"])
        self.assertEqual(again.certificates(), chain)


class Replay(Case):
    def test_the_same_request_gets_the_recorded_answer(self):
        body = json.dumps({"Timestamp": client.now(), "Request": {
            "Flags": 0, "TemplateName": env.var["GATEHOUSE_TEMPLATE"],
            "Pkcs10Request": der.b64(der.csr(EC))}})
        before = env.count("select count(*) from certificate where request_id > 0")
        replies = [self.alice.call("/CMSApi/CertEnroll/3/Pkcs10", body) for _ in range(3)]
        for reply in replies:
            self.issued(reply)
        self.assertEqual(len({r.json["SerialNumber"] for r in replies}), 1)
        self.assertEqual(len({r.body for r in replies}), 1)
        self.assertEqual(env.count("select count(*) from certificate where request_id > 0"), before + 1)

    def test_parallel_duplicates_give_one_certificate(self):
        for _ in range(5):
            body = json.dumps({"Timestamp": client.now(), "Request": {
                "Flags": 0, "TemplateName": env.var["GATEHOUSE_TEMPLATE"],
                "Pkcs10Request": der.b64(der.csr(EC))}})
            before = env.count("select count(*) from certificate where request_id > 0")
            replies, start = [], threading.Barrier(8)

            def send():
                mine = Client(env)
                start.wait()
                replies.append(mine.call("/CMSApi/CertEnroll/3/Pkcs10", body))

            threads = [threading.Thread(target=send) for _ in range(8)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            for reply in replies:
                self.issued(reply)
            self.assertEqual(len(replies), 8)
            self.assertEqual(len({r.json["SerialNumber"] for r in replies}), 1)
            self.assertEqual(env.count("select count(*) from certificate where request_id > 0"), before + 1)

    def test_recorded_answer_belongs_to_its_requester(self):
        body = json.dumps({"Timestamp": client.now(), "Request": {
            "Flags": 0, "TemplateName": env.var["GATEHOUSE_TEMPLATE"],
            "Pkcs10Request": der.b64(der.csr(EC))}})
        self.issued(self.alice.call("/CMSApi/CertEnroll/3/Pkcs10", body))
        bob = Client(env, user="bob", password="bob-secret")
        reply = bob.call("/CMSApi/CertEnroll/3/Pkcs10", body)
        self.assertEqual(reply.status, 403, reply.body)
        self.assertNotIn(b"Certificates\":\"M", reply.body)


class ClientProgram(Case):
    """`gatehouse enroll`; its own tests are in tests/integration."""

    def run_client(self, out, *args):
        var = env.var
        out.mkdir()
        password, secret = env.scratch / "alice.password", env.scratch / "app.secret"
        password.write_text(var["GATEHOUSE_PASSWORD"] + "\n")
        secret.write_text(var["GATEHOUSE_APP_SECRET"] + "\n")
        return env.command("enroll", "--url", var["GATEHOUSE_URL"], "--cacert", var["GATEHOUSE_CAFILE"],
                           "--app-key", var["GATEHOUSE_APP_KEY"], "--app-secret-file", secret,
                           "--user", var["GATEHOUSE_USER"], "--password-file", password,
                           "--template", var["GATEHOUSE_TEMPLATE"], "--out-dir", out, *args, check=False)

    def test_enroll_writes_a_key_and_a_chain_that_verify(self):
        for key in ("P-256", "RSA-2048"):
            with self.subTest(key=key):
                out = env.scratch / f"client-{key}"
                done = self.run_client(out, "--key-type", key, "--subject", "CN=Mallory")
                self.assertEqual(done.returncode, 0, done.stderr.decode())
                public = der.openssl("pkey", "-in", str(out / "key.pem"), "-pubout", "-outform", "DER")
                leaf = der.openssl("x509", "-in", str(out / "cert.pem"), "-outform", "DER")
                self.assertIn(public, leaf)
                self.assertEqual(os.stat(out / "key.pem").st_mode & 0o077, 0)
                self.assertIn("alice@example.test", client.certificate_text(leaf))
                self.assertNotIn("Mallory", client.certificate_text(leaf))
                pem = (out / "chain.pem").read_text().split("-----END CERTIFICATE-----\n")[:-1]
                chain = [der.openssl("x509", "-outform", "DER", stdin=(p + "-----END CERTIFICATE-----\n").encode())
                         for p in pem]
                client.verify_chain(env.scratch, [leaf, *chain])

    def test_pending_is_status_3_and_denied_is_status_1(self):
        done = self.run_client(env.scratch / "pending", "--template", "WebServer", "--san", "dns:a.example.test",
                               "--subject", "CN=a.example.test")
        self.assertEqual(done.returncode, 3, done.stderr.decode())
        done = self.run_client(env.scratch / "denied", "--template", "CodeSigning", "--key-type", "RSA-3072")
        self.assertEqual(done.returncode, 1, done.stderr.decode())
        self.assertFalse((env.scratch / "denied" / "cert.pem").exists())


if __name__ == "__main__":
    tap.main()
