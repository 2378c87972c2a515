/* SPDX-License-Identifier: MIT */
/* wipe - see wipe.h. */
#include "secret/wipe.h"
#include <stdint.h>
#include <string.h>

/* The deepest chain of calls, through Argon2, uses about 10 KiB (a test paints the stack and measures). */
enum { STACK_BYTES = 16 << 10 };

void wipe(void *p, size_t len)
{
	explicit_bzero(p, len);
}

bool wipe_equal(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t difference = 0;

	for (size_t i = 0; i < len; i++)
		difference |= x[i] ^ y[i];
	return difference == 0;
}

__attribute__((noinline)) void wipe_stack(void)
{
	uint8_t dead[STACK_BYTES];

	wipe(dead, sizeof(dead));
}
