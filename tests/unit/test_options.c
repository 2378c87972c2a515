/* SPDX-License-Identifier: MIT */
/* argv to a request: each option sets its one field, and what is wrong is named. */
#include "base/crypt_flags.h"
#include "command/options.h"
#include "keyslot/search.h"
#include "rows.h"
#include <stdlib.h>
#include <unistd.h>

enum { ARGS_MAX = 6, UNLOCK = COMMAND_OPEN | COMMAND_TEST, ALL = 63, VALUE_MAX = 32 };

/* Arguments in memory of their exact size. */
static enum cause parse(enum command command, const char *const *args, struct options *out, struct error *err)
{
	char *argv[ARGS_MAX + 1];
	int argc = 0;
	enum cause cause;

	memset(out, 0x77, sizeof(*out));
	memset(err, 0, sizeof(*err));
	for (; argc < ARGS_MAX && args[argc]; argc++)
		argv[argc] = strdup(args[argc]);
	argv[argc] = NULL;
	cause = options_parse(command, argc, argv, out, err);
	/* The texts of @out point into argv: put them into constants before it goes. */
	for (int i = 0; i < argc; i++) {
		const char **texts[] = {&out->request.key_file, &out->request.header,
			&out->request.volume_key_id, &out->request.token_type, &out->args[0], &out->args[1]};

		for (size_t t = 0; t < COUNT(texts); t++)
			if (*texts[t] >= argv[i] && *texts[t] <= argv[i] + strlen(argv[i]))
				*texts[t] = args[i] + (*texts[t] - argv[i]);
		free(argv[i]);
	}
	return cause;
}

static struct options none(void)
{
	static const char *const nothing[] = {NULL};
	struct options o;
	struct error err;

	assert_int_equal(parse(COMMAND_OPEN, nothing, &o, &err), CAUSE_OK);
	return o;
}

static void a_default_is_wrong(void **state)
{
	struct options o = none();

	(void)state;
	assert_int_equal(o.request.keyslot, SEARCH_ANY_KEYSLOT);
	assert_int_equal(o.request.tries, 3);
	assert_int_equal(o.request.timeout_s, 0);
	assert_null(o.request.key_file);
	assert_null(o.request.header);
	assert_true(o.request.keyfile_offset_bytes == 0 && o.request.keyfile_size_bytes == 0);
	assert_false(o.request.read_only || o.request.disable_keyring || o.request.token_only ||
		     o.request.verbose);
	assert_false(o.json || o.help);
	assert_int_equal(o.arg_count, 0);
	assert_memory_equal(&o.request.limits, &kdf_default_limits, sizeof(o.request.limits));
	assert_int_equal(o.request.max_memory_mib, 0);
	assert_int_equal(o.request.max_time_s, 0);
}

/* --- flags ------------------------------------------------------------------------------------ */

static const struct flag {
	const char *name, *letter;
	unsigned commands;
	size_t field;
	unsigned crypt; /* the flag of the set at field; 0: a bool is there */
} flags[] = {
	{"--readonly", "-r", COMMAND_OPEN, offsetof(struct options, request.read_only), 0},
	{"--readonly-member", NULL, COMMAND_OPEN, offsetof(struct options, request.readonly_member), 0},
	{"--allow-discards", NULL, COMMAND_OPEN, offsetof(struct options, request.flags),
		CRYPT_ALLOW_DISCARDS},
	{"--perf-same_cpu_crypt", NULL, COMMAND_OPEN, offsetof(struct options, request.flags),
		CRYPT_SAME_CPU_CRYPT},
	{"--perf-submit_from_crypt_cpus", NULL, COMMAND_OPEN, offsetof(struct options, request.flags),
		CRYPT_SUBMIT_FROM_CRYPT_CPUS},
	{"--perf-no_read_workqueue", NULL, COMMAND_OPEN, offsetof(struct options, request.flags),
		CRYPT_NO_READ_WORKQUEUE},
	{"--perf-no_write_workqueue", NULL, COMMAND_OPEN, offsetof(struct options, request.flags),
		CRYPT_NO_WRITE_WORKQUEUE},
	{"--perf-high_priority", NULL, COMMAND_OPEN, offsetof(struct options, request.flags),
		CRYPT_HIGH_PRIORITY},
	{"--disable-keyring", NULL, COMMAND_OPEN, offsetof(struct options, request.disable_keyring), 0},
	{"--token-only", NULL, UNLOCK, offsetof(struct options, request.token_only), 0},
	{"--try-empty", NULL, UNLOCK, offsetof(struct options, request.try_empty), 0},
	{"--verbose", "-v", UNLOCK, offsetof(struct options, request.verbose), 0},
	{"--print-volume-key-id", NULL, COMMAND_TEST, offsetof(struct options, print_volume_key_id), 0},
	{"--allow-swap", NULL, UNLOCK | COMMAND_BENCHMARK, offsetof(struct options, request.limits.disk_swap),
		0},
	{"--json", NULL, COMMAND_DUMP | COMMAND_CHECK | COMMAND_TEST | COMMAND_BOOT | COMMAND_BENCHMARK,
		offsetof(struct options, json), 0},
	{"--help", "-h", ALL, offsetof(struct options, help), 0},
};

