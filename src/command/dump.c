/* SPDX-License-Identifier: MIT */
/* dump - what the header says, for people or for programs. */
#include "base/text.h"
#include "command/command.h"
#include "device/blkdev.h"
#include "format/header.h"

/* A page long enough for 32 keyslots, written out at once. */
static struct {
	char text[64 << 10];
	size_t used;
} page;

#define PUT(...) (page.used += text_format(page.text + page.used, sizeof(page.text) - page.used, __VA_ARGS__))

static const char *escaped(const char *s)
{
	static char safe[4 * LUKS_LABEL_CHARS + 1];

	text_escape(safe, sizeof(safe), s);
	return safe;
}

/* Why it must not be mapped, and what to do. */
static const char *requirements_text(const struct options *o, const struct luks *luks)
{
	static char text[ERROR_TEXT_BYTES];

	luks_verdict_format(text, sizeof(text), luks, &luks->requirements, o->args[0], o->wishes.header);
	return text;
}

/* --- for people ------------------------------------------------------------------------ */

static void kdf_for_people(const struct kdf *kdf)
{
	if (kdf->kind == KDF_PBKDF2)
		PUT("pbkdf2 %s, %u iterations", hash_name(kdf->hash), kdf->iterations);
	else
		PUT("%s, %u KiB, %u passes, %u lanes", kdf_name(kdf->kind), kdf->memory_kib, kdf->iterations,
			kdf->lanes);
}

static void keyslot_for_people(const struct luks *luks, const struct luks_keyslot *slot)
{
	PUT("keyslot %u:   ", slot->id);
	if (slot->verdict.cause) {
		PUT("cannot be used: %s\n", slot->verdict.why);
		return;
	}
	kdf_for_people(&slot->kdf);
	PUT("; %u-bit key; priority %s; digest %u\n", slot->key_bytes * 8, luks_priority_name(slot->priority),
		luks->digests[slot->digest].id);
	PUT("             %s, %u-bit key, af %s, area %llu to %llu\n", cipher_name(slot->area_cipher),
		slot->area_key_bytes * 8, hash_name(slot->af_hash), (unsigned long long)slot->area_off,
		(unsigned long long)(slot->area_off + slot->area_size_bytes));
}

static void segment_for_people(const struct luks_segment *seg)
{
	PUT("data:        ");
	if (seg->verdict.cause) {
		PUT("cannot be mapped: %s\n", seg->verdict.why);
		return;
	}
	PUT("%s, sectors of %u bytes, from byte %llu, ", cipher_name(seg->cipher), seg->sector_bytes,
		(unsigned long long)seg->off);
	if (seg->size_bytes)
		PUT("%llu bytes\n", (unsigned long long)seg->size_bytes);
	else
		PUT("to the end of the device\n");
}

/* The flags that are set, each through @put. */
static void each_flag(const struct luks_flags *f, void (*put)(const char *name))
{
	if (f->allow_discards)
		put("allow-discards");
	if (f->same_cpu_crypt)
		put("same-cpu-crypt");
	if (f->submit_from_crypt_cpus)
		put("submit-from-crypt-cpus");
	if (f->no_read_workqueue)
		put("no-read-workqueue");
	if (f->no_write_workqueue)
		put("no-write-workqueue");
	if (f->high_priority)
		put("high_priority");
}

static void flag_for_people(const char *name)
{
	PUT("flag:        %s\n", name);
}

static void for_people(const struct options *o, const struct luks *luks, const struct header_report *report)
{
	PUT("version:     LUKS%u\nuuid:        %s\n", luks->version, luks->uuid);
	if (luks->label[0])
		PUT("label:       %s\n", escaped(luks->label));
	if (luks->subsystem[0])
		PUT("subsystem:   %s\n", escaped(luks->subsystem));
	PUT("header:      %s copy, sequence %llu, %llu bytes a copy, keyslots area %llu bytes\n",
		report->used_secondary ? "secondary" : "primary", (unsigned long long)luks->seqid,
		(unsigned long long)luks->hdr_size_bytes, (unsigned long long)luks->keyslots_size_bytes);
	if (report->note[0])
		PUT("note:        %s\n", report->note);
	if (luks->requirements.cause)
		PUT("must not be mapped: %s\n", requirements_text(o, luks));
	segment_for_people(&luks->segment);
	for (unsigned i = 0; i < luks->digest_count; i++) {
		const struct luks_digest *d = &luks->digests[i];

		if (d->verdict.cause)
			PUT("digest %u:    cannot be used: %s\n", d->id, d->verdict.why);
		else
			PUT("digest %u:    pbkdf2 %s, %u iterations%s\n", d->id, hash_name(d->hash),
				d->iterations,
				d->covers_segment || luks->reencryption ? "" : "; bound to no data");
	}
	for (unsigned i = 0; i < luks->keyslot_count; i++)
		keyslot_for_people(luks, &luks->keyslots[i]);
	if (luks->skipped_keyslots)
		PUT("keyslots of other types: %u\n", luks->skipped_keyslots);
	if (luks->token_count)
		PUT("tokens:      %u\n", luks->token_count);
	each_flag(&luks->flags, flag_for_people);
}

/* --- for programs ---------------------------------------------------------------------- */

/* A JSON string; bytes outside ASCII become \u00NN, so the text is ASCII whatever the header holds. */
static void json_text(const char *s)
{
	PUT("\"");
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			PUT("\\u%04x", c);
		else
			PUT("%c", c);
	}
	PUT("\"");
}

static void json_member_text(const char *name, const char *s)
{
	PUT("\"%s\": ", name);
	json_text(s);
}

