# SPDX-License-Identifier: MIT
"""Change LUKS2 headers as an attacker or an accident would, with new checksums.

    edit(path, lambda h: h["config"].update(flags=["allow-discards"]))      both copies, through the parsed JSON
    edit_text(path, lambda text: text.replace(b'"4000"', b"4000"))          both copies, through the JSON text
    set_field(path, SECONDARY, "seqid", 99)                                 one field of the binary part
    damage(path, PRIMARY)                                                   a wrong checksum

Only the requested parts change: salts, sequence numbers and the order of JSON members stay the same.
Offsets are those of the LUKS2 On-Disk Format Specification, 2.1.
"""
import hashlib
import json

PRIMARY, SECONDARY = "primary", "secondary"
BOTH = (PRIMARY, SECONDARY)
BINARY_BYTES = 4096
# name: (offset, bytes, is a number)
FIELDS = {
    "magic": (0, 6, False),
    "version": (6, 2, True),
    "hdr_size": (8, 8, True),
    "seqid": (16, 8, True),
    "label": (24, 48, False),
    "csum_alg": (72, 32, False),
    "salt": (104, 64, False),
    "uuid": (168, 40, False),
    "subsystem": (208, 48, False),
    "hdr_offset": (256, 8, True),
    "csum": (448, 64, False),
}
MAGIC = {PRIMARY: b"LUKS\xba\xbe", SECONDARY: b"SKUL\xba\xbe"}
SECONDARY_OFFSETS = [16384 << i for i in range(9)]


class Copy:
    """One copy of the header in memory; write() makes the checksum right and puts it back."""

    def __init__(self, path, which):
        self.path = path
        with open(path, "rb") as f:
            self.at = next(at for at in ([0] if which == PRIMARY else SECONDARY_OFFSETS) if read(f, at, 6) == MAGIC[which])
            self.data = bytearray(read(f, self.at, BINARY_BYTES))
            self.data += read(f, self.at + BINARY_BYTES, self.get("hdr_size") - BINARY_BYTES)

    def get(self, name):
        offset, size, number = FIELDS[name]
        raw = bytes(self.data[offset:offset + size])
        return int.from_bytes(raw, "big") if number else raw

    def set(self, name, value):
        offset, size, number = FIELDS[name]
        raw = value.to_bytes(size, "big") if number else value.ljust(size, b"\0")
        assert len(raw) == size
        self.data[offset:offset + size] = raw

    @property
    def text(self):
        """The JSON area up to its first NUL."""
        return bytes(self.data[BINARY_BYTES:]).split(b"\0", 1)[0]

    @text.setter
    def text(self, text):
        room = len(self.data) - BINARY_BYTES
        assert len(text) <= room
        self.data[BINARY_BYTES:] = text.ljust(room, b"\0")

    def write(self, checksum=True):
        if checksum:
            algorithm = self.get("csum_alg").rstrip(b"\0").decode()
            self.set("csum", b"")
            self.set("csum", hashlib.new(algorithm, self.data).digest())
        with open(self.path, "r+b") as f:
            f.seek(self.at)
            f.write(self.data)


def read(f, at, size):
    f.seek(at)
    return f.read(size)


def load(path, which=PRIMARY):
    """The parsed JSON of a copy."""
    return json.loads(Copy(path, which).text)


def edit_text(path, change, which=BOTH):
    """Put change(text) in the place of the JSON text."""
    for name in [which] if isinstance(which, str) else which:
        copy = Copy(path, name)
        copy.text = change(copy.text)
        copy.write()


def edit(path, change, which=BOTH):
    """change(header) alters the parsed JSON in place; what it returns does not matter."""

    def rewrite(text):
        header = json.loads(text)
        change(header)
        return json.dumps(header, separators=(",", ":")).encode()

    edit_text(path, rewrite, which)


def set_field(path, which, name, value, checksum=True):
    """One field of the binary part: an int, or bytes that are filled up with NULs."""
    copy = Copy(path, which)
    copy.set(name, value)
    copy.write(checksum and name != "csum")


def damage(path, which):
    """Change one letter of the JSON and leave the checksum as it was."""
    copy = Copy(path, which)
    copy.data[BINARY_BYTES + 2] ^= 0x20
    copy.write(checksum=False)


def overwrite(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)


def zero(path, at, size):
    overwrite(path, at, bytes(size))
