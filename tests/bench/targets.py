#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count the instructions of one unit of work on every target: latchkey's code beside the libraries' own.

QEMU's user emulators log each block that they run (-d exec,nochain), and with -singlestep a block is one instruction. A
unit is run twice, with two counts, and the difference is divided: starting the program does not count. The numbers are
exact and repeatable. They are not times: a processor runs one to several instructions in a cycle, and memory, caches and
the latency of multiplications are not in them. Compare the two columns of one target, not two targets.

Then, for two 32-bit targets, the seconds that `latchkey benchmark DEVICE` announces beside those that `latchkey test` takes,
under the same emulator. Other work on this machine distorts these.

    tests/bench/targets.py [TARGET...]      default: all targets; builds what it needs
"""
import os
import re
import subprocess
import sys
import tempfile
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
O = os.environ.get("O", "build")
COUNTS = 2, 6
# Processors to look at besides the least one of a target: title, QEMU's name, features that are masked or None.
MORE = {"armv7-linux-musleabihf": [("NEON", "cortex-a15")],
        "aarch64-linux-musl": [("ARMv8 instructions", "max")],
        "x86_64-linux-musl": [("AVX2, AES, SHA-NI", "max")]}
# QEMU's own name of the least processor where the target names none.
LEAST = {"aarch64-linux-musl": "cortex-a53"}
# These run here without one.
EMULATORS = {"i686-linux-musl": "qemu-i386-static", "x86_64-linux-musl": "qemu-x86_64-static"}
MASKED = {("aarch64-linux-musl", ""), ("x86_64-linux-musl", "")}


def variable(target, name):
    got = subprocess.run(["make", "-s", f"TARGET={target}", f"print-{name}"], cwd=TOP, capture_output=True, text=True, check=True)
    return got.stdout.strip()


def instructions(emulator, cpu, program, arguments):
    command = [emulator, *(["-cpu", cpu] if cpu else []), "-singlestep", "-d", "exec,nochain", "-D", "/dev/stdout", program, *arguments]
    lines = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
        while chunk := run.stdout.read(1 << 20):
            lines += chunk.count(b"Trace ")
    if run.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {run.returncode}")
    return lines


def unit(emulator, cpu, program, options, who, name):
    few, many = (instructions(emulator, cpu, program, [*options, who, name, str(count)]) for count in COUNTS)
    return (many - few) / (COUNTS[1] - COUNTS[0])


def rows(target):
    program = f"{O}/{target}/tests/bench/units"
    subprocess.run(["make", "-s", f"TARGET={target}", program], cwd=TOP, check=True, stdout=sys.stderr)
    program = os.path.join(TOP, program)
    emulator = EMULATORS.get(target) or variable(target, "EMULATOR")
    names = subprocess.run([emulator, program], capture_output=True, text=True, check=True).stdout.split()
    for title, cpu in [("", variable(target, "EMULATOR_CPU") or LEAST.get(target)), *MORE.get(target, [])]:
        options = ["-m", ""] if (target, title) in MASKED else []
        for name in names:
            ours, theirs = (unit(emulator, cpu, program, options, who, name) for who in ("ours", "theirs"))
            yield target, title, name, f"{ours:.0f}", f"{theirs:.0f}", f"{ours / theirs:.2f}"


# Options of luksFormat for some seconds under an emulator.
VOLUMES = {"argon2id, 128 MiB": ["--pbkdf", "argon2id", "--pbkdf-memory", "131072", "--pbkdf-parallel", "4", "--pbkdf-force-iterations", "6"],
           "pbkdf2-sha256": ["--pbkdf", "pbkdf2", "--hash", "sha256", "--pbkdf-force-iterations", "1500000"]}
ESTIMATED = "mips-linux-muslsf", "armv7-linux-musleabihf"


def estimates(folder):
    key, image = os.path.join(folder, "key"), os.path.join(folder, "image")
    with open(key, "w", encoding="ascii") as file:
        file.write("a passphrase")
    for name, options in VOLUMES.items():
        with open(image, "wb") as file:
            file.truncate(20 << 20)
        subprocess.run(["cryptsetup", "luksFormat", "--batch-mode", "--key-file", key, *options, image], check=True)
        for target in ESTIMATED:
            subprocess.run(["make", "-s", f"TARGET={target}", f"{O}/{target}/latchkey"], cwd=TOP, check=True, stdout=sys.stderr)
            command = [variable(target, "EMULATOR"), "-cpu", variable(target, "EMULATOR_CPU"), os.path.join(TOP, O, target, "latchkey")]
            got = subprocess.run([*command, "benchmark", image], capture_output=True, text=True, check=True)
            announced = float(re.search(r"about ([\d.]+) s", got.stdout).group(1))
            start = time.monotonic()
            subprocess.run([*command, "test", "--key-file", key, image], check=True, stdout=subprocess.DEVNULL)
            took = time.monotonic() - start
            yield target, name, f"{announced:.1f}", f"{took:.1f}", f"{announced / took:.2f}"


def main():
    targets = sys.argv[1:] or variable("x86_64-linux-musl", "TARGETS").split()
    form = "{:<24} {:<20} {:<18} {:>9} {:>9} {:>6}"
    print(form.format("target", "instructions", "unit", "latchkey", "library", "ratio"))
    for target in targets:
        for row in rows(target):
            print(form.format(*row), flush=True)
    form = "{:<24} {:<20} {:>9} {:>9} {:>6}"
    print("\n" + form.format("target", "keyslot", "announced", "took", "ratio"))
    with tempfile.TemporaryDirectory() as folder:
        for row in estimates(folder):
            print(form.format(*row), flush=True)


main()
