#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""OpenWrt's own /etc/preinit, rc.common and uci functions call latchkey's scripts: order, configuration, failsafe, failures.

A folder is set up as a router's root, with base-files of the release named below. Programs that are not scripts (uci, the
programs that mount) are replaced by scripts that record their calls. `latchkey boot` is the real one, with --show.
"""
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "boot", "lib"))
sys.dont_write_bytecode = True
import distro
import vm
from vm import Failure, Skip

OPENWRT = ("OPENWRT", "https://github.com/openwrt/openwrt", "f0a60eee2fe051741c643ea6118718aae1ef17fb")  # v25.12.5
OURS = os.path.join(TOP, "initramfs", "openwrt", "latchkey")
ROOT = distro.path("openwrt")
APPLETS = "sh ash grep sed awk cat ls ln rm mkdir mktemp touch sleep basename readlink head tail tr cut sort test true false seq".split()
# "say" writes down what was called. Nothing here may do more: the folder shares its kernel with us.
SAY = '#!/bin/sh\necho "${0##*/} $*" >>/said\n'
STAND_INS = {
    "sbin/mount_root": SAY, "bin/config_generate": SAY, "bin/board_detect": SAY,
    # export -n, as all that uci_load asks for; the file is written as uci itself would.
    "sbin/uci": '#!/bin/sh\n[ "$*" = "-P /var/state -S -n export ${6:-}" ] || exit 9\n[ -f /etc/config/$6 ] || exit 1\necho "package $6"; cat /etc/config/$6\n',
    "usr/sbin/latchkey": SAY + 'case $1 in\nclose) exit 0 ;;\nboot) shift; /latchkey boot --show "$@" >>/said 2>&1; exit $(cat /ends) ;;\nesac\n',
    "usr/share/libubox/jshn.sh": "",
    "etc/diag.sh": 'set_state() { echo "state $1" >>/said; }\n',
    "lib/preinit/00_preinit.conf": "pi_preinit_no_failsafe=\nfs_failsafe_wait_timeout=1\n",
}
# Debian's busybox runs applets of these names before it looks along PATH. That of OpenWrt has lock by a patch of its own:
# in failsafe mode preinit waits in it indefinitely; here the wait ends.
FUNCTIONS = """
for name in modprobe ip mount; do eval "$name() { echo \"$name \\$*\" >>/said; }"; done
lock() { [ "$*" != "-w /tmp/.failsafe" ] || { echo "waits in failsafe" >>/said; : >/tmp/sysupgrade; }; }
"""
CONFIG = """config volume 'extroot'
\toption device 'UUID=2b1e0f6c-0b44-4f6b-9a3c-64a5d2f1c001'
\toption when 'preinit'
\toption wait '30'
\tlist key '/etc/first.key'
\tlist key '/etc/a second.key'

config other 'neighbour'
\toption device '/dev/sdz9'

config volume 'data'
\toption enabled 'yes'
\toption device '/dev/sdb1'
\toption ask 'on'
\toption options 'read-only,max-memory=32'

