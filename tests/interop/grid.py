#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""latchkey compared with cryptsetup, on volumes made by the installed cryptsetup.

Both must agree on which keyslot opens with which secret, and on refusing the wrong one. `dump --json` must agree with
cryptsetup's own dump. No run of latchkey may change the image. Each intended difference is a case of its own, whose name begins
with "difference". Arguments choose cases by a part of their names.
"""
import functools
import itertools
import json
import os
import re
import sys

sys.dont_write_bytecode = True
import luks2edit
from luks2edit import PRIMARY, SECONDARY
from volumes import (CRYPTSETUP, LATCHKEY, O, PBKDF2, RIGHT, WRONG, Broken, Keyring, Skip, Volume, argon2, collector, from_file,
                     from_stdin, lacking, lanes_allowed, run, save, suite, typed, workplace)

FOLDER = os.path.join(O, "interop")
HASHES = ["sha1", "sha256", "sha384", "sha512"]
KEY_BITS = [256, 384, 512]
SECTORS = [512, 1024, 2048, 4096]
METADATA_KIB = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096]
MEMORY_KIB = [32, 33, 47, 127, 1031, 4099]  # Argon2 rounds down to four blocks a lane
FLAGS = ["allow-discards", "same-cpu-crypt", "submit-from-crypt-cpus", "no-read-workqueue", "no-write-workqueue",
         "high_priority"]
CASES, case = collector()
A, B, C, D = b"first secret", b"second secret", b"third secret", b"fourth secret"


def new(name, size="4M"):
    return Volume(FOLDER, name, size)


# --- what the header says ----------------------------------------------------------------------------------


def same_dump(volume):
    """What `latchkey dump --json` says otherwise than cryptsetup, field by field."""
    complaints = []

    def same(what, ours, peers):
        if ours != peers:
            complaints.append(f"{volume.name}: dump: {what}: {ours!r}, cryptsetup says {peers!r}")

    ours = dump(volume)
    peer = json.loads(volume.peer("luksDump", "--dump-json-metadata").out)
    text = volume.peer("luksDump").out
    config = peer["config"]
    same("version", ours["version"], 2)
    same("uuid", ours["uuid"], field(text, "UUID"))
    same("label", ours["label"], field(text, "Label", "(no label)"))
    same("subsystem", ours["subsystem"], field(text, "Subsystem", "(no subsystem)"))
    same("sequence id", str(ours["seqid"]), field(text, "Epoch"))
    same("header size", f"{ours['header_size']} [bytes]", field(text, "Metadata area"))
    same("JSON size", str(ours["header_size"] - 4096), config["json_size"])
    same("keyslots area", str(ours["keyslots_size"]), config["keyslots_size"])
    same("flags", sorted(ours["flags"]), sorted(set(FLAGS) & set(config.get("flags", []))))
    same("requirements", ours["requirements"]["usable"], not config.get("requirements", {}).get("mandatory"))
    same("tokens", ours["tokens"], len(peer["tokens"]))
    same("token_list", [(t["id"], t["type"], sorted(t["keyslots"])) for t in ours["token_list"]],
         [(int(i), t["type"], sorted(int(k) for k in t["keyslots"])) for i, t in sorted(peer["tokens"].items(), key=lambda t: int(t[0]))])
    segment, theirs = ours["segment"], peer["segments"]["0"]
    same("segment", [str(segment["offset"]), str(segment["size"]), segment["encryption"], segment["sector_size"]],
         [theirs["offset"], theirs["size"], theirs["encryption"], theirs["sector_size"]])
    same("digests", [[str(d["id"]), d["covers_segment"], d["type"], d["hash"], d["iterations"]] for d in ours["digests"]],
         [[i, "0" in d["segments"], d["type"], d["hash"], d["iterations"]] for i, d in peer["digests"].items()])
    # The order counts, too: it is the order of trying.
    same("keyslots", [our_keyslot(s) for s in ours["keyslots"]],
         [peer_keyslot(i, s, peer["digests"]) for i, s in peer["keyslots"].items()])
    return complaints


def dump(volume):
    files = [p for p in (volume.path, volume.header) if p]
    before = [os.stat(p).st_mtime_ns for p in files]
    done = run(LATCHKEY, "dump", "--json", volume.header_path)
    if done.code or done.err or before != [os.stat(p).st_mtime_ns for p in files]:
        raise Broken(f"dump {volume.name}: status {done.code}: {done.err}")
    return json.loads(done.out)


def field(text, name, nothing=None):
    value = re.search(rf"^{name}:[ \t]*(.*)$", text, re.M).group(1)
    return "" if value == nothing else value


def same_dump1(volume):
    """The same for LUKS1, where cryptsetup only has a dump for people."""
    ours, text = dump(volume), volume.peer("luksDump").out
    bits, hash_name = int(field(text, "MK bits")), field(text, "Hash spec")
    cipher = field(text, "Cipher name") + "-" + field(text, "Cipher mode")
    payload = int(field(text, "Payload offset")) * 512
    slots = [[int(i), "normal", bits // 8, 0, {"type": "pbkdf2", "hash": hash_name, "iterations": int(iterations)}, hash_name,
              {"offset": int(offset) * 512, "size": -(-bits // 8 * 4000 // 512) * 512, "encryption": cipher, "key_bytes": bits // 8}]
             for i, iterations, offset in re.findall(
                 r"Key Slot (\d): ENABLED\n\tIterations:\s+(\d+)\n(?:.*\n){2}\tKey material offset:\s*(\d+)", text)]
    said = {
        "version": [ours["version"], 1],
        "uuid": [ours["uuid"], field(text, "UUID")],
        "segment": [[ours["segment"][k] for k in ("offset", "size", "encryption", "sector_size")],
                    [payload, "dynamic", cipher, 512]],
        "digest": [[ours["digests"][0][k] for k in ("hash", "iterations")], [hash_name, int(field(text, "MK iterations"))]],
        "keyslots": [[[s[k] for k in ("id", "priority", "key_bytes", "digest", "kdf", "af_hash", "area")]
                      for s in ours["keyslots"]], slots],
    }
    return [f"{volume.name}: dump: {what}: {ours!r}, cryptsetup says {peers!r}" for what, (ours, peers) in said.items()
            if ours != peers]


def our_keyslot(s):
    kdf = dict(s["kdf"])
    if "memory_kib" in kdf:
        kdf["memory"] = kdf.pop("memory_kib")
    return [str(s["id"]), s["priority"], s["key_bytes"], str(s["digest"]), kdf, s["af_hash"],
            str(s["area"]["offset"]), str(s["area"]["size"]), s["area"]["encryption"], s["area"]["key_bytes"]]


def peer_keyslot(i, s, digests):
    kdf = {name: value for name, value in s["kdf"].items() if name != "salt"}
    return [i, ["ignore", "normal", "prefer"][s.get("priority", 1)], s["key_size"],
            next(d for d in digests if i in digests[d]["keyslots"]), kdf, s["af"]["hash"],
            s["area"]["offset"], s["area"]["size"], s["area"]["encryption"], s["area"]["key_size"]]


# --- the grid ----------------------------------------------------------------------------------------------


def with_384_bits(name, size, secret, kdf, hash_name, *options):
    """
    cryptsetup formats with a key of 384 bits only with the kernel's help, but it makes a keyslot with such a key
    that is bound to no data: binding it is a change of the JSON.
    """
    volume = new(name, size).format(WRONG, *PBKDF2, *options)
    volume.cryptsetup("luksAddKey", "--unbound", "--key-size", "384", "--key-slot", "1", "--hash", hash_name, *kdf,
                      volume.path, save(FOLDER, secret), device=False, env=lanes_allowed(FOLDER))

    def bind(h):
        h["keyslots"] = {"0": h["keyslots"]["1"]}
        h["digests"] = {"0": dict(h["digests"]["1"], keyslots=["0"], segments=["0"])}

    luks2edit.edit(volume.path, bind)
    return volume


def grid():
    kinds = ["pbkdf2", "argon2i", "argon2id"]
    for n, (kind, hash_name, bits) in enumerate(itertools.product(kinds, HASHES, KEY_BITS)):
        kdf = PBKDF2 if kind == "pbkdf2" else argon2(kind, 1 + n % 4, MEMORY_KIB[n % 6], 4 + n % 3)
        sector, metadata = SECTORS[n % 4], METADATA_KIB[n // 4]  # every pair of these, too
        CASES.append((f"{kind}, {hash_name}, {bits}-bit key, sectors of {sector}, header of {metadata} KiB; "
                      "then without its first sector",
                      functools.partial(in_grid, n, kdf, hash_name, bits, sector, metadata)))


def in_grid(n, kdf, hash_name, bits, sector, metadata):
    name, size = f"grid-{n}", f"{2 * metadata + 4096}K"
    options = ["--sector-size", str(sector), "--luks2-metadata-size", f"{metadata}k"]
    if bits == 384:
        volume = with_384_bits(name, size, RIGHT, kdf, hash_name, *options)
    else:
        volume = new(name, size).format(RIGHT, *kdf, "--hash", hash_name, "--key-size", str(bits), *options,
                                         env=lanes_allowed(FOLDER))
    h = luks2edit.load(volume.path)
    slot = h["keyslots"]["0"]
    made = [slot["key_size"] * 8, slot["kdf"].get("cpus", 0), slot["af"]["hash"], h["digests"]["0"]["hash"],
            h["segments"]["0"]["sector_size"], int(h["config"]["json_size"]) + 4096]
    if made != [bits, 1 + n % 4 if "cpus" in slot["kdf"] else 0, hash_name, hash_name, sector, metadata << 10]:
        raise Broken(f"cryptsetup made another volume than asked for: {made}")
    complaints = volume.check([(RIGHT, 0)]) + same_dump(volume)
    luks2edit.zero(volume.path, 0, 512)
    complaints += volume.agree(typed(RIGHT), 0)
    complaints += [] if dump(volume)["header_copy"] == "secondary" else [f"{name}: the wrong copy was used"]
    volume.remove()
    return complaints


def argon2_slots(kind, lanes):
    """One keyslot for each amount of memory."""
    volume = new(f"{kind}-{lanes}", "8M").format(b"0" + RIGHT, *argon2(kind, lanes, MEMORY_KIB[0]),
                                                 "--luks2-keyslots-size", "4m", env=lanes_allowed(FOLDER))
    for n, memory in list(enumerate(MEMORY_KIB))[1:]:
        volume.add(b"0" + RIGHT, b"%d" % n + RIGHT, *argon2(kind, lanes, memory, 4 + n), env=lanes_allowed(FOLDER))
    made = [(s["kdf"]["memory"], s["kdf"]["cpus"]) for s in luks2edit.load(volume.path)["keyslots"].values()]
    if made != [(memory, lanes) for memory in MEMORY_KIB]:
        raise Broken(f"cryptsetup made other keyslots than asked for: {made}")
    complaints = volume.check([(b"%d" % n + RIGHT, n)]) + same_dump(volume)
    for slot in range(n):
        complaints += volume.agree(typed(b"%d" % slot + RIGHT), slot, "--key-slot", str(slot))
    volume.remove()
    return complaints


def keyslot_cipher(kdf, volume_bits, area_bits):
    volume = new(f"area-{kdf[1]}-{volume_bits}-{area_bits}")
    try:
        volume.format(RIGHT, *kdf, "--key-size", str(volume_bits), "--keyslot-cipher", "aes-xts-plain64",
                      "--keyslot-key-size", str(area_bits))
    except Broken as broken:
        if area_bits != 384:
            raise
        raise Skip("cryptsetup cannot do AES-XTS with keys of 384 bits here, for want of AF_ALG") from broken
    if luks2edit.load(volume.path)["keyslots"]["0"]["area"]["key_size"] * 8 != area_bits:
        raise Broken("cryptsetup made another keyslot than asked for")
    return volume.check([(RIGHT, 0)]) + same_dump(volume)


def keyslots_size(size, image):
    volume = new(f"area-of-{size}", image).format(RIGHT, *PBKDF2, "--luks2-keyslots-size", size)
    complaints = volume.check([(RIGHT, 0)]) + same_dump(volume)
    volume.remove()
    return complaints


# --- several keyslots --------------------------------------------------------------------------------------


def several(name, secrets=(A, B, C), *options):
    volume = new(name).format(secrets[0], *PBKDF2, "--luks2-keyslots-size", "1m", "--key-size", "256", *options)
    for secret in secrets[1:]:
        volume.add(secrets[0], secret, *PBKDF2)
    return volume


@case("three secrets: each opens its own keyslot; one keyslot by number")
def three_secrets():
    volume = several("three")
    complaints = volume.check([(A, 0), (B, 1), (C, 2)]) + same_dump(volume)
    complaints += volume.agree(typed(B), 1, "--key-slot", "1")
    return complaints + volume.agree(typed(B), None, "--key-slot", "0")


@case("keyslots of different hashes and kdfs in one volume")
def mixed_slots():
    volume = several("mixed", (A,))
    volume.add(A, B, *argon2("argon2i", 1, 64), "--hash", "sha512").add(A, C, *PBKDF2, "--hash", "sha384")
    volume.add(A, D, *argon2("argon2id", 2, 100), "--hash", "sha1", env=lanes_allowed(FOLDER))
    return volume.check([(A, 0), (B, 1), (C, 2), (D, 3)]) + same_dump(volume)


def other_hash(name):
    """Of the keyslots, the digest and the AF splitter of LUKS2, and of all of LUKS1."""
    complaints = []
    for luks in ("luks1", "luks2"):
        volume = new(f"{luks}-{name}").format(A, *PBKDF2, "--hash", name, "--key-size", "256", luks=luks)
        complaints += volume.check([(A, 0)])
    return complaints


@case("all 32 keyslots are in use")
def thirty_two():
    secrets = [b"secret number %d" % n for n in range(32)]
    volume = new("thirty-two", "8M").format(secrets[0], *PBKDF2, "--key-size", "256", "--luks2-keyslots-size", "4m")
    for secret in secrets[1:]:
        volume.add(secrets[0], secret, *PBKDF2)
    return volume.check([(secrets[0], 0), (secrets[17], 17), (secrets[31], 31)]) + same_dump(volume)


@case("the secret of a removed keyslot no longer opens")
def removed_slot():
    volume = several("removed")
    volume.cryptsetup("luksKillSlot", volume.path, "1", "--key-file", save(FOLDER, A), device=False)
    return volume.check([(A, 0), (C, 2)]) + volume.agree(typed(B), None) + same_dump(volume) + volume.agree(
        typed(B), None, "--key-slot", "1", code=1)


@case("a changed secret opens, the one before it no longer does")
def changed_secret():
    volume = several("changed", (A, B))
    volume.cryptsetup("luksChangeKey", *PBKDF2, "--key-file", save(FOLDER, B), volume.path, save(FOLDER, C), device=False)
    slot = next(i for i in luks2edit.load(volume.path)["keyslots"] if i != "0")
    return volume.check([(A, 0), (C, int(slot))]) + volume.agree(typed(B), None) + same_dump(volume)


@case("one secret in two keyslots: the first in the text opens, not the lowest number")
def text_order():
    volume = several("text-order", (A, A, B))
    complaints = volume.check([(A, 0)])
    volume.cryptsetup("luksKillSlot", volume.path, "0", "--key-file", save(FOLDER, B), device=False)
    volume.add(B, A, *PBKDF2)
    order = list(luks2edit.load(volume.path)["keyslots"])
    first = next(i for i in order if i != "2")
    complaints += volume.check([(A, int(first))]) + same_dump(volume)
    luks2edit.edit(volume.path, lambda h: h.update(keyslots={i: h["keyslots"][i] for i in reversed(order)}))
    last = next(i for i in reversed(order) if i != "2")
    return complaints + volume.check([(A, int(last))]) + same_dump(volume)


@case("one secret in three keyslots, each with every priority: the same keyslot opens, or none")
def priorities():
    base = several("priorities", (A, A, A))
    complaints = []
    for given in itertools.product(range(3), repeat=3):
        volume = base.clone("priorities-" + "".join(map(str, given)))

        def prioritize(h, given=given):
            for i, priority in enumerate(given):
                h["keyslots"][str(i)]["priority"] = priority

        luks2edit.edit(volume.path, prioritize)
        best = max(given)
        complaints += volume.agree(typed(A), given.index(best) if best else None) + same_dump(volume)
        complaints += volume.agree(typed(A), 1, "--key-slot", "1")
        volume.remove()
    return complaints


@case("priorities as cryptsetup config sets them; an ignored keyslot opens when it is named")
def config_priority():
    volume = several("config-priority")
    for slot, priority in (("0", "ignore"), ("2", "prefer"), ("1", "normal")):
        volume.cryptsetup("config", "--key-slot", slot, "--priority", priority)
    return volume.check([(B, 1), (C, 2)]) + volume.agree(typed(A), None) + volume.agree(
        typed(A), 0, "--key-slot", "0") + same_dump(volume)


@case("a keyslot bound to no data is not tried, even if its secret is right")
def unbound():
    volume = several("unbound", (A, B))
    volume.cryptsetup("luksAddKey", "--unbound", "--key-size", "512", "--key-slot", "3", *PBKDF2, volume.path,
                      save(FOLDER, C), device=False)
    # Behind a keyslot that is not applicable cryptsetup's refusal is another one: 1 in the place of 2.
    return (volume.agree(typed(A), 0) + volume.agree(typed(B), 1) + volume.agree(typed(C), None, code=2)
            + volume.agree(typed(WRONG), None, code=2) + same_dump(volume))


# --- the other parts of the header -------------------------------------------------------------------------


@case("tokens of every kind, with numbers and nesting that the rest of the header may not have")
def tokens():
    volume = several("tokens", (A, B))
    volume.cryptsetup("token", "add", "--key-description", "no such key", "--key-slot", "1")
    strange = {"type": "latchkey-test", "keyslots": ["0", "1"], "n": [1.5, -2, 1e300, True, None], "o": {"p": {"q": []}},
               "text": "\u00e4\u20ac\U0001f511\"\\\n", "empty": ""}
    volume.cryptsetup("token", "import", stdin=json.dumps(strange).encode())
    volume.cryptsetup("token", "import", stdin=json.dumps({"type": "x", "keyslots": []}).encode())
    return volume.check([(A, 0), (B, 1)]) + same_dump(volume)


@case("dump: what follows a number of two digits is not in the column of the others")
def columns():
    volume = several("columns", (A,)).add(A, B, "--key-slot", "31", *PBKDF2)
    for token in "9", "10":
        volume.cryptsetup("token", "add", "--token-id", token, "--key-description", "k", "--key-slot", "31")
    text = run(LATCHKEY, "dump", volume.path).out
    volume.remove()
    return [f"{line!r} is not in {text}" for line in ("keyslot 0:   pbkdf2", "keyslot 31:  pbkdf2", "token 9:     luks2", "token 10:    luks2")
            if "\n" + line not in text]


@case("a luks2-keyring token: its key opens its own keyslots, before any passphrase; no key, a wrong one, other keyslots")
def keyring_token():
    volume = several("keyring-token", (A, B, C))
    name = f"latchkey {os.getpid()}"
    volume.cryptsetup("token", "add", "--key-description", name, "--key-slot", "1")
    complaints = same_dump(volume)
    # Without a key nothing was computed: for latchkey this is not a wrong passphrase.
    for content, slot, code in ((B, 1, None), (A, None, None), (C, None, None), (None, None, 1)):
        with Keyring(name.encode(), content):
            complaints += volume.agree(typed(b""), slot, "--token-only", code=code)
            complaints += volume.agree(typed(A), 1 if slot else 0)
            complaints += volume.agree(typed(WRONG), slot)
    # Two tokens of two keyslots: the one that has its key serves.
    volume.cryptsetup("token", "add", "--key-description", name + " too", "--key-slot", "2")
    with Keyring(name.encode() + b" too", C):
        complaints += volume.agree(typed(b""), 2, "--token-only")
    # Both programs ignore a token that cryptsetup would not write, and a token without a keyslot.
    for change in (lambda t: t.pop("key_description"), lambda t: t.update(key_description=7), lambda t: t.update(keyslots=[])):
        other = volume.clone("keyring-token-odd")
        luks2edit.edit(other.path, lambda h, change=change: (change(h["tokens"]["0"]), h["tokens"].pop("1")))
        with Keyring(name.encode(), B):
            complaints += other.agree(typed(A), 0) + other.agree(typed(b""), None, "--token-only", code=7)
        other.remove()
    return complaints


@case("label, subsystem and UUID")
def names():
    volume = several("names", (A,), "--label", 'root of "x" \\ y', "--subsystem", "a test",
                     "--uuid", "0F1E2D3C-4b5a-6978-8796-a5b4c3d2e1f0")
    complaints = volume.check([(A, 0)]) + same_dump(volume)
    volume.cryptsetup("config", "--label", "x" * 47, "--subsystem", "y" * 47)
    return complaints + volume.check([(A, 0)]) + same_dump(volume)


@case("each persistent flag alone, all of them, and an unknown one")
def flags():
    base, complaints = several("flags", (A,)), []
    for chosen in [[f] for f in FLAGS] + [FLAGS, ["allow-discards", "no-such-flag"], []]:
        luks2edit.edit(base.path, lambda h, chosen=chosen: h["config"].update(flags=chosen))
        complaints += same_dump(base)
    luks2edit.edit(base.path, lambda h: h["config"].update(flags=FLAGS + ["no-such-flag"]))
    return complaints + base.check([(A, 0)])


@case("every segment cipher of the list, with keys of its length")
def segment_ciphers():
    """Testing a passphrase needs no data: so the segment's cipher can be anything that the header may say."""
    complaints = []
    for bits, ciphers in {
        256: ["aes-xts-plain64", "aes-xts-plain", "aes-cbc-essiv:sha256", "aes-cbc-plain64", "aes-cbc-plain",
              "serpent-xts-plain64", "serpent-cbc-essiv:sha256", "twofish-xts-plain64", "twofish-cbc-essiv:sha256",
              "camellia-xts-plain64", "xchacha12,aes-adiantum-plain64", "xchacha20,aes-adiantum-plain64"],
        512: ["aes-xts-plain64", "aes-xts-plain", "serpent-xts-plain64", "twofish-xts-plain64", "camellia-xts-plain64"],
    }.items():
        volume = new(f"segment-{bits}").format(RIGHT, *PBKDF2, "--key-size", str(bits))
        for cipher in ciphers:
            luks2edit.edit(volume.path, lambda h, cipher=cipher: h["segments"]["0"].update(encryption=cipher))
            complaints += volume.agree(typed(RIGHT), 0) + same_dump(volume)
    return complaints


