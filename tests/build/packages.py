#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The packages for OpenWrt and Buildroot and the recipes of packaging/ agree with the release, and OpenWrt's configuration has
the documented effect. The programs that suites look for are those of toolchain/setup."""
import glob
import os
import re
import subprocess
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
O = os.path.join(TOP, os.environ.get("O", "build"))
LATCHKEY = os.path.join(O, os.environ.get("TARGET", "x86_64-linux-musl"), "latchkey")
OPENWRT, BUILDROOT = (os.path.join(TOP, "initramfs", name) for name in ("openwrt", "buildroot"))
FILES = os.path.join(OPENWRT, "latchkey", "files")
count = 0


def report(why, name):
    global count
    count += 1
    print(f"{'not ok' if why else 'ok'} {count} - {name}", flush=True)
    for line in str(why).splitlines() if why else []:
        print(f"# {line}")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def pinned():
    """Archive -> hash, of the libraries that are linked, as their projects call them."""
    return {file: sha for sha, file in re.findall(r"^archive +(\w+) (\S+) https", read(TOP, "toolchain", "libraries"), re.M)}


def versions():
    want = read(TOP, "VERSION").strip()
    openwrt = re.search(r"^PKG_VERSION:=(.*)$", read(OPENWRT, "latchkey", "Makefile"), re.M).group(1)
    buildroot = re.search(r"^LATCHKEY_VERSION = (.*)$", read(BUILDROOT, "package", "latchkey", "latchkey.mk"), re.M).group(1)
    return None if openwrt == buildroot == want else f"VERSION {want}, OpenWrt {openwrt}, Buildroot {buildroot}"


def openwrt_archives():
    found = dict(re.findall(r"FILE:=(\S+)\n(?:.*\n)*?  HASH:=(\w+)", read(OPENWRT, "latchkey", "Makefile")))
    wrong = [name for name, sha in found.items() if pinned().get(name) != sha]
    return str(wrong or found) if wrong or set(found) != {n for n in pinned() if re.match("bearssl|cJSON|phc-winner-argon2", n)} else None


def buildroot_archives():
    hashes = dict(re.findall(r"^sha256  (\w+)  (\S+)$", read(BUILDROOT, "package", "latchkey", "latchkey.hash"), re.M))
    names = {name: sha for sha, name in hashes.items()}
    licence = subprocess.run(["sha256sum", os.path.join(TOP, "LICENSE")], capture_output=True, text=True).stdout.split()[0]
    names.pop("NOTICES", None)  # buildroot_notices
    wrong = [n for n, sha in names.items() if sha != (licence if n == "LICENSE" else pinned().get(n))]
    urls = re.findall(r"https://\S+/(\S+)", read(BUILDROOT, "package", "latchkey", "latchkey.mk"))
    wrong += [n for n in urls if n not in names]
    return str(wrong) if wrong or len(urls) != 4 else None


def buildroot_notices():
    """Buildroot's legal-info wants the licences after unpacking: the hook collects them, with the hash that is listed."""
    listed = re.search(r"^sha256  (\w+)  NOTICES$", read(BUILDROOT, "package", "latchkey", "latchkey.hash"), re.M)
    with tempfile.TemporaryDirectory() as folder:
        stub = os.path.join(folder, "stub.mk")
        with open(stub, "w", encoding="ascii") as file:
            file.write(f"qstrip = $(1)\nLATCHKEY_DL_DIR = {O}/archives\ninclude {BUILDROOT}/package/latchkey/latchkey.mk\n"
                       "generic-package =\nlegal-info: ; $($(LATCHKEY_POST_EXTRACT_HOOKS))\n")
        for name in ("toolchain", "LICENSE"):
            os.symlink(os.path.join(TOP, name), os.path.join(folder, name))
        environment = {k: v for k, v in os.environ.items() if k not in ("O", "MAKEFLAGS")}
        done = subprocess.run(["make", "-f", stub, "@D=" + folder, "legal-info"], cwd=folder, capture_output=True, text=True, env=environment)
        if done.returncode:
            return done.stdout + done.stderr
        found = subprocess.run(["sha256sum", os.path.join(folder, "NOTICES")], capture_output=True, text=True).stdout.split()[0]
    return None if listed and found == listed.group(1) else f"NOTICES has {found}"


def recipe(path, version, libraries):
    """The version is that of the sources; each library is in it with the hash of its project's archive, if it has hashes."""
    text = read(TOP, "packaging", path)
    wrong = [] if re.search(version + re.escape(read(TOP, "VERSION").strip()) + "$", text, re.M) else ["version"]
    for name, sha in pinned().items():
        if name.partition("-")[0] in libraries and (name not in text or ("sha256sums" in text and sha not in text)):
            wrong.append(name)
    known = set(pinned().values())
    wrong += [sha for sha in re.findall(r"\b[0-9a-f]{64}\b", text) if sha not in known]
    return str(wrong) if wrong else None


