/* SPDX-License-Identifier: MIT */
/* exchange - see exchange.h. */
#include "token/clevis/exchange.h"
#include "base/clock.h"
#include "base/text.h"
#include "token/clevis/pin.h"
#include "token/contract.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NAME_US = 2000000, CONNECT_US = 5000000, NAME_ROUNDS = 2, BOTH = 3 };

static void leave(struct exchange *x)
{
	if (x->fd >= 0)
		close(x->fd);
	x->fd = -1;
}

static void fail(struct exchange *x, const char *why)
{
	leave(x);
	x->state = EXCHANGE_FAILED;
	(void)error_set(&x->err, CAUSE_DEVICE, "%s: %s", x->name, why);
}

/* What networks say most. */
static const char *words(int os_errno)
{
	switch (os_errno) {
	case ECONNREFUSED:
		return "connection refused";
	case ENETUNREACH:
	case ENETDOWN:
	case EADDRNOTAVAIL:
		return "network unreachable";
	case EHOSTUNREACH:
		return "host unreachable or down";
	case ECONNRESET:
		return "connection closed by the server";
	default:
		return text_errno(os_errno);
	}
}

/* Returns 0, or errno. The connection may be on its way. */
static int connect_to(struct exchange *x, const union address *a, int type)
{
	socklen_t len = a->any.sa_family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);

	x->fd = socket(a->any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (x->fd >= 0 && (!connect(x->fd, &a->any, len) || errno == EINPROGRESS))
		return 0;
	len = (socklen_t)errno;
	leave(x);
	return (int)len;
}

static unsigned addresses(const struct exchange *x)
{
	return x->found[0].count + x->found[1].count;
}

/* The next address, @why being what was wrong with the one before. */
static void try_next(struct exchange *x, const char *why)
{
	leave(x);
	while (x->next < addresses(x)) {
		unsigned i = x->next++;
		int error = connect_to(x,
			i < x->found[0].count ? &x->found[0].at[i] : &x->found[1].at[i - x->found[0].count],
			SOCK_STREAM);

		if (!error) {
			x->state = EXCHANGE_SEND;
			x->sent = x->got = 0;
			x->deadline_us = clock_now_us() + CONNECT_US;
			return;
		}
		why = words(error);
	}
	fail(x, why);
}

/* --- its name ------------------------------------------------------------------------------- */

static const enum dns_type types[] = {DNS_A, DNS_AAAA};

static bool ask_name(struct exchange *x)
{
	uint8_t question[DNS_MESSAGE_MAX_BYTES];

	for (unsigned i = 0; i < 2; i++) {
		size_t len =
			dns_question(question, (uint16_t)(x->id + i), x->url->host, x->dns->domain, types[i]);

		if (!len || write(x->fd, question, len) != (ssize_t)len)
			return false;
	}
	return true;
}

static void ask_next_server(struct exchange *x, const char *why)
{
	leave(x);
	while (x->tries < NAME_ROUNDS * x->dns->count) {
		int error = connect_to(x, &x->dns->servers[x->tries++ % x->dns->count], SOCK_DGRAM);

		if (!error && ask_name(x)) {
			x->state = EXCHANGE_NAME;
			x->answered = 0;
			x->has_failed = false;
			x->deadline_us = clock_now_us() + NAME_US;
			return;
		}
		leave(x);
		why = error ? words(error) : why;
	}
	fail(x, why);
}

static const char not_found[] = "host name not found";

static void hear_name(struct exchange *x)
{
	uint8_t answer[DNS_MESSAGE_MAX_BYTES];
	ssize_t n = read(x->fd, answer, sizeof(answer));

	if (n < 0 && errno != EAGAIN) {
		ask_next_server(x, "no name server answers");
		return;
	}
	for (unsigned i = 0; n > 0 && i < 2; i++) {
		enum dns_said said = dns_answer(answer, (size_t)n, (uint16_t)(x->id + i), types[i],
			x->url->port, &x->found[i]);

		if (said)
			x->answered |= 1u << i;
		x->has_failed |= said == DNS_FAILURE;
	}
	if (x->answered != BOTH)
		return;
	if (x->has_failed && !addresses(x))
		ask_next_server(x, "the name server reports a failure");
	else
		try_next(x, not_found);
}

