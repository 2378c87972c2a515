# 64-bit PC
CC             := gcc
TARGET_CFLAGS  := -m64 -fcf-protection
LIBC           := musl
KERNEL_HEADERS := /usr/include /usr/include/$(shell $(CC) -print-multiarch)
ARGON2_FILL    := opt
