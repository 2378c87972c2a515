/* SPDX-License-Identifier: MIT */
/* temporary - see temporary.h. */
#include "dm/temporary.h"
#include "base/text.h"
#include "dm/dm.h"
#include "dm/node.h"
#include "secret/arena.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* Unique, and not to be guessed where the kernel has entropy already; a name needs no more. */
static void random_name(char name[static DM_NAME_BYTES], char uuid[static DM_UUID_BYTES])
{
	struct timespec now = {0};
	uint64_t n;

	if (getrandom(&n, sizeof(n), GRND_NONBLOCK) != sizeof(n)) {
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		n = (uint64_t)now.tv_sec << 32 | (uint64_t)now.tv_nsec;
	}
	text_format(name, DM_NAME_BYTES, "temporary-latchkey-%d-%016llx", (int)getpid(),
		(unsigned long long)n);
	text_format(uuid, DM_UUID_BYTES, "CRYPT-TEMP-%s", name);
}

/* What O_DIRECT may want of addresses, whatever the sectors of the device are. */
enum { ALIGNMENT = 4096 };

/* @fd has O_DIRECT, unless the kernel took it for nothing. */
static enum cause read_all(int fd, uint8_t *out, size_t len, struct error *err)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = pread(fd, out + have, len - have, (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		/* A device that wants more than that of us: through the page cache, then. */
		if (n < 0 && errno == EINVAL && fcntl(fd, F_GETFL) & O_DIRECT && !fcntl(fd, F_SETFL, 0))
			continue;
		if (n <= 0)
			return error_set_os(err, CAUSE_DEVICE, n ? errno : EIO,
				"the keyslot area cannot be read");
		have += (size_t)n;
	}
	return CAUSE_OK;
}

/* What is read is a split key: with O_DIRECT no copy of it stays in the page cache. */
static enum cause read_node(uint64_t dev, const char *name, uint8_t *out, size_t len, struct error *err)
{
	size_t mark = arena_mark();
	uint8_t *buf;
	enum cause cause = arena_get(&buf, len + ALIGNMENT, err);
	int fd;

	if (cause)
		return cause;
	buf += -(uintptr_t)buf % ALIGNMENT;
	fd = node_open_private(dev, name);
	if (fd < 0) {
		cause = error_set_os(err, CAUSE_KERNEL, errno, "a temporary mapping cannot be opened");
	} else {
		(void)fcntl(fd, F_SETFL, O_DIRECT);
		cause = read_all(fd, buf, len, err);
		close(fd);
	}
	if (!cause)
		memcpy(out, buf, len);
	arena_release(mark);
	return cause;
}

static enum cause load_and_read(const struct kernel *k, uint64_t dev, const char *name, const struct table *t,
	uint8_t *out, struct error *err)
{
	enum cause cause = dm_load(k, dev, t, err);

	if (!cause)
		cause = dm_resume_unannounced(k, dev, err);
	if (!cause)
		cause = read_node(dev, name, out, (size_t)t->targets->size_sectors * 512, err);
	return cause;
}

enum cause temporary_read(const struct kernel *k, const struct target *t, struct bytes key, uint8_t *out,
	struct error *err)
{
	const struct target_key in_hex = {key.data, (uint32_t)key.len, NULL};
	const struct table table = {.targets = t,
		.count = 1,
		.keys = &in_hex,
		.key_count = 1,
		.read_only = true};
	char name[DM_NAME_BYTES], uuid[DM_UUID_BYTES];
	struct error remove_error;
	sigset_t all, old;
	uint64_t dev;
	enum cause cause, removed;

	random_name(name, uuid);
	sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &old);
	cause = dm_create(k, name, uuid, &dev, err);
	if (!cause) {
		cause = load_and_read(k, dev, name, &table, out, err);
		removed = dm_remove(k, name, &remove_error);
		/* Left behind it would show the area in the clear to root: that is a failure, too. */
		if (!cause && removed) {
			*err = remove_error;
			cause = removed;
		}
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return cause;
}
