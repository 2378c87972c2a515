# SPDX-License-Identifier: MIT
# Releases, packages, and the destinations of make install.
all-targets: ## the programs for every architecture; installs the compilers
	toolchain/setup targets
	+for t in $(TARGETS); do $(MAKE) $(JOBS) TARGET=$$t all tokens || exit 1; done
	@O=$(O) toolchain/size $(TARGETS)
dist: all-targets ## a release in build/dist: sources, programs, SPDX, SHA256SUMS
	@O=$(O) toolchain/dist $(TARGETS)
deb: all tokens ## packages for Debian and Ubuntu, in build/deb: the programs, and the hooks (latchkey-initramfs)
	@O=$(O) toolchain/deb $(TARGET)
size: all tokens ## sizes of the programs of every target that was built, with their limits
	@O=$(O) toolchain/size $(TARGETS)

# Destinations. The files for an initramfs builder go where the builder looks for them, whatever PREFIX is.
PREFIX     ?= /usr/local
SBINDIR    ?= $(PREFIX)/sbin
MANDIR     ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
DRACUTDIR  ?= /usr/lib/dracut
INITRAMFSTOOLSDIR ?= /usr/share/initramfs-tools
INITCPIODIR ?= /usr/lib/initcpio
MKINITFSDIR ?= /etc/mkinitfs
LICENSEDIR ?= $(PREFIX)/share/doc/latchkey
# Where latchkey looks for token programs is /lib/latchkey/token, which is in /usr on most systems.
TOKENDIR   ?= $(if $(shell [ -L /lib ] && echo yes),/usr)/lib/latchkey/token
# Not wildcard: DESTDIR may have a space.
there       = $(if $(shell [ ! -e '$(DESTDIR)$(1)' ] || echo yes),yes,no)
WITH_DRACUT ?= $(call there,$(DRACUTDIR)/modules.d)
WITH_INITRAMFS_TOOLS ?= $(call there,$(INITRAMFSTOOLSDIR)/hook-functions)
WITH_MKINITCPIO ?= $(call there,$(INITCPIODIR)/functions)
WITH_MKINITFS ?= $(call there,$(MKINITFSDIR)/features.d)
HOOKS_WANTED := $(filter yes,$(WITH_DRACUT) $(WITH_INITRAMFS_TOOLS) $(WITH_MKINITCPIO))
# dracut 108 renumbered its modules.
DRACUTMODULE ?= $(DRACUTDIR)/modules.d/$(if $(filter yes,$(call there,$(DRACUTDIR)/modules.d/70crypt)),70,90)latchkey
# MODE FILES FOLDER. REMOVE in the environment is somebody else's.
REMOVES := $(filter command,$(origin REMOVE))
ifneq ($(REMOVES),)
# The names of the files, and never a pattern: others are in the same folders. A folder of our own goes with its last file.
put = $(call say,REMOVE,'$(DESTDIR)$(3)')[ ! -d '$(DESTDIR)$(3)' ] || (cd '$(DESTDIR)$(3)' && rm -f $(notdir $(foreach f,$(2),$(or $(wildcard $(f)),$(f))))); \
	case '$(3)' in *latchkey*) rmdir '$(DESTDIR)$(3)' 2>/dev/null || :;; esac
else
put = $(call say,INSTALL,'$(DESTDIR)$(3)')install -d '$(DESTDIR)$(3)' && install -m $(1) $(2) '$(DESTDIR)$(3)/'
endif
install: all tokens ## the programs, man pages and hooks: PREFIX, DESTDIR, WITH_DRACUT=yes|no and others (README.md)
	+$(MAKE) --no-print-directory install-files
uninstall: ## remove what make install has installed, given the same variables; first take latchkey out of the builder's configuration
	+$(MAKE) --no-print-directory install-files REMOVE=yes WITH_DRACUT=yes WITH_INITRAMFS_TOOLS=yes WITH_MKINITCPIO=yes WITH_MKINITFS=yes
	rmdir '$(DESTDIR)/usr/lib/latchkey' 2>/dev/null || :
install-files: install-programs install-hooks
install-programs:
	$(call put,0755,$(B)/latchkey $(B)/latchkey-preflight,$(SBINDIR))
	$(call put,0755,$(TOKENS),$(TOKENDIR))
	$(call put,0755,$(NETWORK),$(patsubst %/,%,$(dir $(TOKENDIR))))
	$(call put,0644,$(B)/NOTICES,$(LICENSEDIR))
	$(call put,0644,man/*.8,$(MANDIR)/man8)
	$(call put,0644,man/*.7,$(MANDIR)/man7)
	$(call put,0644,man/*.5,$(MANDIR)/man5)
	$(call put,0644,completions/_*,$(ZSHCOMPDIR))
	$(call put,0644,completions/l*,$(BASHCOMPDIR))
install-hooks:
ifneq ($(HOOKS_WANTED),)
	$(call put,0644,initramfs/common/*,/usr/lib/latchkey)
endif
ifeq ($(WITH_DRACUT),yes)
	$(call put,0755,initramfs/dracut/90latchkey/*,$(DRACUTMODULE))
ifneq ($(REMOVES),)
	@# dracut may be another one by now.
	$(call put,,initramfs/dracut/90latchkey/*,$(DRACUTDIR)/modules.d/70latchkey)
	$(call put,,initramfs/dracut/90latchkey/*,$(DRACUTDIR)/modules.d/90latchkey)
endif
endif
ifeq ($(WITH_INITRAMFS_TOOLS),yes)
	$(call put,0755,initramfs/initramfs-tools/bin/cryptroot-unlock,/usr/lib/latchkey)
	$(call put,0755,initramfs/initramfs-tools/hooks/latchkey,$(INITRAMFSTOOLSDIR)/hooks)
	$(call put,0644,initramfs/initramfs-tools/conf-hooks.d/latchkey,$(INITRAMFSTOOLSDIR)/conf-hooks.d)
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
.PHONY: all-targets dist deb size install uninstall install-files install-programs install-hooks
