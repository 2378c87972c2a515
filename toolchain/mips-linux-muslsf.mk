# SPDX-License-Identifier: MIT
# 32-bit MIPS, big-endian, o32, without floating point instructions: ath79 and lantiq routers.
# The distribution's compiler library is for processors with floating point, so only its integer routines are linked.
CROSS          := mips-linux-gnu-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -mips32r2 -msoft-float
TARGET_LDFLAGS := -Wl,-z,max-page-size=16384
LIBC           := musl
EMULATOR       := qemu-mips-static
EMULATOR_CPU   := 24Kc
NO_FLOAT       := yes
SIZE_LIMIT     := 430080
