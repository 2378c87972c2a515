#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Devices of strangers, in a virtual machine: what a stick that nobody configured may do, and what it may not.

Anyone can give a stick the name of the root's disk, and put files on it. Arguments choose tests by the names of their functions.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
sys.path.append(os.path.join(os.path.dirname(sys.path[0]), "interop"))
import vm
from luks2edit import edit
from sticks import (KEY, PASSPHRASE, PROMPT, ROOT, SCSI, answer, auto_key, check, drive, expect_root, image, path, plug, plugged, pull, root,
                    stick, uuid)
from vm import VM


def copy(name, of):
    out = path(name + ".img")
    vm.run("cp", "--sparse=always", of, out)
    return out


@vm.once
def twin():
    """A volume with the root's UUID, which PASSPHRASE does not open."""
    out = vm.make_disk("strangers-twin", "--passphrase", "what the stranger knows", "--memory", "8192")
    vm.run("cryptsetup", "luksUUID", "--batch-mode", out, "--uuid", uuid())
    return out


@vm.once
def unfit_twin():
    """The same with a requirement that no version of latchkey knows."""
    out = copy("unfit", twin())
    edit(out, lambda header: header["config"].update(requirements={"mandatory": ["a-stranger-wrote-this"]}))
    return out


def by_uuid():
    return f"latchkey.device=UUID={uuid()} root=/dev/mapper/root"


def disk(name="disk", of=None):
    """For QEMU: a disk that is not plugged in yet."""
    return ["-drive", f"file={of or root()},format=raw,if=none,id={name},snapshot=on"]


def plug_disk(machine, name="disk"):
    machine.monitor(f"device_add virtio-blk-pci,drive={name},id=dev-{name}")


# -------------------------------------------------------------------------------------------------------------


def unfit_first():
    """a volume on a stick with the root's UUID that cannot be opened does not end the boot: the disk that comes later is opened"""
    with VM("strangers-unfit", image(), by_uuid(), args=SCSI + drive(unfit_twin()) + plugged() + disk()) as m:
        m.expect("root: /dev/sda: .*a-stranger-wrote-this.*; waiting up to 30 s for another device of that name")
        m.quiet(3)
        plug_disk(m)
        answer(m)
        expect_root(m)
        assert m.count("a-stranger-wrote-this") == 1


def usable_first():
    """the same with one that could be opened: the prompt changes to the disk as soon as it is there, whose key is tried again"""
    args = SCSI + drive(twin()) + plugged() + drive(auto_key(), "key") + plugged("key") + disk()
    with VM("strangers-usable", image(), by_uuid(), args=args) as m:
        m.expect(r"Enter passphrase for root \(/dev/sd.\): ")
        m.expect(f"the key latchkey/{uuid()}.key on /dev/sd. does not open root: ")
        plug_disk(m)
        m.expect(f"root: UUID={uuid()}: is on /dev/vda now, not on /dev/sd")
        m.expect(f"root is open with the key latchkey/{uuid()}.key on /dev/sd")
        expect_root(m)


def header_of_a_twin():
    """a header that a stranger's stick has for a damaged twin on a stick is used on the disk that comes later, or after it"""
    theirs = stick("theirs", {f"latchkey/{uuid()}.header": header("twin", twin())}, size_mib=40)
    args = SCSI + drive(damaged("twin", twin())) + plugged() + drive(theirs, "theirs") + plugged("theirs") + disk()
    for name in "strangers-of-a-twin", "strangers-after-a-twin":
        with VM(name, image(), by_uuid(), args=args) as m:
            m.expect("root: the header has UUID ")
            m.expect(r"Enter passphrase for root \(/dev/sd.\): ")
            if name == "strangers-after-a-twin":
                pull(m)
                m.expect(f"waiting for root: UUID={uuid()}: no device found")
            plug_disk(m)
            answer(m)
            expect_root(m)
            m.assert_no("wrong passphrase|header from the stick is not used")


def disk_first():
    """a stick with the root's UUID, plugged in from the start and once more at the prompt, takes nothing from the disk"""
    with VM("strangers-disk", image(), by_uuid(), [root()],
            args=SCSI + drive(twin()) + plugged() + drive(unfit_twin(), "unfit")) as m:
        m.expect(PROMPT)
        plug(m, "unfit")
        m.quiet(3)
        m.send("no passphrase\n")
        m.expect("/dev/vda: wrong passphrase")
        answer(m)
        expect_root(m)
        m.assert_no("stranger|two devices|for root ./dev/sd")


def damaged_disk():
    """a damaged disk takes the prompt from the sound volume of that name on a stick, or a stick that comes later is not used"""
    good = SCSI + drive(root()) + plugged() + drive(root(), "again") + drive(auto_key(), "key")
    with VM("strangers-damaged-disk", image(), by_uuid(), args=good + disk(of=damaged())) as m:
        m.expect(r"Enter passphrase for root \(/dev/sda\): ")
        plug_disk(m)
        m.quiet(4)
        m.assert_no("is on /dev/vda")
        pull(m)
        m.expect("root: /dev/vda: both copies of the LUKS2 header are damaged: .*; waiting up to 30 s for a stick with its header")
        plug(m, "again")
        m.expect("root: /dev/vda: both copies of the LUKS2 header are damaged: .*; using /dev/sd")
        m.expect(r"Enter passphrase for root \(/dev/sd.\): ")
        plug(m, "key")  # not both from a stick: what is opened, and with what
        m.quiet(4)
        m.send(PASSPHRASE + "\n")
        m.expect("root is open with the passphrase")
        expect_root(m)


