#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Token programs that are shell scripts, as latchkey test and boot start them: the contract of latchkey-token(7).

Each case is a folder that latchkey sees as /: chroot(2) needs root. Arguments choose cases by a part of their names.
"""
import contextlib
import ctypes
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "token"))
import memory
from volumes import CRYPTSETUP, LATCHKEY, PBKDF2, Skip, Volume, collector, fingerprint, lacking, run, suite, workplace

FOLDER = workplace("cli-tokens")
BUSYBOX = shutil.which("busybox")
PERSON, TOKEN = b"the passphrase of a person", b"the token's secret\nof two lines\n"
KEYCTL, ADD_KEY = 250, 248  # of x86-64
CASES, case = collector()


class World:
    """A root folder with latchkey, a shell, a volume with the keyslots 0 (person) and 1 (token), and tokens."""

    def __init__(self, name, script, token=None, types=("example",), keyslots=("1",)):
        self.root = os.path.join(FOLDER, name)
        for folder in ("bin", "dev/pts", "etc", "proc", "lib/latchkey/token"):
            os.makedirs(os.path.join(self.root, folder))
        shutil.copy(LATCHKEY, self.file("bin/latchkey"))
        shutil.copy(BUSYBOX, self.file("bin/busybox"))
        for applet in ("sh", "cat", "sleep", "id", "ls", "readlink", "grep", "nc"):
            os.symlink("busybox", self.file("bin/" + applet))
        for device, numbers in {"null": (1, 3), "zero": (1, 5), "tty": (5, 0)}.items():
            self.node("dev/" + device, *numbers)
        self.write("etc/key", TOKEN)
        for kind in types:
            self.program(kind, script)
        self.volume = Volume(FOLDER, name).format(PERSON, *PBKDF2)
        self.volume.add(PERSON, TOKEN, *PBKDF2)
        for kind in types:
            self.token = json.dumps(token or {"type": kind, "keyslots": list(keyslots), "odd": 'a}"\\b'}, separators=(",", ":"))
            self.volume.cryptsetup("token", "import", stdin=self.token.encode())
        os.link(self.volume.path, self.file("volume"))
        self.known = fingerprint(self.volume.path)

    def file(self, name):
        return os.path.join(self.root, name)

    def write(self, name, content, mode=0o644):
        with open(self.file(name), "wb") as f:
            f.write(content)
        os.chmod(self.file(name), mode)

    def node(self, name, major, minor):
        os.mknod(self.file(name), stat.S_IFCHR | 0o666, os.makedev(major, minor))
        os.chmod(self.file(name), 0o666)

    def program(self, kind, script):
        self.write("lib/latchkey/token/" + kind, b"#!/bin/sh\n" + script.encode() + b"\n", 0o755)

    def test(self, *options, stdin=b""):
        return run("chroot", self.root, "/bin/latchkey", "test", *options, "/volume", stdin=stdin)

    def boot(self, *words, answers=()):
        """latchkey boot --test at a terminal; as typed."""
        return self.typed(argv=("boot", "--test", "--cmdline", " ".join(("latchkey.device=/volume", *words))), answers=answers)

    def typed(self, *options, answers=(), argv=(), look=None):
        """
        At a terminal: (question, answer) in turn; what a function answers is called. (status, all that was shown)
        look(process) is called when latchkey, or a child of it, exits.
        """
        def start():
            self.pid, self.terminal = pty.fork()
            if not self.pid:
                self.enter(*(argv or ("test", *options, "/volume")))
            return self.pid

        watch = memory.Watch(start, look, descendants=True) if look else start()
        fd, self.key = self.terminal, lambda typed: os.write(self.terminal, typed)
        shown, seen, until, answers = b"", 0, time.monotonic() + 60, list(answers)
        while time.monotonic() < until:
            if answers and answers[0][0] in shown[seen:]:
                time.sleep(0.1)
                question, text = answers.pop(0)
                seen = shown.index(question, seen) + len(question)
                if callable(text):
                    text()
                else:
                    os.write(fd, text)
            if not select.select([fd], [], [], 0.2)[0]:
                continue
            try:
                shown += os.read(fd, 4096)
            except OSError:
                break
        else:
            os.kill(self.pid, signal.SIGKILL)
        if look:
            watch.join()
        return os.waitstatus_to_exitcode(watch.status if look else os.waitpid(self.pid, 0)[1]), shown.decode(errors="replace")

    def enter(self, *argv):
        """Become latchkey, with a /proc and the terminals in its folder, which go when it ends."""
        mounts = f"mount -t proc proc {self.root}/proc && mount --bind /dev/pts {self.root}/dev/pts"
        os.execvp("unshare", ["unshare", "--mount", "sh", "-c", f'{mounts} && exec chroot {self.root} /bin/latchkey "$@"', "sh", *argv])

    def judge(self, done, code, *says, never=()):
        shown = done[1] + (done[2] if len(done) > 2 else "")
        complaints = [] if done[0] == code else [f"status {done[0]}, not {code}"]
        complaints += [f"does not say {text!r}" for text in says if text not in shown]
        complaints += [f"says {text!r}" for text in (*never, "token's secret") if text in shown]
        complaints += ["the volume was written to"] if fingerprint(self.volume.path) != self.known else []
        return complaints and [*complaints, shown]


@case("a script of two lines opens its token's keyslot, newlines and all")
def opens():
    world = World("opens", "exec cat /etc/key")
    return world.judge(world.test("--token-only"), 0, "keyslot 1")


@case("the passphrase is tried on other keyslots than the token's")
def own_keyslots():
    world = World("keyslots", "exec cat /etc/key", keyslots=("0",))
    return world.judge(world.test("--token-only"), 2, "token 0 (example): ", "(1 tried)")


@case("the token is not on descriptor 3 as it is in the header")
def text():
    world = World("text", 'cat <&3 >&2; echo >&2; echo "say enough" >&2; exit 7')
    return world.judge(world.test("--token-only"), 7, world.token, "enough")


@case("the program has a user, an environment, a folder, descriptors or rights that it should not have")
def confined():
    world = World("confined", "id >&2; grep -q . /proc/$$/environ && echo environment >&2; pwd >&2; echo $# >&2; cd /proc/self/fd; for fd in *; do readlink $fd >&2; done; "
                  "grep NoNewPrivs /proc/self/status >&2; ulimit -n >&2; cat /proc/net/dev >&2; exit 2")
    inside = ["mount", "-t", "proc", "proc", world.file("proc")]
    command = " ".join(inside) + f' && exec chroot --groups=0,6 {world.root} /bin/latchkey test --token-only /volume 5</etc/passwd'
    done = run("unshare", "--mount", "sh", "-c", command)
    names = [line.split("example): ")[-1] for line in done.err.splitlines()]
    complaints = world.judge(done, 2, "uid=65534 gid=65534", "NoNewPrivs:\t1".replace("\t", "?"), "): 32\n", "): /\n", "): 0\n",
                             never=("groups=0", "passwd", "environment", "eth0"))
    if sum(name.startswith(("/", "pipe:", "socket:")) and name != "/" for name in names) > 6:
        complaints.append(f"descriptors: {names}")
    return complaints


@case("an exit code means something else than in latchkey-token(7)")
def codes():
    complaints = []
    world = World("codes", "")
    for code, wanted in {0: 9, 1: 9, 2: 2, 3: 3, 4: 4, 5: 9, 6: 6, 7: 7, 8: 9, 9: 9, 77: 9}.items():
        world.program("example", f'echo "say this is {code}" >&2; exit {code}')
        complaints += world.judge(world.test("--token-only"), wanted, f"this is {code}" if code else "gave no passphrase")
    world.program("example", "kill -9 $$")
    return complaints + world.judge(world.test("--token-only"), 9, "gave no passphrase")


@case("a program that works on a device does not get it")
def device():
    world = World("device", "if ! (: <&4) 2>/dev/null; then echo 'need node tpm9' >&2; exit 4; fi; "
                  "test -c /proc/self/fd/4 || test -r /etc/key && exec cat /etc/key")
    complaints = world.judge(world.test("--token-only"), 4)
    world.node("dev/tpm9", 1, 5)  # /dev/zero's number: memory is not for programs
    complaints += world.judge(world.test("--token-only"), 4)
    os.unlink(world.file("dev/tpm9"))
    world.node("dev/tpm9", 10, 229)
    return complaints + world.judge(world.test("--token-only"), 0, "keyslot 1")


@case("a wrong PIN is called an absent device, because another one of its kind is not the right one")
def next_device():
    world = World("next-device", "if ! (: <&4) 2>/dev/null; then echo 'need hidraw f1d0' >&2; exit 4; fi; test ! -e /etc/asked || exit 4; "
                  'echo x >/etc/asked; echo "pin 8" >&2; read -r pin; exit 2')
    os.chmod(world.file("etc"), 0o777)
    with two_keys(world):
        done = world.typed("--token-only", answers=[(b"tries left: 8", b"4321\n")])
    return world.judge(done, 2)


@contextlib.contextmanager
def two_keys(world):
    """Devices that a program may have and that open everywhere."""
    ends = os.openpty()
    for n in range(2):
        os.makedirs(world.file(f"sys/class/hidraw/hidraw{n}/device"))
        world.write(f"sys/class/hidraw/hidraw{n}/device/report_descriptor", b"\x06\xd0\xf1\x09\x01")
        os.symlink(os.ttyname(ends[1]), world.file(f"dev/hidraw{n}"))
    yield
    for end in ends:
        os.close(end)


@case("where tokens are asked for, a security key that is not touched, or lies about it, keeps the next one or the next token from its turn")
def next_turn():
    touches = "while :; do echo touch >&2; sleep 0.1; done"
    once = f"if ! test -e /etc/asked; then echo x >/etc/asked; {touches}; fi; exec cat /etc/key"
    key = World("next-turn", "if ! (: <&4) 2>/dev/null; then echo 'need hidraw f1d0' >&2; exit 4; fi; " + once)
    os.chmod(key.file("etc"), 0o777)
    with two_keys(key):
        done = key.typed("--token-only")
    complaints = key.judge(done, 0, "keyslot 1")
    token = World("next-turn-token", touches, types=("example", "other"))
    token.program("other", "exec cat /etc/key")
    rows = [(3, done)]
    for options, said in ((), 3), (("--tries", "1"), 1):
        rows.append((said, token.test("--token-only", *options)))
        complaints += token.judge(rows[-1][1], 0, "keyslot 1")
    # 0 is no limit, for touches as for passphrases.
    token.program("example", "echo touch >&2; " * 5 + "exec cat /etc/key")
    rows.append((5, token.test("--token-only", "--tries", "0")))
    complaints += token.judge(rows[-1][1], 0, "keyslot 1")
    return complaints + [f"not {said} touches: {done}" for said, done in rows if str(done).count("touch the security key") != said]


@case("a device with a name out of /dev is opened")
def odd_device():
    world = World("odd-device", "if ! (: <&4) 2>/dev/null; then echo 'need node ../dev/zero' >&2; exit 4; fi; exec cat /etc/key")
    return world.judge(world.test("--token-only"), 4)


@case("a device that is a disk, memory, or where passphrases are typed is given to a program")
def refused_device():
    complaints = []
    for name, *numbers in (("tty1", 4, 1), ("tty", 5, 0), ("console", 5, 1), ("ttyS0", 4, 64), ("vcs1", 7, 1), ("zero", 1, 5), ("sg0", 21, 0), ("nvme0", 240, 0),
                           ("ng0n1", 241, 0), ("mtd0", 90, 0), ("ubi0", 242, 0), ("mmcblk0rpmb", 243, 0), ("fb0", 29, 0), ("ipmi0", 244, 0),
                           ("watchdog0", 245, 0), ("uinput", 10, 223)):
        world = World("refused-" + name, f"if ! (: <&4) 2>/dev/null; then echo 'need node {name}' >&2; exit 4; fi; exec cat /etc/key")
        if not os.path.exists(world.file("dev/" + name)):
            world.node("dev/" + name, *numbers)
        os.makedirs(world.file("sys/class/tty/console"))
        world.write("sys/class/tty/console/active", b"tty0 ttyS0\n")
        complaints += world.judge(world.test("--token-only"), 4, never=("cannot be opened",))
    world = World("given", "if ! (: <&4) 2>/dev/null; then echo 'need node ttyS1' >&2; exit 4; fi; echo 'say here it is' >&2; exit 6")
    world.node("dev/ttyS1", 4, 65)
    done = world.test("--token-only")
    return complaints + ([] if "here it is" in done[2] or "cannot be opened" in done[2] else [f"a serial line is not given: {done}"])


class Server(threading.Thread):
    """Gives the token's passphrase to all who connect to its port, once it listens."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def listen(self):
        self.socket.listen()
        self.start()

    def run(self):
        while True:
            client = self.socket.accept()[0]
            client.sendall(TOKEN)
            client.close()


