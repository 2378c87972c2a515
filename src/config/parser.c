/* SPDX-License-Identifier: MIT */
/* parser - see parser.h. */
#include "config/parser.h"
#include "base/text.h"
#include "config/words.h"
#include <string.h>

enum {
	LINE_MAX_BYTES = 2048,
	POOL_FOR_NOTES = 4096,  /* what texts leave free */
	POOL_FOR_ROOT = 3072,   /* and what all but those of the volume that root= names leave */
	POOL_FOR_PLACES = 8192, /* and what texts that are read leave to those that are made of them */
	NOTES_FOR_BAD = 8,      /* what remarks leave free */
};

/* Room in the pool for @len bytes and a NUL; NULL when that would leave less than @leave. */
static char *take_room(struct plan *plan, size_t len, size_t leave)
{
	char *room = plan->pool + plan->pool_used;

	if (len + leave >= PLAN_POOL_BYTES - plan->pool_used)
		return NULL;
	room[len] = 0;
	plan->pool_used += (unsigned)len + 1;
	return room;
}

static char *take_text_room(struct parser *p, size_t len, size_t leave)
{
	char *room = take_room(p->plan, len, POOL_FOR_NOTES + (p->for_root ? 0 : POOL_FOR_ROOT + leave));

	if (!room)
		parser_refuse(p, "configuration too large", "");
	return room;
}

char *parser_keep(struct parser *p, const char *text, size_t len)
{
	char *room = take_text_room(p, len, POOL_FOR_PLACES);

	if (room)
		memcpy(room, text, len);
	return room;
}

char *parser_join(struct parser *p, const char *a, const char *b, const char *c)
{
	size_t len = strlen(a) + strlen(b) + strlen(c);
	char *room = take_text_room(p, len, 0);

	if (room)
		(void)text_join(room, len + 1, a, b, c);
	return room;
}

void parser_at(struct parser *p, enum parser_source source, unsigned line)
{
	size_t used = text_format(p->place, sizeof(p->place), "%s", p->path[source]);

	p->where = (struct parser_place){source, line};
	if (line)
		text_format(p->place + used, sizeof(p->place) - used, ":%u", line);
}

void parser_note(struct parser *p, const char *where, bool bad, const char *why, const char *text)
{
	struct plan *plan = p->plan;
	char line[ERROR_TEXT_BYTES], *kept = NULL;
	size_t len = text_format(line, sizeof(line), "%s: %s: %s%s", where, bad ? "skipped" : "ignored", why,
		text);

	text_sanitize(line);
	for (unsigned i = 0; i < plan->note_count; i++)
		if (!strcmp(plan->notes[i].text, line))
			return;
	if (plan->note_count < PLAN_NOTES_MAX - (bad ? 0 : NOTES_FOR_BAD))
		kept = take_room(plan, len, 0);
	if (kept) {
		memcpy(kept, line, len);
		plan->notes[plan->note_count++] = (struct plan_note){bad, kept};
	} else {
		plan->notes_lost = true;
	}
}

void parser_refuse(struct parser *p, const char *why, const char *text)
{
	parser_note(p, p->place, true, why, text);
}

void parser_ignore(struct parser *p, const char *why, const char *text)
{
	parser_note(p, p->place, false, why, text);
}

bool parser_is_clean(struct parser *p, const char *text)
{
	unsigned more = 0; /* bytes of a character */
	const char *at = text;

	for (; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (more ? (c & 0xc0) != 0x80 : (c < ' ' && c != '\t') || (c >= 0x7f && c < 0xc3) || c > 0xf4)
			break;
		more = more ? more - 1 : c < 0xc3 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	}
	if (*at || more)
		parser_refuse(p, "control character or invalid UTF-8: ", text);
	return !*at && !more;
}

bool parser_is_root(const struct parser *p, const char *name)
{
	return p->root && name && !strcmp(p->root, name);
}

const struct parser_word *parser_find(const struct parser_word *table, const char *name)
{
	for (; table->word; table++)
		if (words_index(table->word, name) >= 0)
			return table;
	return NULL;
}

struct statement *parser_add(struct parser *p, const struct parser_word *word, char *name, char *value)
{
	struct statement *s = &p->statements[p->count];

	if (p->count >= STATEMENTS_MAX + (p->for_root ? 1u : 0u)) {
		parser_refuse(p, "more than 512 words and lines: ", name);
		return NULL;
	}
	p->count++;
	*s = (struct statement){.word = word, .where = p->where, .name = name, .value = value};
	return s;
}

static bool begins_with_root(const struct parser *p, const char *text)
{
	size_t len = p->root ? words_begins(text, p->root) : 0;

	return len && text[len] && strchr(" \t,", text[len]);
}

/* A line of the volume that root= names, before it is cut: of crypttab, or volume=... of latchkey.conf. */
static bool is_line_of_root(const struct parser *p, const char *line)
{
	const char *value = line + words_begins(line, "volume");

	return begins_with_root(p, line) || begins_with_root(p, value + strspn(value, " \t="));
}

void parser_read_lines(struct parser *p, enum parser_source source, const char *text,
	void (*read)(struct parser *p, char *line))
{
	static const char blank[] = " \t\r";
	size_t len, rest;
	char *line;

	text += words_begins(text, "\xef\xbb\xbf"); /* a byte order mark */
	for (unsigned number = 1; *text; number++, text += rest + (text[rest] == '\n')) {
		rest = strcspn(text, "\n");
		len = strspn(text, blank);
		text += len;
		rest -= len;
		for (len = rest; len && strchr(blank, text[len - 1]);)
			len--;
		if (!len || *text == '#')
			continue;
		parser_at(p, source, number);
		p->for_root = is_line_of_root(p, text);
		p->root_seen |= p->for_root;
		if (len > LINE_MAX_BYTES)
			parser_refuse(p, "line longer than 2048 bytes", "");
		else if ((line = parser_keep(p, text, len)) && parser_is_clean(p, line))
			read(p, line);
	}
	p->for_root = false;
}

void parser_take(struct parser *p, enum parser_source source, enum parser_pass pass)
{
	for (const struct statement *s = p->statements; s < p->statements + p->count; s++) {
		if (s->where.source != source || s->word->pass != pass)
			continue;
		parser_at(p, source, s->where.line);
		s->word->take(p, s);
	}
}
