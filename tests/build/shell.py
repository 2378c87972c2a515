#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every shell script passes shellcheck, every zsh or bash file passes that shell's syntax check, and completions complete."""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILT = os.path.join(ROOT, os.environ.get("O", "build"), os.environ.get("TARGET", "x86_64-linux-musl"))
LIMIT = 60
# What has no first line to know it by.
BASH = ["completions/latchkey", "completions/latchkey-preflight", "packaging/arch/PKGBUILD"]
ZSH = ["completions/_latchkey", "completions/_latchkey-preflight"]


def run(*command, **more):
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT * 5,
                          check=False, **more)
    return done.returncode, done.stdout.decode(errors="replace")


def scripts():
    """Everything of ours that begins with the name of a shell."""
    found = []
    for top in (".ci", "board", "initramfs", "tests", "toolchain"):
        for folder, _, files in os.walk(os.path.join(ROOT, top)):
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    first = f.readline(64)
                if re.match(rb"#!\s*(/usr/bin/env )?\S*?(sh|bash|ash|busybox sh)(\s+/\S+)?\s*$", first):
                    found.append(os.path.relpath(path, ROOT))
    return sorted(found)


def shellcheck():
    found = scripts()
    wrong = [] if len(found) > 20 else [f"only {found}"]
    for shell, files in ((None, found), ("bash", BASH), ("dash", ["tests/boot/guest/cases.sh", "initramfs/openwrt/latchkey/files/latchkey.sh", "packaging/alpine/APKBUILD"])):
        # Not said: that busybox's shell is taken for dash, and that a file of the image is not at its place here.
        code, said = run("shellcheck", *(["--shell", shell] if shell else []), "--format=gcc", "--exclude=SC2187,SC1091", *files)
        wrong += said.splitlines() if code else []
    return wrong


def syntax():
    wrong = []
    for shell, files in (("zsh", ZSH), ("bash", BASH)):
        for path in files:
            code, said = run(shell, "-n", path)
            wrong += [f"{shell}: {path}: {said}"] if code or said else []
    return wrong


def bash_completes(line, *wanted):
    words = line.split(" ")
    script = f"""
        PATH={BUILT}:$PATH
        . completions/{words[0]}
        COMP_WORDS=({' '.join(f"'{w}'" for w in words)}) COMP_CWORD={len(words) - 1}
        $(complete -p {words[0]} | sed -n 's/.* -F \\([^ ]*\\) .*/\\1/p')
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    code, said = run("bash", "-c", script)
    missing = [w for w in wanted if w not in said.split("\n")]
    return [f"bash: {line!r} gives {said.split()} (status {code}), not {missing}"] if missing else []


def bash():
    return bash_completes("latchkey ", "open", "boot", "benchmark", "--help") + bash_completes("latchkey open --key", "--key-file", "--key-slot") + \
        bash_completes("latchkey-preflight --", "--image", "--kernel", "--quiet") + bash_completes("latchkey test UU", "UUID=")


def silent():
    """Without the program, what it would print must not come between the words that a person types."""
    wrong = []
    for name in "latchkey", "latchkey-preflight":
        _, said = run("bash", "-c", f"""
            PATH=/usr/bin:/bin
            . completions/{name}
            COMP_WORDS=({name} --x) COMP_CWORD=1
            $(complete -p {name} | sed -n 's/.* -F \\([^ ]*\\) .*/\\1/p')
        """)
        wrong += [f"bash: {name} is not there: {said}"] if said.strip() else []
        with open(os.path.join(ROOT, "completions", "_" + name), encoding="utf-8") as f:
            loud = [line for line in f if re.search(r"\$\(latchkey", line) and "2>/dev/null" not in line]
        wrong += [f"zsh: its messages are shown: {line.strip()}" for line in loud]
    return wrong


def zsh_completes(line, wanted):
    """Type the line and a tab into a real zsh; what it then shows."""
    with tempfile.TemporaryDirectory() as home:
        with open(os.path.join(home, ".zshrc"), "w", encoding="ascii") as f:
            f.write(f"PATH={BUILT}:$PATH\nfpath=({ROOT}/completions $fpath)\nautoload -Uz compinit && compinit -D -u\n"
                    "PS1='ready> '\nunsetopt zle_bracketed_paste\nunset zle_bracketed_paste\nLISTMAX=1000\n")
        pid, fd = pty.fork()
        if not pid:
            os.chdir(ROOT)
            os.execvpe("zsh", ["zsh", "-i"], {**os.environ, "ZDOTDIR": home, "TERM": "dumb", "COLUMNS": "200", "LINES": "50"})
        shown, typed, until = "", False, time.monotonic() + LIMIT
        while time.monotonic() < until and not all(word in shown for word in wanted):
            if select.select([fd], [], [], 0.2)[0]:
                try:
                    shown += os.read(fd, 65536).decode(errors="replace")
                except OSError:
                    break
            elif not typed and "ready> " in shown:
                os.write(fd, line.encode() + b"\t")
                typed, shown = True, ""
        os.close(fd)
        os.waitpid(pid, 0)
    missing = [word for word in wanted if word not in shown]
    return [f"zsh: {line!r} shows {shown!r}, not {missing}"] if missing else []


def zsh():
    return zsh_completes("latchkey ", ["open", "benchmark", "check the header"]) + \
        zsh_completes("latchkey open --key", ["--key-file", "--key-slot"]) + \
        zsh_completes("latchkey-preflight --", ["--image", "--kernel", "print warnings"])


CHECKS = [
    ("scripts: shellcheck finds nothing", "shellcheck", shellcheck),
    ("completions: bash and zsh can read them", "zsh", syntax),
    ("completions: bash offers commands and options", "bash", bash),
    ("completions: nothing is printed without the program", "bash", silent),
    ("completions: zsh offers commands and options", "zsh", zsh),
]


def main():
    if not os.path.exists(os.path.join(BUILT, "latchkey-preflight")):
        print("1..0 # SKIP the programs are not built")
        return 0
    print(f"1..{len(CHECKS)}")
    failed = 0
    for number, (name, tool, check) in enumerate(CHECKS, 1):
        if not shutil.which(tool):
            print(f"ok {number} - {name} # SKIP {tool} is not installed (toolchain/setup check installs it)")
            continue
        wrong = check()
        failed += bool(wrong)
        print("".join(f"#   {line}\n" for line in wrong) + f"{'not ok' if wrong else 'ok'} {number} - {name}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
