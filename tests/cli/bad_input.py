#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bad input from users, accidents and attackers, and the required reaction.

For every fault: the exit code of its cause; one line on standard error that begins with "latchkey: " (after one line for each
keyslot or header copy that was skipped); nothing on standard output; nothing written to any file; no secret in any output; no
report of the sanitizers. Each case runs on the program and on its build with the sanitizers. tests/cli/prompt.py tests the
prompt on a terminal. Arguments choose cases by a part of their names.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
from builds import cases_for_builds
import luks2edit  # builds.py knows where it is
from luks2edit import BOTH, PRIMARY, SECONDARY
from volumes import CRYPTSETUP, O, PBKDF2, Skip, Volume, collector, copy, lacking, run, suite, workplace

FOLDER = os.path.join(O, "cli")
RIGHT, SECOND, WRONG = b"a right passphrase", b"the second passphrase", b"a wrong passphrase"
CASES, case = collector()


# --- volumes, made once and shared: no case may change them --------------------------------------------------

VOLUMES = {}


def make_volumes():
    base = Volume(FOLDER, "base").format(RIGHT, *PBKDF2, "--key-size", "256").add(RIGHT, SECOND, *PBKDF2)
    VOLUMES["base"] = base.path
    VOLUMES["roomy"] = Volume(FOLDER, "roomy").format(RIGHT, *PBKDF2, "--luks2-metadata-size", "64k").path
    detached = Volume(FOLDER, "detached").format(RIGHT, *PBKDF2, header=True)
    VOLUMES["detached data"], VOLUMES["detached header"] = detached.path, detached.header
    luks1 = Volume(FOLDER, "luks1").format(RIGHT, "--pbkdf-force-iterations", "1000", luks="luks1")
    VOLUMES["luks1"] = luks1.path
    VOLUMES["zeroes"] = Volume(FOLDER, "zeroes").path


def volume(name):
    return VOLUMES[name]


def twin(build, name="base"):
    """A copy that a case may change."""
    return copy(VOLUMES[name], build.file("twin.img"))


def edited(build, change, which=BOTH):
    path = twin(build)
    luks2edit.edit(path, change, which)
    return build.watch(path)


def edited_text(build, old, new):
    path = twin(build, "roomy" if len(new) > 10000 else "base")

    def replace(text):
        assert old in text, (old, text)
        return text.replace(old, new)

    luks2edit.edit_text(path, replace)
    return build.watch(path)


def file(build, name, content=b"", size=None):
    path = build.file(name)
    with open(path, "wb") as f:
        f.write(content)
        if size is not None:
            f.truncate(size)
    return build.watch(path)


# --- devices -------------------------------------------------------------------------------------------------


@case("a file that is not LUKS")
def not_luks(b):
    complaints = []
    with open(b.path, "rb") as f:
        program = f.read(1 << 20)
    for name, content in (("empty", b""), ("one-byte", b"L"), ("magic", b"LUKS\xba\xbe"), ("other-magic", b"SKUL\xba\xbe\0\2"),
                          ("text", b"LUKS is what this is not\n" * 1000), ("sector", b"\xff" * 512),
                          ("program", program), ("zeroes", bytes(8 << 20))):
        path = file(b, "not-luks-" + name, content)
        for argv in (["test", path], ["dump", path], ["dump", "--json", path], ["check", path], ["open", path, "x"],
                     ["test", "--header", path, volume("zeroes")]):
            complaints += b.fails(4, re.escape(path), *argv, key=RIGHT)
        complaints += b.fails(4, re.escape(path), "backup", path, b.folder + "/backup")
    return complaints


