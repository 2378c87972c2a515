#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boot real volumes in a virtual machine with latchkey's init, and read a file on the encrypted root.

Arguments choose tests by the names of their functions. Each boot logs its console to $O/boot/NAME.log.
"""
import contextlib
import io
import os
import secrets
import re
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import demo
import vm
from vm import VM, Failure

PASSPHRASE = "correct horse " + secrets.token_hex(4)
WRONG = "incorrect mule " + secrets.token_hex(4)
WITNESS = "the witness is " + secrets.token_hex(16)  # known only by reading this root
PROMPT = r"Enter passphrase for root \(/dev/vda\): "
DEVICE = "latchkey.device=/dev/vda"
HEADER = "latchkey.header=/etc/root.header"
KEY = os.path.join(vm.WORK, "root.key")


@vm.once
def disk(sector_size=4096, name="disk", init=True):
    """A root that PASSPHRASE and the key file open."""
    with open(KEY, "wb") as f:
        f.write(b"not\ntext\0" + PASSPHRASE.encode()[::-1])
    options = ["--init", vm.compile_static("root_init")] if init else []
    return vm.make_disk(f"{name}-{sector_size}", *options, "--passphrase", PASSPHRASE, "--key-file", KEY,
                        "--memory", "8192", "--sector-size", str(sector_size), "--witness", WITNESS)


@vm.once
def labelled():
    disk()
    return vm.make_disk("labelled", "--init", vm.compile_static("root_init"), "--passphrase", PASSPHRASE, "--memory",
                        "8192", "--witness", WITNESS, "--label", "inside")


@vm.once
def harmed(how, which):
    path = disk(name=f"{how}-{which}")
    vm.run(os.path.join(vm.HERE, "make-disk"), "--" + how, which, path)
    return path


@vm.once
def image():
    return vm.make_image("image")


@vm.once
def stub_image():
    return vm.make_image("stub", latchkey=vm.compile_static("stub_latchkey"))


def key_image(name, content):
    path = os.path.join(vm.WORK, name + ".key")
    with open(path, "wb") as f:
        f.write(content)
    return vm.make_image(name, "--add", f"{path}:/etc/root.key:0600")


def check(condition, what, text):
    if not condition:
        raise Failure(f"{what}; the console said:\n{text}")


def answer(machine, passphrase=PASSPHRASE, prompt=PROMPT):
    machine.expect(prompt)
    machine.send(passphrase + "\n")


def expect_root(machine, *lines):
    """The witness was read on the root; these regular expressions match lines of root_init's report."""
    machine.expect("root: witness " + WITNESS)
    machine.wait_off()
    for line in (r"pid 1 argv \[/sbin/init\]", "echo on", "descriptors 0 1 2\n", "writable no",
                 r"mount /dev/mapper/root / ext4 ro,") if not lines else lines:
        check(re.search("root: " + line, machine.text), f"no line like /root: {line}/", machine.text)
    for secret in (PASSPHRASE, WRONG):
        check(secret not in machine.text, "a passphrase was echoed", machine.text)


def nothing_listens(machine):
    """Bytes sent to a stopped machine do nothing: there is neither a shell nor an echo."""
    for text in ("\n", "ls /\n", "\x03\x03", "\x04", "\x1a", "id\r\n", "exec sh\n"):
        machine.send(text)
    said = machine.quiet(3)
    check(not said.strip(), "something answered after the stop", said)


# The ways to a root.


def passphrase():
    """a passphrase typed on the serial console opens the root; nothing of it is echoed"""
    with VM("passphrase", image(), DEVICE, [disk()]) as m:
        m.expect(PROMPT)
        m.quiet(1)
        m.send(PASSPHRASE + "\n")
        expect_root(m)


def typed_too_early():
    """what is typed before the prompt is not echoed"""
    with VM("typed-too-early", stub_image(), f"{DEVICE} latchkey.name=kill-2", [disk()]) as m:
        m.expect("starting latchkey again in 4 s")
        m.send(PASSPHRASE)
        said = m.quiet(2)
        check(PASSPHRASE not in said, "it was echoed", said)


def key_file():
    """a key file in the image opens the root without an answer to the prompt"""
    disk()
    with open(KEY, "rb") as f:
        img = key_image("key", f.read())
    with VM("key-file", img, f"{DEVICE} latchkey.key=/etc/root.key", [disk()]) as m:
        expect_root(m)


def wrong_then_right():
    """after a wrong passphrase the right one opens the root"""
    with VM("wrong-then-right", image(), DEVICE, [disk()]) as m:
        answer(m, WRONG)
        answer(m)
        expect_root(m)


def primary_destroyed():
    """a destroyed primary header does not prevent the root from opening"""
    with VM("primary-destroyed", image(), DEVICE, [harmed("destroy", "primary")]) as m:
        answer(m)
        expect_root(m)


