# SPDX-License-Identifier: MIT
# 64-bit PC. No CET: musl's assembly is not marked for it, so the linked program would not be, either.
CC             := gcc
TARGET_CFLAGS  := -m64 -fcf-protection=none
LIBC           := musl
# Code without arithmetic uses no vectors: copying a struct through them is longer. clang rejects musl's math.h with this.
TARGET_SMALL := $(if $(findstring clang,$(CC)),,-mgeneral-regs-only)
# Above the 192 KiB of the design since members of arrays, backups, re-encryption, integrity and 64 volumes came in.
SIZE_LIMIT     := 255680
