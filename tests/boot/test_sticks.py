#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Faulty key sticks, all dialects that configure one, the output on the console, and machines with little memory.

No stick may prevent the prompt from being answered, and every failure must be reported. tests/boot/test_keys.py tests the
race between prompt and stick. Arguments choose tests by the names of their functions. Each boot logs its console to
$O/boot/NAME.log.
"""
import os
import re
import secrets
import struct
import subprocess
import sys
import zlib

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import vm
from sticks import (FULL, KEY, MODULES, PASSPHRASE, PROMPT, ROOT, SCSI, WITNESS, answer, auto_key, check, drive, expect_root,
                    image, image_with, make_tree, new_file, path, plug, plugged, root, stick, uuid)
from vm import VM

SECTOR = 512
MIB = 1 << 20


def opened(machine, name, origin):
    check(re.search(rf"latchkey: {re.escape(name)} is open with {origin}\n", machine.text),
          f"{name} was not opened with {origin}", machine.text)


def put(image_path, offset, data):
    with open(image_path, "r+b") as f:
        f.seek(offset)
        f.write(data)


def get(image_path, offset, size):
    with open(image_path, "rb") as f:
        f.seek(offset)
        return f.read(size)


# --- many volumes ----------------------------------------------------------------------------------------------

KEYS, TYPED = 6, 2  # volumes that a key of their own opens, and those that the passphrase does
PARTITION_MIB = 2


class Part:
    """A volume in a partition of many(): its number, its name and PARTLABEL, its UUID, its PARTUUID, its key."""

    def __init__(self, number):
        self.name = f"v{number}"
        self.key = b"123" + secrets.token_bytes(40) + b"behind"
        self.partuuid = f"0f3c2a10-9b4e-4d2a-8c55-1b2c3d4e5f{number:02x}"
        self.uuid = f"5a1f0c7e-0000-4000-8000-0000000000{number:02x}"
        self.secret = self.key[3:43] if number < KEYS else PASSPHRASE.encode()
        self.image = new_file(self.name, PARTITION_MIB * MIB)
        secret = path(self.name + ".secret", self.secret)
        vm.run("cryptsetup", "luksFormat", "-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--luks2-keyslots-size",
               "256k", "--offset", "2048", "--key-slot", "1", "--uuid", self.uuid, "--key-file", secret, self.image)


@vm.once
def many():
    """A disk with a GPT and small volumes: the disk, and its volumes by name."""
    out = new_file("many", 20 * MIB)
    parts = [Part(n) for n in range(KEYS + TYPED)]
    lines = [f'size={PARTITION_MIB}MiB, name="{p.name}", uuid={p.partuuid}\n' for p in parts]
    lines.append('size=1MiB, name="rawkey"\n')
    subprocess.run(["sfdisk", "-q", out], input=("label: gpt\n" + "".join(lines)).encode(), check=True, stdout=subprocess.DEVNULL)
    for n, p in enumerate(parts):
        with open(p.image, "rb") as f:
            put(out, (1 + n * PARTITION_MIB) * MIB, f.read())
    put(out, (1 + len(parts) * PARTITION_MIB) * MIB, parts[2].key)
    return out, parts


@vm.once
def all_keys():
    """A vfat stick with the key of each volume, and a header of the fifth."""
    header = path("v4.header")
    if os.path.exists(header):
        os.unlink(header)
    vm.run("cryptsetup", "luksHeaderBackup", many()[1][4].image, "--header-backup-file", header)
    files = {f"keys/{p.name}.key": p.key for p in many()[1][:KEYS]}
    with open(header, "rb") as f:
        return stick("all", {**files, "keys/v4.header": f.read()})


def key_of(p, where=r"/dev/sd[a-z]"):
    return rf"the key /?keys/{p.name}\.key on {where}"


def dialects(name, words, files=(), disks=None):
    """Boot many() with a command line and files of the image: (where, text or bytes)."""
    options = []
    for where, content in files:
        text = path(name + where.replace("/", "-"), content.encode() if isinstance(content, str) else content)
        options += ["--add", f"{text}:{where}"]
    img = vm.make_image("sticks-" + name, *options, modules=MODULES)
    with VM("sticks-" + name, img, words, disks or [root(), many()[0]], args=SCSI + drive(all_keys()) + plugged()) as m:
        m.expect("Enter passphrase for ")
        m.send(PASSPHRASE + "\n")
        expect_root(m)
        return m


CUT = "keyfile-offset=3,keyfile-size=40"


def dialect_of_words():
    """one boot, seven volumes: latchkey.*, rd.luks.* of systemd and of dracut, luks.*, cryptdevice=, cryptopts=, latchkey.conf"""
    p = many()[1]
    words = (f"{ROOT} latchkey.volume=own,PARTLABEL={p[0].name},/keys/v0.key:LABEL=STICK,read-only,{CUT} "
             f"rd.luks.name={p[1].uuid}=sysd rd.luks.key={p[1].uuid}=/keys/v1.key:LABEL=STICK rd.luks.options={p[1].uuid}={CUT} "
             f"rd.luks.uuid=luks-{p[2].uuid} rd.luks.options={p[2].uuid}={CUT} rd.luks.key=/keys/v2.key:LABEL=STICK:UUID={p[2].uuid} "
             f"luks.uuid={p[3].uuid} luks.key={p[3].uuid}=/v3.key luks.data={p[3].uuid}=/dev/disk/by-partuuid/{p[3].partuuid} "
             f"cryptdevice=PARTUUID={p[4].partuuid}:arch:allow-discards,{CUT} cryptkey=LABEL=STICK:vfat:keys/v4.key "
             f"cryptopts=target=deb,source=UUID={p[5].uuid},key=LABEL=STICK:/keys/v5.key,keyscript=passdev,{CUT} "
             "root=/dev/mapper/root")
    m = dialects("words", words, [("/v3.key", p[3].secret), ("/etc/latchkey.conf", f"# the board\nvolume=board,UUID={p[6].uuid}\n")])
    for number, name in ((0, "own"), (1, "sysd"), (2, "luks-" + p[2].uuid), (4, "arch"), (5, "deb")):
        opened(m, name, key_of(p[number]))
    opened(m, "luks-" + p[3].uuid, "the key file /v3.key")
    for name in ("root", "board"):
        opened(m, name, "the passphrase")
    check("8 of 8 volumes opened" in m.text, "not all are open", m.text)


def dialect_of_systemd():
    """systemd's crypttab: keys on a stick, in a partition, in keys.d, a header on a stick; a token, and a line that is refused"""
    p = many()[1]
    table = (f"root /dev/vda - x-initrd.attach\n"
             f"s0 UUID={p[0].uuid} /keys/v0.key:LABEL=STICK x-initrd.attach,{CUT}\n"
             f"s2 PARTUUID={p[2].partuuid} /dev/disk/by-partlabel/rawkey x-initrd.attach,{CUT}\n"
             f"s3 /dev/disk/by-partlabel/v3 none x-initrd.attach,tpm2-device=auto\n"
             f"s4 PARTLABEL=v4 /keys/v4.key:LABEL=STICK x-initrd.attach,{CUT},header=/keys/v4.header:LABEL=STICK\n"
             f"s5 PARTLABEL=v5 /dev/urandom x-initrd.attach,swap\n"
             f"s6 UUID={p[6].uuid} none x-initrd.attach,password-echo=masked,tries=0\n"
             f"s7 UUID={p[7].uuid} none luks\n"
             "gone UUID=5a1f0c7e-0000-4000-8000-0000000000ff none x-initrd.attach,nofail,x-systemd.device-timeout=2\n")
    disk = new_file("headless-v4", 20 * MIB)  # the header of v4 is on the stick alone
    with open(many()[0], "rb") as f:
        put(disk, 0, f.read())
    put(disk, (1 + 4 * PARTITION_MIB) * MIB, bytes(32768))
    m = dialects("systemd", "root=/dev/mapper/root cryptdevice=/dev/disk/by-partlabel/v1:arch cryptkey=rootfs:/v1.key",
                 [("/etc/crypttab", table), ("/etc/cryptsetup-keys.d/s3.key", p[3].secret), ("/v1.key", p[1].secret)],
                 [root(), disk])
    opened(m, "arch", "the key file /v1.key")
    opened(m, "s0", key_of(p[0]))
    opened(m, "s2", r"the key at byte 3 of /dev/vdb9")
    opened(m, "s3", "the key file /etc/cryptsetup-keys.d/s3.key")
    opened(m, "s4", key_of(p[4]))
    check(re.search("s4: using the header /keys/v4.header on /dev/sd", m.text), "the header is not the stick's", m.text)
    for name in ("root", "s6"):
        opened(m, name, "the passphrase")
    check("/etc/crypttab:6: skipped: only LUKS is supported: swap" in m.text, "swap is not refused by name", m.text)
    check("/etc/crypttab:8: ignored: not marked for the initramfs: s7" in m.text, "s7 is not named", m.text)
    check(re.search("gone[^\n]*: UUID=5a1f0c7e", m.text), "the volume that is not there is not named", m.text)
    m.assert_no("s5 is open|s7 is open")
    check("7 of 8 volumes opened" in m.text, "not all are open", m.text)


