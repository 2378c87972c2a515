#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/fuzz/seeds.sh FOLDER - make seeds for the fuzzers of real headers, from the installed cryptsetup and
# tests/images/metadata:
# FOLDER/json (the text), FOLDER/header and FOLDER/unlock (see fuzz_header.c, fuzz_unlock.c) and FOLDER/luks1 (592
# bytes). Does not need root.
set -eu
out=$(mkdir -p "$1" && cd "$1" && pwd)
command -v cryptsetup >/dev/null || PATH=$PATH:/usr/sbin:/sbin
command -v cryptsetup >/dev/null || { echo "cryptsetup is not installed"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out/json" "$out/header" "$out/luks1" "$out/unlock"
metadata=$(cd "$(dirname "$0")/../images/metadata" && pwd)
cd "$work" # cryptsetup writes files to the current folder
printf secret >key
printf other >key2

# cs IMAGE OPTION...: format a file of 20 MiB, as cheaply as cryptsetup allows
cs() {
	image=$1
	shift
	truncate -s 20M "$image"
	cryptsetup luksFormat -q --key-file key "$image" "$@"
}
cheap="--pbkdf pbkdf2 --pbkdf-force-iterations 1000"
argon="--pbkdf argon2id --pbkdf-force-iterations 4 --pbkdf-memory 32 --pbkdf-parallel 1"

# If this cryptsetup or kernel does not support a format, there is no seed for it.
set +e
# shellcheck disable=SC2086 # lists of options
{
	cs plain $cheap
	cs argon $argon --sector-size 4096 --label a-label --subsystem a-subsystem
	cs argon2i --pbkdf argon2i --pbkdf-force-iterations 4 --pbkdf-memory 32 --pbkdf-parallel 1 --hash sha512
	cs short $cheap --key-size 256 --luks2-keyslots-size 1m
	cs cbc $cheap --cipher aes-cbc-essiv:sha256 --key-size 256
	cs serpent $cheap --cipher serpent-xts-plain64
	cs removed $cheap --key-slot 5
	cs two $cheap
	cryptsetup luksAddKey -q --key-file key $cheap two key2
	cryptsetup config two --key-slot 1 --priority prefer
	cryptsetup config two --key-slot 0 --priority ignore
	echo '{"type":"test","keyslots":["1"],"number":-1.5e3}' | cryptsetup token import two
	cs unbound $cheap
	cryptsetup luksAddKey -q --key-file key --unbound --key-size 128 $cheap unbound key2
	cs reencrypt $cheap
	cryptsetup reencrypt -q --key-file key --init-only $cheap reencrypt
	cs old --type luks1 --pbkdf-force-iterations 1000
	cs old256 --type luks1 --pbkdf-force-iterations 1000 --key-size 256 --hash sha1
} >log 2>&1
set -e

# keep NAME: make the text a seed of the fuzzers that read it
keep() {
	cp text "$out/json/$1"
	{ printf '\000\010'; cat text; printf '\000\000'; } >"$out/header/$1"
	{ printf '\000\010'; cat text; printf '\000\000\001\000\000\200'; } >"$out/header/$1-device"
	{ printf '\200\010'; cat text; printf '\000\000\001\000\000\200'; } >"$out/header/$1-detached"
	{ printf '\000\000\040\000'; cat text; printf '\000'; } >"$out/unlock/$1"
	{ printf '\010\000\060\000'; cat text; printf '\000'; } >"$out/unlock/$1-readonly"
}

for image in plain argon argon2i short cbc serpent two unbound removed reencrypt; do
	[ -s "$image" ] || continue
	# The text begins at byte 4096 and ends at the first NUL.
	tail -c +4097 "$image" | head -c 12288 | tr '\0' '\n' | head -n 1 | tr -d '\n' >text
	head -c 1 text | grep -q '{' || continue
	keep "$image"
done
for saved in "$metadata"/*/*.json; do
	tr -d '\n' <"$saved" >text
	keep "$(basename "$saved" .json)"
done
# variant NAME FILE SCRIPT: a header that nothing writes, or only a version that is not here
variant() { tr -d '\n' <"$metadata/$2.json" | sed "$3" >text && keep "$1"; }
for word in opal offline-reencrypt online-reencrypt online-reencrypt-v9; do
	variant "needs-$word" reencryption/rekey-checksum-clean "s/online-reencrypt-v2/$word/"
	variant "needs-$word-alone" integrity/hmac-28 "s/}}$/,\"requirements\":{\"mandatory\":[\"$word\"]}}}/"
done
variant flag integrity/hmac-28 's/}}$/,"flags":["no-journal","same-cpu-crypt","other"]}}/'
variant odd-size integrity/hmac-28 's/"size":"dynamic"/"size":"1049088"/'
variant small integrity/hmac-28 's/"keyslots_size":"[0-9]*"/"keyslots_size":"0"/;s/"keyslots":{.*},"tokens"/"keyslots":{},"tokens"/;s/\["0"\],"seg/[],"seg/'
tokens=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '"%s":{"type":"luks2-keyring","keyslots":["0"],"key_description":"k%s"},' $i $i; done)
variant tokens integrity/hmac-28 "s/\"tokens\":{}/\"tokens\":{${tokens%,}}/"
for text in '' 'a\\u00e4' 'a\\u001f' "$(printf '%0300d' 0)"; do
	variant "description-${#text}" integrity/hmac-28 "s/\"tokens\":{}/\"tokens\":{\"0\":{\"type\":\"luks2-keyring\",\"keyslots\":[\"0\"],\"key_description\":\"$text\"}}/"
done
for saved in "$metadata"/../../fuzz/corpus/json/*; do
	cp "$saved" text
	keep "saved-$(basename "$saved")"
done
# What is not in any volume: marks of others over the first copy, an offline re-encryption, LUKS1, no second copy.
text=$(cat "$out/json/plain")
# shellcheck disable=SC2059 # they are formats: bytes in octal
special() { { printf "$2"; printf %s "$text"; printf '\000\000'; printf "$3"; } >"$out/header/$1"; }
special offline '\000\010' '\000\004\336\000\000\005\255\000\000\006\000\000\000\007\001\000'
special xfs '\000\010' '\000\000X\000\000\001F\000\000\002S\000\000\003B\000'
special old '\002\010' ''
special unreadable '\040\000' ''
special token '\100\000' ''
special detached '\200\010' ''
special behind '\000\010' '\000\000\001\010\200\000\001\010'
special unterminated '\000\010' '\000\000 \010\200\000 \010'
special label '\000\010' '\000\030x\004\200\030x\004'
special subsystem '\000\010' '\000\320x\004\200\320x\004'
special checksum '\000\010' '\000\110x\004\200\110x\004'
special elsewhere '\014\010' '\000\000\001\001\200\016\200\000'
special vast '\000\010' '\377\377\377\360'
special flipped '\014\010' '\200\300\001\001'
special damaged '\014\010' '\000\300\001\001\200\300\001\001'
for image in old old256; do
	[ ! -s "$image" ] || head -c 592 "$image" >"$out/luks1/$image"
done
set -- "$out"/json/* "$out"/luks1/*
echo "$# headers, of $(cryptsetup --version) and of others"
