# SPDX-License-Identifier: MIT
# cases.sh - functions for guests in which latchkey and the real cryptsetup map the same volumes.
#
# Each function case_NAME is a test. The comment after its brace describes the defect that it
# would catch. A case runs in a subshell under set -e, without existing mappings. The console
# shows the output of the case and then "CASE ok NAME", "CASE not ok NAME" or "CASE skip NAME".
# tests/boot/test_mapping.py reads the names from the script and the results from the console.
export PATH=/bin:/sbin:/usr/sbin
/bin/busybox --install -s /bin

start() {
	mkdir -p /run /tmp /mnt
	mount -t devtmpfs devtmpfs /dev
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t tmpfs tmpfs /run
	while read -r module; do
		insmod "$module"
	done </etc/modules
}

# What the kernel holds for the mapping "vol", and what cryptsetup thinks of it.
facts() {
	dmsetup table --showkeys vol
	dmsetup info -c --noheadings -o name,uuid,open,segments vol
	echo "read-only $(cat /sys/block/dm-*/ro)"
	cryptsetup status vol
}

# equal EXPECTED REAL
equal() {
	[ "$1" = "$2" ] && return 0
	printf 'cryptsetup: %s\nlatchkey:   %s\n' "$1" "$2"
	return 1
}

# fails_with CODE COMMAND...
fails_with() {
	want=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" = "$want" ] && return 0
	echo "$* ended with $got instead of $want"
	return 1
}

# refused COMMAND...: with whatever code
refused() {
	if "$@"; then
		echo "$* succeeded"
		return 1
	fi
}

# skip WHY: this guest cannot run the case
skip() {
	echo "because $*"
	exit 77
}

nothing_left() {
	equal "No devices found" "$(dmsetup ls)"
	refused ls -l /dev/mapper/vol 2>/dev/null
}

# Map device $1 with both programs and the same options: all facts are the same, and
# cryptsetup closes what latchkey made.
same() {
	device=$1
	shift
	cryptsetup open --key-file /key "$@" "$device" vol
	facts >/tmp/theirs
	cryptsetup close vol
	latchkey open --key-file /key "$@" "$device" vol
	facts >/tmp/ours
	cat /tmp/ours
	cryptsetup close vol
	nothing_left
	equal "$(cat /tmp/theirs)" "$(cat /tmp/ours)"
	grep -q ' crypt ' /tmp/ours
}

# same, and the table has the text $1 in it
same_with() {
	text=$1
	shift
	same "$@"
	grep -q "$text" /tmp/ours
}

read_witness() {
	mount -o ro /dev/mapper/vol /mnt
	text=$(cat /mnt/etc/witness)
	umount /mnt
	equal "$(cat /etc/witness)" "$text"
}

run_cases() {
	start 2>/dev/null
	# Those that the command line of the kernel names, or all.
	chosen=$(sed -n 's/.*\bcases=\([a-z0-9_,]*\).*/,\1,/p' /proc/cmdline)
	# shellcheck disable=SC2013 # names without blanks
	for name in $(sed -n 's/^case_\([a-z0-9_]*\)() { # .*/\1/p' /init); do
		case $chosen in "" | *",$name,"*) ;; *) continue ;; esac
		echo "CASE start $name"
		(
			set -e
			"case_$name"
		)
		case $? in
		0) echo "CASE ok $name" ;;
		77) echo "CASE skip $name" ;;
		*) echo "CASE not ok $name" ;;
		esac
		umount /mnt 2>/dev/null
		for left in $(dmsetup ls | sed -n 's/\t.*//p'); do
			dmsetup remove --retry "$left"
		done
	done 2>&1
	echo "CASES end"
	poweroff -f
}
