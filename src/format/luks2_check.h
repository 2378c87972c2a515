/* SPDX-License-Identifier: MIT */
/* luks2_check - the rules that tie the objects of a LUKS2 header together. */
#ifndef FORMAT_LUKS2_CHECK_H
#define FORMAT_LUKS2_CHECK_H

#include "format/luks2_json.h"

/*
 * Check @luks as luks2_json_read filled it, with hdr_size_bytes set, and bind keyslots and
 * the segment to their digests.
 * Fails: CAUSE_DAMAGED.
 */
enum cause luks2_check(struct luks *luks, const struct luks2_links *links, struct error *err) MUST_USE;

#endif
