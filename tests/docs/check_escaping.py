#!/usr/bin/python3
"""No value reaches a page unescaped. Each page template of the program is rendered with hostile text in every member that it names, and
read by html5lib, which is the parser of browsers (WHATWG HTML) and none of ours. The document must have the very elements and attributes that
it has with harmless text, in every language; the hostile text must be there, as text. Debian's python3-html5lib; hence the system's python3."""

import json
import re
import subprocess
import sys
from pathlib import Path

import html5lib

TOP = Path(__file__).resolve().parents[2]
PROGRAM = TOP / "build/tests/docs/print_page"
PAGES = TOP / "kore-app" / "pages" / "html"
HARMLESS = "x1"
HOSTILE = [
    "\"><script>alert(1)</script>", "'><img src=x onerror=alert(1)>", "</title></textarea></style><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)", "' onfocus='alert(1)' autofocus='", "<!--", "-->", "<![CDATA[", "&lt;script&gt;", "&#x3c;script&#x3e;",
    "javascript:alert(1)", "//evil.example/", "data:text/html,<script>alert(1)</script>", "{{t.home.title}}{{x}}", "`onerror=alert(1)`", "\\\"><b>",
    "</form><form action=https://evil.example>", "\u202e<b>", "\u2028<b>", "<\u0000script>".replace("\u0000", "\u0001"), "+ADw-script+AD4-",
]
URLS = {"href", "src", "action", "formaction"}

wrong = []


def names_in(text):
    """Sections as a tree: [(name, is_list_or_object, children)]; partials are put in with their arguments."""
    root = []
    stack = [root]
    for sign, name, args in re.findall(r"\{\{([#^/>!]?)\s*([a-z0-9_.\[\]]*)([^}]*)\}\}", text):
        if sign in ("", ) and name and not name.startswith("t."):
            stack[-1].append((name, None))
        elif sign in ("#", "^"):
            children = []
            stack[-1].append((name, children))
            stack.append(children)
        elif sign == "/":
            stack.pop()
        elif sign == ">" and name != "content":
            given = dict(re.findall(r'([a-z0-9_]+)="([^"]*)"', args))
            stack[-1].append((None, (given, names_in((PAGES / f"{name}.html").read_text()))))
    return root


def put(data, path, value):
    """Set path in data; what is there already stays, when it has members."""
    at = data
    *before, last = path
    for part in before:
        if not isinstance(at.get(part), dict):
            at[part] = {}
        at = at[part]
    if not isinstance(at.get(last), (dict, list)):
        at[last] = value


def fill(data, tree, value, given=None):
    """Each member that the template names: lists of two items where there are sections, of objects in which all the inner names are, too."""
    given = given or {}
    for name, children in tree:
        if name is None:
            fill(data, children[1], value, {**given, **children[0]})
            continue
        parts = [given.get(p[1:-1], p[1:-1]) if p.startswith("[") else p for p in name.split(".")]
        if parts[0] in given or "" in parts:
            continue
        if not children:
            put(data, parts, value)
            continue
        put(data, parts, [])
        at = data
        for p in parts[:-1]:
            at = at[p]
        if isinstance(at[parts[-1]], list):
            is_text = all(n == "." or c is not None for n, c in children)
            for _ in range(2 - len(at[parts[-1]])):
                at[parts[-1]].append(value if is_text else {})
            for item in at[parts[-1]]:
                if isinstance(item, dict):
                    fill(item, children, value, given)
        # outer names are looked up from inside
        fill(data, [c for c in children if c[1] is not None or c[0] != "."], value, given)


def data_of(name, value):
    data = {}
    trees = [names_in((PAGES / f"{name}.html").read_text())]
    if name == "layout":
        trees.append(names_in((PAGES / "home.html").read_text()))
    for tree in trees:
        fill(data, tree, value)
    return data


def render(name, language, data):
    done = subprocess.run([PROGRAM, name, language], input=json.dumps(data).encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(f"not ok - {name}: {done.stderr.decode()}")
    return done.stdout.decode()


def document(name, text):
    if name == "layout":
        return html5lib.parse(text, treebuilder="etree", namespaceHTMLElements=False)
    return html5lib.parseFragment(text, treebuilder="etree", namespaceHTMLElements=False)


def shape(root):
    return [(str(e.tag), sorted(e.attrib)) for e in root.iter()]


def has(root, value):
    """Somewhere, as text or in an attribute."""
    seen = re.sub(r"[\u0001\u2028\u202e]", "\ufffd", value)
    return any(seen in t for e in root.iter() for t in [e.text or "", e.tail or "", *map(str, e.attrib.values())])


def check_urls(name, root):
    for e in root.iter():
        for key in URLS & set(e.attrib):
            url = e.attrib[key]
            if not re.match(r"/(?![/\\])|#|\?|https://|mailto:|about:invalid$", url) or re.search(r"[\s\\]", url):
                wrong.append(f"{name}: {e.tag} {key}={url}")


def check(name, language):
    harmless = document(name, render(name, language, data_of(name, HARMLESS)))
    elements = 0
    for value in HOSTILE:
        data = data_of(name, value)
        root = document(name, render(name, language, data))
        elements += len(shape(root))
        if shape(root) != shape(harmless):
            wrong.append(f"{name} ({language}): other elements with {value!r}")
        if data and has(harmless, HARMLESS) and not has(root, value) and not value.startswith(("&", "+")):
            wrong.append(f"{name} ({language}): {value!r} is not shown")
        check_urls(name, root)
    return elements


def main():
    names = sorted(p.stem for p in PAGES.glob("*.html"))
    elements = sum(check(name, language) for name in names for language in ("en", "de"))
    print("\n".join(wrong) or f"ok - {len(names)} templates with {len(HOSTILE)} values, {elements} elements")
    sys.exit(bool(wrong) or len(names) < 5 or elements < 1000)


main()
