/* SPDX-License-Identifier: MIT */
/* draft - see draft.h. */
#include "config/draft.h"
#include "base/text.h"
#include <string.h>
#include <strings.h>

enum {
	NAME_MAX_BYTES = 127,
	LINE_MAX_BYTES = 2048,
	KEY_MAX_BYTES = 8 << 20, /* secret/keyfile.h */
	POOL_FOR_NOTES = 4096,   /* what texts leave free */
	POOL_FOR_ROOT = 3072,    /* and what all but the line that root= names leave */
	NOTES_FOR_BAD = 8,       /* and what remarks leave */
};

/* Room in the pool for @len bytes and a NUL; NULL when that would leave less than @leave. */
static char *take_room(struct plan *p, size_t len, size_t leave)
{
	char *room = p->pool + p->pool_used;

	if (len + leave >= PLAN_POOL_BYTES - p->pool_used)
		return NULL;
	room[len] = 0;
	p->pool_used += (unsigned)len + 1;
	return room;
}

/* The same, for a text of the line at hand. */
static char *take_text_room(struct reading *r, size_t len)
{
	char *room = take_room(r->plan, len, POOL_FOR_NOTES + (r->for_root ? 0 : POOL_FOR_ROOT));

	if (!room)
		reading_refuse(r, "no room", NULL);
	return room;
}

char *reading_keep(struct reading *r, const char *text, size_t len)
{
	char *room = take_text_room(r, len);

	if (room)
		memcpy(room, text, len);
	return room;
}

char *reading_join(struct reading *r, const char *a, const char *b, const char *c)
{
	size_t len = strlen(a) + strlen(b) + strlen(c);
	char *room = take_text_room(r, len);

	if (room)
		(void)text_join(room, len + 1, a, b, c);
	return room;
}

static void note(struct reading *r, const char *where, bool bad, const char *why, const char *text)
{
	struct plan *p = r->plan;
	char *kept;
	char line[ERROR_TEXT_BYTES];
	size_t used;

	if (r->looking)
		return;
	used = text_format(line, sizeof(line), "%s: %s, %s%s%s", where, bad ? "left out" : "ignored", why,
		text ? ": " : "", text ? text : "");
	text_sanitize(line);
	for (unsigned i = 0; i < p->note_count; i++)
		if (!strcmp(p->notes[i].text, line)) /* some lines are read twice */
			return;
	kept = p->note_count < PLAN_NOTES_MAX - (bad ? 0 : NOTES_FOR_BAD) ? take_room(p, used, 0) : NULL;
	if (kept) {
		memcpy(kept, line, used);
		p->notes[p->note_count++] = (struct plan_note){bad, kept};
	} else {
		p->notes_lost = true;
	}
}

void reading_refuse(struct reading *r, const char *why, const char *text)
{
	note(r, r->where, true, why, text);
}

void reading_ignore(struct reading *r, const char *why, const char *text)
{
	note(r, r->where, false, why, text);
}

bool draft_is_clean(struct reading *r, const char *text)
{
	unsigned more = 0; /* bytes of a character */
	const char *p = text;

	for (; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (more ? (c & 0xc0) != 0x80 : (c < ' ' && c != '\t') || (c >= 0x7f && c < 0xc3) || c > 0xf4)
			break;
		more = more ? more - 1 : c < 0xc3 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	}
	if (*p || more)
		reading_refuse(r, "a control character", text);
	return !*p && !more;
}

bool draft_is_root(const struct reading *r, const char *name)
{
	return r->root && name && !strcmp(r->root, name);
}

/* A line of crypttab that root= names is told before it is judged. */
static bool begins_with_root(const struct reading *r, const char *line)
{
	size_t len = r->root ? draft_begins(line, r->root) : 0;

	return len && line[len] && strchr(" \t", line[len]);
}

void reading_lines(struct reading *r, const char *text, const char *path,
	void (*take)(struct reading *r, char *line))
{
	static const char blank[] = " \t\r";
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
		r->for_root = begins_with_root(r, text);
		r->root_seen |= r->for_root;
		if (len > LINE_MAX_BYTES)
			reading_refuse(r, "a line of over 2048 bytes", NULL);
		else if ((line = reading_keep(r, text, len)) && draft_is_clean(r, line))
			take(r, line);
	}
	r->for_root = false;
}

