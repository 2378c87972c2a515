/* SPDX-License-Identifier: MIT */
/* dump - what the header says, for people or for programs. */
#include "base/crypt_flags.h"
#include "base/text.h"
#include "command/command.h"
#include "command/load.h"
#include "device/member.h"
#include <string.h>

/* A page long enough for 32 keyslots, written out at once. */
static struct {
	char text[64 << 10];
	size_t used;
} page;

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	page.used += text_vformat(page.text + page.used, sizeof(page.text) - page.used, format, args);
	va_end(args);
}

static const char *escaped(const char *s)
{
	static char safe[4 * LUKS_TOKEN_TYPE_CHARS + 1];

	text_escape(safe, sizeof(safe), s);
	return safe;
}

/* What there is to tell. */
struct subject {
	struct luks_device device;
	struct member member;
	enum place_kind kind;
	int percent; /* of a re-encryption that is done; -1: not known, as with resilience none */
	char requirements[ERROR_TEXT_BYTES]; /* why it must not be mapped, and what to do */
};

/* --- for people ------------------------------------------------------------------------ */

static void kdf_for_people(const struct kdf *kdf)
{
	if (kdf->kind == KDF_PBKDF2)
		put("pbkdf2 %s, %u iterations", hash_name(kdf->hash), kdf->iterations);
	else
		put("%s, %u KiB, %u pass%s, %u lane%s", kdf_name(kdf->kind), kdf->memory_kib, kdf->iterations,
			kdf->iterations == 1 ? "" : "es", kdf->lanes, kdf->lanes == 1 ? "" : "s");
}

static void keyslot_for_people(const struct luks *luks, const struct luks_keyslot *slot)
{
	put(slot->id > 9 ? "keyslot %u:  " : "keyslot %u:   ", slot->id);
	if (slot->verdict.cause) {
		put("cannot be used: %s\n", slot->verdict.why);
		return;
	}
	kdf_for_people(&slot->kdf);
	put("; %u-bit key; priority %s; digest %u\n", slot->key_bytes * 8, luks_priority_name(slot->priority),
		luks->digests[slot->digest].id);
	put("             %s, %u-bit key, af %s, area %llu to %llu\n", cipher_name(slot->area_cipher),
		slot->area_key_bytes * 8, hash_name(slot->af_hash), (unsigned long long)slot->area_off,
		(unsigned long long)(slot->area_off + slot->area_size_bytes));
}

static void segment_for_people(const struct luks *luks, const struct luks_segment *seg)
{
	unsigned tag_bytes = cipher_tag_bytes(seg->cipher);

	put("data:        ");
	if (seg->verdict.cause) {
		put("cannot be mapped: %s\n", seg->verdict.why);
		return;
	}
	if (seg->linear)
		put("not encrypted, from byte %llu, ", (unsigned long long)seg->off);
	else
		put("%s, sectors of %u bytes, from byte %llu, ", cipher_name(seg->cipher), seg->sector_bytes,
			(unsigned long long)seg->off);
	if (tag_bytes)
		put("integrity %s (%s, %u bytes a sector), ", cipher_integrity(seg->cipher),
			luks_integrity_mode(luks), tag_bytes);
	if (seg->size_bytes)
		put("%llu bytes\n", (unsigned long long)seg->size_bytes);
	else
		put("to the end of the device\n");
}

static void reencryption_for_people(const struct luks *luks)
{
	const struct luks_reencrypt *r = &luks->reencrypt;

	if (luks_reencryption_is_described(luks))
		put("re-encryption: mode %s, %s, resilience %s\n", luks_word(LUKS_WORDS_MODE, r->mode),
			luks_word(LUKS_WORDS_DIRECTION, r->direction),
			luks_word(LUKS_WORDS_RESILIENCE, r->resilience));
}

/* The flags that are set, each through @name. */
static void each_flag(unsigned flags, void (*name)(const char *))
{
	for (unsigned i = 0; i < CRYPT_FLAG_COUNT; i++)
		if (flags >> i & 1)
			name(crypt_flags[i].luks2);
}

