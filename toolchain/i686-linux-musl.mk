# SPDX-License-Identifier: MIT
# 32-bit PC, from the Pentium Pro on: no SSE.
CROSS          := i686-linux-gnu-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -march=i686 -fcf-protection=none
LIBC           := musl
# A 64-bit PC runs it as it is. qemu-i386 mixes up the segments of threads when a signal comes back: tests crash in it.
EMULATOR       := linux32
