/* SPDX-License-Identifier: MIT */
/*
 * json_read - the members of a JSON object into a struct, as a table describes them.
 *
 * A row is one member: its name, its type as the specification writes it, where its value goes, its range,
 * and whether it may be left out. A member that is missing or of another type damages the header. A number
 * out of range or an unknown hash or cipher only makes the object unusable.
 */
#ifndef FORMAT_JSON_READ_H
#define FORMAT_JSON_READ_H

#include "format/json.h"
#include "format/verdict.h"

enum json_type {
	JSON_OBJECT,  /* const struct json * */
	JSON_STRINGS, /* const struct json *: an array, each item of which has a json_string */
	JSON_TEXT,    /* const char *: not empty; lives until json_close */
	JSON_HASH,    /* enum hash */
	JSON_CIPHER,  /* enum cipher */
	JSON_U32,     /* uint32_t */
	JSON_DECIMAL, /* uint64_t: 64-bit numbers are decimal strings (specification 3) */
	JSON_SIZE,    /* uint64_t: the same, over 0; or "dynamic", which becomes 0 */
	JSON_BASE64,  /* uint8_t [] and a uint32_t, its length, which is what has the range */
	JSON_REFS,    /* uint32_t: an array of names of objects; bit n is set when "n" is in it */
};

struct json_field {
	char name[14];
	uint8_t type;               /* enum json_type */
	bool optional;              /* when it is missing, its place in the struct is unchanged */
	uint16_t off, size, length; /* of its place in the struct; where the length of JSON_BASE64 goes */
	uint16_t low;               /* the numbers in range; both 0: all */
	uint32_t high;
};

/* For the rows of a table: where @member is in struct @type. */
#define JSON_AT(type, member) .off = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)

/* A table and its length, for json_read. */
#define JSON_FIELDS(table) (table), sizeof(table) / sizeof(*(table))

/* The object that is being read. */
struct json_object {
	char name[16]; /* for messages: "keyslot 7" */
	unsigned id;
	const struct json *json;
	struct luks_verdict *verdict; /* of the object; NULL: what is out of range damages the header */
	struct error *err;
};

/*
 * Read the members of @in, which is @o->json or an object inside it, into the struct @out.
 * Fails: CAUSE_DAMAGED.
 */
enum cause json_read(const struct json_object *o, const struct json *in, const struct json_field *fields,
	size_t count, void *out) MUST_USE;

#endif
