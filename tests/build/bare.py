#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The commands of README's first screen, as a stranger types them: a bare Debian with git, make and ca-certificates, a fresh
clone, `make demo`.

Arguments name releases of toolchain/suite; without them it is Debian 13. --check runs `make check` as well, which takes a
quarter of an hour. What is cloned is what is committed. The log is kept in $O/distro.
"""
import os
import re
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(sys.path[0]), "boot", "lib"))
import distro
import vm

ENTER = """
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
for place in sys dev; do mount --rbind "/$place" "$1/$place"; done
cp -L /etc/resolv.conf "$1/etc/" 2>/dev/null || :
exec chroot "$@"
"""
# A machine may reach its mirror by a proxy.
KEPT = [f"{name}={value}" for name, value in os.environ.items() if name.lower().endswith("_proxy")]
GOALS = {"demo": r"the encrypted root was read|^root: witness", "check": r"^[1-9]\d* passed, 0 failed"}
count = failures = 0


def report(good, name, *details):
    global count, failures
    count, failures = count + 1, failures + (not good)
    for line in () if good else details:
        print("# " + line)
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
    return good


def clone(release):
    """A copy of the bare system with the clone in /root/latchkey."""
    folder = distro.path(f"{release}-bare-used")
    vm.run("rm", "-rf", folder)
    vm.run("cp", "-a", distro.tree(f"{release}-bare"), folder)
    # The tree may be another user's. git clone does not hand options of its command line to the git that reads.
    distro.put(distro.WORK, "gitconfig", "[safe]\n\tdirectory = *\n")
    vm.run("env", "GIT_CONFIG_GLOBAL=" + distro.path("gitconfig"), "git", "clone", "-q", "--no-hardlinks", vm.TOP, os.path.join(folder, "root/latchkey"))
    return folder


def make(folder, release, goal):
    log = distro.path(f"bare-{release}-{goal}.log")
    start = time.monotonic()
    with open(log, "wb") as file:
        done = subprocess.run(["unshare", "-m", "sh", "-ec", ENTER, "sh", folder, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
                               *KEPT, "make", "-C", "/root/latchkey", goal], stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, check=False)
    with open(log, encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    said = any(re.search(GOALS[goal], line) for line in lines)
    print(f"# {release}: make {goal}: {time.monotonic() - start:.0f} s; {log}; its last lines:", *lines[-5:], sep="\n# ", flush=True)
    return report(not done.returncode and said, f"{release}, bare, a fresh clone: make {goal}", f"status {done.returncode}", *lines[-40:])


def main():
    goals = ["demo", "check"] if "--check" in sys.argv else ["demo"]
    lack = distro.missing() or (None if shutil.which("git") else "git is not installed")
    if not lack and not os.path.exists(os.path.join(vm.TOP, ".git")):
        lack = "this is no clone"
    if lack:
        print(f"1..0 # SKIP {lack}")
        return 0
    for release in [word for word in sys.argv[1:] if word != "--check"] or ["debian13"]:
        try:
            folder = clone(release)
        except vm.Skip as why:
            report(True, f"{release}: everything # SKIP {why}")
            continue
        except vm.Failure as why:
            report(False, f"{release}: a bare system with a clone", *str(why).splitlines())
            continue
        if all(make(folder, release, goal) for goal in goals):
            shutil.rmtree(folder)
    print(f"1..{count}")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
