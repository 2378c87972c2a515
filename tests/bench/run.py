#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare time, memory and size of `latchkey test` and `cryptsetup open --test-passphrase` on the same images.

The two programs run alternately. Times are medians, and a ratio is the median of the ratios of all rounds. Does not need
root. Works in $O/bench (default: build/bench) and removes its files there.

    ROUNDS=n             number of rounds (default 9)
    QUICK=1              three rounds, and only the measurements that take seconds
    CRYPTSETUP=/path     another cryptsetup
"""
import gzip
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from measure import peak_kib, system_calls
from volumes import (CRYPTSETUP, LATCHKEY, O, TOP, Broken, Skip, Volume, argon2, lacking, lanes_allowed, run, save,
                     workplace)

FOLDER = os.path.join(O, "bench")
QUICK = bool(os.environ.get("QUICK"))
ROUNDS = int(os.environ.get("ROUNDS", "3" if QUICK else "9"))
SERVICE = "/lib/systemd/systemd-cryptsetup"
SECRET = b"a passphrase for the benchmark"
OURS, PEER, HUGE = "latchkey", "cryptsetup", "cryptsetup, huge pages"
# What runs on a processor without extensions, or without SHA's. OpenSSL is told the same; other libraries have no such switch.
PLAIN, NO_SHA, PEER_NO_SHA = "latchkey, plain x86-64", "latchkey, no SHA-NI", "cryptsetup, no SHA-NI"
MASKED = {PLAIN: "", NO_SHA: "ssse3,avx2,avx512"}
FEATURES = ["aes", "vaes", "sha_ni", "ssse3", "sse4_1", "avx2", "avx512f", "avx512vl", "bmi2", "neon", "asimd", "sha2", "sha512"]


def pbkdf2(hash_name, iterations):
    return ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", str(iterations), "--hash", hash_name]


# What is asked for (ours, peer, at most, hoped for), as ratios of wall time.
ARGON2 = [(OURS, PEER, 0.50, 0.40), (OURS, HUGE, 0.50, 0.40), (PLAIN, HUGE, 0.80, 0.62)]
FIGURES = {
    "argon2id 64 MiB p1": ARGON2,
    "argon2id 256 MiB p2": ARGON2,
    "argon2id 1 GiB p4": ARGON2,
    "pbkdf2-sha256 1 M": [(OURS, PEER, 0.25, 0.18), (NO_SHA, PEER_NO_SHA, 0.75, 0.385)],
    "pbkdf2-sha512 1 M": [(OURS, PEER, 0.68, 0.60)],
    "pbkdf2-sha1 1 M": [(OURS, PEER, 0.35, 0.16)],
    "pbkdf2-sha256 1000": [(OURS, PEER, 0.45, 0.15)],
}
# Beside a cryptsetup of 2.8 or later, on OpenSSL 3.5 or later, only this is asked for.
NEWER_FIGURES = {"pbkdf2-sha256 1 M": [(OURS, PEER, 0.40, 0.30)]}

# name, options of luksFormat, MiB of Argon2, done in seconds
CASES = [
    ("argon2id 64 MiB p1", argon2("argon2id", 1, 64 << 10), 64, True),
    ("argon2id 256 MiB p2", argon2("argon2id", 2, 256 << 10), 256, True),
    ("argon2id 1 GiB p4", argon2("argon2id", 4, 1 << 20), 1024, False),
    ("pbkdf2-sha256 1 M", pbkdf2("sha256", 1000000), 0, True),
    ("pbkdf2-sha512 1 M", pbkdf2("sha512", 1000000), 0, False),
    ("pbkdf2-sha1 1 M", pbkdf2("sha1", 1000000), 0, False),
    ("pbkdf2-sha256 1000", pbkdf2("sha256", 1000), 0, True),
]


def masked(name, argv):
    """latchkey with other features of the processor: a program of its own, as the one that is shipped has no such switch."""
    return [os.path.join(os.path.dirname(LATCHKEY), "tests/bench/masked"), MASKED[name], *argv[1:]]


# --- measuring -----------------------------------------------------------------------------------------------


def timed(argv, environment):
    """Wall and CPU milliseconds of one run."""
    null = os.open("/dev/null", os.O_RDWR)
    start = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, environment, file_actions=[(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)])
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    os.close(null)
    if status:
        raise Broken(f"{' '.join(argv)} failed, status {status}")
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def measure(programs):
    """{name: (wall, CPU, peak, calls)}, {name: ratios of ours to it, round by round}, {name: (wall, CPU) of each round}."""
    times = {name: [] for name in programs}
    for name, (argv, environment) in programs.items():
        timed(argv, environment)  # so that everything is in the page cache
    for _ in range(ROUNDS):
        for name, (argv, environment) in programs.items():
            times[name].append(timed(argv, environment))
    rows, ratios = {}, {}
    for name, (argv, environment) in programs.items():
        wall, cpu = (statistics.median(t[i] for t in times[name]) for i in (0, 1))
        rows[name] = wall, cpu, peak_kib(argv, environment), system_calls(argv, environment, FOLDER)
        ratios[name] = [[ours[i] / max(theirs[i], 0.001) for ours, theirs in zip(times[OURS], times[name])] for i in (0, 1)]
    return rows, ratios, times


# --- telling -------------------------------------------------------------------------------------------------


def read(path, nothing="unknown"):
    try:
        with open(path, encoding="ascii", errors="replace") as f:
            return f.read().strip()
    except OSError:
        return nothing


def first(pattern, text, nothing="unknown"):
    match = re.search(pattern, text, re.M)
    return match.group(1).strip() if match else nothing


def features():
    """What the program says that it uses of the processor: the first line of its own benchmark."""
    with subprocess.Popen([LATCHKEY, "benchmark"], stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        process.kill()
    return first(r"features used: (.*)", line)


def header(peer, image, key):
    cpuinfo = read("/proc/cpuinfo")
    model = first(r"^model name\s*:(.*)", cpuinfo, platform.machine())
    flags = first(r"^(?:flags|Features)\s*:(.*)", cpuinfo, "").split()
    memory = int(first(r"^MemTotal:\s*(\d+)", read("/proc/meminfo"), "0")) >> 10
    huge = first(r"\[(.*?)\]", read("/sys/kernel/mm/transparent_hugepage/enabled", "[none]"))
    version = first(r"^cryptsetup (\S+)", run(peer, "--version").out)
    backend = first(r"Crypto backend \((.*?)\) initialized",
                    run(peer, "--debug", "open", "--test-passphrase", "--key-file", key, image).out)
    libraries = [os.path.basename(p) for p in shared(peer) if re.search("crypt|argon2|ssl|nettle", p)]
    variables = [f"{name}={os.environ[name]}" for name in ("ROUNDS", "QUICK", "CRYPTSETUP", "TARGET") if name in os.environ]
    said = {
        "command": " ".join(["make bench", *variables]),
        "ours": f"{run(LATCHKEY, '--version').out.strip()}, {os.path.relpath(LATCHKEY, TOP)}; uses {features()}",
        "peer": f"cryptsetup {version}, {peer}; {backend}; {' '.join(libraries) or 'static'}",
        "processor": f"{model}, {len(os.sched_getaffinity(0))} to use; {' '.join(f for f in FEATURES if f in flags)}",
        "machine": f"{memory} MiB of memory; Linux {platform.release()}; transparent huge pages: {huge}; "
                   f"load {read('/proc/loadavg').split()[0]}",
        "times": f"medians of {ROUNDS} rounds in turn; ours/peer is the median of the rounds' ratios (least to greatest)",
    }
    for name, value in said.items():
        print(f"{name + ':':<11}{value}")
    print(flush=True)


def show(table):
    """Rows of texts, in columns: the first two to the left, the others to the right."""
    widths = [max(len(row[i]) for row in table if len(row) > i) for i in range(max(map(len, table)))]
    for row in table:
        print("  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip(), flush=True)


def rows_of(name, argon2_mib, rows, ratios):
    for program, (wall, cpu, peak, calls) in rows.items():
        row = [name if program == OURS else "", program, f"{wall:.1f}", f"{cpu:.1f}",
               "-" if peak is None else f"{peak}", "-" if peak is None else f"{peak - (argon2_mib << 10)}",
               "-" if calls is None else str(calls)]
        if program != OURS:
            for ratio in ratios[program]:
                row.append(f"{statistics.median(ratio):.2f} ({min(ratio):.2f} to {max(ratio):.2f})")
        yield row


def newer(peer):
    version = re.match(r"cryptsetup (\d+)\.(\d+)", run(peer, "--version").out)
    return bool(version) and tuple(map(int, version.groups())) >= (2, 8)


def judged(name, figures, times, rows, mib):
    """What is asked for of this case, and what was measured."""
    for ours, theirs, most, hope in figures.get(name, []):
        if ours in times and theirs in times:
            ratio = statistics.median(a[0] / b[0] for a, b in zip(times[ours], times[theirs]))
            yield [name, f"{ours} / {theirs}", f"{ratio:.2f}", f"{most:.2f}", f"{hope:.2f}", "yes" if ratio <= most else "NO"]
    wall, _, peak, calls = rows[OURS]
    if peak is not None:
        beside = (peak - (mib << 10)) / 1024
        yield [name, "MiB beside Argon2's", f"{beside:.2f}", "1.00", "0.40" if mib else "0.50", "yes" if beside <= 1 else "NO"]
    if name.endswith(" 1000"):
        yield [name, "ms", f"{wall:.1f}", "7.0", "2.5", "yes" if wall <= 7 else "NO"]
        if calls:
            yield [name, "system calls", str(calls), "40", "20", "yes" if calls <= 40 else "NO"]


def slopes(peer, key, available):
    """Time as one number grows, and what one unit of it costs: linear is a column that does not change."""
    rows = [["as it grows", "", "ms ours", "ms peer", "ours per unit", "peer per unit"]]
    memory, iterations = ([16, 64, 256], [250, 500, 1000]) if QUICK else ([16, 64, 256, 1024, 2048], [250, 500, 1000, 2000, 4000])
    steps = [("Argon2id, MiB", n, argon2("argon2id", 1, n << 10), n) for n in memory if n < available * 3 // 4]
    steps += [("Argon2id 256 MiB, lanes", n, argon2("argon2id", n, 256 << 10), 1) for n in (1, 2, 4) if 256 < available * 3 // 4]
    steps += [("Argon2id 64 MiB, passes", n, argon2("argon2id", 1, 64 << 10, n), n) for n in (4, 8, 16)]
    steps += [("PBKDF2-SHA256, 1000 iterations", n, pbkdf2("sha256", n * 1000), n) for n in iterations]
    for what, n, options, units in steps:
        try:
            volume = Volume(FOLDER, "image").format(SECRET, *options, env=lanes_allowed(FOLDER) if "lanes" in what and n > 1 else None)
        except Skip:
            continue
        runs = [[LATCHKEY, "test", "--key-file", key, volume.path],
                [peer, "open", "--test-passphrase", "--key-file", key, volume.path]]
        ours, theirs = (min(timed(argv, dict(os.environ))[0] for _ in range(3)) for argv in runs)
        rows.append([what, str(n), f"{ours:.1f}", f"{theirs:.1f}", f"{ours / units:.3f}", f"{theirs / units:.3f}"])
        volume.remove()
    return rows


def wiping(available):
    """What wiping Argon2's matrix costs, which the times above have in them."""
    yield ["wiping the matrix", "", "ms with", "ms without", "cost ms", "%"]
    program = os.path.join(os.path.dirname(LATCHKEY), "tests/bench/wipe")
    for mib, lanes in [(64, 1), (256, 2)] if QUICK else [(64, 1), (256, 2), (1024, 4)]:
        if mib < available * 3 // 4:
            done = run(program, mib, lanes, ROUNDS)
            if done.code:
                raise Broken(f"{program} failed, status {done.code}")
            rounds = [[int(n) / 1000 for n in line.split()] for line in done.out.splitlines()]
            wiped, dirty, cost = map(statistics.median, zip(*[(a, b, a - b) for a, b in rounds]))
            yield [f"argon2id {mib} MiB p{lanes}", "", f"{wiped:.1f}", f"{dirty:.1f}", f"{cost:.1f}", f"{cost / dirty * 100:.1f}"]


