#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/fuzz/coverage.sh - run all fuzzers on their saved inputs, without new ones, and print which part of the lines and
# branches of each file of src they reach together, and the sums of each folder. tests/fuzz/run comes first: it makes the
# seeds. The more inputs it has found, the more is reached.
#
# Not reached, because no input can:
# - format: failures of mmap (copy.c, json.c); a text that cJSON refuses after json_scan.c let it through; sentences that do
#   not fit (place.c); integrity.c, which reads a device of its own
# - device: blkdev.c, find.c, loop.c, member.c, stick.c, sysblock.c, disk.c, and the sockets of uevent.c. They are system
#   calls and the files of /sys: tests/unit/test_blkdev.c, test_find.c, test_uevent.c and others, tests/fault, tests/interop
#   and tests/boot run them. The target find runs by_id.c and the texts of find.c and uevent.c
# - keyslot, unlock: what fuzz_unlock.c replaces (derivation, cipher, merge, area), the prompt and token programs
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
O=$(mkdir -p "$O" && cd "$O" && pwd)
out=$O/host-coverage
inputs=$O/host-fuzz
names=$(for f in tests/fuzz/fuzz_*.c; do basename "$f" .c; done)
tool() { command -v "$1" || for f in /usr/lib/llvm-*/bin/"$1"; do [ ! -x "$f" ] || echo "$f"; done | tail -n 1; }
profdata=$(tool llvm-profdata)
cov=$(tool llvm-cov)
if [ -z "$profdata" ] || [ -z "$cov" ]; then
	echo "llvm-profdata and llvm-cov are not installed (package llvm)"
	exit 1
fi
mkdir -p "$out"
programs=$(for name in $names; do echo "$out/$name"; done)
# shellcheck disable=SC2086 # a list
env -u MAKEFLAGS -u MAKELEVEL -u TARGET make -j"$(nproc)" O="$O" TARGET=host-coverage $programs >"$out/make.log" 2>&1 ||
	{ tail -n 40 "$out/make.log" && exit 1; }
rm -f "$out"/*.profraw
objects=
for name in $names; do
	kind=${name#fuzz_}
	objects="$objects -object $out/$name"
	saved=$(ls -d "tests/fuzz/corpus/$kind" "$inputs/seeds/$kind" "$inputs/$name.corpus" 2>/dev/null)
	# shellcheck disable=SC2086 # a list
	LLVM_PROFILE_FILE=$out/$name.profraw "$out/$name" -runs=0 -rss_limit_mb=1024 $saved >"$out/$name.log" 2>&1 ||
		{ echo "$name ended with an error" && tail -n 20 "$out/$name.log" && exit 1; }
done
"$profdata" merge -sparse -o "$out/all.profdata" "$out"/*.profraw || exit 1
# The file, regions (3), functions (3), lines (3: all, missed, part), branches (3). Of a file that is compiled twice, the
# better row counts.
# shellcheck disable=SC2086 # a list
"$cov" report -instr-profile "$out/all.profdata" $objects 2>/dev/null | sed 's,^[^ ]*/\.\./\.\./src/,src/,' |
	awk '$1 ~ /\.c$/ && $1 !~ /fuzz|tests|cJSON|^bearssl|^argon2/ {
			name = $1; sub(/^src\//, "", name)
			if (!(name in lines) || $9 < missed[name]) {
				lines[name] = $8; missed[name] = $9; branches[name] = $11; left[name] = $12
			}
		}
		function part(all, without) { return all ? sprintf("%.1f %%", 100 * (all - without) / all) : "-" }
		END {
			for (name in lines) {
				folder = name; sub(/\/[^\/]*$/, "/", folder)
				l[folder] += lines[name]; m[folder] += missed[name]; b[folder] += branches[name]; n[folder] += left[name]
				printf "# %-34s %9s %9s\n", name, part(lines[name], missed[name]), part(branches[name], left[name])
			}
			for (folder in l)
				printf "# %-34s %9s %9s\n", folder, part(l[folder], m[folder]), part(b[folder], n[folder])
		}' | sort
