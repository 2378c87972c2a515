# SPDX-License-Identifier: MIT
"""clevis' tokens of our own making (RFC 7516, 7518): for what the real clevis does not write, and to know every secret."""
import base64
import hashlib
import json
import os

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CURVE = ec.SECP521R1()
# A prime of 256 bits: the order of P-256.
PRIME = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public(key, **other):
    numbers = key.public_numbers()
    return {"crv": "P-521", "kty": "EC", "x": b64(numbers.x.to_bytes(66, "big")), "y": b64(numbers.y.to_bytes(66, "big")), **other}


def point(jwk):
    return ec.EllipticCurvePublicNumbers(*(int.from_bytes(unb64(jwk[name]), "big") for name in "xy"), CURVE).public_key()


def thumbprint(jwk, name="sha256"):
    text = json.dumps({k: jwk[k] for k in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    return b64(hashlib.new(name, text.encode()).digest())


def keys_of(folder):
    """The public keys in a folder of tangd, that for exchanges last."""
    keys = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="ascii") as f:
            keys.append({k: v for k, v in json.load(f).items() if k != "d"})
    return sorted(keys, key=lambda k: k["alg"] == "ECMR")


def encrypt(header, key, plain):
    protected = b64(json.dumps(header).encode())
    iv = os.urandom(12)
    sealed = AESGCM(key).encrypt(iv, plain, protected.encode())
    return f"{protected}..{b64(iv)}.{b64(sealed[:-16])}.{b64(sealed[-16:])}"


def tang(url, keys, plain, hash_name="sha256", secrets=None, **header):
    """Bound to the last of @keys. @secrets, if given, gets what the program must not leave in memory."""
    ours, server = ec.generate_private_key(CURVE), keys[-1]
    z = ours.exchange(ec.ECDH(), point(server))
    key = hashlib.sha256(b"\0\0\0\1" + z + b"\0\0\0\7A256GCM" + bytes(8) + b"\0\0\1\0").digest()
    if secrets is not None:
        secrets.update({f"the shared point of {url}": z, f"the key of {url}": key, f"what {url} gives": plain})
    return encrypt({"alg": "ECDH-ES", "clevis": {"pin": "tang", "tang": {"adv": {"keys": keys}, "url": url}}, "enc": "A256GCM",
                    "epk": public(ours.public_key()), "kid": thumbprint(server, hash_name), **header}, key, plain)


def other(name, plain):
    """A pin that is not for us, whatever is in it."""
    return encrypt({"alg": "dir", "enc": "A256GCM", "clevis": {"pin": name, name: {}}}, os.urandom(32), plain)


def sss(threshold, pins, plain, secrets=None, prime=PRIME, shares=lambda x, y: x + y, **members):
    """@pins: functions from a share to a compact form."""
    factors = [int.from_bytes(os.urandom(32), "big") % prime for _ in range(threshold)]
    made = []
    for pin in pins:
        x = 1 + int.from_bytes(os.urandom(32), "big") % (prime - 1)
        y = sum(f * pow(x, n, prime) for n, f in enumerate(factors)) % prime
        made.append(pin(shares(x.to_bytes(32, "big"), y.to_bytes(32, "big"))))
    key = factors[0].to_bytes(32, "big")
    if secrets is not None:
        secrets.update({"the key of sss": key})
    return encrypt({"alg": "dir", "clevis": {"pin": "sss", "sss": {"jwe": made, "p": b64(prime.to_bytes(32, "big")), "t": threshold, **members}},
                    "enc": "A256GCM"}, key, plain)


def token(compact):
    protected, encrypted_key, iv, ciphertext, tag = compact.strip().split(".")
    return {"type": "clevis", "keyslots": ["1"], "jwe": {"ciphertext": ciphertext, "encrypted_key": encrypted_key, "iv": iv, "protected": protected, "tag": tag}}
