# SPDX-License-Identifier: MIT
TARGET  := s390x-linux-musl
# Where make boot and the tests take their kernel from: suite, architecture, package.
KERNEL_PACKAGE := bookworm s390x linux-image-s390x
MODULES := virtio_blk dm_crypt xts ext4
