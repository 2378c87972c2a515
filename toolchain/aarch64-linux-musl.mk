# SPDX-License-Identifier: MIT
# 64-bit ARM: every board with an ARMv8 processor, from the Raspberry Pi 3 on.
CROSS          := aarch64-linux-gnu-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -march=armv8-a
LIBC           := musl
KERNEL_HEADERS := /usr/aarch64-linux-gnu/include
