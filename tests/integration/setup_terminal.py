#!/usr/bin/env python3
"""A person at a terminal: COMMAND... -- QUESTION ANSWER [QUESTION ANSWER ...]. Waits for each question and types the
answer; ends as the command does. What the terminal shows is printed."""

import os
import pty
import select
import sys
import time

DEADLINE = 60


def main():
    split = sys.argv.index("--")
    command, script = sys.argv[1:split], sys.argv[split + 1:]
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(command[0], command)
    shown, answers, until = "", list(zip(script[0::2], script[1::2])), time.monotonic() + DEADLINE
    while time.monotonic() < until:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                data = os.read(fd, 4096)
            except OSError:
                break
            if not data:
                break
            sys.stdout.write(data.decode(errors="replace"))
            shown += data.decode(errors="replace")
        if answers and answers[0][0] in shown and shown.rstrip(" ").endswith(":"):
            shown = ""
            os.write(fd, answers.pop(0)[1].encode() + b"\n")
    else:
        os.kill(pid, 15)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if answers:
        sys.exit(f"never asked: {answers[0][0]}")
    sys.exit(status)


main()
