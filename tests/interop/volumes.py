# SPDX-License-Identifier: MIT
"""Volumes made by the installed cryptsetup, the answers of both programs about them, and results as TAP.

    volume = Volume(folder, "name").format(b"secret", *PBKDF2)
    complaints = volume.agree(typed(b"secret"), 0) + volume.agree(typed(b"wrong"), None)

latchkey works on the image itself, which must not change by a single byte. cryptsetup repairs what it opens, so it gets a copy.
All output goes to $O (default: build). CRYPTSETUP names another cryptsetup.
"""
import base64
import collections
import concurrent.futures
import ctypes
import functools
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
O = os.path.join(TOP, os.environ.get("O", "build"))
TARGET = os.environ.get("TARGET", "x86_64-linux-musl")
LATCHKEY = os.path.join(O, TARGET, "latchkey")
# The program that a suite asks, for those that can go through an emulator: words as of a shell.
COMMAND = shlex.split(os.environ.get("LATCHKEY_COMMAND", LATCHKEY))
LATCHKEY_ASAN = os.path.join(O, "host-asan", "latchkey")
os.environ["PATH"] += ":/usr/sbin:/sbin"
os.environ["LC_ALL"] = "C"
CRYPTSETUP = os.environ.get("CRYPTSETUP", "cryptsetup")
LIMIT = 120  # seconds that no run of either tool comes near

PBKDF2 = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
RIGHT, WRONG = b"a right secret", b"a wrong secret"

Done = collections.namedtuple("Done", "code out err")


class Broken(Exception):
    """What a test needs could not be made, or something is not as it must be."""


class Skip(Exception):
    """This machine cannot run the test, for the reason given."""


def argon2(kind="argon2id", lanes=1, memory_kib=32, passes=4):
    return ["--pbkdf", kind, "--pbkdf-force-iterations", str(passes), "--pbkdf-memory", str(memory_kib),
            "--pbkdf-parallel", str(lanes)]


@functools.cache
def lanes_allowed(folder):
    """An environment in which cryptsetup makes as many lanes as it is asked for, though processors are few."""
    if (os.cpu_count() or 1) >= 4:
        return None
    library = os.path.join(folder, "more_processors.so")
    made = run("cc", "-shared", "-fPIC", "-o", library, os.path.join(HERE, "more_processors.c"), "-ldl")
    if made.code:
        raise Skip("fewer than 4 processors, and no compiler to hide that from cryptsetup")
    return dict(os.environ, LD_PRELOAD=library)


def run(*argv, stdin=b"", timeout=LIMIT, **more):
    done = subprocess.run([str(a) for a in argv], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=timeout, **more)
    return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def must(*argv, **more):
    done = run(*argv, **more)
    if done.code:
        raise Broken(f"{' '.join(map(str, argv))}: status {done.code}\n{done.out}{done.err}")
    return done.out


