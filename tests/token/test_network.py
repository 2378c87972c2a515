#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program `network` in a network namespace of its own, with DHCP servers at the other ends of its interfaces.

tests/boot/test_clevis.py has it in guests, from power-on to an open root. Arguments choose cases by a part of the name.
"""
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from volumes import O, lacking, suite

PROGRAM = os.path.abspath(os.environ.get("NETWORK", os.path.join(O, os.environ.get("TARGET", "x86_64-linux-musl"), "network")))
DISCOVER, OFFER, REQUEST, ACK, NAK = 1, 2, 3, 5, 6
LIMIT = 20  # seconds for what must happen
RIGHTS = 1 << 10 | 1 << 12 | 1 << 13  # CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW
# What it may change is in file systems of its own, which are gone with it. It starts when a line was read.
START = """for folder in /etc /run /dev; do mount -t tmpfs tmpfs $folder; done; : >/dev/kmsg; mkdir /run/me
read -r _; exec "$@" """


class Wrong(Exception):
    pass


def run(*words):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout


def until(what, ask):
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        value = ask()
        if value:
            return value
        time.sleep(0.05)
    raise Wrong("it did not happen: " + what)


class Server:
    """A DHCP server on one interface, which is asked and answers by the test."""

    def __init__(self, interface):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        self.socket.bind(("", 67))
        self.socket.settimeout(LIMIT)
        self.sources = []

    def hear(self, *kinds):
        """The next message of one of these kinds."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            try:
                message, source = self.socket.recvfrom(2000)
                self.sources.append(source)
            except socket.timeout:
                break
            if message[242] in kinds:
                return message
        raise Wrong(f"no message of kind {kinds}")

    def answer(self, message, kind, address, lease_s=3600):
        options = b"\x35\x01" + bytes([kind]) + b"\x36\x04\x0a\x09\x00\x01\x01\x04\xff\xff\xff\x00\x06\x04\x0a\x09\x00\x35\x33\x04" + struct.pack(">I", lease_s)
        fixed = b"\x02\x01\x06\x00" + message[4:8] + bytes(8) + socket.inet_aton(address) + bytes(8) + message[28:34]
        self.socket.sendto(fixed.ljust(236, b"\0") + b"\x63\x82\x53\x63" + options + b"\xff", ("255.255.255.255", 68))

    def lend(self, address, lease_s=3600):
        self.answer(self.request(address), ACK, address, lease_s)

    def request(self, address):
        """Offers the address until it is asked for: a card that has just come up loses what is sent to it."""
        while True:
            message = self.hear(DISCOVER, REQUEST)
            if message[242] == REQUEST:
                return message
            self.answer(message, OFFER, address)


