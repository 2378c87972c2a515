/* SPDX-License-Identifier: MIT */
/*
 * verdict - why an object of a header cannot be used (struct luks_verdict).
 *
 * The first reason is kept: the functions leave a verdict alone that has a cause already.
 */
#ifndef FORMAT_VERDICT_H
#define FORMAT_VERDICT_H

#include "format/luks.h"

/* The sentence may quote the header: what is not printable is replaced, what is too long is cut. */
void verdict_set(struct luks_verdict *v, enum cause cause, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* @what "@name" is not supported@advice */
void verdict_unsupported(struct luks_verdict *v, const char *what, const char *name, const char *advice);

/* The number called @name is out of range. */
void verdict_range(struct luks_verdict *v, const char *name, uint64_t n);

/* hash_find and cipher_find, with a verdict for what is not found. @out is unchanged then. */
void verdict_hash(struct luks_verdict *v, const char *name, enum hash *out);
void verdict_cipher(struct luks_verdict *v, const char *name, const char *integrity, enum cipher *out);

#endif
