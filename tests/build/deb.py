#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The packages of `make deb`: reproducible bytes, content, dependencies, and the verdict of lintian."""
import hashlib
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
O = os.path.join(ROOT, os.environ.get("O", "build"))
TARGET = os.environ.get("TARGET", "x86_64-linux-musl")
DEB = os.path.join(O, "deb")
os.environ["LC_ALL"] = "C"
os.environ.pop("MAKEFLAGS", None)  # what the make above us was told is not for the makes below

PROGRAMS = """
usr/lib/latchkey/network 755
usr/lib/latchkey/token/clevis 755
usr/lib/latchkey/token/systemd-fido2 755
usr/lib/latchkey/token/systemd-tpm2 755
usr/sbin/latchkey 755
usr/sbin/latchkey-preflight 755
usr/share/bash-completion/completions/latchkey 644
usr/share/bash-completion/completions/latchkey-preflight 644
usr/share/doc/latchkey/NEWS.md 644
usr/share/doc/latchkey/NOTICES 644
usr/share/doc/latchkey/README.md 644
usr/share/doc/latchkey/changelog.gz 644
usr/share/doc/latchkey/copyright 644
usr/share/doc/latchkey/first-boot.md 644
usr/share/doc/latchkey/json.md 644
usr/share/doc/latchkey/migration.md 644
usr/share/doc/latchkey/tokens.md 644
usr/share/doc/latchkey/troubleshooting.md 644
usr/share/lintian/overrides/latchkey 644
usr/share/man/man5/latchkey.conf.5.gz 644
usr/share/man/man7/latchkey-token.7.gz 644
usr/share/man/man8/latchkey-preflight.8.gz 644
usr/share/man/man8/latchkey.8.gz 644
usr/share/zsh/vendor-completions/_latchkey 644
usr/share/zsh/vendor-completions/_latchkey-preflight 644
"""
HOOKS = """
usr/lib/dracut/dracut.conf.d/50-latchkey.conf 644
usr/lib/dracut/modules.d/90latchkey/latchkey-boot.sh 755
usr/lib/dracut/modules.d/90latchkey/latchkey-finished.sh 755
usr/lib/dracut/modules.d/90latchkey/latchkey-wait.sh 755
usr/lib/dracut/modules.d/90latchkey/module-setup.sh 755
usr/lib/latchkey/55-latchkey.rules 644
usr/lib/latchkey/cryptroot-unlock 755
usr/lib/latchkey/keyboard-layout 644
usr/lib/latchkey/latchkey.service 644
usr/lib/latchkey/token-drivers 644
usr/share/doc/latchkey-initramfs/changelog.gz 644
usr/share/doc/latchkey-initramfs/copyright 644
usr/share/initramfs-tools/conf-hooks.d/latchkey 644
usr/share/initramfs-tools/hooks/latchkey 755
usr/share/initramfs-tools/scripts/local-top/latchkey 755
"""


def output(*command, umask=-1):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, umask=umask, check=False)
    if done.returncode:
        raise SystemExit(f"Bail out! {' '.join(command)}: {done.stdout.decode()}")
    return done.stdout.decode()


def make(umask):
    """{name: (hash, path)} of the packages."""
    output("env", "O=" + O, "toolchain/deb", TARGET, umask=umask)
    found = {}
    for name in sorted(os.listdir(DEB)):
        with open(os.path.join(DEB, name), "rb") as f:
            found[name] = hashlib.sha256(f.read()).hexdigest()
    return found


def same_bytes():
    first, again = make(0o077), make(0o022)
    return [] if first == again and len(first) == 2 else [str(first), str(again)]


def package(name):
    return next(os.path.join(DEB, deb) for deb in os.listdir(DEB) if deb.startswith(name + "_"))


def contents(name, wanted):
    """Files with their modes; all are root's."""
    bits = {"r": 4, "w": 2, "x": 1, "-": 0}
    found = []
    for line in output("dpkg-deb", "-c", package(name)).splitlines():
        mode, owner, _, _, _, path = line.split(None, 5)
        if owner != "root/root":
            return [f"{path} is {owner}'s"]
        if mode[0] != "d":
            digits = ["".join(str(sum(bits[c] for c in mode[i:i + 3]))) for i in (1, 4, 7)]
            found.append(f"{path.removeprefix('./')} {''.join(digits)}")
    found, wanted = set(found), set(wanted.split("\n")) - {""}
    return [f"not in it: {line}" for line in sorted(wanted - found)] + [f"in it, too: {line}" for line in sorted(found - wanted)]


def programs():
    return contents("latchkey", PROGRAMS)


def hooks():
    return contents("latchkey-initramfs", HOOKS)


def fields():
    with open(os.path.join(ROOT, "VERSION"), encoding="ascii") as f:
        version = f.read().strip()
    arch = output("dpkg-architecture", "-qDEB_HOST_ARCH").strip() if shutil.which("dpkg-architecture") else "amd64"
    wanted = {("latchkey", "Architecture"): arch, ("latchkey", "Depends"): "", ("latchkey", "Version"): version,
              ("latchkey-initramfs", "Architecture"): "all",
              ("latchkey-initramfs", "Depends"): f"latchkey (>= {version}), initramfs-tools (>= 0.137) | dracut-core | dracut"}
    wrong = []
    for (name, field), value in wanted.items():
        found = output("dpkg-deb", "-f", package(name), field).strip()
        wrong += [] if found == value else [f"{name}: {field} is {found!r}, not {value!r}"]
    control = os.path.join(O, "deb-control")
    shutil.rmtree(control, ignore_errors=True)
    output("dpkg-deb", "-e", package("latchkey-initramfs"), control)
    with open(os.path.join(control, "triggers"), encoding="ascii") as f:
        wrong += [] if f.read() == "activate-noawait update-initramfs\n" else ["nothing tells that the image is to be made again"]
    return wrong


def lintian():
    done = subprocess.run(["lintian", "--allow-root", "--tag-display-limit", "0", *(package(name) for name in ("latchkey", "latchkey-initramfs"))],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    lines = [line for line in done.stdout.decode().splitlines() if re.match("[EW]:", line)]
    return lines + ([f"lintian ended with status {done.returncode}"] if done.returncode not in (0, 2) else [])


CHECKS = [
    ("packages: the same bytes twice, whatever the umask", same_bytes),
    ("latchkey: its files and their modes", programs),
    ("latchkey-initramfs: its files and their modes", hooks),
    ("packages: architecture, dependencies, trigger", fields),
    ("packages: lintian has no errors and no warnings", lintian),
]


def main():
    for tool in ("dpkg-deb", "make", "lintian"):
        if not shutil.which(tool):
            print(f"1..0 # SKIP {tool} is not installed (toolchain/setup check installs it on Debian)")
            return 0
    if not os.path.exists(os.path.join(O, TARGET, "latchkey-preflight")):
        print(f"1..0 # SKIP nothing is built for {TARGET}")
        return 0
    print(f"1..{len(CHECKS)}")
    failed = 0
    for number, (name, check) in enumerate(CHECKS, 1):
        wrong = check()
        failed += bool(wrong)
        print("".join(f"#   {line}\n" for line in wrong) + f"{'not ok' if wrong else 'ok'} {number} - {name}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
