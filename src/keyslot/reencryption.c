/* SPDX-License-Identifier: MIT */
/* reencryption - see reencryption.h. */
#include "keyslot/reencryption.h"
#include "keyslot/digest.h"
#include "secret/arena.h"
#include "secret/wipe.h"
#include <string.h>

/* "v2", two keys, six words, five numbers and three segments of up to 80 bytes. */
enum { INPUT_BYTES = 640 };

struct input {
	size_t used;
	uint8_t bytes[INPUT_BYTES];
};

static void put(struct input *in, const void *data, size_t len)
{
	if (len > sizeof(in->bytes) - in->used)
		len = sizeof(in->bytes) - in->used;
	memcpy(in->bytes + in->used, data, len);
	in->used += len;
}

static void put_text(struct input *in, const char *text)
{
	put(in, text, strlen(text));
}

/* The @bytes low ones of @n, the highest first. */
static void put_number(struct input *in, uint64_t n, unsigned bytes)
{
	while (bytes--)
		put(in, &(uint8_t){(uint8_t)(n >> 8 * bytes)}, 1);
}

static void put_segment(struct input *in, const struct luks_segment *seg)
{
	put_text(in, seg->linear ? "linear" : "crypt");
	put_number(in, seg->off, 8);
	if (seg->size_bytes)
		put_number(in, seg->size_bytes, 8);
	else
		put_text(in, "dynamic");
	if (seg->linear)
		return;
	put_number(in, seg->iv_sectors, 8);
	put_text(in, cipher_name(seg->cipher));
	put_number(in, seg->sector_bytes, 4);
}

static void put_area(struct input *in, const struct luks *luks)
{
	const struct luks_reencrypt *r = &luks->reencrypt;

	put_text(in, luks_word(LUKS_WORDS_MODE, r->mode));
	put_text(in, luks_word(LUKS_WORDS_DIRECTION, r->direction));
	put_text(in, luks_word(LUKS_WORDS_RESILIENCE, r->resilience));
	put_number(in, r->area_off, 8);
	put_number(in, r->area_size_bytes, 8);
	if (r->area_hash[0]) {
		put_text(in, r->area_hash);
		put_number(in, r->area_sector_bytes, 4);
	}
	if (luks_reencryption_shifts(luks))
		put_number(in, r->shift_bytes, 8);
}

static void serialise(struct input *in, const struct luks *luks, const struct volume_keys *keys)
{
	const struct luks_reencrypt *r = &luks->reencrypt;
	const struct volume_key *old = reencryption_key_of(luks, keys, r->previous.digest);
	const struct volume_key *new = reencryption_key_of(luks, keys, r->final.digest);

	put_text(in, "v");
	put_number(in, '0' + r->version, 1);
	if (old)
		put(in, old->data, old->len);
	if (new &&new != old)
		put(in, new->data, new->len);
	put_area(in, luks);
	put_segment(in, &r->previous);
	put_segment(in, &r->final);
	if (r->has_moved)
		put_segment(in, &r->moved);
}

const struct volume_key *reencryption_key_of(const struct luks *luks, const struct volume_keys *keys,
	int digest)
{
	for (unsigned i = 0; digest >= 0 && i < keys->count; i++)
		if (keys->key[i].digest_id == luks->digests[digest].id)
			return &keys->key[i];
	return NULL;
}

uint32_t reencryption_digests(const struct luks *luks)
{
	const struct luks_reencrypt *r = &luks->reencrypt;

	if (!luks_reencryption_is_described(luks) || luks->segments[0].verdict.cause)
		return 0;
	return (r->previous.digest < 0 ? 0 : 1u << r->previous.digest) |
	       (r->final.digest < 0 ? 0 : 1u << r->final.digest);
}

enum cause reencryption_verify(const struct luks *luks, const struct volume_keys *keys, struct error *err)
{
	const struct luks_digest *digest = &luks->digests[luks->reencrypt.digest];
	size_t mark = arena_mark();
	struct input *in;
	enum cause cause = reencryption_digests(luks) ? digest_check(digest, err) : CAUSE_OK;

	if (cause || !reencryption_digests(luks))
		return cause;
	cause = arena_get(&in, sizeof(*in), err);
	if (cause)
		return cause;
	serialise(in, luks, keys);
	if (!digest_matches(digest, (struct bytes){in->bytes, in->used}))
		cause = error_set(err, CAUSE_DAMAGED,
			"the description of the re-encryption was changed or is damaged: do not resume it; "
			"compare it with a header backup made after it began");
	arena_release(mark);
	wipe_stack();
	return cause;
}
