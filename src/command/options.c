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

/* What an option's field is, and what its value must be. */
enum type { TRUE, SET_FLAG, TEXT, NUMBER_U64, NUMBER_UNSIGNED, LUKS_TYPE };

#define UNLOCK (COMMAND_OPEN | COMMAND_TEST)
#define EXAMINE (COMMAND_DUMP | COMMAND_CHECK | COMMAND_BACKUP | COMMAND_BENCHMARK)
#define FIELD(member) offsetof(struct options, member)

/* In the order of --help. */
static const struct option {
	const char *name;
	const char *value; /* what it is called; NULL: the option takes none */
	const char *help;
	uint64_t max;   /* of a number; the flag of SET_FLAG */
	uint16_t field; /* of struct options */
	uint16_t commands;
	uint8_t type;
	char letter; /* 0: none */
} table[] = {
	{.name = "key-file",
		.letter = 'd',
		.commands = UNLOCK,
		.type = TEXT,
		.field = FIELD(request.key_file),
		.value = "PATH",
		.help = "read the key from PATH (-: standard input)"},
	{.name = "keyfile-offset",
		.commands = UNLOCK,
		.type = NUMBER_U64,
		.field = FIELD(request.keyfile_offset_bytes),
		.max = INT64_MAX,
		.value = "BYTES",
		.help = "skip that many bytes of the key file"},
	{.name = "keyfile-size",
		.letter = 'l',
		.commands = UNLOCK,
		.type = NUMBER_U64,
		.field = FIELD(request.keyfile_size_bytes),
		.max = KEYFILE_MAX_BYTES,
		.value = "BYTES",
		.help = "read exactly that many bytes of it"},
	{.name = "key-slot",
		.letter = 'S',
		.commands = UNLOCK,
		.type = NUMBER_UNSIGNED,
		.field = FIELD(request.keyslot),
		.max = LUKS_KEYSLOTS_MAX - 1,
		.value = "N",
		.help = "try keyslot N only"},
	{.name = "type",
		.letter = 'M',
		.commands = UNLOCK,
		.type = LUKS_TYPE,
		.field = FIELD(request.version),
		.value = "TYPE",
		.help = "luks (default), luks1 or luks2"},
	{.name = "header",
		.commands = UNLOCK | EXAMINE,
		.type = TEXT,
		.field = FIELD(request.header),
		.value = "H",
		.help = "the header is on H, not on DEVICE"},
	{.name = "expect-volume-key-id",
		.commands = UNLOCK,
		.type = TEXT,
		.field = FIELD(request.volume_key_id),
		.value = "ID",
		.help = "accept only the volume key with this id"},
	{.name = "print-volume-key-id",
		.commands = COMMAND_TEST,
		.type = TRUE,
		.field = FIELD(print_volume_key_id),
		.help = "print the id of the volume key instead of the keyslot"},
	{.name = "tries",
		.letter = 'T',
		.commands = UNLOCK,
		.type = NUMBER_UNSIGNED,
		.field = FIELD(request.tries),
		.max = 1000000,
		.value = "N",
		.help = "ask for the passphrase N times (default 3; 0: no limit)"},
	{.name = "timeout",
		.letter = 't',
		.commands = UNLOCK | COMMAND_BOOT,
		.type = NUMBER_UNSIGNED,
		.field = FIELD(request.timeout_s),
		.max = 1000000,
		.value = "SECONDS",
		.help = "time limit for the passphrase (default 0: none); boot --test: for a device (30)"},
	{.name = "max-memory",
		.commands = UNLOCK | COMMAND_BENCHMARK,
		.type = NUMBER_UNSIGNED,
		.field = FIELD(request.max_memory_mib),
		.max = 1 << 21,
		.value = "MIB",
		.help = "accept Argon2 with up to MIB MiB of memory (default 4096)"},
	{.name = "max-time",
		.commands = UNLOCK,
		.type = NUMBER_UNSIGNED,
		.field = FIELD(request.max_time_s),
		.max = 1000000,
		.value = "SECONDS",
		.help = "estimated time limit for all keyslots (default 60)"},
	{.name = "max-lanes",
		.commands = UNLOCK | COMMAND_BENCHMARK,
		.type = NUMBER_UNSIGNED,
		.field = FIELD(request.limits.lanes),
		.max = 0xffffff,
		.value = "N",
		.help = "accept Argon2 with up to N lanes (default 4)"},
	{.name = "allow-swap",
		.commands = UNLOCK | COMMAND_BENCHMARK,
		.type = TRUE,
		.field = FIELD(request.limits.disk_swap),
		.help = "let Argon2 use swap on disk as memory"},
	{.name = "readonly",
		.letter = 'r',
		.commands = COMMAND_OPEN,
		.type = TRUE,
		.field = FIELD(request.read_only),
		.help = "map read-only"},
	{.name = "readonly-member",
		.commands = COMMAND_OPEN,
		.type = TRUE,
		.field = FIELD(request.readonly_member),
		.help = "map a member of a RAID array or the like, read-only"},
	{.name = "allow-discards",
		.commands = COMMAND_OPEN,
		.type = SET_FLAG,
		.field = FIELD(request.flags),
		.max = CRYPT_ALLOW_DISCARDS,
		.help = "pass discards through the mapping"},
	{.name = "perf-same_cpu_crypt",
		.commands = COMMAND_OPEN,
		.type = SET_FLAG,
		.field = FIELD(request.flags),
		.max = CRYPT_SAME_CPU_CRYPT,
		.help = "encrypt on the processor that made the request"},
	{.name = "perf-submit_from_crypt_cpus",
		.commands = COMMAND_OPEN,
		.type = SET_FLAG,
		.field = FIELD(request.flags),
		.max = CRYPT_SUBMIT_FROM_CRYPT_CPUS,
		.help = "do not move writes to another thread"},
	{.name = "perf-no_read_workqueue",
		.commands = COMMAND_OPEN,
		.type = SET_FLAG,
		.field = FIELD(request.flags),
		.max = CRYPT_NO_READ_WORKQUEUE,
		.help = "no work queue for reads"},
	{.name = "perf-no_write_workqueue",
		.commands = COMMAND_OPEN,
		.type = SET_FLAG,
		.field = FIELD(request.flags),
		.max = CRYPT_NO_WRITE_WORKQUEUE,
		.help = "no work queue for writes"},
	{.name = "perf-high_priority",
		.commands = COMMAND_OPEN,
		.type = SET_FLAG,
		.field = FIELD(request.flags),
		.max = CRYPT_HIGH_PRIORITY,
		.help = "give the work queues high priority"},
	{.name = "disable-keyring",
		.commands = COMMAND_OPEN,
		.type = TRUE,
		.field = FIELD(request.disable_keyring),
		.help = "put the key into the table, not into the kernel keyring"},
	{.name = "token-only",
		.commands = UNLOCK,
		.type = TRUE,
		.field = FIELD(request.token_only),
		.help = "use tokens only: no passphrase, no key file"},
	{.name = "token-id",
		.commands = UNLOCK,
		.type = NUMBER_UNSIGNED,
		.field = FIELD(request.token_id),
		.max = LUKS_TOKENS_MAX - 1,
		.value = "N",
		.help = "use token N only, with its PIN"},
	{.name = "token-type",
		.commands = UNLOCK,
		.type = TEXT,
		.field = FIELD(request.token_type),
		.value = "TYPE",
		.help = "use tokens of TYPE only, with their PIN"},
	{.name = "try-empty",
		.commands = UNLOCK,
		.type = TRUE,
		.field = FIELD(request.try_empty),
		.help = "try the empty passphrase first"},
	{.name = "verbose",
		.letter = 'v',
		.commands = UNLOCK,
		.type = TRUE,
		.field = FIELD(request.verbose),
		.help = "print which keyslot opened"},
	{.name = "show",
		.commands = COMMAND_BOOT,
		.type = TRUE,
		.field = FIELD(show),
		.help = "print how the configuration is understood; open nothing"},
	{.name = "test",
		.commands = COMMAND_BOOT,
		.type = TRUE,
		.field = FIELD(test),
		.help = "do everything except create the mappings"},
	{.name = "cmdline",
		.commands = COMMAND_BOOT,
		.type = TEXT,
		.field = FIELD(cmdline),
		.value = "TEXT",
		.help = "use TEXT instead of /proc/cmdline"},
	{.name = "crypttab",
		.commands = COMMAND_BOOT,
		.type = TEXT,
		.field = FIELD(crypttab),
		.value = "PATH",
		.help = "use PATH instead of /etc/crypttab"},
	{.name = "config",
		.commands = COMMAND_BOOT,
		.type = TEXT,
		.field = FIELD(config),
		.value = "PATH",
		.help = "use PATH instead of /etc/latchkey.conf"},
	{.name = "keymap",
		.commands = COMMAND_BOOT | COMMAND_IMAGE_BOOT,
		.type = TEXT,
		.field = FIELD(keymap),
		.value = "NAME",
		.help = "name this keyboard layout in the prompt"},
	{.name = "json",
		.commands = COMMAND_DUMP | COMMAND_CHECK | COMMAND_TEST | COMMAND_BOOT | COMMAND_BENCHMARK,
		.type = TRUE,
		.field = FIELD(json),
		.help = "print JSON (boot: only with --show)"},
	{.name = "help",
		.letter = 'h',
		.commands = COMMAND_ALL,
		.type = TRUE,
		.field = FIELD(help),
		.help = "print this help"},
};
enum { OPTIONS = sizeof(table) / sizeof(*table), OPTION_BYTES = 40 };
/* A usage line has the options of a command if there are no more than these. */
enum { SPELT_OUT = 2 };

