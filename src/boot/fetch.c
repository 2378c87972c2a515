/* SPDX-License-Identifier: MIT */
/* fetch - see fetch.h. */
#include "boot/fetch.h"
#include "boot/stall.h"
#include "device/blkdev.h"
#include "device/stick.h"
#include "secret/arena.h"
#include "secret/keyfile.h"
#include "secret/vault.h"
#include "secret/wipe.h"
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int fetch_memory_file(void)
{
	enum { CLOSE_ON_EXEC = 1 }; /* MFD_CLOEXEC */

	return (int)syscall(SYS_memfd_create, "latchkey header", CLOSE_ON_EXEC);
}

/* The length first: it decides how much is wiped when this process is killed during the copy. */
static enum cause keep(unsigned slot, const struct secret *key, struct child_end *end, struct error *err)
{
	struct secret *to = vault_slot(slot);

	if (!child_deliver(end))
		return error_set(err, CAUSE_DEVICE, "read too late");
	to->len = key->len;
	memcpy(to->data, key->data, key->len);
	return CAUSE_OK;
}

static enum cause from_stick(const struct fetch *f, struct child_end *end, struct error *err)
{
	const struct stick_part part = {f->key.offset_bytes, f->key.size_bytes};
	struct secret s = {NULL, 0};
	struct stick stick;
	enum cause cause;

	cause = stick_open(f->key.device, f->key.fstype, &stick, err);
	if (!cause && f->header_fd >= 0)
		cause = stick_copy(&stick, f->key.path, FETCH_HEADER_MAX_BYTES, f->header_fd, err);
	else if (!cause) {
		cause = arena_get(&s.data, VAULT_SLOT_BYTES, err);
		if (!cause)
			cause = stick_read(&stick, f->key.path, &part, s.data, VAULT_SLOT_BYTES, &s.len, err);
	}
	stick_close(&stick);
	if (!cause && f->header_fd < 0)
		cause = keep(f->slot, &s, end, err);
	return cause;
}

/* keyfile_read is not watched (stall.h), this read is; after it the key is in the page cache, or nearly. */
static enum cause probe_device(const struct plan_key *k, struct error *err)
{
	struct blkdev dev;
	uint8_t byte;
	enum cause cause = blkdev_open_path(k->device, &dev, err);

	if (cause)
		return cause;
	cause = reader_read(&dev.reader, &byte, 1, k->offset_bytes, err);
	blkdev_close(&dev);
	wipe(&byte, 1);
	return cause;
}

enum cause fetch_run(void *arg, struct child_end *end, struct error *err)
{
	const struct fetch *f = arg;
	const struct plan_key *k = &f->key;
	struct keyfile kf = {k->kind == PLAN_KEY_RAW ? k->device : k->path, k->offset_bytes, k->size_bytes};
	struct secret s;
	enum cause cause;

	stall_watch(end);
	if (k->kind == PLAN_KEY_STICK)
		return from_stick(f, end, err);
	cause = k->kind == PLAN_KEY_RAW ? probe_device(k, err) : CAUSE_OK;
	if (!cause)
		cause = keyfile_read(&kf, &s, err);
	if (!cause)
		cause = keep(f->slot, &s, end, err);
	return cause;
}
