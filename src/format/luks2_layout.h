/* SPDX-License-Identifier: MIT */
/* luks2_layout - do the segments of a header add up to the data of a volume? (specification 3.4, 4.9) */
#ifndef FORMAT_LUKS2_LAYOUT_H
#define FORMAT_LUKS2_LAYOUT_H

#include "format/luks2_json.h"

/*
 * The numbers of the segments have no gaps, the regular ones come first and do not overlap. Sets
 * regular_count, data_off and data_end.
 * Fails: CAUSE_DAMAGED.
 */
enum cause luks2_layout_check(struct luks *luks, const struct luks2_links *links, struct error *err) MUST_USE;

/*
 * Which digest is whose. @luks->segments[0].verdict becomes that of all the data: can it be mapped? After
 * luks2_layout_check and luks2_reencryption_judge.
 * Fails: CAUSE_DAMAGED.
 */
enum cause luks2_layout_bind(struct luks *luks, const struct luks2_links *links, struct error *err) MUST_USE;

#endif
