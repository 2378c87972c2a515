/* SPDX-License-Identifier: MIT */
/*
 * portable_aes - a processor without AES instructions, or with others: with PORTABLE_AES the functions with
 * which BearSSL offers those instructions are this program's, and take the place of the library's.
 */
#ifndef UNIT_PORTABLE_AES_H
#define UNIT_PORTABLE_AES_H

#include <bearssl_block.h>

#ifdef PORTABLE_AES
/* What the processor seems to offer; NULL: nothing, so that the portable code runs. */
static const br_block_cbcdec_class *offered_dec;
static const br_block_cbcenc_class *offered_enc;
static unsigned aes_asked;

const br_block_cbcdec_class *br_aes_x86ni_cbcdec_get_vtable(void)
{
	aes_asked++;
	return offered_dec;
}

const br_block_cbcenc_class *br_aes_x86ni_cbcenc_get_vtable(void)
{
	aes_asked++;
	return offered_enc;
}
#endif

#endif
