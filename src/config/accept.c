/* SPDX-License-Identifier: MIT */
/* accept - see accept.h. */
#include "config/accept.h"
#include "base/text.h"
#include "config/volume_options.h"
#include "config/words.h"
#include <string.h>

enum {
	NAME_MAX_BYTES = 127,
	KEY_MAX_BYTES = 8 << 20, /* secret/keyfile.h */
};

static bool name_is_good(const char *name)
{
	size_t len = 0;

	for (; name[len]; len++)
		if (name[len] <= ' ' || name[len] > '~' || name[len] == '/')
			return false;
	return len && len <= NAME_MAX_BYTES && words_index(". .. control", name) < 0;
}

/* Debian's key scripts, as far as they are a place of a key. For another the passphrase is asked. */
static void use_keyscript(struct parser *p, struct draft *d)
{
	const char *base = strrchr(d->keyscript, '/');
	struct plan_key key = {.kind = PLAN_KEY_STICK, .device = d->key};
	char *path;

	base = base ? base + 1 : d->keyscript;
	switch (words_index("decrypt_keyctl cat passdev", base)) {
	case 0: /* It asks once for all volumes that name the same key: so does latchkey. */
		return;
	case 1:
		draft_add_key(p, d, d->key);
		return;
	case 2:
		path = draft_cut(d->key, false);
		(void)words_cut(path, ':'); /* a time limit: here nothing waits for the stick alone */
		if (path && draft_is_device(d->key)) {
			key.path = draft_rooted(p, path);
			if (key.path)
				draft_put_key(p, d, &key);
			return;
		}
		parser_refuse(p, "key of passdev is not device:path: ", d->key ? d->key : "none");
		return;
	}
	parser_ignore(p, "key script, the passphrase is used: ", d->keyscript);
}

/* Keys that were named, or the place where systemd looks when none was. */
static void finish_keys(struct parser *p, struct draft *d)
{
	struct plan_volume *v = &d->volume;
	unsigned kept = 0;

	if (d->keyscript)
		use_keyscript(p, d);
	else
		draft_add_key(p, d, d->key);
	if (!v->key_count) {
		struct plan_key usual = {.path = parser_join(p, "/etc/cryptsetup-keys.d/", v->name, ".key"),
			.optional = true};

		v->keys[0] = usual;
		v->key_count = usual.path != NULL;
		return;
	}
	for (unsigned i = 0; i < v->key_count; i++) {
		struct plan_key *key = &v->keys[i];

		if (!key->offset_bytes && !key->size_bytes) {
			key->offset_bytes = d->offset_bytes;
			key->size_bytes = d->size_bytes;
		}
		if (key->size_bytes > KEY_MAX_BYTES || key->offset_bytes >> 62)
			parser_refuse(p,
				"key is longer than 8388608 bytes: ", key->path ? key->path : key->device);
		else
			v->keys[kept++] = *key;
	}
	v->key_count = kept;
}

size_t accept_uuid_chars(const char *text)
{
	return strspn(text, "0123456789abcdefABCDEF-");
}

/* A UUID of LUKS; its beginning has a * behind it. */
static bool is_luks_uuid(const char *text)
{
	size_t len = accept_uuid_chars(text);

	return len <= 36 && (!text[len] || text[len] == '*');
}

/* LABEL="x" -> LABEL=x, as people write it. What is unquoted is in the pool, so it may be changed. */
static void unquote(const char *device)
{
	char *quote = device ? text_find(device, "=") : NULL;

	if (quote)
		text_unquote(quote + 1);
}

/* Why it cannot be used, and @text that is to blame; NULL: it can. */
static const char *find_fault(const struct parser *p, const struct draft *d, const char **text)
{
	const struct plan_volume *v = &d->volume;

	*text = v->device ? v->device : "";
	if (!v->device)
		return "no device";
	if (**text != '/' && !draft_is_device(*text))
		return "device is not a path, UUID=, LABEL=, PARTUUID= or PARTLABEL=: ";
	*text = draft_uuid_of(v->device);
	if (*text && !is_luks_uuid(*text))
		return "not a UUID: ";
	*text = v->name ? v->name : "";
	if (!name_is_good(*text))
		return "invalid name of a mapping: ";
	if (d->token && (v->flags.headless || p->defaults.volume.flags.headless))
		return "headless with an unsupported token: ";
	*text = v->header.path;
	if (*text && **text != '/' && !draft_is_device(*text))
		return "header is not /path, /path:device or device: ";
	return NULL;
}

static const char *const too_many = "more than 64 volumes: "; /* PLAN_VOLUMES_MAX */

/*
 * What leaves no place for @v, of a source of higher precedence or an earlier line: the volume of its
 * name, else of its device.
 */
static struct plan_volume *find_rival(struct plan *plan, const struct plan_volume *v)
{
	struct plan_volume *rival = NULL;

	for (struct plan_volume *old = plan->volumes; old < plan->volumes + plan->count; old++) {
		if (!strcmp(old->name, v->name))
			return old;
		if (!rival && draft_same_device(old->device, v->device))
			rival = old;
	}
	return rival;
}

/*
 * Where @v goes: the end of the plan, or the place of one that has to make room for what root= names.
 * NULL, with a note: there is none.
 */
static struct plan_volume *find_place(struct parser *p, const struct plan_volume *v)
{
	struct plan *plan = p->plan;
	struct plan_volume *rival = find_rival(plan, v);

	if (rival && (!p->for_root || !strcmp(rival->name, v->name))) {
		parser_ignore(p, "name or device already used by ", rival->where);
		return NULL;
	}
	if (rival)
		return rival;
	if (plan->count < PLAN_VOLUMES_MAX)
		return &plan->volumes[plan->count];
	if (p->for_root)
		return &plan->volumes[plan->count - 1];
	parser_refuse(p, too_many, v->name);
	return NULL;
}

static void put_into(struct parser *p, struct plan_volume *place, const struct plan_volume *v)
{
	struct plan *plan = p->plan;

	if (place == &plan->volumes[plan->count])
		plan->count++;
	else if (draft_same_device(place->device, v->device))
		parser_note(p, place->where, false, "the volume of root= has the same device: ", place->name);
	else
		parser_note(p, place->where, true, too_many, place->name);
	*place = *v;
}

static void accept(struct parser *p, struct draft *d)
{
	struct plan_volume *place;
	const char *text, *fault;

	unquote(d->volume.device);
	fault = find_fault(p, d, &text);
	if (fault) {
		parser_refuse(p, fault, text);
		return;
	}
	place = find_place(p, &d->volume);
	if (!place)
		return;
	d->volume.where = parser_join(p, p->place, "", "");
	if (!d->volume.where)
		return;
	finish_keys(p, d);
	if (d->marked)
		d->volume.flags.noauto = false;
	volume_options_inherit(&p->defaults, d);
	put_into(p, place, &d->volume);
}

void accept_draft(struct parser *p, struct draft *d)
{
	p->for_root = parser_is_root(p, d->volume.name);
	p->root_seen |= p->for_root;
	if (!d->refused)
		accept(p, d);
	p->for_root = false;
}
