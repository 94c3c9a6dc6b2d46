#!/usr/bin/env python3
"""Make the seeds of fuzzers, anew: seeds.py DIR NAME... makes DIR/NAME for each."""

import base64
import functools
import json
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "e2e"))
import der  # noqa: E402
import other_est_server  # noqa: E402


def base64_seeds():
    yield from (b"", b"QQ==", b"QUI=", b"QUJD", b"QQ", b"QUJD\r\nRA==\r\n", b" Q U J D ", b"QQ=A", b"QR==",
                b"hex:0a0b", b"base64:QUJD", b"text:abc", b"0a0B0", b"DEADBEEF")


def digest_seeds():
    rest = b'realm="r", nonce="n", uri="/", cnonce="c", '
    yield b'username="u", ' + rest + b'nc=00000001, qop=auth, response="8ca523f5e9506fed4657c9700eebdbec"'
    yield b'username="u",' + rest + b'nc=0000000a,qop="auth",algorithm=SHA-256,response="' + b"0f" * 32 + b'",x="",,y = z'
    yield b'username*=UTF-8\'\'u, userhash=true, ' + rest + b'x="a\\"b"'


def timestamp_seeds():
    yield from (b"2024-01-02T03:04:05.123Z", b"2024-01-02T03:04:05.000000", b"2024-01-02T03:04:05",
                b"2024-01-02T03:04:05+02:00", b"2024-01-02T03:04:05.123456789+02:00",
                b"01/02/2024 03:04:05", b"2024-02-29 23:59:60Z", b"2023-02-29T00:00:00Z", b"0001-01-01T00:00:00Z",
                b"9999-12-31T23:59:59-14:00", b" 2024-01-02T03:04:05Z\r\n")


def json_seeds():
    yield from (b"null", b"[]", b"{}", b'"a\\u0027\\ud83d\\ude00"', b"[1,-0,1.5e3,true,false,null]",
                b'{"Timestamp":"2024-01-02T03:04:05Z","Request":{"Flags":"1","a":["b"]}}',
                b'{"a":1,"A ":2}', b'{"a":"x\ny\tz"}', b'{"a":"J\xfcrgen"}', b'{"a":"\\u0000"}',
                b"[" * 60 + b"]" * 60)


@functools.cache
def requests():
    """Requests good and bad."""
    return tuple(make_requests())


def make_requests():
    with tempfile.TemporaryDirectory() as folder:
        ec, rsa = der.Key(folder, "ec:P-256"), der.Key(folder, "rsa:2048")
        names = der.extension("subjectAltName", der.san(dns=["a.example"], email=["a@b"], upn=["u@r"],
                                                        ip=["1.2.3.4"], other=[("1.2.3.4", "x")]))
        usage = der.extension("keyUsage", bytes([3, 2, 5, 0xA0]), critical=True)
        template = der.extension("msTemplateName", der.tlv(0x1E, "User".encode("utf-16-be")))
        v2 = der.extension("1.3.6.1.4.1.311.21.7", der.seq(der.oid("1.3.6.1.4.1.311.21.8.1"), der.integer(100),
                                                           der.integer(3)))
        challenge = der.attribute("challengePassword", der.utf8("secret"))
        pair = der.attribute("enrollNameValue", der.seq(der.tlv(0x1E, b"\0a"), der.tlv(0x1E, b"\0b")))
        yield der.csr(ec)
        yield der.csr(rsa, extensions=[names, usage])
        yield der.csr(ec, extensions=[names, template, v2], attributes=[challenge, pair])
        yield der.csr(ec, extensions=[usage, usage])
        yield der.csr(ec, attributes=[challenge, challenge])
        yield der.csr(ec, version=1)
        yield der.csr(ec, bad_signature=True)
        yield der.csr(ec, trailing=b"\0")


def csr_seeds():
    yield from requests()


def decrypt_seeds():
    """SMIMECapabilities: AES-CBC, key wrap, OAEP with SHA-256, ECDH with key wrap; alone and in a request."""
    aes = "2.16.840.1.101.3.4.1."
    sha = der.seq(der.oid("2.16.840.1.101.3.4.2.1"))
    oaep = der.seq(der.context(0, sha), der.context(1, der.seq(der.oid("1.2.840.113549.1.1.8"), sha)))
    caps = der.seq(*(der.seq(der.oid(aes + n)) for n in ("2", "42", "5", "45")), der.seq(der.oid("1.2.840.113549.1.1.7"), oaep),
                   der.seq(der.oid("1.3.132.1.11.1"), der.seq(der.oid(aes + "45"))))
    yield caps
    with tempfile.TemporaryDirectory() as folder:
        for arc in ("37", "54"):
            yield der.csr(der.Key(folder, "ec:P-256"), attributes=[der.attribute("1.2.840.113549.1.9.16.2." + arc, der.octets(b"id")),
                                                                  der.attribute("1.2.840.113549.1.9.15", caps)])


