/* SPDX-License-Identifier: MIT */
/* keys - see state.h: errands that bring keys and headers, credentials, attempts. */
#include "base/machine.h"
#include "base/text.h"
#include "boot/consoles.h"
#include "boot/silent.h"
#include "boot/state.h"
#include "secret/keyring.h"
#include "secret/wipe.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

bool volume_wants(const struct volume *v)
{
	return v->state == VOLUME_ABSENT || v->state == VOLUME_READY || v->state == VOLUME_TRYING;
}

static unsigned index_of(const struct boot *b, const struct volume *v)
{
	return (unsigned)(v - b->volumes);
}

/* --- credentials ------------------------------------------------------------------------- */

static uint64_t bit_of(const struct boot *b, const struct volume *v)
{
	return (uint64_t)1 << index_of(b, v);
}

static bool is_pending_for(const struct boot *b, unsigned slot, const struct volume *v)
{
	bool untried = !(v->tried & 1u << slot);

	if (!(b->credentials[slot].volumes & bit_of(b, v)))
		return false;
	return v->state == VOLUME_TRYING ? v->trying == slot || untried : v->state == VOLUME_READY && untried;
}

static bool is_pending(const struct boot *b, unsigned slot)
{
	for (unsigned i = 0; i < b->count; i++)
		if (is_pending_for(b, slot, &b->volumes[i]))
			return true;
	return false;
}

/* The prompt comes back for what is needed, however long another volume takes. */
bool keys_typed_pending(const struct boot *b)
{
	for (unsigned i = 0; i < VAULT_SLOTS * b->count; i++) {
		const struct credential *c = &b->credentials[i % VAULT_SLOTS];
		const struct volume *v = &b->volumes[i / VAULT_SLOTS];

		if (c->used && c->typed && (volume_is_needed(v) || b->met_ms) &&
			is_pending_for(b, i % VAULT_SLOTS, v))
			return true;
	}
	return false;
}

bool keys_at_hand(const struct boot *b, const struct volume *v)
{
	unsigned used = 0, errands = 0;

	for (unsigned i = 0; i < FETCHES_MAX; i++) {
		errands += b->errands[i].child.pid != 0;
		if (b->errands[i].child.pid && b->errands[i].volume == index_of(b, v))
			return true;
	}
	for (unsigned i = 0; i < VAULT_SLOTS; i++) {
		used += b->credentials[i].used;
		if (b->credentials[i].used && b->credentials[i].since_ms && is_pending_for(b, i, v))
			return true;
	}
	/* Else an errand may only wait for its turn. */
	return errands == FETCHES_MAX || used >= VAULT_SLOTS - 1;
}

static bool is_for_absent(const struct boot *b, const struct credential *c)
{
	for (unsigned i = 0; i < b->count; i++)
		if ((c->volumes & (uint64_t)1 << i) && b->volumes[i].state == VOLUME_ABSENT)
			return true;
	return false;
}

static void drop_credential(struct boot *b, unsigned slot)
{
	vault_wipe(slot);
	b->credentials[slot].used = false;
	for (unsigned i = 0; i < b->count; i++)
		b->volumes[i].tried &= ~(1u << slot);
}

/* It opened nothing: a try for each volume that it was tried on. */
static void count_wrong(struct boot *b, const struct credential *c)
{
	b->wrong++;
	for (unsigned i = 0; i < b->count; i++)
		if (c->refused & (uint64_t)1 << i)
			people_wrong(b, &b->volumes[i]);
}

void keys_tidy(struct boot *b)
{
	for (unsigned i = 0; i < VAULT_SLOTS; i++) {
		const struct credential *c = &b->credentials[i];

		/* What opened one volume may open one that comes later; a key waits for its own, and so does what nobody tried. */
		if (!c->used || !c->since_ms || is_pending(b, i) ||
			((c->opened || !c->counts || !c->refused) && is_for_absent(b, c)))
			continue;
		if (c->counts && c->refused && !c->opened)
			count_wrong(b, c);
		drop_credential(b, i);
	}
}

/* A free vault slot, or -1: then what asks must come again. */
static int claim_slot(struct boot *b, bool for_person)
{
	int found = -1;
	unsigned used = 0;

	for (unsigned i = 0; i < VAULT_SLOTS; i++) {
		used += b->credentials[i].used;
		if (!b->credentials[i].used)
			found = (int)i;
	}
	/* The last one is a person's. */
	if (found < 0 || (!for_person && used == VAULT_SLOTS - 1))
		return -1;
	b->credentials[found] = (struct credential){.used = true};
	return found;
}

