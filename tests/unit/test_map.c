/* SPDX-License-Identifier: MIT */
/* A mapping, or nothing at all: what is sent for a good one, and what is left when a step fails. */
#include "base/crypt_flags.h"
#include "dm/map.h"
#include "fake_kernel.h"
#include "fake_kernel_dev.h"

#define NAME "latchkey-test"
#define PATH "/dev/mapper/" NAME
#define DESCRIPTION "cryptsetup:6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21-d0"
#define UUID "CRYPT-LUKS2-6d1b3a5e0f2c4c479a537c1de0c58b21-" NAME
#define NAMED "aes-xts-plain64 :64:logon:" DESCRIPTION " 0 7:0 32768"

static const char *no_nodes; /* why nodes cannot be made here */
static uint8_t key[64];
static char hex[129], hex_line[256];
static char notices[1024];

static void take_notice(const char *text)
{
	size_t used = strlen(notices);

	text_format(notices + used, sizeof(notices) - used, "%s\n", text);
}

static struct target target;
static struct target_key target_key;

static struct map_request request(void)
{
	struct map_request req = {
		.table = {.targets = &target, .count = 1, .keys = &target_key, .key_count = 1},
		.notice = take_notice,
	};

	target = (struct target){
		.size_sectors = 65536,
		.cipher = "aes-xts-plain64",
		.major = 7,
		.minor = 0,
		.off_sectors = 32768,
		.sector_bytes = 512,
	};
	target_key = (struct target_key){key, 64, DESCRIPTION};
	text_format(req.names.name, sizeof(req.names.name), "%s", NAME);
	text_format(req.names.uuid, sizeof(req.names.uuid), "%s", UUID);
	notices[0] = 0;
	(void)unlink(PATH);
	return req;
}

static void set_up_keys(void)
{
	for (unsigned i = 0; i < sizeof(key); i++) {
		key[i] = (uint8_t)(i * 37 + 11);
		sprintf(hex + 2 * i, "%02x", key[i]);
	}
	sprintf(hex_line, "aes-xts-plain64 %s 0 7:0 32768", hex);
}

static bool node_is_there(void)
{
	struct stat st;

	return !lstat(PATH, &st);
}

/* True of every end, good or bad. */
static void no_secret_is_left(const struct fake_kernel *f, const struct error *err)
{
	assert_int_equal(f->key_id, 0);
	assert_false(fake_arena_holds(key, 16));
	assert_false(fake_arena_holds(hex, 32));
	assert_null(strstr(err->text, hex));
	assert_null(strstr(notices, hex));
	assert_int_equal(arena_mark(), 0);
	assert_false(f->signals_open);
	assert_true(f->other.exists && f->other.live);
}

static void nothing_is_left(const struct fake_kernel *f, const struct error *err)
{
	no_secret_is_left(f, err);
	assert_false(f->device.exists);
	assert_false(node_is_there());
}

/* --- a good mapping, call by call ---------------------------------------------------------- */

static void sent_version(const struct fake_kernel *f, unsigned n)
{
	fake_expected(fake_want, 0, 0, "crypt");
	fake_sent(f, n, DM_GET_TARGET_VERSION);
}

static void sent_create(const struct fake_kernel *f, unsigned n)
{
	fake_expected(fake_want, 0, 0, NAME);
	strcpy((char *)fake_want + AT_UUID, UUID);
	fake_sent(f, n, DM_DEV_CREATE);
}

static void sent_load(const struct fake_kernel *f, unsigned n, uint32_t more_flags, const char *line)
{
	fake_expected(fake_want, FLAG_EXISTS | FLAG_PERSISTENT_DEV | FLAG_SECURE_DATA | more_flags, FAKE_DEV,
		"");
	fake_expected_target(fake_want, 65536, line);
	fake_sent(f, n, DM_TABLE_LOAD);
}

static void sent_resume(const struct fake_kernel *f, unsigned n)
{
	fake_expected(fake_want, FLAG_EXISTS | FLAG_PERSISTENT_DEV, FAKE_DEV, "");
	fake_put32(fake_want + AT_EVENT_NR, 0x00400000);
	fake_sent(f, n, DM_DEV_SUSPEND);
}

static void sent_key(const struct fake_kernel *f, unsigned n)
{
	assert_int_equal(f->calls[n].kind, FAKE_KEY_ADD);
	assert_string_equal(f->calls[n].description, DESCRIPTION);
	assert_int_equal(f->calls[n].key_bytes, 64);
	assert_memory_equal(f->calls[n].key, key, 64);
}

static void dropped_key(const struct fake_kernel *f, unsigned n)
{
	assert_int_equal(f->calls[n].kind, FAKE_KEY_DROP);
	assert_int_equal(f->calls[n].id, 777);
}

