#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""systemd-tpm2 beside a real software TPM: the tokens of systemd 252 and 262, other machines, people, and TPMs that lie.

The program is the real one, as user nobody, by the contract of latchkey-token(7). The TPM is swtpm, whose socket takes
the same commands as /dev/tpmrm0; where it lies, something of ours stands between. TOKEN_COMMAND
names another program, words as of a shell: that is how test_tpm2_other runs this under an emulator. Arguments choose cases
by a part of their names.
"""
import base64
import contextlib
import hashlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
try:
    import rig
    from rig import SAMPLES, Run
except ModuleNotFoundError as e:
    print(f"1..0 # SKIP {e.name} is not installed (toolchain/setup check installs it)")
    sys.exit(0)
import swtpm
from swtpm import Between, Swtpm, code_only, resized
from volumes import TARGET, Broken, Skip, collector, suite

MEASURED = b"\xaa" * 32  # what PCR 7 of the samples was extended with
CASES, case = collector()


class Direct:
    """The program's own connection to the TPM."""

    def __init__(self, tpm):
        self.theirs = tpm.connect()

    def close(self):
        self.theirs.close()


def sample(name):
    with open(os.path.join(SAMPLES, f"tpm2-{name}.json"), encoding="ascii") as f:
        token = json.load(f)
    try:
        with open(os.path.join(SAMPLES, f"tpm2-{name}.passphrase"), "rb") as f:
            return token, f.read()
    except FileNotFoundError:
        return token, None


def go(device, token, pins=(), few=b"yes\n", run=Run):
    """One run at @device (closed afterwards; None: none). @pins are given one after the other."""
    left = list(pins)

    def answer(line):
        return few if line.startswith("few") else left.pop(0) + b"\n" if left else b"\n"

    try:
        return run(PROGRAM, token if isinstance(token, (str, bytes)) else json.dumps(token), device, answer)
    finally:
        if device:
            device.close()


def check(tpm, run, code, text="", **counts):
    """Exit code, words of the last line, how often words begin lines; a failure gives nothing; nothing is left in the TPM."""
    if run.code != code:
        raise Broken(f"code {code} was expected: {run}")
    for word, count in counts.items():
        if run.count(word) != count:
            raise Broken(f"{count} lines `{word}` were expected: {run}")
    if code and (run.passphrase or not run.lines or not run.lines[-1].startswith("say ") or text not in run.lines[-1]):
        raise Broken(f"nothing on 1, and at the end {text!r}, were expected: {run}")
    if any(len(line) > 200 for line in run.lines) or len(run.lines) > 20:
        raise Broken(f"lines that are too long, or too many: {run}")
    left = tpm.left_over() if tpm else []
    if left:
        raise Broken(f"left in the TPM: {[hex(h) for h in left]}: {run}")
    return run


def gives(tpm, run, passphrase, **counts):
    check(tpm, run, 0, **counts)
    if run.passphrase != passphrase:
        raise Broken(f"{passphrase} was expected: {run}")
    return run


def measured():
    """The TPM of the samples, as it was when they were made."""
    tpm = Swtpm()
    tpm.extend(7, "sha256", MEASURED)
    return tpm


# --- every sample, and every form ------------------------------------------------------------

PIN = b"1234"
OPENED = [("262-default", 0), ("262-pcr7", 0), ("262-pcr7-pin-direct", 1), ("262-pin-argon2id", 1), ("262-pcr7-pin-argon2id", 1)]


def sample_opens(name, pins):
    token, passphrase = sample(name)
    with measured() as tpm:
        gives(tpm, go(Direct(tpm), token, [PIN]), passphrase, pin=pins, few=0, need=0, wait=int("argon2id" in name))


for _name, _pins in OPENED:
    case(f"the sample {_name} does not give its passphrase", _name, _pins)(sample_opens)


@case("a token of systemd 252 without PCRs, whose storage key is made anew, does not open")
def old_sample():
    with measured() as tpm:
        run = go(Direct(tpm), sample("252-nopcr")[0])
        check(tpm, run, 0)
        if len(run.passphrase) != 44:
            raise Broken(f"{run}")


ENDS_WITH_ZERO = next(b"%d" % n for n in range(10000) if hashlib.sha256(b"%d" % n).digest()[-1] == 0)
FORMS = [("ECC, no PCR", {}), ("RSA storage key", {"kind": "rsa", "srk": 0x81000003}),
         ("storage key made anew", {"srk": None}), ("RSA storage key made anew", {"srk": None, "kind": "rsa"}),
         ("another persistent handle", {"srk": 0x81000002}),
         ("PCRs of sha1", {"pcrs": [0, 7, 23], "bank": "sha1"}), ("PCRs of sha384", {"pcrs": [8], "bank": "sha384"}),
         ("PCRs of sha512", {"pcrs": [16, 7], "bank": "sha512"}), ("all PCRs", {"pcrs": list(range(24))}),
         ("a PIN of systemd 252", {"pin": PIN}), ("a salted PIN", {"pin": PIN, "salt": b"s" * 32, "pcrs": [7]}),
         ("a PIN whose hash ends with a zero", {"pin": ENDS_WITH_ZERO}), ("two shares", {"shares": 2, "pcrs": [7]}),
         ("two shares and a PIN", {"shares": 2, "pin": PIN}), ("sealed by somebody else", {"wrapped": True, "pcrs": [7]}),
         ("sealed by somebody else, with a PIN", {"wrapped": True, "pin": PIN}),
         ("a secret of one byte", {"secret": b"x"}), ("a secret of 128 bytes", {"secret": b"y" * 128})]


