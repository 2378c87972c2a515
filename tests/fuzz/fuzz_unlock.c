/* SPDX-License-Identifier: MIT */
/*
 * A whole unlock, from the bytes of a header to the requests to the kernel. The derivation, the cipher and
 * the merge are sums here, and a digest matches as the input says.
 *
 *     byte 0  bits 0-2: see decide; 3: --readonly; 4: no keyring; 5: without_data; 6: unlock_test;
 *             7: only the keyslot of byte 1
 *     byte 1  keyslot; byte 2: MiB of the device; byte 3: what the keyslots' areas hold
 *     text    JSON of both copies, up to a NUL
 *     then    the replies of the kernel (fuzz_kernel.h)
 */
#include "fuzz_quick.h"
#include "crypto/kdf.h"
#include "crypto/kdf_each.h"
#include "crypto/kdf_limits.h"
#include "device/find.h"
#include "dm/node.h"
#include "format/luks.h"
#include "fuzz.h"
#include "fuzz_kernel.h"
#include "json_mutator.h"
#include "keyslot/af.h"
#include "keyslot/area.h"
#include "keyslot/digest.h"
#include "keyslot/search.h"
#include "secret/arena.h"
#include "unlock/notice.h"
#include "unlock/unlock.h"

static uint8_t image[2 * IMAGE_HDR_MIN], decide, filling;
static struct kernel kernel;
static unsigned matched, derivations, looks;
enum { LOOKS_MAX = 16 };

static uint8_t sum_of(struct bytes a, uint8_t sum)
{
	for (size_t i = 0; i < a.len; i++)
		sum = (uint8_t)(sum * 31 + ((const uint8_t *)a.data)[i]);
	return sum;
}

/* --- instead of what takes long: the linker takes these before those of the library ------------- */

enum cause kdf_derive(const struct kdf *kdf, struct bytes secret, uint8_t *out, size_t out_bytes,
	struct error *err)
{
	fuzz_check(kdf->iterations && kdf->salt_bytes <= KDF_SALT_MAX_BYTES, "a derivation that cannot be");
	fuzz_check(++derivations < 10000, "no end of deriving");
	if (kdf->kind != KDF_PBKDF2 && (decide & 7) == 7)
		return error_set(err, CAUSE_RESOURCE, "no memory");
	memset(out, sum_of(secret, sum_of((struct bytes){kdf->salt, kdf->salt_bytes}, 1)), out_bytes);
	return CAUSE_OK;
}

void kdf_derive_each(const struct kdf_try *tries, unsigned n, struct bytes secret,
	bool (*derived)(void *context, unsigned i), void *context)
{
	struct error err;

	for (unsigned i = 0; i < n; i++) {
		fuzz_check(!kdf_derive(tries[i].kdf, secret, tries[i].out, tries[i].out_bytes, &err),
			"PBKDF2 fails");
		if (!derived(context, i))
			break;
	}
}

uint64_t kdf_cost_ms(const struct kdf *kdf, size_t out_bytes)
{
	return kdf_work(kdf) / 1000 + out_bytes;
}

enum cause kdf_check(const struct kdf *kdf, const struct kdf_limits *limits, struct error *err)
{
	return kdf->memory_kib <= limits->memory_kib
	               ? CAUSE_OK
	               : error_set(err, CAUSE_UNSUPPORTED, "needs more memory than allowed");
}

void cipher_decrypt(enum cipher c, const uint8_t *key, size_t key_bytes, uint8_t *data, size_t sectors)
{
	fuzz_check(cipher_is_native(c) && cipher_key_fits(c, (uint32_t)key_bytes) && sectors,
		"another cipher");
	data[0] ^= key[key_bytes - 1];
	data[sectors * 512 - 1] ^= 1;
}

void af_merge(enum hash h, const uint8_t *split, size_t key_bytes, uint8_t *key)
{
	fuzz_check(h < HASH_COUNT, "another hash");
	memcpy(key, split + (LUKS_STRIPES - 1) * key_bytes, key_bytes);
	key[0] ^= split[0];
}

enum cause area_examine(const struct reader *r, const struct luks_keyslot *slot, struct area_look *look,
	struct error *err)
{
	uint8_t sector[512];

	*look = area_look(sector, 0, 0);
	return reader_read(r, sector, sizeof(sector), slot->area_off, err);
}

bool digest_matches(const struct luks_digest *digest, struct bytes key)
{
	bool matches = (decide & 3) == 0 || ((decide & 3) == 1 && digest->id & 1) ||
	               ((decide & 3) == 2 && sum_of(key, 0) & 1);

	fuzz_check(!digest->verdict.cause && key.len, "a digest that cannot be computed");
	matched += matches;
	return matches;
}

/* --- instead of the machine ------------------------------------------------------------------------ */

