/* SPDX-License-Identifier: MIT */
/* credential - see credential.h. */
#include "boot/credential.h"
#include "base/text.h"
#include "boot/consoles.h"
#include "boot/state.h"
#include "secret/keyring.h"
#include "secret/wipe.h"
#include <errno.h>
#include <string.h>

bool credential_is_pending(const struct boot *b, unsigned slot, const struct volume *v)
{
	const struct credential *c = &b->credentials[slot];
	uint64_t bit = v->bit;

	if (!c->ready || !(c->volumes & bit))
		return false;
	/* Who plugs in a stick must not choose both what is opened and with what. */
	if (c->by_chance && (v->header_by_chance || v->instead))
		return false;
	return (v->state == VOLUME_TRYING && v->trying == slot) ||
	       ((v->state == VOLUME_TRYING || v->state == VOLUME_READY) && !(c->tried & bit));
}

bool credential_is_typed_pending(const struct boot *b)
{
	for (unsigned i = 0; i < VAULT_SLOTS * b->count; i++) {
		unsigned slot = i % VAULT_SLOTS;
		const struct volume *v = &b->volumes[i / VAULT_SLOTS];

		/*
		 * The prompt for a needed volume must not wait for an attempt on another one, which may
		 * take minutes.
		 */
		if (b->credentials[slot].typed && (volume_is_needed(v) || b->met_ms) &&
			credential_is_pending(b, slot, v))
			return true;
	}
	return false;
}

int credential_claim(struct boot *b, bool for_person)
{
	int found = -1;
	unsigned used = 0;

	for (unsigned i = 0; i < VAULT_SLOTS; i++) {
		used += b->credentials[i].used;
		if (!b->credentials[i].used)
			found = (int)i;
	}
	/* The last one is for a person: keys that wait for absent volumes must not lock the prompt out. */
	if (found < 0 || (!for_person && used == VAULT_SLOTS - 1))
		return -1;
	b->credentials[found].used = true; /* all else is zero since credential_drop */
	return found;
}

void credential_activate(struct boot *b, unsigned slot, uint64_t volumes, const char *origin)
{
	struct credential *c = &b->credentials[slot];

	c->ready = true;
	c->volumes = volumes;
	text_format(c->origin, sizeof(c->origin), "%s", origin);
}

void credential_drop(struct boot *b, unsigned slot)
{
	vault_wipe(slot);
	b->credentials[slot] = (struct credential){.used = false};
}

static int add(struct boot *b, bool for_person, uint64_t volumes, const char *origin)
{
	int slot = credential_claim(b, for_person);

	if (slot >= 0)
		credential_activate(b, (unsigned)slot, volumes, origin);
	return slot;
}

static void add_passphrase(struct boot *b, const uint8_t *line, size_t len, bool counts, uint64_t volumes,
	const char *origin)
{
	int slot = add(b, counts, volumes, origin);

	if (slot < 0) {
		consoles_say("too many keys at once; try again");
		return;
	}
	vault_slot((unsigned)slot)->len = len;
	memcpy(vault_slot((unsigned)slot)->data, line, len);
	b->credentials[slot].typed = true;
	b->credentials[slot].counts = counts;
}

void credential_typed(struct boot *b, const uint8_t *line, size_t len, const char *origin)
{
	b->stirred_ms = b->now_ms;
	add_passphrase(b, line, len, true, UINT64_MAX, origin);
}

bool credential_given(struct boot *b, const struct secret *secret, uint32_t keyslots, uint64_t volumes,
	const char *origin)
{
	int slot = add(b, false, volumes, origin);

	if (slot < 0)
		return false;
	vault_slot((unsigned)slot)->len = secret->len;
	memcpy(vault_slot((unsigned)slot)->data, secret->data, secret->len);
	b->credentials[slot].keyslots = keyslots;
	return true;
}

void credential_add_token(struct boot *b, struct volume *v)
{
	int slot = add(b, false, v->bit, "the key of its token in the kernel's keyring");

	if (slot >= 0)
		b->credentials[slot].token = true;
}

/* --- the kernel's keyring --------------------------------------------------------------- */

/* systemd-ask-password(1), --keyname=cryptsetup: one user key, its passphrases with a NUL between them. */
static const char cache_name[] = "cryptsetup";
enum { CACHE_BYTES = VAULT_LINE_BYTES - 1, CACHE_S = 150 };

void credential_add_known(struct boot *b)
{
	uint8_t *text = vault_line(VAULT_LINES - 1), *at = text;
	uint64_t volumes = 0, empty = 0;
	size_t n = keyring_copy(cache_name, text, CACHE_BYTES);

	for (unsigned i = 0; i < b->count; i++) {
		if (b->known & b->volumes[i].bit)
			continue;
		volumes |= b->volumes[i].plan->cache == PLAN_CACHE_NO ? 0 : b->volumes[i].bit;
		empty |= b->volumes[i].plan->flags.try_empty ? b->volumes[i].bit : 0;
	}
	if (empty)
		add_passphrase(b, text, 0, false, empty, "the empty passphrase");
	b->known = UINT64_MAX;
	for (; at < text + n; at += strlen((char *)at) + 1)
		if (*at && volumes)
			add_passphrase(b, at, strlen((char *)at), false, volumes,
				"a passphrase of the kernel's keyring");
	wipe(text, VAULT_LINE_BYTES);
}

void credential_fill_cache(unsigned slot)
{
	const struct secret *s = vault_slot(slot);
	uint8_t *text = vault_line(VAULT_LINES - 1);
	size_t n = keyring_copy(cache_name, text, CACHE_BYTES);

	if (n && text[n - 1])
		n++; /* its NUL; the line is zero after what was copied */
	if (n + s->len + 1 > CACHE_BYTES)
		n = 0;
	memcpy(text + n, s->data, s->len);
	n += s->len;
	text[n++] = 0;
	if (!memchr(s->data, 0, s->len) && !keyring_add(cache_name, text, n, CACHE_S))
		consoles_say("cannot leave the passphrase in the kernel's keyring: %s", text_errno(errno));
	wipe(text, VAULT_LINE_BYTES);
}

/* --- the end of a credential ------------------------------------------------------------ */

static bool is_of_use(const struct boot *b, unsigned slot)
{
	const struct credential *c = &b->credentials[slot];
	/*
	 * What opened one volume may open one that appears later; so may a key for it, and a passphrase
	 * that was never tried.
	 */
	bool keep = c->opened || !c->counts || !c->refused;

	for (unsigned i = 0; i < b->count; i++)
		if (credential_is_pending(b, slot, &b->volumes[i]) ||
			(keep && b->volumes[i].state == VOLUME_ABSENT && (c->volumes & b->volumes[i].bit)))
			return true;
	return false;
}

void credential_tidy(struct boot *b)
{
	for (unsigned i = 0; i < VAULT_SLOTS; i++) {
		const struct credential *c = &b->credentials[i];

		if (!c->ready || is_of_use(b, i))
			continue;
		if (c->counts && c->refused && !c->opened)
			tries_count(b, c);
		credential_drop(b, i);
	}
}
