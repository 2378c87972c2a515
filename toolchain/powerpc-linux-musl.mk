# SPDX-License-Identifier: MIT
# 32-bit PowerPC, big-endian: mpc85xx routers and old Macs.
CROSS          := powerpc-linux-gnu-
CC             := $(CROSS)gcc
# -fpie, not -fPIE: with -fPIE, the single address table of a unit prevents the linker from dropping unused functions.
TARGET_CFLAGS  := -mcpu=powerpc -mlong-double-64 -fpie
TARGET_LDFLAGS := -Wl,-z,max-page-size=16384
LIBC           := musl
EMULATOR       := qemu-ppc-static
EMULATOR_CPU   := 603e
SIZE_LIMIT     := 393216
