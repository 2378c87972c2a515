# SPDX-License-Identifier: MIT
"""What the suites on devices share: cases that need tools, the program that looks with our code, and bytes of images."""
import os

from volumes import TOP, Skip, lacking, must


def cases():
    """A decorator case(NAME, TOOL...) and the list that it fills, of (name, function)."""
    found = []

    def case(name, *tools):
        """The function below is a case: it returns a list of complaints. Skipped where a tool is lacking."""

        def add(function):
            def judged():
                why = lacking(*tools)
                if why:
                    raise Skip(why)
                return function()

            found.append((name, judged))
            return function

        return add

    return case, found


def build(program):
    """devices_look.c with the code of base and device, under the sanitizers."""
    os.makedirs(os.path.dirname(program), exist_ok=True)
    sources = [os.path.join(TOP, "tests/interop/devices_look.c")]
    for folder in ("base", "device"):
        folder = os.path.join(TOP, "src", folder)
        sources += [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".c")]
    must(os.environ.get("HOSTCC", "gcc"), "-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-w", "-fsanitize=address,undefined",
         "-fno-sanitize-recover=all", "-I" + os.path.join(TOP, "src"), "-o", program, *sources)


def image(folder, name, size):
    path = os.path.join(folder, name)
    if os.path.exists(path):
        os.remove(path)
    with open(path, "wb") as f:
        f.truncate(size)
    return path


def put(path, offset, data):
    with open(path, "r+b") as f:
        f.seek(offset)
        f.write(data)


def get(path, offset, size):
    with open(path, "rb") as f:
        f.seek(offset)
        return f.read(size)
