#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure time and memory of `latchkey check` on expensive headers: 4 MiB per copy, filled with the worst of each kind.

Limits: 100 ms and 16 MiB. Prints the fastest of RUNS (7) runs of each, and the worst of all. This is a benchmark, not a test.
For the last rows, there are SECONDARY copies at all nine places.
"""
import os
import sys

sys.dont_write_bytecode = True
import defects  # noqa: F401 - its volumes
from image import BINARY_BYTES, BOTH, O, PRIMARY, SECONDARY, SECONDARY_OFFSETS, base
from volumes import CRYPTSETUP, LATCHKEY, lacking, must

FOLDER = os.path.join(O, "images")
MEASURE = os.path.join(FOLDER, "measure")
RUNS = int(os.environ.get("RUNS", "7"))
ROOM = (4 << 20) - BINARY_BYTES - 1
TOKENS = b'"tokens":{'


def token(value):
    """The good header with one token more, whose member has that value."""
    return lambda text: text.replace(TOKENS, TOKENS + b'"0":{"type":"x","keyslots":[],"a":' + value(ROOM - len(text) - 60) + b"}", 1)


def objects(room):
    """As many values and names as are allowed, names as long as they may be and alike to their last byte."""
    def inner(n):
        return b"{" + b",".join(b'"%s%03d":0' % (b"n" * 125, i) for i in range(n)) + b"}"

    return b"[" + b",".join([inner(128)] * 126)[:room - 2] + b"]"


KINDS = {
    "as cryptsetup makes it": None,
    "zeroes in an array": token(lambda n: b"[" + b"0," * (n // 2 - 2) + b"0]"),
    "empty arrays": token(lambda n: b"[" + b"[]," * (n // 3 - 2) + b"[]]"),
    "brackets": lambda text: b"{" + b'"a":[' * (ROOM // 5 - 2),
    "all values allowed, in objects of 128 long names": token(objects),
    "16,000 empty strings": token(lambda n: b"[" + b'"",' * 15999 + b'""]'),
    "one long string": token(lambda n: b'"' + b"x" * (n - 2) + b'"'),
    "one long string of escapes": token(lambda n: b'"' + b"\\u0041" * (n // 6 - 2) + b'"'),
    "one long string of line feeds": token(lambda n: b'"' + b"\\n" * (n // 2 - 2) + b'"'),
    "blanks": token(lambda n: b" " * (n - 2) + b"0"),
    "blanks, then no JSON": lambda text: b"{" + b" " * (ROOM - 2) + b"x",
    "one long number": token(lambda n: b"9" * n),
    "a string without end": lambda text: b'{"' + b"x" * (ROOM - 3),
}


def hostile(kind, algorithm=b"sha256"):
    image = base("metadata-4096")
    for which in BOTH:
        image.put(which, "csum_alg", algorithm)
    if KINDS[kind]:
        image.text(KINDS[kind])
    else:
        image.seal()
    return image


def nine_copies(algorithm, right):
    """No primary, and at each of the nine places a copy that must be hashed; right sums, wrong JSON, or wrong sums."""
    image = base("metadata-4096")
    image.put(PRIMARY, "csum_alg", algorithm)
    image.text(lambda text: text[:-1], PRIMARY)
    if not right:
        image.put(PRIMARY, "csum", b"")
    for at in SECONDARY_OFFSETS:
        image.hdr = at
        image.data[at:at + 4096] = base("metadata-4096").copy_bytes(SECONDARY)[:4096]
        for name, value in ("csum_alg", algorithm), ("hdr_size", at), ("hdr_offset", at):
            image.put(SECONDARY, name, value)
        image.put(SECONDARY, "csum", b"")
    return image


def measure(image):
    path = os.path.join(FOLDER, f"hostile-{os.getpid()}.img")
    image.save(path)
    runs = [must(MEASURE, LATCHKEY, "check", path).split() for _ in range(RUNS)]
    os.unlink(path)
    return min(float(r[0]) for r in runs), min(float(r[1]) for r in runs), max(int(r[2]) for r in runs), runs[0][3]


def main():
    reason = lacking(LATCHKEY, CRYPTSETUP, "cc")
    if reason:
        print(reason)
        return 1
    os.makedirs(FOLDER, exist_ok=True)
    must("cc", "-O1", "-o", MEASURE, os.path.join(os.path.dirname(os.path.abspath(__file__)), "measure.c"))
    rows = [(kind, lambda kind=kind: hostile(kind)) for kind in KINDS]
    rows += [(f"one long string, checksum {a.decode()}", lambda a=a: hostile("one long string", a))
             for a in (b"sha1", b"sha384", b"sha512")]
    rows += [(f"wrong sums in ten copies, {a.decode()}", lambda a=a: nine_copies(a, False)) for a in (b"sha256", b"sha1", b"sha512")]
    print(f"{'4 MiB a copy':<52} {'ms':>8} {'cpu ms':>8} {'MiB':>6}  status")
    slowest, largest = (0, ""), (0, "")
    for name, make in rows:
        wall, cpu, kib, status = measure(make())
        slowest, largest = max(slowest, (cpu, name)), max(largest, (kib, name))
        over = " over 100 ms" * (cpu > 100) + " over 16 MiB" * (kib > 16384)
        print(f"{name:<52} {wall:8.1f} {cpu:8.1f} {kib / 1024:6.1f}  {status}{over}", flush=True)
    print(f"worst: {slowest[0]:.1f} ms of processor time ({slowest[1]}), {largest[0] / 1024:.1f} MiB ({largest[1]})")
    os.unlink(MEASURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
