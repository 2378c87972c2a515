# SPDX-License-Identifier: MIT
# A foreign toolchain, such as that of OpenWrt or Buildroot. CROSS_COMPILE= (or CC= and CROSS=) names it; TARGET_CFLAGS=
# sets the flags for its processor. Its own musl is linked if it supports static-pie; otherwise the pinned musl is built.
SDK_CC      := $(if $(CROSS_COMPILE),$(CROSS_COMPILE)gcc,$(CC))
MUSL_TARGET := $(shell $(SDK_CC) -dumpmachine)
ARCH        := $(firstword $(subst -, ,$(MUSL_TARGET)))
# It is weaker than -fstack-protector-strong, and the last one would win.
override TARGET_CFLAGS := $(filter-out -fstack-protector,$(TARGET_CFLAGS))
HASH        := \#
# The folder of the start files: that of musl, if the headers are musl's and the start file of a static-pie exists. The
# link lists the parts, so it does not matter whether the compiler's -static-pie works (that of musl-gcc does not).
SDK_START   := $(shell printf '%s\n' '$(HASH)include <features.h>' '$(HASH)if defined __GLIBC__ || defined __UCLIBC__' '$(HASH)error' '$(HASH)endif' | \
	$(SDK_CC) $(TARGET_CFLAGS) -E -x c - >/dev/null 2>&1 && \
	$(SDK_CC) $(TARGET_CFLAGS) -static-pie '-$(HASH)$(HASH)$(HASH)' -x c /dev/null 2>&1 | tr ' ' '\n' | grep '/[a-zA-Z]*crt1\.o$$')
SDK_HOME    := $(patsubst %/,%,$(dir $(SDK_START)))
# A compiler that options redirect to musl may find the start file of another C library if musl's is missing. Therefore
# check that libc.a has the object names of musl.
SDK_LIBC    := $(if $(and $(SDK_HOME),$(wildcard $(SDK_HOME)/rcrt1.o)),$(shell \
	$(or $(CROSS_COMPILE),$(CROSS))ar t $(SDK_HOME)/libc.a 2>/dev/null | grep -q '^__libc_start_main\.l*o$$' && echo $(SDK_HOME)))
LIBC        := $(if $(SDK_LIBC),sdk,musl)
# The largest limit of all targets, because the architecture is not known here.
SIZE_LIMIT  := 528384
