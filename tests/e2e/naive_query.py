"""The query language of the inventory (docs/inventory.md), told again: what a tree of tests finds among certificates as the API lists them."""

import datetime
import re

TEXTS = ("-eq", "-ne", "-contains", "-notcontains", "-startswith", "-endswith")
NUMBERS = ("-eq", "-ne", "-lt", "-le", "-gt", "-ge")
EQUAL = ("-eq", "-ne")
PARTS = ("CN", "OU", "O", "L", "ST", "C")
NAMES = {"SAN": "", "DNS": "dns:", "IP": "ip:", "Email": "email:", "UPN": "upn:", "URI": "uri:"}
COLUMNS = {"Id": "id", "RequestId": "request", "Subject": "subject", "CA": "ca", "Issuer": "issuer", "Serial": "serial", "Requester": "requester",
           "Template": "template", "KeyType": "key_type", "KeySize": "key_size", "NotBefore": "not_before", "NotAfter": "not_after"}
TIMES, HEX = ("NotBefore", "NotAfter"), ("Serial", "Thumbprint")


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%FT%TZ")


def day_after(day, n):
    return (datetime.date.fromisoformat(day) + datetime.timedelta(n)).isoformat()


def day_of(value, today):
    """A day, a time or %TODAY+n%, as day and whether all of it is meant."""
    if value.startswith("%TODAY"):
        return day_after(today, int(value.strip("%")[5:] or 0)), True
    return value[:10], len(value) == 10


def had(field, cert):
    """What a certificate has of a field: a list. cert: an entry of the API, and what it does not show: request, key_type, key_size, sha256, locations."""
    if field in PARTS:
        parts = re.findall(r"((?:\\.|(?!, | \+ )[^\\])+)(?:, | \+ |$)", cert["subject"])
        values = [p.removeprefix(field + "=") for p in parts if p.startswith(field + "=")]
        return [re.sub(r"\\([^0-9A-F])", r"\1", v) for v in values]  # "\0A" stays: a line end
    if field in NAMES:
        return [n.partition(":")[2] for n in cert["sans"] if n.startswith(NAMES[field])]
    if field == "State":
        ends = "active" if cert["not_after"] >= now() else "expired"
        return {"valid": [ends], "foreign": ["foreign", ends]}.get(cert["status"], [cert["status"]])
    if field == "Thumbprint":
        return [cert["thumbprint"], cert["sha256"]]
    if field == "Location":
        return cert["locations"]
    value = cert[COLUMNS[field]] if field in COLUMNS else (cert["metadata"] or {}).get(field)
    return [] if value is None else [value]


def compare(op, v, begin, end):
    """A value against what begins and ends; of all but days and times both are the same."""
    return {"-eq": lambda: begin <= v <= end, "-lt": lambda: v < begin, "-le": lambda: v <= end, "-gt": lambda: v > end, "-ge": lambda: v >= begin,
            "-contains": lambda: begin in v, "-startswith": lambda: v.startswith(begin), "-endswith": lambda: v.endswith(begin)}[op]()


def lower(v):
    """Letter by letter, as the database has it: the dotted I is one, and a sigma is the same at the end."""
    return "".join(c.lower()[0] for c in v) if isinstance(v, str) else v


def evaluate(test, cert, today):
    field, op, value = test
    have = [lower(v) for v in had(field, cert)]
    if value is None:
        return any(v != "" for v in have) == (op == "-ne")
    if op in ("-ne", "-notcontains"):
        return not evaluate((field, {"-ne": "-eq", "-notcontains": "-contains"}[op], value), cert, today)
    begin = end = lower(value)
    if field in TIMES:
        day, is_day = day_of(value, today)
        begin, end = (f"{day}t00:00:00z", f"{day}t23:59:59z") if is_day else (begin, end)
    elif field == "Since":  # a date of the metadata
        begin = end = day_of(value, today)[0]
    return any(compare(op, v, begin, end) for v in have)


def holds(tree, cert, today):
    if tree[0] in ("AND", "OR"):
        return (all if tree[0] == "AND" else any)(holds(t, cert, today) for t in tree[1:])
    return evaluate(tree, cert, today)


def written(tree):
    if tree[0] in ("AND", "OR"):
        return f"({written(tree[1])}) {tree[0]} ({written(tree[2])})"
    field, op, value = tree
    if isinstance(value, bool):
        value = str(value).lower()
    elif isinstance(value, str):
        value = '"' + value.replace('"', '""') + '"'
    return f"{field} {op} {'NULL' if value is None else value}"
