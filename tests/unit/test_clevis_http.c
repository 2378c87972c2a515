/* SPDX-License-Identifier: MIT */
/* Addresses, names and answers of tang servers: token/clevis/url, dns and http. */
#include "unit.h"
#include "token/clevis/dns.h"
#include "token/clevis/http.h"

static struct error err;

/* --- addresses ------------------------------------------------------------------------------ */

TEST(an_address_of_a_server_is_read_wrongly)
{
	static const struct {
		const char *text;
		enum cause cause;
		const char *host, *authority, *path;
		unsigned port;
	} rows[] = {
		{"http://tang", CAUSE_OK, "tang", "tang", "", 80},
		{"tang.example.org", CAUSE_OK, "tang.example.org", "tang.example.org", "", 80},
		{"http://tang:8080/", CAUSE_OK, "tang", "tang:8080", "", 8080},
		{"tang:1/a/b//", CAUSE_OK, "tang", "tang:1", "/a/b", 1},
		{"http://[::1]:65535/x", CAUSE_OK, "::1", "[::1]:65535", "/x", 65535},
		{"http://1.2.3.4", CAUSE_OK, "1.2.3.4", "1.2.3.4", "", 80},
		{"http://[::1", CAUSE_DAMAGED, 0, 0, 0, 0},
		{"http://[]", CAUSE_DAMAGED, 0, 0, 0, 0},
		{"HTTP://h:81", CAUSE_OK, "h", "h:81", "", 81},
		{"http://h/a@b%20", CAUSE_OK, "h", "h", "/a@b%20", 80},
		{"http://[fe80::1%25eth0]", CAUSE_UNSUPPORTED, 0, 0, 0, 0},
		{"http://[fe80::1%eth0]:80/", CAUSE_UNSUPPORTED, 0, 0, 0, 0},
		{"http://[1.2.3.4]", CAUSE_DAMAGED, 0, 0, 0, 0},
		{"http://", CAUSE_DAMAGED, 0, 0, 0, 0},
		{"", CAUSE_DAMAGED, 0, 0, 0, 0},
		{"http://h:", CAUSE_DAMAGED, 0, 0, 0, 0},
		{"http://h:0", CAUSE_DAMAGED, 0, 0, 0, 0},
		{"http://h:080", CAUSE_DAMAGED, 0, 0, 0, 0},
		{"http://h:65536", CAUSE_DAMAGED, 0, 0, 0, 0},
		{"http://h:4294967376", CAUSE_DAMAGED, 0, 0, 0, 0},
		{"http://u@h", CAUSE_UNSUPPORTED, 0, 0, 0, 0},
		{"http://u:p@h/", CAUSE_UNSUPPORTED, 0, 0, 0, 0},
		{"http://h/a b", CAUSE_DAMAGED, 0, 0, 0, 0},
		{"http://h/\r\nHost: x", CAUSE_DAMAGED, 0, 0, 0, 0},
		{"http://h/\xc3\xa4", CAUSE_DAMAGED, 0, 0, 0, 0},
		{"http://h?x", CAUSE_UNSUPPORTED, 0, 0, 0, 0},
		{"http://h/?x", CAUSE_UNSUPPORTED, 0, 0, 0, 0},
		{"http://h/#x", CAUSE_UNSUPPORTED, 0, 0, 0, 0},
		{"https://h", CAUSE_UNSUPPORTED, 0, 0, 0, 0},
		{"unix:///run/x", CAUSE_UNSUPPORTED, 0, 0, 0, 0},
	};
	static struct url u;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (url_read(rows[i].text, &u, &err) != rows[i].cause)
			fail_msg("%s", rows[i].text);
		if (rows[i].cause)
			continue;
		assert_string_equal(u.host, rows[i].host);
		assert_string_equal(u.authority, rows[i].authority);
		assert_string_equal(u.path, rows[i].path);
		assert_int_equal(u.port, rows[i].port);
	}
}

