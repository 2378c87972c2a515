/* SPDX-License-Identifier: MIT */
/* json_read - see json_read.h. */
#include "format/json_read.h"
#include "base/text.h"
#include "format/base64.h"
#include <string.h>

static enum cause missing(const struct json_object *o, const char *name, const char *what)
{
	return error_set(o->err, CAUSE_DAMAGED, "%s: \"%s\" is missing or not %s", o->name, name, what);
}

static bool are_strings(const struct json *array)
{
	if (!json_is_array(array))
		return false;
	for (const struct json *item = json_first(array); item; item = json_next(item))
		if (!json_string(item))
			return false;
	return true;
}

static bool take_refs(const struct json *array, uint32_t *bits)
{
	uint64_t n;

	if (!are_strings(array))
		return false;
	*bits = 0;
	for (const struct json *item = json_first(array); item; item = json_next(item)) {
		if (!text_parse_u64(json_string(item), &n) || n > 31)
			return false;
		*bits |= 1u << n;
	}
	return true;
}

static bool take_base64(const char *text, const struct json_field *f, void *at, uint32_t *length)
{
	size_t n;

	if (!base64_decode(text, at, f->size, &n))
		return false;
	*length = (uint32_t)n;
	return true;
}

static bool take_size(const char *text, uint64_t *out)
{
	*out = 0;
	return !strcmp(text, "dynamic") || (text_parse_u64(text, out) && *out);
}

/* A string as @f wants it. */
static bool take_text(const struct json_object *o, const char *text, const struct json_field *f, char *out)
{
	void *at = out + f->off, *length = out + f->length;

	switch (f->type) {
	case JSON_HASH:
		verdict_hash(o->verdict, text, at);
		return *text;
	case JSON_CIPHER:
		verdict_cipher(o->verdict, text, "", at);
		return *text;
	case JSON_DECIMAL:
		return text_parse_u64(text, at);
	case JSON_SIZE:
		return take_size(text, at);
	case JSON_BASE64:
		return take_base64(text, f, at, length);
	default:
		*(const char **)at = text;
		return *text;
	}
}

/* @v to its place in @out; false when it is not of the type that @f wants. */
static bool take(const struct json_object *o, const struct json *v, const struct json_field *f, char *out)
{
	void *at = out + f->off;

	switch (f->type) {
	case JSON_OBJECT:
		*(const struct json **)at = v;
		return json_is_object(v);
	case JSON_STRINGS:
		*(const struct json **)at = v;
		return are_strings(v);
	case JSON_U32:
		return json_u32(v, at);
	case JSON_REFS:
		return take_refs(v, at);
	default:
		return json_string(v) && take_text(o, json_string(v), f, out);
	}
}

static enum cause check_range(const struct json_object *o, const struct json_field *f, const char *out)
{
	bool is_length = f->type == JSON_BASE64;
	const void *at = out + (is_length ? f->length : f->off);
	uint32_t n;
	char name[24];

	if (!f->high)
		return CAUSE_OK;
	memcpy(&n, at, sizeof(n));
	if (n >= f->low && n <= f->high)
		return CAUSE_OK;
	text_format(name, sizeof(name), "%s%s", f->name, is_length ? " length" : "");
	if (!o->verdict)
		return error_set(o->err, CAUSE_DAMAGED, "%s: \"%s\" is %u, out of range", o->name, name, n);
	verdict_range(o->verdict, name, n);
	return CAUSE_OK;
}

enum cause json_read(const struct json_object *o, const struct json *in, const struct json_field *fields,
	size_t count, void *out)
{
	static const char *const types[] = {
		[JSON_OBJECT] = "an object",
		[JSON_STRINGS] = "an array of strings",
		[JSON_TEXT] = "a string",
		[JSON_HASH] = "a string",
		[JSON_CIPHER] = "a string",
		[JSON_U32] = "an integer",
		[JSON_DECIMAL] = "a decimal string",
		[JSON_SIZE] = "\"dynamic\" or a decimal string over 0",
		[JSON_BASE64] = "base64 of a fitting length",
		[JSON_REFS] = "an array of numbers from \"0\" to \"31\"",
	};
	enum cause cause = CAUSE_OK;

	for (const struct json_field *f = fields; !cause && f < fields + count; f++) {
		const struct json *v = json_member(in, f->name);

		if (!v && f->optional)
			continue;
		cause = take(o, v, f, out) ? check_range(o, f, out) : missing(o, f->name, types[f->type]);
	}
	return cause;
}