config volume 'off'
\toption enabled 'no'
\toption device '/dev/sdc1'
"""
tests = []


def test(function):
    tests.append(function)
    return function


def check(condition, what, text):
    if not condition:
        raise Failure(f"{what}:\n{text}")


@vm.once
def root():
    """The files of base-files and ours in their places."""
    if os.geteuid():
        raise Skip("only root can chroot into a router's files")
    if not shutil.which("busybox"):
        raise Skip("busybox is not installed (toolchain/setup demo installs it)")
    tree = distro.source("openwrt", *OPENWRT)
    shutil.rmtree(ROOT, ignore_errors=True)
    shutil.copytree(os.path.join(tree, "package/base-files/files"), ROOT, symlinks=True)
    for name in ("bin", "sbin", "usr/sbin", "dev/mapper", "proc", "tmp", "etc/rc.d", "lib/config"):
        os.makedirs(os.path.join(ROOT, name), exist_ok=True)
    with open(os.path.join(tree, "package/system/uci/files/lib/config/uci.sh"), encoding="utf-8") as file:
        distro.put(ROOT, "lib/config/uci.sh", file.read() + FUNCTIONS)
    shutil.copy(os.path.join(tree, "package/system/fstools/files/fstab.init"), os.path.join(ROOT, "etc/init.d/fstab"))
    shutil.copy(shutil.which("busybox"), os.path.join(ROOT, "bin/busybox"))
    shutil.copy(vm.LATCHKEY, os.path.join(ROOT, "latchkey"))
    shutil.rmtree(os.path.join(ROOT, "etc/board.d"), ignore_errors=True)  # no network is set up in preinit
    for name in APPLETS:
        os.symlink("busybox", os.path.join(ROOT, "bin", name))
    for name, text in STAND_INS.items():
        distro.put(ROOT, name, text, 0o755)
    preinit = os.path.join(ROOT, "etc/preinit")
    with open(preinit, encoding="utf-8") as file:
        text = file.read().replace("%PATH%", "/usr/sbin:/usr/bin:/sbin:/bin")  # as base-files' Makefile does
    distro.put(ROOT, "etc/preinit", text, 0o755)
    install()
    try:
        os.mknod(os.path.join(ROOT, "dev/null"), 0o20666, os.makedev(1, 3))
        os.mknod(os.path.join(ROOT, "dev/mapper/data"), 0o60600, os.makedev(7, 99))
    except PermissionError as e:
        raise Skip(f"no device nodes can be made here: {e.strerror}") from e
    return ROOT


def install():
    """What the package's Makefile installs, by its own lines."""
    with open(os.path.join(OURS, "Makefile"), encoding="utf-8") as file:
        lines = re.findall(r"\$\(INSTALL_(BIN|DATA|CONF)\) \./(\S+) \$\(1\)(\S+)", file.read())
    check(len(lines) == 4, "the package's Makefile installs other files than were known here", lines)
    for kind, source, place in lines:
        with open(os.path.join(OURS, source), encoding="utf-8") as file:
            place += os.path.basename(source) if place.endswith("/") else ""
            distro.put(ROOT, place.lstrip("/"), file.read(), 0o755 if kind == "BIN" else 0o644)


