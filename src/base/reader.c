/* SPDX-License-Identifier: MIT */
/* reader - see reader.h. */
#include "base/reader.h"
#include "base/bytes.h"
#include <string.h>

static enum cause memory_read_at(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	(void)err;
	memcpy(buf, (const uint8_t *)ctx + off, len);
	return CAUSE_OK;
}

struct reader reader_memory(const void *data, size_t len, const char *name)
{
	return (struct reader){memory_read_at, (void *)(uintptr_t)data, len, name};
}

enum cause reader_read(const struct reader *r, void *buf, size_t len, uint64_t off, struct error *err)
{
	if (!bytes_inside(off, len, 0, r->size_bytes))
		return error_set(err, CAUSE_DEVICE,
			"%s: ends at byte %llu, but bytes %llu to %llu are needed: truncated?", r->name,
			(unsigned long long)r->size_bytes, (unsigned long long)off,
			(unsigned long long)off + len);
	return r->read_at(r->ctx, buf, len, off, err);
}
