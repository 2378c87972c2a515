#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No branch and no address depends on a secret: hashes, PBKDF2, Argon2i, AES, the AF merge, comparisons, P-256, P-521, and the
shares of clevis' sss.

valgrind does not support AVX-512 and the SHA instructions and hides them from the program. Therefore the cores that use them
do not run here. Each of these is straight-line code, and its loops only count rounds.

The program is linked as latchkey is, from the same objects: `make build/x86_64-linux-musl/tests/constant_time/secrets.debug`.
"""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(os.environ.get("O", "build"), os.environ.get("TARGET", "x86_64-linux-musl"),
                       "tests/constant_time/secrets.debug")
CHOICES = ["", "avx2"]


def complaints(choice, *args):
    """(did memcheck see something depend on a secret?, what it and the program wrote)

    Only that counts: memcheck also takes the stack of a thread that has ended for gone, and we wipe it.
    """
    run = subprocess.run(["valgrind", os.path.join(ROOT, PROGRAM), choice, *args], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = run.stdout.decode(errors="replace")
    if "ERROR SUMMARY" not in text or (run.returncode and not args):
        return None, text
    return "ninitialised" in text, text


def main():
    try:
        subprocess.run(["valgrind", "--version"], check=True, stdout=subprocess.DEVNULL)
    except OSError:
        print("1..0 # SKIP no valgrind here")
        return
    n = 0
    for leak in ("branch", "address"):
        n += 1
        found, _ = complaints("", leak)
        print(f"{'ok' if found else 'not ok'} {n} - self-test: a secret-dependent {leak} is found")
    for choice in CHOICES:
        n += 1
        found, text = complaints(choice)
        print(f"{'ok' if found is False else 'not ok'} {n} - nothing depends on a secret with features '{choice}'")
        for line in text.splitlines() if found is not False else [text.splitlines()[-1]]:
            print("#", line)
        sys.stdout.flush()
    print(f"1..{n}")


main()
