# SPDX-License-Identifier: MIT
"""A system of the distribution's packages, and encrypted disks with it, for machines that boot a real systemd.

The folder of tests/boot/fetch/get-root is never changed. A test that needs a different system makes a copy of links.
"""
import os
import secrets
import shutil
import subprocess
from uuid import uuid4

import vm
from vm import Failure, Skip

WORK = os.path.join(vm.O, "distro")
os.makedirs(WORK, exist_ok=True)
PASSPHRASE = "correct horse " + secrets.token_hex(4)
WITNESS = "the witness is " + secrets.token_hex(16)
NAME = "latchkey"  # the machine's name
# Files that only a package manager or an image builder needs, and files that a virtual machine does not need.
NOT_ON_DISK = ("boot usr/lib/modules usr/lib/dracut usr/lib/apt usr/bin/perl* usr/share/perl* usr/lib/x86_64-linux-gnu/perl* "
               "usr/lib/x86_64-linux-gnu/libperl* usr/share/initramfs-tools usr/share/zoneinfo usr/share/bash-completion "
               "usr/lib/x86_64-linux-gnu/gconv usr/lib/udev/hwdb.d usr/lib/udev/hwdb.bin usr/lib/klibc var/cache var/lib/apt "
               "var/lib/dpkg usr/sbin/e2fsck usr/sbin/debugfs")
# Services that are unrelated to disks and take seconds under emulation.
MASKED = ("apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer "
          "systemd-pstore.service systemd-random-seed.service systemd-update-utmp.service ldconfig.service "
          "systemd-networkd.service getty@tty1.service getty-static.service systemd-hwdb-update.service "
          "systemd-tmpfiles-clean.timer systemd-firstboot.service")

# Printed after login; each line begins with "report: ".
REPORT = r"""#!/bin/sh
exec 2>&1
echo # keep escape sequences of the terminal on a separate line
say() { sed "s/^/report: $1 /"; }
systemctl is-system-running --wait | say state
systemctl list-units --failed --plain --no-legend --no-pager | say failed
systemctl list-jobs --no-legend --no-pager | say job
for unit in dev-mapper-root.device dev-mapper-data.device data.mount -.mount systemd-cryptsetup@data.service \
	systemd-cryptsetup@later.service later.mount; do
	systemctl show --value -p ActiveState -p SubState "$unit" | tr '\n' ' ' | say "$unit"
	echo
done
systemctl status --no-pager dev-mapper-root.device | say status
cryptsetup status root | say root
cryptsetup status data | say data
cat /etc/witness /data/etc/witness /later/etc/witness | say witness
ls /dev/disk/by-id | say by-id
cat /run/early-record | say record
udevadm info --query=property /dev/mapper/root | say udev
echo 'report: end'
systemctl poweroff
"""


def missing():
    """Like vm.missing(), for these tests."""
    if os.geteuid():
        return "only root can make a system of the distribution's packages"
    for tool in ("mmdebstrap", "chroot"):
        if not shutil.which(tool):
            return f"{tool} is not installed (toolchain/setup check-all installs it)"
    return vm.no_namespace()


@vm.once
def tree(which="tree"):
    """The folder of an unchanged system; get-root lists the possible ones."""
    lack = missing()
    if lack:
        raise Skip(lack)
    done = subprocess.run([os.path.join(vm.FETCH, "get-root"), which], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          env={**os.environ, "O": vm.O})
    if done.returncode == 77:
        raise Skip(f"the packages of {which} cannot be had here (get-root {which} says why)")
    if done.returncode:
        raise Failure(f"get-root {which}: status {done.returncode}")
    return done.stdout.decode().split("\n")[-2]


def path(name):
    return os.path.join(WORK, name)


@vm.once
def source(name, variable, project, commit):
    """Sources of another project as a folder: from its repository, or from the one that @variable names; git checks the commit."""
    folder = path(name + "-source")
    if os.path.exists(os.path.join(folder, ".git", "done")):
        return folder
    if not shutil.which("git"):
        raise Skip(f"{name}'s sources cannot be had without git")
    vm.run("rm", "-rf", folder)
    vm.run("git", "init", "-q", folder)
    fetch = ["timeout", "120", "git", "-C", folder, "fetch", "-q", "--depth", "1", os.environ.get(variable, project), commit]
    done = subprocess.run(fetch, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "GIT_TERMINAL_PROMPT": "0"})
    if done.returncode:
        raise Skip(f"{name}'s sources cannot be fetched ({variable}=repository names another place)")
    vm.run("git", "-C", folder, "checkout", "-q", commit)
    with open(os.path.join(folder, ".git", "done"), "w"):
        pass
    return folder


