#!/usr/bin/env python3
"""docs/openapi.yaml and the route table say the same: every path and method, under the same name."""

import subprocess
import sys
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[2]
METHODS = ("get", "head", "post", "put", "delete", "patch", "options", "trace")


def documented():
    with open(TOP / "docs" / "openapi.yaml") as f:
        doc = yaml.safe_load(f)
    found = {}
    for path, item in doc["paths"].items():
        for method in METHODS:
            if method in item:
                found[method, path] = item[method].get("operationId")
                for status, answer in item[method]["responses"].items():
                    check_reference(doc, answer, f"{method} {path} {status}")
    return found


def check_reference(doc, node, where):
    """Every $ref below node leads somewhere."""
    if isinstance(node, dict):
        if "$ref" in node:
            at = doc
            for part in node["$ref"].removeprefix("#/").split("/"):
                if part not in at:
                    sys.exit(f"{where}: {node['$ref']} is not in docs/openapi.yaml")
                at = at[part]
        for child in node.values():
            check_reference(doc, child, where)


def served():
    out = subprocess.run([TOP / "build/tests/docs/print_routes"], check=True, stdout=subprocess.PIPE)
    rows = (line.split() for line in out.stdout.decode().splitlines())
    return {(method, path): name for method, path, name in rows}


def main():
    docs, code = documented(), served()
    wrong = [f"served, but not documented: {m} {p}" for m, p in sorted(set(code) - set(docs)) if m != "head"]
    wrong += [f"documented, but not served: {m} {p}" for m, p in sorted(set(docs) - set(code))]
    # one row may serve several methods: then the operation's name has the method as a suffix
    wrong += [f"{m} {p}: operationId {docs[m, p]}, route name {code[m, p]}" for m, p in sorted(set(docs) & set(code))
              if docs[m, p] not in (code[m, p], f"{code[m, p]}.{m}")]
    print("\n".join(wrong) or f"{len(docs)} operations")
    sys.exit(bool(wrong) or not code)


main()
