# SPDX-License-Identifier: MIT
TARGET  := aarch64-linux-musl
MODULES := bcm2835? sdhci_iproc? dm_crypt xts adiantum? nhpoly1305? nhpoly1305_neon? chacha_generic? chacha_neon? ext4?