def csrattrs_seeds():
    """The vectors of RFC 9908 and RFC 8951."""
    for text in ("MDIGCSqGSIb3DQEJBzASBgcqhkjOPQIBMQcGBSuBBAAiBgcrBgEBAQEWBggqhkjOPQQDAw==", "MCkGCSqGSIb3DQEJBzARBgkqhkiG9w0BAQExBAICEAAGCSqGSIb3DQEBCw==",
                 "MEEGCSqGSIb3DQEJBzASBgcqhkjOPQIBMQcGBSuBBAAiMBYGCSqGSIb3DQEJDjEJBgcrBgEBAQEWBggqhkjOPQQDAw==", "MAA="):
        yield base64.b64decode(text)


def key_package_seeds():
    """A package, signed, in an envelope for the kek of the harness, each alone."""
    with tempfile.TemporaryDirectory() as folder:
        maker = other_est_server.KeyGenerator(Path(folder), other_est_server.Authority(Path(folder), "root"))
        key = der.openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", "-in", str(maker.key))
        signed = maker.signed(key)
        yield der.seq(key)
        yield signed
        yield maker.enveloped(signed, "-secretkey", "07" + "00" * 31, "-secretkeyid", "6964")


def armour_seeds():
    raw = requests()[0]
    for text in (der.b64(raw), der.pem(raw), der.pem(raw, "NEW CERTIFICATE REQUEST", "\r\n"),
                 der.pem(raw).replace("\n", " ")):
        yield text.encode()


def envelope_seeds():
    raw = requests()
    for n, metadata in enumerate((None, {"Department": "x"},
                                  [{"MetadataFieldTypeName": "Department", "Value": "x"}])):
        request = {"Flags": n, "TemplateName": "User", "Pkcs10Request": der.b64(raw[n])}
        if metadata is not None:
            request["MetadataList"] = metadata
        yield json.dumps(request).encode()
        yield json.dumps({"Timestamp": "2024-01-02T03:04:05Z", "Request": request}).encode()
    yield (b'{\n "timestamp": "2024-01-02T03:04:05.000000",\n "request": {"Flags": 0, "TemplateName": "User",'
           b'"Pkcs10Request": "' + der.pem(raw[1]).encode() + b'"}}')


def header_seeds():
    yield from (b"Basic YWxpY2U6c2VjcmV0", b"basic  YWxpY2U6c2U6Y3JldA", b"Basic OnNlY3JldA==", b"Basic YWxpY2U6",
                b"Bearer abc", b"a2V5Mw==", b"k5nSxXzMo8AE110/yyFeTKgfiS0=", b"Basic YWzDvGNlOng=", b"Basic YWz8Y2U6eA==",
                b"AQAAAABlU/EAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")


def template_seeds():
    for path in sorted((TOP / "conf" / "templates").glob("*.json")):
        yield path.read_bytes()


def route_seeds():
    for path in (b"/CMSApi/CertEnroll/3/Pkcs10", b"/certenroll/1/token", b"/pki/certenroll/2/templates/",
                 b"/CMSApi/CertEnroll/3/Requests/17", b"/CertEnroll/3/Requests/99999999999999999999",
                 b"/healthz", b"/a/b/certenroll/3/pkcs10", b"/CMSAPI/Certificates/3/Revoke",
                 b"/pki/certificate/17/status", b"/est/ca:1/%31/a%2Eb/0x2a/rest/%2F", b"/ca/%2e%2e", b"/ca/a%2Fb%00"):
        for method in range(6):
            yield bytes([method]) + path


def crl_seeds():
    yield from (b"a.crl", b"a.pem", b"a-delta.crl", b"A-S12.CRL", b"b-s1.crl", b"b-delta-delta.pem", b"b-s1-s1023.crl",
                b"a-s1024.crl", b"a-s007.crl")


def account_seeds():
    yield from (b"alice", b"CORP\\alice", b"alice@corp.test", b"WEB$", b"host/web.corp.test@CORP.TEST", b"*)(uid=*",
                b"cn=a\\, b,dc=test", b"cn=a\\2c b+ou=c,dc=test", b"S-1-5-32-544",
                bytes.fromhex("010500000000000515000000dcf4dc3b833d2b46828ba62800020000"))


