# SPDX-License-Identifier: MIT
"""tests/fuzz/machines.py FOLDER - seeds of fuzz_devices: machines with disks, and a question to each (see fuzz_machine.h and
fuzz_devices.c). Called by tests/fuzz/run."""
import os
import struct
import sys
import zlib

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
UUID = "12345678-0f2c-4c47-9a53-7c1de0c58b21"
LUKS2 = b"\xba\xbe" + struct.pack(">HQQ", 2, 16384, 3) + b"root".ljust(48, b"\0") + b"sha256"
SIZE = 4096  # sectors of a disk


def escape(data):
    return "".join(chr(b) if 0x21 <= b < 0x7F and b != 0x5C else f"\\x{b:02x}" for b in data)


def at(name, off, data):
    return f"{name} ={off} {escape(data)}"


def disk(name, number, bus="ata1/"):
    return [f"{name} size {SIZE}", f"{name} dev {number}", f"{name} @ ../../devices/pci/{bus}block/{name}"]


def part(name, parent, number, n, start=64):
    return [f"{name} size 2048", f"{name} dev {number}", f"{name} partition {n}", f"{name} start {start}", f"{name} @ ../../block/{parent}/{name}"]


def luks2(name):
    return [at(name, 0, b"LUKS" + LUKS2), at(name, 168, UUID.encode())]


def ext4(name):
    return [at(name, 1080, b"\x53\xef"), at(name, 1116, b"\4"), at(name, 1120, struct.pack("<II", 0x40, 1)), at(name, 1128, bytes.fromhex(UUID.replace("-", ""))), at(name, 1144, b"root")]


def mbr(name):
    return [at(name, 440, struct.pack("<I", 0xDEADBEEF)), at(name, 446, struct.pack("<B3sB3sII", 0, bytes(3), 0x83, bytes(3), 64, 2048)), at(name, 510, b"\x55\xaa")]


def gpt(name, sector=512):
    u = bytes.fromhex(UUID.replace("-", ""))
    entry = bytes.fromhex("0fc63daf848347728e793d69d8477de4") + u[3::-1] + u[5:3:-1] + u[7:5:-1] + u[8:] + struct.pack("<QQQ", 64, 2111, 0) + "root".encode("utf-16le")
    table = zlib.crc32(entry.ljust(512, b"\0"))

    def header(crc):
        return b"EFI PART" + struct.pack("<IIIIQQQQ16sQIII", 0x10000, 92, crc, 0, 1, SIZE - 1, 34, 4000, bytes(16), 2, 4, 128, table)

    return [at(name, 450, b"\xee"), at(name, 510, b"\x55\xaa"), at(name, sector, header(zlib.crc32(header(0)))), at(name, 2 * sector, entry)]


def pieces(name, path, at_end=False):
    """A device of fuzz_pieces.h."""
    with open(os.path.join(CORPUS, path), "rb") as file:
        data = file.read()
    size, data, lines = int.from_bytes(data[:2], "big") * 16 or 1 << 20, data[2:], []
    while len(data) > 4:
        off, length = int.from_bytes(data[:3], "big") + (SIZE * 512 - size if at_end else 0), data[3]
        lines.append(at(name, off, data[4:4 + length]))
        data = data[4 + length:]
    return lines


def fails(call, number, errno):
    return f"! {call} {number} {errno}"


SDA, SDB, SDC = disk("sda", "8:0"), disk("sdb", "8:16"), disk("sdc", "8:32")
USB = disk("sda", "8:0", "usb1/")
TWO = SDA + part("sda1", "sda", "8:1", 1) + luks2("sda1") + disk("sdb", "8:16", "usb1/")
DM = disk("dm-0", "253:0")
MD, MD_AT_END = "mark/linux_raid_member-1.2", "mark/linux_raid_member-0.90"
MARKED = pieces("sda", MD_AT_END, True)
FIRMWARE = pieces("sda", "mark/isw_raid_member", True)
LINK = f"/dev/disk/by-uuid/{UUID}"
PAGE = bytes([0, 0x83, 0, 0x50, 1, 0, 0, 4]) + b"abcd" + bytes([2, 1, 0, 68]) + b"ATA     " + b"A MODEL".ljust(40) + b"SERIAL 1".rjust(20)
VPD = "sda device/vpd_pg83 " + escape(PAGE)
FILE, LOOP = ["/root/image kind file", f"/root/image size {SIZE}"], disk("loop0", "7:0")
EXT4 = disk("sdb", "8:16", "usb1/") + ext4("sdb") + ["KEY.BIN file secret", "d kind folder", "empty file ", "big file " + 5000 * "y"]


