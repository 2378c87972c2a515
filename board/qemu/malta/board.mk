# SPDX-License-Identifier: MIT
TARGET  := mipsel-linux-muslsf
# The kernel for make boot and the tests: release, architecture, package.
KERNEL_PACKAGE := debian12 mipsel linux-image-4kc-malta
MODULES := virtio_pci? virtio_mmio? virtio_blk dm_crypt xts ext4 uhci_hcd? xhci_pci? usb_storage? sd_mod? adiantum? nhpoly1305? chacha_generic? chacha_mips?
