/* SPDX-License-Identifier: MIT */
/* rd_luks - see rd_luks.h. */
#include "config/rd_luks.h"
#include "base/crypt_flags.h"
#include "config/accept.h"
#include "config/volume_options.h"
#include "config/words.h"
#include <string.h>
#include <strings.h>

enum { UUID_CHARS = 36 };

/* Dracut takes the beginning of a UUID, too. Of that little, it may be another number. */
static bool is_same(const char *a, const char *b)
{
	enum { SURE_CHARS = 4 };
	size_t x = strlen(a), y = strlen(b), least = x < y ? x : y;

	return (x == y || least >= SURE_CHARS) && !strncasecmp(a, b, least);
}

/* Is @name luks- and the UUID that is @uuid, or begins so? NULL is no name. */
static bool is_of(const char *name, const char *uuid)
{
	size_t start = name ? words_begins(name, "luks-") : 0;

	return start && is_same(name + start, uuid);
}

/* The draft of the volume that has @uuid, and may be called @name. NULL, with a note: there is no room. */
static struct draft *by_uuid(struct parser *p, const char *uuid, const char *name)
{
	struct draft *d = p->by_uuid;
	bool for_root;

	uuid += words_begins(uuid, "luks-"); /* dracut's */
	for_root = parser_is_root(p, name) || is_of(p->root, uuid);
	for (; d < p->by_uuid + p->by_uuid_count; d++)
		if (is_same(d->uuid, uuid)) {
			d->uuid = strlen(uuid) > strlen(d->uuid) ? uuid : d->uuid;
			return d;
		}
	if (p->by_uuid_count >= PLAN_VOLUMES_MAX + (for_root ? 1u : 0u)) {
		parser_refuse(p, "more than 64 volumes: ", uuid);
		return NULL;
	}
	p->by_uuid_count++;
	draft_start(d);
	d->uuid = uuid;
	return d;
}

static bool is_uuid(const char *text)
{
	size_t len = accept_uuid_chars(text);

	return len <= UUID_CHARS && !text[len];
}

/* What find_device takes behind the beginning of a UUID; FAT and NTFS have shorter ones. */
static const char *rest_of(const char *uuid)
{
	size_t first = strcspn(uuid, "-");

	return strlen(uuid) == UUID_CHARS || first > 8 || (uuid[first] && first < 8) ? "" : "*";
}

/* [UUID=]REST: the draft of that volume, or the one for any; NULL after a note. */
static struct draft *cut_uuid(struct parser *p, char **rest)
{
	char *uuid = *rest;
	size_t len = accept_uuid_chars(uuid);

	if (!len || uuid[len] != '=')
		return &p->any_uuid;
	*rest = words_cut(uuid, '=');
	return by_uuid(p, uuid, *rest);
}

static void take_off(struct parser *p, const struct statement *s)
{
	*(bool *)((char *)p + s->word->field) |= words_bool(s->value) == 0;
}

enum { FOR_PASSPHRASE, FOR_KEY };

static void take_timeout(struct parser *p, const struct statement *s)
{
	const char *option = s->word->field == FOR_KEY ? "key-timeout" : "timeout";

	(void)volume_options_set(p, &p->defaults, option, s->value);
}

enum { BY_UUID, BY_PARTUUID, BY_SERIAL };

/* [luks-]UUID, and dracut's other ways to name the device */
static void take_id(struct parser *p, const struct statement *s)
{
	static const char tags[][10] = {"UUID=", "PARTUUID=", "SERIAL="};
	const char *id = s->value, *tag = tags[s->word->field];
	bool partition;
	struct draft *d;

	id += words_begins(id, "keysource:"); /* a volume that has keys for others */
	id += words_begins(id, "luks-");
	id += words_begins(id, tag);
	if (!*id || (s->word->field != BY_SERIAL && !is_uuid(id))) {
		parser_refuse(p, "not a UUID: ", id);
		return;
	}
	p->only_chosen = true;
	d = by_uuid(p, id, NULL);
	if (!d)
		return;
	d->chosen = true;
	/* A partition of an MBR has an id of its own length: 3c9d04af-02. */
	partition = s->word->field == BY_PARTUUID && strlen(id) == 11 && id[8] == '-';
	if (s->word->field != BY_UUID)
		d->volume.device = parser_join(p, tag, id,
			partition                     ? ""
			: s->word->field == BY_SERIAL ? "*"
						      : rest_of(id));
}

/* UUID=NAME, which opens it, and UUID=DEVICE */
static void take_text(struct parser *p, const struct statement *s)
{
	const char *text = words_cut(s->value, '=');
	struct draft *d = text && *s->value ? by_uuid(p, s->value, text) : NULL;

	if (!text || !*s->value)
		parser_refuse(p, "no UUID= in front of: ", text ? text : s->value);
	if (!d)
		return;
	*(const char **)((char *)d + s->word->field) = text;
	/* What is no UUID may be the serial number of rd.luks.serial. */
	d->chosen |= d->volume.name && is_uuid(d->uuid);
	p->only_chosen |= d->chosen;
}

/* [UUID=]PATH[:DEVICE[:LUKSDEVICE]]; the last is dracut's, which takes the beginning of a UUID in both. */
static void take_key(struct parser *p, const struct statement *s)
{
	char *key = s->value;
	struct draft *d = cut_uuid(p, &key);
	char *last = strrchr(key, ':'), *first = strchr(key, ':');

	if (last && last != first && draft_is_device(last + 1)) {
		if (draft_uuid_of(last + 1))
			d = by_uuid(p, draft_uuid_of(last + 1), NULL);
		*last = 0;
	}
	if (draft_refuse_gpg(p, key))
		return;
	if (first && !strcmp(first, ":/")) /* dracut's name of the initramfs */
		*first = 0;
	else if (first && words_begins(first, ":UUID="))
		key = parser_join(p, key, rest_of(first + 6), "");
	if (d)
		draft_add_key(p, d, key);
}

