# SPDX-License-Identifier: MIT
"""A program on a pseudo-terminal of its own, and the list of cases of a suite that uses one."""
import os
import re
import select
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
from builds import SANITIZERS
from volumes import LIMIT, forms


class Unexpected(Exception):
    """What was expected did not happen."""


def cases():
    """(the list of cases, a decorator that adds one). A case gets a build and raises Unexpected."""
    found = []

    def case(name):
        def add(function):
            def judged(build):
                try:
                    function(build)
                    return []
                except Unexpected as wrong:
                    return [str(wrong)]

            found.append((name, judged))
            return function

        return add

    return found, case


class Terminal:
    """One program. What it shows is kept; expect() looks for a text behind the one that it found last."""

    def __init__(self, before=None):
        self.shown, self.seen, self.typed = "", 0, []
        self.master, self.slave = os.openpty()
        if before:
            before(self.slave)
        self.attributes = termios.tcgetattr(self.slave)
        self.process = None

    def start(self, command, folder, **more):
        self.process = subprocess.Popen(command, cwd=folder, env=dict(os.environ, **SANITIZERS), **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for file in (self.process.stdout, self.process.stderr):
            if file:
                file.close()
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)

    @property
    def rest(self):
        """What is shown behind the text that was found last."""
        return self.shown[self.seen:]

    def wrong(self, what):
        raise Unexpected(f"{what}; the terminal shows:\n{self.shown}")

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.shown += os.read(self.master, 65536).decode(errors="replace").replace("\r\n", "\n")
        return True

    def wait_for(self, text):
        until = time.monotonic() + LIMIT
        while text not in self.rest:
            if not self.read(0.1) and (time.monotonic() > until or self.process.poll() is not None and not self.read(0)):
                self.wrong(f"{text!r} does not come")

    def expect(self, text):
        self.wait_for(text)
        self.seen = self.shown.index(text, self.seen) + len(text)

    def expect_all(self, texts):
        """In any order."""
        for text in texts:
            self.wait_for(text)

    def type(self, text):
        """Bytes and what they hold of secrets."""
        self.typed.append(text.strip(b"\n"))
        os.write(self.master, text)

    def is_as_it_was(self):
        if termios.tcgetattr(self.slave) != self.attributes:
            self.wrong("the terminal is not as it was")

    def shows_no_secret(self, output):
        for text in self.typed:
            for secret in {text, *re.split(rb"[\x00-\x1f\x7f]+", text)}:
                if secret and any(form in output for form in forms(secret)):
                    self.wrong("a secret shows")
        if "Sanitizer" in self.shown or "runtime error" in self.shown:
            self.wrong("the sanitizers report")
