/* SPDX-License-Identifier: MIT */
/*
 * filter - which system calls a token program may still make: seccomp(2).
 *
 * It talks to a device that may be false and reads a header that may be hostile. What it needs is few: it has
 * its descriptors, and opens nothing.
 */
#ifndef TOKEN_FILTER_H
#define TOKEN_FILTER_H

enum filter {
	/* Those of FILTER_WITH_MEMORY, and what a few threads need among themselves: Argon2. */
	FILTER_WITH_THREADS,
	/* Those of FILTER_WITH_MEMORY, and to connect to servers by IPv4 and IPv6. */
	FILTER_WITH_NETWORK,
	/* Those of FILTER_BARE, and to map and lock memory, and to install another filter. */
	FILTER_WITH_MEMORY,
	FILTER_BARE, /* read, write, ppoll, getrandom, clock_gettime, munmap, exit */
};

/*
 * From now on any other call ends the process. A second filter only takes away.
 * Silent where the kernel has no seccomp: it is a protection from unknown faults of ours.
 */
void filter_install(enum filter which);

#endif
