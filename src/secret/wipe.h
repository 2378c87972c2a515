/* SPDX-License-Identifier: MIT */
/* wipe - forget bytes, compare bytes, without telling how far one got. */
#ifndef SECRET_WIPE_H
#define SECRET_WIPE_H

#include <stdbool.h>
#include <stddef.h>

/* Zero that the compiler may not leave out. */
void wipe(void *p, size_t len);

/* Equal? Takes the same time whichever byte differs. */
bool wipe_equal(const void *a, const void *b, size_t len);

/*
 * Overwrite the dead part of the stack below the caller. The hash, AES and Argon2 code
 * leaves key schedules there; call this after they return, from the function that called
 * them or one above it.
 */
void wipe_stack(void);

#endif
