/* SPDX-License-Identifier: MIT */
/* boot - see boot.h. Parts: keys.c (what may open what), consoles.c (people), sight.c (devices). */
#include "boot/boot.h"
#include "base/text.h"
#include "boot/consoles.h"
#include "boot/state.h"
#include "device/uevent.h"
#include "dm/map.h"
#include "secret/arena.h"
#include "secret/wipe.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FDS_MAX = CONSOLES_MAX + 3 + FETCHES_MAX + 1 + PLAN_VOLUMES_MAX,
	TICK_MS = 1000,
	/* Every so often what is waited for is said. */
	NOTICE_MS = 10000,
	/* A volume with a damaged header gets so long for a stick with another one. */
	DAMAGED_PATIENCE_MS = 30000,
	PAUSE_MAX_S = 10,
	LOOK_LIMIT_S = 60,
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
	b->failed |= !v->plan->flags.nofail;
}

/* --- devices ------------------------------------------------------------------------------- */

static void set_title(struct volume *v, const struct sight_volume *seen)
{
	char label[4 * LUKS_LABEL_CHARS + 1], path[SYSBLOCK_PATH_BYTES];

	text_escape(label, sizeof(label), seen->look.label);
	text_escape(path, sizeof(path), seen->path);
	text_format(v->title, sizeof(v->title), "%s (%s%s%s)", v->plan->name, path, *label ? ", " : "", label);
}

/* What cannot get better by waiting. */
static bool is_final(const struct boot *b, struct volume *v, const struct sight_volume *seen)
{
	if (seen->cause == CAUSE_DEVICE)
		return false;
	if (seen->cause != CAUSE_DAMAGED || v->plan->flags.no_stick)
		return true;
	if (!v->damaged_since_ms) {
		v->damaged_since_ms = b->now_ms;
		consoles_say("latchkey: %s: %s", v->plan->name, seen->err.text);
		consoles_say("latchkey: waiting %d s for a stick with its header", DAMAGED_PATIENCE_MS / 1000);
	}
	return b->now_ms - v->damaged_since_ms > DAMAGED_PATIENCE_MS;
}

static void heed_volume(struct boot *b, struct volume *v, const struct sight_volume *seen)
{
	if (v->state != VOLUME_ABSENT || !seen->wanted)
		return;
	v->why = seen->err;
	v->why.cause = seen->cause;
	if (seen->mapped) {
		v->state = VOLUME_OPEN;
		consoles_say("latchkey: %s is open already", v->plan->name);
	} else if (!seen->cause) {
		v->state = VOLUME_READY;
		memcpy(v->path, seen->path, sizeof(v->path));
		memcpy(v->uuid, seen->look.uuid, sizeof(v->uuid));
		v->memory_kib = seen->look.memory_kib;
		set_title(v, seen);
		if (!b->cache_read && !v->plan->flags.password_cache_off) {
			b->cache_read = true;
			keys_cached(b);
		}
	} else if (is_final(b, v, seen)) {
		volume_failed(b, v, &seen->err);
	}
}

