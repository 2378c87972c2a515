#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each program contains the core of phc-winner-argon2 and latchkey's fill_segment, and no other Argon2 or BLAKE2b.

The linker's map lists the members of archives that were linked, and nm what each object and the program define: the programs are
optimised as a whole, so that no section bears the name of its object. The checks are first tried on a program that must be
accepted, and on some with one fault each. On x86_64 the library's instructions are checked, too: code that handles secrets must
clear its registers, as latchkey's own code does.
"""
import os
import re
import subprocess
import sys

O = os.environ.get("O", "build")
TARGET = os.environ.get("TARGET", "x86_64-linux-musl")
PROGRAMS = ("latchkey", "init", "latchkey-preflight")
# The steps of RFC 9106 that are the library's.
LIBRARY = "initial_hash", "fill_first_blocks", "blake2b_long", "blake2b_compress"
MEMBERS = {"libargon2.a(core.o)", "libargon2.a(blake2b.o)"}
# What the library does with a heap, with threads of its own or on one thread.
UNWANTED = {"allocate_memory", "free_memory", "fill_memory_blocks", "finalize", "initialize"}


def members(path):
    """The archive members of a program."""
    with open(path + ".map", encoding="ascii") as file:
        linked = file.read().partition("Linker script and memory map")[0]
    return set(re.findall(r"^\S*?([^/\s]+\.a\(\S+\.o\))$", linked, re.M))


def functions(path):
    """The functions that a program or an archive defines, without what the compiler appends to the names of copies."""
    text = subprocess.run(["nm", path], check=True, capture_output=True, text=True).stdout
    return {name.partition(".")[0] for name in re.findall(r" [tT] (\S+)$", text, re.M)}


def complaints(linked, ours, program):
    """@linked: members; @ours: what latchkey's own objects define; @program: what the program has."""
    found = [f"{member} is not linked" for member in MEMBERS - linked]
    found += [f"{member} is linked" for member in linked - MEMBERS if member.startswith("libargon2")]
    found += [f"{name} is latchkey's own" for name in ours if name in LIBRARY or "blake2" in name]
    found += [f"{name} is in the program" for name in program & UNWANTED]
    found += [f"{name} is not in the program" for name in {*LIBRARY, "fill_segment"} - program]
    found += [] if "fill_segment" in ours else ["fill_segment is not latchkey's own"]
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


GOOD = MEMBERS | {"liblatchkey.a(argon2_fill.o)"}, {"fill_segment"}, {*LIBRARY, "fill_segment"}
WRONG = {
    "H0 of our own": (GOOD[0], GOOD[1] | {"initial_hash"}, GOOD[2]),
    "a BLAKE2b of our own": (GOOD[0], GOOD[1] | {"blake2b_hash"}, GOOD[2]),
    "no BLAKE2b of the library": (GOOD[0] - {"libargon2.a(blake2b.o)"}, *GOOD[1:]),
    "the reference's fill_segment": (GOOD[0] | {"libargon2.a(ref.o)"}, *GOOD[1:]),
    "another's fill_segment": (GOOD[0], set(), GOOD[2]),
    "the matrix wiped by one thread": (*GOOD[:2], GOOD[2] | {"free_memory"}),
    "a step that was left out": (*GOOD[:2], GOOD[2] - {"initial_hash"}),
}


def main():
    rows = [(f"self-test refuses: {name}", [] if complaints(*case) else ["was accepted"]) for name, case in WRONG.items()]
    rows.append(("self-test accepts the library's core with our fill_segment", complaints(*GOOD)))
    rows.append(("self-test refuses: registers that are left", [] if leaves_registers("  1:\tpop    %rbx\n  2:\tret\n") else ["were accepted"]))
    rows.append(("self-test accepts registers that are cleared", leaves_registers(CLEARING + "  2:\tret\n")))
    ours = functions(os.path.join(O, TARGET, "liblatchkey.a"))
    for program in PROGRAMS:
        path = os.path.join(O, TARGET, program + ".debug")
        rows.append((f"{program}: no step of Argon2 is a copy of the library's", complaints(members(path), ours, functions(path))))
        if TARGET.startswith("x86_64"):
            rows.append((f"{program}: BLAKE2b leaves nothing in registers", leaves_registers(disassembly(path, "blake2b_compress"))))
    print(f"1..{len(rows)}")
    for number, (name, why) in enumerate(rows, 1):
        print(f"{'not ok' if why else 'ok'} {number} - {name}")
        for sentence in why:
            print("# " + sentence)
    sys.exit(any(why for _, why in rows))


main()
