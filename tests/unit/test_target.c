/* SPDX-License-Identifier: MIT */
/* The table line, character by character: it is what the kernel and cryptsetup compare. */
#include "dm/target.h"
#include "rows.h"
#include <stdlib.h>

static uint8_t key[64];

/* A table of one target. */
struct one {
	struct target target;
	struct target_key key;
	unsigned flags;
};

static struct one plain(void)
{
	return (struct one){
		.target =
			{
				.size_sectors = 32768,
				.cipher = "aes-xts-plain64",
				.major = 7,
				.minor = 0,
				.off_sectors = 32768,
				.sector_bytes = 512,
			},
		.key = {key, 64, "cryptsetup:6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21-d0"},
	};
}

/* In exact memory, so that one byte too many is caught. Whether it fits. */
static bool format(const struct one *t, char out[static TARGET_LINE_BYTES])
{
	const struct table table = {&t->target, 1, &t->key, 1, t->flags, false};
	char *line = malloc(TARGET_LINE_BYTES);
	size_t used;

	assert_non_null(line);
	memset(line, 'Z', TARGET_LINE_BYTES);
	used = target_format(&table, &t->target, line, TARGET_LINE_BYTES);
	if (used) {
		memcpy(out, line, TARGET_LINE_BYTES);
		assert_int_equal(used, strlen(out));
	}
	free(line);
	return used;
}

static void expect(const struct one *t, const char *want)
{
	char line[TARGET_LINE_BYTES];

	assert_true(format(t, line));
	assert_string_equal(line, want);
}

#define HEX_32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_64 HEX_32 "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
#define NAMED ":64:logon:cryptsetup:6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21-d0"

static void a_line_with_a_named_key_differs_from_cryptsetups(void **state)
{
	struct one t = plain();

	(void)state;
	expect(&t, "aes-xts-plain64 " NAMED " 0 7:0 32768");
	t.target.sector_bytes = 4096;
	expect(&t, "aes-xts-plain64 " NAMED " 0 7:0 32768 1 sector_size:4096");
}

static void a_line_of_integrity_differs_from_cryptsetups(void **state)
{
	struct one t = plain();

	(void)state;
	t.target.tag_bytes = 28;
	expect(&t, "aes-xts-plain64 " NAMED " 0 7:0 32768 1 integrity:28:aead");
	t.target.sector_bytes = 4096;
	t.flags = 1;
	expect(&t,
		"aes-xts-plain64 " NAMED " 0 7:0 32768 3 allow_discards integrity:28:aead sector_size:4096");
	t.target.type = TARGET_INTEGRITY;
	expect(&t, "7:0 32768 28 J 1 block_size:4096");
	t.target.no_journal = true;
	expect(&t, "7:0 32768 28 D 1 block_size:4096");
	assert_string_equal(target_type_name(TARGET_INTEGRITY), "integrity");
}

static void a_line_with_a_key_in_hex_differs_from_cryptsetups(void **state)
{
	struct one t = plain();

	(void)state;
	t.key.description = NULL;
	t.target.minor = 2;
	t.target.off_sectors = 4096;
	expect(&t, "aes-xts-plain64 " HEX_64 " 0 7:2 4096");
	t.key.bytes = 32;
	expect(&t, "aes-xts-plain64 " HEX_32 " 0 7:2 4096");
}

/* Each byte value, both digits of it. */
static void a_digit_of_the_key_is_wrong(void **state)
{
	struct one t = plain();
	char line[TARGET_LINE_BYTES], want[3];
	uint8_t byte;

	(void)state;
	t.key.description = NULL;
	t.key.data = &byte;
	t.key.bytes = 1;
	for (unsigned i = 0; i < 256; i++) {
		byte = (uint8_t)i;
		assert_true(format(&t, line));
		snprintf(want, sizeof(want), "%02x", i);
		assert_memory_equal(line + strlen("aes-xts-plain64 "), want, 2);
		assert_int_equal(line[strlen("aes-xts-plain64 xx")], ' ');
	}
}

static void a_number_is_cut(void **state)
{
	struct one t = plain();

	(void)state;
	t.target.major = 4095;
	t.target.minor = 1048575;
	t.target.off_sectors = UINT64_MAX;
	expect(&t, "aes-xts-plain64 " NAMED " 0 4095:1048575 18446744073709551615");
	t.target.off_sectors = 0;
	expect(&t, "aes-xts-plain64 " NAMED " 0 4095:1048575 0");
}

