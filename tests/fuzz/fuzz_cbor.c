/* SPDX-License-Identifier: MIT */
/* CBOR: what is taken can be walked to its end, and nothing points outside the message. */
#include "fuzz.h"
#include "token/fido2/cbor.h"

static const uint8_t *low, *high;

/* Every item below @item; returns how deep that is. */
static unsigned walk(const struct cbor *item)
{
	struct cbor_walk w = cbor_items(item);
	unsigned deepest = 0;
	struct cbor inner, found;
	struct bytes b;

	fuzz_check((const uint8_t *)item->rest.data >= low &&
			   (const uint8_t *)item->rest.data + item->rest.len == high,
		"an item outside the message");
	if (cbor_bytes(item, &b))
		fuzz_check((const uint8_t *)b.data >= low &&
				   b.len <= (size_t)(high - (const uint8_t *)b.data),
			"a string outside the message");
	if (item->kind == CBOR_MAP) {
		(void)cbor_named(item, "hmac-secret", &found);
		for (int k = -24; k < 24; k += 5)
			(void)cbor_at(item, k, &found);
	}
	while (cbor_next(&w, &inner)) {
		unsigned depth = walk(&inner);

		deepest = depth > deepest ? depth : deepest;
	}
	fuzz_check(!w.left, "a container with fewer items than it says");
	return deepest + (item->kind == CBOR_ARRAY || item->kind == CBOR_MAP);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cbor item;

	low = data;
	high = data + size;
	if (cbor_open((struct bytes){data, size}, &item))
		fuzz_check(walk(&item) <= CBOR_DEPTH_MAX, "nested deeper than is allowed");
	return 0;
}
