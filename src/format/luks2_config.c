/* SPDX-License-Identifier: MIT */
/* luks2_config - specification 3.6; see luks2_objects.h. */
#include "format/luks2_binary.h"
#include "base/crypt_flags.h"
#include "format/luks2_objects.h"
#include <string.h>

enum { KEYSLOTS_SIZE_MAX = 128 << 20, KEYSLOTS_SIZE_UNIT = 4096 };

/* What is needed of it. */
struct config {
	uint64_t json_size, keyslots_size;
	const struct json *flags, *requirements, *mandatory;
};

#define AT(member) JSON_AT(config, member)

static const struct json_field fields[] = {
	{"json_size", JSON_DECIMAL, AT(json_size)},
	{"keyslots_size", JSON_DECIMAL, AT(keyslots_size)},
	{"flags", JSON_STRINGS, .optional = true, AT(flags)},
	{"requirements", JSON_OBJECT, .optional = true, AT(requirements)},
};

static const struct json_field requirements[] = {
	{"mandatory", JSON_STRINGS, .optional = true, AT(mandatory)},
};

/* 3.6.1 */
static bool set_flag(const char *text, struct luks *luks)
{
	for (unsigned i = 0; i < CRYPT_FLAG_COUNT; i++)
		if (!strcmp(text, crypt_flags[i].luks2)) {
			luks->flags |= 1u << i;
			return true;
		}
	if (strcmp(text, "no-journal"))
		return false;
	luks->no_journal = true;
	return true;
}

/* What to do about the requirement @name. */
static const char *advice(const char *name)
{
	if (!strcmp(name, "opal"))
		return LUKS2_ADVICE_OPAL;
	return ", which latchkey does not know; a newer cryptsetup may open it";
}

static void note_requirement(const char *name, struct luks_verdict *v, struct luks2_reencryption *r)
{
	enum luks_reencryption required = luks2_reencryption_required(name);

	if (required == LUKS_REENCRYPTION_CLEAN)
		r->version = (unsigned)(name[strlen(name) - 1] - '0');
	if (required == LUKS_REENCRYPTION_UNKNOWN)
		verdict_set(v, CAUSE_UNSUPPORTED,
			"a re-encryption is under way that requires \"%s\"; a newer cryptsetup may finish it",
			name);
	/* Two of them, or one that is not known, say nothing that could be followed. */
	if (required != LUKS_REENCRYPTION_NONE)
		r->required = r->required ? LUKS_REENCRYPTION_UNKNOWN : required;
	else
		verdict_set(v, CAUSE_UNSUPPORTED, "the header requires \"%s\"%s", name, advice(name));
}

static enum cause check_sizes(const struct json_object *o, const struct config *c, const struct luks *luks)
{
	uint64_t room = luks->hdr_size_bytes - LUKS2_BINARY_BYTES;

	if (c->json_size != room)
		return error_set(o->err, CAUSE_DAMAGED, "%s: json_size is %llu, the header has room for %llu",
			o->name, (unsigned long long)c->json_size, (unsigned long long)room);
	if (c->keyslots_size % KEYSLOTS_SIZE_UNIT || c->keyslots_size > KEYSLOTS_SIZE_MAX)
		return error_set(o->err, CAUSE_DAMAGED,
			"%s: keyslots_size %llu is not a multiple of 4096 up to 128 MiB", o->name,
			(unsigned long long)c->keyslots_size);
	return CAUSE_OK;
}

enum cause luks2_config_read(struct json_object *o, struct luks *luks, struct luks2_links *links)
{
	struct config c = {0};
	enum cause cause = json_read(o, o->json, JSON_FIELDS(fields), &c);

	if (!cause)
		cause = json_read(o, c.requirements, JSON_FIELDS(requirements), &c);
	if (!cause)
		cause = check_sizes(o, &c, luks);
	luks->keyslots_size_bytes = c.keyslots_size;
	if (cause)
		return cause;
	for (const struct json *f = json_first(c.flags); f; f = json_next(f))
		luks->unknown_flags += !set_flag(json_string(f), luks);
	for (const struct json *m = json_first(c.mandatory); m; m = json_next(m))
		if (!strcmp(json_string(m), "inline-hw-tags"))
			luks->inline_tags = true;
		else
			note_requirement(json_string(m), &luks->requirements, &links->reencryption);
	return CAUSE_OK;
}