@case("a segment of a fixed size, and one that begins far behind the header")
def segment_extent():
    volume = several("extent", (A,))
    start = int(luks2edit.load(volume.path)["segments"]["0"]["offset"])
    complaints = []
    for offset, size in ((start, "1048576"), (start + 512, "512"), (start + (1 << 20), "dynamic")):
        luks2edit.edit(volume.path, lambda h, o=offset, s=size: h["segments"]["0"].update(offset=str(o), size=s))
        complaints += volume.check([(A, 0)]) + same_dump(volume)
    return complaints


@case("a detached header, with the data at the start of its device and behind a gap")
def detached():
    complaints = []
    for name, options in (("at-start", ()), ("behind-gap", ("--offset", "2048"))):
        volume = new("detached-" + name).format(A, *PBKDF2, *options, header=True).add(A, B, *PBKDF2)
        complaints += volume.check([(A, 0), (B, 1)]) + same_dump(volume)
    return complaints


@case("a header backup in the place of a lost header")
def backup():
    volume = several("backed-up", (A, B))
    volume.header = os.path.join(FOLDER, "backup.hdr")
    if os.path.exists(volume.header):
        os.unlink(volume.header)
    volume.cryptsetup("luksHeaderBackup", "--header-backup-file", volume.header)
    luks2edit.zero(volume.path, 0, 1 << 20)
    return volume.check([(A, 0), (B, 1)]) + same_dump(volume)


