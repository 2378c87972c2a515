/* SPDX-License-Identifier: MIT */
/*
 * core - the inner loops of hashes and KDFs: several implementations of each, of which one is chosen.
 *
 * The folder that the Makefile adds for the
 * architecture (src/crypto/ARCH, or src/crypto/generic when there is none) decides which exist: its cores.c
 * holds the one object `arch`. The features of the processor decide which one runs, once, at the first call.
 */
#ifndef CRYPTO_CORE_H
#define CRYPTO_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SHA-224 runs on SHA-256's core, SHA-384 on SHA-512's. */
enum core_hash { CORE_SHA1, CORE_SHA256, CORE_SHA512, CORE_HASHES };

/* Outputs whose times a core states. */
enum { CORE_OUTPUTS = 4 };
/* The times of a core that computes one output after the other. */
#define CORE_ONE_BY_ONE                                                                                      \
	{                                                                                                    \
		10, 20, 30, 40                                                                               \
	}

/*
 * One implementation of one hash. A state is 5 or 8 uint32_t, or 8 uint64_t (FIPS 180-4,
 * 6.1 to 6.4), in the machine's byte order.
 */
struct hash_core {
	const char *name;
	unsigned needs; /* features, as bits of the architecture */
	/* State after @n more blocks of @data. */
	void (*compress)(void *state, const uint8_t *data, size_t n);
	/*
	 * @rounds rounds of PBKDF2's loop for @n adjacent outputs: U = HMAC(U),
	 * T = T ^ U. U and T are arrays of states; @inner and @outer are HMAC's key, already
	 * compressed. Only for a message of one whole digest: SHA-1, SHA-256, SHA-512.
	 */
	void (*iterate)(const void *inner, const void *outer, void *u, void *t, size_t n, uint32_t rounds);
	/*
	 * The time of iterate for 1, 2, 3 and 4 outputs, in tenths of the time for one, as
	 * tests/bench/outputs.c measures it. It decides how many threads share a key's outputs.
	 */
	uint8_t times[CORE_OUTPUTS];
};

/*
 * A part of a core that its loop calls: called, not inlined, because inlining doubles the size
 * and not the speed. Registers are cleared when the loop ends, not at each call.
 */
#if __has_attribute(zero_call_used_regs)
#define CORE_PART __attribute__((noinline, zero_call_used_regs("skip")))
#else
#define CORE_PART __attribute__((noinline))
#endif

struct aes;
struct block_; /* phc-winner-argon2's block, 1 KiB */
struct argon2_ahead;
struct argon2_scratch;

/* One implementation of Argon2's block function; see argon2_fill.h. */
struct argon2_core {
	const char *name;
	unsigned needs;
	/* @next = G(@prev, @ref), added to what was there when @with_old (RFC 9106, 3.5 and step 6 of 3.2).
	 */
	void (*fill_block)(struct block_ *next, const struct block_ *prev, const struct block_ *ref,
		bool with_old, struct argon2_ahead *ahead, struct argon2_scratch *s);
};

/* What one architecture has. Each list begins with the best and ends with one that needs no feature, then
 * NULL. */
struct arch {
	const char *const *features; /* names of the bits from 0 on; ends with NULL */
	unsigned (*detect)(void);    /* the bits that this processor and kernel have */
	const struct hash_core *const *hashes[CORE_HASHES];
	const struct argon2_core *const *argon2;
	/* Zeroes that the compiler may not omit, for areas larger than the caches. */
	void (*wipe_area)(void *p, size_t len);
	/* AES of its own, and the features that it needs; NULL: use BearSSL's. */
	const struct aes *aes;
	unsigned aes_needs;
};
extern const struct arch arch;

/* The chosen ones. */
const struct hash_core *core_hash(enum core_hash h);
const struct argon2_core *core_argon2(void);
/* Are all of @features (bits of the architecture) among those chosen from? */
bool core_has(unsigned features);

/* For tests: choose again, using only those of @features that the processor has; bits as in arch.features. */
#define CORE_ALL_FEATURES (~0u)
void core_choose(unsigned features);

/* The names of the features in use, separated by commas, into @out. */
void core_features(char *out, size_t size);

#endif
