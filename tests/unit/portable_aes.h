/* SPDX-License-Identifier: MIT */
/*
 * portable_aes - a processor without AES instructions, or with others: with PORTABLE_AES the functions that
 * offer
 * AES instructions, aes_own and BearSSL's for POWER8, are this program's and take the place of the library's.
 */
#ifndef UNIT_PORTABLE_AES_H
#define UNIT_PORTABLE_AES_H

#include "crypto/aes.h"

#ifdef PORTABLE_AES
/* What the processor seems to offer; NULL: nothing, so that the portable code runs. */
static const br_block_cbcdec_class *offered_dec;
static const br_block_cbcenc_class *offered_enc;
static unsigned aes_asked;

const struct aes *aes_own(void)
{
	return NULL;
}

const br_block_cbcdec_class *br_aes_pwr8_cbcdec_get_vtable(void)
{
	aes_asked++;
	return offered_dec;
}

const br_block_cbcenc_class *br_aes_pwr8_cbcenc_get_vtable(void)
{
	aes_asked++;
	return offered_enc;
}
#endif

#endif
