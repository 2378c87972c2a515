#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""systemd-fido2 beside a software key: the tokens of systemd 262, people, several keys, and keys that lie.

The program is the real one, as user nobody, by the contract of latchkey-token(7). The key is tests/token/fidostick.py
behind a socket in place of a hidraw device; tests/boot/test_token.py has the kernel's hidraw and USB between them.
test_fido2_sanitized has the cases on the build for the sanitizers. Arguments choose cases by a part of their names.
"""
import base64
import hashlib
import itertools
import json
import os
import signal
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
try:
    import fidostick
    from fidostick import Ctap
    import rig
    from rig import Key, Run, sample
except ModuleNotFoundError as e:
    print(f"1..0 # SKIP {e.name} is not installed (toolchain/setup check installs it)")
    sys.exit(0)
from volumes import TARGET, Broken, Skip, collector, suite

PROGRAM = rig.program("systemd-fido2", None)
CASES, case = collector()


def check(run, code, **counts):
    """The exit code; how often words begin lines; and that a failure gives no passphrase and one sentence at its end."""
    if run.code != code:
        raise Broken(f"code {code} was expected: {run}")
    for word, count in counts.items():
        if run.count(word) != count:
            raise Broken(f"{count} lines `{word}` were expected: {run}")
    if code and (run.passphrase or not run.lines or not run.lines[-1].startswith("say ")):
        raise Broken(f"a failure that gives something, or no reason: {run}")
    return run


def says(run, text):
    if text not in run.lines[-1]:
        raise Broken(f"{text!r} was expected: {run}")


def gives(run, passphrase, **counts):
    check(run, 0, **counts)
    if run.passphrase != passphrase:
        raise Broken(f"{passphrase} was expected: {run}")


def with_key(key, function):
    try:
        return function(key)
    finally:
        key.close()


def go(name_of_key, token, answer=lambda line: b"1234\n", hear=None, **options):
    """One run with a key of its own. Returns the run; the key stays in it."""
    key = Key(name_of_key, **options)
    try:
        run = Run(PROGRAM, token, key, answer, hear)
        run.key = key
        return run
    finally:
        key.close()


# --- every sample gives its passphrase -------------------------------------------------------

class Older(fidostick.Authenticator):
    """A key of CTAP 2.0: no permissions, no list of protocols, protocol one."""

    def info(self, m, wait):
        i = super().info(m, wait)
        del i[4]["pinUvAuthToken"], i[6]
        i[1] = ["U2F_V2", "FIDO_2_0"]
        return i

    def pin(self, m, wait):
        if m[2] == 9:
            raise Ctap(2)
        return super().pin(m, wait)


class Cano(fidostick.Authenticator):
    """As CanoKey's firmware answers: no `up` among the options, more in getInfo, no silent hmac-secret."""

    def info(self, m, wait):
        i = super().info(m, wait)
        del i[4]["up"]
        return {**i, 2: ["credProtect", "credBlob", "hmac-secret"], 13: 4, 14: 0x20000, 16: 256,
                9: ["nfc", "usb"], 10: [{"alg": -7, "type": "public-key"}, {"alg": -8, "type": "public-key"}]}


SAMPLES = [("nopin", "nopin", 0, 1), ("silent", "nopin", 0, 0), ("pin", "pin1234", 1, 1), ("nopin-on-key-with-pin", "pin1234", 0, 1)]
KEYS = [("protocol 2", {"protocols": [2]}), ("protocol 1", {"protocols": [1]}), ("a protocol that nobody knows first", {"protocols": [3, 2, 1]}),
        ("CTAP 2.0", {"protocols": [1], "authenticator": Older}), ("CanoKey's answers", {"protocols": [1, 2], "authenticator": Cano})]


def sample_opens(name, key, pins, touches, options):
    token, passphrase = sample(name)
    silent = not touches and options.get("authenticator") is not Cano
    gives(go(key, token, allow_silent=silent, **options), passphrase, pin=pins, touch=0 if silent else 1, few=0, need=0)


for name, key, pins, touches in SAMPLES:
    for what, options in KEYS:
        case(f"the sample {name} does not give its passphrase, {what}", name, key, pins, touches, options)(sample_opens)


def changed(name, **members):
    """A sample with members changed; None takes one away."""
    token = {**json.loads(sample(name)[0]), **{k.replace("__", "-"): v for k, v in members.items()}}
    return json.dumps({k: v for k, v in token.items() if v is not None})


def old(name):
    """As systemd 248 wrote it."""
    return changed(name, fido2__rp=None, fido2__clientPin__required=None, fido2__up__required=None, fido2__uv__required=None)


class PinAlways(fidostick.Authenticator):
    """Demands the PIN for every secret, as the first keys did; looking for a credential needs none."""

    def uv(self, m, param, *rest):
        if param is None and self.st["pin"] and 4 in m:
            raise Ctap(fidostick.PUAT_REQUIRED)
        return super().uv(m, param, *rest)


