# SPDX-License-Identifier: MIT
# Not a product: this machine's own C library with the sanitizers, for the unit tests
CC             := gcc
TARGET_CFLAGS  := -fsanitize=address,undefined,alignment -fno-sanitize-recover=all -fno-omit-frame-pointer
LIBC           := host
ARCH           := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
# use BearSSL's code for machines without unaligned loads
TARGET_LIBRARY_CFLAGS := -DBR_LE_UNALIGNED=0 -DBR_BE_UNALIGNED=0
