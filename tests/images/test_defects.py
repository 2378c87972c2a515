#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One image, one defect: the right cause, the right message, and an unchanged image.

`manifest` has a line for each image of `defects.py`: the required results of `test` and `check` (the short names of the causes;
the latter also with --json)
and a part of the required messages, with " | " between the two commands if they differ, and "-" for no requirement.
Each image is tested with both commands of the program and with its build with the sanitizers.

LATCHKEY_COMMAND="qemu-mips-static build/mips-linux-musl/latchkey" tests only that program: its byte order and word size must
not change any result. In this case, `check` runs only on the images that are damaged for both commands.

Arguments choose images by a part of their names. --observe prints manifest lines of the current results, as a draft for new
lines: review them before they become expectations. --keep keeps the images.
"""
import hashlib
import json
import os
import re
import sys

sys.dont_write_bytecode = True
from defects import DEFECTS
from image import O
from json_format import FORMAT_1, fits
from volumes import COMMAND, CRYPTSETUP, LATCHKEY, LATCHKEY_ASAN, lacking, must, run, suite

HERE = os.path.dirname(os.path.abspath(__file__))
OTHER = "LATCHKEY_COMMAND" in os.environ
PROGRAMS = [COMMAND] if OTHER else [COMMAND, [LATCHKEY_ASAN]]
FOLDER = os.path.join(O, "images", os.path.basename(os.path.dirname(COMMAND[-1])) if OTHER else "")
CAUSES = ["ok", "usage", "passphrase", "resource", "device", "exists", "damaged", "unsupported", "kernel", "bug"]
# What may stand before the sentence: it is true of volumes that open, too.
NOTE = re.compile(r"skipped: |.*unknown flags of the header|.* the other copy is used(; |$)|open would refuse it: "
                  r"|.*is older \(.*repair it with|.*have the same sequence id and differ|memory cannot be locked")


def manifest():
    rows = {}
    with open(os.path.join(HERE, "manifest"), encoding="ascii") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, test, check, *phrases = line.rstrip("\n").split(None, 3)
                phrases = phrases[0].split(" | ") if phrases else ["-"]
                assert name not in rows, f"manifest: {name} is a duplicate"
                rows[name] = (test, check, phrases[0], phrases[-1])
    return rows


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).digest(), os.fstat(f.fileno()).st_mtime_ns


def ask(program, command, defect, path):
    if command == "test":
        return run(*program, "test", *defect.options, "--key-file", "-", path, stdin=defect.secret)
    return run(*program, "check", path)


def cause(done):
    return CAUSES[done.code] if 0 <= done.code < len(CAUSES) else f"status-{done.code}"


def manners(command, done, path):
    """What is wrong with how it was said, whatever it was."""
    lines = done.err.splitlines()
    wrong = [f"not a message: {line!r}" for line in lines if not line.startswith("latchkey: ")]
    wrong += [f"not printable ASCII: {line!r}" for line in lines + done.out.splitlines() if re.search(r"[^ -~]", line)]
    sentences = [line for line in lines if not NOTE.match(line[len("latchkey: "):])]
    if len(sentences) != (done.code != 0):
        wrong.append(f"exit status {done.code}, sentences: {sentences}")
    if done.code != 0 and lines and path not in lines[-1] and "key file -" not in lines[-1] and command == "test":
        wrong.append(f"does not say which device: {lines[-1]!r}")
    if command == "test" and not re.fullmatch(r"keyslot \d+\n" if done.code == 0 else "", done.out):
        wrong.append(f"exit status {done.code}, standard output {done.out!r}")
    if done.out and not done.out.endswith("\n"):
        wrong.append(f"standard output without an end: {done.out[-60:]!r}")
    return wrong


def as_json(path, code):
    """Objects of docs/json.md or nothing, whatever the header has; nothing only if the exit code says that it failed."""
    for command in "dump", "check":
        done = run(*COMMAND, command, "--json", path)
        try:
            found = [json.loads(line) for line in ([done.out] if command == "dump" and done.out else done.out.splitlines())]
        except ValueError as wrong:
            yield f"{command} --json: {wrong}: {done.out}"
            continue
        if not done.out.isascii() or not all(fits(one, FORMAT_1[command]) for one in found) or not found and not done.code:
            yield f"{command} --json: not as in the format: {done.out}"
        if command == "check" and (done.code != code or found and (code == 6) != any(one["damaged"] for one in found)):
            yield f"check --json: code {done.code}, that of check is {code}: {done.out}"


def judge(defect, expected):
    path = os.path.join(FOLDER, defect.name.replace("/", "_") + ".img")
    defect.build().save(path)
    before, wrong = digest(path), []
    for program in PROGRAMS:
        for command, want, phrase in zip(("test", "check"), expected, expected[2:]):
            # Headers that neither takes: both read them with the same code, and sanitizers and emulators are slow.
            if program != [LATCHKEY] and command == "test" and expected[:2] == ("damaged", "damaged"):
                continue
            done = ask(program, command, defect, path)
            if cause(done) != want:
                wrong.append(f"{command}: {cause(done)}, not {want}: {done.out}{done.err}")
            elif phrase != "-" and phrase not in done.out + done.err:
                wrong.append(f"{command}: does not say {phrase!r}: {done.out}{done.err}")
            wrong += [f"{command}: {w}" for w in manners(command, done, path)]
            if command == "check" and not OTHER and program == COMMAND:
                wrong += as_json(path, done.code)
        if wrong:
            break
    if digest(path) != before:
        wrong.append("the image was written to")
    if "--keep" not in sys.argv:
        os.unlink(path)
    return wrong


# The piece of a sentence that says what is wrong, without what depends on the machine or on cryptsetup's release.
PIECES = [
    r"both copies .* primary: (?:JSON, byte \d+: )?(.*); secondary: (?:JSON, byte \d+: )?\1; restore",
    r"both copies .* (secondary: .*); restore",
    r"the LUKS1 header is damaged: (.*); restore",
    r"(the \w+ header is older) \(",
    r"(is older) \(",
    r"header cannot be used \((?:JSON, byte \d+: )?(.*)\), the other copy",
    r"JSON, byte \d+: (.*)",
    r"(two header copies have the same sequence id and differ; the primary is used)",
    r"(needs \d+ MiB of memory for argon2id), ",
    r"would take about .*(more than the limit.*)",
    r"wrong passphrase or key: .*(\(.*)",
    r"img: (ends at byte .*)",
]


def short(sentence):
    for pattern in PIECES:
        found = re.search(pattern, sentence)
        if found:
            return found.group(1)
    return sentence


def observed(defect):
    path = os.path.join(FOLDER, defect.name.replace("/", "_") + ".img")
    defect.build().save(path)
    causes, phrases = [], []
    for command in "test", "check":
        done = ask(COMMAND, command, defect, path)
        causes.append(cause(done))
        lines = [line.partition(": DAMAGED: ")[2] for line in done.out.splitlines() if ": DAMAGED: " in line]
        lines += [line.replace("latchkey: ", "", 1).replace(path + ": ", "") for line in reversed(done.err.splitlines())]
        phrases.append(short(lines[0]) if lines else "-")
    os.unlink(path)
    same = phrases[0] == phrases[1]
    return f"{defect.name:<44} {causes[0]:<11} {causes[1]:<11} {phrases[0] if same else ' | '.join(phrases)}"


def complete(rows):
    return [f"{n} is not in the manifest" for n in DEFECTS if n not in rows] + \
        [f"{n} is not in the catalogue" for n in rows if n not in DEFECTS] + \
        ([f"only {len(rows)} images"] if len(rows) < 300 else [])


def read_only(name):
    """Every system call that has to do with the image only reads."""
    defect = DEFECTS[name]
    path = os.path.join(FOLDER, f"trace-{name}.img")
    defect.build().save(path)
    wrong = []
    for command, more in ("test", [*defect.options, "--key-file", "-"]), ("check", []):
        log = path + ".trace"
        run("strace", "-f", "-y", "-o", log, LATCHKEY, command, *more, path, stdin=defect.secret)
        with open(log, errors="replace") as f:
            calls = f.read().splitlines()
        opens = [c for c in calls if re.search(r"\bopen(at|at2)?\(", c) and path in c]
        wrong += [f"{command} never opened the image"] * (not opens)
        wrong += [c for c in opens if "O_RDONLY" not in c or re.search("O_RDWR|O_WRONLY|O_CREAT|O_TRUNC", c)]
        wrong += [c for c in calls if re.search(r"\b(p?writev?\d*|ftruncate|fallocate|ioctl|rename\w*|unlink\w*|utime\w*|fchmod)\(",
                                                c) and path in c.split(" = ")[0] and "write(2" not in c]
        os.unlink(log)
    os.unlink(path)
    return wrong


def unreadable(when, want, phrase):
    """EIO in the read of 4096 bytes or more with that number, of a good volume: copies first, then the area of its keyslot."""
    path = os.path.join(FOLDER, f"unreadable-{when}.img")
    DEFECTS["good-requirements-empty"].build().save(path)

    def traced(log, *options):
        return run("strace", "-o", log, "-e", "trace=pread64", *options, LATCHKEY, "test", "--key-file", "-", path,
                   stdin=DEFECTS["good-requirements-empty"].secret)

    if when != "1+":
        # What belongs to other programs is looked for first, sector by sector.
        log = path + ".log"
        if traced(log).code:
            return ["the volume does not open without an error"]
        with open(log, encoding="ascii") as f:
            reads = [line for line in f if line.startswith("pread64")]
        # The first block of the header by itself; before it the marks of other programs are looked for.
        first = next(n for n, line in enumerate(reads) if ", 4096, 0) = " in line)
        big = [n + 1 for n, line in enumerate(reads) if n >= first and int(line.rsplit("=", 1)[1]) >= 4096]
        when = big[int(when) - 1]
        os.unlink(log)
    done = traced("/dev/null", "-e", f"inject=pread64:error=EIO:when={when}")
    wrong = manners("test", done, path)
    if cause(done) != want or phrase not in done.err:
        wrong.append(f"{cause(done)}, not {want} with {phrase!r}: {done.out}{done.err}")
    os.unlink(path)
    return wrong


UNREADABLE = [
    ("the primary header", "1", "ok", "the primary header cannot be used"),
    ("the JSON of the primary header", "2", "ok", "the primary header cannot be used"),
    ("the secondary header", "3", "ok", "the secondary header cannot be used"),
    ("the JSON of the secondary header", "4", "ok", "the secondary header cannot be used"),
    ("the area of the keyslot", "5", "device", "cannot be read"),
    ("everything", "1+", "device", "cannot be read"),
]


def main():
    wanted = [a for a in sys.argv[1:] if not a.startswith("--")]
    reason = lacking(COMMAND[0], COMMAND[-1], CRYPTSETUP)
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    os.makedirs(FOLDER, exist_ok=True)
    if "--observe" in sys.argv:
        for name, defect in DEFECTS.items():
            if not wanted or any(w in name for w in wanted):
                print(observed(defect), flush=True)
        return 0
    if not OTHER and not os.path.exists(LATCHKEY_ASAN):
        must("make", "-C", os.path.dirname(os.path.dirname(HERE)), "TARGET=host-asan", f"O={O}", timeout=600)
    rows = manifest()
    cases = [("the manifest and the catalogue name the same images", lambda: complete(rows))]
    if not OTHER and not lacking("strace"):
        cases += [(f"{name}: the image is only opened for reading", lambda name=name: read_only(name))
                  for name in ("good-tokens", "copies-zero-sound", "area-zeroed", "bin-csum-one-bit")]
        cases += [(f"EIO in {what}", lambda row=row: unreadable(*row)) for what, *row in UNREADABLE]
    cases += [(name, lambda name=name: judge(DEFECTS[name], rows[name])) for name in DEFECTS if name in rows]
    sys.argv[1:] = wanted
    return suite(cases)


if __name__ == "__main__":
    sys.exit(main())
