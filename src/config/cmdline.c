/* SPDX-License-Identifier: MIT */
/*
 * cmdline - the kernel command line: latchkey's own words, rd.luks.* (systemd's meaning, dracut's third
 * field), cryptdevice= and cryptkey= (mkinitcpio), cryptroot= (Alpine), cryptopts= (Debian).
 */
#include "base/crypt_flags.h"
#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"
#include <string.h>
#include <strings.h>

enum { UUID_CHARS = 36 };
static const char uuid_characters[] = "0123456789abcdefABCDEF-";

/* Words of which the last one counts, like the shell variables that other programs make of them. */
enum { DEVICE, KEY, CRYPTO, ROOT, NAME, HEADER, OFFSET, DISCARDS, SINGLES };
static const char singles[] =
	"cryptdevice cryptkey crypto cryptroot cryptdm cryptheader cryptoffset cryptdiscards";

/* Would the mapping of @uuid be the one that root= names? @name is NULL, or what rd.luks.name calls it. */
static bool is_for_root(const struct reading *r, const char *uuid, const char *name)
{
	size_t start = r->root ? draft_begins(r->root, "luks-") : 0;

	return name ? draft_is_root(r, name) : start && !strcasecmp(r->root + start, uuid);
}

/* What rd.luks.* says of the volume that has @uuid, and is called @name or NULL. NULL, with a note: there is no room. */
static struct draft *wanted(struct reading *r, const char *uuid, const char *name)
{
	struct draft *d = r->wanted;

	for (; d < r->wanted + r->wanted_count; d++)
		if (!strcasecmp(d->uuid, uuid))
			return d;
	if (r->wanted_count >= PLAN_VOLUMES_MAX + (is_for_root(r, uuid, name) ? 1u : 0u)) {
		reading_refuse(r, "rd.luks.* is about more than 64 volumes", uuid);
		return NULL;
	}
	r->wanted_count++;
	draft_start(d);
	d->uuid = uuid;
	return d;
}

/* [UUID=]REST: the volume that it is for, or the one that stands for all; NULL after a complaint. @is_name: REST is one. */
static struct draft *wanted_before(struct reading *r, char **rest, bool is_name)
{
	char *uuid = *rest;

	if (strspn(uuid, uuid_characters) != UUID_CHARS || uuid[UUID_CHARS] != '=')
		return &r->wanted_default;
	*rest = draft_cut(uuid, '=');
	return wanted(r, uuid, is_name ? *rest : NULL);
}

bool cmdline_names(const struct reading *r, const char *name)
{
	for (const struct draft *d = r->wanted; d < r->wanted + r->wanted_count; d++)
		if (d->wanted &&
			(d->volume.name ? !strcmp(d->volume.name, name)
					: draft_begins(name, "luks-") && !strcasecmp(name + 5, d->uuid)))
			return true;
	return false;
}

struct draft *cmdline_wanted(struct reading *r, const char *device, const char *name)
{
	const char *uuid = draft_uuid_of(device);

	if (!uuid && draft_begins(name, "luks-"))
		uuid = name + 5;
	for (unsigned i = 0; uuid && i < r->wanted_count; i++)
		/* dracut takes the beginning of one, too */
		if (!strncasecmp(r->wanted[i].uuid, uuid, strlen(r->wanted[i].uuid)))
			return &r->wanted[i];
	return NULL;
}

/* [UUID=]PATH[:DEVICE[:LUKSDEVICE]]; the last one is dracut's. */
static void take_key(struct reading *r, char *value)
{
	struct draft *d = wanted_before(r, &value, false);
	char *last = strrchr(value, ':'), *first = strchr(value, ':');

	if (last && last != first && draft_is_device(last + 1) && draft_uuid_of(last + 1)) {
		d = wanted(r, draft_uuid_of(last + 1), NULL);
		*last = 0;
	}
	if (first && !strcmp(first, ":/")) /* dracut's name of the initramfs */
		*first = 0;
	if (d)
		draft_add_key(r, d, value);
}

