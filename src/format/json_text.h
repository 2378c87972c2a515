/* SPDX-License-Identifier: MIT */
/*
 * json_text - a value in JSON text that was found right (json.h), unchanged.
 *
 * The text ends with a NUL. Names with escapes in them are not found.
 */
#ifndef FORMAT_JSON_TEXT_H
#define FORMAT_JSON_TEXT_H

#include <stddef.h>

/* The value of the member @name of the object that @text begins with, or NULL. */
const char *json_text_member(const char *text, const char *name);

/* How long the value is that @text begins with. */
size_t json_text_bytes(const char *text);

#endif