/* One bool of the struct is set, or one flag of the set, and nothing else changes. */
static void only_that_flag(enum command command, const char *arg, const struct flag *f)
{
	const char *const args[] = {arg, NULL};
	struct options want = none(), o;
	struct error err;

	if (f->crypt)
		want.request.flags = f->crypt;
	else
		*((char *)&want + f->field) = 1;
	assert_int_equal(parse(command, args, &o, &err), CAUSE_OK);
	assert_memory_equal(&o, &want, sizeof(o));
}

static void flag_is_judged(void **state)
{
	const struct flag *f = *state;
	struct options o;
	struct error err;
	char with_value[64];

	for (unsigned bit = 1; bit <= ALL; bit *= 2) {
		const char *const args[] = {f->name, NULL}, *const valued[] = {with_value, NULL};

		snprintf(with_value, sizeof(with_value), "%s=1", f->name);
		if (f->commands & bit) {
			only_that_flag((enum command)bit, f->name, f);
			if (f->letter)
				only_that_flag((enum command)bit, f->letter, f);
			assert_int_equal(parse((enum command)bit, valued, &o, &err), CAUSE_USAGE);
			assert_non_null(strstr(err.text, "takes no value"));
		} else {
			assert_int_equal(parse((enum command)bit, args, &o, &err), CAUSE_USAGE);
			assert_non_null(strstr(err.text, "is not for this command"));
		}
	}
}

/* --- values ------------------------------------------------------------------------------------- */

static const struct valued {
	const char *name, *letter;
	unsigned commands;
	size_t field, bytes; /* 0: a text */
	uint64_t max;
} values[] = {
	{"--key-file", "-d", UNLOCK, offsetof(struct options, request.key_file), 0, 0},
	{"--expect-volume-key-id", NULL, UNLOCK, offsetof(struct options, request.volume_key_id), 0, 0},
	{"--header", NULL, UNLOCK | COMMAND_DUMP | COMMAND_CHECK | COMMAND_BACKUP,
		offsetof(struct options, request.header), 0, 0},
	{"--keyfile-offset", NULL, UNLOCK, offsetof(struct options, request.keyfile_offset_bytes), 8,
		INT64_MAX},
	{"--keyfile-size", "-l", UNLOCK, offsetof(struct options, request.keyfile_size_bytes), 8, 8 << 20},
	{"--key-slot", "-S", UNLOCK, offsetof(struct options, request.keyslot), 4, 31},
	{"--token-id", NULL, UNLOCK, offsetof(struct options, request.token_id), 4, 31},
	{"--token-type", NULL, UNLOCK, offsetof(struct options, request.token_type), 0, 0},
	{"--tries", "-T", UNLOCK, offsetof(struct options, request.tries), 4, 1000000},
	{"--type", NULL, UNLOCK, offsetof(struct options, request.version), 4, 2},
	{"--timeout", "-t", UNLOCK | COMMAND_BOOT, offsetof(struct options, request.timeout_s), 4, 1000000},
	{"--max-memory", NULL, UNLOCK, offsetof(struct options, request.max_memory_mib), 4, 2097152},
	{"--max-time", NULL, UNLOCK, offsetof(struct options, request.max_time_s), 4, 1000000},
	{"--max-lanes", NULL, UNLOCK, offsetof(struct options, request.limits.lanes), 4, 16777215},
};

/* "--x VALUE", "--x=VALUE", "-x VALUE" and "-xVALUE" all set the one field and nothing else. */
static void value_is_taken(const struct valued *v, enum command command, const char *text, uint64_t number)
{
	char joined[96], attached[96];
	const char *const apart[] = {v->name, text, NULL}, *const together[] = {joined, NULL},
			  *const letter[] = {v->letter, text, NULL}, *const one[] = {attached, NULL};
	const char *const *ways[] = {apart, together, v->letter ? letter : apart, v->letter ? one : apart};

	snprintf(joined, sizeof(joined), "%s=%s", v->name, text);
	snprintf(attached, sizeof(attached), "%s%s", v->letter ? v->letter : "", text);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct options want = none(), o;
		struct error err;
		uint32_t word = (uint32_t)number;

		if (parse(command, ways[i], &o, &err))
			fail_msg("%s", err.text);
		if (v->bytes) {
			memcpy((char *)&want + v->field, v->bytes == 8 ? (void *)&number : (void *)&word,
				v->bytes);
		} else {
			const char *got = *(const char **)((char *)&o + v->field);

			assert_string_equal(got, text);
			memcpy((char *)&want + v->field, &got, sizeof(got));
		}
		assert_memory_equal(&o, &want, sizeof(o));
	}
}

