# SPDX-License-Identifier: MIT
TARGET  := x86_64-linux-musl
MODULES := dm_crypt xts aesni_intel? ahci? sd_mod? xhci_pci? usb_storage? sdhci_pci? mmc_block? ext4?