def dialect_of_debian():
    """Debian's crypttab: passdev, decrypt_keyctl, a keyslot; another key script is named; also Alpine's cryptroot="""
    p = many()[1]
    table = (f"root UUID={uuid()} none luks,initramfs,tries=5\n"
             f"d0 UUID={p[0].uuid} LABEL=STICK:/keys/v0.key:10 luks,initramfs,keyscript=passdev,{CUT}\n"
             f"d3 PARTLABEL=v3 /etc/keys/d\\0403.key luks,initramfs,keyslot=1,discard,loud\n"
             f"d7 PARTLABEL=v7 none luks,initramfs,keyscript=/usr/local/bin/ask-me\n"
             f"d6 PARTUUID={p[6].partuuid} group luks,initramfs,keyscript=decrypt_keyctl\n")
    m = dialects("debian", "root=/dev/mapper/root cryptroot=PARTLABEL=v1 cryptdm=alpine cryptkey=/v1.key:3:40 cryptdiscards",
                 [("/etc/crypttab", table), ("/etc/keys/d 3.key", p[3].secret), ("/v1.key", p[1].key)])
    opened(m, "alpine", "the key file /v1.key")
    opened(m, "d0", key_of(p[0]))
    opened(m, "d3", "the key file /etc/keys/d 3.key")
    for name in ("root", "d6", "d7"):
        opened(m, name, "the passphrase")
    check("/etc/crypttab:4: ignored: key script, the passphrase is used: /usr/local/bin/ask-me" in m.text,
          "the key script is not named", m.text)
    check("6 of 6 volumes opened" in m.text, "not all are open", m.text)


