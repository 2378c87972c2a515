#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""latchkey-preflight on real volumes and the files of a real kernel: it finds each fault and reports no others.

The installed system is a folder with the kernel of tests/boot/fetch/get-kernel; images are lists and folders. Each case runs
on the program and on its build with the sanitizers. Arguments choose cases by a part of their names.
"""
import base64
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
from builds import SANITIZERS
import luks2edit  # builds says where it is
from volumes import CRYPTSETUP, LATCHKEY, LIMIT, O, PBKDF2, TARGET, TOP, Broken, Skip, Volume, argon2, collector, fingerprint, lacking, suite, workplace

FOLDER = os.path.join(O, "cli-preflight")
SECRET = b"a secret of the preflight"
BUILDS = [(name, os.path.join(O, name, "latchkey-preflight")) for name in (TARGET, "host-asan")]
CASES, case = collector()
MEASURED = b"\xaa" * 32  # what PCR 7 of the samples was extended with
SMALL_KIB, LARGE_KIB = 4096, 65536  # what the volumes' keyslots 0 and 1 want
V = {}  # name: volume


def kernel():
    """The folder and the version."""
    made = subprocess.run([os.path.join(TOP, "tests/boot/fetch/get-kernel")], stdout=subprocess.PIPE, check=True).stdout.decode()
    folder = made.split("\n")[-2]
    with open(os.path.join(folder, "version"), encoding="ascii") as f:
        return folder, f.read().strip()


def write(path, content, mode="w"):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, mode) as f:
        f.write(content)
    return path


class Preflight:
    """One run for one build."""

    def __init__(self, program, work):
        self.program, self.work = program, work
        self.root = os.path.join(work, "root")  # with the kernel's modules and configuration
        os.makedirs(os.path.join(self.root, "lib/modules"))
        os.makedirs(os.path.join(self.root, "boot"))
        os.symlink(os.path.join(KERNEL, "lib/modules", VERSION), os.path.join(self.root, "lib/modules", VERSION))
        os.symlink(os.path.join(KERNEL, "boot", "config-" + VERSION), self.config())

    def config(self):
        return os.path.join(self.root, "boot", "config-" + VERSION)

    def write(self, name, content):
        return write(os.path.join(self.work, name), content)

    def run(self, *options, cmdline="", memory="1024", stdin="", kernel=True, sysfs=None):
        command = [self.program, "--cmdline", cmdline, "--memory", memory, "--root", self.root]
        command += (["--kernel", VERSION] if kernel else []) + list(options)
        if sysfs:  # this folder is /sys/class
            command = ["unshare", "-m", "sh", "-ec", 'mount --bind "$1" /sys/class; shift; exec "$@"', "sh", sysfs, *command]
        done = subprocess.run(command, input=stdin.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=LIMIT, env=dict(os.environ, **SANITIZERS))
        self.said = f"{' '.join(command)}\n{done.stdout.decode()}{done.stderr.decode()}status {done.returncode}"
        self.errors = done.stderr.decode()
        return done.returncode, done.stdout.decode()

    def finds(self, code, wanted, *options, **more):
        """
        The exit code, and for each of @wanted a line that begins with it; no other line may begin with "warning" or
        "problem". Returns complaints.
        """
        got, out = self.run(*options, **more)
        lines = out.splitlines()
        complaints = [] if got == code else [f"status {got}, not {code}"]
        complaints += [f"not found: {start}" for start in wanted if not any(re.match(start, line) for line in lines)]
        complaints += [f"not wanted: {line}" for line in lines if re.match("warning|problem", line)
                       and not any(re.match(start, line) for start in wanted)]
        complaints += ["no line of the kind: " + line for line in lines if not re.match("(ok|note|warning|problem): ", line)]
        complaints += ["something on standard error"] if self.errors else []
        return [f"{'; '.join(complaints)}\n{self.said}"] if complaints else []


def device(name="plain", more=""):
    return f"latchkey.device={V[name].path} {more}"


def modules(*without):
    """Paths of this kernel's modules, but those of these names."""
    with open(os.path.join(KERNEL, "lib/modules", VERSION, "modules.dep"), encoding="ascii") as f:
        paths = [line.split(":")[0] for line in f]
    return [f"usr/lib/modules/{VERSION}/{p}" for p in paths if re.sub(r"\.ko.*", "", os.path.basename(p)) not in without]


def built_in(module):
    with open(os.path.join(KERNEL, "lib/modules", VERSION, "modules.builtin"), encoding="ascii") as f:
        return re.search(rf"/{module}\.ko$", f.read(), re.M)


def listing(*without):
    return "\n".join([".", "usr/bin/busybox", "usr/sbin/latchkey", "etc/crypttab", *modules(*without)]) + "\n"


DRACUT = "usr/lib/dracut-lib.sh"
TOOLS = "scripts/functions"
MKINITCPIO = "init_functions"


