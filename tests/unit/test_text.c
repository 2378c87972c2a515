/* SPDX-License-Identifier: MIT */
/* Tests of base/text: formatting, output, escaping, numbers. */
#include "unit.h"
#include "base/text.h"
#include <errno.h>
#include <limits.h>
#include <unistd.h>

/* write(2) of this program: each call does what the script says, '1' to '9': that many bytes. */
static struct {
	const char *script; /* 'i': EINTR, 'e': EIO, '0': nothing; at its end everything is taken */
	char taken[4096];
	size_t used;
	unsigned calls;
} out;

ssize_t write(int fd, const void *data, size_t len)
{
	char step = *out.script ? *out.script++ : 'a';

	assert_int_equal(fd, 99);
	out.calls++;
	if (step == 'i' || step == 'e') {
		errno = step == 'i' ? EINTR : EIO;
		return -1;
	}
	if (step != 'a' && (size_t)(step - '0') < len)
		len = (size_t)(step - '0');
	assert_true(out.used + len <= sizeof(out.taken));
	memcpy(out.taken + out.used, data, len);
	out.used += len;
	return (ssize_t)len;
}

static void script(const char *steps)
{
	memset(&out, 0, sizeof(out));
	out.script = steps;
}

/* The same arguments through the C library. */
#define AGREES(...)                                                                                          \
	do {                                                                                                 \
		char ours[128], theirs[128];                                                                 \
		size_t n = text_format(ours, sizeof(ours), __VA_ARGS__);                                     \
                                                                                                             \
		snprintf(theirs, sizeof(theirs), __VA_ARGS__);                                               \
		assert_string_equal(ours, theirs);                                                           \
		assert_int_equal(n, strlen(theirs));                                                         \
	} while (0)

TEST(a_number_is_printed_wrong)
{
	AGREES("%d %d %d %d %d", 0, 1, -1, INT_MAX, INT_MIN);
	AGREES("%u %u", 0u, UINT_MAX);
	AGREES("%x %x %x", 0u, 0xdeadbeefu, UINT_MAX);
	AGREES("%c|%c|%%", 'a', '~');
}

TEST(a_long_number_is_cut_to_an_int)
{
	AGREES("%ld %ld", LONG_MAX, LONG_MIN);
	AGREES("%lld %lld %lld", 0ll, LLONG_MAX, LLONG_MIN);
	AGREES("%lu %llu %zu", ULONG_MAX, ULLONG_MAX, SIZE_MAX);
	AGREES("%lx %llx %zx", ULONG_MAX, ULLONG_MAX, SIZE_MAX);
}

TEST(arguments_behind_a_long_one_are_shifted)
{
	AGREES("%llu %u %s %zu %c %d", 1ull << 40, 7u, "seven", (size_t)9, 'x', -3);
}

TEST(a_width_pads_on_the_wrong_side_or_not_at_all)
{
	AGREES("[%5d][%-5d][%05d][%1d]", 42, 42, 42, 12345);
	AGREES("[%6d][%-6d][%3d]", -42, -42, -12345);
	AGREES("[%8s][%-8s][%2s]", "text", "text", "text");
	AGREES("[%02x][%08x][%8x][%-8x]", 5u, 0xbeefu, 0xbeefu, 0xbeefu);
	AGREES("[%20llu][%020llu][%-20llu]", 123456789012ull, 123456789012ull, 123456789012ull);
}

TEST(zeroes_stand_before_the_minus)
{
	AGREES("[%05d][%03d][%010lld]", -42, -5, -1234567ll);
}

TEST(long_text_overruns_its_buffer)
{
	char buf[32];

	for (size_t size = 0; size < 24; size++) {
		memset(buf, '#', sizeof(buf));
		size_t n = text_format(buf, size, "%s-%d-%8x", "abcdefgh", 12345, 0xffu);

		assert_int_equal(unit_others(buf + size, '#', sizeof(buf) - size), 0);
		if (!size) {
			assert_int_equal(n, 0);
			continue;
		}
		assert_int_equal(n, size - 1);
		assert_int_equal(strlen(buf), n);
		assert_memory_equal(buf, "abcdefgh-12345-      ff", n < 23 ? n : 23);
	}
}

TEST(an_unknown_conversion_reads_an_argument)
{
	const char *unfinished = "100%", *flagged = "5%08";
	char buf[32];

	/* What becomes of the character is not promised; that nothing is fetched for it is. */
	text_format(buf, sizeof(buf), unfinished);
	assert_memory_equal(buf, "100", 3);
	text_format(buf, sizeof(buf), flagged);
	assert_memory_equal(buf, "5", 1);
	AGREES("%%%d%%", 3);
}

TEST(a_short_write_loses_the_rest)
{
	script("13129");
	assert_true(text_write(99, "the quick brown fox", 19));
	assert_int_equal(out.used, 19);
	assert_memory_equal(out.taken, "the quick brown fox", 19);
}