# --- sticks that are not what they should be -------------------------------------------------------------------


def two_sticks():
    """two sticks are there at once, and one has a wrong key: the other one opens the root, whichever comes first"""
    wrong = stick("wrong", {f"latchkey/{uuid()}.key": b"no key of this volume"})
    for first, second in (("wrong", "right"), ("right", "wrong")):
        with VM(f"sticks-{first}-first", image(), ROOT, [root()],
                args=SCSI + drive(wrong, "wrong") + drive(auto_key(), "right") + plugged(first) + plugged(second)) as m:
            m.expect("root is open with the key latchkey/.* on /dev/sd.")
            expect_root(m)


def page_of_the_box():
    """the headless box of docs/first-boot.md: its words on the command line, its stick with the key and the header"""
    with open(os.path.join(vm.TOP, "docs", "first-boot.md"), encoding="utf-8") as f:
        words = re.findall(r"(?:latchkey\.|root=|panic=)\S*[^\s,]", " ".join(re.findall(r"^    # \d+\. .*latchkey\..*", f.read(), re.MULTILINE)))
    check(len(words) == 5, f"the page has {words}", "")
    header = path("page.header")
    if os.path.exists(header):
        os.unlink(header)
    vm.run("cryptsetup", "luksHeaderBackup", root(), "--header-backup-file", header)
    with open(header, "rb") as f:
        both = stick("page", {f"latchkey/{uuid()}.key": KEY, f"latchkey/{uuid()}.header": f.read()}, size_mib=40)
    with VM("sticks-page", image(), " ".join(words).replace("=UUID=UUID", "=UUID=" + uuid()), [root()],
            args=SCSI + drive(both) + plugged()) as m:
        m.expect("root is open with the key latchkey/.* on /dev/sd.")
        expect_root(m)
        m.assert_no("Enter passphrase")


ODD = "".join(f"write {{tree}}/{n} {n}\n" for n in ("large",)) + """mkdir folder
mknod fifo p
mknod zero c 1 5
mknod disk b 254 0
symlink out /etc/right.key
symlink up ../etc/right.key
symlink round round
"""


def odd_key_files():
    """a key file that is too large, a folder, a FIFO, a device, a link that leaves or goes round opens, or is not refused by name"""
    # The links that leave point to a file of the image that opens the root.
    files = {"large": bytes((8 << 20) + 1)}
    odd = new_file("odd.stick", 24 * MIB)
    vm.run("mke2fs", "-q", "-F", "-t", "ext4", "-L", "ODD", odd)
    vm.run("debugfs", "-w", "-f", path("odd.commands", ODD.format(tree=make_tree("odd", files)).encode()), odd)
    # Four keys can be named for each volume. What is named for root must not open it.
    refused = {"out": "is a link that leaves the device", "up": "is a link that leaves the device", "round": "Symbolic link loop", "folder": "is not a regular file",
               "large": "has 8388609 bytes, at most 8388608 are allowed", "fifo": "is not a regular file",
               "zero": "Permission denied", "disk": "Permission denied"}
    names = list(refused)
    volumes = ("root,/dev/vda", names[:4]), ("v6,PARTLABEL=v6", names[4:8]), ("v7,PARTLABEL=v7", names[8:])
    words = " ".join(f"latchkey.volume={volume},none," + ",".join(f"key=/{n}:LABEL=ODD" for n in keys) for volume, keys in volumes)
    with VM("sticks-odd", image_with("odd", KEY, "/etc/right.key"), words + " root=/dev/mapper/root",
            [root(), many()[0]], args=SCSI + drive(odd) + plugged()) as m:
        for name, why in refused.items():
            m.seen = 0  # they come in any order
            m.expect(rf"the key /{name} on /dev/sda: /{name}: /dev/sda: {why}")
        m.seen = 0
        answer(m, prompt=r"Enter passphrase for root \(/dev/vda\), .*: ")
        m.expect("3 of 3 volumes opened")
        expect_root(m)


