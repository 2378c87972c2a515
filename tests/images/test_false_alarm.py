#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An area is reported as overwritten if and only if it is.

By calculation: the exact probability that a good area is reported. By trial: of AREAS random areas (8000), none is reported.
All contents that accidents leave on a disk are found: wiped disks, text, programs, the metadata that mkfs writes.
"""
import base64
import gzip
import os
import random
import re
import shutil
import sys
from fractions import Fraction
from math import comb

sys.dont_write_bytecode = True
from image import O
from volumes import TOP, lacking, must, suite

FOLDER = os.path.join(O, "images", "look")
PROGRAM = os.path.join(FOLDER, "look")
SOURCES = ["tests/images/look.c", "src/keyslot/area.c", "src/format/luks.c", "src/base/text.c", "src/base/cause.c",
           "src/base/reader.c", "src/secret/arena.c", "src/secret/wipe.c"]
AREAS = int(os.environ.get("AREAS", "8000"))
SECTOR, AREA = 512, 256000
TEXT = (b"In the beginning was the header, and the header was with the disk.\n" * 4000)[:AREA]
noise = random.Random(5)


def source(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        return f.read()


def chance():
    """That a sector of random bytes is bad: one byte value often enough (a bound by sum over the 256), or all text."""
    limit = int(re.search(r"SAME_BYTE_LIMIT = (\d+)", source("src/keyslot/area.c")).group(1))
    often = sum(comb(SECTOR, k) * Fraction(1, 256)**k * Fraction(255, 256)**(SECTOR - k) for k in range(limit, SECTOR + 1))
    return 256 * often + Fraction(0x7f - 0x20 + 3, 256)**SECTOR


def calculation():
    a_million = 10**6 * (AREA // SECTOR) * chance()
    print(f"# a sector: {float(chance()):.3g}; a false alarm in a million areas: {float(a_million):.3g}")
    return [] if a_million < Fraction(1, 10**6) else [f"a million areas give {float(a_million)} false alarms"]


def comment():
    said = re.search(r"< (\d\.\de-\d+)", source("src/keyslot/area.h")).group(1)
    exact = chance()
    return [] if Fraction(said) * Fraction(9, 10) < exact < Fraction(said) else [f"area.h says {said}, it is {float(exact)}"]


def trial():
    areas, alarms = map(int, must(PROGRAM, "random", "1", AREAS, timeout=600).split())
    print(f"# {areas} random areas, {areas * AREA >> 20} MiB: {alarms} false alarms")
    return [] if areas == AREAS and alarms == 0 else [f"{alarms} false alarms in {areas} areas"]


def look(data):
    path = os.path.join(FOLDER, f"look-{noise.getrandbits(64):x}")
    with open(path, "wb") as f:
        f.write(data)
    sectors, bad, text = must(PROGRAM, "file", path).split(None, 2)
    os.unlink(path)
    return int(sectors), int(bad), text.strip()


def found(data, bad, words):
    """At least that many bad sectors, and those words."""

    def test():
        sectors, got, text = look(data() if callable(data) else data)
        return [] if got >= bad and words in text else [f"{got} of {sectors} sectors, {text!r}; not {bad} with {words!r}"]

    return test


def clean(data):
    def test():
        got = look(data)
        return [] if got[1] == 0 else [str(got)]

    return test


def made(*argv):
    """What a mkfs leaves where keyslot areas are."""

    def data():
        path = os.path.join(FOLDER, "fs." + argv[0])
        must("truncate", "-s", "320M", path)  # the least that XFS takes is 300
        must(*argv, path)
        with open(path, "rb") as f:
            f.seek(32768)
            got = f.read(AREA)
        os.unlink(path)
        return got

    return data


def hidden(data, at):
    """@data within random bytes."""
    area = bytearray(noise.randbytes(AREA))
    area[at:at + len(data)] = data
    return bytes(area)


def program_text():
    with open("/bin/sh", "rb") as f:
        return f.read(AREA)


def main():
    reason = lacking("cc")
    if reason:
        print(f"1..1\nok 1 - areas # SKIP {reason}")
        return 0
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)
    must("cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-w", "-ffunction-sections", "-Wl,--gc-sections", "-Isrc", "-o", PROGRAM, *SOURCES,
         cwd=TOP)
    cases = [
        ("a false alarm in a million areas is less likely than one in a million, by calculation", calculation),
        ("the comment in area.h says what the calculation says", comment),
        ("no false alarm in random areas", trial),
        ("zeroes", found(bytes(AREA), 500, "zeroes from byte 32768 on (500 of 500")),
        ("0xff", found(b"\xff" * AREA, 500, "one byte repeated from byte 32768 on (500 of 500")),
        ("text", found(TEXT, 500, "text from byte 32768 on (500 of 500")),
        ("text of two bytes a letter", found(TEXT.decode().encode("utf-16le")[:AREA], 500, "not random")),
        ("base64", found(base64.encodebytes(noise.randbytes(AREA))[:AREA], 500, "text")),
        ("hexadecimal digits", found(noise.randbytes(AREA // 2).hex().encode(), 500, "text")),
        ("a program", found(program_text, 100, "not random")),
        ("one sector of zeroes", found(hidden(bytes(512), 51200), 1, "zeroes from byte 83968 on (1 of 500")),
        ("the last sector of text", found(hidden(TEXT[:512], AREA - 512), 1, f"text from byte {32768 + AREA - 512} on (1 of 500")),
        ("half a sector of zeroes", found(hidden(bytes(256), 51200), 1, "not random from byte 83968 on (1 of 500")),
        ("the sparse end of a compressed file", found(gzip.compress(noise.randbytes(100000)).ljust(AREA, b"\0"), 300, "not random")),
        ("compressed data cannot be told from an area, and are not called bad", clean(gzip.compress(noise.randbytes(AREA))[512:AREA])),
        ("a LUKS2 header", found(b"LUKS\xba\xbe\0\2".ljust(4096, b"\0") + TEXT[:1000] + bytes(11288), 32, "overwritten")),
    ]
    for argv in ["mkfs.ext4", "-q", "-F"], ["mkfs.ext2", "-q", "-F"], ["mkfs.btrfs", "-q", "-f"], ["mkfs.xfs", "-q", "-f"], \
            ["mkfs.vfat"], ["mkfs.f2fs", "-q"]:
        if lacking(argv[0]):
            print(f"# {argv[0]} is not installed")
        else:
            cases.append((f"what {argv[0]} writes", found(made(*argv), 1, "overwritten")))
    failed = suite(cases)
    shutil.rmtree(FOLDER)
    return failed


if __name__ == "__main__":
    sys.exit(main())
