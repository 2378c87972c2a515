/* SPDX-License-Identifier: MIT */
/* crypttab - systemd's and Debian's crypttab(5), read as one. */
#include "base/text.h"
#include "config/draft.h"
#include <string.h>

/* Debian's \040 for a blank. What is no printable character in three octal digits stays. */
static void unescape(char *text)
{
	char *out = text;

	for (; *text; text++) {
		unsigned c = 0;

		if (*text == '\\' && strspn(text + 1, "01234567") >= 3)
			c = (unsigned)(text[1] - '0') << 6 | (unsigned)(text[2] - '0') << 3 |
			    (unsigned)(text[3] - '0');
		if (c >= ' ' && c < 0x7f)
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
	static const char blank[] = " \t";
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
	char *fields[4];
	struct draft *said;
	bool marked, is_root;

	for (int i = 0; i < 4; i++)
		fields[i] = take_field(&line);
	marked = fields[3] && (options_index(fields[3], "x-initrd.attach") >= 0 ||
				      options_index(fields[3], "initramfs") >= 0 ||
				      options_index(fields[3], "force") >= 0);
	is_root = draft_is_root(r, fields[0]);
	if (r->looking) {
		r->marked |= marked;
		return;
	}
	said = fields[1] ? cmdline_wanted(r, fields[1], fields[0]) : NULL;
	if (r->only_wanted && !(said && said->wanted) && !(is_root && !cmdline_names(r, fields[0])))
		reading_ignore(r, "rd.luks.* names others", fields[0]);
	else if (!r->only_wanted && r->marked && !marked && !is_root)
		reading_ignore(r, "other lines are marked for the initramfs", fields[0]);
	else
		draft_add_fields(r, fields, said);
	if (*line)
		reading_ignore(r, "behind the fourth field", line);
}

/*
 * A crypttab in the initramfs may be the whole system's. When lines of it are marked (x-initrd.attach,
 * initramfs, dracut's force) they are meant; without any mark all are, and always the one that root= names. Then
 * only that one is sure to be: the key of another line may be on the root that is being opened.
 */
void crypttab_read(struct reading *r, const char *text, const char *path)
{
	unsigned used = r->plan->pool_used;

	if (!text_find(path, ".initramfs")) {
		r->looking = true;
		reading_lines(r, text, path, take_line);
		r->looking = false;
		r->plan->pool_used = used;
		r->unmarked = !r->marked && !r->only_wanted;
	}
	reading_lines(r, text, path, take_line);
	r->unmarked = false;
}
