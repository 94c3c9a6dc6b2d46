#!/usr/bin/python3
"""docs/openapi.yaml is an OpenAPI 3.0 document, and it and the route table say the same: every path and method,
under the same name, and whether the caller must say who he is. Debian's python3-jsonschema and the schema of the OpenAPI Initiative that openapi-specification
brings; hence the system's python3."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import yaml

TOP = Path(__file__).resolve().parents[2]
SCHEMA = Path("/usr/share/openapi-specification/schemas/v3.0/schema.json")
METHODS = ("get", "head", "post", "put", "delete", "patch", "options", "trace")


class Loader(yaml.SafeLoader):
    """PyYAML takes the last of two equal keys; other readers refuse the file."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(k, deep=True) for k, _ in node.value]
        for k in keys:
            if keys.count(k) > 1:
                sys.exit(f"docs/openapi.yaml:{node.start_mark.line + 1}: {k} is there twice")
        return super().construct_mapping(node, deep)


def load():
    with open(TOP / "docs" / "openapi.yaml") as f:
        doc = yaml.load(f, Loader)
    check = jsonschema.Draft4Validator(json.loads(SCHEMA.read_text()))
    wrong = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in leaves(check.iter_errors(doc))]
    if wrong:
        sys.exit("docs/openapi.yaml is no OpenAPI 3.0:\n" + "\n".join(sorted(set(wrong))))
    return doc


def leaves(errors):
    """Of "fits none of these" the reasons why."""
    for e in errors:
        yield from leaves(e.context) if e.context else [e]


def documented(doc):
    found = {}
    for path, item in doc["paths"].items():
        for method in METHODS:
            if method in item:
                found[method, path] = item[method].get("operationId"), bool(item[method].get("security"))
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
    return {(method, path): (name, who == "caller") for method, path, name, who in rows}


def main():
    docs, code = documented(load()), served()
    wrong = [f"served, but not documented: {m} {p}" for m, p in sorted(set(code) - set(docs)) if m != "head"]
    wrong += [f"documented, but not served: {m} {p}" for m, p in sorted(set(docs) - set(code))]
    for m, p in sorted(set(docs) & set(code)):
        (operation, is_secured), (name, needs_caller) = docs[m, p], code[m, p]
        # one row may serve several methods: then the operation's name has the method as a suffix
        if operation not in (name, f"{name}.{m}"):
            wrong.append(f"{m} {p}: operationId {operation}, route name {name}")
        if is_secured != needs_caller:
            wrong.append(f"{m} {p}: security is {'given' if is_secured else 'not given'}, against the route table")
    print("\n".join(wrong) or f"{len(docs)} operations")
    sys.exit(bool(wrong) or not code)


main()
