#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Key sticks and prompts in a virtual machine: whichever comes first opens the root, without waiting for the other.

tests/boot/test_sticks.py tests damaged, hostile and unusual sticks, and the dialects of the configuration.
Arguments choose tests by the names of their functions. Each boot logs its console to $O/boot/NAME.log.
"""
import os
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import vm
from sticks import (FULL, KEY, MODULES, PASSPHRASE, PROMPT, ROOT, SCSI, WITNESS, XHCI, answer, auto_key, check, drive, expect_root,
                    image, image_with, path, plug, plugged, pull, root, stick, uuid)
from vm import VM


@vm.once
def data(name, passphrase):
    """A volume without a filesystem that matters."""
    return vm.make_disk("keys-" + name, "--passphrase", passphrase, "--memory", "8192")


@vm.once
def partitioned():
    """auto_key in the one partition of a stick."""
    out = path("partitioned.stick")
    with open(auto_key(), "rb") as f, open(out, "wb") as to:
        to.write(bytes(1 << 20) + f.read() + bytes(1 << 20))
    subprocess.run(["sfdisk", "-q", out], input=b"label: dos\nstart=2048, size=16384, type=c\n", check=True, stdout=subprocess.DEVNULL)
    return out


@vm.once
def newline_key():
    return stick("newline", {f"latchkey/{uuid()}.key": PASSPHRASE.encode() + b"\n"})


@vm.once
def named_key():
    return stick("named", {"secret.key": KEY})


@vm.once
def usb_image():
    return vm.make_image("keys-usb", modules=vm.MODULES + " xhci_pci usb_storage sd_mod", **FULL)


# -------------------------------------------------------------------------------------------------------------


def usb_present():
    """a USB stick with latchkey/UUID.key that is plugged in opens the root without an answer to the prompt"""
    with VM("keys-present", usb_image(), ROOT, [root()],
            args=XHCI + drive(auto_key()) + plugged(kind="usb-storage"), **FULL) as m:
        m.expect("root is open with the key latchkey/")
        expect_root(m)


def usb_inserted():
    """a USB stick that is plugged while the prompt waits, and something is half typed, opens the root"""
    with VM("keys-inserted", usb_image(), ROOT, [root()], args=XHCI + drive(auto_key()), **FULL) as m:
        m.expect(PROMPT)
        m.send("half a pass")
        m.quiet(2)
        plug(m, kind="usb-storage")
        m.expect("root is open with the key latchkey/")
        expect_root(m)


def stick_inserted():
    """the same where the kernel calls the stick only removable, with a partition table"""
    with VM("keys-partition", image(), ROOT, [root()], args=SCSI + drive(partitioned())) as m:
        m.expect(PROMPT)
        plug(m)
        m.expect("root is open with the key latchkey/.* on /dev/sda1")
        expect_root(m)


def stick_of_ext4():
    """with stick=any one with ext4 serves, and is mounted nowhere afterwards"""
    key = stick("ext4", {f"latchkey/{uuid()}.key": KEY}, kind="ext4")
    with VM("keys-ext4", image(), f"{ROOT} latchkey.stick=any", [root()], args=SCSI + drive(key)) as m:
        m.expect(PROMPT)
        plug(m)
        m.expect("root is open with the key latchkey/")
        m.expect("root: witness " + WITNESS)
        m.wait_off()
        check("mount /dev/sd" not in m.text, "the stick is still mounted", m.text)


def stick_missing():
    """a named stick that is missing does not delay the boot: the passphrase opens the root"""
    words = f"rd.luks.name={uuid()}=root rd.luks.key={uuid()}=/secret.key:LABEL=STICK root=/dev/mapper/root"
    with VM("keys-missing", image(), words, [root()], args=SCSI) as m:
        answer(m)
        expect_root(m)


def named_stick():
    """a key file that the command line names with its stick (rd.luks.key=UUID=path:LABEL=...)"""
    key = named_key()
    words = f"rd.luks.name={uuid()}=root rd.luks.key={uuid()}=/secret.key:LABEL=STICK root=/dev/mapper/root"
    with VM("keys-named", image(), words, [root()], args=SCSI + drive(key)) as m:
        m.expect(PROMPT)
        plug(m)
        m.expect("root is open with the key /secret.key on /dev/sd")
        expect_root(m)


def stick_pulled():
    """a stick that is pulled while the key is read leaves the prompt; plugged again it opens the root"""
    # The key lies behind 9 MiB, more than a key may have, on a stick that reads 400 KiB in a second.
    key = stick("slow", {"big.key": bytes(9 << 20) + KEY}, size_mib=16)
    words = f"{ROOT} latchkey.key=/big.key:LABEL=STICK latchkey.options=keyfile-offset={9 << 20},keyfile-size={len(KEY)}"
    with VM("keys-pulled", image(), words, [root()],
            args=SCSI + drive(key, more=",throttling.bps-read=1000000") + drive(key, "again")) as m:
        m.expect(PROMPT)
        plug(m)
        m.quiet(3)
        pull(m)
        m.expect("the key /big.key on /dev/sd.*: ", timeout=30)
        m.quiet(1)
        check(m.text.rstrip("\r").endswith("(/dev/vda): "), "no prompt is shown", m.text)
        plug(m, "again")  # QEMU forgets a drive that was pulled
        m.expect("root is open with the key /big.key")
        expect_root(m)


def wrong_then_right():
    """a stick with a wrong key is named and the prompt stays; another stick opens the root"""
    wrong = stick("wrong", {f"latchkey/{uuid()}.key": b"no key of this volume"})
    with VM("keys-wrong", image(), ROOT, [root()], args=SCSI + drive(wrong, "wrong") + drive(auto_key(), "right")) as m:
        m.expect(PROMPT)
        plug(m, "wrong")
        m.expect("the key latchkey/.* on /dev/sd.* does not open root: .*wrong passphrase or key")
        m.expect(PROMPT)
        plug(m, "right")
        m.expect("root is open with the key latchkey/")
        expect_root(m)


def empty_passphrase():
    """the first boot of an image builder's disk, which has the empty passphrase: by try-empty-password without a question, or by Enter, Enter"""
    disk = vm.make_disk("keys-builder", "--init", vm.compile_static("root_init"), "--passphrase", PASSPHRASE, "--key-file",
                        path("key", KEY), "--memory", "8192", "--witness", WITNESS)
    vm.run("cryptsetup", "luksAddKey", "-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--key-file", path("key", KEY),
           disk, path("nothing", b""))
    table = f"root UUID={vm.run('cryptsetup', 'luksUUID', disk).strip()} none luks,try-empty-password\n"
    with VM("keys-try-empty", image_with("try-empty", table, "/etc/crypttab"), "root=/dev/mapper/root", [disk]) as m:
        m.expect("root is open with the empty passphrase")
        expect_root(m)
        m.assert_no("Enter passphrase")
    with VM("keys-enter-twice", image(), ROOT, [disk]) as m:
        answer(m, "")
        m.expect("Empty: press Enter again to try it.")
        answer(m, "")
        m.expect("root is open with the passphrase")
        expect_root(m)


