#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boot every emulated board with its own image and the command line of its README, and unlock a root made by cryptsetup.

`make check-boards` builds the images first. Arguments choose boards, such as qemu/malta, and kinds of boots: passphrase,
usb, token, list, small, adiantum, uboot, uinitrd, extlinux. The console of each boot is logged to $O/boot/board-NAME.log. The time from the
start of the kernel to the mounted root is printed.
"""
import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import guest
import tokens
import vm
from vm import VM, Failure, Skip

BOARDS = os.path.join(vm.TOP, "board")
os.environ.pop("MAKEFLAGS", None)  # the options of the calling make must not reach the makes that are called here
PASSPHRASE = "correct horse " + secrets.token_hex(4)
WITNESS = "the witness is " + secrets.token_hex(16)
PROMPT = "Enter passphrase for .*: "
KEY = secrets.token_bytes(64)
SMALL = ("qemu/armv7-virt", "qemu/malta")  # 64 MiB
UBOOT = {"qemu/aarch64-virt": "/usr/lib/u-boot/qemu_arm64/u-boot.bin"}
ADIANTUM = {"qemu/armv7-virt": "xchacha12,aes-adiantum-plain64", "qemu/malta": "xchacha20,aes-adiantum-plain64"}


def readme_line(board):
    with open(os.path.join(BOARDS, board, "README.md"), encoding="utf-8") as file:
        lines = re.findall(r"^    (qemu-system-.*)$", file.read(), re.M)
    if len(lines) != 1:
        raise Failure(f"{board}/README.md has {len(lines)} lines that begin with qemu-system-")
    return lines[0]


def variable(board, name):
    return vm.run("make", "-s", "--no-print-directory", "-C", vm.TOP, "O=" + vm.O, "BOARD=" + board, "print-" + name).strip()


@vm.once
def kernel(board):
    done = subprocess.run([os.path.join(BOARDS, "kernel"), variable(board, "KERNEL_PACKAGE")],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=dict(os.environ, O=vm.O))
    if done.returncode:
        raise Failure(f"board/kernel: status {done.returncode}")
    return done.stdout.decode().split("\n")[-2]


class Board(VM):
    """The machine of the README's command, with serial console and monitor redirected to the test."""

    def __init__(self, board, disk, name, more=(), image=None):
        super().__init__("board-" + name, None, "", limit=float(os.environ.get("BOOT_SECONDS", "180")))
        image = image or os.path.join(vm.O, "board", board, "initramfs.cpio.gz")
        if not os.path.exists(image):
            raise Failure(f"{image} is not built (make check-boards builds it)")
        words = {"KERNEL": os.path.join(kernel(board), "vmlinuz"), "INITRD": image, "DISK": disk}
        line = re.sub(r"\$(\w+)", lambda m: shlex.quote(words[m.group(1)]), readme_line(board))
        self.line = shlex.split(line) + list(more)
        if not shutil.which(self.line[0]):
            raise Skip(f"{self.line[0]} is not installed (toolchain/setup check-all installs it)")

    def command(self, serial):
        line = list(self.line)
        at = line.index("-nographic")
        line[at:at + 1] = ["-display", "none", "-parallel", "none", *serial]
        return ["setpriv", "--pdeathsig", "KILL", *line]


class SclpBoard(Board):
    """
    QEMU's SCLP console, or Linux's driver for it, sometimes stops in the middle of a line on a busy host, until a key
    press causes the next interrupt. Therefore ^U is sent, which has no effect on an empty prompt.
    """

    def send(self, text):
        super().send(text)
        threading.Thread(target=self._press, daemon=True).start()

    def _press(self):
        while self.process.poll() is None:
            time.sleep(0.5)
            try:
                super().send("\x15")
            except (OSError, ValueError):
                return


def on(board, *arguments):
    return (SclpBoard if board == "qemu/s390x" else Board)(board, *arguments)


def root_init(board):
    return os.path.join(vm.O, variable(board, "TARGET"), "tests", "boot", "guest", "root_init")


def disk(board, name, *options):
    return vm.make_disk(name, "--init", root_init(board), "--passphrase", PASSPHRASE, "--witness", WITNESS, *options)


