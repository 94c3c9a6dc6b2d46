#!/usr/bin/env python3
"""gatehouse(1), item by item: each command has its item, with the options of its help and no others. An item may name another
command whose options are its own, too, and a section begins with those that all of its commands have."""

import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PROGRAM = TOP / "build/gatehouse"
MOST = "Options of most commands"
# Sections whose options are also those of the commands of others, as their items say.
SHARED = {"request": "Keys", "profile": "Keys", "est": "Keys"}


def run(*words):
    return subprocess.run([PROGRAM, *words], check=True, stdout=subprocess.PIPE).stdout.decode()


def named(lines):
    """Options that are named anywhere in these lines."""
    return {o for line in lines if line.startswith(".") for o in re.findall(r"(?:Fl |, )-([a-z0-9][a-z0-9-]+)", line)} \
        | set(re.findall(r"--([a-z0-9-]+)", "\n".join(lines)))


def parse(text):
    """Items of commands: name, section, lines; and by section the options that its commands share."""
    items, shared, section, item, depth = [], {}, "", None, 0
    for line in text.replace("\\\n", "").splitlines():
        if line.startswith((".Sh ", ".Ss ")):
            section, item = line[4:], None
        elif line.startswith(".Bl"):
            depth += 1
        elif line.startswith(".El"):
            depth -= 1
        elif depth == 1 and (m := re.match(r"\.It Cm ([a-z -]+?)(?: (?:Ar|Op|Fl)\b.*)?$", line)):
            item = [m.group(1), section, []]
            items.append(item)
        elif depth == 1 and line.startswith(".It Fl"):
            shared.setdefault(section, []).append(line)
            item = None
        if item is not None:
            item[2].append(line)
    return items, shared


def main():
    items, shared = parse((TOP / "docs/gatehouse.1").read_text())
    lines = {}
    for name, section, text in items:
        lines.setdefault(name, (section, []))[1].extend(text)
    commands = [c for c in run("help", "--list").splitlines() if c]
    helps = {c: set(re.findall(r"(?m)^  (?:-[a-z], )?--([a-z0-9-]+)", run(*c.split(), "--help"))) for c in commands}
    wrong, offered = [], {name: set() for name in lines}
    for command, options in helps.items():
        item = command if command in lines else command.rpartition(" ")[0]
        if item not in lines:
            wrong.append(f"no item: gatehouse {command}")
            continue
        offered[item] |= options
        section, text = lines[item]
        known = named(text) | named([s for at in (MOST, section, SHARED.get(command.split()[0])) for s in shared.get(at, [])])
        for other in re.findall(r"(?m)^\.Cm ([a-z -]+)", "\n".join(text)):
            known |= named(lines.get(other.strip(), ("", []))[1])
        wrong += [f"gatehouse {command}: its item lacks --{o}" for o in sorted(options - known)]
    for name, (_, text) in lines.items():
        if not offered[name]:
            wrong.append(f"item of a command that is not there: {name}")
        wrong += [f"item {name}: no option of it: --{o}" for o in
                  sorted(named([t for t in text if t.startswith(".It Fl")]) - offered[name])]
    print("\n".join(wrong) or f"{len(commands)} commands")
    sys.exit(bool(wrong) or len(commands) < 100)


main()
