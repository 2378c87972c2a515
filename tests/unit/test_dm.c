/* SPDX-License-Identifier: MIT */
/* Each device-mapper ioctl by itself: the bytes that are sent, and what becomes of each errno. */
#include "dm/dm.h"
#include "fake_kernel.h"

enum { EVENT_PRIMARY = 0x00400000, EVENT_UNANNOUNCED = 0x004e0000 };

/* --- bytes ------------------------------------------------------------------------------- */

static void the_version_request_is_wrong(void **state)
{
	struct fake_kernel *f = fake_new();
	struct dm_version v;
	struct error err;

	(void)state;
	assert_int_equal(dm_version(&f->face, TARGET_CRYPT, &v, &err), CAUSE_OK);
	assert_true(v.major == 1 && v.minor == 28 && v.patch == 0);
	assert_int_equal(f->count, 1);
	fake_expected(fake_want, 0, 0, "crypt");
	fake_sent(f, 0, DM_GET_TARGET_VERSION);
}

static void the_list_request_is_wrong(void **state)
{
	struct fake_kernel *f = fake_new();
	struct dm_version v;
	struct error err;

	(void)state;
	f->no_get_version = true;
	memcpy(f->crypt_version, (uint32_t[3]){1, 18, 1}, sizeof(f->crypt_version));
	assert_int_equal(dm_version(&f->face, TARGET_CRYPT, &v, &err), CAUSE_OK);
	assert_true(v.major == 1 && v.minor == 18 && v.patch == 1);
	assert_int_equal(f->count, 2);
	fake_expected(fake_want, 0, 0, "");
	fake_sent(f, 1, DM_LIST_VERSIONS);
}

/* The old list has only what is loaded: the module may be there. */
static void a_module_not_loaded_yet_is_called_absent(void **state)
{
	struct fake_kernel *f = fake_new();
	struct dm_version v;
	struct error err;

	(void)state;
	f->no_crypt = true;
	assert_int_equal(dm_version(&f->face, TARGET_CRYPT, &v, &err), CAUSE_KERNEL);
	assert_non_null(strstr(err.text, "has no dm-crypt"));
	f->no_get_version = true;
	assert_int_equal(dm_version(&f->face, TARGET_CRYPT, &v, &err), CAUSE_KERNEL);
	assert_non_null(strstr(err.text, "not loaded"));
	assert_null(strstr(err.text, "has no"));
	f->no_get_version = f->no_crypt = false;
}

static void the_status_request_is_wrong(void **state)
{
	struct fake_kernel *f = fake_new();
	struct dm_status st;
	struct error err;
	bool found;

	(void)state;
	assert_int_equal(dm_find(&f->face, "other", &found, &st, &err), CAUSE_OK);
	assert_true(found);
	assert_true(st.dev == (253 << 8 | 9));
	assert_string_equal(st.uuid, f->other.uuid);
	fake_expected(fake_want, 0, 0, "other");
	fake_sent(f, 0, DM_DEV_STATUS);
	assert_int_equal(dm_find(&f->face, "nobody", &found, &st, &err), CAUSE_OK);
	assert_false(found);
}

static void the_create_request_is_wrong(void **state)
{
	struct fake_kernel *f = fake_new();
	struct error err;
	uint64_t dev;

	(void)state;
	assert_int_equal(dm_create(&f->face, "root", "CRYPT-X", &dev, &err), CAUSE_OK);
	assert_true(dev == FAKE_DEV);
	fake_expected(fake_want, 0, 0, "root");
	strcpy((char *)fake_want + AT_UUID, "CRYPT-X");
	fake_sent(f, 0, DM_DEV_CREATE);
}

