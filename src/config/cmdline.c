/* SPDX-License-Identifier: MIT */
/* cmdline - see cmdline.h. */
#include "config/cmdline.h"
#include "base/crypt_flags.h"
#include "base/text.h"
#include "config/accept.h"
#include "config/latchkey_conf.h"
#include "config/volume_options.h"
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

/* Words that belong together; genkernel's come twice. */
static const char crypt_words[] =
	"cryptdevice cryptkey crypto cryptroot cryptdm cryptheader cryptoffset cryptdiscards "
	"crypt_root root_key root_keydev root_keydev_fstype root_header root_headerdev root_trim "
	"crypt_root_options crypt_swap swap_key swap_keydev swap_keydev_fstype swap_header swap_headerdev "
	"swap_trim crypt_swap_options crypt_silent";
enum { DEVICE, KEY, CRYPTO, ROOT, NAME, HEADER, OFFSET, DISCARDS, GENKERNEL };
enum { GK_DEVICE, GK_KEY, GK_KEYDEV, GK_FSTYPE, GK_HEADER, GK_HEADERDEV, GK_TRIM, GK_OPTIONS, GK_COUNT };

/* Here, too, the last one counts, like the shell variables that other programs make of these words. */
static void take_crypt(struct parser *p, const struct statement *s)
{
	char **word = &p->crypt[words_index(crypt_words, s->name)];

	if (*word && s->value && text_find(s->name, "_options")) /* these add up */
		*word = parser_join(p, *word, ",", s->value);
	else
		*word = s->value ? s->value : s->name;
}

static void take_foreign(struct parser *p, const struct statement *s)
{
	if (words_bool(s->value) != 0)
		parser_refuse(p, "not understood: ", s->name);
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
			volume_options_read(p, d, list);
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
	{.word = crypt_words, .take = take_crypt, .pass = PASS_VOLUMES},
	{.word = "cryptopts", .take = take_cryptopts, .pass = PASS_VOLUMES},
	{.word = "rd.auto rd.overlay.crypt", .take = take_foreign, .pass = PASS_VOLUMES},
	{.word = NULL},
};

/* Without a dot, which those of kernel modules have. */
static const struct parser_word foreign_words[] = {
	{.word = "crypt* luks* rd_LUKS* rd_NO_LUKS enc_root root_key* swap_key*",
		.take = take_foreign,
		.pass = PASS_VOLUMES},
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
	else if (!strchr(name, '.') && (w = parser_find(foreign_words, name)))
		(void)parser_add(p, w, name, value);
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
	char *second = draft_cut(text, true), *third = words_cut(second, ':');

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
	char **w = p->crypt, *name = draft_cut(w[DEVICE], false), *options = words_cut(name, ':');
	struct draft *d;

	if (w[CRYPTO])
		parser_refuse(p, "only LUKS is supported: ", "crypto=");
	if (!w[DEVICE] && !w[ROOT])
		return;
	d = draft_new(p);
	d->volume.device = w[DEVICE] ? w[DEVICE] : w[ROOT];
	d->volume.name = name ? name : w[NAME] ? w[NAME] : "root";
	volume_options_read(p, d, options);
	if (w[HEADER])
		draft_set_header(d, w[HEADER]);
	if (w[DISCARDS] && words_bool(w[DISCARDS]))
		d->volume.flags.crypt |= CRYPT_ALLOW_DISCARDS;
	if (w[OFFSET]) {
		d->refused = true;
		parser_refuse(p, "defined by the LUKS header: ", "cryptoffset=");
	}
	add_cryptkey(p, d, w[KEY]);
	accept_draft(p, d);
}

static const char not_searched[] = "needs its device: ";

/* Genkernel's: a device with its key and header in files on other devices. */
static void add_genkernel(struct parser *p, const char *name, char **w)
{
	struct plan_key key = {.kind = PLAN_KEY_STICK, .device = w[GK_KEYDEV], .fstype = w[GK_FSTYPE]};
	struct draft *d = draft_new(p);
	const char *path = w[GK_HEADER];

	if (!w[GK_DEVICE])
		return;
	d->volume.name = name;
	d->volume.device = w[GK_DEVICE];
	volume_options_read(p, d, w[GK_OPTIONS]);
	if (w[GK_TRIM] && words_bool(w[GK_TRIM]) == 1)
		d->volume.flags.crypt |= CRYPT_ALLOW_DISCARDS;
	if (path && (d->refused = !w[GK_HEADERDEV]))
		parser_refuse(p, not_searched, path);
	else if (path)
		d->volume.header = (struct plan_header){draft_rooted(p, path), w[GK_HEADERDEV]};
	path = w[GK_KEY];
	if (path && !key.device)
		parser_refuse(p, not_searched, path);
	else if (path && !draft_refuse_gpg(p, path) && (key.path = draft_rooted(p, path)))
		draft_put_key(p, d, &key);
	accept_draft(p, d);
}

void cmdline_finish(struct parser *p)
{
	char **w = p->crypt + GENKERNEL;

	latchkey_conf_finish(p, SOURCE_CMDLINE);
	parser_at(p, SOURCE_CMDLINE, 0);
	add_crypt(p);
	add_genkernel(p, "root", w);
	add_genkernel(p, "swap", w + GK_COUNT);
}
