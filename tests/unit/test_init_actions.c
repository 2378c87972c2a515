/* SPDX-License-Identifier: MIT */
/* What init does after each way in which latchkey can end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "init/actions.c" /* init's modules are in no library */

static int exited(int code)
{
	return code << 8;
}

static void each_code_has_its_action(void **state)
{
	(void)state;
	assert_int_equal(actions_after(exited(0)), ACTION_MOUNT);
	for (int code = 1; code <= 255; code++)
		assert_int_equal(actions_after(exited(code)), ACTION_STOP);
}

static void signals_never_lead_to_the_mount(void **state)
{
	(void)state;
	for (int sig = 1; sig < 64; sig++)
		for (int core = 0; core <= 0x80; core += 0x80)
			assert_int_equal(actions_after(sig | core),
				sig == SIGINT || sig == SIGQUIT || sig == SIGHUP ? ACTION_AGAIN
										 : ACTION_STOP);
	assert_int_equal(actions_after(-1), ACTION_STOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_code_has_its_action),
		cmocka_unit_test(signals_never_lead_to_the_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
