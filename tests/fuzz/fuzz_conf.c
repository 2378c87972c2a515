/* SPDX-License-Identifier: MIT */
/* A board's latchkey.conf, to a plan. */
#include "fuzz_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_as_text(data, size);

	fuzz_plan(&(struct plan_sources){.conf = text, .conf_path = "/etc/latchkey.conf"});
	free(text);
	return 0;
}
