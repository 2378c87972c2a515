#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The id of a volume key and what pins it: on volumes of the real cryptsetup, whose dump of the key is the reference.

systemd's source has the formula (crypttab(5), fixate-volume-key=): an HMAC with the key of the names that it belongs to.
"""
import hashlib
import hmac
import itertools
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from volumes import CRYPTSETUP, LATCHKEY, PBKDF2, RIGHT, WRONG, Volume, lacking, must, run, save, workplace

FOLDER = workplace("volume-key")
KEY, OTHER_KEY = save(FOLDER, RIGHT), save(FOLDER, WRONG)
NAMES = ["root", "a b", "a:b", "a\\b", None]


def reference(volume, name):
    uuid = must(CRYPTSETUP, "luksUUID", volume.path).strip()
    dumped = os.path.join(FOLDER, "dumped")
    must(CRYPTSETUP, "luksDump", "-q", "--dump-volume-key", "--volume-key-file", dumped, "--key-file", KEY, volume.path)
    with open(dumped, "rb") as f:
        key = f.read()
    os.remove(dumped)
    name = f"luks-{uuid}" if name is None else name.replace("\\", "\\x5c").replace(":", "\\x3a")
    return hmac.new(key, f"cryptsetup:{name}:{uuid}".encode(), hashlib.sha256).hexdigest()


def test(volume, *args, name=None):
    return run(LATCHKEY, "test", "--key-file", KEY, *args, volume.path, *([name] if name else []))


def boot(volume, line, pin):
    table = os.path.join(FOLDER, "crypttab")
    with open(table, "w", encoding="ascii") as f:
        f.write(line.format(device=volume.path, key=KEY, pin=pin))
    return run(LATCHKEY, "boot", "--test", "--cmdline", "quiet", "--config", "/dev/null", "--crypttab", table,
               start_new_session=True)


LINE = "root {device} {key} luks,no-stick,headless,fixate-volume-key={pin}\n"


def results(luks, volume, twin):
    """Name and complaint, or nothing, of each case."""
    for name in NAMES:
        want, done = reference(volume, name), test(volume, "--print-volume-key-id", name=name)
        yield f"the id for the name {name} is systemd's", (done.code, done.out) != (0, want + "\n") and done
    pin, strange = reference(volume, "root"), reference(twin, "root")
    done = test(volume, "--expect-volume-key-id", pin, name="root")
    yield "the right key is accepted", (done.code, done.out[:7]) != (0, "keyslot") and done
    for what, wrong in (("another volume's", strange), ("no", "x"), ("a cut", pin[:-1]), ("half a", pin[:32] + strange[32:])):
        done = test(volume, "--expect-volume-key-id", wrong, name="root")
        yield f"{what} id is refused", (done.code != 6 or "not the pinned one" not in done.err or pin not in done.err) and done
    done = test(volume, "--expect-volume-key-id", pin, name="home")
    yield "the id for another name is refused", done.code != 6 and done
    done = run(LATCHKEY, "test", "--key-file", OTHER_KEY, "--expect-volume-key-id", strange, volume.path, "root")
    yield "a wrong passphrase is called wrong, not the id", done.code != 2 and done
    done = boot(volume, LINE, pin)
    yield "boot: the right key is accepted", (done.code, done.out) != (0, "root\n") and done
    done = boot(volume, LINE, strange)
    yield "boot: another one is refused with its id", (done.code != 6 or pin not in done.err) and done
    for bad in ("", "x", pin[:-1], pin + "0", pin.upper(), pin[:-1] + "g"):
        done = boot(volume, LINE, bad)
        yield f"boot: a line with fixate-volume-key={bad} is left out", (
            done.code != 1 or "invalid value: fixate-volume-key" not in done.err) and done


def reencrypted():
    """In the middle of a re-encryption. systemd 262 pins the new key then, which is what cryptsetup dumps."""
    volume = Volume(FOLDER, "reencrypted").format(RIGHT, *PBKDF2, luks="luks2")
    old = reference(volume, "root")
    must(CRYPTSETUP, "reencrypt", "-q", "--init-only", *PBKDF2, "--resilience", "none", "--key-file", KEY, volume.path)
    new = reference(volume, "root")
    done = test(volume, "--print-volume-key-id", name="root")
    yield "in a re-encryption the id is that of the new key", (old == new or (done.code, done.out) != (0, new + "\n")) and done
    for what, pin in ("old", old), ("new", new):
        done = test(volume, "--expect-volume-key-id", pin, name="root")
        yield f"in a re-encryption the {what} key is accepted", (done.code, done.out[:7]) != (0, "keyslot") and done
    volume.remove()


def main():
    lack = lacking(CRYPTSETUP, LATCHKEY)
    if lack:
        print(f"1..0 # SKIP {lack}")
        return 0
    number = failed = 0
    for luks in ("luks1", "luks2"):
        volumes = [Volume(FOLDER, f"{luks}-{n}").format(RIGHT, *PBKDF2, luks=luks) for n in range(2)]
        more = reencrypted() if luks == "luks2" else ()
        for name, wrong in itertools.chain(results(luks, *volumes), more):
            number += 1
            failed += bool(wrong)
            print(f"{'not ok' if wrong else 'ok'} {number} - {luks}: {name}", *([f"\n# {wrong}"] if wrong else []))
        for volume in volumes:
            volume.remove()
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