def two_disks():
    """two disks of one UUID are both named, another volume keeps its prompt, and unplugging one is enough"""
    other = vm.make_disk("strangers-other", "--passphrase", "of the other volume", "--memory", "8192")
    words = f"latchkey.volume=root,UUID={uuid()} latchkey.volume=other,/dev/vda root=/dev/mapper/root"
    with VM("strangers-two", image(), words, [other], args=disk() + disk("twin", twin())) as m:
        m.expect(r"Enter passphrase for other \(/dev/vda\): ")
        plug_disk(m)
        m.expect(r"Enter passphrase for root \(/dev/vdb\), other: ")
        plug_disk(m, "twin")
        m.expect(f"root: UUID={uuid()}: is on two devices, /dev/vd[bc] and /dev/vd[bc]; unplug one, or name one by its path")
        m.expect(r"Enter passphrase for other \(/dev/vda\): ")
        m.send("of the other volume\n")
        m.expect("other is open with the passphrase")
        pull(m, "twin")
        answer(m, prompt=r"Enter passphrase for root \(/dev/vdb\): ")
        expect_root(m)


def damaged(name="root", of=None):
    """A volume without a sound header; its UUID can be read."""
    out = copy("damaged-" + name, of or root())
    vm.run(os.path.join(vm.HERE, "make-disk"), "--damage", "both", out)
    return out


def header(name, of):
    out = path(name + ".header")
    if os.path.exists(out):
        os.unlink(out)
    vm.run("cryptsetup", "luksHeaderBackup", of, "--header-backup-file", out)
    with open(out, "rb") as f:
        return f.read()


@vm.once
def both():
    """A stick with a key of the root and its header."""
    return stick("both", {f"latchkey/{uuid()}.key": KEY, f"latchkey/{uuid()}.header": header("both", root())}, size_mib=40)


def foreign_header():
    """a header with another UUID, in the first or in the second copy only, is refused with both, and one of another stick is used"""
    foreign = vm.make_disk("strangers-foreign", "--passphrase", PASSPHRASE, "--key-file", path("key", KEY), "--memory", "8192")
    theirs = vm.run("cryptsetup", "luksUUID", foreign).strip()
    hidden = bytearray(header("foreign", foreign))
    hidden[168:168 + 36] = uuid().encode()  # its checksum is wrong: the second copy counts
    for name, content in ("foreign", header("foreign", foreign)), ("hidden", bytes(hidden)):
        bad = stick(name, {f"latchkey/{uuid()}.header": content, f"latchkey/{theirs}.key": KEY, f"latchkey/{uuid()}.key": KEY},
                    size_mib=40)
        with VM("strangers-" + name, image(), by_uuid(), [damaged()],
                args=SCSI + drive(bad) + plugged() + drive(both(), "both")) as m:
            m.expect(f"root: the header from the stick is not used: .*: UUID {theirs} is there, not {uuid()}")
            m.quiet(3)
            plug(m, "both")
            m.expect(f"root: the header has UUID {uuid()}; no key from a stick that is not configured is used with it")
            answer(m)
            expect_root(m)
            m.assert_no("root is open with the key")


def header_and_key():
    """a header and a key from a stick that is not configured do not open together; with the key named they do"""
    # The header is found by its UUID, whatever the volume is called in the configuration.
    with VM("strangers-both", image(), ROOT, [damaged()], args=SCSI + drive(both()) + plugged()) as m:
        m.expect(PROMPT)
        m.quiet(5)
        m.assert_no("root is open")
        m.send(PASSPHRASE + "\n")
        expect_root(m)
    with VM("strangers-named", image(), f"{by_uuid()} latchkey.key=/latchkey/{uuid()}.key:LABEL=STICK", [damaged()],
            args=SCSI + drive(both()) + plugged()) as m:
        m.expect("root is open with the key /latchkey/")
        expect_root(m)


def ext4_stick():
    """a stick with ext4 that is not configured is named, once for two volumes, and no driver of the kernel reads it"""
    key = stick("ext4", {f"latchkey/{uuid()}.key": KEY}, kind="ext4")
    words = "latchkey.volume=root,/dev/vda latchkey.volume=other,/dev/vdb,none,nofail root=/dev/mapper/root"
    with VM("strangers-ext4", image(), words, [root(), twin()], args=SCSI + drive(key), kernel_words="loglevel=7 panic=-1") as m:
        m.expect(PROMPT[:-2])
        plug(m)
        m.expect("/dev/sda: ext4: not searched without stick=any")
        m.quiet(4)
        check(m.count("not searched") == 1, "it is named twice", m.text)
        m.send(PASSPHRASE + "\n")
        m.expect(r"EXT4-fs \(dm-0\): mounted")
        expect_root(m)
        m.assert_no(r"EXT4-fs \((sd|loop)")


def no_stick():
    """with no-stick, a key or a header for the root on a stick is used all the same"""
    words = f"{by_uuid()} latchkey.options=no-stick"
    with VM("strangers-no-stick", image(), words, [root()], args=SCSI + drive(both()) + plugged()) as m:
        m.expect(PROMPT)
        m.quiet(6)
        m.assert_no("latchkey/|root is open")
        m.send(PASSPHRASE + "\n")
        expect_root(m)
    with VM("strangers-no-stick-header", image(), words, [damaged()], args=SCSI + drive(both()) + plugged()) as m:
        m.expect("both copies of the LUKS2 header are damaged")
        m.quiet(8)
        m.assert_no("Enter passphrase|root is open")


if __name__ == "__main__":
    sys.exit(vm.suite([unfit_first, usable_first, header_of_a_twin, disk_first, damaged_disk, two_disks, foreign_header, header_and_key, ext4_stick, no_stick]))
