# Not a product: this machine's own C library with the sanitizers, for the unit tests
CC             := gcc
TARGET_CFLAGS  := -fsanitize=address,undefined,alignment -fno-sanitize-recover=all -fno-omit-frame-pointer
LIBC           := host
ARGON2_FILL    := ref