TEST(an_interrupted_write_is_given_up)
{
	script("i2ii3i");
	assert_true(text_write(99, "abcdefgh", 8));
	assert_memory_equal(out.taken, "abcdefgh", 8);
	assert_int_equal(out.used, 8);
}

TEST(a_failed_write_counts_as_success_or_is_repeated_for_ever)
{
	script("2e");
	assert_false(text_write(99, "abcdefgh", 8));
	assert_int_equal(out.calls, 2);
	script("0");
	assert_false(text_write(99, "abcdefgh", 8));
	assert_int_equal(out.calls, 1);
	script("");
	assert_true(text_write(99, "", 0));
	assert_int_equal(out.calls, 0);
}

TEST(print_writes_more_or_less_than_the_text)
{
	char longer[3000];

	script("");
	text_print(99, "%s %d\n", "keyslot", 3);
	assert_int_equal(out.used, 10);
	assert_memory_equal(out.taken, "keyslot 3\n", 10);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	script("");
	text_print(99, "%s", longer);
	assert_in_range(out.used, 1000, 1024);
	assert_int_equal(unit_others(out.taken, 'x', out.used), 0);
}

TEST(escape_lets_a_byte_through_that_is_not_printable)
{
	for (unsigned c = 1; c < 256; c++) {
		char src[2] = {(char)c, 0}, dst[8], want[8];
		int plain = c >= 0x20 && c < 0x7f && c != '\\';

		snprintf(want, sizeof(want), plain ? "%c" : "\\x%02x", c);
		text_escape(dst, sizeof(dst), src);
		assert_string_equal(dst, want);
	}
}

TEST(a_string_of_json_has_a_byte_that_is_not_printable_or_ends_early)
{
	for (unsigned c = 1; c < 256; c++) {
		char src[2] = {(char)c, 0}, dst[8], want[8];
		int plain = c >= 0x20 && c < 0x7f && c != '\\' && c != '"';

		snprintf(want, sizeof(want), plain ? "%c" : "\\u00%02x", c);
		text_json(dst, sizeof(dst), src);
		assert_string_equal(dst, want);
	}
}

TEST(what_is_no_typing_error_is_near)
{
	static const struct {
		const char *a, *b;
		bool near;
	} pairs[] = {{"key-file", "keyfile", true}, {"open", "opne", true}, {"test", "tests", true},
		{"test", "tset", true}, {"", "x", true}, {"dump", "damp", true}, {"open", "open", true},
		{"key-file", "key", false}, {"open", "close", false}, {"abcd", "badc", false},
		{"", "xy", false}, {"test", "estt", false}, {"aab", "abb", true}, {"ab", "abab", false}};

	for (unsigned i = 0; i < COUNT(pairs); i++) {
		assert_int_equal(text_is_near(pairs[i].a, pairs[i].b), pairs[i].near);
		assert_int_equal(text_is_near(pairs[i].b, pairs[i].a), pairs[i].near);
	}
}

TEST(hexadecimal_digits_are_read_wrong_or_beyond_their_end)
{
	static const struct {
		const char *text, *rest; /* NULL: too few digits */
	} rows[] = {{"00aFf9", ""}, {"00AfF9\n", "\n"}, {"00aff900", "00"}, {"00aff", NULL}, {"", NULL},
		{"0", NULL}, {"00agf9", NULL}, {"00a f9", NULL}, {"00@ff9", NULL}, {"00aff:", NULL},
		{"00aff\x06", NULL}};
	static const uint8_t want[] = {0x00, 0xaf, 0xf9};

	for (unsigned i = 0; i < COUNT(rows); i++) {
		uint8_t bytes[4] = {1, 1, 1, 0x5a};
		const char *end = text_hex(rows[i].text, bytes, sizeof(want));

		assert_int_equal(end != NULL, rows[i].rest != NULL);
		assert_int_equal(bytes[3], 0x5a);
		if (end) {
			assert_string_equal(end, rows[i].rest);
			assert_memory_equal(bytes, want, sizeof(want));
		}
	}
}

TEST(escape_overruns_its_buffer)
{
	char dst[16];

	for (size_t size = 0; size < 12; size++) {
		memset(dst, '#', sizeof(dst));
		text_escape(dst, size, "a\nb\033c");
		assert_int_equal(unit_others(dst + size, '#', sizeof(dst) - size), 0);
		if (size) {
			assert_int_equal(strlen(dst), size - 1 < 11 ? size - 1 : 11);
			assert_memory_equal(dst, "a\\x0ab\\x1bc", strlen(dst));
		}
	}
}

