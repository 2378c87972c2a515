/* SPDX-License-Identifier: MIT */
/* boot - see boot.h; the parts of the loop are listed in state.h. */
#include "boot/boot.h"
#include "base/clock.h"
#include "base/text.h"
#include "boot/consoles.h"
#include "boot/stall.h"
#include "boot/state.h"
#include "device/uevent.h"
#include "dm/map.h"
#include "secret/arena.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	CHILDREN_MAX = 1 + FETCHES_MAX + TOKEN_JOBS_MAX + PLAN_VOLUMES_MAX,
	FDS_MAX = CONSOLES_MAX + 1 + 1 + ASK_FDS + CHILDREN_MAX,
	POLL_MS = 250,
	/* What is waited for is printed first when most devices should be there, then every so often. */
	FIRST_NOTICE_MS = 1000,
	NOTICE_MS = 10000,
};

static struct boot boot; /* large; one a process */

static void say_waiting(struct boot *b)
{
	if (b->now_ms < b->notice_at_ms)
		return;
	b->notice_at_ms = b->now_ms + NOTICE_MS;
	for (unsigned i = 0; i < b->count; i++) {
		const struct volume *v = &b->volumes[i];

		if (v->state == VOLUME_READY && !b->asking && !credential_is_typed_pending(b))
			consoles_say("waiting for a key for %s", v->plan->name);
		if (v->state == VOLUME_ABSENT && v->why.cause == CAUSE_DEVICE)
			consoles_say("waiting for %s%s%s%s: %s", v->whole ? "the " : "",
				v->whole ? v->whole : "", v->whole ? " of " : "", v->plan->name, v->why.text);
	}
}

/* --- limits -------------------------------------------------------------------------------- */

static void keep_limits(struct boot *b, struct volume *v)
{
	const struct plan_volume *p = v->plan;
	bool headless = p->flags.headless;
	struct error why;

	if (v->state == VOLUME_ABSENT && boot_is_over(b, v->absent_since_ms, p->device_timeout_s)) {
		error_set(&why, v->why.cause, "%s (waited %u s)", v->why.text, p->device_timeout_s);
		volume_failed(b, v, &why);
	} else if ((v->state == VOLUME_READY || v->state == VOLUME_ABSENT) && headless &&
		   !get_keys_running(b) && boot_is_over(b, b->start_ms, b->plan->give_up_s)) {
		error_set(&why, CAUSE_DEVICE, "no key found within %u s (headless: not prompting)",
			b->plan->give_up_s);
		volume_failed(b, v, &why);
	} else if (v->state == VOLUME_READY && volume_may_ask(b, v) && b->asking &&
		   boot_is_over(b, b->asked_at_ms, p->timeout_s) &&
		   boot_is_over(b, v->ready_since_ms, p->timeout_s)) {
		error_set(&why, CAUSE_USAGE, "no passphrase was given within %u s", p->timeout_s);
		volume_failed(b, v, &why);
	}
}

/* --- children ------------------------------------------------------------------------------ */

/* All children in one sequence. Of child @n: which part of the loop has it, and its index there. */
enum part { SCAN, FETCH, TOKEN, ATTEMPT };

static enum part part_of(unsigned n, unsigned *index)
{
	*index = n ? n - 1 : 0;
	if (!n || *index < FETCHES_MAX)
		return n ? FETCH : SCAN;
	*index -= FETCHES_MAX;
	if (*index < TOKEN_JOBS_MAX)
		return TOKEN;
	*index -= TOKEN_JOBS_MAX;
	return ATTEMPT;
}

static unsigned child_count(const struct boot *b)
{
	return 1 + FETCHES_MAX + TOKEN_JOBS_MAX + b->count;
}

static struct child *child_at(struct boot *b, unsigned n)
{
	unsigned i;

	switch (part_of(n, &i)) {
	case SCAN:
		break;
	case FETCH:
		return &b->jobs[i].child;
	case TOKEN:
		return &b->tokens[i].child;
	case ATTEMPT:
		return &b->volumes[i].child;
	}
	return &b->scanner;
}

