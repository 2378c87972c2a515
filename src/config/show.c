/* SPDX-License-Identifier: MIT */
/* show - a plan for people: `latchkey boot --show`. */
#include "base/text.h"
#include "config/options.h"
#include <string.h>

/* A line begins with its newline, so that a text that is cut because it is too long does not take it away. */

/* A text that may be missing, with a word in front of it. */
static void say(int fd, const char *word, const char *text)
{
	if (text)
		text_print(fd, "%s%s", word, text);
}

static void show_key(int fd, const struct plan_key *key)
{
	text_print(fd, "\n  key ");
	say(fd, "", key->path);
	say(fd, key->path ? " on " : "", key->device);
	say(fd, " type ", key->fstype);
	if (key->size_bytes)
		text_print(fd, ", %llu bytes", (unsigned long long)key->size_bytes);
	if (key->size_bytes || key->offset_bytes)
		text_print(fd, " from byte %llu", (unsigned long long)key->offset_bytes);
	if (key->optional)
		text_print(fd, ", if it is there");
}

/* By enum plan_need. */
static const char *const needs[] = {"yes", "no, nofail",
	"no, root= names another volume and this line is not marked", "no, noauto: not opened"};

static void show_volume(int fd, const struct plan_volume *v)
{
	char options[512];

	say(fd, "volume ", v->name);
	say(fd, "\n  device ", v->device);
	say(fd, "\n  from ", v->where);
	say(fd, "\n  needed ", needs[v->need]);
	for (unsigned i = 0; i < v->key_count; i++)
		show_key(fd, &v->keys[i]);
	say(fd, "\n  header ", v->header.path);
	say(fd, " on ", v->header.device);
	options_show(v, options, sizeof(options));
	say(fd, "\n  options ", *options ? options : NULL);
	text_print(fd, "\n");
}

static void show_limit(int fd, const char *word, unsigned n)
{
	if (n)
		text_print(fd, "%s %u", word, n);
	else
		text_print(fd, "%s no limit", word);
}

void plan_show(const struct plan *p, int fd)
{
	static const char afters[][9] = {"ask", "poweroff", "reboot", "fail"};

	for (unsigned i = 0; i < p->count; i++)
		show_volume(fd, &p->volumes[i]);
	show_limit(fd, "tries", p->tries);
	say(fd, ", after ", afters[p->after]);
	show_limit(fd, ", give-up", p->give_up_s);
	say(fd, "", p->headless ? ", headless" : NULL);
	say(fd, ", passfifo ", p->passfifo);
	say(fd, "\nwrong: the volume of root= was skipped: ", p->root_left_out);
	for (unsigned i = 0; i < p->note_count; i++)
		say(fd, p->notes[i].bad ? "\nwrong: " : "\nnote: ", p->notes[i].text);
	say(fd, "\nnote: ", p->notes_lost ? "more notes than fit here" : NULL);
	text_print(fd, "\n");
}
