/* SPDX-License-Identifier: MIT */
/* main - latchkey as a program of its own; init/init.c contains it, too. */
#include "latchkey.h"

int main(int argc, char **argv)
{
	return latchkey_main(argc, argv);
}
