#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every system call of a successful run fails once; the program must succeed anyway or report the failure.

strace counts the calls of a successful run. Then, for each call and for each error that it can plausibly return, one run
gets that error from that call. Such a run must either do its work, with the right result, or end with the exit code of a known
cause and one line that describes it. It must never end with a signal, never report "wrong passphrase" (the passphrase is
right), never hang and never write to the image.
By default, some errors and some calls of a long series are tried; FULL=1 tries all. Arguments choose cases by a part of their
names.
"""
import errno
import functools
import itertools
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(HERE, "..", "interop"))
import luks2edit
from volumes import (CRYPTSETUP, LATCHKEY, O, PBKDF2, Skip, Volume, argon2, fingerprint, forms, lacking, lanes_allowed, run, save, suite,
                     workplace)

FOLDER = os.path.join(O, "fault")
FULL = bool(os.environ.get("FULL"))
SECRET = b"a right passphrase"
HANGS = 20  # seconds
MANY = 6  # calls of one kind: beyond that the default takes the ends and the middle

OK, USAGE, RESOURCE, DEVICE, UNSUPPORTED, KERNEL = 0, 1, 3, 4, 7, 8
# Call: the errors, the likeliest first, and the exit codes that may come of them.
CALLS = {
    "open": ("EACCES EMFILE ENOENT EIO ENOMEM ENXIO ELOOP ENFILE EPERM EINTR", {OK, USAGE, DEVICE}),
    "openat": ("EACCES EMFILE ENOENT EIO ENOMEM ENXIO ELOOP ENFILE EPERM EINTR", {OK, USAGE, DEVICE}),
    "read": ("EIO EINTR EAGAIN EISDIR ENOMEM EINVAL", {OK, USAGE, DEVICE}),
    "pread64": ("EIO EINTR ENXIO ENOMEM EAGAIN EINVAL ENODATA", {OK, DEVICE}),
    "lseek": ("ESPIPE EINVAL EIO EOVERFLOW", {OK, USAGE, DEVICE}),
    "fstat": ("EIO ENOMEM EOVERFLOW EBADF", {OK, DEVICE}),
    "newfstatat": ("EIO ENOMEM EOVERFLOW EBADF", {OK, DEVICE}),
    "statx": ("EIO ENOMEM ENOSYS", {OK, DEVICE}),
    "stat": ("ENOENT EACCES EIO", {OK, DEVICE}),
    "access": ("ENOENT EACCES EIO", {OK, DEVICE}),
    "ioctl": ("ENOTTY EIO EINVAL", {OK, DEVICE}),
    "mmap": ("ENOMEM EAGAIN EPERM", {OK, RESOURCE}),
    "mremap": ("ENOMEM EAGAIN", {OK, RESOURCE}),
    "brk": ("ENOMEM", {OK, RESOURCE}),
    "mprotect": ("ENOMEM EACCES", {OK, RESOURCE}),
    "write": ("EIO ENOSPC EAGAIN EPIPE EINTR", {OK, USAGE}),
    "writev": ("EIO ENOSPC EAGAIN EPIPE EINTR", {OK, USAGE}),
    "poll": ("ENOMEM EINTR EINVAL", {OK, USAGE, DEVICE}),
    "ppoll": ("ENOMEM EINTR EINVAL", {OK, USAGE, DEVICE}),
    "clone": ("EAGAIN ENOMEM EPERM", {OK, RESOURCE}),
    "clone3": ("EAGAIN ENOSYS ENOMEM EPERM", {OK, RESOURCE}),
    # Nothing depends on these: they make good things better, or clean up behind them.
    "close": ("EIO EINTR", {OK}),
    "fcntl": ("EINVAL EBADF", {OK}),
    "munmap": ("ENOMEM EINVAL", {OK}),
    "madvise": ("EINVAL ENOMEM EAGAIN", {OK}),
    "mlock": ("EPERM ENOMEM EAGAIN", {OK}),
    "mlock2": ("EPERM ENOMEM ENOSYS EAGAIN", {OK}),
    "prctl": ("EINVAL EPERM", {OK}),
    "prlimit64": ("EPERM EINVAL", {OK}),
    "setrlimit": ("EPERM EINVAL", {OK}),
    "sched_getaffinity": ("ENOSYS EINVAL EPERM", {OK}),
    "rt_sigprocmask": ("EINVAL", {OK}),
    "rt_sigaction": ("EINVAL", {OK}),
    "clock_gettime": ("EINVAL", {OK}),
    "set_tid_address": ("ENOSYS", {OK}),
    "exit_group": ("EINVAL", {OK}),
}
UNKNOWN = ("EIO ENOSYS EPERM ENOMEM", {OK, USAGE, RESOURCE, DEVICE, KERNEL})
# The kernel never fails these calls: the first thread always gets its storage, a wake-up always succeeds, and a thread ends.
NEVER = {"execve", "arch_prctl", "set_thread_area", "futex", "exit"}
INTERRUPTIBLE = {"read", "pread64", "write", "writev", "poll", "ppoll"}


def without_copy(output):
    """What a dump says, whichever copy of the header it is from."""
    return re.sub(r'"(header_copy|note)": ".*",', r'"\1": "",', output)


class Scenario:
    def __init__(self, name, argv, output, stdin=b"", images=()):
        self.name, self.argv, self.output, self.stdin = name, [LATCHKEY, *argv], without_copy(output), stdin
        self.images = {path: fingerprint(path) for path in images}

    def trace(self, *options, **more):
        """One run under strace: what came of it and strace's own log."""
        with tempfile.NamedTemporaryFile(dir=FOLDER, suffix=".strace") as log:
            done = run("strace", "-f", "-qq", "-o", log.name, *options, *self.argv, stdin=self.stdin, timeout=HANGS, **more)
            return done, log.read().decode(errors="replace")

    def counts(self):
        """{call: how often the busiest thread makes it}, in a good run."""
        done, log = self.trace()
        if done.code or without_copy(done.out) != self.output:
            raise RuntimeError(f"{self.name}: a good run is none: status {done.code}, {done.out!r}, {done.err!r}")
        self.log = log
        per_thread = {}
        for pid, call in re.findall(r"^(\d+) +(\w+)\(", log, re.M):
            per_thread[pid, call] = per_thread.get((pid, call), 0) + 1
        most = {}
        for (_, call), count in per_thread.items():
            most[call] = max(most.get(call, 0), count)
        return most

    def number(self, call, pattern):
        """Which of a good run's calls of this kind it is that /@pattern/ is found in."""
        calls = [line for line in self.log.splitlines() if re.match(rf"\d+ +{call}\(", line)]
        return 1 + next(i for i, line in enumerate(calls) if re.search(pattern, line))

    def judge(self, what, done, codes, mute=False):
        complaints = []
        if done.code < 0:
            complaints.append(f"ended by signal {-done.code}")
        elif done.code not in codes:
            complaints.append(f"status {done.code}, where {sorted(codes)} may be")
        output = without_copy(done.out)
        if done.code == 0 and output != self.output:
            complaints.append(f"success, with the output {done.out!r}")
        lines = done.err.splitlines()
        if done.code and (output not in ("", self.output) or not lines and not mute):
            complaints.append(f"failure, with the output {done.out!r} and {len(lines)} messages")
        complaints += [f"not a message: {line}" for line in lines if not line.startswith("latchkey: ")]
        if len(lines) > 3:
            complaints.append(f"{len(lines)} lines")
        if any(form in (done.out + done.err).encode() for form in forms(SECRET)):
            complaints.append("the secret is printed")
        complaints += [f"{path} was written to" for path, was in self.images.items() if fingerprint(path, was) != was]
        return [f"{self.name}: {what}: {c}: {done.err.strip()}" for c in complaints]

    def inject(self, what, codes):
        """One run with strace's expression @what."""
        call = what.split(":")[0]
        try:
            done, log = self.trace("-e", f"trace={call}", "-e", f"inject={what}")
        except subprocess.TimeoutExpired:
            return [f"{self.name}: {what}: hangs"]
        if "INJECTED" not in log:
            return [f"{self.name}: {what}: the call was not made"]
        return self.judge(what, done, codes, mute=what.startswith("write") and what.endswith("+"))

    def unharmed(self):
        return [f"{path} was written to" for path, was in self.images.items() if fingerprint(path) != was]


