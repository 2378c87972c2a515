#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Images of the real initramfs builders with latchkey's hooks, from power-on to the encrypted root.

The builders run in a copy of the distribution's system that tests/boot/fetch/get-root makes, after `make install` there.
Arguments choose tests by the names of their functions. Without arguments and without HOOKS=all, only a few tests of the two
most common builders run; the others take minutes and run in `make check-hooks`.
"""
import atexit
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
sys.path.append(os.path.join(os.path.dirname(sys.path[0]), "interop"))
import distro
import luks2edit
import tokens
import vm
from vm import VM, Failure, Skip

os.environ.pop("MAKEFLAGS", None)  # what the make above us was told is not for the makes that we ask
LIMIT = max(vm.LIMIT, 400)
PROMPT = "Enter passphrase for {} .*: "
STOCK_PROMPT = r"Password \(|Please unlock disk root|[Ee]nter passphrase for"
# The root's own program says the witness and switches off: what is tried here ends where it begins.
SHORT = "rootfstype=ext4 ro init=/root_init"
# All that these machines' disks need; a builder's idea of every driver there is takes it minutes under load.
DISK_MODULES = "virtio_pci virtio_blk"


def check(condition, what, text):
    if not condition:
        raise Failure(f"{what}:\n{text}")


def version(*options):
    with open(os.path.join(vm.kernel(*options), "version")) as f:
        return f.read().strip()


@vm.once
def system(name, *files, without="", options=(), which="tree"):
    """A system with latchkey and its hooks installed, for one builder."""
    folder = distro.copy("hooks-" + name, without, files, which)
    vm.run("make", "-s", "-C", vm.TOP, f"O={vm.O}", f"DESTDIR={folder}", "PREFIX=/usr", "WITH_MKINITCPIO=no", *options,
           "install-files")
    return folder


def in_system(folder, *command):
    return vm.run("chroot", folder, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "SOURCE_DATE_EPOCH=1700000000",
                  *command)


IN_MACHINE = """
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount -t sysfs sysfs "$1/sys"
mount --rbind /dev "$1/dev"
mount -t tmpfs run "$1/run"
exec chroot "$@"
"""


def in_machine(folder, *command):
    """The same with the files of this machine; mounts end with the namespace."""
    return vm.run("unshare", "-m", "sh", "-ec", IN_MACHINE, "sh", folder, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
                  *command)


def compare(name, image, own, stock_image, stock, **stock_options):
    """Both images booted, one after the other; their figures are printed, not judged."""
    ours = boot(f"{name}-ours", image, own)
    theirs = boot(f"{name}-stock", stock_image, stock, stock=True, **stock_options)
    sizes = [os.path.getsize(i) for i in (image, stock_image)]
    print(f"# {name}: latchkey: image {sizes[0]} bytes, root mounted after {ours.seconds:.1f} s; "
          f"stock cryptsetup: {sizes[1]} bytes, {theirs.seconds:.1f} s", flush=True)


def built(folder, name):
    """The image that the builder left as /NAME, and its size said."""
    image = os.path.join(vm.WORK, f"hooks-{name}.img")
    shutil.move(os.path.join(folder, name), image)
    print(f"# {name}: {os.path.getsize(image)} bytes", flush=True)
    return image


def names_in(image):
    return vm.run("sh", "-c", '{ cpio -t --quiet <"$1" || zstd -dcq "$1" | cpio -t --quiet || zcat "$1" | cpio -t --quiet; } 2>/dev/null',
                  "sh", image)


def boot(name, image, words, passphrase=True, root="root=/dev/mapper/root", add=(), end=None, stock=False, memory=512,
         disk=None, mapping="root", answer=lambda m: m.send(distro.PASSPHRASE + "\n")):
    """Boot it, answer the prompt, and see the witness of the root. Returns the machine."""
    with VM("hooks-" + name, image, f"{root} {words}", [disk or distro.root_disk()], memory=memory, limit=LIMIT, args=add) as m:
        start = time.monotonic()
        if passphrase:
            m.expect(STOCK_PROMPT if stock else PROMPT.format(mapping))
            if stock:  # cryptsetup drops what is typed right after its prompt; that second is not counted
                time.sleep(1)
                start += 1
            answer(m)
        if not stock:
            m.expect(mapping + " is open with the")
        if end:
            end(m)
        else:
            m.expect("root: witness " + distro.WITNESS)
        m.seconds = time.monotonic() - start
        m.wait_off()
        check(distro.PASSPHRASE not in m.text, "the passphrase was echoed", m.text)
        m.assert_no("latchkey ended with code")
        return m


@vm.once
def stick():
    """A stick with latchkey/UUID.key, plugged from the start."""
    image = distro.path("stick.img")
    with open(image, "wb") as f:
        f.truncate(8 << 20)
    vm.run("mkfs.vfat", image)
    vm.run("mmd", "-i", image, "::latchkey")
    vm.run("mcopy", "-i", image, distro.key_file(), f"::latchkey/{distro.uuid()}.key")
    return ["-device", "virtio-scsi-pci", "-drive", f"file={image},format=raw,if=none,id=stick,snapshot=on",
            "-device", "scsi-hd,drive=stick,removable=on"]


def by_name():
    return f"rd.luks.name={distro.uuid()}=root"


@vm.once
def dracut(name, modules, *options, which="tree"):
    folder = system("dracut-" + which, which=which)
    in_system(folder, "dracut", "--force", "--no-hostonly", "--no-hostonly-cmdline", "--kver", version(),
              "--modules", f"base kernel-modules-extra rootfs-block udev-rules fs-lib latchkey {modules}",
              "--add-drivers", DISK_MODULES + " virtio_scsi sd_mod vfat nls_cp437 nls_ascii", *options, "/" + name)
    return built(folder, name)


def dracut_initqueue():
    """dracut without systemd, without dmsetup: rd.luks.name= and a passphrase"""
    image = dracut("dracut", "")
    names = names_in(image)
    check("dmsetup" not in names and "cryptsetup" not in names, "dmsetup or cryptsetup is in the image", names)
    boot("dracut", image, f"{by_name()} {SHORT}")


def dracut_stick():
    """dracut without systemd: a key stick, root= by the UUID of the filesystem"""
    boot("dracut-stick", dracut("dracut", ""), f"{by_name()} {SHORT}", passphrase=False, add=stick(),
         root=f"root=UUID={distro.filesystem_uuid()}")


def dracut_hostonly():
    """dracut's module for this machine only: the root's UUID, its cipher's and tokens' modules and its line of crypttab, no other"""
    disk = distro.root_disk()
    folder = distro.path("hostonly")
    distro.put(folder, "serpent.img", serpent())
    marked = f"marked {folder}/serpent.img none force\nkeys {token_disk()} none force\naway /dev/nowhere none x-initrd.attach\n"
    for name in ("systemd-fido2", "systemd-tpm2"):
        distro.put(folder, "lib/latchkey/token/" + name, "", 0o755)
    distro.put(folder, "etc/crypttab", f"root {disk} none luks\nother /dev/nowhere none luks\n{marked}")
    script = f"""
        set -e
        declare -A host_fs_types=([{disk}]=crypto_LUKS [/dev/null]=ext4)
        hostonly=y dracutsysrootdir={folder} initdir={folder} kernel={version()} PATH={vm.BUILT}:$PATH
        instmods() {{ echo "modules $*"; }}
        dwarn() {{ echo "warned $*"; }}
        sh() {{ command sh {vm.TOP}/initramfs/common/${{1##*/}} "$2" {folder}; }}
        . {vm.TOP}/initramfs/dracut/90latchkey/module-setup.sh
        installkernel
        echo "cmdline$(cmdline)"
        latchkey_crypttab
    """
    said = vm.run("bash", "-c", script)
    want = "modules dm_crypt\nmodules crypto-aes crypto-xts crypto-plain64 crypto-serpent crypto-xts crypto-plain64 " \
        "crypto-aes crypto-xts crypto-plain64\nmodules hid_generic usbhid\nmodules tpm_crb tpm_tis\n" \
        f"cmdline rd.luks.uuid=luks-{distro.uuid()}\nroot {disk} none luks,x-initrd.attach\n{marked}"
    warned = [line for line in said.splitlines() if line.startswith("warned ")]
    check(warned and all(line.startswith("warned latchkey: ") for line in warned), "latchkey-preflight was not run", said)
    said = "".join(line + "\n" for line in said.splitlines() if line not in warned)
    check(said == want, f"wanted\n{want}, got", said)


def dracut_systemd():
    """dracut with systemd, up to the root's login prompt: every unit well, the mapping's unit plugged"""
    def end(m):
        distro.log_in(m)
        check(distro.reported(m, "state") == ["running"], "the system is not well", m.text)
        check(sorted(distro.reported(m, "dev-mapper-root.device")[0].split()) == ["active", "plugged"],
              "dev-mapper-root.device is not plugged", m.text)

    add = []
    for name in ("data", "later"):
        add += ["-drive", f"file={distro.data_disk(name)},format=raw,if=virtio,snapshot=on"]
    words = f"{by_name()} rd.luks.name={distro.data_uuid('data')}=data rootfstype=ext4 rw"
    boot("dracut-systemd", dracut("dracut-systemd", "systemd systemd-initrd dracut-systemd"), words, add=add, end=end)


def dracut_beside():
    """dracut without systemd, crypt in the image, too: asked once, by latchkey; cryptsetup is not asked"""
    m = boot("dracut-beside", dracut("dracut-beside", "crypt"), f"{by_name()} {SHORT}")
    m.assert_no("Password|already exists")


def dracut_systemd_beside():
    """dracut with systemd, crypt in the image, too: systemd-cryptsetup finds the volume open"""
    m = boot("dracut-systemd-beside", dracut("dracut-systemd-beside", "systemd systemd-initrd dracut-systemd crypt"),
             f"{by_name()} {SHORT}")
    m.assert_no("Please enter passphrase|FAILED")


def dracut_systemd_stick():
    """dracut with systemd: a key stick"""
    boot("dracut-systemd-stick", dracut("dracut-systemd", "systemd systemd-initrd dracut-systemd"), f"{by_name()} {SHORT}",
         passphrase=False, add=stick())


def dracut_figures():
    """dracut: size and seconds compared with its own crypt module"""
    folder = distro.copy("hooks-dracut-stock")
    in_system(folder, "dracut", "--force", "--no-hostonly", "--no-hostonly-cmdline", "--kver", version(),
              "--modules", "base kernel-modules-extra rootfs-block udev-rules fs-lib crypt dm",
              "--add-drivers", DISK_MODULES + " virtio_scsi sd_mod vfat nls_cp437 nls_ascii", "/dracut-stock")
    # Without systemd its crypt knows no rd.luks.name=.
    compare("dracut", dracut("dracut", ""), f"{by_name()} {SHORT}", built(folder, "dracut-stock"),
            f"rd.luks.uuid={distro.uuid()} {SHORT}", root=f"root=/dev/mapper/luks-{distro.uuid()}")


# dracut-ng: Debian 13 has 106, unstable has 112 or later, which numbers its modules anew.
SYSTEMD = "systemd systemd-initrd dracut-systemd"


def dracut_ng(release, modules=""):
    name = f"dracut-{release}" + ("-systemd" if modules else "")
    image = dracut(name, modules, which=f"{release}-dracut")
    modules_d = os.path.join(distro.path(f"hooks-dracut-{release}-dracut"), "usr/lib/dracut/modules.d")
    numbers = {folder.removesuffix(kind) for folder in os.listdir(modules_d) for kind in ("crypt", "latchkey") if re.fullmatch(r"\d+" + kind, folder)}
    check(len(numbers) == 1, "make install does not number its module as dracut does", str(os.listdir(modules_d)))
    boot(name, image, f"{by_name()} {SHORT}")


def dracut_debian13():
    """dracut of Debian 13 without systemd: rd.luks.name= and a passphrase"""
    dracut_ng("debian13")


def dracut_debian13_systemd():
    """dracut of Debian 13 with systemd: rd.luks.name= and a passphrase"""
    dracut_ng("debian13", SYSTEMD)


def dracut_unstable():
    """dracut of Debian unstable without systemd: rd.luks.name= and a passphrase"""
    dracut_ng("unstable")


def dracut_unstable_systemd():
    """dracut of Debian unstable with systemd: rd.luks.name= and a passphrase"""
    dracut_ng("unstable", SYSTEMD)


def edit(path, pattern, replacement):
    """A changed file, never through a link into what is not ours to change."""
    with open(path, encoding="utf-8") as f:
        text = re.sub(pattern, replacement, f.read(), flags=re.M)
    mode = os.stat(path).st_mode & 0o777
    distro.put("/", path.lstrip("/"), text, mode)


def initramfs_tools_files(crypttab=None):
    table = crypttab or f"root UUID={distro.uuid()} none luks,initramfs\nother /dev/nowhere none luks\n"
    return (("etc/crypttab", table), ("etc/initramfs-tools/modules", DISK_MODULES.replace(" ", "\n") + "\n" +
                                      "virtio_scsi\nsd_mod\nvfat\nnls_cp437\nnls_ascii\n"),
            ("etc/fstab", "/dev/mapper/root / ext4 defaults 0 0\n"))


def set_modules(folder, which="list"):
    edit(os.path.join(folder, "etc/initramfs-tools/initramfs.conf"), "^MODULES=.*", "MODULES=" + which)


@vm.once
def initramfs_tools(name, without="", crypttab=None, files=(), which="tree", modules="list"):
    folder = system(name, *initramfs_tools_files(crypttab), *files, without=without, which=which)
    set_modules(folder, modules)
    in_system(folder, "mkinitramfs", "-o", "/" + name, version())
    return built(folder, name)


# What cryptsetup-initramfs would put into the image, and what it and dmsetup would.
CRYPT = ("usr/share/initramfs-tools/hooks/crypt* usr/share/initramfs-tools/scripts/*/crypt* "
         "usr/share/initramfs-tools/conf-hooks.d/cryptsetup")
STOCK = CRYPT + " usr/share/initramfs-tools/hooks/dmsetup"


def initramfs_tools_alone():
    """initramfs-tools without cryptsetup and dmsetup: crypttab and a passphrase"""
    boot("initramfs-tools", initramfs_tools("initramfs-tools", STOCK), SHORT)


def initramfs_tools_stick():
    """initramfs-tools: a key stick, root= by the UUID of the filesystem"""
    boot("initramfs-tools-stick", initramfs_tools("initramfs-tools", STOCK), SHORT, passphrase=False, add=stick(),
         root=f"root=UUID={distro.filesystem_uuid()}")


def initramfs_tools_beside():
    """initramfs-tools with cryptsetup-initramfs and latchkey: one prompt, of latchkey; cryptsetup ignores the open volume"""
    m = boot("initramfs-tools-beside", initramfs_tools("beside"), SHORT)
    m.assert_no("Please unlock disk")


def initramfs_tools_figures():
    """initramfs-tools: size and seconds compared with cryptsetup-initramfs"""
    folder = distro.copy("hooks-initramfs-tools-stock", files=initramfs_tools_files())
    set_modules(folder)
    in_system(folder, "mkinitramfs", "-o", "/initramfs-tools-stock", version())
    compare("initramfs-tools", initramfs_tools("initramfs-tools", STOCK), SHORT, built(folder, "initramfs-tools-stock"), SHORT)


@vm.once
def serpent():
    """The content of a LUKS1 volume in Serpent, by name; no keyslot is opened."""
    disk = distro.path("serpent.img")
    vm.run("rm", "-f", disk)
    vm.run("truncate", "-s", "4M", disk)
    vm.run("cryptsetup", "luksFormat", "--batch-mode", "--type", "luks1", "--pbkdf-force-iterations", "1000", "--key-file",
           distro.key_file(), disk)
    with open(disk, "r+b") as f:
        f.seek(8)  # the cipher's name, 32 bytes
        f.write(b"serpent\0")
        f.seek(0)
        return f.read()


def initramfs_tools_preflight():
    """initramfs-tools: the hook takes the cipher of a marked volume along, says what the image will not open, and makes it all the same"""
    header = distro.path("header.img")
    vm.run("dd", "if=" + distro.root_disk(), "of=" + header, "bs=1M", "count=17", "status=none")
    with open(header, "rb") as f:
        content = f.read()
    table = "".join(f"{name} /{name}.img none luks,initramfs\n" for name in ("disk", "bad", "serpent"))
    folder = system("preflight", *initramfs_tools_files(table), ("disk.img", content), ("bad.img", bytes(len(content))),
                    ("serpent.img", serpent()), without=STOCK)
    set_modules(folder)
    said = in_system(folder, "mkinitramfs", "-o", "/preflight", version())
    lines = [line for line in said.splitlines() if line.startswith("latchkey: ")]
    check(len(lines) == 1 and re.match("latchkey: problem: bad: .*LUKS", lines[0]), "not one line about the bad volume", said)
    names = names_in(os.path.join(folder, "preflight"))
    check("serpent_generic.ko" in names, "the cipher of a marked volume is not in the image", names)
    check("twofish" not in names, "all ciphers are in an image for these volumes", names)


# What a session of dropbear's would do, as a script of the image.
REMOTE = """#!/bin/sh
[ "$1" != prereqs ] || exit 0
(
	printf wrong | cryptroot-unlock >/dev/console 2>&1
	echo "remote: first $?" >/dev/console
	printf '%s' 'PASSPHRASE' | cryptroot-unlock >/dev/console 2>&1
	echo "remote: second $?" >/dev/console
) &
"""


def initramfs_tools_remote():
    """initramfs-tools with cryptsetup-initramfs: cryptroot-unlock refuses a wrong passphrase, and opens with the right one"""
    image = initramfs_tools("remote", files=(("etc/initramfs-tools/scripts/init-premount/remote",
                                              REMOTE.replace("PASSPHRASE", distro.PASSPHRASE), 0o755),))
    names = names_in(image)
    check("bin/cryptroot-unlock.cryptsetup" in names, "cryptsetup's own cryptroot-unlock is gone", names)
    m = boot("remote", image, SHORT, passphrase=False)
    check(re.search("remote: first 1", m.text), "the wrong passphrase", m.text)
    check("is open with the passphrase from the FIFO" in m.text, "not opened by the FIFO", m.text)


def initramfs_tools_dropbear():
    """initramfs-tools with dropbear-initramfs: ssh to the machine that waits, a wrong passphrase, and the right one"""
    if not shutil.which("ssh-keygen"):
        raise Skip("openssh-client is missing (toolchain/setup hooks installs it)")
    key = distro.path("ssh-key")
    vm.run("rm", "-f", key, key + ".pub")
    vm.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    with open(key + ".pub", encoding="ascii") as f:
        public = f.read()
    image = initramfs_tools("dropbear", which="layouts", files=(("etc/dropbear/initramfs/authorized_keys", public, 0o600),
                                                               ("etc/initramfs-tools/modules", "virtio_pci\nvirtio_blk\nvirtio_net\n")))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]

    def unlock(m, passphrase):
        """Returns how cryptroot-unlock ended, 255 when it was not reached."""
        done = subprocess.run(["ssh", "-p", str(port), "-i", key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20",
                               "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-F", "none", "root@127.0.0.1",
                               "cryptroot-unlock"], input=passphrase.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=LIMIT)
        m.said = done.stdout.decode(errors="replace")
        return done.returncode

    def answer(m):
        while (code := unlock(m, "wrong")) == 255:  # the network is not up yet
            m.quiet(1)
            check(time.monotonic() < m.deadline, "login failed", m.said + m.text)
        check(code == 1 and "wrong passphrase" in m.said, f"status {code} for a wrong passphrase", m.said)
        code = unlock(m, distro.PASSPHRASE)
        check(code != 1, "the passphrase was refused", m.said)

    m = boot("dropbear", image, SHORT + " ip=dhcp", answer=answer,
             add=["-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22", "-device", "virtio-net-pci,netdev=net,romfile="])
    check("is open with the passphrase from the FIFO" in m.text, "not opened by the FIFO", m.text)


@vm.once
def swap_disk():
    """A LUKS volume with a swap area; PASSPHRASE opens it."""
    swap = distro.path("swap.img")
    vm.run("rm", "-f", swap)
    vm.run("truncate", "-s", "224M", swap)
    vm.run("mkswap", swap)
    return vm.make_disk("hibernation-swap", "--content", swap, "--passphrase", distro.PASSPHRASE, "--memory", "8192")


def initramfs_tools_hibernation():
    """initramfs-tools: a machine that slept on an encrypted swap comes back, one passphrase for root and swap"""
    root = vm.make_disk("hibernation-root", "--init", vm.compile_static("hibernate_init"), "--witness", "none", "--passphrase",
                        distro.PASSPHRASE, "--memory", "8192")
    table = "root /dev/vda none luks,initramfs\nswap /dev/vdb none luks,initramfs\n"
    image = initramfs_tools("hibernation", STOCK, crypttab=table,
                            files=(("etc/initramfs-tools/conf.d/resume", "RESUME=/dev/mapper/swap\n"),))
    args = []
    for disk in (root, swap_disk()):  # what they write stays
        args += ["-drive", f"file={disk},format=raw,if=virtio"]
    words = "root=/dev/mapper/root rootfstype=ext4 ro resume=/dev/mapper/swap"
    for what in ("asleep on", "back from"):
        with VM("hooks-hibernation", image, words, memory=256, limit=LIMIT, args=args, kernel_words="loglevel=5 panic=-1") as m:
            m.expect("Enter passphrase for (root|swap) .*: ")
            m.send(distro.PASSPHRASE + "\n")
            m.expect("root: " + what)
            m.wait_off()
            if what == "back from":
                check("asleep on" not in m.text, "the machine was booted, not resumed", m.text)


# What only some of the systems with more packages are about, and what would ask for the network in the others.
NO_DROPBEAR = "usr/share/initramfs-tools/*/dropbear usr/share/initramfs-tools/scripts/*/dropbear"


@vm.once
def layout_disk(name, *options, content=None):
    """A volume with a small root of its own; content makes what is encrypted from the file of its filesystem."""
    options = ("--init", vm.compile_static("root_init"), "--witness", distro.WITNESS, *options)
    if content:
        options = ("--content", content(vm.make_disk(name + "-plain", "--plain", "yes", *options)))
    return vm.make_disk(name, *options, "--passphrase", distro.PASSPHRASE, "--memory", "8192")


def layout_table(disk, name):
    return f"{name} UUID={vm.run('cryptsetup', 'luksUUID', disk).strip()} none luks,initramfs\n"


# The group is made by LVM itself, which wants a block device but, for a volume that stays inactive, no device-mapper.
MAKE_GROUP = """
lvm() {
	/sbin/lvm "$@" --driverloaded n --devicesfile "" --config 'backup { backup=0 archive=0 } devices { filter=["a|^/dev/loop|", "r|.*|"] }'
}
lvm vgcreate machine "$1"
lvm lvcreate --activate n --zero n --wipesignatures n --extents 100%FREE --name root machine
start=$(lvm pvs --noheadings --nosuffix --units b --options pe_start "$1")
echo "$start"
"""


def volume_group(filesystem):
    """A disk with the volume group "machine", whose one volume "root" has that filesystem."""
    disk = distro.path("group.img")
    vm.run("rm", "-f", disk)
    vm.run("truncate", "-s", str(os.path.getsize(filesystem) + (8 << 20)), disk)
    done = subprocess.run(["losetup", "--find", "--show", disk], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if done.returncode:
        raise Skip("LVM wants a block device, and there are no loop devices here")
    loop = done.stdout.decode().strip()
    try:
        start = in_machine(distro.tree("layouts"), "sh", "-ec", MAKE_GROUP, "sh", loop).split()[-1]
    finally:
        vm.run("losetup", "--detach", loop)
    with open(filesystem, "rb") as content, open(disk, "r+b") as out:
        out.seek(int(start))
        shutil.copyfileobj(content, out)
    return disk


def initramfs_tools_lvm():
    """initramfs-tools without cryptsetup: a root on LVM in the volume; dmsetup's rules without latchkey's"""
    disk = layout_disk("lvm", content=volume_group)
    image = initramfs_tools("lvm", f"{CRYPT} {NO_DROPBEAR}", layout_table(disk, "vda5_crypt"), which="layouts")
    names = names_in(image)
    check("/55-dm.rules" in names and "/55-latchkey.rules" not in names, "not dmsetup's rules alone", names)
    boot("lvm", image, "rootfstype=ext4 ro", root="root=/dev/mapper/machine-root", disk=disk, mapping="vda5_crypt")


def lvm_by_dracut(name, modules):
    disk = layout_disk("lvm", content=volume_group)
    words = f"rd.luks.name={vm.run('cryptsetup', 'luksUUID', disk).strip()}=vda5_crypt rd.lvm.lv=machine/root rootfstype=ext4 ro"
    boot(name, dracut(name, modules, which="layouts"), words, root="root=/dev/mapper/machine-root", disk=disk, mapping="vda5_crypt")


def dracut_lvm():
    """dracut without systemd: a root on LVM in the volume"""
    lvm_by_dracut("dracut-lvm", "lvm")


def dracut_systemd_lvm():
    """dracut with systemd: a root on LVM in the volume"""
    lvm_by_dracut("dracut-systemd-lvm", "systemd systemd-initrd dracut-systemd lvm")


def initramfs_tools_btrfs():
    """initramfs-tools with MODULES=most: a root on btrfs"""
    disk = layout_disk("btrfs", "--filesystem", "btrfs", "--size", "128")
    image = initramfs_tools("btrfs", NO_DROPBEAR, layout_table(disk, "root"), (("etc/fstab", "/dev/mapper/root / btrfs defaults 0 0\n"),),
                            "layouts", "most")
    boot("btrfs", image, "rootfstype=btrfs ro", disk=disk)


FRENCH = ("etc/default/keyboard", 'XKBMODEL="pc105"\nXKBLAYOUT="fr"\nXKBVARIANT=""\nXKBOPTIONS=""\n')


def type_french(m):
    """On the keyboard of the machine: the keys have their American names."""
    for letter in distro.PASSPHRASE:
        m.monitor("sendkey " + ({"a": "q", " ": "spc"}.get(letter) or ("shift-" if letter.isdigit() else "") + letter))
        time.sleep(0.3)  # longer than QEMU holds a key
    m.monitor("sendkey ret")


def initramfs_tools_keymap():
    """initramfs-tools without cryptsetup-initramfs: the layout of /etc/default/keyboard is loaded before the prompt"""
    image = initramfs_tools("keymap", f"{CRYPT} {NO_DROPBEAR}", files=(FRENCH,), which="layouts")
    boot("keymap", image, f"console=tty0 console=ttyS0 {SHORT}", add=["-device", "VGA"], answer=type_french)


def dracut_keymap():
    """dracut without systemd: rd.vconsole.keymap= is loaded by the module i18n before the prompt"""
    folder = system("dracut-keymap", ("usr/share/unimaps/none", ""), ("usr/share/consoletrans/none", ""), ("usr/share/consolefonts/none", ""),
                    which="layouts")
    in_system(folder, "sh", "-ec", "mkdir -p /usr/share/keymaps; ckbcomp -layout fr >/usr/share/keymaps/fr.map 2>/dev/null")
    in_system(folder, "dracut", "--force", "--no-hostonly", "--no-hostonly-cmdline", "--kver", version(), "--modules",
              "base rootfs-block udev-rules fs-lib i18n latchkey", "--add-drivers", DISK_MODULES, "/dracut-keymap")
    boot("dracut-keymap", built(folder, "dracut-keymap"), f"{by_name()} rd.vconsole.keymap=fr console=tty0 console=ttyS0 {SHORT}",
         add=["-device", "VGA"], answer=type_french)


def initramfs_tools_dep():
    """initramfs-tools with MODULES=dep: what this machine's own root needs, and what is listed"""
    if not vm.run("findmnt", "-nvo", "SOURCE", "--target", distro.WORK).startswith("/dev/"):
        raise Skip("MODULES=dep wants a root on a block device, and this machine has none")
    folder = system("dep", *initramfs_tools_files(), without=STOCK)
    set_modules(folder, "dep")
    in_machine(folder, "mkinitramfs", "-o", "/dep", version())
    boot("dep", built(folder, "dep"), SHORT)


def initramfs_tools_of(release):
    """With and without cryptsetup-initramfs."""
    boot(release, initramfs_tools(release, STOCK, which=f"{release}-initramfs"), SHORT)
    m = boot(release + "-beside", initramfs_tools(release + "-beside", which=f"{release}-initramfs"), SHORT)
    m.assert_no("Please unlock disk")


def initramfs_tools_debian13():
    """initramfs-tools of Debian 13, with and without cryptsetup-initramfs: a passphrase"""
    initramfs_tools_of("debian13")


def initramfs_tools_unstable():
    """initramfs-tools of Debian unstable, with and without cryptsetup-initramfs: a passphrase"""
    initramfs_tools_of("unstable")


def debian_package():
    """make deb: the packages in a system; its image is made again with latchkey in it and boots; purge brings the old one back"""
    vm.run("env", f"O={vm.O}", os.path.join(vm.TOP, "toolchain/deb"), os.path.basename(vm.BUILT))
    folder = distro.copy("hooks-deb", "var/lib/dpkg var/log", initramfs_tools_files())
    set_modules(folder)
    for place in ("var/lib/dpkg", "var/log"):  # what dpkg writes in place
        vm.run("cp", "-a", os.path.join(distro.tree(), place), os.path.join(folder, os.path.dirname(place)))
    shutil.copy(os.path.join(vm.kernel(), "vmlinuz"), os.path.join(folder, "boot/vmlinuz-" + version()))
    image = os.path.join(folder, "boot/initrd.img-" + version())
    in_system(folder, "update-initramfs", "-c", "-k", version())
    with open(image, "rb") as f:
        before = f.read()
    debs = sorted(os.listdir(os.path.join(vm.O, "deb")))
    for deb in debs:
        shutil.copy(os.path.join(vm.O, "deb", deb), folder)
    said = in_system(folder, "dpkg", "--install", *("/" + deb for deb in debs))
    names = in_system(folder, "lsinitramfs", "/boot/initrd.img-" + version())
    check("usr/sbin/latchkey\n" in names and "scripts/local-top/latchkey\n" in names, "latchkey is not in the new image", said + names)
    check("latchkey-preflight" not in names, "latchkey-preflight is in the image", names)
    new = os.path.join(vm.WORK, "hooks-deb.img")
    shutil.copy(image, new)
    boot("deb", new, SHORT)
    said = in_system(folder, "dpkg", "--purge", "latchkey-initramfs", "latchkey")
    with open(image, "rb") as f:
        check(f.read() == before, "the image is not what it was before", said)
    left = vm.run("find", os.path.join(folder, "usr"), os.path.join(folder, "etc"), "-name", "*latchkey*")
    check(not left, "files are left behind", left)


MKINITCPIO = ("MKINITCPIO", "https://github.com/archlinux/mkinitcpio", "fc8137c5d7b2addbf30a6b7cc776b9db857b368f")  # v41
MKINITFS = ("MKINITFS", "https://github.com/alpinelinux/mkinitfs", "cc4954bc73cf55833b48624232b9c42ca3abc390")  # behind 3.12
PLACEHOLDERS = {"UDEVD_PATH": "/usr/lib/systemd/systemd-udevd", "TMPFILES_PATH": "", "INITCPIO_LIBDIR": "/usr/lib/initcpio",
                "INITCPIO_SYSCONFDIR": "/etc/initcpio", "SYSCONFDIR": "/etc", "BINDIR": "/usr/bin", "VERSION": "41",
                "VCONSOLE_CONF": "/etc/vconsole.conf", "MKINITCPIO_HOOKS": ""}


def install_mkinitcpio(folder):
    """Its files with the placeholders filled in, as its build system would; what Debian has elsewhere is put where it looks."""
    tree = distro.source("mkinitcpio", *MKINITCPIO)
    names = ["mkinitcpio", "lsinitcpio", "functions", "init", "init_functions"]
    names += [os.path.join(d, n) for d in ("install", "hooks") for n in os.listdir(os.path.join(tree, d))]
    for name in names:
        with open(os.path.join(tree, name), encoding="utf-8") as f:
            text = re.sub("@([A-Z_]+)@", lambda m: PLACEHOLDERS.get(m[1], m[0]), f.read())
        distro.put(folder, ("usr/bin/" if name.endswith("initcpio") else "usr/lib/initcpio/") + name, text, 0o755)
    shutil.copy(os.path.join(folder, "bin/busybox"), os.path.join(folder, "usr/lib/initcpio/busybox"))
    vm.run("cp", "-aln", os.path.join(folder, "usr/sbin/."), os.path.join(folder, "usr/bin"))
    for name in ("libkmod.so.2", "libgcc_s.so.1", "ossl-modules"):
        os.symlink("x86_64-linux-gnu/" + name, os.path.join(folder, "usr/lib", name))
    rules = os.path.join(folder, "usr/lib/udev/rules.d")
    for name, there in (("10-dm.rules", "55-dm.rules"), ("13-dm-disk.rules", "60-persistent-storage-dm.rules")):
        os.link(os.path.join(rules, there), os.path.join(rules, name))
    distro.put(folder, "etc/udev/hwdb.bin", "")
    os.makedirs(os.path.join(folder, "etc/initcpio/hooks"))
    os.makedirs(os.path.join(folder, "etc/initcpio/install"))


@vm.once
def mkinitcpio_system():
    folder = system("mkinitcpio", options=("WITH_MKINITCPIO=yes",))
    install_mkinitcpio(folder)
    return folder


@vm.once
def mkinitcpio(name, hooks, *files, incomplete=False):
    """Debian lacks some of what the systemd variant looks for: an image that is incomplete for its builder is one all the same."""
    folder = mkinitcpio_system()
    with vm.FIXTURES:
        distro.put(folder, "etc/mkinitcpio.conf", f"MODULES=({DISK_MODULES} virtio_scsi sd_mod vfat nls_cp437 nls_ascii)\n"
                   f"BINARIES=()\nFILES=({' '.join('/' + f[0] for f in files)})\nCOMPRESSION=gzip\nHOOKS=({hooks})\n")
        for file in files:
            distro.put(folder, *file)
        # It wants /proc and /dev; they go with the namespace.
        said = vm.run("unshare", "-m", "sh", "-ec", 'mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; shift; exec chroot "$@"',
                      "sh", folder, folder, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "sh", "-c",
                      f"mkinitcpio -k {version()} -g /{name} || {'true' if incomplete else 'exit'}")
        for file in files:
            os.unlink(os.path.join(folder, file[0]))
        if any(f[0] == "etc/crypttab.initramfs" for f in files):  # this machine has no such volume
            check("latchkey: problem: root: " in said and "not in the image" not in said, "latchkey-preflight said something else", said)
    return built(folder, name)


BUSYBOX_HOOKS = "base udev block latchkey filesystems"


def by_cryptdevice():
    return f"cryptdevice=UUID={distro.uuid()}:root"


def mkinitcpio_busybox():
    """mkinitcpio: cryptdevice= and a passphrase"""
    boot("mkinitcpio", mkinitcpio("mkinitcpio", BUSYBOX_HOOKS), f"{by_cryptdevice()} {SHORT}")


def mkinitcpio_stick():
    """mkinitcpio: a key stick, root= by the UUID of the filesystem"""
    boot("mkinitcpio-stick", mkinitcpio("mkinitcpio", BUSYBOX_HOOKS), f"{by_cryptdevice()} {SHORT}", passphrase=False, add=stick(),
         root=f"root=UUID={distro.filesystem_uuid()}")


def mkinitcpio_cryptkey():
    """mkinitcpio: crypttab.initramfs, and a key file in the image that cryptkey= names"""
    with open(distro.key_file(), "rb") as f:
        key = f.read()
    image = mkinitcpio("mkinitcpio-key", BUSYBOX_HOOKS, ("etc/crypttab.initramfs", f"root UUID={distro.uuid()} none luks\n"),
                       ("etc/root.key", key, 0o600))
    boot("mkinitcpio-cryptkey", image, f"{by_cryptdevice()} cryptkey=rootfs:/etc/root.key {SHORT}", passphrase=False)
    boot("mkinitcpio-crypttab", image, SHORT)


def mkinitcpio_beside():
    """mkinitcpio with encrypt behind latchkey: asked once, by latchkey; encrypt skips what is open"""
    m = boot("mkinitcpio-beside", mkinitcpio("mkinitcpio-beside", "base udev block latchkey encrypt filesystems"),
             f"{by_cryptdevice()} {SHORT}")
    m.assert_no("A password is required")
    check(m.count("already exists, not doing any crypt setup"), "encrypt did not skip it", m.text)  # its own words


def mkinitcpio_systemd():
    """mkinitcpio with systemd in its image: rd.luks.name= and a passphrase"""
    image = mkinitcpio("mkinitcpio-systemd", "base systemd block latchkey filesystems", incomplete=True)
    boot("mkinitcpio-systemd", image, f"{by_name()} {SHORT}")


def mkinitcpio_figures():
    """mkinitcpio: size and seconds compared with its own encrypt hook"""
    words = f"{by_cryptdevice()} {SHORT}"
    compare("mkinitcpio", mkinitcpio("mkinitcpio", BUSYBOX_HOOKS), words,
            mkinitcpio("mkinitcpio-stock", "base udev block encrypt filesystems"), words)


@vm.once
def alpine():
    """A folder with what an Alpine system has for its initramfs; mkinitfs's own sources, programs of this machine."""
    tree = distro.source("mkinitfs", *MKINITFS)
    if not shutil.which("pkg-config") or subprocess.run(["pkg-config", "--exists", "libkmod", "blkid", "libcryptsetup"], check=False).returncode:
        raise Skip("nlplug-findfs cannot be built without libkmod-dev, libblkid-dev, libcryptsetup-dev (toolchain/setup hooks installs them)")
    base = distro.path("alpine")
    vm.run("rm", "-rf", base)
    findfs = os.path.join(vm.WORK, "nlplug-findfs")
    # Alpine's C library has strlcpy, this machine's may not; and here pthread_cond_destroy would wait indefinitely for a thread
    # that nlplug-findfs leaves waiting at its end.
    vm.run("sh", "-ec", 'cc -w -D_GNU_SOURCE -Dpthread_cond_destroy=pthread_cond_broadcast "-Dstrlcpy(to,from,size)=snprintf(to,size,from)" -o "$2" "$1/nlplug-findfs/nlplug-findfs.c" $(pkg-config --cflags --libs libkmod blkid libcryptsetup) -lpthread',
           "sh", tree, findfs)
    for folder in ("bin", "sbin", "lib", "etc/mkinitfs/features.d", "usr/share/mkinitfs", "usr/sbin"):
        os.makedirs(os.path.join(base, folder))
    shutil.copy(shutil.which("busybox"), os.path.join(base, "bin/busybox"))
    for link in ("bin/sh", "sbin/modprobe", "sbin/mdev"):
        os.symlink("/bin/busybox", os.path.join(base, link))
    shutil.copy(findfs, os.path.join(base, "sbin/nlplug-findfs"))
    for line in vm.run("ldd", findfs).splitlines():
        library = re.search(r"(/\S+) \(0x", line)
        if library:
            target = os.path.join(base, library[1].lstrip("/"))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(library[1], target)
    vm.run("cp", "-a", os.path.join(vm.kernel(), "lib/modules"), os.path.join(base, "lib"))
    vm.run("sh", "-ec", 'cp "$1"/features.d/* "$2/etc/mkinitfs/features.d/"; cp "$1"/fstab "$1"/passwd "$1"/group "$2/usr/share/mkinitfs/"; '
           'sed s/@VERSION@/test/ "$1/initramfs-init.in" >"$2/usr/share/mkinitfs/initramfs-init"', "sh", tree, base)
    with open(os.path.join(base, "etc/mkinitfs/mkinitfs.conf"), "w", encoding="ascii") as f:
        f.write(f"init={base}/usr/lib/latchkey/alpine/init\n")
    vm.run("make", "-s", "-C", vm.TOP, f"O={vm.O}", f"DESTDIR={base}", "PREFIX=/usr", "TOKENDIR=/lib/latchkey/token", "install-files")
    return base


# Alpine's own is a shell script; Debian's is another program. The folder has no library that the image shall not have.
LDDTREE = """#!/bin/sh
root=$2
shift 4
printf '%s\\n' "$@"
find "$root" -name '*.so*' ! -path '*/modules/*'
"""


def alpine_image(name, features):
    base = alpine()
    script = distro.path("mkinitfs")
    vm.run("sh", "-ec", 'sed -e s/@VERSION@/test/ -e "s,@sysconfdir@,$2/etc/mkinitfs," -e "s,@datadir@,$2/usr/share/mkinitfs," "$1" >"$3"',
           "sh", os.path.join(distro.source("mkinitfs", *MKINITFS), "mkinitfs.in"), base, script)
    distro.put(distro.WORK, "alpine-tools/lddtree", LDDTREE, 0o755)
    vm.run("env", f"PATH={distro.path('alpine-tools')}:{os.environ['PATH']}", "sh", script, "-q", "-b", base, "-c", f"{base}/etc/mkinitfs/mkinitfs.conf", "-P", f"{base}/etc/mkinitfs/features.d",
           "-F", features, "-o", f"{base}/{name}", version())
    return built(base, name)


ALPINE_WORDS = f"cryptroot=UUID={{}} cryptdm=root modules=virtio_pci,virtio_blk,ext4 {SHORT}"


def alpine_mkinitfs():
    """Alpine's mkinitfs and init: cryptroot= and a passphrase, latchkey in nlplug-findfs's place"""
    boot("alpine", alpine_image("alpine", "base ext4 virtio scsi latchkey"), ALPINE_WORDS.format(distro.uuid()))


def alpine_tokens():
    """Alpine's mkinitfs and init: programs for tokens start as their user; a TPM and a tang server open the root"""
    image = alpine_image("alpine-tokens", "base ext4 virtio scsi latchkey latchkey-token")
    words = "root=/dev/mapper/root " + ALPINE_WORDS.format(distro.uuid()).replace("virtio_blk,", "virtio_blk,virtio_net,")
    with tokens.Tpm() as chip:
        for kind, number, args in (("systemd-tpm2", 1, chip.args("tpm-tis")), ("clevis", 2, tokens.NIC)):
            with VM("hooks-alpine-" + kind, image, words, [token_disk()], memory=512, limit=LIMIT, args=args) as m:
                m.expect(rf"root is open with token {number} \({kind}\)")
                m.expect("root: witness " + distro.WITNESS)
                m.wait_off()


# --- tokens ------------------------------------------------------------------------------------------------------------------

FULL = ["--full"]  # the kernel with USB


@vm.once
def token_disk():
    """The root's disk with a token of a security key, one of a TPM, and one of a tang server that answers until the end."""
    server = tokens.Tang().start()
    atexit.register(server.close)
    disk = distro.path("tokens.img")
    vm.run("cp", "--sparse=always", distro.root_disk(), disk)
    with tempfile.TemporaryDirectory() as work:
        for number, name in ((6, "fido2-262-nopin"), (7, "tpm2-262-default")):
            tokens.add_token(disk, number, json.loads(tokens.sample(name, "json")), tokens.sample(name, "passphrase").encode(),
                             distro.PASSPHRASE.encode(), work)
        key = os.path.join(work, "passphrase")
        with open(key, "w") as f:
            f.write(distro.PASSPHRASE)
        vm.run("clevis", "luks", "bind", "-y", "-d", disk, "-k", key, "tang", json.dumps(server.pin()))
    return disk


@vm.once
def token_system(name, *files, without="", which="tree", options=()):
    """A system in which /dev/vda is that disk, with the kernel that has USB."""
    table = "root /dev/vda none luks,x-initrd.attach\n"
    folder = system(name, *initramfs_tools_files(table), *files, without=without, which=which, options=options)
    if os.path.exists(os.path.join(folder, "etc/initramfs-tools/initramfs.conf")):
        set_modules(folder)
    vm.run("rm", "-rf", os.path.join(folder, "usr/lib/modules"))
    vm.run("cp", "-al", os.path.join(vm.kernel(*FULL), "lib/modules"), os.path.join(folder, "usr/lib/modules"))
    vm.run("cp", "-a", *glob.glob(os.path.join(vm.kernel(*FULL), "boot/config-*")), os.path.join(folder, "boot"))
    os.link(token_disk(), os.path.join(folder, "dev/vda"))
    return folder


def opens_with_tokens(name, image, words, names=None):
    """The image has the programs and drivers that the volume's tokens need, and each key opens the root."""
    names = names or names_in(image)
    for file in ("lib/latchkey/token/systemd-fido2", "lib/latchkey/token/systemd-tpm2", "lib/latchkey/token/clevis", "lib/latchkey/network",
                 "/usbhid.ko", "/hid-generic.ko", "/virtio_net.ko"):  # the kernel itself has the usual TPMs
        check(file in names, f"{file} is not in the image", names)
    with tokens.Stick("nopin", "--touch-after", "2") as stick, tokens.Tpm() as chip:
        for kind, number, args in (("systemd-fido2", 0, [*tokens.XHCI, *stick.args()]), ("systemd-tpm2", 1, chip.args("tpm-tis")),
                                   ("clevis", 2, tokens.NIC)):
            with VM(f"hooks-{name}-{kind}", image, f"root=/dev/mapper/root {words}", [token_disk()], memory=512, limit=LIMIT, args=args,
                    kernel_options=FULL) as m:
                m.expect(rf"root is open with token {number} \({kind}\)")
                m.expect("root: witness " + distro.WITNESS)
                m.wait_off()


def tokens_by_dracut(name, which="tree"):
    folder = token_system(name, which=which)
    in_system(folder, "dracut", "--force", "--no-hostonly", "--no-hostonly-cmdline", "--kver", version(*FULL),
              "--modules", "base kernel-modules-extra rootfs-block udev-rules fs-lib latchkey", "--add-drivers", DISK_MODULES + " xhci_pci ext4", "/" + name)
    opens_with_tokens(name, built(folder, name), f"{by_name()} {SHORT}")


def dracut_tokens():
    """dracut: the programs and drivers for the volume's tokens; a security key, a TPM and a tang server open the root"""
    tokens_by_dracut("dracut-tokens")


def dracut_tokens_debian13():
    """dracut of Debian 13: the same"""
    tokens_by_dracut("dracut-tokens-debian13", "debian13-dracut")


def initramfs_tools_tokens():
    """initramfs-tools: the programs and drivers for the volume's tokens; a security key and a TPM open the root"""
    folder = token_system("initramfs-tools-tokens", ("etc/initramfs-tools/modules", DISK_MODULES.replace(" ", "\n") + "\nxhci_pci\next4\n"), without=STOCK)
    # a network card: the hook adds its driver
    for path in ("class/net/eth0", "devices/card/driver", "module/virtio_net"):
        os.makedirs(os.path.join(folder, "sys", path), exist_ok=True)
    for path, to in (("class/net/eth0/device", "devices/card"), ("devices/card/driver/module", "module/virtio_net")):
        os.symlink("/sys/" + to, os.path.join(folder, "sys", path))
    in_system(folder, "mkinitramfs", "-o", "/initramfs-tools-tokens", version(*FULL))
    opens_with_tokens("initramfs-tools-tokens", built(folder, "initramfs-tools-tokens"), SHORT)


def tokens_figures():
    """dracut: the size of an image with each token compared with its own modules for libfido2 and tpm2-tss"""
    sizes = {}
    for what, token in (("no token", None), ("fido2", "fido2-262-nopin"), ("tpm2", "tpm2-262-default")):
        disk = distro.path("figures.img")
        vm.run("cp", "--sparse=always", distro.root_disk(), disk)
        if token:
            with tempfile.TemporaryDirectory() as work:
                tokens.add_token(disk, 6, json.loads(tokens.sample(token, "json")), tokens.sample(token, "passphrase").encode(),
                                 distro.PASSPHRASE.encode(), work)
        for whose, crypt in (("latchkey", "latchkey"), ("stock", {"fido2": "crypt dm fido2", "tpm2": "crypt dm tpm2-tss"}.get(what, "crypt dm"))):
            folder = system(f"figures-{whose}", ("etc/crypttab", "root /dev/vda none luks,x-initrd.attach\n"), which="layouts")
            if os.path.exists(os.path.join(folder, "dev/vda")):
                os.unlink(os.path.join(folder, "dev/vda"))
            os.link(disk, os.path.join(folder, "dev/vda"))
            in_system(folder, "dracut", "--force", "--no-hostonly", "--no-hostonly-cmdline", "--kver", version(), "--modules",
                      f"base kernel-modules-extra rootfs-block udev-rules fs-lib systemd systemd-initrd dracut-systemd {crypt}",
                      "--add-drivers", DISK_MODULES, "/figures")
            sizes[whose, what] = os.path.getsize(built(folder, "figures"))
        os.unlink(disk)
    for what in ("fido2", "tpm2"):
        more = [sizes[whose, what] - sizes[whose, "no token"] for whose in ("latchkey", "stock")]
        print(f"# {what}: latchkey: image {sizes['latchkey', what]} bytes, {more[0]} for the token; "
              f"stock: {sizes['stock', what]} bytes, {more[1]} for the token", flush=True)


def mkinitcpio_tokens():
    """mkinitcpio's hook: the programs and drivers for the volume's tokens"""
    with open(os.path.join(vm.TOP, "initramfs/mkinitcpio/install/latchkey"), encoding="utf-8") as f:
        folder = token_system("mkinitcpio-tokens", ("etc/crypttab.initramfs", "root /dev/vda none luks\n"), ("hook", f.read()))
    said = in_system(folder, "bash", "-c", """
        for call in add_module add_all_modules add_checked_modules add_binary add_file add_runscript; do eval "$call() { echo $call \\"\\$@\\"; }"; done
        . /hook
        build""")
    for name in ("token/systemd-fido2", "token/systemd-tpm2", "token/clevis", "network"):
        check(f"add_binary /lib/latchkey/{name} /usr/lib/latchkey/{name}\n" in said, "no program " + name, said)
    check("add_checked_modules /drivers/net/\n" in said, "no drivers of network cards", said)
    for name in ("usbhid", "hid_generic", "tpm_tis", "tpm_crb"):
        check(f"add_module {name}?\n" in said, "no driver " + name, said)


# It wants /proc and /dev; they go with the namespace.
MKINITCPIO_WITH_DISK = """
folder=$1
mount -t proc proc "$folder/proc"
mount -t tmpfs dev "$folder/dev"
cp -a /dev/null /dev/zero /dev/urandom /dev/fd "$folder/dev"
: >"$folder/dev/vda"
mount --bind "$2" "$folder/dev/vda"
exec chroot "$folder" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin mkinitcpio -k "$3" -g "/$4"
"""


def mkinitcpio_opens():
    """mkinitcpio: a security key, a TPM and a tang server open the root"""
    name = "mkinitcpio-opens"
    conf = f"MODULES=({DISK_MODULES} xhci_pci virtio_net ext4)\nBINARIES=()\nFILES=()\nCOMPRESSION=gzip\nHOOKS=({BUSYBOX_HOOKS})\n"
    folder = token_system(name, ("etc/crypttab.initramfs", "root /dev/vda none luks\n"), ("etc/mkinitcpio.conf", conf), options=("WITH_MKINITCPIO=yes",))
    install_mkinitcpio(folder)
    vm.run("unshare", "-m", "sh", "-ec", MKINITCPIO_WITH_DISK, "sh", folder, token_disk(), version(*FULL), name)
    names = in_system(folder, "lsinitcpio", "/" + name)
    opens_with_tokens(name, built(folder, name), SHORT, names)


# --- a boot that fails, and the builder's shell -------------------------------------------------------------------------------


def unfit(code):
    """The root's disk such that latchkey ends with this code."""
    out = distro.path(f"unfit-{code}.img")
    vm.run("cp", "--sparse=always", distro.root_disk(), out)
    if code == 6:
        vm.run(os.path.join(vm.HERE, "make-disk"), "--damage", "both", out)
    else:
        luks2edit.edit(out, lambda header: header["config"].update(requirements={"mandatory": ["nobody-knows-this"]}))
    return out


def shell_is_closed(name, image, words, closed, shell, asks=None):
    """
    With @closed it ends without a shell, whichever way latchkey fails; without it this test finds one. @asks: the builder's own
    program, which is called next, asks five times for a passphrase if it can read the header.
    """
    failing = f"latchkey.device=/dev/vda latchkey.options=no-stick root=/dev/mapper/root {words} {SHORT}"
    for code, more in ((6, closed), (7, closed), (6, "")):
        with VM(f"hooks-{name}-shell", image, f"{failing} {more}", [unfit(code)], memory=512, limit=LIMIT,
                kernel_words="loglevel=4 no_timer_check") as m:
            m.expect(f"latchkey ended with code {code}")
            for _ in range(5 if asks and code == 7 else 0):
                m.expect(asks)
                m.send("guess\n")
            if more:
                m.wait_off()
                m.assert_no(shell)
            else:
                m.expect(shell)
                m.send("echo $((6 * 7))-answers\n")
                m.expect("42-answers")


def initramfs_tools_shell():
    """initramfs-tools: panic= keeps a boot that fails from its shell"""
    shell_is_closed("initramfs-tools", initramfs_tools("initramfs-tools", STOCK), "rootdelay=3", "panic=1", r"\(initramfs\) ")


def dracut_shell():
    """dracut: rd.shell=0 does"""
    shell_is_closed("dracut", dracut("dracut", ""), "rd.retry=3 rd.timeout=3", "rd.shell=0 rd.emergency=reboot panic=1", r"(dracut|sh-\S*):?[^\n]*# ")


def mkinitcpio_shell():
    """mkinitcpio: panic= does, by latchkey's hook"""
    shell_is_closed("mkinitcpio", mkinitcpio("mkinitcpio", BUSYBOX_HOOKS), "rootdelay=3", "panic=1", r"\[rootfs \S*\]# ")


def alpine_shell():
    """Alpine: panic= does"""
    shell_is_closed("alpine", alpine_image("alpine", "base ext4 virtio scsi latchkey"), "cryptroot=/dev/vda cryptdm=root modules=virtio_pci,virtio_blk,ext4",
                    "panic=1", r"[/~] # ", "Enter passphrase for /dev/vda: ")


if __name__ == "__main__":
    lack = distro.missing()
    if lack:
        print(f"1..0 # SKIP {lack}")
        sys.exit(0)
    every = [dracut_hostonly, dracut_initqueue, initramfs_tools_alone]
    if len(sys.argv) > 1 or os.environ.get("HOOKS") == "all":  # make check-hooks
        every += [dracut_systemd, dracut_beside, dracut_systemd_beside, dracut_stick, dracut_systemd_stick, dracut_tokens, dracut_tokens_debian13, initramfs_tools_tokens, mkinitcpio_tokens, mkinitcpio_opens, dracut_shell, initramfs_tools_shell, mkinitcpio_shell,
                  dracut_debian13, dracut_debian13_systemd, dracut_unstable, dracut_unstable_systemd, initramfs_tools_stick, initramfs_tools_beside,
                  initramfs_tools_preflight, initramfs_tools_remote, initramfs_tools_dropbear, dracut_lvm, dracut_systemd_lvm,
                  initramfs_tools_lvm, initramfs_tools_btrfs, initramfs_tools_keymap, dracut_keymap, initramfs_tools_dep,
                  initramfs_tools_debian13, initramfs_tools_unstable, initramfs_tools_hibernation, debian_package, mkinitcpio_busybox, mkinitcpio_stick, mkinitcpio_cryptkey,
                  mkinitcpio_beside, mkinitcpio_systemd, alpine_mkinitfs, alpine_tokens, alpine_shell]
    failed = vm.suite(every)
    if len(sys.argv) > 1 or os.environ.get("HOOKS") == "all":  # with the machine to themselves
        failed |= vm.suite([dracut_figures, initramfs_tools_figures, mkinitcpio_figures, tokens_figures], jobs=1)
    sys.exit(failed)
