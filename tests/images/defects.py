# SPDX-License-Identifier: MIT
"""The catalogue: each name is a volume with one defect. `manifest` lists the expected reports.

bin-*     fields of the binary part            kdf-*, digest-*, seg-*, cfg-*   these objects
copies-*  differences between the two copies   area-*    overwritten keyslot areas
json-*    text that is not the required JSON   trunc-*   truncated devices
num-*     numbers                              luks1-*   LUKS1
obj-*     objects, names, references           attack-*  attempts of a hostile header
slot-*    a bad keyslot before a good one      good-*    unusual, and must open
"""
import base64
import json
import random

from image import AREA, BINARY_BYTES, BOTH, DATA, FIRST, HDR, MAGIC, MAKERS, PRIMARY, SECOND, SECONDARY, SECONDARY_OFFSETS
from image import CRYPTSETUP, PBKDF2, add_key, argon2, base, luks1, luks2, must

DEFECTS = {}
USED = 128000  # bytes of an area that hold a split 32-byte key
MUCH = 2**64 - 1


class Defect:
    def __init__(self, name, volume, change, secret, options):
        self.name, self.volume, self.change, self.secret, self.options = name, volume, change, secret, options

    def build(self):
        image = base(self.volume)
        before = bytes(image.data)
        if self.change:
            self.change(image)
            # A defect that changes nothing would pass for a good volume.
            assert bytes(image.data) != before, self.name
        return image


def add(name, change, volume="one", secret=FIRST, options=()):
    assert name not in DEFECTS, name
    DEFECTS[name] = Defect(name, volume, change, secret, list(options))


# --- how to change ---------------------------------------------------------------------------------------

GONE = object()


def put(path, value, *which):
    """The member at keyslots/0/kdf becomes @value, is removed (GONE), or goes through a function."""
    *way, last = path.split("/")

    def change(header):
        for name in way:
            header = header[name]
        if value is GONE:
            del header[last]
        else:
            header[last] = value(header[last]) if callable(value) else value

    return lambda image: image.json(change, *which)


def puts(**paths):
    """Several at once; __ for / in the names."""

    def change(image):
        for path, value in paths.items():
            put(path.replace("__", "/"), value)(image)

    return change


def sub(old, new, *which):
    """Other bytes in the JSON text."""

    def change(text):
        assert old in text, old
        return text.replace(old, new, 1)

    return lambda image: image.text(change, *which)


def text_is(text):
    return lambda image: image.text(lambda _: text)


def raw_area(make):
    """@make turns the whole JSON area, padding and all, into another one."""

    def change(image):
        for which in BOTH:
            image.put_area(which, make(image.area(which)))

    return change


def field(name, value, *which):
    return lambda image: image.field(name, value, *which)


def json_edit(change, *which):
    return lambda image: image.json(change, *which)


def b64(size):
    return base64.b64encode(bytes(range(1, 200))[:size]).decode()


def both(*changes):
    def change(image):
        for one in changes:
            one(image)

    return change


# --- bin -------------------------------------------------------------------------------------------------

add("bin-magic-gone", lambda i: [i.zero(i.at(w), 6) for w in BOTH])
add("bin-magic-lower-case", field("magic", b"luks\xba\xbe"))
add("bin-magic-swapped", lambda i: [i.field("magic", MAGIC[SECONDARY], PRIMARY), i.field("magic", MAGIC[PRIMARY], SECONDARY)])
for n in 0, 1, 3, 258, 65535:
    add(f"bin-version-{n}", field("version", n))
add("bin-version-3-alone", both(field("version", 3), lambda i: i.zero(HDR, HDR)))
for n in 0, 1, 4096, 8192, 16383, 16385, 20480, 24576, 4194305, 8388608, 2**32 + 16384, 2**63, MUCH:
    add(f"bin-hdr-size-{n}", field("hdr_size", n))
for n in 1, 512, 4096, 2**32, MUCH:
    add(f"bin-hdr-offset-{n}", field("hdr_offset", n))
for name, alg in {"empty": b"", "md5": b"md5", "sha3": b"sha3-256", "blake2b": b"blake2b-512", "no-end": b"a" * 32,
                  "blank": b"sha256 ", "crc32c": b"crc32c"}.items():
    add(f"bin-csum-alg-{name}", field("csum_alg", alg))
UUID = "12345678-1234-1234-1234-123456789abc"
for name, value in {"empty": b"", "no-end": UUID.encode() + b"abcd", "control": UUID.replace("4", "\x1b").encode(),
                    "short": UUID[:-1].encode(), "long": UUID.encode() + b"0", "braces": b"{" + UUID.encode() + b"}",
                    "slash": UUID.replace("-", "/").encode(), "no-hex": UUID.replace("a", "g").encode()}.items():
    add(f"bin-uuid-{name}", field("uuid", value))
add("bin-label-no-end", field("label", b"x" * 48))
add("bin-subsystem-no-end", field("subsystem", b"x" * 48))
add("bin-csum-zero", lambda i: [i.put(w, "csum", b"") for w in BOTH])
add("bin-csum-one-bit", lambda i: [i.data.__setitem__(i.at(w) + 448, i.data[i.at(w) + 448] ^ 1) for w in BOTH])
add("bin-csum-last-byte", lambda i: [i.data.__setitem__(i.at(w) + 479, i.data[i.at(w) + 479] ^ 1) for w in BOTH])
add("bin-salt-one-bit", lambda i: [i.data.__setitem__(i.at(w) + 104, i.data[i.at(w) + 104] ^ 1) for w in BOTH])
add("bin-padding-one-bit", lambda i: [i.data.__setitem__(i.at(w) + 4000, 1) for w in BOTH])
add("bin-json-padding-one-bit", lambda i: [i.data.__setitem__(i.at(w) + HDR - 1, 1) for w in BOTH])
add("bin-json-one-bit", lambda i: [i.data.__setitem__(i.at(w) + 4200, i.data[i.at(w) + 4200] ^ 1) for w in BOTH])

# --- copies ----------------------------------------------------------------------------------------------


def torn(image, which):
    """A new binary part was written, and its JSON was not."""
    image.put(which, "seqid", image.get(which, "seqid") + 1)


def no_json(image, which):
    image.text(lambda text: text[:-1], which)


STATES = {
    "sound": lambda image, which: None,
    "older": lambda image, which: image.field("seqid", image.get(which, "seqid") - 1, which),
    "newer": lambda image, which: image.field("seqid", image.get(which, "seqid") + 1, which),
    "checksum": lambda image, which: image.put(which, "csum", bytes(64)),
    "torn": torn,
    "no-json": no_json,
    "rule": lambda image, which: put("config/json_size", "12289", which)(image),
    "zero": lambda image, which: image.zero(image.at(which), HDR),
    "misplaced": lambda image, which: image.field("hdr_offset", 512, which),
    "version": lambda image, which: image.field("version", 3, which),
}
for p, spoil_primary in STATES.items():
    for s, spoil_secondary in STATES.items():
        if p != s or p not in ("sound", "older", "newer"):
            add(f"copies-{p}-{s}", lambda i, a=spoil_primary, b=spoil_secondary: (a(i, PRIMARY), b(i, SECONDARY)), "two")


def without(slot):
    """The header after luksKillSlot."""

    def change(header):
        del header["keyslots"][slot]
        for digest in header["digests"].values():
            digest["keyslots"].remove(slot)

    return change


def newer_without(slot, which, *more):
    return both(json_edit(without(slot), which), lambda i: STATES["newer"](i, which), *more)


add("copies-removed-slot-in-newer-primary", newer_without("0", PRIMARY), "two")
add("copies-removed-slot-in-newer-secondary", newer_without("0", SECONDARY), "two")
add("copies-removed-slot-in-older-secondary", both(json_edit(without("0"), SECONDARY), lambda i: STATES["older"](i, SECONDARY)),
    "two")
