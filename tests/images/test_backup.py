#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`latchkey backup`: what it writes, what it refuses, what remains after a failure, and how a backup is used."""
import os
import re
import stat
import sys

sys.dont_write_bytecode = True
from image import BOTH, DATA, FIRST, MAKERS, O, SECOND, Image, add_key, base
from volumes import CRYPTSETUP, LATCHKEY, LATCHKEY_ASAN, PBKDF2, Skip, Volume, collector, fingerprint, lacking, must, run, suite, typed

import defects  # noqa: F401 - its volumes

FOLDER = os.path.join(O, "images", "backup")
VOLUMES = ["one", "two", "tokens", "metadata-64", "metadata-4096", "converted", "luks1", "luks1-essiv", "luks1-512"]
CASES, case = collector()


def path_of(name):
    path = os.path.join(FOLDER, name)
    if os.path.lexists(path):
        os.unlink(path)
    return path


def volume(name, kind):
    path = path_of(name + ".img")
    base(kind).save(path)
    return path


def backup(path, target, *options, program=LATCHKEY):
    return run(program, "backup", *options, path, target)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def opens(path, *options, secret=FIRST, program=LATCHKEY):
    return run(program, "test", *options, "--key-file", "-", path, stdin=secret)


def expect(done, code, *phrases):
    wrong = [] if done.code == code else [f"exit status {done.code}, not {code}: {done.out}{done.err}"]
    return wrong + [f"does not say {p!r}: {done.err}" for p in phrases if p not in done.err]


def absent(path):
    return [f"{path} was left behind"] if os.path.lexists(path) else []


def unchanged(path, before):
    return [] if fingerprint(path) == before else [f"{path} was written to"]


# --- what it writes --------------------------------------------------------------------------------------


def same_as_cryptsetup(kind):
    path, ours, theirs = volume(f"same-{kind}", kind), path_of(f"same-{kind}.ours"), path_of(f"same-{kind}.theirs")
    before = fingerprint(path)
    done = backup(path, ours)
    wrong = expect(done, 0) + unchanged(path, before)
    if wrong:
        return wrong
    must(CRYPTSETUP, "-q", "luksHeaderBackup", "--header-backup-file", theirs, path)
    mode = stat.S_IMODE(os.stat(ours).st_mode)
    if mode != 0o600:
        wrong.append(f"mode {mode:o}")
    if read(ours) != read(theirs):
        wrong.append(f"{os.path.getsize(ours)} bytes, other than cryptsetup's {os.path.getsize(theirs)}")
    if done.out != f"{os.path.getsize(ours)} bytes\n":
        wrong.append(f"standard output {done.out!r}")
    return wrong


def cryptsetup_restores(kind):
    path, file = volume(f"restore-{kind}", kind), path_of(f"restore-{kind}.backup")
    wrong = expect(backup(path, file), 0)
    if wrong:
        return wrong
    dump = must(CRYPTSETUP, "luksDump", path)
    if must(CRYPTSETUP, "luksDump", file).replace(file, path) != dump:
        wrong.append("cryptsetup luksDump reads the backup otherwise")
    must(CRYPTSETUP, "open", "--test-passphrase", "--header", file, "--key-file", "-", path, stdin=FIRST)
    image = Image(read(path))
    image.zero(0, os.path.getsize(file))
    image.save(path)
    wrong += expect(opens(path), 4)
    must(CRYPTSETUP, "-q", "luksHeaderRestore", "--header-backup-file", file, path)
    must(CRYPTSETUP, "open", "--test-passphrase", "--key-file", "-", path, stdin=FIRST)
    return wrong + expect(opens(path), 0)


for each in VOLUMES:
    CASES.append((f"{each}: mode 0600, the same bytes as luksHeaderBackup, the volume unwritten",
                  lambda each=each: same_as_cryptsetup(each)))
    CASES.append((f"{each}: cryptsetup dumps it, opens with it and restores it",
                  lambda each=each: cryptsetup_restores(each)))


@case("mode 0600 under any umask")
def umask():
    path, file = volume("umask", "one"), path_of("umask.backup")
    must("sh", "-c", 'umask 0; exec "$@"', "sh", LATCHKEY, "backup", path, file)
    mode = stat.S_IMODE(os.stat(file).st_mode)
    return [] if mode == 0o600 else [f"mode {mode:o}"]


