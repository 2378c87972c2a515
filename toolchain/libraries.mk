# SPDX-License-Identifier: MIT
# Names of targets cannot have spaces.
$(if $(word 3,$(CURDIR) $(O)),$(error make cannot build in a folder with a space in its path: $(CURDIR), O=$(O)))
# The libraries. They, too, depend on the compiler and the flags.
MUSL_CFLAGS := -w $(SMALLEST) -fPIE $(SHAPE) $(PATHS) $(TARGET_CFLAGS) $(TARGET_LIBRARY_CFLAGS)
LIBRARY_CFLAGS := -std=gnu99 -w $(HARDEN) $(FORGET) $(SHAPE) $(PATHS) $(TARGET_CFLAGS) $(TARGET_LIBRARY_CFLAGS) $(SYSTEM)
$(B)/library.flags: FORCE
	$(call stamp,$(COMPILER) $(KERNEL_HEADERS) $(MUSL_OMIT) not $(MUSL_KEEP) $(MUSL_CFLAGS) $(LIBRARY_CFLAGS) $(BEARSSL_FILES) $(BEARSSL_CFLAGS) $(ARGON2_CFLAGS) $(LTO_OBJECTS) $(REFERENCE_CFLAGS) $(CJSON_CFLAGS) $(CMOCKA_CFLAGS))
# The parts of musl that no program here needs are not built: half of its files, and half of the time.
MUSL_OMIT := aio complex crypt fenv ipc legacy math mq network passwd regex search
MUSL_KEEP := fenv/__flt_rounds math/__fpclassify math/__fpclassifyl math/__signbit math/__signbitl math/copysign math/copysignl math/frexp math/frexpl \
	$(addprefix math/,fabs fabsl fmod fmodl scalbn scalbnl) \
	$(addprefix network/,accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmsg send sendmsg \
	sendto setsockopt shutdown socket socketpair)
MUSL_OBJECTS := $$(filter-out $(addprefix obj/src/,$(addsuffix /%,$(MUSL_OMIT))),$$(LIBC_OBJS)) \
	$$(filter $(addprefix obj/src/,$(addsuffix .o,$(MUSL_KEEP) $(subst /,/%/,$(MUSL_KEEP)))),$$(LIBC_OBJS))
$(S)/%.ok: toolchain/libraries
	@toolchain/setup --missing build
	@O=$(O) toolchain/fetch $*
# What is linked. The licences go with the programs.
LINKED := $(if $(filter musl,$(LIBC)),musl) bearssl cjson argon2
$(B)/NOTICES: toolchain/notices LICENSE $(LINKED:%=$(S)/%.ok)
	@mkdir -p $(@D)
	@O=$(O) toolchain/notices $(LINKED) >$@
$(B)/headers.ok: $(addprefix $(S)/,bearssl.ok cjson.ok argon2.ok) $(LIBC_A) $(KERNEL_OK)
	@mkdir -p $(@D)
	@touch $@