static void activate(struct boot *b, unsigned slot, bool typed, uint64_t volumes, const char *origin)
{
	struct credential *c = &b->credentials[slot];

	c->typed = typed;
	c->volumes = volumes;
	c->since_ms = b->now_ms;
	text_format(c->origin, sizeof(c->origin), "%s", origin);
}

static void add_passphrase(struct boot *b, const uint8_t *line, size_t len, bool counts, uint64_t volumes,
	const char *origin)
{
	int slot = claim_slot(b, counts);

	if (slot < 0) {
		consoles_say("latchkey: too many keys at once; try again");
		return;
	}
	vault_slot((unsigned)slot)->len = len;
	memcpy(vault_slot((unsigned)slot)->data, line, len);
	activate(b, (unsigned)slot, true, volumes, origin);
	b->credentials[slot].counts = counts;
}

void keys_typed(struct boot *b, const uint8_t *line, size_t len, const char *origin)
{
	b->stirred_ms = b->now_ms;
	add_passphrase(b, line, len, true, UINT64_MAX, origin);
}

void keys_token(struct boot *b, struct volume *v)
{
	int slot = claim_slot(b, false);

	if (slot < 0)
		return;
	activate(b, (unsigned)slot, false, bit_of(b, v), "the key of its token in the kernel's keyring");
	b->credentials[slot].token = true;
}

/* systemd-ask-password(1), --keyname=cryptsetup: one user key, its passphrases with a NUL between them. */
static const char cache_name[] = "cryptsetup";
enum { CACHE_BYTES = VAULT_LINE_BYTES - 1, CACHE_S = 150 };

void keys_cached(struct boot *b)
{
	uint8_t *text = vault_line(VAULT_LINES - 1), *at = text;
	uint64_t volumes = 0;
	size_t n = keyring_copy(cache_name, text, CACHE_BYTES);

	for (unsigned i = 0; i < b->count; i++)
		volumes |= b->volumes[i].plan->cache == PLAN_CACHE_NO ? 0 : (uint64_t)1 << i;
	for (; at < text + n; at += strlen((char *)at) + 1)
		if (*at)
			add_passphrase(b, at, strlen((char *)at), false, volumes,
				"a passphrase of the kernel's keyring");
	wipe(text, VAULT_LINE_BYTES);
}

/* For systemd's units, which would ask again for their own volumes. */
static void fill_cache(const struct secret *s)
{
	uint8_t *text = vault_line(VAULT_LINES - 1);
	size_t n = keyring_copy(cache_name, text, CACHE_BYTES);

	if (n && text[n - 1])
		n++; /* its NUL; the line behind what is copied is zero */
	if (n + s->len + 1 > CACHE_BYTES)
		n = 0;
	memcpy(text + n, s->data, s->len);
	n += s->len;
	text[n++] = 0;
	if (!memchr(s->data, 0, s->len) && !keyring_add(cache_name, text, n, CACHE_S))
		consoles_say("latchkey: the passphrase cannot be left in the kernel's keyring: %s",
			text_errno(errno));
	wipe(text, VAULT_LINE_BYTES);
}

/* --- attempts ---------------------------------------------------------------------------- */

static uint64_t memory_in_use_kib(const struct boot *b, bool *any)
{
	uint64_t sum = 0;

	*any = false;
	for (unsigned i = 0; i < b->count; i++) {
		if (b->volumes[i].state != VOLUME_TRYING)
			continue;
		*any = true;
		sum += b->volumes[i].memory_kib;
	}
	return sum;
}

/* Side by side only where no attempt can starve another. One alone always goes: it is the judge of what it needs. */
static bool may_start(const struct boot *b, const struct volume *v)
{
	bool any;
	uint64_t in_use = memory_in_use_kib(b, &any), need = in_use + v->memory_kib;

	return !any || need + need / 8 < machine_memory_available_kib();
}

static void attempt(struct boot *b, struct volume *v, unsigned slot)
{
	const char *header = v->header_fd >= 0 ? v->header : NULL;

	v->attempt = (struct attempt){sight_wishes(v->plan, v->path, header), slot, b->test};
	v->attempt.wishes.token_only = b->credentials[slot].token;
	v->attempt.wishes.try_without_newline = !b->credentials[slot].typed && !v->plan->flags.strict_key;
	v->trying = slot;
	v->trying_since_ms = b->now_ms;
	v->state = VOLUME_TRYING;
	if (child_start(&v->child, attempt_run, &v->attempt, 0))
		return;
	keys_attempt_done(b, v);
}

