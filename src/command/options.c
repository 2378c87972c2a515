/* SPDX-License-Identifier: MIT */
/* options - see options.h. */
#include "command/options.h"
#include "base/crypt_flags.h"
#include "base/text.h"
#include "format/luks.h"
#include "keyslot/search.h"
#include "secret/keyfile.h"
#include <stddef.h>
#include <string.h>

enum kind { FLAG, CRYPT_FLAG, TEXT, NUMBER_U64, NUMBER_UNSIGNED };

#define UNLOCK (COMMAND_OPEN | COMMAND_TEST)
#define FIELD(member) offsetof(struct options, member)

static const struct option {
	const char *name;
	char letter; /* 0: none */
	unsigned commands;
	enum kind kind;
	size_t field;
	uint64_t max; /* of a number; the flag of CRYPT_FLAG */
	const char *value, *help;
} table[] = {
	{"key-file", 'd', UNLOCK, TEXT, FIELD(request.key_file), 0, "PATH",
		"read the key from PATH; - is standard input"},
	{"keyfile-offset", 0, UNLOCK, NUMBER_U64, FIELD(request.keyfile_offset_bytes), INT64_MAX, "BYTES",
		"skip that much of the key file"},
	{"keyfile-size", 'l', UNLOCK, NUMBER_U64, FIELD(request.keyfile_size_bytes), KEYFILE_MAX_BYTES,
		"BYTES", "use exactly that much of it"},
	{"key-slot", 'S', UNLOCK, NUMBER_UNSIGNED, FIELD(request.keyslot), LUKS_KEYSLOTS_MAX - 1, "N",
		"try keyslot N only"},
	{"header", 0, UNLOCK | COMMAND_DUMP | COMMAND_CHECK | COMMAND_BACKUP | COMMAND_BENCHMARK, TEXT,
		FIELD(request.header), 0, "PATH", "the header is there, not on DEVICE"},
	{"tries", 'T', UNLOCK, NUMBER_UNSIGNED, FIELD(request.tries), 1000000, "N",
		"ask for the passphrase N times (3; 0: no limit)"},
	{"timeout", 't', UNLOCK, NUMBER_UNSIGNED, FIELD(request.timeout_s), 1000000, "SECONDS",
		"wait that long for a passphrase (0: for ever)"},
	{"max-memory", 0, UNLOCK | COMMAND_BENCHMARK, NUMBER_UNSIGNED, FIELD(request.max_memory_mib), 1 << 21,
		"MIB", "accept Argon2 with up to that much memory (4096)"},
	{"max-time", 0, UNLOCK, NUMBER_UNSIGNED, FIELD(request.max_time_s), 1000000, "SECONDS",
		"skip keyslots that would take longer here (0: no limit)"},
	{"max-lanes", 0, UNLOCK | COMMAND_BENCHMARK, NUMBER_UNSIGNED, FIELD(request.limits.lanes), 0xffffff,
		"N", "accept Argon2 with up to N lanes (4)"},
	{"readonly", 'r', COMMAND_OPEN, FLAG, FIELD(request.read_only), 0, NULL, "map read-only"},
	{"readonly-member", 0, COMMAND_OPEN, FLAG, FIELD(request.readonly_member), 0, NULL,
		"map a member of a RAID or the like, read-only"},
	{"allow-discards", 0, COMMAND_OPEN, CRYPT_FLAG, FIELD(request.flags), CRYPT_ALLOW_DISCARDS, NULL,
		"let the mapping pass discards on"},
	{"perf-same_cpu_crypt", 0, COMMAND_OPEN, CRYPT_FLAG, FIELD(request.flags), CRYPT_SAME_CPU_CRYPT, NULL,
		"encrypt on the processor that asked"},
	{"perf-submit_from_crypt_cpus", 0, COMMAND_OPEN, CRYPT_FLAG, FIELD(request.flags),
		CRYPT_SUBMIT_FROM_CRYPT_CPUS, NULL, "do not hand writes to another thread"},
	{"perf-no_read_workqueue", 0, COMMAND_OPEN, CRYPT_FLAG, FIELD(request.flags), CRYPT_NO_READ_WORKQUEUE,
		NULL, "no work queue for reads"},
	{"perf-no_write_workqueue", 0, COMMAND_OPEN, CRYPT_FLAG, FIELD(request.flags),
		CRYPT_NO_WRITE_WORKQUEUE, NULL, "no work queue for writes"},
	{"perf-high_priority", 0, COMMAND_OPEN, CRYPT_FLAG, FIELD(request.flags), CRYPT_HIGH_PRIORITY, NULL,
		"work queues of high priority"},
	{"disable-keyring", 0, COMMAND_OPEN, FLAG, FIELD(request.disable_keyring), 0, NULL,
		"put the key into the table, not into the kernel keyring"},
	{"token-only", 0, UNLOCK, FLAG, FIELD(request.token_only), 0, NULL, "use no passphrase or key file"},
	{"verbose", 'v', UNLOCK, FLAG, FIELD(request.verbose), 0, NULL, "say which keyslot opened"},
	{"show", 0, COMMAND_BOOT, FLAG, FIELD(show), 0, NULL,
		"print what the configuration means; do nothing"},
	{"test", 0, COMMAND_BOOT, FLAG, FIELD(test), 0, NULL, "do everything but the mappings"},
	{"cmdline", 0, COMMAND_BOOT, TEXT, FIELD(cmdline), 0, "TEXT", "instead of /proc/cmdline"},
	{"crypttab", 0, COMMAND_BOOT, TEXT, FIELD(crypttab), 0, "PATH", "instead of /etc/crypttab"},
	{"config", 0, COMMAND_BOOT, TEXT, FIELD(config), 0, "PATH", "instead of /etc/latchkey.conf"},
	{"json", 0, COMMAND_DUMP, FLAG, FIELD(json), 0, NULL, "print for programs"},
	{"help", 'h', ~0u, FLAG, FIELD(help), 0, NULL, "show this"},
};
enum { OPTIONS = sizeof(table) / sizeof(*table) };

