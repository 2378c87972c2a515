#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The demonstration of `make demo`: unlock and mount an encrypted root at boot in a virtual machine.

The disk is made by the real cryptsetup, and the kernel is that of the distribution. The initramfs contains only init,
latchkey and the kernel modules. With INTERACTIVE=1 in the environment, you type the passphrase yourself.
"""
import os
import secrets
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import vm
from vm import VM, Failure

PASSPHRASE = "open sesame"
START = time.monotonic()


def step(text):
    print(f"[{time.monotonic() - START:5.1f} s] {text}", flush=True)


def prepare(witness):
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
    return VM("demo", image, "latchkey.device=/dev/vda", [disk], memory=512, show=show)


def show(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def typed_by_itself(machine):
    with machine:
        machine.expect("Enter passphrase for root .*: ")
        show(f"<- this demo types \"{PASSPHRASE}\", which is not echoed")
        machine.send(PASSPHRASE + "\n")
        machine.wait_off()
    return machine.text


def typed_by_you(machine):
    print(f"\nThe passphrase is: {PASSPHRASE}\n(To leave the virtual machine: ctrl-A, then x.)\n", flush=True)
    return machine.hand_over()


def main():
    lack = vm.missing()
    if lack:
        sys.exit(f"demo: {lack}")
    witness = "written before encryption: " + secrets.token_hex(16)
    try:
        machine = prepare(witness)
        said = typed_by_you(machine) if os.environ.get("INTERACTIVE", "0") != "0" else typed_by_itself(machine)
    except Failure as e:
        sys.exit(f"\ndemo: {e}")
    step("the virtual machine is off")
    if f"root: witness {witness}\n" not in said:
        sys.exit("demo: the file on the encrypted root was NOT read")
    print(f"The file /etc/witness on the encrypted root was read inside the machine, and says: {witness}")


if __name__ == "__main__":
    main()
