#!/usr/bin/python3
"""Make the pictures of pages that the documents show: tests/browser/screenshots.py [NAME...] writes docs/images/NAME.png. A gateway of its own
is started for them, with the servers of the tests. The system's python3, for Selenium."""

import struct
import sys
import zlib
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "e2e"))
import browser  # noqa: E402
import der  # noqa: E402
from client import Client  # noqa: E402
from environment import Environment, wait_for  # noqa: E402

IMAGES = TOP / "docs" / "images"
SIZE_MAX = 180 * 1024  # bytes of a file

env = Environment("screenshots")
PASSWORDS = {"alice": "alice-secret", "olga": env.var["GATEHOUSE_OFFICER_PASSWORD"], "admin": env.var["GATEHOUSE_ADMIN_PASSWORD"],
             "otto": env.var["GATEHOUSE_AUDITOR_PASSWORD"]}
browser.SIZES["document"] = (1000, 640, 1, False)
browser.SIZES["console"] = (1200, 640, 1, False)  # with the ways beside the page


def log_in(b, who):
    b.driver.delete_all_cookies()
    return b.open("/login?lang=en").fill(user=who, password=PASSWORDS[who]).click("main button")


# --- the pictures: each one shows its page, and the mode stays -----------------------------------------

def home(b):
    log_in(b, "alice").open("/")


def login(b):
    b.driver.delete_all_cookies()
    b.open("/login")


def home_phone(b):
    b.mode("phone", dark=True)
    log_in(b, "alice").open("/?lang=de")


def web_csr(host):
    key = der.Key(env.scratch, "ec:P-256")
    return der.csr(key, subject=[("CN", host)], extensions=[der.extension("subjectAltName", der.san(dns=[host, "www." + host]))])


def ask(host):
    """A request of alice that waits for an officer: its number."""
    return Client(env).enroll(web_csr(host), template="WebServer").json["CMSRequestId"]


def upload(b):
    log_in(b, "alice").open("/csr/upload")


def preview(b):
    upload(b)
    b.fill(csr_data=der.pem(web_csr("shop.example.com")), common_name="shop.example.com", purpose_category="server_auth").click("main button")


def requests(b):
    ask("intranet.example.com")
    ask("wiki.example.com")
    log_in(b, "olga").open("/requests")


def request(b):
    number = ask("shop.example.com")
    log_in(b, "olga").open(f"/requests/{number}")


def request_phone(b):
    number = ask("shop.example.com")
    b.mode("phone")
    log_in(b, "alice").open(f"/requests/{number}")


def certificates(b):
    for name in ("alice", "bob"):
        Client(env, user=name, password=f"{name}-secret").enroll(der.csr(der.Key(env.scratch, "ec:P-256"), subject=[("CN", name)]))
    for host in ("shop", "intranet", "wiki"):
        env.admin("request", "approve", str(ask(f"{host}.example.com")))
    log_in(b, "olga").open("/console/certificates?write=yes&state=active&ca=issuing&expires=365")


def officer_at_certificate(b, more=""):
    number = Client(env).enroll(der.csr(der.Key(env.scratch, "ec:P-256"), subject=[("CN", "alice")])).json["CMSID"]
    log_in(b, "olga").open(f"/console/certificates/{number}{more}")


def certificate(b):
    officer_at_certificate(b)


def revoke(b):
    officer_at_certificate(b, "/status?to=revoked")


def metadata(b):
    officer_at_certificate(b, "/metadata")
    b.fill(**{"m-Department": "Sales", "m-Cost-Center": "4711"}).click("main button")
    b.fill(**{"m-Department": "IT", "m-Ticket": "OPS-123"}).click("main button")


def overview(b, more=""):
    """With a house in which something is wrong, and certificates of other days."""
    ask("print.example.com")
    for name in ("alice", "bob") * 6:
        Client(env, user=name, password=f"{name}-secret").enroll(der.csr(der.Key(env.scratch, "ec:P-256"), subject=[("CN", name)]))
    env.sql("update certificate set not_before = not_before - (id * id % 23) * interval '1 day', not_after = now() + (id * 7 % 50) * interval '1 day' "
            "where id in (select max(id) - n from certificate, generate_series(0, 11) n group by n)")
    wait_for(lambda: env.count("select count(*) from job where name = 'expiry-notices' and failures = 0") == 1, "a job that has run")
    env.sql("update job set failures = 2 where name = 'expiry-notices'")
    log_in(b, "olga").open("/console" + more)
    wait_for(lambda: b.all("svg.columns"), "plots")


def overview_phone(b):
    b.mode("phone", dark=True)
    overview(b, "?lang=de")


def certificates_phone(b):
    b.mode("phone", dark=True)
    log_in(b, "alice").open("/console/certificates")