def form_opens(how):
    with measured() as tpm:
        token, passphrase = tpm.enrol(**how)
        gives(tpm, go(Direct(tpm), token, [how.get("pin")]), passphrase, pin=int("pin" in how))


for _name, _how in FORMS:
    case(f"a token does not open: {_name}", _how)(form_opens)


def without_bank(bank):
    with measured() as tpm:
        token, passphrase = tpm.enrol(pcrs=[4, 7], bank=bank)
        del token["tpm2-pcr-bank"]
        gives(tpm, go(Direct(tpm), token), passphrase)


for _bank in ("sha256", "sha1"):
    case(f"a token of systemd 248, which does not name its bank {_bank}, does not open", _bank)(without_bank)


# --- the PCRs differ ---------------------------------------------------------------------------

@case("a moved PCR is not named with its value, or a PIN is asked before")
def moved():
    for name in ("262-pcr7", "262-pcr7-pin-direct", "262-pcr7-pin-argon2id"):
        with measured() as tpm:
            tpm.extend(7, "sha256", b"more" * 8)
            run = check(tpm, go(Direct(tpm), sample(name)[0], [PIN]), 2, "PCR 7 (sha256)", pin=0)
            if not any(f"7={tpm.pcr('sha256', 7)[:8].hex()}" in line for line in run.lines):
                raise Broken(f"the value of PCR 7 was expected: {run}")


@case("PCRs that nothing was measured into are not shown as such")
def zero():
    with Swtpm() as tpm:
        run = check(tpm, go(Direct(tpm), sample("262-pcr7")[0]), 2, "PCR 7 (sha256)")
        if not any("7=zero" in line for line in run.lines):
            raise Broken(f"{run}")


@case("of all 24 PCRs, some values are not shown when one moved")
def all_shown():
    with measured() as tpm:
        token, _ = tpm.enrol(pcrs=range(24), bank="sha512")
        tpm.extend(5, "sha512", b"m" * 64)
        run = check(tpm, go(Direct(tpm), token), 2, "PCR 0+1+2")
        if sum(line.count("=") for line in run.lines) != 24:
            raise Broken(f"{run}")


@case("a bank that the TPM does not have is not said")
def no_bank():
    with measured() as tpm:
        token, _ = tpm.enrol(pcrs=[7])
        token["tpm2-pcr-bank"] = "sha3_256"
        run = check(tpm, go(Direct(tpm), token), 7)
        if "hash" not in run.lines[-1]:
            raise Broken(f"{run}")


@case("a PCR that is extended while the policy is met ends the run")
def changing():
    with measured() as tpm:
        def change(code, answer, sent):
            seen = sum(1 for s in sent if s[6:10] == struct.pack(">I", swtpm.UNSEAL))
            return code_only(0x128) if code == swtpm.UNSEAL and seen == 1 else answer

        token, passphrase = sample("262-pcr7")
        gives(None, go(Between(tpm, change), token), passphrase)


# --- PINs ------------------------------------------------------------------------------------------

@case("a wrong PIN ends it, is not said, or costs more than one try")
def wrong_pin():
    with measured() as tpm:
        tpm.allow(10)
        token, passphrase = sample("262-pcr7-pin-direct")
        run = gives(tpm, go(Direct(tpm), token, [b"0000", b"00000", PIN]), passphrase, pin=3, few=0, say=2)
        if run.lines[0] != "pin 10" or run.lines[2] != "pin 9" or "wrong PIN" not in run.lines[1] or tpm.failures() != 2:
            raise Broken(f"{run}")


@case("nobody gives a PIN, and a try is used up")
def no_pin():
    with measured() as tpm:
        tpm.allow(10)
        check(tpm, go(Direct(tpm), sample("262-pcr7-pin-direct")[0]), 2, "no PIN", pin=1)
        check(tpm, go(Direct(tpm), sample("262-pcr7-pin-direct")[0], [b"x" * 600]), 2, "longer", pin=1)
        if tpm.failures():
            raise Broken(f"{tpm.failures()} tries were used")


@case("the last three tries are used without a person's word, or a locked TPM is asked once more")
def lock_out():
    token, passphrase = sample("262-pcr7-pin-direct")
    with measured() as tpm:
        tpm.allow(3, 777)
        check(tpm, go(Direct(tpm), token, [b"0000"], few=b"\n"), 2, "PIN not sent", few=1, pin=0)
        if tpm.failures():
            raise Broken("a try was used")
        gives(tpm, go(Direct(tpm), token, [PIN]), passphrase, few=1, pin=1)
        run = check(tpm, go(Direct(tpm), token, [b"0", b"1", b"2", PIN]), 2, "locked after 3 wrong PINs", few=3, pin=3)
        if not any("777 s" in line for line in run.lines):
            raise Broken(f"{run}")
        run = check(tpm, go(Direct(tpm), token, [PIN]), 2, "locked", few=0, pin=0)


