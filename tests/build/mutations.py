#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every mutation of tests/mutate still applies to the code, and names suites that exist: a list that nobody can run is no test.
Running them takes long: tests/mutate/run.py."""
import importlib.util
import os
import sys

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
spec = importlib.util.spec_from_file_location("mutate", os.path.join(TOP, "tests/mutate/run.py"))
mutate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mutate)


def stale(mutations):
    for m in mutations:
        with open(os.path.join(TOP, m.file), encoding="utf-8") as file:
            if m.apply(file.read()) is None:
                yield f"{m.name}: its old lines are not once in {m.file}"
        if not m.suites:
            yield f"{m.name}: no suite"
        for suite in m.suites:
            path = os.path.join(TOP, mutate.file_of(suite))
            if not os.access(path, os.R_OK if path.endswith(".c") else os.X_OK):
                yield f"{m.name}: there is no {suite}"


def main():
    every = mutate.read()
    found = list(stale(every))
    wrong = mutate.Mutation("self-test")
    wrong.file, wrong.old, wrong.suites = "src/latchkey.c", ["no such line"], ["test_none"]
    print("1..3")
    print(f"{'ok' if len(list(stale([wrong]))) == 2 else 'not ok'} 1 - self-test: a mutation that does not apply, and a suite that is not there")
    print(f"{'ok' if len({m.name for m in every}) == len(every) > 100 else 'not ok'} 2 - {len(every)} mutations, each with its own name")
    print(f"{'not ok' if found else 'ok'} 3 - each applies, and names suites that exist")
    for line in found:
        print("#", line)
    return 0


sys.exit(main())
