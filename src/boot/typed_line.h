/* SPDX-License-Identifier: MIT */
/* typed_line - a passphrase while it is being typed on one console: which keys edit it. */
#ifndef BOOT_TYPED_LINE_H
#define BOOT_TYPED_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct typed_line {
	uint8_t *bytes; /* VAULT_LINE_BYTES; zero after len, but for a byte of the caller's at the end */
	size_t len;     /* up to CONSOLES_PASSPHRASE_MAX_BYTES + 1, by which too long is known */
	uint8_t escape; /* the last byte of a key's escape sequence that has not ended; else 0 */
};

/* True when @byte ends the line. */
bool typed_line_edit(struct typed_line *l, uint8_t byte);

/* Of UTF-8. */
unsigned typed_line_characters(const struct typed_line *l);

void typed_line_wipe(struct typed_line *l);

#endif
