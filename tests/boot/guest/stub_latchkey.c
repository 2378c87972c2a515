/* SPDX-License-Identifier: MIT */
/*
 * stub_latchkey - stands in for `latchkey boot` where a test is about what init does afterwards.
 *
 * latchkey.name= on the kernel command line says how to end: "exit-N" with code N, "kill-N" by signal N.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char line[4096] = "", *how;
	FILE *f = fopen("/proc/cmdline", "r");

	if (argc != 2 || strcmp(argv[1], "boot") || !f || !fgets(line, sizeof(line), f))
		return 99;
	how = strstr(line, "latchkey.name=");
	if (!how)
		return 98;
	how += strlen("latchkey.name=");
	if (!strncmp(how, "kill-", 5))
		raise(atoi(how + 5));
	return !strncmp(how, "exit-", 5) ? atoi(how + 5) : 97;
}
