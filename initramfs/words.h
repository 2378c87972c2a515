/* SPDX-License-Identifier: MIT */
/*
 * words - the kernel command line, as far as it concerns init.
 *
 * text of /proc/cmdline  ->  struct words (pointers into that text)
 * Pure: opens nothing, prints nothing. What is not understood is collected, so that init
 * can name it once there is a console.
 */
#ifndef INITRAMFS_WORDS_H
#define INITRAMFS_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum { WORDS_OPTIONS_MAX = 16, WORDS_STRANGE_MAX = 16 };

/* A word that was not used, and why in a few words. */
struct strange_word {
	const char *word;
	const char *why;
};

/* Texts are NULL when the word is missing or empty; of a repeated word the last one counts. */
struct words {
	const char *device;			/* latchkey.device= as latchkey takes it: a path, UUID=... */
	const char *name;			/* latchkey.name=, default "root" */
	const char *key;			/* latchkey.key=, a path inside the image */
	const char *header;			/* latchkey.header= */
	const char *tries;			/* latchkey.tries=, a decimal number */
	const char *options[WORDS_OPTIONS_MAX]; /* latchkey.options= as options of `latchkey open` */
	size_t option_count;
	const char *root;	/* root=, NULL: the mapping */
	const char *rootfstype; /* rootfstype=, a comma list */
	const char *rootflags;	/* rootflags= */
	const char *init;	/* init= */
	bool rw;		/* the later one of ro and rw */
	int panic_s;		/* panic=: seconds until a reboot, 0 never, below 0 at once */
	struct strange_word strange[WORDS_STRANGE_MAX];
	size_t strange_count;
};

/*
 * Split @cmdline (it is changed, and @w points into it) as the kernel does: blanks
 * separate, double quotes protect blanks, "--" ends what is not for the real init.
 */
void words_parse(struct words *w, char *cmdline);

/*
 * Split a comma list of mount options into the flags of mount(2), added to @flags, and the
 * rest, which the filesystem reads, joined by commas in @data (@size bytes).
 * False when the rest does not fit.
 */
bool words_mount_options(const char *list, unsigned long *flags, char *data, size_t size);

#endif
