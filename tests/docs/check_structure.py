#!/usr/bin/env python3
"""The house as it stands: sizes, rooms, long functions, includes. Fails when files or rooms include
each other in a circle, when a folder includes upward (the order is in the Makefile), when two files have one name,
and when a function or file is too long.

A room is a folder of C files. NAME.c and NAME.h are one file here."""

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
FUNCTION_NAMED, FUNCTION_MAX, FILE_MAX = 40, 44, 500  # lines

# What is allowed all the same, and why: the name of a file or function, or those of a circle. What is not needed any
# more fails too.
EXCEPTIONS = {
    "name_prep_table.h": "a table, written by name_prep_table.py",
    "main.c": "one for each program",
}
CIRCLES = {
}

wrong, used = [], set()


def complain(path, name, text):
    """name: the key of an exception that allows it."""
    if name in EXCEPTIONS:
        used.add(name)
    else:
        wrong.append(f"{path}: {text}")


def complain_of_circle(kind, part):
    """A circle that has become smaller is allowed as before."""
    names = {Path(p).name for p in part}
    known = [c for c in CIRCLES if names <= set(c)]
    used.update(known)
    if not known:
        wrong.append(f"{kind} in a circle: {' '.join(part)}")


def layers():
    """Folder -> the folders whose headers it may include, its own first; from the INC_ lines of the Makefile."""
    lines = dict(re.findall(r"^INC_(\S+)\s*:=\s*(.*)$", (TOP / "Makefile").read_text(), re.M))

    def expand(text):
        return re.sub(r"\$\(INC_([^)]+)\)", lambda m: expand(lines[m.group(1)]), text)

    return {f: re.findall(r"-iquote (\S+)", expand(text)) for f, text in lines.items()}


def layer_of(path, all_layers):
    return max((f for f in all_layers if path.startswith(f + "/")), key=len)


def without_comments(text):
    """Same lines; comments and the insides of literals blanked."""
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def functions(text):
    """(name, first line, lines) of each function: layout as clang-format writes it, braces in the first column."""
    lines = without_comments(text).split("\n")
    for begin in (i for i, line in enumerate(lines) if line == "{"):
        head = begin - 1
        while head > 0 and not re.match(r"\w+\(", lines[head]):
            head -= 1
        end = next((i for i in range(begin, len(lines)) if lines[i] == "}"), len(lines) - 1)
        yield lines[head].split("(")[0], head + 1, end - head + 1


def resolve(path, name, search):
    """The file that an #include "name" of path means; None: not ours."""
    for folder in [str(Path(path).parent)] + search:
        candidate = TOP / folder / name
        if candidate.is_file():
            return str(candidate.resolve().relative_to(TOP))
    return None


def includes(sources, all_layers):
    """path -> the files of ours that it includes. Complains of what goes upward."""
    found = {}
    for path, text in sources.items():
        layer = layer_of(path, all_layers)
        found[path] = []
        for name in re.findall(r'^#\s*include\s+"([^"]+)"', text, re.M):
            target = resolve(path, name, all_layers[layer])
            if target is None:
                wrong.append(f"{path}: there is no \"{name}\" for it")
            elif target not in sources:
                wrong.append(f"{path}: includes {target}, which is no product code")
            else:
                found[path].append(target)
                if layer_of(target, all_layers) not in all_layers[layer]:
                    wrong.append(f"{path}: includes {target}, which is above it")
    return found


def stem(path):
    return path[:-2]


def calls(found, sources):
    """found without the includes that only give types: a file that calls no function of a header, or is the one
    that defines them, does not depend on the file behind it."""
    bare = {path: without_comments(text) for path, text in sources.items()}
    declared = {p: set(re.findall(r"(\w+)\(", text)) for p, text in bare.items() if p.endswith(".h")}
    words = {p: set(re.findall(r"\w+", re.sub(r"\b(struct|enum|union) \w+", "", text))) for p, text in bare.items()}
    named = {p: names - {f for f, _, _ in functions(sources[p])} for p, names in words.items()}
    return {p: [t for t in targets if named[p] & declared.get(t, set())] for p, targets in found.items()}


def graph(found, node):
    edges = defaultdict(set)
    for path, targets in found.items():
        edges[node(path)] |= {node(t) for t in targets} - {node(path)}
    return edges


def circles(edges):
    """Strongly connected components of more than one node (Tarjan), each sorted."""
    index, low, stack, result = {}, {}, [], []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in sorted(edges.get(v, ())):
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            part = stack[stack.index(v):]
            del stack[stack.index(v):]
            if len(part) > 1:
                result.append(sorted(part))

    sys.setrecursionlimit(10000)
    for v in sorted(edges):
        if v not in index:
            visit(v)
    return sorted(result)


def print_sizes(sources, all_layers):
    print("Folders (files, lines):")
    for layer in all_layers:
        own = [text for path, text in sources.items() if layer_of(path, all_layers) == layer]
        print(f"  {layer:<28} {len(own):>4} {sum(t.count(chr(10)) for t in own):>7}")
    print("Rooms (files):")
    for room, n in sorted(Counter(str(Path(p).parent) for p in sources).items()):
        print(f"  {room:<28} {n:>4}")


def check_lengths(sources):
    total, long_ones = 0, []
    for path, text in sources.items():
        n = text.count("\n")
        if n > FILE_MAX:
            complain(path, Path(path).name, f"{n} lines, more than {FILE_MAX}")
        for name, line, length in functions(text):
            total += 1
            if length > FUNCTION_NAMED:
                long_ones.append((length, path, line, name))
            if length > FUNCTION_MAX:
                complain(path, name, f"{line}: {name} has {length} lines, more than {FUNCTION_MAX}")
    print(f"Functions: {total}; over {FUNCTION_NAMED} lines:")
    for length, path, line, name in sorted(long_ones, reverse=True):
        print(f"  {length:>3} {path}:{line} {name}")
    return total


def check_double_names(sources):
    by_name = defaultdict(list)
    for path in sources:
        by_name[Path(path).name].append(path)
    for name, paths in sorted(by_name.items()):
        if len(paths) > 1:
            complain(paths[0], name, f"has the name of {' '.join(paths[1:])}")


def check_circles(found, sources):
    rooms = graph(found, lambda path: str(Path(path).parent))
    print("Rooms and what they include:")
    for room in sorted(rooms):
        print(f"  {room}: {' '.join(sorted(rooms[room])) or '-'}")
    headers = {p: [t for t in targets if p.endswith(".h")] for p, targets in found.items()}
    kinds = {"headers": graph(headers, str), "files": graph(calls(found, sources), stem), "rooms": rooms}
    for kind, edges in kinds.items():
        for part in circles(edges):
            complain_of_circle(kind, part)


def main():
    all_layers = layers()
    sources = {
        str(p.relative_to(TOP)): p.read_text()
        for layer in {f.split("/")[0] for f in all_layers}
        for p in sorted((TOP / layer).rglob("*.[ch]"))
    }
    if len(all_layers) < 5 or len(sources) < 100:
        sys.exit("not ok - the Makefile's INC_ lines are not what this script reads")
    print_sizes(sources, all_layers)
    n = check_lengths(sources)
    check_double_names(sources)
    check_circles(includes(sources, all_layers), sources)
    stale = {*EXCEPTIONS, *CIRCLES} - used
    wrong.extend(f"take it out of the exceptions of this script, it is not needed any more: {e}" for e in stale)
    for text in wrong:
        print(f"not ok - {text}")
    if wrong or n < 1000:
        sys.exit(1)
    print(f"ok - structure of {len(sources)} files, {n} functions")


if __name__ == "__main__":
    main()