def chosen(numbers):
    numbers = list(numbers)
    if FULL or len(numbers) <= MANY:
        return numbers
    return [*numbers[:3], numbers[len(numbers) // 2], *numbers[-2:]]


def fail_each(scenario, call, count):
    errors, codes = CALLS.get(call, UNKNOWN)
    errors = errors.split() if FULL else errors.split()[:2]
    complaints = []
    for error, number in itertools.product(errors, chosen(range(1, count + 1))):
        allowed = {OK} if call in INTERRUPTIBLE and error == "EINTR" else codes
        complaints += scenario.inject(f"{call}:error={error}:when={number}", allowed)
    return complaints + scenario.unharmed()


def fail_all(scenario, call):
    """Every call of this kind fails from the first one on, as in a sandbox that does not know it."""
    errors, codes = CALLS.get(call, UNKNOWN)
    return scenario.inject(f"{call}:error={errors.split()[0]}:when=1+", codes) + scenario.unharmed()


def interrupted(scenario, calls):
    """EINTR on every call that a signal can interrupt: each is made again, so each second one succeeds."""
    complaints = []
    for call in sorted(calls & INTERRUPTIBLE):
        complaints += scenario.inject(f"{call}:error=EINTR:when=1+2", {OK})
    return complaints + scenario.unharmed()


def short_reads(scenario, read_bytes, pread_bytes):
    """The bytes come in pieces."""
    with tempfile.NamedTemporaryFile(dir=FOLDER) as count:
        done = run(sys.executable, os.path.join(HERE, "short_reads.py"), read_bytes, pread_bytes, *scenario.argv, stdin=scenario.stdin,
                   env=dict(os.environ, SHORT_READS_COUNT=count.name))
        if done.code == 125:
            raise Skip("reads can only be made shorter on x86_64, where ptrace is allowed")
        complaints = [] if int(count.read() or b"0") else ["no read was made shorter"]
    return complaints + scenario.judge(f"reads of {read_bytes} and {pread_bytes} bytes", done, {OK}) + scenario.unharmed()


def little_memory(scenario):
    """An address space of every size from too little to start up to enough: somewhere each allocation fails."""
    complaints, opened = [], 0
    for kib in chosen(range(10400, 20000, 400)) if not FULL else range(200, 24000, 100):
        done = run("sh", "-c", f'ulimit -v {kib} && exec "$0" "$@"', *scenario.argv, stdin=scenario.stdin, timeout=HANGS)
        if done.code in (-11, -9, 126) and kib < 1024:
            continue  # the program itself does not fit
        complaints += scenario.judge(f"{kib} KiB of address space", done, {OK, RESOURCE})
        opened += done.code == 0
    return complaints + ([] if opened else ["never opened"]) + scenario.unharmed()


def few_descriptors(scenario):
    complaints = []
    for number in range(3, 9):
        done = run("sh", "-c", f'ulimit -n {number} && exec "$0" "$@"', *scenario.argv, stdin=scenario.stdin, timeout=HANGS)
        complaints += scenario.judge(f"{number} descriptors", done, {OK, USAGE, DEVICE})
    return complaints + scenario.unharmed()


# --- single failures with one right outcome -------------------------------------------------------------------


def exactly(scenario, call, error, which, code, says):
    """
    @error is injected into @call: into each (which is None), or into the one that /@which/ is found in.
    The exit code is @code, and the output contains @says.
    """
    when = "1+" if which is None else scenario.number(call, which)
    what = f"{call}:error={error}:when={when}"
    done, log = scenario.trace("-e", f"trace={call}", "-e", f"inject={what}")
    complaints = scenario.judge(what, done, {code})
    if "INJECTED" not in log:
        complaints.append(f"{what}: the call was not made")
    if not re.search(says, done.err):
        complaints.append(f"{what}: no /{says}/ in {done.err!r}")
    return complaints + scenario.unharmed()


IO_ERROR = "(I/O|Input/output) error"
EXACTLY = {
    "an unreadable primary header: the secondary is used with a message":
        ("pbkdf2", "pread64", "EIO", r", 4096, 0\) = ", OK, "^latchkey: .*primary header cannot be used .*" + IO_ERROR),
    "an unreadable primary JSON: the secondary is used with a message":
        ("pbkdf2", "pread64", "EIO", r", 4096\) = ", OK, "^latchkey: .*primary header cannot be used .*" + IO_ERROR),
    "an unreadable secondary header: the primary is used with a message":
        ("pbkdf2", "pread64", "EIO", r", 16384\) = ", OK, "^latchkey: .*secondary header cannot be used .*" + IO_ERROR),
    "an unreadable secondary header, and no primary: the device's fault, and it may be LUKS":
        ("secondary", "pread64", "EIO", r", 16384\) = ", DEVICE, "cannot be read: " + IO_ERROR),
    "an unreadable device: the device's fault":
        ("pbkdf2", "pread64", "EIO", None, DEVICE, "cannot be read: " + IO_ERROR),
    "an unreadable keyslot area: a device error, not a wrong passphrase":
        ("pbkdf2", "pread64", "EIO", r", 32768\) = ", DEVICE, "keyslot 0: .*cannot be read: " + IO_ERROR),
    "memory that cannot be locked: a message, and the program continues":
        ("pbkdf2", "mlock2", "EPERM", None, OK, "^latchkey: memory cannot be locked; secrets could reach swap\n$"),
    "a key file that cannot be read: the message names the key file":
        ("pbkdf2", "read", "EIO", None, USAGE, "key file .*cannot be read: " + IO_ERROR),
    "no /proc/meminfo: it goes on":
        ("argon2", "openat", "ENOENT", "/proc/meminfo", OK, "^$"),
    "no threads: the lanes are filled one after the other":
        ("argon2", "clone", "EAGAIN", None, OK, "^$"),
}


def make_scenarios():
    key = save(FOLDER, SECRET)
    options = ["--key-size", "256"]
    pbkdf2 = Volume(FOLDER, "pbkdf2").format(SECRET, *PBKDF2, *options)
    secondary = pbkdf2.clone("secondary")
    luks2edit.zero(secondary.path, 0, 4096)
    lanes = Volume(FOLDER, "argon2").format(SECRET, *argon2("argon2id", 2, 1024), *options, env=lanes_allowed(FOLDER))
    apart = Volume(FOLDER, "detached").format(SECRET, *PBKDF2, *options, header=True)
    luks1 = Volume(FOLDER, "luks1").format(SECRET, "--pbkdf-force-iterations", "1000", *options, luks="luks1")
    dump = run(LATCHKEY, "dump", "--json", pbkdf2.path).out
    return [
        Scenario("pbkdf2", ["test", "--key-file", key, pbkdf2.path], "keyslot 0\n", images=[pbkdf2.path, key]),
        Scenario("argon2", ["test", lanes.path], "keyslot 0\n", stdin=SECRET + b"\n", images=[lanes.path]),
        Scenario("secondary", ["test", secondary.path], "keyslot 0\n", stdin=SECRET, images=[secondary.path]),
        Scenario("detached", ["test", "--header", apart.header, "--key-file", "-", apart.path], "keyslot 0\n", stdin=SECRET,
                 images=[apart.path, apart.header]),
        Scenario("luks1", ["test", "--key-file", key, "--keyfile-offset", "0", luks1.path], "keyslot 0\n", images=[luks1.path]),
        Scenario("dump", ["dump", "--json", pbkdf2.path], dump, images=[pbkdf2.path]),
    ]


def make_cases(scenarios):
    cases = []
    for number, s in enumerate(scenarios):
        counts = s.counts()
        for call, count in counts.items():
            # The later ones differ from the first two in what they read and open.
            if call in NEVER or not FULL and number > 1 and call not in ("open", "openat", "read", "pread64", "mmap", "write"):
                continue
            cases.append((f"{s.name}: {call} fails, each of {count}", functools.partial(fail_each, s, call, count)))
            if call != "exit_group" and (FULL or number < 2):
                cases.append((f"{s.name}: every {call} fails", functools.partial(fail_all, s, call)))
        cases.append((f"{s.name}: every call is interrupted once", functools.partial(interrupted, s, set(counts))))
        cases.append((f"{s.name}: few descriptors", functools.partial(few_descriptors, s)))
    by_name = {s.name: s for s in scenarios}
    cases += [(what, functools.partial(exactly, by_name[how[0]], *how[1:])) for what, how in EXACTLY.items()]
    for name, sizes in {"pbkdf2": [(1, 511), (5, 4095), *([(1, 1)] if FULL else [])], "secondary": [(1, 509)], "detached": [(1, 4096)],
                        "luks1": [(1, 591)], "dump": [(1, 100)]}.items():
        cases += [(f"{name}: reads of at most {r} and {p} bytes", functools.partial(short_reads, by_name[name], r, p))
                  for r, p in sizes]
    return cases + [(f"{name}: little memory", functools.partial(little_memory, by_name[name])) for name in ("pbkdf2", "argon2")]


def main():
    lack = lacking("strace", CRYPTSETUP, LATCHKEY)
    if not lack:
        done = run("strace", "-qq", "-e", "trace=getppid", "-e", "inject=getppid:error=EPERM", "true")
        if done.code:
            lack = f"strace cannot inject errors here: {(done.err.strip() or 'no reason given').splitlines()[-1]}"
    if lack:
        print(f"1..1\nok 1 - failures of system calls # SKIP {lack}")
        return 0
    workplace("fault")
    return suite(make_cases(make_scenarios()))


if __name__ == "__main__":
    sys.exit(main())