@case("a token of systemd 248 is tried with a PIN that the key does not demand, or without a touch only")
def old_token():
    gives(go("nopin", old("nopin")), sample("nopin")[1], pin=0, touch=1)
    gives(go("nopin", old("silent"), allow_silent=True), sample("silent")[1], pin=0, touch=0)


@case("a token of systemd 248 does not open where the key demands the PIN")
def old_token_pin():
    gives(go("pin1234", old("pin"), authenticator=PinAlways), sample("pin")[1], pin=1, touch=1)


# --- devices ---------------------------------------------------------------------------------

@case("without a device the program does not say which one it needs")
def no_device():
    run = check(Run(PROGRAM, sample("pin")[0]), 4, need=1, pin=0, touch=0)
    if run.lines[0] != "need hidraw f1d0":
        raise Broken(str(run))


@case("somebody else's key is asked for a touch or a PIN")
def foreign():
    for token, key in (("nopin", "pin1234"), ("pin", "nopin"), ("nopin-on-key-with-pin", "nopin"), ("silent", "pin1234")):
        run = check(go(key, sample(token)[0]), 4, pin=0, touch=0)
    stranger = changed("pin", **{"fido2-credential": base64.b64encode(bytes(70)).decode()})
    says(check(go("pin1234", stranger), 4, pin=0, touch=0), "does not hold the credential")


class Plain(fidostick.Authenticator):
    def info(self, m, wait):
        return {**super().info(m, wait), 2: ["credProtect"]}


@case("a key without hmac-secret is asked on")
def no_hmac_secret():
    run = check(go("pin1234", sample("pin")[0], authenticator=Plain), 4, pin=0, touch=0)
    says(run, "no hmac-secret")


@case("a key that wants its PIN at every use does not open, or opens with the wrong secret")
def always_uv():
    token, passphrase = sample("pin")
    gives(go("pin1234", token, always_uv=True), passphrase, pin=1, touch=1)
    says(check(go("pin1234", sample("nopin-on-key-with-pin")[0], always_uv=True), 4, pin=0, touch=0), "requires its PIN")


@case("a key that is pulled out while it waits for the touch holds the program")
def pulled():
    def hear(run, line):
        if line == "touch":
            key.pull()
    key = Key("nopin", touch_after=60)
    says(check(with_key(key, lambda k: Run(PROGRAM, sample("nopin")[0], k, hear=hear)), 4, touch=1), "was removed")


@case("a key that is pulled out while its PIN is asked leaves the question standing")
def pulled_at_pin():
    key = Key("pin1234")

    def hear(run, line):
        if line.startswith("pin"):
            key.pull()
    run = check(with_key(key, lambda k: Run(PROGRAM, sample("pin")[0], k, lambda line: b"", hear)), 4, pin=1, touch=0)
    says(run, "was removed")


def stop(run):
    """A service manager sends this to all processes of a service; latchkey's end then ends the answers."""
    os.kill(run.pid, signal.SIGTERM)
    time.sleep(0.1)


@case("a program that is not wanted any more, or gets SIGTERM as latchkey does, leaves the key blinking")
def cancelled():
    for before in (lambda run: None, stop):
        def hear(run, line, before=before):
            if line == "touch":
                before(run)
                run.reply(None)
        run = go("nopin", sample("nopin")[0], hear=hear, touch_after=60)
        if run.code != 4 or run.passphrase or run.key.commands()[-1] != fidostick.CANCEL:
            raise Broken(f"{run}, the key got {run.key.commands()}")


class Mortal(Run):
    """As latchkey starts it: the program is to die with the process that has started it."""

    def start(self, program, descriptors):
        self.pid = rig.spawn(program, descriptors, "--pdeathsig=KILL")


@case("a program whose latchkey is killed leaves the key blinking")
def orphaned():
    def function(key):
        child = os.fork()
        if not child:
            Mortal(PROGRAM, sample("nopin")[0], key, hear=lambda run, line: line != "touch" or os.kill(os.getpid(), signal.SIGKILL))
            os._exit(1)
        status, until = os.waitpid(child, 0)[1], time.monotonic() + 20
        while key.commands()[-1] != fidostick.CANCEL and time.monotonic() < until:
            time.sleep(0.05)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL or key.commands()[-1] != fidostick.CANCEL:
            raise Broken(f"status {status}, the key got {key.commands()}")
    with_key(Key("nopin", touch_after=60), function)


@case("a program that is not wanted any more goes on asking for the PIN")
def ended_at_pin():
    def hear(run, line):
        if line.startswith("pin"):
            run.reply(None)
    run = go("pin1234", sample("pin")[0], lambda line: b"", hear)
    if run.code != 4 or run.passphrase or run.key.auth.st["retries"] != 8:
        raise Broken(str(run))


