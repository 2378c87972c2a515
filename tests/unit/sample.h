/* SPDX-License-Identifier: MIT */
/* sample - the models of real volumes in the middle of a re-encryption (tests/images/metadata). */
#ifndef UNIT_SAMPLE_H
#define UNIT_SAMPLE_H

#include "header_image_rows.h"

static inline void sample_read(const char *name, struct luks *out)
{
	static char text[IMAGE_JSON_ROOM];
	const struct edit_outcome *o;
	size_t len;
	FILE *file;

	snprintf(text, sizeof(text), "tests/images/metadata/reencryption/%s.json", name);
	file = fopen(text, "rb");
	if (!file)
		fail_msg("%s: is not in the current directory", text);
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	text[len - 1] = 0; /* the line ends there */
	o = judge_text(text);
	if (o->cause)
		fail_msg("%s", o->err.text);
	*out = o->luks;
}

#endif
