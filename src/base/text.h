/* SPDX-License-Identifier: MIT */
/*
 * text - bounded formatting and output without stdio.
 *
 * stdio keeps copies of what passes through it and costs 12 to 20 KiB; messages here
 * are built in a caller's buffer and leave by write(2).
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/cause.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Format into @buf, always NUL-terminated, cut at @size bytes. Knows exactly
 * %s %c %d %u %x %% with the length modifiers l, ll, z, and a field width with an
 * optional 0 or - flag; anything else is copied unchanged.
 * Returns the number of bytes written without the NUL.
 */
size_t text_format(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);
size_t text_vformat(char *buf, size_t size, const char *fmt, va_list args);

/* Write all of @len bytes to @fd, through short writes and EINTR. False if that fails. */
bool text_write(int fd, const void *data, size_t len);

/* Format at most 1 KiB and write it to @fd. */
void text_print(int fd, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Did a text_print to standard output fail? A lost result is no success. */
bool text_output_lost(void);

/* Copy @src to @dst (@size bytes in all), with bytes outside printable ASCII as \xNN. */
void text_escape(char *dst, size_t size, const char *src);

/*
 * The same for a string of JSON, without its quotes: bytes outside ASCII become \u00NN, so that the text is
 * ASCII whatever @src holds.
 */
void text_json(char *dst, size_t size, const char *src);

/* The value of a hexadecimal digit; -1: it is none. */
int text_hex_digit(char c);

/*
 * Read @bytes bytes from the hexadecimal digits that @text begins with. Returns what is behind them; NULL:
 * there are too few, and @out is of no use.
 */
const char *text_hex(const char *text, uint8_t *out, size_t bytes);

/*
 * Print @before and a member of a JSON object, `"name": "value"`, cut after 4095 bytes of the value.
 * Nothing if @value is NULL.
 */
void text_print_member(int fd, const char *before, const char *name, const char *value);

/*
 * Replace what is not printable ASCII by '?', in place: header text must not drive a terminal, 8-bit ones
 * neither.
 */
void text_sanitize(char *s);

/*
 * Digits only, no sign, no blank, no leading zero, at most UINT64_MAX.
 * Returns false and leaves @out alone when @s is anything else.
 */
bool text_parse_u64(const char *s, uint64_t *out);

/* An IPv4 address in its usual form, all of @s, to its bytes in their order. False: it is none. */
bool text_parse_ipv4(const char *s, uint8_t out[static 4]);

/* Do they differ in one character at most, or in the order of two that are neighbours? A typing error. */
bool text_is_near(const char *a, const char *b);

/* Take off the quotes, double or single, that surround @s. */
void text_unquote(char *s);

/* Join @a, @b, @c; false when it does not fit @size (then @dst is ""). */
bool text_join(char *dst, size_t size, const char *a, const char *b, const char *c);

/*
 * strstr(3) for short needles; the C library's quicker ones are large. The constness of @text is the
 * caller's.
 */
char *text_find(const char *text, const char *what);

/* The kernel's meaning of @os_errno, in words; of a rare one its number, until the next call. */
const char *text_errno(int os_errno);

#endif
