#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make TARGET=sdk`: latchkey built with foreign toolchains that have their own musl, or lack parts.

Two toolchains are real: Debian's musl-gcc, a wrapper whose -static-pie makes dynamic programs and which does not find kernel
headers; and Debian's musl for arm64 with its cross compiler, installed and called like OpenWrt's toolchain, with the flags of
its packages. Their programs are checked like all others (tests/build/elf.py), run, and open a volume.
"""
import os
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
O = os.path.join(TOP, os.environ.get("O", "build"))
WORK = os.path.join(O, "sdk")
os.environ["PATH"] += ":/usr/sbin:/sbin"
for name in ("MAKEFLAGS", "TARGET", "CC", "CROSS_COMPILE"):  # what the make above us was told is not for ours
    os.environ.pop(name, None)
UNIT = ("test_argon2_kernels", "test_luks2_json", "test_reader")
PASSPHRASE = b"correct horse"
HEADERS = "/usr/include " + os.path.join("/usr/include", subprocess.run(["gcc", "-print-multiarch"], capture_output=True, text=True).stdout.strip())
# As rules.mk of OpenWrt gives them to a package: less of a stack protector than ours.
OPENWRT_FLAGS = "-pipe -mcpu=generic -fno-caller-saves -fno-plt -Wformat -Werror=format-security -fstack-protector -D_FORTIFY_SOURCE=1 -Wl,-z,now -Wl,-z,relro"
WRAPPER = """#!/bin/sh
case $1 in -dumpmachine) echo aarch64-openwrt-linux-musl && exit ;; esac
exec aarch64-linux-gnu-gcc -nostdinc -isystem {0}/include -isystem "$(aarch64-linux-gnu-gcc -print-file-name=include)" \\
	-B{0}/lib/ -L{0}/lib "$@"
"""
results = []


class Skip(Exception):
    pass


def report(why, name):
    results.append(not why)
    print(f"{'not ok' if why else 'ok'} {len(results)} - {name}", flush=True)
    for line in str(why).splitlines() if why else []:
        print(f"# {line}", flush=True)


def run(*command, **more):
    done = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **{"stdin": subprocess.DEVNULL, **more})
    return done.returncode, done.stdout.decode(errors="replace")


def make(out, words, *goals):
    return run("make", "-s", "-j2", "O=" + out, "ARCHIVES=" + os.path.join(O, "archives"), "TARGET=sdk", *words, *goals)


def library(words):
    """Which C library the Makefile chooses: the toolchain's folder, or nothing for ours."""
    return make(os.path.join(WORK, "none"), words, "print-SDK_LIBC")[1].strip()


def cross():
    """A folder like staging_dir/toolchain-* of OpenWrt. Its compiler takes all from it; only the code generator is Debian's."""
    if not shutil.which("aarch64-linux-gnu-gcc"):
        raise Skip("aarch64-linux-gnu-gcc is not installed (toolchain/setup targets installs it)")
    folder = os.path.join(WORK, "toolchain")
    if not os.path.exists(os.path.join(folder, "lib", "rcrt1.o")):
        shutil.rmtree(folder, ignore_errors=True)
        code, said = run("tests/boot/fetch/get-package", "stable", "arm64", "musl-dev", os.path.join(folder, "package"))
        if code:
            raise Skip("musl-dev of arm64 cannot be had: " + said.strip().splitlines()[-1])
        for name, place in (("lib", "lib"), ("include", "include")):
            shutil.copytree(os.path.join(folder, "package", "usr", place, "aarch64-linux-musl"), os.path.join(folder, name))
        for name in ("linux", "asm", "asm-generic", "mtd"):
            shutil.copytree(os.path.join("/usr/aarch64-linux-gnu/include", name), os.path.join(folder, "include", name))
    return with_tools(folder)


def with_tools(folder):
    tools = os.path.join(folder, "bin", "aarch64-openwrt-linux-musl-")
    os.makedirs(os.path.dirname(tools), exist_ok=True)
    for name in ("ar", "ranlib", "strip", "objcopy"):
        if not os.path.islink(tools + name):
            os.symlink(shutil.which("aarch64-linux-gnu-" + name), tools + name)
    with open(tools + "gcc", "w", encoding="ascii") as file:
        file.write(WRAPPER.format(folder))
    os.chmod(tools + "gcc", 0o755)
    return tools


def facts(label, out, words):
    """What tests/build/elf.py says of it, in our count."""
    environment = dict(os.environ, O=out, **dict(word.split("=", 1) for word in words))
    code, said = run("tests/build/elf.py", "sdk", env=environment)
    wrong = [line for line in said.splitlines() if not line.startswith(("ok ", "1.."))]
    report("\n".join(wrong) or ("" if not code and said.count("\nok ") > 20 else f"status {code}: {said}"), f"{label}: a static-pie without a loader, hardened, as every program of ours")


