/* SPDX-License-Identifier: MIT */
/* draft - see draft.h. */
#include "config/draft.h"
#include "base/text.h"
#include <string.h>
#include <strings.h>

enum {
	NAME_MAX_BYTES = 127,
	KEY_MAX_BYTES = 8 << 20,	/* secret/keyfile.h */
	POOL_FOR_NOTES = 4096,		/* what texts leave free */
	NOTES_FOR_BAD = 8,		/* and what remarks leave */
};

static char *pool_put(struct plan *p, const char *text, size_t len, size_t leave)
{
	char *to = p->pool + p->pool_used;

	if (len >= PLAN_POOL_BYTES - leave || p->pool_used > PLAN_POOL_BYTES - leave - len - 1)
		return NULL;
	memcpy(to, text, len);
	to[len] = 0;
	p->pool_used += (unsigned)len + 1;
	return to;
}

char *reading_keep(struct reading *r, const char *text, size_t len)
{
	char *kept = pool_put(r->plan, text, len, POOL_FOR_NOTES);

	if (!kept)
		reading_note(r, true, "no room is left for it");
	return kept;
}

void reading_note(struct reading *r, bool bad, const char *fmt, ...)
{
	struct plan *p = r->plan;
	char text[ERROR_TEXT_BYTES];
	va_list args;
	size_t used;

	if (r->looking)
		return;
	used = text_format(text, sizeof(text), "%s: ", r->where);
	va_start(args, fmt);
	used += text_vformat(text + used, sizeof(text) - used, fmt, args);
	va_end(args);
	text_sanitize(text);
	if (p->note_count < PLAN_NOTES_MAX - (bad ? 0 : NOTES_FOR_BAD)) {
		p->notes[p->note_count].bad = bad;
		p->notes[p->note_count].text = pool_put(p, text, used, 0);
		if (p->notes[p->note_count].text) {
			p->note_count++;
			return;
		}
	}
	p->notes_lost = true;
}

void reading_lines(struct reading *r, const char *text, const char *path, void (*take)(struct reading *r, char *line))
{
	static const char blank[] = " \t\r\v\f";
	size_t len, rest;
	char *line;

	for (unsigned number = 1; *text; number++, text += rest + (text[rest] == '\n')) {
		rest = strcspn(text, "\n");
		len = strspn(text, blank);
		text += len;
		rest -= len;
		for (len = rest; len && strchr(blank, text[len - 1]);)
			len--;
		if (!len || *text == '#')
			continue;
		text_format(r->where, sizeof(r->where), "%s:%u", path, number);
		if (len > DRAFT_LINE_BYTES)
			reading_note(r, true, "a line of more than %u bytes", DRAFT_LINE_BYTES);
		else if ((line = reading_keep(r, text, len)))
			take(r, line);
	}
}

void draft_start(struct draft *d)
{
	const unsigned unsaid = (unsigned)DRAFT_UNSAID;

	*d = (struct draft){.tries = unsaid, .give_up_s = unsaid, .after = unsaid};
	d->volume.keyslot = -1;
	d->volume.timeout_s = d->volume.key_timeout_s = d->volume.device_timeout_s = unsaid;
	d->volume.max_memory_mib = d->volume.max_time_s = d->volume.max_lanes = unsaid;
}

char *draft_cut(char *text, char c)
{
	text = text ? strchr(text, c) : NULL;
	if (text)
		*text++ = 0;
	return text;
}

bool draft_is_device(const char *text)
{
	static const char starts[][11] = {"/dev/", "UUID=", "LABEL=", "PARTUUID=", "PARTLABEL="};

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		size_t len = strlen(starts[i]);

		if (!strncmp(text, starts[i], len) && text[len])
			return true;
	}
	return false;
}

const char *draft_uuid_of(const char *device)
{
	static const char by_uuid[] = "/dev/disk/by-uuid/";

	if (!strncmp(device, "UUID=", 5))
		return device + 5;
	return strncmp(device, by_uuid, sizeof(by_uuid) - 1) ? NULL : device + sizeof(by_uuid) - 1;
}

/* Cut PATH:DEVICE in two. systemd cuts at the last colon, but by-path names have colons, too. */
static char *cut_device(char *spec)
{
	for (char *colon = strchr(spec, ':'); colon; colon = strchr(colon + 1, ':')) {
		if (draft_is_device(colon + 1)) {
			*colon = 0;
			return colon + 1;
		}
	}
	return NULL;
}