@case("a truncated image")
def truncated(b):
    header = luks2edit.load(volume("base"))
    data, end = int(header["segments"]["0"]["offset"]), 32768 + int(header["config"]["keyslots_size"])
    areas = [(int(s["area"]["offset"]), int(s["area"]["size"])) for s in header["keyslots"].values()]
    points = {0, 1, 5, 6, 8, 511, 512, 4095, 4096, 4097, 8192, 16383, 16384, 16385, 16896, 20479, 20480, 32767, 32768, 40000,
              end - 512, end - 1, end, data - 512, data - 1, data}
    points |= {p for off, size in areas for p in (off, off + 1, off + size // 2, off + size - 1, off + size)}
    complaints = []
    for size in sorted(points):
        path = twin(b)
        os.truncate(path, size)
        b.watch(path)
        notes = 1 if 16384 <= size < 32768 else 0  # the secondary header is cut
        tests = [["test", path], ["test", "--key-slot", "1", path]] if size < end else []  # else it is a backup
        for argv in [["open", path, "x"], *tests]:
            complaints += b.fails(4, "truncated|is not a LUKS device|ends at byte|is a header backup", *argv, key=RIGHT, skips=notes)
        done = b.start("dump", path)
        if done.returncode != (0 if size >= 16384 else 4) or b.manners(done, done.stderr.decode().splitlines()):
            complaints.append(f"dump of {size} bytes: status {done.returncode}: {done.stderr}")
    # The last bytes are no sector, and so none of a loop device; a keyslot needs only its own area.
    path = twin(b)
    os.truncate(path, data + 4096 + 100)
    b.watch(path)
    complaints += b.works("keyslot 0\n", "test", path, key=RIGHT)
    os.truncate(path, data + 512)
    b.watch(path)
    return complaints + b.works("keyslot 0\n", "test", path, key=RIGHT)


@case("a detached header that ends inside a keyslot area: the keyslot is unreadable, not the passphrase wrong")
def truncated_area(b):
    path = twin(b, "detached header")
    area = luks2edit.load(path)["keyslots"]["0"]["area"]
    complaints = []
    for size in (int(area["offset"]), int(area["offset"]) + 100, int(area["offset"]) + 64 * 4000 - 1):
        os.truncate(path, size)
        b.watch(path)
        complaints += b.fails(4, "truncated", "test", "--header", path, volume("detached data"), key=RIGHT)
    return complaints


@case("no device, a directory, a FIFO, a character device, a socket, a loop of links, silly paths")
def strange_devices(b):
    folder = b.file("strange")
    os.makedirs(folder)
    fifo, sock, loop, dangling = (os.path.join(folder, n) for n in ("fifo", "socket", "loop", "dangling"))
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as s:
        here = os.getcwd()
        os.chdir(folder)  # the path of a socket has a short limit
        s.bind("socket")
        os.chdir(here)
    os.symlink("loop", loop)
    os.symlink("nothing", dangling)
    complaints = []
    for path in (folder, "/", ".", fifo, sock, loop, dangling, "/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/nonexistent",
                 "/nonexistent/deeper", volume("base") + "/", volume("base") + "/x", "", " ", "a\nb", "\x1b[2J", "x" * 255,
                 "x" * 256, "x/" * 3000, "\u00e4\u20ac", b"\xff\xfe", "-", "UUID=x", "LABEL=no such label",
                 "UUID=00000000-0000-0000-0000-000000000000", "/dev/disk/by-uuid/00000000-0000-0000-0000-000000000000",
                 "/dev/disk/by-label/no such label", "PARTUUID=1", "PARTUUID=1/PARTNROFF=255",
                 "PARTLABEL=no such label", "/dev/disk/by-id/usb-nothing", "/dev/disk/by-partuuid/1"):
        complaints += b.fails(4, "", "test", "--", path, key=RIGHT) + b.fails(4, "", "open", "--", path, "x", key=RIGHT)
        if path != "":
            complaints += b.fails(4, "", "test", "--header", path, volume("zeroes"), key=RIGHT)
    for path in ("UUID=", "LABEL=", "PARTUUID=", 'PARTLABEL=""', "/dev/disk/by-uuid/", "/dev/disk/by-label/", "/dev/disk/by-id/",
                 "PARTUUID=1/PARTNROFF=x"):
        complaints += b.fails(1, "names no device", "test", path, key=RIGHT)
    return complaints


@case("a device and a key file that may not be read")
def no_permission(b):
    path, key = file(b, "closed", b""), file(b, "closed-key", RIGHT)
    os.chmod(path, 0)
    os.chmod(key, 0)
    wrap = []
    if os.geteuid() == 0:
        wrap = ["setpriv", "--bounding-set", "-all", "--"]  # root without capabilities
        if not shutil.which("setpriv"):
            raise Skip("root can read everything, and setpriv is not installed")
    b.images.clear()  # we could not read them either
    return (b.fails(4, "cannot be opened: Permission denied", "test", path, key=RIGHT, wrap=wrap)
            + b.fails(4, "cannot be opened: Permission denied", "test", "--header", path, volume("zeroes"), wrap=wrap)
            + b.fails(1, "cannot be opened: Permission denied", "test", "--key-file", key, volume("base"), wrap=wrap))


@case("a header without its data, data without its header, a header that is not LUKS")
def detached(b):
    return (b.works("keyslot 0\n", "test", volume("detached header"), key=RIGHT, skips=1)
            + b.fails(1, "detached header", "open", volume("detached header"), "x", key=RIGHT)
            + b.fails(4, "is not a LUKS device", "test", volume("detached data"), key=RIGHT)
            + b.fails(4, "cannot be opened", "test", "--header", "/nonexistent", volume("detached data"), key=RIGHT)
            + b.fails(4, "is a directory", "test", "--header", "/", volume("detached data"), key=RIGHT)
            + b.works("keyslot 0\n", "test", "--header", volume("detached header"), volume("detached data"), key=RIGHT))


# --- key files and passphrases -------------------------------------------------------------------------------


@case("a key file that is absent, a directory, too long, too short, or without end")
def key_files(b):
    base, complaints = volume("base"), []
    empty, big, ten = file(b, "empty-key"), file(b, "big-key", size=(8 << 20) + 1), file(b, "ten-bytes", b"0123456789")
    for path, says in (("/nonexistent", "cannot be opened: No such file"), ("/", "is a directory"),
                       ("/dev/null", "is empty"), (big, "longer than 8192 KiB"), ("/dev/zero", "longer than 8192 KiB"),
                       (base + "/x", "cannot be opened: Not a directory"), ("x" * 5000, "key file x+"),
                       ("k\ney\x1b[2J", "cannot be opened: No such file")):
        for command in (["test"], ["test", "--key-slot", "1"]):
            complaints += b.fails(1, says, *command, "--key-file", path, base)
    for options, says in ((["--keyfile-offset", "11"], "is empty"), (["--keyfile-offset", "10"], "is empty"),
                          (["--keyfile-offset", str(1 << 62)], ""), (["--keyfile-offset", str((1 << 63) - 1)], ""),
                          (["--keyfile-size", "11"], "has 10 bytes from byte 0 on, 11 are needed"),
                          (["--keyfile-size", "8388608"], "has 10 bytes"),
                          (["--keyfile-offset", "9", "--keyfile-size", "2"], "has 1 bytes from byte 9 on, 2")):
        complaints += b.fails(1, says, "test", "--key-file", ten, *options, base)
        complaints += b.fails(1, "", "test", "--key-file", "-", *options, base, stdin=b"0123456789")
    complaints += b.fails(1, "longer than 8192 KiB", "test", "--key-file", "-", base, stdin=bytes((8 << 20) + 1))
    complaints += b.fails(1, "is empty", "test", "--key-file", "-", base)
    complaints += b.fails(2, "wrong passphrase or key.*; it is empty$", "test", "--key-file", empty, base)
    complaints += b.fails(1, "is empty after its offset", "test", "--key-file", empty, "--keyfile-offset", "1", base)
    return complaints + b.fails(2, "wrong passphrase or key", "test", "--key-file", ten, base)


@case("standard input that ends, is empty, is a directory, cannot be read, or never gives anything")
def standard_input(b):
    base = volume("base")
    complaints = b.fails(1, "no passphrase", "test", base) + b.fails(2, "wrong passphrase.*; it is empty$", "test", base, stdin=b"\n")
    complaints += b.fails(2, "wrong passphrase.*; it is empty$", "test", base, stdin=b"\n" + RIGHT)
    for path, how in (("/", os.O_RDONLY), ("/dev/full", os.O_WRONLY)):
        fd = os.open(path, how)
        complaints += b.fails(4, "cannot be read", "test", base, stdin_file=fd)
        complaints += b.fails(1, "cannot be read", "test", "--key-file", "-", base, stdin_file=fd)
        os.close(fd)
    ours, theirs = os.pipe()  # open, and silent
    complaints += b.fails(1, "no passphrase was given within 1 s", "test", "--timeout", "1", base, stdin_file=ours)
    os.close(ours)
    os.close(theirs)
    return complaints


@case("passphrases from a pipe: wrong, 512 bytes, too long, with a NUL, with control characters")
def passphrases(b):
    base, complaints = volume("base"), []
    for secret in (WRONG, b"x" * 512, b"nul\0inside", b"\0" * 16, b"\x1b]0;title\x07", b"\xff" * 99, RIGHT + b"\0x", RIGHT + b"\r",
                   b" " + RIGHT, RIGHT[:-1]):
        for end in (b"", b"\n", b"\nmore"):
            complaints += b.fails(2, "wrong passphrase or key.*2 tried", "test", base, key=secret + end)
    for secret in (b"y" * 513, b"z" * 100000):
        complaints += b.fails(1, "longer than 512 bytes", "test", base, key=secret)
    return complaints + b.works("keyslot 1\n", "test", base, key=SECOND + b"\nmore")


@case("without a terminal, a secret is read once, whatever --tries says")
def tries(b):
    complaints = []
    for number in ("0", "1", "3", "1000000"):
        complaints += b.fails(2, "wrong", "test", "--tries", number, volume("base"), key=WRONG + b"\n" + RIGHT + b"\n")
    return complaints + b.fails(7, "has no usable token", "test", "--token-only", volume("base"), key=RIGHT)


# --- the command line ----------------------------------------------------------------------------------------


@case("a name that cannot be a mapping's")
def mapping_names(b):
    complaints = []
    for name in ("a/b", "/", "/dev/mapper/x", "", ".", "..", "control", "x" * 128, "x" * 4000, "\x01" * 32, "\u00e4" * 20):
        for command in ("open", "test"):
            complaints += b.fails(1, "name of a mapping", command, volume("base"), name, key=RIGHT)
    # 127 bytes are a name: here it is the device that is wrong.
    for name in ("x" * 127, "a b", "\u00e4", "-x", "control2"):
        complaints += b.fails(4, "is not a LUKS device", "open", "--", volume("zeroes"), name, key=RIGHT)
    # And these are too long only beside the UUID.
    for name in ("x" * 127, "x" * 84):
        complaints += b.fails(1, "name of this mapping is too long for its DM UUID", "test", volume("base"), name, key=RIGHT)
    return complaints + b.works("keyslot 0\n", "test", volume("base"), "x" * 83, key=RIGHT)


@case("benchmark of a volume without keyslots")
def benchmark_of_nothing(b):
    def erase(header):
        header["keyslots"] = {}
        header["digests"]["0"]["keyslots"] = []

    complaints = []
    for json_option in ([], ["--json"]):
        complaints += b.fails(7, "has no keyslot for its data.*; no passphrase can open it$", "benchmark", *json_option, edited(b, erase))
    return complaints


@case("options that are unknown, for another command, abbreviated, joined, or in the wrong case")
def unknown_options(b):
    base, complaints = volume("base"), []
    for command, options in {
        "test": ["--nonsense", "-x", "--", "--key", "--key-fil=x", "--key-files=x", "--KEY-FILE=x", "-xS1", "---",
                 "--=x", "--readonly", "-r", "--allow-discards", "--perf-same_cpu_crypt", "--n\nl", "-\x1b",
                 "--nonsense=" + "x" * 5000, "-\u00e4", "--verify-passphrase", "--test-passphrase"],
        "open": ["--nonsense", "--json"],
        "dump": ["--nonsense", "--key-file=x", "--tries=1", "--readonly", "-v"],
        "close": ["--nonsense", "--header=x", "--json", "--deferred"],
        "check": ["--nonsense", "--key-file=x", "--tries=1"],
        "backup": ["--nonsense", "--header-backup-file=x", "--json"],
    }.items():
        args = {"open": [base, "x"], "close": ["no such mapping"], "backup": [base, b.folder + "/backup"]}.get(command, [base])
        for option in options:
            if option != "--":
                complaints += b.fails(1, "unknown option|is not for this command", command, option, *args, key=RIGHT)
                complaints += b.fails(1, "unknown option|is not for this command", command, *args, option, key=RIGHT)
    return complaints


@case("options without a value, with an empty one, or with one that they do not take")
def option_values(b):
    base, complaints = volume("base"), []
    for option in ("--key-file", "-d", "--keyfile-offset", "--keyfile-size", "-l", "--key-slot", "-S", "--header", "--tries", "-T",
                   "--timeout", "-t", "--max-lanes", "--max-memory", "--max-time"):
        complaints += b.fails(1, "needs a value", "test", base, option, key=RIGHT)
        complaints += b.fails(1, "empty|is not a number", "test", option, "", base, key=RIGHT)
        if option.startswith("--"):
            complaints += b.fails(1, "empty|is not a number", "test", option + "=", base, key=RIGHT)
    for option in ("--verbose=1", "--token-only=", "--help=yes", "-vS1", "-vv"):
        complaints += b.fails(1, "takes no value", "test", option, base, key=RIGHT)
    for option in ("--keyfile-offset=4", "--keyfile-size=18"):
        for command in (["test", base], ["open", base, "x"], ["test", "--token-only", base]):
            complaints += b.fails(1, "need --key-file$", *command, option, key=RIGHT)
    complaints += b.works("keyslot 0\n", "test", "-S0", "-d-", f"-l{len(RIGHT)}", base, key=RIGHT + b"more")
    complaints += b.fails(2, "1 tried", "test", "-S1", "-d-", base, key=RIGHT)
    return complaints + b.fails(1, "--json needs --show", "boot", "--json", "--test")


@case("invalid numbers, and numbers that are too large")
def numbers(b):
    base, complaints = volume("base"), []
    limits = {"--keyfile-offset": 1 << 63, "--keyfile-size": (8 << 20) + 1, "--key-slot": 32, "--tries": 1000001,
              "--timeout": 1000001, "--max-lanes": 1 << 24, "--max-memory": (1 << 21) + 1, "--max-time": 1000001}
    for option, limit in limits.items():
        for value in ("-1", "+1", "1x", "x", "0x10", "01", " 1", "1 ", "1.5", "1e3", "1,000", "\u0661", "1\n", "1k", "8M",
                      str(limit), str(1 << 32), str(1 << 64), "9" * 400):
            if value == str(1 << 32) and limit > 1 << 32:
                continue
            complaints += b.fails(1, f"{option}: .* is not a number from 0 to {limit - 1}", "test", f"{option}={value}", base,
                                  key=RIGHT)
    return complaints


@case("too few and too many arguments, unknown commands")
def arguments(b):
    base, complaints = volume("base"), []
    for argv in (["test"], ["test", "--"], ["open"], ["open", base], ["close"], ["dump"], ["check"], ["backup"], ["backup", base],
                 ["dump", base, base], ["close", "a", "b"], ["check", base, base]):
        complaints += b.fails(1, "usage: latchkey|too many arguments", *argv, key=RIGHT)
    for argv, missing in ((["open", base], "NAME"), (["open"], "DEVICE NAME"), (["test", "-d", base], rf"DEVICE \[NAME\]; the key file is {base}"),
                          (["backup", base], "FILE"), (["close"], "NAME")):
        complaints += b.fails(1, f"usage: latchkey {argv[0]} .*; missing: {missing}$", *argv, key=RIGHT)
    for argv in (["open", base, "x", "y"], ["test", base, base, base], ["close", "a", "b", "c"], ["backup", base, "a", "b"]):
        complaints += b.fails(1, "too many arguments", *argv, key=RIGHT)
    for argv in ([], [""], ["nonsense"], ["Test", base], ["--test", base], ["-x"], ["tes", base], [base], ["\x1b[2J"], ["x" * 9999],
                 ["luksOpen", base, "x"], ["--", "test", base]):
        complaints += b.fails(1, "no command given|unknown (command|option)", *argv, key=RIGHT)
    return complaints


@case("a habit from cryptsetup or a typing error is not told what is meant; --type is not accepted, or accepts the other type")
def habits(b):
    base, complaints = volume("base"), []
    for argv, meant in ((["luksOpen", base, "x"], "latchkey open"), (["luksopen", base, "x"], "latchkey open"),
                        (["unlock", base, "x"], "latchkey open"), (["luksDump", base], "latchkey dump"), (["isLuks", base], "latchkey check"),
                        (["luksUUID", base], "latchkey dump --json"), (["tets", base], "latchkey test"), (["ope", base], "latchkey open"),
                        (["open", "--test-passphrase", base], "latchkey test"), (["test", "--keyfile", "x", base], "--key-file"),
                        (["test", "--keyslot=1", base], "--key-slot"), (["open", "--read-only", base, "x"], "--readonly"),
                        (["open", "--allow-discard", base, "x"], "--allow-discards"), (["dump", "--jsno", base], "--json")):
        complaints += b.fails(1, rf"; did you mean {meant}\?", *argv)
    for argv in (["tesst1", base], ["test", "--keyf", base], ["open", "--jsno", base], ["test", "-keyfile", base], ["op", base, "x"]):
        complaints += b.fails(1, "see (latchkey )?--help", *argv)
    for accepted in "luks", "luks2":
        for option in "--type", "-M":
            complaints += b.works("keyslot 0\n", "test", option, accepted, base, key=RIGHT)
    complaints += b.fails(4, "is LUKS2, not LUKS1", "test", "--type", "luks1", base, key=RIGHT)
    for refused in "plain", "luks3", "luks12", "LUKS", "luk":
        complaints += b.fails(1, "is not luks, luks1 or luks2", "test", "--type", refused, base, key=RIGHT)
    return complaints


@case("check --json says something else than check does")
def check_json(b):
    spoilt = edited(b, lambda h: h["config"].update(flags=["\"\\\x01\u00e4"]), PRIMARY)
    with open(spoilt, "r+b") as f:
        f.seek(4096)
        f.write(b"\"")
    b.watch(spoilt)
    for path, code in ((volume("base"), 0), (spoilt, 6)):
        lines, objects = ([line for line in b.start("check", *more, path).stdout.decode().splitlines()] for more in ((), ("--json",)))
        if b.start("check", "--json", path).returncode != code:
            return [f"not {code}"]
        found = [json.loads(line) for line in objects]
        told = [f"{o['what']}: {'DAMAGED: ' if o['damaged'] else ''}{o['text']}" for o in found]
        if told != lines or any(set(o) != {"what", "damaged", "text"} for o in found) or any(o["damaged"] for o in found) != (code == 6):
            return [f"{told} is not {lines}"]
    return []


@case("a key file with a newline too many: the rehearsal does not say what is wrong")
def newline(b):
    path = file(b, "newline.key", RIGHT + b"\n")
    done = b.start("test", "--key-file", path, volume("base"))
    said = done.stderr.decode()
    return [] if done.returncode == 2 and "works only without its trailing newline" in said else [f"{done.returncode} {said}"]


@case("help and version, in every position")
def help_and_version(b):
    complaints = b.works("latchkey [0-9].*\n", "--version") + b.works("latchkey unlocks.*Exit codes:.*", "--help")
    for command in ("open", "test", "close", "dump", "check", "backup"):
        complaints += b.works(f"Usage: latchkey {command} .*--help.*", command, "--help")
    return complaints + b.works("Usage: .*", "test", "--help", "--key-file", "x", "and", "more")


# --- descriptors ---------------------------------------------------------------------------------------------


@case("descriptors 0, 1 and 2 that are closed: the device does not get their numbers")
def closed_descriptors(b):
    path, complaints = twin(b), []
    b.watch(path)
    key = file(b, "right-key", RIGHT)
    for closed in ("<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
        for name, expected in ((key, 0), (volume("base"), 2)):
            argv = ["sh", "-c", f'exec "$0" test --verbose --key-file "$1" "$2" {closed}', b.path, name, path]
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=b.folder)
            wanted_out = b"keyslot 0\n" if expected == 0 and ">&-" not in re.sub("2>&-", "", closed) else b""
            if (done.returncode, done.stdout) != (expected, wanted_out) or ("2>" in closed) != (done.stderr == b""):
                complaints.append(f"{closed}: status {done.returncode}, not {expected}: {done.stdout} {done.stderr}")
            complaints += b.written()
    argv = ["sh", "-c", 'exec "$0" test "$1" <&-', b.path, path]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=b.folder)
    if done.returncode != 1:
        complaints.append(f"closed standard input: status {done.returncode}, not 1: {done.stderr}")
    return complaints + b.written()


@case("a full standard output is a failure, a full standard error changes nothing")
def full_output(b):
    complaints = []
    with open("/dev/full", "wb", buffering=0) as full:
        for argv in (["test", volume("base")], ["dump", volume("base")], ["dump", "--json", volume("base")],
                     ["check", volume("base")], ["--help"], ["--version"], ["test", "--help"]):
            complaints += b.fails(1, "standard output cannot be written", *argv, key=RIGHT, stdout=full)
        for argv, code in ((["test", volume("base")], 2), (["test", "/nonexistent"], 4), (["test", "--nonsense"], 1)):
            done = b.start(*argv, key=WRONG, stderr=full)
            if done.returncode != code:
                complaints.append(f"full standard error: status {done.returncode}, not {code}")
    return complaints + b.written()


@case("a closed pipe is a failure of standard output and does not kill the program")
def gone_reader(b):
    def into(stream, *argv, key=RIGHT):
        gone, pipe = os.pipe()
        os.close(gone)
        try:
            return b.start(*argv, key=key, **{stream: pipe})
        finally:
            os.close(pipe)

    complaints = []
    for argv in (["test", volume("base")], ["dump", volume("base")], ["check", volume("base")], ["--help"]):
        done = into("stdout", *argv)
        if done.returncode != 1 or b"standard output cannot be written" not in done.stderr:
            complaints.append(f"{argv[0]}: status {done.returncode}, not 1: {done.stderr}")
    for argv, code in ((["test", volume("base")], 2), (["test", "/nonexistent"], 4), (["test", "--nonsense"], 1)):
        done = into("stderr", *argv, key=WRONG)
        if done.returncode != code:
            complaints.append(f"standard error, {argv}: status {done.returncode}, not {code}")
    return complaints + b.written()


# --- headers -------------------------------------------------------------------------------------------------


@case("a LUKS1 header with fields out of range")
def luks1_fields(b):
    complaints = []
    for at, data, code, says in (
        (6, b"\0\3", 7, "version 3"), (8, b"rot13\0", 7, "\"rot13-xts-plain64\" is not supported"),
        (8, b"cipher_null\0", 7, "cipher_null.*is not supported"), (40, b"a" * 32, 6, "cipher mode"),
        (72, b"whirlpool\0", 7, "\"whirlpool\" is not supported"), (72, bytes(32), 6, "hash name"),
        (104, b"\0\0\0\1", 6, "keyslot 0"),
        (108, b"\0\0\0\0", 6, "key of 0 bytes"), (108, b"\xff\xff\xff\xff", 6, "key of 4294967295 bytes"),
        (108, b"\0\0\0\x21", 6, "does not fit"), (164, b"\0\0\0\0", 6, "the digest has 0 iterations"),
        (164, b"\xff\xff\xff\xff", 7, "4294967295 iterations"),
        (168, b"no uuid\0", 6, "UUID"), (208, b"\0\0\0\0", 6, "neither active nor inactive"), (212, b"\0\0\0\0", 6, "0 iterations"),
        (212, b"\xff\xff\xff\xff", 7, "4294967295 iterations"), (248, b"\0\0\0\0", 6, "keyslot 0: area"),
        (248, b"\xff\xff\xff\xff", 6, "keyslot 0: area"), (252, b"\0\0\x0f\x9f", 6, "3999 stripes"),
        (296, b"\0\0\0\x08", 6, "keyslots 0 and 1: areas overlap"),
    ):
        path = twin(b, "luks1")
        luks2edit.overwrite(path, at, data)
        b.watch(path)
        complaints += b.fails(code, says, "test", path, key=RIGHT, skips=None)
    return complaints + b.works("keyslot 0\n", "test", volume("luks1"), key=RIGHT)


@case("both header copies are damaged, or of an unknown kind, in every way that the binary part allows")
def damaged_copies(b):
    complaints = []
    for field, value, code in (
        ("version", 0, 7), ("version", 3, 7), ("hdr_size", 0, 6), ("hdr_size", 16385, 6), ("hdr_size", 8 << 20, 6),
        ("hdr_size", 1 << 63, 6), ("hdr_offset", 512, 6), ("uuid", b"no uuid", 6), ("uuid", b"x" * 40, 6), ("label", b"x" * 48, 6),
        ("subsystem", b"x" * 48, 6), ("csum_alg", b"", 7), ("csum_alg", b"crc32", 7), ("csum_alg", b"x" * 32, 6),
        ("csum", b"wrong", 6),
    ):
        path = twin(b)
        for which in BOTH:
            copy = luks2edit.Copy(path, which)
            copy.set(field, value)
            copy.write(checksum=field not in ("csum", "csum_alg"))
        b.watch(path)
        for argv in (["test", path], ["dump", path], ["check", path], ["open", path, "x"]):
            complaints += b.fails(code, "", *argv, key=RIGHT)
    path = twin(b)
    for which in BOTH:
        luks2edit.damage(path, which)
    b.watch(path)
    complaints += b.fails(6, "both copies of the LUKS2 header are damaged", "test", path, key=RIGHT)
    luks2edit.set_field(path, PRIMARY, "version", 3)
    luks2edit.zero(path, 16384, 512)
    b.watch(path)
    return complaints + b.fails(7, "LUKS version 3 is not supported", "test", path, key=RIGHT)


def json_damage():
    """(what, how) of headers whose checksums are right and whose text breaks the rules."""
    text = {
        "a byte behind the object": (b'"}}', b'"}}x'),
        "a blank in front": (b'{"keyslots":{"0"', b' {"keyslots":{"0"'),
        "a duplicate section": (b'{"keyslots":{"0"', b'{"tokens":{},"keyslots":{"0"'),
        "a duplicate member": (b'"type":"raw"', b'"type":"raw","type":"raw"'),
        "an escaped NUL": (b'"type":"raw"', b'"type":"raw\\u0000"'),
        "a control character": (b'"type":"raw"', b'"type":"r\x01w"'),
        "an end in the middle": (b'"config"', b'"config\0'),
        "a missing comma": (b',"config"', b'"config"'),
        "a single quote": (b'"config"', b"'config'"),
        "a comment": (b'"config"', b'/**/"config"'),
        "a number with a fraction": (b'"stripes":4000', b'"stripes":4000.0'),
        "a number with an exponent": (b'"stripes":4000', b'"stripes":4e3'),
        "a number with a sign": (b'"stripes":4000', b'"stripes":-4000'),
        "a number with a zero in front": (b'"stripes":4000', b'"stripes":04000'),
        "a number beyond 32 bits": (b'"stripes":4000', b'"stripes":4294971296'),
        "a number where a decimal string belongs": (b'"offset":"32768"', b'"offset":32768'),
        "a decimal string where a number belongs": (b'"stripes":4000', b'"stripes":"4000"'),
        "a decimal string with a zero in front": (b'"offset":"32768"', b'"offset":"032768"'),
        "a decimal string with a sign": (b'"offset":"32768"', b'"offset":"+32768"'),
        "a decimal string with a blank": (b'"offset":"32768"', b'"offset":" 32768"'),
        "a decimal string beyond 64 bits": (b'"offset":"32768"', b'"offset":"18446744073709584384"'),
        "an empty decimal string": (b'"offset":"32768"', b'"offset":""'),
        "a name in another case": (b'"keyslots":{"0"', b'"Keyslots":{"0"'),
        "arrays nested too deeply": (b'"tokens":{}', b'"tokens":{"0":{"type":"x","keyslots":[],"n":' + b"[" * 40 + b"]" * 40 + b"}}"),
        "a very long name": (b'"config":{', b'"config":{"' + b"n" * 300 + b'":1,'),
        "very many values": (b'"config":{', b'"config":{"n":[' + b"1," * 17000 + b"1],"),
    }
    for what, (old, new) in text.items():
        yield what, lambda b, old=old, new=new: edited_text(b, old, new)


def slot0(h):
    return h["keyslots"]["0"]


def area0(h):
    return h["keyslots"]["0"]["area"]


def damaged_objects():
    """(what, change) of headers whose objects contradict each other."""
    yield "an area inside the header", lambda h: area0(h).update(offset="4096")
    yield "an area behind the keyslots area", lambda h: area0(h).update(offset=str(1 << 30))
    yield "an area that ends beyond 64 bits", lambda h: area0(h).update(offset="18446744073709551104")
    yield "an area of no size", lambda h: area0(h).update(size="0")
    yield "an area of 2^64-1 bytes", lambda h: area0(h).update(size="18446744073709551615")
    yield "another split than luks1", lambda h: slot0(h)["af"].update(type="luks3")
    yield "another area than raw", lambda h: area0(h).update(type="journal")
    yield "two keyslots in one area", lambda h: area0(h).update(offset=h["keyslots"]["1"]["area"]["offset"])
    yield "a keyslot of no digest", lambda h: h["digests"]["0"].update(keyslots=["1"])
    yield "a keyslot of two digests", lambda h: h["digests"].update({"1": dict(h["digests"]["0"], segments=[])})
    yield "a digest of a keyslot that does not exist", lambda h: h["digests"]["0"].update(keyslots=["0", "1", "2"])
    yield "a digest of a segment that does not exist", lambda h: h["digests"]["0"].update(segments=["0", "1"])
    yield "a segment of no digest", lambda h: h["digests"]["0"].update(segments=[])
    yield "a token of a keyslot that does not exist", lambda h: h["tokens"].update({"0": {"type": "x", "keyslots": ["7"]}})
    yield "no segment", lambda h: (h["segments"].clear(), h["digests"]["0"].update(segments=[]))
    yield "a segment with another number", lambda h: h.update(segments={"1": h["segments"]["0"]})
    yield "a segment inside the header", lambda h: h["segments"]["0"].update(offset="512")
    yield "a segment that begins inside a sector", lambda h: h["segments"]["0"].update(offset=str(2097152 + 100))
    yield "a segment of no size", lambda h: h["segments"]["0"].update(size="0")
    yield "sectors of 0 bytes", lambda h: h["segments"]["0"].update(sector_size=0)
    yield "sectors of 513 bytes", lambda h: h["segments"]["0"].update(sector_size=513)
    yield "sectors of 8192 bytes", lambda h: h["segments"]["0"].update(sector_size=8192)
    yield "a keyslot number over 31", lambda h: h["keyslots"].update({"32": h["keyslots"].pop("1")})
    yield "a keyslot number with a zero in front", lambda h: h["keyslots"].update({"01": h["keyslots"].pop("1")})
    yield "a keyslot that is an array", lambda h: h["keyslots"].update({"1": []})
    yield "a priority of 3", lambda h: slot0(h).update(priority=3)
    yield "a JSON size that is not the header's", lambda h: h["config"].update(json_size="8192")
    yield "a keyslots area that is not a multiple of 4096", lambda h: h["config"].update(keyslots_size="1048575")
    yield "a keyslots area of 1 TiB", lambda h: h["config"].update(keyslots_size=str(1 << 40))
    yield "no config", lambda h: h.pop("config")
    yield "no keyslots section", lambda h: h.pop("keyslots")
    yield "requirements that are no object", lambda h: h["config"].update(requirements=["opal"])
    yield "flags that are numbers", lambda h: h["config"].update(flags=[1])
    yield "a digest that is not base64", lambda h: h["digests"]["0"].update(digest="!!!!")


@case("JSON text that breaks the grammar, with a right checksum")
def damaged_text(b):
    complaints = []
    for what, make in json_damage():
        path = make(b)
        for argv in (["test", path], ["dump", path]):
            complaints += [f"{what}: {c}" for c in b.fails(6, "damaged", *argv, key=RIGHT)]
    return complaints


@case("JSON objects that contradict each other, with a right checksum")
def damaged_references(b):
    complaints = []
    for what, change in damaged_objects():
        path = edited(b, change)
        for argv in (["test", path], ["dump", path]):
            complaints += [f"{what}: {c}" for c in b.fails(6, "damaged", *argv, key=RIGHT)]
    return complaints


@case("JSON that breaks the rules in the newer copy: the older one serves")
def damaged_newer(b):
    path = twin(b)
    luks2edit.edit(path, lambda h: h.pop("config"), PRIMARY)
    luks2edit.set_field(path, PRIMARY, "seqid", 99)
    b.watch(path)
    return b.works("keyslot 0\n", "test", path, key=RIGHT, skips=1)


@case("an unknown requirement and re-encryption are not refused before the prompt, or no note for test")
def requirements(b):
    complaints = []
    for text in ("no-such-requirement", "online-reencrypt-v2", "offline-reencrypt", "opal", "inline-hw-tags", "\x1b[2J", "x" * 2000):
        path = edited(b, lambda h, text=text: h["config"].update(requirements={"mandatory": [text]}))
        complaints += b.fails(7, "requires|re-encryption", "open", path, "x")
        complaints += b.works("keyslot 0\n", "test", path, key=RIGHT, skips=1)
    path = edited(b, lambda h: h["segments"]["0"].update(flags=["in-reencryption"]))
    return complaints + b.fails(7, "re-encryption", "open", path, "x")


@case("a null cipher is refused, for the data and for a keyslot, with the empty passphrase too")
def null_cipher(b):
    complaints = []
    for cipher in ("cipher_null-ecb", "null", "cipher_null", "cipher_null-cbc-plain", "aes-xts-plain64 :0", "capi:ecb(cipher_null)-plain",
                   "aes-ecb", "\x1b[2J"):
        path = edited(b, lambda h, c=cipher: h["segments"]["0"].update(encryption=c))
        complaints += b.fails(7, "segment 0: cipher .* is not supported", "open", path, "x", key=RIGHT)
        complaints += b.works("keyslot 0\n", "test", path, key=RIGHT, skips=1)
        path = edited(b, lambda h, c=cipher: [s["area"].update(encryption=c) for s in h["keyslots"].values()])
        complaints += b.fails(7, "cipher .* is not supported", "test", path, key=RIGHT, skips=2)
        complaints += b.fails(7, "cipher .* is not supported", "test", path, skips=2)
    return complaints


@case("an unusable first keyslot is reported, and does not hide the second one")
def unusable_first(b):
    complaints = []
    for change, says in (
        (lambda s: s["kdf"].update(type="scrypt"), 'kdf "scrypt"'),
        (lambda s: s["kdf"].update(type="\x1b[2J"), 'kdf "'),
        (lambda s: s["kdf"].update(hash="whirlpool"), 'hash "whirlpool"'),
        (lambda s: s["kdf"].update(iterations=100000001), "100000001 iterations"),
        (lambda s: s["kdf"].update(iterations=4294967295), "4294967295 iterations"),
        (lambda s: s["kdf"].update(salt="AAAA"), "salt length"),
        (lambda s: s["af"].update(stripes=3999), "stripes"),
        (lambda s: s["area"].update(key_size=33), "area key_size"),
        (lambda s: s["area"].update(size="4096"), "area size"),
        (lambda s: s.update(kdf=argon2_object(s, memory=4194305)), "4096 MiB"),
        (lambda s: s.update(kdf=argon2_object(s, memory=4294967295)), "419430[34] MiB"),
        (lambda s: s.update(kdf=argon2_object(s, cpus=5)), "5 lanes"),
        (lambda s: s.update(kdf=argon2_object(s, time=4294967295)), "4294967295 passes"),
        (lambda s: s.update(kdf=argon2_object(s, memory=31)), '"memory" is 31'),
        (lambda s: s.update(kdf=argon2_object(s, cpus=0)), '"cpus" is 0'),
    ):
        path = edited(b, lambda h, change=change: change(slot0(h)))
        done = b.start("test", path, key=SECOND)
        if done.stdout != b"keyslot 1\n" or not re.search(f"^latchkey: skipped: keyslot 0.*{says}", done.stderr.decode()):
            complaints.append(f"{says}: {done.stdout} {done.stderr}")
        complaints += b.works("keyslot 1\n", "test", path, key=SECOND, skips=1)
        complaints += b.fails(2, f"1 tried, 1 skipped.*{says}", "test", path, key=RIGHT, skips=1)
        done = b.start("test", "--key-slot", "0", path, key=RIGHT)
        if done.returncode not in (6, 7):
            complaints.append(f"{says}: status {done.returncode} for the keyslot itself")
    return complaints


def argon2_object(slot, memory=64, cpus=4, time=4):
    return {"type": "argon2id", "time": time, "memory": memory, "cpus": cpus, "salt": slot["kdf"]["salt"]}


def meminfo(b, kib):
    """The prefix with which the program sees this amount of free memory."""
    fake = file(b, "meminfo", b"MemTotal:       99999999 kB\nMemFree:        %d kB\nMemAvailable:   %d kB\nSwapFree:       0 kB\n"
                % (kib, kib))
    # A chroot's / may be no mount point, so that it cannot be made private as unshare would; /proc is one.
    wrap = ["unshare", "--mount", "--propagation", "unchanged", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c",
            'mount --make-private /proc && mount --bind "$0" /proc/meminfo && exec "$@"', fake]
    done = run(*wrap, "true")
    if done.code:
        raise Skip(f"/proc/meminfo cannot be another one here: {done.err}")
    return wrap


@case("more memory than the machine has free: the keyslot is skipped before it is tried, with the needed and the free memory")
def too_little_memory(b):
    path = edited(b, lambda h: slot0(h).update(kdf=argon2_object(slot0(h), memory=2 << 20)))
    wrap = meminfo(b, 1 << 20)
    complaints = b.works("keyslot 1\n", "test", path, key=SECOND, skips=1, wrap=wrap)
    complaints += b.fails(2, "1 skipped: keyslot 0: needs 2048 MiB", "test", path, key=WRONG, skips=1, wrap=wrap)
    complaints += b.fails(3, "keyslot 0: needs 2048 MiB of memory for argon2id, 1024 MiB are free", "test", "--key-slot", "0", path,
                          key=RIGHT, skips=1, wrap=wrap)
    luks2edit.edit(path, lambda h: h["keyslots"]["1"].update(kdf=argon2_object(slot0(h), memory=3 << 20)))
    b.watch(path)
    return complaints + b.fails(3, "needs 2048 MiB of memory for argon2id, 1024 MiB are free", "test", path, key=RIGHT, skips=2,
                                wrap=wrap)


@case("an allocation that fails: the keyslot is skipped, the next one opens")
def memory_refused(b):
    if b.name == "host-asan":
        raise Skip("the sanitizers need more address space than this test allows")
    path = edited(b, lambda h: slot0(h).update(kdf=argon2_object(slot0(h), memory=256 << 10)))
    wrap = ["sh", "-c", 'ulimit -v 200000 && exec "$0" "$@"']
    return (b.works("keyslot 1\n", "test", path, key=SECOND, wrap=wrap)
            + b.fails(2, "1 tried, 1 skipped: keyslot 0: cannot allocate 256 MiB of memory", "test", path, key=WRONG, wrap=wrap)
            + b.fails(3, "cannot allocate 256 MiB of memory for argon2id", "test", "--key-slot", "0", path, key=RIGHT, wrap=wrap))


@case("keyslots that do not exist, that have other types, or that all have priority ignore")
def no_keyslot(b):
    complaints = b.fails(1, "has no keyslot 7", "test", "--key-slot", "7", volume("base"), key=RIGHT)

    def ignored(h):
        for s in h["keyslots"].values():
            s["priority"] = 0

    def other(h):
        for s in h["keyslots"].values():
            s["type"] = "luks3"

    def none(h):
        h["keyslots"].clear()
        h["digests"]["0"]["keyslots"] = []

    complaints += b.fails(1, "its keyslots are tried only with --key-slot", "test", edited(b, ignored), key=RIGHT)
    for change in (other, none):
        complaints += b.fails(7, "has no keyslot for its data", "test", edited(b, change), key=RIGHT)
    return complaints


@case("strings of the header do not control the terminal")
def escapes(b):
    path = twin(b)
    for which in BOTH:
        luks2edit.set_field(path, which, "label", b"\x1b[2J\x9b\x07 label\r")
        luks2edit.set_field(path, which, "subsystem", "\u202e\u00e4".encode())
    luks2edit.edit(path, lambda h: (slot0(h)["kdf"].update(type="\x1b[31m"), slot0(h)["area"].update(encryption="\u009b[31m"),
                                    h["config"].update(flags=["\x1b[0m"])))
    b.watch(path)
    complaints = []
    for argv in (["dump", path], ["dump", "--json", path], ["check", path]):
        done = b.start(*argv)
        if re.search(rb"[\x00-\x09\x0b-\x1f\x7f-\xff]", done.stdout + done.stderr):
            complaints.append(f"{argv[0]} prints {done.stdout + done.stderr}")
        if argv[1] == "--json" and json.loads(done.stdout)["label"] != "\x1b[2J\x9b\x07 label\r":
            complaints.append(f"dump --json prints another label: {done.stdout}")
    return complaints + b.written()


# --- the other commands --------------------------------------------------------------------------------------


@case("open without device-mapper fails with the kernel's code before the prompt")
def no_device_mapper(b):
    try:
        os.close(os.open("/dev/mapper/control", os.O_RDWR))
    except OSError:
        return (b.fails(8, "", "open", volume("base"), "latchkey-test-of-bad-input")
                + b.fails(8, "", "close", "latchkey-test-of-bad-input"))
    raise Skip("this machine has device-mapper: the boot tests cover it")


@case("a backup never overwrites a file, and leaves none when it fails")
def backup(b):
    base, exists = volume("base"), file(b, "exists", b"precious")
    target = os.path.join(b.folder, "backup")
    complaints = b.fails(5, "exists", "backup", base, exists) + b.fails(5, "", "backup", base, "/dev/null")
    complaints += b.fails(5, "exists", "backup", base, base) + b.fails(4, "", "backup", base, "/nonexistent/backup")
    complaints += b.fails(4, "", "backup", volume("zeroes"), target) + b.fails(4, "", "backup", "/nonexistent", target)
    path = twin(b)
    for which in BOTH:
        luks2edit.damage(path, which)
    b.watch(path)
    return complaints + b.fails(6, "damaged", "backup", path, target)


def main():
    lack = lacking(CRYPTSETUP, "cp")
    if lack:
        print(f"1..0 # SKIP {lack}")
        return 0
    workplace("cli")
    make_volumes()
    return suite(cases_for_builds(CASES, FOLDER, list(VOLUMES.values())))


if __name__ == "__main__":
    sys.exit(main())