def expect_root(machine):
    """Check that the witness was read on the root, and print the time since the start of the kernel."""
    machine.expect("root: witness " + WITNESS)
    machine.wait_off()
    seconds = re.search(r"root: uptime ([0-9.]+)", machine.text)
    if PASSPHRASE in machine.text:
        raise Failure("the passphrase was echoed:\n" + machine.text)
    if "root: mount /dev/mapper/root / ext4 ro," not in machine.text:
        raise Failure("the root is not mounted read-only from the mapping:\n" + machine.text)
    if not seconds:
        raise Failure("the root does not say how long it took:\n" + machine.text)
    # For information only: the host may be busy.
    print(f"# {machine.name}: {seconds.group(1)} s from the kernel's start to the mounted root", flush=True)


# In about half of the boots, QEMU 7.2 translates Argon2's code for this machine again and again: a minute for 16 MiB.
PASSPHRASE_MIB = {"qemu/s390x": 4}


def passphrase(board):
    mib = PASSPHRASE_MIB.get(board, 16)

    def scenario():
        name = board.replace("/", "-")
        with on(board, disk(board, name, "--memory", str(mib << 10), "--time", "4"), name) as machine:
            machine.expect(PROMPT)
            machine.send(PASSPHRASE + "\n")
            expect_root(machine)

    scenario.__doc__ = f"{board}: a passphrase on the serial console opens a root with an Argon2id slot of {mib} MiB"
    return scenario


def has_usb(board):
    return "qemu-xhci" in readme_line(board)


def stick(image, name):
    """A FAT filesystem with the key for the volume in @image, at its standard path."""
    out, key = (os.path.join(vm.WORK, name + end) for end in (".stick", ".key"))
    with open(key, "wb") as file:
        file.write(KEY)
    with open(out, "wb") as file:
        file.truncate(8 << 20)
    uuid = vm.run("cryptsetup", "luksUUID", image).strip()
    vm.run("mkfs.vfat", "-n", "KEYS", out)
    vm.run("mmd", "-i", out, "::latchkey")
    vm.run("mcopy", "-i", out, key, f"::latchkey/{uuid}.key")
    return out


def usb(board):
    def scenario():
        name = board.replace("/", "-") + "-usb"
        key = os.path.join(vm.WORK, name + ".key")
        with open(key, "wb") as file:
            file.write(KEY)
        image = disk(board, name, "--memory", "16384", "--time", "4", "--key-file", key)
        drive = f"file={stick(image, name)},format=raw,if=none,id=stick,readonly=on"
        with Board(board, image, name, ["-drive", drive, "-device", "usb-storage,drive=stick,removable=on"]) as machine:
            expect_root(machine)  # without typing

    scenario.__doc__ = f"{board}: a key on a USB stick opens the root"
    return scenario


def token(board):
    """The program for security keys of the board's processor, and the key behind its USB controller."""

    def scenario():
        name, target = board.replace("/", "-") + "-token", variable(board, "TARGET")
        image, built = os.path.join(vm.WORK, name + ".cpio.gz"), os.path.join(vm.O, target)
        with open(os.path.join(kernel(board), "version"), encoding="ascii") as file:
            version = file.read().strip()
        vm.run(os.path.join(vm.TOP, "initramfs", "mkimage"), "-q", "--kernel", version, "--modules-root", kernel(board),
               "--modules", variable(board, "MODULES"), "--init", os.path.join(built, "init"), "--token", "systemd-fido2",
               "--token-programs", os.path.join(built, "token"), "--add", os.path.join(BOARDS, board, "latchkey.conf") + ":/etc/latchkey.conf", "-o", image)
        root = disk(board, name, "--memory", "8192")
        with tempfile.TemporaryDirectory() as work:
            tokens.add_token(root, 1, json.loads(tokens.sample("fido2-262-nopin", "json")), tokens.sample("fido2-262-nopin", "passphrase").encode(),
                             PASSPHRASE.encode(), work)
        with tokens.Stick("nopin", "--touch-after", "2") as stick, Board(board, root, name, stick.args(), image) as machine:
            machine.expect("touch the security key")
            machine.expect(r"root is open with token 0 \(systemd-fido2\)")
            expect_root(machine)

    scenario.__doc__ = f"{board}: a security key opens the root"
    return scenario


