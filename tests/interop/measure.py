# SPDX-License-Identifier: MIT
"""Memory and system calls of one run of a program: quantities that are the same in each run."""
import ctypes
import os
import re
import shutil
import signal

from volumes import run


def peak_kib(argv, environment):
    """
    The most memory that was resident, read by the time the program ends. What wait4 tells would not do: it
    counts the memory of this script, too, from before the program was executed.
    """
    traceme, cont, setoptions, traceexit, exitkill = 0, 7, 0x4200, 0x40, 0x100000
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    pid = os.fork()
    if not pid:
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        libc.ptrace(traceme, 0, 0, 0)
        os.execve(argv[0], argv, environment)
    peak, sig = None, 0
    _, status = os.waitpid(pid, 0)
    if os.WIFSTOPPED(status) and libc.ptrace(setoptions, pid, 0, traceexit | exitkill) == 0:
        while True:
            libc.ptrace(cont, pid, 0, sig)
            _, status = os.waitpid(pid, 0)
            if not os.WIFSTOPPED(status):
                break
            sig = os.WSTOPSIG(status) if status >> 16 == 0 else 0
            if status >> 16 == 6:  # about to end
                with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
                    match = re.search(r"^VmHWM:\s*(\d+) kB", f.read(), re.M)
                peak = int(match.group(1)) if match else None
    elif os.WIFSTOPPED(status):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return peak


def system_calls(argv, environment, folder):
    """How many it makes, or None without strace. Its log goes to @folder."""
    if not shutil.which("strace"):
        return None
    log = os.path.join(folder, "strace")
    if run("strace", "-f", "-qq", "-o", log, *argv, env=environment).code:
        return None
    with open(log, encoding="ascii", errors="replace") as f:
        return sum(1 for line in f if re.match(r"\d+ +\w+\(", line))
