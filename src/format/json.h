/* SPDX-License-Identifier: MIT */
/*
 * json - the strict face of the JSON library.
 *
 * A document is scanned (json_scan.h) before the library parses it, and names that stand
 * twice in one object are refused at every depth. Accessors answer false or NULL for
 * anything that is not exactly what was asked for.
 */
#ifndef FORMAT_JSON_H
#define FORMAT_JSON_H

#include "base/cause.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value of a parsed document. */
struct json;

/*
 * Parse @len bytes of @text. One document at a time; it lives until json_close.
 * Memory is bounded by the scan's limits and @len. Close after a failure too.
 * Fails: CAUSE_DAMAGED, CAUSE_RESOURCE.
 */
enum cause json_open(const char *text, size_t len, const struct json **root, struct error *err) MUST_USE;
void json_close(void);

bool json_is_object(const struct json *v);
bool json_is_array(const struct json *v);

/* The member called exactly @name, or NULL; also when @object is NULL or no object. */
const struct json *json_member(const struct json *object, const char *name);

/* The first item of an object or array, and the one behind @v. NULL at the end. */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *v);

/* The name of @v as a member of its object. */
const char *json_name(const struct json *v);

/* The text of a string; NULL when @v is NULL or something else. */
const char *json_string(const struct json *v);

/* False when @v is NULL or no integer. */
bool json_u32(const struct json *v, uint32_t *out);

/* False when @v is NULL or neither true nor false. */
bool json_bool(const struct json *v, bool *out);

#endif
