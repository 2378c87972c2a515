/* SPDX-License-Identifier: MIT */
/* secret - the bytes of a key or passphrase, and where they are. */
#ifndef SECRET_SECRET_H
#define SECRET_SECRET_H

#include <stddef.h>
#include <stdint.h>

enum { SECRET_MAX_BYTES = 8 << 20 };

/* In the arena, until the mark below it is released; or in a slot of the vault. */
struct secret {
	uint8_t *data;
	size_t len;
};

#endif