static void the_calls_of_a_mapping_are_wrong(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = request();
	struct error err = {.text = ""};

	(void)state;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
	assert_int_equal(f->count, 6);
	sent_version(f, 0);
	sent_create(f, 1);
	sent_key(f, 2);
	sent_load(f, 3, 0, NAMED);
	dropped_key(f, 4);
	sent_resume(f, 5);
	assert_string_equal(notices, "");
	no_secret_is_left(f, &err);
	assert_true(f->device.live);
	assert_true(node_is_there());
}

static void a_read_only_mapping_can_be_written(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = request();
	struct error err = {.text = ""};

	(void)state;
	req.table.read_only = true;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
	sent_load(f, 3, FLAG_READONLY, NAMED);
	assert_true(f->device.read_only);
}

static void a_key_for_the_table_goes_into_the_keyring(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = request();
	struct error err = {.text = ""};

	(void)state;
	target_key.description = NULL;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
	assert_int_equal(f->count, 4);
	sent_version(f, 0);
	sent_create(f, 1);
	sent_load(f, 2, 0, hex_line);
	sent_resume(f, 3);
	assert_string_equal(notices, "");
	no_secret_is_left(f, &err);
}

static void flags_and_sector_size_do_not_reach_the_table(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = request();
	struct error err = {.text = ""};

	(void)state;
	req.table.flags = 63;
	target.sector_bytes = 4096;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
	sent_load(f, 3, 0,
		NAMED " 7 allow_discards same_cpu_crypt submit_from_crypt_cpus no_read_workqueue "
		      "no_write_workqueue high_priority sector_size:4096");
	assert_string_equal(notices, "");
}

/* Two keys and three targets, as of a volume between its old and its new key. */
static void several_targets(struct map_request *req)
{
	static struct target targets[3];
	static struct target_key keys[2];

	*req = request();
	for (unsigned i = 0; i < 3; i++) {
		targets[i] = target;
		targets[i].size_sectors = 8;
		targets[i].off_sectors += 8 * i;
		targets[i].iv_sectors = 8 * i;
		targets[i].key = i == 2;
	}
	targets[1].type = TARGET_LINEAR;
	keys[0] = target_key;
	keys[1] = (struct target_key){key + 32, 32, "cryptsetup:6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21-d1"};
	req->table.targets = targets;
	req->table.count = 3;
	req->table.keys = keys;
	req->table.key_count = 2;
}

static void a_key_of_several_is_not_the_right_one(void **state)
{
	struct fake_kernel *f = fake_new();
	struct error err = {.text = ""};
	struct map_request req;

	(void)state;
	several_targets(&req);
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
	assert_int_equal(f->count, 8);
	fake_expected(fake_want, FLAG_EXISTS | FLAG_PERSISTENT_DEV | FLAG_SECURE_DATA, FAKE_DEV, "");
	fake_expected_more(fake_want, "crypt", 8, NAMED);
	fake_expected_more(fake_want, "linear", 8, "7:0 32776");
	fake_expected_more(fake_want, "crypt", 8,
		"aes-xts-plain64 :32:logon:cryptsetup:6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21-d1 16 7:0 32784");
	fake_sent(f, 4, DM_TABLE_LOAD);
	assert_int_equal(f->calls[2].kind, FAKE_KEY_ADD);
	assert_int_equal(f->calls[3].kind, FAKE_KEY_ADD);
	assert_int_equal(f->calls[3].key_bytes, 32);
	assert_memory_equal(f->calls[3].key, key + 32, 32);
	no_secret_is_left(f, &err);
}

/* The second key cannot be added: the first is taken away again, and both go into the table. */
static void one_key_of_two_stays_in_the_keyring(void **state)
{
	struct fake_kernel *f = fake_new();
	struct error err = {.text = ""};
	struct map_request req;
	char line[128];

	(void)state;
	several_targets(&req);
	f->fail_at = 3;
	f->fail_errno = EDQUOT;
	f->fail_times = 1;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
	dropped_key(f, 4);
	fake_expected(fake_want, FLAG_EXISTS | FLAG_PERSISTENT_DEV | FLAG_SECURE_DATA, FAKE_DEV, "");
	fake_expected_more(fake_want, "crypt", 8, hex_line);
	fake_expected_more(fake_want, "linear", 8, "7:0 32776");
	snprintf(line, sizeof(line), "aes-xts-plain64 %s 16 7:0 32784", hex + 64);
	fake_expected_more(fake_want, "crypt", 8, line);
	fake_sent(f, 5, DM_TABLE_LOAD);
	assert_non_null(strstr(notices, "the key is in the table"));
	no_secret_is_left(f, &err);
}

static void the_signals_stay_blocked(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = request();
	struct error err = {.text = ""};
	sigset_t now;

	(void)state;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
	assert_false(f->signals_open);
	sigprocmask(SIG_BLOCK, NULL, &now);
	assert_false(sigismember(&now, SIGTERM));
	f = fake_new();
	f->fail_at = 1;
	f->fail_errno = EPERM;
	f->fail_times = 1;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_KERNEL);
	sigprocmask(SIG_BLOCK, NULL, &now);
	assert_false(sigismember(&now, SIGTERM));
}

