/* SPDX-License-Identifier: MIT */
/* ask - see state.h. */
#include "base/text.h"
#include "boot/consoles.h"
#include "boot/fifo.h"
#include "boot/plymouth.h"
#include "boot/state.h"
#include "unlock/meter.h"
#include <string.h>
#include <unistd.h>

enum { PAUSE_MAX_S = 10, HIDDEN_AFTER_S = 5 };

bool ask_has_ended(const struct boot *b)
{
	return b->piped && fifo_fd() < 0;
}

/* "Enter passphrase for root (/dev/sda2), home, keymap fr: ": needed ones first. The first one, or NULL. */
static const struct volume *make_prompt(struct boot *b, char *text, size_t size)
{
	enum { FOR_MORE = 64 };
	const struct volume *first = NULL;
	size_t used = text_format(text, size - FOR_MORE, "Enter passphrase for ");
	unsigned more = 0;

	for (const struct volume *v = NULL; (v = volume_next(b, v));) {
		if (!volume_may_ask(b, v))
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
	if (b->plan->keymap)
		used += text_format(text + used, size - used, ", keymap %s", b->plan->keymap);
	text_format(text + used, size - used, ": ");
	return first;
}

static void show_status(const struct boot *b)
{
	char text[160], how_far[40];

	for (unsigned i = 0; i < b->count; i++) {
		const struct volume *v = &b->volumes[i];

		if (v->state != VOLUME_TRYING)
			continue;
		meter_text(how_far, sizeof(how_far), v->child.end->percent, v->child.end->seconds_left);
		text_format(text, sizeof(text), "Deriving the key for %s: %s", v->plan->name, how_far);
		consoles_status(text);
		return;
	}
	consoles_status("");
}

/* After a wrong passphrase the next prompt waits, longer each time. */
static void pause_after_wrong(struct boot *b)
{
	if (b->wrong == b->wrong_handled)
		return;
	b->wrong_handled = b->wrong;
	b->pause_s = b->pause_s ? b->pause_s * 2 : 1;
	if (b->pause_s > PAUSE_MAX_S)
		b->pause_s = PAUSE_MAX_S;
	b->ask_from_ms = b->now_ms + b->pause_s * 1000;
}

/* Enter alone is often pressed by mistake: the empty passphrase counts when it comes twice. */
static const char ask_again[] = "Empty: press Enter again to try it. ";

void ask_take(struct boot *b, unsigned question, const uint8_t *line, size_t len, const char *origin)
{
	if (question) {
		tokens_answer(b, question, line, len);
		return;
	}
	if (slow_answer(b, line, len))
		return;
	b->empty = !len && !b->empty;
	if (b->empty)
		consoles_say("%s", ask_again);
	else
		credential_typed(b, line, len, origin);
}

/* The token whose question is asked now; NULL: the passphrase is. */
static const struct token_job *choose(struct boot *b)
{
	const struct token_job *job = tokens_asking(b);
	unsigned wanted = job ? job->asks : 0;

	if (wanted != b->asked && consoles_turn(b->asked != 0)) {
		b->asked = wanted;
		b->empty = false;
	}
	return b->asked ? job : NULL;
}

/* A prompt that shows nothing can be taken for a frozen one. This is printed once, and not after a key. */
static void say_hidden(struct boot *b)
{
	if (b->hidden_said || consoles_typed_ms() || !boot_is_over(b, b->asked_at_ms, HIDDEN_AFTER_S))
		return;
	b->hidden_said = true;
	consoles_say(CONSOLES_CHATTER "what you type is not shown");
}

static void show_prompt(struct boot *b, const char *passphrase, bool masked)
{
	const struct token_job *job = choose(b);
	const char *text = job ? job->question : passphrase;
	bool open = plymouth_fd() >= 0;

	plymouth_ask(job ? "" : b->empty ? ask_again : b->wrong ? "That was wrong. " : "", text, b->now_ms);
	if (!open)
		b->asked_on_splash = b->asked;
	consoles_lend(plymouth_pid());
	consoles_ask(text, masked);
	if (!b->asking)
		b->asked_at_ms = b->now_ms;
	b->asking = true;
	if (!masked)
		say_hidden(b);
}

void ask_update(struct boot *b)
{
	char text[200];
	const struct volume *first;

	pause_after_wrong(b);
	tries_enforce(b);
	first = make_prompt(b, text, sizeof(text));
	if (slow_question(b, text, sizeof(text))) {
		show_prompt(b, text, false);
		b->asked_at_ms = b->now_ms;
	} else if (credential_is_typed_pending(b)) {
		show_status(b);
		b->asking = false;
	} else if (b->now_ms < b->pin_until_ms) {
		consoles_status("Checking the PIN");
		b->asking = false;
	} else if (!first || (b->now_ms < b->ask_from_ms && !b->asking)) {
		/* A prompt that is shown already stays: a pause must not drop what is being typed. */
		consoles_status("");
		b->asking = false;
	} else {
		show_prompt(b, text, first->plan->echo == PLAN_ECHO_MASKED);
	}
}

/* --- for the loop --------------------------------------------------------------------------- */

void ask_open(struct boot *b)
{
	consoles_open(b->test);
	if (b->plan->quiet && !b->test)
		consoles_be_quiet();
	b->piped = b->test && !isatty(STDIN_FILENO);
	if (b->piped)
		fifo_open_input();
	else if (b->plan->passfifo)
		fifo_open(b->plan->passfifo);
}

void ask_poll(const struct boot *b, struct pollfd fds[static ASK_FDS])
{
	fds[0] = (struct pollfd){.fd = b->now_ms < b->ask_from_ms ? -1 : fifo_fd(), .events = POLLIN};
	fds[1] = (struct pollfd){.fd = plymouth_fd(), .events = POLLIN};
}

void ask_handle(struct boot *b, const struct pollfd fds[static ASK_FDS])
{
	const uint8_t *line;
	size_t len;

	if (fds[0].revents) {
		if (fifo_take(&line, &len))
			ask_take(b, 0, line, len,
				b->piped ? "the passphrase from standard input"
					 : "the passphrase from the FIFO");
		fifo_wipe();
	}
	if (fds[1].revents && plymouth_take(&line, &len)) {
		ask_take(b, b->asked_on_splash, line, len, "the passphrase from the splash screen");
		plymouth_close();
	}
}

void ask_close(void)
{
	plymouth_close();
	consoles_close();
	fifo_close();
}