TEST(an_address_that_fills_the_room_is_read_wrongly)
{
	static struct url u;
	char text[URL_MAX_CHARS + 2];

	memset(text, 'h', sizeof(text));
	text[URL_MAX_CHARS + 1] = 0;
	assert_int_equal(url_read(text, &u, &err), CAUSE_UNSUPPORTED);
	text[URL_MAX_CHARS] = 0;
	assert_int_equal(url_read(text, &u, &err), CAUSE_OK);
	assert_string_equal(u.host, text);
	assert_string_equal(u.authority, text);
	text[4] = '/';
	assert_int_equal(url_read(text, &u, &err), CAUSE_OK);
	assert_int_equal(strlen(u.path), URL_MAX_CHARS - 4);
}

TEST(a_number_of_an_address_is_read_wrongly)
{
	static const struct {
		const char *text, *hex; /* NULL: a name */
	} rows[] = {
		{"1.2.3.255", "010203ff"},
		{"0.0.0.0", "00000000"},
		{"1.2.3.256", NULL},
		{"1.2.3", NULL},
		{"1.2.3.4.", NULL},
		{"1.2.3.04", NULL},
		{"1..2.3", NULL},
		{"::", "00000000000000000000000000000000"},
		{"::1", "00000000000000000000000000000001"},
		{"1::", "00010000000000000000000000000000"},
		{"2001:db8::8:800:200c:417a", "20010db80000000000080800200c417a"},
		{"2001:DB8:0:0:8:800:200C:417A", "20010db80000000000080800200c417a"},
		{"::ffff:1.2.3.4", "00000000000000000000ffff01020304"},
		{"1:2:3:4:5:6:7:8", "00010002000300040005000600070008"},
		{"1:2:3:4:5:6:1.2.3.4", "00010002000300040005000601020304"},
		{"1:2:3:4:5:6:7::", "00010002000300040005000600070000"},
		{"::2:3:4:5:6:7:8", "00000002000300040005000600070008"},
		{"1:2:3:4:5:6:7:8:9", NULL},
		{"1:2:3:4:5:6:7", NULL},
		{"1:2:3:4:5:6:7:1.2.3.4", NULL},
		{"1::2::3", NULL},
		{":::", NULL},
		{":1", NULL},
		{"1:", NULL},
		{"::1:", NULL},
		{":1::2", NULL},
		{"12345::", NULL},
		{"::g", NULL},
		{"::1%lo", NULL},
		{"1:2:3:4:5:6:7:8::", NULL},
		{"", NULL},
		{":", NULL},
		{"tang", NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		union address a;
		bool ok = url_read_address(rows[i].text, 0x1234, &a);

		if (ok != !!rows[i].hex)
			fail_msg("%s", rows[i].text);
		if (!ok)
			continue;
		assert_memory_equal(a.any.sa_family == AF_INET ? (void *)&a.v4.sin_port
							       : (void *)&a.v6.sin6_port,
			"\x12\x34", 2);
		if (a.any.sa_family == AF_INET)
			unit_equals_hex((uint8_t *)&a.v4.sin_addr, rows[i].hex);
		else
			unit_equals_hex((uint8_t *)&a.v6.sin6_addr, rows[i].hex);
		assert_int_equal(strlen(rows[i].hex), a.any.sa_family == AF_INET ? 8 : 32);
	}
}

/* --- names ---------------------------------------------------------------------------------- */

TEST(the_servers_of_names_are_read_wrongly)
{
	static struct dns d;

	memset(&d, 0, sizeof(d));
	dns_read_conf("# nameserver 9.9.9.9\nnameserver\t192.0.2.1 \noptions x\nsearch  lan example.org\n"
		      "nameserver fe80::1%eth0\nnameserver ::1\r\nnameservers 1.2.3.4\ndomain other\n"
		      "nameserver 1.1.1.1\n"
		      "nameserver 2.2.2.2",
		&d);
	assert_int_equal(d.count, 3);
	assert_int_equal(d.servers[0].any.sa_family, AF_INET);
	assert_int_equal(d.servers[1].any.sa_family, AF_INET6);
	assert_memory_equal(&d.servers[0].v4.sin_port, "\0\65", 2);
	assert_memory_equal(&d.servers[2].v4.sin_addr, "\1\1\1\1", 4);
	assert_string_equal(d.domain, "lan");
	memset(&d, 0, sizeof(d));
	dns_read_conf("", &d);
	dns_read_conf("nameserver", &d);
	dns_read_conf("nameserver ", &d);
	assert_int_equal(d.count, 0);
}

TEST(a_question_is_written_wrongly)
{
	uint8_t out[DNS_MESSAGE_MAX_BYTES];
	char label[65], name[URL_MAX_CHARS + 1];

	assert_int_equal(dns_question(out, 0x1234, "a.example", "lan", DNS_AAAA), 12 + 11 + 4);
	unit_equals_hex(out, "12340100000100000000000001610765786"
			     "16d706c6500001c0001");
	assert_int_equal(dns_question(out, 1, "a", "lan", DNS_A), 12 + 7 + 4);
	unit_equals_hex(out, "0001010000010000000000000161036c616e0000010001");
	assert_int_equal(dns_question(out, 1, "a", "", DNS_A), 12 + 3 + 4);
	assert_int_equal(dns_question(out, 1, "a.", "lan", DNS_A), 12 + 3 + 4);
	assert_int_equal(dns_question(out, 1, "a..b", "", DNS_A), 0);
	assert_int_equal(dns_question(out, 1, ".a", "", DNS_A), 0);
	memset(label, 'x', 64);
	label[64] = 0;
	assert_int_equal(dns_question(out, 1, label, "", DNS_A), 0);
	label[63] = 0;
	assert_int_not_equal(dns_question(out, 1, label, "", DNS_A), 0);
	for (size_t i = 0; i < URL_MAX_CHARS; i++)
		name[i] = i % 2 ? '.' : 'x';
	name[URL_MAX_CHARS] = 0;
	assert_int_equal(dns_question(out, 1, name, "", DNS_A), 0);
	name[253] = 0;
	assert_int_equal(dns_question(out, 1, name, "", DNS_A), 12 + 255 + 4);
}

/* An answer to "a.lan": its other name, then two addresses; in exactly as much memory. */
static const char answer_hex[] = "123481800001000300000000"
				 "0161036c616e0000010001"
				 "c00c00050001000000ff0004"
				 "0162c00e"
				 "c02300010001000000ff0004"
				 "c0000201"
				 "c02300010001000000ff0004"
				 "c0000202";

static bool answer(size_t cut, uint16_t id, enum dns_type type, struct dns_found *found)
{
	uint8_t whole[128], *exact;
	size_t len = unit_unhex(answer_hex, whole);
	bool ok;

	assert_true(cut <= len);
	exact = unit_exact(whole, len - cut);
	ok = dns_answer(exact, len - cut, id, type, 80, found);
	free(exact);
	return ok;
}

TEST(an_answer_of_a_server_of_names_is_read_wrongly)
{
	struct dns_found found = {.count = 0};

	assert_true(answer(0, 0x1234, DNS_A, &found));
	assert_int_equal(found.count, 2);
	assert_memory_equal(&found.at[1].v4.sin_addr, "\300\0\2\2", 4);
	assert_memory_equal(&found.at[1].v4.sin_port, "\0\120", 2);
	assert_true(answer(0, 0x1234, DNS_A, &found));
	assert_true(answer(0, 0x1234, DNS_A, &found));
	assert_int_equal(found.count, DNS_ADDRESSES_MAX);
	found.count = 0;
	assert_true(answer(0, 0x1234, DNS_AAAA, &found));
	assert_false(answer(0, 0x1235, DNS_A, &found));
	assert_int_equal(found.count, 0);
}

TEST(a_failure_of_a_server_of_names_is_taken_for_an_answer)
{
	for (unsigned rcode = 0; rcode < 16; rcode++) {
		struct dns_found found = {.count = 0};
		uint8_t whole[128];
		size_t len = unit_unhex(answer_hex, whole);

		whole[3] |= (uint8_t)rcode;
		assert_int_equal(dns_answer(whole, len, 0x1234, DNS_A, 80, &found),
			rcode && rcode != 3 ? DNS_FAILURE : DNS_ANSWER);
		assert_int_equal(dns_answer(whole, len, 0x1235, DNS_A, 80, &found), DNS_OTHER);
	}
}

TEST(an_answer_of_a_server_of_names_is_read_beyond_its_end)
{
	uint8_t whole[128];
	size_t len = unit_unhex(answer_hex, whole);

	for (size_t cut = 0; cut <= len; cut++) {
		struct dns_found found = {.count = 0};

		assert_int_equal(answer(cut, 0x1234, DNS_A, &found), len - cut >= 12);
		assert_int_equal(found.count, cut == 0 ? 2 : cut <= 16 ? 1 : 0);
	}
	for (size_t i = 12; i < len; i++) {
		struct dns_found found = {.count = 0};
		uint8_t *exact = unit_exact(whole, len);

		exact[i] = 0xff;
		(void)dns_answer(exact, len, 0x1234, DNS_A, 80, &found);
		assert_true(found.count <= 2);
		free(exact);
	}
}

/* --- requests and answers ------------------------------------------------------------------- */

TEST(a_request_is_written_wrongly)
{
	static struct url u;
	char out[HTTP_REQUEST_MAX_BYTES];
	size_t len;

	assert_int_equal(url_read("http://[::1]:81/x/", &u, &err), CAUSE_OK);
	len = http_request(out, &u, "KID", "{}");
	assert_int_equal(len, strlen(out));
	assert_string_equal(out,
		"POST /x/rec/KID HTTP/1.1\r\nHost: [::1]:81\r\nUser-Agent: latchkey\r\nAccept: */*\r\n"
		"Connection: close\r\nContent-Type: application/jwk+json\r\nContent-Length: 2\r\n\r\n{}");
}

#define HEAD "HTTP/1.1 200 OK\r\n"
#define EARLY "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

static const struct {
	const char *text;
	enum http_state state, ended; /* when more may come, and when not */
	const char *body;
} answers[] = {
	{"", HTTP_MORE, HTTP_BAD, NULL},
	{"HTTP/1.1 200 OK", HTTP_MORE, HTTP_BAD, NULL},
	{"HTTP/1.1 404\r\n", HTTP_WHOLE, HTTP_WHOLE, NULL},
	{"HTTP/1.1 20\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{"HTTP/1.1 2000\r\n", HTTP_MORE, HTTP_BAD, NULL},
	{"HTTP/2.0 200 OK\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{"\r\nHTTP/1.1 200 OK\r\n\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{HEAD "\r\n", HTTP_MORE, HTTP_WHOLE, ""},
	{HEAD "\r\n{}", HTTP_MORE, HTTP_WHOLE, "{}"},
	{HEAD "Content-Length: 2\r\n\r\n{", HTTP_MORE, HTTP_BAD, NULL},
	{HEAD "Content-Length: 2\r\n\r\n{}", HTTP_WHOLE, HTTP_WHOLE, "{}"},
	{HEAD "content-length:2 \t\r\nX: y\r\n\r\n{}z", HTTP_WHOLE, HTTP_WHOLE, "{}"},
	{HEAD "Content-Length : 2\r\n\r\n{}", HTTP_MORE, HTTP_WHOLE, "{}"},
	{HEAD "Content-Length: \r\n\r\n{}", HTTP_BAD, HTTP_BAD, NULL},
	{HEAD "Content-Length: 2abc\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{HEAD "Content-Length: 4097\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{HEAD "Content-Length: 99999999999999999999\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{HEAD "Content-Length: 2\r\nContent-Length: 2\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{HEAD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{HEAD "Transfer-Encoding: gzip, chunked\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{HEAD "Content-Encoding: br\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{HEAD "Content-Encoding: identity\r\n\r\n{}", HTTP_MORE, HTTP_WHOLE, "{}"},
	{"HTTP/1.1 100 Continue\r\n\r\n", HTTP_MORE, HTTP_BAD, NULL},
	{EARLY HEAD "Content-Length: 2\r\n\r\n{}", HTTP_WHOLE, HTTP_WHOLE, "{}"},
	{EARLY "HTTP/1.1 404\r\n", HTTP_WHOLE, HTTP_WHOLE, NULL},
	{EARLY "{}", HTTP_MORE, HTTP_BAD, NULL},
	{CHUNKED, HTTP_MORE, HTTP_BAD, NULL},
	{CHUNKED "0\r\n", HTTP_WHOLE, HTTP_WHOLE, ""},
	{CHUNKED "1\r\n{\r\n00001;x=y\r\n}\r\n0\r\n\r\n", HTTP_WHOLE, HTTP_WHOLE, "{}"},
	{CHUNKED "1 \r\n{\r\n1\t;x\r\n}\r\n0\r\n", HTTP_WHOLE, HTTP_WHOLE, "{}"},
	{CHUNKED "1x\r\n{\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{CHUNKED "1\r\n{\r\n1\r\n}\r\n", HTTP_MORE, HTTP_BAD, NULL},
	{CHUNKED "1\r\n{", HTTP_MORE, HTTP_BAD, NULL},
	{CHUNKED "1\r\n{}\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{CHUNKED "\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{CHUNKED "-1\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{CHUNKED "1001\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{CHUNKED "10000000000000000\r\n", HTTP_BAD, HTTP_BAD, NULL},
	{CHUNKED "ffffffff\r\n", HTTP_BAD, HTTP_BAD, NULL},
};

static enum http_state read_exactly(const char *text, size_t len, bool ended, char *body)
{
	struct http_answer out = {0, {NULL, 0}, NULL};
	char *exact = unit_exact(text, len);
	enum http_state state = http_read(exact, len, ended, &out);

	if (state == HTTP_BAD)
		assert_non_null(out.why);
	if (state == HTTP_WHOLE && out.status == 200) {
		memcpy(body, out.body.data, out.body.len);
		body[out.body.len] = 0;
	}
	free(exact);
	return state;
}

TEST(an_answer_is_read_wrongly)
{
	char body[HTTP_ANSWER_MAX_BYTES + 1];

	for (size_t i = 0; i < COUNT(answers); i++)
		for (int ended = 0; ended < 2; ended++) {
			enum http_state got =
				read_exactly(answers[i].text, strlen(answers[i].text), ended, body);

			if (got != (ended ? answers[i].ended : answers[i].state))
				fail_msg("%s: state %d, ended %d", answers[i].text, got, ended);
			if (got == HTTP_WHOLE && answers[i].body)
				assert_string_equal(body, answers[i].body);
		}
}

TEST(an_answer_is_taken_for_whole_before_it_is)
{
	char body[HTTP_ANSWER_MAX_BYTES + 1];

	for (size_t i = 0; i < COUNT(answers); i++)
		for (size_t len = 0; answers[i].state == HTTP_WHOLE && len < strlen(answers[i].text); len++)
			if (read_exactly(answers[i].text, len, false, body) == HTTP_WHOLE && answers[i].body)
				assert_string_equal(body, answers[i].body);
}

TEST(an_answer_without_end_is_waited_for)
{
	static char text[HTTP_ANSWER_MAX_BYTES];
	struct http_answer out;

	memset(text, 'x', sizeof(text));
	assert_int_equal(http_read(text, sizeof(text) - 1, false, &out), HTTP_MORE);
	assert_int_equal(http_read(text, sizeof(text), false, &out), HTTP_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_of_a_server_is_read_wrongly),
		cmocka_unit_test(an_address_that_fills_the_room_is_read_wrongly),
		cmocka_unit_test(a_number_of_an_address_is_read_wrongly),
		cmocka_unit_test(the_servers_of_names_are_read_wrongly),
		cmocka_unit_test(a_question_is_written_wrongly),
		cmocka_unit_test(an_answer_of_a_server_of_names_is_read_wrongly),
		cmocka_unit_test(a_failure_of_a_server_of_names_is_taken_for_an_answer),
		cmocka_unit_test(an_answer_of_a_server_of_names_is_read_beyond_its_end),
		cmocka_unit_test(a_request_is_written_wrongly),
		cmocka_unit_test(an_answer_is_read_wrongly),
		cmocka_unit_test(an_answer_is_taken_for_whole_before_it_is),
		cmocka_unit_test(an_answer_without_end_is_waited_for),
	};

	return cmocka_run_group_tests_name("clevis_http", tests, NULL, NULL);
}
