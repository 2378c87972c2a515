/* SPDX-License-Identifier: MIT */
/* volume_key_id - a text that tells volume keys apart and is no secret: what a configuration can pin. */
#ifndef UNLOCK_VOLUME_KEY_ID_H
#define UNLOCK_VOLUME_KEY_ID_H

#include "keyslot/keyslot.h"
#include "unlock/request.h"

enum { VOLUME_KEY_ID_CHARS = 64, VOLUME_KEY_ID_TEXT_BYTES = 640 };

/* What is hashed: "cryptsetup:NAME:UUID". @name is of the mapping; NULL: "luks-UUID". */
void volume_key_id_text(const char *name, const char *uuid, char text[static VOLUME_KEY_ID_TEXT_BYTES]);

/* HMAC with the key of @text, in hexadecimal digits: 2 * hash_bytes(@h) of them and a NUL. */
void volume_key_id_hmac(const struct volume_key *key, enum hash h, const char *text, char *hex);

/*
 * The value of systemd's fixate-volume-key= (crypttab(5) from version 260 on), which is also what it measures
 * into a TPM: volume_key_id_hmac with SHA-256 of volume_key_id_text.
 */
void volume_key_id(const struct volume_key *key, const char *name, const char *uuid,
	char id[static VOLUME_KEY_ID_CHARS + 1]);

/* Is it the one that @r expects, if any? Fails: CAUSE_DAMAGED. */
enum cause volume_key_id_check(const struct unlock_request *r, const char *device,
	const char id[static VOLUME_KEY_ID_CHARS + 1], struct error *err) MUST_USE;

#endif
