/* SPDX-License-Identifier: MIT */
/* refusal - see refusal.h. */
#include "token/tpm2/refusal.h"

enum { FORMAT_ONE = 0x80, FORMAT_ONE_ERROR = 0xbf };

/*
 * Those that somebody may see, and what to do about them. Of format one, the number without the place of
 * the fault.
 */
static const struct refusal {
	uint16_t rc;
	uint16_t cause;
	const char *words;
} rows[] = {
	{0x100, CAUSE_DEVICE, "the firmware has not started the TPM"},
	{0x101, CAUSE_DEVICE, "the TPM is in failure mode; only turning the machine off and on may help"},
	{0x120, CAUSE_DEVICE, "the TPM is disabled"},
	{0x12d, CAUSE_DEVICE, "the TPM must be restarted"},
	{0x143, CAUSE_UNSUPPORTED, "the TPM does not have this command"},
	{0x902, CAUSE_RESOURCE, "the TPM has no memory for another object"},
	{0x903, CAUSE_RESOURCE, "the TPM has no memory for another session"},
	{0x904, CAUSE_RESOURCE, "the TPM has no memory"},
	{0x905, CAUSE_RESOURCE, "the TPM has no handle for another session"},
	{0x908, CAUSE_DEVICE, "the TPM is busy"},
	{0x90a, CAUSE_DEVICE, "the TPM is still testing itself"},
	{0x910, CAUSE_DEVICE, "the TPM has no key at the token's handle"},
	{0x921, CAUSE_PASSPHRASE, "the TPM is locked after too many wrong PINs"},
	{0x922, CAUSE_DEVICE, "the TPM is not ready"},
	{0x8b, CAUSE_DEVICE, "the TPM has no key at the token's handle"},
	{0x8e, CAUSE_DEVICE, "the TPM requires a password"},
	{0xa2, CAUSE_DEVICE, "the TPM requires a password"},
	{0x9d, CAUSE_PASSPHRASE, "the TPM's policy is not met"},
	{0x9b, CAUSE_PASSPHRASE, "the signature is not of the token's key"},
	{0x9f, CAUSE_DEVICE, "this token belongs to another TPM, or the TPM was cleared"},
	{0x83, CAUSE_UNSUPPORTED, "the TPM does not have this hash"},
};

enum cause refusal_set(const char *name, uint32_t rc, struct error *err)
{
	uint32_t error = rc & FORMAT_ONE ? rc & FORMAT_ONE_ERROR : rc;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].rc == error)
			return error_set(err, (enum cause)rows[i].cause, "%s (%s: 0x%x)", rows[i].words, name,
				rc);
	return error_set(err, CAUSE_DEVICE, "the TPM refuses %s: 0x%x", name, rc);
}
