#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The commands of the pages are run as they are printed, on a volume of the real cryptsetup, or it is said here why not.

The devices and folders of the pages become files below one folder. mount and umount do nothing; a folder takes the place of
the stick's filesystem. Everything else is the real program.
"""
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from volumes import CRYPTSETUP, LATCHKEY, PBKDF2, TOP, Broken, lacking, must, run, workplace

FOLDER = workplace("documents")
PASSPHRASE = b"a passphrase of the pages"
PAGES = ["README.md", "docs/first-boot.md", "docs/json.md", "docs/migration.md", "docs/troubleshooting.md", "initramfs/README.md",
         "board/README.md"]

# Blocks that are no commands, by their first line.
DATA = re.compile(r"menuentry |title |label |# latchkey\.conf|# /etc/crypttab|md=|dracut/90latchkey|latchkey open +\[|src-link|"
                  r"echo \"src-link|make BR2_EXTERNAL")
# Commands that are not run here, and why.
NOT_RUN = [
    (r"(sudo )?apt(-get)? |toolchain/setup ", "installs packages"),
    (r"make( (demo|check|check-boards|deb|image|boot|TARGET=\S+|BOARD=\S+))*( &&.*)?$|(sudo )?make install", "the tests of the build run it"),
    (r"cryptsetup open |mount /dev/mapper/", "needs the kernel's device-mapper"),
    (r"sudo reboot", "restarts the machine"),
    (r"sudo dracut |sudo mkinitcpio |mkinitfs$|lsinitramfs ", "tests/boot/test_hooks.py runs it"),
    (r"TARGET=mips", "needs the compilers of make check-all"),
    (r".* --kernel-package linux-image-\.\.\.", "a placeholder"),
    (r"board/check-config ", "tests/build/boards.py runs it"),
]
PLACES = [("/dev/sda2", "disk.img"), ("/dev/sdX", "disk.img"), ("/dev/sdb1", "stick.img"), ("/mnt", "mnt"), ("/boot/", "boot/"),
          ("/etc/crypttab:", "etc/crypttab:"), ("/etc/mkinit", "etc/mkinit"), ("/etc/dracut.conf.d", "etc/dracut.conf.d")]
# What makes the commands run without a person, a root and a running system; the questions of the programs get the passphrase.
PRELUDE = """
set -eo pipefail
sudo() { "$@"; }
mount() { mkdir -p mnt; }
umount() { :; }
cryptsetup() {
    case $* in *pbkdf*) ;; luksAddKey*) set -- "$@" --pbkdf-memory 1024 --pbkdf-force-iterations 4 ;; esac
    command cryptsetup -q "$@" <passphrase
}
latchkey() {
    case $1 in boot) set -- "$@" --cmdline "latchkey.device=$PWD/disk.img" --crypttab /dev/null --config /dev/null ;; esac
    command latchkey "$@" <passphrase
}
# Its exit code is about this machine; 1 is a wrong option.
latchkey-preflight() { command latchkey-preflight --cmdline "latchkey.device=$PWD/disk.img" "$@" || [ $? != 1 ]; }
"""


def blocks(page):
    """(title of the section, its lines) of each block of code."""
    with open(os.path.join(TOP, page), encoding="utf-8") as file:
        text = file.read()
    for section in re.split(r"^#+ ", text, flags=re.M)[1:]:
        title = section.split("\n", 1)[0]
        for block in re.findall(r"(?:(?<=\n\n)|(?<=\n))((?:    .*\n)+)", section):
            lines = [line[4:] for line in block.splitlines()]
            yield title, lines


def commands(lines):
    """The commands: comments apart, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    for line in text.split("\n"):
        line = re.sub(r"(^|\s+)#( .*|$)", "", line).strip()
        if line:
            yield line


def scripts():
    """(page, section) -> what is run; and the commands that are not."""
    found, left = {}, []
    for page in PAGES:
        for title, lines in blocks(page):
            if DATA.match(lines[0]):
                continue
            for command in commands(lines):
                if any(re.match(pattern, command) for pattern, _ in NOT_RUN):
                    left.append(command)
                else:
                    found.setdefault((page, title), []).append(command)
    return found, left


def here(command):
    for place, name in PLACES:
        command = command.replace(place, name)
    return command if "--no-modules" in command else re.sub(r"initramfs/mkimage( --kernel \"\$\(uname -r\)\")?", "initramfs/mkimage --no-modules", command)