@case("a TPM that locks itself in between is not told from a wrong PIN")
def locks_itself():
    with measured() as tpm:
        def change(code, answer, sent):
            return code_only(swtpm.LOCKED) if code == swtpm.UNSEAL else answer

        run = check(None, go(Between(tpm, change), sample("262-pcr7-pin-direct")[0], [PIN, PIN]), 2, "locked", pin=1)
        if not any("another PIN can be tried after" in line for line in run.lines):
            raise Broken(f"{run}")


def argon2id(**members):
    return {**sample("262-pin-argon2id")[0], **members}


@case("an Argon2id beyond the limits of a keyslot is computed, or its numbers are believed")
def argon2id_limits():
    with measured() as tpm:
        for members in ({"tpm2_argon2id_iterations": 0}, {"tpm2_argon2id_lanes": 0}, {"tpm2_argon2id_memcost": 1024},
                        {"tpm2_salt": ""}, {"tpm2-pin": False}, {"tpm2_argon2id_lanes": "2"}):
            check(tpm, go(Direct(tpm), argon2id(**members), [PIN]), 6, "contradicts the format", pin=0)
        for members in ({"tpm2_argon2id_iterations": 1 << 31}, {"tpm2_argon2id_lanes": 200}, {"tpm2_argon2id_memcost": 4294967295,
                        "tpm2_argon2id_iterations": 100}, {"tpm2_argon2id_memcost": 1 << 42}):
            check(tpm, go(Direct(tpm), argon2id(**members), [PIN]), 7, "", pin=0)


@case("an Argon2id that needs more memory than there is, is begun")
def argon2id_memory():
    with open("/proc/meminfo", encoding="ascii") as f:
        free = next(int(line.split()[1]) for line in f if line.startswith("MemAvailable"))
    if free > 4 << 20:
        raise Skip("4 GiB of memory, the most that a token may ask for, are free here")
    with measured() as tpm:
        check(tpm, go(Direct(tpm), argon2id(tpm2_argon2id_memcost=4294966272, tpm2_argon2id_iterations=1), [PIN]), 3, "MiB are free", pin=0)


# --- another TPM ---------------------------------------------------------------------------------

@case("a TPM without the token's key, or with another one, is not told apart")
def foreign():
    token = sample("262-pcr7")[0]
    with Swtpm(None) as tpm:
        check(tpm, go(Direct(tpm), token), 4, "no key at the token's handle")
        tpm.storage_key(handle=0x81000001)
        check(tpm, go(Direct(tpm), token), 4, "another TPM")
        check(tpm, go(Direct(tpm), sample("252-nopcr")[0]), 4, "another TPM")
        check(tpm, go(Direct(tpm), sample("262-pcr7-pin-direct")[0], [PIN]), 4, "another TPM", pin=0)


@case("a storage key in the token that is not the one of its name is believed")
def false_srk():
    with measured() as tpm:
        handle, public = tpm.storage_key(attributes=0x30072)
        tpm.flush(handle)
        for change in (lambda s: s[:-1] + b"!", lambda s: s[:7] + b"!" + s[8:], lambda s: s[:46] + public):
            token = sample("262-pcr7")[0]
            token["tpm2_srk"] = base64.b64encode(change(base64.b64decode(token["tpm2_srk"]))).decode()
            check(tpm, go(Direct(tpm), token), 6)


# --- a TPM that is slow, or not ready -----------------------------------------------------------------

@case("RETRY, TESTING or YIELDED ends a run, or something else than the same bytes is sent again")
def retry():
    for name, pins in (("262-pcr7", 0), ("252-nopcr", 0), ("262-pcr7-pin-direct", 1)):
        with measured() as tpm:
            between = Hold(tpm)
            token, passphrase = sample(name)
            run = go(between, token, [PIN])
            check(None, run, 0, pin=pins)
            if passphrase and run.passphrase != passphrase:
                raise Broken(f"{run}")
            if any(between.sent.count(s) < 4 for s in between.sent):
                raise Broken(f"{[hex(c) for c in between.codes()]}")


class Hold(Between):
    """Lets the TPM see a command only when it comes for the fourth time."""

    def answer(self, data):
        n = self.sent.count(data)
        return super().answer(data) if n >= 4 else code_only([0x922, 0x90A, 0x908][n - 1])


@case("a TPM that says RETRY for ever is asked for ever")
def retry_for_ever():
    with measured() as tpm:
        check(None, go(Between(tpm, lambda code, answer, sent: code_only(0x922)), sample("262-pcr7")[0]), 4, "not ready")


@case("a TPM that never answers holds the program, or latchkey is not told in between")
def never_answers():
    with measured() as tpm:
        run = check(None, go(Between(tpm, lambda code, answer, sent: None), sample("262-pcr7")[0]), 4, "did not answer within")
        if run.count("wait") < 2:
            raise Broken(f"{run}")


