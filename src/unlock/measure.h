/* SPDX-License-Identifier: MIT */
/* measure - the volume key into a PCR of the TPM, as systemd does for tpm2-measure-pcr= of crypttab(5). */
#ifndef UNLOCK_MEASURE_H
#define UNLOCK_MEASURE_H

#include "keyslot/keyslot.h"
#include "unlock/request.h"

/*
 * Extend the PCR of @r->measure_pcrs with HMACs of volume_key_id.h, by the program of TPM2 tokens, which
 * gets nothing else, and write them to systemd's log of measurements. After the mapping is made: what is
 * tried again must not be measured twice. A failure is a notice, as with systemd.
 */
void measure(const struct unlock_request *r, const struct volume_key *key, const char *uuid);

#endif
