/* SPDX-License-Identifier: MIT */
/* scan - see scan.h. */
#include "boot/scan.h"
#include "base/text.h"
#include "boot/plugged.h"
#include "boot/request.h"
#include "boot/stall.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

bool scan_exists(const char *path)
{
	struct stat st;

	return !stat(path, &st);
}

/*
 * When it is not found, @path becomes @spec, or a sentence on it. A path that does not exist counts as not
 * found, and a device on a disk that stalls.
 * A member counts: a stick may have been part of an array once, and it is only read.
 */
static void find(const char *spec, char *path)
{
	struct error err = {.os_errno = ENOENT};

	*path = 0;
	if (!spec || (!find_device_or_member(spec, path, SYSBLOCK_PATH_BYTES, NULL, &err) &&
			     scan_exists(path) && !stall_is_known(path)))
		return;
	if (err.os_errno == ENOENT)
		text_escape(path, SYSBLOCK_PATH_BYTES, spec);
	else
		text_format(path, SYSBLOCK_PATH_BYTES, "%s", err.text);
}

/* The UUID that a header from somewhere else must have; "": nothing tells. */
static void expected_uuid(const struct plan_volume *plan, const char *path,
	char uuid[static SUPERBLOCK_UUID_BYTES])
{
	struct superblock there;

	if (find_uuid(plan->device, uuid) || !find_superblock(path, &there))
		return;
	memcpy(uuid, *there.lost_uuid ? there.lost_uuid : there.uuid, SUPERBLOCK_UUID_BYTES);
	if (!luks_uuid_is_valid(uuid))
		*uuid = 0;
}

/* Can no key open it? Then another device of that name is better. */
static bool is_unfit(enum cause cause)
{
	return cause == CAUSE_DAMAGED || cause == CAUSE_UNSUPPORTED;
}

/* A device that was plugged in later can have the name, too, and come before the one @before (find.h). */
static enum cause check_place(const struct plan_volume *plan, const char *path, const char *before,
	struct error *err)
{
	return strcmp(path, before) ? error_set(err, CAUSE_DEVICE, "%s: is on %s now, not on %s",
					      plan->device, path, before)
	                            : CAUSE_OK;
}

/* The first device that has the name of @plan and ranks below @rank (find.h), and its header. */
static void scan_device(const struct plan_volume *plan, bool test, unsigned *rank, struct scan_volume *v)
{
	struct member member;
	struct unlock_request w;
	char before[SYSBLOCK_PATH_BYTES];

	memcpy(before, v->path, sizeof(before));
	v->cause = find_below(plan->device, v->path, sizeof(v->path), &member, rank, &v->err);
	if (v->cause) {
		v->whole = member.mark.type ? member.mark.whole : NULL;
		return;
	}
	if (!scan_exists(v->path)) {
		v->cause = error_set(&v->err, CAUSE_DEVICE, "%s: not found", plan->device);
		return;
	}
	w = request_make(plan, v->path, v->header);
	if (v->by_chance) {
		expected_uuid(plan, v->path, v->lost_uuid);
		w.uuid = *v->lost_uuid ? v->lost_uuid : NULL;
	}
	v->judged = true;
	/* The header of a stranger is for the device that lacked one. */
	if (v->by_chance)
		v->cause = check_place(plan, v->path, before, &v->err);
	/* Until the header on the stick was fetched, the one on the volume itself must not be used. */
	else if (plan->header.device && !v->header)
		v->cause = error_set(&v->err, CAUSE_DEVICE, "%s: its header on %s is not there", plan->device,
			plan->header.device);
	if (!v->cause)
		v->cause = unlock_look(&w, !test, &v->look, &v->mapped, &v->err);
	if (v->cause == CAUSE_DAMAGED)
		expected_uuid(plan, v->path, v->lost_uuid);
}

/* A device that is unfit makes way for one that would come after it. */
static void scan_volume(const struct plan_volume *plan, bool test, struct scan_volume *v)
{
	struct scan_volume first;
	unsigned rank = 0;

	scan_device(plan, test, &rank, v);
	first = *v;
	while (is_unfit(v->cause) && rank && !v->by_chance)
		scan_device(plan, test, &rank, v);
	if (v->cause)
		*v = first;
	else if (first.cause)
		v->err = first.err;
	v->instead = !v->cause && first.cause;
}

static void scan_again(const struct plan_volume *plan, bool test, struct scan_volume *v)
{
	struct unlock_request w;
	char path[SYSBLOCK_PATH_BYTES];

	v->cause = find_device(plan->device, path, sizeof(path), &v->err);
	if (v->cause || !strcmp(path, v->path))
		return;
	w = request_make(plan, path, v->by_chance ? NULL : v->header);
	if (!is_unfit(unlock_look(&w, !test, &v->look, &v->mapped, &v->err)))
		v->cause = check_place(plan, path, v->path, &v->err);
}

static void add_stick(struct scan *s, const struct find_found *found, uint64_t plugged)
{
	struct scan_stick *stick = s->sticks;

	if (s->stick_count < SCAN_STICKS_MAX)
		stick += s->stick_count++;
	else
		for (struct scan_stick *other = stick; other < s->sticks + SCAN_STICKS_MAX; other++)
			stick = other->plugged < stick->plugged ? other : stick;
	if (stick->plugged > plugged)
		return;
	text_format(stick->path, sizeof(stick->path), "%s", found->path);
	text_format(stick->fstype, sizeof(stick->fstype), "%s", found->superblock.type);
	stick->plugged = plugged;
}

static void scan_sticks(struct scan *s)
{
	struct find_found found;
	struct find_walk walk;
	struct error none;

	if (find_walk_open(&walk, &none))
		return;
	while (find_walk_next(&walk, &found)) {
		uint64_t plugged = plugged_number(found.path);

		s->devices += plugged;
		if (found.removable && !found.held && found.superblock.type &&
			strcmp(found.superblock.type, "crypto_LUKS") != 0)
			add_stick(s, &found, plugged);
	}
	find_walk_close(&walk);
}

void scan_copy(struct scan *to, const struct scan *from, unsigned volumes)
{
	unsigned sticks = from->stick_count;

	/* A child that was left with a stalled disk may still write there. */
	if (sticks > SCAN_STICKS_MAX)
		sticks = SCAN_STICKS_MAX;
	for (unsigned i = 0; i < volumes; i++)
		to->volumes[i] = from->volumes[i];
	for (unsigned i = 0; i < sticks; i++)
		to->sticks[i] = from->sticks[i];
	to->stick_count = sticks;
	to->devices = from->devices;
}

enum cause scan_run(void *arg, struct child_end *end, struct error *err)
{
	struct scan *s = arg;

	(void)err;
	stall_watch(end);
	for (unsigned i = 0; i < s->plan->count; i++) {
		const struct plan_volume *plan = &s->plan->volumes[i];
		struct scan_volume *v = &s->volumes[i];

		if (!v->wanted)
			continue;
		if (v->absent)
			scan_volume(plan, s->test, v);
		if (v->ready)
			scan_again(plan, s->test, v);
		for (unsigned k = 0; k < plan->key_count; k++)
			find(plan->keys[k].device, v->key_devices[k]);
		find(plan->header.device, v->header_device);
		v->looked = true;
	}
	scan_sticks(s);
	return CAUSE_OK;
}