ASKS = "if ! (: <&4) 2>/dev/null; then nc 127.0.0.1 {0} </dev/null; echo 'need network' >&2; exit 4; fi; "
ASKS_AT_ONCE = "if ! (: <&4) 2>/dev/null; then echo 'need network' >&2; exit 4; fi; "
CONNECTS = "nc 127.0.0.1 {0} </dev/null || exit 4"


@case("a program that asks for the network has none, or one that does not ask has it")
def network():
    server = Server()
    server.listen()
    world = World("network", CONNECTS.format(server.port))
    complaints = world.judge(world.test("--token-only"), 4)
    # What it writes before it has ended with 4 does not count: there was no network.
    world.program("example", (ASKS + CONNECTS).format(server.port))
    complaints += world.judge(world.test("--token-only"), 0, "keyslot 1")
    world.program("example", ASKS.format(server.port) + "readlink /proc/self/fd/4 >&2; exit 2")
    complaints += world.judge(world.typed("--token-only"), 2, "): socket:")
    # The token's text cannot ask.
    text = {"type": "other", "keyslots": ["1"], "need": "network", "\nneed network": "need network"}
    other = World("network-text", "cat <&3 >/dev/null; " + CONNECTS.format(server.port), token=text, types=("other",))
    return complaints + other.judge(other.test("--token-only"), 4)