static void on_done(struct boot *b, unsigned n)
{
	unsigned i;

	switch (part_of(n, &i)) {
	case SCAN:
		devices_done(b);
		return;
	case FETCH:
		get_keys_done(b, &b->jobs[i]);
		return;
	case TOKEN:
		tokens_done(b, &b->tokens[i]);
		return;
	case ATTEMPT:
		try_keys_done(b, &b->volumes[i]);
		return;
	}
}

/* It is left with its disk: the other disks and the prompt are not to wait. */
static void on_stalled(struct boot *b, unsigned n)
{
	unsigned i;

	consoles_say("%s: not responding; continuing without it", child_at(b, n)->end->waiting_for);
	switch (part_of(n, &i)) {
	case SCAN:
		devices_stalled(b);
		return;
	case FETCH:
		get_keys_stalled(b, &b->jobs[i]);
		return;
	case TOKEN:
		tokens_stalled(b, &b->tokens[i]);
		return;
	case ATTEMPT:
		try_keys_stalled(b, &b->volumes[i]);
		return;
	}
}

/* An attempt and a token have no time limit. */
static void on_late(struct boot *b, unsigned n)
{
	if (!n)
		devices_late(b);
	else
		get_keys_late(b, &b->jobs[n - 1]);
}

/* A line of a child. The scan prints nothing that its findings do not say. */
struct speaker {
	struct boot *b;
	unsigned n;
};

static void on_line(void *context, const char *line)
{
	const struct speaker *s = context;
	unsigned i;
	enum part part = part_of(s->n, &i);

	if (part == TOKEN)
		tokens_heard(s->b, &s->b->tokens[i], line);
	else if (part != SCAN)
		consoles_copy(line);
}

static void handle_children(struct boot *b, const struct pollfd *fds)
{
	for (unsigned n = 0; n < child_count(b); n++) {
		struct child *c = child_at(b, n);

		if (fds[n].revents && child_listen(c, on_line, &(struct speaker){b, n}))
			on_done(b, n);
		else if (stall_is_detected(c, b->now_ms))
			on_stalled(b, n);
		else if (child_is_late(c, b->now_ms))
			on_late(b, n);
	}
	b->scan_again |= stall_is_over();
}

/* --- the loop ------------------------------------------------------------------------------ */

static void wait_and_handle(struct boot *b)
{
	struct pollfd fds[FDS_MAX];
	unsigned consoles = consoles_poll(fds), ask = consoles + 1, first = ask + ASK_FDS;
	const uint8_t *line;
	size_t len;

	fds[consoles] = (struct pollfd){.fd = b->uevents, .events = POLLIN};
	ask_poll(b, fds + ask);
	for (unsigned n = 0; n < child_count(b); n++)
		fds[first + n] = (struct pollfd){child_at(b, n)->pid ? child_at(b, n)->fd : -1, POLLIN, 0};
	if (poll(fds, first + child_count(b), POLL_MS) < 0 && errno != EINTR)
		consoles_say("poll failed: %s", text_errno(errno));
	b->now_ms = clock_now_ms();
	if (fds[consoles].revents && uevent_drain(b->uevents)) {
		b->scan_again = true;
		b->events++;
	}
	ask_handle(b, fds + ask);
	handle_children(b, fds + first);
	/* One only: what was typed after it was typed before it was known to be wrong. */
	if (consoles_take(fds, consoles, &line, &len))
		ask_take(b, b->asked, line, len, "the passphrase");
	if (consoles_interrupted())
		try_keys_cancel(b);
	if (consoles_redraw_due(b->now_ms))
		consoles_redraw();
}

/*
 * All is open, or a needed volume has failed and no attempt runs any more, so that close_ours misses no
 * mapping.
 */
static bool is_done(const struct boot *b)
{
	bool trying = false, wanting = false;

	for (unsigned i = 0; i < b->count; i++) {
		trying |= b->volumes[i].state == VOLUME_TRYING;
		wanting |= volume_wants(&b->volumes[i]);
	}
	return !trying && (b->failed || !wanting);
}

