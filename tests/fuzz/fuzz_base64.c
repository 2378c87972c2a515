/* SPDX-License-Identifier: MIT */
/* base64: what is accepted is exactly what an encoder writes, and fits the room. */
#include "format/base64.h"
#include "fuzz.h"

/* Another one than ours. */
static void encode(const uint8_t *in, size_t len, char *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned b1 = i + 1 < len ? in[i + 1] : 0, b2 = i + 2 < len ? in[i + 2] : 0;

		*out++ = alphabet[in[i] / 4];
		*out++ = alphabet[in[i] % 4 * 16 + b1 / 16];
		*out++ = i + 1 < len ? alphabet[b1 % 16 * 4 + b2 / 64] : '=';
		*out++ = i + 2 < len ? alphabet[b2 % 64] : '=';
	}
	*out = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	size_t room = fuzz_byte(&in) % 100, len = 12345;
	char *text = malloc(in.size + 1), *back = malloc(in.size + 8);
	uint8_t *out = malloc(room ? room : 1);

	if (text && back && out) {
		memcpy(text, in.data, in.size);
		text[in.size] = 0;
		if (base64_decode(text, out, room, &len)) {
			fuzz_check(len <= room, "more bytes than room");
			encode(out, len, back);
			fuzz_check(!strcmp(back, text), "two texts for one value");
		} else {
			fuzz_check(len == 12345, "a length of nothing");
		}
		/* and the other way round: what an encoder writes is accepted */
		len = in.size < room ? in.size : room;
		memcpy(out, in.data, len);
		free(back);
		back = malloc(len / 3 * 4 + 5);
		if (back) {
			size_t got = 0;

			encode(out, len, back);
			if (len) {
				char *ours = malloc(BASE64_CHARS(len)); /* exact memory */

				base64_encode(out, len, ours);
				fuzz_check(!memcmp(ours, back, BASE64_CHARS(len)), "two encoders differ");
				free(ours);
			}
			fuzz_check(base64_decode(back, out, room, &got) && got == len &&
					   !memcmp(out, in.data, len),
				"a value that does not come back");
		}
	}
	free(text);
	free(back);
	free(out);
	return 0;
}
