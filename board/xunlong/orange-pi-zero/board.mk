# SPDX-License-Identifier: MIT
TARGET  := armv7-linux-musleabihf
MODULES := dm_crypt xts adiantum? nhpoly1305? nhpoly1305_neon? chacha_generic? chacha_neon? ext4?
UBOOT_ARCH := arm
# The load address of the kernel in a FIT. zImage moves itself from there.
FIT_LOAD := 0x42000000