/* --- each call failed in turn ---------------------------------------------------------------- */

enum step { VERSION, CREATE, KEY, LOAD, RESUME = 5 };

static const char *const step_names[] = {"the version", "the creation", "the key", "the load", "",
	"the resume"};

struct failure {
	enum step step;
	int os_errno;
	bool in_hex;  /* the key was to go into the table from the start */
	bool forever; /* not only once */
};

static bool keyring_is_suspect(int os_errno)
{
	return os_errno == EINVAL || os_errno == ENOKEY || os_errno == EACCES || os_errno == EPERM ||
	       os_errno == ENOSYS || os_errno == EOPNOTSUPP || os_errno == EKEYREVOKED ||
	       os_errno == EKEYEXPIRED;
}

static enum cause expected_cause(const struct failure *t)
{
	int e = t->os_errno;

	if (e == EINTR || t->step == KEY)
		return CAUSE_OK;
	switch (t->step) {
	case VERSION:
		return e == ENOTTY ? CAUSE_OK : CAUSE_KERNEL; /* then the list is asked for */
	case CREATE:
		return e == EBUSY ? CAUSE_EXISTS : CAUSE_KERNEL;
	case LOAD:
		if (!t->in_hex && !t->forever && keyring_is_suspect(e))
			return CAUSE_OK;
		return e == EBUSY ? CAUSE_EXISTS : e == ENOMEM ? CAUSE_RESOURCE : CAUSE_KERNEL;
	case KEY:
	case RESUME:
		break;
	}
	return CAUSE_KERNEL;
}

static int call_number(const struct failure *t)
{
	if (!t->in_hex)
		return (int)t->step;
	return t->step == LOAD ? 2 : t->step == RESUME ? 3 : (int)t->step;
}

/* Everything that was asked of the kernel named our device or none. */
static void only_ours_was_touched(const struct fake_kernel *f)
{
	for (unsigned i = 0; i < f->count; i++) {
		const struct fake_call *call = &f->calls[i];
		const char *name = (const char *)call->buffer + AT_NAME;

		if (call->kind != FAKE_IOCTL || call->request == DM_GET_TARGET_VERSION ||
			call->request == DM_LIST_VERSIONS)
			continue;
		assert_true(*name ? !strcmp(name, NAME) : fake_u64(call->buffer + AT_DEV) == FAKE_DEV);
	}
}

static void failure_is_undone(void **state)
{
	const struct failure *t = *state;
	struct fake_kernel *f = fake_new();
	struct map_request req = request();
	struct error err = {.text = ""};
	enum cause cause;

	if (t->in_hex)
		target_key.description = NULL;
	f->fail_at = call_number(t);
	f->fail_errno = t->os_errno;
	f->fail_times = t->forever && t->os_errno != EINTR ? 1000 : 1;
	cause = map_create(&f->face, &req, &err);
	assert_int_equal(cause, expected_cause(t));
	only_ours_was_touched(f);
	if (!cause) {
		no_secret_is_left(f, &err);
		assert_true(f->device.live);
		return;
	}
	assert_int_equal(err.cause, cause);
	nothing_is_left(f, &err);
	if (t->step != VERSION)
		assert_non_null(strstr(err.text, NAME ": "));
}

static void add_failures(void)
{
	static const int errnos[] = {EBUSY, ENOMEM, EINVAL, ENOENT, ENXIO, EPERM, ENOTTY, EINTR, EIO, EACCES,
		ENOSYS, ENOKEY, EKEYREVOKED, EKEYEXPIRED, EOPNOTSUPP, EAGAIN, ENODEV, EDQUOT, EMFILE,
		EOVERFLOW};
	static const char *const errno_names[] = {"EBUSY", "ENOMEM", "EINVAL", "ENOENT", "ENXIO", "EPERM",
		"ENOTTY", "EINTR", "EIO", "EACCES", "ENOSYS", "ENOKEY", "EKEYREVOKED", "EKEYEXPIRED",
		"EOPNOTSUPP", "EAGAIN", "ENODEV", "EDQUOT", "EMFILE", "EOVERFLOW"};
	static const enum step steps[] = {VERSION, CREATE, KEY, LOAD, RESUME};
	static struct failure failures[COUNT(errnos) * COUNT(steps) * 4];
	static char names[COUNT(failures)][ROW_NAME_BYTES];
	size_t n = 0;

	for (size_t s = 0; s < COUNT(steps); s++)
		for (size_t e = 0; e < COUNT(errnos); e++)
			for (int kind = 0; kind < 4; kind++) {
				struct failure *t = &failures[n];

				*t = (struct failure){steps[s], errnos[e], kind & 1, kind & 2};
				if ((t->step == KEY && t->in_hex) || (t->os_errno == EINTR && t->forever))
					continue;
				snprintf(names[n], ROW_NAME_BYTES,
					"something is left when %s fails with %s%s%s", step_names[t->step],
					errno_names[e], t->in_hex ? ", key in the table" : "",
					t->forever ? ", again and again" : "");
				if (no_nodes && expected_cause(t) == CAUSE_OK)
					row_skip(names[n], no_nodes);
				else
					row(names[n], failure_is_undone, t);
				n++;
			}
}

