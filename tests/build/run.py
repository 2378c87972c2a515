#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/run.py itself: everything that keeps a suite from proving something must count as a failure."""
import os
import signal
import stat
import subprocess
import tempfile
import time

RUN = os.path.abspath("tests/run.py")

# name: (the suite, the expected last line, the expected exit status)
CASES = {
    "passing tests pass": ("echo 1..2; echo ok 1 - a; echo ok 2 - b", "2 passed, 0 failed", 0),
    "the plan may come last": ("echo ok 1 - a; echo 1..1", "1 passed, 0 failed", 0),
    "plans of several groups add up": ("echo 1..1; echo ok 1 - a; echo 1..1; echo ok 1 - b", "2 passed, 0 failed", 0),
    "a failed test fails": ("echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1", "1 passed, 1 failed", 1),
    "a skip is counted": ("echo 1..2; echo ok 1 - a; echo 'ok 2 - b # SKIP no kernel'", "1 passed, 0 failed, 1 skipped", 0),
    "a skip without a reason fails": ("echo 1..1; echo 'ok 1 - b # SKIP'", "0 passed, 1 failed, 1 skipped", 1),
    "skipping everything is not success": ("echo '1..0 # SKIP no QEMU'", "0 passed, 0 failed, 1 skipped", 1),
    "a crash fails": ("echo 1..1; echo ok 1 - a; kill -SEGV $$", "1 passed, 1 failed", 1),
    "an exit status without a reason fails": ("echo 1..1; echo ok 1 - a; exit 3", "1 passed, 1 failed", 1),
    "no plan fails": ("echo ok 1 - a", "1 passed, 1 failed", 1),
    "fewer results than the plan fail": ("echo 1..3; echo ok 1 - a", "1 passed, 1 failed", 1),
    "more results than the plan fail": ("echo 1..1; echo ok 1 - a; echo ok 2 - b", "2 passed, 1 failed", 1),
    "silence fails": ("true", "0 passed, 1 failed", 1),
    "a suite that hangs is ended": ("echo 1..1; sleep 60 & sleep 60", "0 passed, 1 failed", 1),
    "noise is not a result": ("echo okay; echo not okay; echo '# ok 7'; echo 1..1; echo ok 1 - a", "1 passed, 0 failed", 0),
    "nothing but no output on a wrong interpreter": (None, "0 passed, 1 failed", 1),
}

MEET = "echo 1..1; touch $0.here; n=0; until [ -e {other}.here ] || [ $n -gt 50 ]; do sleep 0.1; n=$((n + 1)); done; " \
    "[ -e {other}.here ] && echo ok 1 - met || echo not ok 1 - alone"


def write(path, script):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\n" + script + "\n")
    os.chmod(path, stat.S_IRWXU)


def meeting(folder, places, met):
    """Two suites that wait for each other: both meet if they run side by side, else only the second; what they print is not mixed."""
    paths = [os.path.join(place, "suite" + end) for place, end in zip(places, "ab")]
    for path, other in zip(paths, reversed(paths)):
        write(os.path.join(folder, path), MEET.format(other=other))
    got = subprocess.run([RUN, *paths], capture_output=True, text=True, cwd=folder, env=dict(os.environ, TEST_JOBS="2"))
    lines = [line for line in got.stdout.split("# the slowest:")[0].splitlines() if line.startswith("# ")]
    together = [line.split(":")[0] for line in lines[::2]] == [line.split(":")[0] for line in lines[1::2]]
    return got.stdout.count("- met") == met and together


