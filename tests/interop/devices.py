#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What src/device recognises on a block device, compared with blkid, on images made by the real tools.

Superblocks of every format, ids of partitions, files on FAT compared with mtools, and keys on sticks as the kernel mounts them,
which needs root. No run may change an image. Tests are skipped if their tool is not installed.
Arguments choose cases by a part of their names.
"""
import os
import random
import shutil
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
from device_images import build, cases, get, image, put
from volumes import CRYPTSETUP, O, PBKDF2, TOP, Broken, Skip, must, suite

FOLDER = os.path.join(O, "interop", "devices")
LOOK = os.path.join(FOLDER, "look")
UUID = "0f3c2a10-9b4e-4d2a-8c55-1b2c3d4e5f60"
os.environ["LC_ALL"] = "C.UTF-8"  # of the names that mkfs and mtools are given
case, CASES = cases()
noise = random.Random(7)


def look(*words, code=0):
    """The lines that the program prints; its images must stay as they are."""
    before = os.stat(words[1])
    done = subprocess.run([LOOK, *map(str, words)], capture_output=True, timeout=60)
    if (code >= 0 and done.returncode not in (0, code)) or b"runtime error" in done.stderr or b"Sanitizer" in done.stderr:
        raise Broken(f"look {' '.join(map(str, words))}: exit {done.returncode}: {done.stderr.decode(errors='replace')}")
    after = os.stat(words[1])
    if (before.st_mtime_ns, before.st_ctime_ns, before.st_size) != (after.st_mtime_ns, after.st_ctime_ns, after.st_size):
        raise Broken(f"{words[1]} was changed")
    return done


def unescape(text):
    """Text in which blkid or partx wrote some bytes as \\xNN."""
    raw, at = b"", 0
    while at < len(text):
        escaped = text[at:at + 2] == "\\x"
        raw += bytes([int(text[at + 2:at + 4], 16)]) if escaped else text[at].encode()
        at += 4 if escaped else 1
    return raw.decode()


def blkid(path):
    """blkid's answer as udev has it; nothing at all is {}."""
    out = subprocess.run(["blkid", "-p", "-o", "udev", path], capture_output=True, timeout=60).stdout.decode()
    return {key: unescape(value) for key, value in (line.split("=", 1) for line in out.splitlines() if "=" in line)}


def same(path, expect_type):
    """Type, UUID and label must be blkid's."""
    done = look("super", path, code=1)
    ours = done.stdout.decode(errors="replace").split("\n")[:3] if done.returncode == 0 else ["", "", ""]
    theirs = blkid(path)
    expected = [theirs.get("ID_FS_" + key, "") for key in ("TYPE", "UUID_ENC", "LABEL_ENC")]
    if expected[0] != expect_type:
        raise Broken(f"{path}: blkid says {theirs}")
    return [] if ours == expected else [f"{os.path.basename(path)}: {ours}, blkid says {expected}"]


# --- superblocks --------------------------------------------------------------------------------------------


@case("a FAT of some width has another serial number or label", "mkfs.vfat", "blkid")
def fat_superblocks():
    complaints = []
    for bits, size in ((12, "1M"), (16, "20M"), (32, "40M")):
        for sector in (512, 2048, 4096):
            if (bits, sector) in ((16, 4096), (16, 2048), (32, 2048), (32, 4096)):
                size = "300M"
            for name in ("KEYS", "a b", None):
                path = image(FOLDER, f"fat{bits}", {"1M": 1 << 20, "20M": 20 << 20, "40M": 40 << 20, "300M": 300 << 20}[size])
                label = ["-n", name] if name else []
                must("mkfs.vfat", "-F", bits, "-S", sector, "-i", "1a2b3c4d", *label, path)
                complaints += same(path, "vfat")
    return complaints


@case("the label of FAT's boot sector is taken before the root directory's", "mkfs.vfat", "mlabel")
def fat_two_labels():
    path = image(FOLDER, "fat-labels", 20 << 20)
    must("mkfs.vfat", "-F", "16", "-n", "OLD", path)
    root = get(path, 0, 20 << 20).index(b"OLD        ", 512)
    put(path, root, b"NEW        ")
    complaints = [] if b"\nNEW\n" in look("super", path).stdout else ["the root directory's label is not taken"]
    complaints += same(path, "vfat")
    put(path, root, b"\xe5")
    return complaints + ([] if b"\nOLD\n" in look("super", path).stdout else ["the boot sector's label is not taken"])


