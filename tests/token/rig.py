# SPDX-License-Identifier: MIT
"""latchkey's side of latchkey-token(7), and fidostick's key behind a socket in place of a hidraw device.

A hidraw device passes reports of 64 bytes, one a read; so does a socket that keeps messages apart.
"""
import fcntl
import json
import os
import shlex
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import fidostick
import memory
from volumes import O, TARGET

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(HERE, "samples")
LIMIT = 120  # seconds; every run ends by itself long before


for number in os.listdir("/proc/self/fd"):
    if int(number) > 2:
        try:
            os.set_inheritable(int(number), False)  # whoever started us may have been careless
        except OSError:
            pass  # the folder itself


def script(path, *words):
    """A program of a shell's words: what is started as a token program has no arguments and no environment."""
    with open(path, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n" + " ".join(words) + "\n")
    os.chmod(path, 0o755)
    os.chmod(os.path.dirname(path), 0o755)
    return path


def reachable(path, folder):
    """A copy of a program of ours in @folder: a script runs it as nobody, who may not look into /root."""
    ours = os.path.abspath(path).startswith(os.path.abspath(O) + "/")
    return shutil.copy(path, folder) if ours else path


def program(name, folder):
    """The program for the tokens of that type, or what TOKEN_COMMAND names, words as of a shell, by a script in @folder."""
    if "TOKEN_COMMAND" not in os.environ:
        return os.path.join(O, TARGET, "token", name)
    first, *others = shlex.split(os.environ["TOKEN_COMMAND"])
    words = [os.path.abspath(shutil.which(first)), *map(os.path.abspath, others)]
    return script(os.path.join(folder, "program"), "exec", shlex.join(reachable(word, folder) for word in words))


def sample(name):
    """The token's text and the passphrase that it must give."""
    with open(os.path.join(SAMPLES, f"fido2-262-{name}.json")) as f:
        token = f.read()
    with open(os.path.join(SAMPLES, f"fido2-262-{name}.passphrase"), "rb") as f:
        return token, f.read()


class Options:
    """fidostick's command line."""

    def __init__(self, state, **other):
        self.state, self.pin, self.no_touch, self.touch_after = state, None, False, 0.2
        self.always_uv, self.allow_silent, self.protocols = False, False, [2, 1]
        self.__dict__.update(other)


class Key(threading.Thread):
    """A key of samples/fidostick-key-NAME.json. Its authenticator and its CTAPHID may be other classes."""

    def __init__(self, name, authenticator=fidostick.Authenticator, hid=fidostick.Hid, retries=None, **options):
        super().__init__(daemon=True)
        self.folder = tempfile.mkdtemp(prefix="latchkey-key.")
        path = os.path.join(self.folder, "state.json")
        with open(os.path.join(SAMPLES, f"fidostick-key-{name}.json")) as f:
            state = json.load(f)
        state["retries"] = retries or 8
        with open(path, "w") as f:
            json.dump(state, f)
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.auth = authenticator(Options(path, **options))
        self.hid = hid(self, self.auth)
        self.plugged, self.got, self.failure = True, [], None
        self.start()

    def report(self, report):
        self.ours.settimeout(None)
        self.ours.send(report.ljust(64, b"\0"))

    def serve(self, timeout):
        self.ours.settimeout(timeout)
        try:
            data = self.ours.recv(4096)
        except socket.timeout:
            return
        if not data:
            raise ConnectionError
        assert len(data) == 65 and data[0] == 0, f"a report of {len(data)} bytes"
        self.got.append(data[1:])
        self.hid.report(data[1:])

    def run(self):
        try:
            while self.plugged:
                self.serve(0.05)
        except OSError:
            pass
        except Exception as e:  # the test says so
            self.failure = e
        self.ours.close()

    def pull(self):
        self.plugged = False
        try:
            self.ours.shutdown(socket.SHUT_RDWR)  # it may be waiting to be read
        except OSError:
            pass
        if threading.current_thread() is not self:
            self.join()

    def close(self):
        self.pull()
        self.theirs.close()
        shutil.rmtree(self.folder)
        if self.failure:
            raise self.failure

    def commands(self):
        """The CTAPHID commands that came, in order."""
        return [r[4] for r in self.got if r[4] & 0x80]


def spawn(program, descriptors, *options):
    """Start @program with these as 0, 1, 2 ... and nothing else, as nobody (and with setpriv's @options) where we may. Returns its process."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in descriptors]
    words = [program]
    if os.geteuid() == 0:
        words = [shutil.which("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups", *options, program]
    actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(high)]
    if len(high) == 4:  # nothing of ours is left to become the device
        actions += [(os.POSIX_SPAWN_OPEN, 4, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_CLOSE, 4)]
    pid = os.posix_spawn(words[0], words, {}, file_actions=actions)
    for fd in high:
        os.close(fd)
    return pid


class Run:
    """One run of a token program: lines, passphrase, and code when it has ended."""

    def __init__(self, program, token, key=None, answer=lambda line: None, hear=None):
        """@answer(line) is what to answer to `pin` and `few`, None for the end of file; @hear(run, line) hears all."""
        self.lines, self.code, self.passphrase, self.replying = [], None, b"", threading.Lock()
        answers, passphrase, lines, text = (os.pipe() for _ in range(4))
        if isinstance(token, str):
            token = token.encode()
        inside = [answers[0], passphrase[1], lines[1], text[0]]
        self.start(program, inside + ([key.theirs.fileno()] if key else []))
        threading.Thread(target=self.feed, args=(text[1], token), daemon=True).start()
        for fd in inside:
            os.close(fd)
        self.answers = answers[1]
        timer = threading.Timer(LIMIT, lambda: os.kill(self.pid, signal.SIGKILL))
        timer.start()
        with os.fdopen(lines[0], "rb") as f:
            for raw in f:
                line = raw.decode().rstrip("\n")
                self.lines.append(line)
                if hear:
                    hear(self, line)
                if line.split()[0] in ("pin", "few"):
                    self.reply(answer(line))
        with os.fdopen(passphrase[0], "rb") as f:
            self.passphrase = f.read()
        self.code = os.waitstatus_to_exitcode(self.wait())
        timer.cancel()
        self.reply(None)

    def start(self, program, descriptors):
        self.pid = spawn(program, descriptors)

    def wait(self):
        return os.waitpid(self.pid, 0)[1]

    @staticmethod
    def feed(fd, data):
        try:
            while data:
                data = data[os.write(fd, data):]
        except BrokenPipeError:
            pass
        os.close(fd)

    def reply(self, text):
        with self.replying:  # a thread of a test may end the run, too
            if text is None and self.answers is not None:
                os.close(self.answers)
                self.answers = None
            elif self.answers is not None:
                os.write(self.answers, text)

    def count(self, word):
        return sum(line.split()[0] == word for line in self.lines)

    def __str__(self):
        return f"code {self.code}, passphrase {self.passphrase!r}, lines {self.lines}"


class Searched(Run):
    """The same; .residue tells which of .secrets (name: bytes; given by a subclass) it had in its memory at its exit."""

    def start(self, program, descriptors):
        self.residue, self.searched = [], 0
        self.watch = memory.Watch(lambda: spawn(program, descriptors), self.look)
        self.pid = self.watch.pid

    def look(self, pid):
        self.searched += 1
        self.residue += memory.residue(pid, self.secrets())

    def wait(self):
        self.watch.join()
        if self.watch.failure:
            raise self.watch.failure
        return self.watch.status


fidostick.say = lambda *words: None
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
