/* SPDX-License-Identifier: MIT */
/* luks - see luks.h. */
#include "format/luks.h"
#include "base/text.h"

uint64_t luks_area_used_bytes(const struct luks_keyslot *slot)
{
	uint64_t split = (uint64_t)slot->key_bytes * LUKS_STRIPES;

	return (split + CIPHER_SECTOR_BYTES - 1) / CIPHER_SECTOR_BYTES * CIPHER_SECTOR_BYTES;
}

uint64_t luks_keyslots_end(const struct luks *luks)
{
	unsigned copies = luks->version == 1 ? 1 : 2;

	return copies * luks->hdr_size_bytes + luks->keyslots_size_bytes;
}

bool luks_has_keyslot(const struct luks *luks)
{
	for (unsigned i = 0; i < luks->keyslot_count; i++)
		if (luks_keyslot_is_of_data(luks, &luks->keyslots[i]))
			return true;
	return false;
}

bool luks_keyslot_is_of_data(const struct luks *luks, const struct luks_keyslot *slot)
{
	return slot->digest >= 0 && luks->digests[slot->digest].covers_data;
}

enum cause luks_data_extent(const struct luks_segment *seg, uint64_t device_bytes, uint64_t *off_sectors,
	uint64_t *size_sectors, struct error *err)
{
	uint64_t size = seg->size_bytes;

	if (seg->off >= device_bytes)
		return error_set(err, CAUSE_DEVICE,
			"the device has %llu bytes, its data would begin at byte %llu: truncated?",
			(unsigned long long)device_bytes, (unsigned long long)seg->off);
	if (size > device_bytes - seg->off)
		return error_set(err, CAUSE_DEVICE,
			"the device has %llu bytes, its data would be %llu bytes from byte %llu on: "
			"truncated?",
			(unsigned long long)device_bytes, (unsigned long long)size,
			(unsigned long long)seg->off);
	if (!size)
		size = device_bytes - seg->off;
	if (size % seg->sector_bytes)
		return error_set(err, CAUSE_DEVICE,
			"its data of %llu bytes is not a multiple of its sector size %u",
			(unsigned long long)size, seg->sector_bytes);
	*off_sectors = seg->off / 512;
	*size_sectors = size / 512;
	return CAUSE_OK;
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

void luks_offline_reencryption(char *text, size_t size, const char *uuid)
{
	text_format(text, size,
		"an offline re-encryption is under way; finish it with the program that began it, "
		"where its file LUKS-%s.log is",
		uuid);
}

const char *luks_reencryption_name(enum luks_reencryption r)
{
	static const char names[][8] = {
		[LUKS_REENCRYPTION_NONE] = "none",
		[LUKS_REENCRYPTION_CLEAN] = "clean",
		[LUKS_REENCRYPTION_CRASHED] = "crashed",
		[LUKS_REENCRYPTION_V1] = "v1",
		[LUKS_REENCRYPTION_OFFLINE] = "offline",
		[LUKS_REENCRYPTION_UNKNOWN] = "unknown",
	};

	return names[r];
}

const char *luks_priority_name(enum luks_priority p)
{
	static const char names[][8] = {
		[LUKS_PRIORITY_IGNORE] = "ignore",
		[LUKS_PRIORITY_NORMAL] = "normal",
		[LUKS_PRIORITY_PREFER] = "prefer",
	};

	return names[p];
}

const struct luks_keyslot *luks_find_keyslot(const struct luks *luks, unsigned id)
{
	for (unsigned i = 0; i < luks->keyslot_count; i++)
		if (luks->keyslots[i].id == id)
			return &luks->keyslots[i];
	return NULL;
}
