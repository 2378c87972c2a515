#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each program contains the core of phc-winner-argon2 and latchkey's fill_segment, and no other Argon2 or BLAKE2b.

The linker's map shows the object of each section that was kept. The checks are first tried on texts made here: a map that
must be accepted, and maps with one fault each. On x86_64 the library's instructions are checked, too: code that handles
secrets must clear its registers, as latchkey's own code does.
"""
import os
import re
import subprocess
import sys

O = os.environ.get("O", "build")
TARGET = os.environ.get("TARGET", "x86_64-linux-musl")
PROGRAMS = ("latchkey", "init", "latchkey-preflight")
# The steps of RFC 9106 that are the library's, and the object of it that each is in.
LIBRARY = {
    "initial_hash": "libargon2.a(core.o)",
    "fill_first_blocks": "libargon2.a(core.o)",
    "blake2b_long": "libargon2.a(blake2b.o)",
    "blake2b_compress": "libargon2.a(blake2b.o)",
}
# What the library does with a heap, with threads of its own or on one thread.
UNWANTED = ("allocate_memory", "free_memory", "fill_memory_blocks", "finalize", "initialize")


def kept(text):
    """(section, archive member) of each section of code in the program; those that were left out have no address."""
    linked = text.partition("Linker script and memory map")[2]
    return re.findall(r"^ \.text\.(\S+)\s+0x0*[1-9a-f]\w*\s+0x[1-9a-f]\w*\s+\S*?([^/\s]+)$", linked, re.M)


def complaints(text):
    found, sections = [], kept(text)
    for name, member in LIBRARY.items():
        there = [m for n, m in sections if n == name]
        if there != [member]:
            found.append(f"{name} is from {there}, not from {member}")
    found += [f"{name} of {member} is linked" for name, member in sections if name in UNWANTED]
    found += [f"{name} is from {member}" for name, member in sections if name == "fill_segment" and member.startswith("libargon2.a")]
    found += [f"{name} is from {member}" for name, member in sections if "blake2" in name and member != "libargon2.a(blake2b.o)"]
    return found


def disassembly(path, name):
    return subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--disassemble=" + name, path], check=True, capture_output=True, text=True).stdout


def leaves_registers(text):
    """Of BLAKE2b's compression, which has words of the passphrase in all registers: each return is behind their clearing."""
    code = re.findall(r"^ +[0-9a-f]+:\t(\S.*?)\s*$", text, re.M)
    returns = [i for i, instruction in enumerate(code) if instruction.startswith("ret")]
    cleared = [len({r for a, r in re.findall(r"xor +%(\w+),%(\w+)", "\n".join(code[max(0, i - 12):i])) if a == r}) for i in returns]
    return [] if returns and min(cleared) >= 9 else [f"returns clear {cleared} of the 9 registers that a call may change"]


CLEARING = "".join(f"  1:\txor    %{r},%{r}\n" for r in "eax edx ecx esi edi r8d r9d r10d r11d".split())


def line(name, member, address="0x0000000000019c3d"):
    return f" .text.{name}\n                {address}       0x1f build/x/{member}\n"


GOOD = "Linker script and memory map\n" + "".join(line(*row) for row in LIBRARY.items())
WRONG = {
    "H0 of our own": GOOD.replace(line("initial_hash", "libargon2.a(core.o)"), ""),
    "a second BLAKE2b in addition to the library's": GOOD + line("blake2b_hash", "liblatchkey.a(blake2b.o)"),
    "a BLAKE2b of our own in its place": GOOD.replace("libargon2.a(blake2b.o)", "liblatchkey.a(blake2b.o)"),
    "the reference's fill_segment": GOOD + line("fill_segment", "libargon2.a(ref.o)"),
    "the matrix wiped by one thread": GOOD + line("free_memory", "libargon2.a(core.o)"),
    "a function that was left out again": GOOD.replace(line("initial_hash", "libargon2.a(core.o)"), line("initial_hash", "libargon2.a(core.o)", "0x0000000000000000")),
}


def main():
    rows = [(f"self-test refuses: {name}", [] if complaints(text) else ["was accepted"]) for name, text in WRONG.items()]
    rows.append(("self-test accepts the library's core with our fill_segment", complaints(GOOD)))
    rows.append(("self-test refuses: registers that are left", [] if leaves_registers("  1:\tpop    %rbx\n  2:\tret\n") else ["were accepted"]))
    rows.append(("self-test accepts registers that are cleared", leaves_registers(CLEARING + "  2:\tret\n")))
    for program in PROGRAMS:
        with open(os.path.join(O, TARGET, program + ".debug.map"), encoding="ascii") as file:
            rows.append((f"{program}: no step of Argon2 is a copy of the library's", complaints(file.read())))
        if TARGET.startswith("x86_64"):
            path = os.path.join(O, TARGET, program + ".debug")
            rows.append((f"{program}: BLAKE2b leaves nothing in registers", leaves_registers(disassembly(path, "blake2b_compress"))))
    print(f"1..{len(rows)}")
    for number, (name, why) in enumerate(rows, 1):
        print(f"{'not ok' if why else 'ok'} {number} - {name}")
        for sentence in why:
            print("# " + sentence)
    sys.exit(any(why for _, why in rows))


main()
