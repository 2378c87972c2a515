#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cryptsetup's own test images with `check` and `test`: the same verdict, or a stricter one.

fetch.sh gets the tests from the distribution's source package. They contain two kinds of images: headers made by generators,
with one fault each, and volumes of older versions. For the first kind, the verdict is that of cryptsetup's own suite (R and T:
accepted, F: refused); for the second, that of the installed cryptsetup on a copy. If latchkey is stricter, differences.md must
explain why. If it is less strict, the test fails.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "interop"))
from volumes import CRYPTSETUP, LATCHKEY, LATCHKEY_ASAN, O, copy, fingerprint, lacking, must, run, suite  # noqa: E402

PEER = os.path.join(O, "peer")
TESTS = os.path.join(PEER, "tests")
IMAGES = os.path.join(PEER, "images")
OLD = os.path.join(PEER, "old")
DATA = os.path.join(PEER, "data")  # 64 MiB of nothing
VALID = "luks2_valid_hdr.img"
KERNEL = 8


def differences():
    """name: reason, from the tables of differences.md; used names are struck out, so that none outlives its reason."""
    rows = {}
    with open(os.path.join(HERE, "differences.md"), encoding="utf-8") as f:
        for line in f:
            found = re.match(r"\| `([^`]+)` \| (.+) \|$", line)
            if found:
                rows[found.group(1)] = found.group(2)
    return rows


DIFFERENCES = differences()
used = set()


def stricter(name, what):
    if name in DIFFERENCES:
        used.add(name)
        return []
    return [f"stricter than cryptsetup, and differences.md does not say why: {what}"]


# --- headers with one fault ------------------------------------------------------------------------------


def generate():
    shutil.rmtree(IMAGES, ignore_errors=True)
    os.makedirs(IMAGES)
    must("sh", "-c", f"xz -dkc {TESTS}/{VALID}.xz >{IMAGES}/{VALID}")
    for script in sorted(glob.glob(os.path.join(TESTS, "generators", "generate-*.sh"))):
        done = run("bash", script, IMAGES, os.path.join(IMAGES, VALID), cwd=os.path.join(TESTS, "generators"))
        if done.code:
            print(f"# {os.path.basename(script)} makes no image: {done.out}{done.err}")


def expectations():
    with open(os.path.join(TESTS, "luks2-validation-test"), encoding="utf-8") as f:
        return re.findall(r'^RUN\s+(\S+)\s+"([RFT])"', f.read(), re.M)


def takes(*where):
    """Whether the header was accepted, regardless of other faults; the result of `check`; other complaints."""
    before = fingerprint(where[-1])
    done = run(LATCHKEY, "check", *where)
    test = run(LATCHKEY, "test", "--key-file", "-", *where, stdin=b"no passphrase of it")
    wrong = [] if fingerprint(where[-1]) == before else ["the image was written to"]
    taken = "primary header: " in done.out or "header: LUKS1" in done.out
    if done.code not in (0, 4, 6, 7) or test.code not in (1, 2, 3, 4, 6, 7, 8):
        wrong.append(f"exit status of check {done.code}, of test {test.code}: {done.err}{test.err}")
    if not taken and test.code in (0, 2):
        wrong.append(f"check refuses ({done.err}), test does not: {test.err}")
    if os.path.exists(LATCHKEY_ASAN):
        asan = run(LATCHKEY_ASAN, "check", *where)
        wrong += [f"the build with the sanitizers: {asan.err}"] * ((asan.code, asan.out) != (done.code, done.out))
    return taken, done, wrong


def generated(name, expected):
    path = os.path.join(IMAGES, name)
    if not os.path.exists(path):
        return [f"{name} was not generated"]
    taken, done, wrong = takes(path)
    if taken and expected == "F":
        wrong.append(f"cryptsetup refuses this header, latchkey takes it:\n{done.out}{done.err}")
    if not taken and expected != "F":
        wrong += stricter(name, done.err)
    return wrong


# --- volumes of the past ---------------------------------------------------------------------------------


def unpack():
    shutil.rmtree(OLD, ignore_errors=True)
    os.makedirs(OLD)
    for path in sorted(glob.glob(os.path.join(TESTS, "*.xz"))):
        name = os.path.basename(path)
        if name.endswith(".tar.xz") and re.match("luks|conversion|LUKS", name):
            must("tar", "-xSf", path, "-C", OLD, "--no-same-owner")
        elif re.match(r"compat|evil_hdr|luks2_|valid_header", name):
            must("sh", "-c", f"xz -dc {path} | cp --sparse=always /dev/stdin {OLD}/{name[:-3]}")
    found = []
    for folder, _, names in os.walk(OLD):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as f:
                head = f.read(6)
            # A header that was spoilt on purpose may have no magic.
            if head == b"LUKS\xba\xbe" or name.startswith(("evil", "luks2_")):
                found.append(os.path.relpath(path, OLD))
    return sorted(found)