def converted(hash_name, bits):
    """20 bytes of digest whatever the hash, and areas of another size; a hole where a keyslot was."""
    volume = new(f"converted-{hash_name}-{bits}").format(
        A, "--pbkdf-force-iterations", "1000", "--hash", hash_name, "--key-size", str(bits), luks="luks1")
    for secret in (B, C, D):
        volume.add(A, secret, "--pbkdf-force-iterations", "1000")
    volume.cryptsetup("luksKillSlot", volume.path, "1", "--key-file", save(FOLDER, A), device=False)
    volume.cryptsetup("convert", "--type", "luks2")
    complaints = volume.check([(A, 0), (C, 2), (D, 3)]) + volume.agree(typed(B), None) + same_dump(volume)
    volume.add(A, B, *argon2())
    return complaints + volume.agree(typed(B), 1) + same_dump(volume)


def luks1(cipher, bits, hash_name):
    volume = new(f"luks1-{cipher}-{bits}-{hash_name}").format(
        A, "--pbkdf-force-iterations", "1000", "--hash", hash_name, "--cipher", cipher, "--key-size", str(bits), luks="luks1")
    for secret in (B, C, A):
        volume.add(A, secret, "--pbkdf-force-iterations", "1234")
    volume.cryptsetup("luksKillSlot", volume.path, "1", "--key-file", save(FOLDER, A), device=False)
    return (volume.check([(A, 0), (C, 2)]) + volume.agree(typed(B), None) + volume.agree(typed(A), 3, "--key-slot", "3")
            + same_dump1(volume))


