/* SPDX-License-Identifier: MIT */
/*
 * luks1 - the 592-byte header of LUKS1, to the same model as LUKS2.
 *
 * LUKS1 On-Disk Format Specification 1.2.3, figure 1 and 2. No checksum, no second copy:
 * what can be checked is the range of each field.
 */
#ifndef FORMAT_LUKS1_H
#define FORMAT_LUKS1_H

#include "format/luks.h"

enum { LUKS1_HEADER_BYTES = 592, LUKS1_KEYSLOTS = 8 };

/*
 * Fill @luks from @data.
 * Fails: CAUSE_DAMAGED. Unknown ciphers and hashes go into verdicts.
 */
enum cause luks1_read(const uint8_t data[static LUKS1_HEADER_BYTES], struct luks *luks,
	struct error *err) MUST_USE;

#endif
