# SPDX-License-Identifier: MIT
# latchkey. TARGET is machine code (toolchain/$(TARGET).mk); everything that is made is under $(O)/.
# `make help` lists the targets; V=1 shows the commands; ARCHIVES=folder uses library archives that you have.
TARGET ?= x86_64-linux-musl
O      ?= build
B      := $(O)/$(TARGET)
S      := $(O)/source
include toolchain/$(TARGET).mk
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
option = $(shell echo 'double f(double a, double *b) { return a * *b + f(*b, b); }' | $(CC) -O2 -Werror $(1) -x c -c - -o /dev/null 2>/dev/null && echo '$(1)')
linker_option = $(shell $(CC) -nostdlib -shared -Wl,--fatal-warnings $(1) -x c /dev/null -o /dev/null 2>/dev/null && echo '$(1)')
PATHS  := -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(abspath $(O))=build
HARDEN := -fstack-protector-strong $(call option,-fstack-clash-protection) \
	$(call option,-fzero-call-used-regs=used) -fPIE
SHAPE  := -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables
WARN   := -Wall -Wextra -Wshadow -Wvla -Wundef -Wmissing-prototypes -Wstrict-prototypes -Werror

# The C library: musl, built here, or for the sanitizers the machine's own.
ifeq ($(LIBC),musl)
GCC_DIR  := $(shell $(CC) -print-file-name=include 2>/dev/null)
SYSTEM   := -nostdinc -isystem $(B)/musl/include -isystem $(GCC_DIR) -isystem $(B)/kernel
LIBC_A   := $(B)/musl/lib/libc.a
# A static-pie by its parts: the -static-pie of some compilers makes a dynamic program in silence.
crt      = $(shell $(CC) $(TARGET_CFLAGS) -print-file-name=$(1) 2>/dev/null)
LDFLAGS  := -nostdlib -static -Wl,-pie,--no-dynamic-linker,-z,text,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--gc-sections \
	-Wl,--build-id=none,--hash-style=gnu,--fatal-warnings $(call linker_option,-Xlinker -z -Xlinker pack-relative-relocs)
START    := $(addprefix $(B)/musl/lib/,rcrt1.o crti.o) $(call crt,crtbeginS.o)
END      := -Wl,--start-group $(LIBC_A) $(shell $(CC) $(TARGET_CFLAGS) -print-libgcc-file-name 2>/dev/null) -Wl,--end-group \
	$(call crt,crtendS.o) $(B)/musl/lib/crtn.o
endif

LIBRARIES := $(addprefix $(B)/,libbearssl.a libcjson.a)
INCLUDE   := -Isrc $(SYSTEM) $(addprefix -isystem $(S)/,bearssl/inc cjson)
MUSL_CFLAGS := -w -Os $(HARDEN) $(SHAPE) $(PATHS) $(TARGET_CFLAGS)
LIBRARY_CFLAGS := -std=gnu99 -w $(HARDEN) $(SHAPE) $(PATHS) $(TARGET_CFLAGS) $(TARGET_LIBRARY_CFLAGS) $(SYSTEM)
OUR_CFLAGS := -std=c11 -D_GNU_SOURCE -DLATCHKEY_VERSION=\"$(VERSION)\" $(WARN) -g $(HARDEN) \
	$(call option,-ftrivial-auto-var-init=zero) $(SHAPE) $(PATHS) $(TARGET_CFLAGS) $(INCLUDE) $(CFLAGS)
SMALL := -Wconversion -Os
FAST  := -Wconversion -O2 $(call option,-fno-tree-reassoc)
OPTIMIZE = $(SMALL)
# Where the time goes; the rest of crypto only leads there.
$(addprefix $(B)/src/crypto/,%_c.o argon2_fill.o aes.o cbc.o xts.o $(ARCH)/%.o): OPTIMIZE = $(FAST)

