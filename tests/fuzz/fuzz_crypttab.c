/* SPDX-License-Identifier: MIT */
/* A command line, up to the first NUL, and a crypttab that it may choose from, to a plan. */
#include "fuzz_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t first = nul ? (size_t)(nul - data) : 0;
	char *cmdline = fuzz_as_text(data, first),
	     *crypttab = fuzz_as_text(data + first + !!nul, size - first - !!nul);

	fuzz_plan(&(struct plan_sources){
		.cmdline = cmdline, .crypttab = crypttab, .crypttab_path = "/etc/crypttab"});
	free(cmdline);
	free(crypttab);
	return 0;
}
