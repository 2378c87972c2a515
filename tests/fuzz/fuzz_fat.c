/* SPDX-License-Identifier: MIT */
/* Any FAT filesystem to its files: some names, each looked for and read. */
#include "device/fat.h"
#include "fuzz_pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"KEY.BIN", "latchkey/a long name.key", "d/d/d", "d", "..", "x/"};
	struct fuzz_input in = {data, size};
	struct reader r = pieces_put(in, false);
	static uint8_t buf[70000];
	struct fat fat;
	char label[12];

	if (fat_open(&r, &fat)) {
		(void)fat_root_label(&fat, label);
		for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
			struct fat_file file;
			struct error err = {.text = ""};
			enum cause cause;

			pieces_reads = 0;
			cause = fat_find(&fat, names[i], &file, &err);
			fuzz_check(!cause || err.text[0], "a cause without a sentence");
			if (cause || file.is_directory || file.size_bytes > sizeof(buf))
				continue;
			pieces_reads = 0;
			cause = fat_read(&fat, &file, buf, file.size_bytes, &err);
			fuzz_check(cause || !file.left, "some of a file is left");
		}
	}
	(void)pieces_put(in, true);
	return 0;
}
