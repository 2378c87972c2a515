#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The board folders contain consistent data, check-config finds what is missing, and U-Boot's header is right."""
import glob
import os
import re
import struct
import subprocess
import tempfile
import zlib

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BOARD = os.path.join(TOP, "board")
O = os.path.join(TOP, os.environ.get("O", "build"))
LATCHKEY = os.path.join(O, os.environ.get("TARGET", "x86_64-linux-musl"), "latchkey")
NAMES = {"README.md", "board.mk", "latchkey.conf", "linux.fragment"}
BOARDS = sorted(os.path.relpath(os.path.dirname(p), BOARD) for p in glob.glob(BOARD + "/*/*/"))
VARIABLES = {"TARGET", "MODULES", "KERNEL_PACKAGE", "UBOOT_ARCH", "FIT_LOAD"}
count = 0


def report(why, name):
    global count
    count += 1
    print(f"{'not ok' if why else 'ok'} {count} - {name}" + (f"\n# {why}" if why else ""), flush=True)


def read(*path):
    with open(os.path.join(BOARD, *path), encoding="ascii") as file:
        return file.read()


def folder(board):
    names = sorted(os.listdir(os.path.join(BOARD, board)))
    if set(names) != NAMES:
        return f"it has {names}"
    rows = [line for line in read(board, "board.mk").splitlines() if line and not line.startswith("#")]
    pairs = dict(re.match(r"(\w+) *:= *(.*)$", row).groups() if re.match(r"\w+ *:= *[^$]*$", row) else ("?" + row, "") for row in rows)
    if not {"TARGET"} <= set(pairs) <= VARIABLES:
        return f"board.mk has {sorted(pairs)}"
    if not os.path.exists(os.path.join(TOP, "toolchain", pairs["TARGET"] + ".mk")):
        return f"there is no target {pairs['TARGET']}"
    emulated = len(re.findall(r"^    qemu-system-", read(board, "README.md"), re.M))
    if board.startswith("qemu/") != (emulated == 1) or (not emulated and "ot yet tried on the device" not in read(board, "README.md")):
        return f"README.md has {emulated} command lines of the emulator, or does not say that the board is untested"
    if f"BOARD={board}" not in read(board, "README.md"):
        return f"README.md does not say make image BOARD={board}"
    return configuration(board) or fragment(os.path.join(board, "linux.fragment"))


def configuration(board):
    """latchkey itself reads it, names one volume and complains of nothing."""
    command = [LATCHKEY, "boot", "--show", "--cmdline", "quiet", "--crypttab", "/dev/null", "--config", os.path.join(BOARD, board, "latchkey.conf")]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode or done.stderr or "\nwrong:" in done.stdout or not re.match(r"volume root\n  device /dev/\S+\n", done.stdout):
        return f"latchkey.conf: status {done.returncode}: {done.stderr}{done.stdout}"
    return None


def fragment(path):
    for line in read(path).splitlines():
        if line and not re.match(r"#|CONFIG_[A-Z0-9_]+=y$", line):
            return f"{path}: {line!r} is neither a comment nor CONFIG_...=y"
    unwanted = re.findall(r"^# (CONFIG_\w+) is not set$", read(path), re.M)
    with tempfile.NamedTemporaryFile("w", suffix=".config") as file:
        file.write("".join(f"{option}=y\n" for option in ["CONFIG_NOTHING", *unwanted]))
        file.flush()
        command = [os.path.join(BOARD, "check-config"), "--board", os.path.dirname(path), file.name]
        lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    bare = [line for line in lines if not re.match(r"(missing|useful|unwanted) +CONFIG_\w+: \S", line)]
    if sum(line.startswith("unwanted") for line in lines) != len(unwanted):
        return f"{path}: check-config does not say that {unwanted} is unwanted"
    return f"{path}: no reason is given: {bare}" if bare or not lines else None


