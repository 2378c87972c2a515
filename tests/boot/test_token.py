#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security keys, a TPM and scripts open the root of a guest, from power-on to a file on it, while the prompt is there.

The keys are tests/token/fidostick.py behind QEMU's usb-redir, the TPM is swtpm with the state of the samples.
Arguments choose tests by the names of their functions. Each boot leaves its console in $O/boot/NAME.log.
"""
import hashlib
import hmac
import json
import os
import re
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import vm
from sticks import PASSPHRASE, PROMPT, ROOT, WITNESS, check, path
from tokens import XHCI, Stick, Tpm, add_token, sample
from vm import VM

MODULES = vm.MODULES + " xhci_pci"
FULL = {"kernel_options": ["--full"]}


@vm.once
def root(*tokens):
    """A root that PASSPHRASE opens, and each of these samples."""
    disk = vm.make_disk("token-" + "-".join(tokens), "--init", vm.compile_static("root_init"), "--passphrase", PASSPHRASE,
                        "--memory", "8192", "--witness", WITNESS)
    for number, name in enumerate(tokens, 1):
        secret = SCRIPT_SECRET if name == "script" else sample(name, "passphrase").encode()
        token = {"type": "example"} if name == "script" else json.loads(sample(name, "json"))
        with tempfile.TemporaryDirectory() as work:
            add_token(disk, number, token, secret, PASSPHRASE.encode(), work)
    return disk


SCRIPT_SECRET = b"from a script\n"


@vm.once
def image():
    """With both programs, and a script with what it runs."""
    add = [f"{shutil.which('busybox')}:/bin/{name}:0755" for name in ("sh", "cat", "sleep")]
    add.append(path("example", b"#!/bin/sh\nsleep 2; exec cat /etc/example.key\n") + ":/lib/latchkey/token/example:0755")
    add.append(path("example.key", SCRIPT_SECRET) + ":/etc/example.key:0644")
    return vm.make_image("token", *(word for file in add for word in ("--add", file)),
                         "--token", "systemd-fido2 systemd-tpm2", modules=MODULES, **FULL)


def guest(name, tokens, sticks, talk, words="", args=()):
    """Boot with these tokens and keys, and talk(machine, *sticks) until the root is open."""
    args = [*XHCI, *args]
    for number, stick in enumerate(sticks):
        args += stick.args(f"k{number}")
    try:
        with VM("token-" + name, image(), f"{ROOT} {words}", [root(*tokens)], memory=512, args=args, **FULL) as machine:
            talk(machine, *sticks)
            machine.expect("root: witness " + WITNESS, 60)
            machine.wait_off(30)
            check(PASSPHRASE not in machine.text and "1234" not in machine.text, "a secret was echoed", machine.text)
            return machine.text
    finally:
        for stick in sticks:
            stick.close()


def opened(machine, token, kind="systemd-fido2"):
    machine.expect(rf"root is open with token {token} \({kind}\)", 60)


TOUCH = r"root: token 0 \(systemd-fido2\): touch the security key"
PIN = r"PIN of token {} \(systemd-fido2; tries left: {}; empty: none\): "


# What is no part of a PIN: ^C ^D ^Z ^\\ ^S ^Q, Esc alone and as arrows and function keys send it.
CONTROLS = "\x03\x04\x1a\x1c\x13\x11\x1b\x1b[A\x1bOP\x1b[15~\x1b"


def script():
    """a shell script that is a token does not open the root"""
    def talk(machine):
        machine.expect(PROMPT)
        opened(machine, 0, "example")
    guest("script", ["script"], [], talk)


def touch():
    """a token without a PIN does not open the root, or the prompt is not there while the key waits for its touch"""
    def talk(machine, stick):
        machine.expect(PROMPT)
        machine.expect(TOUCH)
        opened(machine, 0)
    guest("touch", ["fido2-262-nopin"], [Stick("nopin", "--touch-after", "2")], talk)


def silent():
    """a token without a touch wants one"""
    def talk(machine, stick):
        opened(machine, 0)
        machine.assert_no("touch")
    guest("silent", ["fido2-262-silent"], [Stick("nopin", "--allow-silent")], talk)


def pin():
    """a PIN does not pass from the console to the key, a wrong one is not asked for again, or it is tried as a passphrase"""
    def talk(machine, stick):
        machine.expect(PROMPT)
        machine.expect(PIN.format(0, 8))
        machine.send(CONTROLS + "4321\n")
        machine.expect("wrong PIN")
        machine.expect(PIN.format(0, 7))
        machine.send("9" * 10000 + "\n")
        machine.expect("at most 512 bytes")
        machine.send("9" + CONTROLS + "1234\n")
        machine.expect(TOUCH)
        machine.send(CONTROLS)
        opened(machine, 0)
        machine.assert_no("no keyslot opens")
    guest("pin", ["fido2-262-pin"], [Stick("pin1234", "--protocols", "1")], talk)


def no_pin():
    """an empty line does not lead from the PIN back to the passphrase"""
    def talk(machine, stick):
        machine.expect(PIN.format(0, 8))
        machine.send("\n")
        machine.expect(PROMPT)
        machine.send(PASSPHRASE + "\n")
        machine.expect("root is open with the passphrase")
        check(stick.retries() == 8, "a try was used", machine.text)
    guest("no-pin", ["fido2-262-pin"], [Stick("pin1234")], talk)


def few():
    """the last tries of a PIN are used without a person's yes"""
    def talk(machine, stick):
        machine.expect("tries left for its PIN: 3. Use one .yes or no.. ")
        machine.send("1234\n")
        machine.expect(PROMPT)
        machine.send(PASSPHRASE + "\n")
        machine.expect("root is open with the passphrase")
        check(stick.retries() == 3, "a try was used", machine.text)
    guest("few", ["fido2-262-pin"], [Stick("pin1234", retries=3)], talk)


