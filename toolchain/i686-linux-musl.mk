# SPDX-License-Identifier: MIT
# 32-bit PC, from the Pentium Pro on: no SSE.
CROSS          := i686-linux-gnu-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -march=i686 -fcf-protection=none
LIBC           := musl
# No emulator: a 64-bit PC runs the program. qemu-i386 confuses the segments of threads after a signal, and tests crash.
EMULATOR       := linux32
SIZE_LIMIT     := 307200
