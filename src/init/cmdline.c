/* SPDX-License-Identifier: MIT */
/* cmdline - see cmdline.h. */
#include "init/cmdline.h"
#include "base/text.h"
#include "config/words.h"
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

/* Words whose value is kept unchanged. */
static const struct {
	const char *name;
	size_t member;
} plain_words[] = {
	{"root", offsetof(struct init_cmdline, root)},
	{"rootfstype", offsetof(struct init_cmdline, rootfstype)},
	{"rootflags", offsetof(struct init_cmdline, rootflags)},
	{"init", offsetof(struct init_cmdline, init)},
	{"keymap", offsetof(struct init_cmdline, keymap)},
	{"vconsole.keymap", offsetof(struct init_cmdline, keymap)},
	{"rd.vconsole.keymap", offsetof(struct init_cmdline, keymap)},
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

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void set_panic(struct init_cmdline *w, const char *value)
{
	bool minus = *value == '-';
	uint64_t n;

	if (!text_parse_u64(value + minus, &n) || n > INT32_MAX)
		w->bad_panic = value;
	else
		w->panic_s = minus ? -(int)n : (int)n;
}

static void set_plain(struct init_cmdline *w, const char *name, const char *value)
{
	for (size_t i = 0; i < COUNT(plain_words); i++)
		if (!strcmp(name, plain_words[i].name))
			*(const char **)((char *)w + plain_words[i].member) = *value ? value : NULL;
}

static void take_word(struct init_cmdline *w, const char *name, char *value)
{
	uint64_t n;

	if (!strcmp(name, "ro") || !strcmp(name, "rw")) {
		w->rw = name[1] == 'w';
	} else if (!strcmp(name, "panic")) {
		set_panic(w, value);
	} else if (!strcmp(name, "md")) {
		if (w->array_count < INIT_ARRAYS_MAX)
			w->arrays[w->array_count++] = value;
	} else if (!strcmp(name, "quiet")) {
		w->quiet = true;
	} else if (!strcmp(name, "rootwait") && !*value) {
		w->root_wait = true;
	} else if (!strcmp(name, "rootwait") || !strcmp(name, "rootdelay")) {
		if (text_parse_u64(value, &n) && n <= INT32_MAX && n > w->root_wait_s)
			w->root_wait_s = (unsigned)n;
	} else {
		set_plain(w, name, value);
	}
}

void init_cmdline_parse(struct init_cmdline *w, char *cmdline)
{
	char *name, *value;

	*w = (struct init_cmdline){.root = NULL};
	while (cmdline = words_next(cmdline, &name, &value), name)
		take_word(w, name, value ? value : name + strlen(name));
}

bool init_cmdline_device_number(const char *spec, unsigned *major, unsigned *minor)
{
	char digits[16];
	const char *colon = strchr(spec, ':'), *p = spec;
	size_t len = colon ? (size_t)(colon - spec) : 0;
	uint64_t first, second;
	unsigned n = 0;

	if (colon && len < sizeof(digits)) {
		memcpy(digits, spec, len);
		digits[len] = 0;
		if (!text_parse_u64(digits, &first) || !text_parse_u64(colon + 1, &second) ||
			first > UINT32_MAX || second > UINT32_MAX)
			return false;
		*major = (unsigned)first;
		*minor = (unsigned)second;
		return true;
	}
	for (; text_hex_digit(*p) >= 0; p++)
		n = n << 4 | (unsigned)text_hex_digit(*p);
	/*
	 * Twelve bits of the minor number were not enough one day: the rest is above (new_decode_dev).
	 */
	*major = n >> 8 & 0xfff;
	*minor = (n & 0xff) | (n >> 12 & 0xfff00);
	return !*p && p != spec && p - spec <= 8;
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

bool init_cmdline_mount_options(const char *list, unsigned long *flags, char *data, size_t size)
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
