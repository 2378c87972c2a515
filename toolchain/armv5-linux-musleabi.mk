# SPDX-License-Identifier: MIT
# 32-bit ARM without floating point: ARMv5TE (Kirkwood) and ARMv6 (the first Raspberry Pi) boards.
CROSS          := arm-linux-gnueabi-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -march=armv5te -marm -mfloat-abi=soft
TARGET_LDFLAGS := -Wl,-z,max-page-size=4096
LIBC           := musl
EMULATOR       := qemu-arm-static
EMULATOR_CPU   := arm926
SIZE_LIMIT     := 331776
