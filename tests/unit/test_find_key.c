/* SPDX-License-Identifier: MIT */
/* Tests of unlock/find_key: what is in the arena when it has found the key. */
#include "arena_fixture.h"
#include "image.h"
#include "unlock/find_key.h"
#include <fcntl.h>
#include <unistd.h>

static const char right[] = "the right passphrase of a volume";

TEST(the_passphrase_outlives_the_try_that_opened)
{
	static struct image img;
	struct image_device device = {.img = &img};
	const struct image_keyslot want = {.id = 1, .priority = LUKS_PRIORITY_NORMAL, .passphrase = right};
	char path[] = "/tmp/unit-find-key-XXXXXX";
	struct unlock_request request = {.key_file = path, .keyslot = SEARCH_ANY_KEYSLOT, .token_id = -1};
	struct volume_keys keys = {.count = 0};
	struct reader reader;
	struct search s = {.keyslot = SEARCH_ANY_KEYSLOT};
	size_t mark = arena_mark();
	struct error err;
	int fd = mkstemp(path);

	assert_int_equal(write(fd, right, strlen(right)), strlen(right));
	close(fd);
	image_start(&img, 32);
	image_add(&img, &want);
	reader = image_reader(&device);
	s.source = (struct keyslot_source){&reader, &img.luks, kdf_default_limits, NULL};
	if (find_key(&request, "image", &s, NULL, &keys, &err))
		fail_msg("%s", err.text);
	unlink(path);
	assert_memory_equal(keys.key[0].data, img.volume_key, 32);
	/* It was above the room for the keys; now all above that is zero. */
	for (uint8_t *p = keys.key[0].data; p < keys.key[0].data + (64 << 10); p++)
		assert_false(*p == *right && !memcmp(p, right, strlen(right)));
	arena_release(mark);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_passphrase_outlives_the_try_that_opened),
	};

	return cmocka_run_group_tests(tests, arena_fixture_start, arena_fixture_end);
}
