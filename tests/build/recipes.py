#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes of packaging/ build packages from a release's archive: arch, rpm, alpine. Arguments choose among them.

Arch's and RPM's tools are those of Debian. abuild is not in Debian: a shell calls the functions of the APKBUILD in its order,
with musl-gcc as Alpine's compiler. The libraries come from $O/archives, which may have other names and hashes than their
projects' archives; tests/build/packages.py compares the recipes' own hashes with toolchain/libraries. With HOOKS=all, each
recipe runs the unit tests, too: makepkg as a user who is not root.
"""
import glob
import os
import pwd
import re
import shutil
import subprocess
import sys
import tarfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
O = os.path.join(TOP, os.environ.get("O", "build"))
WORK = os.path.join(O, "recipes")
for variable in ("MAKEFLAGS", "TARGET", "CC", "CROSS_COMPILE", "O", "WERROR"):  # what the make above us was told is not for ours
    os.environ.pop(variable, None)
os.environ["LC_ALL"] = "C.UTF-8"
os.environ["MAKEFLAGS"] = f"-j{os.cpu_count()}"
with open(os.path.join(TOP, "VERSION"), encoding="ascii") as version:
    NAME = "latchkey-" + version.read().strip()
EVERYWHERE = """usr/lib/latchkey/network usr/lib/latchkey/token/clevis usr/lib/latchkey/token/systemd-fido2 usr/lib/latchkey/token/systemd-tpm2 usr/share/licenses/latchkey/NOTICES
usr/share/man/man8/latchkey.8 usr/share/man/man5/latchkey.conf.5 usr/share/man/man7/latchkey-token.7
usr/share/bash-completion/completions/latchkey usr/share/zsh/site-functions/_latchkey"""
BUILDERS = {
    "dracut": """usr/lib/dracut/dracut.conf.d/50-latchkey.conf usr/lib/dracut/modules.d/*latchkey/module-setup.sh
usr/lib/dracut/modules.d/*latchkey/latchkey-boot.sh usr/lib/latchkey/latchkey.service usr/lib/latchkey/55-latchkey.rules""",
    "mkinitcpio": "usr/lib/initcpio/install/latchkey usr/lib/initcpio/hooks/latchkey usr/lib/initcpio/post/latchkey",
    "mkinitfs": "etc/mkinitfs/features.d/latchkey.files usr/lib/latchkey/alpine/init usr/lib/latchkey/alpine/nlplug-findfs",
}
# abuild's variables and order. amove is tried with the folders that it gets: they must be there.
ABUILD = """
set -eu
export srcdir=$PWD/src pkgdir=$PWD/pkg subpkgdir=$PWD/mkinitfs
. ./APKBUILD
mkdir -p "$srcdir" "$pkgdir"
echo "$sha256sums" | sed '/^$/d' >sums
sha256sum -c --quiet sums
for archive in *.tar.*; do ln "$archive" "$srcdir/"; tar -xf "$archive" -C "$srcdir"; done
cd "$srcdir/$pkgname-$pkgver"
build
[ ! "${CHECK:-}" ] || check
package
amove() { for path; do mkdir -p "$subpkgdir/${path%/*}"; mv "$pkgdir/$path" "$subpkgdir/$path"; done; }
pkgver=$pkgver
_mkinitfs
find "$pkgdir/etc" "$pkgdir/usr/lib/latchkey/alpine" 2>/dev/null | sed '/etc$/d; s/^/left behind: /'
cp -a "$subpkgdir/." "$pkgdir/"
"""
CHECKED = os.environ.get("HOOKS") == "all"
count = failures = 0


def report(why, name):
    global count, failures
    count, failures = count + 1, failures + bool(why)
    for line in str(why or "").splitlines()[-40:]:
        print("# " + line)
    print(f"{'not ok' if why else 'ok'} {count} - {name}", flush=True)


def run(*command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
    return f"{' '.join(command)}: status {done.returncode}\n{done.stdout.decode(errors='replace')}" if done.returncode else None


def libraries():
    """The archive of each library that is here, and its project's: (file, sha256) of each."""
    with open(os.path.join(TOP, "toolchain", "libraries"), encoding="ascii") as table:
        for entry in table.read().split("\nlibrary ")[1:]:
            rows = re.findall(r"^archive +(\w+) (\S+)( https)?", entry, re.M)
            here = next(((file, sha) for sha, file, _ in rows if os.path.exists(os.path.join(O, "archives", file))), None)
            project = next((file, sha) for sha, file, address in rows if address)
            if here:
                yield here, project


def prepare(system, recipe):
    """A folder with the recipe of the release, its archive, and the archives of the libraries, which the recipe names."""
    folder = os.path.join(WORK, system)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    shutil.copy(os.path.join(WORK, "dist", NAME + ".tar.gz"), folder)
    with tarfile.open(os.path.join(WORK, "dist", NAME + "-packaging.tar.gz")) as release:
        text = release.extractfile(f"{NAME}/packaging/{system}/{recipe}").read().decode()
    for (file, sha), (name, its) in libraries():
        shutil.copy(os.path.join(O, "archives", file), folder)
        text = re.sub(r"[^\s'(]*" + re.escape(name) + r"[^\s')]*", file, text).replace(its, sha)
    with open(os.path.join(folder, recipe), "w", encoding="utf-8") as out:
        out.write(text)
    return folder


def another(program):
    """The same compiler makes the same bytes of the same sources, whatever flags the package's builder has."""
    with open(program, "rb") as one, open(os.path.join(O, "x86_64-linux-musl", os.path.basename(program)), "rb") as other:
        return None if one.read() == other.read() else f"{program} is not the program that make builds (is that one up to date?)"


def lacks(root, sbin, *builders):
    """Files that the package should have installed below root, and the program, which must run."""
    wanted = [f"{sbin}/latchkey", f"{sbin}/latchkey-preflight", *EVERYWHERE.split(), *(w for b in builders for w in BUILDERS[b].split())]
    missing = [name for name in wanted if not glob.glob(os.path.join(root, name) + "*")]
    others = [name for b in set(BUILDERS) - set(builders) for name in BUILDERS[b].split() if glob.glob(os.path.join(root, name))]
    with open(os.path.join(root, "usr/share/licenses/latchkey/NOTICES"), encoding="utf-8") as file:
        notices = file.read()
    missing += [name for name in ("Thomas Pornin", "Dave Gamble", "Daniel Dinu") if name not in notices]
    said = run(os.path.join(root, sbin, "latchkey"), "--version")
    return said or (f"lacks {missing}, has {others}" if missing or others else None)


def arch():
    for tool in ("makepkg", "bsdtar", "fakeroot", "setpriv"):
        if not shutil.which(tool):
            return f"skip {tool} is not installed (toolchain/setup check-all installs it)"
    folder = prepare("arch", "PKGBUILD")
    command = ["makepkg", "--nodeps", "--noconfirm", "--nocolor", *([] if CHECKED else ["--nocheck"])]
    # Processes of root are refused. The folders above may be closed to others, so it works elsewhere.
    place = folder
    if not os.geteuid():
        nobody = pwd.getpwnam("nobody")
        place = subprocess.run(["mktemp", "-d", "/tmp/latchkey-arch.XXXXXX"], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
        shutil.copytree(folder, place, dirs_exist_ok=True)
        run("chown", "-R", "nobody", place)
        command = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", *command]
    try:
        wrong = run(*command, cwd=place, env=dict(os.environ, HOME=place, PKGEXT=".pkg.tar.gz", PACMAN="true", PACKAGER="nobody <nobody@latchkey.invalid>"))
        if wrong:
            return wrong
        root = os.path.join(folder, "root")
        os.mkdir(root)
        packages = glob.glob(place + "/*.pkg.tar.gz")
        return run("bsdtar", "-xf", *packages, "-C", root) or lacks(root, "usr/bin", "dracut", "mkinitcpio") or another(root + "/usr/bin/latchkey")
    finally:
        if place != folder:
            shutil.rmtree(place)


def rpm():
    if not shutil.which("rpmbuild"):
        return "skip rpmbuild is not installed (toolchain/setup check-all installs it)"
    if os.geteuid():
        return "skip only root can install packages into a folder"
    folder = prepare("rpm", "latchkey.spec")
    wrong = run("rpmbuild", "-bb", "--nodeps", *([] if CHECKED else ["--nocheck"]), "--define", f"_topdir {folder}/top", "--define", f"_sourcedir {folder}",
                "--define", "_sbindir /usr/sbin", os.path.join(folder, "latchkey.spec"))
    if wrong:
        return wrong
    root = os.path.join(folder, "root")
    os.mkdir(root)
    packages = sorted(glob.glob(folder + "/top/RPMS/*/*.rpm"))
    wrong = run("rpm", "--root", root, "--install", "--nodeps", *packages) or lacks(root, "usr/sbin", "dracut") or another(root + "/usr/sbin/latchkey")
    return wrong or run("rpm", "--root", root, "--verify", "--nodeps", "latchkey", "latchkey-dracut") or \
        run("rpm", "--root", root, "--erase", "--nodeps", "latchkey-dracut") or \
        (f"left behind: {left}" if (left := glob.glob(root + "/usr/lib/dracut/*/*latchkey*")) else None)


def alpine():
    if not shutil.which("musl-gcc"):
        return "skip musl-gcc is not installed (toolchain/setup check-all installs it)"
    folder = prepare("alpine", "APKBUILD")
    multiarch = subprocess.run(["gcc", "-print-multiarch"], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    environment = dict(os.environ, CC="musl-gcc", KERNEL_HEADERS=f"/usr/include /usr/include/{multiarch}",
                       CHECK="yes" if CHECKED else "")
    return run("sh", "-c", ABUILD, cwd=folder, env=environment) or lacks(os.path.join(folder, "pkg"), "usr/sbin", "mkinitfs")


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    wrong = run("toolchain/dist", cwd=TOP, env=dict(os.environ, O=O, DIST=os.path.join(WORK, "dist")))
    report(wrong, "a release has the recipes and the archive that they build")
    if not wrong:
        for make in (arch, rpm, alpine):
            if len(sys.argv) > 1 and make.__name__ not in sys.argv[1:]:
                continue
            why = make()
            skip = why and why.startswith("skip ")
            report(None if skip else why, f"packaging/{make.__name__}: the package is built and complete" + (f" # SKIP {why[5:]}" if skip else ""))
    print(f"1..{count}")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