void draft_put_key(struct reading *r, struct draft *d, const struct plan_key *key)
{
	if (d->volume.key_count == PLAN_KEYS_MAX)
		reading_note(r, true, "more than %u keys for one volume", PLAN_KEYS_MAX);
	else
		d->volume.keys[d->volume.key_count++] = *key;
}

void draft_add_key(struct reading *r, struct draft *d, char *spec)
{
	struct plan_key key = {.kind = PLAN_KEY_FILE, .path = spec};

	if (!spec || !*spec || options_listed("none -", spec))
		return;
	key.device = cut_device(spec);
	if (key.device) {
		key.kind = PLAN_KEY_STICK;
	} else if (draft_is_device(spec)) {
		key = (struct plan_key){.kind = PLAN_KEY_RAW, .device = spec};
	}
	if (key.path && *key.path != '/')
		reading_note(r, true, "a key is none, a path that begins with /, or a device, not %s", spec);
	else
		draft_put_key(r, d, &key);
}

void draft_set_header(struct draft *d, char *spec)
{
	d->volume.header.device = cut_device(spec);
	d->volume.header.path = spec;
}

/* What reaches terminals, messages and mount(2). */
static bool is_clean(const char *text)
{
	if (!text)
		return true;
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static bool name_is_good(const char *name)
{
	size_t len = 0;

	for (; name[len]; len++)
		if (name[len] <= ' ' || name[len] > '~' || name[len] == '/')
			return false;
	return len && len <= NAME_MAX_BYTES && !options_listed(". .. control", name);
}

char *draft_rooted(struct reading *r, char *path)
{
	char *kept = path;

	if (*path != '/') {
		kept = reading_keep(r, path - 1, strlen(path) + 1);
		if (kept)
			*kept = '/';
	}
	return kept;
}

/* Debian's key scripts, as far as they are a place of a key. False: it is another. */
static bool use_keyscript(struct reading *r, struct draft *d)
{
	const char *base = strrchr(d->keyscript, '/');
	struct plan_key key = {.kind = PLAN_KEY_STICK, .device = d->key};
	char *path;

	base = base ? base + 1 : d->keyscript;
	if (!strcmp(base, "decrypt_keyctl")) /* asks once for all that name the same key: so does latchkey */
		return true;
	if (strcmp(base, "passdev")) {
		reading_note(r, true, "refused, latchkey runs no key scripts: %s", base);
		return false;
	}
	key.path = path = draft_cut(d->key, ':');
	(void)draft_cut(path, ':'); /* its time limit: nothing waits for the stick alone */
	if (!path || !draft_is_device(d->key)) {
		reading_note(r, true, "passdev's key is device:path");
		return false;
	}
	key.path = draft_rooted(r, path);
	if (key.path)
		draft_put_key(r, d, &key);
	return true;
}

/* Keys that were named, or the place where systemd looks when none was. False: the volume cannot be used. */
static bool finish_keys(struct reading *r, struct draft *d)
{
	struct plan_volume *v = &d->volume;
	char path[NAME_MAX_BYTES + 32];
	unsigned kept = 0;

	if (d->keyscript && !use_keyscript(r, d))
		return false;
	if (!d->keyscript)
		draft_add_key(r, d, d->key);
	for (unsigned i = 0; i < v->key_count; i++) {
		struct plan_key *key = &v->keys[i];

		if (!key->offset_bytes && !key->size_bytes) {
			key->offset_bytes = d->offset_bytes;
			key->size_bytes = d->size_bytes;
		}
		if (key->size_bytes > KEY_MAX_BYTES || (key->kind == PLAN_KEY_RAW && !key->size_bytes))
			reading_note(r, true, "a key from the bytes of a device needs a size up to %u: %s", KEY_MAX_BYTES,
				key->device ? key->device : key->path);
		else if (!is_clean(key->device) || !is_clean(key->path) || !is_clean(key->fstype))
			reading_note(r, true, "a control character in a key's name");
		else
			v->keys[kept++] = *key;
	}
	if (!v->key_count) {
		(void)text_join(path, sizeof(path), "/etc/cryptsetup-keys.d/", v->name, ".key");
		v->keys[0] = (struct plan_key){.path = reading_keep(r, path, strlen(path)), .optional = true};
		kept = v->keys[0].path != NULL;
	}
	v->key_count = kept;
	return true;
}

static bool same_device(const char *a, const char *b)
{
	const char *x = draft_uuid_of(a), *y = draft_uuid_of(b);

	return x && y ? !strcasecmp(x, y) : !strcmp(a, b);
}

/* A stronger source, or an earlier line, has it. */
static bool is_taken(struct reading *r, const struct plan_volume *v)
{
	for (unsigned i = 0; i < r->plan->count; i++) {
		const struct plan_volume *old = &r->plan->volumes[i];

		if (strcmp(old->name, v->name) && !same_device(old->device, v->device))
			continue;
		reading_note(r, false, "left out, %s has the same volume: %s", old->where, v->name);
		return true;
	}
	return false;
}

/* LABEL="x" -> LABEL=x, as people write it. */
static void unquote(char *device)
{
	char *quoted = strstr(device, "=\"");
	size_t len = strlen(device);

	if (!quoted || quoted + 2 == device + len || device[len - 1] != '"')
		return;
	memmove(quoted + 1, quoted + 2, (size_t)(device + len - (quoted + 2)));
	device[len - 2] = 0;
}

static bool is_good(struct reading *r, struct draft *d)
{
	struct plan_volume *v = &d->volume;

	if (!v->device || (*v->device != '/' && !draft_is_device(v->device)))
		reading_note(r, true, "needs a device, a path or UUID=, LABEL=, PARTUUID=, PARTLABEL=, not %s",
			v->device ? v->device : "nothing");
	else if (!is_clean(v->device) || !is_clean(v->header.path) || !is_clean(v->header.device))
		reading_note(r, true, "a control character in a device or header");
	else if (!v->name || !name_is_good(v->name))
		reading_note(r, true, "no name for a mapping: %s", v->name ? v->name : "");
	else if (v->header.path && *v->header.path != '/' && !draft_is_device(v->header.path))
		reading_note(r, true, "a header is a path or a device, not %s", v->header.path);
	else if (d->token && (v->flags.headless || r->every.volume.flags.headless))
		reading_note(r, true, "refused, headless and a token that latchkey cannot use: %s", v->name);
	else
		return true;
	return false;
}

/* What was said for all holds where nothing else was. */
static void take_from_every(const struct draft *every, struct draft *d)
{
	const struct plan_volume *from = &every->volume;
	struct plan_volume *v = &d->volume;
	const unsigned *said[] = {&from->timeout_s, &from->key_timeout_s, &from->device_timeout_s, &from->max_memory_mib,
		&from->max_time_s, &from->max_lanes};
	unsigned *out[] = {&v->timeout_s, &v->key_timeout_s, &v->device_timeout_s, &v->max_memory_mib, &v->max_time_s,
		&v->max_lanes};
	const bool *all = (const bool *)&from->flags;
	bool *flags = (bool *)&v->flags;

	for (size_t i = 0; i < sizeof(out) / sizeof(*out); i++) {
		if (*out[i] == (unsigned)DRAFT_UNSAID)
			*out[i] = *said[i] == (unsigned)DRAFT_UNSAID ? 0 : *said[i];
	}
	for (size_t i = 0; i < sizeof(v->flags) / sizeof(bool); i++)
		flags[i] |= all[i];
	if (from->echo)
		v->echo = from->echo;
}

void draft_add(struct reading *r, struct draft *d)
{
	struct plan *p = r->plan;

	if (d->volume.device)
		unquote((char *)(uintptr_t)d->volume.device);
	if (d->refused || !is_good(r, d) || is_taken(r, &d->volume) || !finish_keys(r, d))
		return;
	d->volume.where = reading_keep(r, r->where, strlen(r->where));
	if (!d->volume.where)
		return;
	if (p->count == PLAN_VOLUMES_MAX) {
		reading_note(r, true, "more than %u volumes: %s", PLAN_VOLUMES_MAX, d->volume.name);
		return;
	}
	take_from_every(&r->every, d);
	if (r->every.tries == (unsigned)DRAFT_UNSAID)
		r->every.tries = d->tries;
	p->volumes[p->count++] = d->volume;
}
