/* SPDX-License-Identifier: MIT */
/* plymouth - see plymouth.h. The protocol: plymouth's ply-boot-protocol.h. */
#include "boot/plymouth.h"
#include "base/text.h"
#include "boot/consoles.h"
#include "secret/vault.h"
#include "secret/wipe.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PASSWORD = '*', ARGUMENT = 2, ANSWER = 2, ANSWER_HEAD_BYTES = 5, RETRY_MS = 1000 };

static struct {
	int fd; /* 0: no question is open */
	pid_t pid;
	size_t used;      /* of the answer */
	uint64_t next_ms; /* not before */
} splash;

static uint8_t *answer(void)
{
	return vault_line(VAULT_LINES - 2);
}

void plymouth_close(void)
{
	if (!splash.fd)
		return;
	close(splash.fd);
	wipe(answer(), splash.used);
	splash.fd = 0;
	splash.pid = 0;
	splash.used = 0;
}

/* Any user's process can take an abstract name before plymouthd does: only root's may see an answer. */
static bool is_roots(int fd)
{
	struct ucred peer = {.uid = 1};
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.uid)
		return false;
	splash.pid = peer.pid;
	return true;
}

void plymouth_ask(const char *before, const char *prompt, uint64_t now_ms)
{
	static const char name[] = "\0/org/freedesktop/plymouthd";
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	char ask[3 + UINT8_MAX];
	size_t len;

	if (splash.fd || now_ms < splash.next_ms)
		return;
	splash.next_ms = now_ms + RETRY_MS;
	memcpy(to.sun_path, name, sizeof(name) - 1);
	splash.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (splash.fd <= 0) {
		splash.fd = 0;
		return;
	}
	/* The length has the NUL in it. */
	len = text_format(ask + 3, sizeof(ask) - 3, "%s%s", before, prompt) + 1;
	ask[0] = PASSWORD;
	ask[1] = ARGUMENT;
	ask[2] = (char)len;
	if (connect(splash.fd, (struct sockaddr *)&to,
		    offsetof(struct sockaddr_un, sun_path) + sizeof(name) - 1) ||
		!is_roots(splash.fd) || send(splash.fd, ask, 3 + len, MSG_NOSIGNAL) != (ssize_t)(3 + len))
		plymouth_close();
}

int plymouth_fd(void)
{
	return splash.fd ? splash.fd : -1;
}

pid_t plymouth_pid(void)
{
	return splash.pid;
}

/* Has an answer arrived, of *len bytes? *over: none will. */
static bool judge(size_t *len, bool *over)
{
	const uint8_t *a = answer();

	/* No answer: escape was pressed, or the theme cannot ask. */
	*over = splash.used && a[0] != ANSWER;
	if (*over || splash.used < ANSWER_HEAD_BYTES)
		return false;
	*len = a[1] | (uint32_t)a[2] << 8 | (uint32_t)a[3] << 16 | (uint32_t)a[4] << 24;
	*over = *len > CONSOLES_PASSPHRASE_MAX_BYTES;
	if (*over)
		consoles_say("splash screen: a passphrase has at most 512 bytes");
	return !*over && splash.used >= ANSWER_HEAD_BYTES + *len;
}

bool plymouth_take(const uint8_t **line, size_t *len)
{
	ssize_t n = read(splash.fd, answer() + splash.used, VAULT_LINE_BYTES - splash.used);
	bool over, there;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	splash.used += n > 0 ? (size_t)n : 0;
	there = judge(len, &over);
	*line = answer() + ANSWER_HEAD_BYTES;
	splash.next_ms = there ? 0 : splash.next_ms;
	if (over || n <= 0)
		plymouth_close();
	return there;
}
