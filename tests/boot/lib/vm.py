# SPDX-License-Identifier: MIT
"""Boot a kernel with an initramfs in QEMU and talk to it over the serial console.

    with VM("name", image, "latchkey.device=/dev/vda", disks=["root.img"]) as vm:
        vm.expect("Enter passphrase")
        vm.send("secret\\n")
        vm.wait_off()

Disks are snapshots: a guest cannot change their files. The tests emulate in software (-accel tcg) with -cpu max, because
some kernels panic on QEMU's default processor model. Only the demo uses KVM where it works. The console is logged to $O/boot/NAME.log. All output goes to $O
(default: build).
"""
import functools
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
BOOT = os.path.dirname(HERE)
GUEST = os.path.join(BOOT, "guest")  # programs that run in the machine
FETCH = os.path.join(BOOT, "fetch")
TOP = os.path.dirname(os.path.dirname(BOOT))
O = os.path.join(TOP, os.environ.get("O", "build"))
BUILT = os.path.join(O, os.environ.get("TARGET", "x86_64-linux-musl"))
LATCHKEY = os.path.join(BUILT, "latchkey")
INIT = os.path.join(BUILT, "init")
WORK = os.path.join(O, "boot")
QEMU = "qemu-system-x86_64"

# Timeout for one boot, in seconds; increase it on a very slow machine. BOOT_JOBS: number of machines in parallel.
LIMIT = float(os.environ.get("BOOT_SECONDS", "120"))
MODULES = "virtio_pci? virtio_blk? dm_crypt xts aesni_intel? ext4?"

os.environ["PATH"] += ":/usr/sbin:/sbin"
os.makedirs(WORK, exist_ok=True)


class Failure(Exception):
    """The expected result did not happen."""


class Skip(Exception):
    """This machine cannot run the test, for this reason."""


FIXTURES = threading.RLock()  # tests run in parallel, but the fixtures that they share are made one after the other


def once(function):
    """A fixture: made at its first use, and used again afterwards."""
    cached = functools.cache(function)

    @functools.wraps(function)
    def locked(*args, **options):
        with FIXTURES:
            return cached(*args, **options)

    return locked


