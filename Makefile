# SPDX-License-Identifier: MIT
# latchkey. TARGET names the architecture (toolchain/$(TARGET).mk). All output is in $(O)/.
# `make help` lists the targets. V=1 shows the commands. ARCHIVES=folder uses existing archives of the libraries.
BOARDS := $(patsubst board/%/board.mk,%,$(sort $(wildcard board/*/*/board.mk)))
ifdef BOARD
$(if $(wildcard board/$(BOARD)/board.mk),,$(error BOARD is not one of: $(BOARDS)))
include board/$(BOARD)/board.mk
endif
TARGET ?= x86_64-linux-musl
TARGETS := $(filter-out host-%,$(patsubst toolchain/%.mk,%,$(sort $(wildcard toolchain/*-*.mk))))
O      ?= build
B      := $(O)/$(TARGET)
S      := $(O)/source
$(if $(wildcard toolchain/$(TARGET).mk),,$(error TARGET is not one of: $(TARGETS)))
include toolchain/$(TARGET).mk
# Another compiler, for example CROSS_COMPILE=/path/to/mips-openwrt-linux-musl- (its C library is not used).
ifdef CROSS_COMPILE
CROSS := $(CROSS_COMPILE)
CC    := $(CROSS)gcc
endif
# Code for other architectures than x86_64 is larger, most of all for MIPS.
SIZE_LIMIT ?= 278528
ARCH   ?= $(firstword $(subst -, ,$(TARGET)))
AR      := $(CROSS)ar
VERSION := $(shell cat VERSION)
MAKEFLAGS += --no-builtin-rules

ifneq ($(V),1)
say = @printf '  %-7s %s\n' $(1) $(2);
log = >$(1) 2>&1 || { tail -n 40 $(1); exit 1; }
.SILENT:
endif

# Options that this compiler or linker may not support. Some compilers reject an option only when they generate certain code.
option = $(shell echo 'double f(double a, double *b) { return a * *b + f(*b, b); } long g(long a, long b) { return a / b % 7; } int h(int c) { return c == 32 || (unsigned)c - 9 < 5; }' | $(CC) $(TARGET_CFLAGS) -O2 -Werror $(1) -x c -c - -o /dev/null 2>/dev/null && echo '$(1)')
linker_option = $(shell $(CC) -nostdlib -shared -Wl,--fatal-warnings $(1) -x c /dev/null -o /dev/null 2>/dev/null && echo '$(1)')
# CI and make lint set this to -Werror. By default, a warning does not stop the build, because newer compilers have more.
WERROR ?=
PATHS  := -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(abspath $(O))=build
HARDEN := -fstack-protector-strong $(call option,-fstack-clash-protection) -fPIE
# Clear registers when a function returns, so that they hold no part of a secret.
FORGET := $(call option,-fzero-call-used-regs=used)
# Local variables begin as zeros in code that decodes foreign bytes or handles keys. That in the folders of PLAIN does neither.
ZEROED := $(call option,-ftrivial-auto-var-init=zero)
PLAIN  := base boot command config dm init
# The programs are optimised as a whole at link time. The tests link the same objects without this. Register clearing must be
# given again at the link; otherwise it is silently dropped. One partition makes the bytes reproducible.
LTO    := $(if $(filter musl sdk,$(LIBC)),$(if $(call option,-flto -flto-partition=one -ffat-lto-objects),$(call linker_option,-flto -flto-partition=one)))
LTO_OBJECTS := $(if $(LTO),-flto -ffat-lto-objects)
AS_THEY_ARE := $(if $(LTO),-fno-lto)
SHAPE  := -fvisibility=hidden -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables
WARN   := -Wall -Wextra $(call option,-Wno-unterminated-string-initialization) -Wshadow -Wvla -Wundef -Wmissing-prototypes -Wstrict-prototypes $(if $(filter sdk,$(TARGET)),,$(WERROR))

# The C library: musl, built here or part of a foreign toolchain (toolchain/sdk.mk); for the sanitizers, that of this machine.
ifneq ($(filter musl sdk,$(LIBC)),)
LIBC_DIR := $(or $(SDK_LIBC),$(B)/musl/lib)
LIBC_A   := $(LIBC_DIR)/libc.a
KERNEL_OK := $(B)/kernel.ok
# The parts of a static-pie, because -static-pie of some compilers silently makes a dynamic program. C programs do not need
# the compiler's files for constructors and exceptions (crtbegin.o and crtend.o).
LDFLAGS  := -nostdlib -static -Wl,-pie,--no-dynamic-linker,-z,text,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--gc-sections \
	-Wl,--build-id=none,--hash-style=gnu,--fatal-warnings $(TARGET_LDFLAGS)
PACKED   := $(if $(filter x86_64 aarch64,$(ARCH)),toolchain/packed.ld)
START    := $(addprefix $(LIBC_DIR)/,rcrt1.o crti.o)
LIBGCC   := $(shell $(CC) $(TARGET_CFLAGS) -print-libgcc-file-name 2>/dev/null)
COMPILER_A := $(if $(NO_FLOAT),$(B)/libgcc.a,$(LIBGCC))
END      := -Wl,--start-group $(LIBC_A) $(COMPILER_A) -Wl,--end-group $(LIBC_DIR)/crtn.o
endif
ifeq ($(LIBC),musl)
GCC_DIR  := $(shell $(CC) -print-file-name=include 2>/dev/null)
SYSTEM   := -nostdinc -isystem $(B)/musl/include -isystem $(GCC_DIR) -isystem $(B)/kernel
# musl before 1.2.4, which a foreign toolchain may have, does not support these for itself.
LDFLAGS  += $(call linker_option,-Xlinker -z -Xlinker pack-relative-relocs)
endif
ifeq ($(LIBC),sdk)
SYSTEM   := -isystem $(B)/kernel
endif

SMALLEST := $(or $(call option,-Oz),-Os)
LIBRARIES := $(addprefix $(B)/,libbearssl.a libcjson.a libargon2.a)
INCLUDE   := -Isrc $(SYSTEM) $(addprefix -isystem $(S)/,bearssl/inc cjson argon2/include) -isystem $(S)
OUR_CFLAGS := -std=c11 -D_GNU_SOURCE -DLATCHKEY_VERSION=\"$(VERSION)\" $(WARN) -g $(HARDEN) \
	$(FORGET) $(call option,-malign-data=abi) $(LTO_OBJECTS) $(SHAPE) $(PATHS) $(TARGET_CFLAGS) $(INCLUDE) $(CFLAGS)
# Each of these was tried alone, and the code is smaller without it. Without scheduling, it is also packed better.
LARGER := if-conversion optimize-sibling-calls ipa-sra move-loop-invariants schedule-insns2 shrink-wrap tree-ch tree-dominator-opts tree-loop-im tree-sra caller-saves
SMALL := -Wconversion $(SMALLEST) $(foreach o,$(LARGER),$(call option,-fno-$(o))) $(TARGET_SMALL)
# Scheduling before registers are chosen spills them on most targets.
FAST  := -Wconversion -O2 $(call option,-fno-schedule-insns) $(foreach a,functions jumps loops labels,$(call option,-falign-$(a)=1)) $(call option,-fno-tree-reassoc)
OPTIMIZE = $(SMALL)
$(PLAIN:%=$(B)/src/%/%.o): ZEROED :=
# The code that takes the time. The rest of crypto only calls it.
$(addprefix $(B)/src/crypto/,%_c.o sha_loops.o aes.o cbc.o xts.o $(ARCH)/%.o): OPTIMIZE = $(FAST)
# Vectors that the compiler makes of a hash's recurrence wait for their own stores.
$(addprefix $(B)/src/crypto/sha,1_c.o 256_c.o 512_c.o): OPTIMIZE = $(FAST) -fno-tree-vectorize
# Small code is as fast here, because the latency of instructions is the limit.
COMPACT := argon2_%.o sha1_%.o sha256_shani.o
$(addprefix $(B)/src/crypto/x86_64/,$(COMPACT)): OPTIMIZE = $(FAST) -Os

object   = $(patsubst %.c,$(B)/%.o,$(sort $(wildcard $(1))))
# Code for one architecture, if there is any.
CORES    := $(or $(wildcard src/crypto/$(ARCH)),src/crypto/generic)
SRC      := $(filter-out $(B)/src/main.o $(B)/src/preflight/main.o $(B)/src/init/% $(B)/src/network/% $(B)/src/token/%,$(call object,src/*.c src/*/*.c $(CORES)/*.c))
INIT     := $(call object,src/init/*.c)
# Token programs (docs/tokens.md), named by the type of their tokens: systemd- and the folder, or the folder alone.
TOKENS   := $(addprefix $(B)/token/,$(patsubst systemd-clevis,clevis,$(patsubst src/token/%/main.c,systemd-%,$(wildcard src/token/*/main.c))))
TOKEN    := $(filter-out %/main.o,$(call object,src/token/*.c src/token/*/*.c src/network/*.c))
NETWORK  := $(B)/network
UNIT     := $(patsubst tests/unit/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
PROGRAMS := $(B)/latchkey $(B)/init $(B)/latchkey-preflight
all: $(PROGRAMS) $(B)/NOTICES ## the programs for TARGET (default x86_64-linux-musl), in build/TARGET/
tokens: $(TOKENS) $(NETWORK) ## programs for FIDO2, TPM2 and clevis tokens: docs/tokens.md

$(PROGRAMS:=.debug) $(TOKENS:=.debug) $(NETWORK).debug: $(PACKED)
$(B)/latchkey.debug: $(B)/src/main.o $(B)/liblatchkey.a $(LIBRARIES) $(LIBC_A) $(COMPILER_A)
$(B)/init.debug: $(INIT) $(B)/liblatchkey.a $(LIBRARIES) $(LIBC_A) $(COMPILER_A)
$(B)/latchkey-preflight.debug: $(B)/src/preflight/main.o $(addprefix $(B)/src/,token/clevis/pin.o token/clevis/url.o token/clevis/base64url.o network/ip_option.o) $(B)/liblatchkey.a $(LIBRARIES) $(LIBC_A) $(COMPILER_A)
$(foreach t,$(TOKENS),$(eval $(t).debug: $(B)/src/token/$(patsubst systemd-%,%,$(notdir $(t)))/main.o))
$(TOKENS:=.debug): $(if $(filter host,$(LIBC)),$(B)/tests/token/no_filter.o) \
	$(B)/libtoken.a $(B)/liblatchkey.a $(LIBRARIES) $(LIBC_A) $(COMPILER_A)
$(NETWORK).debug: $(B)/src/network/main.o $(B)/libtoken.a $(B)/liblatchkey.a $(LIBC_A) $(COMPILER_A)
$(B)/%.debug:
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(TARGET_CFLAGS) $(if $(LTO),$(LTO) $(SHAPE) $(HARDEN) $(FORGET) $(SMALLEST)) $(LDFLAGS) $(PACKED:%=-Wl,-T,%) -Wl,-Map=$@.map -o $@ $(START) $(filter-out $(PACKED) $(LIBC_A) $(COMPILER_A),$^) $(END)
$(PROGRAMS) $(TOKENS) $(NETWORK): %: %.debug toolchain/strip
	$(call say,STRIP,$@)STRIP=$(CROSS)strip toolchain/strip $< $@

$(B)/liblatchkey.a: $(SRC)
$(B)/libtoken.a: $(TOKEN)
$(B)/liblatchkey.a $(B)/libtoken.a:
	$(call say,AR,$@)rm -f $@; $(AR) rcD $@ $^
$(B)/%.o: %.c $(B)/our.flags $(B)/headers.ok
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(OUR_CFLAGS) $(ZEROED) $(OPTIMIZE) -MMD -MP -c -o $@ $<
-include $(SRC:.o=.d) $(INIT:.o=.d) $(B)/src/main.d $(B)/src/preflight/main.d $(TOKEN:.o=.d) $(wildcard $(B)/src/network/main.d $(B)/src/token/*/main.d $(B)/tests/unit/*.d $(B)/tests/constant_time/*.d $(B)/tests/fuzz/*.d)
# The objects also depend on the compiler and the flags.
COMPILER := $(shell $(CC) --version 2>/dev/null | head -n 1)
$(B)/our.flags: FORCE
	$(call stamp,$(COMPILER) $(OUR_CFLAGS) $(ZEROED) not $(PLAIN) $(LTO) $(SMALL) $(FAST) $(COMPACT) $(LDFLAGS))
stamp = @mkdir -p $(@D); n=$@.new$$$$; echo '$(subst ','\'',$(1))' >$$n; cmp -s $$n $@ && rm $$n || mv $$n $@

PARTS := toolchain/libraries.mk toolchain/install.mk board/boards.mk tests/tests.mk toolchain/help.mk
include $(PARTS)
# Use all processors, unless -j is given.
JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

print-%: # print one variable, for scripts
	@echo '$($*)'
clean: ## remove all built files; keep the fetched archives in build/archives
	rm -rf $(filter-out $(O)/archives $(O)/apt,$(wildcard $(O)/*))
.PHONY: all tokens clean FORCE