class Slow(fidostick.Authenticator):
    """Nobody touches it the first two times; its PIN tokens serve once."""
    status = 0x2F
    times = 2

    def touch(self, wait):
        if self.times:
            self.times -= 1
            self.token = os.urandom(32)
            wait(0.2)
            raise Ctap(self.status)
        super().touch(wait)


class SlowToo(Slow):
    status = 0x3A


@case("a touch that comes late is lost, or the PIN is asked for again")
def late_touch():
    for slow in (Slow, SlowToo):
        token, passphrase = sample("nopin")
        gives(go("nopin", token, authenticator=slow), passphrase, touch=3, pin=0)
        token, passphrase = sample("pin")
        gives(go("pin1234", token, authenticator=slow), passphrase, touch=3, pin=1)


class Never(Slow):
    times = 1000


@case("a key that says at once that nobody touched it keeps the program busy")
def never():
    run = check(go("nopin", sample("nopin")[0], authenticator=Never), 4)
    if not 3 < run.count("touch") < 20:
        raise Broken(str(run))


class Busy(fidostick.Hid):
    """Another program has it for a while; and gets its own answers, which we see, too."""
    times = 3

    def message(self, cid, cmd, data):
        self.send(cid ^ 0x5555, fidostick.CBOR, bytes(200))
        self.send(0xFFFFFFFF, fidostick.INIT, bytes(8) + struct.pack(">I", 7) + bytes([2, 1, 0, 0, 0x0C]))
        if cmd == fidostick.CBOR and data[0] == 2 and self.times:
            self.times -= 1
            return self.error(cid, 6)
        super().message(cid, cmd, data)


@case("a key that another program uses at the moment is given up, or that program's answers are taken for ours")
def busy():
    token, passphrase = sample("pin")
    gives(go("pin1234", token, hid=Busy), passphrase, touch=1, pin=1, wait=3)


# --- people ----------------------------------------------------------------------------------

@case("a wrong PIN is not asked for again, or the tries that are left are not said")
def wrong_pin():
    answers = iter([b"4321\n", b"1234\n"])
    run = go("pin1234", sample("pin")[0], lambda line: next(answers))
    gives(run, sample("pin")[1], touch=1, pin=2)
    if [line for line in run.lines if line.startswith("pin")] != ["pin 8", "pin 7"] or "say wrong PIN" not in run.lines:
        raise Broken(str(run))


@case("three wrong PINs in a row are not told to be what they are")
def wrong_pin_thrice():
    run = check(go("pin1234", sample("pin")[0], lambda line: b"0000\n"), 2, touch=0, pin=3, few=0)
    says(run, "unplug it")
    if run.key.auth.st["retries"] != 5:
        raise Broken(f"{run.key.auth.st['retries']} tries are left")


@case("a key that takes no PIN before it is unplugged is sent one")
def blocked_until_unplugged():
    def function(key):
        key.auth.bad_run = 3
        return Run(PROGRAM, sample("pin")[0], key, lambda line: b"1234\n")
    says(check(with_key(Key("pin1234"), function), 2, pin=0, touch=0), "unplug it")


class ToChange(fidostick.Authenticator):
    """Its PIN was set by somebody who wants it changed (CTAP 2.1, 6.5.5.7): the right one is then wrong."""
    force = True

    def info(self, m, wait):
        return {**super().info(m, wait), 12: self.force}

    def pin(self, m, wait):
        if self.force and m[2] in (5, 9):
            raise Ctap(0x31 if m[2] == 5 else 0x37)
        return super().pin(m, wait)


class Changed(ToChange):
    force = False


@case("a PIN that must be changed first is asked for, or called wrong")
def pin_to_change():
    says(check(go("pin1234", sample("pin")[0], authenticator=ToChange), 2, pin=0, touch=0), "PIN of the security key must be changed first")
    check(go("nopin", sample("pin")[0], authenticator=ToChange), 4, pin=0)
    gives(go("pin1234", sample("pin")[0], authenticator=Changed), sample("pin")[1], pin=1, touch=1)
    gives(go("pin1234", sample("nopin-on-key-with-pin")[0], authenticator=ToChange), sample("nopin-on-key-with-pin")[1], pin=0, touch=1)


class Finger(fidostick.Authenticator):
    """Has a reader for fingerprints; @status is what it says to every finger, 0: that it is right."""
    status = 0

    def info(self, m, wait):
        i = super().info(m, wait)
        i[4]["uv"] = True
        return i

    def get(self, m, wait):
        if m.get(5, {}).pop("uv", False):
            if self.status:
                raise Ctap(self.status)
            self.seen = True
        return super().get(m, wait)