static void flag_for_people(const char *name)
{
	put("flag:        %s\n", name);
}

/* Of the keyslots that are bits in @set each number, with commas between them. */
static void keyslot_numbers(uint32_t set)
{
	for (unsigned i = 0; set; i++, set >>= 1)
		if (set & 1)
			put(set > 1 ? "%u, " : "%u", i);
}

static void token_for_people(const struct luks_token *t)
{
	put(t->id > 9 ? "token %u:    " : "token %u:     ", t->id);
	put("%s; keyslots %s", escaped(t->type), t->keyslots ? "" : "none");
	keyslot_numbers(t->keyslots);
	if (!strcmp(t->type, "systemd-recovery"))
		put("; a recovery key is typed as the passphrase, dashes included");
	put(strcmp(t->type, "systemd-pkcs11") ? "\n" : "; latchkey does not support PKCS #11\n");
}

static void for_people(const struct subject *s)
{
	const struct luks *luks = &s->device.luks;

	put("version:     LUKS%u\nuuid:        %s\n", luks->version, luks->uuid);
	if (luks->label[0])
		put("label:       %s\n", escaped(luks->label));
	if (luks->subsystem[0])
		put("subsystem:   %s\n", escaped(luks->subsystem));
	put("header:      %s copy, sequence %llu, %llu bytes a copy, keyslots area %llu bytes\n",
		s->device.report.used_secondary ? "secondary" : "primary", (unsigned long long)luks->seqid,
		(unsigned long long)luks->hdr_size_bytes, (unsigned long long)luks->keyslots_size_bytes);
	if (s->kind != PLACE_VOLUME)
		put("contents:    %s, no data\n",
			s->kind == PLACE_BACKUP ? "a header backup" : "a detached header");
	if (s->device.report.note[0])
		put("note:        %s\n", s->device.report.note);
	if (s->member.mark.type) {
		char what[MEMBER_TEXT_BYTES];

		member_describe(&s->member, what);
		put("foreign mark: %s\n", what);
	}
	if (luks->requirements.why[0])
		put("%s: %s\n", luks->requirements.cause ? "must not be mapped" : "re-encryption",
			s->requirements);
	reencryption_for_people(luks);
	for (unsigned i = 0; i < luks->regular_count; i++)
		segment_for_people(luks, &luks->segments[i]);
	for (unsigned i = 0; i < luks->digest_count; i++) {
		const struct luks_digest *d = &luks->digests[i];

		if (d->verdict.cause)
			put("digest %u:    cannot be used: %s\n", d->id, d->verdict.why);
		else
			put("digest %u:    pbkdf2 %s, %u iterations%s\n", d->id, hash_name(d->hash),
				d->iterations,
				d->covers_segment || luks->reencryption ? "" : "; bound to no data");
	}
	for (unsigned i = 0; i < luks->keyslot_count; i++)
		keyslot_for_people(luks, &luks->keyslots[i]);
	if (luks->skipped_keyslots)
		put("keyslots of other types: %u\n", luks->skipped_keyslots);
	for (unsigned i = 0; i < luks->token_count; i++)
		token_for_people(&luks->tokens[i]);
	each_flag(luks->flags, flag_for_people);
}

/* --- for programs ---------------------------------------------------------------------- */

static void json_member_text(const char *name, const char *s)
{
	char safe[6 * ERROR_TEXT_BYTES];

	text_json(safe, sizeof(safe), s);
	put("\"%s\": \"%s\"", name, safe);
}

/* "usable": true, or false with the cause and the reason. */
static void json_usable(const struct luks_verdict *v, const char *why)
{
	put("\"usable\": %s", v->cause ? "false" : "true");
	if (v->cause)
		put(", \"cause\": \"%s\"", cause_info(v->cause)->name);
	if (!v->why[0])
		return;
	put(", ");
	json_member_text("why", why);
}

static void json_verdict(const struct luks_verdict *v)
{
	json_usable(v, v->why);
}

