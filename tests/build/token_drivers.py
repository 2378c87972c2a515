#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""initramfs/common/token-drivers prints what drives a machine's TPM and security keys, and what they are connected to."""
import os
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
        os.makedirs(os.path.join(folder, "class", name))
        os.symlink(os.path.join(folder, "devices", path), os.path.join(folder, "class", name, "device"))


def prints(kind, classes, drivers, wanted):
    with tempfile.TemporaryDirectory() as folder:
        system(folder, classes, drivers)
        done = subprocess.run(["sh", SCRIPT, kind, folder], capture_output=True, text=True, check=False)
    complaint = done.stderr or (f"status {done.returncode}" if done.returncode else "")
    return complaint or ("" if done.stdout.split() == wanted else f"{done.stdout.split()}, not {wanted}")


ROWS = [
    ("without devices the usual drivers are missing", "systemd-tpm2", {}, {}, ["tpm_crb", "tpm_tis"]),
    ("of security keys, too", "systemd-fido2", {}, {}, ["hid_generic", "usbhid"]),
    ("another token has drivers", "clevis", {"tpm/tpm0": "a"}, {"a": "tpm_tis"}, []),
    ("the driver of a TPM on SPI or that of its bus is missing", "systemd-tpm2", {"tpm/tpm0": "platform/soc/spi0/spi0.1"},
     {"platform/soc/spi0/spi0.1": "tpm_tis_spi", "platform/soc/spi0": "spi_bcm2835", "platform/soc": None}, ["spi_bcm2835", "tpm_crb", "tpm_tis", "tpm_tis_spi"]),
    ("the driver of a key, its controller, or of a second one is missing", "systemd-fido2",
     {"hidraw/hidraw0": "pci/usb1/1-1/0003:1", "hidraw/hidraw3": "pci/usb1/1-2/0003:2"},
     {"pci/usb1/1-1/0003:1": "hid_generic", "pci/usb1/1-2/0003:2": "hid_logitech", "pci/usb1/1-1": "usbhid", "pci": "xhci_pci"},
     ["hid_generic", "hid_logitech", "usbhid", "xhci_pci"]),
]

print(f"1..{len(ROWS)}")
failed = 0
for number, (name, *row) in enumerate(ROWS, 1):
    said = prints(*row)
    failed += bool(said)
    print(f"# {said}\n" if said else "", f"{'not ok' if said else 'ok'} {number} - {name}", sep="", flush=True)
sys.exit(1 if failed else 0)
