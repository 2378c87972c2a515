# SPDX-License-Identifier: MIT
# latchkey. TARGET is machine code (toolchain/$(TARGET).mk); everything that is made is under $(O)/.
# `make help` lists the targets; V=1 shows the commands; ARCHIVES=folder uses library archives that you have.
ifdef BOARD
include board/$(BOARD)/board.mk
endif
TARGET ?= x86_64-linux-musl
TARGETS := $(filter-out host-%,$(patsubst toolchain/%.mk,%,$(sort $(wildcard toolchain/*-*.mk))))
O      ?= build
B      := $(O)/$(TARGET)
S      := $(O)/source
include toolchain/$(TARGET).mk
# A compiler of yours, as CROSS_COMPILE=/path/to/mips-openwrt-linux-musl- (only its code generator is used, not its C library).
ifdef CROSS_COMPILE
CROSS := $(CROSS_COMPILE)
CC    := $(CROSS)gcc
endif
# The 192 KiB of the design are for x86_64; other machine code is longer, MIPS most.
SIZE_LIMIT ?= 245760
ARCH   ?= $(firstword $(subst -, ,$(TARGET)))
AR      := $(CROSS)ar
VERSION := $(shell cat VERSION)
MAKEFLAGS += --no-builtin-rules

ifneq ($(V),1)
say = @printf '  %-7s %s\n' $(1) $(2);
log = >$(1) 2>&1 || { tail -n 40 $(1); exit 1; }
.SILENT:
endif

# Options that this compiler or linker may lack; some are refused only by the code that they cannot be had for.
option = $(shell echo 'double f(double a, double *b) { return a * *b + f(*b, b); } long g(long a, long b) { return a / b % 7; } int h(int c) { return c == 32 || (unsigned)c - 9 < 5; }' | $(CC) $(TARGET_CFLAGS) -O2 -Werror $(1) -x c -c - -o /dev/null 2>/dev/null && echo '$(1)')
linker_option = $(shell $(CC) -nostdlib -shared -Wl,--fatal-warnings $(1) -x c /dev/null -o /dev/null 2>/dev/null && echo '$(1)')
PATHS  := -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(abspath $(O))=build
HARDEN := -fstack-protector-strong $(call option,-fstack-clash-protection) -fPIE
# Nothing of a secret stays in registers behind the functions that had it.
FORGET := $(call option,-fzero-call-used-regs=used)
SHAPE  := -fvisibility=hidden -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables
WARN   := -Wall -Wextra -Wshadow -Wvla -Wundef -Wmissing-prototypes -Wstrict-prototypes $(if $(filter sdk,$(TARGET)),,-Werror)

# The C library: musl, built here or another toolchain's own (toolchain/sdk.mk), or for the sanitizers the machine's own.
ifneq ($(filter musl sdk,$(LIBC)),)
LIBC_DIR := $(or $(SDK_LIBC),$(B)/musl/lib)
LIBC_A   := $(LIBC_DIR)/libc.a
KERNEL_OK := $(B)/kernel.ok
# A static-pie by its parts: the -static-pie of some compilers makes a dynamic program in silence. What a compiler
# adds for constructors and exceptions (crtbegin.o and crtend.o) no C program needs.
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
# A musl before 1.2.4, which another's toolchain may have, cannot relocate itself by these.
LDFLAGS  += $(call linker_option,-Xlinker -z -Xlinker pack-relative-relocs)
endif
ifeq ($(LIBC),sdk)
SYSTEM   := -isystem $(B)/kernel
endif

SMALLEST := $(or $(call option,-Oz),-Os)
LIBRARIES := $(addprefix $(B)/,libbearssl.a libcjson.a)
INCLUDE   := -Isrc $(SYSTEM) $(addprefix -isystem $(S)/,bearssl/inc cjson)
MUSL_CFLAGS := -w $(SMALLEST) -fPIE $(SHAPE) $(PATHS) $(TARGET_CFLAGS)
LIBRARY_CFLAGS := -std=gnu99 -w $(HARDEN) $(FORGET) $(SHAPE) $(PATHS) $(TARGET_CFLAGS) $(TARGET_LIBRARY_CFLAGS) $(SYSTEM)
OUR_CFLAGS := -std=c11 -D_GNU_SOURCE -DLATCHKEY_VERSION=\"$(VERSION)\" $(WARN) -g $(HARDEN) \
	$(call option,-ftrivial-auto-var-init=zero) $(SHAPE) $(PATHS) $(TARGET_CFLAGS) $(INCLUDE) $(CFLAGS)
SMALL := -Wconversion $(SMALLEST) $(foreach o,move-loop-invariants tree-dominator-opts tree-sra caller-saves,$(call option,-fno-$(o))) $(TARGET_SMALL)
FAST  := -Wconversion -O2 $(foreach a,functions jumps loops labels,-falign-$(a)=1) $(call option,-fno-tree-reassoc)
OPTIMIZE = $(SMALL)
# Where secrets pass, and what leads there without one in hand.
FORGETFUL := secret crypto keyslot unlock dm boot token
$(addprefix $(B)/src/,$(FORGETFUL:=/%.o)): FORGOTTEN = $(FORGET)
$(addprefix $(B)/src/boot/,boot.o child.o record.o sight.o silent.o): FORGOTTEN =
# Where the time goes; the rest of crypto only leads there.
$(addprefix $(B)/src/crypto/,%_c.o sha_loops.o aes.o cbc.o xts.o $(ARCH)/%.o): OPTIMIZE = $(FAST)
# As fast when small: they wait for one instruction's result, not for the next instructions.
COMPACT := sha1_%.o sha256_shani.o
$(addprefix $(B)/src/crypto/x86_64/,$(COMPACT)): OPTIMIZE = $(FAST) -Os

object   = $(patsubst %.c,$(B)/%.o,$(sort $(wildcard $(1))))
# What an architecture does in its own way, where it has one.
CORES    := $(or $(wildcard src/crypto/$(ARCH)),src/crypto/generic)
TOKENS   := $(patsubst src/token/%/main.c,%,$(wildcard src/token/*/main.c))
SRC      := $(filter-out $(B)/src/main.o $(B)/src/preflight/main.o $(TOKENS:%=$(B)/src/token/%/main.o),\
	$(call object,src/*.c src/*/*.c src/token/*/*.c $(CORES)/*.c))
INIT     := $(call object,initramfs/*.c)
UNIT     := $(patsubst tests/unit/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
PROGRAMS := $(B)/latchkey $(B)/init $(B)/latchkey-preflight $(TOKENS:%=$(B)/token/systemd-%)

all: $(PROGRAMS) ## the program and the init for TARGET (default x86_64-linux-musl), in build/TARGET/

$(PROGRAMS:=.debug): $(PACKED)
$(B)/latchkey.debug: $(B)/src/main.o $(B)/liblatchkey.a $(LIBRARIES) $(LIBC_A) $(COMPILER_A)
$(B)/init.debug: $(INIT) $(B)/liblatchkey.a $(LIBRARIES) $(LIBC_A) $(COMPILER_A)
$(B)/latchkey-preflight.debug: $(B)/src/preflight/main.o $(B)/liblatchkey.a $(LIBRARIES) $(LIBC_A) $(COMPILER_A)
$(TOKENS:%=$(B)/token/systemd-%.debug): $(B)/token/systemd-%.debug: $(B)/src/token/%/main.o \
	$(if $(filter host,$(LIBC)),$(B)/tests/token/no_filter.o) $(B)/liblatchkey.a $(LIBRARIES) $(LIBC_A) $(COMPILER_A)
$(B)/%.debug:
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(TARGET_CFLAGS) $(LDFLAGS) $(PACKED:%=-Wl,-T,%) -Wl,-Map=$@.map -o $@ $(START) $(filter-out $(PACKED) $(LIBC_A) $(COMPILER_A),$^) $(END)
$(PROGRAMS): %: %.debug
	$(call say,STRIP,$@)$(CROSS)strip -s -R .comment -o $@ $<

$(B)/liblatchkey.a: $(SRC)
	$(call say,AR,$@)rm -f $@; $(AR) rcD $@ $^
$(B)/%.o: %.c $(B)/our.flags $(B)/headers.ok
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(OUR_CFLAGS) $(FORGOTTEN) $(OPTIMIZE) -MMD -MP -c -o $@ $<
-include $(SRC:.o=.d) $(INIT:.o=.d) $(B)/src/main.d $(B)/src/preflight/main.d $(TOKENS:%=$(B)/src/token/%/main.d) $(wildcard $(B)/tests/unit/*.d $(B)/tests/fuzz/*.d)

# What is compiled depends on the compiler and the flags, too.
COMPILER := $(shell $(CC) --version 2>/dev/null | head -n 1)
$(B)/our.flags: FORCE
	$(call stamp,$(COMPILER) $(OUR_CFLAGS) $(FORGET) $(FORGETFUL) $(SMALL) $(FAST) $(COMPACT) $(LDFLAGS))
$(B)/library.flags: FORCE
	$(call stamp,$(COMPILER) $(KERNEL_HEADERS) $(MUSL_OMIT) not $(MUSL_KEEP) $(MUSL_CFLAGS) $(LIBRARY_CFLAGS) $(BEARSSL_FILES) $(BEARSSL_CFLAGS) $(ARGON2_CFLAGS) $(CJSON_CFLAGS) $(CMOCKA_CFLAGS))
stamp = @mkdir -p $(@D); n=$@.new$$$$; echo '$(subst ','\'',$(1))' >$$n; cmp -s $$n $@ && rm $$n || mv $$n $@

# The libraries. Of musl, what no program here needs is not built: half of its files, and half of the time.
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
$(B)/headers.ok: $(addprefix $(S)/,bearssl.ok cjson.ok) $(LIBC_A) $(KERNEL_OK)
	@mkdir -p $(@D)
	@touch $@
# The kernel's headers without any C library's: from the folders that KERNEL_HEADERS= names, else as the compiler knows them.
$(B)/kernel.ok: $(B)/library.flags
	@rm -rf $(B)/kernel && mkdir -p $(B)/kernel
	@for h in linux/dm-ioctl.h asm/types.h asm-generic/types.h mtd/mtd-abi.h; do \
		f=$$(for k in $(KERNEL_HEADERS); do ls $$k/$$h; done 2>/dev/null | head -n 1); \
		f=$${f:-$$(echo "#include <$$h>" | $(CC) $(TARGET_CFLAGS) -M -MG -E -x c - | tr -d '\\' | tr ' ' '\n' | grep "/$$h")} || \
		{ echo "$(CC) has no kernel header $$h: KERNEL_HEADERS=folder names one that has (toolchain/setup targets installs those of all targets)"; exit 1; }; \
		ln -sfn $${f%/*} $(B)/kernel/$${h%%/*}; done
	@touch $@
$(B)/musl/lib/libc.a: $(S)/musl.ok $(B)/kernel.ok $(B)/library.flags
	$(call say,BUILD,$@)rm -rf $(B)/musl && mkdir -p $(B)/musl
	cd $(B)/musl && CC='$(CC)' CFLAGS='$(MUSL_CFLAGS)' \
		$(abspath $(S))/musl/configure --target=$(or $(MUSL_TARGET),$(TARGET)) --disable-shared --prefix=/ $(call log,configure.log)
	+$(MAKE) --eval='unexport AOBJS' -C $(B)/musl AR='$(AR)' RANLIB='$(CROSS)ranlib' AOBJS='$(MUSL_OBJECTS)' \
		lib/libc.a $(addprefix lib/,rcrt1.o crti.o crtn.o) $(call log,$(B)/musl/build.log)
	+$(MAKE) -C $(B)/musl install-headers includedir=$(abspath $(B)/musl/include) $(call log,$(B)/musl/build.log)
# For NO_FLOAT targets: the compiler library's integer routines alone, without the marks of another floating point ABI.
INTEGER := _udivdi3 _umoddi3 _divdi3 _moddi3 _udivmoddi4 _ashldi3 _ashrdi3 _lshrdi3 _cmpdi2 _ucmpdi2 _muldi3 _clz _clzsi2 _clzdi2 \
	_ctzsi2 _ctzdi2 _bswapsi2 _bswapdi2 _popcountsi2 _popcount_tab
$(B)/libgcc.a: $(B)/library.flags
	$(call say,BUILD,$@)rm -rf $@ $@.d && mkdir -p $@.d
	cd $@.d && $(AR) x $(LIBGCC) $(addsuffix .o,$(filter $(INTEGER),$(patsubst %.o,%,$(shell $(AR) t $(LIBGCC)))))
	for o in $@.d/*.o; do $(CROSS)objcopy -R .gnu.attributes -R .MIPS.abiflags -R .reginfo $$o || exit 1; done
	$(AR) rcD $@ $@.d/*.o
# Of the curves only P-256 is used, but their one file knows three.
BEARSSL_FILES  := src/settings.c src/codec/*.c src/hash/*.c src/mac/hmac*.c src/symcipher/aes*.c src/ec/ec_prime_i31.c src/ec/ec_secp*.c src/int/i31_*.c src/int/i32_div32.c src/rsa/rsa_i31_pub.c
BEARSSL_CFLAGS := $(SMALLEST) -I$(S)/bearssl/inc -I$(S)/bearssl/src
ARGON2_CFLAGS  := -O2 -I$(S)/argon2/include
CJSON_CFLAGS   := -Os -DCJSON_NESTING_LIMIT=32 -include src/format/json_library.h
$(B)/libcjson.a: src/format/json_library.h
CMOCKA_CFLAGS  := -O1 -I$(S)/cmocka/include $(addprefix -DHAVE_,UNISTD_H SIGNAL_H SETJMP_H TIME_H STRINGS_H UINTPTR_T \
	CLOCK_REALTIME CLOCK_GETTIME STRUCT_TIMESPEC)
library = +$(call say,BUILD,$@)$(MAKE) -f toolchain/library.mk OUT=$@ SRC=$(S)/$(1) FILES='$(2)' CC='$(CC)' AR='$(AR)' \
	LIBRARY_CFLAGS='$(LIBRARY_CFLAGS) $(3)' -B $(call log,$@.log)
LIBRARY_NEEDS = $(S)/%.ok $(B)/library.flags $(LIBC_A) toolchain/library.mk
$(B)/libbearssl.a: $(B)/lib%.a: $(LIBRARY_NEEDS)
	$(call library,$*,$(BEARSSL_FILES),$(BEARSSL_CFLAGS))
$(B)/libargon2.a: $(B)/lib%.a: $(LIBRARY_NEEDS)
	$(call library,$*,src/argon2.c src/core.c src/encoding.c src/thread.c src/ref.c src/blake2/*.c,$(ARGON2_CFLAGS))
$(B)/libcjson.a: $(B)/lib%.a: $(LIBRARY_NEEDS)
	$(call library,$*,cJSON.c,$(CJSON_CFLAGS))
$(B)/libcmocka.a: $(B)/lib%.a: $(LIBRARY_NEEDS)
	$(call library,$*,src/cmocka.c,$(CMOCKA_CFLAGS))

# Tests. A suite is a program that prints TAP: see tests/run. The Argon2 library is what ours is compared with.
TEST_LIBRARIES := $(addprefix $(B)/,libcmocka.a libargon2.a)
$(B)/tests/unit/%.o: OPTIMIZE = -O1 -DHAVE_UINTPTR_T $(addprefix -isystem $(S)/,cmocka/include argon2/include)
$(UNIT): $(B)/tests/%: $(B)/tests/unit/%.o $(B)/liblatchkey.a $(TEST_LIBRARIES) $(LIBRARIES) \
	$(if $(NO_FLOAT),$(B)/tests/unit/no_doubles.o) $(LIBC_A) $(COMPILER_A)
	$(call say,LD,$@)$(CC) $(TARGET_CFLAGS) $(LDFLAGS) -o $@ $(START) $(filter-out $(LIBC_A) $(COMPILER_A),$^) $(END)
$(UNIT:$(B)/tests/%=$(B)/tests/unit/%.o): $(addprefix $(S)/,cmocka.ok argon2.ok)
unit-programs: $(UNIT)
unit: $(UNIT) ## the unit tests for TARGET; TARGET=host-asan has the sanitizers
	tests/run $(UNIT)

# These two are what a newcomer types: use all processors unless told otherwise.
JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
# These two take long, or sources that are no part of the build: check-targets and check-hooks have them.
ELSEWHERE := tests/build/sdk tests/build/openwrt
SUITES := $(filter-out $(ELSEWHERE),$(foreach d,build docs cli constant_time fault fuzz images interop peer token,$(sort $(shell find tests/$(d) -maxdepth 1 -type f -perm -u+x ! -name '*.*' ! -name 'bench_*' 2>/dev/null)))) \
	$(sort $(wildcard tests/boot/test_*))
# What is pure arithmetic runs under emulators, too, big-endian and 32-bit ones among them.
PURE     := $(filter $(addprefix $(B)/tests/test_,json% header% luks2% base64 hash% argon2% kdf af area digest keyslot \
	search xts cipher cbc target text map_name names config% fat superblock partition reader fido2% token% tpm2%),$(UNIT))
BOARDS := $(patsubst board/%/board.mk,%,$(sort $(wildcard board/*/*/board.mk)))
# Every other target, the one that differs most from this machine first: 32 bits, big-endian, no floating point.
OTHERS     := mips-linux-muslsf $(filter-out mips-linux-muslsf x86_64-linux-musl,$(TARGETS))
EMULATED   := $(filter qemu/%,$(BOARDS))
emulator   = $(shell sed -n 's/^EMULATOR *:= *//p' toolchain/$(1).mk)
least      = $(shell sed -n 's/^EMULATOR_CPU *:= */QEMU_CPU=/p' toolchain/$(1).mk)
under      = $(patsubst $(B)/%,$(patsubst %,env:%:,$(call least,$(1)))$(addsuffix :,$(call emulator,$(1)))$(O)/$(1)/%,$(2))
defects_under = $(if $(call emulator,$(1)),$(patsubst %,env:$(addsuffix :,$(call least,$(1)))OTHER=$(1):EMULATOR=$(call emulator,$(1)):%,$(wildcard tests/images/test_defects_other)))
# What the least processor of a target lacks.
NEON_TARGET := armv7-linux-musleabihf
VECTORS     = $(call emulator,$(NEON_TARGET)):$(O)/$(NEON_TARGET)/tests/test_argon2_kernels
# Every load and store is checked for its alignment, and a wrong one traps, in the libraries, too.
STRICT     := -fsanitize=alignment -fsanitize-undefined-trap-on-error
check: ## install what is missing, build everything, run every test
	toolchain/setup check
	+$(MAKE) $(JOBS) all unit-programs
	+$(MAKE) $(JOBS) TARGET=host-asan unit-programs $(O)/host-asan/latchkey $(O)/host-asan/latchkey-preflight \
		$(TOKENS:%=$(O)/host-asan/token/systemd-%)
	+for t in $(OTHERS); do $(MAKE) $(JOBS) TARGET=$$t all $(PURE:$(B)/%=$(O)/$$t/%) || exit 1; done
	+for b in $(EMULATED); do $(MAKE) $(JOBS) BOARD=$$b image board-programs || exit 1; done
	TARGET=$(TARGET) O=$(O) OTHER=$(firstword $(OTHERS)) EMULATOR=$(call emulator,$(firstword $(OTHERS))) tests/run $(UNIT) $(UNIT:$(B)/%=$(O)/host-asan/%) \
		$(foreach t,$(OTHERS),tests/build/elf:$(t) $(call under,$(t),$(PURE))) $(VECTORS) tests/build/reproducible:$(firstword $(OTHERS)) \
		$(SUITES) tests/boot/boards:passphrase:usb:small:adiantum:uboot:uinitrd
all-targets: ## the programs for every architecture; the compilers are installed
	toolchain/setup targets
	+for t in $(TARGETS); do $(MAKE) $(JOBS) TARGET=$$t all || exit 1; done
	@O=$(O) toolchain/size $(TARGETS)
check-targets: all-targets ## every architecture: all unit tests, vectors and damaged headers under its emulator; others' toolchains
	toolchain/setup check
	+for t in $(TARGETS); do $(MAKE) $(JOBS) TARGET=$$t unit-programs || exit 1; done
	+$(MAKE) $(JOBS) TARGET=armv5-linux-musleabi O=$(O)/strict ARCHIVES=$(abspath $(O)/archives) CFLAGS='$(STRICT)' \
		TARGET_LIBRARY_CFLAGS='$(STRICT)' $(PURE:$(B)/%=$(O)/strict/armv5-linux-musleabi/%)
	O=$(O) tests/run $(VECTORS) $(foreach t,$(TARGETS),tests/build/elf:$(t) tests/build/reproducible:$(t) $(call under,$(t),$(UNIT)) $(call defects_under,$(t))) \
		$(subst :$(O)/,:$(O)/strict/,$(call under,armv5-linux-musleabi,$(PURE))) $(subst $() ,:,tests/build/release $(TARGETS)) $(subst $() ,:,tests/build/sizes $(TARGETS)) tests/build/sdk
check-hooks: all ## every initramfs builder, up to the encrypted root, and OpenWrt's scripts: minutes; as root
	toolchain/setup hooks
	SUITE_SECONDS=7200 HOOKS=all TARGET=$(TARGET) O=$(O) tests/run tests/boot/test_hooks tests/build/openwrt
fuzz: ## every fuzzer for FUZZ_SECONDS (default 60), from what it has found before
	O=$(O) tests/fuzz/run $(or $(FUZZ_SECONDS),60)
$(O)/host-fuzz/fuzz_%: $(O)/host-fuzz/tests/fuzz/fuzz_%.o $(B)/liblatchkey.a $(LIBRARIES)
	$(call say,LD,$@)$(CC) $(TARGET_CFLAGS) -fsanitize=fuzzer -o $@ $^
demo: ## a disk made by cryptsetup, booted in QEMU and unlocked; INTERACTIVE=1 lets you type
	toolchain/setup demo
	+$(MAKE) $(JOBS) all
	tests/boot/demo
$(B)/tests/boot/root_init: $(B)/tests/boot/root_init.o $(if $(NO_FLOAT),$(B)/tests/unit/no_doubles.o) $(LIBC_A) $(COMPILER_A)
	$(call say,LD,$@)$(CC) $(TARGET_CFLAGS) $(LDFLAGS) -o $@ $(START) $(filter-out $(LIBC_A) $(COMPILER_A),$^) $(END)
board-programs: all $(B)/tests/boot/root_init
image: $(if $(BOARD),all,name-a-board) ## BOARD=vendor/name: the board's initramfs, in build/board/vendor/name
	@O=$(abspath $(O)) BOARD=$(BOARD) TARGET=$(TARGET) MODULES='$(MODULES)' KERNEL_PACKAGE='$(KERNEL_PACKAGE)' \
		KERNEL='$(KERNEL)' MODULES_ROOT='$(MODULES_ROOT)' UBOOT_ARCH='$(UBOOT_ARCH)' \
		FIT_LOAD='$(FIT_LOAD)' FIT_KERNEL='$(FIT_KERNEL)' FIT_DTB='$(FIT_DTB)' board/image
check-boards: ## every emulated board, as make check, and from initramfs.list
	toolchain/setup boards
	+for b in $(EMULATED); do $(MAKE) $(JOBS) BOARD=$$b image board-programs || exit 1; done
	O=$(O) tests/run tests/boot/boards
name-a-board:
	@echo 'BOARD= is wanted, one of: $(BOARDS)'; exit 1
boot: image board-programs ## BOARD=qemu/name: boot it with a demonstration disk
	@O=$(abspath $(O)) BOARD=$(BOARD) TARGET=$(TARGET) KERNEL_PACKAGE='$(KERNEL_PACKAGE)' board/boot
$(B)/tests/bench/wipe: $(B)/tests/bench/wipe.o $(B)/liblatchkey.a $(LIBRARIES) $(LIBC_A) $(COMPILER_A)
	$(call say,LD,$@)$(CC) $(TARGET_CFLAGS) $(LDFLAGS) -o $@ $(START) $(filter-out $(LIBC_A) $(COMPILER_A),$^) $(END)
bench: all $(B)/tests/bench/wipe ## time, memory and size beside cryptsetup; the worst headers; from exec to mapping
	tests/bench/run
	tests/images/bench_hostile
	tests/boot/bench_boot
dist: all-targets ## a release in build/dist: sources, programs, SPDX, SHA256SUMS
	@O=$(O) toolchain/dist $(TARGETS)
deb: all ## packages for Debian and Ubuntu, in build/deb: the programs, and the hooks (latchkey-initramfs)
	@O=$(O) toolchain/deb $(TARGET)
size: all ## bytes of the programs, of every target that was built, beside their bounds
	@O=$(O) toolchain/size $(TARGETS)
print-%: # one variable, for scripts
	@echo '$($*)'
# The compiler fills these with zero, and this check sees no connection between a cause and what was set with it. The other
# takes the lanes of a vector for one bit.
ANALYZER_OFF := -Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-shift-count-overflow
lint: $(B)/headers.ok ## analyzer, shell scripts, layout
	@for f in $(sort $(wildcard src/*.c src/*/*.c src/token/*/*.c $(CORES)/*.c initramfs/*.c)); do $(CC) $(OUR_CFLAGS) -O2 -fanalyzer $(ANALYZER_OFF) -c -o /dev/null $$f || exit 1; done
	@tests/build/shell
	@command -v clang-format >/dev/null || echo 'lint: no clang-format here, layout not checked'; ! command -v clang-format >/dev/null || clang-format --dry-run -Werror $(sort $(wildcard src/*.[ch] src/*/*.[ch] src/crypto/*/*.[ch] src/token/*/*.[ch] initramfs/*.[ch] tests/unit/*.[ch]))
# Where things go. What belongs to an initramfs builder lies where that one looks, whatever PREFIX is.
PREFIX     ?= /usr/local
SBINDIR    ?= $(PREFIX)/sbin
MANDIR     ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
DRACUTDIR  ?= /usr/lib/dracut
INITRAMFSTOOLSDIR ?= /usr/share/initramfs-tools
INITCPIODIR ?= /usr/lib/initcpio
MKINITFSDIR ?= /etc/mkinitfs
there       = $(if $(wildcard $(DESTDIR)$(1)),yes,no)
WITH_DRACUT ?= $(call there,$(DRACUTDIR)/modules.d)
WITH_INITRAMFS_TOOLS ?= $(call there,$(INITRAMFSTOOLSDIR)/hook-functions)
WITH_MKINITCPIO ?= $(call there,$(INITCPIODIR)/functions)
WITH_MKINITFS ?= $(call there,$(MKINITFSDIR)/features.d)
HOOKS_WANTED := $(filter yes,$(WITH_DRACUT) $(WITH_INITRAMFS_TOOLS) $(WITH_MKINITCPIO))
# dracut numbers its modules anew since 108.
DRACUTMODULE ?= $(DRACUTDIR)/modules.d/$(if $(wildcard $(DESTDIR)$(DRACUTDIR)/modules.d/70crypt),70,90)latchkey
# MODE FILES FOLDER
put = $(call say,INSTALL,$(DESTDIR)$(3))install -d $(DESTDIR)$(3) && install -m $(1) $(2) $(DESTDIR)$(3)/
install: all ## the program, its pages and the hooks: PREFIX, DESTDIR, WITH_DRACUT, WITH_INITRAMFS_TOOLS, WITH_MKINITCPIO, WITH_MKINITFS=yes|no
	+$(MAKE) --no-print-directory install-files
install-files: install-programs install-hooks
install-programs:
	$(call put,0755,$(B)/latchkey $(B)/latchkey-preflight,$(SBINDIR))
	$(call put,0644,man/*.8,$(MANDIR)/man8)
	$(call put,0644,man/*.5,$(MANDIR)/man5)
	$(call put,0644,completions/_*,$(ZSHCOMPDIR))
	$(call put,0644,completions/l*,$(BASHCOMPDIR))
install-hooks:
ifneq ($(HOOKS_WANTED),)
	$(call put,0644,initramfs/common/*,/usr/lib/latchkey)
endif
ifeq ($(WITH_DRACUT),yes)
	$(call put,0755,initramfs/dracut/90latchkey/*,$(DRACUTMODULE))
endif
ifeq ($(WITH_INITRAMFS_TOOLS),yes)
	$(call put,0755,initramfs/initramfs-tools/bin/cryptroot-unlock,/usr/lib/latchkey)
	$(call put,0755,initramfs/initramfs-tools/hooks/latchkey,$(INITRAMFSTOOLSDIR)/hooks)
	$(call put,0755,initramfs/initramfs-tools/scripts/local-top/latchkey,$(INITRAMFSTOOLSDIR)/scripts/local-top)
endif
ifeq ($(WITH_MKINITCPIO),yes)
	$(call put,0644,initramfs/mkinitcpio/install/latchkey,$(INITCPIODIR)/install)
	$(call put,0644,initramfs/mkinitcpio/hooks/latchkey,$(INITCPIODIR)/hooks)
	$(call put,0755,initramfs/mkinitcpio/post/latchkey,$(INITCPIODIR)/post)
endif
ifeq ($(WITH_MKINITFS),yes)
	$(call put,0644,initramfs/alpine/features.d/*,$(MKINITFSDIR)/features.d)
	$(call put,0755,initramfs/alpine/init initramfs/alpine/nlplug-findfs,/usr/lib/latchkey/alpine)
endif
clean: ## remove what was built; fetched archives stay in build/archives
	rm -rf $(filter-out $(O)/archives $(O)/apt,$(wildcard $(O)/*))
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 12
FORCE:
.PHONY: install install-files install-programs install-hooks deb check-hooks all all-targets unit unit-programs check check-boards check-targets fuzz demo bench size lint clean dist image boot board-programs name-a-board help FORCE
