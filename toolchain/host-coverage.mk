# SPDX-License-Identifier: MIT
# Not a product: clang's counters of lines and branches, for tests/fuzz/coverage
CC             := clang
TARGET_CFLAGS  := -fsanitize=fuzzer-no-link,address -fprofile-instr-generate -fcoverage-mapping -Wno-error
LIBC           := host
TARGET_LIBRARY_CFLAGS := -DBR_LE_UNALIGNED=0 -DBR_BE_UNALIGNED=0
