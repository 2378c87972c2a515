#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Marks of structures below LUKS (RAID arrays, volume groups, caches): src/device/mark.c compared with blkid and with the
tools that made them, and the reaction of latchkey to a volume with a mark.

If a tool works on a plain file or a loop device, it makes the mark. Otherwise the mark is made here from its documented layout,
and blkid must recognise it, and mdadm where it can. No run may change an image. Arguments choose cases by a part of their
names.
"""
import functools
import os
import random
import re
import struct
import subprocess
import sys
import time
import zlib

sys.dont_write_bytecode = True
from device_images import build, cases, get, image, put
from volumes import CRYPTSETUP, LATCHKEY, O, PBKDF2, TOP, Broken, Skip, fingerprint, lacking, must, suite

FOLDER = os.path.join(O, "interop", "marks")
LOOK = os.path.join(FOLDER, "look")
MIB = 1 << 20
SIZES = (96 * MIB, 96 * MIB + 9 * 4096, 97 * MIB + 7 * 512)  # on every border, off the greatest, off the most
case, CASES = cases()
noise = random.Random(12)


def marks(path):
    """What ours says: [(type, version, place)]."""
    out = must(LOOK, "mark", path)
    return [(w[0], w[1] if len(w) == 3 else "", int(w[-1])) for w in (line.split() for line in out.splitlines())]


def blkid(path):
    out = subprocess.run(["blkid", "-p", "-o", "value", "-s", "TYPE", path], capture_output=True, timeout=60).stdout.decode()
    return out.strip()


# --- makers: each puts its mark on the image @path -----------------------------------------------------------


def sum_words(data, order="<"):
    total = sum(struct.unpack(f"{order}{len(data) // 4}I", data[:len(data) // 4 * 4]))
    if len(data) % 4:
        total += struct.unpack("<H", data[-2:])[0]
    return ((total & 0xFFFFFFFF) + (total >> 32)) & 0xFFFFFFFF


def md_090(order):
    def make(path):
        size = os.path.getsize(path)
        at = size // 0x10000 * 0x10000 - 0x10000
        words = [0] * 1024
        words[:16] = [0xA92B4EFC, 0, 90, 0, 0, 0x11111111, 1, 1, at // 1024, 2, 2, 0, 0, 0x22222222, 0x33333333, 0x44444444]
        words[32:38] = [1, 1, 2, 2, 0, 0]
        words[38] = sum_words(struct.pack(f"{order}1024I", *words), order)
        put(path, at, struct.pack(f"{order}1024I", *words))
        return at
    return make


def md_1(minor, devices=2):
    def make(path):
        sectors = os.path.getsize(path) // 512
        at = {0: (sectors - 16) & ~7, 1: 0, 2: 8}[minor]
        data_at, data_size = (0, at & ~15) if minor == 0 else (2048, sectors - 2048)
        s = bytearray(256 + 2 * devices)
        struct.pack_into("<II", s, 0, 0xA92B4EFC, 1)
        s[16:32], s[32:41] = bytes(range(16)), b"host:root"
        struct.pack_into("<QI", s, 64, 1, 1)
        struct.pack_into("<QII", s, 80, data_size, 0, devices)
        struct.pack_into("<QQQQI", s, 128, data_at, data_size, at, 0, 0)
        s[168:184] = bytes([7] * 16)
        struct.pack_into("<QQQ", s, 192, 0, 1, 2**64 - 1)
        struct.pack_into("<I", s, 220, devices)
        struct.pack_into(f"<{devices}H", s, 256, *range(devices))
        struct.pack_into("<I", s, 216, sum_words(s))
        put(path, at * 512, s)
        return at * 512
    return make


def ddf(sectors_from_end):
    def make(path):
        sectors = os.path.getsize(path) // 512
        at, first = sectors - sectors_from_end, sectors - 1000
        s = bytearray(b"\xff" * 512)
        struct.pack_into(">II", s, 0, 0xDE11DE11, 0xFFFFFFFF)
        s[8:32], s[32:40] = b"LATCHKEY" + bytes(range(16)), b"01.02.00"
        struct.pack_into(">II", s, 40, 1, 1)
        struct.pack_into(">QQB", s, 96, first, first + 10, 0)
        struct.pack_into(">I", s, 4, zlib.crc32(bytes(s)))
        put(path, at * 512, s)
        put(path, first * 512, s)
        return at * 512
    return make


def sectors_from_end(n, *pieces, size=512, finish=None):
    """@pieces: (offset, bytes)."""
    def make(path):
        s = bytearray(size)
        for offset, data in pieces:
            s[offset:offset + len(data)] = data
        if finish:
            finish(s)
        at = os.path.getsize(path) // 512 * 512 - n * 512
        put(path, at, s)
        return at
    return make


def sum_bytes_50(s):
    s[50] = sum(s[:50]) & 0xFF


def sum_silicon(s):
    struct.pack_into("<H", s, 0x13E, -sum(struct.unpack_from("<159H", s)) & 0xFFFF)


def sum_nvidia(s):
    struct.pack_into("<I", s, 12, -sum(struct.unpack_from("<30I", s)) & 0xFFFFFFFF)


def sum_jmicron(s):
    struct.pack_into("<H", s, 4, -sum(struct.unpack_from("<64H", s)) & 0xFFFF)


def from_start(offset, data):
    def make(path):
        put(path, offset, data)
        return offset
    return make


def isw_4k(path):
    at = os.path.getsize(path) // 512 * 512 - 8192
    put(path, at, b"Intel Raid ISM Cfg Sig. 1.3.00  ")
    return at


def zfs(path):
    """Labels 0 and 1: the list of names and values, and an array of uberblocks."""
    def pair(name, value):
        text = struct.pack(">I", len(name)) + name + bytes(-len(name) % 4) + struct.pack(">IIQ", 8, 1, value)
        return struct.pack(">II", len(text) + 8, len(text) + 8) + text

    pairs = pair(b"version", 5000) + pair(b"state", 0) + pair(b"txg", 4) + pair(b"guid", 77) + bytes(8)
    for label in (0, 256 << 10):
        put(path, label + (16 << 10), b"\1\1\0\0" + struct.pack(">II", 0, 1) + pairs)
        for i in range(16):
            put(path, label + (128 << 10) + i * 1024, struct.pack("<5Q", 0x00BAB10C, 5000, 4, 77, 1))
    return 16 << 10


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 & -(crc & 1))
    return crc ^ 0xFFFFFFFF


def stratis(path):
    s = bytearray(512)
    s[4:20] = b"!Stra0tis\x86\xff\x02^\x41rh"
    struct.pack_into("<Q", s, 20, os.path.getsize(path) // 512)
    s[32:96] = b"0" * 64
    struct.pack_into("<I", s, 0, crc32c(s[4:]))
    put(path, 512, s)
    put(path, 4608, s)
    return 512


def ubi(path):
    s = bytearray(b"UBI#\1" + bytes(59))
    struct.pack_into(">I", s, 60, zlib.crc32(bytes(s[:60])) ^ 0xFFFFFFFF)
    put(path, 0, s)
    return 0


def pvcreate(sector):
    def make(path):
        os.makedirs(os.path.join(FOLDER, "lvm"), exist_ok=True)
        loop = must("losetup", "-f", "--show", path).strip()
        try:
            must("pvcreate", "-q", "-y", "--devices", loop, "--labelsector", str(sector), loop,
                 "--config", f'devices/use_devicesfile=0 global/locking_dir="{FOLDER}/lvm" backup/backup=0')
        finally:
            must("losetup", "-d", loop)
        return sector * 512
    return make


def make_bcache(kind):
    def make(path):
        must("make-bcache", kind, path)
        return 4096
    return make


def drbdmeta(version, *more):
    def make(path):
        must("drbdmeta", "--force", "0", version, path, "internal", "create-md", *more)
        return os.path.getsize(path) // 4096 * 4096 - 4096
    return make


# type, version, maker, tool; at_end: a LUKS header can stand before it
HPT = (b"\xf0\x16\x78\x5a", b"\xfd\x16\x78\x5a", b"\xf3\x16\x78\x5a")
TYPES = [
    ("linux_raid_member", "0.90", md_090("<"), None, True),
    ("linux_raid_member", "0.90", md_090(">"), None, True),
    ("linux_raid_member", "1.0", md_1(0), None, True),
    ("linux_raid_member", "1.0", md_1(0, 27), None, True),
    ("linux_raid_member", "1.0", md_1(0, 384), None, True),
    ("linux_raid_member", "1.1", md_1(1), None, False),
    ("linux_raid_member", "1.2", md_1(2), None, False),
    ("ddf_raid_member", "", ddf(1), None, True),
    ("ddf_raid_member", "", ddf(257), None, True),
    ("isw_raid_member", "", sectors_from_end(2, (0, b"Intel Raid ISM Cfg Sig. 1.3.00  ")), None, True),
    ("lsi_mega_raid_member", "", sectors_from_end(1, (0, b"$XIDE$")), None, True),
    ("via_raid_member", "", sectors_from_end(1, (0, b"\x55\xaa\1"), (3, bytes(range(9, 40))), finish=sum_bytes_50), None, True),
    ("silicon_medley_raid_member", "", sectors_from_end(1, (0x60, b"\0\0\0\x2f"), (0x80, b"noise"), finish=sum_silicon), None,
     True),
    ("nvidia_raid_member", "", sectors_from_end(2, (0, b"NVIDIA  "), (8, struct.pack("<I", 30)), (16, b"\x64\0some"),
                                                finish=sum_nvidia), None, True),
    *[("promise_fasttrack_raid_member", "", sectors_from_end(n, (0, b"Promise Technology, Inc.")), None, True)
      for n in (63, 255, 256, 16)],
    ("hpt45x_raid_member", "", sectors_from_end(11, (0, HPT[2])), None, True),
    ("hpt45x_raid_member", "", sectors_from_end(11, (0, HPT[1])), None, True),
    ("hpt37x_raid_member", "", from_start(4608, bytes(32) + HPT[0]), None, False),
    ("hpt37x_raid_member", "", from_start(4608, bytes(32) + HPT[1]), None, False),
    ("adaptec_raid_member", "", sectors_from_end(1, (0, b"\x37\xfc\x4d\x1e"), (256, b"DPTM")), None, True),
    ("jmicron_raid_member", "", sectors_from_end(1, (0, b"JM\1\2"), (0x20, b"name"), (0x30, b"\1"), finish=sum_jmicron), None,
     True),
    ("drbd", "", drbdmeta("v08"), "drbdmeta", True),
    ("drbd", "", drbdmeta("v09", "1"), "drbdmeta", True),
    *[("LVM2_member", "", pvcreate(n), "pvcreate", False) for n in range(4)],
    ("LVM1_member", "", from_start(0, b"HM\1\0"), None, False),
    ("LVM1_member", "", from_start(0, b"HM\2\0"), None, False),
    ("bcache", "", make_bcache("-B"), "make-bcache", False),
    ("bcache", "", make_bcache("-C"), "make-bcache", False),
    ("zfs_member", "", zfs, None, False),
    ("stratis", "", stratis, None, False),
    ("VMFS_volume_member", "", from_start(MIB, b"\x0d\xd0\x01\xc0\3\0\0\0"), None, False),
    ("ubi", "", ubi, None, False),
    ("vdo", "", from_start(0, b"dmvdo001"), None, False),
]


def types(at_end=False):
    """All that this machine can make; what it cannot is a case of its own that is skipped."""
    return [t for t in TYPES if (t[4] or not at_end) and not (t[3] and lacking(t[3]))]


@case("a mark is not seen, or called other than blkid calls it, or seen at another place", "blkid", "losetup")
def same_as_blkid():
    complaints = []
    for number, (kind, version, make, _, _) in enumerate(types()):
        for size in SIZES:
            path = image(FOLDER, "same", size)
            at = make(path)
            theirs, ours = blkid(path), marks(path)
            # blkid counts DRBD's place from an end that is not rounded.
            if theirs != kind and not (kind == "drbd" and size % 4096):
                raise Broken(f"{kind} {number}, {size} bytes: blkid says {theirs!r}")
            if ours != [(kind, version, at)]:
                complaints.append(f"{kind} {version} {number}, {size} bytes, at {at}: {ours}")
    return complaints


@case("a real tool's mark cannot be made on this machine", "drbdmeta", "pvcreate", "make-bcache", "mdadm")
def all_tools():
    return []


@case("mdadm does not take what is called an array's here for one", "mdadm")
def same_as_mdadm():
    complaints = []
    for kind, version, make, _, _ in types():
        if kind not in ("linux_raid_member", "ddf_raid_member"):
            continue
        path = image(FOLDER, "mdadm", 96 * MIB)
        at = make(path)
        if get(path, at, 1) == b"\xa9":
            continue  # of a big-endian machine: mdadm would have to be told so
        loop = must("losetup", "-f", "--show", path).strip()
        done = subprocess.run(["mdadm", "--examine", loop], capture_output=True, timeout=60)
        must("losetup", "-d", loop)
        text = done.stdout.decode() + done.stderr.decode()
        if kind == "ddf_raid_member":
            # It reads more than the header, and says so.
            complaints += [] if not re.search("checksum", text) else [f"ddf: {text}"]
        elif f"Version : {version}" not in text or not re.search(r"Checksum : \w+ - correct", text):
            complaints.append(f"{kind} {version}: {text}")
    return complaints


@case("the signature of an Intel RAID on sectors of 4096 bytes is not seen")
def intel_4k():
    path = image(FOLDER, "isw4k", 96 * MIB)
    at = isw_4k(path)
    return [] if marks(path) == [("isw_raid_member", "", at)] else [str(marks(path))]


@case("a mark that a byte of its checksum contradicts counts")
def damaged():
    complaints = []
    for kind, version, make, _, _ in types():
        at_byte = {"linux_raid_member": 100, "ddf_raid_member": 50, "via_raid_member": 20, "silicon_medley_raid_member": 0x81,
                   "nvidia_raid_member": 18, "jmicron_raid_member": 0x21, "LVM2_member": 100, "adaptec_raid_member": 257,
                   "drbd": 82, "bcache": 9, "zfs_member": 23}.get(kind)
        if at_byte is None:
            continue
        path = image(FOLDER, "damaged", 96 * MIB)
        at = make(path)
        places = (at, at + (256 << 10)) if kind == "zfs_member" else (at,)
        for place in places:
            put(path, place + at_byte, bytes([get(path, place + at_byte, 1)[0] ^ 0x40]))
        if marks(path):
            complaints.append(f"{kind} {version}: {marks(path)}")
    return complaints


@case("a mark that was written for another place, or a device of another length, counts")
def moved():
    complaints = []
    for kind, version, make, _, at_end in types():
        if kind in ("zfs_member", "LVM2_member", "stratis", "promise_fasttrack_raid_member", "ddf_raid_member"):
            continue  # of several places
        path = image(FOLDER, "moved", 96 * MIB)
        at = make(path)
        block = get(path, at, min(8192, 96 * MIB - at))
        path = image(FOLDER, "moved", 96 * MIB)
        put(path, at - 3 * 512 if at_end else at + 512, block[:512])
        if marks(path):
            complaints.append(f"{kind} {version} moved: {marks(path)}")
        if at_end:
            path = image(FOLDER, "moved", 112 * MIB)
            put(path, at, block)
            if marks(path):
                complaints.append(f"{kind} {version} on a longer device: {marks(path)}")
    return complaints


@case("noise, nothing, a volume or a filesystem has a mark", "mke2fs", "mkfs.btrfs", "mkfs.vfat", "mkfs.xfs", "sfdisk")
def none():
    complaints = []

    def look(name, path):
        found = marks(path)
        complaints.extend([f"{name}: {found}"] if found else [])

    for size in (0, 1, 511, 512, 4095, 65535, 65536, 65537, 131072, 1 << 20, 3 << 20):
        for name, data in (("zeroes", bytes(size)), ("ones", b"\xff" * size), ("noise", noise.randbytes(size))):
            path = image(FOLDER, "none", 0)
            put(path, 0, data)
            look(f"{name}, {size} bytes", path)
    for name, words in (("ext4", ["mke2fs", "-q", "-F", "-t", "ext4"]), ("btrfs", ["mkfs.btrfs", "-q"]),
                        ("vfat", ["mkfs.vfat"]), ("xfs", ["mkfs.xfs", "-q"]), ("swap", ["mkswap"])):
        path = image(FOLDER, "none", 320 * MIB)
        must(*words, path)
        look(name, path)
    for label in ("dos", "gpt"):
        path = image(FOLDER, "none", 32 * MIB)
        must("sfdisk", "-q", path, stdin=f"label: {label}\n,\n".encode())
        look(label, path)
    for kind in ("luks1", "luks2"):
        path = luks("none", 20 * MIB, kind)
        put(path, 17 * MIB, noise.randbytes(3 * MIB))
        look(kind, path)
    return complaints


@case("what a filesystem inside an encrypted volume has left is taken for a mark of its device")
def inside():
    """In the clear such a block would count; encrypted nothing of it is there, and LUKS ends where the device does."""
    complaints = []
    for kind, version, make, _, at_end in types(at_end=True):
        whole = image(FOLDER, "whole", 40 * MIB)
        make(whole)
        path = luks("inside", 56 * MIB)
        key = noise.randbytes(64)
        data = get(whole, 0, 40 * MIB)
        put(path, 16 * MIB, bytes(a ^ b for a, b in zip(data[-MIB:], key * (MIB // 64))))
        if marks(path):
            complaints.append(f"{kind} {version}: {marks(path)}")
    return complaints


@functools.cache
def blocks(number, size):
    """What the maker of that row writes on an empty image: [(place, bytes)]."""
    path = image(FOLDER, f"blocks-{number}-{size}", size)
    TYPES[number][2](path)
    found, place = [], 0
    with open(path, "rb") as f:
        while place < size:
            try:
                place = os.lseek(f.fileno(), place, os.SEEK_DATA)
            except OSError:
                break
            f.seek(place)
            data = f.read(4096)
            if data.strip(b"\0"):
                found.append((place, data))
            place += 4096
    os.remove(path)
    return found


def stamp(row, path):
    """As the maker, whose tool may be careful with what is there. Where sectors are not the mark's they stay."""
    for place, data in blocks(TYPES.index(row), os.path.getsize(path)):
        for at in range(0, len(data), 512):
            if data[at:at + 512].strip(b"\0"):
                put(path, place + at, data[at:at + 512])


