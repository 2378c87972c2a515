# SPDX-License-Identifier: MIT
# Tests. A suite is a program that prints TAP; see tests/run.py.
TEST_LIBRARIES := $(addprefix $(B)/,libcmocka.a libargon2-reference.a)
$(B)/tests/unit/%.o: OPTIMIZE = -O1 -DHAVE_UINTPTR_T -isystem $(S)/cmocka/include
$(UNIT): $(B)/tests/%: $(B)/tests/unit/%.o $(B)/libtoken.a $(B)/liblatchkey.a $(TEST_LIBRARIES) $(LIBRARIES) \
	$(if $(NO_FLOAT),$(B)/tests/unit/no_doubles.o) $(LIBC_A) $(COMPILER_A)
	@# A group: the Argon2 library calls liblatchkey, and the other way round.
	$(call say,LD,$@)$(CC) $(TARGET_CFLAGS) $(AS_THEY_ARE) $(LDFLAGS) -o $@ $(START) -Wl,--start-group $(filter-out $(LIBC_A) $(COMPILER_A),$^) -Wl,--end-group $(END)
$(UNIT:$(B)/tests/%=$(B)/tests/unit/%.o): $(addprefix $(S)/,cmocka.ok argon2.ok)
# tests/constant_time: linked as the programs are, from the same objects, so valgrind sees the code that is shipped.
SECRETS := $(B)/tests/constant_time/secrets
$(SECRETS).o: OPTIMIZE = -O1 -idirafter /usr/include
$(SECRETS).debug: $(SECRETS).o $(B)/libtoken.a $(B)/liblatchkey.a $(LIBRARIES) $(LIBC_A) $(COMPILER_A) $(PACKED)
unit-programs: $(UNIT)
unit: $(UNIT) $(B)/latchkey ## the unit tests for TARGET; TARGET=host-asan uses the sanitizers
	tests/run.py $(UNIT)

# make check runs the suites for this machine's program. LATER lists the suites that need other processors, other systems or
# much time, and run in make check-all. ELSEWHERE lists those of check-targets, check-boards and check-hooks.
LATER := $(addprefix tests/,build/compilers.py:debian13 build/compilers.py:unstable build/recipes.py build/deb_installed.py build/reproducible fuzz/run images/test_defects_other boot/test_clevis.py boot/test_hooks.py \
	boot/test_keymap.py boot/test_loaders.py:systemd_boot:grub boot/test_mapping.py:inline_cases boot/test_mapping.py:integrity_cases boot/test_mapping.py:pin_cases boot/test_mapping.py:reencryption_cases:recovery_cases boot/test_no_shell.py boot/test_parts.py \
	boot/test_strangers.py boot/test_systemd.py boot/test_token.py token/test_clevis_other token/test_clevis_sanitized token/test_fido2_sanitized \
	token/test_tpm2_other token/test_tpm2_sanitized \
	boot/test_mapping.py:reencryption_cases@unstable=rekey_checksum,encrypt_shift:integrity_cases@unstable=hmac_sha256)
ELSEWHERE := $(addprefix tests/build/,bare.py compilers.py openwrt.py sdk.py) tests/boot/test_loaders.py
SUITES := $(filter-out $(LATER) $(ELSEWHERE),$(foreach d,build docs cli constant_time fault fuzz images interop peer token,$(sort $(shell find tests/$(d) -maxdepth 1 -type f -perm -u+x ! -name '*.sh' ! -name 'bench_*' 2>/dev/null))) \
	$(sort $(wildcard tests/boot/test_*.py)))
# The tests of pure arithmetic also run under emulators, including big-endian and 32-bit ones.
PURE     := $(filter $(addprefix $(B)/tests/test_,json% header% luks2% base64 hash% argon2% kdf af area digest keyslot \
	search xts cipher cbc target text map_name names network config% fat superblock integrity partition reader recovery reencryption clevis% fido2% token% tpm2%),$(UNIT))
# All other targets. The first is the one that differs most from this machine: 32 bits, big-endian, no floating point.
OTHERS     := mips-linux-muslsf $(filter-out mips-linux-muslsf x86_64-linux-musl,$(TARGETS))
EMULATED   := $(filter qemu/%,$(BOARDS))
emulator   = $(shell sed -n 's/^EMULATOR *:= *//p' toolchain/$(1).mk)
least      = $(shell sed -n 's/^EMULATOR_CPU *:= */QEMU_CPU=/p' toolchain/$(1).mk)
under      = $(patsubst $(B)/%,$(patsubst %,env:%:,$(call least,$(1)))$(addsuffix :,$(call emulator,$(1)))$(O)/$(1)/%,$(2))
defects_under = $(if $(call emulator,$(1)),$(patsubst %,env:$(addsuffix :,$(call least,$(1)))OTHER=$(1):EMULATOR=$(call emulator,$(1)):%,$(wildcard tests/images/test_defects_other)))
# Tests for features that the least processor of a target lacks.
NEON_TARGET := armv7-linux-musleabihf
VECTORS     = $(call emulator,$(NEON_TARGET)):$(O)/$(NEON_TARGET)/tests/test_argon2_kernels
# The alignment of every load and store is checked, also in the libraries. An unaligned access traps.
STRICT     := -fsanitize=alignment -fsanitize-undefined-trap-on-error
HERE     = $(UNIT) $(UNIT:$(B)/%=$(O)/host-asan/%) $(SUITES)
FIRST   := $(firstword $(OTHERS))
THERE    = $(foreach t,$(OTHERS),tests/build/elf.py:$(t) $(call under,$(t),$(PURE))) $(VECTORS) tests/build/reproducible:$(FIRST) \
	$(LATER) tests/boot/boards.py:passphrase:usb:token:small:adiantum:uboot:uinitrd:extlinux
