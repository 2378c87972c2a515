/* SPDX-License-Identifier: MIT */
/* aes - see aes.h. BearSSL's table-based variants are not linked. */
#include "crypto/aes.h"

struct aes aes_choose(void)
{
	const struct aes *own = aes_own();
	struct aes a = {br_aes_pwr8_cbcdec_get_vtable(), br_aes_pwr8_cbcenc_get_vtable()};

	if (own)
		return *own;
	if (a.decrypt && a.encrypt)
		return a;
	if (sizeof(size_t) == 8)
		return (struct aes){&br_aes_ct64_cbcdec_vtable, &br_aes_ct64_cbcenc_vtable};
	return (struct aes){&br_aes_ct_cbcdec_vtable, &br_aes_ct_cbcenc_vtable};
}
