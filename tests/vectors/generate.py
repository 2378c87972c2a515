#!/usr/bin/env python3
"""Write the generated_*.h of this folder: expected values for the unit tests, from other implementations.

    PBKDF2   Python's hashlib
    Argon2   OpenSSL (not phc-winner-argon2), through the package `cryptography` from version 48 on
    AES-XTS  AES-ECB of OpenSSL, through the same package; XTS written here from IEEE 1619
    AES-CBC  OpenSSL, through the same package; the IVs written here from dm-crypt's documentation
    AF       written here from the LUKS1 specification (2.4), on hashlib

Needed only to add values; the tests use the files in the repository. The tables do not contain the inputs: these are the
bytes of fill() below, which is also in tests/unit/unit.h.
"""
import hashlib
import os

from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.argon2 import Argon2i, Argon2id

HERE = os.path.dirname(os.path.abspath(__file__))
HASHES = ["sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "sha3_224", "sha3_256", "sha3_384", "sha3_512"]
SEED_PASSWORD, SEED_SALT, SEED_KEY, SEED_DATA = 1, 2, 3, 4


def fill(seed, length):
    """Bytes that look random: a linear congruential generator, bits 16 to 23 of each state."""
    out = bytearray()
    for _ in range(length):
        seed = (seed * 1103515245 + 12345) & 0xFFFFFFFF
        out.append(seed >> 16 & 0xFF)
    return bytes(out)


def write(name, source, struct, rows):
    with open(os.path.join(HERE, name), "w", encoding="ascii") as file:
        file.write("/* SPDX-License-Identifier: MIT */\n")
        file.write(f"/* Written by tests/vectors/generate.py; do not edit. Source: {source}. */\n")
        file.write("/* clang-format off */\n")
        file.write(f"static const struct {struct}[] = {{\n")
        for row in rows:
            file.write("\t{" + ", ".join(row) + "},\n")
        file.write("};\n")


def quoted(data):
    return f'"{data.hex()}"'


def enum_of(name):
    return "HASH_BLAKE2B_512" if name == "blake2b" else f"HASH_{name.upper()}"


def pbkdf2():
    def row(name, password, salt, iterations, length):
        value = hashlib.pbkdf2_hmac(name, fill(SEED_PASSWORD, password), fill(SEED_SALT, salt), iterations, length)
        return [enum_of(name), str(password), str(salt), str(iterations), quoted(value)]

    # Around the block of each HMAC (64 and 128 bytes), the longest passphrase, several blocks of output.
    shapes = [(0, 32, 3, 64), (1, 32, 1, 64), (8, 32, 2, 64), (63, 8, 3, 20), (64, 16, 3, 64), (65, 16, 3, 64)]
    shapes += [(127, 64, 2, 32), (128, 64, 2, 48), (129, 64, 2, 64), (512, 32, 1000, 64), (20, 32, 1000, 1)]
    shapes += [(20, 32, 5, 63), (20, 32, 5, 65), (20, 32, 4, 200)]
    return [row(name, *shape) for name in HASHES for shape in shapes]


def argon2():
    def row(kind, password, salt, passes, memory, lanes, length):
        make = {"KDF_ARGON2I": Argon2i, "KDF_ARGON2ID": Argon2id}[kind]
        kdf = make(salt=fill(SEED_SALT, salt), length=length, iterations=passes, lanes=lanes, memory_cost=memory)
        value = kdf.derive(fill(SEED_PASSWORD, password))
        return [kind, str(password), str(salt), str(passes), str(memory), str(lanes), quoted(value)]

    shapes = [(8, 32, 1, 8, 1, 64), (8, 32, 1, 9, 1, 64), (8, 32, 2, 31, 1, 32), (1, 8, 3, 64, 1, 16)]
    shapes += [(512, 64, 4, 100, 1, 64), (20, 32, 2, 16, 2, 64), (20, 32, 3, 67, 2, 64), (20, 32, 2, 24, 3, 48)]
    shapes += [(20, 32, 1, 1001, 3, 64), (20, 32, 4, 32, 4, 64), (20, 32, 2, 33, 4, 32), (20, 32, 1, 1023, 4, 64)]
    shapes += [(0, 32, 2, 32, 1, 32), (20, 32, 2, 96, 6, 64)]
    return [row(kind, *shape) for kind in ("KDF_ARGON2I", "KDF_ARGON2ID") for shape in shapes]


def xts_tweaks(tweak_key, sector):
    """The tweak of each block of a 512-byte data unit: an integer, doubled in GF(2^128) from block to block."""
    ecb = Cipher(algorithms.AES(tweak_key), modes.ECB()).encryptor()
    t = int.from_bytes(ecb.update(sector.to_bytes(16, "little")), "little")
    for _ in range(32):
        yield t.to_bytes(16, "little")
        t <<= 1
        if t >> 128:
            t ^= (1 << 128) | 0x87


def xts_decrypt(key, data):
    data_key, tweak_key = key[: len(key) // 2], key[len(key) // 2 :]
    ecb = Cipher(algorithms.AES(data_key), modes.ECB()).decryptor()
    out = bytearray()
    for sector in range(len(data) // 512):
        for i, t in enumerate(xts_tweaks(tweak_key, sector)):
            at = sector * 512 + i * 16
            block = bytes(a ^ b for a, b in zip(data[at : at + 16], t))
            out += bytes(a ^ b for a, b in zip(ecb.update(block), t))
    return bytes(out)


def xts():
    for key_bytes in (32, 48, 64):
        plain = xts_decrypt(fill(SEED_KEY, key_bytes), fill(SEED_DATA, 500 * 512))
        starts = [quoted(plain[512 * n : 512 * n + 16]) for n in (0, 1, 255, 256, 499)]
        yield [str(key_bytes), "{" + ", ".join(starts) + "}", quoted(hashlib.sha256(plain).digest())]


def cbc_iv(key, sector, essiv):
    plain = sector.to_bytes(16, "little")
    if not essiv:
        return plain
    return Cipher(algorithms.AES(hashlib.sha256(key).digest()), modes.ECB()).encryptor().update(plain)


def cbc():
    for essiv, cipher in ((False, "CIPHER_AES_CBC_PLAIN64"), (True, "CIPHER_AES_CBC_ESSIV_SHA256")):
        for key_bytes in (16, 24, 32):
            key, data, plain = fill(SEED_KEY, key_bytes), fill(SEED_DATA, 500 * 512), bytearray()
            for n in range(500):
                mode = modes.CBC(cbc_iv(key, n, essiv))
                plain += Cipher(algorithms.AES(key), mode).decryptor().update(data[512 * n : 512 * n + 512])
            starts = [quoted(plain[512 * n : 512 * n + 16]) for n in (0, 1, 255, 256, 499)]
            yield [cipher, str(key_bytes), "{" + ", ".join(starts) + "}", quoted(hashlib.sha256(plain).digest())]


def af_merge(name, split, key_bytes):
    size = hashlib.new(name).digest_size
    d = bytes(key_bytes)
    for stripe in range(4000):
        part = split[stripe * key_bytes : (stripe + 1) * key_bytes]
        d = bytes(a ^ b for a, b in zip(d, part))
        if stripe == 3999:
            return d
        pieces = [d[at : at + size] for at in range(0, key_bytes, size)]
        d = b"".join(
            hashlib.new(name, n.to_bytes(4, "big") + piece).digest()[: len(piece)] for n, piece in enumerate(pieces)
        )


def af():
    for name in HASHES:
        for key_bytes in (16, 20, 24, 32, 48, 64):
            key = af_merge(name, fill(SEED_DATA, key_bytes * 4000), key_bytes)
            yield [enum_of(name), str(key_bytes), quoted(key)]


def main():
    openssl = backend.openssl_version_text().split(" ")[:2]
    openssl = " ".join(openssl)
    write("generated_pbkdf2.h", "hashlib.pbkdf2_hmac", "pbkdf2_shape generated_pbkdf2", pbkdf2())
    write("generated_argon2.h", openssl, "argon2_shape generated_argon2", argon2())
    write("generated_xts.h", f"AES of {openssl}, XTS of the script", "xts_shape generated_xts", xts())
    write("generated_cbc.h", f"{openssl}, IVs of the script", "cbc_shape generated_cbc", cbc())
    write("generated_af.h", "the script, on hashlib", "af_shape generated_af", af())


if __name__ == "__main__":
    main()
