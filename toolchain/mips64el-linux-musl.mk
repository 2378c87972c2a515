# SPDX-License-Identifier: MIT
# 64-bit MIPS, little-endian, n64.
CROSS          := mips64el-linux-gnuabi64-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -mips64r2 -mabi=64
TARGET_LDFLAGS := -Wl,-z,max-page-size=16384
LIBC           := musl
EMULATOR       := qemu-mips64el-static
EMULATOR_CPU   := MIPS64R2-generic
SIZE_LIMIT     := 380928
