#!/usr/bin/env python3
"""docs/alerting.md lists every metric of the code and every alert of the rules file; promtool takes the rules, and
each fires when it should (alerting.test.yml)."""

import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
RULES = TOP / "conf/prometheus/gatehouse.rules.yml"


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
    print("\n".join(wrong) or f"{len(metrics)} metrics")
    for verb, path in (("check", RULES), ("test", TOP / "tests/docs/alerting.test.yml")):
        done = subprocess.run(["promtool", verb, "rules", str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            wrong.append(done.stdout.decode())
            print(wrong[-1])
    sys.exit(bool(wrong) or not metrics)


main()