static void look_done(struct boot *b)
{
	b->sight = *b->looking;
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

static void look(struct boot *b)
{
	if (b->looker.pid || (!b->look_again && b->now_ms < b->look_at_ms))
		return;
	b->look_again = false;
	/* Kernels without uevents, and devices that become readable without one. */
	b->look_at_ms = b->now_ms + (b->uevents < 0 || anything_absent(b) ? TICK_MS : NOTICE_MS);
	memset(b->looking, 0, sizeof(*b->looking));
	b->looking->plan = b->plan;
	b->looking->test = b->test;
	for (unsigned i = 0; i < b->count; i++) {
		b->looking->volumes[i].wanted = volume_wants(&b->volumes[i]);
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

		if (v->state == VOLUME_ABSENT && v->why.cause == CAUSE_DEVICE)
			consoles_say("latchkey: waiting for %s: %s", v->plan->name, v->why.text);
	}
}

/* --- people -------------------------------------------------------------------------------- */

static bool waits_for_key_first(const struct boot *b, const struct volume *v)
{
	return v->plan->key_timeout_s && b->now_ms - b->start_ms < (uint64_t)v->plan->key_timeout_s * 1000;
}

static bool may_ask_for(const struct boot *b, const struct volume *v)
{
	return v->state == VOLUME_READY && !v->plan->flags.headless && !b->plan->headless && !waits_for_key_first(b, v);
}

/* "Enter passphrase for root (/dev/sda2), home: "; the first one that may be asked for, or NULL. */
static const struct volume *make_prompt(const struct boot *b, char *text, size_t size)
{
	const struct volume *first = NULL;
	size_t used = text_format(text, size, "Enter passphrase for ");

	for (unsigned i = 0; i < b->count; i++) {
		const struct volume *v = &b->volumes[i];

		if (!may_ask_for(b, v))
			continue;
		used += text_format(text + used, size - used, "%s%s", first ? ", " : "", first ? v->plan->name : v->title);
		first = first ? first : v;
	}
	text_format(text + used, size - used, ": ");
	return first;
}

static void show_status(const struct boot *b)
{
	char text[120];

	for (unsigned i = 0; i < b->count; i++) {
		const struct volume *v = &b->volumes[i];

		if (v->state != VOLUME_TRYING)
			continue;
		text_format(text, sizeof(text), "Deriving the key for %s: %u %%", v->plan->name, v->child.end->percent);
		consoles_status(text);
		return;
	}
	consoles_status("");
}

static _Noreturn void switch_off(int how, const char *what)
{
	consoles_say("latchkey: %s after so many wrong passphrases", what);
	consoles_close();
	vault_close();
	sync();
	(void)reboot(how);
	_exit(CAUSE_KERNEL);
}

static void fail_all_that_ask(struct boot *b)
{
	struct error why;

	error_set(&why, CAUSE_PASSPHRASE, "no right passphrase in %u tries", b->wrong);
	for (unsigned i = 0; i < b->count; i++)
		if (volume_wants(&b->volumes[i]) && b->volumes[i].state == VOLUME_READY)
			volume_failed(b, &b->volumes[i], &why);
}

static void heed_wrong(struct boot *b)
{
	if (b->wrong == b->wrong_heeded)
		return;
	b->wrong_heeded = b->wrong;
	b->pause_s = b->pause_s ? b->pause_s * 2 : 1;
	if (b->pause_s > PAUSE_MAX_S)
		b->pause_s = PAUSE_MAX_S;
	b->ask_from_ms = b->now_ms + b->pause_s * 1000;
	if (!b->plan->tries || b->wrong % b->plan->tries)
		return;
	switch (b->plan->after) {
	case PLAN_AFTER_POWEROFF:
		switch_off(RB_POWER_OFF, "switching off");
	case PLAN_AFTER_REBOOT:
		switch_off(RB_AUTOBOOT, "restarting");
	case PLAN_AFTER_FAIL:
		fail_all_that_ask(b);
		return;
	case PLAN_AFTER_ASK:
		return;
	}
}

static void ask(struct boot *b)
{
	char text[200];
	const struct volume *first;

	heed_wrong(b);
	first = make_prompt(b, text, sizeof(text));
	if (keys_typed_pending(b)) {
		show_status(b);
		b->asking = false;
	} else if (!first || b->now_ms < b->ask_from_ms) {
		consoles_status("");
		b->asking = false;
	} else {
		consoles_ask(text, first->plan->echo == PLAN_ECHO_MASKED);
		if (!b->asking)
			b->asked_at_ms = b->now_ms;
		b->asking = true;
	}
}

static void heed_fifo(struct boot *b)
{
	uint8_t *line = vault_line(VAULT_LINES - 1);
	ssize_t n = read(b->fifo, line, CONSOLES_PASSPHRASE_MAX_BYTES + 1);

	if (n > 0 && line[n - 1] == '\n')
		n--;
	if (n > 0)
		keys_typed(b, line, (size_t)n, true, "the passphrase from the FIFO");
	wipe(line, VAULT_LINE_BYTES);
}

static void open_fifo(struct boot *b)
{
	const char *path = b->plan->passfifo;
	struct stat st;

	b->fifo = -1;
	if (!path)
		return;
	b->fifo_is_ours = !mkfifo(path, 0600);
	/* For writing, too: so that it does not end when the first writer goes. */
	b->fifo = open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (b->fifo >= 0 && !fstat(b->fifo, &st) && S_ISFIFO(st.st_mode))
		return;
	consoles_say("latchkey: %s: is no FIFO that can be opened", path);
	if (b->fifo >= 0)
		close(b->fifo);
	b->fifo = -1;
}

/* --- limits -------------------------------------------------------------------------------- */

static bool is_over(const struct boot *b, uint64_t since_ms, unsigned limit_s)
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

	if (v->state == VOLUME_ABSENT && is_over(b, v->absent_since_ms, p->device_timeout_s)) {
		error_set(&why, v->why.cause, "%s (waited %u s)", v->why.text, p->device_timeout_s);
		volume_failed(b, v, &why);
	} else if (v->state == VOLUME_READY && headless && !is_being_helped(b) &&
		   is_over(b, b->start_ms, b->plan->give_up_s)) {
		error_set(&why, CAUSE_DEVICE, "no key came within %u s, and nobody is to be asked", b->plan->give_up_s);
		volume_failed(b, v, &why);
	} else if (v->state == VOLUME_READY && b->asking && is_over(b, b->asked_at_ms, p->timeout_s)) {
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
	if (fds->revents && child_listen(&b->looker, hear_nothing, NULL))
		look_done(b);
	fds++;
	for (unsigned i = 0; i < FETCHES_MAX; i++, fds++)
		if (fds->revents && child_listen(&b->errands[i].child, hear, NULL))
			keys_errand_done(b, &b->errands[i]);
	for (unsigned i = 0; i < b->count; i++, fds++)
		if (fds->revents && child_listen(&b->volumes[i].child, hear, NULL))
			keys_attempt_done(b, &b->volumes[i]);
}

static void heed_late(struct boot *b)
{
	if (child_is_late(&b->looker, b->now_ms))
		consoles_say("latchkey: a device does not answer within %d s", LOOK_LIMIT_S);
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
	listen_to(fds, &n, b->fifo);
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
	if (fds[consoles + 1].revents)
		heed_fifo(b);
	heed_children(b, fds + children);
	heed_late(b);
	while (consoles_take(fds, consoles, &line, &len))
		keys_typed(b, line, len, true, "the passphrase");
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
		}
		keys_tidy(b);
		say_waiting(b);
		ask(b);
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
		if (!first && v->state == VOLUME_FAILED && !v->plan->flags.nofail)
			first = v;
	}
	if (b->failed && ours)
		close_ours(b);
	if (b->failed && first)
		return error_set(err, first->why.cause, "%s could not be opened", first->plan->name);
	consoles_say("latchkey: %u of %u volumes %s", ours, b->count, b->test ? "would open" : "opened");
	return CAUSE_OK;
}

