/* SPDX-License-Identifier: MIT */
/*
 * area - does a keyslot area still look like random data?
 *
 * What cryptsetup wrote there is indistinguishable from random bytes. A wrong passphrase and an
 * overwritten area look the same after the derivation; zeroes, text or a filesystem do not
 * before it.
 */
#ifndef KEYSLOT_AREA_H
#define KEYSLOT_AREA_H

#include "base/reader.h"
#include "format/luks.h"

enum area_shape {
	AREA_RANDOM,     /* nothing suspicious */
	AREA_ZEROES,     /* the first bad sector is zeroes */
	AREA_REPEATED,   /* is another byte, repeated */
	AREA_TEXT,       /* is text */
	AREA_NOT_RANDOM, /* has far more of one byte than chance allows */
};

struct area_look {
	enum area_shape shape;
	uint64_t off;          /* of the first bad sector, in bytes from the start of the device */
	uint32_t bad_sectors;  /* of 512 bytes */
	uint32_t sectors;      /* that were looked at */
	const char *signature; /* the filesystem whose mark is in the area, or NULL */
};

/*
 * The look of @len bytes at @data, which are at byte @off of the device.
 *
 * A sector is bad when one byte value fills at least 24 of its 512 bytes, or when all are
 * text. For random bytes that has a chance of 256 * P(Binomial(512, 1/256) >= 24) < 6.5e-16,
 * so one false alarm in 3 million million areas of 500 sectors.
 */
struct area_look area_look(const uint8_t *data, size_t len, uint64_t off);

/*
 * Read the used part of @slot's area and look at it.
 * Fails: CAUSE_DEVICE (unreadable), CAUSE_RESOURCE.
 */
enum cause area_examine(const struct reader *r, const struct luks_keyslot *slot, struct area_look *look,
	struct error *err) MUST_USE;

/* A sentence fragment: "looks overwritten: zeroes from byte 32768 on (500 of 500 sectors)". */
void area_describe(const struct area_look *look, char *text, size_t size);

#endif
