# SPDX-License-Identifier: MIT
"""Images of guests with busybox, this machine's cryptsetup and dmsetup, and latchkey. See tests/boot/guest/cases.sh."""
import os
import shutil
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


def image(cases, modules, *files, tools=(), kernel_options=()):
    """An image with the script tests/boot/guest/CASES as process 1, additional (file, destination and mode), and @tools, programs of this machine."""
    busybox = os.path.realpath(shutil.which("busybox"))
    add = [f"{busybox}:/bin/busybox:0755", *(f"{os.path.join(vm.GUEST, name)}:/{name}" for name in ("cases.sh", "volumes.sh"))]
    add += [f"{path}:{where}" for path, where in files]
    for name in TOOLS[1:] + tools:
        for path in vm.with_libraries(shutil.which(name)):
            add.append(f"{path}:{path}:0755")
        add.append(f"{shutil.which(name)}:/sbin/{name}:0755")
    options = [word for file in dict.fromkeys(add) for word in ("--add", file)]
    return vm.make_image(cases, *options, init=os.path.join(vm.GUEST, cases), modules=modules, kernel_options=kernel_options)
