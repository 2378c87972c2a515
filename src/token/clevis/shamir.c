/* SPDX-License-Identifier: MIT */
/* shamir - see shamir.h. */
#include "token/clevis/shamir.h"
#include "base/bytes.h"
#include "secret/wipe.h"
#include <string.h>

/* Least word first. */
enum { WORDS = SHAMIR_BYTES / 4 };
struct number {
	uint32_t w[WORDS];
};

static struct number load(const uint8_t *bytes)
{
	struct number n;

	for (int i = 0; i < WORDS; i++)
		n.w[i] = bytes_be32(bytes + SHAMIR_BYTES - 4 - 4 * i);
	return n;
}

/* @a -= @b & @mask. Returns the borrow. */
static uint32_t subtract(struct number *a, const struct number *b, uint32_t mask)
{
	uint64_t borrow = 0;

	for (int i = 0; i < WORDS; i++) {
		uint64_t d = (uint64_t)a->w[i] - (b->w[i] & mask) - borrow;

		a->w[i] = (uint32_t)d;
		borrow = d >> 63;
	}
	return (uint32_t)borrow;
}

/* @a += @b & @mask. Returns the carry. */
static uint32_t add(struct number *a, const struct number *b, uint32_t mask)
{
	uint64_t sum = 0;

	for (int i = 0; i < WORDS; i++) {
		sum += (uint64_t)a->w[i] + (b->w[i] & mask);
		a->w[i] = (uint32_t)sum;
		sum >>= 32;
	}
	return (uint32_t)sum;
}

/* @a += @b & @mask, modulo @p. Both are below @p. */
static void add_mod(struct number *a, const struct number *b, uint32_t mask, const struct number *p)
{
	uint32_t carry = add(a, b, mask), borrow = subtract(a, p, ~0u);

	/* It was below p before: give p back. */
	(void)add(a, p, 0u - (borrow & ~carry & 1));
}

static void subtract_mod(struct number *a, const struct number *b, const struct number *p)
{
	(void)add(a, p, 0u - subtract(a, b, ~0u));
}

static struct number multiply(const struct number *a, const struct number *b, const struct number *p)
{
	struct number r = {{0}};

	for (int bit = 32 * WORDS - 1; bit >= 0; bit--) {
		struct number twice = r;

		add_mod(&r, &twice, ~0u, p);
		add_mod(&r, a, 0u - (b->w[bit / 32] >> bit % 32 & 1), p);
	}
	return r;
}

/* 1/@a by Fermat: a to the power of p - 2, which is public. */
static struct number invert(const struct number *a, const struct number *p)
{
	struct number exponent = *p, two = {{2}}, r = {{1}};

	(void)subtract(&exponent, &two, ~0u);
	for (int bit = 32 * WORDS - 1; bit >= 0; bit--) {
		r = multiply(&r, &r, p);
		if (exponent.w[bit / 32] >> bit % 32 & 1)
			r = multiply(&r, a, p);
	}
	return r;
}

static bool is_zero(const struct number *a)
{
	uint32_t any = 0;

	for (int i = 0; i < WORDS; i++)
		any |= a->w[i];
	return !any;
}

static bool is_below(struct number a, const struct number *p)
{
	return subtract(&a, p, ~0u);
}

/*
 * Not inlined: what it leaves on the stack is then below the function that wipes the stack.
 *
 * The part of one share: y times the product of x_j / (x_j - x), over all others j.
 */
__attribute__((noinline)) static bool add_part(const struct number *p,
	const uint8_t (*shares)[SHAMIR_SHARE_BYTES], unsigned count, unsigned which, struct number *sum)
{
	struct number x = load(shares[which]), part = load(shares[which] + SHAMIR_BYTES), below = {{1}},
		      part_of;
	bool ok = is_below(x, p);

	/* No && here or below: nothing branches on a share. */
	ok &= !is_zero(&x);
	ok &= is_below(part, p);
	for (unsigned j = 0; j < count; j++) {
		struct number other = load(shares[j]), difference = other;

		if (j == which)
			continue;
		ok &= is_below(other, p);
		part = multiply(&part, &other, p);
		subtract_mod(&difference, &x, p);
		ok &= !is_zero(&difference);
		below = multiply(&below, &difference, p);
	}
	part_of = invert(&below, p);
	part = multiply(&part, &part_of, p);
	add_mod(sum, &part, ~0u, p);
	wipe(&part, sizeof(part));
	return ok;
}

bool shamir_combine(const uint8_t prime[SHAMIR_BYTES], const uint8_t (*shares)[SHAMIR_SHARE_BYTES],
	unsigned count, uint8_t secret[SHAMIR_BYTES])
{
	struct number p = load(prime), sum = {{0}};
	bool ok = count > 0 && p.w[0] & 1 && (p.w[WORDS - 1] >> 31);

	for (unsigned i = 0; i < count; i++)
		ok &= add_part(&p, shares, count, i, &sum);
	for (int i = 0; i < WORDS; i++)
		bytes_put_be32(secret + SHAMIR_BYTES - 4 - 4 * i, sum.w[i]);
	wipe(&sum, sizeof(sum));
	wipe_stack();
	return ok;
}
