/* SPDX-License-Identifier: MIT */
/* contract - see contract.h. */
#include "token/contract.h"
#include "base/clock.h"
#include "base/relro.h"
#include "base/text.h"
#include "secret/arena.h"
#include "secret/wipe.h"
#include "token/filter.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void hear_end(int number)
{
	(void)number;
	ended = 1;
}

bool contract_is_ended(void)
{
	return ended;
}

/* Blocked but while ppoll waits: so none is missed between a look at @ended and the wait. */
static void hear_signals(void)
{
	struct sigaction end = {.sa_handler = hear_end}, ignore = {.sa_handler = SIG_IGN};
	sigset_t term;

	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &term, NULL);
	(void)sigaction(SIGTERM, &end, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
}

enum cause contract_begin(struct error *err)
{
	enum cause cause;

	relro_protect();
	hear_signals();
	cause = arena_open(err);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	filter_install(FILTER_WITH_MEMORY);
	return cause;
}

void contract_lock_down(void)
{
	filter_install(FILTER_BARE);
}

enum cause contract_read_token(char *text, size_t room, size_t *len, struct error *err)
{
	size_t used = 0;
	ssize_t n;

	do {
		char extra, *to = used < room ? text + used : &extra;

		n = read(CONTRACT_TOKEN, to, used < room ? room - used : 1);
		if (n > 0 && used == room)
			return error_set(err, CAUSE_DAMAGED, "the token is longer than %llu bytes",
				(unsigned long long)room);
		used += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return error_set_os(err, CAUSE_DEVICE, errno, "the token cannot be read from descriptor %d",
			CONTRACT_TOKEN);
	if (!used)
		return error_set(err, CAUSE_DAMAGED, "the token is empty");
	*len = used;
	return CAUSE_OK;
}

bool contract_has_device(void)
{
	struct pollfd p = {.fd = CONTRACT_DEVICE};
	struct timespec now = {0, 0};

	return ppoll(&p, 1, &now, NULL) >= 0 && !(p.revents & POLLNVAL);
}

/* One write a line: lines of a pipe are then never mixed with another program's. */
static void line(const char *word, const char *fmt, va_list args)
{
	char out[CONTRACT_LINE_MAX_BYTES + 2];
	size_t used = text_format(out, sizeof(out) - 1, "%s ", word);

	text_vformat(out + used, sizeof(out) - 1 - used, fmt, args);
	text_sanitize(out);
	used = strlen(out);
	out[used] = '\n';
	(void)text_write(CONTRACT_LINES, out, used + 1);
}

void contract_say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line("say", fmt, args);
	va_end(args);
}

void contract_wait(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line("wait", fmt, args);
	va_end(args);
}

void contract_touch(void)
{
	text_print(CONTRACT_LINES, "touch\n");
}

void contract_need(const char *device)
{
	text_print(CONTRACT_LINES, "need %s\n", device);
}

enum contract_event contract_wait_for(int fd, uint64_t deadline_us)
{
	/* The device is watched in any case: a key may be pulled out while its PIN is asked. */
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = CONTRACT_DEVICE}};
	sigset_t none;

	(void)sigemptyset(&none);
	for (;;) {
		uint64_t now = clock_now_us(), rest = deadline_us > now ? deadline_us - now : 0;
		struct timespec t = {.tv_sec = (time_t)(rest / 1000000), .tv_nsec = (long)(rest % 1000000) * 1000};
		int n = ppoll(p, 2, deadline_us == UINT64_MAX ? NULL : &t, &none);

		if (ended)
			return CONTRACT_ENDED;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? CONTRACT_GONE : CONTRACT_LATE;
		if (p[0].revents & POLLIN)
			return CONTRACT_READY;
		if (p[1].revents & (POLLERR | POLLHUP))
			return CONTRACT_GONE;
		/* A hang-up of what is no device is read as its end of file. */
		if (p[0].revents)
			return fd == CONTRACT_DEVICE ? CONTRACT_GONE : CONTRACT_READY;
		p[1].fd = -1; /* there is no device */
	}
}

/* One line from latchkey, without its newline. */
static enum cause read_answer(uint8_t *out, size_t room, size_t *len, struct error *err)
{
	*len = 0;
	for (;;) {
		enum contract_event event = contract_wait_for(CONTRACT_ANSWERS, UINT64_MAX);
		uint8_t c;

		if (event == CONTRACT_ENDED)
			return error_set(err, CAUSE_DEVICE, "told to end");
		if (event == CONTRACT_GONE)
			return error_set(err, CAUSE_DEVICE, "the device was pulled out while its PIN was asked");
		if (*len == room)
			return error_set(err, CAUSE_PASSPHRASE, "the answer is longer than %llu bytes",
				(unsigned long long)room - 1);
		if (read(CONTRACT_ANSWERS, out + *len, 1) != 1)
			return error_set(err, CAUSE_PASSPHRASE, "no PIN was given");
		c = out[*len];
		if (c == '\n')
			return CAUSE_OK;
		++*len;
	}
}

/* The few tries that are left are a person's: some PIN that lies ready somewhere must not use them up. */
static enum cause ask_for_few(unsigned left, uint8_t *answer, struct error *err)
{
	enum cause cause;
	size_t len;

	text_print(CONTRACT_LINES, "few %u\n", left);
	cause = read_answer(answer, CONTRACT_PIN_MAX_BYTES, &len, err);
	if (!cause && (len != 3 || memcmp(answer, "yes", 3)))
		cause = error_set(err, CAUSE_PASSPHRASE, "%u tries of the PIN are left and stay so", left);
	wipe(answer, CONTRACT_PIN_MAX_BYTES);
	return cause;
}

enum cause contract_ask_pin(unsigned left, uint8_t *pin, size_t *len, struct error *err)
{
	enum cause cause = left && left <= CONTRACT_FEW_TRIES ? ask_for_few(left, pin, err) : CAUSE_OK;

	if (cause)
		return cause;
	text_print(CONTRACT_LINES, "pin %u\n", left);
	cause = read_answer(pin, CONTRACT_PIN_MAX_BYTES, len, err);
	if (!cause && !*len)
		cause = error_set(err, CAUSE_PASSPHRASE, "no PIN was given");
	return cause;
}

enum cause contract_give(struct bytes passphrase, struct error *err)
{
	if (!text_write(CONTRACT_PASSPHRASE, passphrase.data, passphrase.len))
		return error_set_os(err, CAUSE_DEVICE, errno, "the passphrase cannot be written to descriptor %d",
			CONTRACT_PASSPHRASE);
	return CAUSE_OK;
}

int contract_end(enum cause cause, const struct error *err)
{
	if (cause && !ended)
		contract_say("%s", err->text);
	arena_close();
	wipe_stack();
	return (int)cause;
}