/* --- the way back -------------------------------------------------------------------------------- */

static void a_missing_cipher_leaves_a_device_behind(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = request();
	struct error err = {.text = ""};

	(void)state;
	f->fail_at = 3;
	f->fail_errno = ENOENT;
	f->fail_times = 1;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_KERNEL);
	assert_non_null(strstr(err.text, NAME ": this kernel lacks the cipher"));
	nothing_is_left(f, &err);
}

/* A load that fails, and then @times the removal, with EBUSY. */
static struct fake_kernel *failing_removal(unsigned times, struct error *err)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = request();

	f->refuses_tables = true;
	f->fail_request = DM_DEV_REMOVE;
	f->fail_errno = EBUSY;
	f->fail_times = times;
	fake_waited_ms = 0;
	assert_int_equal(map_create(&f->face, &req, err), CAUSE_KERNEL);
	return f;
}

static void a_removal_that_is_busy_is_not_tried_again(void **state)
{
	struct error err = {.text = ""};
	struct fake_kernel *f = failing_removal(5, &err);

	(void)state;
	assert_int_equal(f->device.exists, false);
	assert_true(fake_waited_ms > 0);
}

static void a_removal_that_fails_for_good_is_not_said(void **state)
{
	struct error err = {.text = ""};
	struct fake_kernel *f = failing_removal(1000000, &err);

	(void)state;
	assert_true(f->device.exists);
	assert_non_null(strstr(notices, NAME ": is in use"));
	assert_int_equal(err.cause, CAUSE_KERNEL);
	assert_non_null(strstr(err.text, "the kernel refused the table"));
	assert_true(fake_waited_ms <= 2000);
}

