#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""latchkey boot --test together with a real plymouthd, which controls the only console, a pseudo-terminal.

Both run in a network namespace of their own, because plymouthd listens on an abstract name, and in a mount namespace in which
the pseudo-terminal is the kernel's console. The splash screen is the one without graphics, "details".
"""
import os
import select
import signal
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from builds import SANITIZERS, cases_for_builds
from terminal import Unexpected, cases
from volumes import CRYPTSETUP, LIMIT, O, PBKDF2, TOP, Volume, lacking, must, suite, workplace

FOLDER = os.path.join(O, "cli-plymouth")
RIGHT, WRONG = b"the right passphrase", b"no passphrase of this"
# Not "mount --make-rprivate /", which unshare does by itself: a chroot's / may be no mount point, /sys is one.
NAMESPACES = ["unshare", "-nm", "--propagation", "unchanged"]
COVER = 'mount --make-private /sys && mount --bind "$2" /sys/class/tty/console/active'
# "$1" is the terminal, "$2" the file that names it, "$3" plymouth's folder; what follows is run when plymouthd answers.
STAGE = f"{COVER} || exit 97" + """
export LD_LIBRARY_PATH="$3/lib"
"$3/bin/plymouthd" --mode=boot --no-daemon --tty="$1" --kernel-command-line= --pid-file="$2.pid" </dev/null >/dev/null 2>&1 &
for n in 1 2 3 4 5 6 7 8 9 10; do "$3/bin/plymouth" --ping && break; sleep 0.5; done
"$3/bin/plymouth" show-splash || exit 98
unset LD_LIBRARY_PATH
shift 3; exec "$@"
"""
CONTROLS = b"\x03\x04\x1a\x1c\x13\x11\x03"  # ^C ^D ^Z ^\\ ^S ^Q
CASES, case = cases()


class Stage:
    """plymouthd at a console; latchkey, whose own messages go to a pipe."""

    def __init__(self, build, words="", stage=None):
        self.shown = {}
        self.master, self.slave = os.openpty()
        active = build.file("active")
        with open(active, "w", encoding="ascii") as f:
            f.write(os.path.relpath(os.ttyname(self.slave), "/dev") + "\n")
        table = build.file("table")
        open(table, "w", encoding="ascii").close()
        self.pid_file = active + ".pid"
        latchkey = [build.path, "boot", "--test", "--cmdline", f"latchkey.device={ONE} {words}", "--crypttab", table, "--config", table]
        stage = stage or [*NAMESPACES, "sh", "-c", STAGE, "stage", os.ttyname(self.slave), active, PLYMOUTH]
        # A terminal: a rehearsal without one reads lines of its standard input instead.
        self.process = subprocess.Popen([*stage, *latchkey], stdin=self.slave, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, cwd=build.folder, env=dict(os.environ, **SANITIZERS))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill_plymouth()
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        os.close(self.master)
        os.close(self.slave)

    def kill_plymouth(self):
        try:
            with open(self.pid_file, encoding="ascii") as f:
                os.kill(int(f.read()), signal.SIGKILL)
        except (OSError, ValueError):
            pass

    def read(self, seconds):
        ready = select.select([self.master, self.process.stderr], [], [], seconds)[0]
        data = b""
        for file in ready:
            data = os.read(file if file == self.master else file.fileno(), 65536)
            name = "console" if file == self.master else "said"
            self.shown[name] = self.shown.get(name, "") + data.decode(errors="replace")
        return bool(data)

    def expect(self, text, where="said"):
        until = time.monotonic() + LIMIT
        while text not in self.shown.get(where, ""):
            self.read(0.2)
            if time.monotonic() > until:
                raise Unexpected(f"{text!r} does not come; {self.shown}")
        self.shown[where] = self.shown[where].split(text, 1)[1]

    def type(self, text):
        for n in text:  # one by one: a second reader of the terminal would get some of them
            os.write(self.master, bytes([n]))
            time.sleep(0.02)

    def settle(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.read(0.2)

    def write(self, data):
        """As fast as the terminal takes it; what it shows meanwhile is read."""
        while data:
            if select.select([], [self.master], [], 0)[1]:
                data = data[os.write(self.master, data[:256]):]
            self.read(0.01)

    def ends(self, code):
        until = time.monotonic() + LIMIT
        while self.process.poll() is None and time.monotonic() < until:
            self.read(0.2)
        while self.process.poll() is not None and self.read(0):
            pass
        said = "".join(self.shown.values())
        if self.process.poll() != code or "Sanitizer" in said or "runtime error" in said:
            raise Unexpected(f"status {self.process.poll()}, not {code}; {self.shown}")


@case("the prompt is on the splash screen, and the answer opens; a wrong one is reported there")
def answered(b):
    with Stage(b) as s:
        s.expect(f"Enter passphrase for root ({ONE}): ", "console")
        s.type(WRONG + b"\n")
        s.expect("wrong passphrase or key")
        s.expect(f"That was wrong. Enter passphrase for root ({ONE}): ", "console")
        s.type(RIGHT + b"\n")
        s.expect("root would open with the passphrase from the splash screen")
        s.ends(0)


@case("the first answer wins: a FIFO opens while the prompt is shown")
def fifo(b):
    path = b.file("fifo")
    with Stage(b, f"latchkey.passfifo={path}") as s:
        s.expect("Enter passphrase for root", "console")
        with open(path, "wb") as f:
            f.write(RIGHT)
        s.expect("root would open with the passphrase from the FIFO")
        s.ends(0)


@case("plymouthd dies with the question: the console asks by itself")
def dies(b):
    with Stage(b) as s:
        s.expect("Enter passphrase for root", "console")
        s.kill_plymouth()
        s.expect(f"Enter passphrase for root ({ONE}): ", "console")
        s.type(RIGHT + b"\n")
        s.expect("root would open with the passphrase\n")
        s.ends(0)


@case("control keys, 10,000 bytes or a held Enter at the splash screen end it, or make it deaf")
def keys(b):
    with Stage(b) as s:
        s.expect("Enter passphrase for root", "console")
        s.write(b"z" * 600 + b"\n")
        s.expect("a passphrase has at most 512 bytes")
        s.type(CONTROLS)
        for line in (b"x" * 5000, b"y" * 5000, CONTROLS, *[b"\n"] * 60):
            s.write(line + b"\n")
            s.read(0.1)
        opened, until = "root would open with the passphrase from the splash screen", time.monotonic() + LIMIT
        while opened not in s.shown.get("said", "") and s.process.poll() is None and time.monotonic() < until:
            s.write(b"\x15" + RIGHT + b"\n")  # what comes while nothing is asked is lost
            s.settle(2)
        s.expect(opened)
        s.ends(0)


# A daemon that gives each connection one of the answers in sys.argv[1], in pieces, and latchkey in its namespace.
SERVER = r"""
import ctypes, os, socket, sys, time
if ctypes.CDLL(None).unshare(0x40000000):  # CLONE_NEWNET
    sys.exit(99)
