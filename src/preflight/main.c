/* SPDX-License-Identifier: MIT */
/*
 * latchkey-preflight - will the next boot open its volumes? A program of the installed system, not of the
 * image.
 *
 *     the boot configuration -> each volume: device, header, keyslots, keys
 *                            -> what the volumes need of the kernel and the image
 *
 * It only reads, and asks for no secret.
 */
#include "base/machine.h"
#include "base/relro.h"
#include "base/text.h"
#include "boot/config_files.h"
#include "preflight/shell.h"
#include "preflight/volume.h"
#include "secret/arena.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

struct preflight_options {
	bool quiet, json, help, version;
	const char *root, *kernel, *image, *memory, *cmdline, *crypttab, *config;
};

#define FIELD(member) offsetof(struct preflight_options, member)

static const struct {
	const char *name;
	size_t field;
	const char *value, *help; /* value NULL: the option takes none */
} table[] = {
	{"image", FIELD(image), "PATH",
		"the image: its unpacked folder, or a list of its files (-: standard input)"},
	{"kernel", FIELD(kernel), "VERSION", "check this kernel, not the running one"},
	{"memory", FIELD(memory), "MIB", "check for a machine with MIB MiB of memory"},
	{"root", FIELD(root), "DIR", "the installed system is in DIR: /etc, /boot, /lib/modules"},
	{"cmdline", FIELD(cmdline), "TEXT", "use TEXT instead of /proc/cmdline"},
	{"crypttab", FIELD(crypttab), "PATH", "use PATH instead of /etc/crypttab"},
	{"config", FIELD(config), "PATH", "use PATH instead of /etc/latchkey.conf"},
	{"quiet", FIELD(quiet), NULL, "print warnings and problems only"},
	{"json", FIELD(json), NULL, "print an object of JSON for each finding"},
	{"help", FIELD(help), NULL, "print this help"},
	{"version", FIELD(version), NULL, "print the version"},
};
enum { OPTIONS = sizeof(table) / sizeof(*table) };

static void print_help(void)
{
	char left[32];

	text_print(1,
		"Usage: latchkey-preflight [options]\n"
		"Check whether this machine can open each volume of the boot configuration at boot.\n\n");
	for (int i = 0; i < OPTIONS; i++) {
		text_format(left, sizeof(left), "--%s%s%s", table[i].name, table[i].value ? " " : "",
			table[i].value ? table[i].value : "");
		text_print(1, "  %-20s %s\n", left, table[i].help);
	}
	text_print(1, "\nThe exit code is 0 or that of the gravest finding, as listed in latchkey(8). "
		      "See latchkey-preflight(8).\n");
}

/* The row of @arg ("--name", "--name=value"), or -1. */
static int find_option(const char *arg, const char **value)
{
	size_t len = strcspn(arg, "=");

	*value = arg[len] ? arg + len + 1 : NULL;
	for (int i = 0; len > 2 && i < OPTIONS; i++)
		if (!strncmp(arg, "--", 2) && strlen(table[i].name) == len - 2 &&
			!strncmp(arg + 2, table[i].name, len - 2))
			return i;
	return -1;
}

static enum cause parse(int argc, char **argv, struct preflight_options *o, struct error *err)
{
	*o = (struct preflight_options){.quiet = false};
	for (int i = 1; i < argc; i++) {
		const char *value;
		int which = find_option(argv[i], &value);

		if (which < 0)
			return error_set(err, CAUSE_USAGE, "unknown argument %s; see --help", argv[i]);
		if (!table[which].value && value)
			return error_set(err, CAUSE_USAGE, "--%s takes no value", table[which].name);
		if (!table[which].value) {
			*(bool *)((char *)o + table[which].field) = true;
			continue;
		}
		if (!value)
			value = argv[++i];
		if (!value)
			return error_set(err, CAUSE_USAGE, "--%s needs a value", table[which].name);
		memcpy((char *)o + table[which].field, &value, sizeof(value));
	}
	return CAUSE_OK;
}

