/* SPDX-License-Identifier: MIT */
/* A kernel command line, to a plan. */
#include "fuzz_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_as_text(data, size);

	fuzz_plan(&(struct plan_sources){.cmdline = text});
	free(text);
	return 0;
}
