# SPDX-License-Identifier: MIT
"""Volumes in memory: made once by the installed cryptsetup, then changed byte by byte or through their JSON.

    image = base("two")
    image.json(lambda h: h["config"].update(flags=["x"]))       both copies, with new checksums
    image.text(lambda text: text.replace(b"0", b"1"), PRIMARY)  one copy, through the JSON text

luks2edit changes files. Here an image is about 600 KiB of memory, so that hundreds of them are cheap.
"""
import copy
import hashlib
import json
import os
import random
import sys
import threading

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "interop"))
from luks2edit import BINARY_BYTES, BOTH, FIELDS, MAGIC, PRIMARY, SECONDARY, SECONDARY_OFFSETS  # noqa: E402, F401
from volumes import CRYPTSETUP, O, PBKDF2, argon2, must  # noqa: E402

FIRST, SECOND = b"first secret", b"second secret"
HDR = 16384  # bytes of one copy in these volumes
AREA = 131072  # bytes of one keyslot area in these volumes
DATA = 2 * HDR + 4 * AREA  # where their data begins


class Image:
    def __init__(self, data):
        self.data = bytearray(data)
        at, size, _ = FIELDS["hdr_size"]
        self.hdr = int.from_bytes(data[at:at + size], "big")  # of one copy, as it was made

    def clone(self):
        return copy.deepcopy(self)

    # LUKS2: a copy is named by PRIMARY or SECONDARY.

    def at(self, which):
        return 0 if which == PRIMARY else self.hdr

    def get(self, which, name):
        offset, size, number = FIELDS[name]
        raw = bytes(self.data[self.at(which) + offset:self.at(which) + offset + size])
        return int.from_bytes(raw, "big") if number else raw

    def put(self, which, name, value):
        """One field of the binary part; the checksum stays as it was."""
        offset, size, number = FIELDS[name]
        raw = value.to_bytes(size, "big") if number else value.ljust(size, b"\0")
        assert len(raw) == size
        self.data[self.at(which) + offset:self.at(which) + offset + size] = raw

    def seal(self, *which):
        """Make the checksums right."""
        for name in which or BOTH:
            algorithm = self.get(name, "csum_alg").split(b"\0")[0].decode(errors="replace")
            self.put(name, "csum", b"")
            try:
                digest = hashlib.new(algorithm, self.copy_bytes(name)).digest()
            except ValueError:
                digest = hashlib.sha256(self.copy_bytes(name)).digest()
            self.put(name, "csum", digest[:64])

    def field(self, name, value, *which):
        for one in which or BOTH:
            self.put(one, name, value)
            self.seal(one)

    def copy_bytes(self, which):
        return bytes(self.data[self.at(which):self.at(which) + self.hdr])

    def area(self, which):
        """The JSON area, padding and all."""
        return self.copy_bytes(which)[BINARY_BYTES:]

    def put_area(self, which, area):
        assert len(area) == self.hdr - BINARY_BYTES, len(area)
        self.data[self.at(which) + BINARY_BYTES:self.at(which) + self.hdr] = area
        self.seal(which)

    def text(self, change, *which):
        for one in which or BOTH:
            text = change(self.area(one).split(b"\0", 1)[0])
            assert len(text) < self.hdr - BINARY_BYTES, len(text)
            self.put_area(one, text.ljust(self.hdr - BINARY_BYTES, b"\0"))

    def json(self, change, *which):
        def rewrite(text):
            header = json.loads(text)
            change(header)
            return json.dumps(header, separators=(",", ":"), allow_nan=True).encode("utf-8", "surrogatepass")

        self.text(rewrite, *which)

    def load(self, which=PRIMARY):
        return json.loads(self.area(which).split(b"\0", 1)[0])

    # Any image.

    def write_at(self, offset, data):
        self.data[offset:offset + len(data)] = data

    def zero(self, offset, size):
        self.write_at(offset, bytes(size))

    def save(self, path):
        with open(path, "wb") as f:
            f.write(self.data)


# --- around a text ---------------------------------------------------------------------------------------


