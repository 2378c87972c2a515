#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A release is complete, lists its components, and is reproducible. Arguments name its targets."""
import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
O = os.path.join(TOP, os.environ.get("O", "build"))
TARGETS = sys.argv[1:] or [os.environ.get("TARGET", "x86_64-linux-musl")]
count = 0


def report(why, name):
    global count
    count += 1
    print(f"{'not ok' if why else 'ok'} {count} - {name}", flush=True)
    for line in str(why).splitlines() if why else []:
        print(f"# {line}")


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def dist(folder, **environment):
    done = subprocess.run([os.path.join(TOP, "toolchain", "dist"), *TARGETS], cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, env=dict(os.environ, O=O, DIST=folder, **environment), umask=int(environment.get("MASK", "22"), 8))
    return f"status {done.returncode}: {done.stderr}" if done.returncode else None


def sums(folder):
    listed = {name: sha for sha, name in (line.split() for line in read(folder, "SHA256SUMS").decode().splitlines())}
    there = {name: sha256(read(folder, name)) for name in os.listdir(folder) if name != "SHA256SUMS"}
    return None if listed == there else f"listed {listed}\nthere {there}"


def same(one, other):
    differ = [n for n in sorted(set(os.listdir(one)) | set(os.listdir(other))) if read(one, n) != read(other, n)]
    return f"{differ} differ" if differ else None


def sources(folder, name):
    """All that is committed, nothing that was built, and no day."""
    with tarfile.open(os.path.join(folder, name + ".tar.gz")) as archive:
        have = {member.name.partition("/")[2]: member.mtime for member in archive if not member.isdir()}
    lack = [f for f in ("Makefile", "VERSION", "LICENSE", "src/main.c", "initramfs/mkimage", "toolchain/libraries") if f not in have]
    built = [f for f in have if f.startswith("build/") or f.endswith((".o", ".a"))]
    return f"lacks {lack}, has {built}, dates {sorted(set(have.values()))}" if lack or built or any(have.values()) else None


def packages(folder, name):
    """They build from the archive in the same folder."""
    archive = sha256(read(folder, name + ".tar.gz"))
    texts = {}
    for system in ("openwrt", "buildroot", "packaging"):
        with tarfile.open(os.path.join(folder, f"{name}-{system}.tar.gz")) as package:
            texts[system] = "".join(package.extractfile(m).read().decode() for m in package if m.isfile())
    wrong = [] if f"\nPKG_HASH:={archive}\n" in texts["openwrt"] else ["openwrt"]
    wrong += [] if f"\nsha256  {archive}  {name}.tar.gz\n" in texts["buildroot"] else ["buildroot"]
    wrong += [] if texts["packaging"].count(archive) == 2 else ["packaging"]
    return f"{wrong} do not have {archive}" if wrong else None


def programs(folder, name):
    """All that make install-programs installs. The archive's mkimage takes the programs from the archive."""
    wrong = []
    for target in TARGETS:
        with tempfile.TemporaryDirectory() as work:
            quiet = {"cwd": TOP, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "check": False}
            environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "O", "TARGET")}
            done = subprocess.run(["make", "-s", f"O={O}", f"TARGET={target}", f"DESTDIR={work}/installed", "install-programs"], env=environment, **quiet)
            wrong += [done.stdout.decode()] if done.returncode else []
            installed = {(file, read(where, file)) for where, _, files in os.walk(work + "/installed") for file in files}
            with tarfile.open(os.path.join(folder, f"{name}-{target}.tar.gz")) as archive:
                packed = {(os.path.basename(m.name), archive.extractfile(m).read()) for m in archive if m.isfile()}
                archive.extractall(work)
            wrong += [f"{target}: {file}" for file, _ in sorted(installed - packed)]
            tokens = " ".join(os.path.basename(path) for path in sorted(glob.glob(os.path.join(work, name, "token", "*"))))
            done = subprocess.run([os.path.join(work, name, "mkimage"), "--no-modules", "--token", tokens, "--keymap", "none", "-o", work + "/image"],
                                  env=environment, **quiet)
            wrong += [f"{target}: {done.stdout.decode()}"] if done.returncode or not tokens else []
    return f"lacks {wrong}" if wrong else None