static void attempt_any(struct boot *b, struct volume *v)
{
	for (unsigned slot = 0; v->state == VOLUME_READY && slot < VAULT_SLOTS; slot++) {
		const struct credential *c = &b->credentials[slot];

		if (c->used && c->since_ms && is_pending_for(b, slot, v) && may_start(b, v))
			attempt(b, v, slot);
	}
}

void keys_attempts(struct boot *b)
{
	/* What is needed comes first: memory may not do for more than one. */
	for (unsigned i = 0; i < 2 * b->count; i++)
		if (volume_is_needed(&b->volumes[i % b->count]) == (i < b->count))
			attempt_any(b, &b->volumes[i % b->count]);
}

static void say_wrong(const struct volume *v, const struct credential *c, const struct error *err)
{
	if (c->counts)
		consoles_say("latchkey: %s", err->text);
	else
		consoles_say("latchkey: %s does not open %s: %s", c->origin, v->plan->name, err->text);
}

/* Its device is gone, or as good as that: it may come back, and the key may be right. */
static void lose(struct boot *b, struct volume *v, const struct error *why)
{
	v->tried &= ~(1u << v->trying);
	v->state = VOLUME_ABSENT;
	v->why = *why;
	v->absent_since_ms = b->now_ms;
}

void keys_attempt_late(struct boot *b, struct volume *v)
{
	struct error why;

	error_set(&why, CAUSE_DEVICE, "%s: does not answer", v->child.end->waiting_for);
	silent_leave(&v->child);
	lose(b, v, &why);
	b->look_again = true;
}

/* Memory may have been short because others had it: then once more, alone. A person, or another key, may still help. */
static void heed_shortage(struct boot *b, struct volume *v, const struct error *err)
{
	bool others;

	(void)memory_in_use_kib(b, &others);
	if (others) {
		v->tried &= ~(1u << v->trying);
		v->memory_kib = UINT64_MAX / 4; /* more than there is beside anybody (may_start) */
	} else if (v->plan->flags.headless || b->plan->headless) {
		volume_failed(b, v, err);
		return;
	}
	consoles_say("latchkey: %s: %s%s", v->plan->name, err->text,
		others ? "; it is tried again alone" : "");
}

void keys_attempt_done(struct boot *b, struct volume *v)
{
	struct credential *c = &b->credentials[v->trying];
	const struct error *err = &v->child.end->err;
	char node[SYSBLOCK_PATH_BYTES];

	v->state = VOLUME_READY;
	v->tried |= 1u << v->trying;
	b->stirred_ms = b->now_ms;
	consoles_status("");
	switch (v->child.end->cause) {
	case CAUSE_OK:
		v->state = VOLUME_OPEN;
		v->ours = true;
		/* What came from the cache is there. */
		if (c->counts && !c->opened && v->plan->cache == PLAN_CACHE_FILL)
			fill_cache(vault_slot(v->trying));
		c->opened = true;
		consoles_say(CONSOLES_CHATTER "latchkey: %s %s with %s", v->plan->name,
			b->test ? "would open" : "is open", c->origin);
		child_clear(&v->child);
		return;
	case CAUSE_PASSPHRASE:
		c->refused |= bit_of(b, v);
		say_wrong(v, c, err);
		return;
	case CAUSE_DEVICE:
		consoles_say("latchkey: %s", err->text);
		if (sight_is_there(v->path))
			return; /* unreadable: the same key would only fail again */
		lose(b, v, err);
		b->look_at_ms = b->now_ms + 1000;
		return;
	case CAUSE_RESOURCE:
		heed_shortage(b, v, err);
		return;
	case CAUSE_EXISTS: /* somebody else was quicker, or it is in use */
		if (text_join(node, sizeof(node), "/dev/mapper/", v->plan->name, "") &&
			sight_is_there(node)) {
			v->state = VOLUME_OPEN;
			consoles_say(CONSOLES_CHATTER "latchkey: %s is open already", v->plan->name);
			return;
		}
		volume_failed(b, v, err);
		return;
	default:
		if (c->token) /* the key may have gone meanwhile */
			say_wrong(v, c, err);
		else
			volume_failed(b, v, err);
	}
}

/* --- errands ----------------------------------------------------------------------------- */

