/* SPDX-License-Identifier: MIT */
/*
 * map - a table to a live mapping, or nothing at all.
 *
 *     names -> version of dm-crypt -> keys into keyring -> create -> load -> resume -> node
 *
 * With integrity there are two, NAME_dif below NAME. Whatever fails, what was made before it is undone.
 */
#ifndef DM_MAP_H
#define DM_MAP_H

#include "dm/dm.h"
#include "dm/target.h"

/* A mapping's names as the kernel gets them. */
struct map_names {
	char name[DM_NAME_BYTES]; /* bytes outside [0-9A-Za-z#+-.:=@_] as \xNN, as libdevmapper writes them */
	char uuid[DM_UUID_BYTES];
};

struct map_request {
	struct map_names names;
	struct table table;
	/* If not NULL, the one target of @table is on a mapping @below that is made of this one; no keys. */
	const struct target *integrity;
	struct map_names below;
	/* Told what had to be left out or done in another way; may be NULL. */
	void (*notice)(const char *text);
};

/* The kernel's name for what people call @name. Fails: CAUSE_USAGE (empty, a slash, too long). */
enum cause map_name(const char *name, char out[static DM_NAME_BYTES], struct error *err) MUST_USE;

/* @type is "LUKS2"; @uuid is the volume's, with dashes. Fails: CAUSE_USAGE (together too long). */
enum cause map_names_fill(struct map_names *names, const char *type, const char *uuid, const char *name,
	struct error *err) MUST_USE;

/*
 * Those of the mapping below it, with integrity: NAME_dif. @uuid and @name as above. Fails as map_names_fill.
 */
enum cause map_names_below(struct map_names *below, const char *uuid, const char *name,
	struct error *err) MUST_USE;

/*
 * Is the name free and the target @type there? Before anybody is asked for a secret. Fails: CAUSE_EXISTS,
 * CAUSE_KERNEL.
 */
enum cause map_check(const struct kernel *k, enum target_type type, const struct map_names *names,
	struct error *err) MUST_USE;

/* Fails: CAUSE_EXISTS, CAUSE_KERNEL, CAUSE_RESOURCE. */
enum cause map_create(const struct kernel *k, const struct map_request *req, struct error *err) MUST_USE;

/*
 * Remove the mapping called @name if it is an encrypted volume's, and then the one of integrity below it.
 * Fails: CAUSE_DEVICE (not there), CAUSE_USAGE (not an encrypted volume), CAUSE_EXISTS (in use).
 */
enum cause map_remove(const struct kernel *k, const char *name, struct error *err) MUST_USE;

#endif
