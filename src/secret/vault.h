/* SPDX-License-Identifier: MIT */
/*
 * vault - memory for secrets that is shared with child processes.
 *
 * The arena (arena.h) is not inherited. A child that reads or tries a key gets it through a slot here, not
 * through a pipe, which cannot be wiped. One shared mapping: locked as it is used, left out of core dumps.
 */
#ifndef SECRET_VAULT_H
#define SECRET_VAULT_H

#include "base/cause.h"
#include "secret/secret.h"

enum {
	VAULT_SLOTS = 8,
	VAULT_SLOT_BYTES = SECRET_MAX_BYTES,
	VAULT_LINES = 9,  /* short secrets: what is being typed, one for each console and two beside them */
	VAULT_TOKENS = 8, /* lines behind those: what token programs give */
	VAULT_LINE_BYTES = 1024,
};

/* Call once, before the first child. A fatal signal wipes it (fatal.h). Fails: CAUSE_RESOURCE. */
enum cause vault_open(struct error *err) MUST_USE;

/* Wipe everything; in the process that opened it. */
void vault_close(void);

/* In a child, first of all: memory locks are not inherited. */
void vault_lock(void);

/*
 * Slot @i from 0; its data has room for VAULT_SLOT_BYTES. Set len before data is filled: what is wiped goes
 * by it.
 */
struct secret *vault_slot(unsigned i);

/* Wipe slot @i; its len becomes 0. */
void vault_wipe(unsigned i);

/* Line @i from 0, VAULT_LINE_BYTES of it. */
uint8_t *vault_line(unsigned i);

#endif