/* [luks-]UUID */
static void take_uuid(struct reading *r, char *value)
{
	struct draft *d;

	value += draft_begins(value, "luks-");
	value += draft_begins(value, "UUID=");
	if (!*value || value[strspn(value, uuid_characters)]) {
		reading_refuse(r, "no UUID", value);
		return;
	}
	r->only_wanted = true;
	d = wanted(r, value, NULL);
	if (d)
		d->wanted = true;
}

/* UUID=NAME, UUID=DEVICE */
static void take_name_or_data(struct reading *r, char *value, bool is_name)
{
	struct draft *d = wanted_before(r, &value, is_name);

	if (!d)
		return;
	if (d == &r->wanted_default) {
		reading_refuse(r, "no UUID=", value);
	} else if (is_name) {
		d->volume.name = value;
		d->wanted = r->only_wanted = true;
	} else {
		d->volume.device = value;
	}
}

/* @word is luks or luks.X, without rd. in front. */
static void take_luks(struct reading *r, const char *word, char *value)
{
	int which = options_index(
		"luks luks.crypttab luks.timeout luks.uuid luks.name luks.data luks.key luks.options "
		"luks.allow-discards luks.*",
		word);
	bool no = options_bool(value) == 0;
	char none[] = "";
	struct draft *d;

	if (which > 2 && (r->settings || r->luks_off))
		return;
	if (which > 2 && !value)
		value = none;
	switch (which) {
	case 0:
		r->luks_off |= no;
		break;
	case 1:
		r->crypttab_off |= no;
		break;
	case 2:
		(void)options_read_for_all(r, "timeout", value);
		break;
	case 3:
		take_uuid(r, value);
		break;
	case 4:
	case 5:
		take_name_or_data(r, value, which == 4);
		break;
	case 6:
		take_key(r, value);
		break;
	case 7:
		d = wanted_before(r, &value, false);
		if (d) {
			d->options_said = true;
			options_read(r, d, value);
		}
		break;
	case 8: /* dracut's: for one UUID, or for all */
		d = *value ? wanted(r, value, NULL) : &r->every;
		if (d)
			d->volume.flags.crypt |= CRYPT_ALLOW_DISCARDS;
		break;
	case 9:
		reading_refuse(r, "latchkey knows no such word", word);
		break;
	}
}

void cmdline_apply(struct reading *r, struct draft *said, struct draft *d)
{
	const struct draft *keys = said->volume.key_count ? said : &r->wanted_default;

	said->used = true;
	if (said->volume.name)
		d->volume.name = said->volume.name;
	if (said->volume.device)
		d->volume.device = said->volume.device;
	if (said->wanted)
		d->volume.flags.noauto = false;
	d->volume.flags.crypt |= said->volume.flags.crypt;
	if (keys == said || !d->key || options_index("none -", d->key) >= 0) {
		memcpy(d->volume.keys, keys->volume.keys, sizeof(d->volume.keys));
		d->volume.key_count = keys->volume.key_count;
		d->key = NULL;
	}
}

void cmdline_add_wanted(struct reading *r)
{
	struct draft *d = &r->draft;

	text_format(r->where, sizeof(r->where), "kernel command line");
	for (struct draft *said = r->wanted; said < r->wanted + r->wanted_count; said++) {
		if (said->used)
			continue;
		if (!said->wanted) {
			reading_ignore(r, "rd.luks.* does not open it", said->uuid);
		} else if (strlen(said->uuid) != UUID_CHARS) {
			reading_refuse(r, "no whole UUID, and no line of crypttab has it", said->uuid);
		} else {
			*d = said->options_said ? *said : r->wanted_default;
			d->volume.device = reading_join(r, "UUID=", said->uuid, "");
			d->volume.name = reading_join(r, "luks-", said->uuid, "");
			cmdline_apply(r, said, d);
			draft_add(r, d);
		}
	}
}

/* mkinitcpio's DEVICE:FSTYPE:PATH, DEVICE:OFFSET:SIZE, rootfs:PATH; Alpine's yes, PATH and PATH:OFFSET:SIZE.
 */
