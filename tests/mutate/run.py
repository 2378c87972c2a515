#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Apply the mutations of tests/mutate/mutations one by one to a copy of the tree, and run the suites that must see each.

tests/mutate/run.py [WORD...] runs those with a word in their names; --all also those of virtual machines and other slow suites,
which are otherwise counted as not run. O is the folder of the build that is copied (default build). The copy is in MUTATE (default
O/mutate). Not part of make check: it takes some minutes. Exit status 1: a mutation survived without a reason, or does not apply.
"""
import os
import shutil
import subprocess
import sys

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
O = os.path.abspath(os.environ.get("O", os.path.join(TOP, "build")))
COPY = os.path.abspath(os.environ.get("MUTATE", os.path.join(O, "mutate")))
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
    return suite.replace("static/", "build/x86_64-linux-musl/tests/")


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
            for part in ("host-asan", "source", "archives", "kernel", "x86_64-linux-musl"):
                if os.path.exists(os.path.join(O, part)) and not os.path.exists(os.path.join(target, part)):
                    shutil.copytree(os.path.join(O, part), os.path.join(target, part), symlinks=True)
        elif os.path.isdir(source):
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target)


def run(*words, **more):
    return subprocess.run(words, cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False, **more)


def build(suites):
    """None, or what the compiler said."""
    programs = [f"build/host-asan/tests/{s}" for s in suites if s.startswith("test_")]
    fuzzers = [f"build/host-fuzz/{s}" for s in suites if s.startswith("fuzz_")]
    static = [f"build/x86_64-linux-musl/tests/{s[7:]}" for s in suites if s.startswith("static/")]
    others = any(s.startswith("tests/") for s in suites)
    made = run("make", "-j2", "TARGET=host-asan", *programs) if programs else None
    if fuzzers and not (made and made.returncode):
        made = run("make", "-j2", "TARGET=host-fuzz", *fuzzers)
    if static and not (made and made.returncode):
        made = run("make", "-j2", *static, "build/x86_64-linux-musl/latchkey")  # which some of them run
    if others and not (made and made.returncode):
        made = run("make", "-j2", "all", "tokens")
    return made.stdout if made and made.returncode else None


def killed_by(suites):
    for suite in suites:
        try:
            ended = run(*program(suite).split(":"), timeout=900, env=dict(os.environ, O=os.path.join(COPY, "build"), CMOCKA_MESSAGE_OUTPUT="TAP"))
        except subprocess.TimeoutExpired:
            return f"{suite}, which does not end"
        if ended.returncode:
            return suite
    return None


def judge(m):
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
        suite = killed_by(m.suites)
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
        verdict = judge(m) if m.suites else "not run: slow"
        word = verdict.split(" ")[0].rstrip(":")
        if word == "SURVIVED" and m.why:
            word = "excused"
        counts[word] = counts.get(word, 0) + 1
        print(f"{m.name}: {verdict}", flush=True)
    print(", ".join(f"{n} {word}" for word, n in sorted(counts.items())))
    return 1 if set(counts) - {"killed", "excused", "not"} else 0


if __name__ == "__main__":
    sys.exit(main())
