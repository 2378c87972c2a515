#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whatever is typed: never a shell, never an end of process 1, and no memory that grows.

Arguments choose tests by the names of their functions.
"""
import re
import secrets
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, sys.path[0] + "/lib")
import vm
from sticks import PASSPHRASE, PROMPT, ROOT, check, expect_root, root
from vm import VM

WRONG_LINES = 10000
BUSY = "no_timer_check"  # of the host: without it the kernel panics when its timer is late
# What a shell, or the kernel without its process 1, would say.
BAD = r"(?m)^.*[$#] $|42-answers|Attempted to kill init|starting latchkey again"


@vm.once
def watched():
    return vm.make_image("no-shell-rss", "--add", f"{vm.LATCHKEY}:/bin/latchkey.real:0755",
                         latchkey=vm.compile_static("rss_latchkey"))


def lines_and_enter():
    """ten thousand wrong passphrases sent by a script, and Enter held for a minute: the same memory, and the right one opens"""
    with VM("no-shell-lines", watched(), f"{ROOT} {BUSY}", [root()], limit=3 * vm.LIMIT) as m:
        m.expect(PROMPT)
        m.expect(r"rss\s+\d+ kB")
        for _ in range(WRONG_LINES // 100):
            m.send("".join(f"wrong {secrets.token_hex(3)}\n" for _ in range(100)))
            m.quiet(0.1)
        m.expect("wrong passphrase")
        for _ in range(60):
            m.send("\n" * 30)
            m.quiet(1)
        m.assert_no(BAD)
        m.quiet(12)  # the longest pause between two prompts
        sizes = [int(size) for size in re.findall(r"rss\s+(\d+) kB", m.text)]
        check(len(sizes) > 20 and sizes[-1] <= sizes[0] + 64, f"memory grows: {sizes}", m.text)
        m.send("\x15")
        m.send(PASSPHRASE + "\n")
        m.expect("root is open with the passphrase")
        expect_root(m)


if __name__ == "__main__":
    sys.exit(vm.suite([lines_and_enter]))
