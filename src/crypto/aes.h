/* SPDX-License-Identifier: MIT */
/* aes - the AES implementation for this processor: one of BearSSL's, or the architecture's own with the same
 * interface. Only xts and cbc use it. */
#ifndef CRYPTO_AES_H
#define CRYPTO_AES_H

#include <bearssl_block.h>

enum { AES_BLOCK_BYTES = 16 };

struct aes {
	const br_block_cbcdec_class *decrypt;
	const br_block_cbcenc_class *encrypt;
};

/* The fastest one that this processor has; always constant-time. */
struct aes aes_choose(void);

/* The architecture's own (core.h), if this processor has its instructions; else NULL. */
const struct aes *aes_own(void);

#endif