s = socket.socket(socket.AF_UNIX)
s.bind("\0/org/freedesktop/plymouthd")
os.seteuid(int(os.environ.get("LISTENER", "0")))  # it is whom the other side sees
s.listen(1)
os.seteuid(0)
if os.fork():
    os.execv(sys.argv[2], sys.argv[2:])
os.dup2(1, 2)
for answer in sys.argv[1].split():
    connection = s.accept()[0]
    question = connection.recv(300)
    if question[:2] != b"*\2" or question[2] != len(question) - 3 or question[-1]:
        break
    for piece in answer.split(","):
        connection.sendall(bytes.fromhex(piece))
        time.sleep(0.05)
    connection.close()
"""


@case("answers in pieces, too long, of no length, none, and an end are told apart; nothing is cut")
def protocol(b):
    answer = b"\2" + struct.pack("<I", len(RIGHT)) + RIGHT
    bad = b"\2" + struct.pack("<I", 513) + b"x" * 513, b"\2\0\0\0\0", b"\2\xff\xff\xff\xff", b"\5", b"\x15", b"\2\7"
    pieces = [a.hex() for a in bad] + [",".join(f"{n:02x}" for n in answer)]
    with Stage(b, stage=[sys.executable, "-c", SERVER, " ".join(pieces)]) as s:
        for text in ("a passphrase has at most 512 bytes", "Empty: press Enter again to try it.", "a passphrase has at most 512 bytes"):
            s.expect(text)
        s.expect("root would open with the passphrase from the splash screen")
        s.ends(0)


@case("another user's process that has plymouthd's name is asked, or what it answers is tried")
def foreign(b):
    answer = b"\2" + struct.pack("<I", len(RIGHT)) + RIGHT
    stage = ["env", "LISTENER=65534", sys.executable, "-c", SERVER, answer.hex()]
    with Stage(b, "latchkey.options=timeout=3", stage=stage) as s:
        s.ends(1)


def no_namespace():
    """Why the kernel's console cannot be another one here; None if it can."""
    done = subprocess.run([*NAMESPACES, "sh", "-c", COVER, "stage", "", os.devnull], stderr=subprocess.PIPE, check=False)
    words = " ".join(done.stderr.decode().split())
    return f"no mount namespace with another console can be made here: {words}" if done.returncode else None


def main():
    global ONE, PLYMOUTH
    lack = lacking(CRYPTSETUP, "cp", "unshare")
    if not lack and os.geteuid():
        lack = "namespaces need root"
    lack = lack or no_namespace()
    if lack:
        print(f"1..0 # SKIP {lack}")
        return 0
    PLYMOUTH = must(os.path.join(TOP, "tests", "boot", "fetch", "get-plymouth")).strip()
    workplace("cli-plymouth")
    ONE = Volume(FOLDER, "one").format(RIGHT, *PBKDF2).path
    return suite(cases_for_builds(CASES, FOLDER, [ONE]))


if __name__ == "__main__":
    sys.exit(main())