TEST(sanitize_leaves_a_control_character_or_spoils_a_name)
{
	char s[] = "a\nb\tc\033[2Jd\177e \x01\x1f", eight_bits[] = "gr\xc3\xb6\x9b"
								   "er ~! ";

	text_sanitize(s);
	assert_string_equal(s, "a?b?c?[2Jd?e ??");
	/* An 8-bit terminal takes 0x9b for an escape sequence. */
	text_sanitize(eight_bits);
	assert_string_equal(eight_bits, "gr???er ~! ");
}

TEST(parse_takes_something_that_is_no_number)
{
	static const char *const bad[] = {"", " ", "-1", "+1", " 1", "1 ", "00", "01", "0x10", "1e3", "1.0",
		"1k", "\t7", "18446744073709551616", "18446744073709551620", "99999999999999999999",
		"184467440737095516150", "1\n", "\xb2", "one"};

	for (size_t i = 0; i < COUNT(bad); i++) {
		uint64_t v = 4711;

		if (text_parse_u64(bad[i], &v))
			fail_msg("\"%s\" was taken for %llu", bad[i], (unsigned long long)v);
		assert_int_equal(v, 4711);
	}
}

TEST(parse_refuses_or_mistakes_a_number)
{
	static const uint64_t good[] = {0, 1, 9, 10, 4096, UINT32_MAX, 1ull << 32, INT64_MAX, 1ull << 63,
		UINT64_MAX - 1, UINT64_MAX, 18446744073709551609ull};

	for (size_t i = 0; i < COUNT(good); i++) {
		char text[32];
		uint64_t v = ~good[i];

		snprintf(text, sizeof(text), "%llu", (unsigned long long)good[i]);
		assert_true(text_parse_u64(text, &v));
		assert_int_equal(v, good[i]);
	}
}

TEST(what_is_no_ipv4_address_is_taken_for_one)
{
	static const char *const bad[] = {"", ".", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5", "1.2..4",
		".1.2.3", "1.2.3.256", "1.2.3.04", "00.1.2.3", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4",
		"1.2.3.4567", "1.2.3.x"};
	uint8_t bytes[4];

	for (size_t i = 0; i < COUNT(bad); i++)
		if (text_parse_ipv4(bad[i], bytes))
			fail_msg("\"%s\" was taken for an address", bad[i]);
	assert_true(text_parse_ipv4("0.10.200.255", bytes));
	assert_memory_equal(bytes, "\x00\x0a\xc8\xff", 4);
}

TEST(join_cuts_silently_or_overruns)
{
	char dst[16];

	for (size_t size = 0; size <= 12; size++) {
		memset(dst, '#', sizeof(dst));
		assert_int_equal(text_join(dst, size, "/dev/", "abc", "x"), size >= 10);
		if (size)
			assert_string_equal(dst, size >= 10 ? "/dev/abcx" : "");
		assert_int_equal(unit_others(dst + size, '#', sizeof(dst) - size), 0);
	}
	assert_true(text_join(dst, 1, "", "", ""));
	assert_string_equal(dst, "");
}

TEST(an_errno_has_no_words)
{
	assert_string_equal(text_errno(ENOENT), strerror(ENOENT));
	assert_true(strlen(text_errno(ENOENT)) > 4);
	assert_non_null(text_errno(4711));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_printed_wrong),
		cmocka_unit_test(a_long_number_is_cut_to_an_int),
		cmocka_unit_test(arguments_behind_a_long_one_are_shifted),
		cmocka_unit_test(a_width_pads_on_the_wrong_side_or_not_at_all),
		cmocka_unit_test(zeroes_stand_before_the_minus),
		cmocka_unit_test(long_text_overruns_its_buffer),
		cmocka_unit_test(an_unknown_conversion_reads_an_argument),
		cmocka_unit_test(a_short_write_loses_the_rest),
		cmocka_unit_test(an_interrupted_write_is_given_up),
		cmocka_unit_test(a_failed_write_counts_as_success_or_is_repeated_for_ever),
		cmocka_unit_test(print_writes_more_or_less_than_the_text),
		cmocka_unit_test(escape_lets_a_byte_through_that_is_not_printable),
		cmocka_unit_test(a_string_of_json_has_a_byte_that_is_not_printable_or_ends_early),
		cmocka_unit_test(what_is_no_typing_error_is_near),
		cmocka_unit_test(hexadecimal_digits_are_read_wrong_or_beyond_their_end),
		cmocka_unit_test(escape_overruns_its_buffer),
		cmocka_unit_test(sanitize_leaves_a_control_character_or_spoils_a_name),
		cmocka_unit_test(parse_takes_something_that_is_no_number),
		cmocka_unit_test(parse_refuses_or_mistakes_a_number),
		cmocka_unit_test(what_is_no_ipv4_address_is_taken_for_one),
		cmocka_unit_test(join_cuts_silently_or_overruns),
		cmocka_unit_test(an_errno_has_no_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
