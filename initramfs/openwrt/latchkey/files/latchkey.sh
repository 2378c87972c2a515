# SPDX-License-Identifier: MIT
# latchkey.sh - for the preinit hook and the init script: pass /etc/config/latchkey to latchkey boot.
# shellcheck shell=dash disable=SC2317

# Print the line of latchkey.conf for one volume, if its option when is WHEN.
latchkey_volume() { # SECTION WHEN
	local enabled device when options wait ask keys
	config_get_bool enabled "$1" enabled 1
	config_get device "$1" device
	config_get when "$1" when boot
	config_get options "$1" options
	config_get wait "$1" wait 20
	config_get_bool ask "$1" ask 0
	# For latchkey, 0 means a default limit that is too long for a router.
	case $wait in '' | 0* | *[!0-9]*) wait=20 ;; esac
	[ "$enabled" = 1 ] && [ -n "$device" ] && [ "$when" = "$2" ] || return 0
	keys=
	latchkey_key() { keys="$keys,key=$1"; }
	config_list_foreach "$1" key latchkey_key
	[ "$ask" = 1 ] || options="headless${options:+,$options}"
	# nofail: a volume that does not open must not prevent the others from being opened.
	echo "volume = $1,$device,none,nofail,device-timeout=$wait,timeout=$wait$keys${options:+,$options}"
	[ "$wait" -le "$latchkey_longest" ] || latchkey_longest=$wait
}

# Open the volumes whose option when is WHEN. The router continues in any case.
latchkey_open() { # WHEN
	local conf latchkey_longest=0
	conf=$(mktemp /tmp/latchkey.XXXXXX) || return 1 # anyone can put a link at a name that is known
	config_load latchkey
	config_foreach latchkey_volume volume "$1" >"$conf"
	[ -s "$conf" ] || { rm -f "$conf"; return 0; }
	echo "give-up = $latchkey_longest" >>"$conf"
	# The kernel cannot load these on demand before the overlay is mounted.
	for module in dm-mod dm-crypt ecb xts adiantum nhpoly1305; do
		modprobe -q $module 2>/dev/null || :
	done
	# Ignore the command line of the router's boot loader. There is no crypttab.
	latchkey boot --cmdline ' ' --crypttab /dev/null --config "$conf" ||
		echo "latchkey: code $?: not every volume is open" >/dev/kmsg
	rm -f "$conf"
}
