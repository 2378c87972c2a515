#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No branch and no address depends on a secret: hashes, PBKDF2, Argon2i, AES, the AF merge and comparisons.

valgrind does not support AVX-512 and the SHA instructions and hides them from the program. Therefore the cores that use them
do not run here. Each of these is straight-line code, and its loops only count rounds.
"""
import glob
import os
import platform
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
O = os.path.join(ROOT, os.environ.get("O", "build"))
BUILT = os.path.join(O, os.environ.get("TARGET", "x86_64-linux-musl"))
LIBRARIES = [os.path.join(BUILT, name) for name in ("libbearssl.a", "libargon2.a")]
CHOICES = ["", "avx2"]


def sources():
    arch = os.path.join("src/crypto", platform.machine())
    arch = arch if os.path.isdir(os.path.join(ROOT, arch)) else "src/crypto/generic"
    patterns = ["src/crypto/*.c", arch + "/*.c", "src/base/*.c", "src/secret/wipe.c", "src/keyslot/af.c",
                "src/keyslot/digest.c"]
    return [f for p in patterns for f in sorted(glob.glob(os.path.join(ROOT, p)))]


def build(program):
    subprocess.run(["gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-fno-tree-reassoc", "-g", "-w",
                    "-I" + os.path.join(ROOT, "src"), "-Wl,--gc-sections",
                    *("-I" + os.path.join(O, "source", name) for name in ("", "bearssl/inc", "argon2/include")), "-o", program,
                    os.path.join(ROOT, "tests/constant_time/secrets.c"), *sources(), *LIBRARIES, "-lpthread"], check=True)


def complaints(program, choice, *args):
    """(did memcheck see something depend on a secret?, what it and the program wrote)

    Only that counts: memcheck also takes the stack of a thread that has ended for gone, and we wipe it.
    """
    run = subprocess.run(["valgrind", program, choice, *args], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
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
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "secrets")
        build(program)
        for leak in ("branch", "address"):
            n += 1
            found, _ = complaints(program, "", leak)
            print(f"{'ok' if found else 'not ok'} {n} - self-test: a secret-dependent {leak} is found")
        for choice in CHOICES:
            n += 1
            found, text = complaints(program, choice)
            print(f"{'ok' if found is False else 'not ok'} {n} - nothing depends on a secret with features '{choice}'")
            for line in text.splitlines() if found is not False else [text.splitlines()[-1]]:
                print("#", line)
            sys.stdout.flush()
    print(f"1..{n}")


main()