def run(*command):
    """Run a program; its output is used only if it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise Failure(f"{' '.join(command)}: status {done.returncode}\n{done.stdout.decode(errors='replace')}")
    return done.stdout.decode(errors="replace")


def no_namespace():
    """Why this process can mount nothing for itself, or None: root in a container may lack CAP_SYS_ADMIN."""
    done = subprocess.run(["unshare", "-m", "true"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return f"no mount namespace: {done.stdout.decode(errors='replace').strip()}" if done.returncode else None


def missing():
    """One line about what this machine lacks for booting, or None."""
    for tool in (QEMU, "setpriv", "cryptsetup", "mke2fs", "cpio", "modprobe", "cc"):
        if not shutil.which(tool):
            return f"{tool} is not installed (toolchain/setup check installs it)"
    if not BUILT.endswith("/x86_64-linux-musl"):
        return "only x86_64-linux-musl has a virtual machine here"
    for program in (LATCHKEY, INIT):
        if not os.path.exists(program):
            return f"{os.path.relpath(program, TOP)} is not built (make builds it)"
    return None


@once
def kernel(*options):
    """
    The folder with vmlinuz, version and lib/modules; downloaded if it is missing. --full: the kernel with USB. Release, architecture
    and package: Debian's kernel of that release.
    """
    tool = "get-board-kernel" if len(options) == 3 else "get-kernel"
    done = subprocess.run([os.path.join(FETCH, tool), *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    if done.returncode == 77:
        raise Skip(f"the mirror has no {options[0]} for {options[1]}")
    if done.returncode:
        raise Failure(f"{tool}: status {done.returncode}")
    return done.stdout.decode().split("\n")[-2]


@once
def compile_static(name):
    """Build a small program for a guest from tests/boot/guest/NAME.c. Returns its path."""
    out = os.path.join(WORK, name)
    run("cc", "-std=c11", "-D_GNU_SOURCE", "-Os", "-static", "-s", "-o", out, os.path.join(GUEST, name + ".c"))
    return out


def with_libraries(program):
    """The files that a program of this machine needs in a guest, each with the same path."""
    files = [os.path.realpath(program)]
    for line in subprocess.run(["ldd", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode().split("\n"):
        match = re.search(r"(/\S+) \(0x", line)
        if match:
            files.append(match.group(1))
    return files


def make_image(name, *options, modules=MODULES, init=INIT, latchkey=None, kernel_options=()):
    """Make an initramfs with initramfs/mkimage. Returns its path. With another init, latchkey must be added."""
    out = os.path.join(WORK, name + ".cpio.gz")
    folder = kernel(*kernel_options)
    latchkey = latchkey or (LATCHKEY if init != INIT else None)
    with open(os.path.join(folder, "version")) as f:
        version = f.read().strip()
    run(os.path.join(TOP, "initramfs", "mkimage"), "-q", "--kernel", version, "--modules-root", folder,
        "--modules", modules, "--init", init, *(["--latchkey", latchkey] if latchkey else []), "-o", out, *options)
    return out


def make_disk(name, *options):
    out = os.path.join(WORK, name + ".img")
    run(os.path.join(HERE, "make-disk"), *options, out)
    return out


class VM:
    def __init__(self, name, image, words, disks=(), memory=256, args=(), kernel_words="loglevel=4 panic=-1",
                 show=None, limit=LIMIT, kernel_options=(), accel="tcg"):
        self.kernel_options, self.accel = kernel_options, accel
        self.name, self.limit = name, limit
        self.show = show  # called with the output of the console, carriage returns included
        # Without no_timer_check, a host with much other work makes the kernel believe that its timer does not work.
        self.image, self.words = image, f"console=ttyS0 no_timer_check {kernel_words} {words}"
        self.disks, self.memory, self.args = disks, memory, args
        self.text = ""  # all output of the console, without carriage returns
        self.raw = ""  # the same with them
        self.seen = 0  # the length that expect() has consumed
        self.process = None

    def command(self, serial):
        folder = kernel(*self.kernel_options)
        # Kill the machine when this program exits for any reason.
        command = ["setpriv", "--pdeathsig", "KILL", QEMU, "-accel", self.accel, "-cpu", "max", "-m", str(self.memory), "-no-reboot", "-nodefaults",
                   "-display", "none", "-vga", "none", "-nic", "none", *serial,
                   "-kernel", os.path.join(folder, "vmlinuz"), "-initrd", self.image, "-append", self.words]
        for disk in self.disks:
            command += ["-drive", f"file={disk},format=raw,if=virtio,snapshot=on"]
        return command + list(self.args)

    def log_path(self):
        return os.path.join(WORK, self.name + ".log")

    def hand_over(self):
        """Connect this terminal to the guest until it is off (^A x quits). Returns the output of its console."""
        log = self.log_path()
        subprocess.run(self.command(["-chardev", f"stdio,id=console,mux=on,signal=off,logfile={log}",
                                     "-serial", "chardev:console", "-mon", "chardev=console"]))
        with open(log, errors="replace") as f:
            return f.read().replace("\r", "")

    def __enter__(self):
        # The path of a socket is limited to 107 bytes, so it is not in $O.
        self.folder = tempfile.mkdtemp(prefix="latchkey-vm.")
        self.socket_path = os.path.join(self.folder, "monitor")
        self.log = open(self.log_path(), "wb")
        self.deadline = time.monotonic() + self.limit
        self.process = subprocess.Popen(
            self.command(["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
                          "-monitor", f"unix:{self.socket_path},server=on,wait=off"]),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.selector.close()
        self.log.close()
        shutil.rmtree(self.folder)

    def _read(self, until):
        """Read from the console, waiting at most until this time. False at end of file."""
        if not self.selector.select(max(0, min(until, self.deadline) - time.monotonic())):
            return True
        data = os.read(self.process.stdout.fileno(), 65536)
        self.log.write(data)
        self.log.flush()
        text = data.decode(errors="replace")
        self.raw += text
        self.text += text.replace("\r", "")
        if self.show:
            self.show(text)
        return bool(data)

    def _fail(self, what):
        tail = self.text[-1500:]
        raise Failure(f"{what}; the console's last words (all of them in {self.log.name}):\n{tail}")

    def expect(self, pattern, timeout=None):
        """Wait for the regular expression in the output since the last match. Returns the match."""
        until = time.monotonic() + (timeout or self.limit)
        while True:
            match = re.compile(pattern).search(self.text, self.seen)
            if match:
                self.seen = match.end()
                return match
            if time.monotonic() >= min(until, self.deadline):
                self._fail(f"nothing like /{pattern}/ within {timeout or self.limit:g} s")
            if not self._read(until):
                self._fail(f"the machine went off before it said /{pattern}/")

    def quiet(self, seconds):
        """The output of the next seconds."""
        until = time.monotonic() + seconds
        start = len(self.text)
        while time.monotonic() < until:
            if not self._read(until):
                self._fail("the machine went off")
        return self.text[start:]

    def send(self, text):
        self.process.stdin.write(text.encode())

    def wait_off(self, timeout=None):
        """Wait until the guest powers off or restarts."""
        until = time.monotonic() + (timeout or self.limit)
        while self._read(until):
            if time.monotonic() >= min(until, self.deadline):
                self._fail(f"the machine is still on after {timeout or self.limit:g} s")

    def monitor(self, line):
        """Send a command to QEMU's monitor. Returns the answer."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(self.socket_path)
            answer = b""
            while not answer.endswith(b"(qemu) "):
                answer += s.recv(4096)
            s.sendall(line.encode() + b"\n")
            answer = b""
            while not answer.endswith(b"(qemu) "):
                answer += s.recv(4096)
        return answer.decode(errors="replace")

    def assert_no(self, pattern):
        match = re.search(pattern, self.text)
        if match:
            self._fail(f"/{pattern}/ was said: {match.group(0)!r}")

    def count(self, pattern):
        return len(re.findall(pattern, self.text))


