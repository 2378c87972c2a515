/* SPDX-License-Identifier: MIT */
/* fuzz - what every fuzzer needs: its two entry points, and a way to say what was wrong. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/* What was freed is kept for 4 MiB, not 256: memory that is always new costs more than what is tested. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4";
}

static inline void fuzz_check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "BROKEN: %s\n", what);
	abort();
}

/* Text that goes to a terminal. */
static inline void fuzz_check_printable(const char *s)
{
	for (; *s; s++)
		fuzz_check((unsigned char)*s >= 0x20 && *s != 0x7f, "a control character in a sentence");
}

/* The input, taken piece by piece from the front; zeroes when it is used up. */
struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

static inline uint64_t fuzz_number(struct fuzz_input *in, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | fuzz_byte(in);
	return v;
}

/* Up to the next NUL, at most @room - 1 bytes. */
static inline void fuzz_text(struct fuzz_input *in, char *out, size_t room)
{
	const uint8_t *nul = in->size ? memchr(in->data, 0, in->size) : NULL;
	size_t len = nul ? (size_t)(nul - in->data) : in->size, used = len < room ? len : room - 1;

	if (used)
		memcpy(out, in->data, used);
	out[used] = 0;
	in->data += len + !!nul;
	in->size -= len + !!nul;
}

#endif
