/* SPDX-License-Identifier: MIT */
/* area_kernel - see area_kernel.h. */
#include "unlock/area_kernel.h"
#include "device/loop.h"
#include "dm/temporary.h"

static enum cause decrypt_on(const struct blkdev *dev, enum cipher c, struct bytes key, uint64_t area_off,
	uint8_t *out, size_t out_bytes, struct error *err)
{
	struct crypt_target t = {
		.size_sectors = out_bytes / CIPHER_SECTOR_BYTES,
		.cipher = cipher_name(c),
		.key = key.data,
		.key_bytes = (uint32_t)key.len,
		.major = dev->major,
		.minor = dev->minor,
		.data_sectors = area_off / CIPHER_SECTOR_BYTES,
		.sector_bytes = CIPHER_SECTOR_BYTES,
	};
	struct kernel k;
	enum cause cause = kernel_open(&k, err);

	if (cause)
		return cause;
	/* Told around all of it: who is left here still takes the mapping away before it ends. */
	blkdev_tell_wait(dev);
	cause = temporary_read(&k, &t, out, err);
	blkdev_tell_wait(NULL);
	kernel_close(&k);
	return cause;
}

static enum cause decrypt(void *ctx, enum cipher c, struct bytes key, uint64_t area_off, uint8_t *out,
	size_t out_bytes, struct error *err)
{
	const struct blkdev *header = ctx;
	struct blkdev loop;
	enum cause cause;

	if (area_off % CIPHER_SECTOR_BYTES)
		return error_set(err, CAUSE_DAMAGED, "its area does not begin on a sector");
	if (header->is_block) {
		cause = decrypt_on(header, c, key, area_off, out, out_bytes, err);
	} else {
		cause = loop_open(header, true, &loop, err);
		if (cause)
			return cause;
		cause = decrypt_on(&loop, c, key, area_off, out, out_bytes, err);
		blkdev_close(&loop);
	}
	/* Not root, or no device-mapper: for this keyslot it is the kernel that cannot. */
	if (cause)
		error_prefix(err, "area in %s", cipher_name(c));
	return cause == CAUSE_USAGE ? (err->cause = CAUSE_KERNEL) : cause;
}

struct foreign_cipher area_kernel(const struct blkdev *header)
{
	return (struct foreign_cipher){decrypt, (void *)(uintptr_t)header};
}