def opens(label, program, image):
    for key, wanted in ((PASSPHRASE, 0), (b"another", 2)):
        code, said = run(*program, "test", "--key-file", "-", image, stdin=None, input=key)
        report(code != wanted and f"status {code}: {said}", f"{label}: latchkey test {'opens' if wanted == 0 else 'does not open with another passphrase'}")


def volume():
    image = os.path.join(WORK, "volume.img")
    with open(image, "wb") as file:
        file.truncate(20 << 20)
    code, said = run("cryptsetup", "luksFormat", "--batch-mode", "--type", "luks2", "--pbkdf", "argon2id", "--pbkdf-memory", "1024", "--pbkdf-parallel", "1",
                     "--pbkdf-force-iterations", "4", "--key-file", "-", image, stdin=None, input=PASSPHRASE)
    if code:
        raise RuntimeError(said)
    return image


def toolchain(label, words, emulator, its_library):
    """Built whole, its own musl in it, not ours; three unit tests, a volume."""
    name = label.split()[0]
    out = os.path.join(WORK, name)
    shutil.rmtree(out, ignore_errors=True)
    code, said = make(out, words, "all", *(os.path.join(out, "sdk", "tests", test) for test in UNIT))
    report(code and said, f"{label}: everything builds")
    if code:
        return
    with open(os.path.join(out, "sdk", "latchkey.debug.map"), encoding="utf-8") as file:
        text = file.read()
    report(its_library + "/libc.a(" not in text or os.path.exists(os.path.join(out, "sdk", "musl")),
           f"{label}: linked with its own C library, ours is not even built")
    facts(label, out, words)
    with open(os.path.join(out, "sdk", "our.flags"), encoding="utf-8") as file:
        weaker = [word for word in file.read().split() if word == "-fstack-protector"]
    report(weaker, f"{label}: no weaker stack protector comes behind ours")
    for test in UNIT:
        code, said = run(*emulator, os.path.join(out, "sdk", "tests", test), env=dict(os.environ, EMULATED="1"))
        report(code and said, f"{label}: {test}")
    opens(label, [*emulator, os.path.join(out, "sdk", "latchkey")], volume())


def musl_gcc():
    if not shutil.which("musl-gcc"):
        raise Skip("musl-gcc is not installed (toolchain/setup targets installs it)")
    folder = os.path.dirname(subprocess.run(["sh", "-c", "ls /usr/lib/*-linux-musl/rcrt1.o"], capture_output=True, text=True).stdout.strip())
    code, said = make(os.path.join(WORK, "bare"), ["CC=musl-gcc"], os.path.join(WORK, "bare", "sdk", "kernel.ok"))
    report(None if code and "no kernel header linux/dm-ioctl.h: KERNEL_HEADERS=" in said else f"status {code}: {said}",
           "musl-gcc without kernel headers: said, and with what they are named")
    toolchain("musl-gcc", ["CC=musl-gcc", "KERNEL_HEADERS=" + HEADERS], [], folder)


def openwrt():
    tools = cross()
    emulator = shutil.which("qemu-aarch64-static")
    if not emulator:
        raise Skip("qemu-aarch64-static is not installed (toolchain/setup check installs it)")
    toolchain("aarch64-openwrt", ["CROSS_COMPILE=" + tools, "TARGET_CFLAGS=" + OPENWRT_FLAGS], [emulator], os.path.join(WORK, "toolchain", "lib"))


def choices():
    """What is taken for a musl that can be linked so, and what is not."""
    cross()
    for triple in ("", "aarch64-linux-gnu-"):
        report(library(["CROSS_COMPILE=" + triple, "CC=gcc"]), f"{triple}gcc: the GNU C library is none, ours is built")
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        shutil.copytree(os.path.join(WORK, "toolchain", "include"), os.path.join(folder, "include"))
        shutil.copytree(os.path.join(WORK, "toolchain", "lib"), os.path.join(folder, "lib"))
        words = ["CROSS_COMPILE=" + with_tools(folder)]
        report(None if library(words) == folder + "/lib" else library(words), "a musl with rcrt1.o is found")
        archive = os.path.join(folder, "lib", "libc.a")
        os.rename(archive, archive + ".musl")
        with open(archive, "w", encoding="ascii") as file:
            file.write("!<arch>\n")
        report(library(words), "the start file of a static-pie next to a library other than musl is not linked, and musl is built")
        os.rename(archive + ".musl", archive)
        os.remove(os.path.join(folder, "lib", "rcrt1.o"))
        report(library(words), "a musl without rcrt1.o is not linked, ours is built")


def main():
    os.makedirs(WORK, exist_ok=True)
    for part in (musl_gcc, openwrt, choices):
        try:
            part()
        except Skip as reason:
            results.append(True)
            print(f"ok {len(results)} - {part.__name__} # SKIP {reason}", flush=True)
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