@vm.once
def header_image():
    header = os.path.join(vm.WORK, "backup.header")
    if os.path.exists(header):
        os.unlink(header)
    vm.run("cryptsetup", "luksHeaderBackup", disk(), "--header-backup-file", header)
    return vm.make_image("header", "--add", f"{header}:/etc/root.header:0600")


def header_in_image():
    """a header in the image opens a volume whose own header is destroyed"""
    bare = os.path.join(vm.WORK, "bare.img")
    vm.run("cp", disk(), bare)
    vm.run(os.path.join(vm.HERE, "make-disk"), "--destroy", "both", bare)
    with VM("header-in-image", header_image(), f"{DEVICE} {HEADER}", [bare]) as m:
        answer(m, prompt="Enter passphrase for .*: ")
        expect_root(m)


def sectors_of_512():
    """a volume with 512-byte sectors opens (all others here have 4096)"""
    with VM("sectors-of-512", image(), DEVICE, [disk(512)]) as m:
        answer(m)
        expect_root(m)


def by_uuid():
    """the device is found by its UUID, without udev, also when it comes later"""
    uuid = vm.run("cryptsetup", "luksUUID", disk()).strip()
    late = ["-drive", f"file={disk()},format=raw,if=none,id=late,snapshot=on"]
    with VM("by-uuid", image(), f"latchkey.device=UUID={uuid}", [disk(512)], args=late) as m:
        m.expect(f"waiting for root: UUID={uuid}: ")
        m.monitor("device_add virtio-blk-pci,drive=late")
        answer(m, prompt="Enter passphrase for .*: ")
        expect_root(m)


def wrong_key_file():
    """a key file that does not open the volume leads to the prompt"""
    img = key_image("wrong-key", b"something else")
    with VM("wrong-key-file", img, f"{DEVICE} latchkey.key=/etc/root.key", [disk()]) as m:
        m.expect("the key file /etc/root.key does not open root: .*wrong passphrase or key")
        answer(m)
        expect_root(m)


def missing_key_file():
    """a key file that is not in the image leads to the prompt"""
    with VM("missing-key-file", image(), f"{DEVICE} latchkey.key=/etc/root.key", [disk()]) as m:
        m.expect(r"the key file /etc/root.key: .*cannot be opened: No such file")
        answer(m)
        expect_root(m)


def late_device():
    """a device that appears later is waited for with a message, and opened"""
    late = ["-drive", f"file={disk()},format=raw,if=none,id=late,snapshot=on"]
    with VM("late-device", image(), DEVICE, args=late) as m:
        m.expect("waiting for root: /dev/vda: ")
        start = time.monotonic()
        m.expect("waiting for root: /dev/vda: ", timeout=30)  # and again after 10 s
        check(time.monotonic() - start > 7, "the wait is reported too often", m.text)
        m.monitor("device_add virtio-blk-pci,drive=late")
        answer(m)
        expect_root(m)


def event_wakes():
    """a device that appears is examined at its uevent, and not by polling"""
    late = ["-drive", f"file={disk()},format=raw,if=none,id=late,snapshot=on"]
    with VM("event-wakes", header_image(), f"{DEVICE} {HEADER}", args=late) as m:
        m.expect("waiting for root: /dev/vda: ")
        m.quiet(12)
        m.monitor("device_add virtio-blk-pci,drive=late")
        m.expect("Enter passphrase for .*: ", timeout=7)


def interrupt():
    """^C does not discard the typed text; ^Z, ^\\, ^S, ^Q or ^D ends, stops or joins the passphrase, or turns the echo on"""
    with VM("interrupt", image(), DEVICE, [disk()]) as m:
        m.expect(PROMPT)
        for keys in (WRONG + "\x03", WRONG + "\x15"):
            m.send(keys)
        half = len(PASSPHRASE) // 2
        m.send(PASSPHRASE[:half] + "\x1a\x1c\x11\x04\x13")
        said = m.quiet(2)
        check(not said.strip(), f"what is typed is answered with {said!r}", m.text)
        m.send(PASSPHRASE[half:] + "\n")
        expect_root(m)  # ^S has not stopped the output
        m.assert_no("wrong passphrase|starting latchkey again")


def cancelled():
    """^C while a key is derived does not end the attempt, ends latchkey, or leaves no prompt"""
    disk()  # makes the key file, too
    slow = vm.make_disk("slow", "--init", vm.compile_static("root_init"), "--passphrase", PASSPHRASE, "--key-file", KEY,
                        "--memory", "32768", "--time", "60", "--witness", WITNESS)
    with VM("cancelled", image(), f"{DEVICE} latchkey.options=max-time=100000", [slow]) as m:
        m.expect(PROMPT)
        m.send(WRONG + "\n")
        m.expect("Deriving the key for root: ")
        m.send("\x03")
        m.expect("root: cancelled")
        m.expect(PROMPT)
        m.assert_no("wrong passphrase|starting latchkey again|was killed")
        m.send(PASSPHRASE + "\n")
        m.expect("Deriving the key for root: ")
        m.send("\x03")
        m.expect("root: cancelled")
        m.expect(PROMPT)
        m.assert_no("starting latchkey again|was killed")


