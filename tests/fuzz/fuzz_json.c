/* SPDX-License-Identifier: MIT */
/* JSON text to the model: whatever is accepted keeps every promise of format/luks.h. */
#include "../unit/header_image_model.h"
#include "fuzz_json_pool.h"
#include "format/luks2_check.h"
#include "fuzz.h"
#include "json_mutator.h"

static enum cause judge(const char *text, size_t len, struct luks *luks, struct error *err)
{
	struct luks2_links links;
	enum cause cause;

	memset(luks, 0, sizeof(*luks));
	memset(&links, 0xee, sizeof(links));
	luks->version = 2;
	luks->hdr_size_bytes = 16384;
	cause = luks2_json_read(text, len, luks, &links, err);
	return cause ? cause : luks2_check(luks, &links, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct luks luks, again;
	struct error err = {.text = ""};
	enum cause cause = judge((const char *)data, size, &luks, &err);

	if (cause) {
		fuzz_check(cause == CAUSE_DAMAGED, "another cause than damage");
		fuzz_check(err.cause == cause && err.text[0], "a cause without a sentence");
		fuzz_check_printable(err.text);
		return 0;
	}
	if (model_fault(&luks))
		fuzz_check(false, model_fault(&luks));
	fuzz_check(!judge((const char *)data, size, &again, &err) && !memcmp(&luks, &again, sizeof(luks)),
		"the same text, read twice, differs");
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	static char text[MUTATOR_ROOM];
	size_t len;

	if (seed % 5 == 0 || size >= sizeof(text) / 2)
		return LLVMFuzzerMutate(data, size, max);
	memcpy(text, data, size);
	text[size] = 0;
	len = mutator_run(text, seed) ? strlen(text) : 0;
	if (!len || len > max)
		return LLVMFuzzerMutate(data, size, max);
	memcpy(data, text, len);
	return len;
}
