/* SPDX-License-Identifier: MIT */
/* target - see target.h. */
#include "dm/target.h"
#include "base/crypt_flags.h"
#include "base/text.h"
#include "secret/arena.h"

/* text_format at the end of @line, which is @used long. */
#define APPEND(line, used, ...)                                                                              \
	((used) += text_format((line) + (used), TARGET_LINE_BYTES - (used), __VA_ARGS__))

static size_t format_key(const struct crypt_target *t, char *line, size_t used)
{
	if (t->key_description) {
		APPEND(line, used, ":%u:logon:%s", t->key_bytes, t->key_description);
		return used;
	}
	for (uint32_t i = 0; i < t->key_bytes && used + 2 < TARGET_LINE_BYTES; i++) {
		line[used++] = "0123456789abcdef"[t->key[i] >> 4];
		line[used++] = "0123456789abcdef"[t->key[i] & 15];
	}
	line[used] = 0;
	return used;
}

static size_t format_options(const struct crypt_target *t, char *line, size_t used)
{
	unsigned count = t->sector_bytes != 512;

	for (unsigned i = 0; i < CRYPT_FLAG_COUNT; i++)
		count += t->flags >> i & 1;
	if (count)
		APPEND(line, used, " %u", count);
	for (unsigned i = 0; i < CRYPT_FLAG_COUNT; i++)
		if (t->flags >> i & 1)
			APPEND(line, used, " %s", crypt_flags[i].target);
	if (t->sector_bytes != 512)
		APPEND(line, used, " sector_size:%u", t->sector_bytes);
	return used;
}

enum cause target_format(const struct crypt_target *t, char line[static TARGET_LINE_BYTES], struct error *err)
{
	size_t used = 0;

	APPEND(line, used, "%s ", t->cipher);
	used = format_key(t, line, used);
	/* The IV offset is 0 for every LUKS volume, whatever its segment's iv_tweak says. */
	APPEND(line, used, " 0 %u:%u %llu", t->major, t->minor, (unsigned long long)t->data_sectors);
	used = format_options(t, line, used);
	if (used + 1 >= TARGET_LINE_BYTES)
		return error_set(err, CAUSE_BUG, "table line does not fit %u bytes", TARGET_LINE_BYTES);
	return CAUSE_OK;
}

enum cause target_load(const struct kernel *k, uint64_t dev, bool read_only, const struct crypt_target *t,
	struct error *err)
{
	size_t mark = arena_mark();
	char *line; /* in the arena: it may hold the key */
	enum cause cause = arena_get(&line, TARGET_LINE_BYTES, err);

	if (!cause)
		cause = target_format(t, line, err);
	if (!cause)
		cause = dm_load(k, dev, &(struct dm_table){read_only, t->size_sectors, "crypt", line}, err);
	arena_release(mark);
	return cause;
}