def kra_seeds(block):
    """Payloads for a KRA: a key, secrets in both forms, a recovery, a rotation, a policy."""
    texts = block(b"guid:alice") + block(b"c1") + block(b"two of three")
    facts = block(bytes(16)) + b"\1" + texts + block(b"spki") + bytes(8)
    wrapping = (block(bytes(32)) + block(b"ECDH-ES+A256KW") + block(b"spki") + block(bytes(40)) + block(b"AES-256-GCM"))
    yield b"\1" + block(b"P-256") + block(b"pkcs11:a") + block(b"password")
    yield block(bytes(32)) + facts + b"\1" + wrapping + block(bytes(12)) + block(bytes(40))
    yield block(bytes(32)) + facts + b"\2" + block(bytes(32)) + block(b"\xa0\2\x30\0")
    for form in (1, 2, 3):
        yield (facts + block(b"stored") + bytes([form]) + wrapping + block(bytes(12)) + block(bytes(30)) + block(b"name")
               + block(b"certificate") + b"\1" + block(b"issuer") + b"\0\3\x0d\x40" + block(b"sealed policy")
               + bytes(7) + b"\7" + block(b"guid:carol") + bytes(8) + b"\1" + block(b"signature"))
    yield block(bytes(32)) + block(b"stored")
    yield (block(b"two of three") + bytes(7) + b"\1" + b"\2\0\1\2" + block(b"guid:anna") + block(b"certificate")
           + block(b"guid:bert") + block(b"certificate"))


def signer_seeds():
    """Payloads of the signer's protocol: docs/signer-protocol.md."""
    def block(b):
        return len(b).to_bytes(4, "big") + b
    times, name, plain = bytes(16), der.name([("CN", "a")]), bytes(8) + b"\1\0\0\0\x08\0\1\1\1"
    limits = plain + b"\1" + block(bytes.fromhex("2b06010505070302")) + b"\2" + block(b"\x2a\3\4") + block(b"\x2a\5")
    yield b""
    yield block(b"GHCA\1" + bytes(40))
    yield block(bytes(32)) + times + block(name) + block(b"spki") + block(b"")
    with tempfile.TemporaryDirectory() as folder:
        exts = der.seq(der.extension("basicConstraints", der.seq(der.boolean(True), der.integer(0)), critical=True),
                       der.extension("keyUsage", bytes([3, 2, 1, 6]), critical=True),
                       der.extension("subjectAltName", der.san(dns=["a"]), critical=True))
        for spec in ("ec:P-256", "ec:P-384", "rsa:2048", "ed25519"):
            yield (block(bytes(32)) + bytes(8) + bytes([0, 0, 0, 0, 1, 0, 0, 0]) + block(name)
                   + block(der.Key(folder, spec).spki) + block(exts))
    yield block(b"P-256") + block(b"") + block(b"secret") + times + block(name) + block(b"") + block(b"") + limits
    yield block(b"sealed") + block(b"password") + block(b"other")
    yield block(b"sealed") + block(b"password") + b"\0\0\2\x58"
    yield block(bytes(32))
    yield block(bytes(32)) + b"\1"
    yield b"\7" + bytes(7) + b"\1"
    yield block(b"key") + block(b"pkcs11:a") + block(b"certificate") + limits
    yield block(b"P-256") + block(b"") + block(b"sealed") + block(b"password") + block(name) + block(b"") + limits
    yield (block(b"sealed") + block(b"password") + block(b"parent") + block(b"its") + times + block(b"P-256") + block(b"")
           + block(b""))
    yield block(b"sealed") + limits
    yield from kra_seeds(block)
    # plaintexts of sealed records
    yield b"\1" + plain + block(b"certificate") + block(b"key")
    for where in (0, 1, 2):
        yield b"\2\1" + bytes(7) + b"\1" + limits + block(b"certificate") + bytes([where]) + block(b"key")
    yield block(bytes(16)) + (2 ** 15).to_bytes(8, "big") + b"\0\0\0\x08\0\0\0\1" + block(bytes(40))
    yield block(b"certificate") + block(b"sealed")
    yield (2 ** 32 - 8).to_bytes(4, "big") + block(b"limits of the CA")


def sign_seeds():
    """CRL entries, OCSP SingleResponses, and the messages that carry them."""
    def block(b):
        return len(b).to_bytes(4, "big") + b
    late, soon = b"\x18\x0f20510921134640Z", b"\x17\x0d260921134640Z"
    number = bytes.fromhex("300a0603551d140403020107")
    reason = bytes.fromhex("300c300a0603551d1504030a0104")
    nonce = bytes.fromhex("301f06092b060105050730010204120410") + b"0123456789abcdef"
    entries = der.seq(der.integer(5), soon) + der.seq(der.integer(2 ** 120), late, reason)
    cert_id = der.seq(bytes.fromhex("300b0609608648016503040201"), b"\4\x20" + bytes(32), b"\4\x20" + bytes(32),
                      der.integer(7))
    until = b"\xa0\x11" + late
    single = (der.seq(cert_id, b"\x80\0", late, until) + der.seq(cert_id, b"\x82\0", late)
              + der.seq(cert_id, b"\xa1\x16" + late + b"\xa0\3\x0a\1\4", late, until, der.context(1, der.seq(nonce))))
    yield from (entries, number, single)
    yield block(bytes(32)) + bytes(7) + b"\1" + bytes(7) + b"\2" + bytes(8) + block(number)
    yield block(bytes(32)) + bytes(8) + block(single) + block(nonce)
    yield block(bytes(32)) + bytes(16) + block(b"P-256")
    yield b"\1" + bytes(3) + b"\2" + bytes(3) + b"\1" + block(b"away")
    yield block(bytes(32)) + bytes(8)


