#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Map the same volumes with latchkey and with the real cryptsetup in one guest, and compare.

The tests themselves are guest/*_cases; each runs as process 1 of a guest. Arguments name those to run: GUEST[@RELEASE][=CASE,CASE].
Its image contains busybox, this machine's cryptsetup and dmsetup with their libraries, and latchkey. With @RELEASE, cryptsetup is
that of another Debian.
"""
import os
import re
import secrets
import sys
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path[1:1] = [sys.path[0] + "/lib", sys.path[0] + "/../interop"]
import guest
import luks2edit
import vm
from vm import VM, Failure

# Guest -> the kernel modules that it needs in addition to the usual ones.
GUESTS = {
    "mapping_cases": "ecb? loop?",
    "cipher_cases": "ecb? loop? cbc? essiv? af_alg? algif_skcipher? adiantum nhpoly1305 chacha_generic? serpent_generic "
                    "twofish_generic camellia_generic",
    "array_cases": "loop? md_mod? raid1?",
    "reencryption_cases": "ecb? loop? cbc? essiv? af_alg? algif_skcipher?",
    "recovery_cases": "ecb? loop? cbc? essiv? af_alg? algif_skcipher? dm_delay?",
    "integrity_cases": "ecb? loop? dm_integrity authenc? sha256_generic? sha512_generic? gcm? ctr? ghash_generic? chacha20poly1305? "
                       "chacha_generic? poly1305_generic? aegis128? af_alg? algif_aead?",
    "inline_cases": "ecb? nvme? authenc? sha256_generic? aegis128?",
    "pin_cases": "ecb? loop? af_alg? algif_skcipher?",
}
# Guest -> its additional programs.
TOOLS = {"array_cases": ("mdadm",)}
# Guest -> a program of a newer Debian, as guest.newer() has it.
NEWER = {"pin_cases": ("unstable", "systemd-cryptsetup", "usr/bin/systemd-cryptsetup")}
LATER = ("reencryption_cases", "recovery_cases", "integrity_cases", "inline_cases", "pin_cases")  # only when named: minutes, most of them cryptsetup's
BLANK_BYTES = {"reencryption_cases": 24 << 20, "recovery_cases": 24 << 20, "integrity_cases": 32 << 20}  # of /dev/vdc, where it is not 64 MiB
KERNELS = {"inline_cases": ("debian13", "amd64", "linux-image-cloud-amd64")}  # the first with tags inline: Linux 6.11
SECONDS = max(600, vm.LIMIT)  # a guest runs many cases


class Chosen:
    """What an argument names."""

    def __init__(self, word):
        guest_of, _, only = word.partition("=")
        self.script, _, self.release = guest_of.partition("@")
        self.only = only.split(",") if only else []
        self.name = f"{self.script}-{self.release}" if self.release else self.script

    @property
    def cases(self):
        """Names and descriptions, in order."""
        with open(os.path.join(vm.GUEST, self.script)) as f:
            found = re.findall(r"^case_([a-z0-9_]+)\(\) \{ # (.*)$", f.read(), re.MULTILINE)
        return [case for case in found if not self.only or case[0] in self.only]


def file(script, name, content):
    path = os.path.join(vm.WORK, f"{script}.{name}")
    with open(path, "wb") as f:
        f.write(content)
    return path


def blank_disk(script, size):
    path = file(script, "blank", b"")
    os.truncate(path, size)
    return path


def inline_drive(script, key):
    """
    QEMU's words for an NVMe drive with 64 bytes of metadata for each sector, and a volume on it whose tags are there. The installed
    cryptsetup cannot make one: its header says so afterwards. The volume key is that of AES-128-XTS and of the HMAC.
    """
    def protect(h):
        h["segments"]["0"]["integrity"] = {"type": "hmac(sha256)", "journal_encryption": "none", "journal_integrity": "none"}
        h["config"]["requirements"] = {"mandatory": ["inline-hw-tags"]}

    path = blank_disk(script + "-nvme", 40 << 20)
    vm.run("cryptsetup", "luksFormat", "-q", "--type", "luks2", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--key-size", "512",
           "--sector-size", "4096", path, key)
    luks2edit.edit(path, protect)
    return ["-drive", f"id=tags,file={path},format=raw,if=none,snapshot=on", "-device", "nvme,id=n,serial=x",
            "-device", "nvme-ns,drive=tags,bus=n,ms=64,logical_block_size=4096,physical_block_size=4096"]


def boot(chosen):
    """Returns what the guest said."""
    script = chosen.script
    passphrase, witness = "pass " + secrets.token_hex(8), "witness " + secrets.token_hex(16)
    key = file(chosen.name, "key", secrets.token_bytes(48) + b"\n\0")
    disks = [vm.make_disk(f"{chosen.name}-{size}", "--passphrase", passphrase, "--key-file", key, "--memory", "1024",
                          "--witness", witness, "--sector-size", str(size)) for size in (512, 4096)]
    image = guest.image(script, f"{vm.MODULES} {GUESTS[script]}", (key, "/key:0600"),
                        (file(chosen.name, "passphrase", passphrase.encode()), "/etc/passphrase:0600"),
                        (file(chosen.name, "witness", witness.encode() + b"\n"), "/etc/witness"),
                        *(guest.newer(*NEWER[script]) if script in NEWER else ()), tools=TOOLS.get(script, ()),
                        kernel_options=KERNELS.get(script, ()), release=chosen.release, name=chosen.name)
    args = inline_drive(script, key) if script == "inline_cases" else ()
    words = "cases=" + ",".join(chosen.only) if chosen.only else ""
    with VM(chosen.name, image, words, disks + [blank_disk(chosen.name, BLANK_BYTES.get(script, 64 << 20))], memory=512,
            limit=SECONDS * (1 + (script in LATER)), args=args, kernel_options=KERNELS.get(script, ())) as machine:
        try:
            machine.expect("CASES end")
        except Failure as e:
            print(f"#   {e}".split("\n")[0])
        return machine.text


def boot_or_skip(chosen):
    try:
        return boot(chosen)
    except vm.Skip as why:  # its kernel or its cryptsetup cannot be had
        return "".join(f"CASE start {name}\nbecause {why}\nCASE skip {name}\n" for name, _ in chosen.cases)


def report(text, number, name, wrong):
    """One line of TAP. Returns whether the case passed."""
    part = re.search(rf"CASE start {name}\n(.*?)CASE (ok|not ok|skip) {name}\n", text, re.DOTALL)
    verdict = part.group(2) if part else "not ok"
    said = part.group(1) if part else "the guest did not come to this test\n" + text[-1000:]
    if verdict == "not ok":
        print("".join(f"#   {line}\n" for line in said.splitlines()), end="")
    reason = re.search("^because (.*)$", said, re.MULTILINE) if verdict == "skip" else None
    print(f"{'ok' if reason else verdict} {number} - {name}: caught here: {wrong}" +
          (f" # SKIP {reason.group(1)}" if reason else ""), flush=True)
    return verdict != "not ok"


def main():
    reason = guest.missing(*(tool for tools in TOOLS.values() for tool in tools))
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    every = [Chosen(word) for word in sys.argv[1:] or [script for script in GUESTS if script not in LATER]]
    print(f"1..{sum(len(chosen.cases) for chosen in every)}", flush=True)
    results = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for chosen, text in zip(every, pool.map(boot_or_skip, every)):
            for case in chosen.cases:
                results.append(report(text, len(results) + 1, *case))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
