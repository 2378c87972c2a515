/* SPDX-License-Identifier: MIT */
/* words - see words.h. */
#include "words.h"
#include "base/text.h"
#include "config/words.h"
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

/* Words whose value is kept as it stands. */
static const struct {
	const char *name;
	size_t member;
} plain_words[] = {
	{"latchkey.device", offsetof(struct words, device)},
	{"latchkey.key", offsetof(struct words, key)},
	{"latchkey.header", offsetof(struct words, header)},
	{"root", offsetof(struct words, root)},
	{"rootfstype", offsetof(struct words, rootfstype)},
	{"rootflags", offsetof(struct words, rootflags)},
	{"init", offsetof(struct words, init)},
};

/* latchkey.options=: crypttab's names, and latchkey's own where they differ. */
static const struct {
	const char *name, *option;
} open_options[] = {
	{"readonly", "--readonly"},
	{"read-only", "--readonly"},
	{"allow-discards", "--allow-discards"},
	{"discard", "--allow-discards"},
	{"same-cpu-crypt", "--perf-same_cpu_crypt"},
	{"perf-same_cpu_crypt", "--perf-same_cpu_crypt"},
	{"submit-from-crypt-cpus", "--perf-submit_from_crypt_cpus"},
	{"perf-submit_from_crypt_cpus", "--perf-submit_from_crypt_cpus"},
	{"no-read-workqueue", "--perf-no_read_workqueue"},
	{"perf-no_read_workqueue", "--perf-no_read_workqueue"},
	{"no-write-workqueue", "--perf-no_write_workqueue"},
	{"perf-no_write_workqueue", "--perf-no_write_workqueue"},
	{"high-priority", "--perf-high_priority"},
	{"perf-high_priority", "--perf-high_priority"},
	{"disable-keyring", "--disable-keyring"},
	{"verbose", "--verbose"},
};

/* Mount options that are flags of mount(2); a filesystem would refuse them as text. */
static const struct {
	const char *name;
	unsigned long set, clear;
} mount_flags[] = {
	{"ro", MS_RDONLY, 0},
	{"rw", 0, MS_RDONLY},
	{"defaults", 0, 0},
	{"noatime", MS_NOATIME, MS_RELATIME},
	{"nodiratime", MS_NODIRATIME, 0},
	{"relatime", MS_RELATIME, MS_NOATIME},
	{"strictatime", MS_STRICTATIME, MS_NOATIME | MS_RELATIME},
	{"lazytime", 1UL << 25, 0}, /* MS_LAZYTIME, which musl does not name */
	{"nodev", MS_NODEV, 0},
	{"nosuid", MS_NOSUID, 0},
	{"noexec", MS_NOEXEC, 0},
	{"sync", MS_SYNCHRONOUS, 0},
	{"dirsync", MS_DIRSYNC, 0},
};

enum { NAME_MAX_BYTES = 127, TRIES_MAX = 1000000 };

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void complain(struct words *w, const char *word, const char *why)
{
	if (w->strange_count < WORDS_STRANGE_MAX)
		w->strange[w->strange_count++] = (struct strange_word){word, why};
}

static void add_option(struct words *w, const char *name)
{
	for (size_t i = 0; i < COUNT(open_options); i++) {
		if (strcmp(name, open_options[i].name))
			continue;
		if (w->option_count < WORDS_OPTIONS_MAX)
			w->options[w->option_count++] = open_options[i].option;
		else
			complain(w, name, "too many options in latchkey.options=");
		return;
	}
	complain(w, name, "not an option that latchkey.options= knows");
}

static void add_options(struct words *w, char *list)
{
	char *next;

	for (; list; list = next) {
		next = strchr(list, ',');
		if (next)
			*next++ = 0;
		if (*list)
			add_option(w, list);
	}
}

static void set_tries(struct words *w, const char *value)
{
	uint64_t n;

	if (text_parse_u64(value, &n) && n <= TRIES_MAX)
		w->tries = value;
	else
		complain(w, "latchkey.tries", "its value is not a number up to 1000000");
}

/* Other characters are spelled differently in the node's name: no word needs them. */
static void set_name(struct words *w, const char *value)
{
	size_t plain =
		strspn(value, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ#+-.:=@_");

	if (value[plain] || plain > NAME_MAX_BYTES)
		complain(w, "latchkey.name", "its value may have up to 127 of 0-9 A-Z a-z # + - . : = @ _");
	else
		w->name = plain ? value : NULL;
}

static void set_panic(struct words *w, const char *value)
{
	bool minus = *value == '-';
	uint64_t n;

	if (!text_parse_u64(value + minus, &n) || n > INT32_MAX)
		complain(w, "panic", "its value is not a number");
	else
		w->panic_s = minus ? -(int)n : (int)n;
}

static bool set_plain(struct words *w, const char *name, const char *value)
{
	for (size_t i = 0; i < COUNT(plain_words); i++) {
		if (strcmp(name, plain_words[i].name))
			continue;
		*(const char **)((char *)w + plain_words[i].member) = *value ? value : NULL;
		return true;
	}
	return false;
}

static void take_word(struct words *w, const char *name, char *value)
{
	if (!strcmp(name, "ro") || !strcmp(name, "rw")) {
		w->rw = name[1] == 'w';
	} else if (!strcmp(name, "panic")) {
		set_panic(w, value);
	} else if (!strcmp(name, "latchkey.tries")) {
		set_tries(w, value);
	} else if (!strcmp(name, "latchkey.name")) {
		set_name(w, value);
	} else if (!strcmp(name, "latchkey.options")) {
		add_options(w, value);
	} else if (!set_plain(w, name, value) && !strncmp(name, "latchkey.", 9)) {
		complain(w, name, "no such word");
	}
}

void words_parse(struct words *w, char *cmdline)
{
	char *name, *value;

	*w = (struct words){.name = NULL};
	while (cmdline = words_next(cmdline, &name, &value), name)
		take_word(w, name, value ? value : name + strlen(name));
	if (!w->name)
		w->name = "root";
}

/* Is the @len bytes long option @text a flag? Then apply it. */
static bool apply_flag(const char *text, size_t len, unsigned long *flags)
{
	for (size_t i = 0; i < COUNT(mount_flags); i++) {
		if (strlen(mount_flags[i].name) != len || memcmp(mount_flags[i].name, text, len))
			continue;
		*flags = (*flags & ~mount_flags[i].clear) | mount_flags[i].set;
		return true;
	}
	return false;
}

bool words_mount_options(const char *list, unsigned long *flags, char *data, size_t size)
{
	size_t used = 0, len;

	for (; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (!len || apply_flag(list, len, flags))
			continue;
		if (used + len + 2 > size)
			return false;
		if (used)
			data[used++] = ',';
		memcpy(data + used, list, len);
		used += len;
	}
	data[used] = 0;
	return true;
}