static enum cause prepare(struct boot *b, const struct plan *plan, bool test, struct error *err)
{
	enum cause cause;

	/* Children make arenas of their own; this one they would not get. */
	arena_close();
	cause = vault_open(err);
	*b = (struct boot){.plan = plan, .test = test, .look_again = true, .count = plan->count};
	if (cause)
		return cause;
	b->looking = mmap(NULL, sizeof(*b->looking), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b->looking == MAP_FAILED)
		return error_set_os(err, CAUSE_RESOURCE, errno, "no memory");
	b->start_ms = b->now_ms = child_now_ms();
	b->notice_at_ms = b->start_ms + TICK_MS; /* most devices are there by then */
	for (unsigned i = 0; i < b->count; i++) {
		b->volumes[i].plan = &plan->volumes[i];
		b->volumes[i].state = plan->volumes[i].flags.noauto ? VOLUME_LEFT : VOLUME_ABSENT;
		b->volumes[i].header_fd = -1;
		b->volumes[i].absent_since_ms = b->start_ms;
		error_set(&b->volumes[i].why, CAUSE_DEVICE, "%s: not looked at yet", plan->volumes[i].device);
	}
	b->uevents = uevent_open();
	consoles_open();
	open_fifo(b);
	return CAUSE_OK;
}

static void finish(struct boot *b)
{
	consoles_close();
	if (b->uevents >= 0)
		close(b->uevents);
	if (b->fifo >= 0) {
		close(b->fifo);
		if (b->fifo_is_ours)
			(void)unlink(b->plan->passfifo);
	}
	/* What is still on its way finds nobody at home. */
	child_drop(&b->looker);
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
	cause = prepare(b, plan, test, err);
	if (!cause) {
		run(b);
		cause = conclude(b, err);
		finish(b);
	}
	return cause;
}
