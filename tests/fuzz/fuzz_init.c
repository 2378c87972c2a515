/* SPDX-License-Identifier: MIT */
/* A kernel command line as init reads it, and mount options, up to the first NUL. */
#include "fuzz.h"

#include "init/cmdline.c" /* init's modules are in no library */

static void check_inside(const char *text, const char *line, size_t size)
{
	fuzz_check(!text || (text >= line && text < line + size &&
				    memchr(text, 0, (size_t)(line + size - text))),
		"a text from nowhere, or without an end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	unsigned long flags = MS_RDONLY;
	size_t room = fuzz_byte(&in) + 1u;
	char *options = malloc(in.size + 1), *line = malloc(in.size + 1), *out = malloc(room);
	unsigned major = 0, minor = 0;
	struct init_cmdline w;

	fuzz_text(&in, options, in.size + 1);
	size = in.size;
	memcpy(line, in.data, size);
	line[size] = 0;
	init_cmdline_parse(&w, line);
	check_inside(w.root, line, size + 1);
	check_inside(w.rootfstype, line, size + 1);
	check_inside(w.rootflags, line, size + 1);
	check_inside(w.init, line, size + 1);
	check_inside(w.bad_panic, line, size + 1);
	fuzz_check((!w.root || *w.root) && (!w.init || *w.init), "an empty text that was not left out");
	if (w.root && init_cmdline_device_number(w.root, &major, &minor))
		fuzz_check(*w.root != '/', "a path that is taken for a number");
	if (init_cmdline_mount_options(options, &flags, out, room)) {
		fuzz_check(memchr(out, 0, room) != NULL, "options without an end");
		fuzz_check(strlen(out) <= strlen(options), "more options than there were");
		fuzz_check(!*out || (*out != ',' && out[strlen(out) - 1] != ','), "an option without a text");
	}
	free(options);
	free(line);
	free(out);
	return 0;
}