def damaged_ext4():
    """Two: group descriptors of noise, and a root directory that is none."""
    for name, block in (("descriptors", 2), ("inodes", None)):
        out = stick(name, {f"latchkey/{uuid()}.key": KEY}, label=name.upper(), kind="ext4")
        size = 1024 << struct.unpack("<I", get(out, 1048, 4))[0]
        if block is None:  # the root's inode is the second of the first table
            table = struct.unpack("<I", get(out, 2 * 1024 + 8 if size == 1024 else size + 8, 4))[0] * size
            inode = struct.unpack("<H", get(out, 1024 + 88, 2))[0]
            put(out, table + inode, bytes(inode))
        else:
            put(out, 2 * 1024 if size == 1024 else size, b"\xff" * size)
        yield out


def damaged_vfat():
    """Two: tables of which a file's chain is lost, and a folder of noise."""
    for name in ("tables", "folder"):
        out = stick(name, {f"latchkey/{uuid()}.key": secrets.token_bytes(40000)}, label=name.upper())
        reserved, count, entries, _, _, size = struct.unpack("<HBHHBH", get(out, 14, 10))
        if name == "tables":
            put(out, reserved * SECTOR + 4, bytes(count * size * SECTOR - 4))
        else:  # behind the root directory, the first cluster is the folder's
            put(out, (reserved + count * size) * SECTOR + entries * 32, secrets.token_bytes(2048))
        yield out


def hostile_mbr():
    """Logical partitions in a circle, one of no length, and one behind the end."""
    out = new_file("mbr.stick", 8 * MIB)
    script = "label: dos\nsize=1MiB\nsize=1MiB\nsize=4MiB, type=5\nsize=1MiB\nsize=1MiB\n"
    subprocess.run(["sfdisk", "-q", out], input=script.encode(), check=True, stdout=subprocess.DEVNULL)
    extended = struct.unpack("<I", get(out, 446 + 2 * 16 + 8, 4))[0]
    put(out, extended * SECTOR + 446 + 16, struct.pack("<4xB3xII", 5, 0, 4096))
    put(out, 446 + 12, bytes(4))
    put(out, 446 + 16 + 8, struct.pack("<II", 0xfffffff0, 0xffffffff))
    return out


def hostile_gpt():
    """Sealed with the right sums: partitions over each other, of no length, backwards, and behind the end."""
    out = new_file("gpt.stick", 8 * MIB)
    subprocess.run(["sfdisk", "-q", out], input=b"label: gpt\nsize=1MiB\nsize=1MiB\nsize=1MiB\nsize=1MiB\n", check=True,
                   stdout=subprocess.DEVNULL)
    sectors = os.path.getsize(out) // SECTOR
    for header in (SECTOR, (sectors - 1) * SECTOR):
        table = struct.unpack("<Q", get(out, header + 72, 8))[0] * SECTOR
        for n, (first, last) in enumerate(((2048, 8191), (4096, 4095), (6000, 5000), (8192, 1 << 60))):
            put(out, table + n * 128 + 32, struct.pack("<QQ", first, last))
        put(out, header + 88, struct.pack("<I", zlib.crc32(get(out, table, 128 * 128))))
        put(out, header + 16, bytes(4))
        put(out, header + 16, struct.pack("<I", zlib.crc32(get(out, header, 92))))
    return out


def damaged_sticks():
    """damaged ext4 and vfat, partition tables that lie: each is refused with a message or ignored, and the prompt works"""
    bad = [*damaged_ext4(), *damaged_vfat(), hostile_mbr(), hostile_gpt()]
    args = SCSI + [word for n, out in enumerate(bad) for word in drive(out, f"bad{n}") + plugged(f"bad{n}")]
    # A volume by its PARTLABEL, so that every table is read.
    words = "latchkey.volume=root,/dev/vda latchkey.volume=v6,PARTLABEL=v6 latchkey.stick=any root=/dev/mapper/root"
    with VM("sticks-damaged", image(), words, [root(), many()[0]], args=args) as m:
        m.expect(r"Enter passphrase for root \(/dev/vda\), v6: ")
        said = m.quiet(4)
        for why in ("ext4 is not mounted: Data", "ext4 is not mounted: error 74", "a file is shorter than its directory says"):
            check(re.search(f"the key latchkey/{uuid()}.key on /dev/sd.: .*{why}", m.text), f"not said: {why}", m.text)
        check(len(said) < 4000, "the messages do not end", m.text)
        m.send(PASSPHRASE + "\n")
        m.expect("2 of 2 volumes opened")
        expect_root(m)


