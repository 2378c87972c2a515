/* SPDX-License-Identifier: MIT */
/*
 * options - argv to a request. Names are cryptsetup's wherever it has one.
 *
 * One table drives parsing, which command takes what, and --help.
 */
#ifndef COMMAND_OPTIONS_H
#define COMMAND_OPTIONS_H

#include "unlock/unlock.h"

/* Commands, as bits: each option says which ones take it. */
enum command {
	COMMAND_OPEN = 1,
	COMMAND_TEST = 2,
	COMMAND_CLOSE = 4,
	COMMAND_DUMP = 8,
	COMMAND_CHECK = 16,
	COMMAND_BACKUP = 32,
	COMMAND_BENCHMARK = 64,
	COMMAND_BOOT = 128,
	COMMAND_IMAGE_BOOT = 256, /* boot in the image of our own init */
	COMMAND_ALL = 511,
};

struct options {
	bool json, help, print_volume_key_id;
	bool show, test;                         /* boot */
	const char *cmdline, *crypttab, *config; /* instead of the usual ones; NULL */
	const char *keymap;                      /* boot: of the consoles */
	const char *args[2];                     /* operands */
	unsigned arg_count;
	struct unlock_request request;
};

/*
 * Parse the arguments behind the command's name.
 * Fails: CAUSE_USAGE, with one sentence that says which.
 */
enum cause options_parse(enum command command, int argc, char **argv, struct options *out,
	struct error *err) MUST_USE;

enum { OPTIONS_USAGE_BYTES = 64 };

/* For a usage line: " [--header H] [--json]", or " [options]" if they are many, or "". */
void options_usage(enum command command, char text[static OPTIONS_USAGE_BYTES]);

/* Two columns on @fd: the options of @command. */
void options_print(int fd, enum command command);

#endif
