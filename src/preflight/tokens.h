/* SPDX-License-Identifier: MIT */
/* tokens - the tokens of one volume: will the image and the machine have what they need? */
#ifndef PREFLIGHT_TOKENS_H
#define PREFLIGHT_TOKENS_H

#include "base/reader.h"
#include "format/luks.h"
#include "preflight/machine.h"
#include "preflight/needs.h"
#include "unlock/request.h"

/* @r is what boot requests of the volume; @header is the device that @luks was read from. */
void tokens_judge(const struct unlock_request *r, const struct luks *luks, const struct reader *header,
	const struct machine *m, struct needs *needs, struct findings *f);

/* The same for tpm2-measure-pcr= of the volume @where, which the program of TPM2 tokens does. */
void tokens_judge_measuring(const char *where, const struct machine *m, struct needs *needs,
	struct findings *f);

#endif
