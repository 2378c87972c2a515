/* SPDX-License-Identifier: MIT */
/* devices - see state.h. */
#include "base/text.h"
#include "boot/consoles.h"
#include "boot/stall.h"
#include "boot/state.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	RESCAN_MS = 1000, /* while a volume is absent, or there are no uevents */
	RESCAN_IDLE_MS = 10000,
	/*
	 * So long a volume with a damaged header waits for a stick with another one, and one in use for its
	 * release; and one that was found by its name for another device of that name, from the last arrival
	 * of any device on.
	 */
	PATIENCE_S = 30,
	/* For all disks together. A single one that stalls is detected sooner (stall.h). */
	SCAN_LIMIT_S = 600,
};

static void set_title(struct volume *v, const struct scan_volume *found)
{
	char label[4 * LUKS_LABEL_CHARS + 1], path[SYSBLOCK_PATH_BYTES];

	text_escape(label, sizeof(label), found->look.label);
	text_escape(path, sizeof(path), found->path);
	text_format(v->title, sizeof(v->title), "%s (%s%s%s)", v->plan->name, path, *label ? ", " : "",
		label);
}

/* Would waiting not help? @news: that was not found before. */
static bool is_final(const struct boot *b, struct volume *v, const struct scan_volume *found, bool news)
{
	bool in_use = found->cause == CAUSE_EXISTS, is_name = find_is_name(v->plan->device);
	bool header = volume_lacks_header(v) && !v->plan->flags.no_stick;
	uint64_t since_ms;

	if (found->cause == CAUSE_DEVICE)
		return false;
	if (!in_use && !header && !is_name)
		return true;
	if (news) {
		v->unfit_since_ms = b->now_ms;
		consoles_say("%s: %s; waiting up to %d s for %s", v->plan->name, found->err.text, PATIENCE_S,
			in_use   ? "it to be released"
			: header ? "a stick with its header"
				 : "another device of that name");
	}
	since_ms = is_name && b->arrived_ms > v->unfit_since_ms ? b->arrived_ms : v->unfit_since_ms;
	return b->now_ms - since_ms > PATIENCE_S * 1000;
}

static void on_usable(struct boot *b, struct volume *v, const struct scan_volume *found)
{
	volume_ready(v);
	v->ready_since_ms = b->now_ms;
	v->instead = found->instead;
	if (v->instead)
		consoles_say("%s: %s; using %s", v->plan->name, found->err.text, found->path);
	memcpy(v->path, found->path, sizeof(v->path));
	memcpy(v->uuid, found->look.uuid, sizeof(v->uuid));
	v->memory_kib = found->look.memory_kib;
	v->needed_s = found->look.needed_s;
	set_title(v, found);
	if (v->header_by_chance)
		consoles_say("%s: the header has UUID %s; no key from a stick that is not configured is used "
			     "with it",
			v->plan->name, v->uuid);
	else
		tokens_list(v, &found->look);
	b->tokens_at_ms = 0;
	if (found->look.token_key)
		credential_add_token(b, v);
	credential_add_known(b);
}

static void on_unsure(struct boot *b, struct volume *v, const struct error *why)
{
	consoles_say("%s: %s", v->plan->name, why->text);
	volume_absent(b, v, why);
	b->scan_again = true;
}

/* What a stick had is of no use: the volume is looked at without it, and another stick may have one. */
static void drop_header(struct boot *b, struct volume *v, const struct scan_volume *found)
{
	consoles_say("%s: the header from the stick is not used: %s", v->plan->name, found->err.text);
	close(v->header_fd);
	v->header_fd = -1;
	v->header_by_chance = false;
	b->scan_again = true;
}

static void apply(struct boot *b, struct volume *v, const struct scan_volume *found)
{
	bool news = v->why.cause != found->cause || strcmp(v->why.text, found->err.text);

	if (found->looked && found->ready && found->cause && v->state == VOLUME_READY)
		on_unsure(b, v, &found->err);
	/* The volume may have changed its state since the scan began. */
	if (v->state != VOLUME_ABSENT || !found->absent || !found->looked)
		return;
	v->why = found->err;
	v->why.cause = found->cause;
	v->whole = found->whole;
	if (found->mapped)
		volume_opened(v, false);
	else if (!found->cause)
		on_usable(b, v, found);
	else if (v->header_by_chance && found->by_chance && found->judged && found->cause != CAUSE_EXISTS &&
		 !stall_is_known(found->path))
		drop_header(b, v, found);
	else if (is_final(b, v, found, news))
		volume_failed(b, v, &found->err);
}

static void apply_all(struct boot *b)
{
	uint64_t devices = b->scan.devices;

	scan_copy(&b->scan, b->scanning, b->count);
	if (b->scan.devices != devices)
		b->arrived_ms = b->now_ms;
	for (unsigned i = 0; i < b->count; i++)
		apply(b, &b->volumes[i], &b->scan.volumes[i]);
}

void devices_done(struct boot *b)
{
	if (!b->scanner.end->cause)
		apply_all(b);
}

void devices_late(struct boot *b)
{
	consoles_say("a device did not respond within %d s", SCAN_LIMIT_S);
	apply_all(b); /* what was found before it */
}

/* The child keeps the shared memory that it may still write to. */
void devices_stalled(struct boot *b)
{
	stall_leave(&b->scanner);
	munmap(b->scanning, sizeof(*b->scanning));
	b->scanning = NULL;
	b->scan_again = true;
}

bool devices_open(struct boot *b)
{
	void *map =
		mmap(NULL, sizeof(struct scan), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	b->scanning = map == MAP_FAILED ? NULL : map;
	return b->scanning;
}

/* A device that was pulled out before there was a key for it. */
static void find_removed(struct boot *b)
{
	struct error why;

	for (unsigned i = 0; i < b->count; i++) {
		struct volume *v = &b->volumes[i];

		if (v->state != VOLUME_READY || scan_exists(v->path))
			continue;
		error_set(&why, CAUSE_DEVICE, "%s: was removed", v->path);
		volume_absent(b, v, &why);
	}
}

void devices_scan(struct boot *b)
{
	bool often = b->uevents < 0; /* kernels without uevents */

	if (b->scanner.pid || (!b->scan_again && b->now_ms < b->scan_at_ms) ||
		(!b->scanning && !devices_open(b)))
		return;
	b->scan_again = false;
	find_removed(b);
	memset(b->scanning->volumes, 0, b->count * sizeof(*b->scanning->volumes));
	b->scanning->stick_count = 0;
	b->scanning->devices = 0;
	b->scanning->plan = b->plan;
	b->scanning->test = b->test;
	for (unsigned i = 0; i < b->count; i++) {
		const struct volume *v = &b->volumes[i];
		struct scan_volume *s = &b->scanning->volumes[i];

		s->wanted = volume_wants(v);
		s->absent = v->state == VOLUME_ABSENT;
		s->ready = v->state == VOLUME_READY && find_is_name(v->plan->device);
		memcpy(s->path, v->path, sizeof(s->path));
		s->header = v->header_fd >= 0 ? v->header : NULL;
		s->by_chance = v->header_by_chance;
		often |= s->absent; /* some devices become readable without an event */
	}
	b->scan_at_ms = b->now_ms + (often ? RESCAN_MS : RESCAN_IDLE_MS);
	if (!child_start(&b->scanner, scan_run, b->scanning, SCAN_LIMIT_S))
		consoles_say("%s", b->scanner.end->err.text);
}
