/* SPDX-License-Identifier: MIT */
/* area_kernel - see area_kernel.h. */
#include "unlock/area_kernel.h"
#include "device/loop.h"
#include "dm/temporary.h"

static enum cause decrypt_on(const struct blkdev *dev, const struct area_crypt *a, struct error *err)
{
	struct target t = {
		.type = TARGET_CRYPT,
		.size_sectors = a->bytes / CIPHER_SECTOR_BYTES,
		.cipher = cipher_name(a->cipher),
		.major = dev->major,
		.minor = dev->minor,
		.off_sectors = a->off / CIPHER_SECTOR_BYTES,
		.sector_bytes = CIPHER_SECTOR_BYTES,
	};
	struct kernel k;
	enum cause cause = kernel_open(&k, err);

	if (cause)
		return cause;
	/* Around all of it: a process that is left hanging here still removes the mapping before it ends. */
	blkdev_tell_wait(dev);
	cause = temporary_read(&k, &t, a->key, a->out, err);
	blkdev_tell_wait(NULL);
	kernel_close(&k);
	return cause;
}

static enum cause decrypt(void *ctx, const struct area_crypt *a, struct error *err)
{
	const struct blkdev *header = ctx;
	struct blkdev loop;
	enum cause cause;

	if (a->off % CIPHER_SECTOR_BYTES)
		return error_set(err, CAUSE_DAMAGED, "its area does not begin on a sector");
	if (header->is_block) {
		cause = decrypt_on(header, a, err);
	} else {
		cause = loop_open(header, true, &loop, err);
		if (cause)
			return cause;
		cause = decrypt_on(&loop, a, err);
		blkdev_close(&loop);
	}
	/* Not root, or no device-mapper: for this keyslot the kernel is the cause. */
	if (cause)
		error_prefix(err, "area in %s", cipher_name(a->cipher));
	return cause == CAUSE_USAGE ? (err->cause = CAUSE_KERNEL) : cause;
}

struct foreign_cipher area_kernel(const struct blkdev *header)
{
	return (struct foreign_cipher){decrypt, (void *)(uintptr_t)header};
}
