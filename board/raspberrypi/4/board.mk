# SPDX-License-Identifier: MIT
TARGET  := aarch64-linux-musl
MODULES := dm_crypt xts adiantum? nhpoly1305_neon? ext4?