/* The longest that the kernel takes: 127 characters and a NUL, 128 and a NUL. */
static void the_longest_name_or_uuid_is_cut(void **state)
{
	struct fake_kernel *f = fake_new();
	char name[128], uuid[129];
	struct error err;
	uint64_t dev;

	(void)state;
	memset(name, 'n', 127);
	name[127] = 0;
	memset(uuid, 'u', 128);
	uuid[128] = 0;
	assert_int_equal(dm_create(&f->face, name, uuid, &dev, &err), CAUSE_OK);
	fake_expected(fake_want, 0, 0, name);
	strcpy((char *)fake_want + AT_UUID, uuid);
	fake_sent(f, 0, DM_DEV_CREATE);
}

/* A table of one target, as @params says. */
static enum cause load(struct fake_kernel *f, const struct target *t, bool read_only, struct error *err)
{
	static const uint8_t key[1];
	static const struct target_key keys[] = {{key, 1, NULL}};

	return dm_load(&f->face, FAKE_DEV, &(struct table){t, 1, keys, 1, 0, read_only}, err);
}

static const struct target small = {.size_sectors = 8,
	.cipher = "aes",
	.major = 7,
	.off_sectors = 8,
	.sector_bytes = 512};

static struct fake_kernel *created(void)
{
	struct fake_kernel *f = fake_new();
	struct error err;
	uint64_t dev;

	assert_int_equal(dm_create(&f->face, "root", "CRYPT-X", &dev, &err), CAUSE_OK);
	f->count = 0;
	return f;
}

static void the_load_request_is_wrong(void **state)
{
	static const char *const lines[] = {"aes 00 0 7:0 8", "aes 00 0 7:0 80", "aes 00 0 7:0 800",
		"aes 00 0 7:0 8000000"};
	static const uint64_t offsets[] = {8, 80, 800, 8000000};

	(void)state;
	for (int read_only = 0; read_only < 2; read_only++)
		for (size_t i = 0; i < COUNT(lines); i++) {
			struct fake_kernel *f = created();
			struct target t = small;
			struct error err;

			t.size_sectors = UINT64_C(1) << 40;
			t.off_sectors = offsets[i];
			assert_int_equal(load(f, &t, read_only, &err), CAUSE_OK);
			fake_expected(fake_want,
				FLAG_EXISTS | FLAG_PERSISTENT_DEV | FLAG_SECURE_DATA |
					(read_only ? FLAG_READONLY : 0),
				FAKE_DEV, "");
			fake_expected_target(fake_want, UINT64_C(1) << 40, lines[i]);
			fake_sent(f, 0, DM_TABLE_LOAD);
			assert_int_equal(f->device.read_only, read_only);
		}
}

static void the_resume_request_is_wrong(void **state)
{
	struct fake_kernel *f = created();
	struct error err;

	(void)state;
	f->device.loaded = true;
	assert_int_equal(dm_resume(&f->face, FAKE_DEV, &err), CAUSE_OK);
	assert_true(f->device.live);
	fake_expected(fake_want, FLAG_EXISTS | FLAG_PERSISTENT_DEV, FAKE_DEV, "");
	fake_put32(fake_want + AT_EVENT_NR, EVENT_PRIMARY);
	fake_sent(f, 0, DM_DEV_SUSPEND);
	assert_int_equal(dm_resume_unannounced(&f->face, FAKE_DEV, &err), CAUSE_OK);
	fake_put32(fake_want + AT_EVENT_NR, EVENT_UNANNOUNCED);
	fake_sent(f, 1, DM_DEV_SUSPEND);
}

static void the_remove_request_is_wrong(void **state)
{
	struct fake_kernel *f = created();
	struct error err;

	(void)state;
	assert_int_equal(dm_remove(&f->face, "root", &err), CAUSE_OK);
	assert_false(f->device.exists);
	assert_true(f->other.exists);
	fake_expected(fake_want, FLAG_EXISTS, 0, "root");
	fake_put32(fake_want + AT_EVENT_NR, EVENT_PRIMARY);
	fake_sent(f, 0, DM_DEV_REMOVE);
}

