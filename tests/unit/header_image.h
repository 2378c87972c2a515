/* SPDX-License-Identifier: MIT */
/*
 * header_image - LUKS2 headers built in memory, right in everything until a test spoils it.
 *
 * The offsets of the fields are written down here once more (specification 2.1, figure 2),
 * so that a wrong one in the code is seen.
 */
#ifndef TESTS_HEADER_IMAGE_H
#define TESTS_HEADER_IMAGE_H

#include "base/reader.h"
#include "crypto/hash.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	IMAGE_MAGIC = 0,
	IMAGE_VERSION = 6,
	IMAGE_HDR_SIZE = 8,
	IMAGE_SEQID = 16,
	IMAGE_LABEL = 24,
	IMAGE_CSUM_ALG = 72,
	IMAGE_SALT = 104,
	IMAGE_UUID = 168,
	IMAGE_SUBSYSTEM = 208,
	IMAGE_HDR_OFFSET = 256,
	IMAGE_PADDING = 264,
	IMAGE_CSUM = 448,
	IMAGE_JSON = 4096,
	IMAGE_HDR_MIN = 16384,
	IMAGE_JSON_ROOM = 64 << 10,
};

#define IMAGE_UUID_TEXT "6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21"
#define IMAGE_SALT_TEXT "z6vz4xK7cjan92rDA5JF8O6Jk2HouV0O8DMB6GlztVk="

static inline void image_put_number(uint8_t *p, int bytes, uint64_t v)
{
	for (int i = bytes - 1; i >= 0; i--, v >>= 8)
		p[i] = (uint8_t)v;
}