@case("the build with the sanitizers writes the same")
def sanitizers():
    if lacking(LATCHKEY_ASAN):
        must("make", "-C", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
             "TARGET=host-asan", f"O={O}", timeout=600)
    wrong = []
    for kind in "two", "luks1":
        path, one, two = volume(f"asan-{kind}", kind), path_of("asan.1"), path_of("asan.2")
        wrong += expect(backup(path, one), 0) + expect(backup(path, two, program=LATCHKEY_ASAN), 0)
        wrong += ["other bytes"] * (not wrong and read(one) != read(two))
    return wrong


@case("a backup of a backup is the same again")
def again():
    wrong = []
    for kind in "two", "luks1":
        path, one, two = volume(f"again-{kind}", kind), path_of("again.1"), path_of("again.2")
        wrong += expect(backup(path, one), 0) + expect(backup(one, two), 0)
        wrong += ["other bytes"] * (not wrong and read(one) != read(two))
    return wrong


@case("of a detached header (--header)")
def detached():
    volume_ = Volume(FOLDER, "detached").format(FIRST, *PBKDF2, header=True)
    file = path_of("detached.backup")
    done = backup(volume_.path, file, "--header", volume_.header)
    return expect(done, 0) or expect(run(LATCHKEY, "test", "--header", file, "--key-file", "-", volume_.path, stdin=FIRST), 0)


@case("of a volume with one damaged copy: the same bytes, and a message")
def one_copy():
    path, file = volume("one-copy", "two"), path_of("one-copy.backup")
    image = Image(read(path))
    image.zero(0, 512)
    image.save(path)
    wrong = expect(backup(path, file), 0, "primary header cannot be used")
    if not wrong and read(file) != read(path)[:os.path.getsize(file)]:
        wrong.append("other bytes than the volume's")
    return wrong or expect(opens(path, "--header", file), 0)


# --- what it refuses -------------------------------------------------------------------------------------


@case("refuses an existing file, and leaves it")
def existing():
    path, file = volume("existing", "one"), path_of("existing.backup")
    with open(file, "wb") as f:
        f.write(b"something else")
    before = fingerprint(file)
    return expect(backup(path, file), 5, "exists") + unchanged(file, before)


@case("refuses a dangling symbolic link")
def dangling():
    path, link, target = volume("dangling", "one"), path_of("dangling.link"), path_of("dangling.target")
    os.symlink(target, link)
    return expect(backup(path, link), 5, "exists") + absent(target)


@case("refuses the volume itself as the file")
def itself():
    path = volume("itself", "one")
    before = fingerprint(path)
    return expect(backup(path, path), 5) + unchanged(path, before)


@case("refuses what is not LUKS, and makes no file")
def not_luks():
    path, file = path_of("not-luks.img"), path_of("not-luks.backup")
    with open(path, "wb") as f:
        f.write(bytes(1 << 20))
    return expect(backup(path, file), 4, "is not a LUKS device") + absent(file)


@case("refuses a header that is damaged in both copies, and makes no file")
def damaged():
    wrong = []
    for kind, spoil in ("two", lambda i: [i.put(w, "csum", b"") for w in BOTH]), \
                       ("luks1", lambda i: i.write_at(208 + 44, b"\0\0\0\1")):
        path, file = path_of(f"damaged-{kind}.img"), path_of(f"damaged-{kind}.backup")
        image = base(kind)
        spoil(image)
        image.save(path)
        wrong += expect(backup(path, file), 6, "damaged") + absent(file)
    return wrong


@case("refuses a device that ends within the keyslots, and makes no file")
def truncated():
    wrong = []
    for kind, size in ("two", 100000), ("luks1", 100000):
        path, file = volume(f"truncated-{kind}", kind), path_of(f"truncated-{kind}.backup")
        os.truncate(path, size)
        wrong += expect(backup(path, file), 4, "truncated") + absent(file)
    return wrong


@case("refuses a folder that is not there, and one argument too few")
def no_folder():
    path = volume("no-folder", "one")
    return expect(backup(path, os.path.join(FOLDER, "none", "file")), 4) + expect(run(LATCHKEY, "backup", path), 1, "usage")