# --- latchkey on a volume with a mark ------------------------------------------------------------------------


@functools.cache
def fresh(size, kind):
    path = image(FOLDER, f"fresh-{size}-{kind}", size)
    must(CRYPTSETUP, "luksFormat", "-q", "--type", kind, *PBKDF2, path, "-", stdin=b"a right secret")
    return path


def luks(name, size, kind="luks2"):
    path = os.path.join(FOLDER, name)
    must("cp", "--sparse=always", fresh(size, kind), path)
    return path


def latchkey(*words, secret=b"a right secret", code=None):
    done = subprocess.run([LATCHKEY, *words], input=secret, capture_output=True, timeout=120)
    if code is not None and done.returncode != code:
        return done, [f"latchkey {' '.join(words)}: exit {done.returncode}, not {code}: {done.stderr.decode()}"]
    return done, []


def expect(complaints, what, text, *words, never=()):
    for word in words:
        if word not in text:
            complaints.append(f"{what}: no {word!r} in: {text}")
    for word in never:
        if word in text:
            complaints.append(f"{what}: {word!r} in: {text}")


NO_WRITES = ("cryptsetup repair", "repair it", "restore a header backup", "luksHeaderRestore")


@case("a volume on a member is opened for writing, or a person is not told what else is on it", "losetup")
def by_its_path():
    complaints = []
    for kind, version, make, _, _ in types(at_end=True):
        path = luks("member", 96 * MIB)
        at = make(path)
        before = fingerprint(path)
        names = f"{kind}{' ' if version else ''}{version}"
        remove = f"mdadm --zero-superblock {path}" if version else f"--types {kind} {path}"
        done, wrong = latchkey("open", path, "x", "--key-file=-", code=7)
        complaints += wrong
        expect(complaints, f"open {names}", done.stderr.decode(), names, f"at byte {at}", "--readonly-member", remove)
        done, wrong = latchkey("test", path, "--key-file=-", code=0)
        complaints += wrong
        expect(complaints, f"test {names}", done.stderr.decode(), names)
        done, wrong = latchkey("check", path, code=0)
        complaints += wrong
        expect(complaints, f"check {names}", done.stdout.decode(), "foreign mark: ", names, remove)
        done, wrong = latchkey("dump", path, code=0)
        complaints += wrong
        expect(complaints, f"dump {names}", done.stdout.decode(), "foreign mark: ", names)
        done, wrong = latchkey("dump", "--json", path, code=0)
        complaints += wrong
        expect(complaints, f"json {names}", done.stdout.decode(), f'"type": "{kind}", "version": "{version}", "offset": {at}')
        if fingerprint(path) != before:
            complaints.append(f"{names}: {path} was changed")
    return complaints


