/* SPDX-License-Identifier: MIT */
/* cmdline - see cmdline.h. */
#include "config/cmdline.h"
#include "base/crypt_flags.h"
#include "base/text.h"
#include "config/accept.h"
#include "config/latchkey_conf.h"
#include "config/options.h"
#include "config/rd_luks.h"
#include "config/words.h"
#include <string.h>

static void take_quiet(struct parser *p, const struct statement *s)
{
	p->plan->quiet |= !s->value;
}

/* NAME of /dev/disk/by-id/dm-uuid-CRYPT-LUKS2-UUID-NAME; NULL: @value is no such path. */
static const char *name_behind_uuid(const char *value)
{
	size_t start = words_begins(value, "/dev/disk/by-id/dm-uuid-CRYPT-");
	const char *dash = start ? strchr(value + start, '-') : NULL;

	dash = dash ? strchr(dash + 1, '-') : NULL;
	return dash ? dash + 1 : NULL;
}

/* root=, resume= and mount.usr= on a mapping: of each the last one counts. */
static void take_mapping(struct parser *p, const struct statement *s)
{
	const char *value = s->value, *name;
	size_t start;

	if (!value)
		return;
	value += words_begins(value, "block:"); /* dracut's */
	start = words_begins(value, "/dev/mapper/") + words_begins(value, "/dev/disk/by-id/dm-name-");
	name = start ? value + start : name_behind_uuid(value);
	*(const char **)((char *)p + s->word->field) = name && *name ? name : NULL;
	/* What is called so, if it is in a volume, shows only when that is open; a partition is in none. */
	p->inside |= s->word->field != offsetof(struct parser, root) && !name &&
	             words_index("UUID=* LABEL=* /dev/disk/by-uuid/* /dev/disk/by-label/*", value) >= 0;
}

/* Here, too, the last one counts, like the shell variables that other programs make of these words. */
static void take_crypt(struct parser *p, const struct statement *s)
{
	*(char **)((char *)p + s->word->field) = s->value ? s->value : s->name;
}

/* Debian's target=NAME,source=DEVICE,key=KEY,OPTIONS */
static void take_cryptopts(struct parser *p, const struct statement *s)
{
	struct draft *d = draft_new(p);

	d->volume.name = "cryptroot";
	for (char *list = s->value, *next; list; list = next) {
		next = words_cut(list, ',');
		if (words_begins(list, "target="))
			d->volume.name = list + 7;
		else if (words_begins(list, "source="))
			d->volume.device = list + 7;
		else if (words_begins(list, "key="))
			d->key = list + 4;
		else
			options_read(p, d, list);
	}
	if (s->value)
		accept_draft(p, d);
}

#define FIELD(member) offsetof(struct parser, member)

static const struct parser_word words[] = {
	{.word = "quiet", .take = take_quiet, .pass = PASS_SETTINGS},
	{.word = "root", .take = take_mapping, .pass = PASS_NAMES, .field = FIELD(root)},
	{.word = "resume", .take = take_mapping, .pass = PASS_NAMES, .field = FIELD(resume)},
	{.word = "mount.usr", .take = take_mapping, .pass = PASS_NAMES, .field = FIELD(usr)},
	{.word = "cryptdevice", .take = take_crypt, .pass = PASS_VOLUMES, .field = FIELD(crypt.device)},
	{.word = "cryptkey", .take = take_crypt, .pass = PASS_VOLUMES, .field = FIELD(crypt.key)},
	{.word = "crypto", .take = take_crypt, .pass = PASS_VOLUMES, .field = FIELD(crypt.crypto)},
	{.word = "cryptroot", .take = take_crypt, .pass = PASS_VOLUMES, .field = FIELD(crypt.root)},
	{.word = "cryptdm", .take = take_crypt, .pass = PASS_VOLUMES, .field = FIELD(crypt.name)},
	{.word = "cryptheader", .take = take_crypt, .pass = PASS_VOLUMES, .field = FIELD(crypt.header)},
	{.word = "cryptoffset", .take = take_crypt, .pass = PASS_VOLUMES, .field = FIELD(crypt.offset)},
	{.word = "cryptdiscards", .take = take_crypt, .pass = PASS_VOLUMES, .field = FIELD(crypt.discards)},
	{.word = "cryptopts", .take = take_cryptopts, .pass = PASS_VOLUMES},
	{.word = NULL},
};

static void read_word(struct parser *p, char *name, char *value)
{
	const struct parser_word *w = parser_find(words, name);
	char *luks = name + words_begins(name, "rd.");

	if (w)
		(void)parser_add(p, w, name, value);
	else if (words_begins(name, "latchkey."))
		latchkey_conf_word(p, name + 9, value);
	else if ((w = parser_find(rd_luks_words, luks)))
		(void)parser_add(p, w, luks, value ? value : luks + strlen(luks));
}

void cmdline_read(struct parser *p, const char *text)
{
	char *rest, *name, *value;

	parser_at(p, SOURCE_CMDLINE, 0);
	for (rest = parser_keep(p, text, strlen(text)); rest;) {
		rest = words_next(rest, &name, &value);
		if (!name)
			break;
		if (!value || parser_is_clean(p, value))
			read_word(p, name, value);
	}
}

/*
 * mkinitcpio's DEVICE:FSTYPE:PATH, DEVICE:OFFSET:SIZE, rootfs:PATH; Alpine's yes, PATH and PATH:OFFSET:SIZE.
 */
static void add_cryptkey(struct parser *p, struct draft *d, char *text)
{
	struct plan_key key = {.kind = PLAN_KEY_FILE};
	char *second = words_cut(text, ':'), *third = words_cut(second, ':');

	if (!second && words_bool(text) == 1) {
		key.path = "/crypto_keyfile.bin";
		key.optional = text == NULL;
	} else if (!second) {
		draft_add_key(p, d, text);
		return;
	} else if (!strcmp(text, "rootfs")) {
		key.path = draft_rooted(p, second);
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
		key.path = draft_rooted(p, third);
	}
	if (key.path || key.device)
		draft_put_key(p, d, &key);
	else
		parser_refuse(p,
			"cryptkey= is not device:fstype:path, device:offset:size or rootfs:path: ", text);
}

/* cryptdevice= or cryptroot=, with the words that belong to them. */
static void add_crypt(struct parser *p)
{
	char *name = words_cut(p->crypt.device, ':'), *options = words_cut(name, ':');
	struct draft *d;

	if (p->crypt.crypto)
		parser_refuse(p, "only LUKS is supported: ", "crypto=");
	if (!p->crypt.device && !p->crypt.root)
		return;
	d = draft_new(p);
	d->volume.device = p->crypt.device ? p->crypt.device : p->crypt.root;
	d->volume.name = name ? name : p->crypt.name ? p->crypt.name : "root";
	options_read(p, d, options);
	if (p->crypt.header)
		draft_set_header(d, p->crypt.header);
	d->volume.flags.crypt |= p->crypt.discards ? CRYPT_ALLOW_DISCARDS : 0u;
	if (p->crypt.offset) {
		d->refused = true;
		parser_refuse(p, "defined by the LUKS header: ", "cryptoffset=");
	}
	add_cryptkey(p, d, p->crypt.key);
	accept_draft(p, d);
}

void cmdline_finish(struct parser *p)
{
	latchkey_conf_finish(p, SOURCE_CMDLINE);
	parser_at(p, SOURCE_CMDLINE, 0);
	add_crypt(p);
}