add("copies-removed-slot-in-damaged-newer", newer_without("0", PRIMARY, lambda i: i.put(PRIMARY, "csum", b"")), "two")
add("copies-same-sequence-differ", json_edit(without("0"), SECONDARY), "two")
add("copies-same-sequence-differ-primary-wins", json_edit(without("0"), PRIMARY), "two")
add("copies-newer-without-json-older-opens", newer_without("0", PRIMARY, lambda i: no_json(i, PRIMARY)), "two")
add("copies-first-sector-lost", lambda i: i.zero(0, 512), "two")
add("copies-first-sector-random", lambda i: i.write_at(0, bytes((n * 151 + 7) % 256 for n in range(512))), "two")
add("copies-first-page-lost", lambda i: i.zero(0, 4096), "two")
add("copies-json-of-primary-lost", lambda i: i.zero(4096, HDR - 4096), "two")
add("copies-first-sectors-of-both-lost", lambda i: [i.zero(0, 512), i.zero(HDR, 512)], "two")
add("copies-torn-page-of-primary", lambda i: i.zero(4096 + 512, 512), "two")
add("copies-torn-first-half", lambda i: i.write_at(0, b"\xff" * 2048), "two")
SIGNATURES = {
    "ext4": [(0x438, b"\x53\xef"), (0x400, b"\0\x10\0\0")],
    "gpt": [(510, b"\x55\xaa"), (512, b"EFI PART\0\0\1\0")],
    "mbr": [(446, b"\x80\x01\x01\x00\x83" + bytes(11)), (510, b"\x55\xaa")],
    "swap": [(4086, b"SWAPSPACE2")],
    "ntfs": [(0, b"\xebR\x90NTFS    "), (510, b"\x55\xaa")],
    "vfat": [(0, b"\xeb<\x90mkfs.fat"), (54, b"FAT16   "), (510, b"\x55\xaa")],
    "xfs": [(0, b"XFSB\0\0\x10\0")],
    "lvm": [(512, b"LABELONE"), (536, b"LVM2 001")],
    "squashfs": [(0, b"hsqs")],
    "bitlocker": [(0, b"\xebX\x90-FVE-FS-")],
    "luks1": [(0, b"LUKS\xba\xbe\0\1"), (8, b"aes".ljust(32, b"\0"))],
}


def signature(marks, at=0):
    def change(image):
        image.zero(at, 4096)
        for offset, mark in marks:
            image.write_at(at + offset, mark)

    return change


for name, marks in SIGNATURES.items():
    add(f"copies-signature-{name}", signature(marks), "two")
add("copies-signature-ext4-both", both(signature(SIGNATURES["ext4"]), lambda i: i.zero(HDR, 4096)), "two")
add("copies-secondary-behind-primary-size", both(lambda i: i.zero(HDR, HDR),
                                                 lambda i: i.write_at(32768, base("one").copy_bytes(SECONDARY))))

# --- json ------------------------------------------------------------------------------------------------

TEXTS = {
    "empty": b"",
    "array": b"[]",
    "string": b'"x"',
    "number": b"1",
    "null": b"null",
    "object-empty": b"{}",
    "bracket": b"{",
    "random": bytes(range(1, 256)),
}
for name, text in TEXTS.items():
    add(f"json-{name}", text_is(text))
STRIPES = b'"stripes":4000'
SUBS = {
    "blank-first": (b'{"keyslots"', b' {"keyslots"'),
    "byte-order-mark": (b'{"keyslots"', b'\xef\xbb\xbf{"keyslots"'),
    "vertical-tab-blank": (STRIPES, b'"stripes":\x0b4000'),
    "form-feed-blank": (STRIPES, b'"stripes":\x0c4000'),
    "control-blank": (STRIPES, b'"stripes":\x014000'),
    "no-break-space": (STRIPES, b'"stripes":\xc2\xa04000'),
    "control-in-string": (b'"hash":"sha256"', b'"hash":"sha\x01256"'),
    "tab-in-string": (b'"hash":"sha256"', b'"hash":"sha256\t"'),
    "newline-in-string": (b'"hash":"sha256"', b'"hash":"sha\n256"'),
    "single-quotes": (STRIPES, b"'stripes':4000"),
    "name-without-quotes": (STRIPES, b"stripes:4000"),
    "comment": (STRIPES, b"/* */" + STRIPES),
    "comment-line": (STRIPES, b"// x\n" + STRIPES),
    "comma-last": (STRIPES, STRIPES + b","),
    "comma-last-in-array": (b'"segments":["0"]', b'"segments":["0",]'),
    "comma-double": (STRIPES, STRIPES + b",,"),
    "comma-missing": (STRIPES + b",", STRIPES + b" "),
    "colon-missing": (STRIPES, b'"stripes" 4000'),
    "equals-for-colon": (STRIPES, b'"stripes"=4000'),
    "bracket-mismatch": (b'"segments":["0"]', b'"segments":["0"}'),
    "string-without-end": (b'"hash":"sha256",', b'"hash":"sha256,'),
    "escape-unknown": (b'"hash":"sha256"', b'"hash":"\\x73ha256"'),
    "escape-zero": (b'"hash":"sha256"', b'"hash":"sha256\\0"'),
    "escape-unicode-short": (b'"hash":"sha256"', b'"hash":"sha256\\u12"'),
    "escape-unicode-nul": (b'"hash":"sha256"', b'"hash":"sha256\\u0000"'),
    "escape-unicode-nul-in-name": (STRIPES, STRIPES + b',"a\\u0000b":1'),
    "escape-surrogate-alone": (b'"hash":"sha256"', b'"hash":"\\ud800"'),
    "escape-surrogate-low-first": (b'"hash":"sha256"', b'"hash":"\\udc00\\ud800"'),
    "true-in-capitals": (STRIPES, STRIPES + b',"x":True'),
    "nan": (STRIPES, b'"stripes":NaN'),
    "infinity": (STRIPES, b'"stripes":Infinity'),
    "undefined": (STRIPES, b'"stripes":undefined'),
    "word-too-long": (STRIPES, STRIPES + b',"x":nullx'),
    "twice-top": (b'"tokens":{}', b'"tokens":{},"tokens":{}'),
    "twice-config": (b'"config":{', b'"config":{},"config":{'),
    "twice-member": (STRIPES, STRIPES + b"," + STRIPES),
    "twice-member-other-value": (STRIPES, STRIPES + b',"stripes":1'),
    "twice-by-escape": (STRIPES, STRIPES + b',"\\u0073tripes":4000'),
    "twice-in-kdf": (b'"iterations":1000', b'"iterations":1000,"iterations":1000'),
    "twice-in-token": (b'"tokens":{}', b'"tokens":{"0":{"type":"x","keyslots":[],"a":1,"a":1}}'),
    "twice-in-array-of-token": (b'"tokens":{}', b'"tokens":{"0":{"type":"x","keyslots":[],"a":[[{"b":1,"b":2}]]}}'),
    "twice-empty-name": (b'"tokens":{}', b'"tokens":{"0":{"type":"x","keyslots":[],"":1,"":2}}'),
    "twice-keyslot": (b'"keyslots":{"0":{', b'"keyslots":{"0":{},"0":{'),
    "bytes-of-0xff": (b'"hash":"sha256"', b'"hash":"sha\xff256"'),
    "name-too-long": (STRIPES, STRIPES + b',"' + b"n" * 129 + b'":1'),
    "members-too-many": (STRIPES, STRIPES + b"".join(b',"m%d":1' % n for n in range(128))),
    "depth-33": (b'"tokens":{}', b'"tokens":{"0":{"type":"x","keyslots":[],"a":' + b"[" * 30 + b"]" * 30 + b"}}"),
    "depth-4000": (b'"tokens":{}', b'"tokens":{"0":{"type":"x","keyslots":[],"a":' + b"[" * 4000 + b"]" * 4000 + b"}}"),
}
for name, (old, new) in SUBS.items():
    add(f"json-{name}", sub(old, new))
