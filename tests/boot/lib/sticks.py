# SPDX-License-Identifier: MIT
"""Roots and key sticks for the tests of `latchkey boot` in virtual machines.

QEMU plugs and unplugs sticks while the machine runs. They are real USB storage where a test requires it, and otherwise SCSI
disks that are marked removable, because the distribution's kernel for virtual machines boots much faster.
"""
import os
import secrets
import sys

import vm
from vm import Failure

PASSPHRASE = "correct horse " + secrets.token_hex(4)
WITNESS = "the witness is " + secrets.token_hex(16)
KEY = secrets.token_bytes(48) + b"\n"
PROMPT = r"Enter passphrase for root \(/dev/vda\): "
MODULES = vm.MODULES + " virtio_scsi sd_mod virtio_console"
SCSI = ["-device", "virtio-scsi-pci,id=scsi"]
XHCI = ["-device", "qemu-xhci,id=xhci"]
FULL = {"kernel_options": ["--full"]}  # a kernel with USB
ROOT = "latchkey.device=/dev/vda"
# Two suites may run at the same time.
PREFIX = os.path.basename(sys.argv[0]).removeprefix("test_") + "-"


def check(condition, what, text):
    if not condition:
        raise Failure(f"{what}; the console said:\n{text}")


def path(name, content=None):
    name = os.path.join(vm.WORK, PREFIX + name)
    if content is not None:
        with open(name, "wb") as f:
            f.write(content)
    return name


@vm.once
def root():
    """A root that PASSPHRASE and KEY open."""
    return vm.make_disk(PREFIX + "root", "--init", vm.compile_static("root_init"), "--passphrase", PASSPHRASE, "--key-file",
                        path("key", KEY), "--memory", "8192", "--witness", WITNESS)


@vm.once
def uuid():
    return vm.run("cryptsetup", "luksUUID", root()).strip()


@vm.once
def image():
    return vm.make_image(PREFIX + "usual", modules=MODULES)


def image_with(name, content, where):
    content = content.encode() if isinstance(content, str) else content
    return vm.make_image(PREFIX + name, "--add", f"{path(name + '.text', content)}:{where}", modules=MODULES)


def new_file(name, size):
    """An empty file of this size in bytes."""
    out = path(name)
    if os.path.exists(out):
        os.unlink(out)
    with open(out, "wb") as f:
        f.truncate(size)
    return out


def make_tree(name, files):
    """A folder with these files."""
    tree = path(name + ".tree")
    vm.run("rm", "-rf", tree)
    os.makedirs(tree)
    for n, content in files.items():
        os.makedirs(os.path.dirname(os.path.join(tree, n)), exist_ok=True)
        with open(os.path.join(tree, n), "wb") as f:
            f.write(content)
    return tree


def stick(name, files, label="STICK", size_mib=8, kind="vfat"):
    """A filesystem with these files, made by the real tools; with folders of one level."""
    out = new_file(name + ".stick", size_mib << 20)
    if kind == "vfat":
        vm.run("mkfs.vfat", "-n", label, out)
        for folder in sorted({os.path.dirname(n) for n in files} - {""}):
            vm.run("mmd", "-i", out, "::" + folder)
        for n, content in files.items():
            vm.run("mcopy", "-i", out, path(name + ".file", content), "::" + n)
    else:
        vm.run("mke2fs", "-q", "-F", "-t", kind, "-L", label, "-d", make_tree(name, files), out)
    return out


def drive(image_path, name="stick", more=""):
    """For QEMU: a drive that is not plugged in yet."""
    return ["-drive", f"file={image_path},format=raw,if=none,id={name},readonly=on{more}"]


def device(name, kind):
    return f"{kind},drive={name},id=dev-{name},removable=on"


def plug(machine, name="stick", kind="scsi-hd"):
    machine.monitor("device_add " + device(name, kind))


def pull(machine, name="stick"):
    machine.monitor(f"device_del dev-{name}")


def plugged(name="stick", kind="scsi-hd"):
    """For QEMU: plugged in from the start."""
    return ["-device", device(name, kind)]


@vm.once
def auto_key():
    return stick("auto", {f"latchkey/{uuid()}.key": KEY})


def expect_root(machine):
    machine.expect("root: witness " + WITNESS)
    machine.wait_off()
    check(PASSPHRASE not in machine.text, "a passphrase was echoed", machine.text)


def answer(machine, passphrase=PASSPHRASE, prompt=PROMPT):
    machine.expect(prompt)
    machine.send(passphrase + "\n")
