/* SPDX-License-Identifier: MIT */
/* contract - see contract.h. */
#include "token/contract.h"
#include "base/clock.h"
#include "base/relro.h"
#include "base/text.h"
#include "secret/wipe.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static bool ended;
static struct {
	void *at;
	size_t bytes;
} secrets;

bool contract_is_ended(void)
{
	return ended;
}

void contract_begin(enum filter first, void *where, size_t bytes)
{
	struct rlimit no_core = {0, 0};
	sigset_t held;

	relro_protect();
	secrets.at = where;
	secrets.bytes = bytes;
	/*
	 * What must not kill a program that has a device to leave in order: a line without a reader, and a
	 * service manager's signal for all of a service. latchkey gets that, too, and ends the answers.
	 */
	(void)sigemptyset(&held);
	(void)sigaddset(&held, SIGPIPE);
	(void)sigaddset(&held, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &held, NULL);
	/* All of these can only fail for a reason that also makes them unnecessary, or cannot be helped. */
	(void)prlimit(0, RLIMIT_CORE, &no_core, NULL);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* At latchkey's end the answers end: that leaves time to take back what the device was asked. */
	(void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	(void)mlock(where, bytes);
	filter_install(first);
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
		return error_set(err, CAUSE_DEVICE, "the token cannot be read from descriptor %d: error %d",
			CONTRACT_TOKEN, errno);
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
void contract_say(const char *fmt, ...)
{
	char out[CONTRACT_LINE_MAX_BYTES + 2] = "say ";
	size_t used = strlen(out);
	va_list args;

	va_start(args, fmt);
	text_vformat(out + used, sizeof(out) - 1 - used, fmt, args);
	va_end(args);
	text_sanitize(out);
	used = strlen(out);
	out[used] = '\n';
	(void)text_write(CONTRACT_LINES, out, used + 1);
}

void contract_wait(const char *what)
{
	text_print(CONTRACT_LINES, "wait %s\n", what);
}

void contract_touch(void)
{
	text_print(CONTRACT_LINES, "touch\n");
}

void contract_need(const char *device)
{
	text_print(CONTRACT_LINES, "need %s\n", device);
}

/* The answers and the device are watched in any case: whatever it waits for, either may go away. */
enum { WANTED, ANSWERS, DEVICE, WATCHED };

static enum contract_event judge(const struct pollfd *p)
{
	if (p[ANSWERS].revents & POLLHUP) {
		ended = true;
		return CONTRACT_ENDED;
	}
	if (p[WANTED].revents & POLLIN)
		return CONTRACT_READY;
	return p[DEVICE].revents & (POLLERR | POLLHUP) ? CONTRACT_GONE : CONTRACT_LATE;
}

enum contract_event contract_wait_for(int fd, uint64_t deadline_us)
{
	struct pollfd p[WATCHED] = {{fd, POLLIN, 0}, {CONTRACT_ANSWERS, 0, 0}, {CONTRACT_DEVICE, 0, 0}};

	for (;;) {
		uint64_t now = clock_now_us(), rest = deadline_us > now ? deadline_us - now : 0;
		struct timespec t = {.tv_sec = (time_t)(rest / 1000000),
			.tv_nsec = (long)(rest % 1000000) * 1000};
		int n = ppoll(p, WATCHED, deadline_us == UINT64_MAX ? NULL : &t, NULL);
		enum contract_event event;

		if (n < 0 && errno == EINTR)
			continue;
		event = n > 0 ? judge(p) : CONTRACT_LATE;
		if (event != CONTRACT_LATE || n <= 0)
			return event;
		/* What is left to report are descriptors that there are not. */
		for (int i = 0; i < WATCHED; i++)
			if (p[i].revents)
				p[i].fd = -1;
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
			return error_set(err, CAUSE_DEVICE, "cancelled");
		if (event == CONTRACT_GONE)
			return error_set(err, CAUSE_DEVICE,
				"the device was removed before its PIN was given");
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
		cause = error_set(err, CAUSE_PASSPHRASE, "PIN not sent: %u tries left", left);
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
		return error_set(err, CAUSE_DEVICE,
			"the passphrase cannot be written to descriptor %d: error %d", CONTRACT_PASSPHRASE,
			errno);
	return CAUSE_OK;
}

int contract_end(enum cause cause, const struct error *err)
{
	if (cause && !ended)
		contract_say("%s", err->text);
	wipe(secrets.at, secrets.bytes);
	wipe_stack();
	return (int)cause;
}