def headless():
    """with headless a PIN is asked for, or the token without one does not open the root"""
    def talk(machine, *sticks):
        opened(machine, 1)
        machine.assert_no("PIN of")
    guest("headless", ["fido2-262-pin", "fido2-262-nopin"], [Stick("pin1234"), Stick("nopin", "--touch-after", "3")], talk,
          words="latchkey.headless")


def two_keys():
    """with two tokens and two keys the wrong key is asked for a touch or a PIN"""
    def talk(machine, *sticks):
        machine.expect(r"root: token 1 \(systemd-fido2\): touch the security key")
        opened(machine, 1)
        check(machine.count("touch the security key") == 1 and machine.count("tries left: ") >= 1, "not one touch and one PIN", machine.text)
    guest("two-keys", ["fido2-262-pin", "fido2-262-nopin"], [Stick("pin1234"), Stick("nopin", "--touch-after", "6")], talk)


def late():
    """a key that is plugged in while the prompt is there does not open the root, or one that is pulled out ends it"""
    def talk(machine, first, second):
        machine.expect(PROMPT)
        machine.expect(TOUCH)
        first.pull()
        machine.expect("root: token 0 .systemd-fido2.: the security key was removed")
        machine.expect(TOUCH, 90)
        opened(machine, 0)
    guest("late", ["fido2-262-nopin"], [Stick("nopin", "--touch-after", "60"), Stick("nopin", "--plug-after", "25")], talk,
          words="latchkey.options=verbose")


def passphrase():
    """a passphrase that is typed while a key waits for its touch does not open the root, or the key goes on blinking"""
    def talk(machine, stick):
        machine.expect(TOUCH)
        machine.expect(PROMPT)
        machine.send(PASSPHRASE + "\n")
        machine.expect("root is open with the passphrase")
        machine.expect("root: witness")
        check("status 0x2d" in stick.said(), "the key was not told to stop", stick.said())
        machine.seen = 0
    guest("passphrase", ["fido2-262-nopin"], [Stick("nopin", "--touch-after", "60")], talk)


