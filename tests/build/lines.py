#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Length limits: no line of C over 110 columns, no file of src/ over 500 lines, no Makefile over 150. Python programs of the
tests end in .py, so that editors recognise them. The names of Debian's suites are in toolchain/ only: the rest does not depend
on one release.

Test vectors (tests/vectors) are data and have no limit.
"""
import os
import re
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COLUMNS, LINES, MAKEFILE_LINES = 110, 500, 150
TAB = 8


def sources(root, *tops):
    for top in tops:
        for folder, folders, names in os.walk(os.path.join(root, top)):
            folders[:] = sorted(set(folders) - {"vectors"})
            yield from (os.path.relpath(os.path.join(folder, name), root) for name in sorted(names) if name.endswith((".c", ".h")))


def lines_of(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read().splitlines()


def too_wide(root):
    for path in sources(root, "src", "initramfs", "tests"):
        for number, line in enumerate(lines_of(root, path), 1):
            columns = len(line.expandtabs(TAB))
            if columns > COLUMNS:
                yield f"{path}:{number}: {columns} columns"


def too_long(root):
    for path in sources(root, "src", "initramfs"):
        lines = len(lines_of(root, path))
        if lines > LINES:
            yield f"{path}: {lines} lines"


def makefile_too_long(root):
    lines = len(lines_of(root, "Makefile"))
    return [f"Makefile: {lines} lines"] if lines > MAKEFILE_LINES else []


def without_ending(root):
    for folder, _, names in os.walk(os.path.join(root, "tests")):
        for name in sorted(names):
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                first = file.readline(64)
            if first.startswith(b"#!") and b"python" in first and not name.endswith(".py"):
                yield os.path.relpath(path, root)


with open(os.path.join(TOP, "toolchain", "suite"), encoding="utf-8") as table:
    SUITE = re.compile(r"\b(" + "|".join(re.findall(r"echo (\w+)", table.read())) + r")\b")


def suites(root):
    """Without tests/build/fetch, which shows toolchain/fetch machines of several suites."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - {"vectors", ".git"} - ({"build", "toolchain"} if folder == root else set()))
        for path in (os.path.join(folder, name) for name in sorted(names)):
            if os.path.relpath(path, root) == "tests/build/fetch":
                continue
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    yield from (f"{os.path.relpath(path, root)}: {found}" for found in SUITE.findall(file.read()))
            except FileNotFoundError:  # another suite's, which ran at the same time
                pass


# What is refused: path, content, which check, how many complaints.
SELF_TEST = {
    "a line of 110 columns is refused, or one of 111 is not": ("src/base/a.c", "x" * 110 + "\n" + "y" * 111 + "\n", too_wide, 1),
    "a tab counts as one column": ("initramfs/a.h", "\t" + "x" * 103 + "\n", too_wide, 1),
    "a letter of two bytes counts as two columns": ("src/base/a.c", "é" * 110 + "\n", too_wide, 0),
    "lines of the tests' C are not counted": ("tests/unit/a.c", "x" * 111 + "\n", too_wide, 1),
    "a file of 500 lines is refused": ("src/base/a.c", "x\n" * 500, too_long, 0),
    "a file of 501 lines is not refused": ("src/base/a/b.h", "x\n" * 501, too_long, 1),
    "a program in Python without its ending is not refused": ("tests/cli/a", "#!/usr/bin/env python3\n", without_ending, 1),
    "a program in another language is refused": ("tests/cli/a", "#!/bin/sh\n# python\n", without_ending, 0),
    "the name of a suite is not refused": ("board/qemu/a/board.mk", "KERNEL := " + SUITE.pattern.split("|")[1] + " amd64", suites, 1),
    "a word that only begins like a suite is refused": ("src/base/a.c", SUITE.pattern.split("|")[1] + "s", suites, 0),
    "the name of a suite is refused in toolchain/": ("toolchain/a", SUITE.pattern.split("|")[1], suites, 0),
    "a Makefile of 151 lines is not refused": ("Makefile", "x\n" * 151, makefile_too_long, 1),
}
CHECKS = {
    f"no line of C has more than {COLUMNS} columns": too_wide,
    f"no file of the program has more than {LINES} lines": too_long,
    f"the Makefile has no more than {MAKEFILE_LINES} lines": makefile_too_long,
    "no file outside toolchain/ names a suite of Debian": suites,
    "each program in Python of the tests ends in .py": without_ending,
}


def refused(path, content, check):
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(content)
        return len(list(check(root)))


def main():
    results = [(refused(path, content, check) == count, "self-test: " + name, [])
               for name, (path, content, check, count) in SELF_TEST.items()]
    for name, check in CHECKS.items():
        found = list(check(TOP))
        results.append((not found, name, found))
    for number, (good, name, found) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
        for complaint in found:
            print("# " + complaint)
    print(f"1..{len(results)}")
    return not all(good for good, _, _ in results)


if __name__ == "__main__":
    sys.exit(main())
