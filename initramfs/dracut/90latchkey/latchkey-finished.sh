#!/bin/sh
# SPDX-License-Identifier: MIT
[ -e /run/latchkey/ended ]