def other_key():
    """a key goes on blinking after another one has opened the root"""
    def talk(machine, slow, quick):
        machine.expect(r"root: token 0 \(systemd-fido2\): touch the security key")
        opened(machine, 1)
        machine.expect("root: witness")
        check("status 0x2d" in slow.said(), "the key was not told to stop", slow.said())
        machine.seen = 0
    guest("other-key", ["fido2-262-nopin", "fido2-262-nopin-on-key-with-pin"],
          [Stick("nopin", "--touch-after", "60"), Stick("pin1234", "--touch-after", "6")], talk)


def interrupted():
    """a key goes on blinking after ^C, or after a signal to latchkey"""
    stick = Stick("nopin", "--touch-after", "60")
    add = [f"{shutil.which('busybox')}:/bin/busybox:0755", f"{os.path.join(vm.GUEST, 'cases.sh')}:/cases.sh"]
    image = vm.make_image("interrupted", *(word for file in add for word in ("--add", file)), "--token", "systemd-fido2",
                          modules=MODULES, init=os.path.join(vm.GUEST, "interrupted"), **FULL)
    try:
        with VM("token-interrupted", image, "", [root("fido2-262-nopin")], memory=512, args=[*XHCI, *stick.args()], **FULL) as machine:
            machine.expect("touch the security key")
            machine.send("\x03")
            machine.expect("ended with 130")
            check(stick.said().count("status 0x2d") == 1, "the key was not told to stop", stick.said())
            machine.expect("touch the security key")
            machine.send("TERM\n")
            machine.expect("ended with 143")
            check(stick.said().count("status 0x2d") == 2, "the key was not told to stop", stick.said())
            machine.wait_off(30)
    finally:
        stick.close()


def foreign():
    """a key without the credential is asked for a touch or a PIN"""
    def talk(machine, stick):
        machine.expect(PROMPT)
        time.sleep(6)
        machine.send(PASSPHRASE + "\n")
        machine.expect("root is open with the passphrase")
        machine.assert_no("touch")
        machine.assert_no("PIN of")
    guest("foreign", ["fido2-262-nopin"], [Stick("pin1234")], talk)


def always_uv():
    """a key that wants its PIN for everything does not open the root"""
    def talk(machine, stick):
        machine.expect(PIN.format(0, 8))
        machine.send("1234\n")
        opened(machine, 0)
    guest("always-uv", ["fido2-262-pin"], [Stick("pin1234", "--always-uv")], talk)


def tpm(name, kind, token, talk):
    with Tpm() as chip:
        guest(name, [token], [], talk, args=chip.args(kind))


def tpm_tis():
    """a TPM on tpm-tis does not open the root"""
    tpm("tpm-tis", "tpm-tis", "tpm2-262-default", lambda machine: opened(machine, 0, "systemd-tpm2"))


def tpm_crb():
    """a TPM on tpm-crb does not open the root"""
    tpm("tpm-crb", "tpm-crb", "tpm2-262-default", lambda machine: opened(machine, 0, "systemd-tpm2"))


def tpm_pin():
    """a TPM's PIN does not open the root"""
    def talk(machine):
        machine.expect(r"PIN of token 0 \(systemd-tpm2; .*: ")
        machine.send("1234\n")
        opened(machine, 0, "systemd-tpm2")
    tpm("tpm-pin", "tpm-tis", "tpm2-262-pin-argon2id", talk)


def measured_volume(name, kind, key):
    """A volume for that key file, its UUID, and its volume key."""
    disk = os.path.join(vm.WORK, f"measure-{name}.img")
    with open(disk, "wb") as f:
        f.truncate(20 << 20)
    vm.run("cryptsetup", "luksFormat", "-q", "--type", kind, "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", disk, key)
    with tempfile.TemporaryDirectory() as work:
        volume_key = os.path.join(work, "volume-key")
        vm.run("cryptsetup", "luksDump", "-q", "--dump-volume-key", "--key-file", key, "--volume-key-file", volume_key, disk)
        with open(volume_key, "rb") as f:
            return disk, vm.run("cryptsetup", "luksUUID", disk).strip(), f.read()


