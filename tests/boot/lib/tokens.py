# SPDX-License-Identifier: MIT
"""
Tokens for guests: volumes with the samples of tests/token, fidostick.py behind QEMU's usb-redir, swtpm as QEMU's TPM, tangd on the
host's side of QEMU's network.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import vm
from vm import Failure, Skip

TESTS = os.path.join(vm.TOP, "tests", "token")
sys.path.append(TESTS)
import tang

SAMPLES = os.path.join(TESTS, "samples")
XHCI = ["-device", "qemu-xhci"]
HOST = "10.0.2.2"  # this machine, as QEMU's guests see it
NIC = ["-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n"]


class Stick:
    """One key: fidostick.py as QEMU's neighbour."""

    def __init__(self, key, *options, retries=8):
        self.folder = tempfile.mkdtemp(prefix="latchkey-key.")
        self.socket = os.path.join(self.folder, "usb")
        self.state = os.path.join(self.folder, "state.json")
        with open(os.path.join(SAMPLES, f"fidostick-key-{key}.json")) as f:
            state = json.load(f)
        state["retries"] = retries
        with open(self.state, "w") as f:
            json.dump(state, f)
        self.log = open(os.path.join(self.folder, "log"), "w+")
        self.process = subprocess.Popen([sys.executable, os.path.join(TESTS, "fidostick.py"), self.socket, self.state, *options],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        until = time.monotonic() + 20
        while not os.path.exists(self.socket):
            if time.monotonic() > until or self.process.poll() is not None:
                raise Failure(f"fidostick does not start: {self.said()}")
            time.sleep(0.05)

    def said(self):
        self.log.flush()
        with open(self.log.name) as f:
            return f.read()

    def retries(self):
        with open(self.state) as f:
            return json.load(f)["retries"]

    def pull(self):
        self.process.terminate()
        self.process.wait()

    def close(self):
        self.pull()
        self.log.close()
        shutil.rmtree(self.folder)

    def args(self, name="k"):
        return ["-chardev", f"socket,id={name},path={self.socket}", "-device", f"usb-redir,chardev={name}"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Tpm:
    """swtpm as QEMU's TPM, with a copy of the samples' state."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="latchkey-tpm.")
        shutil.copy(os.path.join(SAMPLES, "swtpm-state", "tpm2-00.permall"), self.folder)
        self.socket = os.path.join(self.folder, "socket")
        self.process = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + self.folder,
                                         "--ctrl", "type=unixio,path=" + self.socket], stdin=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not os.path.exists(self.socket):
            if time.monotonic() > until or self.process.poll() is not None:
                raise Failure("swtpm does not start")
            time.sleep(0.05)

    def args(self, kind):
        return ["-chardev", f"socket,id=t,path={self.socket}", "-tpmdev", "emulator,id=t0,chardev=t", "-device", f"{kind},tpmdev=t0"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


class Tang:
    """A tangd with keys of its own. Its port stays the same: a guest's token names it before it listens."""

    def __init__(self):
        for tool in ("clevis", "curl", "jose", tang.TANGD):
            if not shutil.which(tool):
                raise Skip(f"{tool} is not installed (toolchain/setup check installs it)")
        self.folder = tempfile.mkdtemp(prefix="latchkey-tang.")
        tang.keygen(self.folder)
        probe = tang.Server(None)
        self.port = probe.port
        probe.close()
        self.server = None

    def start(self):
        self.server = tang.Server(tang.tangd(self.folder), port=self.port)
        return self

    def close(self):
        if self.server:
            self.server.close()
        shutil.rmtree(self.folder)

    def adv(self):
        server = tang.Server(tang.tangd(self.folder))
        try:
            return json.loads(vm.run("curl", "-sf", server.url + "/adv"))
        finally:
            server.close()

    def pin(self):
        """What clevis is to bind to: the guest's name of it, and its keys, since this machine cannot reach that name."""
        return {"url": f"http://{HOST}:{self.port}", "adv": self.adv()}


def sample(name, ending):
    with open(os.path.join(SAMPLES, f"{name}.{ending}"), encoding="ascii") as f:
        return f.read()


def add_token(disk, number, token, secret, passphrase, work):
    """Give the volume the keyslot @number, which @secret opens, and a token for it. @work: a folder for files."""
    names = [os.path.join(work, name) for name in ("passphrase", "secret", "token.json")]
    for name, content in zip(names, (passphrase, secret, json.dumps({**token, "keyslots": [str(number)]}).encode())):
        with open(name, "wb") as f:
            f.write(content)
    vm.run("cryptsetup", "luksAddKey", "-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--key-slot", str(number),
           "--key-file", names[0], disk, names[1])
    vm.run("cryptsetup", "token", "import", "--json-file", names[2], disk)
    for name in names:
        os.unlink(name)
