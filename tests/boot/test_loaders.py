#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The boot entries of docs/first-boot.md, as they are printed there, read by the real boot loaders on UEFI firmware.

Each machine has an EFI system partition, which is also /boot, and the encrypted root on another disk. U-Boot and extlinux.conf
are in tests/boot/boards.py. The firmware of a Raspberry Pi cannot be emulated: QEMU gets what config.txt and cmdline.txt name.
Arguments choose tests by the names of their functions.
"""
import glob
import os
import re
import secrets
import shutil
import sys
import tempfile
import textwrap
import time

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import vm
from vm import VM, Failure, Skip

PASSPHRASE = "correct horse " + secrets.token_hex(4)
WITNESS = "the witness is " + secrets.token_hex(16)
FIRMWARE = "/usr/share/ovmf/OVMF.fd"
SYSTEMD_BOOT = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
GRUB = "/usr/lib/grub/x86_64-efi"
SYSTEM_PARTITION_MIB = 64


def needs(*files):
    for file in files:
        if not os.path.exists(file):
            raise Skip(f"{file} is not installed (toolchain/setup check-all installs it)")


@vm.once
def disk(init=None):
    return vm.make_disk("loaders", "--init", init or vm.compile_static("root_init"), "--passphrase", PASSPHRASE, "--memory", "8192",
                        "--witness", WITNESS)


def version(*kernel):
    with open(os.path.join(vm.kernel(*kernel), "version"), encoding="ascii") as file:
        return file.read().strip()


def entry(pattern):
    """The first block of the page in which a line begins with @pattern, with the kernel's version and parameters."""
    with open(os.path.join(vm.TOP, "docs", "first-boot.md"), encoding="utf-8") as file:
        block = re.search(rf"^    {pattern}.*\n(?:    .*\n)*", file.read(), re.M)
    uuid = vm.run("cryptsetup", "luksUUID", disk()).strip()
    words = f"console=ttyS0 no_timer_check loglevel=4 panic=-1 latchkey.device=UUID={uuid} root=/dev/mapper/root"
    return textwrap.dedent(block.group()).replace("VERSION", version()).replace("PARAMETERS", words)


def system_partition(name, files):
    """A disk with a partition table and one FAT partition. @files: path there -> path here or content."""
    out, fat = (os.path.join(vm.WORK, f"loaders-{name}.{end}") for end in ("esp", "fat"))
    shutil.rmtree(fat, ignore_errors=True)
    for path, source in files.items():
        os.makedirs(os.path.join(fat, os.path.dirname(path)), exist_ok=True)
        if os.path.exists(source):
            shutil.copy(source, os.path.join(fat, path))
        else:
            with open(os.path.join(fat, path), "w", encoding="ascii") as file:
                file.write(source)
    with open(out, "wb") as file:
        file.truncate((SYSTEM_PARTITION_MIB + 2) << 20)
    vm.run("sh", "-ec", 'printf "label: gpt\nstart=2048, size=%uMiB, type=uefi\n" "$2" | sfdisk -q "$1"', "sh", out, str(SYSTEM_PARTITION_MIB))
    vm.run("mkfs.vfat", "-F", "32", "--offset", "2048", out, str(SYSTEM_PARTITION_MIB << 10))
    vm.run("mcopy", "-s", "-i", out + "@@1M", *glob.glob(fat + "/*"), "::")
    return out


class Firmware(VM):
    """UEFI firmware that starts EFI/BOOT/BOOTX64.EFI of the first disk; kernel, image and parameters come from there."""

    def command(self, serial):
        line = super().command(serial)
        for option in ("-kernel", "-initrd", "-append"):
            at = line.index(option)
            del line[at:at + 2]
        return [*line, "-bios", FIRMWARE]


def boots(name, loader, files):
    system = system_partition(name, {"EFI/BOOT/BOOTX64.EFI": loader, "vmlinuz-" + version(): os.path.join(vm.kernel(), "vmlinuz"),
                                     "latchkey.img": vm.make_image("loaders"), **files})
    with Firmware("loaders-" + name, "", "", [system, disk()], memory=512) as machine:
        opens(machine, "/dev/vdb")


def opens(machine, device):
    machine.expect(rf"Enter passphrase for root \({device}\): ")
    machine.send(PASSPHRASE + "\n")
    machine.expect("root: witness " + WITNESS)
    machine.expect("reboot: (Power down|System halted)")  # QEMU's Pi cannot be switched off
    if PASSPHRASE in machine.text:
        raise Failure("the passphrase was echoed:\n" + machine.text)


