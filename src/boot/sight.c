/* SPDX-License-Identifier: MIT */
/* sight - see sight.h. */
#include "boot/sight.h"
#include "base/text.h"
#include "boot/silent.h"
#include "keyslot/search.h"
#include <string.h>
#include <sys/stat.h>

struct unlock_request sight_wishes(const struct plan_volume *volume, const char *path, const char *header)
{
	const struct plan_flags *f = &volume->flags;
	struct unlock_request w = {
		.device = path,
		.name = volume->name,
		.header = header                  ? header
	                  : volume->header.device ? NULL
	                                          : volume->header.path,
		.keyslot = volume->keyslot < 0 ? SEARCH_ANY_KEYSLOT : volume->keyslot,
		.read_only = f->read_only,
		.disable_keyring = f->disable_keyring,
		.verbose = f->verbose,
		.flags = f->crypt,
		.limits = kdf_default_limits,
		.max_memory_mib = volume->max_memory_mib,
		.max_time_s = volume->max_time_s,
	};

	if (volume->max_lanes)
		w.limits.lanes = volume->max_lanes;
	return w;
}

bool sight_is_there(const char *path)
{
	struct stat st;

	return !stat(path, &st);
}

/* The inode of a device's folder in /sys lives as long as the device does. */
uint64_t sight_plugged(const char *path)
{
	char folder[SYSBLOCK_PATH_BYTES + 32];
	struct stat st;

	if (stat(path, &st))
		return 0;
	text_format(folder, sizeof(folder), "/sys/dev/block/%u:%u/", (unsigned)(st.st_rdev >> 8 & 0xfff),
		(unsigned)((st.st_rdev & 0xff) | (st.st_rdev >> 12 & 0xfff00)));
	return stat(folder, &st) ? 1 : (uint64_t)st.st_ino;
}

/* "" when it is not there; neither is a path that is not, or a disk that would not be read for now. */
static void find(const char *spec, char *path)
{
	struct error none;

	*path = 0;
	if (spec && (find_device(spec, path, SYSBLOCK_PATH_BYTES, &none) || !sight_is_there(path) ||
			    silent_is(path)))
		*path = 0;
}

static void look_at_volume(const struct plan_volume *plan, bool test, struct sight_volume *v)
{
	struct member member;
	struct unlock_request w;

	if (find_device_or_member(plan->device, v->path, sizeof(v->path), &member, &v->err)) {
		v->cause = v->err.cause;
		v->whole = member.mark.type ? member.mark.whole : NULL;
		return;
	}
	if (!sight_is_there(v->path)) {
		v->cause = error_set(&v->err, CAUSE_DEVICE, "%s: is not there", plan->device);
		return;
	}
	w = sight_wishes(plan, v->path, v->header);
	/* A header that is on its way is not the volume's own. */
	if (plan->header.device && !v->header)
		v->cause = error_set(&v->err, CAUSE_DEVICE, "%s: its header on %s is not there", plan->device,
			plan->header.device);
	else
		v->cause = unlock_look(&w, !test, &v->look, &v->mapped, &v->err);
}

static void look_for_sticks(struct sight *s)
{
	struct find_found found;
	struct find_walk walk;
	struct error none;

	if (find_walk_open(&walk, &none))
		return;
	while (s->stick_count < SIGHT_STICKS_MAX && find_walk_next(&walk, &found)) {
		struct sight_stick *stick = &s->sticks[s->stick_count];

		if (!found.removable || found.held || found.member || !found.superblock.type ||
			!strcmp(found.superblock.type, "crypto_LUKS"))
			continue;
		text_format(stick->path, sizeof(stick->path), "%s", found.path);
		text_format(stick->fstype, sizeof(stick->fstype), "%s", found.superblock.type);
		stick->plugged = sight_plugged(found.path);
		s->stick_count++;
	}
	find_walk_close(&walk);
}

void sight_copy(struct sight *to, const struct sight *from)
{
	for (unsigned i = 0; i < from->plan->count; i++)
		to->volumes[i] = from->volumes[i];
	for (unsigned i = 0; i < from->stick_count; i++)
		to->sticks[i] = from->sticks[i];
	to->stick_count = from->stick_count;
}

enum cause sight_look(void *arg, struct child_end *end, struct error *err)
{
	struct sight *s = arg;

	(void)end;
	(void)err;
	for (unsigned i = 0; i < s->plan->count; i++) {
		const struct plan_volume *plan = &s->plan->volumes[i];
		struct sight_volume *v = &s->volumes[i];

		if (!v->wanted)
			continue;
		if (v->absent)
			look_at_volume(plan, s->test, v);
		for (unsigned k = 0; k < plan->key_count; k++)
			find(plan->keys[k].device, v->key_devices[k]);
		find(plan->header.device, v->header_device);
		v->looked = true;
	}
	look_for_sticks(s);
	return CAUSE_OK;
}
