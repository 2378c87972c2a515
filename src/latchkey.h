/* SPDX-License-Identifier: MIT */
/* latchkey - the whole program, for a main function. */
#ifndef LATCHKEY_H
#define LATCHKEY_H

/* Do what @argv asks for (latchkey(8)). Returns the exit code: a cause of base/cause.h. */
int latchkey_main(int argc, char **argv);

/* The same with boot (options: --keymap) and close only: for the image of our own init, without a shell. */
int latchkey_image_main(int argc, char **argv);

#endif