@case("a type that is no file name starts a program")
def odd_types():
    complaints = []
    for number, kind in enumerate(("../token/x", "-x", "Example", "x" * 33, "x.y", "x y")):
        world = World(f"type{number}", "exec cat /etc/key", types=(), token={"type": kind, "keyslots": ["1"]})
        world.volume.cryptsetup("token", "import", stdin=json.dumps({"type": kind, "keyslots": ["1"]}).encode())
        world.known = fingerprint(world.volume.path)
        if "/" not in kind:
            world.program(kind, "exec cat /etc/key")
        world.program("x", "exec cat /etc/key")
        complaints += world.judge(world.test("--token-only"), 7, "has no usable token")
    return complaints


@case("too long a passphrase, none, or one that is taken back, is used")
def lengths():
    world = World("lengths", "printf %0513d 0")
    complaints = world.judge(world.test("--token-only"), 9)
    world.program("example", ": ")
    complaints += world.judge(world.test("--token-only"), 9, "gave no passphrase")
    world.program("example", "cat /etc/key; exit 2")
    return complaints + world.judge(world.test("--token-only"), 2)


@case("--token-id and --token-type choose nothing")
def chosen():
    world = World("chosen", "exec cat /etc/key", types=("example", "other"))
    world.program("example", "echo 'say not me' >&2; exit 6")
    complaints = world.judge(world.test("--token-only", "--token-id", "1"), 0, "keyslot 1", never=("not me",))
    complaints += world.judge(world.test("--token-only", "--token-type", "other"), 0, "keyslot 1", never=("not me",))
    complaints += world.judge(world.test("--token-only", "--token-type", "example"), 6, "not me")
    complaints += world.judge(world.test("--token-only", "--token-id", "5"), 7, "has no usable token")
    # Then the passphrase counts, but who named a token is told that it was not used.
    for option in (("--token-id", "5"), ("--token-type", "exampel")):
        complaints += world.judge(world.test(*option, stdin=PERSON + b"\n"), 0, "keyslot 0", "has no usable token", never=("not me",))
    return complaints + world.judge(world.test("--token-id", "0", stdin=PERSON + b"\n"), 0, "keyslot 0", "not me")


@case("a program is started although its token has none of the keyslots that may be tried, or has no keyslot at all")
def other_keyslot():
    world = World("other-keyslot", "echo 'say started' >&2; exec cat /etc/key")
    complaints = world.judge(world.test("--token-only", "--key-slot", "0"), 7, "has no usable token", never=("started",))
    complaints += world.judge(world.test("--token-id", "0", "--key-slot", "0", stdin=PERSON + b"\n"), 0, "keyslot 0", never=("started",))
    complaints += world.judge(world.test("--token-only", "--key-slot", "1"), 0, "keyslot 1", "started")
    boot = ("latchkey.options=key-slot=0",)
    complaints += world.judge(world.boot(*boot, answers=[(PROMPT, PERSON + b"\n")]), 0, "would open with the passphrase", never=("started",))
    world.volume.cryptsetup("token", "unassign", "--token-id", "0", "--key-slot", "1")
    world.known = fingerprint(world.volume.path)
    complaints += world.judge(run(LATCHKEY, "dump", world.volume.path), 0, "example; keyslots none\n")
    return complaints + world.judge(world.test("--token-only"), 7, "has no usable token", never=("started",))


@case("who gives a passphrase on a pipe, or a key file, waits for a program")
def not_asked():
    world = World("not-asked", "sleep 100")
    complaints = world.judge(world.test(stdin=PERSON + b"\n"), 0, "keyslot 0")
    return complaints + world.judge(world.test("--key-file", "/etc/key"), 0, "keyslot 1")


@case("a process that a script leaves behind holds latchkey up")
def left_behind():
    world = World("left-behind", "sleep 100 & exec cat /etc/key")
    return world.judge(world.test("--token-only"), 0, "keyslot 1")


