# SPDX-License-Identifier: MIT
"""The released program and its build with the sanitizers, and the required form of every failure."""
import functools
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from volumes import LATCHKEY, LATCHKEY_ASAN, LIMIT, TARGET, Skip, fingerprint, forms

# A report of the sanitizers ends with a status that latchkey does not have. Leaks do not matter to a program that ends.
# Threads share the first one's thread-local memory (base/os.h), in which the check of dead frames keeps its state.
SANITIZERS = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=0:detect_stack_use_after_return=0", "UBSAN_OPTIONS": "exitcode=99:halt_on_error=1"}


class Build:
    """One build of the program, for one case: what it runs in and what it may not touch."""

    def __init__(self, name, path, work, images=()):
        self.name, self.path, self.work = name, path, work
        self.folder = os.path.join(work, "empty")  # where it runs: nothing may appear in it
        os.makedirs(self.folder)
        self.secrets = set()  # whatever was ever given to it must not come back
        self.images = {}  # path: fingerprint
        self.watch(*images)

    def file(self, name):
        """The path of a file of this case."""
        return os.path.join(self.work, name)

    def watch(self, *paths):
        for path in paths:
            self.images[path] = fingerprint(path)
        return paths[0] if paths else None

    def written(self, thoroughly=False):
        """What was written that should not have been; the contents count, too, when a case ends."""
        found = [f"{path} was written to" for path, was in self.images.items()
                 if fingerprint(path, None if thoroughly else was) != was]
        return found + [f"a file called {name} appeared" for name in os.listdir(self.folder)]

    def leaked(self, output):
        return ["a secret was printed" for secret in self.secrets if any(form in output for form in forms(secret))]

    def fails(self, code, says, *argv, stdin=b"", skips=0, key=None, wrap=(), **more):
        """
        `latchkey ARGV` ends with @code and one line that /@says/ is found in, behind @skips lines (None: any number)
        about keyslots or header copies that were passed over; nothing else happens. Returns complaints. @wrap is
        put in front.
        """
        done = self.start(*argv, stdin=stdin, key=key, wrap=wrap, **more)
        lines = done.stderr.decode(errors="replace").splitlines()
        complaints = self.manners(done, lines)
        if done.returncode != code:
            complaints.append(f"status {done.returncode}, not {code}")
        if done.stdout:
            complaints.append(f"standard output has {done.stdout[:200]!r}")
        if skips is None and not all(line.startswith("latchkey: skipped: ") for line in lines[:-1]):
            complaints.append("lines that are not about skipped keyslots")
        elif skips is not None and len(lines) != 1 + skips:
            complaints.append(f"{len(lines)} lines on standard error, not {1 + skips}")
        if not lines or not re.search(says, lines[-1]):
            complaints.append(f"no /{says}/ in the last line")
        return self.told(complaints, argv, lines)

    def works(self, output, *argv, stdin=b"", skips=0, key=None, wrap=(), **more):
        """`latchkey ARGV` succeeds; all of its standard output matches /@output/."""
        done = self.start(*argv, stdin=stdin, key=key, wrap=wrap, **more)
        lines = done.stderr.decode(errors="replace").splitlines()
        complaints = self.manners(done, lines)
        if done.returncode:
            complaints.append(f"status {done.returncode}")
        if not re.fullmatch(output, done.stdout.decode(), re.S):
            complaints.append(f"standard output is {done.stdout[:200]!r}")
        if len(lines) != skips:
            complaints.append(f"{len(lines)} lines on standard error, not {skips}")
        return self.told(complaints, argv, lines)

    def start(self, *argv, stdin=b"", key=None, wrap=(), **more):
        if key is not None:
            stdin = key
            self.secrets.add(key.split(b"\n")[0])
        if "stdin_file" in more:
            more["stdin"] = more.pop("stdin_file")
        else:
            more["input"] = stdin
        more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": self.folder, "timeout": LIMIT,
                "env": dict(os.environ, **SANITIZERS), **more}
        done = subprocess.run([*wrap, self.path, *argv], **more)
        done.stdout, done.stderr = done.stdout or b"", done.stderr or b""
        return done

    def manners(self, done, lines):
        complaints = self.leaked(done.stdout + done.stderr) + self.written()
        complaints += [f"not a message: {line}" for line in lines if not line.startswith("latchkey: ")]
        if re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", done.stderr):
            complaints.append("control characters on standard error")
        return complaints

    def told(self, complaints, argv, lines):
        if not complaints:
            return []
        shown = " ".join(a if len(a) < 100 else a[:40] + "..." for a in argv)
        return [f"latchkey {shown}: {'; '.join(complaints)}", *("  " + line[:300] for line in lines[:40])]


def builds():
    """[(name, path)] of the builds that are there, and [(name, reason)] of those that are not."""
    found, lack = [], []
    for name, path, how in ((TARGET, LATCHKEY, "make"), ("host-asan", LATCHKEY_ASAN, "make TARGET=host-asan")):
        if os.path.exists(path):
            found.append((name, path))
        else:
            lack.append((name, f"the program is not built for {name} ({how} builds it)"))
    return found, lack


def cases_for_builds(functions, folder, images):
    """[(name, function of a build)] to the cases of a suite: each for each build, in a folder of its own."""
    found, lack = builds()
    cases = []

    def one(function, name, path, number):
        work = os.path.join(folder, f"{name}-{number}")
        build = Build(name, path, work, images)
        complaints = function(build) + build.written(thoroughly=True)
        if not complaints:
            shutil.rmtree(work)
        return complaints

    def missing(reason):
        raise Skip(reason)

    for number, (what, function) in enumerate(functions):
        for name, path in found:
            cases.append((f"{what} ({name})", functools.partial(one, function, name, path, number)))
    return cases + [(f"everything ({name})", functools.partial(missing, reason)) for name, reason in lack]
