/* SPDX-License-Identifier: MIT */
/*
 * residue_volume - a volume, and what must not be left of it when it was unlocked. It is made by a child, so
 * that its copies of the secrets are gone; here they are masked.
 */
#ifndef UNIT_RESIDUE_VOLUME_H
#define UNIT_RESIDUE_VOLUME_H

#include "image.h"
#include "residue.h"
#include <sys/wait.h>
#include <unistd.h>

enum { PASSPHRASE_BYTES = 40, MASK = 0x5a };

struct made {
	struct image img;
	struct needles needles;
	uint8_t passphrase[2][PASSPHRASE_BYTES],
		volume_key[64]; /* masked; the right passphrase is number 1 */
};

static struct made *made;

static inline void mask(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] ^= MASK;
}

static inline void make_in_child(const struct kdf *kdf, uint32_t seed)
{
	char passphrase[PASSPHRASE_BYTES + 1] = {0};
	struct image_keyslot want = {.id = 2,
		.priority = LUKS_PRIORITY_NORMAL,
		.passphrase = passphrase,
		.kdf = *kdf,
		.af_hash = HASH_SHA256,
		.key_bytes = 64,
		.area_key_bytes = 64};
	const struct luks_keyslot *slot;

	image_start(&made->img, 64);
	residue_passphrase(seed + 1, (uint8_t *)passphrase, PASSPHRASE_BYTES);
	slot = image_add(&made->img, &want);
	for (unsigned right = 0; right < 2; right++) {
		residue_passphrase(seed + right, made->passphrase[right], PASSPHRASE_BYTES);
		needles_add_unlock(&made->needles, right ? "right" : "wrong", slot,
			&made->img.luks.digests[0], made->img.bytes + slot->area_off, made->passphrase[right],
			PASSPHRASE_BYTES);
		mask(made->passphrase[right], PASSPHRASE_BYTES);
	}
	memcpy(made->volume_key, made->img.volume_key, 64);
	mask(made->volume_key, 64);
	memset(made->img.volume_key, 0, 64);
	memset(made->img.other_key, 0, 64);
}

/* Into @made. The passphrases are those of @seed (wrong) and of @seed + 1 (right). */
static inline void made_by_child(const struct kdf *kdf, uint32_t seed)
{
	int status;
	pid_t pid;

	if (!made)
		made = residue_shared(sizeof(*made));
	memset(made, 0, sizeof(*made));
	pid = unit_fork();
	if (!pid) {
		make_in_child(kdf, seed);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_in_range(made->needles.count, 1000, NEEDLES_MAX - 1);
}

#endif
