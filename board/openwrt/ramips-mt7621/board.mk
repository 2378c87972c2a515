# SPDX-License-Identifier: MIT
# No MODULES: everything is built into the kernel.
TARGET  := mipsel-linux-muslsf
UBOOT_ARCH := mips