/* A table too long for the buffer must not be cut; the last that fits must not be refused by much. */
static void a_table_as_long_as_the_buffer_runs_over(void **state)
{
	static struct target targets[FAKE_BUFFER / FAKE_SPEC];
	static const uint8_t key[1];
	bool fitted = true;

	(void)state;
	for (unsigned cipher_len = 1; cipher_len < 24; cipher_len++) {
		char cipher[32] = "xxxxxxxxxxxxxxxxxxxxxxxx";
		struct target_key keys[] = {{key, 1, NULL}};
		size_t each = FAKE_SPEC + (cipher_len + strlen(" 00 0 7:0 8") + 1 + 7) / 8 * 8;

		cipher[cipher_len] = 0;
		for (unsigned i = 0; i < COUNT(targets); i++) {
			targets[i] = small;
			targets[i].cipher = cipher;
		}
		for (size_t n = (FAKE_BUFFER - FAKE_HEAD) / each - 1; n * each < FAKE_BUFFER; n++) {
			const struct table table = {targets, (unsigned)n, keys, 1, 0, false};
			struct fake_kernel *f = created();
			struct error err = {.text = ""};
			enum cause cause = dm_load(&f->face, FAKE_DEV, &table, &err);

			fitted = !cause;
			assert_true(fitted || cause == CAUSE_BUG);
			assert_true(fitted || n * each + FAKE_HEAD + 16 > FAKE_BUFFER);
			assert_true(!fitted || n * each + FAKE_HEAD <= FAKE_BUFFER);
			assert_int_equal(f->count, fitted);
			assert_true(!fitted || f->device.sectors == 8 * n);
		}
		assert_false(fitted);
	}
}

/* --- the list of target types -------------------------------------------------------------- */

static const uint32_t v_crypt[3] = {1, 2, 3}, v_other[3] = {9, 9, 9};

static void list_first(uint8_t *p)
{
	p += fake_version_entry(p, "crypt", v_crypt, false);
	fake_version_entry(p, "zero", v_other, true);
}

static void list_last(uint8_t *p)
{
	p += fake_version_entry(p, "zero", v_other, false);
	fake_version_entry(p, "crypt", v_crypt, true);
}

static void list_alone(uint8_t *p)
{
	fake_version_entry(p, "crypt", v_crypt, true);
}

static void list_without(uint8_t *p)
{
	p += fake_version_entry(p, "crypto", v_other, false);
	p += fake_version_entry(p, "xcrypt", v_other, false);
	fake_version_entry(p, "cryp", v_other, true);
}

static void list_of_nothing(uint8_t *p)
{
	memset(p, 0, FAKE_BUFFER - FAKE_HEAD);
}

/* An entry that says that the next one is far behind the buffer. */
static void list_far(uint8_t *p)
{
	fake_version_entry(p, "zero", v_other, true);
	fake_put32(p, UINT32_MAX);
}

/* The last entry ends with the buffer; the one behind it would not. */
static void list_to_the_end(uint8_t *p)
{
	fake_version_entry(p, "zero", v_other, true);
	fake_put32(p, FAKE_BUFFER - FAKE_HEAD - 16);
	fake_put32(p + FAKE_BUFFER - FAKE_HEAD - 16, 8);
}

static const struct list {
	const char *name;
	void (*list)(uint8_t *payload);
	bool found;
} lists[] = {
	{"crypt at the head of the list is not found", list_first, true},
	{"crypt at the end of the list is not found", list_last, true},
	{"crypt alone in the list is not found", list_alone, true},
	{"a longer or shorter name is taken for crypt", list_without, false},
	{"an empty list loops for ever", list_of_nothing, false},
	{"an entry far outside is read", list_far, false},
	{"an entry half outside is read", list_to_the_end, false},
};

static void list_is_judged(void **state)
{
	const struct list *l = *state;
	struct fake_kernel *f = fake_new();
	struct dm_version v = {0};
	struct error err;
	enum cause cause;

	f->no_get_version = true;
	f->list = l->list;
	cause = dm_version(&f->face, TARGET_CRYPT, &v, &err);
	assert_int_equal(cause, l->found ? CAUSE_OK : CAUSE_KERNEL);
	if (l->found)
		assert_true(v.major == 1 && v.minor == 2 && v.patch == 3);
	else
		assert_non_null(strstr(err.text, "load the module dm_crypt"));
}

