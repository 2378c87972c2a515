/* SPDX-License-Identifier: MIT */
/* latchkey_conf - see latchkey_conf.h. */
#include "config/latchkey_conf.h"
#include "config/accept.h"
#include "config/crypttab.h"
#include "config/volume_options.h"
#include "config/words.h"
#include <string.h>

/* NAME,DEVICE[,KEY[,OPTIONS]]: a line of crypttab with commas for blanks. */
static void take_volume(struct parser *p, const struct statement *s)
{
	struct statement line = {.name = s->value};

	line.value = words_cut(line.name, ',');
	line.key = words_cut(line.value, ',');
	line.options = words_cut(line.key, ',');
	crypttab_add(p, &line, PLAN_NEEDED, NULL);
}

/* The next ones are about one volume. */
static void take_text(struct parser *p, const struct statement *s)
{
	*(const char **)((char *)p + s->word->field) = s->value;
	p->single.used = true;
}

/* A word that an option has the name of. */
static void take_option(struct parser *p, const struct statement *s)
{
	(void)volume_options_set(p, &p->single, s->name, s->value);
	p->single.used = true;
}

static void take_options(struct parser *p, const struct statement *s)
{
	volume_options_read(p, &p->single, s->value);
	p->single.used = true;
}

static void take_setting(struct parser *p, const struct statement *s)
{
	if (!volume_options_set(p, &p->defaults, s->name, s->value))
		parser_refuse(p, "unknown word: ", s->name);
}

#define FIELD(member) offsetof(struct parser, member)

static const struct parser_word words[] = {
	{.word = "volume", .take = take_volume, .pass = PASS_VOLUMES},
	{.word = "device", .take = take_text, .pass = PASS_VOLUMES, .field = FIELD(single.volume.device)},
	{.word = "name", .take = take_text, .pass = PASS_VOLUMES, .field = FIELD(single.volume.name)},
	{.word = "key header", .take = take_option, .pass = PASS_VOLUMES},
	{.word = "options", .take = take_options, .pass = PASS_VOLUMES},
	{.word = "*", .take = take_setting, .pass = PASS_SETTINGS},
};

void latchkey_conf_word(struct parser *p, char *word, char *value)
{
	const struct parser_word *w = parser_find(words, word);

	if (w->pass == PASS_SETTINGS || (value && *value))
		(void)parser_add(p, w, word, value);
}

void latchkey_conf_finish(struct parser *p, enum parser_source source)
{
	if (!p->single.used)
		return;
	if (!p->single.volume.name)
		p->single.volume.name = "root";
	parser_at(p, source, 0);
	accept_draft(p, &p->single);
	draft_start(&p->single); /* for the next source */
}

static void read_line(struct parser *p, char *line)
{
	char *value = words_cut(line, '=');

	line[strcspn(line, " \t")] = 0;
	if (value)
		value += strspn(value, " \t");
	latchkey_conf_word(p, line, value);
}

void latchkey_conf_read(struct parser *p, const char *text)
{
	parser_read_lines(p, SOURCE_CONF, text, read_line);
}