def usb(*attributes):
    return USB + ["sda device ../../host0/target/2:0:0:0"] + ["sda device/" + a for a in attributes]


def wwids(attribute, *names):
    return [f"{name} {attribute} naa.500" for name in names]


def finds():
    for spec in (f"UUID={UUID}", f"UUID={UUID.upper()}", 'UUID="1234*"', "LABEL=root", "LABEL=none", "UUID=", 'LABEL="root', 'LABEL="', "LABEL=" + 400 * "x",
                 "/dev/disk/by-label/ro\\x5cx6ft", "/dev/disk/by-label/a\\x5cx20b\\x5cx0g\\x5cxZ\\x5c", LINK, "/" + 300 * "x"):
        yield spec, TWO
    yield LINK, [f"{LINK} node sda1"] + TWO
    yield LINK, [f"{LINK} node sdc"] + TWO + SDC + pieces("sdc", MD)
    yield f"UUID={UUID}", TWO + luks2("sdb") + SDC + luks2("sdc") + ["sdc removable 1"] + disk("sdd", "8:48") + luks2("sdd")
    yield f"UUID={UUID}", SDA + luks2("sda") + SDB + luks2("sdb") + SDC + luks2("sdc")
    for attribute in ("device/wwid", "wwid"):
        yield f"UUID={UUID}", SDA + luks2("sda") + SDB + luks2("sdb") + wwids(attribute, "sda", "sdb")
        yield f"UUID={UUID}", TWO + SDB + part("sdb1", "sdb", "8:17", 1) + luks2("sdb1") + wwids(attribute, "sda", "sdb")
    yield f"UUID={UUID}", TWO + ["sda1 holders dm-0/md0", "dm-0 slaves sda1"] + DM
    yield f"UUID={UUID}", disk("mmcblk0", "179:0", "mmc0/") + luks2("mmcblk0")
    yield "LABEL=root", SDA + luks2("sda") + pieces("sda", "mark/LVM1_member")
    yield "LABEL=root", SDA + luks2("sda") + MARKED + SDB + luks2("sdb") + pieces("sdb", MD_AT_END, True)
    yield "LABEL=root", TWO + MARKED
    for spec in (f"UUID={UUID}", "LABEL=root"):
        yield spec, SDA + [at("sda", 16384, b"SKUL" + LUKS2), at("sda", 16552, UUID.encode())]
    for spec in ("deadbeef-01", "deadbeef-01/PARTNROFF=1", "deadbeef-01/PARTNROFF=x", "deadbeef-01/PARTNROFF=256"):
        yield f"PARTUUID={spec}", TWO + mbr("sda") + part("sda2", "sda", "8:2", 2, 4000)
    for spec in (f"PARTUUID={UUID}", "PARTLABEL=root", "PARTLABEL=ro*"):
        yield spec, TWO + gpt("sda")
    yield f"PARTUUID={UUID}", TWO + gpt("sda", 4096) + ["sda queue/logical_block_size 4096"]
    yield "SERIAL=S1", TWO + ["sda serial S1x"]
    yield "SERIAL=S1*", TWO + ["sda device/serial S1x"]
    yield "SERIAL=S1", SDA + ext4("sda") + ["sda serial S1"]
    yield "SERIAL=SERIAL_1", TWO + [VPD]
    yield "ID=virtio-S1-part1", TWO + ["sda serial S1"]
    yield "UUID=1", ["! sys 1"]