@case("LUKS1: all 8 keyslots are in use; a detached header")
def luks1_full():
    secrets = [b"secret number %d" % n for n in range(8)]
    iterations = ["--pbkdf-force-iterations", "1000"]
    full = new("luks1-full").format(secrets[0], *iterations, luks="luks1")
    apart = new("luks1-detached").format(secrets[0], *iterations, luks="luks1", header=True)
    for secret in secrets[1:]:
        full.add(secrets[0], secret, *iterations)
    return (full.check([(s, n) for n, s in enumerate(secrets)]) + same_dump1(full)
            + apart.check([(secrets[0], 0)]) + same_dump1(apart))


def cbc(cipher, bits):
    """Volume and keyslot areas in a cipher of the time before XTS."""
    volume = new(f"cbc-{cipher}-{bits}").format(A, *PBKDF2, "--cipher", cipher, "--key-size", str(bits))
    volume.add(A, B, *argon2())
    return volume.check([(A, 0), (B, 1)]) + same_dump(volume)


@case("a volume that was encrypted in place, and one whose key was changed since: other digest, other keyslot")
def reencrypted():
    volume = new("reencrypted", "16M")
    volume.cryptsetup("reencrypt", "--encrypt", "--type", "luks2", "--reduce-device-size", "8M", *PBKDF2, "--key-file",
                      save(FOLDER, A))
    complaints = volume.check([(A, slot_of(volume))]) + same_dump(volume)
    volume.cryptsetup("reencrypt", "--force-offline-reencrypt", *PBKDF2, "--key-file", save(FOLDER, A))
    return complaints + volume.check([(A, slot_of(volume))]) + same_dump(volume)


