/* SPDX-License-Identifier: MIT */
/* signer - see signer.h. */
#include "token/tpm2/signer.h"
#include "crypto/hmac.h"
#include "format/base64.h"
#include "format/pcr.h"
#include "token/tpm2/field.h"
#include "token/tpm2/key.h"
#include "token/tpm2/policy.h"
#include <string.h>

/* --- the key ------------------------------------------------------------------------------ */

enum {
	DER_MAX_BYTES = 1024,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_SEQUENCE = 0x30,
	MODULUS_MIN_BYTES = 128,
	MODULUS_MAX_BYTES = 512,
	TICKET_MAX_BYTES = 184, /* tag, hierarchy and a digest, with room for the largest */
	/* decrypt, sign, userWithAuth: as systemd loads it */
	SIGNER_ATTRIBUTES = 0x60040,
};

/* rsaEncryption, with its NULL (RFC 3279, 2.3.1). */
static const uint8_t rsa_algorithm[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
	0x05, 0x00};

/* The content of the next element, which must have this tag (X.690, 8.1); lengths up to 65535. */
static struct wire_in der(struct wire_in *in, uint8_t tag)
{
	bool right = wire_u8(in) == tag;
	size_t len = wire_u8(in);
	struct bytes got;

	if (len == 0x81)
		len = wire_u8(in);
	else if (len == 0x82)
		len = wire_u16(in);
	else if (len >= 0x80)
		right = false;
	in->cut |= !right;
	got = wire_get(in, len);
	return (struct wire_in){got.data, got.len, in->cut};
}

/* A positive integer without the zero in front that says so. */
static struct bytes der_unsigned(struct wire_in *in)
{
	struct wire_in n = der(in, DER_INTEGER);

	if (n.left > 1 && !*n.data)
		(void)wire_u8(&n);
	return (struct bytes){n.data, n.left};
}

static enum cause read_der(struct bytes der_key, struct signer *s, struct error *err)
{
	struct wire_in in = {der_key.data, der_key.len, false}, spki = der(&in, DER_SEQUENCE),
		       algorithm = der(&spki, DER_SEQUENCE), bits = der(&spki, DER_BIT_STRING), rsa;
	struct wire_out out = {.data = s->area, .room = sizeof(s->area)};
	struct bytes modulus, exponent;
	uint8_t e[4] = {0};

	if (algorithm.left != sizeof(rsa_algorithm) ||
		memcmp(algorithm.data, rsa_algorithm, sizeof(rsa_algorithm)))
		return error_set(err, CAUSE_UNSUPPORTED, "the token's tpm2_pubkey is not an RSA key");
	bits.cut |= wire_u8(&bits) != 0; /* no bits are left over */
	rsa = der(&bits, DER_SEQUENCE);
	modulus = der_unsigned(&rsa);
	exponent = der_unsigned(&rsa);
	if (!wire_is_whole(&rsa) || !wire_is_whole(&bits) || !wire_is_whole(&spki) || !wire_is_whole(&in) ||
		modulus.len < MODULUS_MIN_BYTES || modulus.len > MODULUS_MAX_BYTES || !exponent.len ||
		exponent.len > sizeof(e))
		return error_set(err, CAUSE_DAMAGED, "the token's tpm2_pubkey contradicts the format");
	memcpy(e + sizeof(e) - exponent.len, exponent.data, exponent.len);
	wire_put_u16(&out, TPM_ALG_RSA);
	wire_put_u16(&out, TPM_ALG_SHA256);
	wire_put_u32(&out, SIGNER_ATTRIBUTES);
	wire_put_sized(&out, NULL, 0);
	wire_put_u16(&out, TPM_ALG_NULL);
	wire_put_u16(&out, TPM_ALG_NULL);
	wire_put_u16(&out, (uint16_t)(modulus.len * 8));
	wire_put_u32(&out, bytes_be32(e));
	wire_put_sized(&out, modulus.data, modulus.len);
	s->area_len = out.len;
	hmac_sha256(&der_key, 1, s->fingerprint);
	return CAUSE_OK;
}

/* The text between the two lines of a PEM file, without its line ends, as text. */
static bool pem_body(struct bytes pem, char *out, size_t room)
{
	static const char begin[] = "-----BEGIN PUBLIC KEY-----", end[] = "-----END PUBLIC KEY-----";
	const char *p = pem.data, *stop = p + pem.len;
	size_t used = 0;

	if (pem.len < strlen(begin) || memcmp(p, begin, strlen(begin)))
		return false;
	for (p += strlen(begin); p < stop && *p != '-'; p++)
		if (*p != '\n' && *p != '\r') {
			if (used + 1 == room)
				return false;
			out[used++] = *p;
		}
	out[used] = 0;
	return (size_t)(stop - p) >= strlen(end) && !memcmp(p, end, strlen(end));
}

enum cause signer_read(struct bytes pem, struct signer *signer, struct error *err)
{
	char body[BASE64_CHARS(DER_MAX_BYTES) + 1];
	uint8_t der_key[DER_MAX_BYTES];
	size_t len;

	if (!pem_body(pem, body, sizeof(body)) || !base64_decode(body, der_key, sizeof(der_key), &len))
		return error_set(err, CAUSE_DAMAGED, "the token's tpm2_pubkey is not a public key in PEM");
	return read_der((struct bytes){der_key, len}, signer, err);
}

