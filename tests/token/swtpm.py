# SPDX-License-Identifier: MIT
"""A real software TPM, a little client of our own that enrols tokens with it, and a man in the middle.

    with Swtpm() as tpm:                 # the TPM of the samples; Swtpm(None) is a new one
        tpm.extend(7, "sha256", b"...")
        token, passphrase = tpm.enrol(pcrs=[7], pin=b"1234")

The numbers are those of TPM 2.0 Library, parts 2 and 3.
"""
import base64
import hashlib
import hmac
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
STATE = os.path.join(HERE, "samples", "swtpm-state")
BANKS = {"sha1": 4, "sha256": 11, "sha384": 12, "sha512": 13}
OWNER, LOCKOUT, PASSWORD = 0x40000001, 0x4000000A, 0x40000009
CREATE_PRIMARY, EVICT, DA_RESET, DA_PARAMETERS = 0x131, 0x120, 0x139, 0x13A
CREATE, IMPORT, LOAD, UNSEAL, FLUSH, AUTH_VALUE, START, CAPABILITY = 0x153, 0x156, 0x157, 0x15E, 0x165, 0x16B, 0x176, 0x17A
PCR_READ, POLICY_PCR, EXTEND, DIGEST = 0x17E, 0x17F, 0x182, 0x189
RETRY, LOCKED = 0x922, 0x921
STARTING = threading.Lock()  # one at a time: ports that are free are nobody else's yet


def sized(data=b""):
    return struct.pack(">H", len(data)) + data


def take(data, at=0):
    """A sized buffer at @at, and where it ends."""
    n = struct.unpack_from(">H", data, at)[0]
    return data[at + 2:at + 2 + n], at + 2 + n


def command(code, handles=(), parameters=b"", auths=0):
    """With so many empty passwords."""
    area = struct.pack(">I", 9 * auths) + struct.pack(">IHBH", PASSWORD, 0, 0, 0) * auths if auths else b""
    body = b"".join(struct.pack(">I", h) for h in handles) + area + parameters
    return struct.pack(">HII", 0x8002 if auths else 0x8001, 10 + len(body), code) + body


def receive(connection):
    """One answer or command, whole; b"" when the other side has gone."""
    data = b""
    while len(data) < 10 or len(data) < struct.unpack_from(">I", data, 2)[0]:
        more = connection.recv(4096)
        if not more:
            return b""
        data += more
    return data


def selection(bank, pcrs):
    mask = sum(1 << p for p in set(pcrs))
    return struct.pack(">IHB", 1, BANKS[bank], 3) + mask.to_bytes(3, "little")