def slot_of(volume):
    return int(next(iter(luks2edit.load(volume.path)["keyslots"])))


# --- damaged copies ----------------------------------------------------------------------------------------


def harmed(name, harm, used="primary", slots=((A, 0), (B, 1))):
    """@harm changes a volume of two secrets; then @slots must open from the copy called @used."""
    volume = several("harmed-" + name, (A, B))
    harm(volume.path)
    before = dump(volume)
    complaints = [] if before["header_copy"] == used else [f"{name}: the {before['header_copy']} copy was used"]
    complaints += [] if before["note"] else [f"{name}: the other copy is not reported"]
    for secret, slot in slots:
        complaints += volume.agree(typed(secret), slot)
    return complaints + volume.agree(typed(WRONG), None) + same_dump(volume)


def newer_secondary(path):
    """A keyslot was removed while the primary could not be written."""

    def remove(h):
        del h["keyslots"]["1"]
        h["digests"]["0"]["keyslots"].remove("1")

    luks2edit.edit(path, remove, SECONDARY)
    luks2edit.set_field(path, SECONDARY, "seqid", luks2edit.Copy(path, SECONDARY).get("seqid") + 1)


def torn(path, which):
    """The binary part of one write with the JSON of another."""
    luks2edit.set_field(path, which, "seqid", 1000, checksum=False)


