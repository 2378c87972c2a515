/* SPDX-License-Identifier: MIT */
/*
 * cmdline - the kernel command line, as far as it concerns init; what is to be unlocked is latchkey's own
 * matter.
 *
 * text of /proc/cmdline  ->  struct init_cmdline (pointers into that text)
 * Pure: opens nothing, prints nothing.
 */
#ifndef INIT_CMDLINE_H
#define INIT_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

enum { INIT_ARRAYS_MAX = 4 };

/* Texts are NULL when the word is missing or empty; of a repeated word the last one counts. */
struct init_cmdline {
	const char *root;                    /* root=: a path, UUID= and the like; NULL: the first mapping */
	const char *rootfstype;              /* rootfstype=, a comma list */
	const char *rootflags;               /* rootflags= */
	const char *init;                    /* init= */
	const char *keymap;                  /* keymap=, vconsole.keymap=, rd.vconsole.keymap= */
	const char *arrays[INIT_ARRAYS_MAX]; /* the values of md=; more are not kept */
	unsigned array_count;
	bool rw;               /* the later one of ro and rw */
	bool root_wait;        /* rootwait: no limit */
	unsigned root_wait_s;  /* the longest of rootwait=N and rootdelay=N; 0: neither is given */
	bool quiet;            /* print only errors and what is waited for */
	int panic_s;           /* panic=: seconds until a reboot, 0 never, below 0 at once */
	const char *bad_panic; /* a value of panic= that is no number, and not used; NULL */
};

/*
 * Split @cmdline (it is changed, and @w points into it) as the kernel does: blanks
 * separate, double quotes protect blanks, "--" ends what is not for the real init.
 */
void init_cmdline_parse(struct init_cmdline *w, char *cmdline);

/*
 * root=MAJOR:MINOR, or both as the hexadecimal number that the kernel makes of them ("fe02"). False: @spec is
 * neither.
 */
bool init_cmdline_device_number(const char *spec, unsigned *major, unsigned *minor);

/*
 * Split a comma list of mount options into the flags of mount(2), added to @flags, and the
 * rest, which the filesystem reads, joined by commas in @data (@size bytes).
 * False when the rest does not fit.
 */
bool init_cmdline_mount_options(const char *list, unsigned long *flags, char *data, size_t size);

#endif
