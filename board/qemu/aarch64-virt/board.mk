# SPDX-License-Identifier: MIT
TARGET  := aarch64-linux-musl
# Where make boot and the tests take their kernel from: suite, architecture, package.
KERNEL_PACKAGE := bookworm arm64 linux-image-arm64
MODULES := virtio_pci? virtio_mmio? virtio_blk dm_crypt xts ext4