def prepare():
    """What the pages take for granted."""
    path = os.path.join(FOLDER, "run")
    shutil.rmtree(path, ignore_errors=True)
    for folder in "boot", "etc/dracut.conf.d", "etc/mkinitfs":
        os.makedirs(os.path.join(path, folder))
    for name in "initramfs", "build", "toolchain", "VERSION", "LICENSE":
        os.symlink(os.path.join(TOP, name), os.path.join(path, name))
    files = {"passphrase": PASSPHRASE.decode() + "\nanother passphrase\n", "etc/crypttab": "root /dev/sda2 none\n", "etc/mkinitcpio.conf": "HOOKS=(base udev encrypt filesystems)\n",
             "etc/mkinitfs/mkinitfs.conf": 'features="ata base cryptsetup"\n', f"boot/initrd.img-{os.uname().release}": "image",
             "router.key": "0123456789abcdef", "root.key": "0123456789abcdef"}
    for name, content in files.items():
        with open(os.path.join(path, name), "w", encoding="ascii") as file:
            file.write(content)
    for name in "disk.img", "stick.img":
        with open(os.path.join(path, name), "wb") as file:
            file.truncate(32 << 20)
    must(CRYPTSETUP, "luksFormat", "-q", *PBKDF2, os.path.join(path, "disk.img"), stdin=PASSPHRASE)
    return path


def play(lines):
    """Run the lines; the folder and what they printed."""
    path = prepare()
    environment = dict(os.environ, PATH=os.path.dirname(LATCHKEY) + ":" + os.environ["PATH"])
    done = subprocess.run(["bash", "-xc", PRELUDE + "\n".join(map(here, lines))], cwd=path, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
    if done.returncode:
        raise Broken(f"status {done.returncode}\n{done.stdout.decode()}\n{done.stderr.decode()[-1500:]}")
    return path, done.stdout.decode()


def content(path, name):
    with open(os.path.join(path, name), encoding="utf-8") as file:
        return file.read()


def stick_opens(path, _):
    key = os.path.join(path, "mnt/latchkey/UUID.key")
    done = run(LATCHKEY, "test", "--key-file", key, os.path.join(path, "mnt/latchkey/UUID.header"))
    return done.code == 0 and not os.path.exists(os.path.join(path, "UUID.key")) and os.path.getsize(os.path.join(path, "boot/latchkey.img"))


def uuid_is_printed(path, said):
    return said.split("\n")[0] == must(CRYPTSETUP, "luksUUID", os.path.join(path, "disk.img")).strip() and said.split("\n")[1] == "[]"


# What must be so afterwards, by section.
RESULTS = {
    "A headless machine with a key on a USB stick": stick_opens,
    "`latchkey dump --json`": uuid_is_printed,
    "mkinitcpio (Arch)": lambda path, _: "HOOKS=(base udev latchkey encrypt filesystems)" in content(path, "etc/mkinitcpio.conf"),
    "mkinitfs (Alpine)": lambda path, _: content(path, "etc/mkinitfs/mkinitfs.conf").startswith('features="latchkey ata base cryptsetup"\ninit=/usr/lib'),
    "dracut (Fedora, openSUSE, Debian)": lambda path, _: content(path, "etc/dracut.conf.d/latchkey.conf") ==
    'add_dracutmodules+=" latchkey "\nomit_dracutmodules+=" crypt systemd-cryptsetup "\n',
    "Not enough memory": lambda path, _: run(LATCHKEY, "test", os.path.join(path, "disk.img"), stdin=b"another passphrase").out == "keyslot 1\n",
    "A router": lambda path, _: run(LATCHKEY, "test", "--key-file", os.path.join(path, "router.key"), os.path.join(path, "disk.img")).code == 0,
    "Step 0: the program, and a way back": lambda path, said: os.path.exists(os.path.join(path, "boot/initrd.old")),
}


def complaint(title, lines):
    try:
        path, said = play(lines)
    except (Broken, subprocess.TimeoutExpired) as e:
        return str(e)
    return "" if RESULTS.get(title, lambda *_: True)(path, said) else f"another result: {said}"


def main():
    lack = lacking(CRYPTSETUP, LATCHKEY, "jq", "mkfs.vfat", "loadkeys", "ckbcomp")
    if lack:
        print(f"1..0 # SKIP {lack}")
        return 0
    found, left = scripts()
    print(f"1..{len(found) + 2}")
    results = [(f"{page}, {title}: {len(lines)} commands", complaint(title, lines)) for (page, title), lines in found.items()]
    unused = [pattern for pattern, _ in NOT_RUN if not any(re.match(pattern, command) for command in left)]
    results.append(("each exception is for a command of the pages", " ".join(unused)))
    results.append(("each result is of a section of the pages", " ".join(set(RESULTS) - {title for _, title in found})))
    for number, (name, wrong) in enumerate(results, 1):
        print("".join(f"#   {line}\n" for line in wrong.split("\n") if line) + f"{'not ok' if wrong else 'ok'} {number} - {name}")
    return 1 if any(wrong for _, wrong in results) else 0


if __name__ == "__main__":
    sys.exit(main())
