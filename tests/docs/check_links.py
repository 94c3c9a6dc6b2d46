#!/usr/bin/env python3
"""Every relative link of the documents leads to a file that is there, and every page of docs/ is linked."""

import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def main():
    names = subprocess.run(["git", "ls-files", "*.md"], cwd=TOP, check=True,
                           stdout=subprocess.PIPE).stdout.decode().split()
    wrong, linked = [], set()
    for name in names:
        for link in re.findall(r"\]\(([^)#]+)", (TOP / name).read_text()):
            if "://" in link:
                continue
            target = (TOP / name).parent / link
            if not target.exists():
                wrong.append(f"{name}: {link} does not exist")
            else:
                linked.add(str(target.resolve().relative_to(TOP)))
    wrong += [f"{n} is linked from nowhere" for n in names if n not in linked and n.startswith("docs/")]
    print("\n".join(wrong) or f"{len(linked)} documents linked")
    sys.exit(bool(wrong))


main()