@case("a key whose user verification is blocked, or fails, is not told from others")
def verification():
    token = changed("pin", **{"fido2-clientPin-required": False, "fido2-uv-required": True})
    for status, text in ((0x3C, "user verification of the security key is blocked"), (0x3F, "did not verify its user"), (0x36, "did not verify its user"),
                         (0x27, "denied at the security key")):
        finger = type("Refuses", (Finger,), {"status": status})
        says(check(go("pin1234", token, authenticator=finger), 2, pin=0), text)
    says(check(go("pin1234", token), 4, pin=0), "requires user verification")
    run = check(go("pin1234", token, authenticator=Finger), 0, pin=0, touch=1)
    if not run.key.auth.seen:
        raise Broken("no verification was demanded")

@case("the last three tries of a PIN are used without a person's word")
def few_tries():
    for no in (b"no\n", b"\n", b"1234\n", b"yes please\n"):
        run = check(go("pin1234", sample("pin")[0], lambda line: no if line.startswith("few") else b"1234\n", retries=3), 2, few=1, pin=0)
        if run.key.auth.st["retries"] != 3:
            raise Broken(f"{run.key.auth.st['retries']} tries are left after {no}")
    run = go("pin1234", sample("pin")[0], lambda line: b"yes\n" if line.startswith("few") else b"1234\n", retries=3)
    gives(run, sample("pin")[1], few=1, pin=1, touch=1)


@case("wrong PINs go on below four tries without a person's word")
def down_to_few():
    run = check(go("pin1234", sample("pin")[0], lambda line: b"\n" if line.startswith("few") else b"9999\n", retries=5), 2, pin=2, few=1)
    if run.key.auth.st["retries"] != 3:
        raise Broken(f"{run.key.auth.st['retries']} tries are left")


@case("a PIN with no tries left is asked for")
def no_tries():
    def function(key):
        key.auth.st["retries"] = 0
        return Run(PROGRAM, sample("pin")[0], key, lambda line: b"1234\n")
    says(check(with_key(Key("pin1234"), function), 2, pin=0, few=0), "blocked")


@case("where nobody gives a PIN a try is used up")
def nobody():
    run = check(go("pin1234", sample("pin")[0], lambda line: b"\n"), 2, pin=1, touch=0)
    if run.key.auth.st["retries"] != 8:
        raise Broken(f"{run.key.auth.st['retries']} tries are left")


@case("half a line, and then the end, is taken for a PIN")
def half_line():
    def hear(run, line):
        if line.startswith("pin"):
            run.reply(b"1234")
            run.reply(None)
    run = go("pin1234", sample("pin")[0], lambda line: b"", hear)
    if run.code != 4 or run.passphrase or run.key.auth.st["retries"] != 8:
        raise Broken(f"{run}, {run.key.auth.st['retries']} tries are left")


@case("what cannot be a PIN uses up a try")
def no_pin():
    answers = iter([b"123\n", b"1" * 64 + b"\n", b"1234\n"])
    gives(go("pin1234", sample("pin")[0], lambda line: next(answers)), sample("pin")[1], pin=3)
    check(go("pin1234", sample("pin")[0], lambda line: b"1" * 513 + b"\n"), 2, pin=1)
    run = check(go("pin1234", sample("pin")[0], lambda line: b"1\n"), 2, pin=8)
    if run.key.auth.st["retries"] != 8:
        raise Broken(str(run))


# --- tokens ----------------------------------------------------------------------------------

def bad_token(code, token, text):
    says(check(Run(PROGRAM, token), code, need=0), text)
    says(check(go("pin1234", token), code, pin=0, touch=0), text)


for what, code, token, text in [
        ("an empty token", 6, "", "empty"),
        ("a token that is no JSON", 6, "fido2", "does not begin with an object"),
        ("a cut token", 6, sample("pin")[0][:-9], "JSON"),
        ("two tokens", 6, sample("pin")[0] + sample("pin")[0], "bytes after the object"),
        ("a token of 64 KiB and more", 6, changed("pin", x="x" * 65536), "longer than 65536"),
        ("another type", 7, changed("pin", type="systemd-tpm2"), "type"),
        ("no type", 7, changed("pin", type=None), "type"),
        ("no credential", 6, changed("pin", fido2__credential=None), "fido2-credential"),
        ("an empty credential", 6, changed("pin", fido2__credential=""), "fido2-credential"),
        ("a credential that is a number", 6, changed("pin", fido2__credential=1), "fido2-credential"),
        ("a credential that is no base64", 6, changed("pin", fido2__credential="!!!!"), "fido2-credential"),
        ("a credential of 1024 bytes", 6, changed("pin", fido2__credential=base64.b64encode(bytes(1024)).decode()), "fido2-credential"),
        ("no salt", 6, changed("pin", fido2__salt=None), "fido2-salt"),
        ("a salt of 31 bytes", 7, changed("pin", fido2__salt=base64.b64encode(bytes(31)).decode()), "31 bytes"),
        ("a salt of 64 bytes", 7, changed("pin", fido2__salt=base64.b64encode(bytes(64)).decode()), "64 bytes"),
        ("a salt of 300 bytes", 7, changed("pin", fido2__salt=base64.b64encode(bytes(300)).decode()), "300 bytes"),
        ("an empty relying party", 6, changed("pin", fido2__rp=""), "fido2-rp"),
        ("a relying party of 254 bytes", 6, changed("pin", fido2__rp="x" * 254), "fido2-rp"),
        ("a PIN flag that is a string", 6, changed("pin", **{"fido2-clientPin-required": "true"}), "clientPin"),
        ("a touch flag that is null", 6, changed("pin", **{"fido2-up-required": 0}), "fido2-up"),
        ("a member of a newer systemd", 7, changed("pin", **{"fido2-manual-salt": True}), "fido2-manual-salt"),
]:
    case(f"{what} is taken", code, token, text)(bad_token)


