/* SPDX-License-Identifier: MIT */
/* cores - what there is for an architecture without a folder of its own. */
#include "crypto/argon2_c.h"
#include "crypto/sha.h"
#include "secret/wipe.h"

static const char *const features[] = {NULL};

static unsigned detect(void)
{
	return 0;
}

static const struct hash_core *const sha1[] = {&sha1_c, NULL};
static const struct hash_core *const sha256[] = {&sha256_c, NULL};
static const struct hash_core *const sha512[] = {&sha512_c, NULL};
static const struct argon2_core *const argon2[] = {&argon2_c, NULL};

const struct arch arch = {features, detect, {sha1, sha256, sha512}, argon2, wipe, NULL, 0};
