/* SPDX-License-Identifier: MIT */
/*
 * cmdline - the kernel command line: latchkey's own words, rd.luks.* (systemd's meaning, dracut's third field),
 * cryptdevice= and cryptkey= (mkinitcpio), cryptroot= (Alpine), cryptopts= (Debian).
 */
#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"
#include <string.h>
#include <strings.h>

enum { UUID_CHARS = 36 };

/* Words of which the last one counts, like the shell variables that other programs make of them. */
enum single { DEVICE, KEY, CRYPTO, ROOT, NAME, HEADER, OFFSET, DISCARDS, SINGLES };
static const char single_names[SINGLES][14] = {"cryptdevice", "cryptkey", "crypto", "cryptroot", "cryptdm",
	"cryptheader", "cryptoffset", "cryptdiscards"};

/* Does @text begin with a whole UUID and then @end? */
static bool begins_with_uuid(const char *text, char end)
{
	return strspn(text, "0123456789abcdefABCDEF-") == UUID_CHARS && text[UUID_CHARS] == end;
}

/* The draft of the volume that has @uuid (a whole one, or for rd.luks.uuid the beginning of one). */
static struct draft *wanted(struct reading *r, const char *uuid)
{
	struct draft *d;

	for (unsigned i = 0; i < r->wanted_count; i++)
		if (!strcasecmp(r->wanted[i].uuid, uuid))
			return &r->wanted[i];
	if (r->wanted_count == PLAN_VOLUMES_MAX) {
		reading_note(r, true, "rd.luks.* names more than %u volumes: %s", PLAN_VOLUMES_MAX, uuid);
		return NULL;
	}
	d = &r->wanted[r->wanted_count++];
	draft_start(d);
	d->uuid = uuid;
	return d;
}

struct draft *cmdline_wanted(struct reading *r, const char *device, const char *name)
{
	const char *uuid = draft_uuid_of(device);

	if (!uuid && !strncmp(name, "luks-", 5))
		uuid = name + 5;
	for (unsigned i = 0; uuid && i < r->wanted_count; i++)
		if (!strncasecmp(r->wanted[i].uuid, uuid, strlen(r->wanted[i].uuid)))
			return &r->wanted[i];
	return NULL;
}

/* rd.luks.uuid=[luks-]UUID */
static void take_uuid(struct reading *r, char *value)
{
	struct draft *d;

	if (!strncmp(value, "luks-", 5) || !strncmp(value, "UUID=", 5))
		value += 5;
	if (!*value || value[strspn(value, "0123456789abcdefABCDEF-")]) {
		reading_note(r, true, "rd.luks.uuid= is no UUID: %s", value);
		return;
	}
	d = wanted(r, value);
	if (d)
		d->wanted = r->only_wanted = true;
}

/* [UUID=]REST -> the volume that it is for, or the one that stands for all. */
static struct draft *take_target(struct reading *r, char **value)
{
	char *uuid = *value;

	if (!begins_with_uuid(uuid, '='))
		return &r->wanted_default;
	*value = draft_cut(uuid, '=');
	return wanted(r, uuid);
}

/* rd.luks.key=[UUID=]PATH[:DEVICE[:LUKSDEVICE]]; the last one is dracut's. */
static void take_key(struct reading *r, char *value)
{
	struct draft *d = take_target(r, &value);
	char *last = strrchr(value, ':'), *first = strchr(value, ':');

	if (last && last != first && draft_is_device(last + 1)) {
		*last++ = 0;
		if (draft_uuid_of(last))
			d = wanted(r, draft_uuid_of(last));
	}
	if (last && first && !strcmp(first, ":/")) /* dracut: the initramfs */
		*first = 0;
	if (d)
		draft_add_key(r, d, value);
}

static void take_luks_word(struct reading *r, const char *word, char *value)
{
	struct draft *d;

	if (!strcmp(word, "uuid")) {
		take_uuid(r, value);
	} else if (!strcmp(word, "key")) {
		take_key(r, value);
	} else if (!strcmp(word, "options")) {
		d = take_target(r, &value);
		if (d) {
			d->options_said = true;
			options_read(r, d, value);
		}
	} else if (!strcmp(word, "allow-discards")) {
		d = begins_with_uuid(value, 0) ? wanted(r, value) : &r->every;
		if (d)
			d->volume.flags.allow_discards = true;
	} else if (options_listed("name data", word)) {
		d = take_target(r, &value);
		if (!d || d == &r->wanted_default) {
			reading_note(r, true, "rd.luks.%s= needs UUID=%s: %s", word, word, value);
			return;
		}
		if (*word == 'd') {
			d->volume.device = value;
			return;
		}
		d->volume.name = value;
		d->wanted = r->only_wanted = true;
	} else if (!strcmp(word, "key.tout")) {
		reading_note(r, false, "ignored, the prompt and the key are awaited together: rd.luks.key.tout");
	} else if (!options_listed("timeout crypttab", word)) {
		reading_note(r, true, "not a word that latchkey knows: rd.luks.%s", word);
	}
}

/* luks and luks.X, without rd. */
static void take_luks(struct reading *r, const char *word, char *value)
{
	bool no = options_bool(value) == 0;

	if (*word) {
		word++;
		if (r->settings && !strcmp(word, "crypttab"))
			r->crypttab_off |= no;
		else if (r->settings && !strcmp(word, "timeout"))
			(void)options_read_for_all(r, word, value);
		else if (!r->settings && !r->luks_off)
			take_luks_word(r, word, value ? value : "");
	} else if (r->settings) {
		r->luks_off |= no;
	}
}