static struct errand *free_errand(struct boot *b)
{
	for (unsigned i = 0; i < FETCHES_MAX; i++)
		if (!b->errands[i].child.pid)
			return &b->errands[i];
	return NULL;
}

/* Send for @key; @header_fd -1: a key into the vault. False: not now. */
static bool send(struct boot *b, struct volume *v, struct key_place *place, const struct plan_key *key,
	int header_fd, const char *origin)
{
	struct errand *e = free_errand(b);
	int slot = e && header_fd < 0 ? claim_slot(b, false) : 0;

	if (!e || slot < 0)
		return false;
	e->fetch = (struct fetch){*key, (unsigned)slot, header_fd};
	e->volume = index_of(b, v);
	e->place = place;
	text_format(e->origin, sizeof(e->origin), "%s", origin);
	if (place)
		place->busy = true;
	if (!child_start(&e->child, fetch_run, &e->fetch, FETCH_LIMIT_S))
		keys_errand_done(b, e);
	return true;
}

static void say_fetch_failed(const struct errand *e, const struct error *err)
{
	consoles_say("latchkey: %s: %s", e->origin, err->text);
}

static void header_done(struct boot *b, struct volume *v, const struct errand *e)
{
	if (v->header_fd >= 0) { /* another stick was quicker */
		close(e->fetch.header_fd);
		return;
	}
	v->header_fd = e->fetch.header_fd;
	text_format(v->header, sizeof(v->header), "/proc/self/fd/%d", v->header_fd);
	consoles_say(CONSOLES_CHATTER "latchkey: %s: using %s", v->plan->name, e->origin);
	b->look_again = true;
}

void keys_errand_done(struct boot *b, struct errand *e)
{
	struct volume *v = &b->volumes[e->volume];
	const struct child_end *end = e->child.end;
	/* Where nobody said that it is, its absence is no news. */
	bool chance = !e->place || e->fetch.key.optional;

	b->stirred_ms = b->now_ms;
	/* A read that failed may be a stick that was pulled: it is read again when it is plugged. */
	if (e->place)
		e->place->busy = false;
	if (!end->cause && e->fetch.header_fd >= 0)
		header_done(b, v, e);
	else if (!end->cause)
		activate(b, e->fetch.slot, false, bit_of(b, v), e->origin);
	else if (!chance || end->err.os_errno != ENOENT)
		say_fetch_failed(e, &end->err);
	if (end->cause && e->fetch.header_fd >= 0)
		close(e->fetch.header_fd);
	else if (end->cause)
		drop_credential(b, e->fetch.slot);
}

static void abandon(struct boot *b, struct errand *e)
{
	if (e->place)
		e->place->busy = false;
	if (e->fetch.header_fd >= 0)
		close(e->fetch.header_fd);
	else
		drop_credential(b, e->fetch.slot);
}

void keys_errand_late(struct boot *b, struct errand *e)
{
	consoles_say("latchkey: %s: does not answer within %d s; given up", e->origin, FETCH_LIMIT_S);
	abandon(b, e);
}

static void forget_stick(uint64_t seen[SEEN_MAX], uint64_t plugged)
{
	for (unsigned i = 0; i < SEEN_MAX; i++)
		if (seen[i] == plugged)
			seen[i] = 0;
}

/* When it answers it is there anew (sight.c): then it shall be read again. */
void keys_errand_silent(struct boot *b, struct errand *e)
{
	struct volume *v = &b->volumes[e->volume];
	uint64_t plugged = sight_plugged(e->fetch.key.device);

	silent_leave(&e->child);
	if (e->place)
		e->place->done = false;
	forget_stick(e->fetch.header_fd >= 0 ? v->seen_headers : v->seen, plugged);
	abandon(b, e);
}

/* Should @place be read, now that its device is the plugging @plugged? Marks it so. */
static bool is_new(struct key_place *place, uint64_t plugged)
{
	if (place->busy || (place->done && place->plugged == plugged))
		return false;
	place->done = true;
	place->plugged = plugged;
	return true;
}

