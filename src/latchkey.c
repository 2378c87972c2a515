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
	unsigned args;     /* how many it takes */
	unsigned optional; /* how many of them may be left out */
	enum cause (*run)(const struct options *o, struct error *err);
	const char *usage, *help;
};

static const struct verb open_verb = {
	.name = "open",
	.bit = COMMAND_OPEN,
	.args = 2,
	.run = command_open,
	.usage = "open [options] DEVICE NAME",
	.help = "unlock; /dev/mapper/NAME appears",
};
static const struct verb test_verb = {
	.name = "test",
	.bit = COMMAND_TEST,
	.args = 1,
	.run = command_test,
	.usage = "test [options] DEVICE",
	.help = "try a secret without mapping; prints \"keyslot N\"",
};
static const struct verb boot_verb = {
	.name = "boot",
	.bit = COMMAND_BOOT,
	.run = command_boot,
	.usage = "boot [options]",
	.help = "open every volume of the boot configuration",
};
static const struct verb close_verb = {
	.name = "close",
	.bit = COMMAND_CLOSE,
	.args = 1,
	.run = command_close,
	.usage = "close NAME",
	.help = "remove the mapping",
};
static const struct verb check_verb = {
	.name = "check",
	.bit = COMMAND_CHECK,
	.args = 1,
	.run = command_check,
	.usage = "check [--header H] DEVICE",
	.help = "health of the header and the keyslot areas",
};
static const struct verb dump_verb = {
	.name = "dump",
	.bit = COMMAND_DUMP,
	.args = 1,
	.run = command_dump,
	.usage = "dump [--json] [--header H] DEVICE",
	.help = "what the header says",
};
static const struct verb backup_verb = {
	.name = "backup",
	.bit = COMMAND_BACKUP,
	.args = 2,
	.run = command_backup,
	.usage = "backup [--header H] DEVICE FILE",
	.help = "copy the header to a new file",
};
static const struct verb benchmark_verb = {
	.name = "benchmark",
	.bit = COMMAND_BENCHMARK,
	.args = 1,
	.optional = 1,
	.run = command_benchmark,
	.usage = "benchmark [--header H] [DEVICE]",
	.help = "speed of the KDFs here, or how long each keyslot will take",
};

/* In the order of --help. */
static const struct verb *const every_verb[] = {&open_verb, &test_verb, &boot_verb, &close_verb, &check_verb,
	&dump_verb, &backup_verb, &benchmark_verb, NULL};
/* The others are of use only where there is a shell. */
static const struct verb *const image_verbs[] = {&open_verb, &test_verb, &boot_verb, &close_verb, NULL};

static void print_causes(int fd)
{
	text_print(fd, "\nExit codes:\n");
	for (int i = 0; i < CAUSE_COUNT; i++)
		text_print(fd, "  %d  %-12s %s\n", i, cause_info((enum cause)i)->name,
			cause_info((enum cause)i)->meaning);
}

static void print_help(const struct verb *const verbs[], int fd)
{
	text_print(fd, "latchkey unlocks a LUKS volume.\n\nUsage:\n");
	for (; *verbs; verbs++)
		text_print(fd, "  latchkey %-36s %s\n", (*verbs)->usage, (*verbs)->help);
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

static enum cause run(const struct verb *verb, int argc, char **argv, struct error *err)
{
	struct options o;
	enum cause cause = options_parse(verb->bit, argc, argv, &o, err);

	if (cause)
		return cause;
	if (o.help) {
		text_print(1, "Usage: latchkey %s\n%s\n\n", verb->usage, verb->help);
		options_print(1, verb->bit);
		return CAUSE_OK;
	}
	if (o.arg_count > verb->args || o.arg_count + verb->optional < verb->args)
		return error_set(err, CAUSE_USAGE, "usage: latchkey %s", verb->usage);
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
	return error_set(err, CAUSE_USAGE, "unknown command %s; see latchkey --help", word);
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
