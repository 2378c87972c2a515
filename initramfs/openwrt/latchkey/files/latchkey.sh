# SPDX-License-Identifier: MIT
# latchkey.sh - for the preinit hook and the init script: /etc/config/latchkey, told to latchkey boot.
# shellcheck shell=dash disable=SC2317

# The lines of latchkey.conf for one volume, if this is its moment.
latchkey_volume() { # SECTION WHEN
	local enabled device when options wait ask keys
	config_get_bool enabled "$1" enabled 1
	config_get device "$1" device
	config_get when "$1" when boot
	config_get options "$1" options
	config_get wait "$1" wait 20
	config_get_bool ask "$1" ask 0
	# 0 is a limit of latchkey's own, longer than a router can wait.
	case $wait in '' | 0* | *[!0-9]*) wait=20 ;; esac
	[ "$enabled" = 1 ] && [ -n "$device" ] && [ "$when" = "$2" ] || return 0
	keys=
	latchkey_key() { keys="$keys,key=$1"; }
	config_list_foreach "$1" key latchkey_key
	[ "$ask" = 1 ] || options="headless${options:+,$options}"
	# nofail: one that does not open is no reason to leave the others closed.
	echo "volume = $1,$device,none,nofail,device-timeout=$wait,timeout=$wait$keys${options:+,$options}"
	[ "$wait" -le "$latchkey_longest" ] || latchkey_longest=$wait
}

# Open the volumes whose moment it is. Whatever becomes of them, the router goes on.
latchkey_open() { # WHEN
	local conf=/tmp/latchkey.conf latchkey_longest=0
	config_load latchkey
	config_foreach latchkey_volume volume "$1" >$conf
	[ -s $conf ] || { rm -f $conf; return 0; }
	echo "give-up = $latchkey_longest" >>$conf
	# Those that the kernel cannot ask for itself before the overlay is there.
	for module in dm-mod dm-crypt ecb xts adiantum nhpoly1305; do
		modprobe -q $module 2>/dev/null || :
	done
	# The command line of the router's own boot loader is not for us, and it has no crypttab.
	latchkey boot --cmdline ' ' --crypttab /dev/null --config $conf ||
		echo "latchkey: code $?: not every volume is open" >/dev/kmsg
	rm -f $conf
}
