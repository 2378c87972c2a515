/* SPDX-License-Identifier: MIT */
/*
 * What comes from the network for token/clevis: the answers of servers, also in pieces and with their key,
 * and those of servers of names. The first byte chooses.
 */
#include "fuzz.h"
#include "token/clevis/dns.h"
#include "token/clevis/http.h"
#include "token/clevis/tang.h"

static void check_key(struct bytes body)
{
	static const struct pin pin = {.kind = PIN_TANG};
	uint8_t blind[P521_BYTES] = {[P521_BYTES - 1] = 1}, key[GCM_KEY_BYTES];
	struct error err = {.text = ""};

	/* The server's point is none: so no key is found. */
	fuzz_check(tang_key(&pin, blind, body, key, &err) == CAUSE_DEVICE && err.text[0],
		"a key of no point");
	fuzz_check_printable(err.text);
}

/* Bytes that have come are judged as before when more of them come. */
static void check_http(const uint8_t *data, size_t size, size_t piece)
{
	char *text = malloc(HTTP_ANSWER_MAX_BYTES);
	struct http_answer answer = {0, {NULL, 0}, NULL};
	enum http_state state = HTTP_MORE;
	size_t got = 0;

	if (!text)
		return;
	while (state == HTTP_MORE) {
		size_t n = size - got < piece ? size - got : piece;

		if (n > HTTP_ANSWER_MAX_BYTES - got)
			n = HTTP_ANSWER_MAX_BYTES - got;
		memcpy(text + got, data + got, n);
		got += n;
		state = http_read(text, got, !n, &answer);
		fuzz_check(n || state != HTTP_MORE, "more is wanted of an answer that has ended");
	}
	if (state == HTTP_BAD)
		fuzz_check(answer.why && *answer.why, "no reason");
	else if (answer.status == 200) {
		const char *body = answer.body.data;

		fuzz_check(body >= text && body + answer.body.len <= text + got, "a body outside");
		check_key(answer.body);
	}
	free(text);
}

static void check_dns(const uint8_t *data, size_t size)
{
	struct dns_found found = {.count = 0};
	uint16_t id = size >= 2 ? (uint16_t)(data[0] << 8 | data[1]) : 0;
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact)
		return;
	memcpy(exact, data, size);
	(void)dns_answer(exact, size, id, DNS_A, 80, &found);
	(void)dns_answer(exact, size, id, DNS_AAAA, 80, &found);
	free(exact);
	fuzz_check(found.count <= DNS_ADDRESSES_MAX, "too many addresses");
	for (unsigned i = 0; i < found.count; i++)
		fuzz_check(found.at[i].any.sa_family == AF_INET || found.at[i].any.sa_family == AF_INET6,
			"an address of no kind");
}

static void check_conf(const uint8_t *data, size_t size)
{
	static struct dns dns;
	uint8_t question[DNS_MESSAGE_MAX_BYTES];
	char *text = malloc(size + 1);
	size_t len;

	if (!text)
		return;
	memcpy(text, data, size);
	text[size] = 0;
	memset(&dns, 0, sizeof(dns));
	dns_read_conf(text, &dns);
	fuzz_check(dns.count <= DNS_SERVERS_MAX && memchr(dns.domain, 0, sizeof(dns.domain)),
		"beyond the room");
	len = dns_question(question, 1, "a", dns.domain, DNS_A);
	fuzz_check(len <= 12 + 255 + 4, "a question that is too long");
	if (size <= URL_MAX_CHARS) {
		len = dns_question(question, 1, text, "", DNS_A);
		fuzz_check(len <= 12 + 255 + 4, "a question that is too long");
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0] % 4) {
	case 0:
		check_dns(data + 1, size - 1);
		break;
	case 1:
		check_conf(data + 1, size - 1);
		break;
	case 2:
		check_http(data + 1, size - 1, 1 + data[0] / 4);
		break;
	default:
		check_http(data + 1, size - 1, HTTP_ANSWER_MAX_BYTES);
	}
	return 0;
}
