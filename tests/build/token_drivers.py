#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""initramfs/common/token-drivers prints what drives a machine's TPM, security keys and network cards, and what they are connected to;
mkimage and the hooks use it. What else token programs need of an image."""
import os
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT = os.path.join(TOP, "initramfs", "common", "token-drivers")


def system(folder, classes, drivers):
    """A /sys with these class devices (class: path of its device) and drivers (path of a device: its module, None for one that is built in)."""
    for path, module in drivers.items():
        at = os.path.join(folder, "devices", path, "driver")
        os.makedirs(at)
        if module:
            os.makedirs(os.path.join(folder, "module", module), exist_ok=True)
            os.symlink(os.path.join(folder, "module", module), os.path.join(at, "module"))
    for name, path in classes.items():
        name, _, link = name.partition(":")
        os.makedirs(os.path.join(folder, "class", name), exist_ok=True)
        os.symlink(os.path.join(folder, "devices", path), os.path.join(folder, "class", name, link or "device"))


def prints(kind, classes, drivers, wanted):
    with tempfile.TemporaryDirectory() as folder:
        system(folder, classes, drivers)
        done = subprocess.run(["sh", SCRIPT, kind, folder], capture_output=True, text=True, check=False)
    complaint = done.stderr or (f"status {done.returncode}" if done.returncode else "")
    return complaint or ("" if done.stdout.split() == wanted else f"{done.stdout.split()}, not {wanted}")


ROWS = [
    ("without devices the usual drivers are missing", "systemd-tpm2", {}, {}, ["tpm_crb", "tpm_tis"]),
    ("of security keys, too", "systemd-fido2", {}, {}, ["hid_generic", "usbhid"]),
    ("another token has drivers", "another", {"tpm/tpm0": "a"}, {"a": "tpm_tis"}, []),
    ("the driver of a TPM on SPI or that of its bus is missing", "systemd-tpm2", {"tpm/tpm0": "platform/soc/spi0/spi0.1"},
     {"platform/soc/spi0/spi0.1": "tpm_tis_spi", "platform/soc/spi0": "spi_bcm2835", "platform/soc": None}, ["spi_bcm2835", "tpm_crb", "tpm_tis", "tpm_tis_spi"]),
    ("the driver of a key, its controller, or of a second one is missing", "systemd-fido2",
     {"hidraw/hidraw0": "pci/usb1/1-1/0003:1", "hidraw/hidraw3": "pci/usb1/1-2/0003:2"},
     {"pci/usb1/1-1/0003:1": "hid_generic", "pci/usb1/1-2/0003:2": "hid_logitech", "pci/usb1/1-1": "usbhid", "pci": "xhci_pci"},
     ["hid_generic", "hid_logitech", "usbhid", "xhci_pci"]),
    ("the driver of a network card, its bus or its PHY is missing", "clevis",
     {"net/eth0": "pci/virtio0", "net/eth1": "soc/mac", "net/eth1:phydev": "soc/mdio/phy"},
     {"pci/virtio0": "virtio_net", "pci": "virtio_pci", "soc/mac": "stmmac", "soc/mdio/phy": "realtek"},
     ["realtek", "stmmac", "virtio_net", "virtio_pci"]),
]

STUBS = {"uname": "echo 6.0-here", "modprobe": """for name; do :; done
case $name in tpm_tis_spi) echo "insmod $ROOT/lib/modules/6.0-here/tpm_tis_spi.ko" ;; dm_crypt) ;; *) exit 1 ;; esac""",
         "common/token-drivers": "[ \"$1\" != systemd-tpm2 ] || echo tpm_tis_spi"}


def mkimage_adds(version, wanted):
    """With stubs of the list, of modprobe, and of uname, for which the kernel is 6.0-here."""
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "common"))
        os.makedirs(os.path.join(folder, "lib/modules", version))
        for name, text in {**STUBS, "init": "", "systemd-tpm2": "", f"lib/modules/{version}/tpm_tis_spi.ko": ""}.items():
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(f"#!/bin/sh\n{text}\n")
            os.chmod(file.name, 0o755)
        shutil.copy(os.path.join(TOP, "initramfs", "mkimage"), folder)
        done = subprocess.run([os.path.join(folder, "mkimage"), "--modules-root", folder, "--kernel", version, "--modules", "dm_crypt", "--keymap", "none",
                               "--token", "systemd-tpm2", "--token-programs", folder, "-o", os.path.join(folder, "image")], capture_output=True,
                              text=True, check=False, env=dict(os.environ, ROOT=folder, PATH=folder + ":" + os.environ["PATH"]))
    complaint = done.stderr or (f"status {done.returncode}" if done.returncode else "")
    return complaint or ("" if ("/tpm_tis_spi.ko" in done.stdout) == wanted else done.stdout)


def dracut_without_network():
    """The drivers of network cards for clevis, without dracut's own module for them: cards of PCs and of virtual machines."""
    script = """. "$0"
latchkey_tokens() { echo clevis; }
latchkey_has_network_module() { return 1; }
latchkey_ciphers() { return 1; }
instmods() { [[ $1 ]] && echo "$*" || echo "a list from the input"; }
hostonly=''
installkernel"""
    done = subprocess.run(["bash", "-c", script, os.path.join(TOP, "initramfs/dracut/90latchkey/module-setup.sh")], capture_output=True, text=True, check=False)
    lacking = {"=drivers/net/ethernet", "=drivers/net/phy", "=drivers/net/usb", "=drivers/net/hyperv", "virtio_net", "vmxnet3", "xen-netfront"} - set(done.stdout.split())
    return f"lacks {sorted(lacking)}: {done.stdout}{done.stderr}" if lacking or "input" in done.stdout else ""


