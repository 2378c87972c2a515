/* SPDX-License-Identifier: MIT */
/* lines - text files of any size, line by line, and the names of kernel modules in them. */
#ifndef PREFLIGHT_LINES_H
#define PREFLIGHT_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* A part of a text; no NUL behind it. */
struct span {
	const char *at;
	size_t len;
};

/* The file @folder/@name, mapped until the program ends. False: there is none that can be read. */
bool lines_map(struct span *file, const char *folder, const char *name);

/* What can be read of the file @path at once, for files without a size, as in /proc. False: nothing. */
bool lines_read(struct span *file, const char *path, char *buf, size_t size);

/*
 * Cut the next line off @rest, which ends with @end ('\n', or NUL for modules.builtin.modinfo). False: none
 * is left.
 */
bool lines_next(struct span *rest, char end, struct span *line);

/* Cut the next word off @line; blanks and tabs separate. False: none is left. */
bool lines_word(struct span *line, struct span *word);

bool span_is(struct span s, const char *text);
bool span_begins(struct span s, const char *text);

/* What follows the last slash. */
struct span span_base(struct span path);

/* "kernel/crypto/xts.ko.zst:" -> "xts"; a name without .ko stays as it is. */
struct span span_module(struct span path);

/* The same module? - and _ are one. */
bool span_same_module(struct span a, struct span b);

#endif
