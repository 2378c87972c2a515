/* SPDX-License-Identifier: MIT */
/* find_key - see find_key.h. */
#include "unlock/find_key.h"
#include "base/text.h"
#include "crypto/argon2_derive.h"
#include "secret/arena.h"
#include "secret/keyring.h"
#include "secret/prompt.h"
#include "unlock/meter.h"
#include "unlock/notice.h"
#include "unlock/token_try.h"
#include <string.h>
#include <unistd.h>

/* One source of a secret. */
struct source {
	const struct unlock_request *request;
	const char *device;
	const struct secret *given;
	const struct luks_token *token; /* NULL: not from a token */
	const struct search *search;
};

/* Is the passphrase typed at a terminal? */
static bool is_typed(const struct source *from)
{
	return !from->given && !from->token && !from->request->key_file && prompt_is_interactive();
}

/* Could @t give a passphrase that @r wants: from the kernel's keyring, or from a program that is here? */
static bool is_usable(const struct unlock_request *r, const struct luks_token *t)
{
	char program[TOKEN_PROGRAM_BYTES];
	/* Who gave a key file, or a passphrase on a pipe, is not to wait for a device. */
	bool programs = request_asks_for_tokens(r) || (!r->key_file && prompt_is_interactive());

	return request_has_token(r, t) && (t->key || (programs && token_program(t, program)));
}

static enum cause token_secret(const struct source *from, struct secret *out, struct error *err)
{
	const struct keyslot_source *s = &from->search->source;
	unsigned key = from->token->key;

	return key ? keyring_read(s->luks->keyring_keys[key - 1], out, err)
	           : token_try_passphrase(from->request, s->header, from->token, out, err);
}

static enum cause get_secret(const struct source *from, struct secret *out, struct error *err)
{
	const struct unlock_request *r = from->request;
	struct keyfile kf = {r->key_file, r->keyfile_offset_bytes, r->keyfile_size_bytes};

	if (from->token)
		return token_secret(from, out, err);
	if (!from->given)
		return r->key_file ? keyfile_read(&kf, out, err)
		                   : prompt_read(from->device, r->timeout_s, out, err);
	*out = *from->given;
	return CAUSE_OK;
}

/* Whether memory can be locked shows only when there is a secret; printed once. boot does it itself. */
static void notice_unlocked(const struct source *from)
{
	static bool printed;

	if (printed || from->given || (arena_is_locked() && !argon2_could_swap()))
		return;
	printed = true;
	notice_print(FIND_KEY_UNLOCKED);
}

static void trying(void *meter, const struct luks_keyslot *slot)
{
	meter_keyslot(meter, slot);
}

/* search_run; the progress is shown on the terminal where the passphrase was typed. */
static enum cause run_shown(const struct search *s, bool typed, struct bytes secret, struct volume_key *key,
	struct error *err)
{
	struct search shown = *s;
	struct meter meter;
	enum cause cause;

	meter_begin(&meter, typed ? STDERR_FILENO : -1);
	shown.trying = trying;
	shown.context = &meter;
	cause = search_run(&shown, secret, key, err);
	meter_end(&meter);
	return cause;
}

/* One passphrase for all keys that the data needs. */
static enum cause run_for_all(const struct search *s, bool typed, struct bytes secret,
	struct volume_keys *keys, struct error *err)
{
	const struct luks *luks = s->source.luks;
	struct search other = *s;
	enum cause cause = run_shown(s, typed, secret, keys->key, err);

	if (cause)
		return cause;
	keys->count = 1;
	other.keyslot = SEARCH_ANY_KEYSLOT;
	other.digests = reencryption_digests(luks) & ~(1u << luks_digest_index(luks, keys->key[0].digest_id));
	if (!other.digests)
		return CAUSE_OK;
	cause = run_shown(&other, typed, secret, keys->key + 1, err);
	keys->count = 2;
	if (cause == CAUSE_PASSPHRASE) {
		bool has_new = other.digests >> luks->reencrypt.final.digest & 1;

		error_set(err, cause,
			"%s: keyslot %u holds the %s key only; no keyslot for the %s key opens with this "
			"passphrase: use the one that the re-encryption was begun with",
			s->source.header->name, keys->key[0].keyslot, has_new ? "old" : "new",
			has_new ? "new" : "old");
	}
	return cause;
}

/*
 * After @secret was refused: without what editors put around a text. A key file of a command is used as it
 * is, as in cryptsetup: there what is wrong with it is only said.
 */
static enum cause try_trimmed(const struct source *from, const struct search *s, const struct secret *secret,
	struct volume_keys *keys)
{
	static const struct {
		char bytes[4], name[40];
		uint8_t len;
	} extras[] = {
		{"\n", "trailing newline", 1},
		{"\r", "trailing carriage return and newline", 1},
		{"\xef\xbb\xbf", "byte order mark and any line end", 3},
	};
	const struct unlock_request *r = from->request;
	struct bytes left = {secret->data, secret->len};
	struct error again;
	char text[160];

