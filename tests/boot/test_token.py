#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""systemd-fido2 in a guest: security keys on its USB, from the kernel's hidraw to the passphrase.

The keys are tests/token/fidostick.py behind QEMU's usb-redir. guest/token_init is process 1 and stands in for latchkey.
Arguments choose tests by the names of their functions. Each boot leaves its console in $O/boot/NAME.log.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import vm
from vm import VM, Failure

TESTS = os.path.join(vm.TOP, "tests", "token")
SAMPLES = os.path.join(TESTS, "samples")
PROGRAM = os.path.join(vm.BUILT, "token", "systemd-fido2")
MODULES = "xhci_pci usbhid hid_generic"
FULL = ("--full",)


def passphrase(name):
    with open(os.path.join(SAMPLES, f"fido2-262-{name}.passphrase")) as f:
        return re.escape(f.read())


class Stick:
    """One key: fidostick.py as QEMU's neighbour."""

    def __init__(self, key, *options, retries=8):
        self.folder = tempfile.mkdtemp(prefix="latchkey-key.")
        self.socket = os.path.join(self.folder, "usb")
        self.state = os.path.join(self.folder, "state.json")
        with open(os.path.join(SAMPLES, f"fidostick-key-{key}.json")) as f:
            state = json.load(f)
        state["retries"] = retries
        with open(self.state, "w") as f:
            json.dump(state, f)
        self.log = open(os.path.join(self.folder, "log"), "w+")
        self.process = subprocess.Popen([sys.executable, os.path.join(TESTS, "fidostick.py"), self.socket, self.state, *options],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        until = time.monotonic() + 20
        while not os.path.exists(self.socket):
            if time.monotonic() > until or self.process.poll() is not None:
                raise Failure(f"fidostick does not start: {self.said()}")
            time.sleep(0.05)

    def said(self):
        self.log.flush()
        with open(self.log.name) as f:
            return f.read()

    def retries(self):
        with open(self.state) as f:
            return json.load(f)["retries"]

    def pull(self):
        self.process.terminate()
        self.process.wait()

    def close(self):
        self.pull()
        self.log.close()
        shutil.rmtree(self.folder)


def image(name, *tokens):
    add = [f"{PROGRAM}:/lib/latchkey/token/systemd-fido2:0755"]
    add += [f"{os.path.join(SAMPLES, f'fido2-262-{token}.json')}:/etc/tokens/{token}:0644" for token in tokens]
    return vm.make_image(name, *(word for file in add for word in ("--add", file)), modules=MODULES,
                         init=vm.compile_static("token_init"), latchkey=vm.LATCHKEY, kernel_options=FULL)


def guest(name, tokens, sticks, talk):
    """Boot with these tokens and keys, and talk(machine, *sticks)."""
    args = ["-device", "qemu-xhci"]
    for number, stick in enumerate(sticks):
        args += ["-chardev", f"socket,id=k{number},path={stick.socket}", "-device", f"usb-redir,chardev=k{number}"]
    try:
        with VM("token-" + name, image("token-" + name, *tokens), "quiet", memory=512, args=args, kernel_options=FULL) as machine:
            machine.expect("token: ready")
            talk(machine, *sticks)
            machine.wait_off(30)
    finally:
        for stick in sticks:
            stick.close()


def touch():
    """a token without a PIN gives no passphrase through the kernel's hidraw"""
    def talk(machine, stick):
        machine.expect("token: nopin hidraw0: touch")
        machine.expect("token: nopin hidraw0 gives " + passphrase("nopin"))
    guest("touch", ["nopin"], [Stick("nopin")], talk)


def silent():
    """a token without a touch wants one"""
    def talk(machine, stick):
        machine.expect("token: silent hidraw0 gives " + passphrase("silent"))
        machine.assert_no("touch")
    guest("silent", ["silent"], [Stick("nopin", "--allow-silent")], talk)


def pin():
    """a PIN does not pass from the console to the key, or a wrong one is not asked for again"""
    def talk(machine, stick):
        machine.expect("token: pin hidraw0: pin 8")
        machine.send("4321\n")
        machine.expect("wrong PIN")
        machine.expect("token: pin hidraw0: pin 7")
        machine.send("1234\n")
        machine.expect("token: pin hidraw0: touch")
        machine.expect("token: pin hidraw0 gives " + passphrase("pin"))
    guest("pin", ["pin"], [Stick("pin1234", "--protocols", "1")], talk)


def two_keys():
    """with two tokens and two keys the wrong key is asked for a touch or a PIN"""
    def talk(machine, *sticks):
        machine.expect("token: nopin hidraw[01]: touch")
        machine.expect("token: nopin hidraw[01] gives " + passphrase("nopin"))
        machine.expect("token: pin hidraw[01] is ended with 4")
        for token in ("nopin", "pin"):
            if machine.count(f"token: {token} hidraw. ends with 4") != 1:
                raise Failure(f"not one wrong key for the token {token}:\n{machine.text}")
        if len(set(re.findall("token: pin hidraw(.): pin 8", machine.text)) | set(re.findall("token: nopin hidraw(.): touch", machine.text))) != 2:
            raise Failure(f"one key for both tokens:\n{machine.text}")
    guest("two-keys", ["nopin", "pin"], [Stick("pin1234"), Stick("nopin", "--touch-after", "4")], talk)


def late_and_pulled():
    """a key that is pulled out while it waits for the touch, or one that is plugged in late, is lost"""
    def talk(machine, first, second):
        machine.expect("token: nopin hidraw0: touch")
        first.pull()
        machine.expect("token: nopin hidraw0: say the security key is gone")
        machine.expect("token: nopin hidraw0 ends with 4")
        machine.expect("token: nopin hidraw[01] gives " + passphrase("nopin"), 60)
    guest("late", ["nopin"], [Stick("nopin", "--touch-after", "60"), Stick("nopin", "--plug-after", "25")], talk)


def cancelled():
    """a key goes on blinking when its program is not wanted any more"""
    def talk(machine, stick):
        machine.expect("token: nopin hidraw0: touch")
        machine.send("off\n")
        machine.expect("token: nopin hidraw0 is ended with 4")
        machine.wait_off(30)
        if "status 0x2d" not in stick.said():
            raise Failure(f"the key was not told:\n{stick.said()}")
    guest("cancelled", ["nopin"], [Stick("nopin", "--touch-after", "60")], talk)


def always_uv():
    """a key that wants its PIN for everything does not open"""
    def talk(machine, stick):
        machine.expect("token: pin hidraw0: pin 8")
        machine.send("1234\n")
        machine.expect("token: pin hidraw0 gives " + passphrase("pin"))
    guest("always-uv", ["pin"], [Stick("pin1234", "--always-uv")], talk)


if __name__ == "__main__":
    sys.exit(vm.suite([touch, silent, pin, two_keys, late_and_pulled, cancelled, always_uv], jobs=1))