def check_config(config, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".config") as file:
        file.write(config)
        file.flush()
        done = subprocess.run([os.path.join(BOARD, "check-config"), *options, file.name], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


def complete(value="y"):
    names = re.findall(r"^(CONFIG_\w+)=y", read("common", "linux.fragment"), re.M)
    return "".join(f"{name}={value}\n" for name in names)


def config_cases():
    def expect(got, status, *texts):
        wrong = got[0] != status or [t for t in texts if t not in got[1]]
        return f"status {got[0]}: {got[1]}" if wrong else None

    full = complete()
    yield expect(check_config(full), 0, "nothing is missing"), "check-config: a complete configuration lacks something"
    for option, word in (("DM_CRYPT", "mapping"), ("DEVTMPFS", "udev"), ("CRYPTO_XTS", "aes-xts"), ("RD_GZIP", "initramfs")):
        without = full.replace(f"CONFIG_{option}=y", f"# CONFIG_{option} is not set")
        yield expect(check_config(without), 1, f"missing  CONFIG_{option}: ", word), f"check-config: {option} is not missed, or without its reason"
    module = full.replace("CONFIG_DM_CRYPT=y", "CONFIG_DM_CRYPT=m")
    yield expect(check_config(module), 0, "module   CONFIG_DM_CRYPT"), "check-config: a module that the image can bring is an error"
    late = full.replace("CONFIG_DEVTMPFS=y", "CONFIG_DEVTMPFS=m")
    yield expect(check_config(late), 1, "a module is too late"), "check-config: a module that comes too late is accepted"
    optional = full.replace("CONFIG_CRYPTO_ADIANTUM=y\n", "")
    yield expect(check_config(optional), 0, "useful   CONFIG_CRYPTO_ADIANTUM"), "check-config: a good-to-have option is an error"
    yield expect(check_config(full, "--board", "qemu/s390x"), 1, "CONFIG_SCLP_CONSOLE"), "check-config: the board's own options are forgotten"
    cma = check_config(full + "CONFIG_CMA=y\n", "--board", "qemu/armv7-virt")
    yield None if "unwanted CONFIG_CMA: CMA reserves memory" in cma[1] else str(cma), "check-config: CMA on a machine of 64 MiB is not named"
    cma = check_config(full + "# CONFIG_CMA is not set\n", "--board", "qemu/armv7-virt")
    yield str(cma) if "CONFIG_CMA" in cma[1] else None, "check-config: CMA is named where it is not"
    yield expect(check_config("no configuration\n"), 2, "not a kernel configuration"), "check-config: any file is a configuration"
    yield expect(check_config("CONFIG_DM_CRYPTX=y\n" + full.replace("CONFIG_DM_CRYPT=y\n", "")), 1, "CONFIG_DM_CRYPT:"), \
        "check-config: a longer name is mistaken for a shorter one"


def uboot():
    with tempfile.TemporaryDirectory() as work:
        image, out = os.path.join(work, "image"), os.path.join(work, "out")
        with open(image, "wb") as file:
            file.write(b"an image" * 99)
        subprocess.run([os.path.join(BOARD, "uboot-header"), "mips", image, out], check=True)
        with open(out, "rb") as file:
            head, rest = file.read(64), file.read()
        magic, crc, _, size, _, _, data_crc, system, machine, kind, packed, _ = struct.unpack(">7I4B32s", head)
        if magic != 0x27051956 or zlib.crc32(head[:4] + bytes(4) + head[8:]) != crc or (size, data_crc) != (792, zlib.crc32(rest)):
            return "magic, size or checksum"
        return None if (system, machine, kind, packed) == (5, 5, 3, 1) else f"{(system, machine, kind, packed)}"


def notices():
    """What goes to others with an image is beside it."""
    target = os.environ.get("TARGET", "x86_64-linux-musl")
    done = subprocess.run([os.path.join(BOARD, "image")], capture_output=True, text=True, env=dict(os.environ, O=O, BOARD="pcengines/apu2", TARGET=target))
    path = os.path.join(O, "board/pcengines/apu2/NOTICES")
    if done.returncode or not os.path.exists(path):
        return f"status {done.returncode}: {done.stderr.splitlines()[-1:]}"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    lack = [name for name in ("latchkey", "Rich Felker", "Thomas Pornin", "Dave Gamble", "Daniel Dinu") if name not in text]
    return f"lacks {lack}" if lack else None


def main():
    for board in BOARDS:
        report(folder(board), f"board/{board} is complete, and only data")
    report(fragment(os.path.join("common", "linux.fragment")), "the common fragment has options and reasons only")
    for why, name in config_cases():
        report(why, name)
    report(uboot(), "U-Boot's header has the right sizes and checksums")
    report(notices(), "beside a board's image are the notices of what is linked into its programs")
    print(f"1..{count}")


main()