object   = $(patsubst %.c,$(B)/%.o,$(sort $(wildcard $(1))))
# What an architecture does in its own way, where it has one.
CORES    := $(or $(wildcard src/crypto/$(ARCH)),src/crypto/generic)
SRC      := $(filter-out $(B)/src/main.o,$(call object,src/*.c src/*/*.c $(CORES)/*.c))
INIT     := $(call object,initramfs/*.c)
UNIT     := $(patsubst tests/unit/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
PROGRAMS := $(if $(wildcard src/main.c),$(B)/latchkey) $(if $(INIT),$(B)/init)

all: $(PROGRAMS) ## the program and the init for TARGET (default x86_64-linux-musl), in build/TARGET/

$(B)/latchkey.debug: $(B)/src/main.o $(B)/liblatchkey.a $(LIBRARIES) $(LIBC_A)
$(B)/init.debug: $(INIT) $(B)/liblatchkey.a $(LIBC_A)
$(B)/%.debug:
	$(call say,LD,$@)$(CC) $(TARGET_CFLAGS) $(LDFLAGS) -Wl,-Map=$@.map -o $@ $(START) $(filter-out $(LIBC_A),$^) $(END)
$(B)/latchkey $(B)/init: %: %.debug
	$(call say,STRIP,$@)$(CROSS)strip -s -R .comment -o $@ $<

$(B)/liblatchkey.a: $(SRC)
	$(call say,AR,$@)rm -f $@; $(AR) rcD $@ $^
$(B)/%.o: %.c $(B)/our.flags $(B)/headers.ok
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(OUR_CFLAGS) $(OPTIMIZE) -MMD -MP -c -o $@ $<
-include $(SRC:.o=.d) $(INIT:.o=.d) $(B)/src/main.d $(wildcard $(B)/tests/unit/*.d)

# What is compiled depends on the compiler and the flags, too.
COMPILER := $(shell $(CC) --version 2>/dev/null | head -n 1)
$(B)/our.flags: FORCE
	$(call stamp,$(COMPILER) $(OUR_CFLAGS) $(SMALL) $(FAST) $(LDFLAGS))
$(B)/library.flags: FORCE
	$(call stamp,$(COMPILER) $(MUSL_CFLAGS) $(LIBRARY_CFLAGS) $(BEARSSL_CFLAGS) $(ARGON2_CFLAGS) $(CJSON_CFLAGS) $(CMOCKA_CFLAGS))
stamp = @mkdir -p $(@D); echo '$(subst ','\'',$(1))' >$@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# The libraries.
$(S)/%.ok: toolchain/libraries
	@toolchain/setup --missing build
	@O=$(O) toolchain/fetch $*
$(B)/headers.ok: $(addprefix $(S)/,bearssl.ok cjson.ok) $(LIBC_A)
	@mkdir -p $(@D)
	@touch $@
$(B)/musl/lib/libc.a: $(S)/musl.ok $(B)/library.flags
	$(call say,BUILD,$@)rm -rf $(B)/musl && mkdir -p $(B)/musl
	cd $(B)/musl && CC='$(CC)' CFLAGS='$(MUSL_CFLAGS)' \
		$(abspath $(S))/musl/configure --target=$(TARGET) --disable-shared --prefix=/ $(call log,configure.log)
	+$(MAKE) -C $(B)/musl AR='$(AR)' RANLIB='$(CROSS)ranlib' lib/libc.a $(addprefix lib/,rcrt1.o crti.o crtn.o) $(call log,$(B)/musl/build.log)
	+$(MAKE) -C $(B)/musl install-headers includedir=$(abspath $(B)/musl/include) $(call log,$(B)/musl/build.log)
	@mkdir -p $(B)/kernel # the kernel's headers without the other C library's
	@for d in linux asm asm-generic mtd; do for k in $(KERNEL_HEADERS); do test ! -d $$k/$$d || ln -sfn $$k/$$d $(B)/kernel/$$d; done; done
BEARSSL_CFLAGS := -O2 -I$(S)/bearssl/inc -I$(S)/bearssl/src
ARGON2_CFLAGS  := -O2 -I$(S)/argon2/include
# What cJSON asks of the C library is given by src/format/json.c.
CJSON_CFLAGS   := -Os -DCJSON_NESTING_LIMIT=32 -Dmalloc=json_pool_alloc -Dfree=json_pool_free \
	-Drealloc=json_pool_realloc -Dstrtod=json_number
CMOCKA_CFLAGS  := -O1 -I$(S)/cmocka/include $(addprefix -DHAVE_,UNISTD_H SIGNAL_H SETJMP_H TIME_H STRINGS_H \
	CLOCK_REALTIME CLOCK_GETTIME STRUCT_TIMESPEC)
library = +$(call say,BUILD,$@)$(MAKE) -f toolchain/library.mk OUT=$@ SRC=$(S)/$(1) FILES='$(2)' CC='$(CC)' AR='$(AR)' \
	LIBRARY_CFLAGS='$(LIBRARY_CFLAGS) $(3)' -B $(call log,$@.log)
LIBRARY_NEEDS = $(S)/%.ok $(B)/library.flags $(LIBC_A) toolchain/library.mk
$(B)/libbearssl.a: $(B)/lib%.a: $(LIBRARY_NEEDS)
	$(call library,$*,src/settings.c src/codec/*.c src/hash/*.c src/mac/*.c src/symcipher/*.c,$(BEARSSL_CFLAGS))
$(B)/libargon2.a: $(B)/lib%.a: $(LIBRARY_NEEDS)
	$(call library,$*,src/argon2.c src/core.c src/encoding.c src/thread.c src/ref.c src/blake2/*.c,$(ARGON2_CFLAGS))
$(B)/libcjson.a: $(B)/lib%.a: $(LIBRARY_NEEDS)
	$(call library,$*,cJSON.c,$(CJSON_CFLAGS))
$(B)/libcmocka.a: $(B)/lib%.a: $(LIBRARY_NEEDS)
	$(call library,$*,src/cmocka.c,$(CMOCKA_CFLAGS))

# Tests. A suite is a program that prints TAP: see tests/run. The Argon2 library is what ours is compared with.
TEST_LIBRARIES := $(addprefix $(B)/,libcmocka.a libargon2.a)
$(B)/tests/unit/%.o: OPTIMIZE = -O1 $(addprefix -isystem $(S)/,cmocka/include argon2/include)
$(UNIT): $(B)/tests/%: $(B)/tests/unit/%.o $(B)/liblatchkey.a $(TEST_LIBRARIES) $(LIBRARIES) $(LIBC_A)
	$(call say,LD,$@)$(CC) $(TARGET_CFLAGS) $(LDFLAGS) -o $@ $(START) $(filter-out $(LIBC_A),$^) $(END)
$(UNIT:$(B)/tests/%=$(B)/tests/unit/%.o): $(addprefix $(S)/,cmocka.ok argon2.ok)
unit-programs: $(UNIT)
unit: $(UNIT) ## the unit tests for TARGET; TARGET=host-asan has the sanitizers
	tests/run $(UNIT)

# These two are what a newcomer types: use all processors unless told otherwise.
JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
SUITES := $(foreach d,build docs cli constant_time fault fuzz images interop peer,$(sort $(shell find tests/$(d) -maxdepth 1 -type f -perm -u+x ! -name '*.*' ! -name 'bench_*' 2>/dev/null))) \
	$(sort $(wildcard tests/boot/test_*))
# Byte order and word size: what is pure arithmetic runs on a 32-bit big-endian machine, too, under its emulator.
OTHER    := mips-linux-musl
EMULATOR := qemu-mips-static
PURE     := $(filter $(addprefix $(B)/tests/test_,json% header% luks2% base64 hash% argon2% kdf af area digest keyslot \
	search xts cipher cbc target text map_name names fat superblock partition reader),$(UNIT))
check: ## install what is missing, build everything, run every test
	toolchain/setup check
	+$(MAKE) $(JOBS) all unit-programs
	+$(MAKE) $(JOBS) TARGET=host-asan unit-programs $(O)/host-asan/latchkey
	+$(MAKE) $(JOBS) TARGET=$(OTHER) all $(PURE:$(B)/%=$(O)/$(OTHER)/%)
	TARGET=$(TARGET) O=$(O) OTHER=$(OTHER) EMULATOR=$(EMULATOR) tests/run $(UNIT) $(UNIT:$(B)/%=$(O)/host-asan/%) \
		$(PURE:$(B)/%=$(EMULATOR):$(O)/$(OTHER)/%) $(SUITES)
check-hooks: all ## every initramfs builder, up to the encrypted root: minutes; as root
	toolchain/setup check
	HOOKS=all TARGET=$(TARGET) O=$(O) tests/run tests/boot/test_hooks
fuzz: ## every fuzzer for FUZZ_SECONDS (default 60), from what it has found before
	O=$(O) tests/fuzz/run $(or $(FUZZ_SECONDS),60)
$(O)/host-fuzz/fuzz_%: $(O)/host-fuzz/tests/fuzz/fuzz_%.o $(B)/liblatchkey.a $(LIBRARIES)
	$(call say,LD,$@)$(CC) $(TARGET_CFLAGS) -fsanitize=fuzzer -o $@ $^
demo: ## a disk made by cryptsetup, booted in QEMU and unlocked; INTERACTIVE=1 lets you type
	toolchain/setup demo
	+$(MAKE) $(JOBS) all
	tests/boot/demo
bench: all ## time, memory and size beside cryptsetup; the worst headers
	tests/bench/run
	tests/images/bench_hostile
size: all ## bytes of the programs
	@size $(PROGRAMS:=.debug); wc -c $(PROGRAMS)
# The compiler fills these with zero, and this check sees no connection between a cause and what was set with it.
ANALYZER_OFF := -Wno-analyzer-use-of-uninitialized-value
HOOK_SCRIPTS := tests/boot/get-root $(wildcard initramfs/dracut/90latchkey/*.sh) initramfs/initramfs-tools/hooks/latchkey \
	initramfs/initramfs-tools/scripts/local-top/latchkey initramfs/mkinitcpio/install/latchkey
lint: $(B)/headers.ok ## analyzer, shell scripts, layout
	@for f in $(sort $(wildcard src/*.c src/*/*.c $(CORES)/*.c initramfs/*.c)); do $(CC) $(OUR_CFLAGS) -O2 -fanalyzer $(ANALYZER_OFF) -c -o /dev/null $$f || exit 1; done
	@command -v shellcheck >/dev/null || echo 'lint: no shellcheck here, shell scripts not read'; ! command -v shellcheck >/dev/null || shellcheck toolchain/setup toolchain/fetch .ci/run tests/build/fetch tests/build/reproducible $(HOOK_SCRIPTS)
	@command -v clang-format >/dev/null || echo 'lint: no clang-format here, layout not checked'; ! command -v clang-format >/dev/null || clang-format --dry-run -Werror $(sort $(wildcard src/*.[ch] src/*/*.[ch] src/crypto/*/*.[ch] initramfs/*.[ch] tests/unit/*.[ch]))
# Where things go. What belongs to an initramfs builder lies where that one looks, whatever PREFIX is.
PREFIX     ?= /usr/local
SBINDIR    ?= $(PREFIX)/sbin
MANDIR     ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
DRACUTDIR  ?= /usr/lib/dracut
INITRAMFSTOOLSDIR ?= /usr/share/initramfs-tools
INITCPIODIR ?= /usr/lib/initcpio
there       = $(if $(wildcard $(DESTDIR)$(1)),yes,no)
WITH_DRACUT ?= $(call there,$(DRACUTDIR)/modules.d)
WITH_INITRAMFS_TOOLS ?= $(call there,$(INITRAMFSTOOLSDIR)/hook-functions)
WITH_MKINITCPIO ?= $(call there,$(INITCPIODIR)/functions)
HOOKS_WANTED := $(filter yes,$(WITH_DRACUT) $(WITH_INITRAMFS_TOOLS) $(WITH_MKINITCPIO))
# dracut numbers its modules anew since 108.
DRACUTMODULE ?= $(DRACUTDIR)/modules.d/$(if $(wildcard $(DESTDIR)$(DRACUTDIR)/modules.d/70crypt),70,90)latchkey
# MODE FILES FOLDER
put = $(call say,INSTALL,$(DESTDIR)$(3))install -d $(DESTDIR)$(3) && install -m $(1) $(2) $(DESTDIR)$(3)/
install: all ## the program, its pages and the hooks: PREFIX, DESTDIR, WITH_DRACUT, WITH_INITRAMFS_TOOLS, WITH_MKINITCPIO=yes|no
	+$(MAKE) --no-print-directory install-files
install-files:
	$(call put,0755,$(B)/latchkey,$(SBINDIR))
	$(call put,0644,man/latchkey.8,$(MANDIR)/man8)
	$(call put,0644,completions/_latchkey,$(ZSHCOMPDIR))
	$(call put,0644,completions/latchkey,$(BASHCOMPDIR))
ifneq ($(HOOKS_WANTED),)
	$(call put,0644,initramfs/common/*,/usr/lib/latchkey)
endif
ifeq ($(WITH_DRACUT),yes)
	$(call put,0755,initramfs/dracut/90latchkey/*,$(DRACUTMODULE))
endif
ifeq ($(WITH_INITRAMFS_TOOLS),yes)
	$(call put,0755,initramfs/initramfs-tools/hooks/latchkey,$(INITRAMFSTOOLSDIR)/hooks)
	$(call put,0755,initramfs/initramfs-tools/scripts/local-top/latchkey,$(INITRAMFSTOOLSDIR)/scripts/local-top)
endif
ifeq ($(WITH_MKINITCPIO),yes)
	$(call put,0644,initramfs/mkinitcpio/install/latchkey,$(INITCPIODIR)/install)
	$(call put,0644,initramfs/mkinitcpio/hooks/latchkey,$(INITCPIODIR)/hooks)
endif
clean: ## remove what was built; fetched archives stay in build/archives
	rm -rf $(filter-out $(O)/archives $(O)/apt,$(wildcard $(O)/*))
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 12
FORCE:
.PHONY: install install-files check-hooks all unit unit-programs check fuzz demo bench size lint clean help FORCE
