# SPDX-License-Identifier: MIT
TARGET  := aarch64-linux-musl
# Where make boot and the tests take their kernel from: suite, architecture, package.
KERNEL_PACKAGE := bookworm arm64 linux-image-arm64
MODULES := virtio_pci? virtio_mmio? virtio_blk dm_crypt xts ext4 xhci_pci? usb_storage? sd_mod?
# For U-Boot, where it is wanted. RAM begins at 0x40000000; the kernel wants 2 MiB of alignment.
UBOOT_ARCH := arm64
FIT_LOAD := 0x44000000