@case("where a mark is, a repair or a restored header is advised", "losetup")
def no_advice():
    """With one or both header copies erased, and with a mark in place of the first copy."""
    complaints = []
    for row in types():
        kind, version = row[:2]
        for harm in ((0,), (16384,), (0, 16384)):
            path = luks("advice", 96 * MIB)
            for at in harm:
                put(path, at + 4200, b"\xff" * 64)
            stamp(row, path)
            for words in (("check", path), ("dump", path), ("test", path, "--key-file=-"), ("open", path, "x", "--key-file=-"),
                          ("backup", path, image(FOLDER, "backup", 0) + ".none")):
                if words[0] == "backup" and os.path.exists(words[2]):
                    os.remove(words[2])
                done, _ = latchkey(*words)
                expect(complaints, f"{words[0]} {kind} {version} {harm}", done.stdout.decode() + done.stderr.decode(),
                       never=NO_WRITES)
    return complaints


class Loops:
    """Loop devices of images, while the block lasts."""

    def __init__(self, *paths):
        self.paths, self.loops = paths, []

    def __enter__(self):
        for path in self.paths:
            self.loops.append(must("losetup", "-f", "--show", path).strip())
        return self.loops

    def __exit__(self, *_):
        for loop in self.loops:
            subprocess.run(["partx", "-d", loop], capture_output=True)
            subprocess.run(["losetup", "-d", loop], capture_output=True)