def ids():
    usb_3 = ("bInterfaceClass ", "../bInterfaceClass 08", "../bInterfaceSubClass 06", "vendor Kingston", "model Data  ", "../../serial S1")
    yield "usb-Kingston_Data_S1-0:0", usb(*usb_3)
    yield "usb-0951_1666-0:0", usb("bInterfaceClass ff", "../idVendor 0951", "../idProduct 1666")
    for serial in ("a,b", "a\\x80", "a\\x02"):
        for kind in ("02", "06", "50"):
            yield "usb-K_D-0:0", usb("bInterfaceClass 08", f"bInterfaceSubClass {kind}", "../manufacturer K", "../product D", "../serial " + serial)
    for spec in ("wwn-0x5000", "scsi-35000"):
        yield spec, SDA + ["sda device/wwid naa.5000"]
    for spec in ("nvme-M_S_1", "nvme-M-S"):
        yield spec, disk("nvme0n1", "259:0") + ["nvme0n1 device/model M", "nvme0n1 device/serial S", "nvme0n1 nsid 1", "nvme0n1 wwid x"]
    yield "ata-A_MODEL_SERIAL_1", SDA + [VPD]
    yield "ata-A_MODEL_SERIAL_1", SDA + [VPD + 600 * "z"]
    yield "dm-name-root", DM + ["dm-0 dm/name root", "dm-0 dm/uuid CRYPT"]
    yield 600 * "x", SDA


def opens():
    yield "/dev/sda", SDA + ["sda ro 1"]
    yield "/dev/sda", ["sda size 0"]
    yield "/dev/sdz", []
    yield "/x" * 200, []
    for watch in (1, 7):
        yield "/dev/sda1", [f"! watch {watch}"] + TWO
    for kind in ("file", "folder", "pipe"):
        for errno in (13, 30):
            yield "/root/image", [f"/root/image kind {kind}", "/root/image size 100", fails("access", 1, errno)]
    for disc in range(1, 5):
        yield "/dev/sr0", disk("sr0", "11:0") + [f"sr0 disc {disc}"]
    for call in ("ioctl 1 5", "ioctl 2 25", "fstat 1 5", "open 2 16", "open 2 2", "open 2 5", "pread 1 4", "pread 1 5", "pread 1 0", "readlink 1 2"):
        yield "/dev/sda1", ["! " + call] + TWO
    yield "/dev/sda1", TWO + MARKED
    yield "/dev/sda1", TWO + pieces("sda1", MD)
    yield "/dev/sda1", TWO + FIRMWARE
    yield "/dev/sda", SDA + FIRMWARE
    yield "/dev/sda", ["sda1 start 0", "sda1 size 9000"] + TWO + MARKED
    for path in ("/a\\x1b\\x0a", "/-x\\x20y", "-x", "/" + 90 * "x"):
        yield path, [f"{path} kind file", f"{path} size {SIZE}"] + pieces(path, MD)


def loops():
    yield "/root/image", FILE + LOOP
    yield "/root/image", ["! rw 1"] + FILE + LOOP
    yield "/root/image", ["! rw 1", "! open 2 30"] + FILE + LOOP
    for call in ("open 2 2", "open 3 2", "open 4 5", "open 5 5", "ioctl 1 6", "ioctl 2 22", "ioctl 2 25", "ioctl 2 16", "ioctl 2 5", "ioctl 3 16"):
        yield "/root/image", ["! " + call] + FILE + LOOP
    for call in ("ioctl 4 16", "ioctl 3 5"):
        yield "/root/image", ["! ioctl 2 22", "! " + call] + FILE + LOOP


