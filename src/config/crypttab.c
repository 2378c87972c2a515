/* SPDX-License-Identifier: MIT */
/* crypttab - systemd's and Debian's crypttab(5), read as one. */
#include "config/draft.h"
#include <string.h>

/* Debian's \040 for a blank. What does not end as three octal digits stays. */
static void unescape(char *text)
{
	char *out = text;

	for (; *text; text++) {
		unsigned c = 0;

		if (*text == '\\' && strspn(text + 1, "01234567") >= 3)
			c = (unsigned)(text[1] - '0') << 6 | (unsigned)(text[2] - '0') << 3 | (unsigned)(text[3] - '0');
		if (c && c <= 0xff)
			text += 3;
		else
			c = (unsigned char)*text;
		*out++ = (char)c;
	}
	*out = 0;
}

/* The next field, or NULL. */
static char *take_field(char **rest)
{
	static const char blank[] = " \t\r\v\f";
	char *field = *rest + strspn(*rest, blank);

	*rest = field + strcspn(field, blank);
	if (**rest)
		*(*rest)++ = 0;
	if (!*field)
		return NULL;
	unescape(field);
	return field;
}

static void take_line(struct reading *r, char *line)
{
	char *name = take_field(&line), *device = take_field(&line), *key = take_field(&line),
	     *options = take_field(&line);
	bool marked = options && (options_listed(options, "x-initrd.attach") || options_listed(options, "initramfs") ||
					 options_listed(options, "force"));
	struct draft d, *said = device ? cmdline_wanted(r, device, name) : NULL;

	r->marked |= r->looking && marked;
	if (r->looking)
		return;
	if (!device) {
		reading_note(r, true, "needs a name and a device");
	} else if (r->only_wanted && !(said && said->wanted)) {
		reading_note(r, false, "left out, rd.luks.* names other volumes: %s", name);
	} else if (!r->only_wanted && r->marked && !marked && !(r->root && !strcmp(r->root, name))) {
		reading_note(r, false, "left out, other lines are marked for the initramfs: %s", name);
	} else {
		draft_start(&d);
		if (said && said->options_said)
			d = *said;
		else
			options_read(r, &d, options);
		d.volume.name = name;
		d.volume.device = device;
		d.key = key;
		if (said)
			cmdline_apply(r, said, &d);
		if (r->only_wanted)
			d.volume.flags.noauto = false;
		draft_add(r, &d);
	}
	if (take_field(&line))
		reading_note(r, false, "what follows the fourth field is ignored");
}

/*
 * A crypttab in the initramfs may be the whole system's. When lines of it are marked (x-initrd.attach, initramfs,
 * dracut's force) they are meant; without any mark all are, and always the one that root= names.
 */
void crypttab_read(struct reading *r, const char *text, const char *path)
{
	unsigned used = r->plan->pool_used;

	if (!strstr(path, ".initramfs")) {
		r->looking = true;
		reading_lines(r, text, path, take_line);
		r->looking = false;
		r->plan->pool_used = used;
	}
	reading_lines(r, text, path, take_line);
}