def ocsp_seeds():
    """Requests of OCSP, and paths with them."""
    def request(serial, digest, extensions=b"", name=b"\x11"):
        algorithm = {20: "1.3.14.3.2.26", 32: "2.16.840.1.101.3.4.2.1", 64: "2.16.840.1.101.3.4.2.3"}[digest]
        one = der.seq(der.seq(der.oid(algorithm), b"\5\0"), der.octets(name * digest), der.octets(b"k" * digest),
                      der.integer(serial))
        return der.seq(der.seq(der.seq(der.seq(one), der.seq(one)), extensions))
    nonce = der.extension("1.3.6.1.5.5.7.48.1.2", der.octets(b"0123456789abcdef"))
    other = der.extension("1.2.3.4", b"x", critical=True)
    for raw in (request(5, 20), request(2 ** 127, 32), request(7, 64), request(5, 20, der.context(2, der.seq(nonce))),
                request(5, 20, der.context(2, der.seq(other)))):
        yield raw
        yield der.b64(raw).encode()
    yield der.b64(request(5, 20)).replace("/", "%2F").encode()


def revoke_seeds():
    yield (b'{"Lookup":{"Type":"Serial","SerialNumber":"4d2","IssuerDN":"CN=CorpCA1,DC=keyexample,DC=com"},'
           b'"Details":{"Reason":4,"EffectiveDate":"2020-5-5","Comment":""}}')
    for dn in ('DC=com; dc=keyexample ; cn = "CorpCA1"', "OID.2.5.4.3=a\\2Cb + O=x,S=y,E=a@b", "CN=#0c0141,,", "CN=\\"):
        yield json.dumps({"details": {"reason": "-1", "comment": "a"},
                          "lookup": {"type": "serial", "issuerdn": dn, "serialnumber": "01"}}).encode()
    yield b'{"Lookup":{"Type":"Thumbprint","Thumbprint":"AB"},"Details":{"Reason":"keyCompromise","EffectiveDate":null}}'
    yield b'{"Lookup":{"Type":"CMSID","CMSID":17},"Details":{"EffectiveDate":"2026-01-02T03:04:05Z"}}'


# By the words in a fuzzer's name: more than one may fit.
def proxy_seeds():
    start = b"\r\n\r\n\x00\r\nQUIT\n"
    yield start + b"\x21\x11\x00\x0c" + bytes(range(12))
    yield start + b"\x21\x21\x00\x28" + bytes(range(40))
    yield start + b"\x20\x00\x00\x00"


