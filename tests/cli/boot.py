#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""latchkey boot --test on a pseudo-terminal: everything that does not need a kernel of its own.

Volumes are files. tests/boot/test_keys.py tests devices that appear and disappear. Each case runs on the program and on its
build with the sanitizers. Arguments choose cases by a part of their names.
"""
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
from builds import cases_for_builds
from terminal import Terminal, Unexpected, cases
from volumes import CRYPTSETUP, LIMIT, O, PBKDF2, Keyring, Skip, Volume, lacking, suite, workplace

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup(1) would have us, and what we start, ignore it
FOLDER = os.path.join(O, "cli-boot")
FIRST, SECOND, WRONG = b"the first passphrase", b"the second passphrase", b"no passphrase of these"
CASES, case = cases()


class Alone:
    """While something is in the keyring that every latchkey reads, no other case starts one."""

    changed, owner, others = threading.Condition(), None, 0

    def __enter__(self):
        with Alone.changed:
            Alone.changed.wait_for(lambda: not Alone.owner and not Alone.others)
            Alone.owner = threading.get_ident()

    def __exit__(self, *_):
        with Alone.changed:
            Alone.owner = None
            Alone.changed.notify_all()

    @staticmethod
    def count(one):
        with Alone.changed:
            if one > 0:
                Alone.changed.wait_for(lambda: Alone.owner in (None, threading.get_ident()))
            Alone.others += one
            Alone.changed.notify_all()


class Boot(Terminal):
    """latchkey boot --test at a terminal of its own; its results, the names, go elsewhere."""

    def __init__(self, build, cmdline, crypttab="", conf="", terminal=True):
        Alone.count(1)
        super().__init__()
        paths = [build.file(name) for name in ("crypttab", "conf")]
        for path, text in zip(paths, (crypttab, conf)):
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
        command = [build.path, "boot", "--test", "--cmdline", cmdline, "--crypttab", paths[0], "--config", paths[1]]
        self.start([*(["setsid", "--ctty"] if terminal else []), *command], build.folder,
                   stdin=self.slave if terminal else subprocess.DEVNULL, stdout=subprocess.PIPE,
                   stderr=self.slave if terminal else subprocess.STDOUT)

    def __exit__(self, *_):
        Alone.count(-1)
        super().__exit__()

    def ends(self, code, *names):
        try:
            out, _ = self.process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            self.wrong("it does not end")
        while self.read(0):
            pass
        if self.process.returncode != code:
            self.wrong(f"status {self.process.returncode}, not {code}")
        if code == 0 and out.decode().split() != list(names):
            self.wrong(f"the names are {out!r}")
        self.is_as_it_was()
        self.shows_no_secret(self.rest.encode())


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(n) for n in f.read().split()]


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:  # it was quicker
        pass


def spent_ms(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return int(f.read().rsplit(")", 1)[1].split()[11]) * 1000 // os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0


# -------------------------------------------------------------------------------------------------------------


@case("the right passphrase opens, and does not show")
def right(b):
    with Boot(b, f"latchkey.device={ONE}") as t:
        t.expect(f"Enter passphrase for root ({ONE}): ")
        t.type(FIRST + b"\n")
        t.expect("root would open with the passphrase")
        t.ends(0, "root")


@case("a wrong one is called wrong, and the next one opens")
def wrong_then_right(b):
    with Boot(b, f"latchkey.device={ONE}") as t:
        t.expect("Enter passphrase")
        t.type(WRONG + b"\n")
        t.expect(f"latchkey: root: {ONE}: wrong passphrase or key")  # the name that the prompt has
        t.expect("Enter passphrase")
        t.type(FIRST + b"\n")
        t.ends(0, "root")


def shared_memory(pid):
    """What the process can write and shares with its children: secrets on their way to them."""
    found = b""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            where, rights = line.split()[:2]
            if rights.startswith("rw") and rights.endswith("s"):
                low, high = (int(n, 16) for n in where.split("-"))
                memory.seek(low)
                found += memory.read(high - low)
    return found


@case("a passphrase that no volume needs any more is kept in the memory that is shared with children")
def used_up(b):
    if os.geteuid():
        raise Skip("only root sees the memory of a program that cannot be dumped")
    with Boot(b, f"latchkey.device={ONE}") as t:
        t.expect("Enter passphrase")
        t.type(WRONG)
        until = time.monotonic() + LIMIT
        while WRONG not in shared_memory(t.process.pid):
            if time.monotonic() > until:
                t.wrong("what is typed is not in the memory that this test reads")
            time.sleep(0.05)
        t.type(b"\n")
        t.expect("wrong passphrase or key")
        t.expect("Enter passphrase")
        if WRONG in shared_memory(t.process.pid):
            t.wrong("what was typed is still there")
        t.type(FIRST + b"\n")
        t.ends(0, "root")


@case("a prompt at which nothing is typed does not say, once, that typing is not shown; or it says so after a key or with stars")
def hidden(b):
    with Boot(b, f"latchkey.device={ONE}") as typed:
        typed.expect("Enter passphrase")
        typed.type(FIRST[:5])  # before the others start: on a busy machine their prompts may come too late for it
        with Boot(b, f"latchkey.device={ONE}") as plain, Boot(b, f"latchkey.device={ONE} latchkey.options=password-echo=masked") as masked:
            for t in plain, masked:
                t.expect("Enter passphrase")
            plain.expect("latchkey: what you type is not shown\n")
            plain.expect(f"Enter passphrase for root ({ONE}): ")
            time.sleep(6)
            plain.type(FIRST[:5])
            for t in plain, typed, masked:
                t.type((FIRST if t is masked else FIRST[5:]) + b"\n")
                t.expect("would open with the passphrase")
                if "is not shown" in (t.rest if t is plain else t.shown) or t.shown.count("is not shown") != (t is plain):
                    t.wrong("it says so again, or after a key, or with stars")
                t.ends(0, "root")


@case("keys for correction, a control character and an escape sequence are no part of it")
def editing(b):
    with Boot(b, f"latchkey.device={ONE}") as t:
        t.expect("Enter passphrase")
        t.type(b"rubbish\x15more rubbish\x17\x17")
        t.type(FIRST[:5] + b"x\x7f\x1b[D\x1bOA" + "\u20ac".encode() + b"\x08" + FIRST[5:] + b"\r")
        t.ends(0, "root")


@case("an empty line and one of 513 bytes cost no try; one of 512 bytes is tried")
def lengths(b):
    with Boot(b, f"latchkey.device={ONE} latchkey.tries=1 latchkey.after=fail") as t:
        t.expect("Enter passphrase")
        t.type(b"\n")
        t.expect("Empty: press Enter again to try it.")
        t.type(b"a" * 513 + b"\n")
        t.expect("A passphrase has at most 512 bytes.")
        t.type(b"a" * 512 + b"\n")
        t.expect("no correct passphrase, tries: 1")
        t.ends(2)


@case("the empty passphrase: with try-empty-password without a question, by an empty key file, or when Enter is pressed twice")
def empty_passphrase(b):
    open(b.file("nothing"), "wb").close()
    for table, words in (("root {} none luks,try-empty-password\n", "quiet"), ("", "latchkey.device={} latchkey.try-empty=yes"),
                         ("root {} {} luks\n", "quiet"), ("", "latchkey.device={} latchkey.options=headless,try-empty-password")):
        with Boot(b, words.format(EMPTY), table.format(EMPTY, b.file("nothing"))) as t:
            t.ends(0, "root")
            if "Enter passphrase" in t.rest and "the key file" not in t.rest:  # that one is not waited for
                t.wrong("it asks")
    with Boot(b, f"latchkey.device={EMPTY} latchkey.tries=1 latchkey.after=fail") as t:
        t.expect("Enter passphrase")
        t.type(b"\n")
        t.expect("Empty: press Enter again to try it.")
        t.type(b"\n")
        t.expect("root would open with the passphrase")
        t.ends(0, "root")
    with Boot(b, f"latchkey.device={ONE} latchkey.options=try-empty-password,tries=1 latchkey.after=fail") as t:
        t.expect("the empty passphrase does not open root: ")
        for line in (b"\n", WRONG + b"x\x15" + FIRST + b"\n"):  # that one counts as no try, nor does Enter alone
            t.expect("Enter passphrase")
            t.type(line)
        t.ends(0, "root")
    with Boot(b, f"latchkey.device={ONE} latchkey.tries=1 latchkey.after=fail") as t:
        t.expect("Enter passphrase")
        t.type(b"\n")
        t.expect("Empty: press Enter again to try it.")
        t.type(b"\n")
        t.expect("wrong passphrase or key: no keyslot opens with it (2 tried); it is empty")
        t.ends(2)


@case("stars for characters, not for bytes, and none without being asked for")
def stars(b):
    with Boot(b, f"latchkey.device={ONE} latchkey.options=password-echo=masked") as t:
        t.expect("): ")
        t.type("\u20aca\u20ac".encode())
        t.expect("): ***")
        time.sleep(0.2)
        if t.read(0) or "*" in t.rest:
            t.wrong("more than three stars")
        t.type(b"\x15" + FIRST + b"\n")
        t.ends(0, "root")


@case("two volumes: asked once for both, and again for the one that the first passphrase does not open")
def two(b):
    table = f"one {ONE} none\ntwo {TWO} none\nalso {ALSO_ONE} none\n"
    with Boot(b, "quiet", table) as t:
        t.expect(f"Enter passphrase for one ({ONE}), two, also: ")
        t.type(FIRST + b"\n")
        t.expect(f"Enter passphrase for two ({TWO}): ")
        t.type(SECOND + b"\n")
        t.expect("3 of 3 volumes would open")
        t.ends(0, "one", "two", "also")


@case("a passphrase for one volume is tried on another that was put in its place, or nobody is asked for that one")
def swapped(b):
    place = b.file("swapped")
    for volume in (ONE, TWO):
        subprocess.run(["cp", volume, place + ".new"], check=True)
        os.replace(place + ".new", place)
        if volume == ONE:
            boot = Boot(b, f"latchkey.device={place}")
            boot.expect(f"Enter passphrase for root ({place}): ")
    with boot as t:
        t.type(FIRST + b"\n")
        t.expect(f"{place}: UUID ")
        t.expect(" is there, not ")
        t.expect(f"Enter passphrase for root ({place}): ")
        if "wrong" in t.rest:
            t.wrong("the passphrase is blamed")
        t.type(SECOND + b"\n")
        t.ends(0, "root")


@case("a key file opens without a question; a wrong one leads to the prompt")
def key_files(b):
    with Boot(b, f"latchkey.device={ONE} latchkey.key={KEY}") as t:
        t.ends(0, "root")
        if "Enter passphrase" in t.rest and "would open" not in t.rest:
            t.wrong("it asks")
    with Boot(b, f"latchkey.device={TWO} latchkey.key={KEY}") as t:
        t.expect(f"the key file {KEY} does not open root")
        t.expect("Enter passphrase")
        t.type(SECOND + b"\n")
        t.ends(0, "root")


@case("keyscript=/bin/cat names a key file; another key script is named, and the passphrase opens")
def key_scripts(b):
    with Boot(b, "quiet", f"root {ONE} {KEY} luks,keyscript=/bin/cat\n") as t:
        t.expect(f"root would open with the key file {KEY}")
        t.ends(0, "root")
    with Boot(b, "splash", f"root {ONE} none luks,keyscript=/usr/share/yubikey-luks/ykluks-keyscript\n") as t:
        t.expect("ignored: key script, the passphrase is used: /usr/share/yubikey-luks/ykluks-keyscript")
        t.expect("Enter passphrase")
        t.type(FIRST + b"\n")
        t.ends(0, "root")


@case("a key that ends in a newline opens without it, is called so, and with strict-key does not")
def newline(b):
    with Boot(b, f"latchkey.device={ONE} latchkey.key={NEWLINE}") as t:
        t.expect("the key works only without its trailing newline")
        t.ends(0, "root")
    for one, text, extra in ((ONE, FIRST + b"\r\n", "trailing carriage return and newline"),
                             (ONE, b"\xef\xbb\xbf" + FIRST, "byte order mark and any line end"),
                             (ONE, b"\xef\xbb\xbf" + FIRST + b"\r\n", "byte order mark and any line end"),
                             (EMPTY, b"\n", "trailing newline"), (EMPTY, b"\r\n", "trailing carriage return and newline")):
        with open(b.file("edited"), "wb") as f:
            f.write(text)
        with Boot(b, f"latchkey.device={one} latchkey.key={b.file('edited')} latchkey.options=headless") as t:
            t.expect(f"the key works only without its {extra}")
            t.ends(0, "root")
    with Boot(b, f"latchkey.device={ONE} latchkey.key={NEWLINE} latchkey.options=strict-key") as t:
        t.expect("does not open root")
        t.type(FIRST + b"\n")
        t.ends(0, "root")


@case("a volume that cannot be opened fails the run with its cause; with nofail it does not")
def nofail(b):
    for option, code, names in (("", 6, ()), (",nofail", 0, ("one",))):
        table = f"bad {BAD} none no-stick{option}\none {ONE} {KEY}\n"
        with Boot(b, "quiet", table) as t:
            t.expect("both copies of the LUKS2 header are damaged")
            t.ends(code, *names)


NOWHERE = "UUID=c46a21c3-0000-4000-8000-000000000001"
ROOT_IS = "root=/dev/mapper/root"


@case("what is open waits for a nofail volume that is absent, damaged, or has no key; each is named, with code 0")
def nofail_is_not_waited_for(b):
    for device, key, option, why in (
            (NOWHERE, "none", "", "no device found"), (NOWHERE, KEY, ",device-timeout=500", "no device found"),
            (BAD, KEY, "", "both copies of the LUKS2 header are damaged"), ("/nowhere.img", KEY, "", "not found"),
            (KEY, KEY, "", "not"), (TWO, "/nowhere.key", ",headless", "no key available"),
            (TWO, "/k:LABEL=nowhere", ",headless", "no key available"),
            (TWO, "/k:LABEL=nowhere", ",key-timeout=500", "no key available"),
            (TWO, KEY, ",headless", "no key available")):
        with Boot(b, ROOT_IS, f"media {device} {key} initramfs,nofail{option}\nroot {ONE} {KEY} initramfs\n"
                           f"last {ALSO_ONE} {KEY} initramfs\n") as t:
            t.expect("media is left closed (nofail): ")
            t.expect(why)
            t.ends(0, "root", "last")


@case("a nofail volume that only a passphrase opens keeps the boot, or is not asked for, or nobody may finish typing")
def nofail_is_asked_for(b):
    table = f"root {ONE} {KEY} initramfs\nhome {TWO} none initramfs,nofail\n"
    with Boot(b, ROOT_IS, table) as t:
        t.expect("Enter passphrase for home")
        t.expect("home is left closed (nofail): no key opened it within 5 s")
        t.ends(0, "root")
    with Boot(b, ROOT_IS, table) as t:
        t.expect("Enter passphrase for home")
        for part in (SECOND[:4], SECOND[4:8], SECOND[8:] + b"\n"):
            t.type(part)
            if part[-1:] != b"\n":
                time.sleep(3)
        t.expect("home would open with the passphrase")
        t.ends(0, "root", "home")
    with Boot(b, ROOT_IS, table.replace("nofail", "nofail,timeout=1")) as t:
        t.expect("no passphrase was given within 1 s")
        t.ends(0, "root")


@case("a volume that appears long after the prompt for another one has its own timeout, and the other one no longer one")
def late_has_its_time(b):
    later = b.file("later.img")
    with Boot(b, "x", f"one {ONE} none luks\ntwo {later} none timeout=6\n") as t:
        t.expect(f"Enter passphrase for one ({ONE}): ")
        time.sleep(7)
        os.rename(shutil.copy(TWO, b.file("later.tmp")), later)
        t.expect(f"Enter passphrase for one ({ONE}), two: ")
        t.type(FIRST + b"\n")
        t.expect(f"Enter passphrase for two ({later}): ")
        t.type(SECOND + b"\n")
        t.ends(0, "one", "two")
    os.unlink(later)
    with Boot(b, "x", f"one {ONE} none timeout=9\ntwo {later} none luks\n") as t:
        started = time.monotonic()
        t.expect(f"Enter passphrase for one ({ONE}): ")
        time.sleep(8)
        os.rename(shutil.copy(TWO, b.file("later.tmp")), later)
        t.expect("no passphrase was given within 9 s")
        if time.monotonic() - started > 15:
            t.wrong("its timeout began again")
        t.ends(1)


@case("a nofail volume whose key derives slowly is left before its attempt ends")
def nofail_may_end_its_attempt(b):
    with Boot(b, ROOT_IS, f"slow {SLOW} {KEY} initramfs,nofail\nroot {ONE} {KEY} initramfs\n") as t:
        t.ends(0, "slow", "root")


@case("wrong passphrases for a nofail volume never end; three, or tries=, give up that volume alone")
def nofail_counts_its_own(b):
    for option, tries in (("", 3), (",tries=2", 2)):
        with Boot(b, ROOT_IS + " latchkey.tries=0", f"root {ONE} {KEY} initramfs\nhome {TWO} none initramfs,nofail{option}\n") as t:
            for _ in range(tries):
                t.expect(f"Enter passphrase for home ({TWO}): ")
                t.type(WRONG + b"\n")
                t.expect("wrong passphrase or key")
            t.expect(f"home is left closed (nofail): no correct passphrase, tries: {tries}")
            t.ends(0, "root")


@case("tries of one volume end another; or wrong passphrases for the root use up those of a nofail volume")
def tries_are_each_volumes_own(b):
    table = f"root {ONE} none initramfs\ntwo {TWO} none initramfs,nofail,tries=2\nalso {ALSO_ONE} none initramfs,nofail,tries=1\n"
    with Boot(b, ROOT_IS, table) as t:
        for _ in range(3):
            t.expect(f"Enter passphrase for root ({ONE}), two, also: ")
            t.type(WRONG + b"\n")
            # The prompt is back before the attempts on the volumes that are not needed have ended.
            t.expect_all([f"{image}: wrong passphrase or key" for image in (ONE, TWO, ALSO_ONE)])
        t.expect(f"Enter passphrase for root ({ONE}), two, also: ")
        t.type(FIRST + b"\n")
        # What was typed for the root was no try for them.
        for _ in range(2):
            t.expect(f"Enter passphrase for two ({TWO}): ")
            t.type(WRONG + b"\n")
        t.expect("two is left closed (nofail): no correct passphrase, tries: 2")
        t.ends(0, "root", "also")
    with Boot(b, "latchkey.after=fail", f"one {ONE} none tries=2\ntwo {TWO} none tries=1\n") as t:
        t.expect(f"Enter passphrase for one ({ONE}), two: ")
        t.type(FIRST + b"\n")
        t.expect(f"Enter passphrase for two ({TWO}): ")
        t.type(WRONG + b"\n")
        t.expect("two: no correct passphrase, tries: 1")
        t.ends(2)


@case("noauto keeps what root=, or a mark, names closed, with code 0")
def noauto(b):
    for options, cmdline in (("noauto", ROOT_IS), ("noauto,nofail", ROOT_IS), ("noauto,initramfs", "x"),
                             ("x-initrd.attach,noauto", "x"), ("noauto", "root=/dev/disk/by-id/dm-name-root")):
        with Boot(b, cmdline, f"root {ONE} {KEY} luks,{options}\n") as t:
            t.ends(0, "root")
    with Boot(b, "root=/dev/mapper/other", f"root {ONE} {KEY} luks,noauto\nother {ALSO_ONE} {KEY}\n") as t:
        t.ends(0, "other")
    with Boot(b, "root=UUID=6b1d3a5e-0f2c-4c47-9a53-7c1de0c58b21", f"root {ONE} {KEY} luks,noauto\n") as t:
        t.expect("no volume is to be opened: noauto")
        t.ends(1)


@case("a root that stays closed ends with code 0: nofail for it, or its line left out")
def root_is_needed(b):
    with Boot(b, ROOT_IS + " latchkey.nofail", f"root {BAD} none nofail,no-stick\none {ONE} {KEY}\n") as t:
        t.ends(6)
    with Boot(b, ROOT_IS, f"root {NOWHERE} none nofail,device-timeout=1\none {ONE} {KEY}\n") as t:
        t.ends(4)
    for line in (f"root {ONE} none plain", f"root UUID=0f3c2a10-zz4e-4d2a-8c55-1b2c3d4e5f60 {KEY}", f"root nowhere {KEY}"):
        with Boot(b, ROOT_IS, f"{line}\none {ONE} {KEY}\n") as t:
            t.expect("root=/dev/mapper/root: its line was left out")
            t.ends(1)


@case("the root is left out as the last of too many lines; 64 volumes do not open")
def many(b):
    names = [f"d{i}" for i in range(65)]
    for name in names:
        os.path.exists(b.file(name)) or os.link(ALSO_ONE, b.file(name))
    table = "".join(f"{name} {b.file(name)} {KEY} nofail\n" for name in names)
    with Boot(b, ROOT_IS, f"{table}root {ONE} {KEY} luks\n") as t:
        t.expect("crypttab:65: skipped: more than 64 volumes: d64")
        t.expect("crypttab:64: skipped: more than 64 volumes: d63")
        t.ends(0, *names[:63], "root")


@case("the volume whose mapping is the root's key is not asked for, and nothing can open the root")
def key_volume(b):
    table = f"key {TWO} none luks\nroot {ONE} /dev/mapper/key luks,keyfile-size=64\n"
    with Boot(b, ROOT_IS, table) as t:
        t.expect(f"Enter passphrase for key ({TWO}), root: ")
    shown = subprocess.run([b.path, "boot", "--show", "--cmdline", ROOT_IS, "--crypttab", b.file("crypttab"), "--config", os.devnull],
                           stdout=subprocess.PIPE, text=True, check=True).stdout
    needed = [line.split()[1] for line in shown.splitlines() if line.startswith("  needed ")]
    if needed != ["yes", "yes"]:
        raise Unexpected(f"--show has {needed}")


@case("a whole system's crypttab: lines beside the root are waited for or asked for; with one key they do not open")
def whole_crypttab(b):
    table = f"home {TWO} /etc/keys/home.key luks\nroot {ONE} {{}} luks\ndata /srv/container.img none luks\nmore {ALSO_ONE} none\n"
    with Boot(b, ROOT_IS, table.format(KEY)) as t:
        t.expect_all(["home is left closed (not marked for the initramfs): no key available",
                      "data is left closed (not marked for the initramfs): /srv/container.img: not found"])
        t.ends(0, "root")
    with Boot(b, ROOT_IS, table.format("none")) as t:
        t.expect(f"Enter passphrase for root ({ONE}): ")
        t.type(FIRST + b"\n")
        t.ends(0, "root", "more")
    shown = subprocess.run([b.path, "boot", "--show", "--cmdline", ROOT_IS, "--crypttab", b.file("crypttab"), "--config", os.devnull],
                           stdout=subprocess.PIPE, text=True, check=True).stdout
    needed = [line for line in shown.splitlines() if line.startswith("  needed ")]
    if [line.split()[1].strip(",") for line in needed] != ["no", "yes", "no", "no"]:
        raise Unexpected(f"--show has {needed}")


@case("where nothing is needed nobody is asked, or time limits do not count")
def nothing_is_needed(b):
    with Boot(b, "x", f"media {NOWHERE} none nofail,device-timeout=2\n") as t:
        t.expect("waiting for media")
        t.expect("waited 2 s")
        t.ends(0)
    with Boot(b, "x", f"home {TWO} none nofail,timeout=1\n") as t:
        t.expect("Enter passphrase for home")
        t.expect("no passphrase was given within 1 s")
        t.ends(0)
    with Boot(b, "x", f"home {TWO} none nofail\none {ONE} none nofail,tries=1\n") as t:
        t.expect("Enter passphrase for home")
        t.type(WRONG + b"\n")
        t.expect("one is left closed (nofail): no correct passphrase, tries: 1")
        t.expect(f"Enter passphrase for home ({TWO}): ")
        time.sleep(6)  # longer than beside a root that is open
        t.type(SECOND + b"\n")
        t.ends(0, "home")


@case("headless: no question, and code 4 after the limit; a key opens all the same")
def headless(b):
    with Boot(b, f"latchkey.device={ONE} latchkey.headless latchkey.give-up=1") as t:
        t.ends(4)
        if "Enter passphrase" in t.rest:
            t.wrong("it asks")
    with Boot(b, f"latchkey.device={ONE} latchkey.headless latchkey.key={KEY}") as t:
        t.ends(0, "root")


@case("a device that is not there is waited for in words, and given up when it is told so")
def absent(b):
    with Boot(b, f"latchkey.device=/nowhere latchkey.options=device-timeout=2") as t:
        t.expect("waiting for root: /nowhere")
        t.ends(4)


@case("signals end it, and the terminal is as it was")
def signals(b):
    with Boot(b, f"latchkey.device={ONE}") as t:
        t.expect("Enter passphrase")
        t.process.terminate()
        t.ends(-15)


@case("without a terminal there is no loop over an end of file, and a key still opens")
def no_terminal(b):
    with Boot(b, f"latchkey.device={ONE} latchkey.key={KEY}", terminal=False) as t:
        t.process.communicate(timeout=LIMIT)
        if t.process.returncode:
            t.wrong(f"status {t.process.returncode}")


@case("a passphrase that an agent left in the kernel's keyring opens without a question; a wrong one counts as no try")
def cached(b):
    for passphrases, asked in ((b"stale\0" + FIRST + b"\0", False), (b"stale\0", True)):
        with Alone(), Keyring(b"cryptsetup", passphrases), Boot(b, f"latchkey.device={ONE} latchkey.tries=1 latchkey.after=fail") as t:
            if asked:
                t.expect("Enter passphrase")
                t.type(FIRST + b"\n")
            else:
                t.expect("root would open with a passphrase of the kernel's keyring")
            t.ends(0, "root")


@case("a key file that is empty, too large, a folder or a FIFO is named, and the prompt is answered")
def odd_key_files(b):
    os.mkdir(b.file("folder"))
    os.mkfifo(b.file("fifo"))
    for name, size in (("nothing", 0), ("large", (8 << 20) + 1)):
        with open(b.file(name), "wb") as f:
            f.truncate(size)
    wrong = {"folder": "is a directory", "large": "longer than 8192 KiB"}
    keys = " ".join(f"latchkey.key={b.file(name)}" for name in (*wrong, "nothing", "fifo"))
    with Boot(b, f"latchkey.device={ONE} {keys}") as t:
        t.expect_all(["Enter passphrase", f"{b.file('nothing')} does not open root: {ONE}: wrong passphrase or key: no keyslot opens with it (2 tried); it is empty"] +
                     [f"the key file {b.file(name)}: key file {b.file(name)}: {why}" for name, why in wrong.items()])
        t.type(FIRST + b"\n")  # the FIFO is still waited for
        t.expect("root would open with the passphrase")
        t.ends(0, "root")


@case("with password-cache=yes the passphrase is left there for systemd's units, beside what is there; else it is not")
def fills_cache(b):
    for option, there, left in (("", b"old\0", b"old\0"), ("=yes", b"old\0", b"old\0" + FIRST + b"\0"),
                                ("=yes", b"old", b"old\0" + FIRST + b"\0"), ("=yes", b"o" * 1010, FIRST + b"\0"),
                                ("=read-only", b"old", b"old")):
        with Alone(), Keyring(b"cryptsetup", there) as key, Boot(
                b, f"latchkey.device={ONE} latchkey.options={option and 'password-cache' + option}") as t:
            t.expect("Enter passphrase")
            t.type(FIRST + b"\n")
            t.ends(0, "root")
            if key.content() != left:
                t.wrong(f"after password-cache{option} the keyring has {key.content()!r}")
            if (key.seconds_left() is not None) != (option == "=yes"):
                t.wrong(f"after password-cache{option} the key lives {key.seconds_left()} s")


@case("a key of the kernel's keyring that a token names opens without a question; a wrong one, and none, lead to the prompt")
def token(b):
    for content, asked in ((FIRST, False), (WRONG, True), (None, True)):
        with Alone(), Keyring(b"latchkey test", content), Boot(b, f"latchkey.device={TOKEN}") as t:
            if asked:
                if content:
                    t.expect("the key of its token in the kernel's keyring does not open root: token 0 (luks2-keyring): ")
                t.expect("Enter passphrase")
                t.type(FIRST + b"\n")
            else:
                t.expect("root would open with the key of its token in the kernel's keyring")
            t.ends(0, "root")


@case("a key of the kernel's keyring is tried although its token has none of the keyslots that may be tried")
def token_elsewhere(b):
    with Alone(), Keyring(b"latchkey test", FIRST), Boot(b, f"latchkey.device={TOKEN} latchkey.options=key-slot=1") as t:
        t.expect("Enter passphrase")
        t.type(WRONG + b"\n")
        t.expect("wrong passphrase or key")
        if "its token" in t.shown:
            t.wrong("the key was tried")
        t.process.terminate()
        t.ends(-15)


@case("the FIFO: a line of 513 bytes is refused in words and not cut; an empty one is to come twice; 512 bytes, and the right line, count")
def fifo(b):
    path = b.file("fifo")
    with Boot(b, f"latchkey.device={ONE} latchkey.tries=2 latchkey.after=fail latchkey.passfifo={path}") as t:
        t.expect("Enter passphrase")

        def write(text, answer):
            t.typed.append(text.strip(b"\n"))
            with open(path, "wb") as f:
                f.write(text)
            t.expect(answer)

        write(b"\n", "Empty: press Enter again to try it.")
        write(b"b" * 513 + b"\n", f"{path}: a passphrase has at most 512 bytes")
        write(b"c" * 40000, f"{path}: a passphrase has at most 512 bytes")
        time.sleep(0.5)  # nobody writes: nothing happens
        while t.read(0):
            pass
        if "fifo" in t.rest or "wrong passphrase" in t.rest:
            t.wrong("more than was written")
        write(b"d" * 512, "wrong passphrase or key")
        t.expect("Enter passphrase")
        write(FIRST + b"\n", "root would open with the passphrase from the FIFO")
        t.ends(0, "root")


@case("a derivation that the kernel kills for want of memory is called a shortage, costs no try, and the prompt comes back")
def killed(b):
    with Boot(b, f"latchkey.device={SLOW} latchkey.tries=1 latchkey.after=fail") as t:
        t.expect("Enter passphrase")
        t.type(WRONG + b"\n")
        t.expect("Deriving the key for root")
        for child in children(t.process.pid):
            kill(child)
        t.expect("root: was killed, probably because the system ran out of memory")
        t.expect("Enter passphrase")
        t.type(FIRST + b"\n")
        t.ends(0, "root")
    with Boot(b, f"latchkey.device={SLOW} latchkey.headless latchkey.key={KEY}") as t:
        until = time.monotonic() + LIMIT
        while t.process.poll() is None and time.monotonic() < until:
            for child in children(t.process.pid):
                if spent_ms(child) > 100:  # the one that derives
                    kill(child)
        t.ends(3)


@case("nothing configured is said and is no success")
def nothing(b):
    with Boot(b, "quiet splash") as t:
        t.expect("no volume is configured")
        t.ends(1)


def rehearse(b, words, typed, *options):
    """boot with @options and the text or file @typed at standard input; (code, names, messages)."""
    done = subprocess.run([b.path, "boot", *options, "--cmdline", words, "--crypttab", os.devnull, "--config", os.devnull],
                          **{"input" if isinstance(typed, bytes) else "stdin": typed}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=LIMIT)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@case("a rehearsal over ssh, without a terminal or with an input that cannot be read, hangs; or it asks at the machine's console")
def without_terminal(b):
    folder, write_only = os.open("/", os.O_RDONLY), os.open(os.devnull, os.O_WRONLY)
    one, two = f"latchkey.device={ONE}", f"latchkey.volume=one,{ONE} latchkey.volume=two,{TWO}"
    for words, typed, want in ((one, FIRST + b"\n", (0, "root\n", "would open with the passphrase from standard input")),
                               (one, FIRST, (0, "root\n", "")),
                               (two, SECOND + b"\n" + FIRST + b"\n", (0, "one\ntwo\n", "")),
                               *((one, empty, (1, "", "root: no line of standard input opens it")) for empty in (b"", folder, write_only)),
                               (one, WRONG + b"\n", (2, "", "wrong passphrase or key")),
                               (f"{one} latchkey.key={LATE_KEY}", b"", (2, "", "late-key does not open root")),
                               (f"{one} latchkey.key=/nowhere.key", b"", (1, "", "/nowhere.key: cannot be opened")),
                               (two, FIRST + b"\n", (2, "", "two: no line of standard input opens it")),
                               (f"latchkey.device={NOWHERE}", b"", (4, "", "(waited 1 s)"))):
        code, names, said = rehearse(b, words, typed, "--test", "--timeout", "1")
        if (code, names) != want[:2] or want[2] not in said:
            raise Unexpected(f"{words}: {code} {names!r} {said}")
    for fd in folder, write_only:
        os.close(fd)


@case("--show ends with 0 although something is skipped or nothing is configured")
def show_is_judged(b):
    for words, code, said in ((f"latchkey.device={ONE}", 0, "tries: no limit; then: ask again; give up: never"), ("x", 1, "no volume is configured"),
                              ("", 1, "no volume is configured"),
                              (f"latchkey.device={ONE} latchkey.devise=x", 1, "unknown word: devise"),
                              ("latchkey.device=UUID=UUID", 1, "skipped: not a UUID: UUID")):
        done = rehearse(b, words, b"", "--show")
        if done[0] != code or said not in done[1] + done[2]:
            raise Unexpected(f"{words}: {done}")


LIMITED = "root {volume} {key} luks,no-stick,max-time=1{more}\n"


@case("keyslots that take too long are left out with their cost; a person is asked whether to go on, and may say no")
def too_slow(b):
    with Boot(b, "quiet", LIMITED.format(volume=LATE, key="none", more="")) as t:
        t.expect(f"Enter passphrase for root ({LATE}): ")
        t.type(WRONG + b"\n")
        t.expect("keyslot 1 would take about ")
        t.expect("no keyslot opens with it (1 tried, 1 skipped")
        t.expect("root: continue (about ")
        t.type(b"n\n")
        t.expect("Enter passphrase for root")
        t.type(FIRST + b"\n")  # the cheap keyslot
        t.ends(0, "root")
    for answer in (b"\n", b"y\n"):
        with Boot(b, "quiet", LIMITED.format(volume=LATE, key="none", more="")) as t:
            t.expect("Enter passphrase for root")
            t.type(SECOND + b"\n")
            t.expect("root: continue (about ")
            t.type(answer)
            t.ends(0, "root")


@case("another passphrase instead of an answer is tried as one")
def no_answer(b):
    with Boot(b, "quiet", LIMITED.format(volume=LATE, key="none", more="")) as t:
        t.expect("Enter passphrase for root")
        t.type(WRONG + b"\n")
        t.expect("root: continue (about ")
        t.type(FIRST + b"\n")
        t.ends(0, "root")


@case("when no keyslot fits, the question comes as well; a key file is tried in full without an answer")
def all_too_slow(b):
    with Boot(b, "quiet", LIMITED.format(volume=LATE, key="none", more=",key-slot=1")) as t:
        t.expect("Enter passphrase for root")
        t.type(SECOND + b"\n")
        t.expect("root: continue (about ")
        t.type(b"\n")
        t.ends(0, "root")
    with Boot(b, "quiet", LIMITED.format(volume=LATE, key=LATE_KEY, more="")) as t:
        t.expect("root: continue (about ")
        t.ends(0, "root")


@case("of two volumes that take too long, one is given up without a question")
def two_slow(b):
    also = shutil.copy(LATE, b.file("also-late.img"))
    table = LIMITED + f"home {also} none luks,no-stick,max-time=1\n"
    with Boot(b, "quiet", table.format(volume=LATE, key="none", more="")) as t:
        t.expect("Enter passphrase for ")
        t.type(SECOND + b"\n")
        for _ in range(2):
            t.expect(": continue (about ")
            t.type(b"yes\n")
        t.expect("2 of 2 volumes would open")
        names = t.process.communicate(timeout=LIMIT)[0].split()
        if t.process.returncode or sorted(names) != [b"home", b"root"]:
            t.wrong(f"status {t.process.returncode}, names {names}")


@case("headless, nobody is asked: what max-time leaves out is not tried")
def headless_slow(b):
    with Boot(b, "quiet", LIMITED.format(volume=LATE, key=LATE_KEY, more=",headless"), "give-up=1") as t:
        t.expect("1 skipped: keyslot 1 would take about")
        t.ends(4)


def main():
    global LATE, LATE_KEY, ONE, TWO, EMPTY, ALSO_ONE, BAD, SLOW, TOKEN, KEY, NEWLINE
    lack = lacking(CRYPTSETUP, "cp", "setsid")
    if lack:
        print(f"1..0 # SKIP {lack}")
        return 0
    workplace("cli-boot")
    key = os.urandom(40)
    one = Volume(FOLDER, "one").format(FIRST, *PBKDF2).add(FIRST, key, *PBKDF2)
    bad = one.clone("bad")
    with open(bad.path, "r+b") as f:
        for copy in (0, 16384):  # a byte of each copy's JSON
            f.seek(copy + 4100)
            f.write(b"#")
    with_token = one.clone("token")
    with_token.cryptsetup("token", "add", "--key-description", "latchkey test", "--key-slot", "0")
    TOKEN = with_token.path
    ONE, BAD, ALSO_ONE = one.path, bad.path, one.clone("also").path
    costly = "--pbkdf", "argon2id", "--pbkdf-memory", "32768", "--pbkdf-parallel", "1", "--pbkdf-force-iterations", "30"
    SLOW = Volume(FOLDER, "slow").format(FIRST, *costly).add(FIRST, key, *costly).path
    late = *costly[:-1], "400"
    LATE = Volume(FOLDER, "late").format(FIRST, *PBKDF2).add(FIRST, SECOND, *late).path
    TWO = Volume(FOLDER, "two").format(SECOND, *PBKDF2).path
    EMPTY = Volume(FOLDER, "empty").format(b"", *PBKDF2).path
    KEY, NEWLINE, LATE_KEY = (os.path.join(FOLDER, name) for name in ("key", "newline", "late-key"))
    for path, content in ((KEY, key), (NEWLINE, FIRST + b"\n"), (LATE_KEY, SECOND)):
        with open(path, "wb") as f:
            f.write(content)
    return suite(cases_for_builds(CASES, FOLDER, [ONE, TWO, EMPTY, ALSO_ONE, BAD, SLOW, LATE, TOKEN, KEY, NEWLINE, LATE_KEY]))


if __name__ == "__main__":
    sys.exit(main())