class Machine:
    """The program with interfaces c0, c1, ..., whose other ends are s0, s1, ... here."""

    def __init__(self, cards=1, cmdline="quiet"):
        self.process = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-ec", START, "sh", PROGRAM, cmdline], stdin=subprocess.PIPE)
        until("namespaces", lambda: os.path.exists(self.path("/run/me")))
        self.cards = []
        self.servers = [self.plug(i) for i in range(cards)]

    def path(self, path):
        return f"/proc/{self.process.pid}/root{path}"

    def inside(self, *words):
        return run("nsenter", "-t", str(self.process.pid), "-n", *words)

    def plug(self, i):
        run("ip", "link", "add", f"s{i}", "type", "veth", "peer", "name", f"c{i}", "netns", str(self.process.pid))
        self.cards.append(i)
        run("ip", "address", "add", f"10.{9 + i}.0.1/24", "dev", f"s{i}")
        run("ip", "link", "set", f"s{i}", "up")
        return Server(f"s{i}")

    def unplug(self, i):
        run("ip", "link", "delete", f"s{i}")
        self.cards.remove(i)

    def start(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return self

    def addresses(self, card="c0"):
        return re.findall(r"inet (\S+)/", self.inside("ip", "-4", "address", "show", "dev", card))

    def is_up(self, card="c0"):
        return bool(re.search("[<,]UP[,>]", self.inside("ip", "link", "show", "dev", card)))

    def has(self, *addresses, card="c0"):
        until(f"{card} has {addresses}", lambda: self.addresses(card) == list(addresses))

    def said(self):
        with open(self.path("/dev/kmsg"), encoding="ascii") as f:
            return f.read()

    def write(self, path, text=""):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w", encoding="ascii") as f:
            f.write(text)

    def end(self):
        """SIGTERM, with namespaces that outlive the program."""
        with subprocess.Popen(["nsenter", "-t", str(self.process.pid), "-n", "-m", "-r", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as keeper:
            keeper.stdout.readline()
            self.process.terminate()
            status = self.process.wait(LIMIT)
            self.process.pid = keeper.pid
            what = (status, {f"c{i}": (self.is_up(f"c{i}"), self.addresses(f"c{i}")) for i in self.cards}, os.path.exists(self.path("/etc/resolv.conf")))
            keeper.stdin.close()
        return what

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()
        for i in self.cards:
            subprocess.run(["ip", "link", "delete", f"s{i}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def expect(got, wanted):
    if got != wanted:
        raise Wrong(f"{got} in place of {wanted}")


def rights():
    with Machine().start() as machine:
        machine.servers[0].hear(DISCOVER)
        with open(f"/proc/{machine.process.pid}/status", encoding="ascii") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        expect((status["Uid"], status["Gid"], status["Groups"].strip()), ("\t".join(["65534"] * 4), "\t".join(["65534"] * 4), ""))
        for kind in ("CapEff", "CapPrm"):
            expect(int(status[kind], 16), RIGHTS)
        expect((int(status["CapInh"], 16), int(status["CapAmb"], 16), status["NoNewPrivs"]), (0, 0, "1"))


def all_is_taken_back():
    with Machine().start() as machine:
        machine.servers[0].lend("10.9.0.50")
        machine.has("10.9.0.50")
        until("resolv.conf", lambda: os.path.exists(machine.path("/etc/resolv.conf")))
        with open(machine.path("/etc/resolv.conf"), encoding="ascii") as f:
            expect(f.read(), "nameserver 10.9.0.53\n")
        expect(machine.end(), (0, {"c0": (False, [])}, False))


def source():
    with Machine(2).start() as machine:
        machine.servers[0].lend("10.9.0.50")
        machine.has("10.9.0.50")
        machine.servers[1].lend("10.10.0.50")
        machine.has("10.10.0.50", card="c1")
        expect(set(machine.servers[1].sources), {("0.0.0.0", 68)})


def resolv_conf_stays():
    with Machine() as machine:
        machine.write("/etc/resolv.conf", "# the image's\n")
        machine.start().servers[0].lend("10.9.0.50")
        machine.has("10.9.0.50")
        with open(machine.path("/etc/resolv.conf"), encoding="ascii") as f:
            expect(f.read(), "# the image's\n")
        expect(machine.end()[2], True)


def second_address():
    with Machine().start() as machine:
        machine.servers[0].lend("10.9.0.50")
        machine.has("10.9.0.50")
        machine.inside("ip", "address", "add", "10.9.0.77/24", "dev", "c0")
        expect(machine.end(), (0, {"c0": (True, ["10.9.0.50", "10.9.0.77"])}, False))


def file_of_an_interface(path):
    with Machine(2).start() as machine:
        machine.servers[0].lend("10.9.0.50")
        machine.servers[1].lend("10.10.0.50")
        machine.has("10.9.0.50")
        machine.has("10.10.0.50", card="c1")
        machine.write(path)
        expect(machine.end(), (0, {"c0": (True, ["10.9.0.50"]), "c1": (False, [])}, False))


def manager(path):
    with Machine() as machine:
        machine.write(path)
        machine.start()
        time.sleep(2)  # four of its looks
        expect(machine.is_up(), False)
        shutil.rmtree(machine.path("/".join(path.split("/")[:3])))
        machine.servers[0].lend("10.9.0.50")
        machine.has("10.9.0.50")


def refused():
    with Machine().start() as machine:
        server = machine.servers[0]
        server.answer(server.request("10.9.0.50"), NAK, "0.0.0.0")
        server.lend("10.9.0.51")
        machine.has("10.9.0.51")


def renewal():
    with Machine().start() as machine:
        machine.servers[0].lend("10.9.0.50", lease_s=4)
        machine.has("10.9.0.50")
        machine.servers[0].lend("10.9.0.50", lease_s=4)
        machine.servers[0].lend("10.9.0.60")
        machine.has("10.9.0.60")


def two_cards():
    with Machine(2).start() as machine:
        machine.servers[1].lend("10.10.0.50")
        machine.servers[0].lend("10.9.0.50")
        machine.has("10.9.0.50")
        machine.has("10.10.0.50", card="c1")
        expect(machine.end()[1], {"c0": (False, []), "c1": (False, [])})


def nine_cards_in_turn():
    with Machine(0).start() as machine:
        for i in range(10):
            machine.plug(i).hear(DISCOVER)
            machine.unplug(i)


def fixed():
    with Machine(2, "root=/dev/vda ip=10.9.0.9::10.9.0.1:24::c1:none:10.9.0.53 quiet").start() as machine:
        machine.has("10.9.0.9", card="c1")
        expect((machine.addresses(), machine.is_up()), ([], False))
        expect("network: c1: 10.9.0.9, gateway 10.9.0.1, by ip=" in machine.said(), True)
        machine.unplug(1)
        machine.plug(1)
        machine.has("10.9.0.9", card="c1")


def fixed_fails():
    with Machine(2, "ip=224.0.0.1:::24").start() as machine:  # no address of an interface: EINVAL
        until("both are tried", lambda: set(re.findall(r"c\d", machine.said())) == {"c0", "c1"})


CASES = {
    "it has more rights than the network takes, or other groups": rights,
    "an address, the name servers or an interface that is up are left at its end": all_is_taken_back,
    "a second interface asks for its address from the first one's": source,
    "the image's resolv.conf is changed or removed": resolv_conf_stays,
    "an address that another program added is removed, or its interface goes down": second_address,
    "an interface that klibc's ipconfig configured goes down": lambda: file_of_an_interface("/run/net-c0.conf"),
    "systemd-networkd is not left alone": lambda: manager("/run/systemd/netif/state"),
    "NetworkManager is not left alone": lambda: manager("/run/NetworkManager/devices/2"),
    "dracut's NetworkManager is not left alone": lambda: manager("/run/NetworkManager/initrd/neednet"),
    "an address that the server refuses at last is set, or no other is asked for": refused,
    "a lease of seconds is not renewed, or another address then is not set": renewal,
    "of two cards only one is configured": two_cards,
    "a card that is plugged in after eight others is not served": nine_cards_in_turn,
    "ip= is not taken from the argument, or another card is touched, or the card's next plug fails": fixed,
    "a fixed address that cannot be set is tried on one card only": fixed_fails,
}


def judged(case):
    def judge():
        try:
            case()
            return []
        except (Wrong, subprocess.CalledProcessError) as wrong:
            return [f"{wrong} {getattr(wrong, 'output', '')}"]
    return judge


def main():
    missing = lacking(PROGRAM, "ip", "unshare", "nsenter")
    if missing or subprocess.run(["unshare", "--net", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/run"], stdin=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, check=False).returncode:
        print(f"1..0 # SKIP {missing or 'no namespaces of network and mounts here'}")
        return 0
    if os.environ.get("NETWORK_INSIDE") != "yes":
        os.environ["NETWORK_INSIDE"] = "yes"
        os.execvp("unshare", ["unshare", "--net", sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
    return suite([(name, judged(case)) for name, case in CASES.items()], workers=1)


if __name__ == "__main__":
    sys.exit(main())
