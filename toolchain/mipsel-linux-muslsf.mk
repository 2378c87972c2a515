# SPDX-License-Identifier: MIT
# 32-bit MIPS, little-endian, o32, without floating point instructions: ramips routers, mt7621.
# The distribution's compiler library is for processors with floating point, so only its integer routines are linked.
CROSS          := mipsel-linux-gnu-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -mips32r2 -msoft-float
TARGET_LDFLAGS := -Wl,-z,max-page-size=16384
LIBC           := musl
EMULATOR       := qemu-mipsel-static
EMULATOR_CPU   := 24Kc
NO_FLOAT       := yes
SIZE_LIMIT     := 430080
