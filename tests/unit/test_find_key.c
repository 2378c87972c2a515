/* SPDX-License-Identifier: MIT */
/* Tests of unlock/find_key: what is in the arena when it has found the key. */
#include "arena_fixture.h"
#include "image.h"
#include "unlock/find_key.h"
#include <fcntl.h>
#include <unistd.h>

static const char right[] = "the right passphrase of a volume";

static struct image img;

/* A volume with one keyslot, and a key file of @len bytes of @content. */
static enum cause find_with(const char *content, size_t len, bool try_without_newline,
	struct volume_keys *keys)
{
	static struct reader reader;
	static struct image_device device = {.img = &img};
	const struct image_keyslot want = {.id = 1, .priority = LUKS_PRIORITY_NORMAL, .passphrase = right};
	char path[] = "/tmp/unit-find-key-XXXXXX";
	struct unlock_request request = {.key_file = path,
		.keyslot = SEARCH_ANY_KEYSLOT,
		.token_id = -1,
		.try_without_newline = try_without_newline};
	struct search s = {.keyslot = SEARCH_ANY_KEYSLOT};
	struct error err;
	enum cause cause;
	int fd = mkstemp(path);

	assert_int_equal(write(fd, content, len), len);
	close(fd);
	image_start(&img, 32);
	image_add(&img, &want);
	reader = image_reader(&device);
	s.source = (struct keyslot_source){&reader, &img.luks, kdf_default_limits, NULL};
	cause = find_key(&request, "image", &s, NULL, keys, &err);
	unlink(path);
	return cause;
}

TEST(the_passphrase_outlives_the_try_that_opened)
{
	struct volume_keys keys = {.count = 0};
	size_t mark = arena_mark();

	assert_int_equal(find_with(right, strlen(right), false, &keys), CAUSE_OK);
	assert_memory_equal(keys.key[0].data, img.volume_key, 32);
	/* It was above the room for the keys; now all above that is zero. */
	for (uint8_t *p = keys.key[0].data; p < keys.key[0].data + (64 << 10); p++)
		assert_false(*p == *right && !memcmp(p, right, strlen(right)));
	arena_release(mark);
}

/* As in cryptsetup: a command's key file is used as it is; boot's may have what editors put around a text. */
TEST(a_key_file_opens_without_its_newline_where_it_must_not)
{
	struct volume_keys keys = {.count = 0};
	size_t mark = arena_mark();

	assert_int_equal(find_with("the right passphrase of a volume\n", sizeof(right), false, &keys),
		CAUSE_PASSPHRASE);
	assert_int_equal(arena_mark(), mark);
	assert_int_equal(find_with("the right passphrase of a volume\n", sizeof(right), true, &keys),
		CAUSE_OK);
	arena_release(mark);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_passphrase_outlives_the_try_that_opened),
		cmocka_unit_test(a_key_file_opens_without_its_newline_where_it_must_not),
	};

	return cmocka_run_group_tests(tests, arena_fixture_start, arena_fixture_end);
}