static void judge_configuration(const struct plan *plan, struct findings *f)
{
	for (unsigned i = 0; i < plan->note_count; i++)
		findings_add(f, plan->notes[i].bad ? WEIGHT_WARNING : WEIGHT_NOTE, CAUSE_USAGE,
			"configuration", "%s", plan->notes[i].text);
	if (plan->root_left_out)
		findings_add(f, WEIGHT_PROBLEM, CAUSE_USAGE, "configuration",
			"root= names %s, but its line was left out", plan->root_left_out);
	if (!plan->count)
		findings_add(f, WEIGHT_WARNING, CAUSE_USAGE, "configuration",
			"no volume on the kernel command line, in crypttab or in latchkey.conf");
}

static void judge(const struct plan *plan, const struct preflight_options *o, const struct machine *m,
	struct findings *f)
{
	struct kernel_files kernel;
	struct needs needs = {.whose = {NULL}};

	judge_configuration(plan, f);
	if (m->image->has_files && !image_has_program(m->image, "latchkey"))
		findings_add(f, WEIGHT_PROBLEM, CAUSE_USAGE, "image",
			"does not contain latchkey; see initramfs/README.md for the builder's hook");
	for (unsigned i = 0; i < plan->count; i++)
		volume_judge(&plan->volumes[i], m, &needs, f);
	needs_read_kernel(&kernel, m->root, o->kernel);
	needs_judge(&needs, &kernel, m->image, f);
}

/* @path, or @name below @root; if it does not exist, an empty file. NULL: the default path. */
static const char *config_path(const char *path, const char *root, const char *name, char *buf, size_t size)
{
	if (path || !*root)
		return path;
	return text_join(buf, size, root, name, "") && !access(buf, F_OK) ? buf : "/dev/null";
}

static enum cause run(struct preflight_options *o, struct findings *f, struct error *err)
{
	static struct config_files files;
	static struct plan plan;
	static struct image image;
	static char root[2048], crypttab[4096], config[4096];
	struct machine m = {root, machine_memory_total_kib(), &image, NULL};
	uint64_t mib;
	enum cause cause = CAUSE_OK;

	text_format(root, sizeof(root), "%s", o->root ? o->root : "");
	for (size_t len = strlen(root); len && root[len - 1] == '/'; len--)
		root[len - 1] = 0;
	if (o->root && access(o->root, X_OK))
		return error_set_os(err, CAUSE_USAGE, errno, "--root: %s: cannot be read", o->root);
	if (o->memory && (!text_parse_u64(o->memory, &mib) || !mib || mib > UINT64_MAX >> 20))
		return error_set(err, CAUSE_USAGE, "--memory: \"%s\" is not a number of MiB", o->memory);
	if (o->memory)
		m.memory_kib = mib << 10;
	cause = config_files_read(&files, o->cmdline,
		config_path(o->crypttab, root, "/etc/crypttab", crypttab, sizeof(crypttab)),
		config_path(o->config, root, "/etc/latchkey.conf", config, sizeof(config)), err);
	if (!cause && o->image)
		cause = image_read(&image, o->image, err);
	if (cause)
		return cause;
	m.cmdline = files.plan.cmdline;
	plan_make(&files.plan, &plan);
	shell_judge(&m, f);
	judge(&plan, o, &m, f);
	return findings_cause(f);
}

int main(int argc, char **argv)
{
	struct preflight_options o;
	struct findings f = {.quiet = false};
	struct error err = {.text = ""};
	enum cause cause = parse(argc, argv, &o, &err);

	relro_protect();
	if (!cause && (o.help || o.version)) {
		if (o.help)
			print_help();
		else
			text_print(1, "latchkey-preflight %s\n", LATCHKEY_VERSION);
	} else if (!cause) {
		f.quiet = o.quiet;
		f.json = o.json;
		cause = arena_open(&err);
		if (!cause)
			cause = run(&o, &f, &err);
		arena_close();
	}
	if (!cause && text_output_lost())
		cause = error_set(&err, CAUSE_USAGE, "standard output cannot be written");
	if (cause && err.text[0])
		text_print(2, "latchkey-preflight: %s\n", err.text);
	return (int)cause;
}
