#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every --json: its objects have the members of format 1 with their types, and no others; docs/json.md names the same ones.

FORMAT_1 of tests/interop/json_format.py is the contract.
"""
import json
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from json_format import FORMAT_1, fits, members
from volumes import CRYPTSETUP, LATCHKEY, PBKDF2, RIGHT, TOP, Volume, argon2, copy, lacking, must, run, save, workplace

FOLDER = workplace("json-output")
KEY = save(FOLDER, RIGHT)


def objects(done):
    return [json.loads(line) for line in done.out.splitlines()]


def made():
    """Volumes: of LUKS2 with two keyslots, of LUKS1, and one of LUKS2 with a damaged primary header."""
    two = Volume(FOLDER, "two").format(RIGHT, *PBKDF2, "--label", "a \"label\"")
    must(CRYPTSETUP, "luksAddKey", "-q", "--key-file", KEY, *argon2(memory_kib=40 << 10), two.path, save(FOLDER, b"another"))
    must(CRYPTSETUP, "token", "add", "--key-description", "d", "--token-id", "1", two.path)
    one = Volume(FOLDER, "one").format(RIGHT, "--pbkdf-force-iterations", "1000", luks="luks1")
    spoilt = copy(two.path, os.path.join(FOLDER, "spoilt"))
    with open(spoilt, "r+b") as f:
        f.seek(4096)
        f.write(b"\"")
    return two.path, one.path, spoilt


def show(words, crypttab=""):
    path = save(FOLDER, crypttab.encode())
    return run(LATCHKEY, "boot", "--show", "--json", "--cmdline", words, "--config", "/dev/null", "--crypttab", path)


CRYPTTAB = """a UUID=0f3c2a10-9b4e-4d2a-8c55-1b2c3d4e5f60 /k:LABEL=STICK luks,discard,keyfile-size=64,keyfile-offset=2,nofail
b /dev/b none luks,header=/h:LABEL=H
c nowhere
"""


def runs():
    """(name, shape, run, exit code)"""
    two, one, spoilt = made()
    for path in two, one, spoilt:
        yield f"dump {path}", "dump", run(LATCHKEY, "dump", "--json", path), 0
        yield f"check {path}", "check", run(LATCHKEY, "check", "--json", path), 6 if path == spoilt else 0
    yield "test", "test", run(LATCHKEY, "test", "--json", "--key-file", KEY, two), 0
    yield "test with the id", "test", run(LATCHKEY, "test", "--json", "--print-volume-key-id", "--key-file", KEY, two, "root"), 0
    yield "test that fails", "test", run(LATCHKEY, "test", "--json", two, stdin=b"wrong"), 2
    yield "boot --show", "show", show("latchkey.passfifo=/run/f latchkey.tries=3 latchkey.after=poweroff latchkey.headless", CRYPTTAB), 1
    yield "boot --show of a root that is skipped", "show", show("root=/dev/mapper/c", CRYPTTAB), 1
    yield "boot --show of one volume", "show", show("latchkey.device=/dev/a"), 0
    yield "benchmark", "benchmark", run(LATCHKEY, "benchmark", "--json"), 0
    yield "benchmark of a device", "benchmark of a device", run(LATCHKEY, "benchmark", "--json", "--max-memory", "32", two), 0
    yield "preflight", "preflight", run(LATCHKEY + "-preflight", "--json", "--root", FOLDER, "--cmdline", f"latchkey.device={two}"), None


def complaint(kind, done, code):
    if code is not None and done.code != code:
        return f"exit code {done.code}: {done.out}{done.err}"
    shape = FORMAT_1[kind]
    found = [json.loads(done.out)] if kind == "dump" else objects(done)
    if not found and code != 2:
        return f"no object: {done}"
    return next((f"not as in the format: {one}" for one in found if not fits(one, shape)), "")


def values():
    """That the values are those of the volume is for other suites; here only what no other has."""
    two = os.path.join(FOLDER, "two.img")
    if objects(run(LATCHKEY, "test", "--json", "--key-file", KEY, two)) != [{"keyslot": 0}]:
        return "the keyslot of test"
    a, b, general, note = objects(show("quiet", CRYPTTAB))
    key = {"path": "/k", "device": "LABEL=STICK", "size": 64, "offset": 2, "optional": False}
    if a["keys"][0] != key or a["needed"] != "nofail" or "discard" not in a["options"]:
        return f"the first volume of boot --show: {a}"
    if (b["header"], b["header_device"]) != ("/h", "LABEL=H") or general["tries"] != 0 or not note["skipped"]:
        return f"the others: {b} {general} {note}"
    first, second = objects(run(LATCHKEY, "benchmark", "--json", "--max-memory", "32", two))
    return "" if first["usable"] and not second["usable"] and second["cause"] == "unsupported" else f"{first} {second}"


def documented():
    """docs/json.md names each member in a table, and no other; and the format is that of the program."""
    with open(os.path.join(TOP, "docs", "json.md"), encoding="utf-8") as file:
        page = file.read()
    named = {name for line in page.splitlines() if line.startswith("|") for name in re.findall(r"`(\w+)`", line)}
    real = {name for shape in FORMAT_1.values() for name in members(shape)}
    form = json.loads(run(LATCHKEY, "dump", "--json", os.path.join(FOLDER, "one.img")).out)["format"]
    wrong = "" if named == real else f"only in the page: {sorted(named - real)}; only in the format: {sorted(real - named)}"
    return wrong + ("" if form == 1 and "It is 1." in page else f" format {form}")


def main():
    lack = lacking(CRYPTSETUP, LATCHKEY)
    if lack:
        print(f"1..0 # SKIP {lack}")
        return 0
    found = [(f"{name}: the objects of format 1", complaint(*rest)) for name, *rest in runs()]
    found += [("values that no other suite compares", values()), ("docs/json.md has the members of format 1, and no others", documented())]
    print(f"1..{len(found)}")
    for number, (name, wrong) in enumerate(found, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {name.replace(FOLDER + '/', '')}" + (f"\n# {wrong}" if wrong else ""))
    return 1 if any(wrong for _, wrong in found) else 0


if __name__ == "__main__":
    sys.exit(main())