def uuid_of(path):
    return must(CRYPTSETUP, "luksUUID", path).strip()


def root_only():
    if os.geteuid():
        raise Skip("needs root")


@case("what a person is told to do with a leftover mark does not help, or harms", "losetup", "mdadm", "wipefs")
def leftover():
    root_only()
    complaints = []
    for kind, version, make, _, _ in types(at_end=True):
        path = luks("leftover", 96 * MIB)
        make(path)
        with Loops(path) as (loop,):
            done, wrong = latchkey("check", loop, code=0)
            complaints += wrong
            told = re.search(r"remove the mark: (mdadm .*|wipefs .*)\n", done.stdout.decode())
            if not told:
                complaints.append(f"{kind} {version}: no command in {done.stdout.decode()}")
                continue
            if get(path, os.path.getsize(path) // 0x10000 * 0x10000 - 0x10000, 1) == b"\xa9":
                continue  # of a big-endian machine: mdadm here does not know it
            must(*told.group(1).split(), env={**os.environ, "HOME": FOLDER})
        before = get(fresh(96 * MIB, "luks2"), 0, 16 * MIB)
        if marks(path) or get(path, 0, 16 * MIB) != before:
            complaints.append(f"{kind} {version}: {told.group(1)}: {marks(path)}")
        complaints += latchkey("test", path, "--key-file=-", code=0)[1]
    return complaints


@case("a search finds the member of an array that is not there", "losetup")
def by_search():
    root_only()
    complaints = []
    for kind, version, make, _, _ in types(at_end=True):
        if kind == "promise_fasttrack_raid_member":
            continue
        paths = [luks("one", 40 * MIB), os.path.join(FOLDER, "two")]
        must("cp", paths[0], paths[1])
        uuid = uuid_of(paths[0])
        for path in paths:
            make(path)
        for count in (1, 2):
            with Loops(*paths[:count]):
                done, wrong = latchkey("test", "UUID=" + uuid, "--key-file=-", code=4)
                complaints += wrong
                expect(complaints, f"{count} of {kind}", done.stderr.decode(), "is not there", kind,
                       never=("name one by its path",))
        if kind not in ("linux_raid_member", "isw_raid_member", "drbd"):
            continue  # each takes its seconds
        empty = image(FOLDER, "empty", 0)
        with Loops(paths[0]):
            try:
                subprocess.run([LATCHKEY, "boot", "--test", "--cmdline", f"rd.luks.uuid={uuid}", "--crypttab", empty,
                                "--config", empty], capture_output=True, timeout=3, stdin=subprocess.DEVNULL)
                complaints.append(f"boot ends: {kind}")
            except subprocess.TimeoutExpired as late:
                expect(complaints, f"boot {kind}", (late.stderr or b"").decode() + (late.stdout or b"").decode(),
                       "latchkey: waiting for the ", f" of luks-{uuid}: ", kind)
    return complaints


@case("latchkey-preflight calls a boot from a member well, or advises to write to it")
def preflight():
    complaints = []
    for kind, version, make, _, _ in types(at_end=True):
        path = luks("preflight", 96 * MIB)
        put(path, 32768, bytes(4096))  # its keyslot, so that there would be something to advise
        make(path)
        table, empty = image(FOLDER, "table-p", 0), image(FOLDER, "empty-p", 0)
        put(table, 0, f"root {path} none luks\n".encode())
        done = subprocess.run([LATCHKEY + "-preflight", "--quiet", "--cmdline", "quiet", "--crypttab", table, "--config", empty,
                               "--root", FOLDER, "--memory", "512"], capture_output=True, timeout=120)
        expect(complaints, f"preflight {kind} {version}", done.stdout.decode(), f"problem: root: {path}: has the mark of ", kind,
               never=NO_WRITES + ("luksAddKey",))
        if done.returncode != 7:
            complaints.append(f"preflight {kind} {version}: exit {done.returncode}")
    return complaints


@case("a partition of a member disk is taken for a volume, or one of a disk whose last partition is a member is not", "losetup",
      "partx", "sfdisk")
def partitions():
    root_only()
    complaints = []
    volume = luks("volume", 20 * MIB)
    uuid = uuid_of(volume)
    for kind, version, make, _, at_end in types():
        if not at_end and kind != "hpt37x_raid_member" and kind not in ("linux_raid_member", "bcache"):
            continue
        for last, size in (("free", ",size=49152"), ("member", "")):
            disk = image(FOLDER, "disk", 96 * MIB)
            if last == "free" or at_end:
                make(disk)
            must("sfdisk", "-q", "--no-tell-kernel", "-w", "never", disk,
                 stdin=f"label: dos\nstart=2048,size=40960\nstart=43008{size}\n".encode())
            put(disk, MIB, get(volume, 0, 20 * MIB))
            with Loops(disk) as (loop,):
                # The kernel removes the partitions of the disk before in its own time.
                for again in range(20):
                    if not subprocess.run(["partx", "-u", loop], capture_output=True).returncode:
                        break
                    time.sleep(0.25)
                else:
                    raise Broken(f"{loop}: partx makes no partitions")
                wanted = 4 if last == "free" and (at_end or kind == "hpt37x_raid_member") else 0
                _, wrong = latchkey("test", "UUID=" + uuid, "--key-file=-", code=wanted)
                complaints += [f"{kind} {version}, last partition {last}: {w}" for w in wrong]
                done, _ = latchkey("open", loop + "p1", "x", "--key-file=-")
                if (done.returncode == 7) != (wanted == 4):
                    complaints.append(f"{kind} {version}, last {last}: open {done.returncode} {done.stderr.decode()}")
    return complaints


@case("a key on a device with a foreign mark is not read", "losetup", "mke2fs")
def stick():
    """By its UUID; loop devices are no sticks that could be found by chance. A key is only read, so that no mark matters."""
    root_only()
    path = image(FOLDER, "stick", 24 * MIB)
    must("mke2fs", "-q", "-F", "-t", "ext2", "-U", "0f3c2a10-9b4e-4d2a-8c55-1b2c3d4e5f60", path)
    empty = image(FOLDER, "empty", 0)
    table = image(FOLDER, "table", 0)
    volume = luks("opened", 24 * MIB)
    put(table, 0, f"root {volume} /key:UUID=0f3c2a10-9b4e-4d2a-8c55-1b2c3d4e5f60 luks,x-initrd.attach,headless\n".encode())
    told = []
    for mark in (False, True):
        if mark:
            md_1(0)(path)
        with Loops(path):
            try:
                done = subprocess.run([LATCHKEY, "boot", "--test", "--cmdline", "quiet", "--crypttab", table, "--config", empty],
                                      capture_output=True, timeout=3, stdin=subprocess.DEVNULL)
                told.append((done.stdout + done.stderr).decode())
            except subprocess.TimeoutExpired as late:
                told.append(((late.stdout or b"") + (late.stderr or b"")).decode())
    return [f"{how} a mark: {said}" for how, said in zip(("without", "with"), told) if "the key /key on " not in said]


if __name__ == "__main__":
    build(LOOK)
    sys.exit(suite(CASES, 1))  # a search reads every device of the machine: theirs must not meet
