# SPDX-License-Identifier: MIT
# 64-bit RISC-V with the extensions that distributions require.
CROSS          := riscv64-linux-gnu-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -march=rv64gc -mabi=lp64d
LIBC           := musl
EMULATOR       := qemu-riscv64-static
