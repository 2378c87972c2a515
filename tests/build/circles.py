#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No circle of files: from the built objects, who needs a function or an object of whom, and who that way needs itself.

Includes are another matter (tests/build/layers.py): a file may include what it never calls, and calls go through headers that
several files share. The linker's symbols cannot be argued with.
"""
import os
import re
import subprocess
import sys
import tempfile

O = os.environ.get("O", "build")
TARGET = os.environ.get("TARGET", "x86_64-linux-musl")
MADE = os.path.join(O, TARGET)


def symbols(path):
    """(what an object defines for others, what it needs of others)"""
    listing = subprocess.run(["nm", "-P", path], check=True, capture_output=True, text=True).stdout
    defined, needed = set(), set()
    for line in listing.splitlines():
        name, kind = line.split()[:2]
        if kind == "U":
            needed.add(name)
        elif kind.isupper():
            defined.add(name)
    return defined, needed


def needs(objects):
    """object -> the objects that define what it needs"""
    listed = {path: symbols(path) for path in objects}
    # Each program has its main, and a token program may have an object of its own in place of one of the library's.
    owner = {name: path for path, (defined, _) in listed.items() for name in defined
             if name != "main" and not (name == "arch" and "/token/" in path)}
    return {path: {owner[name] for name in needed if name in owner} - {path} for path, (_, needed) in listed.items()}


# What a library calls, or brings along; what only other architectures need; what unit tests call with values of their own.
NEEDED_ELSEWHERE = {"main", "__vdsosym", "json_number", "json_pool_alloc", "json_pool_free", "json_pool_realloc",
                    "p256_curve", "p521_curve",
                    "sha256_c",
                    "area_look", "consoles_rest", "core_choose", "session_kdfa"}


def unneeded(objects):
    """The names that no other object needs: dead, used only by tests, or to be made static."""
    listed = [symbols(path) for path in objects]
    needed = set().union(*(needed for _, needed in listed))
    return sorted(set().union(*(defined for defined, _ in listed)) - needed - NEEDED_ELSEWHERE)


def circles(graph):
    """The strongly connected components of more than one member (Tarjan 1972)."""
    found, index, low, stack = [], {}, {}, []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            members = []
            while node not in members:
                members.append(stack.pop())
            if len(members) > 1:
                found.append(sorted(members))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def objects():
    """Of the sources that are there: what was built of a file that is gone does not count."""
    for folder, _, files in os.walk("src"):
        for name in files:
            path = os.path.join(MADE, folder, re.sub(r"\.c$", ".o", name))
            if name.endswith(".c") and os.path.exists(path):
                yield path


SELF_TEST = {
    "a circle of two files": ({"a": "int b(void); int a(void) { return b(); }", "b": "int a(void); int b(void) { return a(); }"}, 1),
    "a circle of three through an object": (
        {"a": "extern int b; int *a(void) { return &b; }", "b": "int c(void); int b; int d(void) { return c(); }", "c": "int *a(void); int c(void) { return *a(); }"}, 1),
    "a chain": ({"a": "int b(void); int a(void) { return b(); }", "b": "int c(void); int b(void) { return c(); }", "c": "int c(void) { return 0; }"}, 0),
    "a file that needs itself": ({"a": "int a(int n) { return n ? a(n - 1) : 0; }"}, 0),
}


def self_test(files):
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for name, text in files.items():
            made.append(os.path.join(folder, name + ".o"))
            subprocess.run(["gcc", "-O0", "-w", "-x", "c", "-c", "-", "-o", made[-1]], input=text, text=True, check=True)
        return len(circles(needs(made)))


def main():
    count = 0
    for name, (files, expected) in SELF_TEST.items():
        count += 1
        print(f"{'ok' if self_test(files) == expected else 'not ok'} {count} - self-test: {name}")
    graph = needs(sorted(objects()))
    count += 1
    print(f"{'ok' if len(graph) > 100 else 'not ok'} {count} - the objects of the program are there ({len(graph)})")
    found = circles(graph)
    for members in found:
        print("# a circle: " + " ".join(os.path.relpath(member, MADE) for member in members))
    count += 1
    print(f"{'not ok' if found else 'ok'} {count} - no file needs itself through others")
    dead = unneeded(sorted(objects()))
    count += 1
    print(f"{'not ok' if dead else 'ok'} {count} - each global name is needed by another file of the programs")
    for name in dead:
        print("#", name)
    print(f"1..{count}")
    return 0


sys.exit(main())