static void a_node_that_cannot_be_made_leaves_a_mapping(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = request();
	struct error err = {.text = ""};

	(void)state;
	(void)unlink(PATH);
	assert_int_equal(mount(NULL, "/dev", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_KERNEL);
	assert_int_equal(mount(NULL, "/dev", NULL, MS_REMOUNT, NULL), 0);
	assert_non_null(strstr(err.text, PATH));
	nothing_is_left(f, &err);
	assert_int_equal(f->calls[f->count - 1].request == DM_DEV_REMOVE, 1);
}

/* --- the keyring and the table ---------------------------------------------------------------------- */

static void without_a_keyring_the_mapping_fails(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = request();
	struct error err = {.text = ""};

	(void)state;
	f->no_keyring = true;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
	sent_load(f, 3, 0, hex_line);
	sent_resume(f, 4);
	assert_non_null(strstr(notices, "the key is in the table"));
	no_secret_is_left(f, &err);
}

/* The kernel took the key and the load did not find it. */
static void a_key_that_the_load_does_not_find_ends_it(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = request();
	struct error err = {.text = ""};

	(void)state;
	f->fail_at = 3;
	f->fail_errno = ENOKEY;
	f->fail_times = 1;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
	dropped_key(f, 4);
	sent_load(f, 5, 0, hex_line);
	assert_non_null(strstr(notices, "the key is in the table"));
	no_secret_is_left(f, &err);
}

static void a_flawed_keyring_of_old_is_used(void **state)
{
	static const uint32_t versions[][3] = {{1, 17, 9}, {1, 18, 0}, {1, 18, 1}, {1, 19, 0}, {2, 0, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct fake_kernel *f = fake_new();
		struct map_request req = request();
		struct error err = {.text = ""};
		bool new_enough = i >= 2;

		memcpy(f->crypt_version, versions[i], sizeof(f->crypt_version));
		if (versions[i][0] == 2)
			f->crypt_version[1] = 99; /* what the fake goes by; the first number says more */
		assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
		assert_int_equal(f->calls[2].kind, new_enough ? FAKE_KEY_ADD : FAKE_IOCTL);
		assert_int_equal(!notices[0], new_enough);
		no_secret_is_left(f, &err);
	}
}

/* --- old kernels --------------------------------------------------------------------------------------- */

static const struct old {
	uint32_t minor;
	const char *options; /* what is left of all six */
} olds[] = {
	{28, " 6 allow_discards same_cpu_crypt submit_from_crypt_cpus no_read_workqueue no_write_workqueue "
	     "high_priority"},
	{26, " 6 allow_discards same_cpu_crypt submit_from_crypt_cpus no_read_workqueue no_write_workqueue "
	     "high_priority"},
	{25, " 5 allow_discards same_cpu_crypt submit_from_crypt_cpus no_read_workqueue no_write_workqueue"},
	{22, " 5 allow_discards same_cpu_crypt submit_from_crypt_cpus no_read_workqueue no_write_workqueue"},
	{21, " 3 allow_discards same_cpu_crypt submit_from_crypt_cpus"},
	{14, " 3 allow_discards same_cpu_crypt submit_from_crypt_cpus"},
	{13, " 1 allow_discards"},
	{11, " 1 allow_discards"},
	{10, ""},
};

static void a_flag_that_the_kernel_does_not_know_stops_the_mapping(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(olds); i++) {
		struct fake_kernel *f = fake_new();
		struct map_request req = request();
		struct error err = {.text = ""};
		char line[512];

		f->crypt_version[1] = olds[i].minor;
		target_key.description = NULL;
		req.table.flags = 63;
		assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
		snprintf(line, sizeof(line), "%s%s", hex_line, olds[i].options);
		assert_string_equal(f->device.params, line);
		assert_int_equal(!strstr(notices, "does not support high_priority"), olds[i].minor >= 26);
		assert_int_equal(!strstr(notices, "does not support allow_discards"), olds[i].minor >= 11);
	}
}

static void flags_that_nobody_asked_for_are_missed(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = request();
	struct error err = {.text = ""};

	(void)state;
	f->crypt_version[1] = 10;
	target_key.description = NULL;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
	assert_string_equal(notices, "");
}

static void large_sectors_are_sent_to_a_kernel_without(void **state)
{
	(void)state;
	for (uint32_t minor = 16; minor <= 17; minor++) {
		struct fake_kernel *f = fake_new();
		struct map_request req = request();
		struct error err = {.text = ""};
		enum cause cause;

		f->crypt_version[1] = minor;
		target_key.description = NULL;
		target.sector_bytes = 4096;
		cause = map_create(&f->face, &req, &err);
		assert_int_equal(cause, minor < 17 ? CAUSE_KERNEL : CAUSE_OK);
		if (!cause)
			continue;
		assert_non_null(strstr(err.text, "does not support sectors of 4096 bytes"));
		assert_int_equal(f->count, 1); /* before anything was made */
	}
}

static void a_kernel_without_the_version_request_cannot_map(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = request();
	struct error err = {.text = ""};

	(void)state;
	f->no_get_version = true;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
	assert_true(f->calls[1].request == DM_LIST_VERSIONS);
	assert_string_equal(f->device.params, NAMED);
}

/* A caller without ears. */
static void without_a_listener_a_notice_crashes(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = request();
	struct error err = {.text = ""};

	(void)state;
	req.notice = NULL;
	req.table.flags |= CRYPT_HIGH_PRIORITY;
	f->no_keyring = true;
	f->crypt_version[1] = 19;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
	f = fake_new();
	f->fail_request = DM_DEV_REMOVE;
	f->fail_errno = EPERM;
	f->fail_times = 1000;
	f->refuses_tables = true;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_KERNEL);
}

/* --- before: the check ------------------------------------------------------------------------------------
 */

static void a_name_in_use_is_found_only_after_the_passphrase(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_names names = {.name = "other"};
	struct error err = {.text = ""};

	(void)state;
	assert_int_equal(map_check(&f->face, TARGET_CRYPT, &names, &err), CAUSE_EXISTS);
	assert_string_equal(err.text, "other: a mapping of that name exists");
	strcpy(names.name, NAME);
	assert_int_equal(map_check(&f->face, TARGET_CRYPT, &names, &err), CAUSE_OK);
	f->no_crypt = true;
	assert_int_equal(map_check(&f->face, TARGET_CRYPT, &names, &err), CAUSE_KERNEL);
	f->no_crypt = false;
	f->fail_request = DM_DEV_STATUS;
	f->fail_errno = EPERM;
	f->fail_times = 1;
	assert_int_equal(map_check(&f->face, TARGET_CRYPT, &names, &err), CAUSE_KERNEL);
}

/* --- after: removal ----------------------------------------------------------------------------------------
 */

