/* SPDX-License-Identifier: MIT */
/* luks2_binary - see luks2_binary.h. */
#include "format/luks2_binary.h"
#include "base/bytes.h"
#include "secret/wipe.h"
#include <string.h>

/* Specification 2.1, figure 2: each field begins where the one before it ends. */
enum {
	MAGIC_OFF = 0,
	VERSION_OFF = MAGIC_OFF + LUKS_MAGIC_BYTES,
	HDR_SIZE_OFF = VERSION_OFF + 2,
	SEQID_OFF = HDR_SIZE_OFF + 8,
	LABEL_OFF = SEQID_OFF + 8,
	CSUM_ALG_OFF = LABEL_OFF + 48,
	SALT_OFF = CSUM_ALG_OFF + 32,
	UUID_OFF = SALT_OFF + 64,
	SUBSYSTEM_OFF = UUID_OFF + 40,
	HDR_OFFSET_OFF = SUBSYSTEM_OFF + 48,
	PADDING_OFF = HDR_OFFSET_OFF + 8,
	CSUM_OFF = PADDING_OFF + 184,
	CSUM_BYTES = 64,
	FIELDS_END = CSUM_OFF + CSUM_BYTES,
};
_Static_assert(FIELDS_END == 512, "the fields fill one sector");

enum luks_magic luks_magic(const uint8_t *data, unsigned *version)
{
	*version = bytes_be16(data + VERSION_OFF);
	if (!memcmp(data, "LUKS\xba\xbe", LUKS_MAGIC_BYTES))
		return LUKS_MAGIC_PRIMARY;
	if (!memcmp(data, "LUKS\xde\xad\0\1", LUKS_MAGIC_BYTES + 2))
		return LUKS_MAGIC_OFFLINE;
	return memcmp(data, "SKUL\xba\xbe", LUKS_MAGIC_BYTES) ? LUKS_MAGIC_NONE : LUKS_MAGIC_SECONDARY;
}

/* Copy a field that must hold a NUL; false when it does not. */
static bool copy_text(char *dst, const uint8_t *field, size_t field_bytes, size_t dst_bytes)
{
	size_t len = strnlen((const char *)field, field_bytes);

	if (len == field_bytes || len >= dst_bytes)
		return false;
	memcpy(dst, field, len);
	dst[len] = 0;
	return true;
}

static bool is_hdr_size(uint64_t size)
{
	return size >= LUKS2_HDR_SIZE_MIN && size <= LUKS2_HDR_SIZE_MAX && (size & (size - 1)) == 0;
}

static enum cause decode_texts(const uint8_t *data, struct luks2_binary *out, struct error *err)
{
	char alg[32];

	if (!copy_text(out->label, data + LABEL_OFF, 48, sizeof(out->label)) ||
		!copy_text(out->subsystem, data + SUBSYSTEM_OFF, 48, sizeof(out->subsystem)))
		return error_set(err, CAUSE_DAMAGED, "label or subsystem is not terminated");
	memset(out->uuid, 0, sizeof(out->uuid));
	if (!copy_text(out->uuid, data + UUID_OFF, 40, sizeof(out->uuid)) || !luks_uuid_is_valid(out->uuid))
		return error_set(err, CAUSE_DAMAGED, "the UUID field does not hold a UUID");
	if (!copy_text(alg, data + CSUM_ALG_OFF, sizeof(alg), sizeof(alg)))
		return error_set(err, CAUSE_DAMAGED, "checksum algorithm is not terminated");
	if (!hash_find(alg, &out->csum_hash))
		return error_set(err, CAUSE_UNSUPPORTED, "checksum algorithm \"%s\" is not supported", alg);
	return CAUSE_OK;
}

enum cause luks2_binary_decode(const uint8_t data[static LUKS2_BINARY_BYTES], uint64_t at,
	struct luks2_binary *out, struct error *err)
{
	enum luks_magic want = at ? LUKS_MAGIC_SECONDARY : LUKS_MAGIC_PRIMARY;
	uint64_t hdr_offset = bytes_be64(data + HDR_OFFSET_OFF);
	unsigned version;

	if (luks_magic(data, &version) != want)
		return error_set(err, CAUSE_DAMAGED, "no LUKS magic");
	if (version != 2)
		return error_set(err, CAUSE_UNSUPPORTED, "LUKS version %u is not supported", version);
	out->hdr_size_bytes = bytes_be64(data + HDR_SIZE_OFF);
	out->seqid = bytes_be64(data + SEQID_OFF);
	if (!is_hdr_size(out->hdr_size_bytes))
		return error_set(err, CAUSE_DAMAGED,
			"header size %llu is not a power of two from 16 KiB to 4 MiB",
			(unsigned long long)out->hdr_size_bytes);
	if (hdr_offset != at)
		return error_set(err, CAUSE_DAMAGED, "was written for byte %llu, not for byte %llu",
			(unsigned long long)hdr_offset, (unsigned long long)at);
	if (at && at != out->hdr_size_bytes)
		return error_set(err, CAUSE_DAMAGED, "secondary header of size %llu is at byte %llu",
			(unsigned long long)out->hdr_size_bytes, (unsigned long long)at);
	return decode_texts(data, out, err);
}

enum cause luks2_binary_verify(const struct luks2_binary *bin, const uint8_t *copy, struct error *err)
{
	static const uint8_t zeroes[CSUM_BYTES];
	uint8_t sum[HASH_MAX_BYTES];
	struct bytes parts[] = {
		{copy, CSUM_OFF},
		{zeroes, CSUM_BYTES},
		{copy + FIELDS_END, (size_t)bin->hdr_size_bytes - FIELDS_END},
	};

	hash_run(bin->csum_hash, parts, 3, sum);
	if (!wipe_equal(sum, copy + CSUM_OFF, hash_bytes(bin->csum_hash)))
		return error_set(err, CAUSE_DAMAGED, "%s checksum is wrong", hash_name(bin->csum_hash));
	return CAUSE_OK;
}
