#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""initramfs/mkimage and initramfs/README.md, without booting."""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import vm
from vm import Failure, Skip

MKIMAGE = os.path.join(vm.TOP, "initramfs", "mkimage")
LIMIT_BYTES = 138 * 1024
SOME = "aesni_intel dm_crypt"  # of which distributions build at least the first as a module


def check(condition, what):
    if not condition:
        raise Failure(what)


@vm.once
def work():
    return tempfile.mkdtemp(prefix="latchkey-image.")


@vm.once
def version():
    with open(os.path.join(vm.kernel(), "version")) as f:
        return f.read().strip()


@vm.once
def few_modules():
    """A modules root with what SOME needs and no more, uncompressed, which anybody can read."""
    root = os.path.join(work(), "few")
    files = subprocess.run(["modprobe", "-C", "/dev/null", "-d", vm.kernel(), "-S", version(), "--show-depends", "-a",
                            *SOME.split()], stdout=subprocess.PIPE).stdout.decode()
    base = os.path.join(vm.kernel(), "lib/modules", version())
    for path in re.findall(r"insmod (\S+)", files):
        to = os.path.join(root, "lib/modules", version(), path.split(f"lib/modules/{version()}/")[1])
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copy(path, to)
        for suffix, unpack in ((".zst", "zstd -qd --rm"), (".xz", "xz -d"), (".gz", "gzip -d")):
            if to.endswith(suffix):
                vm.run(*unpack.split(), to)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        shutil.copy(os.path.join(base, name), os.path.join(root, "lib/modules", version()))
    vm.run("depmod", "-b", root, version())
    return root


@vm.once
def program(name):
    path = os.path.join(work(), name)
    with open(path, "w") as f:
        f.write(f"the program {name}\n")
    os.chmod(path, 0o755)
    return path


def mkimage(name, *options, before=(), modules_root=None):
    """Returns what it said and the image's path."""
    out = os.path.join(work(), name)
    said = vm.run(*before, MKIMAGE, "--init", program("init"), "--kernel", version(), "--modules-root",
                  modules_root or few_modules(), "-o", out, *options)
    return said, out


def refused(*options):
    try:
        mkimage("refused", *options)
    except Failure as e:
        check(not os.path.exists(os.path.join(work(), "refused")), "an image was written all the same")
        return str(e)
    raise Failure(f"{options} were accepted")


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def unpacked(image):
    """Returns the folder into which the image was unpacked, and its long listing."""
    folder = image + ".d"
    os.makedirs(folder)
    shell = f"cd '{folder}' && gzip -dc '{image}' | cpio --quiet"
    vm.run("sh", "-c", shell + " -i --no-preserve-owner")
    return folder, vm.run("sh", "-c", shell + " -tv")


def listed_modules(folder):
    with open(os.path.join(folder, "etc/modules")) as f:
        return f.read().split()


def reproducible():
    """the same files give the same bytes, whatever the umask, the folder, the dates, the locale"""
    _, one = mkimage("one", "--modules", SOME)
    os.utime(program("init"), (10 ** 9, 10 ** 9))
    _, two = mkimage("two", "--modules", SOME, before=(
        "sh", "-c", "umask 077; cd /; LC_ALL=C.UTF-8 TZ=Asia/Tokyo \"$@\"", "sh"))
    check(digest(one) == digest(two), "two images differ")


def without_root():
    """an image made by an ordinary user has the same bytes and belongs to root"""
    _, mine = mkimage("mine", "--modules", SOME)
    _, listing = unpacked(mine)
    for line in listing.splitlines():
        check(re.search(r"\b(root|0) +(root|0)\b", line), f"not root's: {line}")
    if os.getuid():
        return
    for folder, _, files in os.walk(work()):
        os.chmod(folder, 0o755)
    os.chmod(work(), 0o777)
    shutil.copy(MKIMAGE, os.path.join(work(), "mkimage"))
    out = os.path.join(work(), "nobody")
    vm.run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", os.path.join(work(), "mkimage"),
           "--init", program("init"), "--kernel", version(), "--modules-root", few_modules(), "-o", out, "--modules", SOME)
    check(digest(mine) == digest(out), "the images differ")


