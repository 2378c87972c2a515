#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run test suites and count.

The suites of one folder run one after the other, because they share files. Different folders run in parallel, as many as there are
processors (TEST_JOBS sets another number). The suites of tests/boot run last and alone, because they use all processors
themselves. The output of each suite is printed as a whole.

A suite is a program that prints TAP on standard output: a plan "1..N" and one line per test, "ok N - name",
"not ok N - name" or "ok N - name # SKIP reason". In addition to each "not ok", the following count as one failure each, because a
suite that does not finish proves nothing: a crash, an exit status without a "not ok" that explains it, a missing plan,
a number of results that differs from the plan, and a timeout (SUITE_SECONDS, default 1800 s for each suite).
EMULATOR:PROGRAM runs a program of another architecture; a test learns of a user-mode QEMU by EMULATED in its environment.

With more than one suite, the end lists the ten slowest and repeats each failure with its suite. The last line is "N passed, N failed", followed by
", N skipped" if there were any.
"""
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

RESULT = re.compile(r"^(ok|not ok)\b(?:\s+\d+)?(?:\s+-)?\s*([^#]*)(?:#\s*(\w+)\S*\s*(.*))?$")
PLAN = re.compile(r"^1\.\.(\d+)(?:\s*#\s*(?:SKIP)?\s*(.*))?$", re.IGNORECASE)
ALONE = "tests/boot"
SLOWEST = 10
DETAILS = 20
RUNNING = set()  # process groups


class Suite:
    def __init__(self, path):
        self.path = path
        # An emulator or env may precede the program, and its arguments follow it.
        self.folder = os.path.relpath(next(os.path.dirname(word) for word in path.split(":") if "/" in word))
        self.said = None
        self.passed = self.skipped = 0
        self.failures = []  # lists of lines: the result, and the comments that follow it
        self.last_failed = False
        self.plan = 0
        self.has_plan = False
        self.seconds = 0

    @property
    def failed(self):
        return len(self.failures)

    def line(self, text):
        plan = PLAN.match(text)
        if plan:
            # cmocka prints one plan per group of tests; the plans are added.
            self.has_plan = True
            self.plan += int(plan.group(1))
            if plan.group(1) == "0" and plan.group(2):
                self.skip("everything", plan.group(2))
            return
        result = RESULT.match(text)
        if not result:
            if text.startswith("#") and self.last_failed and len(self.failures[-1]) <= DETAILS:
                self.failures[-1].append(text)
            return
        verdict, name, directive, reason = result.groups()
        self.plan -= 1
        self.last_failed = verdict == "not ok"
        if verdict == "not ok":
            self.failures.append([text])
        elif directive and directive.upper() == "SKIP":
            self.skip(name.strip(), reason)
        else:
            self.passed += 1

    def skip(self, name, reason):
        self.skipped += 1
        if not reason.strip():
            self.fail(f"skips {name} without a reason")

    def fail(self, why):
        self.failures.append([f"not ok - {self.path} {why}"])
        self.say(self.failures[-1][0])

    def say(self, text):
        """Print at once, or at the end of the suite if others run in parallel."""
        if self.said is None:
            print(text, flush=True)
        else:
            self.said.append(text)

    def run_beside_others(self, seconds):
        self.said = []
        self.run(seconds)
        sys.stdout.write("\n".join(self.said) + "\n")  # as a whole
        sys.stdout.flush()

    def run(self, seconds):
        self.say(f"# {self.path}")
        start = time.monotonic()
        try:
            # A separate group, so that all its processes can be killed.
            process = subprocess.Popen(
                self.path.split(":"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                env=dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", **({"EMULATED": "1"} if "qemu-" in self.path else {})),
                start_new_session=True,
            )
        except OSError as e:
            self.fail(f"cannot be started: {e.strerror}")
            return
        RUNNING.add(process.pid)
        late = threading.Event()

        def stop():
            late.set()
            end(process.pid)

        timer = threading.Timer(seconds, stop)
        timer.start()
        for raw in process.stdout:
            text = raw.decode(errors="backslashreplace").rstrip("\r\n")
            self.say(text)
            self.line(text)
        status = process.wait()
        timer.cancel()
        end(process.pid)
        RUNNING.discard(process.pid)
        if late.is_set():
            self.fail(f"did not finish in {seconds:g} s")
        elif status < 0:
            self.fail(f"was killed by {signal.Signals(-status).name}")
        elif status and not self.failed:
            self.fail(f"ended with status {status}, and no test says why")
        if not self.has_plan:
            self.fail("printed no plan")
        elif self.plan and not late.is_set():
            self.fail(f"printed {abs(self.plan)} results {'fewer' if self.plan > 0 else 'more'} than its plan")
        self.seconds = time.monotonic() - start
        self.say(f"# {self.path}: {self.seconds:.1f} s")


def run_folder(suites, seconds, neighbours):
    try:
        for suite in suites:
            if neighbours:
                suite.run_beside_others(seconds)
            else:
                suite.run(seconds)
    except BrokenPipeError:
        give_up(signal.SIGPIPE, None)


def end(group):
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass


def give_up(number, _):
    """If this program is terminated, terminate all suites."""
    for group in list(RUNNING):
        end(group)
    if number != signal.SIGPIPE:
        print(f"stopped by {signal.Signals(number).name}", flush=True)
    os._exit(1)


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, give_up)
    seconds = float(os.environ.get("SUITE_SECONDS", "1800"))
    suites = [Suite(path if "/" in path else "./" + path) for path in sys.argv[1:]]
    folders = {}
    for suite in suites:
        folders.setdefault(suite.folder, []).append(suite)
    alone = folders.pop(ALONE, [])
    with ThreadPoolExecutor(int(os.environ.get("TEST_JOBS", os.cpu_count() or 1))) as pool:
        done = [pool.submit(run_folder, folder, seconds, len(folders) > 1) for folder in folders.values()]
    for folder in done:
        folder.result()  # raises exceptions of the thread
    run_folder(alone, seconds, False)
    if len(suites) > 1:
        print("# the slowest:")
        for suite in sorted(suites, key=lambda s: -s.seconds)[:SLOWEST]:
            print(f"# {suite.seconds:8.1f} s  {suite.path}")
        for suite in suites:
            for failure in suite.failures:
                print(f"# failed in {suite.path}:", *failure, sep="\n#   ")
    passed, failed, skipped = (sum(getattr(s, k) for s in suites) for k in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
