/* SPDX-License-Identifier: MIT */
/* cbor - see cbor.h. */
#include "token/fido2/cbor.h"
#include <stdarg.h>
#include <string.h>

/* The values of CBOR_SIMPLE. */
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22, SIMPLE_UNDEFINED = 23 };

/* The head of the item at the start of @in (RFC 8949, section 3). */
static bool read_head(struct bytes in, struct cbor *out)
{
	const uint8_t *p = in.data;
	unsigned size, low;

	if (!in.len)
		return false;
	low = *p & 31;
	size = low < 24 ? 0 : 1u << (low - 24);
	/* 28 to 30 mean nothing, 31 an item of no given length. */
	if (low > 27 || in.len - 1 < size)
		return false;
	out->kind = (enum cbor_kind)(*p++ >> 5);
	out->value = low;
	if (size)
		out->value = 0;
	for (unsigned i = 0; i < size; i++)
		out->value = out->value << 8 | *p++;
	out->rest = (struct bytes){p, in.len - 1 - size};
	return true;
}

static struct bytes behind(struct bytes in, uint64_t bytes)
{
	return (struct bytes){(const uint8_t *)in.data + bytes, in.len - (size_t)bytes};
}

static bool skip(struct bytes *in, unsigned depth);

/* Each item takes a byte at least, so @count cannot keep this longer than the message is. */
static bool skip_items(struct bytes *in, uint64_t count, unsigned depth)
{
	if (depth > CBOR_DEPTH_MAX)
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (!skip(in, depth))
			return false;
	return true;
}

/* Move @in behind its first item, which is inside @depth maps and arrays. */
static bool skip(struct bytes *in, unsigned depth)
{
	size_t before = in->len;
	struct cbor item;

	if (!read_head(*in, &item))
		return false;
	*in = item.rest;
	switch (item.kind) {
	case CBOR_UINT:
	case CBOR_NINT:
		return true;
	case CBOR_BYTES:
	case CBOR_TEXT:
		if (item.value > in->len)
			return false;
		*in = behind(*in, item.value);
		return true;
	case CBOR_ARRAY:
		return skip_items(in, item.value, depth + 1);
	case CBOR_MAP:
		/* Half of the 64-bit counts, times two, would be a small one again. */
		return item.value <= in->len && skip_items(in, 2 * item.value, depth + 1);
	case CBOR_SIMPLE:
		/*
		 * The one-byte forms only: the others are floating point numbers and undefined values.
		 */
		return before - in->len == 1 && item.value >= SIMPLE_FALSE && item.value <= SIMPLE_UNDEFINED;
	case CBOR_TAG:
		break;
	}
	return false;
}

bool cbor_open(struct bytes message, struct cbor *out)
{
	struct bytes rest = message;

	return skip(&rest, 0) && !rest.len && read_head(message, out);
}

struct cbor_walk cbor_items(const struct cbor *container)
{
	bool map = container->kind == CBOR_MAP;

	return (struct cbor_walk){container->rest,
		map || container->kind == CBOR_ARRAY ? container->value << map : 0};
}

bool cbor_next(struct cbor_walk *w, struct cbor *out)
{
	if (!w->left)
		return false;
	w->left--;
	return read_head(w->rest, out) && skip(&w->rest, 0);
}

bool cbor_at(const struct cbor *map, int key, struct cbor *out)
{
	struct cbor_walk w = cbor_items(map);
	enum cbor_kind kind = key < 0 ? CBOR_NINT : CBOR_UINT;
	uint64_t value = (uint64_t)(key < 0 ? -1 - key : key);
	struct cbor k;

	while (map->kind == CBOR_MAP && cbor_next(&w, &k) && cbor_next(&w, out))
		if (k.kind == kind && k.value == value)
			return true;
	return false;
}

