#!/usr/bin/env python3
"""Texts of pages and mails. All languages have the same keys with the same {placeholders}; each key that a template names is there,
with what a partial is given put in; and each text is named by a template or by the code. A name that is only known when the page is made, as in
{{t.ca_state.[state]}} or "error.%s", stands for any."""

import json
import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PAGES = TOP / "kore-app" / "pages" / "html"
# Partials have no title.
NO_TITLE = {"layout", "ways", "way_list", "field", "metadata_input", "textarea", "select", "summary", "csrf", "wrong", "object"}
# Areas whose texts refusals of the code name.
REFUSALS = {"wrong", "wrong_code"}

wrong = []


def flat(node, path=""):
    if isinstance(node, dict):
        return {k: v for name, child in node.items() for k, v in flat(child, f"{path}.{name}").items()}
    return {path[1:]: node}


def placeholders(text):
    found = re.findall(r"\{([^{}]*)\}", text)
    if text.count("{") != len(found) or text.count("}") != len(found) or not all(
            re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", f) for f in found):
        wrong.append(f"a placeholder is {{name}}: {text}")
    return sorted(set(found))


def check_languages():
    languages = {p.stem: flat(json.loads(p.read_text())) for p in sorted((TOP / "conf" / "languages").glob("*.json"))}
    first = languages["en"]
    for name, texts in languages.items():
        wrong.extend(f"{name}.json: {k} is missing" for k in sorted(set(first) - set(texts)))
        wrong.extend(f"{name}.json: {k} is in no other language" for k in sorted(set(texts) - set(first)))
        for key, text in texts.items():
            if not isinstance(text, str) or not text.strip() or text != text.strip():
                wrong.append(f"{name}.json: {key} is no text")
            elif key in first and placeholders(text) != placeholders(first[key]):
                wrong.append(f"{name}.json: {key}: the placeholders are not those of en.json")
    return languages


def keys_of(templates, name, given, seen=()):
    """The keys that a template names, where its partials are given these arguments. [x] that nobody gives stays."""
    if name in seen or name not in templates:
        return set()
    text, found = templates[name], set()
    for key in re.findall(r"\{\{\s*t\.([a-z0-9_.\[\]]+)\s*\}\}", text):
        found.add(re.sub(r"\[([a-z0-9_]+)\]", lambda m: given.get(m.group(1), m.group()), key))
    # a hint that is not given is not shown
    found = {k for k in found if "[hint]" not in k}
    for partial, args in re.findall(r"\{\{>\s*([a-z0-9_]+)([^}]*)\}\}", text):
        inner = dict(re.findall(r'([a-z0-9_]+)="([^"]*)"', args))
        found |= keys_of(templates, partial, {**given, **inner}, (*seen, name))
    return found


def named_by_templates():
    pages = {p.stem: p.read_text() for p in sorted(PAGES.glob("*.html"))}
    found = {}
    for name in pages:
        # a partial is looked at where it is used
        used = any(re.search(r"\{\{>\s*" + name + r"\b", text) for text in pages.values())
        if not used:
            for key in keys_of(pages, name, {} if name == "layout" else {"page": name}):
                # partials that nobody uses, and the title, which each page has
                if "[" not in key or (name not in NO_TITLE or name == "layout") and not key.startswith("["):
                    found.setdefault(key, f"{name}.html")
        if name not in NO_TITLE:
            found.setdefault(f"{name}.title", f"{name}.html")
    for path in sorted((TOP / "enroll").rglob("mail/*")):
        for key in keys_of({path.name: path.read_text()}, path.name, {}):
            found.setdefault(key, path.name)
    return found


def named_by_code(areas):
    """Literals that begin with an area, %s in them for any name."""
    pattern = re.compile(r'"((?:' + "|".join(sorted(areas)) + r')\.[a-z0-9_.%]+)"')
    found = {}
    for folder in ("kore-app", "enroll"):
        for path in sorted((TOP / folder).rglob("*.c")):
            for key in pattern.findall(path.read_text()):
                found.setdefault(re.sub(r"%s", "[any]", key), path.name)
    return found


def check_reasons(texts):
    """Each reason of a refusal in the code, and each code, has its text, and no other is there."""
    reasons = set()
    for folder in ("base", "ca-backend", "templates", "enroll", "kore-app"):
        for path in sorted((TOP / folder).rglob("*.c")):
            text = path.read_text()
            reasons |= set(re.findall(r'gh_refuse_as\(\s*&?[\w.>-]+,\s*\w+,\s*"([a-z0-9_]+)"', text))
            reasons |= set(re.findall(r'rest_field_wrong_as\(\s*&?[\w.>-]+,\s*[\w.>"-]+,\s*"([a-z0-9_]+)"', text))
    # those of metadata_value.c go through a function of its own
    reasons |= set(re.findall(r'refuse\(f,\s*"([a-z0-9_]+)"', (TOP / "enroll/catalog/metadata_value.c").read_text()))
    codes = set(re.findall(r'\{GH_\w+, "([a-z0-9_]+)"', (TOP / "base/error.c").read_text()))
    for area, names in (("wrong", reasons), ("wrong_code", codes)):
        there = {k.split(".")[1] for k in texts if k.split(".")[0] == area}
        wrong.extend(f"there is no text {area}.{n}" for n in sorted(names - there))
        wrong.extend(f"no refusal has the text {area}.{n}" for n in sorted(there - names))


def pattern_of(key):
    return re.compile(re.sub(r"\\\[[a-z0-9_]+\\\]", "[a-z0-9_]+", re.escape(key)))


def main():
    texts = check_languages()["en"]
    check_reasons(texts)
    from_templates = named_by_templates()
    from_code = named_by_code({k.split(".")[0] for k in texts})
    for key, where in sorted(from_templates.items()):
        if not any(pattern_of(key).fullmatch(k) for k in texts):
            wrong.append(f"{where}: there is no text {key}")
    patterns = [pattern_of(k) for k in {**from_templates, **from_code}]
    wrong.extend(f"{k} is named by no template and no code" for k in sorted(texts)
                 if k.split(".")[0] not in REFUSALS and not any(p.fullmatch(k) for p in patterns))
    print("\n".join(wrong) or f"{len(texts)} texts, {len(from_templates)} named by templates")
    sys.exit(bool(wrong) or len(texts) < 40)


main()