def outputs():
    """PBKDF2 for several outputs on one processor: the table from which the number of threads is chosen."""
    program = os.path.join(os.path.dirname(LATCHKEY), "tests/bench/outputs")
    done = run(program)
    if done.code:
        raise Broken(f"{program} failed, status {done.code}")
    return done.out.rstrip()


# --- sizes ---------------------------------------------------------------------------------------------------


def shared(program):
    """The libraries that the loader brings, and the loader."""
    return sorted({os.path.realpath(path) for path in re.findall(r"(/\S+) \(0x", run("ldd", program).out)})


def closure(program):
    files = [os.path.realpath(program), *shared(program)]
    return len(files) - 1, b"".join(open(path, "rb").read() for path in files)


def sizes(peer):
    with open(LATCHKEY, "rb") as f:
        ours = f.read()
    yield ["size, bytes", "", "plain", "gzip -9"]
    yield ["program", OURS, str(len(ours)), str(len(gzip.compress(ours, 9)))]
    for name, program in ((PEER, peer), ("systemd-cryptsetup", SERVICE)):
        if os.path.exists(program):
            count, content = closure(program)
            yield ["", f"{name} and its {count} libraries", str(len(content)), str(len(gzip.compress(content, 9)))]
    mkimage, image = os.path.join(TOP, "initramfs", "mkimage"), os.path.join(FOLDER, "image")
    init = os.path.join(os.path.dirname(LATCHKEY), "init")
    if not os.path.exists(mkimage) or not os.path.exists(init):
        return
    made = run(mkimage, "--quiet", "--no-modules", "--init", init, "-o", image)
    if made.code:
        yield ["initramfs", "cannot be built: " + (made.err.strip() or "no reason given").splitlines()[-1]]
        return
    with open(image, "rb") as f:
        data = f.read()
    yield ["initramfs", "init and latchkey, no modules", str(len(gzip.decompress(data))), str(len(data))]