static void value_is_refused(const struct valued *v, enum command command, const char *text,
	const char *piece)
{
	const char *const args[] = {v->name, text, NULL};
	struct options o;
	struct error err;

	assert_int_equal(parse(command, args, &o, &err), CAUSE_USAGE);
	if (!strstr(err.text, piece) || !strstr(err.text, v->name))
		fail_msg("\"%s\" does not say \"%s\" and \"%s\"", err.text, v->name, piece);
}

static void numbers_are_judged(const struct valued *v, enum command command)
{
	static const char *const bad[] = {"", "x", "-1", "+1", " 1", "1 ", "01", "1.0", "0x1", "1k", "1e3",
		"18446744073709551616", "99999999999999999999999"};
	char text[VALUE_MAX];

	value_is_taken(v, command, "0", 0);
	value_is_taken(v, command, "1", 1);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)v->max);
	value_is_taken(v, command, text, v->max);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)v->max + 1);
	value_is_refused(v, command, text, "is not a number from 0 to");
	/* what would be small again in 32 bits */
	value_is_refused(v, command, v->bytes == 4 ? "4294967297" : "18446744073709551615",
		"is not a number from 0 to");
	for (size_t i = 0; i < COUNT(bad); i++)
		value_is_refused(v, command, bad[i], "is not a number from 0 to");
}

static void types_are_judged(const struct valued *v, enum command command)
{
	static const char *const bad[] = {"", "1", "luk", "plain", "luks0", "luks3", "luks12", "LUKS2"};

	value_is_taken(v, command, "luks", 0);
	value_is_taken(v, command, "luks1", 1);
	value_is_taken(v, command, "luks2", 2);
	for (size_t i = 0; i < COUNT(bad); i++)
		value_is_refused(v, command, bad[i], "is not luks, luks1 or luks2");
}

static void value_is_judged(void **state)
{
	const struct valued *v = *state;

	for (unsigned bit = 1; bit <= ALL; bit *= 2) {
		enum command command = (enum command)bit;

		if (!(v->commands & bit)) {
			value_is_refused(v, command, "1", "is not for this command");
			continue;
		}
		value_is_refused(v, command, NULL, "needs a value");
		if (v->field == offsetof(struct options, request.version)) {
			types_are_judged(v, command);
		} else if (v->bytes) {
			numbers_are_judged(v, command);
		} else {
			value_is_taken(v, command, "/path/to a file", 0);
			value_is_taken(v, command, "-", 0);
			value_is_taken(v, command, "--readonly", 0);
			value_is_taken(v, command, "a=b", 0);
			value_is_refused(v, command, "", "its value is empty");
		}
	}
}

/* --- what is no option ------------------------------------------------------------------------------ */

static const struct line {
	const char *name;
	const char *args[ARGS_MAX + 1];
	const char *want[3]; /* arguments; NULL at the end */
	const char *wrong;
} lines[] = {
	{"no arguments are refused", {NULL}, {NULL}, NULL},
	{"two arguments are mixed up", {"dev", "name", NULL}, {"dev", "name", NULL}, NULL},
	{"a third argument is accepted", {"a", "b", "c", NULL}, {NULL}, "too many arguments: c"},
	{"a dash by itself is taken for an option", {"-", NULL}, {"-", NULL}, NULL},
	{"an empty argument is dropped", {"", "b", NULL}, {"", "b", NULL}, NULL},
	{"options behind the arguments are taken for arguments", {"dev", "-v", "name", NULL},
		{"dev", "name", NULL}, NULL},
	{"an option behind two dashes is taken for one", {"--", "-v", "--readonly", NULL},
		{"-v", "--readonly", NULL}, NULL},
	{"two dashes twice are dropped twice", {"--", "--", NULL}, {"--", NULL}, NULL},
	{"two dashes between arguments are kept", {"dev", "--", "-n", NULL}, {"dev", "-n", NULL}, NULL},
	{"two dashes as a value end the options", {"--key-file", "--", "-v", "dev", NULL}, {"dev", NULL},
		NULL},
	{"an unknown option is taken for an argument", {"--nothing", NULL}, {NULL},
		"unknown option --nothing"},
	{"an unknown letter is taken for an argument", {"-x", NULL}, {NULL}, "unknown option -x"},
	{"the beginning of an option is enough", {"--read", NULL}, {NULL}, "unknown option --read"},
	{"an option with a tail is accepted", {"--readonly2", NULL}, {NULL}, "unknown option --readonly2"},
	{"an option in capitals is accepted", {"--READONLY", NULL}, {NULL}, "unknown option --READONLY"},
	{"one dash is enough for a long option", {"-readonly", NULL}, {NULL}, "--readonly takes no value"},
	{"two letters at once are half read", {"-rv", NULL}, {NULL}, "--readonly takes no value"},
	{"an empty option with a value is accepted", {"--=x", NULL}, {NULL}, "unknown option --=x"},
	{"a dash with a value is accepted", {"-=x", NULL}, {NULL}, "unknown option -=x"},
	{"three dashes are accepted", {"---readonly", NULL}, {NULL}, "unknown option ---readonly"},
	{"an unknown option with a value is accepted", {"--nothing=1", NULL}, {NULL},
		"unknown option --nothing=1"},
	{"what follows an error is still read", {"--nothing", "a", "b", "c", NULL}, {NULL},
		"unknown option --nothing"},
	{"a control character reaches the terminal", {"--\033[2J", NULL}, {NULL}, "unknown option --?[2J"},
	{"a format in an argument is followed", {"--%s%n", NULL}, {NULL}, "unknown option --%s%n"},
};

