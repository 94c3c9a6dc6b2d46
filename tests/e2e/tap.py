"""Runs the tests of a program and prints TAP, so that tests/run.sh can count them."""

import sys
import time
import unittest


class Result(unittest.TestResult):
    def __init__(self, *args):
        super().__init__(*args)
        self.number = 0
        self.begin = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.begin = time.monotonic()

    def line(self, word, test, text=""):
        self.number += 1
        name = test.id().removeprefix("__main__.")
        print(f"{word} {self.number} - {name} ({time.monotonic() - self.begin:.1f} s)", flush=True)
        for part in text.splitlines():
            print("#   " + part, flush=True)

    def addSuccess(self, test):
        self.line("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line("not ok", test, self._exc_info_to_string(err, test))

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addFailure(subtest, err)

    def addSkip(self, test, reason):
        # nothing is skipped here: a test that cannot run has failed
        self.failures.append((test, reason))
        self.line("not ok", test, "skipped: " + reason)


def main():
    """Run all tests of the calling program, or those whose name contains a word of the command line."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    tests = [t for group in suite for t in group]
    if sys.argv[1:]:
        tests = [t for t in tests if any(w in t.id() for w in sys.argv[1:])]
    result = Result()
    print(f"1..{len(tests)}", flush=True)
    unittest.TestSuite(tests).run(result)
    sys.exit(0 if tests and result.wasSuccessful() else 1)
