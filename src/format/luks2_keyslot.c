/* SPDX-License-Identifier: MIT */
/* luks2_keyslot - specification 3.2; see luks2_objects.h. */
#include "base/text.h"
#include "format/luks2_objects.h"
#include <string.h>

/* A keyslot as the text has it: the words that choose, beside the model. */
struct keyslot {
	const char *type, *kdf_type, *af_type, *area_type;
	const struct json *kdf, *af, *area;
	uint32_t priority, stripes;
	struct luks_keyslot model;
};

#define AT(member) JSON_AT(keyslot, member)
#define SALT_AT AT(model.kdf.salt), .length = offsetof(struct keyslot, model.kdf.salt_bytes)

static const struct json_field any_keyslot[] = {
	{"type", JSON_TEXT, AT(type)},
	{"key_size", JSON_U32, AT(model.key_bytes)},
	{"area", JSON_OBJECT, AT(area)},
};

static const struct json_field any_area[] = {
	{"type", JSON_TEXT, AT(area_type)},
	{"offset", JSON_DECIMAL, AT(model.area_off)},
	{"size", JSON_DECIMAL, AT(model.area_size_bytes)},
};

/* 3.2.1, the type "luks2" */
static const struct json_field luks2_keyslot[] = {
	{"priority", JSON_U32, .optional = true, AT(priority), .high = LUKS_PRIORITY_PREFER},
	{"kdf", JSON_OBJECT, AT(kdf)},
	{"af", JSON_OBJECT, AT(af)},
};

static const struct json_field any_kdf[] = {
	{"type", JSON_TEXT, AT(kdf_type)},
};

static const struct json_field argon2[] = {
	{"time", JSON_U32, AT(model.kdf.iterations), .low = 1, .high = UINT32_MAX},
	{"memory", JSON_U32, AT(model.kdf.memory_kib)},
	{"cpus", JSON_U32, AT(model.kdf.lanes), .low = 1, .high = 0xffffff},
	{"salt", JSON_BASE64, SALT_AT, .low = LUKS_SALT_BYTES, .high = LUKS_SALT_BYTES},
};

static const struct json_field pbkdf2[] = {
	{"hash", JSON_HASH, AT(model.kdf.hash)},
	{"iterations", JSON_U32, AT(model.kdf.iterations), .low = 1, .high = UINT32_MAX},
	{"salt", JSON_BASE64, SALT_AT, .low = LUKS_SALT_BYTES, .high = LUKS_SALT_BYTES},
};

/* 3.2.4 */
static const struct json_field luks1_af[] = {
	{"type", JSON_TEXT, AT(af_type)},
	{"hash", JSON_HASH, AT(model.af_hash)},
	{"stripes", JSON_U32, AT(stripes), .low = LUKS_STRIPES, .high = LUKS_STRIPES},
};

/* 3.2.3 */
static const struct json_field raw_area[] = {
	{"encryption", JSON_CIPHER, AT(model.area_cipher)},
	{"key_size", JSON_U32, AT(model.area_key_bytes)},
};

/* 4.9.1, the type "reencrypt" */
struct reencrypt {
	const char *mode, *direction, *hash;
	struct luks_reencrypt model;
};

static const struct json_field reencrypt_keyslot[] = {
	{"mode", JSON_TEXT, JSON_AT(reencrypt, mode)},
	{"direction", JSON_TEXT, JSON_AT(reencrypt, direction)},
};

static const struct json_field checksum_area[] = {
	{"hash", JSON_TEXT, JSON_AT(reencrypt, hash)},
	{"sector_size", JSON_U32, JSON_AT(reencrypt, model.area_sector_bytes)},
};

static const struct json_field shift_area[] = {
	{"shift_size", JSON_DECIMAL, JSON_AT(reencrypt, model.shift_bytes)},
};

static enum cause read_kdf(const struct json_object *o, struct keyslot *k)
{
	struct kdf *kdf = &k->model.kdf;
	enum cause cause = json_read(o, k->kdf, JSON_FIELDS(any_kdf), k);

	if (cause)
		return cause;
	if (!strcmp(k->kdf_type, "pbkdf2")) {
		kdf->kind = KDF_PBKDF2;
		return json_read(o, k->kdf, JSON_FIELDS(pbkdf2), k);
	}
	if (strcmp(k->kdf_type, "argon2i") && strcmp(k->kdf_type, "argon2id")) {
		/* What other members it has is not known. */
		verdict_unsupported(o->verdict, "kdf", k->kdf_type, "");
		return CAUSE_OK;
	}
	kdf->kind = k->kdf_type[7] ? KDF_ARGON2ID : KDF_ARGON2I;
	cause = json_read(o, k->kdf, JSON_FIELDS(argon2), k);
	if (!cause && kdf->memory_kib / 8 < kdf->lanes)
		verdict_range(o->verdict, "memory", kdf->memory_kib);
	return cause;
}

