/* SPDX-License-Identifier: MIT */
/* conf - latchkey's own words: latchkey.WORD on the kernel command line, WORD on a line of latchkey.conf. */
#include "base/text.h"
#include "config/draft.h"
#include <string.h>

/* NAME,DEVICE[,KEY[,OPTIONS]]: a line of crypttab with commas for blanks. */
static void add_volume(struct reading *r, char *name)
{
	char *fields[4] = {name};

	for (int i = 1; i < 4; i++)
		fields[i] = draft_cut(fields[i - 1], ',');
	draft_add_fields(r, fields, NULL);
}

void own_word(struct reading *r, char *word, char *value)
{
	int which = options_index("volume device name key header options", word);
	struct draft *d = &r->own;

	if (which < 0 && !options_read_for_all(r, word, value) && !r->settings)
		reading_refuse(r, "latchkey knows no such word", word);
	if (which < 0 || r->settings || !value || !*value)
		return;
	d->used |= which > 0;
	switch (which) {
	case 0:
		add_volume(r, value);
		break;
	case 1:
		d->volume.device = value;
		break;
	case 2:
		d->volume.name = value;
		break;
	case 3:
		draft_add_key(r, d, value);
		break;
	case 4:
		draft_set_header(d, value);
		break;
	case 5:
		options_read(r, d, value);
		break;
	}
}

void own_add(struct reading *r)
{
	if (!r->own.used)
		return;
	if (!r->own.volume.name)
		r->own.volume.name = "root";
	draft_add(r, &r->own);
	draft_start(&r->own); /* for the next source */
}

static void take_line(struct reading *r, char *line)
{
	char *value = draft_cut(line, '=');

	line[strcspn(line, " \t")] = 0;
	if (value)
		value += strspn(value, " \t");
	own_word(r, line, value);
}

void conf_read(struct reading *r, const char *text, const char *path)
{
	reading_lines(r, text, path, take_line);
	text_format(r->where, sizeof(r->where), "%s", path);
	own_add(r);
}