def stick_that_hangs():
    """a stick that stops responding while its key is read is given up with a message, and the prompt works"""
    slow = stick("slow", {f"latchkey/{uuid()}.key": secrets.token_bytes(8 << 20)}, size_mib=24, kind="ext4")  # zeroes would be a hole
    with VM("sticks-hangs", image(), f"{ROOT} latchkey.stick=any", [root()], args=SCSI + drive(slow, more=",throttling.bps-read=500000")) as m:
        m.expect(PROMPT)
        plug(m)
        m.quiet(3)
        said = m.monitor("block_set_io_throttle stick 0 1 0 0 0 0")
        check("rror" not in said, said, m.text)
        m.expect("not read within 15 s; giving up", timeout=40)
        m.quiet(1)
        check(m.text.endswith("(/dev/vda): "), "no prompt is shown", m.text)
        m.send(PASSPHRASE + "\n")
        m.expect("root: witness " + WITNESS)


def stick_that_never_answers():
    """a stick of which not even the first sector comes does not keep the passphrase from opening the root"""
    with VM("sticks-never", image(), ROOT, [root()], args=SCSI + drive(auto_key(), more=",throttling.bps-read=1")) as m:
        m.expect(PROMPT)
        plug(m)
        m.quiet(3)
        m.send(PASSPHRASE + "\n")
        m.expect("root: witness " + WITNESS)


# --- other filesystems -----------------------------------------------------------------------------------------


def utf16(text):
    return text.encode("utf-16-le")


def exfat_sum(data, skipped=()):
    total = 0
    for at, byte in enumerate(data):
        if at not in skipped:
            total = ((total << 15 | total >> 1) + byte) & 0xffff
    return total


def exfat(name, content):
    """An exFAT with one file in its root, which mkfs.exfat cannot make: its set of entries, and its cluster in the bitmap."""
    out = new_file("exfat.stick", 8 * MIB)
    vm.run("mkfs.exfat", "-L", "EXFAT", out)
    _, _, heap, _, top = struct.unpack("<5I", get(out, 80, 20))
    sector, cluster = 1 << get(out, 108, 1)[0], 1 << sum(get(out, 108, 2))

    def place(number):
        return heap * sector + (number - 2) * cluster

    free = top + 20
    put(out, place(free), content)
    rows = [get(out, place(top) + at, 32) for at in range(0, 1024, 32)]
    bitmap = next(row for row in rows if row[0] == 0x81)
    at = place(struct.unpack("<I", bitmap[20:24])[0]) + (free - 2) // 8
    put(out, at, bytes([get(out, at, 1)[0] | 1 << (free - 2) % 8]))
    entries = bytearray(96)
    entries[:16] = struct.pack("<BBHHHII", 0x85, 2, 0, 0x20, 0, 0x00210000, 0x00210000)
    entries[16:20] = struct.pack("<I", 0x00210000)
    entries[32:64] = struct.pack("<BBBBHHQIIQ", 0xc0, 3, 0, len(name), exfat_sum(utf16(name.upper())), 0, len(content), 0, free,
                                 len(content))
    entries[64:66] = b"\xc1\0"
    entries[66:66 + 2 * len(name)] = utf16(name)
    entries[2:4] = struct.pack("<H", exfat_sum(entries, (2, 3)))
    put(out, place(top) + 32 * next(n for n, row in enumerate(rows) if not row[0]), bytes(entries))
    return out


def udf(content):
    """A UDF without the ISO 9660 that genisoimage puts in front: the volume recognition sequence moves to its place."""
    out = path("udf.stick")
    vm.run("genisoimage", "-quiet", "-udf", "-V", "UDF", "-o", out, make_tree("udf", {"v5.key": content}))
    for sector, name in enumerate((b"BEA01", b"NSR02", b"TEA01", b"")):
        put(out, (16 + sector) * 2048, (b"\0" + name + b"\1").ljust(2048, b"\0") if name else bytes(4 * 2048))
    return out