bool cbor_named(const struct cbor *map, const char *key, struct cbor *out)
{
	struct cbor_walk w = cbor_items(map);
	struct cbor k;

	while (map->kind == CBOR_MAP && cbor_next(&w, &k) && cbor_next(&w, out))
		if (cbor_is_text(&k, key))
			return true;
	return false;
}

bool cbor_bytes(const struct cbor *item, struct bytes *out)
{
	if (item->kind != CBOR_BYTES)
		return false;
	*out = (struct bytes){item->rest.data, (size_t)item->value};
	return true;
}

bool cbor_is_text(const struct cbor *item, const char *text)
{
	return item->kind == CBOR_TEXT && item->value == strlen(text) &&
	       !memcmp(item->rest.data, text, (size_t)item->value);
}

bool cbor_is_true(const struct cbor *item)
{
	return item->kind == CBOR_SIMPLE && item->value == SIMPLE_TRUE;
}

/* --- writing ----------------------------------------------------------------------------- */

static void put(struct cbor_out *o, const void *data, size_t len)
{
	if (o->full || len > o->room - o->used) {
		o->full = true;
		return;
	}
	if (len) /* else @data may be NULL */
		memcpy(o->at + o->used, data, len);
	o->used += len;
}

/* The shortest form (CTAP 2.1, section 8). Nothing of ours has 64 KiB. */
static void put_head(struct cbor_out *o, enum cbor_kind kind, size_t value)
{
	uint8_t head[3] = {(uint8_t)(kind << 5)};

	if (value < 24) {
		head[0] |= (uint8_t)value;
		put(o, head, 1);
	} else if (value < 256) {
		head[0] |= 24;
		head[1] = (uint8_t)value;
		put(o, head, 2);
	} else {
		head[0] |= 25;
		head[1] = (uint8_t)(value >> 8);
		head[2] = (uint8_t)value;
		put(o, head, 3);
		o->full |= value > UINT16_MAX;
	}
}

static void put_string(struct cbor_out *o, enum cbor_kind kind, const void *data, size_t len)
{
	put_head(o, kind, len);
	put(o, data, len);
}

static void put_int(struct cbor_out *o, int value)
{
	put_head(o, value < 0 ? CBOR_NINT : CBOR_UINT, (size_t)(value < 0 ? -1 - value : value));
}

/* The number at *@at, which moves to the blank or the end behind it. */
static int number(const char **at)
{
	bool minus = **at == '-';
	int value = 0;

	for (*at += minus; **at >= '0' && **at <= '9'; ++*at)
		value = value * 10 + (**at - '0');
	return minus ? -value : value;
}

static void put_argument(struct cbor_out *o, char kind, va_list *args)
{
	const struct bytes *b;
	const char *text;

	switch (kind) {
	case 'd':
		put_int(o, va_arg(*args, int));
		break;
	case 'o':
		put_head(o, CBOR_SIMPLE, va_arg(*args, int) ? SIMPLE_TRUE : SIMPLE_FALSE);
		break;
	case 's':
		text = va_arg(*args, const char *);
		put_string(o, CBOR_TEXT, text, strlen(text));
		break;
	default:
		b = va_arg(*args, const struct bytes *);
		put_string(o, CBOR_BYTES, b->data, b->len);
		break;
	}
}

void cbor_write(struct cbor_out *o, const char *fmt, ...)
{
	const char *end;
	va_list args;

	va_start(args, fmt);
	while (*fmt) {
		switch (*fmt++) {
		case ' ':
			break;
		case '{':
			put_head(o, CBOR_MAP, (size_t)number(&fmt));
			break;
		case '[':
			put_head(o, CBOR_ARRAY, (size_t)number(&fmt));
			break;
		case '%':
			put_argument(o, *fmt++, &args);
			break;
		case '\'':
			for (end = fmt; *end != '\''; end++)
				;
			put_string(o, CBOR_TEXT, fmt, (size_t)(end - fmt));
			fmt = end + 1;
			break;
		default:
			fmt--;
			put_int(o, number(&fmt));
			break;
		}
	}
	va_end(args);
}
