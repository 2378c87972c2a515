# SPDX-License-Identifier: MIT
# No machine of ours: another's toolchain, as of OpenWrt or Buildroot. CROSS_COMPILE= (or CC= and CROSS=) names it,
# TARGET_CFLAGS= what its machine needs. Its own musl is linked if it has one for a static-pie; else ours is built with it.
SDK_CC      := $(if $(CROSS_COMPILE),$(CROSS_COMPILE)gcc,$(CC))
MUSL_TARGET := $(shell $(SDK_CC) -dumpmachine)
ARCH        := $(firstword $(subst -, ,$(MUSL_TARGET)))
HASH        := \#
LIBC        := $(shell printf '%s\n' '$(HASH)include <features.h>' '$(HASH)if defined __GLIBC__ || defined __UCLIBC__' '$(HASH)error' '$(HASH)endif' | \
	$(SDK_CC) -E -x c - >/dev/null 2>&1 && $(SDK_CC) -static-pie '-$(HASH)$(HASH)$(HASH)' -x c /dev/null 2>&1 | grep -q rcrt1.o && echo sdk || echo musl)
