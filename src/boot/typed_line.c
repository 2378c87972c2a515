/* SPDX-License-Identifier: MIT */
/* typed_line - see typed_line.h. */
#include "boot/typed_line.h"
#include "boot/consoles.h"
#include "secret/vault.h"
#include "secret/wipe.h"
#include <string.h>

void typed_line_wipe(struct typed_line *l)
{
	wipe(l->bytes, VAULT_LINE_BYTES);
	l->len = 0;
}

static bool starts_character(uint8_t byte)
{
	return (byte & 0xc0) != 0x80; /* UTF-8 */
}

unsigned typed_line_characters(const struct typed_line *l)
{
	unsigned n = 0;

	for (size_t i = 0; i < l->len; i++)
		n += starts_character(l->bytes[i]);
	return n;
}

static void erase_character(struct typed_line *l)
{
	while (l->len) {
		uint8_t byte = l->bytes[--l->len];

		l->bytes[l->len] = 0;
		if (starts_character(byte))
			return;
	}
}

/*
 * ^D, ^Q, ^S, ^Z, ^\ and Esc are ignored: no passphrase that was set at a terminal contains them, because
 * there they are control keys. Taken as characters they would make the passphrase wrong.
 */
static bool is_ignored(uint8_t byte)
{
	return memchr("\4\21\23\32\33\34", byte, 6);
}

bool typed_line_edit(struct typed_line *l, uint8_t byte)
{
	enum {
		BACKSPACE = 8,
		DELETE = 127,
		KILL = 'U' - '@',
		WORD = 'W' - '@',
		INTERRUPT = 'C' - '@',
		ESCAPE = 27
	};
	const uint8_t before = l->escape;

	if (before && byte >= ' ' && (before != ESCAPE || byte == '[' || byte == 'O')) {
		/* ESC [ 1 ; 5 A, ESC O A: up to the final letter or ~. */
		bool is_final =
			before != ESCAPE && (((byte | 32) >= 'a' && (byte | 32) <= 'z') || byte == '~');

		l->escape = is_final ? 0 : byte;
		return false;
	}
	l->escape = byte == ESCAPE ? byte : 0;
	if (byte == '\n')
		return true;
	if (byte == BACKSPACE || byte == DELETE)
		erase_character(l);
	else if (byte == KILL || byte == INTERRUPT)
		typed_line_wipe(l);
	else if (byte == WORD)
		while (l->len && l->bytes[l->len - 1] == ' ')
			erase_character(l);
	else if (!is_ignored(byte) && l->len <= CONSOLES_PASSPHRASE_MAX_BYTES)
		l->bytes[l->len++] = byte;
	if (byte == WORD)
		while (l->len && l->bytes[l->len - 1] != ' ')
			erase_character(l);
	return false;
}
