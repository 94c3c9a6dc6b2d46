#!/usr/bin/env python3
"""docs/troubleshooting.md has each error code of base/error.c once, with its HTTP status and HRESULT, and each HRESULT
with all of its codes."""

import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
ROW = re.compile(r'\{\s*(GH_E_\w+),\s*"(\w+)",\s*(\d+),\s*(0x[0-9A-Fa-f]+)')


def main():
    code = {name: (status, hresult.lower()) for _, name, status, hresult in
            ROW.findall((TOP / "base/error.c").read_text())}
    listed = set(re.findall(r"^\s*(GH_E_\w+) = -", (TOP / "base/error.h").read_text(), re.M))
    in_table = {c for c, *_ in ROW.findall((TOP / "base/error.c").read_text())}
    wrong = [f"{c} of error.h was not found in error.c" for c in sorted(listed - in_table)]
    docs = (TOP / "docs/troubleshooting.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\d+), (0x[0-9A-Fa-f]+) \| [^|\s][^|]* \| [^|\s][^|]* \|$", docs, re.M)
    for name, status, hresult in rows:
        if code.get(name) != (status, hresult.lower()):
            wrong.append(f"{name}: {status}, {hresult} in the page, {code.get(name)} in base/error.c")
    seen = [name for name, *_ in rows]
    wrong += [f"not in the page: {n}" for n in sorted(set(code) - set(seen))]
    wrong += [f"twice in the page: {n}" for n in sorted({n for n in seen if seen.count(n) > 1})]
    by_hresult = {}
    for name, (_, hresult) in code.items():
        by_hresult.setdefault(hresult, set()).add(name)
    table = {h.lower(): set(re.findall(r"`(\w+)`", names)) for h, names in
             re.findall(r"^\| (0x[0-9A-Fa-f]+) \| [^|]+ \| ([^|]+) \|$", docs, re.M)}
    wrong += [f"{h}: {sorted(table.get(h, set()))} in the page, {sorted(by_hresult.get(h, set()))} in the code"
              for h in sorted(by_hresult.keys() | table.keys()) if table.get(h) != by_hresult.get(h)]
    print("\n".join(wrong) or f"{len(code)} codes")
    sys.exit(bool(wrong) or not code)


main()
