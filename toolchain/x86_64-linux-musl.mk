# SPDX-License-Identifier: MIT
# 64-bit PC. No CET: musl's assembly has no marks for it, so the linked program would lose them again.
CC             := gcc
TARGET_CFLAGS  := -m64 -fcf-protection=none
LIBC           := musl
# What is not arithmetic needs no vectors: copying a struct through them is longer. clang refuses musl's math.h with that.
TARGET_SMALL := $(if $(findstring clang,$(CC)),,-mgeneral-regs-only)
SIZE_LIMIT     := 196608
