/* SPDX-License-Identifier: MIT */
/*
 * json_scan - is this text JSON, without liberties and within bounds? (RFC 8259)
 *
 * Runs before the JSON library sees a byte, since the library takes a good deal that is
 * not JSON and forgets how a number was written.
 */
#ifndef FORMAT_JSON_SCAN_H
#define FORMAT_JSON_SCAN_H

#include "base/cause.h"
#include <stddef.h>

enum {
	JSON_DEPTH_MAX = 32, /* what json-c, and so cryptsetup, takes */
	JSON_VALUES_MAX = 16384,
	JSON_MEMBERS_MAX = 128, /* in one object: their names are compared */
	JSON_NAME_MAX_BYTES = 128,
};

/*
 * Check @len bytes of @text, which must be one object and nothing else. Numbers must be
 * integers from 0 to 2^32 - 1 as LUKS2 writes them; only inside the member "tokens",
 * whose content belongs to other programs, any JSON number may stand.
 * Fails: CAUSE_DAMAGED, naming the byte.
 */
enum cause json_scan(const char *text, size_t len, struct error *err) MUST_USE;

#endif