# -------------------------------------------------------------------------------------------------------------


def bench(peer):
    key = save(FOLDER, SECRET)
    small = Volume(FOLDER, "small").format(SECRET, *CASES[-1][1])
    header(peer, small.path, key)
    available = int(first(r"^MemAvailable:\s*(\d+)", read("/proc/meminfo"), "0")) >> 10
    table = [["case", "program", "wall ms", "CPU ms", "peak KiB", "beside Argon2", "calls", "ours/peer wall", "ours/peer CPU"]]
    figures = [["figure", "", "measured", "at most", "hoped for", "reached"]]
    left_out = []
    for name, options, mib, quick in CASES:
        if QUICK and not quick:
            continue
        if mib and mib > available * 3 // 4:
            left_out.append(f"{name}: {available} MiB are free")
            continue
        try:
            volume = Volume(FOLDER, "image").format(SECRET, *options, env=lanes_allowed(FOLDER) if "p4" in name or "p2" in name else None)
        except Skip as skip:
            left_out.append(f"{name}: {skip}")
            continue
        theirs = [peer, "open", "--test-passphrase", "--key-file", key, volume.path]
        environment = dict(os.environ)
        programs = {OURS: ([LATCHKEY, "test", "--key-file", key, volume.path], environment), PEER: (theirs, environment)}
        if mib:
            programs[HUGE] = theirs, dict(environment, GLIBC_TUNABLES="glibc.malloc.hugetlb=1")
        programs[PLAIN] = masked(PLAIN, programs[OURS][0]), environment
        if (NO_SHA, PEER_NO_SHA) in [figure[:2] for figure in FIGURES.get(name, [])]:
            programs[NO_SHA] = masked(NO_SHA, programs[OURS][0]), environment
            programs[PEER_NO_SHA] = theirs, dict(environment, OPENSSL_ia32cap=":~0x20000000")
        print(f"  {name} ...", file=sys.stderr, flush=True)
        rows, ratios, times = measure(programs)
        table += rows_of(name, mib, rows, ratios)
        figures += judged(name, NEWER_FIGURES if newer(peer) else FIGURES, times, rows, mib)
        volume.remove()
    show(table)
    size = os.path.getsize(LATCHKEY)
    figures.append(["binary", "KiB", f"{size / 1024:.1f}", "192.0", "160.0", "yes" if size <= 192 << 10 else "NO"])
    print()
    show(figures)
    print("The limits are for a comparison with Debian 12's cryptsetup 2.6 with OpenSSL 3.0, or 2.8 with OpenSSL 3.5. Other load on this machine distorts the figures.")
    print()
    show(list(wiping(available)))
    print()
    print(outputs())
    print()
    show(slopes(peer, key, available))
    for line in left_out:
        print("left out: " + line)
    print()
    show(list(sizes(peer)))


def main():
    lack = lacking(CRYPTSETUP, LATCHKEY, "ldd")
    if lack:
        print(f"tests/bench/run.py: {lack}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    workplace("bench")
    try:
        bench(shutil.which(CRYPTSETUP))
    except Broken as broken:
        print(f"tests/bench/run.py: {broken}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