@case("an exFAT label is cut or its serial number turned round", "mkfs.exfat", "blkid")
def exfat():
    path = image(FOLDER, "exfat", 20 << 20)
    complaints = []
    for name in ("KEYS", "Schl\u00fcssel", "\U0001f511 key", ""):
        must("mkfs.exfat", *(["-L", name] if name else []), path)
        complaints += same(path, "exfat")
    return complaints


@case("ext2, ext3 and ext4 are taken for each other", "mkfs.ext4", "blkid")
def ext():
    complaints = []
    for kind in ("ext2", "ext3", "ext4"):
        for more in ([], ["-L", "keys"], ["-L", "sixteen bytes ok"], ["-O", "^metadata_csum,^64bit"], ["-b", "1024"]):
            path = image(FOLDER, kind, 16 << 20)
            must("mke2fs", "-q", "-t", kind, "-U", UUID, *more, path)
            complaints += same(path, kind)
    return complaints


@case("an external journal is taken for a filesystem", "mkfs.ext4")
def journal_device():
    path = image(FOLDER, "journal", 16 << 20)
    must("mke2fs", "-q", "-O", "journal_dev", path)
    return [] if look("super", path, code=1).returncode == 1 else ["a journal is reported as a filesystem"]


@case("btrfs is not found 64 KiB in", "mkfs.btrfs", "blkid")
def btrfs():
    path = image(FOLDER, "btrfs", 128 << 20)
    must("mkfs.btrfs", "-q", "-L", "a label of btrfs", path)
    return same(path, "btrfs")


@case("xfs has another UUID or label", "mkfs.xfs", "blkid")
def xfs():
    path = image(FOLDER, "xfs", 320 << 20)
    must("mkfs.xfs", "-q", "-L", "keys", path)
    return same(path, "xfs")


@case("f2fs has another UUID or label", "mkfs.f2fs", "blkid")
def f2fs():
    path = image(FOLDER, "f2fs", 64 << 20)
    must("mkfs.f2fs", "-q", "-l", "keys \u00fc", path)
    return same(path, "f2fs")


@case("squashfs is not found", "mksquashfs", "blkid")
def squashfs():
    path = image(FOLDER, "squashfs", 0)
    os.remove(path)
    must("mksquashfs", os.path.join(TOP, "man"), path, "-quiet", "-no-progress", "-noappend")
    return same(path, "squashfs")


@case("EROFS has another UUID or label", "mkfs.erofs", "blkid")
def erofs():
    path = image(FOLDER, "erofs", 0)
    complaints = []
    for label in (b"", b"keys", b"sixteen bytes ok"):
        os.remove(path) if os.path.exists(path) else None
        must("mkfs.erofs", "-U", UUID, path, os.path.join(TOP, "man"))
        put(path, 1024 + 64, label)  # mkfs.erofs of Debian 12 cannot
        put(path, 1024 + 8, bytes([get(path, 1024 + 8, 1)[0] & ~1]))  # no checksum, which newer programs check
        complaints += same(path, "erofs")
    return complaints


@case("NTFS has another serial number or label", "mkntfs", "blkid")
def ntfs():
    path = image(FOLDER, "ntfs", 20 << 20)
    complaints = []
    for more in ([], ["-L", "KEYS"], ["-L", "Schl\u00fcssel \U0001f511"], ["-s", "4096", "-c", "8192", "-L", "x"], ["-c", "65536", "-L", "a b"]):
        must("mkntfs", "-Q", "-F", "-q", *more, path)
        complaints += same(path, "ntfs")
    return complaints


@case("UDF has another UUID or label", "mkudffs", "blkid")
def udf():
    path = image(FOLDER, "udf", 20 << 20)
    complaints = []
    for more in ([], ["-l", "KEYS"], ["-l", "Schl\u00fcssel \u20ac", "-u", "0123456789abcdef"], ["-b", "2048", "-l", "x"], ["-b", "512", "-l", "a b"]):
        put(path, 0, bytes(20 << 20))
        must("mkudffs", "--utf8", *more, path)
        complaints += same(path, "udf")
    return complaints


