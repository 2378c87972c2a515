#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The packages of `make deb` in systems of several releases of Debian, with initramfs-tools and with dracut.

In each: an image without latchkey; install, and the trigger makes an image with it; a newer version, and it makes one again; purge is refused while a line of the
owner's names the module for dracut; purge, and the trigger makes an image without it; dpkg and apt find nothing unfinished, no
file is left, and the builder still works. Nothing is booted here. Arguments name systems of tests/boot/fetch/get-root. Without
arguments and without HOOKS=all, only Debian 13's are used.
"""
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(sys.path[0]), "boot", "lib"))
import distro
import vm
from vm import Failure

SYSTEMS = [f"{release}-{builder}" for release in ("debian12", "debian13", "unstable") for builder in ("initramfs", "dracut")]
PACKAGES = ("latchkey", "latchkey-initramfs")
# What apt and dpkg change in place, which a copy of links would share with the original.
CHANGED = ("var/lib/dpkg", "var/lib/apt", "var/log", "var/cache")
ENTER = """
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
exec chroot "$@"
"""
REBUILD = {"initramfs": "update-initramfs -u -k {0}", "dracut": "dracut --force /boot/initrd.img-{0} {0}"}
DRACUT = 'hostonly="no"\ndracutmodules+=" base udev-rules rootfs-block "\ndrivers+=" virtio_blk "\ncompress="cat"\n'
LIST = {"initramfs": "lsinitramfs", "dracut": "lsinitrd"}


def version():
    with open(os.path.join(vm.kernel(), "version"), encoding="ascii") as f:
        return f.read().strip()


def inside(folder, *command):
    return vm.run("unshare", "-m", "sh", "-ec", ENTER, "sh", folder, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
                  "DEBIAN_FRONTEND=noninteractive", *command)


def system(which):
    """A copy of the system with a kernel that both builders find."""
    folder = distro.copy("deb-" + which, " ".join(CHANGED), which=which)
    for place in CHANGED:
        vm.run("cp", "-a", os.path.join(distro.tree(which), place), os.path.join(folder, os.path.dirname(place)))
    shutil.copy(os.path.join(vm.kernel(), "vmlinuz"), os.path.join(folder, "boot/vmlinuz-" + version()))
    # The image for any machine takes minutes under load, and is not what is tried here.
    modules = os.path.join(folder, "etc/initramfs-tools/initramfs.conf")
    if os.path.exists(modules):
        with open(modules, encoding="utf-8") as f:
            distro.put(folder, "etc/initramfs-tools/initramfs.conf", f.read().replace("MODULES=most", "MODULES=list"))
    else:
        distro.put(folder, "etc/dracut.conf.d/test.conf", DRACUT)
    return folder


def names(folder, builder):
    return inside(folder, LIST[builder], f"/boot/initrd.img-{version()}")


def unfinished(folder):
    """What dpkg and apt find that is not well, and files that are left."""
    left = vm.run("find", *(os.path.join(folder, place) for place in ("usr", "etc", "var/lib/dpkg/info")), "-name", "*latchkey*")
    audit = inside(folder, "dpkg", "--audit")
    try:
        inside(folder, "apt-get", "-q", "check")
    except Failure as why:
        audit += str(why)
    return audit + left


def kept_by_a_line(folder):
    """A line of the owner's that names the module would make dracut fail, and apt from then on: the package stays."""
    line = os.path.join(folder, "etc/dracut.conf.d/mine.conf")
    distro.put(folder, "etc/dracut.conf.d/mine.conf", 'hostonly="no"\nadd_dracutmodules+=" latchkey "\n')
    try:
        return "the package was removed:\n" + inside(folder, "apt-get", "-qy", "purge", "latchkey-initramfs")
    except Failure as why:
        return None if "remove the lines that name latchkey from /etc/dracut.conf.d/mine.conf first" in str(why) else str(why)
    finally:
        os.unlink(line)


@vm.once
def older(deb):
    """The same package with a lower version, and with a file that the newer one has no more."""
    folder, out = (os.path.join(vm.WORK, name) for name in ("deb-older", "older-" + os.path.basename(deb)))
    vm.run("sh", "-ec", 'rm -rf "$2"; dpkg-deb -R "$1" "$2"; sed -i "s/$3/0~older/" "$2/DEBIAN/control"; mkdir -p "$2/usr/lib/latchkey"; '
           'touch "$2/usr/lib/latchkey/old-$5"; dpkg-deb --root-owner-group -b "$2" "$4"', "sh", deb, folder, vm.run("dpkg-deb", "-f", deb, "Version").strip(),
           out, vm.run("dpkg-deb", "-f", deb, "Package").strip())
    return out


def install(folder, debs):
    for deb in debs:
        shutil.copy(deb, folder)
    return inside(folder, "apt-get", "-qy", "--no-install-recommends", "install", *("/" + os.path.basename(deb) for deb in debs))


def upgrade(folder, builder, debs):
    image = os.path.join(folder, f"boot/initrd.img-{version()}")
    before = os.stat(image).st_mtime_ns
    said = install(folder, debs)
    if os.stat(image).st_mtime_ns == before or "usr/sbin/latchkey\n" not in names(folder, builder):
        return f"the newer version is not in an image of its own:\n{said}"
    left = vm.run("find", os.path.join(folder, "usr/lib/latchkey"), "-name", "old-*")
    return f"left by the older version: {left}" if left else None


def cycle(which, debs):
    """None, or what went wrong."""
    builder = which.partition("-")[2]
    folder = system(which)
    rebuild = REBUILD[builder].format(version()).split()
    inside(folder, *([*rebuild[:1], "-c", *rebuild[2:]] if builder == "initramfs" else rebuild))
    if "latchkey" in names(folder, builder):
        return "latchkey is in the first image"
    said = install(folder, [older(deb) for deb in debs])
    if "usr/sbin/latchkey\n" not in names(folder, builder):
        return f"latchkey is not in the image after installation:\n{said}"
    wrong = upgrade(folder, builder, debs) or (kept_by_a_line(folder) if builder == "dracut" else None)
    if wrong:
        return wrong
    said = inside(folder, "apt-get", "-qy", "purge", *PACKAGES)
    if "latchkey" in names(folder, builder):
        return f"latchkey is in the image after purge:\n{said}"
    lacks = unfinished(folder)
    if lacks:
        return f"after purge: {lacks}\n{said}"
    inside(folder, *rebuild)
    shutil.rmtree(folder)
    return None


def main():
    lack = distro.missing() or (None if shutil.which("dpkg-deb") else "dpkg-deb is not installed")
    if lack:
        print(f"1..0 # SKIP {lack}")
        return 0
    systems = sys.argv[1:] or (SYSTEMS if os.environ.get("HOOKS") == "all" else SYSTEMS[2:4])
    vm.run("env", "O=" + vm.O, os.path.join(vm.TOP, "toolchain/deb"), os.path.basename(vm.BUILT))
    folder = os.path.join(vm.O, "deb")
    debs = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    print(f"1..{len(systems)}")
    failed = 0
    for number, which in enumerate(systems, 1):
        name = f"{which}: image, installation, a newer version, purge, image"
        try:
            wrong = cycle(which, debs)
        except vm.Skip as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
            continue
        except (Failure, subprocess.SubprocessError) as why:
            wrong = str(why)
        failed += bool(wrong)
        print("".join(f"# {line}\n" for line in (wrong or "").splitlines()[-40:]) + f"{'not ok' if wrong else 'ok'} {number} - {name}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
