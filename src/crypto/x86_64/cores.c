/* SPDX-License-Identifier: MIT */
/* cores - what there is for x86-64. */
#include "crypto/sha.h"
#include "crypto/x86_64/x86.h"
#include <cpuid.h>
#include <immintrin.h>

static const char *const features[] = {"avx2", "avx512", "sha", "aes", NULL};

/* The registers that the kernel saves (Intel SDM 1, 13.3): without it, AVX faults or loses its registers. */
__attribute__((target("xsave"))) static uint64_t saved_registers(void)
{
	return (uint64_t)_xgetbv(0);
}

static unsigned detect(void)
{
	enum { YMM = 6, ZMM = 0xe6 };
	unsigned a, b, c, d, b7 = 0, c7, d7, found = 0;
	uint64_t saved;

	if (!__get_cpuid(1, &a, &b, &c, &d))
		return 0;
	saved = c & bit_OSXSAVE ? saved_registers() : 0;
	(void)__get_cpuid_count(7, 0, &a, &b7, &c7, &d7);
	if (c & bit_SSE4_1 && c & bit_SSSE3 && b7 & bit_SHA)
		found |= X86_SHA;
	if (c & bit_AES)
		found |= X86_AES;
	if (c & bit_AVX && b7 & bit_AVX2 && b7 & bit_BMI && b7 & bit_BMI2 && (saved & YMM) == YMM)
		found |= X86_AVX2;
	if (found & X86_AVX2 && b7 & bit_AVX512F && b7 & bit_AVX512VL && (saved & ZMM) == ZMM)
		found |= X86_AVX512;
	return found;
}

/* Non-temporal stores: the matrix is larger than the caches, and its old content need not be read. */
static void wipe_area(void *p, size_t len)
{
	uint8_t *at = p, *end = at + len / 64 * 64;

	for (; at != end; at += 64)
		for (int i = 0; i < 4; i++)
			_mm_stream_si128((__m128i *)at + i, _mm_setzero_si128());
	_mm_sfence();
	/* The compiler must keep the stores above. */
	__asm__ volatile("" : : "r"(p) : "memory");
}

static const struct hash_core *const sha1[] = {&sha1_avx512, &sha1_sse2, NULL};
static const struct hash_core *const sha256[] = {&sha256_shani, &sha256_sse2, NULL};
static const struct hash_core *const sha512[] = {&sha512_avx2, &sha512_c, NULL};
static const struct argon2_core *const argon2[] = {&argon2_avx512, &argon2_avx2, &argon2_sse2, NULL};

const struct arch arch = {features, detect, {sha1, sha256, sha512}, argon2, wipe_area, &aes_ni, X86_AES};
