/* SPDX-License-Identifier: MIT */
/* target - see target.h. */
#include "dm/target.h"
#include "base/crypt_flags.h"
#include "base/text.h"

/* A line that grows. */
struct line {
	char *text;
	size_t used, size;
};

#define APPEND(l, ...) ((l)->used += text_format((l)->text + (l)->used, (l)->size - (l)->used, __VA_ARGS__))

const char *target_type_name(enum target_type type)
{
	static const char names[][10] =
		{[TARGET_CRYPT] = "crypt", [TARGET_LINEAR] = "linear", [TARGET_INTEGRITY] = "integrity"};

	return names[type];
}

static void format_key(const struct target_key *key, struct line *l)
{
	if (key->description) {
		APPEND(l, ":%u:logon:%s", key->bytes, key->description);
		return;
	}
	for (uint32_t i = 0; i < key->bytes && l->used + 2 < l->size; i++) {
		l->text[l->used++] = "0123456789abcdef"[key->data[i] >> 4];
		l->text[l->used++] = "0123456789abcdef"[key->data[i] & 15];
	}
	l->text[l->used] = 0;
}

static void format_options(const struct target *t, unsigned flags, struct line *l)
{
	unsigned count = (unsigned)(t->sector_bytes != 512) + (t->tag_bytes != 0);

	for (unsigned i = 0; i < CRYPT_FLAG_COUNT; i++)
		count += flags >> i & 1;
	if (count)
		APPEND(l, " %u", count);
	for (unsigned i = 0; i < CRYPT_FLAG_COUNT; i++)
		if (flags >> i & 1)
			APPEND(l, " %s", crypt_flags[i].target);
	if (t->tag_bytes)
		APPEND(l, " integrity:%u:aead", t->tag_bytes);
	if (t->sector_bytes != 512)
		APPEND(l, " sector_size:%u", t->sector_bytes);
}

size_t target_format(const struct table *table, const struct target *t, char *line, size_t size)
{
	struct line l = {line, 0, size};

	if (t->type == TARGET_CRYPT) {
		APPEND(&l, "%s ", t->cipher);
		format_key(&table->keys[t->key], &l);
		APPEND(&l, " %llu ", (unsigned long long)t->iv_sectors);
	}
	APPEND(&l, "%u:%u %llu", t->major, t->minor, (unsigned long long)t->off_sectors);
	if (t->type == TARGET_CRYPT)
		format_options(t, table->flags, &l);
	if (t->type == TARGET_INTEGRITY)
		APPEND(&l, " %u %c 1 block_size:%u", t->tag_bytes, t->no_journal ? 'D' : 'J',
			t->sector_bytes);
	return l.used + 1 < size ? l.used : 0;
}
