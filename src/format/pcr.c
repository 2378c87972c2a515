/* SPDX-License-Identifier: MIT */
/* pcr - see pcr.h. */
#include "format/pcr.h"
#include "base/text.h"
#include <string.h>

static const struct pcr_bank banks[] = {
	{"sha256", 0x0b, 32},
	{"sha1", 0x04, 20},
	{"sha384", 0x0c, 48},
	{"sha512", 0x0d, 64},
	{"sm3_256", 0x12, 32},
	{"sha3_256", 0x27, 32},
	{"sha3_384", 0x28, 48},
	{"sha3_512", 0x29, 64},
};

enum { BANKS = sizeof(banks) / sizeof(*banks) };

const struct pcr_bank *pcr_find_bank(const char *name)
{
	for (int i = 0; i < BANKS; i++)
		if (!strcmp(banks[i].name, name))
			return &banks[i];
	return NULL;
}

const char *pcr_bank_name(uint16_t number)
{
	for (int i = 0; i < BANKS; i++)
		if (banks[i].number == number)
			return banks[i].name;
	return "?";
}

bool pcr_read(const struct json *array, uint32_t *pcrs)
{
	uint32_t pcr;

	*pcrs = 0;
	if (!json_is_array(array))
		return false;
	for (const struct json *v = json_first(array); v; v = json_next(v)) {
		if (!json_u32(v, &pcr) || pcr >= PCR_COUNT)
			return false;
		*pcrs |= 1u << pcr;
	}
	return true;
}

void pcr_list(uint32_t pcrs, char *out, size_t size)
{
	size_t used = 0;

	out[0] = 0;
	for (unsigned i = 0; i < PCR_COUNT; i++)
		if (pcrs & 1u << i)
			used += text_format(out + used, size - used, "%s%u", used ? "+" : "", i);
}
