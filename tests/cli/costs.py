#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The cost of an unlock apart from its KDF: system calls and memory. tests/bench measures times."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from measure import peak_kib, system_calls
from volumes import CRYPTSETUP, LATCHKEY, O, PBKDF2, Volume, argon2, lacking, lanes_allowed, save, workplace

FOLDER = os.path.join(O, "costs")
SECRET = b"a passphrase that costs little"
# Maximum number of calls, with execve and exit: 57 of them are sigaction, for each signal that can end a process with secrets.
# Memory in addition to Argon2's.
CALLS, BESIDE_KIB = 108, 1024

# name, version, options, MiB of Argon2
CASES = [
    ("LUKS2, pbkdf2", "luks2", PBKDF2, 0),
    ("LUKS1", "luks1", PBKDF2, 0),
    ("LUKS2, argon2id, 64 MiB", "luks2", argon2("argon2id", 1, 64 << 10), 64),
    ("LUKS2, argon2id, 64 MiB, 4 lanes", "luks2", argon2("argon2id", 4, 64 << 10), 64),
]


def main():
    lack = lacking(CRYPTSETUP, LATCHKEY, "strace")
    if lack:
        print(f"1..0 # SKIP {lack}")
        return 0
    workplace("costs")
    key, number, failed = save(FOLDER, SECRET), 0, 0

    def report(name, value, most):
        nonlocal number, failed
        number += 1
        if value is None:
            print(f"ok {number} - {name} # SKIP cannot be traced here")
            return
        failed += value > most
        print(f"{'not ok' if value > most else 'ok'} {number} - {name}: {value}, at most {most}")

    for name, luks, options, mib in CASES:
        environment = lanes_allowed(FOLDER) if "lanes" in name else None
        volume = Volume(FOLDER, "image").format(SECRET, *options, luks=luks, env=environment)
        argv = [LATCHKEY, "test", "--key-file", key, volume.path]
        if not mib:
            report(f"{name}: system calls", system_calls(argv, dict(os.environ), FOLDER), CALLS)
        report(f"{name}: KiB of memory", peak_kib(argv, dict(os.environ)), (mib << 10) + BESIDE_KIB)
        volume.remove()
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