@case("HFS+ and bcachefs are not found", "blkid")
def marks_only():
    complaints = []
    for mark in (b"H+\0\4", b"HX\0\5"):
        path = image(FOLDER, "hfsplus", 1 << 20)
        put(path, 1024, mark + bytes(36) + struct.pack(">I", 4096))
        complaints += same(path, "hfsplus")
    path = image(FOLDER, "bcachefs", 1 << 20)
    put(path, 4096 + 24, bytes.fromhex("c68573f666ce90a9d96a60cf803df7ef" + "11" * 16) + bytes.fromhex(UUID.replace("-", "")) + b"keys")
    if look("super", path).stdout.split(b"\n")[:3] != [b"bcachefs", UUID.encode(), b"keys"]:
        complaints.append("bcachefs is not found")
    return complaints


@case("an ISO image has another date or label", "xorriso", "blkid")
def iso9660():
    path = image(FOLDER, "iso", 0)
    complaints = []
    for more in ([], ["-J"], ["-r"]):
        os.remove(path) if os.path.exists(path) else None
        must("xorriso", "-as", "mkisofs", "-quiet", "-V", "KEYS", *more, "-o", path, os.path.join(TOP, "man"))
        complaints += same(path, "iso9660")
    return complaints


@case("LUKS has another UUID or label", CRYPTSETUP, "blkid")
def luks():
    complaints = []
    for kind, more in (("luks1", []), ("luks2", ["--label", "a label"])):
        path = image(FOLDER, kind, 20 << 20)
        must(CRYPTSETUP, "luksFormat", "-q", "--type", kind, *PBKDF2, *more, path, "-", stdin=b"x")
        complaints += same(path, "crypto_LUKS")
        whole = look("super", path).stdout
        if kind == "luks2":
            put(path, 0, bytes(512))
            lost = look("super", path).stdout
            complaints += [] if lost == whole else [f"without its first sector: {lost}, not {whole}"]
    return complaints


@case("noise, or nothing, is taken for something", "blkid")
def nothing():
    complaints = []
    for name, data in (("zero", bytes(1 << 20)), ("ones", b"\xff" * (1 << 20)), ("noise", noise.randbytes(1 << 20)),
                       ("short", b"x"), ("none", b"")):
        path = image(FOLDER, name, 0)
        put(path, 0, data)
        complaints += [] if look("super", path, code=1).returncode == 1 else [f"{name} is something"]
    return complaints


# --- partitions ---------------------------------------------------------------------------------------------

GPT = """label: gpt
label-id: 11111111-2222-4333-8444-555566667777
uuid=A0A1A2A3-B0B1-4C0C-8D0D-E0E1E2E3E4E5, name="keys", size=1MiB
uuid=0F3C2A10-9B4E-4D2A-8C55-1B2C3D4E5F60, name="Basic data partition", size=2MiB
uuid=0F3C2A10-9B4E-4D2A-8C55-1B2C3D4E5F61, name="Schl\u00fcssel \U0001f511"
"""
MBR = """label: dos
label-id: 0x1a2b3c4d
size=1MiB
size=2MiB
size=1MiB, type=83
size=8MiB, type=5
size=1MiB
size=2MiB
size=1MiB
"""


def table(name, script):
    path = image(FOLDER, name, 16 << 20)
    must("sfdisk", "-q", path, stdin=script.encode())
    return path


def rows(path, sector=512):
    """What partx reads: number, start, PARTUUID, PARTLABEL."""
    out = must("partx", "-b", "-r", "-g", "-S", sector, "-o", "NR,START,UUID,NAME", path)
    return [line.split(" ") + [""] * (4 - len(line.split(" "))) for line in out.splitlines()]


