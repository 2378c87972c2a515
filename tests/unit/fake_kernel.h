/* SPDX-License-Identifier: MIT */
/*
 * fake_kernel - the kernel's side of device-mapper and of the keyring, in memory.
 *
 * It keeps every call as it came, byte for byte, does what the kernel would do as far as
 * this program can tell, and can be told to fail one call. Offsets and numbers of the
 * interface are written down here once more, apart from the kernel's header.
 */
#ifndef TESTS_FAKE_KERNEL_H
#define TESTS_FAKE_KERNEL_H

#include "base/text.h"
#include "dm/kernel.h"
#include "secret/arena.h"
#include "rows.h"
#include <errno.h>
#include <linux/dm-ioctl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

enum {
	FAKE_BUFFER = 16384,
	FAKE_HEAD = 312, /* struct dm_ioctl */
	FAKE_SPEC = 40,  /* struct dm_target_spec */
	/* in the head */
	AT_VERSION = 0,
	AT_DATA_SIZE = 12,
	AT_DATA_START = 16,
	AT_TARGET_COUNT = 20,
	AT_FLAGS = 28,
	AT_EVENT_NR = 32,
	AT_DEV = 40,
	AT_NAME = 48,
	AT_UUID = 176,
	/* flags */
	FLAG_READONLY = 1,
	FLAG_SUSPEND = 2,
	FLAG_EXISTS = 4,
	FLAG_PERSISTENT_DEV = 8,
	FLAG_SECURE_DATA = 1 << 15,
};
/* 253:3 as the kernel writes it to user space (huge_encode_dev). */
#define FAKE_DEV ((uint64_t)(253 << 8 | 3))
/* 253:300, which has bits of its minor number above those of the major one. */
#define FAKE_BELOW ((uint64_t)(1 << 20 | 253 << 8 | 44))

enum fake_kind { FAKE_IOCTL, FAKE_KEY_ADD, FAKE_KEY_DROP };

struct fake_call {
	enum fake_kind kind;
	unsigned long request;
	uint8_t buffer[FAKE_BUFFER]; /* as it was sent */
	char description[128];
	uint8_t key[64];
	uint32_t key_bytes;
	int32_t id;
};

struct fake_device {
	bool exists, loaded, live, read_only;
	char name[128], uuid[129], params[1024];
	uint64_t dev, sectors;
};

struct fake_kernel {
	struct kernel face;
	struct fake_call calls[64];
	unsigned count;
	struct fake_device device, other; /* other: somebody else's, from the start */
	struct fake_device below;         /* the one whose name ends in _dif */
	int32_t key_id;                   /* of the newest key in the keyring; 0: none is there */
	unsigned keys;                    /* that are there */
	char key_description[2][128];
	uint64_t dev;
	/* What it is like. */
	uint32_t crypt_version[3];
	bool no_crypt, no_integrity, no_get_version, no_keyring, leaves_buffer, refuses_tables;
	/* The call number @fail_at (from 0) fails, and the @fail_times - 1 calls behind it that are alike. */
	int fail_at, fail_errno;
	unsigned fail_times;
	unsigned long fail_request; /* or every call of this request, fail_times times */
	bool signals_open;          /* a call was made while a signal could have ended the program */
	/* What a list of target types looks like; NULL: the good one. */
	void (*list)(uint8_t *payload);
};

static inline uint32_t fake_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t fake_u64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void fake_put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void fake_put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline struct fake_call *fake_note(struct fake_kernel *f, enum fake_kind kind)
{
	sigset_t now;

	if (f->count == sizeof(f->calls) / sizeof(*f->calls)) {
		fprintf(stderr, "too many calls\n");
		abort();
	}
	if (sigprocmask(SIG_BLOCK, NULL, &now) || !sigismember(&now, SIGTERM) || !sigismember(&now, SIGINT))
		f->signals_open = true;
	f->calls[f->count].kind = kind;
	return &f->calls[f->count++];
}

/* The errno that this call, the newest, shall fail with; 0: none. */
static inline int fake_failure(struct fake_kernel *f, unsigned long request)
{
	bool mine = f->fail_request ? request == f->fail_request
	                            : (int)f->count - 1 >= f->fail_at && f->fail_at >= 0;

	if (!mine || !f->fail_times)
		return 0;
	/* The failures behind the first hit only the same request. */
	if (!f->fail_request)
		f->fail_request = request;
	f->fail_times--;
	return f->fail_errno;
}

/* --- target types ---------------------------------------------------------------------- */

