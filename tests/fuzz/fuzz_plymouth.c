/* SPDX-License-Identifier: MIT */
/* The answer of the splash screen, in pieces: a byte of length, then so many bytes; 0 is an interruption. */
#include "fuzz.h"
#include <sys/types.h>

static ssize_t fuzz_read(void *to, size_t room);
static uint8_t *fuzz_line(void);
#include "boot/consoles.h"
#include "secret/vault.h"
#include <unistd.h>
#define read(fd, to, room) fuzz_read(to, room)
#define vault_line(i) fuzz_line()
#define close(fd) (void)(fd)
#define consoles_say(text) (void)(text)
#include "../../src/boot/plymouth.c"

static struct fuzz_input pieces;
static uint8_t *line_memory;

static uint8_t *fuzz_line(void)
{
	return line_memory;
}

static ssize_t fuzz_read(void *to, size_t room)
{
	size_t len = fuzz_byte(&pieces);

	if (!len && pieces.size) {
		errno = EAGAIN;
		return -1;
	}
	len = len < room ? len : room;
	len = len < pieces.size ? len : pieces.size;
	if (len)
		memcpy(to, pieces.data, len);
	pieces.data += len;
	pieces.size -= len;
	return (ssize_t)len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line;
	size_t len;

	pieces = (struct fuzz_input){data, size};
	line_memory = calloc(1, VAULT_LINE_BYTES);
	splash.fd = 99;
	while (splash.fd && !plymouth_take(&line, &len))
		;
	if (splash.fd) {
		fuzz_check(len <= CONSOLES_PASSPHRASE_MAX_BYTES, "an answer too long");
		fuzz_check(line + len <= line_memory + splash.used, "an answer beyond what was read");
	}
	plymouth_close();
	for (size_t i = 0; i < VAULT_LINE_BYTES; i += 128)
		fuzz_check(!line_memory[i] && !line_memory[i + 127], "the answer is still there");
	free(line_memory);
	return 0;
}