/* A rehearsal whose input has ended: without a key under way nothing opens what is ready. */
static void end_without_input(struct boot *b)
{
	struct error why;

	for (unsigned i = 0; i < b->count && ask_has_ended(b); i++) {
		struct volume *v = &b->volumes[i];

		if (v->state != VOLUME_READY || get_keys_is_pending(b, v))
			continue;
		error_set(&why, b->refused ? b->refused : CAUSE_USAGE, "no line of standard input opens it");
		volume_failed(b, v, &why);
	}
}

static void run(struct boot *b)
{
	while (!is_done(b)) {
		devices_scan(b);
		if (!b->failed) {
			get_keys(b);
			tokens(b);
			try_keys(b);
			end_without_input(b);
			optional_leave(b);
		}
		credential_tidy(b);
		say_waiting(b);
		ask_update(b);
		/* Each key of a volume that was found just now is being fetched. */
		for (unsigned i = 0; i < b->count; i++)
			keep_limits(b, &b->volumes[i]);
		wait_and_handle(b);
	}
}

/* --- before and after ------------------------------------------------------------------------ */

static void close_ours(struct boot *b)
{
	struct kernel k;
	struct error err;

	/* The arena was closed for the children; there are none any more. */
	if (b->test || arena_open(&err) || kernel_open(&k, &err))
		return;
	for (unsigned i = 0; i < b->count; i++) {
		struct volume *v = &b->volumes[i];

		if (!v->ours)
			continue;
		if (map_remove(&k, v->plan->name, &err))
			consoles_say("%s", err.text);
		else
			consoles_say("%s is closed again", v->plan->name);
	}
	kernel_close(&k);
}

/*
 * The names on standard output, and one line in any case. The first volume that is needed and failed sets
 * the cause.
 */
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
	consoles_say(CONSOLES_CHATTER "%u of %u volumes %s", ours, b->count,
		b->test ? "would open" : "opened");
	return CAUSE_OK;
}

static enum cause prepare(struct boot *b, const struct plan *plan, bool test, struct error *err)
{
	enum cause cause;

	/* Children open arenas of their own: this one is not inherited (arena.h). */
	arena_close();
	cause = vault_open(err);
	if (cause)
		return cause;
	b->plan = plan; /* all else is zero, and takes no page where it is not used */
	b->test = test;
	b->scan_again = true;
	if (!devices_open(b))
		return error_set_os(err, CAUSE_RESOURCE, errno, "no memory");
	b->start_ms = b->now_ms = clock_now_ms();
	b->notice_at_ms = b->start_ms + FIRST_NOTICE_MS;
	b->count = plan->count;
	for (unsigned i = 0; i < b->count; i++) {
		volume_init(b, i);
		b->any_needed |= volume_is_needed(&b->volumes[i]);
	}
	b->uevents = uevent_open();
	ask_open(b);
	return CAUSE_OK;
}

static void finish(struct boot *b)
{
	tokens_close(b);
	network_end(b);
	ask_close();
	if (b->uevents >= 0)
		close(b->uevents);
	/* Scans and fetches that still run are of no use any more; attempts have ended (is_done). */
	for (unsigned n = 0; n <= FETCHES_MAX; n++)
		child_drop(child_at(b, n));
	stall_close();
	for (unsigned i = 0; i < b->count; i++)
		if (b->volumes[i].header_fd >= 0)
			close(b->volumes[i].header_fd);
	vault_close();
}

/* Is there a volume without noauto? */
static bool has_work(const struct plan *plan)
{
	for (unsigned i = 0; i < plan->count; i++)
		if (plan->volumes[i].need != PLAN_NOAUTO)
			return true;
	return false;
}

enum cause boot_run(const struct plan *plan, bool test, struct error *err)
{
	struct boot *b = &boot;
	enum cause cause;

	if (!plan->count)
		return error_set(err, CAUSE_USAGE, "no volume is configured");
	if (!has_work(plan))
		return error_set(err, CAUSE_USAGE,
			"no volume is to be opened: noauto, and root=/dev/mapper/NAME names none of them");
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
