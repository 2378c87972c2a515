/* SPDX-License-Identifier: MIT */
/*
 * token_program - one run of a token program, from latchkey's side of latchkey-token(7): start it confined,
 * pass on its lines, keep its time, take its passphrase.
 */
#ifndef UNLOCK_TOKEN_PROGRAM_H
#define UNLOCK_TOKEN_PROGRAM_H

#include "base/cause.h"
#include "format/luks.h"
#include "secret/secret.h"
#include <stdbool.h>

enum {
	TOKEN_TEXT_MAX_BYTES = 64 << 10,
	TOKEN_SECRET_MAX_BYTES = 512,
	TOKEN_LINE_MAX_BYTES = 200,
	TOKEN_PROGRAM_BYTES = 64,
};

/* Where the program for @t would be. False: its type names none. */
bool token_program_path(const struct luks_token *t, char path[static TOKEN_PROGRAM_BYTES]);

/* The same; false also when the program is not here. */
bool token_program(const struct luks_token *t, char path[static TOKEN_PROGRAM_BYTES]);

/* Does @line say that the program waits for a person's touch, or for something outside that may take long? */
bool token_program_waits(const char *line);

struct token_run {
	const char *program; /* its path */
	const char *text;    /* the token's JSON */
	size_t len;
	int device;   /* its descriptor 4; -1: none */
	bool network; /* it keeps the network of this process; else it has none */
	/*
	 * The program's end of a socket of SOCK_STREAM, its descriptor 0. shutdown(2) of the other end, both
	 * ways, says that it is not wanted any more. -1: it is not asked anything.
	 */
	int answers;
	/*
	 * For each line but the last of a program that gives nothing, made printable, without newline. True:
	 * it was a question and is answered.
	 */
	bool (*line)(void *context, const char *line);
	void *context;
};

/*
 * Run it to its end. @out->data has room for TOKEN_SECRET_MAX_BYTES and is the caller's to wipe; @out NULL:
 * no passphrase is wanted.
 * Fails: with the cause that its exit code is, and its last sentence: CAUSE_PASSPHRASE, CAUSE_RESOURCE,
 * CAUSE_DEVICE (also: it did not answer in time), CAUSE_DAMAGED, CAUSE_UNSUPPORTED; CAUSE_BUG for all else;
 * CAUSE_RESOURCE when no process can be made.
 */
enum cause token_program_run(const struct token_run *t, struct secret *out, struct error *err) MUST_USE;

#endif
