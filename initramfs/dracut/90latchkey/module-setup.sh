#!/bin/bash
# SPDX-License-Identifier: MIT
# dracut: put latchkey into the image. dracut sources this file, which shellcheck does not know:
# shellcheck disable=SC2154

# Only if requested: add_dracutmodules+=" latchkey "
check() {
    require_binaries latchkey || return 1
    return 255
}

latchkey_has_network_module() {
    compgen -G "${dracutbasedir:-/usr/lib/dracut}/modules.d/*kernel-network-modules" > /dev/null
}

depends() {
    local deps=rootfs-block
    # a separate module since dracut 108
    if compgen -G "${dracutbasedir:-/usr/lib/dracut}/modules.d/*initqueue" > /dev/null; then
        deps+=" initqueue"
    fi
    # the drivers of network cards
    if [[ " $(latchkey_tokens | tr '\n' ' ') " == *' clevis '* ]] && latchkey_has_network_module; then
        deps+=" kernel-network-modules"
    fi
    echo "$deps"
}

# Print the LUKS devices below this machine's root and other filesystems that the boot needs.
latchkey_devices() {
    local dev
    for dev in "${!host_fs_types[@]}"; do
        [[ ${host_fs_types[$dev]} != crypto_LUKS ]] || echo "$dev"
    done
}

latchkey_is_marked() { # OPTIONS, from a line of crypttab
    [[ ,$1, =~ ,(force|x-initrd\.attach|initramfs), ]]
}

latchkey_find() { # DEVICE, from a line of crypttab: print its path
    blkid -l -o device -t "$1" 2> /dev/null || echo "$1"
}