def initramfs_tools_folders():
    """The hook, with stubs of initramfs-tools' functions and of latchkey, under the umask that dropbear-initramfs sets."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(TOP, "initramfs/initramfs-tools/hooks/latchkey"), encoding="ascii") as file:
            hook = file.read().replace("/usr/share/initramfs-tools/hook-functions", folder + "/functions")
        for name, text in {"hook": hook, "latchkey": "#!/bin/sh\nexit 1\n", "functions": "copy_exec() { :; }\nmanual_add_modules() { :; }\n"
                           "copy_modules_dir() { :; }\ncopy_file() { :; }\n"}.items():
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(text)
            os.chmod(file.name, 0o755)
        image = os.path.join(folder, "image")
        script = 'umask 077; mkdir -p "$DESTDIR/usr/lib/latchkey/token" "$DESTDIR/usr/bin"; ln -s usr/lib usr/bin "$DESTDIR/"; sh "$0"'
        subprocess.run(["sh", "-c", script, os.path.join(folder, "hook")], capture_output=True, check=False,
                       env=dict(os.environ, PATH=folder + ":" + os.environ["PATH"], DESTDIR=image, MODULES="list", MODULESDIR=folder, version="6.0-here"))
        folders = ("usr", "usr/bin", "usr/lib", "lib/latchkey", "lib/latchkey/token", "etc")
        return " ".join(f for f in folders if os.stat(os.path.join(image, f)).st_mode & 0o011 != 0o011)


def alpine_folders():
    """Alpine's process 1, in an image whose root is closed to others; it ends where Alpine's own init is missing."""
    with tempfile.TemporaryDirectory() as image:
        os.makedirs(os.path.join(image, "lib/latchkey/token"))
        os.makedirs(os.path.join(image, "bin"))
        shutil.copy(os.path.join(TOP, "initramfs/alpine/init"), image)
        shutil.copy(shutil.which("busybox"), os.path.join(image, "bin"))
        as_root = [] if not os.geteuid() else ["unshare", "-r"]
        done = subprocess.run([*as_root, "chroot", image, "/bin/busybox", "sh", "/init"], capture_output=True, text=True, check=False)
        closed = [f for f in (".", "lib/latchkey/token") if os.stat(os.path.join(image, f)).st_mode & 0o011 != 0o011]
        return "" if not closed and "initramfs-init" in done.stderr else f"{closed} {done.stderr}"


ROWS = [(name, prints, *row) for name, *row in ROWS] + [
    ("mkimage leaves out the driver of this machine's TPM", mkimage_adds, "6.0-here", True),
    ("mkimage adds it for another kernel", mkimage_adds, "6.0-there", False),
    ("programs for tokens cannot be started, or cannot read resolv.conf, in an image of initramfs-tools with UMASK=0077", initramfs_tools_folders),
    ("programs for tokens cannot be started in an image of Alpine", alpine_folders),
    ("dracut's module without dracut-network leaves out network cards", dracut_without_network),
]
print(f"1..{len(ROWS)}")
failed = 0
for number, (name, check, *row) in enumerate(ROWS, 1):
    said = check(*row)
    failed += bool(said)
    print(f"# {said}\n" if said else "", f"{'not ok' if said else 'ok'} {number} - {name}", sep="", flush=True)
sys.exit(1 if failed else 0)