static inline uint32_t fake_version_entry(uint8_t *p, const char *name, const uint32_t version[3], bool last)
{
	uint32_t bytes = (uint32_t)(16 + strlen(name) + 1 + 7) / 8 * 8;

	fake_put32(p, last ? 0 : bytes);
	for (int i = 0; i < 3; i++)
		fake_put32(p + 4 + 4 * i, version[i]);
	strcpy((char *)p + 16, name);
	return bytes;
}

static inline int fake_versions(struct fake_kernel *f, uint8_t *b, bool all)
{
	static const uint32_t strange[3] = {9, 8, 7};
	uint8_t *p = b + FAKE_HEAD;

	if (!all && !strcmp((char *)b + AT_NAME, "integrity") && !f->no_integrity) {
		fake_version_entry(p, "integrity", strange, true);
		return 0;
	}
	if (!all && (f->no_crypt || strcmp((char *)b + AT_NAME, "crypt")))
		return EINVAL;
	if (!all) {
		fake_version_entry(p, "crypt", f->crypt_version, true);
		return 0;
	}
	if (f->list) {
		f->list(p);
		return 0;
	}
	p += fake_version_entry(p, "cryptic", strange, false);
	p += fake_version_entry(p, "error", strange, false);
	if (!f->no_crypt)
		p += fake_version_entry(p, "crypt", f->crypt_version, false);
	fake_version_entry(p, "linear", strange, true);
	return 0;
}

/* --- devices --------------------------------------------------------------------------- */

static inline struct fake_device *fake_find(struct fake_kernel *f, const uint8_t *b)
{
	const char *name = (const char *)b + AT_NAME;
	uint64_t dev = fake_u64(b + AT_DEV);
	struct fake_device *all[] = {&f->device, &f->other, &f->below};

	for (int i = 0; i < 3; i++)
		if (all[i]->exists && (*name ? !strcmp(all[i]->name, name) : all[i]->dev == dev))
			return all[i];
	return NULL;
}

static inline int fake_create(struct fake_kernel *f, uint8_t *b)
{
	const char *name = (const char *)b + AT_NAME, *uuid = (const char *)b + AT_UUID;
	bool below = strlen(name) > 4 && !strcmp(name + strlen(name) - 4, "_dif");
	struct fake_device *d = below ? &f->below : &f->device;

	if (d->exists || !strcmp(f->other.name, name) || !strcmp(f->other.uuid, uuid))
		return EBUSY;
	*d = (struct fake_device){.exists = true, .dev = below ? FAKE_BELOW : f->dev};
	text_format(d->name, sizeof(d->name), "%s", name);
	text_format(d->uuid, sizeof(d->uuid), "%s", uuid);
	fake_put64(b + AT_DEV, d->dev);
	return 0;
}

static inline bool fake_knows(const struct fake_kernel *f, const char *params, const char *option,
	uint32_t minor)
{
	return f->crypt_version[1] >= minor || !strstr(params, option);
}

/* What dm-crypt itself would say of the line. */
static inline int fake_parse(const struct fake_kernel *f, const char *params)
{
	const char *key = strchr(params, ' ');

	if (!fake_knows(f, params, "allow_discards", 11) || !fake_knows(f, params, "same_cpu_crypt", 14) ||
		!fake_knows(f, params, "submit_from_crypt_cpus", 14) ||
		!fake_knows(f, params, "sector_size:", 17) ||
		!fake_knows(f, params, "no_read_workqueue", 22) ||
		!fake_knows(f, params, "no_write_workqueue", 22) ||
		!fake_knows(f, params, "high_priority", 26))
		return EINVAL;
	if (!key || key[1] != ':')
		return key ? 0 : EINVAL;
	if (f->crypt_version[1] < 18)
		return EINVAL;
	key = strstr(key, "logon:");
	for (unsigned i = 0; key && i < f->keys; i++) {
		size_t len = strlen(f->key_description[i]);

		if (!strncmp(key + 6, f->key_description[i], len) && key[6 + len] == ' ')
			return 0;
	}
	return ENOKEY;
}

