/* SPDX-License-Identifier: MIT */
/* fifo - see fifo.h. */
#include "boot/fifo.h"
#include "boot/consoles.h"
#include "secret/vault.h"
#include "secret/wipe.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIPE_BYTES = 65536 };

static struct {
	const char *path; /* NULL: none is open */
	int fd;
	bool ours;
} fifo;

void fifo_open(const char *path)
{
	struct stat st;

	fifo.ours = !mkfifo(path, 0600);
	/* For writing, too: otherwise it ends when the first writer closes it. */
	fifo.fd = open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fifo.fd >= 0 && !fstat(fifo.fd, &st) && S_ISFIFO(st.st_mode)) {
		fifo.path = path;
		return;
	}
	consoles_say("%s: cannot be opened as a FIFO", path);
	if (fifo.fd >= 0)
		close(fifo.fd);
}

void fifo_open_input(void)
{
	fifo.path = "standard input";
	fifo.fd = STDIN_FILENO;
	fifo.ours = false;
}

int fifo_fd(void)
{
	return fifo.path ? fifo.fd : -1;
}

/* Up to a newline, or as much as there is: programs write a passphrase without one, too. */
bool fifo_take(const uint8_t **line, size_t *len)
{
	uint8_t *text = vault_line(VAULT_LINES - 1);
	unsigned i = 0;
	ssize_t n;

	*line = text;
	*len = 0;
	/* What is too long is read to its end, so that its rest is not taken for a passphrase. */
	while ((n = read(fifo.fd, text + *len, 1)) == 1 && text[*len] != '\n' && ++i < PIPE_BYTES)
		*len += *len <= CONSOLES_PASSPHRASE_MAX_BYTES;
	/* Its end, or what cannot be read, such as a folder as standard input. */
	if (!*len && (!n || (n < 0 && errno != EAGAIN)))
		fifo_close();
	if (*len > CONSOLES_PASSPHRASE_MAX_BYTES)
		consoles_say("%s: a passphrase has at most 512 bytes", fifo.path);
	return (*len || n == 1) && *len <= CONSOLES_PASSPHRASE_MAX_BYTES;
}

void fifo_wipe(void)
{
	wipe(vault_line(VAULT_LINES - 1), VAULT_LINE_BYTES);
}

void fifo_close(void)
{
	if (!fifo.path)
		return;
	close(fifo.fd);
	if (fifo.ours)
		(void)unlink(fifo.path);
	fifo.path = NULL;
}
