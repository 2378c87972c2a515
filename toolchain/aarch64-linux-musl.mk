# SPDX-License-Identifier: MIT
# 64-bit ARM: every board with an ARMv8 processor, from the Raspberry Pi 3 on.
CROSS          := aarch64-linux-gnu-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -march=armv8-a -mno-outline-atomics
LIBC           := musl
EMULATOR       := qemu-aarch64-static
EMULATOR_CPU   := cortex-a53
# For kernels with pages of 64 KiB, the file has up to 60 KiB of zeros before each segment.
SIZE_LIMIT     := 290816
