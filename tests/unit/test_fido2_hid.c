/* SPDX-License-Identifier: MIT */
/*
 * Tests of token/fido2/hid against keys that never stop: the clock is ours, and every look at it is a
 * millisecond.
 */
#include "unit.h"
#include "base/clock.h"
#include "token/fido2/hid.h"

enum { INIT = 0x86, CBOR = 0x90, CANCEL = 0x91, KEEPALIVE = 0xbb, ERROR = 0xbf, SECOND_US = 1000000 };

static uint64_t now_us;

uint64_t clock_now_us(void)
{
	return now_us += 1000;
}

/* What the key does, over and over. */
static struct {
	uint32_t channel;
	uint8_t command, data;
	unsigned sent[256], touches, busy;
} key;

static bool send(void *context, const uint8_t report[HID_REPORT_BYTES])
{
	(void)context;
	key.sent[report[4]]++;
	return true;
}

static enum cause receive(void *context, uint8_t report[HID_REPORT_BYTES], uint64_t deadline_us)
{
	(void)context, (void)deadline_us;
	memset(report, 0, HID_REPORT_BYTES);
	bytes_put_be32(report, key.channel);
	report[4] = key.command;
	report[6] = 1;
	report[7] = key.data;
	return CAUSE_OK;
}

static void touch(void *context)
{
	(void)context;
	key.touches++;
}

static void busy(void *context)
{
	(void)context;
	key.busy++;
}

static const struct hid_port port = {send, receive, touch, busy, NULL};

/* How many seconds until it is given up. */
static unsigned lasts(uint32_t channel, uint8_t command, uint8_t data)
{
	struct hid h = {.port = &port, .channel = 7};
	uint64_t start = now_us;
	uint8_t answer[64];
	struct error err;
	size_t got;

	memset(&key, 0, sizeof(key));
	key.channel = channel;
	key.command = command;
	key.data = data;
	assert_int_equal(hid_exchange(&h, (struct bytes){"\4", 1}, answer, sizeof(answer), &got, &err),
		CAUSE_DEVICE);
	assert_false(h.pending);
	return (unsigned)((now_us - start) / SECOND_US);
}

TEST(a_flood_of_other_channels_has_no_end)
{
	assert_int_equal(lasts(8, CBOR, 0), HID_ANSWER_S);
	assert_int_equal(key.sent[CANCEL], 1);
}

TEST(a_flood_of_signs_of_life_has_no_end)
{
	assert_int_equal(lasts(7, KEEPALIVE, 1), HID_ANSWER_S);
	assert_int_equal(key.sent[CANCEL], 1);
	assert_int_equal(key.touches, 0);
}

TEST(a_key_that_wants_a_touch_without_end_moves_the_deadline_each_time)
{
	assert_int_equal(lasts(7, KEEPALIVE, 2), HID_TOUCH_S);
	assert_int_equal(key.sent[CANCEL], 1);
	assert_int_equal(key.touches, 1);
}

TEST(a_flood_of_rests_of_messages_has_no_end)
{
	assert_int_equal(lasts(7, 0, 0), HID_ANSWER_S);
}

TEST(a_key_that_is_busy_without_end_is_asked_without_end_or_without_a_pause)
{
	assert_in_range(lasts(7, ERROR, 6), HID_BUSY_S, HID_BUSY_S + 1);
	assert_in_range(key.busy, HID_BUSY_S, 3 * HID_BUSY_S);
	assert_int_equal(key.sent[CANCEL], 0); /* it works on nothing of ours */
}

TEST(an_error_is_taken_for_an_answer)
{
	assert_int_equal(lasts(7, ERROR, 1), 0);
}

TEST(a_flood_of_answers_to_others_has_no_end)
{
	struct error err;
	struct hid h;
	uint64_t start = now_us;

	memset(&key, 0, sizeof(key));
	key.channel = UINT32_MAX;
	key.command = INIT;
	assert_int_equal(hid_open(&h, &port, (const uint8_t *)"12345678", &err), CAUSE_DEVICE);
	assert_int_equal((now_us - start) / SECOND_US, HID_ANSWER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_of_other_channels_has_no_end),
		cmocka_unit_test(a_flood_of_signs_of_life_has_no_end),
		cmocka_unit_test(a_key_that_wants_a_touch_without_end_moves_the_deadline_each_time),
		cmocka_unit_test(a_flood_of_rests_of_messages_has_no_end),
		cmocka_unit_test(a_key_that_is_busy_without_end_is_asked_without_end_or_without_a_pause),
		cmocka_unit_test(an_error_is_taken_for_an_answer),
		cmocka_unit_test(a_flood_of_answers_to_others_has_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
