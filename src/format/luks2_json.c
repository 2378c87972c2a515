/* SPDX-License-Identifier: MIT */
/* luks2_json - see luks2_json.h. */
#include "format/luks2_json.h"
#include "base/text.h"
#include "format/luks2_objects.h"
#include <string.h>

/* In the order in which they are read: digests and tokens name keyslots. */
enum { KEYSLOTS, DIGESTS, SEGMENTS, TOKENS, SECTIONS };

/* Specification 3.1 */
struct root {
	const struct json *config, *sections[SECTIONS];
};

#define AT(member) JSON_AT(root, member)

static const struct json_field members[] = {
	{"config", JSON_OBJECT, AT(config)},
	{"keyslots", JSON_OBJECT, AT(sections[KEYSLOTS])},
	{"digests", JSON_OBJECT, AT(sections[DIGESTS])},
	{"segments", JSON_OBJECT, AT(sections[SEGMENTS])},
	{"tokens", JSON_OBJECT, AT(sections[TOKENS])},
};

static const struct section {
	const char *kind; /* of its objects */
	unsigned max;
	enum cause (*read)(struct json_object *, struct luks *, struct luks2_links *);
} sections[SECTIONS] = {
	[KEYSLOTS] = {"keyslot", LUKS_KEYSLOTS_MAX, luks2_keyslot_read},
	[DIGESTS] = {"digest", LUKS_DIGESTS_MAX, luks2_digest_read},
	[SEGMENTS] = {"segment", LUKS_SEGMENTS_MAX, luks2_segment_read},
	[TOKENS] = {"token", LUKS_TOKENS_MAX, luks2_token_read},
};

/* The objects of a section have decimal numbers for names, written one way only. */
static enum cause open_object(const struct section *s, const struct json *json, struct json_object *o)
{
	uint64_t id;

	*o = (struct json_object){.json = json, .err = o->err};
	if (!text_parse_u64(json_name(json), &id) || id >= s->max)
		return error_set(o->err, CAUSE_DAMAGED, "%s \"%s\": the name is not a number from 0 to %u",
			s->kind, json_name(json), s->max - 1);
	o->id = (unsigned)id;
	text_format(o->name, sizeof(o->name), "%s %u", s->kind, o->id);
	if (!json_is_object(json))
		return error_set(o->err, CAUSE_DAMAGED, "%s is not an object", o->name);
	return CAUSE_OK;
}

static enum cause read_section(const struct section *s, const struct json *objects, struct luks *luks,
	struct luks2_links *links, struct error *err)
{
	struct json_object o = {.err = err};
	enum cause cause = CAUSE_OK;

	/* No name occurs twice: there are at most as many as there are numbers. */
	for (const struct json *json = json_first(objects); !cause && json; json = json_next(json)) {
		cause = open_object(s, json, &o);
		if (!cause)
			cause = s->read(&o, luks, links);
	}
	return cause;
}

static enum cause read_root(const struct json *json, struct luks *luks, struct luks2_links *links,
	struct error *err)
{
	struct json_object o = {.name = "header", .json = json, .err = err};
	struct root root;
	enum cause cause = json_read(&o, json, JSON_FIELDS(members), &root);

	if (cause)
		return cause;
	o = (struct json_object){.name = "config", .json = root.config, .err = err};
	cause = luks2_config_read(&o, luks, links);
	for (unsigned i = 0; !cause && i < SECTIONS; i++)
		cause = read_section(&sections[i], root.sections[i], luks, links, err);
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
