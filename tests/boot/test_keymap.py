#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Type passphrases on the virtual machine's keyboard, key by key, under the layouts that mkimage puts into the image.

Arguments choose tests by the names of their functions. The screen is a VGA; what the machine says is read on its serial line.
"""
import os
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import vm
from vm import VM, Failure

# The serial line is /dev/console; latchkey prompts on both.
KERNEL_WORDS = "console=tty0 console=ttyS0 loglevel=4 panic=-1"
# A passphrase, and the keys of a PC for it, by the names that they have on an American keyboard.
AZERTY = "Aqzw12 é@êà", "shift-q a w z shift-1 shift-2 spc 2 alt_r-0 bracket_left e 0"
QWERTZ = "Zyß{ü", "shift-y z minus alt_r-7 bracket_left"
COMPOSED = "ŝê", "bracket_left s bracket_left e"
AMERICAN = "qwerty;", "q w e r t y semicolon"


@vm.once
def disk(passphrase):
    return vm.make_disk("keymap-" + passphrase.encode().hex(), "--init", vm.compile_static("root_init"), "--passphrase",
                        passphrase, "--memory", "8192", "--witness", "read on the root")


@vm.once
def image(*keymaps):
    name = "keymap-" + "-".join(os.path.basename(name) for name in keymaps)
    broken = os.path.join(vm.WORK, "broken-keymap")
    with open(broken, "wb") as f:
        f.write(b"bkeymap" + bytes([1]) * 256)
    return vm.make_image(name, "--add", f"{broken}:/etc/keymaps/broken",
                         *(word for keymap in keymaps for word in ("--keymap", keymap)))


def opens(name, typed, prompt, words, *keymaps, said=None):
    passphrase, keys = typed
    with VM("keymap-" + name, image(*keymaps), "latchkey.device=/dev/vda " + words, [disk(passphrase)],
            args=["-device", "VGA"], kernel_words=KERNEL_WORDS) as m:
        if said:
            m.expect(said)
        m.expect(r"Enter passphrase for root \(/dev/vda\)" + prompt + ": ")
        for key in keys.split() + ["ret"]:
            m.monitor("sendkey " + key)
            time.sleep(0.3)  # longer than QEMU holds a key
        m.expect("root: witness read on the root")
        m.wait_off()


def default():
    """a passphrase of letters, accents, dead keys and AltGr opens the root under the image's keymap; the prompt names it"""
    opens("fr", AZERTY, ", keymap fr", "quiet", "fr", "de:nodeadkeys")


def chosen():
    """vconsole.keymap= chooses another keymap of the image"""
    opens("de", QWERTZ, ", keymap de:nodeadkeys", "vconsole.keymap=de:nodeadkeys", "fr", "de:nodeadkeys")


def utf8_off():
    """a keymap works on a console that the kernel did not start in UTF-8 mode"""
    opens("utf8", AZERTY, ", keymap fr", "vt.default_utf8=0 keymap=fr", "fr", "de:nodeadkeys")


def composed():
    """a keymap's own compose sequences replace the kernel's, which know Latin-1 only"""
    path = os.path.join(vm.WORK, "composing.map.gz")
    text = subprocess.run(["ckbcomp", "-layout", "fr"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    text += b"compose '^' 's' to U+015d\ncompose '^' 'e' to U+00ea\n"
    with open(path, "wb") as f:
        subprocess.run(["gzip", "-n"], input=text, stdout=f, check=True)
    opens("composing", COMPOSED, ", keymap composing", "", path)


def absent():
    """a keymap that is not in the image is named, and the kernel's own is used; us is the kernel's own"""
    opens("absent", AMERICAN, "", "rd.vconsole.keymap=dvorak", said="keymap dvorak: not in this image")
    opens("us", AMERICAN, "", "keymap=us")


def damaged():
    """a file that is no keymap is named, and not loaded"""
    opens("damaged", AMERICAN, "", "keymap=broken", said="keymap broken: damaged")


def made():
    """mkkeymap: an unknown layout or variant is no keymap; that of a system is found where each distribution has it"""
    root, out = os.path.join(vm.WORK, "keymap-root"), os.path.join(vm.WORK, "keymap-out")
    shutil.rmtree(out, ignore_errors=True)

    def make(name, files=()):
        shutil.rmtree(root, ignore_errors=True)
        for path, text in files:
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="ascii") as f:
                f.write(text)
        done = subprocess.run([os.path.join(vm.TOP, "initramfs", "mkkeymap"), name, out, root], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    for name in ("absent", "de:absent", ""):
        code, printed, said = make(name)
        if code != 1 or printed or "mkkeymap: " + name not in said:
            raise Failure(f"{name}: {code} {printed} {said}")
    keyboard, vconsole = "etc/default/keyboard", "etc/vconsole.conf"
    for files, name in (((), ""), (((vconsole, 'FONT=x\nKEYMAP="fr"\n'),), "fr\n"), (((vconsole, "KEYMAP=us\n"),), ""),
                        (((vconsole, "FONT=x\n"), (keyboard, "XKBLAYOUT=de\nXKBVARIANT=nodeadkeys\n")), "de\n"),
                        (((keyboard, "XKBLAYOUT=us,ru\nXKBOPTIONS=grp:alt_shift_toggle\n"),), "us,ru\n"),
                        (((keyboard, "XKBLAYOUT=us\n"),), ""), ((("etc/conf.d/keymaps", 'keymap="fr"\n'),), "fr\n")):
        if make("system", files) != (0, name, ""):
            raise Failure(f"{files}: {make('system', files)}")


if __name__ == "__main__":
    for tool in ("loadkeys", "ckbcomp"):
        if not shutil.which(tool):
            print(f"1..0 # SKIP {tool} is not installed (toolchain/setup check installs it)")
            sys.exit(0)
    sys.exit(vm.suite([default, chosen, utf8_off, composed, absent, damaged, made]))