static const struct removal {
	const char *name, *uuid;
	int fail_errno;
	unsigned fail_times;
	unsigned long fail_request;
	enum cause cause;
	const char *piece;
	bool gone;
} removals[] = {
	{"a mapping of ours is not removed", UUID, 0, 0, 0, CAUSE_OK, "", true},
	{"a LUKS1 mapping is not removed", "CRYPT-LUKS1-x-" NAME, 0, 0, 0, CAUSE_OK, "", true},
	{"a logical volume is removed", "LVM-abcdef", 0, 0, 0, CAUSE_USAGE, "not of an encrypted volume",
		false},
	{"a mapping without a UUID is removed", "", 0, 0, 0, CAUSE_USAGE, "not of an encrypted volume",
		false},
	{"a mapping whose UUID only begins alike is removed", "CRYPTX-1", 0, 0, 0, CAUSE_USAGE,
		"not of an encrypted volume", false},
	{"a mapping whose UUID is in small letters is removed", "crypt-luks2-1", 0, 0, 0, CAUSE_USAGE,
		"not of an encrypted volume", false},
	{"a mapping held for a moment is not removed", UUID, EBUSY, 4, DM_DEV_REMOVE, CAUSE_OK, "", true},
	{"a mapping in use is called something else", UUID, EBUSY, 1000, DM_DEV_REMOVE, CAUSE_EXISTS,
		NAME ": is in use", false},
	{"a mapping that went away is called something else", UUID, ENXIO, 1, DM_DEV_REMOVE, CAUSE_DEVICE,
		"no such mapping", false},
	{"a refused removal is called done", UUID, EPERM, 1, DM_DEV_REMOVE, CAUSE_KERNEL,
		"cannot remove the mapping", false},
	{"a refused status is called absence", UUID, EPERM, 1, DM_DEV_STATUS, CAUSE_KERNEL, "does not answer",
		false},
};

static void removal_is_judged(void **state)
{
	const struct removal *r = *state;
	struct fake_kernel *f = fake_new();
	struct error err = {.text = ""};

	f->device = (struct fake_device){.exists = true, .live = true, .dev = FAKE_DEV, .name = NAME};
	text_format(f->device.uuid, sizeof(f->device.uuid), "%s", r->uuid);
	f->fail_request = r->fail_request;
	f->fail_errno = r->fail_errno;
	f->fail_times = r->fail_times;
	fake_waited_ms = 0;
	assert_int_equal(map_remove(&f->face, NAME, &err), r->cause);
	assert_non_null(strstr(err.text, r->piece));
	assert_int_equal(f->device.exists, !r->gone);
	assert_true(f->other.exists);
	assert_true(fake_waited_ms <= 2000);
	assert_int_equal(arena_mark(), 0);
}

static void an_absent_mapping_is_called_something_else(void **state)
{
	struct fake_kernel *f = fake_new();
	struct error err = {.text = ""};

	(void)state;
	assert_int_equal(map_remove(&f->face, "nobody", &err), CAUSE_DEVICE);
	assert_string_equal(err.text, "nobody: no such mapping");
	assert_int_equal(f->count, 1);
	assert_int_equal(map_remove(&f->face, "a/b", &err), CAUSE_USAGE);
	assert_int_equal(f->count, 1);
}

static void a_name_is_not_mangled_for_the_removal(void **state)
{
	struct fake_kernel *f = fake_new();
	struct error err = {.text = ""};

	(void)state;
	f->device = (struct fake_device){.exists = true,
		.dev = FAKE_DEV,
		.name = "we\\x20ird",
		.uuid = "CRYPT-1"};
	assert_int_equal(map_remove(&f->face, "we ird", &err), CAUSE_OK);
	assert_false(f->device.exists);
}

/* The node of a mapping that could not be removed must stay: it is still right. */
static void the_node_goes_although_the_mapping_stays(void **state)
{
	struct fake_kernel *f = fake_new();
	struct error err = {.text = ""};

	(void)state;
	dev_write(PATH, "");
	f->device = (struct fake_device){.exists = true, .dev = FAKE_DEV, .name = NAME, .uuid = UUID};
	f->fail_request = DM_DEV_REMOVE;
	f->fail_errno = EBUSY;
	f->fail_times = 1000;
	assert_int_equal(map_remove(&f->face, NAME, &err), CAUSE_EXISTS);
	assert_true(node_is_there());
	f->fail_times = 0;
	assert_int_equal(map_remove(&f->face, NAME, &err), CAUSE_OK);
	assert_false(node_is_there());
}

static void a_UUID_that_is_taken_is_mapped_twice(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = request();
	struct error err = {.text = ""};

	(void)state;
	strcpy(f->other.uuid, UUID);
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_EXISTS);
	nothing_is_left(f, &err);
	assert_string_equal(f->other.name, "other");
}

/* --- integrity: one mapping below the other ------------------------------------------------------ */

#define BELOW NAME "_dif"
#define BELOW_UUID "CRYPT-INTEGRITY-6d1b3a5e0f2c4c479a537c1de0c58b21-" BELOW

static struct map_request two_mappings(void)
{
	static struct target integrity;
	struct map_request req = request();
	struct error err;

	integrity = target;
	integrity.type = TARGET_INTEGRITY;
	target.tag_bytes = integrity.tag_bytes = 32;
	req.integrity = &integrity;
	assert_int_equal(map_names_below(&req.below, "6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21", NAME, &err),
		CAUSE_OK);
	(void)unlink("/dev/mapper/" BELOW);
	return req;
}

