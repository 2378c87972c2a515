/* SPDX-License-Identifier: MIT */
/*
 * crypt_flags - the optional parameters of dm-crypt that are flags (kernel:
 * Documentation/admin-guide/device-mapper/dm-crypt.rst). A set of them is an unsigned with the bits of
 * enum crypt_flag; the union of two sets is a | b.
 */
#ifndef BASE_CRYPT_FLAGS_H
#define BASE_CRYPT_FLAGS_H

/* In the order in which cryptsetup writes them into a table line. */
enum crypt_flag {
	CRYPT_ALLOW_DISCARDS = 1,
	CRYPT_SAME_CPU_CRYPT = 2,
	CRYPT_SUBMIT_FROM_CRYPT_CPUS = 4,
	CRYPT_NO_READ_WORKQUEUE = 8,
	CRYPT_NO_WRITE_WORKQUEUE = 16,
	CRYPT_HIGH_PRIORITY = 32,
};
enum { CRYPT_FLAG_COUNT = 6, CRYPT_FLAG_CHARS = 22 };

/* Row n is the flag 1 << n. */
extern const struct crypt_flag_info {
	char target[CRYPT_FLAG_CHARS + 1]; /* in a table line */
	char luks2[CRYPT_FLAG_CHARS + 1];  /* in a LUKS2 header's config (specification 3.6.1) */
	unsigned char since_minor;         /* known to dm-crypt from version 1.N.0 on */
} crypt_flags[CRYPT_FLAG_COUNT];

#endif
