/* SPDX-License-Identifier: MIT */
/*
 * cores - what there is for 64-bit ARM.
 *
 * Argon2 is plain C: where it was measured by others (libsodium's and Monocypher's reports), BLAKE2b's mixing
 * was slower in NEON than on general registers on Neoverse and Cortex-A57, and as fast on Cortex-A53, since a
 * vector multiplies and rotates no faster than two scalar units. Not measured on a board of our own.
 */
#include "crypto/aarch64/arm.h"
#include "crypto/argon2_c.h"
#include "crypto/sha.h"
#include "secret/wipe.h"
#include <sys/auxv.h>

static const char *const features[] = {"aes", "sha1", "sha2", NULL};

/* AT_HWCAP's bits: the kernel's Documentation/arch/arm64/elf_hwcaps.rst. */
static unsigned detect(void)
{
	enum { HAS_AES = 1 << 3, HAS_SHA1 = 1 << 5, HAS_SHA2 = 1 << 6 };
	const unsigned long has = getauxval(AT_HWCAP);

	return (has & HAS_AES ? ARM_AES : 0u) | (has & HAS_SHA1 ? ARM_SHA1 : 0u) |
	       (has & HAS_SHA2 ? ARM_SHA2 : 0u);
}

static const struct hash_core *const sha1[] = {&sha1_armv8, &sha1_c, NULL};
static const struct hash_core *const sha256[] = {&sha256_armv8, &sha256_c, NULL};
static const struct hash_core *const sha512[] = {&sha512_c, NULL};
static const struct argon2_core *const argon2[] = {&argon2_c, NULL};

const struct arch arch = {features, detect, {sha1, sha256, sha512}, argon2, wipe, &aes_armv8, ARM_AES};