/* --- errors -------------------------------------------------------------------------------- */

static enum cause do_version(struct fake_kernel *f, struct error *err)
{
	struct dm_version v;

	return dm_version(&f->face, TARGET_CRYPT, &v, err);
}

static enum cause do_list(struct fake_kernel *f, struct error *err)
{
	f->no_get_version = true;
	return do_version(f, err);
}

static enum cause do_find(struct fake_kernel *f, struct error *err)
{
	struct dm_status st;
	bool found;

	return dm_find(&f->face, "root", &found, &st, err);
}

static enum cause do_create(struct fake_kernel *f, struct error *err)
{
	uint64_t dev;

	return dm_create(&f->face, "root2", "CRYPT-Y", &dev, err);
}

static enum cause do_load(struct fake_kernel *f, struct error *err)
{
	return load(f, &small, false, err);
}

static enum cause do_resume(struct fake_kernel *f, struct error *err)
{
	f->device.loaded = true;
	return dm_resume(&f->face, FAKE_DEV, err);
}

static enum cause do_remove(struct fake_kernel *f, struct error *err)
{
	return dm_remove(&f->face, "root", err);
}

static const struct failure {
	const char *name;
	enum cause (*step)(struct fake_kernel *f, struct error *err);
	unsigned long request;
	int os_errno;
	unsigned times;
	enum cause cause;
	const char *piece;
} failures[] = {
	{"no dm-crypt is called something else", do_version, DM_GET_TARGET_VERSION, EINVAL, 1, CAUSE_KERNEL,
		"load the module dm_crypt"},
	{"an old kernel's missing request ends the search", do_version, DM_GET_TARGET_VERSION, ENOTTY, 1,
		CAUSE_OK, ""},
	{"an interrupted version request is not repeated", do_version, DM_GET_TARGET_VERSION, EINTR, 3,
		CAUSE_OK, ""},
	{"EPERM for the version is taken for a missing module", do_version, DM_GET_TARGET_VERSION, EPERM, 1,
		CAUSE_KERNEL, "device-mapper does not answer"},
	{"ENXIO for the version is taken for a missing module", do_version, DM_GET_TARGET_VERSION, ENXIO, 1,
		CAUSE_KERNEL, "device-mapper does not answer"},
	{"ENOMEM for the version is taken for success", do_version, DM_GET_TARGET_VERSION, ENOMEM, 1,
		CAUSE_KERNEL, "device-mapper does not answer"},
	{"an interrupted list request is not repeated", do_list, DM_LIST_VERSIONS, EINTR, 1, CAUSE_OK, ""},
	{"EPERM for the list is taken for a missing module", do_list, DM_LIST_VERSIONS, EPERM, 1,
		CAUSE_KERNEL, "device-mapper does not answer"},
	{"ENOTTY for the list is taken for success", do_list, DM_LIST_VERSIONS, ENOTTY, 1, CAUSE_KERNEL,
		"device-mapper does not answer"},
	{"an interrupted status request is not repeated", do_find, DM_DEV_STATUS, EINTR, 1, CAUSE_OK, ""},
	{"EPERM for the status is taken for absence", do_find, DM_DEV_STATUS, EPERM, 1, CAUSE_KERNEL,
		"root: device-mapper does not answer"},
	{"EINVAL for the status is taken for absence", do_find, DM_DEV_STATUS, EINVAL, 1, CAUSE_KERNEL,
		"root: device-mapper does not answer"},
	{"a name in use is called something else", do_create, DM_DEV_CREATE, EBUSY, 1, CAUSE_EXISTS,
		"root2: a mapping of that name or of that volume exists"},
	{"EINVAL for the creation is called something else", do_create, DM_DEV_CREATE, EINVAL, 1,
		CAUSE_KERNEL, "root2: cannot create the mapping"},
	{"ENOMEM for the creation is taken for success", do_create, DM_DEV_CREATE, ENOMEM, 1, CAUSE_KERNEL,
		"cannot create"},
	{"EPERM for the creation is taken for success", do_create, DM_DEV_CREATE, EPERM, 1, CAUSE_KERNEL,
		"cannot create"},
	{"a busy data device is called something else", do_load, DM_TABLE_LOAD, EBUSY, 1, CAUSE_EXISTS,
		"the data device is in use"},
	{"no memory for the load is called something else", do_load, DM_TABLE_LOAD, ENOMEM, 1, CAUSE_RESOURCE,
		"no memory for the mapping"},
	{"a missing cipher is called something else", do_load, DM_TABLE_LOAD, ENOENT, 1, CAUSE_KERNEL,
		"lacks the cipher"},
	{"a refused table is called something else", do_load, DM_TABLE_LOAD, EINVAL, 1, CAUSE_KERNEL,
		"the kernel refused the table"},
	{"ENXIO for the load is taken for success", do_load, DM_TABLE_LOAD, ENXIO, 1, CAUSE_KERNEL,
		"the kernel refused the table"},
	{"ENOTTY for the load is taken for success", do_load, DM_TABLE_LOAD, ENOTTY, 1, CAUSE_KERNEL,
		"the kernel refused the table"},
	{"an interrupted load is repeated with the wiped buffer", do_load, DM_TABLE_LOAD, EINTR, 2, CAUSE_OK,
		""},
	{"EINVAL for the resume is taken for success", do_resume, DM_DEV_SUSPEND, EINVAL, 1, CAUSE_KERNEL,
		"cannot activate"},
	{"ENOMEM for the resume is taken for success", do_resume, DM_DEV_SUSPEND, ENOMEM, 1, CAUSE_KERNEL,
		"cannot activate"},
	{"an interrupted resume is not repeated", do_resume, DM_DEV_SUSPEND, EINTR, 1, CAUSE_OK, ""},
	{"a device that udev looks at is not tried again", do_remove, DM_DEV_REMOVE, EBUSY, 19, CAUSE_OK, ""},
	{"a device in use is waited for for ever", do_remove, DM_DEV_REMOVE, EBUSY, 1000000, CAUSE_EXISTS,
		"root: is in use"},
	{"an absent mapping is called something else", do_remove, DM_DEV_REMOVE, ENXIO, 1, CAUSE_DEVICE,
		"root: no such mapping"},
	{"EPERM for the removal is taken for success", do_remove, DM_DEV_REMOVE, EPERM, 1, CAUSE_KERNEL,
		"root: cannot remove the mapping"},
	{"an interrupted removal is not repeated", do_remove, DM_DEV_REMOVE, EINTR, 1, CAUSE_OK, ""},
};

