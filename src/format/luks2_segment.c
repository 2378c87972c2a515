/* SPDX-License-Identifier: MIT */
/* luks2_segment - specification 3.4; see luks2_objects.h. */
#include "config/words.h"
#include "format/luks2_objects.h"
#include <string.h>

/* A segment as the text has it. */
struct segment {
	const char *type, *encryption;
	const struct json *flags, *integrity;
	struct luks_segment model;
};

#define AT(member) JSON_AT(segment, member)

static const struct json_field any_segment[] = {
	{"type", JSON_TEXT, AT(type)},
	{"offset", JSON_DECIMAL, AT(model.off)},
	{"size", JSON_SIZE, AT(model.size_bytes)},
	{"flags", JSON_STRINGS, .optional = true, AT(flags)},
};

/* 3.4.1 */
static const struct json_field crypt[] = {
	{"encryption", JSON_TEXT, AT(encryption)},
	{"iv_tweak", JSON_DECIMAL, AT(model.iv_sectors)},
	{"sector_size", JSON_U32, AT(model.sector_bytes)},
	{"integrity", JSON_OBJECT, .optional = true, AT(integrity)},
};

static bool is_none(const struct json *v)
{
	return json_string(v) && !strcmp(json_string(v), "none");
}

/* The words of both, and what dm-integrity and dm-crypt would have to be told in addition. */
static enum cause read_cipher(const struct json_object *o, struct segment *s)
{
	const char *integrity = json_string(json_member(s->integrity, "type"));

	if (s->integrity && (!integrity || !*integrity))
		return error_set(o->err, CAUSE_DAMAGED, "%s: integrity without a type", o->name);
	verdict_cipher(o->verdict, s->encryption, integrity ? integrity : "", &s->model.cipher);
	if (s->integrity && (!is_none(json_member(s->integrity, "journal_encryption")) ||
				    !is_none(json_member(s->integrity, "journal_integrity")) ||
				    json_member(s->integrity, "key_size")))
		verdict_set(o->verdict, CAUSE_UNSUPPORTED,
			"integrity with keys for its journal or a key size of its own is not supported; "
			"open it with cryptsetup");
	return CAUSE_OK;
}

static enum cause check_extent(const struct json_object *o, const struct luks_segment *seg)
{
	if (seg->off % CIPHER_SECTOR_BYTES || seg->size_bytes % CIPHER_SECTOR_BYTES || seg->off > INT64_MAX ||
		seg->size_bytes > INT64_MAX)
		return error_set(o->err, CAUSE_DAMAGED,
			"%s: offset or size is not a multiple of 512 or out of range", o->name);
	return CAUSE_OK;
}

static enum cause read_crypt(const struct json_object *o, struct segment *s)
{
	const struct luks_segment *seg = &s->model;
	enum cause cause = json_read(o, o->json, JSON_FIELDS(crypt), s);

	if (!cause)
		cause = read_cipher(o, s);
	if (cause)
		return cause;
	if (seg->sector_bytes < 512 || seg->sector_bytes > 4096 ||
		(seg->sector_bytes & (seg->sector_bytes - 1)))
		return error_set(o->err, CAUSE_DAMAGED, "%s: sector size %u is not 512, 1024, 2048 or 4096",
			o->name, seg->sector_bytes);
	if (seg->size_bytes % seg->sector_bytes)
		return error_set(o->err, CAUSE_DAMAGED,
			"%s: size %llu is not a multiple of its sector size %u", o->name,
			(unsigned long long)seg->size_bytes, seg->sector_bytes);
	return CAUSE_OK;
}

/* A backup segment to its place in the model. */
static void keep(const struct segment *s, unsigned id, const char *flag, struct luks_reencrypt *model,
	struct luks2_reencryption *r)
{
	if (!strcmp(flag, "backup-previous")) {
		r->previous++;
		r->previous_id = id;
		model->previous = s->model;
	} else if (!strcmp(flag, "backup-final")) {
		r->final++;
		r->final_id = id;
		model->final = s->model;
	} else if (!strcmp(flag, "backup-moved-segment")) {
		r->moved += model->has_moved;
		model->has_moved = true;
		model->moved = s->model;
	}
}

/*
 * "in-reencryption" and "backup-..." belong to re-encryption; other flags are ignored. True: a backup
 * segment.
 */
static bool read_flags(struct segment *s, unsigned id, struct luks_reencrypt *model,
	struct luks2_reencryption *r)
{
	bool backup = false;

	for (const struct json *f = json_first(s->flags); f; f = json_next(f)) {
		const char *text = json_string(f);

		bool moves = !strcmp(text, "in-reencryption");

		backup |= words_begins(text, "backup-") > 0;
		s->model.in_reencryption |= moves;
		r->hot += moves;
		keep(s, id, text, model, r);
	}
	r->backups += backup;
	return backup;
}

/* What to do about a segment of the type @type. */
static const char *advice(const char *type)
{
	return words_begins(type, "hw-opal") ? LUKS2_ADVICE_OPAL : "; a newer cryptsetup may open it";
}

enum cause luks2_segment_read(struct json_object *o, struct luks *luks, struct luks2_links *links)
{
	struct segment s = {.model = {.digest = -1, .sector_bytes = CIPHER_SECTOR_BYTES}};
	enum cause cause = json_read(o, o->json, JSON_FIELDS(any_segment), &s);
	bool backup;

	if (!cause)
		cause = check_extent(o, &s.model);
	if (cause)
		return cause;
	o->verdict = &s.model.verdict;
	s.model.linear = !strcmp(s.type, "linear");
	if (!strcmp(s.type, "crypt"))
		cause = read_crypt(o, &s);
	else if (!s.model.linear)
		verdict_unsupported(o->verdict, "segment type", s.type, advice(s.type));
	backup = read_flags(&s, o->id, &luks->reencrypt, &links->reencryption);
	links->segment_ids |= 1u << o->id;
	links->segments[o->id] = (struct luks2_extent){s.model.off, s.model.size_bytes, backup};
	luks->segment_count++;
	if (!backup && o->id < LUKS_REGULAR_MAX)
		luks->segments[o->id] = s.model;
	return cause;
}
