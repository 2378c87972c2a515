/* SPDX-License-Identifier: MIT */
/* keymap - see keymap.h. */
#include "init/keymap.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/os.h"
#include "base/text.h"
#include "init/console.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/keyboard.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "/etc/keymaps/"
#define MAGIC "bkeymap"

enum {
	MAPS_OFF = sizeof(MAGIC) - 1,
	MAPS = 256,
	HEAD_BYTES = MAPS_OFF + MAPS,
	KEYS = 128,
	MAP_BYTES = 2 * KEYS,
	ACCENT_BYTES = 12,
	ACCENTS_MAX = 256,
	FILE_MAX_BYTES = HEAD_BYTES + MAPS * MAP_BYTES + ACCENTS_MAX * ACCENT_BYTES
};

/* Where the table of accents in @file of @len bytes begins; 0: this is no keymap. */
static size_t find_accents(const uint8_t *file, size_t len)
{
	size_t at = HEAD_BYTES;

	if (len < HEAD_BYTES || memcmp(file, MAGIC, MAPS_OFF))
		return 0;
	for (unsigned map = 0; map < MAPS; map++)
		at += file[MAPS_OFF + map] ? MAP_BYTES : 0;
	return at > len || (len - at) % ACCENT_BYTES ? 0 : at;
}

/* False: the kernel refused one. */
static bool set_keys(int tty, const uint8_t *file)
{
	const uint8_t *value = file + HEAD_BYTES;
	bool all = true;

	for (unsigned map = 0; map < MAPS; map++)
		for (unsigned key = 0; file[MAPS_OFF + map] && key < KEYS; key++, value += 2) {
			struct kbentry e = {(uint8_t)map, (uint8_t)key, bytes_le16(value)};

			all &= !os_ioctl(tty, KDSKBENT, &e);
		}
	return all;
}

static bool set_accents(int tty, const uint8_t *from, size_t len)
{
	static struct kbdiacrsuc all;

	if (!len)
		return true;
	for (all.kb_cnt = 0; len && all.kb_cnt < sizeof(all.kbdiacruc) / sizeof(*all.kbdiacruc);
		all.kb_cnt++, from += ACCENT_BYTES, len -= ACCENT_BYTES)
		all.kbdiacruc[all.kb_cnt] =
			(struct kbdiacruc){bytes_le32(from), bytes_le32(from + 4), bytes_le32(from + 8)};
	return !os_ioctl(tty, KDSKBDIACRUC, &all);
}

static bool load(const char *path, const char *name)
{
	static uint8_t file[FILE_MAX_BYTES + 1];
	ssize_t len = file_read(path, file, sizeof(file));
	size_t accents = len < 0 ? 0 : find_accents(file, (size_t)len);
	int tty;

	if (len < 0 && errno == ENOENT && !strcmp(name, "us"))
		return false; /* the kernel's own */
	if (!accents) {
		console_say("keymap %s: %s", name,
			len >= 0          ? "damaged"
			: errno != ENOENT ? text_errno(errno)
					  : "not in this image (mkimage --keymap); the kernel's own is used");
		return false;
	}
	tty = os_open("/dev/tty0", O_RDWR | O_NOCTTY);
	if (tty < 0) {
		console_tell("keymap %s not loaded: there is no screen", name);
		return false;
	}
	/* First: in any other mode the kernel takes no values beyond ASCII. */
	(void)os_ioctl_number(tty, KDSKBMODE, K_UNICODE);
	text_print(tty, "\033%%G");
	if (!set_keys(tty, file) || !set_accents(tty, file + accents, (size_t)len - accents))
		console_say("keymap %s: the kernel refused some keys", name);
	close(tty);
	return true;
}

const char *keymap_load(const char *wanted)
{
	static char name[KEYMAP_NAME_BYTES];
	char path[sizeof(FOLDER) + KEYMAP_NAME_BYTES];
	const char *slash = wanted ? strrchr(wanted, '/') : NULL;
	ssize_t len;

	text_format(name, sizeof(name), "%s", slash ? slash + 1 : wanted ? wanted : "");
	if (!wanted) {
		len = readlink(FOLDER "default", name, sizeof(name) - 1);
		name[len > 0 ? len : 0] = 0;
	}
	text_format(path, sizeof(path), FOLDER "%s", name);
	return *name && load(path, name) ? name : NULL;
}