def workplace(name):
    """An empty folder under $O."""
    path = os.path.join(O, name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def fingerprint(path, known=None):
    """
    Changes when anybody writes to the file, even the bytes that were there. @known spares the reading where the
    times alone show a change.
    """
    status = os.stat(path)
    times = status.st_size, status.st_mtime_ns
    if known and known[:2] == times:
        return known
    with open(path, "rb") as f:
        return *times, hashlib.blake2b(f.read()).digest()


def copy(source, target):
    must("cp", "--sparse=always", source, target)
    return target


def forms(secret):
    """The secret as it might show up where it does not belong."""
    if len(secret) < 4:
        return []
    return [secret, secret.hex().encode(), base64.b64encode(secret).rstrip(b"=")]


# --- secrets ---------------------------------------------------------------------------------------------


class Key:
    """A secret in the way that it is given to either tool."""

    def __init__(self, name, args=(), stdin=b"", secret=b""):
        self.name, self.args, self.stdin, self.secret = name, list(args), stdin, secret


def typed(line):
    """One line on standard input."""
    return Key(f"line {line[:24]!r}", stdin=line, secret=line.split(b"\n")[0])


def from_file(folder, content, *args):
    """--key-file with @content, and --keyfile-offset or --keyfile-size behind it."""
    return Key(f"key file of {len(content)} bytes {' '.join(args)}", ["--key-file", save(folder, content), *args],
               secret=content)


def from_stdin(content, *args):
    return Key(f"--key-file - with {len(content)} bytes {' '.join(args)}", ["--key-file", "-", *args], stdin=content,
               secret=content)


def save(folder, content):
    path = os.path.join(folder, "key-" + hashlib.sha256(content).hexdigest()[:16])
    if not os.path.exists(path):
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as f:
            f.write(content)
        os.rename(f.name, path)  # another thread may want the same key
    return path


# --- the kernel's keyring -----------------------------------------------------------------------------------


class Keyring:
    """A user key in the user's keyring, as add_key(2) makes it, for as long as it lasts. None: no key."""

    ADD_KEY, KEYCTL, READ, UNLINK, USER_KEYRING = 248, 250, 11, 9, -4  # of x86-64

    def __init__(self, name, content):
        self.call = ctypes.CDLL(None, use_errno=True).syscall
        self.call.restype = ctypes.c_long
        self.name, self.key = name, 0
        if content is not None:
            self.key = self.call(self.ADD_KEY, b"user", name, content, len(content), self.USER_KEYRING)
        if self.key < 0:
            raise Skip(f"add_key(2): {os.strerror(ctypes.get_errno())}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.key:
            self.call(self.KEYCTL, self.UNLINK, self.key, self.USER_KEYRING)

    def content(self):
        buffer = ctypes.create_string_buffer(32768)
        size = self.call(self.KEYCTL, self.READ, self.key, buffer, len(buffer))
        return buffer.raw[:max(0, size)]

    def seconds_left(self):
        """None: it stays indefinitely."""
        with open("/proc/keys", encoding="ascii") as f:
            for line in f:
                if int(line.split()[0], 16) == self.key:
                    return None if line.split()[3] == "perm" else line.split()[3]
        return 0


# --- volumes ---------------------------------------------------------------------------------------------


class Volume:
    def __init__(self, folder, name, size="4M"):
        self.folder, self.name = folder, name
        self.known = {}  # fingerprints
        self.twin = None  # for cryptsetup
        self.path = os.path.join(folder, name + ".img")
        self.header = None  # the path of a detached one
        must("truncate", "-s", size, self.path)

    def format(self, secret, *options, header=False, luks="luks2", **more):
        """Small areas and small sectors, unless @options say otherwise."""
        if header:
            self.header = os.path.join(self.folder, self.name + ".hdr")
            options += ("--header", self.header)
        defaults = {"--luks2-metadata-size": "16k", "--luks2-keyslots-size": "1m", "--sector-size": "512"}
        if luks != "luks2" or "--offset" in options:
            defaults = {}
        for option, value in defaults.items():
            if option not in options:
                options += (option, value)
        self.cryptsetup("luksFormat", "--type", luks, *options, "--key-file", save(self.folder, secret), **more)
        return self

    def add(self, known, secret, *options, **more):
        self.cryptsetup("luksAddKey", *self._header(), *options, "--key-file", save(self.folder, known), self.path,
                        save(self.folder, secret), device=False, **more)
        return self

    def cryptsetup(self, *args, device=True, **more):
        # Re-encryption puts a temporary file where it runs.
        return must(CRYPTSETUP, "-q", *args, *([self.path] if device else []), cwd=self.folder, **more)

    def clone(self, name):
        """A second volume with the same bytes."""
        new = object.__new__(Volume)
        new.folder, new.name, new.header, new.known, new.twin = self.folder, name, None, {}, None
        new.path = copy(self.path, os.path.join(self.folder, name + ".img"))
        if self.header:
            new.header = copy(self.header, os.path.join(self.folder, name + ".hdr"))
        return new

    @property
    def header_path(self):
        return self.header or self.path

    def _header(self):
        return ["--header", self.header] if self.header else []

    def remove(self):
        if self.twin:
            self.twin.remove()
        for path in (self.path, self.header):
            if path:
                os.unlink(path)

    # What the tools say.

    def ours(self, key, *options):
        """latchkey's answer and what is wrong with its manners."""
        before = {path: fingerprint(path, self.known.get(path)) for path in (self.path, self.header) if path}
        done = run(LATCHKEY, "test", *options, *self._header(), *key.args, self.path, stdin=key.stdin)
        self.known = {path: fingerprint(path) for path in before}
        complaints = [f"{path} was written to" for path in before if self.known[path] != before[path]]
        if done.code == 0 and not re.fullmatch(r"keyslot \d+\n", done.out):
            complaints.append(f"success, but standard output is {done.out!r}")
        if done.code and (done.out or not done.err):
            complaints.append(f"failure, but standard output is {done.out!r}, and standard error {done.err!r}")
        complaints += [f"not a message: {line!r}" for line in done.err.splitlines() if not line.startswith("latchkey: ")]
        return done, [f"{self.name}: {c}" for c in complaints]

    def peer(self, *args, stdin=b""):
        """cryptsetup on a copy, which is a new one whenever one of the two was written to."""
        if not self.twin or self.twin_of != self.times() + self.twin.times():
            self.twin = self.clone(self.name + ".peer")
            self.twin_of = self.times() + self.twin.times()
        return run(CRYPTSETUP, *args, *self.twin._header(), self.twin.path, stdin=stdin)

    def times(self):
        return [(path, os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in (self.path, self.header) if path]

    def peer_slot(self, key, *options):
        """cryptsetup's exit code and the keyslot it opened, or None."""
        done = self.peer("open", "--test-passphrase", "-v", *options, *key.args, stdin=key.stdin)
        match = re.search(r"^Key slot (\d+) unlocked", done.out + done.err, re.M)
        return done.code, int(match.group(1)) if match else None

    def agree(self, key, slot, *options, code=None):
        """
        Does @key open keyslot @slot for both, or, if @slot is None, for neither? @code is the exit code
        of a refusal where latchkey has its own; otherwise it is cryptsetup's.
        """
        peer_code, peer_slot = self.peer_slot(key, *options)
        done, complaints = self.ours(key, *options)
        opened = int(done.out.split()[1]) if done.code == 0 and not complaints else None
        what = f"{self.name}: {key.name} {' '.join(options)}".rstrip()
        if peer_slot != slot:
            complaints.append(f"{what}: expected keyslot {slot}, cryptsetup has {peer_slot} (status {peer_code})")
        if opened != slot:
            complaints.append(f"{what}: cryptsetup has keyslot {peer_slot}, latchkey {opened}: {done.err.strip()}")
        elif slot is None and done.code != (peer_code if code is None else code):
            complaints.append(f"{what}: refused with status {done.code}, cryptsetup's is {peer_code}: {done.err.strip()}")
        return complaints

    def check(self, keys, *options):
        """agree() for each (secret line, slot), and for a wrong one."""
        complaints = []
        for secret, slot in keys:
            complaints += self.agree(typed(secret), slot, *options)
        return complaints + self.agree(typed(WRONG), None, *options)


# --- TAP -------------------------------------------------------------------------------------------------


def lacking(*programs):
    """Why nothing can run here; None if everything can."""
    for program in programs:
        if not shutil.which(program):
            return f"{program} is not there (make builds it)" if "/" in program else \
                f"{program} is not installed (toolchain/setup check installs it)"
    return None


def collector():
    """A list for suite(), and what puts a function into it: @case("what is wrong when this fails", its arguments)."""
    cases = []

    def case(name, *arguments):
        def add(function):
            cases.append((name, functools.partial(function, *arguments)))
            return function

        return add

    return cases, case


def judge(case):
    """(verdict, comments, reason to skip) of a function that returns a list of complaints."""
    try:
        complaints = case()
        return not complaints, complaints or [], None
    except Skip as skip:
        return True, [], str(skip)
    except (Broken, subprocess.TimeoutExpired) as broken:
        return False, [str(broken)], None
    except Exception:  # a test that is wrong itself must not take the others with it
        return False, [traceback.format_exc()], None


def suite(cases, workers=2):
    """Run [(name, function)] and print TAP. Arguments of the program choose cases by a part of the name, _ being a blank, too."""
    wanted = sys.argv[1:]
    cases = [(name, case) for name, case in cases if not wanted or any(w in name or w.replace("_", " ") in name for w in wanted)]
    failed = 0
    print(f"1..{len(cases)}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        results = pool.map(judge, [case for _, case in cases])
        for number, ((name, _), (good, comments, skip)) in enumerate(zip(cases, results), 1):
            failed += not good
            for comment in comments:
                for line in str(comment).splitlines():
                    print("#   " + line)
            print(f"{'ok' if good else 'not ok'} {number} - {name.replace('#', 'no.')}"
                  f"{' # SKIP ' + skip.splitlines()[0] if skip else ''}", flush=True)
    return 1 if failed else 0
