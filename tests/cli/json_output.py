#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every --json: its objects have the members of format 1 with their types, and no others; docs/json.md names the same ones.

FORMAT_1 is the contract. A member may be added here and in docs/json.md. One that is removed or changed needs a new format.
"""
import json
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from volumes import CRYPTSETUP, LATCHKEY, PBKDF2, RIGHT, TOP, Volume, argon2, copy, lacking, must, run, save, workplace

FOLDER = workplace("json-output")
KEY = save(FOLDER, RIGHT)

# A member with "?" may be absent. A type is a word, a set of words that a text may be, an object, [of what a list has], or a
# tuple of alternatives.
N, T, B = "number", "text", "truth"
CAUSES = {"passphrase", "resource", "device", "damaged", "unsupported", "kernel"}
USABLE = {"usable": B, "cause?": CAUSES, "why?": T}
SEGMENT = {"offset": N, "size": (N, {"dynamic"}), **USABLE, "encryption?": T, "sector_size?": N, "integrity?": T,
           "integrity_mode?": {"journal", "direct", "inline"}, "tag_bytes?": N}
KDF = ({"type": {"pbkdf2"}, "hash": T, "iterations": N}, {"type": {"argon2i", "argon2id"}, "time": N, "memory_kib": N, "cpus": N})
FORMAT_1 = {
    "dump": {
        "format": N, "version": N, "uuid": T, "label": T, "subsystem": T, "seqid": N, "header_size": N, "keyslots_size": N,
        "header_copy": {"primary", "secondary"}, "note": T,
        "foreign_mark": ({"type": T, "version": T, "offset": N, "device": T}, None),
        "requirements": USABLE, "reencryption": {"none", "clean", "crashed", "v1", "offline", "unknown"},
        "reencrypt?": {"mode": T, "direction": T, "resilience": T, "percent": (N, None)}, "segments?": [SEGMENT],
        "segment": SEGMENT, "flags": [T], "tokens": N, "token_list": [{"id": N, "type": T, "keyslots": [N]}],
        "other_keyslots": N,
        "digests": [{"id": N, "covers_segment": B, **USABLE, "type?": T, "hash?": T, "iterations?": N}],
        "keyslots": [{"id": N, "priority": {"ignore", "normal", "prefer"}, **USABLE, "key_bytes?": N, "digest?": N, "kdf?": KDF,
                      "af_hash?": T, "area?": {"offset": N, "size": N, "encryption": T, "key_bytes": N}}],
    },
    "check": {"what": T, "damaged": B, "text": T},
    "preflight": {"weight": {"ok", "note", "warning", "problem"}, "cause": CAUSES | {"ok", "usage"}, "where": T, "text": T},
    "test": {"keyslot": N, "volume_key_id?": T},
    "show": ({"volume": T, "device": T, "from": T, "needed": {"yes", "nofail", "unmarked", "noauto"}, "header?": T,
              "header_device?": T, "options?": T,
              "keys": [{"size": N, "offset": N, "optional": B, "path?": T, "device?": T, "fstype?": T}]},
             {"tries": N, "give_up": N, "then": {"ask again", "power off", "reboot", "fail"}, "headless": B, "passfifo?": T,
              "root_skipped?": T, "notes_lost": B},
             {"note": T, "skipped": B}),
    "benchmark": ({"processors": N, "features": T},
                  {"kdf": {"pbkdf2"}, "hash": T, "iterations_per_second": N, "key_bits": N, "implementation": T},
                  {"kdf": {"argon2i", "argon2id"}, "passes_per_second": N, "memory_kib": N, "cpus": N, "implementation": T}),
    "benchmark of a device": ({"keyslot": N, "usable": B, "seconds": N, "memory_kib": N, "kdf": T},
                              {"keyslot": N, "usable": B, "cause": CAUSES, "why": T}),
}


def is_word(value, word):
    return {N: isinstance(value, (int, float)) and not isinstance(value, bool), T: isinstance(value, str), B: isinstance(value, bool)}[word]


def fits(value, shape):
    """Is the value of this shape, and nothing more?"""
    if shape is None:
        return value is None
    if isinstance(shape, str):
        return is_word(value, shape)
    if isinstance(shape, set):
        return value in shape
    if isinstance(shape, tuple):
        return any(fits(value, one) for one in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(one, shape[0]) for one in value)
    names = {name.rstrip("?"): name for name in shape}
    return (isinstance(value, dict) and set(value) <= set(names) and {n for n, full in names.items() if n == full} <= set(value)
            and all(fits(one, shape[names[name]]) for name, one in value.items()))


def members(shape):
    if isinstance(shape, dict):
        for name, one in shape.items():
            yield name.rstrip("?")
            yield from members(one)
    if isinstance(shape, (list, tuple)):
        for one in shape:
            yield from members(one)


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