def from_text(text):
    """Both copies and the keyslots area of a header that says @text; random bytes where keyslots have their keys."""
    header = json.loads(text)
    hdr = int(header["config"]["json_size"]) + BINARY_BYTES
    data = bytearray(2 * hdr + int(header["config"]["keyslots_size"]))
    at, size, _ = FIELDS["hdr_size"]
    data[at:at + size] = hdr.to_bytes(size, "big")
    image = Image(data)
    for which in BOTH:
        for name, value in (("magic", MAGIC[which]), ("version", 2), ("hdr_size", hdr), ("seqid", 7), ("csum_alg", b"sha256"),
                            ("uuid", b"6f3b1a52-9c1e-4c7e-8a7b-2d4f5e6a7b8c"), ("hdr_offset", image.at(which))):
            image.put(which, name, value)
        image.put_area(which, text.ljust(hdr - BINARY_BYTES, b"\0"))
    for slot in header["keyslots"].values():
        area = slot["area"]
        if area["type"] == "raw":
            image.write_at(int(area["offset"]), random.Random(area["offset"]).randbytes(int(area["size"])))
    return image


# --- what cryptsetup makes -------------------------------------------------------------------------------


def luks2(path, *options, kdf=PBKDF2, secret=FIRST):
    must("truncate", "-s", DATA + 65536, path)
    must(CRYPTSETUP, "-q", "luksFormat", "--type", "luks2", "--key-size", 256, "--luks2-metadata-size", "16k",
         "--luks2-keyslots-size", "512k", "--offset", DATA // 512, "--sector-size", 512, *kdf, *options, "--key-file", "-",
         path, stdin=secret)


def luks1(path, *options, megabytes=1, align=8):
    must("truncate", "-s", f"{megabytes * 1024 + 300}K", path)
    must(CRYPTSETUP, "-q", "luksFormat", "--type", "luks1", "--pbkdf-force-iterations", 1000, "--align-payload", align,
         *options, "--key-file", "-", path, stdin=FIRST)


def add_key(path, new, *options, known=FIRST):
    key = path + ".key"
    with open(key, "wb") as f:
        f.write(new)
    must(CRYPTSETUP, "-q", "luksAddKey", *options, "--key-file", "-", path, key, stdin=known)
    os.unlink(key)


def make_two(path):
    luks2(path)
    add_key(path, SECOND, *argon2())


def make_tokens(path):
    make_two(path)
    must(CRYPTSETUP, "token", "add", "--key-description", "some key", "--key-slot", 1, path)
    for number in range(2):
        must(CRYPTSETUP, "token", "import", "--json-file", "-", path,
             stdin=b'{"type":"x%d","keyslots":[],"any":{"n":-1.5e3,"list":[1,[2,[true,null]]]}}' % number)


def make_luks1(path):
    luks1(path, "--key-size", 256)
    add_key(path, SECOND, "--pbkdf-force-iterations", "1000")


def make_converted(path):
    luks1(path, "--key-size", 512, megabytes=3, align=4096)
    must(CRYPTSETUP, "-q", "convert", "--type", "luks2", path)


MAKERS = {
    "one": luks2,  # keyslot 0: PBKDF2
    "argon": lambda path: luks2(path, kdf=argon2()),  # keyslot 0: Argon2id
    "two": make_two,  # keyslot 0: PBKDF2, the first secret; 1: Argon2id, the second
    "tokens": make_tokens,
    "converted": make_converted,
    "luks1": make_luks1,  # keyslots 0 and 1
    "luks1-essiv": lambda path: luks1(path, "--cipher", "aes-cbc-essiv:sha256", "--hash", "sha1", "--key-size", 128),
    "luks1-plain": lambda path: luks1(path, "--cipher", "aes-cbc-plain", "--hash", "sha512", "--key-size", 256),
}
made = {}
lock = threading.Lock()


def base(name):
    """A fresh copy of one of these volumes."""
    with lock:
        if name not in made:
            folder = os.path.join(O, "images")
            os.makedirs(folder, exist_ok=True)
            path = os.path.join(folder, f"base-{os.getpid()}-{name}.img")
            MAKERS[name](path)
            with open(path, "rb") as f:
                made[name] = f.read()
            os.unlink(path)
        return Image(made[name])
