/* SPDX-License-Identifier: MIT */
/* area - see area.h. */
#include "keyslot/area.h"
#include "base/bytes.h"
#include "base/text.h"
#include "secret/arena.h"
#include <string.h>

/* 24 of 512 is where chance ends: see area.h. */
enum { SECTOR = 512, SAME_BYTE_LIMIT = 24 };

/* Signatures of filesystems, as far into a device as keyslot areas reach. */
static const struct {
	uint32_t off;
	uint8_t len;
	const char *mark, *name;
} signatures[] = {
	{32769, 5, "CD001", "iso9660"},
	{65600, 8, "_BHRfS_M", "btrfs"},
	{65588, 8, "ReIsErFs", "reiserfs"},
	{65588, 9, "ReIsEr2Fs", "reiserfs"},
	{65536, 4, "\x10\x20\xf5\xf2", "f2fs"},
	{131072, 8, "\x0c\xb1\xba\x00\x00\x00\x00\x00", "zfs"},
};

static enum area_shape sector_shape(const uint8_t *data)
{
	uint16_t count[256] = {0};
	unsigned most = 0, printable = 0;

	for (int i = 0; i < SECTOR; i++) {
		uint8_t c = data[i];

		most = ++count[c] > count[most] ? c : most;
		printable += (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t' || c == '\r';
	}
	if (count[most] == SECTOR)
		return most ? AREA_REPEATED : AREA_ZEROES;
	/* base64 and the like repeat no byte so often; a random sector is all text once in 10^213. */
	if (printable == SECTOR)
		return AREA_TEXT;
	return count[most] < SAME_BYTE_LIMIT ? AREA_RANDOM : AREA_NOT_RANDOM;
}

static const char *find_signature(const uint8_t *data, size_t len, uint64_t off)
{
	for (size_t i = 0; i < sizeof(signatures) / sizeof(*signatures); i++)
		if (bytes_inside(signatures[i].off, signatures[i].len, off, off + len) &&
			!memcmp(data + (signatures[i].off - off), signatures[i].mark, signatures[i].len))
			return signatures[i].name;
	return NULL;
}

struct area_look area_look(const uint8_t *data, size_t len, uint64_t off)
{
	struct area_look look = {.signature = find_signature(data, len, off)};

	for (size_t at = 0; len - at >= SECTOR; at += SECTOR) {
		enum area_shape shape = sector_shape(data + at);

		look.sectors++;
		if (shape == AREA_RANDOM)
			continue;
		if (!look.bad_sectors++) {
			look.shape = shape;
			look.off = off + at;
		}
	}
	/* A signature of four bytes can be there by chance: it only names what is bad anyway. */
	if (!look.bad_sectors)
		look.signature = NULL;
	return look;
}

enum cause area_examine(const struct reader *r, const struct luks_keyslot *slot, struct area_look *look,
	struct error *err)
{
	size_t len = (size_t)luks_area_used_bytes(slot), mark = arena_mark();
	uint8_t *data;
	enum cause cause = arena_get(&data, len, err);

	if (!cause)
		cause = reader_read(r, data, len, slot->area_off, err);
	if (!cause)
		*look = area_look(data, len, slot->area_off);
	arena_release(mark);
	return cause;
}

void area_describe(const struct area_look *look, char *text, size_t size)
{
	static const char *const shapes[] = {
		[AREA_RANDOM] = "random",
		[AREA_ZEROES] = "zeroes",
		[AREA_REPEATED] = "one byte repeated",
		[AREA_TEXT] = "text",
		[AREA_NOT_RANDOM] = "data that is not random",
	};

	text_format(text, size, "looks overwritten: %s from byte %llu on (%u of %u sectors)%s%s",
		shapes[look->shape], (unsigned long long)look->off, look->bad_sectors, look->sectors,
		look->signature ? ", " : "", look->signature ? look->signature : "");
}
