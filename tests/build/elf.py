#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Required properties of the files latchkey and init: a static-pie without a loader, hardened, without risky code.

Every check is first tried on two tiny programs made here: one that it must accept, and one with exactly this fault that it
must refuse. A check that cannot fail proves nothing. With targets as arguments, the programs for these targets are checked
as far as possible without running them; for targets without floating point, every instruction is checked.
"""
import ctypes
import os
import re
import subprocess
import sys
import tempfile

O = os.environ.get("O", "build")
os.environ.pop("MAKEFLAGS", None)  # what the make above us was told is not for the makes that we ask
TARGET = os.environ.get("TARGET", "x86_64-linux-musl")
SIZE_LIMIT = 0  # set by main
FORBIDDEN = re.compile(
    r"(iconv(_open|_close)?|qsort(_r)?|__qsort_r|setlocale|newlocale|printf_core|v?(|f|s|sn|d|as)printf|cJSON_Print.*"
    r"|v?(|f|s)scanf|strto(d|f|ld)|atof|__floatscan|cJSON_Minify|cJSON_Duplicate.*|cJSONUtils_.*|system|popen)$"
)
# Functions that no program may use: neither has a heap.
HEAP = re.compile(r"(malloc|free|calloc|realloc|reallocarray|aligned_alloc|memalign|posix_memalign|__libc_(malloc|free|calloc|realloc)\w*"
                  r"|strn?dup|getline|getdelim|[sb]?brk)$")
# Each of these must be found by one of the two, with whatever else they find.
KNOWN_RISKS = "malloc free calloc realloc printf fprintf vfprintf snprintf vsnprintf asprintf strtod sscanf qsort iconv_open".split()
# src/base/cause.c: error_prefix has an array on its stack, whatever else may change.
GUARDED_OBJECT, GUARDED_FUNCTION = "src/base/cause.o", "error_prefix"
FLAGS = ["-fstack-protector-strong", "-fstack-clash-protection", "-fPIE"]
NEWER_FLAGS = ["-ftrivial-auto-var-init=zero"]  # from gcc 12 on
# The code that neither decodes foreign bytes nor handles keys does not need it (PLAIN in the Makefile).
PLAIN_UNITS = re.compile(r"src/(base|boot|command|config|dm|init)/")
# Nothing of a secret stays in registers (from gcc 11 on).
FORGETFUL_FLAG = "-fzero-call-used-regs=used"
# A program with fewer units of ours, or with fewer returns, was not looked at rightly.
LEAST, LEAST_OF_TOKEN = (50, 200), (15, 100)


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def segments(path):
    """(type, flags) of each program header."""
    rows = re.findall(r"^\s+([A-Z_]+) +0x\S+ 0x\S+ 0x\S+ 0x\S+ 0x\S+ ([R ][W ][E ])", output("readelf", "-lW", path), re.M)
    return [(kind, flags.replace(" ", "")) for kind, flags in rows]


def dynamic(path):
    return output("readelf", "-dW", path)


def symbols(path):
    return [line.split()[-1] for line in output("nm", path).splitlines()]


def static(path, debug):
    if "INTERP" in [kind for kind, _ in segments(path)] or "(NEEDED)" in dynamic(path):
        return "needs a dynamic loader"


def position_independent(path, debug):
    if not re.search(r"^\s*Type:\s+DYN\b", output("readelf", "-hW", path), re.M):
        return "is not ET_DYN"


def relocations_read_only(path, debug):
    if "GNU_RELRO" not in [kind for kind, _ in segments(path)]:
        return "has no GNU_RELRO segment"


def binds_now(path, debug):
    if not re.search(r"\((FLAGS|FLAGS_1|BIND_NOW)\).*\b(BIND_NOW|NOW)\b", dynamic(path)):
        return "has no BIND_NOW"


def stack_not_executable(path, debug):
    stack = [flags for kind, flags in segments(path) if kind == "GNU_STACK"]
    if stack != ["RW"]:
        return f"GNU_STACK is {stack}"


def nothing_writable_and_executable(path, debug):
    wrong = [kind for kind, flags in segments(path) if "W" in flags and "E" in flags and kind != "GNU_STACK"]
    if wrong:
        return f"{wrong} is writable and executable"


def no_text_relocations(path, debug):
    if "TEXTREL" in dynamic(path):
        return "has text relocations"


def stack_protector_linked(path, debug):
    if "__stack_chk_fail" not in symbols(debug):
        return "has no __stack_chk_fail"


def no_risky_code(path, debug):
    found = sorted(filter(FORBIDDEN.match, symbols(debug)))
    if found:
        return "contains " + " ".join(found)


def no_heap(path, debug):
    found = sorted(filter(HEAP.match, symbols(debug)))
    if found:
        return "contains " + " ".join(found)


def small(path, debug):
    if os.path.getsize(path) > SIZE_LIMIT:
        return f"has {os.path.getsize(path)} bytes, more than {SIZE_LIMIT}"


def stripped(path, debug):
    header = output("readelf", "-hW", path)
    if not re.search(r"Number of section headers: +0\n", header) or not re.search(r"Start of section headers: +0 ", header):
        return "has a section table"


def no_floating_point(path, debug):
    """MIPS: every such instruction has an operand $fN or $fccN, or moves a register of coprocessor 1. ARM: V..., F..."""
    dump = output(variable("CROSS") + "objdump", "-d", debug)
    found = re.findall(r"^ +[0-9a-f]+:\t[0-9a-f ]+\t([vf]\w+\b.*|.*\$f(?:cc)?\d.*|[a-z]+c1\b.*|bc1.*)$", dump, re.M)
    if found:
        return f"has {len(found)} floating point instructions: {found[0]}"
    if dump.count("\n") < 5000:
        return "shows too few instructions to be the program"


def two_addresses(path, debug):
    first, second = load_address(path), load_address(path)
    if first == second:
        return f"was loaded at {first} twice"


def load_address(path):
    """Where the kernel puts it; stopped by ptrace at exec, so that not one instruction of it runs."""
    libc = ctypes.CDLL(None)
    child = os.fork()
    if child == 0:
        libc.ptrace(0, 0, None, None)  # PTRACE_TRACEME
        os.execv(path, [path])
    os.waitpid(child, 0)
    with open(f"/proc/{child}/maps", encoding="ascii") as maps:
        address = next(line.split("-")[0] for line in maps if line.rstrip().endswith(os.path.realpath(path)))
    os.kill(child, 9)
    os.waitpid(child, 0)
    return address


CHECKS = [
    static,
    position_independent,
    relocations_read_only,
    binds_now,
    stack_not_executable,
    nothing_writable_and_executable,
    no_text_relocations,
    stack_protector_linked,
    no_risky_code,
    no_heap,
    small,
    stripped,
    two_addresses,
]

# The right program of the self-test, and for each check what makes it wrong: options, and more source.
SOURCE = """
extern char **environ_; char **environ_; void __stack_chk_fail(void) { for (;;); }
void *table[2] = {&environ_, &table};
void _start(void) { volatile char c[64]; c[0] = 1; __stack_chk_fail(); }
"""
RIGHT = "-O1 -nostdlib -fPIE -static -Wl,-pie,--no-dynamic-linker,-z,relro,-z,now,-z,noexecstack,--build-id=none".split()
WRONG = {
    "static": (["-Wl,--dynamic-linker=/lib/ld-none.so"], ""),
    "position_independent": (["-Wl,-no-pie"], ""),
    "relocations_read_only": (["-Wl,-z,norelro"], ""),
    "binds_now": (["-Wl,-z,lazy"], ""),
    "stack_not_executable": (["-Wl,-z,execstack"], ""),
    "nothing_writable_and_executable": (["-Wl,--omagic", "-Wl,-z,norelro"], ""),
    "no_text_relocations": (["-Wl,-z,notext"], '__asm__(".text\\n.quad table\\n");'),
    "stack_protector_linked": (["-D__stack_chk_fail=something_else"], ""),
    "no_risky_code": ([], "void qsort(void) {}"),
    "no_heap": ([], "void free(void *p) {}"),
    "small": ([], "char big[500000] = {1};"),
    "stripped": ([], ""),
    "two_addresses": (["-Wl,-no-pie"], ""),
}

count = 0


def variable(name):
    """What the Makefile says for TARGET."""
    return output("make", "-s", "--no-print-directory", "O=" + O, "TARGET=" + TARGET, "print-" + name).strip()


def report(good, name, why=""):
    global count
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
    if not good and why:
        print(f"# {why}", flush=True)


def skip(name, reason):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {reason}", flush=True)


def compile_tiny(folder, name, options, more):
    path = os.path.join(folder, name)
    with open(path + ".c", "w", encoding="ascii") as file:
        file.write(SOURCE + more)
    subprocess.run(["gcc", *RIGHT, *options, "-w", "-o", path + ".debug", path + ".c"], check=True, capture_output=True)
    subprocess.run(["toolchain/strip", path + ".debug", path], check=True)
    return path


def self_test(check, folder, right):
    name = check.__name__
    options, more = WRONG[name]
    wrong = compile_tiny(folder, name, options, more)
    complaint = check(right, right + ".debug")
    report(complaint is None, f"self-test: {name} accepts a right program", complaint)
    if name == "stripped":
        wrong += ".debug"
    report(check(wrong, wrong if name == "stripped" else wrong + ".debug") is not None, f"self-test: {name} refuses a wrong program")


def randomised():
    with open("/proc/sys/kernel/randomize_va_space", encoding="ascii") as file:
        return file.read().strip() != "0"


def facts(path, checks, newer):
    label = os.path.basename(path) if checks is CHECKS else f"{TARGET}: {os.path.basename(path)}"
    for check in checks:
        if check is small and not path.endswith("latchkey"):
            continue
        name = f"{label}: {check.__name__}"
        if check is two_addresses and not randomised():
            skip(name, "this machine's kernel does not randomise addresses")
            continue
        why = check(path, path + ".debug")
        report(why is None, name, f"{path} {why}")
    debug_info = output("readelf", "--debug-dump=info", path + ".debug")
    # Another toolchain's C library may tell of itself, too.
    units = [unit for unit in re.findall(r"DW_AT_producer\s*:(.*)\n(?:.*\n)?.*DW_AT_name\s*:.*?(\S+)\n", debug_info) if os.path.exists(unit[1])]
    for flag in FLAGS + newer:
        # A target may want the small form, -fpie.
        without = [name for producer, name in units if flag not in producer and (flag != "-fPIE" or "-fpie" not in producer)]
        if flag in NEWER_FLAGS:
            without = [name for name in without if not PLAIN_UNITS.search(name)]
        report(units and not without, f"{label}: all of our own units have {flag}{', where it is needed' if flag in NEWER_FLAGS else ''}", str(without[:1]))
    if newer and compiler_knows(FORGETFUL_FLAG) and not path.endswith("network"):  # it has no secrets
        without = [name for producer, name in units if FORGETFUL_FLAG not in producer]
        least_units, least_returns = LEAST_OF_TOKEN if "/token/" in path else LEAST
        report(len(units) > least_units and not without, f"{label}: all of our own units have {FORGETFUL_FLAG}", str(without[:1]))
        # Optimising the program as a whole forgets this flag unless the link has it, too.
        clear, all_of_them = returns_that_clear(path + ".debug")
        report(all_of_them > least_returns and 2 * clear > all_of_them, f"{label}: functions clear registers when they return", f"{clear} of {all_of_them}")


def returns_that_clear(path):
    """How many returns of a program for x86-64 have a register set to zero just before them, and how many returns there are."""
    lines = output("objdump", "-d", "--no-show-raw-insn", path).splitlines()
    returns = [i for i, line in enumerate(lines) if re.search(r"\tret\b", line)]
    clears = re.compile(r"\txor +(%\w+),\1$")
    return sum(any(clears.search(line) for line in lines[max(0, i - 8):i]) for i in returns), len(returns)


def compiler_knows(flag):
    return subprocess.run(["gcc", "-Werror", flag, "-x", "c", "-c", "/dev/null", "-o", "/dev/null"], capture_output=True).returncode == 0


def guarded():
    dump = output("objdump", "-dr", "--disassemble=" + GUARDED_FUNCTION, os.path.join(O, TARGET, GUARDED_OBJECT))
    report("__stack_chk_fail" in dump, f"{GUARDED_FUNCTION}, which has an array, is guarded by the stack protector")


def relro_in_use():
    """The segment alone is a wish: the start code of a static-pie fulfils it or not. A program that waits shows it."""
    path = os.path.join(O, TARGET, "latchkey")
    waits = [path, "boot", "--test", "--cmdline", "latchkey.device=/nowhere", "--crypttab", "/dev/null", "--config", "/dev/null"]
    row = re.search(r"GNU_RELRO +0x\S+ 0x(\S+) 0x\S+ 0x\S+ 0x(\S+)", output("readelf", "-lW", path))
    start, size = (int(text, 16) for text in row.groups())
    process = subprocess.Popen(waits, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        process.stderr.readline()  # it says that it waits
        with open(f"/proc/{process.pid}/maps", encoding="utf-8") as file:
            maps = [line.split() for line in file if line.rstrip().endswith("/latchkey")]
    finally:
        process.kill()
        process.wait()
    base = int(maps[0][0].split("-")[0], 16)
    rights = [m[1] for m in maps if int(m[0].split("-")[0], 16) <= base + start + size - 1 < int(m[0].split("-")[1], 16)]
    report(rights == ["r--p"], "latchkey: what is relocated is read-only when it runs", f"its rights are {rights}")


def tokens():
    """The token programs, and the one that gives them a network."""
    return ["network"] + ["token/" + ("" if name == "clevis" else "systemd-") + name for name in sorted(os.listdir("src/token")) if os.path.exists(f"src/token/{name}/main.c")]


def other_target(target):
    """What can be seen without running it."""
    global TARGET, SIZE_LIMIT
    TARGET = target
    SIZE_LIMIT = int(variable("SIZE_LIMIT"))
    checks = [check for check in CHECKS if check is not two_addresses]
    if "soft" in variable("TARGET_CFLAGS"):
        checks.append(no_floating_point)
        sees_floating_point()
    for program in ("latchkey", "init", *tokens()):
        facts(os.path.join(O, TARGET, program), checks, [])


def sees_floating_point():
    """The check itself: on a program of the same size that has them in one function."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "float")
        with open(path + ".c", "w", encoding="ascii") as file:
            file.write("float f(float a, float b) { return a * b + 1; }\n")
        command = [variable("CC"), *variable("TARGET_CFLAGS").replace("soft", "hard").replace("armv5te", "armv5te+fp").split(), "-O2", "-w", "-c"]
        subprocess.run([c for c in command if c] + ["-o", path, path + ".c"], check=True, capture_output=True)
        why = no_floating_point(path, path)
        report(why and "floating point" in why, f"self-test: {TARGET}: no_floating_point refuses a multiplication", why or "")


def main():
    if sys.argv[1:]:
        for target in sys.argv[1:]:
            other_target(target)
        print(f"1..{count}")
        return
    global SIZE_LIMIT
    SIZE_LIMIT = int(variable("SIZE_LIMIT"))
    with tempfile.TemporaryDirectory() as folder:
        right = compile_tiny(folder, "right", [], "")
        for check in CHECKS:
            if check is two_addresses and not randomised():
                skip("self-test: two_addresses", "this machine's kernel does not randomise addresses")
                continue
            self_test(check, folder, right)
        missed = [name for name in KNOWN_RISKS if not FORBIDDEN.match(name) and not HEAP.match(name)]
        report(not missed, "self-test: each name that no program may have is forbidden", str(missed))
    for program in ("latchkey", "init", *tokens()):
        facts(os.path.join(O, TARGET, program), CHECKS, [flag for flag in NEWER_FLAGS if compiler_knows(flag)])
    guarded()
    relro_in_use()
    print(f"1..{count}")


main()
