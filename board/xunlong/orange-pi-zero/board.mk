# SPDX-License-Identifier: MIT
TARGET  := armv7-linux-musleabihf
MODULES := dm_crypt xts adiantum? nhpoly1305_neon? ext4?
UBOOT_ARCH := arm
