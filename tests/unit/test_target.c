/* SPDX-License-Identifier: MIT */
/* The table line, character by character: it is what the kernel and cryptsetup compare. */
#include "dm/target.h"
#include "rows.h"
#include <stdlib.h>

static uint8_t key[64];

static struct crypt_target plain(void)
{
	return (struct crypt_target){
		.size_sectors = 32768,
		.cipher = "aes-xts-plain64",
		.key = key,
		.key_bytes = 64,
		.key_description = "cryptsetup:6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21-d0",
		.major = 7,
		.minor = 0,
		.data_sectors = 32768,
		.sector_bytes = 512,
	};
}

/* In exact memory, so that one byte too many is caught. */
static enum cause format(const struct crypt_target *t, char out[static TARGET_LINE_BYTES])
{
	char *line = malloc(TARGET_LINE_BYTES);
	struct error err;
	enum cause cause;

	assert_non_null(line);
	memset(line, 'Z', TARGET_LINE_BYTES);
	cause = target_format(t, line, &err);
	if (!cause)
		memcpy(out, line, TARGET_LINE_BYTES);
	free(line);
	return cause;
}

static void expect(const struct crypt_target *t, const char *want)
{
	char line[TARGET_LINE_BYTES];

	assert_int_equal(format(t, line), CAUSE_OK);
	assert_string_equal(line, want);
}

#define HEX_32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_64 HEX_32 "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
#define NAMED ":64:logon:cryptsetup:6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21-d0"

static void a_line_with_a_named_key_differs_from_cryptsetups(void **state)
{
	struct crypt_target t = plain();

	(void)state;
	expect(&t, "aes-xts-plain64 " NAMED " 0 7:0 32768");
	t.sector_bytes = 4096;
	expect(&t, "aes-xts-plain64 " NAMED " 0 7:0 32768 1 sector_size:4096");
}

static void a_line_with_a_key_in_hex_differs_from_cryptsetups(void **state)
{
	struct crypt_target t = plain();

	(void)state;
	t.key_description = NULL;
	t.minor = 2;
	t.data_sectors = 4096;
	expect(&t, "aes-xts-plain64 " HEX_64 " 0 7:2 4096");
	t.key_bytes = 32;
	expect(&t, "aes-xts-plain64 " HEX_32 " 0 7:2 4096");
}

/* Each byte value, both digits of it. */
static void a_digit_of_the_key_is_wrong(void **state)
{
	struct crypt_target t = plain();
	char line[TARGET_LINE_BYTES], want[3];
	uint8_t byte;

	(void)state;
	t.key_description = NULL;
	t.key = &byte;
	t.key_bytes = 1;
	for (unsigned i = 0; i < 256; i++) {
		byte = (uint8_t)i;
		assert_int_equal(format(&t, line), CAUSE_OK);
		snprintf(want, sizeof(want), "%02x", i);
		assert_memory_equal(line + strlen("aes-xts-plain64 "), want, 2);
		assert_int_equal(line[strlen("aes-xts-plain64 xx")], ' ');
	}
}

static void a_number_is_cut(void **state)
{
	struct crypt_target t = plain();

	(void)state;
	t.major = 4095;
	t.minor = 1048575;
	t.data_sectors = UINT64_MAX;
	expect(&t, "aes-xts-plain64 " NAMED " 0 4095:1048575 18446744073709551615");
	t.data_sectors = 0;
	expect(&t, "aes-xts-plain64 " NAMED " 0 4095:1048575 0");
}

static void a_cipher_with_a_comma_or_colon_is_changed(void **state)
{
	struct crypt_target t = plain();

	(void)state;
	t.cipher = "xchacha12,aes-adiantum-plain64";
	t.key_bytes = 32;
	expect(&t, "xchacha12,aes-adiantum-plain64 "
		   ":32:logon:cryptsetup:6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21-d0 0 7:0 "
		   "32768");
	t.cipher = "aes-cbc-essiv:sha256";
	t.key_bytes = 16;
	t.key_description = NULL;
	expect(&t, "aes-cbc-essiv:sha256 000102030405060708090a0b0c0d0e0f 0 7:0 32768");
}

/* --- options: every combination --------------------------------------------------------- */

static const char *const options[] = {"allow_discards", "same_cpu_crypt", "submit_from_crypt_cpus",
	"no_read_workqueue", "no_write_workqueue", "high_priority"};

static unsigned blanks(const char *s)
{
	unsigned n = 0;

	for (; *s; s++)
		n += *s == ' ';
	return n;
}

