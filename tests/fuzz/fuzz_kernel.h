/* SPDX-License-Identifier: MIT */
/*
 * fuzz_kernel - a kernel that answers each request as the input says, and counts what it holds for us.
 *
 * One byte a request: 0, or no input left: as a kernel of today does when all goes well; below 128: this
 * errno; else success, with two bytes of length and so many bytes over what was sent.
 */
#ifndef TESTS_FUZZ_KERNEL_H
#define TESTS_FUZZ_KERNEL_H

#include "dm/kernel.h"
#include "fuzz.h"
#include <errno.h>
#include <linux/dm-ioctl.h>
#include <sys/ioctl.h>

enum { FUZZ_REQUEST_BYTES = 16384, FUZZ_EINTR_MAX = 3 };

static struct fuzz_kernel {
	struct fuzz_input in;
	unsigned keys, created, removed, loaded, live, interrupted;
} fuzz_kernel_state;

static void fuzz_kernel_today(unsigned long request, struct dm_ioctl *head)
{
	struct dm_target_versions version = {.version = {1, 28, 0}};

	if (request == DM_GET_TARGET_VERSION || request == DM_LIST_VERSIONS) {
		memcpy(head + 1, &version, sizeof(version));
		memcpy((uint8_t *)(head + 1) + sizeof(version), "crypt", sizeof("crypt"));
	}
	if (request == DM_DEV_CREATE)
		head->dev = 253 << 8 | 3;
}

static int fuzz_kernel_ioctl(void *ctx, unsigned long request, void *buffer)
{
	struct fuzz_kernel *k = ctx;
	uint8_t how = fuzz_byte(&k->in);
	size_t len;

	if (!how && request == DM_DEV_STATUS)
		return ENXIO;
	if (how && how < 128 && (how != EINTR || k->interrupted++ < FUZZ_EINTR_MAX))
		return how;
	k->created += request == DM_DEV_CREATE;
	k->removed += request == DM_DEV_REMOVE;
	k->loaded += request == DM_TABLE_LOAD;
	k->live += request == DM_DEV_SUSPEND;
	if (how < 128) {
		fuzz_kernel_today(request, buffer);
		return 0;
	}
	len = (size_t)fuzz_number(&k->in, 2) % (FUZZ_REQUEST_BYTES + 1);
	len = len < k->in.size ? len : k->in.size;
	if (len)
		memcpy(buffer, k->in.data, len);
	k->in.data += len;
	k->in.size -= len;
	return 0;
}

static int fuzz_kernel_key_add(void *ctx, const char *description, const uint8_t *key, uint32_t key_bytes,
	int32_t *id)
{
	struct fuzz_kernel *k = ctx;
	uint8_t how = fuzz_byte(&k->in);

	fuzz_check(*description && key && key_bytes, "a key without a name or without bytes");
	if (how)
		return how;
	*id = (int32_t)++k->keys;
	return 0;
}

static void fuzz_kernel_key_drop(void *ctx, int32_t id)
{
	struct fuzz_kernel *k = ctx;

	fuzz_check((unsigned)id == k->keys--, "the wrong key is dropped");
}

static struct kernel fuzz_kernel_new(struct fuzz_input in)
{
	fuzz_kernel_state = (struct fuzz_kernel){.in = in};
	return (struct kernel){fuzz_kernel_ioctl, fuzz_kernel_key_add, fuzz_kernel_key_drop,
		&fuzz_kernel_state};
}

/* What map_create leaves, which ended with @cause and was to make @mappings. */
static void fuzz_kernel_check(enum cause cause, unsigned mappings)
{
	const struct fuzz_kernel *k = &fuzz_kernel_state;

	fuzz_check(!k->keys, "a key is left in the keyring");
	fuzz_check(cause || (k->created == mappings && k->live == mappings && k->loaded == mappings &&
				    !k->removed),
		"a mapping that is not one");
}

#endif
