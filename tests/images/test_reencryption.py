#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Volumes during re-encryption, encryption or decryption: the right state, the right command, and no destructive advice.

`metadata` has the JSON areas of real volumes; a header is built around each. Other volumes are made here by the installed
cryptsetup, on plain files, and stopped or killed. Then the command that latchkey prints is run, as a user would run it.
Arguments choose cases by a part of their names.
"""
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from image import BOTH, PRIMARY, SECONDARY, base, from_text
from volumes import CRYPTSETUP, LATCHKEY, LATCHKEY_ASAN, PBKDF2, TOP, Broken, collector, fingerprint, lacking, must, run, save, suite, workplace

METADATA = os.path.join(TOP, "tests/images/metadata")
PROGRAMS = [LATCHKEY, LATCHKEY_ASAN]
SECRET = b"reencrypt"
MIB = 1 << 20
DETACHED = ("decrypt-shift", "decrypt-detached", "tiny-decrypt")

UNDER_WAY = "a re-encryption is under way"
RESUME = "; open it, and finish it with: cryptsetup reencrypt --resume-only "  # of a file
REPAIR = "; repair it with: cryptsetup repair "
CLEAN = ("clean", UNDER_WAY + RESUME)
CRASHED = ("crashed", UNDER_WAY + " and was interrupted while it wrote" + REPAIR)
UNPROTECTED = ("clean", UNDER_WAY + " with --resilience none: unless it was stopped in an orderly way, part of the data is lost")
V1 = ("v1", UNDER_WAY + " that a cryptsetup before 2.4.3 began" + REPAIR)
INCOMPLETE = ("unknown", UNDER_WAY + " and its metadata is incomplete: do not resume it, and copy the device first")
NO_KEY = "its data is not encrypted; there is nothing to unlock"
CASES, case = collector()
NUMBER = itertools.count(1)


def whole(words, place):
    """@words with the end of their command, if they end in one, for the volume at @place, as cryptsetup is told where it is."""
    if words.endswith(RESUME):
        place = [*place[:-1], "--active-name", "NAME"]
    return words + " ".join(place) if words.endswith(" ") else words


def metadata(kind, name):
    with open(os.path.join(METADATA, kind, name + ".json"), "rb") as f:
        return f.read().strip()


class Named:
    """A volume that is there."""

    def __init__(self, path, header=None):
        self.path, self.header = path, header

    @property
    def words(self):
        """As cryptsetup is told where it is."""
        return (["--header", self.header] if self.header else []) + [self.path]

    def remove(self):
        for path in filter(None, (self.path, self.header)):
            os.unlink(path)


class Place(Named):
    """A header and its data on the disk, in one file or in two."""

    def __init__(self, name, image, size, detached=False):
        super().__init__(*(os.path.join(FOLDER, name + end) for end in ([".img", ".hdr"] if detached else [".img"])))
        image.save(self.header or self.path)
        with open(self.path, "ab") as f:
            f.truncate(size)



def ask(program, place):
    """What each command answers: (command, Done). None may write."""
    table = save(FOLDER, f"root {place.path} none luks{',header=' + place.header if place.header else ''}\n".encode())
    before = [fingerprint(p) for p in place.words if not p.startswith("--")]
    yield "test", run(program, "test", "--key-file", "-", *place.words, stdin=SECRET)
    yield "check", run(program, "check", *place.words)
    yield "dump", run(program, "dump", *place.words)
    yield "json", run(program, "dump", "--json", *place.words)
    yield "preflight", run(program + "-preflight", "--cmdline", "", "--memory", "1024", "--crypttab", table, "--root", "/",
                           "--config", "/dev/null")
    if before != [fingerprint(p) for p in place.words if not p.startswith("--")]:
        yield "written", None


PROGRESS = re.compile(r": [0-9]+ % is done(, the rest is not encrypted| and not encrypted)?")


def answers(place, state, words, tested=2, opens=None):
    """Every command says @words; test ends with @tested: 2 where keyslots are tried, whose areas are random here.

    @opens: open would map it; None: as it is for @state.
    """
    wrong = []
    opens = state == "clean" if opens is None else opens
    is_command, words = words.endswith(" "), whole(words, place.words)
    for program in PROGRAMS:
        for command, done in ask(program, place):
            if not done:
                wrong.append("a command wrote to the volume")
                continue
            text = done.out + done.err
            if command == "json":
                found = json.loads(done.out)
                if found.get("reencryption", "none") != state:
                    wrong.append(f"dump --json: state {found.get('reencryption')}, not {state}")
                text = "\n".join(v.get("why", "") for v in (found["requirements"], found["segment"]))
            if opens and "--resilience none" not in words and not PROGRESS.search(text):
                wrong.append(f"{command}: does not say how far it is\n{text}")
            text = PROGRESS.sub("", text)
            where = [line for line in text.splitlines() if words in line]
            if command == "test" and (f"open would refuse it: {place.words[-1 if not place.header else 1]}: " in text) != (tested != 7 and not opens):
                wrong.append(f"test: the verdict is a note if keyslots are tried, and only then\n{text}")
            if not where or (is_command and not where[-1].endswith(words)):
                wrong.append(f"{command}: does not say {words!r}\n{text}")
            if state != "none" and re.search("damaged|DAMAGED|restore|" + NO_KEY, text):
                wrong.append(f"{command}: {text}")
            code = {"test": tested, "preflight": 0 if opens else 7}.get(command, 0)
            if done.code != code:
                wrong.append(f"{command}: status {done.code}, not {code}\n{text}")
    place.remove()
    return wrong


@case("benchmark does not say that two keyslots are derived")
def _():
    place = sample("reencryption", "tiny-rekey-28")
    done = run(LATCHKEY, "benchmark", place.path)
    one = sample("reencryption", "tiny-encrypt-28")
    alone = run(LATCHKEY, "benchmark", one.path)
    place.remove()
    one.remove()
    words = r"open derives one keyslot for the old key, up to [0-9]+\.[0-9] s, and one for the new one, up to [0-9]+\.[0-9] s\n"
    good = re.search(words, done.out) and "open derives" not in alone.out and not done.code | alone.code
    return [] if good else [done.out + done.err + alone.out]


@case("the two derivations of a re-encryption have each other's time, or that of a keyslot that is no choice")
def _():
    def slow(h):  # keyslot 0 is of the old key; two keyslots of the new one, of which the slower counts
        h["keyslots"]["0"]["kdf"]["iterations"] = 3000000
        h["keyslots"]["5"] = dict(h["keyslots"]["1"], area=dict(h["keyslots"]["1"]["area"], offset="294912"), kdf=dict(
            h["keyslots"]["1"]["kdf"], iterations=20000000))
        h["digests"]["1"]["keyslots"].append("5")
        h["config"]["keyslots_size"] = "327680"

    place = sample("reencryption", "tiny-rekey-28", slow)
    said = [run(LATCHKEY, "benchmark", place.path).out, preflight_of(place)]
    place.remove()
    wrong = []
    for text in said:
        old, new = (float(re.search(rf"for the {which}.*? up to ([0-9.]+) s", text.replace(",", "")).group(1)) for which in ("old", "new"))
        if not 0 < old < new:
            wrong.append(text)
    return wrong


def costly(*slots):
    return lambda h: [h["keyslots"][n]["kdf"].update(iterations=200000000) for n in slots]


@case("preflight does not say that one of the two keys has no keyslot that boot can try")
def _():
    wrong = []
    for change, options, words in (
            (costly("1"), "", "no keyslot for the new key of the re-encryption can be tried at boot: it cannot be opened"),
            (costly("0"), "", "no keyslot for the old key of the re-encryption can be tried at boot: it cannot be opened"),
            (costly("0", "1"), "", "none of its 2 keyslots can be tried at boot: it cannot be opened"),
            (lambda h: h["keyslots"]["1"].update(priority=0), "", "no keyslot for the new key of the re-encryption"),
            (lambda h: h["keyslots"]["1"].update(priority=0), ",key-slot=1", None),
            (lambda h: h["keyslots"]["0"].update(priority=0), ",key-slot=1", "no keyslot for the old key of the re-encryption"),
            (costly("0"), ",key-slot=1", "no keyslot for the old key of the re-encryption"),
            (lambda h: None, ",key-slot=0", None), (lambda h: None, "", None)):
        place = sample("reencryption", "tiny-rekey-28", change)
        said = preflight_of(place, options)
        place.remove()
        if ("it cannot be opened" in said) != (words is not None) or (words or "") not in said:
            wrong.append(f"{options}, {words}: {said}")
    return wrong


def journal_of_shift(h):
    h["keyslots"]["1"]["area"].update(type="datashift-journal")
    for field in "hash", "sector_size":
        del h["keyslots"]["1"]["area"][field]


def small_area(h):
    h["keyslots"]["2"]["area"].update(size="4096")


def refused(place, *options):
    """The message with which open refuses @place with status 7, or None: it would go on with the keys, or the kernel."""
    done = run(LATCHKEY, "open", *options, "--key-file", "-", *place.words, "no-such-mapping", stdin=SECRET)
    return done.err if done.code == 7 else None


@case("open --readonly refuses a crashed re-encryption that it could map, or maps one that it could not")
def _():
    wrong = []
    hidden = lambda h: require("no-such", *h["config"]["requirements"]["mandatory"])(h)  # noqa: E731
    for name, change, words in (
            ("rekey-checksum-mixed", None, None), ("rekey-journal-mixed", None, None), ("encrypt-shift-mixed", None, None),
            ("decrypt-shift-mixed", None, None), ("decrypt-shift-last", None, None),
            ("decrypt-shift-last", journal_of_shift, 'its recovery data, of the kind "datashift-journal", cannot be mapped'),
            ("rekey-journal-mixed", small_area, 'its recovery data, of the kind "journal", cannot be mapped'),
            ("rekey-checksum-mixed", small_area, 'its recovery data, of the kind "checksum", cannot be mapped'),
            ("rekey-checksum-mixed", hidden, CRASHED[1]),
            ("rekey-checksum-mixed", without("digests", "2"), INCOMPLETE[1])):
        place = sample("reencryption", name, change)
        said = refused(place, "--readonly")
        if (words is None) != (said is None) or (said and words not in said):
            wrong.append(f"{name}, {words}: {said}")
        if not refused(place):
            wrong.append(f"{name}, {words}: is not refused without --readonly")
        place.remove()
    return wrong


def preflight_of(place, options=""):
    table = save(FOLDER, f"root {place.path} none luks{options}{',header=' + place.header if place.header else ''}\n".encode())
    done = run(LATCHKEY + "-preflight", "--cmdline", "", "--memory", "1024", "--crypttab", table, "--root", "/", "--config", "/dev/null")
    return done.out + done.err


def preflight(name):
    """What latchkey-preflight says of the sample @name, line by line."""
    place = sample("reencryption", name)
    said = preflight_of(place)
    place.remove()
    return said


@case("preflight does not say how a re-encryption is done, or that it takes two derivations")
def _():
    two = r"; two keyslots are derived with the same passphrase: for the old key up to [0-9]+\.[0-9] s, for the new one up to [0-9]+\.[0-9] s"
    wrong = []
    for name, how in (("rekey-cipher-sector-clean", "reencrypt, forward, resilience checksum, from aes-cbc-essiv:sha256 to aes-xts-plain64" + two),
                      ("rekey-shift-clean", "reencrypt, backward, resilience datashift, from aes-xts-plain64 to aes-xts-plain64" + two),
                      ("rekey-journal-mixed", "reencrypt, forward, resilience journal, from aes-xts-plain64 to aes-xts-plain64" + two),
                      ("keep-key-clean", "reencrypt, forward, resilience checksum, from aes-xts-plain64 to aes-xts-plain64"),
                      ("encrypt-shift-mixed", "encrypt, backward, resilience datashift, from not encrypted to aes-xts-plain64"),
                      ("decrypt-shift-last", "decrypt, forward, resilience datashift-checksum, from aes-xts-plain64 to not encrypted")):
        said = preflight(name)
        if not re.search(f"re-encryption: mode {how}\n", said):
            wrong.append(said)
    return wrong


# --- real metadata ------------------------------------------------------------------------------------------


def expected(name):
    if name == "decrypt-finished":
        return ("none", NO_KEY)
    if name == "rekey-none-crash":
        return UNPROTECTED
    return CRASHED if name.endswith(("-mixed", "-last")) else CLEAN


def sample(kind, name, change=None):
    image = from_text(metadata(kind, name))
    if change:
        image.json(change)
    size = 24 if kind == "integrity" else 16 if name.startswith("tiny") else 48
    return Place(f"{name}-{next(NUMBER)}", image, size * MIB, name.startswith(DETACHED) or name == "decrypt-finished")


def names(kind):
    return sorted(f[:-5] for f in os.listdir(os.path.join(METADATA, kind)))


def add_samples():
    for name in names("reencryption"):
        CASES.append((f"{name}: a wrong verdict, state or command",
                      lambda name=name: answers(sample("reencryption", name), *expected(name),
                                                tested=7 if name == "decrypt-finished" else 2)))


@case("a sample is missing")
def _():
    return [] if len(names("reencryption")) == 23 else ["not 23"]


@case("a header file by itself: the command takes it for the device")
def _():
    place = sample("reencryption", "decrypt-shift-mixed")
    wrong = []
    for command in "check", "dump", "test":
        done = run(LATCHKEY, command, place.header, stdin=SECRET)
        if not any(line.endswith(CRASHED[1] + f"--header {place.header} DEVICE") for line in (done.out + done.err).split("\n")):
            wrong.append(f"{command}: {done.out}{done.err}")
    place.remove()
    return wrong


def beside(data):
    """What test says of a copy of a header in the middle of a re-encryption, with @data in place of its device."""
    place = sample("reencryption", "rekey-checksum-clean")
    with open(place.path, "rb") as f:
        header = save(FOLDER, f.read(16 * MIB))
    with open(place.path, "wb") as f:
        f.write(data)
        f.truncate(48 * MIB)
    done = run(LATCHKEY, "test", "--key-file", "-", "--header", header, place.path, stdin=SECRET)
    place.remove()
    return done.err


@case("a header in the middle of a re-encryption is taken though the one on the device cannot be read")
def _():
    said = beside(b"")
    words = "the header on the device cannot be read, and only the newest one fits the data of a re-encryption"
    return [] if "open would refuse it" in said and words in said and "--resume-only" not in said else [said]


@case("a header that has always been detached is refused because of the room for one on the device, and nothing says what to do")
def _():
    path, header = (os.path.join(FOLDER, n) for n in ("room.img", "room.hdr"))
    must("truncate", "-s", "32M", path)
    must(CRYPTSETUP, "-q", "luksFormat", *PBKDF2, "--key-file", key(), "--header", header, "--offset", "32768", path, stdin=b"")
    test = [LATCHKEY, "test", "--key-file", key(), "--header", header, path]
    wrong = [done.err for done in [run(*test)] if done.code or done.err]
    reencrypt(path, "--init-only", "--header", header)
    done = run(*test)
    if done.code or "open would refuse it" not in done.err or not done.err.endswith(": if it never had one, use cryptsetup; else copy it first\n"):
        wrong.append(done.err)
    reencrypt(path, "--resume-only", "--header", header)
    return wrong + [done.err for done in [run(*test)] if done.code or done.err]


@case("with a detached header in the middle of a re-encryption the member of an array is mapped")
def _():
    said = beside(b"\0" * (48 * MIB - 1024) + b"Intel Raid ISM Cfg Sig. 1.3.00".ljust(512, b"\0"))
    return [] if re.search("open would refuse it: .*: has the mark of a firmware RAID array", said) else [said]


@case("a header of backup segments only ends dump with a signal")
def _():
    place = sample("reencryption", "tiny-rekey-28", lambda h: h.update(segments={"0": dict(h["segments"]["2"], flags=["backup-previous"])}))
    wrong = [f"{program} {command}: {done}" for program in PROGRAMS for command in ("dump", "check")
             for done in [run(program, command, place.path)] if done.code not in (0, 6, 7)]
    place.remove()
    return wrong


# --- states that today's cryptsetup does not make ---------------------------------------------------------------


def require(*which):
    return lambda h: h["config"]["requirements"].update(mandatory=list(which))


def without(section, number):
    return lambda h: h[section].pop(number)


def no_requirement(h):
    del h["config"]["requirements"]


def v1(h):
    require("online-reencrypt")(h)
    del h["digests"]["2"]


def hot(*which):
    return lambda h: [h["segments"][w].update(flags=["in-reencryption"]) for w in which]


def flag(segment, *flags):
    return lambda h: h["segments"][segment].update(flags=list(flags))


def all_hot(h):
    """The hotzone is all there is: it belongs to both keys, of which the old one does not fit the new cipher."""
    h["segments"] = {"0": dict(h["segments"]["3"], size="dynamic", flags=["in-reencryption"]), "1": h["segments"]["2"],
                     "2": h["segments"]["3"]}
    h["digests"]["0"]["segments"], h["digests"]["1"]["segments"] = ["0", "1"], ["0", "2"]


OFFLINE = ("offline", "an offline re-encryption is under way; finish it with the program that began it, where its file "
           "LUKS-6f3b1a52-9c1e-4c7e-8a7b-2d4f5e6a7b8c.log is")
LATER = ("unknown", UNDER_WAY + ' that requires "online-reencrypt-v4"; a newer cryptsetup may finish it')
for what, change, want in (
        ("v1", v1, V1),
        ("v1 that crashed", lambda h: (v1(h), hot("0")(h)), V1),
        ("offline", lambda h: (require("offline-reencrypt")(h), h["keyslots"].pop("2"), h["digests"].pop("2"),
                               [h["segments"].pop(n) for n in "123"], h["segments"]["0"].update(size="dynamic"),
                               h["digests"]["0"].update(segments=[]), h["digests"]["1"].update(segments=["0"])), OFFLINE),
        ("a later kind", require("online-reencrypt-v4"), LATER),
        ("another requirement in front hides it", require("opal", "online-reencrypt-v2"), CLEAN),
        ("another requirement behind hides it", require("online-reencrypt-v2", "no-such"), CLEAN),
        ("without its requirement", no_requirement, INCOMPLETE),
        ("without its requirement, crashed", lambda h: (no_requirement(h), hot("0")(h)), INCOMPLETE),
        ("without its keyslot", lambda h: (h["keyslots"].pop("2"), h["digests"].pop("2")), INCOMPLETE),
        ("without the digest of its keyslot", without("digests", "2"), INCOMPLETE),
        ("with a second keyslot", lambda h: (h["keyslots"].update({"5": dict(h["keyslots"]["2"], area=dict(
            h["keyslots"]["2"]["area"], offset="290816", size="4096"))}), h["keyslots"]["2"]["area"].update(
                offset="286720", size="4096"), h["digests"]["2"]["keyslots"].append("5")), INCOMPLETE),
        ("with two segments in hand", hot("0", "1"), INCOMPLETE),
        ("without backup-previous", flag("2", "backup-other"), INCOMPLETE),
        ("without backup-final", flag("3", "backup-other"), INCOMPLETE),
        ("with its requirement twice", require("online-reencrypt-v2", "online-reencrypt-v2"), INCOMPLETE),
        ("of two versions", require("online-reencrypt-v2", "online-reencrypt-v3"), INCOMPLETE),
        ("with checksums of no bytes", lambda h: h["keyslots"]["2"]["area"].update(sector_size=0), INCOMPLETE),
        ("with checksums of odd bytes", lambda h: h["keyslots"]["2"]["area"].update(sector_size=511), INCOMPLETE),
        ("with a shift by nothing", lambda h: (h["keyslots"]["2"]["area"].update(type="datashift-checksum", shift_size="0")), INCOMPLETE),
        ("with a shift by odd bytes", lambda h: (h["keyslots"]["2"]["area"].update(type="datashift-checksum", shift_size="1048577")), INCOMPLETE),
        ("with a shift beyond all", lambda h: (h["keyslots"]["2"]["area"].update(type="datashift-checksum", shift_size=str(2**64 - 1))), INCOMPLETE),
        ("backup segments in the other order", lambda h: (flag("2", "backup-final")(h), flag("3", "backup-previous")(h)), CLEAN),
        ("flags behind a flag that means nothing", lambda h: (flag("0", "x", "in-reencryption")(h),
                                                            flag("2", "x", "backup-previous")(h)), CRASHED),
):
    CASES.append((f"a re-encryption {what}: a wrong verdict, state or command",
                  lambda change=change, want=want, what=what: answers(sample("reencryption", "tiny-rekey-28", change), *want,
                                                                      opens=False if "hides" in what else None)))
CASES.append(("the hotzone is all of the data: a keyslot of the old key is called damaged",
              lambda: answers(sample("reencryption", "rekey-cipher-sector-clean", all_hot), *CRASHED)))


def both_damaged(change, words, size=None):
    """A header that breaks the rules is damaged; a re-encryption shows all the same."""
    place = sample("reencryption", "tiny-encrypt-28", change)
    done = run(LATCHKEY, "check", place.path)
    place.remove()
    return [] if done.code == 6 and words in done.err and "restore no header backup" in done.err else [done.out + done.err]


for what, change, words in (
        ("by a sector, the moved one", lambda h: h["segments"]["0"].update(offset="15728128"), "segments 0 and 2 overlap"),
        ("by a sector, in order", lambda h: h["segments"]["1"].update(size="12583424"), "segments 1 and 2 overlap"),
        ("the later inside the earlier", lambda h: h["segments"]["2"].update(offset="2097152", size="512"), "segments 1 and 2 overlap"),
        ("a dynamic one in front", lambda h: h["segments"]["0"].update(size="dynamic"), 'segment 0 is "dynamic" but not the last'),
        ("the last, dynamic one over the moved one", lambda h: h["segments"]["2"].update(size="dynamic"), "segments 0 and 2 overlap"),
        ("the keyslots", lambda h: h["segments"]["1"].update(offset="1048064"), "segment 1: begins at byte 1048064, inside the header"),
):
    CASES.append((f"segments that overlap are accepted: {what}",
                  lambda change=change, words=words: both_damaged(change, words)))


@case("a device that ends inside the moved segment is called sound")
def _():
    place = sample("reencryption", "tiny-encrypt-28")
    with open(place.path, "ab") as f:
        f.truncate(16 * MIB - 512)
    done = run(LATCHKEY, "check", place.path)
    place.remove()
    return [] if done.code == 6 and "data: DAMAGED: the device has 16776704 bytes, its data would be 1048576 bytes from byte 15728640 on: truncated?" in done.out \
        else [done.out + done.err]


# --- damage meanwhile -----------------------------------------------------------------------------------------


def spoil_checksum(image, which):
    image.data[image.at(which) + 448] ^= 1


def spoil_json(image, which):
    image.text(lambda text: text[:-1], which)


def spoil_rules(image, which):
    image.json(lambda h: h["config"].update(keyslots_size="1"), which)


def spoil_size(image, which):
    image.field("hdr_size", 12345, which)


def spoil_requirement(image, which):
    """Remove the one word that marks a re-encryption; the rest still shows it."""
    at = image.data.index(b"online-reencrypt", image.at(which))
    image.write_at(at, b"\xff" * 16)


def spoil_binary(image, which):
    image.zero(image.at(which), 4096)


def spoil_magic(image, which):
    image.zero(image.at(which), 6)


SPOILS = [spoil_checksum, spoil_json, spoil_rules, spoil_size, spoil_requirement, spoil_magic]


def damaged(first, second, name="tiny-encrypt-28", kind="reencryption"):
    image = from_text(metadata(kind, name))
    first(image, PRIMARY)
    second(image, SECONDARY)
    return Place(f"spoilt-{next(NUMBER)}", image, 16 * MIB)


def all_say(place, code, good, bad, keep=False):
    """Every command ends with @code; where that is 7, those that do not need the data have 0."""
    wrong = []
    for command, done in ask(LATCHKEY, place):
        text = done.out + done.err
        if done.code != (0 if code == 7 and command in ("test", "check", "dump", "json") else code) or re.search(bad, text) or not re.search(good, text):
            wrong.append(f"{command}: status {done.code}\n{text}")
    if not keep:
        place.remove()
    return wrong


@case("both copies are damaged: a restore is advised, which destroys the data")
def _():
    wrong = []
    for first in SPOILS + [spoil_binary]:
        for second in SPOILS:
            if first not in (spoil_magic, spoil_binary) or second != spoil_magic:  # then nothing says that it is LUKS
                place = damaged(first, second)
                wrong += all_say(place, 6, "a re-encryption was under way: restore no header backup, copy the device first",
                                 "restore a header")
    return wrong


@case("both copies are damaged, and no re-encryption: a restore is not advised any more")
def _():
    return all_say(damaged(spoil_checksum, spoil_json, "hmac-26", "integrity"), 6, "; restore a header backup", "re-encryption")


@case("one copy is damaged: a restore is advised, or the state is not said")
def _():
    wrong = []
    for name, want in ("tiny-encrypt-28", CLEAN), ("rekey-checksum-mixed", CRASHED):
        for spoil in SPOILS + [spoil_binary]:
            for which in BOTH:
                image = from_text(metadata("reencryption", name))
                spoil(image, which)
                place = Place(f"spoilt-{next(NUMBER)}", image, 48 * MIB)
                for command, done in ask(LATCHKEY, place):
                    text = PROGRESS.sub("", done.out + done.err)
                    if whole(want[1], place.words) not in text or "restore" in text or "check" in command and done.code != 6 or \
                            command == "test" and done.code != 2:
                        wrong.append(f"{spoil.__name__} {which} {command}: {text}")
                place.remove()
    return wrong


NEWER = ("the header on the device is not older, and only the newest one fits the data of a re-encryption: leave --header out")


@case("a header file older than the re-encryption's header on the device is used or resumed, which destroys the data")
def _():
    path, before, meanwhile, other = (os.path.join(FOLDER, n) for n in ("older.img", "before.hdr", "meanwhile.hdr", "other.hdr"))
    backup = lambda to: must(CRYPTSETUP, "luksHeaderBackup", path, "--header-backup-file", to)  # noqa: E731
    format_volume(path, "32M")
    backup(before)
    shutil.copy(before, other)
    ours = [run(LATCHKEY, "backup", path, before + ".ours")]
    must(CRYPTSETUP, "-q", "luksUUID", "--uuid", "11111111-2222-4333-8444-555555555555", other)
    place = Named(path, before)
    wrong = [f"before: {done.err}" for command, done in ask(LATCHKEY, place) if command == "test" and done.code]
    reencrypt(path, "--init-only")
    backup(meanwhile)
    ours += [run(LATCHKEY, "backup", path, meanwhile + ".ours")]
    if [("fits the data only until the re-encryption goes on" in done.err, done.code) for done in ours] != [(False, 0), (True, 0)]:
        wrong.append(f"backup: {ours}")
    for header in before, meanwhile:  # the second is as new: continuing with it makes the one on the device obsolete
        wrong += all_say(Named(path, header), 7, NEWER, "resume-only|restore", keep=True)
    # Another volume's header, before data that look like a LUKS device: a note only, as ever.
    done = run(LATCHKEY, "test", "--key-file", "-", "--header", other, path, stdin=SECRET)
    wrong += [] if done.code == 0 and "another UUID" in done.err else [done.err]
    # The one that it goes on with is the newer one.
    reencrypt(path, "--resume-only", "--header", meanwhile)
    done = run(LATCHKEY, "test", "--key-file", "-", "--header", meanwhile, path, stdin=SECRET)
    wrong += [] if done.code == 0 else [f"the newer one: {done.err}"]
    return wrong


@case("a header file from the middle of a re-encryption that has ended is resumed, which destroys the data")
def _():
    path, meanwhile = (os.path.join(FOLDER, n) for n in ("ended.img", "ended.hdr"))
    format_volume(path, "32M")
    reencrypt(path, "--init-only")
    must(CRYPTSETUP, "luksHeaderBackup", path, "--header-backup-file", meanwhile)
    reencrypt(path, "--resume-only")
    return all_say(Named(path, meanwhile), 7, NEWER, "resume-only|restore", keep=True)


# --- the installed cryptsetup ------------------------------------------------------------------------------------


def format_volume(path, size, *options, luks="luks2"):
    must("truncate", "-s", size, path)
    kdf = PBKDF2 if luks == "luks2" else PBKDF2[2:]
    must(CRYPTSETUP, "-q", "luksFormat", "--type", luks, *kdf, *options, "--key-file", key(), path)


def key():
    return save(FOLDER, SECRET)


def command_line(path, *options):
    return [CRYPTSETUP, "-q", "reencrypt", "--force-offline-reencrypt", *PBKDF2, "--key-file", key(), *options, path]


def reencrypt(path, *options):
    must(*command_line(path, *options), cwd=FOLDER)


def header_text(path):
    with open(path, "rb") as f:
        return f.read(16384)[4096:].split(b"\0")[0]


def is_hot(path):
    return b'"in-reencryption"' in header_text(path)


def is_settled(path):
    """Both copies are whole, and say the same: no write of theirs was cut."""
    with open(path, "rb") as f:
        copies = [f.read(16384), f.read(16384)]
    sums = [hashlib.sha256(c[:448] + bytes(64) + c[512:]).digest() == c[448:480] for c in copies]
    return all(sums) and copies[0][4096:] == copies[1][4096:]


HOTZONE = ["--hotzone-size", "4M"]


def stop(number, header, path, *options):
    """
    Begin, and send the signal @number while a hotzone is being written. The state that is wanted comes of it nearly always; for
    the few times that it does not, go on from there.
    """
    for _ in range(20):
        running = subprocess.Popen(command_line(path, *options), cwd=FOLDER, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while running.poll() is None and not (os.path.exists(header) and is_hot(header)):
            time.sleep(0.001)
        if running.poll() is None:
            running.send_signal(number)
        said = running.communicate()[1].decode()
        under_way = b"online-reencrypt" in header_text(header)
        if under_way and is_settled(header) and is_hot(header) == (number == signal.SIGKILL):
            return
        if not under_way:
            raise Broken(f"cryptsetup was done before the signal: {said}")
        place = ["--header", header, path] if header != path else [path]
        must(CRYPTSETUP, "-q", "repair", "--key-file", key(), *place, cwd=FOLDER)
        options = [*place[:-1], *HOTZONE, "--resume-only"]
    raise Broken(f"not stopped in the state that is wanted: {said}")


def advised(place, want):
    """The command of the sentence, which must be that of @want."""
    done = run(LATCHKEY, "test", "--key-file", "-", *place, stdin=SECRET)
    words = whole(want[1], place)
    if done.code or not done.out.startswith("keyslot ") or not PROGRESS.sub("", done.err).endswith(words + "\n"):
        raise Broken(f"not {words!r}, but: status {done.code}, {done.err}")
    check = run(LATCHKEY, "check", *place)
    if check.code or words not in PROGRESS.sub("", check.out):
        raise Broken(f"check: status {check.code}, not 0\n{check.out}{check.err}")
    return done.err.rstrip().split(": ")[-1].split()


def follow(place, want):
    """Do what is advised, or the same without a mapping: boot/guest/reencryption_cases has one, and types the command as it is."""
    argv = advised(place, want)
    if argv[1] == "reencrypt":
        argv[-2:] = ["--force-offline-reencrypt", place[-1]]
    must(CRYPTSETUP, *argv[1:], "-q", "--key-file", key(), cwd=FOLDER)


def opens(*place):
    done = run(LATCHKEY, "test", "--key-file", "-", *place, stdin=SECRET)
    left = header_text(place[1] if len(place) > 2 else place[0])
    return [] if done.code == 0 and b"reencrypt" not in left else [f"is not opened afterwards: {done.err}"]


@case("cryptsetup: encryption in place that has only begun is called damaged")
def _():
    path = os.path.join(FOLDER, "encrypt-init.img")
    must("truncate", "-s", "32M", path)
    reencrypt(path, "--encrypt", "--init-only", "--reduce-device-size", "8M")
    follow([path], CLEAN)
    return opens(path)


@case("cryptsetup: encryption in place that was stopped is called damaged")
def _():
    path = os.path.join(FOLDER, "encrypt-stopped.img")
    must("truncate", "-s", "512M", path)
    stop(signal.SIGINT, path, path, "--encrypt", "--reduce-device-size", "8M")
    follow([path], CLEAN)
    return opens(path)


@case("cryptsetup: encryption in place that was killed is called damaged")
def _():
    path = os.path.join(FOLDER, "encrypt-killed.img")
    must("truncate", "-s", "512M", path)
    stop(signal.SIGKILL, path, path, "--encrypt", "--reduce-device-size", "8M")
    follow([path], CRASHED)
    follow([path], CLEAN)
    return opens(path)


@case("cryptsetup: encryption under a detached header is given a command without it")
def _():
    path, header = (os.path.join(FOLDER, n) for n in ("encrypt-detached.img", "encrypt-detached.hdr"))
    must("truncate", "-s", "256M", path)
    stop(signal.SIGKILL, header, path, "--encrypt", "--header", header, "--resilience", "journal", *HOTZONE)
    follow(["--header", header, path], CRASHED)
    follow(["--header", header, path], CLEAN)
    return opens("--header", header, path)


@case("cryptsetup: a new key for the volume, stopped: the wrong command")
def _():
    path = os.path.join(FOLDER, "rekey-stopped.img")
    format_volume(path, "256M")
    stop(signal.SIGINT, path, path, "--resilience", "checksum", *HOTZONE)
    follow([path], CLEAN)
    return opens(path)


@case("cryptsetup: a new key for the volume, killed: the command is refused by cryptsetup")
def _():
    path = os.path.join(FOLDER, "rekey-killed.img")
    format_volume(path, "256M")
    stop(signal.SIGKILL, path, path, "--resilience", "journal", *HOTZONE)
    follow([path], CRASHED)
    follow([path], CLEAN)
    return opens(path)


@case("cryptsetup: --resilience none, started and not finished: no warning")
def _():
    path = os.path.join(FOLDER, "rekey-none.img")
    format_volume(path, "32M")
    reencrypt(path, "--init-only", "--resilience", "none")
    done = run(LATCHKEY, "check", path)
    if UNPROTECTED[1] not in done.out + done.err or "--resume-only" in done.out + done.err:
        return [done.out + done.err]
    percent = json.loads(must(LATCHKEY, "dump", "--json", path))["reencrypt"]["percent"]
    if percent is not None:
        return [f"{percent} % is told, which nothing knows after a crash"]
    must(CRYPTSETUP, "reencrypt", "--resume-only", path, "-q", "--force-offline-reencrypt", "--key-file", key())
    return opens(path)


@case("cryptsetup: a passphrase of only one key is taken for that of both, or called wrong without saying why")
def _():
    path, second = os.path.join(FOLDER, "one-key.img"), b"of the old key"
    format_volume(path, "32M")
    must(CRYPTSETUP, "luksAddKey", "-q", *PBKDF2, "--key-file", key(), path, save(FOLDER, second))
    reencrypt(path, "--init-only", "--key-slot", "0")
    why = "keyslot 1 holds the old key only; no keyslot for the new key opens with this passphrase"
    wrong = []
    for program in PROGRAMS:
        done, both = (run(program, "test", "--key-file", "-", path, stdin=secret) for secret in (second, SECRET))
        if done.code != 2 or why not in done.err or both.code:
            wrong.append(f"status {done.code}: {done.err}\nand {both.code}: {both.err}")
    return wrong


@case("cryptsetup: decryption, killed: the command is refused by cryptsetup")
def _():
    path, header = (os.path.join(FOLDER, n) for n in ("decrypt.img", "decrypt.hdr"))
    format_volume(path, "256M")
    stop(signal.SIGKILL, header, path, "--decrypt", "--header", header, *HOTZONE)
    follow(["--header", header, path], CRASHED)
    follow(["--header", header, path], CLEAN)
    done = run(LATCHKEY, "test", "--key-file", "-", "--header", header, path, stdin=SECRET)
    return [] if done.code == 7 and NO_KEY in done.err else [done.err]


@case("cryptsetup: one that a version before 2.4.3 began: the command is refused by cryptsetup")
def _():
    path = os.path.join(FOLDER, "v1.img")
    format_volume(path, "32M")
    reencrypt(path, "--init-only")
    with open(path, "rb") as f:
        image = base_of(f.read())
    image.json(lambda h: (require("online-reencrypt")(h), h["digests"].pop(next(d for d, v in h["digests"].items() if v["keyslots"] == ["2"]))))
    image.save(path)
    follow([path], V1)
    follow([path], CLEAN)
    return opens(path)


def changed(h, where, value):
    """Set the field at @where, a path of names; True if it is there and was another one."""
    *path, last = where.split("/")
    for name in path:
        h = h.get(name, {})
    if last not in h or h[last] == value:
        return False
    h[last] = value
    return True


def description(h):
    """Every field of what describes a re-encryption, with another valid value: (path, value)."""
    slot = next(n for n, s in h["keyslots"].items() if s["type"] == "reencrypt")
    yield "config/requirements/mandatory", ["online-reencrypt-v3"]
    yield f"keyslots/{slot}/mode", "encrypt"
    yield f"keyslots/{slot}/direction", "backward"
    for field, value in (("type", "journal"), ("hash", "sha512"), ("sector_size", 4096), ("shift_size", "8192"),
                         ("size", str(int(h["keyslots"][slot]["area"]["size"]) - 4096)),
                         ("offset", str(int(h["keyslots"][slot]["area"]["offset"]) + 4096))):
        yield f"keyslots/{slot}/area/{field}", value
    for n, segment in h["segments"].items():
        for field, value in (("offset", str(int(segment["offset"]) + 4096)), ("iv_tweak", "8"), ("encryption", "aes-xts-plain"),
                             ("sector_size", 4096), ("type", "linear"),
                             ("size", "4194304" if segment["size"] == "dynamic" else str(int(segment["size"]) - 512))):
            yield f"segments/{n}/{field}", value


@case("a field of the description of a re-encryption is changed, and it is opened")
def _():
    wrong, path = [], os.path.join(FOLDER, "changed.img")
    format_volume(path, "64M")
    stop(signal.SIGINT, path, path, "--resilience", "checksum", *HOTZONE)
    with open(path, "rb") as f:
        sound = f.read()
    count = 0
    for where, value in description(base_of(sound).load()):
        if where == "segments/1/size":
            continue  # in no digest, and with --device-size cryptsetup writes one: the mapping would only be shorter
        image = base_of(sound)
        found = []
        image.json(lambda h, w=where, v=value: found.append(changed(h, w, v)))
        if not all(found):
            continue
        count += 1
        image.save(path)
        done = run(LATCHKEY, "test", "--key-file", "-", path, stdin=SECRET)
        if done.code == 0 and "open would refuse it" not in done.err:
            wrong.append(f"{where} = {value} is taken: {done.out}{done.err}")
    image = base_of(sound)
    image.json(lambda h: h["segments"]["1"].update(offset=str(int(h["segments"]["1"]["offset"]) + 4096), size="4194304"))
    image.save(path)
    done = run(LATCHKEY, "test", "--key-file", "-", path, stdin=SECRET)
    if INCOMPLETE[1] not in done.err:
        wrong.append(f"a segment that has moved, and fits the device, is taken: {done.out}{done.err}")
    return wrong if count > 15 else wrong + [f"only {count} fields"]


def taken(place):
    """Would open map it? With the right passphrase: the digest of the description is verified."""
    done = run(LATCHKEY, "test", "--key-file", "-", *place.words, stdin=SECRET)
    return done.code == 0 and "open would refuse it" not in done.err


def slot(h):
    return next(s for s in h["keyslots"].values() if s["type"] == "reencrypt")


def area(**fields):
    return lambda h: slot(h)["area"].update(fields)


def cipher(segment):
    return lambda h: h["segments"][segment].update(encryption="aes-cbc-null")


def progress(h):
    """One MiB is done, as cryptsetup would write it."""
    s = h["segments"]
    h["segments"] = {"0": dict(s["0"], size=str(MIB)),
                     "1": dict(s["0"], offset=str(int(s["0"]["offset"]) + MIB), iv_tweak=str(MIB // 512)), "2": s["1"], "3": s["2"]}
    h["digests"]["0"]["segments"], h["digests"]["1"]["segments"] = ["1", "2"], ["0", "3"]


def wrong_progress(h):
    """The same with the IV of the beginning: each sector behind it would be decrypted wrongly."""
    progress(h)
    h["segments"]["1"]["iv_tweak"] = "0"


REKEY = (  # what is changed, whether it is taken all the same
    (require("online-reencryptx"), False), (require("online-reencrypt-v999"), False),
    (require("online-reencrypt-v2", "online-reencrypt-v999"), False), (require("online-reencrypt-v2", "online-reencrypt"), False),
    (require("online-reencrypt-v2", "online-reencrypt-v3X"), False), (require(), False), (v1, False),
    (without("digests", "2"), False), (area(type="journal"), False),
    (area(type="checksum", hash="sha256", sector_size=4096), False), (area(type="none"), False),
    (lambda h: slot(h).update(mode="decrypt"), False), (lambda h: slot(h).update(direction="backward"), False),
    (lambda h: slot(h).update(key_size=16), False), (without("segments", "1"), False),
    (cipher("0"), False), (cipher("1"), False), (cipher("2"), False),
    (lambda h: h["digests"].update({"2": dict(h["digests"]["0"], keyslots=["2"], segments=[])}), False),
    (lambda h: h["digests"]["2"].update(iterations=1111), False), (wrong_progress, False),
    (progress, True), (lambda h: slot(h).pop("priority"), True), (flag("0", "dead-parrot"), True), (lambda h: None, True))
SHIFT = ((lambda h: slot(h)["area"].update(shift_size=str(int(slot(h)["area"]["shift_size"]) // 2)), False), (lambda h: None, True))
DECRYPT = (
    (area(hash="sha12345"), False), (area(sector_size=1024), False), (require("online-reencrypt-v2"), False),
    (lambda h: slot(h)["area"].update(shift_size=str(int(slot(h)["area"]["shift_size"]) - 4096)), False),
    (lambda h: (slot(h)["area"].pop("hash"), slot(h)["area"].pop("sector_size"), slot(h)["area"].update(type="datashift-journal")), False),
    (lambda h: None, True))


@case("metadata that cryptsetup's own tests change is taken, or refused where it is right all the same")
def _():
    wrong = []
    for name, changes, options in (("rekey", REKEY, ["--resilience", "checksum", "--resilience-hash", "sha512"]), ("shift", SHIFT, ["--reduce-device-size", "2M"]),
                                   ("decrypt", DECRYPT, ["--decrypt", "--resilience", "checksum", "--header"])):
        path, header = (os.path.join(FOLDER, f"mangled-{name}{end}") for end in (".img", ".hdr"))
        format_volume(path, "32M")
        reencrypt(path, *options, *([header] if name == "decrypt" else []), "--init-only")
        place = Named(path, header if name == "decrypt" else None)
        with open(place.header or path, "rb") as f:
            sound = f.read()
        for number, (change, want) in enumerate(changes):
            image = base_of(sound)
            image.json(change)
            image.save(place.header or path)
            if taken(place) != want:
                wrong.append(f"{name}, change {number}: is {'refused' if want else 'taken'}")
        place.remove()
    return wrong


def base_of(data):
    image = base("one")
    image.data, image.hdr = bytearray(data), 16384
    return image


@case("cryptsetup: LUKS1 in the middle of its offline re-encryption is reported as not LUKS")
def _():
    folder = os.path.join(FOLDER, "offline")
    os.mkdir(folder)
    path = os.path.join(folder, "luks1.img")
    format_volume(path, "8M", luks="luks1")
    # Without a device-mapper it stops where the data would be copied; with one it is done.
    run(CRYPTSETUP, "-q", "reencrypt", "--pbkdf-force-iterations", "1000", "--key-file", key(), path, cwd=folder)
    files = [f for f in os.listdir(folder) if f.endswith(".log")]
    with open(path, "r+b") as f:
        magic = f.read(6)
        if magic != b"LUKS\xde\xad":  # it ended: as it was meanwhile
            f.seek(0)
            f.write(b"LUKS\xde\xad")
    uuid = files[0][5:-4] if files else must(CRYPTSETUP, "luksUUID", path).strip()
    words = f"{path}: an offline re-encryption is under way; finish it with the program that began it, where its file LUKS-{uuid}.log is\n"
    wrong = []
    for program in PROGRAMS:
        for command in "test", "check", "dump":
            done = run(program, command, path, stdin=SECRET)
            if done.code != 7 or not done.err.endswith(words):
                wrong.append(f"{command}: status {done.code}: {done.err}")
    return wrong


def main():
    global FOLDER
    reason = lacking(CRYPTSETUP, LATCHKEY, LATCHKEY_ASAN)
    if reason:
        print(f"1..1\nok 1 - re-encryption # SKIP {reason}")
        return 0
    FOLDER = workplace("images-reencryption")
    add_samples()
    failed = suite(CASES)
    shutil.rmtree(FOLDER)
    return failed


if __name__ == "__main__":
    sys.exit(main())
