#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Apply the mutations of tests/mutate/mutations one by one to a copy of the tree, and run the suites that must see each.

tests/mutate/run.py [WORD...] runs those with a word in their names; --all also those of virtual machines and other slow suites,
which are otherwise left out. O is the folder of the build that is copied (default build). The copy is in MUTATE (default
O/mutate). Not part of make check: it takes some minutes. Exit status 1: a mutation survived without a reason, or
cannot be judged: it does not apply or is not built, or a suite fails, or is skipped, without it, too.
"""
import functools
import os
import shutil
import subprocess
import sys

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
O = os.path.abspath(os.environ.get("O", os.path.join(TOP, "build")))
COPY = os.path.abspath(os.environ.get("MUTATE", os.path.join(O, "mutate")))
STATIC = "x86_64-linux-musl"
LATCHKEYS = (f"{STATIC}/latchkey", "host-asan/latchkey")
# What the suites of a folder run, where it is not all.
PROGRAMS = {"tests/cli/tokens.py": LATCHKEYS[:1], "tests/cli/volume_key.py": LATCHKEYS[:1], "tests/cli/": LATCHKEYS,
            "tests/images/": (*LATCHKEYS, *(f"{path}-preflight" for path in LATCHKEYS))}
SLOW = ("tests/boot/", "tests/images/", "tests/cli/")  # without a case of theirs


def is_slow(suite):
    return suite.startswith("tests/boot/") or (suite.startswith(SLOW) and ":" not in suite)


def file_of(suite):
    """The file that a suite is in."""
    name = suite.split(":")[0]
    if name.startswith("fuzz_"):
        return f"tests/fuzz/{name}.c"
    return f"tests/unit/{os.path.basename(name)}.c" if name.startswith(("test_", "static/")) else name


def program(suite):
    """The suite as a program with arguments, separated by colons."""
    if suite.startswith("fuzz_"):
        return f"sh:-c:python3 tests/fuzz/machines.py build/seeds && build/host-fuzz/{suite} -runs=0 build/seeds"
    if suite.startswith("test_"):
        return f"build/host-asan/tests/{suite}"
    return suite.replace("static/", f"build/{STATIC}/tests/")


class Mutation:
    def __init__(self, name):
        self.name, self.file, self.old, self.new, self.suites, self.why = name, None, [], [], [], None

    def apply(self, text):
        """Each old line is part of one line, and together they are neighbours. Returns the text, or None if that is not so once."""
        lines, found = text.split("\n"), []
        for i in range(len(lines) - len(self.old) + 1):
            if all(old in lines[i + k] for k, old in enumerate(self.old)):
                found.append(i)
        if len(found) != 1:
            return None
        i = found[0]
        first, last = lines[i], lines[i + len(self.old) - 1]
        before = first[:first.index(self.old[0])]
        behind = last[last.index(self.old[-1]) + len(self.old[-1]):]
        lines[i:i + len(self.old)] = [before + "\n".join(self.new) + behind]
        return "\n".join(lines)


def read():
    every = []
    with open(os.path.join(TOP, "tests/mutate/mutations"), encoding="utf-8") as f:
        for line in f:
            kind, rest = line[:1], line[2:].strip()
            if kind == "=":
                every.append(Mutation(rest))
            elif kind in "@-+!?" and every and kind.strip():
                m = every[-1]
                if kind == "@":
                    m.file = rest
                elif kind == "-":
                    m.old.append(rest)
                elif kind == "+":
                    m.new.append(rest)
                elif kind == "!":
                    m.suites = rest.split()
                else:
                    m.why = rest
    return every


def copy():
    """The tree without other builds, with the times of its files, so that make builds only what a mutation changes."""
    os.makedirs(COPY, exist_ok=True)
    for name in ("build", *sorted(set(os.listdir(TOP)) - {"build", ".git"})):
        source, target = os.path.join(TOP, name), os.path.join(COPY, name)
        if name == "build":
            for part in ("host-asan", "host-fuzz", "source", "archives", "kernel", STATIC):
                if os.path.exists(os.path.join(O, part)) and not os.path.exists(os.path.join(target, part)):
                    shutil.copytree(os.path.join(O, part), os.path.join(target, part), symlinks=True)
        elif os.path.isdir(source):
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target)
    for m in read():  # an object in the copy may have been made of a mutation
        os.utime(os.path.join(COPY, m.file))


def run(*words, **more):
    """In the copy, whose build is in its folder "build": O, if it is set, is another. A mutation may leave something unused."""
    env = {name: value for name, value in os.environ.items() if name not in ("O", "MUTATE", "WERROR")}
    return subprocess.run(words, cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                          env=dict(env, CMOCKA_MESSAGE_OUTPUT="TAP"), **more)


def made_for(suite):
    """The goals of make that a suite needs, and their targets."""
    if suite.startswith("test_"):
        return [("host-asan", f"build/host-asan/tests/{suite}")]
    if suite.startswith("fuzz_"):
        return [("host-fuzz", f"build/host-fuzz/{suite}")]
    if suite.startswith("static/"):  # some of them run latchkey
        return [(STATIC, f"build/{STATIC}/tests/{suite[7:]}"), (STATIC, f"build/{STATIC}/latchkey")]
    for folder, programs in PROGRAMS.items():
        if suite.startswith(folder):
            return [(program.split("/")[0], f"build/{program}") for program in programs]
    return [(STATIC, "all"), (STATIC, "tokens")]


def build(suites):
    """None, or what the compiler said."""
    goals = [goal for suite in suites for goal in made_for(suite)]
    for target in sorted({target for target, _ in goals}):
        made = run("make", "-j2", f"TARGET={target}", *sorted({name for of, name in goals if of == target}))
        if made.returncode:
            return made.stdout
    return None


def failure(suite, must_run=False):
    """How a suite fails, or None. @must_run: a suite of which nothing was run has failed, too."""
    try:
        ended = run(*program(suite).split(":"), timeout=900)
    except subprocess.TimeoutExpired:
        return "does not end"
    if ended.returncode:
        return "fails"
    passed = [line for line in ended.stdout.split("\n") if line.startswith("ok ") and "# SKIP" not in line]
    return "is skipped" if must_run and suite.startswith("tests/") and not passed else None


@functools.lru_cache(maxsize=None)
def failure_anyway(suite):
    """How a suite fails without a mutation: then its failure, or its success, means nothing."""
    return "is not built" if build([suite]) else failure(suite, must_run=True)


def judge(m):
    for suite in filter(failure_anyway, m.suites):
        return f"not judged: {suite} {failure_anyway(suite)} without it, too"
    path = os.path.join(COPY, m.file)
    with open(path, encoding="utf-8") as f:
        good = f.read()
    bad = m.apply(good)
    if bad is None:
        return "does not apply"
    with open(path, "w", encoding="utf-8") as f:
        f.write(bad)
    try:
        said = build(m.suites)
        if said:
            return "is not built: " + " | ".join(said.strip().split("\n")[-3:])
        suite = next(filter(failure, m.suites), None)
        return f"killed by {suite}" if suite else "SURVIVED" + (f": {m.why}" if m.why else "")
    finally:
        with open(path, "w", encoding="utf-8") as f:
            f.write(good)


def main():
    slow = "--all" in sys.argv
    words = [word for word in sys.argv[1:] if word != "--all"]
    every = [m for m in read() if not words or any(word in m.name for word in words)]
    for m in every:
        m.suites = [s for s in m.suites if slow or not is_slow(s)]
    copy()
    said = build(sorted({s for m in every for s in m.suites}))
    if said:
        print(f"the copy without a mutation is not built:\n{said[-2000:]}")
        return 1
    counts = {}
    for m in every:
        verdict = judge(m) if m.suites else "left out: slow"
        word = verdict.split(" ")[0].rstrip(":")
        if word == "SURVIVED" and m.why:
            word = "excused"
        counts[word] = counts.get(word, 0) + 1
        print(f"{m.name}: {verdict}", flush=True)
    print(", ".join(f"{n} {word}" for word, n in sorted(counts.items())))
    return 1 if set(counts) - {"killed", "excused", "left"} else 0


if __name__ == "__main__":
    sys.exit(main())
