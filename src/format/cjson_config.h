/* SPDX-License-Identifier: MIT */
/*
 * cjson_config - what cJSON gets instead of the C library's own. The Makefile puts it in front
 * of the library's source; of our files only json.c includes it, before cJSON.h.
 *
 * Allocation: one pool, see json.c. Numbers: 64-bit integers wherever the library says double,
 * since a header holds no others and many routers have no floating point unit.
 */
#ifndef FORMAT_CJSON_CONFIG_H
#define FORMAT_CJSON_CONFIG_H

/* All that the library includes: first, since the C library's headers need the words below. */
#include <ctype.h>
#include <float.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *json_pool_alloc(size_t bytes);
void json_pool_free(void *p);
void *json_pool_realloc(void *p, size_t bytes);
long long json_number(const char *text, char **end);

#define malloc json_pool_alloc
#define free json_pool_free
#define realloc json_pool_realloc
#define strtod json_number
#define double long long
#undef isnan
#undef isinf

#endif
