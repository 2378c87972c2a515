# SPDX-License-Identifier: MIT
# 64-bit ARM: every board with an ARMv8 processor, from the Raspberry Pi 3 on.
CROSS          := aarch64-linux-gnu-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -march=armv8-a -mno-outline-atomics
LIBC           := musl
EMULATOR       := qemu-aarch64-static
EMULATOR_CPU   := cortex-a53
# Without the pages that the linker adds for erratum 843419 of Cortex-A53 (tests/build/elf.py).
SIZE_LIMIT     := 290816
