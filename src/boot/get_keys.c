/* SPDX-License-Identifier: MIT */
/* get_keys - see state.h. */
#include "base/text.h"
#include "boot/consoles.h"
#include "boot/plugged.h"
#include "boot/stall.h"
#include "boot/state.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

unsigned get_keys_running(const struct boot *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FETCHES_MAX; i++)
		n += b->jobs[i].child.pid != 0;
	return n;
}

bool get_keys_is_pending(const struct boot *b, const struct volume *v)
{
	unsigned used = 0;

	if (tokens_is_pending(b, v))
		return true;
	for (unsigned i = 0; i < FETCHES_MAX; i++)
		if (b->jobs[i].child.pid && b->jobs[i].volume == v)
			return true;
	for (unsigned i = 0; i < VAULT_SLOTS; i++) {
		used += b->credentials[i].used;
		if (credential_is_pending(b, i, v))
			return true;
	}
	/* Without a free job or slot one of its keys may be waiting for that. */
	return get_keys_running(b) == FETCHES_MAX || used >= VAULT_SLOTS - 1;
}

/* --- the end of a job ------------------------------------------------------------------ */

static void use_header(struct boot *b, struct fetch_job *job)
{
	struct volume *v = job->volume;

	/* Two sticks have one: the first to arrive is used. Or another device came, which needs none. */
	if (v->header_fd >= 0 || v->state != VOLUME_ABSENT) {
		close(job->fetch.header_fd);
		return;
	}
	v->header_fd = job->fetch.header_fd;
	v->header_by_chance = job->place != SEEN_HEADER;
	memcpy(v->path, b->scan.volumes[v->index].path, sizeof(v->path));
	text_format(v->header, sizeof(v->header), "/proc/self/fd/%d", v->header_fd);
	consoles_say(CONSOLES_CHATTER "%s: using %s", v->plan->name, job->origin);
	b->scan_again = true;
}

/* Is it there, but without a medium, or its driver not done? Then it is read again after a while. */
static enum seen_again read_again(const struct boot *b, const struct fetch_job *job)
{
	enum { RETRY_MS = 2000 };
	const struct error *err = &job->child.end->err;

	if (!job->child.end->cause || !job->fetch.key.device || err->cause == CAUSE_UNSUPPORTED ||
		(err->os_errno != ENXIO && err->os_errno != ENODEV && err->os_errno != ENOMEDIUM &&
			err->os_errno != EIO))
		return SEEN_NO_MORE;
	return seen_again(&job->volume->seen, job->place, job->plugged, b->now_ms + RETRY_MS,
		err->os_errno == EIO);
}

static void discard(struct boot *b, struct fetch_job *job)
{
	if (job->fetch.header_fd >= 0)
		close(job->fetch.header_fd);
	else
		credential_drop(b, job->fetch.slot);
}

void get_keys_done(struct boot *b, struct fetch_job *job)
{
	const struct child_end *end = job->child.end;
	/* Where no configuration names the file, its absence is normal. */
	bool expected = job->place < SEEN_STICK_KEY && !job->fetch.key.optional;
	bool said = read_again(b, job) == SEEN_AGAIN;

	b->stirred_ms = said ? b->stirred_ms : b->now_ms;
	if (end->cause && !said && (expected || end->err.os_errno != ENOENT))
		consoles_say("%s: %s", job->origin, end->err.text);
	/*
	 * A failed read may be a stick that was pulled out: it is read again when it is plugged in again
	 * (seen.h).
	 */
	if (end->cause)
		discard(b, job);
	else if (job->fetch.header_fd >= 0)
		use_header(b, job);
	else {
		credential_activate(b, job->fetch.slot, job->volume->bit, job->origin);
		b->credentials[job->fetch.slot].by_chance = job->place == SEEN_STICK_KEY;
	}
}

void get_keys_late(struct boot *b, struct fetch_job *job)
{
	consoles_say("%s: not read within %d s; giving up", job->origin, FETCH_LIMIT_S);
	discard(b, job);
}

/* When the disk responds again, the stick is to be read although it was not unplugged. */
void get_keys_stalled(struct boot *b, struct fetch_job *job)
{
	stall_leave(&job->child);
	seen_remove(&job->volume->seen, job->place, job->plugged);
	discard(b, job);
}

/* --- jobs ------------------------------------------------------------------------------ */

/* A file or a device that may hold a key or a header of @volume. */
struct source {
	struct volume *volume;
	unsigned place;
	uint64_t plugged;
	struct plan_key key; /* its texts need not outlive start: the child has its own copy of all memory */
	char origin[ORIGIN_BYTES];
};

static struct fetch_job *free_job(struct boot *b)
{
	for (unsigned i = 0; i < FETCHES_MAX; i++)
		if (!b->jobs[i].child.pid)
			return &b->jobs[i];
	return NULL;
}

/* Start a job, unless @s was read already. When none can be had now, the loop comes here again. */
static void start(struct boot *b, const struct source *s, bool header)
{
	struct fetch_job *job = free_job(b);
	int slot = 0, fd = -1;

	if (!job || seen_has(&s->volume->seen, s->place, s->plugged, b->now_ms))
		return;
	/* Right after a stall the last scan still lists the device. Its refusal now would count as read. */
	if (s->key.device && stall_is_known(s->key.device))
		return;
	if (header)
		fd = fetch_memory_file();
	else
		slot = credential_claim(b, false);
	if (slot < 0 || (header && fd < 0))
		return;
	job->fetch = (struct fetch){s->key, (unsigned)slot, fd};
	job->volume = s->volume;
	job->place = s->place;
	job->plugged = s->plugged;
	memcpy(job->origin, s->origin, sizeof(job->origin));
	seen_add(&s->volume->seen, s->place, s->plugged);
	if (!child_start(&job->child, fetch_run, &job->fetch, FETCH_LIMIT_S))
		get_keys_done(b, job);
}

