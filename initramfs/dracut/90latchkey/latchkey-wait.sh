#!/bin/sh
# SPDX-License-Identifier: MIT
# A job of dracut's main loop, which runs it again and again in its own shell. Without systemd it starts latchkey; and
# while latchkey works, be it at a prompt, the loop's time does not run out.
if [ ! -e /run/latchkey/ended ]; then
    if [ -z "$DRACUT_SYSTEMD" ] && [ ! -e /run/latchkey ]; then
        mkdir -p /run/latchkey
        if [ -x /sbin/cryptroot-ask ]; then
            /sbin/latchkey-boot # crypt is in the image, too: it shall ask only when this has failed
        else
            /sbin/latchkey-boot &
        fi
    fi
    # shellcheck disable=SC2034 # the loop's own
    main_loop=0
fi
