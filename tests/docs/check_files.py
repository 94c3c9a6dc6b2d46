#!/usr/bin/env python3
"""docs/configuration.md shows the owners and modes of conf/gatehouse.tmpfiles, and a row for each secret file that is a
default of the option table."""

import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def table():
    rows = {}
    for line in (TOP / "conf" / "gatehouse.tmpfiles").read_text().splitlines():
        if line and not line.startswith("#"):
            _, path, mode, user, group, _ = line.split()
            rows[path] = (f"{user}, {group}", mode)
    return rows


def documented():
    text = (TOP / "docs" / "configuration.md").read_text()
    return {m.group(1): (m.group(2), m.group(3))
            for m in re.finditer(r"^\| `(/(?:etc|var)/[^`]*)` \| (\S+, \S+) \| (\d+) \|", text, re.M)}


def defaults():
    out = subprocess.run([TOP / "build" / "gatehouse", "conf", "print", "--names"], check=True, stdout=subprocess.PIPE)
    fields = (line.split("\t") for line in out.stdout.decode().splitlines())
    return {value for _, _, value in fields if value.startswith("/etc/")}


def main():
    conf, docs, named = table(), documented(), defaults()
    wrong = [f"{p}: {conf.get(p)} in conf/gatehouse.tmpfiles, {docs.get(p)} in docs/configuration.md"
             for p in sorted(set(conf) | set(docs)) if conf.get(p) != docs.get(p)]
    wrong += [f"{p}: a default of the option table, but not in conf/gatehouse.tmpfiles" for p in sorted(named - set(conf))]
    print("\n".join(wrong) or f"{len(conf)} files")
    sys.exit(bool(wrong) or not conf or not named)


main()