def router(*command, config=CONFIG, cmdline="quiet", ends=0):
    """What was called, in this order, while @command ran in the router's root."""
    folder = root()
    for name, text in (("etc/config/latchkey", config), ("proc/cmdline", cmdline + "\n"), ("ends", f"{ends}\n"), ("dev/kmsg", ""), ("said", "")):
        distro.put(folder, name, text)
    shutil.rmtree(os.path.join(folder, "tmp"))
    os.mkdir(os.path.join(folder, "tmp"))
    trap = os.path.join(folder, "tmp/latchkey.conf")  # a link that another user has put there
    distro.put(folder, "etc/victim", "untouched")
    os.symlink("/etc/victim", trap)
    done = subprocess.run(["chroot", folder, "/bin/busybox", "env", "-i", "PREINIT=1", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *command],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    with open(os.path.join(folder, "said"), encoding="utf-8") as file:
        said = file.read()
    with open(os.path.join(folder, "dev/kmsg"), encoding="utf-8") as file:
        said += "".join("kmsg " + line for line in file)
    os.unlink(trap)
    with open(os.path.join(folder, "etc/victim"), encoding="utf-8") as file:
        check(file.read() == "untouched", "a link in /tmp was followed", said)
    left = [name for name in os.listdir(os.path.join(folder, "tmp")) if "latchkey" in name]
    check(not left, "left in /tmp", left)
    return said + f"status {done.returncode}\n" + "".join(f"printed {line}\n" for line in done.stdout.decode(errors="replace").splitlines())


def in_order(said, *patterns):
    """Each is there, one after the other."""
    at = 0
    for pattern in patterns:
        found = re.compile(pattern, re.M).search(said, at)
        check(found, f"{pattern!r} is not said, or not in its place", said)
        at = found.end()


def lacks(said, *texts):
    for text in texts:
        check(text not in said, f"{text!r} is printed", said)


@test
def preinit():
    """/etc/preinit: the volume of preinit, with its keys and without asking, just before mount_root, with dm-crypt loaded"""
    said = router("sh", "/etc/preinit")
    in_order(said, "^state preinit_regular", "^modprobe -q dm-crypt", "^latchkey boot ", "^volume extroot", "UUID=2b1e0f6c", "/etc/first.key",
             "/etc/a second.key", "headless", "give up: after 30 s", "^mount_root start")
    lacks(said, "volume data", "volume off", "neighbour", "sdz9", "ignored", "skipped", "kmsg", "not found")
    check(said.count("latchkey boot") == 1, "not called once", said)


@test
def preinit_failure():
    """/etc/preinit: whatever latchkey ends with, mount_root follows, and the kernel's log says why"""
    for code in (1, 5, 130):
        in_order(router("sh", "/etc/preinit", ends=code), "^latchkey boot ", "^mount_root start", f"^kmsg latchkey: code {code}")


@test
def preinit_nothing():
    """/etc/preinit: without a configuration, with the one as shipped, with a broken one: nothing is opened, mount_root follows"""
    with open(os.path.join(OURS, "files/latchkey.config"), encoding="utf-8") as file:
        shipped = file.read()
    for config in ("", shipped, "config volume 'x'\n", "config volume 'x'\n\toption when 'preinit'\n"):
        said = router("sh", "/etc/preinit", config=config)
        in_order(said, "^mount_root start")
        lacks(said, "latchkey boot", "modprobe", "not found")


@test
def failsafe():
    """/etc/preinit in failsafe mode: nothing is opened, nothing is mounted"""
    said = router("sh", "/etc/preinit", cmdline="failsafe=1")
    in_order(said, "^waits in failsafe")
    lacks(said, "latchkey", "mount_root")


@test
def service():
    """rc.common: start opens the volumes of boot, may ask, and leaves those of preinit alone"""
    said = router("sh", "/etc/rc.common", "/etc/init.d/latchkey", "boot")
    in_order(said, "^latchkey boot ", "^volume data", "/dev/sdb1", "^status 0")
    in_order(said, "read-only")
    in_order(said, "max-memory=32")
    lacks(said, "volume extroot", "volume off", "headless", "ignored", "skipped", "not found")


@test
def service_stop():
    """rc.common: stop and shutdown close what is open, and nothing else; help has the usual words"""
    for word in ("stop", "shutdown"):
        said = router("sh", "/etc/rc.common", "/etc/init.d/latchkey", word)
        check(re.findall("^latchkey .*$", said, re.M) == ["latchkey close data"], "other calls than close data", said)
    in_order(router("sh", "/etc/rc.common", "/etc/init.d/latchkey", "help"), "restart")


@test
def service_order():
    """rc.common enable: between the script that loads the modules and fstab's; at shutdown behind umount's"""
    for name in ("latchkey", "boot", "fstab", "umount"):
        router("sh", "/etc/rc.common", f"/etc/init.d/{name}", "enable")
    starts, stops = (sorted(n for n in os.listdir(os.path.join(ROOT, "etc/rc.d")) if n[0] == kind) for kind in "SK")
    at = [[n[3:] for n in starts].index(name) for name in ("boot", "latchkey", "fstab")]
    check(at == sorted(at), "the order of starting", starts)
    check(stops.index("K98latchkey") > [n[3:] for n in stops].index("umount"), "the order of stopping", stops)


@test
def packages():
    """The kernel packages that ours depends on exist and have device-mapper and dm-crypt; no other build flags than are known"""
    tree = distro.source("openwrt", *OPENWRT)
    with open(os.path.join(OURS, "Makefile"), encoding="utf-8") as file:
        makefile = file.read()
    modules = vm.run("sh", "-c", 'cat "$1"/package/kernel/linux/modules/*.mk', "sh", tree)
    for name in re.findall(r"\+kmod-(\S+)", makefile):
        check(f"define KernelPackage/{name}\n" in modules, f"there is no kmod-{name}", makefile)
    dm = re.search(r"define KernelPackage/dm\n(.*?)endef", modules, re.S).group(1)
    check("dm-mod.ko" in dm and "dm-crypt.ko" in dm, "kmod-dm lacks a module", dm)
    with open(os.path.join(tree, "include/package.mk"), encoding="utf-8") as file:
        known = re.search(r"filter-out (.*),\$\(PKG_BUILD_FLAGS\)", file.read()).group(1).split()
    flags = re.search(r"^PKG_BUILD_FLAGS:=(.*)$", makefile, re.M)
    # MIPS16 is on by default: half the size, and no speed for a key derivation.
    check(flags and set(flags.group(1).split()) <= set(known) and "no-mips16" in flags.group(1), "PKG_BUILD_FLAGS", known)


def main():
    if not os.path.exists(vm.LATCHKEY):
        print("1..0 # SKIP latchkey is not built (make builds it)")
        return 0
    chosen = [t for t in tests if not sys.argv[1:] or t.__name__ in sys.argv[1:]]
    print(f"1..{len(chosen)}", flush=True)
    failed = 0
    for number, (verdict, rest, said) in enumerate(map(vm.attempt, chosen), 1):  # one after the other: they share a folder
        failed += verdict != "ok"
        print("".join(f"#   {line}\n" for line in said) + f"{verdict} {number} - {rest}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