static void line_is_judged(void **state)
{
	const struct line *l = *state;
	struct options o;
	struct error err;
	enum cause cause = parse(COMMAND_OPEN, l->args, &o, &err);
	unsigned n = 0;

	assert_int_equal(cause, l->wrong ? CAUSE_USAGE : CAUSE_OK);
	if (l->wrong) {
		if (!strstr(err.text, l->wrong))
			fail_msg("\"%s\" does not say \"%s\"", err.text, l->wrong);
		return;
	}
	for (; l->want[n]; n++)
		assert_string_equal(o.args[n], l->want[n]);
	assert_int_equal(o.arg_count, n);
}

static void the_last_of_two_values_does_not_count(void **state)
{
	static const char *const args[] = {"--tries=5", "--tries", "7", NULL};
	struct options o;
	struct error err;

	(void)state;
	assert_int_equal(parse(COMMAND_TEST, args, &o, &err), CAUSE_OK);
	assert_int_equal(o.request.tries, 7);
}

static void a_very_long_argument_overflows_the_sentence(void **state)
{
	static char long_one[5000] = "--";
	const char *const args[] = {long_one, NULL};
	struct options o;
	struct error err;

	(void)state;
	memset(long_one + 2, 'x', sizeof(long_one) - 3);
	assert_int_equal(parse(COMMAND_OPEN, args, &o, &err), CAUSE_USAGE);
	assert_true(strlen(err.text) < sizeof(err.text));
}

/* --- help --------------------------------------------------------------------------------------------- */

static void help_of(enum command command, char *text, size_t room)
{
	int ends[2];
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	options_print(ends[1], command);
	close(ends[1]);
	n = read(ends[0], text, room - 1);
	close(ends[0]);
	assert_true(n >= 0);
	text[n] = 0;
}

static void help_and_parser_disagree(void **state)
{
	static char text[16384];

	(void)state;
	for (unsigned bit = 1; bit <= ALL; bit *= 2) {
		unsigned lines_wanted = 0, lines_found = 0;

		help_of((enum command)bit, text, sizeof(text));
		for (size_t i = 0; i < COUNT(flags); i++) {
			assert_int_equal(strstr(text, flags[i].name) != NULL, (flags[i].commands & bit) != 0);
			lines_wanted += (flags[i].commands & bit) != 0;
		}
		for (size_t i = 0; i < COUNT(values); i++) {
			assert_int_equal(strstr(text, values[i].name) != NULL,
				(values[i].commands & bit) != 0);
			lines_wanted += (values[i].commands & bit) != 0;
		}
		for (const char *p = text; *p; p++)
			lines_found += *p == '\n';
		assert_int_equal(lines_found, lines_wanted);
	}
}

static const char *defect(const char *option)
{
	static char names[COUNT(flags) + COUNT(values)][ROW_NAME_BYTES];
	static size_t used;

	snprintf(names[used], ROW_NAME_BYTES, "%s sets another field, or serves another command", option);
	return names[used++];
}

int main(void)
{
	ROW(a_default_is_wrong);
	for (size_t i = 0; i < COUNT(flags); i++)
		row(defect(flags[i].name), flag_is_judged, &flags[i]);
	for (size_t i = 0; i < COUNT(values); i++)
		row(defect(values[i].name), value_is_judged, &values[i]);
	for (size_t i = 0; i < COUNT(lines); i++)
		row(lines[i].name, line_is_judged, &lines[i]);
	ROW(the_last_of_two_values_does_not_count);
	ROW(a_very_long_argument_overflows_the_sentence);
	ROW(help_and_parser_disagree);
	return rows_run("options");
}
