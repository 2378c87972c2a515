#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tang servers open the root of a guest, from power-on to a file on it, while the prompt is there.

The volumes are bound by the distribution's clevis, the servers are its tangd, on the host's side of QEMU's network.
latchkey's own image: its program configures the network, by QEMU's DHCP server or by ip=.
Arguments choose tests by the names of their functions. Each boot leaves its console in $O/boot/NAME.log.
"""
import json
import os
import shutil
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import vm
from sticks import PASSPHRASE, PROMPT, ROOT, WITNESS, check, path
from tokens import NIC, Tang, tang
from vm import VM

MODULES = vm.MODULES + " virtio_net"
OPENED = r"root is open with token 0 \(clevis\)"


def root(name, pin, config):
    """A root that PASSPHRASE opens, and clevis' token."""
    disk = vm.make_disk("clevis-" + name, "--init", vm.compile_static("root_init"), "--passphrase", PASSPHRASE,
                        "--memory", "8192", "--witness", WITNESS)
    vm.run("clevis", "luks", "bind", "-y", "-d", disk, "-k", path("passphrase", PASSPHRASE.encode()), pin, json.dumps(config))
    return disk


@vm.once
def image():
    return vm.make_image("clevis", "--token", "clevis", modules=MODULES)


def guest(name, disk, talk, words="", nic=NIC):
    with VM("clevis-" + name, image(), f"{ROOT} {words}", [disk], args=nic) as machine:
        talk(machine)
        machine.expect("root: witness " + WITNESS, 60)
        machine.wait_off(30)
        check(PASSPHRASE not in machine.text, "a secret was echoed", machine.text)
        return machine.text


def with_tang(test):
    """test(tang) with a server that does not listen yet."""
    server = Tang()
    try:
        test(server)
    finally:
        server.close()


def dhcp():
    """a tang server does not open the root, with an address by DHCP"""
    def test(server):
        disk = root("dhcp", "tang", server.pin())
        server.start()
        guest("dhcp", disk, lambda machine: (machine.expect(PROMPT), machine.expect(OPENED, 60)))
    with_tang(test)


def fixed():
    """with sss one server of two does not do, or ip= sets no address"""
    def test(server):
        with_tang(lambda down: both(server.start(), down))

    def both(server, down):
        disk = root("fixed", "sss", {"t": 1, "pins": {"tang": [down.pin(), server.pin()]}})
        guest("fixed", disk, lambda machine: machine.expect(OPENED, 60), "ip=10.0.2.77::10.0.2.2:255.255.255.0::eth0:none")
    with_tang(test)


def late():
    """a server that is there only when the prompt has waited does not open the root without a person"""
    def test(server):
        def talk(machine):
            machine.expect(PROMPT)
            machine.quiet(14)
            server.start()
            machine.expect(OPENED, 60)
        guest("late", root("late", "tang", server.pin()), talk)
    with_tang(test)


def plugged():
    """a network card that is plugged in while the prompt is there does not open the root without a person"""
    def test(server):
        def talk(machine):
            machine.expect(PROMPT)
            machine.quiet(3)
            machine.monitor("device_add virtio-net-pci,netdev=n")
            machine.expect(OPENED, 60)
        server.start()
        guest("plugged", root("plugged", "tang", server.pin()), talk, nic=NIC[:2])
    with_tang(test)


def passphrase():
    """a passphrase that is typed while a server does not answer does not open the root at once"""
    def test(server):
        asked = threading.Event()

        def hold(connection):
            while connection.recv(4096):
                asked.set()

        def talk(machine):
            machine.expect(PROMPT)
            until = time.monotonic() + 60
            while not asked.is_set() and time.monotonic() < until:
                machine.quiet(0.2)
            check(asked.is_set(), "the server is not asked", machine.text)
            machine.send(PASSPHRASE + "\n")
            # A run takes up to 15 s.
            machine.expect("root is open with the passphrase", 10)

        disk = root("passphrase", "tang", server.pin())
        with tang.Server(hold, port=server.port):
            guest("passphrase", disk, talk)
    with_tang(test)


def network_end():
    """what latchkey set of the network stays when it ends, or it changes what somebody else has set"""
    def test(server):
        server.start()
        add = [f"{shutil.which('busybox')}:/bin/busybox:0755", f"{os.path.join(vm.GUEST, 'cases.sh')}:/cases.sh"]
        image = vm.make_image("network-end", *(word for file in add for word in ("--add", file)), "--token", "clevis",
                              modules=MODULES, init=os.path.join(vm.GUEST, "network_end"))
        with VM("clevis-network-end", image, "", [root("network-end", "tang", server.pin())], args=NIC) as machine:
            shown = machine.expect("(?s)(.*)shown during").group(1)
            for wanted in ("address 10.0.2.15/24", "route default via 10.0.2.2 dev eth0", "resolv nameserver 10.0.2.3", "eth0 is up"):
                check(wanted in shown, f"no {wanted!r}", machine.text)
            machine.expect(OPENED, 60)
            shown = machine.expect("(?s)(.*)shown after").group(1)
            for unwanted in ("address", "route", "resolv nameserver", "eth0 is up"):
                check(unwanted not in shown, f"{unwanted!r} is left", machine.text)
            machine.expect(OPENED, 60)
            shown = machine.expect("(?s)(.*)shown foreign").group(1)
            check("address 10.0.2.99/24" in shown and "10.0.2.15" not in shown and "eth0 is up" in shown, "the address was changed", machine.text)
            machine.wait_off(30)
    with_tang(test)


if __name__ == "__main__":
    sys.exit(vm.suite([dhcp, fixed, late, plugged, passphrase, network_end], jobs=1))
