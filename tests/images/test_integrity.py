#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Volumes with integrity protection: what every command says of the real metadata, and of a superblock that is not right.

`metadata/integrity` has the JSON areas of real volumes; a header and a superblock are built around each. That such volumes are
mapped as cryptsetup does it, tests/boot/guest/integrity_cases shows. Arguments choose cases by a part of their names.
"""
import itertools
import json
import os
import shutil
import struct
import sys

sys.dont_write_bytecode = True
from image import from_text
from volumes import CRYPTSETUP, LATCHKEY, LATCHKEY_ASAN, TOP, Skip, collector, fingerprint, lacking, run, save, suite, workplace

METADATA = os.path.join(TOP, "tests/images/metadata/integrity")
PROGRAMS = [LATCHKEY, LATCHKEY_ASAN]
SECRET = b"secret"
OFF, SIZE, SECTORS = 2 << 20, 24 << 20, 36520
TAGS = {"aes-xts-plain64 hmac(sha256)": 32, "aes-xts-plain64 hmac(sha512)": 64, "aes-gcm-random aead": 28, "chacha20-random poly1305": 28,
        "aegis128-random aead": 32}
# What the kernel must have, in the words of latchkey-preflight.
NEEDS = {"aes-xts-plain64 hmac(sha256)": "authenc hmac sha256 xts aes", "aes-xts-plain64 hmac(sha512)": "authenc hmac sha512 xts aes",
         "aes-gcm-random aead": "gcm aes", "chacha20-random poly1305": "rfc7539 chacha20 poly1305", "aegis128-random aead": "aegis128"}
CASES, case = collector()
NUMBER = itertools.count(1)


def names():
    return sorted(f[:-5] for f in os.listdir(METADATA))


def metadata(name):
    with open(os.path.join(METADATA, name + ".json"), "rb") as f:
        return f.read().strip()


def kind(name):
    segment = json.loads(metadata(name))["segments"]["0"]
    return f"{segment['encryption']} {segment['integrity']['type']}", segment["sector_size"]


def superblock(tag_bytes, sector, **fields):
    """As Linux writes it; drivers/md/dm-integrity.c has the fields."""
    f = dict({"magic": b"integrt\0", "version": 4, "log2_interleave": 15, "tag": tag_bytes, "journal_sections": 1, "sectors": SECTORS, "flags": 8,
              "log2_block": {512: 0, 4096: 3}[sector]}, **fields)
    return struct.pack("<8sBBHIQIB", *f.values())


def volume(name, block=None, change=None):
    image = from_text(metadata(name))
    if change:
        image.json(change)
    path = os.path.join(FOLDER, f"{name}-{next(NUMBER)}.img")
    image.save(path)
    with open(path, "r+b") as f:
        f.truncate(SIZE)
        f.seek(OFF)
        f.write(b"" if name.startswith("inline") else superblock(TAGS[kind(name)[0]], kind(name)[1]) if block is None else block)
    return path


def preflight(program, path, *more, options="luks", root="/"):
    table = save(FOLDER, f"root {path} none {options}\n".encode())
    return run(program + "-preflight", "--cmdline", "", "--memory", "1024", "--crypttab", table, "--root", root, "--config", "/dev/null", *more)


def say(path, want):
    """@want: (command, the code, a piece of what it says), of both programs. None may write."""
    wrong, before = [], fingerprint(path)
    for program, (command, code, piece) in itertools.product(PROGRAMS, want):
        if command == "preflight":
            done = preflight(program, path)
        elif command == "test":
            done = run(program, "test", "--key-file", "-", path, stdin=SECRET)
        else:
            done = run(program, *command.split(), path)
        if (code is not None and done.code != code) or piece not in done.out + done.err:
            wrong.append(f"{command}: status {done.code}, not {code}, or does not say {piece!r}\n{done.out}{done.err}")
    if fingerprint(path) != before:
        wrong.append("a command wrote to the volume")
    os.unlink(path)
    return wrong


def sound(name):
    what, sector = kind(name)
    mode = "inline" if name.startswith("inline") else "journal"
    where = "fits the device: from byte 2097152 on" + ("\n" if mode == "inline" else "; the kernel finishes its integrity journal")
    encryption, integrity = what.split()
    path = volume(name)
    wrong = []
    if mode != "inline":
        text = preflight(LATCHKEY, path).out
        wrong += [f"preflight does not name {n}\n{text}" for n in ["dm-integrity", *NEEDS[what].split()] if f" {n}" not in text]
    return wrong + say(path, [
        ("test", 2, "latchkey: "),
        ("check", 0, where),
        ("dump", 0, f"{encryption}, sectors of {sector} bytes, from byte 2097152, integrity {integrity} ({mode}, {TAGS[what]} bytes a sector), "),
        ("dump --json", 0, f'"encryption": "{encryption}", "sector_size": {sector}, "integrity": "{integrity}", "integrity_mode": "{mode}", '
                           f'"tag_bytes": {TAGS[what]}}}'),
        ("preflight", None, f"{encryption}, integrity {integrity}")])


for sample in names():
    CASES.append((f"{sample}: is refused, or described wrong", lambda name=sample: sound(name)))


@case("a sample is missing")
def _():
    return [] if len(names()) == 13 else ["not 13"]


NONE, UNLIKE, LATER = "no integrity superblock at byte 2097152", "does not fit header and device", "the integrity superblock has version"
for fields, code, piece in (
        ({"magic": bytes(8)}, 6, NONE), ({"magic": b"integrt\1"}, 6, NONE), ({"version": 0}, 6, NONE), ({"version": 7}, 7, LATER),
        ({"log2_interleave": 0}, 6, NONE), ({"tag": 64}, 6, UNLIKE), ({"journal_sections": 0}, 6, NONE), ({"sectors": 0}, 6, UNLIKE),
        ({"sectors": SIZE // 512}, 6, UNLIKE), ({"flags": 9}, 7, LATER), ({"flags": 10}, 7, LATER), ({"flags": 12}, 7, LATER),
        ({"flags": 40}, 7, LATER), ({"log2_block": 0}, 6, UNLIKE), ({"log2_block": 200}, 6, UNLIKE)):
    # What latchkey does not do is no damage; preflight says the cause of either.
    CASES.append((f"a superblock with {fields} is good", lambda fields=fields, code=code, piece=piece: say(
        volume("hmac-28", superblock(32, 4096, **fields)),
        [("test", 2, "open would refuse it: "), ("test", 2, piece), ("check", 6 if code == 6 else 0, piece), ("preflight", code, piece)])))


@case("boot takes a superblock that was overwritten for a damaged header, and waits for a stick with another")
def _():
    wrong, path = [], volume("hmac-28", bytes(512))
    for program in PROGRAMS:
        done = run(program, "boot", "--test", "--cmdline", f"latchkey.device={path}", "--crypttab", os.devnull, "--config", os.devnull, stdin=b"")
        if done.code != 6 or NONE not in done.err or "waiting" in done.err:
            wrong.append(f"status {done.code}: {done.err}")
    os.unlink(path)
    return wrong


@case("a header that asks for what is not supported is mapped without it")
def _():
    def set_(**members):
        return lambda h: h["segments"]["0"]["integrity"].update(members)

    wrong = []
    for change, piece in ((set_(type="hmac(sha1)"), 'cipher "aes-xts-plain64" is not supported with integrity "hmac(sha1)"'),
                          (set_(journal_encryption="ctr(aes)"), "keys for its journal"),
                          (set_(journal_integrity="hmac(sha256)"), "keys for its journal"), (set_(key_size=32), "key size of its own"),
                          (lambda h: h["config"].update(requirements={"mandatory": ["inline-hw-tags", "x"]}), 'requires "x"')):
        wrong += say(volume("hmac-28", change=change), [("test", 2, piece), ("check", 0, piece), ("dump --json", 0, '"unsupported"'),
                                                        ("preflight", 7, piece)])
    return wrong


@case("preflight: a read-only mapping is called well, which boot refuses: of a device that can be written")
def _():
    path, wrong = volume("hmac-28"), []
    for more, refused in ([], True), (["--read-only"], False):
        loop = run("losetup", "--find", "--show", *more, path)
        if loop.code:
            raise Skip(f"no loop device: {loop.err.strip()}")
        device = loop.out.strip()
        try:
            done = [preflight(program, device, options="read-only") for program in PROGRAMS]
        finally:
            run("losetup", "--detach", device)
        good = "problem: root: " + device + ": with integrity protection the kernel" if refused else f"ok: root: {device} is LUKS2"
        wrong += [d.out + d.err for d in done if good not in d.out or ("leave read-only out of the options" in d.out) != refused]
    return wrong


@case("preflight: Linux 6.16, which has no poly1305 of its own, lacks it; in an older one's image it need not be")
def _():
    path, wrong = volume("chacha-28"), []
    root = os.path.join(FOLDER, "kernels")
    for version in "6.1.0", "6.16.0":
        for place in f"lib/modules/{version}", "boot":
            os.makedirs(os.path.join(root, place), exist_ok=True)
        built_in = "BLK_DEV_DM DM_CRYPT DM_INTEGRITY CRYPTO_CHACHA20POLY1305 CRYPTO_CHACHA20".split()
        with open(os.path.join(root, "boot", f"config-{version}"), "w", encoding="ascii") as f:
            f.writelines(f"CONFIG_{option}=y\n" for option in built_in)
    for name, text in (("dep", "kernel/crypto/poly1305_generic.ko:\n"), ("alias", "alias crypto-poly1305 poly1305_generic\n")):
        with open(os.path.join(root, "lib/modules/6.1.0", f"modules.{name}"), "w", encoding="ascii") as f:
            f.write(text)
    image = save(FOLDER, b"usr/bin/latchkey\nusr/lib/modules/6.1.0/kernel/fs/ext4/ext4.ko\n")
    for program in PROGRAMS:
        new = preflight(program, path, "--kernel", "6.16.0", root=root).out
        old = preflight(program, path, "--kernel", "6.1.0", "--image", image, root=root).out
        if "kernel 6.16.0: has rfc7539" not in new or "problem: kernel" in new:
            wrong.append(new)
        if "problem: kernel 6.1.0: root needs module poly1305_generic, " not in old:
            wrong.append(old)
    return wrong


@case("a re-encryption of a volume with integrity is mapped")
def _():
    def protect(h):
        for segment in h["segments"].values():
            segment["integrity"] = {"type": "hmac(sha256)", "journal_encryption": "none", "journal_integrity": "none"}

    wrong = []
    for change, why in ((protect, "a re-encryption with integrity protection is not supported"),
                        (lambda h: h["config"]["requirements"]["mandatory"].append("inline-hw-tags"), 'requires "inline-hw-tags"')):
        with open(os.path.join(METADATA, "..", "reencryption", "two-slots-clean.json"), "rb") as f:
            image = from_text(f.read().strip())
        image.json(change)
        path = os.path.join(FOLDER, "rekey.img")
        image.save(path)
        os.truncate(path, 2 * SIZE)
        wrong += say(path, [("test", 2, why), ("check", 0, why)])
    return wrong


@case("the flag no-journal is lost")
def _():
    return say(volume("hmac-28", change=lambda h: h["config"].update(flags=["no-journal"])),
               [("dump", 0, "integrity hmac(sha256) (direct, 32 bytes a sector)"), ("dump --json", 0, '"integrity_mode": "direct"')])


@case("a header backup, or a detached header alone, is reported as without its superblock")
def _():
    wrong = []
    for name, change, piece in (("hmac-28", None, "header backup"),
                                ("hmac512-28", lambda h: h["segments"]["0"].update(offset="0"), "detached header")):
        image = from_text(metadata(name))
        if change:
            image.json(change)
        path = os.path.join(FOLDER, "alone.hdr")
        image.save(path)
        wrong += say(path, [("check", 0, "none here: this is a " + piece), ("dump", 0, piece)])
    return wrong


@case("the hooks of initramfs builders leave modules out")
def _():
    wrong, path = [], volume("hmac-28")
    tree = os.path.join(TOP, "initramfs")
    dracut = f". {tree}/dracut/90latchkey/module-setup.sh; latchkey_ciphers_of {path}"
    tools = f"eval \"$(sed -n '/^ciphers_of()/,/^}}/p' {tree}/initramfs-tools/hooks/latchkey)\"; ciphers_of {path}"
    want = {"dm_integrity", *(f"crypto-{n}" for n in "aes xts plain64 hmac sha256 authenc ctr rfc7539".split())}
    for shell, script in ("bash", dracut), ("sh", tools):
        done = run("env", f"PATH={os.path.dirname(LATCHKEY)}:{os.environ['PATH']}", shell, "-c", script)
        if set(done.out.split()) != want or done.code:
            wrong.append(f"{script}: status {done.code}, {done.out.split()}, not {sorted(want)}\n{done.err}")
    os.unlink(path)
    return wrong


def main():
    global FOLDER
    reason = lacking(CRYPTSETUP, LATCHKEY, LATCHKEY_ASAN)
    if reason:
        print(f"1..1\nok 1 - integrity # SKIP {reason}")
        return 0
    FOLDER = workplace("images-integrity")
    failed = suite(CASES)
    shutil.rmtree(FOLDER)
    return failed


if __name__ == "__main__":
    sys.exit(main())
