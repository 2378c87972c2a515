# SPDX-License-Identifier: MIT
# Images of boards, and virtual machines in QEMU.
demo: ## boot a disk made by cryptsetup in QEMU and unlock it; INTERACTIVE=1 lets you type
	toolchain/setup demo
	+$(MAKE) $(JOBS) all
	tests/boot/demo.py
$(B)/tests/boot/guest/root_init: $(B)/tests/boot/guest/root_init.o $(if $(NO_FLOAT),$(B)/tests/unit/no_doubles.o) $(LIBC_A) $(COMPILER_A)
	$(call say,LD,$@)$(CC) $(TARGET_CFLAGS) $(AS_THEY_ARE) $(LDFLAGS) -o $@ $(START) $(filter-out $(LIBC_A) $(COMPILER_A),$^) $(END)
board-programs: all tokens $(B)/tests/boot/guest/root_init
image: $(if $(BOARD),all,name-a-board) ## BOARD=vendor/name: the board's initramfs, in build/board/vendor/name
	@O=$(abspath $(O)) BOARD=$(BOARD) TARGET=$(TARGET) MODULES='$(MODULES)' KERNEL_PACKAGE='$(KERNEL_PACKAGE)' \
		KERNEL='$(KERNEL)' MODULES_ROOT='$(MODULES_ROOT)' UBOOT_ARCH='$(UBOOT_ARCH)' \
		FIT_LOAD='$(FIT_LOAD)' FIT_KERNEL='$(FIT_KERNEL)' FIT_DTB='$(FIT_DTB)' board/image
check-boards: ## the emulated boards, as in make check-all, a Raspberry Pi, and an image from initramfs.list
	toolchain/setup check-all
	+for b in $(EMULATED); do $(MAKE) $(JOBS) BOARD=$$b image board-programs || exit 1; done
	O=$(O) tests/run.py tests/boot/boards.py tests/boot/test_loaders.py:raspberry_pi
name-a-board:
	@echo 'set BOARD= to one of: $(BOARDS)'; exit 1
boot: image board-programs ## BOARD=qemu/name: boot it with a demonstration disk
	@O=$(abspath $(O)) BOARD=$(BOARD) TARGET=$(TARGET) KERNEL_PACKAGE='$(KERNEL_PACKAGE)' board/boot
.PHONY: demo boot image board-programs check-boards name-a-board
