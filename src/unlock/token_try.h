/* SPDX-License-Identifier: MIT */
/* token_try - one try of one token: its text from the header, its device, its program. */
#ifndef UNLOCK_TOKEN_TRY_H
#define UNLOCK_TOKEN_TRY_H

#include "base/reader.h"
#include "unlock/request.h"
#include "unlock/token_device.h"
#include "unlock/token_program.h"

struct token_try {
	struct luks_token token;
	char device[TOKEN_DEVICE_BYTES]; /* as of token_device; "": none */
	/* As in struct token_run. */
	int answers;
	bool (*line)(void *context, const char *line);
	void *context;
};

/*
 * The passphrase that the program gives for the token in the LUKS header on @header; @out as for
 * token_program_run.
 * Fails: as header_load_token and token_program_run; CAUSE_DEVICE (the device cannot be opened).
 */
enum cause token_try(const struct reader *header, const struct token_try *t, struct secret *out,
	struct error *err) MUST_USE;

/*
 * The question for a person that the line "pin LEFT" or "few LEFT" of @t asks. False: @line is another one.
 */
bool token_try_question(const struct luks_token *t, const char *line, char *text, size_t size);

/* What a line has to tell a person, or NULL. */
const char *token_try_message(const char *line);

/*
 * The same with each device that the program asks for, and with the person at the terminal. @out is in the
 * arena. Questions are asked where @r asks for tokens. Fails: as token_try.
 */
enum cause token_try_passphrase(const struct unlock_request *r, const struct reader *header,
	const struct luks_token *t, struct secret *out, struct error *err) MUST_USE;

#endif
