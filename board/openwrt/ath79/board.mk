# SPDX-License-Identifier: MIT
# No MODULES: everything is built into the kernel.
TARGET  := mips-linux-muslsf
UBOOT_ARCH := mips
