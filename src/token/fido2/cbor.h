/* SPDX-License-Identifier: MIT */
/*
 * cbor - the part of CBOR (RFC 8949) that CTAP2 messages are made of (CTAP 2.1, section 8).
 *
 * Integers, byte and text strings, arrays, maps, true, false and null, all of a given length, at most
 * CBOR_DEPTH_MAX deep. Reading copies nothing: items point into the message. cbor_open proves once that the
 * whole message is one such item; afterwards nothing can run out of it.
 */
#ifndef FIDO2_CBOR_H
#define FIDO2_CBOR_H

#include "base/bytes.h"

enum { CBOR_DEPTH_MAX = 4 }; /* CTAP 2.1, section 8: nesting of maps and arrays */

enum cbor_kind { CBOR_UINT, CBOR_NINT, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_TAG, CBOR_SIMPLE };

/* One item of a message that cbor_open has checked. */
struct cbor {
	enum cbor_kind kind;
	/*
	 * A number as it is encoded (of CBOR_NINT: -1 minus it), bytes of a string, items of an array, pairs
	 * of a map.
	 */
	uint64_t value;
	struct bytes rest; /* what follows the item's head */
};

/* The item that is all of @message. False when it is anything else, or has what is not named above. */
bool cbor_open(struct bytes message, struct cbor *out);

/* The value of the integer key @key (-24 to 23) in @map. False when it is not there, or @map is no map. */
bool cbor_at(const struct cbor *map, int key, struct cbor *out);

/* The same of a text key. */
bool cbor_named(const struct cbor *map, const char *key, struct cbor *out);

/* The items of an array one by one; of a map its keys and values in turn; of anything else none. */
struct cbor_walk {
	struct bytes rest;
	uint64_t left;
};
struct cbor_walk cbor_items(const struct cbor *container);
bool cbor_next(struct cbor_walk *w, struct cbor *out);

/* A string's bytes; false when @item is no byte string. */
bool cbor_bytes(const struct cbor *item, struct bytes *out);

/* Is it exactly this text string? */
bool cbor_is_text(const struct cbor *item, const char *text);

/* Is it the value true? */
bool cbor_is_true(const struct cbor *item);

/* A message that is written. What does not fit sets full, and nothing is written any more. */
struct cbor_out {
	uint8_t *at;
	size_t room, used;
	bool full;
};

/*
 * Write items as @fmt has them, with blanks between: a number in decimal; 'text' a text string; {N a map of N
 * pairs, [N an array of N items, which follow. From the arguments: %d an int, %s a text string, %b a byte
 * string (const struct bytes *), %o true or false (an int). The order of keys (CTAP 2.1, section 8) is the
 * caller's care.
 */
void cbor_write(struct cbor_out *o, const char *fmt, ...);

#endif