/* @what: "key" or "header". */
static void describe(struct source *s, const char *what)
{
	char device[100];

	text_escape(device, sizeof(device), s->key.device ? s->key.device : "");
	if (s->key.kind == PLAN_KEY_FILE)
		text_format(s->origin, sizeof(s->origin), "the key file %s", s->key.path);
	else if (s->key.kind == PLAN_KEY_STICK)
		text_format(s->origin, sizeof(s->origin), "the %s %s on %s", what, s->key.path, device);
	else
		text_format(s->origin, sizeof(s->origin), "the key at byte %llu of %s",
			(unsigned long long)s->key.offset_bytes, device);
}

/* The device of a key is absent: printed once for each, when most of them should be there. */
static void say_awaited(struct boot *b, struct volume *v, unsigned k, const char *device)
{
	enum { PATIENCE_S = 3 };
	const struct plan_key *key = &v->plan->keys[k];

	if (v->keys_awaited & 1u << k || !boot_is_over(b, b->start_ms, PATIENCE_S))
		return;
	for (unsigned i = 0; i < b->count; i++)
		for (unsigned j = 0; j < PLAN_KEYS_MAX; j++)
			if (b->volumes[i].keys_awaited & 1u << j &&
				!strcmp(b->plan->volumes[i].keys[j].device, key->device))
				device = NULL;
	v->keys_awaited |= 1u << k;
	if (device)
		consoles_say("waiting for the key %s %s%s", key->path ? "stick" : "device", device,
			volume_may_ask(b, v) ? "; or type the passphrase" : "");
}

static void get_named_key(struct boot *b, struct volume *v, unsigned k)
{
	const char *device = b->scan.volumes[v->index].key_devices[k];
	struct source s = {.volume = v, .place = k, .key = v->plan->keys[k]};

	if (s.key.device && !(s.plugged = plugged_number(device))) {
		say_awaited(b, v, k, device);
		return;
	}
	if (s.key.device)
		s.key.device = device;
	describe(&s, "key");
	start(b, &s, false);
}

static bool wants_header(const struct volume *v)
{
	return v->header_fd < 0 && v->state == VOLUME_ABSENT;
}

static void get_named_header(struct boot *b, struct volume *v)
{
	const char *device = b->scan.volumes[v->index].header_device;
	struct source s = {.volume = v,
		.place = SEEN_HEADER,
		.key = {.kind = PLAN_KEY_STICK, .device = device, .path = v->plan->header.path}};

	if (!v->plan->header.device || !wants_header(v) || !(s.plugged = plugged_number(device)))
		return;
	describe(&s, "header");
	start(b, &s, true);
}

/* latchkey/NAME.key or .header on any stick. */
static void get_from_stick(struct boot *b, struct volume *v, const struct scan_stick *stick, unsigned place,
	const char *name)
{
	const char *what = place == SEEN_STICK_KEY ? "key" : "header";
	char path[200];
	struct source s = {.volume = v,
		.place = place,
		.plugged = stick->plugged,
		.key = {.kind = PLAN_KEY_STICK,
			.device = stick->path,
			.path = path,
			.fstype = stick->fstype}};

	if (v->plan->stick != PLAN_STICK_ANY && strcmp(stick->fstype, "vfat") != 0) {
		if (!seen_has(&b->not_searched, SEEN_STICK_KEY, s.plugged, b->now_ms))
			consoles_say(CONSOLES_CHATTER "%s: %s: not searched without stick=any", stick->path,
				stick->fstype);
		seen_add(&b->not_searched, SEEN_STICK_KEY, s.plugged);
		return;
	}
	text_format(path, sizeof(path), "latchkey/%s.%s", name, what);
	describe(&s, what);
	start(b, &s, place != SEEN_STICK_KEY);
}

static void get_from_sticks(struct boot *b, struct volume *v)
{
	const struct scan_volume *lost = &b->scan.volumes[v->index];
	bool header = volume_lacks_header(v) && wants_header(v) && lost->cause == CAUSE_DAMAGED;

	if (v->plan->flags.no_stick || !(header || v->state == VOLUME_READY))
		return;
	for (unsigned i = 0; i < b->scan.stick_count; i++) {
		const struct scan_stick *stick = &b->scan.sticks[i];

		if (!header)
			get_from_stick(b, v, stick, SEEN_STICK_KEY, v->uuid);
		if (header && *lost->lost_uuid)
			get_from_stick(b, v, stick, SEEN_STICK_HEADER, lost->lost_uuid);
		if (header)
			get_from_stick(b, v, stick, SEEN_STICK_NAMED, v->plan->name);
	}
}

void get_keys(struct boot *b)
{
	for (struct volume *v = NULL; (v = volume_next(b, v));) {
		if (v->state != VOLUME_ABSENT && v->state != VOLUME_READY)
			continue;
		for (unsigned k = 0; v->state == VOLUME_READY && k < v->plan->key_count; k++)
			get_named_key(b, v, k);
		get_named_header(b, v);
		get_from_sticks(b, v);
	}
}