/* The row for @arg ("--name", "--name=value", "-x", "-xvalue"), or NULL. @value is what follows. */
static const struct option *find(const char *arg, const char **value)
{
	bool is_letter = arg[1] != '-';
	const char *end = is_letter ? arg + 2 : strchrnul(arg, '=');
	size_t len = (size_t)(end - arg) - 2;

	*value = !*end ? NULL : is_letter ? end : end + 1;
	for (const struct option *o = table; o < table + OPTIONS; o++)
		if (is_letter ? arg[1] == o->letter : !strncmp(arg + 2, o->name, len) && !o->name[len])
			return o;
	return NULL;
}

static enum cause store(const struct option *o, const char *value, struct options *out, struct error *err)
{
	char *field = (char *)out + o->field;
	uint64_t n;

	switch ((enum type)o->type) {
	case TRUE:
		*(bool *)field = true;
		return CAUSE_OK;
	case SET_FLAG:
		*(unsigned *)field |= (unsigned)o->max;
		return CAUSE_OK;
	case TEXT:
		memcpy(field, &value, sizeof(value));
		/* A kernel command line may be empty. */
		return *value || o->field == FIELD(cmdline)
		               ? CAUSE_OK
		               : error_set(err, CAUSE_USAGE, "--%s: its value is empty", o->name);
	case NUMBER_U64:
	case NUMBER_UNSIGNED:
		if (!text_parse_u64(value, &n) || n > o->max)
			return error_set(err, CAUSE_USAGE, "--%s: \"%s\" is not a number from 0 to %llu",
				o->name, value, (unsigned long long)o->max);
		if (o->type == NUMBER_U64)
			memcpy(field, &n, sizeof(n));
		else
			memcpy(field, &(unsigned){(unsigned)n}, sizeof(unsigned));
		return CAUSE_OK;
	case LUKS_TYPE:
		if (strncmp(value, "luks", 4) != 0 ||
			(value[4] && ((value[4] != '1' && value[4] != '2') || value[5])))
			return error_set(err, CAUSE_USAGE, "--%s: \"%s\" is not luks, luks1 or luks2",
				o->name, value);
		*(unsigned *)field = value[4] ? (unsigned)(value[4] - '0') : 0;
		return CAUSE_OK;
	}
	return error_set(err, CAUSE_BUG, "--%s: option without a type", o->name);
}