def newline():
    """a key file to which an editor added a newline opens, with a message"""
    key = newline_key()
    with VM("keys-newline", image(), ROOT, [root()], args=SCSI + drive(key) + plugged()) as m:
        m.expect("only without its trailing newline")
        expect_root(m)


def newline_strict():
    """with strict-key it is not tried without its newline"""
    key = newline_key()
    with VM("keys-strict", image(), f"{ROOT} latchkey.options=strict-key", [root()],
            args=SCSI + drive(key) + plugged()) as m:
        m.expect("does not open root")
        m.assert_no("without the newline")
        answer(m)
        expect_root(m)


def raw_key():
    """a key at an offset of a device without a filesystem (cryptdevice=, cryptkey=DEVICE:OFFSET:SIZE)"""
    raw = path("raw.stick", bytes(4096) + KEY + bytes((1 << 20) - 4096 - len(KEY)))
    words = f"cryptdevice=/dev/vda:root cryptkey=/dev/sda:4096:{len(KEY)} root=/dev/mapper/root"
    with VM("keys-raw", image(), words, [root()], args=SCSI + drive(raw)) as m:
        m.expect(PROMPT)
        plug(m)
        m.expect("root is open with the key at byte 4096 of /dev/sda")
        expect_root(m)


def late_medium():
    """a drive without a medium, and one that is empty: the key is read when there is one"""
    medium = path("medium.stick", bytes(4096) + KEY + bytes((1 << 20) - 4096 - len(KEY)))
    words = f"cryptdevice=/dev/vda:root cryptkey=/dev/sr0:4096:{len(KEY)} root=/dev/mapper/root"
    with VM("keys-medium", vm.make_image("keys-medium", modules=MODULES + " sr_mod", **FULL), words, [root()],
            args=["-device", "virtio-scsi-pci", "-drive", "if=none,id=cd,media=cdrom", "-device", "scsi-cd,drive=cd"], **FULL) as m:
        m.expect("the key at byte 4096 of /dev/sr0: /dev/sr0: cannot be opened: No medium found")
        m.expect(PROMPT)
        m.quiet(3)
        said = m.monitor(f"change cd {medium} raw")
        check("rror" not in said, said, m.text)
        m.expect("root is open with the key at byte 4096 of /dev/sr0")
        expect_root(m)


