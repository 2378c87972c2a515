#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The passphrase prompt on a pseudo-terminal.

Nothing that is typed may be shown, and the terminal's settings must be restored, whatever happens.
Each case runs on the program and on its build with the sanitizers. Arguments choose cases by a part of their names.
"""
import fcntl
import os
import re
import select
import signal
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
from builds import cases_for_builds
from terminal import Terminal, cases
from volumes import CRYPTSETUP, LIMIT, O, PBKDF2, Volume, lacking, suite, workplace

for _signal in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM, signal.SIGINT, signal.SIGQUIT):
    signal.signal(_signal, signal.SIG_DFL)  # nohup(1) would have us, and what we start, ignore some
FOLDER = os.path.join(O, "prompt")
RIGHT, SECOND = b"a right passphrase", "zw\u00f6lf Boxk\u00e4mpfer \u20ac".encode()
WRONGS = [b"the wrong one, 1st", b"the wrong one, 2nd", b"the wrong one, 3rd", b"the wrong one, 4th"]
CASES, case = cases()


def overprinted(line):
    """The visible text of a line with carriage returns."""
    seen = ""
    for part in line.split("\r"):
        seen = part + seen[len(part):]
    return seen.rstrip()


class Prompt(Terminal):
    """latchkey on its own terminal."""

    def __init__(self, build, *argv, controlling=True, before=None, **more):
        super().__init__(before)
        self.build = build
        self.prompt = f"Enter passphrase for {IMAGE}: "
        more = {"stdin": self.slave, "stdout": self.slave, "stderr": self.slave, **more}
        self.start([*(["setsid", "--ctty"] if controlling else []), build.path, *(argv or ("test", IMAGE))], build.folder,
                   start_new_session=not controlling, **more)

    def flags(self):
        return termios.tcgetattr(self.slave)[3]

    def waiting(self, some):
        """The bytes that were typed in whole lines and not read yet; with @some it waits until there are some."""
        if some and not select.select([self.slave], [], [], LIMIT)[0]:
            return 0
        count = bytearray(4)
        fcntl.ioctl(self.slave, termios.FIONREAD, count)
        return int.from_bytes(count, sys.byteorder)

    def ask(self):
        """Wait for the prompt; echo is off by then."""
        self.expect(self.prompt)
        if self.flags() & (termios.ECHO | termios.ECHONL):
            self.wrong("echo is on during the prompt")

    def ends(self, code, says):
        """It ends with status @code; the last line matches @says, and the terminal is as it was."""
        try:
            status = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.wrong("it does not end")
        while self.read(0):
            pass
        if status != code:
            self.wrong(f"status {status}, not {code}")
        last = overprinted(self.shown.rstrip("\n").split("\n")[-1])
        if not re.fullmatch(says, last):
            self.wrong(f"the last line is {last!r}, not {says}")
        self.is_as_it_was()
        self.shows_no_secret(self.shown.encode())


# -------------------------------------------------------------------------------------------------------------


@case("the right passphrase opens, and does not show")
def right(b):
    with Prompt(b) as t:
        t.ask()
        t.type(RIGHT + b"\n")
        t.ends(0, "keyslot 0")


@case("a passphrase beyond ASCII opens, and does not show")
def beyond_ascii(b):
    with Prompt(b) as t:
        t.ask()
        t.type(SECOND + b"\n")
        t.ends(0, "keyslot 1")


@case("wrong, then right: it asks again, and opens")
def wrong_then_right(b):
    with Prompt(b) as t:
        t.ask()
        t.type(WRONGS[0] + b"\n")
        t.expect("latchkey: ")
        t.expect("wrong passphrase")
        t.ask()
        t.type(RIGHT + b"\n")
        t.ends(0, "keyslot 0")


@case("three wrong ones use up the tries, and the last message names the cause")
def three_wrong(b):
    with Prompt(b) as t:
        for text in WRONGS[:3]:
            t.ask()
            t.type(text + b"\n")
        t.ends(2, "latchkey: .*wrong passphrase.*")
        if t.shown.count(t.prompt) != 3 or t.shown.count("wrong passphrase") != 3:
            t.wrong("not three prompts and three answers")


@case("--tries 1 asks once, --tries 4 four times, --tries 0 without an end")
def tries(b):
    for number in (1, 4):
        with Prompt(b, "test", "--tries", str(number), IMAGE) as t:
            for text in WRONGS[:number]:
                t.ask()
                t.type(text + b"\n")
            t.ends(2, "latchkey: .*wrong passphrase.*")
            if t.shown.count(t.prompt) != number:
                t.wrong(f"not {number} prompts")
    with Prompt(b, "test", "--tries", "0", IMAGE) as t:
        for text in WRONGS + WRONGS:
            t.ask()
            t.type(text + b"\n")
        t.ask()
        t.type(RIGHT + b"\n")
        t.ends(0, "keyslot 0")


@case("an empty line asks again and costs no try; two in succession are the empty passphrase")
def empty_lines(b):
    with Prompt(b, "test", "--tries", "1", IMAGE) as t:
        t.ask()
        t.type(b"\n")
        t.expect("Empty: press Enter again to try it.")
        t.ask()
        t.type(RIGHT + b"\n")
        t.ends(0, "keyslot 0")
    with Prompt(b, "test", "--tries", "1", IMAGE) as t:
        for _ in range(2):
            t.ask()
            t.type(b"\n")
        t.ends(2, "latchkey: .*wrong passphrase.*; it is empty")


@case("a passphrase of 512 bytes is tried, a longer one is refused and costs no try")
def long_passphrases(b):
    with Prompt(b, "test", "--tries", "1", IMAGE) as t:
        t.ask()
        t.type(b"Qz" * 256 + b"x\n")
        t.expect("at most 512 bytes")
        t.ask()
        t.type(b"Qz" * 1900 + b"\n")
        t.expect("at most 512 bytes")
        t.ask()
        t.type(b"Qz" * 256 + b"\n")
        t.ends(2, "latchkey: .*wrong passphrase.*")


@case("the keys for correction work, and do not show what they correct")
def editing(b):
    for keys in (WRONGS[0] + b"\x15" + RIGHT + b"\n", RIGHT + b"!!!\x7f\x7f\x7f\n", b"\x7f\x7f" + RIGHT + b"\n",
                 RIGHT + b"\x04\x04", RIGHT + b"\r"):
        with Prompt(b) as t:
            t.ask()
            t.type(keys)
            t.ends(0, "keyslot 0")


@case("^Z does not return the terminal with echo on")
def stop_key(b):
    with Prompt(b) as t:
        t.ask()
        t.type(RIGHT[:5] + b"\x1a")
        time.sleep(0.2)  # a stop would come now; without one there is nothing to wait for
        with open(f"/proc/{t.process.pid}/stat", encoding="ascii", errors="replace") as f:
            if f.read().rsplit(") ", 1)[1][0] in "tT":
                t.wrong("it was stopped")
        if t.flags() & termios.ECHO:
            t.wrong("echo is on")
        t.type(b"\x15" + RIGHT + b"\n")
        t.ends(0, "keyslot 0")


@case("^C and ^\\ end it, and the terminal is as it was")
def interrupts(b):
    for key, sig in ((b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)):
        with Prompt(b) as t:
            t.ask()
            t.type(RIGHT[:9] + key)
            t.ends(-sig, ".*")


@case("SIGTERM, SIGHUP and SIGALRM end it, and the terminal is as it was")
def signals(b):
    for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        with Prompt(b) as t:
            t.ask()
            # A pseudo-terminal's bytes arrive later than their write(2): the signal waits until they are there.
            t.process.send_signal(signal.SIGSTOP)
            t.type(RIGHT + b"\n")
            if t.waiting(True) != len(RIGHT) + 1:
                t.wrong("what was typed does not arrive")
            t.process.send_signal(sig)
            t.process.send_signal(signal.SIGCONT)
            t.ends(-sig, ".*")
            if t.waiting(False):
                t.wrong("what was typed is left for the next program")


@case("^C after a wrong one still ends it, and the terminal is as it was")
def interrupt_later(b):
    with Prompt(b) as t:
        t.ask()
        t.type(WRONGS[0] + b"\n")
        t.ask()
        t.type(b"\x03")
        t.ends(-signal.SIGINT, ".*")


@case("a disconnected terminal ends the program without a loop")
def hang_up(b):
    with Prompt(b) as t:
        t.ask()
        os.close(t.slave)
        os.close(t.master)
        t.master = t.slave = -1
        try:
            status = t.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            t.wrong("it does not end")
        if status not in (-signal.SIGHUP, 4):
            t.wrong(f"status {status}")


@case("an end of file prompts again, but not indefinitely")
def end_of_file(b):
    with Prompt(b) as t:
        t.ask()
        t.type(b"\x04")
        t.ask()
        t.type(RIGHT + b"\n")
        t.ends(0, "keyslot 0")
    with Prompt(b) as t:
        for _ in range(100):
            t.type(b"\x04")
            time.sleep(0.02)
            t.read(0)
            if t.process.poll() is not None:
                break
        t.ends(4, "latchkey: terminal: closed.*")


@case("--timeout ends the waiting, and the terminal is as it was")
def timeout(b):
    with Prompt(b, "test", "--timeout", "1", IMAGE) as t:
        t.ask()
        t.type(RIGHT[:9])
        t.ends(1, "latchkey: .*within 1 s")


@case("a raw terminal, or one without echo, is restored")
def raw(b):
    def make_raw(fd):
        attributes = termios.tcgetattr(fd)
        attributes[0] &= ~(termios.ICRNL | termios.IXON)
        attributes[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG)
        termios.tcsetattr(fd, termios.TCSANOW, attributes)

    with Prompt(b, before=make_raw) as t:
        t.ask()
        t.type(WRONGS[0] + b"\r")
        t.ask()
        t.type(RIGHT + b"\r")
        t.ends(0, "keyslot 0")


@case("only the result is on standard output, not the prompt and the messages")
def separate_output(b):
    ours, theirs = os.pipe()
    with Prompt(b, stdout=theirs) as t:
        os.close(theirs)
        t.ask()
        t.type(WRONGS[0] + b"\n")
        t.ask()
        t.type(RIGHT + b"\n")
        t.ends(0, ".*")
        with os.fdopen(ours, "rb") as f:
            output = f.read()
        t.shows_no_secret(output)
        if output != b"keyslot 0\n" or "keyslot 0\n" in t.shown:
            t.wrong(f"standard output has {output}")


@case("a prompt that shows although standard error goes elsewhere")
def prompt_on_terminal(b):
    ours, theirs = os.pipe()
    with Prompt(b, stderr=theirs) as t:
        os.close(theirs)
        t.ask()
        t.type(WRONGS[0] + b"\n")
        t.ask()
        t.type(RIGHT + b"\n")
        t.ends(0, "keyslot 0")
        with os.fdopen(ours, "rb") as f:
            messages = f.read()
        t.shows_no_secret(messages)
        if b"%" in messages or b"\r" in messages:
            t.wrong(f"how far it is goes to standard error, which is a pipe: {messages}")


@case("the progress is shown on the terminal, and removed at the end")
def how_far(b):
    with Prompt(b) as t:
        t.ask()
        t.type(WRONGS[0] + b"\n")
        t.expect("\rkeyslot 0: pbkdf2: 0 %")  # derived in parallel with the next one
        t.expect("wrong passphrase")
        t.ask()
        t.type(RIGHT + b"\n")
        t.expect("\rkeyslot 0: pbkdf2: 0 %")
        t.ends(0, "keyslot 0")
        if any("%" in overprinted(line) for line in t.shown.split("\n")):
            t.wrong("how far it was is still to be seen")


@case("a terminal that is not a controlling terminal, as at boot")
def not_controlling(b):
    with Prompt(b, controlling=False) as t:
        t.ask()
        t.type(WRONGS[0] + b"\n")
        t.ask()
        t.type(RIGHT + b"\n")
        t.ends(0, "keyslot 0")


@case("a key file does not ask, even when it is wrong")
def key_file(b):
    key = b.file("wrong-key")
    with open(key, "wb") as f:
        f.write(WRONGS[0])
    with Prompt(b, "test", "--key-file", key, IMAGE) as t:
        t.ends(2, "latchkey: .*wrong passphrase.*")
        if "Enter" in t.shown:
            t.wrong("it asks")


@case("--try-empty opens with the empty passphrase without a question; a wrong one is reported and costs no try")
def try_empty(b):
    with Prompt(b, "test", "--try-empty", EMPTY) as t:
        t.ends(0, "keyslot 0")
        if "Enter" in t.shown:
            t.wrong("it asks")
    with Prompt(b, "test", "--try-empty", "--tries", "1", IMAGE) as t:
        t.expect("wrong passphrase or key: no keyslot opens with it (2 tried); it is empty")
        t.ask()
        t.type(RIGHT + b"\n")
        t.ends(0, "keyslot 0")


@case("a volume that cannot be opened is reported before the prompt")
def refused_first(b):
    with Prompt(b, "test", "--key-slot", "9", IMAGE) as t:
        t.ends(1, "latchkey: .*has no keyslot 9")
        if "Enter" in t.shown:
            t.wrong("it asks")


IMAGE = EMPTY = ""


def main():
    global IMAGE, EMPTY
    lack = lacking(CRYPTSETUP, "cp", "setsid")
    if lack:
        print(f"1..0 # SKIP {lack}")
        return 0
    workplace("prompt")
    IMAGE = Volume(FOLDER, "image").format(RIGHT, *PBKDF2, "--key-size", "256").add(RIGHT, SECOND, *PBKDF2).path
    EMPTY = Volume(FOLDER, "empty").format(b"", *PBKDF2).path
    return suite(cases_for_builds(CASES, FOLDER, [IMAGE, EMPTY]))


if __name__ == "__main__":
    sys.exit(main())
