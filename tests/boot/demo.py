#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The demonstration of `make demo`: unlock and mount an encrypted root at boot in a virtual machine.

The disk is made by the real cryptsetup, and the kernel is that of the distribution. The initramfs contains only init,
latchkey and the kernel modules. With INTERACTIVE=1 in the environment, you type the passphrase yourself. With --record,
the console is also written into README.md; tests/boot/test_boot.py compares the two.
"""
import os
import re
import secrets
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import vm
from vm import VM, Failure

PASSPHRASE = "open sesame"
START = time.monotonic()
PROGRESS = re.compile(r"Deriving the key for \S+: (\d+) %(, about \d+ s left)?")
README = os.path.join(vm.TOP, "README.md")
RECORDING = re.compile(r"(?<=<!-- recorded by tests/boot/demo.py -->\n```\n).*?(?=\n```\n)", re.S)


def step(text):
    print(f"[{time.monotonic() - START:5.1f} s] {text}", flush=True)


def can_use_kvm():
    """Starting a machine is the only proof: a /dev/kvm that can be opened may still refuse the processor."""
    done = subprocess.run([vm.QEMU, "-accel", "kvm", "-cpu", "max", "-m", "16", "-nodefaults", "-display", "none", "-S",
                           "-monitor", "stdio"], input=b"quit\n", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return os.access("/dev/kvm", os.R_OK | os.W_OK) and done.returncode == 0


def prepare(witness, accel="tcg", show=None):
    key = os.path.join(vm.WORK, "demo.key")
    with open(key, "wb") as f:
        f.write(secrets.token_bytes(64))
    step("the kernel: " + os.path.basename(vm.kernel()))
    step("an encrypted root: cryptsetup, keyslot 0 argon2id (128 MiB) for a passphrase, 1 pbkdf2 for a key file")
    disk = vm.make_disk("demo", "--init", vm.compile_static("root_init"), "--witness", witness, "--size", "32",
                        "--passphrase", PASSPHRASE, "--key-file", key, "--memory", "131072")
    step("an initramfs: init, latchkey, kernel modules")
    image = vm.make_image("demo")
    step(f"{os.path.getsize(image) >> 10} KiB; starting the virtual machine")
    return VM("demo", image, "latchkey.device=/dev/vda -- demo", [disk], memory=512, accel=accel, show=show)


def frames(line):
    """What a line of the console showed, one text after the other."""
    return [frame.rstrip() for frame in line.split("\r") if frame.strip()]


def without_progress():
    """A function that shows the console's whole lines; progress is for a terminal."""
    rest = ""

    def show(text):
        nonlocal rest
        *lines, rest = (rest + text).split("\n")
        for frame in (frame for line in lines for frame in frames(line) if not PROGRESS.match(frame)):
            print(frame, flush=True)

    return show


def as_it_comes(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def recording(raw):
    """The lines for README: each text that was shown, and of the progress only what was shown half-way."""
    lines = [frame for line in raw.split("\n") for frame in frames(line) if "reboot: " not in frame]
    progress = [line for line in lines if PROGRESS.match(line)]
    half = min(progress, key=lambda line: abs(50 - int(PROGRESS.match(line).group(1))), default=None)
    return [line for line in lines if line not in progress or line == half]


def typed_by_itself(machine):
    with machine:
        machine.expect("Enter passphrase for root .*: ")
        machine.send(PASSPHRASE + "\n")
        machine.wait_off()
    return machine.raw


def typed_by_you(machine):
    print("\nTo leave the virtual machine: ctrl-A, then x.\n", flush=True)
    return machine.hand_over()


def record(raw):
    with open(README, encoding="utf-8") as file:
        text = file.read()
    with open(README, "w", encoding="utf-8") as file:
        file.write(RECORDING.sub(lambda _: "\n".join(recording(raw)), text))


def main():
    lack = vm.missing()
    if lack:
        sys.exit(f"demo: {lack}")
    witness = "written before encryption: " + secrets.token_hex(16)
    by_hand = os.environ.get("INTERACTIVE", "0") != "0"
    accel = "kvm" if can_use_kvm() else "tcg"
    try:
        machine = prepare(witness, accel, as_it_comes if sys.stdout.isatty() else without_progress())
        if accel == "tcg":
            step("QEMU emulates the processor in software here: what follows is many times slower than on real hardware")
        step(f'the passphrase is "{PASSPHRASE}"; {"type it" if by_hand else "this demo types it"}, it is not echoed\n')
        said = typed_by_you(machine) if by_hand else typed_by_itself(machine)
    except Failure as e:
        sys.exit(f"\ndemo: {e}")
    print()
    step("the virtual machine is off")
    if f"root: witness {witness}\n" not in said.replace("\r", ""):
        sys.exit("demo: the file on the encrypted root was NOT read")
    print("The file /etc/witness on the encrypted root was read in the machine, and has the words of this run.\n"
          "Next: docs/first-boot.md describes three machines step by step; make demo INTERACTIVE=1 lets you type.")
    if "--record" in sys.argv[1:]:
        record(said)


if __name__ == "__main__":
    main()
