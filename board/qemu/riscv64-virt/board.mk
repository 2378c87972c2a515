# SPDX-License-Identifier: MIT
TARGET  := riscv64-linux-musl
# The kernel for make boot and the tests: release, architecture, package.
KERNEL_PACKAGE := debian13 riscv64 linux-image-riscv64
MODULES := virtio_pci? virtio_mmio? virtio_blk dm_crypt xts ext4 xhci_pci? usb_storage? sd_mod?