@case("a relying party of a token's own is not used")
def own_rp():
    def function(key):
        for credential in key.auth.st["creds"].values():
            credential["rp"] = "example.org"
        return Run(PROGRAM, changed("nopin", fido2__rp="example.org"), key)
    gives(with_key(Key("nopin"), function), sample("nopin")[1], touch=1)


# --- what is left in memory --------------------------------------------------------------------

LONG_PIN = b"a PIN of 24 letters, say"


class Open(fidostick.Authenticator):
    """Keeps the keys of every exchange for us."""

    def __init__(self, options):
        self.secrets = {}
        super().__init__(options)
        if self.st["pin"]:
            self.st["pin"] = hashlib.sha256(LONG_PIN).digest()[:16].hex()

    def proto(self, n, peer):
        p = super().proto(n, peer)
        self.secrets.update({f"the AES key {len(self.secrets)}": p.key, f"the HMAC key {len(self.secrets)}": p.mac})
        return p

    def pin(self, m, wait):
        answer = super().pin(m, wait)
        self.secrets["the PIN token"] = self.token
        return answer


def searched(key_name, token, passphrase, answers, code, **options):
    key = Key(key_name, authenticator=Open, **options)

    class Run(rig.Searched):
        def secrets(self):
            secret = {"the passphrase": passphrase, "the key's secret": base64.b64decode(passphrase)}
            return {**key.auth.secrets, **secret, "the PIN": LONG_PIN, "the PIN's hash": hashlib.sha256(LONG_PIN).digest()[:16]}

    answers = iter(answers)
    run = with_key(key, lambda k: Run(PROGRAM, token, k, lambda line: next(answers)))
    if run.code != code or run.searched != 1 or run.residue or len(key.auth.secrets) < 3:
        raise Broken(f"{run}: looked {run.searched} times, found {run.residue}")


@case("secrets are left in the memory of a program that ends")
def residue():
    if rig.memory.missing():
        raise Skip(rig.memory.missing())
    if TARGET != "x86_64-linux-musl":
        raise Skip("the sanitizers keep copies")
    for protocols in ([1], [2]):
        searched("pin1234", *sample("pin"), [LONG_PIN + b"\n"], 0, protocols=protocols)
        searched("pin1234", *sample("pin"), [b"wrong\n", LONG_PIN + b"\n"], 0, protocols=protocols)
    searched("nopin", *sample("nopin"), [], 0)


# --- keys that lie ---------------------------------------------------------------------------

def lying(where, change):
    """An authenticator whose answer to command (and subcommand) @where is @change(answer)."""
    class Lying(fidostick.Authenticator):
        def command(self, data, wait):
            m = fidostick.dec(data[1:])[0] if len(data) > 1 else {}
            if where == (data[0], m.get(2) if data[0] == 6 else 4 in m):
                return change(super().command(data, wait))
            return super().command(data, wait)
    return Lying


INFO, AGREE, TRIES, TOKEN9, LOOK, SECRET = (4, False), (6, 2), (6, 1), (6, 9), (2, False), (2, True)


def edited(function):
    """Change the decoded answer."""
    def change(answer):
        m = fidostick.dec(answer[1:])[0]
        return answer[:1] + fidostick.enc(function(m) or m)
    return change


def auth_data(function):
    return edited(lambda m: {**m, 2: function(m[2])})


def secret_of(n):
    return auth_data(lambda d: d[:37] + fidostick.enc({"hmac-secret": bytes(n)}))