# The kernel headers without those of a C library: from the folders in KERNEL_HEADERS=, otherwise from the compiler's search path.
$(B)/kernel.ok: $(B)/library.flags
	@rm -rf $(B)/kernel && mkdir -p $(B)/kernel
	@for h in linux/dm-ioctl.h asm/types.h asm-generic/types.h mtd/mtd-abi.h; do \
		f=$$(for k in $(KERNEL_HEADERS); do ls $$k/$$h; done 2>/dev/null | head -n 1); \
		f=$${f:-$$(echo "#include <$$h>" | $(CC) $(TARGET_CFLAGS) -M -MG -E -x c - | tr -d '\\' | tr ' ' '\n' | grep "/$$h")} || \
		{ echo "$(CC) does not find the kernel header $$h: set KERNEL_HEADERS=folder (toolchain/setup targets installs the headers for all targets)"; exit 1; }; \
		ln -sfn $${f%/*} $(B)/kernel/$${h%%/*}; done
	@touch $@
# CFLAGS of our command line, which make passes on, would take the place of those in musl's configuration.
$(B)/musl/lib/libc.a: $(S)/musl.ok $(B)/kernel.ok $(B)/library.flags
	$(call say,BUILD,$@)rm -rf $(B)/musl && mkdir -p $(B)/musl
	cd $(B)/musl && CC='$(CC)' CFLAGS='$(MUSL_CFLAGS)' \
		$(abspath $(S))/musl/configure --target=$(or $(MUSL_TARGET),$(TARGET)) --disable-shared --prefix=/ $(call log,configure.log)
	+$(MAKE) --eval='unexport AOBJS' -C $(B)/musl CFLAGS='$(MUSL_CFLAGS)' AR='$(AR)' RANLIB='$(CROSS)ranlib' AOBJS='$(MUSL_OBJECTS)' \
		lib/libc.a $(addprefix lib/,rcrt1.o crti.o crtn.o) $(call log,$(B)/musl/build.log)
	+$(MAKE) -C $(B)/musl install-headers includedir=$(abspath $(B)/musl/include) $(call log,$(B)/musl/build.log)
# For NO_FLOAT targets: only the integer routines of the compiler's library, without the marks of another floating point ABI.
INTEGER := _udivdi3 _umoddi3 _divdi3 _moddi3 _udivmoddi4 _ashldi3 _ashrdi3 _lshrdi3 _cmpdi2 _ucmpdi2 _muldi3 _clz _clzsi2 _clzdi2 \
	_ctzsi2 _ctzdi2 _bswapsi2 _bswapdi2 _popcountsi2 _popcount_tab
$(B)/libgcc.a: $(B)/library.flags
	$(call say,BUILD,$@)rm -rf $@ $@.d && mkdir -p $@.d
	cd $@.d && $(AR) x $(LIBGCC) $(addsuffix .o,$(filter $(INTEGER),$(patsubst %.o,%,$(shell $(AR) t $(LIBGCC)))))
	for o in $@.d/*.o; do $(CROSS)objcopy -R .gnu.attributes -R .MIPS.abiflags -R .reginfo $$o || exit 1; done
	$(AR) rcD $@ $@.d/*.o
# What is from ec_secp*.c on is for token programs. The code of the curves is part of src/crypto/p256.c and p521.c.
BEARSSL_FILES  := src/settings.c src/codec/*.c src/hash/*.c src/mac/hmac*.c src/symcipher/aes*.c \
	src/ec/ec_secp*.c src/int/i31_*.c src/int/i32_div32.c src/rsa/rsa_i31_pub.c
BEARSSL_CFLAGS := $(SMALLEST) -I$(S)/bearssl/inc -I$(S)/bearssl/src
# These use inner parts of it.
$(addprefix $(B)/src/crypto/,aes_run.o p256.o p521.o): OPTIMIZE = $(SMALL) -isystem $(S)/bearssl/src
# latchkey uses its own threads (src/crypto/argon2_derive.h).
ARGON2_CFLAGS  := $(SMALLEST) -I$(S)/argon2/include -DARGON2_NO_THREADS
# The complete library with its own fill_segment, as the reference for the tests. Its names are changed to avoid conflicts.
REFERENCE_CFLAGS := -O2 -I$(S)/argon2/include -include tests/unit/argon2_reference.h
CJSON_CFLAGS   := $(SMALLEST) -DCJSON_NESTING_LIMIT=32 -include src/format/cjson_config.h
$(B)/libcjson.a: src/format/cjson_config.h
CMOCKA_CFLAGS  := -O1 -I$(S)/cmocka/include $(addprefix -DHAVE_,UNISTD_H SIGNAL_H SETJMP_H TIME_H STRINGS_H UINTPTR_T \
	CLOCK_REALTIME CLOCK_GETTIME STRUCT_TIMESPEC)
library = +$(call say,BUILD,$@)$(MAKE) -f toolchain/library.mk OUT=$@ SRC=$(S)/$(1) FILES='$(2)' CC='$(CC)' AR='$(AR)' \
	LIBRARY_CFLAGS='$(LIBRARY_CFLAGS) $(3)' -B $(call log,$@.log)
LIBRARY_NEEDS = $(S)/%.ok $(B)/library.flags $(LIBC_A) toolchain/library.mk
$(B)/libbearssl.a: $(B)/lib%.a: $(LIBRARY_NEEDS)
	$(call library,$*,$(BEARSSL_FILES),$(BEARSSL_CFLAGS) $(LTO_OBJECTS))
$(B)/libargon2.a: $(B)/lib%.a: $(LIBRARY_NEEDS)
	$(call library,$*,src/core.c src/blake2/blake2b.c,$(ARGON2_CFLAGS) $(LTO_OBJECTS))
$(B)/libargon2-reference.a: $(B)/lib%-reference.a: $(LIBRARY_NEEDS) tests/unit/argon2_reference.h
	$(call library,$*,src/argon2.c src/core.c src/encoding.c src/thread.c src/ref.c src/blake2/*.c,$(REFERENCE_CFLAGS))
$(B)/libcjson.a: $(B)/lib%.a: $(LIBRARY_NEEDS)
	$(call library,$*,cJSON.c,$(CJSON_CFLAGS) $(LTO_OBJECTS))
$(B)/libcmocka.a: $(B)/lib%.a: $(LIBRARY_NEEDS)
	$(call library,$*,src/cmocka.c,$(CMOCKA_CFLAGS))