def kdfa(key, label, u=b"", v=b"", bits=256):
    return hmac.digest(key, b"\0\0\0\1" + label + b"\0" + u + v + struct.pack(">I", bits), "sha256")[:bits // 8]


def name_of(public):
    return b"\0\x0b" + hashlib.sha256(public).digest()


class Refused(Exception):
    """The TPM answered with a code."""


class Swtpm:
    def __init__(self, state=STATE):
        self.folder = tempfile.mkdtemp(prefix="latchkey-tpm.")
        if state:
            shutil.copy(os.path.join(state, "tpm2-00.permall"), self.folder)
        self.process = None
        self.start()

    def start(self):
        """Another turn: what was measured is gone."""
        with STARTING:
            self.start_alone()

    def start_alone(self):
        for _ in range(20):
            self.port = self.free_ports()
            self.process = subprocess.Popen(
                ["swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + self.folder, "--server", f"type=tcp,port={self.port}",
                 "--ctrl", f"type=tcp,port={self.port + 1}", "--flags", "not-need-init,startup-clear"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while self.process.poll() is None:
                try:
                    self.connect().close()
                    return
                except ConnectionRefusedError:
                    time.sleep(0.02)
        raise Refused("swtpm does not start")

    @staticmethod
    def free_ports():
        """Two that follow one another, as tpm2-tss wants them."""
        while True:
            with socket.socket() as one, socket.socket() as two:
                one.bind(("127.0.0.1", 0))
                port = one.getsockname()[1]
                try:
                    two.bind(("127.0.0.1", port + 1))
                    return port
                except OSError:
                    continue

    def stop(self):
        try:
            self.call(command(0x145, (), b"\0\0"))  # Shutdown: an unclean end counts as a wrong PIN
        except (OSError, Refused):
            pass
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port))

    def call(self, data):
        """The answer behind its header."""
        with self.connect() as connection:
            for _ in range(50):
                connection.sendall(data)
                answer = receive(connection)
                code = struct.unpack_from(">I", answer, 6)[0]
                if code != RETRY:
                    break
        if code:
            raise Refused(f"command 0x{struct.unpack_from('>I', data, 6)[0]:x}: 0x{code:x}")
        return answer[10:]

    # --- what it is asked about, and told ---

    def extend(self, pcr, bank, digest):
        self.call(command(EXTEND, [pcr], struct.pack(">IH", 1, BANKS[bank]) + digest, 1))

    def pcr(self, bank, pcr):
        answer = self.call(command(PCR_READ, (), selection(bank, [pcr])))
        return take(answer, 4 + 10 + 4)[0]

    def capability(self, kind, first, count):
        return self.call(command(CAPABILITY, (), struct.pack(">III", kind, first, count)))[5:]

    def left_over(self):
        """Objects and sessions that somebody has not flushed."""
        handles = []
        for first in (0x80000000, 0x02000000):
            answer = self.capability(1, first, 32)
            handles += struct.unpack(">" + "I" * ((len(answer) - 4) // 4), answer[4:])
        return handles

    def failures(self):
        return struct.unpack(">III", self.capability(6, 0x20E, 1))[2]

    def allow(self, tries, interval=1000):
        """So many wrong PINs until it is locked, of which none was used."""
        self.call(command(DA_PARAMETERS, [LOCKOUT], struct.pack(">III", tries, interval, interval), 1))
        self.call(command(DA_RESET, [LOCKOUT], b"", 1))

    def flush(self, handle):
        self.call(command(FLUSH, [handle]))

    # --- enrolling ---

    def storage_key(self, kind="ecc", attributes=0x30472, handle=None):
        """Make the one of systemd's template, persistent if @handle says where. Returns handle and public area."""
        head = struct.pack(">HHI", 0x23 if kind == "ecc" else 1, 11, attributes) + sized() + struct.pack(">HHH", 6, 128, 0x43)
        tail = struct.pack(">HHHHH", 0x10, 3, 0x10, 0, 0) if kind == "ecc" else struct.pack(">HHIH", 0x10, 2048, 0, 0)
        parameters = sized(sized() + sized()) + sized(head + tail) + sized() + struct.pack(">I", 0)
        answer = self.call(command(CREATE_PRIMARY, [OWNER], parameters, 1))
        made, public = struct.unpack_from(">I", answer)[0], take(answer, 8)[0]
        if handle:
            try:
                self.call(command(EVICT, [OWNER, made], struct.pack(">I", handle), 1))
            finally:
                self.flush(made)
        return handle or made, public

    def policy(self, pcrs, bank, pin):
        digest = b"\0" * 32
        if pcrs:
            values = hashlib.sha256(b"".join(self.pcr(bank, p) for p in sorted(set(pcrs)))).digest()
            digest = hashlib.sha256(digest + struct.pack(">I", POLICY_PCR) + selection(bank, pcrs) + values).digest()
        if pin:
            digest = hashlib.sha256(digest + struct.pack(">I", AUTH_VALUE)).digest()
        return digest

    @staticmethod
    def auth_of(pin, salt):
        if pin and salt:
            pin = base64.b64encode(hashlib.pbkdf2_hmac("sha256", pin, salt, 10000, 32))
        return hashlib.sha256(pin).digest().rstrip(b"\0") if pin else b""

    def seal(self, parent, secret, policy, auth, attributes):
        public = struct.pack(">HHI", 8, 11, attributes) + sized(policy) + struct.pack(">HH", 0x10, 0)
        answer = self.call(command(CREATE, [parent], sized(sized(auth) + sized(secret)) + sized(public) + sized() +
                                   struct.pack(">I", 0), 1))
        private, at = take(answer, 4)
        return sized(private) + sized(take(answer, at)[0])

    @staticmethod
    def wrap(parent, secret, policy, auth):
        """What --tpm2-device-key= makes: sealed for the key @parent (its public area) by somebody without the TPM."""
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        seed_value, ours = os.urandom(32), ec.generate_private_key(ec.SECP256R1())
        public = struct.pack(">HHI", 8, 11, 0x400) + sized(policy) + struct.pack(">H", 0x10) + \
            sized(hashlib.sha256(seed_value + secret).digest())
        sensitive = sized(struct.pack(">H", 8) + sized(auth) + sized(seed_value) + sized(secret))
        x, at = take(parent, len(parent) - 68)
        y = take(parent, at)[0]
        theirs = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()).public_key()
        mine = ours.public_key().public_numbers()
        mx, my = mine.x.to_bytes(32, "big"), mine.y.to_bytes(32, "big")
        seed = hashlib.sha256(b"\0\0\0\1" + ours.exchange(ec.ECDH(), theirs) + b"DUPLICATE\0" + mx + x).digest()
        block = Cipher(algorithms.AES(kdfa(seed, b"STORAGE", name_of(public), bits=128)), modes.ECB()).encryptor()
        hidden, before = b"", b"\0" * 16
        for i in range(0, len(sensitive), 16):  # CFB
            before = bytes(a ^ b for a, b in zip(block.update(before), sensitive[i:i + 16]))
            hidden += before
        integrity = hmac.digest(kdfa(seed, b"INTEGRITY"), hidden + name_of(public), "sha256")
        return sized(sized(integrity) + hidden) + sized(public) + sized(sized(mx) + sized(my))

    def enrol(self, pcrs=(), bank="sha256", pin=None, salt=None, kind="ecc", srk=0x81000001, shares=1, wrapped=False, secret=None):
        """A token (a dict) as systemd-cryptenroll writes it, and its passphrase. @srk None: as before systemd 254."""
        public = None
        if srk is None:
            parent, public = self.storage_key(kind, 0x30072)
        else:
            try:
                parent, public = self.storage_key(kind, handle=srk)
            except Refused:  # it is there
                parent, public = srk, take(self.call(command(0x173, [srk])))[0]
        policy, auth = self.policy(pcrs, bank, pin), self.auth_of(pin, salt)
        secrets = [secret or os.urandom(32) for _ in range(shares)]
        blobs = [self.wrap(public, s, policy, auth) if wrapped else
                 self.seal(parent, s, policy, auth, 0x12 | (0 if pin else 0x400)) for s in secrets]
        blobs, hashes = [base64.b64encode(b).decode() for b in blobs], [policy.hex()] * shares
        token = {"type": "systemd-tpm2", "keyslots": ["1"], "tpm2-blob": blobs if shares > 1 else blobs[0], "tpm2-pcrs": list(pcrs),
                 "tpm2-primary-alg": kind, "tpm2-policy-hash": hashes if shares > 1 else hashes[0], "tpm2-pin": bool(pin)}
        if pcrs:
            token["tpm2-pcr-bank"] = bank
        if salt:
            token["tpm2_salt"] = base64.b64encode(salt).decode()
        if srk is None:
            self.flush(parent)
        else:
            area = struct.pack(">I", srk) + sized(name_of(public)) + struct.pack(">I", 1) + sized(public)
            token["tpm2_srk"] = base64.b64encode(area).decode()
        return token, base64.b64encode(b"".join(secrets))


class Between(threading.Thread):
    """Between program and TPM. @change(code, answer, sent) gives another answer, None for none at all; @sent lists the commands."""

    def __init__(self, tpm, change=lambda code, answer, sent: answer):
        super().__init__(daemon=True)
        self.tpm, self.change, self.sent, self.failure = tpm.connect(), change, [], None
        self.ours, self.theirs = socket.socketpair()
        self.start()

    def answer(self, data):
        self.tpm.sendall(data)
        return self.change(struct.unpack_from(">I", data, 6)[0], receive(self.tpm), self.sent)

    def run(self):
        try:
            while data := receive(self.ours):
                self.sent.append(data)
                answer = self.answer(data)
                if answer is not None:
                    self.ours.sendall(answer)
        except OSError:
            pass
        except Exception as e:  # close() says so
            self.failure = e
            self.ours.shutdown(socket.SHUT_RDWR)

    def codes(self):
        return [struct.unpack_from(">I", data, 6)[0] for data in self.sent]

    def close(self):
        self.theirs.close()
        self.join()
        self.ours.close()
        self.tpm.close()
        if self.failure:
            raise self.failure


def resized(answer):
    """With the size in its header that it has."""
    return answer[:2] + struct.pack(">I", len(answer)) + answer[6:]


def code_only(code):
    return struct.pack(">HII", 0x8001, 10, code)