@case("a TPM that goes away in the middle is waited for")
def goes_away():
    for last in range(1, 6):
        with measured() as tpm:
            between = Between(tpm)

            def change(code, answer, sent, between=between, last=last):
                if len(sent) == last:
                    between.ours.shutdown(socket.SHUT_RDWR)
                return answer

            between.change = change
            check(None, go(between, sample("262-pcr7")[0]), 4)


@case("a program that is not wanted any more goes on, or leaves something in the TPM")
def told_to_end():
    with measured() as tpm:
        for code in (swtpm.LOAD, swtpm.START, swtpm.POLICY_PCR):
            runs = []

            def change(got, answer, sent, code=code, runs=runs):
                if got == code:
                    while not runs:
                        time.sleep(0.01)
                    runs[0].reply(None)  # the end of descriptor 0
                    time.sleep(0.02)  # it is seen before the answer comes
                return answer

            class Noted(Run):
                def __init__(self, *arguments, runs=runs):
                    runs.append(self)
                    super().__init__(*arguments)

            run = go(Between(tpm, change), sample("262-pcr7")[0], run=Noted)
            if run.code != 4 or run.passphrase or run.lines:
                raise Broken(f"{run}")
            if tpm.left_over():
                raise Broken(f"left in the TPM after command 0x{code:x}: {tpm.left_over()}")


# --- a TPM that lies --------------------------------------------------------------------------------

def lies(change, code, text="", name="262-pcr7-pin-direct", pins=(PIN,)):
    with measured() as tpm:
        check(None, go(Between(tpm, change), sample(name)[0], pins), code, text)


def at(code, place, what):
    """The answer to @code with the bytes at @place (from the end when negative) changed by @what."""
    def change(got, answer, sent):
        if got != code or any(answer[6:10]):
            return answer
        data = bytearray(answer)
        for i in place:
            data[i] = what(data[i])
        return bytes(data)
    return change


# Answer of Unseal: header 10, size of parameters 4, the secret 2 + 32, nonce 2 + 32, attributes 1, HMAC 2 + 32.
LIES = [("its HMAC", range(-32, 0), lambda b: b ^ 1), ("one bit of its HMAC", [-1], lambda b: b ^ 1), ("the encrypted secret", [16], lambda b: b ^ 1),
        ("the last byte of the secret", [47], lambda b: b ^ 128), ("the nonce", [-60], lambda b: b ^ 1),
        ("the attributes: not encrypted", [-35], lambda b: b & ~0x40), ("the secret's size", [15], lambda b: b - 1),
        ("the secret's size, huge", [14], lambda b: 255), ("the size of the parameters", [13], lambda b: b - 1),
        ("the size of the parameters, huge", range(10, 14), lambda b: 255), ("the size of the HMAC", [-33], lambda b: 0),
        ("the size in the header", [5], lambda b: b + 1), ("the size in the header, huge", range(2, 6), lambda b: 255),
        ("the size in the header, tiny", [5], lambda b: 3), ("the tag", [1], lambda b: 1)]


def lie_about_unseal(place, what):
    lies(at(swtpm.UNSEAL, place, what), 4)


for _name, _place, _what in LIES:
    case(f"an answer of Unseal is believed although somebody changed {_name}", _place, _what)(lie_about_unseal)


@case("a session that somebody else answered is taken for the TPM's")
def false_session():
    # Another nonce: then the key of the session is another one.
    lies(at(swtpm.START, [20], lambda b: b ^ 1), 2, "no PIN was given")
    lies(at(swtpm.START, [20], lambda b: b ^ 1), 4, "session", "262-default")
    lies(at(swtpm.START, [15], lambda b: 0), 4, "invalid response")


@case("a handle that somebody changed in an answer of Load is used, or a name: the program computes it")
def false_load():
    token, passphrase = sample("262-pcr7")
    with measured() as tpm:
        check(None, go(Between(tpm, at(swtpm.LOAD, [13], lambda b: b ^ 1)), token), 4)
        for handle in tpm.left_over():  # the right one nobody knows
            tpm.flush(handle)
        for place in (20, 49):
            gives(tpm, go(Between(tpm, at(swtpm.LOAD, [place], lambda b: b ^ 1)), token), passphrase)


@case("a TPM that lies about the policy's digest gets a secret out of itself")
def false_digest():
    token = sample("262-pcr7")[0]
    with measured() as tpm:
        tpm.extend(7, "sha256", b"more" * 8)

        def change(code, answer, sent):
            return answer[:12] + bytes.fromhex(token["tpm2-policy-hash"]) if code == swtpm.DIGEST else answer

        check(None, go(Between(tpm, change), token), 2, "policy")


@case("an answer that ends early is believed, or read beyond its end")
def cut():
    cut_every(lambda answer, n: resized(answer[:n]))


