"""A browser without JavaScript, strict about cookies: forms as they stand in the pages, redirects followed, "__Host-"
taken with Secure, Path=/ and without Domain only."""

import html.parser
import urllib.parse

from client import Client

ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


BOUNDARY = "----plain-browser-7d1e0c"


def multipart(fields, files):
    """multipart/form-data (RFC 7578), names escaped as browsers do."""
    def part(name, value, more=""):
        return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"
    body = b"".join(part(n, v.encode()) for n, v in fields.items())
    for name, (called, value) in files.items():
        called = called.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        body += part(name, value, f'; filename="{called}"\r\nContent-Type: application/octet-stream')
    return body + f"--{BOUNDARY}--\r\n".encode()


class Form:
    def __init__(self, attributes):
        self.action, self.method = attributes.get("action"), attributes.get("method", "get").upper()
        self.fields = {}


class Forms(html.parser.HTMLParser):
    """The forms of a page with what stands in their fields."""

    def __init__(self, text):
        super().__init__()
        self.forms = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "form":
            self.forms.append(Form(a))
        elif tag in ("input", "textarea", "select") and self.forms and a.get("name") and a.get("type") not in ("submit", "checkbox", "radio", "file"):
            self.forms[-1].fields.setdefault(a["name"], a.get("value") or "")


class Links(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found.append(dict(attrs).get("href") or "")


def links(text, begin=""):
    """Where the links of a page lead, of those that begin so."""
    return [x for x in Links(text).found if x.startswith(begin)]


class PlainBrowser:
    def __init__(self, env, url=None, context=None):
        self.client = Client(env, url=url)
        if context is not None:
            self.client.context = context
        self.cookies = {}
        self.reply = None
        self.path = None

    # --- requests --------------------------------------------------------------------------------
    def send(self, method, path, fields=None, site="same-origin", headers=None, files=None):
        """One request, without following a redirect. site: Sec-Fetch-Site, as the browser says it. files: {field: (name, bytes)}."""
        head = {"Accept": ACCEPT, "Sec-Fetch-Site": site}
        if self.cookies and site != "cross-site":  # SameSite=Strict
            head["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        body = None
        if files is not None:
            body = multipart(fields or {}, files)
            head["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
        elif fields is not None:
            body = urllib.parse.urlencode(fields).encode()
            head["Content-Type"] = "application/x-www-form-urlencoded"
        if method != "GET":
            head["Origin"] = f"https://{self.client.host}:{self.client.port}"
        head |= headers or {}
        self.reply = self.client.request(method, path, body, {k: v for k, v in head.items() if v is not None})
        self.keep_cookies()
        self.path = path
        return self.reply

    def keep_cookies(self):
        for line in self.reply.cookies:
            pair, *attributes = [x.strip() for x in line.split(";")]
            name, _, value = pair.partition("=")
            said = {x.partition("=")[0].lower(): x.partition("=")[2] for x in attributes}
            assert name.startswith("__Host-"), line
            assert "secure" in said and said.get("path") == "/" and "domain" not in said, line
            assert "httponly" in said and said.get("samesite", "").lower() == "strict", line
            if said.get("max-age") == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    def follow(self):
        while self.reply.status in (301, 302, 303, 307, 308):
            target = self.reply.headers["location"]
            assert target.startswith("/") and not target.startswith("//"), target
            self.send("GET", target)
        return self.reply

    def get(self, path, **more):
        self.send("GET", path, **more)
        return self.follow()

    # --- pages -----------------------------------------------------------------------------------
    @property
    def text(self):
        return self.reply.body.decode()

    def form(self, action):
        found = [f for f in Forms(self.text).forms if f.action == action]
        assert found, f"no form {action} on {self.path}: {self.text[:2000]}"
        return found[-1]

    def submit(self, action, follow=True, files=None, **fields):
        form = self.form(action)
        self.send(form.method, form.action, {**form.fields, **fields}, files=files)
        return self.follow() if follow else self.reply

    # --- log-in ----------------------------------------------------------------------------------
    @property
    def cookie(self):
        return self.cookies.get("__Host-gatehouse")

    def log_in(self, user, password, path="/login", follow=True):
        self.get(path)
        return self.submit("/login", follow=follow, user=user, password=password)

    def is_logged_in(self):
        return 'action="/logout"' in self.get("/").body.decode()