def put(folder, name, content, mode=0o644):
    """Write a new file, never through a link, which could change another file."""
    name = os.path.join(folder, name)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    if os.path.lexists(name):
        os.unlink(name)
    with open(name, "wb") as f:
        f.write(content.encode() if isinstance(content, str) else content)
    os.chmod(name, mode)


def copy(name, without="", files=(), which="tree"):
    """A copy of the system as folder NAME, with additional files: (path, content[, mode])."""
    out = path(name)
    vm.run("rm", "-rf", out)
    vm.run("cp", "-al", tree(which), out)
    if without:
        vm.run("sh", "-c", f'cd "$1" && rm -rf {without}', "sh", out)
    for file in files:
        put(out, *file)
    return out


def root_files():
    """Files that make the system bootable without questions, and print the report."""
    units = "etc/systemd/system/"
    yield "etc/fstab", ("/dev/mapper/root / ext4 defaults 0 0\n"
                        "/dev/mapper/data /data ext4 defaults 0 0\n/dev/mapper/later /later ext4 defaults 0 0\n")
    # Two cases: a volume that is already open, and one that systemd opens.
    yield "etc/crypttab", ("root /dev/vda none luks\ndata /dev/vdb none luks\n"
                           "later /dev/vdc /etc/later.key luks\n")
    yield "etc/later.key", PASSPHRASE, 0o600
    yield "etc/machine-id", "0123456789abcdef0123456789abcdef\n"
    yield "etc/hostname", NAME + "\n"
    yield "etc/shadow", "root::19000:0:99999:7:::\n", 0o600
    yield "etc/witness", WITNESS + "\n"
    yield "report", REPORT, 0o755
    with open(vm.compile_static("root_init"), "rb") as f:
        yield "root_init", f.read(), 0o755
    # The content of the initramfs's /run before udev starts.
    yield units + "systemd-udevd.service.d/record.conf", ("[Service]\nExecStartPre=/bin/sh -c "
                                                          "'cat /run/udev/data/b* >/run/early-record || :'\n")
    yield units + "dummy", ""


@vm.once
def root_disk():
    """/dev/vda: the system, encrypted; PASSPHRASE opens it."""
    folder = copy("root", NOT_ON_DISK, root_files())
    for place in ("data", "later"):
        os.makedirs(os.path.join(folder, place), exist_ok=True)
    units = os.path.join(folder, "etc/systemd/system")
    for unit in MASKED.split():
        if os.path.lexists(os.path.join(units, unit)):
            os.unlink(os.path.join(units, unit))
        os.symlink("/dev/null", os.path.join(units, unit))
    os.unlink(os.path.join(units, "dummy"))
    os.symlink("/lib/systemd/system/multi-user.target", os.path.join(units, "default.target"))
    disk = vm.make_disk("distro-root", "--tree", folder, "--size", "160", "--filesystem-uuid", filesystem_uuid(), "--passphrase", PASSPHRASE, "--memory", "8192",
                        "--key-file", key_file())
    vm.run("rm", "-rf", folder)
    return disk


@vm.once
def uuid():
    return vm.run("cryptsetup", "luksUUID", root_disk()).strip()


@vm.once
def filesystem_uuid():
    """The UUID of the root's filesystem, which is fixed."""
    return str(uuid4())


def data_uuid(name):
    return vm.run("cryptsetup", "luksUUID", data_disk(name)).strip()


@vm.once
def key_file():
    put(WORK, "root.key", secrets.token_bytes(64), 0o600)
    return path("root.key")


@vm.once
def data_disk(name):
    """/dev/vdb or /dev/vdc: a volume with a witness file."""
    return vm.make_disk("distro-" + name, "--witness", f"{name} {WITNESS}", "--passphrase", PASSPHRASE, "--memory", "8192")


def log_in(machine, *commands):
    machine.expect(NAME + " login: ")
    machine.send("root\n")
    for command in commands:
        machine.expect(r"root@\S+[#] ")
        machine.send(command + "\n")
    machine.expect(r"root@\S+[#] ")
    machine.send("/report\n")
    machine.expect("report: end")


def reported(machine, what):
    """The lines of the report about @what."""
    start = f"report: {what} "
    return [line[len(start):].strip() for line in machine.text.split("\n") if line.startswith(start)]
