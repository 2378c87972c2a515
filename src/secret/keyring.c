/* SPDX-License-Identifier: MIT */
/* keyring - see keyring.h. */
#include "secret/keyring.h"
#include "secret/arena.h"
#include <errno.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { KEY_MAX_BYTES = 32767 }; /* of the type "user" */

/*
 * Without the last argument no program is run to make the key. A session of its own may not reach the user's
 * keyring.
 */
static long find(const char *description)
{
	long key = syscall(SYS_request_key, "user", description, NULL, 0);

	return key >= 0 ? key
	                : syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", description, 0);
}

bool keyring_has(const char *description)
{
	return find(description) >= 0;
}

size_t keyring_copy(const char *description, uint8_t *buf, size_t size)
{
	long key = find(description);
	long n = key < 0 ? -1 : syscall(SYS_keyctl, KEYCTL_READ, key, buf, size);

	return n > 0 && (size_t)n <= size ? (size_t)n : 0;
}

enum cause keyring_read(const char *description, struct secret *out, struct error *err)
{
	size_t mark = arena_mark();
	enum cause cause = arena_get(&out->data, KEY_MAX_BYTES, err);

	if (cause)
		return cause;
	out->len = keyring_copy(description, out->data, KEY_MAX_BYTES);
	if (out->len) {
		arena_trim(out->data, out->len, out->len);
		return CAUSE_OK;
	}
	arena_release(mark);
	return error_set(err, CAUSE_USAGE, "the kernel's keyring has no key \"%s\"", description);
}

bool keyring_add(const char *description, const uint8_t *data, size_t len, unsigned seconds)
{
	long key = syscall(SYS_add_key, "user", description, data, len, KEY_SPEC_USER_KEYRING);

	if (key < 0)
		return false;
	if (!syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, key, seconds))
		return true;
	(void)syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING); /* not longer than needed */
	return false;
}
