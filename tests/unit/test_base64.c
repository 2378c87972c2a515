/* SPDX-License-Identifier: MIT */
/* base64, strictly: one text for one value, and never a byte beyond the room. */
#include "format/base64.h"
#include "rows.h"
#include <stdlib.h>

static const struct vector {
	const char *name, *text, *bytes; /* bytes NULL: refused */
} vectors[] = {
	/* RFC 4648, section 10 */
	{"the empty text is refused", "", ""},
	{"one byte is decoded wrongly", "Zg==", "f"},
	{"two bytes are decoded wrongly", "Zm8=", "fo"},
	{"three bytes are decoded wrongly", "Zm9v", "foo"},
	{"four bytes are decoded wrongly", "Zm9vYg==", "foob"},
	{"five bytes are decoded wrongly", "Zm9vYmE=", "fooba"},
	{"six bytes are decoded wrongly", "Zm9vYmFy", "foobar"},
	{"plus and slash are decoded wrongly", "++//", "\xfb\xef\xff"},

	{"missing padding is accepted", "Zg", NULL},
	{"half the padding is accepted", "Zg=", NULL},
	{"padding alone is accepted", "====", NULL},
	{"one sign of padding alone is accepted", "=", NULL},
	{"three signs of padding are accepted", "Z===", NULL},
	{"padding in front is accepted", "==Zg", NULL},
	{"padding in the middle is accepted", "Zg==Zg==", NULL},
	{"padding inside a group is accepted", "Z=g=", NULL},
	{"padding followed by more is accepted", "Zm8=Zm9v", NULL},
	{"five signs are accepted", "Zm9vY", NULL},
	{"spare bits behind one byte are accepted", "Zh==", NULL},
	{"the highest spare bit behind one byte is accepted", "Zo==", NULL},
	{"spare bits behind two bytes are accepted", "Zm9=", NULL},
	{"the highest spare bit behind two bytes is accepted", "Zm+=", NULL},
	{"a blank inside is accepted", "Zm9 YmFy", NULL},
	{"a blank in front is accepted", " Zm9", NULL},
	{"a newline inside is accepted", "Zm9v\nYmF", NULL},
	{"a newline behind is accepted", "Zm9vYmFy\n", NULL},
	{"the URL alphabet is accepted", "-_-_", NULL},
	{"a byte over 0x7f is accepted", "Zm\xe9v", NULL},
	{"a control character is accepted", "Zm\x01v", NULL},
};

static void vector_is_judged(void **state)
{
	const struct vector *v = *state;
	uint8_t out[16];
	size_t len = 99;
	bool ok = base64_decode(v->text, out, sizeof(out), &len);

	if (!v->bytes) {
		assert_false(ok);
		return;
	}
	assert_true(ok);
	assert_int_equal(len, strlen(v->bytes));
	assert_memory_equal(out, v->bytes, len);
}

/* An encoder that knows nothing of the decoder. */
static void encode(const uint8_t *in, size_t len, char *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t at = 0;

	for (size_t i = 0; i < len; i += 3) {
		unsigned b1 = i + 1 < len ? in[i + 1] : 0, b2 = i + 2 < len ? in[i + 2] : 0;

		out[at++] = alphabet[in[i] / 4];
		out[at++] = alphabet[in[i] % 4 * 16 + b1 / 16];
		out[at++] = i + 1 < len ? alphabet[b1 % 16 * 4 + b2 / 64] : '=';
		out[at++] = i + 2 < len ? alphabet[b2 % 64] : '=';
	}
	out[at] = 0;
}

static void some_value_does_not_come_back(void **state)
{
	uint8_t in[64], out[64];
	char text[96];
	uint32_t x = 1;
	size_t len;

	(void)state;
	for (size_t n = 0; n <= sizeof(in); n++)
		for (int round = 0; round < 50; round++) {
			for (size_t i = 0; i < n; i++)
				in[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
			encode(in, n, text);
			assert_true(base64_decode(text, out, sizeof(out), &len));
			assert_int_equal(len, n);
			assert_memory_equal(out, in, n);
		}
}

/* Of 256 bytes, 64 stand for something; in each of the four places. */
static void another_character_is_accepted(void **state)
{
	uint8_t out[3];
	size_t len;

	(void)state;
	for (int place = 0; place < 4; place++) {
		int accepted = 0;

		for (int c = 1; c < 256; c++) {
			char text[] = "AAAA";

			text[place] = (char)c;
			accepted += base64_decode(text, out, sizeof(out), &len) && len == 3;
		}
		assert_int_equal(accepted, 64);
	}
}

/* The room is exact memory: a byte too many is caught by the sanitizer, and by the result. */
static void bytes_go_beyond_the_room(void **state)
{
	uint8_t in[33] = {1, 2, 3};
	char text[48];
	size_t len;

	(void)state;
	for (size_t n = 1; n <= sizeof(in); n++)
		for (size_t room = 1; room <= sizeof(in); room++) {
			uint8_t *out = malloc(room);
			bool fits;

			assert_non_null(out);
			encode(in, n, text);
			fits = base64_decode(text, out, room, &len);
			free(out);
			assert_int_equal(fits, room >= n);
		}
}

static void the_length_changes_on_failure(void **state)
{
	uint8_t out[3];
	size_t len = 77;

	(void)state;
	assert_false(base64_decode("AAA", out, sizeof(out), &len));
	assert_int_equal(len, 77);
}

/* Of every length, and every character: beside an encoder that looks them up. */
static void our_encoder_writes_another_text(void **state)
{
	uint8_t in[97];
	char text[200], want[200];

	(void)state;
	for (unsigned round = 0; round < 64; round++) {
		size_t n = round + 34;

		for (size_t i = 0; i < n; i++)
			in[i] = (uint8_t)((i + 1) * (2 * round + 7) * 37 >> 3);
		encode(in, n, want);
		memset(text, '#', sizeof(text));
		base64_encode(in, n, text);
		assert_int_equal(BASE64_CHARS(n), strlen(want));
		assert_memory_equal(text, want, strlen(want));
		assert_int_equal(text[strlen(want)], '#');
	}
	for (unsigned v = 0; v < 64; v++) {
		in[0] = (uint8_t)(v << 2);
		encode(in, 1, want);
		base64_encode(in, 1, text);
		assert_memory_equal(text, want, 4);
	}
}

int main(void)
{
	for (size_t i = 0; i < COUNT(vectors); i++)
		row(vectors[i].name, vector_is_judged, &vectors[i]);
	ROW(some_value_does_not_come_back);
	ROW(another_character_is_accepted);
	ROW(our_encoder_writes_another_text);
	ROW(bytes_go_beyond_the_room);
	ROW(the_length_changes_on_failure);
	return rows_run("base64");
}
