/* SPDX-License-Identifier: MIT */
/*
 * main - systemd-tpm2, a token program: the passphrase of a token of this type from the TPM at /dev/tpmrm0.
 *
 * It only reads: nothing is measured, enrolled or changed, but for the TPM's own count of wrong PINs.
 */
#include "base/machine.h"
#include "crypto/argon2_c.h"
#include "secret/wipe.h"
#include "token/contract.h"
#include "token/tpm2/unseal.h"
#include <string.h>

/* The inner loops of this program, in place of the architecture's (crypto/core.h): Argon2's in plain C, and no hash's. */
static const char *const features[] = {NULL};

static unsigned detect(void)
{
	return 0;
}

static const struct hash_core no_hash = {.name = "none"};
static const struct hash_core *const no_hashes[] = {&no_hash, NULL};
static const struct argon2_core *const argon2[] = {&argon2_c, NULL};

const struct arch arch = {features, detect, {no_hashes, no_hashes, no_hashes}, argon2, wipe, NULL, 0};

enum { PREFIX_BYTES = sizeof(TOKEN_PREFIX) - 1, SUFFIX_BYTES = sizeof(TOKEN_SUFFIX) - 1 };

static struct unseal_secrets secrets;
static struct token token;

static enum cause read_token(struct error *err)
{
	static char text[PREFIX_BYTES + CONTRACT_TOKEN_MAX_BYTES + SUFFIX_BYTES];
	size_t len;
	enum cause cause = contract_read_token(text + PREFIX_BYTES, CONTRACT_TOKEN_MAX_BYTES, &len, err);

	if (cause)
		return cause;
	memcpy(text, TOKEN_PREFIX, PREFIX_BYTES);
	memcpy(text + PREFIX_BYTES + len, TOKEN_SUFFIX, SUFFIX_BYTES);
	return token_read(text, PREFIX_BYTES + len + SUFFIX_BYTES, &token, err);
}

static enum cause serve(uint64_t available_kib, struct error *err)
{
	static struct tpm tpm;

	/* Argon2 is the one thing that needs memory, and threads, later. */
	if (token.pin != TOKEN_PIN_ARGON2ID)
		contract_lock_down();
	tpm.transport = transport_device;
	return unseal_run(&tpm, &token, &secrets, available_kib, err);
}

int main(void)
{
	/* What no filter lets through later. */
	uint64_t available_kib = machine_memory_available_kib();
	struct error err;
	enum cause cause;

	transport_prepare();
	contract_begin(FILTER_WITH_THREADS, &secrets, sizeof(secrets));
	cause = read_token(&err);
	if (!cause && !contract_has_device()) {
		contract_need("node tpmrm0");
		cause = error_set(&err, CAUSE_DEVICE, "no TPM was given");
	} else if (!cause) {
		cause = serve(available_kib, &err);
	}
	return contract_end(cause, &err);
}
