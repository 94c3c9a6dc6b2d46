#!/usr/bin/env python3
"""docs/configuration.md has a row for every option of the option table, with its default, and no other; the
sample and the printed defaults load."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
GATEHOUSE = TOP / "build" / "gatehouse"


def printed():
    """Options and defaults as `gatehouse conf print` writes them."""
    text = subprocess.run([GATEHOUSE, "conf", "print"], check=True, stdout=subprocess.PIPE).stdout.decode()
    section, options = None, {}
    for line in text.splitlines():
        if m := re.match(r"(\w+) \{$", line):
            section = m.group(1)
        elif m := re.match(r"\t(# )?(\w+) = (.*)$", line):
            options[f"{section}.{m.group(2)}"] = None if m.group(1) else m.group(3).strip('"')
    return options


def documented():
    """Rows like | `section.option` | type | `default` | ... |"""
    found = {}
    for line in (TOP / "docs" / "configuration.md").read_text().splitlines():
        if m := re.match(r"\|\s*`([a-z_]+\.[a-z_0-9]+)`\s*\|(.*)", line):
            if m.group(1) in found:
                sys.exit(f"docs/configuration.md: {m.group(1)} twice")
            found[m.group(1)] = m.group(2)
    return found


def sample():
    """Options named in the sample, also those commented out."""
    section, names = None, set()
    for line in (TOP / "conf" / "gatehouse.conf.sample").read_text().splitlines():
        if m := re.match(r"(\w+) \{", line):
            section = m.group(1)
        elif m := re.match(r"\s+(?:# ?)?([a-z_0-9]+) = ", line):
            names.add(f"{section}.{m.group(1)}")
    return names


def main():
    code, docs = printed(), documented()
    wrong = [f"not in docs/configuration.md: {n}" for n in sorted(set(code) - set(docs))]
    wrong += [f"in docs/configuration.md, but no option: {n}" for n in sorted(set(docs) - set(code))]
    for name in sorted(set(code) & set(docs)):
        if code[name] and code[name] not in docs[name]:
            wrong.append(f"docs/configuration.md: {name}: the default is {code[name]}")
    wrong += [f"in the sample, but no option: {n}" for n in sorted(sample() - set(code))]
    wrong += [f"not in the sample: {n}" for n in sorted(set(code) - sample())]
    print("\n".join(wrong) or f"{len(code)} options")
    sys.exit(bool(wrong) or not code)


main()