def http_seeds():
    """A request for each row of the route table, with and without credentials; several on one connection."""
    table = (TOP / "kore-app/routes/routes.c").read_text().replace('CA_PASSWORD "', '"/api/v1/certificate-authorities/{name}/password/')
    table = re.sub(r"\bREAD\b", "GH_HTTP_GET | GH_HTTP_HEAD", table)
    rows = re.findall(r"\.methods = (GH_HTTP_[A-Z_ |]+),\s*\.pattern = \"([^\"]+)\"", table)
    assert len(rows) > 20, rows
    request = requests()[0]
    body = json.dumps({"Timestamp": "2024-01-02T03:04:05Z", "password": "correct horse", "Request": {
        "TemplateName": "User", "Pkcs10Request": der.b64(request)}}).encode()
    whole = []
    for methods, pattern in rows:
        for method in re.findall("GH_HTTP_([A-Z]+)", methods):
            path = pattern.replace("{v}", "3").replace("{v12}", "1").replace("{id}", "1").replace("{name}", "issuing")
            path = path.replace("{rest}", "MAMKAQE=")
            head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: Basic YWxpY2U6eA==\r\n"
            if method in ("GET", "HEAD"):
                whole.append((head + "\r\n").encode())
            else:
                whole.append((head + f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
    yield from (bytes([flags, part]) + raw for raw in whole for flags, part in ((0, 0), (2, 7), (6, 0), (8, 0)))
    yield from (b"\0\0" + raw for raw in keyfactor_requests())
    yield b"\0\0" + b"".join(whole)
    yield b"\2\5" + b"".join(reversed(whole))
    cookie = "0123456789abcdef" * 4
    for path, form in (("/login?next=%2Fcsr%2Fupload&lang=de", None), ("/login", f"csrf={cookie}&user=alice&password=x&next=%2Frequests"),
                       ("/logout", f"csrf={cookie}&everywhere=yes"), ("/login/certificate", f"csrf={cookie}")):
        head = (f"{'GET' if form is None else 'POST'} {path} HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nSec-Fetch-Site: same-origin\r\n"
                f"Cookie: a=b; __Host-gatehouse={cookie}; __Host-gatehouse-login={cookie}\r\n")
        if form is not None:
            head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n"
        yield b"\0\0" + (head + "\r\n" + (form or "")).encode()
    for rest in (b"00", b"01", b"MAB", b"", b"%", b"MA%3d%3d"):
        yield b"\1\0GET /ocsp/" + rest + b" HTTP/1.0\r\n\r\n"
    yield (b"\0\1POST /certenroll/3/pkcs10 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
           b"2;a=b\r\n{}\r\n0\r\nT: u\r\n\r\n")


def p12_seeds():
    request = {"TemplateName": "User", "Flags": "0", "Pkcs12Password": "correct horse", "KeyType": "RSA", "KeyLength": 2048,
               "SubjectNameAttributes": {"CN": "a", "OU": ["b", "c"], "O": "d", "L": "M\u00fcnchen", "ST": "e", "C": "DE", "E": "a@b.c"},
               "SubjectAltNameElements": [{"key": "dns", "value": "a.b"}, {"key": "ip", "value": "192.0.2.1"}, {"key": "upn", "value": "a@b"}]}
    for sans in (request["SubjectAltNameElements"], {"dns": ["a.b", "c.d"], "uri": "https://a/", "email": "a@b.c", "ip6": "2001:db8::1"}):
        request["SubjectAltNameElements"] = sans
        yield json.dumps(request).encode()
        yield json.dumps({"timestamp": "2024-01-02T03:04:05", "Request": request}, indent=4).encode()


def form_seeds():
    yield from (b"\0", b"\0a=b&c=%41+%00&d", b"\0common_name=M%C3%BCller&san=a&san=b&csr_data=-----BEGIN+")
    part = b'Content-Disposition: form-data; name="csr_data"; filename="C:\\a\\"b.csr"\r\nContent-Type: x/y\r\n\r\n'
    text = b"Content-Disposition: form-data; name=common_name\r\n\r\n"
    yield b"\1--b--\r\n"
    yield b"\1--b\r\n" + part + requests()[0] + b"\r\n--b\r\n" + text + b"a.example\r\n--b--\r\n"
    yield b'\2"----x y"\n------x y\r\n' + text + b"\r\n------x y--"


def query_seeds():
    yield from (b'Department -eq "IT" AND NotAfter -lt "2027-01-01" AND Template -ne "User"', b'(CN -contains "100%_\\" OR dns -endswith \'.a\'\'b\') and Id -ge 5',
                b'NotAfter -le %TODAY+30% OR Requester -eq %ME% OR Cost-Center -gt -5', b'Review -eq NULL AND Exportable -ne "false" AND Metadata.Review -lt %TODAY%',
                b'Thumbprint -eq "' + b"0f" * 20 + b'" OR Serial -startswith "0e8" OR State -ne "hold"')


def markup_seeds():
    hostile = b"\0\"><script>alert('1')</script>&amp;"
    for path in sorted((TOP / "kore-app" / "pages" / "html").glob("*.html")):
        yield path.read_bytes() + hostile
    for text in (b"<p title=\"{{x}}\">{{x}}</p>", b"<a href=\"{{u}}\">{{u}}</a>", b"<a href=\"/r/{{x}}?y={{u}}\">a</a>",
                 b"{{#l}}<textarea>{{.}}</textarea>{{/l}}", b"<input {{#o}}value=\"{{x}}\" {{/o}}>", b"{{>p a=\"b\"}}{{t.home.welcome}}",
                 b"<table><tr><td>{{o.[x]}}</td></tr></table>", b"<style>p { color: red }</style><title>{{x}}</title>"):
        yield text + hostile
        yield text + b"\0javascript:alert(1)"


def csr_request_seeds():
    one = requests()[0]
    body = {"csr_data": der.pem(one), "common_name": "a", "validity_days": 30, "ca_id": 1, "purpose_category": "server_auth",
            "email": "a@b.c", "metadata": {"Dept": "x"}, "sans": ["dns:a.example", "192.0.2.1"], "form_token": "t"}
    yield b"\0" + json.dumps(body).encode()
    yield b"\1" + urllib.parse.urlencode({**body, "metadata": "{}", "metadata.Count": "1", "sans": "dns:a.example\r\n"}).encode()
    yield (b'\2--b\r\nContent-Disposition: form-data; name="csr_file"; filename="x"\r\n\r\n' + one +
           b"\r\n--b\r\nContent-Disposition: form-data; name=common_name\r\n\r\na\r\n--b--\r\n")
    for data in (one, der.pem(one).encode(), b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        yield b"\3" + data


def mime_seeds():
    yield b"alice@example.test\0Alice\0Your request\0one\ntwo\n\0<p>one</p>"
    yield "a@bücher.example\0Jürgen \"x\" <y>\0Schlüssel =?UTF-8?B?eA==?=\0.\nFrom x\n\0".encode()
    yield b"\"a b\"@x\0\0https://a.example/x?y\0\0"
    yield b"a@b\0n\r\nBcc: c@d\0s\r\n\r\nx\0\r\n.\r\n\0"


def pki_data_seeds():
    control = lambda n, arc, *v: der.seq(der.integer(n), der.oid(f"1.3.6.1.5.5.7.7.{arc}"), der.set_(*v))
    requests_of, extension = der.seq(der.integer(1)), der.seq(der.extension("2.5.29.37", der.seq(der.oid("1.3.6.1.5.5.7.3.2"))))
    by_ra = (control(2, 8, der.seq(der.integer(0), requests_of, extension)),
             control(3, 31, der.seq(der.seq(der.integer(4), der.integer(1)), requests_of, der.seq(der.context(5, der.name([("CN", "b")])), der.context(9, extension[2:])))),
             control(4, 31, der.seq(requests_of, requests_of, b"\x01\x01\x00", der.seq(der.context(9, extension[2:])))),
             control(5, 32, der.seq(der.seq(requests_of, der.seq(der.integer(4), der.integer(7))))),
             control(6, 35, der.seq(der.integer(4), der.integer(7))), control(7, 11, der.seq(der.integer(0), requests_of)))
    for controls in ((), by_ra, (control(2, 6, der.octets(b"nonce")), control(3, 5, der.integer(1 << 70)), control(0xFFFFFFFF, 2, der.utf8("me")))):
        for csr in requests():
            tagged = der.context(0, der.integer(1), csr)
            yield der.seq(der.seq(*controls), der.seq(tagged), der.seq(), der.seq())
    with tempfile.TemporaryDirectory() as folder:
        template = der.seq(der.context(5, der.name([("CN", "a")])), der.context(6, der.Key(folder, "ec:P-256").spki[2:]))
    for proof in (der.context(2, b"\x81\x01\x01"), der.context(3, b"\x81\x01\x01"), der.context(3, b"\x81\x01\x00")):
        yield der.seq(der.seq(control(2, 10, der.seq(der.integer(1)))), der.seq(der.context(1, der.seq(der.integer(1), template), proof)), der.seq(), der.seq())
    crmf = (TOP / "tests" / "fuzz" / "fuzz_crmf")
    for path in sorted(crmf.glob("*")):
        yield der.seq(der.seq(), der.seq(path.read_bytes()), der.seq(der.seq(der.integer(4), der.seq())), der.seq())


PACKAGE_KINDS = ["ee-certificate", "symmetric-keys", "firmware", "tamp-status-query", "tamp-update", "tamp-apex-update",
                 "tamp-community-update", "tamp-sequence-adjust"]
ANSWER_KINDS = ["key-receipt", "key-error", "firmware-receipt", "firmware-error", "tamp-status-query", "tamp-status-response",
                "tamp-update", "tamp-update-confirm", "tamp-apex-update", "tamp-apex-update-confirm", "tamp-community-update",
                "tamp-community-update-confirm", "tamp-error", "tamp-sequence-adjust", "tamp-sequence-adjust-confirm"]


def packages(begin, kinds):
    """Those that packages.py makes, behind a byte for their kind. It needs the Python of Debian."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["/usr/bin/python3", "-B", TOP / "tests/e2e/packages.py", folder], check=True)
        for path in sorted(Path(folder).iterdir()):
            kind = path.name.split(".")
            if kind[0] in begin:
                yield bytes([kinds.index(kind[1])]) + path.read_bytes()


def package_seeds():
    yield from packages(("good", "bad"), PACKAGE_KINDS)


def receipt_seeds():
    yield from packages(("answer",), ANSWER_KINDS)


KINDS = {"pki": pki_data_seeds, "mime": mime_seeds, "markup": markup_seeds, "form": form_seeds, "request": csr_request_seeds, "p12": p12_seeds, "http": http_seeds, "proxy": proxy_seeds, "base64": base64_seeds, "encoding": base64_seeds, "timestamp": timestamp_seeds, "json": json_seeds,
         "csr": csr_seeds, "pkcs10": csr_seeds, "armour": armour_seeds, "unarmour": armour_seeds,
         "auth": header_seeds, "certenroll": envelope_seeds, "ce": envelope_seeds,
         "envelope": envelope_seeds, "body": envelope_seeds,
         "signer": signer_seeds, "sign": sign_seeds, "template": template_seeds, "tmpl": template_seeds,
         "route": route_seeds,
         "account": account_seeds, "ocsp": ocsp_seeds, "revoke": revoke_seeds, "crl": crl_seeds}
def pki_answer_seeds():
    """PKIResponse with a status of each kind."""
    def control(number, value):
        return der.seq(der.integer(number), der.oid(f"1.3.6.1.5.5.7.7.{number}"), der.set_(value))
    bodies = der.seq(der.integer(1), der.seq(der.integer(2), der.integer(3)))
    time = der.tlv(0x18, b"20270101000000Z")
    for more in (b"", der.integer(7), der.seq(der.octets(b"token"), time), der.seq(der.oid("1.2.3"), der.integer(1)),
                 der.context(1, der.oid("1.2.3"))):
        status = der.seq(der.integer(2), bodies, der.tlv(0x0c, "Größe".encode()), more)
        yield der.seq(der.seq(control(25, status), control(1, status), control(7, der.octets(b"nonce"))), der.seq(), der.seq())


def device_file_seeds():
    """Device tables as CSV."""
    yield b"\xef\xbb\xbfserial,labels,subject,san,note\r\nSN-4711,phones,\"CN=phone-1.example,O=Example\",dns:phone-1.example ip:192.0.2.7,third floor\r\n"
    yield (b"serial,anchor,spki,user,enabled,expires\nA  b," + b"0a" * 32 + b"," + b"AB:" * 31 + b"AB,printer-1,no,2027-01-31\n"
           b"A b,,,,yes,\n\nc,,,,perhaps,\n\"d\"\"e\",,,,,2027-01-31T00:00:00Z\n")


def constraints_seeds():
    """Of our own signers, of all types, of one that may not, and with attributes that are constrained."""
    def one(oid, *more):
        return der.seq(der.oid(oid), *more)
    tamp = "2.16.840.1.101.2.1.2.77."
    yield der.seq(*(one(tamp + n) for n in ("1", "3", "5")), one("1.2.840.113549.1.9.16.1.25"))
    yield der.seq(one("1.2.840.113549.1.9.16.1.0"))
    yield der.seq(one(tamp + "3", der.tlv(10, b"\x01")), one("1.2.840.113549.1.9.16.1.0", der.tlv(10, b"\x00")))
    yield der.seq(one(tamp + "3", der.seq(der.seq(der.oid("1.2.3"), der.set_(der.integer(1))))))


def foreign_cert_seeds():
    """A certificate with names of each kind as DER, PEM, PKCS#7 and PKCS#12."""
    with tempfile.TemporaryDirectory() as folder:
        def openssl(*args):
            return subprocess.run(["openssl", *args], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj", "/CN=a/O=b", "-keyout", "key", "-out", "pem",
                "-addext", "subjectAltName=DNS:a.test,IP:192.0.2.1,email:a@b.test,URI:http://a,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:a@b,RID:1.2.3,dirName:dir",
                "-addext", "authorityKeyIdentifier=keyid", "-config", str(dir_name(folder)))
        text = openssl("x509", "-in", "pem")
        p7 = openssl("crl2pkcs7", "-nocrl", "-certfile", "pem", "-outform", "DER")
        yield text
        yield b"some words\r\n" + text + b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n" + text
        yield openssl("x509", "-in", "pem", "-outform", "DER")
        yield p7
        yield base64.b64encode(p7)
        for more in (["-nomac", "-keypbe", "NONE", "-certpbe", "NONE"], ["-iter", "1", "-nomac"], ["-iter", "1"]):
            yield openssl("pkcs12", "-export", "-in", "pem", "-inkey", "key", "-passout", "pass:secret", *more)


def dir_name(folder):
    path = Path(folder) / "conf"
    path.write_text("[req]\ndistinguished_name=dn\n[dn]\n[dir]\nCN=d\n")
    return path


def scan_seeds():
    """The kind of endpoint, and what one says that begins TLS, or does not."""
    yield b"\1220-a\r\n220 b\r\n250-c\r\n250-STARTTLS\r\n250 SIZE\r\n220 go\r\n"
    yield b"\1220 b\r\n250 c\r\n"
    yield b"\2* OK ready\r\n* CAPABILITY\r\na OK go\r\n"
    yield b"\3" + bytes.fromhex("300c02010178070a010004000400")
    yield b"\3" + bytes.fromhex("3084000000") + b"\x0c" + bytes.fromhex("02010178070a010004000400")
    yield b"\4S"
    yield b"\4SE"


def wire_seeds():
    """Whole conversations: an order, and processes that answer, end in the middle, or say what they may not."""
    asks = [json.dumps({"asks": i}) for i in range(5)]
    served = [json.dumps({"target": i, "chain": ["AQID", "BA=="][:1 + i % 2], "more": i, "verify": "ok", "error": ""}) for i in range(5)]
    failed = json.dumps({"target": 0, "chain": [], "more": 0, "verify": "", "error": "gone"})
    done = '{"done":true}'
    well = [line for pair in zip(asks, served) for line in pair]
    for lines in ([*well, done], [asks[0], failed, *well[2:], done], [*asks[:3], "", asks[0], "", asks[1], served[1], asks[2], "", *well[6:], done],
                  [*asks[:4]], [asks[0], asks[0]], [done], [served[0]], [*well, *well, done], [*well[:4], '!\0\0\0\7{"a":', "", "[]", done],
                  [asks[0], json.dumps({"target": 0, "chain": ["AQ=="] * 9, "more": 0, "verify": "ok", "error": ""})]):
        yield b"\0" + "\n".join(lines).encode()
    for more in ({}, {"ask": [0, 2]}, {"ask": [1, 1]}, {"ask": [9]}, {"ask": ["0"]}):
        yield b"\1" + json.dumps({"rate": 10, "parallel": 8, "timeout": 10, "targets": "a\nb:1 sni=c # d\n192.0.2.0/30 starttls=ldap", "roots": ["MAA="], **more}).encode()


KINDS |= {"foreign": foreign_cert_seeds, "scan": scan_seeds, "wire": wire_seeds}


def keyfactor_bodies():
    """Members of all calls of KeyfactorAPI; a subject in each of its forms."""
    csr = "-----BEGIN CERTIFICATE REQUEST-----\n" + der.b64(requests()[0]) + "\n-----END CERTIFICATE REQUEST-----"
    sans = {"dns": ["a.example.test"], "ip4": ["192.0.2.7"], "ip6": ["2001:db8::1"], "rfc822": ["a@b.example"], "uri": ["urn:a"], "ms_ntprincipalname": None}
    for subject in ("CN=a, OU=b, OU=c, O=\"Keys, \"\"Inc.\"\"\", C=DE", "/C=DE/CN=a", "CN=a\\2Cb+E=a@b.example", "", "CN=\"a"):
        yield {"Subject": subject, "SANs": sans, "CSR": csr, "Template": "User", "Password": "a password of fourteen", "CertID": 1, "CertificateId": 1,
               "CertificateIds": [1], "CertificateRequestIds": [1], "Comment": "x", "NewRoleName": "a@b.example", "Id": 1, "Metadata": {"Department": "IT"},
               "Certificate": csr, "KeyType": "ECC", "Curve": "P-256", "RenewalCertificateId": 1}


def keyfactor_seeds():
    yield from (json.dumps(body).encode() for body in keyfactor_bodies())


def keyfactor_requests():
    """One for each row of KeyfactorAPI."""
    table = (TOP / "kore-app/routes/keyfactor_rows.h").read_text()
    rows = [("GET", path) for path in re.findall(r'KEYFACTOR_READ\("([^"]+)"', table)]
    rows += re.findall(r'KEYFACTOR_WRITE\(GH_HTTP_([A-Z]+),\s*(?:\\\s*)?"([^"]+)"', table)
    rows += [("POST", path) for path in re.findall(r'KEYFACTOR_ENROLL\("([^"]+)"|"/keyfactorapi/([^"]+)"', table) for path in path if path]
    assert len(rows) > 20, rows
    body = json.dumps(next(keyfactor_bodies())).encode()
    for method, path in rows:
        sent = b"[1]" if path.endswith("approve") else b"null" if method == "GET" else body
        yield (f"{method} /KeyfactorAPI/{path.replace('{id}', '1').replace('{name}', 'Department')} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
               f"Authorization: Basic YWxpY2U6eA==\r\nContent-Length: {len(sent)}\r\n\r\n").encode() + sent


def clauses_seeds():
    """A query, as it is; after an octet 0 the parameters of a list."""
    yield from (b'Name -eq "User"', b'Id -ne 1 AND name -contains "se" and Kinds -eq 3', b"Waits -eq true\tAND Never -eq false", b'Name -startswith "U" AND Name -endswith r"',
                b'Name -notcontains "x" AND', b'Name -eq ""', b'Name -eq "a', b"Name -eq", b'Name -eq "a"AND Id -eq 1', b"x" * 31 + b" -eq " + b"v" * 255, b'Name -eq "' + b"v" * 256 + b'"',
                b'Requester -eq "alice" AND SubmissionDate -ge 2026-01-01', b'\0pq.QueryString=Name%20-eq+%22User%22&pq.SortField=Id&SortAscending=1&PageReturned=1&ReturnLimit=2',
                b"\0SortField=Never&sortascending=2&pagedQuery.returnlimit=1000&PageReturned=2147483647", b"\0QueryString=%ff%00&QueryString=%zz&=&&")


KINDS |= {"keyfactor": keyfactor_seeds, "clauses": clauses_seeds}
KINDS |= {"answer": pki_answer_seeds, "device": device_file_seeds, "constraints": constraints_seeds}
KINDS |= {"query": query_seeds, "csrattrs": csrattrs_seeds, "decrypt": decrypt_seeds, "key": key_package_seeds, "package": package_seeds, "receipt": receipt_seeds}


def make(name, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    number = 0
    for word in name.split("_")[1:]:
        for seed in KINDS.get(word, lambda: ())():
            (folder / f"{number:03}").write_bytes(seed)
            number += 1
    # what a harness of its own folder keeps as fixtures
    for path in sorted((TOP / "tests" / "fuzz" / name).glob("*")):
        (folder / path.name).write_bytes(path.read_bytes())


def main():
    for name in sys.argv[2:]:
        make(name, Path(sys.argv[1]) / name)


main()
