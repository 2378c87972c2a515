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

char *draft_cut(char *text)
{
	bool has_colons = text && words_begins(text, "/dev/disk/by-");
	char *start = text;
	size_t hex, digits;

	while ((text = text ? strchr(text, ':') : NULL)) {
		if (text > start && text[-1] == '\\') {
			memmove(text - 1, text, strlen(text) + 1);
			continue;
		}
		if (!has_colons)
			break;
		hex = strspn(text + 1, "0123456789abcdef");
		digits = strspn(text + 1, "0123456789");
		if (!hex || (hex > 2 && hex > digits) || !strchr(":.-", text[1 + hex]) ||
			!strchr(text + 1, ':'))
			break;
		text++;
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
		parser_refuse(p, "not /path, /path:device or device: ", spec);
	else
		draft_put_key(p, d, &key);
}

void draft_set_header(struct draft *d, char *spec)
{
	d->volume.header.device = cut_device(spec);
	d->volume.header.path = spec;
}