static void send_for_named(struct boot *b, struct volume *v, unsigned k)
{
	const struct sight_volume *seen = &b->sight.volumes[index_of(b, v)];
	struct plan_key key = v->plan->keys[k];
	struct key_place before = v->places[k];
	char origin[ORIGIN_BYTES], device[100];
	uint64_t plugged = 0;

	if (key.device && !(plugged = sight_plugged(seen->key_devices[k])))
		return;
	if (!is_new(&v->places[k], plugged))
		return;
	text_escape(device, sizeof(device), seen->key_devices[k]);
	if (key.kind == PLAN_KEY_FILE)
		text_format(origin, sizeof(origin), "the key file %s", key.path);
	else if (key.kind == PLAN_KEY_STICK)
		text_format(origin, sizeof(origin), "the key %s on %s", key.path, device);
	else
		text_format(origin, sizeof(origin), "the key at byte %llu of %s",
			(unsigned long long)key.offset_bytes, device);
	if (key.device)
		key.device = seen->key_devices[k];
	if (!send(b, v, &v->places[k], &key, -1, origin))
		v->places[k] = before;
}

static bool header_is_wanted(const struct volume *v)
{
	return v->header_fd < 0 && v->state == VOLUME_ABSENT;
}

/* @device is where it is by now. */
static bool send_for_header(struct boot *b, struct volume *v, struct key_place *place, const char *device,
	const char *fstype, const char *path)
{
	struct plan_key what = {.kind = PLAN_KEY_STICK, .device = device, .path = path, .fstype = fstype};
	char origin[ORIGIN_BYTES];
	int fd = fetch_memory_file();

	text_format(origin, sizeof(origin), "the header %s on %s", path, device);
	if (fd >= 0 && send(b, v, place, &what, fd, origin))
		return true;
	if (fd >= 0)
		close(fd);
	return false;
}

static void send_for_named_header(struct boot *b, struct volume *v)
{
	const char *device = b->sight.volumes[index_of(b, v)].header_device;
	struct key_place before = v->header_place;
	uint64_t plugged = sight_plugged(device);

	if (!v->plan->header.device || !plugged || !header_is_wanted(v) || !is_new(&v->header_place, plugged))
		return;
	if (!send_for_header(b, v, &v->header_place, device, NULL, v->plan->header.path))
		v->header_place = before;
}

static bool was_seen(const uint64_t seen[SEEN_MAX], uint64_t plugged)
{
	for (unsigned i = 0; i < SEEN_MAX; i++)
		if (seen[i] == plugged)
			return true;
	return false;
}

/* The names under which @v's files may stand on any stick: its UUID, else what the plan calls it. */
static const char *stick_name(const struct volume *v)
{
	const char *spec = v->plan->device;

	if (*v->uuid)
		return v->uuid;
	return !strncmp(spec, "UUID=", 5) ? spec + 5 : v->plan->name;
}

/* The fork takes the texts with it: they need not outlive this. */
static void send_for_chance(struct boot *b, struct volume *v, const struct sight_stick *stick)
{
	struct plan_key key = {.kind = PLAN_KEY_STICK, .device = stick->path, .fstype = stick->fstype};
	char path[200], origin[ORIGIN_BYTES];

	if (v->plan->flags.no_stick)
		return;
	if (v->why.cause == CAUSE_DAMAGED && header_is_wanted(v) &&
		!was_seen(v->seen_headers, stick->plugged)) {
		text_format(path, sizeof(path), "latchkey/%s.header", stick_name(v));
		if (send_for_header(b, v, NULL, stick->path, stick->fstype, path))
			v->seen_headers[v->seen_headers_next++ % SEEN_MAX] = stick->plugged;
	}
	if (v->state != VOLUME_READY || was_seen(v->seen, stick->plugged))
		return;
	text_format(path, sizeof(path), "latchkey/%s.key", stick_name(v));
	text_format(origin, sizeof(origin), "the key %s on %s", path, stick->path);
	key.path = path;
	if (send(b, v, NULL, &key, -1, origin))
		v->seen[v->seen_next++ % SEEN_MAX] = stick->plugged;
}

static void send_for_all(struct boot *b, struct volume *v)
{
	if (!volume_wants(v) || v->state == VOLUME_TRYING)
		return;
	for (unsigned k = 0; v->state == VOLUME_READY && k < v->plan->key_count; k++)
		send_for_named(b, v, k);
	send_for_named_header(b, v);
	for (unsigned s = 0; s < b->sight.stick_count; s++)
		send_for_chance(b, v, &b->sight.sticks[s]);
}

void keys_errands(struct boot *b)
{
	for (unsigned i = 0; i < 2 * b->count; i++)
		if (volume_is_needed(&b->volumes[i % b->count]) == (i < b->count))
			send_for_all(b, &b->volumes[i % b->count]);
}
