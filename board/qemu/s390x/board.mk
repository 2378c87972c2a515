# SPDX-License-Identifier: MIT
TARGET  := s390x-linux-musl
# The kernel for make boot and the tests: release, architecture, package.
KERNEL_PACKAGE := debian12 s390x linux-image-s390x
MODULES := virtio_blk dm_crypt xts ext4