@case("an answer with more behind it is believed")
def longer():
    token = sample("262-pcr7-pin-direct")[0]
    with measured() as tpm:
        codes = commands_of(tpm, token)
    for index, code in enumerate(codes):
        if code == swtpm.FLUSH:
            continue
        with measured() as tpm:
            def change(got, answer, sent, index=index):
                return resized(answer + b"\0") if len(sent) == index + 1 else answer

            run = go(Between(tpm, change), token, [PIN])
            # Only what is behind a size of its own can be longer.
            if run.code not in (0, 4) or (run.code and run.passphrase):
                raise Broken(f"command 0x{code:x}: {run}")


def commands_of(tpm, token):
    between = Between(tpm)
    check(None, go(between, token, [PIN]), 0)
    return between.codes()


def cut_every(shorter):
    """For each command and each length of its answer: the run fails, and says so."""
    token = sample("262-pcr7-pin-direct")[0]
    with measured() as tpm:
        tpm.allow(1000)
        codes = commands_of(tpm, token)
        lengths = []
        between = Between(tpm, lambda code, answer, sent: lengths.append(len(answer)) or answer)
        check(None, go(between, token, [PIN]), 0)
        for index, (code, length) in enumerate(zip(codes, lengths)):
            for n in range(10, length) if code != swtpm.FLUSH else ():
                def change(got, answer, sent, index=index, n=n):
                    return shorter(answer, n) if len(sent) == index + 1 else answer

                run = go(Between(tpm, change), token, [PIN])
                if run.code != 4 or run.passphrase:
                    raise Broken(f"command 0x{code:x}, {n} of {length} bytes: {run}")
                for handle in tpm.left_over():  # a handle that was cut off nobody knows
                    tpm.flush(handle)


@case("sizes of 65535 inside an answer are believed")
def huge():
    for code in (swtpm.START, swtpm.DIGEST, swtpm.LOAD, swtpm.UNSEAL):
        lies(at(code, [10, 11] if code == swtpm.DIGEST else [14, 15], lambda b: 255), 4)


def swept(part, parts, changes):
    """Each change of the answer to each command, a @part of all: the run ends with a code of its own, soon, and with no other passphrase."""
    if "TOKEN_COMMAND" in os.environ:
        raise Skip("two thousand runs are too many for an emulator")
    token, passphrase = sample("262-pcr7-pin-direct")
    with measured() as tpm:
        tpm.allow(100000)
        check(None, go(Between(tpm), token, [PIN]), 0)  # RETRY is for the first one only
        answers = []
        check(None, go(Between(tpm, lambda code, answer, sent: answers.append(answer) or answer), token, [PIN]), 0)
        for number, (index, edit) in enumerate((i, e) for i, a in enumerate(answers) for e in changes(a)):
            if number % parts != part:
                continue

            def change(got, answer, sent, index=index, edit=edit):
                return edit(answer) if len(sent) == index + 1 else answer

            started = time.monotonic()
            run = go(Between(tpm, change), token, [PIN])
            for handle in tpm.left_over():  # its number may have been changed
                tpm.flush(handle)
            if run.code not in (0, 2, 3, 4, 7) or (run.code == 0) != (run.passphrase == passphrase) or time.monotonic() - started > 30:
                raise Broken(f"change {number}, of the answer to command {index}: {run}")


def each_byte(answer):
    """But those of the size, for which more is waited for."""
    for at in (*range(2), *range(6, len(answer))):
        for what in (lambda b: b ^ 1, lambda b: 0 if b else 255):
            yield lambda a, at=at, what=what: a[:at] + bytes([what(a[at])]) + a[at + 1:]


CODES = (0x100, 0x101, 0x120, 0x128, 0x12F, 0x143, 0x144, 0x155, 0x08E, 0x18B, 0x1DF, 0x2CB, 0x902, 0x903, 0x904, 0x90B, 0x910, 0x920, 0x921, 0x923, 0x98E, 0x99D,
         0x9A2, 0xB01, 0xFFF, 0x80280400, 0xFFFFFFFF)


def each_code(answer):
    for code in CODES:
        yield lambda a, code=code: code_only(code)
        yield lambda a, code=code: a[:6] + struct.pack(">I", code) + a[10:]


for _part in range(6):
    case(f"a byte of an answer that is changed breaks the program, or changes the passphrase ({_part + 1} of 6)", _part, 6, each_byte)(swept)
for _part in range(3):
    case(f"a code for an answer breaks the program, or gives a passphrase ({_part + 1} of 3)", _part, 3, each_code)(swept)


# --- what is left in memory ------------------------------------------------------------------------------

LONG_PIN = b"a PIN of 24 letters, say"


def searched(tpm, token, passphrase, pins, pin=b"", salt=None):
    """One run, at whose end none of the secrets may be in memory."""
    stretched = hashlib.pbkdf2_hmac("sha256", pin, salt, 10000, 32) if salt else pin
    texts = {"the passphrase": passphrase, "the sealed secret": base64.b64decode(passphrase), "the PIN": pin, "the stretched PIN": stretched,
             "its text": base64.b64encode(stretched), "the authorization value": tpm.auth_of(pin, salt)}

    class Here(rig.Searched):
        def secrets(self):
            return texts

    run = go(Direct(tpm), token, pins, run=Here)
    gives(tpm, run, passphrase)
    if run.searched != 1 or run.residue:
        raise Broken(f"{run}: looked {run.searched} times, found {run.residue}")