run_tests = TARGET=$(TARGET) O=$(O) OTHER=$(FIRST) EMULATOR=$(call emulator,$(FIRST)) tests/run.py
check: ## all tests for this machine; installs missing packages, builds, tests
	toolchain/setup check
	+$(MAKE) check-build
	$(run_tests) $(HERE)
check-all: ## make check, and other processors, boards, newer Debian, initramfs builders; CI runs this
	toolchain/setup check-all
	+$(MAKE) check-build
	+for t in $(OTHERS); do $(MAKE) $(JOBS) TARGET=$$t all tokens $(PURE:$(B)/%=$(O)/$$t/%) || exit 1; done
	+for b in $(EMULATED); do $(MAKE) $(JOBS) BOARD=$$b image board-programs || exit 1; done
	$(run_tests) $(HERE) $(THERE)
check-build:
	+$(MAKE) $(JOBS) all tokens unit-programs $(SECRETS).debug
	+$(MAKE) $(JOBS) TARGET=host-asan tokens unit-programs $(O)/host-asan/latchkey $(O)/host-asan/latchkey-preflight
check-targets: all-targets ## every architecture: all unit tests, vectors and damaged headers under its emulator; foreign toolchains
	toolchain/setup check-all
	+for t in $(TARGETS); do $(MAKE) $(JOBS) TARGET=$$t unit-programs || exit 1; done
	+$(MAKE) $(JOBS) TARGET=armv5-linux-musleabi O=$(O)/strict ARCHIVES=$(abspath $(O)/archives) CFLAGS='$(STRICT)' \
		TARGET_LIBRARY_CFLAGS='$(STRICT)' $(PURE:$(B)/%=$(O)/strict/armv5-linux-musleabi/%)
	O=$(O) tests/run.py $(VECTORS) $(foreach t,$(TARGETS),tests/build/elf.py:$(t) tests/build/reproducible:$(t) $(call under,$(t),$(UNIT)) $(call defects_under,$(t))) \
		$(subst :$(O)/,:$(O)/strict/,$(call under,armv5-linux-musleabi,$(PURE))) $(subst $() ,:,tests/build/release.py $(TARGETS)) $(subst $() ,:,tests/build/sizes.py $(TARGETS)) tests/build/sdk.py
check-hooks: all ## every initramfs builder, up to the encrypted root, the packages, OpenWrt's scripts, make demo in a bare Debian; as root
	toolchain/setup hooks
	SUITE_SECONDS=7200 HOOKS=all TARGET=$(TARGET) O=$(O) tests/run.py tests/boot/test_hooks.py tests/boot/test_systemd.py:integrity \
		$(foreach r,debian13 unstable,tests/boot/test_mapping.py:reencryption_cases@$(r):recovery_cases@$(r):integrity_cases@$(r)) \
		tests/build/deb_installed.py tests/build/recipes.py tests/build/openwrt.py tests/build/bare.py
fuzz: ## every fuzzer for FUZZ_SECONDS (default 60), from its previous findings; lines and branches reached in each file
	O=$(O) tests/fuzz/run $(or $(FUZZ_SECONDS),60)
	O=$(O) tests/fuzz/coverage.sh
$(B)/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/libtoken.a $(B)/liblatchkey.a $(LIBRARIES)
	$(call say,LD,$@)$(CC) $(TARGET_CFLAGS) -fsanitize=fuzzer -Wl,-z,muldefs -o $@ -Wl,--start-group $^ -Wl,--end-group
BENCH := $(addprefix $(B)/tests/bench/,wipe masked outputs)
UNITS := $(B)/tests/bench/units
$(UNITS).o: OPTIMIZE = -O2 -w -isystem $(S)/bearssl/src
$(BENCH) $(UNITS): %: %.o $(B)/liblatchkey.a $(LIBRARIES) $(LIBC_A) $(COMPILER_A)
	$(call say,LD,$@)$(CC) $(TARGET_CFLAGS) $(AS_THEY_ARE) $(LDFLAGS) -o $@ $(START) $(filter-out $(LIBC_A) $(COMPILER_A),$^) $(END)
bench: all $(BENCH) ## time, memory and size compared with cryptsetup; the most expensive headers; from exec to mapping
	tests/bench/run.py
	tests/images/bench_hostile.py
	tests/boot/bench_boot.py
bench-targets: ## instructions of each unit of work on every target, compared with the libraries' own code
	toolchain/setup check-all
	O=$(O) tests/bench/targets.py
# The first check reports variables that are set together with a cause, which it does not recognise;
# -Wmaybe-uninitialized sees them. The second mistakes the lanes of a vector for one bit.
ANALYZER_OFF := -Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-shift-count-overflow
lint: $(B)/headers.ok ## analyzer, shell scripts, layout, length of lines and files
	@for f in $(sort $(wildcard src/*.c src/*/*.c src/token/*/*.c $(CORES)/*.c)); do $(CC) $(OUR_CFLAGS) -isystem $(S)/bearssl/src -Werror -O2 -fanalyzer $(ANALYZER_OFF) -c -o /dev/null $$f || exit 1; done
	@tests/build/shell.py
	@tests/build/lines.py
	@command -v clang-format >/dev/null || echo 'lint: clang-format not found, layout not checked'; ! command -v clang-format >/dev/null || clang-format --dry-run -Werror $(sort $(wildcard src/*.[ch] src/*/*.[ch] src/crypto/*/*.[ch] src/token/*/*.[ch] tests/unit/*.[ch]))
.PHONY: lint unit unit-programs check check-all check-build check-targets check-hooks fuzz bench bench-targets