def traced(world, *options):
    """As World.test, and what strace(1) says of it."""
    if lacking("strace") or memory.missing():
        raise Skip(lacking("strace") or memory.missing())
    trace = world.file("trace")
    done = run("strace", "-f", "-o", trace, *options, "chroot", world.root, "/bin/latchkey", "test", "--token-only", "/volume")
    with open(trace, encoding="utf-8") as f:
        return done, f.read()


@case("in a kernel without PID namespaces a process that a script leaves behind lives on")
def left_behind_by_fork():
    world = World("left-behind-by-fork", "sleep 1000 & exec cat /etc/key")
    done, trace = traced(world, "-e", "trace=clone3", "-e", "inject=clone3:error=ENOSYS")
    return world.judge(done, 0, "keyslot 1") + left_over(world) + ([] if "INJECTED" in trace else [trace])


@case("the passphrase of a program stays in its file")
def file_is_wiped():
    world = World("file-wiped", "exec cat /etc/key")
    done, trace = traced(world, "-e", "trace=write")
    zeroes = re.findall(r'write\(\d+, "(?:\\0)+"\.\.\., 513\) += 513', trace)
    # Once when it is made, and once at its end.
    return world.judge(done, 0, "keyslot 1") + ([] if len(zeroes) == 2 else [trace])


PIN = 'echo "pin 8" >&2; read -r pin; test "$pin" = 1234 && exec cat /etc/key; echo "say wrong: $pin." >&2; exit 2'


@case("a PIN does not pass from the terminal to the program, or is asked for where nobody asked for tokens")
def pin():
    world = World("pin", PIN)
    question = b"PIN of token 0 (example; tries left: 8; empty: none): "
    complaints = world.judge(world.typed("--token-only", answers=[(question, b"1234\n")]), 0, "keyslot 1", never=("1234",))
    complaints += world.judge(world.typed("--token-only", answers=[(question, b"4321\n")]), 2, "wrong: 4321.")
    complaints += world.judge(world.typed(answers=[(b"Enter passphrase", PERSON + b"\n")]), 0, "keyslot 0", never=("PIN of",))
    return complaints + world.judge(world.test("--token-only", stdin=b"1234\n"), 2, "wrong: .")


@case("who could type the passphrase waits without end for a key that is not touched")
def untouched():
    world = World("untouched", "echo touch >&2; sleep 1; echo touch >&2; read -r x || exit 4; exec cat /etc/key")
    complaints = world.judge(world.typed(answers=[(b"touch the security key", b""), (b"Enter passphrase", PERSON + b"\n")]), 0, "keyslot 0")
    world.program("example", "echo touch >&2; sleep 1; echo touch >&2; exec cat /etc/key")
    return complaints + world.judge(world.typed("--token-only"), 0, "keyslot 1")


@case("few tries of a PIN are used without a person's yes")
def few():
    world = World("few", 'echo "few 2" >&2; read -r yes; test "$yes" = yes || exit 2; ' + PIN.replace("8", "2"))
    question, pin_question = b"tries left for its PIN: 2. Use one (yes or no)? ", b"PIN of token 0 (example; tries left: 2"
    complaints = world.judge(world.typed("--token-only", answers=[(question, b"no\n")]), 2, never=("PIN of",))
    complaints += world.judge(world.typed("--token-only", answers=[(question, b"yes\n"), (pin_question, b"1234\n")]), 0, "keyslot 1")
    return complaints + world.judge(world.test("--token-only", stdin=b"yes\n1234\n"), 2)


@case("a touch is not said, or a terminal is driven by what a program says")
def lines():
    world = World("lines", 'printf "touch\\nsay \\033[2J\\n" >&2; exec cat /etc/key')
    return world.judge(world.test("--token-only"), 0, "token 0 (example): touch the security key", "token 0 (example): ?[2J", never=("\033",))


@case("more than twenty lines are shown")
def flood():
    world = World("flood", 'n=0; while test $n -lt 1000; do echo "say $n" >&2; n=$((n+1)); done; exec cat /etc/key')
    return world.judge(world.test("--token-only"), 0, "): 19\n", "keyslot 1", never=("): 20\n",))


# --- latchkey boot ---------------------------------------------------------------------------------------------

PROMPT = b"Enter passphrase for root (/volume): "
PIN_PROMPT = b"PIN of token 0 (example; tries left: 8; empty: none): "


@case("a question after many messages is not asked, and its program waits for ever")
def late_question():
    world = World("late-question", "for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do echo say $n >&2; done; "
                  "echo 'pin 0' >&2; read -r pin; exec cat /etc/key")
    return world.judge(world.test("--token-only"), 0, "keyslot 1")


def left_over(world):
    """Ends the processes that are still in the world's folder after the time that latchkey may need for it."""
    found, until = True, time.monotonic() + 20
    while found:
        found = []
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                found += [int(process)] if os.readlink(f"/proc/{process}/root") == os.path.realpath(world.root) else []
            except OSError:  # it has ended meanwhile
                pass
        if found and time.monotonic() > until:
            for process in found:
                os.kill(process, signal.SIGKILL)
            return [f"{len(found)} processes are left"]
        time.sleep(0.1)
    return []


@case("a program that talks on is not ended, or a descendant with a session of its own outlives it")
def talkers():
    world = World("talkers", "(setsid sh -c 'while :; do echo say more >&2; done' &); exit 7")
    os.symlink("busybox", world.file("bin/setsid"))
    complaints = world.judge(world.test("--token-only"), 7)
    return complaints + left_over(world)


# Waits for its key, and takes that back at its end.
BLINKS = 'echo touch >&2; read -r x; sleep 0.2; echo done >/etc/left; sleep 200'
TOUCH = b"touch the security key"


def ended_by(name, end, code, argv=(), script=BLINKS, question=TOUCH):
    """What is wrong when end(world) ends latchkey at this question."""
    world = World(name, script)
    os.chmod(world.file("etc"), 0o777)
    done = world.typed("--token-only", argv=argv, answers=[(question, lambda: end(world))])
    complaints = world.judge(done, code)
    until = time.monotonic() + 20
    while not os.path.exists(world.file("etc/left")) and time.monotonic() < until:
        time.sleep(0.05)
    if not os.path.exists(world.file("etc/left")):
        complaints.append(f"the program was not given the time to take back what it had asked for: {done}")
    return complaints + left_over(world)