def attempt(scenario):
    """Returns the beginning and the end of the line of TAP, and the lines that describe the failure."""
    start = time.monotonic()
    verdict, reason, said = "ok", "", []
    try:
        scenario()
    except Skip as e:
        reason = f" # SKIP {e}"
    except Failure as e:
        verdict, said = "not ok", str(e).splitlines()
    except Exception:  # a fault in one test must not lose the other results
        verdict, said = "not ok", traceback.format_exc().splitlines()
    return verdict, f"{scenario.__doc__} ({time.monotonic() - start:.1f} s){reason}", said


def suite(scenarios, jobs=None):
    """Run the functions as one TAP suite; the arguments of the program choose some by name. @jobs: number in parallel."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))  # the machines are killed with this process
    chosen = [s for s in scenarios if not sys.argv[1:] or s.__name__ in sys.argv[1:]]
    lack = missing()
    if lack:
        print(f"1..0 # SKIP {lack}")
        return 0
    print(f"1..{len(chosen)}", flush=True)
    failed = 0
    with ThreadPoolExecutor(jobs or int(os.environ.get("BOOT_JOBS", os.cpu_count() or 1))) as pool:
        for number, (verdict, rest, said) in enumerate(pool.map(attempt, chosen), 1):
            failed += verdict != "ok"
            print("".join(f"#   {line}\n" for line in said) + f"{verdict} {number} - {rest}", flush=True)
    return 1 if failed else 0
