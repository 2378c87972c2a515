/* SPDX-License-Identifier: MIT */
/* draft - see draft.h. */
#include "config/draft.h"
#include "base/text.h"
#include "config/parser.h"
#include "config/words.h"
#include <string.h>
#include <strings.h>

void draft_start(struct draft *d)
{
	*d = (struct draft){.give_up_s = DRAFT_UNSET, .after = DRAFT_UNSET};
	d->volume.keyslot = -1;
	d->volume.timeout_s = d->volume.key_timeout_s = d->volume.device_timeout_s = DRAFT_UNSET;
	d->volume.max_memory_mib = d->volume.max_time_s = d->volume.max_lanes = d->volume.tries = DRAFT_UNSET;
	d->volume.measure_pcrs = DRAFT_UNSET;
}

struct draft *draft_new(struct parser *p)
{
	draft_start(&p->draft);
	return &p->draft;
}

bool draft_is_device(const char *text)
{
	int kind = words_index("/dev/* UUID=* LABEL=* PARTUUID=* PARTLABEL=* SERIAL=*", text);

	return kind == 0 || (kind > 0 && text[strcspn(text, "=") + 1]);
}

const char *draft_uuid_of(const char *device)
{
	size_t start = words_begins(device, "UUID=") + words_begins(device, "/dev/disk/by-uuid/");

	return start ? device + start : NULL;
}

bool draft_same_device(const char *a, const char *b)
{
	const char *x = draft_uuid_of(a), *y = draft_uuid_of(b);

	return x && y ? !strcasecmp(x, y) : !strcmp(a, b);
}

const char *draft_rooted(struct parser *p, const char *path)
{
	return *path == '/' ? path : parser_join(p, "/", path, "");
}

/* As in pci-0000:00:1f.2-ata-1 and fc-0x5006016041e05b7a:0x0: a number follows, and a colon further on. */
static bool is_in_name(const char *colon)
{
	const char *number = colon + 1 + 2 * (words_begins(colon, ":0x") != 0);
	size_t hex = strspn(number, "0123456789abcdef"), digits = strspn(number, "0123456789");

	return hex && (hex <= 2 || hex == digits || number > colon + 1) && strchr(":.-", number[hex]) &&
	       strchr(number, ':');
}

static bool are_two_numbers(const char *colon)
{
	unsigned n = 0;

	while (*colon == ':' && colon[1] >= '0' && colon[1] <= '9') {
		colon += 1 + strspn(colon + 1, "0123456789");
		n++;
	}
	return n == 2 && !*colon;
}

/* The end of -part2 in @name; NULL: it has none. What follows it may contain the same, too. */
static char *end_of_part(char *name)
{
	for (char *end = name; (end = text_find(end, "-part"));) {
		size_t digits;

		end += strlen("-part");
		digits = strspn(end, "0123456789");
		if (digits && (!end[digits] || end[digits] == ':'))
			return memchr(name, '/', (size_t)(end - name)) ? NULL : end + digits;
	}
	return NULL;
}

char *draft_cut(char *text, bool numbers)
{
	char *start = text, *part = NULL;
	size_t folder = 0;

	if (text)
		folder = words_begins(text, "/dev/disk/by-path/") + words_begins(text, "/dev/disk/by-id/");
	if (folder)
		part = end_of_part(text + folder);
	while ((text = text ? strchr(text, ':') : NULL)) {
		if (text > start && text[-1] == '\\') {
			memmove(text - 1, text, strlen(text) + 1);
			part -= part != NULL;
		} else if (part ? text < part
				: folder && is_in_name(text) && !(numbers && are_two_numbers(text)))
			text++;
		else
			break;
	}
	if (text)
		*text++ = 0;
	return text;
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

void draft_put_key(struct parser *p, struct draft *d, const struct plan_key *key)
{
	if (d->volume.key_count == PLAN_KEYS_MAX)
		parser_refuse(p, "more than 4 keys: ", key->path ? key->path : key->device);
	else
		d->volume.keys[d->volume.key_count++] = *key;
}

bool draft_refuse_gpg(struct parser *p, const char *path)
{
	const char *end = text_find(path, ".gpg");
	bool is_gpg = end && (!end[4] || end[4] == ':');

	if (is_gpg)
		parser_refuse(p, "encrypted with GPG, not supported: ", path);
	return is_gpg;
}

void draft_add_key(struct parser *p, struct draft *d, char *spec)
{
	struct plan_key key = {.kind = PLAN_KEY_FILE, .path = spec};

	if (!spec || !*spec || words_index("none -", spec) >= 0)
		return;
	key.device = cut_device(spec);
	if (key.device) {
		key.kind = PLAN_KEY_STICK;
	} else if (draft_is_device(spec)) {
		key = (struct plan_key){.kind = PLAN_KEY_RAW, .device = spec};
	}
	if (key.path && *key.path != '/')
		parser_refuse(p, "key is not /path, /path:device or device: ", spec);
	else
		draft_put_key(p, d, &key);
}

void draft_set_header(struct draft *d, char *spec)
{
	d->volume.header.device = cut_device(spec);
	d->volume.header.path = spec;
}
