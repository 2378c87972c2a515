/* SPDX-License-Identifier: MIT */
/* latchkey - see latchkey.h: which command, --help, and the exit code. */
#include "latchkey.h"
#include "base/relro.h"
#include "base/text.h"
#include "command/command.h"
#include "crypto/kdf.h"
#include "secret/arena.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct verb {
	const char *name;
	enum command bit;
	unsigned args;     /* operands */
	unsigned optional; /* how many of them may be omitted */
	enum cause (*run)(const struct options *o, struct error *err);
	const char *operands, *help;
};

static const struct verb open_verb = {
	.name = "open",
	.bit = COMMAND_OPEN,
	.args = 2,
	.run = command_open,
	.operands = "DEVICE NAME",
	.help = "unlock DEVICE as /dev/mapper/NAME",
};
static const struct verb test_verb = {
	.name = "test",
	.bit = COMMAND_TEST,
	.args = 2,
	.optional = 1,
	.run = command_test,
	.operands = "DEVICE [NAME]",
	.help = "try a secret without mapping; print \"keyslot N\"",
};
static const struct verb boot_verb = {
	.name = "boot",
	.bit = COMMAND_BOOT,
	.run = command_boot,
	.operands = "",
	.help = "open the volumes of the boot configuration",
};
static const struct verb close_verb = {
	.name = "close",
	.bit = COMMAND_CLOSE,
	.args = 1,
	.run = command_close,
	.operands = "NAME",
	.help = "remove the mapping NAME",
};
static const struct verb check_verb = {
	.name = "check",
	.bit = COMMAND_CHECK,
	.args = 1,
	.run = command_check,
	.operands = "DEVICE",
	.help = "check the header and the keyslot areas for damage",
};
static const struct verb dump_verb = {
	.name = "dump",
	.bit = COMMAND_DUMP,
	.args = 1,
	.run = command_dump,
	.operands = "DEVICE",
	.help = "print the contents of the header",
};
static const struct verb backup_verb = {
	.name = "backup",
	.bit = COMMAND_BACKUP,
	.args = 2,
	.run = command_backup,
	.operands = "DEVICE FILE",
	.help = "copy the header to a new file",
};
static const struct verb benchmark_verb = {
	.name = "benchmark",
	.bit = COMMAND_BENCHMARK,
	.args = 1,
	.optional = 1,
	.run = command_benchmark,
	.operands = "[DEVICE]",
	.help = "measure the KDFs, or the time that each keyslot takes",
};

/* In the order of --help. */
static const struct verb *const every_verb[] = {&open_verb, &test_verb, &boot_verb, &close_verb, &check_verb,
	&dump_verb, &backup_verb, &benchmark_verb, NULL};
/* What init calls. The other commands, and the other options of boot, are useful only with a shell. */
static const struct verb image_boot_verb = {
	.name = "boot",
	.bit = COMMAND_IMAGE_BOOT,
	.run = command_image_boot,
	.operands = "",
	.help = "open the volumes of the boot configuration",
};
static const struct verb *const image_verbs[] = {&image_boot_verb, &close_verb, NULL};

static void print_causes(int fd)
{
	text_print(fd, "\nExit codes:\n");
	for (int i = 0; i < CAUSE_COUNT; i++)
		text_print(fd, "  %d  %-12s %s\n", i, cause_info((enum cause)i)->name,
			cause_info((enum cause)i)->meaning);
}

enum { USAGE_BYTES = OPTIONS_USAGE_BYTES + 32 };

/* "dump [--header H] [--json] DEVICE" */
static void format_usage(const struct verb *verb, char text[static USAGE_BYTES])
{
	char options[OPTIONS_USAGE_BYTES];

	options_usage(verb->bit, options);
	text_format(text, USAGE_BYTES, "%s%s%s%s", verb->name, options, *verb->operands ? " " : "",
		verb->operands);
}

static void print_help(const struct verb *const verbs[], int fd)
{
	char usage[USAGE_BYTES];

	text_print(fd, "latchkey unlocks a LUKS volume.\n\nUsage:\n");
	for (; *verbs; verbs++) {
		format_usage(*verbs, usage);
		text_print(fd, "  latchkey %-36s %s\n", usage, (*verbs)->help);
	}
	text_print(fd, "  latchkey COMMAND --help\n  latchkey --version [--verbose]\n\n"
		       "DEVICE and H are a path, UUID=, LABEL=, PARTUUID= or PARTLABEL=...\n");
	print_causes(fd);
	text_print(fd, "\nSee latchkey(8).\n");
}

