/* SPDX-License-Identifier: MIT */
/*
 * Bytes that are typed on a console, to passphrases: a line is given out as the keys for correction leave it.
 */
#include "fuzz.h"

#include "../../src/boot/consoles.c" /* its parts are not called one by one elsewhere */

static void check_line(const struct console *c)
{
	static const uint8_t zeroes[VAULT_LINE_BYTES];

	fuzz_check(c->line.len <= CONSOLES_PASSPHRASE_MAX_BYTES + 1, "a line beyond its room");
	fuzz_check(!memcmp(c->line.bytes + c->line.len, zeroes, VAULT_LINE_BYTES - c->line.len),
		"what was taken away is still there");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct console *c = &all.c[0];

	*c = (struct console){.fd = -1, .line = {.bytes = calloc(1, VAULT_LINE_BYTES)}};
	all.count = 1;
	all.asking = true;
	for (size_t i = 0; i < size; i++) {
		size_t before = c->line.len;

		if (!typed_line_edit(&c->line, data[i])) {
			/* What only grows is not looked at for each byte. */
			if (c->line.len > before && i % 64)
				continue;
			check_line(c);
			fuzz_check(stars(c) <= STARS_MAX, "more stars than there is room for");
		} else if (is_usable(c)) {
			/* Of no length: the second time that Enter is pressed. */
			fuzz_check(c->line.len <= CONSOLES_PASSPHRASE_MAX_BYTES, "a passphrase too long");
			fuzz_check(!memchr(c->line.bytes, '\n', c->line.len), "a passphrase of two lines");
			forget_line(c);
		}
		all.masked = i & 1;
	}
	check_line(c);
	free(c->line.bytes);
	all.count = 0;
	return 0;
}
