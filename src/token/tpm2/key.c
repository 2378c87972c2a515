/* SPDX-License-Identifier: MIT */
/* key - see key.h. */
#include "token/tpm2/key.h"
#include "crypto/hmac.h"
#include "crypto/oaep.h"
#include "crypto/p256.h"
#include "secret/wipe.h"
#include <errno.h>
#include <string.h>
#include <sys/random.h>

enum {
	/* fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, decrypt. */
	TEMPLATE_ATTRIBUTES = 0x30072,
	TEMPLATE_RSA_BITS = 2048,
	RSA_DEFAULT_EXPONENT = 65537, /* written as 0 */
};

/* With its NUL: a label is hashed so. */
static const char label[] = "SECRET";

void key_name(struct bytes area, uint8_t name[static TPM_NAME_BYTES])
{
	name[0] = TPM_ALG_SHA256 >> 8;
	name[1] = TPM_ALG_SHA256;
	hmac_sha256(&area, 1, name + 2);
}

/* The symmetric cipher of a storage key: three numbers, or the one that says none. */
static void skip_symmetric(struct wire_in *in)
{
	if (wire_u16(in) != TPM_ALG_NULL)
		(void)wire_get(in, 4);
}

static enum cause read_ecc(struct wire_in *in, struct key *key, struct error *err)
{
	uint16_t scheme, curve, kdf;

	skip_symmetric(in);
	scheme = wire_u16(in);
	curve = wire_u16(in);
	kdf = wire_u16(in);
	if (!in->cut && (scheme != TPM_ALG_NULL || kdf != TPM_ALG_NULL || curve != TPM_ECC_NIST_P256))
		return error_set(err, CAUSE_UNSUPPORTED,
			"the TPM's storage key is on curve 0x%x with scheme 0x%x: only P-256 is supported",
			curve, scheme);
	key->x = wire_sized(in, P256_BYTES);
	key->y = wire_sized(in, P256_BYTES);
	return CAUSE_OK;
}

static enum cause read_rsa(struct wire_in *in, struct key *key, struct error *err)
{
	uint16_t scheme, bits;

	skip_symmetric(in);
	scheme = wire_u16(in);
	bits = wire_u16(in);
	key->exponent = wire_u32(in);
	if (!in->cut && scheme != TPM_ALG_NULL)
		return error_set(err, CAUSE_UNSUPPORTED, "the TPM's storage key has the scheme 0x%x", scheme);
	if (!key->exponent)
		key->exponent = RSA_DEFAULT_EXPONENT;
	key->modulus = wire_sized(in, OAEP_MODULUS_MAX_BYTES);
	in->cut |= key->modulus.len * 8 != bits;
	return CAUSE_OK;
}

enum cause key_read(struct bytes area, struct key *key, struct error *err)
{
	struct wire_in in = {area.data, area.len, false};
	enum cause cause = CAUSE_OK;
	uint16_t hash;

	*key = (struct key){.kind = wire_u16(&in)};
	hash = wire_u16(&in);
	(void)wire_u32(&in);
	(void)wire_sized(&in, TPM_DIGEST_BYTES);
	if (!in.cut && hash != TPM_ALG_SHA256)
		return error_set(err, CAUSE_UNSUPPORTED,
			"the TPM's storage key is named by hash 0x%x: only SHA-256 is supported", hash);
	if (key->kind == TPM_ALG_ECC)
		cause = read_ecc(&in, key, err);
	else if (key->kind == TPM_ALG_RSA)
		cause = read_rsa(&in, key, err);
	else if (!in.cut)
		cause = error_set(err, CAUSE_UNSUPPORTED, "the TPM's storage key is of the kind 0x%x",
			key->kind);
	if (cause)
		return cause;
	if (!wire_is_whole(&in))
		return error_set(err, CAUSE_DAMAGED,
			"the public part of the TPM's storage key contradicts the format");
	key_name(area, key->name);
	return CAUSE_OK;
}

