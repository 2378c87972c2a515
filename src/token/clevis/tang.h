/* SPDX-License-Identifier: MIT */
/*
 * tang - the exchange of McCallum and Relyea with a tang server.
 *
 * The server multiplies any point with its secret key. It gets the client's point plus that of a number that
 * is drawn for each run, and so does not learn which client asks. What the number adds to the answer is taken
 * off with the server's public key. A wrong answer is detected by the tag of the ciphertext, so the
 * connection needs to be neither secret nor authentic.
 */
#ifndef TOKEN_CLEVIS_TANG_H
#define TOKEN_CLEVIS_TANG_H

#include "token/clevis/pin.h"

enum { TANG_BODY_BYTES = 256 };

/*
 * Draw the number @blind and make the question, a key of JSON. False when the points of @pin are none of the
 * curve.
 */
bool tang_ask(const struct pin *pin, bool (*get_random)(void *out, size_t len), uint8_t blind[P521_BYTES],
	char body[static TANG_BODY_BYTES]);

/*
 * The key of @pin from the @answer to that question.
 * Fails: CAUSE_DEVICE (it is none).
 */
enum cause tang_key(const struct pin *pin, const uint8_t blind[P521_BYTES], struct bytes answer,
	uint8_t key[GCM_KEY_BYTES], struct error *err) MUST_USE;

#endif