@case("secrets are left in the memory of a program that ends")
def residue():
    if rig.memory.missing():
        raise Skip(rig.memory.missing())
    if TARGET != "x86_64-linux-musl" or "TOKEN_COMMAND" in os.environ:
        raise Skip("the sanitizers and emulators keep copies")
    with measured() as tpm:
        tpm.allow(1000)
        for salt in (None, os.urandom(32)):
            token, passphrase = tpm.enrol(pcrs=[7], pin=LONG_PIN, salt=salt)
            searched(tpm, token, passphrase, [LONG_PIN], LONG_PIN, salt)
        for name in ("262-default", "262-pcr7-pin-argon2id"):
            searched(tpm, *sample(name), [PIN])


# --- tokens --------------------------------------------------------------------------------------------

@case("the program does not say which device it needs, or says so for a token that is damaged")
def needs():
    run = check(None, go(None, sample("262-pcr7")[0]), 4, need=1)
    if run.lines[0] != "need node tpmrm0":
        raise Broken(f"{run}")
    check(None, go(None, {**sample("262-pcr7")[0], "tpm2-blob": "AAAA"}), 6, need=0)


REFUSED = [("a reference of a signed policy", {"tpm2_pubkey_ref": "LS0="}, "tpm2_pubkey_ref"), ("pcrlock", {"tpm2_pcrlock": True}, "pcrlock"),
           ("pcrlock's index", {"tpm2_pcrlock_nv": "AAAA"}, "pcrlock"), ("a member that nobody knows", {"tpm2_new": 1}, "tpm2_new"),
           ("one of FIDO2 beside", {"fido2-credential": "AAAA"}, "fido2-credential"), ("another bank", {"tpm2-pcr-bank": "md5"}, "md5"),
           ("another kind of key", {"tpm2-primary-alg": "kyber", "tpm2_srk": None}, "kyber"), ("another type", {"type": "systemd-fido2"}, "type"),
           ("three shares", {"tpm2-blob": [sample("262-pcr7")[0]["tpm2-blob"]] * 3, "tpm2-policy-hash": ["00" * 32] * 3}, "parts")]


def refused(members, text):
    token = {k: v for k, v in {**sample("262-pcr7")[0], **members}.items() if v is not None}
    check(None, go(None, token), 7, text, need=0)


for _name, _members, _text in REFUSED:
    case(f"a token with {_name} is not refused by name", _members, _text)(refused)


@case("a token with a signed policy is tried without the image's signatures")
def refused_sample():
    with signatures(None):
        check(None, go(None, sample("262-pubkey-pcr11")[0]), 7, "tpm2-pcr-signature.json", need=0)


WRONG = [{"tpm2-blob": None}, {"tpm2-blob": ""}, {"tpm2-blob": 7}, {"tpm2-blob": []}, {"tpm2-blob": "AAAA"}, {"tpm2-blob": "!"},
         {"tpm2-blob": "AAEAAAAA"}, {"tpm2-policy-hash": None}, {"tpm2-policy-hash": "00"}, {"tpm2-policy-hash": "g" * 64},
         {"tpm2-policy-hash": []}, {"tpm2-pcrs": None}, {"tpm2-pcrs": 7}, {"tpm2-pcrs": [24]}, {"tpm2-pcrs": [-1]}, {"tpm2-pcrs": ["7"]},
         {"tpm2-pcrs": [7.5]}, {"tpm2-pcr-bank": 4}, {"tpm2-pin": 1}, {"tpm2-pin": "true"}, {"tpm2_salt": 5}, {"tpm2_salt": "A" * 100},
         {"tpm2_srk": ""}, {"tpm2_srk": "AAAA"}, {"tpm2_srk": 1}, {"tpm2-primary-alg": 1}, {"tpm2_pcrlock": 1},
         {"tpm2_pubkey": "LS0=", "tpm2_pubkey_pcrs": [11]}, {"tpm2_pubkey": "LS0="}, {"tpm2_pubkey_pcrs": [11]}, {"tpm2_pubkey": 1, "tpm2_pubkey_pcrs": []},
         {"tpm2-blob": [sample("262-pcr7")[0]["tpm2-blob"]] * 2, "tpm2-policy-hash": ["00" * 32]}]


@case("a token that contradicts the format is taken")
def wrong():
    for members in WRONG:
        token = {k: v for k, v in {**sample("262-pcr7")[0], **members}.items() if v is not None}
        try:
            check(None, go(None, token), 6, need=0)
        except Broken as e:
            raise Broken(f"{members}: {e}") from None
    text = json.dumps(sample("262-pcr7")[0])
    for other in ("", "{}"[:1], "[]", text[:-1], text + "x", text[:-1] + ',"type":"systemd-tpm2"}', "\0" * 10, text + " " * (64 << 10)):
        run = go(None, other)
        if run.code != 6 or run.passphrase or run.count("need"):
            raise Broken(f"{other[:40]!r}: {run}")


