#!/usr/bin/env python3
"""docs/notification-samples.md is what `gatehouse notify preview` says; with --write it is written."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "notification-samples.md"
WITH_HTML = "cert.expiring"
CONF = """gateway { certificate = "/c"
key = "/k" }
database { conninfo = "dbname=x" }
directory { type = openldap
uris = "ldaps://ldap.example.com"
base = "dc=example,dc=com" }
notify { url = "https://pki.example.com:8443" }
"""
HEAD = """# Samples of the mails
Written by `tests/docs/check_mail_samples.py --write` with `gatehouse notify preview`; a check compares them. [notifications.md](notifications.md) says who
gets which, and how to replace the templates. Each mail also has an HTML part of the same content, as shown for `cert.expiring`.
"""


def preview(conf, *args):
    out = subprocess.run([TOP / "build/gatehouse", "notify", "preview", *args, "-c", conf, "--json"], check=True,
                         stdout=subprocess.PIPE).stdout
    return json.loads(out)


def section(conf, event, audience=()):
    yield f"\n## {event}{' to the address in the request' if audience else ''}\n"
    for language in ("en", "de"):
        mail = preview(conf, event, "--language", language, *audience)
        yield f"\n    Subject: {mail['subject']}\n\n"
        yield "".join(f"    {line}".rstrip() + "\n" for line in mail["text"].rstrip().splitlines())
        if event == WITH_HTML and language == "en":
            yield "\n```html\n" + mail["html"] + "```\n"


def page():
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
        conf.write(CONF)
        conf.flush()
        events = preview(conf.name)
        parts = [HEAD]
        for event in events:
            parts += section(conf.name, event)
            if event == "enroll.pending":
                parts += section(conf.name, event, ("--audience", "address"))
    parts.append("\nCode: `enroll/notify/`\n")
    return "".join(parts), len(events)


def main():
    text, n = page()
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(text)
    ok = PAGE.exists() and PAGE.read_text() == text
    print(f"{n} events" if ok else "docs/notification-samples.md is not current: run tests/docs/check_mail_samples.py --write")
    sys.exit(not ok or n < 20)


main()