for name, number in {"plus": b"+4000", "leading-zero": b"04000", "minus-zero": b"-0", "minus": b"-1", "fraction": b"4000.0",
                     "fraction-half": b"4000.9", "exponent": b"4e3", "exponent-fraction": b"0.4e4", "hexadecimal": b"0xfa0",
                     "octal": b"0o7640", "underscore": b"4_000", "point-first": b".4", "point-last": b"4000.",
                     "2-32": b"4294967296", "2-32-plus-4000": b"4294971296", "2-64-plus-4000": b"18446744073709555616",
                     "huge": b"9" * 400, "exponent-huge": b"1e400"}.items():
    add(f"json-number-{name}", sub(STRIPES, b'"stripes":' + number))
add("json-bytes-behind-object", text_is(b"{}x"))
add("json-blank-behind-object", lambda i: i.text(lambda t: t + b" "))
add("json-second-object-behind", lambda i: i.text(lambda t: t + b"{}"))
add("json-cut-short", lambda i: i.text(lambda t: t[:-1]))
add("json-cut-in-half", lambda i: i.text(lambda t: t[:len(t) // 2]))
add("json-bytes-behind-nul", raw_area(lambda a: a[:-1] + b"x"))
add("json-text-behind-nul", raw_area(lambda a: a.rstrip(b"\0") + b"\0" + a.rstrip(b"\0") + bytes(
    len(a) - 2 * len(a.rstrip(b"\0")) - 1)))
add("json-nul-first", raw_area(lambda a: b"\0" + a[:-1]))
add("json-nul-inside", sub(b'"tokens"', b'"tok\0ens"'))
add("json-without-nul", raw_area(lambda a: (lambda t: t[:-1] + b" " * (len(a) - len(t)) + t[-1:])(a.rstrip(b"\0"))))
add("json-values-too-many", sub(b'"tokens":{}', b'"tokens":{"0":{"type":"x","keyslots":[],"a":[' + b"0," * 17000 + b"0]}}"),
    "metadata-64")

# --- num -------------------------------------------------------------------------------------------------

DECIMALS = {"empty": "", "blank": " 4096", "blank-behind": "4096 ", "plus": "+4096", "minus": "-1", "leading-zero": "04096",
            "hexadecimal": "0x1000", "exponent": "4e3", "fraction": "4096.0", "2-64": "18446744073709551616",
            "20-nines": "9" * 20, "100-nines": "9" * 100, "integer": 4096, "null": None, "object": {}, "list": ["4096"],
            "letters": "abc", "arabic-digits": "٤٠٩٦", "true": True}
for where, name in {"keyslots/0/area/offset": "area-offset", "segments/0/offset": "segment-offset",
                    "config/keyslots_size": "keyslots-size"}.items():
    for bad, value in DECIMALS.items():
        add(f"num-{name}-{bad}", put(where, value))
for where, name in {"keyslots/0/area/size": "area-size", "segments/0/size": "segment-size", "segments/0/iv_tweak": "iv-tweak",
                    "config/json_size": "json-size"}.items():
    for bad in "empty", "minus", "leading-zero", "2-64", "integer", "letters":
        add(f"num-{name}-{bad}", put(where, DECIMALS[bad]))
for n in MUCH, MUCH - 511, 2**63, 2**63 - 512, MUCH - USED + 1, MUCH - AREA + 1:
    add(f"num-area-offset-{n}", put("keyslots/0/area/offset", str(n)))
    add(f"num-area-size-{n}", put("keyslots/0/area/size", str(n)))
    add(f"num-segment-offset-{n}", put("segments/0/offset", str(n)))
    add(f"num-segment-size-{n}", put("segments/0/size", str(n)))
for n in MUCH, 2**64 - 4096, 2**32, 2**27 + 4096:
    add(f"num-keyslots-size-{n}", put("config/keyslots_size", str(n)))
INTEGERS = {"keyslots/0/key_size": "key-size", "keyslots/0/area/key_size": "area-key-size", "keyslots/0/af/stripes": "stripes",
            "keyslots/0/kdf/iterations": "iterations", "segments/0/sector_size": "sector-size",
            "digests/0/iterations": "digest-iterations"}
for where, name in INTEGERS.items():
    for bad, value in {"gone": GONE, "string": "4000", "null": None, "true": True, "list": [4000], "0": 0, "1": 1,
                       "2-31": 2**31, "2-32-minus-1": 2**32 - 1}.items():
        if name.endswith("iterations") and bad == "1":
            continue  # an iteration count like any other, but the key is another one then
        add(f"num-{name}-{bad}", put(where, value))

# --- obj -------------------------------------------------------------------------------------------------

for section in "keyslots", "tokens", "segments", "digests", "config":
    add(f"obj-{section}-gone", put(section, GONE))
    for bad, value in {"list": [], "null": None, "string": "x", "number": 1}.items():
        add(f"obj-{section}-{bad}", put(section, value))
add("obj-keyslots-empty", both(put("keyslots", {}), put("digests/0/keyslots", [])))
add("obj-segments-empty", both(put("segments", {}), put("digests/0/segments", [])))
add("obj-digests-empty", put("digests", {}))


def rename(section, old, new):
    def change(header):
        header[section] = {new if k == old else k: v for k, v in header[section].items()}

    return json_edit(change)


for bad, name in {"leading-zero": "00", "minus": "-1", "letter": "a", "empty": "", "32": "32", "blank": " 0",
                  "blank-behind": "0 ", "2-32": "4294967296", "2-64": "18446744073709551616", "plus": "+0", "hex": "0x0",
                  "1e0": "1e0"}.items():
    add(f"obj-keyslot-name-{bad}", rename("keyslots", "0", name))
for section, name in {"segments": "segment", "digests": "digest", "tokens": "token"}.items():
    for bad, new in {"leading-zero": "00", "letter": "a", "32": "32", "minus": "-1"}.items():
        add(f"obj-{name}-name-{bad}", rename(section, "0", new), "tokens")
    add(f"obj-{name}-is-list", put(f"{section}/0", []), "tokens")
    add(f"obj-{name}-is-string", put(f"{section}/0", "x"), "tokens")
    add(f"obj-{name}-type-gone", put(f"{section}/0/type", GONE), "tokens")
    add(f"obj-{name}-type-empty", put(f"{section}/0/type", ""), "tokens")
    add(f"obj-{name}-type-number", put(f"{section}/0/type", 2), "tokens")
add("obj-digest-name-8", rename("digests", "0", "8"))
add("obj-keyslot-is-list", put("keyslots/0", []))
add("obj-keyslot-is-string", put("keyslots/0", "luks2"))
for member in "type", "af", "area", "kdf":
    add(f"obj-keyslot-{member}-gone", put(f"keyslots/0/{member}", GONE))
    add(f"obj-keyslot-{member}-number", put(f"keyslots/0/{member}", 1))
for member in "type", "hash":
    add(f"obj-af-{member}-gone", put(f"keyslots/0/af/{member}", GONE))
for member in "type", "offset", "size", "encryption":
    add(f"obj-area-{member}-gone", put(f"keyslots/0/area/{member}", GONE))
for member in "type", "hash", "salt":
    add(f"obj-kdf-{member}-gone", put(f"keyslots/0/kdf/{member}", GONE))
for member in "hash", "salt", "digest", "keyslots", "segments":
    add(f"obj-digest-{member}-gone", put(f"digests/0/{member}", GONE))
for member in "offset", "size", "encryption", "iv_tweak":
    add(f"obj-segment-{member.replace('_', '-')}-gone", put(f"segments/0/{member}", GONE))
for member in "json_size", "keyslots_size":
    add(f"obj-config-{member.replace('_', '-')}-gone", put(f"config/{member}", GONE))
for bad, value in {"missing-slot": ["0", "5"], "integers": [0], "32": ["0", "32"], "leading-zero": ["00"], "string": "0",
                   "object": {"0": 1}, "2-32": ["4294967296"], "empty-name": [""]}.items():
    add(f"obj-digest-keyslots-{bad}", put("digests/0/keyslots", value))
    add(f"obj-token-keyslots-{bad}", put("tokens/0/keyslots", value), "tokens")
    add(f"obj-digest-segments-{bad.replace('slot', 'segment')}", put("digests/0/segments", value))
add("obj-token-keyslots-gone", put("tokens/0/keyslots", GONE), "tokens")
add("obj-keyslot-in-no-digest", put("digests/0/keyslots", []))
add("obj-keyslot-in-two-digests", json_edit(lambda h: h["digests"].update({"1": dict(h["digests"]["0"], segments=[])})))
add("obj-keyslots-33", json_edit(lambda h: h["keyslots"].update({str(n): dict(h["keyslots"]["0"], type="other")
                                                                 for n in range(1, 33)})))
add("obj-digests-9", json_edit(lambda h: h["digests"].update({str(n): dict(h["digests"]["0"], segments=[], keyslots=[])
                                                              for n in range(1, 9)})))
add("obj-tokens-33", put("tokens", {str(n): {"type": "x", "keyslots": []} for n in range(33)}))
add("obj-priority-3", put("keyslots/0/priority", 3))
add("obj-priority-string", put("keyslots/0/priority", "1"))
add("obj-keyslot-of-other-type-only", put("keyslots/0/type", "other"))
add("obj-keyslot-of-other-type-without-area", json_edit(lambda h: h["keyslots"].update({"1": {"type": "x", "key_size": 1}})))
add("obj-keyslot-of-other-type-without-key-size", json_edit(lambda h: h["keyslots"].update({"1": {
    "type": "x", "area": {"type": "x", "offset": str(2 * HDR + AREA), "size": "4096"}}})))
add("obj-keyslot-of-other-type-overlaps", json_edit(lambda h: h["keyslots"].update({"1": {
    "type": "x", "key_size": 1, "area": {"type": "x", "offset": str(2 * HDR + 4096), "size": "4096"}}})))
for n, what in {0: "in-header", HDR: "in-secondary", 2 * HDR - 512: "before", DATA: "in-data", DATA - USED + 512: "over-the-end"
                }.items():
    add(f"obj-area-{what}", put("keyslots/0/area/offset", str(n)))
add("obj-area-size-0", put("keyslots/0/area/size", "0"))
add("obj-area-size-512-short", put("keyslots/0/area/size", str(USED - 512)))
add("obj-area-size-over-keyslots-area", put("keyslots/0/area/size", str(4 * AREA + 512)))
add("obj-area-type-other", put("keyslots/0/area/type", "none"), "two", SECOND)
add("obj-areas-overlap", put("keyslots/1/area/offset", str(2 * HDR + AREA - 512)), "two")
add("obj-areas-same", put("keyslots/1/area/offset", str(2 * HDR)), "two")
add("obj-areas-nested", puts(keyslots__0__area__size=str(3 * AREA)), "two")
add("obj-af-type-other", put("keyslots/0/af/type", "luks3"), "two", SECOND)
add("obj-stripes-3999", put("keyslots/0/af/stripes", 3999))
add("obj-key-size-65", put("keyslots/0/key_size", 65))
add("obj-key-size-33", put("keyslots/0/key_size", 33))
add("obj-key-size-16", put("keyslots/0/key_size", 16))
add("obj-area-key-size-31", put("keyslots/0/area/key_size", 31))
add("obj-area-key-size-128", put("keyslots/0/area/key_size", 128))
for cipher in "aes-xts-plain64,", "AES-XTS-plain64", "aes", "aes-xts", "aes-ecb", "cast5-cbc-plain", "aes-xts-plain64:sha256", \
        "aes-lrw-benbi", "rc4", "":
    add(f"obj-area-encryption-{cipher or 'empty'}", put("keyslots/0/area/encryption", cipher))

# --- kdf -------------------------------------------------------------------------------------------------

FOREIGN_HASHES = ["blake2b-256", "blake2s-256", "whirlpool", "ripemd160", "stribog256", "md5", "crc32", "sm3"]
for name in FOREIGN_HASHES:
    add(f"kdf-hash-{name}", put("keyslots/0/kdf/hash", name))
    add(f"kdf-af-hash-{name}", put("keyslots/0/af/hash", name))
    add(f"digest-hash-{name}", put("digests/0/hash", name))
for name in "scrypt", "argon2d", "argon2", "PBKDF2", "pbkdf2 ", "bcrypt":
    add(f"kdf-type-{name.replace(' ', '-blank')}", put("keyslots/0/kdf/type", name))
SALTS = {"empty": "", "31-bytes": b64(31), "33-bytes": b64(33), "64-bytes": b64(64), "no-padding": b64(32).rstrip("="),
         "one-character-less": b64(32)[:-1], "blank": " " + b64(32), "newline": b64(32)[:20] + "\n" + b64(32)[20:],
         "url-alphabet": "-_-_" + b64(32)[4:], "padding-inside": b64(32)[:4] + "====" + b64(32)[8:],
         "last-bits": b64(32)[:-2] + chr(ord(b64(32)[-2]) + 1) + "=", "number": 12, "100-kilobytes": "A" * 5000}
for bad, value in SALTS.items():
    add(f"kdf-salt-{bad}", put("keyslots/0/kdf/salt", value))
    add(f"digest-salt-{bad}", put("digests/0/salt", value))
for member in "time", "memory", "cpus", "salt":
    add(f"kdf-argon2-{member}-gone", put(f"keyslots/0/kdf/{member}", GONE), "argon")
    if member != "salt":
        add(f"kdf-argon2-{member}-0", put(f"keyslots/0/kdf/{member}", 0), "argon")
        add(f"kdf-argon2-{member}-string", put(f"keyslots/0/kdf/{member}", "4"), "argon")
        add(f"kdf-argon2-{member}-2-32-minus-1", put(f"keyslots/0/kdf/{member}", 2**32 - 1), "argon")
add("kdf-argon2-memory-7", put("keyslots/0/kdf/memory", 7), "argon")
add("kdf-argon2-memory-under-8-a-lane", puts(keyslots__0__kdf__memory=31, keyslots__0__kdf__cpus=4), "argon")
add("kdf-argon2-memory-over-limit", put("keyslots/0/kdf/memory", 4194305), "argon")
add("kdf-argon2-memory-over-machine", put("keyslots/0/kdf/memory", 2**31), "argon", options=["--max-memory", "2097152"])
add("kdf-argon2-memory-over-flag", put("keyslots/0/kdf/memory", 2049), "argon", options=["--max-memory", "2"])
add("kdf-argon2-lanes-5", puts(keyslots__0__kdf__memory=64, keyslots__0__kdf__cpus=5), "argon")
add("kdf-argon2-lanes-2-24", puts(keyslots__0__kdf__memory=2**32 - 1, keyslots__0__kdf__cpus=2**24), "argon")
add("kdf-argon2-passes-over-limit", puts(keyslots__0__kdf__memory=65536, keyslots__0__kdf__time=1025), "argon")
add("kdf-pbkdf2-iterations-over-limit", put("keyslots/0/kdf/iterations", 100000001))
add("kdf-pbkdf2-too-long-here", put("keyslots/0/kdf/iterations", 2**32 - 1), options=["--max-time", "2"])
add("kdf-argon2-too-long-here", puts(keyslots__0__kdf__memory=32768, keyslots__0__kdf__time=10**8), "argon",
    options=["--max-time", "2"])
add("kdf-is-list", put("keyslots/0/kdf", ["pbkdf2"]))

# --- digest ----------------------------------------------------------------------------------------------

add("digest-type-other", put("digests/0/type", "hmac"))
for n in 0, 1, 4, 19, 21, 31, 33, 48, 64, 65:
    add(f"digest-length-{n}", put("digests/0/digest", b64(n)))
add("digest-not-base64", put("digests/0/digest", "!" * 44))
add("digest-of-another-key", put("digests/0/digest", b64(32)))
add("digest-iterations-over-limit", put("digests/0/iterations", 20000001))
add("digest-covers-no-segment", put("digests/0/segments", []))
add("digest-two-cover-the-segment", json_edit(lambda h: h["digests"].update({"1": dict(h["digests"]["0"], keyslots=[])})))
add("digest-segment-missing", put("digests/0/segments", ["1"]))

# --- seg -------------------------------------------------------------------------------------------------


def more_segments(**segments):
    """segment 0 with a size, and others like it."""

    def change(header):
        first = header["segments"]["0"]
        first["size"] = "4096"
        for name, more in segments.items():
            new = dict(first, **more)
            header["segments"][name[1:]] = {k: v for k, v in new.items() if v is not GONE}

    return json_edit(change)


for kind in "linear", "hw-opal", "hw-opal-crypt", "zero", "error":
    add(f"seg-type-{kind}", put("segments/0/type", kind))
CIPHERS = ["cipher_null-ecb", "cipher_null", "cipher_null-cbc-plain", "null", "none", "aes-ecb", "aes-cbc-null", "aes-xts-essiv:md5",
           "capi:xts(aes)-plain64", "AES-xts-plain64", "aes-xts-random", "rot13", "aes-gcm-random",
           "aes-xts-plain64 ", "aes-xts-plain64\t0", "aes-ctr-plain64", "des3_ede-cbc-plain"]
for cipher in CIPHERS:
    add("seg-cipher-" + cipher.replace(" ", "-blank").replace("\t", "-tab"), put("segments/0/encryption", cipher))
add("seg-cipher-empty", put("segments/0/encryption", ""))
add("seg-cipher-that-the-key-does-not-fit", put("segments/0/encryption", "aes-cbc-essiv:sha256"), "luks2-512")
add("seg-integrity", put("segments/0/integrity", {"type": "hmac(sha256)", "journal_encryption": "none",
                                                  "journal_integrity": "none"}), "luks2-512")
add("seg-iv-tweak-8", put("segments/0/iv_tweak", "8"))
for n in 256, 511, 513, 768, 1536, 3072, 8192, 65536:
    add(f"seg-sector-size-{n}", put("segments/0/sector_size", n))
add("seg-size-0", put("segments/0/size", "0"))
add("seg-size-over-device", put("segments/0/size", "66048"))
add("seg-size-uneven", put("segments/0/size", "4097"))
add("seg-size-no-multiple-of-sector", puts(segments__0__size="4608", segments__0__sector_size=4096))
add("seg-device-no-multiple-of-sector", both(put("segments/0/sector_size", 4096), lambda i: i.data.extend(bytes(512))))
add("seg-size-Dynamic", put("segments/0/size", "Dynamic"))
add("seg-offset-uneven", put("segments/0/offset", str(DATA + 1)))
add("seg-offset-in-keyslots", put("segments/0/offset", str(DATA - 512)))
add("seg-offset-in-header", put("segments/0/offset", "512"))
add("seg-offset-at-end-of-device", put("segments/0/offset", str(DATA + 65536)))
add("seg-offset-over-device", put("segments/0/offset", str(2**40)))
add("seg-offset-0-without-header-option", put("segments/0/offset", "0"))
add("seg-two", more_segments(_1={"offset": str(DATA + 4096), "size": "dynamic"}))
add("seg-two-overlap", more_segments(_1={"offset": str(DATA + 3584), "size": "dynamic"}))
add("seg-two-wrong-order", more_segments(_1={"offset": str(DATA - 4096), "size": "4096"}))
add("seg-two-first-dynamic", both(more_segments(_1={"offset": str(DATA + 4096)}), put("segments/0/size", "dynamic")))
add("seg-names-with-gap", more_segments(_2={"offset": str(DATA + 4096), "size": "dynamic"}))
add("seg-name-only-1", both(rename("segments", "0", "1"), put("digests/0/segments", ["1"])))
add("seg-backup-first", both(put("segments/0/flags", ["backup-final"])))
add("seg-backup-before-regular", both(more_segments(_1={"offset": str(DATA + 4096), "flags": ["backup-final"]},
                                                    _2={"offset": str(DATA + 8192)})))
add("seg-backup-behind", more_segments(_1={"offset": str(DATA), "flags": ["backup-final"]}))
add("seg-linear-behind", more_segments(_1={"type": "linear", "offset": str(DATA + 4096), "size": "dynamic", "encryption": GONE,
                                           "iv_tweak": GONE, "sector_size": GONE}))
add("seg-flag-in-reencryption", put("segments/0/flags", ["in-reencryption"]))
add("seg-flags-string", put("segments/0/flags", "in-reencryption"))
add("seg-flags-number-inside", put("segments/0/flags", [1]))

# --- cfg -------------------------------------------------------------------------------------------------

REQUIREMENTS = ["offline-reencrypt", "online-reencrypt", "online-reencrypt-v2", "online-reencrypt-v3", "inline-hw-tags", "opal",
                "something-of-2030"]
for name in REQUIREMENTS:
    add(f"cfg-req-{name}", put("config/requirements", {"mandatory": [name]}))
add("cfg-req-two", put("config/requirements", {"mandatory": ["opal", "something-of-2030"]}))
add("cfg-req-empty-string", put("config/requirements", {"mandatory": [""]}))
add("cfg-req-list", put("config/requirements", ["opal"]))
add("cfg-req-string", put("config/requirements", {"mandatory": "opal"}))
add("cfg-req-number-inside", put("config/requirements", {"mandatory": [1]}))
add("cfg-flags-string", put("config/flags", "allow-discards"))
add("cfg-flags-object", put("config/flags", {"allow-discards": True}))
add("cfg-flags-number-inside", put("config/flags", ["allow-discards", 1]))
for n in 0, 4096, 12287, 12289, 16384, 2**32 + 12288:
    add(f"cfg-json-size-{n}", put("config/json_size", str(n)))
for n in 1, 4095, 4 * AREA + 512:
    add(f"cfg-keyslots-size-{n}", put("config/keyslots_size", str(n)), "two")
add("cfg-keyslots-size-over-data", put("config/keyslots_size", str(4 * AREA + 4096)))
add("cfg-keyslots-size-0", put("config/keyslots_size", "0"))

# --- one bad keyslot must not hide a good one ------------------------------------------------------------

BAD_SLOTS = {
    "kdf-unknown": put("keyslots/0/kdf/type", "scrypt"),
    "hash-unknown": put("keyslots/0/kdf/hash", "whirlpool"),
    "af-hash-unknown": put("keyslots/0/af/hash", "ripemd160"),
    "area-cipher-unknown": put("keyslots/0/area/encryption", "rot13-ecb"),
    "area-cipher-null": put("keyslots/0/area/encryption", "cipher_null-ecb"),
    "area-key-size": put("keyslots/0/area/key_size", 24),
    "iterations-0": put("keyslots/0/kdf/iterations", 0),
    "iterations-over-limit": put("keyslots/0/kdf/iterations", 2**32 - 1),
    "stripes": put("keyslots/0/af/stripes", 1),
    "salt-short": put("keyslots/0/kdf/salt", b64(16)),
    "area-short": put("keyslots/0/area/size", "4096"),
    "key-size-0": put("keyslots/0/key_size", 0),
    "key-size-64-in-128k": put("keyslots/0/key_size", 64),
    "type-unknown": put("keyslots/0/type", "other"),
    "priority-ignore": put("keyslots/0/priority", 0),
    "memory-over-limit": put("keyslots/0/kdf", {"type": "argon2id", "time": 4, "memory": 8 << 20, "cpus": 4, "salt": b64(32)}),
    "lanes-over-limit": put("keyslots/0/kdf", {"type": "argon2id", "time": 4, "memory": 1024, "cpus": 64, "salt": b64(32)}),
    "area-zeroed": lambda i: i.zero(2 * HDR, AREA),
    "unbound": json_edit(lambda h: h["digests"].update({"0": dict(h["digests"]["0"], keyslots=["1"]),
                                                        "1": dict(h["digests"]["0"], keyslots=["0"], segments=[])})),
    "own-digest-hash-unknown": json_edit(lambda h: h["digests"].update({
        "0": dict(h["digests"]["0"], keyslots=["1"]),
        "1": dict(h["digests"]["0"], keyslots=["0"], segments=[], hash="sm3")})),
}
for name, change in BAD_SLOTS.items():
    add(f"slot-{name}-second-opens", change, "two", SECOND)
add("slot-memory-over-machine-second-opens", put("keyslots/0/kdf", {
    "type": "argon2id", "time": 4, "memory": 2**31, "cpus": 4, "salt": b64(32)}), "two", SECOND, ["--max-memory", "2097152"])
for name in "kdf-unknown", "memory-over-limit", "stripes", "priority-ignore", "unbound":
    add(f"slot-{name}-wrong-secret", BAD_SLOTS[name], "two", b"no secret of it")
for name in "kdf-unknown", "stripes", "priority-ignore", "unbound", "type-unknown":
    add(f"slot-{name}-named", BAD_SLOTS[name], "two", FIRST, ["--key-slot", "0"])
add("slot-named-and-absent", None, "two", FIRST, ["--key-slot", "7"])
add("slot-all-unusable", both(BAD_SLOTS["kdf-unknown"], put("keyslots/1/kdf/type", "bcrypt")), "two")
add("slot-all-too-much-memory", puts(keyslots__0__kdf__memory=2**31), "argon", options=["--max-memory", "2097152"])
add("slot-damaged-and-unsupported", both(BAD_SLOTS["stripes"], put("keyslots/1/kdf/type", "bcrypt")), "two")

# --- area ------------------------------------------------------------------------------------------------

RANDOM = random.Random(7).randbytes(AREA)
TEXT = (b"The quick brown fox jumps over the lazy dog. " * 3000)[:AREA]
A0 = 2 * HDR
add("area-zeroed", lambda i: i.zero(A0, AREA))
add("area-all-ones", lambda i: i.write_at(A0, b"\xff" * AREA))
add("area-text", lambda i: i.write_at(A0, TEXT))
add("area-first-sector-zeroed", lambda i: i.zero(A0, 512))
add("area-first-page-zeroed", lambda i: i.zero(A0, 4096))
add("area-middle-sector-zeroed", lambda i: i.zero(A0 + 64000, 512))
add("area-last-sector-zeroed", lambda i: i.zero(A0 + USED - 512, 512))
add("area-middle-sector-text", lambda i: i.write_at(A0 + 64000, TEXT[:512]))
add("area-counter", lambda i: i.write_at(A0, bytes(n // 64 % 256 for n in range(8192))))
add("area-base64", lambda i: i.write_at(A0 + 8192, base64.b64encode(RANDOM[:768])))
add("area-btrfs", lambda i: [i.zero(65536, 4096), i.write_at(65600, b"_BHRfS_M")])
add("area-iso9660", lambda i: [i.zero(32768, 4096), i.write_at(32769, b"CD001\1")])
add("area-random", lambda i: i.write_at(A0, RANDOM))
add("area-random-with-btrfs-mark", lambda i: i.write_at(65600, b"_BHRfS_M"))
add("area-of-other-slot-zeroed", lambda i: i.zero(A0 + AREA, AREA), "two")
add("area-zeroed-second-slot-opens", lambda i: i.zero(A0, AREA), "two", SECOND)
add("area-both-zeroed", lambda i: i.zero(A0, 2 * AREA), "two")
add("area-header-pattern", lambda i: i.write_at(A0, bytes(i.data[:2 * HDR])))
for name, change in {"kdf-unknown": put("keyslots/0/kdf/type", "scrypt"), "hash-unknown": put("keyslots/0/kdf/hash", "whirlpool"),
                     "af-hash-unknown": put("keyslots/0/af/hash", "sm3"),
                     "cipher-unknown": put("keyslots/0/area/encryption", "rot13-ecb"),
                     "iterations-0": put("keyslots/0/kdf/iterations", 0),
                     "key-size-65": puts(keyslots__0__key_size=65, keyslots__0__area__size=str(4 * AREA))}.items():
    add(f"area-zeroed-{name}", both(change, lambda i: i.zero(A0, AREA)))

# --- trunc -----------------------------------------------------------------------------------------------

for n in 0, 1, 511, 512, 4095, 4096, HDR - 1, HDR, HDR + 4096, 2 * HDR - 1, 2 * HDR, 2 * HDR + 512, A0 + USED - 1, A0 + USED, \
        A0 + AREA, DATA - 1, DATA, DATA + 1, DATA + 511:
    add(f"trunc-{n}", lambda i, n=n: i.data.__delitem__(slice(n, None)))
for n in 0, 6, 8, 591, 592, 4095, 4096, 4096 + 127999, 4096 + 128000, 2056 * 512 - 1, 2056 * 512:
    add(f"trunc-luks1-{n}", lambda i, n=n: i.data.__delitem__(slice(n, None)), "luks1")

# --- luks1 -----------------------------------------------------------------------------------------------

L1 = {"version": (6, 2), "cipher": (8, 32), "mode": (40, 32), "hash": (72, 32), "payload": (104, 4), "key-bytes": (108, 4),
      "digest": (112, 20), "salt": (132, 32), "iterations": (164, 4), "uuid": (168, 40)}
SLOT = {"active": (0, 4), "iterations": (4, 4), "salt": (8, 32), "area": (40, 4), "stripes": (44, 4)}


def set1(name, value, slot=None):
    at, size = L1[name] if slot is None else SLOT[name]
    at += 0 if slot is None else 208 + 48 * slot
    raw = value.to_bytes(size, "big") if isinstance(value, int) else value.ljust(size, b"\0")
    assert len(raw) == size
    return lambda i: i.write_at(at, raw)


def luks1_row(name, change, volume="luks1", **more):
    add("luks1-" + name, change, volume, **more)


luks1_row("magic-gone", lambda i: i.zero(0, 6))
for n in 0, 2, 3, 256:
    luks1_row(f"version-{n}", set1("version", n))
for name, value in {"empty": b"", "no-end": b"a" * 32, "null": b"cipher_null", "unknown": b"rot13", "blank": b"aes ",
                    "upper-case": b"AES", "anubis": b"anubis", "newline": b"aes\n"}.items():
    luks1_row(f"cipher-{name}", set1("cipher", value))
for name, value in {"empty": b"", "no-end": b"x" * 32, "ecb": b"ecb", "ctr": b"ctr-plain64", "benbi": b"lrw-benbi",
                    "essiv-md5": b"cbc-essiv:md5", "slash": b"xts-plain64/../x", "cbc-for-xts": b"cbc-essiv:sha512"}.items():
    luks1_row(f"mode-{name}", set1("mode", value))
luks1_row("mode-plain-alone", set1("mode", b"plain"), "luks1-plain")
for name in FOREIGN_HASHES:
    luks1_row(f"hash-{name}", set1("hash", name.encode()))
luks1_row("hash-empty", set1("hash", b""))
luks1_row("hash-no-end", set1("hash", b"s" * 32))
luks1_row("hash-another", set1("hash", b"sha512"))
for n in 1, 8, 2048, 2055, 2**32 - 1:
    luks1_row(f"payload-{n}", set1("payload", n))
luks1_row("payload-0", set1("payload", 0))
luks1_row("payload-at-end", set1("payload", 1324 * 2))
for n in 0, 1, 8, 16, 24, 31, 33, 48, 64, 65, 128, 2**31, 2**32 - 1:
    luks1_row(f"key-bytes-{n}", set1("key-bytes", n))
luks1_row("key-bytes-64-in-cbc", set1("key-bytes", 64), "luks1-essiv")
luks1_row("digest-changed", set1("digest", b"x" * 20))
luks1_row("salt-changed", set1("salt", b"x" * 32))
luks1_row("iterations-0", set1("iterations", 0))
luks1_row("iterations-over-limit", set1("iterations", 20000001))
luks1_row("iterations-2-32-minus-1", set1("iterations", 2**32 - 1))
for name, value in {"empty": b"", "no-end": UUID.encode() + b"abcd", "no-hex": UUID.replace("a", "g").encode(),
                    "control": UUID.replace("4", "\x1b").encode()}.items():
    luks1_row(f"uuid-{name}", set1("uuid", value))
luks1_row("slot-0-mark-second-opens", set1("active", 0, 0), secret=SECOND)
luks1_row("slot-0-iterations-0-second-opens", set1("iterations", 0, 0), secret=SECOND)
for slot in 0, 1, 7:
    luks1_row(f"slot-{slot}-mark-0", set1("active", 0, slot))
    luks1_row(f"slot-{slot}-mark-near", set1("active", 0x00ac71f2, slot))
    luks1_row(f"slot-{slot}-stripes-3999", set1("stripes", 3999, slot))
    luks1_row(f"slot-{slot}-stripes-0", set1("stripes", 0, slot))
    luks1_row(f"slot-{slot}-area-in-header", set1("area", 1, slot))
    luks1_row(f"slot-{slot}-area-0", set1("area", 0, slot))
    luks1_row(f"slot-{slot}-area-over-payload", set1("area", 2056 - 249, slot))
    luks1_row(f"slot-{slot}-area-2-32-minus-1", set1("area", 2**32 - 1, slot))
luks1_row("areas-overlap", set1("area", 8 + 249, 1))
luks1_row("areas-same", set1("area", 8, 1))
luks1_row("slot-0-iterations-0", set1("iterations", 0, 0))
luks1_row("slot-0-iterations-over-limit", set1("iterations", 2**32 - 1, 0))
luks1_row("slot-0-iterations-over-limit-second-opens", set1("iterations", 2**32 - 1, 0), secret=SECOND)
luks1_row("slot-0-salt-changed", set1("salt", b"x" * 32, 0))
luks1_row("slot-0-switched-off", set1("active", 0xdead, 0))
luks1_row("slots-all-off", both(set1("active", 0xdead, 0), set1("active", 0xdead, 1)))
luks1_row("slot-3-switched-on", set1("active", 0xac71f3, 3))
add("area-zeroed-luks1-hash-unknown", both(set1("hash", b"whirlpool"), lambda i: i.zero(4096, 128000)), "luks1")
luks1_row("area-zeroed", lambda i: i.zero(4096, 128000))
luks1_row("area-zeroed-second-opens", lambda i: i.zero(4096, 128000), secret=SECOND)
luks1_row("area-text", lambda i: i.write_at(4096, TEXT[:4096]))
luks1_row("cbc-area-last-sector-zeroed", lambda i: i.zero(4096 + 64000 - 512, 512), "luks1-essiv")
luks1_row("zeroed-whole", lambda i: i.zero(0, 592))
luks1_row("key-slot-8", None, options=["--key-slot", "8"])

# --- attack ----------------------------------------------------------------------------------------------

add("attack-null-segment", put("segments/0/encryption", "cipher_null-ecb"), "two", SECOND)
add("attack-null-area", put("keyslots/0/area/encryption", "cipher_null-ecb"))
add("attack-null-area-and-empty-secret", put("keyslots/0/area/encryption", "cipher_null-ecb"), secret=b"")
add("attack-null-both", puts(keyslots__0__area__encryption="cipher_null-ecb", segments__0__encryption="cipher_null-ecb"))
add("attack-null-luks1", both(set1("cipher", b"cipher_null"), set1("mode", b"ecb")), "luks1")
add("attack-empty-secret", None, secret=b"")
add("attack-digest-of-no-bytes", put("digests/0/digest", ""))
add("attack-digest-of-one-byte", put("digests/0/digest", b64(1)))
add("attack-cipher-with-table-line", put("segments/0/encryption", "aes-xts-plain64 00 0 /dev/sda 0"))
add("attack-cipher-with-newline", put("segments/0/encryption", "aes-xts-plain64\n0 1 linear /dev/sda 0"))
add("attack-cipher-format-string", put("segments/0/encryption", "%s%s%n%n%1000000d"))
add("attack-hash-format-string", put("keyslots/0/kdf/hash", "%s%s%n%n"))
add("attack-terminal-escape", put("keyslots/0/kdf/type", "\x1b]0;owned\x07\x1b[2J"))
add("attack-terminal-escape-8-bit", sub(b'"hash":"sha256"', b'"hash":"\x9b2J\x9d0;x\x9c"'))
add("attack-terminal-escape-utf-8", sub(b'"hash":"sha256"', b'"hash":"\xc2\x9b2J"'))
add("attack-terminal-escape-in-name", rename("keyslots", "0", "\x1b[31m"))
add("attack-terminal-escape-in-requirement", put("config/requirements", {"mandatory": ["\x1b[2J\u202ex"]}))
add("attack-long-type", put("keyslots/0/kdf/type", "x" * 4000))
add("attack-long-requirement", put("config/requirements", {"mandatory": ["y" * 4000]}))
add("attack-second-encryption-member", sub(b'"encryption":"aes-xts-plain64","sector_size"',
                                           b'"encryption":"aes-xts-plain64","encryption":"cipher_null-ecb","sector_size"'))
add("attack-other-case-member", sub(b'"encryption":"aes-xts-plain64","sector_size"',
                                    b'"Encryption":"aes-xts-plain64","sector_size"'))
add("attack-area-over-the-header", puts(keyslots__0__area__offset="0"))
add("attack-data-over-the-header", puts(segments__0__offset="4096"))
add("attack-data-over-the-keyslots", puts(segments__0__offset=str(A0)))
add("attack-keyslots-size-0-and-data-early", puts(config__keyslots_size="0", segments__0__offset=str(A0)))
add("attack-sum-wraps", puts(segments__0__offset=str(2**63 - 512), segments__0__size=str(2**63 - 512)))
add("attack-area-sum-wraps", puts(keyslots__0__area__offset=str(2**64 - 512), keyslots__0__area__size="66048"))
add("attack-decryption-in-progress", both(
    more_segments(_1={"offset": str(DATA + 4096), "flags": ["backup-previous"]},
                  _2={"offset": str(DATA), "type": "linear", "flags": ["backup-final"]}),
    put("config/requirements", {"mandatory": ["online-reencrypt-v2"]})))
add("attack-reencrypt-slot-without-requirement", json_edit(lambda h: h["keyslots"].update({"1": {
    "type": "reencrypt", "key_size": 1, "mode": "decrypt", "direction": "backward",
    "area": {"type": "none", "offset": str(A0 + AREA), "size": "4096"}}})))
add("attack-argon2-4-tib", puts(keyslots__0__kdf__memory=2**32 - 1), "argon")
add("attack-argon2-for-years", puts(keyslots__0__kdf__time=2**32 - 1), "argon")
add("attack-pbkdf2-for-hours", puts(keyslots__0__kdf__iterations=2**32 - 1))
add("attack-digest-for-hours", puts(digests__0__iterations=2**32 - 1))
add("attack-31-argon2-slots", json_edit(lambda h: (
    h["digests"]["0"]["keyslots"].extend(str(n) for n in range(1, 32)),
    h["keyslots"].update({str(n): dict(h["keyslots"]["0"], key_size=16, priority=2, area=dict(
        h["keyslots"]["0"]["area"], offset=str(A0 + USED + 512 * n), size="512"), kdf={
            "type": "argon2id", "time": 2**32 - 1, "memory": 2**32 - 1, "cpus": 4, "salt": b64(32)}) for n in range(1, 32)}),
    h["keyslots"]["0"]["area"].update(size=str(USED)))))

# --- good ------------------------------------------------------------------------------------------------


def volume(name, make):
    assert name not in MAKERS
    MAKERS[name] = make


def good(name, change=None, volume="one", secret=FIRST, options=()):
    add("good-" + name, change, volume, secret, options)


def metadata(kib):
    def make(path):
        end = 2 * kib * 1024 + 4 * AREA
        must("truncate", "-s", end + 65536, path)
        must(CRYPTSETUP, "-q", "luksFormat", "--type", "luks2", "--key-size", 256, "--luks2-metadata-size", f"{kib}k",
             "--luks2-keyslots-size", "512k", "--offset", end // 512, "--sector-size", 512, *PBKDF2, "--key-file", "-", path,
             stdin=FIRST)

    return make


def slots_32(path):
    end = 2 * HDR + 32 * AREA
    must("truncate", "-s", end + 65536, path)
    must(CRYPTSETUP, "-q", "luksFormat", "--type", "luks2", "--key-size", 256, "--luks2-metadata-size", "16k",
         "--luks2-keyslots-size", 32 * AREA, "--offset", end // 512, "--sector-size", 512, *PBKDF2, "--key-file", "-", path,
         stdin=FIRST)
    for n in range(1, 32):
        add_key(path, SECOND if n == 31 else b"secret %d" % n, *PBKDF2)


def with_unbound(path):
    luks2(path)
    add_key(path, SECOND, "--unbound", "--key-size", "512", "--key-slot", "2", *PBKDF2)
    add_key(path, b"another", "--unbound", "--key-size", "128", "--key-slot", "3", *PBKDF2)


def priorities(path):
    luks2(path)
    add_key(path, SECOND, *PBKDF2)
    must(CRYPTSETUP, "config", "--key-slot", 1, "--priority", "prefer", path)
    must(CRYPTSETUP, "config", "--key-slot", 0, "--priority", "normal", path)


def labelled(path):
    luks2(path, "--label", "a label \x01\x1b[31m\"'\\ ü", "--subsystem", "\x7f\u202e x")


def converted_8_slots(path):
    luks1(path, "--key-size", 256, megabytes=3, align=4096)
    for n in range(1, 8):
        add_key(path, SECOND if n == 7 else b"secret %d" % n, "--pbkdf-force-iterations", "1000")
    must(CRYPTSETUP, "-q", "convert", "--type", "luks2", path)


volume("hash-in-capitals", lambda path: luks2(path, "--hash", "SHA256"))
volume("luks2-512", lambda path: luks2(path, "--key-size", 512))
for kib in 16, 32, 64, 128, 256, 512, 1024, 2048, 4096:
    volume(f"metadata-{kib}", metadata(kib))
    good(f"metadata-{kib}k", volume=f"metadata-{kib}")
    # The same volume after its first sector is lost: the second copy is at a different place each time.
    add(f"copies-first-sector-lost-{kib}k", lambda i: i.zero(0, 512), f"metadata-{kib}")
for n in range(32):
    volume(f"slot-{n}", lambda path, n=n: luks2(path, "--key-slot", n))
    good(f"slot-number-{n}", volume=f"slot-{n}")
volume("slots-32", slots_32)
good("32-slots-first", volume="slots-32")
good("32-slots-last", volume="slots-32", secret=SECOND)
good("converted", volume="converted")
volume("converted-8", converted_8_slots)
good("converted-slot-7", volume="converted-8", secret=SECOND)
good("tokens", volume="tokens")
good("tokens-second", volume="tokens", secret=SECOND)
volume("unbound", with_unbound)
good("unbound", volume="unbound")
add("slot-unbound-does-not-open", None, "unbound", SECOND)
volume("priorities", priorities)
good("priorities", volume="priorities")
good("priorities-second", volume="priorities", secret=SECOND)
good("priority-ignore-named", put("keyslots/0/priority", 0), "two", FIRST, ["--key-slot", "0"])
volume("labels", labelled)
good("labels", volume="labels")
good("label-full", field("label", b"\xff" * 47))
good("label-escapes", field("label", b"\x1b[2J\x9b1m\n\r"))
good("argon2id", volume="argon")
volume("argon2i-4-lanes", lambda path: luks2(path, kdf=argon2("argon2i", 4, 1024)))
good("argon2i-4-lanes", volume="argon2i-4-lanes")
good("luks1", volume="luks1")
good("luks1-second", volume="luks1", secret=SECOND)
good("luks1-essiv-sha1", volume="luks1-essiv")
good("luks1-plain-sha512", volume="luks1-plain")
good("luks1-hash-in-capitals", set1("hash", b"SHA256"), "luks1")
volume("luks1-512", lambda path: luks1(path, "--key-size", 512, megabytes=2))
good("luks1-512", volume="luks1-512")
for alg in "sha1", "sha512", "sha384", "sha224", "SHA256":
    good(f"checksum-{alg}", field("csum_alg", alg.encode()))
good("uuid-in-capitals", field("uuid", UUID.upper().encode()))
good("binary-padding-used", lambda i: [(i.data.__setitem__(i.at(w) + 4000, 1), i.seal(w)) for w in BOTH])
good("sequence-0", field("seqid", 0))
good("sequence-2-64-minus-1", field("seqid", MUCH))
good("json-pretty", lambda i: i.text(lambda t: json.dumps(json.loads(t), indent="\t").encode()))
good("json-ascii-escapes", lambda i: i.text(lambda t: t.replace(b'"luks2"', b'"\\u006cuks2"', 1)))
good("json-crlf", lambda i: i.text(lambda t: t.replace(b",", b",\r\n")))
good("json-full", lambda i: i.text(lambda t: t[:-1] + b" " * (HDR - BINARY_BYTES - 1 - len(t)) + b"}"))
good("json-depth-32", sub(b'"tokens":{}', b'"tokens":{"0":{"type":"x","keyslots":[],"a":' + b"[" * 29 + b"]" * 29 + b"}}"))
good("json-members-128", json_edit(lambda h: h["keyslots"]["0"]["af"].update({f"m{n}": 1 for n in range(125)})))
good("json-order-of-members", json_edit(lambda h: [h.__setitem__(k, h.pop(k)) for k in sorted(h, reverse=True)]))
good("json-unknown-section", json_edit(lambda h: h.update(future={"0": {"type": "x"}})))
good("flags-known", put("config/flags", ["allow-discards", "same-cpu-crypt", "submit-from-crypt-cpus", "no-read-workqueue",
                                         "no-write-workqueue", "high_priority"]))
good("flags-unknown", put("config/flags", ["allow-discards", "flag-of-2030", "no-journal"]))
good("requirements-empty", put("config/requirements", {"mandatory": []}))
good("requirements-without-mandatory", put("config/requirements", {"optional": ["x"]}))
good("segment-flag-unknown", put("segments/0/flags", ["flag-of-2030"]))
good("segment-size-fixed", put("segments/0/size", "4096"))
good("segment-size-to-the-end", put("segments/0/size", "65536"))
good("keyslot-of-other-type", json_edit(lambda h: h["keyslots"].update({"1": {
    "type": "other", "key_size": 1, "area": {"type": "x", "offset": str(A0 + AREA), "size": "4096"}}})))
good("kdf-with-more-members", put("keyslots/0/kdf/time", 4))
good("digest-of-20-bytes", volume="converted")
good("keyslots-area-smaller-than-the-gap", put("config/keyslots_size", str(2 * AREA)), "two")
good("hash-in-capitals", volume="hash-in-capitals")
good("keyslots-of-other-types", json_edit(lambda h: h["keyslots"].update({str(n): {
    "type": "x", "key_size": 1, "area": {"type": "x", "offset": str(A0 + AREA + 512 * n), "size": "512"}}
    for n in range(1, 32)})))
good("keyslot-names-in-any-order", json_edit(lambda h: h.update(keyslots=dict(reversed(h["keyslots"].items())))), "two")
good("wrong-secret", secret=b"not this one")
for number, at in enumerate(SECONDARY_OFFSETS):
    # A volume with its second copy there; then the first copy goes as a whole.
    add(f"copies-primary-zeroed-{at // 1024}k", lambda i, at=at: i.zero(0, at), f"metadata-{at // 1024}")
