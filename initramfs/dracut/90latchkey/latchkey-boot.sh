#!/bin/sh
# SPDX-License-Identifier: MIT
# Run latchkey with the kernel command line of dracut, which includes the parameters that are built into the image.
# shellcheck source=/dev/null
type getcmdline > /dev/null 2>&1 || . /lib/dracut-lib.sh

words=$(getcmdline)
mkdir -p /run/latchkey
case $(latchkey boot --cmdline "$words" --show 2>/dev/null) in
    volume*)
        latchkey boot --cmdline "$words" > /run/latchkey/opened
        code=$?
        [ $code = 0 ] || warn "latchkey ended with code $code"
        ;;
    *wrong:*) # it says what
        latchkey boot --cmdline "$words" > /dev/null
        code=$?
        warn "latchkey ended with code $code"
        ;;
    *) code=0 ;; # nothing to open
esac
: > /run/latchkey/ended
exit $code
