/* SPDX-License-Identifier: MIT */
/* people - see state.h: the prompt, and the other ways by which a passphrase comes: a FIFO, the splash screen. */
#include "base/text.h"
#include "boot/consoles.h"
#include "boot/plymouth.h"
#include "boot/state.h"
#include "secret/wipe.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAUSE_MAX_S = 10 };

static bool waits_for_key_first(const struct boot *b, const struct volume *v)
{
	return v->plan->key_timeout_s && b->now_ms - b->start_ms < (uint64_t)v->plan->key_timeout_s * 1000;
}

bool people_may_be_asked(const struct boot *b, const struct volume *v)
{
	/* While a key is tried a passphrase may come, too. */
	bool free =
		v->state == VOLUME_READY || (v->state == VOLUME_TRYING && !b->credentials[v->trying].counts);

	/* A line that is only tried on the way is for the running system to ask for. */
	return free && !v->out_of_tries && v->plan->need != PLAN_UNMARKED && !v->plan->flags.headless &&
	       !b->plan->headless && !waits_for_key_first(b, v);
}

/* "Enter passphrase for root (/dev/sda2), home: ", with what is needed first; the first one, or NULL. */
static const struct volume *make_prompt(const struct boot *b, char *text, size_t size)
{
	enum { FOR_MORE = 24 };
	const struct volume *first = NULL;
	size_t used = text_format(text, size - FOR_MORE, "Enter passphrase for ");
	unsigned more = 0;

	for (unsigned i = 0; i < 2 * b->count; i++) {
		const struct volume *v = &b->volumes[i % b->count];

		if (volume_is_needed(v) != (i < b->count) || !people_may_be_asked(b, v))
			continue;
		if (first && used + strlen(v->plan->name) + sizeof(", ") > size - FOR_MORE)
			more++;
		else
			used += text_format(text + used, size - FOR_MORE - used, "%s%s", first ? ", " : "",
				first ? v->plan->name : v->title);
		first = first ? first : v;
	}
	if (more)
		used += text_format(text + used, size - used, " and %u more", more);
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
		text_format(text, sizeof(text), "Deriving the key for %s: %u %%", v->plan->name,
			v->child.end->percent);
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
	/* Nothing was written here; and sync(2) would wait for a disk that does not answer. */
	(void)reboot(how);
	_exit(CAUSE_KERNEL);
}

void people_wrong(struct boot *b, struct volume *v)
{
	bool needed = volume_is_needed(v);
	unsigned tries = needed || v->plan->tries ? v->plan->tries : SPARE_TRIES;

	v->wrong++;
	if (!tries || v->wrong % tries)
		return;
	switch (needed && !b->test ? b->plan->after : PLAN_AFTER_FAIL) {
	case PLAN_AFTER_POWEROFF:
		switch_off(RB_POWER_OFF, "switching off");
	case PLAN_AFTER_REBOOT:
		switch_off(RB_AUTOBOOT, "restarting");
	case PLAN_AFTER_FAIL:
		v->out_of_tries = true;
		return;
	case PLAN_AFTER_ASK:
		return;
	}
}

static void fail_out_of_tries(struct boot *b)
{
	struct error why;

	for (unsigned i = 0; i < b->count; i++) {
		struct volume *v = &b->volumes[i];

		if (!v->out_of_tries || v->state != VOLUME_READY || !volume_is_needed(v))
			continue;
		error_set(&why, CAUSE_PASSPHRASE, "no right passphrase in %u tries", v->wrong);
		volume_failed(b, v, &why);
	}
}

/* A pause behind a wrong passphrase, longer each time. */
static void heed_wrong(struct boot *b)
{
	if (b->wrong == b->wrong_heeded)
		return;
	b->wrong_heeded = b->wrong;
	b->pause_s = b->pause_s ? b->pause_s * 2 : 1;
	if (b->pause_s > PAUSE_MAX_S)
		b->pause_s = PAUSE_MAX_S;
	b->ask_from_ms = b->now_ms + b->pause_s * 1000;
}

void people_ask(struct boot *b)
{
	char text[200];
	const struct volume *first;

	heed_wrong(b);
	fail_out_of_tries(b);
	first = make_prompt(b, text, sizeof(text));
	if (keys_typed_pending(b)) {
		show_status(b);
		b->asking = false;
	} else if (!first || b->now_ms < b->ask_from_ms) {
		consoles_status("");
		b->asking = false;
	} else {
		plymouth_ask(text, b->wrong, b->now_ms);
		consoles_lend(plymouth_pid());
		consoles_ask(text, first->plan->echo == PLAN_ECHO_MASKED);
		if (!b->asking)
			b->asked_at_ms = b->now_ms;
		b->asking = true;
	}
}

/* --- the FIFO ------------------------------------------------------------------------------ */

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

/* Up to a newline, or as much as there is: programs write a passphrase without one, too. */
static void heed_fifo(struct boot *b)
{
	enum { PIPE_BYTES = 65536 };
	uint8_t *line = vault_line(VAULT_LINES - 1);
	size_t len = 0;
	unsigned i = 0;
	ssize_t n;

	/* What is too long is taken out to its end, so that its rest is no passphrase. */
	while ((n = read(b->fifo, line + len, 1)) == 1 && line[len] != '\n' && ++i < PIPE_BYTES)
		len += len <= CONSOLES_PASSPHRASE_MAX_BYTES;
	if (len && len <= CONSOLES_PASSPHRASE_MAX_BYTES)
		keys_typed(b, line, len, "the passphrase from the FIFO");
	else if (len || n == 1)
		consoles_say("latchkey: %s: %s", b->plan->passfifo,
			len ? "a passphrase has at most 512 bytes" : "an empty passphrase is refused");
	wipe(line, VAULT_LINE_BYTES);
}

/* --- for the loop --------------------------------------------------------------------------- */

void people_open(struct boot *b)
{
	consoles_open(b->test);
	if (b->plan->quiet && !b->test)
		consoles_be_quiet();
	open_fifo(b);
}

void people_listen(const struct boot *b, struct pollfd fds[static PEOPLE_FDS])
{
	fds[0] = (struct pollfd){.fd = b->now_ms < b->ask_from_ms ? -1 : b->fifo, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = plymouth_fd(), .events = POLLIN};
}

void people_heed(struct boot *b, const struct pollfd fds[static PEOPLE_FDS])
{
	const uint8_t *line;
	size_t len;

	if (fds[0].revents)
		heed_fifo(b);
	if (fds[1].revents && plymouth_take(&line, &len)) {
		keys_typed(b, line, len, "the passphrase from the splash screen");
		plymouth_close();
	}
}

void people_close(struct boot *b)
{
	plymouth_close();
	consoles_close();
	if (b->fifo >= 0) {
		close(b->fifo);
		if (b->fifo_is_ours)
			(void)unlink(b->plan->passfifo);
	}
}