	if (!r->try_without_newline && (!r->key_file || from->given || from->token))
		return CAUSE_PASSPHRASE;
	for (unsigned i = 0; i < sizeof(extras) / sizeof(*extras); i++) {
		size_t n = extras[i].len, at = i < 2 ? left.len - n : 0;

		if (left.len < n || memcmp(left.data + at, extras[i].bytes, n) ||
			(i == 1 && left.len == secret->len))
			continue;
		left.data += i < 2 ? 0 : n;
		left.len -= n;
		if (run_for_all(s, false, left, keys, &again))
			continue;
		text_format(text, sizeof(text),
			"the key works only without its %s; remove it from the key file", extras[i].name);
		notice_print(text);
		return r->try_without_newline ? CAUSE_OK : CAUSE_PASSPHRASE;
	}
	return CAUSE_PASSPHRASE;
}

/* The keys move down to @room, below the secret, so that the secret can be wiped. */
static void settle(struct volume_keys *keys, uint8_t *room)
{
	for (unsigned i = 0; i < keys->count; i++, room += LUKS_KEY_MAX_BYTES) {
		memcpy(room, keys->key[i].data, keys->key[i].len);
		keys->key[i].data = room;
	}
}

static enum cause try_source(const struct source *from, const struct search *s, struct volume_keys *keys,
	struct error *err)
{
	size_t before = arena_mark(), above;
	uint8_t *room;
	struct secret secret;
	enum cause cause = arena_get(&room, sizeof(keys->key) / sizeof(*keys->key) * LUKS_KEY_MAX_BYTES, err);

	above = arena_mark();
	if (!cause)
		cause = get_secret(from, &secret, err);
	if (!cause)
		cause = run_for_all(s, is_typed(from), (struct bytes){secret.data, secret.len}, keys, err);
	if (cause == CAUSE_PASSPHRASE)
		cause = try_trimmed(from, s, &secret, keys);
	notice_unlocked(from);
	if (!cause)
		settle(keys, room);
	arena_release(cause ? before : above);
	return cause;
}

/* That the key or device of a token is not here is usual: only who asked for tokens is told. */
static void say_why_not(const struct source *from, const struct error *err)
{
	const struct unlock_request *r = from->request;

	if (r->verbose || request_asks_for_tokens(r) ||
		(err->cause != CAUSE_USAGE && err->cause != CAUSE_DEVICE))
		notice_print(err->text);
}

static enum cause try_tokens(struct source *from, const struct search *s, struct volume_keys *keys,
	struct error *err)
{
	const struct luks *luks = s->source.luks;
	struct search among = *s;
	struct error why;
	enum cause cause = CAUSE_UNSUPPORTED;

	for (unsigned i = 0; cause && i < luks->token_count; i++) {
		from->token = &luks->tokens[i];
		if (!is_usable(from->request, from->token))
			continue;
		among.keyslots = from->token->keyslots;
		cause = try_source(from, &among, keys, &why);
		if (!cause)
			break;
		error_prefix(&why, "token %u (%s)", from->token->id, from->token->type);
		/* A wrong PIN is the result; what another token lacks is told beside it. */
		if (err->cause)
			say_why_not(from, err->cause == CAUSE_PASSPHRASE ? &why : err);
		if (err->cause != CAUSE_PASSPHRASE)
			*err = why;
	}
	from->token = NULL;
	if (cause && !err->cause && request_asks_for_tokens(from->request))
		error_set(err, cause, "%s: has no usable token", from->device);
	return cause ? err->cause ? err->cause : CAUSE_UNSUPPORTED : CAUSE_OK;
}

enum cause find_key(const struct unlock_request *r, const char *device, const struct search *s,
	const struct secret *given, struct volume_keys *keys, struct error *err)
{
	static uint8_t nothing[1];
	const struct secret empty = {nothing, 0};
	struct source from = {r, device, given, NULL, s};
	bool others = !given && !r->token_only;
	enum cause cause;

	err->cause = CAUSE_OK;
	cause = given ? CAUSE_UNSUPPORTED : try_tokens(&from, s, keys, err);
	if (cause && others && err->cause)
		say_why_not(&from, err);
	if (cause && others && r->try_empty) {
		from.given = &empty;
		cause = try_source(&from, s, keys, err);
		if (cause)
			notice_print(err->text);
		from.given = NULL;
	}
	for (unsigned n = 0; cause && !r->token_only;) {
		cause = try_source(&from, s, keys, err);
		if (cause != CAUSE_PASSPHRASE || !is_typed(&from) || ++n == r->tries)
			break;
		notice_print(err->text);
	}
	if (!cause && r->verbose)
		text_print(2, "latchkey: keyslot %u opened\n", keys->key[0].keyslot);
	return cause;
}
