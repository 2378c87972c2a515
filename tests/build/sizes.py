#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""README's table of sizes has every target with its limit, and the size of the build within SLACK. Arguments name targets."""
import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
O = os.environ.get("O", "build")
HERE = "x86_64-linux-musl"  # of make check: its row is kept up to date
# Files for pages of 16 or 64 KiB grow by a page at once.
SLACK, SLACK_ELSEWHERE = 4 << 10, 16 << 10
os.environ.pop("MAKEFLAGS", None)  # what the make above us was told is not for the makes that we ask


def rows(text):
    return {row[0]: [int(n) for n in row[1:]] for row in re.findall(r"^\| (\S+-linux-\S+) +\| +(\d+) \| +(\d+) \| +(\d+) \| +(\d+) \|$", text, re.M)}


def main():
    targets = sys.argv[1:] or [os.environ.get("TARGET", "x86_64-linux-musl")]
    every = {os.path.basename(path)[:-3] for path in glob.glob(os.path.join(TOP, "toolchain", "*-linux-*.mk"))}
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        told = rows(file.read())
    done = subprocess.run([os.path.join(TOP, "toolchain", "size"), *targets], cwd=TOP, capture_output=True, text=True, env=dict(os.environ, O=O))
    real = rows(done.stdout)
    print(f"1..{1 + len(targets)}")
    print(f"{'ok' if set(told) == every else 'not ok'} 1 - README has a row for each target" + (f"\n# {set(told) ^ every}" if set(told) != every else ""))
    for number, target in enumerate(targets, 2):
        one, other = told.get(target), real.get(target)
        slack = SLACK if target == HERE else SLACK_ELSEWHERE
        good = done.returncode == 0 and one and other and one[1] == other[1] and all(abs(a - b) <= slack for a, b in zip(one, other))
        print(f"{'ok' if good else 'not ok'} {number} - {target}: README's sizes are those of the build")
        if not good:
            print(f"# README {one}, build {other}, {done.stderr.strip()}")


main()