def broken_key():
    """a key device with read errors is read a few times: it is named at the first and the last, and the prompt is answered"""
    raw = path("broken.stick", bytes(1 << 20))
    errors = ("driver=raw,if=none,id=stick,readonly=on,file.driver=blkdebug,file.image.driver=file,file.image.filename=" + raw +
              ",file.inject-error.0.event=read_aio,file.inject-error.0.errno=5,file.inject-error.0.sector=8")
    words = f"cryptdevice=/dev/vda:root cryptkey=/dev/sda:4096:{len(KEY)} root=/dev/mapper/root"
    said = "the key at byte 4096 of /dev/sda: .*cannot be read: I/O error"
    with VM("keys-broken", image(), words, [root()], args=SCSI + ["-drive", errors] + plugged()) as m:
        m.expect(said)
        m.expect(said)
        m.quiet(5)
        check(len(re.findall(said, m.text)) == 2, "it is named each time", m.text)
        answer(m)
        expect_root(m)


def header_on_stick():
    """both header copies are destroyed: a stick with latchkey/NAME.header and a passphrase open the root"""
    bare = path("bare.img")
    header = path("bare.header")
    vm.run("cp", root(), bare)
    if os.path.exists(header):
        os.unlink(header)
    vm.run("cryptsetup", "luksHeaderBackup", bare, "--header-backup-file", header)
    vm.run(os.path.join(vm.HERE, "make-disk"), "--damage", "both", bare)
    with open(header, "rb") as f:
        key = stick("header", {"latchkey/root.header": f.read()}, size_mib=40)
    with VM("keys-header", image(), ROOT, [bare], args=SCSI + drive(key)) as m:
        m.expect("waiting up to 30 s for a stick with its header")
        plug(m)
        m.expect("root: using the header latchkey/root.header on /dev/sd")
        answer(m, prompt=r"Enter passphrase for root \(.*\): ")
        expect_root(m)


def one_passphrase():
    """two volumes with one passphrase: asked once, and both are open"""
    table = f"root /dev/vda none x-initrd.attach\ndata /dev/vdb none x-initrd.attach\n"
    with VM("keys-two", image_with("two", table, "/etc/crypttab"), "root=/dev/mapper/root",
            [root(), data("data", PASSPHRASE)]) as m:
        m.expect(r"Enter passphrase for root \(/dev/vda\), data: ")
        m.send(PASSPHRASE + "\n")
        m.expect("2 of 2 volumes opened")
        expect_root(m)


def second_fails():
    """the second volume cannot be opened at all: the first one is closed again, and the boot stops with the reason"""
    damaged = path("damaged.img")
    vm.run("cp", data("data", PASSPHRASE), damaged)
    vm.run(os.path.join(vm.HERE, "make-disk"), "--damage", "both", damaged)
    table = f"root /dev/vda none x-initrd.attach\ndata /dev/vdb none x-initrd.attach\n"
    with VM("keys-second", image_with("two", table, "/etc/crypttab"), "root=/dev/mapper/root",
            [root(), damaged]) as m:
        answer(m, prompt=r"Enter passphrase for root \(/dev/vda\): ")
        m.expect("root is open")
        m.expect("root is closed again", timeout=60)
        m.expect(r"latchkey exited with 6 \(damaged\)")