# --- what it leaves when something fails -----------------------------------------------------------------


def failing(call, errno, when, extra=""):
    def test():
        reason = lacking("strace")
        if reason:
            return [reason]
        path, file = volume(f"fail-{call}-{errno}-{when}", "two"), path_of(f"fail-{call}-{errno}-{when}.backup")
        before = fingerprint(path)
        done = run("strace", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error={errno}:when={when}{extra}",
                   LATCHKEY, "backup", path, file)
        wrong = [] if done.code in (3, 4) else [f"exit status {done.code}: {done.err}"]
        if len(done.err.splitlines()) != 1:
            wrong.append(f"not one line: {done.err!r}")
        return wrong + absent(file) + unchanged(path, before)

    return test


# The first write and fsync are of the file, the second fsync of its folder.
for what, *row in ("write fails: no space", "write", "ENOSPC", "1"), ("write fails: I/O", "write", "EIO", "1"), \
        ("fsync of the file fails", "fsync", "EIO", "1"), ("fsync of the folder fails", "fsync", "EIO", "2"), \
        ("the first read of the volume fails", "pread64", "EIO", "1+"):
    CASES.append((f"{what}: one line, no file is left", failing(*row)))


def descriptors(path, file, call):
    """Which calls (counted from 1) of a good run have to do with the file or its folder."""
    log = path_of("calls.trace")
    must("strace", "-y", "-o", log, "-e", f"trace={call}", LATCHKEY, "backup", path, file)
    lines = [line for line in read(log).decode(errors="replace").splitlines() if line.startswith(call + "(")]
    os.unlink(file)
    return [n for n, line in enumerate(lines, 1) if f"<{file}>" in line or f'"{file}"' in line or f"<{FOLDER}>" in line]


@case("close fails, reading back fails or differs: no file is left")
def every_call():
    path, file, wrong = volume("calls", "two"), path_of("calls.backup"), []
    for call, error in ("close", "EIO"), ("pread64", "EIO"), ("pread64", None), ("openat", "EACCES"), ("open", "EACCES"):
        numbers = descriptors(path, file, call)
        if not numbers and call in ("close", "pread64"):
            wrong.append(f"no {call} of the file: it is not read back")
        for number in numbers[:1] if call == "close" else numbers[:3] + numbers[-1:]:
            inject = f"inject={call}:error={error}:when={number}" if error else f"inject={call}:retval=512:when={number}"
            done = run("strace", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject, LATCHKEY, "backup", path, file)
            if done.code == 0 or len(done.err.splitlines()) != 1:
                wrong.append(f"{call} {number} fails with {error}: exit status {done.code}, {done.err!r}")
            wrong += absent(file)
    return wrong


@case("a short write is continued")
def short_write():
    path, file, good = volume("short", "two"), path_of("short.backup"), path_of("short.good")
    must(LATCHKEY, "backup", path, good)
    must("sh", "-c", 'ulimit -f 2000; exec "$@"', "sh", LATCHKEY, "backup", path, file)
    return [] if read(file) == read(good) else ["other bytes"]


@case("killed by the file size limit: says so or leaves nothing that passes for a backup")
def size_limit():
    path, file = volume("limit", "two"), path_of("limit.backup")
    done = run("sh", "-c", 'trap "" XFSZ; ulimit -f 100; exec "$@"', "sh", LATCHKEY, "backup", path, file)
    return expect(done, 4) + absent(file)


# --- the day it is needed --------------------------------------------------------------------------------


@case("the header region is gone: the volume opens with its backup, and nothing is rewritten")
def recovery():
    wrong = []
    for kind in "two", "converted", "luks1", "luks1-essiv":
        for how, spoil in ("zeroed", lambda i, n: i.zero(0, n)), ("random", lambda i, n: i.write_at(0, os.urandom(n))), \
                ("a filesystem", lambda i, n: (i.zero(0, n), i.write_at(0x438, b"\x53\xef"))):
            path, file = volume(f"recovery-{kind}", kind), path_of(f"recovery-{kind}.backup")
            wrong += expect(backup(path, file), 0)
            image = Image(read(path))
            spoil(image, os.path.getsize(file))
            image.save(path)
            before = fingerprint(path), fingerprint(file)
            found = expect(opens(path), 4, "is not a LUKS device") + expect(opens(path, "--header", file), 0)
            found += expect(run(LATCHKEY, "check", "--header", file, path), 0)
            found += expect(opens(path, "--header", file, secret=b"wrong"), 2)
            if (fingerprint(path), fingerprint(file)) != before:
                found.append("something was rewritten")
            wrong += [f"{kind}, {how}: {w}" for w in found]
    return wrong


