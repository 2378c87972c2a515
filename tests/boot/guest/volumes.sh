# SPDX-License-Identifier: MIT
# volumes.sh - functions for guests that make volumes on $D with the real cryptsetup. See cases.sh.
# Enough to see that a mapping shows the right data, and less than any of the volumes has.
SAMPLE_KIB=8192
HEADER=
OFFSET="--offset 8192"

cryptsetup_fast() {
	cryptsetup -q --key-file /key "$@"
}

# random: 24 MiB, the size of the device; the same each time, since they take an emulated processor long
random() {
	[ -s /tmp/random ] || head -c 25165824 /dev/urandom >/tmp/random
	cat /tmp/random
}

# make OPTIONS...: a volume with random data; the data is in /tmp/plain, the checksum of its beginning in /tmp/sum
make() {
	# shellcheck disable=SC2086 # no words or two
	cryptsetup_fast luksFormat --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $OFFSET "$@" "$D"
	# shellcheck disable=SC2086 # no words or two
	cryptsetup open --key-file /key $HEADER "$D" vol
	random | dd of=/dev/mapper/vol bs=1M conv=fsync 2>/dev/null || true
	sum /dev/mapper/vol >/tmp/sum
	cat /dev/mapper/vol >/tmp/plain
	cryptsetup close vol
}

# plain: a device with random data and no LUKS header
plain() {
	random | dd of="$D" bs=1M conv=fsync 2>/dev/null
	sum "$D" >/tmp/sum
	cat "$D" >/tmp/plain
}

sum() {
	dd if="$1" bs=64k count=$((SAMPLE_KIB / 64)) 2>/dev/null | sha256sum
}
