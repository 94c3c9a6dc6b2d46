#!/usr/bin/env python3
"""Functions and variables that are public need somebody to be public for. Fails when what is not static is used

- by no other file, and by no test: it is static, or dead;
- by tests alone: they build it themselves of what the product uses.

Who uses what is read from the objects of the build (nm), tests and fuzzers are read as text. What the product uses in
its own file may be public for a test."""

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / os.environ.get("BUILD", "build")
LAYERS = ["base", "ca-backend", "ldap", "templates", "enroll", "kore-app"]

# What is public all the same, and why. What is not needed any more fails too.
EXCEPTIONS = {
    "main": "of a program",
    "kore_parent_configure": "called by Kore, by its name",
    "kore_worker_configure": "called by Kore, by its name",
    "kore_worker_teardown": "called by Kore, by its name",
    "kore_seccomp_hook": "called by Kore, by its name",
    "auth_limiter_free": "lives as long as the process; tests make many",
    "conn_table_free": "lives as long as the process; tests make many",
    "tls_view_free": "lives as long as the process; tests make many",
    "crl_cache_clear": "the cache is the process's; a test begins with an empty one",
    "tmpl_load_member": "compares the members that are known with those in the documents",
}


def objects():
    """Object -> its source; what is left in the build of sources that are gone is not read."""
    found = {}
    for layer in LAYERS:
        for source in sorted((TOP / layer).rglob("*.c")):
            name = (BUILD / source.relative_to(TOP)).with_suffix(".o")
            if not name.exists():
                sys.exit(f"not ok - {name.relative_to(TOP)} is not there: build first")
            found[str(name)] = source
    return found


def symbols(paths):
    """(object, name, kind) of each global symbol."""
    lines = subprocess.run(["nm", "-A", "-g", "--format=posix", *paths], capture_output=True, text=True,
                           check=True).stdout
    for line in lines.splitlines():
        path, name, kind = line.split()[:3]
        yield path.rstrip(":"), name, kind


def words(paths):
    """How often each identifier stands in these files, outside of comments."""
    count = defaultdict(int)
    for path in paths:
        for word in re.findall(r"\w+", re.sub(r"/\*.*?\*/|//[^\n]*", " ", path.read_text(), flags=re.S)):
            count[word] += 1
    return count


def main():
    source = objects()
    defined, users = {}, defaultdict(set)
    for path, name, kind in symbols(source):
        if kind == "U":
            users[name].add(path)
        elif kind in "TDBRC":
            defined[name] = path
    in_tests = words([p for p in (TOP / "tests").rglob("*.[ch]")])
    wrong, used = [], set()
    for name, path in sorted(defined.items(), key=lambda pair: pair[1]):
        if users[name] - {path}:
            continue
        if not in_tests[name]:
            text = "no other file uses it: make it static, or remove it"
        elif words([source[path]])[name] < 2:
            text = "only tests use it"
        else:
            continue
        if name in EXCEPTIONS:
            used.add(name)
        else:
            wrong.append(f"{source[path].relative_to(TOP)}: {name}: {text}")
    wrong.extend(f"take it out of the exceptions of this script, it is not needed any more: {name}"
                 for name in sorted(set(EXCEPTIONS) - used))
    for text in wrong:
        print(f"not ok - {text}")
    if wrong or len(defined) < 800:
        sys.exit(1)
    print(f"ok - {len(defined)} public names, each used by another file")


if __name__ == "__main__":
    main()
