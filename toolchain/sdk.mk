# SPDX-License-Identifier: MIT
# No machine of ours: another's toolchain, as of OpenWrt or Buildroot. CROSS_COMPILE= (or CC= and CROSS=) names it,
# TARGET_CFLAGS= what its machine needs. Its own musl is linked if it has one for a static-pie; else ours is built with it.
SDK_CC      := $(if $(CROSS_COMPILE),$(CROSS_COMPILE)gcc,$(CC))
MUSL_TARGET := $(shell $(SDK_CC) -dumpmachine)
ARCH        := $(firstword $(subst -, ,$(MUSL_TARGET)))
LIBC        := $(shell printf '%s\n' '\#include <features.h>' '\#if defined __GLIBC__ || defined __UCLIBC__' '\#error' '\#endif' | \
	$(SDK_CC) -E -x c - >/dev/null 2>&1 && $(SDK_CC) -static-pie '-\#\#\#' -x c /dev/null 2>&1 | grep -q rcrt1.o && echo sdk || echo musl)