@case("a command line that leaves the builder of the image its shell is not named, or one that does not is")
def shell(p):
    complaints = []
    ends = "a boot that fails can end in a shell"
    for files, words, noted in (
            ([DRACUT], "", "dracut's image: without rd.shell=0"), ([DRACUT], "panic=1", "dracut's image: without rd.shell=0"),
            ([DRACUT], "quiet rd.shell=no", None), ([DRACUT], "xrd.shell=0 rd.shell=1", "dracut's image"), ([DRACUT], "rd.shell=0", None),
            ([TOOLS], "rd.shell=0", "initramfs-tools's image: without panic="), ([TOOLS], "quiet panic=0", None),
            # The last one counts, and only whole values do.
            ([DRACUT], "rd.shell=0 rd.shell", "dracut's image"), ([DRACUT], "rd.shell rd.shell=0", None),
            ([DRACUT], "rd.shell=none", "dracut's image"), ([DRACUT], "rd.shell=00", "dracut's image"),
            ([DRACUT], "rd.shell=0\trd.shell=1", "dracut's image"), ([DRACUT], "rd.shell=false", "dracut's image"),
            ([TOOLS], "panic=", "initramfs-tools's image"), ([TOOLS], "panic=60 panic=", "initramfs-tools's image"),
            ([TOOLS], "panic", "initramfs-tools's image"), ([TOOLS], "panic=-1", None), ([TOOLS], "panic= panic=5", None),
            ([TOOLS], "xpanic=1", "initramfs-tools's image"), ([MKINITCPIO], "", "mkinitcpio's image: without panic="),
            ([MKINITCPIO, "usr/lib/systemd/systemd"], "", None), (["sbin/nlplug-findfs"], "", "mkinitfs's image: without panic="),
            ([], "rd.shell=0", "unknown which program builds the image"), ([], "rd.shell=0 panic=1", None)):
        for shell_too in (True, False):
            image = "\n".join(["usr/bin/latchkey", *files] + ["usr/bin/sh"] * shell_too) + "\n"
            said = p.run("--image", "-", stdin=image, cmdline=words)[1]
            wanted = noted if shell_too or files else None  # an image without a shell and without a builder: latchkey's own
            if (wanted or ends) not in said if wanted else ends in said:
                complaints.append(f"with {files} and {words!r}: {said}")
    return complaints


@case("without an image, the builders that are configured here are not found, or another one is named")
def shell_of_system(p):
    complaints = []
    ends = "a boot that fails can end in a shell"
    for files, words, noted in (
            ({}, "panic=1", ["unknown which program builds the image"]),
            ({"etc/dracut.conf.d/x": ""}, "panic=1", ["dracut's image: without rd.shell=0"]), ({"etc/dracut.conf": ""}, "rd.shell=off", []),
            ({"etc/initramfs-tools/initramfs.conf": "", "etc/dracut.conf": ""}, "", ["dracut's image", "initramfs-tools's image"]),
            ({"etc/mkinitcpio.conf": "HOOKS=(base udev latchkey)\n"}, "", ["mkinitcpio's image"]),
            ({"etc/mkinitcpio.conf": "#HOOKS=(systemd)\nHOOKS=(base systemd latchkey)\n"}, "", []),
            ({"etc/mkinitfs/mkinitfs.conf": ""}, "quiet panic=60", [])):
        for name, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(p.root, name)), exist_ok=True)
            write(os.path.join(p.root, name), text)
        said = p.run(cmdline=words)[1]
        shutil.rmtree(os.path.join(p.root, "etc"), ignore_errors=True)
        if said.count(ends) != len(noted) or any(n not in said for n in noted):
            complaints.append(f"with {sorted(files)} and {words!r}: {said}")
    return complaints


