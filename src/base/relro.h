/* SPDX-License-Identifier: MIT */
/*
 * relro - make the relocated data read-only, as the program header PT_GNU_RELRO asks.
 *
 * The dynamic loader does it for other programs. A static-pie of musl relocates itself and leaves out this
 * step.
 */
#ifndef BASE_RELRO_H
#define BASE_RELRO_H

/* Call once, first of all. Failing to is silent: it is a protection from unknown faults of ours. */
void relro_protect(void);

#endif
