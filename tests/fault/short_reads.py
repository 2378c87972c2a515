# SPDX-License-Identifier: MIT
"""Run a program with short reads, as from slow devices and pipes: each read(2) and pread(2) gets a smaller count.

Usage: short_reads.py READ_BYTES PREAD_BYTES PROGRAM [ARGUMENT...]

Uses ptrace(2), for one thread, on x86_64. The exit status is that of the program, or 125 if the program could not be run in
this way. The number of shortened reads is written to the file that SHORT_READS_COUNT names.
"""
import ctypes
import os
import platform
import signal
import sys

TRACEME, PEEKUSER, POKEUSER, SYSCALL, SETOPTIONS = 0, 3, 6, 24, 0x4200
TRACESYSGOOD, EXITKILL = 1, 0x100000
RAX, RDX, ORIG_RAX = 8 * 10, 8 * 12, 8 * 15  # struct user_regs_struct
READ, PREAD = 0, 17
ENOSYS = 38

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, pid, address=0, data=0):
    ctypes.set_errno(0)
    value = libc.ptrace(request, pid, address, data)
    if ctypes.get_errno():
        sys.exit(125)
    return value


def main():
    limits = {READ: int(sys.argv[1]), PREAD: int(sys.argv[2])}
    if platform.machine() != "x86_64":
        return 125
    pid = os.fork()
    if not pid:
        if libc.ptrace(TRACEME, 0, 0, 0) < 0:
            os._exit(125)
        os.execv(sys.argv[3], sys.argv[3:])
    _, status = os.waitpid(pid, 0)
    if not os.WIFSTOPPED(status):
        return 125
    ptrace(SETOPTIONS, pid, 0, TRACESYSGOOD | EXITKILL)
    count, whole, sig = 0, None, 0
    while True:
        ptrace(SYSCALL, pid, 0, sig)
        _, status = os.waitpid(pid, 0)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            break
        sig = os.WSTOPSIG(status)
        if sig != signal.SIGTRAP | 0x80:
            continue
        sig = 0
        if whole is not None:  # the end of a call: the program may count on this register
            ptrace(POKEUSER, pid, RDX, whole)
            whole = None
        elif ptrace(PEEKUSER, pid, RAX) == -ENOSYS:  # the beginning of one
            limit = limits.get(ptrace(PEEKUSER, pid, ORIG_RAX))
            asked = ptrace(PEEKUSER, pid, RDX)
            if limit is not None and asked > limit:
                ptrace(POKEUSER, pid, RDX, limit)
                whole, count = asked, count + 1
    if "SHORT_READS_COUNT" in os.environ:
        with open(os.environ["SHORT_READS_COUNT"], "w", encoding="ascii") as f:
            f.write(str(count))
    if os.WIFSIGNALED(status):
        os.kill(os.getpid(), os.WTERMSIG(status))
    return os.WEXITSTATUS(status)


sys.exit(main())
