#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run each command that latchkey suggests, exactly as printed: cryptsetup must execute it, and the volume must be sound afterwards.

The command is taken from latchkey's own message and passed to a shell. FILE in it is replaced by a header backup that was
made before the damage.
"""
import collections
import itertools
import os
import re
import shutil
import sys

sys.dont_write_bytecode = True
from defects import DEFECTS
from image import FIRST, O, PRIMARY, SECOND, SECONDARY, base
from volumes import CRYPTSETUP, LATCHKEY, PBKDF2, Skip, Volume, collector, fingerprint, lacking, must, run, save, suite

FOLDER = os.path.join(O, "images", "advice")
COMMAND = re.compile(r"(?:with|backup): (cryptsetup .*)")
CASES, case = collector()
numbers = itertools.count()


def place():
    """An empty folder."""
    folder = os.path.join(FOLDER, str(next(numbers)))
    os.makedirs(folder)
    return folder


def advised(done):
    """The commands in what latchkey said."""
    return COMMAND.findall(done.out + done.err)


def type_it(command, folder, backup=None):
    """Run it as a user would, and answer YES."""
    command = command.replace(" FILE ", f" {backup} ")
    done = run("sh", "-c", command, stdin=b"YES\n", cwd=folder)
    return [] if done.code == 0 else [f"{command}: exit status {done.code}: {done.out}{done.err}"]


def check(folder, *argv):
    return run(LATCHKEY, "check", *argv, cwd=folder)


def opens(folder, *argv, secret=FIRST):
    return run(LATCHKEY, "test", "--key-file", "-", *argv, stdin=secret, cwd=folder)


def sound(folder, *argv, secret=FIRST):
    """Is there nothing to advise any more?"""
    wrong = []
    for done in check(folder, *argv), opens(folder, *argv, secret=secret):
        if done.code or advised(done):
            wrong.append(f"afterwards: exit status {done.code}: {done.out}{done.err}")
    return wrong


def follow(folder, argv, expected, secret=FIRST, backup=None):
    """Do what check says; it must be @expected, once for each command, and help."""
    done = check(folder, *argv)
    commands = advised(done)
    if sorted(set(commands)) != sorted(expected):
        return [f"advised {commands}, not {expected}: {done.out}{done.err}"]
    return [w for c in set(commands) for w in type_it(c, folder, backup)] or sound(folder, *argv, secret=secret)


def backup_of(image, folder, name="before.backup"):
    path = os.path.join(folder, "whole.img")
    image.save(path)
    must(CRYPTSETUP, "-q", "luksHeaderBackup", "--header-backup-file", os.path.join(folder, name), path)
    os.unlink(path)
    return name


# --- every image of the defect suite ---------------------------------------------------------------------------

# The damage is in a field that luksHeaderRestore compares with the backup's, and it takes the rest for a header.
REFUSED = re.compile(r"(num-segment-offset|luks1-key-bytes)-")
DIFFERS = re.compile(r"Data offset (or key size differs|differ) on device and backup, restore failed")


def every_defect(names):
    wrong, typed = [], 0
    for name in names:
        folder, defect = place(), DEFECTS[name]
        defect.build().save(os.path.join(folder, "v.img"))
        done = check(folder, "v.img"), opens(folder, "v.img", *defect.options, secret=defect.secret)
        commands = {c for d in done for c in advised(d)}
        found = []
        if commands:
            file = backup_of(base(defect.volume), folder)
            found = [w for c in commands for w in type_it(c, folder, file)]
            if not any("luksHeaderRestore" in c for c in commands) and done[1].code == 2:
                found = found or sound(folder, "v.img", secret=SECOND)
            else:
                found = found or sound(folder, "v.img")
            typed += 1
        if REFUSED.match(name) and all(DIFFERS.search(w) for w in found):
            found = []
        wrong += [f"{name}: {w}" for w in found]
        shutil.rmtree(folder)
    print(f"# {names[0].split('-')[0]}: {typed} volumes mended", flush=True)
    wanted = not names[0].startswith(("trunc-", "good-"))  # what was cut, a command does not bring back
    return wrong + ([] if bool(typed) == wanted else [f"{typed} of {len(names)} came with advice"])


groups = collections.defaultdict(list)
for each in DEFECTS:
    groups[each.split("-")[0]].append(each)
for group, members in groups.items():
    CASES.append((f"defects {group}: what is advised does not help", lambda members=members: every_defect(members)))


# --- where the volume is ----------------------------------------------------------------------------------------


def damaged(folder, name="v.img", kind="one", *copies):
    image = base(kind)
    for copy in copies or (PRIMARY,):
        image.put(copy, "csum", b"")
    image.save(os.path.join(folder, name))


@case("check names no command, or no device, for a damaged copy")
def one_copy():
    wrong = []
    for copy in PRIMARY, SECONDARY:
        folder = place()
        damaged(folder, "v.img", "one", copy)
        path = os.path.join(folder, "v.img")
        wrong += follow(folder, [path], [f"cryptsetup repair {path}"])
    return wrong


@case("a path with characters that are special for a shell is not quoted in advice")
def odd_paths():
    wrong = []
    for name, word in (("two words.img", "'two words.img'"), ("-v.img", "./-v.img"), ("$(touch x);&*?.img", "'$(touch x);&*?.img'"),
                       ("a\\b#c.img", "'a\\b#c.img'"), ("~", "'~'"), ("UUID.img", "UUID.img")):
        folder = place()
        damaged(folder, name)
        wrong += follow(folder, ["--", name], [f"cryptsetup repair {word}"])
        if sorted(os.listdir(folder)) != [name]:
            wrong.append(f"{name}: the folder has {os.listdir(folder)}")
    for name in "it's.img", "new\nline.img", "caf\u00e9.img":
        folder = place()
        damaged(folder, name)
        done = check(folder, name)
        if advised(done) != ["cryptsetup repair DEVICE"]:
            wrong.append(f"{name!r}: {done.out}")
    return wrong


@case("a command is cut")
def long_path():
    wrong = []
    for length in 100, 200, 240, 255, 256, 300:
        folder = place()
        name = "d/" * ((length - 5) // 2) + ("e" if length % 2 == 0 else "") + ".img"
        name = name.rjust(length, "f")[-length:]
        os.makedirs(os.path.dirname(os.path.join(folder, name)) or folder)
        damaged(folder, name, "one", PRIMARY, SECONDARY)
        done = check(folder, name)
        commands = advised(done)
        whole = f"cryptsetup luksHeaderRestore --header-backup-file FILE {name}"
        if length < 256 and commands not in ([whole], [whole.replace(name, "DEVICE")], []):
            wrong.append(f"{length}: {commands}")
        if length <= 200 and commands != [whole]:
            wrong.append(f"{length}: {done.err}")
        if length >= 256 and done.code != 4:
            wrong.append(f"{length}: status {done.code}")
    return wrong


@case("a volume found by its label: the command has no path that cryptsetup takes")
def by_label():
    folder = place()
    must("truncate", "-s", "4M", os.path.join(folder, "v.img"))
    label = f"advice-{os.getpid()}"
    must(CRYPTSETUP, "-q", "luksFormat", *PBKDF2, "--luks2-keyslots-size", "1m", "--label", label, "--key-file", "-",
         os.path.join(folder, "v.img"), stdin=FIRST)
    spoil(os.path.join(folder, "v.img"), 16384)
    loop = run("losetup", "--find", "--show", os.path.join(folder, "v.img"))
    if loop.code:
        raise Skip(f"no loop device: {loop.err.strip()}")
    device = loop.out.strip()
    try:
        return follow(folder, [f"LABEL={label}"], [f"cryptsetup repair {device}"])
    finally:
        must("losetup", "--detach", device)


@case("each command that reads the header: another advice than check's")
def every_command():
    folder = place()
    damaged(folder)
    words = {"test": ["test", "--key-file", "-", "v.img"], "dump": ["dump", "v.img"], "json": ["dump", "--json", "v.img"],
             "backup": ["backup", "v.img", "new.backup"]}
    wrong = []
    for name, argv in words.items():
        done = run(LATCHKEY, *argv, stdin=FIRST, cwd=folder)
        found = [c.split('"')[0] for c in advised(done)]
        if done.code or found != ["cryptsetup repair v.img"]:
            wrong.append(f"{name}: {done}")
    damaged(folder, "both.img", "one", PRIMARY, SECONDARY)
    for argv in (["check", "both.img"], ["test", "both.img"], ["dump", "both.img"], ["open", "both.img", "x"], ["benchmark", "both.img"],
                 ["backup", "both.img", "no.backup"]):
        done = run(LATCHKEY, *argv, stdin=FIRST, cwd=folder)
        if done.code != 6 or advised(done) != ["cryptsetup luksHeaderRestore --header-backup-file FILE both.img"]:
            wrong.append(f"{argv}: {done}")
    return wrong


# --- detached headers and backups -------------------------------------------------------------------------------


def detached(luks="luks2"):
    folder = place()
    volume = Volume(folder, "v").format(FIRST, *(PBKDF2 if luks == "luks2" else ["--pbkdf-force-iterations", "1000"]), luks=luks,
                                        header=True)
    must(CRYPTSETUP, "-q", "luksHeaderBackup", "--header-backup-file", os.path.join(folder, "before.backup"), volume.header)
    return folder, volume


def spoil(path, *places, size=512):
    with open(path, "r+b") as f:
        for at in places:
            f.seek(at)
            f.write(bytes(size))


@case("a detached header: the command is for the data device")
def detached_header():
    folder, volume = detached()
    spoil(volume.header, 0)
    wrong = follow(folder, ["--header", "v.hdr", "v.img"], ["cryptsetup repair --header v.hdr v.img"])
    spoil(volume.header, 0)
    wrong += follow(folder, ["v.hdr"], ["cryptsetup repair v.hdr"])
    for luks in "luks2", "luks1":
        folder, volume = detached(luks)
        before = fingerprint(volume.path)
        if luks == "luks2":
            spoil(volume.header, 4096, 16384 + 4096)
        else:
            spoil(volume.header, 72, size=32)
        done = check(folder, "--header", "v.hdr", "v.img")
        expected = ["cryptsetup luksHeaderRestore --header-backup-file FILE --header v.hdr v.img"]
        if advised(done) != expected:
            wrong.append(f"{luks}: {done}")
        wrong += type_it(expected[0], folder, "before.backup") + sound(folder, "--header", "v.hdr", "v.img")
        if fingerprint(volume.path) != before:
            wrong.append(f"{luks}: the data device was written to")
    return wrong


@case("a header backup with a damaged copy, or keyslot: the advice is to restore one over it")
def damaged_backup():
    wrong = []
    folder = place()
    backup_of(base("one"), folder, "b")
    spoil(os.path.join(folder, "b"), 0)
    wrong += follow(folder, ["b"], ["cryptsetup repair b"])
    for kind, at in ("one", 32768), ("luks1", 4096):
        folder = place()
        backup_of(base(kind), folder, "b")
        os.chmod(os.path.join(folder, "b"), 0o600)
        spoil(os.path.join(folder, "b"), at)
        done = check(folder, "b")
        if done.code != 6 or advised(done) or "make a new header backup" not in done.out:
            wrong.append(f"{kind}: {done}")
    return wrong


# --- where no command is right ----------------------------------------------------------------------------------


@case("a read-only device: a command is advised that cannot work there")
def read_only():
    folder = place()
    damaged(folder)
    path = os.path.join(folder, "v.img")
    loop = run("losetup", "--find", "--show", "--read-only", path)
    if loop.code:
        raise Skip(f"no loop device: {loop.err.strip()}")
    device = loop.out.strip()
    try:
        done = check(folder, device)
    finally:
        must("losetup", "--detach", device)
    wanted = f"it is read-only; once it can be written, repair it with: cryptsetup repair {device}"
    return [] if wanted in done.out else [done.out]


@case("a file on a read-only filesystem: a command is advised that cannot work there")
def read_only_filesystem():
    folder = place()
    damaged(folder)
    script = f"mount -t tmpfs none {folder}/m && cp {folder}/v.img {folder}/m/ && mount -o remount,ro {folder}/m && " \
        f"{LATCHKEY} check {folder}/m/v.img"
    os.mkdir(os.path.join(folder, "m"))
    if run("unshare", "--mount", "true").code:
        raise Skip("a mount namespace is not allowed here")
    done = run("unshare", "--mount", "sh", "-c", script)
    wanted = f"it is read-only; once it can be written, repair it with: cryptsetup repair {folder}/m/v.img"
    return [] if wanted in done.out else [f"{done}"]


@case("a loop device: the command is for something else than the device")
def loop_device():
    folder = place()
    damaged(folder)
    loop = run("losetup", "--find", "--show", os.path.join(folder, "v.img"))
    if loop.code:
        raise Skip(f"no loop device: {loop.err.strip()}")
    device = loop.out.strip()
    try:
        return follow(folder, [device], [f"cryptsetup repair {device}"])
    finally:
        must("losetup", "--detach", device)


@case("a repair is advised over an LVM physical volume")
def lvm():
    folder = place()
    image = base("one")
    image.zero(0, 4096)
    image.write_at(512, b"LABELONE")
    image.save(os.path.join(folder, "v.img"))
    done = check(folder, "v.img"), opens(folder, "v.img")
    return [] if done[0].code == 6 and "LVM" in done[0].out and not [c for d in done for c in advised(d)] else [f"{done}"]


@case("a repair is advised of a device that does not answer, or was cut")
def unreadable():
    folder = place()
    base("one").save(os.path.join(folder, "v.img"))
    os.truncate(os.path.join(folder, "v.img"), 20480)
    done = check(folder, "v.img"), opens(folder, "v.img")
    return [] if done[0].code == 6 and not [c for d in done for c in advised(d)] else [f"{done}"]


@case("a header backup is advised while a re-encryption is under way")
def reencryption():
    folder, wrong = place(), []
    volume = Volume(folder, "v", size="8M").format(FIRST, *PBKDF2)
    volume.cryptsetup("reencrypt", "--init-only", *PBKDF2, "--key-file", save(folder, FIRST))
    for places in (4096 + 1, 16384 + 4096 + 1), (448, 16384 + 448), (0, 16384 + 448):
        copy = os.path.join(folder, "c.img")
        shutil.copy(volume.path, copy)
        spoil(copy, *places, size=8)
        done = check(folder, "c.img")
        if done.code != 6 or advised(done) or "restore no header backup" not in done.err:
            wrong.append(f"{places}: {done}")
    # The area of a keyslot, too.
    spoil(volume.path, 32768)
    done = check(folder, "v.img")
    if "luksHeaderRestore" in done.out + done.err or done.code != 6:
        wrong.append(f"area: {done}")
    return wrong


@case("an erased volume: what is advised does not bring it back")
def erased():
    wrong = []
    for kind in "one", "luks1":
        folder = place()
        backup_of(base(kind), folder)
        base(kind).save(os.path.join(folder, "v.img"))
        must(CRYPTSETUP, "-q", "luksErase", os.path.join(folder, "v.img"))
        commands = advised(opens(folder, "v.img"))
        if len(commands) != 1:
            wrong.append(f"{kind}: {commands}")
        wrong += [w for c in commands for w in type_it(c, folder, "before.backup")] + sound(folder, "v.img")
    return wrong


def main():
    reason = lacking(LATCHKEY, CRYPTSETUP)
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)
    return suite(CASES)


if __name__ == "__main__":
    sys.exit(main())