def compressed(suffix, packer):
    """Modules packed by that command must give the image that plain ones give."""
    support = subprocess.run(["modprobe", "--version"], stdout=subprocess.PIPE).stdout.decode()
    feature = {".xz": "+XZ", ".gz": "+ZLIB", ".zst": "+ZSTD"}[suffix]
    if feature not in support:
        raise Skip(f"this machine's kmod cannot read {suffix} modules")
    if not shutil.which(packer[0]):
        raise Skip(f"{packer[0]} is not installed")
    root = os.path.join(work(), "few" + suffix)
    shutil.copytree(few_modules(), root)
    for path in listed_files(root, ".ko"):
        vm.run(*packer, path)
    vm.run("depmod", "-b", root, version())
    check(listed_files(root, ".ko" + suffix), "nothing was compressed")
    _, plain = mkimage("plain" + suffix, "--modules", SOME)
    _, packed = mkimage("packed" + suffix, "--modules", SOME, modules_root=root)
    check(digest(plain) == digest(packed), "the images differ")


def compressed_xz():
    """modules compressed with xz reach the image as the kernel wants them: plain"""
    compressed(".xz", ["xz", "--check=crc32"])


def compressed_zstd():
    """modules compressed with zstd reach the image as the kernel wants them: plain"""
    compressed(".zst", ["zstd", "-q", "--rm"])


def compressed_gzip():
    """modules compressed with gzip reach the image as the kernel wants them: plain"""
    compressed(".gz", ["gzip", "-n"])


def listed_files(root, suffix):
    return [os.path.join(folder, name) for folder, _, files in os.walk(root) for name in files if name.endswith(suffix)]


def kernel_package():
    """a kernel package gives the same image as its unpacked modules"""
    debs = [os.path.join(vm.kernel(), name) for name in sorted(os.listdir(vm.kernel())) if name.endswith(".deb")]
    options = [word for deb in debs for word in ("--kernel-package", deb)]
    out = os.path.join(work(), "package")
    vm.run(MKIMAGE, "--init", program("init"), "-o", out, "--modules", SOME, *options)
    _, other = mkimage("no-package", "--modules", SOME, modules_root=vm.kernel())
    check(digest(out) == digest(other), "the images differ")


def dependencies_first():
    """each module comes after those it needs, once, and every listed file is in the image"""
    said, out = mkimage("order", "--modules", f"{SOME} aesni_intel", "--add-modules", "cryptd")
    folder, _ = unpacked(out)
    names = [os.path.basename(path) for path in listed_modules(folder)]
    order = [names.index(name) for name in ("cryptd.ko", "crypto_simd.ko", "aesni-intel.ko") if name in names]
    check(len(order) == 3 and order == sorted(order), f"wrong order: {names}")
    check(len(names) == len(set(names)), f"one twice: {names}")
    for path in listed_modules(folder):
        check(os.path.getsize(folder + path) > 1000, f"{path} is not in the image")
        check(path in said, f"{path} was not said")


def missing_module():
    """a module that the kernel lacks is named: as an error, or with ? as a remark; built-in ones are fine"""
    check("has no module no_such_thing" in refused("--modules", "dm_crypt no_such_thing"), "not named")
    said, _ = mkimage("optional", "--modules", "dm_crypt no_such_thing?")
    check("optional, and not in this kernel: no_such_thing\n" in said, said)
    with open(os.path.join(few_modules(), "lib/modules", version(), "modules.builtin")) as f:
        builtin = os.path.basename(f.readline().strip()).split(".")[0]
    _, out = mkimage("builtin", "--modules", f"dm_crypt {builtin}")
    folder, _ = unpacked(out)
    check(not any(builtin in path for path in listed_modules(folder)), f"{builtin} is built in and in the list")


def default_modules():
    """the default set works with a real kernel and has what a LUKS root needs"""
    said, out = mkimage("default", modules_root=vm.kernel())
    for name in ("dm-crypt.ko", "xts.ko", "virtio_blk.ko"):
        check(re.search(rf"^module \d+ .*/{name}$", said, re.MULTILINE) or built_in(name), f"no {name}:\n{said}")
    check(not re.search(r"^optional, and not in this kernel:.* (dm_crypt|xts|virtio_blk)\b", said, re.MULTILINE), said)
    check(f"image {os.path.getsize(out)} " in said, "the size is not said")


def built_in(name):
    with open(os.path.join(vm.kernel(), "lib/modules", version(), "modules.builtin")) as f:
        return f"/{name}\n" in f.read()


