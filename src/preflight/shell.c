/* SPDX-License-Identifier: MIT */
/* shell - see shell.h. Parameters and what they do: docs/migration.md. */
#include "preflight/shell.h"
#include <string.h>

enum { FILES_MAX = 4 };

/* A parameter that prevents a shell, with one of these values; without any, with all but the empty one. */
struct closer {
	const char *name, *values[3];
};

static const struct closer panic = {"panic", {NULL}}, no_shell = {"rd.shell", {"0", "no", "off"}};

static const struct builder {
	const char *name;
	const char *in_image[FILES_MAX];  /* one of these is in each image that it makes */
	const char *on_system[FILES_MAX]; /* its configuration */
	const struct closer *closer;      /* of its shell */
	bool sulogin; /* with systemd in the image: sulogin follows a failure, and no password is set */
} builders[] = {
	{"dracut", {"/usr/lib/dracut-lib.sh", "/lib/dracut-lib.sh", "/usr/bin/dracut-cmdline"},
		{"/etc/dracut.conf", "/etc/dracut.conf.d", "/usr/lib/dracut/dracut.conf.d"}, &no_shell,
		false},
	{"initramfs-tools", {"/scripts/functions", "/conf/initramfs.conf"},
		{"/etc/initramfs-tools/initramfs.conf"}, &panic, false},
	{"mkinitcpio", {"/init_functions", "/buildconfig"}, {"/etc/mkinitcpio.conf"}, &panic, true},
	{"mkinitfs", {"/sbin/nlplug-findfs", "/usr/sbin/nlplug-findfs"}, {"/etc/mkinitfs/mkinitfs.conf"},
		&panic, false},
};
enum { BUILDERS = sizeof(builders) / sizeof(*builders) };

static bool has_value(const struct closer *c, struct span value)
{
	bool has = !*c->values && value.len;

	for (unsigned i = 0; i < sizeof(c->values) / sizeof(*c->values) && c->values[i]; i++)
		has |= span_is(value, c->values[i]);
	return has;
}

/* The last one counts. */
static bool closes(const struct closer *c, const char *cmdline)
{
	struct span rest = {cmdline, strlen(cmdline)}, word;
	size_t len = strlen(c->name);
	bool closed = false;

	while (lines_word(&rest, &word)) {
		struct span name = {word.at, len < word.len ? len : word.len};
		bool has_sign = word.len > len && word.at[len] == '=';

		if (span_is(name, c->name) && (has_sign || word.len == len))
			closed = has_sign &&
			         has_value(c, (struct span){word.at + len + 1, word.len - len - 1});
	}
	return closed;
}

static bool may_have_made_it(const struct builder *b, const struct machine *m)
{
	bool by_image = m->image->given && m->image->has_files;
	const char *const *files = by_image ? b->in_image : b->on_system;

	for (unsigned i = 0; i < FILES_MAX && files[i]; i++)
		if (machine_has_file(m, files[i]))
			return true;
	return false;
}

/* The hook systemd in an array of hooks: HOOKS=(base systemd block latchkey). */
static bool names_systemd(struct span line)
{
	struct span word;
	bool found = false;

	if (span_begins(line, "HOOKS="))
		while (!found && lines_word(&line, &word))
			found = span_begins(word, "systemd") || span_begins(word, "HOOKS=(systemd");
	return found;
}

static bool has_systemd(const struct machine *m)
{
	struct span rest, line;
	bool found = false;

	if (m->image->given && m->image->has_files)
		return image_has_file(m->image, "/usr/lib/systemd/systemd");
	if (lines_map(&rest, *m->root ? m->root : "/", "etc/mkinitcpio.conf"))
		while (!found && lines_next(&rest, '\n', &line))
			found = names_systemd(line);
	return found;
}

void shell_judge(const struct machine *m, struct findings *f)
{
	bool told = m->image->has_files && !image_has_program(m->image, "sh");

	for (unsigned i = 0; i < BUILDERS; i++) {
		const struct builder *b = &builders[i];

		if (!may_have_made_it(b, m))
			continue;
		told = true;
		if (!closes(b->closer, m->cmdline) && !(b->sulogin && has_systemd(m)))
			findings_add(f, WEIGHT_NOTE, CAUSE_OK, "configuration",
				"%s's image: without %s=%s a boot that fails can end in a shell for anyone; "
				"see docs/migration.md",
				b->name, b->closer->name,
				b->closer == &no_shell ? "0 rd.emergency=reboot" : "");
	}
	if (!told && !(closes(&panic, m->cmdline) && closes(&no_shell, m->cmdline)))
		findings_add(f, WEIGHT_NOTE, CAUSE_OK, "configuration",
			"unknown which program builds the image; without panic= (dracut: rd.shell=0) a "
			"boot that fails can end in a shell for anyone; see docs/migration.md");
}