@case("^C of a person, or another signal to latchkey, ends a program before it takes back what it has asked of its device")
def signals():
    boot = ("boot", "--test", "--cmdline", "latchkey.device=/volume")
    complaints = ended_by("signal-int", lambda world: world.key(b"\x03"), -signal.SIGINT)
    complaints += ended_by("signal-pin", lambda world: world.key(b"\x03"), -signal.SIGINT, script=BLINKS.replace("touch", "pin 8"),
                           question=b"PIN of token")
    for number in (signal.SIGTERM, signal.SIGHUP):
        complaints += ended_by(f"signal-{number}", lambda world, n=number: os.kill(world.pid, n), -number)
    complaints += ended_by("signal-boot", lambda world: os.kill(world.pid, signal.SIGTERM), -signal.SIGTERM, boot)
    complaints += ended_by("signal-kill", lambda world: os.kill(world.pid, signal.SIGKILL), -signal.SIGKILL, boot)
    world = World("signal-kill-test", BLINKS)
    done = world.typed("--token-only", answers=[(TOUCH, lambda: os.kill(world.pid, signal.SIGKILL))])
    return complaints + world.judge(done, -signal.SIGKILL) + left_over(world)


@case("a program outlives latchkey when that is killed")
def killed():
    world = World("killed", "echo touch >&2; sleep 1000")
    done = world.typed("--token-only", answers=[(TOUCH, lambda: os.kill(world.pid, signal.SIGKILL))])
    return world.judge(done, -signal.SIGKILL) + left_over(world)


@case("a program that says nothing after its PIN is waited for without end")
def silent_after_pin():
    def test():
        world = World("silent", 'echo "pin 8" >&2; read -r pin; sleep 100')
        return world.judge(world.test("--token-only"), 4, "did not answer in time")

    def boot():
        world = World("boot-silent", 'echo "pin 8" >&2; read -r pin; sleep 100; exec cat /etc/key')
        return world.judge(world.boot(answers=[(PIN_PROMPT, b"1234\n"), (b"token 0 (example): did not answer in time", PERSON + b"\n")]), 0,
                           "root would open with the passphrase")

    with ThreadPoolExecutor(2) as pool:
        return sum((run.result() for run in [pool.submit(test), pool.submit(boot)]), [])


@case("boot: a token does not open the volume while the prompt is there, or its passphrase counts as a try")
def boot_opens():
    world = World("boot-opens", "sleep 1; exec cat /etc/key")
    complaints = world.judge(world.boot(), 0, PROMPT.decode(), "root would open with token 0 (example)")
    other = World("boot-keyslots", "exec cat /etc/key", keyslots=("0",))
    complaints += other.judge(other.boot(answers=[(b"does not open root", PERSON + b"\n")]), 0, "(1 tried)",
                              "root would open with the passphrase")
    world.program("example", "sleep 1; echo nothing")
    return complaints + world.judge(world.boot("latchkey.options=tries=1", answers=[(b"does not open root", PERSON + b"\n")]), 0,
                                    "token 0 (example) does not open root: ", "root would open with the passphrase")


@case("boot: a program that never ends holds the passphrase up, or is left behind")
def boot_passphrase():
    world = World("boot-passphrase", 'echo touch >&2; read -r x; echo "say taken back" >&2; sleep 0.2; echo done >/etc/left')
    os.chmod(world.file("etc"), 0o777)
    complaints = world.judge(world.boot(answers=[(b"touch the security key", PERSON + b"\n")]), 0,
                             "root: token 0 (example): touch the security key", "root would open with the passphrase", never=("taken back",))
    if not os.path.exists(world.file("etc/left")):
        complaints.append("the program was not given the time to take back what it had asked for")
    return complaints


@case("boot: the PIN is not asked for at a prompt of its own, or its line is tried as a passphrase")
def boot_pin():
    world = World("boot-pin", "sleep 1; " + PIN)
    complaints = world.judge(world.boot(answers=[(PIN_PROMPT, b"1234\n")]), 0, PROMPT.decode(), "root would open with token 0 (example)",
                             never=("1234", "no keyslot opens"))
    complaints += world.judge(world.boot(answers=[(PIN_PROMPT, b"4321\n"), (b"wrong: 4321.", b""), (PROMPT, PERSON + b"\n")]), 0,
                              "root: token 0 (example): wrong: 4321.", "root would open with the passphrase", never=("no keyslot opens",))
    return complaints + world.judge(world.boot(answers=[(PIN_PROMPT, b"\n"), (PROMPT, PERSON + b"\n")]), 0, "wrong: .",
                                    "root would open with the passphrase", never=("Empty",))


@case("boot: a passphrase that is half typed becomes a PIN, or half a PIN a passphrase")
def boot_half_typed():
    world = World("boot-half", "sleep 2; " + PIN)
    # While somebody types, the question stays.
    complaints = world.judge(world.boot(answers=[(PROMPT, PERSON[:7]), (b"", lambda: time.sleep(4)), (b"", PERSON[7:] + b"\n")]), 0,
                             "root would open with the passphrase", never=("PIN of",))
    # A program that goes away takes its question with it, and the line that was begun.
    world.program("example", 'sleep 1; echo "pin 8" >&2; sleep 3; exit 4')
    return complaints + world.judge(world.boot(answers=[(PIN_PROMPT, b"12"), (PROMPT, b"34\n"), (PROMPT, PERSON + b"\n")]), 0,
                                    "The prompt changed while you typed", "root would open with the passphrase", never=("no keyslot opens",))


@case("boot: headless asks for a PIN, or few tries are used without a yes")
def boot_headless():
    world = World("boot-headless", PIN.replace("exit 2", "sleep 1; exec cat /etc/key"))
    complaints = world.judge(world.boot("latchkey.options=headless"), 0, "root would open with token 0 (example)", never=("PIN of",))
    world.program("example", 'echo "few 1" >&2; read -r yes; test "$yes" = yes && exec cat /etc/key; echo "say $yes" >&2; exit 2')
    question = b"tries left for its PIN: 1. Use one (yes or no)? "
    complaints += world.judge(world.boot(answers=[(question, b"yes\n")]), 0, "root would open with token 0 (example)")
    return complaints + world.judge(world.boot(answers=[(question, PERSON + b"\n"), (PROMPT, PERSON + b"\n")]), 0,
                                    "root would open with the passphrase", never=("of a person",))


