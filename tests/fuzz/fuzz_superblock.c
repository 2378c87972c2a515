/* SPDX-License-Identifier: MIT */
/* Any bytes to what is on a device. */
#include "device/superblock.h"
#include "fuzz_pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	struct reader r = pieces_put(in, false);
	struct superblock s;
	bool known;

	memset(&s, 'Z', sizeof(s));
	known = superblock_read(&r, &s);
	fuzz_check(known == (s.type != NULL), "a type, or none, that was not said");
	fuzz_check(memchr(s.uuid, 0, sizeof(s.uuid)) && memchr(s.label, 0, sizeof(s.label)) &&
			   memchr(s.lost_uuid, 0, sizeof(s.lost_uuid)) &&
			   memchr(s.lost_label, 0, sizeof(s.lost_label)),
		"a text without an end");
	fuzz_check_printable(s.uuid);
	fuzz_check_printable(s.lost_uuid);
	fuzz_check(known || (!*s.uuid && !*s.label && !*s.lost_uuid && !*s.lost_label), "nothing has a name");
	(void)pieces_put(in, true);
	return 0;
}