# --- a backup by itself ----------------------------------------------------------------------------------


def alone(file, data, secret=FIRST, slot=0):
    """What each command says of a header backup: check and test take it, open does not."""
    before = fingerprint(file)
    done = run(LATCHKEY, "check", file)
    wrong = [f"check: exit status {done.code}: {done.out}{done.err}"] * (done.code != 0 or done.err != "")
    wrong += [f"check does not say it: {done.out}"] * ("data: none here: this is a header backup\n" not in done.out)
    done = opens(file, secret=secret)
    wrong += expect(done, 0, f"latchkey: open would refuse it: {file}: is a header backup: it has ", "--header")
    wrong += [f"test: {done.out}"] * (done.out != f"keyslot {slot}\n")
    wrong += expect(opens(file, secret=b"wrong"), 2, "open would refuse it")
    done = run(LATCHKEY, "open", "--key-file", "-", file, "no-such-name", stdin=secret)
    wrong += expect(done, 4, "is a header backup", f"its data would begin at byte {data};", "use --header")
    wrong += [f"open: {done.err}"] * (len(done.err.splitlines()) != 1 or "open would" in done.err)
    done = run(LATCHKEY, "dump", file)
    wrong += expect(done, 0) + [f"dump: {done.out}"] * ("contents:    a header backup, no data\n" not in done.out)
    wrong += expect(run(LATCHKEY, "benchmark", file), 0)
    must(CRYPTSETUP, "open", "--test-passphrase", "--key-file", "-", file, stdin=secret)
    return wrong + unchanged(file, before)


def data_of(path):
    return int(re.search(r"from byte (\d+)", must(LATCHKEY, "dump", path)).group(1))


def grow(file, size):
    """Zeroes behind it."""
    os.chmod(file, 0o600)
    os.truncate(file, size)


def made_by_both(kind):
    path, wrong = volume(f"alone-{kind}", kind), []
    for maker in "ours", "theirs":
        file = path_of(f"alone-{kind}.{maker}")
        if maker == "ours":
            must(LATCHKEY, "backup", path, file)
        else:
            must(CRYPTSETUP, "-q", "luksHeaderBackup", "--header-backup-file", file, path)
        wrong += [f"{maker}: {w}" for w in alone(file, data_of(path))]
    return wrong


for each in VOLUMES:
    CASES.append((f"{each}: a header backup is called damaged, or cannot be tested", lambda each=each: made_by_both(each)))


@case("a header backup that ends anywhere from the keyslots' end to the data's beginning is called damaged")
def between():
    wrong = []
    for luks, options, end in ("luks2", [*PBKDF2, "--sector-size", "512", "--luks2-metadata-size", "16k", "--luks2-keyslots-size", "256k"], 32768 + 262144), \
                              ("luks1", ["--pbkdf-force-iterations", "1000", "--key-size", "256"], 4096 + 7 * 131072 + 128000):
        path, file = path_of(f"between-{luks}.img"), path_of(f"between-{luks}.backup")
        must("truncate", "-s", "4M", path)
        must(CRYPTSETUP, "-q", "luksFormat", "--type", luks, *options, "--offset", "4096", "--key-file", "-", path, stdin=FIRST)
        must(CRYPTSETUP, "-q", "luksHeaderBackup", "--header-backup-file", file, path)
        grow(file, end)
        for size in end, end + 511, end + 512, 1048576 + 4096 * (luks == "luks1"), 2097151, 2097152, 2097152 + 511:
            grow(file, size)
            wrong += [f"{luks}, {size} bytes: {w}" for w in alone(file, 2097152)]
        grow(file, 2097152 + 512)
        wrong += [f"{luks}, one sector: {w}" for w in expect(opens(file), 0) + expect(run(LATCHKEY, "check", file), 0)]
        for size in end - 1, end - 512, 40000:
            os.truncate(file, size)
            done = run(LATCHKEY, "check", file)
            wrong += [f"{luks}, {size} bytes: {w}" for w in expect(done, 6) + expect(opens(file), 4, "truncated")]
            if "the keyslots area would end at byte" not in done.out or "header backup" in done.out:
                wrong.append(f"{luks}, {size} bytes: {done.out}")
    return wrong


