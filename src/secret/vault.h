/* SPDX-License-Identifier: MIT */
/*
 * vault - secrets that a process shares with its children.
 *
 * The arena (arena.h) is kept from children. When a child reads a key or tries one, the secret passes through a
 * slot here instead of a pipe, which could not be wiped: one shared mapping, locked as it is used, left out of
 * core dumps.
 */
#ifndef SECRET_VAULT_H
#define SECRET_VAULT_H

#include "secret/keyfile.h"

enum {
	VAULT_SLOTS = 8,
	VAULT_SLOT_BYTES = KEYFILE_MAX_BYTES,
	VAULT_LINES = 9, /* short secrets: what is being typed, one for each console and two beside them */
	VAULT_LINE_BYTES = 1024,
};

/* Call once, before the first child. Fails: CAUSE_RESOURCE. */
enum cause vault_open(struct error *err) MUST_USE;

/* Wipe everything; in the process that opened it. */
void vault_close(void);

/* In a child, first of all: memory locks are not inherited. */
void vault_lock(void);

/* Slot @i from 0; its data has room for VAULT_SLOT_BYTES. Set len before data is filled: what is wiped goes by it. */
struct secret *vault_slot(unsigned i);

/* Wipe slot @i; its len becomes 0. */
void vault_wipe(unsigned i);

/* Line @i from 0, VAULT_LINE_BYTES of it. */
uint8_t *vault_line(unsigned i);

#endif
