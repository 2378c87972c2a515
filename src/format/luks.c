/* SPDX-License-Identifier: MIT */
/* luks - see luks.h. */
#include "format/luks.h"

uint64_t luks_area_used_bytes(const struct luks_keyslot *slot)
{
	uint64_t split = (uint64_t)slot->key_bytes * LUKS_STRIPES;

	return (split + CIPHER_SECTOR_BYTES - 1) / CIPHER_SECTOR_BYTES * CIPHER_SECTOR_BYTES;
}

/* This text becomes part of names that the kernel gets. */
bool luks_uuid_is_valid(const char *s)
{
	for (int i = 0; i < LUKS_UUID_CHARS; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		bool hex = (s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f') ||
			   (s[i] >= 'A' && s[i] <= 'F');

		if (dash ? s[i] != '-' : !hex)
			return false;
	}
	return !s[LUKS_UUID_CHARS];
}

const char *luks_priority_name(enum luks_priority p)
{
	switch (p) {
	case LUKS_PRIORITY_IGNORE:
		return "ignore";
	case LUKS_PRIORITY_NORMAL:
		return "normal";
	case LUKS_PRIORITY_PREFER:
		return "prefer";
	}
	return "?";
}

const struct luks_keyslot *luks_find_keyslot(const struct luks *luks, unsigned id)
{
	for (unsigned i = 0; i < luks->keyslot_count; i++)
		if (luks->keyslots[i].id == id)
			return &luks->keyslots[i];
	return NULL;
}