def measure():
    """tpm2-measure-pcr= does not leave in the PCRs, of every bank, what systemd does, is done without being asked for, or waits in vain"""
    key = path("measure.key", b"key file")
    volumes = [measured_volume(name, kind, key) for name, kind in (("one", "luks2"), ("two", "luks1"), ("three", "luks2"), ("four", "luks2"),
                                                                     ("five", "luks2"), ("six", "luks2"))]
    names = "one", "two:2", "three", "four", "five", "six"
    options = ("tpm2-measure-pcr=yes,tpm2-measure-bank=sha256", "tpm2-measure-pcr=15", "tpm2-measure-pcr=no", "tpm2-measure-pcr=14",
               "tpm2-measure-pcr=15", "tpm2-measure-pcr=14")
    crypttab = "".join(f"{name} UUID={volume[1]} /key luks,{option}\n" for name, volume, option in zip(names, volumes, options))
    add = [f"{shutil.which('busybox')}:/bin/busybox:0755", f"{os.path.join(vm.GUEST, 'cases.sh')}:/cases.sh", f"{key}:/key",
           path("measure.crypttab", crypttab.encode()) + ":/etc/crypttab"]
    image = vm.make_image("measure", *(word for file in add for word in ("--add", file)), "--token", "systemd-tpm2",
                          modules=MODULES, init=os.path.join(vm.GUEST, "measure_cases"), **FULL)
    with Tpm() as chip, VM("token-measure", image, "", [v[0] for v in volumes], args=chip.args("tpm-tis"), **FULL) as machine:
        machine.expect("the end", 90)
        machine.wait_off(30)
        for name in names:
            check(f"{name}: 0" in machine.text, f"{name} is not open", machine.text)
        check(re.findall(r"(\w+): its volume key was not measured into the TPM: ", machine.text) == ["six", "four"],
              "not these warnings", machine.text)
        pcrs = {(bank, int(pcr)): value.lower() for bank, pcr, value in re.findall(r"tpm0/pcr-(sha\d+)/(\d+) ([0-9A-F]+)", machine.text)}
        banks, measured = {bank for bank, _ in pcrs}, ["one", r"two\x3a2", "five"]
        check("sha256" in banks and len(banks) > 1, "the TPM has too few banks", machine.text)
        digests = [{bank: hmac.digest(volume_key, f"cryptsetup:{escaped}:{uuid}".encode(), bank) for bank in banks}
                   for escaped, (_, uuid, volume_key) in zip(measured, (*volumes[:2], volumes[4]))]
        for bank in banks:
            value = bytes(hashlib.new(bank).digest_size)
            check(pcrs[bank, 14] == value.hex(), "a PCR was extended with what failed", machine.text)
            for digest in digests:
                value = hashlib.new(bank, value + digest[bank]).digest()
            check(pcrs[bank, 15] == value.hex(), f"PCR 15 of {bank} is not {value.hex()}", machine.text)
        records = [json.loads(r) for r in re.findall(r"^\x1e(.*)$", machine.text, re.M)]
        check([{d["hashAlg"]: bytes.fromhex(d["digest"]) for d in r["digests"]} for r in records] == digests
              and [r["content"]["string"].split(":")[1] for r in records] == measured and "-rw-------" in machine.text,
              "the log is not what was measured", machine.text)


if __name__ == "__main__":
    sys.exit(vm.suite([script, touch, silent, pin, no_pin, few, headless, two_keys, late, passphrase, other_key, interrupted, foreign, always_uv,
                       tpm_tis, tpm_crb, tpm_pin, measure], jobs=1))
