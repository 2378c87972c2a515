/* SPDX-License-Identifier: MIT */
/* The output of a child, in pieces as fuzz_plymouth.c reads them, to lines. */
#include "fuzz.h"
#include <sys/types.h>

static ssize_t fuzz_read(void *to, size_t room);
static pid_t fuzz_waitpid(int *status);
#include <sys/wait.h>
#include <unistd.h>
#define read(fd, to, room) fuzz_read(to, room)
#define waitpid(pid, status, flags) fuzz_waitpid(status)
#define close(fd) (void)(fd)
#include "../../src/boot/child.c"

static struct fuzz_input pieces;
static char *said;
static size_t said_len, heard_len;

static ssize_t fuzz_read(void *to, size_t room)
{
	size_t len = 2 * (size_t)fuzz_byte(&pieces);

	if (!len && pieces.size) {
		errno = EINTR;
		return -1;
	}
	len = len < room ? len : room;
	len = len < pieces.size ? len : pieces.size;
	if (len) {
		memcpy(to, pieces.data, len);
		memcpy(said + said_len, pieces.data, len);
	}
	said_len += len;
	pieces.data += len;
	pieces.size -= len;
	return (ssize_t)len;
}

/* Killed by the kernel, or not. */
static pid_t fuzz_waitpid(int *status)
{
	*status = said_len & 1 ? SIGKILL : 0;
	return 1;
}

/* Each line is what comes next in the output: up to a newline, or as much as there is room for. */
static void hear(void *context, const char *line)
{
	const char *next = said + heard_len, *end = memchr(next, '\n', said_len - heard_len);
	size_t len = end ? (size_t)(end - next) : said_len - heard_len,
	       room = sizeof((struct child){0}.line) - 1;

	fuzz_check(context == &pieces, "another context");
	len = len < room ? len : room;
	fuzz_check(strlen(line) == strnlen(next, len) && !memcmp(line, next, strlen(line)), "another line");
	heard_len += len + (end && len < room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct child_end end = {.percent = 0};
	struct child c = {.pid = 1, .fd = 99, .end = &end};

	pieces = (struct fuzz_input){data, size};
	said = malloc(size + 1);
	said_len = heard_len = 0;
	while (!child_listen(&c, hear, &pieces))
		fuzz_check(c.used < sizeof(c.line), "no room left");
	fuzz_check(heard_len == said_len, "output is lost");
	fuzz_check(!c.pid && c.fd == -1 && !c.used, "what ended is not forgotten");
	fuzz_check(!(said_len & 1) == !end.cause, "another end");
	free(said);
	return 0;
}
