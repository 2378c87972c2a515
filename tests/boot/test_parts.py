#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boot roots that lie on several encrypted volumes with latchkey's own init.

guest/make_parts makes the filesystems, in a guest of its own; make-disk encrypts each of their devices. Arguments choose
tests by the names of their functions.
"""
import hashlib
import os
import secrets
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import guest
import vm
from vm import VM, Failure

PASSPHRASE = "correct horse " + secrets.token_hex(4)
WITNESS = "the witness is " + secrets.token_hex(16)  # known only by reading this root
PARTS = ("btrfs-a", "btrfs-b", "ext4", "journal")
MODULES = vm.MODULES + " btrfs"


def path_of(name):
    return os.path.join(vm.WORK, "parts-" + name)


@vm.once
def plain():
    """The devices of the filesystems, not encrypted."""
    with open(path_of("witness"), "w", encoding="ascii") as f:
        f.write(WITNESS + "\n")
    drives = []
    for name in PARTS:
        with open(path_of(name + ".plain"), "wb") as f:
            f.truncate((128 if "btrfs" in name else 32) << 20)
        drives += ["-drive", f"file={path_of(name + '.plain')},format=raw,if=virtio"]
    image = guest.image("make_parts", f"{vm.MODULES} btrfs loop?", (vm.compile_static("root_init"), "/tree/sbin/init:0755"),
                        (path_of("witness"), "/tree/etc/witness"), tools=("mkfs.btrfs", "mke2fs"))
    with VM("make-parts", image, "", args=drives, memory=512) as m:
        m.expect("PARTS made")
        m.wait_off()


@vm.once
def part(name):
    plain()
    return vm.make_disk("parts-" + name, "--content", path_of(name + ".plain"), "--passphrase", PASSPHRASE,
                        "--memory", "8192")


def parts(*names):
    return [part(name) for name in names]


@vm.once
def image():
    return vm.make_image("parts", modules=MODULES)


def uuid_of(name, tag="UUID"):
    plain()
    return vm.run("blkid", "-p", "-s", tag, "-o", "value", path_of(name + ".plain")).strip()


def volumes(*names):
    """Words for the volumes on /dev/vda and so on."""
    return " ".join(f"latchkey.volume={name},/dev/vd{'abcd'[i]}" for i, name in enumerate(names))


def answer(m):
    m.expect("Enter passphrase for .*: ")
    m.send(PASSPHRASE + "\n")


def expect_root(m, mount):
    m.expect("root: mount " + mount)
    m.expect("root: witness " + WITNESS)
    m.wait_off()


def btrfs():
    """a btrfs over two volumes is mounted, whatever of it root= names"""
    disks = parts("btrfs-a", "btrfs-b")
    for root in ("/dev/mapper/one", "/dev/mapper/two", f"UUID={uuid_of('btrfs-a')}", "LABEL=several"):
        with VM("btrfs", image(), f"{volumes('one', 'two')} root={root} rw", disks) as m:
            answer(m)
            expect_root(m, r"/dev/mapper/\w+ / btrfs rw,")


def btrfs_degraded():
    """a btrfs without one of its devices is mounted with rootflags=degraded only, and what is missing is said"""
    disk = parts("btrfs-b")
    with VM("btrfs-incomplete", image(), f"{volumes('two')} root=/dev/mapper/two", disk) as m:
        answer(m)
        m.expect("/dev/mapper/two: a btrfs with devices that are not open; rootflags=degraded ")
        m.expect("init: two is closed again")
    with VM("btrfs-degraded", image(), f"{volumes('two')} root=/dev/mapper/two rootflags=degraded", disk) as m:
        answer(m)
        expect_root(m, "/dev/mapper/two / btrfs ro,.*degraded")


def strangers_btrfs():
    """a device of the same btrfs that is not encrypted is a part of the root only if rootflags= names it"""
    plain()
    disks = parts("btrfs-b") + [path_of("btrfs-a.plain")]
    with VM("btrfs-stranger", image(), f"{volumes('two')} root=/dev/mapper/two rw", disks) as m:
        answer(m)
        m.expect("/dev/mapper/two: a btrfs with devices that are not open")
    with VM("btrfs-named", image(), f"{volumes('two')} root=/dev/mapper/two rw rootflags=device=/dev/vdb", disks) as m:
        answer(m)
        expect_root(m, r"\S+ / btrfs rw,")


def journal():
    """an ext4 whose journal is on another volume is mounted with it, though the number of that device has changed"""
    disks = parts("ext4", "journal")
    for more in ("", " rootfstype=ext4", " rootflags=noatime,journal_path=/dev/mapper/log"):
        with VM("journal", image(), f"{volumes('root', 'log')} root=/dev/mapper/root rw{more}", disks) as m:
            answer(m)
            expect_root(m, "/dev/mapper/root / ext4 rw,")


def journal_missing():
    """an ext4 whose journal is not there is not mounted, and the journal is named"""
    with VM("journal-missing", image(), f"{volumes('root')} root=/dev/mapper/root", parts("ext4")) as m:
        answer(m)
        m.expect(f"/dev/mapper/root: its journal is on another device, UUID={uuid_of('journal')}, which is not open")
        m.expect("init: root is closed again")


def bcachefs():
    """a bcachefs is named as what init does not mount over several devices"""
    content = path_of("bcachefs.plain")
    with open(content, "wb") as f:
        f.truncate(16 << 20)
        f.seek(4096 + 24)
        f.write(bytes.fromhex("c68573f666ce90a9d96a60cf803df7ef") + os.urandom(32))
    disk = vm.make_disk("parts-bcachefs", "--content", content, "--passphrase", PASSPHRASE, "--memory", "8192")
    with VM("bcachefs", image(), volumes("one"), [disk]) as m:
        answer(m)
        m.expect("cannot mount /dev/mapper/one as root")
        m.expect("/dev/mapper/one: a bcachefs; this init does not mount one with several devices")


def volume_group():
    """a volume group on the volume is named as what init does not start"""
    disk = path_of("group.plain")
    with open(disk, "wb") as f:
        f.truncate(16 << 20)
    with subprocess.Popen(["losetup", "-f", "--show", disk], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as losetup:
        loop = losetup.communicate()[0].decode().strip()
    if not loop or not shutil.which("pvcreate"):
        raise vm.Skip("no loop device, or no lvm2")
    try:
        vm.run("pvcreate", "-q", "-y", "--config", f"devices{{filter=[\"a|{loop}|\",\"r|.*|\"]}}", loop)
    finally:
        vm.run("losetup", "-d", loop)
    disk = vm.make_disk("parts-group", "--content", disk, "--passphrase", PASSPHRASE, "--memory", "8192")
    with VM("volume-group", image(), f"{volumes('crypt')} root=/dev/mapper/vg-root", [disk]) as m:
        answer(m)
        m.expect("root device /dev/mapper/vg-root not found")
        m.expect("/dev/mapper/crypt: has the mark of an LVM volume group .*; this init does not start it")


@vm.once
def arrays():
    """The members of two arrays with the same volume, of metadata 0.90 and 1.2: an old one and a usual one."""
    plain()
    volume = vm.make_disk("parts-array", "--init", vm.compile_static("root_init"), "--witness", WITNESS, "--passphrase", PASSPHRASE,
                          "--memory", "8192")
    paths = [path_of(f"array-{version}-{member}") for version in ("0.90", "1.2") for member in (0, 1)]
    drives = []
    for path in [volume] + paths:
        if path != volume:
            with open(path, "wb") as f:
                f.truncate(40 << 20)
        drives += ["-drive", f"file={path},format=raw,if=virtio"]
    maker = guest.image("make_arrays", f"{vm.MODULES} md_mod raid1", tools=("mdadm",))
    with VM("make-arrays", maker, "", args=drives, memory=512) as m:
        m.expect("ARRAYS made")
        m.wait_off()
    return paths


@vm.once
def array_image():
    return vm.make_image("parts-raid", modules=vm.MODULES + " md_mod raid1")


def raid():
    """md= starts an array of either metadata when its last device has come; nothing is written to it before the first write"""
    old, new = arrays()[:2], arrays()[2:]
    late = ["-drive", f"file={old[1]},format=raw,if=none,id=late,snapshot=on"]
    with VM("raid-old", array_image(), "latchkey.volume=root,/dev/md0 md=0,/dev/vda,/dev/vdb rw", old[:1], args=late) as m:
        m.expect("waiting for root: ")
        m.monitor("device_add virtio-blk-pci,drive=late")
        answer(m)
        expect_root(m, "/dev/mapper/root / ext4 rw,")
        m.assert_no("started without")
    # Copies: another test's machine may have the members open, and this one is to be able to write.
    new = [shutil.copy(path, path_of(f"written-{member}")) for member, path in enumerate(new)]
    before = [hashlib.sha256(open(path, "rb").read()).hexdigest() for path in new]
    drives = [word for path in new for word in ("-drive", f"file={path},format=raw,if=virtio")]
    with VM("raid-new", array_image(), "latchkey.volume=root,/dev/md7 md=7,/dev/vda,/dev/vdb", args=drives) as m:
        m.expect("Enter passphrase for .*: ")
        m.quiet(3)
    if before != [hashlib.sha256(open(path, "rb").read()).hexdigest() for path in new]:
        raise Failure("something was written to the members")


def raid_degraded():
    """a device of another array is left out, and the array starts without it, but only when the time is over"""
    new = arrays()[2:]
    with VM("raid-degraded", array_image(), "latchkey.volume=root,/dev/md0 md=0,/dev/vda,/dev/vdb", [new[0], arrays()[0]]) as m:
        m.expect("/dev/md0: /dev/vdb is left out: ")
        m.quiet(5)
        m.assert_no("started without")
        m.expect("/dev/md0: started without 1 of its devices", timeout=90)
        answer(m)
        expect_root(m, "/dev/mapper/root / ext4 ro,")


def raid_partitions():
    """md= names members by PARTUUID=, whatever the disks are called"""
    disks, names = [], []
    for member, path in enumerate(arrays()[2:]):
        name = f"3c9d04af-0000-4000-8000-00000000000{member}"
        disk = path_of(f"partition-{member}")
        with open(disk, "wb") as f:
            f.truncate(44 << 20)
        subprocess.run(["sfdisk", "-q", disk], input=f"label: gpt\nstart=2048, size={40 << 11}, uuid={name}\n".encode(), check=True)
        vm.run("dd", f"if={path}", f"of={disk}", "bs=1M", "seek=1", "conv=notrunc", "status=none")
        disks.append(disk)
        names.append("PARTUUID=" + name)
    with VM("raid-partitions", array_image(), f"latchkey.volume=root,/dev/md0 md=0,{','.join(names)}", disks[::-1]) as m:
        answer(m)
        expect_root(m, "/dev/mapper/root / ext4 ro,")
        m.assert_no("started without")


if __name__ == "__main__":
    reason = guest.missing("mkfs.btrfs", "mke2fs", "blkid", "mdadm")
    if reason:
        print(f"1..0 # SKIP {reason}")
        sys.exit(0)
    sys.exit(vm.suite([btrfs, btrfs_degraded, strangers_btrfs, journal, journal_missing, bcachefs, volume_group, raid, raid_degraded, raid_partitions]))