static void take_options(struct parser *p, const struct statement *s)
{
	char *list = s->value;
	struct draft *d = cut_uuid(p, &list);

	if (!d)
		return;
	d->has_options = true;
	volume_options_read(p, d, list);
}

/* Dracut's: of one UUID, or of all volumes. */
static void take_discards(struct parser *p, const struct statement *s)
{
	struct draft *d = *s->value ? by_uuid(p, s->value, NULL) : &p->defaults;

	if (d)
		d->volume.flags.crypt |= CRYPT_ALLOW_DISCARDS;
}

static void take_unknown(struct parser *p, const struct statement *s)
{
	parser_refuse(p, "unknown word: ", s->name);
}

const struct parser_word rd_luks_words[] = {
	{.word = "luks", .take = take_off, .pass = PASS_SETTINGS, .field = offsetof(struct parser, luks_off)},
	{.word = "luks.crypttab",
		.take = take_off,
		.pass = PASS_SETTINGS,
		.field = offsetof(struct parser, crypttab_off)},
	{.word = "luks.timeout", .take = take_timeout, .pass = PASS_SETTINGS, .field = FOR_PASSPHRASE},
	/* Dracut's, for the device of the key. */
	{.word = "luks.key.tout", .take = take_timeout, .pass = PASS_SETTINGS, .field = FOR_KEY},
	{.word = "luks.uuid", .take = take_id, .pass = PASS_LUKS, .field = BY_UUID},
	{.word = "luks.partuuid", .take = take_id, .pass = PASS_LUKS, .field = BY_PARTUUID},
	{.word = "luks.serial", .take = take_id, .pass = PASS_LUKS, .field = BY_SERIAL},
	{.word = "luks.name",
		.take = take_text,
		.pass = PASS_LUKS,
		.field = offsetof(struct draft, volume.name)},
	{.word = "luks.data",
		.take = take_text,
		.pass = PASS_LUKS,
		.field = offsetof(struct draft, volume.device)},
	{.word = "luks.key", .take = take_key, .pass = PASS_LUKS},
	{.word = "luks.options", .take = take_options, .pass = PASS_LUKS},
	{.word = "luks.allow-discards", .take = take_discards, .pass = PASS_LUKS},
	{.word = "luks.*", .take = take_unknown, .pass = PASS_LUKS},
	{.word = NULL},
};

struct draft *rd_luks_find(struct parser *p, const char *device, const char *name)
{
	const char *uuid = draft_uuid_of(device);

	if (!uuid && words_begins(name, "luks-"))
		uuid = name + 5;
	for (struct draft *d = p->by_uuid; d < p->by_uuid + p->by_uuid_count; d++)
		if ((uuid && !strncasecmp(d->uuid, uuid, strlen(d->uuid))) ||
			(d->volume.device && draft_same_device(d->volume.device, device)))
			return d;
	return NULL;
}

bool rd_luks_opens(const struct parser *p, const char *name)
{
	for (const struct draft *d = p->by_uuid; d < p->by_uuid + p->by_uuid_count; d++)
		if (d->chosen && (d->volume.name ? !strcmp(d->volume.name, name) : is_of(name, d->uuid)))
			return true;
	return false;
}

void rd_luks_apply(struct parser *p, struct draft *override, struct draft *d)
{
	const struct draft *keys = override->volume.key_count ? override : &p->any_uuid;

	override->used = true;
	/* As with systemd, a line of crypttab keeps its name where root= has it. */
	if (override->volume.name && !parser_is_root(p, d->volume.name))
		d->volume.name = override->volume.name;
	if (override->volume.device)
		d->volume.device = override->volume.device;
	if (override->chosen)
		d->volume.flags.noauto = false;
	d->volume.flags.crypt |= override->volume.flags.crypt & CRYPT_ALLOW_DISCARDS;
	if (keys == override || !d->key || words_index("none -", d->key) >= 0) {
		memcpy(d->volume.keys, keys->volume.keys, sizeof(d->volume.keys));
		d->volume.key_count = keys->volume.key_count;
		d->key = NULL;
	}
}

/* It has the whole UUID, of which the beginning may be all that was given. */
static const char *dracuts_name(struct parser *p, const char *uuid)
{
	const char *const named[] = {p->root, p->resume, p->usr};

	for (unsigned i = 0; i < sizeof(named) / sizeof(*named); i++)
		if (is_of(named[i], uuid))
			return named[i];
	return parser_join(p, "luks-", uuid, "");
}

static void add(struct parser *p, struct draft *override)
{
	struct draft *d = &p->draft;

	*d = override->has_options ? *override : p->any_uuid;
	d->volume.device = parser_join(p, "UUID=", override->uuid, rest_of(override->uuid));
	d->volume.name = override->volume.name ? override->volume.name : dracuts_name(p, override->uuid);
	rd_luks_apply(p, override, d);
	accept_draft(p, d);
}

void rd_luks_finish(struct parser *p)
{
	parser_at(p, SOURCE_CMDLINE, 0);
	for (struct draft *d = p->by_uuid; d < p->by_uuid + p->by_uuid_count; d++) {
		if (d->used)
			continue;
		if (!d->chosen && !is_uuid(d->uuid))
			parser_refuse(p, "not a UUID: ", d->uuid);
		else if (!d->chosen)
			parser_ignore(p, "no rd.luks.uuid or rd.luks.name for: ", d->uuid);
		else
			add(p, d);
	}
}