@case("numbers that belong to another program keep a token from being read")
def others_members():
    with measured() as tpm:
        token, passphrase = sample("262-default")
        gives(tpm, go(Direct(tpm), {**token, "x-other": [-1.5e9, {"deep": [1 << 60]}]}), passphrase)


# --- measurements ------------------------------------------------------------------------------------


def record(pcr, digests, **members):
    return {"pcr": pcr, "content_type": "systemd", "content": {"eventType": "volume-key", "string": "cryptsetup:root:UUID"},
            "digests": [{"hashAlg": bank, "digest": digest.hex()} for bank, digest in digests.items()], **members}


@case("a measurement extends no PCR, or another one, or another bank")
def extends():
    with measured() as tpm:
        for number, pcr in enumerate((15, 15, 0)):
            digests = {bank: hashlib.new(bank, b"%d" % number).digest() for bank in swtpm.BANKS if bank != ("sha1", "", "sha512")[number]}
            before = {bank: [tpm.pcr(bank, n) for n in range(24)] for bank in swtpm.BANKS}
            check(None, go(None, record(pcr, digests)), 4, need=1)
            run = check(tpm, go(Direct(tpm), record(pcr, digests)), 0, need=0, say=0)
            for bank, values in before.items():
                if bank in digests and values[pcr]:
                    values[pcr] = hashlib.new(bank, values[pcr] + digests[bank]).digest()
                if values != [tpm.pcr(bank, n) for n in range(24)]:
                    raise Broken(f"bank {bank} is not what was expected: {run}")


@case("what is no record of a measurement, or is in a token of a header, extends a PCR")
def extends_not():
    digests = {"sha256": bytes(range(32))}
    good = record(15, digests)
    with measured() as tpm:
        before = [tpm.pcr("sha256", n) for n in range(16)]
        for name in ("262-pcr7", "262-default"):
            token, passphrase = sample(name)
            gives(tpm, go(Direct(tpm), {**token, **record(15, digests)}), passphrase)
        check(tpm, go(Direct(tpm), record(15, digests, type="systemd-tpm2")), 6)
        for other in (record(24, digests), record(-1, digests), record("15", digests), record(15, {}), record(15, {"md5": bytes(16)}),
                      record(15, {"sha256": b""}), record(15, {"sha256": bytes(31)}), record(15, {"sha256": bytes(33)}), {**good, "digests": {}}, {**good, "digests": [[]]},
                      {**good, "digests": [{"hashAlg": "sha256"}]}, {**good, "digests": [{"digest": "00" * 32}]},
                      {**good, "digests": [{"hashAlg": "sha256", "digest": "0" * 65}]},
                      {**good, "digests": [{"hashAlg": "sha256", "digest": "x" * 64}]},
                      {**good, "digests": good["digests"] * 100}):
            check(tpm, go(Direct(tpm), other), 6)
        check(tpm, go(Direct(tpm), record(15, {"sha3_512": bytes(64)})), 7, "the TPM does not have this hash")
        check(tpm, go(Between(tpm, lambda code, answer, sent: code_only(0x101)), record(16, digests)), 4, "TPM2_PCR_Extend")
        if before != [tpm.pcr("sha256", n) for n in range(16)]:
            raise Broken("a PCR was extended")


# --- enrolled by the distribution's own systemd-cryptenroll -------------------------------------------

ENROLLED = [("no PCR", [], {}), ("PCR 7", ["--tpm2-pcrs=7"], {}), ("several PCRs", ["--tpm2-pcrs=0+1+5+7"], {}),
            ("a PIN", ["--tpm2-with-pin=yes", "--tpm2-pcrs=7"], {"NEWPIN": "1234"})]


