#!/bin/sh
# SPDX-License-Identifier: MIT
# A job of dracut's main loop, which runs it repeatedly in its own shell. Without systemd, the job starts latchkey. While
# latchkey is running, for example at a prompt, the job prevents the loop's timeout.
if [ ! -e /run/latchkey/ended ]; then
    if [ -z "$DRACUT_SYSTEMD" ] && [ ! -e /run/latchkey ]; then
        mkdir -p /run/latchkey
        # The module i18n loads the keymap by jobs of this loop: now, before the prompt.
        # shellcheck disable=SC2154 # set by dracut
        for job in "$hookdir"/initqueue/console_init*.sh; do
            # shellcheck source=/dev/null
            [ ! -e "$job" ] || . "$job"
        done
        # In the background: other jobs of the loop may have to assemble the device below the volume.
        /sbin/latchkey-boot &
    fi
    # If the module crypt is in the image, too, it must not prompt before latchkey has finished.
    # shellcheck disable=SC2154 # set by dracut
    for job in "$hookdir"/initqueue/cryptroot-ask*.sh "$hookdir"/initqueue/*/cryptroot-ask*.sh; do
        [ -e "$job" ] || continue
        held=/run/latchkey/held/${job#"$hookdir"/}
        mkdir -p "${held%/*}"
        mv "$job" "$held"
    done
    # shellcheck disable=SC2034 # read by the loop
    main_loop=0
elif [ -d /run/latchkey/held ]; then
    cp -a /run/latchkey/held/. "$hookdir"/
    rm -rf /run/latchkey/held
fi
