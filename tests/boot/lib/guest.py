# SPDX-License-Identifier: MIT
"""
Images of guests with busybox, this machine's cryptsetup and dmsetup, and latchkey, or with the cryptsetup of a newer Debian. See
tests/boot/guest/cases.sh.
"""
import glob
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import vm

TOOLS = ("busybox", "cryptsetup", "dmsetup")


def missing(*tools):
    """One line about what this machine lacks for such a guest, or None."""
    for name in TOOLS + tools:
        if not shutil.which(name):
            return f"{name} is not installed (toolchain/setup check installs it)"
    return vm.missing()


@vm.once
def newer(release, package, program):
    """@program of that release's @package, a path without a leading slash, with its libraries: (file, destination and mode)."""
    name, folder = os.path.basename(program), os.path.join(vm.O, "packages", f"{release}-{package}")
    if not os.path.isdir(folder):
        new = f"{folder}.{os.getpid()}"
        done = subprocess.run([os.path.join(vm.FETCH, "get-package"), "--whole", release, "amd64", package, new], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL)
        if done.returncode == 77 or done.returncode and release == "unstable":
            raise vm.Skip(f"the mirror has no {name} of {release}")
        if done.returncode:
            raise vm.Failure(f"get-package: status {done.returncode}")
        os.rename(new, folder)
    script = os.path.join(vm.WORK, f"newer_{name}")
    with open(script, "w", encoding="ascii") as f:
        f.write(f'#!/bin/sh\nexec /opt/ld-linux-x86-64.so.2 --library-path /opt /opt/{name} "$@"\n')
    files = [(script, f"/sbin/{name}:0755"), (os.path.join(folder, program), f"/opt/{name}:0755")]
    libraries = [path for end in ("*.so.*", "systemd/*.so") for path in glob.glob(f"{folder}/usr/lib/x86_64-linux-gnu/{end}")]
    return files + [(os.path.realpath(path), f"/opt/{os.path.basename(path)}:0755") for path in libraries]


def image(cases, modules, *files, tools=(), kernel_options=(), release=None, name=None):
    """
    An image with the script tests/boot/guest/CASES as process 1, additional (file, destination and mode), and @tools, programs of this machine.
    With @release, cryptsetup is that of another Debian. @name: of the image, if it is not CASES.
    """
    busybox = os.path.realpath(shutil.which("busybox"))
    add = [f"{busybox}:/bin/busybox:0755", *(f"{os.path.join(vm.GUEST, name)}:/{name}" for name in ("cases.sh", "volumes.sh"))]
    add += [f"{path}:{where}" for path, where in files]
    add += [f"{path}:{where}" for path, where in newer(release, "cryptsetup-bin", "usr/sbin/cryptsetup")] if release else []
    for tool in TOOLS[1:] + tools:
        if release and tool == "cryptsetup":
            continue
        for path in vm.with_libraries(shutil.which(tool)):
            add.append(f"{path}:{path}:0755")
        add.append(f"{shutil.which(tool)}:/sbin/{tool}:0755")
    options = [word for file in dict.fromkeys(add) for word in ("--add", file)]
    return vm.make_image(name or cases, *options, init=os.path.join(vm.GUEST, cases), modules=modules, kernel_options=kernel_options)
