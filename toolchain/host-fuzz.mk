# SPDX-License-Identifier: MIT
# Not a product: clang with the sanitizers and libFuzzer, for tests/fuzz
CC             := clang
TARGET_CFLAGS  := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
	-fsanitize-coverage-ignorelist=tests/fuzz/ignore -Wno-error
LIBC           := host
TARGET_LIBRARY_CFLAGS := -DBR_LE_UNALIGNED=0 -DBR_BE_UNALIGNED=0
