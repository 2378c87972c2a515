#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The hand-over to a real systemd: it accepts the mappings of `latchkey boot`, waits for nothing, and shuts down cleanly.

The root is a system of the distribution's packages on a LUKS volume. latchkey also opens a second volume, which fstab
mounts; systemd opens a third one. There is no udev in the initramfs.
"""
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import distro
import vm
from vm import VM, Failure

LIMIT = max(vm.LIMIT, 400)  # a whole system under emulation
CRYPTTAB = "root /dev/vda none x-initrd.attach\ndata /dev/vdb none x-initrd.attach\n"
WORDS = "root=/dev/mapper/root rootfstype=ext4 rw systemd.show_status=1"


def check(condition, what, machine):
    if not condition:
        raise Failure(f"{what}; the console said:\n{machine.text[-6000:]}")


@vm.once
def image():
    distro.put(distro.WORK, "crypttab", CRYPTTAB)
    return vm.make_image("systemd", "--add", f"{distro.path('crypttab')}:/etc/crypttab")


@vm.once
def used_disk():
    """The root disk, after a system has run on it and was switched off. Returns it and what that machine said."""
    disk = distro.path("used.img")
    vm.run("cp", "--sparse=always", distro.root_disk(), disk)
    first = ["-drive", f"file={disk},format=raw,if=virtio"]
    for name in ("data", "later"):
        first += ["-drive", f"file={distro.data_disk(name)},format=raw,if=virtio,snapshot=on"]
    with VM("systemd", image(), WORDS, args=first, memory=512, limit=LIMIT) as m:
        m.expect("Enter passphrase for root .*: ")
        m.send(distro.PASSPHRASE + "\n")
        distro.log_in(m)
        m.wait_off()
        return disk, m


def login():
    """the login prompt is reached, and nothing was waited for in vain"""
    _, m = used_disk()
    check(distro.reported(m, "state") == ["running"], "the system is not well", m)
    check(not distro.reported(m, "failed"), "a unit has failed", m)
    check(not distro.reported(m, "job"), "something is still being waited for", m)
    m.assert_no("Timed out|Dependency failed|TIME]|emergency mode")


def device_units():
    """the mappings' device units are active (plugged), as if udev had been there from the start"""
    _, m = used_disk()
    for unit in ("dev-mapper-root.device", "dev-mapper-data.device"):
        check(sorted(distro.reported(m, unit)[0].split()) == ["active", "plugged"], f"{unit} is not plugged", m)
    check(any("active (plugged)" in line for line in distro.reported(m, "status")), "systemctl status disagrees", m)
    check("DM_NAME=root" in distro.reported(m, "udev"), "udev does not know its name", m)
    check(any(line.startswith("dm-uuid-CRYPT-LUKS2-") for line in distro.reported(m, "by-id")), "no by-id links", m)


def record():
    """what latchkey wrote for udev is still there when the real root's udev starts"""
    _, m = used_disk()
    check(distro.reported(m, "record") == ["E:DM_UDEV_PRIMARY_SOURCE_FLAG=1"] * 2, "no record of root and data", m)


def volumes_of_fstab():
    """what fstab names is mounted: a volume that latchkey opened, and one that systemd opened"""
    _, m = used_disk()
    want = [distro.WITNESS, f"data {distro.WITNESS}", f"later {distro.WITNESS}"]
    check(distro.reported(m, "witness") == want, f"not {want}", m)
    for unit in ("systemd-cryptsetup@data.service", "systemd-cryptsetup@later.service"):
        check("active" in distro.reported(m, unit)[0].split(), f"{unit} has failed", m)


def cryptsetup_status():
    """cryptsetup takes the mapping for its own"""
    _, m = used_disk()
    said = [" ".join(line.split()) for line in distro.reported(m, "root")]
    for line in ("/dev/mapper/root is active and is in use.", "type: LUKS2", "cipher: aes-xts-plain64", "keysize: 512 bits",
                 "device: /dev/vda", "sector size: 4096", "mode: read/write"):
        check(line in said, f"cryptsetup does not say: {line}", m)


def shutdown():
    """the machine goes off by itself, and the filesystem that it leaves is clean"""
    disk, m = used_disk()
    m.assert_no("Failed unmounting|Failed to (unmount|deactivate|finalize) (?!DM)|stop job is running|timed out")
    check("reboot: Power down" in m.text, "it was not switched off", m)
    words = f"root=/dev/mapper/root rd.luks.name={distro.uuid()}=root ro init=/root_init"  # this one volume only
    with VM("systemd-again", image(), words, [disk], kernel_words="loglevel=7 panic=-1") as again:
        again.expect("Enter passphrase for root .*: ")
        again.send(distro.PASSPHRASE + "\n")
        again.expect("root: witness " + distro.WITNESS)
        again.wait_off()
        check("EXT4-fs (dm-0): mounted filesystem" in again.text, "the kernel's messages are missing", again)
        again.assert_no("EXT4-fs.*(recovery|not clean|orphan)")


if __name__ == "__main__":
    sys.exit(vm.suite([login, device_units, record, volumes_of_fstab, cryptsetup_status, shutdown]))
