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

bool luks_reencryption_is_described(const struct luks *luks)
{
	return luks->reencryption == LUKS_REENCRYPTION_CLEAN ||
	       luks->reencryption == LUKS_REENCRYPTION_CRASHED;
}

bool luks_reencryption_shifts(const struct luks *luks)
{
	return luks_reencryption_is_described(luks) &&
	       luks->reencrypt.resilience >= LUKS_RESILIENCE_DATASHIFT;
}

/* Of the last segment, which begins at byte @start of the mapping; 0 when the device ends before it. */
static uint64_t dynamic_size(const struct luks *luks, uint64_t device_bytes, uint64_t start)
{
	const struct luks_reencrypt *r = &luks->reencrypt;
	uint64_t before = luks->segments[0].off;

	if (luks_reencryption_is_described(luks)) {
		before = r->final.off + start;
		if (luks_reencryption_shifts(luks) && r->direction == LUKS_FORWARD)
			before += r->shift_bytes;
	}
	return before < device_bytes ? device_bytes - before : 0;
}

enum cause luks_data_sizes(const struct luks *luks, uint64_t device_bytes,
	uint64_t sizes[static LUKS_REGULAR_MAX], struct error *err)
{
	uint64_t start = 0;

	for (unsigned i = 0; i < luks->regular_count; i++) {
		const struct luks_segment *seg = &luks->segments[i];
		uint64_t size = seg->size_bytes;

		if (!size)
			size = dynamic_size(luks, device_bytes, start);
		if (seg->off >= device_bytes || !size)
			return error_set(err, CAUSE_DEVICE,
				"the device has %llu bytes, its data would begin at byte %llu: truncated?",
				(unsigned long long)device_bytes, (unsigned long long)seg->off);
		if (size > device_bytes - seg->off)
			return error_set(err, CAUSE_DEVICE,
				"the device has %llu bytes, its data would be %llu bytes from byte %llu on: "
				"truncated?",
				(unsigned long long)device_bytes, (unsigned long long)size,
				(unsigned long long)seg->off);
		if (size % seg->sector_bytes && !luks_has_integrity(luks))
			return error_set(err, CAUSE_DEVICE,
				"its data of %llu bytes is not a multiple of its sector size %u",
				(unsigned long long)size, seg->sector_bytes);
		sizes[i] = size;
		start += size;
	}
	return CAUSE_OK;
}

bool luks_has_integrity(const struct luks *luks)
{
	return cipher_tag_bytes(luks->segments[0].cipher) && !luks->inline_tags;
}

const char *luks_integrity_mode(const struct luks *luks)
{
	return luks->inline_tags ? "inline" : luks->no_journal ? "direct" : "journal";
}

bool luks_has_plain_data(const struct luks *luks)
{
	for (unsigned i = 0; i < luks->regular_count; i++)
		if (luks->reencryption && luks->segments[i].linear)
			return true;
	return false;
}

unsigned luks_reencryption_percent(const struct luks *luks, const uint64_t sizes[static LUKS_REGULAR_MAX])
{
	uint64_t whole = 0, done = 0;

	for (unsigned i = 0; i < luks->regular_count; i++) {
		whole += sizes[i];
		done += luks->segments[i].final && !luks->segments[i].in_reencryption ? sizes[i] : 0;
	}
	for (; whole >> 56; whole >>= 1)
		done >>= 1; /* so that a hundred times as much fits */
	return whole ? (unsigned)(done * 100 / whole) : 0;
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

const char *luks_word(enum luks_words set, unsigned n)
{
	static const char words[][7][19] = {
		[LUKS_WORDS_MODE] = {"reencrypt", "encrypt", "decrypt"},
		[LUKS_WORDS_DIRECTION] = {"forward", "backward"},
		[LUKS_WORDS_RESILIENCE] = {"none", "checksum", "journal", "datashift", "datashift-checksum",
			"datashift-journal"},
	};

	return words[set][n][0] ? words[set][n] : NULL;
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

unsigned luks_digest_index(const struct luks *luks, unsigned id)
{
	unsigned i = 0;

	while (luks->digests[i].id != id)
		i++;
	return i;
}

const struct luks_keyslot *luks_find_keyslot(const struct luks *luks, unsigned id)
{
	for (unsigned i = 0; i < luks->keyslot_count; i++)
		if (luks->keyslots[i].id == id)
			return &luks->keyslots[i];
	return NULL;
}
