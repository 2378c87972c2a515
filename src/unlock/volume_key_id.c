/* SPDX-License-Identifier: MIT */
/* volume_key_id - see volume_key_id.h. */
#include "unlock/volume_key_id.h"
#include "base/text.h"
#include "secret/wipe.h"
#include <string.h>

/* systemd escapes in the name what could end it. */
static size_t put_name(char *text, size_t size, const char *name)
{
	size_t used = 0;

	for (; *name; name++)
		used += text_format(text + used, size - used,
			*name < ' ' || *name > '~' || strchr(":\\", *name) ? "\\x%02x" : "%c",
			(unsigned char)*name);
	return used;
}

void volume_key_id_text(const char *name, const char *uuid, char text[static VOLUME_KEY_ID_TEXT_BYTES])
{
	size_t used = text_format(text, VOLUME_KEY_ID_TEXT_BYTES, "cryptsetup:%s%s", name ? "" : "luks-",
		name ? "" : uuid);

	used += put_name(text + used, VOLUME_KEY_ID_TEXT_BYTES - used, name ? name : "");
	text_format(text + used, VOLUME_KEY_ID_TEXT_BYTES - used, ":%s", uuid);
}

void volume_key_id_hmac(const struct volume_key *key, enum hash h, const char *text, char *hex)
{
	uint8_t mac[HASH_MAX_BYTES];

	hash_hmac(h, (struct bytes){key->data, key->len}, (struct bytes){text, strlen(text)}, mac);
	wipe_stack();
	for (unsigned i = 0; i < hash_bytes(h); i++)
		text_format(hex + 2 * i, 3, "%02x", mac[i]);
}

void volume_key_id(const struct volume_key *key, const char *name, const char *uuid,
	char id[static VOLUME_KEY_ID_CHARS + 1])
{
	char text[VOLUME_KEY_ID_TEXT_BYTES];

	volume_key_id_text(name, uuid, text);
	volume_key_id_hmac(key, HASH_SHA256, text, id);
}

enum cause volume_key_id_check(const struct unlock_request *r, const char *device,
	const char id[static VOLUME_KEY_ID_CHARS + 1], struct error *err)
{
	const char *want = r->volume_key_id;

	if (!want || (strlen(want) == VOLUME_KEY_ID_CHARS && wipe_equal(id, want, VOLUME_KEY_ID_CHARS)))
		return CAUSE_OK;
	return error_set(err, CAUSE_DAMAGED,
		"%s: its volume key is not the pinned one: the header or the volume was replaced, or has "
		"another name (the key's id is %s)",
		device, id);
}