/* "usable": true, or false with the cause and the reason. */
static void json_usable(const struct luks_verdict *v, const char *why)
{
	PUT("\"usable\": %s", v->cause ? "false" : "true");
	if (!v->cause)
		return;
	PUT(", \"cause\": \"%s\", ", cause_info(v->cause)->name);
	json_member_text("why", why);
}

static void json_verdict(const struct luks_verdict *v)
{
	json_usable(v, v->why);
}

static void json_kdf(const struct kdf *kdf)
{
	PUT("\"kdf\": {\"type\": \"%s\", ", kdf_name(kdf->kind));
	if (kdf->kind == KDF_PBKDF2)
		PUT("\"hash\": \"%s\", \"iterations\": %u}", hash_name(kdf->hash), kdf->iterations);
	else
		PUT("\"time\": %u, \"memory_kib\": %u, \"cpus\": %u}", kdf->iterations, kdf->memory_kib,
			kdf->lanes);
}

static void json_keyslot(const struct luks *luks, const struct luks_keyslot *slot)
{
	PUT("    {\"id\": %u, \"priority\": \"%s\", ", slot->id, luks_priority_name(slot->priority));
	json_verdict(&slot->verdict);
	if (!slot->verdict.cause) {
		PUT(", \"key_bytes\": %u, \"digest\": %u, ", slot->key_bytes, luks->digests[slot->digest].id);
		json_kdf(&slot->kdf);
		PUT(", \"af_hash\": \"%s\", \"area\": {\"offset\": %llu, \"size\": %llu, \"encryption\": \"%s\", "
		    "\"key_bytes\": %u}",
			hash_name(slot->af_hash), (unsigned long long)slot->area_off,
			(unsigned long long)slot->area_size_bytes, cipher_name(slot->area_cipher),
			slot->area_key_bytes);
	}
	PUT("}");
}

static void json_digest(const struct luks_digest *d)
{
	PUT("    {\"id\": %u, \"covers_segment\": %s, ", d->id, d->covers_segment ? "true" : "false");
	json_verdict(&d->verdict);
	if (!d->verdict.cause)
		PUT(", \"type\": \"pbkdf2\", \"hash\": \"%s\", \"iterations\": %u", hash_name(d->hash),
			d->iterations);
	PUT("}");
}

static void json_segment(const struct luks_segment *seg)
{
	PUT("  \"segment\": {\"offset\": %llu, \"size\": ", (unsigned long long)seg->off);
	if (seg->size_bytes)
		PUT("%llu, ", (unsigned long long)seg->size_bytes);
	else
		PUT("\"dynamic\", ");
	json_verdict(&seg->verdict);
	if (!seg->verdict.cause)
		PUT(", \"encryption\": \"%s\", \"sector_size\": %u", cipher_name(seg->cipher),
			seg->sector_bytes);
	PUT("},\n");
}

static void json_flag(const char *name)
{
	bool first = page.text[page.used - 1] == '[';

	PUT("%s\"%s\"", first ? "" : ", ", name);
}

static void for_programs(const struct options *o, const struct luks *luks, const struct header_report *report)
{
	PUT("{\n  \"version\": %u,\n  \"uuid\": \"%s\",\n  ", luks->version, luks->uuid);
	json_member_text("label", luks->label);
	PUT(",\n  ");
	json_member_text("subsystem", luks->subsystem);
	PUT(",\n  \"seqid\": %llu,\n  \"header_size\": %llu,\n  \"keyslots_size\": %llu,\n",
		(unsigned long long)luks->seqid, (unsigned long long)luks->hdr_size_bytes,
		(unsigned long long)luks->keyslots_size_bytes);
	PUT("  \"header_copy\": \"%s\",\n  ", report->used_secondary ? "secondary" : "primary");
	json_member_text("note", report->note);
	PUT(",\n  \"requirements\": {");
	json_usable(&luks->requirements, requirements_text(o, luks));
	PUT("},\n  \"reencryption\": \"%s\",\n", luks_reencryption_name(luks->reencryption));
	json_segment(&luks->segment);
	PUT("  \"flags\": [");
	each_flag(&luks->flags, json_flag);
	PUT("],\n  \"tokens\": %u,\n  \"other_keyslots\": %u,\n  \"digests\": [\n", luks->token_count,
		luks->skipped_keyslots);
	for (unsigned i = 0; i < luks->digest_count; i++) {
		json_digest(&luks->digests[i]);
		PUT(i + 1 < luks->digest_count ? ",\n" : "\n");
	}
	PUT("  ],\n  \"keyslots\": [\n");
	for (unsigned i = 0; i < luks->keyslot_count; i++) {
		json_keyslot(luks, &luks->keyslots[i]);
		PUT(i + 1 < luks->keyslot_count ? ",\n" : "\n");
	}
	PUT("  ]\n}\n");
}

enum cause command_dump(const struct options *o, struct error *err)
{
	struct header_report report;
	struct blkdev dev;
	struct luks luks;
	enum cause cause = blkdev_open(o->wishes.header ? o->wishes.header : o->args[0], &dev, err);

	if (cause)
		return cause;
	cause = header_load(&dev.reader, &luks, &report, err);
	blkdev_close(&dev);
	if (cause)
		return cause;
	/* The data need not be there to look at a header. */
	if (o->wishes.header && !blkdev_open(o->args[0], &dev, err)) {
		header_judge_detached(&dev.reader, &luks);
		blkdev_close(&dev);
	}
	if (o->json)
		for_programs(o, &luks, &report);
	else
		for_people(o, &luks, &report);
	if (page.used + 1 >= sizeof(page.text))
		return error_set(err, CAUSE_BUG, "the report does not fit its page");
	if (!text_write(1, page.text, page.used))
		return error_set(err, CAUSE_USAGE, "standard output cannot be written");
	return CAUSE_OK;
}
