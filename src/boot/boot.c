/* SPDX-License-Identifier: MIT */
/* boot - see boot.h. Parts: keys.c (what may open what), people.c (asking), sight.c (devices), spares.c (what is not needed). */
#include "boot/boot.h"
#include "base/text.h"
#include "boot/consoles.h"
#include "boot/silent.h"
#include "boot/state.h"
#include "device/uevent.h"
#include "dm/map.h"
#include "secret/arena.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	FDS_MAX = CONSOLES_MAX + 4 + FETCHES_MAX + 1 + PLAN_VOLUMES_MAX,
	TICK_MS = 1000,
	/* Every so often what is waited for is said. */
	NOTICE_MS = 10000,
	/* So long a volume with a damaged header waits for a stick with another one, and one in use for its release. */
	PATIENCE_S = 30,
	/* All disks together. One of them that hangs is found sooner (silent.h). */
	LOOK_LIMIT_S = 600,
};

static struct boot boot; /* large; one a process */

void hear(void *context, const char *line)
{
	(void)context;
	if (*line)
		consoles_say("%s", line);
}

static void hear_nothing(void *context, const char *line)
{
	(void)context;
	(void)line;
}

void volume_failed(struct boot *b, struct volume *v, const struct error *why)
{
	v->why = *why;
	v->state = VOLUME_FAILED;
	consoles_say("latchkey: %s: %s", v->plan->name, why->text);
	b->failed |= volume_is_needed(v);
}

/* --- devices ------------------------------------------------------------------------------- */

static void set_title(struct volume *v, const struct sight_volume *seen)
{
	char label[4 * LUKS_LABEL_CHARS + 1], path[SYSBLOCK_PATH_BYTES];

	text_escape(label, sizeof(label), seen->look.label);
	text_escape(path, sizeof(path), seen->path);
	text_format(v->title, sizeof(v->title), "%s (%s%s%s)", v->plan->name, path, *label ? ", " : "",
		label);
}

/* What cannot get better by waiting. */
static bool is_final(const struct boot *b, struct volume *v, const struct sight_volume *seen)
{
	bool in_use = seen->cause == CAUSE_EXISTS;

	if (seen->cause == CAUSE_DEVICE)
		return false;
	if (!in_use && (seen->cause != CAUSE_DAMAGED || v->plan->flags.no_stick))
		return true;
	if (!v->unfit_since_ms) {
		v->unfit_since_ms = b->now_ms;
		consoles_say("latchkey: %s: %s", v->plan->name, seen->err.text);
		consoles_say("latchkey: waiting %d s for %s", PATIENCE_S,
			in_use ? "it to be released" : "a stick with its header");
	}
	return b->now_ms - v->unfit_since_ms > PATIENCE_S * 1000;
}

static void heed_volume(struct boot *b, struct volume *v, const struct sight_volume *seen)
{
	if (v->state != VOLUME_ABSENT || !seen->absent || !seen->looked)
		return;
	v->why = seen->err;
	v->why.cause = seen->cause;
	v->whole = seen->whole;
	if (seen->mapped) {
		v->state = VOLUME_OPEN;
		consoles_say(CONSOLES_CHATTER "latchkey: %s is open already", v->plan->name);
	} else if (!seen->cause) {
		v->state = VOLUME_READY;
		memcpy(v->path, seen->path, sizeof(v->path));
		memcpy(v->uuid, seen->look.uuid, sizeof(v->uuid));
		v->memory_kib = seen->look.memory_kib;
		set_title(v, seen);
		if (seen->look.token_key)
			keys_token(b, v);
		if (!b->cache_read)
			keys_cached(b);
		b->cache_read = true;
	} else if (is_final(b, v, seen)) {
		volume_failed(b, v, &seen->err);
	}
}

static void look_done(struct boot *b)
{
	sight_copy(&b->sight, b->looking);
	for (unsigned i = 0; i < b->count; i++)
		heed_volume(b, &b->volumes[i], &b->sight.volumes[i]);
}

static bool anything_absent(const struct boot *b)
{
	for (unsigned i = 0; i < b->count; i++)
		if (b->volumes[i].state == VOLUME_ABSENT)
			return true;
	return false;
}

