/* SPDX-License-Identifier: MIT */
/* tokens - see state.h. */
#include "base/clock.h"
#include "base/text.h"
#include "boot/consoles.h"
#include "boot/plugged.h"
#include "boot/request.h"
#include "boot/stall.h"
#include "boot/state.h"
#include "config/words.h"
#include "secret/wipe.h"
#include "unlock/luks_device.h"
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	AGAIN_MS = 1000,
	NETWORK_AGAIN_MS = 5000,
	NETWORK_UP_S = 10, /* so long the network may not be up yet */
	LOOK_MS = 200,
	ENDING_MS = 1000,
	PAUSE_MS = 20,
	PIN_MS = 5000,
	ANSWERED_MS = 30000
};

/* --- the child's part ---------------------------------------------------------------------- */

static bool print_line(void *context, const char *line)
{
	(void)context;
	text_print(1, "%s\n", line);
	return false;
}

/* The passphrase goes to the job's line of the vault, behind its length. */
static enum cause run(void *arg, struct child_end *end, struct error *err)
{
	struct token_job *job = arg;
	uint8_t *line = vault_line(job->line);
	struct secret out = {line + sizeof(out.len), 0};
	struct luks_device d;
	enum cause cause;

	stall_watch(end);
	job->try.line = print_line;
	cause = luks_device_open(&d, job->request.device, err);
	if (!cause)
		cause = luks_device_open_header(&d, job->request.header, err);
	if (!cause)
		cause = token_try(&luks_device_header(&d)->reader, &job->try, &out, err);
	memcpy(line, &out.len, sizeof(out.len));
	luks_device_close(&d);
	return cause;
}

/* --- starting and ending runs ----------------------------------------------------------------- */

static struct volume_token *token_of(const struct token_job *job)
{
	return &job->volume->tokens[job->token];
}

static bool needs_network(const struct volume_token *t)
{
	return !strcmp(t->need, TOKEN_NETWORK);
}

static bool awaits_network(const struct boot *b, const struct volume_token *t)
{
	return t->state == TOKEN_AGAIN && needs_network(t) && !boot_is_over(b, b->network_ms, NETWORK_UP_S);
}

/* At its end the program takes back what it has asked of its device. */
static void dismiss(struct token_job *job)
{
	job->asks = 0;
	if (job->answers < 0)
		return;
	(void)shutdown(job->answers, SHUT_RDWR);
	close(job->answers);
	job->answers = -1;
}