/* Descriptors 0 to 2 must be something: else the device could become standard error. */
static void fill_standard_descriptors(void)
{
	struct pollfd fds[] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};
	int fd;

	if (poll(fds, 3, 0) >= 0 && !((fds[0].revents | fds[1].revents | fds[2].revents) & POLLNVAL))
		return;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

/* There are too few operands. Often -d has taken the device. */
static enum cause refuse_few(const struct verb *verb, const struct options *o, const char *usage,
	struct error *err)
{
	const char *missing = verb->operands + (o->arg_count ? strcspn(verb->operands, " ") + 1 : 0);
	const char *key_file = o->request.key_file;

	return error_set(err, CAUSE_USAGE, "usage: latchkey %s; missing: %s%s%s", usage, missing,
		key_file ? "; the key file is " : "", key_file ? key_file : "");
}

static enum cause run(const struct verb *verb, int argc, char **argv, struct error *err)
{
	char usage[USAGE_BYTES];
	struct options o;
	enum cause cause = options_parse(verb->bit, argc, argv, &o, err);

	if (cause)
		return cause;
	format_usage(verb, usage);
	if (o.help) {
		text_print(1, "Usage: latchkey %s\n%s\n\n", usage, verb->help);
		options_print(1, verb->bit);
		return CAUSE_OK;
	}
	if (o.arg_count > verb->args)
		return error_set(err, CAUSE_USAGE, "usage: latchkey %s", usage);
	if (o.arg_count + verb->optional < verb->args)
		return refuse_few(verb, &o, usage, err);
	cause = arena_open(err);
	if (!cause)
		cause = verb->run(&o, err);
	arena_close();
	return cause;
}

/* With @verbose also what was chosen for this processor. */
static void print_version(bool verbose)
{
	static const enum hash hashes[] = {HASH_SHA1, HASH_SHA256, HASH_SHA512};

	text_print(1, "latchkey %s\n", LATCHKEY_VERSION);
	if (!verbose)
		return;
	for (size_t i = 0; i < sizeof(hashes) / sizeof(*hashes); i++)
		text_print(1, "%s: %s\n", hash_name(hashes[i]), hash_implementation(hashes[i]));
	text_print(1, "argon2: %s\n", kdf_implementation(&(struct kdf){.kind = KDF_ARGON2ID}));
}

/* @word is no command; perhaps one is meant: a typing error, or what cryptsetup calls it. */
static enum cause unknown(const struct verb *const verbs[], const char *word, struct error *err)
{
	static const char *const names[][2] = {{"luksOpen", "open"}, {"unlock", "open"},
		{"luksClose", "close"}, {"luksDump", "dump"}, {"luksUUID", "dump --json"},
		{"isLuks", "check"}, {"luksHeaderBackup", "backup"}};
	const char *meant = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		meant = text_is_near(word, names[i][0]) ? names[i][1] : meant;
	for (const struct verb *const *v = verbs; *v && !meant; v++)
		meant = text_is_near(word, (*v)->name) ? (*v)->name : NULL;
	if (meant)
		return error_set(err, CAUSE_USAGE, "unknown command %s; did you mean latchkey %s?", word,
			meant);
	return error_set(err, CAUSE_USAGE, "unknown %s %s; see latchkey --help",
		*word == '-' ? "option" : "command", word);
}

static enum cause dispatch(const struct verb *const verbs[], int argc, char **argv, struct error *err)
{
	const char *word = argc > 1 ? argv[1] : "";

	for (const struct verb *const *v = verbs; *v; v++)
		if (!strcmp(word, (*v)->name))
			return run(*v, argc - 2, argv + 2, err);
	if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
		print_help(verbs, 1);
		return CAUSE_OK;
	}
	if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
		print_version(argc > 2 && (!strcmp(argv[2], "--verbose") || !strcmp(argv[2], "-v")));
		return CAUSE_OK;
	}
	if (!*word)
		return error_set(err, CAUSE_USAGE, "no command given; see latchkey --help");
	return unknown(verbs, word, err);
}

static int run_program(const struct verb *const verbs[], int argc, char **argv)
{
	struct error err;
	enum cause cause;

	relro_protect();
	fill_standard_descriptors();
	/* A reader that has gone must not kill us; the exit code tells what could not be written. */
	(void)signal(SIGPIPE, SIG_IGN);
	cause = dispatch(verbs, argc, argv, &err);
	if (!cause && text_output_lost())
		cause = error_set(&err, CAUSE_USAGE, "standard output cannot be written");
	if (cause)
		text_print(2, "latchkey: %s\n", err.text);
	return (int)cause;
}

int latchkey_main(int argc, char **argv)
{
	return run_program(every_verb, argc, argv);
}

int latchkey_image_main(int argc, char **argv)
{
	return run_program(image_verbs, argc, argv);
}