/* --- its answer ----------------------------------------------------------------------------- */

static void send_request(struct exchange *x)
{
	ssize_t n = write(x->fd, x->request + x->sent, x->request_len - x->sent);

	if (n < 0) {
		if (errno != EAGAIN)
			try_next(x, words(errno));
		return;
	}
	x->sent += (size_t)n;
	/* The last one has all the time that is left. */
	x->deadline_us = x->next < addresses(x) ? clock_now_us() + CONNECT_US : UINT64_MAX;
	if (x->sent == x->request_len)
		x->state = EXCHANGE_RECEIVE;
}

static void receive(struct exchange *x)
{
	ssize_t n = read(x->fd, x->text + x->got, sizeof(x->text) - x->got);
	enum http_state state;

	if (n < 0) {
		if (errno != EAGAIN)
			fail(x, words(errno));
		return;
	}
	x->got += (size_t)n;
	state = http_read(x->text, x->got, !n, &x->answer);
	if (state == HTTP_MORE)
		return;
	leave(x);
	x->state = state == HTTP_BAD ? EXCHANGE_FAILED : EXCHANGE_DONE;
	if (state == HTTP_BAD)
		(void)error_set(&x->err, CAUSE_DEVICE, "%s: invalid answer: %s", x->name, x->answer.why);
}

/* --- all of them ---------------------------------------------------------------------------- */

void exchange_start(struct exchange *x, uint16_t id)
{
	x->fd = -1;
	x->id = id;
	x->tries = x->next = 0;
	x->found[0].count = x->found[1].count = 0;
	text_format(x->name, sizeof(x->name), "%s", x->url->text);
	if (url_read_address(x->url->host, x->url->port, &x->found[0].at[0])) {
		x->found[0].count = 1;
		try_next(x, "");
	} else {
		ask_next_server(x,
			x->dns->count ? not_found : "host name not found: no name server is known yet");
	}
}

static bool is_running(const struct exchange *x)
{
	return x->state >= EXCHANGE_NAME && x->state <= EXCHANGE_RECEIVE;
}

static void expire(struct exchange *x)
{
	if (x->state == EXCHANGE_NAME && !addresses(x))
		ask_next_server(x, "no name server answers");
	else
		try_next(x, "no answer in time");
}

static void go_on(struct exchange *x, bool can)
{
	if (can && x->state == EXCHANGE_NAME)
		hear_name(x);
	else if (can && x->state == EXCHANGE_SEND)
		send_request(x);
	else if (can)
		receive(x);
	else if (clock_now_us() >= x->deadline_us)
		expire(x);
}

bool exchange_step(struct exchange *x, unsigned n, uint64_t deadline_us)
{
	struct pollfd p[PINS_MAX + 1];
	uint64_t now = clock_now_us(), until = deadline_us;
	struct timespec t;
	unsigned running = 0;

	for (unsigned i = 0; i < n; i++) {
		bool runs = is_running(&x[i]);

		p[i] = (struct pollfd){.fd = runs ? x[i].fd : -1,
			.events = x[i].state == EXCHANGE_SEND ? POLLOUT : POLLIN};
		running += runs;
		if (runs && x[i].deadline_us < until)
			until = x[i].deadline_us;
	}
	p[n] = (struct pollfd){.fd = CONTRACT_ANSWERS};
	if (!running)
		return false;
	until = until > now ? until - now : 0;
	t = (struct timespec){.tv_sec = (time_t)(until / 1000000), .tv_nsec = (long)(until % 1000000) * 1000};
	if (ppoll(p, n + 1, &t, NULL) < 0 && errno != EINTR)
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (is_running(&x[i]) && clock_now_us() >= deadline_us)
			fail(&x[i], "no answer in time");
		else if (is_running(&x[i]))
			go_on(&x[i], p[i].revents != 0);
	}
	return !(p[n].revents & POLLHUP) || contract_wait_for(-1, 0) != CONTRACT_ENDED;
}
