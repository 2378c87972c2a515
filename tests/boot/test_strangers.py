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
from sticks import (MODULES, PROMPT, SCSI, answer, drive, expect_root, image, path, plug, plugged, pull, root, uuid)
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
    """the same with one that could be opened: the prompt changes to the disk as soon as it is there"""
    with VM("strangers-usable", image(), by_uuid(), args=SCSI + drive(twin()) + plugged() + disk()) as m:
        m.expect(r"Enter passphrase for root \(/dev/sda\): ")
        plug_disk(m)
        m.expect(f"root: UUID={uuid()}: is on /dev/vda now, not on /dev/sda")
        answer(m)
        expect_root(m)
        m.assert_no("wrong passphrase")


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


if __name__ == "__main__":
    sys.exit(vm.suite([unfit_first, usable_first, disk_first, two_disks]))