static inline uint64_t image_get_number(const uint8_t *p, int bytes)
{
	uint64_t v = 0;

	for (int i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

/* Fill a text field: the rest of it becomes zero. */
static inline void image_put_text(uint8_t *field, size_t field_bytes, const char *text)
{
	memset(field, 0, field_bytes);
	memcpy(field, text, strlen(text) < field_bytes ? strlen(text) : field_bytes);
}

/* JSON for a header of that size: Argon2id in keyslot 0, PBKDF2 in keyslot 1, data from 16 MiB on. */
static inline void image_json(char *out, size_t room, uint64_t hdr_size)
{
	static const char format[] =
		"{\"keyslots\":{"
		"\"0\":{\"type\":\"luks2\",\"key_size\":64,"
		"\"af\":{\"type\":\"luks1\",\"stripes\":4000,\"hash\":\"sha256\"},"
		"\"area\":{\"type\":\"raw\",\"offset\":\"%" PRIu64 "\",\"size\":\"258048\","
		"\"encryption\":\"aes-xts-plain64\",\"key_size\":64},"
		"\"kdf\":{\"type\":\"argon2id\",\"time\":4,\"memory\":65536,\"cpus\":4,"
		"\"salt\":\"" IMAGE_SALT_TEXT "\"}},"
		"\"1\":{\"type\":\"luks2\",\"key_size\":64,\"priority\":2,"
		"\"af\":{\"type\":\"luks1\",\"stripes\":4000,\"hash\":\"sha512\"},"
		"\"area\":{\"type\":\"raw\",\"offset\":\"%" PRIu64 "\",\"size\":\"258048\","
		"\"encryption\":\"aes-xts-plain64\",\"key_size\":32},"
		"\"kdf\":{\"type\":\"pbkdf2\",\"hash\":\"sha512\",\"iterations\":1000,"
		"\"salt\":\"" IMAGE_SALT_TEXT "\"}}},"
		"\"tokens\":{\"0\":{\"type\":\"luks2-keyring\",\"keyslots\":[\"1\"],"
		"\"key_description\":\"MyKey\"}},"
		"\"segments\":{\"0\":{\"type\":\"crypt\",\"offset\":\"16777216\",\"size\":\"dynamic\","
		"\"iv_tweak\":\"0\","
		"\"encryption\":\"aes-xts-plain64\",\"sector_size\":512}},"
		"\"digests\":{\"0\":{\"type\":\"pbkdf2\",\"keyslots\":[\"0\",\"1\"],\"segments\":[\"0\"],"
		"\"hash\":\"sha256\",\"iterations\":110890,"
		"\"salt\":\"G8gqtKhS96IbogHyJLO+t9kmjLkx+DM3HHJqQtgc2Dk=\","
		"\"digest\":\"C9JWko5m+oYmjg6R0t/98cGGzLr/4UaG3hImSJMivfc=\"}},"
		"\"config\":{\"json_size\":\"%" PRIu64 "\",\"keyslots_size\":\"%" PRIu64
		"\",\"flags\":[\"allow-discards\"],\"requirements\":{\"mandatory\":[]}}}";

	snprintf(out, room, format, 2 * hdr_size, 2 * hdr_size + 258048, hdr_size - 4096,
		(UINT64_C(16) << 20) - 2 * hdr_size);
}

/* Write the checksum that the copy's own fields ask for. */
static inline void image_seal(uint8_t *copy)
{
	struct bytes part = {copy, (size_t)image_get_number(copy + IMAGE_HDR_SIZE, 8)};
	uint8_t sum[HASH_MAX_BYTES];
	enum hash h = HASH_SHA256;

	(void)hash_find((const char *)copy + IMAGE_CSUM_ALG, &h);
	memset(copy + IMAGE_CSUM, 0, 64);
	hash_run(h, &part, 1, sum);
	memcpy(copy + IMAGE_CSUM, sum, hash_bytes(h));
}

/* A copy at byte @at of @image, all but its checksum; its label is "first" or "second". */
static inline void image_put_unsealed(uint8_t *image, uint64_t at, uint64_t hdr_size, uint64_t seqid,
	const char *json)
{
	uint8_t *copy = image + at;

	memset(copy, 0, (size_t)hdr_size);
	memcpy(copy, at ? "SKUL\xba\xbe" : "LUKS\xba\xbe", 6);
	image_put_number(copy + IMAGE_VERSION, 2, 2);
	image_put_number(copy + IMAGE_HDR_SIZE, 8, hdr_size);
	image_put_number(copy + IMAGE_SEQID, 8, seqid);
	image_put_text(copy + IMAGE_LABEL, 48, at ? "second" : "first");
	image_put_text(copy + IMAGE_CSUM_ALG, 32, "sha256");
	memset(copy + IMAGE_SALT, at ? 0x5a : 0xa5, 64);
	image_put_text(copy + IMAGE_UUID, 40, IMAGE_UUID_TEXT);
	image_put_text(copy + IMAGE_SUBSYSTEM, 48, "sub");
	image_put_number(copy + IMAGE_HDR_OFFSET, 8, at);
	memcpy(copy + IMAGE_JSON, json, strlen(json));
}

/* A sound copy. */
static inline void image_put(uint8_t *image, uint64_t at, uint64_t hdr_size, uint64_t seqid, const char *json)
{
	image_put_unsealed(image, at, hdr_size, seqid, json);
	image_seal(image + at);
}

/* Both copies of a good header, and nothing behind them. The caller frees. */
static inline uint8_t *image_new(uint64_t hdr_size, uint64_t seqid, uint64_t second_seqid)
{
	uint8_t *image = calloc(2, (size_t)hdr_size);
	char *json = malloc(IMAGE_JSON_ROOM);

	if (!image || !json)
		abort();
	image_json(json, IMAGE_JSON_ROOM, hdr_size);
	image_put(image, 0, hdr_size, seqid, json);
	image_put(image, hdr_size, hdr_size, second_seqid, json);
	free(json);
	return image;
}

/* --- LUKS1: 592 bytes, no checksum, no second copy ------------------------------------- */

enum {
	LUKS1_CIPHER = 8,
	LUKS1_MODE = 40,
	LUKS1_HASH = 72,
	LUKS1_PAYLOAD = 104,
	LUKS1_KEY_BYTES = 108,
	LUKS1_DIGEST = 112,
	LUKS1_SALT = 132,
	LUKS1_ITERATIONS = 164,
	LUKS1_UUID = 168,
	LUKS1_SLOTS = 208, /* eight of 48 bytes: active, iterations, salt, area, stripes */
};

/* aes-xts-plain64, a key of 64 bytes, keyslots 0 and 2 in use. */
static inline void image_put_luks1(uint8_t *p)
{
	memset(p, 0, 592);
	memcpy(p, "LUKS\xba\xbe\0\1", 8);
	image_put_text(p + LUKS1_CIPHER, 32, "aes");
	image_put_text(p + LUKS1_MODE, 32, "xts-plain64");
	image_put_text(p + LUKS1_HASH, 32, "sha256");
	image_put_number(p + LUKS1_PAYLOAD, 4, 4096);
	image_put_number(p + LUKS1_KEY_BYTES, 4, 64);
	memset(p + LUKS1_DIGEST, 0xd1, 20);
	memset(p + LUKS1_SALT, 0x5a, 32);
	image_put_number(p + LUKS1_ITERATIONS, 4, 1000);
	image_put_text(p + LUKS1_UUID, 40, IMAGE_UUID_TEXT);
	for (unsigned i = 0; i < 8; i++) {
		uint8_t *slot = p + LUKS1_SLOTS + i * 48;

		image_put_number(slot, 4, i == 0 || i == 2 ? 0x00ac71f3 : 0x0000dead);
		image_put_number(slot + 4, 4, i == 0 || i == 2 ? 2000 + i : 0);
		memset(slot + 8, (int)(0x10 + i), 32);
		image_put_number(slot + 40, 4, 8 + i * 504);
		image_put_number(slot + 44, 4, 4000);
	}
}

/* A device of which some parts cannot be read, and that remembers what was read. */
struct image_device {
	const uint8_t *data;
	struct {
		uint64_t off, len;
	} bad[4];
	uint8_t *times; /* one count a byte; may be NULL */
	unsigned reads;
	bool past_end;
	uint64_t size;
};

static inline enum cause image_read_at(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	struct image_device *dev = ctx;

	dev->reads++;
	if (off > dev->size || len > dev->size - off) {
		dev->past_end = true;
		return error_set(err, CAUSE_BUG, "asked beyond the end");
	}
	for (size_t i = 0; i < 4; i++)
		if (dev->bad[i].len && off < dev->bad[i].off + dev->bad[i].len && dev->bad[i].off < off + len)
			return error_set_os(err, CAUSE_DEVICE, 5, "img: cannot be read");
	memcpy(buf, dev->data + off, len);
	for (size_t i = 0; dev->times && i < len; i++)
		dev->times[off + i]++;
	return CAUSE_OK;
}

static inline struct reader image_reader(struct image_device *dev)
{
	return (struct reader){image_read_at, dev, dev->size, "img"};
}

#endif