/* One type is defined (3.2.3, 3.2.4). Another one makes the header invalid, as in cryptsetup. */
static enum cause only_type(const struct json_object *o, const char *what, const char *type, const char *only)
{
	if (!strcmp(type, only))
		return CAUSE_OK;
	return error_set(o->err, CAUSE_DAMAGED, "%s: %s type is \"%s\", not \"%s\"", o->name, what, type,
		only);
}

static enum cause read_luks2_keyslot(struct json_object *o, struct keyslot *k)
{
	struct luks_keyslot *slot = &k->model;
	enum cause cause = json_read(o, o->json, JSON_FIELDS(luks2_keyslot), k);

	o->verdict = &slot->verdict;
	if (!cause)
		cause = read_kdf(o, k);
	if (!cause)
		cause = json_read(o, k->af, JSON_FIELDS(luks1_af), k);
	if (!cause)
		cause = only_type(o, "anti-forensic", k->af_type, "luks1");
	if (!cause)
		cause = only_type(o, "area", k->area_type, "raw");
	if (!cause)
		cause = json_read(o, k->area, JSON_FIELDS(raw_area), k);
	if (cause)
		return cause;
	if (!cipher_key_fits(slot->area_cipher, slot->area_key_bytes))
		verdict_range(&slot->verdict, "area key_size", slot->area_key_bytes);
	if (!slot->key_bytes || slot->key_bytes > LUKS_KEY_MAX_BYTES)
		verdict_set(&slot->verdict, CAUSE_UNSUPPORTED, "its key has %u bytes", slot->key_bytes);
	else if (luks_area_used_bytes(slot) > slot->area_size_bytes)
		verdict_range(&slot->verdict, "area size", slot->area_size_bytes);
	slot->priority = (enum luks_priority)k->priority;
	return CAUSE_OK;
}

/* The number of @text among the words of @set. Another one is noted. */
static unsigned word(enum luks_words set, const char *text, struct luks2_reencryption *r)
{
	const char *name;

	for (unsigned i = 0; (name = luks_word(set, i)); i++)
		if (!strcmp(name, text))
			return i;
	r->unknown_word = true;
	return 0;
}

static enum cause read_reencrypt(const struct json_object *o, const struct keyslot *k,
	struct luks_reencrypt *model, struct luks2_reencryption *r)
{
	struct reencrypt t = {.hash = ""};
	enum cause cause = json_read(o, o->json, JSON_FIELDS(reencrypt_keyslot), &t);
	bool checksum, shift;

	r->keyslots |= 1u << k->model.id;
	r->unknown_word |= k->model.key_bytes != 1;
	if (cause)
		return cause;
	t.model.version = r->version;
	t.model.mode = (enum luks_mode)word(LUKS_WORDS_MODE, t.mode, r);
	t.model.direction = (enum luks_direction)word(LUKS_WORDS_DIRECTION, t.direction, r);
	t.model.resilience = (enum luks_resilience)word(LUKS_WORDS_RESILIENCE, k->area_type, r);
	t.model.area_off = k->model.area_off;
	t.model.area_size_bytes = k->model.area_size_bytes;
	checksum = text_find(k->area_type, "checksum");
	shift = text_find(k->area_type, "datashift");
	if (checksum)
		cause = json_read(o, k->area, JSON_FIELDS(checksum_area), &t);
	if (shift && !cause)
		cause = json_read(o, k->area, JSON_FIELDS(shift_area), &t);
	/* Whole sectors, of at least one. */
	if ((checksum && !t.model.area_sector_bytes) || (shift && !t.model.shift_bytes) ||
		(t.model.area_sector_bytes | t.model.shift_bytes) % CIPHER_SECTOR_BYTES)
		r->unknown_word = true;
	if (text_format(t.model.area_hash, sizeof(t.model.area_hash), "%s", t.hash) != strlen(t.hash))
		r->unknown_word = true;
	*model = t.model;
	return cause;
}

enum cause luks2_keyslot_read(struct json_object *o, struct luks *luks, struct luks2_links *links)
{
	struct keyslot k = {.priority = LUKS_PRIORITY_NORMAL, .model.id = o->id};
	enum cause cause = json_read(o, o->json, JSON_FIELDS(any_keyslot), &k);

	if (!cause)
		cause = json_read(o, k.area, JSON_FIELDS(any_area), &k);
	if (cause)
		return cause;
	links->keyslot_ids |= 1u << o->id;
	links->areas[links->area_count++] =
		(struct luks2_area){o->id, k.model.area_off, k.model.area_size_bytes};
	/*
	 * A keyslot of another type has an area all the same (3.2), and re-encryption must not be overlooked.
	 */
	if (strcmp(k.type, "luks2")) {
		luks->skipped_keyslots++;
		return strcmp(k.type, "reencrypt")
		               ? CAUSE_OK
		               : read_reencrypt(o, &k, &luks->reencrypt, &links->reencryption);
	}
	cause = read_luks2_keyslot(o, &k);
	o->verdict = NULL; /* it was in @k */
	luks->keyslots[luks->keyslot_count++] = k.model;
	return cause;
}
