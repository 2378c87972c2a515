/* SPDX-License-Identifier: MIT */
/*
 * draft - a volume while it is read. Every dialect fills the same draft, and draft_add judges it.
 *
 * Inside of src/config; the others see plan.h. Texts given here lie in the plan's pool and may be cut in place.
 */
#ifndef CONFIG_DRAFT_H
#define CONFIG_DRAFT_H

#include "config/plan.h"

enum { DRAFT_UNSAID = -1, DRAFT_LINE_BYTES = 2048 };

struct draft {
	struct plan_volume volume; /* unsigned numbers are DRAFT_UNSAID until said; first: see options_show */
	const char *uuid;	   /* rd.luks.*: what selects it */
	char *key;		   /* crypttab's third field, which keyscript= gives its meaning */
	const char *keyscript;
	uint64_t offset_bytes, size_bytes; /* keyfile-offset=, keyfile-size=: for keys that do not say their own */
	unsigned tries, give_up_s, after;  /* for the whole plan; DRAFT_UNSAID */
	const char *passfifo;
	bool token;   /* asks for a token that cannot be had */
	bool refused; /* and a note says why */
	bool options_said, wanted, used; /* rd.luks.* only */
};

/* What is known while the sources are read. */
struct reading {
	struct plan *plan;
	char where[96];	    /* the line at hand, for notes */
	struct draft every; /* what was said for all volumes */
	/* The command line's rd.luks.* */
	bool luks_off, crypttab_off, only_wanted;
	struct draft wanted[PLAN_VOLUMES_MAX], wanted_default;
	unsigned wanted_count;
	const char *root;   /* root=/dev/mapper/NAME */
	struct draft own;   /* the volume that is told by several words: latchkey.device, latchkey.key... */
	bool settings;	    /* this time only what concerns all volumes is read */
	bool looking;	    /* this time only @marked is wanted, and no notes */
	bool marked;	    /* crypttab has lines that are marked for the initramfs */
};

/* A copy of @len bytes and a NUL. NULL, with a note, when the pool has no room for a text and the notes to come. */
char *reading_keep(struct reading *r, const char *text, size_t len);

/* One sentence with the place in front. @bad: something was left out. Text of others stands at its end. */
void reading_note(struct reading *r, bool bad, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Call @take on a copy of each line of @text that is no comment and not empty, without blanks around it. */
void reading_lines(struct reading *r, const char *text, const char *path, void (*take)(struct reading *r, char *line));

/* Nothing said. */
void draft_start(struct draft *d);

/* Cut @text at the first @c; NULL when there is none (or no text), else what follows. */
char *draft_cut(char *text, char c);

/* @path with a / in front. A byte before it can be read: it was cut. NULL: the pool is full, and a note says so. */
char *draft_rooted(struct reading *r, char *path);

/* A device by its name: a path in /dev, UUID=, LABEL=, PARTUUID=, PARTLABEL=. */
bool draft_is_device(const char *text);

/* The UUID in UUID=X or /dev/disk/by-uuid/X; NULL: another kind of name. */
const char *draft_uuid_of(const char *device);

/* Add a key: PATH, PATH:DEVICE, or DEVICE with keyfile-size=; "none", "-", "" and NULL are none. */
void draft_add_key(struct reading *r, struct draft *d, char *spec);
void draft_put_key(struct reading *r, struct draft *d, const struct plan_key *key);

/* Header: PATH, PATH:DEVICE or DEVICE. */
void draft_set_header(struct draft *d, char *spec);

/* Put it into the plan, or say why not. */
void draft_add(struct reading *r, struct draft *d);

/* options.c: crypttab's fourth field. */
void options_read(struct reading *r, struct draft *d, char *list);

/* One option that is said for all volumes, into r->every. False: there is none of that name. */
bool options_read_for_all(struct reading *r, const char *name, char *value);

/* The options of @v as crypttab would have them, "" when there are none. */
void options_show(const struct plan_volume *v, char *out, size_t size);
const char *options_after(unsigned after);

bool options_is_for_all(const char *name);

/* Is @word one of the words of @list, between blanks or commas? There a * at the end stands for anything. */
bool options_listed(const char *list, const char *word);
/* yes, no and their like; -1: neither. NULL is yes. */
int options_bool(const char *value);

/* The dialects. The command line and the board's file are read twice, first for the settings. */
void cmdline_read(struct reading *r, const char *text);
void crypttab_read(struct reading *r, const char *text, const char *path);
void conf_read(struct reading *r, const char *text, const char *path);

/* What rd.luks.* says of the volume on @device, to be called @name; NULL: nothing. */
struct draft *cmdline_wanted(struct reading *r, const char *device, const char *name);
/* Its name, device and keys are stronger than those of @d. */
void cmdline_apply(struct reading *r, struct draft *said, struct draft *d);
/* The volumes that rd.luks.* wants and crypttab did not have. */
void cmdline_add_wanted(struct reading *r);

/* conf.c: one of latchkey's own words, without its prefix; and behind the last one the volume in r->own. */
void own_word(struct reading *r, char *word, char *value);
void own_add(struct reading *r);

#endif
