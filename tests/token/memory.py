# SPDX-License-Identifier: MIT
"""What a process has in its memory when it exits: it is stopped there by ptrace(2), and searched for secrets."""
import ctypes
import os
import signal
import subprocess
import threading

SEIZE, CONT, LISTEN = 0x4206, 7, 0x4208
TRACE_FORKS, TRACE_EXIT, EVENT_EXIT, EVENT_STOP = 0xE, 0x40, 6, 128
WALL = 0x40000000 | 0x20000000  # and no children of other threads
LIBC = ctypes.CDLL(None, use_errno=True)


def missing():
    """Why no process can be watched here, or None."""
    if os.geteuid():
        return "only root sees the memory of a program that gives up its rights"
    child = subprocess.Popen(["sleep", "60"])
    refused = LIBC.ptrace(SEIZE, child.pid, None, None)
    child.kill()
    child.wait()
    return "ptrace(2) is not permitted here" if refused else None


def windows(secret):
    """
    Its pieces of 8 bytes (a spilled register is enough to be found), also with the bytes of each word in the other order, as a
    hash loads them. Pieces that could be anything's are left out.
    """
    found = set()
    for word in (1, 4, 8):
        whole = len(secret) // word * word
        turned = b"".join(secret[i:i + word][::-1] for i in range(0, whole, word))
        for i in range(0, len(turned) - 7, 4):
            if len(set(turned[i:i + 8])) >= 5:
                found.add(turned[i:i + 8])
    return found


def writable(pid, shared):
    """The content of its writable mappings, each with its name."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            where, rights, _, _, _, *name = line.split(None, 5)
            if not rights.startswith("rw") or (rights[3] == "s" and not shared):
                continue
            low, high = (int(n, 16) for n in where.split("-"))
            try:
                memory.seek(low)
                yield (name or ["a mapping\n"])[0].strip(), memory.read(high - low)
            except OSError:  # a guard page
                pass


def residue(pid, secrets, shared=True):
    """Where the secrets (name: bytes) are in the memory of a stopped process."""
    left = []
    for place, content in writable(pid, shared):
        left += [f"{name} in {place}" for name, secret in secrets.items() if any(w in content for w in windows(secret))]
    return left


class Watch(threading.Thread):
    """
    Stops a child of ours at its exit, calls look(pid) and lets it go; with @descendants also those that it starts. Its status
    is .status after join(). All calls must come from one thread, so that this one starts the child, too.
    """

    def __init__(self, start, look, descendants=False):
        super().__init__(daemon=True)
        self.begin, self.look, self.options = start, look, TRACE_EXIT | (TRACE_FORKS if descendants else 0)
        self.pid, self.started, self.status, self.failure = None, threading.Event(), None, None
        self.start()
        self.started.wait()

    def run(self):
        try:
            self.pid = self.begin()
            if LIBC.ptrace(SEIZE, self.pid, None, ctypes.c_void_p(self.options)):
                raise OSError(ctypes.get_errno(), "ptrace")
            self.started.set()
            while self.status is None:
                self.step()
        except Exception as e:  # the test says so
            self.failure = e
        self.started.set()

    def step(self):
        pid, status = os.waitpid(-1 if self.options & TRACE_FORKS else self.pid, WALL)
        if not os.WIFSTOPPED(status):
            self.status = status if pid == self.pid else None
            return
        number, event = os.WSTOPSIG(status), status >> 16
        if event == EVENT_EXIT:
            self.look(pid)
        if event == EVENT_STOP and number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
            LIBC.ptrace(LISTEN, pid, None, None)
        else:
            LIBC.ptrace(CONT, pid, None, ctypes.c_void_p(0 if event else number))