def other_filesystems():
    """keys on exFAT, squashfs, ISO 9660, ext2, EROFS and UDF sticks at once, and on one that only the kernel knows, each for its volume"""
    p = many()[1]
    squashfs, iso, erofs, romfs = new_file("squashfs.stick", 0), path("iso.stick"), path("erofs.stick"), path("romfs.stick")
    os.unlink(squashfs)
    vm.run("mksquashfs", make_tree("squashfs", {"v1.key": p[1].secret}), squashfs, "-quiet", "-no-progress", "-noappend")
    vm.run("xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", "ISO", "-o", iso, make_tree("iso", {"v2.key": p[2].secret}))
    vm.run("mkfs.erofs", "-U", p[4].uuid[:-1] + "f", erofs, make_tree("erofs", {"v4.key": p[4].secret}))
    vm.run("genromfs", "-f", romfs, "-d", make_tree("romfs", {"v6.key": PASSPHRASE.encode()}))
    sticks = [exfat("v0.key", p[0].secret), squashfs, iso, stick("ext2", {"v3.key": p[3].secret}, label="EXT2", kind="ext2"), erofs,
              udf(p[5].secret), romfs]
    ids = {squashfs: "0x5000c500a1b2c3d4", romfs: "0x5000c500a1b2c3d5"}  # these two have no name of their own
    args = SCSI + [word for n, out in enumerate(sticks) for word in drive(out, f"fs{n}") + plugged(
        f"fs{n}", f"scsi-hd,wwn={ids[out]}" if out in ids else "scsi-hd")]
    img = vm.make_image("sticks-filesystems", modules=MODULES + " exfat squashfs isofs erofs udf romfs loop")
    keys = ("LABEL=EXFAT", f"/dev/disk/by-id/wwn-{ids[squashfs]}", "LABEL=ISO", "LABEL=EXT2", f"UUID={p[4].uuid[:-1]}f", "LABEL=UDF",
            f"/dev/disk/by-id/wwn-{ids[romfs]}")
    words = " ".join(f"latchkey.volume=v{n},UUID={p[n].uuid},/v{n}.key:{where},no-stick" for n, where in enumerate(keys))
    with VM("sticks-filesystems", img, f"{words} latchkey.volume=root,/dev/vda root=/dev/mapper/root", [root(), many()[0]],
            args=args) as m:
        m.expect("Enter passphrase")
        for n in range(7):  # all of them before the passphrase, which is that of v6, too
            m.seen = 0
            m.expect(f"latchkey: v{n} is open with the key /v{n}.key on /dev/sd.\n")
        m.send(PASSPHRASE + "\n")
        m.expect("8 of 8 volumes opened")
        expect_root(m)


def disk_filesystems():
    """keys on XFS, btrfs and F2FS, of a kernel with their drivers; NTFS, which that kernel has none for, is named"""
    p = many()[1]
    xfs, btrfs, f2fs, ntfs = new_file("xfs.stick", 320 * MIB), new_file("btrfs.stick", 128 * MIB), new_file("f2fs.stick", 64 * MIB), \
        new_file("ntfs.stick", 8 * MIB)
    tree = make_tree("xfs", {"v0.key": p[0].secret})
    proto = path("proto", f"/\n0 0\nd--755 0 0\nv0.key ---644 0 0 {tree}/v0.key\n$\n".encode())
    vm.run("mkfs.xfs", "-q", "-L", "XFS", "-p", proto, xfs)
    vm.run("mkfs.btrfs", "-q", "-L", "BTRFS", "--rootdir", make_tree("btrfs", {"v1.key": p[1].secret}), btrfs)
    vm.run("mkfs.f2fs", "-q", "-l", "F2FS", f2fs)
    vm.run("sload.f2fs", "-f", make_tree("f2fs", {"v2.key": p[2].secret}), f2fs)
    vm.run("mkntfs", "-q", "-F", "-L", "NTFS", ntfs)
    sticks = {"xfs": xfs, "btrfs": btrfs, "f2fs": f2fs, "ntfs": ntfs}
    args = SCSI + [word for name, out in sticks.items() for word in drive(out, name) + plugged(name)]
    img = vm.make_image("sticks-disk-filesystems", **FULL,
                        modules=MODULES + " xfs btrfs f2fs loop crc32c_generic? crc32_generic? crc32c_intel?")
    words = " ".join(f"latchkey.volume=v{n},UUID={p[n].uuid},/v{n}.key:LABEL={name.upper()},no-stick,nofail"
                     for n, name in enumerate(sticks))
    with VM("sticks-disk-filesystems", img, f"{words} latchkey.volume=root,/dev/vda root=/dev/mapper/root", [root(), many()[0]],
            args=args, memory=512, **FULL) as m:
        m.expect("Enter passphrase")
        m.expect("the key /v3.key on /dev/sd.: /dev/sd.: this kernel cannot read ntfs here")
        for n in range(3):
            m.seen = 0
            m.expect(f"v{n} is open with the key /v{n}.key on /dev/sd.")
        m.send(PASSPHRASE + "\n")
        expect_root(m)