def bill(folder, name):
    """Every program with its hash, every library that the linker's map has, no reference into nothing."""
    document = json.loads(read(folder, name + ".spdx.json"))
    ids = {"SPDXRef-DOCUMENT"} | {part["SPDXID"] for part in document["packages"] + document["files"]}
    dangling = [r for r in document["relationships"] if {r["spdxElementId"], r["relatedSpdxElement"]} - ids]
    listed = {f["fileName"]: {c["algorithm"]: c["checksumValue"] for c in f["checksums"]}["SHA256"] for f in document["files"]}
    real = {}
    for target in TARGETS:
        with tarfile.open(os.path.join(folder, f"{name}-{target}.tar.gz")) as archive:
            files = {m.name.partition("/")[2]: archive.extractfile(m).read() for m in archive if m.isfile()}
        real.update({f"./{target}/{file}": sha256(data) for file, data in files.items() if data.startswith(b"\x7fELF")})
    wrong = []
    for target in TARGETS:
        for program in ("latchkey", "network", "token/systemd-tpm2"):
            links = {r["relatedSpdxElement"] for r in document["relationships"]
                     if r["spdxElementId"] == f"SPDXRef-{target}-{os.path.basename(program)}" and r["relationshipType"] == "STATIC_LINK"}
            # The members of archives: link-time optimisation leaves no section that bears the name of its object.
            linked = read(O, target, program + ".debug.map").decode().partition("Linker script and memory map")[0]
            for library, sign in (("musl", "libc.a"), ("bearssl", "libbearssl.a"), ("cjson", "libcjson.a"), ("argon2", "libargon2.a"), ("cmocka", "libcmocka.a")):
                if (f"SPDXRef-{library}" in links) != bool(re.search(r"^\S*" + re.escape(sign) + r"\(", linked, re.M)):
                    wrong.append(f"{target}: {program}: {library}")
    return f"dangling {dangling}\nlibraries {wrong}\nlisted {listed}\nreal {real}" if dangling or wrong or listed != real else None


def notices(folder, name):
    """With the programs go the notices of all that is linked into them."""
    wrong = []
    for target in TARGETS:
        with tarfile.open(os.path.join(folder, f"{name}-{target}.tar.gz")) as archive:
            files = {m.name.partition("/")[2]: archive.extractfile(m).read().decode(errors="replace") for m in archive if m.isfile()}
        for holder in "Rich Felker", "Thomas Pornin", "Dave Gamble", "Daniel Dinu":
            wrong += [] if holder in files.get("NOTICES", "") else [f"{target}: {holder}"]
    return f"lacks {wrong}" if wrong else None


def main():
    name = "latchkey-" + read(TOP, "VERSION").decode().strip()
    with tempfile.TemporaryDirectory() as work:
        one, other = os.path.join(work, "one"), os.path.join(work, "the-other")
        # The variable of git makes the folder another user's, whose list of files git refuses unless told not to.
        report(dist(one) or dist(other, TZ="Asia/Tokyo", LC_ALL="C.UTF-8", MASK="77", GIT_TEST_ASSUME_DIFFERENT_OWNER="1"), "a release is made, twice")
        report(same(one, other), "the same bytes, whatever the folder, its owner, the user's mask and the zone of the clock")
        report(sums(one), "SHA256SUMS lists all files, rightly")
        report(sources(one, name), "the archive has the sources and nothing that is built, without dates")
        report(packages(one, name), "the packages for OpenWrt and Buildroot, and the recipes, demand that very archive")
        report(notices(one, name), "the programs have the notices of the libraries that are linked")
        report(programs(one, name), "the programs are all that make install installs, and their mkimage makes an image of them")
        report(bill(one, name), "the bill of materials has each program and each library that is linked, and no other")
        if os.path.exists(os.path.join(TOP, ".git")):
            failed = dist(os.path.join(work, "none"), GIT_DIR=work)
            report(None if failed else "status 0", "without the list of the files there is no release")
    print(f"1..{count}")


main()