@vm.once
def kernels_generator():
    """The kernel's own gen_initramfs.sh, and gen_init_cpio, as in the build of a kernel."""
    folder = os.path.join(vm.O, "kernel", "generator")
    if not os.path.exists(os.path.join(folder, "usr", "gen_init_cpio")):
        shutil.rmtree(folder, ignore_errors=True)
        get = [os.path.join(vm.FETCH, "get-package"), "--behind", "linux-source-[0-9]", "stable", "all", "linux-source", folder]
        done = subprocess.run(get, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise Skip("the kernel's sources cannot be had: " + done.stdout.strip().splitlines()[-1])
        vm.run("sh", "-ec", "cd \"$1\" && tar -xJf usr/src/linux-source-*.tar.xz --strip-components=1 --wildcards '*/usr/gen_init*' && rm -r usr/src && "
               "cc -O1 -o usr/gen_init_cpio.new usr/gen_init_cpio.c && mv usr/gen_init_cpio.new usr/gen_init_cpio", "sh", folder)
    return folder


def from_list(board):
    """The image that a kernel build makes of initramfs.list in CONFIG_INITRAMFS_SOURCE. The boot shows that it is complete."""

    def scenario():
        name = board.replace("/", "-") + "-list"
        out = os.path.join(vm.WORK, name + ".cpio")
        vm.run("sh", "-ec", 'cd "$1" && sh usr/gen_initramfs.sh -o "$2" -l "$2.d" "$3"', "sh", kernels_generator(), out,
               os.path.join(vm.O, "board", board, "initramfs.list"))
        with open(out + ".d", encoding="utf-8") as file:
            if "initramfs.files/init" not in file.read():
                raise Failure("the kernel's build does not see that the image depends on init")
        # A separate image finds an existing console device; this image must contain it.
        if not re.search(r"^crw------- .* 5, +1 .* dev/console$", vm.run("sh", "-c", 'cpio -tv --quiet <"$1"', "sh", out), re.M):
            raise Failure("the image has no /dev/console")
        with on(board, disk(board, name, "--memory", "16384", "--time", "4"), name, (), out) as machine:
            machine.expect(PROMPT)
            machine.send(PASSPHRASE + "\n")
            expect_root(machine)

    scenario.__doc__ = f"{board}: initramfs.list, through the kernel's own gen_initramfs.sh, gives an image that boots"
    return scenario


@vm.once
def adiantum_guest():
    passphrase = os.path.join(vm.WORK, "adiantum.passphrase")
    with open(passphrase, "w", encoding="ascii") as file:
        file.write(PASSPHRASE)
    modules = vm.MODULES + " adiantum nhpoly1305 chacha_generic? af_alg? algif_skcipher?"
    return guest.image("adiantum_cases", modules, (passphrase, "/key:0600"))


def adiantum(board):
    """cryptsetup has no Adiantum of its own: it makes the volume in a guest whose kernel has it."""

    def scenario():
        name, cipher = board.replace("/", "-") + "-adiantum", ADIANTUM[board]
        plain = vm.make_disk(name + "-plain", "--plain", "yes", "--init", root_init(board), "--witness", WITNESS)
        image = os.path.join(vm.WORK, name + ".img")
        with open(image, "wb") as file:
            file.truncate(48 << 20)
        drive = ["-drive", f"file={image},format=raw,if=virtio"]
        with VM(name + "-made", adiantum_guest(), "cipher=" + cipher, [plain], memory=512, args=drive) as machine:
            machine.expect("CASES end")
            machine.assert_no("CASE not ok")
            machine.wait_off()
        header = vm.run("cryptsetup", "luksDump", "--dump-json-metadata", image)
        if header.count(cipher) != 2:
            raise Failure("area and data are not both in " + cipher + ":\n" + header)
        with Board(board, image, name) as machine:
            machine.expect(PROMPT)
            machine.send(PASSPHRASE + "\n")
            expect_root(machine)

    scenario.__doc__ = f"{board}: a root in {ADIANTUM[board]}, keyslot area and data, opens with the kernel's cipher"
    return scenario


class WithUBoot(Board):
    """The same machine, started by U-Boot. QEMU emulates different devices for a machine with firmware, so the kernel needs
    the device tree of this machine."""

    def __init__(self, board, disk, name):
        super().__init__(board, disk, name)
        for option in ("-kernel", "-initrd", "-append"):
            at = self.line.index(option)
            self.words = self.line[at + 1]  # those of the kernel are last
            del self.line[at:at + 2]
        self.line += ["-bios", UBOOT[board]]

    def device_tree(self):
        dtb = os.path.join(vm.WORK, self.name + ".dtb")
        vm.run(*(word if word != "virt" else "virt,dumpdtb=" + dtb for word in self.line))
        return dtb

    def bring(self, *files):
        """Put the files on a FAT disk, in addition to the root."""
        fat = os.path.join(vm.WORK, self.name + ".fat")
        with open(fat, "wb") as file:
            file.truncate(96 << 20)
        vm.run("mkfs.vfat", fat)
        vm.run("mcopy", "-s", "-i", fat, *files, "::")
        self.line += ["-drive", f"file={fat},format=raw,if=virtio,readonly=on"]

    def boot(self, *lines):
        self.expect("Hit any key to stop autoboot")
        self.send("\n")
        for line in ("virtio scan", f"setenv bootargs {self.words}", *lines):
            self.expect("=> ")
            self.send(line + "\n")
        self.expect("Starting kernel")
        started = self.text
        self.expect(PROMPT)
        self.send(PASSPHRASE + "\n")
        expect_root(self)
        return started


def uboot(board):
    """The FIT of `make image`, booted by the real U-Boot."""

    def scenario():
        name = board.replace("/", "-") + "-uboot"
        machine = WithUBoot(board, disk(board, name, "--memory", "16384", "--time", "4"), name)
        with vm.FIXTURES:  # the image is rebuilt, so no other test may read it now
            # O unchanged: with another name of the same folder, the flags differ and make rebuilds everything.
            vm.run("make", "-s", "-C", vm.TOP, "O=" + os.environ.get("O", "build"), "BOARD=" + board,
                   "FIT_KERNEL=" + os.path.join(kernel(board), "vmlinuz"), "FIT_DTB=" + machine.device_tree(), "image")
        machine.bring(os.path.join(vm.O, "board", board, "latchkey.itb"))
        with machine:
            said = machine.boot("fatload virtio 1 0x48000000 latchkey.itb", "bootm 0x48000000")
            if len(re.findall(r"sha256\+ OK", said)) != 3:
                raise Failure("U-Boot did not check the three parts:\n" + said)

    scenario.__doc__ = f"{board}: U-Boot takes the FIT, checks its three parts, and a passphrase opens the root"
    return scenario


def uinitrd(board):
    """The same with separate kernel, image and device tree; the image has a U-Boot header."""

    def scenario():
        name = board.replace("/", "-") + "-uinitrd"
        image = disk(board, name, "--memory", "16384", "--time", "4")
        with vm.FIXTURES:
            machine = WithUBoot(board, image, name)
            tree = machine.device_tree()
            machine.bring(os.path.join(kernel(board), "vmlinuz"), os.path.join(vm.O, "board", board, "uInitrd"), tree)
        with machine:
            said = machine.boot("fatload virtio 1 0x44000000 vmlinuz", "fatload virtio 1 0x4a000000 uInitrd",
                                "fatload virtio 1 0x49000000 " + os.path.basename(tree), "booti 0x44000000 0x4a000000 0x49000000")
            if not re.search(r"latchkey initramfs(.*\n)*? *Verifying Checksum \.\.\. OK", said):
                raise Failure("U-Boot did not check the image behind its header:\n" + said)

    scenario.__doc__ = f"{board}: U-Boot takes the image behind its own header, checks it, and a passphrase opens the root"
    return scenario


def extlinux(board):
    """The entry of docs/first-boot.md, with an image that has no header."""

    def scenario():
        with open(os.path.join(vm.TOP, "docs", "first-boot.md"), encoding="utf-8") as file:
            entry = re.search(r"^    label latchkey\n(?:    .*\n)*", file.read(), re.M).group()
        name = board.replace("/", "-") + "-extlinux"
        machine = WithUBoot(board, disk(board, name, "--memory", "16384", "--time", "4"), name)
        entry = textwrap.dedent(entry).replace("vmlinuz-VERSION", "vmlinuz").replace("PARAMETERS", machine.words)
        with tempfile.TemporaryDirectory() as folder, vm.FIXTURES:
            os.mkdir(os.path.join(folder, "extlinux"))
            shutil.copy(os.path.join(kernel(board), "vmlinuz"), folder)
            shutil.copy(os.path.join(vm.O, "board", board, "initramfs.cpio.gz"), os.path.join(folder, "latchkey.img"))
            with open(os.path.join(folder, "extlinux", "extlinux.conf"), "w", encoding="ascii") as file:
                file.write("default latchkey\n" + entry)
            machine.bring(*(os.path.join(folder, name) for name in ("vmlinuz", "latchkey.img", "extlinux")))
        with machine:
            machine.boot("sysboot virtio 1 fat ${scriptaddr} /extlinux/extlinux.conf")

    scenario.__doc__ = f"{board}: U-Boot boots the entry of docs/first-boot.md for extlinux, and a passphrase opens the root"
    return scenario


def too_large_a_slot(board):
    """Keyslot 0 needs 1 GiB, 1 needs 16 MiB, 2 is PBKDF2. The passphrase is that of keyslot 2, then that of keyslot 1."""

    def scenario():
        name = board.replace("/", "-") + "-small"
        image = disk(board, name, "--memory", "32", "--time", "4")
        add = ["cryptsetup", "luksAddKey", "--batch-mode", "--pbkdf-force-iterations"]
        argon2 = ["--pbkdf", "argon2id", "--pbkdf-parallel", "1", "--pbkdf-memory"]
        with tempfile.TemporaryDirectory() as folder:
            keys = {text: os.path.join(folder, text or "first") for text in ("", "second ", "third ")}
            for text, path in keys.items():
                with open(path, "w", encoding="ascii") as file:
                    file.write(text + PASSPHRASE)
            vm.run(*add, "4", *argon2, "16384", "--key-file", keys[""], image, keys["second "])
            vm.run(*add, "1000", "--pbkdf", "pbkdf2", "--key-file", keys[""], image, keys["third "])
            vm.run("cryptsetup", "luksKillSlot", "--batch-mode", "--key-file", keys["third "], image, "0")
            vm.run(*add, "4", *argon2, "1048576", "--key-slot", "0", "--key-file", keys["third "], image, keys[""])
        for number, text in (("1", "second "), ("2", "third ")):
            with Board(board, image, name + number) as machine:
                machine.expect(PROMPT)
                machine.send(text + PASSPHRASE + "\n")
                expect_root(machine)
                machine.assert_no("Out of memory|oom-kill|invoked oom-killer")
                if not re.search(r"keyslot 0.*(1024 MiB|1048576 KiB|1 GiB)", machine.text):
                    raise Failure("no message about what keyslot 0 needs:\n" + machine.text)

    scenario.__doc__ = f"{board}: with 64 MiB of memory a slot of 1 GiB is named and passed over, the next ones open"
    return scenario


KINDS = {"passphrase": (passphrase, lambda b: True), "usb": (usb, has_usb), "token": (token, lambda b: b == "qemu/aarch64-virt"),
         "list": (from_list, lambda b: b == "qemu/x86_64"), "small": (too_large_a_slot, lambda b: b in SMALL),
         "adiantum": (adiantum, lambda b: b in ADIANTUM), "uboot": (uboot, lambda b: b in UBOOT), "uinitrd": (uinitrd, lambda b: b in UBOOT),
         "extlinux": (extlinux, lambda b: b in UBOOT)}


def main():
    boards = sorted(os.path.relpath(os.path.dirname(path), BOARDS) for path in glob_boards())
    unknown = [a for a in sys.argv[1:] if a not in boards and a not in KINDS]
    if unknown:
        sys.exit(f"no such board or kind: {unknown}; there are {boards} {list(KINDS)}")
    chosen = [b for b in boards if b in sys.argv[1:]] or boards
    kinds = [k for k in KINDS if k in sys.argv[1:]] or KINDS
    del sys.argv[1:]
    return vm.suite([KINDS[kind][0](b) for kind in kinds for b in chosen if KINDS[kind][1](b)])


def glob_boards():
    for folder, _, files in os.walk(os.path.join(BOARDS, "qemu")):
        if "board.mk" in files:
            yield os.path.join(folder, "board.mk")


if __name__ == "__main__":
    sys.exit(main())