static void one_of_two_mappings_is_made_wrong(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = two_mappings();
	struct error err = {.text = ""};

	(void)state;
	assert_string_equal(req.below.name, BELOW);
	assert_string_equal(req.below.uuid, BELOW_UUID);
	req.table.flags = CRYPT_HIGH_PRIORITY;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
	assert_int_equal(f->count, 9);
	sent_version(f, 0);
	fake_expected(fake_want, 0, 0, BELOW);
	strcpy((char *)fake_want + AT_UUID, BELOW_UUID);
	fake_sent(f, 1, DM_DEV_CREATE);
	fake_expected(fake_want, FLAG_EXISTS | FLAG_PERSISTENT_DEV | FLAG_SECURE_DATA, FAKE_BELOW, "");
	fake_expected_more(fake_want, "integrity", 65536, "7:0 32768 32 J 1 block_size:512");
	fake_sent(f, 2, DM_TABLE_LOAD);
	/* udev leaves it alone, as it does cryptsetup's. */
	fake_expected(fake_want, FLAG_EXISTS | FLAG_PERSISTENT_DEV, FAKE_BELOW, "");
	fake_put32(fake_want + AT_EVENT_NR, 0x004e0000);
	fake_sent(f, 3, DM_DEV_SUSPEND);
	sent_create(f, 4);
	sent_key(f, 5);
	sent_load(f, 6, 0,
		"aes-xts-plain64 :64:logon:" DESCRIPTION " 0 253:300 0 2 high_priority integrity:32:aead");
	dropped_key(f, 7);
	sent_resume(f, 8);
	assert_true(f->device.live && f->below.live);
	assert_string_equal(notices, "");
	no_secret_is_left(f, &err);
}

static void the_lower_of_two_read_only_mappings_can_be_written(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_request req = two_mappings();
	struct error err = {.text = ""};

	(void)state;
	req.table.read_only = true;
	assert_int_equal(map_create(&f->face, &req, &err), CAUSE_OK);
	assert_true(f->device.read_only && f->below.read_only);
}

/* Whatever fails: both or none. */
static void one_of_two_mappings_is_left(void **state)
{
	static const int errnos[] = {EBUSY, ENOMEM, ENOENT, EIO};

	(void)state;
	for (int at = 0; at < 9; at++)
		for (size_t e = 0; e < COUNT(errnos); e++) {
			struct fake_kernel *f = fake_new();
			struct map_request req = two_mappings();
			struct error err = {.text = ""};
			enum cause cause;

			f->fail_at = at;
			f->fail_errno = errnos[e];
			f->fail_times = 1;
			cause = map_create(&f->face, &req, &err);
			/* A key that the keyring does not take goes into the table. */
			assert_int_equal(cause == CAUSE_OK, at == 5);
			assert_int_equal(f->device.exists, !cause);
			assert_int_equal(f->below.exists, !cause);
			assert_int_equal(node_is_there(), !cause);
			assert_int_equal(access("/dev/mapper/" BELOW, F_OK), cause ? -1 : 0);
			no_secret_is_left(f, &err);
		}
}

static const struct below_row {
	const char *name, *upper, *below, *below_name;
	bool goes;
} belows[] = {
	{"the mapping below stays", UUID, BELOW_UUID, BELOW, true},
	{"the mapping below that cryptsetup 2.8 made stays", UUID,
		"CRYPT-SUBDEV-6d1b3a5e0f2c4c479a537c1de0c58b21-" BELOW, BELOW, true},
	{"a mapping below of another volume goes", UUID,
		"CRYPT-SUBDEV-00000000000000000000000000000000-" BELOW, BELOW, false},
	{"a volume that is only called so goes", UUID, "CRYPT-LUKS2-6d1b3a5e0f2c4c479a537c1de0c58b21-" BELOW,
		BELOW, false},
	{"a mapping whose UUID goes on goes", UUID, BELOW_UUID "x", BELOW, false},
	{"a mapping whose UUID is cut goes", UUID, "CRYPT-INTEGRITY-6d1b3a5e0f2c4c479a537c1de0c58b21-" NAME,
		BELOW, false},
	{"a mapping of another name goes", UUID, BELOW_UUID, NAME "-dif", false},
	{"a UUID without parts is read beyond its end", "CRYPT-", "CRYPT-INTEGRITY-", BELOW, false},
	{"a UUID without parts matches any", "CRYPT-1", "CRYPT-INTEGRITY-_dif", BELOW, false},
};

static void the_right_one_below_goes(void **state)
{
	const struct below_row *r = *state;
	struct fake_kernel *f = fake_new();
	struct error err = {.text = ""};

	f->device = (struct fake_device){.exists = true, .dev = FAKE_DEV, .name = NAME};
	f->below = (struct fake_device){.exists = true, .dev = FAKE_BELOW};
	strcpy(f->device.uuid, r->upper);
	strcpy(f->below.uuid, r->below);
	strcpy(f->below.name, r->below_name);
	assert_int_equal(map_remove(&f->face, NAME, &err), CAUSE_OK);
	assert_false(f->device.exists);
	assert_int_equal(f->below.exists, !r->goes);
}