static void failure_is_judged(void **state)
{
	const struct failure *t = *state;
	struct fake_kernel *f = created();
	struct error err = {.text = ""};
	enum cause cause;

	if (t->step == do_create)
		f->device.exists = false;
	f->fail_request = t->request;
	f->fail_errno = t->os_errno;
	f->fail_times = t->times;
	fake_waited_ms = 0;
	cause = t->step(f, &err);
	assert_int_equal(cause, t->cause);
	if (cause) {
		assert_int_equal(err.cause, cause);
		if (!strstr(err.text, t->piece))
			fail_msg("\"%s\" does not say \"%s\"", err.text, t->piece);
	}
	assert_true(fake_waited_ms <= 2000);
	assert_true(f->other.exists && f->other.live);
}

static void the_errno_of_a_refused_load_is_lost(void **state)
{
	static const int errnos[] = {EBUSY, ENOMEM, ENOENT, EINVAL, ENOKEY, EPERM};

	(void)state;
	for (size_t i = 0; i < COUNT(errnos); i++) {
		struct fake_kernel *f = created();
		struct error err;

		f->fail_request = DM_TABLE_LOAD;
		f->fail_errno = errnos[i];
		f->fail_times = 1;
		assert_int_not_equal(do_load(f, &err), CAUSE_OK);
		assert_int_equal(err.os_errno, errnos[i]);
	}
}

