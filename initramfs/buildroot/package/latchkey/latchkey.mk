################################################################################
#
# latchkey
#
################################################################################

LATCHKEY_VERSION = 0.1.0
LATCHKEY_SITE = $(call qstrip,$(BR2_PACKAGE_LATCHKEY_SITE))
LATCHKEY_SITE_METHOD = $(if $(findstring ://,$(LATCHKEY_SITE)),wget,file)
LATCHKEY_LICENSE = MIT, CC0-1.0 (phc-winner-argon2)
LATCHKEY_LICENSE_FILES = LICENSE NOTICES

# The linked libraries, as pinned in toolchain/libraries of the archive. Those
# of Buildroot's packages are shared and use a heap. The C library is that of
# the toolchain if it is musl, and otherwise the pinned musl.
LATCHKEY_EXTRA_DOWNLOADS = \
	https://bearssl.org/bearssl-0.6.tar.gz \
	https://musl.libc.org/releases/musl-1.2.6.tar.gz \
	https://github.com/DaveGamble/cJSON/archive/v1.7.19/cJSON-1.7.19.tar.gz \
	https://github.com/P-H-C/phc-winner-argon2/archive/20190702/phc-winner-argon2-20190702.tar.gz

LATCHKEY_MAKE_OPTS = \
	TARGET=sdk \
	CC="$(TARGET_CC)" \
	CROSS="$(TARGET_CROSS)" \
	TARGET_CFLAGS="$(TARGET_ABI)" \
	ARCHIVES="$(LATCHKEY_DL_DIR)"

# The licences of the linked libraries, for legal-info.
define LATCHKEY_COLLECT_NOTICES
	cd $(@D) && ARCHIVES="$(LATCHKEY_DL_DIR)" toolchain/fetch musl bearssl cjson argon2
	cd $(@D) && toolchain/notices > NOTICES
endef
LATCHKEY_POST_EXTRACT_HOOKS += LATCHKEY_COLLECT_NOTICES

define LATCHKEY_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(LATCHKEY_MAKE_OPTS) all
endef

# This replaces the script that is /init in such an image.
ifeq ($(BR2_PACKAGE_LATCHKEY_INIT),y)
define LATCHKEY_INSTALL_INIT
	$(INSTALL) -D -m 0755 $(@D)/build/sdk/init $(TARGET_DIR)/init
endef
endif

define LATCHKEY_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/build/sdk/latchkey $(TARGET_DIR)/bin/latchkey
	$(LATCHKEY_INSTALL_INIT)
endef

define LATCHKEY_LINUX_CONFIG_FIXUPS
	$(call KCONFIG_ENABLE_OPT,CONFIG_MD)
	$(call KCONFIG_ENABLE_OPT,CONFIG_BLK_DEV_DM)
	$(call KCONFIG_ENABLE_OPT,CONFIG_DM_CRYPT)
	$(call KCONFIG_ENABLE_OPT,CONFIG_CRYPTO_AES)
	$(call KCONFIG_ENABLE_OPT,CONFIG_CRYPTO_ECB)
	$(call KCONFIG_ENABLE_OPT,CONFIG_CRYPTO_XTS)
	$(call KCONFIG_ENABLE_OPT,CONFIG_KEYS)
	$(call KCONFIG_ENABLE_OPT,CONFIG_DEVTMPFS)
endef

$(eval $(generic-package))