@case("a LUKS1 backup from a machine with large pages is taken for a volume of some sectors")
def pages():
    path, file, wrong = volume("pages", "luks1"), path_of("pages.backup"), []
    must(CRYPTSETUP, "-q", "luksHeaderBackup", "--header-backup-file", file, path)
    data = data_of(path)
    for page in 16384, 65536:
        end = (os.path.getsize(file) + page - 1) // page * page
        if end <= data:
            wrong.append(f"pages of {page} bytes: this volume shows nothing")
        with open(path, "rb") as f, open(file, "wb") as g:
            g.write(f.read(end))
        wrong += [f"pages of {page} bytes: {w}" for w in alone(file, data)]
    return wrong


@case("a detached header by itself, whole or cut")
def detached_alone():
    wrong = []
    for luks, options in ("luks2", PBKDF2), ("luks1", ["--pbkdf-force-iterations", "1000"]):
        header = Volume(FOLDER, f"detached-{luks}").format(FIRST, *options, luks=luks, header=True).header
        done = run(LATCHKEY, "check", header)
        wrong += expect(done, 0) + [done.out] * ("data: none here: this is a detached header\n" not in done.out)
        wrong += expect(opens(header), 0, "open would refuse it", "holds a detached header; name the data device and use --header")
        wrong += expect(run(LATCHKEY, "open", "--key-file", "-", header, "x", stdin=FIRST), 1, "use --header")
        os.truncate(header, os.path.getsize(header) - 65536)
        wrong += [f"{luks}, cut: {w}" for w in expect(run(LATCHKEY, "check", header), 6)]
        if run(CRYPTSETUP, "open", "--test-passphrase", "--key-file", "-", header, stdin=FIRST).code == 0:
            wrong.append(f"{luks}: cryptsetup takes a header that is cut")
    return wrong


@case("a block device that ends before its data is called sound, or a backup for sure")
def partition():
    file = path_of("partition.backup")
    must(LATCHKEY, "backup", volume("partition", "one"), file)
    loop = run("losetup", "--find", "--show", file)
    if loop.code:
        raise Skip(f"no loop device: {loop.err.strip()}")
    device = loop.out.strip()
    try:
        done = run(LATCHKEY, "check", device)
        wrong = expect(done, 6) + [done.out] * ("truncated? Or does it hold a header backup?" not in done.out)
        wrong += expect(opens(device), 0, "open would refuse it", "truncated? Or does it hold a header backup?")
        return wrong + expect(run(LATCHKEY, "open", "--key-file", "-", device, "x", stdin=FIRST), 4, "truncated?")
    finally:
        must("losetup", "--detach", device)


@case("the last bytes of a file, less than a sector, spoil the volume; data of no whole sectors of 4096 do not")
def odd_tail():
    wrong = []
    for sector in 512, 4096:
        path = path_of(f"tail-{sector}.img")
        must("truncate", "-s", "4M", path)
        must(CRYPTSETUP, "-q", "luksFormat", *PBKDF2, "--luks2-keyslots-size", "1m", "--sector-size", sector, "--key-file", "-", path,
             stdin=FIRST)
        os.truncate(path, (4 << 20) + 511)
        wrong += [f"{sector}: {w}" for w in expect(opens(path), 0) + expect(run(LATCHKEY, "check", path), 0)]
        wrong += [f"{sector}: a note"] * (opens(path).err != "")
        os.truncate(path, (4 << 20) + 512)
        done = opens(path)
        wrong += expect(done, 0) + expect(run(LATCHKEY, "check", path), 0 if sector == 512 else 6)
        if sector == 4096:
            wrong += expect(done, 0, "open would refuse it", "not a multiple of its sector size 4096")
            wrong += expect(run(LATCHKEY, "open", "--key-file", "-", path, "x", stdin=FIRST), 4, "not a multiple of its sector size 4096")
    return wrong


