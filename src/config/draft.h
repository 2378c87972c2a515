/* SPDX-License-Identifier: MIT */
/*
 * draft - a volume while it is read. Every dialect fills a draft, and accept.h puts it into the plan.
 *
 * Private to src/config; the other folders include plan.h. Texts given here are in the plan's pool, and
 * are cut in place.
 */
#ifndef CONFIG_DRAFT_H
#define CONFIG_DRAFT_H

#include "config/plan.h"

struct parser;

/* A number that is not set. */
#define DRAFT_UNSET ((unsigned)-1)

struct draft {
	const char *uuid; /* rd.luks.*: what selects the volume */
	char *key;        /* crypttab's third field: keyscript tells what it means */
	char *keyscript;
	const char *passfifo;
	uint64_t offset_bytes, size_bytes; /* for keys without their own */
	unsigned give_up_s, after;         /* for the whole plan */
	bool token;                        /* needs a token of a kind that is not supported */
	bool marked;                       /* for the initramfs: noauto does not count */
	bool refused;                      /* must not be opened; a note has the reason */
	bool has_options;                  /* rd.luks.options: they replace those of crypttab */
	bool chosen;                       /* rd.luks.uuid or rd.luks.name opens it */
	bool used;
	struct plan_volume volume; /* its unsigned numbers are DRAFT_UNSET until set */
};

/* Nothing set. */
void draft_start(struct draft *d);

/* The one at hand, with nothing set. */
struct draft *draft_new(struct parser *p);

/* A device by its name: a path in /dev, UUID=, LABEL=, PARTUUID=, PARTLABEL=, SERIAL=. */
bool draft_is_device(const char *text);

/* The UUID in UUID=X or /dev/disk/by-uuid/X; NULL: another kind of name. */
const char *draft_uuid_of(const char *device);

/* Do both name the same device, as far as names can tell? */
bool draft_same_device(const char *a, const char *b);

/* @path with a / in front. NULL: no room, and a note has it. */
const char *draft_rooted(struct parser *p, const char *path);

/*
 * Cut DEVICE:REST in two, and return REST; NULL: there is no colon. Names in /dev/disk/by-path/ and by-id/
 * have colons, too, of a partition all before -part2, of a disk with a number behind each:
 * pci-0000:00:1f.2-ata-1-part2. A backslash before a colon makes it part of any name.
 * @numbers: two numbers at the end of @text are REST, not of a disk's name.
 */
char *draft_cut(char *text, bool numbers);

/* Is the key file PATH or PATH:DEVICE one that genkernel and dracut let GPG decrypt? Then a note says so. */
bool draft_refuse_gpg(struct parser *p, const char *path);

/* Add a key: PATH, PATH:DEVICE or DEVICE. "none", "-", "" and NULL are no key. */
void draft_add_key(struct parser *p, struct draft *d, char *spec);
void draft_put_key(struct parser *p, struct draft *d, const struct plan_key *key);

/* PATH, PATH:DEVICE or DEVICE. */
void draft_set_header(struct draft *d, char *spec);

#endif