/* @out has @len bytes of random. */
static enum cause draw(uint8_t *out, size_t len, struct error *err)
{
	if (getrandom(out, len, 0) != (ssize_t)len)
		return error_set(err, CAUSE_KERNEL, "no random bytes: error %d", errno);
	return CAUSE_OK;
}

/* A coordinate may come without its leading zeros. */
static void pad(uint8_t out[static P256_BYTES], struct bytes in)
{
	memset(out, 0, P256_BYTES);
	if (in.len)
		memcpy(out + P256_BYTES - in.len, in.data, in.len);
}

/* KDFe: the coordinates in the encoding of the structures. */
static void derive_salt(const uint8_t *z, const struct p256_point *ours, struct bytes their_x, uint8_t *salt)
{
	static const uint8_t counter[] = {0, 0, 0, 1};
	struct bytes parts[] = {{counter, sizeof(counter)}, {z, P256_BYTES}, {label, sizeof(label)},
		{ours->x, P256_BYTES}, their_x};

	hmac_sha256(parts, sizeof(parts) / sizeof(*parts), salt);
}

static enum cause salt_ecc(const struct key *key, uint8_t *salt, struct wire_out *out, struct error *err)
{
	uint8_t scalar[P256_BYTES], z[P256_BYTES];
	struct p256_point ours, theirs;
	enum cause cause;

	pad(theirs.x, key->x);
	pad(theirs.y, key->y);
	do
		cause = draw(scalar, sizeof(scalar), err);
	while (!cause && !p256_public(scalar, &ours));
	if (!cause && !p256_shared(scalar, &theirs, z))
		cause = error_set(err, CAUSE_DAMAGED, "the TPM's storage key is not a point of P-256");
	if (!cause) {
		derive_salt(z, &ours, key->x, salt);
		wire_put_sized(out, ours.x, P256_BYTES);
		wire_put_sized(out, ours.y, P256_BYTES);
	}
	wipe(scalar, sizeof(scalar));
	wipe(z, sizeof(z));
	return cause;
}

static enum cause salt_rsa(const struct key *key, uint8_t *salt, struct wire_out *out, struct error *err)
{
	uint8_t seed[OAEP_SEED_BYTES];
	enum cause cause = draw(salt, KEY_SALT_BYTES, err);

	if (!cause)
		cause = draw(seed, sizeof(seed), err);
	if (!cause && !oaep_encrypt(key->modulus, key->exponent, (struct bytes){label, sizeof(label)},
			      (struct bytes){salt, KEY_SALT_BYTES}, seed, out->data))
		cause = error_set(err, CAUSE_DAMAGED,
			"the TPM's storage key is not an RSA key of a usual size");
	if (!cause)
		out->len = key->modulus.len;
	wipe(seed, sizeof(seed));
	return cause;
}

enum cause key_salt(const struct key *key, uint8_t *salt, uint8_t *encrypted, size_t *encrypted_len,
	struct error *err)
{
	struct wire_out out = {.data = encrypted, .room = KEY_ENCRYPTED_MAX_BYTES};
	enum cause cause =
		key->kind == TPM_ALG_ECC ? salt_ecc(key, salt, &out, err) : salt_rsa(key, salt, &out, err);

	*encrypted_len = out.len;
	return cause;
}

void key_template(uint16_t kind, struct wire_out *out)
{
	wire_put_u16(out, kind);
	wire_put_u16(out, TPM_ALG_SHA256);
	wire_put_u32(out, TEMPLATE_ATTRIBUTES);
	wire_put_sized(out, NULL, 0);
	wire_put_u16(out, TPM_ALG_AES);
	wire_put_u16(out, 128);
	wire_put_u16(out, TPM_ALG_CFB);
	wire_put_u16(out, TPM_ALG_NULL);
	if (kind == TPM_ALG_ECC) {
		wire_put_u16(out, TPM_ECC_NIST_P256);
		wire_put_u16(out, TPM_ALG_NULL);
		wire_put_sized(out, NULL, 0);
	} else {
		wire_put_u16(out, TEMPLATE_RSA_BITS);
		wire_put_u32(out, 0);
	}
	wire_put_sized(out, NULL, 0);
}