def interrupted(folder):
    """^C ends the runner and what runs, and begins nothing else."""
    for name in ("a/first", "a/second", "b/third"):
        write(os.path.join(folder, name), "echo 1..1; touch $0.began; sleep 60; touch $0.ended; echo ok 1 - slept")
    runner = subprocess.Popen([RUN, "a/first", "a/second", "b/third"], cwd=folder, env=dict(os.environ, TEST_JOBS="2"),
                              stdout=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 50
    while not all(os.path.exists(os.path.join(folder, name + ".began")) for name in ("a/first", "b/third")):
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    runner.send_signal(signal.SIGINT)
    try:
        runner.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        runner.kill()
    left = [name for _, _, names in os.walk(folder) for name in names if name.endswith((".began", ".ended"))]
    return runner.returncode == 1 and sorted(left) == ["first.began", "third.began"]


def slowest(folder):
    """Of twelve suites the ten slowest are named, the slowest first, and the closing line is still the last."""
    for number in range(12):
        write(os.path.join(folder, f"place{number}", "suite"), f"echo 1..1; sleep {'1' if number == 7 else '0'}; echo ok 1 - a")
    got = subprocess.run([RUN, *(f"place{number}/suite" for number in range(12))], capture_output=True, text=True, cwd=folder)
    lines = got.stdout.splitlines()
    named = lines[lines.index("# the slowest:") + 1:-1] if "# the slowest:" in lines else []
    seconds = [float(line.split()[1]) for line in named]
    return len(named) == 10 and named[0].endswith(" place7/suite") and seconds == sorted(seconds, reverse=True) and lines[-1] == "12 passed, 0 failed"


def repeated(folder):
    """What failed stands at the end once more, with its suite and its comments."""
    write(os.path.join(folder, "x/suite"), "echo 1..2; echo not ok 1 - a; echo '# why'; echo ok 2 - b; exit 1")
    write(os.path.join(folder, "y/suite"), "echo 1..1; echo ok 1 - c")
    got = subprocess.run([RUN, "x/suite", "y/suite"], capture_output=True, text=True, cwd=folder)
    return "# failed in x/suite:\n#   not ok 1 - a\n#   # why\n2 passed, 1 failed\n" in got.stdout


def no_reader(folder):
    """Nobody reads the output any more: the runner and what runs end."""
    write(os.path.join(folder, "x/suite"), "echo 1..1; echo ok 1 - a")
    write(os.path.join(folder, "y/suite"), "echo 1..1; sleep 60; echo ok 1 - a")
    runner = subprocess.Popen([RUN, "x/suite", "y/suite"], cwd=folder, env=dict(os.environ, TEST_JOBS="2"), stdout=subprocess.PIPE)
    runner.stdout.close()
    try:
        return runner.wait(timeout=30) == 1
    except subprocess.TimeoutExpired:
        runner.kill()
        return False


BESIDE = {"suites of two folders run side by side": (("x", "y"), 2),
          "suites of one folder run one after the other": (("x", "x"), 1),
          "those of tests/boot run alone": (("tests/boot", "x"), 1)}


def main():
    print(f"1..{len(CASES) + len(BESIDE) + 4}")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, (script, last, status)) in enumerate(CASES.items(), 1):
            suite = os.path.join(folder, f"suite{number}")
            with open(suite, "w", encoding="ascii") as file:
                file.write("#!/bin/sh\n" + script + "\n" if script else "#!/nonexistent/interpreter\n")
            os.chmod(suite, stat.S_IRWXU)
            seconds = "1" if "hangs" in name else "60"
            got = subprocess.run(["tests/run.py", suite], capture_output=True, text=True, env=dict(os.environ, SUITE_SECONDS=seconds))
            good = got.stdout.splitlines()[-1:] == [last] and got.returncode == status
            print(f"{'ok' if good else 'not ok'} {number} - {name}", flush=True)
            if not good:
                print(f"# expected {last!r} and {status}, got {got.stdout.splitlines()[-1:]} and {got.returncode}")
        for number, (name, (places, met)) in enumerate(BESIDE.items(), len(CASES) + 1):
            good = meeting(os.path.join(folder, f"beside{number}"), places, met)
            print(f"{'ok' if good else 'not ok'} {number} - {name}", flush=True)
        whole = {"^C ends all of it": interrupted, "the ten slowest suites are named at the end": slowest,
                 "failures are repeated at the end": repeated, "an output that nobody reads ends all of it": no_reader}
        for number, (name, run) in enumerate(whole.items(), len(CASES) + len(BESIDE) + 1):
            good = run(os.path.join(folder, f"whole{number}"))
            print(f"{'ok' if good else 'not ok'} {number} - {name}", flush=True)


main()
