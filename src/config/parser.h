/* SPDX-License-Identifier: MIT */
/*
 * parser - each source read once into statements, and what is known while they are taken.
 *
 *     text  ->  struct statement {where, name, value}  ->  settings, rd.luks.*, volumes: a pass each
 *
 * Private to src/config. A dialect is a table of struct parser_word: the word beside the function that takes
 * it. The texts of statements are in the plan's pool; a handler may cut them in place, as each is taken once.
 */
#ifndef CONFIG_PARSER_H
#define CONFIG_PARSER_H

#include "config/draft.h"

enum parser_source { SOURCE_CMDLINE, SOURCE_CRYPTTAB, SOURCE_CONF, SOURCE_COUNT };

enum parser_pass {
	PASS_NAMES,    /* root= and the like */
	PASS_SETTINGS, /* what concerns all volumes */
	PASS_LUKS,     /* rd.luks.*: which volumes there are; not with rd.luks=no */
	PASS_VOLUMES,
};

/* A line of a file, or the whole source. */
struct parser_place {
	enum parser_source source;
	unsigned line; /* 0: none */
};

struct statement;

struct parser_word {
	const char *word; /* as in words_index; NULL ends a table */
	void (*take)(struct parser *p, const struct statement *s);
	uint8_t pass;   /* enum parser_pass */
	uint16_t field; /* of what the handler fills: an offset */
};

struct statement {
	const struct parser_word *word;
	struct parser_place where;
	char *name, *value;  /* a line of crypttab: the first two fields; NULL: there is no value */
	char *key, *options; /* and the others, or NULL */
	bool marked;         /* it is for the initramfs */
};

enum { STATEMENTS_MAX = 512, PARSER_CRYPT_WORDS = 25 };

struct parser {
	struct plan *plan;
	struct parser_place where; /* what is at hand */
	bool for_root;             /* and is about the volume that root= names */

	const char *root;         /* NAME of root=/dev/mapper/NAME; NULL */
	const char *resume, *usr; /* the same of resume= and mount.usr= */
	bool inside;              /* one of these two is by the name of what may be in any volume */
	bool root_seen;           /* some line has that name, usable or not */
	bool luks_off;            /* rd.luks=no */
	bool crypttab_off;        /* rd.luks.crypttab=no */
	bool crypttab_early;      /* the file is for the initramfs alone */
	bool crypttab_marked;     /* lines of it are marked for the initramfs */

	bool only_chosen; /* rd.luks.* tells which volumes there are */
	unsigned by_uuid_count;
	unsigned count; /* of the statements */

	const char *path[SOURCE_COUNT];             /* of each source, for messages */
	char place[96];                             /* where, for messages: "/etc/crypttab:3" */
	struct draft defaults;                      /* options for all volumes */
	struct draft draft;                         /* the volume at hand: draft_new */
	struct draft by_uuid[PLAN_VOLUMES_MAX + 1]; /* rd.luks.*; the last one is kept for root= */
	struct draft any_uuid;                      /* for those without options */

	struct draft single;             /* the volume of latchkey.device, latchkey.key ... */
	char *crypt[PARSER_CRYPT_WORDS]; /* cmdline.c: words of other programs; NULL: not there */
	struct statement statements[STATEMENTS_MAX + 1]; /* the last one is kept for root= */
};

/*
 * A copy of @len bytes and a NUL, for a text that is read. NULL, with a note, when the pool has no room
 * for it in addition to what will be made of the texts.
 */
char *parser_keep(struct parser *p, const char *text, size_t len);

/* Three texts together, for what is made of the texts. NULL, with a note, as above. */
char *parser_join(struct parser *p, const char *a, const char *b, const char *c);

/* From now on line @line of @source is at hand; 0: the whole source. */
void parser_at(struct parser *p, enum parser_source source, unsigned line);

/*
 * Notes "WHERE: skipped: WHY TEXT", which is bad news, and "WHERE: ignored: WHY TEXT". @why ends in what
 * separates it. parser_note has another place than the one at hand.
 */
void parser_refuse(struct parser *p, const char *why, const char *text);
void parser_ignore(struct parser *p, const char *why, const char *text);
void parser_note(struct parser *p, const char *where, bool bad, const char *why, const char *text);

/* Printable ASCII, tabs, and UTF-8 from U+00C0 on? False, with a note, for what could drive a terminal. */
bool parser_is_clean(struct parser *p, const char *text);

/* Does root= name the mapping @name? NULL is no name. */
bool parser_is_root(const struct parser *p, const char *name);

/* The row of @table for @name; NULL: none. */
const struct parser_word *parser_find(const struct parser_word *table, const char *name);

/* Add a statement at the place at hand. NULL, with a note: there is no room. */
struct statement *parser_add(struct parser *p, const struct parser_word *word, char *name, char *value);

/*
 * Call @read with a copy of each line of @text that is not empty and not a comment, without blanks around
 * it. A line that is too long or not clean is noted instead.
 */
void parser_read_lines(struct parser *p, enum parser_source source, const char *text,
	void (*read)(struct parser *p, char *line));

/* Take the statements of @source that belong to @pass, in their order. */
void parser_take(struct parser *p, enum parser_source source, enum parser_pass pass);

#endif
