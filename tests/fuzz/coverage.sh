#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/fuzz/coverage.sh - run all fuzzers on their saved inputs, without new ones, and print which part of the lines and
# branches of each file of src they reach together. tests/fuzz/run comes first: it makes the seeds.
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
# The file, regions (3), functions (3), lines (3), branches (3).
# shellcheck disable=SC2086 # a list
"$cov" report -instr-profile "$out/all.profdata" $objects 2>/dev/null | sed 's,[^ ]*/\.\./\.\./src/,,' |
	awk 'BEGIN { printf "# %-34s %8s %9s\n", "file", "lines", "branches" }
		$1 ~ /\.[ch]$/ && $1 !~ /fuzz|tests|cJSON/ { printf "# %-34s %8s %9s\n", $1, $10, $13 }' | sort -u