def alpine_tokens():
    """make install knows whether /lib is a link; Alpine has systems of both kinds, and latchkey looks in /lib."""
    return "TOKENDIR is set" if "TOKENDIR=" in read(TOP, "packaging", "alpine", "APKBUILD") else None


def spaces():
    """Files must not go elsewhere, and rules not name other files, because a path has a space."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "DESTDIR", "PREFIX")}

    def make(*arguments):
        return subprocess.run(["make", "-s", "-C", TOP, *arguments], capture_output=True, text=True, env=environment)

    with tempfile.TemporaryDirectory() as folder:
        root = os.path.join(folder, "a root")
        os.makedirs(root + "/usr/lib/dracut/modules.d/70crypt")
        done = make("DESTDIR=" + root, "install-hooks")
        if done.returncode or os.listdir(folder) != ["a root"] or not os.path.exists(root + "/usr/lib/dracut/modules.d/70latchkey"):
            return f"DESTDIR: {done.stdout}{done.stderr}{os.listdir(folder)}"
    for variable in ("O", "CURDIR"):
        done = make(variable + "=/tmp/a folder", "print-VERSION")
        if done.returncode != 2 or "with a space" not in done.stderr:
            return f"{variable}: status {done.returncode}, {done.stderr}"
    return None


def uninstalled():
    """make uninstall removes all that make install has put there, whatever builders are there by then, and nothing else."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "DESTDIR", "PREFIX")}
    with tempfile.TemporaryDirectory() as folder:
        root = os.path.join(folder, "a root")

        def files():
            return sorted(os.path.relpath(os.path.join(f, n), root) for f, _, names in os.walk(root) for n in names)

        def make(*arguments):
            return subprocess.run(["make", "-s", "-C", TOP, "DESTDIR=" + root, "PREFIX=/usr", *arguments], capture_output=True, text=True,
                                  env=environment)

        others = ["etc/mkinitfs/features.d/other.files", "usr/share/man/man8/other.8", "usr/share/zsh/site-functions/_other",
                  "usr/share/initramfs-tools/hooks/other"]
        for name in others:
            os.makedirs(os.path.join(root, os.path.dirname(name)))
            with open(os.path.join(root, name), "w", encoding="ascii"):
                pass
        environment["REMOVE"] = "of somebody else"
        done = make("install-files", *(f"WITH_{builder}=yes" for builder in ("DRACUT", "INITRAMFS_TOOLS", "MKINITCPIO", "MKINITFS")))
        if done.returncode or len(files()) < 30:
            return f"make install-files: {done.stdout}{done.stderr}{files()}"
        os.makedirs(os.path.join(root, "usr/lib/dracut/modules.d/70crypt"))  # a newer dracut, whose modules have other numbers
        done = make("uninstall")
        ours = [f for f, _, _ in os.walk(root) if f.endswith(("latchkey", "alpine", "token"))]
        if done.returncode or files() != sorted(others) or ours:
            return f"make uninstall: {done.stdout}{done.stderr}left: {files()} {ours}"
        done = make("uninstall")  # nothing is there any more
        return f"again: {done.stdout}{done.stderr}" if done.returncode else None


def shell(script):
    """Run as on the router, in busybox's shell, with stand-ins for uci's functions, modprobe and /tmp."""
    with tempfile.TemporaryDirectory() as folder:
        uci = os.path.join(folder, "config")
        with open(uci, "w", encoding="ascii") as file:
            file.write(script)
        text = read(FILES, "latchkey.sh").replace("/tmp/", folder + "/").replace("/dev/kmsg", folder + "/kmsg")
        with open(os.path.join(folder, "latchkey.sh"), "w", encoding="ascii") as file:
            file.write(text)
        run = f"""set -u
section= keys=
get() {{ sed -n "/^config volume '$1'/,/^config /s/^\\t$2 $3 '\\(.*\\)'/\\1/p" {uci}; }}
config_load() {{ [ "$1" = latchkey ]; }}
config_get() {{ eval "$1=\\"\\$(get $2 option $3)\\"; [ \\"\\$$1\\" ] || $1=\\"${{4:-}}\\""; }}
config_get_bool() {{ config_get "$@"; }}
config_list_foreach() {{ for each in $(get $1 list $2); do $3 "$each"; done; }}
config_foreach() {{ for section in $(sed -n "s/^config $2 '\\(.*\\)'/\\1/p" {uci}); do $1 $section "$3"; done; }}
modprobe() {{ echo "modprobe $*"; }}
latchkey() {{ [ "$1" = boot ] && shift && echo called && {LATCHKEY} boot --show "$@" 2>&1; }}
. {folder}/latchkey.sh
latchkey_open $0
echo "ended $?, left:" $(ls {folder})
"""
        return {when: subprocess.run(["busybox", "sh", "-c", run, when], capture_output=True, text=True) for when in ("preinit", "boot")}