# Print the modules for the cipher of DEVICE: aes-xts-plain64 -> crypto-aes, crypto-xts. Fails if DEVICE cannot be read.
latchkey_ciphers_of() {
    local cipher name
    cipher=$(latchkey dump --json "$1" 2> /dev/null |
        sed -n 's/^ *"segment".*"encryption": "\([^"]*\)"\(.*"integrity": "\([^"]*\)\)*.*/\1 \3/p')
    [[ $cipher ]] || return 1
    for name in ${cipher//[-:,()]/ }; do
        echo "crypto-$name"
    done
    [[ $cipher != *adiantum* ]] || echo crypto-nhpoly1305
    [[ $cipher == *' ' ]] || printf '%s\n' dm_integrity crypto-authenc crypto-ctr crypto-rfc7539
}

# The same for all volumes. Fails if one of this machine's volumes cannot be read. Marked volumes may be absent now.
latchkey_ciphers() {
    local dev name options
    for dev in $(latchkey_devices); do
        latchkey_ciphers_of "$dev" || return 1
    done
    [[ -r $dracutsysrootdir/etc/crypttab ]] || return 0
    while read -r name dev _ options || [[ $name ]]; do
        [[ $name != \#* && $dev ]] || continue
        ! latchkey_is_marked "$options" || latchkey_ciphers_of "$(latchkey_find "$dev")"
    done < "$dracutsysrootdir/etc/crypttab"
    return 0
}

# Print the types of the tokens of all these volumes, and of the one whose program measures volume keys, if there is a program.
latchkey_tokens() {
    local dev name options token
    {
        latchkey_devices
        while read -r name dev _ options || [[ $name ]]; do
            [[ $name != \#* && $dev ]] || continue
            ! latchkey_is_marked "$options" || latchkey_find "$dev"
        done 2> /dev/null < "$dracutsysrootdir/etc/crypttab"
    } | while read -r dev; do
        latchkey dump --json "$dev" 2> /dev/null | sed -n 's/^ *{"id": [0-9]*, "type": "\([a-z0-9-]*\)".*/\1/p'
    done | {
        cat
        ! grep -qs tpm2-measure-pcr "$dracutsysrootdir"/etc/{crypttab,latchkey.conf} /proc/cmdline || echo systemd-tpm2
    } | sort -u | while read -r token; do
        [[ ! -x $dracutsysrootdir/lib/latchkey/token/$token ]] || echo "$token"
    done
}

installkernel() {
    local names token
    hostonly='' instmods dm_crypt
    if [[ $hostonly ]] && names=$(latchkey_ciphers) && [[ $names ]]; then
        # shellcheck disable=SC2086 # a list
        hostonly='' instmods $names
    else
        hostonly='' instmods dm_integrity "=crypto" "=arch/$(uname -m | sed 's/x86_64\|i.86/x86/')/crypto"
    fi
    for token in $(latchkey_tokens); do
        names=$(sh /usr/lib/latchkey/token-drivers "$token")
        # shellcheck disable=SC2086 # a list; of an empty one, instmods would read its input
        [[ ! $names ]] || hostonly='' instmods $names
        # dracut's module for network cards may be in a package of its own
        [[ $token != clevis ]] || latchkey_has_network_module ||
            instmods '=drivers/net/ethernet' '=drivers/net/phy' '=drivers/net/usb' '=drivers/net/hyperv' virtio_net vmxnet3 xen-netfront
    done
    [[ ! $hostonly ]] || ! command -v latchkey-preflight > /dev/null || preflight
}

# Check whether this image can open this machine's volumes, and print the findings. They do not stop the image.
preflight() {
    local words line list table="$initdir/etc/crypttab" image=()
    [[ -e $table ]] || table=/dev/null
    words=$(cat /proc/cmdline)
    [[ $hostonly_cmdline != yes ]] || words+=$(cmdline)
    if [[ $(latchkey boot --cmdline "$words" --crypttab "$table" --show 2>/dev/null) != volume* ]]; then
        [[ ! $(latchkey_devices) ]] ||
            dwarn "latchkey: this system is on LUKS, but neither crypttab nor the command line names the volume: it will not be opened"
        return 0
    fi
    # dracut may add key files later. Therefore only modules are checked, if they are in the image already.
    list=$(find "$initdir" -name '*.ko*')
    [[ ! $list ]] || image=(--image -)
    latchkey-preflight --quiet --cmdline "$words" --crypttab "$table" --kernel "$kernel" "${image[@]}" <<< "$list" 2>&1 |
        while read -r line; do
            dwarn "latchkey: $line"
        done
    return 0
}

cmdline() {
    local dev uuid
    for dev in $(latchkey_devices); do
        uuid=$(latchkey dump --json "$dev" | sed -n 's/^ *"uuid": "\([^"]*\)".*/\1/p')
        [[ ! $uuid ]] || printf ' rd.luks.uuid=luks-%s' "$uuid"
    done
}

# Print the lines of crypttab for the devices of latchkey_devices, with a mark added, and all marked lines.
latchkey_crypttab() {
    local name dev key options real host
    while read -r name dev key options || [[ $name ]]; do
        [[ $name != \#* && $dev ]] || continue
        if latchkey_is_marked "$options"; then
            echo "$name $dev $key $options"
            continue
        fi
        real=$(latchkey_find "$dev")
        for host in $(latchkey_devices); do
            [[ $real -ef $host || $real -ef /dev/block/$host ]] || continue
            echo "$name $dev ${key:-none} ${options:+$options,}x-initrd.attach"
            break
        done
    done < "$dracutsysrootdir/etc/crypttab"
}

# A keymap that this system has and the image lacks: the passphrase would be typed on a US keyboard.
latchkey_keymap() {
    local layout
    [[ $hostonly ]] || return 0
    layout=$(sh /usr/lib/latchkey/keyboard-layout "$dracutsysrootdir")
    [[ $layout ]] || return 0
    dracut_module_included i18n && [[ $(find "$initdir" -name "${layout%.map*}.*map*") ]] && return 0
    dwarn "latchkey: the keyboard layout $layout is not in the image: the passphrase is typed on a US keyboard." \
        "The dracut module i18n adds the keymap that KEYMAP in /etc/vconsole.conf names"
}

install() {
    local token
    inst_multiple latchkey
    for token in $(latchkey_tokens); do
        inst_simple "/lib/latchkey/token/$token"
        [[ $token != clevis ]] || inst_simple /lib/latchkey/network
    done
    inst_simple "$moddir/latchkey-boot.sh" /sbin/latchkey-boot
    [[ ! -r $dracutsysrootdir/etc/latchkey.conf ]] || inst_simple /etc/latchkey.conf
    if [[ $hostonly && -r $dracutsysrootdir/etc/crypttab ]]; then
        latchkey_crypttab > "$initdir/etc/crypttab"
        mark_hostonly /etc/crypttab
    fi
    if [[ $hostonly_cmdline == yes ]]; then
        mkdir -p "$initdir/etc/cmdline.d"
        cmdline >> "$initdir/etc/cmdline.d/90latchkey.conf"
    fi
    # the rules of dmsetup if the image has them, otherwise the short rules
    dracut_module_included dm || inst_rules /usr/lib/latchkey/55-latchkey.rules
    if dracut_module_included systemd; then
        inst_simple /usr/lib/latchkey/latchkey.service "$systemdsystemunitdir/latchkey.service"
        $SYSTEMCTL -q --root "$initdir" add-wants sysinit.target latchkey.service
    fi
    latchkey_keymap
    inst_hook initqueue 10 "$moddir/latchkey-wait.sh"
    inst_hook initqueue/finished 90 "$moddir/latchkey-finished.sh"
    dracut_need_initqueue
}
