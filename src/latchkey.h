/* SPDX-License-Identifier: MIT */
/* latchkey - the whole program, for whoever is its main. */
#ifndef LATCHKEY_H
#define LATCHKEY_H

/* Do what @argv asks for (latchkey(8)). Returns the exit code: a cause of base/cause.h. */
int latchkey_main(int argc, char **argv);

#endif
