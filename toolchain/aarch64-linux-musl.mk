# SPDX-License-Identifier: MIT
# 64-bit ARM: every board with an ARMv8 processor, from the Raspberry Pi 3 on.
CROSS          := aarch64-linux-gnu-
CC             := $(CROSS)gcc
TARGET_CFLAGS  := -march=armv8-a -mno-outline-atomics
LIBC           := musl
EMULATOR       := qemu-aarch64-static
EMULATOR_CPU   := cortex-a53
# And 4096 bytes for each veneer: the linker puts a page around those for erratum 843419 of Cortex-A53, and how many it needs is
# chance. The map names them; none is there before the program is linked.
SIZE_LIMIT      = $(shell expr 290816 + 4096 \* $$(cat $(B)/latchkey.debug.map 2>/dev/null | grep -c ' 0x[0-9a-f]*[1-9a-f][0-9a-f]* linker stubs$$'))