/* @arg is no option; perhaps one is meant. */
static enum cause unknown(enum command command, const char *arg, struct error *err)
{
	char typed[OPTION_BYTES];

	text_format(typed, sizeof(typed), "%s", arg);
	*strchrnul(typed, '=') = 0;
	if (!strcmp(typed, "--test-passphrase"))
		return error_set(err, CAUSE_USAGE, "unknown option %s; did you mean latchkey test?", typed);
	for (const struct option *o = table; o < table + OPTIONS; o++)
		if (o->commands & (unsigned)command && text_is_near(typed + 2, o->name))
			return error_set(err, CAUSE_USAGE, "unknown option %s; did you mean --%s?", typed,
				o->name);
	return error_set(err, CAUSE_USAGE, "unknown option %s; see --help", arg);
}

/* One option; @next is the argument behind it, NULL at the end. Sets @took_next. */
static enum cause parse_one(enum command command, const char *arg, const char *next, struct options *out,
	bool *took_next, struct error *err)
{
	const char *value;
	const struct option *o = find(arg, &value);

	*took_next = false;
	if (!o)
		return unknown(command, arg, err);
	if (!(o->commands & (unsigned)command))
		return error_set(err, CAUSE_USAGE, "--%s is not for this command; see --help", o->name);
	if (!o->value && value)
		return error_set(err, CAUSE_USAGE, "--%s takes no value", o->name);
	if (o->value && !value) {
		*took_next = true;
		value = next;
		if (!value)
			return error_set(err, CAUSE_USAGE, "--%s needs a value", o->name);
	}
	return store(o, value ? value : "", out, err);
}

