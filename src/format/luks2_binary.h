/* SPDX-License-Identifier: MIT */
/*
 * luks2_binary - 4096 bytes to a checked binary header (specification 2.1).
 */
#ifndef FORMAT_LUKS2_BINARY_H
#define FORMAT_LUKS2_BINARY_H

#include "base/cause.h"
#include "crypto/hash.h"
#include "format/luks.h"

enum {
	LUKS2_BINARY_BYTES = 4096,
	LUKS2_HDR_SIZE_MIN = 0x4000,
	LUKS2_HDR_SIZE_MAX = 0x400000,
	LUKS_MAGIC_BYTES = 6,
	LUKS_UUID_OFF = 168, /* in both versions */
};

struct luks2_binary {
	uint64_t hdr_size_bytes; /* binary part and JSON area: 16 KiB to 4 MiB, a power of two */
	uint64_t seqid;
	enum hash csum_hash;
	char uuid[LUKS_UUID_CHARS + 1];
	char label[LUKS_LABEL_CHARS + 1];
	char subsystem[LUKS_LABEL_CHARS + 1];
};

/* What the first bytes of a device or copy say it is. */
enum luks_magic {
	LUKS_MAGIC_NONE,
	LUKS_MAGIC_PRIMARY,
	LUKS_MAGIC_SECONDARY,
	LUKS_MAGIC_OFFLINE, /* LUKS1, spoilt by "cryptsetup reencrypt" until it has ended */
};

/* @data holds at least 8 bytes. @version is set when there is a magic. */
enum luks_magic luks_magic(const uint8_t *data, unsigned *version);

/*
 * Decode the binary header @data that was read from byte @at of the device.
 * The checksum is luks2_binary_verify's business.
 * Fails: CAUSE_DAMAGED (a field out of range), CAUSE_UNSUPPORTED (checksum algorithm, version).
 */
enum cause luks2_binary_decode(const uint8_t data[static LUKS2_BINARY_BYTES], uint64_t at,
	struct luks2_binary *out, struct error *err) MUST_USE;

/*
 * Verify the checksum of a whole copy: @copy is hdr_size_bytes long.
 * Fails: CAUSE_DAMAGED.
 */
enum cause luks2_binary_verify(const struct luks2_binary *bin, const uint8_t *copy,
	struct error *err) MUST_USE;

#endif
