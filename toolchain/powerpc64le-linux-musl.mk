# SPDX-License-Identifier: MIT
# 64-bit PowerPC, little-endian, from POWER8 on.
CROSS          := powerpc64le-linux-gnu-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -mcpu=power8 -mlong-double-64
LIBC           := musl
EMULATOR       := qemu-ppc64le-static
EMULATOR_CPU   := power8
# For kernels with pages of 64 KiB, the file has up to 60 KiB of zeros before each segment.
SIZE_LIMIT     := 528384