HARMS = {
    "the primary header's first sector is zeroed": (lambda p: luks2edit.zero(p, 0, 512), "secondary"),
    "the whole primary header is zeroed": (lambda p: luks2edit.zero(p, 0, 16384), "secondary"),
    "the primary header's JSON is zeroed": (lambda p: luks2edit.zero(p, 4096, 12288), "secondary"),
    "the primary header's checksum is wrong": (lambda p: luks2edit.damage(p, PRIMARY), "secondary"),
    "the primary header is torn, with the higher sequence number": (lambda p: torn(p, PRIMARY), "secondary"),
    "the primary header was written for another place": (
        lambda p: luks2edit.set_field(p, PRIMARY, "hdr_offset", 16384), "secondary"),
    "the secondary header is zeroed": (lambda p: luks2edit.zero(p, 16384, 16384), "primary"),
    "the secondary header's first sector is zeroed": (lambda p: luks2edit.zero(p, 16384, 512), "primary"),
    "the secondary header's checksum is wrong": (lambda p: luks2edit.damage(p, SECONDARY), "primary"),
    "the secondary header is torn, with the higher sequence number": (lambda p: torn(p, SECONDARY), "primary"),
    "the secondary header is newer and lacks a removed keyslot": (newer_secondary, "secondary", ((A, 0), (B, None))),
    "the secondary header is newer, but damaged": (
        lambda p: (newer_secondary(p), luks2edit.damage(p, SECONDARY)), "primary"),
}


@case("both copies are sound, with the same sequence number and different keyslots: the primary counts")
def same_sequence():
    volume = several("same-sequence", (A, B))
    newer_secondary(volume.path)
    luks2edit.set_field(volume.path, SECONDARY, "seqid", luks2edit.Copy(volume.path, PRIMARY).get("seqid"))
    return volume.check([(A, 0), (B, 1)]) + same_dump(volume)


# --- secrets -----------------------------------------------------------------------------------------------


@case("passphrases of 1 and 512 bytes, 8-bit, with blanks, with a carriage return, with a NUL")
def passphrases():
    secrets = [b"x", b"y" * 512, "\u00e4\u00f6\u20ac\U0001f511".encode(), b"\xff\xfe\x80 latin", b"  blanks around  ", b"tab\t",
               b"carriage\r", b"nul\0inside", b"\0"]
    volume = new("passphrases", "8M").format(secrets[0], *PBKDF2, "--key-size", "256", "--luks2-keyslots-size", "4m")
    for secret in secrets[1:]:
        volume.add(secrets[0], secret, *PBKDF2)
    complaints = volume.check([(secret, n) for n, secret in enumerate(secrets)])
    # Only the first line counts, with and without an end.
    complaints += volume.agree(typed(b"x\n"), 0) + volume.agree(typed(b"x\nmore\n"), 0)
    complaints += volume.agree(typed(b"carriage\r\n"), 6) + volume.agree(typed(b"carriage\n"), None)
    return complaints + volume.agree(typed(b"x "), None) + volume.agree(typed(b"nul"), None)


