/* SPDX-License-Identifier: MIT */
/* unit - what the unit tests share: cmocka, and bytes to test with. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A test is named by the defect that it would catch. */
#define TEST(name) static void name(void **state __attribute__((unused)))

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define SKIP(why)                                                                                            \
	do {                                                                                                 \
		print_message("# SKIP %s: %s\n", __func__, why);                                             \
		skip();                                                                                      \
	} while (0)

/* Under a user-mode emulator (tests/run.py says so): not all that we ask of the kernel is handed on. */
#define SKIP_EMULATED(what)                                                                                  \
	do {                                                                                                 \
		if (getenv("EMULATED"))                                                                      \
			SKIP("the emulator does not hand on " what);                                         \
	} while (0)

#ifdef __SANITIZE_ADDRESS__
#define UNIT_SANITIZED 1
#else
#define UNIT_SANITIZED 0
#endif

/* Bytes that look random, the same as those of tests/vectors/generate.py. */
static inline void unit_fill(uint32_t seed, void *out, size_t len)
{
	uint8_t *p = out;

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245u + 12345u;
		p[i] = (uint8_t)(seed >> 16);
	}
}

/* The seeds that tests/vectors/generate.py uses. */
enum { SEED_PASSWORD = 1, SEED_SALT, SEED_KEY, SEED_DATA };

/* The bytes that @hex spells; returns how many. @out has room for them. */
static inline size_t unit_unhex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};

		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

/* Fail unless @hex spells the bytes at @data. */
static inline void unit_equals_hex(const uint8_t *data, const char *hex)
{
	uint8_t want[1024];
	size_t n = unit_unhex(hex, want);

	assert_memory_equal(data, want, n);
}

/* A copy of @len bytes in exactly as much memory, so that a read behind it is seen. The caller frees it. */
static inline void *unit_exact(const void *data, size_t len)
{
	void *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	return memcpy(exact, data, len);
}

/* How many bytes of @data are not @value? */
static inline size_t unit_others(const void *data, uint8_t value, size_t len)
{
	const uint8_t *p = data;
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += p[i] != value;
	return n;
}

#endif
