# SPDX-License-Identifier: MIT
# IBM Z, 64-bit, big-endian, from z10 on.
CROSS          := s390x-linux-gnu-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -march=z10
LIBC           := musl
EMULATOR       := qemu-s390x-static
SIZE_LIMIT     := 344064
