"""The command blocks of a page, as a reader pastes them. A comment that readers do not see, in a line of its own before
the block, says what a test needs to know:

	<!-- try: says="REGEX" -->    what the block must print; \\" is a quote
	<!-- try: skip="REASON" -->   where else it is tried, or why it is not

A block is a run of lines indented by four blanks, outside lists, or a fence ```sh."""

import re
from pathlib import Path

DIRECTIVE = re.compile(r"<!-- try: (.*?) -->")
OPTION = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Block:
    def __init__(self, page, line, text, options):
        self.where, self.text, self.options = f"{page}:{line}", text, options


def blocks(path):
    found, options, lines, start, fence, list_item = [], {}, [], 0, False, False

    def end():
        nonlocal options, lines
        if lines:
            found.append(Block(Path(path).name, start, "\n".join(lines).rstrip(), options))
            options, lines = {}, []

    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        if m := DIRECTIVE.search(line):
            end()
            options = dict(OPTION.findall(m.group(1)))
            if set(options) - {"says", "skip"} or not options:
                raise ValueError(f"{path}:{number}: {line}")
        elif line.startswith("```"):
            end()
            fence = line == "```sh"
            start = number + 1
        elif fence:
            lines.append(line)
        elif line.startswith("    ") and not list_item:
            if not lines:
                start = number
            lines.append(line[4:])
        elif line.strip():
            end()
            list_item = re.match(r"\s*([-*]|\d+\.) |  ", line) is not None
        elif lines:
            lines.append("")
        else:
            list_item = False
    end()
    return found
