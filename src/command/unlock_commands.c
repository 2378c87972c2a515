/* SPDX-License-Identifier: MIT */
/* unlock_commands - open, test and close. */
#include "base/text.h"
#include "command/command.h"
#include "dm/map.h"

enum cause command_open(const struct options *o, struct error *err)
{
	struct wishes w = o->wishes;

	w.device = o->args[0];
	w.name = o->args[1];
	return unlock_open(&w, err);
}

enum cause command_test(const struct options *o, struct error *err)
{
	struct wishes w = o->wishes;
	unsigned keyslot;
	enum cause cause;

	w.device = o->args[0];
	w.without_data = true;
	cause = unlock_test(&w, &keyslot, err);
	if (!cause)
		text_print(1, "keyslot %u\n", keyslot);
	return cause;
}

enum cause command_close(const struct options *o, struct error *err)
{
	struct kernel k;
	enum cause cause = kernel_open(&k, err);

	if (cause)
		return cause;
	cause = map_remove(&k, o->args[0], err);
	kernel_close(&k);
	return cause;
}