static void json_kdf(const struct kdf *kdf)
{
	put("\"kdf\": {\"type\": \"%s\", ", kdf_name(kdf->kind));
	if (kdf->kind == KDF_PBKDF2)
		put("\"hash\": \"%s\", \"iterations\": %u}", hash_name(kdf->hash), kdf->iterations);
	else
		put("\"time\": %u, \"memory_kib\": %u, \"cpus\": %u}", kdf->iterations, kdf->memory_kib,
			kdf->lanes);
}

static void json_keyslot(const struct luks *luks, const struct luks_keyslot *slot)
{
	put("    {\"id\": %u, \"priority\": \"%s\", ", slot->id, luks_priority_name(slot->priority));
	json_verdict(&slot->verdict);
	if (!slot->verdict.cause) {
		put(", \"key_bytes\": %u, \"digest\": %u, ", slot->key_bytes, luks->digests[slot->digest].id);
		json_kdf(&slot->kdf);
		put(", \"af_hash\": \"%s\", \"area\": {\"offset\": %llu, \"size\": %llu, "
		    "\"encryption\": \"%s\", "
		    "\"key_bytes\": %u}",
			hash_name(slot->af_hash), (unsigned long long)slot->area_off,
			(unsigned long long)slot->area_size_bytes, cipher_name(slot->area_cipher),
			slot->area_key_bytes);
	}
	put("}");
}

static void json_digest(const struct luks_digest *d)
{
	put("    {\"id\": %u, \"covers_segment\": %s, ", d->id, d->covers_segment ? "true" : "false");
	json_verdict(&d->verdict);
	if (!d->verdict.cause)
		put(", \"type\": \"pbkdf2\", \"hash\": \"%s\", \"iterations\": %u", hash_name(d->hash),
			d->iterations);
	put("}");
}

static void json_token(const struct luks_token *t, const char *before)
{
	put("%s\n    {\"id\": %u, ", before, t->id);
	json_member_text("type", t->type);
	put(", \"keyslots\": [");
	keyslot_numbers(t->keyslots);
	put("]}");
}

static void json_segment(const struct luks *luks, const struct luks_segment *seg)
{
	unsigned tag_bytes = cipher_tag_bytes(seg->cipher);

	put("{\"offset\": %llu, \"size\": ", (unsigned long long)seg->off);
	if (seg->size_bytes)
		put("%llu, ", (unsigned long long)seg->size_bytes);
	else
		put("\"dynamic\", ");
	json_verdict(&seg->verdict);
	if (!seg->verdict.cause && !seg->linear)
		put(", \"encryption\": \"%s\", \"sector_size\": %u", cipher_name(seg->cipher),
			seg->sector_bytes);
	if (!seg->verdict.cause && tag_bytes)
		put(", \"integrity\": \"%s\", \"integrity_mode\": \"%s\", \"tag_bytes\": %u",
			cipher_integrity(seg->cipher), luks_integrity_mode(luks), tag_bytes);
	put("}");
}

/* What a re-encryption has in addition: how it is done, and all segments. */
static void json_reencryption(const struct subject *s)
{
	const struct luks *luks = &s->device.luks;
	const struct luks_reencrypt *r = &luks->reencrypt;

	if (!luks_reencryption_is_described(luks))
		return;
	put("  \"reencrypt\": {\"mode\": \"%s\", \"direction\": \"%s\", \"resilience\": \"%s\", "
	    "\"percent\": ",
		luks_word(LUKS_WORDS_MODE, r->mode), luks_word(LUKS_WORDS_DIRECTION, r->direction),
		luks_word(LUKS_WORDS_RESILIENCE, r->resilience));
	put(s->percent < 0 ? "null" : "%d", s->percent);
	put("},\n  \"segments\": [\n    ");
	for (unsigned i = 0; i < luks->regular_count; i++) {
		json_segment(luks, &luks->segments[i]);
		put(i + 1 < luks->regular_count ? ",\n    " : "\n  ],\n");
	}
}

