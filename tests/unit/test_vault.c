/* SPDX-License-Identifier: MIT */
/* Tests of secret/vault: what its end leaves in memory that others may still see. */
#include "unit.h"
#include "secret/vault.h"
#include <sys/mman.h>

static const char secret[] = "what nobody may find here";

/* A second view of the vault's memory, which stays when the vault is gone. */
static const uint8_t *view_of(const void *p, size_t bytes)
{
	void *page = (void *)((uintptr_t)p & ~(uintptr_t)4095);
	uint8_t *view = mremap(page, 0, bytes + 4096, MREMAP_MAYMOVE);

	assert_ptr_not_equal(view, MAP_FAILED);
	return view + ((uintptr_t)p & 4095);
}

TEST(the_end_leaves_a_line_or_a_key)
{
	const uint8_t *line, *slot;
	struct error err;

	assert_int_equal(vault_open(&err), CAUSE_OK);
	line = view_of(vault_line(VAULT_LINES - 1), sizeof(secret));
	slot = view_of(vault_slot(VAULT_SLOTS - 1)->data, sizeof(secret));
	memcpy(vault_line(VAULT_LINES - 1), secret, sizeof(secret));
	vault_slot(VAULT_SLOTS - 1)->len = sizeof(secret);
	memcpy(vault_slot(VAULT_SLOTS - 1)->data, secret, sizeof(secret));
	assert_memory_equal(line, secret, sizeof(secret)); /* the view shows it */
	assert_memory_equal(slot, secret, sizeof(secret));
	vault_close();
	assert_int_equal(unit_others(line, 0, sizeof(secret)), 0);
	assert_int_equal(unit_others(slot, 0, sizeof(secret)), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_leaves_a_line_or_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