def headless():
    """headless without a stick: no prompt, and code 4 after the limit"""
    with VM("keys-headless", image(), f"{ROOT} latchkey.headless latchkey.give-up=5", [root()], args=SCSI) as m:
        m.expect("no key found within 5 s")
        m.expect(r"latchkey exited with 4 \(device\)")
        m.assert_no("Enter passphrase")


def key_timeout():
    """key-timeout= gives the stick a start: the prompt comes after it, and the stick still serves"""
    words = f"{ROOT} latchkey.key=/secret.key:LABEL=STICK latchkey.options=key-timeout=6"
    key = named_key()
    with VM("keys-timeout", image(), words, [root()], args=SCSI + drive(key)) as m:
        m.expect("modules loaded")
        start = time.monotonic()
        m.expect(PROMPT)
        check(time.monotonic() - start > 4, "the prompt did not wait", m.text)
        plug(m)
        m.expect("root is open with the key /secret.key")
        expect_root(m)


def two_consoles():
    """the prompt is on two consoles; a passphrase on the second opens the root, and the first shows it"""
    second = path("second.out")
    pipe = path("second")
    for end in (".in", ".out"):
        if os.path.exists(pipe + end):
            os.unlink(pipe + end)
        os.mkfifo(pipe + end)
    args = ["-chardev", f"pipe,id=second,path={pipe}", "-device", "virtio-serial-pci", "-device",
            "virtconsole,chardev=second"]
    reader = os.open(second, os.O_RDWR | os.O_NONBLOCK)
    writer = os.open(pipe + ".in", os.O_RDWR)
    try:
        with VM("keys-consoles", image(), f"console=hvc0 console=ttyS0 {ROOT}", [root()], args=args) as m:
            m.expect(PROMPT)
            m.quiet(1)
            os.write(writer, PASSPHRASE.encode() + b"\r")
            m.expect("root is open with the passphrase")
            expect_root(m)
        said = os.read(reader, 1 << 20).decode(errors="replace")
        check("Enter passphrase for root (/dev/vda): " in said, "no prompt on the second line", said)
        check("root is open with the passphrase" in said, "the second line was not told", said)
        check(PASSPHRASE not in said, "a passphrase was echoed", said)
    finally:
        os.close(reader)
        os.close(writer)


def keyboard():
    """the prompt on the screen takes a passphrase from the keyboard while the serial line shows it, too"""
    with VM("keys-keyboard", image(), f"console=tty0 console=ttyS0 {ROOT}", [root()],
            args=["-vga", "std"]) as m:
        m.expect(PROMPT)
        m.quiet(1)
        for c in PASSPHRASE:
            m.monitor("sendkey " + {" ": "spc"}.get(c, c))
        m.monitor("sendkey ret")
        m.expect("root is open with the passphrase")
        expect_root(m)


def kernel_messages():
    """a thousand kernel messages overwrite the prompt: it is shown again, and the passphrase is not corrupted"""
    flood = vm.compile_static("flood_latchkey")
    img = vm.make_image("keys-flood", "--add", f"{vm.LATCHKEY}:/bin/latchkey.real:0755", latchkey=flood)
    with VM("keys-flood", img, ROOT, [root()], kernel_words="loglevel=7 panic=-1") as m:
        m.expect(PROMPT)
        m.expect("flood 500")
        m.send(PASSPHRASE[:8])
        m.expect("flood 999")
        m.expect(PROMPT)
        m.send(PASSPHRASE[8:] + "\n")
        expect_root(m)


def wrong_twice():
    """wrong passphrases are counted, and the pause grows"""
    with VM("keys-tries", image(), f"{ROOT} latchkey.options=tries=2 latchkey.after=fail", [root()]) as m:
        answer(m, "no")
        m.expect("wrong passphrase or key")
        answer(m, "no again")
        m.expect("no correct passphrase, tries: 2")
        m.expect(r"latchkey exited with 2 \(passphrase\)")


def image_with_key(name, table=""):
    """One in which /etc/root.key opens the root."""
    return vm.make_image("keys-" + name, "--add", f"{path('root.key', KEY)}:/etc/root.key:0600", "--add",
                         f"{path(name + '.table', table.encode())}:/etc/crypttab", modules=MODULES)


