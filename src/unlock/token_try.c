/* SPDX-License-Identifier: MIT */
/* token_try - see token_try.h. */
#include "unlock/token_try.h"
#include "base/os.h"
#include "base/text.h"
#include "config/words.h"
#include "format/header.h"
#include "secret/arena.h"
#include "secret/prompt.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/*
 * For the network: a socket on which the kernel answers about addresses and routes.
 * A terminal without a carrier would hold up open(2); the program gets a descriptor that blocks.
 */
static int open_device(const char *path, bool network)
{
	int fd = network ? socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0 /* NETLINK_ROUTE */)
	                 : os_open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);

	if (fd >= 0 && !network)
		(void)fcntl(fd, F_SETFL, O_RDWR);
	return fd;
}

enum cause token_try(const struct reader *header, const struct token_try *t, struct secret *out,
	struct error *err)
{
	static char text[TOKEN_TEXT_MAX_BYTES];
	char program[TOKEN_PROGRAM_BYTES];
	struct header_token want = {t->token.id, text, sizeof(text), 0};
	struct header_report report;
	struct luks luks;
	struct token_run run = {program, text, 0, -1, false, t->answers, t->line, t->context};
	enum cause cause = header_load_token(header, &luks, &report, &want, err);

	if (cause)
		return cause;
	if (!token_program(&t->token, program))
		return error_set(err, CAUSE_UNSUPPORTED, "there is no program for it in /lib/latchkey/token");
	run.len = want.len;
	run.network = !strcmp(t->device, TOKEN_NETWORK);
	if (*t->device && (run.device = open_device(t->device, run.network)) < 0)
		return error_set_os(err, CAUSE_DEVICE, errno, "%s: cannot be opened", t->device);
	cause = token_program_run(&run, out, err);
	close(run.device);
	return cause;
}

/* --- lines ---------------------------------------------------------------------------------- */

bool token_try_question(const struct luks_token *t, const char *line, char *text, size_t size)
{
	enum { TRIES_MAX = 999 };
	uint64_t left;

	/* A number, or none: other text could be the program's own question, such as for the passphrase. */
	if (strlen(line) < 4 || !text_parse_u64(line + 4, &left) || left > TRIES_MAX)
		left = 0;
	if (words_begins(line, "few "))
		text_format(text, size, "Token %u (%s): tries left for its PIN: %u. Use one (yes or no)? ",
			t->id, t->type, (unsigned)left);
	else if (!words_begins(line, "pin "))
		return false;
	else if (left)
		text_format(text, size, "PIN of token %u (%s; tries left: %u; empty: none): ", t->id, t->type,
			(unsigned)left);
	else
		text_format(text, size, "PIN of token %u (%s; empty: none): ", t->id, t->type);
	return true;
}

const char *token_try_message(const char *line)
{
	if (words_begins(line, "need "))
		return NULL;
	if (!strcmp(line, "touch"))
		return "touch the security key";
	return line + words_begins(line, "say ");
}

/* --- with a person at the terminal ------------------------------------------------------------ */

struct talk {
	const struct unlock_request *request;
	const struct luks_token *token;
	char need[TOKEN_NEED_BYTES];
	int answers;
	bool declined;    /* a person gave no PIN to this run: it asks nothing more */
	unsigned touches; /* that this run has asked for */
};

/* The user is absent, or prefers to type the passphrase: an empty line. */
static void answer(struct talk *k, const char *question)
{
	size_t mark = arena_mark();
	struct secret line = {NULL, 0};
	struct error none;

	if (!k->declined && request_asks_for_tokens(k->request) && prompt_is_interactive() &&
		!prompt_ask(question, &line, &none))
		(void)text_write(k->answers, line.data, line.len);
	k->declined = !line.len;
	(void)text_write(k->answers, "\n", 1);
	arena_release(mark);
}

static bool on_line(void *context, const char *line)
{
	struct talk *k = context;
	const char *message = token_try_message(line);
	char question[160];
	unsigned again;

	if (token_try_question(k->token, line, question, sizeof(question))) {
		answer(k, question);
		return true;
	}
	/* The next key, or the prompt for the passphrase, waits for its turn. 0 tries are no limit. */
	again = request_asks_for_tokens(k->request) ? k->request->tries - 1 : 0;
	if (!strcmp(line, "touch") && k->touches++ > again)
		(void)shutdown(k->answers, SHUT_RDWR);
	else if (message)
		text_print(2, "latchkey: token %u (%s): %s\n", k->token->id, k->token->type, message);
	else
		text_format(k->need, sizeof(k->need), "%s", line + 5);
	return false;
}

static enum cause run(struct talk *k, const struct reader *header, struct token_try *t, struct secret *out,
	struct error *err)
{
	int ends[2];
	enum cause cause;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return error_set_os(err, CAUSE_RESOURCE, errno, "cannot start a process");
	k->answers = ends[0];
	k->declined = false;
	k->touches = 0;
	t->answers = ends[1];
	cause = token_try(header, t, out, err);
	close(ends[0]);
	close(ends[1]);
	return cause;
}

enum cause token_try_passphrase(const struct unlock_request *r, const struct reader *header,
	const struct luks_token *t, struct secret *out, struct error *err)
{
	struct talk k = {.request = r, .token = t};
	struct token_try try = {.token = *t, .line = on_line, .context = &k};
	enum cause cause = arena_get(&out->data, TOKEN_SECRET_MAX_BYTES, err);

	if (!cause)
		cause = run(&k, header, &try, out, err);
	for (unsigned n = 0; cause && *k.need && n < TOKEN_DEVICES_MAX; n++) {
		struct error why;

		if (!token_device(k.need, n, try.device))
			continue;
		cause = run(&k, header, &try, out, &why);
		/* A wrong PIN says more than that another device is not the right one. */
		if (cause && err->cause != CAUSE_PASSPHRASE)
			*err = why;
	}
	return cause ? err->cause : CAUSE_OK;
}