enum cause options_parse(enum command command, int argc, char **argv, struct options *out, struct error *err)
{
	enum cause cause = CAUSE_OK;
	bool only_args = false, took_next;

	*out = (struct options){/* In a rehearsal of the boot it is that for a device. */
		.request = {.timeout_s = command == COMMAND_BOOT ? 30 : 0,
			.keyslot = SEARCH_ANY_KEYSLOT,
			.token_id = -1,
			.tries = 3,
			.limits = kdf_default_limits}};
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

/* "--name VALUE" */
static void format_option(const struct option *o, char *text, size_t size)
{
	text_format(text, size, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
}

void options_usage(enum command command, char text[static OPTIONS_USAGE_BYTES])
{
	char option[OPTION_BYTES];
	unsigned count = 0;
	size_t used = 0;

	*text = 0;
	for (const struct option *o = table; o < table + OPTIONS; o++) {
		if (!(o->commands & (unsigned)command) || o->commands == COMMAND_ALL)
			continue;
		format_option(o, option, sizeof(option));
		if (count++ < SPELT_OUT)
			used += text_format(text + used, OPTIONS_USAGE_BYTES - used, " [%s]", option);
	}
	if (count > SPELT_OUT)
		text_format(text, OPTIONS_USAGE_BYTES, " [options]");
}

void options_print(int fd, enum command command)
{
	char option[OPTION_BYTES], letter[] = "-x, ";

	for (const struct option *o = table; o < table + OPTIONS; o++) {
		if (!(o->commands & (unsigned)command))
			continue;
		letter[1] = o->letter;
		format_option(o, option, sizeof(option));
		text_print(fd, "  %s%-30s %s\n", o->letter ? letter : "    ", option, o->help);
	}
}
