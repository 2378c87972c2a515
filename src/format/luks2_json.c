/* SPDX-License-Identifier: MIT */
/* luks2_json - see luks2_json.h. */
#include "format/luks2_json.h"
#include "base/crypt_flags.h"
#include "base/text.h"
#include "format/base64.h"
#include "format/json.h"
#include <string.h>

/* --- members that must be there ------------------------------------------------------- */

static enum cause missing(const char *where, const char *name, const char *what, struct error *err)
{
	return error_set(err, CAUSE_DAMAGED, "%s: \"%s\" is missing or not %s", where, name, what);
}

static enum cause need_object(const struct json *in, const char *where, const char *name,
	const struct json **out, struct error *err)
{
	*out = json_member(in, name);
	return json_is_object(*out) ? CAUSE_OK : missing(where, name, "an object", err);
}

static enum cause need_string(const struct json *in, const char *where, const char *name, const char **out,
	struct error *err)
{
	*out = json_string(json_member(in, name));
	return *out && **out ? CAUSE_OK : missing(where, name, "a string", err);
}

static enum cause need_u32(const struct json *in, const char *where, const char *name, uint32_t *out,
	struct error *err)
{
	return json_u32(json_member(in, name), out) ? CAUSE_OK : missing(where, name, "an integer", err);
}

/* 64-bit numbers are decimal strings (specification 3). */
static enum cause need_decimal(const struct json *in, const char *where, const char *name, uint64_t *out,
	struct error *err)
{
	const char *text = json_string(json_member(in, name));

	return text && text_parse_u64(text, out) ? CAUSE_OK : missing(where, name, "a decimal string", err);
}

static enum cause need_base64(const struct json *in, const char *where, const char *name, uint8_t *out,
	size_t room, uint32_t *len, struct error *err)
{
	const char *text = json_string(json_member(in, name));
	size_t n;

	if (!text || !base64_decode(text, out, room, &n))
		return missing(where, name, "base64 of a fitting length", err);
	*len = (uint32_t)n;
	return CAUSE_OK;
}

/* Object names are decimal numbers, written one way only. */
static enum cause object_id(const struct json *object, const char *kind, unsigned max, unsigned *id,
	struct error *err)
{
	uint64_t n;

	if (!text_parse_u64(json_name(object), &n) || n >= max)
		return error_set(err, CAUSE_DAMAGED, "%s \"%s\": the name is no number from 0 to %u", kind,
			json_name(object), max - 1);
	if (!json_is_object(object))
		return error_set(err, CAUSE_DAMAGED, "%s %u is not an object", kind, (unsigned)n);
	*id = (unsigned)n;
	return CAUSE_OK;
}

/* --- verdicts ------------------------------------------------------------------------- */

