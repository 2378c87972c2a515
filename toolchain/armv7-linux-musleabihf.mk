# SPDX-License-Identifier: MIT
# 32-bit ARM with VFP, hard float: Cortex-A boards. NEON is not required.
CROSS          := arm-linux-gnueabihf-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -march=armv7-a+fp
TARGET_LDFLAGS := -Wl,-z,max-page-size=4096
LIBC           := musl
EMULATOR       := qemu-arm-static
EMULATOR_CPU   := cortex-a15,neon=off
