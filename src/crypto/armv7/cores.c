/* SPDX-License-Identifier: MIT */
/* cores - what there is for ARMv7, whose processors have NEON or not. */
#include "crypto/argon2_c.h"
#include "crypto/armv7/arm.h"
#include "crypto/sha.h"
#include "secret/wipe.h"
#include <sys/auxv.h>

static const char *const features[] = {"neon", NULL};

/* AT_HWCAP's bit: the kernel's arch/arm/include/uapi/asm/hwcap.h. */
static unsigned detect(void)
{
	enum { HAS_NEON = 1 << 12 };

	return getauxval(AT_HWCAP) & HAS_NEON ? ARM_NEON : 0u;
}

static const struct hash_core *const sha1[] = {&sha1_c, NULL};
static const struct hash_core *const sha256[] = {&sha256_c, NULL};
static const struct hash_core *const sha512[] = {&sha512_c, NULL};
static const struct argon2_core *const argon2[] = {&argon2_neon, &argon2_c, NULL};

const struct arch arch = {features, detect, {sha1, sha256, sha512}, argon2, wipe, NULL, 0};
