# SPDX-License-Identifier: MIT
# Not a product: this machine's own C library with the sanitizers, for the unit tests
CC             := gcc
# Variables stay on the stack. Since gcc 14 a variable may move to memory that belongs to its thread, and our threads for
# Argon2 have no memory of that kind: they would share it. Tests look for secrets on the stack, too.
TARGET_CFLAGS  := -fsanitize=address,undefined,alignment -fno-sanitize-recover=all -fno-omit-frame-pointer \
	--param asan-use-after-return=0
LIBC           := host
ARCH           := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
# use BearSSL's code for machines without unaligned loads
TARGET_LIBRARY_CFLAGS := -DBR_LE_UNALIGNED=0 -DBR_BE_UNALIGNED=0
