# SPDX-License-Identifier: MIT
TARGET  := x86_64-linux-musl
# The kernel for make boot and the tests: release, architecture, package; own: of this machine's distribution.
KERNEL_PACKAGE := own --full
MODULES := virtio_pci? virtio_blk? dm_crypt xts aesni_intel? ext4? xhci_pci? usb_storage? sd_mod?