@case("no warnings for a machine that can open its volume")
def _(p):
    uuid = subprocess.run([CRYPTSETUP, "luksUUID", V["plain"].path], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    kernel_words = [f"ok: kernel {re.escape(VERSION)}: has {what}" for what in ("dm-mod", "dm-crypt", "aes", "xts", "ecb")]
    return p.finds(0, [f"ok: root: {re.escape(V['plain'].path)} is LUKS2, UUID {uuid}, aes-xts-plain64$",
                       "ok: root: keyslot 0: argon2id, 4 MiB of memory$", "ok: root: keyslot 1: argon2id, 64 MiB of memory$",
                       "ok: root: keyslot 2: pbkdf2", *kernel_words], "--image", "-", cmdline=device(), stdin=listing())


@case("--json says something else than the lines do")
def _(p):
    code, out = p.run(cmdline=device(), memory="48")
    same, objects = p.run("--json", cmdline=device(), memory="48")
    found = [json.loads(line) for line in objects.splitlines()]
    told = [f"{o['weight']}: {o['where']}: {o['text']}" for o in found]
    causes = {o["cause"] for o in found if o["weight"] == "warning"}
    return [] if code == same == 3 and told == out.splitlines() and causes == {"resource"} else [f"{code} {same} {causes}\n{out}{objects}"]


@case("a keyslot that needs more memory than the machine has is not reported")
def _(p):
    return p.finds(3, ["ok: root: keyslot 0: ",
                       "warning: root: keyslot 1 needs 64 MiB of memory for argon2id, and this machine has 48 MiB, of which "
                       "about 26 MiB will be free at boot: it will be skipped; add one that fits: "
                       f"cryptsetup luksAddKey --pbkdf-memory 13312 {V['plain'].path}$"], cmdline=device(), memory="48")


@case("a keyslot that fits into the total memory, but not in addition to the system, is reported")
def _(p):
    return p.finds(3, ["warning: root: keyslot 1 needs 64 MiB .* has 80 MiB, of which about 54 MiB .*: it may be skipped;"],
                   cmdline=device(), memory="80")


@case("a volume none of whose keyslots fits is a problem, not a warning")
def _(p):
    return p.finds(3, ["warning: root: keyslot 0 needs", "problem: root: none of its 1 keyslots can be tried at boot"],
                   cmdline=device("plain", "latchkey.options=key-slot=0"), memory="3") + \
        p.finds(3, ["warning: root: keyslot 0 needs", "warning: root: none of its 1"],
                cmdline=device("plain", "latchkey.options=key-slot=0,nofail"), memory="3")


@case("a keyslot is checked although it is not tried at boot: another one was named, or its priority is ignore")
def _(p):
    return p.finds(0, [], cmdline=device("plain", "latchkey.options=key-slot=2"), memory="3") + \
        p.finds(0, [], cmdline=device("ignored"), memory="48")


@case("a module that is missing from the image is not reported, nor its dependency")
def _(p):
    where = f"kernel {re.escape(VERSION)}: "
    complaints = []
    for lost, found in (("xts", ["problem: KERNEL root needs module xts, but it or one of its dependencies is missing from the image; add it$"]), ("dm-crypt", ["problem: KERNEL root needs module dm-crypt, but"]),
                        ("dm-mod", ["problem: KERNEL root needs module dm-mod, ", "problem: KERNEL root needs module dm-crypt, but"]), ("ecb", ["warning: KERNEL root needs module ecb, "])):
        code = 8
        if built_in(lost):
            code, found = 0, [f"ok: KERNEL has {lost}$"]
        complaints += p.finds(code, [line.replace("KERNEL ", where) for line in found], "--image", "-", cmdline=device(), stdin=listing(lost))
    return complaints


@case("the exit code is that of a warning, though there is a problem behind it")
def _(p):
    return p.finds(8, ["warning: root: keyslot 1 needs", "problem: kernel .*: root needs module xts, "], "--image", "-", cmdline=device(), memory="48",
                   stdin=listing("xts"))


@case("a list in another form is not understood: ls -l as of lsinitrd, ./ in front, names of modules only")
def _(p):
    forms = [[f"-rw-r--r--   1 root root  1234 Jan  1 1970 {path}" for path in listing().split("\n") if path],
             ["./" + path for path in listing().split("\n") if path],
             [re.sub(r"\.ko.*", "", os.path.basename(path)).replace("-", "_") for path in modules()]]
    forms[0] = [re.sub("^-.*(usr/sbin/latchkey)$", r"lrwxrwxrwx 1 root root 7 Jan  1 1970 \1 -> ../lib/other", line) for line in forms[0]]
    complaints = []
    for form in forms:
        complaints += p.finds(0, ["ok: kernel .*: has xts as module xts, which is in the image"], "--image",
                              p.write("list", "\n".join(form)), cmdline=device())
        form = [line for line in form if not re.search(r"\bxts(\.ko|$)", line)]
        complaints += p.finds(8, ["problem: kernel .*: root needs module xts, "], "--image", p.write("list", "\n".join(form)), cmdline=device())
    return complaints


@case("an image without latchkey is reported as ok")
def _(p):
    return p.finds(1, ["problem: image: does not contain latchkey"], "--image", "-", cmdline=device(),
                   stdin=listing().replace("usr/sbin/latchkey", "usr/sbin/cryptsetup"))


@case("an unpacked image is not searched, or its use of memory is not counted")
def _(p):
    image = os.path.join(p.work, "image")
    for path in ["usr/sbin/latchkey", "etc/a.key"] + [m for m in modules() if re.search("dm-crypt|dm-mod|xts|ecb", m)]:
        write(os.path.join(image, path), "")
    key = "latchkey.key=/etc/a.key"
    complaints = p.finds(0, ["ok: root: the key file /etc/a.key is in the image", "ok: kernel .*: has xts as module xts, which is"],
                         "--image", image, cmdline=device("plain", key), memory="128")
    write(os.path.join(image, "usr/lib/filler"), "x" * (60 << 20))
    return complaints + p.finds(3, ["warning: root: keyslot 1 needs 64 MiB .* about 52 MiB"], "--image", image,
                                cmdline=device("plain", key), memory="128")


@case("a kernel without the cipher, or with a module that is not installed, is reported as ok; the option is not named")
def _(p):
    with open(p.config(), encoding="ascii") as f:
        config = f.read()
    os.unlink(p.config())
    shutil.copytree(os.path.join(KERNEL, "lib/modules", VERSION), os.path.join(p.work, "m"),
                    ignore=lambda _, names: [n for n in names if n not in
                                             ("modules.dep", "modules.alias", "modules.builtin", "modules.builtin.modinfo")])
    alias = os.path.join(p.work, "m", "modules.alias")
    with open(alias, encoding="ascii") as f:
        text = f.read()
    write(alias, re.sub("alias crypto-xts .*\n", "", text))
    link = os.path.join(p.root, "lib/modules", VERSION)
    os.unlink(link)
    os.symlink(os.path.join(p.work, "m"), link)
    where = f"problem: kernel {re.escape(VERSION)}: "
    complaints = p.finds(8, [where + "has no xts, which root needs; use a kernel built with CONFIG_CRYPTO_XTS$"], cmdline=device())
    write(p.config(), config)
    complaints += p.finds(8, [where + r"root needs xts, a module of this kernel \(CONFIG_CRYPTO_XTS=m\) that is not in"], cmdline=device())
    write(p.config(), re.sub("CONFIG_CRYPTO_XTS=m", "CONFIG_CRYPTO_XTS=y", config))
    complaints += p.finds(0, ["ok: kernel .*: has xts$"], cmdline=device())
    # No modules at all: what is built in, and what is not.
    os.unlink(link)
    write(p.config(), re.sub("=m\n", "=y\n", config))
    complaints += p.finds(0, ["ok: kernel .*: has dm-crypt$", "ok: kernel .*: has xts$"], cmdline=device())
    write(p.config(), re.sub("CONFIG_DM_CRYPT=m", "# CONFIG_DM_CRYPT is not set", re.sub("=m\n", "=y\n", config), count=1)
          .replace("CONFIG_DM_CRYPT=y", "# CONFIG_DM_CRYPT is not set"))
    return complaints + p.finds(8, [where + "has no dm-crypt, which root needs; .*CONFIG_DM_CRYPT$"], cmdline=device())


@case("a kernel of which nothing is installed is reported as ok")
def _(p):
    return p.finds(8, ["warning: kernel 1.2.3: is not installed: neither /lib/modules/1.2.3 nor /boot/config-1.2.3 exists"],
                   "--kernel", "1.2.3", cmdline=device(), kernel=False)


@case("the cipher of a keyslot area, or the parts of Adiantum, are not checked in the kernel")
def _(p):
    # This machine's cryptsetup may not be able to make such a volume without the kernel's help.
    header = V["plain"].clone(f"ciphers-{os.path.basename(p.work)}")
    luks2edit.edit(header.path, lambda h: h["segments"]["0"].update(encryption="xchacha12,aes-adiantum-plain64"))
    luks2edit.edit(header.path, lambda h: h["keyslots"]["0"]["area"].update(encryption="serpent-xts-plain64"))
    for slot in "012":
        luks2edit.edit(header.path, lambda h, s=slot: h["keyslots"][s].update(key_size=32))
    lost = modules("chacha_generic", "chacha_x86_64", "nhpoly1305", "nhpoly1305_sse2", "nhpoly1305_avx2",
                   "nhpoly1305-sse2", "nhpoly1305-avx2", "chacha-x86_64", "serpent_generic", "serpent-sse2-x86_64",
                   "serpent-avx-x86_64", "serpent-avx2")
    complaints = p.finds(8, ["ok: kernel .*: has adiantum as", "problem: kernel .*: root needs module .*chacha",
                             "problem: kernel .*: root needs module serpent", "warning: kernel .*: root needs module nhpoly1305"], "--image", p.write("list", "\n".join(lost)),
                         cmdline=f"latchkey.device={header.path}")
    header.remove()
    return complaints


@case("a missing key file is reported as present, or the reverse")
def _(p):
    key = device("plain", "latchkey.key=/etc/some.key")
    missing = p.finds(4, ["warning: root: the key file /etc/some.key is not there: boot will prompt for the passphrase"], cmdline=key)
    headless = p.finds(4, ["warning: root: the key file /etc/some.key is not there$", "note: root: headless: only a key stick"],
                       cmdline=key + " latchkey.headless")
    write(os.path.join(p.root, "etc/some.key"), "k")
    there = p.finds(0, ["ok: root: the key file /etc/some.key is there"], cmdline=key)
    left_out = p.finds(4, ["warning: root: the key file /etc/some.key is not in the image"], "--image", "-", cmdline=key, stdin=listing())
    packed = p.finds(0, ["ok: root: the key file /etc/some.key is in the image"], "--image", "-", cmdline=key, stdin=listing() + "etc/some.key\n")
    only_modules = "\n".join(modules()) + "\n"
    untold = p.finds(0, ["note: root: a list of modules does not tell whether the image has the key file /etc/some.key"], "--image", "-", cmdline=key, stdin=only_modules)
    untold += p.finds(4, ["warning: root: a list of modules does not tell whether the image has the key file /etc/some.key"], "--image", "-",
                      cmdline=key + " latchkey.headless", stdin=only_modules)
    return missing + headless + there + left_out + packed + untold


@case("a volume is reported as ok though the area of its one keyslot is overwritten")
def _(p):
    volume = V["plain"].clone(f"wiped-{os.path.basename(p.work)}")
    with open(volume.path, "r+b") as f:
        f.seek(32768)  # where cryptsetup puts the first area
        f.write(bytes(8192))
    complaints = p.finds(6, ["warning: root: keyslot 0: its area", "problem: root: none of its 1 keyslots can be tried at boot"],
                         cmdline=f"latchkey.device={volume.path} latchkey.options=key-slot=0")
    volume.remove()
    return complaints


@case("keyslots that take longer than max-time allows are not reported, or those that do not are")
def _(p):
    volume = V["plain"].clone(f"slow-{os.path.basename(p.work)}")
    volume.add(SECRET, SECRET + b"3", *argon2(memory_kib=32 << 10, passes=200))
    what, options = "warning: root: all its keyslots take about [0-9]* s", f"latchkey.device={volume.path} latchkey.options=max-time="
    complaints = p.finds(7, [f"{what} for one passphrase, and 1 s are allowed: set max-time=[0-9]*, or boot asks"], cmdline=options + "1") + \
        p.finds(0, ["ok: root: "], cmdline=options + "100000")
    volume.remove()
    return complaints


@case("a stick that is not present now is a fault; a device that ends before its key is none")
def _(p):
    return p.finds(0, ["note: root: the key's device UUID=11-22 is not present now"],
                   cmdline=device("plain", "latchkey.key=/a.key:UUID=11-22")) + \
        p.finds(4, ["problem: root: UUID=11-22: .*; boot would wait"],
                cmdline="latchkey.device=UUID=11-22") + \
        p.finds(4, ["warning: root: UUID=11-22: no device found$"], cmdline="latchkey.device=UUID=11-22 latchkey.options=nofail") + \
        p.finds(0, ["note: root: is not opened at boot"], cmdline="latchkey.device=UUID=11-22 latchkey.options=noauto")


@case("a root whose line is left out is called well, for the others are")
def _(p):
    return p.finds(1, ["warning: configuration: .*skipped: device is not a path", "problem: configuration: root= names root, but its line was left out"],
                   cmdline=device("plain", "latchkey.name=other latchkey.volume=root,nowhere root=/dev/mapper/root"))


@case("a volume that nothing can open, headless without any key, is reported as ok")
def _(p):
    return p.finds(1, ["problem: root: headless with no-stick, and no key was found: it cannot be opened"],
                   cmdline=device("plain", "latchkey.headless latchkey.options=no-stick"))


@case("a bad line of the configuration, or an empty configuration, is not reported")
def _(p):
    write(os.path.join(p.root, "etc/crypttab"), f"root {V['plain'].path} none luks\nsecond relative/path none luks\n")
    write(os.path.join(p.root, "etc/latchkey.conf"), "volume = root,UUID=11-22\n")
    bad = p.finds(1, ["warning: configuration: .*/etc/crypttab:2: skipped", "note: configuration: .*/etc/latchkey.conf", "ok: root: "])
    os.unlink(os.path.join(p.root, "etc/crypttab"))
    os.unlink(os.path.join(p.root, "etc/latchkey.conf"))
    return bad + p.finds(1, ["warning: configuration: no volume on the kernel command line"])


@case("a damaged header, or an overwritten keyslot area, is reported as ok")
def _(p):
    one, both, area = (V["plain"].clone(f"{name}-{os.path.basename(p.work)}") for name in ("one", "both", "area"))
    for volume, places in ((one, (4100,)), (both, (4100, 16384 + 4100)), (area, (32768 + 8192,))):
        with open(volume.path, "r+b") as f:
            for place in places:
                f.seek(place)
                f.write(b"####" if volume != area else bytes(4096))
    restore = "; restore a header backup: cryptsetup luksHeaderRestore --header-backup-file FILE "
    complaints = p.finds(6, [f"warning: root: .*primary.*; repair it with: cryptsetup repair {re.escape(one.path)}$",
                             "ok: root: .* is LUKS2"], cmdline=f"latchkey.device={one.path}") + \
        p.finds(6, [f"problem: root: [^;]*; [^;]*{restore}{re.escape(both.path)}$"], cmdline=f"latchkey.device={both.path}") + \
        p.finds(6, [f"warning: root: keyslot 0: its area looks overwritten[^;]*{restore}{re.escape(area.path)}$"],
                cmdline=f"latchkey.device={area.path}")
    for volume in (one, both, area):
        volume.remove()
    return complaints


@case("a header backup, or a detached header, named as the device is reported as ok")
def _(p):
    file = os.path.join(p.work, "backup")
    subprocess.run([CRYPTSETUP, "-q", "luksHeaderBackup", "--header-backup-file", file, V["plain"].path], check=True)
    return p.finds(4, [f"problem: root: {re.escape(file)}: is a header backup: .*use --header$"], cmdline=f"latchkey.device={file}") + \
        p.finds(1, ["problem: root: .*holds a detached header"], cmdline=f"latchkey.device={V['detached'].header}")


@case("the advice adds a keyslot to the device instead of the detached header, or uses an unknown name")
def _(p):
    where = write(os.path.join(p.root, "etc/root.header"), "")
    shutil.copy(V["large header"].header, where)
    return p.finds(3, ["problem: root: none of its 1 keyslots",
                       f"warning: root: keyslot 0 .*; add one that fits: cryptsetup luksAddKey --pbkdf-memory 13312 --header {re.escape(where)} "
                       f"{re.escape(V['large header'].path)}$"], memory="48", cmdline=device("large header", "latchkey.header=/etc/root.header"))


@case("a detached header that is not in the image is reported as ok")
def _(p):
    where = os.path.join(p.root, "etc/root.header")
    os.makedirs(os.path.dirname(where))
    shutil.copy(V["detached"].header, where)
    words = device("detached", "latchkey.header=/etc/root.header")
    return p.finds(0, ["ok: root: .* is LUKS2"], cmdline=words) + \
        p.finds(4, ["problem: root: its header /etc/root.header is not in the image"], "--image", "-", cmdline=words, stdin=listing()) + \
        p.finds(0, ["ok: root: .* is LUKS2"], "--image", "-", cmdline=words, stdin=listing() + "etc/root.header\n") + \
        p.finds(0, ["note: root: its header /x on UUID=11-22 was not checked"], cmdline=device("detached", "latchkey.header=/x:UUID=11-22"))


@case("LUKS1 is not understood")
def _(p):
    return p.finds(0, ["ok: root: .* is LUKS1, UUID .*, aes-xts-plain64$", "ok: root: keyslot 0: pbkdf2"], cmdline=device("luks1"))


@case("--quiet prints what is ok, or omits a warning")
def _(p):
    complaints = [] if p.run("--quiet", cmdline=device()) == (0, "") else [p.said]
    code, out = p.run("--quiet", cmdline=device(), memory="48")
    return complaints + ([] if code == 3 and re.fullmatch("warning: root: keyslot 1 needs .*\n", out) else [p.said])


@case("a wrong argument is not refused in one line")
def _(p):
    complaints = []
    for arguments in (["--frob"], ["file"], ["--memory", "much"], ["--memory", "0"], ["--image", "/nowhere/at/all"], ["--image", "/dev/null"], ["--image", LATCHKEY],
                      ["--quiet=1"], ["--root"], ["--root", "/nowhere/at/all"]):
        code, out = p.run(*arguments)
        if code != 1 or out or not re.fullmatch("latchkey-preflight: .*\n", p.errors):
            complaints.append(p.said)
    return complaints


@case("tpm2-measure-pcr= without its program or without a TPM is not reported, or reported where it is not asked for")
def _(p):
    words = device("plain", "latchkey.options=tpm2-measure-pcr=yes")
    tpm = [] if os.path.exists("/dev/tpmrm0") else ["warning: root: tpm2-measure-pcr: there is no /dev/tpmrm0"]
    missing = "warning: root: tpm2-measure-pcr: there is no program for it in the image .*: no PCR will be extended"
    complaints = p.finds(4, [missing, *tpm], "--image", "-", cmdline=words, stdin=listing())
    image = listing() + "lib/latchkey/token/systemd-tpm2\n"
    if not os.geteuid() and not subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        sysfs = os.path.join(p.work, "class")  # a /sys of its own: a TPM on SPI
        write(os.path.join(sysfs, "module/tpm_tis_spi/initstate"), "live\n")
        os.makedirs(os.path.join(sysfs, "tpm/tpm0/device/driver"))
        os.symlink("../../../../module/tpm_tis_spi", os.path.join(sysfs, "tpm/tpm0/device/driver/module"))
        driver = "warning: root: tpm2-measure-pcr needs the driver of this machine's TPM, and tpm_tis_spi is missing from the image"
        complaints += p.finds(4, [*tpm, driver], "--image", "-", cmdline=words, stdin=image, sysfs=sysfs)
        complaints += p.finds(4 if tpm else 0, tpm, "--image", "-", cmdline=words, stdin=image + "lib/modules/x/tpm_tis_spi.ko\n", sysfs=sysfs)
    complaints += p.finds(4 if tpm else 0, [*tpm, "ok: root: tpm2-measure-pcr: its program is there"], "--image", "-", cmdline=words, stdin=image)
    return complaints + p.finds(0, [], "--image", "-", cmdline=device("plain"), stdin=listing())


@case("a token whose program or device is missing is not reported; nor PCRs, memory, or what needs no program")
def _(p):
    words = device("tokens", "latchkey.name=tokens")
    tpm = [] if os.path.exists("/dev/tpmrm0") else [f"warning: tokens: token {n} .systemd-tpm2.: there is no /dev/tpmrm0" for n in (1, 2)]
    always = [*tpm, "note: tokens: token 6 .systemd-fido2. is not used: it has no keyslot that is tried", "warning: tokens: token 2 .systemd-tpm2. is bound to no PCR",
              "note: tokens: token 1 .systemd-tpm2. is bound to PCR 7 .sha256., which is now ",
              "note: tokens: token 4 .systemd-pkcs11.: PKCS #11 is not supported",
              "note: tokens: token 5 .no program/.: its type is not supported"]
    missing = [f"warning: tokens: token {n} .{kind}.: there is no program for it in the image"
               for n, kind in enumerate(("systemd-fido2", "systemd-tpm2", "systemd-tpm2"))]
    image = listing()
    complaints = p.finds(4, missing + always, "--image", "-", cmdline=words, stdin=image)
    in_usr = "usr/lib/latchkey/token/systemd-fido2\nusr/lib/latchkey/token/systemd-tpm2\n"
    # Where /lib is a folder, latchkey finds nothing in /usr/lib.
    complaints += p.finds(4, missing + always, "--image", "-", cmdline=words, stdin=image + in_usr + "lib/firmware/x.bin\n")
    image += in_usr
    code = 4 if tpm else 1
    complaints += p.finds(code, [*always, "ok: tokens: token 0 .systemd-fido2.: its program is there"], "--image", "-", cmdline=words,
                          stdin=image)
    other = [f"note: tokens: token {n} .{kind}. is not used:" for n, kind in enumerate(("systemd-fido2", "systemd-tpm2", "systemd-tpm2"))]
    complaints += p.finds(0, other, "--image", "-", cmdline=words + " latchkey.options=key-slot=2", stdin=listing())
    if "recovery" in p.said:
        complaints.append(f"a recovery key needs no program:\n{p.said}")
    memory = "warning: tokens: token 2 .systemd-tpm2. needs 32 MiB of memory for its PIN"
    return complaints + p.finds(3, [*always, memory, "warning: tokens: keyslot 1 needs 64 MiB"], "--image", "-", cmdline=words,
                                stdin=image, memory="40")


def clevis_sample(name, change=lambda header: None):
    """A token of clevis 19, with its protected header changed; then it opens nothing."""
    with open(os.path.join(TOP, "tests", "token", "samples", f"clevis19-{name}.json"), encoding="ascii") as f:
        token = json.load(f)
    text = token["jwe"]["protected"]
    header = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    change(header)
    token["jwe"]["protected"] = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return token


@case("the servers of a clevis token are not named, or what its image lacks of a network is not reported")
def _(p):
    if os.geteuid() or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        raise Skip("a /sys of its own needs root")
    words, sysfs = device("clevis", "latchkey.name=clevis"), os.path.join(p.work, "class")
    # A card whose driver is a module, and what is no card.
    driver = os.path.join(sysfs, "net/eth0/device/driver")
    os.makedirs(driver)
    os.makedirs(os.path.join(sysfs, "net/lo"))
    os.symlink("../../../../module/frob_net", os.path.join(driver, "module"))
    write(os.path.join(sysfs, "module/frob_net/initstate"), "live\n")
    for folder in "device", "phy80211":  # Wi-Fi, with a driver that is built in
        os.makedirs(os.path.join(sysfs, "net/wlan0", folder))
    image = listing() + "usr/lib/latchkey/token/clevis\n"
    always = [r"note: clevis: token 0 .clevis.: tang server http://127.0.0.1:8300, key [A-Za-z0-9_-]{43}$",
              r"note: clevis: token 1 .clevis.: sss: 1 of its pins must answer, of 1$",
              r"note: clevis: token 1 .clevis.: tang server http://", "warning: clevis: token 2 .clevis.: https://tang.example.org: https is not supported"]
    missing = [f"warning: clevis: token {n} .clevis.{said}" for n in range(2) for said in
               (": there is no /lib/latchkey/network in the image", " needs the driver of a network card, and frob_net is missing from the image$")]
    complaints = p.finds(4, always + missing, "--image", "-", cmdline=words, stdin=image, sysfs=sysfs)
    image += "usr/lib/latchkey/network\nusr/lib/modules/x/kernel/drivers/net/frob_net.ko.xz\n"
    complaints += p.finds(7, always, "--image", "-", cmdline=words, stdin=image, sysfs=sysfs)
    for wrong in "eth0:frob", "[fd00::2]::[fd00::1]:64::eth0:none":
        unsupported = [f"warning: clevis: token {n} .clevis.: /lib/latchkey/network does not support ip={re.escape(wrong)}: " for n in range(2)]
        complaints += p.finds(7, always + unsupported, "--image", "-", cmdline=f"{words} ip={wrong}", stdin=image, sysfs=sysfs)
    complaints += p.finds(7, always, "--image", "-", cmdline=f"{words} ip=eth0:dhcp", stdin=image, sysfs=sysfs)
    # The kernel links the modules of drivers that are built in, too.
    os.unlink(os.path.join(sysfs, "module/frob_net/initstate"))
    image = image.replace("frob_net", "another")
    return complaints + p.finds(7, always, "--image", "-", cmdline=words, stdin=image, sysfs=sysfs)


def extended(*measured, algorithm="sha256"):
    """What a PCR holds after these."""
    value = bytes(hashlib.new(algorithm).digest_size)
    for digest in measured:
        value = hashlib.new(algorithm, value + digest).digest()
    return value


def policy(pcrs, algorithm, number, values, pin):
    """TPM2_PolicyPCR's digest, and TPM2_PolicyAuthValue's after it."""
    bitmap = sum(1 << n for n in pcrs).to_bytes(3, "little")
    values = hashlib.sha256(b"".join(values)).digest()
    digest = hashlib.sha256(bytes(32) + struct.pack(">IIHB", 0x17f, 1, number, 3) + bitmap + values).digest()
    return (hashlib.sha256(digest + struct.pack(">I", 0x16b)).digest() if pin else digest).hex()


@case("PCRs that differ from those of a token are not reported, or those that agree are")
def _(p):
    if os.geteuid() or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        raise Skip("a /sys of its own needs root")
    words, sysfs = device("pcrs", "latchkey.name=pcrs"), os.path.join(p.work, "class")
    image = listing() + "lib/latchkey/token/systemd-tpm2\n"
    tpm = [] if os.path.exists("/dev/tpmrm0") else ["warning: pcrs: token . .systemd-tpm2.: there is no /dev/tpmrm0"]

    def measure(**banks):
        for bank, values in banks.items():
            for number, value in values.items():
                write(os.path.join(sysfs, f"tpm/tpm0/pcr-{bank}/{number}"), value.hex().upper() + "\n")

    def finds(code, *wanted):
        return p.finds(code or (4 if tpm else 0), [*tpm, *wanted], "--image", "-", cmdline=words, stdin=image, sysfs=sysfs)

    def token(n):
        return rf"pcrs: token {n} .systemd-tpm2."

    # Those of the samples, and of the tokens that main() makes.
    sealed = {7: extended(MEASURED), 0: extended(), 2: extended(b"a" * 32), 11: extended(b"b" * 32)}
    measure(sha256=sealed, sha384={4: extended(b"c" * 48, algorithm="sha384")})
    complaints = finds(0, f"note: {token(0)} is bound to PCR 7 .sha256., which is now {sealed[7].hex()}",
                       f"ok: {token(0)}: its PCRs have the values that it was sealed to: it would open now$",
                       f"ok: {token(1)}: its PCRs have .* would open now with its PIN", f"ok: {token(2)}: .* would open now$",
                       f"ok: {token(3)}: .* would open now$", f"note: {token(4)}: cannot check here whether its PCRs have",
                       f"ok: {token(5)}: .* would open now$", f"note: {token(6)}: cannot check here whether its PCRs have")
    measure(sha256={7: extended(), 11: extended(), 2: extended()}, sha384={4: extended(algorithm="sha384")})
    complaints += finds(0 if tpm else 2, *(f"warning: {token(n)}: PCR 7 .sha256. differs from what it was sealed to" for n in (0, 1)),
                        f"warning: {token(2)}: one or more of the PCRs 0.2 .sha256. differ", f"warning: {token(3)}: PCR 4 .sha384. differs",
                        f"note: {token(5)}: its PCRs differ .*: some of 11 .sha256. change")
    shutil.rmtree(os.path.join(sysfs, "tpm"))
    return complaints + finds(0, f"note: {token(0)} is bound to PCR 7 .sha256., which is now unknown", f"note: {token(0)}: cannot check here whether its PCRs")


@case("the running machine is not checked without options")
def _(p):
    done = subprocess.run([p.program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT, env=dict(os.environ, **SANITIZERS))
    good = done.returncode < 9 and not done.stderr and all(re.match("(ok|note|warning|problem): ", line) for line in done.stdout.decode().splitlines())
    return [] if good else [f"status {done.returncode}: {done.stdout.decode()}{done.stderr.decode()}"]


def judged(name, program, function, number):
    def judge():
        if not os.path.exists(program):
            raise Skip(f"{os.path.relpath(program, TOP)} is not built")
        before = {v.path: fingerprint(v.path) for v in V.values()}
        work = os.path.join(FOLDER, f"{name}-{number}")
        complaints = function(Preflight(program, work))
        complaints += [f"{path} was written to" for path, was in before.items() if fingerprint(path) != was]
        if not complaints:
            shutil.rmtree(work)
        return complaints

    return judge


def main():
    global KERNEL, VERSION
    lack = lacking(CRYPTSETUP, "cp")
    if lack:
        print(f"1..0 # SKIP {lack}")
        return 0
    workplace("cli-preflight")
    KERNEL, VERSION = kernel()
    V["plain"] = Volume(FOLDER, "plain").format(SECRET, *argon2(memory_kib=SMALL_KIB))
    V["plain"].add(SECRET, SECRET + b"1", *argon2(memory_kib=LARGE_KIB)).add(SECRET, SECRET + b"2", *PBKDF2)
    V["tokens"] = V["plain"].clone("tokens")
    for name in ("fido2-262-pin", "tpm2-262-pcr7", "tpm2-262-pin-argon2id"):
        with open(os.path.join(TOP, "tests", "token", "samples", name + ".json"), "rb") as f:
            V["tokens"].cryptsetup("token", "import", stdin=f.read())
    more = {str(n): {"type": kind, "keyslots": ["1"]} for n, kind in enumerate(("systemd-recovery", "systemd-pkcs11", "no program/"), 3)}
    luks2edit.edit(V["tokens"].path, lambda h: h["tokens"].update({**more, "6": {**h["tokens"]["0"], "keyslots": []}}))
    V["clevis"] = V["plain"].clone("clevis")
    for token in (clevis_sample("tang"), clevis_sample("sss-tang"),
                  clevis_sample("tang", lambda header: header["clevis"]["tang"].update(url="https://tang.example.org"))):
        V["clevis"].cryptsetup("token", "import", stdin=json.dumps(token).encode())
    V["pcrs"] = V["plain"].clone("pcrs")
    for name in ("tpm2-262-pcr7", "tpm2-262-pcr7-pin-direct"):
        with open(os.path.join(TOP, "tests", "token", "samples", name + ".json"), "rb") as f:
            V["pcrs"].cryptsetup("token", "import", stdin=f.read())
    with open(os.path.join(TOP, "tests", "token", "samples", "tpm2-262-pubkey-pcr11.json"), "rb") as f:
        signed = json.load(f)
    with open(os.path.join(TOP, "tests", "token", "samples", "tpm2-262-pcr7.json"), "rb") as f:
        one = json.load(f)
    made = [{"tpm2-pcrs": [2, 0], "tpm2-policy-hash": policy((0, 2), "sha256", 0x0b, [extended(), extended(b"a" * 32)], False)},
            {"tpm2-pcrs": [4], "tpm2-pcr-bank": "sha384",
             "tpm2-policy-hash": policy((4,), "sha384", 0x0c, [extended(b"c" * 48, algorithm="sha384")], False)},
            {**{n: signed[n] for n in ("tpm2_pubkey", "tpm2_pubkey_pcrs")}},
            {"tpm2-pcrs": [11], "tpm2-policy-hash": policy((11,), "sha256", 0x0b, [extended(b"b" * 32)], False)}]
    for members in made:
        V["pcrs"].cryptsetup("token", "import", stdin=json.dumps({**one, **members}).encode())
    # One that no TPM has, which cryptsetup does not import.
    luks2edit.edit(V["pcrs"].path, lambda h: h["tokens"].update({"6": {**one, **h["tokens"]["0"], "tpm2-pcrs": [7, 24]}}))
    V["ignored"] = V["plain"].clone("ignored")
    V["ignored"].cryptsetup("config", "--key-slot", "1", "--priority", "ignore")
    V["detached"] = Volume(FOLDER, "detached").format(SECRET, *PBKDF2, header=True)
    V["large header"] = Volume(FOLDER, "large-header").format(SECRET, *argon2(memory_kib=LARGE_KIB), header=True)
    V["luks1"] = Volume(FOLDER, "luks1").format(SECRET, *PBKDF2, luks="luks1")
    return suite([(f"{what} ({name})", judged(name, program, function, number))
                  for number, (what, function) in enumerate(CASES) for name, program in BUILDS])


if __name__ == "__main__":
    sys.exit(main())
