#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compilers and tools of another release of Debian, on any Debian: Debian 13 (gcc 14, clang 19), and unstable.

A copy of the tree is built there, as by a stranger, but with warnings as errors. On Debian 13 the unit tests, with and without
sanitizers, and the suites of the command line and of the documents run there, too. tests/cli/plymouth.py runs once more where /
is not a mount point, as in a builder's chroot. Each of their results is a result of this suite. The root, the copy and the
build are kept in $O/distro for the next run. Arguments name releases of toolchain/suite.
"""
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
O = os.path.abspath(os.path.join(TOP, os.environ.get("O", "build")))
RESULT = re.compile(r"(ok|not ok)\b(?:\s+\d+)?(?:\s+-)?\s*(.*)")
CLOSING = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")
TARGET = "x86_64-linux-musl"
PLACE = "/latchkey"
# "$1" is the root, "$2" "mounted" if its / is to be a mount point; what follows runs in it.
ENTER = r"""
root=$1
[ "$2" != mounted ] || mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
for place in sys dev; do mount --rbind "/$place" "$root/$place"; done
shift 2
exec chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 WERROR=-Werror \
    sh -c 'cd "$0" && exec "$@"' """ + PLACE + r""" "$@"
"""
counts = {"ok": 0, "not ok": 0, "skip": 0}


def result(good, name, *details):
    counts["ok" if good else "not ok"] += 1
    print(f"{'ok' if good else 'not ok'} {counts['ok'] + counts['not ok']} - {name}", flush=True)
    for line in details if not good else ():
        print("# " + line, flush=True)
    return good


def inside(root, *argv, how="mounted"):
    """A process in the root; what it prints, on both ways, can be read from it."""
    return subprocess.Popen(["unshare", "-m", "sh", "-ec", ENTER, "enter", root, how, *argv], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="backslashreplace")


def compile_with(root, name, *words):
    process = inside(root, "make", "-k", f"-j{os.cpu_count()}", *words)
    said = process.communicate()[0].splitlines()
    wrong = [line for line in said if "warning:" in line or "error:" in line]
    return result(not process.returncode and not wrong, name, f"status {process.returncode}", *(wrong or said)[-40:])


def run_suites(root, name, suites, how="mounted"):
    """tests/run.py in the root: its results with @name in front, and whether they are as many as it counted."""
    process = inside(root, "tests/run.py", *suites, how=how)
    before, last = dict(counts), ""
    for line in process.stdout:
        last = line.rstrip("\n")
        found = RESULT.match(last)
        if found:
            relay(name, *found.groups())
        elif re.match(r"1\.\.0\s*#", last):
            relay(name, "ok", f"everything # SKIP {last.split('#', 1)[1].strip()}")
        elif not re.match(r"1\.\.\d+$", last):
            print(last if last.startswith("#") else "# " + last, flush=True)
    process.wait()
    told = CLOSING.fullmatch(last)
    passed, failed, skipped = (int(n or 0) for n in told.groups()) if told else (0, 0, 0)
    seen = [counts[k] - before[k] for k in counts]
    whole = told and seen == [passed + skipped, failed, skipped] and bool(process.returncode) == (failed > 0 or not passed)
    result(whole, f"{name}: all that ran is counted here", f"seen {seen}, status {process.returncode}, told: {last}")


def relay(name, verdict, text):
    counts[verdict] += 1
    counts["skip"] += bool(re.search(r"#\s*skip", text, re.I))
    print(f"{verdict} {counts['ok'] + counts['not ok']} - {name}: {text}", flush=True)


def copy_tree(root):
    """Copy the current tree over an earlier copy, and keep what was built."""
    place = root + PLACE
    os.makedirs(os.path.join(place, "build"), exist_ok=True)
    for name in os.listdir(place):
        if name != "build":
            path = os.path.join(place, name)
            (shutil.rmtree if os.path.isdir(path) else os.unlink)(path)
    for name in os.listdir(TOP):
        path = os.path.join(TOP, name)
        if name == ".git" or path == O or name == "build":
            continue
        if os.path.isdir(path):
            shutil.copytree(path, os.path.join(place, name), symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(path, os.path.join(place, name))
    shutil.copytree(os.path.join(O, "archives"), os.path.join(place, "build/archives"), dirs_exist_ok=True)


def system(release):
    """The root with a copy of the tree, or None after a result that says why there is none."""
    made = subprocess.run([os.path.join(TOP, "tests/boot/fetch/get-root"), release + "-compilers"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=dict(os.environ, O=O), check=False)
    if made.returncode == 77:
        relay(release, "ok", "everything # SKIP no system of it: " + " ".join(made.stderr.split("\n")[-2:]))
        return None
    if made.returncode:
        result(False, f"{release}: a system is made", *made.stderr.splitlines())
        return None
    root = made.stdout.strip()
    copy_tree(root)
    version = inside(root, "sh", "-c", "gcc -dumpfullversion; clang --version").communicate()[0].split("\n")
    print(f"# {release}: gcc {version[0]}, {version[1]}", flush=True)
    return root


def compile_all(root, release):
    compile_with(root, f"{release}: gcc compiles the programs without a warning", "all", "tokens")
    compile_with(root, f"{release}: gcc compiles the unit tests without a warning", "unit-programs")
    compile_with(root, f"{release}: gcc compiles what the sanitizers watch without a warning", "TARGET=host-asan", "unit-programs",
                 "build/host-asan/latchkey", "build/host-asan/latchkey-preflight")
    compile_with(root, f"{release}: clang compiles the programs without a warning", "CC=clang", "O=build/clang",
                 "ARCHIVES=" + PLACE + "/build/archives", "all")


def run_all(root, release):
    units = inside(root, "make", "-s", "print-UNIT").communicate()[0].split()
    asan = [unit.replace(f"/{TARGET}/", "/host-asan/") for unit in units]
    programs = [os.path.join("tests", folder, name) for folder in ("cli", "docs") for name in sorted(os.listdir(os.path.join(TOP, "tests", folder)))]
    suites = [path for path in programs if os.path.isfile(os.path.join(TOP, path)) and os.access(os.path.join(TOP, path), os.X_OK)]
    run_suites(root, release, units + asan + suites)
    run_suites(root, f"{release} in a chroot", ["tests/cli/plymouth.py", "tests/cli/bad_input.py"], how="chroot")


def main():
    if os.geteuid():
        print("1..0 # SKIP only root can make a root of another release")
        return 0
    tried = subprocess.run(["unshare", "-m", "true"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if tried.returncode:  # root in a container may lack CAP_SYS_ADMIN
        print(f"1..0 # SKIP no mount namespace: {tried.stdout.strip()}")
        return 0
    for release in sys.argv[1:] or ["debian13", "unstable"]:
        root = system(release)
        if root:
            compile_all(root, release)
            if release != "unstable":  # there, another program than ours may be broken on any day
                run_all(root, release)
    print(f"1..{counts['ok'] + counts['not ok']}")
    return counts["not ok"] > 0


if __name__ == "__main__":
    sys.exit(main())