static void json_flag(const char *name)
{
	bool first = page.text[page.used - 1] == '[';

	put("%s\"%s\"", first ? "" : ", ", name);
}

static void json_member(const struct member *m)
{
	put(",\n  \"foreign_mark\": ");
	if (!m->mark.type) {
		put("null");
		return;
	}
	put("{\"type\": \"%s\", \"version\": \"%s\", \"offset\": %llu, ", m->mark.type, m->mark.version,
		(unsigned long long)m->mark.off);
	json_member_text("device", m->name);
	put("}");
}

static void for_programs(const struct subject *s)
{
	const struct luks *luks = &s->device.luks;

	put("{\n  \"format\": 1,\n  \"version\": %u,\n  \"uuid\": \"%s\",\n  ", luks->version, luks->uuid);
	json_member_text("label", luks->label);
	put(",\n  ");
	json_member_text("subsystem", luks->subsystem);
	put(",\n  \"seqid\": %llu,\n  \"header_size\": %llu,\n  \"keyslots_size\": %llu,\n",
		(unsigned long long)luks->seqid, (unsigned long long)luks->hdr_size_bytes,
		(unsigned long long)luks->keyslots_size_bytes);
	put("  \"header_copy\": \"%s\",\n  ", s->device.report.used_secondary ? "secondary" : "primary");
	json_member_text("note", s->device.report.note);
	json_member(&s->member);
	put(",\n  \"requirements\": {");
	json_usable(&luks->requirements, s->requirements);
	put("},\n  \"reencryption\": \"%s\",\n", luks_reencryption_name(luks->reencryption));
	json_reencryption(s);
	put("  \"segment\": ");
	json_segment(luks, &luks->segments[0]);
	put(",\n  \"flags\": [");
	each_flag(luks->flags, json_flag);
	put("],\n  \"tokens\": %u,\n  \"token_list\": [", luks->token_count);
	for (unsigned i = 0; i < luks->token_count; i++)
		json_token(&luks->tokens[i], i ? "," : "");
	put("],\n  \"other_keyslots\": %u,\n  \"digests\": [\n", luks->skipped_keyslots);
	for (unsigned i = 0; i < luks->digest_count; i++) {
		json_digest(&luks->digests[i]);
		put(i + 1 < luks->digest_count ? ",\n" : "\n");
	}
	put("  ],\n  \"keyslots\": [\n");
	for (unsigned i = 0; i < luks->keyslot_count; i++) {
		json_keyslot(luks, &luks->keyslots[i]);
		put(i + 1 < luks->keyslot_count ? ",\n" : "\n");
	}
	put("  ]\n}\n");
}

/* While the device is open: the advice depends on what is there. */
static void look(struct subject *s)
{
	const struct luks_device *d = &s->device;
	const struct luks_verdict *requirements = &d->luks.requirements;
	uint64_t sizes[LUKS_REGULAR_MAX];
	struct error ignored;

	(void)member_read(luks_device_header(d), &s->member);
	s->kind = place_kind(&d->place, &d->luks);
	s->percent = d->luks.reencrypt.resilience == LUKS_RESILIENCE_NONE ||
	                             place_sizes(&d->place, &d->luks, sizes, &ignored)
	                     ? -1
	                     : (int)luks_reencryption_percent(&d->luks, sizes);
	text_format(s->requirements, sizeof(s->requirements), "%s", requirements->why);
	place_advise(&d->place, &d->luks, requirements->advice, s->requirements);
}

enum cause command_dump(const struct options *o, struct error *err)
{
	static struct subject s;
	enum cause cause = command_load(o, &s.device, err);

	if (cause)
		return cause;
	look(&s);
	luks_device_close(&s.device);
	if (o->json)
		for_programs(&s);
	else
		for_people(&s);
	if (page.used + 1 >= sizeof(page.text))
		return error_set(err, CAUSE_BUG, "the output is too long");
	if (!text_write(1, page.text, page.used))
		return error_set(err, CAUSE_USAGE, "standard output cannot be written");
	return CAUSE_OK;
}