@case("key files: every byte counts, newlines and NULs too")
def key_files():
    contents = [b"text without end", b"text with end\n", b"\nbegins with one", b"two\nlines\n", b"crlf\r\n", bytes(range(256)),
                b"\0", b"\n", b"nul\0inside\n", bytes(4096)]
    volume = new("key-files", "8M").format(contents[0], *PBKDF2, "--key-size", "256", "--luks2-keyslots-size", "4m")
    for content in contents[1:]:
        volume.add(contents[0], content, *PBKDF2)
    complaints = []
    for slot, content in enumerate(contents):
        complaints += volume.agree(from_file(FOLDER, content), slot)
        complaints += volume.agree(from_stdin(content), slot, "--key-slot", str(slot))
    for content in (b"text without end\n", b"text with end", b"two\nlines", b"crlf\n", bytes(4095), b"\n\n"):
        complaints += volume.agree(from_file(FOLDER, content), None)
    return complaints


@case("key files with an offset and a size, from files and from pipes")
def key_file_parts():
    big = bytes(n * n % 251 for n in range(20000))
    parts = [(0, 64), (1, 1), (512, 4096), (19999, 1), (10000, 10000)]
    volume = new("key-file-parts", "8M").format(big, *PBKDF2, "--key-size", "256", "--luks2-keyslots-size", "4m")
    for offset, size in parts:
        volume.add(big, big[offset:offset + size], *PBKDF2)
    complaints = volume.agree(from_file(FOLDER, big), 0)
    for slot, (offset, size) in enumerate(parts, 1):
        for given in (from_file, lambda _, *more: from_stdin(*more)):
            options = ["--keyfile-offset", str(offset), "--keyfile-size", str(size)]
            complaints += volume.agree(given(FOLDER, big, *options), slot)
            complaints += volume.agree(given(FOLDER, b"behind" + big, *options), None)
    # Without a size it goes to the end; size 0 means the same.
    complaints += volume.agree(from_file(FOLDER, big, "--keyfile-offset", "10000"), 5)
    complaints += volume.agree(from_file(FOLDER, big, "--keyfile-offset", "10000", "--keyfile-size", "0"), 5)
    # More than there is.
    for options in (["--keyfile-offset", "20001"], ["--keyfile-offset", "20000"], ["--keyfile-size", "20001"],
                    ["--keyfile-offset", "19999", "--keyfile-size", "2"]):
        for given in (from_file, lambda _, *more: from_stdin(*more)):
            complaints += volume.agree(given(FOLDER, big, *options), None, code=1)
    return complaints


@case("a key file of 8 MiB opens, one byte more is refused")
def largest_key_file():
    content = bytes(8 << 20)
    volume = new("largest-key-file").format(content, *PBKDF2)
    exactly = ["--keyfile-size", str(8 << 20)]
    complaints = volume.agree(from_file(FOLDER, content), 0) + volume.agree(from_file(FOLDER, content + b"\0"), None)
    complaints += volume.agree(from_file(FOLDER, content + b"\0", *exactly), 0)
    # From a pipe cryptsetup takes byte by byte, and minutes.
    complaints += latchkey_alone(volume, from_stdin(content), 0)
    complaints += latchkey_alone(volume, from_stdin(content + b"\0", *exactly), 0)
    return complaints + latchkey_alone(volume, from_stdin(content + b"\0"), None, 1, "longer than 8192 KiB")


def latchkey_alone(volume, key, slot=None, code=0, says="", *options):
    """What latchkey does, whatever cryptsetup makes of it."""
    done, complaints = volume.ours(key, *options)
    if done.code != code or (slot is not None and done.out != f"keyslot {slot}\n"):
        complaints.append(f"expected keyslot {slot} and status {code}, got {done.out!r} and {done.code}: {done.err.strip()}")
    if not re.search(says, done.err):
        complaints.append(f"no /{says}/ in {done.err!r}")
    return complaints


# --- where latchkey differs on purpose ---------------------------------------------------------------------


def first_slot(name, change):
    """Two keyslots, of which change(keyslot) spoils the first."""
    volume = several(name, (A, B))
    luks2edit.edit(volume.path, lambda h: change(h["keyslots"]["0"]))
    return volume


SPOILED = {
    "an unknown kdf": (lambda s: s["kdf"].update(type="scrypt"), "kdf \"scrypt\" is not supported"),
    "an unknown hash": (lambda s: s["kdf"].update(hash="whirlpool"), "hash \"whirlpool\" is not supported"),
    "an unknown af hash": (lambda s: s["af"].update(hash="blake2s-256"), "hash \"blake2s-256\" is not supported"),
    "an unknown area cipher": (lambda s: s["area"].update(encryption="rot13-ecb"), "\"rot13-ecb\" is not supported"),
    "a null cipher": (lambda s: s["area"].update(encryption="cipher_null-ecb"), "\"cipher_null-ecb\" is not supported"),
    "more Argon2 memory than anybody has": (
        lambda s: s.update(kdf={"type": "argon2id", "time": 4, "memory": 4294967295, "cpus": 4, "salt": s["kdf"]["salt"]}),
        "MiB for argon2id, more than the limit"),
}


