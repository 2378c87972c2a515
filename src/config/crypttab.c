/* SPDX-License-Identifier: MIT */
/* crypttab - see crypttab.h. */
#include "config/crypttab.h"
#include "base/text.h"
#include "config/accept.h"
#include "config/volume_options.h"
#include "config/rd_luks.h"
#include "config/words.h"
#include <string.h>

/* Debian's \040 for a blank. What is no printable character in three octal digits stays. */
static void unescape(char *text)
{
	char *out = text;

	for (; *text; text++) {
		unsigned c = 0;

		if (*text == '\\' && strspn(text + 1, "01234567") >= 3)
			c = (unsigned)(text[1] - '0') << 6 | (unsigned)(text[2] - '0') << 3 |
			    (unsigned)(text[3] - '0');
		if (c >= ' ' && c < 0x7f)
			text += 3;
		else
			c = (unsigned char)*text;
		*out++ = (char)c;
	}
	*out = 0;
}

/* The next field, or NULL. */
static char *take_field(char **rest)
{
	static const char blank[] = " \t";
	char *field = *rest + strspn(*rest, blank);

	*rest = field + strcspn(field, blank);
	if (**rest)
		*(*rest)++ = 0;
	if (!*field)
		return NULL;
	unescape(field);
	return words_unquote(field);
}

void crypttab_add(struct parser *p, const struct statement *s, enum plan_need need, struct draft *override)
{
	static const char pin[] = "fixate-volume-key=";
	struct draft *d = draft_new(p);

	if (override && override->has_options) {
		/* As systemd does; but then a disk that was replaced is opened. */
		if (s->options && text_find(s->options, pin) && !override->volume.volume_key_id)
			parser_refuse(p, "replaced by rd.luks.options: ", pin);
		*d = *override;
	} else {
		volume_options_read(p, d, s->options);
	}
	d->volume.need = need;
	d->volume.name = s->name;
	d->volume.device = s->value;
	d->key = s->key;
	if (override)
		rd_luks_apply(p, override, d);
	accept_draft(p, d);
}

static bool is_marked(const struct statement *s)
{
	return s->options &&
	       (words_index(s->options, "x-initrd.attach") >= 0 ||
		       words_index(s->options, "initramfs") >= 0 || words_index(s->options, "force") >= 0);
}

static void take_line(struct parser *p, const struct statement *s)
{
	struct draft *override = s->value ? rd_luks_find(p, s->value, s->name) : NULL;
	bool sure = p->crypttab_early || p->crypttab_marked || p->only_chosen;

	if (p->only_chosen && !(override && override->chosen) &&
		!(parser_is_root(p, s->name) && !rd_luks_opens(p, s->name)))
		parser_ignore(p, "not named by rd.luks.*: ", s->name);
	else if (!p->only_chosen && p->crypttab_marked && !s->marked)
		parser_ignore(p, "not marked for the initramfs: ", s->name);
	else
		crypttab_add(p, s, sure ? PLAN_NEEDED : PLAN_UNMARKED, override);
}

static void read_line(struct parser *p, char *line)
{
	static const struct parser_word volume = {.word = "", .take = take_line, .pass = PASS_VOLUMES};
	char *name = take_field(&line), *device = take_field(&line);
	struct statement *s = parser_add(p, &volume, name, device);

	if (!s)
		return;
	s->key = take_field(&line);
	s->options = take_field(&line);
	s->marked = is_marked(s);
	p->crypttab_marked |= !p->crypttab_early && s->marked;
	s->marked |= parser_is_root(p, name);
	if (*line)
		parser_ignore(p, "more than four fields: ", line);
}

/* Is the mapping @name a part of @text, the key or the options of a line? */
static bool has_mapping(const char *text, const char *name)
{
	static const char folder[] = "/dev/mapper/";
	size_t len = strlen(name);

	while (text && (text = text_find(text, folder))) {
		text += strlen(folder);
		if (!strncmp(text, name, len) && (!text[len] || text[len] == ':' || text[len] == ','))
			return true;
	}
	return false;
}

/* A line whose mapping has the key or the header of a marked one counts as marked. */
static void mark_servants(struct parser *p)
{
	struct statement *end = p->statements + p->count;

	for (bool more = p->crypttab_marked; more;) {
		more = false;
		for (struct statement *s = p->statements; s < end; s++)
			for (const struct statement *t = p->statements; !s->marked && t < end; t++)
				if (t->marked && s->name &&
					(has_mapping(t->key, s->name) || has_mapping(t->options, s->name)))
					more = s->marked = true;
	}
}

void crypttab_read(struct parser *p, const char *text)
{
	p->crypttab_early = text_find(p->path[SOURCE_CRYPTTAB], ".initramfs");
	parser_read_lines(p, SOURCE_CRYPTTAB, text, read_line);
	mark_servants(p);
}
