/* SPDX-License-Identifier: MIT */
/* command - one function a verb. Results go to standard output, nothing else does. */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include "command/options.h"

enum cause command_open(const struct options *o, struct error *err) MUST_USE;
enum cause command_test(const struct options *o, struct error *err) MUST_USE;
/* Fails: CAUSE_USAGE (a file of the configuration cannot be read), and what boot_run fails with. */
enum cause command_boot(const struct options *o, struct error *err) MUST_USE;
/* The same without --show and --test. */
enum cause command_image_boot(const struct options *o, struct error *err) MUST_USE;
enum cause command_close(const struct options *o, struct error *err) MUST_USE;
enum cause command_dump(const struct options *o, struct error *err) MUST_USE;

/*
 * Of the machine, or with args[0] of each of its keyslots.
 * Fails: CAUSE_RESOURCE, and what header_load fails with.
 */
enum cause command_benchmark(const struct options *o, struct error *err) MUST_USE;

/* Prints a line for each thing that was looked at. Fails: CAUSE_DAMAGED, and what reading fails with. */
enum cause command_check(const struct options *o, struct error *err) MUST_USE;

/* args[1] is the file that is made. Fails: CAUSE_EXISTS, CAUSE_DEVICE, and what header_load fails with. */
enum cause command_backup(const struct options *o, struct error *err) MUST_USE;

#endif