VOLUMES = """config volume 'extroot'
\toption device 'UUID=2b1e0f6c-0b44-4f6b-9a3c-64a5d2f1c001'
\toption when 'preinit'
\toption wait '30'
\tlist key '/etc/first.key'
\tlist key '/etc/second.key'

config volume 'data'
\toption device '/dev/sdb1'
\toption ask '1'
\toption options 'read-only,max-memory=32'

config volume 'off'
\toption enabled '0'
\toption device '/dev/sdc1'
"""


def expect(text, have=(), lack=()):
    wrong = [f"lacks {line!r}" for line in have if line not in text] + [f"has {line!r}" for line in lack if line in text]
    return f"{wrong}:\n{text}" if wrong else None


def openwrt_configuration():
    got = shell(VOLUMES)
    for when, done in got.items():
        yield done.stderr, f"OpenWrt, {when}: the script says nothing of its own"
    preinit, boot = (got[when].stdout for when in ("preinit", "boot"))
    yield expect(preinit, ["called", "volume extroot", "UUID=2b1e0f6c-0b44-4f6b-9a3c-64a5d2f1c001", "/etc/first.key", "/etc/second.key",
                           "headless", "give up: after 30 s", "modprobe -q dm-crypt"], ["volume data", "volume off", "ignored", "skipped"]), \
        "OpenWrt: preinit opens extroot, with its keys, without asking"
    yield expect(boot, ["volume data", "/dev/sdb1", "read-only", "max-memory=32", "timeout=20"],
                 ["volume extroot", "volume off", "headless", "ignored", "skipped"]), \
        "OpenWrt: the service opens the others, and asks for 20 s at most"
    for when, text in (("preinit", preinit), ("boot", boot)):
        yield expect(text, ["ended 0, left: config latchkey.sh\n"]), f"OpenWrt, {when}: nothing fails, nothing is left in /tmp"
    for wait in ("0", "00", "abc"):
        for when, done in shell(VOLUMES.replace("option wait '30'", f"option wait '{wait}'")).items():
            if when == "preinit":
                yield expect(done.stdout, ["give up: after 20 s"], ["give up: never"]), f"OpenWrt: wait '{wait}' is not unlimited"
    shipped = shell(read(FILES, "latchkey.config"))
    yield expect(shipped["preinit"].stdout + shipped["boot"].stdout, ["ended 0"], ["called", "modprobe"]), \
        "OpenWrt: the configuration as shipped opens nothing and loads nothing"


# Of the C compiler and of packages that every Debian has.
EVERYWHERE = {"bash", "cc", "chroot", "cp", "ldd", "nsenter", "setsid", "truncate", "unshare"}


def tools():
    """A suite whose program no group installs would be skipped for ever."""
    told = set(re.findall(r"^\w+ +\| [^|]*\| (?:\S*/)?([^ /]+) +\|", read(TOP, "toolchain", "setup"), re.M)) | EVERYWHERE
    return "\n".join(f"{os.path.relpath(path, TOP)}: {program} is not in toolchain/setup" for path in sorted(glob.glob(os.path.join(TOP, "tests", "*", "*.py")))
                     for call in re.findall(r"\blacking\((.*?)\)", read(path)) for program in re.findall(r'"([^"]+)"', call) if program not in told)


def main():
    report(versions(), "the packages have the version of the sources")
    report(openwrt_archives(), "OpenWrt: libraries and hashes are those of toolchain/libraries")
    report(buildroot_archives(), "Buildroot: libraries, licence and hashes are those of the sources")
    report(buildroot_notices(), "Buildroot: the notices of the linked libraries are collected, and have the hash that is listed")
    linked = {"bearssl", "phc", "cJSON", "cmocka"}
    report(recipe("arch/PKGBUILD", "^pkgver=", linked | {"musl"}), "Arch: version, libraries and hashes are those of the sources")
    report(recipe("rpm/latchkey.spec", "^Version: +", linked | {"musl"}), "RPM: version and libraries are those of the sources")
    report(recipe("alpine/APKBUILD", "^pkgver=", linked), "Alpine: version, libraries and hashes are those of the sources")
    report(alpine_tokens(), "Alpine: the token programs go where latchkey looks for them on that system")
    report(spaces(), "make install takes a DESTDIR with a space, and make refuses to build in a folder that has one")
    report(uninstalled(), "make uninstall removes what make install has put there, and nothing else")
    report(tools(), "toolchain/setup installs the programs that suites look for")
    for why, name in openwrt_configuration():
        report(why, name)
    print(f"1..{count}")


main()
