/* SPDX-License-Identifier: MIT */
/*
 * credential - the secrets at hand: whom they are for, and on which volumes each was tried.
 *
 * Ownership of a passphrase or key. Each copy has one owner, which wipes it:
 *   1. What is being typed is in a line of the vault that belongs to its console (consoles.h), the splash
 *      screen (plymouth.h) or the FIFO (fifo.h). They hand out a pointer, which is good until their next
 *      call, and then wipe it.
 *   2. credential_typed copies it into a vault slot. A key is read into its slot by the fetch child itself.
 *      The slot belongs to the credential of the same number, which wipes it once no volume can need it any
 *      more (credential_tidy, credential_drop).
 *   3. Attempt children read the slot, which is shared memory, and never write it. What they derive is in
 *      their own arena. The slot may be wiped while an abandoned child still reads it: that child then
 *      fails.
 *   4. vault_close wipes all lines and slots at the end of the run.
 */
#ifndef BOOT_CREDENTIAL_H
#define BOOT_CREDENTIAL_H

#include "device/sysblock.h"
#include "secret/secret.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct boot;
struct volume;

enum { ORIGIN_BYTES = SYSBLOCK_PATH_BYTES + 64 };

/* A secret in the vault slot of the same number. Sets of volumes are of their bit (volume.h). */
struct credential {
	bool used;
	bool ready;                /* the secret is there, not only its slot taken */
	bool typed;                /* a passphrase: good for every volume */
	bool counts;               /* as a try of a person */
	bool by_chance;            /* from a stick that the configuration does not name */
	bool opened;               /* at least one volume: kept for the others */
	bool token;                /* the slot is empty: a token names a key in the kernel's keyring */
	uint32_t keyslots;         /* a token's passphrase: only for these, as bits; 0: for all */
	uint64_t volumes;          /* that it is for */
	uint64_t tried;            /* those that it was tried on */
	uint64_t refused;          /* those that it does not open */
	char origin[ORIGIN_BYTES]; /* "the key /x on /dev/sdb1", for messages */
};

/* Take a free slot for a secret that will come, or -1: try again later. */
int credential_claim(struct boot *b, bool for_person);
/* The secret is in @slot: it may be tried on @volumes. */
void credential_activate(struct boot *b, unsigned slot, uint64_t volumes, const char *origin);
/* Wipe it and free its slot. */
void credential_drop(struct boot *b, unsigned slot);

/* A passphrase that a person entered just now; copied. */
void credential_typed(struct boot *b, const uint8_t *line, size_t len, const char *origin);
/*
 * Passphrases that systemd's and other password agents left in the kernel's keyring, and for volumes with
 * try_empty the empty one: for the volumes that b->known lacks, which it then has.
 */
void credential_add_known(struct boot *b);
/* Leave a passphrase there: systemd's units would otherwise ask again for their own volumes. */
void credential_fill_cache(unsigned slot);
/* What a token's program gave for @volumes; copied. False: no slot is free now. */
bool credential_given(struct boot *b, const struct secret *secret, uint32_t keyslots, uint64_t volumes,
	const char *origin);
/* The key that a token of @v names. */
void credential_add_token(struct boot *b, struct volume *v);

/* Is @slot to be tried on @v, or being tried? */
bool credential_is_pending(const struct boot *b, unsigned slot, const struct volume *v);
/* Is a passphrase to be tried, or being tried? Then there is no prompt. */
bool credential_is_typed_pending(const struct boot *b);

/* Drop what is of no use any more, and count wrong passphrases. */
void credential_tidy(struct boot *b);

#endif
