/* SPDX-License-Identifier: MIT */
/* pcr - platform configuration registers, as systemd-tpm2 tokens and files of signatures name them. */
#ifndef FORMAT_PCR_H
#define FORMAT_PCR_H

#include "format/json.h"

enum { PCR_COUNT = 24, PCR_MAX_BYTES = 64, PCR_LIST_BYTES = PCR_COUNT * 3 };

/* One of the TPM's banks of registers (TCG Algorithm Registry). */
struct pcr_bank {
	const char *name;
	uint8_t number, bytes; /* of the hash, and of each register */
};

/* NULL when it is not one of TPM 2.0's. */
const struct pcr_bank *pcr_find_bank(const char *name);
/* "?" when it is not one of TPM 2.0's. */
const char *pcr_bank_name(uint16_t number);

/* An array of numbers to a bit each. False when it is none, or one is out of range. */
bool pcr_read(const struct json *array, uint32_t *pcrs);

/* The numbers of @pcrs as text: "4+7". */
void pcr_list(uint32_t pcrs, char *out, size_t size);

#endif
