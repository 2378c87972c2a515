/* SPDX-License-Identifier: MIT */
/* machine - what this machine has: memory and processors. */
#ifndef BASE_MACHINE_H
#define BASE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * KiB that can be had without swapping: MemAvailable of /proc/meminfo. UINT64_MAX when that cannot be read
 * (no /proc): then only the attempt itself can tell.
 */
uint64_t machine_memory_available_kib(void);

/*
 * KiB of free swap; 0 where some of it is zram (/proc/swaps), which is memory itself, compressed: what Argon2
 * fills memory with cannot be.
 */
uint64_t machine_disk_swap_kib(void);

/* Is there free swap, and some that is not zram? */
bool machine_swaps_to_disk(void);

/* All of its memory in KiB; UINT64_MAX when that cannot be read. */
uint64_t machine_memory_total_kib(void);

/* Processors that this process may run on, at least 1. */
unsigned machine_processors(void);

#endif
