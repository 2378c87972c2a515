# SPDX-License-Identifier: MIT
# 32-bit PowerPC, big-endian: mpc85xx routers and old Macs.
CROSS          := powerpc-linux-gnu-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -mcpu=powerpc -mlong-double-64
TARGET_LDFLAGS := -Wl,-z,max-page-size=16384
LIBC           := musl
EMULATOR       := qemu-ppc-static
SIZE_LIMIT     := 327680
