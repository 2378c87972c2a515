# SPDX-License-Identifier: MIT
TARGET  := aarch64-linux-musl
# The kernel for make boot and the tests: release, architecture, package.
KERNEL_PACKAGE := debian12 arm64 linux-image-arm64
MODULES := virtio_pci? virtio_mmio? virtio_blk dm_crypt xts ext4 xhci_pci? usb_storage? sd_mod?
# For U-Boot. RAM begins at 0x40000000. The kernel must be aligned to 2 MiB.
UBOOT_ARCH := arm64
FIT_LOAD := 0x44000000
