/* SPDX-License-Identifier: MIT */
/* show - a plan for people, or as JSON for programs: `latchkey boot --show`. */
#include "base/text.h"
#include "config/volume_options.h"
#include <string.h>

/* A line begins with its newline, so that a text that is cut because it is too long does not take it away. */

/* Where it goes, and as what. */
struct out {
	int fd;
	bool json;
};

/* A text that may be missing, with a word in front of it. */
static void say(int fd, const char *word, const char *text)
{
	if (text)
		text_print(fd, "%s%s", word, text);
}

/* A line, or a member of an object. */
static void member(const struct out *o, const char *name, const char *text)
{
	if (o->json)
		text_print_member(o->fd, ", ", name, text);
	else if (text)
		text_print(o->fd, "\n  %s %s", name, text);
}

static void truth(const struct out *o, const char *name, bool yes)
{
	text_print(o->fd, ", \"%s\": %s", name, yes ? "true" : "false");
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

static void json_key(const struct out *o, const char *before, const struct plan_key *key)
{
	text_print(o->fd, "%s{\"size\": %llu, \"offset\": %llu", before, (unsigned long long)key->size_bytes,
		(unsigned long long)key->offset_bytes);
	truth(o, "optional", key->optional);
	member(o, "path", key->path);
	member(o, "device", key->device);
	member(o, "fstype", key->fstype);
	text_print(o->fd, "}");
}

static void show_keys(const struct out *o, const struct plan_volume *v)
{
	for (unsigned i = 0; i < v->key_count; i++)
		if (o->json)
			json_key(o, i ? ", " : ", \"keys\": [", &v->keys[i]);
		else
			show_key(o->fd, &v->keys[i]);
	if (o->json)
		text_print(o->fd, v->key_count ? "]" : ", \"keys\": []");
}

/* By enum plan_need. */
static const char *const needs[] = {"yes", "no, nofail",
	"no, root= names another volume and this line is not marked", "no, noauto: not opened"};
static const char need_words[][9] = {"yes", "nofail", "unmarked", "noauto"};

static void show_volume(const struct out *o, const struct plan_volume *v)
{
	char options[512];

	if (o->json)
		text_print_member(o->fd, "{", "volume", v->name);
	else
		say(o->fd, "volume ", v->name);
	member(o, "device", v->device);
	member(o, "from", v->where);
	member(o, "needed", o->json ? need_words[v->need] : needs[v->need]);
	show_keys(o, v);
	member(o, "header", v->header.path);
	if (o->json)
		member(o, "header_device", v->header.device);
	else
		say(o->fd, " on ", v->header.device);
	volume_options_show(v, options, sizeof(options));
	member(o, "options", *options ? options : NULL);
	text_print(o->fd, o->json ? "}\n" : "\n");
}

static const char afters[][10] = {"ask again", "power off", "reboot", "fail"};

static void show_rest(const struct plan *p, int fd)
{
	text_print(fd, p->tries ? "tries: %u" : "tries: no limit", p->tries);
	say(fd, "; then: ", afters[p->after]);
	text_print(fd, p->give_up_s ? "; give up: after %u s" : "; give up: never", p->give_up_s);
	say(fd, "", p->headless ? "; headless" : NULL);
	say(fd, "; passfifo: ", p->passfifo);
	say(fd, "\nwrong: the volume of root= was skipped: ", p->root_left_out);
	for (unsigned i = 0; i < p->note_count; i++)
		say(fd, p->notes[i].bad ? "\nwrong: " : "\nnote: ", p->notes[i].text);
	say(fd, "\nnote: ", p->notes_lost ? "more notes than fit here" : NULL);
	text_print(fd, "\n");
}

static void json_rest(const struct plan *p, const struct out *o)
{
	text_print(o->fd, "{\"tries\": %u, \"give_up\": %u", p->tries, p->give_up_s);
	member(o, "then", afters[p->after]);
	truth(o, "headless", p->headless);
	member(o, "passfifo", p->passfifo);
	member(o, "root_skipped", p->root_left_out);
	truth(o, "notes_lost", p->notes_lost);
	for (unsigned i = 0; i < p->note_count; i++) {
		text_print_member(o->fd, "}\n{", "note", p->notes[i].text);
		truth(o, "skipped", p->notes[i].bad);
	}
	text_print(o->fd, "}\n");
}

void plan_show(const struct plan *p, int fd, bool json)
{
	const struct out o = {fd, json};

	for (unsigned i = 0; i < p->count; i++)
		show_volume(&o, &p->volumes[i]);
	if (json)
		json_rest(p, &o);
	else
		show_rest(p, fd);
}