/* The first reason stands. */
static void verdict(struct luks_verdict *v, enum cause cause, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void verdict(struct luks_verdict *v, enum cause cause, const char *fmt, ...)
{
	va_list args;

	if (v->cause)
		return;
	v->cause = cause;
	va_start(args, fmt);
	text_vformat(v->why, sizeof(v->why), fmt, args);
	va_end(args);
	text_sanitize(v->why);
}

static void verdict_range(struct luks_verdict *v, const char *name, uint64_t n)
{
	verdict(v, CAUSE_DAMAGED, "\"%s\" is %llu, out of its range", name, (unsigned long long)n);
}

static void find_hash(const char *name, enum hash *out, struct luks_verdict *v)
{
	if (!hash_find(name, out))
		verdict(v, CAUSE_UNSUPPORTED, "hash \"%s\" is not supported", name);
}

/* --- keyslots (specification 3.2) ----------------------------------------------------- */

static enum cause read_argon2(const struct json *kdf, const char *where, struct luks_keyslot *slot,
	struct error *err)
{
	enum cause cause = need_u32(kdf, where, "time", &slot->kdf.iterations, err);

	if (!cause)
		cause = need_u32(kdf, where, "memory", &slot->kdf.memory_kib, err);
	if (!cause)
		cause = need_u32(kdf, where, "cpus", &slot->kdf.lanes, err);
	if (cause)
		return cause;
	if (!slot->kdf.iterations)
		verdict_range(&slot->verdict, "time", 0);
	if (!slot->kdf.lanes || slot->kdf.lanes > 0xffffff)
		verdict_range(&slot->verdict, "cpus", slot->kdf.lanes);
	else if (slot->kdf.memory_kib / 8 < slot->kdf.lanes)
		verdict_range(&slot->verdict, "memory", slot->kdf.memory_kib);
	return CAUSE_OK;
}

static enum cause read_pbkdf2(const struct json *kdf, const char *where, struct luks_keyslot *slot,
	struct error *err)
{
	const char *hash;
	enum cause cause = need_string(kdf, where, "hash", &hash, err);

	if (!cause)
		cause = need_u32(kdf, where, "iterations", &slot->kdf.iterations, err);
	if (cause)
		return cause;
	find_hash(hash, &slot->kdf.hash, &slot->verdict);
	if (!slot->kdf.iterations)
		verdict_range(&slot->verdict, "iterations", 0);
	return CAUSE_OK;
}

static enum cause read_kdf(const struct json *in, const char *where, struct luks_keyslot *slot,
	struct error *err)
{
	const struct json *kdf;
	const char *type;
	enum cause cause = need_object(in, where, "kdf", &kdf, err);

	if (!cause)
		cause = need_string(kdf, where, "type", &type, err);
	if (cause)
		return cause;
	if (!strcmp(type, "pbkdf2")) {
		slot->kdf.kind = KDF_PBKDF2;
		cause = read_pbkdf2(kdf, where, slot, err);
	} else if (!strcmp(type, "argon2i") || !strcmp(type, "argon2id")) {
		slot->kdf.kind = type[7] ? KDF_ARGON2ID : KDF_ARGON2I;
		cause = read_argon2(kdf, where, slot, err);
	} else {
		/* Its other members are its own affair. */
		verdict(&slot->verdict, CAUSE_UNSUPPORTED, "kdf \"%s\" is not supported", type);
		return CAUSE_OK;
	}
	if (!cause)
		cause = need_base64(kdf, where, "salt", slot->kdf.salt, sizeof(slot->kdf.salt),
			&slot->kdf.salt_bytes, err);
	if (!cause && slot->kdf.salt_bytes != LUKS_SALT_BYTES)
		verdict_range(&slot->verdict, "salt length", slot->kdf.salt_bytes);
	return cause;
}

static enum cause read_af(const struct json *in, const char *where, struct luks_keyslot *slot,
	struct error *err)
{
	const struct json *af;
	const char *type, *hash;
	uint32_t stripes;
	enum cause cause = need_object(in, where, "af", &af, err);

	if (!cause)
		cause = need_string(af, where, "type", &type, err);
	if (!cause)
		cause = need_string(af, where, "hash", &hash, err);
	if (!cause)
		cause = need_u32(af, where, "stripes", &stripes, err);
	if (cause)
		return cause;
	/* The one there is (3.2.4): another makes the header invalid, as for cryptsetup. */
	if (strcmp(type, "luks1"))
		return error_set(err, CAUSE_DAMAGED, "%s: anti-forensic split \"%s\" where \"luks1\" belongs",
			where, type);
	find_hash(hash, &slot->af_hash, &slot->verdict);
	if (stripes != LUKS_STRIPES)
		verdict_range(&slot->verdict, "stripes", stripes);
	return CAUSE_OK;
}

/* @raw: the area must be one that holds a key (3.2.3). */
static enum cause read_area(const struct json *in, const char *where, bool raw, struct luks_keyslot *slot,
	struct luks2_links *links, struct error *err)
{
	const struct json *area;
	enum cause cause = need_object(in, where, "area", &area, err);
	const char *type;

	if (!cause)
		cause = need_string(area, where, "type", &type, err);
	if (!cause)
		cause = need_decimal(area, where, "offset", &slot->area_off, err);
	if (!cause)
		cause = need_decimal(area, where, "size", &slot->area_size_bytes, err);
	if (cause)
		return cause;
	links->areas[links->area_count].keyslot = slot->id;
	links->areas[links->area_count].off = slot->area_off;
	links->areas[links->area_count++].size_bytes = slot->area_size_bytes;
	if (raw && strcmp(type, "raw"))
		return error_set(err, CAUSE_DAMAGED, "%s: area type \"%s\" where \"raw\" belongs", where,
			type);
	return CAUSE_OK;
}

static enum cause read_area_cipher(const struct json *in, const char *where, struct luks_keyslot *slot,
	struct error *err)
{
	const struct json *area = json_member(in, "area");
	const char *encryption;
	enum cause cause = need_string(area, where, "encryption", &encryption, err);

	if (!cause)
		cause = need_u32(area, where, "key_size", &slot->area_key_bytes, err);
	if (cause)
		return cause;
	if (!cipher_find(encryption, &slot->area_cipher))
		verdict(&slot->verdict, CAUSE_UNSUPPORTED, "area cipher \"%s\" is not supported%s",
			encryption, cipher_advice(encryption));
	else if (!cipher_key_fits(slot->area_cipher, slot->area_key_bytes))
		verdict_range(&slot->verdict, "area key_size", slot->area_key_bytes);
	return CAUSE_OK;
}

static enum cause read_priority(const struct json *in, const char *where, struct luks_keyslot *slot,
	struct error *err)
{
	const struct json *member = json_member(in, "priority");
	uint32_t n;

	slot->priority = LUKS_PRIORITY_NORMAL;
	if (!member)
		return CAUSE_OK;
	if (!json_u32(member, &n) || n > LUKS_PRIORITY_PREFER)
		return missing(where, "priority", "0, 1 or 2", err);
	slot->priority = (enum luks_priority)n;
	return CAUSE_OK;
}

static enum cause read_luks2_keyslot(const struct json *in, const char *where, struct luks_keyslot *slot,
	struct luks2_links *links, struct error *err)
{
	enum cause cause = read_priority(in, where, slot, err);

	if (!cause)
		cause = read_kdf(in, where, slot, err);
	if (!cause)
		cause = read_af(in, where, slot, err);
	if (!cause)
		cause = read_area(in, where, true, slot, links, err);
	if (!cause)
		cause = read_area_cipher(in, where, slot, err);
	if (cause)
		return cause;
	if (!slot->key_bytes || slot->key_bytes > CIPHER_KEY_MAX_BYTES)
		verdict(&slot->verdict, CAUSE_UNSUPPORTED, "its key has %u bytes", slot->key_bytes);
	else if (luks_area_used_bytes(slot) > slot->area_size_bytes)
		verdict_range(&slot->verdict, "area size", slot->area_size_bytes);
	return CAUSE_OK;
}

static void read_reencryption(const struct json *in, unsigned id, struct luks2_reencryption *r)
{
	const char *resilience = json_string(json_member(json_member(in, "area"), "type"));

	r->keyslots |= 1u << id;
	r->unprotected |= resilience && !strcmp(resilience, "none");
}

static enum cause read_keyslot(const struct json *in, struct luks *luks, struct luks2_links *links,
	struct error *err)
{
	struct luks_keyslot *slot = &luks->keyslots[luks->keyslot_count];
	const char *type;
	char where[32];
	enum cause cause;

	/* A skipped keyslot may have been read into the same place. */
	*slot = (struct luks_keyslot){0};
	cause = object_id(in, "keyslot", LUKS_KEYSLOTS_MAX, &slot->id, err);
	if (cause)
		return cause;
	text_format(where, sizeof(where), "keyslot %u", slot->id);
	links->keyslot_ids |= 1u << slot->id;
	cause = need_string(in, where, "type", &type, err);
	if (!cause)
		cause = need_u32(in, where, "key_size", &slot->key_bytes, err);
	if (cause)
		return cause;
	if (!strcmp(type, "luks2")) {
		luks->keyslot_count++;
		return read_luks2_keyslot(in, where, slot, links, err);
	}
	/* Of a type of somebody else: it has an area all the same (3.2), and re-encryption must not be overlooked. */
	luks->skipped_keyslots++;
	if (!strcmp(type, "reencrypt"))
		read_reencryption(in, slot->id, &links->reencryption);
	return read_area(in, where, false, slot, links, err);
}

/* --- digests (specification 3.3) ------------------------------------------------------ */

/* An array of decimal strings, each the number of an object, to bits. */
static enum cause read_refs(const struct json *in, const char *where, const char *name, uint32_t *bits,
	struct error *err)
{
	const struct json *array = json_member(in, name);
	uint64_t n;

	if (!json_is_array(array))
		return missing(where, name, "an array", err);
	*bits = 0;
	for (const struct json *v = json_first(array); v; v = json_next(v)) {
		const char *text = json_string(v);

		if (!text || !text_parse_u64(text, &n) || n > 31)
			return missing(where, name, "an array of numbers from \"0\" to \"31\"", err);
		*bits |= 1u << n;
	}
	return CAUSE_OK;
}

static enum cause read_pbkdf2_digest(const struct json *in, const char *where, struct luks_digest *digest,
	struct error *err)
{
	const char *hash;
	uint32_t salt_bytes = 0;
	enum cause cause = need_string(in, where, "hash", &hash, err);

	if (!cause)
		cause = need_u32(in, where, "iterations", &digest->iterations, err);
	if (!cause)
		cause = need_base64(in, where, "salt", digest->salt, sizeof(digest->salt), &salt_bytes, err);
	if (!cause)
		cause = need_base64(in, where, "digest", digest->value, sizeof(digest->value),
			&digest->value_bytes, err);
	if (cause)
		return cause;
	find_hash(hash, &digest->hash, &digest->verdict);
	if (salt_bytes != LUKS_SALT_BYTES)
		verdict_range(&digest->verdict, "salt length", salt_bytes);
	/* 20 bytes come from volumes that were LUKS1 once. */
	if (!digest->verdict.cause && digest->value_bytes != 20 &&
		digest->value_bytes != hash_bytes(digest->hash))
		verdict_range(&digest->verdict, "digest length", digest->value_bytes);
	if (!digest->iterations)
		verdict_range(&digest->verdict, "iterations", 0);
	return CAUSE_OK;
}

static enum cause read_digest(const struct json *in, struct luks *luks, struct luks2_links *links,
	struct error *err)
{
	struct luks_digest *digest = &luks->digests[luks->digest_count];
	const char *type;
	char where[32];
	enum cause cause = object_id(in, "digest", LUKS_DIGESTS_MAX, &digest->id, err);

	if (cause)
		return cause;
	text_format(where, sizeof(where), "digest %u", digest->id);
	cause = need_string(in, where, "type", &type, err);
	if (!cause)
		cause = read_refs(in, where, "keyslots", &links->digest_keyslots[luks->digest_count], err);
	if (!cause)
		cause = read_refs(in, where, "segments", &links->digest_segments[luks->digest_count], err);
	if (cause)
		return cause;
	luks->digest_count++;
	if (!strcmp(type, "pbkdf2"))
		return read_pbkdf2_digest(in, where, digest, err);
	verdict(&digest->verdict, CAUSE_UNSUPPORTED, "digest type \"%s\" is not supported", type);
	return CAUSE_OK;
}

/* --- segments (specification 3.4) ----------------------------------------------------- */

static enum cause read_extent(const struct json *in, const char *where, uint64_t *off, uint64_t *size,
	struct error *err)
{
	const char *text;
	enum cause cause = need_decimal(in, where, "offset", off, err);

	if (!cause)
		cause = need_string(in, where, "size", &text, err);
	if (cause)
		return cause;
	*size = 0;
	if (strcmp(text, "dynamic") && (!text_parse_u64(text, size) || !*size))
		return missing(where, "size", "\"dynamic\" or a decimal string over 0", err);
	if (*off % CIPHER_SECTOR_BYTES || *size % CIPHER_SECTOR_BYTES || *off > INT64_MAX ||
		*size > INT64_MAX)
		return error_set(err, CAUSE_DAMAGED,
			"%s: offset or size is no multiple of 512 or out of range", where);
	return CAUSE_OK;
}

static enum cause read_crypt(const struct json *in, const char *where, struct luks_segment *seg,
	struct error *err)
{
	const char *encryption;
	uint64_t iv_tweak;
	enum cause cause = need_string(in, where, "encryption", &encryption, err);

	if (!cause)
		cause = need_decimal(in, where, "iv_tweak", &iv_tweak, err);
	if (!cause)
		cause = need_u32(in, where, "sector_size", &seg->sector_bytes, err);
	if (cause)
		return cause;
	/* First, for it has ciphers of its own. */
	if (json_member(in, "integrity"))
		verdict(&seg->verdict, CAUSE_UNSUPPORTED,
			"integrity protection is not supported; open it with cryptsetup");
	if (!cipher_find(encryption, &seg->cipher))
		verdict(&seg->verdict, CAUSE_UNSUPPORTED, "cipher \"%s\" is not supported%s", encryption,
			cipher_advice(encryption));
	/* cryptsetup writes 0 always and ignores anything else: rather refuse than guess. */
	if (iv_tweak)
		verdict(&seg->verdict, CAUSE_UNSUPPORTED,
			"an IV tweak of %llu is not supported; cryptsetup writes 0: open it with what made it",
			(unsigned long long)iv_tweak);
	if (seg->sector_bytes < 512 || seg->sector_bytes > 4096 ||
		(seg->sector_bytes & (seg->sector_bytes - 1)))
		return error_set(err, CAUSE_DAMAGED, "%s: sector size %u is none of 512, 1024, 2048, 4096",
			where, seg->sector_bytes);
	if (seg->size_bytes % seg->sector_bytes)
		return error_set(err, CAUSE_DAMAGED, "%s: size %llu is no multiple of its sector size %u",
			where, (unsigned long long)seg->size_bytes, seg->sector_bytes);
	return CAUSE_OK;
}

/* "in-reencryption" and "backup-..." belong to re-encryption; other flags mean nothing here. */
static enum cause read_segment_flags(const struct json *in, const char *where, bool *backup,
	struct luks2_reencryption *r, struct error *err)
{
	const struct json *flags = json_member(in, "flags");

	if (flags && !json_is_array(flags))
		return missing(where, "flags", "an array", err);
	for (const struct json *f = json_first(flags); f; f = json_next(f)) {
		const char *text = json_string(f);

		if (!text)
			return missing(where, "flags", "an array of strings", err);
		*backup |= !strncmp(text, "backup-", 7);
		r->backups += *backup;
		r->previous += !strcmp(text, "backup-previous");
		r->final += !strcmp(text, "backup-final");
		r->hot += !strcmp(text, "in-reencryption");
	}
	return CAUSE_OK;
}

/* What to do about a segment that is refused. */
static const char *segment_advice(const char *type)
{
	if (!strcmp(type, "linear"))
		return ": its data is not encrypted; there is nothing to unlock";
	return strncmp(type, "hw-opal", 7)
	               ? "; a newer cryptsetup may open it"
	               : ": the drive itself encrypts; open it with cryptsetup 2.7 or later";
}

static enum cause read_segment(const struct json *in, struct luks *luks, struct luks2_links *links,
	struct error *err)
{
	struct luks_segment seg = {0};
	const char *type;
	bool backup = false;
	char where[32];
	unsigned id;
	enum cause cause = object_id(in, "segment", LUKS_SEGMENTS_MAX, &id, err);

	if (cause)
		return cause;
	text_format(where, sizeof(where), "segment %u", id);
	cause = need_string(in, where, "type", &type, err);
	if (!cause)
		cause = read_extent(in, where, &seg.off, &seg.size_bytes, err);
	if (!cause)
		cause = read_segment_flags(in, where, &backup, &links->reencryption, err);
	if (cause)
		return cause;
	if (!strcmp(type, "crypt"))
		cause = read_crypt(in, where, &seg, err);
	else
		verdict(&seg.verdict, CAUSE_UNSUPPORTED, "segment type \"%s\" is not supported%s", type,
			segment_advice(type));
	links->segment_ids |= 1u << id;
	links->segments[id].off = seg.off;
	links->segments[id].size_bytes = seg.size_bytes;
	links->segments[id].backup = backup;
	luks->segment_count++;
	if (!id)
		luks->segment = seg;
	return cause;
}

/* --- config and tokens (specification 3.5, 3.6) ---------------------------------------- */

/* As a set; empty if latchkey does not pass it on. */
static unsigned find_flag(const char *text)
{
	for (unsigned i = 0; i < CRYPT_FLAG_COUNT; i++)
		if (!strcmp(text, crypt_flags[i].luks2))
			return 1u << i;
	return 0;
}

static enum cause read_flags(const struct json *config, struct luks *luks, struct error *err)
{
	const struct json *flags = json_member(config, "flags");
	unsigned flag;

	if (flags && !json_is_array(flags))
		return missing("config", "flags", "an array", err);
	for (const struct json *f = json_first(flags); f; f = json_next(f)) {
		if (!json_string(f))
			return missing("config", "flags", "an array of strings", err);
		flag = find_flag(json_string(f));
		luks->flags |= flag;
		luks->unknown_flags += !flag;
	}
	return CAUSE_OK;
}

/* What to do about a requirement that is not met; cryptsetup is the one that knows them all. */
static const char *requirement_advice(const char *name)
{
	if (!strcmp(name, "opal"))
		return ": the drive itself encrypts; open it with cryptsetup 2.7 or later";
	if (!strcmp(name, "inline-hw-tags"))
		return ": its integrity tags are kept by the drive; open it with cryptsetup 2.8 or later";
	return ", which latchkey does not know; a newer cryptsetup may open it";
}

static void read_requirement(const char *name, struct luks_verdict *v, struct luks2_reencryption *r)
{
	enum luks_reencryption required = luks2_reencryption_required(name);

	if (required == LUKS_REENCRYPTION_UNKNOWN)
		verdict(v, CAUSE_UNSUPPORTED,
			"a re-encryption is under way that requires \"%s\"; a newer cryptsetup may finish it",
			name);
	if (required != LUKS_REENCRYPTION_NONE)
		r->required = required;
	else
		verdict(v, CAUSE_UNSUPPORTED, "the header requires \"%s\"%s", name, requirement_advice(name));
}

static enum cause read_requirements(const struct json *config, struct luks_verdict *v,
	struct luks2_reencryption *r, struct error *err)
{
	const struct json *requirements = json_member(config, "requirements");
	const struct json *mandatory = json_member(requirements, "mandatory");

	if (requirements && !json_is_object(requirements))
		return missing("config", "requirements", "an object", err);
	if (mandatory && !json_is_array(mandatory))
		return missing("config", "mandatory", "an array", err);
	for (const struct json *m = json_first(mandatory); m; m = json_next(m)) {
		const char *text = json_string(m);

		if (!text)
			return missing("config", "mandatory", "an array of strings", err);
		read_requirement(text, v, r);
	}
	return CAUSE_OK;
}

enum { KEYSLOTS_SIZE_MAX = 128 << 20 };

static enum cause read_config(const struct json *root, struct luks *luks, struct luks2_links *links,
	struct error *err)
{
	const struct json *config;
	uint64_t json_size;
	enum cause cause = need_object(root, "header", "config", &config, err);

	if (!cause)
		cause = need_decimal(config, "config", "json_size", &json_size, err);
	if (!cause)
		cause = need_decimal(config, "config", "keyslots_size", &luks->keyslots_size_bytes, err);
	if (!cause)
		cause = read_flags(config, luks, err);
	if (!cause)
		cause = read_requirements(config, &luks->requirements, &links->reencryption, err);
	if (cause)
		return cause;
	if (json_size != luks->hdr_size_bytes - 4096)
		return error_set(err, CAUSE_DAMAGED,
			"config: json_size is %llu, the header has room for %llu",
			(unsigned long long)json_size, (unsigned long long)luks->hdr_size_bytes - 4096);
	if (luks->keyslots_size_bytes % 4096 || luks->keyslots_size_bytes > KEYSLOTS_SIZE_MAX)
		return error_set(err, CAUSE_DAMAGED,
			"config: keyslots_size %llu is no multiple of 4096 up to 128 MiB",
			(unsigned long long)luks->keyslots_size_bytes);
	return CAUSE_OK;
}

/* One that cannot be used is no fault of the header, whose keyslots open without it. */
static void keep_keyring_token(const struct json *in, unsigned id, uint32_t slots, struct luks *luks)
{
	struct luks_keyring_token *t = &luks->keyring_tokens[luks->keyring_token_count];
	const char *description = json_string(json_member(in, "key_description"));
	size_t len = 0;

	if (luks->keyring_token_count == LUKS_KEYRING_TOKENS_MAX || !slots || !description)
		return;
	while (description[len] >= ' ' && description[len] <= '~')
		len++;
	if (!len || description[len] || len > LUKS_KEY_DESCRIPTION_CHARS)
		return;
	t->id = id;
	t->keyslots = slots;
	memcpy(t->key_description, description, len + 1);
	luks->keyring_token_count++;
}

/* The structure of tokens is checked; the content only of those that need no program to be understood. */
static enum cause read_token(const struct json *in, struct luks *luks, struct luks2_links *links,
	struct error *err)
{
	const char *type;
	uint32_t slots;
	char where[32];
	unsigned id;
	enum cause cause = object_id(in, "token", LUKS_TOKENS_MAX, &id, err);

	if (cause)
		return cause;
	text_format(where, sizeof(where), "token %u", id);
	cause = need_string(in, where, "type", &type, err);
	if (!cause)
		cause = read_refs(in, where, "keyslots", &slots, err);
	if (!cause && (slots & ~links->keyslot_ids))
		cause = error_set(err, CAUSE_DAMAGED, "%s: names a keyslot that is not there", where);
	if (!cause && !strcmp(type, "luks2-keyring"))
		keep_keyring_token(in, id, slots, luks);
	luks->token_count++;
	return cause;
}

/* Each object of @section through @read; at most @max of them. */
static enum cause read_section(const struct json *root, const char *section, unsigned max,
	enum cause (*read)(const struct json *, struct luks *, struct luks2_links *, struct error *),
	struct luks *luks, struct luks2_links *links, struct error *err)
{
	const struct json *object;
	unsigned count = 0;
	enum cause cause = need_object(root, "header", section, &object, err);

	for (object = json_first(object); !cause && object; object = json_next(object)) {
		if (++count > max)
			return error_set(err, CAUSE_DAMAGED, "%s: more than %u of them", section, max);
		cause = read(object, luks, links, err);
	}
	return cause;
}

static enum cause read_root(const struct json *root, struct luks *luks, struct luks2_links *links,
	struct error *err)
{
	enum cause cause = read_config(root, luks, links, err);

	if (!cause)
		cause = read_section(root, "keyslots", LUKS_KEYSLOTS_MAX, read_keyslot, luks, links, err);
	if (!cause)
		cause = read_section(root, "digests", LUKS_DIGESTS_MAX, read_digest, luks, links, err);
	if (!cause)
		cause = read_section(root, "segments", LUKS_SEGMENTS_MAX, read_segment, luks, links, err);
	if (!cause)
		cause = read_section(root, "tokens", LUKS_TOKENS_MAX, read_token, luks, links, err);
	return cause;
}

enum cause luks2_json_read(const char *text, size_t len, struct luks *luks, struct luks2_links *links,
	struct error *err)
{
	const struct json *root;
	enum cause cause = json_open(text, len, &root, err);

	memset(links, 0, sizeof(*links));
	if (!cause)
		cause = read_root(root, luks, links, err);
	json_close();
	return cause;
}