/* The row for @arg ("--name", "--name=value", "-x"), or NULL. @value is what stands behind =. */
static const struct option *find(const char *arg, const char **value)
{
	const char *equals = strchr(arg, '=');
	size_t len = equals ? (size_t)(equals - arg) : strlen(arg);

	*value = NULL;
	if (arg[1] != '-') {
		for (int i = 0; i < OPTIONS; i++)
			if (arg[1] && arg[1] == table[i].letter && !arg[2])
				return &table[i];
		return NULL;
	}
	*value = equals ? equals + 1 : NULL;
	for (int i = 0; i < OPTIONS; i++)
		if (strlen(table[i].name) == len - 2 && !strncmp(arg + 2, table[i].name, len - 2))
			return &table[i];
	return NULL;
}

static enum cause store(const struct option *o, const char *value, struct options *out, struct error *err)
{
	char *field = (char *)out + o->field;
	uint64_t n;

	switch (o->kind) {
	case FLAG:
		*(bool *)field = true;
		return CAUSE_OK;
	case CRYPT_FLAG:
		*(unsigned *)field |= (unsigned)o->max;
		return CAUSE_OK;
	case TEXT:
		memcpy(field, &value, sizeof(value));
		return *value ? CAUSE_OK : error_set(err, CAUSE_USAGE, "--%s: its value is empty", o->name);
	case NUMBER_U64:
	case NUMBER_UNSIGNED:
		if (!text_parse_u64(value, &n) || n > o->max)
			return error_set(err, CAUSE_USAGE, "--%s: \"%s\" is no number from 0 to %llu",
				o->name, value, (unsigned long long)o->max);
		if (o->kind == NUMBER_U64)
			memcpy(field, &n, sizeof(n));
		else
			memcpy(field, &(unsigned){(unsigned)n}, sizeof(unsigned));
		return CAUSE_OK;
	}
	return error_set(err, CAUSE_BUG, "--%s: option of no kind", o->name);
}

/* One option; @next is the argument behind it, NULL at the end. Sets @took_next. */
static enum cause parse_one(enum command command, const char *arg, const char *next, struct options *out,
	bool *took_next, struct error *err)
{
	const char *value;
	const struct option *o = find(arg, &value);

	*took_next = false;
	if (!o)
		return error_set(err, CAUSE_USAGE, "unknown option %s; see --help", arg);
	if (!(o->commands & (unsigned)command))
		return error_set(err, CAUSE_USAGE, "--%s is not for this command; see --help", o->name);
	if (o->kind <= CRYPT_FLAG && value)
		return error_set(err, CAUSE_USAGE, "--%s takes no value", o->name);
	if (o->kind > CRYPT_FLAG && !value) {
		*took_next = true;
		value = next;
		if (!value)
			return error_set(err, CAUSE_USAGE, "--%s needs a value", o->name);
	}
	return store(o, value, out, err);
}

enum cause options_parse(enum command command, int argc, char **argv, struct options *out, struct error *err)
{
	enum cause cause = CAUSE_OK;
	bool only_args = false, took_next;

	*out = (struct options){
		.request = {.keyslot = SEARCH_ANY_KEYSLOT, .tries = 3, .limits = kdf_default_limits}};
	for (int i = 0; !cause && i < argc; i++) {
		if (!only_args && !strcmp(argv[i], "--")) {
			only_args = true;
		} else if (!only_args && argv[i][0] == '-' && argv[i][1]) {
			cause = parse_one(command, argv[i], i + 1 < argc ? argv[i + 1] : NULL, out,
				&took_next, err);
			i += took_next;
		} else if (out->arg_count == 2) {
			cause = error_set(err, CAUSE_USAGE, "too many arguments: %s", argv[i]);
		} else {
			out->args[out->arg_count++] = argv[i];
		}
	}
	return cause;
}

void options_print(int fd, enum command command)
{
	char left[48];

	for (int i = 0; i < OPTIONS; i++) {
		const struct option *o = &table[i];
		size_t n = 0;

		if (!(o->commands & (unsigned)command))
			continue;
		if (o->letter)
			n = text_format(left, sizeof(left), "-%c, ", o->letter);
		else
			n = text_format(left, sizeof(left), "    ");
		text_format(left + n, sizeof(left) - n, "--%s%s%s", o->name, o->value ? " " : "",
			o->value ? o->value : "");
		text_print(fd, "  %-34s %s\n", left, o->help);
	}
}
