#!/bin/sh
# SPDX-License-Identifier: MIT
# A job of dracut's main loop, which runs it again and again in its own shell. Without systemd it starts latchkey; and
# while latchkey works, be it at a prompt, the loop's time does not run out.
if [ ! -e /run/latchkey/ended ]; then
    if [ -z "$DRACUT_SYSTEMD" ] && [ ! -e /run/latchkey ]; then
        mkdir -p /run/latchkey
        # Beside the loop, whose other jobs may have to put together what the volume lies on.
        /sbin/latchkey-boot &
    fi
    # Is crypt in the image, too? It shall ask only when latchkey is done.
    # shellcheck disable=SC2154 # dracut's own
    for job in "$hookdir"/initqueue/cryptroot-ask*.sh "$hookdir"/initqueue/*/cryptroot-ask*.sh; do
        [ -e "$job" ] || continue
        held=/run/latchkey/held/${job#"$hookdir"/}
        mkdir -p "${held%/*}"
        mv "$job" "$held"
    done
    # shellcheck disable=SC2034 # the loop's own
    main_loop=0
elif [ -d /run/latchkey/held ]; then
    cp -a /run/latchkey/held/. "$hookdir"/
    rm -rf /run/latchkey/held
fi