@case("boot: a device that appears later is not given to the program, or is given twice")
def boot_device():
    world = World("boot-device", "if ! (: <&4) 2>/dev/null; then echo 'need node tpm9' >&2; exit 4; fi; "
                  "echo 'say here it is' >&2; exit 2")
    done = world.boot(answers=[(PROMPT, lambda: world.node("dev/tpm9", 10, 229)), (b"here it is", lambda: time.sleep(2)),
                               (b"", PERSON + b"\n")])
    complaints = world.judge(done, 0, "root would open with the passphrase")
    return complaints + ([] if done[1].count("here it is") == 1 else [f"{done[1].count('here it is')} times: {done[1]}"])


@case("boot: a program whose server is not there yet is not started again, or holds the prompt up")
def boot_network():
    server = Server()
    world = World("boot-network", (ASKS + CONNECTS).format(server.port))
    return world.judge(world.boot(answers=[(PROMPT, lambda: time.sleep(2)), (b"", server.listen)]), 0, "root would open with token 0 (example)")


def with_home(name, script, options):
    """A root with a key file, and home, which has the token."""
    world = World(name, script)
    os.link(Volume(FOLDER, name + "-root").format(b"key of the root", *PBKDF2).path, world.file("root"))
    world.write("etc/root.key", b"key of the root")
    world.write("etc/crypttab", f"root /root /etc/root.key luks\nhome /volume none luks,{options}\n".encode())
    return world, lambda: world.typed(argv=("boot", "--test", "--cmdline", "root=/dev/mapper/root"))


@case("boot: a volume that is not needed is left closed before its token has been looked at, or while its program asks for the network")
def boot_nofail():
    complaints = []
    for name, script in (("plain", "exec cat /etc/key"), ("asks", ASKS_AT_ONCE + "exec cat /etc/key")):
        for options in ("nofail,headless", "nofail"):
            world, boot = with_home(f"nofail-{name}-{len(options)}", script, options)
            complaints += world.judge(boot(), 0, "home would open with token 0 (example)", never=("left closed",))
    return complaints


@case("boot: a volume that is not needed is left closed while the network comes up, or never if it does not")
def boot_nofail_network():
    complaints = []
    for options in ("nofail,headless", "nofail"):
        world, boot = with_home(f"nofail-network-{len(options)}", ASKS_AT_ONCE + "echo x >>/etc/runs; test $(grep -c x /etc/runs) -gt 4 || exit 4; "
                                "exec cat /etc/key", options)
        world.write("etc/runs", b"", 0o666)
        complaints += world.judge(boot(), 0, "home would open with token 0 (example)", never=("left closed",))
        world.program("example", ASKS_AT_ONCE + "exit 4")
        complaints += world.judge(boot(), 0, "home is left closed (nofail)")
    return complaints


@case("boot: a line of a program that is neither touch nor wait keeps a volume that is not needed from being waited for")
def boot_nofail_says():
    world, boot = with_home("nofail-says", "echo connecting >&2; sleep 2; exec cat /etc/key", "nofail,headless")
    return world.judge(boot(), 0, "token 0 (example): connecting", "home would open with token 0 (example)", never=("left closed",))


HEARS = 'read -r line; echo "$line" >>/etc/heard-{0}; test "$line" = {1} && exec cat /etc/key; exit 2'


def with_two(name, root, home):
    """Root and home with a token each, whose programs write to /etc/heard-ROOT|HOME what they are told."""
    world = World(name, root)
    world.program("other", home)
    for file in ("heard-root", "heard-home", "asked"):
        world.write("etc/" + file, b"", 0o666)
    volume = Volume(FOLDER, name + "-home").format(HOME_PERSON, *PBKDF2)
    volume.add(HOME_PERSON, TOKEN, *PBKDF2)
    volume.cryptsetup("token", "import", stdin=json.dumps({"type": "other", "keyslots": ["1"]}).encode())
    os.link(volume.path, world.file("home"))
    world.write("etc/crypttab", b"root /volume none luks\nhome /home none luks,x-initrd.attach\n")
    world.heard = lambda: [open(world.file("etc/heard-" + kind), encoding="utf-8").read().split("\n")[:-1] for kind in ("root", "home")]
    return world, lambda answers: world.typed(argv=("boot", "--test", "--cmdline", "root=/dev/mapper/root"), answers=answers)


HOME_PERSON = b"the passphrase of home"


@case("boot: of two volumes with tokens a question or a touch does not name its own, or its line goes to the other")
def boot_two():
    root_asks, home_asks = b"root: PIN of token 0 (example; tries left: 8; empty: none): ", b"home: PIN of token 0 (other; tries left: 8; empty: none): "
    first, second = 'echo "pin 8" >&2; ', 'while ! test -s /etc/asked; do sleep 0.1; done; echo "pin 8" >&2; '

    def then(line):
        """Answer root's question when home's program has asked, too, or soon after it was told to."""
        world.write("etc/asked", b"x", 0o666)
        time.sleep(1)
        world.key(line)

    world, boot = with_two("two-pins", first + HEARS.format("root", 1234), second + HEARS.format("home", 9876))
    complaints = world.judge(boot([(root_asks, lambda: then(b"1234\n")), (home_asks, b"9876\n")]), 0, "root would open with token 0 (example)",
                             "home would open with token 0 (other)", never=("wrong",))
    complaints += [] if world.heard() == [["1234"], ["9876"]] else [f"heard {world.heard()}"]
    # An empty line answers one of the two, and a person's passphrase none.
    world, boot = with_two("one-pin", first + HEARS.format("root", 1234), second + HEARS.format("home", 9876))
    complaints += world.judge(boot([(root_asks, lambda: then(b"\n")), (home_asks, b"9876\n"), (b"Enter passphrase for root (/volume): ", PERSON + b"\n")]), 0,
                              "root would open with the passphrase", "home would open with token 0 (other)")
    complaints += [] if world.heard() == [[""], ["9876"]] else [f"heard {world.heard()}"]
    world, boot = with_two("touch-and-prompt", "exit 2", "echo touch >&2; " + HEARS.format("home", "x"))
    complaints += world.judge(boot([(b"home: token 0 (other): touch the security key", PERSON + b"\n"), (b"Enter passphrase for home", HOME_PERSON + b"\n")]), 0,
                              "root would open with the passphrase", "home would open with the passphrase")
    return complaints + ([] if world.heard() in ([[], []], [[], [""]]) else [f"heard {world.heard()}"])