def no_descriptors():
    """init opens the console itself when the kernel gave it no descriptors"""
    img = vm.make_image("without-console", "--add", f"{vm.compile_static('without_console')}:/without_console")
    with VM("no-descriptors", img, f"rdinit=/without_console {DEVICE}", [disk()]) as m:
        m.expect(r"init: \d+ modules loaded\n")
        answer(m)
        expect_root(m)


def other_init():
    """init=, rw, rootfstype=, rootflags= and arguments reach the root"""
    words = f"{DEVICE} latchkey.name=other rw rootfstype=ext4 rootflags=noatime,data=journal " \
            f"init=/lib/root_init single -- last"
    with VM("other-init", image(), words, [disk()]) as m:
        answer(m, prompt="Enter passphrase for .*: ")
        expect_root(m, r"pid 1 argv \[/lib/root_init\] \[single\] \[last\]\n", "writable yes",
                    r"mount /dev/mapper/other / ext4 rw,noatime,.*data=journal")


def open_options():
    """latchkey.options= reach the mapping: a read-only one cannot be written to even with rw"""
    with VM("open-options", image(), f"{DEVICE} latchkey.options=readonly,discard,frobnicate rw", [disk()]) as m:
        m.expect("frobnicate")
        answer(m)
        m.expect("/dev/mapper/root is write-protected: mounting it read-only")
        expect_root(m)


def memory_given_back():
    """the initramfs's memory is free once the root's init runs"""
    ballast = os.path.join(vm.WORK, "ballast")
    with open(ballast, "wb") as f:
        f.truncate(32 << 20)
    img = vm.make_image("ballast", "--add", f"{ballast}:/deep/in/the/image/ballast")
    for words in (DEVICE, f"{DEVICE} root=/dev/mapper/root"):  # rootfs is tmpfs, and with root= ramfs
        with VM("memory-given-back", img, words, [disk()]) as m:
            answer(m)
            expect_root(m)
            for size in re.findall(r"root: memory \w+: +(\d+) kB", m.text):
                check(int(size) < 16 << 10, f"{size} KiB are still held", m.text)


# The ways to a stop.


def both_damaged():
    """damage in both header copies stops the boot with latchkey's reason; no shell is reachable"""
    with VM("both-damaged", image(), DEVICE, [harmed("damage", "both")], kernel_words="loglevel=4") as m:
        m.expect("waiting up to 30 s for a stick with its header")
        m.expect(r"latchkey exited with 6 \(damaged\)", timeout=90)
        m.expect("init: block devices: vda ")
        m.expect("init: halted; power off or restart this machine\n")
        nothing_listens(m)
        m.assert_no("Enter passphrase")


def not_luks():
    """a disk that is not LUKS is waited for with one message and without a shell"""
    plain = os.path.join(vm.WORK, "plain.img")
    with open(plain, "wb") as f:
        f.truncate(8 << 20)
    with VM("not-luks", image(), DEVICE, [plain]) as m:
        m.expect("waiting for root: /dev/vda: .*not.*LUKS.*\n")
        nothing_listens(m)


def no_device_word():
    """a command line without a volume is reported, with the existing devices"""
    with VM("no-device-word", image(), "latchkey.devise=/dev/vda", [disk()]) as m:
        m.expect("unknown word: devise")
        m.expect("no volume is configured")
        m.expect("init: block devices: vda ")
        m.wait_off()


def no_init_on_root():
    """a root without an init stops the boot and is closed again"""
    with VM("no-init-on-root", image(), DEVICE, [disk(name="no-init", init=False)], kernel_words="loglevel=4") as m:
        answer(m)
        m.expect("neither /sbin/init nor /etc/init nor /bin/init is an executable file on the root")
        m.expect("init: root is closed again\n")
        m.expect("init: halted; power off or restart this machine\n")
        nothing_listens(m)


def all_closed():
    """every other volume that was opened is closed again, too, in reverse order"""
    table = os.path.join(vm.WORK, "all-closed.table")
    with open(table, "w", encoding="ascii") as f:
        f.write("root /dev/vda /etc/root.key\ndata /dev/vdb /etc/root.key\n")
    disks = [disk(name="no-init", init=False), disk()]
    img = vm.make_image("all-closed", "--add", f"{table}:/etc/crypttab", "--add", f"{KEY}:/etc/root.key:0600")
    with VM("all-closed", img, "root=/dev/mapper/root", disks) as m:
        m.expect("neither /sbin/init nor /etc/init nor /bin/init is an executable file on the root")
        m.expect("init: data is closed again\n")
        m.expect("init: root is closed again\n")
        m.wait_off()


