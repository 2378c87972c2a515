#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure the time from the start of latchkey to the mapping, without the KDF, in a virtual machine; the same for cryptsetup.

Each program opens the same volume with two keys, whose keyslots differ only in the iterations of PBKDF2. The difference of
the two times gives the cost of an iteration; the time without all iterations is the result, in milliseconds. Then the time
of a token that needs neither touch nor PIN. This is not a test: it asserts nothing. Argument: the number of rounds (default 9).
"""
import json
import os
import secrets
import shutil
import statistics
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import tokens
import vm
from vm import VM, Failure

CHEAP, DEAR = 1000, 21000  # iterations
SECONDS = max(300, vm.LIMIT)


def bytes_of(name, content):
    path = os.path.join(vm.WORK, "bench." + name)
    with open(path, "wb") as f:
        f.write(content)
    return path


def disk(cheap, dear):
    passphrase = secrets.token_hex(8)
    path = vm.make_disk("bench", "--passphrase", passphrase, "--memory", "1024", "--key-file", cheap)
    vm.run("cryptsetup", "luksAddKey", "-q", "--key-file", bytes_of("passphrase", passphrase.encode()), "--pbkdf", "pbkdf2",
           "--pbkdf-force-iterations", str(DEAR), "--key-slot", "2", path, dear)
    return path


def image(cheap, dear, rounds):
    add = [f"{os.path.realpath(shutil.which('busybox'))}:/bin/busybox:0755", f"{cheap}:/cheap:0600", f"{dear}:/dear:0600",
           f"{vm.compile_static('timer')}:/bin/timer:0755", f"{bytes_of('rounds', str(rounds).encode())}:/rounds",
           f"{shutil.which('cryptsetup')}:/sbin/cryptsetup:0755"]
    add += [f"{path}:{path}:0755" for path in vm.with_libraries(shutil.which("cryptsetup"))]
    options = [word for file in dict.fromkeys(add) for word in ("--add", file)]
    return vm.make_image("bench", *options, init=os.path.join(vm.GUEST, "bench_cases"), modules=vm.MODULES + " ecb?")


def token_disk():
    passphrase = secrets.token_hex(8)
    path = vm.make_disk("bench-tokens", "--passphrase", passphrase, "--memory", "1024")
    with tempfile.TemporaryDirectory() as work:
        for number, name in ((1, "fido2-262-silent"), (2, "tpm2-262-default")):
            tokens.add_token(path, number, json.loads(tokens.sample(name, "json")), tokens.sample(name, "passphrase").encode(), passphrase.encode(), work)
    return path


def bench_tokens(rounds):
    add = [f"{os.path.realpath(shutil.which('busybox'))}:/bin/busybox:0755", f"{vm.compile_static('timer')}:/bin/timer:0755",
           f"{bytes_of('rounds', str(rounds).encode())}:/rounds", f"{os.path.join(vm.GUEST, 'cases.sh')}:/cases.sh"]
    image = vm.make_image("bench-tokens", *(word for file in add for word in ("--add", file)), "--token", "systemd-fido2 systemd-tpm2",
                          init=os.path.join(vm.GUEST, "bench_tokens"), modules=vm.MODULES + " xhci_pci", kernel_options=["--full"])
    with tokens.Stick("nopin", "--allow-silent") as stick, tokens.Tpm() as chip:
        args = [*tokens.XHCI, *stick.args(), *chip.args("tpm-tis")]
        with VM("bench-tokens", image, "", [token_disk()], memory=512, limit=SECONDS, args=args, kernel_options=["--full"]) as machine:
            machine.expect("BENCH end")
    for (_, name), found in figures(machine.text).items():
        print(f"{'latchkey test, ' + name:32}{statistics.median(found) / 1000:14.1f}")
    print("with the token's keyslot, 1,000 iterations; a software key and a software TPM outside of the machine")


def figures(text):
    """(program, key): microseconds of each round."""
    found = {}
    for line in text.split("\n"):
        words = line.split()
        if words[:1] == ["BENCH"] and len(words) > 3:
            if "failed" in words:
                raise Failure(f"{words[1]} failed with the {words[2]} key")
            found[words[1], words[2]] = [int(word) for word in words[3:]]
    return found


def main():
    lack = vm.missing()
    if lack:
        sys.exit(f"bench_boot: {lack}")
    rounds = int(sys.argv[1]) if sys.argv[1:] else 9
    cheap, dear = (bytes_of(name, secrets.token_bytes(32)) for name in ("cheap", "dear"))
    with VM("bench", image(cheap, dear, rounds), "", [disk(cheap, dear)], limit=SECONDS) as machine:
        machine.expect("BENCH end")
    found = figures(machine.text)
    print(f"\nin a virtual machine under software emulation (QEMU, TCG), medians of {rounds} rounds, milliseconds from exec to end:")
    print(f"{'':18}{'less the KDF':>14}{f'{CHEAP:,} iterations':>20}{f'{DEAR:,} iterations':>20}")
    for program in dict.fromkeys(program for program, _ in found):
        few, many = (statistics.median(found[program, key]) / 1000 for key in ("cheap", "dear"))
        less = few - (many - few) * CHEAP / (DEAR - CHEAP)
        print(f"{program.replace('-', ' '):18}{less:14.1f}{few:20.1f}{many:20.1f}")
    print("latchkey boot finds the device and the key by itself, in processes of their own; test is all but the mapping")
    bench_tokens(rounds)


if __name__ == "__main__":
    try:
        main()
    except Failure as e:
        sys.exit(f"bench_boot: {e}")