NODE = "if ! (: <&4) 2>/dev/null; then echo 'need node tpm9' >&2; exit 4; fi; "


@case("boot: a program that failed because that of another volume had its device is not started again when the device is free")
def boot_one_device():
    second = NODE + "echo x >>/etc/heard-home; test $(grep -c x /etc/heard-home) -gt 1 && exec cat /etc/key; echo 'say busy' >&2; exit 4"
    refused = b"home: token 0 (other): busy"
    world, boot = with_two("one-device", NODE + "while ! test -s /etc/asked; do sleep 0.1; done; exec cat /etc/key", second)
    world.node("dev/tpm9", 10, 229)
    complaints = world.judge(boot([(refused, lambda: world.write("etc/asked", b"x", 0o666))]), 0, "root would open with token 0 (example)",
                             "home would open with token 0 (other)")
    complaints += [] if world.heard()[1] == ["x", "x"] else [f"{world.heard()}"]
    # Somebody types the passphrase in its place.
    world, boot = with_two("device-let-go", NODE + "echo touch >&2; read -r x; exit 2", second)
    world.node("dev/tpm9", 10, 229)
    complaints += world.judge(boot([(refused, PERSON + b"\n")]), 0, "root would open with the passphrase", "home would open with token 0 (other)")
    return complaints + ([] if world.heard()[1] == ["x", "x"] else [f"{world.heard()}"])


@case("boot: why the only device of a name does not serve is not said")
def boot_only_device():
    world = World("only-device", NODE + "echo 'say it is another TPM' >&2; exit 4")
    world.node("dev/tpm9", 10, 229)
    return world.judge(world.boot(answers=[(b"root: token 0 (example): it is another TPM", PERSON + b"\n")]), 0, "root would open with the passphrase")


@case("boot: a rehearsal whose input has ended does not wait for what a token's program gives")
def boot_no_input():
    complaints = []
    for name, script in (("plain", "sleep 1; exec cat /etc/key"), ("asks", ASKS_AT_ONCE + "exec cat /etc/key")):
        world = World("no-input-" + name, script)
        done = run("chroot", world.root, "/bin/latchkey", "boot", "--test", "--cmdline", "latchkey.device=/volume")
        complaints += world.judge(done, 0, "root would open with token 0 (example)")
    return complaints


@case("boot: why a server does not answer is not said, or at every try")
def boot_network_reason():
    world = World("boot-network-reason", ASKS.format(9) + "echo 'say the server is down' >&2; exit 4")
    done = world.boot(answers=[(b"the server is down", lambda: time.sleep(11)), (b"", PERSON + b"\n")])
    complaints = world.judge(done, 0, "token 0 (example): the server is down", "root would open with the passphrase")
    return complaints + ([] if done[1].count("the server is down") == 1 else [f"{done[1].count('the server is down')} times: {done[1]}"])


# --- programs that mean harm: the image may have them from others --------------------------------------------

ASKS_ON = 'while :; do echo "pin 8" >&2; read -r pin || exit 4; test -z "$pin" || exit 2; done'


@case("what a program says of its tries is shown as a question of latchkey's own")
def spoof():
    complaints = []
    for number, left in enumerate(("Enter passphrase for root (/volume): ", "-1", "99999999999")):
        world = World(f"spoof{number}", f"echo 'pin {left}' >&2; read -r pin; exit 2")
        question = b"PIN of token 0 (example; empty: none): "
        complaints += world.judge(world.typed("--token-only", answers=[(question, b"1234\n")]), 2, never=("Enter passphrase", "tries left"))
        world.program("example", f"sleep 1; echo 'few {left}' >&2; read -r yes; exit 2")
        complaints += world.judge(world.boot(answers=[(b"tries left for its PIN: 0. Use one", b"\n"), (PROMPT, PERSON + b"\n")]), 0)
    return complaints


@case("a program that asks again after an empty line keeps the passphrase from being asked for, or is never ended")
def asks_on():
    world = World("asks-on", "sleep 1; " + ASKS_ON)
    complaints = world.judge(world.boot(answers=[(PIN_PROMPT, b"\n"), (PROMPT, PERSON + b"\n")]), 0, "root would open with the passphrase")
    complaints += world.judge(world.typed("--token-only", answers=[(PIN_PROMPT, b"\n")]), 4, "wrote too much")
    return complaints + world.judge(world.test("--token-only"), 4, "wrote too much")


@case("boot: a program that asks and does not read holds the loop up")
def asks_only():
    world = World("asks-only", 'while :; do echo "pin 8" >&2; done', types=("example", "other"))
    world.program("other", "sleep 4; exec cat /etc/key")
    return world.judge(world.boot("latchkey.options=headless"), 0, "root would open with token 1 (other)")


HOSTILE = [
    ("a line of 2 MB", "cat /dev/zero | head -c 2000000 >&2; exit 7", 4, "wrote too much"),
    ("2 MB of bytes that are none", "head -c 2000000 /dev/zero | tr '\\0' '\\233' >&2; exit 7", 4, "wrote too much"),
    ("a million bytes as passphrase", "head -c 1000000 /dev/zero; exit 0", 9, "more than 512 bytes"),
    ("a touch without end", "while :; do echo touch >&2; done", 4, "did not answer in time"),
    ("lines without end", "while :; do echo 'say x' >&2; done", 4, "wrote too much"),
    ("closed descriptors", "exec 0<&- 1>&- 2>&- 3<&-; sleep 1; exit 6", 6, "gave no passphrase"),
    ("SIGTERM that is ignored", "trap '' TERM HUP INT; echo 'pin 8' >&2; read -r x; while :; do echo 'pin 8' >&2; done", 4, "wrote too much"),
    ("a death by its own hand", "(kill -9 1); kill -9 $$; exec nothing", 9, ""),
    ("an exit code of 77", "exit 77", 9, "gave no passphrase"),
    ("an exit code of 1", "exit 1", 9, "gave no passphrase"),
    ("NULs and escapes for a last word", "printf 'say a\\0b\\033[31m\\177\\n' >&2; exit 6", 6, "a"),
    ("a passphrase with a NUL", "printf 'x\\0y'", 2, "no keyslot opens"),
    ("a hole for a passphrase", "exec 1>&-; exit 0", 9, "gave no passphrase"),
]


