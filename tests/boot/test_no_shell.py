#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whatever is typed: never a shell, never an end of process 1, and no memory that grows.

Arguments choose tests by the names of their functions.
"""
import re
import secrets
import shutil
import statistics
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import vm
from sticks import KEY, PASSPHRASE, PROMPT, ROOT, SCSI, WITNESS, auto_key, check, drive, expect_root, image, path, plug, root
from vm import VM, Failure

WRONG_LINES = 10000
BUSY = "no_timer_check"  # of the host: without it the kernel panics when its timer is late
# What a shell, or the kernel without its process 1, would say.
BAD = r"(?m)^.*[$#] $|42-answers|Attempted to kill init|starting latchkey again"


@vm.once
def watched():
    return vm.make_image("no-shell-rss", "--add", f"{vm.LATCHKEY}:/bin/latchkey.real:0755",
                         latchkey=vm.compile_static("rss_latchkey"))


def lines_and_enter():
    """ten thousand wrong passphrases sent by a script, and Enter held for a minute: the same memory, and the right one opens"""
    with VM("no-shell-lines", watched(), f"{ROOT} {BUSY}", [root()], limit=3 * vm.LIMIT) as m:
        m.expect(PROMPT)
        m.expect(r"rss\s+\d+ kB")
        for _ in range(WRONG_LINES // 100):
            m.send("".join(f"wrong {secrets.token_hex(3)}\n" for _ in range(100)))
            m.quiet(0.1)
        m.expect("wrong passphrase")
        for _ in range(60):
            m.send("\n" * 30)
            m.quiet(1)
        m.assert_no(BAD)
        m.quiet(12)  # the longest pause between two prompts
        # Of the program, and of the kernel, where what is not given back lasts longer than a process.
        # Medians, because the kernel's caches move up and down. The program grows once, by the pages that its first child needs.
        for what, room in (("rss", 128), ("slab", 1024)):  # 16 bytes for each line would be 160 kB
            sizes = [int(size) for size in re.findall(what + r"\s+(\d+) kB", m.text)]
            check(len(sizes) > 20, f"{what} is sampled all the time", m.text)
            early, late = statistics.median(sizes[2:9]), statistics.median(sizes[-7:])
            print(f"# {what}: {early} kB after the start, {late} kB at the end, {len(sizes)} samples", flush=True)
            check(late <= early + room, f"{what} grows: {sizes}", m.text)
        m.send("\x15")
        m.send(PASSPHRASE + "\n")
        m.expect("root is open with the passphrase")
        expect_root(m)


# ^C ^D ^Z ^\\, and what a terminal without control characters would not show. At a shell's prompt, or where a line is read, the
# last line would be answered.
CONTROLS = "\x03\x04\x1a\x1c\x04\x03"
LINE = "echo $((6 * 7))-answers"


def press(m, state, line=False):
    m.send(CONTROLS)
    if line:
        m.send(LINE + "\n" + CONTROLS)
    m.quiet(2)
    m.assert_no(BAD)
    check(state != "halted" or "init: halted" in m.text, "it is not halted", m.text)


@vm.once
def slow():
    """A root whose keyslot takes minutes here."""
    return vm.make_disk("no-shell-slow", "--init", vm.compile_static("root_init"), "--passphrase", PASSPHRASE, "--key-file",
                        path("key", KEY), "--memory", "32768", "--time", "60", "--witness", WITNESS)


def controls_everywhere():
    """^C, ^D, ^Z or ^\\ while a device is awaited, at the prompt, at a question, in a derivation or after the end gives a shell"""
    late = ["-drive", f"file={slow()},format=raw,if=none,id=late,snapshot=on"]
    with VM("no-shell-controls", image(), f"{ROOT} latchkey.options=no-stick,max-time=1", args=late,
            kernel_words=f"loglevel=4 {BUSY}", limit=3 * vm.LIMIT) as m:
        m.expect("waiting for root: /dev/vda: ")
        press(m, "waiting", line=True)
        m.monitor("device_add virtio-blk-pci,drive=late,id=dev-late")
        m.expect(PROMPT)
        press(m, "prompt")
        m.send("a wrong one\n")
        m.expect(r"root: continue \(about ")
        press(m, "question")  # ^C says no
        m.expect(PROMPT)
        m.send("another\n")
        m.expect(r"root: continue \(about ")
        m.send("y\n")
        m.expect("Deriving the key for root: ")
        press(m, "deriving")
        m.expect("root: cancelled")
        m.expect(PROMPT)
        m.monitor("device_del dev-late")
        m.expect("waiting for root: /dev/vda: ")
        press(m, "device gone", line=True)


# At the keyboard of a PC: the same and ^S, what stops the screen, and another terminal and back.
KEYS = "ctrl-c ctrl-d ctrl-z ctrl-backslash ctrl-s scroll_lock alt-f2 alt-f1 ctrl-c ctrl-d"
COMMAND = "e c h o spc 4 2 minus a n s w e r s shift-dot slash d e v slash t t y shift-s shift-0 ret"


def keyboard():
    """^C, ^D, ^Z, ^\\, ^S or Scroll Lock at the screen, a key or Enter held gives a shell, or the keyboard is not read any more"""
    image_with_shell = vm.make_image("no-shell-keyboard", "--add", f"{shutil.which('busybox')}:/bin/sh:0755")
    with VM("no-shell-keyboard", image_with_shell, ROOT, [root()], args=["-device", "VGA"],
            kernel_words=f"console=tty0 loglevel=4 atkbd.softrepeat=1 {BUSY}", limit=2 * vm.LIMIT) as m:
        def keys(names, seconds=0.02):
            for name in names.split():
                m.monitor(f"sendkey {name} {int(seconds * 1000)}")
                m.quiet(seconds + 0.1)

        m.expect(PROMPT)
        keys(KEYS)
        keys(COMMAND)
        m.expect("wrong passphrase")
        m.expect(PROMPT)
        keys("x", 5)
        keys("ret", 3)
        keys(KEYS)
        keys("scroll_lock")
        right = "ctrl-u " + " ".join("spc" if letter == " " else letter for letter in PASSPHRASE) + " ret"
        for attempts in range(5, 0, -1):  # what comes in the pause behind a wrong passphrase is lost
            keys(right)
            try:
                m.expect("root is open with the passphrase", timeout=15 if attempts > 1 else None)
                break
            except Failure:
                check(attempts > 1, "the keyboard is not read any more", m.text)
        m.wait_off()
        m.assert_no(BAD)


def device_gone():
    """the device that is taken away while its key is derived, and does not come back, leads to a shell"""
    late = ["-drive", f"file={slow()},format=raw,if=none,id=late,snapshot=on", "-device", "virtio-blk-pci,drive=late,id=dev-late"]
    with VM("no-shell-gone", image(), f"{ROOT} latchkey.options=no-stick,max-time=100000,device-timeout=20", args=late,
            kernel_words=f"loglevel=4 {BUSY}", limit=3 * vm.LIMIT) as m:
        m.expect(PROMPT)
        m.send("a wrong one\n")
        m.expect("Deriving the key for root: ")
        m.monitor("device_del dev-late")
        press(m, "deriving")
        m.expect("waiting for root: /dev/vda: ")
        m.expect("init: halted; power off or restart this machine\n", timeout=120)
        press(m, "halted", line=True)


def given_up():
    """after the last wrong passphrase, when nothing is asked any more, what is typed reaches a shell"""
    with VM("no-shell-given-up", image(), f"{ROOT} latchkey.options=no-stick,tries=2 latchkey.after=fail", [root()],
            kernel_words=f"loglevel=4 {BUSY}") as m:
        for _ in range(2):
            m.expect(PROMPT)
            m.send("a wrong one\n")
        m.expect("init: halted; power off or restart this machine\n")
        press(m, "halted", line=True)


def no_console():
    """without any console latchkey ends, or process 1 does; or a key on a stick does not open the root then"""
    # panic=0: a kernel without its process 1 would stay where it is, so only the root's own init can power off.
    machine = VM("no-shell-no-console", image(), f"{ROOT} console=null", [root()], args=SCSI + drive(auto_key()),
                 kernel_words=f"loglevel=4 panic=0 {BUSY}", limit=2 * vm.LIMIT)
    machine.words = machine.words.replace("console=ttyS0 ", "")
    with machine as m:
        m.quiet(45)
        m.send(CONTROLS + LINE + "\n" + CONTROLS)
        m.quiet(3)
        check(not m.text, "there is a console", m.text)
        plug(m)
        m.wait_off()


if __name__ == "__main__":
    sys.exit(vm.suite([lines_and_enter, controls_everywhere, keyboard, device_gone, given_up, no_console]))