void draft_start(struct draft *d)
{
	*d = (struct draft){.give_up_s = DRAFT_UNSAID, .after = DRAFT_UNSAID};
	d->volume.keyslot = -1;
	d->volume.timeout_s = d->volume.key_timeout_s = d->volume.device_timeout_s = DRAFT_UNSAID;
	d->volume.max_memory_mib = d->volume.max_time_s = d->volume.max_lanes = d->volume.tries =
		DRAFT_UNSAID;
}

struct draft *draft_new(struct reading *r)
{
	draft_start(&r->draft);
	return &r->draft;
}

char *draft_cut(char *text, char c)
{
	text = text ? strchr(text, c) : NULL;
	if (text)
		*text++ = 0;
	return text;
}

size_t draft_begins(const char *text, const char *start)
{
	size_t len = strlen(start);

	return strncmp(text, start, len) ? 0 : len;
}

bool draft_is_device(const char *text)
{
	int kind = options_index("/dev/* UUID=* LABEL=* PARTUUID=* PARTLABEL=*", text);

	return kind == 0 || (kind > 0 && text[strcspn(text, "=") + 1]);
}

const char *draft_uuid_of(const char *device)
{
	size_t start = draft_begins(device, "UUID=") + draft_begins(device, "/dev/disk/by-uuid/");

	return start ? device + start : NULL;
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
		reading_refuse(r, "a fifth key", key->path ? key->path : key->device);
	else
		d->volume.keys[d->volume.key_count++] = *key;
}

void draft_add_key(struct reading *r, struct draft *d, char *spec)
{
	struct plan_key key = {.kind = PLAN_KEY_FILE, .path = spec};

	if (!spec || !*spec || options_index("none -", spec) >= 0)
		return;
	key.device = cut_device(spec);
	if (key.device) {
		key.kind = PLAN_KEY_STICK;
	} else if (draft_is_device(spec)) {
		key = (struct plan_key){.kind = PLAN_KEY_RAW, .device = spec};
	}
	if (key.path && *key.path != '/')
		reading_refuse(r, "a key is /path, /path:device or device", spec);
	else
		draft_put_key(r, d, &key);
}

void draft_set_header(struct draft *d, char *spec)
{
	d->volume.header.device = cut_device(spec);
	d->volume.header.path = spec;
}

static bool name_is_good(const char *name)
{
	size_t len = 0;

	for (; name[len]; len++)
		if (name[len] <= ' ' || name[len] > '~' || name[len] == '/')
			return false;
	return len && len <= NAME_MAX_BYTES && options_index(". .. control", name) < 0;
}

const char *draft_rooted(struct reading *r, const char *path)
{
	return *path == '/' ? path : reading_join(r, "/", path, "");
}

