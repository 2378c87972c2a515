#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/peer/fetch.sh - get the tests of cryptsetup from the distribution's source package, to $O/peer/tests.
#
# Asks nothing, does not need root, and does not change the machine's package lists (like toolchain/fetch, which names the
# package sources). ARCHIVE=file uses an existing source archive. Prints the reason if it finds none.
set -eu
export LC_ALL=C
O=${O:-build}
mkdir -p "$O/peer"
O=$(cd "$O" && pwd)
top=$(cd "$(dirname "$0")/../.." && pwd)
peer=$O/peer apt=$O/peer/apt
exec 9>"$peer/.lock"
flock 9
die() { printf '%s\n' "$*"; exit 1; }

private() {
	tool=$1
	shift
	"$tool" -q -oDir::Etc::SourceList="$apt/own.sources" -oDir::Etc::SourceParts=/dev/null \
		-oDir::State::Lists="$apt/lists" -oDir::Cache="$apt/cache" -oAPT::Sandbox::User="$(id -un)" \
		-oAcquire::Check-Valid-Until=false "$@"
}

find_archive() {
	for archive in "$peer"/cryptsetup_*.orig.tar.*; do
		case $archive in *.asc) continue ;; esac
		[ ! -f "$archive" ] || return 0
	done
	return 1
}

if [ "${ARCHIVE:-}" ]; then
	archive=$ARCHIVE
elif ! find_archive; then
	command -v apt-get >/dev/null || die "apt-get not found: cannot fetch the source package of cryptsetup"
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	O=$O "$top/toolchain/fetch" --sources >"$apt/own.sources"
	[ -s "$apt/own.sources" ] || die "the distribution's package sources are not known"
	private apt-get update >"$apt/log" 2>&1 || :
	(cd "$peer" && private apt-get source --download-only --tar-only cryptsetup) >"$apt/log" 2>&1 </dev/null ||
		die "the source package of cryptsetup cannot be had: $(grep '^E:' "$apt/log" | head -1)"
	find_archive || die "the source package of cryptsetup has no source archive"
fi
if [ ! -f "$peer/tests/.from" ] || [ "$(cat "$peer/tests/.from")" != "$archive" ]; then
	rm -rf "$peer/tests" "$peer/unpack"
	mkdir "$peer/unpack"
	tar -xf "$archive" -C "$peer/unpack" --strip-components=1 --no-same-owner --wildcards '*/tests/*' ||
		die "$archive holds no tests"
	mv "$peer/unpack/tests" "$peer/tests"
	rm -rf "$peer/unpack"
	printf '%s\n' "$archive" >"$peer/tests/.from"
fi
