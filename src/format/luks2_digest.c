/* SPDX-License-Identifier: MIT */
/* luks2_digest - specification 3.3; see luks2_objects.h. */
#include "format/luks2_objects.h"
#include <string.h>

/* A digest as the text has it. */
struct digest {
	const char *type;
	uint32_t keyslots, segments, salt_bytes;
	struct luks_digest model;
};

#define AT(member) JSON_AT(digest, member)
#define LENGTH(member) .length = offsetof(struct digest, member)

static const struct json_field any_digest[] = {
	{"type", JSON_TEXT, AT(type)},
	{"keyslots", JSON_REFS, AT(keyslots)},
	{"segments", JSON_REFS, AT(segments)},
};

/* 3.3.1 */
static const struct json_field pbkdf2[] = {
	{"hash", JSON_HASH, AT(model.hash)},
	{"iterations", JSON_U32, AT(model.iterations), .low = 1, .high = UINT32_MAX},
	{"salt", JSON_BASE64, AT(model.salt), LENGTH(salt_bytes), .low = LUKS_SALT_BYTES,
		.high = LUKS_SALT_BYTES},
	{"digest", JSON_BASE64, AT(model.value), LENGTH(model.value_bytes)},
};

static enum cause read_pbkdf2(const struct json_object *o, struct digest *d)
{
	enum cause cause = json_read(o, o->json, JSON_FIELDS(pbkdf2), d);

	/* Volumes that were LUKS1 once have 20 bytes. */
	if (!cause && !o->verdict->cause && d->model.value_bytes != 20 &&
		d->model.value_bytes != hash_bytes(d->model.hash))
		verdict_range(o->verdict, "digest length", d->model.value_bytes);
	return cause;
}

enum cause luks2_digest_read(struct json_object *o, struct luks *luks, struct luks2_links *links)
{
	struct digest d = {.model.id = o->id};
	enum cause cause = json_read(o, o->json, JSON_FIELDS(any_digest), &d);

	if (cause)
		return cause;
	o->verdict = &d.model.verdict;
	if (!strcmp(d.type, "pbkdf2"))
		cause = read_pbkdf2(o, &d);
	else
		verdict_unsupported(o->verdict, "digest type", d.type, "");
	links->digest_keyslots[luks->digest_count] = d.keyslots;
	links->digest_segments[luks->digest_count] = d.segments;
	luks->digests[luks->digest_count++] = d.model;
	return cause;
}