/* What was pulled before anybody had a key for it. */
static void heed_pulled(struct boot *b)
{
	for (unsigned i = 0; i < b->count; i++) {
		struct volume *v = &b->volumes[i];

		if (v->state != VOLUME_READY || sight_is_there(v->path))
			continue;
		v->state = VOLUME_ABSENT;
		v->absent_since_ms = b->now_ms;
		error_set(&v->why, CAUSE_DEVICE, "%s: is gone", v->path);
	}
}

/* What a look finds; a child that is left with a silent disk keeps its own. */
static struct sight *make_sight(void)
{
	void *map =
		mmap(NULL, sizeof(struct sight), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

static void look(struct boot *b)
{
	if (b->looker.pid || (!b->look_again && b->now_ms < b->look_at_ms))
		return;
	b->look_again = false;
	b->looking = b->looking ? b->looking : make_sight();
	if (!b->looking)
		return;
	heed_pulled(b);
	/* Kernels without uevents, and devices that become readable without one. */
	b->look_at_ms = b->now_ms + (b->uevents < 0 || anything_absent(b) ? TICK_MS : NOTICE_MS);
	memset(b->looking->volumes, 0, b->count * sizeof(*b->looking->volumes));
	b->looking->stick_count = 0;
	b->looking->plan = b->plan;
	b->looking->test = b->test;
	for (unsigned i = 0; i < b->count; i++) {
		b->looking->volumes[i].wanted = volume_wants(&b->volumes[i]);
		b->looking->volumes[i].absent = b->volumes[i].state == VOLUME_ABSENT;
		b->looking->volumes[i].header = b->volumes[i].header_fd >= 0 ? b->volumes[i].header : NULL;
	}
	if (!child_start(&b->looker, sight_look, b->looking, LOOK_LIMIT_S))
		consoles_say("latchkey: %s", b->looker.end->err.text);
}

static void say_waiting(struct boot *b)
{
	if (b->now_ms < b->notice_at_ms)
		return;
	b->notice_at_ms = b->now_ms + NOTICE_MS;
	for (unsigned i = 0; i < b->count; i++) {
		const struct volume *v = &b->volumes[i];

		if (v->state == VOLUME_READY && !b->asking && !keys_typed_pending(b))
			consoles_say("latchkey: waiting for a key of %s", v->plan->name);
		if (v->state == VOLUME_ABSENT && v->why.cause == CAUSE_DEVICE)
			consoles_say("latchkey: waiting for %s%s%s%s: %s", v->whole ? "the " : "",
				v->whole ? v->whole : "", v->whole ? " of " : "", v->plan->name, v->why.text);
	}
}

/* --- limits -------------------------------------------------------------------------------- */

bool boot_is_over(const struct boot *b, uint64_t since_ms, unsigned limit_s)
{
	return limit_s && b->now_ms - since_ms >= (uint64_t)limit_s * 1000;
}

static bool is_being_helped(const struct boot *b)
{
	for (unsigned i = 0; i < FETCHES_MAX; i++)
		if (b->errands[i].child.pid)
			return true;
	return false;
}

static void keep_limits(struct boot *b, struct volume *v)
{
	const struct plan_volume *p = v->plan;
	bool headless = p->flags.headless || b->plan->headless;
	struct error why;

	if (v->state == VOLUME_ABSENT && boot_is_over(b, v->absent_since_ms, p->device_timeout_s)) {
		error_set(&why, v->why.cause, "%s (waited %u s)", v->why.text, p->device_timeout_s);
		volume_failed(b, v, &why);
	} else if ((v->state == VOLUME_READY || v->state == VOLUME_ABSENT) && headless &&
		   !is_being_helped(b) && boot_is_over(b, b->start_ms, b->plan->give_up_s)) {
		error_set(&why, CAUSE_DEVICE, "no key came within %u s, and nobody is to be asked",
			b->plan->give_up_s);
		volume_failed(b, v, &why);
	} else if (people_may_be_asked(b, v) && b->asking && boot_is_over(b, b->asked_at_ms, p->timeout_s)) {
		error_set(&why, CAUSE_USAGE, "no passphrase was given within %u s", p->timeout_s);
		volume_failed(b, v, &why);
	}
}

/* --- the loop ------------------------------------------------------------------------------ */

static void listen_to(struct pollfd *fds, unsigned *n, int fd)
{
	fds[(*n)++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void listen_to_child(struct pollfd *fds, unsigned *n, const struct child *c)
{
	listen_to(fds, n, c->pid ? c->fd : -1);
}

static void heed_children(struct boot *b, const struct pollfd *fds)
{
	if (fds->revents && child_listen(&b->looker, hear_nothing, NULL) && !b->looker.end->cause)
		look_done(b);
	fds++;
	for (unsigned i = 0; i < FETCHES_MAX; i++, fds++)
		if (fds->revents && child_listen(&b->errands[i].child, hear, NULL))
			keys_errand_done(b, &b->errands[i]);
	for (unsigned i = 0; i < b->count; i++, fds++)
		if (fds->revents && child_listen(&b->volumes[i].child, hear, NULL))
			keys_attempt_done(b, &b->volumes[i]);
}

static bool waits(const struct boot *b, const struct child *c)
{
	if (!silent_waits(c, b->now_ms))
		return false;
	consoles_say("latchkey: %s: does not answer; going on without it", c->end->waiting_for);
	return true;
}

/* Whoever waits for a silent disk is left with it: the other disks and the people are not to wait. */
static void heed_silent(struct boot *b)
{
	if (waits(b, &b->looker)) {
		silent_leave(&b->looker);
		munmap(b->looking, sizeof(*b->looking));
		b->looking = NULL;
		b->look_again = true;
	}
	for (unsigned i = 0; i < b->count; i++)
		if (waits(b, &b->volumes[i].child))
			keys_attempt_late(b, &b->volumes[i]);
	for (unsigned i = 0; i < FETCHES_MAX; i++)
		if (waits(b, &b->errands[i].child))
			keys_errand_silent(b, &b->errands[i]);
	b->look_again |= silent_heed();
}

static void heed_late(struct boot *b)
{
	heed_silent(b);
	if (child_is_late(&b->looker, b->now_ms)) {
		consoles_say("latchkey: a device does not answer within %d s", LOOK_LIMIT_S);
		look_done(b); /* what was seen before it */
	}
	for (unsigned i = 0; i < FETCHES_MAX; i++)
		if (child_is_late(&b->errands[i].child, b->now_ms))
			keys_errand_late(b, &b->errands[i]);
}

static void wait_and_heed(struct boot *b)
{
	struct pollfd fds[FDS_MAX];
	unsigned consoles = consoles_poll(fds), n = consoles, children;
	const uint8_t *line;
	size_t len;

	listen_to(fds, &n, b->uevents);
	people_listen(b, fds + n);
	n += PEOPLE_FDS;
	children = n;
	listen_to_child(fds, &n, &b->looker);
	for (unsigned i = 0; i < FETCHES_MAX; i++)
		listen_to_child(fds, &n, &b->errands[i].child);
	for (unsigned i = 0; i < b->count; i++)
		listen_to_child(fds, &n, &b->volumes[i].child);
	if (poll(fds, n, TICK_MS / 4) < 0 && errno != EINTR)
		consoles_say("latchkey: cannot wait: %s", text_errno(errno));
	b->now_ms = child_now_ms();
	if (fds[consoles].revents)
		b->look_again |= uevent_drain(b->uevents);
	people_heed(b, fds + consoles + 1);
	heed_children(b, fds + children);
	heed_late(b);
	/* One: what was typed behind it was typed before it was known to be wrong. */
	if (consoles_take(fds, consoles, &line, &len))
		keys_typed(b, line, len, "the passphrase");
	if (consoles_redraw_due(b->now_ms))
		consoles_redraw();
}

/* Nothing left to do: all is open, or what is needed has failed and no attempt runs any more. */
static bool is_done(const struct boot *b)
{
	bool trying = false, wanting = false;

	for (unsigned i = 0; i < b->count; i++) {
		trying |= b->volumes[i].state == VOLUME_TRYING;
		wanting |= volume_wants(&b->volumes[i]);
	}
	return !trying && (b->failed || !wanting);
}

static void run(struct boot *b)
{
	while (!is_done(b)) {
		look(b);
		if (!b->failed) {
			keys_errands(b);
			keys_attempts(b);
			spares_leave(b);
		}
		keys_tidy(b);
		say_waiting(b);
		people_ask(b);
		wait_and_heed(b);
		for (unsigned i = 0; i < b->count; i++)
			keep_limits(b, &b->volumes[i]);
	}
}

/* --- before and after ------------------------------------------------------------------------ */

static void close_ours(struct boot *b)
{
	struct kernel k;
	struct error err;

	/* No more children: the arena is ours again. */
	if (b->test || arena_open(&err) || kernel_open(&k, &err))
		return;
	for (unsigned i = 0; i < b->count; i++) {
		struct volume *v = &b->volumes[i];

		if (!v->ours)
			continue;
		if (map_remove(&k, v->plan->name, &err))
			consoles_say("latchkey: %s", err.text);
		else
			consoles_say("latchkey: %s is closed again", v->plan->name);
	}
	kernel_close(&k);
}

/* The names on standard output; one line for people, whatever happened. The first volume that is needed and failed gives the cause. */
static enum cause conclude(struct boot *b, struct error *err)
{
	const struct volume *first = NULL;
	unsigned ours = 0;

	for (unsigned i = 0; i < b->count; i++) {
		const struct volume *v = &b->volumes[i];

		ours += v->ours;
		if (v->state == VOLUME_OPEN && !b->failed)
			text_print(1, "%s\n", v->plan->name);
		if (!first && v->state == VOLUME_FAILED && volume_is_needed(v))
			first = v;
	}
	if (b->failed && ours)
		close_ours(b);
	if (b->failed && first)
		return error_set(err, first->why.cause ? first->why.cause : CAUSE_BUG,
			"%s could not be opened", first->plan->name);
	consoles_say(CONSOLES_CHATTER "latchkey: %u of %u volumes %s", ours, b->count,
		b->test ? "would open" : "opened");
	return CAUSE_OK;
}

static enum cause prepare(struct boot *b, const struct plan *plan, bool test, struct error *err)
{
	enum cause cause;

	/* Children make arenas of their own; this one they would not get. */
	arena_close();
	cause = vault_open(err);
	b->plan = plan; /* the rest is zero, and stays on no page where it is not used */
	b->test = test;
	b->look_again = true;
	b->count = plan->count;
	if (cause)
		return cause;
	b->looking = make_sight();
	if (!b->looking)
		return error_set_os(err, CAUSE_RESOURCE, errno, "no memory");
	b->start_ms = b->now_ms = child_now_ms();
	b->notice_at_ms = b->start_ms + TICK_MS; /* most devices are there by then */
	for (unsigned i = 0; i < b->count; i++) {
		b->volumes[i].plan = &plan->volumes[i];
		b->volumes[i].state = plan->volumes[i].need == PLAN_NOAUTO ? VOLUME_LEFT : VOLUME_ABSENT;
		b->any_needed |= volume_is_needed(&b->volumes[i]);
		b->volumes[i].header_fd = -1;
		b->volumes[i].absent_since_ms = b->start_ms;
		error_set(&b->volumes[i].why, CAUSE_DEVICE, "%s: not looked at yet", plan->volumes[i].device);
	}
	b->uevents = uevent_open();
	people_open(b);
	return CAUSE_OK;
}

static void finish(struct boot *b)
{
	people_close(b);
	if (b->uevents >= 0)
		close(b->uevents);
	/* What is still on its way finds nobody at home. */
	child_drop(&b->looker);
	silent_close();
	for (unsigned i = 0; i < FETCHES_MAX; i++)
		child_drop(&b->errands[i].child);
	for (unsigned i = 0; i < b->count; i++)
		if (b->volumes[i].header_fd >= 0)
			close(b->volumes[i].header_fd);
	vault_close();
}

enum cause boot_run(const struct plan *plan, bool test, struct error *err)
{
	struct boot *b = &boot;
	enum cause cause;

	if (!plan->count)
		return error_set(err, CAUSE_USAGE, "no volume is configured");
	if (plan->root_left_out)
		return error_set(err, CAUSE_USAGE,
			"root=/dev/mapper/%s: its line was left out, so no volume is opened",
			plan->root_left_out);
	cause = prepare(b, plan, test, err);
	if (!cause) {
		run(b);
		cause = conclude(b, err);
		finish(b);
	}
	return cause;
}