void cmdline_apply(struct reading *r, struct draft *said, struct draft *d)
{
	const struct plan_volume *from = said->volume.key_count ? &said->volume : &r->wanted_default.volume;

	said->used = true;
	if (said->volume.name)
		d->volume.name = said->volume.name;
	if (said->volume.device)
		d->volume.device = said->volume.device;
	d->volume.flags.allow_discards |= said->volume.flags.allow_discards;
	if (from == &said->volume || !d->key || options_listed("none -", d->key)) {
		memcpy(d->volume.keys, from->keys, sizeof(from->keys));
		d->volume.key_count = from->key_count;
		d->key = NULL;
	}
}

void cmdline_add_wanted(struct reading *r)
{
	text_format(r->where, sizeof(r->where), "kernel command line");
	for (unsigned i = 0; i < r->wanted_count; i++) {
		struct draft *said = &r->wanted[i], d = said->options_said ? *said : r->wanted_default;
		char text[UUID_CHARS + 6];

		if (said->used || !said->wanted)
			continue;
		if (!begins_with_uuid(said->uuid, 0)) {
			reading_note(r, true, "no whole UUID, and no line of crypttab has the rest: %s", said->uuid);
			continue;
		}
		(void)text_join(text, sizeof(text), "UUID=", said->uuid, "");
		d.volume.device = said->volume.device ? said->volume.device : reading_keep(r, text, strlen(text));
		(void)text_join(text, sizeof(text), "luks-", said->uuid, "");
		d.volume.name = said->volume.name ? said->volume.name : reading_keep(r, text, strlen(text));
		cmdline_apply(r, said, &d);
		draft_add(r, &d);
	}
}

/* mkinitcpio's DEVICE:FSTYPE:PATH, DEVICE:OFFSET:SIZE, rootfs:PATH; Alpine's yes, PATH and PATH:OFFSET:SIZE. */
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
	} else if (third && text_parse_u64(second, &key.offset_bytes) && text_parse_u64(third, &key.size_bytes)) {
		key.kind = draft_is_device(text) ? PLAN_KEY_RAW : PLAN_KEY_FILE;
		*(key.kind == PLAN_KEY_RAW ? &key.device : &key.path) = text;
	} else if (third && draft_is_device(text)) {
		key.kind = PLAN_KEY_STICK;
		key.device = text;
		key.fstype = options_listed("auto", second) || !*second ? NULL : second;
		key.path = draft_rooted(r, third);
	}
	if (key.path || key.device)
		draft_put_key(r, d, &key);
	else
		reading_note(r, true, "cryptkey= is none of device:fstype:path, device:offset:size, rootfs:path: %s", text);
}

/* cryptdevice= or cryptroot=, with the words beside it. */
static void add_crypt(struct reading *r, char *const single[SINGLES])
{
	char *name = draft_cut(single[DEVICE], ':'), *options = draft_cut(name, ':');
	struct draft d;

	if (single[CRYPTO])
		reading_note(r, true, "crypto= is for volumes without a LUKS header, which latchkey does not open");
	if (!single[DEVICE] && !single[ROOT])
		return;
	draft_start(&d);
	d.volume.device = single[DEVICE] ? single[DEVICE] : single[ROOT];
	d.volume.name = name ? name : single[NAME] ? single[NAME] : "root";
	options_read(r, &d, options);
	if (single[HEADER])
		draft_set_header(&d, single[HEADER]);
	if (single[DISCARDS])
		d.volume.flags.allow_discards = true;
	if (single[OFFSET]) {
		reading_note(r, true, "refused, latchkey takes the offset from the header: cryptoffset");
		return;
	}
	take_cryptkey(r, &d, single[KEY]);
	draft_add(r, &d);
}

/* cryptopts=target=NAME,source=DEVICE,key=KEY,OPTIONS */
static void add_cryptopts(struct reading *r, char *list)
{
	struct draft d;

	draft_start(&d);
	d.volume.name = "cryptroot";
	while (list) {
		char *next = draft_cut(list, ',');

		if (!strncmp(list, "target=", 7))
			d.volume.name = list + 7;
		else if (!strncmp(list, "source=", 7))
			d.volume.device = list + 7;
		else if (!strncmp(list, "key=", 4))
			d.key = list + 4;
		else if (strncmp(list, "lvm=", 4))
			options_read(r, &d, list);
		list = next;
	}
	draft_add(r, &d);
}

void cmdline_read(struct reading *r, const char *text)
{
	char *single[SINGLES] = {NULL}, *rest, *name, *value;

	text_format(r->where, sizeof(r->where), "kernel command line");
	for (rest = reading_keep(r, text, strlen(text)); rest;) {
		rest = words_next(rest, &name, &value);
		if (!name)
			break;
		if (!strncmp(name, "latchkey.", 9))
			own_word(r, name + 9, value);
		else if (!strcmp(name, "root") && value && !strncmp(value, "/dev/mapper/", 12))
			r->root = value + 12;
		if (!strncmp(name, "rd.", 3))
			name += 3;
		if (!strncmp(name, "luks", 4) && (!name[4] || name[4] == '.'))
			take_luks(r, name + 4, value);
		if (r->settings)
			continue;
		if (!strcmp(name, "cryptopts") && value && *value)
			add_cryptopts(r, value);
		for (unsigned i = 0; i < SINGLES; i++)
			if (!strcmp(name, single_names[i]))
				single[i] = value ? value : name;
	}
	if (r->settings)
		return;
	own_add(r);
	add_crypt(r, single);
}