/* @device as in struct token_try, @plugged 0 if it is none. Not now is soon enough. */
static void start(struct boot *b, struct volume *v, unsigned token, const char *device, uint64_t plugged)
{
	struct token_job *job = b->tokens;
	int ends[2];

	while (job < b->tokens + TOKEN_JOBS_MAX && (job->child.pid || job->given))
		job++;
	if (job == b->tokens + TOKEN_JOBS_MAX || seen_has(&v->seen, SEEN_TOKEN + token, plugged, b->now_ms) ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return;
	job->volume = v;
	job->token = token;
	job->line = VAULT_LINES + (unsigned)(job - b->tokens);
	job->plugged = plugged;
	job->answers = ends[0];
	job->is_patient = job->declined = false;
	job->answered_ms = 0;
	job->request = request_make(v->plan, v->path, v->header_fd >= 0 ? v->header : NULL);
	job->try = (struct token_try){.token = v->tokens[token].is, .answers = ends[1]};
	text_format(job->try.device, sizeof(job->try.device), "%s", device);
	v->tokens[token].state = plugged ? TOKEN_NEEDS : TOKEN_RUNS;
	if (plugged)
		seen_add(&v->seen, SEEN_TOKEN + token, plugged);
	if (!child_start(&job->child, run, job, 0))
		tokens_done(b, job);
	close(ends[1]);
}

static void start_with_devices(struct boot *b, struct volume *v, unsigned token)
{
	char path[TOKEN_DEVICE_BYTES];
	uint64_t plugged;

	for (unsigned n = 0; n < TOKEN_DEVICES_MAX; n++) {
		if (!token_device(v->tokens[token].need, n, path))
			continue;
		plugged = *path == '/' ? plugged_number(path) : 0;
		if (plugged || *path != '/')
			start(b, v, token, path, plugged);
	}
}

static bool is_wanted(const struct volume *v)
{
	return v->state == VOLUME_READY || v->state == VOLUME_TRYING;
}

static void deliver(struct boot *b, struct token_job *job)
{
	const struct luks_token *t = &job->try.token;
	uint8_t *line = vault_line(job->line);
	struct secret s = {line + sizeof(s.len), 0};
	char origin[ORIGIN_BYTES];

	memcpy(&s.len, line, sizeof(s.len));
	text_format(origin, sizeof(origin), "token %u (%s)", t->id, t->type);
	if (!credential_given(b, &s, t->keyslots, job->volume->bit, origin))
		return; /* no slot is free: later */
	job->given = false;
	wipe(line, VAULT_LINE_BYTES);
}

static bool is_late(const struct boot *b, const struct token_job *job)
{
	return job->answered_ms && b->now_ms >= job->answered_ms + ANSWERED_MS;
}

void tokens(struct boot *b)
{
	for (struct token_job *job = b->tokens; job < b->tokens + TOKEN_JOBS_MAX; job++) {
		if (job->child.pid && !is_wanted(job->volume))
			dismiss(job);
		if (is_late(b, job))
			(void)shutdown(job->answers, SHUT_RDWR); /* it ends, and counts as one that failed */
		if (job->given)
			deliver(b, job);
	}
	if (b->now_ms < b->tokens_at_ms)
		return;
	b->tokens_at_ms = b->now_ms + LOOK_MS;
	for (struct volume *v = NULL; (v = volume_next(b, v));)
		for (unsigned i = 0; i < v->token_count && is_wanted(v); i++) {
			struct volume_token *t = &v->tokens[i];
			/* No event tells that a server is there now. */
			bool again = t->state == TOKEN_AGAIN && b->now_ms >= t->again_ms &&
			             (b->events != t->events || needs_network(t));

			if (t->state == TOKEN_NEEDS)
				start_with_devices(b, v, i);
			else if (t->state == TOKEN_NEW || again)
				start(b, v, i, "", 0);
		}
}

void tokens_list(struct volume *v, const struct unlock_look *look)
{
	v->token_count = look->token_count < LOOK_TOKENS_MAX ? look->token_count : LOOK_TOKENS_MAX;
	for (unsigned i = 0; i < v->token_count; i++)
		v->tokens[i] = (struct volume_token){.is = look->tokens[i]};
}

/* --- what it says ----------------------------------------------------------------------------- */

static void say(const struct token_job *job, const char *text)
{
	const struct luks_token *t = &job->try.token;

	consoles_say("%s: token %u (%s): %s", job->volume->plan->name, t->id, t->type, text);
}

void tokens_heard(struct boot *b, struct token_job *job, const char *line)
{
	const char *message = token_try_message(line);
	size_t used = text_format(job->question, sizeof(job->question), "%s: ", job->volume->plan->name);

	job->asks = 0;
	job->answered_ms = 0;
	b->pin_until_ms = 0;
	if (token_try_question(&job->try.token, line, job->question + used, sizeof(job->question) - used)) {
		job->is_patient = true;
		job->asks = ++b->questions;
		job->is_few = *line == 'f';
		if (job->volume->plan->flags.headless || job->volume->out_of_tries || job->declined)
			tokens_answer(b, job->asks, NULL, 0);
	} else if (message) {
		job->is_patient = token_program_waits(line);
		say(job, message);
	} else {
		text_format(token_of(job)->need, TOKEN_NEED_BYTES, "%s", line + 5);
		if (!needs_network(token_of(job)))
			return;
		b->network_ms = b->network_ms ? b->network_ms : b->now_ms;
		network_start(b);
	}
}

const struct token_job *tokens_asking(const struct boot *b)
{
	const struct token_job *first = NULL;

	for (const struct token_job *job = b->tokens; job < b->tokens + TOKEN_JOBS_MAX; job++)
		if (job->asks && volume_may_ask(b, job->volume) && (!first || job->asks < first->asks))
			first = job;
	return first;
}

void tokens_answer(struct boot *b, unsigned question, const uint8_t *line, size_t len)
{
	for (struct token_job *job = b->tokens; job < b->tokens + TOKEN_JOBS_MAX; job++) {
		if (!job->asks || job->asks != question)
			continue;
		job->asks = 0;
		job->answered_ms = b->now_ms;
		b->pin_until_ms = len ? b->now_ms + PIN_MS : 0;
		/* A passphrase that was typed here by mistake is not for the program. */
		if (job->is_few)
			len = len == 3 && !memcmp(line, "yes", 3) ? len : 0;
		job->declined = !len;
		/* One that asks and does not read must not hold up the loop. */
		if (len)
			(void)send(job->answers, line, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)send(job->answers, "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

/* --- its end ---------------------------------------------------------------------------------- */

/*
 * What a network lacks while it comes up is no news; what keeps a server from answering is, once: when two
 * runs have said so.
 */
static bool is_news(const struct boot *b, struct volume_token *t, const char *reason)
{
	uint32_t sum = 1;

	while (*reason)
		sum = sum * 31 + (uint8_t)*reason++;
	t->times = sum == t->reason && !awaits_network(b, t) ? t->times + 1 : 0;
	t->reason = sum;
	return t->times == 1;
}

/* There is one device of a name, but security keys of other people may be plugged in. */
static bool is_only_one(const struct token_job *job)
{
	return job->plugged && words_begins(token_of(job)->need, "node ");
}

static void judge(struct boot *b, struct token_job *job, const struct child_end *end)
{
	struct volume_token *t = token_of(job);

	if (end->cause == CAUSE_DEVICE && !job->plugged) {
		t->state = *t->need && !*job->try.device ? TOKEN_NEEDS : TOKEN_AGAIN;
		t->events = b->events;
		t->again_ms = b->now_ms + AGAIN_MS;
		if (awaits_network(b, t))
			b->stirred_ms = b->now_ms;
		else if (needs_network(t))
			t->again_ms = b->now_ms + NETWORK_AGAIN_MS;
	} else if (!job->plugged || (end->cause > CAUSE_DEVICE || end->cause == CAUSE_RESOURCE)) {
		t->state = TOKEN_OVER;
	}
	job->given = !end->cause;
	if (end->cause == CAUSE_DEVICE)
		t->refused_by = job->plugged;
	if (t->state == TOKEN_AGAIN && needs_network(t)
			? is_news(b, t, end->err.text)
			: end->cause && (end->cause != CAUSE_DEVICE || is_only_one(job) || is_late(b, job) ||
						job->volume->plan->flags.verbose))
		say(job, end->err.text);
}

/*
 * Many security keys serve one program at a time: others may have failed because this one had the device.
 * They are started with it once more.
 */
static void release(struct boot *b, uint64_t plugged)
{
	for (struct volume *v = NULL; (v = volume_next(b, v));)
		for (unsigned i = 0; i < v->token_count; i++)
			if (v->tokens[i].refused_by == plugged) {
				v->tokens[i].refused_by = 0;
				seen_remove(&v->seen, SEEN_TOKEN + i, plugged);
			}
}

void tokens_done(struct boot *b, struct token_job *job)
{
	b->pin_until_ms = b->tokens_at_ms = 0;
	if (job->answers >= 0)
		judge(b, job, job->child.end);
	else if (job->plugged)
		seen_remove(&job->volume->seen, SEEN_TOKEN + job->token, job->plugged);
	else
		token_of(job)->state = TOKEN_NEW;
	if (job->plugged && (job->answers < 0 || job->given))
		release(b, job->plugged);
	dismiss(job);
}

void tokens_stalled(struct boot *b, struct token_job *job)
{
	stall_leave(&job->child);
	dismiss(job);
	tokens_done(b, job);
}

bool tokens_is_pending(const struct boot *b, const struct volume *v)
{
	for (const struct token_job *job = b->tokens; job < b->tokens + TOKEN_JOBS_MAX; job++)
		if (job->volume == v && (job->given || (job->child.pid && !job->is_patient)))
			return true;
	for (unsigned i = 0; i < v->token_count; i++)
		if (awaits_network(b, &v->tokens[i]))
			return true;
	return false;
}

void tokens_close(struct boot *b)
{
	unsigned left = 1;

	for (unsigned ms = 0; left && ms < ENDING_MS; ms += PAUSE_MS) {
		left = 0;
		for (struct token_job *job = b->tokens; job < b->tokens + TOKEN_JOBS_MAX; job++) {
			dismiss(job);
			if (job->child.pid && waitpid(job->child.pid, NULL, WNOHANG))
				(void)child_leave(&job->child);
			left += job->child.pid != 0;
		}
		if (left)
			(void)poll(NULL, 0, PAUSE_MS);
	}
	for (unsigned i = 0; i < TOKEN_JOBS_MAX; i++)
		child_drop(&b->tokens[i].child);
}