static enum cause read_at(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	const struct blkdev *dev = ctx;
	size_t head = off < sizeof(image) ? sizeof(image) - (size_t)off : 0;

	/* What looks for a word in 8 MiB would take nearly all of the time. */
	if (!head && len == 4096 && ++looks > LOOKS_MAX)
		return error_set_os(err, CAUSE_DEVICE, 5, "%s: cannot be read", dev->name);
	fuzz_check(off <= dev->reader.size_bytes && len <= dev->reader.size_bytes - off,
		"a read beyond the end");
	head = head < len ? head : len;
	if (head)
		memcpy(buf, image + off, head);
	memset((uint8_t *)buf + head, filling, len - head);
	return CAUSE_OK;
}

static uint64_t device_bytes;

enum cause find_open(const char *spec, struct blkdev *dev, struct error *err)
{
	(void)err;
	*dev = (struct blkdev){.fd = -1, .is_block = true, .major = 8, .minor = 1};
	strcpy(dev->path, spec);
	strcpy(dev->name, spec);
	dev->reader = (struct reader){read_at, dev, device_bytes, dev->name};
	return CAUSE_OK;
}

enum cause blkdev_check_free(const struct blkdev *dev, struct error *err)
{
	(void)dev, (void)err;
	return CAUSE_OK;
}

bool member_read(const struct blkdev *dev, struct member *out)
{
	(void)dev;
	*out = (struct member){.mark.type = NULL};
	return false;
}

enum cause kernel_open(struct kernel *k, struct error *err)
{
	(void)err;
	*k = kernel;
	return CAUSE_OK;
}

void kernel_close(struct kernel *k)
{
	(void)k;
}

enum cause node_make(const char *name, uint64_t dev, bool private, struct error *err)
{
	(void)name, (void)dev, (void)private, (void)err;
	return CAUSE_OK;
}

void node_remove(const char *name)
{
	(void)name;
}

void notice_print(const char *text)
{
	fuzz_check_printable(text);
}

void text_print(int fd, const char *fmt, ...)
{
	(void)fd;
	fuzz_check_printable(fmt + strlen(fmt));
}

/* ----------------------------------------------------------------------------------------------------- */

static void put_image(struct fuzz_input *in)
{
	static char json[IMAGE_HDR_MIN - IMAGE_JSON];

	fuzz_text(in, json, sizeof(json));
	for (unsigned i = 0; i < 2; i++) {
		image_put_unsealed(image, i * IMAGE_HDR_MIN, IMAGE_HDR_MIN, 8, json);
		image_seal(image + i * IMAGE_HDR_MIN);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	static bool opened;
	struct error err = {.text = ""};
	struct secret secret = {(uint8_t *)"secret", 6};
	struct unlock_tested tested;
	struct unlock_request r = {.device = "/dev/sda1",
		.name = "root",
		.keyslot = SEARCH_ANY_KEYSLOT,
		.token_id = -1,
		.tries = 1,
		.limits = kdf_default_limits};
	uint8_t slot;
	enum cause cause;

	if (!opened && arena_open(&err))
		abort();
	opened = true;
	decide = fuzz_byte(&in);
	slot = fuzz_byte(&in);
	device_bytes = sizeof(image) + ((uint64_t)fuzz_byte(&in) << 20);
	filling = fuzz_byte(&in);
	r.read_only = decide & 8;
	r.beside_recovery = r.read_only;
	r.disable_keyring = decide & 16;
	r.without_data = decide & 32;
	r.keyslot = decide & 128 ? slot & 31 : SEARCH_ANY_KEYSLOT;
	r.patient = slot & 128;
	r.try_without_newline = slot & 64;
	put_image(&in);
	kernel = fuzz_kernel_new(in);
	matched = derivations = looks = 0;
	cause = decide & 64 ? unlock_test(&r, &secret, &tested, &err) : unlock_open(&r, &secret, &err);
	fuzz_check(!arena_mark(), "a secret is left in the arena");
	fuzz_check(cause != CAUSE_BUG, "a defect of its own");
	fuzz_check(cause || matched, "it opens without a digest that matches");
	fuzz_check(!cause || err.text[0], "a cause without a sentence");
	fuzz_check_printable(err.text);
	if (!(decide & 64))
		fuzz_kernel_check(cause, fuzz_kernel_state.created == 2 ? 2 : 1);
	else
		fuzz_check(!fuzz_kernel_state.created && !fuzz_kernel_state.loaded, "a test maps");
	return 0;
}

/* Mutate the text as JSON, the rest as bytes. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	static char text[MUTATOR_ROOM];
	enum { HEAD = 4 };
	size_t len, new_len, tail;
	uint8_t *end;

	if (seed % 3 == 0 || size <= HEAD || size >= sizeof(text) / 2)
		return LLVMFuzzerMutate(data, size, max);
	end = memchr(data + HEAD, 0, size - HEAD);
	len = end ? (size_t)(end - data) - HEAD : size - HEAD;
	memcpy(text, data + HEAD, len);
	text[len] = 0;
	new_len = mutator_run(text, seed) ? strlen(text) : 0;
	tail = size - HEAD - len;
	if (!new_len || HEAD + new_len + tail > max)
		return LLVMFuzzerMutate(data, size, max);
	memmove(data + HEAD + new_len, data + HEAD + len, tail);
	memcpy(data + HEAD, text, new_len);
	return HEAD + new_len + tail;
}
