/* SPDX-License-Identifier: MIT */
/* pcrs - the PCR policy of a TPM2 token beside the PCRs of the running system. */
#ifndef PREFLIGHT_PCRS_H
#define PREFLIGHT_PCRS_H

#include "format/json.h"
#include "preflight/findings.h"

/* @token is the token's JSON; @where names the volume and @what the token. Reads /sys/class/tpm/tpm0. */
void pcrs_judge(const struct json *token, const char *where, const char *what, struct findings *f);

#endif