def awaited_sticks():
    """key devices that are named and absent, ambiguous or without a filesystem are each reported once at the prompt"""
    twins = [stick(f"twin{n}", {"root.key": b"no key"}, label="TWIN") for n in range(2)]
    blank = new_file("blank.stick", 4 * MIB)
    sticks = {"twin0": twins[0], "twin1": twins[1], "blank": blank}
    args = SCSI + [word for name, out in sticks.items() for word in drive(out, name) + plugged(
        name, "scsi-hd,wwn=0x5000c500a1b2c3d6" if out == blank else "scsi-hd")]
    p = many()[1]
    table = (f"root UUID={uuid()} /root.key:LABEL=ABSENT luks\n"
             f"v0 UUID={p[0].uuid} /v0.key:LABEL=ABSENT luks\n"
             f"v1 UUID={p[1].uuid} /dev/disk/by-id/nothing luks,headless\n"
             f"v2 UUID={p[2].uuid} /root.key:LABEL=TWIN luks\n"
             f"v3 UUID={p[3].uuid} /root.key:/dev/disk/by-id/wwn-0x5000c500a1b2c3d6 luks\n")
    with VM("sticks-awaited", image_with("awaited", table, "/etc/crypttab"), "root=UUID=" + uuid(), [root(), many()[0]], args=args) as m:
        m.expect("Enter passphrase for ")
        m.quiet(8)
        for line in ("waiting for the key stick LABEL=ABSENT; or type the passphrase", "waiting for the key device /dev/disk/by-id/nothing",
                     "waiting for the key stick LABEL=TWIN: is on two devices, /dev/sd. and /dev/sd.; unplug one, or name one by its path; or type the passphrase",
                     "the key /root.key on /dev/sd.: /dev/sd.: no filesystem found"):
            check(len(re.findall(f"latchkey: {line}\n", m.text.replace("\r", ""))) == 1, f"not said once: {line}", m.text)


def late_devices():
    """key devices that are there and cannot be opened yet are each reported once, tried again, and used when they are ready"""
    p = many()[1]
    header = path("late.header")
    if os.path.exists(header):
        os.unlink(header)
    vm.run("cryptsetup", "luksHeaderBackup", p[4].image, "--header-backup-file", header)
    with open(header, "rb") as f:
        headers = stick("late-header", {"h": f.read(), "v4.key": p[4].secret})
    sticks = {"raw": path("late.raw", p[0].secret + bytes((1 << 20) - len(p[0].secret))),
              "ext4": stick("late-ext4", {"v1.key": p[1].secret}, kind="ext4"), "vfat": headers}
    args = SCSI + drive(path("late.go", bytes(1 << 20)), "go")
    ids = {}
    for n, (name, out) in enumerate(sticks.items()):
        ids[name] = f"/dev/disk/by-id/wwn-0x5000c500a1b2c3e{n}"
        args += drive(out, name) + plugged(name, f"scsi-hd,wwn=0x5000c500a1b2c3e{n}")
    table = (f"v0 UUID={p[0].uuid} {ids['raw']} luks,x-initrd.attach,keyfile-size=40\n"
             f"v1 UUID={p[1].uuid} /v1.key:{ids['ext4']} luks,x-initrd.attach\n"
             f"v4 UUID={p[4].uuid} /v4.key:{ids['vfat']} luks,x-initrd.attach,header=/h:{ids['vfat']}\n"
             f"root UUID={uuid()} none luks,x-initrd.attach\n")
    img = vm.make_image("sticks-late", "--add", f"{path('late.text', table.encode())}:/etc/crypttab",
                        "--add", f"{vm.LATCHKEY}:/bin/latchkey.real:0755", latchkey=vm.compile_static("late_latchkey"), modules=MODULES)
    with VM("sticks-late", img, "root=/dev/mapper/root", [root(), many()[0]], args=args) as m:
        m.expect("Enter passphrase for ")
        m.quiet(7)
        for what in ("key at byte 0 of", "key /v1.key on", "header /h on"):
            check(m.count(f"latchkey: the {what} /dev/sd.: .*cannot be opened: No such device or address") == 1, f"not said once: {what}",
                  m.text)
        plug(m, "go")
        for opened_with in ("v0 is open with the key at byte 0 of /dev/sd.", "v1 is open with the key /v1.key on /dev/sd.",
                            "v4 is open with the key /v4.key on /dev/sd."):
            m.seen = 0
            m.expect(opened_with)
        check(m.count("latchkey: v. is open") == 3 and m.count("No such device or address") == 3, "said twice", m.text)
        m.send(PASSPHRASE + "\n")
        expect_root(m)


# --- what people see -------------------------------------------------------------------------------------------


