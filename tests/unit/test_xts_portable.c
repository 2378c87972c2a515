/* SPDX-License-Identifier: MIT */
/* Tests of crypto/xts with the portable AES. */
#define PORTABLE_AES
#include "portable_aes.h"
#include "xts_checks.h"

static void check_all(void)
{
	aes_asked = 0;
	xts_check_published();
	xts_check_generated();
	xts_check_round_trip();
	xts_check_bounds();
	assert_true(aes_asked > 0);
}

TEST(the_portable_code_of_64_bit_machines_is_wrong)
{
	offered_dec = NULL;
	offered_enc = NULL;
	check_all();
}

TEST(the_portable_code_of_32_bit_machines_is_wrong)
{
	offered_dec = &br_aes_ct_cbcdec_vtable;
	offered_enc = &br_aes_ct_cbcenc_vtable;
	check_all();
}

TEST(a_half_that_is_not_there_is_called)
{
	offered_dec = NULL;
	offered_enc = &br_aes_ct_cbcenc_vtable;
	xts_check_published();
	offered_dec = &br_aes_ct_cbcdec_vtable;
	offered_enc = NULL;
	xts_check_published();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_portable_code_of_64_bit_machines_is_wrong),
		cmocka_unit_test(the_portable_code_of_32_bit_machines_is_wrong),
		cmocka_unit_test(a_half_that_is_not_there_is_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
