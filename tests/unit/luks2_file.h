/* SPDX-License-Identifier: MIT */
/* luks2_file - an image (image.h) as a file that programs can open: both binary headers, JSON, keyslot areas.
 */
#ifndef UNIT_LUKS2_FILE_H
#define UNIT_LUKS2_FILE_H

#include "image.h"
#include <fcntl.h>
#include <unistd.h>

enum { LUKS2_COPY_BYTES = 16384, LUKS2_DATA_BYTES = 1 << 20 };

struct luks2_text {
	char json[LUKS2_COPY_BYTES - 4096];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static inline void luks2_put(struct luks2_text *t, const char *format,
	...)
{
	va_list args;

	va_start(args, format);
	t->used += (size_t)vsnprintf(t->json + t->used, sizeof(t->json) - t->used, format, args);
	va_end(args);
	assert_true(t->used < sizeof(t->json));
}

static inline void luks2_base64(struct luks2_text *t, const uint8_t *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)data[i] << 16;

		v |= i + 1 < len ? (uint32_t)data[i + 1] << 8 : 0;
		v |= i + 2 < len ? data[i + 2] : 0;
		luks2_put(t, "%c%c%c%c", digits[v >> 18], digits[v >> 12 & 63],
			i + 1 < len ? digits[v >> 6 & 63] : '=', i + 2 < len ? digits[v & 63] : '=');
	}
}

static inline void luks2_keyslot(struct luks2_text *t, const struct luks_keyslot *k)
{
	luks2_put(t, "%s\"%u\":{\"type\":\"luks2\",\"key_size\":%u,\"priority\":%d,",
		t->json[t->used - 1] == '{' ? "" : ",", k->id, k->key_bytes, (int)k->priority);
	luks2_put(t, "\"af\":{\"type\":\"luks1\",\"stripes\":4000,\"hash\":\"%s\"},", hash_name(k->af_hash));
	luks2_put(t,
		"\"area\":{\"type\":\"raw\",\"offset\":\"%llu\",\"size\":\"%llu\",\"encryption\":\"%s\","
		"\"key_size\":%u},",
		(unsigned long long)k->area_off, (unsigned long long)k->area_size_bytes,
		cipher_name(k->area_cipher), k->area_key_bytes);
	if (k->kdf.kind == KDF_PBKDF2)
		luks2_put(t, "\"kdf\":{\"type\":\"pbkdf2\",\"hash\":\"%s\",\"iterations\":%u,\"salt\":\"",
			hash_name(k->kdf.hash), k->kdf.iterations);
	else
		luks2_put(t, "\"kdf\":{\"type\":\"%s\",\"time\":%u,\"memory\":%u,\"cpus\":%u,\"salt\":\"",
			kdf_name(k->kdf.kind), k->kdf.iterations, k->kdf.memory_kib, k->kdf.lanes);
	luks2_base64(t, k->kdf.salt, k->kdf.salt_bytes);
	luks2_put(t, "\"}}");
}

static inline void luks2_digest(struct luks2_text *t, const struct luks *luks, unsigned index)
{
	const struct luks_digest *d = &luks->digests[index];
	const char *comma = "";

	luks2_put(t, "%s\"%u\":{\"type\":\"pbkdf2\",\"keyslots\":[", index ? "," : "", d->id);
	for (unsigned i = 0; i < luks->keyslot_count; i++)
		if (luks->keyslots[i].digest == (int)index) {
			luks2_put(t, "%s\"%u\"", comma, luks->keyslots[i].id);
			comma = ",";
		}
	luks2_put(t, "],\"segments\":[%s],\"hash\":\"%s\",\"iterations\":%u,\"salt\":\"",
		d->covers_segment ? "\"0\"" : "", hash_name(d->hash), d->iterations);
	luks2_base64(t, d->salt, sizeof(d->salt));
	luks2_put(t, "\",\"digest\":\"");
	luks2_base64(t, d->value, d->value_bytes);
	luks2_put(t, "\"}");
}

static inline void luks2_json(struct luks2_text *t, const struct luks *luks)
{
	luks2_put(t, "{\"keyslots\":{");
	for (unsigned i = 0; i < luks->keyslot_count; i++)
		luks2_keyslot(t, &luks->keyslots[i]);
	luks2_put(t,
		"},\"tokens\":{},\"segments\":{\"0\":{\"type\":\"crypt\",\"offset\":\"%u\","
		"\"size\":\"dynamic\",",
		IMAGE_BYTES);
	luks2_put(t,
		"\"iv_tweak\":\"0\",\"encryption\":\"aes-xts-plain64\",\"sector_size\":512}},\"digests\":{");
	for (unsigned i = 0; i < luks->digest_count; i++)
		luks2_digest(t, luks, i);
	luks2_put(t, "},\"config\":{\"json_size\":\"%u\",\"keyslots_size\":\"%u\"}}", LUKS2_COPY_BYTES - 4096,
		IMAGE_AREAS * IMAGE_AREA_BYTES);
}

static inline void luks2_be64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

/* One copy of the header at @off; the secondary one has other magic bytes. */
static inline void luks2_copy(uint8_t *file, uint64_t off, const struct luks2_text *t)
{
	struct bytes all = {file + off, LUKS2_COPY_BYTES};
	uint8_t *h = file + off;

	memset(h, 0, LUKS2_COPY_BYTES);
	memcpy(h, off ? "SKUL\xba\xbe" : "LUKS\xba\xbe", 6);
	h[7] = 2;
	luks2_be64(h + 8, LUKS2_COPY_BYTES);
	luks2_be64(h + 16, 1);
	strcpy((char *)h + 72, "sha256");
	unit_fill(800 + (uint32_t)off, h + 104, 64);
	strcpy((char *)h + 168, "0b5a7b2c-7f5e-4c8e-9a53-1f2d3c4b5a69");
	luks2_be64(h + 256, off);
	memcpy(h + 4096, t->json, t->used);
	hash_run(HASH_SHA256, &all, 1, h + 448);
}

/* Write @img to the new file @path. */
static inline void luks2_write(struct image *img, const char *path)
{
	static struct luks2_text t;
	static const uint8_t data[LUKS2_DATA_BYTES];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	memset(&t, 0, sizeof(t));
	luks2_json(&t, &img->luks);
	luks2_copy(img->bytes, 0, &t);
	luks2_copy(img->bytes, LUKS2_COPY_BYTES, &t);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, img->bytes, sizeof(img->bytes)), sizeof(img->bytes));
	assert_int_equal(write(fd, data, sizeof(data)), sizeof(data));
	close(fd);
}

#endif