def screen(machine):
    """The lines of the screen, which is in text mode."""
    said = machine.monitor("xp /4000xb 0xb8000")
    cells = bytes(int(byte, 16) for line in re.findall(r"^[0-9a-f]+: (.*)$", said.replace("\r", ""), re.MULTILINE)
                  for byte in line.split())
    text = cells[::2].decode("cp437")
    return "\n".join(text[at:at + 80].rstrip() for at in range(0, len(text), 80))


def on_screen(machine, text):
    for _ in range(40):
        shown = screen(machine)
        if text in shown:
            return
        machine.quiet(0.25)
    check(False, f"the screen does not show {text!r} but\n{shown}", machine.text)


def screen_and_serial():
    """the screen shows the prompt and what became of it, answered on the serial line; and the reverse, on one machine"""
    later = vm.make_disk("sticks-later", "--passphrase", "another one", "--memory", "8192")  # its prompt keeps the machine here
    words = f"console=tty0 console=ttyS0 {ROOT} latchkey.volume=later,/dev/vdb,none,nofail,timeout=20"
    prompt = r"Enter passphrase for root \(/dev/vda\), later: "
    with VM("sticks-screen", image(), words, [root(), later], args=["-vga", "std"]) as m:
        m.expect(prompt)
        on_screen(m, "Enter passphrase for root (/dev/vda), later:")
        for key in "wrong":
            m.monitor("sendkey " + key)
        m.monitor("sendkey ret")
        m.expect("wrong passphrase or key")
        m.expect(prompt)
        on_screen(m, "wrong passphrase or key")
        m.send(PASSPHRASE + "\n")
        m.expect("root is open with the passphrase")
        on_screen(m, "root is open with the passphrase")
        check("wrong" not in re.sub("wrong passphrase", "", m.text + screen(m)), "what was typed shows", m.text)
        expect_root(m)


# --- memory ----------------------------------------------------------------------------------------------------

LITTLE = 128  # MiB of the machine; about half of it is free
MORE, TOO_MUCH = 72, 112  # MiB of Argon2: more than is free, and more than there can be


@vm.once
def hungry(mib):
    """A root that PASSPHRASE opens twice: keyslot 0 wants so much memory, keyslot 1 next to nothing."""
    return vm.make_disk(f"sticks-hungry{mib}", "--init", vm.compile_static("root_init"), "--passphrase", PASSPHRASE, "--key-file",
                        path("cheap", PASSPHRASE.encode()), "--memory", str(mib << 10), "--time", "4", "--witness", WITNESS)


def needs(mib):
    return rf"keyslot 0: needs {mib} MiB of memory for argon2id, \d+ MiB are free"


def little_memory():
    """a keyslot that does not fit in memory is named with the numbers, and the next one opens; a wrong passphrase is asked again"""
    with VM("sticks-memory", image(), ROOT, [hungry(MORE)], memory=LITTLE) as m:
        answer(m, "not the one")
        m.expect("wrong passphrase or key: .*1 tried, 1 skipped: " + needs(MORE))
        answer(m)
        m.expect("skipped: " + needs(MORE))
        m.expect("root is open with the passphrase")
        expect_root(m)


def swapping(name, mib, modules="", disk_mib=0):
    """For VM(): a machine with little memory that swaps to zram or to a disk."""
    img = vm.make_image("sticks-" + name, "--add", f"{vm.LATCHKEY}:/bin/latchkey.real:0755",
                        latchkey=vm.compile_static("swap_latchkey"), modules=MODULES + modules)
    disks = [hungry(mib)]
    if disk_mib:
        disks.append(new_file("swap", disk_mib * MIB))
        vm.run("mkswap", disks[1])
    return VM("sticks-" + name, img, ROOT + (" latchkey.options=allow-swap" if disk_mib else ""), disks, memory=LITTLE)


def swap():
    """with a disk to swap to, a keyslot that does not fit in memory alone is tried"""
    with swapping("swap", MORE, disk_mib=128) as m:
        answer(m)
        m.expect(r"Deriving the key for root: ([1-9]|1\d|[2-9]\d) %")  # the rest takes a minute
        m.assert_no("swapon:|needs|skipped")


def zram():
    """memory that swaps to itself (zram) cannot hold incompressible data: the keyslot is skipped, no process is killed"""
    with swapping("zram", TOO_MUCH, modules=" lzo_rle zram") as m:
        answer(m)
        m.expect("skipped: " + needs(TOO_MUCH))
        m.expect("root is open with the passphrase")
        expect_root(m)
        m.assert_no("zram0:|[Oo]ut of memory|was killed")


if __name__ == "__main__":
    sys.exit(vm.suite([
        stick_that_hangs, dialect_of_words, dialect_of_systemd, dialect_of_debian, two_sticks, page_of_the_box, odd_key_files, damaged_sticks,
        stick_that_never_answers, other_filesystems, disk_filesystems, awaited_sticks, late_devices, screen_and_serial, little_memory, swap, zram,
    ]))
