/* SPDX-License-Identifier: MIT */
/* luks2_token - specification 3.5; see luks2_objects.h. */
#include "base/text.h"
#include "format/luks2_objects.h"
#include <string.h>

/* A token as the text has it. */
struct token {
	const char *type;
	uint32_t keyslots;
};

#define AT(member) JSON_AT(token, member)

static const struct json_field any_token[] = {
	{"type", JSON_TEXT, AT(type)},
	{"keyslots", JSON_REFS, AT(keyslots)},
};

/* A token that cannot be used does not damage the header: its keyslots open without it. */
static void keep_key(const struct json_object *o, struct luks *luks, struct luks_token *t)
{
	const char *description = json_string(json_member(o->json, "key_description"));
	size_t len = 0;

	if (luks->keyring_key_count == LUKS_KEYRING_KEYS_MAX || !t->keyslots || !description)
		return;
	while (description[len] >= ' ' && description[len] <= '~')
		len++;
	if (!len || description[len] || len > LUKS_KEY_DESCRIPTION_CHARS)
		return;
	memcpy(luks->keyring_keys[luks->keyring_key_count++], description, len + 1);
	t->key = luks->keyring_key_count;
}

/* What every token has is checked. Its content is only read where that needs no other program. */
enum cause luks2_token_read(struct json_object *o, struct luks *luks, struct luks2_links *links)
{
	struct token t = {0};
	struct luks_token *kept;
	enum cause cause = json_read(o, o->json, JSON_FIELDS(any_token), &t);

	if (cause)
		return cause;
	if (t.keyslots & ~links->keyslot_ids)
		return error_set(o->err, CAUSE_DAMAGED, "%s: refers to a keyslot that does not exist",
			o->name);
	kept = &luks->tokens[luks->token_count++];
	kept->id = o->id;
	kept->keyslots = t.keyslots;
	text_format(kept->type, sizeof(kept->type), "%s", t.type);
	if (!strcmp(t.type, "luks2-keyring"))
		keep_key(o, luks, kept);
	return CAUSE_OK;
}
