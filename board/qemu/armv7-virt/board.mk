# SPDX-License-Identifier: MIT
TARGET  := armv7-linux-musleabihf
# The kernel for make boot and the tests: release, architecture, package.
KERNEL_PACKAGE := debian12 armhf linux-image-armmp
MODULES := virtio_pci? virtio_mmio? virtio_blk dm_crypt xts ext4 xhci_pci? usb_storage? sd_mod? adiantum? nhpoly1305? chacha_generic? nhpoly1305_neon? chacha_neon?
