/* SPDX-License-Identifier: MIT */
/*
 * luks2_objects - one object of a LUKS2 header to the model, a function for each kind.
 *
 * luks2_json.c calls each with the object and its name; a file follows one chapter of the specification. What
 * makes the object unusable is its verdict; what ties it to others goes into the links.
 * All fail with CAUSE_DAMAGED.
 */
#ifndef FORMAT_LUKS2_OBJECTS_H
#define FORMAT_LUKS2_OBJECTS_H

#include "format/json_read.h"
#include "format/luks2_json.h"

/* What to do where the drive itself encrypts. */
#define LUKS2_ADVICE_OPAL ": the drive itself encrypts; open it with cryptsetup 2.7 or later"

/* luks2_keyslot.c: specification 3.2 */
enum cause luks2_keyslot_read(struct json_object *o, struct luks *luks, struct luks2_links *links) MUST_USE;

/* luks2_digest.c: specification 3.3 */
enum cause luks2_digest_read(struct json_object *o, struct luks *luks, struct luks2_links *links) MUST_USE;

/* luks2_segment.c: specification 3.4 */
enum cause luks2_segment_read(struct json_object *o, struct luks *luks, struct luks2_links *links) MUST_USE;

/* luks2_token.c: specification 3.5 */
enum cause luks2_token_read(struct json_object *o, struct luks *luks, struct luks2_links *links) MUST_USE;

/* luks2_config.c: specification 3.6 */
enum cause luks2_config_read(struct json_object *o, struct luks *luks, struct luks2_links *links) MUST_USE;

#endif
