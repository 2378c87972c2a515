#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The token programs that docs/tokens.md shows are what latchkey-token(7) asks for, in the shells that images have."""
import os
import re
import shutil
import socket
import sys
import tempfile

sys.dont_write_bytecode = True
try:
    import rig
except ModuleNotFoundError as e:
    print(f"1..0 # SKIP {e.name} is not installed (toolchain/setup check installs it)")
    sys.exit(0)

SECRET = b"a passphrase\nof two lines\n"
SHELLS = {"sh": "/bin/sh", "busybox": "busybox sh"}


class Device:
    """What is descriptor 4; as rig.Key."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.ours.sendall(b"from the device\n")


def scripts():
    with open(os.path.join(rig.HERE, "..", "..", "docs", "tokens.md"), encoding="utf-8") as f:
        found = re.findall(r"^    (#!/bin/sh\n(?:    .*\n)+)", f.read(), re.M)
    return [re.sub(r"^    ", "", text, flags=re.M) for text in found]


def main():
    texts = scripts()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        key = os.path.join(folder, "key")
        with open(key, "wb") as f:
            f.write(SECRET)
        os.chmod(key, 0o644)
        for shell, command in SHELLS.items():
            shebang = "#!" + (shutil.which(command.split()[0]) or command) + " ".join([""] + command.split()[1:])
            for number, text in enumerate(texts):
                path = os.path.join(folder, f"{shell}{number}")
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text.replace("#!/bin/sh", shebang).replace("/etc/example-file.key", key).replace("exec cat", f"exec {shutil.which('cat')}"))
                os.chmod(path, 0o755)
                rows.append((shell, number, path))
        print(f"1..{1 + 3 * len(SHELLS)}")
        print(f"{'ok' if len(texts) == 2 else 'not ok'} 1 - docs/tokens.md shows {len(texts)} scripts, and two are tried here")
        n, failed = 1, len(texts) != 2
        for shell, number, path in rows:
            wanted = [(rig.Run(path, "{}"), 0, SECRET, [])] if number == 0 else [
                (rig.Run(path, "{}"), 4, b"", ["need node ttyS1"]), (rig.Run(path, "{}", Device()), 0, b"from the device", [])]
            for run, code, passphrase, lines in wanted:
                n += 1
                ok = (run.code, run.passphrase, run.lines) == (code, passphrase, lines)
                failed |= not ok
                print("" if ok else f"# {run}\n", end="")
                print(f"{'ok' if ok else 'not ok'} {n} - script {number + 1} of docs/tokens.md ends otherwise than {code}, by {shell}", flush=True)
    return 1 if failed else 0


sys.exit(main())