def by_number_and_quiet():
    """root= by device numbers, in both forms; with quiet, only the prompt and what is waited for is shown"""
    for spec in ("253:0", "fd00"):  # device-mapper has the second of the numbers that the kernel gives away
        with VM("by-number", image(), f"{DEVICE} root={spec} quiet", [disk()]) as m:
            answer(m)
            expect_root(m, "mount /dev/mapper/root / ext4 ro,")
            m.assert_no("modules loaded|not loaded|is open with|volumes opened")


def wrong_root():
    """a root= that does not exist stops the boot, with the devices that exist; panic=2 restarts"""
    with VM("wrong-root", image(), f"{DEVICE} root=/dev/vdz", [disk()], kernel_words="loglevel=4 panic=2") as m:
        answer(m)
        m.expect(r"root device /dev/vdz not found")
        m.expect(r"init: block devices: .*vda .*")
        m.expect(r"halted; restarting in 2 s \(panic=2\)")
        m.wait_off(30)


@vm.once
def member():
    """A filesystem that is whole on a part of a firmware's mirror, as the mark in its last sector says."""
    path = os.path.join(vm.WORK, "member.img")
    vm.run("truncate", "-s", "8M", path)
    vm.run("mke2fs", "-q", "-F", "-t", "ext4", "-L", "whole", path, "7M")
    with open(path, "r+b") as f:
        f.seek(-512, os.SEEK_END)
        f.write(b"$XIDE$")
    return path


def root_on_member():
    """root= is on an array that is not there yet: the wait does not say so, or one member is mounted"""
    with VM("root-on-member", image(), f"{DEVICE} root=LABEL=whole", [disk(), member()]) as m:
        answer(m)
        m.expect("waiting for the array of root device LABEL=whole")
        m.expect("root device LABEL=whole not found")
        m.wait_off()


# What init does by itself, with a stand-in for latchkey.


def codes_that_stop():
    """resource (3), exists (5), an unknown code and a signal stop the boot with a message"""
    for end, said in (("exit-3", r"3 \(resource\)"), ("exit-5", r"5 \(exists\)"), ("exit-77", "unknown status 77"),
                      ("kill-9", "killed by signal 9")):
        with VM("code-" + end, stub_image(), f"{DEVICE} latchkey.name={end}", [disk()]) as m:
            m.expect("latchkey (exited with|was) " + said)
            m.wait_off()


def by_filesystem():
    """root=UUID= of the filesystem inside finds the mapping; with it, the name of the mapping does not matter"""
    with VM("by-filesystem", image(), f"{DEVICE} latchkey.name=other root=LABEL=inside", [labelled()]) as m:
        answer(m, prompt=r"Enter passphrase for other \(/dev/vda\): ")
        expect_root(m, "mount /dev/mapper/other / ext4 ro,")


def readme_recording():
    """README shows what the console of the demonstration shows, but for numbers and the progress"""
    # What a slow or busy machine adds: a line of the kernel's, and that the device is not there yet.
    extra = re.compile(demo.PROGRESS.pattern + r"|\[ *\d+\.\d+\].*|.*waiting for .*")

    def plain(lines):
        return [re.sub(r"[0-9a-f]{32}|\d+", "N", line) for line in lines if not extra.fullmatch(line)]

    with open(demo.README, encoding="utf-8") as file:
        shown = demo.RECORDING.search(file.read()).group().split("\n")
    raw = demo.typed_by_itself(demo.prepare("written before encryption: " + WITNESS[-32:]))
    real, log = demo.recording(raw), io.StringIO()
    with contextlib.redirect_stdout(log):
        show = demo.without_progress()
        for start in range(0, len(raw), 7):
            show(raw[start:start + 7])
    check([line for line in real if not demo.PROGRESS.fullmatch(line)] == [line for line in log.getvalue().splitlines() if "reboot: " not in line],
          "what a log of the demonstration has", log.getvalue())
    check(len(shown) == len(plain(shown)) + 1, "one line of progress in README", "\n".join(shown))
    check(plain(shown) == plain(real), "README's recording", "\n".join(real))


if __name__ == "__main__":
    sys.exit(vm.suite([
        passphrase, typed_too_early, key_file, wrong_then_right, primary_destroyed, header_in_image,
        sectors_of_512, by_uuid, wrong_key_file, missing_key_file, late_device, event_wakes, interrupt, cancelled,
        no_descriptors, other_init, open_options, memory_given_back, both_damaged, not_luks, no_device_word,
        no_init_on_root, all_closed, wrong_root, root_on_member, codes_that_stop, by_filesystem, by_number_and_quiet,
        readme_recording,
    ]))