static inline int fake_load(struct fake_kernel *f, const uint8_t *b)
{
	struct fake_device *d = fake_find(f, b);
	const uint8_t *spec = b + FAKE_HEAD;
	uint64_t start = 0;
	int failed;

	if (!d)
		return ENXIO;
	if (f->refuses_tables || !fake_u32(b + AT_TARGET_COUNT))
		return EINVAL;
	for (uint32_t i = 0; i < fake_u32(b + AT_TARGET_COUNT); i++) {
		const char *type = (const char *)spec + 24, *params = (const char *)spec + FAKE_SPEC;

		if (fake_u64(spec) != start || (uintptr_t)(spec - b) % 8 ||
			(strcmp(type, "crypt") && strcmp(type, "linear") && strcmp(type, "integrity")))
			return EINVAL;
		failed = strcmp(type, "crypt") ? 0 : fake_parse(f, params);
		if (failed)
			return failed;
		if (!i)
			text_format(d->params, sizeof(d->params), "%s", params);
		start += fake_u64(spec + 8);
		spec += fake_u32(spec + 20);
	}
	d->loaded = true;
	d->read_only = fake_u32(b + AT_FLAGS) & FLAG_READONLY;
	d->sectors = start;
	return 0;
}

static inline int fake_suspend(struct fake_kernel *f, const uint8_t *b)
{
	struct fake_device *d = fake_find(f, b);

	if (!d)
		return ENXIO;
	if (!d->loaded || (fake_u32(b + AT_FLAGS) & FLAG_SUSPEND))
		return EINVAL;
	d->live = true;
	return 0;
}

static inline int fake_remove(struct fake_kernel *f, const uint8_t *b)
{
	struct fake_device *d = fake_find(f, b);

	if (!d)
		return ENXIO;
	memset(d, 0, sizeof(*d));
	return 0;
}

static inline int fake_status(struct fake_kernel *f, uint8_t *b)
{
	struct fake_device *d = fake_find(f, b);

	if (!d)
		return ENXIO;
	fake_put64(b + AT_DEV, d->dev);
	text_format((char *)b + AT_UUID, 129, "%s", d->uuid);
	return 0;
}

static inline int fake_do(struct fake_kernel *f, unsigned long request, uint8_t *b)
{
	switch (request) {
	case DM_GET_TARGET_VERSION:
		return f->no_get_version ? ENOTTY : fake_versions(f, b, false);
	case DM_LIST_VERSIONS:
		return fake_versions(f, b, true);
	case DM_DEV_CREATE:
		return fake_create(f, b);
	case DM_TABLE_LOAD:
		return fake_load(f, b);
	case DM_DEV_SUSPEND:
		return fake_suspend(f, b);
	case DM_DEV_REMOVE:
		return fake_remove(f, b);
	case DM_DEV_STATUS:
		return fake_status(f, b);
	default:
		return ENOTTY;
	}
}

static inline int fake_ioctl(void *ctx, unsigned long request, void *buffer)
{
	struct fake_kernel *f = ctx;
	struct fake_call *call = fake_note(f, FAKE_IOCTL);
	static uint8_t inside[FAKE_BUFFER];
	int failed;

	call->request = request;
	memcpy(call->buffer, buffer, FAKE_BUFFER);
	memcpy(inside, buffer, FAKE_BUFFER);
	/* The kernel looks at the interface version first, and writes its own there. */
	if (fake_u32(inside) != 4 || fake_u32(inside + 4) > 48)
		return EINVAL;
	for (unsigned i = 0; i < 3; i++)
		fake_put32((uint8_t *)buffer + 4 * i, i ? 48 * (i == 1) : 4);
	/* A buffer with secrets is wiped before anything is done with what was in it. */
	if ((fake_u32(inside + AT_FLAGS) & FLAG_SECURE_DATA) && !f->leaves_buffer)
		memset(buffer, 0, FAKE_BUFFER);
	failed = fake_failure(f, request);
	if (!failed)
		failed = fake_do(f, request, inside);
	if (!failed)
		memcpy(buffer, inside, request == DM_TABLE_LOAD ? FAKE_HEAD : FAKE_BUFFER);
	memset(inside, 0, sizeof(inside));
	return failed;
}

/* --- the keyring ----------------------------------------------------------------------- */

static inline int fake_key_add(void *ctx, const char *description, const uint8_t *key, uint32_t key_bytes,
	int32_t *id)
{
	struct fake_kernel *f = ctx;
	struct fake_call *call = fake_note(f, FAKE_KEY_ADD);
	int failed = fake_failure(f, 1);

	text_format(call->description, sizeof(call->description), "%s", description);
	call->key_bytes = key_bytes;
	memcpy(call->key, key, key_bytes < sizeof(call->key) ? key_bytes : sizeof(call->key));
	if (failed || f->no_keyring)
		return failed ? failed : ENOSYS;
	if (f->keys == 2)
		return EDQUOT;
	f->key_id = *id = 777 + (int32_t)f->keys;
	text_format(f->key_description[f->keys++], sizeof(*f->key_description), "%s", description);
	return 0;
}

