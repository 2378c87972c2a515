/* SPDX-License-Identifier: MIT */
/* json_scan - see json_scan.h. A recursive descent over the grammar of RFC 8259. */
#include "format/json_scan.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct json_scan {
	const char *text;
	size_t len, at;
	unsigned depth, values;
	bool free_numbers; /* inside "tokens" */
	const char *wrong; /* what was; the scan ends there */
};

static bool value(struct json_scan *s);

static bool fail(struct json_scan *s, const char *wrong)
{
	s->wrong = wrong;
	return false;
}

static int peek(const struct json_scan *s)
{
	return s->at < s->len ? (unsigned char)s->text[s->at] : -1;
}

static bool accept(struct json_scan *s, char c)
{
	if (peek(s) != c)
		return false;
	s->at++;
	return true;
}

static void blanks(struct json_scan *s)
{
	while (accept(s, ' ') || accept(s, '\t') || accept(s, '\n') || accept(s, '\r'))
		;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* The four digits behind \u. A NUL would end strings early in C. */
static bool hex4(struct json_scan *s)
{
	bool all_zero = true;

	for (int i = 0; i < 4; i++) {
		int c = peek(s);

		if (!is_digit(c) && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F'))
			return fail(s, "bad \\u escape");
		all_zero &= c == '0';
		s->at++;
	}
	return all_zero ? fail(s, "NUL in a string") : true;
}

static bool escape(struct json_scan *s)
{
	switch (peek(s)) {
	case 'u':
		s->at++;
		return hex4(s);
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		s->at++;
		return true;
	default:
		return fail(s, "bad escape");
	}
}

static bool string(struct json_scan *s)
{
	if (!accept(s, '"'))
		return fail(s, "string expected");
	for (;;) {
		int c = peek(s);

		while (c >= 0x20 && c != '"' && c != '\\') {
			s->at++;
			c = peek(s);
		}
		if (c < 0x20)
			return fail(s, c < 0 ? "unterminated string" : "control character in a string");
		s->at++;
		if (c == '"')
			return true;
		if (!escape(s))
			return false;
	}
}

static size_t digits(struct json_scan *s)
{
	size_t start = s->at;

	while (is_digit(peek(s)))
		s->at++;
	return s->at - start;
}

/* Any number of the grammar: sign, fraction and exponent allowed. */
static bool free_number(struct json_scan *s)
{
	(void)accept(s, '-');
	if (!accept(s, '0') && !digits(s))
		return fail(s, "bad number");
	if (accept(s, '.') && !digits(s))
		return fail(s, "bad number");
	if (accept(s, 'e') || accept(s, 'E')) {
		if (!accept(s, '+'))
			(void)accept(s, '-');
		if (!digits(s))
			return fail(s, "bad number");
	}
	return true;
}

static bool integer(struct json_scan *s)
{
	const char *start = s->text + s->at;
	size_t n = digits(s);
	uint64_t v = 0;
	int c = peek(s);

	if (!n || (n > 1 && *start == '0') || c == '.' || c == 'e' || c == 'E')
		return fail(s, "a number that is not a plain integer");
	for (size_t i = 0; i < n && v <= UINT32_MAX; i++)
		v = v * 10 + (uint64_t)(start[i] - '0');
	return v > UINT32_MAX ? fail(s, "integer over 32 bits") : true;
}

static bool word(struct json_scan *s, const char *w)
{
	size_t n = strlen(w);

	if (s->len - s->at < n || memcmp(s->text + s->at, w, n))
		return fail(s, "unknown word");
	s->at += n;
	return true;
}

static bool member(struct json_scan *s)
{
	size_t name_at = s->at;
	size_t name_len;
	bool tokens, ok;

	if (!string(s))
		return false;
	name_len = s->at - name_at - 2;
	if (name_len > JSON_NAME_MAX_BYTES)
		return fail(s, "very long member name");
	tokens = s->depth == 1 && name_len == 6 && !memcmp(s->text + name_at + 1, "tokens", 6);
	blanks(s);
	if (!accept(s, ':'))
		return fail(s, "colon expected");
	s->free_numbers |= tokens;
	ok = value(s);
	if (tokens)
		s->free_numbers = false;
	return ok;
}

/* Behind the opening bracket: at most @max items separated by commas, up to @close. */
static bool items(struct json_scan *s, char close, unsigned max, bool (*item)(struct json_scan *))
{
	unsigned count = 0;

	blanks(s);
	if (accept(s, close))
		return true;
	do {
		if (++count > max)
			return fail(s, "too many members in one object");
		blanks(s);
		if (!item(s))
			return false;
		blanks(s);
	} while (accept(s, ','));
	return accept(s, close) ? true : fail(s, "comma or closing bracket expected");
}

static bool nested(struct json_scan *s, char close, unsigned max, bool (*item)(struct json_scan *))
{
	bool ok;

	s->at++;
	if (++s->depth > JSON_DEPTH_MAX)
		return fail(s, "nested too deeply");
	ok = items(s, close, max, item);
	s->depth--;
	return ok;
}

static bool value(struct json_scan *s)
{
	blanks(s);
	if (++s->values > JSON_VALUES_MAX)
		return fail(s, "too many values");
	switch (peek(s)) {
	case '{':
		return nested(s, '}', JSON_MEMBERS_MAX, member);
	case '[':
		return nested(s, ']', JSON_VALUES_MAX, value);
	case '"':
		return string(s);
	case 't':
		return word(s, "true");
	case 'f':
		return word(s, "false");
	case 'n':
		return word(s, "null");
	default:
		return s->free_numbers ? free_number(s) : integer(s);
	}
}

enum cause json_scan(const char *text, size_t len, struct error *err)
{
	struct json_scan s = {.text = text, .len = len};

	/* No blank in front either: the first byte of the area is the bracket (2.2). */
	if (peek(&s) != '{')
		fail(&s, "does not begin with an object");
	else if (value(&s) && s.at != len)
		fail(&s, "bytes after the object");
	if (s.wrong)
		return error_set(err, CAUSE_DAMAGED, "JSON, byte %llu: %s", (unsigned long long)s.at,
			s.wrong);
	return CAUSE_OK;
}
