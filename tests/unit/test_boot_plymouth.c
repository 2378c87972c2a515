/* SPDX-License-Identifier: MIT */
/* Tests of boot/plymouth: what a splash screen answers, through a socket whose other end is the test. */
#include "unit.h"
#include "secret/vault.h"

#include "../../src/boot/plymouth.c" /* its socket is replaced */

static int other;

static void begin(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	splash.fd = ends[0];
	other = ends[1];
}

static void end(void)
{
	plymouth_close();
	close(other);
}

/* @len bytes of passphrase, behind a head that says so. */
static void send_answer(uint32_t len)
{
	uint8_t head[ANSWER_HEAD_BYTES] = {ANSWER, (uint8_t)len, (uint8_t)(len >> 8)}, text[600];

	memset(text, 'x', sizeof(text));
	assert_int_equal(write(other, head, sizeof(head)), sizeof(head));
	assert_int_equal(write(other, text, len), len);
}

TEST(the_longest_passphrase_is_refused_or_a_longer_one_is_taken)
{
	const uint8_t *line;
	size_t len;

	begin();
	send_answer(CONSOLES_PASSPHRASE_MAX_BYTES);
	assert_true(plymouth_take(&line, &len));
	assert_int_equal(len, CONSOLES_PASSPHRASE_MAX_BYTES);
	end();
	begin();
	send_answer(CONSOLES_PASSPHRASE_MAX_BYTES + 1);
	assert_false(plymouth_take(&line, &len));
	assert_int_equal(plymouth_fd(), -1);
	end();
}

TEST(an_answer_stays_in_memory)
{
	const uint8_t *line;
	size_t len;

	begin();
	send_answer(100);
	assert_true(plymouth_take(&line, &len));
	assert_int_equal(line[99], 'x');
	end();
	assert_int_equal(unit_others(vault_line(VAULT_LINES - 2), 0, VAULT_LINE_BYTES), 0);
	/* One that is incomplete, too. */
	begin();
	assert_int_equal(write(other, "\2\144\0\0\0secret", 11), 11);
	assert_false(plymouth_take(&line, &len));
	assert_int_equal(unit_others(vault_line(VAULT_LINES - 2), 0, VAULT_LINE_BYTES) > 0, 1);
	end();
	assert_int_equal(unit_others(vault_line(VAULT_LINES - 2), 0, VAULT_LINE_BYTES), 0);
}

TEST(no_answer_keeps_the_question_open)
{
	const uint8_t *line;
	size_t len;

	begin();
	assert_false(plymouth_take(&line, &len)); /* nothing yet */
	assert_int_not_equal(plymouth_fd(), -1);
	assert_int_equal(write(other, "\5", 1), 1);
	assert_false(plymouth_take(&line, &len));
	assert_int_equal(plymouth_fd(), -1);
	end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_passphrase_is_refused_or_a_longer_one_is_taken),
		cmocka_unit_test(an_answer_stays_in_memory),
		cmocka_unit_test(no_answer_keeps_the_question_open),
	};
	struct error err;

	assert_int_equal(vault_open(&err), CAUSE_OK);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