static void a_cipher_with_a_comma_or_colon_is_changed(void **state)
{
	struct one t = plain();

	(void)state;
	t.target.cipher = "xchacha12,aes-adiantum-plain64";
	t.key.bytes = 32;
	expect(&t, "xchacha12,aes-adiantum-plain64 "
		   ":32:logon:cryptsetup:6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21-d0 0 7:0 "
		   "32768");
	t.target.cipher = "aes-cbc-essiv:sha256";
	t.key.bytes = 16;
	t.key.description = NULL;
	expect(&t, "aes-cbc-essiv:sha256 000102030405060708090a0b0c0d0e0f 0 7:0 32768");
}

static void the_number_of_the_first_sector_is_lost(void **state)
{
	struct one t = plain();

	(void)state;
	t.target.iv_sectors = 14336;
	expect(&t, "aes-xts-plain64 " NAMED " 14336 7:0 32768");
	t.target.iv_sectors = UINT64_MAX;
	expect(&t, "aes-xts-plain64 " NAMED " 18446744073709551615 7:0 32768");
}

static void a_linear_target_has_a_key_or_flags(void **state)
{
	struct one t = plain();

	(void)state;
	t.target.type = TARGET_LINEAR;
	t.flags = 63;
	expect(&t, "7:0 32768");
	assert_string_equal(target_type_name(TARGET_LINEAR), "linear");
	assert_string_equal(target_type_name(TARGET_CRYPT), "crypt");
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
	struct one t = plain();
	char line[TARGET_LINE_BYTES], want[TARGET_LINE_BYTES];
	unsigned count = sector_bytes != 512;
	size_t n;

	t.flags = set;
	t.target.sector_bytes = sector_bytes;
	t.key.description = description;
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
	assert_true(format(&t, line));
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
			one_combination(set, sizes[i], plain().key.description);
			one_combination(set, sizes[i], NULL);
		}
}

/* --- length ------------------------------------------------------------------------------ */

static void the_longest_line_does_not_fit(void **state)
{
	struct one t = plain();
	char line[TARGET_LINE_BYTES];

	(void)state;
	t.target.cipher = "xchacha20,aes-adiantum-plain64";
	t.flags = 63;
	t.target.sector_bytes = 4096;
	t.target.major = 4095;
	t.target.minor = 1048575;
	t.target.off_sectors = UINT64_MAX;
	assert_true(format(&t, line));
	t.key.description = NULL;
	assert_true(format(&t, line));
	assert_non_null(strstr(line, " 7 allow_discards "));
	assert_non_null(strstr(line, " sector_size:4096"));
}

/* A line that was cut would be another table: each length up to the end fits whole or is refused. */
static void a_cut_line_is_passed_on(void **state)
{
	static char description[1024];
	char line[TARGET_LINE_BYTES];
	struct one t = plain();
	size_t fixed;

	(void)state;
	t.target.sector_bytes = 4096;
	t.key.description = "";
	assert_true(format(&t, line));
	fixed = strlen(line);
	t.key.description = description;
	for (size_t n = 1; n < sizeof(description); n++) {
		bool fits;

		memset(description, 'd', n);
		description[n] = 0;
		fits = format(&t, line);
		if (fixed + n >= TARGET_LINE_BYTES)
			assert_false(fits);
		else if (fits)
			assert_int_equal(strlen(line), fixed + n);
	}
}

/* More key than a line holds. */
static void a_cut_key_is_passed_on(void **state)
{
	static uint8_t long_key[1024];
	char line[TARGET_LINE_BYTES];
	struct one t = plain();

	(void)state;
	t.key.description = NULL;
	t.key.data = long_key;
	for (t.key.bytes = 300; t.key.bytes < sizeof(long_key); t.key.bytes++)
		if (format(&t, line))
			assert_int_equal(strlen(line),
				strlen("aes-xts-plain64  0 7:0 32768") + 2 * t.key.bytes);
		else
			assert_true(t.key.bytes > 350);
}

int main(void)
{
	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	ROW(a_line_with_a_named_key_differs_from_cryptsetups);
	ROW(a_line_with_a_key_in_hex_differs_from_cryptsetups);
	ROW(a_line_of_integrity_differs_from_cryptsetups);
	ROW(a_digit_of_the_key_is_wrong);
	ROW(a_number_is_cut);
	ROW(a_cipher_with_a_comma_or_colon_is_changed);
	ROW(the_number_of_the_first_sector_is_lost);
	ROW(a_linear_target_has_a_key_or_flags);
	ROW(options_are_counted_or_ordered_wrongly);
	ROW(the_longest_line_does_not_fit);
	ROW(a_cut_line_is_passed_on);
	ROW(a_cut_key_is_passed_on);
	return rows_run("target");
}
