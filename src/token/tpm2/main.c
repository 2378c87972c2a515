/* SPDX-License-Identifier: MIT */
/*
 * main - systemd-tpm2, a token program: the passphrase of a token of this type from the TPM at /dev/tpmrm0.
 *
 * It only reads: nothing is enrolled or changed, but for the TPM's own count of wrong PINs, and for one PCR
 * when latchkey gives it a measurement in place of a token (measure.h).
 */
#include "base/file.h"
#include "base/machine.h"
#include "crypto/argon2_c.h"
#include "format/pcr.h"
#include "secret/wipe.h"
#include "token/contract.h"
#include "token/tpm2/unseal.h"
#include <string.h>

/*
 * The inner loops of this program, in place of the architecture's (crypto/core.h): Argon2's in plain C,
 * and no hash's.
 */
static const char *const features[] = {NULL};

static unsigned detect(void)
{
	return 0;
}

static const struct hash_core no_hash = {.name = "none"};
static const struct hash_core *const no_hashes[] = {&no_hash, NULL};
static const struct argon2_core *const argon2[] = {&argon2_c, NULL};

const struct arch arch = {features, detect, {no_hashes, no_hashes, no_hashes}, argon2, wipe, NULL, 0};

enum {
	PREFIX_BYTES = sizeof(TOKEN_PREFIX) - 1,
	SUFFIX_BYTES = sizeof(TOKEN_SUFFIX) - 1,
	SIGNATURES_TEXT_BYTES = 64 << 10
};

static struct unseal_secrets secrets;
static struct token token;
static struct measurement measured;
static struct signatures signatures;

static enum cause read_token(struct error *err)
{
	static char text[PREFIX_BYTES + CONTRACT_TOKEN_MAX_BYTES + SUFFIX_BYTES];
	size_t len;
	enum cause cause = contract_read_token(text + PREFIX_BYTES, CONTRACT_TOKEN_MAX_BYTES, &len, err);

	if (cause)
		return cause;
	memcpy(text, TOKEN_PREFIX, PREFIX_BYTES);
	memcpy(text + PREFIX_BYTES + len, TOKEN_SUFFIX, SUFFIX_BYTES);
	return token_read(text, PREFIX_BYTES + len + SUFFIX_BYTES, &token, &measured, err);
}

/* What the image has: systemd-stub puts it into the first, systemd looks in the others. */
static size_t read_signatures(char *out, size_t size)
{
	static const char *const paths[] = {"/.extra/tpm2-pcr-signature.json",
		"/run/systemd/tpm2-pcr-signature.json", "/etc/systemd/tpm2-pcr-signature.json"};
	ssize_t len = -1;

	for (unsigned i = 0; i < sizeof(paths) / sizeof(*paths) && len <= 0; i++)
		len = file_read(paths[i], out, size);
	return len > 0 ? (size_t)len : 0;
}

static enum cause find_signatures(const char *text, size_t len, struct error *err)
{
	enum cause cause;

	if (!token.signer.area_len)
		return CAUSE_OK;
	if (!len)
		return error_set(err, CAUSE_UNSUPPORTED,
			"the token has a signed PCR policy (tpm2_pubkey), "
			"and the image has no tpm2-pcr-signature.json for it");
	cause = signer_find((struct bytes){text, len}, &token.signer,
		pcr_bank_name(token.bank ? token.bank : TPM_ALG_SHA256), &signatures, err);
	if (cause)
		error_prefix(err, "tpm2-pcr-signature.json");
	return cause;
}

static enum cause serve(uint64_t available_kib, struct error *err)
{
	static struct tpm tpm;

	/* Argon2 is the one thing that needs memory, and threads, later. */
	if (token.pin != TOKEN_PIN_ARGON2ID)
		contract_lock_down();
	tpm.transport = transport_device;
	if (measured.pcr < PCR_COUNT)
		return measure_run(&tpm, &measured, err);
	return unseal_run(&tpm, &token, &secrets, available_kib, &signatures, err);
}

int main(void)
{
	static char signed_text[SIGNATURES_TEXT_BYTES];
	/* What no filter lets through later. */
	uint64_t available_kib = machine_memory_available_kib();
	size_t signed_len = read_signatures(signed_text, sizeof(signed_text));
	struct error err;
	enum cause cause;

	transport_prepare();
	contract_begin(FILTER_WITH_THREADS, &secrets, sizeof(secrets));
	cause = read_token(&err);
	if (!cause)
		cause = find_signatures(signed_text, signed_len, &err);
	if (!cause && !contract_has_device()) {
		contract_need("node tpmrm0");
		cause = error_set(&err, CAUSE_DEVICE, "no TPM was given");
	} else if (!cause) {
		cause = serve(available_kib, &err);
	}
	return contract_end(cause, &err);
}