def spoiled(number, change, says):
    """cryptsetup gives up at such a keyslot, so that a right secret in the next one does not open."""
    volume = first_slot(f"spoiled-{number}", change)
    complaints = latchkey_alone(volume, typed(B), 1, 0, "^latchkey: skipped: keyslot 0.*" + re.escape(says))
    complaints += latchkey_alone(volume, typed(WRONG), None, 2, r"1 tried, 1 skipped: keyslot 0.*" + re.escape(says))
    return complaints + latchkey_alone(volume, typed(A), None, 7, re.escape(says), "--key-slot", "0")


@case("difference: a file that is not LUKS is a matter of the device: 4, where cryptsetup has 1")
def not_luks():
    return latchkey_alone(new("not-luks"), typed(A), None, 4, "is not a LUKS device")


@case("difference: a keyslot that is bound to no data is refused even when named: open could not use it")
def unbound_named():
    volume = several("unbound-named", (A,))
    volume.cryptsetup("luksAddKey", "--unbound", "--key-size", "512", "--key-slot", "3", *PBKDF2, volume.path,
                      save(FOLDER, B), device=False)
    return latchkey_alone(volume, typed(B), None, 1, "keyslot 3 has no key of this volume", "--key-slot", "3")


@case("a header without its data device")
def header_alone():
    volume = new("header-alone").format(A, *PBKDF2, header=True)
    volume.path, volume.header = volume.header, None
    return volume.check([(A, 0)])


@case("a device that ends where its data would begin, and one that ends before its keyslots do")
def short_device():
    volume = several("short-device", (A,))
    header = luks2edit.load(volume.path)
    os.truncate(volume.path, int(header["segments"]["0"]["offset"]))
    complaints = volume.check([(A, 0)])
    os.truncate(volume.path, 32768 + int(header["config"]["keyslots_size"]))
    complaints += volume.check([(A, 0)])
    os.truncate(volume.path, 32768 + int(header["config"]["keyslots_size"]) - 512)
    return complaints + volume.agree(typed(A), None, code=4)


@case("the passphrase of a volume in the middle of a re-encryption is tried, as cryptsetup's test does")
def reencrypting():
    volume = several("reencrypting", (A,))
    volume.cryptsetup("reencrypt", "--init-only", *PBKDF2, "--key-file", save(FOLDER, A))
    return latchkey_alone(volume, typed(A)) + latchkey_alone(volume, typed(B), None, 2)


@case("difference: an empty key file or line is tried; no input at all is no secret")
def empty_secret():
    volume = several("empty-secret", (A,))
    complaints = latchkey_alone(volume, typed(b""), None, 1, "no passphrase") + latchkey_alone(volume, typed(b"\n"), None, 2, "it is empty")
    return complaints + latchkey_alone(volume, from_file(FOLDER, b""), None, 2, "it is empty")


# -----------------------------------------------------------------------------------------------------------


def main():
    lack = lacking(CRYPTSETUP, LATCHKEY, "cp", "truncate")
    if lack:
        print(f"1..0 # SKIP {lack}")
        return 0
    workplace("interop")
    grid()
    for kind, lanes in itertools.product(("argon2i", "argon2id"), (1, 2, 3, 4)):
        CASES.append((f"{kind}, {lanes} lanes, memory from 32 KiB to 4099 KiB", functools.partial(argon2_slots, kind, lanes)))
    for kdf, bits, area in itertools.product((PBKDF2, argon2()), (256, 512), (256, 384, 512)):
        CASES.append((f"{kdf[1]}: keyslot area with a key of {area} bits for a volume key of {bits}",
                      functools.partial(keyslot_cipher, kdf, bits, area)))
    for size, image in (("256k", "8M"), ("512k", "8M"), ("16m", "24M"), ("128m", "160M")):
        CASES.append((f"keyslots area of {size}", functools.partial(keyslots_size, size, image)))
    for hash_name, bits in itertools.product(("sha1", "sha256", "sha512"), (256, 512)):
        CASES.append((f"converted from LUKS1, {hash_name}, {bits}-bit key", functools.partial(converted, hash_name, bits)))
    for cipher, bits, hash_name in (("aes-xts-plain64", 512, "sha256"), ("aes-xts-plain64", 256, "sha1"),
                                    ("aes-xts-plain", 512, "sha512"), ("aes-cbc-essiv:sha256", 256, "sha1"),
                                    ("aes-cbc-essiv:sha256", 128, "sha256"), ("aes-cbc-plain64", 192, "sha384"),
                                    ("aes-cbc-plain", 256, "sha512")):
        CASES.append((f"LUKS1, {cipher}, {bits}-bit key, {hash_name}", functools.partial(luks1, cipher, bits, hash_name)))
    for name in ("blake2b-512", "sha3-224", "sha3-256", "sha3-384", "sha3-512"):
        CASES.append((f"LUKS1 and LUKS2 with {name}", functools.partial(other_hash, name)))
    for cipher, bits in itertools.product(("aes-cbc-essiv:sha256", "aes-cbc-plain64", "aes-cbc-plain"), (128, 192, 256)):
        CASES.append((f"{cipher}, {bits}-bit key", functools.partial(cbc, cipher, bits)))
    for number, (name, how) in enumerate(HARMS.items()):
        CASES.append((name, functools.partial(harmed, str(number), *how)))
    for number, (name, how) in enumerate(SPOILED.items()):
        CASES.append((f"difference: {name} in the first keyslot does not hide the second",
                      functools.partial(spoiled, number, *how)))
    return suite(CASES)


if __name__ == "__main__":
    sys.exit(main())