def systemd_boot():
    """systemd-boot reads the entry of docs/first-boot.md, and a passphrase opens the root"""
    needs(FIRMWARE, SYSTEMD_BOOT)
    boots("systemd-boot", SYSTEMD_BOOT, {"loader/entries/latchkey.conf": entry("title latchkey"),
                                         "loader/loader.conf": "timeout 0\ndefault latchkey.conf\n"})


def grub():
    """GRUB reads the entry of docs/first-boot.md, and a passphrase opens the root"""
    needs(FIRMWARE, GRUB + "/normal.mod")
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as early:
        early.write("search --no-floppy --set=root --file /grub/grub.cfg\nset prefix=($root)/grub\n")
        early.flush()
        loader = os.path.join(vm.WORK, "loaders-grub.efi")
        vm.run("grub-mkimage", "-O", "x86_64-efi", "-d", GRUB, "-c", early.name, "-p", "/grub", "-o", loader, "part_gpt", "fat", "search",
               "search_fs_file", "normal", "configfile", "linux")
    boots("grub", loader, {"grub/grub.cfg": "set default=latchkey\nset timeout=0\n" + entry("menuentry ")})


PI = "raspberrypi/4"
PI_KERNEL = "debian12", "arm64", "linux-image-arm64"
ROOT_OFFSET_MIB = 33


class Pi(VM):
    """Model 3, the newest that QEMU 7.2 emulates. The console is the second serial port: the driver of the first one gets no input here."""

    def __init__(self, image, words, card):
        super().__init__("loaders-pi", image, "", [card])
        self.words = words  # and no others: a console=ttyS0 would wait for a port that is not there

    def send(self, text):
        for character in text:  # the port has room for few
            super().send(character)
            time.sleep(0.1)

    def command(self, serial):
        tree = glob.glob(os.path.join(vm.kernel(*PI_KERNEL), "usr/lib/linux-image-*/broadcom/bcm2837-rpi-3-b.dtb"))[0]
        return ["setpriv", "--pdeathsig", "KILL", "qemu-system-aarch64", "-machine", "raspi3b", "-display", "none", "-no-reboot",
                "-serial", "null", *serial,
                "-kernel", os.path.join(vm.kernel(*PI_KERNEL), "vmlinuz"), "-dtb", tree, "-initrd", self.image, "-append", self.words,
                "-drive", f"file={self.disks[0]},format=raw,if=sd,snapshot=on"]


def raspberry_pi():
    """the image and the command line of board/raspberrypi/4, with Debian's kernel, open the second partition of the SD card"""
    init = os.path.join(vm.O, "aarch64-linux-musl", "tests", "boot", "guest", "root_init")
    needs("/usr/bin/qemu-system-aarch64")
    if not os.path.exists(init):
        raise Skip(f"{init} is not built (make BOARD=qemu/aarch64-virt board-programs builds it)")
    # O unchanged: with another name of the same folder, the flags differ and make rebuilds everything.
    vm.run("make", "-s", "-C", vm.TOP, "O=" + os.environ.get("O", "build"), "BOARD=" + PI, "KERNEL=" + version(*PI_KERNEL),
           "MODULES_ROOT=" + vm.kernel(*PI_KERNEL), "image")
    with open(os.path.join(vm.TOP, "board", PI, "README.md"), encoding="utf-8") as file:
        words = re.search(r"^    (console=serial0,.*)", file.read(), re.M).group(1)
    card = os.path.join(vm.WORK, "loaders-pi.sd")
    with open(card, "wb") as file:
        file.truncate(128 << 20)  # QEMU wants a power of two
    vm.run("sh", "-ec", 'printf "label: dos\nstart=1MiB, size=32MiB, type=c\nstart=%uMiB\n" "$3" | sfdisk -q "$1"; '
           'dd if="$2" of="$1" bs=1M seek="$3" conv=notrunc', "sh", card, disk(init), str(ROOT_OFFSET_MIB))
    image = os.path.join(vm.O, "board", PI, "initramfs.cpio.gz")
    # The firmware puts the name of the port in place of serial0. The root prints on the last console.
    serial, screen = words.replace("serial0", "ttyS1").split(" ")
    with Pi(image, f"{screen} {serial} loglevel=4 panic=-1", card) as machine:
        opens(machine, "/dev/mmcblk0p2")


if __name__ == "__main__":
    os.environ.pop("MAKEFLAGS", None)  # the options of the calling make must not reach the make that is called here
    sys.exit(vm.suite([systemd_boot, grub, raspberry_pi], jobs=1))