def authority(b):
    env.await_crl("issuing")
    env.admin("ca", "set", "issuing", "--max-validity", "398", "--allow-key", "RSA:3072", "--allow-key", "EC")
    log_in(b, "admin").open("/console/cas/issuing")


def people(b):
    log_in(b, "admin").open("/console/users")


def audit(b):
    Client(env).enroll(der.csr(der.Key(env.scratch, "ec:P-256"), subject=[("CN", "alice")]))
    wait_for(lambda: env.count("select count(*) from audit where id not in (select audit_id from audit_leaf)") == 0, "all is sealed")
    env.admin("job", "run", "audit-verify")
    log_in(b, "otto").open("/console/audit?event=user.created")


def endpoints(b):
    port = env.var["GATEHOUSE_URL"].rsplit(":", 1)[1]
    env.admin("scan", "--targets", "-", stdin=f"localhost:{port}\n127.0.0.1:{port}\nlocalhost:1\n".encode())
    log_in(b, "olga").open("/console/endpoints")


def metadata_run(b):
    for name in ("alice", "bob"):
        Client(env, user=name, password=f"{name}-secret").enroll(der.csr(der.Key(env.scratch, "ec:P-256"), subject=[("CN", name)]))
    log_in(b, "olga").open("/console/metadata-runs/new")
    b.fill(**{"query": 'Template -eq "User"', "m-Department": "IT"}).click("main button")
    wait_for(lambda: env.count("select count(*) from metadata_run where ended_at is not null") > 0, "it was tried")
    b.open(b.driver.current_url)


PICTURES = {"home": home, "login": login, "home-phone": home_phone, "csr-upload": upload, "csr-preview": preview, "requests": requests, "request": request,
            "request-phone": request_phone, "console-certificates": certificates, "console-certificates-phone": certificates_phone,
            "console-certificate": certificate, "console": overview, "console-revoke": revoke, "console-metadata": metadata, "console-phone": overview_phone, "console-ca": authority,
            "console-users": people, "console-audit": audit, "console-endpoints": endpoints, "console-run": metadata_run}


# --- PNG ------------------------------------------------------------------------------------------------

def pixels(raw):
    """Width, height, and the rows of an image of 8 bits for each of red, green, blue (and alpha, which is dropped)."""
    at, data = 8, b""
    while at < len(raw):
        size, kind = struct.unpack(">I4s", raw[at:at + 8])
        part = raw[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height, bits, colour = struct.unpack(">IIBB", part[:10])
            assert bits == 8 and colour in (2, 6), "another form of PNG than Chromium's"
        elif kind == b"IDAT":
            data += part
        at += size + 12
    n = 3 if colour == 2 else 4
    return width, height, [[row[i:i + 3] for i in range(0, len(row), n)] for row in unfilter(zlib.decompress(data), width * n, n)]


def unfilter(data, size, n):
    """PNG, 9: each row as it was before its filter."""
    before = bytearray(size)
    for at in range(0, len(data), size + 1):
        kind, row = data[at], bytearray(data[at + 1:at + 1 + size])
        for i in range(size):
            left, up, corner = row[i - n] if i >= n else 0, before[i], before[i - n] if i >= n else 0
            if kind == 1:
                row[i] = row[i] + left & 255
            elif kind == 2:
                row[i] = row[i] + up & 255
            elif kind == 3:
                row[i] = row[i] + (left + up) // 2 & 255
            elif kind == 4:
                guess = left + up - corner
                row[i] = row[i] + min((left, up, corner), key=lambda v: abs(guess - v)) & 255
        yield bytes(row)
        before = row


def small(raw):
    """The same picture with a palette of 256: pages have few colours, but for the edges of letters."""
    width, height, rows = pixels(raw)
    count = {}
    for row in rows:
        for p in row:
            count[p] = count.get(p, 0) + 1
    palette = sorted(count, key=count.get, reverse=True)[:256]
    index = {p: i for i, p in enumerate(palette)}

    def nearest(p):
        if p not in index:
            index[p] = min(range(len(palette)), key=lambda i: sum((a - b) ** 2 for a, b in zip(palette[i], p)))
        return index[p]

    data = b"".join(b"\0" + bytes(nearest(p) for p in row) for row in rows)

    def chunk(kind, part):
        return struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)) +
            chunk(b"PLTE", b"".join(palette)) + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b""))


def main():
    env.await_crl("issuing")
    IMAGES.mkdir(exist_ok=True)
    b = browser.of(env)
    for name in sys.argv[1:] or PICTURES:
        b.mode("console" if name.startswith("console") else "document")
        PICTURES[name](b)
        file = IMAGES / f"{name}.png"
        b.screenshot(file)
        raw = small(file.read_bytes())
        file.write_bytes(raw)
        print(f"{name}: {len(raw)} bytes")
        if len(raw) > SIZE_MAX:
            sys.exit(f"{file}: more than {SIZE_MAX} bytes")
    b.close()


main()
