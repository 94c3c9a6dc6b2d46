#!/usr/bin/env python3
"""The tests that tests/README.md names in its table of clauses are there, each in its file."""

import re
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def named():
    """(file, test) of each row, in its order."""
    section = (TESTS / "README.md").read_text().split("## What a batch of enrollments promises")[1].split("\n## ")[0]
    for row in re.findall(r"^\| .* \| (`.*) \|$", section, re.M):
        for part in row.split("; "):
            file, *tests = re.findall(r"`([^`]+)`", part)
            yield from ((file, test) for test in tests)


def is_there(file, test):
    """Defined, and called or listed beside that where the language needs it."""
    path = TESTS / file
    if not path.is_file():
        return False
    found = len(re.findall(rf"\b{test}\b", path.read_text()))
    return found >= (2 if file.endswith(".c") else 1)


def main():
    pairs = list(named())
    wrong = [f"tests/README.md: {test} is not in {file}" for file, test in pairs if not is_there(file, test)]
    print("\n".join(wrong) or f"{len(pairs)} tests")
    sys.exit(bool(wrong) or not pairs)


main()
