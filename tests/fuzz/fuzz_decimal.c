/* SPDX-License-Identifier: MIT */
/* Decimal strings: exactly those that the C library writes for a 64-bit number. */
#include "base/text.h"
#include "fuzz.h"
#include <errno.h>
#include <inttypes.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), written[32] = "";
	uint64_t v = 77, other;
	bool ok, canonical;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	errno = 0;
	other = strtoull(text, NULL, 10);
	snprintf(written, sizeof(written), "%" PRIu64, other);
	canonical = !errno && !strcmp(written, text);
	ok = text_parse_u64(text, &v);
	fuzz_check(ok == canonical, "accepted and not canonical, or the other way round");
	fuzz_check(v == (ok ? other : 77), "another number");
	free(text);
	return 0;
}
