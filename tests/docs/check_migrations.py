#!/usr/bin/env python3
"""The migrations are numbered from 1 on, without a gap, and no number is there twice: the schema counts them."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "ca-backend/store/migrations"


def main():
    names = sorted(p.name for p in FOLDER.glob("*.sql"))
    wrong = [f"{name}: its number should be {n:04}" for n, name in enumerate(names, 1) if name[:5] != f"{n:04}_"]
    print("\n".join(wrong) or f"{len(names)} migrations")
    sys.exit(bool(wrong) or not names)


main()