static void take_cryptkey(struct reading *r, struct draft *d, char *text)
{
	struct plan_key key = {.kind = PLAN_KEY_FILE};
	char *second = draft_cut(text, ':'), *third = draft_cut(second, ':');

	if (!second && options_bool(text) == 1) {
		key.path = "/crypto_keyfile.bin";
		key.optional = text == NULL;
	} else if (!second) {
		draft_add_key(r, d, text);
		return;
	} else if (!strcmp(text, "rootfs")) {
		key.path = draft_rooted(r, second);
	} else if (!third || !draft_is_device(text)) {
		key.path = third && *text == '/' ? text : NULL;
	} else {
		key.device = text;
	}
	if (third && text_parse_u64(second, &key.offset_bytes) && text_parse_u64(third, &key.size_bytes)) {
		key.kind = key.device ? PLAN_KEY_RAW : PLAN_KEY_FILE;
	} else if (key.device) {
		key.kind = PLAN_KEY_STICK;
		key.fstype = *second && strcmp(second, "auto") ? second : NULL;
		key.path = draft_rooted(r, third);
	}
	if (key.path || key.device)
		draft_put_key(r, d, &key);
	else
		reading_refuse(r, "cryptkey= is device:fstype:path, device:offset:size or rootfs:path", text);
}

/* cryptdevice= or cryptroot=, with the words beside it. */
static void add_crypt(struct reading *r, char *const single[SINGLES])
{
	char *name = draft_cut(single[DEVICE], ':'), *options = draft_cut(name, ':');
	struct draft *d;

	if (single[CRYPTO])
		reading_refuse(r, "only LUKS is opened", "crypto=");
	if (!single[DEVICE] && !single[ROOT])
		return;
	d = draft_new(r);
	d->volume.device = single[DEVICE] ? single[DEVICE] : single[ROOT];
	d->volume.name = name ? name : single[NAME] ? single[NAME] : "root";
	options_read(r, d, options);
	if (single[HEADER])
		draft_set_header(d, single[HEADER]);
	if (single[DISCARDS])
		d->volume.flags.crypt |= CRYPT_ALLOW_DISCARDS;
	if (single[OFFSET]) {
		d->refused = true;
		reading_refuse(r, "a LUKS header says it", "cryptoffset=");
	}
	take_cryptkey(r, d, single[KEY]);
	draft_add(r, d);
}

/* target=NAME,source=DEVICE,key=KEY,OPTIONS */
static void add_cryptopts(struct reading *r, char *list)
{
	struct draft *d;
	char *next;

	d = draft_new(r);
	d->volume.name = "cryptroot";
	for (; list; list = next) {
		next = draft_cut(list, ',');
		if (draft_begins(list, "target="))
			d->volume.name = list + 7;
		else if (draft_begins(list, "source="))
			d->volume.device = list + 7;
		else if (draft_begins(list, "key="))
			d->key = list + 4;
		else
			options_read(r, d, list);
	}
	draft_add(r, d);
}

/* root=, resume= and mount.usr= on a mapping: of each the last one counts. */
static void take_place(struct reading *r, const char *name, const char *value)
{
	const char **const places[] = {&r->root, &r->resume, &r->usr};
	int which = options_index("root resume mount.usr", name);
	size_t start;

	if (which < 0 || !value)
		return;
	value += draft_begins(value, "block:"); /* dracut's */
	start = draft_begins(value, "/dev/mapper/") + draft_begins(value, "/dev/disk/by-id/dm-name-");
	*places[which] = start && value[start] ? value + start : NULL;
}

void cmdline_read(struct reading *r, const char *text)
{
	char *single[SINGLES] = {NULL}, *rest, *name, *value;

	for (rest = reading_keep(r, text, strlen(text)); rest;) {
		int which;

		rest = words_next(rest, &name, &value);
		if (!name)
			break;
		if (value && !draft_is_clean(r, value))
			continue;
		r->plan->quiet |= !value && !strcmp(name, "quiet");
		if (draft_begins(name, "latchkey."))
			own_word(r, name + 9, value);
		if (r->settings)
			take_place(r, name, value);
		take_luks(r, name + draft_begins(name, "rd."), value);
		which = options_index(singles, name);
		if (which >= 0)
			single[which] = value ? value : name;
		if (!r->settings && value && !strcmp(name, "cryptopts"))
			add_cryptopts(r, value);
	}
	if (r->settings)
		return;
	own_add(r);
	add_crypt(r, single);
}
