#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/fuzz/coverage.sh [fuzzers] - run all fuzzers on their saved inputs, without new ones, and print which part of the
# lines and branches of each file of src they reach together, and the sums of each folder. Two more columns: the same
# together with the unit tests; "fuzzers" leaves them out, for their programs take minutes to build. tests/fuzz/run comes
# first: it makes the seeds. The more inputs it has found, the more is reached.
#
# Not reached by the fuzzers, because no input can:
# - format: failures of mmap (copy.c, json.c); a text that cJSON refuses after json_scan.c let it through; sentences that do
#   not fit (place.c)
# - keyslot, unlock: what fuzz_unlock.c replaces (derivation, cipher, merge, area), the prompt and token programs
# - boot, command, init, preflight, secret: no bytes of strangers; tests/cli, tests/fault and tests/boot run them
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
"$profdata" merge -sparse -o "$out/fuzzers.profdata" "$out"/fuzz_*.profraw || exit 1

# report PROFILE OBJECTS: each file with the numbers of its lines, missed ones, branches, missed ones. Of a file that is
# compiled twice, the better row counts. llvm-cov's columns: the file, regions (3), functions (3), lines (3), branches (3).
report() {
	profile=$1
	shift
	"$cov" report -instr-profile "$profile" "$@" 2>/dev/null | sed 's,^[^ ]*/\.\./\.\./src/,src/,' |
		awk '$1 ~ /^src\/.*\.c$/ {
				name = substr($1, 5)
				if (!(name in row) || $9 < missed[name]) { row[name] = $8 " " $9 " " $11 " " $12; missed[name] = $9 }
			}
			END { for (name in row) print name, row[name] }'
}

# shellcheck disable=SC2086 # a list
report "$out/fuzzers.profdata" $objects >"$out/fuzzers.txt"
cp "$out/fuzzers.txt" "$out/all.txt"
if [ "${1:-}" != fuzzers ]; then
	env -u MAKEFLAGS -u MAKELEVEL -u TARGET make -k -j"$(nproc)" O="$O" TARGET=host-coverage unit-programs >"$out/make.log" 2>&1
	for test in "$out"/tests/test_*; do
		[ -x "$test" ] || continue
		objects="$objects -object $test"
		# One that fails here still counts: whether they pass is for make unit.
		LLVM_PROFILE_FILE=$out/unit-%p.profraw timeout 120 "$test" >"$test.log" 2>&1
	done
	"$profdata" merge -sparse -o "$out/all.profdata" "$out"/*.profraw || exit 1
	# shellcheck disable=SC2086 # a list
	report "$out/all.profdata" $objects >"$out/all.txt"
fi
printf '# %-34s %19s   %19s\n' '' 'fuzzers: lines, branches' 'with the unit tests'
awk 'function part(all, without) { return all ? sprintf("%.1f %%", 100 * (all - without) / all) : "-" }
	function add(name, kind) {
		l[name, kind] += $2; m[name, kind] += $3; b[name, kind] += $4; n[name, kind] += $5; names[name]
	}
	{
		kind = FILENAME ~ /fuzzers/ ? 1 : 2
		folder = $1; sub(/[^\/]*$/, "", folder)
		add($1, kind); add(folder, kind); add("~ all of src", kind)
	}
	END {
		for (name in names) {
			printf "# %-34s", name
			for (k = 1; k <= 2; k++)
				printf "%s %9s %9s", (k == 2 ? "  " : ""), part(l[name, k], m[name, k]), part(b[name, k], n[name, k])
			print ""
		}
	}' "$out/fuzzers.txt" "$out/all.txt" | sort | sed 's/~ all of src/all of src  /'
