# SPDX-License-Identifier: MIT
# No machine of ours: another's toolchain, as of OpenWrt or Buildroot. CROSS_COMPILE= (or CC= and CROSS=) names it,
# TARGET_CFLAGS= what its machine needs. Its own musl is linked if it has one for a static-pie; else ours is built with it.
SDK_CC      := $(if $(CROSS_COMPILE),$(CROSS_COMPILE)gcc,$(CC))
MUSL_TARGET := $(shell $(SDK_CC) -dumpmachine)
ARCH        := $(firstword $(subst -, ,$(MUSL_TARGET)))
# Less than ours, and being the later one it would win.
override TARGET_CFLAGS := $(filter-out -fstack-protector,$(TARGET_CFLAGS))
HASH        := \#
# Where it takes the code before main() from: musl's own folder, if the headers are musl's and what a static-pie begins with
# is there. Whether its -static-pie works (that of musl-gcc does not) is nothing to us, who link by the parts.
SDK_START   := $(shell printf '%s\n' '$(HASH)include <features.h>' '$(HASH)if defined __GLIBC__ || defined __UCLIBC__' '$(HASH)error' '$(HASH)endif' | \
	$(SDK_CC) $(TARGET_CFLAGS) -E -x c - >/dev/null 2>&1 && \
	$(SDK_CC) $(TARGET_CFLAGS) -static-pie '-$(HASH)$(HASH)$(HASH)' -x c /dev/null 2>&1 | tr ' ' '\n' | grep '/[a-zA-Z]*crt1\.o$$')
SDK_HOME    := $(patsubst %/,%,$(dir $(SDK_START)))
# A compiler made musl's by its options may find the other C library's start where its own is missing; musl names its parts so.
SDK_LIBC    := $(if $(and $(SDK_HOME),$(wildcard $(SDK_HOME)/rcrt1.o)),$(shell \
	$(or $(CROSS_COMPILE),$(CROSS))ar t $(SDK_HOME)/libc.a 2>/dev/null | grep -q '^__libc_start_main\.l*o$$' && echo $(SDK_HOME)))
LIBC        := $(if $(SDK_LIBC),sdk,musl)
# The bound of the longest machine code there is: which one it makes is not known here.
SIZE_LIMIT  := 458752