/* Debian's key scripts, as far as they are a place of a key. False: it is another. */
static bool use_keyscript(struct reading *r, struct draft *d)
{
	const char *base = strrchr(d->keyscript, '/');
	struct plan_key key = {.kind = PLAN_KEY_STICK, .device = d->key};
	char *path;

	base = base ? base + 1 : d->keyscript;
	if (!strcmp(base, "decrypt_keyctl")) /* asks once for all volumes that name the same key: so does
						latchkey */
		return true;
	path = draft_cut(d->key, ':');
	(void)draft_cut(path, ':'); /* a time limit: here nothing waits for the stick alone */
	if (strcmp(base, "passdev") || !path || !draft_is_device(d->key)) {
		reading_refuse(r, "the only key script is passdev, with device:path", base);
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
	unsigned kept = 0;

	if (d->keyscript && !use_keyscript(r, d))
		return false;
	if (!d->keyscript)
		draft_add_key(r, d, d->key);
	if (!v->key_count) {
		struct plan_key usual = {.path = reading_join(r, "/etc/cryptsetup-keys.d/", v->name, ".key"),
			.optional = true};

		v->keys[0] = usual;
		v->key_count = usual.path != NULL;
		return true;
	}
	for (unsigned i = 0; i < v->key_count; i++) {
		struct plan_key *key = &v->keys[i];

		if (!key->offset_bytes && !key->size_bytes) {
			key->offset_bytes = d->offset_bytes;
			key->size_bytes = d->size_bytes;
		}
		if (key->size_bytes > KEY_MAX_BYTES || key->offset_bytes >> 62 ||
			(key->kind == PLAN_KEY_RAW && !key->size_bytes))
			reading_refuse(r, "a key in a device has 1 to 8388608 bytes",
				key->path ? key->path : key->device);
		else
			v->keys[kept++] = *key;
	}
	v->key_count = kept;
	return true;
}

static bool same_device(const char *a, const char *b)
{
	const char *x = draft_uuid_of(a), *y = draft_uuid_of(b);

	return x && y ? !strcasecmp(x, y) : !strcmp(a, b);
}

/* The volume of a stronger source, or of an earlier line, that leaves no place for @v: the one of its name, else of its device. */
static struct plan_volume *find_rival(struct plan *p, const struct plan_volume *v)
{
	struct plan_volume *rival = NULL;

	for (struct plan_volume *old = p->volumes; old < p->volumes + p->count; old++) {
		if (!strcmp(old->name, v->name))
			return old;
		if (!rival && same_device(old->device, v->device))
			rival = old;
	}
	return rival;
}

/* LABEL="x" -> LABEL=x, as people write it. What is unquoted lies in the pool, so it may be changed. */
static void unquote(const char *device)
{
	char *quote = device ? text_find(device, "=\"") : NULL;
	size_t len = quote ? strlen(quote) : 0;

	if (len < 3 || quote[len - 1] != '"')
		return;
	memmove(quote + 1, quote + 2, len - 3);
	quote[len - 2] = 0;
}

/* Why it cannot be used, and @text that is to blame; NULL: it can. */
static const char *find_fault(const struct reading *r, const struct draft *d, const char **text)
{
	const struct plan_volume *v = &d->volume;

	*text = v->device;
	if (!*text || (**text != '/' && !draft_is_device(*text)))
		return "a device is a path, UUID=, LABEL=, PARTUUID= or PARTLABEL=";
	*text = v->name;
	if (!*text || !name_is_good(*text))
		return "no name for a mapping";
	if (d->token && (v->flags.headless || r->every.volume.flags.headless))
		return "headless, with a token that latchkey cannot use";
	*text = v->header.path;
	if (*text && **text != '/' && !draft_is_device(*text))
		return "a header is /path, /path:device or device";
	return NULL;
}

static const char no_place[] = "there is room for 64 volumes"; /* PLAN_VOLUMES_MAX */

/*
 * Where @v goes: the end of the plan, or the place of one that has to make room for what root= names. NULL, with a note:
 * there is none.
 */
static struct plan_volume *find_place(struct reading *r, const struct plan_volume *v)
{
	struct plan *p = r->plan;
	struct plan_volume *rival = find_rival(p, v);
	bool root = draft_is_root(r, v->name);

	if (rival && (!root || !strcmp(rival->name, v->name))) {
		reading_ignore(r, "its name or device has the volume of", rival->where);
		return NULL;
	}
	if (rival)
		return rival;
	if (p->count < PLAN_VOLUMES_MAX)
		return &p->volumes[p->count];
	if (root)
		return &p->volumes[p->count - 1];
	reading_refuse(r, no_place, v->name);
	return NULL;
}

static void put_into(struct reading *r, struct plan_volume *place, const struct plan_volume *v)
{
	struct plan *p = r->plan;

	if (place == &p->volumes[p->count])
		p->count++;
	else if (same_device(place->device, v->device))
		note(r, place->where, false, "root= names its device otherwise", place->name);
	else
		note(r, place->where, true, no_place, place->name);
	*place = *v;
}

void draft_add(struct reading *r, struct draft *d)
{
	struct plan_volume *place;
	const char *text, *fault;

	r->root_seen |= draft_is_root(r, d->volume.name);
	if (d->refused)
		return;
	unquote(d->volume.device);
	fault = find_fault(r, d, &text);
	if (fault) {
		reading_refuse(r, fault, text);
		return;
	}
	place = find_place(r, &d->volume);
	if (!place)
		return;
	d->volume.where = reading_join(r, r->where, "", "");
	if (!d->volume.where || !finish_keys(r, d))
		return;
	d->volume.need = r->unmarked ? PLAN_UNMARKED : PLAN_NEEDED;
	if (d->marked)
		d->volume.flags.noauto = false;
	options_inherit(&r->every, d);
	put_into(r, place, &d->volume);
}

void draft_add_fields(struct reading *r, char *const fields[4], struct draft *said)
{
	struct draft *d = draft_new(r);

	if (said && said->options_said)
		*d = *said;
	else
		options_read(r, d, fields[3]);
	d->volume.name = fields[0];
	d->volume.device = fields[1];
	d->key = fields[2];
	if (said)
		cmdline_apply(r, said, d);
	draft_add(r, d);
}
