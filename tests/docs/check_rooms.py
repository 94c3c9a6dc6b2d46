#!/usr/bin/env python3
"""Docs are the map of the code. The table "Rooms and their pages" of docs/architecture.md has each folder of C files and
the pages that explain it; each page says in a line "Code: ..." which folders it is about, those among them. And whatever
path of ours a page names is there."""

import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
DOCS = TOP / "docs"
LAYERS = ("base", "ca-backend", "enroll", "kore-app", "ldap", "templates")
# Pages about no folder, and why.
WITHOUT = {"glossary.md": "words of all folders"}


def rooms():
    return {str(p.parent.relative_to(TOP)) + "/" for layer in LAYERS for p in (TOP / layer).rglob("*.[ch]")}


def table(wrong):
    """Room -> its pages."""
    text = (DOCS / "architecture.md").read_text().partition("\n## Rooms and their pages\n")[2].partition("\n## ")[0]
    found = {}
    for line in re.findall(r"^\| `.*$", text, re.M):
        names, pages = line.strip("|").split("|", 1)
        for room in re.findall(r"`([^`]+)`", names):
            if room in found:
                wrong.append(f"docs/architecture.md: {room} is there twice")
            found[room] = re.findall(r"\]\(([^)#]+)", pages)
    return found


def code_of(page, wrong):
    """The folders of its line "Code: ", which may be a comment of roff or YAML."""
    lines = re.findall(r"^(?:#|\.\\\")? ?Code: (.+)$", page.read_text(), re.M)
    folders = [f for line in lines for f in re.findall(r"[a-z0-9-]+/[a-z0-9/-]*", line)]
    if page.name in WITHOUT:
        if lines:
            wrong.append(f"docs/{page.name}: it has a line \"Code:\"; take it out of WITHOUT of this script")
    elif len(lines) != 1 or not folders:
        wrong.append(f"docs/{page.name}: one line \"Code: `FOLDER/`, ...\" is needed")
    wrong.extend(f"docs/{page.name}: there is no folder {f}" for f in folders if not (TOP / f).is_dir())
    return folders


def names_what_is_gone(page):
    """Paths in backticks, from the top of the tree; some with * for several files."""
    tops = "|".join((*LAYERS, "tests", "conf", "debian"))
    paths = re.findall(rf"`((?:{tops})/[\w/.*-]*)`", page.read_text())
    return [f"docs/{page.name}: there is no {p}" for p in sorted(set(paths)) if not any(TOP.glob(p.rstrip("/")))]


def main():
    wrong = []
    real, listed = rooms(), table(wrong)
    pages = sorted(p for p in DOCS.iterdir() if p.is_file())
    code = {p.name: code_of(p, wrong) for p in pages}
    for page in pages:
        wrong += names_what_is_gone(page)
    wrong += [f"docs/architecture.md: no page for {r}" for r in sorted(real) if not listed.get(r)]
    wrong += [f"docs/architecture.md: there are no C files in {r}" for r in sorted(set(listed) - real)]
    for room, pages in listed.items():
        wrong += [f"docs/architecture.md: {room}: there is no page {p}" for p in pages if p not in code]
        wrong += [f"docs/{p}: its line \"Code:\" does not name {room}" for p in pages if room not in code.get(p, [room])]
    print("\n".join(wrong) or f"{len(real)} rooms, {len(code)} pages")
    sys.exit(bool(wrong) or len(real) < 20)


main()
