/* SPDX-License-Identifier: MIT */
/*
 * words - text cut into words: the kernel command line as the kernel cuts it (lib/cmdline.c, next_arg),
 * lists, yes and no.
 */
#ifndef CONFIG_WORDS_H
#define CONFIG_WORDS_H

#include <stddef.h>

/*
 * Cut the first word off @text, in place: blanks separate, double quotes protect blanks and are taken off
 * when they surround the word or its value. @name is NULL at the end and at "--", behind which everything is
 * for the real init; @value is NULL in a word without "=". Returns what follows.
 */
char *words_next(char *text, char **name, char **value);

/* "value" -> value, in place. */
char *words_unquote(char *text);

/* Cut @text at the first @c; NULL when there is none (or no text), else what follows. */
char *words_cut(char *text, char c);

/* The length of @start when @text begins with it, else 0. */
size_t words_begins(const char *text, const char *start);

/*
 * The index in @list, whose words are separated by blanks or commas, of @word; -1: not found. A * at the
 * end of a word in @list matches any rest.
 */
int words_index(const char *list, const char *word);

/* 1 for yes, True, ON and their like, 0 for no and its like, -1: neither. NULL is yes. */
int words_bool(const char *value);

#endif
