/* SPDX-License-Identifier: MIT */
/*
 * draft - a volume while it is read. Every dialect fills the same draft, and draft_add judges it.
 *
 * Inside of src/config; the others see plan.h. Texts given here lie in the plan's pool, and are cut in place.
 */
#ifndef CONFIG_DRAFT_H
#define CONFIG_DRAFT_H

#include "config/plan.h"

/* A number that nobody said. */
#define DRAFT_UNSAID ((unsigned)-1)

struct draft {
	const char *uuid; /* what selects it: rd.luks.* */
	char *key;        /* crypttab's third field: keyscript says what it means */
	char *keyscript;
	const char *passfifo;
	uint64_t offset_bytes, size_bytes; /* for keys that do not say their own */
	unsigned give_up_s, after;         /* for the whole plan */
	bool token;                        /* asks for a token that cannot be had */
	bool marked;                       /* for the initramfs: noauto does not count */
	bool refused;                      /* and a note says why */
	bool options_said, wanted, used;
	struct plan_volume volume; /* its unsigned numbers are DRAFT_UNSAID until said */
};

/* What is known while the sources are read. */
struct reading {
	struct plan *plan;
	const char *root;            /* NAME of root=/dev/mapper/NAME; NULL */
	const char *resume, *usr;    /* the same of resume= and mount.usr= */
	bool root_seen;              /* a line has that name, good or not */
	bool for_root;               /* the line at hand has it */
	bool luks_off, crypttab_off; /* rd.luks=no, rd.luks.crypttab=no */
	bool only_wanted;            /* rd.luks.* says which volumes there are */
	bool settings;               /* this time only what concerns all volumes is read */
	bool looking;                /* this time only @marked is wanted, and no notes */
	bool marked;                 /* crypttab has lines that are marked for the initramfs */
	bool unmarked;               /* the line at hand may be meant for the running system */
	unsigned wanted_count;
	char where[96];     /* the line at hand, for notes */
	struct draft draft; /* the one at hand */
	struct draft every; /* what was said for all volumes */
	struct draft own;   /* the volume that is told by several words: latchkey.device, latchkey.key... */
	struct draft wanted[PLAN_VOLUMES_MAX + 1]; /* rd.luks.*: by UUID; the last one is kept for root= */
	struct draft wanted_default;               /* for those without options */
};

/* A copy of @len bytes and a NUL. NULL, with a note, when the pool has no room for it beside the notes to
 * come. */
char *reading_keep(struct reading *r, const char *text, size_t len);

/* The same of three texts together. */
char *reading_join(struct reading *r, const char *a, const char *b, const char *c);

/* "WHERE: left out, WHY: TEXT", which is bad news, or "WHERE: ignored, WHY: TEXT". @text may be NULL. */
void reading_refuse(struct reading *r, const char *why, const char *text);
void reading_ignore(struct reading *r, const char *why, const char *text);

/*
 * Call @take on a copy of each line of @text that is no comment and not empty, without blanks around it. A
 * line that is too long or not clean is noted instead.
 */
void reading_lines(struct reading *r, const char *text, const char *path,
	void (*take)(struct reading *r, char *line));

/* Nothing said. */
void draft_start(struct draft *d);

/* The draft at hand, with nothing said. */
struct draft *draft_new(struct reading *r);

/* Cut @text at the first @c; NULL when there is none (or no text), else what follows. */
char *draft_cut(char *text, char c);

/* @path with a / in front. NULL: no room, and a note says so. */
const char *draft_rooted(struct reading *r, const char *path);

/* Printable ASCII, tabs, and UTF-8 from U+00C0 on? False, with a note, for what could drive a terminal. */
bool draft_is_clean(struct reading *r, const char *text);

/* Does root= name the mapping @name? NULL is no name. */
bool draft_is_root(const struct reading *r, const char *name);

/* How long is @start, when @text begins with it? Else 0. */
size_t draft_begins(const char *text, const char *start);

/* A device by its name: a path in /dev, UUID=, LABEL=, PARTUUID=, PARTLABEL=. */
bool draft_is_device(const char *text);

/* The UUID in UUID=X or /dev/disk/by-uuid/X; NULL: another kind of name. */
const char *draft_uuid_of(const char *device);

/* Add a key: PATH, PATH:DEVICE, or DEVICE with keyfile-size=. "none", "-", "" and NULL are no key. */
void draft_add_key(struct reading *r, struct draft *d, char *spec);
void draft_put_key(struct reading *r, struct draft *d, const struct plan_key *key);

/* PATH, PATH:DEVICE or DEVICE. */
void draft_set_header(struct draft *d, char *spec);

/* Put it into the plan, or say why not. */
void draft_add(struct reading *r, struct draft *d);

/* The same from crypttab's four fields, of which the last two may be NULL, and what rd.luks.* @said of it, or
 * NULL. */
void draft_add_fields(struct reading *r, char *const fields[4], struct draft *said);

/* options.c: crypttab's fourth field; NULL is none. */
void options_read(struct reading *r, struct draft *d, char *list);

/* An option that is said for all volumes: a setting, into r->every. False: there is none of that name. */
bool options_read_for_all(struct reading *r, const char *name, char *value);

/* What was said for all holds where @d says nothing. */
void options_inherit(const struct draft *every, struct draft *d);

/* The options of @v as crypttab would have them, "" when there are none. */
void options_show(const struct plan_volume *v, char *out, size_t size);

/* Which of the words of @list, between blanks or commas, is @word? There a * at the end stands for anything.
 * -1: none. */
int options_index(const char *list, const char *word);

/* yes, no and their like; -1: neither. NULL is yes. */
int options_bool(const char *value);

/* The dialects. The command line and the board's file are read twice, first for the settings. */
void cmdline_read(struct reading *r, const char *text);
void crypttab_read(struct reading *r, const char *text, const char *path);
void conf_read(struct reading *r, const char *text, const char *path);

/* What rd.luks.* says of the volume on @device, to be called @name; NULL: nothing. */
struct draft *cmdline_wanted(struct reading *r, const char *device, const char *name);
/* Does rd.luks.* open a volume that it calls @name? */
bool cmdline_names(const struct reading *r, const char *name);
/* Its name, device and keys are stronger than those of @d. */
void cmdline_apply(struct reading *r, struct draft *said, struct draft *d);
/* The volumes that rd.luks.* wants and crypttab did not have. */
void cmdline_add_wanted(struct reading *r);

/* conf.c: one of latchkey's own words, without its prefix; and behind the last one the volume in r->own. */
void own_word(struct reading *r, char *word, char *value);
void own_add(struct reading *r);

#endif
