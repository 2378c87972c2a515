/* SPDX-License-Identifier: MIT */
/*
 * What device-mapper replies: one byte that says what is asked for, then the replies (fuzz_kernel.h).
 */
#include "dm/node.h"
#include "fuzz_kernel.h"
#include <poll.h>

static int fuzz_poll(void);
#define poll(fds, count, ms) fuzz_poll()
#include "../../src/dm/dm.c"
#undef poll
static enum cause fuzz_node(void);
#define node_make(name, dev, private, err) fuzz_node()
#define node_remove(name) (void)(name)
#include "../../src/dm/map.c"

static unsigned pauses;

static int fuzz_poll(void)
{
	/* dm-crypt and dm-integrity below it are both undone. */
	fuzz_check(++pauses <= 2 * REMOVE_ATTEMPTS, "no end of trying again");
	return 0;
}

static enum cause fuzz_node(void)
{
	return fuzz_byte(&fuzz_kernel_state.in) ? CAUSE_KERNEL : CAUSE_OK;
}

static void notice(const char *text)
{
	fuzz_check_printable(text);
}

static enum cause map(const struct kernel *k, unsigned how, struct error *err)
{
	static const uint8_t key[64] = {1, 2, 3};
	struct target targets[2] = {
		{.type = TARGET_CRYPT,
			.size_sectors = 2048,
			.major = 8,
			.minor = 1,
			.off_sectors = 32768,
			.cipher = "aes-xts-plain64",
			.sector_bytes = how & 32 ? 4096 : 512},
		{.type = TARGET_LINEAR, .size_sectors = 2048, .major = 8, .minor = 1, .off_sectors = 65536},
	};
	const struct target integrity = {.type = TARGET_INTEGRITY,
		.size_sectors = 2048,
		.major = 8,
		.minor = 1,
		.tag_bytes = 32,
		.sector_bytes = 512};
	struct target_key keys[2] = {{key, 64, "cryptsetup:1-d0"}, {key, 32, "cryptsetup:1-d1"}};
	struct map_request req = {
		.names = {"root", "CRYPT-LUKS2-1-root"},
		.table = {targets, 1 + (how >> 6 & 1), keys, 1 + (how >> 4 & 1), 63, how >> 7 & 1},
		.integrity = (how & 3) == 3 && !(how & 64) ? &integrity : NULL,
		.below = {"root_dif", "CRYPT-INTEGRITY-1-root_dif"},
		.notice = notice,
	};

	if (how & 8)
		keys[0].description = keys[1].description = NULL;
	return map_create(k, &req, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	struct map_names names = {"root", "CRYPT-LUKS2-1-root"};
	static bool opened;
	struct error err = {.text = ""};
	uint8_t how = fuzz_byte(&in);
	struct kernel k = fuzz_kernel_new(in);
	enum cause cause;

	if (!opened && arena_open(&err))
		abort();
	opened = true;
	pauses = 0;
	switch (how & 3) {
	case 0:
		cause = map_check(&k, how & 4 ? TARGET_INTEGRITY : TARGET_CRYPT, &names, &err);
		break;
	case 1:
		cause = map_remove(&k, "root", &err);
		break;
	default:
		cause = map(&k, how, &err);
		fuzz_kernel_check(cause, (how & 3) == 3 && !(how & 64) ? 2 : 1);
	}
	fuzz_check(!arena_mark(), "a request is left in the arena");
	fuzz_check(cause != CAUSE_BUG, "a defect of its own");
	fuzz_check_printable(err.text);
	return 0;
}
