#!/usr/bin/env python3
"""Each event of keys and of the KRA that docs/audit.md names is made by the program and looked for by a test; and each
that the program makes is named there."""

import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
CODE = ("ca-backend", "enroll", "kore-app")


def texts(folders, suffixes):
    return "\n".join(p.read_text(errors="replace") for f in folders for p in sorted((TOP / f).rglob("*"))
                     if p.suffix in suffixes and "docs" not in p.parts)


def main():
    section = (TOP / "docs/audit.md").read_text().split("## Events")[1].split("\n## ")[0]
    named = {e for row in re.findall(r"^\| (`.*?) \|", section, re.M) for e in re.findall(r"`((?:key|kra)\.[a-z.*-]+)`", row)}
    code, tests = texts(CODE, (".c", ".h", ".sql")), texts(["tests"], (".c", ".h", ".py", ".sh"))
    made = {e for e in re.findall(r"""["']((?:key|kra)\.[a-z-]*[a-z](?:\.[a-z-]+)*)["']""", code)
            if not e.endswith((".h", ".pem", ".key", ".sock"))}
    covered = {m for m in made for n in named if m == n or (n.endswith(".*") and m.startswith(n[:-1]))}
    wrong = [f"docs/audit.md names {e}, and no test looks for it" for e in sorted(named) if e.rstrip("*") not in tests]
    wrong += [f"{e} is made, and docs/audit.md does not name it" for e in sorted(made - covered)]
    print("\n".join(wrong) or f"{len(named)} events")
    sys.exit(bool(wrong) or len(named) < 10)


main()
