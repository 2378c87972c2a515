#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""latchkey boot --test at a pseudo-terminal: everything that needs no kernel of its own.

Volumes are files. What needs devices that come and go is in tests/boot/test_keys.py. Each case runs on the program and on
its build for the sanitizers. Arguments choose cases by a part of their names.
"""
import os
import select
import signal
import subprocess
import sys
import termios
import threading
import time

sys.dont_write_bytecode = True
from builds import SANITIZERS, cases_for_builds
from volumes import CRYPTSETUP, LIMIT, O, PBKDF2, Keyring, Volume, forms, lacking, suite, workplace

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup(1) would have us, and what we start, ignore it
FOLDER = os.path.join(O, "cli-boot")
FIRST, SECOND, WRONG = b"the first passphrase", b"the second passphrase", b"no passphrase of these"
CASES = []


class Unexpected(Exception):
    """What was expected did not happen."""


def case(name):
    def add(function):
        def judged(build):
            try:
                function(build)
                return []
            except Unexpected as wrong:
                return [str(wrong)]

        CASES.append((name, judged))
        return function

    return add


class Alone:
    """While something is in the keyring that every latchkey reads, no other case starts one."""

    changed, owner, others = threading.Condition(), None, 0

    def __enter__(self):
        with Alone.changed:
            Alone.changed.wait_for(lambda: not Alone.owner and not Alone.others)
            Alone.owner = threading.get_ident()

    def __exit__(self, *_):
        with Alone.changed:
            Alone.owner = None
            Alone.changed.notify_all()

    @staticmethod
    def count(one):
        with Alone.changed:
            if one > 0:
                Alone.changed.wait_for(lambda: Alone.owner in (None, threading.get_ident()))
            Alone.others += one
            Alone.changed.notify_all()


class Boot:
    """latchkey boot --test at a terminal of its own; its results, the names, go elsewhere."""

    def __init__(self, build, cmdline, crypttab="", conf="", terminal=True):
        Alone.count(1)
        self.shown, self.typed = "", []
        self.master, self.slave = os.openpty()
        self.attributes = termios.tcgetattr(self.slave)
        paths = [build.file(name) for name in ("crypttab", "conf")]
        for path, text in zip(paths, (crypttab, conf)):
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
        command = [build.path, "boot", "--test", "--cmdline", cmdline, "--crypttab", paths[0], "--config", paths[1]]
        self.process = subprocess.Popen(
            [*(["setsid", "--ctty"] if terminal else []), *command],
            stdin=self.slave if terminal else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.slave if terminal else subprocess.STDOUT, cwd=build.folder, env=dict(os.environ, **SANITIZERS))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        Alone.count(-1)
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        os.close(self.master)
        os.close(self.slave)

    def wrong(self, what):
        raise Unexpected(f"{what}; the terminal shows:\n{self.shown}")

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.shown += os.read(self.master, 65536).decode(errors="replace").replace("\r\n", "\n")
        return True

    def expect(self, text):
        until = time.monotonic() + LIMIT
        while text not in self.shown:
            if not self.read(0.1) and (time.monotonic() > until or self.process.poll() is not None and not self.read(0)):
                self.wrong(f"{text!r} does not come")
        self.shown = self.shown[self.shown.index(text) + len(text):]

    def expect_all(self, texts):
        """In any order."""
        until = time.monotonic() + LIMIT
        for text in texts:
            while text not in self.shown:
                if not self.read(0.1) and time.monotonic() > until:
                    self.wrong(f"{text!r} does not come")

    def type(self, text):
        self.typed.append(text.strip(b"\n"))
        os.write(self.master, text)

    def ends(self, code, *names):
        try:
            out, _ = self.process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            self.wrong("it does not end")
        while self.read(0):
            pass
        if self.process.returncode != code:
            self.wrong(f"status {self.process.returncode}, not {code}")
        if code == 0 and out.decode().split() != list(names):
            self.wrong(f"the names are {out!r}")
        if termios.tcgetattr(self.slave) != self.attributes:
            self.wrong("the terminal is not as it was")
        for secret in self.typed:
            if secret and any(form in self.shown.encode() for form in forms(secret)):
                self.wrong("a secret shows")
        if "Sanitizer" in self.shown or "runtime error" in self.shown:
            self.wrong("the sanitizers report")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(n) for n in f.read().split()]


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:  # it was quicker
        pass


def spent_ms(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return int(f.read().rsplit(")", 1)[1].split()[11]) * 1000 // os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0


# -------------------------------------------------------------------------------------------------------------


@case("the right passphrase opens, and does not show")
def right(b):
    with Boot(b, f"latchkey.device={ONE}") as t:
        t.expect(f"Enter passphrase for root ({ONE}): ")
        t.type(FIRST + b"\n")
        t.expect("root would open with the passphrase")
        t.ends(0, "root")


@case("a wrong one is called wrong, and the next one opens")
def wrong_then_right(b):
    with Boot(b, f"latchkey.device={ONE}") as t:
        t.expect("Enter passphrase")
        t.type(WRONG + b"\n")
        t.expect("wrong passphrase or key")
        t.expect("Enter passphrase")
        t.type(FIRST + b"\n")
        t.ends(0, "root")


@case("keys for correction, a control character and an escape sequence are no part of it")
def editing(b):
    with Boot(b, f"latchkey.device={ONE}") as t:
        t.expect("Enter passphrase")
        t.type(b"rubbish\x15more rubbish\x17\x17")
        t.type(FIRST[:5] + b"x\x7f\x1b[D\x1bOA" + "\u20ac".encode() + b"\x08" + FIRST[5:] + b"\r")
        t.ends(0, "root")


@case("an empty line and one of 513 bytes cost no try; one of 512 bytes is tried")
def lengths(b):
    with Boot(b, f"latchkey.device={ONE} latchkey.tries=1 latchkey.after=fail") as t:
        t.expect("Enter passphrase")
        t.type(b"\n")
        t.expect("An empty passphrase is refused.")
        t.type(b"a" * 513 + b"\n")
        t.expect("A passphrase has at most 512 bytes.")
        t.type(b"a" * 512 + b"\n")
        t.expect("no right passphrase in 1 tries")
        t.ends(2)


@case("stars for characters, not for bytes, and none without being asked for")
def stars(b):
    with Boot(b, f"latchkey.device={ONE} latchkey.options=password-echo=masked") as t:
        t.expect("): ")
        t.type("\u20aca\u20ac".encode())
        t.expect("): ***")
        time.sleep(0.2)
        if t.read(0) or "*" in t.shown:
            t.wrong("more than three stars")
        t.type(b"\x15" + FIRST + b"\n")
        t.ends(0, "root")


@case("two volumes: asked once for both, and again for the one that the first passphrase does not open")
def two(b):
    table = f"one {ONE} none\ntwo {TWO} none\nalso {ALSO_ONE} none\n"
    with Boot(b, "quiet", table) as t:
        t.expect(f"Enter passphrase for one ({ONE}), two, also: ")
        t.type(FIRST + b"\n")
        t.expect(f"Enter passphrase for two ({TWO}): ")
        t.type(SECOND + b"\n")
        t.expect("3 of 3 volumes would open")
        t.ends(0, "one", "two", "also")


@case("a key file opens without a question; a wrong one leads to the prompt")
def key_files(b):
    with Boot(b, f"latchkey.device={ONE} latchkey.key={KEY}") as t:
        t.ends(0, "root")
        if "Enter passphrase" in t.shown and "would open" not in t.shown:
            t.wrong("it asks")
    with Boot(b, f"latchkey.device={TWO} latchkey.key={KEY}") as t:
        t.expect(f"the key file {KEY} does not open root")
        t.expect("Enter passphrase")
        t.type(SECOND + b"\n")
        t.ends(0, "root")


@case("a key that ends in a newline opens without it, is called so, and with strict-key does not")
def newline(b):
    with Boot(b, f"latchkey.device={ONE} latchkey.key={NEWLINE}") as t:
        t.expect("opens without the newline at its end")
        t.ends(0, "root")
    with Boot(b, f"latchkey.device={ONE} latchkey.key={NEWLINE} latchkey.options=strict-key") as t:
        t.expect("does not open root")
        t.type(FIRST + b"\n")
        t.ends(0, "root")


@case("a volume that cannot be opened fails the run with its cause; with nofail it does not")
def nofail(b):
    for option, code, names in (("", 6, ()), (",nofail", 0, ("one",))):
        table = f"bad {BAD} none no-stick{option}\none {ONE} {KEY}\n"
        with Boot(b, "quiet", table) as t:
            t.expect("both copies of the LUKS2 header are damaged")
            t.ends(code, *names)


@case("headless: no question, and code 4 after the limit; a key opens all the same")
def headless(b):
    with Boot(b, f"latchkey.device={ONE} latchkey.headless latchkey.give-up=1") as t:
        t.ends(4)
        if "Enter passphrase" in t.shown:
            t.wrong("it asks")
    with Boot(b, f"latchkey.device={ONE} latchkey.headless latchkey.key={KEY}") as t:
        t.ends(0, "root")


@case("a device that is not there is waited for in words, and given up when it is told so")
def absent(b):
    with Boot(b, f"latchkey.device=/nowhere latchkey.options=device-timeout=2") as t:
        t.expect("waiting for root: /nowhere")
        t.ends(4)


@case("signals end it, and the terminal is as it was")
def signals(b):
    with Boot(b, f"latchkey.device={ONE}") as t:
        t.expect("Enter passphrase")
        t.process.terminate()
        t.ends(-15)


@case("without a terminal there is no loop over an end of file, and a key still opens")
def no_terminal(b):
    with Boot(b, f"latchkey.device={ONE} latchkey.key={KEY}", terminal=False) as t:
        t.process.communicate(timeout=LIMIT)
        if t.process.returncode:
            t.wrong(f"status {t.process.returncode}")


@case("a passphrase that an agent left in the kernel's keyring opens without a question; a wrong one counts as no try")
def cached(b):
    for passphrases, asked in ((b"stale\0" + FIRST + b"\0", False), (b"stale\0", True)):
        with Alone(), Keyring(b"cryptsetup", passphrases), Boot(b, f"latchkey.device={ONE} latchkey.tries=1 latchkey.after=fail") as t:
            if asked:
                t.expect("Enter passphrase")
                t.type(FIRST + b"\n")
            else:
                t.expect("root would open with a passphrase of the kernel's keyring")
            t.ends(0, "root")


@case("a key file that is empty, too large, a folder or a FIFO is named, and the prompt is answered")
def odd_key_files(b):
    os.mkdir(b.file("folder"))
    os.mkfifo(b.file("fifo"))
    for name, size in (("nothing", 0), ("large", (8 << 20) + 1)):
        with open(b.file(name), "wb") as f:
            f.truncate(size)
    wrong = {"nothing": "nothing to read in it", "folder": "is a directory", "large": "longer than 8192 KiB"}
    keys = " ".join(f"latchkey.key={b.file(name)}" for name in (*wrong, "fifo"))
    with Boot(b, f"latchkey.device={ONE} {keys}") as t:
        t.expect_all(["Enter passphrase"] + [f"the key file {b.file(name)}: key file {b.file(name)}: {why}" for name, why in wrong.items()])
        t.type(FIRST + b"\n")  # the FIFO is still waited for
        t.expect("root would open with the passphrase")
        t.ends(0, "root")


@case("with password-cache=yes the passphrase is left there for systemd's units, beside what is there; else it is not")
def fills_cache(b):
    for option, there, left in (("", b"old\0", b"old\0"), ("=yes", b"old\0", b"old\0" + FIRST + b"\0"),
                                ("=yes", b"old", b"old\0" + FIRST + b"\0"), ("=yes", b"o" * 1010, FIRST + b"\0"),
                                ("=read-only", b"old", b"old")):
        with Alone(), Keyring(b"cryptsetup", there) as key, Boot(
                b, f"latchkey.device={ONE} latchkey.options={option and 'password-cache' + option}") as t:
            t.expect("Enter passphrase")
            t.type(FIRST + b"\n")
            t.ends(0, "root")
            if key.content() != left:
                t.wrong(f"after password-cache{option} the keyring has {key.content()!r}")
            if (key.seconds_left() is not None) != (option == "=yes"):
                t.wrong(f"after password-cache{option} the key lives {key.seconds_left()} s")


@case("a key of the kernel's keyring that a token names opens without a question; a wrong one, and none, lead to the prompt")
def token(b):
    for content, asked in ((FIRST, False), (WRONG, True), (None, True)):
        with Alone(), Keyring(b"latchkey test", content), Boot(b, f"latchkey.device={TOKEN}") as t:
            if asked:
                if content:
                    t.expect("the key of its token in the kernel's keyring does not open root: token 0: ")
                t.expect("Enter passphrase")
                t.type(FIRST + b"\n")
            else:
                t.expect("root would open with the key of its token in the kernel's keyring")
            t.ends(0, "root")


@case("the FIFO: an empty line and one of 513 bytes are refused in words and not cut; 512 bytes, and the right line, count")
def fifo(b):
    path = b.file("fifo")
    with Boot(b, f"latchkey.device={ONE} latchkey.tries=2 latchkey.after=fail latchkey.passfifo={path}") as t:
        t.expect("Enter passphrase")

        def write(text, answer):
            t.typed.append(text.strip(b"\n"))
            with open(path, "wb") as f:
                f.write(text)
            t.expect(answer)

        write(b"\n", f"{path}: an empty passphrase is refused")
        write(b"b" * 513 + b"\n", f"{path}: a passphrase has at most 512 bytes")
        write(b"c" * 40000, f"{path}: a passphrase has at most 512 bytes")
        time.sleep(0.5)  # nobody writes: nothing happens
        while t.read(0):
            pass
        if "fifo" in t.shown or "wrong passphrase" in t.shown:
            t.wrong("more than was written")
        write(b"d" * 512, "wrong passphrase or key")
        t.expect("Enter passphrase")
        write(FIRST + b"\n", "root would open with the passphrase from the FIFO")
        t.ends(0, "root")


@case("a derivation that the kernel kills for want of memory is called a shortage, costs no try, and the prompt comes back")
def killed(b):
    with Boot(b, f"latchkey.device={SLOW} latchkey.tries=1 latchkey.after=fail") as t:
        t.expect("Enter passphrase")
        t.type(WRONG + b"\n")
        t.expect("Deriving the key for root")
        for child in children(t.process.pid):
            kill(child)
        t.expect("root: was killed on the way, as the kernel does when memory runs out")
        t.expect("Enter passphrase")
        t.type(FIRST + b"\n")
        t.ends(0, "root")
    with Boot(b, f"latchkey.device={SLOW} latchkey.headless latchkey.key={KEY}") as t:
        until = time.monotonic() + LIMIT
        while t.process.poll() is None and time.monotonic() < until:
            for child in children(t.process.pid):
                if spent_ms(child) > 100:  # the one that derives
                    kill(child)
        t.ends(3)


@case("nothing configured is said and is no success")
def nothing(b):
    with Boot(b, "quiet splash") as t:
        t.expect("no volume is configured")
        t.ends(1)


def main():
    global ONE, TWO, ALSO_ONE, BAD, SLOW, TOKEN, KEY, NEWLINE
    lack = lacking(CRYPTSETUP, "cp", "setsid")
    if lack:
        print(f"1..0 # SKIP {lack}")
        return 0
    workplace("cli-boot")
    key = os.urandom(40)
    one = Volume(FOLDER, "one").format(FIRST, *PBKDF2).add(FIRST, key, *PBKDF2)
    bad = one.clone("bad")
    with open(bad.path, "r+b") as f:
        for copy in (0, 16384):  # a byte of each copy's JSON
            f.seek(copy + 4100)
            f.write(b"#")
    with_token = one.clone("token")
    with_token.cryptsetup("token", "add", "--key-description", "latchkey test", "--key-slot", "0")
    TOKEN = with_token.path
    ONE, BAD, ALSO_ONE = one.path, bad.path, one.clone("also").path
    costly = "--pbkdf", "argon2id", "--pbkdf-memory", "32768", "--pbkdf-parallel", "1", "--pbkdf-force-iterations", "30"
    SLOW = Volume(FOLDER, "slow").format(FIRST, *costly).add(FIRST, key, *costly).path
    TWO = Volume(FOLDER, "two").format(SECOND, *PBKDF2).path
    KEY, NEWLINE = (os.path.join(FOLDER, name) for name in ("key", "newline"))
    for path, content in ((KEY, key), (NEWLINE, FIRST + b"\n")):
        with open(path, "wb") as f:
            f.write(content)
    return suite(cases_for_builds(CASES, FOLDER, [ONE, TWO, ALSO_ONE, BAD, SLOW, TOKEN, KEY, NEWLINE]))


if __name__ == "__main__":
    sys.exit(main())
