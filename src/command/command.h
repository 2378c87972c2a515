/* SPDX-License-Identifier: MIT */
/* command - one function a verb. Results go to standard output, nothing else does. */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include "command/options.h"

enum cause command_open(const struct options *o, struct error *err) MUST_USE;
enum cause command_test(const struct options *o, struct error *err) MUST_USE;
enum cause command_close(const struct options *o, struct error *err) MUST_USE;
enum cause command_dump(const struct options *o, struct error *err) MUST_USE;

#endif
