/* SPDX-License-Identifier: MIT */
/* unlock_commands - open, test and close. */
#include "base/text.h"
#include "command/command.h"
#include "dm/map.h"

enum cause command_open(const struct options *o, struct error *err)
{
	struct unlock_request r = o->request;

	r.device = o->args[0];
	r.name = o->args[1];
	r.beside_recovery = r.read_only;
	return unlock_open(&r, NULL, err);
}

static void print_json(const struct unlock_tested *tested, bool with_id)
{
	text_print(1, "{\"keyslot\": %u", tested->keyslot);
	text_print_member(1, ", ", "volume_key_id", with_id ? tested->volume_key_id : NULL);
	text_print(1, "}\n");
}

enum cause command_test(const struct options *o, struct error *err)
{
	struct unlock_request r = o->request;
	struct unlock_tested tested;
	enum cause cause;

	r.device = o->args[0];
	r.name = o->args[1];
	r.without_data = true;
	cause = unlock_test(&r, NULL, &tested, err);
	if (!cause && o->json)
		print_json(&tested, o->print_volume_key_id);
	else if (!cause && o->print_volume_key_id)
		text_print(1, "%s\n", tested.volume_key_id);
	else if (!cause)
		text_print(1, "keyslot %u\n", tested.keyslot);
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