static inline void fake_key_drop(void *ctx, int32_t id)
{
	struct fake_kernel *f = ctx;

	fake_note(f, FAKE_KEY_DROP)->id = id;
	if (id == f->key_id)
		f->key_id = --f->keys ? id - 1 : 0;
}

/* A kernel of today, with one mapping of somebody else. It is static: one at a time. */
static inline struct fake_kernel *fake_new(void)
{
	static struct fake_kernel f;

	memset(&f, 0, sizeof(f));
	f.face = (struct kernel){fake_ioctl, fake_key_add, fake_key_drop, &f};
	f.other = (struct fake_device){.exists = true, .loaded = true, .live = true, .dev = 253 << 8 | 9};
	strcpy(f.other.name, "other");
	strcpy(f.other.uuid, "CRYPT-LUKS2-00000000000000000000000000000000-other");
	f.dev = FAKE_DEV;
	memcpy(f.crypt_version, (uint32_t[3]){1, 28, 0}, sizeof(f.crypt_version));
	f.fail_at = -1;
	return &f;
}

/* --- what was sent ---------------------------------------------------------------------- */

/* The buffer of one request, made from scratch. */
static inline void fake_expected(uint8_t out[static FAKE_BUFFER], uint32_t flags, uint64_t dev,
	const char *name)
{
	memset(out, 0, FAKE_BUFFER);
	fake_put32(out + AT_VERSION, 4);
	fake_put32(out + AT_DATA_SIZE, FAKE_BUFFER);
	fake_put32(out + AT_DATA_START, FAKE_HEAD);
	fake_put32(out + AT_FLAGS, flags);
	fake_put64(out + AT_DEV, dev);
	strcpy((char *)out + AT_NAME, name);
}

/* One more target behind it, and behind those that are there. */
static inline void fake_expected_more(uint8_t *out, const char *type, uint64_t sectors, const char *params)
{
	uint32_t n = fake_u32(out + AT_TARGET_COUNT);
	uint8_t *spec = out + FAKE_HEAD;
	uint64_t start = 0;

	for (uint32_t i = 0; i < n; i++) {
		start += fake_u64(spec + 8);
		spec += fake_u32(spec + 20);
	}
	fake_put32(out + AT_TARGET_COUNT, n + 1);
	fake_put64(spec, start);
	fake_put64(spec + 8, sectors);
	fake_put32(spec + 20, (uint32_t)(FAKE_SPEC + (strlen(params) + 1 + 7) / 8 * 8));
	strcpy((char *)spec + 24, type);
	strcpy((char *)spec + FAKE_SPEC, params);
}

static inline void fake_expected_target(uint8_t *out, uint64_t sectors, const char *params)
{
	fake_expected_more(out, "crypt", sectors, params);
}

/* The first byte where a request differs from @want; -1: the same. */
static inline long fake_difference(const struct fake_call *call, const uint8_t *want)
{
	for (long i = 0; i < FAKE_BUFFER; i++)
		if (call->buffer[i] != want[i])
			return i;
	return -1;
}

/* --- secrets ----------------------------------------------------------------------------- */

/* The arena makes the process undumpable, and the leak checker of the sanitizer must look into it. */
static inline void fake_arena(void)
{
	struct error err;

	if (arena_open(&err)) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* What a call must have sent: filled by fake_expected(). */
static uint8_t fake_want[FAKE_BUFFER];

/* Call @n is this ioctl, with fake_want. */
static inline void fake_sent(const struct fake_kernel *f, unsigned n, unsigned long request)
{
	long at;

	assert_true(n < f->count);
	assert_int_equal(f->calls[n].kind, FAKE_IOCTL);
	assert_true(f->calls[n].request == request);
	at = fake_difference(&f->calls[n], fake_want);
	if (at >= 0)
		fail_msg("byte %ld is 0x%02x, not 0x%02x", at, f->calls[n].buffer[at], fake_want[at]);
}

/* Nobody here waits: the time is only added up. */
static unsigned fake_waited_ms;

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	(void)fds;
	(void)n;
	fake_waited_ms += (unsigned)timeout;
	return 0;
}

/* Do these bytes stand in the arena? It fills from its start, and mapping needs far less than that. */
static inline bool fake_arena_holds(const void *bytes, size_t len)
{
	enum { LOOKED_AT = 512 << 10 };
	size_t mark = arena_mark();
	const uint8_t *p = arena_alloc(1);

	arena_release(mark);
	return memmem(p - mark, LOOKED_AT, bytes, len) != NULL;
}

#endif
