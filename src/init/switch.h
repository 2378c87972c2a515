/* SPDX-License-Identifier: MIT */
/*
 * switch - leave the initramfs for the real root.
 *
 * Two phases with different manners: switch_check changes nothing and may say no; after it
 * switch_root destroys the initramfs, so there is no way back.
 */
#ifndef INIT_SWITCH_H
#define INIT_SWITCH_H

#include <stdbool.h>

/*
 * May we leave for @root, the directory where the new root is mounted? @init: the wanted
 * program (init=), or NULL for the usual places.
 * Returns the program to run, as a path on the new root; NULL with the reason said.
 */
const char *switch_check(const char *root, const char *init);

/*
 * Move the mounts, delete the initramfs, make @root the root and run @program there with
 * argv[1..]. Returns only when the program cannot be run, with the reason said.
 */
void switch_root(const char *root, const char *program, char **argv);

#endif
