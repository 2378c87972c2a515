/* SPDX-License-Identifier: MIT */
/* argv to a request: byte 0 is the command, then arguments, each up to a NUL. */
#include "command/options.h"
#include "fuzz.h"

enum { ARGS_MAX = 8, ARG_ROOM = 400 };

static bool is_one_of(const char *text, char *const *argv, int argc)
{
	for (int i = 0; i < argc; i++)
		if (text >= argv[i] && text <= argv[i] + strlen(argv[i]))
			return true;
	return false;
}

static void check_accepted(const struct options *o, char *const *argv, int argc)
{
	const struct unlock_request *w = &o->request;

	fuzz_check(w->keyslot >= -1 && w->keyslot <= 31, "a keyslot out of range");
	fuzz_check(w->tries <= 1000000 && w->timeout_s <= 1000000, "tries or seconds out of range");
	fuzz_check(w->limits.lanes <= 0xffffff, "lanes out of range");
	fuzz_check(w->keyfile_offset_bytes <= INT64_MAX && w->keyfile_size_bytes <= 8 << 20,
		"a key file out of range");
	fuzz_check(!w->key_file || (is_one_of(w->key_file, argv, argc) && *w->key_file),
		"a text from nowhere, or empty");
	fuzz_check(!w->header || (is_one_of(w->header, argv, argc) && *w->header),
		"a text from nowhere, or empty");
	fuzz_check(o->arg_count <= 2, "too many arguments");
	for (unsigned i = 0; i < o->arg_count; i++)
		fuzz_check(is_one_of(o->args[i], argv, argc), "an argument from nowhere");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	enum command command = (enum command)(1u << fuzz_byte(&in) % 6);
	char *argv[ARGS_MAX + 1] = {0}, arg[ARG_ROOM];
	struct options o;
	struct error err = {.text = ""};
	enum cause cause;
	int argc = 0;

	while (in.size && argc < ARGS_MAX) {
		fuzz_text(&in, arg, sizeof(arg));
		argv[argc++] = strdup(arg);
	}
	cause = options_parse(command, argc, argv, &o, &err);
	if (cause) {
		fuzz_check(cause == CAUSE_USAGE && err.text[0], "another cause than usage, or no sentence");
		fuzz_check_printable(err.text);
	} else {
		check_accepted(&o, argv, argc);
	}
	while (argc)
		free(argv[--argc]);
	return 0;
}