/* --- its signatures ------------------------------------------------------------------------ */

static bool is_over(const struct json *v, uint32_t want)
{
	uint32_t pcrs;

	return pcr_read(v, &pcrs) && pcrs == want;
}

/* Entries of other keys, other PCRs and unknown forms belong to others. */
static void keep(const struct json *entry, const struct signer *signer, struct signatures *out)
{
	struct signature *s = &out->list[out->count];
	const char *text = json_string(json_member(entry, "sig"));
	uint8_t fingerprint[TPM_DIGEST_BYTES];

	if (out->count < SIGNATURES_MAX && is_over(json_member(entry, "pcrs"), signer->pcrs) &&
		field_digest(json_member(entry, "pkfp"), fingerprint) &&
		!memcmp(fingerprint, signer->fingerprint, sizeof(fingerprint)) &&
		field_digest(json_member(entry, "pol"), s->policy) && text &&
		base64_decode(text, s->data, sizeof(s->data), &s->len))
		out->count++;
}

enum cause signer_find(struct bytes text, const struct signer *signer, const char *bank,
	struct signatures *out, struct error *err)
{
	const struct json *root;
	enum cause cause = json_open(text.data, text.len, &root, err);

	out->count = 0;
	if (!cause)
		for (const struct json *v = json_first(json_member(root, bank)); v; v = json_next(v))
			keep(v, signer, out);
	json_close();
	return cause;
}

/* --- the session --------------------------------------------------------------------------- */

static enum cause load_signer(struct tpm *tpm, const struct signer *signer, uint32_t *handle,
	struct error *err)
{
	static const struct tpm_command command = {"TPM2_LoadExternal", .code = TPM_CC_LOAD_EXTERNAL,
		.answers_handle = true};
	struct wire_out *out = tpm_begin(tpm, &command, 0);
	struct tpm_reply reply;
	enum cause cause;

	wire_put_sized(out, NULL, 0);
	wire_put_sized(out, signer->area, signer->area_len);
	wire_put_u32(out, TPM_RH_OWNER);
	cause = tpm_call(tpm, &reply, err);
	*handle = reply.handle;
	return cause;
}

/* @ticket, in the TPM's answer, says that the TPM has seen the signature. */
static enum cause verify(struct tpm *tpm, uint32_t key, const struct signature *s, struct bytes *ticket,
	struct error *err)
{
	static const struct tpm_command command = {"TPM2_VerifySignature", .code = TPM_CC_VERIFY_SIGNATURE};
	uint8_t digest[TPM_DIGEST_BYTES];
	struct wire_out *out = tpm_begin(tpm, &command, key);
	struct tpm_reply reply;
	enum cause cause;

	hmac_sha256(&(struct bytes){s->policy, sizeof(s->policy)}, 1, digest);
	wire_put_sized(out, digest, sizeof(digest));
	wire_put_u16(out, TPM_ALG_RSASSA);
	wire_put_u16(out, TPM_ALG_SHA256);
	wire_put_sized(out, s->data, s->len);
	cause = tpm_call(tpm, &reply, err);
	if (cause)
		return cause;
	*ticket = wire_get(&reply.parameters, reply.parameters.left);
	return ticket->len > TICKET_MAX_BYTES ? tpm_bad_answer(tpm, err) : CAUSE_OK;
}

static enum cause approve(struct tpm *tpm, uint32_t session, const struct signer *signer,
	const struct signature *s, struct bytes ticket, struct error *err)
{
	static const struct tpm_command command = {"TPM2_PolicyAuthorize", .code = TPM_CC_POLICY_AUTHORIZE};
	uint8_t name[TPM_NAME_BYTES];
	struct wire_out *out = tpm_begin(tpm, &command, session);
	struct tpm_reply reply;

	key_name((struct bytes){signer->area, signer->area_len}, name);
	wire_put_sized(out, s->policy, sizeof(s->policy));
	wire_put_sized(out, NULL, 0);
	wire_put_sized(out, name, sizeof(name));
	wire_put(out, ticket.data, ticket.len);
	return tpm_call(tpm, &reply, err);
}

enum cause signer_authorize(struct tpm *tpm, uint32_t session, const struct signer *signer,
	const struct signatures *signatures, struct error *err)
{
	uint8_t digest[TPM_DIGEST_BYTES];
	const struct signature *s = NULL;
	struct bytes ticket;
	uint32_t key = 0;
	char list[PCR_LIST_BYTES];
	enum cause cause = policy_digest(tpm, session, digest, err);

	if (cause)
		return cause;
	for (unsigned i = 0; i < signatures->count && !s; i++)
		if (!memcmp(signatures->list[i].policy, digest, sizeof(digest)))
			s = &signatures->list[i];
	pcr_list(signer->pcrs, list, sizeof(list));
	if (!s)
		return error_set(err, CAUSE_PASSPHRASE,
			"none of the %u signatures in the image by the token's key matches the values of "
			"PCR %s",
			signatures->count, list);
	cause = load_signer(tpm, signer, &key, err);
	if (!cause)
		cause = verify(tpm, key, s, &ticket, err);
	if (!cause)
		cause = approve(tpm, session, signer, s, ticket, err);
	tpm_flush(tpm, &key);
	return cause;
}
