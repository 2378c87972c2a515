/* SPDX-License-Identifier: MIT */
/*
 * clevis - the token program for clevis' tokens with tang, and with sss over it: latchkey-token(7),
 * docs/tokens.md.
 *
 * It asks for the network, and then all servers once. latchkey starts it again when none, or too few of them,
 * answered.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "secret/wipe.h"
#include "token/clevis/exchange.h"
#include "token/clevis/tang.h"
#include "token/contract.h"
#include <string.h>
#include <sys/random.h>

enum { ALL_US = 15000000, CONF_BYTES = 4096 };

static struct pins pins;
static struct exchange exchanges[PINS_MAX];
static struct dns dns;

static struct {
	uint8_t blind[PINS_MAX][P521_BYTES];
	/* What the pins have given: the first the passphrase, the others a share of their parent's. */
	uint8_t given[PINS_MAX][SHAMIR_SHARE_BYTES];
	uint8_t shares[PINS_MAX][SHAMIR_SHARE_BYTES];
	uint8_t key[GCM_KEY_BYTES];
	uint8_t output[PIN_SECRET_MAX_BYTES];
	size_t output_len;
} secrets;
static bool has_given[PINS_MAX];

static bool get_random(void *out, size_t len)
{
	return getrandom(out, len, 0) == (ssize_t)len;
}

static enum cause read_token(struct error *err)
{
	static char text[CONTRACT_TOKEN_MAX_BYTES];
	size_t len;
	enum cause cause = contract_read_token(text, sizeof(text), &len, err);

	return cause ? cause : pins_read(text, len, &pins, err);
}

/* Which servers of names there are: what a DHCP client wrote, or the kernel's own. */
static void read_conf(void)
{
	static const char *const paths[] = {"/etc/resolv.conf", "/proc/net/pnp"};
	static char text[CONF_BYTES];

	for (unsigned i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (file_read(paths[i], text, sizeof(text)) > 0)
			dns_read_conf(text, &dns);
}

/* --- what the pins give ---------------------------------------------------------------------- */

/* secrets.key is that of the pin @i. */
static enum cause open_pin(unsigned i, struct error *err)
{
	const struct pin *pin = &pins.at[i];

	if (!pin_decrypt(pin, secrets.key, secrets.output, &secrets.output_len) ||
		(pin->parent >= 0 && secrets.output_len != SHAMIR_SHARE_BYTES))
		return error_set(err, CAUSE_DEVICE, "the answer does not open the token");
	if (pin->parent >= 0)
		memcpy(secrets.given[i], secrets.output, SHAMIR_SHARE_BYTES);
	has_given[i] = true;
	return CAUSE_OK;
}

/* Of the pins below @i, those that have given. */
static unsigned shares_of(unsigned i)
{
	unsigned n = 0;

	for (unsigned j = i + 1; j < pins.count; j++)
		if (pins.at[j].parent == (int)i && has_given[j])
			memcpy(secrets.shares[n++], secrets.given[j], SHAMIR_SHARE_BYTES);
	return n;
}

/* From the last to the first: each is behind its parent. */
static void combine_all(void)
{
	for (unsigned i = pins.count; i-- > 0;) {
		struct exchange *x = &exchanges[i];
		const struct pin *pin = &pins.at[i];

		if (pin->kind != PIN_SSS || has_given[i] || x->state == EXCHANGE_FAILED ||
			shares_of(i) < pin->threshold)
			continue;
		if (!shamir_combine(pin->prime, secrets.shares, pin->threshold, secrets.key) ||
			open_pin(i, &x->err)) {
			x->state = EXCHANGE_FAILED;
			(void)error_set(&x->err, CAUSE_DAMAGED, "token: the shares of sss do not match");
		}
	}
}

/*
 * Why the first has nothing: all that failed below it. A server that does not answer now may do so later;
 * otherwise the least cause of theirs.
 */
static enum cause say_why(struct error *err)
{
	enum cause cause = CAUSE_UNSUPPORTED;
	bool later = false;

	if (exchanges[0].state == EXCHANGE_FAILED) {
		*err = exchanges[0].err;
		return err->cause;
	}
	(void)error_set(err, cause, "%u of its pins must answer", pins.at[0].threshold);
	for (unsigned i = 1; i < pins.count; i++) {
		bool other = pins.at[i].kind == PIN_OTHER;
		const struct error *why = other ? &pins.at[i].why : &exchanges[i].err;

		if (!other && exchanges[i].state != EXCHANGE_FAILED)
			continue;
		error_append(err, "; %s", why->text);
		later |= why->cause == CAUSE_DEVICE;
		if (why->cause < cause)
			cause = why->cause;
	}
	err->cause = later || contract_is_ended() ? CAUSE_DEVICE : cause;
	return err->cause;
}

/* --- the servers ----------------------------------------------------------------------------- */

static void start(unsigned i)
{
	struct exchange *x = &exchanges[i];
	char body[TANG_BODY_BYTES];
	uint16_t id;

	x->url = &pins.at[i].url;
	x->dns = &dns;
	if (!tang_ask(&pins.at[i], get_random, secrets.blind[i], body) || !get_random(&id, sizeof(id))) {
		x->state = EXCHANGE_FAILED;
		(void)error_set(&x->err, CAUSE_DAMAGED, "%s: the token's points are not on the curve",
			x->url->text);
		return;
	}
	x->request_len = http_request(x->request, x->url, pins.at[i].kid, body);
	exchange_start(x, id);
}

static enum cause use(unsigned i, struct error *err)
{
	struct exchange *x = &exchanges[i];
	enum cause cause;

	/* tangd says so, too, while its folder is not mounted yet. */
	if (x->answer.status == 404)
		return error_set(err, CAUSE_DEVICE,
			"the server no longer has the key of this token (status 404): bind the volume "
			"again with clevis");
	if (x->answer.status != 200)
		return error_set(err, CAUSE_DEVICE, "the server answers with HTTP status %u",
			x->answer.status);
	cause = tang_key(&pins.at[i], secrets.blind[i], x->answer.body, secrets.key, err);
	return cause ? cause : open_pin(i, err);
}

/* Every answer once. */
static void use_answers(void)
{
	for (unsigned i = 0; i < pins.count; i++) {
		struct exchange *x = &exchanges[i];

		if (x->state != EXCHANGE_DONE)
			continue;
		x->state = EXCHANGE_NONE;
		if (!use(i, &x->err))
			continue;
		x->state = EXCHANGE_FAILED;
		error_prefix(&x->err, "%s", x->name);
	}
	combine_all();
}

static enum cause ask_all(struct error *err)
{
	uint64_t deadline_us = clock_now_us() + ALL_US;
	bool more = true;

	for (unsigned i = 0; i < pins.count; i++)
		if (pins.at[i].kind == PIN_TANG)
			start(i);
	for (;;) {
		use_answers();
		if (has_given[0])
			return contract_give((struct bytes){secrets.output, secrets.output_len}, err);
		if (!more)
			return say_why(err);
		more = exchange_step(exchanges, pins.count, deadline_us);
	}
}

int main(void)
{
	struct error err;
	enum cause cause;

	read_conf();
	contract_begin(FILTER_WITH_NETWORK, &secrets, sizeof(secrets));
	cause = read_token(&err);
	if (!cause && !pin_can_give(&pins, 0)) {
		cause = say_why(&err);
	} else if (!cause && !contract_has_device()) {
		contract_need("network");
		cause = error_set(&err, CAUSE_DEVICE, "no network was given");
	} else if (!cause) {
		cause = ask_all(&err);
	}
	return contract_end(cause, &err);
}