BROKEN = [
    ("nothing", lambda a: b""),
    ("a status alone", lambda a: b"\0"),
    ("half an answer", lambda a: a[:len(a) // 2]),
    ("an answer and a byte", lambda a: a + b"\0"),
    ("an array", lambda a: b"\0\x80"),
    ("a byte string of 2^32 bytes", lambda a: b"\0\xa1\x01\x5a\xff\xff\xff\xff"),
    ("a byte string of 2^64 - 1 bytes", lambda a: b"\0\xa1\x01\x5b" + b"\xff" * 8),
    ("a map of 2^63 pairs", lambda a: b"\0\xbb\x80" + bytes(7)),
    ("an array of 2^32 items", lambda a: b"\0\xa1\x01\x9a\xff\xff\xff\xff\0"),
    ("nesting without end", lambda a: b"\0\xa1\x01" + b"\x81" * 1500 + b"\0"),
    ("a map of no given length", lambda a: b"\0\xbf\xff"),
    ("a tag", lambda a: b"\0\xc0\xa0"),
    ("an unknown status", lambda a: b"\x7f"),
    ("numbers for everything", lambda a: b"\0" + fidostick.enc({i: i for i in range(1, 12)})),
    ("an empty map", lambda a: b"\0\xa0"),
]


def lie(where, change, harmless=()):
    run = go("pin1234", sample("pin")[0], authenticator=lying(where, change))
    if not (where in harmless and run.code == 0):
        check(run, 4)


for place, where in (("getInfo", INFO), ("the number of tries", TRIES), ("the key agreement", AGREE), ("the PIN token", TOKEN9), ("the secret", SECRET)):
    for what, change in BROKEN:
        if (what, where) == ("numbers for everything", TRIES):
            continue  # one of them is the number of tries
        case(f"{what} for {place} is taken, or breaks the program", where, change)(lie)
# The pre-flight has no answer but its status.
for what, change in BROKEN[:12]:
    case(f"{what} for the pre-flight is taken, or breaks the program", LOOK, change, (LOOK,) if change(b"\0\xa0") == b"\0\xa0" else ())(lie)

for what, where, change in [
        ("a point that is not on the curve", AGREE, edited(lambda m: {1: {**m[1], -2: bytes(32)}})),
        ("a coordinate of 31 bytes", AGREE, edited(lambda m: {1: {**m[1], -2: bytes(31)}})),
        ("a coordinate of 33 bytes", AGREE, edited(lambda m: {1: {**m[1], -3: bytes(33)}})),
        ("a point of another curve", AGREE, edited(lambda m: {1: {**m[1], -1: 2}})),
        ("a number of tries of 2^32", TRIES, edited(lambda m: {3: 1 << 31})),
        ("an empty PIN token", TOKEN9, edited(lambda m: {2: b""})),
        ("a PIN token that is only an IV", TOKEN9, edited(lambda m: {2: bytes(16)})),
        ("a PIN token of 1000 bytes", TOKEN9, edited(lambda m: {2: bytes(1008)})),
        ("a PIN token of 17 bytes", TOKEN9, edited(lambda m: {2: bytes(17)})),
        ("authenticator data of 36 bytes", SECRET, auth_data(lambda d: d[:36])),
        ("authenticator data without the extensions' flag", SECRET, auth_data(lambda d: d[:32] + b"\1" + d[33:])),
        ("authenticator data with a credential", SECRET, auth_data(lambda d: d[:32] + b"\xc1" + d[33:])),
        ("authenticator data that end with the counter", SECRET, auth_data(lambda d: d[:37])),
        ("no hmac-secret", SECRET, auth_data(lambda d: d[:37] + fidostick.enc({"credProtect": 1}))),
        ("an hmac-secret that is true", SECRET, auth_data(lambda d: d[:37] + fidostick.enc({"hmac-secret": True}))),
        *((f"an hmac-secret of {n} bytes", SECRET, secret_of(n)) for n in (0, 16, 32, 33, 47, 64, 80, 1008)),
]:
    case(f"{what} is taken", where, change)(lie)


class Raw(bytes):
    """CBOR as it is."""


def encode(v):
    """fidostick.enc, with Raw in it, and with pairs in place of a map where keys come twice."""
    if isinstance(v, Raw):
        return bytes(v)
    if isinstance(v, dict):
        v = tuple(v.items())
    if isinstance(v, tuple):
        return fidostick.head(5, len(v)) + b"".join(encode(k) + encode(x) for k, x in v)
    if isinstance(v, list):
        return fidostick.head(4, len(v)) + b"".join(map(encode, v))
    return fidostick.enc(v)


VALUES = [0, -1, Raw(b"\x1b" + b"\x80" * 8), b"", bytes(300), "", "x" * 300, [], [{}], {}, {0: 0}, True, False, *map(Raw, (
    b"\xf6", b"\xf7", b"\xf9\0\0", b"\xfb" + bytes(8), b"\x5f\x41\0\xff", b"\x7f\x61x\xff", b"\x9f\0\xff", b"\xbf\0\0\xff", b"\xc0\0", b"\xff",
    b"\x1c", b"\x3b" + b"\xff" * 8, b"\x5b" + b"\xff" * 8, b"\x9b" + b"\xff" * 8, b"\xbb" + b"\xff" * 8))]


def changes(m):
    """@m with each of its members, at any depth, of each of VALUES, gone, or there twice."""
    for k, old in m.items():
        rest = {j: v for j, v in m.items() if j != k}
        yield rest
        for v in VALUES:
            yield {**rest, k: v}
        yield (*m.items(), (k, old))
        yield ((k, Raw(b"\xf6")), *m.items())
        if isinstance(old, dict):
            for inner in changes(old):
                yield {**rest, k: inner}


def each_change(place, where, part):
    """A quarter of all. What the program ends with is one of its codes, soon, and no other passphrase than the key's."""
    token, passphrase = sample("pin")
    answers = []
    gives(go("pin1234", token, authenticator=lying(where, lambda a: answers.append(a) or a)), passphrase)
    count = sum(1 for _ in changes(fidostick.dec(answers[0][1:])[0]))
    for number in range(part, count, 4):
        def change(answer, number=number):
            return b"\0" + encode(next(itertools.islice(changes(fidostick.dec(answer[1:])[0]), number, None)))

        started = time.monotonic()
        run = go("pin1234", token, authenticator=lying(where, change))
        if run.code not in (0, 2, 4) or len(run.lines) > 20 or time.monotonic() - started > 40 or (run.code == 0) != (run.passphrase == passphrase):
            raise Broken(f"change {number} of {place}: {run}")


for place, where in (("getInfo", INFO), ("the number of tries", TRIES), ("the key agreement", AGREE), ("the PIN token", TOKEN9), ("the secret", SECRET)):
    for part in range(4):
        case(f"one wrong member in the answer to {place} breaks the program, or changes the passphrase ({part + 1} of 4)", place, where, part)(each_change)


@case("hundreds of extensions, or none, and no versions break the program")
def extensions():
    token, passphrase = sample("pin")
    many = edited(lambda m: {**m, 2: [f"e{n}" for n in range(200)] + ["hmac-secret"]})
    gives(go("pin1234", token, authenticator=lying(INFO, many)), passphrase)
    without = edited(lambda m: {k: v for k, v in m.items() if k != 1})
    gives(go("pin1234", token, authenticator=lying(INFO, without)), passphrase)
    check(go("pin1234", token, authenticator=lying(INFO, edited(lambda m: {**m, 2: []}))), 4, pin=0)


class Dying(fidostick.Hid):
    """Is pulled out when it has got or sent so many reports."""
    life = 0

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.key, self.left = self.usb, self.life
        self.usb = self

    def live(self):
        self.left -= 1
        if self.left < 0:
            self.key.pull()
            raise OSError("pulled out")

    def report(self, report, *more):
        if self.usb is not self or len(report) < 64 or self.sending:
            self.live()
            return self.key.report(report)
        self.live()
        return super().report(report)

    sending = False

    def send(self, *arguments):
        self.sending = True
        try:
            super().send(*arguments)
        finally:
            self.sending = False

    def serve(self, timeout):
        self.key.serve(timeout)

    @property
    def plugged(self):
        return self.key.plugged


@case("a key that is pulled out at some report holds the program, or gives half a passphrase")
def dies():
    token, passphrase = sample("pin")
    ended = set()
    for life in range(60):
        started = time.monotonic()
        run = go("pin1234", token, hid=type("Life", (Dying,), {"life": life}))
        ended.add(run.code)
        if run.code not in (0, 4) or (run.code == 0) != (run.passphrase == passphrase) or time.monotonic() - started > 20:
            raise Broken(f"after {life} reports: {run}")
    if ended != {0, 4}:
        raise Broken(f"{ended}: it lived too long or too short each time")


@case("a channel of 0, or the one for all, is no channel of the key")
def odd_channels():
    token, passphrase = sample("pin")
    for number in (0, 0xFFFFFFFF, 0xFFFFFFFE):
        def init(self, cid, cmd, data, number=number):
            if cmd == fidostick.INIT:
                return self.send(cid, fidostick.INIT, data[:8] + struct.pack(">I", number) + bytes([2, 1, 0, 0, 0x0C]))
            return fidostick.Hid.message(self, cid, cmd, data)

        run = go("pin1234", token, hid=type("Odd", (fidostick.Hid,), {"message": init}))
        if run.code not in (0, 4) or (run.code == 0) != (run.passphrase == passphrase):
            raise Broken(f"channel {number:x}: {run}")


class Report(fidostick.Hid):
    """Answers the first CTAP message by reports of the test's own."""

    def message(self, cid, cmd, data):
        if cmd != fidostick.CBOR:
            return super().message(cid, cmd, data)
        self.lie(cid)


def hid_lie(name, function, text="security key"):
    def run():
        started = time.monotonic()
        result = check(go("pin1234", sample("pin")[0], hid=type("Lie", (Report,), {"lie": function})), 4, pin=0, touch=0)
        says(result, text)
        if time.monotonic() - started > 60:
            raise Broken(f"{time.monotonic() - started:.0f} s")
    CASES.append((name, run))


def again(function):
    """Keep on sending while the program listens."""
    def send(self, cid):
        try:
            while True:
                function(self, cid)
        except OSError:
            self.usb.plugged = False
    return send


def first(self, cid, cmd, length, data=b""):
    self.usb.report(struct.pack(">IBH", cid, cmd, length) + data)


hid_lie("an answer that is said to have 65535 bytes is taken", lambda s, cid: first(s, cid, 0x90, 65535))
hid_lie("an answer of 7610 bytes is taken", lambda s, cid: first(s, cid, 0x90, 7610))
hid_lie("a report out of order is taken", lambda s, cid: (first(s, cid, 0x90, 200), s.usb.report(struct.pack(">IB", cid, 1))), "report 1 in place of 0")
hid_lie("an answer whose rest never comes holds the program", lambda s, cid: first(s, cid, 0x90, 200), "in time")
hid_lie("an answer on another channel is taken", lambda s, cid: s.send(cid + 1, 0x90, b"\0" + fidostick.enc({2: ["hmac-secret"]})), "in time")
hid_lie("a key that never answers holds the program", lambda s, cid: None, "in time")
hid_lie("a key that is at work without end holds the program", again(lambda s, cid: (s.send(cid, fidostick.KEEPALIVE, b"\1"), time.sleep(0.05))), "in time")
hid_lie("a flood of KEEPALIVEs holds the program", again(lambda s, cid: s.send(cid, fidostick.KEEPALIVE, b"\1")), "in time")
hid_lie("a flood on other channels holds the program", again(lambda s, cid: s.send(cid + 1, fidostick.CBOR, b"\0")), "in time")
hid_lie("a flood of rests of answers holds the program", again(lambda s, cid: s.usb.report(struct.pack(">IB", cid, 1))), "in time")
hid_lie("an unknown CTAPHID error is no failure", lambda s, cid: s.error(cid, 0x7F), "error 127")
hid_lie("a CTAPHID error without a number breaks the program", lambda s, cid: s.send(cid, fidostick.ERROR, b""), "error 0")


class NoInit(fidostick.Hid):
    def message(self, cid, cmd, data):
        if cmd == fidostick.INIT:
            return first(self, cid, fidostick.INIT, 17, bytes(8) + struct.pack(">I", 1) + b"\2\1\0\0\x0c")
        super().message(cid, cmd, data)


class OldKey(fidostick.Hid):
    """U2F only."""

    def message(self, cid, cmd, data):
        if cmd == fidostick.INIT:
            self.send(cid, fidostick.INIT, data[:8] + struct.pack(">I", 1) + b"\2\1\0\0\1")


@case("the answer to another program's INIT is taken, or a key without CTAP2")
def bad_init():
    says(check(go("pin1234", sample("pin")[0], hid=NoInit), 4), "in time")
    says(check(go("pin1234", sample("pin")[0], hid=OldKey), 4), "CTAP2")


# --- confinement -----------------------------------------------------------------------------

@case("while it waits for the key the program has privileges, no filter, or the PIN in its memory")
def confined():
    found, seen = {}, threading.Event()

    class Touched(fidostick.Authenticator):
        """It is touched when everything was looked at."""

        def touch(self, wait):
            while not seen.is_set():
                wait(0.1)
            super().touch(wait)

    def hear(run, line):
        if line != "touch":
            return
        with open(f"/proc/{run.pid}/status") as f:
            found.update(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        found["fds"] = sorted(os.listdir(f"/proc/{run.pid}/fd"))
        found["pin"] = in_memory(run.pid, b"73519264")
        found["credential"] = in_memory(run.pid, base64.b64decode(json.loads(sample("pin")[0])["fido2-credential"]))
        seen.set()
    key = Key("pin1234", authenticator=Touched)
    key.auth.st["pin"] = fidostick.hashlib.sha256(b"73519264").digest()[:16].hex()
    run = with_key(key, lambda k: Run(PROGRAM, sample("pin")[0], k, lambda line: b"73519264\n", hear))
    gives(run, sample("pin")[1], touch=1)
    if found["NoNewPrivs"] != "1" or found["fds"] != ["0", "1", "2", "3", "4"] or found["pin"] or not found["credential"]:
        raise Broken(str(found))
    if "Seccomp" in found and found["Seccomp"] != "2" and "asan" not in PROGRAM:
        raise Broken(f"Seccomp {found['Seccomp']}")


def in_memory(pid, what):
    """Is it anywhere in the memory of the process?"""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            start, end = (int(n, 16) for n in line.split()[0].split("-"))
            if line.split()[1].startswith("r") and "[v" not in line and end - start < 1 << 28:
                memory.seek(start)
                try:
                    if what in memory.read(end - start):
                        return True
                except OSError:
                    pass
    return False


sys.exit(suite(CASES, workers=6))  # most of them wait
