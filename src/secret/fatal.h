/* SPDX-License-Identifier: MIT */
/*
 * fatal - what happens to secrets when a signal ends the process.
 *
 * One handler wipes every memory that is registered here, restores the terminals, ends a token program, wipes
 * the stacks and dies by the same signal. It only makes system calls and writes memory.
 * SIGKILL cannot be handled.
 */
#ifndef SECRET_FATAL_H
#define SECRET_FATAL_H

#include <stddef.h>

/* Memory of this process. */
enum fatal_memory { FATAL_ARENA, FATAL_MATRIX, FATAL_MEMORIES };

/* What is more than one piece of memory. */
enum fatal_step { FATAL_VAULT, FATAL_TERMINALS, FATAL_TOKEN, FATAL_STEPS };

enum { FATAL_THREADS_MAX = 64 };

/*
 * Handle each signal that would end the process, and whose action is the default one. Call again in a child,
 * which has no threads yet.
 */
void fatal_install(void);

/* @bytes at @p have to be wiped; NULL and 0: nothing any more. Replaces what was registered as @which. */
void fatal_wipes(enum fatal_memory which, void *p, size_t bytes);

/* @step has to be called after the memories were wiped; async-signal-safe. NULL: nothing any more. */
void fatal_calls(enum fatal_step which, void (*step)(void));

/*
 * In thread @n (from 0; the process's first one is not counted), first of all: its stack has to be wiped.
 * fatal_threads_end: all of them have ended and their stacks were wiped.
 */
void fatal_thread_begin(unsigned n, void *stack, size_t bytes);
void fatal_threads_end(void);

#endif
