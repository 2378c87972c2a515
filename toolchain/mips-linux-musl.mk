# SPDX-License-Identifier: MIT
# 32-bit MIPS, big-endian, o32. With floating point, as the distribution's compiler library has it: for tests of
# byte order and word size under user-mode emulation, not yet for routers without such a unit.
CROSS          := mips-linux-gnu-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -mips32r2
LIBC           := musl
KERNEL_HEADERS := /usr/mips-linux-gnu/include
