/* SPDX-License-Identifier: MIT */
/* target - see target.h. */
#include "dm/target.h"
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
	const struct {
		bool on;
		const char *name;
	} options[] = {
		{t->flags.allow_discards, "allow_discards"},
		{t->flags.same_cpu_crypt, "same_cpu_crypt"},
		{t->flags.submit_from_crypt_cpus, "submit_from_crypt_cpus"},
		{t->flags.no_read_workqueue, "no_read_workqueue"},
		{t->flags.no_write_workqueue, "no_write_workqueue"},
		{t->flags.high_priority, "high_priority"},
	};
	enum { OPTIONS = sizeof(options) / sizeof(*options) };
	unsigned count = t->sector_bytes != 512;

	for (int i = 0; i < OPTIONS; i++)
		count += options[i].on;
	if (count)
		APPEND(line, used, " %u", count);
	for (int i = 0; i < OPTIONS; i++)
		if (options[i].on)
			APPEND(line, used, " %s", options[i].name);
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
