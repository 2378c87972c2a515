# SPDX-License-Identifier: MIT
# Not a product: this machine's own C library with the sanitizers, for the unit tests
CC             := gcc
TARGET_CFLAGS  := -fsanitize=address,undefined,alignment -fno-sanitize-recover=all -fno-omit-frame-pointer
LIBC           := host
ARCH           := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
# BearSSL's way for machines that cannot load a word from any address
TARGET_LIBRARY_CFLAGS := -DBR_LE_UNALIGNED=0 -DBR_BE_UNALIGNED=0
