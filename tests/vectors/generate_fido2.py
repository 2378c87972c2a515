#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/vectors/generated_fido2.h: whole conversations with a security key, for tests/unit/test_fido2_run.

The requests are written here a second time, by another implementation (python3-cryptography, and the CBOR of
tests/token/fidostick.py); the answers are fidostick's, with the key material of the samples. All that is random on
our side is drawn from unit_fill with the seed of the conversation, in the order in which the program draws it.
"""
import json
import os
import sys
import tempfile
import base64

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "token"))
import fidostick
import rig
from fidostick import enc, dec
from cryptography.hazmat.primitives.asymmetric import ec


class Random:
    """unit_fill, a call after the other."""

    def __init__(self, seed):
        self.seed = seed

    def __call__(self, n):
        out = bytearray()
        seed = self.seed
        for _ in range(n):
            seed = (seed * 1103515245 + 12345) & 0xFFFFFFFF
            out.append(seed >> 16 & 0xFF)
        self.seed += 1
        return bytes(out)


def cose(key):
    p = key.public_key().public_numbers()
    return {1: 2, 3: -25, -1: 1, -2: p.x.to_bytes(32, "big"), -3: p.y.to_bytes(32, "big")}


class Client:
    def __init__(self, auth, seed, protocol):
        self.auth, self.random, self.protocol = auth, Random(seed), protocol
        self.exchanges = []
        self.random(8)  # the nonce of INIT

    def call(self, command, parameters=None):
        request = bytes([command]) + (enc(parameters) if parameters else b"")
        answer = self.auth.command(request, lambda seconds: True)
        self.exchanges.append((request, answer))
        return dec(answer[1:])[0] if len(answer) > 1 else {}

    def agree(self):
        peer = self.call(6, {1: self.protocol, 2: 2})[1]
        self.key = ec.derive_private_key(int.from_bytes(self.random(32), "big"), ec.SECP256R1())
        numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(peer[-2], "big"), int.from_bytes(peer[-3], "big"), ec.SECP256R1())
        z = self.key.exchange(ec.ECDH(), numbers.public_key())
        self.shared = (fidostick.Proto1 if self.protocol == 1 else fidostick.Proto2)(z)

    def seal(self, data):
        iv = self.random(16)
        if self.protocol == 1:
            return self.shared.encrypt(data)
        return iv + fidostick.aes(self.shared.key, iv, data, True)

    def open(self, token, pin):
        self.call(4)
        rp, credential = token["fido2-rp"], base64.b64decode(token["fido2-credential"])
        which = {1: rp, 2: bytes(32), 3: [{"id": credential, "type": "public-key"}]}
        self.call(2, {**which, 5: {"up": False}})
        if pin:
            self.call(6, {1: self.protocol, 2: 1})
        self.agree()
        proof = {}
        if pin:
            sealed = self.seal(fidostick.hashlib.sha256(pin).digest()[:16])
            answer = self.call(6, {1: self.protocol, 2: 9, 3: cose(self.key), 6: sealed, 9: 2, 10: rp})
            proof = {6: self.shared.sign(bytes(32), self.shared.decrypt(answer[2])), 7: self.protocol}
        sealed = self.seal(base64.b64decode(token["fido2-salt"]))
        secret = {1: cose(self.key), 2: sealed, 3: self.shared.sign(sealed), **({4: 2} if self.protocol == 2 else {})}
        answer = self.call(2, {**which, 4: {"hmac-secret": secret}, 5: {"up": token["fido2-up-required"]}, **proof})
        return self.shared.decrypt(dec(answer[2][37:])[0]["hmac-secret"])


def quoted(data):
    return '"' + data.hex() + '"'


def conversation(name, key, pin, protocol, seed):
    text, passphrase = rig.sample(name)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "state.json")
        with open(os.path.join(rig.SAMPLES, f"fidostick-key-{key}.json")) as f:
            state = json.load(f)
        state["retries"] = 8
        with open(path, "w") as f:
            json.dump(state, f)
        auth = fidostick.Authenticator(rig.Options(path, protocols=[protocol], no_touch=True, allow_silent=True))
        client = Client(auth, seed, protocol)
        assert base64.b64encode(client.open(json.loads(text), pin)) == passphrase
    rows = "".join(f"\t\t\t{{{quoted(q)},\n\t\t\t\t{quoted(a)}}},\n" for q, a in client.exchanges)
    return (f'\t{{"{name}, protocol {protocol}", {json.dumps(text.strip())},\n\t\t"{passphrase.decode()}", {seed}, {len(client.exchanges)},\n'
            f"\t\t{{\n{rows}\t\t}}}},\n")


def main():
    fidostick.say = lambda *words: None
    samples = [("nopin", "nopin", None), ("silent", "nopin", None), ("pin", "pin1234", b"1234"), ("nopin-on-key-with-pin", "pin1234", None)]
    rows = [conversation(*sample, protocol, 1000 * (2 * i + protocol))
            for i, sample in enumerate(samples) for protocol in (1, 2)]
    print("/* SPDX-License-Identifier: MIT */\n/* Made by tests/vectors/generate_fido2.py; not to be edited. */\n"
          "static const struct conversation generated_fido2[] = {\n" + "".join(rows) + "};")


main()