/* --- secrets -------------------------------------------------------------------------------- */

/* With a kernel that wipes the buffer, and with one that leaves it to us. */
static void a_key_stays_in_the_buffer(void **state)
{
	static const char secret[] = "5ec4e75ec4e75ec4e75ec4e7";
	static const uint8_t key[] = {0x5e, 0xc4, 0xe7, 0x5e, 0xc4, 0xe7, 0x5e, 0xc4, 0xe7, 0x5e, 0xc4, 0xe7};
	static const struct target_key keys[] = {{key, sizeof(key), NULL}};

	(void)state;
	for (int leaves = 0; leaves < 2; leaves++)
		for (int os_errno = 0; os_errno <= EINVAL; os_errno += EINVAL) {
			struct fake_kernel *f = created();
			struct error err;
			size_t mark = arena_mark();

			f->leaves_buffer = leaves;
			f->fail_request = DM_TABLE_LOAD;
			f->fail_errno = os_errno;
			f->fail_times = os_errno != 0;
			(void)!dm_load(&f->face, FAKE_DEV, &(struct table){&small, 1, keys, 1, 0, false},
				&err);
			assert_non_null(memmem(f->calls[0].buffer, FAKE_BUFFER, secret, sizeof(secret) - 1));
			assert_false(fake_arena_holds(secret, sizeof(secret) - 1));
			assert_int_equal(arena_mark(), mark);
			assert_null(strstr(err.text, secret));
		}
}

static void a_step_keeps_a_piece_of_the_arena(void **state)
{
	static enum cause (*const steps[])(struct fake_kernel *, struct error *) = {do_version, do_list,
		do_find, do_create, do_load, do_resume, do_remove};
	size_t mark = arena_mark();

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++)
		for (int fails = 0; fails < 2; fails++) {
			struct fake_kernel *f = created();
			struct error err;

			f->fail_at = fails ? 0 : -1;
			f->fail_errno = EPERM;
			f->fail_times = 1;
			(void)!steps[i](f, &err);
			assert_int_equal(arena_mark(), mark);
		}
}

/* Only the table may hold a key: no other request is in the arena. */
static void a_full_arena_is_a_crash(void **state)
{
	size_t mark = arena_mark();
	struct fake_kernel *f = fake_new();
	struct error err;

	(void)state;
	while (arena_alloc(8192))
		;
	assert_int_equal(do_load(f, &err), CAUSE_RESOURCE);
	assert_int_equal(f->count, 0);
	assert_int_equal(do_version(fake_new(), &err), CAUSE_OK);
	arena_release(mark);
}

int main(void)
{
	fake_arena();
	ROW(the_version_request_is_wrong);
	ROW(the_list_request_is_wrong);
	ROW(a_module_not_loaded_yet_is_called_absent);
	ROW(the_status_request_is_wrong);
	ROW(the_create_request_is_wrong);
	ROW(the_longest_name_or_uuid_is_cut);
	ROW(the_load_request_is_wrong);
	ROW(the_resume_request_is_wrong);
	ROW(the_remove_request_is_wrong);
	ROW(a_table_as_long_as_the_buffer_runs_over);
	for (size_t i = 0; i < COUNT(lists); i++)
		row(lists[i].name, list_is_judged, &lists[i]);
	for (size_t i = 0; i < COUNT(failures); i++)
		row(failures[i].name, failure_is_judged, &failures[i]);
	ROW(the_errno_of_a_refused_load_is_lost);
	ROW(a_key_stays_in_the_buffer);
	ROW(a_step_keeps_a_piece_of_the_arena);
	ROW(a_full_arena_is_a_crash);
	return rows_run("dm");
}