def secrets():
    """Every passphrase that its tests know."""
    words = []
    for path in sorted(glob.glob(os.path.join(TESTS, "*compat-test*")) + glob.glob(os.path.join(TESTS, "*api-test*.c"))):
        with open(path, encoding="utf-8", errors="replace") as f:
            text = f.read()
        words += re.findall(r'^PWD\d?="([^"]+)"', text, re.M) + re.findall(r'#define (?:PASS\w*|KEY\d) "([^"]+)"', text)
    words = [w.encode() for w in dict.fromkeys(words)]
    for path in glob.glob(os.path.join(OLD, "**", "keyfile*"), recursive=True):
        with open(path, "rb") as f:
            words.append(f.read())
    return words


WORDS = []


def ask(path, secret):
    """Does cryptsetup open it? On a copy, as it repairs what it opens."""
    twin = copy(path, path + ".peer")
    try:
        return run(CRYPTSETUP, "open", "--test-passphrase", "--key-file", "-", twin, stdin=secret, timeout=60)
    except subprocess.TimeoutExpired:
        return None
    finally:
        os.unlink(twin)


def old(name):
    path = os.path.join(OLD, name)
    twin = copy(path, path + ".peer")
    dumps = run(CRYPTSETUP, "luksDump", twin).code == 0
    os.unlink(twin)
    if not dumps:
        taken, done, wrong = takes(path)
        return wrong + ([f"cryptsetup refuses this header, latchkey takes it:\n{done.out}{done.err}"] if not done.code else [])
    # Many of them end with the header: as a header file they have all that an unlock needs.
    where = ["--header", path, DATA]
    taken, done, wrong = takes(*where)
    if not taken:
        return wrong + stricter(name, done.err)
    for secret in WORDS:
        theirs = ask(path, secret)
        if theirs and theirs.code == 2:
            continue
        # What is not possible here is not made so by the next passphrase.
        ours = run(LATCHKEY, "test", "--key-file", "-", *where, stdin=secret)
        if theirs is None or theirs.code:
            return wrong + ([f"latchkey opens, cryptsetup does not: {theirs}"] if ours.code == 0 else [])
        if ours.code == KERNEL:
            print(f"# {name}: not judged, only the kernel could decrypt its keyslots: {ours.err.strip()}")
            return wrong
        return wrong + (stricter(name, ours.err) if ours.code else [])
    print(f"# {name}: no passphrase of the tests opens it for cryptsetup; both take the header")
    return wrong


done_cases = threading.Semaphore(0)


def counted(case):
    def run_it():
        try:
            return case()
        finally:
            done_cases.release()

    return run_it


def all_used(cases):
    """Runs in parallel with the last cases, so waits for them."""
    for _ in range(cases):
        done_cases.acquire()
    return [f"differences.md names {name}, which is not a difference any more" for name in DIFFERENCES
            if name not in used and name in KNOWN]


KNOWN = set()


def main():
    reason = lacking(LATCHKEY, CRYPTSETUP, "bash", "jq", "xxd", "xz")
    if not reason:
        fetched = run(os.path.join(HERE, "fetch.sh"), env=dict(os.environ, O=O), timeout=900)
        reason = fetched.out.strip().splitlines()[-1] if fetched.code else None
    if reason:
        print(f"1..1\nok 1 - the peer's own images # SKIP {reason}")
        return 0
    generate()
    rows = expectations()
    names = unpack()
    must("truncate", "-s", "64M", DATA)
    WORDS.extend(secrets())
    KNOWN.update([name for name, _ in rows] + names)
    cases = [(f"{name} ({'refused' if expected == 'F' else 'taken'} by cryptsetup)",
              lambda name=name, expected=expected: generated(name, expected)) for name, expected in rows]
    cases += [(name, lambda name=name: old(name)) for name in names]
    cases = [(name, counted(case)) for name, case in cases]
    if not sys.argv[1:]:
        cases.append(("the table of differences has no row too many", lambda count=len(cases): all_used(count)))
    failed = suite(cases)
    shutil.rmtree(OLD, ignore_errors=True)
    shutil.rmtree(IMAGES, ignore_errors=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