def others():
    yield "walk ", TWO + DM + ["dm-0 dm/suspended 1", "fd0 size 8", "fdx size 8", "f9 size 0", "loop0 size 0", 200 * "a" + " size 8"] + disk("cciss!c0d0", "104:0")
    yield "walk ", ["! sys 1"]
    yield f"called UUID={UUID}", SDA + luks2("sda")
    yield "called LABEL=other", SDA + luks2("sda")
    yield "called PARTUUID=1", SDA
    yield "called /dev/sda", SDA
    yield "shared /dev/dm-0", TWO + DM + ["dm-0 slaves sda1/sdb", "/boot dev 8:1", "sda1 ../dev 8:0"]
    yield "shared /dev/dm-0", DM + ["dm-0 slaves dm-0", "/boot dev 8:1"]
    yield "shared /dev/dm-0", DM + ["dm-0 slaves " + "/".join(20 * ["sda"])] + SDA
    yield "shared /root/image", FILE + TWO + part("sda2", "sda", "8:2", 2) + ["/root/image dev 8:1", "/boot dev 8:2", "sda1 ../dev 8:0\\x0a", "sda2 ../dev 8:0\\x0a"]
    yield "shared /dev/sda", TWO + ["/boot dev 8:0", fails("fstat", 2, 5)]
    yield "shared " + "/x" * 200, []
    yield "event ", ["uevent 0 add@/x\\x00SUBSYSTEM=block\\x00SEQNUM=1", "uevent 0 add@/x\\x00SUBSYSTEM=usb", "uevent 7 add@/x\\x00SUBSYSTEM=block"]
    yield "event ", [fails("recvfrom", 1, 105), fails("recvfrom", 2, 4)]
    yield "event ", [fails("socket", 1, 1)]
    yield "event ", [fails("bind", 1, 1)]


def sticks():
    fat = disk("sdb", "8:16", "usb1/") + pieces("sdb", "fat/fat12")
    for words in ("vfat /latchkey/a\\x20long\\x20name.key", "msdos KEY.BIN", "auto d", " none"):
        yield "stick", words, fat
    yield "copy", "vfat KEY.BIN", fat
    yield "stick", "vfat x", [fails("pread", 1, 5)] + fat
    yield "stick", "vfat x", SDB
    yield "stick", " KEY.BIN", EXT4 + LOOP
    yield "stick", "ext4 /KEY.BIN", EXT4
    for path in ("KEY.BIN", "empty", "big", "d"):
        for question in ("stick", "copy"):
            yield question, "ext4 " + path, EXT4 + LOOP
    yield "copy", "ext4 KEY.BIN", [fails("write", 1, 28)] + EXT4 + LOOP
    for call in ("fsopen 1 19", "fsopen 1 38", "fsopen 1 12", "fsconfig 1 22", "fsconfig 2 22", "fsconfig 3 22", "fsconfig 4 5", "fsmount 1 1", "openat2 1 18", "openat2 1 2",
                 "read 1 5", "read 1 4", "read 1 0", "fstat 3 5", "fstat 4 5", "fstat 5 5"):
        yield "stick", "ext4 KEY.BIN", ["! " + call] + EXT4 + LOOP
    for kind in ("ext2", "ntfs"):
        yield "stick", kind + " KEY.BIN", [fails("fsopen", 1, 19)] + EXT4 + LOOP
    for kind in ("xfs", "btrfs", "f2fs", "exfat", "reiserfs", "bad\\x1btype"):
        yield "stick", kind + " KEY.BIN", EXT4 + LOOP
    yield "stick", "reiserfs KEY.BIN", EXT4
    for loop in (LOOP, []):
        yield "stick", "auto KEY.BIN", SDB + loop + ["KEY.BIN file secret", "proc filesystems nodev\\x09tmpfs\\x0a\\x09ext4\\x0a\\x09minix\\x0a\\x09hfs\\x0a"]


def main(folder):
    seeds = [(f"find {spec}", lines) for spec, lines in finds()] + [(f"id {spec}", lines) for spec, lines in ids()]
    seeds += [(f"open {spec}", lines) for spec, lines in opens()] + [(f"loop {spec}", lines) for spec, lines in loops()] + list(others())
    seeds += [(f"{question} /dev/sdb {words}", lines) for question, words, lines in sticks()] + [("stick LABEL=none auto KEY.BIN", TWO)]
    os.makedirs(folder, exist_ok=True)
    for i, (question, lines) in enumerate(seeds):
        with open(os.path.join(folder, f"{i:03}"), "w", encoding="ascii") as file:
            file.write("\n".join(["? " + question, *lines, ""]))
    print(f"{len(seeds)} machines")


if __name__ == "__main__":
    main(sys.argv[1])