def hostile(name, script, code, text):
    world = World("hostile-" + name.replace(" ", "-"), script)
    for applet in ("head", "tr", "setsid"):
        os.symlink("busybox", world.file("bin/" + applet))
    return world.judge(world.test("--token-only"), code, text, never=("\033", "\x9b", "\177", "\0")) + left_over(world)


for _name, _script, _code, _text in HOSTILE:
    case(f"harm is done by a program with {_name}")(lambda row=(_name, _script, _code, _text): hostile(*row))


@case("a program that stops itself holds latchkey up for ever")
def stopped():
    # As process 1 of its namespace it cannot; a child of it does it for both.
    world = World("stopped", "exec 2>&-; sleep 300 & kill -STOP $!; kill -STOP $$; wait")
    return world.judge(world.test("--token-only"), 4, "did not answer in time") + left_over(world)


@case("with many tokens one is left out, or a keyslot that a token names and that is not there does harm")
def many():
    kinds = [f"t{n}" for n in range(32)]
    world = World("many", "exit 4", types=kinds)
    world.program("t31", "exec cat /etc/key")
    complaints = world.judge(world.test("--token-only"), 0, "keyslot 1")
    complaints += world.judge(world.test("--token-only", "--token-type", "t31"), 0, "keyslot 1")
    return complaints + world.judge(world.test("--token-only", "--token-id", "30"), 4)


@case("two tokens of one type are one")
def twins():
    world = World("twins", 'grep -q "\"second\"" <&3 || exit 2; exec cat /etc/key')
    world.volume.cryptsetup("token", "import", stdin=json.dumps({"type": "example", "keyslots": ["1"], "name": "second"}).encode())
    world.known = fingerprint(world.volume.path)
    complaints = world.judge(world.test("--token-only"), 0, "keyslot 1")
    complaints += world.judge(world.test("--token-only", "--token-type", "example", "--token-id", "1"), 0, "keyslot 1")
    complaints += world.judge(world.test("--token-only", "--token-id", "0"), 2)
    return complaints + world.judge(world.boot(), 0, "root would open with token 1 (example)")


class WithKey(World):
    """latchkey has a key in its session keyring."""

    def enter(self, *argv):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall(KEYCTL, 1, None)
        if libc.syscall(ADD_KEY, b"user", b"latchkey-test-key", b"secret", 6, -3) < 0:
            os._exit(70)
        super().enter(*argv)


@case("a program shares latchkey's keyring, or lives on when memory is short")
def keyring():
    if os.uname().machine != "x86_64" or not os.path.exists("/proc/keys"):
        raise Skip("no /proc/keys, or another machine's numbers of system calls")
    world = WithKey("keyring", "cat /proc/keys /proc/self/oom_score_adj >/etc/seen; exec cat /etc/key")
    world.write("etc/seen", b"", 0o666)
    done = world.typed("--token-only")
    if done[0] == 70:
        raise Skip("no keyring can be had here")
    complaints = world.judge(done, 0, "keyslot 1")
    with open(world.file("etc/seen"), encoding="ascii") as f:
        seen = f.read()
    return complaints + ([] if "latchkey-test-key" not in seen and seen.endswith("\n1000\n") else [seen])


LONG_PIN = b"a PIN of 24 letters, say"


@case("a passphrase of a token, or its PIN, is left in latchkey's memory")
def residue():
    if memory.missing():
        raise Skip(memory.missing())
    complaints = []
    script = f'echo "pin 8" >&2; IFS= read -r pin; test "$pin" = "{LONG_PIN.decode()}" && exec cat /etc/key; exit 2'
    for argv in ((), ("boot", "--test", "--cmdline", "latchkey.device=/volume")):
        world, looked = World(f"residue-{len(argv)}", script), []

        def look(pid, world=world, looked=looked):
            if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "latchkey":
                # What a child shares is for its parent.
                looked.append(memory.residue(pid, {"the passphrase": TOKEN, "the PIN": LONG_PIN}, shared=pid == world.pid))

        done = world.typed("--token-only", argv=argv, answers=[(b"PIN of token 0", LONG_PIN + b"\n")], look=look)
        complaints += world.judge(done, 0, "token 0 (example)" if argv else "keyslot 1")
        complaints += [] if looked and not any(looked) else [f"processes {len(looked)}: {looked}"]
    return complaints


@case("a PIN stays in latchkey's memory while its program goes on")
def pin_is_wiped():
    if memory.missing():
        raise Skip(memory.missing())
    found = []
    world = World("pin-wiped", 'for left in 8 7; do echo "pin $left" >&2; IFS= read -r pin; done; exec cat /etc/key')
    done = world.typed("--token-only", answers=[(b"tries left: 8", LONG_PIN + b"\n"),
                                                (b"tries left: 7", lambda: found.append(memory.residue(world.pid, {"the PIN": LONG_PIN}))),
                                                (b"", b"0000\n")])
    return world.judge(done, 0, "keyslot 1") + ([] if found == [[]] else [f"{found}"])


if __name__ == "__main__":
    missing = lacking(CRYPTSETUP, "busybox", "chroot", "unshare")
    if not missing and (os.geteuid() or run("chroot", "/", "true").code):
        missing = "chroot(2) needs root"
    if missing:
        print(f"1..0 # SKIP {missing}")
        sys.exit(0)
    os.chmod(FOLDER, 0o755)
    sys.exit(suite(CASES))
