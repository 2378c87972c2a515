/* SPDX-License-Identifier: MIT */
/* words - the kernel command line, cut into words as the kernel does (lib/cmdline.c, next_arg). */
#ifndef CONFIG_WORDS_H
#define CONFIG_WORDS_H

/*
 * Cut the first word off @text, in place: blanks separate, double quotes protect blanks and are taken off
 * when they surround the word or its value. @name is NULL at the end and at "--", behind which everything is
 * for the real init; @value is NULL in a word without "=". Returns what follows.
 */
char *words_next(char *text, char **name, char **value);

#endif
