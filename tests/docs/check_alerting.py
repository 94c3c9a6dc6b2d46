#!/usr/bin/env python3
"""docs/alerting.md lists every metric of the code and every alert of the rules file, which says what to do in the words of
the page; promtool takes the rules, and each fires when it should (alerting.test.yml, without these words). The dashboard asks for metrics that there are, in queries that promtool takes;
e2e-test_jobs looks that a running gateway shows those of both."""

import json
import re
import subprocess
import tempfile
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
RULES = TOP / "conf/prometheus/gatehouse.rules.yml"
# A threshold of `gatehouse status` and the alert that has the same one.
SAME = {"OCSP_SOON": "GatehouseOcspSignerEndsSoon", "UNSEALED_MAX": "GatehouseAuditNotSealed",
        "UNSENT_MAX": "GatehouseAuditNotSent", "FAILURES_ERROR": "GatehouseJobFails", "OLD_SECONDS": "GatehouseMessagesWait"}
DASHBOARD = TOP / "conf/grafana/gatehouse.json"


def promtool(verb, path):
    done = subprocess.run(["promtool", verb, "rules", str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return [done.stdout.decode()] if done.returncode != 0 else []


def check_dashboard(metrics, suffix):
    """Each panel has a place of its own, a description, and queries that are right."""
    wrong, rules, taken = [], [], {}
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        what, at = panel["title"], panel["gridPos"]
        for cell in [(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]:
            if taken.setdefault(cell, what) != what:
                wrong.append(f"dashboard: {what} lies over {taken[cell]}")
        if panel["type"] != "row" and not (panel["description"] and panel["targets"]):
            wrong.append(f"dashboard: {what}: no description, or no query")
        for target in panel.get("targets", []):
            query = target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
            rules.append({"record": f"panel:{len(rules)}", "expr": query})
            labels = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            by = {w.strip() for g in re.findall(r"by \(([^)]*)\)", query) for w in g.split(",")}
            if by and labels - by:
                wrong.append(f"dashboard: {what}: the legend has {labels - by}, which the query drops")
    text = DASHBOARD.read_text()
    wrong += [f"dashboard: unknown metric {n}" for n in sorted(names(text, r"\bgatehouse_[a-z_]+"))
              if suffix.sub("", n) not in metrics]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
        json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, f)
        f.flush()
        wrong += promtool("check", f.name)
    return wrong if len(rules) > 20 else [*wrong, "dashboard: where are the queries?"]


def check_todo(docs, rules):
    """Who gets an alert reads in it what the page says."""
    def plain(cell):
        return re.sub(r"\[([^]]*)\]\(([^)#]*)[^)]*\)", r"\1 (docs/\2)", cell).replace("`", "")
    page = {name: plain(cell) for name, cell in re.findall(r"(?m)^\| (Gatehouse\w+) \| .* \| (.*) \|$", docs)}
    said = dict(re.findall(r'alert: (\w+)\n(?:(?!.*alert:).*\n)*?      description: "(.*)"\n', rules))
    return [f"{name}: its description is not what docs/alerting.md says: {page[name]}"
            for name in sorted(page) if said.get(name) != page[name]]


def check_findings():
    """docs/monitoring.md has what `gatehouse status` may find wrong: all of the gateway's eyes, and of the doctor's those that look on."""
    parts = [*sorted((TOP / "kore-app/health").glob("*.c")), *(TOP / f"kore-app/command/doctor/doctor_{part}.c" for part in
                                                               ("peers", "nodes", "kra", "notify", "files"))]
    code = set(re.findall(r'finding_wrong\([^;]*?"([a-z]+(?:-[a-z]+)*)",', "".join(f.read_text() for f in parts)))
    code -= {"clock", "file-access", "file-mode", "program"}    # the doctor alone looks at these
    rows = re.findall(r"(?m)^\| (`[^|]*`) \|", (TOP / "docs/monitoring.md").read_text())
    page = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    return [f"finding not in docs/monitoring.md: {name}" for name in sorted(code - page)]


def check_firing(rules):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / RULES.name).write_text(re.sub(r"(?m)^      description: .*\n", "", rules))
        test = Path(folder) / "test.yml"
        test.write_text((TOP / "tests/docs/alerting.test.yml").read_text().replace("../../conf/prometheus/", ""))
        return promtool("test", test)


def check_thresholds(rules):
    def product(text):
        numbers = [int(n) for n in text.replace("GH_DAY_SECONDS", "86400").strip("() ").split("*")]
        return numbers[0] * (numbers[1] if len(numbers) > 1 else 1)
    code = "".join(f.read_text() for folder in ("kore-app/command/doctor", "kore-app/health") for f in sorted((TOP / folder).glob("*.c")))
    defined = dict(re.findall(r"^#define (\w+) (\(?[\w *]+\)?)", code, re.M))
    alerts = dict(re.findall(r"alert: (\w+)\n(?:.*\n)??    expr: .* [<>]=? ([\d *]+)$", rules, re.M))
    return [f"{name} of the doctor is not the threshold of {alert}" for name, alert in SAME.items()
            if product(defined[name]) != product(alerts[alert])]


def names(text, pattern):
    return set(re.findall(pattern, text))


def compare(what, documented, real):
    wrong = [f"{what} not in docs/alerting.md: {n}" for n in sorted(real - documented)]
    wrong += [f"{what} of docs/alerting.md that is not there: {n}" for n in sorted(documented - real)]
    return wrong


def main():
    docs = (TOP / "docs/alerting.md").read_text()
    rules = RULES.read_text()
    code = "".join(f.read_text() for f in sorted((TOP / "kore-app/metrics").glob("*.c")))
    metrics = names(code, r"\bgatehouse_[a-z_]+")
    suffix = re.compile(r"_(bucket|sum|count)$")
    wrong = compare("metric", names(docs, r"`(gatehouse_[a-z_]+)`"), metrics)
    wrong += compare("alert", names(docs, r"\bGatehouse[A-Z]\w+"), names(rules, r"alert: (\w+)"))
    wrong += [f"rule over an unknown metric: {n}" for n in sorted(names(rules, r"\bgatehouse_[a-z_]+"))
              if suffix.sub("", n) not in metrics]
    wrong += check_todo(docs, rules) + check_findings() + promtool("check", RULES) + check_firing(rules)
    wrong += check_thresholds(rules)
    wrong += check_dashboard(metrics, suffix)
    print("\n".join(wrong) or f"{len(metrics)} metrics")
    sys.exit(bool(wrong) or not metrics)


main()
