/* SPDX-License-Identifier: MIT */
/* load - see load.h. */
#include "command/load.h"

enum cause command_load(const struct options *o, struct luks_device *d, struct error *err)
{
	const char *header = o->request.header;
	enum cause cause = luks_device_open(d, o->args[0], err);

	if (!cause)
		cause = luks_device_open_header(d, header, err);
	else if (header)
		cause = luks_device_open(d, header, err);
	if (!cause)
		cause = luks_device_load(d, err);
	if (cause)
		luks_device_close(d);
	return cause;
}
