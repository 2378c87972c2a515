/* SPDX-License-Identifier: MIT */
/* main - latchkey as a program of its own; initramfs/init.c has it in itself, too. */
#include "latchkey.h"

int main(int argc, char **argv)
{
	return latchkey_main(argc, argv);
}
