/* SPDX-License-Identifier: MIT */
/* latchkey - see latchkey.h: which command, --help, and the exit code. */
#include "latchkey.h"
#include "base/relro.h"
#include "base/text.h"
#include "command/command.h"
#include "secret/arena.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	enum command bit;
	unsigned args;     /* how many it takes */
	unsigned optional; /* how many of them may be left out */
	enum cause (*run)(const struct options *o, struct error *err);
	const char *usage, *help;
} commands[] = {
	{"open", COMMAND_OPEN, 2, 0, command_open, "open [options] DEVICE NAME",
		"unlock; /dev/mapper/NAME appears"},
	{"test", COMMAND_TEST, 1, 0, command_test, "test [options] DEVICE",
		"try a secret without mapping; prints \"keyslot N\""},
	{"boot", COMMAND_BOOT, 0, 0, command_boot, "boot [options]",
		"open every volume of the boot configuration"},
	{"close", COMMAND_CLOSE, 1, 0, command_close, "close NAME", "remove the mapping"},
	{"check", COMMAND_CHECK, 1, 0, command_check, "check [--header H] DEVICE",
		"health of the header and the keyslot areas"},
	{"dump", COMMAND_DUMP, 1, 0, command_dump, "dump [--json] [--header H] DEVICE",
		"what the header says"},
	{"backup", COMMAND_BACKUP, 2, 0, command_backup, "backup [--header H] DEVICE FILE",
		"copy the header to a new file"},
	{"benchmark", COMMAND_BENCHMARK, 1, 1, command_benchmark, "benchmark [--header H] [DEVICE]",
		"speed of the KDFs here, or how long each keyslot will take"},
};
enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static void print_causes(int fd)
{
	text_print(fd, "\nExit codes:\n");
	for (int i = 0; i < CAUSE_COUNT; i++)
		text_print(fd, "  %d  %-12s %s\n", i, cause_info((enum cause)i)->name,
			cause_info((enum cause)i)->meaning);
}

static void print_help(int fd)
{
	text_print(fd, "latchkey unlocks a LUKS volume.\n\nUsage:\n");
	for (int i = 0; i < COMMANDS; i++)
		text_print(fd, "  latchkey %-36s %s\n", commands[i].usage, commands[i].help);
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

static enum cause run(int which, int argc, char **argv, struct error *err)
{
	struct options o;
	enum cause cause = options_parse(commands[which].bit, argc, argv, &o, err);

	if (cause)
		return cause;
	if (o.help) {
		text_print(1, "Usage: latchkey %s\n%s\n\n", commands[which].usage, commands[which].help);
		options_print(1, commands[which].bit);
		return CAUSE_OK;
	}
	if (o.arg_count > commands[which].args ||
		o.arg_count + commands[which].optional < commands[which].args)
		return error_set(err, CAUSE_USAGE, "usage: latchkey %s", commands[which].usage);
	cause = arena_open(err);
	if (!cause)
		cause = commands[which].run(&o, err);
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

static enum cause dispatch(int argc, char **argv, struct error *err)
{
	const char *verb = argc > 1 ? argv[1] : "";

	for (int i = 0; i < COMMANDS; i++)
		if (!strcmp(verb, commands[i].name))
			return run(i, argc - 2, argv + 2, err);
	if (!strcmp(verb, "--help") || !strcmp(verb, "-h")) {
		print_help(1);
		return CAUSE_OK;
	}
	if (!strcmp(verb, "--version") || !strcmp(verb, "-V")) {
		print_version(argc > 2 && (!strcmp(argv[2], "--verbose") || !strcmp(argv[2], "-v")));
		return CAUSE_OK;
	}
	if (!*verb)
		return error_set(err, CAUSE_USAGE, "no command given; see latchkey --help");
	return error_set(err, CAUSE_USAGE, "unknown command %s; see latchkey --help", verb);
}

int latchkey_main(int argc, char **argv)
{
	struct error err;
	enum cause cause;

	relro_protect();
	fill_standard_descriptors();
	/* A reader who went away shall not kill us: what cannot be written is told by the exit code. */
	(void)signal(SIGPIPE, SIG_IGN);
	cause = dispatch(argc, argv, &err);
	if (!cause && text_output_lost())
		cause = error_set(&err, CAUSE_USAGE, "standard output cannot be written");
	if (cause)
		text_print(2, "latchkey: %s\n", err.text);
	return (int)cause;
}
