/* SPDX-License-Identifier: MIT */
/* Tests of crypto/xts with the AES that this processor gets. */
#include "crypto/aes.h"
#include "crypto/core.h"
#include "xts_checks.h"

TEST(a_published_unit_decrypts_to_something_else)
{
	xts_check_published();
}

TEST(a_key_length_or_a_sector_number_is_mistaken)
{
	xts_check_generated();
}

TEST(what_was_encrypted_does_not_decrypt)
{
	xts_check_round_trip();
}

TEST(a_byte_outside_the_sectors_is_touched)
{
	xts_check_bounds();
}

TEST(the_processors_own_aes_is_not_tested)
{
	if (aes_own())
		return;
	if (!br_aes_pwr8_cbcdec_get_vtable())
		SKIP("this processor has no AES instructions; the portable code is what the other tests ran");
	assert_non_null(br_aes_pwr8_cbcenc_get_vtable());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_published_unit_decrypts_to_something_else),
		cmocka_unit_test(a_key_length_or_a_sector_number_is_mistaken),
		cmocka_unit_test(what_was_encrypted_does_not_decrypt),
		cmocka_unit_test(a_byte_outside_the_sectors_is_touched),
		cmocka_unit_test(the_processors_own_aes_is_not_tested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