def same_partitions(path, sector=512, count=None):
    complaints, found = [], rows(path, sector)
    if count is not None and len(found) != count:
        raise Broken(f"partx finds {found}")
    for number, start, uuid, name in found:
        start = int(start)  # of 512 bytes, whatever the disk's are
        ours = look("part", path, sector, number, start, code=1).stdout.decode().split("\n")
        if ours[:2] != [uuid, unescape(name)]:
            complaints.append(f"{path}: {number} at {start}: {ours}, partx says {uuid} {name}")
        if look("part", path, sector, number, start + sector // 512, code=1).returncode != 1:
            complaints.append(f"{path}: {number} is found where it is not")
    return complaints


@case("a GPT gives other ids than partx", "sfdisk", "partx")
def gpt():
    return same_partitions(table("gpt", GPT), 512, 3)


@case("an MBR gives other ids than partx", "sfdisk", "partx")
def mbr():
    return same_partitions(table("mbr", MBR), 512, 7)


@case("with sectors of 4096 bytes a GPT is lost", "fdisk", "partx")
def gpt4k():
    path = image(FOLDER, "gpt4k", 64 << 20)
    commands = ["g", "n", "1", "", "+4M", "n", "2", "", "", "x", "n", "1", "first", "n", "2", "second", "r", "w"]
    must("fdisk", "-b", "4096", path, stdin="".join(c + "\n" for c in commands).encode())
    return same_partitions(path, 4096, 2)


@case("the GPT behind the data does not stand in for the first", "sfdisk")
def gpt_backup():
    path = table("gpt-backup", GPT)
    before = look("part", path, 512, 2, 2**64 - 1).stdout
    put(path, 512, bytes(512))
    return [] if look("part", path, 512, 2, 2**64 - 1).stdout == before else ["the second header is not read"]


def refuses(path, number, why):
    return [] if look("part", path, 512, number, 2**64 - 1, code=1).returncode == 1 else [why]


@case("a GPT that was changed is believed", "sfdisk")
def gpt_hostile():
    complaints = []
    for name, offset, data in (("an entry", 1024 + 56, b"X"), ("the count", 512 + 80, b"\xff\xff\xff\xff"),
                               ("the place", 512 + 72, b"\xff" * 8), ("the entry size", 512 + 84, b"\0\0\0\0"),
                               ("the header size", 512 + 12, b"\xff\xff\xff\xff")):
        path = table("gpt-hostile", GPT)
        size = os.path.getsize(path)
        put(path, size - 512, bytes(512))
        put(path, offset, data)
        complaints += refuses(path, 1, f"{name} was changed")
    path = table("gpt-hostile", GPT)
    put(path, 510, b"\0\0")
    return complaints + refuses(path, 1, "without the MBR in front")


@case("a chain of logical partitions that loops is followed indefinitely", "sfdisk")
def mbr_hostile():
    path = table("mbr-loop", MBR)
    extended = int.from_bytes(get(path, 446 + 48 + 8, 4), "little")
    # The first logical partition's table names itself as the next one, and one that is empty.
    put(path, extended * 512 + 446 + 16 + 4, b"\x05")
    put(path, extended * 512 + 446 + 16 + 8, struct.pack("<II", 0, 100))
    complaints = refuses(path, 200, "a loop has a partition 200")
    put(path, extended * 512 + 446 + 12, bytes(4))
    complaints += refuses(path, 5, "a loop of empty tables has partitions")
    path = table("mbr-zero", MBR)
    put(path, 446 + 12, bytes(4))
    complaints += refuses(path, 1, "a partition without a length")
    put(path, 446, b"\x01")
    return complaints + refuses(path, 2, "code, not a table")


# --- FAT files ----------------------------------------------------------------------------------------------

NAMES = ["KEY.BIN", "a", "latchkey/0f3c2a10-9b4e-4d2a-8c55-1b2c3d4e5f60.key", "Mixed Case.Name.txt", "x" * 255,
         "Schl\u00fcssel.key", "deep/er/and/deeper/file.key", "exactly13.lng", "twenty-six-characters.long"]


def fat_with(name, files, *options, size=20 << 20):
    """A FAT with these files; clusters of its files are scattered."""
    path = image(FOLDER, name, size)
    must("mkfs.vfat", *options, path)
    made = set()
    for number, (inside, data) in enumerate(files.items()):
        folder = ""
        for part in inside.split("/")[:-1]:
            folder += "/" + part
            if folder not in made:
                must("mmd", "-i", path, "::" + folder)
                made.add(folder)
        source = os.path.join(FOLDER, f"{name}-source")
        with open(source, "wb") as f:
            f.write(data)
        must("mcopy", "-i", path, source, "::/" + inside)
    return path


def read_all(path, files):
    complaints = []
    for inside, data in files.items():
        for spelled in (inside, "/" + inside.upper() if inside.isascii() else inside):
            if look("fat", path, spelled, code=4).stdout != data:
                complaints.append(f"{path}: {spelled} is not what was put there")
    for absent in ("absent", "KEY.BI", "KEY.BIN/x", "latchkey/..", "..", ".", "latchkey/absent", "x" * 254, "x" * 256):
        if look("fat", path, absent, code=4).returncode != 4:
            complaints.append(f"{path}: {absent} is found")
    return complaints


def fat_files(bits, size, *options):
    files = {name: noise.randbytes(noise.choice([1, 511, 512, 513, 4096, 70000])) for name in NAMES}
    path = fat_with(f"fat-files{bits}", files, "-F", str(bits), *options, size=size)
    complaints = read_all(path, files)
    # Delete every second one, and write a large one into the holes.
    for name in NAMES[::2]:
        must("mdel", "-i", path, "::/" + name)
        del files[name]
    large = os.path.join(FOLDER, f"large{bits}")
    files["large"] = noise.randbytes(250000)
    with open(large, "wb") as f:
        f.write(files["large"])
    must("mcopy", "-i", path, large, "::/large")
    return complaints + read_all(path, files)


@case("a file on FAT12 is read wrong", "mkfs.vfat", "mcopy")
def fat12():
    return fat_files(12, 1 << 21)


@case("a file on FAT16 is read wrong", "mkfs.vfat", "mcopy")
def fat16():
    return fat_files(16, 20 << 20)


@case("a file on FAT32 is read wrong", "mkfs.vfat", "mcopy")
def fat32():
    return fat_files(32, 40 << 20, "-s", "1")


@case("in a large directory of FAT a name is not found", "mkfs.vfat", "mcopy")
def fat_many():
    files = {f"d/file number {n} of many.key": b"%d" % n for n in range(0, 120)}
    path = fat_with("fat-many", files, "-F", "16")
    return [f"{name} is not found" for name, data in list(files.items())[::7] if look("fat", path, name, code=4).stdout != data]


# --- sticks -------------------------------------------------------------------------------------------------


TREE = os.path.join(FOLDER, "tree")
BIG = bytes(1 << 20) + b"key" + bytes(9)  # larger than what the test reads at once


def tree():
    """A key, a directory, an empty file, one that is too large, links and a FIFO."""
    shutil.rmtree(TREE, ignore_errors=True)
    os.makedirs(TREE + "/latchkey")
    for name, data in (("latchkey/a.key", b"the key\n"), ("empty", b""), ("big", BIG)):
        with open(os.path.join(TREE, name), "wb") as f:
            f.write(data)
    os.symlink("/etc/passwd", TREE + "/out")
    os.symlink("latchkey/a.key", TREE + "/in")
    os.mkfifo(TREE + "/fifo")


def inside(path):
    """A key inside a file that is too large as a whole, and one that is not there."""
    complaints = []
    for offset, size, says in ((1 << 20, 3, b"key"), ((1 << 20) + 1, 0, b"ey" + bytes(9)), ((1 << 20) + 12, 0, b""), (13, 1 << 20, b"")):
        done = look("stick", path, "big", str(offset), str(size), code=1)
        why = "at most" if says else "are needed"  # the test then copies the whole file
        if done.returncode != 1 or done.stdout != says or why not in done.stderr.decode():
            complaints.append(f"{path}: from {offset}: exit {done.returncode}: {done.stderr.decode()}")
    return complaints


def stick(path, kind):
    """Everything in the tree, by the kernel's driver, on an image that must stay as it is."""
    if os.geteuid():
        raise Skip("needs root")
    mounts = open("/proc/mounts", encoding="utf-8").read()
    done = look("stick", path, "/latchkey/a.key", code=-1)
    text = done.stderr.decode(errors="replace")
    if "this kernel cannot read" in text:
        raise Skip(f"this kernel has no {kind}")
    complaints = [] if done.stdout == b"the key\nthe key\n" else [f"{kind}: exit {done.returncode}: {text}"]
    wrong = [("absent", 4, "No such file"), ("latchkey", 4, "not a regular file"), ("empty", 1, "is empty"),
             ("out", 4, "out: "), ("fifo", 4, "not a regular file"), ("../../etc/passwd", 4, "passwd: "),
             ("big", 1, "at most 1048576")]
    for name, code, says in wrong:
        done = look("stick", path, name, code=code)
        if done.returncode != code or says not in done.stderr.decode():
            complaints.append(f"{kind}: {name}: exit {done.returncode}: {done.stderr.decode()}")
    complaints += inside(path)
    if look("stick", path, "in", code=-1).stdout != b"the key\nthe key\n":
        complaints.append(f"{kind}: a link that stays inside is not followed")
    if open("/proc/mounts", encoding="utf-8").read() != mounts:
        complaints.append(f"{kind}: a mount stayed")
    if os.path.basename(path) in must("losetup", "-a"):
        complaints.append(f"{kind}: a loop device stayed")
    return complaints


@case("a key on ext2, ext3 or ext4 is not read", "mkfs.ext4", "losetup")
def stick_ext():
    complaints = []
    for kind in ("ext2", "ext3", "ext4"):
        path = image(FOLDER, "stick-" + kind, 16 << 20)
        must("mke2fs", "-q", "-t", kind, "-d", TREE, path)
        complaints += stick(path, kind)
    return complaints


@case("a journal is replayed, or stops the key from being read", "mkfs.ext4", "debugfs", "losetup")
def stick_dirty():
    path = image(FOLDER, "stick-dirty", 16 << 20)
    must("mke2fs", "-q", "-t", "ext4", "-d", TREE, path)
    must("debugfs", "-w", "-R", "feature needs_recovery", path)
    # An inode that was deleted while it was open: drivers finish that even when they mount read-only.
    must("debugfs", "-w", "-R", "ssv last_orphan 13", path)
    return stick(path, "ext4")


@case("a key on xfs is not read", "mkfs.xfs", "losetup")
def stick_xfs():
    path, proto = image(FOLDER, "stick-xfs", 320 << 20), os.path.join(FOLDER, "proto")
    with open(proto, "w", encoding="ascii") as f:
        f.write(f"""/
0 0
d--755 0 0
latchkey d--755 0 0
a.key ---644 0 0 {TREE}/latchkey/a.key
$
empty ---644 0 0 /dev/null
big ---644 0 0 {TREE}/big
out l--777 0 0 /etc/passwd
in l--777 0 0 latchkey/a.key
fifo p--644 0 0
$
""")
    must("mkfs.xfs", "-q", "-p", proto, path)
    return stick(path, "xfs")


@case("a key on btrfs is not read", "mkfs.btrfs", "losetup")
def stick_btrfs():
    path = image(FOLDER, "stick-btrfs", 128 << 20)
    must("mkfs.btrfs", "-q", "--rootdir", TREE, path)
    return stick(path, "btrfs")


@case("a key on f2fs is not read", "mkfs.f2fs", "sload.f2fs", "losetup")
def stick_f2fs():
    path = image(FOLDER, "stick-f2fs", 64 << 20)
    must("mkfs.f2fs", "-q", path)
    must("sload.f2fs", "-f", TREE, path)
    return stick(path, "f2fs")


@case("a key on squashfs is not read", "mksquashfs", "losetup")
def stick_squashfs():
    path = image(FOLDER, "stick-squashfs", 0)
    os.remove(path)
    must("mksquashfs", TREE, path, "-quiet", "-no-progress", "-noappend")
    return stick(path, "squashfs")


@case("a key on an ISO image is not read", "xorriso", "losetup")
def stick_iso():
    path = image(FOLDER, "stick-iso", 0)
    os.remove(path)
    must("xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", path, TREE)
    return stick(path, "iso9660")


@case("a key on vfat is not read without a driver", "mkfs.vfat", "mcopy")
def stick_vfat():
    path = fat_with("stick-vfat", {"latchkey/a.key": b"the key\n", "empty": b"", "big": BIG})
    complaints = []
    for name, code, says in (("/latchkey/a.key", 0, ""), ("latchkey", 4, "directory"), ("empty", 1, "is empty"),
                             ("absent", 4, "No such file"), ("big", 1, "at most 1048576")):
        done = look("stick", path, name, code=code)
        if done.returncode != code or says not in done.stderr.decode() or (not code and done.stdout != b"the key\n" * 2):
            complaints.append(f"vfat: {name}: exit {done.returncode}: {done.stderr.decode()}")
    return complaints + inside(path)


@case("a device without a filesystem is mounted", "losetup")
def stick_nothing():
    path = image(FOLDER, "stick-nothing", 1 << 20)
    done = look("stick", path, "x", code=4)
    return [] if done.returncode == 4 and b"no filesystem found" in done.stderr else [done.stderr.decode()]


if __name__ == "__main__":
    build(LOOK)
    tree()
    sys.exit(suite(CASES))
