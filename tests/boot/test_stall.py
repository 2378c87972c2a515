#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks that do not respond, in a virtual machine: a boot that does not need them is not delayed.

QEMU limits such a disk to one byte per second, so that a read of it hangs and cannot be interrupted by a signal, and later
removes the limit. Arguments choose tests by the names of their functions.
"""
import os
import secrets
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import vm
from vm import VM

PASSPHRASE = "correct horse " + secrets.token_hex(4)
WITNESS = "the witness is " + secrets.token_hex(16)
MODULES = vm.MODULES + " virtio_scsi sd_mod"
SCSI = ["-device", "virtio-scsi-pci,id=scsi"]
KEY = secrets.token_bytes(32)
SILENT = "throttling.bps-total=1"


@vm.once
def root():
    return vm.make_disk("stall-root", "--init", vm.compile_static("root_init"), "--passphrase", PASSPHRASE, "--memory", "8192",
                        "--witness", WITNESS)


@vm.once
def key_disk():
    path = os.path.join(vm.WORK, "stall-key.img")
    with open(path, "wb") as f:
        f.write(bytes(512) + KEY + bytes((1 << 20) - 512 - len(KEY)))
    return path


@vm.once
def keyed_root():
    key = os.path.join(vm.WORK, "stall-key")
    with open(key, "wb") as f:
        f.write(KEY)
    return vm.make_disk("stall-keyed", "--init", vm.compile_static("root_init"), "--passphrase", PASSPHRASE, "--key-file", key,
                        "--memory", "8192", "--witness", WITNESS)


@vm.once
def data():
    return vm.make_disk("stall-data", "--passphrase", PASSPHRASE, "--memory", "8192")


def uuid(disk):
    return vm.run("cryptsetup", "luksUUID", disk).strip()


@vm.once
def table(name, text):
    path = os.path.join(vm.WORK, "stall-" + name)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return vm.make_image("stall-" + name, "--add", f"{path}:/etc/crypttab", modules=MODULES)


def drive(disk, name, more=""):
    return ["-drive", f"file={disk},format=raw,if=none,id={name},snapshot=on{more and ',' + more}"]


def hush(machine, name):
    machine.monitor(f"block_set_io_throttle {name} 1 0 0 0 0 0")


def speak(machine, name):
    machine.monitor(f"block_set_io_throttle {name} 0 0 0 0 0 0")


def answer(machine, prompt):
    machine.expect(prompt)
    machine.send(PASSPHRASE + "\n")


# -------------------------------------------------------------------------------------------------------------


def plugged():
    """a disk that is silent from its first moment keeps no other from its prompt; when it answers it is opened unasked"""
    image = table("both", f"data UUID={uuid(data())} none x-initrd.attach\nroot UUID={uuid(root())} none x-initrd.attach\n")
    with VM("stall-plugged", image, "root=/dev/mapper/root",
            args=SCSI + drive(data(), "data", SILENT) + drive(root(), "root")) as m:
        m.expect("waiting for root: UUID=")
        m.monitor("device_add scsi-hd,drive=data")
        m.expect("/dev/sda: not responding; continuing without it")
        m.monitor("device_add virtio-blk-pci,drive=root")
        answer(m, r"Enter passphrase for root \(/dev/vda\): ")
        m.expect("root is open with the passphrase")
        assert m.count("/dev/sda: not responding; continuing") == 1
        speak(m, "data")
        m.expect("data is open with the passphrase")
        m.expect("root: witness " + WITNESS)


def falls_silent():
    """a disk that falls silent while its key is tried: the other volume opens, and this one with the same key when it answers"""
    image = table("paths", "data /dev/vda none x-initrd.attach\nroot /dev/vdb none x-initrd.attach\n")
    with VM("stall-falls", image, "root=/dev/mapper/root", [root()],
            args=drive(data(), "data") + ["-device", "virtio-blk-pci,drive=data"]) as m:
        m.expect(r"Enter passphrase for data \(/dev/vda\), root: ")
        hush(m, "data")
        m.send("no passphrase\n")
        m.expect("/dev/vda: not responding; continuing without it")
        answer(m, r"Enter passphrase for root \(/dev/vdb\): ")
        m.expect("root is open with the passphrase")
        speak(m, "data")
        m.expect("data is open with the passphrase")
        m.expect("root: witness " + WITNESS)


def nofail():
    """the disk of a nofail volume that falls silent while its key is tried holds no root that is open"""
    image = table("nofail", "data /dev/vda none x-initrd.attach,nofail\nroot /dev/vdb none x-initrd.attach\n")
    with VM("stall-nofail", image, "root=/dev/mapper/root", [root()],
            args=drive(data(), "data") + ["-device", "virtio-blk-pci,drive=data"]) as m:
        m.expect(r"Enter passphrase for root \(/dev/vdb\), data: ")
        hush(m, "data")
        m.send(PASSPHRASE + "\n")
        m.expect("root is open with the passphrase")
        m.expect(r"data is left closed \(nofail\): /dev/vda: not responding")
        m.expect("root: witness " + WITNESS)


def late_key():
    """a key on a disk that does not respond at first opens the root once it responds, without being plugged in again"""
    image = vm.make_image("stall-key", modules=MODULES)
    words = "latchkey.headless latchkey.no-stick cryptdevice=/dev/vda:root cryptkey=/dev/sda:512:32 root=/dev/mapper/root"
    with VM("stall-key", image, words, [keyed_root()], args=SCSI + drive(key_disk(), "key", SILENT)) as m:
        m.expect("waiting for")
        m.monitor("device_add scsi-hd,drive=key")
        m.expect("/dev/sda: not responding; continuing without it")
        m.assert_no("root is open")
        speak(m, "key")
        m.expect("root is open with the key at byte 512 of /dev/sda")
        m.expect("root: witness " + WITNESS)
        m.assert_no("Enter passphrase")


def in_use():
    """a device that is in use for a while is waited for with a message"""
    holder = vm.compile_static("hold_latchkey")
    image = vm.make_image("stall-hold", "--add", f"{vm.LATCHKEY}:/bin/latchkey.real:0755", latchkey=holder)
    with VM("stall-hold", image, "latchkey.device=/dev/vda", [root()]) as m:
        m.expect("root: /dev/vda: is in use")
        m.expect("waiting up to 30 s for it to be released")
        answer(m, r"Enter passphrase for root \(/dev/vda\): ")
        m.expect("root: witness " + WITNESS)


if __name__ == "__main__":
    sys.exit(vm.suite([plugged, falls_silent, nofail, late_key, in_use]))
