/* SPDX-License-Identifier: MIT */
/* lockout - see lockout.h. */
#include "token/tpm2/lockout.h"
#include "token/contract.h"

enum {
	CAPABILITY_PROPERTIES = 6,
	PROPERTY_LOCKOUT_COUNTER = 0x20e, /* and behind it what follows */
	PROPERTY_MAX_AUTH_FAIL = 0x20f,
	PROPERTY_LOCKOUT_INTERVAL = 0x210,
	PROPERTIES = 3,
};

enum cause lockout_read(struct tpm *tpm, struct lockout *lockout, struct error *err)
{
	static const struct tpm_command command = {"TPM2_GetCapability", .code = TPM_CC_GET_CAPABILITY};
	struct wire_out *out = tpm_begin(tpm, &command, 0);
	uint32_t values[PROPERTIES] = {0}, count;
	struct tpm_reply reply;
	enum cause cause;

	*lockout = (struct lockout){0};
	wire_put_u32(out, CAPABILITY_PROPERTIES);
	wire_put_u32(out, PROPERTY_LOCKOUT_COUNTER);
	wire_put_u32(out, PROPERTIES);
	cause = tpm_call(tpm, &reply, err);
	if (cause)
		return cause;
	(void)wire_get(&reply.parameters, 1 + 4); /* is there more; which capability */
	count = wire_u32(&reply.parameters);
	for (uint32_t i = 0; i < PROPERTIES; i++)
		if (wire_u32(&reply.parameters) == PROPERTY_LOCKOUT_COUNTER + i)
			values[i] = wire_u32(&reply.parameters);
	if (count != PROPERTIES || !wire_is_whole(&reply.parameters))
		return tpm_bad_answer(tpm, err);
	lockout->failures = values[0];
	lockout->left = values[1] > values[0] ? values[1] - values[0] : 0;
	lockout->interval_s = values[PROPERTY_LOCKOUT_INTERVAL - PROPERTY_LOCKOUT_COUNTER];
	return CAUSE_OK;
}

void lockout_say(const struct lockout *lockout)
{
	contract_say("another PIN can be tried after %u s at most; "
		     "tpm2_dictionarylockout -c ends the lock now",
		lockout->interval_s);
}

enum cause lockout_check(const struct lockout *lockout, struct error *err)
{
	if (lockout->left)
		return CAUSE_OK;
	lockout_say(lockout);
	return error_set(err, CAUSE_PASSPHRASE, "the TPM is locked after %u wrong PINs", lockout->failures);
}
