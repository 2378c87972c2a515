/* SPDX-License-Identifier: MIT */
/* find_key - see find_key.h. */
#include "unlock/find_key.h"
#include "base/text.h"
#include "secret/arena.h"
#include "secret/keyring.h"
#include "secret/prompt.h"
#include "unlock/meter.h"
#include "unlock/notice.h"
#include <string.h>
#include <unistd.h>

/* One source of a secret. */
struct source {
	const struct unlock_request *request;
	const char *device;
	const struct secret *given;
	const struct luks_keyring_token *token; /* NULL: not from a token */
};

/* Is the passphrase typed at a terminal? */
static bool is_typed(const struct source *from)
{
	return !from->given && !from->token && !from->request->key_file && prompt_is_interactive();
}

static enum cause get_secret(const struct source *from, struct secret *out, struct error *err)
{
	const struct unlock_request *r = from->request;
	struct keyfile kf = {r->key_file, r->keyfile_offset_bytes, r->keyfile_size_bytes};

	if (from->token)
		return keyring_read(from->token->key_description, out, err);
	if (!from->given)
		return r->key_file ? keyfile_read(&kf, out, err)
		                   : prompt_read(from->device, r->timeout_s, out, err);
	*out = *from->given;
	return CAUSE_OK;
}

/* Whether memory can be locked shows only when there is a secret; printed once. */
static void notice_unlocked(void)
{
	static bool printed;

	if (printed || arena_is_locked())
		return;
	printed = true;
	notice_print("memory cannot be locked; secrets could reach swap");
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

static enum cause try_source(const struct source *from, const struct search *s, struct volume_key *key,
	struct error *err)
{
	size_t before = arena_mark(), above;
	uint8_t *room;
	struct secret secret;
	enum cause cause = arena_get(&room, LUKS_KEY_MAX_BYTES, err);

	above = arena_mark();
	if (!cause)
		cause = get_secret(from, &secret, err);
	if (!cause) {
		notice_unlocked();
		cause = run_shown(s, is_typed(from), (struct bytes){secret.data, secret.len}, key, err);
	}
	if (cause == CAUSE_PASSPHRASE && from->request->try_without_newline && secret.len > 1 &&
		secret.data[secret.len - 1] == '\n') {
		cause = search_run(s, (struct bytes){secret.data, secret.len - 1}, key, err);
		if (!cause)
			notice_print("the key works only without its trailing newline; remove the newline "
				     "from the key file");
	}
	if (!cause) {
		/* The key moves below the secret, so that the secret can be wiped. */
		memcpy(room, key->data, key->len);
		key->data = room;
	}
	arena_release(cause ? before : above);
	return cause;
}

enum cause find_key(const struct unlock_request *r, const char *device, const struct search *s,
	const struct secret *given, struct volume_key *key, struct error *err)
{
	const struct luks *luks = s->source.luks;
	static uint8_t nothing[1];
	const struct secret empty = {nothing, 0};
	unsigned tokens = given ? 0 : luks->keyring_token_count, first = tokens + (!given && r->try_empty);
	struct source from = {r, device, given, NULL};
	struct search among = *s;
	enum cause cause;

	for (unsigned n = 0;; n++) {
		from.token = n < tokens ? &luks->keyring_tokens[n] : NULL;
		from.given = n >= tokens && n < first ? &empty : given;
		among.keyslots = from.token ? from.token->keyslots : 0;
		cause = try_source(&from, &among, key, err);
		if (cause && from.token)
			error_prefix(err, "token %u", from.token->id);
		if (!cause || (r->token_only && n + 1 == tokens))
			break;
		if (n >= first &&
			(cause != CAUSE_PASSPHRASE || !is_typed(&from) || n + 1 == r->tries + first))
			break;
		/* A token whose key is not in the keyring is the usual case. */
		if (cause != CAUSE_USAGE)
			notice_print(err->text);
	}
	if (!cause && r->verbose)
		text_print(2, "latchkey: keyslot %u opened\n", key->keyslot);
	return cause;
}
