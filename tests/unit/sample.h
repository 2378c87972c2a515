/* SPDX-License-Identifier: MIT */
/* sample - the models of real volumes in the middle of a re-encryption (tests/images/metadata). */
#ifndef UNIT_SAMPLE_H
#define UNIT_SAMPLE_H

#include "header_image_rows.h"

static inline void sample_text(const char *name, char text[static IMAGE_JSON_ROOM])
{
	size_t len;
	FILE *file;

	snprintf(text, IMAGE_JSON_ROOM, "tests/images/metadata/reencryption/%s.json", name);
	file = fopen(text, "rb");
	if (!file)
		fail_msg("%s: is not in the current directory", text);
	len = fread(text, 1, IMAGE_JSON_ROOM, file);
	fclose(file);
	text[len - 1] = 0; /* the line ends there */
}

static inline void sample_read(const char *name, struct luks *out)
{
	static char text[IMAGE_JSON_ROOM];
	const struct edit_outcome *o;

	sample_text(name, text);
	o = judge_text(text);
	if (o->cause)
		fail_msg("%s", o->err.text);
	*out = o->luks;
}

#endif