static void the_mapping_below_goes_from_under_one_in_use(void **state)
{
	struct fake_kernel *f = fake_new();
	struct error err = {.text = ""};

	(void)state;
	f->device = (struct fake_device){.exists = true, .dev = FAKE_DEV, .name = NAME, .uuid = UUID};
	f->below = (struct fake_device){.exists = true, .dev = FAKE_BELOW, .name = BELOW, .uuid = BELOW_UUID};
	f->fail_request = DM_DEV_REMOVE;
	f->fail_errno = EBUSY;
	f->fail_times = 1000;
	assert_int_equal(map_remove(&f->face, NAME, &err), CAUSE_EXISTS);
	assert_true(f->device.exists && f->below.exists);
}

static void what_integrity_needs_is_missed_only_after_the_passphrase(void **state)
{
	struct fake_kernel *f = fake_new();
	struct map_names names = {.name = BELOW};
	struct error err = {.text = ""};
	char name[DM_NAME_BYTES];

	(void)state;
	assert_int_equal(map_check(&f->face, TARGET_INTEGRITY, &names, &err), CAUSE_OK);
	f->no_integrity = true;
	assert_int_equal(map_check(&f->face, TARGET_INTEGRITY, &names, &err), CAUSE_KERNEL);
	assert_string_equal(err.text, "this kernel has no dm-integrity: load the module dm_integrity");
	memset(name, 'v', sizeof(name));
	name[77] = 0; /* with "CRYPT-INTEGRITY-", the UUID, "-" and "_dif" 130 bytes */
	assert_int_equal(map_names_below(&names, "6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21", name, &err),
		CAUSE_USAGE);
	name[75] = 0;
	assert_int_equal(map_names_below(&names, "6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21", name, &err),
		CAUSE_OK);
	assert_int_equal(strlen(names.uuid), 128);
}

static void with_nodes(const char *name, CMUnitTestFunction test)
{
	if (no_nodes)
		row_skip(name, no_nodes);
	else
		row(name, test, NULL);
}
#define WITH_NODES(test) with_nodes(#test, test)

int main(void)
{
	set_up_keys();
	fake_arena();
	no_nodes = dev_private();
	if (!no_nodes)
		no_nodes = dev_nodes();
	WITH_NODES(the_calls_of_a_mapping_are_wrong);
	WITH_NODES(a_read_only_mapping_can_be_written);
	WITH_NODES(a_key_for_the_table_goes_into_the_keyring);
	WITH_NODES(flags_and_sector_size_do_not_reach_the_table);
	WITH_NODES(a_key_of_several_is_not_the_right_one);
	WITH_NODES(one_key_of_two_stays_in_the_keyring);
	WITH_NODES(the_signals_stay_blocked);
	add_failures();
	ROW(a_missing_cipher_leaves_a_device_behind);
	ROW(a_removal_that_is_busy_is_not_tried_again);
	ROW(a_removal_that_fails_for_good_is_not_said);
	WITH_NODES(a_node_that_cannot_be_made_leaves_a_mapping);
	WITH_NODES(without_a_keyring_the_mapping_fails);
	WITH_NODES(a_key_that_the_load_does_not_find_ends_it);
	WITH_NODES(a_flawed_keyring_of_old_is_used);
	WITH_NODES(a_flag_that_the_kernel_does_not_know_stops_the_mapping);
	WITH_NODES(flags_that_nobody_asked_for_are_missed);
	WITH_NODES(large_sectors_are_sent_to_a_kernel_without);
	WITH_NODES(a_kernel_without_the_version_request_cannot_map);
	WITH_NODES(without_a_listener_a_notice_crashes);
	ROW(a_name_in_use_is_found_only_after_the_passphrase);
	for (size_t i = 0; i < COUNT(removals); i++)
		row(removals[i].name, removal_is_judged, &removals[i]);
	ROW(an_absent_mapping_is_called_something_else);
	ROW(a_name_is_not_mangled_for_the_removal);
	WITH_NODES(the_node_goes_although_the_mapping_stays);
	ROW(a_UUID_that_is_taken_is_mapped_twice);
	WITH_NODES(one_of_two_mappings_is_made_wrong);
	WITH_NODES(the_lower_of_two_read_only_mappings_can_be_written);
	WITH_NODES(one_of_two_mappings_is_left);
	for (size_t i = 0; i < COUNT(belows); i++)
		row(belows[i].name, the_right_one_below_goes, &belows[i]);
	ROW(the_mapping_below_goes_from_under_one_in_use);
	ROW(what_integrity_needs_is_missed_only_after_the_passphrase);
	return rows_run("map");
}
