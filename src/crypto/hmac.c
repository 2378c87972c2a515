/* SPDX-License-Identifier: MIT */
/* hmac - see hmac.h. */
#include "crypto/hmac.h"
#include "secret/wipe.h"
#include <bearssl_kdf.h>

void hmac_sha256(const struct bytes *parts, size_t n, uint8_t out[HMAC_BYTES])
{
	br_sha256_context c;

	br_sha256_init(&c);
	for (size_t i = 0; i < n; i++)
		br_sha256_update(&c, parts[i].data, parts[i].len);
	br_sha256_out(&c, out);
	wipe(&c, sizeof(c));
}

void hmac_run(struct bytes key, const struct bytes *parts, size_t n, uint8_t out[HMAC_BYTES])
{
	br_hmac_key_context k;
	br_hmac_context c;

	br_hmac_key_init(&k, &br_sha256_vtable, key.data, key.len);
	br_hmac_init(&c, &k, 0);
	for (size_t i = 0; i < n; i++)
		br_hmac_update(&c, parts[i].data, parts[i].len);
	(void)br_hmac_out(&c, out);
	wipe(&k, sizeof(k));
	wipe(&c, sizeof(c));
}

void hmac_hkdf(struct bytes ikm, struct bytes salt, struct bytes info, uint8_t *out, size_t out_bytes)
{
	br_hkdf_context c;

	br_hkdf_init(&c, &br_sha256_vtable, salt.data, salt.len);
	br_hkdf_inject(&c, ikm.data, ikm.len);
	br_hkdf_flip(&c);
	(void)br_hkdf_produce(&c, info.data, info.len, out, out_bytes);
	wipe(&c, sizeof(c));
}