def nofail_wrong():
    """three wrong passphrases for a nofail volume give up that volume: the boot goes on without it"""
    words = f"{ROOT} latchkey.key=/etc/root.key latchkey.volume=home,/dev/vdb,none,nofail,tries=3"
    with VM("keys-nofail", image_with_key("nofail"), words, [root(), data("data", PASSPHRASE)]) as m:
        m.expect("root is open with the key file /etc/root.key")
        for _ in range(3):
            answer(m, "no", prompt=r"Enter passphrase for home \(/dev/vdb\): ")
            m.expect("wrong passphrase or key")
        m.expect(r"home is left closed \(nofail\): no correct passphrase, tries: 3")
        expect_root(m)


def nofail_absent():
    """a nofail volume whose disk is absent, and lines of the whole system's crypttab, do not hold an open root"""
    table = f"data UUID={data_uuid()} none nofail\nroot /dev/vda /etc/root.key luks,noauto\nbig /srv/container none luks\n"
    with VM("keys-absent", image_with_key("absent", table), "root=/dev/mapper/root", [root()]) as m:
        m.expect("root is open with the key file /etc/root.key")
        m.expect(r"data is left closed \(nofail\): UUID=")
        m.expect(r"big is left closed \(not marked for the initramfs\): /srv/container: ")
        expect_root(m)
        m.assert_no("Enter passphrase for (data|big)")


def after_poweroff():
    """after=poweroff: the machine goes off after the last wrong passphrase"""
    with VM("keys-off", image(), f"{ROOT} latchkey.tries=1 latchkey.after=poweroff", [root()]) as m:
        answer(m, "no")
        m.expect("too many wrong passphrases: powering off")
        m.wait_off(20)


def after_reboot():
    """after=reboot: the machine starts again after the last wrong passphrase, which ends this one"""
    with VM("keys-again", image(), f"{ROOT} latchkey.tries=1 latchkey.after=reboot", [root()]) as m:
        answer(m, "no")
        m.expect("too many wrong passphrases: restarting")
        m.wait_off(20)


def late_volume():
    """a volume that appears 10 s later is waited for with a message, and the passphrase of the first opens it without a prompt"""
    table = f"root /dev/vda none x-initrd.attach\ndata UUID={data_uuid()} none x-initrd.attach\n"
    late = ["-drive", f"file={data('data', PASSPHRASE)},format=raw,if=none,id=late,snapshot=on"]
    with VM("keys-late", image_with("late", table, "/etc/crypttab"), "root=/dev/mapper/root", [root()], args=late) as m:
        m.expect("waiting for data: UUID=")
        answer(m)
        m.expect("root is open")
        m.quiet(5)
        m.monitor("device_add virtio-blk-pci,drive=late")
        m.expect("data is open with the passphrase")
        expect_root(m)


def data_uuid():
    return vm.run("cryptsetup", "luksUUID", data("data", PASSPHRASE)).strip()


def never_comes():
    """a device that never comes ends with code 4 after its time, when one is set"""
    with VM("keys-never", image(), "latchkey.device=UUID=00000000-0000-4000-8000-000000000000 "
            "latchkey.options=x-systemd.device-timeout=4") as m:
        m.expect("waiting for root: UUID=")
        m.expect(r"latchkey exited with 4 \(device\)")


def pass_fifo():
    """a passphrase that a program writes into the FIFO opens the root"""
    writer = vm.compile_static("fifo_latchkey")
    img = vm.make_image("keys-fifo", "--add", f"{vm.LATCHKEY}:/bin/latchkey.real:0755", "--add",
                        f"{path('fifo.text', PASSPHRASE.encode())}:/passphrase:0600", latchkey=writer)
    with VM("keys-fifo", img, f"{ROOT} latchkey.passfifo=/run/passfifo", [root()]) as m:
        m.expect("root is open with the passphrase from the FIFO")
        expect_root(m)


if __name__ == "__main__":
    sys.exit(vm.suite([
        usb_present, usb_inserted, stick_inserted, stick_of_ext4, stick_missing, named_stick, stick_pulled, wrong_then_right,
        newline, newline_strict, raw_key, late_medium, broken_key, header_on_stick, one_passphrase, second_fails, headless, key_timeout,
        two_consoles, keyboard, kernel_messages, wrong_twice, empty_passphrase, nofail_wrong, nofail_absent, after_poweroff, after_reboot, late_volume, never_comes, pass_fifo,
    ]))
