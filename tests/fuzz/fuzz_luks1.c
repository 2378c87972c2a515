/* SPDX-License-Identifier: MIT */
/* The first bytes of a LUKS1 device: no checksum stands before the parser. */
#include "format/luks1.h"
#include "../unit/header_image_model.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct luks luks;
	uint8_t *header = calloc(1, LUKS1_HEADER_BYTES); /* exact memory */
	struct error err = {.text = ""};
	enum cause cause;

	if (!header)
		return 0;
	memcpy(header, data, size < LUKS1_HEADER_BYTES ? size : LUKS1_HEADER_BYTES);
	/* Of a longer input the magic is not what it was when the version was read. */
	if (size <= LUKS1_HEADER_BYTES)
		memcpy(header, "LUKS\xba\xbe\0\1", 8);
	cause = luks1_read(header, &luks, &err);
	free(header);
	if (cause) {
		fuzz_check(cause == CAUSE_DAMAGED && err.text[0],
			"another cause than damage, or no sentence");
		fuzz_check_printable(err.text);
		return 0;
	}
	if (model_fault(&luks))
		fuzz_check(false, model_fault(&luks));
	for (unsigned i = 0; i < luks.keyslot_count; i++)
		fuzz_check(!luks.segments[0].off ||
				   luks.keyslots[i].area_off + luks.keyslots[i].area_size_bytes <=
					   luks.segments[0].off,
			"an area over the data");
	return 0;
}
