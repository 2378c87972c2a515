/* SPDX-License-Identifier: MIT */
/* show - a plan for people: `latchkey boot --show`. */
#include "base/text.h"
#include "config/draft.h"
#include <string.h>

/* "WORD TEXT", without what could drive a terminal. */
static void say(int fd, const char *word, const char *text)
{
	char safe[768];

	text_escape(safe, sizeof(safe), text);
	text_print(fd, "%s%s", word, safe);
}

static void show_key(int fd, const struct plan_key *key)
{
	say(fd, "  key ", key->path ? key->path : key->device);
	if (key->path && key->device)
		say(fd, " on ", key->device);
	if (key->fstype)
		say(fd, " type ", key->fstype);
	if (key->size_bytes)
		text_print(fd, ", %llu bytes", (unsigned long long)key->size_bytes);
	if (key->offset_bytes)
		text_print(fd, ", from byte %llu", (unsigned long long)key->offset_bytes);
	text_print(fd, "%s\n", key->optional ? ", if it is there" : "");
}

static void show_volume(int fd, const struct plan_volume *v)
{
	char options[512];

	say(fd, "volume ", v->name);
	say(fd, "\n  device ", v->device);
	say(fd, "\n  from ", v->where);
	text_print(fd, "\n");
	for (unsigned i = 0; i < v->key_count; i++)
		show_key(fd, &v->keys[i]);
	if (v->header.path) {
		say(fd, "  header ", v->header.path);
		if (v->header.device)
			say(fd, " on ", v->header.device);
		text_print(fd, "\n");
	}
	options_show(v, options, sizeof(options));
	if (*options)
		text_print(fd, "  options %s\n", options);
}

void plan_show(const struct plan *p, int fd)
{
	for (unsigned i = 0; i < p->count; i++)
		show_volume(fd, &p->volumes[i]);
	text_print(fd, "tries %u\nafter %s\n", p->tries, options_after(p->after));
	if (p->headless)
		text_print(fd, "headless\n");
	if (p->give_up_s)
		text_print(fd, "give-up %u\n", p->give_up_s);
	if (p->passfifo)
		say(fd, "passfifo ", p->passfifo);
	if (p->passfifo)
		text_print(fd, "\n");
	for (unsigned i = 0; i < p->note_count; i++)
		text_print(fd, "%s: %s\n", p->notes[i].bad ? "wrong" : "note", p->notes[i].text);
	if (p->notes_lost)
		text_print(fd, "note: there is more to say than fits here\n");
}
