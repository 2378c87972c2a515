/* SPDX-License-Identifier: MIT */
/* Any bytes to foreign marks. */
#include "device/mark.h"
#include "fuzz_pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	struct reader r = pieces_put(in, false);
	unsigned row = 0, before = 0;
	struct mark m;

	for (; mark_next(&r, &row, &m); before = row) {
		fuzz_check(row > before, "the same mark again");
		fuzz_check(m.off < r.size_bytes, "a mark behind the end");
		fuzz_check_printable(m.type);
	}
	fuzz_check(!m.type, "a mark that was not said");
	(void)pieces_put(in, true);
	return 0;
}