def enrol_by_systemd(tpm, folder, options, environment):
    """Token and volume."""
    for program in ("systemd-cryptenroll", "cryptsetup"):
        if not shutil.which(program):
            raise Skip(f"{program} is not installed")
    volume, key = os.path.join(folder, "v.img"), os.path.join(folder, "key")
    with open(volume, "wb") as f:
        f.truncate(20 << 20)
    with open(key, "w", encoding="ascii") as f:
        f.write("passphrase")
    pbkdf = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
    subprocess.run(["cryptsetup", "luksFormat", "-q", "--type", "luks2", *pbkdf, volume, key], check=True)
    done = subprocess.run(["systemd-cryptenroll", f"--tpm2-device=swtpm:host=127.0.0.1,port={tpm.port}", *options, volume],
                          env={**os.environ, "PASSWORD": "passphrase", **environment}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Broken(f"systemd-cryptenroll: {done.stdout}{done.stderr}")
    for handle in tpm.left_over():  # there is no resource manager between the two
        tpm.flush(handle)
    return subprocess.run(["cryptsetup", "token", "export", "--token-id", "0", volume], check=True, capture_output=True).stdout, volume


def opens(volume, run):
    test = subprocess.run(["cryptsetup", "open", "--test-passphrase", "--key-file", "-", volume], input=run.passphrase, check=False)
    if test.returncode:
        raise Broken(f"cryptsetup does not open the volume with the passphrase: {run}")


def enrolled(options, environment):
    with measured() as tpm, tempfile.TemporaryDirectory() as folder:
        token, volume = enrol_by_systemd(tpm, folder, options or ["--tpm2-pcrs="], environment)
        opens(volume, check(tpm, go(Direct(tpm), token, [PIN]), 0, pin=int(bool(environment))))


for _name, _options, _environment in ENROLLED:
    case(f"what the installed systemd-cryptenroll enrols does not open its volume: {_name}", _options, _environment)(enrolled)


# --- signed policies -------------------------------------------------------------------------------------

SIGNATURES = "/run/systemd/tpm2-pcr-signature.json"
ONE_IMAGE = threading.Lock()  # for cases that run side by side


@contextlib.contextmanager
def signatures(text):
    """This is what the image has: None, no file."""
    if os.geteuid():
        raise Skip(f"{SIGNATURES} is only root's to make")
    with ONE_IMAGE:
        if any(os.path.exists(p) for p in (SIGNATURES, "/.extra/tpm2-pcr-signature.json", "/etc/systemd/tpm2-pcr-signature.json")):
            raise Skip("this machine has signatures of its own")
        os.makedirs(os.path.dirname(SIGNATURES), exist_ok=True)
        try:
            if text is not None:
                with open(SIGNATURES, "w", encoding="ascii") as f:
                    f.write(text)
            yield
        finally:
            if text is not None:
                os.unlink(SIGNATURES)


class Signer:
    """As systemd-measure signs."""

    def __init__(self, bits=2048):
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
        self.key = rsa.generate_private_key(65537, bits)
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        self.pem = self.key.public_key().public_bytes(serialization.Encoding.PEM, form)
        self.fingerprint = hashlib.sha256(self.key.public_key().public_bytes(serialization.Encoding.DER, form)).hexdigest()
        self.how = padding.PKCS1v15(), hashes.SHA256()

    def sign(self, policy, pcrs=(11,), **members):
        return {"pcrs": list(pcrs), "pkfp": self.fingerprint, "pol": policy.hex(),
                "sig": base64.b64encode(self.key.sign(policy, *self.how)).decode(), **members}


def signed(bits, options, environment, pcrs):
    with measured() as tpm, tempfile.TemporaryDirectory() as folder:
        signer, other = Signer(bits), Signer()
        with open(os.path.join(folder, "pem"), "wb") as f:
            f.write(signer.pem)
        options = [f"--tpm2-public-key={folder}/pem", "--tpm2-public-key-pcrs=" + "+".join(map(str, pcrs)), *options]
        token, volume = enrol_by_systemd(tpm, folder, options, environment)
        before = tpm.policy(pcrs, "sha256", None)
        noise = [other.sign(before, pcrs), signer.sign(b"x" * 32, pcrs), signer.sign(before, (1, 2)), {"pcrs": 1}, {}]
        for after in range(2):  # a new kernel is signed, not enrolled
            tpm.extend(pcrs[0], "sha256", b"new kernel".ljust(32))
            right = signer.sign(tpm.policy(pcrs, "sha256", None), pcrs)
            with signatures(json.dumps({"sha1": [right], "sha256": noise})):
                run = check(tpm, go(Direct(tpm), token, [PIN]), 2, "signatures", pin=0)
                if not any(f" {pcrs[0]}=" in line for line in run.lines):
                    raise Broken(f"{run}")
            stranger = other.sign(bytes.fromhex(right["pol"]), pcrs)
            with signatures(json.dumps({"sha256": [*noise, stranger, right]})):
                opens(volume, check(tpm, go(Direct(tpm), token, [PIN]), 0, pin=int(bool(environment))))
        forged = {**other.sign(bytes.fromhex(right["pol"]), pcrs), "pkfp": signer.fingerprint}
        with signatures(json.dumps({"sha256": [forged]})):
            check(tpm, go(Direct(tpm), token, [PIN]), 2, "signature", pin=0)
        with signatures("{"):
            check(tpm, go(Direct(tpm), token, [PIN]), 6, "tpm2-pcr-signature.json", pin=0)


for _name, _bits, _options, _environment, _pcrs in (
        ("PCR 11", 2048, ["--tpm2-pcrs="], {}, (11,)), ("3072 bits, two PCRs and a literal one", 3072, ["--tpm2-pcrs=7"], {}, (11, 12)),
        ("a PIN", 2048, ["--tpm2-pcrs=7", "--tpm2-with-pin=yes"], {"NEWPIN": "1234"}, (11,))):
    case(f"a signed policy that systemd-cryptenroll enrols does not open its volume, or opens it unsigned: {_name}",
         _bits, _options, _environment, _pcrs)(signed)


def main():
    global PROGRAM
    if not shutil.which("swtpm"):
        print("1..0 # SKIP swtpm is not installed (toolchain/setup check installs it)")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        PROGRAM = rig.program("systemd-tpm2", folder)
        return suite(CASES, workers=6)  # those that take long only wait


sys.exit(main())
