#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A warning of a newer compiler does not stop a build, but it stops CI and make lint."""
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
O = os.path.abspath(os.path.join(TOP, os.environ.get("O", "build")))
FILE = "host-asan/src/base/text.o"  # the machine's own C library: nothing else is built for it


def compiles(folder, **more):
    """Whether one file of ours compiles with a warning that it always gives."""
    environment = {name: value for name, value in os.environ.items() if name not in ("WERROR", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    path = os.path.join(folder, FILE)
    if os.path.exists(path):
        os.unlink(path)
    done = subprocess.run(["make", "TARGET=host-asan", "O=" + folder, "CFLAGS=-Waggregate-return -Wtraditional", path], cwd=TOP,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env={**environment, **more})
    if "warning:" not in done.stdout and "error:" not in done.stdout:
        raise SystemExit("the file that was to warn does not:\n" + done.stdout)
    return done.returncode == 0 and os.path.exists(path)


def ci_environment():
    """What WERROR is in the make that .ci/run calls."""
    with tempfile.TemporaryDirectory() as folder:
        make = os.path.join(folder, "make")
        with open(make, "w", encoding="ascii") as f:
            f.write('#!/bin/sh\necho "WERROR=$WERROR for $*"\n')
        os.chmod(make, 0o755)
        environment = {name: value for name, value in os.environ.items() if name != "WERROR"}
        environment["PATH"] = folder + ":" + environment["PATH"]
        return subprocess.run([os.path.join(TOP, ".ci/run")], stdout=subprocess.PIPE, text=True, check=False, env=environment).stdout


def lint_commands():
    environment = {name: value for name, value in os.environ.items() if name not in ("WERROR", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    said = subprocess.run(["make", "-n", "lint"], cwd=TOP, stdout=subprocess.PIPE, text=True, check=False, env=environment).stdout
    return [line for line in said.splitlines() if "-fanalyzer" in line]


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.join(O, "source"), os.path.join(folder, "source"))
        os.symlink(os.path.join(O, "archives"), os.path.join(folder, "archives"))
        results = {"a warning stops a build": compiles(folder), "a warning passes though WERROR=-Werror is set": not compiles(folder, WERROR="-Werror")}
    said = ci_environment()
    results[".ci/run lets warnings pass, or forgets a part of the checks"] = re.fullmatch(r"WERROR=-Werror for check(-all)?\n", said) is not None
    lint = lint_commands()
    results["make lint lets warnings pass"] = bool(lint) and all(" -Werror " in line for line in lint)
    for number, (name, good) in enumerate(results.items(), 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
    print(f"1..{len(results)}")
    return not all(results.values())


if __name__ == "__main__":
    sys.exit(main())
