/* SPDX-License-Identifier: MIT */
/* conf - latchkey's own words: latchkey.WORD on the kernel command line, one to a line in latchkey.conf. */
#include "base/text.h"
#include "config/draft.h"
#include <string.h>

/* NAME,DEVICE[,KEY[,OPTIONS]]: a line of crypttab with commas for blanks. */
static void add_volume(struct reading *r, char *name)
{
	struct draft d;
	char *device = draft_cut(name, ','), *key = draft_cut(device, ','), *options = draft_cut(key, ',');

	draft_start(&d);
	d.volume.name = name;
	d.volume.device = device;
	d.key = key;
	options_read(r, &d, options);
	draft_add(r, &d);
}

/* A word about volumes. False: there is none of that name. */
static bool take_word(struct reading *r, const char *word, char *value)
{
	struct draft *d = &r->own;

	if (!options_listed("volume device name key header options", word))
		return false;
	if (!value || !*value)
		return true;
	if (*word == 'v') {
		add_volume(r, value);
		return true;
	}
	d->used = true;
	if (*word == 'd')
		d->volume.device = value;
	else if (*word == 'n')
		d->volume.name = value;
	else if (*word == 'k')
		draft_add_key(r, d, value);
	else if (*word == 'h')
		draft_set_header(d, value);
	else
		options_read(r, d, value);
	return true;
}

void own_word(struct reading *r, char *word, char *value)
{
	if (r->settings)
		(void)options_read_for_all(r, word, value);
	else if (!take_word(r, word, value) && !options_is_for_all(word))
		reading_note(r, true, "not a word that latchkey knows: %s", word);
}

void own_add(struct reading *r)
{
	struct draft d = r->own;

	draft_start(&r->own);
	if (!d.used)
		return;
	if (!d.volume.name)
		d.volume.name = "root";
	draft_add(r, &d);
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
