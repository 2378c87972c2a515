/* SPDX-License-Identifier: MIT */
/*
 * measure - what latchkey gives this program in place of a token when a volume has tpm2-measure-pcr=:
 * digests for one PCR, as a record of systemd's log of measurements (the TCG's canonical event log in JSON):
 *
 *     {"pcr":15,"digests":[{"hashAlg":"sha256","digest":"..."}, ...],"content_type":"systemd",...}
 *
 * It cannot come from a header: every token has a type there, and this program is started for its own only.
 */
#ifndef TOKEN_TPM2_MEASURE_H
#define TOKEN_TPM2_MEASURE_H

#include "format/pcr.h"
#include "token/tpm2/tpm.h"

struct measurement {
	uint32_t pcr;
	uint8_t digests[512]; /* TPML_DIGEST_VALUES */
	size_t len;
};

/* Is @root, an object, such a record, and no token? */
bool measure_is_record(const struct json *root);

/* Fails: CAUSE_DAMAGED. */
enum cause measure_read(const struct json *root, struct measurement *m, struct error *err) MUST_USE;

/* TPM2_PCR_Extend with all of them. Fails: as tpm_call. */
enum cause measure_run(struct tpm *tpm, const struct measurement *m, struct error *err) MUST_USE;

#endif
