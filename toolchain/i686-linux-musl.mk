# SPDX-License-Identifier: MIT
# 32-bit PC, from the Pentium Pro on: no SSE.
CROSS          := i686-linux-gnu-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -march=i686 -fcf-protection=none
LIBC           := musl
EMULATOR       := qemu-i386-static
