/* SPDX-License-Identifier: MIT */
/* Any bytes as the superblock of dm-integrity: what is taken for one is one. */
#include "format/integrity.h"
#include "base/bytes.h"
#include "fuzz.h"

enum { DEVICE_BYTES = 1 << 20, BLOCK_BYTES = 512 };

static const uint8_t *block;

static enum cause read_block(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	(void)ctx;
	(void)err;
	fuzz_check(len <= BLOCK_BYTES && off <= DEVICE_BYTES - len, "a read beyond the superblock");
	memcpy(buf, block, len);
	return CAUSE_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[BLOCK_BYTES];
	struct fuzz_input in = {data, size};
	uint8_t form = fuzz_byte(&in);
	struct luks_segment seg = {
		.cipher =
			(enum cipher)(CIPHER_WITH_INTEGRITY + form % (CIPHER_COUNT - CIPHER_WITH_INTEGRITY)),
		.sector_bytes = form & 64 ? 4096 : 512,
		.off = form & 32 ? 4096 : 0,
	};
	struct reader r = {read_block, NULL, form & 128 ? 64 : DEVICE_BYTES, "fuzz"};
	uint64_t size_bytes = 0;
	struct error err = {.text = ""};

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = fuzz_byte(&in);
	block = bytes;
	seg.size_bytes = fuzz_byte(&in) * 4096u;
	if (integrity_size(&r, &seg, &size_bytes, &err)) {
		fuzz_check(err.cause == CAUSE_DAMAGED || r.size_bytes < BLOCK_BYTES ||
				   err.cause == CAUSE_UNSUPPORTED,
			"another cause");
		fuzz_check_printable(err.text);
		return 0;
	}
	fuzz_check(!memcmp(bytes, "integrt", 8), "no magic");
	fuzz_check(size_bytes && size_bytes % seg.sector_bytes == 0 && size_bytes <= DEVICE_BYTES - seg.off,
		"data that is not on the device");
	fuzz_check(size_bytes / 512 == bytes_le64(bytes + 16), "another size");
	fuzz_check(!(bytes_le32(bytes + 24) & ~24u), "a flag that makes the kernel write");
	fuzz_check(bytes_le16(bytes + 10) == cipher_tag_bytes(seg.cipher), "other tags");
	return 0;
}
