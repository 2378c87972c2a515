/* SPDX-License-Identifier: MIT */
/* luks - see luks.h. */
#include "format/luks.h"
#include "base/text.h"

uint64_t luks_area_used_bytes(const struct luks_keyslot *slot)
{
	uint64_t split = (uint64_t)slot->key_bytes * LUKS_STRIPES;

	return (split + CIPHER_SECTOR_BYTES - 1) / CIPHER_SECTOR_BYTES * CIPHER_SECTOR_BYTES;
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
			"the device has %llu bytes, its data would be %llu bytes from byte %llu on: truncated?",
			(unsigned long long)device_bytes, (unsigned long long)size,
			(unsigned long long)seg->off);
	if (!size)
		size = device_bytes - seg->off;
	if (size % seg->sector_bytes)
		return error_set(err, CAUSE_DEVICE,
			"its data of %llu bytes is no multiple of its sector size %u",
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

void luks_advice_format(char *text, size_t size, enum luks_advice advice, const char *device,
	const char *header)
{
	const char *option = header ? " --header " : "";

	header = header ? header : "";
	*text = 0;
	switch (advice) {
	case LUKS_ADVICE_NONE:
		break;
	case LUKS_ADVICE_RESUME:
		text_format(text, size, "; finish it with: cryptsetup reencrypt --resume-only%s%s %s", option,
			header, device);
		break;
	case LUKS_ADVICE_RECOVER:
	case LUKS_ADVICE_REPAIR:
		text_format(text, size, "; repair it with: cryptsetup repair%s%s %s", option, header, device);
		break;
	case LUKS_ADVICE_RESTORE:
		text_format(text, size, "; restore a header backup");
		break;
	case LUKS_ADVICE_COPY:
		text_format(text, size,
			"; a re-encryption was under way: restore no header backup, copy the device first");
		break;
	}
}

void luks_verdict_format(char *text, size_t size, const struct luks *luks, const struct luks_verdict *v,
	const char *device, const char *header)
{
	size_t used = text_format(text, size, "%s", v->why);
	bool apart = !header && !luks->segment.off;

	luks_advice_format(text + used, size - used, v->advice, apart ? "DEVICE" : device,
		apart ? device : header);
}

void luks_offline_reencryption(char *text, size_t size, const char *uuid)
{
	text_format(text, size,
		"an offline re-encryption is under way; finish it with the program that began it, where its file LUKS-%s.log is",
		uuid);
}

const char *luks_reencryption_name(enum luks_reencryption r)
{
	switch (r) {
	case LUKS_REENCRYPTION_NONE:
		return "none";
	case LUKS_REENCRYPTION_CLEAN:
		return "clean";
	case LUKS_REENCRYPTION_CRASHED:
		return "crashed";
	case LUKS_REENCRYPTION_V1:
		return "v1";
	case LUKS_REENCRYPTION_OFFLINE:
		return "offline";
	case LUKS_REENCRYPTION_UNKNOWN:
		return "unknown";
	}
	return "?";
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
