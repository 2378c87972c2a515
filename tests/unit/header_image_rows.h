/* SPDX-License-Identifier: MIT */
/*
 * header_image_rows - the good header's JSON with a few edits, and what must come of it.
 */
#ifndef TESTS_HEADER_IMAGE_ROWS_H
#define TESTS_HEADER_IMAGE_ROWS_H

#include "format/luks2_check.h"
#include "header_image.h"
#include "header_image_json.h"
#include "header_image_model.h"
#include "rows.h"

/* Where the outcome shows: the whole header refused, or one verdict in the model. */
enum where { FINE, REFUSED, REQUIREMENTS, SEGMENT, DIGEST, SLOT_0, SLOT_1 };

struct edit_row {
	const char *name;
	enum where where;
	enum cause cause;
	const char *piece; /* of the sentence */
	struct edit edits[6];
};

struct edit_outcome {
	enum cause cause;
	struct error err;
	struct luks luks;
	struct luks2_links links;
};

/* As header_load does it, from text alone. The text is in exact memory, without a NUL. */
static inline const struct edit_outcome *judge_text(const char *text)
{
	static struct edit_outcome o;
	size_t len = strlen(text);
	char *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, text, len);
	memset(&o, 0, sizeof(o));
	memset(&o.links, 0xee, sizeof(o.links));
	o.luks.version = 2;
	o.luks.hdr_size_bytes = IMAGE_HDR_MIN;
	memcpy(o.luks.uuid, IMAGE_UUID_TEXT, sizeof(IMAGE_UUID_TEXT));
	o.cause = luks2_json_read(exact, len, &o.luks, &o.links, &o.err);
	free(exact);
	if (!o.cause)
		o.cause = luks2_check(&o.luks, &o.links, &o.err);
	if (o.cause)
		assert_int_equal(o.err.cause, o.cause);
	else if (model_fault(&o.luks))
		fail_msg("%s", model_fault(&o.luks));
	return &o;
}

static inline const struct edit_outcome *judge_edits(const struct edit *edits, size_t n)
{
	static char text[IMAGE_JSON_ROOM];

	image_json(text, sizeof(text), IMAGE_HDR_MIN);
	for (size_t i = 0; i < n; i++)
		edit_apply(text, sizeof(text), &edits[i]);
	return judge_text(text);
}

static inline void expect_verdict(const struct luks_verdict *v, bool here, const struct edit_row *row)
{
	if (!here) {
		if (v->cause)
			fail_msg("another verdict than the one: %s", v->why);
		return;
	}
	assert_int_equal(v->cause, row->cause);
	if (!strstr(v->why, row->piece))
		fail_msg("\"%s\" does not say \"%s\"", v->why, row->piece);
}

/* The one verdict, and no other: what is wrong in one place spoils nothing elsewhere. */
static inline void edit_row_is_judged(void **state)
{
	const struct edit_row *row = *state;
	const struct edit_outcome *o = judge_edits(row->edits, 6);

	if (row->where == REFUSED) {
		assert_int_equal(o->cause, row->cause);
		if (!strstr(o->err.text, row->piece))
			fail_msg("\"%s\" does not say \"%s\"", o->err.text, row->piece);
		return;
	}
	if (o->cause)
		fail_msg("refused: %s", o->err.text);
	expect_verdict(&o->luks.requirements, row->where == REQUIREMENTS, row);
	expect_verdict(&o->luks.segments[0].verdict, row->where == SEGMENT, row);
	for (unsigned i = 0; i < o->luks.digest_count; i++)
		expect_verdict(&o->luks.digests[i].verdict, row->where == DIGEST && !i, row);
	for (unsigned i = 0; i < o->luks.keyslot_count; i++)
		expect_verdict(&o->luks.keyslots[i].verdict,
			(row->where == SLOT_0 && o->luks.keyslots[i].id == 0) ||
				(row->where == SLOT_1 && o->luks.keyslots[i].id == 1),
			row);
}

static inline void edit_rows(const struct edit_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		row(rows[i].name, edit_row_is_judged, &rows[i]);
}

#endif