static void one_combination(unsigned set, uint32_t sector_bytes, const char *description)
{
	struct crypt_target t = plain();
	char line[TARGET_LINE_BYTES], want[TARGET_LINE_BYTES];
	unsigned count = sector_bytes != 512;
	size_t n;

	t.flags = set;
	t.sector_bytes = sector_bytes;
	t.key_description = description;
	for (unsigned i = 0; i < 6; i++)
		count += set >> i & 1;
	n = (size_t)sprintf(want, "aes-xts-plain64 %s 0 7:0 32768", description ? NAMED : HEX_64);
	if (count)
		n += (size_t)sprintf(want + n, " %u", count);
	for (unsigned i = 0; i < 6; i++)
		if (set >> i & 1)
			n += (size_t)sprintf(want + n, " %s", options[i]);
	if (sector_bytes != 512)
		sprintf(want + n, " sector_size:%u", sector_bytes);
	assert_int_equal(format(&t, line), CAUSE_OK);
	assert_string_equal(line, want);
	/* No value brings a blank of its own: four between five words, and the options. */
	assert_int_equal(blanks(line), 4 + (count ? 1 + count : 0));
}

static void options_are_counted_or_ordered_wrongly(void **state)
{
	static const uint32_t sizes[] = {512, 1024, 2048, 4096};

	(void)state;
	for (unsigned set = 0; set < 64; set++)
		for (unsigned i = 0; i < COUNT(sizes); i++) {
			one_combination(set, sizes[i], plain().key_description);
			one_combination(set, sizes[i], NULL);
		}
}

/* --- length ------------------------------------------------------------------------------ */

static void the_longest_line_does_not_fit(void **state)
{
	struct crypt_target t = plain();
	char line[TARGET_LINE_BYTES];

	(void)state;
	t.cipher = "xchacha20,aes-adiantum-plain64";
	t.flags = 63;
	t.sector_bytes = 4096;
	t.major = 4095;
	t.minor = 1048575;
	t.data_sectors = UINT64_MAX;
	assert_int_equal(format(&t, line), CAUSE_OK);
	t.key_description = NULL;
	assert_int_equal(format(&t, line), CAUSE_OK);
	assert_non_null(strstr(line, " 7 allow_discards "));
	assert_non_null(strstr(line, " sector_size:4096"));
}

/* A line that was cut would be another table: each length up to the end fits whole or is refused. */
static void a_cut_line_is_passed_on(void **state)
{
	static char description[1024];
	char line[TARGET_LINE_BYTES];
	struct crypt_target t = plain();
	size_t fixed;

	(void)state;
	t.sector_bytes = 4096;
	t.key_description = "";
	assert_int_equal(format(&t, line), CAUSE_OK);
	fixed = strlen(line);
	t.key_description = description;
	for (size_t n = 1; n < sizeof(description); n++) {
		enum cause cause;

		memset(description, 'd', n);
		description[n] = 0;
		cause = format(&t, line);
		if (fixed + n >= TARGET_LINE_BYTES)
			assert_int_equal(cause, CAUSE_BUG);
		else if (!cause)
			assert_int_equal(strlen(line), fixed + n);
	}
}

/* More key than a line holds. */
static void a_cut_key_is_passed_on(void **state)
{
	static uint8_t long_key[1024];
	char line[TARGET_LINE_BYTES];
	struct crypt_target t = plain();

	(void)state;
	t.key_description = NULL;
	t.key = long_key;
	for (t.key_bytes = 300; t.key_bytes < sizeof(long_key); t.key_bytes++)
		if (format(&t, line) == CAUSE_OK)
			assert_int_equal(strlen(line),
				strlen("aes-xts-plain64  0 7:0 32768") + 2 * t.key_bytes);
		else
			assert_true(t.key_bytes > 350);
}

int main(void)
{
	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	ROW(a_line_with_a_named_key_differs_from_cryptsetups);
	ROW(a_line_with_a_key_in_hex_differs_from_cryptsetups);
	ROW(a_digit_of_the_key_is_wrong);
	ROW(a_number_is_cut);
	ROW(a_cipher_with_a_comma_or_colon_is_changed);
	ROW(options_are_counted_or_ordered_wrongly);
	ROW(the_longest_line_does_not_fit);
	ROW(a_cut_line_is_passed_on);
	ROW(a_cut_key_is_passed_on);
	return rows_run("target");
}
