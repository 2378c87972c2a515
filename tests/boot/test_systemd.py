#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The hand-over to a real systemd: it accepts the mappings of `latchkey boot`, waits for nothing, and shuts down cleanly.

The root is a system of the distribution's packages on a LUKS volume. latchkey also opens a second volume, which fstab
mounts; systemd opens a third one. There is no udev in the initramfs. The root is also booted in the middle of a re-encryption,
which goes on from there, and with integrity protection (HOOKS=all).
"""
import os
import re
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path[1:1] = [sys.path[0] + "/lib", sys.path[0] + "/../interop"]
import distro
import guest
import luks2edit
import vm
from vm import VM, Failure

LIMIT = max(vm.LIMIT, 400)  # a whole system under emulation
CRYPTTAB = "root /dev/vda none x-initrd.attach\ndata /dev/vdb none x-initrd.attach\n"
MODULES = vm.MODULES + " dm_integrity authenc? sha256_generic? af_alg? algif_aead? ecb?"
WORDS = "root=/dev/mapper/root rootfstype=ext4 rw systemd.show_status=1"


def check(condition, what, machine):
    if not condition:
        raise Failure(f"{what}; the console said:\n{machine.text[-6000:]}")


@vm.once
def image():
    distro.put(distro.WORK, "crypttab", CRYPTTAB)
    return vm.make_image("systemd", "--add", f"{distro.path('crypttab')}:/etc/crypttab", modules=MODULES)


def use(disk, *commands):
    """Boot the root disk, run @commands in that system, and switch it off. Returns what that machine said."""
    first = ["-drive", f"file={disk},format=raw,if=virtio"]
    for name in ("data", "later"):
        first += ["-drive", f"file={distro.data_disk(name)},format=raw,if=virtio,snapshot=on"]
    with VM("systemd", image(), WORDS, args=first, memory=512, limit=LIMIT) as m:
        m.expect("Enter passphrase for root .*: ")
        m.send(distro.PASSPHRASE + "\n")
        distro.log_in(m, *commands)
        m.wait_off()
        return m


@vm.once
def used_disk():
    """The root disk, after a system has run on it and was switched off. Returns it and what that machine said."""
    disk = distro.path("used.img")
    vm.run("cp", "--sparse=always", distro.root_disk(), disk)
    return disk, use(disk)


def check_login(m):
    check(distro.reported(m, "state") == ["running"], "the system is not well", m)
    check(not distro.reported(m, "failed"), "a unit has failed", m)
    check(not distro.reported(m, "job"), "something is still being waited for", m)
    m.assert_no("Timed out|Dependency failed|TIME]|emergency mode")


def login():
    """the login prompt is reached, and nothing was waited for in vain"""
    check_login(used_disk()[1])


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


def check_shutdown(disk, m):
    m.assert_no("Failed unmounting|Failed to (unmount|deactivate|finalize) (?!DM)|stop job is running|timed out")
    check("reboot: Power down" in m.text, "it was not switched off", m)
    words = f"root=/dev/mapper/root rd.luks.name={uuid_of(disk)}=root ro init=/root_init"  # this one volume only
    with VM("systemd-again", image(), words, [disk], kernel_words="loglevel=7 panic=-1") as again:
        again.expect("Enter passphrase for root .*: ")
        again.send(distro.PASSPHRASE + "\n")
        again.expect("root: witness " + distro.WITNESS)
        again.wait_off()
        check(re.search(r"EXT4-fs \(dm-[01]\): mounted filesystem", again.text), "the kernel's messages are missing", again)
        again.assert_no("EXT4-fs.*(recovery|not clean|orphan)")


def shutdown():
    """the machine goes off by itself, and the filesystem that it leaves is clean"""
    check_shutdown(*used_disk())


def uuid_of(disk):
    return vm.run("cryptsetup", "luksUUID", disk).strip()


def say(name, command):
    """Its output, and its status as the last line, as reported() finds them: not behind escape sequences of the terminal."""
    return f"echo; {{ {command}; echo $?; }} 2>&1 | sed 's/^/report: {name} /'"


def done_bytes(disk):
    """How much of the re-encryption is done; None: a part is being written, or none is under way."""
    try:
        header = luks2edit.load(disk)
    except ValueError:  # it is being written
        return None
    segments = header["segments"].values()
    if "requirements" not in header["config"] or any("in-reencryption" in s.get("flags", []) for s in segments):
        return None
    return int(header["segments"]["0"]["size"]) if len(segments) > 3 else 0


def reencrypted_disk():
    """The root disk with the most of it under a new key, and the rest under the old one."""
    distro.put(distro.WORK, "passphrase", distro.PASSPHRASE, 0o600)
    command = ["cryptsetup", "-q", "reencrypt", "--force-offline-reencrypt", "--key-file", distro.path("passphrase")]
    disk = distro.path("reencrypted.img")
    for _ in range(20):
        vm.run("cp", "--sparse=always", distro.root_disk(), disk)
        vm.run(*command, "--key-slot", "0", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--key-size", "256", "--init-only", disk)
        running = subprocess.Popen([*command, "--hotzone-size", "1M", "--resume-only", disk], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while running.poll() is None and (done_bytes(disk) or 0) < 128 << 20:
            time.sleep(0.001)
        running.send_signal(signal.SIGTERM)
        running.wait()
        if done_bytes(disk):
            return disk
    raise Failure("cryptsetup never stopped in the middle")


def reencryption():
    """a root in the middle of a re-encryption: systemd takes it as it is, and cryptsetup finishes it under the running system"""
    disk = reencrypted_disk()
    m = use(disk, say("resize", "cryptsetup resize --key-file /etc/later.key root"), say("table", "dmsetup table root"),
            say("middle", "cryptsetup status root"),
            say("resume", "cryptsetup -q reencrypt --resume-only --active-name root --key-file /etc/later.key | tail -n 1"),
            say("after", "dmsetup table root"))
    check_login(m)
    check(distro.reported(m, "resize")[-1:] == ["1"], "it was resized in the middle of it", m)
    check([" crypt " in line for line in distro.reported(m, "table")] == [True, True, False], "not two targets", m)
    check("reencryption:  in-progress" in distro.reported(m, "middle"), "cryptsetup does not see the re-encryption", m)
    check(distro.reported(m, "resume")[-1] == "0" and len(distro.reported(m, "after")) == 2, "cryptsetup does not finish it", m)
    check_shutdown(disk, m)


def integrity():
    """a root with integrity protection: systemd takes both mappings as they are, and leaves them clean"""
    disk = distro.path("integrity.img")
    with open(disk, "wb") as f:
        f.truncate(224 << 20)
    distro.put(distro.WORK, "passphrase", distro.PASSPHRASE, 0o600)
    maker = guest.image("make_integrity", MODULES, (distro.key_file(), "/key:0600"), (distro.path("passphrase"), "/etc/passphrase:0600"))
    with VM("make-integrity", maker, "", [distro.root_disk()], args=["-drive", f"file={disk},format=raw,if=virtio"], memory=512, limit=LIMIT) as m:
        m.expect("INTEGRITY made")
        m.wait_off()
    m = use(disk, say("resize", "cryptsetup resize --key-file /etc/later.key root"), say("table", "dmsetup table"))
    check_login(m)
    check(distro.reported(m, "resize")[-1:] == ["1"], "dm-integrity has no size of its own to change", m)
    table = "\n".join(distro.reported(m, "table"))
    check(" crypt capi:authenc(hmac(sha256),xts(aes))-plain64 " in table and "root_dif: 0 " in table, "not these mappings", m)
    check("integrity: hmac(sha256)" in [" ".join(line.split()) for line in distro.reported(m, "root")], "cryptsetup does not see the integrity", m)
    check_shutdown(disk, m)


if __name__ == "__main__":
    every = [login, device_units, record, volumes_of_fstab, cryptsetup_status, shutdown, reencryption]
    if len(sys.argv) > 1 or os.environ.get("HOOKS") == "all":
        every.append(integrity)
    sys.exit(vm.suite(every))
