#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random mutants of good headers: latchkey never accepts what cryptsetup refuses.

A mutant of LUKS2 has one or two members of its JSON changed as a tree, with new checksums. A mutant of LUKS1 has some bits
flipped. Each program gets its own copy. A mutant is accepted if `latchkey test` exits with 0, or `cryptsetup open
--test-passphrase` does. Where the two programs differ on purpose, cryptsetup gets help: the keyslot that latchkey opened,
because cryptsetup stops at the first one that it cannot compute; or an image without the header copy that latchkey reported
as unusable, because latchkey is stricter about a copy and uses the other one.

COUNT=n makes n mutants (500), SEED=n makes different ones. The name of a mutant tells how to repeat it: ONLY=number.
"""
import collections
import concurrent.futures
import json
import os
import random
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from image import BOTH, FIRST, O, PRIMARY, SECOND, SECONDARY, base
from volumes import CRYPTSETUP, LATCHKEY, lacking, run

FOLDER = os.path.join(O, "images")
COUNT = int(os.environ.get("COUNT", "500"))
SEED = int(os.environ.get("SEED", "2026"))
SECONDS, PEER_SECONDS, PEER_KIB = 10, 3, 1 << 20

NUMBERS = [0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 33, 48, 63, 64, 65, 128, 511, 512, 513, 1000, 1024, 3999, 4000, 4001, 4096, 16384,
           32768, 131072, 163840, 557056, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -1]
WORDS = ["", "0", "1", "7", "8", "31", "32", "luks1", "luks2", "raw", "none", "crypt", "linear", "dynamic", "pbkdf2", "argon2i",
         "argon2id", "sha1", "sha256", "sha512", "SHA256", "whirlpool", "aes-xts-plain64", "aes-cbc-essiv:sha256", "aes-xts-plain",
         "aes-cbc-plain64", "cipher_null-ecb", "serpent-xts-plain64", "reencrypt", "backup-final", "in-reencryption",
         "allow-discards", "online-reencrypt-v2", "opal", "type", "offset", "size", "key_size", "keyslots", "segments",
         "iv_tweak", "sector_size", "stripes", "salt", "priority", "flags", "requirements", "mandatory", "integrity"]


def nodes(tree):
    """(container, key) of everything in the tree."""
    found = []
    for key in tree if isinstance(tree, dict) else range(len(tree)):
        found.append((tree, key))
        if isinstance(tree[key], (dict, list)):
            found += nodes(tree[key])
    return found


def other_value(rnd, old, tree):
    """Something in the place of @old: near to it, or far from it."""
    choice = rnd.random()
    if choice < 0.1:
        container, key = rnd.choice(nodes(tree))
        return json.loads(json.dumps(container[key]))
    if choice < 0.2:
        return rnd.choice([None, True, {}, [], "", 0, 1.5, [old], {"0": old}])
    if isinstance(old, (bool, float)) or old is None:
        return rnd.choice(NUMBERS)
    if isinstance(old, int):
        return rnd.choice(NUMBERS + [old + 1, old - 1, old * 2, old // 2, old ^ 1 << rnd.randrange(16), str(old)])
    if isinstance(old, str) and old.isdigit():
        number = int(old)
        near = rnd.choice(NUMBERS + [number + 512, number - 512, number + 4096, number - 4096, number + 1, number * 2])
        return rnd.choice([str(near)] * 6 + ["0" + old, old + " ", "+" + old, number, "dynamic"])
    if isinstance(old, str):
        at = rnd.randrange(len(old) + 1)
        return rnd.choice([rnd.choice(WORDS), rnd.choice(WORDS), old.upper(), old + " ", old[:-1], old[:at] + "\0" + old[at:],
                           old[:at] + chr(rnd.randrange(1, 256)) + old[at:], old * 2, old[:at] + old[at + 1:]])
    if isinstance(old, list):
        return rnd.choice([old + old, old[1:], old + [rnd.choice(WORDS)], old + ["1"], ["1"], ["0"], []])
    return rnd.choice([{}, [], {**old, rnd.choice(WORDS): rnd.choice(NUMBERS)}])


def mutate_tree(rnd, tree):
    container, key = rnd.choice(nodes(tree))
    choice = rnd.random()
    if choice < 0.15:
        del container[key]
    elif choice < 0.25 and isinstance(container, dict):
        container[rnd.choice(WORDS)] = container.pop(key)
    elif choice < 0.35 and isinstance(container, dict):
        container[rnd.choice(WORDS)] = json.loads(json.dumps(container[key]))
    elif choice < 0.42 and isinstance(container, dict):
        items = list(container.items())
        rnd.shuffle(items)
        container.clear()
        container.update(items)
    else:
        container[key] = other_value(rnd, container[key], tree)


def mutate_text(rnd, text):
    """Changes that no tree has: names that stand twice, and other letters in the JSON text itself."""
    if rnd.random() < 0.5:
        names = [at for at in range(len(text)) if text.startswith(b'":', at)]
        end = rnd.choice(names)
        start = text.rindex(b'"', 0, end)
        return text[:start] + text[start:end + 2] + rnd.choice([b"0", b'"0"', b"{}", b"[]"]) + b"," + text[start:]
    at = rnd.randrange(len(text))
    return text[:at] + rnd.choice([b"", b" ", b"\n", b"0", b"{", b"}", b",", b'"', b"\\", b"/", b"-", b"\x80"]) + text[at + rnd.randrange(2):]


def luks2_mutant(rnd):
    image = base(rnd.choice(["one", "two", "tokens", "argon"]))
    which = rnd.choice([BOTH] * 8 + [(PRIMARY,), (SECONDARY,)])
    if rnd.random() < 0.15:
        seed = rnd.random()
        image.text(lambda text: mutate_text(random.Random(seed), text), *which)
        return image
    tree = image.load()
    for _ in range(rnd.choice([1, 1, 1, 2])):
        mutate_tree(rnd, tree)
    text = json.dumps(tree, separators=(",", ":")).encode()
    image.text(lambda _: text[:12287], *which)
    return image


def luks1_mutant(rnd):
    image = base(rnd.choice(["luks1", "luks1-essiv", "luks1-plain"]))
    for _ in range(rnd.choice([1, 1, 2, 3])):
        # The marks, numbers and names rather than the salts.
        at = rnd.choice([rnd.randrange(592), rnd.randrange(112), 164 + rnd.randrange(44),
                         208 + 48 * rnd.randrange(8) + rnd.choice([*range(8), *range(40, 48)])])
        image.data[at] = rnd.choice([image.data[at] ^ 1 << rnd.randrange(8), rnd.randrange(256), 0, 0xff])
    return image


def peer(path, secret, *options):
    try:
        return run("sh", "-c", f'ulimit -v {PEER_KIB}; exec "$@"', "sh", CRYPTSETUP, "open", "--test-passphrase", *options,
                   "--key-file", "-", path, stdin=secret, timeout=PEER_SECONDS).code == 0
    except subprocess.TimeoutExpired:
        return None


def helped(image, path, secret, ours):
    """How cryptsetup opens it after all, or False."""
    image.save(path)
    if peer(path, secret, "--key-slot", ours.out.split()[1]):
        return "told the keyslot"
    unused = re.search("the (primary|secondary) header cannot be used", ours.err)
    if unused:
        image.zero(image.at(unused.group(1)), image.hdr)
        image.save(path)
        if peer(path, secret):
            return "without the refused copy"
    return False


def compare(number):
    """(mutant, verdict, what to say when it is the wrong one)"""
    rnd = random.Random(f"{SEED}-{number}")
    kind, make = ("LUKS1", luks1_mutant) if number % 4 == 3 else ("LUKS2", luks2_mutant)
    image, path = make(rnd), os.path.join(FOLDER, f"mutant-{os.getpid()}-{number}.img")
    secret = rnd.choice([FIRST, FIRST, SECOND])
    image.save(path)
    try:
        ours = run(LATCHKEY, "test", "--key-file", "-", path, stdin=secret, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.unlink(path)
        return kind, "a derivation within the bounds takes too long", ""
    with open(path, "rb") as f:
        touched = f.read() != image.data
    # What would take too long for us would for cryptsetup, too, and it has no bounds.
    theirs = None if re.search("more than the limit|MiB are free", ours.err) and ours.code else peer(path, secret)
    if ours.code == 0 and not theirs:
        theirs = helped(image, path, secret, ours)
    if "KEEP" not in os.environ:
        os.unlink(path)
    if touched or ours.code > 7:
        return kind, "bad", f"exit status {ours.code}, {'the image was written to' if touched else ours.err}"
    if ours.code == 0:
        return kind, {True: "both accept", False: "bad"}.get(theirs, f"both accept, cryptsetup {theirs}"), \
            f"latchkey accepts ({ours.out.strip()}), cryptsetup refuses: SEED={SEED} ONLY={number}"
    return kind, {True: "only cryptsetup accepts", False: "both refuse"}.get(theirs, "refused, cryptsetup would not finish"), \
        ours.err


def main():
    reason = lacking(LATCHKEY, CRYPTSETUP)
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    only = os.environ.get("ONLY")
    numbers = [int(only)] if only else range(COUNT)
    print("1..2", flush=True)
    counts = {"LUKS1": collections.Counter(), "LUKS2": collections.Counter()}
    bad = {"LUKS1": [], "LUKS2": []}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for kind, verdict, text in pool.map(compare, numbers):
            counts[kind][verdict] += 1
            if verdict == "bad":
                bad[kind].append(text)
            if only or "VERBOSE" in os.environ and verdict.startswith("only"):
                print(f"# {verdict}: {text.strip()}")
    for number, kind in enumerate(counts, 1):
        for text in bad[kind]:
            print(f"# {text}")
        for verdict, count in sorted(counts[kind].items()):
            print(f"# {kind}: {count} mutants: {verdict}")
        print(f"{'not ok' if bad[kind] else 'ok'} {number} - no mutant of {kind} opens that cryptsetup refuses", flush=True)
    return 1 if any(bad.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