def key_file():
    """a key file keeps its mode and bytes, and makes the image private"""
    key = os.path.join(work(), "a key")
    with open(key, "wb") as f:
        f.write(bytes(range(256)))
    said, out = mkimage("key", "--modules", SOME, "--add", f"{key}:/etc/keys/root.key:0600")
    folder, listing = unpacked(out)
    check(re.search(r"^-rw------- .*etc/keys/root.key$", listing, re.MULTILINE), listing)
    check(digest(key) == digest(os.path.join(folder, "etc/keys/root.key")), "the key changed")
    check(os.stat(out).st_mode & 0o777 == 0o600, "others may read the image")
    _, out = mkimage("no-key", "--modules", SOME)
    check(os.stat(out).st_mode & 0o777 == 0o644, "an image without secrets is not 0644")


def nothing_else():
    """without modules the image holds init, which is latchkey, too, no shell, no device, and nothing more"""
    _, out = mkimage("nothing", "--no-modules")
    folder, _ = unpacked(out)
    files = sorted(os.path.relpath(os.path.join(f, n), folder) for f, _, names in os.walk(folder) for n in names)
    check(files == ["bin/latchkey", "init"], f"it holds {files}")
    check(os.readlink(os.path.join(folder, "bin/latchkey")) == "../init", "latchkey is not a link to init")
    _, out = mkimage("another", "--no-modules", "--latchkey", program("latchkey"))
    folder, _ = unpacked(out)
    check(digest(os.path.join(folder, "bin/latchkey")) == digest(program("latchkey")), "--latchkey is not what was put in")


def image_commands():
    """the image's latchkey has the commands that init calls, and of boot the option that init gives"""
    def said(*args):
        done = subprocess.run(["latchkey", *args], executable=vm.INIT, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr
    _, text = said("--help")
    listed = re.findall(r"^  latchkey ([a-z]+)", text, re.M)
    check(listed == ["boot", "close"], f"its commands are {listed}")
    for command in ("open", "test", "dump"):
        check(said(command, "/dev/null", "x") == (1, f"latchkey: unknown command {command}; see latchkey --help\n"), f"{command} is known")
    for option in ("--show", "--test", "--cmdline=x"):
        code, text = said("boot", option)
        check(code == 1 and text.endswith("is not for this command; see --help\n"), f"boot {option}: {code}, {text}")
    _, text = said("boot", "--help")
    check(re.findall(r"^ .*--([a-z]+)", text, re.M) == ["keymap", "help"], text)


def small():
    """the complete image without modules is no larger than its limit for a PC, compressed with gzip"""
    out = os.path.join(work(), "complete")
    vm.run(MKIMAGE, "--init", vm.INIT, "--no-modules", "-o", out)
    size = os.path.getsize(out)
    check(size <= LIMIT_BYTES, f"{size} bytes, more than {LIMIT_BYTES}")


def bad_arguments():
    """impossible requests are refused with a message, and no image is written"""
    for options, words in (
            (("--frobnicate", "1"), "unknown option --frobnicate"), (("--add",), "--add needs a value"),
            (("extra",), "unknown argument extra"), (("--kernel", "9.9.9"), "no modules of kernel 9.9.9"),
            (("--init", "/no/init"), "/no/init does not exist"), (("--add", "/no/file:/x"), "no such file"),
            (("--add", program("init")), "SRC:DST"), (("--add", program("init") + ":/../x"), "without .."),
            (("--add", program("init") + ":x"), "must be absolute")):
        said = refused("--modules", SOME, *options)
        check(words in said, f"{options}: {said}")


def documented():
    """a parameter of src/init/cmdline.c is not in initramfs/README.md"""
    with open(os.path.join(vm.TOP, "initramfs", "README.md")) as f:
        readme = f.read()
    with open(os.path.join(vm.TOP, "src", "init", "cmdline.c")) as f:
        source = f.read()
    plain = re.search(r"plain_words\[\] = \{(.*?)\n\};", source, re.DOTALL).group(1)
    words = re.findall(r'\{"([^"]+)"', plain) + re.findall(r'strcmp\(name, "([^"]+)"\)', source)
    check(len(words) >= 8, f"only {words} found")
    for word in words:
        check(re.search(rf"^\| .*`{re.escape(word)}[=`]", readme, re.MULTILINE), f"{word} is not in the table")


if __name__ == "__main__":
    try:
        status = vm.suite([reproducible, without_root, compressed_xz, compressed_zstd,
                           compressed_gzip, kernel_package, dependencies_first,
                           missing_module, default_modules, key_file, nothing_else, image_commands, small, bad_arguments, documented])
    finally:
        shutil.rmtree(work(), ignore_errors=True)
    sys.exit(status)