@case("boot takes a header backup for a volume, or its rehearsal does")
def boots():
    file = path_of("boots.backup")
    must(LATCHKEY, "backup", volume("boots", "one"), file)
    key = path_of("boots.key")
    with open(key, "wb") as f:
        f.write(FIRST)
    crypttab = path_of("boots.crypttab")
    with open(crypttab, "w", encoding="ascii") as f:
        f.write(f"root {file} {key} luks,headless,x-systemd.device-timeout=2s\n")
    done = run(LATCHKEY, "boot", "--test", "--cmdline", "quiet", "--crypttab", crypttab, "--config", "/dev/null", timeout=60)
    return expect(done, 4, f"root: {file}: is a header backup", "use --header")


@case("a backup of another volume: says both UUIDs")
def another():
    path, other, file = volume("another", "two"), path_of("another.other.img"), path_of("another.backup")
    MAKERS["two"](other)
    wrong = expect(backup(other, file), 0) or expect(opens(path, "--header", file), 0, "another UUID")
    uuids = [must(CRYPTSETUP, "luksUUID", p).strip() for p in (path, other)]
    said = opens(path, "--header", file).err
    return wrong + [f"{uuid} is not named: {said}" for uuid in uuids if uuid not in said]


@case("an older backup: opens with the passphrase of then, and says that it is older")
def older():
    path, file = volume("older", "one"), path_of("older.backup")
    wrong = expect(backup(path, file), 0)
    add_key(path, SECOND, *PBKDF2)
    must(CRYPTSETUP, "-q", "luksKillSlot", "--key-file", "-", path, "0", stdin=SECOND)
    wrong += expect(opens(path), 2) + expect(opens(path, secret=SECOND), 0)
    wrong += expect(opens(path, "--header", file), 0, "an older header")
    return wrong + expect(opens(path, "--header", file, secret=SECOND), 2)


@case("a header that puts the data elsewhere: one note says where, before anything else goes wrong")
def elsewhere():
    wrong = []
    path, file = volume("elsewhere", "one"), path_of("elsewhere.backup")
    wrong += expect(backup(path, file), 0)
    exact = opens(path, "--header", file)
    if exact.err:
        wrong.append(f"the volume's own header is reported to differ: {exact.err}")
    for segment, code, notes in (
            ({"offset": str(DATA + 4096)}, 0, [f"its data begins at byte {DATA + 4096}, not {DATA}"]),
            ({"size": "4096"}, 0, ["its data has 4096 bytes, not 0"]),
            ({"size": "1048576"}, 0, ["its data has 1048576 bytes, not 0"]),
            ({"offset": "0"}, 0, [f"its data begins at byte 0, not {DATA}"]),
            ({"offset": str(DATA + 512), "size": "512"}, 0, [f"byte {DATA + 512}, not {DATA}", "has 512 bytes, not 0"])):
        image = Image(read(path))
        image.json(lambda h, segment=segment: h["segments"]["0"].update(segment))
        image.save(file)
        done = opens(path, "--header", file)
        said = [line for line in done.err.splitlines() if "differs from the header on" in line]
        refused = [line for line in done.err.splitlines() if "open would refuse it" in line]
        wrong += expect(done, code)
        if len(said) != 1 or len(refused) != (segment == {"size": "1048576"}) or len(done.err.splitlines()) != 1 + len(refused):
            wrong.append(f"{segment}: notes: {done.err}")
        wrong += [f"{segment}: does not say {note!r}: {done.err}" for note in notes if note not in "".join(said)]
    return wrong


@case("a backup of a larger volume: says that the data do not fit")
def another_size():
    path, file = volume("size", "two"), path_of("size.backup")
    wrong = expect(backup(path, file), 0)
    os.truncate(path, 500000)
    return wrong + expect(opens(path, "--header", file), 0, "open would refuse it", "499712 bytes") + \
        expect(run(LATCHKEY, "open", "--key-file", "-", "--header", file, path, "x", stdin=FIRST), 4, "499712 bytes") + \
        expect(run(LATCHKEY, "check", "--header", file, path), 6)


def main():
    reason = lacking(LATCHKEY, CRYPTSETUP)
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    os.makedirs(FOLDER, exist_ok=True)
    return suite(CASES)


if __name__ == "__main__":
    sys.exit(main())
